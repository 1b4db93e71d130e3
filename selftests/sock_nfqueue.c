// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that a program has held in NFQUEUE come back in that program's context,
 * with softirqs on, and not from the device: they are segments like others, while
 * timers and other CPUs send on the same sockets. A program that orders them anew, or
 * drops some, is a bad network and no more.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "lib/nl.h"
#include "lib/sock.h"
#include "lib/wire.h"
#include "kselftest_harness.h"

#define LONG_SECONDS	200
#define QUEUE		7
#define PAIRS		4
#define TEXT		60000
#define HELD		8

/* What becomes of the packets. */
enum manner { AT_ONCE, BACKWARDS, SOME_ARE_LOST, UNTIL_TOLD };

struct holder {
	struct nl nl;
	enum manner manner;
	bool stop;
	int err;
	long packets;
	uint32_t held[HELD];
	int n;
	uint8_t ip[200];	/* the last packet, from its IP header on, as far as it fits */
	int len;
	bool changed;		/* and is to go back so */
};

/* All packets of this wire that pass a hook ("input", "output") go to the queue. */
static int nft(const char *hook)
{
	FILE *pipe = popen("nft -f - 2> /dev/null", "we");

	if (!pipe)
		return -1;
	fprintf(pipe, "table ip %s { chain c { type filter hook %s priority 0;"
		" ip protocol %d queue num %d; }; }\n", hook, hook, sock_wire(), QUEUE);
	return pclose(pipe);
}

static void request(struct nl_request *r, int message, int flags)
{
	struct nfgenmsg head = { .nfgen_family = AF_UNSPEC, .res_id = htons(QUEUE) };

	nl_request(r, NFNL_SUBSYS_QUEUE << 8 | message, flags, &head, sizeof(head));
}

static int bind_queue(struct nl *nl)
{
	struct nfqnl_msg_config_cmd cmd = { .command = NFQNL_CFG_CMD_BIND, .pf = htons(AF_INET) };
	struct nfqnl_msg_config_params params = {
		.copy_range = htonl(sizeof(((struct holder *)0)->ip)),
		.copy_mode = NFQNL_COPY_PACKET,
	};
	struct nl_request r;
	int err = nl_open(nl, NETLINK_NETFILTER);

	if (err)
		return err;
	request(&r, NFQNL_MSG_CONFIG, NLM_F_ACK);
	nl_put(&r, NFQA_CFG_CMD, &cmd, sizeof(cmd));
	err = nl_talk(nl, &r, NULL, NULL);
	if (err)
		return err;
	request(&r, NFQNL_MSG_CONFIG, NLM_F_ACK);
	nl_put(&r, NFQA_CFG_PARAMS, &params, sizeof(params));
	return nl_talk(nl, &r, NULL, NULL);
}

static void verdict(struct holder *h, uint32_t id, int what)
{
	struct nfqnl_msg_verdict_hdr head = { .verdict = htonl(what), .id = htonl(id) };
	struct nl_request r;

	request(&r, NFQNL_MSG_VERDICT, 0);
	nl_put(&r, NFQA_VERDICT_HDR, &head, sizeof(head));
	if (h->changed)
		nl_put(&r, NFQA_PAYLOAD, h->ip, h->len);
	if (nl_send(&h->nl, &r))
		h->err = errno;
}

static void let_go(struct holder *h)
{
	while (h->n)
		verdict(h, h->held[--h->n], NF_ACCEPT);
}

static int packet(const struct nlmsghdr *nlh, void *data)
{
	const struct nfqnl_msg_packet_hdr *head;
	struct holder *h = data;
	struct nl_attrs attrs;

	nl_parse(&attrs, (char *)NLMSG_DATA(nlh) + sizeof(struct nfgenmsg),
		 NLMSG_PAYLOAD(nlh, sizeof(struct nfgenmsg)));
	head = nl_data(&attrs, NFQA_PACKET_HDR);
	if (!head)
		return -EPROTO;
	h->packets++;
	h->len = nl_has(&attrs, NFQA_PAYLOAD) ? nl_len(&attrs, NFQA_PAYLOAD) : 0;
	if (h->len > (int)sizeof(h->ip))
		return -EMSGSIZE;
	memcpy(h->ip, nl_data(&attrs, NFQA_PAYLOAD), h->len);
	if (h->manner == SOME_ARE_LOST && h->packets % 23 == 22)
		verdict(h, ntohl(head->packet_id), NF_DROP);
	else
		h->held[h->n++] = ntohl(head->packet_id);
	if (h->manner == UNTIL_TOLD ? h->n == HELD : h->manner != BACKWARDS || h->n == HELD)
		let_go(h);
	return 0;
}

static void *hold(void *arg)
{
	struct holder *h = arg;

	while (!__atomic_load_n(&h->stop, __ATOMIC_ACQUIRE) && !h->err) {
		/* When no more come, those that are held must go. */
		int err = nl_receive(&h->nl, packet, h);

		if (err == -EAGAIN)
			let_go(h);
		else if (err < 0)
			h->err = -err;
	}
	let_go(h);
	return NULL;
}

struct stream {
	int fd;
	bool sends;
	bool whole;
};

static void *run_stream(void *arg)
{
	struct stream *s = arg;
	char *text = malloc(TEXT), *got = malloc(TEXT);

	sock_pattern(text, TEXT, 3);
	if (s->sends)
		s->whole = !sock_write_all(s->fd, text, TEXT);
	else
		s->whole = !sock_read_all(s->fd, got, TEXT) && !memcmp(text, got, TEXT);
	free(text);
	free(got);
	return NULL;
}

SOCK_FIXTURE(nfqueue);

/* All pairs, each both ways at once, while the holder does as it likes. */
static const char *all_comes_through(struct holder *h)
{
	struct timeval patience = { .tv_usec = 20000 };
	struct stream stream[4 * PAIRS];
	struct sock_pair pair[PAIRS];
	pthread_t id[4 * PAIRS], holder;
	const char *wrong = NULL;
	int i;

	if (setsockopt(h->nl.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    pthread_create(&holder, NULL, hold, h))
		return "holder";
	for (i = 0; i < PAIRS; i++)
		if (sock_pair(&pair[i]))
			return "connect";
	for (i = 0; i < 4 * PAIRS; i++) {
		stream[i] = (struct stream){
			.fd = i & 1 ? pair[i / 4].client : pair[i / 4].server,
			.sends = !(i & 1) == !(i & 2),
		};
		if (pthread_create(&id[i], NULL, run_stream, &stream[i]))
			return "thread";
	}
	for (i = 0; i < 4 * PAIRS; i++) {
		pthread_join(id[i], NULL);
		if (!stream[i].whole)
			wrong = "text";
	}
	for (i = 0; i < PAIRS; i++) {
		close(pair[i].client);
		close(pair[i].server);
		close(pair[i].listener);
	}
	if (!sock_is_intree() && (!sock_wait_gauge(TCP_ESTABLISHED, 0) ||
				  !sock_wait_gauge(TCP_FIN_WAIT1, 0) ||
				  !sock_wait_gauge(TCP_LAST_ACK, 0)))
		wrong = "no end";
	__atomic_store_n(&h->stop, true, __ATOMIC_RELEASE);
	pthread_join(holder, NULL);
	return wrong;
}

#define MUST_COME_THROUGH(how)						\
	do {								\
		struct holder h = { .manner = how };			\
		const char *wrong;					\
									\
		if (nft("input") || nft("output"))			\
			SKIP(return, "no nft, or a kernel without NFQUEUE"); \
		ASSERT_EQ(0, bind_queue(&h.nl));			\
		wrong = all_comes_through(&h);				\
		EXPECT_EQ(NULL, wrong) TH_LOG("%s", wrong);		\
		EXPECT_EQ(0, h.err);					\
		/* Out and in, text and ACKs. */			\
		EXPECT_LT(10 * PAIRS, h.packets);			\
		nl_close(&h.nl);					\
	} while (0)

TEST_F_TIMEOUT(nfqueue, at_once, LONG_SECONDS)
{
	MUST_COME_THROUGH(AT_ONCE);
}

TEST_F_TIMEOUT(nfqueue, backwards, LONG_SECONDS)
{
	MUST_COME_THROUGH(BACKWARDS);
}

TEST_F_TIMEOUT(nfqueue, some_are_lost, LONG_SECONDS)
{
	MUST_COME_THROUGH(SOME_ARE_LOST);
}

/*
 * Text that is on its way to a socket when that goes finds none: it is answered with a
 * RST, whether the port is one of ours still or not.
 */
static void to_a_dead_socket(struct __test_metadata *_metadata, bool listener_too)
{
	struct linger abort = { .l_onoff = 1 };
	struct holder h = { .manner = UNTIL_TOLD };
	struct sock_pair pair;

	ASSERT_EQ(0, bind_queue(&h.nl));
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, nft("input"));
	ASSERT_EQ(1, send(pair.client, "x", 1, 0));
	while (h.n < 1)
		ASSERT_LE(0, nl_receive(&h.nl, packet, &h));
	ASSERT_EQ(0, setsockopt(pair.server, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort)));
	if (listener_too)
		close(pair.listener);
	close(pair.server);
	/* Its RST is held as well. */
	while (h.n < 2)
		ASSERT_LE(0, nl_receive(&h.nl, packet, &h));
	verdict(&h, h.held[0], NF_ACCEPT);
	verdict(&h, h.held[1], NF_DROP);
	while (h.n < 3)
		ASSERT_LE(0, nl_receive(&h.nl, packet, &h));
	verdict(&h, h.held[2], NF_ACCEPT);
	EXPECT_TRUE(sock_wait(pair.client, POLLHUP));
	EXPECT_EQ(-1, recv(pair.client, &abort, 1, 0));
	EXPECT_EQ(ECONNRESET, errno);
	EXPECT_EQ(0, h.err);
	close(pair.client);
	if (!listener_too)
		close(pair.listener);
	nl_close(&h.nl);
}

TEST_F(nfqueue, its_socket_is_gone)
{
	if (sock_is_intree())
		SKIP(return, "the in-tree TCP drops what was found a socket for");
	if (nft("output"))
		SKIP(return, "no nft, or a kernel without NFQUEUE");
	ASSERT_EQ(0, system("nft flush ruleset"));
	to_a_dead_socket(_metadata, false);
}

TEST_F(nfqueue, its_socket_and_port_are_gone)
{
	if (sock_is_intree())
		SKIP(return, "the in-tree TCP drops what was found a socket for");
	if (nft("output"))
		SKIP(return, "no nft, or a kernel without NFQUEUE");
	ASSERT_EQ(0, system("nft flush ruleset"));
	to_a_dead_socket(_metadata, true);
}

WIRE_FIXTURE(sent_past_us)

/*
 * NF_STOP: no rule behind the queue sees the packet any more, and we are one. Then it is
 * the in-tree TCP's, which has no such connection, and must not take ours for one.
 */
WIRE_TEST(sent_past_us, has_no_socket)
{
	struct holder h = { .manner = UNTIL_TOLD };
	struct wire_conn *c = &self->c;
	int i;

	if (sock_is_intree())
		SKIP(return, "it finds sockets behind all rules");
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	/* That what follows is known before it is routed. */
	SEND(c, "PA len 100");
	ASSERT_EQ(0, wire_read(c, 100));
	EXPECT(c, "A seq 1 ack 101");
	ASSERT_EQ(0, bind_queue(&h.nl));
	if (nft("input"))
		SKIP(return, "no nft, or a kernel without NFQUEUE");
	for (i = 0; i < HELD; i++) {
		SEND(c, "PA seq 101 len 100");
		while (!h.n)
			ASSERT_LE(0, nl_receive(&h.nl, packet, &h));
		verdict(&h, h.held[--h.n], NF_STOP);
		/* IP gives it to our handler of the other wire all the same. */
		if (c->w->proto != IPPROTO_TCP)
			break;
		EXPECT(c, "R seq 1");
		EXPECT_STATE(c, WS_ESTABLISHED);
		ASSERT_EQ(0, wire_read_none(c));
	}
	if (c->w->proto == IPPROTO_TCP) {
		SEND(c, "PA seq 101 len 100");
		while (!h.n)
			ASSERT_LE(0, nl_receive(&h.nl, packet, &h));
		verdict(&h, h.held[--h.n], NF_ACCEPT);
	}
	ASSERT_EQ(0, wire_read(c, 100));
	EXPECT(c, "A seq 1 ack 201");
	EXPECT_EQ(0, h.err);
	nl_close(&h.nl);
}

/* Two words over others, and two behind them so that the sum stays what it was. */
static void put_ports(uint8_t *to, const uint8_t *ports)
{
	uint16_t was[4], is[2];
	uint32_t sum;
	int i;

	memcpy(was, to, sizeof(was));
	memcpy(is, ports, sizeof(is));
	memcpy(to, is, sizeof(is));
	for (i = 0; i < 2; i++) {
		sum = was[i] + was[2 + i] + (uint16_t)~is[i];
		sum = (sum & 0xffff) + (sum >> 16);
		was[2 + i] = (sum & 0xffff) + (sum >> 16);
	}
	memcpy(to + 4, &was[2], 4);
}

/*
 * IP has checked the length of its header when the packet came. What a program writes
 * there later is not where our ports, or a source route, are looked for.
 */
WIRE_TEST(sent_past_us, header_of_another_length)
{
	struct holder h = { .manner = UNTIL_TOLD, .changed = true };
	struct wire_conn *c = &self->c;
	int words;

	if (sock_is_intree())
		SKIP(return, "it looks where IP says");
	ASSERT_EQ(0, bind_queue(&h.nl));
	ASSERT_EQ(0, wire_listen(c));
	if (nft("input"))
		SKIP(return, "no nft, or a kernel without NFQUEUE");
	for (words = 0; words < 16; words++) {
		if (words == 5)
			continue;
		SEND(c, "S seq 0 len 60");
		while (!h.n)
			ASSERT_LE(0, nl_receive(&h.nl, packet, &h));
		ASSERT_LE(100, h.len);
		h.ip[0] = 0x40 | words;
		/* Where ports would be looked for in the text, there they are. */
		if (words >= 10)
			put_ports(&h.ip[4 * words], &h.ip[20]);
		verdict(&h, h.held[--h.n], NF_ACCEPT);
		/* It is for nobody. */
		EXPECT(c, "RA ack 61 len 0");
	}
	h.changed = false;
	SEND(c, "S seq 0");
	while (!h.n)
		ASSERT_LE(0, nl_receive(&h.nl, packet, &h));
	verdict(&h, h.held[--h.n], NF_ACCEPT);
	EXPECT(c, "SA seq 0 ack 1");
	EXPECT_EQ(0, h.err);
	nl_close(&h.nl);
}

TEST_HARNESS_MAIN

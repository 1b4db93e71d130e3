// SPDX-License-Identifier: GPL-2.0
/*
 * ICMP errors about segments of the stack (RFC 9293 3.9.2.2): soft ones never
 * end a connection and can be seen, hard ones end a handshake, and what does
 * not quote a segment on its way is ignored (RFC 5927).
 */
#include <errno.h>
#include <time.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "kselftest_harness.h"
#include "lib/stuck.h"
#include "lib/wire.h"

#define ICMP(c, ...) \
	ASSERT_EQ(0, wire_send_icmp(c, &(struct wire_icmp){ __VA_ARGS__ }))

/* Cases in which the RFC asks for something else than the in-tree TCP does. */
#define OURS_ONLY(self)							\
	do {								\
		if ((self)->w.family != WIRE_AF_TCPSTATE)		\
			SKIP(return, "the in-tree TCP does otherwise");	\
	} while (0)

/* What SO_ERROR shows, and takes away: an error, or else what is kept for a timeout. */
static int so_error(struct wire_conn *c)
{
	socklen_t size = sizeof(int);
	int err = -1;

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &size);
	return err;
}

/* Does the next call fail? */
static bool disturbed(struct wire_conn *c)
{
	struct pollfd pfd = { .fd = c->fd };

	return poll(&pfd, 1, 0) != 0;
}

/* ---- Errors that end a handshake ---- */

struct hard {
	int type, code, err;
};

static const struct hard hard[] = {
	{ 3, 2, ENOPROTOOPT }, { 3, 3, ECONNREFUSED }, { 3, 6, ENETUNREACH },
	{ 3, 7, EHOSTDOWN }, { 3, 8, ENONET }, { 3, 9, ENETUNREACH },
	{ 3, 10, EHOSTUNREACH }, { 3, 13, EHOSTUNREACH }, { 3, 14, EHOSTUNREACH },
	{ 3, 15, EHOSTUNREACH },
};

WIRE_FIXTURE(hard)

FIXTURE_VARIANT(hard)
{
	int n;
};

#define HARD(i) FIXTURE_VARIANT_ADD(hard, n##i) { .n = i }
HARD(0);
HARD(1);
HARD(2);
HARD(3);
HARD(4);
HARD(5);
HARD(6);
HARD(7);
HARD(8);
HARD(9);

WIRE_TEST(hard, syn_sent)
{
	const struct hard *h = &hard[variant->n];
	struct wire_conn *c = &self->c;

	ENTER(c, WS_SYN_SENT, true);
	ICMP(c, .type = h->type, .code = h->code);
	ASSERT_EQ(0, wire_wait_error(c, h->err));
	ASSERT_EQ(0, so_error(c));
	EXPECT_GONE(c);
}

WIRE_TEST(hard, syn_recv_of_a_simultaneous_open)
{
	const struct hard *h = &hard[variant->n];
	struct wire_conn *c = &self->c;

	ENTER(c, WS_SYN_RECV, true);
	ICMP(c, .type = h->type, .code = h->code);
	ASSERT_EQ(0, wire_wait_error(c, h->err));
	ASSERT_EQ(0, so_error(c));
	EXPECT_GONE(c);
}

WIRE_TEST(hard, syn_recv_of_a_child)
{
	const struct hard *h = &hard[variant->n];
	struct wire_conn *c = &self->c;

	/* In-tree a half-open child hears of soft errors alone. */
	OURS_ONLY(self);
	ENTER(c, WS_SYN_RECV, false);
	ICMP(c, .type = h->type, .code = h->code);
	EXPECT_GONE(c);
	/* The listener knows nothing of it, and listens on. */
	c->fd = -1;
	wire_conn_reuse(c, 5000000);
	c->pport++;
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
}

static const int standing[] = {
	WS_ESTABLISHED, WS_FIN_WAIT1, WS_CLOSE_WAIT, WS_LAST_ACK, WS_CLOSING,
};

WIRE_TEST(hard, a_connection_stands)
{
	const struct hard *h = &hard[variant->n];
	struct wire_conn *c = &self->c;
	int state = standing[variant->n % 5];
	bool fin = state != WS_ESTABLISHED && state != WS_CLOSE_WAIT;

	/* RFC 5927 5.2: a hard error is a soft one here. */
	ENTER(c, state, false);
	if (!fin) {
		ASSERT_EQ(0, wire_write(c, 100));
		EXPECT(c, "A seq 1 len 100");
	}
	ICMP(c, .type = h->type, .code = h->code, .seq = 1);
	EXPECT_NOTHING(c);
	ASSERT_EQ(state, wire_state(c));
	ASSERT_FALSE(disturbed(c) && state != WS_LAST_ACK && state != WS_CLOSING);
	ASSERT_EQ(h->err, so_error(c));
	/* And it goes on. */
	SEND(c, "A ack %d", fin ? 2 : 101);
	if (state == WS_ESTABLISHED) {
		SEND(c, "A len 5");
		ASSERT_EQ(0, wire_read(c, 5));
	}
}

/* ---- Errors that never end anything ---- */

static const struct hard soft[] = {
	{ 3, 0, ENETUNREACH }, { 3, 1, EHOSTUNREACH }, { 3, 5, EOPNOTSUPP },
	{ 3, 11, ENETUNREACH }, { 3, 12, EHOSTUNREACH }, { 11, 0, EHOSTUNREACH },
	{ 12, 0, EPROTO },
};

WIRE_FIXTURE(soft)

FIXTURE_VARIANT(soft)
{
	int n;
};

#define SOFT(i) FIXTURE_VARIANT_ADD(soft, n##i) { .n = i }
SOFT(0);
SOFT(1);
SOFT(2);
SOFT(3);
SOFT(4);
SOFT(5);
SOFT(6);

/* MUST-56 */
WIRE_TEST(soft, syn_sent)
{
	const struct hard *s = &soft[variant->n];
	struct wire_conn *c = &self->c;

	OURS_ONLY(self);
	ENTER(c, WS_SYN_SENT, true);
	ICMP(c, .type = s->type, .code = s->code);
	EXPECT_NOTHING(c);
	ASSERT_EQ(WS_SYN_SENT, wire_state(c));
	ASSERT_FALSE(disturbed(c));
	SEND(c, "SA seq 0 ack 1");
	c->snd_nxt = c->iss + 1;
	EXPECT(c, "A seq 1 ack 1");
	ASSERT_EQ(0, wire_connected(c));
}

WIRE_TEST(soft, told_when_the_open_times_out)
{
	const struct hard *s = &soft[variant->n];
	struct wire_conn *c = &self->c;

	OURS_ONLY(self);
	ASSERT_EQ(0, wire_open(c));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_USER_TIMEOUT, 500));
	ENTER(c, WS_SYN_SENT, true);
	ICMP(c, .type = s->type, .code = s->code);
	ASSERT_EQ(0, wire_wait_error(c, s->err));
}

WIRE_TEST(soft, syn_recv_of_a_child)
{
	const struct hard *s = &soft[variant->n];
	struct wire_conn *c = &self->c;

	OURS_ONLY(self);
	ENTER(c, WS_SYN_RECV, false);
	ICMP(c, .type = s->type, .code = s->code);
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	EXPECT_STATE(c, WS_ESTABLISHED);
}

WIRE_TEST(soft, told_when_text_times_out)
{
	const struct hard *s = &soft[variant->n];
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_USER_TIMEOUT, 1000));
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 len 100");
	ICMP(c, .type = s->type, .code = s->code, .seq = 1);
	EXPECT_NOTHING(c);
	ASSERT_FALSE(disturbed(c));
	ASSERT_EQ(0, wire_wait_error(c, s->err));
}

WIRE_TEST(soft, forgotten_when_the_peer_answers)
{
	const struct hard *s = &soft[variant->n];
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_USER_TIMEOUT, 1000));
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 len 100");
	ICMP(c, .type = s->type, .code = s->code, .seq = 1);
	SEND(c, "A ack 101");
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 101 len 100");
	ASSERT_EQ(0, wire_wait_error(c, ETIMEDOUT));
}

/* MUST-47, SHLD-20, SHLD-25: who asks for it learns at once, and may go on. */
WIRE_TEST(soft, told_at_once_with_recverr)
{
	const struct hard *s = &soft[variant->n];
	struct wire_conn *c = &self->c;
	char byte;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_RECVERR, 1));
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 len 100");
	ICMP(c, .type = s->type, .code = s->code, .seq = 1);
	EXPECT_NOTHING(c);
	ASSERT_TRUE(disturbed(c));
	ASSERT_EQ(-1, recv(c->fd, &byte, 1, 0));
	ASSERT_EQ(s->err, errno);
	ASSERT_EQ(-1, recv(c->fd, &byte, 1, 0));
	ASSERT_EQ(EAGAIN, errno);
	ASSERT_EQ(0, so_error(c));
	ASSERT_EQ(WS_ESTABLISHED, wire_state(c));
	SEND(c, "A ack 101");
	/* Setting it back also empties the error queue. */
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_RECVERR, 0));
	ASSERT_FALSE(disturbed(c));
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 101 len 100");
	ICMP(c, .type = s->type, .code = s->code, .seq = 101);
	EXPECT_NOTHING(c);
	ASSERT_FALSE(disturbed(c));
	/* Who asks sees it also without (MUST-47). */
	ASSERT_EQ(s->err, so_error(c));
	ASSERT_EQ(0, so_error(c));
}

/* ---- While a user has the socket ---- */

WIRE_FIXTURE(busy)

/*
 * The user has the socket just then: nothing can be told at once, even to whom asks for
 * that, but what is known is kept, and the connection goes on.
 */
WIRE_TEST(busy, kept_for_a_timeout)
{
	struct wire_conn *c = &self->c;
	struct stuck_reader reader;
	int stuck;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_RECVERR, 1));
	SEND(c, "PA len 10");
	EXPECT(c, "A seq 1 ack 11 len 0");
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 len 100");
	stuck = stuck_begin(&reader, c->fd);
	if (stuck > 0)
		SKIP(return, "the kernel has no userfaultfd");
	ASSERT_EQ(0, stuck);
	ICMP(c, .type = 3, .code = 1, .seq = 1);
	EXPECT_NOTHING(c);
	if (self->w.family == WIRE_AF_TCPSTATE) {
		ASSERT_EQ(1, wire_stat(&self->w, "IcmpLockDropped"));
		ASSERT_EQ(0, wire_stat(&self->w, "IcmpSoft"));
	}
	ASSERT_EQ(0, stuck_end(&reader));
	ASSERT_FALSE(disturbed(c));
	ASSERT_EQ(EHOSTUNREACH, so_error(c));
	ASSERT_EQ(WS_ESTABLISHED, wire_state(c));
	SEND(c, "A ack 101");
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 101 len 100");
}

/* ---- The error queue ---- */

WIRE_FIXTURE(queue)

/* One message of the error queue; the quoted octets, or -1. */
static int take_error(struct wire_conn *c, struct sock_extended_err *ee,
		      struct sockaddr_in *offender, struct sockaddr_in *to, uint8_t *data, int size)
{
	struct iovec iov = { .iov_base = data, .iov_len = size };
	union { char buf[128]; struct cmsghdr align; } control;
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
		.msg_controllen = sizeof(control.buf), .msg_name = to,
		.msg_namelen = sizeof(*to),
	};
	int n = recvmsg(c->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	if (n < 0)
		return -1;
	if (!cmsg || cmsg->cmsg_level != IPPROTO_IP || cmsg->cmsg_type != IP_RECVERR ||
	    !(msg.msg_flags & MSG_ERRQUEUE))
		return -2;
	memcpy(ee, CMSG_DATA(cmsg), sizeof(*ee));
	memcpy(offender, CMSG_DATA(cmsg) + sizeof(*ee), sizeof(*offender));
	return n;
}

WIRE_TEST(queue, of_a_refused_open)
{
	struct sockaddr_in offender, to = {};
	struct wire_conn *c = &self->c;
	struct sock_extended_err ee;
	uint8_t data[64];

	/* As in-tree: what was said, by whom, about what. */
	ASSERT_EQ(0, wire_open(c));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_RECVERR, 1));
	ENTER(c, WS_SYN_SENT, true);
	ICMP(c, .type = 3, .code = 3);
	EXPECT_STATE(c, WS_CLOSE);
	ASSERT_EQ(8, take_error(c, &ee, &offender, &to, data, sizeof(data)));
	ASSERT_EQ(ECONNREFUSED, (int)ee.ee_errno);
	ASSERT_EQ(SO_EE_ORIGIN_ICMP, ee.ee_origin);
	ASSERT_EQ(3, ee.ee_type);
	ASSERT_EQ(3, ee.ee_code);
	ASSERT_EQ(AF_INET, offender.sin_family);
	ASSERT_EQ(WIRE_ROUTER, ntohl(offender.sin_addr.s_addr));
	ASSERT_EQ(AF_INET, to.sin_family);
	ASSERT_EQ(WIRE_PEER, ntohl(to.sin_addr.s_addr));
	ASSERT_EQ(WIRE_PPORT, ntohs(to.sin_port));
	/* The first 8 octets of our SYN. */
	ASSERT_EQ(c->sport, data[0] << 8 | data[1]);
	ASSERT_EQ(-1, take_error(c, &ee, &offender, &to, data, sizeof(data)));
	ASSERT_EQ(EAGAIN, errno);
}

WIRE_TEST(queue, of_an_open_that_goes_on)
{
	struct sockaddr_in offender, to = {};
	struct wire_conn *c = &self->c;
	struct sock_extended_err ee;
	uint8_t data[256];

	OURS_ONLY(self);
	ASSERT_EQ(0, wire_open(c));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_RECVERR, 1));
	ENTER(c, WS_SYN_SENT, true);
	ICMP(c, .type = 12, .code = 0, .info = 7u << 24, .quote = 200);
	EXPECT_NOTHING(c);
	ASSERT_EQ(128, take_error(c, &ee, &offender, &to, data, sizeof(data)));
	ASSERT_EQ(EPROTO, (int)ee.ee_errno);
	ASSERT_EQ(7, (int)ee.ee_info);
	ASSERT_FALSE(disturbed(c));
	ASSERT_EQ(WS_SYN_SENT, wire_state(c));
}

WIRE_TEST(queue, full_of_errors)
{
	struct sockaddr_in offender, to = {};
	struct wire_conn *c = &self->c;
	struct sock_extended_err ee;
	uint8_t data[64];
	int i;

	/* Nobody reads them: they must not eat memory without an end, nor text. */
	OURS_ONLY(self);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_set_int(c, SOL_SOCKET, SO_RCVBUF, 20000));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_RECVERR, 1));
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 len 100");
	for (i = 0; i < 1000; i++)
		ICMP(c, .type = 3, .code = 1, .seq = 1);
	for (i = 0; take_error(c, &ee, &offender, &to, data, sizeof(data)) >= 0; i++)
		ASSERT_EQ(EHOSTUNREACH, (int)ee.ee_errno);
	ASSERT_LT(0, i);
	ASSERT_GT(1000, i);
	SEND(c, "A ack 101 len 50");
	ASSERT_EQ(0, wire_read(c, 50));
}

WIRE_TEST(queue, trouble_after_r1)
{
	struct sockaddr_in offender, to = {};
	struct wire_conn *c = &self->c;
	struct sock_extended_err ee;
	uint8_t data[64];
	int i;

	/* SHLD-9 */
	OURS_ONLY(self);
	ASSERT_EQ(0, wire_sysctl(&self->w, "retries1", 2));
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_RECVERR, 1));
	c->strict = true;
	ASSERT_EQ(0, wire_write(c, 100));
	for (i = 0; i < 3; i++)
		EXPECT(c, "A seq 1 len 100");
	ASSERT_EQ(-1, take_error(c, &ee, &offender, &to, data, sizeof(data)));
	EXPECT(c, "A seq 1 len 100");
	ASSERT_EQ(0, take_error(c, &ee, &offender, &to, data, sizeof(data)));
	ASSERT_EQ(SO_EE_ORIGIN_LOCAL, ee.ee_origin);
	ASSERT_EQ(ETIMEDOUT, (int)ee.ee_errno);
	ASSERT_EQ(WS_ESTABLISHED, wire_state(c));
	EXPECT(c, "A seq 1 len 100");
	ASSERT_EQ(-1, take_error(c, &ee, &offender, &to, data, sizeof(data)));
}

/* ---- What must not be believed ---- */

WIRE_FIXTURE(refused)

/* A SYN is on its way; a hard error that were believed would end it. */
static int still_asks(struct wire_conn *c)
{
	return wire_expect_nothing(c) || wire_state(c) != WS_SYN_SENT || so_error(c);
}

WIRE_TEST(refused, source_quench)
{
	struct wire_conn *c = &self->c;
	int i, n;

	/* MUST-55 */
	c->rtt_ms = 300;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_RECVERR, 1));
	ASSERT_EQ(0, wire_write(c, 4000));
	n = wire_drain(c);
	ASSERT_EQ(4, n);
	for (i = 0; i < 5; i++)
		ICMP(c, .type = 4, .seq = 1);
	EXPECT_NOTHING(c);
	ASSERT_EQ(0, so_error(c));
	SEND(c, "A ack 4001");
	ASSERT_EQ(0, wire_write(c, 4000));
	ASSERT_EQ(4, wire_drain(c));
}

WIRE_TEST(refused, source_quench_of_a_child)
{
	struct wire_conn *c = &self->c;
	int i;

	ENTER(c, WS_SYN_RECV, false);
	for (i = 0; i < 5; i++)
		ICMP(c, .type = 4, .seq = 0);
	EXPECT_NOTHING(c);
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	EXPECT_STATE(c, WS_ESTABLISHED);
}

WIRE_TEST(refused, wrong_sequence)
{
	struct wire_conn *c = &self->c;

	/* RFC 5927 4.1: nothing with these numbers is on its way. */
	ENTER(c, WS_SYN_SENT, true);
	ICMP(c, .type = 3, .code = 3, .seq = -1);
	ICMP(c, .type = 3, .code = 3, .seq = 2);
	ICMP(c, .type = 3, .code = 3, .seq = 0x80000000);
	ASSERT_EQ(0, still_asks(c));
	ICMP(c, .type = 3, .code = 3, .seq = 0);
	ASSERT_EQ(0, wire_wait_error(c, ECONNREFUSED));
}

WIRE_TEST(refused, wrong_sequence_is_counted)
{
	struct wire_conn *c = &self->c;

	OURS_ONLY(self);
	ENTER(c, WS_SYN_SENT, true);
	ICMP(c, .type = 3, .code = 3, .seq = 1);
	ICMP(c, .type = 3, .code = 3, .seq = -1);
	ASSERT_EQ(0, still_asks(c));
	ASSERT_EQ(2, wire_stat(&self->w, "IcmpOutOfWindow"));
	ASSERT_EQ(0, wire_stat(&self->w, "IcmpHard"));
}

WIRE_TEST(refused, acknowledged_long_ago)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_RECVERR, 1));
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 len 100");
	SEND(c, "A ack 101");
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 101 len 100");
	ICMP(c, .type = 3, .code = 1, .seq = 1);
	ICMP(c, .type = 3, .code = 1, .seq = 100);
	ICMP(c, .type = 3, .code = 1, .seq = 202);
	EXPECT_NOTHING(c);
	ASSERT_EQ(0, so_error(c));
	ICMP(c, .type = 3, .code = 1, .seq = 200);
	EXPECT_NOTHING(c);
	ASSERT_EQ(EHOSTUNREACH, so_error(c));
}

WIRE_TEST(refused, wrong_checksum)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_SYN_SENT, true);
	ICMP(c, .type = 3, .code = 3, .badsum = true);
	ASSERT_EQ(0, still_asks(c));
	if (self->w.family == WIRE_AF_TCPSTATE && self->w.proto == IPPROTO_TCP)
		ASSERT_EQ(1, wire_stat(&self->w, "IcmpMalformed"));
}

WIRE_TEST(refused, cut_short)
{
	struct wire_conn *c = &self->c;
	int cut;

	/* From 7 octets of the segment down to half an ICMP header. */
	ENTER(c, WS_SYN_SENT, true);
	for (cut = 1; cut <= 32; cut++)
		ICMP(c, .type = 3, .code = 3, .cut = cut);
	ASSERT_EQ(0, still_asks(c));
}

WIRE_TEST(refused, header_longer_than_the_quote)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_SYN_SENT, true);
	ICMP(c, .type = 3, .code = 3, .ihl = 15, .cut = 8);
	ICMP(c, .type = 3, .code = 3, .ihl = 15, .cut = 40);
	ICMP(c, .type = 3, .code = 3, .ihl = 4);
	ICMP(c, .type = 3, .code = 3, .ihl = 1);
	ASSERT_EQ(0, still_asks(c));
	/* With options in it the quote is as good as any. */
	ICMP(c, .type = 3, .code = 3, .ihl = 15);
	ASSERT_EQ(0, wire_wait_error(c, ECONNREFUSED));
}

WIRE_TEST(refused, other_names)
{
	struct wire_conn *c = &self->c;
	struct wire_conn other = *c;

	ENTER(c, WS_SYN_SENT, true);
	ICMP(c, .type = 3, .code = 3, .sport = c->sport + 1);
	ICMP(c, .type = 3, .code = 3, .dport = c->pport + 1);
	ICMP(c, .type = 3, .code = 3, .proto = 17);
	ICMP(c, .type = 3, .code = 3, .proto = 1);
	other = *c;
	other.peer++;
	ICMP(&other, .type = 3, .code = 3);
	other = *c;
	other.local++;
	ICMP(&other, .type = 3, .code = 3);
	ASSERT_EQ(0, still_asks(c));
}

WIRE_TEST(refused, not_a_first_fragment)
{
	struct wire_conn *c = &self->c;

	/* What looks like ports and a number there is text. */
	OURS_ONLY(self);
	ENTER(c, WS_SYN_SENT, true);
	ICMP(c, .type = 3, .code = 3, .offset = 64);
	ASSERT_EQ(0, still_asks(c));
}

WIRE_TEST(refused, unknown_types_and_codes)
{
	static const int types[] = { 0, 1, 2, 4, 5, 6, 7, 9, 10, 14, 16, 18, 19, 40, 255 };
	struct wire_conn *c = &self->c;
	unsigned int i;

	ENTER(c, WS_SYN_SENT, true);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		ICMP(c, .type = types[i], .code = 3);
	ICMP(c, .type = 3, .code = 16);
	ICMP(c, .type = 3, .code = 19);
	ICMP(c, .type = 3, .code = 255);
	ASSERT_EQ(0, still_asks(c));
}

WIRE_TEST(refused, minimal_ttl)
{
	struct wire_conn *c = &self->c;

	/* RFC 5082: a quote that was seen too far away. */
	ASSERT_EQ(0, wire_open(c));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_MINTTL, 250));
	ENTER(c, WS_SYN_SENT, true);
	ICMP(c, .type = 3, .code = 3, .ttl = 249);
	ASSERT_EQ(0, still_asks(c));
	ICMP(c, .type = 3, .code = 3, .ttl = 250);
	ASSERT_EQ(0, wire_wait_error(c, ECONNREFUSED));
}

WIRE_TEST(refused, a_listener)
{
	struct wire_conn *c = &self->c;
	struct wire_conn zero;
	int i;

	ENTER(c, WS_LISTEN, false);
	zero = *c;
	zero.peer = 0;
	for (i = 0; i < 16; i++) {
		ICMP(c, .type = 3, .code = i, .info = 576);
		ICMP(&zero, .type = 3, .code = i, .info = 576);
	}
	EXPECT_STATE(c, WS_LISTEN);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
}

WIRE_TEST(refused, time_wait)
{
	struct wire_conn *c = &self->c;
	int i;

	ENTER(c, WS_TIME_WAIT, false);
	for (i = 0; i < 16; i++)
		ICMP(c, .type = 3, .code = i, .seq = 2, .info = 576, .total = 1500);
	ICMP(c, .type = 11, .seq = 2);
	EXPECT_NOTHING(c);
	EXPECT_STATE(c, WS_TIME_WAIT);
	/* It still answers. */
	SEND(c, "FA seq 1 ack 2");
	EXPECT(c, "A seq 2 ack 2");
}

WIRE_TEST(refused, fin_wait2)
{
	struct wire_conn *c = &self->c;
	int i;

	ENTER(c, WS_FIN_WAIT2, false);
	for (i = 0; i < 16; i++)
		ICMP(c, .type = 3, .code = i, .seq = 2, .info = 576, .total = 40);
	EXPECT_NOTHING(c);
	EXPECT_STATE(c, WS_FIN_WAIT2);
	SEND(c, "FA ack 2");
	EXPECT(c, "A seq 2 ack 2");
}

WIRE_TEST(refused, orphans)
{
	struct wire_conn *c = &self->c;
	int i;

	/* Without a socket there is nobody to tell, and nothing to lose. */
	ENTER(c, WS_CLOSE_WAIT, false);
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_RECVERR, 1));
	wire_close(c);
	EXPECT(c, "FA seq 1 ack 2 len 0");
	for (i = 0; i < 16; i++)
		ICMP(c, .type = 3, .code = i, .seq = 1, .info = 576);
	ICMP(c, .type = 11, .seq = 1);
	EXPECT_NOTHING(c);
	SEND(c, "A ack 2");
	EXPECT_GONE(c);
}

/* ---- Every type and code in every state, and noise ---- */

WIRE_FIXTURE(noise)

WIRE_TEST(noise, does_no_harm)
{
	static const int states[] = {
		WS_ESTABLISHED, WS_FIN_WAIT1, WS_FIN_WAIT2, WS_CLOSE_WAIT, WS_LAST_ACK,
		WS_CLOSING,
	};
	struct wire_conn *c = &self->c;
	unsigned int i, seed = 7;
	int n;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		wire_conn_init(c, &self->w);
		c->pport += i;
		ENTER(c, states[i], true);
		for (n = 0; n < 500; n++) {
			unsigned int r = seed = seed * 1103515245 + 12345;

			r >>= 8;
			ICMP(c, .type = r % 20, .code = r / 20 % 20, .info = r * 77, .seq = r % 4,
			     .total = r % 1600, .quote = 8 + r % 100, .cut = r % 7 ? 0 : r % 30,
			     .ihl = r % 5 ? 5 : r % 16, .badsum = !(r % 11));
		}
		ASSERT_EQ(states[i], wire_state(c));
		wire_abort(c);
	}
}

TEST_HARNESS_MAIN

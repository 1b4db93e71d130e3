// SPDX-License-Identifier: GPL-2.0
/*
 * The flight recorder: what a connection went through can be read while it
 * lives and after it died, by who may, in this namespace alone, and at the
 * cost that was asked for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/capability.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <linux/tcpstate.h>

#include "lib/nl.h"
#include "lib/sock.h"
#include "kselftest_harness.h"

/* Numbers of tcpstate_fsm.h. */
enum { EV_PASSIVE_OPEN, EV_ACTIVE_OPEN, EV_CLOSE, EV_ABORT, EV_RCV_SYN, EV_RCV_SYN_ACK,
	EV_RCV_ACK_OF_SYN, EV_RCV_ACK_OF_FIN, EV_RCV_FIN };

#define ALL	4096
#define FIN	0x01
#define SYN	0x02
#define ACK	0x10

FIXTURE(record) {
	struct nl nl;
	struct nl_record *rec;
};

FIXTURE_SETUP(record)
{
	if (sock_is_intree())
		SKIP(return, "of our own");
	ASSERT_EQ(0, sock_netns());
	ASSERT_EQ(0, nl_open_genl(&self->nl));
	self->rec = malloc(sizeof(*self->rec));
	ASSERT_NE(NULL, self->rec);
}

FIXTURE_TEARDOWN(record)
{
}

/* The states that a recorder tells, as a string of old and new: "7>2 2>1". */
static const char *path(const struct nl_record *rec)
{
	static char text[256];
	int i, len = 0;

	text[0] = '\0';
	for (i = 0; i < rec->n && len < 240; i++)
		if (rec->event[i].kind == TCPSTATE_RECORD_STATE)
			len += sprintf(text + len, "%s%d>%d", len ? " " : "",
				       rec->event[i].change.old, rec->event[i].change.new);
	return text;
}

static int count(const struct nl_record *rec, int kind)
{
	int i, n = 0;

	for (i = 0; i < rec->n; i++)
		n += rec->event[i].kind == kind;
	return n;
}

/* The nth entry of a kind, from 0. */
static const struct tcpstate_record_event *entry(const struct nl_record *rec, int kind, int nth)
{
	int i;

	for (i = 0; i < rec->n; i++)
		if (rec->event[i].kind == kind && !nth--)
			return &rec->event[i];
	return NULL;
}

static bool in_order(const struct nl_record *rec)
{
	int i;

	for (i = 1; i < rec->n; i++)
		if (rec->event[i].number != rec->event[i - 1].number + 1)
			return false;
	return true;
}

static bool is_dead(struct nl *nl, uint64_t cookie, struct nl_record *rec)
{
	return !nl_record(nl, cookie, rec) && rec->dead;
}

TEST_F(record, both_ends_of_a_life)
{
	struct nl_record *rec = self->rec;
	uint64_t client, server;
	struct sock_pair pair;
	char text[5];

	ASSERT_EQ(0, sock_sysctl("record", ALL));
	ASSERT_EQ(0, sock_sysctl("time_wait_ms", 50));
	ASSERT_EQ(0, sock_pair(&pair));
	client = nl_cookie(pair.client);
	server = nl_cookie(pair.server);
	ASSERT_EQ(5, write(pair.client, "hello", 5));
	ASSERT_EQ(5, read(pair.server, text, 5));

	ASSERT_EQ(0, nl_record(&self->nl, client, rec));
	EXPECT_STREQ("7>2 2>1", path(rec));
	EXPECT_FALSE(rec->dead);
	EXPECT_EQ(TCP_ESTABLISHED, rec->state);
	EXPECT_EQ(sock_wire(), rec->wire);
	EXPECT_EQ(sock_port(pair.client), rec->lport);
	EXPECT_EQ(sock_port(pair.server), rec->rport);
	EXPECT_EQ(getpid(), (int)rec->pid);
	EXPECT_EQ(0, rec->uid);
	EXPECT_EQ(ALL, rec->limit);

	close(pair.client);
	ASSERT_EQ(0, read(pair.server, text, 5));
	close(pair.server);
	ASSERT_TRUE(sock_until(is_dead(&self->nl, client, rec)));
	EXPECT_STREQ("7>2 2>1 1>4 4>5 5>6 6>7", path(rec));
	EXPECT_TRUE(in_order(rec));
	EXPECT_EQ(rec->next, rec->n);
	EXPECT_EQ(0, rec->event[0].number);
	/* The last of them by the mini. */
	EXPECT_EQ(1, entry(rec, TCPSTATE_RECORD_STATE, 5)->change.mini);
	ASSERT_TRUE(sock_until(is_dead(&self->nl, server, rec)));
	EXPECT_STREQ("10>3 3>1 1>8 8>9 9>7", path(rec));
	EXPECT_EQ(EV_RCV_SYN, entry(rec, TCPSTATE_RECORD_STATE, 0)->change.event);
	EXPECT_EQ(EV_CLOSE, entry(rec, TCPSTATE_RECORD_STATE, 3)->change.event);
}

TEST_F(record, segments_and_the_tcb)
{
	const struct tcpstate_record_event *syn, *synack, *text, *got;
	struct nl_record *rec = self->rec;
	struct sock_pair pair;
	char buffer[100];
	uint32_t iss;
	int i;

	ASSERT_EQ(0, sock_sysctl("record", ALL));
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(100, write(pair.client, buffer, 100));
	ASSERT_EQ(100, recv(pair.server, buffer, 100, MSG_WAITALL));
	ASSERT_EQ(0, nl_record(&self->nl, nl_cookie(pair.client), rec));
	syn = entry(rec, TCPSTATE_RECORD_SENT, 0);
	synack = entry(rec, TCPSTATE_RECORD_RECEIVED, 0);
	ASSERT_NE(NULL, syn);
	ASSERT_NE(NULL, synack);
	iss = syn->tcb.iss;
	EXPECT_EQ(SYN, syn->seg.flags);
	EXPECT_EQ(iss, syn->seg.seq);
	EXPECT_EQ(iss + 1, syn->tcb.snd_nxt);
	EXPECT_EQ(iss, syn->tcb.snd_una);
	EXPECT_EQ(TCP_SYN_SENT, syn->tcb.state);
	EXPECT_NE(0, syn->seg.mss);
	EXPECT_TRUE(syn->seg.options & TCPSTATE_OPT_WSCALE);
	EXPECT_TRUE(syn->seg.options & TCPSTATE_OPT_SACK_PERM);
	EXPECT_TRUE(syn->seg.options & TCPSTATE_OPT_TSTAMP);
	EXPECT_EQ(SYN | ACK, synack->seg.flags);
	EXPECT_EQ(iss + 1, synack->seg.ack);
	/* After all that it did. */
	EXPECT_EQ(TCP_ESTABLISHED, synack->tcb.state);
	EXPECT_EQ(iss + 1, synack->tcb.snd_una);
	EXPECT_EQ(synack->seg.seq, synack->tcb.irs);
	EXPECT_EQ(syn->seg.tsval, synack->seg.tsecr);
	for (i = 0; (text = entry(rec, TCPSTATE_RECORD_SENT, i)) && text->seg.len != 100; i++)
		;
	ASSERT_NE(NULL, text);
	EXPECT_EQ(iss + 1, text->seg.seq);
	EXPECT_EQ(iss + 101, text->tcb.snd_nxt);
	EXPECT_EQ(iss + 101, text->tcb.write_seq);
	/* The same segment at the other end. */
	ASSERT_EQ(0, nl_record(&self->nl, nl_cookie(pair.server), rec));
	for (i = 0; (got = entry(rec, TCPSTATE_RECORD_RECEIVED, i)) && got->seg.len != 100; i++)
		;
	ASSERT_NE(NULL, got);
	EXPECT_EQ(iss + 1, got->seg.seq);
	EXPECT_EQ(iss + 101, got->tcb.rcv_nxt);
	EXPECT_EQ(100, got->tcb.rcv_queue);
	EXPECT_EQ(iss, got->tcb.irs);
	EXPECT_NE(0, got->time);
}

TEST_F(record, the_last_k)
{
	struct nl_record *rec = self->rec;
	struct sock_pair pair;
	char byte;
	int i;

	ASSERT_EQ(0, sock_sysctl("record", 10));
	ASSERT_EQ(0, sock_pair(&pair));
	for (i = 0; i < 30; i++) {
		ASSERT_EQ(1, write(pair.client, "x", 1));
		ASSERT_EQ(1, read(pair.server, &byte, 1));
	}
	ASSERT_EQ(0, nl_record(&self->nl, nl_cookie(pair.server), rec));
	EXPECT_EQ(10, rec->limit);
	EXPECT_EQ(10, rec->n);
	EXPECT_LT(30, rec->next);
	EXPECT_EQ(rec->next - 1, rec->event[9].number);
	EXPECT_TRUE(in_order(rec));
	EXPECT_EQ(0, count(rec, TCPSTATE_RECORD_STATE));
}

TEST_F(record, a_whole_life_in_many_messages)
{
	struct nl_record *rec = self->rec;
	struct sock_pair pair;
	struct nl small;
	char byte;
	int i;

	ASSERT_EQ(0, sock_sysctl("record", ALL));
	ASSERT_EQ(0, sock_pair(&pair));
	for (i = 0; i < 300; i++) {
		ASSERT_EQ(1, write(pair.client, "x", 1));
		ASSERT_EQ(1, read(pair.server, &byte, 1));
	}
	/* The kernel makes messages for the largest buffer that a socket has ever read with. */
	ASSERT_EQ(0, nl_open(&small, NETLINK_GENERIC));
	small.family = self->nl.family;
	small.buffer = 8192;
	ASSERT_EQ(0, nl_record(&small, nl_cookie(pair.server), rec));
	EXPECT_EQ(rec->next, rec->n);
	EXPECT_LE(300, count(rec, TCPSTATE_RECORD_RECEIVED));
	EXPECT_LT(1, rec->messages);
	EXPECT_TRUE(in_order(rec));
}

TEST_F(record, off)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_sysctl("record", 0));
	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(-ENOENT, nl_record(&self->nl, nl_cookie(pair.client), self->rec));
	EXPECT_STREQ("no record of that socket or number", self->nl.extack);
	EXPECT_EQ(0, nl_count_records(&self->nl, TCPSTATE_LIFE_BOTH));
}

/* A user who makes namespaces must not raise what the kernel gives to each. */
TEST_F(record, memory_is_for_the_host_to_give)
{
	int status;
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
			_exit(1);
		if (open("/proc/sys/net/tcpstate/record_mem", O_WRONLY) >= 0 || errno != EACCES)
			_exit(2);
		_exit(open("/proc/sys/net/tcpstate/record", O_WRONLY) >= 0 ? 0 : 3);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(record, without_memory_it_is_off_and_the_connection_goes_on)
{
	struct sock_pair pair;
	char byte;
	int i;

	ASSERT_EQ(0, sock_sysctl("record_mem", 100));
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(1, write(pair.client, "x", 1));
	ASSERT_EQ(1, read(pair.server, &byte, 1));
	EXPECT_EQ(0, nl_count_records(&self->nl, TCPSTATE_LIFE_BOTH));
	/* Two recorders with a row of 8 each, also where locks are large, and no other row. */
	close(pair.client);
	close(pair.server);
	close(pair.listener);
	ASSERT_EQ(0, sock_sysctl("record_mem", 3000));
	ASSERT_EQ(0, sock_pair(&pair));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(1, write(pair.client, "x", 1));
		ASSERT_EQ(1, read(pair.server, &byte, 1));
	}
	EXPECT_EQ(2, nl_count_records(&self->nl, TCPSTATE_LIFE_LIVE));
	ASSERT_EQ(0, nl_record(&self->nl, nl_cookie(pair.client), self->rec));
	EXPECT_EQ(8, self->rec->n);
	EXPECT_EQ(0, self->rec->event[0].number);
}

TEST_F(record, socket_option)
{
	struct nl_record *rec = self->rec;
	struct sock_pair pair;
	char byte;
	int i;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(16, sock_get(pair.client, SOL_TCPSTATE, TCPSTATE_RECORD));
	/* What is there is kept. */
	ASSERT_EQ(0, sock_set(pair.client, SOL_TCPSTATE, TCPSTATE_RECORD, ALL));
	EXPECT_EQ(ALL, sock_get(pair.client, SOL_TCPSTATE, TCPSTATE_RECORD));
	for (i = 0; i < 50; i++) {
		ASSERT_EQ(1, write(pair.client, "x", 1));
		ASSERT_EQ(1, read(pair.server, &byte, 1));
	}
	ASSERT_EQ(0, nl_record(&self->nl, nl_cookie(pair.client), rec));
	EXPECT_EQ(0, rec->event[0].number);
	EXPECT_EQ(rec->next, rec->n);
	EXPECT_STREQ("7>2 2>1", path(rec));
	/* As far as it fits. */
	ASSERT_EQ(0, sock_set(pair.client, SOL_TCPSTATE, TCPSTATE_RECORD, 5));
	ASSERT_EQ(0, nl_record(&self->nl, nl_cookie(pair.client), rec));
	EXPECT_EQ(5, rec->n);
	EXPECT_EQ(rec->next - 5, rec->event[0].number);
	/* None, and again. */
	ASSERT_EQ(0, sock_set(pair.client, SOL_TCPSTATE, TCPSTATE_RECORD, 0));
	EXPECT_EQ(-ENOENT, nl_record(&self->nl, nl_cookie(pair.client), rec));
	ASSERT_EQ(0, sock_set(pair.client, SOL_TCPSTATE, TCPSTATE_RECORD, -1));
	ASSERT_EQ(1, write(pair.client, "x", 1));
	/* Nagle may keep it until an ACK comes. */
	ASSERT_TRUE(sock_until(!nl_record(&self->nl, nl_cookie(pair.client), rec) && rec->n));
	EXPECT_EQ(16, rec->limit);
}

/* Timers that are armed take half of the entries of a request and its answer. */
TEST_F(record, armed_timers_only_where_they_are_wanted)
{
	struct sock_pair pair;
	int i, wanted, armed;

	for (wanted = 0; wanted <= 1; wanted++) {
		if (wanted)
			ASSERT_EQ(0, sock_sysctl("record_mask", (1 << TCPSTATE_RECORD_KINDS) - 1));
		ASSERT_EQ(0, sock_pair(&pair));
		ASSERT_EQ(1, write(pair.client, "x", 1));
		ASSERT_EQ(0, nl_record(&self->nl, nl_cookie(pair.client), self->rec));
		for (armed = 0, i = 0; i < self->rec->n; i++)
			armed += self->rec->event[i].kind == TCPSTATE_RECORD_ARMED;
		EXPECT_EQ(wanted, armed > 0);
		EXPECT_LT(5, self->rec->n);
		close(pair.client);
		close(pair.server);
		close(pair.listener);
	}
}

/* The row of entries grows as they come, and is full in the end. */
TEST_F(record, grows)
{
	struct sock_pair pair;
	char byte;
	int i;

	ASSERT_EQ(0, sock_sysctl("record", 30));
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.client, IPPROTO_TCP, TCP_NODELAY, 1));
	for (i = 0; i < 40; i++) {
		ASSERT_EQ(1, write(pair.client, "x", 1));
		ASSERT_EQ(1, read(pair.server, &byte, 1));
		ASSERT_EQ(0, nl_record(&self->nl, nl_cookie(pair.client), self->rec));
		EXPECT_LT(i < 25 ? i : 29, self->rec->n);
	}
	EXPECT_EQ(30, self->rec->n);
	EXPECT_EQ(0, sock_set(pair.client, SOL_TCPSTATE, TCPSTATE_RECORD, 20));
	ASSERT_EQ(0, nl_record(&self->nl, nl_cookie(pair.client), self->rec));
	EXPECT_EQ(20, self->rec->n);
	EXPECT_EQ(0, sock_set(pair.client, SOL_TCPSTATE, TCPSTATE_RECORD, 100));
	ASSERT_EQ(1, write(pair.client, "x", 1));
	ASSERT_EQ(0, nl_record(&self->nl, nl_cookie(pair.client), self->rec));
	EXPECT_LT(20, self->rec->n);
	for (i = 1; i < self->rec->n; i++)
		EXPECT_EQ(self->rec->event[i - 1].number + 1, self->rec->event[i].number);
}

/* Both ends are dead when it returns. */
static void end_at_once(struct sock_pair *pair)
{
	struct linger now = { .l_onoff = 1 };

	setsockopt(pair->client, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(pair->client);
	close(pair->server);
	close(pair->listener);
}

/* A connection whose client's end has so many entries behind it. */
static int pair_with(FIXTURE_DATA(record) *self, struct sock_pair *pair, unsigned int entries)
{
	unsigned int i = 0;
	char byte;

	if (sock_pair(pair) || sock_set(pair->client, IPPROTO_TCP, TCP_NODELAY, 1))
		return -1;
	do {
		if (write(pair->client, "x", 1) != 1 || read(pair->server, &byte, 1) != 1)
			return -1;
		if (++i * 5 >= entries && nl_record(&self->nl, nl_cookie(pair->client), self->rec))
			return -1;
	} while (i * 5 < entries || self->rec->next < entries);
	return 0;
}

/*
 * Memory that had entries of others has none of this connection: they are not shown. 128
 * are kept in four pieces of memory; one that was the last of another connection's has
 * entries from 96 on.
 */
TEST_F(record, entries_of_others_are_not_shown)
{
	struct sock_pair pairs[12], others[6];
	struct nl_request r;
	int i;

	ASSERT_EQ(0, sock_sysctl("record", 10));
	for (i = 0; i < 12; i++) {
		ASSERT_EQ(0, pair_with(self, &pairs[i], 110));
		ASSERT_GT(125, self->rec->next);
	}
	ASSERT_EQ(0, sock_sysctl("record", 128));
	for (i = 0; i < 6; i++)
		ASSERT_EQ(0, pair_with(self, &others[i], 128));
	for (i = 0; i < 6; i++)
		end_at_once(&others[i]);
	nl_genl(&self->nl, &r, TCPSTATE_CMD_FORGET, NLM_F_ACK);
	EXPECT_EQ(0, nl_talk(&self->nl, &r, NULL, NULL));
	for (i = 0; i < 12; i++) {
		EXPECT_EQ(0, sock_set(pairs[i].client, SOL_TCPSTATE, TCPSTATE_RECORD, 128));
		ASSERT_EQ(0, nl_record(&self->nl, nl_cookie(pairs[i].client), self->rec));
		EXPECT_EQ(10, self->rec->n);
		EXPECT_TRUE(in_order(self->rec));
	}
}

TEST_F(record, mask)
{
	int fd = sock_new(0), listener;
	struct sockaddr_in addr;

	listener = sock_listen(&addr, 1);
	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_set(fd, SOL_TCPSTATE, TCPSTATE_RECORD_MASK,
			      1 << TCPSTATE_RECORD_STATE));
	ASSERT_EQ(0, sock_connect(fd, &addr));
	ASSERT_EQ(0, nl_record(&self->nl, nl_cookie(fd), self->rec));
	EXPECT_EQ(2, self->rec->n);
	EXPECT_STREQ("7>2 2>1", path(self->rec));
}

TEST_F(record, children_have_their_listeners)
{
	int listener = sock_new(0), fd = sock_new(0), child;
	struct sockaddr_in addr;

	ASSERT_EQ(0, sock_set(listener, SOL_TCPSTATE, TCPSTATE_RECORD, 99));
	ASSERT_EQ(0, sock_bind(listener, "127.0.0.1", 0));
	ASSERT_EQ(0, listen(listener, 1));
	addr = sock_addr("127.0.0.1", sock_port(listener));
	ASSERT_EQ(0, sock_connect(fd, &addr));
	child = accept(listener, NULL, NULL);
	ASSERT_LE(0, child);
	EXPECT_EQ(99, sock_get(child, SOL_TCPSTATE, TCPSTATE_RECORD));
	ASSERT_EQ(0, nl_record(&self->nl, nl_cookie(child), self->rec));
	EXPECT_EQ(99, self->rec->limit);
}

TEST_F(record, bad_options)
{
	int fd = sock_new(0);

	EXPECT_EQ(EINVAL, sock_errno(sock_set(fd, SOL_TCPSTATE, TCPSTATE_RECORD, -2)));
	EXPECT_EQ(EINVAL, sock_errno(sock_set(fd, SOL_TCPSTATE, TCPSTATE_RECORD,
					      TCPSTATE_RECORD_MAX + 1)));
	EXPECT_EQ(EINVAL, sock_errno(sock_set(fd, SOL_TCPSTATE, TCPSTATE_RECORD_MASK, -1)));
	EXPECT_EQ(EINVAL, sock_errno(sock_set(fd, SOL_TCPSTATE, TCPSTATE_RECORD_MASK,
					      1 << TCPSTATE_RECORD_KINDS)));
	EXPECT_EQ(EINVAL, sock_errno(setsockopt(fd, SOL_TCPSTATE, TCPSTATE_RECORD, &fd, 3)));
	EXPECT_EQ(EFAULT, sock_errno(setsockopt(fd, SOL_TCPSTATE, TCPSTATE_RECORD, NULL, 4)));
	EXPECT_EQ(ENOPROTOOPT, sock_errno(sock_set(fd, SOL_TCPSTATE, 4, 1)));
	EXPECT_EQ(-EINVAL, sock_sysctl("record", TCPSTATE_RECORD_MAX + 1));
	EXPECT_EQ(-EINVAL, sock_sysctl("record", -1));
	EXPECT_EQ(-EINVAL, sock_sysctl("record_mask", 0));
}

TEST_F(record, the_dead_are_bounded)
{
	struct sock_pair pair;
	struct nl_request r;
	uint64_t first = 0;
	int i;

	ASSERT_EQ(0, sock_sysctl("time_wait_ms", 1));
	ASSERT_EQ(0, sock_sysctl("record_dead", 4));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, sock_pair(&pair));
		if (!i)
			/* The client's end lives on in TIME_WAIT. */
			first = nl_cookie(pair.server);
		close(pair.client);
		close(pair.server);
		close(pair.listener);
	}
	ASSERT_TRUE(sock_until(nl_count_records(&self->nl, TCPSTATE_LIFE_LIVE) == 0));
	EXPECT_EQ(4, nl_count_records(&self->nl, TCPSTATE_LIFE_DEAD));
	EXPECT_EQ(-ENOENT, nl_record(&self->nl, first, self->rec));
	EXPECT_EQ(-ENOENT, ({
		nl_genl(&self->nl, &r, TCPSTATE_CMD_FORGET, NLM_F_ACK);
		nl_put_u64(&r, TCPSTATE_A_COOKIE, first);
		nl_talk(&self->nl, &r, NULL, NULL);
	}));
	nl_genl(&self->nl, &r, TCPSTATE_CMD_FORGET, NLM_F_ACK);
	EXPECT_EQ(0, nl_talk(&self->nl, &r, NULL, NULL));
	EXPECT_EQ(0, nl_count_records(&self->nl, TCPSTATE_LIFE_DEAD));
}

TEST_F(record, since)
{
	struct nl_record *rec = self->rec;
	struct sock_pair pair;
	struct nl_request r;

	ASSERT_EQ(0, sock_sysctl("record", ALL));
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, nl_record(&self->nl, nl_cookie(pair.client), rec));
	ASSERT_LT(3, rec->n);
	nl_genl(&self->nl, &r, TCPSTATE_CMD_GET_RECORD, NLM_F_DUMP);
	nl_put_u64(&r, TCPSTATE_A_RECORD, rec->id);
	nl_put_u32(&r, TCPSTATE_A_SINCE, 3);
	ASSERT_EQ(1, nl_records(&self->nl, &r, rec, NULL, NULL));
	EXPECT_EQ(3, rec->event[0].number);
	EXPECT_EQ(rec->next, rec->n + 3);
}

TEST_F(record, who_accepts_has_it)
{
	int listener, fd = sock_new(0), child, status, talk[2];
	struct sockaddr_in addr;
	char byte;
	pid_t pid;

	listener = sock_listen(&addr, 1);
	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_connect(fd, &addr));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, talk));
	pid = fork();
	if (!pid) {
		uint64_t cookie;

		prctl(PR_SET_NAME, "acceptor");
		child = accept(listener, NULL, NULL);
		cookie = nl_cookie(child);
		if (child < 0 || write(talk[1], &cookie, 8) != 8)
			_exit(1);
		_exit(read(talk[1], &byte, 1) != 1);
	}
	uint64_t cookie;

	ASSERT_EQ(8, read(talk[0], &cookie, 8));
	ASSERT_EQ(0, nl_record(&self->nl, cookie, self->rec));
	EXPECT_EQ(pid, (int)self->rec->pid);
	EXPECT_STREQ("acceptor", self->rec->comm);
	ASSERT_EQ(0, nl_record(&self->nl, nl_cookie(fd), self->rec));
	EXPECT_EQ(getpid(), (int)self->rec->pid);
	ASSERT_EQ(1, write(talk[0], "x", 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(record, needs_the_capability)
{
	struct nl_request r;
	struct nl nl;

	ASSERT_TRUE(sock_drop_cap(CAP_NET_ADMIN));
	ASSERT_EQ(0, nl_open_genl(&nl));
	nl_genl(&nl, &r, TCPSTATE_CMD_GET_RECORD, NLM_F_DUMP);
	EXPECT_EQ(-EPERM, nl_talk(&nl, &r, NULL, NULL));
	nl_genl(&nl, &r, TCPSTATE_CMD_FORGET, NLM_F_ACK);
	EXPECT_EQ(-EPERM, nl_talk(&nl, &r, NULL, NULL));
	/* The table is no secret. */
	nl_genl(&nl, &r, TCPSTATE_CMD_GET_EDGES, NLM_F_DUMP);
	EXPECT_EQ(0, nl_talk(&nl, &r, NULL, NULL));
}

TEST_F(record, not_in_another_namespace)
{
	struct sock_pair pair;
	uint64_t cookie;
	struct nl nl;

	ASSERT_EQ(0, sock_pair(&pair));
	cookie = nl_cookie(pair.client);
	ASSERT_EQ(2, nl_count_records(&self->nl, TCPSTATE_LIFE_BOTH));
	ASSERT_EQ(0, sock_netns());
	ASSERT_EQ(0, nl_open_genl(&nl));
	EXPECT_EQ(0, nl_count_records(&nl, TCPSTATE_LIFE_BOTH));
	EXPECT_EQ(-ENOENT, nl_record(&nl, cookie, self->rec));
	EXPECT_EQ(2, nl_count_records(&self->nl, TCPSTATE_LIFE_BOTH));
}

TEST_F(record, bad_requests)
{
	struct nl *nl = &self->nl;
	struct nl_request r;

	nl_genl(nl, &r, TCPSTATE_CMD_GET_RECORD, NLM_F_DUMP);
	nl_put_u8(&r, TCPSTATE_A_LIFE, 4);
	EXPECT_EQ(-ERANGE, nl_talk(nl, &r, NULL, NULL));
	nl_genl(nl, &r, TCPSTATE_CMD_GET_RECORD, NLM_F_DUMP);
	nl_put_u8(&r, TCPSTATE_A_COOKIE, 1);
	EXPECT_EQ(-EINVAL, nl_talk(nl, &r, NULL, NULL));
	nl_genl(nl, &r, TCPSTATE_CMD_GET_RECORD, NLM_F_DUMP);
	nl_put_u8(&r, TCPSTATE_A_COMM, 1);
	EXPECT_EQ(-EINVAL, nl_talk(nl, &r, NULL, NULL));
	EXPECT_STRNE("", nl->extack);
	nl_genl(nl, &r, TCPSTATE_CMD_GET_RECORD, NLM_F_DUMP);
	nl_put_u64(&r, TCPSTATE_A_RECORD, 1ULL << 40);
	EXPECT_EQ(-ENOENT, nl_talk(nl, &r, NULL, NULL));
	nl_genl(nl, &r, TCPSTATE_CMD_GET_RECORD, NLM_F_ACK);
	EXPECT_EQ(-EOPNOTSUPP, nl_talk(nl, &r, NULL, NULL));
	nl_genl(nl, &r, TCPSTATE_CMD_STATE, NLM_F_ACK);
	EXPECT_EQ(-EOPNOTSUPP, nl_talk(nl, &r, NULL, NULL));
	nl_genl(nl, &r, 99, NLM_F_ACK);
	EXPECT_EQ(-EOPNOTSUPP, nl_talk(nl, &r, NULL, NULL));
	nl_genl(nl, &r, TCPSTATE_CMD_GET_EDGES, NLM_F_DUMP);
	nl_put_u8(&r, TCPSTATE_A_LIFE, 1);
	EXPECT_EQ(-EINVAL, nl_talk(nl, &r, NULL, NULL));
}

struct edges {
	int cells, moves, taken;
};

static int take_edge(const struct nlmsghdr *nlh, void *data)
{
	struct edges *e = data;
	struct nl_attrs a;

	nl_parse_genl(&a, nlh);
	e->cells++;
	if (!nl_string(&a, TCPSTATE_A_STATE_NAME) || !nl_string(&a, TCPSTATE_A_EVENT_NAME) ||
	    !nl_string(&a, TCPSTATE_A_WHY))
		return -EPROTO;
	if (nl_u8(&a, TCPSTATE_A_EDGE_KIND) != 2)
		return nl_has(&a, TCPSTATE_A_NEXT_STATE) ? -EPROTO : 0;
	e->moves++;
	e->taken += nl_u32(&a, TCPSTATE_A_TAKEN);
	return 0;
}

TEST_F(record, the_table)
{
	struct sock_pair pair;
	struct edges e = {};
	struct nl_request r;

	ASSERT_EQ(0, sock_pair(&pair));
	nl_genl(&self->nl, &r, TCPSTATE_CMD_GET_EDGES, NLM_F_DUMP);
	ASSERT_EQ(0, nl_talk(&self->nl, &r, take_edge, &e));
	EXPECT_EQ(11 * 13, e.cells);
	EXPECT_LT(30, e.moves);
	/* listen; SYN, SYN+ACK, and the ACK of it at either end. */
	EXPECT_EQ(5, e.taken);
}

TEST_HARNESS_MAIN

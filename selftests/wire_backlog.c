// SPDX-License-Identifier: GPL-2.0
/*
 * A listener that has no room drops a SYN, counts it, and says nothing, so that the
 * peer tries again; when accept() or the end of another handshake has made room, the
 * same SYN gets through.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

#define PEERS	12

FIXTURE(backlog) {
	struct wire w;
	struct wire_conn c;
	struct wire_conn peer[PEERS];
};

FIXTURE_SETUP(backlog)
{
	int i;

	ASSERT_EQ(0, wire_init(&self->w));
	/* A cookie would be an answer of another kind. */
	ASSERT_EQ(0, self->w.family == AF_INET ?
		  wire_write_file("/proc/sys/net/ipv4/tcp_syncookies", 0) :
		  wire_sysctl(&self->w, "syncookies", 0));
	wire_conn_init(&self->c, &self->w);
	ASSERT_EQ(0, wire_listen(&self->c));
	for (i = 0; i < PEERS; i++) {
		self->peer[i] = self->c;
		self->peer[i].pport += i;
		wire_conn_reuse(&self->peer[i], 1000000 * (i + 1));
	}
}

FIXTURE_TEARDOWN(backlog)
{
	wire_fini(&self->w);
}

static int half_open(struct wire_conn *c)
{
	if (wire_send(c, "S seq 0 mss 1000") || wire_expect(c, "SA seq 0 ack 1 len 0"))
		return -1;
	c->snd_nxt = c->iss + 1;
	return 0;
}

static int full_open(struct wire_conn *c)
{
	return half_open(c) ?: wire_send(c, "A");
}

/* A SYN that finds no room; *drops is the counter before and after. */
static int refused(struct wire_conn *c, long *drops)
{
	long now;

	if (wire_send(c, "S seq 0 mss 1000") || wire_expect_nothing(c))
		return -1;
	c->snd_nxt = c->iss;
	now = wire_stat(c->w, "ListenDrops");
	if (now == *drops + 1) {
		*drops = now;
		return 0;
	}
	fprintf(stderr, "# ListenDrops was %ld and is %ld\n", *drops, now);
	return -1;
}

static int talk(struct wire_conn *c)
{
	return wire_send(c, "A len 10") ?: wire_expect(c, "A seq 1 ack 11 len 0") ?:
	       wire_read(c, 10) ?: wire_write(c, 500) ?: wire_expect(c, "A seq 1 len 500");
}

WIRE_TEST(backlog, accept_queue_is_full)
{
	struct wire_conn *peer = self->peer;
	long drops = wire_stat(&self->w, "ListenDrops");
	long overflows = wire_stat(&self->w, "ListenOverflows");
	int i;

	/* A backlog of one is two, as it has always been. */
	ASSERT_EQ(0, listen(self->c.lfd, 1));
	ASSERT_EQ(0, full_open(&peer[0]));
	ASSERT_EQ(0, full_open(&peer[1]));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, refused(&peer[2], &drops));
	ASSERT_EQ(0, refused(&peer[3], &drops));
	ASSERT_EQ(overflows + 4, wire_stat(&self->w, "ListenOverflows"));
	ASSERT_EQ(2, wire_in_state(&self->w, WS_ESTABLISHED));
	ASSERT_EQ(0, wire_in_state(&self->w, WS_SYN_RECV));

	/* accept() makes room for one, and the SYN comes again. */
	ASSERT_EQ(0, wire_accept(&peer[0]));
	ASSERT_EQ(0, full_open(&peer[2]));
	ASSERT_EQ(0, refused(&peer[3], &drops));
	ASSERT_EQ(0, wire_accept(&peer[1]));
	ASSERT_EQ(0, wire_accept(&peer[2]));
	ASSERT_EQ(0, full_open(&peer[3]));
	ASSERT_EQ(0, wire_accept(&peer[3]));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, talk(&peer[i]));
}

WIRE_TEST(backlog, too_many_half_open)
{
	struct wire_conn *peer = self->peer;
	long drops = wire_stat(&self->w, "ListenDrops");
	int n, ret;

	/* wire_listen() asked for 8; some allow one more. */
	for (n = 0; n < PEERS - 1; n++) {
		SEND(&peer[n], "S seq 0 mss 1000");
		ret = wire_drain(&peer[n]);
		ASSERT_LE(0, ret);
		if (!ret)
			break;
		ASSERT_EQ(WIRE_SYN | WIRE_ACK, peer[n].got.flags);
		peer[n].snd_nxt = peer[n].iss + 1;
	}
	ASSERT_LE(8, n);
	ASSERT_GE(9, n);
	ASSERT_EQ(++drops, wire_stat(&self->w, "ListenDrops"));
	ASSERT_EQ(0, refused(&peer[n], &drops));

	/* A handshake that ends makes room, well or badly. */
	SEND(&peer[0], "A");
	ASSERT_EQ(0, wire_accept(&peer[0]));
	ASSERT_EQ(0, half_open(&peer[n]));
	ASSERT_EQ(0, refused(&peer[n + 1], &drops));
	SEND(&peer[1], "R");
	ASSERT_EQ(0, full_open(&peer[n + 1]));
	ASSERT_EQ(0, wire_accept(&peer[n + 1]));
	ASSERT_EQ(0, talk(&peer[0]));
	ASSERT_EQ(0, talk(&peer[n + 1]));
	/* Those who waited were not forgotten. */
	SEND(&peer[7], "A");
	ASSERT_EQ(0, wire_accept(&peer[7]));
	ASSERT_EQ(0, talk(&peer[7]));
}

WIRE_TEST(backlog, handshake_ends_when_the_queue_is_full)
{
	struct wire_conn *peer = self->peer;
	int i;

	/*
	 * The SYN came when there was room, the ACK when there is none: it may
	 * be taken or dropped, but not refused.
	 */
	ASSERT_EQ(0, listen(self->c.lfd, 3));
	ASSERT_EQ(0, half_open(&peer[0]));
	for (i = 1; i <= 4; i++)
		ASSERT_EQ(0, full_open(&peer[i]));
	SEND(&peer[0], "A");
	ASSERT_LE(0, wire_drain(&peer[0]));
	ASSERT_EQ(0, peer[0].got.flags & WIRE_RST);
	for (i = 1; i <= 4; i++) {
		ASSERT_EQ(0, wire_accept(&peer[i]));
		ASSERT_EQ(0, talk(&peer[i]));
	}
	/* The peer says it again with its text, after its timeout. */
	SEND(&peer[0], "A seq 1 ack 1 len 10");
	EXPECT(&peer[0], "A seq 1 ack 11 len 0");
	ASSERT_EQ(0, wire_accept(&peer[0]));
	ASSERT_EQ(0, wire_read(&peer[0], 10));
	EXPECT_STATE(&peer[0], WS_ESTABLISHED);
}

WIRE_TEST(backlog, queued_connections_lose_nothing)
{
	struct wire_conn *peer = self->peer;
	long drops = wire_stat(&self->w, "ListenDrops");
	int i;

	/* What waits in a full queue takes text and FIN all the same. */
	ASSERT_EQ(0, listen(self->c.lfd, 1));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, full_open(&peer[i]));
		SEND(&peer[i], "A len 100");
		EXPECT(&peer[i], "A seq 1 ack 101 len 0");
	}
	SEND(&peer[1], "FA");
	EXPECT(&peer[1], "A seq 1 ack 102 len 0");
	ASSERT_EQ(0, refused(&peer[2], &drops));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, wire_accept(&peer[i]));
		ASSERT_EQ(0, wire_read(&peer[i], 100));
	}
	ASSERT_EQ(0, wire_read_none(&peer[0]));
	ASSERT_EQ(0, wire_read_eof(&peer[1]));
	ASSERT_EQ(0, full_open(&peer[2]));
	ASSERT_EQ(0, wire_accept(&peer[2]));
	ASSERT_EQ(0, talk(&peer[2]));
}

WIRE_TEST(backlog, reset_in_the_queue)
{
	struct wire_conn *peer = self->peer;
	long drops = wire_stat(&self->w, "ListenDrops");
	char octet;

	/* A peer that goes again is still handed out, with its error. */
	ASSERT_EQ(0, listen(self->c.lfd, 1));
	ASSERT_EQ(0, full_open(&peer[0]));
	ASSERT_EQ(0, full_open(&peer[1]));
	SEND(&peer[0], "R");
	EXPECT_NOTHING(&peer[0]);
	ASSERT_EQ(0, refused(&peer[2], &drops));
	ASSERT_EQ(0, wire_accept(&peer[0]));
	ASSERT_EQ(-1, recv(peer[0].fd, &octet, 1, 0));
	ASSERT_EQ(ECONNRESET, errno);
	ASSERT_EQ(0, full_open(&peer[2]));
	ASSERT_EQ(0, wire_accept(&peer[1]));
	ASSERT_EQ(0, wire_accept(&peer[2]));
	ASSERT_EQ(0, talk(&peer[1]));
	ASSERT_EQ(0, talk(&peer[2]));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * SYN cookies (RFC 4987): a listener that is flooded answers without keeping
 * anything, and takes a connection from the ACK alone; what it did not say itself
 * it does not believe.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

#define T0		1000000u	/* the peer's clock */
#define INTREE(self)	((self)->w.family == AF_INET)
/* As many half-open ones as a backlog of 8 takes, and one that in-tree adds. */
#define FLOOD		12

FIXTURE(cookie) {
	struct wire w;
	struct wire_conn c;
	struct wire_conn other;
};

static int cookies(struct wire *w, int value)
{
	if (w->family != AF_INET)
		return wire_sysctl(w, "syncookies", value);
	return wire_write_file("/proc/sys/net/ipv4/tcp_syncookies", value);
}

FIXTURE_SETUP(cookie)
{
	ASSERT_EQ(0, wire_init(&self->w));
	wire_conn_init(&self->c, &self->w);
	ASSERT_EQ(0, cookies(&self->w, 1));
	ASSERT_EQ(0, wire_listen(&self->c));
	self->other = self->c;
	self->other.pport++;
	wire_conn_reuse(&self->other, 5000000);
}

FIXTURE_TEARDOWN(cookie)
{
	wire_fini(&self->w);
}

/* SYNs of peers that never answer, until the listener keeps nothing of a new one. */
static int flood(struct wire *w, const struct wire_conn *like)
{
	static struct wire_conn peer[FLOOD];
	int i;

	for (i = 0; i < FLOOD; i++) {
		peer[i] = *like;
		peer[i].pport += 100 + i;
		wire_conn_reuse(&peer[i], 1000000 * (i + 1));
		if (wire_send(&peer[i], "S seq 0 mss 1000") ||
		    wire_expect(&peer[i], "SA seq 0 ack 1 len 0"))
			return -1;
	}
	return wire_in_state(w, WS_SYN_RECV);
}

static int talk(struct wire_conn *c)
{
	return wire_send(c, "A len 10") ?: wire_expect(c, "A seq 1 ack 11 len 0") ?:
	       wire_read(c, 10) ?: wire_write(c, 500) ?: wire_expect(c, "A seq 1 len 500");
}

WIRE_TEST(cookie, a_client_gets_through_a_flood)
{
	struct wire_conn *c = &self->c;
	int half = flood(&self->w, c);

	ASSERT_LE(8, half);
	ASSERT_GE(10, half);
	SEND(c, "S seq 0 mss 1000");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	/* Nothing is kept of it. */
	ASSERT_EQ(half, wire_in_state(&self->w, WS_SYN_RECV));
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, talk(c));
	EXPECT_STATE(c, WS_ESTABLISHED);
	if (!INTREE(self)) {
		ASSERT_LE(3, wire_stat(&self->w, "SyncookiesSent"));
		ASSERT_EQ(1, wire_stat(&self->w, "SyncookiesRecv"));
		ASSERT_EQ(0, wire_stat(&self->w, "SyncookiesFailed"));
	}
}

WIRE_TEST(cookie, text_with_the_ack)
{
	struct wire_conn *c = &self->c;

	/* The pure ACK was lost; the request that follows it says the same. */
	ASSERT_EQ(0, cookies(&self->w, 2));
	SEND(c, "S seq 0 mss 1000");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	SEND(c, "PA seq 1 ack 1 len 200");
	EXPECT(c, "A seq 1 ack 201 len 0");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, wire_read(c, 200));
	ASSERT_EQ(0, wire_write(c, 500));
	EXPECT(c, "A seq 1 len 500");
}

WIRE_TEST(cookie, size_is_remembered)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, cookies(&self->w, 2));
	SEND(c, "S seq 0 mss 536");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, wire_write(c, 1072));
	EXPECT(c, "A seq 1 len 536");
	EXPECT(c, "A seq 537 len 536");
}

WIRE_TEST(cookie, without_an_mss)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, cookies(&self->w, 2));
	SEND(c, "S seq 0");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, wire_write(c, 536));
	EXPECT(c, "A seq 1 len 536");
}

WIRE_TEST(cookie, options_in_the_timestamp)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, cookies(&self->w, 2));
	c->stamp = true;
	c->tsval = T0;
	SEND(c, "S seq 0 mss 1460 ws 7 sackok");
	EXPECT(c, "SA seq 0 ack 1 len 0 sackok");
	ASSERT_TRUE(c->got.has_ts);
	ASSERT_EQ(T0, c->got.tsecr);
	ASSERT_LE(0, c->got.wscale);
	c->shift = c->got.wscale;
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_TRUE(wire_info(c).tcpi_options & TCPI_OPT_TIMESTAMPS);
	ASSERT_TRUE(wire_info(c).tcpi_options & TCPI_OPT_SACK);
	ASSERT_TRUE(wire_info(c).tcpi_options & TCPI_OPT_WSCALE);
	ASSERT_TRUE(wire_info(c).tcpi_snd_wscale == 7);
	ASSERT_TRUE(wire_info(c).tcpi_rcv_wscale == c->shift);
	ASSERT_EQ(0, talk(c));
}

WIRE_TEST(cookie, no_timestamp_no_scale)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, cookies(&self->w, 2));
	SEND(c, "S seq 0 mss 1460 ws 7 sackok");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	ASSERT_FALSE(c->got.has_ts);
	ASSERT_EQ(-1, c->got.wscale);
	ASSERT_FALSE(c->got.sack_ok);
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_FALSE(wire_info(c).tcpi_options & (TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK |
					     TCPI_OPT_WSCALE));
	ASSERT_EQ(0, talk(c));
}

WIRE_TEST(cookie, syn_comes_again)
{
	struct wire_conn *c = &self->c;
	uint32_t iss;

	/* The same answer, so that the ACK of either is right. */
	ASSERT_EQ(0, cookies(&self->w, 2));
	SEND(c, "S seq 0 mss 1000");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	iss = c->got.seq;
	c->snd_nxt = c->iss;
	SEND(c, "S seq 0 mss 1000");
	EXPECT(c, "SA ack 1 len 0");
	/* A minute may have ended in between. */
	if (c->got.seq == iss) {
		SEND(c, "A");
		ASSERT_EQ(0, wire_accept(c));
		ASSERT_EQ(0, talk(c));
	}
}

WIRE_TEST(cookie, forged)
{
	struct wire_conn *c = &self->c, *other = &self->other;
	uint32_t i;

	ASSERT_EQ(0, cookies(&self->w, 2));
	SEND(c, "S seq 0 mss 1000");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	/* Numbers near the right one, and the right one of another peer. */
	for (i = 9; i < 200; i += 19) {
		SEND(c, "A seq 1 ack %u", 1 + i);
		EXPECT(c, "R seq %u len 0", 1 + i);
	}
	SEND(c, "A seq 500 ack 1");
	EXPECT(c, "R seq 1 len 0");
	other->irs = c->irs;
	other->irs_known = true;
	SEND(other, "A seq 1 ack 1");
	EXPECT(other, "R seq 1 len 0");
	ASSERT_EQ(0, wire_in_state(&self->w, WS_ESTABLISHED));
	if (!INTREE(self)) {
		ASSERT_EQ(13, wire_stat(&self->w, "SyncookiesFailed"));
	}
	/* The right one still counts. */
	SEND(c, "A seq 1 ack 1");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, talk(c));
}

WIRE_TEST(cookie, nobody_was_flooded)
{
	struct wire_conn *c = &self->c;

	/* Without a cookie sent there is none to take, however the ACK looks. */
	c->irs = 4242;
	c->irs_known = true;
	SEND(c, "A seq 1 ack 1");
	EXPECT(c, "R seq 1 len 0");
	if (!INTREE(self)) {
		ASSERT_EQ(0, wire_stat(&self->w, "SyncookiesFailed"));
	}
}

WIRE_TEST(cookie, switched_off)
{
	struct wire_conn *c = &self->c;

	if (INTREE(self))
		SKIP(return, "in-tree keeps one more");
	/* Eight are kept, the ninth is dropped. */
	ASSERT_EQ(0, cookies(&self->w, 0));
	for (c->pport = 41000; c->pport < 41008; c->pport++) {
		wire_conn_reuse(c, 1000 * c->pport);
		SEND(c, "S seq 0 mss 1000");
		EXPECT(c, "SA seq 0 ack 1 len 0");
	}
	wire_conn_reuse(c, 1000 * c->pport);
	SEND(c, "S seq 0 mss 1000");
	EXPECT_NOTHING(c);
	ASSERT_EQ(0, wire_stat(&self->w, "SyncookiesSent"));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Sequence numbers that wrap around 2^32, or change their sign, in either
 * direction must make no difference to a connection (RFC 9293 3.4).
 */
#include <errno.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

/* ---- The peer's numbers: its ISN is chosen ---- */

FIXTURE(peer) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(peer) {
	uint32_t iss;
};

FIXTURE_SETUP(peer)
{
	ASSERT_EQ(0, wire_init(&self->w));
	wire_conn_init(&self->c, &self->w);
	wire_conn_reuse(&self->c, variant->iss);
}

FIXTURE_TEARDOWN(peer)
{
	wire_fini(&self->w);
}

FIXTURE_VARIANT_ADD(peer, syn_is_the_last_number) {
	.iss = 0xffffffff,
};

FIXTURE_VARIANT_ADD(peer, first_octet_is_the_last_number) {
	.iss = 0xfffffffe,
};

FIXTURE_VARIANT_ADD(peer, within_the_first_segment) {
	.iss = 0xffffffff - 50,
};

FIXTURE_VARIANT_ADD(peer, between_segments) {
	.iss = 0xffffffff - 300,
};

FIXTURE_VARIANT_ADD(peer, later) {
	.iss = 0xffffffff - 5432,
};

FIXTURE_VARIANT_ADD(peer, syn_is_zero) {
	.iss = 0,
};

FIXTURE_VARIANT_ADD(peer, sign_at_syn) {
	.iss = 0x7fffffff,
};

FIXTURE_VARIANT_ADD(peer, sign_within_segment) {
	.iss = 0x7fffffff - 1234,
};

WIRE_TEST(peer, passive_in_order)
{
	struct wire_conn *c = &self->c;
	int i;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	for (i = 0; i < 100; i++) {
		SEND(c, "A len 100");
		ASSERT_EQ(0, wire_read(c, 100));
		while (wire_rel_ack(c, &c->got) != 1 + 100u * (i + 1))
			ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
	}
	SEND(c, "FA");
	EXPECT(c, "A seq 1 ack 10002 len 0");
	ASSERT_EQ(0, wire_read_eof(c));
	EXPECT_STATE(c, WS_CLOSE_WAIT);
}

WIRE_TEST(peer, active_out_of_order)
{
	struct wire_conn *c = &self->c;
	uint32_t at;

	/* Pairs of segments swapped, each with some overlap. */
	ASSERT_EQ(0, wire_active(c, "mss 1460"));
	for (at = 1; at < 8000; at += 200) {
		SEND(c, "A seq %u len 110", at + 90);
		EXPECT(c, "A seq 1 ack %u len 0", at);
		SEND(c, "A seq %u len 100", at);
		EXPECT(c, "A seq 1 ack %u len 0", at + 200);
	}
	ASSERT_EQ(0, wire_read(c, at - 1));
}

WIRE_TEST(peer, window_across)
{
	struct wire_conn *c = &self->c;
	uint32_t edge;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	edge = c->edge - c->iss;
	SEND(c, "A seq %u len 5", edge + 1);
	EXPECT(c, "A seq 1 ack 1 len 0");
	SEND(c, "A seq -100 len 5");
	EXPECT(c, "A seq 1 ack 1 len 0");
	SEND(c, "R seq %u", edge - 1);
	EXPECT(c, "A seq 1 ack 1 len 0");
	SEND(c, "R seq 0");
	SEND(c, "R seq %u", edge + 1);
	EXPECT_NOTHING(c);
	EXPECT_STATE(c, WS_ESTABLISHED);
	SEND(c, "R seq 1");
	ASSERT_EQ(0, wire_wait_error(c, ECONNRESET));
}

WIRE_TEST(peer, fin_before_text)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "FA seq 101 ack 1");
	EXPECT(c, "A seq 1 ack 1 len 0");
	SEND(c, "A seq 1 len 100");
	EXPECT(c, "A seq 1 ack 102 len 0");
	ASSERT_EQ(0, wire_read(c, 100));
	ASSERT_EQ(0, wire_read_eof(c));
}

/* ---- The stack's numbers: try until its ISN lies well ---- */

FIXTURE(stack) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(stack) {
	uint32_t before;	/* the number that the data has to cross */
};

WIRE_SETUP(stack)

FIXTURE_VARIANT_ADD(stack, wraps) {
	.before = 0,
};

FIXTURE_VARIANT_ADD(stack, changes_sign) {
	.before = 0x80000000,
};

#define REACH	(2u << 20)
#define TRIES	24000

TEST_F_TIMEOUT(stack, crosses, 600)
{
	struct wire_conn *c = &self->c;
	uint32_t left = 0, n;
	int i;

	ASSERT_EQ(0, wire_listen(c));
	for (i = 0; i < TRIES; i++) {
		/* Initial numbers depend on the ports (RFC 6528). */
		c->pport = 1024 + i % 60000;
		wire_conn_reuse(c, 1000000 + i);
		SEND(c, "S seq 0 mss 1460 win 60000");
		EXPECT(c, "SA seq 0 ack 1");
		left = variant->before - c->irs;
		if (left > 20000 && left < REACH)
			break;
		SEND(c, "R seq 1");
	}
	/* A dozen of that many random numbers lie well. */
	ASSERT_GT(TRIES, i);
	c->win = 60000;
	c->snd_nxt = c->iss + 1;
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	for (left += 20000; left; left -= n) {
		n = left < 14600 ? left : 14600;
		ASSERT_EQ(0, wire_write(c, n));
		ASSERT_EQ(0, wire_expect_stream(c, 1 + c->wr_off, false, true));
	}
	ASSERT_LT(0, (int32_t)(c->rcv_nxt - variant->before));
	ASSERT_GT(0, (int32_t)(c->irs - variant->before));
	SEND(c, "A len 10");
	EXPECT(c, "A ack 11 len 0");
	ASSERT_EQ(0, shutdown(c->fd, SHUT_WR));
	EXPECT(c, "FA seq %u ack 11 len 0", 1 + c->wr_off);
	SEND(c, "FA");
	EXPECT(c, "A seq %u ack 12 len 0", 2 + c->wr_off);
	EXPECT_STATE(c, WS_TIME_WAIT);
}

TEST_HARNESS_MAIN

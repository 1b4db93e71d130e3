// SPDX-License-Identifier: GPL-2.0
/*
 * Nagle's algorithm must hold a small segment while data is unacknowledged, and
 * TCP_NODELAY must switch it off (RFC 9293 3.7.4).
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

WIRE_FIXTURE(nagle)

WIRE_TEST(nagle, idle_sends_at_once)
{
	struct wire_conn *c = &self->c;
	int i;

	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, wire_write(c, 10));
		EXPECT_NOW(c, "A seq %d len 10", 1 + 10 * i);
		SEND(c, "A");
		EXPECT_NOTHING(c);
	}
}

WIRE_TEST(nagle, holds_a_small_segment)
{
	struct wire_conn *c = &self->c;

	c->rtt_ms = 300;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT_NOW(c, "A seq 1 len 10");
	ASSERT_EQ(0, wire_write(c, 20));
	EXPECT_NOTHING(c);
	EXPECT_QUIET(c, 200);
	SEND(c, "A ack 11");
	EXPECT_NOW(c, "A seq 11 len 20");
}

WIRE_TEST(nagle, gathers_small_writes)
{
	struct wire_conn *c = &self->c;
	int i;

	c->rtt_ms = 300;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT_NOW(c, "A seq 1 len 10");
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, wire_write(c, 7));
		EXPECT_NOTHING(c);
	}
	SEND(c, "A ack 11");
	EXPECT_NOW(c, "A seq 11 len 140");
	EXPECT_NOTHING(c);
}

WIRE_TEST(nagle, full_segment_goes)
{
	struct wire_conn *c = &self->c;

	c->rtt_ms = 300;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT_NOW(c, "A seq 1 len 10");
	ASSERT_EQ(0, wire_write(c, 600));
	EXPECT_NOTHING(c);
	ASSERT_EQ(0, wire_write(c, 600));
	EXPECT_NOW(c, "A seq 11 len 1000");
	EXPECT_NOTHING(c);
	SEND(c, "A ack 1011");
	EXPECT_NOW(c, "A seq 1011 len 200");
}

WIRE_TEST(nagle, tail_of_a_large_write_waits)
{
	struct wire_conn *c = &self->c;

	c->rtt_ms = 300;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT_NOW(c, "A seq 1 len 10");
	ASSERT_EQ(0, wire_write(c, 1500));
	EXPECT_NOW(c, "A seq 11 len 1000");
	EXPECT_NOTHING(c);
	SEND(c, "A ack 1011");
	EXPECT_NOW(c, "A seq 1011 len 500");
}

WIRE_TEST(nagle, tail_goes_with_its_full_segments)
{
	struct wire_conn *c = &self->c;

	/* RFC 9293 A.3: one small segment at a time may be on the way. */
	c->rtt_ms = 300;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 1500));
	EXPECT_NOW(c, "pA seq 1 len 1000");
	EXPECT_NOW(c, "PA seq 1001 len 500");
	ASSERT_EQ(0, wire_write(c, 1500));
	EXPECT_NOW(c, "A seq 1501 len 1000");
	EXPECT_NOTHING(c);
	/* The full ones ahead of it may still be there. */
	SEND(c, "A ack 1501");
	EXPECT_NOW(c, "PA seq 2501 len 500");
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT_NOTHING(c);
	SEND(c, "A ack 2501");
	EXPECT_NOTHING(c);
	SEND(c, "A ack 3001");
	EXPECT_NOW(c, "A seq 3001 len 10");
}

WIRE_TEST(nagle, nodelay_sends_at_once)
{
	struct wire_conn *c = &self->c;
	int i;

	/* MUST-17 */
	c->rtt_ms = 300;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_NODELAY, 1));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, wire_write(c, 10));
		EXPECT_NOW(c, "A seq %d len 10", 1 + 10 * i);
	}
}

WIRE_TEST(nagle, can_be_switched_on_again)
{
	struct wire_conn *c = &self->c;

	c->rtt_ms = 300;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_NODELAY, 1));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT_NOW(c, "A seq 1 len 10");
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_NODELAY, 0));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT_NOTHING(c);
	SEND(c, "A ack 11");
	EXPECT_NOW(c, "A seq 11 len 10");
}

WIRE_TEST(nagle, push_on_the_last_segment)
{
	struct wire_conn *c = &self->c;

	/* MUST-61 */
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "PA seq 1 len 10");
	SEND(c, "A");
	ASSERT_EQ(0, wire_write(c, 1010));
	EXPECT(c, "pA seq 11 len 1000");
	SEND(c, "A");
	EXPECT(c, "PA seq 1011 len 10");
}

WIRE_TEST(nagle, a_cork_delays_but_does_not_keep)
{
	struct wire_conn *c = &self->c;

	/* MUST-60: text is not held for ever; the override timeout of 3.8.6.2.1. */
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_CORK, 1));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT_NOTHING(c);
	EXPECT(c, "A seq 1 len 10");
}

TEST_HARNESS_MAIN

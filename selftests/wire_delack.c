// SPDX-License-Identifier: GPL-2.0
/*
 * An ACK may be delayed, but for less than 0.5 s and not beyond the second full
 * segment; out-of-order text and text that fills a gap is acknowledged at once
 * (RFC 9293 3.8.6.3, RFC 5681 4.2).
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

#define MSS		1460
#define SLACK_US	300000	/* of an emulated machine */

WIRE_FIXTURE(delack)

/* Past the beginning, when a stack may acknowledge each segment on purpose. */
static int warm_up(struct wire_conn *c)
{
	int i;

	if (wire_passive(c, "mss 1460"))
		return -1;
	for (i = 0; i < 20; i++) {
		if (wire_send(c, "A len %d", MSS) || wire_send(c, "PA len %d", MSS) ||
		    wire_read(c, 2 * MSS))
			return -1;
		while (wire_rel_ack(c, &c->got) != c->snd_nxt - c->iss)
			if (wire_next(c, WIRE_DEADLINE_MS))
				return -1;
	}
	return wire_expect_nothing(c);
}

WIRE_TEST(delack, below_half_a_second)
{
	struct wire_conn *c = &self->c;
	int64_t began;
	int i;

	ASSERT_EQ(0, warm_up(c));
	for (i = 0; i < 8; i++) {
		began = wire_now();
		SEND(c, "PA len 10");
		EXPECT(c, "A seq 1 ack %u len 0", c->snd_nxt - c->iss);
		ASSERT_GT(500000 + SLACK_US, c->got.when - began);
	}
	ASSERT_EQ(0, wire_read(c, 80));
}

WIRE_TEST(delack, is_delayed_at_all)
{
	struct wire_conn *c = &self->c;
	int i, delayed = 0;

	/* SHLD-18 */
	ASSERT_EQ(0, warm_up(c));
	for (i = 0; i < 20 && !delayed; i++) {
		SEND(c, "PA len 10");
		if (wire_drain(c) == 0)
			delayed++;
		while (wire_rel_ack(c, &c->got) != c->snd_nxt - c->iss)
			ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
	}
	ASSERT_EQ(1, delayed);
}

WIRE_TEST(delack, asked_for_at_once)
{
	struct wire_conn *c = &self->c;
	int i;

	/* TCP_QUICKACK: what is owed goes now. */
	ASSERT_EQ(0, warm_up(c));
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_QUICKACK, 0));
		SEND(c, "PA len 10");
		/* In-tree it is owed for what has been read. */
		if (self->w.family == AF_INET)
			ASSERT_EQ(0, wire_read(c, 10));
		ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_QUICKACK, 1));
		EXPECT_NOW(c, "A seq 1 ack %u len 0", c->snd_nxt - c->iss);
		/* Once. */
		EXPECT_NOTHING(c);
	}
	if (self->w.family != AF_INET)
		ASSERT_EQ(0, wire_read(c, 80));
	/* With nothing owed there is nothing to say. */
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_QUICKACK, 1));
	EXPECT_NOTHING(c);
}

WIRE_TEST(delack, rides_on_data)
{
	struct wire_conn *c = &self->c;
	int i, n, rode = 0;

	/* MUST-58: the answer carries the ACK, where one was delayed. */
	ASSERT_EQ(0, warm_up(c));
	for (i = 0; i < 20; i++) {
		SEND(c, "PA len 10");
		ASSERT_EQ(0, wire_read(c, 10));
		n = wire_drain(c);
		ASSERT_LE(0, n);
		ASSERT_EQ(0, wire_write(c, 10));
		EXPECT(c, "A seq %d ack %u len 10", 1 + 10 * i, c->snd_nxt - c->iss);
		rode += n == 0;
		SEND(c, "A");
		EXPECT_NOTHING(c);
	}
	ASSERT_LE(1, rode);
}

WIRE_TEST(delack, every_second_full_segment)
{
	struct wire_conn *c = &self->c;
	int i, n, acks = 0;

	ASSERT_EQ(0, warm_up(c));
	for (i = 0; i < 30; i++) {
		SEND(c, "A len %d", MSS);
		n = wire_drain(c);
		ASSERT_LE(0, n);
		acks += n;
		SEND(c, "A len %d", MSS);
		ASSERT_EQ(0, wire_read(c, 2 * MSS));
		n = wire_drain(c);
		ASSERT_LE(0, n);
		acks += n;
		/* No timer needed: it is here already. */
		ASSERT_EQ(c->snd_nxt, c->got.ack);
	}
	ASSERT_GE(90, acks);
}

/*
 * Where much is unread and the window would only shrink, an ACK for each second
 * segment tells the peer nothing: one goes when text is read, or with the timer.
 */
WIRE_TEST(delack, waits_for_a_reader_that_lags)
{
	struct wire_conn *c = &self->c;
	int i, n;

	if (self->w.family == AF_INET)
		SKIP(return, "how much is unread when the in-tree TCP waits depends on more");
	ASSERT_EQ(0, wire_sysctl(&self->w, "delack_ms", 400));
	ASSERT_EQ(0, warm_up(c));
	ASSERT_EQ(0, wire_set_int(c, SOL_SOCKET, SO_RCVBUF, 65536));
	for (i = 0; i < 14; i++)
		SEND(c, "A len %d", MSS);
	n = wire_drain(c);
	/* A peer that begins gets its ACKs. */
	ASSERT_LE(5, n);
	for (i = 0; i < 16; i++)
		SEND(c, "A len %d", MSS);
	n = wire_drain(c);
	ASSERT_LE(0, n);
	ASSERT_GE(4, n);
	/* The timer. */
	while (c->got.ack != c->snd_nxt)
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
	SEND(c, "A len %d", MSS);
	SEND(c, "A len %d", MSS);
	ASSERT_EQ(0, wire_read(c, 32 * MSS));
	while (c->got.ack != c->snd_nxt)
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
}

/* And while that much stays unread, one for each quarter of the window that is read. */
WIRE_TEST(delack, goes_in_steps_while_much_is_unread)
{
	struct wire_conn *c = &self->c;
	int i, n, acks = 0;

	if (self->w.family == AF_INET)
		SKIP(return, "the in-tree TCP has no such steps");
	ASSERT_EQ(0, wire_sysctl(&self->w, "delack_ms", 400));
	ASSERT_EQ(0, warm_up(c));
	ASSERT_EQ(0, wire_set_int(c, SOL_SOCKET, SO_RCVBUF, 65536));
	for (i = 0; i < 24; i++)
		SEND(c, "A len %d", MSS);
	while (c->got.ack != c->snd_nxt)
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
	for (i = 0; i < 24; i++) {
		SEND(c, "A len %d", MSS);
		SEND(c, "A len %d", MSS);
		ASSERT_EQ(0, wire_read(c, 2 * MSS));
		n = wire_drain(c);
		ASSERT_LE(0, n);
		acks += n;
	}
	/* 70,000 octets were read, of a window of at most 65,536. */
	ASSERT_LE(2, acks);
	ASSERT_GE(12, acks);
	/* All is acknowledged once it is read. */
	ASSERT_EQ(0, wire_read(c, 24 * MSS));
	while (c->got.ack != c->snd_nxt)
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
}

WIRE_TEST(delack, out_of_order_at_once)
{
	struct wire_conn *c = &self->c;
	uint32_t base;
	int i;

	ASSERT_EQ(0, warm_up(c));
	base = c->snd_nxt - c->iss;
	for (i = 1; i <= 4; i++) {
		SEND(c, "A seq %u len 100", base + 100 * i);
		EXPECT_NOW(c, "A seq 1 ack %u len 0", base);
	}
	/* The gap is filled. */
	SEND(c, "A seq %u len 100", base);
	EXPECT_NOW(c, "A seq 1 ack %u len 0", base + 500);
	ASSERT_EQ(0, wire_read(c, 500));
}

WIRE_TEST(delack, part_of_a_gap_at_once)
{
	struct wire_conn *c = &self->c;
	uint32_t base;

	/* RFC 5681 4.2: also when the segment fills a part of a gap. */
	ASSERT_EQ(0, warm_up(c));
	base = c->snd_nxt - c->iss;
	SEND(c, "A seq %u len 100", base + 300);
	EXPECT_NOW(c, "A seq 1 ack %u len 0", base);
	SEND(c, "A seq %u len 100", base);
	EXPECT_NOW(c, "A seq 1 ack %u len 0", base + 100);
	SEND(c, "A seq %u len 200", base + 100);
	EXPECT_NOW(c, "A seq 1 ack %u len 0", base + 400);
	ASSERT_EQ(0, wire_read(c, 400));
}

WIRE_TEST(delack, duplicate_at_once)
{
	struct wire_conn *c = &self->c;
	uint32_t base;

	ASSERT_EQ(0, warm_up(c));
	base = c->snd_nxt - c->iss;
	SEND(c, "A seq %u len 100", base - 100);
	EXPECT_NOW(c, "A seq 1 ack %u len 0", base);
}

WIRE_TEST(delack, fin_soon)
{
	struct wire_conn *c = &self->c;
	int64_t began;

	ASSERT_EQ(0, warm_up(c));
	began = wire_now();
	SEND(c, "FA");
	EXPECT(c, "A seq 1 ack %u len 0", c->snd_nxt - c->iss);
	ASSERT_GT(500000 + SLACK_US, c->got.when - began);
}

TEST_HARNESS_MAIN

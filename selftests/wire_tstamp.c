// SPDX-License-Identifier: GPL-2.0
/*
 * Timestamps (RFC 7323): on every segment when both SYNs had them and on none
 * when not; the echo is of the oldest segment that an ACK answers; what is
 * older than the last one echoed is dropped; an echo measures the round trip of
 * a retransmission too; and they make TIME_WAIT short (RFC 6191).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

#define T0		1000000u	/* the peer's clock at first */
#define INTREE(self)	((self)->w.family == AF_INET)

WIRE_FIXTURE(tstamp)

/* The peer's timestamps begin, at a value. */
static void stamp(struct wire_conn *c, uint32_t tsval)
{
	c->stamp = true;
	c->tsval = tsval;
}

static int knob(struct wire *w, const char *ours, const char *theirs, long value)
{
	char path[128];

	if (w->family != AF_INET)
		return wire_sysctl(w, ours, value);
	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/%s", theirs);
	return wire_write_file(path, value);
}

/* ---- Negotiation, RFC 7323 3.2 ---- */

WIRE_TEST(tstamp, passive)
{
	struct wire_conn *c = &self->c;

	stamp(c, T0);
	ASSERT_EQ(0, wire_listen(c));
	SEND(c, "S seq 0 mss 1460");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	ASSERT_TRUE(c->got.has_ts);
	ASSERT_EQ(T0, c->got.tsecr);
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_TRUE(wire_info(c).tcpi_options & TCPI_OPT_TIMESTAMPS);
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq 1 ack 1 len 10");
	ASSERT_TRUE(c->got.has_ts);
	ASSERT_EQ(T0, c->got.tsecr);
}

WIRE_TEST(tstamp, passive_not_asked)
{
	struct wire_conn *c = &self->c;

	/* "MUST NOT send TSopt in SYN+ACK unless it received it in the SYN" */
	ASSERT_EQ(0, wire_listen(c));
	SEND(c, "S seq 0 mss 1460");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	ASSERT_FALSE(c->got.has_ts);
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_FALSE(wire_info(c).tcpi_options & TCPI_OPT_TIMESTAMPS);
	/* And what comes later means nothing. */
	SEND(c, "A len 10 ts 5 5");
	EXPECT(c, "A seq 1 ack 11 len 0");
	ASSERT_FALSE(c->got.has_ts);
	SEND(c, "A len 10 ts 4 4");
	EXPECT(c, "A seq 1 ack 21 len 0");
	ASSERT_EQ(0, wire_read(c, 20));
}

WIRE_TEST(tstamp, active)
{
	struct wire_conn *c = &self->c;

	stamp(c, T0);
	ASSERT_EQ(0, wire_connect(c));
	ASSERT_TRUE(c->got.has_ts);
	/* "If the ACK bit is not set ... the TSecr value SHOULD be zero." */
	ASSERT_EQ(0u, c->got.tsecr);
	SEND(c, "SA seq 0 ack 1 mss 1460");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_TRUE(c->got.has_ts);
	ASSERT_EQ(T0, c->got.tsecr);
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_TRUE(wire_info(c).tcpi_options & TCPI_OPT_TIMESTAMPS);
}

WIRE_TEST(tstamp, active_refused)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_connect(c));
	ASSERT_TRUE(c->got.has_ts);
	SEND(c, "SA seq 0 ack 1 mss 1460");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_FALSE(c->got.has_ts);
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq 1 ack 1 len 10");
	ASSERT_FALSE(c->got.has_ts);
	ASSERT_FALSE(wire_info(c).tcpi_options & TCPI_OPT_TIMESTAMPS);
}

WIRE_TEST(tstamp, crossing_syns)
{
	struct wire_conn *c = &self->c;

	stamp(c, T0);
	ASSERT_EQ(0, wire_connect(c));
	SEND(c, "S seq 0 mss 1460");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	ASSERT_TRUE(c->got.has_ts);
	ASSERT_EQ(T0, c->got.tsecr);
	SEND(c, "A");
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_TRUE(wire_info(c).tcpi_options & TCPI_OPT_TIMESTAMPS);
}

WIRE_TEST(tstamp, switched_off_passive)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, knob(&self->w, "timestamps", "tcp_timestamps", 0));
	stamp(c, T0);
	ASSERT_EQ(0, wire_listen(c));
	SEND(c, "S seq 0 mss 1460");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	ASSERT_FALSE(c->got.has_ts);
	c->stamp = false;
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	SEND(c, "A len 10");
	EXPECT(c, "A seq 1 ack 11 len 0");
	ASSERT_FALSE(c->got.has_ts);
}

WIRE_TEST(tstamp, switched_off_active)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, knob(&self->w, "timestamps", "tcp_timestamps", 0));
	stamp(c, T0);
	ASSERT_EQ(0, wire_connect(c));
	ASSERT_FALSE(c->got.has_ts);
	/* A peer that answers with what nobody asked for. */
	SEND(c, "SA seq 0 ack 1 mss 1460");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_FALSE(c->got.has_ts);
	ASSERT_EQ(0, wire_connected(c));
	SEND(c, "A len 10");
	EXPECT(c, "A seq 1 ack 11 len 0");
	ASSERT_FALSE(c->got.has_ts);
}

WIRE_TEST(tstamp, syn_again_without)
{
	struct wire_conn *c = &self->c;

	/* Some peers ask for less when nobody answers; what counts is the last SYN. */
	if (INTREE(self))
		SKIP(return, "in-tree: the first SYN counts");
	ASSERT_EQ(0, wire_listen(c));
	SEND(c, "S seq 0 mss 1000 ts 5 0");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	ASSERT_TRUE(c->got.has_ts);
	SEND(c, "S seq 0 mss 1000");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	ASSERT_FALSE(c->got.has_ts);
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, wire_write(c, 1000));
	EXPECT(c, "A seq 1 ack 1 len 1000");
}

WIRE_TEST(tstamp, syn_again)
{
	struct wire_conn *c = &self->c;

	/* The echo is of the SYN that the SYN+ACK answers, or its peer mismeasures. */
	if (INTREE(self))
		SKIP(return, "in-tree: the first SYN counts");
	stamp(c, T0);
	ASSERT_EQ(0, wire_listen(c));
	SEND(c, "S seq 0 mss 1460");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	ASSERT_EQ(T0, c->got.tsecr);
	c->tsval = T0 + 1000;
	SEND(c, "S seq 0 mss 1460");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	ASSERT_EQ(T0 + 1000, c->got.tsecr);
	/* An old duplicate of it does not turn the clock back. */
	SEND(c, "S seq 0 mss 1460 ts %u 0", T0 + 500);
	EXPECT(c, "SA seq 0 ack 1 len 0");
	ASSERT_EQ(T0 + 1000, c->got.tsecr);
	SEND(c, "A seq 1");
	ASSERT_EQ(0, wire_accept(c));
}

/* ---- Every segment ---- */

WIRE_TEST(tstamp, every_segment)
{
	struct wire_conn *c = &self->c;
	uint32_t first;

	stamp(c, T0);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	c->strict = true;
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq 1 ack 1 len 10");
	first = c->got.tsval;
	/* A retransmission has the time of its own sending. */
	EXPECT(c, "A seq 1 ack 1 len 10");
	ASSERT_TRUE(c->got.has_ts);
	ASSERT_LE(50, (int32_t)(c->got.tsval - first));
	ASSERT_GE(WIRE_DEADLINE_MS, (int32_t)(c->got.tsval - first));
	c->strict = false;
	SEND(c, "A");
	/* A duplicate ACK, an ACK of what is out of the window, a challenge ACK. */
	SEND(c, "A seq 101 len 10");
	EXPECT(c, "A seq 11 ack 1 len 0");
	ASSERT_TRUE(c->got.has_ts);
	SEND(c, "A seq -100 len 10");
	EXPECT(c, "A seq 11 ack 1 len 0");
	ASSERT_TRUE(c->got.has_ts);
	SEND(c, "R seq 2");
	EXPECT(c, "A seq 11 ack 1 len 0");
	ASSERT_TRUE(c->got.has_ts);
	SEND(c, "S seq 5 nots");
	EXPECT(c, "A seq 11 ack 1 len 0");
	ASSERT_TRUE(c->got.has_ts);
	ASSERT_EQ(0, shutdown(c->fd, SHUT_WR));
	EXPECT(c, "FA seq 11 ack 1 len 0");
	ASSERT_TRUE(c->got.has_ts);
	/* "SHOULD be sent in a <RST>" */
	wire_abort(c);
	EXPECT(c, "RA seq 12 ack 1 len 0");
	ASSERT_TRUE(c->got.has_ts);
}

WIRE_TEST(tstamp, missing_is_dropped)
{
	struct wire_conn *c = &self->c;

	/* "If a non-<RST> segment is received without a TSopt, ... SHOULD silently drop" */
	if (INTREE(self))
		SKIP(return, "in-tree: taken as if it had one");
	stamp(c, T0);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "A seq 1 len 10 nots");
	EXPECT_NOTHING(c);
	ASSERT_EQ(0, wire_read_none(c));
	SEND(c, "FA seq 1 nots");
	EXPECT_NOTHING(c);
	EXPECT_STATE(c, WS_ESTABLISHED);
	ASSERT_EQ(2, wire_stat(&self->w, "Drop:no-timestamp"));
	c->snd_nxt = c->iss + 1;
	SEND(c, "A len 10");
	EXPECT(c, "A seq 1 ack 11 len 0");
	ASSERT_EQ(0, wire_read(c, 10));
}

WIRE_TEST(tstamp, missing_in_rst)
{
	struct wire_conn *c = &self->c;

	stamp(c, T0);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "R seq 1 nots");
	ASSERT_EQ(0, wire_wait_error(c, ECONNRESET));
}

WIRE_TEST(tstamp, full_segment)
{
	struct wire_conn *c = &self->c;

	/* MUST-16, RFC 6691: the option counts against what the peer announced. */
	stamp(c, T0);
	ASSERT_EQ(0, wire_passive(c, "mss 1200"));
	ASSERT_EQ(0, wire_write(c, 5 * 1188));
	EXPECT(c, "A seq 1 ack 1 len 1188");
	ASSERT_EQ(8, c->got.doff);
	EXPECT(c, "A seq 1189 ack 1 len 1188");
	ASSERT_EQ(8, c->got.doff);
	ASSERT_EQ(0, wire_expect_stream(c, 1 + 5 * 1188, false, true));
	ASSERT_EQ(1188u, wire_info(c).tcpi_snd_mss);
}

WIRE_TEST(tstamp, announced_mss_is_whole)
{
	struct wire_conn *c = &self->c;

	/* RFC 6691 3: the MSS option is not lowered for options. */
	stamp(c, T0);
	ASSERT_EQ(0, wire_listen(c));
	SEND(c, "S seq 0 mss 1460");
	EXPECT(c, "SA seq 0 ack 1 len 0 mss 1460");
}

WIRE_TEST(tstamp, three_sack_blocks)
{
	struct wire_conn *c = &self->c;
	int i;

	stamp(c, T0);
	ASSERT_EQ(0, wire_passive(c, "mss 1460 sackok"));
	for (i = 1; i <= 6; i++) {
		SEND(c, "A seq %d len 100", 1 + 200 * i);
		EXPECT(c, "A seq 1 ack 1 len 0");
		ASSERT_TRUE(c->got.has_ts);
		ASSERT_EQ(i < 3 ? i : 3, c->got.nsack);
	}
}

/* ---- What is echoed, RFC 7323 4.3 ---- */

WIRE_TEST(tstamp, echo_of_a_delayed_ack)
{
	struct wire_conn *c = &self->c;

	/* (A): the oldest segment that the ACK answers. */
	stamp(c, T0);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	if (INTREE(self))
		SKIP(return, "in-tree: acknowledges the first segments at once");
	c->tsval = T0 + 10;
	SEND(c, "A len 100");
	c->tsval = T0 + 20;
	SEND(c, "A len 100");
	c->tsval = T0 + 30;
	SEND(c, "A len 100");
	EXPECT(c, "A seq 1 ack 301 len 0");
	ASSERT_EQ(T0 + 10, c->got.tsecr);
	/* The next one is the first again. */
	c->tsval = T0 + 40;
	SEND(c, "A len 100");
	EXPECT(c, "A seq 1 ack 401 len 0");
	ASSERT_EQ(T0 + 40, c->got.tsecr);
}

WIRE_TEST(tstamp, echo_with_holes)
{
	struct wire_conn *c = &self->c;

	stamp(c, T0);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	c->tsval = T0 + 10;
	SEND(c, "A len 100");
	EXPECT(c, "A seq 1 ack 101 len 0");
	ASSERT_EQ(T0 + 10, c->got.tsecr);
	/* (B): a segment beyond a hole does not move it. */
	c->tsval = T0 + 20;
	SEND(c, "A seq 201 len 100");
	EXPECT(c, "A seq 1 ack 101 len 0");
	ASSERT_EQ(T0 + 10, c->got.tsecr);
	c->tsval = T0 + 30;
	SEND(c, "A seq 401 len 100");
	EXPECT(c, "A seq 1 ack 101 len 0");
	ASSERT_EQ(T0 + 10, c->got.tsecr);
	/* (C): the one that fills it does. */
	c->tsval = T0 + 40;
	SEND(c, "A seq 101 len 100");
	EXPECT(c, "A seq 1 ack 301 len 0");
	ASSERT_EQ(T0 + 40, c->got.tsecr);
	c->tsval = T0 + 50;
	SEND(c, "A seq 301 len 100");
	EXPECT(c, "A seq 1 ack 501 len 0");
	ASSERT_EQ(T0 + 50, c->got.tsecr);
	ASSERT_EQ(0, wire_read(c, 500));
}

WIRE_TEST(tstamp, echo_of_an_ack)
{
	struct wire_conn *c = &self->c;

	stamp(c, T0);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	c->tsval = T0 + 10;
	SEND(c, "A");
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq 1 ack 1 len 10");
	ASSERT_EQ(T0 + 10, c->got.tsecr);
}

/* ---- PAWS, RFC 7323 5 ---- */

WIRE_TEST(tstamp, paws_drops)
{
	struct wire_conn *c = &self->c;

	stamp(c, T0);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "A len 10");
	EXPECT(c, "A seq 1 ack 11 len 0");
	ASSERT_EQ(0, wire_read(c, 10));
	/* An old duplicate whose numbers are right (R1). */
	SEND(c, "A seq 11 len 10 ts %u %u", T0 - 2, c->tsrecent);
	EXPECT_NOW(c, "A seq 1 ack 11 len 0");
	ASSERT_EQ(T0, c->got.tsecr);
	ASSERT_EQ(0, wire_read_none(c));
	SEND(c, "FA seq 11 ts %u %u", T0 - 0x7fffffffu, c->tsrecent);
	EXPECT_NOW(c, "A seq 1 ack 11 len 0");
	EXPECT_STATE(c, WS_ESTABLISHED);
	if (!INTREE(self)) {
		ASSERT_EQ(2, wire_stat(&self->w, "Drop:paws"));
	}
	/* The same number, not older. */
	c->snd_nxt = c->iss + 11;
	SEND(c, "A len 10");
	EXPECT(c, "A seq 1 ack 21 len 0");
	ASSERT_EQ(0, wire_read(c, 10));
}

WIRE_TEST(tstamp, paws_before_the_window)
{
	struct wire_conn *c = &self->c;

	/* A segment beyond a hole, older than what was taken: not held. */
	stamp(c, T0);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "A seq 101 len 100 ts %u %u", T0 - 5, c->tsrecent);
	EXPECT_NOW(c, "A seq 1 ack 1 len 0");
	SEND(c, "A seq 1 len 100");
	EXPECT(c, "A seq 1 ack 101 len 0");
	ASSERT_EQ(0, wire_read(c, 100));
	ASSERT_EQ(0, wire_read_none(c));
}

WIRE_TEST(tstamp, paws_spares_rst)
{
	struct wire_conn *c = &self->c;

	stamp(c, T0);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "R seq 1 ts %u 0", T0 - 1000);
	ASSERT_EQ(0, wire_wait_error(c, ECONNRESET));
}

WIRE_TEST(tstamp, clock_wraps)
{
	struct wire_conn *c = &self->c;

	stamp(c, 0xfffffff0u);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	c->tsval = 0x10;
	SEND(c, "A len 10");
	EXPECT(c, "A seq 1 ack 11 len 0");
	ASSERT_EQ(0x10u, c->got.tsecr);
	SEND(c, "A seq 11 len 10 ts %u %u", 0xfffffff8u, c->tsrecent);
	EXPECT_NOW(c, "A seq 1 ack 11 len 0");
	ASSERT_EQ(0, wire_read(c, 10));
	ASSERT_EQ(0, wire_read_none(c));
	/* Half the circle on is still newer, beyond it older. */
	c->snd_nxt = c->iss + 11;
	c->tsval = 0x10 + 0x7fffffffu;
	SEND(c, "A len 10");
	EXPECT(c, "A seq 1 ack 21 len 0");
	SEND(c, "A seq 21 len 10 ts %u %u", c->tsval + 0x80000001u, c->tsrecent);
	EXPECT_NOW(c, "A seq 1 ack 21 len 0");
	ASSERT_EQ(0, wire_read(c, 10));
	ASSERT_EQ(0, wire_read_none(c));
}

/* ---- The round trip, RFC 7323 4.1 ---- */

/* What the round trip is after an ACK that echoes the first or the second sending. */
static int retransmitted(struct wire_conn *c, bool second, unsigned int *before,
			 unsigned int *then)
{
	uint32_t first;

	if (wire_passive(c, "mss 1460"))
		return -1;
	*before = wire_info(c).tcpi_rtt;
	c->strict = true;
	if (wire_write(c, 100) || wire_expect(c, "A seq 1 ack 1 len 100"))
		return -1;
	first = c->got.tsval;
	if (wire_expect(c, "A seq 1 ack 1 len 100") ||
	    wire_send(c, "A ts %u %u", c->tsval, second ? c->got.tsval : first) ||
	    wire_expect_nothing(c))
		return -1;
	*then = wire_info(c).tcpi_rtt;
	return 0;
}

WIRE_TEST(tstamp, rtt_of_the_first_sending)
{
	unsigned int before, then;

	/* 200 ms at least lie between them, an eighth of which must be felt. */
	stamp(&self->c, T0);
	ASSERT_EQ(0, retransmitted(&self->c, false, &before, &then));
	if (before > 100000)
		SKIP(return, "a slow machine: the handshake took %u us", before);
	ASSERT_LT(before + 10000, then);
}

WIRE_TEST(tstamp, rtt_of_the_second_sending)
{
	unsigned int before, then;

	/* Karn's rule is not needed: the echo tells which one was answered. */
	stamp(&self->c, T0);
	ASSERT_EQ(0, retransmitted(&self->c, true, &before, &then));
	ASSERT_GT(before + 10000, then);
}

WIRE_TEST(tstamp, rtt_without)
{
	struct wire_conn *c = &self->c;
	unsigned int before;

	/* Karn (MUST-18): without timestamps no sample at all. */
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	before = wire_info(c).tcpi_rtt;
	c->strict = true;
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 ack 1 len 100");
	EXPECT(c, "A seq 1 ack 1 len 100");
	SEND(c, "A");
	EXPECT_NOTHING(c);
	ASSERT_EQ(before, wire_info(c).tcpi_rtt);
}

WIRE_TEST(tstamp, rtt_ignores_lies)
{
	struct wire_conn *c = &self->c;
	unsigned int before;

	/* Echoes of the future, and of what was never sent. */
	stamp(c, T0);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	before = wire_info(c).tcpi_rtt;
	c->strict = true;
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 ack 1 len 100");
	EXPECT(c, "A seq 1 ack 1 len 100");
	SEND(c, "A ts %u %u", T0, c->got.tsval + 1000000);
	EXPECT_NOTHING(c);
	ASSERT_EQ(before, wire_info(c).tcpi_rtt);
}

/* Who only receives is told by the echoes of what comes. */
WIRE_TEST(tstamp, rtt_of_a_receiver)
{
	struct wire_conn *c = &self->c;

	stamp(c, T0);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0u, wire_info(c).tcpi_rcv_rtt);
	SEND(c, "PA len 1000 ts %u %u", T0, c->tsrecent - 300);
	ASSERT_EQ(0, wire_read(c, 1000));
	ASSERT_LE(300000u, wire_info(c).tcpi_rcv_rtt);
}

WIRE_TEST(tstamp, rtt_of_a_receiver_ignores_lies)
{
	struct wire_conn *c = &self->c;

	stamp(c, T0);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "PA len 1000 ts %u %u", T0, c->tsrecent + 1000000);
	ASSERT_EQ(0, wire_read(c, 1000));
	ASSERT_EQ(0u, wire_info(c).tcpi_rcv_rtt);
}

/* ---- TIME_WAIT, RFC 6191 ---- */

/* A connection whose listener stays, in TIME_WAIT; TS.Recent is the peer's clock. */
static int leave_in_time_wait(struct wire_conn *c)
{
	if (wire_passive(c, "mss 1460"))
		return -1;
	wire_close(c);
	if (wire_expect(c, "FA seq 1 ack 1") || wire_send(c, "FA ack 2") ||
	    wire_expect(c, "A seq 2 ack 2"))
		return -1;
	return wire_wait_state(c, WS_TIME_WAIT);
}

WIRE_TEST(tstamp, time_wait_answers_with_them)
{
	struct wire_conn *c = &self->c;
	uint32_t last;

	/* "MUST be sent in every non-<RST> segment for the duration of the connection" */
	stamp(c, T0);
	ASSERT_EQ(0, leave_in_time_wait(c));
	last = c->got.tsval;
	if (!INTREE(self))
		c->tsval = T0 + 7;
	SEND(c, "FA seq 1 ack 2");
	EXPECT(c, "A seq 2 ack 2 len 0");
	ASSERT_TRUE(c->got.has_ts);
	ASSERT_EQ(c->tsval, c->got.tsecr);
	/* The same clock goes on. */
	ASSERT_LE(0, (int32_t)(c->got.tsval - last));
	ASSERT_GT(60000, (int32_t)(c->got.tsval - last));
	EXPECT_STATE(c, WS_TIME_WAIT);
}

WIRE_TEST(tstamp, time_wait_paws)
{
	struct wire_conn *c = &self->c;

	stamp(c, T0);
	ASSERT_EQ(0, leave_in_time_wait(c));
	SEND(c, "A seq 2 ack 2 len 10 ts %u %u", T0 - 1, c->tsrecent);
	EXPECT(c, "A seq 2 ack 2 len 0");
	ASSERT_EQ(T0, c->got.tsecr);
	EXPECT_STATE(c, WS_TIME_WAIT);
	if (!INTREE(self)) {
		ASSERT_EQ(1, wire_stat(&self->w, "Drop:paws"));
	}
}

WIRE_TEST(tstamp, time_wait_newer_syn)
{
	struct wire_conn *c = &self->c;
	uint32_t last, tsval;

	/* SHLD-4: a newer timestamp is enough, whatever the number. */
	stamp(c, T0);
	ASSERT_EQ(0, leave_in_time_wait(c));
	last = c->rcv_nxt;
	tsval = c->got.tsval;
	wire_conn_reuse(c, c->iss - 1000000);
	c->tsval = T0 + 1;
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_in_state(&self->w, WS_TIME_WAIT));
	ASSERT_LT(0, (int32_t)(c->irs - last));
	/* The names are the same, so is the offset: the peer can do as we do. */
	ASSERT_LE(0, (int32_t)(c->tsrecent - tsval));
	ASSERT_GT(60000, (int32_t)(c->tsrecent - tsval));
	SEND(c, "A len 10");
	EXPECT(c, "A seq 1 ack 11 len 0");
	ASSERT_EQ(0, wire_read(c, 10));
}

WIRE_TEST(tstamp, time_wait_older_syn)
{
	struct wire_conn *c = &self->c;

	/* An old duplicate, though its number is higher. */
	stamp(c, T0);
	ASSERT_EQ(0, leave_in_time_wait(c));
	SEND(c, "S seq 100000 mss 1460 ts %u 0", T0 - 1);
	EXPECT(c, "A seq 2 ack 2 len 0");
	EXPECT_STATE(c, WS_TIME_WAIT);
}

WIRE_TEST(tstamp, time_wait_same_tick)
{
	struct wire_conn *c = &self->c;

	/* The same millisecond: the number decides. */
	stamp(c, T0);
	ASSERT_EQ(0, leave_in_time_wait(c));
	SEND(c, "S seq -100000 mss 1460");
	EXPECT(c, "A seq 2 ack 2 len 0");
	EXPECT_STATE(c, WS_TIME_WAIT);
	wire_conn_reuse(c, c->snd_nxt + 100000);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_in_state(&self->w, WS_TIME_WAIT));
}

WIRE_TEST(tstamp, time_wait_syn_without)
{
	struct wire_conn *c = &self->c;

	stamp(c, T0);
	ASSERT_EQ(0, leave_in_time_wait(c));
	SEND(c, "S seq -100000 mss 1460 nots");
	EXPECT(c, "A seq 2 ack 2 len 0");
	EXPECT_STATE(c, WS_TIME_WAIT);
	c->stamp = false;
	wire_conn_reuse(c, c->snd_nxt + 100000);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_FALSE(c->got.has_ts);
}

WIRE_TEST(tstamp, time_wait_first_syn_with)
{
	struct wire_conn *c = &self->c;

	/* RFC 6191 2: timestamps now and none before: nothing can be mixed up. */
	if (INTREE(self))
		SKIP(return, "in-tree: then the number decides");
	ASSERT_EQ(0, leave_in_time_wait(c));
	stamp(c, T0);
	wire_conn_reuse(c, c->iss - 1000000);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_in_state(&self->w, WS_TIME_WAIT));
}

/* ---- connect() over a name in TIME_WAIT ---- */

/* A socket bound to the port of the connection, or to none; its errno from connect(). */
static int open_again(struct wire_conn *c, bool bound)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int one = 1;

	wire_conn_reuse(c, c->iss + 1000000);
	if (wire_open(c))
		return -1;
	setsockopt(c->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	sin.sin_port = htons(WIRE_SPORT);
	sin.sin_addr.s_addr = htonl(WIRE_LOCAL);
	if (bound && bind(c->fd, (struct sockaddr *)&sin, sizeof(sin)))
		return -1;
	sin.sin_port = htons(c->pport);
	sin.sin_addr.s_addr = htonl(c->peer);
	return connect(c->fd, (struct sockaddr *)&sin, sizeof(sin)) ? errno : 0;
}

/* Closed by us first, so that TIME_WAIT is ours. */
static int close_first(struct wire_conn *c)
{
	wire_close(c);
	if (wire_expect(c, "FA seq 1 ack 1") || wire_send(c, "FA ack 2") ||
	    wire_expect(c, "A seq 2 ack 2"))
		return -1;
	return wire_wait_state(c, WS_TIME_WAIT);
}

static int finish_handshake(struct wire_conn *c)
{
	if (wire_expect(c, "S seq 0 len 0") || wire_send(c, "SA seq 0 ack 1 mss 1460"))
		return -1;
	c->snd_nxt = c->iss + 1;
	return wire_expect(c, "A seq 1 ack 1 len 0") ?: wire_connected(c);
}

WIRE_TEST(tstamp, connect_again_bound)
{
	struct wire_conn *c = &self->c;
	uint32_t last, tsval;

	stamp(c, T0);
	ASSERT_EQ(EINPROGRESS, open_again(c, true));
	ASSERT_EQ(0, finish_handshake(c));
	ASSERT_EQ(0, close_first(c));
	last = c->rcv_nxt;
	tsval = c->got.tsval;
	ASSERT_EQ(EINPROGRESS, open_again(c, true));
	ASSERT_EQ(0, finish_handshake(c));
	/* What the peer may still have of the old one lies below. */
	ASSERT_LT(65535, (int32_t)(c->irs - last));
	ASSERT_LE(0, (int32_t)(c->tsrecent - tsval));
	ASSERT_GT(60000, (int32_t)(c->tsrecent - tsval));
	ASSERT_EQ(0, wire_in_state(&self->w, WS_TIME_WAIT));
	SEND(c, "A len 10");
	EXPECT(c, "A seq 1 ack 11 len 0");
	ASSERT_EQ(0, wire_read(c, 10));
}

WIRE_TEST(tstamp, connect_again_bound_without)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(EINPROGRESS, open_again(c, true));
	ASSERT_EQ(0, finish_handshake(c));
	ASSERT_EQ(0, close_first(c));
	ASSERT_EQ(EADDRNOTAVAIL, open_again(c, true));
	EXPECT_STATE(c, WS_TIME_WAIT);
}

static int one_port(void)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "w");
	int err;

	if (!f)
		return -1;
	err = fprintf(f, "%d %d\n", WIRE_SPORT, WIRE_SPORT) < 0;
	return fclose(f) || err ? -1 : 0;
}

WIRE_TEST(tstamp, connect_again_when_ports_are_used_up)
{
	struct wire_conn *c = &self->c;

	stamp(c, T0);
	ASSERT_EQ(0, one_port());
	ASSERT_EQ(EINPROGRESS, open_again(c, false));
	ASSERT_EQ(0, finish_handshake(c));
	ASSERT_EQ(0, close_first(c));
	/* By default only on loopback, which this is not; or never. */
	ASSERT_EQ(EADDRNOTAVAIL, open_again(c, false));
	wire_close(c);
	ASSERT_EQ(0, knob(&self->w, "tw_reuse", "tcp_tw_reuse", 0));
	ASSERT_EQ(EADDRNOTAVAIL, open_again(c, false));
	wire_close(c);
	ASSERT_EQ(0, knob(&self->w, "tw_reuse", "tcp_tw_reuse", 1));
	/* Once the clocks have moved on. */
	usleep(2100000);
	ASSERT_EQ(EINPROGRESS, open_again(c, false));
	ASSERT_EQ(0, finish_handshake(c));
	ASSERT_EQ(0, wire_in_state(&self->w, WS_TIME_WAIT));
}

/* One connection over loopback that its client closes first; errno of connect(). */
static int over_loopback(int lfd, struct wire_conn *c)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	int cfd, sfd, err;
	char end;

	if (getsockname(lfd, (struct sockaddr *)&sin, &len))
		return -1;
	cfd = socket(c->w->family, SOCK_STREAM | SOCK_CLOEXEC,
		     c->w->proto == IPPROTO_TCP ? 0 : c->w->proto);
	err = connect(cfd, (struct sockaddr *)&sin, sizeof(sin)) ? errno : 0;
	if (err) {
		close(cfd);
		return err;
	}
	sfd = accept(lfd, NULL, NULL);
	close(cfd);
	err = recv(sfd, &end, 1, 0);
	close(sfd);
	return err ? -1 : wire_wait_state(c, WS_TIME_WAIT);
}

WIRE_TEST(tstamp, connect_again_on_loopback)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(8888) };
	struct wire_conn *c = &self->c;
	int lfd;

	ASSERT_EQ(0, one_port());
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	lfd = socket(self->w.family, SOCK_STREAM | SOCK_CLOEXEC,
		     self->w.proto == IPPROTO_TCP ? 0 : self->w.proto);
	ASSERT_LE(0, lfd);
	ASSERT_EQ(0, bind(lfd, (struct sockaddr *)&sin, sizeof(sin)));
	ASSERT_EQ(0, listen(lfd, 4));
	ASSERT_EQ(0, over_loopback(lfd, c));
	/* The clocks have not moved on. */
	ASSERT_EQ(EADDRNOTAVAIL, over_loopback(lfd, c));
	usleep(2100000);
	ASSERT_EQ(0, over_loopback(lfd, c));
	ASSERT_EQ(0, knob(&self->w, "tw_reuse", "tcp_tw_reuse", 0));
	usleep(2100000);
	ASSERT_EQ(EADDRNOTAVAIL, over_loopback(lfd, c));
	close(lfd);
}

TEST_HARNESS_MAIN

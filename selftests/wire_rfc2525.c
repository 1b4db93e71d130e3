// SPDX-License-Identifier: GPL-2.0
/*
 * The eighteen known problems of TCP implementations that RFC 2525 describes, each
 * of which must not be there. A test has the name of its problem and stands in
 * the RFC's order, 2.1 to 2.18.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

#define MSS	200		/* small, so that many segments fit into the window */
#define INITIAL	10		/* segments: RFC 6928 */

WIRE_FIXTURE(problem)

/*
 * Congestion control of RFC 5681 also where another is the default, and timeouts
 * that do not come by themselves while a slow machine runs the test.
 */
static int backlogged(struct wire_conn *c, int segments)
{
	wire_sysctl(c->w, "rto_min_ms", 3000);
	c->rtt_ms = 400;
	if (wire_passive(c, "mss 200") ||
	    setsockopt(c->fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4) ||
	    wire_set_int(c, SOL_SOCKET, SO_SNDBUF, 200000))
		return -1;
	return wire_write(c, segments * MSS);
}

/* The same with the timeout as it is, for tests that wait for it. */
static int backlogged_until_timeout(struct wire_conn *c, int segments)
{
	if (wire_passive(c, "mss 200") ||
	    setsockopt(c->fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4))
		return -1;
	return wire_write(c, segments * MSS);
}

static uint32_t highest(const struct wire_conn *c)
{
	return c->rcv_nxt - c->irs;
}

/* Acknowledge what has come, segment by segment. How many came for it; or -1. */
static int one_round(struct wire_conn *c, uint32_t *una)
{
	uint32_t end = highest(c), ack;

	for (ack = *una + MSS; ack <= end; ack += MSS)
		if (wire_send(c, "A ack %u", ack))
			return -1;
	*una = end;
	if (wire_drain(c) < 0)
		return -1;
	return (highest(c) - end) / MSS;
}

/* 2.1: "TCP must use slow start" when a connection begins. */
WIRE_TEST(problem, no_initial_slow_start)
{
	struct wire_conn *c = &self->c;
	uint32_t una = 1;
	int flight, next, i;

	ASSERT_EQ(0, backlogged(c, 200));
	flight = wire_drain(c);
	ASSERT_LE(1, flight);
	ASSERT_GE(INITIAL, flight);
	/* And from there it at most doubles in a round (RFC 5681 3.1). */
	for (i = 0; i < 3; i++) {
		next = one_round(c, &una);
		ASSERT_LT(flight, next);
		ASSERT_GE(2 * flight, next);
		flight = next;
	}
}

/* 2.2: after a timeout cwnd is one segment, and slow start begins anew. */
WIRE_TEST(problem, no_slow_start_after_retransmission_timeout)
{
	struct wire_conn *c = &self->c;
	int first;

	ASSERT_EQ(0, backlogged_until_timeout(c, 60));
	first = wire_drain(c);
	ASSERT_LE(5, first);
	c->strict = true;
	EXPECT(c, "A seq 1 len %d", MSS);
	EXPECT_NOTHING(c);
	SEND(c, "A ack %d", 1 + MSS);
	ASSERT_GE(2, wire_drain(c));
	SEND(c, "A ack %d", 1 + 2 * MSS);
	/* Not more than two for each segment that was acknowledged. */
	ASSERT_GE(2, wire_drain(c));
}

/* 2.3: cwnd must be set also where the SYN+ACK has no MSS option. */
WIRE_TEST(problem, uninitialized_cwnd)
{
	struct wire_conn *c = &self->c;
	int n;

	ASSERT_EQ(0, wire_active(c, ""));
	ASSERT_EQ(0, wire_set_int(c, SOL_SOCKET, SO_SNDBUF, 200000));
	ASSERT_EQ(0, wire_write(c, 100 * 536));
	n = wire_drain(c);
	ASSERT_LE(1, n);
	ASSERT_GE(INITIAL, n);
	ASSERT_GE(INITIAL * 536u, highest(c) - 1);
}

/* 2.4: what is sent again is what was sent, however it is cut. */
WIRE_TEST(problem, inconsistent_retransmission)
{
	struct wire_conn *c = &self->c;
	int i;

	ASSERT_EQ(0, wire_passive(c, "mss 200"));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_NODELAY, 1));
	for (i = 0; i < 6; i++) {
		ASSERT_EQ(0, wire_write(c, 37));
		EXPECT(c, "A seq %d len 37", 1 + 37 * i);
	}
	/* All is lost but a part of the first; every octet is compared. */
	SEND(c, "A ack 20");
	c->rcv_nxt = c->irs + 20;
	ASSERT_EQ(0, wire_write(c, 300));
	ASSERT_EQ(0, wire_expect_stream(c, 1 + 6 * 37 + 300, false, true));
}

/* 2.5: text beyond a hole is kept; the segment that fills it acknowledges all. */
WIRE_TEST(problem, failure_to_retain_above_sequence_data)
{
	struct wire_conn *c = &self->c;
	int i;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	for (i = 1; i <= 10; i++) {
		SEND(c, "A seq %d len 1000", 1 + 1000 * i);
		EXPECT(c, "A seq 1 ack 1 len 0");
	}
	SEND(c, "A seq 1 len 1000");
	EXPECT(c, "A seq 1 ack 11001 len 0");
	ASSERT_EQ(0, wire_read(c, 11000));
}

/* 2.6: in congestion avoidance a round adds one segment, not an eighth of all more. */
WIRE_TEST(problem, extra_additive_constant_in_congestion_avoidance)
{
	struct wire_conn *c = &self->c;
	int i, flight, next, begin;
	uint32_t una;

	ASSERT_EQ(0, backlogged(c, 600));
	ASSERT_LE(5, wire_drain(c));
	/* A loss sets ssthresh to half of the flight. */
	for (i = 0; i < 2; i++)
		SEND(c, "A ack 1");
	/* They may have let a new segment out each (RFC 3042). */
	ASSERT_LE(0, wire_drain(c));
	SEND(c, "A ack 1");
	c->strict = true;
	EXPECT(c, "A seq 1 len %d", MSS);
	c->strict = false;
	ASSERT_LE(0, wire_drain(c));
	una = highest(c);
	SEND(c, "A ack %u", una);
	ASSERT_LE(1, wire_drain(c));
	/* Slow start up to it is over after some rounds. */
	for (i = 0, flight = 0; i < 6; i++) {
		flight = one_round(c, &una);
		ASSERT_LE(1, flight);
	}
	begin = flight;
	for (i = 0; i < 16; i++) {
		next = one_round(c, &una);
		ASSERT_GE(flight + 1, next);
		flight = next;
	}
	/* And it does grow, else this would prove nothing. */
	ASSERT_LE(begin + 8, flight);
	ASSERT_GE(begin + 16, flight);
}

/* 2.7: without a sample the timeout is a second at least (RFC 6298 2.1). */
WIRE_TEST(problem, initial_rto_too_low)
{
	struct wire_conn *c = &self->c;
	int64_t sent;

	c->strict = true;
	ASSERT_EQ(0, wire_connect(c));
	sent = c->got.when;
	EXPECT(c, "S seq 0 len 0");
	ASSERT_LE(900000, c->got.when - sent);
	/* RFC 6298 5.7: and three for text, when the SYN had to be repeated. */
	SEND(c, "SA seq 0 ack 1 mss 1000");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 len 100");
	sent = c->got.when;
	EXPECT(c, "A seq 1 len 100");
	ASSERT_LE(2700000, c->got.when - sent);
}

/* 2.8: when the loss is mended, what duplicate ACKs had added to cwnd goes. */
WIRE_TEST(problem, failure_of_window_deflation_after_loss_recovery)
{
	struct wire_conn *c = &self->c;
	int first, i, n;

	ASSERT_EQ(0, backlogged(c, 100));
	first = wire_drain(c);
	ASSERT_LE(6, first);
	for (i = 0; i < first - 1; i++)
		SEND(c, "A ack 1");
	n = wire_drain(c);
	/* RFC 5681 3.2 step 4: the window was inflated. */
	ASSERT_LE(1, n);
	SEND(c, "A ack %u", highest(c));
	n = wire_drain(c);
	/* Step 6: ssthresh, which is half of what was on the way (equation 4). */
	ASSERT_LE(1, n);
	ASSERT_GE((first + 2) / 2, n);
}

static int get_int(struct wire_conn *c, int level, int name)
{
	socklen_t size = sizeof(int);
	int value = -1;

	return getsockopt(c->fd, level, name, &value, &size) ? -1 : value;
}

static int keep_alive(struct wire_conn *c, int idle, int interval, int count)
{
	if (wire_set_int(c, IPPROTO_TCP, TCP_KEEPIDLE, idle) ||
	    wire_set_int(c, IPPROTO_TCP, TCP_KEEPINTVL, interval) ||
	    wire_set_int(c, IPPROTO_TCP, TCP_KEEPCNT, count))
		return -1;
	return wire_set_int(c, SOL_SOCKET, SO_KEEPALIVE, 1);
}

/* 2.9: unanswered probes go on for R2, 100 s, before the connection is given up. */
WIRE_TEST(problem, excessively_short_keepalive_connection_timeout)
{
	struct wire_conn *c = &self->c;
	int64_t began;
	int i;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_LE(100, get_int(c, IPPROTO_TCP, TCP_KEEPINTVL) *
		  get_int(c, IPPROTO_TCP, TCP_KEEPCNT));
	/* What is set is kept to: three seconds after the first of three probes. */
	ASSERT_EQ(0, keep_alive(c, 1, 1, 3));
	c->strict = true;
	EXPECT(c, "A seq 0 ack 1 len 0");
	began = c->got.when;
	for (i = 1; i < 3; i++) {
		EXPECT(c, "A seq 0 ack 1 len 0");
		ASSERT_LE((1000000 - 50000) * i, c->got.when - began);
		ASSERT_EQ(WS_ESTABLISHED, wire_state(c));
	}
	ASSERT_EQ(0, wire_wait_error(c, ETIMEDOUT));
	ASSERT_LE(2900000, wire_now() - began);
}

/* 2.10: each timeout is twice the one before. */
WIRE_TEST(problem, failure_to_back_off_retransmission_timeout)
{
	struct wire_conn *c = &self->c;
	int64_t last, gap, before = 0;
	int i;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	c->strict = true;
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 len 100");
	last = c->got.when;
	for (i = 0; i < 5; i++) {
		EXPECT(c, "A seq 1 len 100");
		gap = c->got.when - last;
		/* Emulation makes "twice" wide. */
		if (before)
			ASSERT_LE(before * 15, gap * 10);
		before = gap;
		last = c->got.when;
	}
}

/* 2.11: probes are two hours apart by default, and never earlier than was set. */
WIRE_TEST(problem, insufficient_interval_between_keepalives)
{
	struct wire_conn *c = &self->c;
	int64_t heard;
	int i;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_LE(7200, get_int(c, IPPROTO_TCP, TCP_KEEPIDLE));
	ASSERT_EQ(0, keep_alive(c, 2, 1, 9));
	c->strict = true;
	for (i = 0; i < 2; i++) {
		/* What is heard begins the interval anew, an answer to a probe too. */
		SEND(c, "A");
		heard = wire_now();
		EXPECT(c, "A seq 0 ack 1 len 0");
		ASSERT_LE(1900000, c->got.when - heard);
	}
}

/* Fill the window of a socket with little memory until it is shut. */
static int fill(struct wire_conn *c)
{
	uint32_t n;
	int quiet, ret;

	if (wire_listen(c) || wire_set_int(c, SOL_SOCKET, SO_RCVBUF, 16384) ||
	    wire_passive(c, "mss 1000"))
		return -1;
	for (quiet = 0; quiet < 3;) {
		n = wire_rcv_wnd(c);
		if (!n) {
			/* All that is owed comes within the delay of an ACK. */
			wire_next(c, 700);
			quiet++;
			continue;
		}
		quiet = 0;
		if (wire_send(c, "PA len %u", n < 1000 ? n : 1000))
			return -1;
		do {
			ret = wire_next(c, WIRE_DEADLINE_MS);
		} while (!ret && c->got.ack != c->snd_nxt);
		if (ret || c->snd_nxt - c->iss > 1000000)
			return -1;
	}
	return 0;
}

/*
 * 2.12: an octet read makes room for the octet of a probe without a new window. If
 * that is taken, what follows must not look as if it lay outside: ACKs count.
 */
WIRE_TEST(problem, window_probe_deadlock)
{
	struct wire_conn *c = &self->c;
	uint32_t nxt;
	int i;

	ASSERT_EQ(0, fill(c));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, wire_read(c, 1));
		EXPECT_NOTHING(c);
		nxt = c->snd_nxt - c->iss;
		SEND(c, "A seq %u len 1", nxt);
		EXPECT(c, "A seq 1 len 0");
		ASSERT_TRUE(wire_rel_ack(c, &c->got) == nxt ||
			    wire_rel_ack(c, &c->got) == nxt + 1);
		c->snd_nxt = c->got.ack;
	}
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 len 100");
	SEND(c, "A ack 101");
	c->strict = true;
	EXPECT_QUIET(c, 1500);
	c->strict = false;
	ASSERT_EQ(0, wire_read(c, c->snd_nxt - c->iss - 1 - c->rd_off));
	while (wire_rcv_wnd(c) < 1000)
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
	SEND(c, "A len 1000");
	ASSERT_EQ(0, wire_read(c, 1000));
}

/* 2.13: at least every second full segment is acknowledged, also in a long row. */
WIRE_TEST(problem, stretch_ack_violation)
{
	struct wire_conn *c = &self->c;
	int i;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	for (i = 0; i < 30; i++) {
		SEND(c, "A len 1460");
		ASSERT_LE(0, wire_drain(c));
		if (i)
			ASSERT_GE(1460u, c->snd_nxt - c->got.ack);
	}
	ASSERT_EQ(0, wire_read(c, 30 * 1460));
}

/* 2.14: a timeout sends one segment again, and so does the next one. */
WIRE_TEST(problem, retransmission_sends_multiple_packets)
{
	struct wire_conn *c = &self->c;
	int i;

	ASSERT_EQ(0, backlogged_until_timeout(c, 5));
	ASSERT_EQ(5, wire_drain(c));
	c->strict = true;
	for (i = 0; i < 3; i++) {
		EXPECT(c, "A seq 1 len %d", MSS);
		EXPECT_NOTHING(c);
	}
}

/* 2.15: the FIN goes at once, though small segments are unacknowledged. */
WIRE_TEST(problem, failure_to_send_fin_notification_promptly)
{
	struct wire_conn *c = &self->c;

	c->rtt_ms = 400;
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT_NOW(c, "A seq 1 len 10");
	/* Nagle holds these; the end of the stream lets them go. */
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT_NOTHING(c);
	wire_close(c);
	EXPECT_NOW(c, "FA seq 11 len 10");
	/* Without any text: the same. */
	c->pport++;
	wire_conn_reuse(c, 3000000);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	wire_close(c);
	EXPECT_NOW(c, "FA seq 1 len 0");
}

/* 2.16: text for a socket that was closed is answered with a RST. */
WIRE_TEST(problem, failure_to_send_a_rst_after_half_duplex_close)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	wire_close(c);
	EXPECT(c, "FA seq 1 ack 1 len 0");
	SEND(c, "A ack 2");
	SEND(c, "A ack 2 len 10");
	EXPECT_NOW(c, "Ra seq 2 len 0");
	EXPECT_GONE(c);
	/* Likewise before our FIN is acknowledged. */
	c->pport++;
	wire_conn_reuse(c, 3000000);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	wire_close(c);
	EXPECT(c, "FA seq 1 ack 1 len 0");
	SEND(c, "A ack 1 len 10");
	EXPECT_NOW(c, "Ra seq 2 len 0");
	EXPECT_GONE(c);
}

/* 2.17: to close with text unread is to lose it, which the peer must learn. */
WIRE_TEST(problem, failure_to_rst_on_close_with_data_pending)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "A len 100");
	EXPECT(c, "A seq 1 ack 101 len 0");
	ASSERT_EQ(0, wire_read(c, 99));
	wire_close(c);
	EXPECT_NOW(c, "Ra seq 1 len 0");
	EXPECT_NOTHING(c);
	EXPECT_GONE(c);
}

static int full_segment(struct wire_conn *c, int room)
{
	if (wire_write(c, 2500) || wire_next(c, WIRE_DEADLINE_MS))
		return -1;
	if (c->got.len + c->got.optlen <= room)
		return 0;
	fprintf(stderr, "# %d octets of text and %d of options, %d are allowed\n", c->got.len,
		c->got.optlen, room);
	return -1;
}

/* 2.18: options count; a segment with them is no longer than the peer's MSS allows. */
WIRE_TEST(problem, options_missing_from_tcp_mss_calculation)
{
	const unsigned char nops[4] = { IPOPT_NOP, IPOPT_NOP, IPOPT_NOP, IPOPT_EOL };
	struct wire_conn *c = &self->c;

	/* Options of IP. */
	ASSERT_EQ(0, wire_open(c));
	ASSERT_EQ(0, setsockopt(c->fd, IPPROTO_IP, IP_OPTIONS, nops, sizeof(nops)));
	ASSERT_EQ(0, wire_active(c, "mss 1000"));
	ASSERT_EQ(0, full_segment(c, 1000 - (int)sizeof(nops)));
	wire_abort(c);
	/* SACK blocks, where they ride on text. */
	c->pport++;
	wire_conn_reuse(c, 3000000);
	ASSERT_EQ(0, wire_passive(c, "mss 1000 sackok"));
	SEND(c, "A seq 101 len 100");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(0, full_segment(c, 1000));
	wire_abort(c);
	ASSERT_LE(0, wire_drain(c));
	/* Timestamps, if the stack has them. */
	c->pport++;
	wire_conn_reuse(c, 5000000);
	SEND(c, "S seq 0 mss 1000 ts 500 0");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	if (!c->got.has_ts)
		return;
	SEND(c, "A ts 501 %u", c->got.tsval);
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, full_segment(c, 1000));
	ASSERT_TRUE(c->got.has_ts);
}

TEST_HARNESS_MAIN

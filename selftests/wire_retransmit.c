// SPDX-License-Identifier: GPL-2.0
/*
 * What is not acknowledged must be sent again: after the retransmission timeout
 * with doubling back-off (RFC 6298), at once after three duplicate ACKs
 * (RFC 5681) and partial ACKs (RFC 6582), and not for ever (RFC 9293 3.8.3).
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

#define MSS	1000

WIRE_FIXTURE(rto)

/* Each gap must be about twice the one before; emulation makes "about" wide. */
static int take_backoff(struct wire_conn *c, const char *line, int n, int64_t *gap)
{
	int64_t last = c->got.when;
	int i;

	for (i = 0; i < n; i++) {
		if (wire_expect(c, "%s", line))
			return -1;
		gap[i] = c->got.when - last;
		last = c->got.when;
	}
	return 0;
}

#define EXPECT_DOUBLING(gap, n)						\
	do {								\
		int k;							\
									\
		for (k = 1; k < (n); k++) {				\
			ASSERT_LE((gap)[k - 1] * 14, (gap)[k] * 10);	\
			ASSERT_GE((gap)[k - 1] * 35, (gap)[k] * 10);	\
		}							\
	} while (0)

WIRE_TEST(rto, data_with_backoff)
{
	struct wire_conn *c = &self->c;
	int64_t gap[4];

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	c->strict = true;
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 ack 1 len 100");
	ASSERT_EQ(0, take_backoff(c, "A seq 1 ack 1 len 100", 4, gap));
	EXPECT_DOUBLING(gap, 4);
}

/* So often a thin stream is sent again before its timeout doubles, as in-tree. */
#define THIN	6

WIRE_TEST(rto, thin_stream_does_not_back_off_at_first)
{
	struct wire_conn *c = &self->c;
	int64_t gap[THIN + 3], sum = 0;
	int i;

	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, 1));
	c->strict = true;
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 ack 1 len 100");
	ASSERT_EQ(0, take_backoff(c, "A seq 1 ack 1 len 100", THIN + 3, gap));
	/* Doubled each time they were 126 times the first. */
	for (i = 1; i <= THIN; i++)
		sum += gap[i];
	ASSERT_GE(2 * THIN * gap[0], sum);
	EXPECT_DOUBLING(gap + THIN, 3);
}

WIRE_TEST(rto, thin_stream_is_one_with_little_on_its_way)
{
	struct wire_conn *c = &self->c;
	int64_t gap[3];
	int i;

	/* Four segments are enough for a fast retransmission: no favour. */
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, 1));
	c->strict = true;
	ASSERT_EQ(0, wire_write(c, 4 * MSS));
	for (i = 0; i < 4; i++)
		EXPECT(c, "A seq %d ack 1 len %d", 1 + i * MSS, MSS);
	ASSERT_EQ(0, take_backoff(c, "A seq 1 ack 1 len 1000", 3, gap));
	EXPECT_DOUBLING(gap, 3);
}

WIRE_TEST(rto, ack_stops_the_timer)
{
	struct wire_conn *c = &self->c;
	long before = wire_stat(&self->w, "RetransSegs");

	ASSERT_LE(0, before);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	c->strict = true;
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 ack 1 len 100");
	EXPECT(c, "A seq 1 ack 1 len 100");
	EXPECT(c, "A seq 1 ack 1 len 100");
	ASSERT_LE(before + 2, wire_stat(&self->w, "RetransSegs"));
	SEND(c, "A ack 101");
	EXPECT_QUIET(c, 2000);
}

WIRE_TEST(rto, carries_the_newest_ack)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	c->strict = true;
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 ack 1 len 100");
	SEND(c, "A ack 1 len 10");
	/* An ACK of its own may come first. */
	do {
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
	} while (c->got.len == 0);
	while (wire_rel_ack(c, &c->got) != 11)
		EXPECT(c, "A seq 1 len 100");
}

WIRE_TEST(rto, karn)
{
	struct wire_conn *c = &self->c;
	int64_t gap[3], next;

	/*
	 * The ACK of a retransmission is no sample: the backed-off timeout
	 * stays until a segment is acknowledged that was sent once (RFC 6298 5).
	 */
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	c->strict = true;
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 ack 1 len 100");
	ASSERT_EQ(0, take_backoff(c, "A seq 1 ack 1 len 100", 3, gap));
	SEND(c, "A ack 101");
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 101 ack 1 len 100");
	ASSERT_EQ(0, take_backoff(c, "A seq 101 ack 1 len 100", 1, &next));
	ASSERT_LE(gap[2] * 8, next * 10);
}

WIRE_TEST(rto, sample_ends_backoff)
{
	struct wire_conn *c = &self->c;
	int64_t gap[3], next;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	c->strict = true;
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 ack 1 len 100");
	ASSERT_EQ(0, take_backoff(c, "A seq 1 ack 1 len 100", 3, gap));
	SEND(c, "A ack 101");
	/* Two round trips without a loss. */
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 101 ack 1 len 100");
	SEND(c, "A ack 201");
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 201 ack 1 len 100");
	SEND(c, "A ack 301");
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 301 ack 1 len 100");
	ASSERT_EQ(0, take_backoff(c, "A seq 301 ack 1 len 100", 1, &next));
	ASSERT_LT(next, gap[2]);
}

WIRE_TEST(rto, one_segment_at_a_time)
{
	struct wire_conn *c = &self->c;
	int i;

	/* RFC 6298 5.4: the earliest one; RFC 5681: cwnd is one segment. */
	c->rtt_ms = 200;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	c->strict = true;
	ASSERT_EQ(0, wire_write(c, 3 * MSS));
	for (i = 0; i < 3; i++)
		EXPECT(c, "A seq %d len %d", 1 + i * MSS, MSS);
	EXPECT(c, "A seq 1 len %d", MSS);
	EXPECT_NOTHING(c);
	/* Go on from there. */
	c->strict = false;
	c->rcv_nxt = c->irs + 1 + MSS;
	SEND(c, "A ack %d", 1 + MSS);
	ASSERT_EQ(0, wire_expect_stream(c, 1 + 3 * MSS, false, true));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq %d len 10", 1 + 3 * MSS);
}

WIRE_TEST(rto, syn)
{
	struct wire_conn *c = &self->c;
	int64_t gap[2];

	c->strict = true;
	ASSERT_EQ(0, wire_connect(c));
	ASSERT_EQ(0, take_backoff(c, "S seq 0 len 0", 2, gap));
	/* RFC 6298 2.1: 1 s before there is a sample. */
	ASSERT_LE(700000, gap[0]);
	ASSERT_GE(3500000, gap[0]);
	EXPECT_DOUBLING(gap, 2);
	c->strict = false;
	SEND(c, "SA seq 0 ack 1");
	EXPECT(c, "A seq 1 ack 1");
	EXPECT_STATE(c, WS_ESTABLISHED);
}

WIRE_TEST(rto, syn_ack)
{
	struct wire_conn *c = &self->c;
	int64_t gap[2];

	ASSERT_EQ(0, wire_listen(c));
	c->strict = true;
	SEND(c, "S seq 0 mss 1460");
	EXPECT(c, "SA seq 0 ack 1");
	ASSERT_EQ(0, take_backoff(c, "SA seq 0 ack 1 len 0", 2, gap));
	ASSERT_LE(700000, gap[0]);
	ASSERT_GE(3500000, gap[0]);
	EXPECT_DOUBLING(gap, 2);
	SEND(c, "A seq 1 ack 1");
	ASSERT_EQ(0, wire_accept(c));
	EXPECT_STATE(c, WS_ESTABLISHED);
}

WIRE_TEST(rto, fin)
{
	struct wire_conn *c = &self->c;
	int64_t gap[3];

	ENTER(c, WS_FIN_WAIT1, false);
	c->strict = true;
	ASSERT_EQ(0, take_backoff(c, "FA seq 1 ack 1 len 0", 3, gap));
	EXPECT_DOUBLING(gap, 3);
	SEND(c, "A ack 2");
	EXPECT_STATE(c, WS_FIN_WAIT2);
	EXPECT_QUIET(c, 1000);
}

WIRE_TEST(rto, fin_in_last_ack_without_socket)
{
	struct wire_conn *c = &self->c;
	int64_t gap[3];

	ENTER(c, WS_CLOSE_WAIT, false);
	wire_close(c);
	c->strict = true;
	EXPECT(c, "FA seq 1 ack 2 len 0");
	ASSERT_EQ(0, take_backoff(c, "FA seq 1 ack 2 len 0", 3, gap));
	EXPECT_DOUBLING(gap, 3);
	SEND(c, "A ack 2");
	EXPECT_GONE(c);
}

WIRE_TEST(rto, fin_after_lost_data)
{
	struct wire_conn *c = &self->c;

	/* Data and FIN both lost: both come again, in order. */
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 len 100");
	ASSERT_EQ(0, shutdown(c->fd, SHUT_WR));
	EXPECT(c, "FA seq 101 len 0");
	c->rcv_nxt = c->irs + 1;
	ASSERT_EQ(0, wire_expect_stream(c, 101, true, true));
	EXPECT_STATE(c, WS_FIN_WAIT2);
}

WIRE_TEST(rto, gives_up)
{
	struct wire_conn *c = &self->c;
	int64_t began;

	/* MUST-20, MUST-21: at R2 the connection is closed and the user told. */
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_USER_TIMEOUT, 1500));
	ASSERT_EQ(0, wire_write(c, 100));
	began = wire_now();
	EXPECT(c, "A seq 1 len 100");
	ASSERT_EQ(0, wire_wait_error(c, ETIMEDOUT));
	ASSERT_LE(1300000, wire_now() - began);
	EXPECT_GONE(c);
}

/* Few retries and short timeouts, where they can be had. */
static int impatient(struct wire *w, int retries)
{
	if (wire_write_file("/proc/sys/net/ipv4/tcp_retries2", retries) ||
	    wire_write_file("/proc/sys/net/ipv4/tcp_orphan_retries", retries))
		return -1;
	if (w->family == AF_INET)
		return 0;
	return wire_sysctl(w, "rto_max_ms", 400) ?: wire_sysctl(w, "retries1", retries) ?:
	       wire_sysctl(w, "retries2", retries) ?: wire_sysctl(w, "orphan_retries", retries);
}

/* Each segment arrives only when it was sent again, one for each timeout. */
static int lossy_stream(struct wire_conn *c, int n)
{
	uint32_t next;
	int i;

	for (i = 0; i < n; i++) {
		next = 1 + i * MSS;
		c->rcv_nxt = c->irs + next;
		c->strict = true;
		/* What the last ACK let go is lost. */
		if (wire_drain(c) < 0)
			return -1;
		c->rcv_nxt = c->irs + next;
		do {
			if (wire_next(c, 3 * WIRE_DEADLINE_MS) || (c->got.flags & WIRE_RST)) {
				wire_dump(c->w);
				return -1;
			}
		} while (wire_rel_seq(c, &c->got) != next);
		if (wire_send(c, "A ack %u", next + MSS))
			return -1;
	}
	return 0;
}

WIRE_TEST(rto, progress_keeps_the_connection)
{
	struct wire_conn *c = &self->c;

	/* R2 counts retransmissions of one segment, not losses (RFC 9293 3.8.3). */
	ASSERT_EQ(0, impatient(&self->w, 3));
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 10 * MSS));
	ASSERT_EQ(0, lossy_stream(c, 6));
	EXPECT_STATE(c, WS_ESTABLISHED);
	c->strict = false;
	c->rcv_nxt = c->irs + 1 + 6 * MSS;
	SEND(c, "A");
	ASSERT_EQ(0, wire_expect_stream(c, 1 + 10 * MSS, false, true));
}

WIRE_TEST(rto, progress_keeps_an_orphan)
{
	struct wire_conn *c = &self->c;

	/* The same when nobody holds the socket: close() may not lose text. */
	ASSERT_EQ(0, impatient(&self->w, 3));
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 10 * MSS));
	wire_close(c);
	ASSERT_EQ(0, lossy_stream(c, 6));
	EXPECT_STATE(c, WS_FIN_WAIT1);
	c->strict = false;
	c->rcv_nxt = c->irs + 1 + 6 * MSS;
	SEND(c, "A");
	ASSERT_EQ(0, wire_expect_stream(c, 1 + 10 * MSS, true, true));
	EXPECT_STATE(c, WS_FIN_WAIT2);
}

/* ---- The window shrinks while segments are on the way ---- */

FIXTURE(shrink) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(shrink) {
	int win;
	bool fin;
};

WIRE_SETUP(shrink)

FIXTURE_VARIANT_ADD(shrink, below_a_segment) {
	.win = 300,
};

FIXTURE_VARIANT_ADD(shrink, one_octet) {
	.win = 1,
};

FIXTURE_VARIANT_ADD(shrink, a_segment_and_a_half) {
	.win = 1500,
};

FIXTURE_VARIANT_ADD(shrink, below_a_segment_with_fin) {
	.win = 300, .fin = true,
};

/* The last octet and the FIN stand on the two sides of the edge. */
FIXTURE_VARIANT_ADD(shrink, just_before_the_fin) {
	.win = 3 * MSS, .fin = true,
};

/* Four segments and perhaps a FIN, of which the first arrives, and a window. */
static int shrunk(struct wire_conn *c, int win, bool fin)
{
	c->rtt_ms = 200;
	if (wire_passive(c, "mss 1000") || wire_write(c, 4 * MSS))
		return -1;
	if (fin && shutdown(c->fd, SHUT_WR))
		return -1;
	if (wire_expect_stream(c, 1 + 4 * MSS, fin, false))
		return -1;
	c->rcv_nxt = c->irs + 1 + MSS;
	c->win = win;
	return wire_send(c, "A");
}

/* The next text or FIN, within the window; -1 where it is not. */
static int take_within(struct wire_conn *c)
{
	uint32_t edge = c->rcv_nxt + c->win, end;

	do {
		if (wire_next(c, 3 * WIRE_DEADLINE_MS))
			return -1;
		end = c->got.seq + c->got.len + !!(c->got.flags & WIRE_FIN);
	} while (end == c->got.seq);
	if (!(c->got.flags & (WIRE_RST | WIRE_SYN)) && (int32_t)(end - edge) <= 0)
		return 0;
	fprintf(stderr, "# seq %u to %u, the window ends at %u\n", wire_rel_seq(c, &c->got),
		end - c->irs, edge - c->irs);
	wire_dump(c->w);
	return -1;
}

WIRE_TEST(shrink, what_is_sent_again_fits)
{
	uint32_t last = 1 + 4 * MSS + variant->fin;
	struct wire_conn *c = &self->c;
	int64_t gap, before;
	int i;

	/* MUST-34, SHLD-16; beyond the edge would be MAY-7, and useless. */
	ASSERT_EQ(0, shrunk(c, variant->win, variant->fin));
	for (i = 0; i < 3 && c->rcv_nxt != c->irs + last - variant->fin; i++) {
		ASSERT_EQ(0, take_within(c));
		SEND(c, "A");
	}
	ASSERT_LT(c->irs + 1 + MSS, c->rcv_nxt);
	/* Wide open again: all that is missing comes, without a long silence. */
	c->win = 65535;
	SEND(c, "A");
	before = wire_now();
	while (c->rcv_nxt != c->irs + last) {
		ASSERT_EQ(0, take_within(c));
		gap = c->got.when - before;
		ASSERT_GT(3000000, gap);
		before = c->got.when;
		SEND(c, "A");
	}
	EXPECT_STATE(c, variant->fin ? WS_FIN_WAIT2 : WS_ESTABLISHED);
	if (variant->fin)
		return;
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq %u len 10", last);
}

WIRE_TEST(rto, shrunk_to_zero_is_no_timeout)
{
	int i, n = self->w.family == AF_INET ? 4 : 15;
	struct wire_conn *c = &self->c;
	int64_t opened;

	/*
	 * SHLD-17, MUST-35: text beyond the edge that is not acknowledged does
	 * not time out as long as the peer answers.
	 */
	ASSERT_EQ(0, impatient(&self->w, 3));
	ASSERT_EQ(0, shrunk(c, 0, false));
	c->strict = true;
	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, wire_next(c, 3 * WIRE_DEADLINE_MS));
		ASSERT_EQ(0, c->got.flags & (WIRE_RST | WIRE_SYN | WIRE_FIN));
		c->rcv_nxt = c->irs + 1 + MSS;
		SEND(c, "A");
	}
	EXPECT_STATE(c, WS_ESTABLISHED);
	c->strict = false;
	c->win = 65535;
	opened = wire_now();
	SEND(c, "A");
	ASSERT_EQ(0, wire_next(c, 3 * WIRE_DEADLINE_MS));
	/* In-tree: not before its backed-off timeout, 10 s by now. */
	if (self->w.family != AF_INET)
		ASSERT_GT(3000000, c->got.when - opened);
	SEND(c, "A");
	ASSERT_EQ(0, wire_expect_stream(c, 1 + 4 * MSS, false, true));
}

/* ---- Fast retransmit and recovery ---- */

WIRE_FIXTURE(fast)

/*
 * An open connection whose timeout is far off and whose congestion window has
 * grown beyond any initial window; *base is the first octet not yet sent.
 */
static int grown(struct wire_conn *c, uint32_t *base)
{
	int i;

	c->rtt_ms = 400;
	if (wire_passive(c, "mss 1000"))
		return -1;
	for (i = 0; i < 10; i++)
		if (wire_write(c, 2 * MSS) ||
		    wire_expect_stream(c, 1 + c->wr_off, false, true))
			return -1;
	*base = 1 + c->wr_off;
	return 0;
}

static int send_flight(struct wire_conn *c, uint32_t base, int n)
{
	int i;

	if (wire_write(c, n * MSS))
		return -1;
	for (i = 0; i < n; i++)
		if (wire_expect(c, "A seq %u len %d", base + i * MSS, MSS))
			return -1;
	c->strict = true;
	return wire_expect_nothing(c);
}

WIRE_TEST(fast, three_duplicate_acks)
{
	struct wire_conn *c = &self->c;
	uint32_t base;

	ASSERT_EQ(0, grown(c, &base));
	ASSERT_EQ(0, send_flight(c, base, 5));
	SEND(c, "A ack %u", base);
	EXPECT_NOTHING(c);
	SEND(c, "A ack %u", base);
	EXPECT_NOTHING(c);
	SEND(c, "A ack %u", base);
	EXPECT_NOW(c, "A seq %u len %d", base, MSS);
	EXPECT_NOTHING(c);
	/* The rest had arrived. */
	SEND(c, "A ack %u", base + 5 * MSS);
	EXPECT_QUIET(c, 500);
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq %u len 10", base + 5 * MSS);
}

WIRE_TEST(fast, window_update_is_no_duplicate)
{
	struct wire_conn *c = &self->c;
	uint32_t base;
	int i;

	/* RFC 5681 2: a duplicate ACK has the same window and no data. */
	c->win = 60000;
	ASSERT_EQ(0, grown(c, &base));
	ASSERT_EQ(0, send_flight(c, base, 5));
	for (i = 1; i <= 4; i++)
		SEND(c, "A ack %u win %d", base, 60000 + i);
	EXPECT_NOTHING(c);
}

WIRE_TEST(fast, data_is_no_duplicate)
{
	struct wire_conn *c = &self->c;
	uint32_t base;
	int i, n;

	ASSERT_EQ(0, grown(c, &base));
	ASSERT_EQ(0, send_flight(c, base, 5));
	for (i = 0; i < 4; i++) {
		SEND(c, "A ack %u len 10", base);
		n = wire_drain(c);
		ASSERT_LE(0, n);
		if (n)
			ASSERT_EQ(0, c->got.len);
	}
}

WIRE_TEST(fast, partial_ack)
{
	struct wire_conn *c = &self->c;
	uint32_t base;
	int i;

	/* The first and the third segment were lost. */
	ASSERT_EQ(0, grown(c, &base));
	ASSERT_EQ(0, send_flight(c, base, 6));
	for (i = 0; i < 3; i++)
		SEND(c, "A ack %u", base);
	EXPECT_NOW(c, "A seq %u len %d", base, MSS);
	SEND(c, "A ack %u", base);
	EXPECT_NOTHING(c);
	/* RFC 6582 3.2: a partial ACK sends the next hole at once. */
	SEND(c, "A ack %u", base + 2 * MSS);
	EXPECT_NOW(c, "A seq %u len %d", base + 2 * MSS, MSS);
	EXPECT_NOTHING(c);
	SEND(c, "A ack %u", base + 6 * MSS);
	EXPECT_QUIET(c, 500);
}

WIRE_TEST(fast, window_inflation_sends_new_data)
{
	struct wire_conn *c = &self->c;
	uint32_t base;
	int i, n = 0, ret;

	/*
	 * RFC 5681 3.2 steps 4 and 5: further duplicate ACKs let new data go,
	 * and never more than one segment for each.
	 */
	ASSERT_EQ(0, grown(c, &base));
	ASSERT_EQ(0, send_flight(c, base, 6));
	c->strict = false;
	for (i = 0; i < 3; i++)
		SEND(c, "A ack %u", base);
	EXPECT_NOW(c, "A seq %u len %d", base, MSS);
	ASSERT_EQ(0, wire_write(c, 20 * MSS));
	ASSERT_LE(0, wire_drain(c));
	for (i = 0; i < 5; i++) {
		SEND(c, "A ack %u", base);
		ret = wire_drain(c);
		ASSERT_LE(0, ret);
		ASSERT_GE(2, ret);
		n += ret;
	}
	ASSERT_LE(1, n);
}

WIRE_TEST(fast, limited_transmit)
{
	struct wire_conn *c = &self->c;
	uint32_t base;
	int i, n, ret;

	/*
	 * RFC 3042: with data waiting for cwnd, the first two duplicate ACKs may
	 * send one new segment each; nothing old.
	 */
	ASSERT_EQ(0, grown(c, &base));
	ASSERT_EQ(0, wire_set_int(c, SOL_SOCKET, SO_SNDBUF, 200000));
	ASSERT_EQ(0, wire_write(c, 60 * MSS));
	n = wire_drain(c);
	ASSERT_LE(4, n);
	for (i = 0; i < 2; i++) {
		c->strict = true;
		SEND(c, "A ack %u", base);
		ret = wire_drain(c);
		ASSERT_LE(0, ret);
		ASSERT_GE(1, ret);
		if (ret)
			ASSERT_EQ(c->rcv_nxt, c->got.seq + c->got.len);
	}
	SEND(c, "A ack %u", base);
	EXPECT_NOW(c, "A seq %u len %d", base, MSS);
}

/* ---- Congestion window ---- */

WIRE_FIXTURE(cwnd)

WIRE_TEST(cwnd, initial_window_is_bounded)
{
	struct wire_conn *c = &self->c;
	int n;

	/* RFC 5681 to RFC 6928: two to ten segments, not all that the peer takes. */
	c->rtt_ms = 300;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_set_int(c, SOL_SOCKET, SO_SNDBUF, 200000));
	ASSERT_EQ(0, wire_write(c, 40 * MSS));
	n = wire_drain(c);
	ASSERT_LE(2, n);
	ASSERT_GE(10, n);
}

WIRE_TEST(cwnd, slow_start_grows)
{
	struct wire_conn *c = &self->c;
	int first, n, i;

	/* Each ACK of new data sends at least one segment more, at most two. */
	c->rtt_ms = 300;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_set_int(c, SOL_SOCKET, SO_SNDBUF, 200000));
	ASSERT_EQ(0, wire_write(c, 60 * MSS));
	first = wire_drain(c);
	ASSERT_LE(2, first);
	for (i = 1; i <= first; i++) {
		SEND(c, "A ack %d", 1 + i * MSS);
		n = wire_drain(c);
		ASSERT_LE(1, n);
		ASSERT_GE(3, n);
	}
	n = (c->rcv_nxt - c->irs - 1) / MSS - first;
	ASSERT_LT(first, n);
	ASSERT_GE(2 * first + 1, n);
}

WIRE_TEST(cwnd, one_segment_after_timeout)
{
	struct wire_conn *c = &self->c;
	int first, n;

	c->rtt_ms = 200;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_set_int(c, SOL_SOCKET, SO_SNDBUF, 200000));
	ASSERT_EQ(0, wire_write(c, 60 * MSS));
	first = wire_drain(c);
	ASSERT_LE(2, first);
	c->strict = true;
	EXPECT(c, "A seq 1 len %d", MSS);
	EXPECT_NOTHING(c);
	SEND(c, "A ack %d", 1 + MSS);
	n = wire_drain(c);
	/* Slow start from one: two segments (old or, with F-RTO, new ones). */
	ASSERT_LE(1, n);
	ASSERT_GE(3, n);
}

TEST_HARNESS_MAIN

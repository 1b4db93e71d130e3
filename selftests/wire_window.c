// SPDX-License-Identifier: GPL-2.0
/*
 * Both windows must be kept: the sender fills the peer's and no more, the receiver
 * never takes back its own and does not offer silly amounts; window scale and MSS
 * options count exactly when and where they may (RFC 9293 3.7.1, 3.8.6, RFC 7323).
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

/* ---- MSS ---- */

WIRE_FIXTURE(mss)

WIRE_TEST(mss, is_announced)
{
	struct wire_conn *c = &self->c;

	/* MUST-14, MUST-67: the MTU of 1500 less 40. */
	ASSERT_EQ(0, wire_connect(c));
	ASSERT_EQ(1460, c->got.mss);
	c->pport++;
	wire_close(c);
	wire_conn_reuse(c, 2000000);
	ASSERT_EQ(0, wire_listen(c));
	SEND(c, "S seq 0");
	EXPECT(c, "SA seq 0 ack 1");
	ASSERT_EQ(1460, c->got.mss);
}

WIRE_TEST(mss, only_on_syn)
{
	struct wire_conn *c = &self->c;

	/* MUST-65 */
	ASSERT_EQ(0, wire_connect(c));
	SEND(c, "SA seq 0 ack 1 mss 1000");
	EXPECT(c, "A seq 1 ack 1");
	ASSERT_EQ(-1, c->got.mss);
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq 1 ack 1 len 10");
	ASSERT_EQ(-1, c->got.mss);
	ASSERT_EQ(-1, c->got.wscale);
}

FIXTURE(peer_mss) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(peer_mss) {
	const char *opts;
	int mss;
	bool active;
};

WIRE_SETUP(peer_mss)

FIXTURE_VARIANT_ADD(peer_mss, none_passive) {
	.opts = "", .mss = 536,
};

FIXTURE_VARIANT_ADD(peer_mss, none_active) {
	.opts = "", .mss = 536, .active = true,
};

FIXTURE_VARIANT_ADD(peer_mss, small_passive) {
	.opts = "mss 300", .mss = 300,
};

FIXTURE_VARIANT_ADD(peer_mss, small_active) {
	.opts = "mss 300", .mss = 300, .active = true,
};

FIXTURE_VARIANT_ADD(peer_mss, equal) {
	.opts = "mss 1460", .mss = 1460,
};

/* Our own MTU still binds. */
FIXTURE_VARIANT_ADD(peer_mss, larger) {
	.opts = "mss 9000", .mss = 1460, .active = true,
};

WIRE_TEST(peer_mss, is_respected)
{
	struct wire_conn *c = &self->c;
	int full = 0;

	/* MUST-15, MUST-16; SHLD-28: segments are as large as they may be. */
	ASSERT_EQ(0, variant->active ? wire_active(c, variant->opts) :
				       wire_passive(c, variant->opts));
	ASSERT_EQ(0, wire_write(c, 5 * variant->mss + 20));
	while (c->rcv_nxt != c->irs + 1 + 5 * variant->mss + 20) {
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
		ASSERT_GE(variant->mss, c->got.len);
		full += c->got.len == variant->mss;
		SEND(c, "A");
	}
	ASSERT_EQ(5, full);
}

WIRE_TEST(mss, shrinks_by_the_options_sent)
{
	struct wire_conn *c = &self->c;

	/* MUST-16: timestamps, where both ends want them, take twelve octets. */
	ASSERT_EQ(0, wire_listen(c));
	SEND(c, "S seq 0 mss 1000 ts 500 0");
	EXPECT(c, "SA seq 0 ack 1");
	if (!c->got.has_ts)
		SKIP(return, "the stack does not do timestamps");
	ASSERT_EQ(500u, c->got.tsecr);
	SEND(c, "A ts 501 %u", c->got.tsval);
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, wire_write(c, 2000));
	EXPECT(c, "A seq 1 ack 1 len 988");
	ASSERT_TRUE(c->got.has_ts);
}

WIRE_TEST(mss, no_timestamps_without_offer)
{
	struct wire_conn *c = &self->c;

	/* RFC 7323 3.2: only when the SYN had the option. */
	ASSERT_EQ(0, wire_listen(c));
	SEND(c, "S seq 0 mss 1000");
	EXPECT(c, "SA seq 0 ack 1");
	ASSERT_FALSE(c->got.has_ts);
	ASSERT_FALSE(c->got.sack_ok);
	ASSERT_EQ(-1, c->got.wscale);
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, wire_write(c, 2000));
	EXPECT(c, "A seq 1 ack 1 len 1000");
	ASSERT_EQ(0, c->got.optlen);
}

/* ---- Window scale ---- */

WIRE_FIXTURE(scale)

WIRE_TEST(scale, not_used_unless_both_ask)
{
	struct wire_conn *c = &self->c;

	/* The stack's SYN may offer it; this SYN+ACK does not. */
	ASSERT_EQ(0, wire_connect(c));
	SEND(c, "SA seq 0 ack 1 mss 1000 win 2000");
	c->win = 2000;
	EXPECT(c, "A seq 1 ack 1");
	/* Not scaled: the window is at least the one segment of the real figure. */
	ASSERT_LE(1000, c->got.win);
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_EQ(0, wire_write(c, 5000));
	EXPECT(c, "A seq 1 len 1000");
	EXPECT(c, "A seq 1001 len 1000");
	EXPECT_NOTHING(c);
}

WIRE_TEST(scale, peers_shift_counts_after_the_handshake)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_listen(c));
	SEND(c, "S seq 0 mss 1000 ws 3 win 1000");
	EXPECT(c, "SA seq 0 ack 1");
	if (c->got.wscale < 0)
		SKIP(return, "the stack does not scale");
	ASSERT_GE(14, c->got.wscale);
	/* 250 << 3 is 2000. */
	c->win = 250;
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, wire_write(c, 5000));
	EXPECT(c, "A seq 1 len 1000");
	EXPECT(c, "A seq 1001 len 1000");
	EXPECT_NOTHING(c);
	SEND(c, "A ack 1001");
	EXPECT(c, "A seq 2001 len 1000");
}

WIRE_TEST(scale, taken_back_by_a_second_syn)
{
	struct wire_conn *c = &self->c;

	/* Some peers ask for less when nobody answers; what counts is the last SYN. */
	if (self->w.family == AF_INET)
		SKIP(return, "in-tree: the first SYN counts");
	ASSERT_EQ(0, wire_listen(c));
	SEND(c, "S seq 0 mss 1460 ws 6 sackok");
	EXPECT(c, "SA seq 0 ack 1");
	ASSERT_LE(0, c->got.wscale);
	SEND(c, "S seq 0 mss 1000");
	EXPECT(c, "SA seq 0 ack 1");
	ASSERT_GT(0, c->got.wscale);
	ASSERT_FALSE(c->got.sack_ok);
	c->win = 2000;
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, wire_write(c, 5000));
	EXPECT(c, "A seq 1 len 1000");
	EXPECT(c, "A seq 1001 len 1000");
	EXPECT_NOTHING(c);
	/* Nor is ours scaled. */
	SEND(c, "A len 10");
	EXPECT(c, "A ack 11");
	ASSERT_LE(10000, c->got.win);
}

WIRE_TEST(scale, taken_back_by_a_second_syn_in_a_crossing_open)
{
	struct wire_conn *c = &self->c;

	if (self->w.family == AF_INET)
		SKIP(return, "in-tree: the first SYN counts");
	ASSERT_EQ(0, wire_connect(c));
	SEND(c, "S seq 0 mss 1460 ws 6 sackok");
	EXPECT(c, "SA seq 0 ack 1");
	SEND(c, "S seq 0 mss 1000");
	EXPECT(c, "SA seq 0 ack 1");
	c->win = 2000;
	SEND(c, "SA seq 0 ack 1 mss 1000 win 2000");
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_LE(0, wire_drain(c));
	ASSERT_EQ(0, wire_write(c, 5000));
	EXPECT(c, "A seq 1 len 1000");
	EXPECT(c, "A seq 1001 len 1000");
	EXPECT_NOTHING(c);
}

WIRE_TEST(scale, window_of_a_syn_is_never_scaled)
{
	struct wire_conn *c = &self->c;

	/* RFC 7323 2.2: the SYN+ACK's window is 2000, not 256000. */
	ASSERT_EQ(0, wire_connect(c));
	if (c->got.wscale < 0)
		SKIP(return, "the stack does not scale");
	SEND(c, "SA seq 0 ack 1 mss 1000 ws 7 win 2000");
	EXPECT(c, "A seq 1 ack 1");
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_EQ(0, wire_write(c, 5000));
	EXPECT(c, "A seq 1 len 1000");
	EXPECT(c, "A seq 1001 len 1000");
	EXPECT_NOTHING(c);
	SEND(c, "A win 100");
	EXPECT(c, "A seq 2001 len 1000");
}

WIRE_TEST(scale, own_shift_is_applied)
{
	struct wire_conn *c = &self->c;
	uint32_t first, scaled;

	/*
	 * What the SYN+ACK offered in plain figures must not be taken back by
	 * the scaled figures that follow, but for what the scale rounds off.
	 */
	ASSERT_EQ(0, wire_listen(c));
	SEND(c, "S seq 0 mss 1000 ws 7");
	EXPECT(c, "SA seq 0 ack 1");
	if (c->got.wscale < 0)
		SKIP(return, "the stack does not scale");
	c->shift = c->got.wscale;
	first = c->got.win;
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	SEND(c, "A len 10");
	EXPECT(c, "A seq 1 ack 11 len 0");
	scaled = (uint32_t)c->got.win << c->shift;
	ASSERT_LE(first, scaled + 10 + (1u << c->shift));
	ASSERT_GE(16u << 20, scaled);
}

WIRE_TEST(scale, shift_above_14_counts_as_14)
{
	struct wire_conn *c = &self->c;

	/* RFC 7323 2.3 */
	ASSERT_EQ(0, wire_listen(c));
	SEND(c, "S seq 0 mss 1000 ws 20");
	EXPECT(c, "SA seq 0 ack 1");
	SEND(c, "A win 1");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, wire_write(c, 2000));
	/* 1 << 14 lets both go; 1 << 20 or a shift by 20 & 15 differ or not: one does. */
	EXPECT(c, "A seq 1 len 1000");
	EXPECT(c, "A seq 1001 len 1000");
}

/* Both SYNs cross; the peer's has these options and window. 1: we do not scale. */
static int cross(struct wire_conn *c, const char *line)
{
	if (wire_connect(c))
		return -1;
	if (c->got.wscale < 0)
		return 1;
	if (wire_send(c, "S seq 0 mss 1024 %s", line))
		return -1;
	return wire_expect(c, "SA seq 0 ack 1 len 0");
}

/* Of much text just two segments, since the window is 2048. */
static int sends_two(struct wire_conn *c)
{
	return wire_write(c, 5000) ?: wire_expect(c, "A seq 1 len 1024") ?:
	       wire_expect(c, "A seq 1025 len 1024") ?: wire_expect_nothing(c);
}

WIRE_TEST(scale, window_of_a_crossing_syn_ack_is_never_scaled)
{
	struct wire_conn *c = &self->c;
	int ret;

	/* RFC 7323 2.2: 2048, not 262144, in every SYN of RFC 9293 figure 7. */
	if (self->w.family == AF_INET)
		SKIP(return, "in-tree: scales the window of a crossing SYN+ACK");
	ret = cross(c, "ws 7 win 2048");
	if (ret > 0)
		SKIP(return, "the stack does not scale");
	ASSERT_EQ(0, ret);
	SEND(c, "SA seq 0 ack 1 mss 1024 ws 7 win 2048");
	ASSERT_LE(0, wire_drain(c));
	EXPECT_STATE(c, WS_ESTABLISHED);
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_EQ(0, sends_two(c));
	/* 24 << 7 from here on: room for all; Nagle lets one tail go. */
	SEND(c, "A win 24");
	EXPECT(c, "A seq 2049 len 1024");
	EXPECT(c, "A seq 3073 len 1024");
	EXPECT(c, "PA seq 4097 len 904");
	EXPECT_NOTHING(c);
}

WIRE_TEST(scale, ack_after_crossing_syns_is_scaled)
{
	struct wire_conn *c = &self->c;
	int ret = cross(c, "ws 7 win 60000");

	if (ret > 0)
		SKIP(return, "the stack does not scale");
	ASSERT_EQ(0, ret);
	/* 16 << 7 is 2048. */
	c->win = 16;
	SEND(c, "A ack 1");
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_EQ(0, sends_two(c));
}

WIRE_TEST(scale, crossing_syn_without_scale)
{
	struct wire_conn *c = &self->c;
	int ret;

	/* Our SYN offered it, his did not: neither window is scaled. */
	if (self->w.family == AF_INET)
		SKIP(return, "in-tree: offers a scale in the SYN+ACK, and scales by it");
	ret = cross(c, "win 2048");
	if (ret > 0)
		SKIP(return, "the stack does not scale");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(-1, c->got.wscale);
	ASSERT_LE(1000, c->got.win);
	c->win = 2048;
	SEND(c, "A ack 1 len 10");
	EXPECT(c, "A seq 1 ack 11 len 0");
	ASSERT_LE(1000, c->got.win);
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_EQ(0, sends_two(c));
}

WIRE_TEST(scale, own_syn_ack_in_a_crossing_open_is_not_scaled)
{
	struct wire_conn *c = &self->c;
	int ret = cross(c, "ws 7 win 60000");
	uint32_t first, scaled;

	/* What it offered in plain figures is not taken back by scaled ones. */
	if (ret > 0)
		SKIP(return, "the stack does not scale");
	ASSERT_EQ(0, ret);
	ASSERT_LE(0, c->got.wscale);
	c->shift = c->got.wscale;
	first = c->got.win;
	SEND(c, "A ack 1 len 10");
	EXPECT(c, "A seq 1 ack 11 len 0");
	scaled = (uint32_t)c->got.win << c->shift;
	ASSERT_LE(1000u, first);
	ASSERT_LE(first, scaled + 10 + (1u << c->shift));
	ASSERT_GE(16u << 20, scaled);
}

/* ---- The sender ---- */

WIRE_FIXTURE(sender)

WIRE_TEST(sender, fills_the_window_and_no_more)
{
	struct wire_conn *c = &self->c;
	int i;

	c->rtt_ms = 300;
	c->win = 2000;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 20000));
	EXPECT(c, "A seq 1 len 1000");
	EXPECT(c, "A seq 1001 len 1000");
	EXPECT_NOTHING(c);
	for (i = 1; i <= 10; i++) {
		SEND(c, "A ack %d", 1 + 1000 * i);
		EXPECT(c, "A seq %d len 1000", 2001 + 1000 * (i - 1));
		EXPECT_NOTHING(c);
	}
}

WIRE_TEST(sender, window_without_ack)
{
	struct wire_conn *c = &self->c;

	c->rtt_ms = 300;
	c->win = 2000;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 20000));
	EXPECT(c, "A seq 1 len 1000");
	EXPECT(c, "A seq 1001 len 1000");
	/* ACK without new window: the right edge stands still. */
	SEND(c, "A ack 1001 win 1000");
	EXPECT_NOTHING(c);
	/* Window without ACK. */
	SEND(c, "A ack 1001 win 2000");
	EXPECT(c, "A seq 2001 len 1000");
	EXPECT_NOTHING(c);
}

WIRE_TEST(sender, old_window_does_not_count)
{
	struct wire_conn *c = &self->c;

	/* SND.WL1, SND.WL2: an old segment may not change the window. */
	c->rtt_ms = 300;
	c->win = 2000;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	SEND(c, "A len 10");
	EXPECT(c, "A ack 11");
	SEND(c, "A len 10");
	EXPECT(c, "A ack 21");
	SEND(c, "A seq 1 ack 1 len 10 win 60000");
	EXPECT(c, "A seq 1 ack 21 len 0");
	ASSERT_EQ(0, wire_write(c, 5000));
	EXPECT(c, "A seq 1 len 1000");
	EXPECT(c, "A seq 1001 len 1000");
	EXPECT_NOTHING(c);
	/* The same by SND.WL2: an ACK that was overtaken. */
	SEND(c, "A ack 2001");
	EXPECT(c, "A seq 2001 len 1000");
	EXPECT(c, "A seq 3001 len 1000");
	SEND(c, "A ack 1001 win 60000");
	EXPECT_NOTHING(c);
}

WIRE_TEST(sender, window_of_a_retransmission_counts)
{
	struct wire_conn *c = &self->c;

	/* Its text is older than what SND.WL1 is from, its ACK is newer. */
	c->rtt_ms = 300;
	c->win = 1000;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	SEND(c, "A seq 101 len 100");
	EXPECT(c, "A ack 1");
	ASSERT_EQ(0, wire_write(c, 3000));
	EXPECT(c, "A seq 1 len 1000");
	EXPECT_NOTHING(c);
	SEND(c, "A seq 1 ack 1001 len 100 win 0");
	EXPECT(c, "A seq 1001 ack 201 len 0");
	EXPECT_NOTHING(c);
	/* An ACK from before that does not open it. */
	SEND(c, "A seq 101 ack 1 len 100 win 3000");
	EXPECT(c, "A seq 1001 ack 201 len 0");
	EXPECT_NOTHING(c);
	SEND(c, "A seq 201 ack 1001 win 1000");
	EXPECT(c, "A seq 1001 len 1000");
}

WIRE_TEST(sender, what_is_under_way_was_not_refused)
{
	struct wire_conn *c = &self->c;

	/* The window was small, but enough for what was sent: it opens, and that is all. */
	c->rtt_ms = 300;
	c->strict = true;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	SEND(c, "A win 800");
	ASSERT_LE(0, wire_drain(c));
	ASSERT_EQ(0, wire_write(c, 500));
	EXPECT(c, "A seq 1 len 500");
	SEND(c, "A ack 1 win 4000");
	EXPECT_NOTHING(c);
	SEND(c, "A ack 501 win 4000");
	ASSERT_EQ(0, wire_write(c, 500));
	EXPECT(c, "A seq 501 len 500");
}

WIRE_TEST(sender, smaller_window_counts)
{
	struct wire_conn *c = &self->c;

	/*
	 * SND.WL1 = SEG.SEQ and SND.WL2 =< SEG.ACK: also a window that is
	 * smaller than the last one (MUST-34), though nothing else is new.
	 */
	if (self->w.family == AF_INET)
		SKIP(return, "in-tree: takes a smaller window only with a new seq or ack");
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	SEND(c, "A win 1000");
	ASSERT_EQ(0, wire_write(c, 5000));
	EXPECT(c, "A seq 1 len 1000");
	EXPECT_NOTHING(c);
}

WIRE_TEST(sender, shrunk_window_is_filled_again)
{
	struct wire_conn *c = &self->c;

	/*
	 * SHLD-15, SHLD-16: of what was sent, that inside the new edge comes again,
	 * nothing beyond it, and nothing new.
	 */
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 3000));
	ASSERT_EQ(0, wire_expect_stream(c, 3001, false, false));
	ASSERT_EQ(0, wire_write(c, 1000));
	EXPECT(c, "A seq 3001 len 1000");
	/* With an octet of text, so that nobody can take it for an old segment. */
	SEND(c, "A ack 1 len 1 win 500");
	EXPECT(c, "A seq 4001 ack 2 len 0");
	c->strict = true;
	EXPECT(c, "A seq 1 len 500");
	EXPECT(c, "A seq 1 len 500");
	c->strict = false;
	c->rcv_nxt = c->irs + 501;
	SEND(c, "A ack 501");
	ASSERT_EQ(0, wire_expect_stream(c, 4001, false, true));
}

WIRE_TEST(sender, silly_window)
{
	struct wire_conn *c = &self->c;

	/*
	 * MUST-38: a usable window of 40 where 20000 was the largest is not
	 * worth a segment; when it has opened to a full one, it is.
	 */
	c->rtt_ms = 300;
	c->win = 20000;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 3000));
	ASSERT_EQ(0, wire_expect_stream(c, 3001, false, false));
	SEND(c, "A ack 3001 win 40");
	ASSERT_EQ(0, wire_write(c, 5000));
	EXPECT_NOTHING(c);
	/* In-tree: would send the 40 behind the full segment. */
	SEND(c, "A ack 3001 win %d", self->w.family == AF_INET ? 1000 : 1040);
	EXPECT(c, "A seq 3001 len 1000");
	EXPECT_NOTHING(c);
}

WIRE_TEST(sender, window_above_32767)
{
	struct wire_conn *c = &self->c;
	int i;

	/* MUST-1: the field is unsigned. */
	c->win = 65535;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, wire_write(c, 3000));
		ASSERT_EQ(0, wire_expect_stream(c, 1 + 3000 * (i + 1), false, true));
	}
}

/* ---- The receiver ---- */

FIXTURE(receiver) {
	struct wire w;
	struct wire_conn c;
};

WIRE_SETUP(receiver)

/* Fill the window of a socket with little memory until it is shut. */
static int fill(struct wire_conn *c, int rcvbuf)
{
	uint32_t n, quiet = 0;
	int ret;

	if (wire_listen(c) || wire_set_int(c, SOL_SOCKET, SO_RCVBUF, rcvbuf) ||
	    wire_passive(c, "mss 1000"))
		return -1;
	while (quiet < 3) {
		n = wire_rcv_wnd(c);
		if (n == 0) {
			/* All that is owed comes within the delay of an ACK. */
			ret = wire_next(c, 700);
			quiet++;
			continue;
		}
		quiet = 0;
		n = n < 1000 ? n : 1000;
		if (wire_send(c, "PA len %u", n))
			return -1;
		do {
			ret = wire_next(c, WIRE_DEADLINE_MS);
		} while (!ret && c->got.ack != c->snd_nxt);
		if (ret)
			return -1;
		if (c->snd_nxt - c->iss > 1000000)
			return -1;
	}
	return 0;
}

WIRE_TEST(receiver, right_edge_never_moves_left)
{
	struct wire_conn *c = &self->c;
	uint32_t total;

	/* SHLD-14 */
	ASSERT_EQ(0, fill(c, 8192));
	ASSERT_FALSE(c->shrunk);
	ASSERT_EQ(0, c->got.win);
	total = c->snd_nxt - c->iss - 1;
	ASSERT_LE(2000u, total);
	ASSERT_EQ(0, wire_read(c, total));
	ASSERT_EQ(0, wire_read_none(c));
}

WIRE_TEST(receiver, zero_window_takes_nothing)
{
	struct wire_conn *c = &self->c;
	uint32_t nxt;

	ASSERT_EQ(0, fill(c, 8192));
	nxt = c->snd_nxt - c->iss;
	SEND(c, "A seq %u len 1", nxt);
	EXPECT(c, "A seq 1 ack %u win 0 len 0", nxt);
	SEND(c, "A seq %u len 1000", nxt);
	EXPECT(c, "A seq 1 ack %u win 0 len 0", nxt);
	/* A window probe without text. */
	SEND(c, "A seq %u", nxt - 1);
	EXPECT(c, "A seq 1 ack %u win 0 len 0", nxt);
	ASSERT_EQ(0, wire_read(c, nxt - 1));
	ASSERT_EQ(0, wire_read_none(c));
}

WIRE_TEST(receiver, zero_window_takes_acks)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, fill(c, 8192));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq 1 len 10");
	SEND(c, "A ack 11");
	c->strict = true;
	EXPECT_QUIET(c, 1000);
}

WIRE_TEST(receiver, zero_window_takes_rst)
{
	struct wire_conn *c = &self->c;

	/* MUST-66 */
	ASSERT_EQ(0, fill(c, 8192));
	SEND(c, "R seq %u", c->snd_nxt - c->iss + 1);
	ASSERT_LE(0, wire_drain(c));
	EXPECT_STATE(c, WS_ESTABLISHED);
	SEND(c, "R");
	ASSERT_EQ(0, wire_wait_error(c, ECONNRESET));
}

WIRE_TEST(receiver, no_silly_window)
{
	struct wire_conn *c = &self->c;
	uint32_t left;
	int i;

	/* MUST-39: some octets read are not worth an update, much is. */
	ASSERT_EQ(0, fill(c, 16384));
	left = c->snd_nxt - c->iss - 1;
	ASSERT_LT(4000u, left);
	for (i = 0; i < 50; i++)
		ASSERT_EQ(0, wire_read(c, 1));
	EXPECT_NOTHING(c);
	/* Nor does a probe make it offer them. */
	SEND(c, "A seq %u", c->snd_nxt - c->iss - 1);
	EXPECT(c, "A seq 1 ack %u win 0 len 0", c->snd_nxt - c->iss);
	ASSERT_EQ(0, wire_read(c, left - 50));
	EXPECT_NOW(c, "A seq 1 ack %u len 0", c->snd_nxt - c->iss);
	while (wire_rcv_wnd(c) < 1000) {
		ASSERT_LT(0, c->got.win);
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
	}
	SEND(c, "A len 1000");
	ASSERT_EQ(0, wire_read(c, 1000));
}

WIRE_TEST(receiver, small_segments_fill_the_window)
{
	struct wire_conn *c = &self->c;
	uint32_t promised, sent = 0;

	/* Each costs ten times its text, but what was offered is taken. */
	ASSERT_EQ(0, wire_listen(c));
	ASSERT_EQ(0, wire_set_int(c, SOL_SOCKET, SO_RCVBUF, 4096));
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	promised = wire_rcv_wnd(c);
	ASSERT_LE(2000u, promised);
	while (promised - sent >= 50) {
		SEND(c, "PA len 50");
		sent += 50;
		do {
			ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
		} while (c->got.ack != c->snd_nxt);
	}
	ASSERT_EQ(0, wire_read(c, sent));
}

WIRE_TEST(receiver, no_memory_for_what_was_offered)
{
	struct wire_conn *c = &self->c;
	uint32_t taken = 0;
	int i;

	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_LE(60000u, wire_rcv_wnd(c));
	ASSERT_EQ(0, wire_set_int(c, SOL_SOCKET, SO_RCVBUF, 4096));
	/* Until one is not taken. */
	do {
		taken = c->snd_nxt - c->iss - 1;
		ASSERT_GT(60000u, taken);
		SEND(c, "PA len 1000");
		do {
			ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
		} while (c->got.ack != c->snd_nxt && c->got.ack != c->iss + 1 + taken);
	} while (c->got.ack == c->snd_nxt);
	ASSERT_LE(2000u, taken);
	/* The peer is told to wait; for as long as it asks it is answered (MUST-37). */
	ASSERT_EQ(0, c->got.win);
	for (i = 0; i < 3; i++) {
		SEND(c, "A seq %u", taken);
		EXPECT(c, "A seq 1 ack %u win 0 len 0", taken + 1);
	}
	ASSERT_EQ(0, wire_read(c, taken));
	EXPECT_NOW(c, "A seq 1 ack %u len 0", taken + 1);
	ASSERT_LE(1000, c->got.win);
	SEND(c, "PA seq %u len 1000", taken + 1);
	EXPECT(c, "A seq 1 ack %u len 0", taken + 1001);
	ASSERT_LT(0, c->got.win);
	ASSERT_EQ(0, wire_read(c, 1000));
	ASSERT_EQ(0, wire_read_none(c));
}

WIRE_TEST(receiver, window_follows_the_reader)
{
	struct wire_conn *c = &self->c;
	int i;

	/* More than any first window passes, while the application reads. */
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	for (i = 0; i < 200; i++) {
		while (wire_rcv_wnd(c) < 1460)
			ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
		SEND(c, "A len 1460");
		ASSERT_EQ(0, wire_read(c, 1460));
		ASSERT_LE(0, wire_drain(c));
		ASSERT_FALSE(c->shrunk);
	}
}

/* ---- the receive buffer grows with its reader ---- */

FIXTURE(sizing) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(sizing) {
	bool set_by_user;	/* SO_RCVBUF */
	bool switched_off;	/* net.ipv4.tcp_moderate_rcvbuf */
	bool slow;		/* takes half a window in more than a round trip */
	bool echoes;		/* tell of a round trip that is longer than the handshake's */
	bool grows;
};

WIRE_SETUP(sizing)

FIXTURE_VARIANT_ADD(sizing, fast_reader) {
	.grows = true,
};

FIXTURE_VARIANT_ADD(sizing, slow_reader) {
	.slow = true,
};

FIXTURE_VARIANT_ADD(sizing, slow_reader_with_a_slower_peer) {
	.slow = true,
	.echoes = true,
	.grows = true,
};

FIXTURE_VARIANT_ADD(sizing, size_set_by_the_user) {
	.set_by_user = true,
};

FIXTURE_VARIANT_ADD(sizing, switched_off) {
	.switched_off = true,
};

/* A small buffer to begin with, so that few segments are a window. */
static int begin_small(struct wire_conn *c, bool set_by_user)
{
	static const char memory[] = "4096 8192 1048576";
	int fd = open("/proc/sys/net/ipv4/tcp_rmem", O_WRONLY | O_CLOEXEC);
	int n = write(fd, memory, strlen(memory));

	close(fd);
	if (n != (int)strlen(memory) || wire_listen(c) ||
	    (set_by_user && wire_set_int(c, SOL_SOCKET, SO_RCVBUF, 16384)))
		return -1;
	return wire_passive(c, "mss 1460 ws 7");
}

WIRE_TEST(sizing, receive_window)
{
	struct wire_conn *c = &self->c;
	uint32_t first, most, sent = 0;
	useconds_t pause = 0;

	c->rtt_ms = variant->slow ? 10 : 500;
	c->stamp = variant->echoes;
	c->tsval = 1;
	if (variant->switched_off)
		ASSERT_EQ(0, wire_write_file("/proc/sys/net/ipv4/tcp_moderate_rcvbuf", 0));
	ASSERT_EQ(0, begin_small(c, variant->set_by_user));
	if (variant->slow) {
		struct tcp_info info;
		socklen_t len = sizeof(info);

		ASSERT_EQ(0, getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len));
		ASSERT_LT(0u, info.tcpi_rtt);
		pause = info.tcpi_rtt / 2;
	}
	first = wire_rcv_wnd(c);
	ASSERT_LT(4000u, first);
	for (most = first; most < 4 * first && sent < 16 * first; sent += 1000) {
		while (wire_rcv_wnd(c) < 1000)
			ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
		if (pause)
			usleep(pause);	/* the reader's slowness, not a wait */
		if (variant->echoes) {
			SEND(c, "PA len 1000 ts %u %u", c->tsval, c->tsrecent - 1000);
		} else {
			SEND(c, "PA len 1000");
		}
		ASSERT_EQ(0, wire_read(c, 1000));
		ASSERT_LE(0, wire_drain(c));
		if (wire_rcv_wnd(c) > most)
			most = wire_rcv_wnd(c);
	}
	if (variant->grows) {
		ASSERT_LE(4 * first, most);
	} else {
		ASSERT_GT(2 * first, most);
	}
}

TEST_HARNESS_MAIN

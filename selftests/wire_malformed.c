// SPDX-License-Identifier: GPL-2.0
/*
 * A segment that is damaged or makes no sense must be dropped and counted, or
 * answered as RFC 9293 says, and the connection must carry data afterwards.
 */
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

/* ---- Dropped ---- */

FIXTURE(dropped) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(dropped) {
	const char *line;
	const char *counter;
	bool intree_counts;
};

WIRE_SETUP(dropped)

/* MUST-3 */
FIXTURE_VARIANT_ADD(dropped, bad_checksum) {
	.line = "A seq 1 ack 1 len 10 badsum", .counter = "InCsumErrors", .intree_counts = true,
};

FIXTURE_VARIANT_ADD(dropped, bad_checksum_rst) {
	.line = "R seq 1 badsum", .counter = "InCsumErrors", .intree_counts = true,
};

FIXTURE_VARIANT_ADD(dropped, bad_checksum_fin) {
	.line = "FA seq 1 ack 1 badsum", .counter = "InCsumErrors", .intree_counts = true,
};

FIXTURE_VARIANT_ADD(dropped, data_offset_0) {
	.line = "A seq 1 ack 1 len 10 doff 0", .counter = "InErrs", .intree_counts = true,
};

FIXTURE_VARIANT_ADD(dropped, data_offset_4) {
	.line = "A seq 1 ack 1 len 10 doff 4", .counter = "InErrs", .intree_counts = true,
};

/* In-tree: dropped without a count. */
FIXTURE_VARIANT_ADD(dropped, data_offset_past_end) {
	.line = "A seq 1 ack 1 len 10 doff 15", .counter = "InErrs",
};

FIXTURE_VARIANT_ADD(dropped, data_offset_just_past_end) {
	.line = "A seq 1 ack 1 len 3 doff 6", .counter = "InErrs",
};

FIXTURE_VARIANT_ADD(dropped, no_flags) {
	.line = "- seq 1",
};

FIXTURE_VARIANT_ADD(dropped, no_flags_with_data) {
	.line = "- seq 1 len 10",
};

FIXTURE_VARIANT_ADD(dropped, fin_alone) {
	.line = "F seq 1",
};

FIXTURE_VARIANT_ADD(dropped, urg_alone) {
	.line = "U seq 1 urg 5 len 10",
};

static int carries_data(struct wire_conn *c)
{
	if (wire_send(c, "A seq 1 ack 1 len 10") || wire_expect(c, "A seq 1 ack 11 len 0"))
		return -1;
	c->snd_nxt = c->iss + 11;
	if (wire_read(c, 10) || wire_read_none(c) || wire_write(c, 10))
		return -1;
	return wire_expect(c, "A seq 1 ack 11 len 10") ?: wire_send(c, "A ack 11");
}

WIRE_TEST(dropped, and_counted)
{
	struct wire_conn *c = &self->c;
	long before = 0;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	if (variant->counter) {
		before = wire_stat(&self->w, variant->counter);
		ASSERT_LE(0, before);
	}
	SEND(c, "%s", variant->line);
	EXPECT_NOTHING(c);
	if (variant->counter && (self->w.family != AF_INET || variant->intree_counts))
		ASSERT_EQ(before + 1, wire_stat(&self->w, variant->counter));
	EXPECT_STATE(c, WS_ESTABLISHED);
	ASSERT_EQ(0, carries_data(c));
}

/* ---- Answered ---- */

FIXTURE(answered) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(answered) {
	const char *line;
};

WIRE_SETUP(answered)

/* A SYN in the window is challenged, whatever else is set (RFC 5961 4). */
FIXTURE_VARIANT_ADD(answered, syn_fin) {
	.line = "SF seq 1",
};

FIXTURE_VARIANT_ADD(answered, syn_fin_ack) {
	.line = "SFA seq 1 ack 1 len 10",
};

/* RST is looked at before SYN; not at RCV.NXT it is challenged (RFC 5961 3). */
FIXTURE_VARIANT_ADD(answered, syn_rst) {
	.line = "SR seq 5",
};

FIXTURE_VARIANT_ADD(answered, fin_rst) {
	.line = "FR seq 5",
};

FIXTURE_VARIANT_ADD(answered, all_flags) {
	.line = "FSRPAUEC seq 5 ack 1 len 10",
};

FIXTURE_VARIANT_ADD(answered, all_flags_left_of_window_no_rst) {
	.line = "FSPAUEC seq -50 ack 1 len 10",
};

WIRE_TEST(answered, with_an_ack)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "%s", variant->line);
	EXPECT(c, "A seq 1 ack 1 len 0");
	EXPECT_NOTHING(c);
	EXPECT_STATE(c, WS_ESTABLISHED);
	ASSERT_EQ(0, carries_data(c));
}

/* ---- Options ---- */

FIXTURE(option) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(option) {
	const char *opt;
	bool bad;
};

WIRE_SETUP(option)

FIXTURE_VARIANT_ADD(option, length_0) {
	.opt = "fd000000", .bad = true,
};

FIXTURE_VARIANT_ADD(option, length_1) {
	.opt = "fd010000", .bad = true,
};

FIXTURE_VARIANT_ADD(option, length_past_header) {
	.opt = "fd080000", .bad = true,
};

FIXTURE_VARIANT_ADD(option, length_byte_past_header) {
	.opt = "010101fd", .bad = true,
};

FIXTURE_VARIANT_ADD(option, mss_length_0) {
	.opt = "02000000", .bad = true,
};

FIXTURE_VARIANT_ADD(option, timestamps_past_header) {
	.opt = "0101080a01020304", .bad = true,
};

FIXTURE_VARIANT_ADD(option, sack_blocks_past_header) {
	.opt = "0101051a0000000100000002", .bad = true,
};

FIXTURE_VARIANT_ADD(option, length_0_after_good_ones) {
	.opt = "01fd03aafe000000", .bad = true,
};

/* MUST-4 to MUST-6: good ones, known or not, at any alignment. */
FIXTURE_VARIANT_ADD(option, end_of_list) {
	.opt = "00000000",
};

FIXTURE_VARIANT_ADD(option, garbage_after_end_of_list) {
	.opt = "00fd0005",
};

FIXTURE_VARIANT_ADD(option, forty_nops) {
	.opt = "01010101010101010101010101010101010101010101010101010101010101010101010101010101",
};

FIXTURE_VARIANT_ADD(option, unknown) {
	.opt = "fd04abcd",
};

FIXTURE_VARIANT_ADD(option, unknown_of_two_octets) {
	.opt = "fd02fe02",
};

FIXTURE_VARIANT_ADD(option, unknown_fills_header) {
	.opt = "fd280001020304050607080910111213141516171819202122232425262728293031323334353637",
};

FIXTURE_VARIANT_ADD(option, mss_outside_syn) {
	.opt = "02040010",
};

FIXTURE_VARIANT_ADD(option, window_scale_outside_syn) {
	.opt = "0103030e",
};

WIRE_TEST(option, in_a_data_segment)
{
	struct wire_conn *c = &self->c;
	long before;
	int n;

	/*
	 * MUST-7: survive a bad length. Whether such a segment is dropped (and
	 * then counted) or taken as far as it makes sense, is free.
	 */
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	before = wire_stat(&self->w, "InErrs");
	ASSERT_LE(0, before);
	SEND(c, "A seq 1 ack 1 len 10 opt %s", variant->opt);
	if (!variant->bad) {
		EXPECT(c, "A seq 1 ack 11 len 0");
	} else if (wire_stat(&self->w, "InErrs") == before + 1) {
		EXPECT_NOTHING(c);
		ASSERT_EQ(0, wire_read_none(c));
	} else {
		EXPECT(c, "A seq 1 ack 11 len 0");
	}
	n = (c->got.ack - c->iss) == 11 ? 10 : 0;
	ASSERT_EQ(0, wire_read(c, n));
	EXPECT_STATE(c, WS_ESTABLISHED);
	c->rd_off = 0;
	if (n == 0) {
		ASSERT_EQ(0, carries_data(c));
		return;
	}
	c->rd_off = 10;
	c->snd_nxt = c->iss + 11;
	SEND(c, "A len 10");
	EXPECT(c, "A seq 1 ack 21 len 0");
	ASSERT_EQ(0, wire_read(c, 10));
	ASSERT_EQ(0, wire_write(c, 1000));
	EXPECT(c, "A seq 1 ack 21 len 1000");
}

WIRE_TEST(option, in_a_syn)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_LISTEN, false);
	SEND(c, "S seq 0 opt %s", variant->opt);
	ASSERT_LE(0, wire_drain(c));
	if (!variant->bad)
		ASSERT_EQ(WIRE_SYN | WIRE_ACK, c->got.flags);
	if (c->irs_known)
		ASSERT_EQ(1, (int)wire_rel_ack(c, &c->got));
	/* The listener lives. */
	c->pport++;
	wire_conn_reuse(c, 3000000);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, carries_data(c));
}

WIRE_FIXTURE(options)

WIRE_TEST(options, known_one_behind_unknown_ones)
{
	struct wire_conn *c = &self->c;

	/* MUST-6, MUST-64: the MSS at an odd place behind unknown options counts. */
	ENTER(c, WS_LISTEN, false);
	SEND(c, "S seq 0 opt fd03aafe02020402bc");
	EXPECT(c, "SA seq 0 ack 1");
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, wire_write(c, 1500));
	EXPECT(c, "A seq 1 ack 1 len 700");
}

/* ---- The rest ---- */

WIRE_FIXTURE(malformed)

WIRE_TEST(malformed, shorter_than_a_header)
{
	struct wire_conn *c = &self->c;
	int len;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	for (len = 0; len < 20; len++)
		ASSERT_EQ(0, wire_send_short(c, len));
	EXPECT_NOTHING(c);
	EXPECT_STATE(c, WS_ESTABLISHED);
	ASSERT_EQ(0, carries_data(c));
}

WIRE_TEST(malformed, odd_flags_at_a_listener)
{
	struct wire_conn *c = &self->c;

	/*
	 * RST first, then ACK, then SYN. What becomes of SYN+FIN is free: the
	 * RFC takes the SYN and leaves the rest for later, others drop it.
	 */
	ENTER(c, WS_LISTEN, false);
	SEND(c, "- seq 0");
	SEND(c, "SR seq 0");
	SEND(c, "FSRPAUEC seq 0 ack 1");
	SEND(c, "FPU seq 0");
	EXPECT_NOTHING(c);
	SEND(c, "FSPAU seq 0 ack 9");
	EXPECT(c, "R seq 9 len 0");
	SEND(c, "SF seq 0");
	ASSERT_LE(0, wire_drain(c));
	ASSERT_FALSE(c->irs_known && (c->got.flags & WIRE_RST));
	EXPECT_STATE(c, WS_LISTEN);
	c->pport++;
	wire_conn_reuse(c, 3000000);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, carries_data(c));
}

/* ---- Our own ---- */

/* MUST-68: a length behind every kind; MUST-69: nothing but zeros behind the end. */
static bool well_formed(const struct wire_seg *seg)
{
	int i = 0;

	while (i < seg->optlen && seg->opt[i] != 0) {
		if (seg->opt[i] == 1) {
			i++;
			continue;
		}
		if (i + 1 >= seg->optlen || seg->opt[i + 1] < 2 ||
		    i + seg->opt[i + 1] > seg->optlen)
			return false;
		i += seg->opt[i + 1];
	}
	for (; i < seg->optlen; i++)
		if (seg->opt[i] != 0)
			return false;
	return true;
}

WIRE_TEST(options, of_ours_are_well_formed)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_connect(c));
	ASSERT_LT(0, c->got.optlen);
	ASSERT_TRUE(well_formed(&c->got));
	wire_close(c);
	c->pport++;
	wire_conn_reuse(c, 3000000);
	ASSERT_EQ(0, wire_listen(c));
	SEND(c, "S seq 0 mss 1460 sackok ws 7");
	EXPECT(c, "SA seq 0 ack 1");
	ASSERT_LT(0, c->got.optlen);
	ASSERT_TRUE(well_formed(&c->got));
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	/* SACK blocks. */
	SEND(c, "A seq 101 len 100");
	EXPECT(c, "A ack 1 len 0");
	ASSERT_LT(0, c->got.optlen);
	ASSERT_TRUE(well_formed(&c->got));
}

TEST_HARNESS_MAIN

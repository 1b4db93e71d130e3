// SPDX-License-Identifier: GPL-2.0
/*
 * Text that arrives out of order, twice or overlapping must be delivered whole,
 * once and in order, and a FIN must count only behind all text before it
 * (RFC 9293 3.10.7.4, SHLD-31).
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

WIRE_FIXTURE(ooo)

WIRE_TEST(ooo, swapped)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "A seq 101 len 100");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(0, wire_read_none(c));
	SEND(c, "A seq 1 len 100");
	EXPECT(c, "A seq 1 ack 201 len 0");
	ASSERT_EQ(0, wire_read(c, 200));
	ASSERT_EQ(0, wire_read_none(c));
}

WIRE_TEST(ooo, backwards)
{
	struct wire_conn *c = &self->c;
	int i;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	for (i = 19; i > 0; i--) {
		SEND(c, "A seq %d len 100", 1 + 100 * i);
		EXPECT(c, "A seq 1 ack 1 len 0");
	}
	SEND(c, "A seq 1 len 100");
	EXPECT(c, "A seq 1 ack 2001 len 0");
	ASSERT_EQ(0, wire_read(c, 2000));
}

WIRE_TEST(ooo, three_holes)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "A seq 101 len 100");
	EXPECT(c, "A ack 1 len 0");
	SEND(c, "A seq 301 len 100");
	EXPECT(c, "A ack 1 len 0");
	SEND(c, "A seq 501 len 100");
	EXPECT(c, "A ack 1 len 0");
	SEND(c, "A seq 201 len 100");
	EXPECT(c, "A ack 1 len 0");
	SEND(c, "A seq 1 len 100");
	EXPECT(c, "A ack 401 len 0");
	SEND(c, "A seq 401 len 100");
	EXPECT(c, "A ack 601 len 0");
	ASSERT_EQ(0, wire_read(c, 600));
}

WIRE_TEST(ooo, duplicate)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "A seq 1 len 100");
	EXPECT(c, "A ack 101 len 0");
	SEND(c, "A seq 1 len 100");
	EXPECT(c, "A ack 101 len 0");
	SEND(c, "A seq 201 len 100");
	EXPECT(c, "A ack 101 len 0");
	SEND(c, "A seq 201 len 100");
	EXPECT(c, "A ack 101 len 0");
	SEND(c, "A seq 101 len 100");
	EXPECT(c, "A ack 301 len 0");
	ASSERT_EQ(0, wire_read(c, 300));
	ASSERT_EQ(0, wire_read_none(c));
}

/* ---- How the second segment lies to the first ---- */

FIXTURE(overlap) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(overlap) {
	uint32_t seq1, len1, seq2, len2;
};

WIRE_SETUP(overlap)

FIXTURE_VARIANT_ADD(overlap, same) {
	.seq1 = 101, .len1 = 100, .seq2 = 101, .len2 = 100,
};

FIXTURE_VARIANT_ADD(overlap, left) {
	.seq1 = 101, .len1 = 100, .seq2 = 51, .len2 = 100,
};

FIXTURE_VARIANT_ADD(overlap, right) {
	.seq1 = 101, .len1 = 100, .seq2 = 151, .len2 = 100,
};

FIXTURE_VARIANT_ADD(overlap, inside) {
	.seq1 = 101, .len1 = 100, .seq2 = 120, .len2 = 20,
};

FIXTURE_VARIANT_ADD(overlap, around) {
	.seq1 = 101, .len1 = 100, .seq2 = 51, .len2 = 300,
};

FIXTURE_VARIANT_ADD(overlap, same_start_longer) {
	.seq1 = 101, .len1 = 100, .seq2 = 101, .len2 = 300,
};

FIXTURE_VARIANT_ADD(overlap, same_start_shorter) {
	.seq1 = 101, .len1 = 100, .seq2 = 101, .len2 = 30,
};

FIXTURE_VARIANT_ADD(overlap, same_end_longer) {
	.seq1 = 101, .len1 = 100, .seq2 = 51, .len2 = 150,
};

FIXTURE_VARIANT_ADD(overlap, adjacent) {
	.seq1 = 101, .len1 = 100, .seq2 = 201, .len2 = 100,
};

FIXTURE_VARIANT_ADD(overlap, from_the_edge) {
	.seq1 = 101, .len1 = 100, .seq2 = 1, .len2 = 150,
};

FIXTURE_VARIANT_ADD(overlap, from_the_edge_beyond) {
	.seq1 = 101, .len1 = 100, .seq2 = 1, .len2 = 400,
};

WIRE_TEST(overlap, is_delivered_once)
{
	struct wire_conn *c = &self->c;
	uint32_t end1 = variant->seq1 + variant->len1;
	uint32_t end2 = variant->seq2 + variant->len2;
	uint32_t end = end1 > end2 ? end1 : end2;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "A seq %u len %u", variant->seq1, variant->len1);
	EXPECT(c, "A seq 1 ack 1 len 0");
	SEND(c, "A seq %u len %u", variant->seq2, variant->len2);
	if (variant->seq2 == 1) {
		EXPECT(c, "A seq 1 ack %u len 0", end);
	} else {
		EXPECT(c, "A seq 1 ack 1 len 0");
		ASSERT_EQ(0, wire_read_none(c));
		SEND(c, "A seq 1 len 100");
		EXPECT(c, "A seq 1 ack %u len 0", end);
	}
	ASSERT_EQ(0, wire_read(c, end - 1));
	ASSERT_EQ(0, wire_read_none(c));
}

/* ---- A shuffled stream ---- */

FIXTURE(shuffle) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(shuffle) {
	unsigned int seed;
};

WIRE_SETUP(shuffle)

FIXTURE_VARIANT_ADD(shuffle, one) {
	.seed = 1,
};

FIXTURE_VARIANT_ADD(shuffle, two) {
	.seed = 2,
};

FIXTURE_VARIANT_ADD(shuffle, three) {
	.seed = 3,
};

#define TOTAL	20000u

WIRE_TEST(shuffle, is_whole_in_the_end)
{
	struct wire_conn *c = &self->c;
	unsigned int seed = variant->seed, i, at, len;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	for (i = 0; i < 150; i++) {
		at = rand_r(&seed) % TOTAL;
		len = 1 + rand_r(&seed) % 700;
		if (len > TOTAL - at)
			len = TOTAL - at;
		SEND(c, "A seq %u len %u", 1 + at, len);
		ASSERT_LE(0, wire_drain(c));
	}
	/* Whatever chance left out. */
	for (at = 0; at < TOTAL; at += len) {
		len = TOTAL - at < 1000 ? TOTAL - at : 1000;
		SEND(c, "A seq %u len %u", 1 + at, len);
		ASSERT_LE(0, wire_drain(c));
	}
	while (wire_rel_ack(c, &c->got) != 1 + TOTAL)
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
	ASSERT_EQ(0, wire_read(c, TOTAL));
	ASSERT_EQ(0, wire_read_none(c));
}

/* ---- FIN ---- */

WIRE_TEST(ooo, fin_before_text)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "FA seq 101 ack 1");
	EXPECT(c, "A seq 1 ack 1 len 0");
	EXPECT_STATE(c, WS_ESTABLISHED);
	ASSERT_EQ(0, wire_read_none(c));
	SEND(c, "A seq 1 len 100");
	EXPECT(c, "A seq 1 ack 102 len 0");
	EXPECT_STATE(c, WS_CLOSE_WAIT);
	ASSERT_EQ(0, wire_read(c, 100));
	ASSERT_EQ(0, wire_read_eof(c));
}

WIRE_TEST(ooo, fin_with_text_before_text)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "FA seq 51 ack 1 len 50");
	EXPECT(c, "A seq 1 ack 1 len 0");
	EXPECT_STATE(c, WS_ESTABLISHED);
	/* Overlaps the text of the FIN segment. */
	SEND(c, "A seq 1 len 70");
	EXPECT(c, "A seq 1 ack 102 len 0");
	EXPECT_STATE(c, WS_CLOSE_WAIT);
	ASSERT_EQ(0, wire_read(c, 100));
	ASSERT_EQ(0, wire_read_eof(c));
}

WIRE_TEST(ooo, fin_before_text_in_fin_wait1)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_FIN_WAIT1, true);
	SEND(c, "FA seq 101 ack 1");
	EXPECT(c, "A seq 2 ack 1 len 0");
	EXPECT_STATE(c, WS_FIN_WAIT1);
	SEND(c, "A seq 1 ack 1 len 100");
	EXPECT(c, "A seq 2 ack 102 len 0");
	EXPECT_STATE(c, WS_CLOSING);
	ASSERT_EQ(0, wire_read(c, 100));
	ASSERT_EQ(0, wire_read_eof(c));
}

WIRE_TEST(ooo, fin_before_text_in_fin_wait2)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_FIN_WAIT2, false);
	SEND(c, "FA seq 101 ack 2 len 10");
	EXPECT(c, "A seq 2 ack 1 len 0");
	EXPECT_STATE(c, WS_FIN_WAIT2);
	SEND(c, "A seq 1 ack 2 len 100");
	EXPECT(c, "A seq 2 ack 112 len 0");
	EXPECT_STATE(c, WS_TIME_WAIT);
	ASSERT_EQ(0, wire_read(c, 110));
	ASSERT_EQ(0, wire_read_eof(c));
}

WIRE_TEST(ooo, ack_of_out_of_order_segment_counts)
{
	struct wire_conn *c = &self->c;

	/* The acknowledgment of a segment does not wait for its text. */
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 len 100");
	SEND(c, "A seq 101 ack 101 len 10");
	EXPECT(c, "A seq 101 ack 1 len 0");
	c->strict = true;
	EXPECT_QUIET(c, 1000);
}

TEST_HARNESS_MAIN

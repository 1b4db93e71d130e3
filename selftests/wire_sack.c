// SPDX-License-Identifier: GPL-2.0
/*
 * A receiver whose peer takes SACK must tell in each ACK for a hole what it
 * holds beyond the hole, the newest first (RFC 2018 3 and 4).
 */
#include <arpa/inet.h>
#include <string.h>

#include "kselftest_harness.h"
#include "lib/sock.h"
#include "lib/wire.h"

WIRE_FIXTURE(sack)

/* Block i of the segment's SACK option, relative to the peer's ISS. */
static bool block(const struct wire_conn *c, int i, uint32_t start, uint32_t end)
{
	const struct wire_seg *seg = &c->got;
	uint32_t edge[2];
	int at = 0;

	while (at < seg->optlen && seg->opt[at] != 5)
		at += seg->opt[at] < 2 ? 1 : seg->opt[at + 1];
	if (i >= seg->nsack || at >= seg->optlen)
		return false;
	memcpy(edge, seg->opt + at + 2 + 8 * i, sizeof(edge));
	return ntohl(edge[0]) - c->iss == start && ntohl(edge[1]) - c->iss == end;
}

/* Text behind the i-th hole, and the ACK for it. */
#define HOLD(c, i)						\
	do {							\
		SEND(c, "A seq %d len 100", 1 + 200 * (i));	\
		EXPECT(c, "A seq 1 ack 1 len 0");		\
	} while (0)

WIRE_TEST(sack, not_offered)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "A seq 101 len 100");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(0, c->got.nsack);
}

WIRE_TEST(sack, one_hole)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460 sackok"));
	SEND(c, "A seq 101 len 100");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(1, c->got.nsack);
	ASSERT_TRUE(block(c, 0, 101, 201));
	/* Text that lies behind what is held is one block with it. */
	SEND(c, "A seq 201 len 100");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(1, c->got.nsack);
	ASSERT_TRUE(block(c, 0, 101, 301));
	SEND(c, "A seq 1 len 100");
	EXPECT(c, "A seq 1 ack 301 len 0");
	ASSERT_EQ(0, c->got.nsack);
	ASSERT_EQ(0, wire_read(c, 300));
}

WIRE_TEST(sack, newest_first)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460 sackok"));
	SEND(c, "A seq 501 len 100");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_TRUE(block(c, 0, 501, 601));
	SEND(c, "A seq 101 len 100");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(2, c->got.nsack);
	ASSERT_TRUE(block(c, 0, 101, 201));
	ASSERT_TRUE(block(c, 1, 501, 601));
	SEND(c, "A seq 301 len 100");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(3, c->got.nsack);
	ASSERT_TRUE(block(c, 0, 301, 401));
	/* The lowest hole closes; what is left is still told. */
	SEND(c, "A seq 1 len 100");
	EXPECT(c, "A seq 1 ack 201 len 0");
	ASSERT_EQ(2, c->got.nsack);
}

WIRE_TEST(sack, no_more_than_fit)
{
	struct wire_conn *c = &self->c;
	int i;

	ASSERT_EQ(0, wire_passive(c, "mss 1460 sackok"));
	for (i = 1; i <= 6; i++) {
		HOLD(c, i);
		ASSERT_EQ(i < 4 ? i : 4, c->got.nsack);
		ASSERT_TRUE(block(c, 0, 1 + 200 * i, 101 + 200 * i));
	}
}

WIRE_TEST(sack, active_opener_offers)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_active(c, "mss 1460 sackok"));
	SEND(c, "A seq 101 len 100");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(1, c->got.nsack);
	ASSERT_TRUE(block(c, 0, 101, 201));
}

/* RFC 2018 4: a block that was first is told again while others come. */
WIRE_TEST(sack, recent_ones_again)
{
	struct wire_conn *c = &self->c;
	int i, k;

	ASSERT_EQ(0, wire_passive(c, "mss 1460 sackok"));
	for (i = 1; i <= 6; i++) {
		HOLD(c, i);
		for (k = 0; k < c->got.nsack; k++)
			ASSERT_TRUE(block(c, k, 1 + 200 * (i - k), 101 + 200 * (i - k)));
	}
	/* The hole between the last two: they are one block. */
	SEND(c, "A seq 1101 len 100");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(4, c->got.nsack);
	ASSERT_TRUE(block(c, 0, 1001, 1301));
	ASSERT_TRUE(block(c, 1, 801, 901));
	ASSERT_TRUE(block(c, 2, 601, 701));
	ASSERT_TRUE(block(c, 3, 401, 501));
	/* Beside one that has not been told of for a while: it is told of whole. */
	SEND(c, "A seq 301 len 50");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(4, c->got.nsack);
	ASSERT_TRUE(block(c, 0, 201, 351));
	ASSERT_TRUE(block(c, 1, 1001, 1301));
}

/* RFC 2018 4: the first block has the text that came, also where nothing in it is new. */
WIRE_TEST(sack, text_again)
{
	struct wire_conn *c = &self->c;
	int i;

	ASSERT_EQ(0, wire_passive(c, "mss 1460 sackok"));
	for (i = 1; i <= 6; i++)
		HOLD(c, i);
	SEND(c, "A seq 221 len 50");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(4, c->got.nsack);
	ASSERT_TRUE(block(c, 0, 201, 301));
	ASSERT_TRUE(block(c, 1, 1201, 1301));
	/* What RCV.NXT has passed is not told of. */
	SEND(c, "A seq 1 len 200");
	EXPECT(c, "A seq 1 ack 301 len 0");
	ASSERT_EQ(4, c->got.nsack);
	ASSERT_TRUE(block(c, 0, 1201, 1301));
	ASSERT_TRUE(block(c, 2, 801, 901));
	ASSERT_TRUE(block(c, 3, 601, 701));
}

/* RFC 2018 4: an ACK that is not of all that came tells what more there is. */
WIRE_TEST(sack, what_is_left_is_told)
{
	struct wire_conn *c = &self->c;
	int i;

	ASSERT_EQ(0, wire_passive(c, "mss 1460 sackok"));
	for (i = 20; i; i--) {
		HOLD(c, i);
		ASSERT_TRUE(block(c, 0, 1 + 200 * i, 101 + 200 * i));
	}
	/* All that ACKs have told of lately, at once. */
	SEND(c, "A seq 1 len 1460");
	EXPECT(c, "A seq 1 ack 1501 len 0");
	SEND(c, "A seq 1501 len 1460");
	EXPECT(c, "A seq 1 ack 2961 len 0");
	ASSERT_LE(1, c->got.nsack);
	ASSERT_TRUE(block(c, 0, 3001, 3101));
}

/* The same where there is no room for more: it takes none. */
WIRE_TEST(sack, text_again_without_room)
{
	struct wire_conn *c = &self->c;
	int i;

	ASSERT_EQ(0, wire_passive(c, "mss 1460 sackok"));
	for (i = 1; i <= 3; i++) {
		SEND(c, "A seq %d len 1000", 1 + 2000 * i);
		EXPECT(c, "A seq 1 ack 1 len 0");
	}
	ASSERT_EQ(0, sock_set(c->fd, SOL_SOCKET, SO_RCVBUF, 1));
	SEND(c, "A seq 8001 len 1000");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(3, c->got.nsack);
	ASSERT_TRUE(block(c, 0, 6001, 7001));
	SEND(c, "A seq 2101 len 500");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(3, c->got.nsack);
	ASSERT_TRUE(block(c, 0, 2001, 3001));
	ASSERT_TRUE(block(c, 1, 6001, 7001));
}

/* One octet at a time, each told with all that is held around it. */
WIRE_TEST(sack, octet_by_octet)
{
	struct wire_conn *c = &self->c;
	int i;

	ASSERT_EQ(0, wire_passive(c, "mss 1460 sackok"));
	for (i = 0; i < 300; i++) {
		SEND(c, "A seq %d len 1", 101 + i);
		EXPECT(c, "A seq 1 ack 1 len 0");
		ASSERT_EQ(1, c->got.nsack);
		ASSERT_TRUE(block(c, 0, 101, 102 + i));
	}
	SEND(c, "A seq 1 len 100");
	EXPECT(c, "A seq 1 ack 401 len 0");
	ASSERT_EQ(0, c->got.nsack);
	ASSERT_EQ(0, wire_read(c, 400));
}

TEST_HARNESS_MAIN

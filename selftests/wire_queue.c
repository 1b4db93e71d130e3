// SPDX-License-Identifier: GPL-2.0
/*
 * Segments that wait in a queue must all be processed before any ACK is sent, so
 * that one ACK answers them all (RFC 9293 3.10.7.4, MUST-58 and MUST-59).
 *
 * They wait while a process holds the socket, see lib/stuck.h.
 */
#include <errno.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/stuck.h"
#include "lib/wire.h"

#define MSS	1460

WIRE_FIXTURE(queue)

WIRE_TEST(queue, one_ack_for_all)
{
	struct wire_conn *c = &self->c;
	struct stuck_reader reader;
	int i, stuck;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "PA len 10");
	EXPECT(c, "A seq 1 ack 11 len 0");
	stuck = stuck_begin(&reader, c->fd);
	if (stuck > 0)
		SKIP(return, "the kernel has no userfaultfd");
	ASSERT_EQ(0, stuck);
	for (i = 0; i < 8; i++)
		SEND(c, "A len %d", MSS);
	/* They are in the queue: nobody has answered. */
	EXPECT_NOTHING(c);
	ASSERT_EQ(0, stuck_end(&reader));
	EXPECT(c, "A seq 1 ack %d len 0", 11 + 8 * MSS);
	EXPECT_NOTHING(c);
	c->rd_off = 10;
	ASSERT_EQ(0, wire_read(c, 8 * MSS));
}

WIRE_TEST(queue, one_ack_behind_a_hole)
{
	struct wire_conn *c = &self->c;
	struct stuck_reader reader;
	int i, stuck;

	/* The queue has a hole, and then what fills it: what is told is the end. */
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "PA len 10");
	EXPECT(c, "A seq 1 ack 11 len 0");
	stuck = stuck_begin(&reader, c->fd);
	if (stuck > 0)
		SKIP(return, "the kernel has no userfaultfd");
	ASSERT_EQ(0, stuck);
	for (i = 1; i < 4; i++)
		SEND(c, "A seq %d len %d", 11 + i * MSS, MSS);
	SEND(c, "A seq 11 len %d", MSS);
	EXPECT_NOTHING(c);
	ASSERT_EQ(0, stuck_end(&reader));
	EXPECT(c, "A seq 1 ack %d len 0", 11 + 4 * MSS);
	EXPECT_NOTHING(c);
}

TEST_HARNESS_MAIN

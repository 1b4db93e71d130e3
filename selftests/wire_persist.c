// SPDX-License-Identifier: GPL-2.0
/*
 * A closed window must be probed, first after the retransmission timeout and then
 * ever less often, for as long as the probes are answered; when the window opens,
 * the data flows (RFC 9293 3.8.6.1).
 */
#include <errno.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

WIRE_FIXTURE(persist)

/* A probe is one octet of new data, or an old sequence number without any. */
static int take_probe(struct wire_conn *c, uint32_t una)
{
	uint32_t seq;

	c->strict = true;
	if (wire_next(c, 3 * WIRE_DEADLINE_MS))
		return -1;
	seq = wire_rel_seq(c, &c->got);
	c->rcv_nxt = c->irs + una;
	if (c->got.flags & (WIRE_SYN | WIRE_RST | WIRE_FIN))
		return -1;
	if ((seq == una && c->got.len == 1) || (seq == una - 1 && c->got.len <= 1))
		return 0;
	fprintf(stderr, "# not a probe: seq %u len %d, SND.UNA is %u\n", seq, c->got.len, una);
	wire_dump(c->w);
	return -1;
}

static int closed_window(struct wire_conn *c, int n)
{
	c->win = 0;
	if (wire_passive(c, "mss 1000"))
		return -1;
	return wire_write(c, n) ?: wire_expect_nothing(c);
}

WIRE_TEST(persist, probes_with_backoff)
{
	struct wire_conn *c = &self->c;
	int64_t last;
	int64_t gap[5];
	int i;

	ASSERT_EQ(0, closed_window(c, 2500));
	last = wire_now();
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, take_probe(c, 1));
		gap[i] = c->got.when - last;
		last = c->got.when;
		SEND(c, "A ack 1");
	}
	/* Emulation is uneven: the sum shows the growth, and no gap shrinks much. */
	for (i = 1; i < 5; i++)
		ASSERT_LE(gap[i - 1] * 7, gap[i] * 10);
	ASSERT_LE(gap[0] * 4, gap[4]);
	ASSERT_LE(gap[1] * 3, gap[4]);
	EXPECT_STATE(c, WS_ESTABLISHED);
}

WIRE_TEST(persist, first_probe_waits_for_the_timeout)
{
	struct wire_conn *c = &self->c;
	int64_t began;

	/* SHLD-29; the timeout is 200 ms times three at least. */
	c->rtt_ms = 200;
	ASSERT_EQ(0, closed_window(c, 100));
	began = wire_now();
	ASSERT_EQ(0, take_probe(c, 1));
	ASSERT_LE(300000, wire_now() - began);
}

WIRE_TEST(persist, window_opens)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, closed_window(c, 2500));
	ASSERT_EQ(0, take_probe(c, 1));
	SEND(c, "A ack 1");
	c->win = 65535;
	c->strict = false;
	SEND(c, "A ack 1");
	ASSERT_EQ(0, wire_expect_stream(c, 2501, false, true));
	c->strict = true;
	EXPECT_QUIET(c, 1500);
}

WIRE_TEST(persist, window_opens_in_the_answer_to_a_probe)
{
	struct wire_conn *c = &self->c;

	/* The update was lost: this is what probes are for. */
	ASSERT_EQ(0, closed_window(c, 2500));
	ASSERT_EQ(0, take_probe(c, 1));
	c->win = 65535;
	c->strict = false;
	SEND(c, "A ack 1");
	ASSERT_EQ(0, wire_expect_stream(c, 2501, false, true));
}

WIRE_TEST(persist, closes_again)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, closed_window(c, 3000));
	ASSERT_EQ(0, take_probe(c, 1));
	c->strict = false;
	c->win = 1000;
	SEND(c, "A ack 1");
	ASSERT_EQ(0, wire_expect_stream(c, 1001, false, false));
	c->win = 0;
	SEND(c, "A ack 1001");
	EXPECT_NOTHING(c);
	ASSERT_EQ(0, take_probe(c, 1001));
	c->win = 65535;
	c->strict = false;
	SEND(c, "A ack 1001");
	ASSERT_EQ(0, wire_expect_stream(c, 3001, false, true));
}

WIRE_TEST(persist, unanswered_probes_go_on)
{
	struct wire_conn *c = &self->c;
	int i;

	ASSERT_EQ(0, closed_window(c, 100));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, take_probe(c, 1));
	EXPECT_STATE(c, WS_ESTABLISHED);
	c->win = 65535;
	c->strict = false;
	SEND(c, "A ack 1");
	ASSERT_EQ(0, wire_expect_stream(c, 101, false, true));
}

WIRE_TEST(persist, window_shrinks_to_zero)
{
	struct wire_conn *c = &self->c;

	/*
	 * MUST-34, MUST-35: the peer takes back what it had offered. Whatever
	 * is sent until it opens again, the connection must survive and the
	 * stream must be whole.
	 */
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 2000));
	EXPECT(c, "A seq 1 len 1000");
	EXPECT(c, "A seq 1001 len 1000");
	c->rcv_nxt = c->irs + 1001;
	c->win = 0;
	SEND(c, "A ack 1001");
	ASSERT_EQ(0, wire_write(c, 1000));
	/* SHLD-15: no new data; something asks for the window all the same. */
	c->strict = true;
	ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
	ASSERT_GE(1001u, wire_rel_seq(c, &c->got));
	ASSERT_GE(2001u, wire_rel_seq(c, &c->got) + c->got.len);
	c->strict = false;
	c->rcv_nxt = c->irs + 1001;
	EXPECT_STATE(c, WS_ESTABLISHED);
	c->win = 65535;
	SEND(c, "A ack 1001");
	ASSERT_EQ(0, wire_expect_stream(c, 3001, false, true));
}

WIRE_TEST(persist, without_socket)
{
	struct wire_conn *c = &self->c;

	/* After close() the data left is probed for just the same. */
	ASSERT_EQ(0, closed_window(c, 100));
	wire_close(c);
	ASSERT_EQ(0, take_probe(c, 1));
	SEND(c, "A ack 1");
	ASSERT_EQ(0, take_probe(c, 1));
	EXPECT_STATE(c, WS_FIN_WAIT1);
	c->win = 65535;
	c->strict = false;
	SEND(c, "A ack 1");
	ASSERT_EQ(0, wire_expect_stream(c, 101, true, true));
}

WIRE_TEST(persist, acks_count_meanwhile)
{
	struct wire_conn *c = &self->c;

	/* Our window shut does not stop what comes from the peer. */
	ASSERT_EQ(0, closed_window(c, 100));
	SEND(c, "A ack 1 len 50");
	c->strict = false;
	do {
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
	} while (wire_rel_ack(c, &c->got) != 51);
	ASSERT_EQ(0, wire_read(c, 50));
}

TEST_HARNESS_MAIN

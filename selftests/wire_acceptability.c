// SPDX-License-Identifier: GPL-2.0
/*
 * In every synchronised state a segment outside the window must be answered
 * with <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> and do nothing, a RST must count only
 * at RCV.NXT, and a SYN or a wrong ACK must get a challenge ACK
 * (RFC 9293 3.10.7.4, RFC 5961).
 */
#include <errno.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

FIXTURE(accept) {
	struct wire w;
	struct wire_conn c;
	uint32_t s;	/* the stack's SND.NXT */
	uint32_t r;	/* its RCV.NXT */
	uint32_t a;	/* an ACK that keeps it in its state */
	uint32_t edge;	/* right edge of its window, relative */
};

FIXTURE_VARIANT(accept) {
	int state;
	bool active;
	bool takes_text;
};

FIXTURE_SETUP(accept)
{
	struct wire_conn *c = &self->c;
	bool unacked;

	ASSERT_EQ(0, wire_init(&self->w));
	wire_conn_init(c, &self->w);
	ENTER(c, variant->state, variant->active);
	unacked = variant->state == WS_FIN_WAIT1 || variant->state == WS_CLOSING ||
		  variant->state == WS_LAST_ACK;
	self->s = c->rcv_nxt - c->irs;
	self->r = c->snd_nxt - c->iss;
	self->a = unacked ? 1 : self->s;
	self->edge = c->edge - c->iss;
	ASSERT_LT(self->r + 1000, self->edge);
}

FIXTURE_TEARDOWN(accept)
{
	wire_fini(&self->w);
}

FIXTURE_VARIANT_ADD(accept, syn_recv_passive) {
	.state = WS_SYN_RECV,
};

FIXTURE_VARIANT_ADD(accept, syn_recv_active) {
	.state = WS_SYN_RECV, .active = true,
};

FIXTURE_VARIANT_ADD(accept, established) {
	.state = WS_ESTABLISHED, .takes_text = true,
};

FIXTURE_VARIANT_ADD(accept, established_active) {
	.state = WS_ESTABLISHED, .takes_text = true, .active = true,
};

FIXTURE_VARIANT_ADD(accept, fin_wait1) {
	.state = WS_FIN_WAIT1, .takes_text = true,
};

FIXTURE_VARIANT_ADD(accept, fin_wait2) {
	.state = WS_FIN_WAIT2, .takes_text = true,
};

FIXTURE_VARIANT_ADD(accept, close_wait) {
	.state = WS_CLOSE_WAIT,
};

FIXTURE_VARIANT_ADD(accept, closing) {
	.state = WS_CLOSING,
};

FIXTURE_VARIANT_ADD(accept, last_ack) {
	.state = WS_LAST_ACK,
};

FIXTURE_VARIANT_ADD(accept, time_wait) {
	.state = WS_TIME_WAIT,
};

#define EXPECT_CHALLENGE(c)	EXPECT(c, "A seq %u ack %u len 0", self->s, self->r)

/* ---- First: the sequence number ---- */

WIRE_TEST(accept, left_of_window)
{
	SEND(&self->c, "A seq %u ack %u len 5", self->r - 10, self->a);
	EXPECT_CHALLENGE(&self->c);
	EXPECT_NOTHING(&self->c);
	EXPECT_STATE(&self->c, variant->state);
}

WIRE_TEST(accept, left_of_window_up_to_the_edge)
{
	if (self->w.family == AF_INET && variant->state == WS_SYN_RECV && variant->active)
		SKIP(return, "in-tree: its check is one octet wider on the left");
	/* The last octet is the one before RCV.NXT. */
	SEND(&self->c, "A seq %u ack %u len 5", self->r - 5, self->a);
	EXPECT_CHALLENGE(&self->c);
	EXPECT_STATE(&self->c, variant->state);
}

WIRE_TEST(accept, left_of_window_without_text)
{
	/* What a keep-alive sends. */
	SEND(&self->c, "A seq %u ack %u", self->r - 1, self->a);
	EXPECT_CHALLENGE(&self->c);
	EXPECT_STATE(&self->c, variant->state);
}

WIRE_TEST(accept, far_left_of_window)
{
	SEND(&self->c, "A seq %u ack %u len 5", self->r - 0x7fffff00, self->a);
	EXPECT_CHALLENGE(&self->c);
	EXPECT_STATE(&self->c, variant->state);
}

WIRE_TEST(accept, right_of_window)
{
	SEND(&self->c, "A seq %u ack %u len 5", self->edge + 100, self->a);
	EXPECT_CHALLENGE(&self->c);
	EXPECT_NOTHING(&self->c);
	EXPECT_STATE(&self->c, variant->state);
}

WIRE_TEST(accept, right_of_window_from_the_edge)
{
	/* It drops the text after all, but takes the ACK, or is silent after a FIN. */
	if (self->w.family == AF_INET && ((variant->state == WS_SYN_RECV && variant->active) ||
					  variant->state == WS_CLOSE_WAIT ||
					  variant->state == WS_CLOSING ||
					  variant->state == WS_LAST_ACK))
		SKIP(return, "in-tree: its check is one octet wider on the right");
	/* The first octet is the first that is not in the window. */
	SEND(&self->c, "A seq %u ack %u len 5", self->edge, self->a);
	EXPECT_CHALLENGE(&self->c);
	EXPECT_STATE(&self->c, variant->state);
}

WIRE_TEST(accept, right_of_window_without_text)
{
	SEND(&self->c, "A seq %u ack %u", self->edge + 1, self->a);
	EXPECT_CHALLENGE(&self->c);
	EXPECT_STATE(&self->c, variant->state);
}

WIRE_TEST(accept, fin_right_of_window)
{
	SEND(&self->c, "FA seq %u ack %u", self->edge + 1, self->a);
	EXPECT_CHALLENGE(&self->c);
	EXPECT_STATE(&self->c, variant->state);
}

WIRE_TEST(accept, text_at_left_edge)
{
	struct wire_conn *c = &self->c;

	if (!variant->takes_text)
		SKIP(return, "no text in this state");
	SEND(c, "A seq %u ack %u len 5", self->r, self->a);
	EXPECT(c, "A seq %u ack %u len 0", self->s, self->r + 5);
	ASSERT_EQ(0, wire_read(c, 5));
	EXPECT_STATE(c, variant->state);
}

WIRE_TEST(accept, text_after_fin_is_ignored)
{
	struct wire_conn *c = &self->c;

	/* Seventh, CLOSE-WAIT and on: "Ignore the segment text." */
	if (variant->takes_text || variant->state == WS_SYN_RECV)
		SKIP(return, "no FIN has come in this state");
	SEND(c, "A seq %u ack %u len 5", self->r, self->a);
	ASSERT_LE(0, wire_drain(c));
	SEND(c, "A seq %u ack %u", self->r - 1, self->a);
	EXPECT_CHALLENGE(c);
	EXPECT_STATE(c, variant->state);
}

WIRE_TEST(accept, text_up_to_the_right_edge)
{
	struct wire_conn *c = &self->c;
	uint32_t seq = self->r, n;

	/*
	 * The last octet of the window is in it: it is kept, and when all
	 * before it has come, the ACK covers it.
	 */
	if (variant->state != WS_ESTABLISHED)
		SKIP(return, "one state is enough");
	SEND(c, "A seq %u ack %u len 1", self->edge - 1, self->a);
	EXPECT(c, "A seq %u ack %u len 0", self->s, self->r);
	while (seq != self->edge - 1) {
		n = self->edge - 1 - seq;
		n = n < 1400 ? n : 1400;
		SEND(c, "A seq %u ack %u len %u", seq, self->a, n);
		ASSERT_EQ(0, wire_read(c, n));
		seq += n;
	}
	do {
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
	} while (wire_rel_ack(c, &c->got) != self->edge);
	ASSERT_EQ(0, wire_read(c, 1));
}

WIRE_TEST(accept, text_across_the_left_edge)
{
	struct wire_conn *c = &self->c;

	if (!variant->takes_text)
		SKIP(return, "no text in this state");
	/* The old part is trimmed off; the SYN was at 0, so "old" is text before it. */
	SEND(c, "A seq %u ack %u len 5", self->r, self->a);
	EXPECT(c, "A seq %u ack %u len 0", self->s, self->r + 5);
	SEND(c, "A seq %u ack %u len 20", self->r, self->a);
	EXPECT(c, "A seq %u ack %u len 0", self->s, self->r + 20);
	ASSERT_EQ(0, wire_read(c, 20));
	ASSERT_EQ(0, wire_read_none(c));
}

WIRE_TEST(accept, pure_ack_is_not_answered)
{
	SEND(&self->c, "A seq %u ack %u", self->r, self->a);
	if (variant->state == WS_SYN_RECV)
		SKIP(return, "the ACK leaves this state");
	EXPECT_NOTHING(&self->c);
	EXPECT_STATE(&self->c, variant->state);
}

/* ---- Second: RST. At RCV.NXT it is in wire_edges.c. ---- */

WIRE_TEST(accept, rst_left_of_window)
{
	if (self->w.family == AF_INET && (variant->state == WS_CLOSE_WAIT ||
					  variant->state == WS_CLOSING ||
					  variant->state == WS_LAST_ACK))
		SKIP(return, "in-tree: takes a RST at the number of the FIN");
	SEND(&self->c, "R seq %u", self->r - 1);
	SEND(&self->c, "RA seq %u ack %u", self->r - 1, self->a);
	EXPECT_NOTHING(&self->c);
	EXPECT_STATE(&self->c, variant->state);
}

WIRE_TEST(accept, rst_right_of_window)
{
	SEND(&self->c, "R seq %u", self->edge + 1);
	SEND(&self->c, "RA seq %u ack %u", self->edge + 1000, self->a);
	EXPECT_NOTHING(&self->c);
	EXPECT_STATE(&self->c, variant->state);
}

WIRE_TEST(accept, rst_in_window)
{
	struct wire_conn *c = &self->c;

	/* RFC 5961 3.2: only the exact number resets. */
	if (self->w.family == AF_INET && variant->state == WS_SYN_RECV && !variant->active)
		SKIP(return, "in-tree: any RST in the window ends a request");
	SEND(c, "R seq %u", self->r + 1);
	/* In-tree: no challenge in TIME_WAIT. */
	if (self->w.family == AF_INET && variant->state == WS_TIME_WAIT) {
		EXPECT_NOTHING(c);
	} else {
		EXPECT_CHALLENGE(c);
	}
	EXPECT_STATE(c, variant->state);
}

WIRE_TEST(accept, rst_at_the_last_octet_of_the_window)
{
	struct wire_conn *c = &self->c;

	if (self->w.family == AF_INET &&
	    (variant->state == WS_TIME_WAIT || variant->state == WS_SYN_RECV))
		SKIP(return, "in-tree: see rst_in_window");
	SEND(c, "R seq %u", self->edge - 1);
	EXPECT_CHALLENGE(c);
	EXPECT_STATE(c, variant->state);
}

/* ---- Fourth: SYN ---- */

WIRE_TEST(accept, syn_left_of_window)
{
	struct wire_conn *c = &self->c;

	/* The old SYN again; a SYN_RECV may repeat its SYN+ACK instead. */
	SEND(c, "S seq 0");
	if (variant->state == WS_SYN_RECV) {
		EXPECT(c, "sA ack %u len 0", self->r);
	} else {
		EXPECT_CHALLENGE(c);
	}
	EXPECT_STATE(c, variant->state);
}

WIRE_TEST(accept, syn_in_window)
{
	struct wire_conn *c = &self->c;

	if (variant->state == WS_TIME_WAIT)
		SKIP(return, "it may reopen: see wire_edges");
	if (variant->state == WS_SYN_RECV && !variant->active)
		SKIP(return, "back to LISTEN: see syn_in_window_passive");
	SEND(c, "S seq %u", self->r + 5);
	EXPECT_CHALLENGE(c);
	SEND(c, "S seq %u", self->r);
	EXPECT_CHALLENGE(c);
	EXPECT_NOTHING(c);
	EXPECT_STATE(c, variant->state);
}

WIRE_TEST(accept, syn_ack_in_window)
{
	struct wire_conn *c = &self->c;

	if (variant->state == WS_TIME_WAIT)
		SKIP(return, "it may reopen: see wire_edges");
	if (variant->state == WS_SYN_RECV)
		SKIP(return, "see syn_in_window");
	SEND(c, "SA seq %u ack %u", self->r + 5, self->a);
	EXPECT_CHALLENGE(c);
	EXPECT_STATE(c, variant->state);
}

WIRE_TEST(accept, syn_in_window_passive)
{
	struct wire_conn *c = &self->c;

	/*
	 * Fourth, SYN-RECEIVED: "If the connection was initiated with a passive
	 * OPEN, then return this connection to the LISTEN state".
	 */
	if (variant->state != WS_SYN_RECV || variant->active)
		SKIP(return, "only SYN_RECV from LISTEN");
	SEND(c, "S seq %u", self->r + 5);
	ASSERT_LE(0, wire_drain(c));
	EXPECT_GONE(c);
	EXPECT_STATE(c, WS_LISTEN);
}

WIRE_TEST(accept, syn_right_of_window)
{
	struct wire_conn *c = &self->c;

	if (variant->state == WS_TIME_WAIT)
		SKIP(return, "it may reopen: see wire_edges");
	SEND(c, "S seq %u", self->edge + 1000);
	EXPECT_CHALLENGE(c);
	EXPECT_STATE(c, variant->state);
}

/* ---- Fifth: ACK ---- */

WIRE_TEST(accept, ack_of_what_was_never_sent)
{
	struct wire_conn *c = &self->c;

	if (variant->state == WS_SYN_RECV || variant->state == WS_TIME_WAIT)
		SKIP(return, "RST there (wire_edges); nothing there");
	SEND(c, "A seq %u ack %u len 5", self->r, self->s + 1);
	/* In-tree: drops it in ESTABLISHED without the ACK that the RFC wants. */
	if (self->w.family == AF_INET && variant->state == WS_ESTABLISHED) {
		EXPECT_NOTHING(c);
	} else {
		EXPECT_CHALLENGE(c);
	}
	EXPECT_STATE(c, variant->state);
	/* And its text was dropped with it. */
	SEND(c, "A seq %u ack %u", self->r - 1, self->a);
	EXPECT_CHALLENGE(c);
}

WIRE_TEST(accept, no_ack_bit)
{
	struct wire_conn *c = &self->c;

	if (variant->state == WS_TIME_WAIT)
		SKIP(return, "nothing to take there");
	SEND(c, "- seq %u len 5", self->r);
	EXPECT_NOTHING(c);
	EXPECT_STATE(c, variant->state);
	SEND(c, "A seq %u ack %u", self->r - 1, self->a);
	EXPECT_CHALLENGE(c);
}

WIRE_TEST(accept, duplicate_ack_keeps_its_text)
{
	struct wire_conn *c = &self->c;

	/*
	 * "If the ACK is a duplicate, it can be ignored": the ACK, not the
	 * segment. It must not be older than what was acknowledged once
	 * (RFC 5961 5, MAY-12).
	 */
	if (variant->state != WS_ESTABLISHED)
		SKIP(return, "one state is enough");
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 len 100");
	SEND(c, "A ack 101");
	SEND(c, "A seq %u ack 51 len 5", self->r);
	EXPECT(c, "A seq 101 ack %u len 0", self->r + 5);
	ASSERT_EQ(0, wire_read(c, 5));
	EXPECT_STATE(c, variant->state);
}

WIRE_TEST(accept, ack_older_than_any_window)
{
	struct wire_conn *c = &self->c;
	int i;

	/*
	 * RFC 5961 5.2, MAY-12: SND.UNA - MAX.SND.WND =< SEG.ACK, else the text
	 * may be an attacker's. The window was never larger than 1000.
	 */
	if (variant->state != WS_ESTABLISHED || variant->active)
		SKIP(return, "one state is enough");
	wire_conn_reuse(c, 5000000);
	c->pport++;
	c->fd = -1;
	c->win = 1000;
	SEND(c, "S seq 0 mss 500");
	EXPECT(c, "SA seq 0 ack 1");
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, wire_write(c, 500));
		EXPECT(c, "A seq %d len 500", 1 + 500 * i);
		SEND(c, "A");
	}
	SEND(c, "A seq 1 ack 1501 len 5");
	EXPECT(c, "A seq 2501 ack 6 len 0");
	SEND(c, "A seq 6 ack 1500 len 5");
	EXPECT(c, "A seq 2501 ack 6 len 0");
	EXPECT_NOTHING(c);
}

TEST_HARNESS_MAIN

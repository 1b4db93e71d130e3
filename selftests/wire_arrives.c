// SPDX-License-Identifier: GPL-2.0
/*
 * SEGMENT ARRIVES, whole: in each of the eleven states each kind of segment must
 * get exactly its answer left of the receive window, at its left edge, at its
 * right edge and right of it, wherever the window lies in the space of numbers.
 *
 * What is expected is worked out from RFC 9293 3.10.7, RFC 5961 and, for TIME_WAIT,
 * RFC 1337; the tables below say where. wire_acceptability.c has what lies between
 * and beyond these four places.
 *
 *	     LEFT             LEFT_EDGE          RIGHT_EDGE          RIGHT
 *	ends at RCV.NXT-1 | begins at RCV.NXT ... begins at the | begins one later
 *	                  |                       last number   |
 */
#include <stdio.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

#define TEXT	5		/* octets of a segment that carries text */
#define ANY_ACK	12345		/* where there is no connection to acknowledge */

enum kind { SYN, SYN_ACK, ACK, DATA, FIN, RST, KINDS };
enum place { LEFT, LEFT_EDGE, RIGHT_EDGE, RIGHT, PLACES };

enum answer {
	ASK = 1,	/* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> */
	NONE,		/* nothing */
	TAKEN,		/* <SEQ=SND.NXT><ACK=SEG.SEQ+SEG.LEN><CTL=ACK> */
	IGNORED,	/* nothing or ASK, and RCV.NXT stays */
	AGAIN,		/* ASK, or the SYN+ACK that says the same once more */
	OPENED,		/* <SEQ=ISS><ACK=SEG.SEQ+1><CTL=SYN,ACK> */
	MAY_OPEN,	/* OPENED, or ASK */
	REFUSED,	/* <SEQ=SEG.ACK><CTL=RST> */
	UNKNOWN,	/* <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> */
};

/* What a segment is answered with, and the state after it; 0: the same. */
struct cell {
	unsigned char answer, next;
};

#define GONE	WS_CLOSE
#define ALL(...)	{ { __VA_ARGS__ }, { __VA_ARGS__ }, { __VA_ARGS__ }, { __VA_ARGS__ } }

/*
 * 3.10.7.1, CLOSED: "An incoming segment containing a RST is discarded." One
 * without ACK: sequence number zero, ACK of all of it; one with ACK: SEG.ACK.
 */
static const struct cell closed[KINDS][PLACES] = {
	[SYN]		= ALL(UNKNOWN),
	[SYN_ACK]	= ALL(REFUSED),
	[ACK]		= ALL(REFUSED),
	[DATA]		= ALL(REFUSED),
	[FIN]		= ALL(REFUSED),
	[RST]		= ALL(NONE),
};

/*
 * 3.10.7.2, LISTEN: first RST, "ignored"; second ACK, <SEQ=SEG.ACK><CTL=RST>;
 * third SYN, <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>, whatever its number is.
 */
static const struct cell listening[KINDS][PLACES] = {
	[SYN]		= ALL(OPENED, WS_SYN_RECV),
	[SYN_ACK]	= ALL(REFUSED),
	[ACK]		= ALL(REFUSED),
	[DATA]		= ALL(REFUSED),
	[FIN]		= ALL(REFUSED),
	[RST]		= ALL(NONE),
};

/*
 * 3.10.7.3, SYN-SENT, our SYN acknowledged where there is an ACK: second, a RST
 * without ACK is dropped; fourth, SYN with ACK: ESTABLISHED, <SEQ=SND.NXT>
 * <ACK=RCV.NXT><CTL=ACK>; without: SYN-RECEIVED, <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>;
 * fifth, "if neither of the SYN or RST bits is set, then drop the segment".
 */
static const struct cell syn_sent[KINDS][PLACES] = {
	[SYN]		= ALL(OPENED, WS_SYN_RECV),
	[SYN_ACK]	= ALL(TAKEN, WS_ESTABLISHED),
	[ACK]		= ALL(NONE),
	[DATA]		= ALL(NONE),
	[FIN]		= ALL(NONE),
	[RST]		= ALL(NONE),
};

/*
 * 3.10.7.4, SYN-RECEIVED by a passive open. Outside of the window: first, ASK and
 * drop, a RST without an answer. The SYN left of the window is the one that made
 * the child: the RFC asks for an ACK; our SYN+ACK once more is a retransmission
 * (3.8.1) that carries that ACK. Inside: second, a RST at RCV.NXT returns to LISTEN,
 * another is challenged (RFC 5961 3.2); fourth, a SYN returns to LISTEN and has no
 * answer; fifth, the ACK of our SYN makes it ESTABLISHED and processing goes on.
 * What lies beyond RCV.NXT is held: an ACK tells of the hole (3.10.7.4, MAY-13).
 */
static const struct cell syn_recv_passive[KINDS][PLACES] = {
	[SYN]	= { { AGAIN }, { NONE, GONE }, { NONE, GONE }, { ASK } },
	[SYN_ACK] = { { ASK }, { NONE, GONE }, { NONE, GONE }, { ASK } },
	[ACK]	= { { ASK }, { NONE, WS_ESTABLISHED }, { NONE, WS_ESTABLISHED }, { ASK } },
	[DATA]	= { { ASK }, { TAKEN, WS_ESTABLISHED }, { ASK, WS_ESTABLISHED }, { ASK } },
	[FIN]	= { { ASK }, { TAKEN, WS_CLOSE_WAIT }, { ASK, WS_ESTABLISHED }, { ASK } },
	[RST]	= { { NONE }, { NONE, GONE }, { ASK }, { NONE } },
};

/*
 * By an active open, crossing SYNs. As above, but fourth: "Otherwise, handle per
 * the directions for synchronized states below", a challenge ACK; and a RST at
 * RCV.NXT: "connection refused", CLOSED. The peer's SYN+ACK at IRS is the one of
 * 3.5 figure 8, line 6, which makes it ESTABLISHED without an answer.
 */
static const struct cell syn_recv_active[KINDS][PLACES] = {
	[SYN]	= { { AGAIN }, { ASK }, { ASK }, { ASK } },
	[SYN_ACK] = { { NONE, WS_ESTABLISHED }, { ASK }, { ASK }, { ASK } },
	[ACK]	= { { ASK }, { NONE, WS_ESTABLISHED }, { NONE, WS_ESTABLISHED }, { ASK } },
	[DATA]	= { { ASK }, { TAKEN, WS_ESTABLISHED }, { ASK, WS_ESTABLISHED }, { ASK } },
	[FIN]	= { { ASK }, { TAKEN, WS_CLOSE_WAIT }, { ASK, WS_ESTABLISHED }, { ASK } },
	[RST]	= { { NONE }, { NONE, GONE }, { ASK }, { NONE } },
};

/*
 * 3.10.7.4, where text may still come. First: ASK outside of the window, nothing for
 * a RST. Second: a RST at RCV.NXT ends it, another is challenged (RFC 5961 3.2).
 * Fourth: a SYN is challenged wherever it lies (RFC 5961 4.2). Fifth: an ACK of
 * nothing new has no answer. Seventh: text at RCV.NXT is acknowledged, beyond it is
 * held and the hole told. Eighth: a FIN counts when RCV.NXT reaches it.
 */
#define TEXT_MAY_COME(after_fin) {					\
	[SYN]		= ALL(ASK),					\
	[SYN_ACK]	= ALL(ASK),					\
	[ACK]		= { { ASK }, { NONE }, { NONE }, { ASK } },	\
	[DATA]		= { { ASK }, { TAKEN }, { ASK }, { ASK } },	\
	[FIN]		= { { ASK }, { TAKEN, after_fin }, { ASK }, { ASK } }, \
	[RST]		= { { NONE }, { NONE, GONE }, { ASK }, { NONE } }, \
}

static const struct cell established[KINDS][PLACES] = TEXT_MAY_COME(WS_CLOSE_WAIT);
/* Eighth, FIN-WAIT-1: our FIN is not acknowledged, "otherwise, enter the CLOSING state". */
static const struct cell fin_wait1[KINDS][PLACES] = TEXT_MAY_COME(WS_CLOSING);
/* Eighth, FIN-WAIT-2: "Enter the TIME-WAIT state." */
static const struct cell fin_wait2[KINDS][PLACES] = TEXT_MAY_COME(WS_TIME_WAIT);

/*
 * 3.10.7.4, CLOSE-WAIT, CLOSING, LAST-ACK: as above, but the peer's FIN has come.
 * Seventh: "Ignore the segment text." Eighth: "Remain in" the state. The FIN again
 * is left of the window: ASK. Another one in the window is behind the end of the
 * stream: like text it is ignored. An ACK of what was there before does no harm.
 */
static const struct cell after_fin[KINDS][PLACES] = {
	[SYN]		= ALL(ASK),
	[SYN_ACK]	= ALL(ASK),
	[ACK]		= { { ASK }, { NONE }, { NONE }, { ASK } },
	[DATA]		= { { ASK }, { IGNORED }, { IGNORED }, { ASK } },
	[FIN]		= { { ASK }, { IGNORED }, { IGNORED }, { ASK } },
	[RST]		= { { NONE }, { NONE, GONE }, { ASK }, { NONE } },
};

/*
 * TIME-WAIT, nobody listening at the port. The FIN again: "Acknowledge it, and
 * restart the 2 MSL timeout." Fourth: a challenge ACK for a SYN. A RST at RCV.NXT is
 * ignored (RFC 1337 3, fix F1), for it may be an old one; another in the window is
 * challenged before the states are told apart (RFC 5961 3.2).
 */
static const struct cell time_wait[KINDS][PLACES] = {
	[SYN]		= ALL(ASK),
	[SYN_ACK]	= ALL(ASK),
	[ACK]		= { { ASK }, { NONE }, { NONE }, { ASK } },
	[DATA]		= { { ASK }, { IGNORED }, { IGNORED }, { ASK } },
	[FIN]		= { { ASK }, { IGNORED }, { IGNORED }, { ASK } },
	[RST]		= { { NONE }, { NONE }, { ASK }, { NONE } },
};

/*
 * TIME-WAIT with a listener: MAY-2 (3.6.1), a SYN beyond the largest number of the
 * old connection opens the new one. That number is the FIN's, RCV.NXT - 1; whether
 * the very next one is far enough is left open, for the choice is the receiver's.
 */
static const struct cell time_wait_listener[KINDS][PLACES] = {
	[SYN]		= { { ASK }, { MAY_OPEN }, { OPENED, WS_SYN_RECV },
			    { OPENED, WS_SYN_RECV } },
	[SYN_ACK]	= ALL(ASK),
	[ACK]		= { { ASK }, { NONE }, { NONE }, { ASK } },
	[DATA]		= { { ASK }, { IGNORED }, { IGNORED }, { ASK } },
	[FIN]		= { { ASK }, { IGNORED }, { IGNORED }, { ASK } },
	[RST]		= { { NONE }, { NONE }, { ASK }, { NONE } },
};

/* Where RCV.NXT lies: the peer's ISN is RCV.NXT less what it has sent. */
enum space { ORDINARY, WRAPS_AT_THE_EDGE, WRAPS_INSIDE };

FIXTURE(arrives) {
	struct wire w;
	struct wire_conn c;
	uint32_t s;	/* SND.NXT of the stack */
	uint32_t r;	/* RCV.NXT */
	uint32_t a;	/* SEG.ACK that acknowledges no FIN */
	uint32_t edge;	/* the first number right of the window */
};

FIXTURE_VARIANT(arrives) {
	const struct cell (*cells)[PLACES];
	unsigned char state;
	bool active;
	enum space space;
	unsigned char sent;	/* SYN and FIN of the peer so far */
};

FIXTURE_SETUP(arrives)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_init(&self->w));
	wire_conn_init(c, &self->w);
	if (variant->space == WRAPS_AT_THE_EDGE)
		wire_conn_reuse(c, 0u - variant->sent);
	else if (variant->space == WRAPS_INSIDE)
		wire_conn_reuse(c, 0u - 100);
	ENTER(c, variant->state, variant->active);
	self->s = c->rcv_nxt - c->irs;
	self->r = variant->sent;
	self->a = self->s ?: ANY_ACK;
	/* The window means something only where the peer's numbers are known. */
	self->edge = self->r + 65535;
	if (variant->cells == closed) {
		c->sport = 9;
	} else if (variant->cells != listening && variant->cells != syn_sent) {
		ASSERT_EQ(self->r, c->snd_nxt - c->iss);
		self->edge = c->edge - c->iss;
		ASSERT_LT(self->r + 1000, self->edge);
	}
	if (variant->cells == fin_wait1 || variant->state == WS_CLOSING ||
	    variant->state == WS_LAST_ACK)
		self->a = 1;
}

FIXTURE_TEARDOWN(arrives)
{
	wire_fini(&self->w);
}

#define ONE(name, at, ...)						\
	FIXTURE_VARIANT_ADD(arrives, name) { __VA_ARGS__, .space = at }
#define EACH(name, ...)							\
	ONE(name, ORDINARY, __VA_ARGS__);				\
	ONE(name##__wraps_at_the_edge, WRAPS_AT_THE_EDGE, __VA_ARGS__);	\
	ONE(name##__wraps_inside, WRAPS_INSIDE, __VA_ARGS__)

EACH(closed, .cells = closed, .state = WS_CLOSE, .sent = 1);
EACH(listen, .cells = listening, .state = WS_LISTEN, .sent = 1);
EACH(syn_sent, .cells = syn_sent, .state = WS_SYN_SENT, .active = true, .sent = 1);
EACH(syn_recv_passive, .cells = syn_recv_passive, .state = WS_SYN_RECV, .sent = 1);
EACH(syn_recv_active, .cells = syn_recv_active, .state = WS_SYN_RECV, .active = true, .sent = 1);
EACH(established, .cells = established, .state = WS_ESTABLISHED, .sent = 1);
EACH(fin_wait1, .cells = fin_wait1, .state = WS_FIN_WAIT1, .sent = 1);
EACH(fin_wait2, .cells = fin_wait2, .state = WS_FIN_WAIT2, .sent = 1);
EACH(close_wait, .cells = after_fin, .state = WS_CLOSE_WAIT, .sent = 2);
EACH(closing, .cells = after_fin, .state = WS_CLOSING, .sent = 2);
EACH(last_ack, .cells = after_fin, .state = WS_LAST_ACK, .sent = 2);
EACH(time_wait, .cells = time_wait, .state = WS_TIME_WAIT, .active = true, .sent = 2);
EACH(time_wait_listener, .cells = time_wait_listener, .state = WS_TIME_WAIT, .sent = 2);

/* SEG.LEN: text, SYN and FIN (3.4). */
static const uint32_t lengths[KINDS] = { [SYN] = 1, [SYN_ACK] = 1, [DATA] = TEXT, [FIN] = 1 };

static uint32_t number(const FIXTURE_DATA(arrives) *self, enum kind kind, enum place place)
{
	switch (place) {
	case LEFT:
		return self->r - (lengths[kind] ?: 1);
	case LEFT_EDGE:
		return self->r;
	case RIGHT_EDGE:
		return self->edge - 1;
	default:
		return self->edge;
	}
}

static int send_kind(FIXTURE_DATA(arrives) *self, enum kind kind, uint32_t seq)
{
	struct wire_conn *c = &self->c;

	switch (kind) {
	case SYN:
		return wire_send(c, "S seq %u mss 1460", seq);
	case SYN_ACK:
		return wire_send(c, "SA seq %u ack %u", seq, self->a);
	case ACK:
		return wire_send(c, "A seq %u ack %u", seq, self->a);
	case DATA:
		return wire_send(c, "A seq %u ack %u len %d", seq, self->a, TEXT);
	case FIN:
		return wire_send(c, "FA seq %u ack %u", seq, self->a);
	default:
		return wire_send(c, "R seq %u", seq);
	}
}

static int expect_ask(FIXTURE_DATA(arrives) *self)
{
	return wire_expect(&self->c, "A seq %u ack %u len 0", self->s, self->r);
}

/* At most the ACK of what was there; a number from before shows RCV.NXT. */
static int expect_ignored(FIXTURE_DATA(arrives) *self)
{
	struct wire_conn *c = &self->c;
	int n = wire_drain(c);

	if (n < 0 || n > 1)
		return -1;
	if (n == 1 && (c->got.flags != WIRE_ACK || c->got.len ||
		       wire_rel_ack(c, &c->got) != self->r))
		return -1;
	return wire_send(c, "A seq %u ack %u", self->r - 1, self->a) ?: expect_ask(self);
}

/* The old connection's numbers are no longer of interest. */
static int expect_opened(FIXTURE_DATA(arrives) *self, uint32_t seq)
{
	struct wire_conn *c = &self->c;

	if (self->s != 1)
		c->irs_known = false;
	return wire_expect(c, "SA seq 0 ack %u len 0", seq + 1);
}

static int expect_may_open(FIXTURE_DATA(arrives) *self, uint32_t seq)
{
	struct wire_conn *c = &self->c;

	if (wire_next(c, WIRE_DEADLINE_MS) || c->got.len)
		return -1;
	if (c->got.flags == (WIRE_SYN | WIRE_ACK))
		return wire_rel_ack(c, &c->got) == seq + 1 ? 0 : -1;
	return c->got.flags == WIRE_ACK && wire_rel_ack(c, &c->got) == self->r &&
	       wire_rel_seq(c, &c->got) == self->s ? 0 : -1;
}

static int expect_answer(FIXTURE_DATA(arrives) *self, enum answer answer, uint32_t seq,
			 uint32_t len)
{
	struct wire_conn *c = &self->c;

	switch (answer) {
	case ASK:
		return expect_ask(self);
	case NONE:
		return 0;	/* the caller looks for more than the answer */
	case TAKEN:
		return wire_expect(c, "A seq %u ack %u len 0", self->s, seq + len);
	case IGNORED:
		return expect_ignored(self);
	case AGAIN:
		return wire_expect(c, "sA ack %u len 0", self->r);
	case OPENED:
		return expect_opened(self, seq);
	case MAY_OPEN:
		return expect_may_open(self, seq);
	case REFUSED:
		return wire_expect(c, "R seq %u len 0", self->a);
	case UNKNOWN:
		return wire_expect(c, "RA seq 0 ack %u len 0", seq + len);
	}
	return -1;
}

static int one_segment(FIXTURE_DATA(arrives) *self, const FIXTURE_VARIANT(arrives) *variant,
		       enum kind kind, enum place place)
{
	const struct cell *cell = &variant->cells[kind][place];
	uint32_t seq = number(self, kind, place);
	struct wire_conn *c = &self->c;
	int err;

	err = send_kind(self, kind, seq);
	err = err ?: expect_answer(self, cell->answer, seq, lengths[kind]);
	err = err ?: wire_expect_nothing(c);
	if (err) {
		wire_dump(c->w);
		return err;
	}
	if (cell->next == GONE)
		return wire_wait_gone(c);
	if (cell->answer == MAY_OPEN)
		return 0;
	return wire_wait_state(c, cell->next ?: variant->state);
}

#define CELL(name, kind, place)						\
	WIRE_TEST(arrives, name)					\
	{								\
		ASSERT_EQ(0, one_segment(self, variant, kind, place));	\
	}
#define ROW(name, kind)							\
	CELL(name##_left, kind, LEFT)					\
	CELL(name##_left_edge, kind, LEFT_EDGE)				\
	CELL(name##_right_edge, kind, RIGHT_EDGE)			\
	CELL(name##_right, kind, RIGHT)

ROW(syn, SYN)
ROW(syn_ack, SYN_ACK)
ROW(ack, ACK)
ROW(data, DATA)
ROW(fin, FIN)
ROW(rst, RST)

TEST_HARNESS_MAIN

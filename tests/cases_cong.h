/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loss recovery around Reno.  A row is a script: a connection of MSS 1000 whose
 * ISS is 99 has sent 100 to 10099; things happen; numbers must be so.
 */
#ifndef TESTS_CASES_CONG_H
#define TESTS_CASES_CONG_H

#include "cases.h"
#include "tcpstate_cong.h"

/* What happens; DUPS, ACK and TIMEOUT keep SND.UNA and SND.NXT in mind. */
enum cong_op { CONG_END, CONG_DUPS, CONG_ACK, CONG_SPARSE, CONG_SEND, CONG_TIMEOUT, CONG_RESENT,
	       CONG_IDLE, CONG_CWND, CONG_TOO_BIG, CONG_UNDO, CONG_REFUSED,
	       CONG_CONFIRM };

struct cong_step {
	u8 op;
	u32 n;
};

struct cong_row {
	struct row row;
	struct cong_step steps[8];
	u8 todo;	/* what the last step asked for */
	u8 phase;
	u32 cwnd;
	u32 ssthresh;
	u32 flight;
};

#define DUPS(n)		{ CONG_DUPS, n }	/* n duplicate ACKs */
#define ACK(n)		{ CONG_ACK, n }		/* n octets acknowledged, cwnd was full */
#define SPARSE(n)	{ CONG_SPARSE, n }	/* the same, and cwnd was not full */
#define SEND(n)		{ CONG_SEND, n }	/* n octets more */
#define TIMEOUT		{ CONG_TIMEOUT, 0 }
#define RESENT(n)	{ CONG_RESENT, n }	/* n octets again after a timeout */
#define IDLE		{ CONG_IDLE, 0 }
#define CWND(n)		{ CONG_CWND, n }	/* as if it had grown to n */
#define TOO_BIG		{ CONG_TOO_BIG, 0 }	/* the path has become narrower */
#define UNDO(n)		{ CONG_UNDO, n }	/* ACK(n), and it shows that nothing was lost */
#define REFUSED		{ CONG_REFUSED, 0 }	/* a queue of this host is full */
#define CONFIRM		{ CONG_CONFIRM, 0 }	/* the next ACK shows that it was lost */
#define DO(...)		{ __VA_ARGS__ }
#define NONE		TCPSTATE_CONG_NOTHING
#define AGAIN		TCPSTATE_CONG_RETRANSMIT
#define OPEN		TCPSTATE_PHASE_OPEN
#define DISORDER	TCPSTATE_PHASE_DISORDER
#define RECOVERY	TCPSTATE_PHASE_RECOVERY
#define LOSS		TCPSTATE_PHASE_LOSS
#define CWR		TCPSTATE_PHASE_CWR
#define INF		0x7fffffffu

static const struct cong_row cong[] = {
	{ { "cong_new_ack__slow_start", "RFC 5681 3.1" },
	  DO(ACK(1000)), NONE, OPEN, 11000, INF, 9000 },
	{ { "cong_new_ack__slow_start_doubles", "RFC 3465 2.2" },
	  DO(ACK(2000), ACK(2000), ACK(2000), ACK(2000), ACK(2000)), NONE, OPEN, 20000, INF, 0 },
	{ { "cong_new_ack__not_limited", "RFC 7661 4.3" },
	  DO(SPARSE(1000)), NONE, OPEN, 10000, INF, 9000 },
	{ { "cong_new_ack__at_the_largest_window", "ours: sums stay in 32 bits" },
	  DO(CWND(1u << 30), ACK(1000)), NONE, OPEN, 1u << 30, INF, 9000 },
	{ { "cong_dupack__first", "RFC 5681 3.2" },
	  DO(DUPS(1)), NONE, DISORDER, 10000, INF, 10000 },
	{ { "cong_dupack__second", "RFC 5681 3.2" },
	  DO(DUPS(2)), NONE, DISORDER, 10000, INF, 10000 },
	{ { "cong_dupack__third", "RFC 5681 3.2 steps 2, 3" },
	  DO(DUPS(3)), AGAIN, RECOVERY, 8000, 5000, 10000 },
	{ { "cong_dupack__fourth_inflates", "RFC 5681 3.2 step 4" },
	  DO(DUPS(4)), NONE, RECOVERY, 9000, 5000, 10000 },
	{ { "cong_dupack__an_ack_between", "RFC 5681 2" },
	  DO(DUPS(2), ACK(1000), DUPS(2)), NONE, DISORDER, 11000, INF, 9000 },
	{ { "cong_dupack__three_hundred", "ours: the count does not wrap" },
	  DO(DUPS(300)), NONE, RECOVERY, 305000, 5000, 10000 },
	{ { "cong_dupack__at_the_largest_window", "ours: sums stay in 32 bits" },
	  DO(DUPS(3), CWND(1u << 30), DUPS(5)), NONE, RECOVERY, 1u << 30, 5000, 10000 },
	{ { "cong_new_ack__ends_disorder", "RFC 5681 3.2" },
	  DO(DUPS(2), SPARSE(1000)), NONE, OPEN, 10000, INF, 9000 },
	{ { "cong_new_ack__partial", "RFC 6582 3.2 step 3" },
	  DO(DUPS(3), ACK(3000)), AGAIN, RECOVERY, 6000, 5000, 7000 },
	{ { "cong_new_ack__partial_below_a_segment", "RFC 6582 3.2 step 3" },
	  DO(DUPS(3), ACK(500)), AGAIN, RECOVERY, 7500, 5000, 9500 },
	{ { "cong_new_ack__partial_of_more_than_cwnd", "RFC 6582 3.2 step 3" },
	  DO(DUPS(3), ACK(9000)), AGAIN, RECOVERY, 1000, 5000, 1000 },
	{ { "cong_new_ack__two_partial", "RFC 6582 3.2 step 3" },
	  DO(DUPS(3), ACK(1000), ACK(1000)), AGAIN, RECOVERY, 8000, 5000, 8000 },
	{ { "cong_new_ack__full_nothing_left", "RFC 6582 3.2 step 3" },
	  DO(DUPS(3), ACK(10000)), NONE, OPEN, 2000, 5000, 0 },
	{ { "cong_new_ack__full_much_left", "RFC 6582 3.2 step 3" },
	  DO(DUPS(3), SEND(8000), ACK(10000)), NONE, OPEN, 5000, 5000, 8000 },
	{ { "cong_new_ack__full_some_left", "RFC 6582 3.2 step 3" },
	  DO(DUPS(3), SEND(2000), ACK(10000)), NONE, OPEN, 3000, 5000, 2000 },
	{ { "cong_dupack__not_twice_for_one_window", "RFC 6582 3.2 step 2" },
	  DO(DUPS(3), SEND(8000), ACK(10000), DUPS(3)), NONE, DISORDER, 5000, 5000, 8000 },
	{ { "cong_dupack__again_for_a_later_window", "RFC 6582 3.2 step 2" },
	  DO(DUPS(3), SEND(8000), ACK(10000), SPARSE(1000), DUPS(3)), AGAIN, RECOVERY,
	  6500, 3500, 7000 },
	{ { "cong_timeout__first", "RFC 5681 3.1 equation 4" },
	  DO(TIMEOUT), NONE, LOSS, 1000, 5000, 0 },
	{ { "cong_timeout__second_cuts_no_more", "RFC 5681 3.1" },
	  DO(TIMEOUT, TIMEOUT), NONE, LOSS, 1000, 5000, 0 },
	{ { "cong_timeout__in_recovery", "RFC 5681 3.1" },
	  DO(DUPS(3), TIMEOUT), NONE, LOSS, 1000, 5000, 0 },
	{ { "cong_timeout__little_in_flight", "RFC 5681 equation 4" },
	  DO(ACK(9000), TIMEOUT), NONE, LOSS, 1000, 2000, 0 },
	{ { "cong_resend__windows_stay", "RFC 1191 6.4" },
	  DO(TOO_BIG), NONE, LOSS, 10000, INF, 0 },
	{ { "cong_resend__sent_again", "RFC 1191 6.4" },
	  DO(TOO_BIG, RESENT(10000)), NONE, LOSS, 10000, INF, 10000 },
	{ { "cong_resend__acknowledged", "RFC 1191 6.4" },
	  DO(TOO_BIG, RESENT(10000), ACK(10000)), NONE, OPEN, 12000, INF, 0 },
	{ { "cong_resend__deflates_recovery", "RFC 6582 3.2" },
	  DO(DUPS(5), TOO_BIG), NONE, LOSS, 5000, 5000, 0 },
	{ { "cong_resend__duplicates_mean_nothing", "RFC 6582 3.2 step 4" },
	  DO(TOO_BIG, RESENT(10000), DUPS(4)), NONE, LOSS, 10000, INF, 10000 },
	{ { "cong_timeout__after_too_big_cuts", "RFC 5681 3.1 equation 4" },
	  DO(TOO_BIG, RESENT(10000), TIMEOUT), NONE, LOSS, 1000, 5000, 0 },
	{ { "cong_timeout__second_after_too_big", "RFC 5681 3.1" },
	  DO(TOO_BIG, TIMEOUT, TIMEOUT), NONE, LOSS, 1000, 5000, 0 },
	{ { "cong_timeout__too_big_after_a_timeout", "RFC 5681 3.1" },
	  DO(TIMEOUT, TOO_BIG, TIMEOUT), NONE, LOSS, 1000, 5000, 0 },
	{ { "cong_timeout__too_big_in_recovery", "RFC 5681 3.1" },
	  DO(DUPS(3), TOO_BIG, TIMEOUT), NONE, LOSS, 1000, 5000, 0 },
	{ { "cong_flight__sent_again", "RFC 5681 3.1" },
	  DO(TIMEOUT, RESENT(1000)), NONE, LOSS, 1000, 5000, 1000 },
	{ { "cong_flight__all_sent_again", "RFC 5681 3.1" },
	  DO(TIMEOUT, RESENT(10000)), NONE, LOSS, 1000, 5000, 10000 },
	{ { "cong_dupack__after_a_timeout", "RFC 6582 3.2 step 4" },
	  DO(TIMEOUT, RESENT(1000), DUPS(3)), NONE, LOSS, 1000, 5000, 1000 },
	{ { "cong_new_ack__slow_start_after_a_timeout", "RFC 5681 3.1" },
	  DO(TIMEOUT, RESENT(1000), SPARSE(1000)), NONE, LOSS, 2000, 5000, 0 },
	{ { "cong_new_ack__ack_overtakes_go_back", "RFC 5681 3.1" },
	  DO(TIMEOUT, RESENT(1000), ACK(5000)), NONE, LOSS, 3000, 5000, 0 },
	{ { "cong_new_ack__ends_loss", "RFC 5681 3.1" },
	  DO(TIMEOUT, RESENT(10000), ACK(10000)), NONE, OPEN, 3000, 5000, 0 },
	{ { "cong_dupack__not_for_what_a_timeout_resent", "RFC 6582 3.2 step 4" },
	  DO(TIMEOUT, RESENT(10000), SEND(3000), ACK(10000), DUPS(3)), NONE, DISORDER,
	  3000, 5000, 3000 },
	{ { "cong_timeout__of_a_later_window_cuts", "RFC 5681 3.1" },
	  DO(TIMEOUT, RESENT(10000), ACK(10000), SEND(3000), TIMEOUT), NONE, LOSS,
	  1000, 2000, 0 },
	{ { "cong_undo__recovery", "RFC 4015 3.2" },
	  DO(DUPS(3), UNDO(2000)), NONE, OPEN, 10000, INF, 8000 },
	{ { "cong_undo__timeout", "RFC 4015 3.2" },
	  DO(TIMEOUT, UNDO(1000)), NONE, OPEN, 10000, INF, 9000 },
	{ { "cong_undo__second_timeout", "RFC 4015 3.2" },
	  DO(TIMEOUT, TIMEOUT, UNDO(1000)), NONE, OPEN, 10000, INF, 9000 },
	{ { "cong_undo__not_what_an_ack_has_confirmed", "RFC 3522 3.2 step 4" },
	  DO(TIMEOUT, RESENT(2000), CONFIRM, ACK(1000), TIMEOUT, UNDO(1000)), NONE, LOSS,
	  2000, 5000, 0 },
	{ { "cong_undo__no_burst", "RFC 4015 3.2 step 5" },
	  DO(CWND(100000), TIMEOUT, UNDO(9000)), NONE, OPEN, 11000, INF, 1000 },
	{ { "cong_undo__timeout_in_recovery", "ours: not what duplicates have inflated" },
	  DO(DUPS(3), TIMEOUT, UNDO(1000)), NONE, LOSS, 2000, 5000, 0 },
	{ { "cong_undo__too_big", "RFC 1191 6.4" },
	  DO(DUPS(3), TOO_BIG, UNDO(1000)), NONE, LOSS, 5000, 5000, 0 },
	{ { "cong_undo__nothing_was_cut", "RFC 4015 3.2" },
	  DO(DUPS(2), UNDO(1000)), NONE, OPEN, 11000, INF, 9000 },
	{ { "cong_undo__not_twice", "RFC 4015 3.2" },
	  DO(CWND(20000), DUPS(3), UNDO(1000), UNDO(1000)), NONE, OPEN, 20000, INF, 8000 },
	{ { "cong_undo__earlier_threshold_comes_back", "RFC 4015 3.2" },
	  DO(TIMEOUT, RESENT(10000), ACK(10000), SEND(9000), SPARSE(1000), DUPS(3), UNDO(1000)),
	  NONE, OPEN, 3000, 5000, 7000 },
	{ { "cong_dupack__third_where_one_was_late", "in-tree tp->reordering" },
	  DO(DUPS(3), UNDO(1000), DUPS(3)), NONE, DISORDER, 10000, INF, 9000 },
	{ { "cong_dupack__fourth_where_one_was_late", "in-tree tp->reordering" },
	  DO(DUPS(3), UNDO(1000), DUPS(4)), AGAIN, RECOVERY, 8500, 4500, 9000 },
	{ { "cong_dupack__what_they_let_out_is_no_flight", "RFC 5681 3.2 step 2" },
	  DO(DUPS(3), UNDO(1000), DUPS(1), SEND(3000), DUPS(3)), AGAIN, RECOVERY, 8500, 4500,
	  12000 },
	{ { "cong_timeout__what_they_let_out_is_no_flight", "RFC 5681 3.2 step 2" },
	  DO(DUPS(1), SEND(5000), TIMEOUT), NONE, LOSS, 1000, 5000, 0 },
	{ { "cong_dupack__third_with_little_on_the_way", "RFC 5681 3.2" },
	  DO(DUPS(3), UNDO(7000), DUPS(3)), AGAIN, RECOVERY, 5000, 2000, 3000 },
	{ { "cong_dupack__all_that_can_come", "RFC 5827 3, in segments" },
	  DO(DUPS(9), UNDO(5000), DUPS(4)), AGAIN, RECOVERY, 6500, 2500, 5000 },
	{ { "cong_refused__cuts", "in-tree tcp_enter_cwr()" },
	  DO(REFUSED), NONE, CWR, 5000, 5000, 10000 },
	{ { "cong_refused__once_for_a_window", "in-tree tcp_enter_cwr()" },
	  DO(REFUSED, ACK(5000), REFUSED), NONE, CWR, 5000, 5000, 5000 },
	{ { "cong_refused__small_window", "in-tree tcp_enter_cwr()" },
	  DO(CWND(3000), REFUSED), NONE, CWR, 2000, 2000, 10000 },
	{ { "cong_refused__in_the_middle_of_a_burst", "in-tree tcp_enter_cwr()" },
	  DO(CWND(30000), REFUSED), NONE, CWR, 15000, 15000, 10000 },
	{ { "cong_refused__all_acknowledged", "in-tree tcp_enter_cwr()" },
	  DO(REFUSED, ACK(10000)), NONE, OPEN, 6000, 5000, 0 },
	{ { "cong_refused__again_in_the_next_window", "in-tree tcp_enter_cwr()" },
	  DO(REFUSED, SEND(4000), ACK(10000), REFUSED), NONE, CWR, 3000, 3000, 4000 },
	{ { "cong_refused__after_a_timeout", "RFC 5681 3.1" },
	  DO(TIMEOUT, REFUSED), NONE, LOSS, 1000, 5000, 0 },
	{ { "cong_refused__in_recovery", "RFC 6582 3.2" },
	  DO(DUPS(3), REFUSED), NONE, RECOVERY, 8000, 5000, 10000 },
	{ { "cong_dupack__first_after_a_refusal", "in-tree tcp_enter_cwr()" },
	  DO(REFUSED, DUPS(1)), NONE, CWR, 5000, 5000, 10000 },
	{ { "cong_dupack__third_after_a_refusal", "in-tree tcp_enter_recovery()" },
	  DO(REFUSED, DUPS(3)), AGAIN, RECOVERY, 8000, 5000, 10000 },
	{ { "cong_undo__not_what_a_refusal_cut", "in-tree tcp_enter_cwr()" },
	  DO(REFUSED, DUPS(3), UNDO(1000)), AGAIN, RECOVERY, 8000, 5000, 9000 },
	{ { "cong_idle__restart_window", "RFC 5681 4.1" },
	  DO(CWND(50000), IDLE), NONE, OPEN, 10000, INF, 10000 },
	{ { "cong_idle__smaller_stays", "RFC 5681 4.1" },
	  DO(CWND(3000), IDLE), NONE, OPEN, 3000, INF, 10000 },
};

static u8 cong_do(struct tcpstate_cong *c, const struct cong_step *s, u32 *una, u32 *nxt)
{
	u8 todo = NONE;
	u32 n;

	switch (s->op) {
	case CONG_DUPS:
		for (n = 0; n < s->n; n++)
			todo = tcpstate_cong_dupack(c, *una, *nxt);
		return todo;
	case CONG_ACK:
	case CONG_SPARSE:
		*una += s->n;
		return tcpstate_cong_new_ack(c, *una, *nxt, s->n, s->op == CONG_ACK);
	case CONG_UNDO:
		n = !tcpstate_cong_undo(c, *nxt - *una - s->n);
		*una += s->n;
		return tcpstate_cong_new_ack(c, *una, *nxt, s->n, n);
	case CONG_CONFIRM:
		tcpstate_cong_confirm(c);
		break;
	case CONG_REFUSED:
		tcpstate_cong_refused(c, *una, *nxt);
		break;
	case CONG_SEND:
		*nxt += s->n;
		break;
	case CONG_TIMEOUT:
		tcpstate_cong_timeout(c, *una, *nxt);
		break;
	case CONG_TOO_BIG:
		tcpstate_cong_resend(c, *una, *nxt);
		break;
	case CONG_RESENT:
		c->rtx_nxt += s->n;
		break;
	case CONG_IDLE:
		tcpstate_cong_idle(c);
		break;
	case CONG_CWND:
		c->cwnd = s->n;
		break;
	}
	return NONE;
}

/* With sequence numbers that cross 2^31 and 2^32 in the middle of the script, too. */
static bool cong_holds(unsigned int i)
{
	static const u32 shifts[] = { 0, 0u - 100, 0u - 99, 0u - 1100, 0u - 10100, 0u - 5000,
				      0x80000000u - 100, 0x80000000u - 5000 };
	const struct cong_row *r = &cong[i];
	struct tcpstate_cong c;
	unsigned int k, s;
	u32 una, nxt;
	u8 todo;

	for (k = 0; k < ROWS(shifts); k++) {
		una = shifts[k] + 100;
		nxt = shifts[k] + 10100;
		todo = NONE;
		tcpstate_cong_init(&c, &tcpstate_reno, 1000, una - 1);
		for (s = 0; s < ROWS(r->steps) && r->steps[s].op != CONG_END; s++)
			todo = cong_do(&c, &r->steps[s], &una, &nxt);
		if (todo != r->todo || c.phase != r->phase || c.cwnd != r->cwnd ||
		    c.ssthresh != r->ssthresh || tcpstate_cong_flight(&c, una, nxt) != r->flight)
			return false;
	}
	return true;
}

SUITE(cong);

struct cong_init_row {
	struct row row;
	u32 mss;
	u32 set_mss;
	u32 cwnd;
};

#define IW(name, ...) { { "cong_init__" name, "RFC 6928 2" }, __VA_ARGS__ }

static const struct cong_init_row cong_windows[] = {
	IW("ten_segments", 1000, 0, 10000),
	IW("ethernet", 1460, 0, 14600),
	IW("smallest_default", 536, 0, 5360),
	IW("just_above_ethernet", 1461, 0, 14600),
	IW("two_large_segments", 7300, 0, 14600),
	IW("more_than_two_large", 7301, 0, 14602),
	IW("jumbo", 9000, 0, 18000),
	{ { "cong_set_mss__before_anything", "RFC 6928 2" }, 536, 1460, 14600 },
	{ { "cong_set_mss__smaller", "RFC 6928 2" }, 1460, 536, 5360 },
};

static bool cong_windows_holds(unsigned int i)
{
	const struct cong_init_row *r = &cong_windows[i];
	struct tcpstate_cong c;

	tcpstate_cong_init(&c, &tcpstate_reno, r->mss, 7);
	if (r->set_mss)
		tcpstate_cong_set_mss(&c, r->set_mss);
	return c.cwnd == r->cwnd && c.ssthresh == INF && c.mss == (r->set_mss ?: r->mss);
}

SUITE(cong_windows);

static bool cong_set_mss_later(void)
{
	struct tcpstate_cong c;

	tcpstate_cong_init(&c, &tcpstate_reno, 1000, 7);
	c.cwnd = 12000;
	tcpstate_cong_set_mss(&c, 500);
	return c.cwnd == 12000 && c.mss == 500;
}

static bool cong_set_mss_one_segment(void)
{
	struct tcpstate_cong c;

	tcpstate_cong_init(&c, &tcpstate_reno, 1000, 7);
	tcpstate_cong_timeout(&c, 8, 1008);
	tcpstate_cong_set_mss(&c, 1400);
	return c.cwnd == 1400;
}

/* What recovery leaves is room for a segment also where segments have grown in it. */
static bool cong_set_mss_in_recovery(void)
{
	struct tcpstate_cong c;
	int n;

	tcpstate_cong_init(&c, &tcpstate_reno, 100, 7);
	for (n = 0; n < 3; n++)
		tcpstate_cong_dupack(&c, 8, 108);
	tcpstate_cong_set_mss(&c, 1400);
	tcpstate_cong_new_ack(&c, 108, 108, 100, true);
	return c.phase == OPEN && c.cwnd == 2800 && c.ssthresh == 2800;
}

/* What was counted towards a step of a larger window is no credit for a smaller one. */
static bool cong_cut_takes_credit(void)
{
	struct tcpstate_cong c;
	int n;

	tcpstate_cong_init(&c, &tcpstate_reno, 1000, 7);
	c.ssthresh = 10000;
	tcpstate_cong_new_ack(&c, 9008, 19008, 9000, true);
	if (c.acked != 9000)
		return false;
	for (n = 0; n < 3; n++)
		tcpstate_cong_dupack(&c, 9008, 19008);
	return c.phase == RECOVERY && !c.acked;
}

/* Duplicates enough for a loss, and then a timeout: it was one. */
static bool cong_threshold_falls(void)
{
	struct tcpstate_cong c;
	int n;

	tcpstate_cong_init(&c, &tcpstate_reno, 1000, 7);
	for (n = 0; n < 300; n++)
		tcpstate_cong_dupack(&c, 8, 20008);
	if (!tcpstate_cong_undo(&c, 19000) || c.dup_threshold != 250)
		return false;
	tcpstate_cong_new_ack(&c, 1008, 20008, 1000, true);
	tcpstate_cong_timeout(&c, 1008, 20008);
	if (c.dup_threshold != 250)
		return false;
	tcpstate_cong_new_ack(&c, 20008, 20008, 19000, true);
	for (n = 0; n < 3; n++)
		tcpstate_cong_dupack(&c, 20008, 30008);
	tcpstate_cong_timeout(&c, 20008, 30008);
	return c.dup_threshold == 3;
}

static bool cong_idle_takes_credit(void)
{
	struct tcpstate_cong c;

	tcpstate_cong_init(&c, &tcpstate_reno, 1000, 7);
	c.ssthresh = 10000;
	c.cwnd = 100000;
	c.acked = 90000;
	tcpstate_cong_idle(&c);
	return c.cwnd == 10000 && !c.acked;
}

/* Whatever happens, there is room for a segment, and no number runs away. */
static bool cong_random(void)
{
	u32 seed = 11, n, una = 0xfff00000u, nxt = una;
	struct tcpstate_cong c;

	tcpstate_cong_init(&c, &tcpstate_reno, 1000, una - 1);
	for (n = 0; n < 300000; n++) {
		u32 r = next_random(&seed), some = (nxt - una) ? r % (nxt - una) + 1 : 0;

		if (r % 8 < 3 && some) {
			una += some;
			tcpstate_cong_new_ack(&c, una, nxt, some, r & 1);
		} else if (r % 8 < 5 && some) {
			tcpstate_cong_dupack(&c, una, nxt);
		} else if (r % 64 == 5 && some) {
			tcpstate_cong_timeout(&c, una, nxt);
		} else if (r % 64 == 13 && some) {
			tcpstate_cong_resend(&c, una, nxt);
		} else if (r % 64 == 21) {
			tcpstate_cong_refused(&c, una, nxt);
		} else if (r % 64 == 29) {
			tcpstate_cong_undo(&c, nxt - una);
		} else if (nxt - una < 100000) {
			nxt += r % 3000;
		}
		if (c.cwnd < 1000 || c.cwnd > (1u << 30) + 2000 || c.ssthresh < 2000 ||
		    tcpstate_cong_flight(&c, una, nxt) > nxt - una)
			return false;
	}
	return true;
}

static const struct {
	struct row row;
	bool (*fn)(void);
} cong_whole[] = {
	{ { "cong_set_mss__later", "RFC 5681 3.1" }, cong_set_mss_later },
	{ { "cong_set_mss__one_segment_at_least", "RFC 5681 3.1" }, cong_set_mss_one_segment },
	{ { "cong_set_mss__two_segments_in_recovery", "RFC 5681 3.1 equation 4" },
	  cong_set_mss_in_recovery },
	{ { "cong_dupack__cut_takes_credit", "RFC 3465 2.1" }, cong_cut_takes_credit },
	{ { "cong_timeout__threshold_falls", "in-tree tp->reordering" }, cong_threshold_falls },
	{ { "cong_idle__takes_credit", "RFC 3465 2.1" }, cong_idle_takes_credit },
	{ { "cong__random_events_keep_bounds", "RFC 5681" }, cong_random },
};

static bool cong_whole_holds(unsigned int i)
{
	return cong_whole[i].fn();
}

SUITE(cong_whole);

static const struct suite * const cong_suites[] = {
	&cong_suite, &cong_windows_suite, &cong_whole_suite,
};

#undef DUPS
#undef ACK
#undef SPARSE
#undef SEND
#undef TIMEOUT
#undef RESENT
#undef IDLE
#undef CWND
#undef TOO_BIG
#undef DO
#undef NONE
#undef AGAIN
#undef OPEN
#undef DISORDER
#undef RECOVERY
#undef LOSS
#undef CWR
#undef UNDO
#undef REFUSED
#undef CONFIRM
#undef INF
#undef IW

#endif /* TESTS_CASES_CONG_H */

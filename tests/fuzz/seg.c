// SPDX-License-Identifier: GPL-2.0
/*
 * The checks of SEGMENT ARRIVES against the RFCs' sentences, said once more in
 * numbers that cannot wrap; and against themselves, all numbers moved.
 */
#include "tcb.h"

static const u8 states[] = {
	TCPSTATE_LISTEN, TCPSTATE_SYN_SENT, TCPSTATE_SYN_RECV, TCPSTATE_ESTABLISHED,
	TCPSTATE_FIN_WAIT1, TCPSTATE_FIN_WAIT2, TCPSTATE_CLOSING, TCPSTATE_TIME_WAIT,
	TCPSTATE_CLOSE_WAIT, TCPSTATE_LAST_ACK,
};

static u32 span(const struct tcpstate_seg *seg)
{
	return seg->len + !!(seg->flags & TCPSTATE_SYN) + !!(seg->flags & TCPSTATE_FIN);
}

/* RFC 9293 3.10.7.4, the table of the first check. */
static bool acceptable(const struct tcpstate_tcb *tcb, const struct tcpstate_seg *seg)
{
	s64 wnd = (s32)(tcb->rcv_adv - tcb->rcv_nxt), first = (s32)(seg->seq - tcb->rcv_nxt);
	s64 last = first + span(seg) - 1;

	if (wnd <= 0)
		return !first;
	return (first >= 0 && first < wnd) || (span(seg) && last >= 0 && last < wnd);
}

/* RFC 7323 5.3 R1 and 5.5 */
static bool too_old(const struct tcpstate_tcb *tcb, const struct tcpstate_seg *seg)
{
	return (s32)(seg->opt.tsval - tcb->ts_recent) < 0 &&
	       seg->when - tcb->ts_recent_at < 24 * 24 * 3600;
}

/* SND.UNA - MAX.SND.WND =< SEG.ACK =< SND.NXT: RFC 5961 5.2 */
static bool ack_holds(const struct tcpstate_tcb *tcb, const struct tcpstate_seg *seg)
{
	s64 ahead = (s32)(seg->ack - tcb->snd_una), sent = tcb->snd_nxt - tcb->snd_una;

	return ahead >= -(s64)tcb->max_wnd && ahead <= sent;
}

static bool acks_syn(const struct tcpstate_tcb *tcb, const struct tcpstate_seg *seg)
{
	s64 ahead = (s32)(seg->ack - tcb->snd_una), sent = tcb->snd_nxt - tcb->snd_una;

	return ahead > 0 && ahead <= sent;
}

/* RFC 9293 3.10.7.4 second, RFC 5961 3.2, and 3.10.7.3 second. */
static void check_rst(const struct tcpstate_tcb *tcb, u8 state, const struct tcpstate_seg *seg,
		      const struct tcpstate_check *check)
{
	must(check->verdict == TCPSTATE_SEG_ACCEPT || check->verdict == TCPSTATE_SEG_DROP ||
	     check->verdict == TCPSTATE_SEG_CHALLENGE);
	if (state == TCPSTATE_LISTEN) {
		must(check->verdict == TCPSTATE_SEG_DROP);
	} else if (state == TCPSTATE_SYN_SENT) {
		must((check->verdict == TCPSTATE_SEG_ACCEPT) ==
		     ((seg->flags & TCPSTATE_ACK) && acks_syn(tcb, seg)));
		must(check->verdict != TCPSTATE_SEG_CHALLENGE);
	} else {
		must((check->verdict == TCPSTATE_SEG_ACCEPT) == (seg->seq == tcb->rcv_nxt));
		if (check->verdict == TCPSTATE_SEG_CHALLENGE)
			must(acceptable(tcb, seg));
	}
	if (check->verdict == TCPSTATE_SEG_ACCEPT)
		must(check->event == TCPSTATE_EV_RCV_RST);
}

static void check_no_connection(const struct tcpstate_tcb *tcb, u8 state,
				const struct tcpstate_seg *seg,
				const struct tcpstate_check *check)
{
	bool syn = seg->flags & TCPSTATE_SYN, ack = seg->flags & TCPSTATE_ACK;
	bool bad_ack = ack && (state == TCPSTATE_LISTEN || !acks_syn(tcb, seg));

	must((check->verdict == TCPSTATE_SEG_RST) == bad_ack);
	must((check->verdict == TCPSTATE_SEG_ACCEPT) ==
	     (syn && !bad_ack && !(seg->flags & TCPSTATE_FIN)));
	if (check->verdict == TCPSTATE_SEG_ACCEPT)
		must(check->event == (ack ? TCPSTATE_EV_RCV_SYN_ACK : TCPSTATE_EV_RCV_SYN));
}

/* RFC 9293 3.10.7.4 fourth with RFC 5961 4.2, RFC 6191 in TIME_WAIT. */
static void check_syn(const struct tcpstate_tcb *tcb, u8 state, const struct tcpstate_seg *seg,
		      const struct tcpstate_check *check)
{
	bool newer = ahead(seg->seq, tcb->rcv_nxt) > 0;
	bool later = tcb->ts_offer && seg->opt.has_tstamp &&
		     (!tcb->ts_ok || ahead(seg->opt.tsval, tcb->ts_recent) > 0);

	if (check->verdict == TCPSTATE_SEG_SYN_AGAIN)
		must(state == TCPSTATE_SYN_RECV && seg->seq == tcb->irs);
	if (check->verdict != TCPSTATE_SEG_ACCEPT) {
		must(check->verdict != TCPSTATE_SEG_DROP && check->verdict != TCPSTATE_SEG_RST);
		return;
	}
	if (state == TCPSTATE_TIME_WAIT)
		must(check->event == TCPSTATE_EV_RCV_SYN && (newer || later) &&
		     !(seg->flags & (TCPSTATE_ACK | TCPSTATE_FIN)));
	else if (check->event == TCPSTATE_EV_RCV_ACK_OF_SYN)
		must(state == TCPSTATE_SYN_RECV && !tcb->passive && seg->seq == tcb->irs &&
		     seg->ack == tcb->snd_nxt);
	else
		must(state == TCPSTATE_SYN_RECV && tcb->passive && acceptable(tcb, seg) &&
		     check->event == TCPSTATE_EV_RCV_SYN);
}

static void check_rest(const struct tcpstate_tcb *tcb, u8 state, const struct tcpstate_seg *seg,
		       const struct tcpstate_check *check)
{
	bool fresh = tcb->snd_una == tcb->iss;
	bool ack = seg->flags & TCPSTATE_ACK;
	bool in_time = !tcb->ts_ok || (seg->opt.has_tstamp && !too_old(tcb, seg));
	bool fin_again = state == TCPSTATE_TIME_WAIT && ack && (seg->flags & TCPSTATE_FIN) &&
			 seg->seq + span(seg) == tcb->rcv_nxt;

	if (!in_time) {
		must(check->verdict ==
		     (seg->opt.has_tstamp ? TCPSTATE_SEG_ACK : TCPSTATE_SEG_DROP));
	} else if (!acceptable(tcb, seg)) {
		must(check->verdict == (fin_again ? TCPSTATE_SEG_ACCEPT : TCPSTATE_SEG_ACK));
	} else if (!ack) {
		must(check->verdict == TCPSTATE_SEG_DROP);
	} else if (fresh) {
		must(check->verdict ==
		     (acks_syn(tcb, seg) ? TCPSTATE_SEG_ACCEPT : TCPSTATE_SEG_RST));
		must(check->verdict != TCPSTATE_SEG_ACCEPT ||
		     check->event == TCPSTATE_EV_RCV_ACK_OF_SYN);
	} else {
		must((check->verdict == TCPSTATE_SEG_ACCEPT) == ack_holds(tcb, seg));
		must(check->event == TCPSTATE_EV_COUNT);
	}
}

static void check_one(const struct tcpstate_tcb *tcb, u8 state, const struct tcpstate_seg *seg)
{
	struct tcpstate_check check = tcpstate_seg_check(tcb, state, seg);

	must(check.verdict < TCPSTATE_SEG_VERDICTS && check.reason < TCPSTATE_DROP_COUNT &&
	     check.event <= TCPSTATE_EV_COUNT);
	must((check.verdict == TCPSTATE_SEG_ACCEPT) == (check.reason == TCPSTATE_DROP_NONE));
	must(check.verdict == TCPSTATE_SEG_ACCEPT || check.event == TCPSTATE_EV_COUNT);
	if (check.event != TCPSTATE_EV_COUNT)
		must(tcpstate_fsm(state, check.event)->kind != TCPSTATE_EDGE_NEVER);
	if (seg->flags & TCPSTATE_RST)
		check_rst(tcb, state, seg, &check);
	else if (state == TCPSTATE_LISTEN || state == TCPSTATE_SYN_SENT)
		check_no_connection(tcb, state, seg, &check);
	else if (seg->flags & TCPSTATE_SYN)
		check_syn(tcb, state, seg, &check);
	else
		check_rest(tcb, state, seg, &check);
}

/* RFC 9293 3.10.7.4 fifth: SND.WL1 < SEG.SEQ or (= and SND.WL2 =< SEG.ACK). */
static void check_window(const struct tcpstate_tcb *tcb, const struct tcpstate_seg *seg)
{
	bool news = tcpstate_seg_updates_window(tcb, seg);
	s64 seq = ahead(seg->seq, tcb->snd_wl1), ack = (s32)(seg->ack - tcb->snd_wl2);

	if ((s32)(seg->ack - tcb->snd_una) < 0)
		must(!news);
	else
		must(news == (seq > 0 || (!seq && ack >= 0)));
}

/* RFC 7323 4.3 (2): SEG.TSval >= TS.Recent and SEG.SEQ =< Last.ACK.sent. */
static void check_tstamp(const struct tcpstate_tcb *tcb, const struct tcpstate_seg *seg,
			 u32 last_ack)
{
	bool news = tcpstate_seg_updates_tstamp(tcb, seg, last_ack);

	must(news == (tcb->ts_ok && seg->opt.has_tstamp && !too_old(tcb, seg) &&
		      ahead(seg->seq, last_ack) <= 0));
}

/* RFC 9293 3.10.7.1 */
static void check_reply(const struct tcpstate_seg *seg)
{
	struct tcpstate_reply rst;

	if (!tcpstate_seg_rst_reply(seg, &rst)) {
		must(seg->flags & TCPSTATE_RST);
		return;
	}
	must(!(seg->flags & TCPSTATE_RST) && rst.flags & TCPSTATE_RST);
	if (seg->flags & TCPSTATE_ACK)
		must(rst.seq == seg->ack && rst.flags == TCPSTATE_RST);
	else
		must(!rst.seq && rst.ack == seg->seq + span(seg) &&
		     rst.flags == (TCPSTATE_RST | TCPSTATE_ACK));
	must(!rst.opt.has_tstamp && !rst.opt.mss && !rst.own_header && !rst.wnd);
}

/* Where in its spaces a connection lies decides nothing. */
static void check_moved(const struct tcpstate_tcb *tcb, u8 state, const struct tcpstate_seg *seg,
			u32 last_ack, const struct move *by)
{
	struct tcpstate_tcb there = moved_tcb(*tcb, by);
	struct tcpstate_seg same = moved_seg(*seg, by);
	struct tcpstate_check a = tcpstate_seg_check(tcb, state, seg);
	struct tcpstate_check b = tcpstate_seg_check(&there, state, &same);

	must(a.verdict == b.verdict && a.reason == b.reason && a.event == b.event);
	must(tcpstate_seg_updates_window(tcb, seg) == tcpstate_seg_updates_window(&there, &same));
	must(tcpstate_seg_updates_tstamp(tcb, seg, last_ack) ==
	     tcpstate_seg_updates_tstamp(&there, &same, last_ack + by->rcv));
}

int fuzz_one(const u8 *data, size_t len)
{
	struct input in = { data, len };
	u8 state = states[take8(&in) % COUNT(states)];
	bool fresh = tcpstate_in(state, TCPSTATE_F_CONNECTING) ||
		     (state == TCPSTATE_FIN_WAIT1 && take8(&in) & 1);
	struct tcpstate_tcb tcb = take_tcb(&in, fresh);
	struct move by = take_move(&in);
	u32 last_ack = tcb.rcv_nxt - take_size(&in, 65535);

	do {
		struct tcpstate_seg seg = take_seg(&in, &tcb);

		check_one(&tcb, state, &seg);
		check_window(&tcb, &seg);
		check_tstamp(&tcb, &seg, last_ack);
		check_reply(&seg);
		check_moved(&tcb, state, &seg, last_ack, &by);
	} while (in.left);
	return 0;
}

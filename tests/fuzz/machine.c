// SPDX-License-Identifier: GPL-2.0
/*
 * One connection under any row of segments, calls and timeouts: the table, the
 * checks, timestamps and the urgent pointer together, the steps between them in
 * the order of tcpstate_input.c.  Numbers lie anywhere, windows and text are as
 * large as they can be, and the peer obeys nothing: what the model checker,
 * whose peers are honest and small, does not see.
 */
#include "tcb.h"

/* The connection, and what an onlooker knows of it apart from its state. */
struct flow {
	struct tcpstate_tcb tcb;
	u8 state;
	bool closed;		/* the user has said close */
	bool peer_fin;		/* RCV.NXT is behind the peer's FIN */
	bool peer_first;	/* and was before the user said close */
	bool fin_seen;		/* a FIN waits for text before it */
	u32 fin_seq;
	u32 last_ack;		/* Last.ACK.sent */
	u32 copied;		/* next octet for the reader */
	u32 now;		/* seconds */
	u64 sent, acked;	/* numbers used and acknowledged since ISS */
	u64 taken, offered;	/* RCV.NXT and its right edge, since IRS */
};

/* Figure 5 of RFC 9293, read backwards. */
static u8 state_of(const struct flow *f)
{
	bool fin_acked = tcpstate_fin_acked(&f->tcb);

	if (!f->taken)
		return TCPSTATE_SYN_SENT;
	if (!f->closed && !f->peer_fin)
		return f->acked ? TCPSTATE_ESTABLISHED : TCPSTATE_SYN_RECV;
	if (!f->closed)
		return TCPSTATE_CLOSE_WAIT;
	if (!f->peer_fin)
		return fin_acked ? TCPSTATE_FIN_WAIT2 : TCPSTATE_FIN_WAIT1;
	if (f->peer_first)
		return fin_acked ? TCPSTATE_CLOSE : TCPSTATE_LAST_ACK;
	return fin_acked ? TCPSTATE_TIME_WAIT : TCPSTATE_CLOSING;
}

static void check_flow(const struct flow *f)
{
	const struct tcpstate_tcb *tcb = &f->tcb;

	must(f->state && f->state < TCPSTATE_MAX_STATES);
	if (f->state == TCPSTATE_CLOSE)
		return;
	must(f->state == state_of(f));
	/* SND.UNA =< SND.NXT, by the numbers and by the count. */
	must(f->acked <= f->sent && f->sent - f->acked <= TCPSTATE_MAX_WND + 2);
	must(tcb->snd_nxt - tcb->snd_una == f->sent - f->acked);
	must(tcpstate_syn_acked(tcb) == !!f->acked);
	/* The FIN is the last number, and goes only when the user has said close. */
	must(tcb->write_seq - tcb->snd_una <= TCPSTATE_MAX_WND || tcpstate_fin_acked(tcb));
	must(f->closed || !tcpstate_fin_sent(tcb));
	must(!tcpstate_after(tcb->snd_nxt, tcb->write_seq + 1));
	must(tcb->snd_wnd <= tcb->max_wnd && tcb->max_wnd <= TCPSTATE_MAX_WND);
	must(!tcpstate_after(tcb->snd_wl2, tcb->snd_una));
	if (!f->taken)
		return;
	/* RCV.NXT passes what was offered by a FIN alone; the edge stays (SHLD-14). */
	must(f->taken <= f->offered + f->peer_fin);
	must(tcpstate_rcv_wnd(tcb) == (f->offered > f->taken ? f->offered - f->taken : 0));
	must(tcb->snd_wscale <= TCPSTATE_MAX_WSCALE && tcb->rcv_wscale <= TCPSTATE_MAX_WSCALE);
	/* A mark is ahead of the reader. */
	if (tcb->urgent != TCPSTATE_URGENT_NONE)
		must(tcpstate_after(tcb->rcv_up, f->copied));
}

/* tcpstate_state_event() */
static void event(struct flow *f, u8 ev)
{
	const struct tcpstate_edge *edge = tcpstate_fsm(f->state, ev);

	must(edge->kind != TCPSTATE_EDGE_NEVER);
	if (edge->kind == TCPSTATE_EDGE_IGNORE)
		return;
	must((edge->next == TCPSTATE_CLOSE) == !!(edge->actions & TCPSTATE_ACT(DELETE_TCB)));
	f->state = edge->next;
}

/* tcpstate_output_push(): all that the window takes, the FIN last. */
static void push(struct flow *f)
{
	struct tcpstate_tcb *tcb = &f->tcb;
	u32 used = tcb->snd_nxt - tcb->snd_una, len;
	bool fin = tcpstate_fsm_outflags(f->state) & TCPSTATE_FIN;

	if (tcpstate_in(f->state, TCPSTATE_F_CONNECTING)) {
		if (tcb->snd_nxt == tcb->iss) {
			tcb->snd_nxt++;
			f->sent++;
		}
		return;
	}
	if (!tcpstate_in(f->state, TCPSTATE_F_CAN_TRANSMIT) || !tcpstate_syn_acked(tcb) ||
	    tcpstate_fin_sent(tcb))
		return;
	len = tcb->write_seq - tcb->snd_nxt;
	if (used >= tcb->snd_wnd)
		len = 0;
	else if (len > tcb->snd_wnd - used)
		len = tcb->snd_wnd - used;
	tcb->snd_nxt += len;
	f->sent += len;
	if (fin && tcb->snd_nxt == tcb->write_seq && used + len < tcb->snd_wnd) {
		tcb->snd_nxt++;
		f->sent++;
	}
}

static void send_ack(struct flow *f, u32 space)
{
	struct tcpstate_tcb *tcb = &f->tcb;

	if (!f->taken)
		return;
	if (tcpstate_after(tcb->rcv_nxt + space, tcb->rcv_adv)) {
		tcb->rcv_adv = tcb->rcv_nxt + space;
		f->offered = f->taken + space;
	}
	f->last_ack = tcb->rcv_nxt;
}

static void take_urgent_pointer(struct flow *f, const struct tcpstate_seg *seg)
{
	struct tcpstate_tcb *tcb = &f->tcb;

	if (!tcpstate_urg_arrives(tcb, seg, f->copied))
		return;
	tcb->rcv_up = seg->seq + seg->up;
	tcb->urgent = TCPSTATE_URGENT_AHEAD;
}

/* tcpstate_input_take_syn() */
static void take_syn(struct flow *f, const struct tcpstate_seg *seg)
{
	struct tcpstate_tcb *tcb = &f->tcb;
	u32 offered = tcpstate_rcv_wnd(tcb);

	tcb->irs = seg->seq;
	tcb->rcv_nxt = seg->seq + 1;
	tcb->rcv_adv = tcb->rcv_nxt + offered;
	f->taken = 1;
	f->offered = 1 + (u64)offered;
	f->copied = tcb->rcv_nxt;
	f->last_ack = tcb->irs;
	tcb->wscale_ok = seg->opt.has_wscale;
	tcb->snd_wscale = tcb->wscale_ok ? seg->opt.wscale : 0;
	tcb->ts_ok = tcb->ts_offer && seg->opt.has_tstamp;
	tcb->ts_recent = seg->opt.tsval;
	tcb->ts_recent_at = seg->when;
	tcb->snd_wnd = seg->wnd;
	tcb->max_wnd = seg->wnd;
	tcb->snd_wl1 = seg->seq;
	tcb->snd_wl2 = tcb->snd_una;
	take_urgent_pointer(f, seg);
}

static void acknowledged(struct flow *f, u32 ack)
{
	must(ack - f->tcb.snd_una <= f->sent - f->acked);
	f->acked += ack - f->tcb.snd_una;
	f->tcb.snd_una = ack;
	if (f->tcb.snd_una == f->tcb.iss)
		f->tcb.iss--;
}

/* take_event() */
static void take_event(struct flow *f, const struct tcpstate_seg *seg, u8 ev)
{
	struct tcpstate_tcb *tcb = &f->tcb;

	switch (ev) {
	case TCPSTATE_EV_RCV_SYN_ACK:
		take_syn(f, seg);
		acknowledged(f, seg->ack);
		break;
	case TCPSTATE_EV_RCV_SYN:
		if (f->state == TCPSTATE_SYN_SENT)
			take_syn(f, seg);
		break;
	case TCPSTATE_EV_RCV_ACK_OF_SYN:
		acknowledged(f, tcb->iss + 1);
		tcb->snd_wnd = (u32)seg->wnd << (seg->flags & TCPSTATE_SYN ? 0 : tcb->snd_wscale);
		if (tcb->snd_wnd > tcb->max_wnd)
			tcb->max_wnd = tcb->snd_wnd;
		tcb->snd_wl1 = seg->seq;
		tcb->snd_wl2 = seg->ack;
		break;
	}
	event(f, ev);
}

/* take_ack() */
static void take_ack(struct flow *f, const struct tcpstate_seg *seg)
{
	struct tcpstate_tcb *tcb = &f->tcb;
	bool fin_was_acked = tcpstate_fin_acked(tcb);
	u32 wnd = (u32)seg->wnd << tcb->snd_wscale;

	if (tcpstate_after(seg->ack, tcb->snd_una)) {
		acknowledged(f, seg->ack);
		if (tcpstate_before(tcb->snd_wl2, tcb->snd_una - TCPSTATE_MAX_WND))
			tcb->snd_wl2 = tcb->snd_una - TCPSTATE_MAX_WND;
	}
	if (tcpstate_seg_updates_window(tcb, seg)) {
		tcb->snd_wl1 = seg->seq;
		tcb->snd_wl2 = seg->ack;
		tcb->snd_wnd = wnd;
		if (wnd > tcb->max_wnd)
			tcb->max_wnd = wnd;
	}
	if (!fin_was_acked && tcpstate_fin_acked(tcb))
		event(f, TCPSTATE_EV_RCV_ACK_OF_FIN);
}

/* Text at RCV.NXT and within the window; what is beyond a hole comes again. */
static void take_text(struct flow *f, const struct tcpstate_seg *seg)
{
	struct tcpstate_tcb *tcb = &f->tcb;
	u32 edge = tcb->rcv_nxt + tcpstate_rcv_wnd(tcb), end = seg->seq + seg->len;

	if (tcpstate_after(seg->seq, tcb->rcv_nxt) || !tcpstate_after(end, tcb->rcv_nxt))
		return;
	if (tcpstate_after(end, edge))
		end = edge;
	f->taken += end - tcb->rcv_nxt;
	tcb->rcv_nxt = end;
}

/* take_rest() */
static void take_rest(struct flow *f, const struct tcpstate_seg *seg)
{
	struct tcpstate_tcb *tcb = &f->tcb;
	u32 text_end = seg->seq + seg->len;

	if (!tcpstate_in(f->state, TCPSTATE_F_CAN_RECEIVE))
		return;
	if ((seg->flags & TCPSTATE_FIN) &&
	    !tcpstate_after(text_end, tcb->rcv_nxt + tcpstate_rcv_wnd(tcb))) {
		f->fin_seen = true;
		f->fin_seq = text_end;
	}
	take_urgent_pointer(f, seg);
	take_text(f, seg);
	if (!f->fin_seen || tcb->rcv_nxt != f->fin_seq)
		return;
	f->fin_seen = false;
	tcb->rcv_nxt++;
	f->taken++;
	must(!f->peer_fin);
	f->peer_fin = true;
	f->peer_first = !f->closed;
	event(f, TCPSTATE_EV_RCV_FIN);
}

/* tcpstate_input() */
static void segment(struct flow *f, const struct tcpstate_seg *seg, u32 space)
{
	struct tcpstate_check check = tcpstate_seg_check(&f->tcb, f->state, seg);
	struct tcpstate_reply rst;

	if (check.verdict == TCPSTATE_SEG_RST)
		must(tcpstate_seg_rst_reply(seg, &rst));
	if (check.verdict == TCPSTATE_SEG_ACK || check.verdict == TCPSTATE_SEG_CHALLENGE)
		send_ack(f, space);
	if (check.verdict != TCPSTATE_SEG_ACCEPT)
		return;
	if (f->state == TCPSTATE_TIME_WAIT && check.event != TCPSTATE_EV_COUNT) {
		/* The mini's way: the FIN again is no step of the stream. */
		event(f, check.event);
		return;
	}
	if (check.event != TCPSTATE_EV_COUNT)
		take_event(f, seg, check.event);
	if (!tcpstate_in(f->state, TCPSTATE_F_SYNCHRONIZED) ||
	    (seg->flags & (TCPSTATE_SYN | TCPSTATE_RST)))
		return;
	if (tcpstate_seg_updates_tstamp(&f->tcb, seg, f->last_ack)) {
		f->tcb.ts_recent = seg->opt.tsval;
		f->tcb.ts_recent_at = seg->when;
	}
	take_ack(f, seg);
	take_rest(f, seg);
}

static void user_close(struct flow *f)
{
	if (tcpstate_in(f->state, TCPSTATE_F(SYN_RECV) | TCPSTATE_F_CAN_SEND))
		f->closed = true;
	event(f, TCPSTATE_EV_CLOSE);
}

static void user_write(struct flow *f, u32 len)
{
	u32 queued = f->tcb.write_seq - f->tcb.snd_una;

	if (!tcpstate_in(f->state, TCPSTATE_F_CAN_SEND) || queued + len > TCPSTATE_MAX_WND)
		return;
	f->tcb.write_seq += len;
}

static void user_read(struct flow *f, u32 len)
{
	u32 there = f->tcb.rcv_nxt - f->peer_fin - f->copied;

	if (!f->taken)
		return;
	f->copied += tcpstate_urg_run(&f->tcb, f->copied, len < there ? len : there);
	if (tcpstate_urg_passed(&f->tcb, f->copied))
		f->tcb.urgent = TCPSTATE_URGENT_NONE;
}

/* What a timer or ICMP raises, where the module would. */
static void outside(struct flow *f, u8 what)
{
	if (what == TCPSTATE_EV_TIME_WAIT_TIMEOUT && f->state != TCPSTATE_TIME_WAIT)
		return;
	if (what != TCPSTATE_EV_TIME_WAIT_TIMEOUT && f->state == TCPSTATE_TIME_WAIT)
		return;
	event(f, what);
}

/* Segments are likely, and what ends the connection is not. */
static void step(struct flow *f, struct input *in)
{
	static const u8 what[] = {
		TCPSTATE_EV_USER_TIMEOUT, TCPSTATE_EV_TIME_WAIT_TIMEOUT, TCPSTATE_EV_RCV_HARD_ERROR,
		TCPSTATE_EV_ABORT,
	};
	struct tcpstate_seg seg;
	u8 op = take8(in);

	if (op < 160) {
		seg = take_seg(in, &f->tcb);
		seg.when = f->now;
		/* No window, as in a SYN, or the largest that there is. */
		seg.opt.has_wscale = op & 1;
		seg.opt.wscale = op & 1 ? op % 15 : 0;
		segment(f, &seg, take_size(in, TCPSTATE_MAX_WND));
	} else if (op < 185) {
		user_write(f, take_size(in, TCPSTATE_MAX_WND));
	} else if (op < 210) {
		user_read(f, take_size(in, TCPSTATE_MAX_WND));
	} else if (op < 225) {
		send_ack(f, take_size(in, TCPSTATE_MAX_WND));
	} else if (op < 235) {
		f->now += take_size(in, 40 * 24 * 3600);
	} else if (op < 245) {
		user_close(f);
	} else {
		outside(f, what[op % COUNT(what)]);
	}
	if (f->state != TCPSTATE_CLOSE)
		push(f);
}

/* connect(), or a listener's child, which begins with a SYN. */
static void born(struct flow *f, struct input *in)
{
	u8 bits = take8(in);
	struct tcpstate_seg syn;

	f->tcb.iss = take32(in);
	f->tcb.snd_una = f->tcb.iss;
	f->tcb.snd_nxt = f->tcb.iss;
	f->tcb.write_seq = f->tcb.iss + 1;
	f->tcb.snd_wl2 = f->tcb.iss;
	f->tcb.rcv_adv = take_size(in, 65535);
	f->tcb.rcv_wscale = bits % 15;
	f->tcb.ts_offer = bits & 0x80;
	f->tcb.snd_mss = 1460;
	f->tcb.rcv_mss = 1460;
	f->tcb.peer_mss = 1460;
	f->now = take32(in);
	if (bits & 0x40) {
		f->tcb.passive = true;
		syn = take_seg(in, &f->tcb);
		syn.flags = TCPSTATE_SYN;
		syn.len = 0;
		syn.when = f->now;
		f->state = TCPSTATE_LISTEN;
		must(tcpstate_seg_check(&f->tcb, f->state, &syn).event == TCPSTATE_EV_RCV_SYN);
		take_syn(f, &syn);
		event(f, TCPSTATE_EV_RCV_SYN);
	} else {
		f->state = TCPSTATE_CLOSE;
		event(f, TCPSTATE_EV_ACTIVE_OPEN);
	}
	push(f);
}

int fuzz_one(const u8 *data, size_t len)
{
	struct input in = { data, len };
	struct flow f = {};

	born(&f, &in);
	check_flow(&f);
	while (in.left && f.state != TCPSTATE_CLOSE) {
		step(&f, &in);
		check_flow(&f);
	}
	return 0;
}

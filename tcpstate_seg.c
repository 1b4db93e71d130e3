// SPDX-License-Identifier: GPL-2.0
/*
 * The checks of SEGMENT ARRIVES (RFC 9293 3.10.7) with the stricter RST, SYN
 * and ACK rules of RFC 5961, and PAWS (RFC 7323).  Pure: says what to do with
 * a segment and touches nothing; tcpstate_input.c does it.
 */
#include "tcpstate_fsm.h"
#include "tcpstate_tcb.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static const char * const drop_names[] = {
	[TCPSTATE_DROP_NONE]		= "none",
	[TCPSTATE_DROP_SEQUENCE]	= "sequence",
	[TCPSTATE_DROP_RST_SEQUENCE]	= "rst-sequence",
	[TCPSTATE_DROP_RST_NO_CONN]	= "rst-no-connection",
	[TCPSTATE_DROP_SYN_IN_CONN]	= "syn-in-connection",
	[TCPSTATE_DROP_SYN_FIN]		= "syn-fin",
	[TCPSTATE_DROP_NO_ACK]		= "no-ack",
	[TCPSTATE_DROP_NO_SYN]		= "no-syn",
	[TCPSTATE_DROP_ACK_UNSENT]	= "ack-unsent",
	[TCPSTATE_DROP_ACK_OLD]		= "ack-old",
	[TCPSTATE_DROP_UNEXPECTED_ACK]	= "unexpected-ack",
	[TCPSTATE_DROP_NO_TSTAMP]	= "no-timestamp",
	[TCPSTATE_DROP_PAWS]		= "paws",
};
_Static_assert(ARRAY_LEN(drop_names) == TCPSTATE_DROP_COUNT, "a name per reason");

static struct tcpstate_check drop(u8 verdict, u8 reason)
{
	return (struct tcpstate_check){ verdict, reason, TCPSTATE_EV_COUNT };
}

static struct tcpstate_check raise(u8 event)
{
	return (struct tcpstate_check){ TCPSTATE_SEG_ACCEPT, TCPSTATE_DROP_NONE, event };
}

/**
 * tcpstate_seg_end() - the sequence number behind a segment
 * @seg: the segment
 *
 * Context: any.
 * Return: SEG.SEQ + SEG.LEN, SYN and FIN counted.
 * Source: RFC 9293 3.4.
 */
u32 tcpstate_seg_end(const struct tcpstate_seg *seg)
{
	return seg->seq + seg->len + !!(seg->flags & TCPSTATE_SYN) +
	       !!(seg->flags & TCPSTATE_FIN);
}

/* RFC 9293 3.10.7.2 */
static struct tcpstate_check check_listen(const struct tcpstate_seg *seg)
{
	if (seg->flags & TCPSTATE_RST)
		return drop(TCPSTATE_SEG_DROP, TCPSTATE_DROP_RST_NO_CONN);
	if (seg->flags & TCPSTATE_ACK)
		return drop(TCPSTATE_SEG_RST, TCPSTATE_DROP_UNEXPECTED_ACK);
	if (!(seg->flags & TCPSTATE_SYN))
		return drop(TCPSTATE_SEG_DROP, TCPSTATE_DROP_NO_SYN);
	/* Nobody opens and closes in one segment but to pass through filters. */
	if (seg->flags & TCPSTATE_FIN)
		return drop(TCPSTATE_SEG_DROP, TCPSTATE_DROP_SYN_FIN);
	return raise(TCPSTATE_EV_RCV_SYN);
}

/* RFC 9293 3.10.7.3 */
static struct tcpstate_check check_syn_sent(const struct tcpstate_tcb *tcb,
					    const struct tcpstate_seg *seg)
{
	bool ack = seg->flags & TCPSTATE_ACK;

	/* SND.UNA < SEG.ACK =< SND.NXT; SND.UNA is ISS here. */
	if (ack && !tcpstate_between(seg->ack, tcb->snd_una + 1, tcb->snd_nxt)) {
		if (seg->flags & TCPSTATE_RST)
			return drop(TCPSTATE_SEG_DROP, TCPSTATE_DROP_UNEXPECTED_ACK);
		return drop(TCPSTATE_SEG_RST, TCPSTATE_DROP_UNEXPECTED_ACK);
	}
	if (seg->flags & TCPSTATE_RST) {
		if (ack)
			return raise(TCPSTATE_EV_RCV_RST);
		return drop(TCPSTATE_SEG_DROP, TCPSTATE_DROP_RST_NO_CONN);
	}
	if (!(seg->flags & TCPSTATE_SYN))
		return drop(TCPSTATE_SEG_DROP, TCPSTATE_DROP_NO_SYN);
	if (seg->flags & TCPSTATE_FIN)
		return drop(TCPSTATE_SEG_DROP, TCPSTATE_DROP_SYN_FIN);
	return raise(ack ? TCPSTATE_EV_RCV_SYN_ACK : TCPSTATE_EV_RCV_SYN);
}

/* RFC 9293 3.10.7.4 first: the four cases of the table in 3.4. */
static bool acceptable(const struct tcpstate_tcb *tcb, const struct tcpstate_seg *seg)
{
	u32 wnd = tcpstate_rcv_wnd(tcb);
	u32 len = tcpstate_seg_end(seg) - seg->seq;

	if (!wnd)
		/* Text cannot be taken; ACK, URG and RST can (MUST-66). */
		return seg->seq == tcb->rcv_nxt;
	if (seg->seq - tcb->rcv_nxt < wnd)
		return true;
	return len && seg->seq + len - 1 - tcb->rcv_nxt < wnd;
}

static struct tcpstate_check check_rst(const struct tcpstate_tcb *tcb,
				       const struct tcpstate_seg *seg)
{
	/* RFC 5961 3.2 */
	if (seg->seq == tcb->rcv_nxt)
		return raise(TCPSTATE_EV_RCV_RST);
	if (seg->seq - tcb->rcv_nxt < tcpstate_rcv_wnd(tcb))
		return drop(TCPSTATE_SEG_CHALLENGE, TCPSTATE_DROP_RST_SEQUENCE);
	return drop(TCPSTATE_SEG_DROP, TCPSTATE_DROP_RST_SEQUENCE);
}

/* Older than what the peer has said before, and that still counts (RFC 7323 5.3 R1). */
static bool is_older(const struct tcpstate_tcb *tcb, const struct tcpstate_seg *seg)
{
	return tcpstate_before(seg->opt.tsval, tcb->ts_recent) &&
	       seg->when - tcb->ts_recent_at < TCPSTATE_TS_RECENT_LIFE;
}

/*
 * What timestamps say of a segment, before its numbers are looked at.  A SYN
 * without them is of another connection that its sender wants, so it gets the
 * answer that tells it about this one (RFC 5961 4).  True: refused.
 */
static bool check_tstamp(const struct tcpstate_tcb *tcb, const struct tcpstate_seg *seg,
			 struct tcpstate_check *check)
{
	if (!tcb->ts_ok || (seg->flags & TCPSTATE_RST))
		return false;
	if (!seg->opt.has_tstamp) {
		if (seg->flags & TCPSTATE_SYN)
			return false;
		*check = drop(TCPSTATE_SEG_DROP, TCPSTATE_DROP_NO_TSTAMP);
		return true;
	}
	if (!is_older(tcb, seg))
		return false;
	*check = drop(TCPSTATE_SEG_ACK, TCPSTATE_DROP_PAWS);
	return true;
}

/* May a SYN end TIME_WAIT and begin anew?  RFC 6191 2 (MAY-2, SHLD-4). */
static bool syn_reopens(const struct tcpstate_tcb *tcb, const struct tcpstate_seg *seg)
{
	bool newer = tcpstate_after(seg->seq, tcb->rcv_nxt);

	if (!tcb->ts_offer || !seg->opt.has_tstamp)
		return newer;
	/* The new connection drops what has no timestamp: all of the old one's. */
	if (!tcb->ts_ok)
		return true;
	if (seg->opt.tsval == tcb->ts_recent)
		return newer;
	return tcpstate_after(seg->opt.tsval, tcb->ts_recent);
}

/* SYNs that a connection in being expects, before the window is asked. */
static bool check_known_syn(const struct tcpstate_tcb *tcb, u8 state,
			    const struct tcpstate_seg *seg, struct tcpstate_check *check)
{
	u8 flags = seg->flags & (TCPSTATE_SYN | TCPSTATE_ACK | TCPSTATE_RST | TCPSTATE_FIN);

	if (state == TCPSTATE_TIME_WAIT && flags == TCPSTATE_SYN &&
	    syn_reopens(tcb, seg)) {
		*check = raise(TCPSTATE_EV_RCV_SYN);
		return true;
	}
	if (state != TCPSTATE_SYN_RECV || seg->seq != tcb->irs)
		return false;
	if (flags == TCPSTATE_SYN) {
		/* The peer has not heard our SYN+ACK yet. */
		*check = drop(TCPSTATE_SEG_SYN_AGAIN, TCPSTATE_DROP_SYN_IN_CONN);
		return true;
	}
	if (flags == (TCPSTATE_SYN | TCPSTATE_ACK) && !tcb->passive &&
	    seg->ack == tcb->snd_nxt) {
		/* Simultaneous open, figure 7: his SYN is old, his ACK is not. */
		*check = raise(TCPSTATE_EV_RCV_ACK_OF_SYN);
		return true;
	}
	return false;
}

/* RFC 9293 3.10.7.4 fifth */
static struct tcpstate_check check_ack(const struct tcpstate_tcb *tcb,
				       const struct tcpstate_seg *seg)
{
	if (!(seg->flags & TCPSTATE_ACK))
		return drop(TCPSTATE_SEG_DROP, TCPSTATE_DROP_NO_ACK);
	/* SYN_RECV, or FIN_WAIT1 right after it: the handshake comes first. */
	if (!tcpstate_syn_acked(tcb)) {
		if (!tcpstate_between(seg->ack, tcb->snd_una + 1, tcb->snd_nxt))
			return drop(TCPSTATE_SEG_RST, TCPSTATE_DROP_UNEXPECTED_ACK);
		return raise(TCPSTATE_EV_RCV_ACK_OF_SYN);
	}
	if (tcpstate_after(seg->ack, tcb->snd_nxt))
		return drop(TCPSTATE_SEG_ACK, TCPSTATE_DROP_ACK_UNSENT);
	/* RFC 5961 5.2 (MAY-12) */
	if (tcpstate_before(seg->ack, tcb->snd_una - tcb->max_wnd))
		return drop(TCPSTATE_SEG_CHALLENGE, TCPSTATE_DROP_ACK_OLD);
	return raise(TCPSTATE_EV_COUNT);
}

/**
 * tcpstate_seg_check() - may this segment go on, and what does it say first
 * @tcb: the connection's numbers; not read in LISTEN
 * @state: enum tcpstate_state of the flow that the segment was found for
 * @seg: the segment
 *
 * Steps in the RFC's order: timestamp, sequence number, RST, SYN, ACK.  One whose
 * window cannot take its text may still be accepted for its ACK; the caller
 * trims.  In TIME_WAIT a FIN that ends at RCV.NXT is our peer's FIN again: it
 * raises RCV_FIN although it is old (RFC 9293 3.10.7.4 eighth).
 *
 * Context: any.
 * Return: verdict, reason, and the event to raise before anything else.
 * Source: RFC 9293 3.10.7.2 to 3.10.7.4, RFC 5961, RFC 1337, RFC 6191, RFC 7323.
 */
struct tcpstate_check tcpstate_seg_check(const struct tcpstate_tcb *tcb, u8 state,
					 const struct tcpstate_seg *seg)
{
	struct tcpstate_check check;

	if (state == TCPSTATE_LISTEN)
		return check_listen(seg);
	if (state == TCPSTATE_SYN_SENT)
		return check_syn_sent(tcb, seg);
	if (check_known_syn(tcb, state, seg, &check) || check_tstamp(tcb, seg, &check))
		return check;
	if (!acceptable(tcb, seg)) {
		if (seg->flags & TCPSTATE_RST)
			return drop(TCPSTATE_SEG_DROP, TCPSTATE_DROP_RST_SEQUENCE);
		if (state == TCPSTATE_TIME_WAIT && (seg->flags & TCPSTATE_FIN) &&
		    !(seg->flags & TCPSTATE_SYN) && (seg->flags & TCPSTATE_ACK) &&
		    tcpstate_seg_end(seg) == tcb->rcv_nxt)
			return raise(TCPSTATE_EV_RCV_FIN);
		return drop(TCPSTATE_SEG_ACK, TCPSTATE_DROP_SEQUENCE);
	}
	if (seg->flags & TCPSTATE_RST)
		return check_rst(tcb, seg);
	if (seg->flags & TCPSTATE_SYN) {
		if (state == TCPSTATE_SYN_RECV && tcb->passive)
			return raise(TCPSTATE_EV_RCV_SYN);
		return drop(TCPSTATE_SEG_CHALLENGE, TCPSTATE_DROP_SYN_IN_CONN);
	}
	return check_ack(tcb, seg);
}

/**
 * tcpstate_seg_updates_window() - is this segment's window news
 * @tcb: the connection's numbers, SND.UNA already moved
 * @seg: an accepted segment with the ACK bit
 *
 * Context: any.
 * Return: true where SND.WND, SND.WL1 and SND.WL2 are to be set from @seg.
 * Source: RFC 9293 3.10.7.4 fifth.
 */
bool tcpstate_seg_updates_window(const struct tcpstate_tcb *tcb,
				 const struct tcpstate_seg *seg)
{
	if (tcpstate_before(seg->ack, tcb->snd_una))
		return false;
	if (tcpstate_before(tcb->snd_wl1, seg->seq))
		return true;
	return tcb->snd_wl1 == seg->seq && !tcpstate_before(seg->ack, tcb->snd_wl2);
}

/**
 * tcpstate_seg_updates_tstamp() - is this segment's timestamp what we echo from now on
 * @tcb: the connection's numbers
 * @seg: an accepted segment
 * @last_ack: Last.ACK.sent
 *
 * One that begins behind what we have acknowledged is not echoed: the echo is
 * of the oldest that an ACK answers, delay and lost segments included.
 *
 * Context: any.
 * Return: true where TS.Recent is to be set from @seg.
 * Source: RFC 7323 4.3 (2), 5.3 R3, 5.5.
 */
bool tcpstate_seg_updates_tstamp(const struct tcpstate_tcb *tcb,
				 const struct tcpstate_seg *seg, u32 last_ack)
{
	return tcb->ts_ok && seg->opt.has_tstamp && !is_older(tcb, seg) &&
	       !tcpstate_after(seg->seq, last_ack);
}

/**
 * tcpstate_seg_rst_reply() - the RST that answers a segment nobody expects
 * @seg: the segment
 * @rst: filled where there is an answer
 *
 * Context: any.
 * Return: false for a RST, which is never answered.
 * Source: RFC 9293 3.10.7.1.
 */
bool tcpstate_seg_rst_reply(const struct tcpstate_seg *seg, struct tcpstate_reply *rst)
{
	if (seg->flags & TCPSTATE_RST)
		return false;
	if (seg->flags & TCPSTATE_ACK) {
		*rst = (struct tcpstate_reply){ .seq = seg->ack, .flags = TCPSTATE_RST };
		return true;
	}
	*rst = (struct tcpstate_reply){
		.ack = tcpstate_seg_end(seg),
		.flags = TCPSTATE_RST | TCPSTATE_ACK,
	};
	return true;
}

/**
 * tcpstate_seg_drop_name() - a drop reason's name
 * @reason: enum tcpstate_drop
 *
 * Context: any.
 * Return: a constant string; "none" for a number out of range.
 */
const char *tcpstate_seg_drop_name(u8 reason)
{
	return drop_names[reason < TCPSTATE_DROP_COUNT ? reason : 0];
}

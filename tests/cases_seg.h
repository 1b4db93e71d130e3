/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SEGMENT ARRIVES.  The numbers of a row are small: ours begin at ISS 499,
 * SND.UNA is 500, SND.NXT 510; the peer's at IRS 999, RCV.NXT is 1000.  Each
 * row is run in every state it names, and with both spaces moved so that its
 * edges fall on 2^31 and on 2^32.
 */
#ifndef TESTS_CASES_SEG_H
#define TESTS_CASES_SEG_H

#include "cases.h"

/* Not TCPSTATE_F(): a kernel header knows a TIME_WAIT of its own. */
#define F_(s)	(1u << TCPSTATE_##s)
#define SYNCED	TCPSTATE_F_SYNCHRONIZED
#define BUT_TW	(SYNCED & ~F_(TIME_WAIT))
#define SR	F_(SYN_RECV)
#define REFUSED	255	/* in any way, but not accepted */

enum { SEG_PASSIVE = 1, SEG_SYN_UNACKED = 2 };

struct seg_check_row {
	struct row row;
	u32 states;
	u8 how;
	u8 flags;
	u32 wnd;
	u32 seq;
	u32 len;
	u32 ack;
	u8 verdict;
	u8 reason;
	u8 event;
};

#define A_	TCPSTATE_ACK
#define S_	TCPSTATE_SYN
#define R_	TCPSTATE_RST
#define FI_	TCPSTATE_FIN
/* The three ends of a row. */
#define OK	TCPSTATE_SEG_ACCEPT, TCPSTATE_DROP_NONE, TCPSTATE_EV_COUNT
#define EVENT(e) TCPSTATE_SEG_ACCEPT, TCPSTATE_DROP_NONE, TCPSTATE_EV_##e
#define NO(v, r) TCPSTATE_SEG_##v, TCPSTATE_DROP_##r, TCPSTATE_EV_COUNT
#define R(name, rfc, ...) { { "seg_check__" name, rfc }, __VA_ARGS__ }
#define T34	"RFC 9293 3.4, acceptability"
#define R_5961	"RFC 5961 3.2"
#define S_5961	"RFC 5961 4.2"

static const struct seg_check_row seg_check[] = {
	/*  states, how, flags, window, seq, len, ack, what */
	/* no text, no window */
	R("empty_at_closed_window", T34, SYNCED, 0, A_, 0, 1000, 0, 510, OK),
	R("empty_below_closed_window", T34, SYNCED, 0, A_, 0, 999, 0, 510, NO(ACK, SEQUENCE)),
	R("empty_above_closed_window", T34, SYNCED, 0, A_, 0, 1001, 0, 510, NO(ACK, SEQUENCE)),
	/* no text, a window of 10 */
	R("empty_below_window", T34, SYNCED, 0, A_, 10, 999, 0, 510, NO(ACK, SEQUENCE)),
	R("empty_at_left_edge", T34, SYNCED, 0, A_, 10, 1000, 0, 510, OK),
	R("empty_at_last_octet", T34, SYNCED, 0, A_, 10, 1009, 0, 510, OK),
	R("empty_at_right_edge", T34, SYNCED, 0, A_, 10, 1010, 0, 510, NO(ACK, SEQUENCE)),
	R("empty_far_above", T34, SYNCED, 0, A_, 10, 1000 + 0x7fffffffu, 0, 510,
	  NO(ACK, SEQUENCE)),
	R("empty_far_below", T34, SYNCED, 0, A_, 10, 1000u - 0x7fffffffu, 0, 510,
	  NO(ACK, SEQUENCE)),
	/* text, no window: taken for its ACK (MUST-66), the caller trims */
	R("text_at_closed_window", "RFC 9293 MUST-66", SYNCED, 0, A_, 0, 1000, 5, 510, OK),
	R("text_into_closed_window", T34, SYNCED, 0, A_, 0, 999, 5, 510, NO(ACK, SEQUENCE)),
	R("text_above_closed_window", T34, SYNCED, 0, A_, 0, 1001, 5, 510, NO(ACK, SEQUENCE)),
	/* text, a window of 10: the first or the last octet lies in it */
	R("text_ends_below", T34, SYNCED, 0, A_, 10, 990, 10, 510, NO(ACK, SEQUENCE)),
	R("text_ends_at_left_edge", T34, SYNCED, 0, A_, 10, 990, 11, 510, OK),
	R("text_one_old_one_new", T34, SYNCED, 0, A_, 10, 999, 2, 510, OK),
	R("text_fills_window", T34, SYNCED, 0, A_, 10, 1000, 10, 510, OK),
	R("text_overhangs_right", T34, SYNCED, 0, A_, 10, 1000, 11, 510, OK),
	R("text_last_octet", T34, SYNCED, 0, A_, 10, 1009, 1, 510, OK),
	R("text_from_last_octet_on", T34, SYNCED, 0, A_, 10, 1009, 9, 510, OK),
	R("text_at_right_edge", T34, SYNCED, 0, A_, 10, 1010, 1, 510, NO(ACK, SEQUENCE)),
	R("text_old_to_last_octet", T34, SYNCED, 0, A_, 10, 999, 11, 510, OK),
	R("text_overhangs_both", T34, SYNCED, 0, A_, 10, 999, 12, 510, NO(ACK, SEQUENCE)),
	R("fin_counts_as_an_octet", T34, SYNCED, 0, A_ | FI_, 10, 999, 1, 510, OK),
	R("fin_at_left_edge", T34, SYNCED, 0, A_ | FI_, 10, 1000, 0, 510, OK),
	R("fin_at_last_octet", T34, SYNCED, 0, A_ | FI_, 10, 1009, 0, 510, OK),
	R("fin_at_right_edge", T34, SYNCED, 0, A_ | FI_, 10, 1010, 0, 510, NO(ACK, SEQUENCE)),
	R("fin_again", T34, BUT_TW, 0, A_ | FI_, 10, 999, 0, 510, NO(ACK, SEQUENCE)),
	/* the same edges while the SYN+ACK is not acknowledged */
	R("syn_recv_below_window", T34, SR, 0, A_, 10, 999, 0, 500, NO(ACK, SEQUENCE)),
	R("syn_recv_at_right_edge", T34, SR, 0, A_, 10, 1010, 0, 500, NO(ACK, SEQUENCE)),
	R("syn_recv_at_last_octet", T34, SR, 0, A_, 10, 1009, 0, 500, EVENT(RCV_ACK_OF_SYN)),
	R("syn_recv_closed_window", T34, SR, 0, A_, 0, 1000, 0, 500, EVENT(RCV_ACK_OF_SYN)),
	/* RST */
	R("rst_exact", R_5961, SYNCED | SR, 0, R_, 10, 1000, 0, 0, EVENT(RCV_RST)),
	R("rst_exact_with_ack", R_5961, SYNCED | SR, 0, R_ | A_, 10, 1000, 0, 510, EVENT(RCV_RST)),
	R("rst_exact_bad_ack", R_5961, SYNCED | SR, 0, R_ | A_, 10, 1000, 0, 9999, EVENT(RCV_RST)),
	R("rst_closed_window", "RFC 9293 MUST-66", SYNCED | SR, 0, R_, 0, 1000, 0, 0,
	  EVENT(RCV_RST)),
	R("rst_second_octet", R_5961, SYNCED | SR, 0, R_, 10, 1001, 0, 0,
	  NO(CHALLENGE, RST_SEQUENCE)),
	R("rst_last_octet", R_5961, SYNCED | SR, 0, R_, 10, 1009, 0, 0,
	  NO(CHALLENGE, RST_SEQUENCE)),
	R("rst_above_window", R_5961, SYNCED | SR, 0, R_, 10, 1010, 0, 0, NO(DROP, RST_SEQUENCE)),
	R("rst_below_window", R_5961, SYNCED | SR, 0, R_, 10, 999, 0, 0, NO(DROP, RST_SEQUENCE)),
	R("rst_above_closed_window", R_5961, SYNCED | SR, 0, R_, 0, 1001, 0, 0,
	  NO(DROP, RST_SEQUENCE)),
	R("rst_old_with_new_text", R_5961, SYNCED | SR, 0, R_, 10, 998, 4, 0,
	  NO(DROP, RST_SEQUENCE)),
	R("rst_of_our_syn_again", R_5961, SR, 0, R_ | A_, 10, 999, 0, 500, NO(DROP, RST_SEQUENCE)),
	/* SYN inside a connection */
	R("syn_at_left_edge", S_5961, SYNCED, 0, S_, 10, 1000, 0, 0, NO(CHALLENGE, SYN_IN_CONN)),
	R("syn_in_window", S_5961, BUT_TW, 0, S_, 10, 1005, 0, 0, NO(CHALLENGE, SYN_IN_CONN)),
	R("syn_ack_in_window", S_5961, SYNCED, 0, S_ | A_, 10, 1005, 0, 510,
	  NO(CHALLENGE, SYN_IN_CONN)),
	R("syn_below_window", S_5961, SYNCED, 0, S_, 10, 998, 0, 0, NO(ACK, SEQUENCE)),
	R("syn_again", S_5961, SYNCED, 0, S_, 10, 999, 0, 0, NO(ACK, SEQUENCE)),
	R("syn_above_window", S_5961, BUT_TW, 0, S_, 10, 1010, 0, 0, NO(ACK, SEQUENCE)),
	R("syn_ack_again", S_5961, SYNCED, 0, S_ | A_, 10, 999, 0, 500, NO(ACK, SEQUENCE)),
	/* ACK */
	R("ack_missing", "RFC 9293 3.10.7.4 fifth", SYNCED | SR, 0, 0, 10, 1000, 3, 0,
	  NO(DROP, NO_ACK)),
	R("fin_without_ack", "RFC 9293 3.10.7.4 fifth", SYNCED | SR, 0, FI_, 10, 1000, 0, 0,
	  NO(DROP, NO_ACK)),
	R("ack_of_all", "RFC 9293 3.10.7.4 fifth", SYNCED, 0, A_, 10, 1000, 0, 510, OK),
	R("ack_of_unsent", "RFC 9293 3.10.7.4 fifth", SYNCED, 0, A_, 10, 1000, 0, 511,
	  NO(ACK, ACK_UNSENT)),
	R("ack_duplicate", "RFC 9293 3.10.7.4 fifth", SYNCED, 0, A_, 10, 1000, 0, 500, OK),
	R("ack_old_by_a_window", "RFC 5961 5.2", SYNCED, 0, A_, 10, 1000, 0, 400, OK),
	R("ack_too_old", "RFC 5961 5.2", SYNCED, 0, A_, 10, 1000, 0, 399, NO(CHALLENGE, ACK_OLD)),
	R("ack_half_a_space_away", "RFC 5961 5.2", SYNCED, 0, A_, 10, 1000, 0, 510 + 0x7fffffffu,
	  NO(ACK, ACK_UNSENT)),
	/* SYN_RECV */
	R("syn_recv_ack", "RFC 9293 3.10.7.4 fifth", SR, 0, A_, 10, 1000, 0, 500,
	  EVENT(RCV_ACK_OF_SYN)),
	R("syn_recv_ack_with_text", "RFC 9293 3.10.7.4 fifth", SR, 0, A_, 10, 1000, 4, 500,
	  EVENT(RCV_ACK_OF_SYN)),
	R("syn_recv_ack_below", "RFC 9293 3.10.7.4 fifth", SR, 0, A_, 10, 1000, 0, 499,
	  NO(RST, UNEXPECTED_ACK)),
	R("syn_recv_ack_old", "RFC 9293 3.10.7.4 fifth", SR, 0, A_, 10, 1000, 0, 498,
	  NO(RST, UNEXPECTED_ACK)),
	R("syn_recv_ack_above", "RFC 9293 3.10.7.4 fifth", SR, 0, A_, 10, 1000, 0, 501,
	  NO(RST, UNEXPECTED_ACK)),
	R("syn_recv_syn_again", "RFC 9293 3.8.1", SR, SEG_PASSIVE, S_, 10, 999, 0, 0,
	  NO(SYN_AGAIN, SYN_IN_CONN)),
	R("syn_recv_syn_again_crossed", "RFC 9293 3.8.1", SR, 0, S_, 10, 999, 0, 0,
	  NO(SYN_AGAIN, SYN_IN_CONN)),
	R("syn_recv_older_syn", "RFC 9293 3.10.7.4 first", SR, SEG_PASSIVE, S_, 10, 998, 0, 0,
	  NO(ACK, SEQUENCE)),
	R("syn_recv_syn_above_window", "RFC 9293 3.10.7.4 first", SR, SEG_PASSIVE, S_, 10, 1010, 0,
	  0, NO(ACK, SEQUENCE)),
	R("syn_recv_new_syn_passive", "RFC 9293 3.10.7.4 fourth", SR, SEG_PASSIVE, S_, 10, 1001, 0,
	  0, EVENT(RCV_SYN)),
	R("syn_recv_new_syn_active", "RFC 9293 3.10.7.4 fourth", SR, 0, S_, 10, 1001, 0, 0,
	  NO(CHALLENGE, SYN_IN_CONN)),
	R("syn_recv_simultaneous_open", "RFC 9293 figure 7", SR, 0, S_ | A_, 10, 999, 0, 500,
	  EVENT(RCV_ACK_OF_SYN)),
	R("syn_recv_syn_ack_bad_ack", "RFC 9293 figure 7", SR, 0, S_ | A_, 10, 999, 0, 499,
	  NO(ACK, SEQUENCE)),
	R("syn_recv_syn_ack_passive", "RFC 9293 3.10.7.4 first", SR, SEG_PASSIVE, S_ | A_, 10, 999,
	  0, 500, NO(ACK, SEQUENCE)),
	R("syn_recv_syn_fin_again", "RFC 9293 3.10.7.4 first", SR, SEG_PASSIVE, S_ | FI_, 10, 998,
	  0, 0, NO(ACK, SEQUENCE)),
	/*
	 * close() in SYN_RECV: FIN_WAIT1 whose SYN is not acknowledged yet.  Who does
	 * not acknowledge the SYN speaks of another life; were his FIN taken, CLOSING
	 * would still wait for the ACK of a SYN.
	 */
	R("closed_early_ack", "RFC 9293 3.10.7.4 fifth", F_(FIN_WAIT1), SEG_SYN_UNACKED, A_, 10,
	  1000, 0, 500, EVENT(RCV_ACK_OF_SYN)),
	R("closed_early_ack_below", "RFC 9293 3.10.7.4 fifth", F_(FIN_WAIT1), SEG_SYN_UNACKED, A_,
	  10, 1000, 0, 499, REFUSED, 0, TCPSTATE_EV_COUNT),
	R("closed_early_ack_of_an_older_life", "RFC 9293 3.10.7.4 fifth: SND.UNA < SEG.ACK",
	  F_(FIN_WAIT1), SEG_SYN_UNACKED, A_, 10, 1000, 0, 498, REFUSED, 0, TCPSTATE_EV_COUNT),
	R("closed_early_ack_old_by_a_window", "RFC 9293 3.10.7.4 fifth: SND.UNA < SEG.ACK",
	  F_(FIN_WAIT1), SEG_SYN_UNACKED, A_, 10, 1000, 0, 399, REFUSED, 0, TCPSTATE_EV_COUNT),
	R("closed_early_ack_above", "RFC 9293 3.10.7.4 fifth", F_(FIN_WAIT1), SEG_SYN_UNACKED, A_,
	  10, 1000, 0, 501, REFUSED, 0, TCPSTATE_EV_COUNT),
	/* LISTEN */
	R("listen_syn", "RFC 9293 3.10.7.2 third", F_(LISTEN), 0, S_, 0, 77, 0, 0, EVENT(RCV_SYN)),
	R("listen_syn_with_text", "RFC 9293 3.10.7.2 third", F_(LISTEN), 0, S_, 0, 77, 9, 0,
	  EVENT(RCV_SYN)),
	R("listen_rst", "RFC 9293 3.10.7.2 first", F_(LISTEN), 0, R_, 0, 77, 0, 0,
	  NO(DROP, RST_NO_CONN)),
	R("listen_rst_ack", "RFC 9293 3.10.7.2 first", F_(LISTEN), 0, R_ | A_, 0, 77, 0, 5,
	  NO(DROP, RST_NO_CONN)),
	R("listen_ack", "RFC 9293 3.10.7.2 second", F_(LISTEN), 0, A_, 0, 77, 0, 5,
	  NO(RST, UNEXPECTED_ACK)),
	R("listen_syn_ack", "RFC 9293 3.10.7.2 second", F_(LISTEN), 0, S_ | A_, 0, 77, 0, 5,
	  NO(RST, UNEXPECTED_ACK)),
	R("listen_fin", "RFC 9293 3.10.7.2 fourth", F_(LISTEN), 0, FI_, 0, 77, 0, 0,
	  NO(DROP, NO_SYN)),
	R("listen_nothing", "RFC 9293 3.10.7.2 fourth", F_(LISTEN), 0, 0, 0, 77, 4, 0,
	  NO(DROP, NO_SYN)),
	R("listen_syn_fin", "ours: stricter", F_(LISTEN), 0, S_ | FI_, 0, 77, 0, 0,
	  NO(DROP, SYN_FIN)),
	/* SYN_SENT */
	R("syn_sent_syn_ack", "RFC 9293 3.10.7.3 fourth", F_(SYN_SENT), 0, S_ | A_, 0, 77, 0, 500,
	  EVENT(RCV_SYN_ACK)),
	R("syn_sent_syn", "RFC 9293 3.10.7.3 fourth", F_(SYN_SENT), 0, S_, 0, 77, 0, 0,
	  EVENT(RCV_SYN)),
	R("syn_sent_ack_of_iss", "RFC 9293 3.10.7.3 first", F_(SYN_SENT), 0, S_ | A_, 0, 77, 0, 499,
	  NO(RST, UNEXPECTED_ACK)),
	R("syn_sent_ack_beyond", "RFC 9293 3.10.7.3 first", F_(SYN_SENT), 0, A_, 0, 77, 0, 501,
	  NO(RST, UNEXPECTED_ACK)),
	R("syn_sent_rst_bad_ack", "RFC 9293 3.10.7.3 first", F_(SYN_SENT), 0, R_ | A_, 0, 77, 0,
	  499, NO(DROP, UNEXPECTED_ACK)),
	R("syn_sent_rst_ack_beyond", "RFC 9293 3.10.7.3 first", F_(SYN_SENT), 0, R_ | A_, 0, 77, 0,
	  501, NO(DROP, UNEXPECTED_ACK)),
	R("syn_sent_rst_good_ack", "RFC 9293 3.10.7.3 second", F_(SYN_SENT), 0, R_ | A_, 0, 77, 0,
	  500, EVENT(RCV_RST)),
	R("syn_sent_rst_no_ack", "RFC 9293 3.10.7.3 second", F_(SYN_SENT), 0, R_, 0, 77, 0, 0,
	  NO(DROP, RST_NO_CONN)),
	R("syn_sent_ack_only", "RFC 9293 3.10.7.3 fifth", F_(SYN_SENT), 0, A_, 0, 77, 0, 500,
	  NO(DROP, NO_SYN)),
	R("syn_sent_fin_ack", "RFC 9293 3.10.7.3 fifth", F_(SYN_SENT), 0, FI_ | A_, 0, 77, 0, 500,
	  NO(DROP, NO_SYN)),
	R("syn_sent_nothing", "RFC 9293 3.10.7.3 fifth", F_(SYN_SENT), 0, 0, 0, 77, 3, 0,
	  NO(DROP, NO_SYN)),
	R("syn_sent_syn_fin", "ours: stricter", F_(SYN_SENT), 0, S_ | FI_, 0, 77, 0, 0,
	  NO(DROP, SYN_FIN)),
	R("syn_sent_syn_ack_fin", "ours: stricter", F_(SYN_SENT), 0, S_ | A_ | FI_, 0, 77, 0, 500,
	  NO(DROP, SYN_FIN)),
	/* TIME_WAIT */
	R("time_wait_fin_again", "RFC 9293 3.10.7.4 eighth", F_(TIME_WAIT), 0, FI_ | A_, 10, 999, 0,
	  510, EVENT(RCV_FIN)),
	R("time_wait_text_and_fin_again", "RFC 9293 3.10.7.4 eighth", F_(TIME_WAIT), 0, FI_ | A_,
	  10, 995, 4, 510, EVENT(RCV_FIN)),
	R("time_wait_fin_without_ack", "RFC 9293 3.10.7.4 fifth", F_(TIME_WAIT), 0, FI_, 10, 999, 0,
	  0, NO(ACK, SEQUENCE)),
	R("time_wait_older_fin", "RFC 9293 3.10.7.4 first", F_(TIME_WAIT), 0, FI_ | A_, 10, 998, 0,
	  510, NO(ACK, SEQUENCE)),
	R("time_wait_syn_fin", "RFC 9293 3.10.7.4 first", F_(TIME_WAIT), 0, S_ | FI_ | A_, 10, 998,
	  0, 510, NO(ACK, SEQUENCE)),
	R("time_wait_syn_above", "RFC 9293 MAY-2", F_(TIME_WAIT), 0, S_, 10, 1001, 0, 0,
	  EVENT(RCV_SYN)),
	R("time_wait_syn_above_window", "RFC 9293 MAY-2", F_(TIME_WAIT), 0, S_, 10, 5000, 0, 0,
	  EVENT(RCV_SYN)),
	R("time_wait_syn_farthest", "RFC 9293 MAY-2", F_(TIME_WAIT), 0, S_, 10, 1000 + 0x7fffffffu,
	  0, 0, EVENT(RCV_SYN)),
	R("time_wait_syn_ack_above", "RFC 9293 MAY-2", F_(TIME_WAIT), 0, S_ | A_, 10, 5000, 0, 510,
	  NO(ACK, SEQUENCE)),
	R("time_wait_syn_fin_above", "RFC 9293 MAY-2", F_(TIME_WAIT), 0, S_ | FI_, 10, 5000, 0, 0,
	  NO(ACK, SEQUENCE)),
};

static struct tcpstate_tcb seg_tcb(u32 ours, u32 theirs, u8 state, u8 how, u32 wnd)
{
	bool unacked = how & SEG_SYN_UNACKED ||
		       tcpstate_in(state, TCPSTATE_F(SYN_SENT) | TCPSTATE_F(SYN_RECV));

	return (struct tcpstate_tcb){
		.iss = ours + 499, .snd_una = ours + (unacked ? 499 : 500),
		.snd_nxt = ours + (unacked ? 500 : 510), .write_seq = ours + 520,
		.snd_wnd = 100, .max_wnd = 100, .irs = theirs + 999, .rcv_nxt = theirs + 1000,
		.rcv_adv = theirs + 1000 + wnd, .passive = how & SEG_PASSIVE,
	};
}

static bool seg_check_one(const struct seg_check_row *r, u8 state, u32 ours, u32 theirs)
{
	struct tcpstate_tcb tcb = seg_tcb(ours, theirs, state, r->how, r->wnd);
	struct tcpstate_seg seg = {
		.seq = theirs + r->seq, .ack = r->flags & A_ ? ours + r->ack : 0,
		.len = r->len, .flags = r->flags,
	};
	struct tcpstate_check c = tcpstate_seg_check(&tcb, state, &seg);

	if (r->verdict == REFUSED)
		return c.verdict != TCPSTATE_SEG_ACCEPT && c.event == r->event;
	return c.verdict == r->verdict && c.reason == r->reason && c.event == r->event;
}

static bool seg_check_holds(unsigned int i)
{
	static const u32 shifts[] = {
		0, 0x7fffffffu - 1000, 0x80000000u - 1000, 0xffffffffu - 1000, 0u - 1000,
		0u - 1001, 0u - 1005, 0u - 1009, 0u - 1010, 0u - 499, 0u - 500, 0u - 510,
		0u - 399, 0x80000000u - 500, 0x80000000u - 510,
	};
	unsigned int a, b;
	u8 s;

	for (s = 1; s < TCPSTATE_MAX_STATES; s++)
		for (a = 0; a < ROWS(shifts); a++)
			for (b = 0; b < ROWS(shifts); b++)
				if (tcpstate_in(s, seg_check[i].states) &&
				    !seg_check_one(&seg_check[i], s, shifts[a], shifts[b]))
					return false;
	return true;
}

SUITE(seg_check);

/*
 * Timestamps: TS.Recent is 5000, taken at second 0; each row is run with the
 * peer's clock moved so that its edges fall on 2^31 and on 2^32.
 */
enum { TS_OFFER = 1, TS_OK = 2, TS_BOTH = 3, NO_TS = 4 };

struct seg_tstamp_row {
	struct row row;
	u32 states;
	u8 how;
	u32 when;
	u32 tsval;
	u8 flags;
	u32 seq;
	u32 len;
	u32 ack;
	u8 verdict;
	u8 reason;
	u8 event;
};

#define T(name, rfc, ...) { { "seg_check__tstamp_" name, rfc }, __VA_ARGS__ }
#define R1	"RFC 7323 5.3 R1"
#define R_3_2	"RFC 7323 3.2"
#define R_6191	"RFC 6191 2"
#define TW	F_(TIME_WAIT)
#define DAYS_24	2073600

static const struct seg_tstamp_row seg_tstamp[] = {
	/* states, how, second, value, flags, seq, len, ack, what; the window is 10 */
	T("older", R1, SYNCED, TS_BOTH, 0, 4999, A_, 1000, 3, 510, NO(ACK, PAWS)),
	T("older_empty", R1, SYNCED, TS_BOTH, 0, 4999, A_, 1000, 0, 510, NO(ACK, PAWS)),
	T("older_fin", R1, SYNCED, TS_BOTH, 0, 4999, A_ | FI_, 1000, 0, 510, NO(ACK, PAWS)),
	T("oldest", R1, SYNCED, TS_BOTH, 0, 5000 - 0x7fffffffu, A_, 1000, 3, 510, NO(ACK, PAWS)),
	T("same", R1, SYNCED, TS_BOTH, 0, 5000, A_, 1000, 3, 510, OK),
	T("newer", R1, SYNCED, TS_BOTH, 0, 5001, A_, 1000, 3, 510, OK),
	T("newest", R1, SYNCED, TS_BOTH, 0, 5000 + 0x7fffffffu, A_, 1000, 3, 510, OK),
	T("older_in_handshake", R1, SR, TS_BOTH, 0, 4999, A_, 1000, 0, 500, NO(ACK, PAWS)),
	T("older_and_below_the_window", R1, BUT_TW, TS_BOTH, 0, 4999, A_, 900, 3, 510,
	  NO(ACK, PAWS)),
	T("newer_and_below_the_window", "RFC 7323 5.3 R2", BUT_TW, TS_BOTH, 0, 5001, A_, 900, 3,
	  510, NO(ACK, SEQUENCE)),
	T("older_bad_ack", R1, SYNCED, TS_BOTH, 0, 4999, A_, 1000, 3, 511, NO(ACK, PAWS)),
	T("older_syn", R1, BUT_TW, TS_BOTH, 0, 4999, S_, 1005, 0, 0, NO(ACK, PAWS)),
	T("older_rst", "RFC 7323 5.2", SYNCED | SR, TS_BOTH, 0, 4999, R_, 1000, 0, 0,
	  EVENT(RCV_RST)),
	T("older_rst_with_ack", "RFC 7323 5.2", SYNCED | SR, TS_BOTH, 0, 4999, R_ | A_, 1000, 0,
	  510, EVENT(RCV_RST)),
	/* TS.Recent is valid for 24 days */
	T("older_after_a_while", "RFC 7323 5.5", SYNCED, TS_BOTH, DAYS_24 - 1, 4999, A_, 1000, 3,
	  510, NO(ACK, PAWS)),
	T("older_after_24_days", "RFC 7323 5.5", SYNCED, TS_BOTH, DAYS_24, 4999, A_, 1000, 3, 510,
	  OK),
	/* missing */
	T("missing", R_3_2, SYNCED, TS_BOTH | NO_TS, 0, 0, A_, 1000, 3, 510, NO(DROP, NO_TSTAMP)),
	T("missing_below_the_window", R_3_2, SYNCED, TS_BOTH | NO_TS, 0, 0, A_, 900, 3, 510,
	  NO(DROP, NO_TSTAMP)),
	T("missing_in_handshake", R_3_2, SR, TS_BOTH | NO_TS, 0, 0, A_, 1000, 0, 500,
	  NO(DROP, NO_TSTAMP)),
	T("missing_in_rst", R_3_2, SYNCED | SR, TS_BOTH | NO_TS, 0, 0, R_, 1000, 0, 0,
	  EVENT(RCV_RST)),
	T("missing_in_syn", "RFC 5961 4.2", SYNCED, TS_BOTH | NO_TS, 0, 0, S_, 1000, 0, 0,
	  NO(CHALLENGE, SYN_IN_CONN)),
	T("missing_in_syn_again", "RFC 9293 3.8.1", SR, TS_BOTH | NO_TS, 0, 0, S_, 999, 0, 0,
	  NO(SYN_AGAIN, SYN_IN_CONN)),
	/* not agreed on: not looked at */
	T("missing_unasked", R_3_2, SYNCED, NO_TS, 0, 0, A_, 1000, 3, 510, OK),
	T("older_unasked", R_3_2, SYNCED, TS_OFFER, 0, 4999, A_, 1000, 3, 510, OK),
	/* a SYN in TIME_WAIT */
	T("time_wait_newer", R_6191, TW, TS_BOTH, 0, 5001, S_, 5000, 0, 0, EVENT(RCV_SYN)),
	T("time_wait_newer_below", R_6191, TW, TS_BOTH, 0, 5001, S_, 900, 0, 0, EVENT(RCV_SYN)),
	T("time_wait_newer_in_window", R_6191, TW, TS_BOTH, 0, 5001, S_, 1000, 0, 0,
	  EVENT(RCV_SYN)),
	T("time_wait_same_above", R_6191, TW, TS_BOTH, 0, 5000, S_, 1001, 0, 0, EVENT(RCV_SYN)),
	T("time_wait_same_below", R_6191, TW, TS_BOTH, 0, 5000, S_, 900, 0, 0, NO(ACK, SEQUENCE)),
	T("time_wait_same_at_edge", R_6191, TW, TS_BOTH, 0, 5000, S_, 1000, 0, 0,
	  NO(CHALLENGE, SYN_IN_CONN)),
	T("time_wait_older_above", R_6191, TW, TS_BOTH, 0, 4999, S_, 5000, 0, 0, NO(ACK, PAWS)),
	T("time_wait_none_above", R_6191, TW, TS_BOTH | NO_TS, 0, 0, S_, 1001, 0, 0,
	  EVENT(RCV_SYN)),
	T("time_wait_none_below", R_6191, TW, TS_BOTH | NO_TS, 0, 0, S_, 900, 0, 0,
	  NO(ACK, SEQUENCE)),
	T("time_wait_first_below", R_6191, TW, TS_OFFER, 0, 1, S_, 900, 0, 0, EVENT(RCV_SYN)),
	T("time_wait_unwanted_below", R_6191, TW, 0, 0, 5001, S_, 900, 0, 0, NO(ACK, SEQUENCE)),
	T("time_wait_unwanted_above", R_6191, TW, 0, 0, 5001, S_, 1001, 0, 0, EVENT(RCV_SYN)),
	T("time_wait_fin_again", "RFC 9293 3.10.7.4 eighth", TW, TS_BOTH, 0, 5000, FI_ | A_, 999,
	  0, 510, EVENT(RCV_FIN)),
	T("time_wait_fin_older", R1, TW, TS_BOTH, 0, 4999, FI_ | A_, 999, 0, 510, NO(ACK, PAWS)),
};

/* The peer's clock and ours, moved. */
static void seg_stamp(struct tcpstate_tcb *tcb, struct tcpstate_seg *seg, u8 how, u32 tsval,
		      u32 when, u32 shift)
{
	tcb->ts_offer = how & TS_OFFER;
	tcb->ts_ok = how & TS_OK;
	tcb->ts_recent = 5000 + shift;
	tcb->ts_recent_at = shift;
	seg->when = when + shift;
	seg->opt.has_tstamp = !(how & NO_TS);
	seg->opt.tsval = how & NO_TS ? 0 : tsval + shift;
}

static const u32 seg_clocks[] = {
	0, 0u - 4999, 0u - 5000, 0u - 5001, 0x80000000u - 4999, 0x80000000u - 5000,
	0x80000000u - 5001, 0u - DAYS_24, 0u - DAYS_24 + 1,
};

static bool seg_tstamp_holds(unsigned int i)
{
	const struct seg_tstamp_row *r = &seg_tstamp[i];
	unsigned int k;
	u8 s;

	for (s = 1; s < TCPSTATE_MAX_STATES; s++) {
		for (k = 0; k < ROWS(seg_clocks) && tcpstate_in(s, r->states); k++) {
			struct tcpstate_tcb tcb = seg_tcb(0, 0, s, 0, 10);
			struct tcpstate_seg seg = {
				.seq = r->seq, .ack = r->ack, .len = r->len, .flags = r->flags,
			};
			struct tcpstate_check c;

			seg_stamp(&tcb, &seg, r->how, r->tsval, r->when, seg_clocks[k]);
			c = tcpstate_seg_check(&tcb, s, &seg);
			if (c.verdict != r->verdict || c.reason != r->reason ||
			    c.event != r->event)
				return false;
		}
	}
	return true;
}

SUITE(seg_tstamp);

struct seg_recent_row {
	struct row row;
	u8 how;
	u32 when;
	u32 tsval;
	u32 seq;
	bool taken;
};

#define U(name, ...) { { "seg_updates_tstamp__" name, "RFC 7323 4.3" }, __VA_ARGS__ }

/* Last.ACK.sent is 1000. */
static const struct seg_recent_row seg_recent[] = {
	U("next_segment", TS_BOTH, 0, 5001, 1000, true),
	U("same_value", TS_BOTH, 0, 5000, 1000, true),
	U("older", TS_BOTH, 0, 4999, 1000, false),
	U("older_after_24_days", TS_BOTH, DAYS_24, 4999, 1000, true),
	U("text_again", TS_BOTH, 0, 5001, 990, true),
	U("not_the_first_since_the_ack", TS_BOTH, 0, 5001, 1001, false),
	U("beyond_a_hole", TS_BOTH, 0, 5001, 5000, false),
	U("missing", TS_BOTH | NO_TS, 0, 0, 1000, false),
	U("not_agreed_on", TS_OFFER, 0, 5001, 1000, false),
};

static bool seg_recent_holds(unsigned int i)
{
	const struct seg_recent_row *r = &seg_recent[i];
	unsigned int k;

	for (k = 0; k < ROWS(seg_clocks); k++) {
		struct tcpstate_tcb tcb = {};
		struct tcpstate_seg seg = { .seq = r->seq + seg_clocks[k], .flags = A_ };

		seg_stamp(&tcb, &seg, r->how, r->tsval, r->when, seg_clocks[k]);
		if (tcpstate_seg_updates_tstamp(&tcb, &seg, 1000 + seg_clocks[k]) != r->taken)
			return false;
	}
	return true;
}

SUITE(seg_recent);

struct seg_reply_row {
	struct row row;
	u8 flags;
	u32 seq;
	u32 len;
	u32 ack;
	bool replied;
	u32 rst_seq;
	u32 rst_ack;
	u8 rst_flags;
};

#define RR(name, ...) { { "seg_rst_reply__" name, "RFC 9293 3.10.7.1" }, __VA_ARGS__ }

static const struct seg_reply_row seg_reply[] = {
	RR("ack", A_, 77, 3, 500, true, 500, 0, R_),
	RR("syn_ack", S_ | A_, 77, 0, 500, true, 500, 0, R_),
	RR("syn", S_, 77, 0, 0, true, 0, 78, R_ | A_),
	RR("syn_with_text", S_, 77, 10, 0, true, 0, 88, R_ | A_),
	RR("fin", FI_, 77, 2, 0, true, 0, 80, R_ | A_),
	RR("syn_fin", S_ | FI_, 77, 2, 0, true, 0, 81, R_ | A_),
	RR("text", 0, 77, 2, 0, true, 0, 79, R_ | A_),
	RR("wraps", S_ | FI_, 0xfffffffe, 1, 0, true, 0, 1, R_ | A_),
	RR("ack_zero", A_, 5, 0, 0, true, 0, 0, R_),
	RR("rst", R_, 77, 0, 0, false, 0, 0, 0),
	RR("rst_ack", R_ | A_, 77, 0, 500, false, 0, 0, 0),
	RR("rst_syn", R_ | S_, 77, 0, 0, false, 0, 0, 0),
};

static bool seg_reply_holds(unsigned int i)
{
	const struct seg_reply_row *r = &seg_reply[i];
	struct tcpstate_seg seg = {
		.seq = r->seq, .ack = r->ack, .len = r->len, .flags = r->flags,
	};
	struct tcpstate_reply rst = {};

	return tcpstate_seg_rst_reply(&seg, &rst) == r->replied && rst.seq == r->rst_seq &&
	       rst.ack == r->rst_ack && rst.flags == r->rst_flags;
}

SUITE(seg_reply);

struct seg_window_row {
	struct row row;
	u32 una;
	u32 wl1;
	u32 wl2;
	u32 seq;
	u32 ack;
	bool news;
};

#define W(name, ...) { { "seg_updates_window__" name, "RFC 9293 3.10.7.4 fifth" }, __VA_ARGS__ }

static const struct seg_window_row seg_window[] = {
	W("newer_segment", 500, 1000, 500, 1001, 500, true),
	W("older_segment", 500, 1000, 500, 999, 500, false),
	W("same_segment_newer_ack", 501, 1000, 500, 1000, 501, true),
	W("same_segment_same_ack", 500, 1000, 500, 1000, 500, true),
	W("same_segment_older_ack", 500, 1000, 501, 1000, 500, false),
	W("newer_segment_old_ack", 500, 1000, 500, 1001, 499, false),
	W("newer_segment_across_zero", 500, 0xffffffff, 500, 0, 500, true),
	W("older_segment_across_zero", 500, 0, 500, 0xffffffff, 500, false),
	W("newer_ack_across_zero", 0, 1000, 0xffffffff, 1000, 0, true),
	W("old_ack_across_zero", 0, 1000, 0xffffffff, 1001, 0xffffffff, false),
};

static bool seg_window_holds(unsigned int i)
{
	const struct seg_window_row *r = &seg_window[i];
	struct tcpstate_tcb tcb = { .snd_una = r->una, .snd_wl1 = r->wl1, .snd_wl2 = r->wl2 };
	struct tcpstate_seg seg = { .seq = r->seq, .ack = r->ack, .flags = A_ };

	return tcpstate_seg_updates_window(&tcb, &seg) == r->news;
}

SUITE(seg_window);

/* Every segment around every small window, against the sets of RFC 9293 3.4. */
static bool seg_small_windows(void)
{
	u32 wnd, seq, len, base, i;

	for (base = 0xfffffff0u; base != 0x10; base++) {
		for (wnd = 0; wnd < 5; wnd++) {
			struct tcpstate_tcb tcb = seg_tcb(0, base, TCPSTATE_ESTABLISHED, 0, wnd);

			for (i = 0; i < 14 * 9; i++) {
				struct tcpstate_seg seg = { .flags = A_, .ack = 510 };
				bool first, last, want;

				seq = i / 9;
				len = i % 9;
				seg.seq = tcb.rcv_nxt - 7 + seq;
				seg.len = len;
				first = seq >= 7 && seq < 7 + wnd;
				last = len && seq + len - 1 >= 7 && seq + len - 1 < 7 + wnd;
				want = wnd ? first || last : seq == 7;
				if ((tcpstate_seg_check(&tcb, TCPSTATE_ESTABLISHED, &seg).verdict ==
				     TCPSTATE_SEG_ACCEPT) != want)
					return false;
			}
		}
	}
	return true;
}

/* Whatever comes: a known verdict, an event only with ACCEPT, a reason only without. */
static bool seg_random(void)
{
	u32 seed = 1, n;

	for (n = 0; n < 200000; n++) {
		u8 state = next_random(&seed) % (TCPSTATE_MAX_STATES - 1) + 1;
		struct tcpstate_tcb tcb = seg_tcb(next_random(&seed), next_random(&seed), state,
						  next_random(&seed) & 3, next_random(&seed) % 20);
		struct tcpstate_seg seg = {
			.seq = tcb.rcv_nxt + next_random(&seed) % 40 - 20,
			.ack = tcb.snd_una + next_random(&seed) % 240 - 120,
			.len = next_random(&seed) % 30, .flags = (u8)next_random(&seed),
			.opt = { .has_tstamp = n & 1, .tsval = next_random(&seed) },
		};
		struct tcpstate_check c;
		bool accepted;

		tcb.ts_ok = n & 2;
		tcb.ts_offer = n & 6;
		tcb.ts_recent = next_random(&seed);
		c = tcpstate_seg_check(&tcb, state, &seg);
		accepted = c.verdict == TCPSTATE_SEG_ACCEPT;

		if (c.verdict >= TCPSTATE_SEG_VERDICTS || c.reason >= TCPSTATE_DROP_COUNT ||
		    accepted != (c.reason == TCPSTATE_DROP_NONE) ||
		    (!accepted && c.event != TCPSTATE_EV_COUNT) || c.event > TCPSTATE_EV_COUNT)
			return false;
		/* A RST is never answered with one, nor ever with an ACK below the window. */
		if ((seg.flags & R_) && c.verdict == TCPSTATE_SEG_RST)
			return false;
	}
	return true;
}

static bool seg_names(void)
{
	unsigned int i, k;

	for (i = 0; i < TCPSTATE_DROP_COUNT; i++)
		for (k = 0; k < i; k++)
			if (same_text(tcpstate_seg_drop_name((u8)i), tcpstate_seg_drop_name((u8)k)))
				return false;
	return same_text(tcpstate_seg_drop_name(TCPSTATE_DROP_COUNT), "none") &&
	       same_text(tcpstate_seg_drop_name(255), "none");
}

static bool seg_numbers(void)
{
	struct tcpstate_tcb tcb = { .iss = 0xfffffffe, .snd_una = 0xfffffffe, .write_seq = 1 };

	tcb.snd_nxt = tcb.write_seq;
	return tcpstate_before(0xffffffff, 0) && !tcpstate_before(0, 0xffffffff) &&
	       !tcpstate_before(5, 5) && tcpstate_after(0x7fffffff, 0) &&
	       tcpstate_between(0, 0xfffffff0, 0x10) && tcpstate_between(5, 5, 5) &&
	       !tcpstate_between(0x11, 0xfffffff0, 0x10) && !tcpstate_between(4, 5, 5) &&
	       !tcpstate_syn_acked(&tcb) && !tcpstate_fin_sent(&tcb) &&
	       (tcb.snd_nxt++, tcpstate_fin_sent(&tcb)) && !tcpstate_fin_acked(&tcb) &&
	       (tcb.snd_una = 2, tcpstate_fin_acked(&tcb)) && tcpstate_syn_acked(&tcb);
}

static bool seg_rcv_wnd(void)
{
	struct tcpstate_tcb tcb = { .rcv_nxt = 0xfffffffe, .rcv_adv = 3 };

	return tcpstate_rcv_wnd(&tcb) == 5 &&
	       (tcb.rcv_nxt = 3, !tcpstate_rcv_wnd(&tcb)) &&
	       (tcb.rcv_nxt = 4, !tcpstate_rcv_wnd(&tcb));
}

static const struct {
	struct row row;
	bool (*fn)(void);
} seg_whole[] = {
	{ { "seg_check__every_segment_around_small_windows", T34 }, seg_small_windows },
	{ { "seg_check__random_segments_keep_the_form", "kernel-doc" }, seg_random },
	{ { "seg_drop_name__all_different", "style 3" }, seg_names },
	{ { "tcb__numbers_across_zero", "RFC 9293 3.4" }, seg_numbers },
	{ { "rcv_wnd__across_zero_and_overrun", "RFC 9293 3.3.1" }, seg_rcv_wnd },
};

static bool seg_whole_holds(unsigned int i)
{
	return seg_whole[i].fn();
}

SUITE(seg_whole);

static const struct suite * const seg_suites[] = {
	&seg_check_suite, &seg_tstamp_suite, &seg_recent_suite, &seg_reply_suite,
	&seg_window_suite, &seg_whole_suite,
};

#undef F_
#undef SYNCED
#undef BUT_TW
#undef SR
#undef REFUSED
#undef A_
#undef S_
#undef R_
#undef FI_
#undef OK
#undef EVENT
#undef NO
#undef R
#undef RR
#undef W
#undef T
#undef U
#undef R1
#undef R_3_2
#undef R_6191
#undef TW
#undef DAYS_24
#undef T34
#undef R_5961
#undef S_5961

#endif /* TESTS_CASES_SEG_H */

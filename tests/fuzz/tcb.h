/* SPDX-License-Identifier: GPL-2.0 */
/* Connections and segments out of the fuzzer's octets, and both moved elsewhere. */
#ifndef TESTS_FUZZ_TCB_H
#define TESTS_FUZZ_TCB_H

#include "fuzz.h"

/* A connection whose handshake is over, or with @fresh may not be; anywhere. */
static inline struct tcpstate_tcb take_tcb(struct input *in, bool fresh)
{
	struct tcpstate_tcb tcb = { .iss = take32(in), .irs = take32(in) };
	u8 bits = take8(in);
	u32 wnd = take_size(in, TCPSTATE_MAX_WND);

	tcb.snd_una = tcb.iss + !fresh + (fresh ? 0 : take_size(in, ~0u));
	/* The module moves ISS on when SND.UNA comes by. */
	if (!fresh && tcb.snd_una == tcb.iss)
		tcb.iss--;
	tcb.snd_nxt = tcb.snd_una + (fresh ? 1 : take_size(in, TCPSTATE_MAX_WND));
	tcb.max_wnd = take_size(in, TCPSTATE_MAX_WND);
	tcb.snd_wnd = take_size(in, tcb.max_wnd);
	tcb.write_seq = tcb.snd_nxt + take_size(in, TCPSTATE_MAX_WND) - (bits & 1);
	tcb.rcv_nxt = tcb.irs + 1 + (fresh ? 0 : take_size(in, ~0u));
	/* A FIN may stand one behind the window that was offered. */
	tcb.rcv_adv = tcb.rcv_nxt + wnd - (!wnd && bits & 2 ? 1 : 0);
	tcb.snd_wl1 = tcb.rcv_nxt - take_size(in, TCPSTATE_MAX_WND);
	tcb.snd_wl2 = tcb.snd_una - take_size(in, TCPSTATE_MAX_WND);
	tcb.passive = bits & 4;
	tcb.ts_offer = bits & 8;
	tcb.ts_ok = (bits & 24) == 24;
	tcb.ts_recent = take32(in);
	tcb.ts_recent_at = take_size(in, ~0u);
	tcb.snd_mss = 1460;
	tcb.rcv_mss = 1460;
	tcb.peer_mss = 1460;
	return tcb;
}

/* A segment whose numbers lie where the checks have their edges. */
static inline struct tcpstate_seg take_seg(struct input *in, const struct tcpstate_tcb *tcb)
{
	const u32 seq[] = { tcb->rcv_nxt, tcb->rcv_adv, tcb->irs, tcb->rcv_nxt + 0x80000000u };
	const u32 ack[] = { tcb->snd_una, tcb->snd_nxt, tcb->iss, tcb->snd_una - tcb->max_wnd,
			    tcb->snd_nxt + 0x80000000u };
	const u32 tsval[] = { tcb->ts_recent, tcb->ts_recent + 0x80000000u };
	struct tcpstate_seg seg = {};
	u8 bits = take8(in);

	/* The likely flags are many, the others few. */
	seg.flags = bits & 0x80 ? take8(in) : TCPSTATE_ACK | (bits & TCPSTATE_FIN);
	seg.len = take_size(in, 65495);
	seg.seq = take_near(in, seq, COUNT(seq));
	/* The last octet at the edge, not the first. */
	if (bits & 0x40)
		seg.seq -= seg.len;
	seg.ack = take_near(in, ack, COUNT(ack));
	seg.wnd = take16(in);
	seg.up = take_size(in, 65535);
	seg.when = tcb->ts_recent_at + take_size(in, ~0u);
	seg.opt.has_tstamp = bits & 0x20;
	if (seg.opt.has_tstamp) {
		seg.opt.tsval = take_near(in, tsval, COUNT(tsval));
		seg.opt.tsecr = take32(in);
	}
	return seg;
}

/* How far everything is moved: what a connection is about does not change. */
struct move {
	u32 snd, rcv, ts;
};

static inline struct tcpstate_tcb moved_tcb(struct tcpstate_tcb tcb, const struct move *by)
{
	tcb.iss += by->snd;
	tcb.snd_una += by->snd;
	tcb.snd_nxt += by->snd;
	tcb.snd_wl2 += by->snd;
	tcb.write_seq += by->snd;
	tcb.snd_up += by->snd;
	tcb.irs += by->rcv;
	tcb.rcv_nxt += by->rcv;
	tcb.rcv_adv += by->rcv;
	tcb.rcv_up += by->rcv;
	tcb.snd_wl1 += by->rcv;
	tcb.ts_recent += by->ts;
	return tcb;
}

static inline struct tcpstate_seg moved_seg(struct tcpstate_seg seg, const struct move *by)
{
	seg.seq += by->rcv;
	seg.ack += by->snd;
	seg.opt.tsval += by->ts;
	return seg;
}

static inline struct move take_move(struct input *in)
{
	return (struct move){ take32(in), take32(in), take32(in) };
}

#endif /* TESTS_FUZZ_TCB_H */

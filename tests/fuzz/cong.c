// SPDX-License-Identifier: GPL-2.0
/*
 * Congestion control under any row of ACKs, duplicates, timeouts and segment
 * sizes: the window never falls below a segment, nothing overflows, and no
 * more counts as being on the way than was sent.
 */
#include "fuzz.h"
#include "tcpstate_cong.h"

/* cwnd stops growing there; a step beyond it is possible. */
#define LARGEST	0x40000000u

/* The sender as far as congestion control sees it. */
struct sender {
	struct tcpstate_cong cong;
	u32 una, nxt;
};

static u32 take_mss(struct input *in)
{
	return TCPSTATE_MIN_MSS + take_size(in, 65535 - TCPSTATE_MIN_MSS);
}

static void check(const struct sender *s)
{
	u32 flight = tcpstate_cong_flight(&s->cong, s->una, s->nxt);

	must(s->cong.phase == TCPSTATE_PHASE_OPEN || s->cong.phase == TCPSTATE_PHASE_DISORDER ||
	     s->cong.phase == TCPSTATE_PHASE_CWR ||
	     s->cong.phase == TCPSTATE_PHASE_RECOVERY || s->cong.phase == TCPSTATE_PHASE_LOSS);
	/* Less than a segment could never be sent: RFC 5681 3.1, the loss window. */
	must(s->cong.cwnd >= s->cong.mss);
	must(s->cong.cwnd <= LARGEST + 5 * 65535);
	must(s->cong.ssthresh >= 2 * s->cong.mss);
	/* RFC 3465 2.1: what is counted towards a step is less than a window. */
	must(!s->cong.acked || s->cong.acked < s->cong.cwnd);
	must(flight <= s->nxt - s->una);
	must(s->cong.dup_threshold >= 3);
	if (s->cong.phase != TCPSTATE_PHASE_LOSS)
		must(flight == s->nxt - s->una);
}

/* New text goes, or after a timeout old text again, as push does it. */
static void transmit(struct sender *s, u32 len)
{
	struct tcpstate_cong *cong = &s->cong;

	if (cong->phase == TCPSTATE_PHASE_LOSS && tcpstate_before(cong->rtx_nxt, cong->recover)) {
		u32 left = cong->recover - cong->rtx_nxt;

		cong->rtx_nxt += len < left ? len : left;
	} else if (s->nxt - s->una + len <= TCPSTATE_MAX_WND) {
		s->nxt += len;
	}
}

static void acked(struct sender *s, struct input *in)
{
	const struct tcpstate_cong old = s->cong;
	u32 bytes = take_size(in, s->nxt - s->una);
	bool limited = take8(in) & 1;
	u8 todo;

	if (!bytes)
		return;
	s->una += bytes;
	todo = tcpstate_cong_new_ack(&s->cong, s->una, s->nxt, bytes, limited);
	must(!s->cong.dupacks);
	/*
	 * Not more than was acknowledged; after a timeout not more than two segments for
	 * an ACK (RFC 3465 2.3); recovery ends at ssthresh.
	 */
	if (old.phase == TCPSTATE_PHASE_RECOVERY && s->cong.phase == TCPSTATE_PHASE_OPEN)
		must(s->cong.cwnd <= s->cong.ssthresh || s->cong.cwnd == s->cong.mss);
	else if (old.phase < TCPSTATE_PHASE_RECOVERY && bytes > 2 * s->cong.mss)
		must(s->cong.cwnd <= old.cwnd + bytes);
	else
		must(s->cong.cwnd <= old.cwnd + 2 * s->cong.mss);
	if (old.phase == TCPSTATE_PHASE_RECOVERY && tcpstate_before(s->una, old.recover))
		must(todo == TCPSTATE_CONG_RETRANSMIT && s->cong.phase == old.phase);
	else
		must(todo == TCPSTATE_CONG_NOTHING);
	/* RFC 7661: who was not held back by cwnd does not get more of it. */
	if (!limited && old.phase < TCPSTATE_PHASE_RECOVERY)
		must(s->cong.cwnd == old.cwnd);
	if (s->una == s->nxt)
		must(s->cong.phase == TCPSTATE_PHASE_OPEN);
}

static void duplicate(struct sender *s)
{
	const struct tcpstate_cong old = s->cong;
	u8 todo;

	if (s->una == s->nxt)
		return;
	todo = tcpstate_cong_dupack(&s->cong, s->una, s->nxt);
	must((todo == TCPSTATE_CONG_RETRANSMIT) ==
	     (s->cong.phase == TCPSTATE_PHASE_RECOVERY && old.phase != s->cong.phase));
	if (todo == TCPSTATE_CONG_RETRANSMIT)
		must(s->cong.dupacks >= 3 && s->cong.recover == s->nxt);
}

/* An ACK of some octets has shown that nothing was lost. */
static void undo(struct sender *s, struct input *in)
{
	const struct tcpstate_cong old = s->cong;
	u32 bytes = take_size(in, s->nxt - s->una);

	if (!tcpstate_cong_undo(&s->cong, s->nxt - s->una - bytes)) {
		must(s->cong.cwnd == old.cwnd && s->cong.phase == old.phase);
		return;
	}
	/* Never more than there was, and RFC 4015 3.2: no burst. */
	must(old.phase == TCPSTATE_PHASE_RECOVERY || old.phase == TCPSTATE_PHASE_LOSS);
	must(s->cong.phase == TCPSTATE_PHASE_OPEN && s->cong.ssthresh >= old.ssthresh);
	must(s->cong.cwnd <= old.prior_cwnd || s->cong.cwnd == s->cong.mss);
	must(!tcpstate_cong_undo(&s->cong, 0));
	if (bytes) {
		s->una += bytes;
		tcpstate_cong_new_ack(&s->cong, s->una, s->nxt, bytes, false);
		must(s->cong.cwnd <= old.prior_cwnd || s->cong.cwnd == s->cong.mss);
	}
}

static void refused(struct sender *s)
{
	const struct tcpstate_cong old = s->cong;

	tcpstate_cong_refused(&s->cong, s->una, s->nxt);
	must(s->cong.cwnd <= old.cwnd);
	tcpstate_cong_refused(&s->cong, s->una, s->nxt);
	must(s->cong.cwnd == old.cwnd || s->cong.phase == TCPSTATE_PHASE_CWR);
}

static void timeout(struct sender *s)
{
	if (s->una == s->nxt)
		return;
	tcpstate_cong_timeout(&s->cong, s->una, s->nxt);
	must(s->cong.cwnd == s->cong.mss && !tcpstate_cong_flight(&s->cong, s->una, s->nxt));
}

int fuzz_one(const u8 *data, size_t len)
{
	struct input in = { data, len };
	struct sender s = { .una = take32(&in) };

	s.nxt = s.una;
	tcpstate_cong_init(&s.cong, &tcpstate_reno, take_mss(&in), s.una);
	check(&s);
	while (in.left) {
		switch (take8(&in) % 12) {
		case 0:
		case 1:
			transmit(&s, take_size(&in, TCPSTATE_MAX_WND));
			break;
		case 2:
		case 3:
			acked(&s, &in);
			break;
		case 4:
			duplicate(&s);
			break;
		case 5:
			timeout(&s);
			break;
		case 6:
			/* Only a way that has become narrower asks for it. */
			tcpstate_cong_set_mss(&s.cong, s.cong.mss -
					      take_below(&in, s.cong.mss - TCPSTATE_MIN_MSS));
			if (s.una != s.nxt)
				tcpstate_cong_resend(&s.cong, s.una, s.nxt);
			break;
		case 7:
			tcpstate_cong_set_mss(&s.cong, take_mss(&in));
			break;
		case 8:
			if (s.una == s.nxt)
				tcpstate_cong_idle(&s.cong);
			break;
		case 9:
			undo(&s, &in);
			break;
		case 10:
			refused(&s);
			break;
		case 11:
			tcpstate_cong_confirm(&s.cong);
			break;
		}
		check(&s);
	}
	return 0;
}

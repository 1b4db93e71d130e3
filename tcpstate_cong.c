// SPDX-License-Identifier: GPL-2.0
/*
 * Loss recovery without SACK (RFC 5681 3.2, RFC 6582 NewReno, RFC 3042) around
 * a congestion control algorithm, and the way back where nothing was lost (RFC 4015).
 * Pure: works on numbers, sends nothing.
 */
#include "tcpstate_cong.h"
#include "tcpstate_tcb.h"

#define DUP_THRESHOLD	3
#define DUP_MOST	250	/* below what dupacks counts to; in-tree 300 */
/* Nothing above this is ever reached by the 2^30 window; keeps sums in 32 bits. */
#define CWND_MAX	0x40000000u

/* RFC 6928 */
static u32 initial_window(u32 mss)
{
	u32 floor = 2 * mss > 14600 ? 2 * mss : 14600;

	return 10 * mss < floor ? 10 * mss : floor;
}

/**
 * tcpstate_cong_init() - at the start of a connection
 * @cong: the state
 * @ops: algorithm
 * @mss: sender's maximum segment size, octets
 * @iss: initial send sequence number
 *
 * Context: any.
 * Source: RFC 5681 3.1, RFC 6928, RFC 6582 3.2.
 */
void tcpstate_cong_init(struct tcpstate_cong *cong, const struct tcpstate_cong_ops *ops,
			u32 mss, u32 iss)
{
	*cong = (struct tcpstate_cong){
		.ops = ops,
		.mss = mss,
		.cwnd = initial_window(mss),
		.ssthresh = TCPSTATE_SSTHRESH_INFINITE,
		.recover = iss - 1,	/* the first flight may be recovered fast too */
		.rtx_nxt = iss,
		.dup_threshold = DUP_THRESHOLD,
	};
}

/**
 * tcpstate_cong_set_mss() - the segment size became known or changed
 * @cong: the state
 * @mss: octets
 *
 * Context: any.
 * Source: RFC 5681 3.1: cwnd is a segment at least, ssthresh two (equation 4).
 */
void tcpstate_cong_set_mss(struct tcpstate_cong *cong, u32 mss)
{
	if (cong->ssthresh == TCPSTATE_SSTHRESH_INFINITE && cong->cwnd == initial_window(cong->mss))
		cong->cwnd = initial_window(mss);
	cong->mss = mss;
	if (cong->cwnd < mss)
		cong->cwnd = mss;
	/* Recovery ends there, and must leave room for a segment of the new size. */
	if (cong->ssthresh < 2 * mss)
		cong->ssthresh = 2 * mss;
}

/**
 * tcpstate_cong_syn_lost() - the handshake needed a retransmission
 * @cong: the state, the segment size known
 *
 * Context: any.
 * Source: RFC 5681 3.1: then the initial window is one segment.
 */
void tcpstate_cong_syn_lost(struct tcpstate_cong *cong)
{
	cong->cwnd = cong->mss;
}

/**
 * tcpstate_cong_flight() - octets that count as being on the way
 * @cong: the state
 * @snd_una: oldest unacknowledged
 * @snd_nxt: next never sent
 *
 * After a timeout everything counts as lost until it is sent again.
 *
 * Context: any.
 * Return: octets.
 */
u32 tcpstate_cong_flight(const struct tcpstate_cong *cong, u32 snd_una, u32 snd_nxt)
{
	if (cong->phase != TCPSTATE_PHASE_LOSS || !tcpstate_before(cong->rtx_nxt, cong->recover))
		return snd_nxt - snd_una;
	return tcpstate_after(cong->rtx_nxt, snd_una) ? cong->rtx_nxt - snd_una : 0;
}

/* On a way that reorders more are waited for, but no more than what is on it can make. */
static u32 threshold(const struct tcpstate_cong *cong, u32 flight)
{
	u32 most = flight / cong->mss;

	if (most <= DUP_THRESHOLD || cong->dup_threshold == DUP_THRESHOLD)
		return DUP_THRESHOLD;
	return cong->dup_threshold < most ? cong->dup_threshold : most - 1;
}

/* Half of what was on the way, and how it was before. */
static void cut(struct tcpstate_cong *cong, u32 flight)
{
	cong->prior_cwnd = cong->cwnd;
	cong->prior_ssthresh = cong->ssthresh;
	cong->ssthresh = cong->ops->ssthresh(cong, flight);
}

/**
 * tcpstate_cong_dupack() - a duplicate ACK by the definition of RFC 5681 2
 * @cong: the state
 * @snd_una: oldest unacknowledged
 * @snd_nxt: next never sent
 *
 * Context: any.
 * Return: enum tcpstate_cong_todo.
 * Source: RFC 5681 3.2, RFC 6582 3.2 steps 1, 2 and 4.
 */
u8 tcpstate_cong_dupack(struct tcpstate_cong *cong, u32 snd_una, u32 snd_nxt)
{
	if (!cong->dupacks)
		cong->dup_nxt = snd_nxt;
	if (cong->dupacks < 255)
		cong->dupacks++;
	if (cong->phase == TCPSTATE_PHASE_LOSS)
		return TCPSTATE_CONG_NOTHING;
	if (cong->phase == TCPSTATE_PHASE_RECOVERY) {
		if (cong->cwnd < CWND_MAX)
			cong->cwnd += cong->mss;
		return TCPSTATE_CONG_NOTHING;
	}
	/* What they have let out themselves (RFC 3042) is no measure of the path. */
	if (cong->dupacks < threshold(cong, cong->dup_nxt - snd_una)) {
		if (cong->phase == TCPSTATE_PHASE_OPEN)
			cong->phase = TCPSTATE_PHASE_DISORDER;
		return TCPSTATE_CONG_NOTHING;
	}
	if (cong->phase == TCPSTATE_PHASE_CWR) {
		/* The windows were cut for this text, and not for this. */
		cong->prior_cwnd = 0;
	} else {
		/* Those that follow a timeout's own retransmissions mean nothing. */
		if (!tcpstate_after(snd_una - 1, cong->recover))
			return TCPSTATE_CONG_NOTHING;
		cut(cong, cong->dup_nxt - snd_una);
	}
	/* What the duplicates tell of has left the network. */
	cong->cwnd = cong->ssthresh + cong->dupacks * cong->mss;
	cong->acked = 0;
	cong->partial = false;
	cong->recover = snd_nxt;
	cong->phase = TCPSTATE_PHASE_RECOVERY;
	return TCPSTATE_CONG_RETRANSMIT;
}

/* A partial ACK: the next hole is known, deflate by what left the network. */
static u8 partial_ack(struct tcpstate_cong *cong, u32 bytes)
{
	cong->partial = true;
	cong->cwnd = cong->cwnd > bytes ? cong->cwnd - bytes : 0;
	if (bytes >= cong->mss || cong->cwnd < cong->mss)
		cong->cwnd += cong->mss;
	return TCPSTATE_CONG_RETRANSMIT;
}

/**
 * tcpstate_cong_new_ack() - SND.UNA has moved
 * @cong: the state
 * @snd_una: its new value
 * @snd_nxt: next never sent
 * @bytes: by how much it moved
 * @limited: the sender was held back by cwnd (RFC 7661: else do not grow)
 *
 * Context: any.
 * Return: enum tcpstate_cong_todo.
 * Source: RFC 5681 3.1, RFC 6582 3.2 step 3.
 */
u8 tcpstate_cong_new_ack(struct tcpstate_cong *cong, u32 snd_una, u32 snd_nxt,
			 u32 bytes, bool limited)
{
	u32 flight = snd_nxt - snd_una;

	cong->dupacks = 0;
	if (tcpstate_before(cong->rtx_nxt, snd_una))
		cong->rtx_nxt = snd_una;
	if (cong->phase == TCPSTATE_PHASE_RECOVERY) {
		if (tcpstate_before(snd_una, cong->recover))
			return partial_ack(cong, bytes);
		/* RFC 6582 3.2 step 3, the choice that sends no burst. */
		if (flight < cong->mss)
			flight = cong->mss;
		cong->cwnd = flight + cong->mss < cong->ssthresh ?
			flight + cong->mss : cong->ssthresh;
		cong->phase = TCPSTATE_PHASE_OPEN;
		return TCPSTATE_CONG_NOTHING;
	}
	if (cong->phase == TCPSTATE_PHASE_CWR && tcpstate_before(snd_una, cong->recover))
		return TCPSTATE_CONG_NOTHING;
	if (cong->phase == TCPSTATE_PHASE_LOSS) {
		if (!tcpstate_before(snd_una, cong->recover))
			cong->phase = TCPSTATE_PHASE_OPEN;
		/* Most of it may have come before the timeout (RFC 3465 2.3). */
		if (bytes > 2 * cong->mss)
			bytes = 2 * cong->mss;
		limited = true;
	} else {
		cong->phase = TCPSTATE_PHASE_OPEN;
		/* Keep recover behind SND.UNA, so that it never wraps past it. */
		cong->recover = snd_una - 2;
	}
	if (limited && cong->cwnd < CWND_MAX)
		cong->ops->acked(cong, bytes);
	if (cong->cwnd > CWND_MAX)
		cong->cwnd = CWND_MAX;
	return TCPSTATE_CONG_NOTHING;
}

/**
 * tcpstate_cong_undo() - what a timeout or duplicates made us send again was not lost
 * @cong: the state
 * @flight: octets on the way, behind the ACK that shows it
 *
 * To be called ahead of tcpstate_cong_new_ack() for that ACK, which is not to grow the
 * window then.  Without a burst: what is on the way and an initial window may be there,
 * and slow start goes on to where it was.
 * Duplicates that came for a late segment raise the number of those that mean a loss.
 *
 * Context: any.
 * Return: false: there is nothing to undo.
 * Source: RFC 4015 3.2; the threshold as in-tree.
 */
bool tcpstate_cong_undo(struct tcpstate_cong *cong, u32 flight)
{
	u32 cwnd = flight + initial_window(cong->mss);

	if (!cong->prior_cwnd || cong->phase < TCPSTATE_PHASE_RECOVERY)
		return false;
	if (cong->phase == TCPSTATE_PHASE_RECOVERY && cong->dupacks >= cong->dup_threshold)
		cong->dup_threshold = cong->dupacks < DUP_MOST ? cong->dupacks + 1 : DUP_MOST;
	cong->cwnd = cong->prior_cwnd < cwnd ? cong->prior_cwnd : cwnd;
	if (cong->cwnd < cong->mss)
		cong->cwnd = cong->mss;
	if (cong->ssthresh < cong->prior_cwnd)
		cong->ssthresh = cong->prior_cwnd;
	if (cong->ssthresh < cong->prior_ssthresh)
		cong->ssthresh = cong->prior_ssthresh;
	cong->acked = 0;
	cong->prior_cwnd = 0;
	cong->phase = TCPSTATE_PHASE_OPEN;
	return true;
}

/**
 * tcpstate_cong_confirm() - it was lost: the cut stands
 * @cong: the state
 *
 * Whatever an ACK after a later timeout shows.
 *
 * Context: any.
 */
void tcpstate_cong_confirm(struct tcpstate_cong *cong)
{
	cong->prior_cwnd = 0;
}

/**
 * tcpstate_cong_refused() - a queue of this host has no room for a segment
 * @cong: the state
 * @snd_una: oldest unacknowledged
 * @snd_nxt: next never sent, the refused segment's number
 *
 * A sign of congestion before anything is lost: the windows are cut, once for what is on
 * the way, and nothing has to be sent again.
 *
 * Context: any.
 * Source: in-tree tcp_enter_cwr(), which halves cwnd: in the middle of a burst what is on
 * the way is less.
 */
void tcpstate_cong_refused(struct tcpstate_cong *cong, u32 snd_una, u32 snd_nxt)
{
	if (cong->phase > TCPSTATE_PHASE_DISORDER || !tcpstate_after(snd_una - 1, cong->recover))
		return;
	cut(cong, cong->cwnd);
	cong->prior_cwnd = 0;
	if (cong->cwnd > cong->ssthresh)
		cong->cwnd = cong->ssthresh;
	cong->acked = 0;
	cong->recover = snd_nxt;
	cong->phase = TCPSTATE_PHASE_CWR;
}

/**
 * tcpstate_cong_timeout() - the retransmission timer fired
 * @cong: the state
 * @snd_una: oldest unacknowledged
 * @snd_nxt: next never sent
 *
 * Context: any.
 * Source: RFC 5681 3.1 equation 4 and loss window, RFC 6582 3.2 step 4.
 */
void tcpstate_cong_timeout(struct tcpstate_cong *cong, u32 snd_una, u32 snd_nxt)
{
	/* A second timeout of the same data does not cut again. */
	if (cong->phase != TCPSTATE_PHASE_LOSS || cong->resend ||
	    tcpstate_before(cong->recover, snd_una))
		cut(cong, (cong->phase == TCPSTATE_PHASE_DISORDER ? cong->dup_nxt : snd_nxt) -
			  snd_una);
	/* What duplicates have inflated is not the window. */
	if (cong->phase == TCPSTATE_PHASE_RECOVERY)
		cong->prior_cwnd = 0;
	/* As many duplicates were waited for in vain. */
	if (cong->dupacks >= DUP_THRESHOLD)
		cong->dup_threshold = DUP_THRESHOLD;
	cong->resend = false;
	cong->cwnd = cong->mss;
	cong->acked = 0;
	cong->dupacks = 0;
	cong->recover = snd_nxt;
	cong->rtx_nxt = snd_una;
	cong->phase = TCPSTATE_PHASE_LOSS;
}

/**
 * tcpstate_cong_resend() - what is on the way was too large for the path
 * @cong: the state, the new segment size set
 * @snd_una: oldest unacknowledged
 * @snd_nxt: next never sent
 *
 * Everything goes again, cut anew, as after a timeout; but the windows stay:
 * this is no sign of congestion.
 *
 * Context: any.
 * Source: RFC 1191 6.4.
 */
void tcpstate_cong_resend(struct tcpstate_cong *cong, u32 snd_una, u32 snd_nxt)
{
	/* What duplicates have inflated is not the window. */
	if (cong->phase == TCPSTATE_PHASE_RECOVERY && cong->cwnd > cong->ssthresh)
		cong->cwnd = cong->ssthresh;
	/* After a timeout or in recovery the windows were cut for this text. */
	if (cong->phase != TCPSTATE_PHASE_LOSS)
		cong->resend = cong->phase != TCPSTATE_PHASE_RECOVERY;
	cong->prior_cwnd = 0;
	cong->dupacks = 0;
	cong->recover = snd_nxt;
	cong->rtx_nxt = snd_una;
	cong->phase = TCPSTATE_PHASE_LOSS;
}

/**
 * tcpstate_cong_idle() - nothing was sent for longer than a timeout
 * @cong: the state
 *
 * Context: any.
 * Source: RFC 5681 4.1: restart with no more than the initial window.
 */
void tcpstate_cong_idle(struct tcpstate_cong *cong)
{
	u32 restart = initial_window(cong->mss);

	if (cong->cwnd <= restart)
		return;
	cong->cwnd = restart;
	cong->acked = 0;
}

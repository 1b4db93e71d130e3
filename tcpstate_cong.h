/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Congestion control and loss recovery: their own state, apart from the
 * socket, and the ops that an algorithm offers.  Layer 0.
 */
#ifndef TCPSTATE_CONG_H
#define TCPSTATE_CONG_H

#include <linux/types.h>

struct tcpstate_cong;

/**
 * struct tcpstate_cong_ops - one algorithm
 * @name: as in TCP_CONGESTION, at most 15 characters
 * @acked: @bytes of new data were acknowledged outside of recovery
 * @ssthresh: the threshold after a loss with @flight octets outstanding
 */
struct tcpstate_cong_ops {
	const char *name;
	void (*acked)(struct tcpstate_cong *cong, u32 bytes);
	u32 (*ssthresh)(const struct tcpstate_cong *cong, u32 flight);
};

/* No loss yet; the in-tree number.  Beyond every window. */
#define TCPSTATE_SSTHRESH_INFINITE	0x7fffffffu

/* The numbers are the in-tree TCP_CA_*, as tcp_info shows them. */
enum tcpstate_phase {
	TCPSTATE_PHASE_OPEN = 0,
	TCPSTATE_PHASE_DISORDER = 1,
	TCPSTATE_PHASE_CWR = 2,
	TCPSTATE_PHASE_RECOVERY = 3,
	TCPSTATE_PHASE_LOSS = 4
};

/**
 * struct tcpstate_cong - windows and recovery of one connection, in octets
 * @ops: algorithm
 * @mss: sender's maximum segment size
 * @cwnd: congestion window
 * @ssthresh: slow start threshold
 * @acked: octets acknowledged towards the next step of congestion avoidance
 * @recover: SND.NXT when the loss was found (RFC 6582)
 * @rtx_nxt: next number that a timeout's go-back sends again
 * @prior_cwnd: @cwnd before the last cut, while that may still be undone; else 0
 * @prior_ssthresh: @ssthresh before it
 * @dup_nxt: SND.NXT when the first of the present duplicate ACKs came
 * @dupacks: duplicate ACKs in a row
 * @dup_threshold: as many of them say that a segment is lost, and not late
 * @phase: enum tcpstate_phase
 * @partial: an ACK in this recovery has shown another hole
 * @resend: the phase is LOSS, but nothing was lost to congestion: the windows
 *	were not cut
 */
struct tcpstate_cong {
	const struct tcpstate_cong_ops *ops;
	u32 mss;
	u32 cwnd;
	u32 ssthresh;
	u32 acked;
	u32 recover;
	u32 rtx_nxt;
	u32 prior_cwnd;
	u32 prior_ssthresh;
	u32 dup_nxt;
	u8 dupacks;
	u8 dup_threshold;
	u8 phase;
	bool partial;
	bool resend;
};

/* What the sender has to do after an ACK. */
enum tcpstate_cong_todo {
	TCPSTATE_CONG_NOTHING,
	TCPSTATE_CONG_RETRANSMIT	/* send the segment at SND.UNA again */
};

extern const struct tcpstate_cong_ops tcpstate_reno;

void tcpstate_cong_init(struct tcpstate_cong *cong, const struct tcpstate_cong_ops *ops,
			u32 mss, u32 iss);
void tcpstate_cong_set_mss(struct tcpstate_cong *cong, u32 mss);
u8 tcpstate_cong_dupack(struct tcpstate_cong *cong, u32 snd_una, u32 snd_nxt);
u8 tcpstate_cong_new_ack(struct tcpstate_cong *cong, u32 snd_una, u32 snd_nxt,
			 u32 bytes, bool limited);
bool tcpstate_cong_undo(struct tcpstate_cong *cong, u32 flight);
void tcpstate_cong_confirm(struct tcpstate_cong *cong);
void tcpstate_cong_refused(struct tcpstate_cong *cong, u32 snd_una, u32 snd_nxt);
void tcpstate_cong_timeout(struct tcpstate_cong *cong, u32 snd_una, u32 snd_nxt);
void tcpstate_cong_resend(struct tcpstate_cong *cong, u32 snd_una, u32 snd_nxt);
void tcpstate_cong_syn_lost(struct tcpstate_cong *cong);
void tcpstate_cong_idle(struct tcpstate_cong *cong);
u32 tcpstate_cong_flight(const struct tcpstate_cong *cong, u32 snd_una, u32 snd_nxt);

#endif /* TCPSTATE_CONG_H */

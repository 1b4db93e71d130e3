/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The transmission control block in the names of RFC 9293 3.3.1, a parsed
 * segment, sequence arithmetic, and the pure functions over them.  Layer 0.
 */
#ifndef TCPSTATE_TCB_H
#define TCPSTATE_TCB_H

#include <linux/types.h>

/* Sequence numbers meet only through these (RFC 9293 3.4). */
static inline bool tcpstate_before(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

static inline bool tcpstate_after(u32 a, u32 b)
{
	return tcpstate_before(b, a);
}

/* low <= seq <= high, going upward from low. */
static inline bool tcpstate_between(u32 seq, u32 low, u32 high)
{
	return high - low >= seq - low;
}

/* Larger windows than this cannot be told apart from old numbers (RFC 7323 2.3). */
#define TCPSTATE_MAX_WND	(65535u << 14)
#define TCPSTATE_MAX_WSCALE	14
#define TCPSTATE_HDR_LEN	20
#define TCPSTATE_MAX_OPT_LEN	40
/* What a peer that sends no MSS option takes (RFC 9293 3.7.1, MUST-15). */
#define TCPSTATE_DEFAULT_MSS_V4	536
#define TCPSTATE_DEFAULT_MSS_V6	1220
/* What TSopt takes of every segment, padded to 32 bits (RFC 7323 appendix A). */
#define TCPSTATE_TSTAMP_LEN	12
/* TS.Recent says nothing any more: the peer's clock may have wrapped (RFC 7323 5.5). */
#define TCPSTATE_TS_RECENT_LIFE	(24u * 24 * 60 * 60)
/* What every link must carry (RFC 791). */
#define TCPSTATE_MIN_MTU	68
/* A smaller announcement is an attack on our CPU; the in-tree floor is 48. */
#define TCPSTATE_MIN_MSS	48

/**
 * struct tcpstate_options - TCP options, parsed or to be written
 * @mss: octets; 0 when the option is absent
 * @wscale: shift count, at most 14
 * @tsval: timestamp value
 * @tsecr: timestamp echo reply
 * @has_wscale: window scale stands in the segment
 * @has_sack_perm: SACK permitted stands in the segment
 * @has_sack: SACK blocks do
 * @has_tstamp: timestamps stand in the segment
 * @bad: an illegal length ended the parsing; what came before it is kept
 */
struct tcpstate_options {
	u16 mss;
	u8 wscale;
	u32 tsval;
	u32 tsecr;
	bool has_wscale;
	bool has_sack_perm;
	bool has_sack;
	bool has_tstamp;
	bool bad;
};

/**
 * struct tcpstate_seg - a segment as SEGMENT ARRIVES sees it
 * @seq: SEG.SEQ, host order
 * @ack: SEG.ACK, host order; meaningful with the ACK bit
 * @len: octets of text, without SYN and FIN
 * @wnd: window field as on the wire, unscaled
 * @up: urgent pointer field
 * @flags: TCPSTATE_FIN ... TCPSTATE_CWR
 * @when: seconds of a clock that never goes back, when it arrived
 * @opt: options
 */
struct tcpstate_seg {
	u32 seq;
	u32 ack;
	u32 len;
	u16 wnd;
	u16 up;
	u8 flags;
	u32 when;
	struct tcpstate_options opt;
};

/* What the reader still has to learn of urgent text; RCV.UP - 1 is the mark. */
enum tcpstate_urgent {
	TCPSTATE_URGENT_NONE,	/* no mark, or the reader has passed it */
	TCPSTATE_URGENT_AHEAD,	/* RCV.UP is known, the octet at the mark has not come */
	TCPSTATE_URGENT_HERE,	/* that octet can be read out of band */
	TCPSTATE_URGENT_READ	/* it was; the mark stands until the reader passes it */
};

/**
 * struct tcpstate_tcb - RFC 9293 3.3.1
 *
 * Down to @rcv_nxt in the order of struct tcpstate_tcb_info, which observers read.
 *
 * @iss: initial send sequence number
 * @snd_una: oldest unacknowledged
 * @snd_nxt: next to be sent for the first time; never goes back
 * @snd_wnd: send window in octets, scaled
 * @snd_wl1: SEG.SEQ of the last window update
 * @snd_wl2: SEG.ACK of the last window update
 * @snd_up: send urgent pointer: the octet after the last urgent one; at or below
 *	snd_una where nothing urgent is to be acknowledged
 * @write_seq: end of the text that the user has queued; our FIN's number
 * @irs: initial receive sequence number
 * @rcv_nxt: next expected
 * @rcv_adv: right edge that we have advertised; never moves left
 * @rcv_up: receive urgent pointer: the octet after the last urgent one; has a
 *	meaning with @urgent
 * @max_wnd: largest snd_wnd ever offered, octets
 * @snd_mss: largest text that may go in one segment, octets
 * @rcv_mss: the MSS that we have announced, octets
 * @peer_mss: the MSS that the peer announced, or the default, octets
 * @snd_wscale: shift of the windows that we receive
 * @rcv_wscale: shift of the windows that we send
 * @urgent: enum tcpstate_urgent
 * @urgent_octet: the octet at the mark, while @urgent says that it is here
 * @passive: SYN_RECV was entered from LISTEN (MUST-11)
 * @sack_ok: the peer takes SACK blocks (RFC 2018); we send them, and as a
 *	sender do without them
 * @wscale_ok: both sides scale their windows
 * @ts_offer: we offer timestamps (RFC 7323), or take the peer's offer
 * @ts_ok: Snd.TS.OK: both SYNs had the option, every segment has it
 * @ts_recent: TS.Recent, what we echo; meaningful with @ts_ok
 * @ts_recent_at: when it was taken, on the clock of tcpstate_seg.when, seconds
 * @ts_offset: what our timestamps are ahead of the clock, milliseconds
 */
struct tcpstate_tcb {
	u32 iss;
	u32 snd_una;
	u32 snd_nxt;
	u32 snd_wnd;
	u32 snd_wl1;
	u32 snd_wl2;
	u32 snd_up;
	u32 write_seq;
	u32 irs;
	u32 rcv_nxt;
	u32 rcv_adv;
	u32 rcv_up;
	u32 max_wnd;
	u16 snd_mss;
	u16 rcv_mss;
	u16 peer_mss;
	u8 snd_wscale;
	u8 rcv_wscale;
	u8 urgent;
	u8 urgent_octet;
	bool passive;
	bool sack_ok;
	bool wscale_ok;
	bool ts_offer;
	bool ts_ok;
	u32 ts_recent;
	u32 ts_recent_at;
	u32 ts_offset;
};

/* RCV.WND: what is left of the advertised window, octets. */
static inline u32 tcpstate_rcv_wnd(const struct tcpstate_tcb *tcb)
{
	return tcpstate_after(tcb->rcv_adv, tcb->rcv_nxt) ?
		tcb->rcv_adv - tcb->rcv_nxt : 0;
}

static inline bool tcpstate_syn_acked(const struct tcpstate_tcb *tcb)
{
	return tcb->snd_una != tcb->iss;
}

static inline bool tcpstate_fin_sent(const struct tcpstate_tcb *tcb)
{
	return tcpstate_after(tcb->snd_nxt, tcb->write_seq);
}

static inline bool tcpstate_fin_acked(const struct tcpstate_tcb *tcb)
{
	return tcpstate_after(tcb->snd_una, tcb->write_seq);
}

/* SIOCATMARK: the next octet to be read is the last urgent one, as in-tree. */
static inline bool tcpstate_at_mark(const struct tcpstate_tcb *tcb, u32 seq)
{
	return tcb->urgent != TCPSTATE_URGENT_NONE && tcb->rcv_up - 1 == seq;
}

/* --- tcpstate_seg.c --- */

enum tcpstate_verdict {
	TCPSTATE_SEG_ACCEPT,	/* go on: event, ACK, text, FIN */
	TCPSTATE_SEG_DROP,	/* silently */
	TCPSTATE_SEG_ACK,	/* drop, answer <SEQ=SND.NXT><ACK=RCV.NXT> */
	TCPSTATE_SEG_CHALLENGE,	/* the same, for the reasons of RFC 5961 */
	TCPSTATE_SEG_SYN_AGAIN,	/* drop, send our SYN+ACK once more */
	TCPSTATE_SEG_RST,	/* drop, answer with a RST made from the segment */
	TCPSTATE_SEG_VERDICTS
};

enum tcpstate_drop {
	TCPSTATE_DROP_NONE,
	TCPSTATE_DROP_SEQUENCE,		/* outside the receive window */
	TCPSTATE_DROP_RST_SEQUENCE,	/* RST not at RCV.NXT */
	TCPSTATE_DROP_RST_NO_CONN,	/* RST where nothing can be reset */
	TCPSTATE_DROP_SYN_IN_CONN,	/* SYN inside a connection */
	TCPSTATE_DROP_SYN_FIN,		/* SYN and FIN together */
	TCPSTATE_DROP_NO_ACK,		/* no ACK bit where there must be one */
	TCPSTATE_DROP_NO_SYN,		/* neither SYN nor RST where only they help */
	TCPSTATE_DROP_ACK_UNSENT,	/* acknowledges what was never sent */
	TCPSTATE_DROP_ACK_OLD,		/* acknowledges too far back */
	TCPSTATE_DROP_UNEXPECTED_ACK,	/* an ACK where no SYN is acknowledged */
	TCPSTATE_DROP_NO_TSTAMP,	/* no timestamps where both sides agreed on them */
	TCPSTATE_DROP_PAWS,		/* a timestamp older than TS.Recent */
	TCPSTATE_DROP_COUNT
};

/**
 * struct tcpstate_check - what to do with a segment
 * @verdict: enum tcpstate_verdict
 * @reason: enum tcpstate_drop, when it is not accepted
 * @event: enum tcpstate_event to raise first, or TCPSTATE_EV_COUNT for none
 */
struct tcpstate_check {
	u8 verdict;
	u8 reason;
	u8 event;
};

/**
 * struct tcpstate_reply - an empty segment that answers another, without a socket
 * @seq: SEG.SEQ
 * @ack: SEG.ACK
 * @wnd: window field
 * @flags: control bits
 * @opt: options; an MSS is no more than what is announced: the route may have less
 * @own_header: @tos and @ttl are what a user has set; else the segment's TOS
 *	is given back and the route has a TTL
 * @tos: octet of the IP header
 * @ttl: likewise; 0: the route's
 * @mark: SO_MARK; 0: what the segment's mark makes of it
 * @device: that it must leave by; 0: the one that the segment came by decides
 * @any_source: the local address may be nobody's here (IP_TRANSPARENT)
 */
struct tcpstate_reply {
	u32 seq;
	u32 ack;
	u16 wnd;
	u8 flags;
	struct tcpstate_options opt;
	bool own_header;
	u8 tos;
	u8 ttl;
	u32 mark;
	int device;
	bool any_source;
};

struct tcpstate_check tcpstate_seg_check(const struct tcpstate_tcb *tcb, u8 state,
					 const struct tcpstate_seg *seg);
u32 tcpstate_seg_end(const struct tcpstate_seg *seg);
bool tcpstate_seg_updates_window(const struct tcpstate_tcb *tcb,
				 const struct tcpstate_seg *seg);
bool tcpstate_seg_updates_tstamp(const struct tcpstate_tcb *tcb,
				 const struct tcpstate_seg *seg, u32 last_ack);
bool tcpstate_seg_rst_reply(const struct tcpstate_seg *seg, struct tcpstate_reply *rst);
const char *tcpstate_seg_drop_name(u8 reason);

/* --- tcpstate_opt.c --- */

/* Without timestamps four blocks fit behind two octets of padding. */
#define TCPSTATE_MAX_SACK_BLOCKS	4
#define TCPSTATE_MAX_SACK_BLOCKS_TSTAMP	3

struct tcpstate_sack_block {
	u32 start;	/* first number held */
	u32 end;	/* one past the last */
};

unsigned int tcpstate_opt_write_sack(u8 *bytes, const struct tcpstate_sack_block *blocks,
				     unsigned int n);
void tcpstate_opt_parse(const u8 *bytes, unsigned int len, struct tcpstate_options *opt);
unsigned int tcpstate_opt_write(u8 *bytes, const struct tcpstate_options *opt);
u8 tcpstate_opt_wscale(u32 space);

/* --- tcpstate_sack.c --- */

/* More than an ACK tells: what makes room for them, and what one ACK for many left out. */
#define TCPSTATE_SACK_KEPT	8

/**
 * struct tcpstate_sack - what ACKs tell of text beyond RCV.NXT
 * @blocks: rows of held text, each as long as it is, the one where text came last first
 * @n: how many; others may be held, where none has come for a while
 */
struct tcpstate_sack {
	struct tcpstate_sack_block blocks[TCPSTATE_SACK_KEPT];
	u8 n;
};

bool tcpstate_sack_tells(const struct tcpstate_sack *sack, u32 seq);
void tcpstate_sack_hold(struct tcpstate_sack *sack, u32 start, u32 end);
void tcpstate_sack_pass(struct tcpstate_sack *sack, u32 rcv_nxt);
void tcpstate_sack_cut(struct tcpstate_sack *sack, u32 end);
void tcpstate_sack_forget(struct tcpstate_sack *sack);

/* --- tcpstate_cookie.c --- */

u32 tcpstate_cookie_make(u32 base, u32 proof, u32 irs, u32 period, u16 mss);
u8 tcpstate_cookie_age(u32 base, u32 irs, u32 iss, u32 period);
u16 tcpstate_cookie_mss(u32 base, u32 proof, u32 irs, u32 iss);
u32 tcpstate_cookie_tsval(u32 now, const struct tcpstate_options *opt);
void tcpstate_cookie_options(u32 tsval, struct tcpstate_options *opt);

/* --- tcpstate_urg.c --- */

u16 tcpstate_urg_field(const struct tcpstate_tcb *tcb, u32 seq);
bool tcpstate_urg_arrives(const struct tcpstate_tcb *tcb, const struct tcpstate_seg *seg,
			  u32 copied);
bool tcpstate_urg_passed(const struct tcpstate_tcb *tcb, u32 copied);
u32 tcpstate_urg_run(const struct tcpstate_tcb *tcb, u32 seq, u32 len);

/* --- tcpstate_icmp.c --- */

enum tcpstate_icmp_kind {
	TCPSTATE_ICMP_IGNORE,	/* says nothing about a connection */
	TCPSTATE_ICMP_SOFT,	/* the network may mend it */
	TCPSTATE_ICMP_HARD,	/* trying again will not help */
	TCPSTATE_ICMP_TOO_BIG	/* the packet must not be cut and does not fit */
};

u8 tcpstate_icmp_kind(u8 type, u8 code);
bool tcpstate_icmp_in_flight(const struct tcpstate_tcb *tcb, u32 seq);
u32 tcpstate_icmp_mtu(u32 claimed, u32 quoted, u32 current_mtu);
u16 tcpstate_icmp_smaller_mss(u16 mss);

/* --- tcpstate_ipopt.c --- */

#define TCPSTATE_IPOPT_MAX	40	/* octets of options in an IP header */

unsigned int tcpstate_ipopt_return_route(const u8 *options, unsigned int len, const u8 *source,
					 u8 *route);

/* --- tcpstate_rtt.c --- */

/**
 * struct tcpstate_rtt - RFC 6298
 * @srtt_us: smoothed round-trip time, microseconds; 0 before a sample
 * @rttvar_us: its variation, microseconds
 * @rto_us: timeout without back-off, microseconds
 * @min_us: lower bound of @rto_us
 * @max_us: upper bound of @rto_us and of every backed-off value
 * @backoff: how often the timer doubled since the last progress
 */
struct tcpstate_rtt {
	u32 srtt_us;
	u32 rttvar_us;
	u32 rto_us;
	u32 min_us;
	u32 max_us;
	u8 backoff;
};

void tcpstate_rtt_init(struct tcpstate_rtt *rtt, u32 min_us, u32 max_us);
void tcpstate_rtt_sample(struct tcpstate_rtt *rtt, u32 us);
void tcpstate_rtt_echo(struct tcpstate_rtt *rtt, u32 ms, u32 samples);
u32 tcpstate_rtt_smooth(u32 mean, u32 ms);
void tcpstate_rtt_syn_lost(struct tcpstate_rtt *rtt);
u32 tcpstate_rtt_backed_off(const struct tcpstate_rtt *rtt);

/* The timeout that holds now, microseconds, within the bounds. */
static inline u32 tcpstate_rtt_timeout(const struct tcpstate_rtt *rtt)
{
	return rtt->backoff ? tcpstate_rtt_backed_off(rtt) : rtt->rto_us;
}

#endif /* TCPSTATE_TCB_H */

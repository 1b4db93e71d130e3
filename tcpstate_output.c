// SPDX-License-Identifier: GPL-2.0
/*
 * The only builder of segments: push, retransmission, acknowledgements,
 * probes, RST, and the window that we advertise.
 */
#include <linux/tcp.h>

#include <net/tcp.h>

#include "tcpstate.h"
#include "tcpstate_note.h"

/* What a segment is to carry, and for the observers why it goes: enum tcpstate_record_cause. */
struct cut {
	u32 seq;
	u32 len;
	u8 flags;
	u8 cause;
	bool again;
	bool syn_options;
	u64 now;	/* when transmit() built it, nanoseconds */
};

/* No more than this is ever offered: half of the buffer pays for skb overhead. */
static u32 full_space(const struct sock *sk)
{
	u32 clamp = tcpstate_sk(sk)->window_clamp;
	u32 space = READ_ONCE(sk->sk_rcvbuf) / 2;

	return clamp ? min(space, clamp) : space;
}

/**
 * tcpstate_output_receive_space() - text that the receive buffer can still take
 * @sk: the socket
 *
 * Context: socket lock held.
 * Return: octets.
 */
u32 tcpstate_output_receive_space(const struct sock *sk)
{
	int space = READ_ONCE(sk->sk_rcvbuf) - READ_ONCE(sk->sk_backlog.len) -
		    atomic_read(&sk->sk_rmem_alloc);

	return space > 0 ? space / 2 : 0;
}

/**
 * tcpstate_output_first_window() - the window field of a SYN+ACK
 * @sk: a listener, or a child that has received no text yet
 *
 * Context: any.
 */
u16 tcpstate_output_first_window(const struct sock *sk)
{
	return min_t(u32, full_space(sk), 65535);
}

/*
 * Move the advertised right edge.  It never moves left (SHLD-14), and moves
 * right only by as much as is worth a segment (MUST-39).
 *
 * Where memory ran out within what was offered the peer is told of no window, so that it
 * waits, and probes for as long as we answer (MUST-37), instead of giving up after R2.
 * The edge stays: what comes below it is taken as soon as it can be.
 */
static u16 select_window(struct sock *sk, bool syn)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_tcb *tcb = &ts->tcb;
	u32 space = tcpstate_output_receive_space(sk);
	u32 wnd = tcpstate_rcv_wnd(tcb);
	u32 step = min_t(u32, full_space(sk) / 2, max_t(u32, ts->rcv_seg, tcb->rcv_mss));
	u8 scale = syn ? 0 : tcb->rcv_wscale;

	if (unlikely(ts->rcv_refused) && !skb_queue_empty(&sk->sk_receive_queue))
		return 0;
	space = min3(space, full_space(sk), 65535u << scale);
	if (space >= wnd + step || syn)
		wnd = max(space, wnd);
	wnd = min_t(u32, ALIGN(wnd, 1u << scale), 65535u << scale);
	if (tcpstate_after(tcb->rcv_nxt + wnd, tcb->rcv_adv))
		tcb->rcv_adv = tcb->rcv_nxt + wnd;
	return wnd >> scale;
}

/**
 * tcpstate_output_advertised_mss() - the MSS option of our SYN
 * @sk: has a route
 *
 * Context: socket lock held.
 * Return: octets, from what IP can reassemble here (MUST-67).
 */
u16 tcpstate_output_advertised_mss(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	const struct dst_entry *dst = __sk_dst_get(sk);
	u32 mss = dst ? dst_metric_advmss(dst) : ts->af->default_mss;

	if (ts->rtx_mss && ts->rtx_mss < mss)
		mss = ts->rtx_mss;
	return clamp_t(u32, mss, TCPSTATE_MIN_MSS, 65535);
}

/* RFC 1191 6.3: how long a path is taken to be as narrow as it was. */
#define MSS_LIMIT_FOR	(600 * HZ)

static bool limit_is_over(const struct tcpstate_sock *ts)
{
	/* Not time_after(): the last segment may have gone months ago. */
	return ts->mss_limit && (u32)jiffies - ts->mss_limit_since > MSS_LIMIT_FOR;
}

/**
 * tcpstate_output_sync_mss() - how much text fits into one of our segments
 * @sk: has a route, knows the peer's MSS
 *
 * min(SendMSS, what the path takes) less the options of IP and of TCP (MUST-16).
 *
 * Context: socket lock held.
 */
void tcpstate_output_sync_mss(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	const struct dst_entry *dst = __sk_dst_get(sk);
	const struct ip_options_rcu *opt;
	u32 mss = ts->tcb.peer_mss;
	u32 headers = ts->af->header_len + TCPSTATE_HDR_LEN;

	ts->pmtu = dst ? dst_mtu(dst) : 0;
	if (ts->pmtu > headers)
		mss = min_t(u32, mss, ts->pmtu - headers);
	if (ts->rtx_mss)
		mss = min_t(u32, mss, ts->rtx_mss);
	if (limit_is_over(ts))
		ts->mss_limit = 0;
	if (ts->mss_limit)
		mss = min_t(u32, mss, ts->mss_limit);
	opt = rcu_dereference_protected(inet_sk(sk)->inet_opt, lockdep_sock_is_held(sk));
	if (opt)
		mss -= min_t(u32, opt->opt.optlen, mss);
	ts->tcb.snd_mss = max_t(u32, mss, TCPSTATE_MIN_MSS);
	if (ts->tcb.ts_ok)
		ts->tcb.snd_mss -= TCPSTATE_TSTAMP_LEN;
	tcpstate_cong_set_mss(&ts->cong, ts->tcb.snd_mss);
}

static u32 tsval_at(u64 now, u32 offset)
{
	return (u32)div_u64(now, NSEC_PER_MSEC) + offset;
}

/**
 * tcpstate_output_tsval() - our timestamp clock, one tick a millisecond (RFC 7323 5.4)
 * @offset: of the connection (RFC 7323 7.1)
 *
 * Context: any.
 */
u32 tcpstate_output_tsval(u32 offset)
{
	return tsval_at(ktime_get_ns(), offset);
}

static unsigned int write_sack(const struct tcpstate_sock *ts, u8 *bytes)
{
	unsigned int most = ts->tcb.ts_ok ? TCPSTATE_MAX_SACK_BLOCKS_TSTAMP :
					    TCPSTATE_MAX_SACK_BLOCKS;

	return tcpstate_opt_write_sack(bytes, ts->sack.blocks, min_t(u32, ts->sack.n, most));
}

/* RFC 7323 3.2: without the ACK bit there is nothing to echo. */
static void set_tstamp(const struct tcpstate_tcb *tcb, const struct cut *cut,
		       struct tcpstate_options *opt)
{
	/* Offered in a SYN; in a SYN+ACK and later only where the peer's SYN had it. */
	opt->has_tstamp = cut->flags & TCPSTATE_ACK ? tcb->ts_ok : tcb->ts_offer;
	if (!opt->has_tstamp)
		return;
	opt->tsval = tsval_at(cut->now, tcb->ts_offset);
	opt->tsecr = cut->flags & TCPSTATE_ACK ? tcb->ts_recent : 0;
}

static unsigned int write_options(struct sock *sk, const struct cut *cut, u8 *bytes,
				  struct tcpstate_options *opt)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	unsigned int len;

	*opt = (struct tcpstate_options){};
	set_tstamp(&ts->tcb, cut, opt);
	if (!cut->syn_options) {
		len = tcpstate_opt_write(bytes, opt);
		/* Text keeps the whole segment; an ACK for a hole has none. */
		opt->has_sack = ts->tcb.sack_ok && !cut->len && ts->sack.n &&
				!(cut->flags & TCPSTATE_RST);
		if (opt->has_sack)
			len += write_sack(ts, bytes + len);
		return len;
	}
	ts->tcb.rcv_mss = tcpstate_output_advertised_mss(sk);
	opt->mss = ts->tcb.rcv_mss;
	/* Offered in a SYN; in a SYN+ACK only where the peer's SYN had it. */
	opt->has_wscale = !(cut->flags & TCPSTATE_ACK) || ts->tcb.wscale_ok;
	opt->wscale = ts->tcb.rcv_wscale;
	opt->has_sack_perm = !(cut->flags & TCPSTATE_ACK) || ts->tcb.sack_ok;
	return tcpstate_opt_write(bytes, opt);
}

static void set_gso(struct sock *sk, struct sk_buff *skb, u32 len)
{
	u32 mss = tcpstate_sk(sk)->tcb.snd_mss;

	if (len <= mss)
		return;
	skb_shinfo(skb)->gso_size = mss;
	skb_shinfo(skb)->gso_segs = DIV_ROUND_UP(len, mss);
	skb_shinfo(skb)->gso_type = sk->sk_gso_type;
}

static void sent_ack(struct tcpstate_sock *ts)
{
	ts->ack_now = false;
	ts->ack_seq = ts->tcb.rcv_nxt;
	ts->delack_armed = false;
}

/* Every segment below SND.UP says so; a SYN is below all text, a RST ends it. */
static u16 urgent_field(const struct tcpstate_sock *ts, const struct cut *cut)
{
	return cut->flags & (TCPSTATE_SYN | TCPSTATE_RST) ? 0 :
	       tcpstate_urg_field(&ts->tcb, cut->seq);
}

/* Tell of a segment that is ready to go, with the header and the options that it has. */
static void note(struct sock *sk, const struct cut *cut, const struct tcphdr *th,
		 const struct tcpstate_options *opt, unsigned int segs)
{
	struct tcpstate_seg seg;

	/* Nobody looks: do not even describe it. */
	if (!tcpstate_note_sending(sk))
		return;
	seg = (struct tcpstate_seg){
		.seq = cut->seq,
		.ack = ntohl(th->ack_seq),
		.len = cut->len,
		.wnd = ntohs(th->window),
		.up = ntohs(th->urg_ptr),
		.flags = tcp_flag_byte(th),
		.opt = *opt,
	};
	tcpstate_note_sent(sk, &seg, cut->again, cut->cause, segs);
}

/*
 * What IP says of a segment.  Text that a queue of this host had no room for was not sent,
 * and goes when there is an ACK of what is on the way.  Where nothing is, the network has
 * lost it: the timer backs off, and gives up at last.
 */
static int sent(struct sock *sk, const struct cut *cut, int err)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	u8 phase = ts->cong.phase;

	if (likely(err <= 0))
		return err;
	if (!cut->len || ts->tcb.snd_una == ts->tcb.snd_nxt)
		return 0;
	tcpstate_mib_inc(tcpstate_sk_net(sk), TCPSTATE_MIB_QUEUEREFUSED);
	tcpstate_cong_refused(&ts->cong, ts->tcb.snd_una, ts->tcb.snd_nxt);
	tcpstate_note_phase(sk, phase);
	return net_xmit_eval(err) ? -ENOBUFS : 0;
}

/* Build one segment and hand it to IP.  0, or -errno with nothing sent. */
static int transmit(struct sock *sk, struct cut *cut)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct inet_sock *inet = inet_sk(sk);
	unsigned int optlen, segs;
	u8 options[TCPSTATE_MAX_OPT_LEN];
	u16 up = urgent_field(ts, cut);
	struct tcpstate_options opt;
	struct sk_buff *skb;
	struct tcphdr *th;
	int err;

	err = ts->af->route(sk);
	if (err)
		return err;
	if (dst_mtu(__sk_dst_get(sk)) != ts->pmtu || limit_is_over(ts)) {
		tcpstate_output_sync_mss(sk);
		if (cut->len > ts->tcb.snd_mss && (up || !sk->sk_gso_type))
			return -EMSGSIZE;
	}
	/* One look at the clock for all that want to know. */
	cut->now = ktime_get_ns();
	optlen = write_options(sk, cut, options, &opt);
	skb = alloc_skb(TCPSTATE_HEADROOM + sizeof(*th) + optlen, GFP_ATOMIC);
	if (!skb) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_NOMEMORY);
		return -ENOBUFS;
	}
	skb_reserve(skb, TCPSTATE_HEADROOM + sizeof(*th) + optlen);
	if (cut->len) {
		err = tcpstate_queue_cut(sk, skb, cut->seq, cut->len);
		if (err) {
			kfree_skb(skb);
			return err;
		}
		set_gso(sk, skb, cut->len);
		skb->truesize += cut->len;
	}
	th = skb_push(skb, sizeof(*th) + optlen);
	memcpy(th + 1, options, optlen);
	skb_reset_transport_header(skb);
	th->source = inet->inet_sport;
	th->dest = inet->inet_dport;
	th->seq = htonl(cut->seq);
	th->ack_seq = cut->flags & TCPSTATE_ACK ? htonl(ts->tcb.rcv_nxt) : 0;
	*(((__be16 *)th) + 6) = htons((sizeof(*th) + optlen) << 10 | cut->flags |
				      (up ? TCPSTATE_URG : 0));
	th->window = htons(select_window(sk, cut->flags & TCPSTATE_SYN));
	th->check = 0;
	th->urg_ptr = htons(up);
	skb_set_hash_from_sk(skb, sk);
	skb_set_owner_w(skb, sk);
	if (cut->flags & TCPSTATE_ACK)
		sent_ack(ts);
	segs = max_t(unsigned int, skb_shinfo(skb)->gso_segs, 1);
	ts->segs_out += segs;
	this_cpu_add(tn->mib->n[TCPSTATE_MIB_OUTSEGS], segs);
	if (cut->len)
		ts->last_sent = jiffies;
	note(sk, cut, th, &opt, segs);
	return sent(sk, cut, ts->af->send(sk, skb));
}

/*
 * -EMSGSIZE: the text lies in more fragments than a segment may have, or the
 * path has become narrower since the cut.
 */
static int transmit_shrinking(struct sock *sk, struct cut *cut)
{
	int err;

	while ((err = transmit(sk, cut)) == -EMSGSIZE && cut->len > 1) {
		u32 mss = tcpstate_sk(sk)->tcb.snd_mss;

		cut->flags &= ~(TCPSTATE_FIN | TCPSTATE_PSH);
		cut->len = cut->len > mss ? rounddown(cut->len / 2 + mss - 1, mss) :
					    cut->len / 2;
	}
	return err;
}

static void time_segment(struct tcpstate_sock *ts, u32 end, u64 now)
{
	if (ts->rtt_timing)
		return;
	ts->rtt_timing = true;
	ts->rtt_seq = end;
	ts->rtt_start = (u32)(now / NSEC_PER_USEC);
}

static bool nothing_in_flight(const struct tcpstate_tcb *tcb)
{
	return tcb->snd_una == tcb->snd_nxt;
}

/*
 * A timer that is pending for an earlier time is left alone, and looks again when
 * it fires: that is once in a timeout, this is for every segment.
 */
static void fire_by(struct sock *sk, struct timer_list *timer, unsigned long when)
{
	if (!timer_pending(timer) || time_before(when, timer->expires))
		sk_reset_timer(sk, timer, when);
}

/**
 * tcpstate_output_arm() - start the retransmission timer anew
 * @sk: has something outstanding, or something that the window holds back
 *
 * Context: socket lock held.
 */
void tcpstate_output_arm(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	unsigned long delay = usecs_to_jiffies(tcpstate_rtt_timeout(&ts->rtt));

	ts->rtx_when = jiffies + delay;
	WRITE_ONCE(ts->rtx_armed, true);
	fire_by(sk, &ts->rtx_timer, ts->rtx_when);
	tcpstate_note_armed(tcpstate_sk_net(sk), &ts->flow,
			    tcpstate_persists(ts) ? TCPSTATE_TIMER_PERSIST :
						    TCPSTATE_TIMER_RETRANSMIT, delay);
}

/**
 * tcpstate_output_disarm() - nothing is outstanding, nothing waits
 * @sk: the socket
 *
 * Context: socket lock held.
 */
void tcpstate_output_disarm(struct sock *sk)
{
	WRITE_ONCE(tcpstate_sk(sk)->rtx_armed, false);
}

/**
 * tcpstate_output_arm_delack() - an ACK is owed, and may wait a little
 * @sk: the socket
 *
 * Context: socket lock held.
 */
void tcpstate_output_arm_delack(struct sock *sk)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	unsigned long delay;

	if (ts->delack_armed)
		return;
	delay = msecs_to_jiffies(READ_ONCE(tn->delack_ms));
	ts->delack_armed = true;
	ts->delack_when = jiffies + delay;
	fire_by(sk, &ts->delack_timer, ts->delack_when);
	tcpstate_note_armed(tn, &ts->flow, TCPSTATE_TIMER_DELACK, delay);
}

static void arm_if_idle(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	if (ts->rtx_armed)
		return;
	ts->first_sent = jiffies;
	tcpstate_output_arm(sk);
}

static u8 syn_flags(const struct tcpstate_sock *ts)
{
	/* close() may have moved SYN_RECV on before the SYN was acknowledged. */
	return ts->flow.state == TCPSTATE_SYN_SENT ? TCPSTATE_SYN :
						     TCPSTATE_SYN | TCPSTATE_ACK;
}

/* Cause: why it goes again, or TCPSTATE_CAUSE_NONE. */
static void send_syn(struct sock *sk, u8 cause)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct cut cut = {
		.seq = ts->tcb.iss, .flags = syn_flags(ts), .syn_options = true,
		.cause = cause, .again = cause != TCPSTATE_CAUSE_NONE,
	};

	transmit(sk, &cut);
}

/* How much may be on the way besides what is: the peer's window and ours. */
static u32 room(const struct tcpstate_sock *ts)
{
	const struct tcpstate_tcb *tcb = &ts->tcb;
	u32 flight = tcpstate_cong_flight(&ts->cong, tcb->snd_una, tcb->snd_nxt);
	u32 used = tcb->snd_nxt - tcb->snd_una;
	u32 wnd = tcb->snd_wnd > used ? tcb->snd_wnd - used : 0;
	u32 cwnd = ts->cong.cwnd;

	/* RFC 3042: the duplicates before the one that counts let a segment out each. */
	if (ts->cong.phase == TCPSTATE_PHASE_DISORDER)
		cwnd += min_t(u32, ts->cong.dupacks, ts->cong.dup_threshold - 1) *
			ts->cong.mss;
	return min(wnd, cwnd > flight ? cwnd - flight : 0);
}

/* Urgent text goes out that was never sent. */
static bool urgent_waits(const struct tcpstate_tcb *tcb)
{
	return tcpstate_after(tcb->snd_up, tcb->snd_nxt);
}

/*
 * An urgent send is still queueing: what is its last octet for the moment is
 * not in the end, and a peer that got it now would take it out of the stream.
 */
static u32 held_back(const struct tcpstate_sock *ts)
{
	return ts->urgent_open && urgent_waits(&ts->tcb) && ts->tcb.snd_up == ts->tcb.write_seq;
}

static u32 largest_burst(const struct sock *sk)
{
	u32 mss = tcpstate_sk(sk)->tcb.snd_mss;
	u32 max;

	/* Whoever cuts a burst gives each piece the first one's urgent pointer. */
	if (!sk->sk_gso_type || !sk_can_gso(sk) || urgent_waits(&tcpstate_sk(sk)->tcb))
		return mss;
	max = min_t(u32, READ_ONCE(sk->sk_gso_max_size), GSO_LEGACY_MAX_SIZE) -
	      TCPSTATE_HEADROOM;
	max = min3(max, 65215u, sk->sk_gso_max_segs * mss);
	return max_t(u32, rounddown(max, mss), mss);
}

/**
 * tcpstate_output_waits() - is there text or a FIN that was never sent
 * @ts: the socket
 *
 * Context: socket lock held.
 */
bool tcpstate_output_waits(const struct tcpstate_sock *ts)
{
	const struct tcpstate_tcb *tcb = &ts->tcb;

	return !tcpstate_fin_sent(tcb) &&
	       (tcb->write_seq != tcb->snd_nxt ||
		(tcpstate_fsm_outflags(ts->flow.state) & TCPSTATE_FIN));
}

/*
 * May the end of the text go, though it fills no segment?  Nagle (SHLD-7), as RFC 9293 A.3
 * and the in-tree TCP have it: one small segment at a time may be on the way.  So the
 * tail of a write goes with its full segments, and does not wait for the delayed ACK of
 * a peer that waits for the tail.
 */
static bool tail_may_go(const struct tcpstate_sock *ts, bool fin)
{
	const struct tcpstate_tcb *tcb = &ts->tcb;

	if (fin || urgent_waits(tcb))
		return true;
	if (ts->corked)
		return false;
	return ts->nodelay || !tcpstate_after(ts->small_seq, tcb->snd_una);
}

/*
 * May less than a full segment go?  Nagle, and the sender's half of silly window
 * avoidance (MUST-38), RFC 9293 3.8.6.2.1.
 */
static bool small_may_go(const struct tcpstate_sock *ts, u32 len, u32 queued, bool fin)
{
	if (ts->overdue)
		return len;
	if (len < queued)
		return len >= ts->tcb.max_wnd / 2 && len;
	return tail_may_go(ts, fin);
}

/*
 * What may be sent again from seq on: the window may have shrunk below what
 * is on the way (SHLD-16).  One octet at SND.UNA always: it probes a window
 * that has shrunk to zero (MUST-35).
 */
static u32 repeatable(const struct tcpstate_tcb *tcb, u32 seq)
{
	u32 edge = tcb->snd_una + max(tcb->snd_wnd, 1U);

	return tcpstate_before(seq, edge) ? edge - seq : 0;
}

/* After a timeout: send again what was outstanding, as the window opens. */
static bool go_back(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_cong *cong = &ts->cong;
	struct tcpstate_tcb *tcb = &ts->tcb;

	while (cong->phase == TCPSTATE_PHASE_LOSS &&
	       tcpstate_before(cong->rtx_nxt, cong->recover)) {
		u32 flight = tcpstate_cong_flight(cong, tcb->snd_una, tcb->snd_nxt);
		u32 end = tcpstate_before(cong->recover, tcb->write_seq) ?
			cong->recover : tcb->write_seq;
		struct cut cut = {
			.seq = cong->rtx_nxt, .flags = TCPSTATE_ACK, .again = true,
			.cause = cong->resend ? TCPSTATE_CAUSE_MTU : TCPSTATE_CAUSE_GO_BACK,
		};

		if (flight + tcb->snd_mss > cong->cwnd && flight)
			return false;
		if (tcpstate_before(cut.seq, end))
			cut.len = min3(end - cut.seq, (u32)tcb->snd_mss, repeatable(tcb, cut.seq));
		if (!cut.len && cut.seq != end)
			return false;
		if (tcpstate_fin_sent(tcb) && cut.seq + cut.len == tcb->write_seq)
			cut.flags |= TCPSTATE_FIN;
		if (cut.seq + cut.len == tcb->write_seq)
			cut.flags |= TCPSTATE_PSH;
		if (transmit_shrinking(sk, &cut))
			return false;
		ts->total_retrans++;
		tcpstate_mib_inc(tcpstate_sk_net(sk), TCPSTATE_MIB_RETRANSSEGS);
		cong->rtx_nxt += cut.len + !!(cut.flags & TCPSTATE_FIN);
	}
	return true;
}

/* Cut the next new segment.  False where nothing may go now. */
static bool next_cut(struct sock *sk, struct cut *cut)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_tcb *tcb = &ts->tcb;
	u32 space, held, queued, len;
	bool fin;

	if (!tcpstate_output_waits(ts))
		return false;
	space = room(ts);
	held = held_back(ts);
	fin = (tcpstate_fsm_outflags(ts->flow.state) & TCPSTATE_FIN) && !held;
	queued = tcb->write_seq - held - tcb->snd_nxt;
	*cut = (struct cut){ .seq = tcb->snd_nxt, .flags = TCPSTATE_ACK };
	len = min3(queued, space, largest_burst(sk));
	if (len > tcb->snd_mss && !(len == queued && tail_may_go(ts, fin)))
		len = rounddown(len, tcb->snd_mss);
	if (len < tcb->snd_mss && queued && !small_may_go(ts, len, queued, fin))
		return false;
	cut->len = len;
	if (len == queued) {
		if (len)
			cut->flags |= TCPSTATE_PSH;
		if (fin && space > len)
			cut->flags |= TCPSTATE_FIN;
	}
	return len || (cut->flags & TCPSTATE_FIN);
}

/**
 * tcpstate_output_push() - send what the state, the windows and Nagle allow
 * @sk: the socket
 *
 * The one place where new text, SYN and FIN first go out.  Every event source
 * ends with it, after all its events.
 *
 * Context: socket lock held; process or softirq.
 */
void tcpstate_output_push(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_tcb *tcb = &ts->tcb;
	u8 state = ts->flow.state;
	struct cut cut;

	ts->push_pending = false;
	if (tcpstate_in(state, TCPSTATE_F_CONNECTING)) {
		/* SYN_SENT sends its SYN once here, SYN_RECV its SYN+ACK. */
		ts->ack_now = false;
		if (tcb->snd_nxt == tcb->iss) {
			tcb->snd_nxt++;
			time_segment(ts, tcb->snd_nxt, ktime_get_ns());
		}
		send_syn(sk, TCPSTATE_CAUSE_NONE);
		arm_if_idle(sk);
		return;
	}
	/* After many an ACK there is nothing to send. */
	if ((tcpstate_output_waits(ts) || ts->cong.phase == TCPSTATE_PHASE_LOSS) &&
	    tcpstate_in(state, TCPSTATE_F_CAN_TRANSMIT) && tcpstate_syn_acked(tcb)) {
		/* IP options have changed: other segments, perhaps another way. */
		if (unlikely(!ts->pmtu) && !ts->af->route(sk))
			tcpstate_output_sync_mss(sk);
		if (nothing_in_flight(tcb) && ts->last_sent &&
		    time_after(jiffies, ts->last_sent + usecs_to_jiffies(ts->rtt.rto_us)))
			tcpstate_cong_idle(&ts->cong);
		while (go_back(sk) && next_cut(sk, &cut)) {
			if (transmit_shrinking(sk, &cut) == -ENOBUFS)
				break;
			tcb->snd_nxt += cut.len + !!(cut.flags & TCPSTATE_FIN);
			if (cut.len % tcb->snd_mss)
				ts->small_seq = cut.seq + cut.len;
			time_segment(ts, tcb->snd_nxt, cut.now);
			arm_if_idle(sk);
		}
		/*
		 * Held back by the peer's window (persist, MUST-36), by want of
		 * memory, or by a cork, which delays but does not keep (MUST-60).
		 */
		if (nothing_in_flight(tcb) && tcpstate_output_waits(ts))
			arm_if_idle(sk);
	}
	if (ts->ack_now)
		tcpstate_output_ack(sk);
}

/**
 * tcpstate_output_overdue() - push what was held back for long enough
 * @sk: the socket
 *
 * By a cork or MSG_MORE, by Nagle, or by a window smaller than a segment.
 *
 * Context: socket lock held.
 * Source: RFC 9293 3.8.6.2.1, the override timeout.
 */
void tcpstate_output_overdue(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	ts->overdue = true;
	tcpstate_output_push(sk);
	ts->overdue = false;
}

/*
 * The number of a segment without text: SND.NXT.  But behind a window that is shut a
 * probe may stand outside, and the peer takes no other number than its RCV.NXT then,
 * for an ACK or a RST as well (RFC 9293 3.10.7.4 first).
 */
static u32 bare_seq(const struct tcpstate_tcb *tcb)
{
	/* A RST goes when the state is CLOSE already: an open SYN is told by its number. */
	return tcb->snd_wnd || tcb->snd_una == tcb->iss ? tcb->snd_nxt : tcb->snd_una;
}

/**
 * tcpstate_output_ack() - an empty segment <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>
 * @sk: in a state that knows the peer's numbers
 *
 * While the peer's window is shut the number is SND.UNA.
 *
 * Context: socket lock held.
 */
void tcpstate_output_ack(struct sock *sk)
{
	struct cut cut = { .seq = bare_seq(&tcpstate_sk(sk)->tcb), .flags = TCPSTATE_ACK };

	tcpstate_sk(sk)->ack_now = false;
	transmit(sk, &cut);
}

/**
 * tcpstate_output_urgent() - all that is queued is urgent: push it, or tell of it
 * @sk: has new text in its queue
 *
 * A peer whose window is shut, and whose user may need the signal to open it,
 * hears at once; what becomes urgent after that it learns from the next
 * segment of any kind.
 *
 * Context: socket lock held.
 * Source: RFC 9293 3.8.5 (MUST-30, MUST-62).
 */
void tcpstate_output_urgent(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_tcb *tcb = &ts->tcb;
	bool told = urgent_waits(tcb);
	u32 nxt = tcb->snd_nxt;

	tcb->snd_up = tcb->write_seq;
	tcpstate_output_push(sk);
	if (!told && tcb->snd_nxt == nxt && urgent_waits(tcb) &&
	    tcpstate_in(ts->flow.state, TCPSTATE_F_CAN_SEND))
		tcpstate_output_ack(sk);
}

/* Two mirrored peers must not answer each other's answers for ever. */
#define CHALLENGES_PER_SECOND	10

/**
 * tcpstate_output_challenge() - answer a segment that was not accepted
 * @sk: in a state that knows the peer's numbers
 * @challenge: for the reasons of RFC 5961, not for a bad sequence number
 *
 * Context: socket lock held.
 * Source: RFC 9293 3.10.7.4 first, RFC 5961 7 (the limit, here per socket).
 */
void tcpstate_output_challenge(struct sock *sk, bool challenge)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	/* Not time_after(): it may have been months ago. */
	if ((u32)jiffies - ts->challenge_second > HZ || !ts->challenges) {
		ts->challenge_second = (u32)jiffies;
		ts->challenges = 0;
	}
	if (ts->challenges >= CHALLENGES_PER_SECOND) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_CHALLENGELIMITED);
		return;
	}
	ts->challenges++;
	if (challenge)
		tcpstate_mib_inc(tn, TCPSTATE_MIB_CHALLENGEACKS);
	tcpstate_output_ack(sk);
}

/**
 * tcpstate_output_syn_again() - the peer has not heard our SYN+ACK
 * @sk: in SYN_RECV
 *
 * Context: socket lock held.
 */
void tcpstate_output_syn_again(struct sock *sk)
{
	tcpstate_sk(sk)->rtt_timing = false;
	send_syn(sk, TCPSTATE_CAUSE_SYN);
}

/**
 * tcpstate_output_rst() - end it for the peer too, at once
 * @sk: in a state that knows the peer's numbers
 *
 * Context: socket lock held.
 */
void tcpstate_output_rst(struct sock *sk)
{
	struct cut cut = {
		.seq = bare_seq(&tcpstate_sk(sk)->tcb),
		.flags = TCPSTATE_RST | TCPSTATE_ACK,
	};

	tcpstate_mib_inc(tcpstate_sk_net(sk), TCPSTATE_MIB_OUTRSTS);
	transmit(sk, &cut);
}

/**
 * tcpstate_output_retransmit() - send the segment at SND.UNA again
 * @sk: has something outstanding
 * @cause: enum tcpstate_record_cause, for the observers
 *
 * Context: socket lock held.
 * Source: RFC 6298 5.4; the round trip is no longer timed (Karn, MUST-18).
 */
void tcpstate_output_retransmit(struct sock *sk, u8 cause)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_tcb *tcb = &ts->tcb;
	struct cut cut = {
		.seq = tcb->snd_una, .flags = TCPSTATE_ACK, .cause = cause, .again = true,
	};
	u32 end;

	ts->rtt_timing = false;
	ts->total_retrans++;
	tcpstate_mib_inc(tcpstate_sk_net(sk), TCPSTATE_MIB_RETRANSSEGS);
	if (!tcpstate_syn_acked(tcb)) {
		send_syn(sk, cause);
		return;
	}
	if (!ts->resent &&
	    (cause == TCPSTATE_CAUSE_TIMEOUT || cause == TCPSTATE_CAUSE_DUPACKS)) {
		ts->resent = true;
		ts->resent_tsval = tcpstate_output_tsval(tcb->ts_offset);
	}
	end = tcpstate_fin_sent(tcb) ? tcb->write_seq : tcb->snd_nxt;
	cut.len = min3(end - cut.seq, (u32)tcb->snd_mss, repeatable(tcb, cut.seq));
	if (cut.seq + cut.len == tcb->write_seq) {
		if (cut.len)
			cut.flags |= TCPSTATE_PSH;
		if (tcpstate_fin_sent(tcb))
			cut.flags |= TCPSTATE_FIN;
	}
	if (transmit_shrinking(sk, &cut))
		return;
	if (tcpstate_before(ts->cong.rtx_nxt, cut.seq + cut.len + !!(cut.flags & TCPSTATE_FIN)))
		ts->cong.rtx_nxt = cut.seq + cut.len + !!(cut.flags & TCPSTATE_FIN);
}

/**
 * tcpstate_output_narrowed() - the path carries less than what is on the way
 * @sk: routing knows the new MTU
 *
 * Sends it all again, cut to size, without a cut of the congestion window.
 *
 * Context: socket lock held.
 * Source: RFC 1191 6.4.
 */
void tcpstate_output_narrowed(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_tcb *tcb = &ts->tcb;
	u8 phase = ts->cong.phase;

	tcpstate_output_sync_mss(sk);
	if (nothing_in_flight(tcb))
		return;
	ts->rtt_timing = false;
	if (tcpstate_syn_acked(tcb)) {
		tcpstate_cong_resend(&ts->cong, tcb->snd_una, tcb->snd_nxt);
		tcpstate_note_phase(sk, phase);
		tcpstate_output_push(sk);
	} else {
		tcpstate_output_retransmit(sk, TCPSTATE_CAUSE_MTU);
	}
	tcpstate_output_arm(sk);
}

/**
 * tcpstate_output_probe() - one octet, or the FIN, into a closed window
 * @sk: has something to send and nothing outstanding
 *
 * The octet is new text, so an ACK tells at once whether it was taken.
 *
 * Context: socket lock held.
 * Source: RFC 9293 3.8.6.1 (MUST-35, MUST-36).
 */
void tcpstate_output_probe(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_tcb *tcb = &ts->tcb;
	struct cut cut = {
		.seq = tcb->snd_nxt, .flags = TCPSTATE_ACK, .cause = TCPSTATE_CAUSE_PROBE,
	};
	u32 wnd = max_t(u32, tcb->snd_wnd, 1);

	tcpstate_mib_inc(tcpstate_sk_net(sk), TCPSTATE_MIB_PROBES);
	cut.len = min3(tcb->write_seq - tcb->snd_nxt, wnd, (u32)tcb->snd_mss);
	if (cut.seq + cut.len == tcb->write_seq) {
		if (cut.len)
			cut.flags |= TCPSTATE_PSH;
		else if (tcpstate_fsm_outflags(ts->flow.state) & TCPSTATE_FIN)
			cut.flags |= TCPSTATE_FIN;
	}
	ts->rtt_timing = false;
	if (transmit(sk, &cut))
		return;
	tcb->snd_nxt += cut.len + !!(cut.flags & TCPSTATE_FIN);
}

/**
 * tcpstate_output_keepalive() - ask whether the peer is there
 * @sk: idle
 *
 * An old number without text (SHLD-12), which every TCP must answer.
 *
 * Context: socket lock held.
 * Source: RFC 9293 3.8.4.
 */
void tcpstate_output_keepalive(struct sock *sk)
{
	struct cut cut = {
		.seq = tcpstate_sk(sk)->tcb.snd_una - 1, .flags = TCPSTATE_ACK,
		.cause = TCPSTATE_CAUSE_KEEPALIVE,
	};

	transmit(sk, &cut);
}

/**
 * tcpstate_output_owes_ack() - has so much come that an ACK is due
 * @ts: the socket
 *
 * Context: socket lock held.
 * Return: two full segments or more (RFC 9293 3.8.6.3, SHLD-19).
 */
bool tcpstate_output_owes_ack(const struct tcpstate_sock *ts)
{
	u32 mss = clamp_t(u32, ts->rcv_seg, TCPSTATE_DEFAULT_MSS_V4, ts->tcb.rcv_mss);

	return ts->tcb.rcv_nxt - ts->ack_seq >= 2 * mss;
}

/* A peer that waits for the reader's next ACK has sent enough to go on with. */
static bool much_unread(const struct sock *sk)
{
	const struct tcpstate_sock *ts = tcpstate_sk(sk);

	return ts->tcb.rcv_nxt - ts->copied_seq > full_space(sk) / 4;
}

/**
 * tcpstate_output_reader_lags() - does an ACK now say no more than one when text is read
 * @sk: the socket
 *
 * As in-tree: where text waits to be read and there is less space than the last ACK
 * offered, the right edge does not move, or not by much.  A peer that is just
 * beginning gets its ACKs all the same: it wants them to open its own window.
 *
 * Context: socket lock held.
 * Return: true where a quarter of the largest window and more is unread, and the
 * window would be smaller than it was.
 */
bool tcpstate_output_reader_lags(const struct sock *sk)
{
	const struct tcpstate_sock *ts = tcpstate_sk(sk);

	return much_unread(sk) && tcpstate_output_receive_space(sk) < ts->tcb.rcv_adv - ts->ack_seq;
}

/**
 * tcpstate_output_open_window() - the reader took text: is that news
 * @sk: the socket
 *
 * Tells the peer when the window has grown by two segments or half the
 * buffer (MUST-39), and at once when it was shut; and acknowledges what was left
 * to the reader to acknowledge, where much is unread yet in steps of a quarter of the
 * window: the delayed ACK is for a reader that then takes no more.
 *
 * Context: socket lock held.
 */
void tcpstate_output_open_window(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	u32 wnd = tcpstate_rcv_wnd(&ts->tcb);
	u32 full = full_space(sk);
	u32 space, step;
	bool news;

	/* With more than half of it open, only what is owed is news. */
	if (wnd > full / 2 && !tcpstate_output_owes_ack(ts) && !ts->rcv_refused)
		return;
	if (!tcpstate_in(ts->flow.state, TCPSTATE_F_CAN_RECEIVE))
		return;
	space = min3(tcpstate_output_receive_space(sk), full, 65535u << ts->tcb.rcv_wscale);
	step = min_t(u32, full / 2, 2 * max_t(u32, ts->rcv_seg, ts->tcb.rcv_mss));
	if (unlikely(ts->rcv_refused)) {
		news = space >= step || skb_queue_empty(&sk->sk_receive_queue);
		WRITE_ONCE(ts->rcv_refused, !news);
	} else if (tcpstate_output_owes_ack(ts)) {
		news = !wnd || space >= wnd + full / 4 || !much_unread(sk);
	} else {
		news = space >= wnd + step && (!wnd || space >= 2 * wnd);
	}
	if (news)
		tcpstate_output_ack(sk);
}

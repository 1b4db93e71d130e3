// SPDX-License-Identifier: GPL-2.0
/*
 * A segment for a full socket: check, ACK, text, FIN, in the order of
 * RFC 9293 3.10.7.  What to make of a segment is decided by the pure checks;
 * this file carries it out.
 */
#include <net/tcp.h>

#include "tcpstate.h"
#include "tcpstate_note.h"

/* Segments smaller than this are copied together when memory is short. */
#define COMPACT_BELOW	1024
/* Octets of one such buffer with what the kernel adds to it. */
#define COMPACT_MIN	2048
#define COMPACT_MAX	16384

static u32 now_us(void)
{
	return (u32)(ktime_get_ns() / NSEC_PER_USEC);
}

/* A new urgent pointer (RFC 9293 3.10.7.4 sixth): the mark moves, the user hears. */
static void take_urgent_pointer(struct sock *sk, const struct tcpstate_seg *seg)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_tcb *tcb = &ts->tcb;

	if (!tcpstate_urg_arrives(tcb, seg, ts->copied_seq))
		return;
	/*
	 * The octet at the old mark is text like any other from now on.  A
	 * reader that stands there and has taken it does not get it again.
	 */
	if (tcb->urgent == TCPSTATE_URGENT_READ && tcpstate_at_mark(tcb, ts->copied_seq) &&
	    ts->copied_seq != tcb->rcv_nxt)
		WRITE_ONCE(ts->copied_seq, ts->copied_seq + 1);
	WRITE_ONCE(tcb->rcv_up, seg->seq + seg->up);
	WRITE_ONCE(tcb->urgent, TCPSTATE_URGENT_AHEAD);
	/* MUST-32 */
	sk_send_sigurg(sk);
}

/**
 * tcpstate_input_take_syn() - the numbers and options of the peer's SYN
 * @sk: in LISTEN (a child) or SYN_SENT; has a route
 * @seg: the SYN
 *
 * A SYN's urgent pointer counts (3.10.7.3 sends it on to the sixth step); its
 * text does not, and comes again.
 *
 * Context: socket lock held.
 * Source: RFC 9293 3.10.7.2 third and 3.10.7.3 fourth.
 */
void tcpstate_input_take_syn(struct sock *sk, const struct tcpstate_seg *seg)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_tcb *tcb = &ts->tcb;
	u32 offered = tcpstate_rcv_wnd(tcb);

	tcb->irs = seg->seq;
	tcb->rcv_nxt = seg->seq + 1;
	/* The window that our own SYN offered now gets its place. */
	tcb->rcv_adv = tcb->rcv_nxt + offered;
	ts->copied_seq = tcb->rcv_nxt;
	ts->sizing_seq = tcb->rcv_nxt;
	ts->sizing_start = 0;
	ts->ack_seq = tcb->irs;
	tcb->sack_ok = seg->opt.has_sack_perm;
	tcb->wscale_ok = seg->opt.has_wscale;
	tcb->snd_wscale = tcb->wscale_ok ? seg->opt.wscale : 0;
	if (!tcb->wscale_ok)
		tcb->rcv_wscale = 0;
	tcb->ts_ok = tcb->ts_offer && seg->opt.has_tstamp;
	tcb->ts_recent = seg->opt.tsval;
	tcb->ts_recent_at = seg->when;
	tcb->peer_mss = seg->opt.mss ?: ts->af->default_mss;
	/* A SYN's own window is never scaled (RFC 7323 2.2). */
	tcb->snd_wnd = seg->wnd;
	tcb->max_wnd = seg->wnd;
	tcb->snd_wl1 = seg->seq;
	tcb->snd_wl2 = seg->ack;
	take_urgent_pointer(sk, seg);
	tcpstate_output_sync_mss(sk);
}

/* The peer has answered: what ICMP said of the way to it is over. */
static void forget_soft_error(struct sock *sk)
{
	if (READ_ONCE(sk->sk_err_soft))
		WRITE_ONCE(sk->sk_err_soft, 0);
}

/*
 * SND.UNA has moved: how long was the way?  The segment that was timed tells
 * it in microseconds; of the others, and of those that were sent twice, the
 * echo of our timestamp does (RFC 7323 4.1).  Flight: before the ACK, octets.
 */
static void take_sample(struct tcpstate_sock *ts, const struct tcpstate_seg *seg, u32 flight)
{
	const struct tcpstate_tcb *tcb = &ts->tcb;

	if (ts->rtt_timing && !tcpstate_before(tcb->snd_una, ts->rtt_seq)) {
		ts->rtt_timing = false;
		tcpstate_rtt_sample(&ts->rtt, now_us() - ts->rtt_start);
		return;
	}
	/* RFC 7323 appendix G: an ACK for every other segment. */
	if (tcb->ts_ok && seg->opt.has_tstamp && seg->opt.tsecr)
		tcpstate_rtt_echo(&ts->rtt,
				  tcpstate_output_tsval(tcb->ts_offset) - seg->opt.tsecr,
				  max_t(u32, DIV_ROUND_UP(flight, 2 * tcb->snd_mss), 1));
}

/* What the handshake taught about the path. */
static void syn_acked(struct sock *sk, const struct tcpstate_seg *seg)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	tcpstate_output_disarm(sk);
	/* A SYN+ACK that was asked for again, or sent as a cookie, was not lost. */
	if (!ts->rtt_timing && ts->total_retrans) {
		tcpstate_rtt_syn_lost(&ts->rtt);
		tcpstate_cong_syn_lost(&ts->cong);
	}
	take_sample(ts, seg, 0);
}

/* A buffer that never holds a sender back: twice what may be on the way. */
static void grow_sndbuf(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	int want, max = READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_wmem[2]);

	if (sk->sk_userlocks & SOCK_SNDBUF_LOCK)
		return;
	want = min_t(u64, 3 * (u64)ts->cong.cwnd, max);
	if (want > sk->sk_sndbuf)
		WRITE_ONCE(sk->sk_sndbuf, want);
}

/*
 * RFC 3522 (Eifel): the first ACK after text was sent again, by a timeout or for
 * duplicates, echoes a timestamp from before that: the first copy had arrived.
 */
static bool sent_again_in_vain(const struct tcpstate_sock *ts, const struct tcpstate_seg *seg)
{
	return ts->tcb.ts_ok && seg->opt.has_tstamp && seg->opt.tsecr &&
	       tcpstate_before(seg->opt.tsecr, ts->resent_tsval);
}

/*
 * Then the windows are what they were, and the rest need not go again (RFC 4015).
 * Flight: behind this ACK, octets.  False: what was cut stays so.
 */
static bool undo(struct sock *sk, const struct tcpstate_seg *seg, u32 flight)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	u8 phase = ts->cong.phase;

	/* Later ACKs say nothing of it. */
	ts->resent = false;
	if (!sent_again_in_vain(ts, seg)) {
		tcpstate_cong_confirm(&ts->cong);
		return false;
	}
	if (!tcpstate_cong_undo(&ts->cong, flight))
		return false;
	tcpstate_mib_inc(tcpstate_sk_net(sk), phase == TCPSTATE_PHASE_LOSS ?
			 TCPSTATE_MIB_SPURIOUSTIMEOUTS : TCPSTATE_MIB_SPURIOUSRECOVERIES);
	return true;
}

/* SND.UNA moves to SEG.ACK. */
static void advance(struct sock *sk, const struct tcpstate_seg *seg)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_tcb *tcb = &ts->tcb;
	u32 ack = seg->ack;
	u32 bytes = ack - tcb->snd_una;
	u32 used = tcb->snd_nxt - tcb->snd_una;
	bool limited = used + tcb->snd_mss > ts->cong.cwnd || used * 2 >= ts->cong.cwnd;
	u8 todo, phase = ts->cong.phase;
	bool patient = phase != TCPSTATE_PHASE_RECOVERY || !ts->cong.partial;

	tcb->snd_una = ack;
	/* So that it never comes to lie ahead by falling behind. */
	if (tcpstate_before(tcb->snd_up, ack))
		tcb->snd_up = ack;
	if (tcpstate_before(ts->small_seq, ack))
		ts->small_seq = ack;
	/* After 2^32 octets SND.UNA comes by ISS again; the SYN stays acknowledged. */
	if (tcb->snd_una == tcb->iss)
		tcb->iss--;
	ts->bytes_acked += bytes;
	ts->rtx_count = 0;
	ts->probes = 0;
	take_sample(ts, seg, used);
	if (unlikely(ts->resent) && undo(sk, seg, tcb->snd_nxt - ack))
		limited = false;
	todo = tcpstate_cong_new_ack(&ts->cong, ack, tcb->snd_nxt, bytes, limited);
	tcpstate_note_phase(sk, phase);
	if (todo == TCPSTATE_CONG_RETRANSMIT)
		tcpstate_output_retransmit(sk, TCPSTATE_CAUSE_PARTIAL_ACK);
	tcpstate_queue_release(sk, tcb->snd_una);
	grow_sndbuf(sk);
	if (tcb->snd_una == tcb->snd_nxt) {
		tcpstate_output_disarm(sk);
	} else {
		ts->first_sent = jiffies;
		/*
		 * RFC 6582 3.2 step 3: in recovery only the first partial ACK.  Where there
		 * are many holes, one in a round trip, a timeout is the shorter way.
		 */
		if (patient || ts->cong.phase != phase)
			tcpstate_output_arm(sk);
	}
	ts->push_pending = true;
}

/*
 * @advanced: the segment acknowledges something new, and so left the peer after what SND.WL1
 * and SND.WL2 are from, though its text may be from before (RFC 9293 3.8.6.2.1 asks who
 * retransmits to tell the newest window).
 */
static void update_window(struct sock *sk, const struct tcpstate_seg *seg, bool advanced)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_tcb *tcb = &ts->tcb;
	u32 wnd = (u32)seg->wnd << tcb->snd_wscale;
	u32 old = tcb->snd_wnd;

	if (!advanced && !tcpstate_seg_updates_window(tcb, seg))
		return;
	if (tcpstate_after(seg->seq, tcb->snd_wl1))
		tcb->snd_wl1 = seg->seq;
	tcb->snd_wl2 = seg->ack;
	if (wnd > tcb->snd_wnd)
		ts->push_pending = true;
	tcb->snd_wnd = wnd;
	if (wnd > tcb->max_wnd)
		tcb->max_wnd = wnd;
	if (old ? old >= tcb->snd_mss || wnd < tcb->snd_mss : !wnd)
		return;
	/* What is on its way within the old window was not refused. */
	if (old && tcb->snd_una != tcb->snd_nxt && tcb->snd_nxt - tcb->snd_una <= old)
		return;
	/* The window has opened: probing is over, a refused probe goes again. */
	ts->rtt.backoff = 0;
	ts->rtx_count = 0;
	ts->probes = 0;
	if (tcb->snd_una != tcb->snd_nxt)
		tcpstate_output_retransmit(sk, TCPSTATE_CAUSE_WINDOW);
	tcpstate_output_disarm(sk);
	if (tcb->snd_una != tcb->snd_nxt)
		tcpstate_output_arm(sk);
}

/* RFC 5681 2: the same ACK again, with nothing new but its coming. */
static bool is_duplicate(const struct tcpstate_tcb *tcb, const struct tcpstate_seg *seg)
{
	return seg->ack == tcb->snd_una && tcb->snd_una != tcb->snd_nxt && !seg->len &&
	       !(seg->flags & (TCPSTATE_SYN | TCPSTATE_FIN)) &&
	       ((u32)seg->wnd << tcb->snd_wscale) == tcb->snd_wnd && tcb->snd_wnd;
}

/* RFC 9293 3.10.7.4 fifth, after the checks. */
static void take_ack(struct sock *sk, const struct tcpstate_seg *seg)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_tcb *tcb = &ts->tcb;
	bool fin_was_acked = tcpstate_fin_acked(tcb);
	bool advanced = tcpstate_after(seg->ack, tcb->snd_una);
	bool duplicate = is_duplicate(tcb, seg);
	u8 todo, phase;

	forget_soft_error(sk);
	/* An answered probe keeps the connection (MUST-37). */
	if (!tcb->snd_wnd || !((u32)seg->wnd << tcb->snd_wscale))
		ts->rtx_count = 0;
	if (advanced)
		advance(sk, seg);
	update_window(sk, seg, advanced);
	if (duplicate) {
		ts->push_pending = true;
		phase = ts->cong.phase;
		todo = tcpstate_cong_dupack(&ts->cong, tcb->snd_una, tcb->snd_nxt);
		tcpstate_note_phase(sk, phase);
		if (todo == TCPSTATE_CONG_RETRANSMIT) {
			tcpstate_mib_inc(tn, TCPSTATE_MIB_FASTRETRANS);
			tcpstate_output_retransmit(sk, TCPSTATE_CAUSE_DUPACKS);
			tcpstate_output_arm(sk);
		}
	}
	if (fin_was_acked || !tcpstate_fin_acked(tcb))
		return;
	tcpstate_state_event(sk, TCPSTATE_EV_RCV_ACK_OF_FIN);
	if (sock_flag(sk, SOCK_DEAD))
		tcpstate_timer_orphan(sk);
}

/* Take what the queue already has off the front.  False: no memory for it. */
static bool __must_check trim_front(struct sk_buff *skb, u32 n)
{
	struct tcpstate_seg *seg = &tcpstate_cb(skb)->seg;

	if (!pskb_pull(skb, n))
		return false;
	seg->seq += n;
	seg->len -= n;
	return true;
}

static bool may_charge(struct sock *sk, struct sk_buff *skb, unsigned int limit)
{
	return atomic_read(&sk->sk_rmem_alloc) <= limit &&
	       sk_rmem_schedule(sk, skb, skb->truesize);
}

/* The time of the newest arrival is what a reader asks for. */
static void take_stamps(struct sk_buff *to, struct sk_buff *from)
{
	to->tstamp = from->tstamp;
	/* In some drivers' buffers it is a pointer of theirs. */
	if (!((skb_shinfo(to)->tx_flags | skb_shinfo(from)->tx_flags) & SKBTX_HW_TSTAMP_NETDEV))
		*skb_hwtstamps(to) = *skb_hwtstamps(from);
}

static bool coalesce(struct sock *sk, struct sk_buff *to, struct sk_buff *skb)
{
	bool stolen;
	int delta;

	if (!skb_try_coalesce(to, skb, &stolen, &delta))
		return false;
	atomic_add(delta, &sk->sk_rmem_alloc);
	sk_mem_charge(sk, delta);
	tcpstate_cb(to)->seg.len += tcpstate_cb(skb)->seg.len;
	if (unlikely(skb->tstamp || skb_hwtstamps(skb)->hwtstamp))
		take_stamps(to, skb);
	kfree_skb_partial(skb, stolen);
	return true;
}

/*
 * Also where all memory is taken a reader that waits gets something, as in-tree: the
 * peer may wait for that to be acknowledged, and have what memory there is.  Until it
 * is read the account is below zero.
 */
static bool may_charge_in_order(struct sock *sk, struct sk_buff *skb)
{
	/* The window was promised: bounded overcommitment keeps the promise. */
	return may_charge(sk, skb, 2 * READ_ONCE(sk->sk_rcvbuf)) ||
	       skb_queue_empty(&sk->sk_receive_queue);
}

/*
 * Many small segments cost more in buffers than in text: copy them together, into one
 * that leaves room beside it in a small receive buffer.
 */
static struct sk_buff *compacted(struct sock *sk, struct sk_buff *skb)
{
	int rcvbuf = READ_ONCE(sk->sk_rcvbuf);
	struct sk_buff *big;
	int size;

	if (skb->len > COMPACT_BELOW || atomic_read(&sk->sk_rmem_alloc) < rcvbuf / 4)
		return skb;
	size = clamp(rcvbuf / 2, COMPACT_MIN, COMPACT_MAX);
	big = alloc_skb(SKB_WITH_OVERHEAD(roundup_pow_of_two(size)), GFP_ATOMIC);
	if (!big)
		return skb;
	/* Text in the memory of a device cannot be copied. */
	if (!sk_rmem_schedule(sk, big, big->truesize) ||
	    skb_copy_bits(skb, 0, skb_put(big, skb->len), skb->len)) {
		kfree_skb(big);
		return skb;
	}
	memcpy(big->cb, skb->cb, sizeof(skb->cb));
	take_stamps(big, skb);
	consume_skb(skb);
	return big;
}

/*
 * Text that echoes a newer timestamp of ours: how long was it from that ACK until what
 * the ACK let go?  Who only receives learns it from nothing else.  Full segments only: what
 * is less did not wait for an ACK.  The clock is read once a tick.
 */
static void take_echo(struct tcpstate_sock *ts, const struct tcpstate_seg *seg)
{
	u32 ms;

	if (seg->opt.tsecr == ts->rcv_echo || seg->len < ts->rcv_seg || !ts->tcb.ts_ok ||
	    !seg->opt.has_tstamp)
		return;
	ts->rcv_echo = seg->opt.tsecr;
	ms = tcpstate_output_tsval(ts->tcb.ts_offset) - seg->opt.tsecr;
	ts->rcv_rtt_us = tcpstate_rtt_smooth(ts->rcv_rtt_us, ms);
}

/* Text at RCV.NXT goes to the reader.  Consumes skb. */
static void queue_text(struct sock *sk, struct sk_buff *skb)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct sk_buff *tail = skb_peek_tail(&sk->sk_receive_queue);
	u32 len = tcpstate_cb(skb)->seg.len;

	ts->tcb.rcv_nxt += len;
	ts->bytes_received += len;
	if (tail && coalesce(sk, tail, skb))
		return;
	skb = compacted(sk, skb);
	skb_set_owner_r(skb, sk);
	__skb_queue_tail(&sk->sk_receive_queue, skb);
}

static void ooo_erase(struct tcpstate_sock *ts, struct sk_buff *skb)
{
	rb_erase(&skb->rbnode, &ts->ooo);
	ts->ooo_octets -= tcpstate_cb(skb)->seg.len;
	RB_CLEAR_NODE(&skb->rbnode);
	skb->next = NULL;
	skb->prev = NULL;
}

static void ooo_drop(struct sock *sk, struct sk_buff *skb)
{
	ooo_erase(tcpstate_sk(sk), skb);
	tcpstate_note_dropped(sk, &tcpstate_cb(skb)->seg, TCPSTATE_LOST_OOO_MEMORY);
	tcpstate_mib_inc(tcpstate_sk_net(sk), TCPSTATE_MIB_OFODROPPED);
	kfree_skb(skb);
}

/* Behind the last number that is held. */
static u32 ooo_end(const struct tcpstate_sock *ts)
{
	struct rb_node *last = rb_last(&ts->ooo);
	const struct tcpstate_seg *seg;

	if (!last)
		return ts->tcb.rcv_nxt;
	seg = &tcpstate_cb(rb_to_skb(last))->seg;
	return seg->seq + seg->len;
}

/* In-order text needs the room: what is beyond a hole can come again. */
static void ooo_make_room(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	while (atomic_read(&sk->sk_rmem_alloc) > READ_ONCE(sk->sk_rcvbuf) &&
	       !RB_EMPTY_ROOT(&ts->ooo))
		ooo_drop(sk, rb_to_skb(rb_last(&ts->ooo)));
	tcpstate_sack_cut(&ts->sack, ooo_end(ts));
}

/* skb has come, or what it has: ACKs tell of it, and of what is held around it. */
static void ooo_tell(struct tcpstate_sock *ts, struct sk_buff *skb)
{
	const struct tcpstate_seg *seg = &tcpstate_cb(skb)->seg;
	u32 start = seg->seq, end = seg->seq + seg->len;
	struct rb_node *node;

	if (!ts->tcb.sack_ok)
		return;
	/* A block that is told ends where something is missing. */
	for (node = rb_prev(&skb->rbnode); node; node = rb_prev(node)) {
		seg = &tcpstate_cb(rb_to_skb(node))->seg;
		if (tcpstate_before(seg->seq + seg->len, start) ||
		    tcpstate_sack_tells(&ts->sack, seg->seq))
			break;
		start = seg->seq;
	}
	for (node = rb_next(&skb->rbnode); node; node = rb_next(node)) {
		seg = &tcpstate_cb(rb_to_skb(node))->seg;
		if (tcpstate_after(seg->seq, end) || tcpstate_sack_tells(&ts->sack, seg->seq))
			break;
		end = seg->seq + seg->len;
	}
	tcpstate_sack_hold(&ts->sack, start, end);
}

/* Put text beyond RCV.NXT in its place (SHLD-31).  Consumes skb. */
static void ooo_insert(struct sock *sk, struct sk_buff *skb)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_seg *seg = &tcpstate_cb(skb)->seg;
	struct rb_node **p = &ts->ooo.rb_node, *parent = NULL, *next;
	struct sk_buff *before = NULL;
	u32 len = seg->len, end = seg->seq + len;
	bool follows;

	while (*p) {
		struct tcpstate_seg *other = &tcpstate_cb(rb_to_skb(*p))->seg;

		parent = *p;
		if (tcpstate_before(seg->seq, other->seq)) {
			p = &parent->rb_left;
			continue;
		}
		before = rb_to_skb(parent);
		if (!tcpstate_after(end, other->seq + other->len)) {
			/* Nothing new in it. */
			ooo_tell(ts, before);
			tcpstate_note_dropped(sk, seg, TCPSTATE_LOST_OLD);
			consume_skb(skb);
			return;
		}
		p = &parent->rb_right;
	}
	if (!may_charge(sk, skb, READ_ONCE(sk->sk_rcvbuf))) {
		/* RFC 2018 8 wants it told all the same; as in-tree it is not. */
		tcpstate_note_dropped(sk, seg, TCPSTATE_LOST_OOO_MEMORY);
		tcpstate_mib_inc(tn, TCPSTATE_MIB_OFODROPPED);
		kfree_skb(skb);
		return;
	}
	/* Small ones that follow each other would make the tree large. */
	follows = before && tcpstate_cb(before)->seg.seq + tcpstate_cb(before)->seg.len == seg->seq;
	if (follows && coalesce(sk, before, skb)) {
		skb = before;
	} else {
		if (follows)
			skb = compacted(sk, skb);
		rb_link_node(&skb->rbnode, parent, p);
		rb_insert_color(&skb->rbnode, &ts->ooo);
		skb_set_owner_r(skb, sk);
	}
	ts->ooo_octets += len;
	tcpstate_mib_inc(tn, TCPSTATE_MIB_OFOQUEUED);
	/* Those that it covers whole are not needed any more. */
	while ((next = rb_next(&skb->rbnode))) {
		struct tcpstate_seg *other = &tcpstate_cb(rb_to_skb(next))->seg;

		if (tcpstate_after(other->seq + other->len, end))
			break;
		ooo_erase(ts, rb_to_skb(next));
		consume_skb(rb_to_skb(next));
	}
	ooo_tell(ts, skb);
}

/* The hole has closed: move on what follows. */
static void ooo_drain(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct rb_node *node;

	tcpstate_sack_pass(&ts->sack, ts->tcb.rcv_nxt);
	while ((node = rb_first(&ts->ooo))) {
		struct sk_buff *skb = rb_to_skb(node);
		struct tcpstate_seg *seg = &tcpstate_cb(skb)->seg;

		if (tcpstate_after(seg->seq, ts->tcb.rcv_nxt))
			break;
		ooo_erase(ts, skb);
		if (!tcpstate_after(seg->seq + seg->len, ts->tcb.rcv_nxt)) {
			consume_skb(skb);
			continue;
		}
		/* It was charged when it was queued; the reader's queue charges anew. */
		skb_orphan(skb);
		if (!trim_front(skb, ts->tcb.rcv_nxt - seg->seq) ||
		    !sk_rmem_schedule(sk, skb, skb->truesize)) {
			tcpstate_note_dropped(sk, seg, TCPSTATE_LOST_MEMORY);
			kfree_skb(skb);
			/* Another may overlap it. */
			continue;
		}
		queue_text(sk, skb);
	}
	/* RFC 2018 4: an ACK that is not of all that came tells what more there is. */
	if (node && !ts->sack.n)
		ooo_tell(ts, rb_to_skb(node));
}

/* The octet at the mark has come: who reads it out of band may. */
static void urgent_here(struct sock *sk, const struct sk_buff *skb)
{
	struct tcpstate_tcb *tcb = &tcpstate_sk(sk)->tcb;
	u32 offset = tcb->rcv_up - 1 - tcpstate_cb(skb)->seg.seq;

	if (offset >= skb->len || skb_copy_bits(skb, offset, &tcb->urgent_octet, 1))
		return;
	WRITE_ONCE(tcb->urgent, TCPSTATE_URGENT_HERE);
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_data_ready(sk);
}

/*
 * Before the text is trimmed: the octet at the mark counts also where there is a
 * hole before it, or no window (MUST-66).
 */
static void take_urgent(struct sock *sk, const struct sk_buff *skb)
{
	take_urgent_pointer(sk, &tcpstate_cb(skb)->seg);
	if (tcpstate_sk(sk)->tcb.urgent == TCPSTATE_URGENT_AHEAD)
		urgent_here(sk, skb);
}

/* And after it: the pointer came later than the octet. */
static void find_urgent(struct sock *sk)
{
	struct tcpstate_tcb *tcb = &tcpstate_sk(sk)->tcb;
	struct sk_buff *skb;

	if (tcb->urgent != TCPSTATE_URGENT_AHEAD || tcpstate_after(tcb->rcv_up, tcb->rcv_nxt))
		return;
	skb_queue_reverse_walk(&sk->sk_receive_queue, skb) {
		if (tcpstate_before(tcb->rcv_up - 1, tcpstate_cb(skb)->seg.seq))
			continue;
		urgent_here(sk, skb);
		return;
	}
}

/* When to acknowledge text in order: RFC 9293 3.8.6.3, RFC 5681 4.2. */
static void schedule_ack(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	if (ts->ack_seq == ts->tcb.rcv_nxt)
		return;
	/*
	 * A reader that is waking up takes all that has come until then, and
	 * answers for all of it (MUST-59): the delayed ACK is for one that does not.
	 * One that lags behind answers, too, for until it reads the window stands.
	 */
	if (ts->quickack || (tcpstate_output_owes_ack(ts) && !ts->reader_waits &&
			     !tcpstate_output_reader_lags(sk))) {
		ts->ack_now = true;
		return;
	}
	tcpstate_output_arm_delack(sk);
}

/* There is text, or its end, to read. */
static void tell_reader(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	if (unlikely(ts->owner == TCPSTATE_OWNER_REQUEST)) {
		/* TCP_DEFER_ACCEPT waited for this. */
		sk_stop_timer(sk, &sk->sk_timer);
		tcpstate_request_done(sk);
	}
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_data_ready(sk);
}

/* RFC 9293 3.10.7.4 seventh.  Consumes skb. */
static void take_text(struct sock *sk, struct sk_buff *skb)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_seg *seg = &tcpstate_cb(skb)->seg;
	struct tcpstate_tcb *tcb = &ts->tcb;
	u32 edge = tcb->rcv_nxt + tcpstate_rcv_wnd(tcb);
	u32 piece = skb_shinfo(skb)->gso_size ?: seg->len;

	if (tcpstate_before(seg->seq, tcb->rcv_nxt)) {
		/* The peer may have missed our ACK of what it sends again. */
		ts->ack_now = true;
		if (!tcpstate_after(seg->seq + seg->len, tcb->rcv_nxt)) {
			tcpstate_note_dropped(sk, seg, TCPSTATE_LOST_OLD);
			consume_skb(skb);
			return;
		}
		if (!trim_front(skb, tcb->rcv_nxt - seg->seq)) {
			tcpstate_note_dropped(sk, seg, TCPSTATE_LOST_MEMORY);
			kfree_skb(skb);
			return;
		}
	}
	if (tcpstate_after(seg->seq + seg->len, edge)) {
		ts->ack_now = true;
		tcpstate_note_dropped(sk, seg, TCPSTATE_LOST_WINDOW);
		if (!tcpstate_before(seg->seq, edge)) {
			kfree_skb(skb);
			return;
		}
		seg->len = edge - seg->seq;
		if (pskb_trim(skb, seg->len)) {
			kfree_skb(skb);
			return;
		}
	}
	ts->rcv_seg = max_t(u32, min_t(u32, piece, tcb->rcv_mss), ts->rcv_seg);
	if (seg->seq != tcb->rcv_nxt) {
		/* RFC 5681 4.2: tell of the hole at once. */
		ts->ack_now = true;
		ooo_insert(sk, skb);
		return;
	}
	if (atomic_read(&sk->sk_rmem_alloc) > READ_ONCE(sk->sk_rcvbuf))
		ooo_make_room(sk);
	if (!may_charge_in_order(sk, skb)) {
		ts->ack_now = true;
		/* The peer is to wait for the reader, not to take this for a loss. */
		WRITE_ONCE(ts->rcv_refused, true);
		tcpstate_note_dropped(sk, seg, TCPSTATE_LOST_MEMORY);
		tcpstate_mib_inc(tn, TCPSTATE_MIB_RCVQDROPPED);
		kfree_skb(skb);
		/* Who waits for more than there is (SO_RCVLOWAT) would wait for ever. */
		tell_reader(sk);
		return;
	}
	if (unlikely(ts->rcv_refused))
		WRITE_ONCE(ts->rcv_refused, false);
	take_echo(ts, seg);
	queue_text(sk, skb);
	if (!RB_EMPTY_ROOT(&ts->ooo)) {
		/* RFC 5681 4.2: also when a part of a gap is filled. */
		ts->ack_now = true;
		ooo_drain(sk);
	}
	schedule_ack(sk);
	tell_reader(sk);
}

/* RFC 9293 3.10.7.4 eighth: the FIN counts when RCV.NXT reaches it. */
static void take_fin(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	/* The text before it may have ended a child whose listener is going. */
	if (!ts->fin_seen || ts->tcb.rcv_nxt != ts->fin_seq ||
	    !tcpstate_in(ts->flow.state, TCPSTATE_F_CAN_RECEIVE))
		return;
	ts->fin_seen = false;
	ts->tcb.rcv_nxt++;
	tcpstate_purge_ooo(ts);
	tcpstate_state_event(sk, TCPSTATE_EV_RCV_FIN);
	if (unlikely(ts->owner == TCPSTATE_OWNER_REQUEST))
		tell_reader(sk);
}

/* Text for a reader that will never read: the loss must show (SHLD-3). */
static bool nobody_reads(const struct sock *sk, const struct tcpstate_seg *seg)
{
	const struct tcpstate_sock *ts = tcpstate_sk(sk);

	return (sk->sk_shutdown & RCV_SHUTDOWN) && seg->len &&
	       tcpstate_in(ts->flow.state, TCPSTATE_F(FIN_WAIT1) | TCPSTATE_F(FIN_WAIT2)) &&
	       tcpstate_after(seg->seq + seg->len, ts->tcb.rcv_nxt);
}

/* Sixth, seventh and eighth check.  Consumes skb. */
static void take_rest(struct sock *sk, struct sk_buff *skb)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_seg *seg = &tcpstate_cb(skb)->seg;
	u32 text_end = seg->seq + seg->len;

	if (!tcpstate_in(ts->flow.state, TCPSTATE_F_CAN_RECEIVE)) {
		/* CLOSE_WAIT and later: a peer that sent FIN sends no more. */
		if (seg->len || (seg->flags & TCPSTATE_FIN))
			ts->ack_now = ts->flow.state != TCPSTATE_CLOSE;
		if (seg->len)
			tcpstate_note_dropped(sk, seg, TCPSTATE_LOST_CLOSED);
		kfree_skb(skb);
		return;
	}
	if (nobody_reads(sk, seg)) {
		tcpstate_note_dropped(sk, seg, TCPSTATE_LOST_NOBODY);
		tcpstate_mib_inc(tcpstate_sk_net(sk), TCPSTATE_MIB_ABORTONDATA);
		tcpstate_state_event(sk, TCPSTATE_EV_ABORT);
		kfree_skb(skb);
		return;
	}
	if (seg->flags & TCPSTATE_FIN) {
		/* Beyond the window it must come again, like text. */
		if (!tcpstate_after(text_end, ts->tcb.rcv_nxt + tcpstate_rcv_wnd(&ts->tcb))) {
			ts->fin_seen = true;
			ts->fin_seq = text_end;
		}
		ts->ack_now = true;
	}
	take_urgent(sk, skb);
	if (seg->len)
		take_text(sk, skb);
	else
		consume_skb(skb);
	find_urgent(sk);
	take_fin(sk);
}

/* RFC 7323 4.3 (2) */
static void take_tstamp(struct tcpstate_sock *ts, const struct tcpstate_seg *seg)
{
	if (!tcpstate_seg_updates_tstamp(&ts->tcb, seg, ts->ack_seq))
		return;
	ts->tcb.ts_recent = seg->opt.tsval;
	ts->tcb.ts_recent_at = seg->when;
}

/* A SYN came again: a peer that has not heard us may ask for less the next time. */
static void take_syn_again(struct sock *sk, const struct tcpstate_seg *seg)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_tcb *tcb = &ts->tcb;

	take_tstamp(ts, seg);
	if (!seg->opt.has_tstamp)
		tcb->ts_ok = false;
	if (!seg->opt.has_sack_perm)
		tcb->sack_ok = false;
	if (!seg->opt.has_wscale) {
		tcb->wscale_ok = false;
		tcb->snd_wscale = 0;
		tcb->rcv_wscale = 0;
	}
	tcb->peer_mss = seg->opt.mss ?: ts->af->default_mss;
	tcpstate_output_sync_mss(sk);
}

/* Carry out a verdict that lets the segment go no further. */
static void refuse(struct sock *sk, struct sk_buff *skb, const struct tcpstate_check *check)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_reply rst;

	tcpstate_mib_drop(tn, check->reason);
	switch (check->verdict) {
	case TCPSTATE_SEG_ACK:
		tcpstate_output_challenge(sk, false);
		break;
	case TCPSTATE_SEG_CHALLENGE:
		tcpstate_output_challenge(sk, true);
		break;
	case TCPSTATE_SEG_SYN_AGAIN:
		take_syn_again(sk, &tcpstate_cb(skb)->seg);
		tcpstate_output_syn_again(sk);
		break;
	case TCPSTATE_SEG_RST:
		if (tcpstate_seg_rst_reply(&tcpstate_cb(skb)->seg, &rst))
			ts->af->reply(tn, skb, &rst);
		break;
	}
	kfree_skb(skb);
}

/* The handshake's segments: set the numbers, then tell the table. */
static void take_event(struct sock *sk, const struct tcpstate_seg *seg, u8 event)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	switch (event) {
	case TCPSTATE_EV_RCV_SYN_ACK:
		tcpstate_input_take_syn(sk, seg);
		ts->tcb.snd_una = seg->ack;
		syn_acked(sk, seg);
		break;
	case TCPSTATE_EV_RCV_SYN:
		if (ts->flow.state != TCPSTATE_SYN_SENT)
			break;
		tcpstate_input_take_syn(sk, seg);
		/* Our SYN goes again, now with an ACK. */
		ts->rtt_timing = false;
		break;
	case TCPSTATE_EV_RCV_ACK_OF_SYN:
		ts->tcb.snd_una = ts->tcb.iss + 1;
		/* The window of a crossing SYN+ACK is not scaled (RFC 7323 2.2). */
		ts->tcb.snd_wnd = (u32)seg->wnd << (seg->flags & TCPSTATE_SYN ?
						    0 : ts->tcb.snd_wscale);
		ts->tcb.max_wnd = max(ts->tcb.max_wnd, ts->tcb.snd_wnd);
		ts->tcb.snd_wl1 = seg->seq;
		ts->tcb.snd_wl2 = seg->ack;
		/* close() in SYN_RECV left a FIN to send. */
		ts->push_pending = true;
		syn_acked(sk, seg);
		break;
	}
	ts->rtx_count = 0;
	forget_soft_error(sk);
	tcpstate_state_event(sk, event);
	if (event == TCPSTATE_EV_RCV_ACK_OF_SYN && ts->owner == TCPSTATE_OWNER_REQUEST)
		tcpstate_request_ready(sk);
}

/* Look at a segment and take what is in it.  Consumes skb. */
static void take_one(struct sock *sk, struct sk_buff *skb)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_seg *seg = &tcpstate_cb(skb)->seg;
	struct tcpstate_check check;

	/* It was looked up without the lock: the user may have renamed the socket. */
	if (tcpstate_in(ts->flow.state, TCPSTATE_F(CLOSE) | TCPSTATE_F(LISTEN)) ||
	    !ts->af->names_match(sk, skb)) {
		kfree_skb(skb);
		return;
	}
	ts->segs_in++;
	check = tcpstate_seg_check(&ts->tcb, ts->flow.state, seg);
	tcpstate_note_received(tcpstate_sk_net(sk), &ts->flow, seg, &check,
			       skb_shinfo(skb)->gso_segs);
	if (check.verdict != TCPSTATE_SEG_ACCEPT) {
		refuse(sk, skb, &check);
		return;
	}
	ts->last_rcv = jiffies;
	ts->keep_probes = 0;
	/* A later source route replaces the earlier one (SHLD-24). */
	if (ts->tcb.passive)
		ts->af->take_route(sk, skb);
	if (check.event != TCPSTATE_EV_COUNT)
		take_event(sk, seg, check.event);
	/* A SYN without a connection yet, a RST: they have nothing more to say. */
	if (tcpstate_in(ts->flow.state, TCPSTATE_F_SYNCHRONIZED) &&
	    !(seg->flags & (TCPSTATE_SYN | TCPSTATE_RST))) {
		take_tstamp(ts, seg);
		take_ack(sk, seg);
		take_rest(sk, skb);
	} else {
		consume_skb(skb);
	}
}

static void take(struct sock *sk, struct sk_buff *skb)
{
	take_one(sk, skb);
	tcpstate_note_taken(sk);
}

/**
 * tcpstate_input_answer() - send what the segments that were taken call for
 * @sk: the socket
 *
 * Context: socket lock held; process or softirq; the caller holds a reference.
 */
void tcpstate_input_answer(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	if (ts->push_pending || ts->ack_now)
		tcpstate_output_push(sk);
	/* Room in the buffer, or below TCP_NOTSENT_LOWAT. */
	if (sk->sk_socket && test_bit(SOCK_NOSPACE, &sk->sk_socket->flags))
		sk->sk_write_space(sk);
	if (ts->flow.state == TCPSTATE_TIME_WAIT)
		tcpstate_timewait_enter(sk);
}

/**
 * tcpstate_input() - a segment has arrived for a full socket
 * @sk: not in LISTEN
 * @skb: data points to the text, the parsed segment stands in its cb
 *
 * Context: socket lock held; process or softirq; the caller holds a reference.
 * Source: RFC 9293 3.10.7.3 and 3.10.7.4.
 */
void tcpstate_input(struct sock *sk, struct sk_buff *skb)
{
	take(sk, skb);
	tcpstate_input_answer(sk);
}

/**
 * tcpstate_input_backlog() - segments that came while a user held the socket
 * @sk: the socket
 * @skb: parsed
 *
 * One answer for all that wait (MUST-58, MUST-59): tcpstate_timer_release_cb()
 * gives it.  What enters TIME_WAIT does so at once.
 *
 * Context: socket lock held by a user who lets go.
 * Return: 0.
 */
int tcpstate_input_backlog(struct sock *sk, struct sk_buff *skb)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	take(sk, skb);
	if (ts->flow.state == TCPSTATE_TIME_WAIT)
		tcpstate_input_answer(sk);
	else if (!test_and_set_bit(TCPSTATE_DEFER_ANSWER, &ts->deferred))
		sock_hold(sk);
	return 0;
}

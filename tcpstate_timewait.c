// SPDX-License-Identifier: GPL-2.0
/*
 * TIME_WAIT without a socket: a mini that knows the numbers, answers resent
 * junk and forgets after 2MSL.
 */
#include <linux/slab.h>

#include <net/ipv6.h>

#include "tcpstate_note.h"

/* As many answers as a full socket gives to what it does not accept. */
#define ANSWERS_PER_SECOND	10

/* Beyond an unscaled window of text that may still be on its way to the peer. */
#define ISS_STEP		65537

static struct kmem_cache *cache;

static void free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(cache, container_of(rcu, struct tcpstate_timewait, rcu));
}

/**
 * tcpstate_timewait_put() - drop a reference
 * @tw: the mini
 *
 * Context: any.
 */
void tcpstate_timewait_put(struct tcpstate_timewait *tw)
{
	if (!refcount_dec_and_test(&tw->ref))
		return;
	tcpstate_process_put(tw->process);
	call_rcu(&tw->rcu, free_rcu);
}

/* Arm the timer; it has a reference while it is pending. */
static void start_2msl(struct tcpstate_timewait *tw)
{
	unsigned long delay = msecs_to_jiffies(READ_ONCE(tw->tn->time_wait_ms));

	if (!mod_timer(&tw->timer, jiffies + delay))
		refcount_inc(&tw->ref);
	tcpstate_note_armed(tw->tn, &tw->flow, TCPSTATE_TIMER_2MSL, delay);
}

/* The namespace's list, the port and the life reference are given back. */
static void delete(struct tcpstate_timewait *tw)
{
	lockdep_assert_held(&tw->lock);
	tcpstate_record_end(&tw->record);
	if (timer_delete(&tw->timer))
		tcpstate_timewait_put(tw);
	tcpstate_port_put(tw->tn, &tw->bind);
	/* Last: who finds the list empty takes the namespace away. */
	spin_lock_bh(&tw->tn->timewait_lock);
	list_del_init(&tw->node);
	spin_unlock_bh(&tw->tn->timewait_lock);
	tcpstate_timewait_put(tw);
}

/* Raise an event.  True: answer with an ACK. */
static bool event(struct tcpstate_timewait *tw, u8 event)
{
	u16 actions = tcpstate_state_timewait_event(tw, event);

	if (actions & TCPSTATE_ACT(START_2MSL))
		start_2msl(tw);
	if (actions & TCPSTATE_ACT(DELETE_TCB))
		delete(tw);
	return actions & TCPSTATE_ACT(ACK_NOW);
}

static void fires(struct timer_list *t)
{
	struct tcpstate_timewait *tw = timer_container_of(tw, t, timer);

	spin_lock_bh(&tw->lock);
	/* A FIN may have started the time anew while this waited for the lock. */
	if (tw->flow.state == TCPSTATE_TIME_WAIT && !timer_pending(&tw->timer)) {
		tcpstate_note_fired(tw->tn, &tw->flow, TCPSTATE_TIMER_2MSL);
		event(tw, TCPSTATE_EV_TIME_WAIT_TIMEOUT);
	}
	spin_unlock_bh(&tw->lock);
	tcpstate_timewait_put(tw);
}

static void copy_numbers(struct tcpstate_timewait *tw, const struct tcpstate_tcb *tcb)
{
	tw->iss = tcb->iss;
	tw->irs = tcb->irs;
	tw->snd_nxt = tcb->snd_nxt;
	tw->rcv_nxt = tcb->rcv_nxt;
	tw->rcv_adv = tcb->rcv_adv;
	tw->max_wnd = tcb->max_wnd;
	tw->rcv_wscale = tcb->rcv_wscale;
	tw->ts_ok = tcb->ts_ok;
	tw->ts_recent = tcb->ts_recent;
	tw->ts_recent_at = tcb->ts_recent_at;
	tw->ts_offset = tcb->ts_offset;
}

/* Old segments of ours lie below the new connection's numbers. */
static u32 next_iss(const struct tcpstate_timewait *tw)
{
	return tw->snd_nxt + ISS_STEP ?: 1;
}

/* The other way, for the checks. */
static struct tcpstate_tcb numbers(const struct tcpstate_timewait *tw)
{
	return (struct tcpstate_tcb){
		.iss = tw->iss,
		.irs = tw->irs,
		.snd_una = tw->snd_nxt,
		.snd_nxt = tw->snd_nxt,
		.rcv_nxt = tw->rcv_nxt,
		.rcv_adv = tw->rcv_adv,
		.max_wnd = tw->max_wnd,
		.ts_offer = READ_ONCE(tw->tn->timestamps),
		.ts_ok = tw->ts_ok,
		.ts_recent = tw->ts_recent,
		.ts_recent_at = tw->ts_recent_at,
	};
}

/* NULL: no memory, or so many that another would be an attack's work. */
static struct tcpstate_timewait *alloc(struct tcpstate_net *tn)
{
	struct tcpstate_timewait *tw;

	/* Lockdep makes locks and timers larger. */
	BUILD_BUG_ON(!IS_ENABLED(CONFIG_LOCKDEP) && sizeof(*tw) > 264);
	/* The gauge counts the new one already. */
	if (atomic_read(&tn->gauge[TCPSTATE_TIME_WAIT]) > READ_ONCE(tn->max_tw_buckets)) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_TIMEWAITOVERFLOW);
		return NULL;
	}
	tw = kmem_cache_zalloc(cache, GFP_ATOMIC);
	if (!tw)
		tcpstate_mib_inc(tn, TCPSTATE_MIB_NOMEMORY);
	return tw;
}

/* The last ACK of ours that was sent is RCV.NXT: nothing comes behind a FIN. */
static void take_tstamp(struct tcpstate_timewait *tw, const struct tcpstate_tcb *tcb,
			const struct tcpstate_seg *seg)
{
	if ((seg->flags & (TCPSTATE_SYN | TCPSTATE_RST)) ||
	    !tcpstate_seg_updates_tstamp(tcb, seg, tcb->rcv_nxt))
		return;
	tw->ts_recent = seg->opt.tsval;
	tw->ts_recent_at = seg->when;
}

/**
 * tcpstate_timewait_enter() - a full socket has come to TIME_WAIT
 * @sk: its last ACK is sent
 *
 * Context: socket lock held; the caller holds a reference.
 */
void tcpstate_timewait_enter(struct sock *sk)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_timewait *tw = alloc(tn);

	if (!tw) {
		tcpstate_state_hand_over(sk, NULL);
		return;
	}
	spin_lock_init(&tw->lock);
	timer_setup(&tw->timer, fires, 0);
	refcount_set(&tw->ref, 1);
	tw->tn = tn;
	tw->bind.addr = ts->inet.inet_rcv_saddr;
	tw->bind.device = sk->sk_bound_dev_if;
	tw->bind.reuse = sk->sk_reuse;
	tw->bind.reuseport = sk->sk_reuseport;
	tw->tos = READ_ONCE(ts->inet.tos);
	tw->ttl = max_t(int, READ_ONCE(ts->inet.uc_ttl), 0);
	tw->mark = READ_ONCE(sk->sk_mark);
	tw->any_source = !!(inet_sk_flowi_flags(sk) & FLOWI_FLAG_ANYSRC);
	copy_numbers(tw, &ts->tcb);
	/* Ahead of the table: whoever finds it there may end it. */
	spin_lock_bh(&tw->lock);
	spin_lock_bh(&tn->timewait_lock);
	list_add(&tw->node, &tn->timewaits);
	spin_unlock_bh(&tn->timewait_lock);
	tcpstate_state_hand_over(sk, tw);
	start_2msl(tw);
	spin_unlock_bh(&tw->lock);
}

static void answer(struct tcpstate_timewait *tw, struct sk_buff *skb)
{
	struct tcpstate_tcb tcb = numbers(tw);
	struct tcpstate_reply ack = {
		.seq = tw->snd_nxt,
		.ack = tw->rcv_nxt,
		.wnd = min_t(u32, tcpstate_rcv_wnd(&tcb) >> tw->rcv_wscale, 65535),
		.flags = TCPSTATE_ACK,
		.opt = {
			.has_tstamp = tw->ts_ok,
			.tsval = tw->ts_ok ? tcpstate_output_tsval(tw->ts_offset) : 0,
			.tsecr = tw->ts_recent,
		},
		.own_header = true,
		.tos = tw->tos,
		.ttl = tw->ttl,
		.mark = tw->mark,
		.device = tw->bind.device,
		.any_source = tw->any_source,
	};
	u32 now = (u32)jiffies;

	if (!tw->answers || now - tw->answer_second > HZ) {
		tw->answer_second = now;
		tw->answers = 0;
	}
	if (tw->answers >= ANSWERS_PER_SECOND) {
		tcpstate_mib_inc(tw->tn, TCPSTATE_MIB_CHALLENGELIMITED);
		return;
	}
	tw->answers++;
	tcpstate_note_reply(tw->tn, &tw->flow, &ack, TCPSTATE_CAUSE_NONE);
	tcpstate_ipv4.reply(tw->tn, skb, &ack);
}

/* What a verdict of the checks makes a mini do.  True: it made room for a SYN. */
static bool act(struct tcpstate_timewait *tw, struct sk_buff *skb,
		const struct tcpstate_check *check, bool somebody_listens)
{
	const struct tcpstate_seg *seg = &tcpstate_cb(skb)->seg;
	struct tcpstate_reply rst;

	switch (check->verdict) {
	case TCPSTATE_SEG_ACCEPT:
		if (check->event == TCPSTATE_EV_RCV_SYN) {
			if (somebody_listens)
				event(tw, check->event);
			else
				answer(tw, skb);
			return somebody_listens;
		}
		if (check->event != TCPSTATE_EV_COUNT) {
			if (event(tw, check->event))
				answer(tw, skb);
		} else if (seg->len || (seg->flags & TCPSTATE_FIN)) {
			answer(tw, skb);
		}
		return false;
	case TCPSTATE_SEG_CHALLENGE:
		tcpstate_mib_inc(tw->tn, TCPSTATE_MIB_CHALLENGEACKS);
		fallthrough;
	case TCPSTATE_SEG_ACK:
		answer(tw, skb);
		break;
	case TCPSTATE_SEG_RST:
		if (tcpstate_seg_rst_reply(seg, &rst))
			tcpstate_ipv4.reply(tw->tn, skb, &rst);
		break;
	}
	tcpstate_mib_drop(tw->tn, check->reason);
	return false;
}

/**
 * tcpstate_timewait_input() - a segment for a connection in TIME_WAIT
 * @tw: held by the caller
 * @skb: parsed; consumed
 * @listener: who would take it as a SYN, held by the caller; or NULL
 *
 * Context: softirq, RCU read side.
 * Source: RFC 9293 3.10.7.4, RFC 1337, RFC 6191.
 */
void tcpstate_timewait_input(struct tcpstate_timewait *tw, struct sk_buff *skb,
			     struct sock *listener)
{
	struct tcpstate_check check;
	struct tcpstate_tcb tcb;
	bool reopen = false;

	spin_lock_bh(&tw->lock);
	if (tw->flow.state == TCPSTATE_TIME_WAIT) {
		tcb = numbers(tw);
		check = tcpstate_seg_check(&tcb, TCPSTATE_TIME_WAIT, &tcpstate_cb(skb)->seg);
		tcpstate_note_received(tw->tn, &tw->flow, &tcpstate_cb(skb)->seg, &check,
				       skb_shinfo(skb)->gso_segs);
		if (check.verdict == TCPSTATE_SEG_ACCEPT)
			take_tstamp(tw, &tcb, &tcpstate_cb(skb)->seg);
		reopen = act(tw, skb, &check, listener);
	}
	spin_unlock_bh(&tw->lock);
	if (reopen)
		tcpstate_request_syn(listener, skb, next_iss(tw));
	else
		consume_skb(skb);
}

static bool on_loopback(const struct tcpstate_timewait *tw)
{
	const struct tcpstate_key *key = &tw->flow.key;

	return tw->bind.device == LOOPBACK_IFINDEX ||
	       ipv6_addr_v4mapped_loopback(&key->local) || ipv6_addr_loopback(&key->local) ||
	       ipv6_addr_v4mapped_loopback(&key->remote) || ipv6_addr_loopback(&key->remote);
}

/*
 * Timestamps tell the peer which of our segments are old, and tell us which of
 * its are, once the clocks have moved on.  A user who chose the port has asked
 * for this very name, as in-tree.
 */
static bool may_reuse(const struct tcpstate_timewait *tw, bool bound)
{
	int reuse = READ_ONCE(tw->tn->time_wait_reuse);

	if (!tw->ts_ok || !READ_ONCE(tw->tn->timestamps))
		return false;
	if (bound)
		return true;
	return (reuse == 1 || (reuse == 2 && on_loopback(tw))) &&
	       (u32)ktime_get_seconds() - tw->ts_recent_at > 1;
}

/**
 * tcpstate_timewait_reuse() - end a mini whose name connect() wants
 * @sk: its flow's key is complete, and taken
 * @bound: the user chose the port
 *
 * Context: process, socket lock held.
 * Return: the ISS to connect with, or TCPSTATE_ANY_ISS: the name stays taken.
 * Source: RFC 6191 3, the other way round: what the peer would accept.
 */
u32 tcpstate_timewait_reuse(struct sock *sk, bool bound)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	u32 iss = TCPSTATE_ANY_ISS;
	struct tcpstate_timewait *tw;
	struct tcpstate_flow *flow;

	rcu_read_lock();
	flow = tcpstate_demux_find(tn, &tcpstate_sk(sk)->flow.key);
	rcu_read_unlock();
	if (!flow)
		return iss;
	if (flow->kind != TCPSTATE_FLOW_TIMEWAIT) {
		if (flow->kind == TCPSTATE_FLOW_REQUEST)
			tcpstate_request_put(container_of(flow, struct tcpstate_request, flow));
		else
			sock_put((struct sock *)container_of(flow, struct tcpstate_sock, flow));
		return iss;
	}
	tw = container_of(flow, struct tcpstate_timewait, flow);
	spin_lock_bh(&tw->lock);
	if (tw->flow.state == TCPSTATE_TIME_WAIT && may_reuse(tw, bound)) {
		iss = next_iss(tw);
		event(tw, TCPSTATE_EV_ABORT);
	}
	spin_unlock_bh(&tw->lock);
	tcpstate_timewait_put(tw);
	return iss;
}

/**
 * tcpstate_timewait_abort() - end a mini before its time
 * @tw: held by the caller
 *
 * Context: process.
 * Return: 0, or -ENOENT: it had ended.
 */
int tcpstate_timewait_abort(struct tcpstate_timewait *tw)
{
	int ret = -ENOENT;

	spin_lock_bh(&tw->lock);
	if (tw->flow.state == TCPSTATE_TIME_WAIT) {
		event(tw, TCPSTATE_EV_ABORT);
		ret = 0;
	}
	spin_unlock_bh(&tw->lock);
	return ret;
}

/**
 * tcpstate_timewait_purge() - end every mini of a namespace
 * @tn: the namespace; no segment comes in and no socket is left
 *
 * Context: process; may sleep.
 */
void tcpstate_timewait_purge(struct tcpstate_net *tn)
{
	struct tcpstate_timewait *tw;

	for (;;) {
		spin_lock_bh(&tn->timewait_lock);
		tw = list_first_entry_or_null(&tn->timewaits, struct tcpstate_timewait, node);
		if (tw)
			refcount_inc(&tw->ref);
		spin_unlock_bh(&tn->timewait_lock);
		if (!tw)
			return;
		spin_lock_bh(&tw->lock);
		if (tw->flow.state == TCPSTATE_TIME_WAIT)
			event(tw, TCPSTATE_EV_ABORT);
		spin_unlock_bh(&tw->lock);
		/* A timer that runs now still looks at the namespace. */
		timer_shutdown_sync(&tw->timer);
		tcpstate_timewait_put(tw);
	}
}

/**
 * tcpstate_timewait_init() - make the slab cache
 *
 * Context: module load.
 * Return: 0 or -ENOMEM.
 */
int tcpstate_timewait_init(void)
{
	cache = KMEM_CACHE(tcpstate_timewait, 0);
	return cache ? 0 : -ENOMEM;
}

/**
 * tcpstate_timewait_exit() - free it
 *
 * Context: module unload, every mini ended.
 */
void tcpstate_timewait_exit(void)
{
	rcu_barrier();
	kmem_cache_destroy(cache);
}

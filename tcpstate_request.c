// SPDX-License-Identifier: GPL-2.0
/*
 * Connection requests: a listener's children from the SYN to accept().  In SYN_RECV
 * a child is a mini, or with SYN cookies nothing at all; the handshake's last ACK
 * makes a socket of it.  The listener never changes and is never locked for a segment.
 */
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/tcp.h>

#include <net/busy_poll.h>
#include <net/tcp.h>

#include "tcpstate_note.h"

/* A backlog of 0 still takes a few, as in BSD. */
#define MIN_HALF_OPEN	8

/* As many answers as a full socket gives to what it does not accept. */
#define ANSWERS_PER_SECOND	10

static struct kmem_cache *cache;

/* A cookie is good for one to two of these. */
#define COOKIE_SECONDS	64
#define COOKIE_PERIODS	2

enum room {
	ROOM_FOR_CHILD,
	ROOM_FOR_NONE,		/* accept() is behind */
	ROOM_FOR_COOKIE		/* too many handshakes: keep nothing of this one */
};

/* Handshakes, and children that TCP_DEFER_ACCEPT keeps back. */
static bool half_is_full(const struct sock *listener)
{
	return READ_ONCE(tcpstate_sk(listener)->accept_half_len) >=
	       max_t(u32, READ_ONCE(listener->sk_max_ack_backlog), MIN_HALF_OPEN);
}

static enum room find_room(struct sock *listener)
{
	struct tcpstate_net *tn = tcpstate_sk_net(listener);
	int cookies = READ_ONCE(tn->syncookies);

	if (sk_acceptq_is_full(listener)) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_LISTENOVERFLOWS);
		return ROOM_FOR_NONE;
	}
	if (!half_is_full(listener))
		return cookies == 2 ? ROOM_FOR_COOKIE : ROOM_FOR_CHILD;
	tcpstate_mib_inc(tn, TCPSTATE_MIB_HALFOPENOVERFLOWS);
	return cookies ? ROOM_FOR_COOKIE : ROOM_FOR_NONE;
}

static u32 child_mark(const struct sock *listener, const struct sk_buff *skb)
{
	return inet_request_mark(listener, (struct sk_buff *)skb);
}

/* --- SYN cookies --- */

/* The secret hashes that a cookie for these names is made of. */
struct cookie_hashes {
	struct tcpstate_key key;
	siphash_key_t secret[2];
	u32 base;
};

static void hash_names(struct cookie_hashes *h, struct sock *listener, const struct sk_buff *skb)
{
	static siphash_key_t secret[2] __read_mostly;

	net_get_random_once(secret, sizeof(secret));
	memcpy(h->secret, secret, sizeof(secret));
	tcpstate_sk(listener)->af->key(skb, tcpstate_sk(listener)->wire, tcp_hdr(skb), &h->key);
	h->base = siphash(&h->key, sizeof(h->key), &h->secret[0]);
}

static u32 cookie_proof(const struct cookie_hashes *h, u32 period)
{
	return siphash_2u64(siphash(&h->key, sizeof(h->key), &h->secret[1]), period,
			    &h->secret[1]);
}

static u32 cookie_period(void)
{
	return (u32)ktime_get_seconds() / COOKIE_SECONDS;
}

/*
 * A SYN+ACK for which nothing is kept: what its ACK must bring back is in the ISS
 * and, where the peer sends them, in the timestamp; without one the connection
 * has neither window scaling nor SACK.
 */
static void send_cookie(struct sock *listener, struct sk_buff *skb)
{
	const struct tcpstate_seg *seg = &tcpstate_cb(skb)->seg;
	struct tcpstate_net *tn = tcpstate_sk_net(listener);
	struct tcpstate_sock *ls = tcpstate_sk(listener);
	u32 period = cookie_period();
	struct tcpstate_reply reply = {
		.ack = seg->seq + 1,
		.wnd = tcpstate_output_first_window(listener),
		.flags = TCPSTATE_SYN | TCPSTATE_ACK,
		.opt.mss = ls->rtx_mss ?: 65535,
		.own_header = true,
		.tos = READ_ONCE(inet_sk(listener)->tos),
		.ttl = max_t(int, READ_ONCE(inet_sk(listener)->uc_ttl), 0),
		.mark = child_mark(listener, skb),
		.device = ls->af->device(listener, skb),
		.any_source = inet_sk_flowi_flags(listener) & FLOWI_FLAG_ANYSRC,
	};
	struct cookie_hashes h;

	hash_names(&h, listener, skb);
	reply.seq = tcpstate_cookie_make(h.base, cookie_proof(&h, period), seg->seq, period,
					 seg->opt.mss ?: ls->af->default_mss);
	/* That number would ask for another; the peer tries again. */
	if (reply.seq == TCPSTATE_ANY_ISS)
		return;
	if (READ_ONCE(tn->timestamps) && seg->opt.has_tstamp) {
		reply.opt.has_tstamp = true;
		reply.opt.tsval = tcpstate_sock_tstamp_offset(&h.key) +
				  tcpstate_cookie_tsval(tcpstate_output_tsval(0), &seg->opt);
		reply.opt.tsecr = seg->opt.tsval;
		reply.opt.has_wscale = seg->opt.has_wscale;
		reply.opt.wscale = tcpstate_sock_wscale(listener);
		reply.opt.has_sack_perm = seg->opt.has_sack_perm;
	}
	WRITE_ONCE(ls->cookie_sent, jiffies ?: 1);
	tcpstate_mib_inc(tn, TCPSTATE_MIB_COOKIESSENT);
	ls->af->reply(tn, skb, &reply);
}

/* Only who was flooded a moment ago has cookies to take back. */
static bool expects_cookie(const struct tcpstate_sock *ls)
{
	unsigned long sent = READ_ONCE(ls->cookie_sent);

	return sent && time_before(jiffies, sent + COOKIE_PERIODS * COOKIE_SECONDS * HZ);
}

/* The SYN that an ACK with our cookie answers to, as far as it is needed.  False: none. */
static bool read_cookie(struct sock *listener, const struct sk_buff *skb, struct tcpstate_seg *syn)
{
	const struct tcpstate_seg *ack = &tcpstate_cb(skb)->seg;
	u32 irs = ack->seq - 1, iss = ack->ack - 1;
	struct cookie_hashes h;
	u32 period = cookie_period();
	u8 age;

	if (!expects_cookie(tcpstate_sk(listener)) ||
	    (ack->flags & (TCPSTATE_SYN | TCPSTATE_RST | TCPSTATE_ACK)) != TCPSTATE_ACK)
		return false;
	hash_names(&h, listener, skb);
	age = tcpstate_cookie_age(h.base, irs, iss, period);
	*syn = (struct tcpstate_seg){
		.seq = irs, .wnd = ack->wnd, .flags = TCPSTATE_SYN, .when = ack->when,
	};
	if (age < COOKIE_PERIODS)
		syn->opt.mss = tcpstate_cookie_mss(h.base, cookie_proof(&h, period - age),
						   irs, iss);
	if (!syn->opt.mss) {
		tcpstate_mib_inc(tcpstate_sk_net(listener), TCPSTATE_MIB_COOKIESFAILED);
		return false;
	}
	if (READ_ONCE(tcpstate_sk_net(listener)->timestamps) && ack->opt.has_tstamp) {
		syn->opt.has_tstamp = true;
		syn->opt.tsval = ack->opt.tsval;
		tcpstate_cookie_options(ack->opt.tsecr - tcpstate_sock_tstamp_offset(&h.key),
					&syn->opt);
	}
	return true;
}

/* --- children: full sockets --- */

/*
 * What text costs is charged to the listener's cgroup: the one of who accepts, which
 * in-tree it is then, cannot be asked for by a module.
 */
static void charge_cgroup_of(struct sock *child, const struct sock *listener)
{
#ifdef CONFIG_MEMCG
	struct mem_cgroup *memcg = listener->sk_memcg;

	if (mem_cgroup_sockets_enabled && memcg && css_tryget(&memcg->css))
		child->sk_memcg = memcg;
#endif
}

/* What a clone must not share with its listener. */
static void init_child(struct sock *child, struct sock *listener, const struct sk_buff *skb,
		       struct ip_options_rcu **route, u32 mark, u32 iss)
{
	struct tcpstate_sock *ts = tcpstate_sk(child);

	ts->af->take_name(child, skb, route);
	/* The clone has its listener's pool; the memory for itself is of the slab of all. */
	child->sk_prot_creator = listener->sk_prot_creator;
	charge_cgroup_of(child, listener);
	tcpstate_sock_init_transport(child, iss);
	memset(&inet_sk(child)->cork, 0, sizeof(inet_sk(child)->cork));
	child->sk_frag.page = NULL;
	child->sk_frag.offset = 0;
	child->sk_mark = mark;
	atomic_set(&inet_sk(child)->inet_id, get_random_u16());
	atomic64_set(&child->sk_cookie, 0);
	sk_set_txhash(child);
	sk_mark_napi_id(child, skb);
	sk_incoming_cpu_update(child);
	tcpstate_process_share(child, listener);
	sock_hold(listener);
	ts->listener = listener;
	ts->owner = TCPSTATE_OWNER_REQUEST;
	ts->tcb.passive = true;
}

/* False: the listener is going. */
static bool join(struct sock *child)
{
	struct tcpstate_sock *ts = tcpstate_sk(child);
	struct tcpstate_sock *ls = tcpstate_sk(ts->listener);
	bool ok;

	spin_lock_bh(&ls->accept_lock);
	ok = !ls->accept_closed;
	if (ok) {
		list_add_tail(&ts->accept_node, &ls->accept_deferred);
		ls->accept_half_len++;
	}
	spin_unlock_bh(&ls->accept_lock);
	return ok;
}

/* Of a child that sk_clone_lock() has made. */
static void let_go(struct sock *child)
{
	/* For sparse: it was returned locked. */
	__acquire(&child->sk_lock.slock);
	bh_unlock_sock(child);
	sock_put(child);
}

/*
 * A child under the names of skb, locked and held; it stands in no table and has
 * no state yet.  NULL: no memory, no route, or the listener is going.
 */
static struct sock *bear(struct sock *listener, struct sk_buff *skb,
			 struct ip_options_rcu **route, u32 mark, u32 iss)
{
	struct tcpstate_net *tn = tcpstate_sk_net(listener);
	struct sock *child = sk_clone_lock(listener, GFP_ATOMIC);

	if (!child) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_NOMEMORY);
		return NULL;
	}
	init_child(child, listener, skb, route, mark, iss);
	tcpstate_port_share(tn, &tcpstate_sk(child)->bind, &tcpstate_sk(listener)->bind);
	if (join(child) && tcpstate_sk(child)->bind.hold && !tcpstate_sk(child)->af->route(child))
		return child;
	/* The mini answers on, and goes the same way. */
	*route = rcu_replace_pointer(inet_sk(child)->inet_opt, NULL, true);
	tcpstate_state_born(child, TCPSTATE_LISTEN);
	tcpstate_state_event(child, TCPSTATE_EV_CLOSE);
	let_go(child);
	return NULL;
}

/*
 * A child in SYN_RECV as if it had sent its SYN+ACK takes the segment that came.
 * Consumes skb.
 */
static void grow_up(struct sock *child, const struct tcpstate_seg *syn, u16 wnd,
		    struct sk_buff *skb)
{
	struct tcpstate_sock *ts = tcpstate_sk(child);
	struct tcpstate_tcb *tcb = &ts->tcb;

	tcpstate_input_take_syn(child, syn);
	tcb->snd_nxt = tcb->iss + 1;
	tcb->rcv_adv = tcb->rcv_nxt + wnd;
	tcb->rcv_mss = tcpstate_output_advertised_mss(child);
	/* The SYN+ACK said so. */
	ts->ack_seq = tcb->rcv_nxt;
	ts->push_pending = false;
	ts->ack_now = false;
	ts->segs_out++;
	ts->segs_in++;
	skb_dst_drop(skb);
	secpath_reset(skb);
	skb->dev = NULL;
	tcpstate_input(child, skb);
}

/*
 * An ACK to a listener: does it bring a cookie back?  The SYN happens to the child
 * now, and the ACK to the child in SYN_RECV.  Consumes skb if so.
 */
static bool take_cookie(struct sock *listener, struct sk_buff *skb)
{
	struct tcpstate_net *tn = tcpstate_sk_net(listener);
	struct ip_options_rcu *route = NULL;
	struct sock *child = NULL;
	struct tcpstate_seg syn;

	if (!read_cookie(listener, skb, &syn))
		return false;
	tcpstate_mib_inc(tn, TCPSTATE_MIB_COOKIESRECV);
	if (sk_acceptq_is_full(listener))
		tcpstate_mib_inc(tn, TCPSTATE_MIB_LISTENOVERFLOWS);
	else if (tcpstate_sk(listener)->defer_accept && half_is_full(listener))
		/* Nobody counts those that wait for their first text as ready. */
		tcpstate_mib_inc(tn, TCPSTATE_MIB_HALFOPENOVERFLOWS);
	else
		child = bear(listener, skb, &route, child_mark(listener, skb),
			     tcpstate_cb(skb)->seg.ack - 1);
	if (!child)
		goto drop;
	tcpstate_sk(child)->tcb.ts_offset =
		tcpstate_sock_tstamp_offset(&tcpstate_sk(child)->flow.key);
	tcpstate_state_born(child, TCPSTATE_LISTEN);
	tcpstate_record_begin(child);
	if (tcpstate_demux_add(child)) {
		/* The same segment twice, on two CPUs. */
		tcpstate_state_event(child, TCPSTATE_EV_CLOSE);
		let_go(child);
		goto drop;
	}
	tcpstate_state_event(child, TCPSTATE_EV_RCV_SYN);
	grow_up(child, &syn, tcpstate_output_first_window(child), skb);
	let_go(child);
	return true;

drop:
	kfree(route);
	/* Its peer says it again, with its text. */
	tcpstate_mib_inc(tn, TCPSTATE_MIB_LISTENDROPS);
	kfree_skb(skb);
	return true;
}

/* --- minis --- */

static void free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(cache, container_of(rcu, struct tcpstate_request, rcu));
}

/**
 * tcpstate_request_put() - drop a reference
 * @req: the mini
 *
 * Context: any.
 */
void tcpstate_request_put(struct tcpstate_request *req)
{
	if (!refcount_dec_and_test(&req->ref))
		return;
	kfree(req->route);
	sock_put(req->listener);
	call_rcu(&req->rcu, free_rcu);
}

static struct tcpstate_net *net_of(const struct tcpstate_request *req)
{
	return tcpstate_sk_net(req->listener);
}

/* The user timeout of the listener, if it has one, or R2 by retransmissions. */
static bool given_up(const struct tcpstate_request *req)
{
	u32 ms = READ_ONCE(tcpstate_sk(req->listener)->user_timeout);

	if (ms && time_after_eq(jiffies, req->began + msecs_to_jiffies(ms)))
		return true;
	return req->retrans >= READ_ONCE(net_of(req)->synack_retries);
}

/* It has a reference while it is pending. */
static void start_timer(struct tcpstate_request *req)
{
	u32 ms = READ_ONCE(tcpstate_sk(req->listener)->user_timeout);
	unsigned long when = jiffies + usecs_to_jiffies(tcpstate_rtt_timeout(&req->rtt));

	/* It may fall between two retransmissions (RFC 5482). */
	if (ms && time_before(req->began + msecs_to_jiffies(ms), when) &&
	    time_after(req->began + msecs_to_jiffies(ms), jiffies))
		when = req->began + msecs_to_jiffies(ms);
	if (!mod_timer(&req->timer, when))
		refcount_inc(&req->ref);
	tcpstate_note_armed(net_of(req), &req->flow, TCPSTATE_TIMER_RETRANSMIT, when - jiffies);
}

/* For nobody to find; what it is, its finders may still look at. */
static void unlink(struct tcpstate_request *req)
{
	struct tcpstate_sock *ls = tcpstate_sk(req->listener);

	lockdep_assert_held(&req->lock);
	tcpstate_record_end(&req->record);
	if (timer_delete(&req->timer))
		tcpstate_request_put(req);
	spin_lock_bh(&ls->accept_lock);
	if (!list_empty(&req->node)) {
		list_del_init(&req->node);
		ls->accept_half_len--;
	}
	spin_unlock_bh(&ls->accept_lock);
	tcpstate_request_put(req);
}

static struct tcpstate_way way_of(const struct tcpstate_request *req)
{
	struct sock *listener = req->listener;

	return (struct tcpstate_way){
		.key = &req->flow.key,
		.sk = listener,
		.route = req->route,
		.device = req->device,
		.mark = req->mark,
		.any_source = inet_sk_flowi_flags(listener) & FLOWI_FLAG_ANYSRC,
		.tos = READ_ONCE(inet_sk(listener)->tos),
		.ttl = max_t(int, READ_ONCE(inet_sk(listener)->uc_ttl), 0),
	};
}

/* Any segment of ours but the SYN+ACK carries timestamps alone. */
static void send(struct tcpstate_request *req, struct tcpstate_reply *reply, u8 cause)
{
	const struct tcpstate_af *af = tcpstate_sk(req->listener)->af;
	struct tcpstate_way way = way_of(req);
	struct sk_buff *skb;

	if (req->ts_ok) {
		reply->opt.has_tstamp = true;
		reply->opt.tsval = tcpstate_output_tsval(req->ts_offset);
		reply->opt.tsecr = req->syn.opt.tsval;
	}
	skb = af->build_alone(net_of(req), &way, reply);
	if (!skb)
		return;
	tcpstate_note_reply(net_of(req), &req->flow, reply, cause);
	af->send_alone(net_of(req), &way, skb);
}

static void send_syn_ack(struct tcpstate_request *req, u8 cause)
{
	struct tcpstate_reply reply = {
		.seq = req->iss,
		.ack = req->syn.seq + 1,
		.wnd = req->wnd,
		.flags = TCPSTATE_SYN | TCPSTATE_ACK,
		.opt = {
			.mss = tcpstate_sk(req->listener)->rtx_mss ?: 65535,
			.has_wscale = req->syn.opt.has_wscale,
			.wscale = req->wscale,
			.has_sack_perm = req->syn.opt.has_sack_perm,
		},
	};

	send(req, &reply, cause);
}

/* <SEQ=SND.NXT><ACK=RCV.NXT>, and no more of them in a second than of a full socket. */
static void answer(struct tcpstate_request *req)
{
	struct tcpstate_reply reply = {
		.seq = req->iss + 1,
		.ack = req->syn.seq + 1,
		.wnd = req->wnd >> (req->syn.opt.has_wscale ? req->wscale : 0),
		.flags = TCPSTATE_ACK,
	};
	u32 now = (u32)jiffies;

	if (!req->answers || now - req->answer_second > HZ) {
		req->answer_second = now;
		req->answers = 0;
	}
	if (req->answers >= ANSWERS_PER_SECOND) {
		tcpstate_mib_inc(net_of(req), TCPSTATE_MIB_CHALLENGELIMITED);
		return;
	}
	req->answers++;
	send(req, &reply, TCPSTATE_CAUSE_NONE);
}

static void send_rst(struct tcpstate_request *req)
{
	struct tcpstate_reply reply = {
		.seq = req->iss + 1,
		.ack = req->syn.seq + 1,
		.wnd = req->wnd >> (req->syn.opt.has_wscale ? req->wscale : 0),
		.flags = TCPSTATE_RST | TCPSTATE_ACK,
	};

	send(req, &reply, TCPSTATE_CAUSE_NONE);
}

static void event(struct tcpstate_request *req, u8 event)
{
	u16 actions = tcpstate_state_request_event(req, event);

	if (actions & TCPSTATE_ACT(PUSH))
		send_syn_ack(req, TCPSTATE_CAUSE_NONE);
	if (actions & TCPSTATE_ACT(SEND_RST))
		send_rst(req);
	if (actions & TCPSTATE_ACT(DELETE_TCB))
		unlink(req);
}

static void retransmit(struct tcpstate_request *req)
{
	struct tcpstate_net *tn = net_of(req);

	if (given_up(req)) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_ABORTONTIMEOUT);
		event(req, TCPSTATE_EV_USER_TIMEOUT);
		return;
	}
	tcpstate_mib_inc(tn, TCPSTATE_MIB_TIMEOUTS);
	tcpstate_mib_inc(tn, TCPSTATE_MIB_RETRANSSEGS);
	req->retrans++;
	req->rtt.backoff++;
	send_syn_ack(req, TCPSTATE_CAUSE_TIMEOUT);
	start_timer(req);
}

static void fires(struct timer_list *t)
{
	struct tcpstate_request *req = timer_container_of(req, t, timer);

	spin_lock_bh(&req->lock);
	/* It may have been started anew while this waited for the lock. */
	if (req->flow.state == TCPSTATE_SYN_RECV && !timer_pending(&req->timer)) {
		tcpstate_note_fired(net_of(req), &req->flow, TCPSTATE_TIMER_RETRANSMIT);
		retransmit(req);
	}
	spin_unlock_bh(&req->lock);
	tcpstate_request_put(req);
}

/* Not in a table yet, without a state. */
static struct tcpstate_request *make(struct sock *listener, const struct sk_buff *skb, u32 iss)
{
	struct tcpstate_net *tn = tcpstate_sk_net(listener);
	struct tcpstate_sock *ls = tcpstate_sk(listener);
	struct tcpstate_request *req = kmem_cache_zalloc(cache, GFP_ATOMIC);

	/* Lockdep makes locks and timers larger. */
	BUILD_BUG_ON(!IS_ENABLED(CONFIG_LOCKDEP) && sizeof(*req) > 320);
	if (!req) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_NOMEMORY);
		return NULL;
	}
	ls->af->key(skb, ls->wire, tcp_hdr(skb), &req->flow.key);
	spin_lock_init(&req->lock);
	timer_setup(&req->timer, fires, 0);
	INIT_LIST_HEAD(&req->node);
	refcount_set(&req->ref, 1);
	sock_hold(listener);
	req->listener = listener;
	req->route = ls->af->back(sock_net(listener), skb);
	req->syn = tcpstate_cb(skb)->seg;
	req->iss = iss == TCPSTATE_ANY_ISS ? ls->af->iss(&req->flow.key) ?: 1 : iss;
	req->ts_offset = tcpstate_sock_tstamp_offset(&req->flow.key);
	req->ts_ok = READ_ONCE(tn->timestamps) && req->syn.opt.has_tstamp;
	req->mark = child_mark(listener, skb);
	req->device = ls->af->device(listener, skb);
	req->wscale = tcpstate_sock_wscale(listener);
	req->wnd = tcpstate_output_first_window(listener);
	tcpstate_rtt_init(&req->rtt, READ_ONCE(tn->rto_min_ms) * USEC_PER_MSEC,
			  READ_ONCE(tn->rto_max_ms) * USEC_PER_MSEC);
	req->sent_us = (u32)(ktime_get_ns() / NSEC_PER_USEC);
	req->began = jiffies;
	tcpstate_state_request_born(req);
	tcpstate_record_begin_request(req);
	return req;
}

static bool queue_half(struct tcpstate_request *req)
{
	struct tcpstate_sock *ls = tcpstate_sk(req->listener);
	bool ok;

	spin_lock_bh(&ls->accept_lock);
	ok = !ls->accept_closed;
	if (ok) {
		list_add_tail(&req->node, &ls->accept_half);
		ls->accept_half_len++;
	}
	spin_unlock_bh(&ls->accept_lock);
	return ok;
}

/* False: no memory, the listener is going, or the same SYN came twice, on two CPUs. */
static bool begin(struct sock *listener, const struct sk_buff *skb,
		  const struct tcpstate_check *check, u32 iss)
{
	struct tcpstate_request *req = make(listener, skb, iss);
	bool ok;

	if (!req)
		return false;
	spin_lock_bh(&req->lock);
	ok = queue_half(req) && !tcpstate_demux_add_flow(net_of(req), &req->flow);
	if (ok) {
		tcpstate_note_received(net_of(req), &req->flow, &req->syn, check, 1);
		start_timer(req);
	}
	event(req, ok ? TCPSTATE_EV_RCV_SYN : TCPSTATE_EV_CLOSE);
	spin_unlock_bh(&req->lock);
	return ok;
}

/**
 * tcpstate_request_syn() - a segment has come to a listener
 * @listener: held by the caller, not locked
 * @skb: parsed; consumed
 * @iss: of the child; TCPSTATE_ANY_ISS: as RFC 6528 has it
 *
 * Context: softirq or process, softirqs off, RCU read side.
 * Source: RFC 9293 3.10.7.2.
 */
void tcpstate_request_syn(struct sock *listener, struct sk_buff *skb, u32 iss)
{
	struct tcpstate_net *tn = tcpstate_sk_net(listener);
	struct tcpstate_sock *ls = tcpstate_sk(listener);
	const struct tcpstate_seg *seg = &tcpstate_cb(skb)->seg;
	struct tcpstate_check check;
	struct tcpstate_reply rst;
	enum room room;

	check = tcpstate_seg_check(&ls->tcb, TCPSTATE_LISTEN, seg);
	/* MUST-57, MUST-63 */
	if (!ls->af->for_us(skb) || tcpstate_state(listener) != TCPSTATE_LISTEN)
		goto drop;
	if (check.verdict != TCPSTATE_SEG_ACCEPT) {
		if (check.verdict == TCPSTATE_SEG_RST && take_cookie(listener, skb))
			return;
		tcpstate_mib_drop(tn, check.reason);
		if (check.verdict == TCPSTATE_SEG_RST && tcpstate_seg_rst_reply(seg, &rst))
			ls->af->reply(tn, skb, &rst);
		goto drop;
	}
	room = find_room(listener);
	/* A new ISS must lie above the old one's: no cookie does that. */
	if (room == ROOM_FOR_COOKIE && iss == TCPSTATE_ANY_ISS)
		send_cookie(listener, skb);
	else if (room == ROOM_FOR_CHILD && begin(listener, skb, &check, iss))
		;
	else
		tcpstate_mib_inc(tn, TCPSTATE_MIB_LISTENDROPS);
drop:
	kfree_skb(skb);
}

static struct tcpstate_tcb numbers(const struct tcpstate_request *req)
{
	return (struct tcpstate_tcb){
		.iss = req->iss,
		.irs = req->syn.seq,
		.snd_una = req->iss,
		.snd_nxt = req->iss + 1,
		.rcv_nxt = req->syn.seq + 1,
		.rcv_adv = req->syn.seq + 1 + req->wnd,
		.max_wnd = req->syn.wnd,
		.passive = true,
		.ts_offer = READ_ONCE(net_of(req)->timestamps),
		.ts_ok = req->ts_ok,
		.ts_recent = req->syn.opt.tsval,
		.ts_recent_at = req->syn.when,
	};
}

/* The SYN came again: a peer that has not heard us may ask for less the next time. */
static void syn_again(struct tcpstate_request *req, const struct tcpstate_tcb *tcb,
		      const struct tcpstate_seg *seg)
{
	if (!seg->opt.has_tstamp) {
		req->ts_ok = false;
	} else if (tcpstate_seg_updates_tstamp(tcb, seg, tcb->irs)) {
		req->syn.opt.tsval = seg->opt.tsval;
		req->syn.when = seg->when;
	}
	if (!seg->opt.has_wscale)
		req->syn.opt.has_wscale = false;
	if (!seg->opt.has_sack_perm)
		req->syn.opt.has_sack_perm = false;
	req->syn.opt.mss = seg->opt.mss;
	req->repeated = true;
	send_syn_ack(req, TCPSTATE_CAUSE_SYN);
}

/* Carry out a verdict that lets the segment go no further. */
static void refuse(struct tcpstate_request *req, const struct tcpstate_tcb *tcb,
		   struct sk_buff *skb, const struct tcpstate_check *check)
{
	const struct tcpstate_seg *seg = &tcpstate_cb(skb)->seg;
	struct tcpstate_net *tn = net_of(req);
	struct tcpstate_reply rst;

	tcpstate_mib_drop(tn, check->reason);
	switch (check->verdict) {
	case TCPSTATE_SEG_SYN_AGAIN:
		syn_again(req, tcb, seg);
		break;
	case TCPSTATE_SEG_CHALLENGE:
		tcpstate_mib_inc(tn, TCPSTATE_MIB_CHALLENGEACKS);
		fallthrough;
	case TCPSTATE_SEG_ACK:
		answer(req);
		break;
	case TCPSTATE_SEG_RST:
		if (tcpstate_seg_rst_reply(seg, &rst))
			tcpstate_sk(req->listener)->af->reply(tn, skb, &rst);
		break;
	}
}

/* The handshake's last ACK: a full socket takes over.  NULL: not now. */
static struct sock *hand_over(struct tcpstate_request *req, struct sk_buff *skb)
{
	struct sock *listener = req->listener;
	struct tcpstate_sock *ts;
	struct sock *child;

	/* The ACK is not taken; it, or the peer's text, comes again. */
	if (sk_acceptq_is_full(listener)) {
		tcpstate_mib_inc(net_of(req), TCPSTATE_MIB_LISTENOVERFLOWS);
		goto full;
	}
	child = bear(listener, skb, &req->route, req->mark, req->iss);
	if (!child)
		goto full;
	ts = tcpstate_sk(child);
	ts->tcb.ts_offset = req->ts_offset;
	ts->tcb.rcv_wscale = req->wscale;
	ts->tcb.ts_offer = req->ts_ok;
	ts->total_retrans = req->retrans;
	ts->segs_out = req->retrans;
	if (!req->retrans && !req->repeated) {
		ts->rtt_timing = true;
		ts->rtt_seq = req->iss + 1;
		ts->rtt_start = req->sent_us;
	}
	tcpstate_record_grow_up(req, child);
	tcpstate_state_take_over(child, req);
	unlink(req);
	return child;

full:
	tcpstate_mib_inc(net_of(req), TCPSTATE_MIB_LISTENDROPS);
	return NULL;
}

/**
 * tcpstate_request_input() - a segment for a connection in SYN_RECV
 * @req: held by the caller
 * @skb: parsed; consumed, but where this returns false
 *
 * Context: softirq or process, softirqs off, RCU read side.
 * Return: false: the mini is not in SYN_RECV any more, somebody else may have its name.
 * Source: RFC 9293 3.10.7.4.
 */
bool tcpstate_request_input(struct tcpstate_request *req, struct sk_buff *skb)
{
	struct tcpstate_check check;
	struct tcpstate_tcb tcb;
	struct sock *child = NULL;

	spin_lock_bh(&req->lock);
	if (req->flow.state != TCPSTATE_SYN_RECV) {
		spin_unlock_bh(&req->lock);
		return false;
	}
	tcb = numbers(req);
	check = tcpstate_seg_check(&tcb, TCPSTATE_SYN_RECV, &tcpstate_cb(skb)->seg);
	/* What makes a socket of it is told of there. */
	if (check.event != TCPSTATE_EV_RCV_ACK_OF_SYN)
		tcpstate_note_received(net_of(req), &req->flow, &tcpstate_cb(skb)->seg, &check, 1);
	if (check.verdict != TCPSTATE_SEG_ACCEPT)
		refuse(req, &tcb, skb, &check);
	else if (check.event == TCPSTATE_EV_RCV_ACK_OF_SYN)
		child = hand_over(req, skb);
	else
		event(req, check.event);
	spin_unlock_bh(&req->lock);
	if (!child) {
		kfree_skb(skb);
		return true;
	}
	grow_up(child, &req->syn, req->wnd, skb);
	let_go(child);
	return true;
}

/**
 * tcpstate_request_abort() - end a mini from outside
 * @req: held by the caller
 *
 * Context: process.
 * Return: 0, or -ENOENT: it had ended, or become a socket.
 */
int tcpstate_request_abort(struct tcpstate_request *req)
{
	int ret = -ENOENT;

	spin_lock_bh(&req->lock);
	if (req->flow.state == TCPSTATE_SYN_RECV) {
		event(req, TCPSTATE_EV_ABORT);
		ret = 0;
	}
	spin_unlock_bh(&req->lock);
	return ret;
}

/**
 * tcpstate_request_icmp() - an ICMP error quotes our SYN+ACK
 * @req: found under the quoted name, held by the caller
 * @quote: checksum verified
 *
 * Context: softirq.
 * Source: RFC 9293 3.9.2.2, RFC 5927.
 */
void tcpstate_request_icmp(struct tcpstate_request *req, const struct tcpstate_quote *quote)
{
	u8 kind = tcpstate_icmp_kind(quote->type, quote->code);
	struct tcpstate_net *tn = net_of(req);
	struct tcpstate_tcb tcb;

	if (kind == TCPSTATE_ICMP_IGNORE)
		return;
	spin_lock_bh(&req->lock);
	tcb = numbers(req);
	if (req->flow.state != TCPSTATE_SYN_RECV)
		goto out;
	if (quote->ttl < READ_ONCE(inet_sk(req->listener)->min_ttl)) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_MINTTLDROPPED);
	} else if (!tcpstate_icmp_in_flight(&tcb, quote->seq)) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_ICMPOUTOFWINDOW);
	} else if (kind == TCPSTATE_ICMP_TOO_BIG) {
		/* A SYN+ACK is as small as a segment gets. */
		tcpstate_mib_inc(tn, TCPSTATE_MIB_MTUREFUSED);
	} else if (kind == TCPSTATE_ICMP_SOFT) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_ICMPSOFT);
	} else {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_ICMPHARD);
		event(req, TCPSTATE_EV_RCV_HARD_ERROR);
	}
out:
	spin_unlock_bh(&req->lock);
}

/**
 * tcpstate_request_ready() - a child's handshake is complete
 * @child: ESTABLISHED, still owned by the handshake
 *
 * accept() may have it: at once, or with TCP_DEFER_ACCEPT when there is text
 * to read or that time has passed.
 *
 * Context: the child's lock held; the caller holds a reference.
 */
void tcpstate_request_ready(struct sock *child)
{
	u32 seconds = READ_ONCE(tcpstate_sk(tcpstate_sk(child)->listener)->defer_accept);

	if (seconds)
		sk_reset_timer(child, &child->sk_timer, jiffies + seconds * HZ);
	else
		tcpstate_request_done(child);
}

/**
 * tcpstate_request_done() - a child goes to the accept queue
 * @child: ESTABLISHED or CLOSE_WAIT, still owned by the handshake
 *
 * Context: the child's lock held; the caller holds a reference.
 */
void tcpstate_request_done(struct sock *child)
{
	struct tcpstate_sock *ts = tcpstate_sk(child);
	struct sock *listener = ts->listener;
	struct tcpstate_sock *ls = tcpstate_sk(listener);
	bool closed;

	spin_lock_bh(&ls->accept_lock);
	closed = ls->accept_closed;
	if (!closed) {
		list_move_tail(&ts->accept_node, &ls->accept_ready);
		ls->accept_half_len--;
		sk_acceptq_added(listener);
		ts->owner = TCPSTATE_OWNER_QUEUE;
	}
	spin_unlock_bh(&ls->accept_lock);
	if (closed)
		tcpstate_state_event(child, TCPSTATE_EV_ABORT);
	else
		listener->sk_data_ready(listener);
}

/**
 * tcpstate_request_take() - the oldest child that is ready
 * @listener: the listener
 *
 * Context: process, the listener's lock held.
 * Return: a child with the queue's reference, still owned by the queue, or NULL.
 */
struct sock *tcpstate_request_take(struct sock *listener)
{
	struct tcpstate_sock *ls = tcpstate_sk(listener);
	struct tcpstate_sock *ts;

	spin_lock_bh(&ls->accept_lock);
	ts = list_first_entry_or_null(&ls->accept_ready, struct tcpstate_sock, accept_node);
	if (ts) {
		list_del_init(&ts->accept_node);
		sk_acceptq_removed(listener);
	}
	spin_unlock_bh(&ls->accept_lock);
	return (struct sock *)ts;
}

static struct sock *next_child(struct tcpstate_sock *ls, struct list_head *list)
{
	struct tcpstate_sock *ts;

	spin_lock_bh(&ls->accept_lock);
	ts = list_first_entry_or_null(list, struct tcpstate_sock, accept_node);
	if (ts) {
		sock_hold((struct sock *)ts);
		list_del_init(&ts->accept_node);
		if (list == &ls->accept_deferred)
			ls->accept_half_len--;
		else
			sk_acceptq_removed((struct sock *)ls);
	}
	spin_unlock_bh(&ls->accept_lock);
	return (struct sock *)ts;
}

static void abort_child(struct sock *child)
{
	struct tcpstate_sock *ts = tcpstate_sk(child);

	/* sock_diag may have it locked as a user: wait for that, too. */
	lock_sock_nested(child, SINGLE_DEPTH_NESTING);
	if (ts->owner == TCPSTATE_OWNER_REQUEST || ts->owner == TCPSTATE_OWNER_QUEUE) {
		bool queued = ts->owner == TCPSTATE_OWNER_QUEUE;

		tcpstate_state_event(child, TCPSTATE_EV_ABORT);
		if (queued)
			tcpstate_state_disown(child);
	}
	release_sock(child);
	sock_put(child);
}

static struct tcpstate_request *next_half(struct tcpstate_sock *ls)
{
	struct tcpstate_request *req;

	spin_lock_bh(&ls->accept_lock);
	req = list_first_entry_or_null(&ls->accept_half, struct tcpstate_request, node);
	if (req) {
		/* Those that end meanwhile leave the list first. */
		refcount_inc(&req->ref);
		list_del_init(&req->node);
		ls->accept_half_len--;
	}
	spin_unlock_bh(&ls->accept_lock);
	return req;
}

/**
 * tcpstate_request_stop() - a listener stops listening: its children end
 * @listener: no longer in LISTEN
 *
 * Context: process, the listener's lock held.
 * Source: RFC 9293 3.10.4; peers of connections that nobody accepts get a RST.
 */
void tcpstate_request_stop(struct sock *listener)
{
	struct tcpstate_sock *ls = tcpstate_sk(listener);
	struct tcpstate_request *req;
	struct sock *child;

	tcpstate_port_unlisten(listener);
	spin_lock_bh(&ls->accept_lock);
	ls->accept_closed = true;
	spin_unlock_bh(&ls->accept_lock);
	while ((req = next_half(ls))) {
		tcpstate_request_abort(req);
		tcpstate_request_put(req);
		cond_resched();
	}
	while ((child = next_child(ls, &ls->accept_deferred)) ||
	       (child = next_child(ls, &ls->accept_ready))) {
		abort_child(child);
		cond_resched();
	}
}

/**
 * tcpstate_request_init() - make the slab cache
 *
 * Context: module load.
 * Return: 0 or -ENOMEM.
 */
int tcpstate_request_init(void)
{
	cache = KMEM_CACHE(tcpstate_request, 0);
	return cache ? 0 : -ENOMEM;
}

/**
 * tcpstate_request_exit() - free it
 *
 * Context: module unload, every listener gone.
 */
void tcpstate_request_exit(void)
{
	rcu_barrier();
	kmem_cache_destroy(cache);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Connection requests: a listener's children from the SYN to accept().
 * The listener itself never changes and is never locked for a segment.
 */
#include <linux/siphash.h>
#include <linux/tcp.h>

#include <net/tcp.h>

#include "tcpstate.h"

/* A backlog of 0 still takes a few, as in BSD. */
#define MIN_HALF_OPEN	8

/* A cookie is good for one to two of these. */
#define COOKIE_SECONDS	64
#define COOKIE_PERIODS	2

enum room {
	ROOM_FOR_CHILD,
	ROOM_FOR_NONE,		/* accept() is behind */
	ROOM_FOR_COOKIE		/* too many handshakes: keep nothing of this one */
};

static enum room find_room(struct sock *listener)
{
	struct tcpstate_net *tn = tcpstate_sk_net(listener);
	struct tcpstate_sock *ls = tcpstate_sk(listener);
	u32 limit = max_t(u32, READ_ONCE(listener->sk_max_ack_backlog), MIN_HALF_OPEN);
	int cookies = READ_ONCE(tn->syncookies);

	if (sk_acceptq_is_full(listener)) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_LISTENOVERFLOWS);
		return ROOM_FOR_NONE;
	}
	if (READ_ONCE(ls->accept_half_len) < limit)
		return cookies == 2 ? ROOM_FOR_COOKIE : ROOM_FOR_CHILD;
	tcpstate_mib_inc(tn, TCPSTATE_MIB_HALFOPENOVERFLOWS);
	return cookies ? ROOM_FOR_COOKIE : ROOM_FOR_NONE;
}

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
		.mark = READ_ONCE(listener->sk_mark),
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

/* What a clone must not share with its listener. */
static void init_child(struct sock *child, struct sock *listener, const struct sk_buff *skb,
		       u32 iss)
{
	struct tcpstate_sock *ts = tcpstate_sk(child);

	ts->af->take_name(child, skb);
	tcpstate_sock_init_transport(child, iss);
	memset(&inet_sk(child)->cork, 0, sizeof(inet_sk(child)->cork));
	child->sk_frag.page = NULL;
	child->sk_frag.offset = 0;
	child->sk_mark = skb->mark && READ_ONCE(sock_net(child)->ipv4.sysctl_tcp_fwmark_accept) ?
			 skb->mark : child->sk_mark;
	atomic64_set(&child->sk_cookie, 0);
	sk_set_txhash(child);
	sock_hold(listener);
	ts->listener = listener;
	ts->owner = TCPSTATE_OWNER_REQUEST;
	ts->tcb.passive = true;
	tcpstate_state_born(child, TCPSTATE_LISTEN);
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
		list_add_tail(&ts->accept_node, &ls->accept_half);
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
 * A child under the names of skb, locked and held; NULL: no memory, no route, the
 * listener is going, or the same segment came twice, on two CPUs.
 */
static struct sock *bear(struct sock *listener, struct sk_buff *skb, u32 iss)
{
	struct tcpstate_net *tn = tcpstate_sk_net(listener);
	struct tcpstate_sock *ls = tcpstate_sk(listener);
	struct sock *child = sk_clone_lock(listener, GFP_ATOMIC);

	if (!child) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_NOMEMORY);
		return NULL;
	}
	init_child(child, listener, skb, iss);
	tcpstate_port_share(tn, &tcpstate_sk(child)->bind, &ls->bind);
	if (join(child) && tcpstate_sk(child)->bind.hold && !ls->af->route(child) &&
	    !tcpstate_demux_add(child))
		return child;
	tcpstate_state_event(child, TCPSTATE_EV_CLOSE);
	let_go(child);
	return NULL;
}

/*
 * An ACK to a listener: does it bring a cookie back?  The SYN happens to the child
 * now, and the ACK to the child in SYN_RECV.  Consumes skb if so.
 */
static bool take_cookie(struct sock *listener, struct sk_buff *skb)
{
	struct tcpstate_net *tn = tcpstate_sk_net(listener);
	struct tcpstate_tcb *tcb;
	struct tcpstate_seg syn;
	struct sock *child;

	if (!read_cookie(listener, skb, &syn))
		return false;
	tcpstate_mib_inc(tn, TCPSTATE_MIB_COOKIESRECV);
	child = NULL;
	if (sk_acceptq_is_full(listener))
		tcpstate_mib_inc(tn, TCPSTATE_MIB_LISTENOVERFLOWS);
	else
		child = bear(listener, skb, tcpstate_cb(skb)->seg.ack - 1);
	if (!child) {
		/* Its peer says it again, with its text. */
		tcpstate_mib_inc(tn, TCPSTATE_MIB_LISTENDROPS);
		kfree_skb(skb);
		return true;
	}
	tcpstate_input_take_syn(child, &syn);
	tcpstate_state_event(child, TCPSTATE_EV_RCV_SYN);
	/* As if we had sent the SYN+ACK: nothing is to be pushed. */
	tcb = &tcpstate_sk(child)->tcb;
	tcb->snd_nxt = tcb->iss + 1;
	tcb->rcv_adv = tcb->rcv_nxt + tcpstate_output_first_window(child);
	tcb->rcv_mss = tcpstate_output_advertised_mss(child);
	tcpstate_sk(child)->push_pending = false;
	skb_dst_drop(skb);
	skb->dev = NULL;
	tcpstate_input(child, skb);
	let_go(child);
	return true;
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
	struct sock *child = NULL;
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
	if (room == ROOM_FOR_COOKIE && iss == TCPSTATE_ANY_ISS) {
		send_cookie(listener, skb);
		goto drop;
	}
	if (room == ROOM_FOR_CHILD)
		child = bear(listener, skb, iss);
	if (!child) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_LISTENDROPS);
		goto drop;
	}
	tcpstate_input_take_syn(child, seg);
	tcpstate_state_event(child, TCPSTATE_EV_RCV_SYN);
	tcpstate_output_push(child);
	let_go(child);
	consume_skb(skb);
	return;

drop:
	kfree_skb(skb);
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
		if (list == &ls->accept_half)
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

	local_bh_disable();
	bh_lock_sock(child);
	if (ts->owner == TCPSTATE_OWNER_REQUEST || ts->owner == TCPSTATE_OWNER_QUEUE) {
		bool queued = ts->owner == TCPSTATE_OWNER_QUEUE;

		tcpstate_state_event(child, TCPSTATE_EV_ABORT);
		if (queued)
			tcpstate_state_disown(child);
	}
	bh_unlock_sock(child);
	local_bh_enable();
	sock_put(child);
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
	struct sock *child;

	tcpstate_port_unlisten(listener);
	spin_lock_bh(&ls->accept_lock);
	ls->accept_closed = true;
	spin_unlock_bh(&ls->accept_lock);
	while ((child = next_child(ls, &ls->accept_half)))
		abort_child(child);
	while ((child = next_child(ls, &ls->accept_ready)))
		abort_child(child);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Connection requests: a listener's children from the SYN to accept().
 * The listener itself never changes and is never locked for a segment.
 */
#include <linux/tcp.h>

#include <net/tcp.h>

#include "tcpstate_note.h"

/* A backlog of 0 still takes a few, as in BSD. */
#define MIN_HALF_OPEN	8

static bool overloaded(struct sock *listener)
{
	struct tcpstate_net *tn = tcpstate_sk_net(listener);
	struct tcpstate_sock *ls = tcpstate_sk(listener);
	u32 limit = max_t(u32, READ_ONCE(listener->sk_max_ack_backlog), MIN_HALF_OPEN);

	if (sk_acceptq_is_full(listener)) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_LISTENOVERFLOWS);
		return true;
	}
	if (READ_ONCE(ls->accept_half_len) < limit)
		return false;
	tcpstate_mib_inc(tn, TCPSTATE_MIB_HALFOPENOVERFLOWS);
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
	tcpstate_process_share(child, listener);
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
	struct sock *child;

	check = tcpstate_seg_check(&ls->tcb, TCPSTATE_LISTEN, seg);
	if (check.verdict != TCPSTATE_SEG_ACCEPT) {
		tcpstate_mib_drop(tn, check.reason);
		if (check.verdict == TCPSTATE_SEG_RST && ls->af->for_us(skb) &&
		    tcpstate_seg_rst_reply(seg, &rst))
			ls->af->reply(tn, skb, &rst);
		goto drop;
	}
	/* MUST-57, MUST-63 */
	if (!ls->af->for_us(skb) || tcpstate_state(listener) != TCPSTATE_LISTEN)
		goto drop;
	if (overloaded(listener))
		goto overflow;
	child = sk_clone_lock(listener, GFP_ATOMIC);
	if (!child) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_NOMEMORY);
		goto overflow;
	}
	/* For sparse: sk_clone_lock() returns it locked. */
	__acquire(&child->sk_lock.slock);
	init_child(child, listener, skb, iss);
	tcpstate_port_share(tn, &tcpstate_sk(child)->bind, &ls->bind);
	/* -EADDRNOTAVAIL: the same SYN twice, on two CPUs. */
	if (!join(child) || !tcpstate_sk(child)->bind.hold || ls->af->route(child) ||
	    tcpstate_demux_add(child)) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_LISTENDROPS);
		tcpstate_state_event(child, TCPSTATE_EV_CLOSE);
	} else {
		tcpstate_record_begin(child);
		tcpstate_note_received(tn, &tcpstate_sk(child)->flow, seg, &check, 1);
		tcpstate_input_take_syn(child, seg);
		tcpstate_state_event(child, TCPSTATE_EV_RCV_SYN);
		tcpstate_note_taken(child);
		tcpstate_output_push(child);
	}
	bh_unlock_sock(child);
	sock_put(child);
	consume_skb(skb);
	return;

overflow:
	tcpstate_mib_inc(tn, TCPSTATE_MIB_LISTENDROPS);
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

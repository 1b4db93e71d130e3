// SPDX-License-Identifier: GPL-2.0
/*
 * The choke point: one function changes a state and carries out what the
 * edge asks for.  Nothing else stores a state.
 */
#include <net/inet_sock.h>
#include <net/tcp_states.h>
#include <net/xfrm.h>

#include "tcpstate.h"
#include "tcpstate_note.h"

static_assert((int)TCPSTATE_ESTABLISHED == (int)TCP_ESTABLISHED);
static_assert((int)TCPSTATE_SYN_SENT == (int)TCP_SYN_SENT);
static_assert((int)TCPSTATE_SYN_RECV == (int)TCP_SYN_RECV);
static_assert((int)TCPSTATE_FIN_WAIT1 == (int)TCP_FIN_WAIT1);
static_assert((int)TCPSTATE_FIN_WAIT2 == (int)TCP_FIN_WAIT2);
static_assert((int)TCPSTATE_TIME_WAIT == (int)TCP_TIME_WAIT);
static_assert((int)TCPSTATE_CLOSE == (int)TCP_CLOSE);
static_assert((int)TCPSTATE_CLOSE_WAIT == (int)TCP_CLOSE_WAIT);
static_assert((int)TCPSTATE_LAST_ACK == (int)TCP_LAST_ACK);
static_assert((int)TCPSTATE_LISTEN == (int)TCP_LISTEN);
static_assert((int)TCPSTATE_CLOSING == (int)TCP_CLOSING);

static void store(struct tcpstate_flow *flow, u8 state)
{
	/* Partner: the acquire in tcpstate_state(). */
	smp_store_release(&flow->state, state);
}

/* What the kernel sees; it takes a sock in TCP_TIME_WAIT for another struct. */
static void mirror(struct sock *sk, u8 state)
{
	inet_sk_set_state(sk, state == TCPSTATE_TIME_WAIT ? TCP_CLOSE : state);
}

/**
 * tcpstate_state_born() - a socket begins
 * @sk: new
 * @state: CLOSE, or for a listener's child LISTEN, from which it moves at once
 *
 * Context: nobody else sees the socket.
 */
void tcpstate_state_born(struct sock *sk, u8 state)
{
	struct tcpstate_flow *flow = &tcpstate_sk(sk)->flow;

	flow->kind = TCPSTATE_FLOW_FULL;
	flow->listed = false;
	WRITE_ONCE(flow->state, state);
	sk->sk_state = state;
	atomic_inc(&tcpstate_sk_net(sk)->gauge[state]);
}

/* A child that accept() never gave to a user stands in its listener's lists. */
static void leave_listener(struct tcpstate_sock *ts)
{
	struct sock *listener = ts->listener;
	struct tcpstate_sock *ls = tcpstate_sk(listener);

	spin_lock_bh(&ls->accept_lock);
	if (ts->owner == TCPSTATE_OWNER_REQUEST && !list_empty(&ts->accept_node))
		ls->accept_half_len--;
	list_del_init(&ts->accept_node);
	spin_unlock_bh(&ls->accept_lock);
	ts->listener = NULL;
	sock_put(listener);
}

/**
 * tcpstate_state_destroy() - nobody has the socket any more
 * @sk: in CLOSE, TCB deleted; the owner's reference is dropped
 *
 * Context: process or softirq; the caller has a reference of its own.
 */
void tcpstate_state_destroy(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	if (ts->listener)
		leave_listener(ts);
	ts->owner = TCPSTATE_OWNER_NONE;
	if (!sock_flag(sk, SOCK_DEAD))
		sock_orphan(sk);
	if (ts->orphan)
		atomic_dec(&tcpstate_sk_net(sk)->orphans);
	ts->orphan = false;
	tcpstate_port_put(tcpstate_sk_net(sk), &tcpstate_sk(sk)->bind);
	xfrm_sk_free_policy(sk);
	atomic_dec(&tcpstate_sk_net(sk)->gauge[ts->flow.state]);
	sock_put(sk);
}

/**
 * tcpstate_state_disown() - the user or the queue lets go of a socket
 * @sk: may have a TCB still, with which it dies; at once where there are too
 *	many such orphans
 *
 * Context: socket lock held.
 */
void tcpstate_state_disown(struct sock *sk)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	if (!sock_flag(sk, SOCK_DEAD))
		sock_orphan(sk);
	ts->owner = TCPSTATE_OWNER_NONE;
	if (ts->flow.state == TCPSTATE_CLOSE) {
		tcpstate_state_destroy(sk);
		return;
	}
	ts->orphan = true;
	if (atomic_inc_return(&tn->orphans) > READ_ONCE(tn->max_orphans)) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_ORPHANOVERFLOW);
		tcpstate_state_event(sk, TCPSTATE_EV_ABORT);
	}
}

/**
 * tcpstate_state_error() - the user learns of an error
 * @sk: the socket; for an error that moves nothing
 * @err: positive errno
 *
 * Context: socket lock held.
 */
void tcpstate_state_error(struct sock *sk, int err)
{
	WRITE_ONCE(sk->sk_err, err);
	sk_error_report(sk);
}

static void wake(struct sock *sk, u16 actions)
{
	if (sock_flag(sk, SOCK_DEAD))
		return;
	sk->sk_state_change(sk);
	/* As in-tree: SIGIO tells a full close from a half close, and an error by itself. */
	if (!(actions & TCPSTATE_ACT(EOF)))
		return;
	if (sk->sk_shutdown == SHUTDOWN_MASK || sk->sk_state == TCP_CLOSE)
		sk_wake_async(sk, SOCK_WAKE_WAITD, POLL_HUP);
	else
		sk_wake_async(sk, SOCK_WAKE_WAITD, POLL_IN);
}

static void connected(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	ts->last_rcv = jiffies;
	ts->rtx_count = 0;
	if (sock_flag(sk, SOCK_KEEPOPEN) && !sock_flag(sk, SOCK_DEAD)) {
		unsigned long idle = ts->keepidle ?: TCPSTATE_KEEPIDLE;

		sk_reset_timer(sk, &sk->sk_timer, jiffies + idle);
		tcpstate_note_armed(tcpstate_sk_net(sk), &ts->flow, TCPSTATE_TIMER_KEEPALIVE,
				    idle);
	}
	if (!sock_flag(sk, SOCK_DEAD))
		sk_wake_async(sk, SOCK_WAKE_IO, POLL_OUT);
}

/* What was never finished cannot be finished any more. */
static void delete_tcb(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	sk_stop_timer(sk, &ts->rtx_timer);
	sk_stop_timer(sk, &ts->delack_timer);
	sk_stop_timer(sk, &sk->sk_timer);
	WRITE_ONCE(ts->rtx_armed, false);
	ts->delack_armed = false;
	ts->push_pending = false;
	ts->ack_now = false;
	tcpstate_queue_purge(sk);
	tcpstate_purge_ooo(ts);
	tcpstate_record_settle(sk);
	tcpstate_record_end(&ts->record);
	sk->sk_shutdown = SHUTDOWN_MASK;
	/* A port that bind() asked for stays with the socket, as in-tree. */
	if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK)) {
		tcpstate_port_put(tcpstate_sk_net(sk), &tcpstate_sk(sk)->bind);
		inet_sk(sk)->inet_num = 0;
	}
	if (ts->owner == TCPSTATE_OWNER_NONE || ts->owner == TCPSTATE_OWNER_REQUEST)
		tcpstate_state_destroy(sk);
}

#define TCPSTATE_ACTS_ERROR	(TCPSTATE_ACT(REFUSED) | TCPSTATE_ACT(RESET) |		\
				 TCPSTATE_ACT(BROKEN) | TCPSTATE_ACT(TIMED_OUT) |	\
				 TCPSTATE_ACT(UNREACHABLE))

/* Positive errno: what a user is told of an edge with these actions. */
static int error_of(struct sock *sk, u16 actions)
{
	int err = actions & TCPSTATE_ACT(TIMED_OUT) ? ETIMEDOUT : EHOSTUNREACH;

	if (actions & (TCPSTATE_ACT(TIMED_OUT) | TCPSTATE_ACT(UNREACHABLE)))
		return xchg(&sk->sk_err_soft, 0) ?: err;
	if (actions & TCPSTATE_ACT(REFUSED))
		err = ECONNREFUSED;
	else if (actions & TCPSTATE_ACT(RESET))
		err = ECONNRESET;
	else
		err = EPIPE;
	return err;
}

/* In the order of the bits, the error of the edge being set; for a full socket. */
static void execute(struct sock *sk, u16 actions)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	if (actions & TCPSTATE_ACT(ACK_NOW))
		ts->ack_now = true;
	if (actions & TCPSTATE_ACT(PUSH))
		ts->push_pending = true;
	if (actions & TCPSTATE_ACT(SEND_RST))
		tcpstate_output_rst(sk);
	/* START_2MSL: the mini that takes over at the end of the segment. */
	if (actions & TCPSTATE_ACT(CONNECTED))
		connected(sk);
	if (actions & TCPSTATE_ACT(EOF)) {
		sk->sk_shutdown |= RCV_SHUTDOWN;
		sock_set_flag(sk, SOCK_DONE);
	}
	if (actions & TCPSTATE_ACTS_ERROR)
		sk_error_report(sk);
	if (actions & TCPSTATE_ACT(WAKE))
		wake(sk, actions);
	if (actions & TCPSTATE_ACT(DELETE_TCB))
		delete_tcb(sk);
}

static void count(struct tcpstate_net *tn, u8 old, u8 event, u8 new)
{
	atomic_inc(&tn->edges[old][event]);
	if (event == TCPSTATE_EV_ACTIVE_OPEN)
		tcpstate_mib_inc(tn, TCPSTATE_MIB_ACTIVEOPENS);
	if (old == TCPSTATE_LISTEN && new == TCPSTATE_SYN_RECV)
		tcpstate_mib_inc(tn, TCPSTATE_MIB_PASSIVEOPENS);
	if (new == TCPSTATE_CLOSE && tcpstate_in(old, TCPSTATE_F_CONNECTING))
		tcpstate_mib_inc(tn, TCPSTATE_MIB_ATTEMPTFAILS);
	if (new == TCPSTATE_CLOSE && tcpstate_in(old, TCPSTATE_F_CAN_SEND))
		tcpstate_mib_inc(tn, TCPSTATE_MIB_ESTABRESETS);
	if (old != new) {
		atomic_dec(&tn->gauge[old]);
		atomic_inc(&tn->gauge[new]);
	}
}

/* The step that every kind of flow takes.  The edge, or NULL: nothing moves. */
static const struct tcpstate_edge *step(struct tcpstate_net *tn, struct tcpstate_flow *flow,
					u8 event)
{
	u8 old = flow->state;
	const struct tcpstate_edge *edge = tcpstate_fsm(old, event);

	if (edge->kind == TCPSTATE_EDGE_IGNORE)
		return NULL;
	if (edge->kind == TCPSTATE_EDGE_NEVER) {
		/* The model checker says that nobody comes here. */
		tcpstate_mib_inc(tn, TCPSTATE_MIB_BUGS);
		WARN_ONCE(1, "tcpstate: %s in %s\n", tcpstate_fsm_event_name(event),
			  tcpstate_fsm_state_name(old));
		return NULL;
	}
	if (edge->next == TCPSTATE_CLOSE)
		tcpstate_demux_remove(tn, flow);
	count(tn, old, event, edge->next);
	store(flow, edge->next);
	tcpstate_note_state(tn, flow, old, event, edge);
	if (tn->watch)
		tn->watch(tn, flow, old, event, edge);
	return edge;
}

/**
 * tcpstate_state_event() - something happened to a full socket's connection
 * @sk: the socket
 * @event: enum tcpstate_event
 *
 * Looks the edge up, takes a dying flow out of the tables before it is marked
 * closed, stores the state, tells the tracers and carries out the actions.
 * Writes nothing to the wire but a RST; the caller ends with
 * tcpstate_output_push().  May drop the owner's reference: the caller holds
 * one of its own.
 *
 * Context: socket lock held; process or softirq.
 */
void tcpstate_state_event(struct sock *sk, u8 event)
{
	struct tcpstate_flow *flow = &tcpstate_sk(sk)->flow;
	const struct tcpstate_edge *edge = tcpstate_fsm(flow->state, event);

	if (edge->actions & TCPSTATE_ACTS_ERROR) {
		WRITE_ONCE(sk->sk_err, error_of(sk, edge->actions));
		/* poll() looks without the lock: who sees CLOSE finds the reason. */
		smp_wmb();
	}
	edge = step(tcpstate_sk_net(sk), flow, event);
	if (!edge)
		return;
	mirror(sk, edge->next);
	execute(sk, edge->actions);
}

/**
 * tcpstate_state_timewait_event() - something happened to a mini in TIME_WAIT
 * @tw: the mini
 * @event: enum tcpstate_event
 *
 * Context: @tw->lock held.
 * Return: actions that the caller carries out: ACK_NOW, START_2MSL, DELETE_TCB.
 */
u16 tcpstate_state_timewait_event(struct tcpstate_timewait *tw, u8 event)
{
	const struct tcpstate_edge *edge = step(tw->tn, &tw->flow, event);

	if (edge && edge->next == TCPSTATE_CLOSE)
		/* No socket is left that could be counted as closed. */
		atomic_dec(&tw->tn->gauge[TCPSTATE_CLOSE]);
	return edge ? edge->actions : 0;
}

/**
 * tcpstate_state_request_born() - a half-open connection begins
 * @req: new; moves to SYN_RECV at once
 *
 * Context: nobody else sees it.
 */
void tcpstate_state_request_born(struct tcpstate_request *req)
{
	req->flow.kind = TCPSTATE_FLOW_REQUEST;
	req->flow.listed = false;
	WRITE_ONCE(req->flow.state, TCPSTATE_LISTEN);
	atomic_inc(&tcpstate_sk_net(req->listener)->gauge[TCPSTATE_LISTEN]);
}

/**
 * tcpstate_state_request_event() - something happened to a mini in SYN_RECV
 * @req: the mini
 * @event: enum tcpstate_event
 *
 * Context: @req->lock held.
 * Return: actions that the caller carries out: PUSH, SEND_RST, DELETE_TCB.
 */
u16 tcpstate_state_request_event(struct tcpstate_request *req, u8 event)
{
	struct tcpstate_net *tn = tcpstate_sk_net(req->listener);
	const struct tcpstate_edge *edge = step(tn, &req->flow, event);

	if (edge && edge->next == TCPSTATE_CLOSE)
		/* No socket is left that could be counted as closed. */
		atomic_dec(&tn->gauge[TCPSTATE_CLOSE]);
	return edge ? edge->actions : 0;
}

/**
 * tcpstate_state_take_over() - a full socket goes on with SYN_RECV
 * @child: a clone of the listener with the mini's names, in no table
 * @req: listed; ends, and the gauge of SYN_RECV now counts @child
 *
 * Context: @req->lock and the child's lock held.
 */
void tcpstate_state_take_over(struct sock *child, struct tcpstate_request *req)
{
	struct tcpstate_flow *flow = &tcpstate_sk(child)->flow;

	flow->kind = TCPSTATE_FLOW_FULL;
	/* Before the table: who finds it there must not take it for a listener. */
	store(flow, TCPSTATE_SYN_RECV);
	tcpstate_demux_replace(tcpstate_sk_net(child), &req->flow, flow);
	mirror(child, TCPSTATE_SYN_RECV);
	store(&req->flow, TCPSTATE_CLOSE);
}

/**
 * tcpstate_state_hand_over() - a mini goes on with TIME_WAIT
 * @sk: in TIME_WAIT; its last ACK is sent
 * @tw: new, its numbers set; or NULL where there may be none
 *
 * The socket is closed for its user, as in-tree; the connection is not.
 * Without a mini the connection ends before its time, as in-tree too.
 *
 * Context: socket lock held; the caller holds a reference.
 */
void tcpstate_state_hand_over(struct sock *sk, struct tcpstate_timewait *tw)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	if (!tw) {
		tcpstate_state_event(sk, TCPSTATE_EV_TIME_WAIT_TIMEOUT);
		return;
	}
	tw->flow.kind = TCPSTATE_FLOW_TIMEWAIT;
	store(&tw->flow, TCPSTATE_TIME_WAIT);
	tcpstate_port_share(tn, &tw->bind, &ts->bind);
	tcpstate_record_hand_over(sk, tw);
	tcpstate_demux_replace(tn, &ts->flow, &tw->flow);
	/* The gauge of TIME_WAIT now counts the mini. */
	atomic_inc(&tn->gauge[TCPSTATE_CLOSE]);
	store(&ts->flow, TCPSTATE_CLOSE);
	delete_tcb(sk);
}

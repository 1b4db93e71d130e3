// SPDX-License-Identifier: GPL-2.0
/*
 * The timers of a full socket: retransmission and persist, delayed ACK, and
 * the slow one: keep-alive, an orphan's FIN_WAIT2.  A pending timer
 * holds a reference; when a user holds the socket, the user runs it.
 */
#include <net/tcp.h>

#include "tcpstate_note.h"

/* Timeouts of a thin stream that are not backed off, as in-tree. */
#define THIN_RETRIES	6

/*
 * A peer that answers every probe and never opens its window keeps a
 * connection (MUST-37), but not one that no process waits for.
 */
static bool orphan_given_up(const struct tcpstate_sock *ts, int limit)
{
	return ts->rtx_count >= limit ||
	       (ts->probes >= limit && tcpstate_rtt_timeout(&ts->rtt) >= ts->rtt.max_us);
}

static bool given_up(struct sock *sk)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	int limit = READ_ONCE(tn->retries2);

	if (ts->user_timeout &&
	    time_after_eq(jiffies, ts->first_sent + msecs_to_jiffies(ts->user_timeout)))
		return true;
	if (ts->flow.state == TCPSTATE_SYN_SENT)
		limit = ts->syn_retries ?: READ_ONCE(tn->syn_retries);
	else if (ts->flow.state == TCPSTATE_SYN_RECV)
		limit = ts->tcb.passive ? READ_ONCE(tn->synack_retries) :
			ts->syn_retries ?: READ_ONCE(tn->syn_retries);
	else if (ts->user_timeout)
		return false;
	else if (sock_flag(sk, SOCK_DEAD))
		return orphan_given_up(ts, min(limit, READ_ONCE(tn->orphan_retries)));
	return ts->rtx_count >= limit;
}

static void user_timeout(struct sock *sk)
{
	tcpstate_mib_inc(tcpstate_sk_net(sk), TCPSTATE_MIB_ABORTONTIMEOUT);
	tcpstate_state_event(sk, TCPSTATE_EV_USER_TIMEOUT);
}

/*
 * TCP_THIN_LINEAR_TIMEOUTS: so little on the way that it can do no harm, and
 * no fast retransmission to hope for.  The user asked for it.
 */
static bool is_thin(const struct tcpstate_sock *ts)
{
	return ts->thin_linear && ts->flow.state == TCPSTATE_ESTABLISHED &&
	       ts->tcb.snd_wnd && ts->rtx_count < THIN_RETRIES &&
	       ts->tcb.snd_nxt - ts->tcb.snd_una < 4 * ts->tcb.snd_mss;
}

static void back_off(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	if (is_thin(ts))
		ts->rtt.backoff = 0;
	else if (ts->rtt.backoff < 30)
		ts->rtt.backoff++;
	if (ts->rtx_count < 255)
		ts->rtx_count++;
	tcpstate_output_arm(sk);
}

static u8 rtx_kind(const struct tcpstate_sock *ts)
{
	return tcpstate_persists(ts) ? TCPSTATE_TIMER_PERSIST : TCPSTATE_TIMER_RETRANSMIT;
}

/* The user timeout falls between two retransmissions: wake for it (RFC 5482). */
static void arm_for_user_timeout(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	unsigned long deadline;

	if (!ts->user_timeout)
		return;
	deadline = ts->first_sent + msecs_to_jiffies(ts->user_timeout);
	if (time_before(deadline, ts->rtx_when) && time_after(deadline, jiffies)) {
		ts->rtx_when = deadline;
		sk_reset_timer(sk, &ts->rtx_timer, deadline);
		tcpstate_note_armed(tcpstate_sk_net(sk), &ts->flow, rtx_kind(ts),
				    deadline - jiffies);
	}
}

/* RFC 9293 3.8.6.1: the window is shut, and something waits behind it. */
static void persist(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_tcb *tcb = &ts->tcb;

	if (tcb->snd_una != tcb->snd_nxt)
		tcpstate_output_retransmit(sk, TCPSTATE_CAUSE_PROBE);
	else
		tcpstate_output_probe(sk);
	if (ts->probes < 255)
		ts->probes++;
	back_off(sk);
	arm_for_user_timeout(sk);
}

static void run_rtx(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_tcb *tcb = &ts->tcb;
	u8 phase = ts->cong.phase;

	if (!ts->rtx_armed || tcpstate_in(ts->flow.state, TCPSTATE_F(CLOSE) | TCPSTATE_F(LISTEN)))
		return;
	if (time_before(jiffies, ts->rtx_when)) {
		sk_reset_timer(sk, &ts->rtx_timer, ts->rtx_when);
		return;
	}
	WRITE_ONCE(ts->rtx_armed, false);
	/* Stopped when it had already fired. */
	if (tcb->snd_una == tcb->snd_nxt && !tcpstate_output_waits(ts))
		return;
	tcpstate_note_fired(tcpstate_sk_net(sk), &ts->flow, rtx_kind(ts));
	if (given_up(sk)) {
		user_timeout(sk);
		return;
	}
	if (tcpstate_syn_acked(tcb) && !tcb->snd_wnd) {
		persist(sk);
		return;
	}
	if (tcb->snd_una == tcb->snd_nxt) {
		/* Held back for long enough, or a segment could not be built. */
		tcpstate_output_overdue(sk);
		return;
	}
	tcpstate_mib_inc(tcpstate_sk_net(sk), TCPSTATE_MIB_TIMEOUTS);
	/* Where many ways are equal, another one may work. */
	sk_rethink_txhash(sk);
	/* R1: perhaps IP knows another way (MUST-20). */
	if (ts->rtx_count >= READ_ONCE(tcpstate_sk_net(sk)->retries1)) {
		dst_negative_advice(sk);
		tcpstate_path_trouble(sk);
	}
	if (tcpstate_syn_acked(tcb))
		tcpstate_cong_timeout(&ts->cong, tcb->snd_una, tcb->snd_nxt);
	tcpstate_note_phase(sk, phase);
	tcpstate_output_retransmit(sk, TCPSTATE_CAUSE_TIMEOUT);
	back_off(sk);
	arm_for_user_timeout(sk);
}

static void run_delack(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	if (!ts->delack_armed)
		return;
	if (time_before(jiffies, ts->delack_when)) {
		sk_reset_timer(sk, &ts->delack_timer, ts->delack_when);
		return;
	}
	ts->delack_armed = false;
	if (!tcpstate_in(ts->flow.state, TCPSTATE_F_SYNCHRONIZED) ||
	    ts->ack_seq == ts->tcb.rcv_nxt)
		return;
	tcpstate_note_fired(tcpstate_sk_net(sk), &ts->flow, TCPSTATE_TIMER_DELACK);
	tcpstate_mib_inc(tcpstate_sk_net(sk), TCPSTATE_MIB_DELAYEDACKS);
	tcpstate_output_ack(sk);
}

static void arm_slow(struct sock *sk, u8 which, unsigned long delay)
{
	sk_reset_timer(sk, &sk->sk_timer, jiffies + delay);
	tcpstate_note_armed(tcpstate_sk_net(sk), &tcpstate_sk(sk)->flow, which, delay);
}

static void run_keepalive(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	unsigned long idle = ts->keepidle ?: TCPSTATE_KEEPIDLE;
	unsigned long intvl = ts->keepintvl ?: TCPSTATE_KEEPINTVL;
	unsigned long since = jiffies - max(ts->last_rcv, ts->last_sent);

	if (!sock_flag(sk, SOCK_KEEPOPEN) ||
	    !tcpstate_in(ts->flow.state, TCPSTATE_F_SYNCHRONIZED))
		return;
	/* With something outstanding the retransmission timer asks (MUST-26). */
	if (ts->tcb.snd_una != ts->tcb.snd_nxt || tcpstate_output_waits(ts)) {
		arm_slow(sk, TCPSTATE_TIMER_KEEPALIVE, idle);
		return;
	}
	if (since < idle) {
		arm_slow(sk, TCPSTATE_TIMER_KEEPALIVE, idle - since);
		return;
	}
	tcpstate_note_fired(tcpstate_sk_net(sk), &ts->flow, TCPSTATE_TIMER_KEEPALIVE);
	if (ts->user_timeout ? ts->keep_probes && since >= msecs_to_jiffies(ts->user_timeout) :
	    ts->keep_probes >= (ts->keepcnt ?: TCPSTATE_KEEPCNT)) {
		tcpstate_output_rst(sk);
		user_timeout(sk);
		return;
	}
	ts->keep_probes++;
	tcpstate_output_keepalive(sk);
	arm_slow(sk, TCPSTATE_TIMER_KEEPALIVE, intvl);
}

static void run_slow(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	/* Started anew while this waited for the user to let go. */
	if (timer_pending(&sk->sk_timer))
		return;
	if (ts->flow.state == TCPSTATE_FIN_WAIT2 && sock_flag(sk, SOCK_DEAD)) {
		tcpstate_note_fired(tcpstate_sk_net(sk), &ts->flow, TCPSTATE_TIMER_FIN_WAIT2);
		tcpstate_state_event(sk, TCPSTATE_EV_USER_TIMEOUT);
	} else if (ts->owner == TCPSTATE_OWNER_REQUEST) {
		/* TCP_DEFER_ACCEPT has waited for long enough. */
		tcpstate_request_done(sk);
	} else {
		run_keepalive(sk);
	}
}

/* Run now, or leave it to the user who holds the socket. */
static void run(struct sock *sk, void (*fn)(struct sock *sk), unsigned int bit)
{
	bh_lock_sock(sk);
	if (!sock_owned_by_user(sk))
		fn(sk);
	else if (!test_and_set_bit(bit, &tcpstate_sk(sk)->deferred))
		sock_hold(sk);
	bh_unlock_sock(sk);
	sock_put(sk);
}

static void rtx_fires(struct timer_list *t)
{
	struct tcpstate_sock *ts = timer_container_of(ts, t, rtx_timer);

	run((struct sock *)ts, run_rtx, TCPSTATE_DEFER_RTX);
}

static void delack_fires(struct timer_list *t)
{
	struct tcpstate_sock *ts = timer_container_of(ts, t, delack_timer);

	run((struct sock *)ts, run_delack, TCPSTATE_DEFER_DELACK);
}

static void slow_fires(struct timer_list *t)
{
	struct sock *sk = timer_container_of(sk, t, sk_timer);

	run(sk, run_slow, TCPSTATE_DEFER_SLOW);
}

/**
 * tcpstate_timer_init() - set up the timers of a new socket
 * @sk: the socket
 *
 * Context: nobody else sees the socket.
 */
void tcpstate_timer_init(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	timer_setup(&ts->rtx_timer, rtx_fires, 0);
	timer_setup(&ts->delack_timer, delack_fires, 0);
	timer_setup(&sk->sk_timer, slow_fires, 0);
	WRITE_ONCE(ts->rtx_armed, false);
	ts->delack_armed = false;
	ts->deferred = 0;
}

/**
 * tcpstate_timer_release_cb() - run what fired while the user held the socket
 * @sk: about to be let go
 *
 * Context: socket lock held by the user, softirqs off.
 */
void tcpstate_timer_release_cb(struct sock *sk)
{
	static void (* const fns[])(struct sock *sk) = {
		[TCPSTATE_DEFER_ANSWER] = tcpstate_input_answer,
		[TCPSTATE_DEFER_RTX] = run_rtx,
		[TCPSTATE_DEFER_DELACK] = run_delack,
		[TCPSTATE_DEFER_SLOW] = run_slow,
		[TCPSTATE_DEFER_MTU] = tcpstate_path_narrow,
	};
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	unsigned int bit;

	if (!READ_ONCE(ts->deferred))
		return;
	for (bit = 0; bit < ARRAY_SIZE(fns); bit++) {
		if (!test_and_clear_bit(bit, &ts->deferred))
			continue;
		fns[bit](sk);
		__sock_put(sk);
	}
}

/**
 * tcpstate_timer_orphan() - nobody holds the socket, and the peer may never say FIN
 * @sk: perhaps in FIN_WAIT2
 *
 * Context: socket lock held; the caller holds a reference and pushes afterwards.
 */
void tcpstate_timer_orphan(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	unsigned int ms = READ_ONCE(tcpstate_sk_net(sk)->fin_timeout_ms);

	if (ts->flow.state != TCPSTATE_FIN_WAIT2)
		return;
	if (ts->linger2 < 0) {
		tcpstate_state_event(sk, TCPSTATE_EV_ABORT);
		return;
	}
	if (ts->linger2)
		ms = ts->linger2 * MSEC_PER_SEC;
	arm_slow(sk, TCPSTATE_TIMER_FIN_WAIT2, msecs_to_jiffies(ms));
}

/**
 * tcpstate_timer_restart_keepalive() - an interval was changed
 * @sk: the socket
 *
 * Context: socket lock held.
 */
void tcpstate_timer_restart_keepalive(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	if (sock_flag(sk, SOCK_KEEPOPEN) &&
	    tcpstate_in(ts->flow.state, TCPSTATE_F_SYNCHRONIZED))
		arm_slow(sk, TCPSTATE_TIMER_KEEPALIVE, ts->keepidle ?: TCPSTATE_KEEPIDLE);
}

/**
 * tcpstate_timer_keepalive() - SO_KEEPALIVE was set
 * @sk: the socket
 * @on: new value; SOCK_KEEPOPEN is not changed yet
 *
 * Context: socket lock held.
 */
void tcpstate_timer_keepalive(struct sock *sk, int on)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	if (!tcpstate_in(ts->flow.state, TCPSTATE_F_SYNCHRONIZED))
		return;
	if (on && !sock_flag(sk, SOCK_KEEPOPEN))
		arm_slow(sk, TCPSTATE_TIMER_KEEPALIVE, ts->keepidle ?: TCPSTATE_KEEPIDLE);
	else if (!on)
		sk_stop_timer(sk, &sk->sk_timer);
}

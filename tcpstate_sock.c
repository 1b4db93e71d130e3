// SPDX-License-Identifier: GPL-2.0
/*
 * The calls that open, close and watch a socket: bind, connect, listen,
 * accept, shutdown, close, poll, ioctl.
 */
#include <linux/in.h>
#include <linux/poll.h>
#include <linux/siphash.h>
#include <linux/sockios.h>

#include <asm/ioctls.h>

#include <net/inet_common.h>
#include <net/tcp.h>
#include <net/xfrm.h>

#include "tcpstate.h"

/*
 * A port that others have may be taken for this peer: connect() tries some by
 * chance, which is short while there are many, and then all, one after another.
 */
#define CONNECT_CHANCES	16

/**
 * tcpstate_sock_tstamp_offset() - what a connection's timestamps are ahead of the clock
 * @key: its names
 *
 * So that they tell nobody how long the machine has been up.  The same names get
 * the same offset: their timestamps only grow (RFC 6191).
 *
 * Context: any.
 * Return: milliseconds.
 * Source: RFC 7323 7.1.
 */
u32 tcpstate_sock_tstamp_offset(const struct tcpstate_key *key)
{
	static siphash_key_t secret __read_mostly;

	net_get_random_once(&secret, sizeof(secret));
	if (likely(ipv6_addr_v4mapped(&key->local)))
		return (u32)siphash_4u32((__force u32)key->local.s6_addr32[3],
					 (__force u32)key->remote.s6_addr32[3],
					 (__force u32)key->lport << 16 | (__force u32)key->rport,
					 key->wire, &secret);
	return (u32)siphash(key, sizeof(*key), &secret);
}

/**
 * tcpstate_sock_wscale() - the shift that a socket offers for its windows
 * @sk: the socket, or the listener of one
 *
 * Context: any.
 * Return: 0 to 14.
 */
u8 tcpstate_sock_wscale(const struct sock *sk)
{
	u32 most = max_t(u32, READ_ONCE(sk->sk_rcvbuf),
			 READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_rmem[2]));

	return tcpstate_opt_wscale(most / 2);
}

/* Everything that belongs to one connection and not to the socket, but what its name makes. */
static void init_numbers(struct sock *sk, u32 iss)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	memset(&ts->tcb, 0, sizeof(ts->tcb));
	ts->tcb.iss = iss;
	ts->tcb.snd_una = ts->tcb.iss;
	ts->tcb.snd_nxt = ts->tcb.iss;
	ts->tcb.snd_up = ts->tcb.iss;
	/* The SYN stands on the octet before the text. */
	ts->tcb.write_seq = ts->tcb.iss + 1;
	ts->tcb.peer_mss = ts->af->default_mss;
	ts->tcb.snd_mss = ts->af->default_mss;
	ts->tcb.rcv_mss = ts->af->default_mss;
	ts->tcb.rcv_wscale = tcpstate_sock_wscale(sk);
	ts->tcb.ts_offer = READ_ONCE(tn->timestamps);
	tcpstate_rtt_init(&ts->rtt, READ_ONCE(tn->rto_min_ms) * USEC_PER_MSEC,
			  READ_ONCE(tn->rto_max_ms) * USEC_PER_MSEC);
	tcpstate_cong_init(&ts->cong, &tcpstate_reno, ts->tcb.snd_mss, ts->tcb.iss);
	ts->ack_now = false;
	ts->push_pending = false;
	ts->rtt_timing = false;
	ts->resent = false;
	ts->fin_seen = false;
	ts->rcv_refused = false;
	ts->small_seq = ts->tcb.iss;
	ts->urgent_open = false;
	ts->reader_waits = false;
	ts->cut_from = NULL;
	ts->rtx_count = 0;
	ts->keep_probes = 0;
	ts->probes = 0;
	ts->challenges = 0;
	ts->copied_seq = 0;
	ts->ack_seq = 0;
	ts->rcv_seg = 0;
	ts->rcv_rtt_us = 0;
	ts->rcv_echo = 0;
	ts->last_sent = 0;
	ts->pmtu = 0;
	ts->told_mtu = 0;
	ts->mss_limit = 0;
	WRITE_ONCE(sk->sk_err_soft, 0);
	ts->last_rcv = jiffies;
	ts->segs_out = 0;
	ts->segs_in = 0;
	ts->total_retrans = 0;
	ts->bytes_acked = 0;
	ts->bytes_received = 0;
}

/**
 * tcpstate_sock_init_transport() - numbers, timers and lists of a new socket
 * @sk: fresh, or cloned from a listener
 * @iss: initial send sequence number; 0 where there is no connection yet
 *
 * The offset of timestamps is the caller's to set.
 *
 * Context: nobody else sees the socket.
 */
void tcpstate_sock_init_transport(struct sock *sk, u32 iss)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	init_numbers(sk, iss);
	tcpstate_timer_init(sk);
	INIT_LIST_HEAD(&ts->write_queue);
	ts->ooo = RB_ROOT;
	/* A clone has no part in what its listener may hold. */
	RCU_INIT_POINTER(sk->sk_rx_dst, NULL);
	memset(&ts->flow.node, 0, sizeof(ts->flow.node));
	memset(&ts->listen_node, 0, sizeof(ts->listen_node));
	ts->orphan = false;
	memset(&ts->bind, 0, sizeof(ts->bind));
	ts->bind.sk = sk;
	ts->listener = NULL;
	ts->record = NULL;
	ts->ooo_octets = 0;
	tcpstate_sack_forget(&ts->sack);
	INIT_LIST_HEAD(&ts->accept_node);
	spin_lock_init(&ts->accept_lock);
	INIT_LIST_HEAD(&ts->accept_ready);
	INIT_LIST_HEAD(&ts->accept_deferred);
	INIT_LIST_HEAD(&ts->accept_half);
	ts->accept_half_len = 0;
	ts->accept_closed = false;
	ts->cookie_sent = 0;
}

/**
 * tcpstate_sock_init() - a socket that a user has just made
 * @sk: sock_init_data() was called
 * @wire: IP protocol
 *
 * Context: process; nobody else sees the socket.
 */
void tcpstate_sock_init(struct sock *sk, u8 wire)
{
	struct net *net = sock_net(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	ts->wire = wire;
	ts->af = &tcpstate_ipv4;
	ts->tn = tcpstate_net(net);
	ts->owner = TCPSTATE_OWNER_USER;
	sk->sk_protocol = TCPSTATE_PROTOCOL_MARK | wire;
	sk->sk_backlog_rcv = tcpstate_input_backlog;
	sk->sk_destruct = tcpstate_sock_destruct;
	sk->sk_write_space = tcpstate_sock_write_space;
	sock_set_flag(sk, SOCK_USE_WRITE_QUEUE);
	sock_set_flag(sk, SOCK_RCU_FREE);
	WRITE_ONCE(sk->sk_sndbuf, READ_ONCE(net->ipv4.sysctl_tcp_wmem[1]) * 4);
	WRITE_ONCE(sk->sk_rcvbuf, min(READ_ONCE(net->ipv4.sysctl_tcp_rmem[1]) * 4,
				      READ_ONCE(net->ipv4.sysctl_tcp_rmem[2])));
	tcpstate_sock_init_transport(sk, 0);
	tcpstate_state_born(sk, TCPSTATE_CLOSE);
	sk_sockets_allocated_inc(sk);
	ts->record_limit = -1;
	tcpstate_process_set(sk);
}

/**
 * tcpstate_sock_destruct() - the last reference is gone
 * @sk: in CLOSE, in no table
 *
 * Context: any.
 */
void tcpstate_sock_destruct(struct sock *sk)
{
	tcpstate_queue_purge(sk);
	tcpstate_purge_ooo(tcpstate_sk(sk));
	tcpstate_process_put(rcu_dereference_protected(tcpstate_sk(sk)->process, true));
	sk_sockets_allocated_dec(sk);
	inet_sock_destruct(sk);
}

/**
 * tcpstate_sock_write_space() - the send buffer may have room again
 * @sk: the socket
 *
 * Context: any.
 */
void tcpstate_sock_write_space(struct sock *sk)
{
	struct socket *sock;
	struct socket_wq *wq;

	rcu_read_lock();
	sock = READ_ONCE(sk->sk_socket);
	if (sock && __sk_stream_is_writeable(sk, 1)) {
		clear_bit(SOCK_NOSPACE, &sock->flags);
		wq = rcu_dereference(sk->sk_wq);
		if (skwq_has_sleeper(wq))
			wake_up_interruptible_poll(&wq->wait,
						   EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
		if (wq && wq->fasync_list && !(sk->sk_shutdown & SEND_SHUTDOWN))
			sock_wake_async(wq, SOCK_WAKE_SPACE, POLL_OUT);
	}
	rcu_read_unlock();
}

/**
 * tcpstate_sock_get_port() - struct proto's get_port, for inet_bind()
 * @sk: its local address is set
 * @port: host order, or 0
 *
 * Context: process, socket lock held.
 * Return: 0 or -EADDRINUSE or -ENOMEM.
 */
int tcpstate_sock_get_port(struct sock *sk, unsigned short port)
{
	int err = tcpstate_port_get(sk, port);

	if (!err)
		inet_sk(sk)->inet_num = tcpstate_sk(sk)->bind.num;
	return err;
}

/**
 * tcpstate_sock_put_port() - struct proto's put_port, when bind() is undone
 * @sk: the socket
 *
 * Context: process, socket lock held.
 */
void tcpstate_sock_put_port(struct sock *sk)
{
	tcpstate_port_put(tcpstate_sk_net(sk), &tcpstate_sk(sk)->bind);
	inet_sk(sk)->inet_num = 0;
	inet_sk(sk)->inet_sport = 0;
}

/* A name in the table; one that stands there in TIME_WAIT may be given up. */
static int list_name(struct sock *sk, bool bound, u32 *iss)
{
	int err = tcpstate_demux_add(sk);

	*iss = TCPSTATE_ANY_ISS;
	if (err != -EADDRNOTAVAIL)
		return err;
	*iss = tcpstate_timewait_reuse(sk, bound);
	return *iss == TCPSTATE_ANY_ISS ? err : tcpstate_demux_add(sk);
}

/* Take a port where there is none, and a name in the table.  The ISS goes with it. */
static int take_name(struct sock *sk, u32 *iss)
{
	struct inet_sock *inet = inet_sk(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	bool bound = ts->bind.num;
	u16 first = 0, last = 0;
	int err, i;

	for (i = 0; ; i++) {
		if (!bound) {
			err = tcpstate_port_get_for_connect(sk, i < CONNECT_CHANCES ? 0 : last);
			if (err)
				return err;
			inet->inet_num = ts->bind.num;
			inet->inet_sport = htons(ts->bind.num);
		}
		ts->af->set_name(sk, false);
		err = list_name(sk, bound, iss);
		if (!err || bound)
			return err;
		last = ts->bind.num;
		tcpstate_sock_put_port(sk);
		/* Once around: the peer has every port.  @first itself may be gone meanwhile. */
		if (i > CONNECT_CHANCES && (last == first || i > CONNECT_CHANCES + 65535))
			return err;
		if (i == CONNECT_CHANCES)
			first = last;
		if (err != -EADDRNOTAVAIL)
			return err;
		if (signal_pending(current))
			return -ERESTARTSYS;
		cond_resched();
	}
}

static void forget_peer(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);

	inet->inet_dport = 0;
	inet->inet_daddr = 0;
	if (!(sk->sk_userlocks & SOCK_BINDADDR_LOCK)) {
		inet->inet_saddr = 0;
		inet->inet_rcv_saddr = 0;
	}
	sk_dst_reset(sk);
}

/**
 * tcpstate_sock_connect() - struct proto's connect: active open
 * @sk: in CLOSE
 * @addr: struct sockaddr_in of the peer
 * @len: its length, octets
 *
 * Context: process, socket lock held; does not wait for the peer.
 * Return: 0 with the SYN sent, -EINVAL, -EAFNOSUPPORT, -ENETUNREACH,
 * -EADDRNOTAVAIL and what routing says.
 */
int tcpstate_sock_connect(struct sock *sk, struct sockaddr_unsized *addr, int len)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)addr;
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	u32 iss;
	int err;

	if (len < (int)sizeof(*sin))
		return -EINVAL;
	if (sin->sin_family != AF_INET)
		return -EAFNOSUPPORT;
	if (ts->flow.state != TCPSTATE_CLOSE)
		return -EISCONN;
	err = tcpstate_ipv4_connect_name(sk, sin);
	if (err)
		return err;
	sk_dst_reset(sk);
	err = take_name(sk, &iss);
	if (err)
		goto undo_name;
	sk_set_txhash(sk);
	err = ts->af->route(sk);
	if (err)
		goto undo_port;
	init_numbers(sk, iss == TCPSTATE_ANY_ISS ? ts->af->iss(&ts->flow.key) : iss);
	ts->tcb.ts_offset = tcpstate_sock_tstamp_offset(&ts->flow.key);
	tcpstate_output_sync_mss(sk);
	sk->sk_shutdown = 0;
	/* What ended the connection before this one is no news any more. */
	WRITE_ONCE(sk->sk_err, 0);
	sock_reset_flag(sk, SOCK_DONE);
	tcpstate_record_begin(sk);
	tcpstate_state_event(sk, TCPSTATE_EV_ACTIVE_OPEN);
	tcpstate_output_push(sk);
	return 0;

undo_port:
	tcpstate_demux_remove(tcpstate_sk_net(sk), &tcpstate_sk(sk)->flow);
	if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK))
		tcpstate_sock_put_port(sk);
undo_name:
	forget_peer(sk);
	return err;
}

/**
 * tcpstate_sock_disconnect() - struct proto's disconnect: back to a fresh socket
 * @sk: in any state
 * @flags: unused
 *
 * Context: process, socket lock held.
 * Return: 0.
 */
int tcpstate_sock_disconnect(struct sock *sk, int flags)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	u8 old = ts->flow.state;

	tcpstate_state_event(sk, TCPSTATE_EV_ABORT);
	if (old == TCPSTATE_LISTEN)
		tcpstate_request_stop(sk);
	else if (tcpstate_in(old, TCPSTATE_F_CAN_SEND | TCPSTATE_F_CONNECTING |
				  TCPSTATE_F(FIN_WAIT1) | TCPSTATE_F(FIN_WAIT2)))
		WRITE_ONCE(sk->sk_err, ECONNRESET);
	__skb_queue_purge(&sk->sk_receive_queue);
	WRITE_ONCE(ts->tcb.urgent, TCPSTATE_URGENT_NONE);
	if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK))
		tcpstate_sock_put_port(sk);
	else if (!ts->bind.num)
		inet_sk(sk)->inet_num = 0;
	forget_peer(sk);
	dst_release(unrcu_pointer(xchg(&sk->sk_rx_dst, NULL)));
	if (sk->sk_frag.page) {
		put_page(sk->sk_frag.page);
		sk->sk_frag.page = NULL;
		sk->sk_frag.offset = 0;
	}
	WRITE_ONCE(sk->sk_shutdown, 0);
	WRITE_ONCE(sk->sk_err_soft, 0);
	sock_reset_flag(sk, SOCK_DONE);
	sk_error_report(sk);
	return 0;
}

/**
 * tcpstate_sock_listen() - proto_ops listen: passive open
 * @sock: a stream socket
 * @backlog: how many ready children may wait, already bounded by somaxconn
 *
 * Context: process.
 * Return: 0, -EINVAL in a wrong state, -EADDRINUSE.
 */
int tcpstate_sock_listen(struct socket *sock, int backlog)
{
	struct sock *sk = sock->sk;
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	int err = -EINVAL;

	lock_sock(sk);
	if (sock->state != SS_UNCONNECTED ||
	    !tcpstate_in(ts->flow.state, TCPSTATE_F(CLOSE) | TCPSTATE_F(LISTEN)))
		goto out;
	WRITE_ONCE(sk->sk_max_ack_backlog, backlog);
	err = 0;
	if (ts->flow.state == TCPSTATE_LISTEN)
		goto out;
	if (!ts->bind.num) {
		err = tcpstate_sock_get_port(sk, 0);
		if (err)
			goto out;
		inet_sk(sk)->inet_sport = htons(ts->bind.num);
	}
	if (!tcpstate_port_listen(sk)) {
		err = -EADDRINUSE;
		goto out;
	}
	ts->af->set_name(sk, true);
	sk->sk_ack_backlog = 0;
	ts->accept_closed = false;
	tcpstate_state_event(sk, TCPSTATE_EV_PASSIVE_OPEN);
	err = tcpstate_demux_add(sk);
	if (err) {
		tcpstate_state_event(sk, TCPSTATE_EV_CLOSE);
		tcpstate_port_unlisten(sk);
		WRITE_ONCE(sk->sk_shutdown, 0);
	}
out:
	release_sock(sk);
	return err;
}

static int wait_for_child(struct sock *sk, long timeo, struct sock **child)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int err = 0;

	add_wait_queue(sk_sleep(sk), &wait);
	while (!(*child = tcpstate_request_take(sk))) {
		err = -EINVAL;
		if (tcpstate_sk(sk)->flow.state != TCPSTATE_LISTEN)
			break;
		err = -EAGAIN;
		if (!timeo)
			break;
		err = sock_intr_errno(timeo);
		if (signal_pending(current))
			break;
		release_sock(sk);
		timeo = wait_woken(&wait, TASK_INTERRUPTIBLE, timeo);
		lock_sock(sk);
		err = 0;
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return *child ? 0 : err;
}

/**
 * tcpstate_sock_accept() - proto_ops accept
 * @sock: a listener
 * @newsock: takes the child
 * @arg: flags: O_NONBLOCK
 *
 * Context: process.
 * Return: 0, -EINVAL where nobody listens, -EAGAIN, -EINTR, -ERESTARTSYS.
 */
int tcpstate_sock_accept(struct socket *sock, struct socket *newsock,
			 struct proto_accept_arg *arg)
{
	struct sock *sk = sock->sk;
	struct sock *listener, *child;
	int err = -EINVAL;

	lock_sock(sk);
	if (tcpstate_sk(sk)->flow.state == TCPSTATE_LISTEN)
		err = wait_for_child(sk, sock_rcvtimeo(sk, arg->flags & O_NONBLOCK), &child);
	release_sock(sk);
	if (err)
		return err;

	lock_sock(child);
	listener = tcpstate_sk(child)->listener;
	tcpstate_sk(child)->listener = NULL;
	tcpstate_sk(child)->owner = TCPSTATE_OWNER_USER;
	sock_graft(child, newsock);
	newsock->state = SS_CONNECTED;
	tcpstate_own_sol_socket(newsock);
	tcpstate_process_set(child);
	tcpstate_record_set_process(child);
	if (sock_flag(child, SOCK_KEEPOPEN))
		tcpstate_timer_restart_keepalive(child);
	release_sock(child);
	sock_put(listener);
	return 0;
}

/**
 * tcpstate_sock_shutdown() - struct proto's shutdown, sk_shutdown is set
 * @sk: not in CLOSE
 * @how: SEND_SHUTDOWN, RCV_SHUTDOWN
 *
 * Context: process, socket lock held.
 */
void tcpstate_sock_shutdown(struct sock *sk, int how)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	if (!(how & SEND_SHUTDOWN) ||
	    !tcpstate_in(ts->flow.state, TCPSTATE_F_CAN_SEND | TCPSTATE_F(SYN_RECV)))
		return;
	tcpstate_state_event(sk, TCPSTATE_EV_CLOSE);
	if (tcpstate_syn_acked(&ts->tcb))
		tcpstate_output_push(sk);
}

/* SO_LINGER with a time: wait until the peer has it all. */
static void linger(struct sock *sk, long timeout)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);

	if (!timeout)
		return;
	add_wait_queue(sk_sleep(sk), &wait);
	while (tcpstate_in(tcpstate_sk(sk)->flow.state, TCPSTATE_F(FIN_WAIT1) |
			   TCPSTATE_F(CLOSING) | TCPSTATE_F(LAST_ACK))) {
		if (signal_pending(current) || !timeout)
			break;
		release_sock(sk);
		timeout = wait_woken(&wait, TASK_INTERRUPTIBLE, timeout);
		lock_sock(sk);
	}
	remove_wait_queue(sk_sleep(sk), &wait);
}

/* Text that nobody has seen.  An octet that was read out of band is none. */
static bool has_unread(const struct sock *sk)
{
	const struct tcpstate_sock *ts = tcpstate_sk(sk);
	bool seen = ts->tcb.urgent == TCPSTATE_URGENT_READ &&
		    tcpstate_at_mark(&ts->tcb, ts->copied_seq);

	return tcpstate_recvmsg_unread(sk) > seen;
}

/* How a user's close() ends a connection: RFC 9293 3.10.4, 3.6.1. */
static void close_connection(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	bool unread = has_unread(sk);

	__skb_queue_purge(&sk->sk_receive_queue);
	if (unread) {
		/* The peer must learn that what it sent was not read (SHLD-3). */
		tcpstate_mib_inc(tcpstate_sk_net(sk), TCPSTATE_MIB_ABORTONCLOSE);
		tcpstate_state_event(sk, TCPSTATE_EV_ABORT);
	} else if (sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime) {
		tcpstate_state_event(sk, TCPSTATE_EV_ABORT);
	} else {
		tcpstate_state_event(sk, TCPSTATE_EV_CLOSE);
		if (tcpstate_in(ts->flow.state, TCPSTATE_F_CAN_TRANSMIT) &&
		    tcpstate_syn_acked(&ts->tcb))
			tcpstate_output_push(sk);
	}
}

/**
 * tcpstate_sock_close() - struct proto's close: the user lets go
 * @sk: may live on as an orphan
 * @timeout: jiffies to linger
 *
 * Context: process.
 */
void tcpstate_sock_close(struct sock *sk, long timeout)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	sock_hold(sk);
	lock_sock(sk);
	sk->sk_shutdown = SHUTDOWN_MASK;
	if (ts->flow.state == TCPSTATE_LISTEN) {
		tcpstate_state_event(sk, TCPSTATE_EV_CLOSE);
		tcpstate_request_stop(sk);
	} else {
		close_connection(sk);
		linger(sk, timeout);
	}
	tcpstate_state_disown(sk);
	if (ts->flow.state == TCPSTATE_FIN_WAIT2)
		tcpstate_timer_orphan(sk);
	else if (tcpstate_in(ts->flow.state, TCPSTATE_F_SYNCHRONIZED))
		sk_stop_timer(sk, &sk->sk_timer);
	release_sock(sk);
	sock_put(sk);
}

/**
 * tcpstate_sock_abort() - end a connection, or a listener, from outside
 * @sk: held by the caller
 * @err: what its user learns, positive errno
 *
 * Context: process.
 * Return: 0, or -ENOENT: there is nothing to end any more.
 */
int tcpstate_sock_abort(struct sock *sk, int err)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	int ret = -ENOENT;
	u8 old;

	lock_sock(sk);
	old = ts->flow.state;
	if (old != TCPSTATE_CLOSE) {
		ret = 0;
		/* First, so that who is woken finds it. */
		tcpstate_state_error(sk, err);
		tcpstate_state_event(sk, TCPSTATE_EV_ABORT);
		if (old == TCPSTATE_LISTEN)
			tcpstate_request_stop(sk);
	}
	release_sock(sk);
	return ret;
}

static void abort_orphan(struct sock *sk)
{
	local_bh_disable();
	bh_lock_sock(sk);
	if (!sock_owned_by_user(sk) && tcpstate_sk(sk)->owner == TCPSTATE_OWNER_NONE)
		tcpstate_state_event(sk, TCPSTATE_EV_ABORT);
	bh_unlock_sock(sk);
	local_bh_enable();
}

/**
 * tcpstate_sock_abort_orphans() - end the connections that nobody holds
 * @tn: the namespace
 *
 * Context: process.
 */
void tcpstate_sock_abort_orphans(struct tcpstate_net *tn)
{
	tcpstate_demux_for_each(tn, abort_orphan);
}

static __poll_t poll_write(struct sock *sk)
{
	if (sk->sk_shutdown & SEND_SHUTDOWN)
		return EPOLLOUT | EPOLLWRNORM;
	if (__sk_stream_is_writeable(sk, 1))
		return EPOLLOUT | EPOLLWRNORM;
	sk_set_bit(SOCKWQ_ASYNC_NOSPACE, sk);
	set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	/* Space may have come between the look and the flag. */
	smp_mb__after_atomic();
	return __sk_stream_is_writeable(sk, 1) ? EPOLLOUT | EPOLLWRNORM : 0;
}

/* No more is taken: who waits for SO_RCVLOWAT would wait for ever. */
static bool receive_is_full(const struct sock *sk)
{
	const struct tcpstate_sock *ts = tcpstate_sk(sk);
	int rcvbuf = READ_ONCE(sk->sk_rcvbuf);

	return READ_ONCE(ts->rcv_refused) ||
	       atomic_read(&sk->sk_rmem_alloc) > rcvbuf - rcvbuf / 8 ||
	       READ_ONCE(ts->tcb.rcv_adv) - READ_ONCE(ts->tcb.rcv_nxt) <= ts->tcb.rcv_mss;
}

static __poll_t poll_read(const struct sock *sk)
{
	const struct tcpstate_sock *ts = tcpstate_sk(sk);
	u8 urgent = READ_ONCE(ts->tcb.urgent);
	int unread, target = sock_rcvlowat(sk, 0, INT_MAX);
	__poll_t mask = 0;

	/* A reader passes over the octet at the mark: there must be another. */
	if (urgent != TCPSTATE_URGENT_NONE && !sock_flag(sk, SOCK_URGINLINE) &&
	    READ_ONCE(ts->tcb.rcv_up) - 1 == READ_ONCE(ts->copied_seq))
		target++;
	unread = tcpstate_recvmsg_unread(sk);
	if (unread >= target || (unread > 0 && receive_is_full(sk)))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (urgent == TCPSTATE_URGENT_HERE)
		mask |= EPOLLPRI;
	return mask;
}

/**
 * tcpstate_sock_poll() - proto_ops poll, with the in-tree TCP's masks
 * @file: of the socket
 * @sock: the socket
 * @wait: where to wait
 *
 * Context: process; not locked.
 * Return: EPOLL* bits.
 */
__poll_t tcpstate_sock_poll(struct file *file, struct socket *sock, poll_table *wait)
{
	struct sock *sk = sock->sk;
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	u8 state, shutdown;
	__poll_t mask = 0;

	sock_poll_wait(file, sock, wait);
	state = tcpstate_state(sk);
	if (state == TCPSTATE_LISTEN)
		return list_empty_careful(&ts->accept_ready) ? 0 : EPOLLIN | EPOLLRDNORM;
	shutdown = READ_ONCE(sk->sk_shutdown);
	if (shutdown == SHUTDOWN_MASK || state == TCPSTATE_CLOSE)
		mask |= EPOLLHUP;
	if (shutdown & RCV_SHUTDOWN)
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
	if (!tcpstate_in(state, TCPSTATE_F_CONNECTING))
		mask |= poll_read(sk) | poll_write(sk);
	/* Partner: the release of the state, behind which sk_err is set. */
	smp_rmb();
	if (READ_ONCE(sk->sk_err) || !skb_queue_empty_lockless(&sk->sk_error_queue))
		mask |= EPOLLERR;
	return mask;
}

/* What read() would give until it stops: up to the mark, as in-tree. */
static int readable(const struct sock *sk)
{
	const struct tcpstate_sock *ts = tcpstate_sk(sk);
	int unread = tcpstate_recvmsg_unread(sk);

	if (sock_flag(sk, SOCK_URGINLINE) || ts->tcb.urgent == TCPSTATE_URGENT_NONE)
		return unread;
	return min_t(u32, unread, ts->tcb.rcv_up - 1 - ts->copied_seq);
}

/* Of routes, neighbours and addresses: these do not look at the socket. */
static bool ioctl_of_ip(unsigned int cmd)
{
	switch (cmd) {
	case SIOCADDRT:
	case SIOCDELRT:
	case SIOCRTMSG:
	case SIOCDARP:
	case SIOCGARP:
	case SIOCSARP:
	case SIOCGIFADDR:
	case SIOCSIFADDR:
	case SIOCGIFBRDADDR:
	case SIOCSIFBRDADDR:
	case SIOCGIFNETMASK:
	case SIOCSIFNETMASK:
	case SIOCGIFDSTADDR:
	case SIOCSIFDSTADDR:
	case SIOCGIFPFLAGS:
	case SIOCSIFPFLAGS:
	case SIOCSIFFLAGS:
		return true;
	}
	return false;
}

/* One past what the user has given us, a FIN that the peer has not acknowledged too. */
static u32 end_of_sending(const struct tcpstate_sock *ts)
{
	return ts->tcb.write_seq + tcpstate_in(ts->flow.state, TCPSTATE_F(FIN_WAIT1) |
					       TCPSTATE_F(CLOSING) | TCPSTATE_F(LAST_ACK));
}

/**
 * tcpstate_sock_ioctl() - proto_ops ioctl
 * @sock: the socket
 * @cmd: SIOCINQ (FIONREAD), SIOCOUTQ (TIOCOUTQ), SIOCOUTQNSD, SIOCATMARK; and
 *	those of IP, for which any socket will do
 * @arg: where the int goes
 *
 * Context: process.
 * Return: 0, -EINVAL for a listener, -EFAULT, -ENOIOCTLCMD, what IP says.
 */
int tcpstate_sock_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	struct sock *sk = sock->sk;
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	int answer = 0;
	u8 state;

	if (ioctl_of_ip(cmd))
		return inet_ioctl(sock, cmd, arg);
	if (cmd != SIOCINQ && cmd != SIOCOUTQ && cmd != SIOCOUTQNSD && cmd != SIOCATMARK)
		return -ENOIOCTLCMD;
	lock_sock(sk);
	state = ts->flow.state;
	if (cmd == SIOCINQ)
		answer = readable(sk);
	else if (cmd == SIOCATMARK)
		answer = tcpstate_at_mark(&ts->tcb, ts->copied_seq);
	else if (cmd == SIOCOUTQ && !tcpstate_in(state, TCPSTATE_F_CONNECTING))
		answer = max_t(int, end_of_sending(ts) - ts->tcb.snd_una, 0);
	else if (cmd == SIOCOUTQNSD && !tcpstate_in(state, TCPSTATE_F_CONNECTING))
		answer = max_t(int, end_of_sending(ts) - ts->tcb.snd_nxt, 0);
	/* No connection, no text: write_seq stands one above the unsent SYN. */
	if (!tcpstate_syn_acked(&ts->tcb) && cmd != SIOCINQ && cmd != SIOCATMARK)
		answer = 0;
	release_sock(sk);
	if (state == TCPSTATE_LISTEN && cmd != SIOCATMARK)
		return -EINVAL;
	return put_user(answer, (int __user *)arg);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * recv() and its kin: from the receive queue to the user.
 */
#include <linux/tcp.h>

#include <net/busy_poll.h>
#include <net/inet_common.h>
#include <net/tcp.h>

#include "tcpstate.h"

/**
 * tcpstate_recvmsg_unread() - text that was received and not passed by a reader
 * @sk: the socket
 *
 * Context: any; without the lock a hint.
 * Return: octets.
 */
int tcpstate_recvmsg_unread(const struct sock *sk)
{
	const struct tcpstate_sock *ts = tcpstate_sk(sk);
	u32 end;

	if (skb_queue_empty_lockless(&sk->sk_receive_queue))
		return 0;
	end = READ_ONCE(ts->tcb.rcv_nxt);
	/* RCV.NXT has passed the FIN too, when there was one. */
	if (sock_flag(sk, SOCK_DONE) && end != ts->copied_seq)
		end--;
	return end - READ_ONCE(ts->copied_seq);
}

/**
 * tcpstate_recvmsg_set_lowat() - proto_ops set_rcvlowat
 * @sk: the socket
 * @octets: how many must be there for a reader to wake; 0 counts as 1
 *
 * More than fits into the receive buffer would never come: as in-tree it is
 * bounded, and the buffer grows for it.
 *
 * Context: process, socket lock held.
 * Return: 0.
 */
int tcpstate_recvmsg_set_lowat(struct sock *sk, int octets)
{
	int max = READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_rmem[2]);

	if (sk->sk_userlocks & SOCK_RCVBUF_LOCK)
		max = READ_ONCE(sk->sk_rcvbuf);
	octets = min(octets, max / 2);
	WRITE_ONCE(sk->sk_rcvlowat, octets ?: 1);
	if (octets > READ_ONCE(sk->sk_rcvbuf) / 2) {
		WRITE_ONCE(sk->sk_rcvbuf, octets * 2);
		tcpstate_output_open_window(sk);
	}
	return 0;
}

/* What is left of the head buffer from seq on; drop what is read through. */
static struct sk_buff *next_text(struct sock *sk, u32 seq, u32 *offset)
{
	struct sk_buff *skb;

	skb_queue_walk(&sk->sk_receive_queue, skb) {
		*offset = seq - tcpstate_cb(skb)->seg.seq;
		if (*offset < skb->len)
			return skb;
	}
	return NULL;
}

static void drop_read(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct sk_buff *skb;

	while ((skb = skb_peek(&sk->sk_receive_queue))) {
		if (tcpstate_after(tcpstate_cb(skb)->seg.seq + skb->len, ts->copied_seq))
			return;
		__skb_unlink(skb, &sk->sk_receive_queue);
		/* Its reader may hold it for its time (keep_stamped()), not its room. */
		skb_orphan(skb);
		consume_skb(skb);
	}
}

/* Nothing to read: why not.  0: end of the stream; -EINPROGRESS: wait. */
static int why_empty(struct sock *sk, long timeo)
{
	u8 state = tcpstate_sk(sk)->flow.state;

	if (sock_flag(sk, SOCK_DONE))
		return 0;
	if (sk->sk_err)
		return sock_error(sk);
	if (sk->sk_shutdown & RCV_SHUTDOWN)
		return 0;
	if (state == TCPSTATE_CLOSE)
		return -ENOTCONN;
	if (!timeo)
		return -EAGAIN;
	if (signal_pending(current))
		return sock_intr_errno(timeo);
	return -EINPROGRESS;
}

/* Something was read: is it enough, or will there be no more. */
static bool no_more(struct sock *sk, long timeo)
{
	return sk->sk_err || tcpstate_sk(sk)->flow.state == TCPSTATE_CLOSE ||
	       (sk->sk_shutdown & RCV_SHUTDOWN) || !timeo || signal_pending(current);
}

static int copy(struct sk_buff *skb, u32 offset, struct msghdr *msg, u32 n, int flags)
{
	if (flags & MSG_TRUNC)
		return 0;
	return skb_copy_datagram_msg(skb, offset, msg, n);
}

/*
 * Dynamic right-sizing: a reader that takes half of the window and more within a
 * round trip is held up by the window, so the buffer doubles, as far as
 * net.ipv4.tcp_rmem[2].  Where the user has set SO_RCVBUF, or
 * net.ipv4.tcp_moderate_rcvbuf is off, it stays.  The clock is read once in half a
 * window.  The round trip is the one that our own segments have measured, or that the
 * peer's text has by its echoes, whichever is longer, and at least a tick of those.
 */
static void right_size(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	const struct net *net = sock_net(sk);
	int rcvbuf = READ_ONCE(sk->sk_rcvbuf);
	int most = READ_ONCE(net->ipv4.sysctl_tcp_rmem[2]);
	u32 now, since, rtt;

	if (ts->copied_seq - ts->sizing_seq < rcvbuf / 4)
		return;
	now = (u32)(ktime_get_ns() / NSEC_PER_USEC) ?: 1;
	since = ts->sizing_start;
	ts->sizing_seq = ts->copied_seq;
	ts->sizing_start = now;
	rtt = max3(ts->rtt.srtt_us, ts->rcv_rtt_us, (u32)USEC_PER_MSEC);
	if (!since || now - since > rtt || rcvbuf >= most ||
	    (sk->sk_userlocks & SOCK_RCVBUF_LOCK) ||
	    !READ_ONCE(net->ipv4.sysctl_tcp_moderate_rcvbuf) || sk_under_memory_pressure(sk))
		return;
	WRITE_ONCE(sk->sk_rcvbuf, rcvbuf > most / 2 ? most : rcvbuf * 2);
}

/* The reader has taken all below seq. */
static void consume(struct sock *sk, u32 seq)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	WRITE_ONCE(ts->copied_seq, seq);
	if (tcpstate_urg_passed(&ts->tcb, seq))
		WRITE_ONCE(ts->tcb.urgent, TCPSTATE_URGENT_NONE);
	drop_read(sk);
	right_size(sk);
}

/*
 * Urgent text: the octet at the mark, whatever lies before it.  Never waits.
 * The errors are those of BSD.
 */
static int receive_urgent(struct sock *sk, struct msghdr *msg, size_t len, int flags)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_tcb *tcb = &ts->tcb;

	if (ts->flow.state == TCPSTATE_LISTEN)
		return -ENOTCONN;
	if (sock_flag(sk, SOCK_URGINLINE) || tcb->urgent == TCPSTATE_URGENT_NONE ||
	    tcb->urgent == TCPSTATE_URGENT_READ)
		return -EINVAL;
	if (ts->flow.state == TCPSTATE_CLOSE && !sock_flag(sk, SOCK_DONE))
		return -ENOTCONN;
	if (tcb->urgent == TCPSTATE_URGENT_AHEAD)
		return ts->flow.state == TCPSTATE_CLOSE || (sk->sk_shutdown & RCV_SHUTDOWN) ?
			0 : -EAGAIN;
	if (len && !(flags & MSG_TRUNC) && memcpy_to_msg(msg, &tcb->urgent_octet, 1))
		return -EFAULT;
	if (!(flags & MSG_PEEK))
		WRITE_ONCE(tcb->urgent, TCPSTATE_URGENT_READ);
	msg->msg_flags |= len ? MSG_OOB : MSG_OOB | MSG_TRUNC;
	return len ? 1 : 0;
}

/*
 * A reader that finds itself at the mark goes on behind it: the octet there is
 * not in this stream.  0, or -errno: a signal, SIGURG most likely, stops it.
 */
static int pass_mark(struct sock *sk, u32 *seq, long timeo, int flags)
{
	u32 offset;

	if (signal_pending(current))
		return timeo ? sock_intr_errno(timeo) : -EAGAIN;
	if (sock_flag(sk, SOCK_URGINLINE) || !next_text(sk, *seq, &offset))
		return 0;
	++*seq;
	if (!(flags & MSG_PEEK))
		consume(sk, *seq);
	return 0;
}

/* SO_TIMESTAMP and its kin, and the receive side of SO_TIMESTAMPING. */
static bool wants_stamps(const struct sock *sk)
{
	return sock_flag(sk, SOCK_RCVTSTAMP) || READ_ONCE(sk->sk_tsflags);
}

/* The reader gets the time of the last segment that it took from. */
static void keep_stamped(struct sk_buff **last, struct sk_buff *skb)
{
	kfree_skb(*last);
	*last = skb_get(skb);
}

/* The last segment that was read from goes to *last, held, where it matters. */
static int receive_locked(struct sock *sk, struct msghdr *msg, size_t len, int flags,
			  struct sk_buff **last)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	long timeo = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	int target = sock_rcvlowat(sk, flags & MSG_WAITALL, len);
	u32 seq = ts->copied_seq;
	int err, copied = 0;
	struct sk_buff *skb;
	u32 offset, n;

	if (ts->flow.state == TCPSTATE_LISTEN)
		return -ENOTCONN;
	do {
		if (len && tcpstate_at_mark(&ts->tcb, seq)) {
			if (copied)
				break;
			err = pass_mark(sk, &seq, timeo, flags);
			if (err)
				return err;
		}
		skb = next_text(sk, seq, &offset);
		if (skb) {
			n = tcpstate_urg_run(&ts->tcb, seq, min_t(size_t, len, skb->len - offset));
			err = copy(skb, offset, msg, n, flags);
			if (err)
				return copied ?: -EFAULT;
			seq += n;
			copied += n;
			len -= n;
			if (wants_stamps(sk))
				keep_stamped(last, skb);
			if (!(flags & MSG_PEEK))
				consume(sk, seq);
			continue;
		}
		if (copied >= target && !READ_ONCE(sk->sk_backlog.tail))
			break;
		if (copied) {
			if (no_more(sk, timeo))
				break;
		} else {
			err = why_empty(sk, timeo);
			if (err != -EINPROGRESS)
				return err;
		}
		if (!(flags & MSG_PEEK) && copied)
			tcpstate_output_open_window(sk);
		if (copied >= target) {
			/* Only the backlog may have more. */
			release_sock(sk);
			lock_sock(sk);
		} else {
			ts->reader_waits = !(flags & MSG_PEEK);
			err = sk_wait_data(sk, &timeo, skb_peek_tail(&sk->sk_receive_queue));
			ts->reader_waits = false;
			if (err < 0)
				return copied ?: err;
		}
		/* Somebody else may have read meanwhile. */
		if ((flags & MSG_PEEK) && tcpstate_before(seq, ts->copied_seq))
			seq = ts->copied_seq;
		else if (!(flags & MSG_PEEK))
			seq = ts->copied_seq;
	} while (len);
	if (!(flags & MSG_PEEK) && copied)
		tcpstate_output_open_window(sk);
	return copied;
}

/* TCP_INQ, and io_uring's question for the same. */
static void tell_left(struct sock *sk, struct msghdr *msg, int left)
{
	/* As in-tree: at the end of the stream a read is worth a try. */
	if (!left && sock_flag(sk, SOCK_DONE))
		left = 1;
	if (msg->msg_get_inq)
		msg->msg_inq = left;
	if (tcpstate_sk(sk)->recv_inq)
		put_cmsg(msg, SOL_TCP, TCP_CM_INQ, sizeof(left), &left);
}

/**
 * tcpstate_recvmsg() - proto_ops recvmsg
 * @sock: a stream socket
 * @msg: no address is filled in, as in-tree
 * @len: octets of room
 * @flags: MSG_PEEK, MSG_WAITALL, MSG_DONTWAIT, MSG_TRUNC (throw away),
 *	MSG_ERRQUEUE, MSG_OOB
 *
 * Whatever the flags, reading stops at the mark of urgent text, and goes on
 * behind it in the next call: from the last urgent octet on with
 * SO_OOBINLINE, without it from the one after that.
 *
 * Context: process.
 * Return: octets, 0 at the end of the stream, or -ENOTCONN, -EAGAIN, -EINTR,
 * -EFAULT, -EINVAL, the pending error.
 */
int tcpstate_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags)
{
	struct sock *sk = sock->sk;
	struct sk_buff *last = NULL;
	int ret, left;

	if (unlikely(flags & MSG_ERRQUEUE))
		return tcpstate_sk(sk)->af->recv_error(sk, msg, len);
	msg->msg_namelen = 0;
	if (sk_can_busy_loop(sk) && skb_queue_empty_lockless(&sk->sk_receive_queue) &&
	    tcpstate_state(sk) == TCPSTATE_ESTABLISHED)
		sk_busy_loop(sk, flags & MSG_DONTWAIT);
	lock_sock(sk);
	ret = flags & MSG_OOB ? receive_urgent(sk, msg, len, flags) :
				receive_locked(sk, msg, len, flags, &last);
	left = tcpstate_recvmsg_unread(sk);
	if (last) {
		sock_recv_timestamp(msg, sk, last);
		/* Its memory is charged to the socket: only under the lock. */
		kfree_skb(last);
	}
	release_sock(sk);
	if (ret >= 0)
		tell_left(sk, msg, left);
	return ret;
}

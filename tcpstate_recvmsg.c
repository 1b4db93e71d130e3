// SPDX-License-Identifier: GPL-2.0
/*
 * recv() and its kin: from the receive queue to the user.
 */
#include <net/inet_common.h>
#include <net/tcp.h>

#include "tcpstate.h"

/**
 * tcpstate_recvmsg_unread() - text that a reader would get
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

static int receive_locked(struct sock *sk, struct msghdr *msg, size_t len, int flags)
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
		skb = next_text(sk, seq, &offset);
		if (skb) {
			n = min_t(size_t, len, skb->len - offset);
			err = copy(skb, offset, msg, n, flags);
			if (err)
				return copied ?: -EFAULT;
			seq += n;
			copied += n;
			len -= n;
			if (!(flags & MSG_PEEK)) {
				WRITE_ONCE(ts->copied_seq, seq);
				drop_read(sk);
			}
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
			err = sk_wait_data(sk, &timeo, skb_peek_tail(&sk->sk_receive_queue));
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

/**
 * tcpstate_recvmsg() - proto_ops recvmsg
 * @sock: a stream socket
 * @msg: no address is filled in, as in-tree
 * @len: octets of room
 * @flags: MSG_PEEK, MSG_WAITALL, MSG_DONTWAIT, MSG_TRUNC (throw away),
 *	MSG_ERRQUEUE; MSG_OOB finds no urgent text
 *
 * Context: process.
 * Return: octets, 0 at the end of the stream, or -ENOTCONN, -EAGAIN, -EINTR,
 * -EFAULT, -EINVAL, the pending error.
 */
int tcpstate_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags)
{
	struct sock *sk = sock->sk;
	int ret;

	if (unlikely(flags & MSG_ERRQUEUE))
		return tcpstate_sk(sk)->af->recv_error(sk, msg, len);
	msg->msg_namelen = 0;
	if (flags & MSG_OOB)
		return -EINVAL;
	lock_sock(sk);
	ret = receive_locked(sk, msg, len, flags);
	release_sock(sk);
	return ret;
}

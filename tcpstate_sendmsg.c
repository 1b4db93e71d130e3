// SPDX-License-Identifier: GPL-2.0
/*
 * send() and its kin: one copy from the user into page fragments of the
 * write queue (tcpstate_queue.c).
 */
#include <linux/uio.h>

#include <net/tcp.h>

#include "tcpstate.h"

/**
 * tcpstate_sendmsg_memory_free() - struct proto's stream_memory_free
 * @sk: the socket
 * @wake: 1: enough to wake a writer for, 0: enough to go on
 *
 * Context: any; without the lock a hint.
 * Return: less is waiting to be sent than TCP_NOTSENT_LOWAT or its sysctl says.
 */
bool tcpstate_sendmsg_memory_free(const struct sock *sk, int wake)
{
	const struct tcpstate_sock *ts = tcpstate_sk(sk);
	u32 limit = READ_ONCE(ts->notsent_lowat) ?:
		    READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_notsent_lowat);
	s32 unsent = READ_ONCE(ts->tcb.write_seq) - READ_ONCE(ts->tcb.snd_nxt);

	/* A FIN that was sent lies beyond the text. */
	return unsent <= 0 || ((u64)unsent << wake) < limit;
}

/* A buffer is freed when all of it is acknowledged: keep it a part of the whole. */
static u32 buffer_limit(const struct sock *sk)
{
	u32 mss = tcpstate_sk(sk)->tcb.snd_mss;

	return clamp_t(u32, READ_ONCE(sk->sk_sndbuf) / 4, mss, 65536);
}

/*
 * Where all memory is taken, a socket that has nothing queued may still queue a
 * little, as in-tree: else it might wait for ever.  Until that is acknowledged its
 * account is below zero.
 */
static int on_credit(const struct sock *sk)
{
	return max(READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_wmem[0]) - sk->sk_wmem_queued, 0);
}

static struct tcpstate_buffer *new_buffer(struct sock *sk)
{
	if (!sk_wmem_schedule(sk, sizeof(struct tcpstate_buffer)) && !on_credit(sk))
		return NULL;
	return tcpstate_queue_add(sk);
}

/* The last buffer, if anything more goes into it. */
static struct tcpstate_buffer *open_buffer(struct sock *sk)
{
	struct tcpstate_buffer *buf = tcpstate_queue_last(sk);

	if (!buf || buf->len >= buffer_limit(sk))
		return NULL;
	return buf;
}

/*
 * Copy up to len octets into buf.  Octets copied; 0 when the buffer has no
 * room for another fragment; or -ENOBUFS, -EFAULT.
 */
static int fill(struct sock *sk, struct tcpstate_buffer *buf, struct iov_iter *from, u32 len)
{
	struct page_frag *pfrag = sk_page_frag(sk);
	u32 n;

	if (!sk_page_frag_refill(sk, pfrag))
		return -ENOBUFS;
	if (!tcpstate_queue_fits(buf, pfrag->page, pfrag->offset))
		return 0;
	n = min_t(u32, len, pfrag->size - pfrag->offset);
	if (!sk_wmem_schedule(sk, n)) {
		n = min_t(u32, n, on_credit(sk));
		if (!n)
			return -ENOBUFS;
	}
	/* Its pages are in the kernel's own mapping, as sk_page_frag_refill() takes them. */
	if (!copy_from_iter_full(page_address(pfrag->page) + pfrag->offset, n, from))
		return -EFAULT;
	tcpstate_queue_append(sk, buf, pfrag->page, pfrag->offset, n);
	pfrag->offset += n;
	return n;
}

static int check_can_send(struct sock *sk)
{
	if (sk->sk_err || (sk->sk_shutdown & SEND_SHUTDOWN) ||
	    !tcpstate_in(tcpstate_sk(sk)->flow.state, TCPSTATE_F_CAN_SEND))
		return -EPIPE;
	return 0;
}

/* Copy as much as there is room for now.  Octets, or -EAGAIN: wait. */
static int copy_some(struct sock *sk, struct iov_iter *from)
{
	struct tcpstate_buffer *buf = open_buffer(sk);
	int n;

	if (!buf) {
		if (!sk_stream_memory_free(sk))
			return -EAGAIN;
		buf = new_buffer(sk);
		if (!buf)
			return -EAGAIN;
	}
	n = fill(sk, buf, from, min_t(size_t, iov_iter_count(from),
				      buffer_limit(sk) - buf->len));
	if (!n) {
		if (!sk_stream_memory_free(sk))
			return -EAGAIN;
		buf = new_buffer(sk);
		if (!buf)
			return -EAGAIN;
		n = fill(sk, buf, from, min_t(size_t, iov_iter_count(from),
					      buffer_limit(sk)));
	}
	/* An empty buffer would be the head of nothing. */
	if (n < 0 && !buf->len)
		tcpstate_queue_drop(sk, buf);
	return n == -ENOBUFS ? -EAGAIN : n;
}

/* More will come soon (MSG_MORE): treat it as corked until it does. */
static void push(struct sock *sk, bool more)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	bool corked = ts->corked;

	ts->corked |= more;
	tcpstate_output_push(sk);
	ts->corked = corked;
}

/* What was copied so far may go. */
static void push_copied(struct sock *sk, const struct msghdr *msg, bool more)
{
	if (msg->msg_flags & MSG_OOB)
		tcpstate_output_urgent(sk);
	else
		push(sk, more);
}

/* Control messages of SOL_SOCKET: none changes what goes out, a wrong one is an error. */
static bool control_ok(struct sock *sk, struct msghdr *msg)
{
	struct sockcm_cookie cookie;

	if (likely(!msg->msg_controllen))
		return true;
	sockcm_init(&cookie, sk);
	return !sock_cmsg_send(sk, msg, &cookie);
}

static int send_locked(struct sock *sk, struct msghdr *msg)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	bool more = msg->msg_flags & MSG_MORE;
	bool urgent = msg->msg_flags & MSG_OOB;
	int err, n, copied = 0;
	long timeo;

	timeo = sock_sndtimeo(sk, msg->msg_flags & MSG_DONTWAIT);
	if (!tcpstate_in(ts->flow.state, TCPSTATE_F_CAN_SEND)) {
		err = sk_stream_wait_connect(sk, &timeo);
		if (err)
			return sk_stream_error(sk, msg->msg_flags, err);
	}
	if (!control_ok(sk, msg))
		return -EINVAL;
	sk_clear_bit(SOCKWQ_ASYNC_NOSPACE, sk);
	err = check_can_send(sk);
	while (!err && msg_data_left(msg)) {
		n = copy_some(sk, &msg->msg_iter);
		if (n > 0) {
			copied += n;
			/*
			 * Do not let the wire wait for a long write; but urgent
			 * text must not go before it is known where it ends.
			 */
			if (!urgent && (ts->tcb.write_seq - ts->tcb.snd_nxt > ts->tcb.max_wnd / 2 ||
					!open_buffer(sk)))
				push(sk, true);
			continue;
		}
		if (n != -EAGAIN) {
			err = n;
			break;
		}
		set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
		ts->urgent_open = urgent && timeo;
		if (copied)
			push_copied(sk, msg, false);
		err = sk_stream_wait_memory(sk, &timeo);
		ts->urgent_open = false;
		if (!err)
			err = check_can_send(sk);
	}
	if (copied) {
		push_copied(sk, msg, more);
		return copied;
	}
	return err ? sk_stream_error(sk, msg->msg_flags, err) : 0;
}

/**
 * tcpstate_sendmsg() - proto_ops sendmsg
 * @sock: a stream socket
 * @msg: an address in it is not looked at, as in-tree
 * @len: octets
 *
 * Flags: MSG_DONTWAIT, MSG_NOSIGNAL, MSG_MORE, MSG_EOR; MSG_OOB: all of it is
 * urgent, and so is what was queued before.  A long urgent write that has to
 * wait for room tells the peer of what it has queued, and moves the pointer
 * on later; until then the last octet stays here.
 *
 * Context: process.
 * Return: octets queued, or -EPIPE (with SIGPIPE), -EAGAIN, -EFAULT,
 * -EOPNOTSUPP, -EINTR, the pending error.
 */
int tcpstate_sendmsg(struct socket *sock, struct msghdr *msg, size_t len)
{
	struct sock *sk = sock->sk;
	int ret;

	if (msg->msg_flags & MSG_FASTOPEN)
		return -EOPNOTSUPP;
	lock_sock(sk);
	ret = send_locked(sk, msg);
	/* A poller waits for an edge: make sure that one will come. */
	if (ret == -EAGAIN && !tcpstate_queue_last(sk))
		sk->sk_write_space(sk);
	release_sock(sk);
	return ret;
}

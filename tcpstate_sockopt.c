// SPDX-License-Identifier: GPL-2.0
/*
 * Options at the levels SOL_TCP, SOL_IP and SOL_TCPSTATE, TCP_INFO, and the one
 * of SOL_SOCKET that the kernel would refuse.
 */
#include <linux/in.h>
#include <linux/tcp.h>

#include <net/inet_common.h>
#include <net/ip.h>
#include <net/tcp.h>

#include "tcpstate.h"

/*
 * The IP options that may be set: those that mean something to us, and those that IP
 * only keeps.  The rest would cast the socket, or want to be undone at its end.
 */
static bool ip_option_ok(int name)
{
	switch (name) {
	case IP_TOS:
	case IP_TTL:
	case IP_OPTIONS:
	case IP_RECVERR:
	case IP_MTU_DISCOVER:
	case IP_MTU:
	case IP_FREEBIND:
	case IP_TRANSPARENT:
	case IP_BIND_ADDRESS_NO_PORT:
	case IP_LOCAL_PORT_RANGE:
	case IP_MINTTL:
	case IP_RECVTOS:
	case IP_RECVTTL:
	case IP_PKTOPTIONS:
	case IP_PKTINFO:
	case IP_RECVOPTS:
	case IP_RETOPTS:
	case IP_RECVORIGDSTADDR:
	case IP_PASSSEC:
	case IP_HDRINCL:
	case IP_NODEFRAG:
	case IP_RECVFRAGSIZE:
	case IP_MULTICAST_TTL:
	case IP_MULTICAST_LOOP:
	case IP_MULTICAST_ALL:
	case IP_UNICAST_IF:
	case IP_CHECKSUM:
	case IP_IPSEC_POLICY:
	case IP_XFRM_POLICY:
		return true;
	}
	return false;
}

/* What is not for a stream, each refused as in-tree. */
static int ip_refuse(int name, sockptr_t optval, unsigned int len)
{
	char first;

	switch (name) {
	case IP_ADD_MEMBERSHIP:
	case IP_DROP_MEMBERSHIP:
		return -EPROTO;
	case IP_ROUTER_ALERT:
		if (len && copy_from_sockptr(&first, optval, 1))
			return -EFAULT;
		fallthrough;
	case IP_MULTICAST_IF:
	case IP_UNBLOCK_SOURCE:
	case IP_BLOCK_SOURCE:
	case IP_ADD_SOURCE_MEMBERSHIP:
	case IP_DROP_SOURCE_MEMBERSHIP:
	case IP_MSFILTER:
	case MCAST_JOIN_GROUP:
	case MCAST_BLOCK_SOURCE:
	case MCAST_UNBLOCK_SOURCE:
	case MCAST_LEAVE_GROUP:
	case MCAST_JOIN_SOURCE_GROUP:
	case MCAST_LEAVE_SOURCE_GROUP:
	case MCAST_MSFILTER:
		return -EINVAL;
	}
	return -ENOPROTOOPT;
}

static int set_nodelay(struct sock *sk, int val)
{
	tcpstate_sk(sk)->nodelay = val;
	/* As in-tree, this also sends what waits behind a cork. */
	if (val && tcpstate_in(tcpstate_sk(sk)->flow.state, TCPSTATE_F_CAN_TRANSMIT))
		tcpstate_output_overdue(sk);
	return 0;
}

static int set_cork(struct sock *sk, int val)
{
	tcpstate_sk(sk)->corked = val;
	if (!val && tcpstate_in(tcpstate_sk(sk)->flow.state, TCPSTATE_F_CAN_TRANSMIT))
		tcpstate_output_push(sk);
	return 0;
}

static int set_quickack(struct sock *sk, int val)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	ts->quickack = val;
	if (val && tcpstate_in(ts->flow.state, TCPSTATE_F_SYNCHRONIZED) &&
	    ts->ack_seq != ts->tcb.rcv_nxt)
		tcpstate_output_ack(sk);
	return 0;
}

/* What a number of SYN+ACKs takes, each after twice the time, as in-tree; seconds. */
static u32 round_defer_accept(int seconds)
{
	int period = 0, timeout = 1, n;

	for (n = 0; period < seconds && n < 255; n++) {
		period += timeout;
		timeout = min(timeout * 2, 120);
	}
	return period;
}

static int set_window_clamp(struct sock *sk, int val)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	if (!val && ts->flow.state != TCPSTATE_CLOSE)
		return -EINVAL;
	/* As in-tree, what is negative is very much. */
	ts->window_clamp = val ? max_t(u32, val, SOCK_MIN_RCVBUF / 2) : 0;
	return 0;
}

/* Options that only say no, each in the in-tree TCP's way for a kernel without it. */
static int refuse(const struct tcpstate_sock *ts, int name, int val)
{
	bool fresh = tcpstate_in(ts->flow.state, TCPSTATE_F(CLOSE) | TCPSTATE_F(LISTEN));

	switch (name) {
	case TCP_REPAIR:
	case TCP_REPAIR_QUEUE:
	case TCP_REPAIR_WINDOW:
	case TCP_TIMESTAMP:
		return -EPERM;
	case TCP_QUEUE_SEQ:
		return ts->flow.state == TCPSTATE_CLOSE ? -EINVAL : -EPERM;
	case TCP_REPAIR_OPTIONS:
		return -EINVAL;
	case TCP_FASTOPEN:
		return val < 0 || !fresh ? -EINVAL : -EOPNOTSUPP;
	case TCP_FASTOPEN_CONNECT:
		return val < 0 || val > 1 ? -EINVAL : -EOPNOTSUPP;
	case TCP_FASTOPEN_NO_COOKIE:
		return val < 0 || val > 1 || !fresh ? -EINVAL : -EOPNOTSUPP;
	}
	return -ENOPROTOOPT;
}

static int set_locked(struct sock *sk, int name, int val)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	switch (name) {
	case TCP_DEFER_ACCEPT:
		WRITE_ONCE(ts->defer_accept, round_defer_accept(val));
		return 0;
	case TCP_WINDOW_CLAMP:
		return set_window_clamp(sk, val);
	case TCP_NOTSENT_LOWAT:
		WRITE_ONCE(ts->notsent_lowat, val);
		sk->sk_write_space(sk);
		return 0;
	case TCP_INQ:
		if (val < 0 || val > 1)
			return -EINVAL;
		ts->recv_inq = val;
		return 0;
	case TCP_THIN_DUPACK:
		/* Since Linux 4.11 it does nothing in-tree either. */
		return val < 0 || val > 1 ? -EINVAL : 0;
	case TCP_THIN_LINEAR_TIMEOUTS:
		if (val < 0 || val > 1)
			return -EINVAL;
		ts->thin_linear = val;
		return 0;
	case TCP_NODELAY:
		return set_nodelay(sk, !!val);
	case TCP_CORK:
		return set_cork(sk, !!val);
	case TCP_QUICKACK:
		return set_quickack(sk, val & 1);
	case TCP_MAXSEG:
		if (val && (val < 88 || val > 32767))
			return -EINVAL;
		ts->rtx_mss = val;
		return 0;
	case TCP_SYNCNT:
		if (val < 1 || val > 127)
			return -EINVAL;
		ts->syn_retries = val;
		return 0;
	case TCP_USER_TIMEOUT:
		if (val < 0)
			return -EINVAL;
		ts->user_timeout = val;
		return 0;
	case TCP_LINGER2:
		ts->linger2 = val < 0 ? -1 : min(val, 120);
		return 0;
	case TCP_KEEPIDLE:
		if (val < 1 || val > 32767)
			return -EINVAL;
		ts->keepidle = val * HZ;
		tcpstate_timer_restart_keepalive(sk);
		return 0;
	case TCP_KEEPINTVL:
		if (val < 1 || val > 32767)
			return -EINVAL;
		ts->keepintvl = val * HZ;
		return 0;
	case TCP_KEEPCNT:
		if (val < 1 || val > 127)
			return -EINVAL;
		ts->keepcnt = val;
		return 0;
	}
	return refuse(ts, name, val);
}

static int set_congestion(sockptr_t optval, unsigned int len)
{
	char name[16] = {};

	if (len < 1)
		return -EINVAL;
	if (copy_from_sockptr(name, optval, min_t(unsigned int, len, sizeof(name) - 1)))
		return -EFAULT;
	return strcmp(name, tcpstate_reno.name) ? -ENOENT : 0;
}

static int set_own_locked(struct sock *sk, int name, int val)
{
	switch (name) {
	case TCPSTATE_REUSEPORT:
		sk->sk_reuseport = !!val;
		return 0;
	case TCPSTATE_RECORD:
		if (val < -1 || val > TCPSTATE_RECORD_MAX)
			return -EINVAL;
		return tcpstate_record_resize(sk, val);
	case TCPSTATE_RECORD_MASK:
		if (val < 0 || val >= 1 << TCPSTATE_RECORD_KINDS)
			return -EINVAL;
		tcpstate_record_set_mask(sk, val);
		return 0;
	}
	return -ENOPROTOOPT;
}

static int set_own(struct sock *sk, int name, sockptr_t optval, unsigned int len)
{
	int val, err;

	if (name < TCPSTATE_REUSEPORT || name > TCPSTATE_RECORD_MASK)
		return -ENOPROTOOPT;
	if (len < sizeof(int))
		return -EINVAL;
	if (copy_from_sockptr(&val, optval, sizeof(val)))
		return -EFAULT;
	lock_sock(sk);
	err = set_own_locked(sk, name, val);
	release_sock(sk);
	return err;
}

/* No protocol can be layered on top of ours. */
static int set_ulp(sockptr_t optval, unsigned int len)
{
	char first;

	if (len < 1)
		return -EINVAL;
	return copy_from_sockptr(&first, optval, 1) ? -EFAULT : -ENOENT;
}

static int set_ip(struct sock *sk, int name, sockptr_t optval, unsigned int len)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	int err;

	if (!ip_option_ok(name))
		return ip_refuse(name, optval, len);
	err = ip_setsockopt(sk, SOL_IP, name, optval, len);
	if (err || name != IP_OPTIONS)
		return err;
	lock_sock(sk);
	/* It goes before what the peer sends (MUST-52); and segments get room for it. */
	ts->own_route = len;
	ts->pmtu = 0;
	sk_dst_reset(sk);
	release_sock(sk);
	return 0;
}

/**
 * tcpstate_setsockopt() - proto_ops setsockopt
 * @sock: the socket
 * @level: SOL_TCP, SOL_IP or SOL_TCPSTATE; SOL_SOCKET where the kernel lets us
 * @name: option
 * @optval: its value
 * @len: its length, octets
 *
 * Context: process.
 * Return: 0, -ENOPROTOOPT, -EINVAL, -EFAULT, -ENOENT (no such congestion control),
 * -EPERM, -EOPNOTSUPP.
 */
int tcpstate_setsockopt(struct socket *sock, int level, int name, sockptr_t optval,
			unsigned int len)
{
	struct sock *sk = sock->sk;
	int val, err;

	if (level == SOL_IP)
		return set_ip(sk, name, optval, len);
	if (level == SOL_TCPSTATE)
		return set_own(sk, name, optval, len);
	if (level == SOL_SOCKET)
		return name == SO_REUSEPORT ? set_own(sk, TCPSTATE_REUSEPORT, optval, len) :
					      sock_setsockopt(sock, level, name, optval, len);
	if (level != SOL_TCP)
		return -ENOPROTOOPT;
	if (name == TCP_CONGESTION)
		return set_congestion(optval, len);
	if (name == TCP_ULP)
		return set_ulp(optval, len);
	if (len < sizeof(int))
		return -EINVAL;
	if (copy_from_sockptr(&val, optval, sizeof(val)))
		return -EFAULT;
	lock_sock(sk);
	err = set_locked(sk, name, val);
	release_sock(sk);
	return err;
}

/**
 * tcpstate_sockopt_info() - TCP_INFO
 * @sk: the socket
 * @info: filled
 *
 * Context: socket lock held.
 */
void tcpstate_sockopt_info(struct sock *sk, struct tcp_info *info)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	const struct tcpstate_tcb *tcb = &ts->tcb;
	const struct dst_entry *dst = __sk_dst_get(sk);
	u32 mss = max_t(u32, tcb->snd_mss, 1);

	memset(info, 0, sizeof(*info));
	info->tcpi_state = ts->flow.state;
	if (ts->flow.state == TCPSTATE_LISTEN) {
		/* As in-tree: the accept queue and its limit. */
		info->tcpi_unacked = READ_ONCE(sk->sk_ack_backlog);
		info->tcpi_sacked = READ_ONCE(sk->sk_max_ack_backlog);
		return;
	}
	info->tcpi_ca_state = ts->cong.phase;
	info->tcpi_retransmits = ts->rtx_count;
	info->tcpi_probes = tcb->snd_wnd ? 0 : ts->rtx_count;
	info->tcpi_backoff = ts->rtt.backoff;
	if (tcb->sack_ok)
		info->tcpi_options |= TCPI_OPT_SACK;
	if (tcb->ts_ok)
		info->tcpi_options |= TCPI_OPT_TIMESTAMPS;
	if (tcb->wscale_ok) {
		info->tcpi_options |= TCPI_OPT_WSCALE;
		info->tcpi_snd_wscale = tcb->snd_wscale;
		info->tcpi_rcv_wscale = tcb->rcv_wscale;
	}
	info->tcpi_rto = tcpstate_rtt_timeout(&ts->rtt);
	info->tcpi_ato = READ_ONCE(tcpstate_sk_net(sk)->delack_ms) * USEC_PER_MSEC;
	info->tcpi_snd_mss = tcb->snd_mss;
	info->tcpi_rcv_mss = ts->rcv_seg ?: tcb->rcv_mss;
	info->tcpi_unacked = DIV_ROUND_UP(tcb->snd_nxt - tcb->snd_una, mss);
	info->tcpi_last_data_sent = ts->last_sent ?
		jiffies_to_msecs(jiffies - ts->last_sent) : 0;
	info->tcpi_last_data_recv = jiffies_to_msecs(jiffies - ts->last_rcv);
	info->tcpi_last_ack_recv = info->tcpi_last_data_recv;
	info->tcpi_pmtu = dst ? dst_mtu(dst) : 0;
	info->tcpi_rtt = ts->rtt.srtt_us;
	info->tcpi_rttvar = ts->rtt.rttvar_us;
	info->tcpi_snd_ssthresh = ts->cong.ssthresh / mss;
	info->tcpi_snd_cwnd = ts->cong.cwnd / mss;
	info->tcpi_advmss = tcb->rcv_mss;
	info->tcpi_reordering = ts->cong.dup_threshold;
	info->tcpi_rcv_rtt = ts->rcv_rtt_us;
	info->tcpi_rcv_space = tcpstate_output_receive_space(sk);
	info->tcpi_total_retrans = ts->total_retrans;
	info->tcpi_bytes_acked = ts->bytes_acked;
	info->tcpi_bytes_received = ts->bytes_received;
	info->tcpi_segs_out = ts->segs_out;
	info->tcpi_segs_in = ts->segs_in;
	if (tcpstate_syn_acked(tcb) && tcpstate_before(tcb->snd_nxt, tcb->write_seq))
		info->tcpi_notsent_bytes = tcb->write_seq - tcb->snd_nxt;
	info->tcpi_snd_wnd = tcb->snd_wnd;
}

static int put(char __user *optval, int __user *optlen, int len, const void *from, int size)
{
	len = min(len, size);
	if (put_user(len, optlen) || copy_to_user(optval, from, len))
		return -EFAULT;
	return 0;
}

static int get_int(struct sock *sk, int name, int *val)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	switch (name) {
	case TCP_DEFER_ACCEPT:
		*val = ts->defer_accept;
		return 0;
	case TCP_WINDOW_CLAMP:
		*val = ts->window_clamp;
		return 0;
	case TCP_NOTSENT_LOWAT:
		*val = ts->notsent_lowat;
		return 0;
	case TCP_INQ:
		*val = ts->recv_inq;
		return 0;
	case TCP_THIN_DUPACK:
		*val = 0;
		return 0;
	case TCP_THIN_LINEAR_TIMEOUTS:
		*val = ts->thin_linear;
		return 0;
	case TCP_FASTOPEN:
	case TCP_FASTOPEN_CONNECT:
	case TCP_FASTOPEN_NO_COOKIE:
	case TCP_REPAIR:
		*val = 0;
		return 0;
	case TCP_REPAIR_QUEUE:
	case TCP_QUEUE_SEQ:
	case TCP_REPAIR_WINDOW:
		/* Nobody is under repair. */
		return -EINVAL;
	case TCP_TIMESTAMP:
		*val = tcpstate_output_tsval(ts->tcb.ts_offset);
		return 0;
	case TCP_NODELAY:
		*val = ts->nodelay;
		return 0;
	case TCP_CORK:
		*val = ts->corked;
		return 0;
	case TCP_QUICKACK:
		*val = ts->quickack;
		return 0;
	case TCP_MAXSEG:
		*val = ts->tcb.snd_mss;
		if (ts->rtx_mss && tcpstate_in(ts->flow.state, TCPSTATE_F(CLOSE) |
					       TCPSTATE_F(LISTEN)))
			*val = ts->rtx_mss;
		return 0;
	case TCP_SYNCNT:
		*val = ts->syn_retries ?: READ_ONCE(tn->syn_retries);
		return 0;
	case TCP_USER_TIMEOUT:
		*val = ts->user_timeout;
		return 0;
	case TCP_LINGER2:
		*val = ts->linger2 ?: READ_ONCE(tn->fin_timeout_ms) / (int)MSEC_PER_SEC;
		return 0;
	case TCP_KEEPIDLE:
		*val = (ts->keepidle ?: TCPSTATE_KEEPIDLE) / HZ;
		return 0;
	case TCP_KEEPINTVL:
		*val = (ts->keepintvl ?: TCPSTATE_KEEPINTVL) / HZ;
		return 0;
	case TCP_KEEPCNT:
		*val = ts->keepcnt ?: TCPSTATE_KEEPCNT;
		return 0;
	}
	return -ENOPROTOOPT;
}

static int get_tcp(struct sock *sk, int name, char __user *optval, int __user *optlen)
{
	char congestion[16] = {};
	struct tcp_info info;
	int len, val, err;

	if (get_user(len, optlen))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	if (name == TCP_INFO) {
		lock_sock(sk);
		tcpstate_sockopt_info(sk, &info);
		release_sock(sk);
		return put(optval, optlen, len, &info, sizeof(info));
	}
	if (name == TCP_CONGESTION) {
		/* A connect() of another thread begins all of it anew. */
		lock_sock(sk);
		strscpy(congestion, tcpstate_sk(sk)->cong.ops->name, sizeof(congestion));
		release_sock(sk);
		return put(optval, optlen, len, congestion, sizeof(congestion));
	}
	if (name == TCP_CC_INFO || name == TCP_ULP)
		/* Reno has nothing to tell, and no other layer is there. */
		return put_user(0, optlen);
	lock_sock(sk);
	err = get_int(sk, name, &val);
	release_sock(sk);
	return err ?: put(optval, optlen, len, &val, sizeof(val));
}

static int get_own(struct sock *sk, int name, char __user *optval, int __user *optlen)
{
	const struct tcpstate_sock *ts = tcpstate_sk(sk);
	int len, val;

	if (get_user(len, optlen))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	lock_sock(sk);
	if (name == TCPSTATE_REUSEPORT)
		val = sk->sk_reuseport;
	else if (name == TCPSTATE_RECORD)
		val = tcpstate_record_limit(sk);
	else
		val = ts->record_mask ?: READ_ONCE(tcpstate_sk_net(sk)->record_mask);
	release_sock(sk);
	return name >= TCPSTATE_REUSEPORT && name <= TCPSTATE_RECORD_MASK ?
		put(optval, optlen, len, &val, sizeof(val)) : -ENOPROTOOPT;
}

/**
 * tcpstate_getsockopt() - proto_ops getsockopt, all levels but SOL_SOCKET
 * @sock: the socket
 * @level: SOL_TCP, SOL_IP or SOL_TCPSTATE
 * @name: option
 * @optval: where it goes
 * @optlen: room, then length, octets
 *
 * Context: process.
 * Return: 0, -ENOPROTOOPT, -EOPNOTSUPP for another level, -EINVAL, -EFAULT.
 */
int tcpstate_getsockopt(struct socket *sock, int level, int name, char __user *optval,
			int __user *optlen)
{
	if (level == SOL_IP)
		return ip_getsockopt(sock->sk, level, name, optval, optlen);
	if (level == SOL_TCPSTATE)
		return get_own(sock->sk, name, optval, optlen);
	if (level != SOL_TCP)
		return -EOPNOTSUPP;
	return get_tcp(sock->sk, name, optval, optlen);
}

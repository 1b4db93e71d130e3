// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes known of the way to the peer: ICMP errors, a smaller MTU, and
 * large segments that vanish unheard.
 */
#include <linux/icmp.h>

#include <net/icmp.h>
#include <net/ip.h>

#include "tcpstate.h"

/* A positive errno. */
static int errno_of(const struct tcpstate_quote *quote)
{
	int err = EHOSTUNREACH;

	/* No kind but IGNORE has a code beyond the table. */
	if (quote->type == ICMP_DEST_UNREACH)
		err = icmp_err_convert[quote->code].errno;
	else if (quote->type == ICMP_PARAMETERPROB)
		err = EPROTO;
	return err;
}

/**
 * tcpstate_path_narrow() - act on the MTU that ICMP has told
 * @sk: its told_mtu is set
 *
 * Context: socket lock held, also as work deferred by tcpstate_path_icmp().
 * Source: RFC 1191 6.4.
 */
void tcpstate_path_narrow(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	const struct dst_entry *dst;
	u32 old = ts->pmtu, mtu = ts->told_mtu;

	/* Deferred work may come to a later connection, which was told nothing. */
	if (tcpstate_in(ts->flow.state, TCPSTATE_F(CLOSE) | TCPSTATE_F(LISTEN) |
			TCPSTATE_F(TIME_WAIT)) || !mtu)
		return;
	ts->told_mtu = 0;
	ts->af->narrow(sk, mtu);
	dst = __sk_dst_get(sk);
	if (!dst || dst_mtu(dst) >= old)
		return;
	tcpstate_mib_inc(tcpstate_sk_net(sk), TCPSTATE_MIB_MTUREDUCED);
	tcpstate_output_narrowed(sk);
}

static void too_big(struct sock *sk, const struct tcpstate_quote *quote)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	u32 mtu = tcpstate_icmp_mtu(quote->info, quote->len, ts->pmtu);

	/* Without DF nobody can have refused a packet for its size. */
	if (!mtu || !ip_sk_accept_pmtu(sk) ||
	    READ_ONCE(inet_sk(sk)->pmtudisc) == IP_PMTUDISC_DONT) {
		tcpstate_mib_inc(tcpstate_sk_net(sk), TCPSTATE_MIB_MTUREFUSED);
		return;
	}
	ts->told_mtu = mtu;
	if (!sock_owned_by_user(sk))
		tcpstate_path_narrow(sk);
	else if (!test_and_set_bit(TCPSTATE_DEFER_MTU, &ts->deferred))
		sock_hold(sk);
}

/*
 * An error that the user may hear of: at once where IP_RECVERR asks for it
 * (MUST-47, SHLD-20, SHLD-25), else when the connection is given up.
 */
static void hear(struct sock *sk, const struct tcpstate_quote *quote, u8 kind)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	int err = errno_of(quote);

	WRITE_ONCE(sk->sk_err_soft, err);
	if (sock_owned_by_user(sk)) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_ICMPLOCKDROPPED);
		return;
	}
	tcpstate_mib_inc(tn, kind == TCPSTATE_ICMP_HARD ? TCPSTATE_MIB_ICMPHARD :
							  TCPSTATE_MIB_ICMPSOFT);
	if (tcpstate_inet_recverr(sk))
		ts->af->queue_error(sk, quote, err);
	if (kind == TCPSTATE_ICMP_HARD)
		tcpstate_state_event(sk, TCPSTATE_EV_RCV_HARD_ERROR);
	if (ts->flow.state == TCPSTATE_CLOSE || !tcpstate_inet_recverr(sk))
		return;
	/* Told once, now, and not again by the timeout. */
	WRITE_ONCE(sk->sk_err_soft, 0);
	tcpstate_state_error(sk, err);
}

/**
 * tcpstate_path_icmp() - an ICMP error quotes a segment of a socket's name
 * @sk: found under the quoted name
 * @quote: checksum verified
 *
 * Context: softirq, the socket's spinlock held, perhaps owned by a user; the
 * caller holds a reference.
 * Source: RFC 9293 3.9.2.2, RFC 5927.
 */
void tcpstate_path_icmp(struct sock *sk, const struct tcpstate_quote *quote)
{
	u8 kind = tcpstate_icmp_kind(quote->type, quote->code);
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	/* Source Quench among others, in silence (MUST-55). */
	if (kind == TCPSTATE_ICMP_IGNORE)
		return;
	/* It was looked up without the lock: the user may have renamed the socket. */
	if (tcpstate_in(ts->flow.state, TCPSTATE_F(CLOSE) | TCPSTATE_F(LISTEN) |
			TCPSTATE_F(TIME_WAIT)) ||
	    memcmp(&ts->flow.key, &quote->key, sizeof(quote->key)))
		return;
	/* RFC 5082: the quoted TTL says how far away it was seen. */
	if (quote->ttl < READ_ONCE(inet_sk(sk)->min_ttl)) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_MINTTLDROPPED);
		return;
	}
	if (!tcpstate_icmp_in_flight(&ts->tcb, quote->seq)) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_ICMPOUTOFWINDOW);
		return;
	}
	if (kind == TCPSTATE_ICMP_TOO_BIG)
		too_big(sk, quote);
	else
		hear(sk, quote, kind);
}

/* Do large segments vanish on a path that does not say so (RFC 2923 2.1)? */
static void try_smaller(struct sock *sk)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_tcb *tcb = &ts->tcb;
	u16 mss = tcpstate_icmp_smaller_mss(tcb->snd_mss);

	/* A segment that is small already does not vanish for its size. */
	if (!READ_ONCE(tn->mtu_black_hole) || mss == tcb->snd_mss || !tcpstate_syn_acked(tcb) ||
	    tcb->snd_nxt - tcb->snd_una <= mss)
		return;
	tcpstate_mib_inc(tn, TCPSTATE_MIB_MTUBLACKHOLES);
	ts->mss_limit = mss;
	ts->mss_limit_since = (u32)jiffies;
	tcpstate_output_sync_mss(sk);
}

/**
 * tcpstate_path_trouble() - R1 retransmissions have had no answer
 * @sk: about to retransmit once more
 *
 * Context: socket lock held.
 * Source: RFC 9293 3.8.3 (b) (SHLD-9), RFC 4821 7.7.
 */
void tcpstate_path_trouble(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	if (ts->rtx_count == READ_ONCE(tcpstate_sk_net(sk)->retries1) && tcpstate_inet_recverr(sk))
		ts->af->queue_error(sk, NULL, ETIMEDOUT);
	try_smaller(sk);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * From the names in a segment to the flow or the listener that it is for.
 * One table per namespace; lookups under RCU, without a lock.
 */
#include <net/ipv6.h>

#include "tcpstate.h"

static const struct rhashtable_params params = {
	.key_len = sizeof(struct tcpstate_key),
	.key_offset = offsetof(struct tcpstate_flow, key),
	.head_offset = offsetof(struct tcpstate_flow, node),
	.automatic_shrinking = true,
};

/**
 * tcpstate_demux_init() - the table of a new namespace
 * @tn: the namespace
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int tcpstate_demux_init(struct tcpstate_net *tn)
{
	BUILD_BUG_ON(sizeof(struct tcpstate_key) % sizeof(u32));
	return rhashtable_init(&tn->flows, &params);
}

/**
 * tcpstate_demux_exit() - free an empty table
 * @tn: the namespace; every socket of it is gone
 *
 * Context: process.
 */
void tcpstate_demux_exit(struct tcpstate_net *tn)
{
	rhashtable_destroy(&tn->flows);
}

/**
 * tcpstate_demux_add() - let segments find a socket
 * @sk: its flow's key is complete
 *
 * Context: socket lock held; process or softirq.
 * Return: 0; -EADDRNOTAVAIL where the name is taken; -ENOMEM or the like.
 */
int tcpstate_demux_add(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	int err;

	err = rhashtable_lookup_insert_fast(&tcpstate_sk_net(sk)->flows,
					    &ts->flow.node, params);
	if (err)
		return err == -EEXIST ? -EADDRNOTAVAIL : err;
	ts->flow.listed = true;
	return 0;
}

/**
 * tcpstate_demux_remove() - let no segment find a socket any more
 * @sk: the socket; may not be listed
 *
 * Context: socket lock held; process or softirq.
 */
void tcpstate_demux_remove(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	if (!ts->flow.listed)
		return;
	ts->flow.listed = false;
	rhashtable_remove_fast(&tcpstate_sk_net(sk)->flows, &ts->flow.node, params);
}

static struct sock *find(struct tcpstate_net *tn, const struct tcpstate_key *key)
{
	struct tcpstate_flow *flow;
	struct sock *sk;

	flow = rhashtable_lookup(&tn->flows, key, params);
	if (!flow)
		return NULL;
	sk = (struct sock *)container_of(flow, struct tcpstate_sock, flow);
	/* The sock is freed after a grace period; its last reference may be gone. */
	if (unlikely(!refcount_inc_not_zero(&sk->sk_refcnt)))
		return NULL;
	return sk;
}

/**
 * tcpstate_demux_find() - the flow with exactly these names
 * @tn: the namespace
 * @key: names as a segment carries them
 *
 * Context: RCU read side.
 * Return: a held sock or NULL.
 */
struct sock *tcpstate_demux_find(struct tcpstate_net *tn, const struct tcpstate_key *key)
{
	return find(tn, key);
}

/**
 * tcpstate_demux_find_listener() - the listener for a segment's destination
 * @tn: the namespace
 * @key: names as a segment carries them
 *
 * A listener on the very address goes before one on any.
 *
 * Context: RCU read side.
 * Return: a held sock or NULL.
 */
struct sock *tcpstate_demux_find_listener(struct tcpstate_net *tn,
					  const struct tcpstate_key *key)
{
	struct tcpstate_key name = {
		.local = key->local, .lport = key->lport, .wire = key->wire,
	};
	struct sock *sk;

	sk = find(tn, &name);
	if (sk)
		return sk;
	if (ipv6_addr_v4mapped(&key->local)) {
		ipv6_addr_set_v4mapped(htonl(INADDR_ANY), &name.local);
		sk = find(tn, &name);
		if (sk)
			return sk;
	}
	name.local = in6addr_any;
	return find(tn, &name);
}

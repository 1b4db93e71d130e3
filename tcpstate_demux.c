// SPDX-License-Identifier: GPL-2.0
/*
 * From the names in a segment to the flow or the listener that it is for.
 * Two tables per namespace; lookups under RCU, without a lock.
 */
#include <linux/jhash.h>

#include <net/inet_sock.h>
#include <net/ipv6.h>

#include "tcpstate.h"

/* Nearly all names are IPv4's: then little of a key is not the same in all of them. */
static u32 hash_key(const void *data, u32 len, u32 seed)
{
	const struct tcpstate_key *key = data;
	u32 ports = (__force u32)key->lport << 16 | (__force u32)key->rport;

	if (likely(ipv6_addr_v4mapped(&key->local) && ipv6_addr_v4mapped(&key->remote)))
		return jhash_3words((__force u32)key->local.s6_addr32[3],
				    (__force u32)key->remote.s6_addr32[3], ports,
				    seed + key->wire);
	return jhash2(data, len / sizeof(u32), seed);
}

/* What differs most comes first. */
static int compare_key(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct tcpstate_flow *flow = obj;
	const struct tcpstate_key *a = arg->key, *b = &flow->key;

	return a->rport != b->rport || a->lport != b->lport || a->wire != b->wire ||
	       !ipv6_addr_equal(&a->remote, &b->remote) ||
	       !ipv6_addr_equal(&a->local, &b->local);
}

static const struct rhashtable_params params = {
	.key_len = sizeof(struct tcpstate_key),
	.hashfn = hash_key,
	.obj_cmpfn = compare_key,
	.key_offset = offsetof(struct tcpstate_flow, key),
	.head_offset = offsetof(struct tcpstate_flow, node),
	.automatic_shrinking = true,
};

/* Several listeners may have one name: on other devices, or sharing the port. */
static const struct rhashtable_params listener_params = {
	.key_len = sizeof(struct tcpstate_key),
	.key_offset = offsetof(struct tcpstate_sock, flow.key),
	.head_offset = offsetof(struct tcpstate_sock, listen_node),
	.automatic_shrinking = true,
};

/* A listener's name has no peer. */
static bool names_listener(const struct tcpstate_flow *flow)
{
	return ipv6_addr_any(&flow->key.remote);
}

/**
 * tcpstate_demux_init() - the tables of a new namespace
 * @tn: the namespace
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int tcpstate_demux_init(struct tcpstate_net *tn)
{
	int err;

	BUILD_BUG_ON(sizeof(struct tcpstate_key) % sizeof(u32));
	err = rhashtable_init(&tn->flows, &params);
	if (err)
		return err;
	err = rhltable_init(&tn->listeners, &listener_params);
	if (err)
		rhashtable_destroy(&tn->flows);
	return err;
}

/**
 * tcpstate_demux_exit() - free empty tables
 * @tn: the namespace; every socket of it is gone
 *
 * Context: process.
 */
void tcpstate_demux_exit(struct tcpstate_net *tn)
{
	rhltable_destroy(&tn->listeners);
	rhashtable_destroy(&tn->flows);
}

/**
 * tcpstate_demux_add_flow() - let segments find a flow that is no listener
 * @tn: the namespace
 * @flow: its key is complete
 *
 * Context: the flow's lock held; process or softirq.
 * Return: 0; -EADDRNOTAVAIL where the name is taken; -ENOMEM or the like.
 */
int tcpstate_demux_add_flow(struct tcpstate_net *tn, struct tcpstate_flow *flow)
{
	int err = rhashtable_lookup_insert_fast(&tn->flows, &flow->node, params);

	if (err)
		return err == -EEXIST ? -EADDRNOTAVAIL : err;
	flow->listed = true;
	return 0;
}

/**
 * tcpstate_demux_add() - let segments find a socket
 * @sk: its flow's key is complete
 *
 * Context: socket lock held; process or softirq.
 * Return: 0; -EADDRNOTAVAIL where the name is taken (never for a listener:
 * tcpstate_port_listen() says who may); -ENOMEM or the like.
 */
int tcpstate_demux_add(struct sock *sk)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	int err;

	if (!names_listener(&ts->flow))
		return tcpstate_demux_add_flow(tn, &ts->flow);
	err = rhltable_insert(&tn->listeners, &ts->listen_node, listener_params);
	ts->flow.listed = !err;
	return err;
}

/**
 * tcpstate_demux_remove() - let no segment find a flow any more
 * @tn: the namespace
 * @flow: may not be listed
 *
 * Context: the flow's lock held; process or softirq.
 */
void tcpstate_demux_remove(struct tcpstate_net *tn, struct tcpstate_flow *flow)
{
	if (!flow->listed)
		return;
	flow->listed = false;
	if (names_listener(flow))
		rhltable_remove(&tn->listeners,
				&container_of(flow, struct tcpstate_sock, flow)->listen_node,
				listener_params);
	else
		rhashtable_remove_fast(&tn->flows, &flow->node, params);
}

/**
 * tcpstate_demux_replace() - put one flow in the place of another
 * @tn: the namespace
 * @old: listed
 * @new: not listed; gets the name of @old
 *
 * No segment finds neither of them, and none finds both.
 *
 * Context: the lock of @old held.
 */
void tcpstate_demux_replace(struct tcpstate_net *tn, struct tcpstate_flow *old,
			    struct tcpstate_flow *new)
{
	new->key = old->key;
	new->listed = true;
	old->listed = false;
	rhashtable_replace_fast(&tn->flows, &old->node, &new->node, params);
}

/**
 * tcpstate_demux_hold() - take a reference to a flow that was found
 * @flow: of any kind
 *
 * Context: RCU read side, since it was found.
 * Return: false: what is freed after a grace period had lost its last reference.
 */
bool tcpstate_demux_hold(struct tcpstate_flow *flow)
{
	if (flow->kind == TCPSTATE_FLOW_TIMEWAIT)
		return refcount_inc_not_zero(&container_of(flow, struct tcpstate_timewait,
							   flow)->ref);
	if (flow->kind == TCPSTATE_FLOW_REQUEST)
		return refcount_inc_not_zero(&container_of(flow, struct tcpstate_request,
							   flow)->ref);
	return refcount_inc_not_zero(&((struct sock *)container_of(flow, struct tcpstate_sock,
								   flow))->sk_refcnt);
}

/**
 * tcpstate_demux_find() - the flow with exactly these names
 * @tn: the namespace
 * @key: names as a segment carries them
 *
 * Context: RCU read side.
 * Return: a held flow of any kind, or NULL.
 */
struct tcpstate_flow *tcpstate_demux_find(struct tcpstate_net *tn,
					  const struct tcpstate_key *key)
{
	struct tcpstate_flow *flow = rhashtable_lookup(&tn->flows, key, params);

	return flow && likely(tcpstate_demux_hold(flow)) ? flow : NULL;
}

/**
 * tcpstate_demux_peek() - the flow with exactly these names, for a look
 * @tn: the namespace
 * @key: names as a segment carries them
 *
 * Context: RCU read side.
 * Return: a flow of any kind, not held, or NULL.
 */
struct tcpstate_flow *tcpstate_demux_peek(struct tcpstate_net *tn,
					  const struct tcpstate_key *key)
{
	return rhashtable_lookup(&tn->flows, key, params);
}

/**
 * tcpstate_demux_walk_begin() - a walk over every named flow of a namespace
 * @walk: to be ended with tcpstate_demux_walk_end()
 * @tn: the namespace
 *
 * Listeners first.  One that comes or goes meanwhile may be missed; none that
 * is there all the time is.  When a table grows, or the flow goes that the walk
 * paused at, some that were seen are seen again.
 *
 * Context: process.
 */
void tcpstate_demux_walk_begin(struct tcpstate_demux_walk *walk, struct tcpstate_net *tn)
{
	walk->tn = tn;
	walk->listeners = true;
	rhashtable_walk_enter(&tn->listeners.ht, &walk->iter);
}

/**
 * tcpstate_demux_walk_end() - no more steps
 * @walk: the walk, paused
 *
 * Context: process.
 */
void tcpstate_demux_walk_end(struct tcpstate_demux_walk *walk)
{
	rhashtable_walk_exit(&walk->iter);
}

/**
 * tcpstate_demux_walk_resume() - enter the RCU read side
 * @walk: the walk
 *
 * Context: any.
 */
void tcpstate_demux_walk_resume(struct tcpstate_demux_walk *walk) __acquires(RCU)
{
	rhashtable_walk_start(&walk->iter);
	/*
	 * The flow that the walk paused at has gone, and perhaps others before
	 * it, so that a count of those seen would pass over some that were not:
	 * their chain is seen again, from its beginning.
	 */
	if (!walk->iter.p)
		walk->iter.skip = 0;
}

/**
 * tcpstate_demux_walk_pause() - leave the RCU read side; the place is kept
 * @walk: the walk
 *
 * Context: any.
 */
void tcpstate_demux_walk_pause(struct tcpstate_demux_walk *walk) __releases(RCU)
{
	rhashtable_walk_stop(&walk->iter);
}

/* From the listeners to the other flows. */
static void walk_on(struct tcpstate_demux_walk *walk)
{
	rhashtable_walk_stop(&walk->iter);
	rhashtable_walk_exit(&walk->iter);
	walk->listeners = false;
	rhashtable_walk_enter(&walk->tn->flows, &walk->iter);
	rhashtable_walk_start(&walk->iter);
}

/**
 * tcpstate_demux_walk_next() - the next flow
 * @walk: resumed
 * @again: the one that was found last, if it is still there
 *
 * Context: RCU read side.
 * Return: a flow, not held, or NULL at the end.
 */
struct tcpstate_flow *tcpstate_demux_walk_next(struct tcpstate_demux_walk *walk, bool again)
{
	void *found;

	for (;; again = false) {
		found = again ? rhashtable_walk_peek(&walk->iter) :
				rhashtable_walk_next(&walk->iter);
		/* -EAGAIN: the table has grown, the walk starts again. */
		if (IS_ERR(found))
			continue;
		if (found)
			return walk->listeners ? &((struct tcpstate_sock *)found)->flow : found;
		if (!walk->listeners)
			return NULL;
		walk_on(walk);
	}
}

/**
 * tcpstate_demux_for_each() - visit every full socket that has a name
 * @tn: the namespace
 * @visit: called with a held sock, not locked; must not sleep
 *
 * Context: process.
 */
void tcpstate_demux_for_each(struct tcpstate_net *tn, void (*visit)(struct sock *sk))
{
	struct tcpstate_demux_walk walk;
	struct tcpstate_flow *flow;
	struct sock *sk;

	tcpstate_demux_walk_begin(&walk, tn);
	tcpstate_demux_walk_resume(&walk);
	while ((flow = tcpstate_demux_walk_next(&walk, false))) {
		if (flow->kind != TCPSTATE_FLOW_FULL || !tcpstate_demux_hold(flow))
			continue;
		sk = (struct sock *)container_of(flow, struct tcpstate_sock, flow);
		visit(sk);
		sock_put(sk);
	}
	tcpstate_demux_walk_pause(&walk);
	tcpstate_demux_walk_end(&walk);
}

/* What fits better counts more; 0: does not fit. */
static int score(const struct tcpstate_net *tn, const struct tcpstate_sock *ts, int iif,
		 int sdif)
{
	int device = READ_ONCE(ts->inet.sk.sk_bound_dev_if);

	if (!device)
		return 1;
	return inet_sk_bound_dev_eq(tn->net, device, iif, sdif) ? 2 : 0;
}

/*
 * The best of the listeners with a name.  Those that share a port are equally
 * good; the names of both ends choose among them, so that a SYN that comes
 * again comes to the same.
 */
static struct tcpstate_sock *best(struct tcpstate_net *tn, const struct tcpstate_key *name,
				  const struct tcpstate_key *key, int iif, int sdif)
{
	struct tcpstate_sock *ts, *found = NULL;
	struct rhlist_head *list, *pos;
	int top = 0, equals = 0;
	u32 nth;

	list = rhltable_lookup(&tn->listeners, name, listener_params);
	rhl_for_each_entry_rcu(ts, pos, list, listen_node) {
		int points = score(tn, ts, iif, sdif);

		if (points > top) {
			top = points;
			equals = 0;
			found = ts;
		}
		equals += points && points == top;
	}
	if (equals < 2)
		return found;
	nth = reciprocal_scale(jhash2((const u32 *)key, sizeof(*key) / sizeof(u32),
				      net_hash_mix(tn->net)), equals);
	rhl_for_each_entry_rcu(ts, pos, list, listen_node)
		if (score(tn, ts, iif, sdif) == top && !nth--)
			return ts;
	/* One has gone since it was counted. */
	return found;
}

static struct sock *find_listener(struct tcpstate_net *tn, const struct tcpstate_key *name,
				  const struct tcpstate_key *key, int iif, int sdif)
{
	struct tcpstate_sock *ts = best(tn, name, key, iif, sdif);

	return ts && tcpstate_demux_hold(&ts->flow) ? (struct sock *)ts : NULL;
}

/**
 * tcpstate_demux_find_listener() - the listener for a segment's destination
 * @tn: the namespace
 * @key: names as a segment carries them
 * @iif: index of the device that it came in by
 * @sdif: the same of the port of a VRF, or 0
 *
 * A listener on the very address goes before one on any, and among those with
 * the same address one that is bound to the device before one that is not.
 *
 * Context: RCU read side.
 * Return: a held sock or NULL.
 */
struct sock *tcpstate_demux_find_listener(struct tcpstate_net *tn,
					  const struct tcpstate_key *key, int iif, int sdif)
{
	struct tcpstate_key name = {
		.local = key->local, .lport = key->lport, .wire = key->wire,
	};
	struct sock *sk;

	sk = find_listener(tn, &name, key, iif, sdif);
	if (sk)
		return sk;
	if (ipv6_addr_v4mapped(&key->local)) {
		ipv6_addr_set_v4mapped(htonl(INADDR_ANY), &name.local);
		sk = find_listener(tn, &name, key, iif, sdif);
		if (sk)
			return sk;
	}
	name.local = in6addr_any;
	return find_listener(tn, &name, key, iif, sdif);
}

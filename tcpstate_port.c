// SPDX-License-Identifier: GPL-2.0
/*
 * Ports: conflicts among our own sockets, ephemeral ports (RFC 6056), and for
 * wire 6 the reservation against the in-tree TCP by a silent entry in its table
 * of ports.
 */
#include <linux/in.h>
#include <linux/random.h>

#include <net/inet_connection_sock.h>
#include <net/ip.h>
#include <net/tcp.h>

#include "tcpstate.h"

/**
 * struct tcpstate_port - a port of a wire that somebody of ours has
 * @node: place in the namespace's bucket
 * @owners: claims, by tcpstate_bind.node
 * @holds: reservations; there is one while there are owners
 * @num: the port, host order
 * @wire: IP protocol
 * @connect_only: all owners got it from connect(), so that more may share it
 *
 * Guarded by the namespace's port lock.  Goes when nothing refers to it.
 */
struct tcpstate_port {
	struct hlist_node node;
	struct hlist_head owners;
	struct list_head holds;
	u16 num;
	u8 wire;
	bool connect_only;
};

/**
 * struct tcpstate_hold - a reservation against the in-tree TCP
 * @node: place in the port's list
 * @port: the port
 * @placeholder: in the in-tree TCP's table of ports; NULL on a wire that it has not,
 *	or while @cover keeps the same port for more
 * @cover: wider reservation that this one leans on, referred to
 * @addr: local address, or any
 * @refs: claims that lean on it, and narrower reservations; goes with the last one
 *
 * Guarded by the port lock.
 */
struct tcpstate_hold {
	struct list_head node;
	struct tcpstate_port *port;
	struct sock *placeholder;
	struct tcpstate_hold *cover;
	__be32 addr;
	int refs;
};

/* What taking a port may use up, had before the port lock is taken. */
struct fresh {
	struct tcpstate_port *port;
	struct tcpstate_hold *hold;
	struct sock *placeholder;
};

/*
 * Of an in-tree TCP socket a placeholder has what the in-tree table of ports looks
 * at, and ends there.  It has no owner, so that what waits in TIME_WAIT does not keep
 * the module; the namespace's exit puts them all.
 */
static struct proto placeholder_prot = {
	.name = "TCPSTATE_PORT",
	.obj_size = offsetofend(struct inet_connection_sock, icsk_bind2_hash),
};

static struct hlist_head *bucket(struct tcpstate_net *tn, u16 num)
{
	return &tn->ports[num % TCPSTATE_PORT_BUCKETS];
}

static struct tcpstate_port *find_port(struct tcpstate_net *tn, u16 num, u8 wire)
{
	struct tcpstate_port *port;

	lockdep_assert_held(&tn->port_lock);
	hlist_for_each_entry(port, bucket(tn, num), node)
		if (port->num == num && port->wire == wire)
			return port;
	return NULL;
}

static void drop_port_if_unused(struct tcpstate_net *tn, struct tcpstate_port *port)
{
	lockdep_assert_held(&tn->port_lock);
	if (!hlist_empty(&port->owners) || !list_empty(&port->holds))
		return;
	if (port->wire == IPPROTO_TCP)
		clear_bit(port->num, tn->port_map);
	hlist_del(&port->node);
	kfree(port);
}

static bool overlap(__be32 a, __be32 b)
{
	return !a || !b || a == b;
}

static bool same_device(int a, int b)
{
	return !a || !b || a == b;
}

/* SO_REUSEPORT: one user's sockets share; what is in TIME_WAIT minds nobody. */
static bool share(struct sock *sk, const struct tcpstate_bind *other)
{
	if (!sk->sk_reuseport)
		return false;
	if (!other->sk)
		return other->reuseport;
	return other->sk->sk_reuseport && uid_eq(sk_uid(sk), sk_uid(other->sk));
}

/* The rules of SO_REUSEADDR as users of the in-tree TCP know them. */
static bool conflict(struct sock *sk, const struct tcpstate_port *port)
{
	const struct tcpstate_bind *other;

	hlist_for_each_entry(other, &port->owners, node) {
		const struct sock *sk2 = other->sk;
		bool reuse = sk2 ? sk2->sk_reuse : other->reuse;

		if (sk2 == sk ||
		    !same_device(sk->sk_bound_dev_if,
				 sk2 ? sk2->sk_bound_dev_if : other->device))
			continue;
		if ((sk->sk_reuse && reuse && !other->listens) || share(sk, other))
			continue;
		if (overlap(inet_sk(sk)->inet_rcv_saddr,
			    sk2 ? inet_sk(sk2)->inet_rcv_saddr : other->addr))
			return true;
	}
	return false;
}

static struct tcpstate_hold *covering(struct tcpstate_port *port, __be32 addr)
{
	struct tcpstate_hold *hold;

	list_for_each_entry(hold, &port->holds, node)
		if (hold->addr == addr || (!hold->addr && hold->placeholder))
			return hold;
	return NULL;
}

static struct sock *new_placeholder(struct net *net)
{
	struct sock *sk = sk_alloc(net, PF_INET, GFP_KERNEL, &placeholder_prot, 1);

	if (!sk)
		return NULL;
	/*
	 * All that is not set here stays 0, also the state, which is none then: who
	 * lists bound sockets would take one in CLOSE for a whole one of the in-tree TCP.
	 */
	refcount_set(&sk->sk_refcnt, 1);
	rwlock_init(&sk->sk_callback_lock);
	sk->sk_type = SOCK_STREAM;
	sk->sk_protocol = IPPROTO_TCP;
	return sk;
}

static void free_placeholder(struct sock *placeholder)
{
	if (placeholder)
		sk_free(placeholder);
}

/* The rules are the in-tree TCP's; whether the address may be ours was asked before. */
static int reserve(struct sock *placeholder, u16 num)
{
	return tcp_prot.get_port(placeholder, num) ? -EADDRINUSE : 0;
}

static void unreserve(struct sock *placeholder)
{
	tcp_prot.put_port(placeholder);
}

/* On any device: who is bound to one here would else be robbed there, where @addr covers. */
static void name_placeholder(struct sock *placeholder, __be32 addr)
{
	inet_sk(placeholder)->inet_rcv_saddr = addr;
	inet_sk(placeholder)->inet_saddr = addr;
}

static void hold_unref(struct tcpstate_net *tn, struct tcpstate_hold *hold)
{
	struct tcpstate_hold *cover;

	lockdep_assert_held(&tn->port_lock);
	for (; hold && !--hold->refs; hold = cover) {
		cover = hold->cover;
		list_del(&hold->node);
		drop_port_if_unused(tn, hold->port);
		if (hold->placeholder) {
			unreserve(hold->placeholder);
			free_placeholder(hold->placeholder);
		}
		kfree(hold);
	}
}

/*
 * Our own narrower reservations stand in the way of one on any address.  Give
 * them back, take the wide one, and let them lean on it; or take them again.
 */
static int widen(struct tcpstate_net *tn, struct tcpstate_port *port,
		 struct tcpstate_hold *wide, struct sock *placeholder)
{
	struct tcpstate_hold *hold;
	int err;

	lockdep_assert_held(&tn->port_lock);
	list_for_each_entry(hold, &port->holds, node)
		if (hold->placeholder)
			unreserve(hold->placeholder);
	err = reserve(placeholder, port->num);
	list_for_each_entry(hold, &port->holds, node) {
		if (!hold->placeholder || (err && !reserve(hold->placeholder, port->num)))
			continue;
		/* On error nobody of ours has lost it: the in-tree TCP may have, for a moment. */
		free_placeholder(hold->placeholder);
		hold->placeholder = NULL;
		if (!err) {
			hold->cover = wide;
			wide->refs++;
		}
	}
	return err;
}

static bool needs_widening(const struct tcpstate_port *port, __be32 addr)
{
	return !addr && !list_empty(&port->holds);
}

static int prepare(struct tcpstate_net *tn, u8 wire, struct fresh *fresh)
{
	fresh->port = kzalloc(sizeof(*fresh->port), GFP_KERNEL);
	fresh->hold = kzalloc(sizeof(*fresh->hold), GFP_KERNEL);
	fresh->placeholder = wire == IPPROTO_TCP ? new_placeholder(tn->net) : NULL;
	if (!fresh->port || !fresh->hold || (wire == IPPROTO_TCP && !fresh->placeholder))
		return -ENOMEM;
	return 0;
}

/* What is left goes; with a port of wire 6, segments have to come to us. */
static int finish(struct tcpstate_net *tn, struct sock *sk, struct fresh *fresh, int err)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	kfree(fresh->port);
	kfree(fresh->hold);
	free_placeholder(fresh->placeholder);
	if (!err && ts->wire == IPPROTO_TCP) {
		err = tn->hook(tn);
		if (err)
			tcpstate_port_put(tn, &ts->bind);
	}
	return err;
}

/* A new reservation on a port, whose list it enters. */
static struct tcpstate_hold *hold_new(struct tcpstate_net *tn, const struct sock *sk,
				      struct tcpstate_port *port, struct fresh *fresh, int *err)
{
	__be32 addr = inet_sk(sk)->inet_rcv_saddr;
	struct tcpstate_hold *hold = fresh->hold;

	if (port->wire == IPPROTO_TCP) {
		name_placeholder(fresh->placeholder, addr);
		*err = needs_widening(port, addr) ?
			widen(tn, port, hold, fresh->placeholder) :
			reserve(fresh->placeholder, port->num);
		if (*err)
			return NULL;
		hold->placeholder = fresh->placeholder;
		fresh->placeholder = NULL;
	}
	fresh->hold = NULL;
	hold->port = port;
	hold->addr = addr;
	list_add(&hold->node, &port->holds);
	return hold;
}

/* Take the port for sk, by a reservation that is there or by a new one. */
static int take(struct tcpstate_net *tn, struct sock *sk, u16 num, bool connecting,
		struct fresh *fresh)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_hold *hold = NULL;
	struct tcpstate_port *port;
	int err = 0;

	spin_lock_bh(&tn->port_lock);
	port = find_port(tn, num, ts->wire);
	if (!port) {
		port = fresh->port;
		fresh->port = NULL;
		port->num = num;
		port->wire = ts->wire;
		port->connect_only = connecting;
		INIT_LIST_HEAD(&port->holds);
		hlist_add_head(&port->node, bucket(tn, num));
	} else if (connecting ? !port->connect_only : conflict(sk, port)) {
		err = -EADDRINUSE;
	}
	if (!err)
		hold = covering(port, inet_sk(sk)->inet_rcv_saddr) ?:
		       hold_new(tn, sk, port, fresh, &err);
	if (hold) {
		hold->refs++;
		if (!connecting)
			port->connect_only = false;
		if (ts->wire == IPPROTO_TCP)
			set_bit(num, tn->port_map);
		ts->bind.hold = hold;
		ts->bind.num = num;
		ts->bind.sk = sk;
		hlist_add_head(&ts->bind.node, &port->owners);
	} else if (list_empty(&port->holds)) {
		/* It was for this one alone; the next port can have it. */
		hlist_del(&port->node);
		fresh->port = port;
	}
	spin_unlock_bh(&tn->port_lock);
	return err;
}

/* A random walk over the ephemeral range (RFC 6056 3.3.2, algorithm 2). */
static int take_any(struct tcpstate_net *tn, struct sock *sk, u32 offset, bool connecting,
		    struct fresh *fresh)
{
	int low, high, range, i, err;

	inet_sk_get_local_port_range(sk, &low, &high);
	range = high - low + 1;
	for (i = 0; i < range; i++) {
		u16 num = low + (offset + i) % range;

		if (inet_is_local_reserved_port(tn->net, num))
			continue;
		err = take(tn, sk, num, connecting, fresh);
		if (err != -EADDRINUSE)
			return err;
		if (signal_pending(current))
			return -ERESTARTSYS;
	}
	return connecting ? -EADDRNOTAVAIL : -EADDRINUSE;
}

/**
 * tcpstate_port_get() - give a socket a port, as bind() asks
 * @sk: its local address is set
 * @port: host order; 0 for any free one
 *
 * Context: process, socket lock held; may sleep.
 * Return: 0, -EADDRINUSE (ours or the in-tree TCP has it), -ENOMEM.
 */
int tcpstate_port_get(struct sock *sk, unsigned short port)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	struct fresh fresh;
	int err;

	err = prepare(tn, tcpstate_sk(sk)->wire, &fresh);
	if (!err)
		err = port ? take(tn, sk, port, false, &fresh) :
			     take_any(tn, sk, get_random_u32(), false, &fresh);
	return finish(tn, sk, &fresh, err);
}

/**
 * tcpstate_port_get_for_connect() - give a connecting socket an ephemeral port
 * @sk: addresses and the peer's port are set
 * @after: a port that was had, and to that peer was taken; 0: begin anywhere
 *
 * The start of the search is random (RFC 6056 3.3.1), so that a search is short
 * while the range is not full, however many connections a peer has.
 *
 * Context: process, socket lock held; may sleep.
 * Return: 0, -EADDRNOTAVAIL where the range is used up, -ENOMEM.
 */
int tcpstate_port_get_for_connect(struct sock *sk, u16 after)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	struct fresh fresh;
	int low, high, err;
	u32 offset;

	inet_sk_get_local_port_range(sk, &low, &high);
	offset = after >= low ? after - low + 1 : get_random_u32();
	err = prepare(tn, tcpstate_sk(sk)->wire, &fresh);
	if (!err)
		err = take_any(tn, sk, offset, true, &fresh);
	return finish(tn, sk, &fresh, err);
}

/**
 * tcpstate_port_listen() - a socket is going to listen on its port
 * @sk: bound
 *
 * From here on it stands in the way of others, so that of two that want the
 * same at once only one gets it.
 *
 * Context: process, socket lock held.
 * Return: false, another listener stands in the way: -EADDRINUSE.
 */
bool tcpstate_port_listen(struct sock *sk)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_port *port;

	spin_lock_bh(&tn->port_lock);
	port = find_port(tn, ts->bind.num, ts->wire);
	if (port) {
		ts->bind.listens = !conflict(sk, port);
		port->connect_only = false;
	}
	spin_unlock_bh(&tn->port_lock);
	return port && ts->bind.listens;
}

/**
 * tcpstate_port_unlisten() - it does not listen any more
 * @sk: may still be bound
 *
 * Context: process, socket lock held.
 */
void tcpstate_port_unlisten(struct sock *sk)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);

	spin_lock_bh(&tn->port_lock);
	tcpstate_sk(sk)->bind.listens = false;
	spin_unlock_bh(&tn->port_lock);
}

/**
 * tcpstate_port_share() - a child lives on its listener's port, a mini on its socket's
 * @tn: the namespace
 * @to: no claim yet
 * @from: the claim to double
 *
 * Context: @to is seen by nobody else; process or softirq.
 */
void tcpstate_port_share(struct tcpstate_net *tn, struct tcpstate_bind *to,
			 const struct tcpstate_bind *from)
{
	spin_lock_bh(&tn->port_lock);
	to->num = from->num;
	to->hold = from->hold;
	if (to->hold) {
		to->hold->refs++;
		hlist_add_head(&to->node, &to->hold->port->owners);
	}
	spin_unlock_bh(&tn->port_lock);
}

/**
 * tcpstate_port_put() - a claim is given up
 * @tn: the namespace
 * @bind: the claim; may be none
 *
 * With the last claim goes the reservation against the in-tree TCP.
 *
 * Context: the owner's lock held; process or softirq.
 */
void tcpstate_port_put(struct tcpstate_net *tn, struct tcpstate_bind *bind)
{
	spin_lock_bh(&tn->port_lock);
	if (bind->hold) {
		hlist_del_init(&bind->node);
		hold_unref(tn, bind->hold);
		bind->hold = NULL;
		bind->num = 0;
	}
	spin_unlock_bh(&tn->port_lock);
}

/**
 * tcpstate_port_load() - what all namespaces need
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int tcpstate_port_load(void)
{
	return proto_register(&placeholder_prot, 1);
}

/**
 * tcpstate_port_unload() - no namespace has it any more
 *
 * Context: process.
 */
void tcpstate_port_unload(void)
{
	proto_unregister(&placeholder_prot);
}

/**
 * tcpstate_port_init() - ports of a new namespace
 * @tn: the namespace
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int tcpstate_port_init(struct tcpstate_net *tn)
{
	tn->ports = kvcalloc(TCPSTATE_PORT_BUCKETS, sizeof(*tn->ports), GFP_KERNEL);
	tn->port_map = bitmap_zalloc(65536, GFP_KERNEL);
	if (!tn->ports || !tn->port_map) {
		bitmap_free(tn->port_map);
		kvfree(tn->ports);
		return -ENOMEM;
	}
	spin_lock_init(&tn->port_lock);
	return 0;
}

/**
 * tcpstate_port_exit() - the namespace goes, and every reservation with it
 * @tn: the namespace; no socket is left
 *
 * Context: process; may sleep.
 */
void tcpstate_port_exit(struct tcpstate_net *tn)
{
	bitmap_free(tn->port_map);
	kvfree(tn->ports);
}

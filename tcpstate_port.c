// SPDX-License-Identifier: GPL-2.0
/*
 * Ports: conflicts among our own sockets, ephemeral ports (RFC 6056), and for
 * wire 6 the reservation against the in-tree TCP by a bound, silent in-tree
 * socket.
 */
#include <linux/in.h>
#include <linux/net.h>
#include <linux/random.h>

#include <net/inet_sock.h>
#include <net/ip.h>

#include "tcpstate.h"

/**
 * struct tcpstate_port - a port of a wire that somebody of ours has
 * @node: place in the namespace's bucket
 * @owners: claims, by tcpstate_bind.node
 * @holds: reservations
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
 * @idle: place among those that nobody refers to
 * @port: the port
 * @placeholder: bound in-tree socket; NULL on a wire the in-tree TCP has not,
 *	or while @cover keeps the same port for more
 * @cover: wider reservation that this one leans on, referred to
 * @addr: local address, or any
 * @refs: sockets that lean on it; 0 means idle
 *
 * Guarded by the port lock; @placeholder changes under the port mutex.
 */
struct tcpstate_hold {
	struct list_head node;
	struct list_head idle;
	struct tcpstate_port *port;
	struct socket *placeholder;
	struct tcpstate_hold *cover;
	__be32 addr;
	int refs;
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

static void hold_ref(struct tcpstate_hold *hold)
{
	if (!hold->refs++)
		list_del_init(&hold->idle);
}

static void hold_unref(struct tcpstate_net *tn, struct tcpstate_hold *hold)
{
	lockdep_assert_held(&tn->port_lock);
	if (--hold->refs)
		return;
	list_add_tail(&hold->idle, &tn->idle_holds);
	schedule_work(&tn->port_work);
}

static int reserve(struct net *net, const struct sock *sk, __be32 addr, u16 num,
		   struct socket **res)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = addr,
		.sin_port = htons(num),
	};
	struct socket *sock;
	int err;

	err = sock_create_kern(net, PF_INET, SOCK_STREAM, IPPROTO_TCP, &sock);
	if (err)
		return err;
	sock->sk->sk_bound_dev_if = sk->sk_bound_dev_if;
	/* Whether the address may be ours was asked when our own socket was bound. */
	tcpstate_inet_set_freebind(sock->sk);
	err = kernel_bind(sock, (struct sockaddr_unsized *)&sin, sizeof(sin));
	if (err) {
		sock_release(sock);
		return err;
	}
	*res = sock;
	return 0;
}

/*
 * Our own narrower reservations stand in the way of one on any address.  Give
 * them back, take the wide one, and let them lean on it; or take them again.
 */
static int widen(struct tcpstate_net *tn, struct sock *sk, struct tcpstate_port *port,
		 struct tcpstate_hold *wide)
{
	struct tcpstate_hold *hold;
	int err;

	lockdep_assert_held(&tn->port_mutex);
	/* Only holders of the mutex add or remove entries of this list. */
	list_for_each_entry(hold, &port->holds, node) {
		if (!hold->placeholder)
			continue;
		sock_release(hold->placeholder);
		hold->placeholder = NULL;
	}
	err = reserve(tn->net, sk, 0, port->num, &wide->placeholder);
	list_for_each_entry(hold, &port->holds, node) {
		if (!err) {
			spin_lock_bh(&tn->port_lock);
			hold->cover = wide;
			wide->refs++;
			spin_unlock_bh(&tn->port_lock);
			continue;
		}
		/* Nobody of ours has lost it: the in-tree TCP may have, for a moment. */
		if (reserve(tn->net, sk, hold->addr, port->num, &hold->placeholder))
			hold->placeholder = NULL;
	}
	return err;
}

static bool needs_widening(const struct tcpstate_port *port, __be32 addr)
{
	return !addr && !list_empty(&port->holds);
}

/* Take the port for sk, by a reservation that is there or by a new one. */
static int take(struct tcpstate_net *tn, struct sock *sk, u16 num, bool connecting)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	__be32 addr = inet_sk(sk)->inet_rcv_saddr;
	struct tcpstate_port *port, *fresh_port;
	struct tcpstate_hold *hold, *fresh;
	int err = 0;

	lockdep_assert_held(&tn->port_mutex);
	fresh_port = kzalloc(sizeof(*fresh_port), GFP_KERNEL);
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	if (!fresh_port || !fresh) {
		err = -ENOMEM;
		goto out;
	}
	INIT_LIST_HEAD(&fresh->idle);

	spin_lock_bh(&tn->port_lock);
	port = find_port(tn, num, ts->wire);
	if (!port) {
		port = fresh_port;
		fresh_port = NULL;
		port->num = num;
		port->wire = ts->wire;
		port->connect_only = connecting;
		INIT_LIST_HEAD(&port->holds);
		hlist_add_head(&port->node, bucket(tn, num));
	} else if (hlist_empty(&port->owners)) {
		port->connect_only = connecting;
	} else if (connecting ? !port->connect_only : conflict(sk, port)) {
		err = -EADDRINUSE;
	}
	hold = err ? NULL : covering(port, addr);
	if (hold)
		hold_ref(hold);
	spin_unlock_bh(&tn->port_lock);
	if (err)
		goto out;

	if (!hold && ts->wire == IPPROTO_TCP) {
		if (needs_widening(port, addr))
			err = widen(tn, sk, port, fresh);
		else
			err = reserve(tn->net, sk, addr, num, &fresh->placeholder);
	}

	spin_lock_bh(&tn->port_lock);
	if (!hold && !err) {
		hold = fresh;
		fresh = NULL;
		hold->port = port;
		hold->addr = addr;
		hold->refs++;
		list_add(&hold->node, &port->holds);
	}
	if (err) {
		drop_port_if_unused(tn, port);
	} else {
		if (!connecting)
			port->connect_only = false;
		if (ts->wire == IPPROTO_TCP)
			set_bit(num, tn->port_map);
		ts->bind.hold = hold;
		ts->bind.num = num;
		ts->bind.sk = sk;
		hlist_add_head(&ts->bind.node, &port->owners);
	}
	spin_unlock_bh(&tn->port_lock);
out:
	kfree(fresh_port);
	kfree(fresh);
	return err;
}

/* A random walk over the ephemeral range (RFC 6056 3.3.2, algorithm 2). */
static int take_any(struct tcpstate_net *tn, struct sock *sk, u32 offset, bool connecting)
{
	int low, high, range, i, err;

	inet_sk_get_local_port_range(sk, &low, &high);
	range = high - low + 1;
	for (i = 0; i < range; i++) {
		u16 num = low + (offset + i) % range;

		if (inet_is_local_reserved_port(tn->net, num))
			continue;
		err = take(tn, sk, num, connecting);
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
	int err;

	mutex_lock(&tn->port_mutex);
	err = port ? take(tn, sk, port, false) :
		     take_any(tn, sk, get_random_u32(), false);
	mutex_unlock(&tn->port_mutex);
	return err;
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
	int low, high;
	u32 offset;
	int err;

	inet_sk_get_local_port_range(sk, &low, &high);
	offset = after >= low ? after - low + 1 : get_random_u32();
	mutex_lock(&tn->port_mutex);
	err = take_any(tn, sk, offset, true);
	mutex_unlock(&tn->port_mutex);
	return err;
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
 * The reservation against the in-tree TCP goes a little later, from a work.
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

static struct tcpstate_hold *next_idle(struct tcpstate_net *tn)
{
	struct tcpstate_hold *hold;

	spin_lock_bh(&tn->port_lock);
	hold = list_first_entry_or_null(&tn->idle_holds, struct tcpstate_hold, idle);
	if (hold) {
		list_del(&hold->idle);
		list_del(&hold->node);
		drop_port_if_unused(tn, hold->port);
		if (hold->cover)
			hold_unref(tn, hold->cover);
	}
	spin_unlock_bh(&tn->port_lock);
	return hold;
}

static void port_work(struct work_struct *work)
{
	struct tcpstate_net *tn = container_of(work, struct tcpstate_net, port_work);
	struct tcpstate_hold *hold;

	mutex_lock(&tn->port_mutex);
	while ((hold = next_idle(tn))) {
		if (hold->placeholder)
			sock_release(hold->placeholder);
		kfree(hold);
	}
	mutex_unlock(&tn->port_mutex);
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
	mutex_init(&tn->port_mutex);
	INIT_LIST_HEAD(&tn->idle_holds);
	INIT_WORK(&tn->port_work, port_work);
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
	/* Giving back a reservation may leave the one that covered it idle. */
	while (flush_work(&tn->port_work))
		;
	bitmap_free(tn->port_map);
	kvfree(tn->ports);
}

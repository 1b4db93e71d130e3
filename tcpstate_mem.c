// SPDX-License-Identifier: GPL-2.0
/*
 * Memory for text: all namespaces share one pool, but a namespace that the host has given
 * limits of its own has a pool of its own.  The kernel adds up, by struct proto: a pool
 * is a copy of ours with other counters.
 */
#include <linux/slab.h>

#include "tcpstate.h"

/**
 * struct tcpstate_pool - the memory of one namespace
 * @prot: what its sockets have in sk_prot; memory for sockets themselves is the shared
 *	one's, which is their sk_prot_creator
 * @allocated: pages
 * @reserve: the same, of a CPU, not yet in @allocated
 * @sockets: how many use it
 * @pressure: not 0 under memory pressure
 * @rcu: the last socket goes while its namespace does
 */
struct tcpstate_pool {
	struct proto prot;
	atomic_long_t allocated;
	int __percpu *reserve;
	struct percpu_counter sockets;
	unsigned long pressure;
	struct rcu_head rcu;
};

/* One maker of pools at a time. */
static DEFINE_MUTEX(lock);

static void destroy(struct tcpstate_pool *pool)
{
	free_percpu(pool->reserve);
	percpu_counter_destroy(&pool->sockets);
	kfree_rcu(pool, rcu);
}

static struct tcpstate_pool *create(struct tcpstate_net *tn)
{
	struct tcpstate_pool *pool = kzalloc(sizeof(*pool), GFP_KERNEL_ACCOUNT);

	if (!pool)
		return NULL;
	pool->reserve = alloc_percpu(int);
	if (!pool->reserve)
		goto free;
	if (percpu_counter_init(&pool->sockets, 0, GFP_KERNEL))
		goto free_reserve;
	pool->prot = *tn->shared;
	INIT_LIST_HEAD(&pool->prot.node);
	pool->prot.memory_allocated = &pool->allocated;
	pool->prot.per_cpu_fw_alloc = pool->reserve;
	pool->prot.sockets_allocated = &pool->sockets;
	pool->prot.memory_pressure = &pool->pressure;
	pool->prot.sysctl_mem = tn->mem;
	return pool;

free_reserve:
	free_percpu(pool->reserve);
free:
	kfree(pool);
	return NULL;
}

/**
 * tcpstate_mem_set() - net.tcpstate.mem was written
 * @tn: the namespace
 * @mem: pages: where pressure ends, where it begins, the most; checked
 *
 * The first time makes the pool: sockets that there are stay with the shared one.
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int tcpstate_mem_set(struct tcpstate_net *tn, const long *mem)
{
	struct tcpstate_pool *pool;
	int i, err = 0;

	mutex_lock(&lock);
	for (i = 0; i < ARRAY_SIZE(tn->mem); i++)
		WRITE_ONCE(tn->mem[i], mem[i]);
	if (!tn->pool) {
		pool = create(tn);
		/* Partner: the acquire in tcpstate_mem_choose(). */
		smp_store_release(&tn->pool, pool);
		err = pool ? 0 : -ENOMEM;
		if (err)
			memset(tn->mem, 0, sizeof(tn->mem));
	}
	mutex_unlock(&lock);
	return err;
}

/**
 * tcpstate_mem_choose() - a new socket gets its pool
 * @sk: has nothing charged
 *
 * Context: process; nobody else sees the socket.
 */
void tcpstate_mem_choose(struct sock *sk)
{
	struct tcpstate_net *tn = tcpstate_net(sock_net(sk));
	/* Partner: the release in tcpstate_mem_set(). */
	struct tcpstate_pool *pool = smp_load_acquire(&tn->pool);

	if (pool)
		WRITE_ONCE(sk->sk_prot, &pool->prot);
}

/**
 * tcpstate_mem_pages() - what the sockets of a namespace have, or where it has no pool
 *	of its own those of all that have none
 * @tn: the namespace
 *
 * Context: any.
 * Return: pages; what CPUs keep at hand is not counted, up to a megabyte each.
 */
long tcpstate_mem_pages(const struct tcpstate_net *tn)
{
	/* Partner: the release in tcpstate_mem_set(). */
	const struct tcpstate_pool *pool = smp_load_acquire(&tn->pool);
	const struct proto *prot = pool ? &pool->prot : tn->shared;

	return max(atomic_long_read(prot->memory_allocated), 0L);
}

/**
 * tcpstate_mem_init() - a new namespace shares
 * @tn: the namespace
 * @shared: the proto with the pool of all
 *
 * Context: process.
 */
void tcpstate_mem_init(struct tcpstate_net *tn, const struct proto *shared)
{
	tn->shared = shared;
}

/**
 * tcpstate_mem_exit() - the namespace goes
 * @tn: the namespace; no socket has anything charged any more
 *
 * Context: process.
 */
void tcpstate_mem_exit(struct tcpstate_net *tn)
{
	if (tn->pool)
		destroy(tn->pool);
}

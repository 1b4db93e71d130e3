// SPDX-License-Identifier: GPL-2.0
/*
 * Who made or accepted a socket.  Asked in process context, where the current
 * process is the right one; in softirq it would be anybody.
 */
#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "tcpstate.h"

static void free_rcu(struct rcu_head *rcu)
{
	struct tcpstate_process *process = container_of(rcu, struct tcpstate_process, rcu);

	put_pid(process->pid);
	kfree(process);
}

/**
 * tcpstate_process_get() - another reference
 * @process: held by the caller, or NULL
 *
 * Context: any.
 * Return: @process.
 */
struct tcpstate_process *tcpstate_process_get(struct tcpstate_process *process)
{
	if (process)
		refcount_inc(&process->ref);
	return process;
}

/**
 * tcpstate_process_put() - drop a reference
 * @process: may be NULL
 *
 * Context: any.
 */
void tcpstate_process_put(struct tcpstate_process *process)
{
	if (process && refcount_dec_and_test(&process->ref))
		call_rcu(&process->rcu, free_rcu);
}

/**
 * tcpstate_process_of() - who has a socket
 * @sk: the socket
 *
 * Context: socket lock held, or RCU read side; the reference stays the socket's.
 * Return: NULL where there was no memory for it.
 */
struct tcpstate_process *tcpstate_process_of(const struct sock *sk)
{
	return rcu_dereference_check(tcpstate_sk(sk)->process, lockdep_sock_is_held(sk));
}

static bool is_current(const struct tcpstate_process *process, const struct sock *sk)
{
	return process && process->pid == task_tgid(current) &&
	       uid_eq(process->uid, sk->sk_uid) &&
	       !strncmp(process->comm, current->group_leader->comm, TASK_COMM_LEN);
}

/**
 * tcpstate_process_set() - the current process has made or accepted a socket
 * @sk: the socket, which may have had another process
 *
 * Without memory for it nobody is told of.
 *
 * Context: process; socket lock held, or nobody else sees the socket.
 */
void tcpstate_process_set(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_process *process, *old;

	old = rcu_dereference_protected(ts->process, true);
	/* One that accepts its own connections shares what its listener has. */
	if (is_current(old, sk))
		return;
	process = kzalloc(sizeof(*process), GFP_KERNEL_ACCOUNT);
	if (process) {
		refcount_set(&process->ref, 1);
		process->uid = sk->sk_uid;
		process->pid = get_pid(task_tgid(current));
		get_task_comm(process->comm, current->group_leader);
	}
	rcu_assign_pointer(ts->process, process);
	tcpstate_process_put(old);
}

/**
 * tcpstate_process_share() - nobody has accepted a child yet
 * @child: a clone of @listener
 * @listener: its process never changes
 *
 * Context: nobody else sees @child.
 */
void tcpstate_process_share(struct sock *child, struct sock *listener)
{
	struct tcpstate_process *process;

	process = rcu_dereference_protected(tcpstate_sk(listener)->process, true);
	RCU_INIT_POINTER(tcpstate_sk(child)->process, tcpstate_process_get(process));
}

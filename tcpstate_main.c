// SPDX-License-Identifier: GPL-2.0
/*
 * The family, its operations, and the life of the module and of its part in
 * each network namespace.  Exit is init read backwards.
 */
#include <linux/module.h>
#include <linux/swap.h>

#include <net/inet_common.h>
#include <net/tcp.h>

#include "tcpstate.h"

static bool loaded;
static int family = AF_TCPSTATE;
module_param(family, int, 0444);
MODULE_PARM_DESC(family, "address family number to register, below AF_MAX (18)");

/* Orphans hold the module and their namespace until their peers have answered. */
static int abort_orphans(const char *val, const struct kernel_param *kp)
{
	struct net *net;
	bool yes;
	int err;

	err = kstrtobool(val, &yes);
	if (err || !yes)
		return err;
	/* On the command line of insmod there is nothing to abort yet. */
	if (!READ_ONCE(loaded))
		return 0;
	down_read(&net_rwsem);
	for_each_net(net)
		tcpstate_sock_abort_orphans(tcpstate_net(net));
	up_read(&net_rwsem);
	return 0;
}

static const struct kernel_param_ops abort_orphans_ops = { .set = abort_orphans };
module_param_cb(abort_orphans, &abort_orphans_ops, NULL, 0200);
MODULE_PARM_DESC(abort_orphans, "write 1: reset every connection that no process holds, so that rmmod works");

static atomic_long_t memory_allocated;
static DEFINE_PER_CPU(int, memory_per_cpu);
static struct percpu_counter sockets_allocated;
static unsigned long memory_pressure;

/* As net.ipv4.tcp_mem: of all namespaces that have no net.tcpstate.mem of their own. */
static long sysctl_mem[3];
module_param_array_named(mem, sysctl_mem, long, NULL, 0644);
MODULE_PARM_DESC(mem, "pages for all sockets together: where pressure ends, where it begins, the most");

static void enter_memory_pressure(struct sock *sk)
{
	WRITE_ONCE(*sk->sk_prot->memory_pressure, 1);
}

static void leave_memory_pressure(struct sock *sk)
{
	WRITE_ONCE(*sk->sk_prot->memory_pressure, 0);
}

static struct proto tcpstate_prot = {
	.name			= "TCPSTATE",
	.owner			= THIS_MODULE,
	.close			= tcpstate_sock_close,
	.connect		= tcpstate_sock_connect,
	.disconnect		= tcpstate_sock_disconnect,
	.shutdown		= tcpstate_sock_shutdown,
	.keepalive		= tcpstate_timer_keepalive,
	.stream_memory_free	= tcpstate_sendmsg_memory_free,
	.get_port		= tcpstate_sock_get_port,
	.put_port		= tcpstate_sock_put_port,
	.backlog_rcv		= tcpstate_input_backlog,
	.release_cb		= tcpstate_timer_release_cb,
	.enter_memory_pressure	= enter_memory_pressure,
	.leave_memory_pressure	= leave_memory_pressure,
	.memory_allocated	= &memory_allocated,
	.per_cpu_fw_alloc	= &memory_per_cpu,
	.sockets_allocated	= &sockets_allocated,
	.memory_pressure	= &memory_pressure,
	.sysctl_mem		= sysctl_mem,
	.sysctl_wmem_offset	= offsetof(struct net, ipv4.sysctl_tcp_wmem),
	.sysctl_rmem_offset	= offsetof(struct net, ipv4.sysctl_tcp_rmem),
	.obj_size		= sizeof(struct tcpstate_sock),
	.no_autobind		= true,
};

#ifdef TCPSTATE_ACCEPT_OLD
static int accept_old(struct socket *sock, struct socket *newsock, int flags, bool kern)
{
	struct proto_accept_arg arg = { .flags = flags, .kern = kern };

	return tcpstate_sock_accept(sock, newsock, &arg);
}
#define ops_accept accept_old
#else
#define ops_accept tcpstate_sock_accept
#endif

static struct proto_ops tcpstate_ops __ro_after_init = {
	.owner		= THIS_MODULE,
	.release	= inet_release,
	.bind		= inet_bind,
	.connect	= inet_stream_connect,
	.socketpair	= sock_no_socketpair,
	.accept		= ops_accept,
	.getname	= inet_getname,
	.poll		= tcpstate_sock_poll,
	.ioctl		= tcpstate_sock_ioctl,
	.gettstamp	= sock_gettstamp,
	.listen		= tcpstate_sock_listen,
	.shutdown	= inet_shutdown,
	.setsockopt	= tcpstate_setsockopt,
	.getsockopt	= tcpstate_getsockopt,
	.sendmsg	= tcpstate_sendmsg,
	.recvmsg	= tcpstate_recvmsg,
	.mmap		= sock_no_mmap,
	.set_rcvlowat	= tcpstate_recvmsg_set_lowat,
};

static void init_inet(struct net *net, struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);

	tcpstate_inet_init_flags(inet);
	inet->pmtudisc = READ_ONCE(net->ipv4.sysctl_ip_no_pmtu_disc) ?
		IP_PMTUDISC_DONT : IP_PMTUDISC_WANT;
	inet->uc_ttl = -1;
	inet->mc_ttl = 1;
	atomic_set(&inet->inet_id, get_random_u16());
	sk->sk_txrehash = READ_ONCE(net->core.sysctl_txrehash);
}

static int check_protocol(int protocol)
{
	switch (protocol) {
	case 0:
	case TCPSTATE_PROTO_TCP:
		return TCPSTATE_PROTO_TCP;
	case TCPSTATE_PROTO_EXPERIMENT:
		return TCPSTATE_PROTO_EXPERIMENT;
	}
	return protocol < 0 || protocol >= IPPROTO_MAX ? -EINVAL : -EPROTONOSUPPORT;
}

static struct lock_class_key slock_key, lock_key;

static int create(struct net *net, struct socket *sock, int protocol, int kern)
{
	struct sock *sk;
	int wire;

	if (sock->type != SOCK_STREAM)
		return -ESOCKTNOSUPPORT;
	wire = check_protocol(protocol);
	if (wire < 0)
		return wire;
	/* Security code does not know this family: see Documentation/tcpstate. */
	if (!kern && !READ_ONCE(tcpstate_net(net)->unprivileged) &&
	    !ns_capable(net->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	sk = sk_alloc(net, family, GFP_KERNEL, &tcpstate_prot, kern);
	if (!sk)
		return -ENOBUFS;
	tcpstate_mem_choose(sk);
	sock->state = SS_UNCONNECTED;
	sock->ops = &tcpstate_ops;
	tcpstate_own_sol_socket(sock);
	sock_init_data(sock, sk);
	sock_lock_init_class_and_name(sk, "slock-AF_TCPSTATE", &slock_key,
				      "sk_lock-AF_TCPSTATE", &lock_key);
	init_inet(net, sk);
	tcpstate_sock_init(sk, wire);
	return 0;
}

static struct net_proto_family tcpstate_family __ro_after_init = {
	.create	= create,
	.owner	= THIS_MODULE,
};

static int __net_init init_net_part(struct net *net)
{
	struct tcpstate_net *tn = tcpstate_net(net);
	int err;

	tn->net = net;
	tcpstate_mem_init(tn, &tcpstate_prot);
	tcpstate_record_init(tn);
	tcpstate_wire_net_init(tn);
	spin_lock_init(&tn->timewait_lock);
	INIT_LIST_HEAD(&tn->timewaits);
	err = tcpstate_mib_init(tn);
	if (err)
		return err;
	err = tcpstate_demux_init(tn);
	if (err)
		goto free_mib;
	err = tcpstate_port_init(tn);
	if (err)
		goto free_demux;
	err = tcpstate_ipv4_init(tn);
	if (err)
		goto free_port;
	tcpstate_genl_watch(tn);
	err = tcpstate_sysctl_init(tn);
	if (err)
		goto free_ipv4;
	err = tcpstate_proc_init(net);
	if (err)
		goto free_sysctl;
	return 0;

free_sysctl:
	tcpstate_sysctl_exit(tn);
free_ipv4:
	tcpstate_ipv4_exit(tn);
free_port:
	tcpstate_port_exit(tn);
free_demux:
	tcpstate_demux_exit(tn);
free_mib:
	tcpstate_mib_exit(tn);
	return err;
}

/* No packet comes in after this; the tables may be freed in exit. */
static void __net_exit pre_exit_net_part(struct net *net)
{
	tcpstate_wire_net_exit(tcpstate_net(net));
}

static void __net_exit exit_net_part(struct net *net)
{
	struct tcpstate_net *tn = tcpstate_net(net);

	tcpstate_timewait_purge(tn);
	tcpstate_proc_exit(net);
	tcpstate_sysctl_exit(tn);
	tcpstate_ipv4_exit(tn);
	tcpstate_port_exit(tn);
	tcpstate_demux_exit(tn);
	tcpstate_record_exit(tn);
	tcpstate_mem_exit(tn);
	tcpstate_mib_exit(tn);
}

static struct pernet_operations net_ops = {
	.init		= init_net_part,
	.pre_exit	= pre_exit_net_part,
	.exit		= exit_net_part,
	.id		= &tcpstate_net_id,
	.size		= sizeof(struct tcpstate_net),
};

/* An eighth of the memory, in pages, as the in-tree TCP takes by default. */
static void init_mem(void)
{
	unsigned long limit = max(nr_free_buffer_pages() / 16, 128UL);

	if (sysctl_mem[2])
		return;
	sysctl_mem[0] = limit / 4 * 3;
	sysctl_mem[1] = limit;
	sysctl_mem[2] = sysctl_mem[0] * 2;
}

static int __init init_module_tcpstate(void)
{
	int err;

	if (family <= 0 || family >= AF_MAX)
		return -EINVAL;
	tcpstate_family.family = family;
	tcpstate_ops.family = family;
	init_mem();
	err = percpu_counter_init(&sockets_allocated, 0, GFP_KERNEL);
	if (err)
		return err;
	err = tcpstate_timewait_init();
	if (err)
		goto free_counter;
	err = tcpstate_request_init();
	if (err)
		goto exit_timewait;
	err = tcpstate_queue_init();
	if (err)
		goto exit_request;
	err = tcpstate_record_load();
	if (err)
		goto exit_queue;
	err = proto_register(&tcpstate_prot, 1);
	if (err)
		goto unload_record;
	err = tcpstate_port_load();
	if (err)
		goto unregister_proto;
	err = register_pernet_subsys(&net_ops);
	if (err)
		goto unload_port;
	err = tcpstate_wire_init();
	if (err)
		goto unregister_net;
	err = tcpstate_genl_init();
	if (err)
		goto exit_wire;
	err = tcpstate_diag_init(family);
	if (err)
		goto exit_genl;
	err = sock_register(&tcpstate_family);
	if (err)
		goto exit_diag;
	WRITE_ONCE(loaded, true);
	pr_info("tcpstate: address family %d, wire 6 and 253\n", family);
	return 0;

exit_diag:
	tcpstate_diag_exit();
exit_genl:
	tcpstate_genl_exit();
exit_wire:
	tcpstate_wire_exit();
unregister_net:
	unregister_pernet_subsys(&net_ops);
unload_port:
	tcpstate_port_unload();
unregister_proto:
	proto_unregister(&tcpstate_prot);
unload_record:
	tcpstate_record_unload();
exit_queue:
	tcpstate_queue_exit();
exit_request:
	tcpstate_request_exit();
exit_timewait:
	tcpstate_timewait_exit();
free_counter:
	percpu_counter_destroy(&sockets_allocated);
	return err;
}

static void __exit exit_module_tcpstate(void)
{
	/* A writer of abort_orphans looks at the namespaces' parts. */
	kernel_param_lock(THIS_MODULE);
	WRITE_ONCE(loaded, false);
	kernel_param_unlock(THIS_MODULE);
	sock_unregister(family);
	tcpstate_diag_exit();
	tcpstate_genl_exit();
	tcpstate_wire_exit();
	unregister_pernet_subsys(&net_ops);
	/* The last timer of TIME_WAIT may still be on its way to call_rcu(). */
	synchronize_rcu();
	/* Sockets are freed after a grace period. */
	rcu_barrier();
	tcpstate_port_unload();
	proto_unregister(&tcpstate_prot);
	tcpstate_record_unload();
	tcpstate_queue_exit();
	tcpstate_request_exit();
	tcpstate_timewait_exit();
	percpu_counter_destroy(&sockets_allocated);
}

module_init(init_module_tcpstate);
module_exit(exit_module_tcpstate);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A whole TCP that shows its eleven states");

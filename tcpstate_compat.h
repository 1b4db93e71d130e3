/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sources speak the newest kernel; this header makes older ones look like
 * it.  It holds the only tests of the kernel's version.
 */
#ifndef TCPSTATE_COMPAT_H
#define TCPSTATE_COMPAT_H

#include <linux/version.h>

#include <linux/timer.h>
#include <linux/net.h>
#include <linux/sysctl.h>
#include <net/net_namespace.h>
#include <net/secure_seq.h>
#include <net/sock.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#include <linux/skbuff_ref.h>	/* 6.10: split off linux/skbuff.h */
#include <net/proto_memory.h>	/* 6.10: split off net/sock.h */
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "tcpstate needs Linux 6.1 or newer"
#endif

/* 6.16: from_timer() became timer_container_of(). */
#ifndef timer_container_of
#define timer_container_of(var, timer, field) from_timer(var, timer, field)
#endif

/* 6.19: addresses of bind and connect became struct sockaddr_unsized. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define sockaddr_unsized sockaddr
#endif

/* 6.17: sk_uid() reads who made the socket. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define sk_uid(sk)	READ_ONCE((sk)->sk_uid)
#endif

/* 6.7: a family may answer for SOL_SOCKET itself. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#define tcpstate_own_sol_socket(sock)	do { } while (0)
#else
#define tcpstate_own_sol_socket(sock)	set_bit(SOCK_CUSTOM_SOCKOPT, &(sock)->flags)
#endif

/* 6.10: proto_ops.accept takes a struct. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
struct proto_accept_arg {
	int flags;
	int err;
	bool is_empty;
	bool kern;
};
#define TCPSTATE_ACCEPT_OLD
#endif

/* 6.7: a dump's attributes moved. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#define tcpstate_dump_attrs(cb)	(genl_dumpit_info(cb)->attrs)
#else
#define tcpstate_dump_attrs(cb)	(genl_info_dump(cb)->attrs)
#endif

/* 6.6: sysctl tables are registered with a size; the sentinel went in 6.11. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define register_net_sysctl_sz(net, path, table, size) \
	register_net_sysctl(net, path, table)
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define TCPSTATE_SYSCTL_SENTINEL	1
#else
#define TCPSTATE_SYSCTL_SENTINEL	0
#endif

/* 6.11: handlers of sysctls do not change the table. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define tcpstate_ctl_table	struct ctl_table
#else
#define tcpstate_ctl_table	const struct ctl_table
#endif

/* 6.6: the inet flags became bits. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define tcpstate_inet_init_flags(inet) do {	\
	(inet)->is_icsk = 0;			\
	(inet)->nodefrag = 0;			\
	(inet)->mc_loop = 1;			\
	(inet)->mc_all = 1;			\
} while (0)
#define tcpstate_inet_recverr(sk)	(inet_sk(sk)->recverr)
#else
#define tcpstate_inet_init_flags(inet) do {	\
	inet_set_bit(MC_LOOP, (struct sock *)(inet));	\
	inet_set_bit(MC_ALL, (struct sock *)(inet));	\
} while (0)
#define tcpstate_inet_recverr(sk)	inet_test_bit(RECVERR, sk)
#endif

#endif /* TCPSTATE_COMPAT_H */

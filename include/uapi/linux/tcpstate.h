/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What user space needs to open an AF_TCPSTATE socket.
 *
 *	fd = socket(AF_TCPSTATE, SOCK_STREAM, TCPSTATE_PROTO_TCP);
 *
 * Addresses are struct sockaddr_in with sin_family AF_INET.  Options are the
 * in-tree TCP's, at the levels SOL_SOCKET, SOL_IP and SOL_TCP.
 */
#ifndef _UAPI_LINUX_TCPSTATE_H
#define _UAPI_LINUX_TCPSTATE_H

/*
 * A number that the kernel knows only by name (AF_ASH): AF_MAX bounds what can
 * be registered, so an unused one is borrowed.  The module's parameter
 * "family" chooses another.
 */
#ifndef AF_TCPSTATE
#define AF_TCPSTATE	18
#define PF_TCPSTATE	AF_TCPSTATE
#endif

/*
 * The IP protocol on the wire.  0 means 6, the real TCP: the peer may be any
 * TCP.  253 is RFC 3692's number for experiments: the same segments, apart
 * from the host's TCP.
 */
#define TCPSTATE_PROTO_TCP		6
#define TCPSTATE_PROTO_EXPERIMENT	253

/*
 * Options of this family alone, at the level SOL_TCPSTATE.
 *
 * TCPSTATE_REUSEPORT (int, 0 or 1): what SO_REUSEPORT is to the in-tree TCP,
 * for kernels that refuse that option to this family (before 6.7).  Sockets of one user
 * that all have it may be bound to one address and port; connections are
 * spread over those that listen.
 *
 * TCPSTATE_RECORD (int): the flight recorder of this socket's connections keeps
 * their last so many events; 0: none; -1: as many as the sysctl
 * net.tcpstate.record says, which is what a new socket has.  At most
 * TCPSTATE_RECORD_MAX of linux/tcpstate_netlink.h: the whole life of a short
 * connection.  In the middle of a connection what was recorded is kept as far
 * as it fits.  Children have their listener's.  Reading it tells what holds.
 *
 * TCPSTATE_RECORD_MASK (int): which kinds of events: a set of
 * 1 << TCPSTATE_RECORD_*; 0: as the sysctl net.tcpstate.record_mask says (all
 * but TCPSTATE_RECORD_ARMED), which is what a new socket has.
 */
#define SOL_TCPSTATE		400
#define TCPSTATE_REUSEPORT	1
#define TCPSTATE_RECORD		2
#define TCPSTATE_RECORD_MASK	3

#endif /* _UAPI_LINUX_TCPSTATE_H */

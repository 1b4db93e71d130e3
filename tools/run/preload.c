// SPDX-License-Identifier: GPL-2.0
/*
 * libtcpstate-preload.so: stands before libc and gives a program AF_TCPSTATE
 * sockets where it asks for TCP over IPv4, and the answers about them that it
 * would have from TCP. Without a list of ports a socket is made so at once; with
 * one it is made as the program asked, and moved (move.c) when it gets the name
 * that decides.
 */
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <linux/tcpstate.h>

#include "env.h"
#include "preload.h"

#define EXPORT	__attribute__((visibility("default")))

/* In 6.1's headers, not in those of every libc. */
#ifndef TCP_MD5SIG_EXT
#define TCP_MD5SIG_EXT	32
#endif
#ifndef SO_ATTACH_BPF
#define SO_ATTACH_BPF	50
#endif

struct settings settings;
struct libc_calls libc_calls;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/*
 * A bit for each descriptor: has the socket an option that can be set but not
 * read back, so that it cannot be moved. Larger numbers are not known here.
 */
#define PINS	65536
static atomic_uchar pins[PINS / 8];

static void pin(int fd, bool pinned)
{
	if (fd < 0 || fd >= PINS)
		return;
	if (pinned)
		atomic_fetch_or(&pins[fd / 8], 1 << fd % 8);
	else
		atomic_fetch_and(&pins[fd / 8], ~(1 << fd % 8));
}

static bool is_pinned(int fd)
{
	return fd >= 0 && fd < PINS && atomic_load(&pins[fd / 8]) & 1 << fd % 8;
}

static int number_of(const char *name, int otherwise)
{
	const char *text = getenv(name);

	return text && *text ? atoi(text) : otherwise;
}

static bool list_of(const char *name, struct ports *ports)
{
	const char *text = getenv(name);

	return text && ports_parse(ports, text);
}

static void *next_call(const char *name)
{
	void *call = dlsym(RTLD_NEXT, name);

	/* Without libc behind us nothing can go on. */
	if (!call)
		abort();
	return call;
}

static void read_settings(void)
{
	int saved = errno;

	libc_calls.socket = next_call("socket");
	libc_calls.bind = next_call("bind");
	libc_calls.listen = next_call("listen");
	libc_calls.connect = next_call("connect");
	libc_calls.getsockopt = next_call("getsockopt");
	libc_calls.setsockopt = next_call("setsockopt");
	settings.family = number_of(ENV_FAMILY, AF_TCPSTATE);
	settings.protocol = number_of(ENV_PROTOCOL, TCPSTATE_PROTO_TCP);
	settings.ipv4_only = number_of(ENV_IPV4_ONLY, 0);
	settings.have_ports = list_of(ENV_PORTS, &settings.ports);
	settings.have_not_ports = list_of(ENV_NOT_PORTS, &settings.not_ports);
	settings.log = getenv(ENV_LOG);
	/* The program may clear its environment. */
	if (settings.log)
		settings.log = strdup(settings.log);
	errno = saved;
}

/* Constructors of other libraries may open sockets before ours has run. */
static void get_ready(void)
{
	pthread_once(&once, read_settings);
}

__attribute__((constructor)) static void start(void)
{
	get_ready();
}

static bool by_port(void)
{
	return settings.have_ports || settings.have_not_ports;
}

/* A port that is not known is 0, and in no list. */
static bool is_wanted(unsigned int local, unsigned int remote)
{
	const struct ports *yes = &settings.ports, *no = &settings.not_ports;

	if (settings.have_not_ports && (ports_have(no, local) || ports_have(no, remote)))
		return false;
	return !settings.have_ports || ports_have(yes, local) || ports_have(yes, remote);
}

/* An option of the socket layer that is an int; -1 if there is no such socket. */
static int ask(int fd, int name)
{
	int value, saved = errno;
	socklen_t len = sizeof(value);

	if (libc_calls.getsockopt(fd, SOL_SOCKET, name, &value, &len))
		value = -1;
	errno = saved;
	return value;
}

static bool is_ours(int fd)
{
	return ask(fd, SO_DOMAIN) == settings.family;
}

/* A stream socket of either kind that has not begun a connection. */
static bool is_idle_tcp(int fd)
{
	socklen_t len = sizeof(struct tcp_info);
	int domain, saved = errno;
	struct tcp_info info;
	bool idle;

	domain = ask(fd, SO_DOMAIN);
	if (domain != settings.family &&
	    (domain != AF_INET || ask(fd, SO_TYPE) != SOCK_STREAM ||
	     ask(fd, SO_PROTOCOL) != IPPROTO_TCP))
		return false;
	idle = !libc_calls.getsockopt(fd, SOL_TCP, TCP_INFO, &info, &len) &&
	       info.tcpi_state == TCP_CLOSE;
	errno = saved;
	return idle;
}

static unsigned int local_port(int fd)
{
	struct sockaddr_in name = { 0 };
	socklen_t len = sizeof(name);
	int saved = errno;

	if (getsockname(fd, (struct sockaddr *)&name, &len))
		name.sin_port = 0;
	errno = saved;
	return ntohs(name.sin_port);
}

/*
 * The port of an address; 0 if it is none of IPv4, where the call itself will say
 * what it thinks of it. AF_UNSPEC is what bind() takes for AF_INET.
 */
static unsigned int port_of(const struct sockaddr *addr, socklen_t len, bool unspec_too)
{
	struct sockaddr_in sin;

	if (!addr || len < sizeof(sin))
		return 0;
	memcpy(&sin, addr, sizeof(sin));
	if (sin.sin_family != AF_INET && !(unspec_too && sin.sin_family == AF_UNSPEC))
		return 0;
	return ntohs(sin.sin_port);
}

/*
 * Lets the ports decide which kind the socket is. False, with errno, if it was
 * to be moved and has been lost on the way.
 */
static bool decide(int fd, unsigned int local, unsigned int remote)
{
	bool wanted = is_wanted(local, remote);

	if (wanted == is_ours(fd))
		return true;
	if (is_pinned(fd)) {
		log_line("fd %d: stays as it is: an option of it cannot be carried over", fd);
		return true;
	}
	return move_socket(fd, wanted);
}

/**
 * socket() - as socket(2); TCP over IPv4 becomes AF_TCPSTATE
 * @domain: address family
 * @type: SOCK_STREAM with flags
 * @protocol: 0 or 6
 *
 * Return: as socket(2).
 */
EXPORT int socket(int domain, int type, int protocol)
{
	bool tcp = (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) == SOCK_STREAM &&
		   (!protocol || protocol == IPPROTO_TCP);
	int fd;

	get_ready();
	if (tcp && domain == AF_INET6 && settings.ipv4_only) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	if (!tcp || domain != AF_INET || by_port()) {
		fd = libc_calls.socket(domain, type, protocol);
		pin(fd, false);
		return fd;
	}
	fd = libc_calls.socket(settings.family, type, settings.protocol);
	if (fd < 0)
		log_line("socket: %m");
	else
		log_line("fd %d: AF_TCPSTATE", fd);
	return fd;
}

/**
 * bind() - as bind(2); the local port may decide
 * @fd: the socket
 * @addr: its name
 * @len: octets
 *
 * Return: as bind(2).
 */
EXPORT int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	get_ready();
	if (by_port() && addr && len >= sizeof(struct sockaddr_in) && is_idle_tcp(fd) &&
	    !local_port(fd) && !decide(fd, port_of(addr, len, true), 0))
		return -1;
	return libc_calls.bind(fd, addr, len);
}

/**
 * listen() - as listen(2); without a name yet, the port is one in no list
 * @fd: the socket
 * @backlog: as for listen(2)
 *
 * Return: as listen(2).
 */
EXPORT int listen(int fd, int backlog)
{
	get_ready();
	if (by_port() && is_idle_tcp(fd) && !local_port(fd) && !decide(fd, 0, 0))
		return -1;
	return libc_calls.listen(fd, backlog);
}

/**
 * connect() - as connect(2); the local or the remote port decides
 * @fd: the socket
 * @addr: the peer
 * @len: octets
 *
 * Return: as connect(2).
 */
EXPORT int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	unsigned int remote;

	get_ready();
	if (by_port()) {
		remote = port_of(addr, len, false);
		if (remote && is_idle_tcp(fd) && !decide(fd, local_port(fd), remote))
			return -1;
	}
	return libc_calls.connect(fd, addr, len);
}

/* glibc exports this name as well. */
EXPORT int __connect(int fd, const struct sockaddr *addr, socklen_t len)
	__attribute__((alias("connect")));

/**
 * getsockopt() - as getsockopt(2); sockets of ours say that they are TCP
 * @fd: the socket
 * @level: of the option
 * @name: option
 * @value: where it goes
 * @len: room, then length
 *
 * Return: as getsockopt(2).
 */
EXPORT int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	int err, answer, ours = false;

	get_ready();
	if (level == SOL_SOCKET && (name == SO_DOMAIN || name == SO_PROTOCOL))
		ours = is_ours(fd);
	err = libc_calls.getsockopt(fd, level, name, value, len);
	if (!err && ours) {
		answer = name == SO_DOMAIN ? AF_INET : IPPROTO_TCP;
		memcpy(value, &answer, *len < sizeof(answer) ? *len : sizeof(answer));
	}
	return err;
}

/**
 * preload_set_reuseport() - SO_REUSEPORT, where the kernel knows it for this family or not
 * @fd: the socket
 * @value: int
 * @len: octets
 *
 * Before 6.12 the kernel's socket layer refuses the option to all families but
 * IP's own, hence one of the module's.
 *
 * Return: as setsockopt(2).
 */
int preload_set_reuseport(int fd, const void *value, socklen_t len)
{
	int err = libc_calls.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, value, len);

	if (err && errno == EOPNOTSUPP && is_ours(fd))
		err = libc_calls.setsockopt(fd, SOL_TCPSTATE, TCPSTATE_REUSEPORT, value, len);
	return err;
}

/* Options that getsockopt() does not give back as they were set. */
static bool is_unreadable(int level, int name)
{
	if (level == SOL_SOCKET)
		return name == SO_ATTACH_BPF || name == SO_ATTACH_REUSEPORT_CBPF ||
		       name == SO_ATTACH_REUSEPORT_EBPF;
	return level == SOL_TCP && (name == TCP_MD5SIG || name == TCP_MD5SIG_EXT ||
				    name == TCP_ULP || name == TCP_REPAIR);
}

/**
 * setsockopt() - as setsockopt(2)
 * @fd: the socket
 * @level: of the option
 * @name: option
 * @value: its value
 * @len: octets
 *
 * Return: as setsockopt(2).
 */
EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	int err;

	get_ready();
	if (level == SOL_SOCKET && name == SO_REUSEPORT)
		return preload_set_reuseport(fd, value, len);
	err = libc_calls.setsockopt(fd, level, name, value, len);
	if (!err && is_unreadable(level, name))
		pin(fd, true);
	return err;
}

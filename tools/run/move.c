// SPDX-License-Identifier: GPL-2.0
/*
 * Moves a descriptor from a TCP socket of one family to one of the other, with
 * what was set so far: options, local name, flags, owner, registrations with
 * epoll. For sockets without a connection. Other descriptors of the old socket
 * (dup(2), fork(2)) keep the old one.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "preload.h"

/* Newer than the headers of some libc. */
#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK		72
#endif
#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE	51
#endif

/* The longest option: IP_OPTIONS is 40 octets. */
#define OPTION_SIZE	64

/* How long a port may take to be free once its socket is closed: 200 ms. */
#define BIND_TRIES	40
#define BIND_PAUSE_NS	5000000

struct option {
	int level;
	int name;
	/* What may get lost: the socket does the same without it, slower or faster. */
	bool dispensable;
};

/* IP_TOS sets the priority as well, and so stands before SO_PRIORITY. */
static const struct option options[] = {
	{ SOL_IP, IP_TOS, false },
	{ SOL_IP, IP_TTL, false },
	{ SOL_IP, IP_OPTIONS, false },
	{ SOL_IP, IP_RECVERR, false },
	{ SOL_IP, IP_MTU_DISCOVER, false },
	{ SOL_IP, IP_FREEBIND, false },
	{ SOL_IP, IP_TRANSPARENT, false },
	{ SOL_IP, IP_BIND_ADDRESS_NO_PORT, false },
	{ SOL_IP, IP_LOCAL_PORT_RANGE, false },
	{ SOL_IP, IP_MINTTL, false },
	{ SOL_SOCKET, SO_REUSEADDR, false },
	{ SOL_SOCKET, SO_REUSEPORT, false },
	{ SOL_SOCKET, SO_KEEPALIVE, false },
	{ SOL_SOCKET, SO_LINGER, false },
	{ SOL_SOCKET, SO_OOBINLINE, false },
	{ SOL_SOCKET, SO_RCVLOWAT, false },
	{ SOL_SOCKET, SO_RCVTIMEO, false },
	{ SOL_SOCKET, SO_SNDTIMEO, false },
	{ SOL_SOCKET, SO_DONTROUTE, false },
	{ SOL_SOCKET, SO_BINDTODEVICE, false },
	{ SOL_SOCKET, SO_MARK, false },
	{ SOL_SOCKET, SO_PRIORITY, false },
	{ SOL_SOCKET, SO_TIMESTAMP, false },
	{ SOL_SOCKET, SO_TIMESTAMPNS, false },
	{ SOL_SOCKET, SO_TIMESTAMPING, false },
	{ SOL_SOCKET, SO_INCOMING_CPU, true },
	{ SOL_SOCKET, SO_BUSY_POLL, true },
	{ SOL_SOCKET, SO_MAX_PACING_RATE, true },
	{ SOL_SOCKET, SO_ZEROCOPY, false },
	{ SOL_TCP, TCP_NODELAY, false },
	{ SOL_TCP, TCP_CORK, false },
	{ SOL_TCP, TCP_MAXSEG, false },
	{ SOL_TCP, TCP_KEEPIDLE, false },
	{ SOL_TCP, TCP_KEEPINTVL, false },
	{ SOL_TCP, TCP_KEEPCNT, false },
	{ SOL_TCP, TCP_SYNCNT, false },
	{ SOL_TCP, TCP_LINGER2, false },
	{ SOL_TCP, TCP_DEFER_ACCEPT, true },
	{ SOL_TCP, TCP_WINDOW_CLAMP, false },
	{ SOL_TCP, TCP_USER_TIMEOUT, false },
	{ SOL_TCP, TCP_NOTSENT_LOWAT, true },
	{ SOL_TCP, TCP_INQ, false },
	{ SOL_TCP, TCP_SAVE_SYN, false },
	{ SOL_TCP, TCP_QUICKACK, true },
	{ SOL_TCP, TCP_THIN_LINEAR_TIMEOUTS, true },
	{ SOL_TCP, TCP_FASTOPEN, true },
	{ SOL_TCP, TCP_FASTOPEN_CONNECT, false },
	{ SOL_TCP, TCP_CONGESTION, true },
};

static bool get(int fd, const struct option *option, unsigned char *value, socklen_t *len)
{
	*len = OPTION_SIZE;
	memset(value, 0, OPTION_SIZE);
	return !libc_calls.getsockopt(fd, option->level, option->name, value, len);
}

static bool set(int fd, const struct option *option, const void *value, socklen_t len)
{
	if (option->level == SOL_SOCKET && option->name == SO_REUSEPORT)
		return !preload_set_reuseport(fd, value, len);
	return !libc_calls.setsockopt(fd, option->level, option->name, value, len);
}

/*
 * What differs from a fresh socket of the same family has been set, and is set on
 * the new one; all else keeps the default of the new one's family.
 */
static bool carry_options(int from, int fresh, int to)
{
	unsigned char value[OPTION_SIZE], usual[OPTION_SIZE];
	const struct option *option;
	socklen_t len, usual_len;
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(*options); i++) {
		option = &options[i];
		if (!get(from, option, value, &len) || !get(fresh, option, usual, &usual_len) ||
		    (len == usual_len && !memcmp(value, usual, len)) ||
		    set(to, option, value, len))
			continue;
		log_line("option %d of level %d cannot be carried over: %m", option->name,
			 option->level);
		if (!option->dispensable)
			return false;
	}
	return true;
}

static void set_buffer(int fd, int name, int force, int value)
{
	/* With CAP_NET_ADMIN the old one may be beyond the sysctls' bounds. */
	if (libc_calls.setsockopt(fd, SOL_SOCKET, force, &value, sizeof(value)))
		libc_calls.setsockopt(fd, SOL_SOCKET, name, &value, sizeof(value));
}

/* The size that was set is given back doubled, and may by that be the usual one. */
static void carry_buffers(int from, int to)
{
	int lock, size;
	socklen_t len = sizeof(lock);

	if (libc_calls.getsockopt(from, SOL_SOCKET, SO_BUF_LOCK, &lock, &len))
		return;
	len = sizeof(size);
	if (lock & 1 && !libc_calls.getsockopt(from, SOL_SOCKET, SO_SNDBUF, &size, &len))
		set_buffer(to, SO_SNDBUF, SO_SNDBUFFORCE, size / 2);
	len = sizeof(size);
	if (lock & 2 && !libc_calls.getsockopt(from, SOL_SOCKET, SO_RCVBUF, &size, &len))
		set_buffer(to, SO_RCVBUF, SO_RCVBUFFORCE, size / 2);
}

/* A filter keeps something out, so that without it the socket is not moved. */
static bool carry_filter(int from, int to)
{
	struct sock_fprog program = { 0 };
	socklen_t count = 0;
	bool done = false;

	/* The length is in instructions. One of eBPF cannot be read: EACCES. */
	if (libc_calls.getsockopt(from, SOL_SOCKET, SO_GET_FILTER, NULL, &count)) {
		log_line("the socket's filter cannot be carried over: %m");
		return false;
	}
	if (!count)
		return true;
	program.filter = calloc(count, sizeof(*program.filter));
	if (program.filter &&
	    !libc_calls.getsockopt(from, SOL_SOCKET, SO_GET_FILTER, program.filter, &count)) {
		program.len = count;
		done = !libc_calls.setsockopt(to, SOL_SOCKET, SO_ATTACH_FILTER, &program,
					      sizeof(program));
	}
	if (!done)
		log_line("the socket's filter cannot be carried over: %m");
	free(program.filter);
	return done;
}

/* Flags of the open file. O_ASYNC last: it needs to know whom to signal. */
static void carry_file(int from, int to)
{
	struct f_owner_ex owner;
	int signal;

	if (!fcntl(from, F_GETOWN_EX, &owner) && owner.pid)
		fcntl(to, F_SETOWN_EX, &owner);
	signal = fcntl(from, F_GETSIG);
	if (signal > 0)
		fcntl(to, F_SETSIG, signal);
	fcntl(to, F_SETFL, fcntl(from, F_GETFL) & (O_NONBLOCK | O_ASYNC));
}

static int new_socket(bool ours)
{
	if (ours)
		return libc_calls.socket(settings.family, SOCK_STREAM | SOCK_CLOEXEC,
					 settings.protocol);
	return libc_calls.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* All that was set, from fd to its twin; false if something has to stay behind. */
static bool carry(int fd, int fresh, int twin)
{
	if (!carry_options(fd, fresh, twin) || !carry_filter(fd, twin))
		return false;
	carry_buffers(fd, twin);
	carry_file(fd, twin);
	return true;
}

/* The port is free only once the other TCP has let go of it, some time after close(). */
static bool take_name(int fd, const struct sockaddr_in *name)
{
	const struct timespec pause = { .tv_nsec = BIND_PAUSE_NS };
	int i;

	for (i = 0; i < BIND_TRIES; i++) {
		if (!libc_calls.bind(fd, (const struct sockaddr *)name, sizeof(*name)))
			return true;
		if (errno != EADDRINUSE)
			return false;
		nanosleep(&pause, NULL);
	}
	return false;
}

/* Puts twin behind fd's number, with fd's local name. */
static bool replace(int fd, int twin)
{
	struct sockaddr_in name = { 0 };
	struct epoll_entries *entries;
	socklen_t len = sizeof(name);
	bool named;
	int cloexec;

	named = !getsockname(fd, (struct sockaddr *)&name, &len) &&
		(name.sin_port || name.sin_addr.s_addr);
	cloexec = fcntl(fd, F_GETFD) & FD_CLOEXEC ? O_CLOEXEC : 0;
	entries = epoll_entries_of(fd);
	if (dup3(twin, fd, cloexec) < 0) {
		log_line("fd %d: dup3: %m", fd);
		epoll_entries_free(entries);
		return false;
	}
	epoll_entries_restore(entries, fd);
	epoll_entries_free(entries);
	if (named && !take_name(fd, &name)) {
		log_line("fd %d: port %u is lost: %m", fd, ntohs(name.sin_port));
		return false;
	}
	return true;
}

/**
 * move_socket() - put a socket of the other kind behind a descriptor
 * @fd: a TCP socket without a connection
 * @to_ours: to AF_TCPSTATE; else to AF_INET
 *
 * A socket that cannot be moved with all that was set stays what it is, and the
 * log says so: its program goes on as if the port were not listed.
 *
 * Return: false, with errno, if there is no socket of that kind, or if the local
 * name could not be taken again; then @fd has none.
 */
bool move_socket(int fd, bool to_ours)
{
	int twin, fresh, saved = errno;
	bool done = false;

	twin = new_socket(to_ours);
	fresh = twin < 0 ? -1 : new_socket(!to_ours);
	if (fresh < 0) {
		log_line("fd %d: socket: %m", fd);
		saved = errno;
	} else if (carry(fd, fresh, twin)) {
		done = replace(fd, twin);
		if (done)
			log_line("fd %d: moved to %s", fd, to_ours ? "AF_TCPSTATE" : "AF_INET");
		else
			saved = errno;
	} else {
		log_line("fd %d: stays %s", fd, to_ours ? "AF_INET" : "AF_TCPSTATE");
		done = true;
	}
	if (twin >= 0)
		close(twin);
	if (fresh >= 0)
		close(fresh);
	errno = saved;
	return done;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The calls that open, name, watch and close: bind, connect, listen, accept, names,
 * shutdown, poll and its kin, ioctl, fcntl.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "side.h"
#include "lib/sock.h"

#define ROOM	256

struct name {
	const char *what;
	int family;
	const char *ip;
	int port;
	socklen_t len;
};

/* On lo nobody listens at port 9; 192.0.2.9 never answers. */
static const struct name names[] = {
	{ "lo", AF_INET, "127.0.0.1", 0, 16 },
	{ "any", AF_INET, "0.0.0.0", 0, 16 },
	{ "lo port 9", AF_INET, "127.0.0.1", 9, 16 },
	{ "port in use", AF_INET, "127.0.0.2", 7776, 16 },
	{ "quiet host", AF_INET, "192.0.2.9", 9, 16 },
	{ "own wire address", AF_INET, "192.0.2.1", 0, 16 },
	{ "no route", AF_INET, "198.51.100.1", 9, 16 },
	{ "broadcast", AF_INET, "255.255.255.255", 9, 16 },
	{ "net's broadcast", AF_INET, "127.255.255.255", 9, 16 },
	{ "multicast", AF_INET, "224.0.0.1", 9, 16 },
	{ "class E", AF_INET, "240.0.0.1", 9, 16 },
	{ "net 0", AF_INET, "0.1.2.3", 9, 16 },
	{ "length 0", AF_INET, "127.0.0.1", 0, 0 },
	{ "length 1", AF_INET, "127.0.0.1", 0, 1 },
	{ "length 2", AF_INET, "127.0.0.1", 0, 2 },
	{ "length 8", AF_INET, "127.0.0.1", 9, 8 },
	{ "length 15", AF_INET, "127.0.0.1", 9, 15 },
	{ "length 28", AF_INET, "127.0.0.1", 0, 28 },
	{ "length 128", AF_INET, "127.0.0.1", 0, 128 },
	{ "length 129", AF_INET, "127.0.0.1", 0, 129 },
	{ "length -1", AF_INET, "127.0.0.1", 0, -1 },
	{ "AF_UNSPEC any", AF_UNSPEC, "0.0.0.0", 0, 16 },
	{ "AF_UNSPEC lo", AF_UNSPEC, "127.0.0.1", 0, 16 },
	{ "AF_UNSPEC length 2", AF_UNSPEC, "0.0.0.0", 0, 2 },
	{ "AF_UNIX", AF_UNIX, "127.0.0.1", 0, 16 },
	{ "AF_INET6", AF_INET6, "127.0.0.1", 0, 28 },
	{ "family 18", 18, "127.0.0.1", 9, 16 },
	{ "family 99", 99, "127.0.0.1", 9, 16 },
};
#define NNAMES	(sizeof(names) / sizeof(names[0]))

static const struct sockaddr *address(const struct name *name, char *room)
{
	struct sockaddr_in addr = sock_addr(name->ip, name->port);

	memset(room, 0, ROOM);
	addr.sin_family = name->family;
	memcpy(room, &addr, sizeof(addr));
	return (struct sockaddr *)room;
}

static void try_bind(struct side *s)
{
	char room[ROOM];
	unsigned int i;

	for (i = 0; i < NNAMES; i++) {
		side_maybe(s);
		side_say(s, bind(s->fd, address(&names[i], room), names[i].len), "bind(%s)",
			 names[i].what);
		side_events(s);
		side_say(s, bind(s->fd, address(&names[0], room), 16), "bind(%s), bind(lo)",
			 names[i].what);
	}
	side_again(s);
	side_say(s, bind(s->fd, NULL, 16), "bind(NULL)");
	side_say(s, bind(s->fd, side_bad, 16), "bind(bad)");
	side_say(s, syscall(SYS_bind, s->fd, NULL, 0), "bind(NULL, 0)");
}

static void try_connect(struct side *s)
{
	char room[ROOM];
	unsigned int i;

	for (i = 0; i < NNAMES; i++) {
		side_maybe(s);
		side_say(s, connect(s->fd, address(&names[i], room), names[i].len), "connect(%s)",
			 names[i].what);
		side_settle(s);
		side_events(s);
		side_say(s, connect(s->fd, address(&names[i], room), names[i].len),
			 "connect(%s) again", names[i].what);
		side_settle(s);
		side_events(s);
		side_say(s, connect(s->fd, address(&names[4], room), 16),
			 "connect(%s) twice, connect(quiet host)", names[i].what);
		side_settle(s);
		side_events(s);
		side_say(s, sock_error(s->fd), "connect(%s), SO_ERROR", names[i].what);
	}
	side_again(s);
	side_say(s, connect(s->fd, NULL, 16), "connect(NULL)");
	side_say(s, connect(s->fd, side_bad, 16), "connect(bad)");
	side_say(s, syscall(SYS_connect, s->fd, NULL, 0), "connect(NULL, 0)");
}

static void try_listen(struct side *s)
{
	static const int backlogs[] = { 0, 1, -1, INT_MAX, INT_MIN };
	unsigned int i;

	for (i = 0; i < sizeof(backlogs) / sizeof(backlogs[0]); i++) {
		side_maybe(s);
		side_say(s, listen(s->fd, backlogs[i]), "listen(%d)", backlogs[i]);
		side_events(s);
		side_say(s, listen(s->fd, 2), "listen(%d), listen(2)", backlogs[i]);
		side_say(s, sock_get(s->fd, SOL_SOCKET, SO_ACCEPTCONN),
			 "listen(%d), SO_ACCEPTCONN", backlogs[i]);
	}
}

static void tell_child(struct side *s, int child)
{
	if (child < 0)
		return;
	side_add("flags=%x cloexec=%d state=%d", fcntl(child, F_GETFL), fcntl(child, F_GETFD),
		 sock_state(child));
	close(child);
	side_settle(s);
	side_events(s);
}

static void try_accept(struct side *s)
{
	static const int flags[] = { 0, SOCK_NONBLOCK, SOCK_CLOEXEC,
				     SOCK_NONBLOCK | SOCK_CLOEXEC, 1, 2, 0x40000000, -1 };
	static const int lengths[] = { 0, 1, 2, 8, 15, 16, 17, 128, -1, INT_MIN };
	char room[ROOM];
	unsigned int i;
	socklen_t len;
	int child;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		side_maybe(s);
		child = accept4(s->fd, NULL, NULL, flags[i]);
		side_say(s, child < 0 ? child : 0, "accept4(%#x)", flags[i]);
		tell_child(s, child);
		child = accept4(s->fd, NULL, NULL, flags[i]);
		side_say(s, child < 0 ? child : 0, "accept4(%#x) again", flags[i]);
		tell_child(s, child);
	}
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		side_maybe(s);
		len = lengths[i];
		memset(room, 0x55, sizeof(room));
		child = accept(s->fd, (struct sockaddr *)room, &len);
		side_say(s, child < 0 ? child : 0, "accept(length %d)", lengths[i]);
		side_add("length=%d family=%d,%d", (int)len, room[0], room[1]);
		tell_child(s, child);
	}
	side_again(s);
	child = accept(s->fd, side_bad, &len);
	side_say(s, child < 0 ? child : 0, "accept(bad)");
	tell_child(s, child);
	side_again(s);
	child = accept(s->fd, (struct sockaddr *)room, side_bad);
	side_say(s, child < 0 ? child : 0, "accept(bad length)");
	tell_child(s, child);
	side_again(s);
	child = accept(s->fd, NULL, &len);
	side_say(s, child < 0 ? child : 0, "accept(NULL, length)");
	tell_child(s, child);
	child = accept(s->fd, (struct sockaddr *)room, NULL);
	side_say(s, child < 0 ? child : 0, "accept(no length)");
	tell_child(s, child);
}

static void try_names(struct side *s)
{
	static const int calls[] = { SYS_getsockname, SYS_getpeername };
	static const int lengths[] = { 16, 0, 1, 2, 4, 8, 15, 17, 28, 128, 1000, -1, INT_MIN };
	struct sockaddr_in addr;
	unsigned int i, j;
	const char *name;
	char room[ROOM];
	int len;

	side_again(s);
	for (i = 0; i < 2; i++) {
		name = i ? "getpeername" : "getsockname";
		for (j = 0; j < sizeof(lengths) / sizeof(lengths[0]); j++) {
			memset(room, 0, sizeof(room));
			len = lengths[j];
			side_say(s, syscall(calls[i], s->fd, room, &len), "%s(%d)", name,
				 lengths[j]);
			memcpy(&addr, room, sizeof(addr));
			side_add("length=%d family=%d %s port %s addr=%08x", len, addr.sin_family,
				 addr.sin_zero[0] || addr.sin_zero[7] ? "dirty" : "clean",
				 addr.sin_port ? "set" : "0", ntohl(addr.sin_addr.s_addr));
		}
		len = 16;
		side_say(s, syscall(calls[i], s->fd, NULL, &len), "%s(NULL)", name);
		side_say(s, syscall(calls[i], s->fd, room, NULL), "%s(no length)", name);
		side_say(s, syscall(calls[i], s->fd, side_bad, &len), "%s(bad)", name);
	}
}

static void try_shutdown(struct side *s)
{
	static const int hows[] = { SHUT_RD, SHUT_WR, SHUT_RDWR, 3, -1, INT_MAX };
	char byte;
	unsigned int i, j;

	for (i = 0; i < sizeof(hows) / sizeof(hows[0]); i++) {
		for (j = 0; j < 3; j++) {
			side_maybe(s);
			side_say(s, shutdown(s->fd, hows[i]), "shutdown(%d), before %d", hows[i],
				 hows[j]);
			side_settle(s);
			side_events(s);
			side_say(s, shutdown(s->fd, hows[j]), "shutdown(%d), shutdown(%d)",
				 hows[i], hows[j]);
			side_settle(s);
			side_events(s);
		}
		side_say(s, recv(s->fd, &byte, 1, 0), "shutdown(%d) and (%d), recv", hows[i],
			 hows[2]);
		side_say(s, send(s->fd, &byte, 1, 0), "shutdown(%d) and (%d), send", hows[i],
			 hows[2]);
		side_say(s, listen(s->fd, 1), "shutdown(%d) and (%d), listen", hows[i], hows[2]);
		side_events(s);
	}
}

static void try_poll(struct side *s)
{
	struct pollfd pfd = { 0 };
	fd_set in, out, except;
	struct timeval now = { 0 };
	unsigned int bit;

	side_again(s);
	side_say(s, 0, "poll");
	side_events(s);
	pfd.fd = s->fd;
	for (bit = 0; bit < 16; bit++) {
		pfd.events = 1 << bit;
		side_say(s, poll(&pfd, 1, 0), "poll(%#x)", 1 << bit);
		side_add("%#x", pfd.revents);
	}
	FD_ZERO(&in);
	FD_SET(s->fd, &in);
	out = in;
	except = in;
	side_say(s, select(s->fd + 1, &in, &out, &except, &now), "select");
	side_add("%d%d%d", FD_ISSET(s->fd, &in), FD_ISSET(s->fd, &out), FD_ISSET(s->fd, &except));
}

static void epoll_next(struct side *s, int ep, const char *what)
{
	struct epoll_event event = { 0 };

	side_settle(s);
	side_say(s, epoll_wait(ep, &event, 1, 0), "epoll ET, %s", what);
	side_add("%#x", event.events);
}

/* What comes without an edge, and the edges that our own calls and the peer make. */
static void try_epoll(struct side *s)
{
	struct epoll_event event = { .events = EPOLLET | 0x7ff | EPOLLRDHUP };
	int ep = epoll_create1(EPOLL_CLOEXEC);
	char bytes[2];

	side_again(s);
	side_say(s, epoll_ctl(ep, EPOLL_CTL_ADD, s->fd, &event), "epoll_ctl(ET)");
	epoll_next(s, ep, "added");
	epoll_next(s, ep, "nothing");
	epoll_ctl(ep, EPOLL_CTL_MOD, s->fd, &event);
	epoll_next(s, ep, "modified");
	recv(s->fd, bytes, 1, 0);
	epoll_next(s, ep, "recv");
	send(s->fd, bytes, 1, MSG_NOSIGNAL);
	epoll_next(s, ep, "send");
	sock_error(s->fd);
	epoll_next(s, ep, "SO_ERROR");
	shutdown(s->fd, SHUT_RD);
	epoll_next(s, ep, "shutdown(RD)");
	shutdown(s->fd, SHUT_WR);
	epoll_next(s, ep, "shutdown(WR)");
	close(ep);
}

/* What the peer of a connection sends, and the edges it makes. */
static void try_epoll_peer(struct side *s)
{
	static const struct {
		const char *line, *what;
	} steps[] = {
		{ "PA len 5", "5 octets" },
		{ "PA len 5", "5 more" },
		{ "UPA len 2 urg 1", "urgent" },
		{ "UPA len 2 urg 1", "urgent again" },
		{ "FA", "FIN" },
		{ "FA", "FIN again" },
		{ "R", "RST" },
	};
	struct epoll_event event = { .events = EPOLLET | 0x7ff | EPOLLRDHUP };
	int ep = epoll_create1(EPOLL_CLOEXEC), n;
	unsigned int i;

	side_again(s);
	n = wire_state(&s->c);
	epoll_ctl(ep, EPOLL_CTL_ADD, s->fd, &event);
	epoll_next(s, ep, "peer's");
	for (i = 0; n == WS_ESTABLISHED && i < sizeof(steps) / sizeof(steps[0]); i++) {
		wire_send(&s->c, "%s", steps[i].line);
		epoll_next(s, ep, steps[i].what);
	}
	close(ep);
}

static void try_ioctl(struct side *s)
{
	static const struct {
		const char *name;
		unsigned long cmd;
	} cmds[] = {
		{ "FIONREAD", FIONREAD }, { "SIOCOUTQ", SIOCOUTQ },
		{ "SIOCOUTQNSD", SIOCOUTQNSD }, { "SIOCATMARK", SIOCATMARK },
		{ "FIOGETOWN", FIOGETOWN }, { "SIOCGPGRP", SIOCGPGRP },
		{ "SIOCGSTAMP", 0x8906 }, { "SIOCGSTAMPNS", 0x8907 },
		{ "SIOCGSTAMP_NEW", SIOCGSTAMP_NEW }, { "SIOCGSTAMPNS_NEW", SIOCGSTAMPNS_NEW },
		{ "FIOQSIZE", FIOQSIZE }, { "FIGETBSZ", 2 }, { "TCGETS", 0x5401 },
		{ "TIOCGWINSZ", 0x5413 }, { "0", 0 }, { "-1", -1UL }, { "SIOCPROTOPRIVATE", 0x89e0 },
		{ "SIOCDEVPRIVATE", 0x89f0 }, { "SIOCUNIXFILE", 0x89e0 + 0 },
		{ "SIOCINQ+1", 0x541c }, { "SIOCGETTUNNEL", 0x89f0 },
		{ "SIOCGIFNAME", SIOCGIFNAME }, { "SIOCGIFCONF", SIOCGIFCONF },
		{ "SIOCGIFFLAGS", SIOCGIFFLAGS }, { "SIOCGIFADDR", SIOCGIFADDR },
		{ "SIOCGIFNETMASK", SIOCGIFNETMASK }, { "SIOCGIFBRDADDR", SIOCGIFBRDADDR },
		{ "SIOCGIFDSTADDR", SIOCGIFDSTADDR }, { "SIOCGIFPFLAGS", SIOCGIFPFLAGS },
		{ "SIOCGIFMTU", SIOCGIFMTU }, { "SIOCGIFHWADDR", SIOCGIFHWADDR },
		{ "SIOCGIFINDEX", SIOCGIFINDEX }, { "SIOCGIFTXQLEN", SIOCGIFTXQLEN },
		{ "SIOCGARP", SIOCGARP }, { "SIOCADDRT", SIOCADDRT }, { "SIOCDELRT", SIOCDELRT },
		{ "SIOCRTMSG", SIOCRTMSG }, { "SIOCGIFBR", SIOCGIFBR }, { "SIOCGIFVLAN", SIOCGIFVLAN },
	};
	unsigned int i, j;
	union {
		int number;
		struct ifreq ifr;
		char octets[ROOM];
	} arg;

	side_again(s);
	for (i = 0; i < sizeof(cmds) / sizeof(cmds[0]); i++) {
		memset(&arg, 0, sizeof(arg));
		if (!strncmp(cmds[i].name, "SIOCGIF", 7))
			strcpy(arg.ifr.ifr_name, "lo");
		if (cmds[i].cmd == SIOCGIFNAME)
			arg.ifr.ifr_ifindex = 1;
		side_say(s, ioctl(s->fd, cmds[i].cmd, &arg), "ioctl(%s)", cmds[i].name);
		/* Of an interface's answer the end is enough. */
		if (strncmp(cmds[i].name, "SIOCGIF", 7))
			side_add("%d", arg.number);
		else
			for (j = 16; j < 24; j++)
				side_add("%02x", (unsigned char)arg.octets[j]);
		side_say(s, ioctl(s->fd, cmds[i].cmd, NULL), "ioctl(%s, NULL)", cmds[i].name);
	}
	for (i = 0; i < 3; i++) {
		arg.number = i - 1;
		side_say(s, ioctl(s->fd, FIONBIO, &arg), "ioctl(FIONBIO %d)", arg.number);
		side_add("%x", fcntl(s->fd, F_GETFL));
		side_say(s, ioctl(s->fd, FIOASYNC, &arg), "ioctl(FIOASYNC %d)", arg.number);
		side_add("%x", fcntl(s->fd, F_GETFL));
		side_say(s, ioctl(s->fd, SIOCSPGRP, &arg), "ioctl(SIOCSPGRP %d)", arg.number);
		side_say(s, ioctl(s->fd, FIOSETOWN, &arg), "ioctl(FIOSETOWN %d)", arg.number);
	}
}

static void try_file(struct side *s)
{
	struct stat st = { 0 };
	char bytes[16];

	side_again(s);
	side_say(s, lseek(s->fd, 0, SEEK_CUR), "lseek");
	side_say(s, pread(s->fd, bytes, 1, 0), "pread");
	side_say(s, pwrite(s->fd, bytes, 1, 0), "pwrite");
	side_say(s, fsync(s->fd), "fsync");
	side_say(s, ftruncate(s->fd, 0), "ftruncate");
	side_say(s, fallocate(s->fd, 0, 0, 1), "fallocate");
	side_say(s, posix_fadvise(s->fd, 0, 0, 0), "fadvise");
	side_say(s, mmap(NULL, 4096, PROT_READ, MAP_SHARED, s->fd, 0) == MAP_FAILED ? -1 : 0, "mmap");
	side_say(s, fstat(s->fd, &st), "fstat");
	side_add("%o %ld %ld", st.st_mode, (long)st.st_size, (long)st.st_blksize);
	side_say(s, syscall(SYS_getdents64, s->fd, bytes, sizeof(bytes)), "getdents64");
	side_say(s, fcntl(s->fd, F_SETPIPE_SZ, 4096), "F_SETPIPE_SZ");
	side_say(s, fcntl(s->fd, F_SETLEASE, F_RDLCK), "F_SETLEASE");
	side_say(s, fcntl(s->fd, F_SETOWN, INT_MIN), "F_SETOWN(INT_MIN)");
	side_say(s, fcntl(s->fd, F_GETOWN), "F_GETOWN");
	side_say(s, fcntl(s->fd, F_SETSIG, -1), "F_SETSIG(-1)");
	side_say(s, fcntl(s->fd, F_SETSIG, 65), "F_SETSIG(65)");
	side_say(s, fcntl(s->fd, F_SETFL, O_APPEND | O_DIRECT | O_NONBLOCK), "F_SETFL(APPEND, DIRECT)");
	side_add("%x", fcntl(s->fd, F_GETFL));
}

static void next_signal(struct side *s, int number, const char *what)
{
	struct timespec now = { 0 };
	sigset_t set;
	siginfo_t info;
	int n = 0, bands = 0, codes = 0;

	side_settle(s);
	sigemptyset(&set);
	sigaddset(&set, number);
	/* How often is a matter of chance, what about is not. */
	while (sigtimedwait(&set, &info, &now) == number) {
		n++;
		bands |= info.si_band;
		codes |= 1 << info.si_code;
	}
	errno = 0;
	side_say(s, !!n, "O_ASYNC, %s", what);
	side_add("band=%x codes=%x", bands, codes);
}

/* SIGIO with a number of its own, so that it says what it is about. */
static void try_async(struct side *s)
{
	int number = SIGRTMIN + 1;
	char bytes[2] = "";
	sigset_t set;

	side_again(s);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_BLOCK, &set, NULL);
	side_say(s, fcntl(s->fd, F_SETOWN, getpid()), "F_SETOWN");
	side_say(s, fcntl(s->fd, F_SETSIG, number), "F_SETSIG");
	side_say(s, fcntl(s->fd, F_SETFL, O_NONBLOCK | O_ASYNC), "F_SETFL(O_ASYNC)");
	next_signal(s, number, "set");
	if (wire_state(&s->c) == WS_ESTABLISHED) {
		wire_send(&s->c, "PA len 5");
		next_signal(s, number, "5 octets");
		recv(s->fd, bytes, 1, 0);
		next_signal(s, number, "read");
		wire_send(&s->c, "UPA len 2 urg 1");
		next_signal(s, number, "urgent");
		wire_send(&s->c, "FA");
		next_signal(s, number, "FIN");
		wire_send(&s->c, "R");
		next_signal(s, number, "RST");
	}
	send(s->fd, bytes, 1, MSG_NOSIGNAL);
	next_signal(s, number, "send");
	shutdown(s->fd, SHUT_RD);
	next_signal(s, number, "shutdown(RD)");
	shutdown(s->fd, SHUT_WR);
	next_signal(s, number, "shutdown(WR)");
}

void side_calls(struct side *s)
{
	try_bind(s);
	try_connect(s);
	try_listen(s);
	try_accept(s);
	try_names(s);
	try_shutdown(s);
	try_poll(s);
	try_epoll(s);
	try_epoll_peer(s);
	try_ioctl(s);
	try_file(s);
	try_async(s);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * A program under tcpstate-run, for run_test.sh: does what the case in its first
 * argument says and prints what is not as it must be. What the preload library
 * would answer is asked of the kernel by system calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SO_ATTACH_BPF
#define SO_ATTACH_BPF 50
#endif

static int failures;
static int family = 18;

#define check(cond)							\
	do {								\
		if (!(cond)) {						\
			printf("# line %d: %s (errno %d)\n", __LINE__, #cond, errno); \
			failures++;					\
		}							\
	} while (0)

static int kernel_says(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	syscall(SYS_getsockopt, fd, SOL_SOCKET, name, &value, &len);
	return value;
}

static bool ours(int fd)
{
	return kernel_says(fd, SO_DOMAIN) == family;
}

static bool intree(int fd)
{
	return kernel_says(fd, SO_DOMAIN) == AF_INET;
}

static int get(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) ? -1 : value;
}

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

static struct sockaddr_in address(int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sin;
}

static int port_of(int fd)
{
	struct sockaddr_in sin = { 0 };
	socklen_t len = sizeof(sin);

	getsockname(fd, (struct sockaddr *)&sin, &len);
	return ntohs(sin.sin_port);
}

static int tcp(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int bind_to(int fd, int port)
{
	struct sockaddr_in sin = address(port);

	return bind(fd, (struct sockaddr *)&sin, sizeof(sin));
}

static int connect_to(int fd, int port)
{
	struct sockaddr_in sin = address(port);

	return connect(fd, (struct sockaddr *)&sin, sizeof(sin));
}

static int listener(int port)
{
	int fd = tcp();

	check(!set(fd, SOL_SOCKET, SO_REUSEADDR, 1));
	check(!bind_to(fd, port));
	check(!listen(fd, 5));
	return fd;
}

/* What is TCP over IPv4 becomes ours, and says that it is TCP. */
static void kinds(void)
{
	char small[2] = { 9, 9 };
	socklen_t len = 1;
	int fd, child, client;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	check(ours(fd));
	check(fcntl(fd, F_GETFL) & O_NONBLOCK);
	check(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	check(get(fd, SOL_SOCKET, SO_DOMAIN) == AF_INET);
	check(get(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP);
	check(get(fd, SOL_SOCKET, SO_TYPE) == SOCK_STREAM);
	check(!getsockopt(fd, SOL_SOCKET, SO_DOMAIN, small, &len));
	check(len == 1 && small[0] == AF_INET && small[1] == 9);
	check(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, NULL, &len) == -1 && errno == EFAULT);
	close(fd);
	check(kernel_says(tcp(), SO_PROTOCOL) ==
	      (0x200 | atoi(getenv("TCPSTATE_RUN_PROTOCOL"))));

	fd = listener(7101);
	client = tcp();
	check(!connect_to(client, 7101));
	child = accept(fd, NULL, NULL);
	check(ours(child));
	check(get(child, SOL_SOCKET, SO_DOMAIN) == AF_INET);
	check(get(child, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP);

	check(kernel_says(socket(AF_INET, SOCK_DGRAM, 0), SO_DOMAIN) == AF_INET);
	check(kernel_says(socket(AF_INET6, SOCK_STREAM, 0), SO_DOMAIN) == AF_INET6);
	check(kernel_says(socket(AF_UNIX, SOCK_STREAM, 0), SO_DOMAIN) == AF_UNIX);
	check(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP) == -1 && errno == EPROTONOSUPPORT);
	check(get(-1, SOL_SOCKET, SO_DOMAIN) == -1 && errno == EBADF);
	check(get(0, SOL_SOCKET, SO_DOMAIN) == -1 && errno == ENOTSOCK);
}

/* --ipv4-only: no TCP over IPv6; the rest of IPv6 is there. */
static void no_ipv6(void)
{
	check(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0) == -1 && errno == EAFNOSUPPORT);
	check(socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) == -1 && errno == EAFNOSUPPORT);
	check(socket(AF_INET6, SOCK_DGRAM, 0) >= 0);
	check(ours(tcp()));
}

/* SO_REUSEPORT: two listeners, one port. */
static void reuseport(void)
{
	int a = tcp(), b = tcp(), c = tcp();

	check(get(a, SOL_SOCKET, SO_REUSEPORT) == 0);
	check(!set(a, SOL_SOCKET, SO_REUSEPORT, 1));
	check(get(a, SOL_SOCKET, SO_REUSEPORT) == 1);
	check(!set(b, SOL_SOCKET, SO_REUSEPORT, 1));
	check(!bind_to(a, 7102) && !bind_to(b, 7102));
	check(!listen(a, 5) && !listen(b, 5));
	check(bind_to(c, 7102) == -1 && errno == EADDRINUSE);
	check(ours(a) && ours(b));
}

/* --ports 7000,7010-7019 */
static void ports(void)
{
	int yes = listener(7000), no = listener(7009), fd;

	check(ours(yes));
	check(intree(no));
	check(ours(listener(7010)));
	check(ours(listener(7019)));
	check(intree(listener(7020)));

	fd = tcp();
	check(intree(fd));
	check(!connect_to(fd, 7000));
	check(ours(fd));
	check(connect_to(fd, 7000) == -1 && errno == EISCONN);
	fd = tcp();
	check(!connect_to(fd, 7009));
	check(intree(fd));
	fd = tcp();
	check(!bind_to(fd, 7011));
	check(ours(fd));
	check(connect_to(fd, 7000) == 0);
	/* Without a name the port is one of the system's choice, in no list. */
	fd = tcp();
	check(!listen(fd, 5));
	check(intree(fd));
	/* Refusals are the call's own, and leave the socket alone. */
	fd = tcp();
	check(connect_to(fd, 7012) == -1 && errno == ECONNREFUSED);
	check(ours(fd));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	check(!bind_to(fd, 7000) && intree(fd));
}

/* --not-ports 7009: the local port is chosen before the remote one decides. */
static void not_ports(void)
{
	int no = listener(7009), yes = listener(7008), fd, port;

	check(intree(no));
	check(ours(yes));
	fd = tcp();
	check(!bind_to(fd, 0));
	check(ours(fd));
	port = port_of(fd);
	check(port != 0);
	check(!connect_to(fd, 7009));
	check(intree(fd));
	check(port_of(fd) == port);
	fd = tcp();
	check(!listen(fd, 1));
	check(ours(fd));
}

/* --ports 7000 --not-ports 7009: the second goes before the first. */
static void both(void)
{
	int yes = listener(7000), no = listener(7009), fd;

	check(ours(yes) && intree(no));
	check(intree(listener(7001)));
	fd = tcp();
	check(!bind_to(fd, 0));
	check(!connect_to(fd, 7000));
	check(ours(fd));
}

struct option {
	int level;
	int name;
	int value;
	int reads;
};

/* What was set before the socket is moved holds after it. --ports 7000 */
static void carry(void)
{
	static const struct option options[] = {
		{ SOL_SOCKET, SO_REUSEADDR, 1, 1 },
		{ SOL_SOCKET, SO_REUSEPORT, 1, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1, 1 },
		{ SOL_SOCKET, SO_SNDBUF, 8192, 16384 },
		{ SOL_SOCKET, SO_RCVBUF, 10000, 20000 },
		{ SOL_SOCKET, SO_RCVLOWAT, 3, 3 },
		{ SOL_SOCKET, SO_MARK, 77, 77 },
		{ SOL_IP, IP_TOS, 0x10, 0x10 },
		{ SOL_SOCKET, SO_PRIORITY, 5, 5 },
		{ SOL_IP, IP_TTL, 33, 33 },
		{ SOL_IP, IP_FREEBIND, 1, 1 },
		{ SOL_TCP, TCP_NODELAY, 1, 1 },
		{ SOL_TCP, TCP_MAXSEG, 600, 600 },
		{ SOL_TCP, TCP_KEEPIDLE, 11, 11 },
		{ SOL_TCP, TCP_KEEPINTVL, 12, 12 },
		{ SOL_TCP, TCP_KEEPCNT, 13, 13 },
		{ SOL_TCP, TCP_SYNCNT, 3, 3 },
		{ SOL_TCP, TCP_LINGER2, 14, 14 },
		{ SOL_TCP, TCP_USER_TIMEOUT, 1500, 1500 },
		{ SOL_TCP, TCP_DEFER_ACCEPT, 7, 7 },
	};
	struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, 0xffff), back;
	struct sock_fprog filter = { .len = 1, .filter = &code };
	struct linger linger = { .l_onoff = 1, .l_linger = 9 };
	struct timeval timeout = { .tv_sec = 3 };
	struct f_owner_ex owner = { .type = F_OWNER_PID, .pid = getpid() };
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u64 = 0x1122334455667788 };
	int fd = tcp(), epfd = epoll_create1(0), client;
	socklen_t len;
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(*options); i++)
		check(!set(fd, options[i].level, options[i].name, options[i].value));
	check(!setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	check(!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)));
	check(!setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	check(!setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)));
	check(!fcntl(fd, F_SETOWN_EX, &owner));
	check(!fcntl(fd, F_SETSIG, SIGUSR1));
	check(!fcntl(fd, F_SETFL, O_NONBLOCK));
	check(!fcntl(fd, F_SETFD, FD_CLOEXEC));
	check(!epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event));
	check(intree(fd));
	check(!bind_to(fd, 7000));
	check(ours(fd));

	for (i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (get(fd, options[i].level, options[i].name) != options[i].reads) {
			printf("# option %d of level %d: %d, not %d\n", options[i].name,
			       options[i].level, get(fd, options[i].level, options[i].name),
			       options[i].reads);
			failures++;
		}
	memset(&linger, 0, sizeof(linger));
	len = sizeof(linger);
	check(!getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len));
	check(linger.l_onoff == 1 && linger.l_linger == 9);
	memset(&timeout, 0, sizeof(timeout));
	len = sizeof(timeout);
	check(!getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, &len));
	check(timeout.tv_sec == 3 && !timeout.tv_usec);
	len = 1;
	check(!getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, &back, &len));
	check(len == 1 && back.k == 0xffff);
	check(fcntl(fd, F_GETFL) & O_NONBLOCK);
	check(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	check(fcntl(fd, F_GETSIG) == SIGUSR1);
	memset(&owner, 0, sizeof(owner));
	check(!fcntl(fd, F_GETOWN_EX, &owner) && owner.pid == getpid());

	/* The registration still tells of a connection, with its own data. */
	set(fd, SOL_TCP, TCP_DEFER_ACCEPT, 0);
	check(!listen(fd, 5));
	while (epoll_wait(epfd, &event, 1, 0) > 0)
		;
	client = tcp();
	check(!connect_to(client, 7000));
	memset(&event, 0, sizeof(event));
	check(epoll_wait(epfd, &event, 1, 10000) == 1);
	check(event.data.u64 == 0x1122334455667788 && event.events == EPOLLIN);
}

/* What cannot be carried over keeps the socket what it is. --ports 7000 */
static void pinned(void)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = -1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (unsigned long)code,
		.insn_cnt = 2,
		.license = (unsigned long)"GPL",
	};
	int fd = tcp(), program = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	check(program >= 0);
	check(!set(fd, SOL_SOCKET, SO_ATTACH_BPF, program));
	check(!bind_to(fd, 7000));
	check(intree(fd));
	close(fd);
	/* The number alone is not marked. */
	check(tcp() == fd);
	check(!bind_to(fd, 7000));
	check(ours(fd));
}

/* A child that has run another program is reached as well. */
static void child(const char *self)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		execl(self, self, "kinds", NULL);
		_exit(99);
	}
	check(waitpid(pid, &status, 0) == pid && status == 0);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (getenv("TCPSTATE_FAMILY"))
		family = atoi(getenv("TCPSTATE_FAMILY"));
	alarm(60);
	if (!strcmp(name, "kinds"))
		kinds();
	else if (!strcmp(name, "no-ipv6"))
		no_ipv6();
	else if (!strcmp(name, "reuseport"))
		reuseport();
	else if (!strcmp(name, "ports"))
		ports();
	else if (!strcmp(name, "not-ports"))
		not_ports();
	else if (!strcmp(name, "both"))
		both();
	else if (!strcmp(name, "carry"))
		carry();
	else if (!strcmp(name, "pinned"))
		pinned();
	else if (!strcmp(name, "child"))
		child(argv[0]);
	else
		check(!"a known case");
	return failures != 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * A program that is killed leaves nothing behind: sockets in all the states that it
 * had, others that its children were waiting in. Their connections end; no socket and no
 * port stays, and run.sh sees whether the module can go.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "lib/sock.h"
#include "kselftest_harness.h"

#define PORTS	64

SOCK_FIXTURE(killed);

/* What the program tells before it is killed: the ports that it has. */
static int ports[PORTS];
static int nports;

static int keep(int fd)
{
	int port = fd < 0 ? -1 : sock_port(fd);

	if (port > 0 && nports < PORTS)
		ports[nports++] = port;
	return fd < 0 ? -1 : 0;
}

static int pair(struct sock_pair *p)
{
	return sock_pair(p) || keep(p->client) || keep(p->server) ? -1 : 0;
}

/* A process that waits in a call until it is killed. */
static int wait_in(void (*call)(int fd), int fd)
{
	pid_t pid = fork();

	if (!pid) {
		call(fd);
		_exit(1);
	}
	return pid > 0 && sock_waits(pid) ? 0 : -1;
}

static void in_accept(int fd) { accept(fd, NULL, NULL); }
static void in_read(int fd) { char c; (void)!read(fd, &c, 1); }
static void in_write(int fd) { static char text[1 << 20]; (void)!write(fd, text, sizeof(text)); }
static void in_peek(int fd) { char c[9]; recv(fd, c, 9, MSG_PEEK | MSG_WAITALL); }

static void in_poll(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLPRI };

	poll(&p, 1, -1);
}

static void in_epoll(int fd)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	int ep = epoll_create1(0);

	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
	epoll_wait(ep, &e, 1, -1);
}

static void in_connect(int fd)
{
	struct sockaddr_in addr = sock_addr("192.0.2.1", 10);

	sock_connect(fd, &addr);
}

static int quiet_states(void)
{
	struct sockaddr_in addr;
	struct sock_pair p;
	int fd, other;

	/* SYN_SENT, bound, LISTEN, and one with a child that nobody accepts. */
	fd = sock_syn_sent();
	if (keep(fd))
		return -1;
	fd = sock_new(0);
	if (sock_bind(fd, "127.0.0.1", 0) || keep(fd) || keep(sock_listen(&addr, 4)))
		return -2;
	other = sock_listen(&addr, 4);
	fd = sock_new(0);
	if (keep(other) || sock_connect(fd, &addr) || keep(fd) || !sock_wait(other, POLLIN))
		return -3;
	/* ESTABLISHED; with unread text at both ends; with what is held back. */
	if (pair(&p) || pair(&p) || send(p.client, "abc", 3, 0) != 3 ||
	    send(p.server, "def", 3, MSG_OOB) != 3 || !sock_wait(p.server, POLLIN))
		return -4;
	if (pair(&p) || send(p.client, "abc", 3, MSG_MORE) != 3)
		return -5;
	/* FIN_WAIT2 and CLOSE_WAIT. */
	if (pair(&p) || shutdown(p.client, SHUT_WR) || !sock_wait_state(p.client, TCP_FIN_WAIT2))
		return -6;
	/* TIME_WAIT, its socket still held. */
	if (pair(&p) || shutdown(p.client, SHUT_WR) || !sock_wait(p.server, POLLIN) ||
	    shutdown(p.server, SHUT_WR) || !sock_wait_state(p.client, TCP_CLOSE))
		return -7;
	/* FIN_WAIT1: the FIN stands behind text that finds no room. */
	if (pair(&p) || sock_fill(p.client) <= 0 || shutdown(p.client, SHUT_WR) ||
	    !sock_wait_state(p.client, TCP_FIN_WAIT1))
		return -8;
	return 0;
}

static int busy_states(void)
{
	struct sockaddr_in addr;
	struct sock_pair p;
	int fd;

	fd = sock_listen(&addr, 4);
	if (keep(fd) || wait_in(in_accept, fd) || wait_in(in_poll, fd) || wait_in(in_epoll, fd))
		return -11;
	if (pair(&p) || wait_in(in_read, p.client) || wait_in(in_peek, p.server) ||
	    wait_in(in_poll, p.client) || wait_in(in_epoll, p.server))
		return -12;
	if (pair(&p) || sock_fill(p.client) <= 0)
		return -13;
	fcntl(p.client, F_SETFL, fcntl(p.client, F_GETFL) & ~O_NONBLOCK);
	if (wait_in(in_write, p.client))
		return -14;
	fd = sock_new(0);
	if (wait_in(in_connect, fd) || keep(fd))
		return -15;
	return 0;
}

/* The program; it writes what it has to tell, and never returns. */
static void program(int to)
{
	int what;

	setpgid(0, 0);
	what = quiet_states() ?: busy_states();
	(void)!write(to, &what, sizeof(what));
	(void)!write(to, ports, sizeof(ports));
	pause();
	_exit(1);
}

static bool read_all(int from, void *room, size_t len)
{
	return read(from, room, len) == (ssize_t)len;
}

static long lines(const char *path)
{
	FILE *file = fopen(path, "re");
	long n = 0;
	int c;

	if (!file)
		return -1;
	while ((c = fgetc(file)) != EOF)
		n += c == '\n';
	fclose(file);
	return n;
}

/* Whether the in-tree TCP may have it: nobody's reservation stands in its way. */
static bool port_is_free(int port)
{
	int fd = sock_intree();
	bool ok = fd >= 0 && !sock_bind(fd, "0.0.0.0", port);

	close(fd);
	return ok;
}

TEST_F_TIMEOUT(killed, nothing_is_left, 120)
{
	int state, i, what = -99, to[2];
	char c;
	pid_t pid;

	if (sock_is_intree())
		SKIP(return, "in-tree TIME_WAIT lasts 60 s");
	ASSERT_EQ(0, sock_sysctl("time_wait_ms", 300));
	ASSERT_EQ(0, sock_sysctl("fin_timeout_ms", 300));
	ASSERT_EQ(0, pipe2(to, O_CLOEXEC));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		program(to[1]);
	close(to[1]);
	ASSERT_TRUE(read_all(to[0], &what, sizeof(what)));
	ASSERT_EQ(0, what);
	ASSERT_TRUE(read_all(to[0], ports, sizeof(ports)));
	ASSERT_LT(20, lines("/proc/thread-self/net/tcpstate"));
	ASSERT_EQ(0, kill(-pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	/* The last of its processes has the other end of the pipe. */
	ASSERT_EQ(0, read(to[0], &c, 1));
	for (state = TCP_ESTABLISHED; state <= TCP_CLOSING; state++)
		ASSERT_TRUE(sock_wait_gauge(state, 0)) {
			TH_LOG("state %d: %ld sockets", state, sock_gauge(state));
		}
	ASSERT_EQ(1, lines("/proc/thread-self/net/tcpstate"));
	for (i = 0; i < PORTS && ports[i]; i++)
		ASSERT_TRUE(sock_until(port_is_free(ports[i]))) {
			TH_LOG("port %d", ports[i]);
		}
	ASSERT_LT(15, i);
}

TEST_HARNESS_MAIN

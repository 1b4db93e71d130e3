// SPDX-License-Identifier: GPL-2.0
/*
 * connect() opens a connection, now or in the background, and each reason why
 * it cannot has an errno of its own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "lib/sock.h"
#include "kselftest_harness.h"

SOCK_FIXTURE(connect);

static int connect_raw(int fd, int family, const char *ip, socklen_t len)
{
	struct sockaddr_in addr = sock_addr(ip, 9);

	addr.sin_family = family;
	return connect(fd, (struct sockaddr *)&addr, len);
}

static int disconnect(int fd)
{
	struct sockaddr addr = { .sa_family = AF_UNSPEC };

	return connect(fd, &addr, sizeof(addr));
}

/* A port of 127.0.0.1 where nobody listens, kept from all others by *fd. */
static struct sockaddr_in closed_port(int *fd)
{
	*fd = sock_new(0);
	sock_bind(*fd, "127.0.0.1", 0);
	return sock_addr("127.0.0.1", sock_port(*fd));
}

TEST_F(connect, blocking)
{
	struct sockaddr_in name, peer;
	socklen_t len = sizeof(name);
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int fd = sock_new(0);

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_connect(fd, &addr));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(fd));
	EXPECT_EQ(0, sock_error(fd));
	ASSERT_EQ(0, getsockname(fd, (struct sockaddr *)&name, &len));
	EXPECT_EQ(sizeof(name), len);
	EXPECT_EQ(AF_INET, name.sin_family);
	EXPECT_EQ(htonl(INADDR_LOOPBACK), name.sin_addr.s_addr);
	EXPECT_NE(0, name.sin_port);
	ASSERT_EQ(0, getpeername(fd, (struct sockaddr *)&peer, &len));
	EXPECT_EQ(sizeof(peer), len);
	EXPECT_EQ(AF_INET, peer.sin_family);
	EXPECT_EQ(addr.sin_port, peer.sin_port);
	EXPECT_EQ(addr.sin_addr.s_addr, peer.sin_addr.s_addr);
	close(fd);
	close(listener);
}

TEST_F(connect, both_ends_agree_on_names)
{
	struct sockaddr_in a, b;
	socklen_t len = sizeof(a);
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, getsockname(pair.client, (struct sockaddr *)&a, &len));
	ASSERT_EQ(0, getpeername(pair.server, (struct sockaddr *)&b, &len));
	EXPECT_EQ(0, memcmp(&a, &b, sizeof(a)));
	ASSERT_EQ(0, getpeername(pair.client, (struct sockaddr *)&a, &len));
	ASSERT_EQ(0, getsockname(pair.server, (struct sockaddr *)&b, &len));
	EXPECT_EQ(0, memcmp(&a, &b, sizeof(a)));
}

TEST_F(connect, to_any_is_to_ourselves)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int fd = sock_new(0);

	ASSERT_LE(0, listener);
	addr.sin_addr.s_addr = htonl(INADDR_ANY);
	EXPECT_EQ(0, sock_connect(fd, &addr));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(fd));
}

TEST_F(connect, nonblocking)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int fd = sock_new(SOCK_NONBLOCK);

	ASSERT_LE(0, listener);
	EXPECT_EQ(EINPROGRESS, sock_errno(sock_connect(fd, &addr)));
	ASSERT_TRUE(sock_wait(fd, POLLOUT));
	EXPECT_EQ(0, sock_error(fd));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(fd));
	/* Once more collects the result, as after a blocking call. */
	EXPECT_EQ(0, sock_errno(sock_connect(fd, &addr)));
	EXPECT_EQ(EISCONN, sock_errno(sock_connect(fd, &addr)));
}

TEST_F(connect, already)
{
	struct sockaddr_in addr = sock_addr("192.0.2.1", 9);
	int fd = sock_syn_sent();

	ASSERT_LE(0, fd);
	EXPECT_EQ(TCP_SYN_SENT, sock_state(fd));
	EXPECT_EQ(EALREADY, sock_errno(sock_connect(fd, &addr)));
	EXPECT_EQ(TCP_SYN_SENT, sock_state(fd));
	EXPECT_EQ(0, sock_error(fd));
	close(fd);
}

TEST_F(connect, is_connected)
{
	struct sockaddr_in addr;
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	addr = sock_addr("127.0.0.1", sock_port(pair.listener));
	EXPECT_EQ(EISCONN, sock_errno(sock_connect(pair.client, &addr)));
	EXPECT_EQ(EISCONN, sock_errno(sock_connect(pair.server, &addr)));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(pair.client));
}

TEST_F(connect, half_closed_is_connected)
{
	struct sockaddr_in addr;
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	addr = sock_addr("127.0.0.1", sock_port(pair.listener));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	EXPECT_EQ(EISCONN, sock_errno(sock_connect(pair.client, &addr)));
	EXPECT_EQ(EISCONN, sock_errno(sock_connect(pair.server, &addr)));
}

TEST_F(connect, on_a_listener)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);

	ASSERT_LE(0, listener);
	EXPECT_EQ(EISCONN, sock_errno(sock_connect(listener, &addr)));
	EXPECT_EQ(TCP_LISTEN, sock_state(listener));
}

TEST_F(connect, refused)
{
	int taken;
	struct sockaddr_in addr = closed_port(&taken);
	int fd = sock_new(0);

	EXPECT_EQ(ECONNREFUSED, sock_errno(sock_connect(fd, &addr)));
	EXPECT_EQ(0, sock_error(fd));
	EXPECT_EQ(TCP_CLOSE, sock_state(fd));
	close(taken);
	close(fd);
}

TEST_F(connect, refused_in_the_background)
{
	int taken;
	struct sockaddr_in addr = closed_port(&taken);
	int fd = sock_new(SOCK_NONBLOCK);
	int err;

	err = sock_errno(sock_connect(fd, &addr));
	ASSERT_EQ(EINPROGRESS, err);
	ASSERT_TRUE(sock_wait(fd, POLLERR | POLLHUP));
	EXPECT_EQ(ECONNREFUSED, sock_error(fd));
	EXPECT_EQ(0, sock_error(fd));
	EXPECT_EQ(TCP_CLOSE, sock_state(fd));
}

TEST_F(connect, refused_in_the_background_told_by_connect)
{
	int taken;
	struct sockaddr_in addr = closed_port(&taken);
	int fd = sock_new(SOCK_NONBLOCK);

	ASSERT_EQ(EINPROGRESS, sock_errno(sock_connect(fd, &addr)));
	ASSERT_TRUE(sock_wait(fd, POLLERR | POLLHUP));
	EXPECT_EQ(ECONNREFUSED, sock_errno(sock_connect(fd, &addr)));
}

TEST_F(connect, again_after_refusal)
{
	int taken;
	struct sockaddr_in closed = closed_port(&taken);
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int fd = sock_new(0);

	ASSERT_LE(0, listener);
	ASSERT_EQ(ECONNREFUSED, sock_errno(sock_connect(fd, &closed)));
	EXPECT_EQ(0, sock_connect(fd, &addr));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(fd));
}

TEST_F(connect, wrong_family)
{
	int fd = sock_new(0);

	EXPECT_EQ(EAFNOSUPPORT,
		  sock_errno(connect_raw(fd, AF_UNIX, "127.0.0.1", 16)));
	EXPECT_EQ(EAFNOSUPPORT,
		  sock_errno(connect_raw(fd, 18, "127.0.0.1", 16)));
	EXPECT_EQ(TCP_CLOSE, sock_state(fd));
}

TEST_F(connect, short_address)
{
	int fd = sock_new(0);

	EXPECT_EQ(EINVAL,
		  sock_errno(connect_raw(fd, AF_INET, "127.0.0.1", 0)));
	EXPECT_EQ(EINVAL,
		  sock_errno(connect_raw(fd, AF_INET, "127.0.0.1", 1)));
	EXPECT_EQ(EINVAL,
		  sock_errno(connect_raw(fd, AF_INET, "127.0.0.1", 15)));
	EXPECT_EQ(EINVAL,
		  sock_errno(connect_raw(fd, AF_INET, "127.0.0.1", -1)));
	EXPECT_EQ(TCP_CLOSE, sock_state(fd));
}

TEST_F(connect, bad_pointer)
{
	int fd = sock_new(0);

	EXPECT_EQ(EFAULT, sock_errno(connect(fd, (struct sockaddr *)8, 16)));
}

TEST_F(connect, no_route)
{
	struct sockaddr_in addr = sock_addr("192.0.2.1", 9);
	int fd = sock_new(0);

	EXPECT_EQ(ENETUNREACH, sock_errno(sock_connect(fd, &addr)));
	EXPECT_EQ(TCP_CLOSE, sock_state(fd));
	EXPECT_EQ(0, sock_error(fd));
}

TEST_F(connect, multicast)
{
	struct sockaddr_in addr = sock_addr("224.0.0.1", 9);
	int fd = sock_new(0);

	EXPECT_EQ(ENETUNREACH, sock_errno(sock_connect(fd, &addr)));
	/* With a route to it as well: RFC 9293 3.9.2.3 wants no such SYN. */
	ASSERT_EQ(0, sock_bind(fd, "127.0.0.1", 0));
	EXPECT_EQ(ENETUNREACH, sock_errno(sock_connect(fd, &addr)));
	EXPECT_EQ(TCP_CLOSE, sock_state(fd));
}

TEST_F(connect, broadcast)
{
	struct sockaddr_in addr = sock_addr("127.255.255.255", 9);
	int fd = sock_new(0);

	EXPECT_EQ(ENETUNREACH, sock_errno(sock_connect(fd, &addr)));
	/* A right for datagrams: no TCP speaks to many. */
	ASSERT_EQ(0, sock_set(fd, SOL_SOCKET, SO_BROADCAST, 1));
	EXPECT_EQ(ENETUNREACH, sock_errno(sock_connect(fd, &addr)));
	EXPECT_EQ(TCP_CLOSE, sock_state(fd));
}

TEST_F(connect, limited_broadcast)
{
	struct sockaddr_in addr = sock_addr("255.255.255.255", 9);
	int fd = sock_new(0);

	EXPECT_EQ(ENETUNREACH, sock_errno(sock_connect(fd, &addr)));
	EXPECT_EQ(TCP_CLOSE, sock_state(fd));
}

TEST_F(connect, disconnect_established)
{
	struct sockaddr_in addr;
	struct sock_pair pair;
	int other = sock_new(0);
	char byte;
	int port;

	ASSERT_EQ(0, sock_pair(&pair));
	addr = sock_addr("127.0.0.1", sock_port(pair.listener));
	port = sock_port(pair.client);
	ASSERT_EQ(0, disconnect(pair.client));
	EXPECT_EQ(TCP_CLOSE, sock_state(pair.client));
	ASSERT_TRUE(sock_wait(pair.server, POLLHUP));
	EXPECT_EQ(ECONNRESET, sock_errno(recv(pair.server, &byte, 1, 0)));

	/* RFC 9293 3.10.5: an ABORT tells our own side as well. */
	EXPECT_EQ(ECONNRESET, sock_error(pair.client));
	EXPECT_EQ(ENOTCONN, sock_errno(recv(pair.client, &byte, 1, 0)));

	/* The port is free, and the socket can be used anew. */
	EXPECT_TRUE(sock_until(!sock_bind(other, "127.0.0.1", port)));
	ASSERT_EQ(0, sock_connect(pair.client, &addr));
	close(pair.server);
	pair.server = accept(pair.listener, NULL, NULL);
	ASSERT_LE(0, pair.server);
	EXPECT_EQ(1, send(pair.client, "x", 1, 0));
	EXPECT_EQ(1, recv(pair.server, &byte, 1, 0));
	EXPECT_EQ('x', byte);
}

TEST_F(connect, disconnect_syn_sent)
{
	int fd = sock_syn_sent();
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);

	ASSERT_LE(0, fd);
	ASSERT_LE(0, listener);
	EXPECT_EQ(0, disconnect(fd));
	EXPECT_EQ(TCP_CLOSE, sock_state(fd));
	EXPECT_EQ(ECONNRESET, sock_error(fd));
	EXPECT_EQ(EINPROGRESS, sock_errno(sock_connect(fd, &addr)));
	EXPECT_TRUE(sock_wait_state(fd, TCP_ESTABLISHED));
}

TEST_F(connect, disconnect_listener)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int fd = sock_new(0);

	ASSERT_LE(0, listener);
	EXPECT_EQ(0, disconnect(listener));
	EXPECT_EQ(TCP_CLOSE, sock_state(listener));
	EXPECT_EQ(ECONNREFUSED, sock_errno(sock_connect(fd, &addr)));
	/* bind() named the port, so it stays and can listen again. */
	EXPECT_EQ(0, listen(listener, 1));
	addr = sock_addr("127.0.0.1", sock_port(listener));
	EXPECT_EQ(0, sock_connect(fd, &addr));
}

TEST_F(connect, disconnect_unconnected)
{
	int fd = sock_new(0);

	EXPECT_EQ(0, disconnect(fd));
	EXPECT_EQ(TCP_CLOSE, sock_state(fd));
	EXPECT_EQ(0, sock_error(fd));
}

TEST_F(connect, disconnect_keeps_a_bound_port)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int fd = sock_new(0);

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_bind(fd, "127.0.0.1", 7000));
	ASSERT_EQ(0, sock_connect(fd, &addr));
	ASSERT_EQ(0, disconnect(fd));
	EXPECT_EQ(7000, sock_port(fd));
}

TEST_F(connect, disconnect_after_time_wait)
{
	struct sockaddr_in addr, addr2;
	struct sock_pair pair;
	char byte = 0;
	int other;

	/* The connection is in TIME_WAIT, without the socket; that can be used anew. */
	pair.listener = sock_listen(&addr, 4);
	pair.client = sock_new(0);
	ASSERT_LE(0, pair.listener);
	ASSERT_EQ(0, sock_bind(pair.client, "127.0.0.1", 7000));
	ASSERT_EQ(0, sock_connect(pair.client, &addr));
	pair.server = accept(pair.listener, NULL, NULL);
	ASSERT_LE(0, pair.server);
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	ASSERT_EQ(0, recv(pair.server, &byte, 1, 0));
	close(pair.server);
	ASSERT_EQ(0, recv(pair.client, &byte, 1, 0));
	ASSERT_TRUE(sock_wait_gauge(TCP_TIME_WAIT, 1));
	ASSERT_EQ(0, disconnect(pair.client));
	EXPECT_EQ(TCP_CLOSE, sock_state(pair.client));
	/* It had ended in order. */
	EXPECT_EQ(0, sock_error(pair.client));
	/* What bind() has given stays, beside the connection that has it, too. */
	EXPECT_EQ(7000, sock_port(pair.client));
	other = sock_listen(&addr2, 4);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, sock_connect(pair.client, &addr2)) TH_LOG("errno %d", errno);
	pair.server = accept(other, NULL, NULL);
	ASSERT_LE(0, pair.server);
	EXPECT_EQ(1, send(pair.client, "x", 1, 0));
	EXPECT_EQ(1, recv(pair.server, &byte, 1, 0));
	EXPECT_EQ('x', byte);
	EXPECT_EQ(1, send(pair.server, "y", 1, 0));
	EXPECT_EQ(1, recv(pair.client, &byte, 1, 0));
	EXPECT_EQ('y', byte);
	EXPECT_EQ(1, sock_gauge(TCP_TIME_WAIT));
}

TEST_F(connect, itself)
{
	char byte = 0;
	int fd = sock_new(0);
	struct sockaddr_in addr;

	ASSERT_EQ(0, sock_bind(fd, "127.0.0.1", 0));
	addr = sock_addr("127.0.0.1", sock_port(fd));
	ASSERT_EQ(0, sock_connect(fd, &addr));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(fd));
	EXPECT_EQ(1, send(fd, "x", 1, 0));
	EXPECT_EQ(1, recv(fd, &byte, 1, 0));
	EXPECT_EQ('x', byte);
	EXPECT_EQ(0, shutdown(fd, SHUT_WR));
	EXPECT_EQ(0, recv(fd, &byte, 1, 0));
	EXPECT_EQ(0, close(fd));
}

TEST_F(connect, same_address_twice)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 4);
	int a = sock_new(0);
	int b = sock_new(0);

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_set(a, SOL_SOCKET, SO_REUSEADDR, 1));
	ASSERT_EQ(0, sock_set(b, SOL_SOCKET, SO_REUSEADDR, 1));
	ASSERT_EQ(0, sock_bind(a, "127.0.0.1", 7000));
	ASSERT_EQ(0, sock_bind(b, "127.0.0.1", 7000));
	ASSERT_EQ(0, sock_connect(a, &addr));
	EXPECT_EQ(EADDRNOTAVAIL, sock_errno(sock_connect(b, &addr)));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(a));
}

TEST_F(connect, timed_out)
{
	struct sockaddr_in addr = sock_addr("192.0.2.1", 9);
	int fd = sock_new(0);

	ASSERT_EQ(0, sock_blackhole());
	ASSERT_EQ(0, sock_set(fd, IPPROTO_TCP, TCP_SYNCNT, 1));
	EXPECT_EQ(ETIMEDOUT, sock_errno(sock_connect(fd, &addr)));
	EXPECT_EQ(TCP_CLOSE, sock_state(fd));
	EXPECT_EQ(0, sock_error(fd));
}

TEST_F(connect, timed_out_in_the_background)
{
	struct sockaddr_in addr = sock_addr("192.0.2.1", 9);
	int fd = sock_new(SOCK_NONBLOCK);

	ASSERT_EQ(0, sock_blackhole());
	ASSERT_EQ(0, sock_set(fd, IPPROTO_TCP, TCP_SYNCNT, 1));
	ASSERT_EQ(EINPROGRESS, sock_errno(sock_connect(fd, &addr)));
	ASSERT_TRUE(sock_wait(fd, POLLERR | POLLHUP));
	EXPECT_EQ(ETIMEDOUT, sock_error(fd));
}

TEST_F(connect, user_timeout)
{
	struct sockaddr_in addr = sock_addr("192.0.2.1", 9);
	long long start;
	int fd = sock_new(0);

	ASSERT_EQ(0, sock_blackhole());
	ASSERT_EQ(0, sock_set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 1500));
	start = sock_ms();
	EXPECT_EQ(ETIMEDOUT, sock_errno(sock_connect(fd, &addr)));
	EXPECT_LE(1400, sock_ms() - start);
}

TEST_F(connect, send_timeout)
{
	struct sockaddr_in addr = sock_addr("192.0.2.1", 9);
	int fd = sock_new(0);

	/* The call gives up; the connection attempt goes on. */
	ASSERT_EQ(0, sock_blackhole());
	ASSERT_EQ(0, sock_timeout(fd, SO_SNDTIMEO, 100));
	EXPECT_EQ(EINPROGRESS, sock_errno(sock_connect(fd, &addr)));
	EXPECT_EQ(TCP_SYN_SENT, sock_state(fd));
	EXPECT_EQ(EALREADY, sock_errno(sock_connect(fd, &addr)));
	EXPECT_EQ(TCP_SYN_SENT, sock_state(fd));
}

static void nothing(int sig)
{
	(void)sig;
}

struct kick {
	pthread_t thread;
	pid_t tid;
};

/* Interrupt a thread once it sleeps. */
static void *kick_run(void *arg)
{
	struct kick *kick = arg;

	if (sock_waits(kick->tid))
		pthread_kill(kick->thread, SIGUSR1);
	return NULL;
}

TEST_F(connect, interrupted)
{
	struct kick kick = { .thread = pthread_self(), .tid = gettid() };
	struct sigaction act = { .sa_handler = nothing };
	struct sockaddr_in addr = sock_addr("192.0.2.1", 9);
	int fd = sock_new(0);
	pthread_t thread;

	ASSERT_EQ(0, sock_blackhole());
	ASSERT_EQ(0, sigaction(SIGUSR1, &act, NULL));
	ASSERT_EQ(0, sock_set(fd, IPPROTO_TCP, TCP_SYNCNT, 3));
	ASSERT_EQ(0, pthread_create(&thread, NULL, kick_run, &kick));
	EXPECT_EQ(EINTR, sock_errno(sock_connect(fd, &addr)));
	EXPECT_EQ(TCP_SYN_SENT, sock_state(fd));
	pthread_join(thread, NULL);
}

TEST_F(connect, bad_local_address_for_the_route)
{
	struct sockaddr_in addr;
	int fd = sock_new(0);

	/* Bound to lo, sent to where no route leads. */
	ASSERT_EQ(0, sock_bind(fd, "127.0.0.1", 0));
	addr = sock_addr("198.51.100.1", 9);
	EXPECT_EQ(ENETUNREACH, sock_errno(sock_connect(fd, &addr)));
	EXPECT_EQ(TCP_CLOSE, sock_state(fd));
}

TEST_F(connect, closed_while_syn_sent)
{
	int fd = sock_syn_sent();

	ASSERT_LE(0, fd);
	EXPECT_EQ(1, sock_gauge(TCP_SYN_SENT));
	EXPECT_EQ(0, close(fd));
	EXPECT_TRUE(sock_wait_gauge(TCP_SYN_SENT, 0));
}

TEST_F(connect, shut_down_while_syn_sent)
{
	int fd = sock_syn_sent();

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, sock_errno(shutdown(fd, SHUT_RDWR)));
	EXPECT_EQ(TCP_CLOSE, sock_state(fd));
	EXPECT_EQ(POLLHUP, sock_events(fd, POLLHUP) & POLLHUP);
}

/* One peer may have as many connections as there are ports, not only most of them. */
TEST_F(connect, every_ephemeral_port)
{
	enum { FIRST = 40000, PORTS = 256 };
	struct sockaddr_in addr;
	int listener, fds[PORTS], fd, i;
	FILE *range;

	range = fopen("/proc/sys/net/ipv4/ip_local_port_range", "w");
	ASSERT_NE(NULL, range);
	ASSERT_LT(0, fprintf(range, "%d %d", FIRST, FIRST + PORTS - 1));
	ASSERT_EQ(0, fclose(range));
	listener = sock_new(0);
	addr = sock_addr("127.0.0.1", FIRST - 1);
	ASSERT_EQ(0, bind(listener, (struct sockaddr *)&addr, sizeof(addr)));
	ASSERT_EQ(0, listen(listener, PORTS));
	for (i = 0; i < PORTS; i++) {
		fds[i] = sock_new(0);
		ASSERT_EQ(0, sock_connect(fds[i], &addr)) TH_LOG("connection %d", i);
	}
	fd = sock_new(0);
	EXPECT_EQ(-1, sock_connect(fd, &addr));
	EXPECT_EQ(EADDRNOTAVAIL, errno);
	/* Another peer has ports of its own. */
	addr = sock_addr("127.0.0.2", FIRST - 2);
	EXPECT_EQ(-1, sock_connect(fd, &addr));
	EXPECT_EQ(ECONNREFUSED, errno);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * bind() gives a socket the local address and port it asks for, or says why
 * not; on the real wire a port belongs to either TCP of the host, never both.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/capability.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "lib/sock.h"
#include "kselftest_harness.h"

SOCK_FIXTURE(bind);

static int bind_raw(int fd, int family, const char *ip, socklen_t len)
{
	struct sockaddr_in addr = sock_addr(ip, 0);

	addr.sin_family = family;
	return bind(fd, (struct sockaddr *)&addr, len);
}

/* A new socket with SO_REUSEADDR as asked, bound; -1 when bind fails. */
static int bound(const char *ip, int port, int reuse)
{
	int fd = sock_new(0);
	int err;

	if (fd < 0)
		return -1;
	if (!sock_set(fd, SOL_SOCKET, SO_REUSEADDR, reuse) &&
	    !sock_bind(fd, ip, port))
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

TEST_F(bind, address_and_port)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);
	int fd = sock_new(0);

	ASSERT_EQ(0, sock_bind(fd, "127.0.0.3", 7000));
	ASSERT_EQ(0, getsockname(fd, (struct sockaddr *)&addr, &len));
	EXPECT_EQ(sizeof(addr), len);
	EXPECT_EQ(AF_INET, addr.sin_family);
	EXPECT_EQ(htons(7000), addr.sin_port);
	EXPECT_EQ(htonl(0x7f000003), addr.sin_addr.s_addr);
	EXPECT_EQ(7, sock_state(fd));
	close(fd);
}

TEST_F(bind, unbound_name)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);
	int fd = sock_new(0);

	ASSERT_EQ(0, getsockname(fd, (struct sockaddr *)&addr, &len));
	EXPECT_EQ(AF_INET, addr.sin_family);
	EXPECT_EQ(0, addr.sin_port);
	EXPECT_EQ(htonl(INADDR_ANY), addr.sin_addr.s_addr);
	EXPECT_EQ(ENOTCONN,
		  sock_errno(getpeername(fd, (struct sockaddr *)&addr, &len)));
	close(fd);
}

TEST_F(bind, port_zero)
{
	int a = sock_new(0);
	int b = sock_new(0);

	ASSERT_EQ(0, sock_bind(a, "127.0.0.1", 0));
	ASSERT_EQ(0, sock_bind(b, "127.0.0.1", 0));
	EXPECT_LT(1023, sock_port(a));
	EXPECT_LT(1023, sock_port(b));
	EXPECT_NE(sock_port(a), sock_port(b));
	close(a);
	close(b);
}

static bool write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	return file && fputs(text, file) >= 0 && !fclose(file);
}

#define RANGE		"/proc/sys/net/ipv4/ip_local_port_range"
#define RESERVED	"/proc/sys/net/ipv4/ip_local_reserved_ports"

TEST_F(bind, reserved_ports_are_not_chosen)
{
	struct sockaddr_in addr = sock_addr("127.0.0.1", 39999);
	int listener = sock_new(0);
	int a, b;

	ASSERT_TRUE(write_text(RANGE, "40000 40003"));
	ASSERT_TRUE(write_text(RESERVED, "40000-40002"));
	ASSERT_EQ(0, sock_bind(listener, "127.0.0.1", 39999));
	ASSERT_EQ(0, listen(listener, 4));
	a = bound("127.0.0.1", 0, 0);
	ASSERT_LE(0, a);
	EXPECT_EQ(40003, sock_port(a));
	/* Three are free, but only for who names them. */
	EXPECT_EQ(EADDRINUSE, sock_errno(bound("127.0.0.1", 0, 0)));
	b = sock_new(0);
	EXPECT_EQ(EADDRNOTAVAIL, sock_errno(sock_connect(b, &addr)));
	EXPECT_LE(0, bound("127.0.0.1", 40001, 0));
	close(a);
	ASSERT_EQ(0, sock_connect(b, &addr));
	EXPECT_EQ(40003, sock_port(b));
}

/* As many as a look through all of them takes its time, and files can be open. */
#define ALL_TAKEN	4000

static void be_signalled(int sig)
{
	(void)sig;
}

TEST_F_TIMEOUT(bind, search_for_a_port_is_interrupted, 120)
{
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = {};
	struct rlimit files = { 2 * ALL_TAKEN, 2 * ALL_TAKEN };
	struct sigaction act = { .sa_handler = be_signalled };
	int fd = sock_new(0), first = -1, i, err;
	bool interrupted;

	if (sock_is_intree())
		SKIP(return, "in-tree it looks through all of them");
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	ASSERT_TRUE(write_text(RANGE, "40000 43999"));
	for (i = 0; i < ALL_TAKEN; i++) {
		int taken = bound("127.0.0.1", 40000 + i, 0);

		ASSERT_LE(0, taken) TH_LOG("port %d: errno %d", 40000 + i, errno);
		if (!i)
			first = taken;
	}
	ASSERT_EQ(0, sigaction(SIGALRM, &act, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
	/* In listen(), for bind() of 6.1 has one errno for all. A signal in time is enough. */
	interrupted = sock_until(({
		err = sock_errno(listen(fd, 1));
		err != EADDRINUSE;
	}));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &never, NULL));
	ASSERT_TRUE(interrupted);
	EXPECT_EQ(EINTR, err);
	/* Nothing is left of the search. */
	EXPECT_EQ(EADDRINUSE, sock_errno(listen(fd, 1)));
	close(first);
	EXPECT_EQ(0, listen(fd, 1));
	EXPECT_EQ(40000, sock_port(fd));
}

TEST_F(bind, listen_without_bind)
{
	int fd = sock_new(0);

	ASSERT_EQ(0, listen(fd, 1));
	EXPECT_LT(1023, sock_port(fd));
	close(fd);
}

TEST_F(bind, in_use)
{
	int a = bound("127.0.0.1", 7000, 0);

	ASSERT_LE(0, a);
	EXPECT_EQ(EADDRINUSE, sock_errno(bound("127.0.0.1", 7000, 0)));
	EXPECT_EQ(EADDRINUSE, sock_errno(bound("0.0.0.0", 7000, 0)));
	close(a);
}

TEST_F(bind, any_is_in_use)
{
	int a = bound("0.0.0.0", 7000, 0);

	ASSERT_LE(0, a);
	EXPECT_EQ(EADDRINUSE, sock_errno(bound("127.0.0.1", 7000, 0)));
	EXPECT_EQ(EADDRINUSE, sock_errno(bound("0.0.0.0", 7000, 0)));
	close(a);
}

TEST_F(bind, other_address_same_port)
{
	int a = bound("127.0.0.1", 7000, 0);
	int b = bound("127.0.0.2", 7000, 0);

	EXPECT_LE(0, a);
	EXPECT_LE(0, b);
	EXPECT_EQ(0, listen(a, 1));
	EXPECT_EQ(0, listen(b, 1));
	close(a);
	close(b);
}

TEST_F(bind, after_a_refusal)
{
	int a = bound("127.0.0.1", 7000, 0);
	int b = sock_new(0);

	ASSERT_LE(0, a);
	EXPECT_EQ(EADDRINUSE, sock_errno(sock_bind(b, "127.0.0.1", 7000)));
	EXPECT_EQ(0, sock_bind(b, "127.0.0.1", 7001));
	EXPECT_EQ(7001, sock_port(b));
	close(a);
	close(b);
}

TEST_F(bind, free_after_close)
{
	int fd = bound("127.0.0.1", 7000, 0);

	ASSERT_LE(0, fd);
	close(fd);
	EXPECT_TRUE(sock_until((fd = bound("127.0.0.1", 7000, 0)) >= 0));
	close(fd);
}

TEST_F(bind, not_our_address)
{
	int fd = sock_new(0);

	EXPECT_EQ(EADDRNOTAVAIL, sock_errno(sock_bind(fd, "192.0.2.1", 0)));
	EXPECT_EQ(EADDRNOTAVAIL, sock_errno(sock_bind(fd, "8.8.8.8", 7000)));
	EXPECT_EQ(0, sock_port(fd));
	close(fd);
}

TEST_F(bind, twice)
{
	int fd = sock_new(0);

	ASSERT_EQ(0, sock_bind(fd, "127.0.0.1", 7000));
	EXPECT_EQ(EINVAL, sock_errno(sock_bind(fd, "127.0.0.1", 7001)));
	EXPECT_EQ(EINVAL, sock_errno(sock_bind(fd, "127.0.0.1", 7000)));
	EXPECT_EQ(7000, sock_port(fd));
	close(fd);
}

TEST_F(bind, connected)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(EINVAL, sock_errno(sock_bind(pair.client, "127.0.0.1", 0)));
	EXPECT_EQ(EINVAL, sock_errno(sock_bind(pair.server, "127.0.0.1", 0)));
	EXPECT_EQ(EINVAL, sock_errno(sock_bind(pair.listener, "127.0.0.1", 0)));
}

TEST_F(bind, address_only_then_connect)
{
	struct sockaddr_in addr;
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	int listener = sock_listen(&addr, 1);
	int fd = sock_new(0);

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_bind(fd, "127.0.0.5", 0));
	ASSERT_EQ(0, sock_connect(fd, &addr));
	ASSERT_EQ(0, getsockname(fd, (struct sockaddr *)&name, &len));
	EXPECT_EQ(htonl(0x7f000005), name.sin_addr.s_addr);
	close(fd);
	close(listener);
}

TEST_F(bind, short_address)
{
	int fd = sock_new(0);

	EXPECT_EQ(EINVAL, sock_errno(bind_raw(fd, AF_INET, "127.0.0.1", 0)));
	EXPECT_EQ(EINVAL, sock_errno(bind_raw(fd, AF_INET, "127.0.0.1", 1)));
	EXPECT_EQ(EINVAL, sock_errno(bind_raw(fd, AF_INET, "127.0.0.1", 15)));
	EXPECT_EQ(EINVAL, sock_errno(bind_raw(fd, AF_INET, "127.0.0.1", -1)));
	EXPECT_EQ(0, bind_raw(fd, AF_INET, "127.0.0.1", 16));
	close(fd);
}

TEST_F(bind, long_address)
{
	struct sockaddr_storage store = { 0 };
	struct sockaddr_in addr = sock_addr("127.0.0.1", 7000);
	int fd = sock_new(0);

	memcpy(&store, &addr, sizeof(addr));
	EXPECT_EQ(EINVAL, sock_errno(bind(fd, (struct sockaddr *)&store,
					  sizeof(store) + 1)));
	EXPECT_EQ(0, bind(fd, (struct sockaddr *)&store, sizeof(store)));
	EXPECT_EQ(7000, sock_port(fd));
	close(fd);
}

TEST_F(bind, bad_pointer)
{
	int fd = sock_new(0);

	EXPECT_EQ(EFAULT, sock_errno(bind(fd, (struct sockaddr *)8, 16)));
	close(fd);
}

TEST_F(bind, wrong_family)
{
	int fd = sock_new(0);

	EXPECT_EQ(EAFNOSUPPORT,
		  sock_errno(bind_raw(fd, AF_UNIX, "127.0.0.1", 16)));
	EXPECT_EQ(EAFNOSUPPORT,
		  sock_errno(bind_raw(fd, AF_PACKET, "127.0.0.1", 16)));
	EXPECT_EQ(EAFNOSUPPORT,
		  sock_errno(bind_raw(fd, 18, "127.0.0.1", 16)));
	EXPECT_EQ(0, sock_port(fd));
	close(fd);
}

TEST_F(bind, unspecified_family)
{
	int fd = sock_new(0);

	EXPECT_EQ(EAFNOSUPPORT,
		  sock_errno(bind_raw(fd, AF_UNSPEC, "127.0.0.1", 16)));
	EXPECT_EQ(0, bind_raw(fd, AF_UNSPEC, "0.0.0.0", 16));
	EXPECT_LT(1023, sock_port(fd));
	close(fd);
}

TEST_F(bind, low_port)
{
	int fd = sock_new(0);

	ASSERT_TRUE(sock_drop_cap(CAP_NET_BIND_SERVICE));
	EXPECT_EQ(EACCES, sock_errno(sock_bind(fd, "127.0.0.1", 1023)));
	EXPECT_EQ(EACCES, sock_errno(sock_bind(fd, "127.0.0.1", 1)));
	EXPECT_EQ(0, sock_bind(fd, "127.0.0.1", 1024));
	close(fd);
}

TEST_F(bind, low_port_with_the_right)
{
	int fd = bound("127.0.0.1", 80, 0);

	EXPECT_LE(0, fd);
	close(fd);
}

TEST_F(bind, reuse_without_listener)
{
	int a = bound("127.0.0.1", 7000, 1);
	int b = bound("127.0.0.1", 7000, 1);

	EXPECT_LE(0, a);
	EXPECT_LE(0, b);
	EXPECT_EQ(EADDRINUSE, sock_errno(bound("127.0.0.1", 7000, 0)));
	close(a);
	close(b);
}

TEST_F(bind, reuse_needs_both)
{
	int a = bound("127.0.0.1", 7000, 0);

	ASSERT_LE(0, a);
	EXPECT_EQ(EADDRINUSE, sock_errno(bound("127.0.0.1", 7000, 1)));
	close(a);
}

TEST_F(bind, reuse_one_listener_only)
{
	int a = bound("127.0.0.1", 7000, 1);
	int b = bound("127.0.0.1", 7000, 1);

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	EXPECT_EQ(0, listen(a, 1));
	EXPECT_EQ(EADDRINUSE, sock_errno(listen(b, 1)));
	EXPECT_EQ(EADDRINUSE, sock_errno(bound("127.0.0.1", 7000, 1)));
	EXPECT_EQ(EADDRINUSE, sock_errno(bound("0.0.0.0", 7000, 1)));
	close(a);
	EXPECT_EQ(0, listen(b, 1));
	close(b);
}

/*
 * Leave a connection from a server on port 7000 in TIME_WAIT at the server,
 * and nothing else. False when a step fails.
 */
static bool server_time_wait(int reuse)
{
	struct sockaddr_in addr = sock_addr("127.0.0.1", 7000);
	int listener = bound("127.0.0.1", 7000, reuse);
	int client = sock_new(0);
	int server;

	if (listener < 0 || listen(listener, 1) ||
	    sock_connect(client, &addr))
		return false;
	server = accept(listener, NULL, NULL);
	if (server < 0)
		return false;
	close(server);
	close(client);
	close(listener);
	return sock_wait_gauge(TCP_TIME_WAIT, 1);
}

TEST_F(bind, time_wait)
{
	ASSERT_TRUE(server_time_wait(0));
	EXPECT_EQ(EADDRINUSE, sock_errno(bound("127.0.0.1", 7000, 0)));
	EXPECT_EQ(EADDRINUSE, sock_errno(bound("0.0.0.0", 7000, 0)));
}

TEST_F(bind, time_wait_reuse)
{
	struct sockaddr_in addr = sock_addr("127.0.0.1", 7000);
	int client = sock_new(0);
	int fd;

	ASSERT_TRUE(server_time_wait(1));
	EXPECT_EQ(EADDRINUSE, sock_errno(bound("127.0.0.1", 7000, 0)));
	fd = bound("127.0.0.1", 7000, 1);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, listen(fd, 1));
	EXPECT_EQ(0, sock_connect(client, &addr));
	close(client);
	close(fd);
}

TEST_F(bind, child_keeps_the_port)
{
	struct sock_pair pair;
	int port;

	ASSERT_EQ(0, sock_pair(&pair));
	port = sock_port(pair.listener);
	close(pair.listener);
	EXPECT_EQ(EADDRINUSE, sock_errno(bound("127.0.0.1", port, 0)));
}

TEST_F(bind, ephemeral_connect_avoids_listeners)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 64);
	int seen[32];
	int fd[32];
	int i, j;

	ASSERT_LE(0, listener);
	for (i = 0; i < 32; i++) {
		fd[i] = sock_new(0);
		ASSERT_EQ(0, sock_connect(fd[i], &addr));
		seen[i] = sock_port(fd[i]);
		EXPECT_NE(ntohs(addr.sin_port), seen[i]);
		for (j = 0; j < i; j++)
			EXPECT_NE(seen[j], seen[i]);
	}
	for (i = 0; i < 32; i++)
		close(fd[i]);
	close(listener);
}

/* In-tree bind to a port; the errno, or 0 with *fd open. */
static int intree_bound(const char *ip, int port, int *fd)
{
	int err;

	*fd = sock_intree();
	err = sock_errno(sock_bind(*fd, ip, port));
	if (err)
		close(*fd);
	return err;
}

TEST_F(bind, reserved_against_intree)
{
	int a = bound("127.0.0.1", 7000, 0);
	int other;

	ASSERT_LE(0, a);
	if (sock_wire() != IPPROTO_TCP && !sock_is_intree()) {
		EXPECT_EQ(0, intree_bound("127.0.0.1", 7000, &other));
		EXPECT_EQ(0, listen(other, 1));
		return;
	}
	EXPECT_EQ(EADDRINUSE, intree_bound("127.0.0.1", 7000, &other));
	EXPECT_EQ(EADDRINUSE, intree_bound("0.0.0.0", 7000, &other));
	ASSERT_EQ(0, listen(a, 1));
	EXPECT_EQ(EADDRINUSE, intree_bound("127.0.0.1", 7000, &other));
	EXPECT_EQ(0, intree_bound("127.0.0.2", 7000, &other));
	close(other);
	close(a);
	EXPECT_TRUE(sock_until(!intree_bound("127.0.0.1", 7000, &other)));
}

TEST_F(bind, intree_has_it)
{
	bool apart = sock_wire() != IPPROTO_TCP && !sock_is_intree();
	int other;
	int fd;

	ASSERT_EQ(0, intree_bound("127.0.0.1", 7000, &other));
	fd = bound("127.0.0.1", 7000, 0);
	if (apart) {
		EXPECT_LE(0, fd);
		return;
	}
	EXPECT_EQ(EADDRINUSE, fd < 0 ? errno : 0);
	EXPECT_EQ(EADDRINUSE, sock_errno(bound("0.0.0.0", 7000, 0)));
	close(other);
	EXPECT_TRUE(sock_until((fd = bound("127.0.0.1", 7000, 0)) >= 0));
}

/* Not even where ours are bound to another device, and then one to the same. */
TEST_F(bind, intree_has_it_on_a_device)
{
	int theirs = sock_intree(), ours = sock_new(0), err;
	struct sockaddr_in addr;

	if (sock_wire() != IPPROTO_TCP || sock_is_intree())
		SKIP(return, "ports are shared out between two TCPs on wire 6");
	ASSERT_EQ(0, system("ip link add dummy0 type dummy && ip link set dummy0 up"));
	ASSERT_EQ(0, setsockopt(theirs, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	addr = sock_addr("0.0.0.0", 7000);
	ASSERT_EQ(0, bind(theirs, (struct sockaddr *)&addr, sizeof(addr)));
	ASSERT_EQ(0, listen(theirs, 1));
	ASSERT_EQ(0, setsockopt(ours, SOL_SOCKET, SO_BINDTODEVICE, "dummy0", 7));
	err = sock_errno(sock_bind(ours, "0.0.0.0", 7000));
	EXPECT_EQ(EADDRINUSE, err);
	ours = sock_new(0);
	ASSERT_EQ(0, setsockopt(ours, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	EXPECT_EQ(EADDRINUSE, sock_errno(sock_bind(ours, "0.0.0.0", 7000)));
}

TEST_F(bind, intree_free_after_refused_bind)
{
	int a = bound("127.0.0.1", 7000, 0);
	int fd = sock_new(0);
	int other;

	ASSERT_LE(0, a);
	EXPECT_EQ(EADDRINUSE, sock_errno(sock_bind(fd, "127.0.0.1", 7000)));
	close(a);
	close(fd);
	EXPECT_TRUE(sock_until(!intree_bound("127.0.0.1", 7000, &other)));
}

TEST_F(bind, ephemeral_port_is_reserved_too)
{
	struct sock_pair pair;
	int other;

	if (sock_wire() != IPPROTO_TCP && !sock_is_intree())
		SKIP(return, "this wire is apart from the host's TCP");
	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(EADDRINUSE, intree_bound("127.0.0.1",
					   sock_port(pair.client), &other));
}

TEST_F(bind, time_wait_keeps_the_reservation)
{
	int other;

	if (sock_is_intree())
		SKIP(return, "about the two TCPs of one host");
	ASSERT_EQ(0, sock_sysctl("time_wait_ms", 1500));
	ASSERT_TRUE(server_time_wait(0));
	if (sock_wire() == IPPROTO_TCP)
		EXPECT_EQ(EADDRINUSE,
			  intree_bound("127.0.0.1", 7000, &other));
	EXPECT_TRUE(sock_wait_gauge(TCP_TIME_WAIT, 0));
	EXPECT_TRUE(sock_until(!intree_bound("127.0.0.1", 7000, &other)));
}

TEST_F(bind, wires_are_apart)
{
	int a, b;

	if (sock_is_intree())
		SKIP(return, "the in-tree TCP has one wire");
	a = socket(sock_family(), SOCK_STREAM, 0);
	b = socket(sock_family(), SOCK_STREAM, 253);
	ASSERT_EQ(0, sock_bind(a, "127.0.0.1", 7000));
	EXPECT_EQ(0, sock_bind(b, "127.0.0.1", 7000));
	EXPECT_EQ(0, listen(a, 1));
	EXPECT_EQ(0, listen(b, 1));
}

/* Foreign packets pay for our hooks only where a port is ours; they come back with one. */
TEST_F_TIMEOUT(bind, hooks_go_with_the_last_port, 300)
{
	int a = sock_new(0), b, round;
	struct sock_pair pair;
	char byte;

	if (sock_is_intree())
		SKIP(return, "the in-tree TCP needs no hooks");
	if (sock_wire() != IPPROTO_TCP)
		SKIP(return, "wire 253 is not hooked");
	ASSERT_EQ(0, sock_sysctl("time_wait_ms", 50));
	EXPECT_EQ(0, sock_statistic("Hooked"));
	for (round = 0; round < 2; round++) {
		b = bound("127.0.0.1", 7000, 0);
		ASSERT_LE(0, b);
		EXPECT_EQ(1, sock_statistic("Hooked"));
		ASSERT_EQ(0, sock_pair(&pair));
		ASSERT_EQ(1, write(pair.client, "x", 1));
		ASSERT_EQ(1, read(pair.server, &byte, 1));
		close(b);
		close(pair.client);
		close(pair.server);
		close(pair.listener);
		/* One without a port stays. */
		EXPECT_TRUE(sock_until(!sock_statistic("Hooked")));
	}
	close(a);
}

TEST_F(bind, namespaces_are_apart)
{
	int a = bound("127.0.0.1", 7000, 0);
	int b;

	ASSERT_LE(0, a);
	ASSERT_EQ(0, sock_netns());
	b = bound("127.0.0.1", 7000, 0);
	EXPECT_LE(0, b);
}

TEST_HARNESS_MAIN

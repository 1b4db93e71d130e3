// SPDX-License-Identifier: GPL-2.0
/*
 * Options and limits that servers lean on: shared ports, deferred accept, how
 * much waits on either side, receive time stamps, bounds on what nobody holds.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/tcp.h>
#include <linux/tcpstate.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/sock.h"
#include "kselftest_harness.h"

/* tcpi_snd_wnd, which the C library's struct does not reach, in words. */
#define TCPI_SND_WND	57

SOCK_FIXTURE(api);

static int share(int fd)
{
	return sock_is_intree() ? sock_set(fd, SOL_SOCKET, SO_REUSEPORT, 1) :
				  sock_set(fd, SOL_TCPSTATE, TCPSTATE_REUSEPORT, 1);
}

/* A listener that shares its port; port 0: any. */
static int shared_listener(int port)
{
	int fd = sock_new(SOCK_NONBLOCK);

	if (fd < 0 || share(fd) || sock_bind(fd, "127.0.0.1", port) || listen(fd, 64))
		return -1;
	return fd;
}

static int dial(int port)
{
	struct sockaddr_in to = sock_addr("127.0.0.1", port);
	int fd = sock_new(0);

	return fd < 0 || sock_connect(fd, &to) ? -1 : fd;
}

TEST_F(api, shared_port_spreads_connections)
{
	int listeners[4], got[4] = {}, i, n, port, fds[64], total = 0;

	listeners[0] = shared_listener(0);
	ASSERT_LE(0, listeners[0]);
	port = sock_port(listeners[0]);
	for (i = 1; i < 4; i++) {
		listeners[i] = shared_listener(port);
		ASSERT_LE(0, listeners[i]) TH_LOG("errno %d", errno);
	}
	for (n = 0; n < 64; n++) {
		fds[n] = dial(port);
		ASSERT_LE(0, fds[n]);
	}
	for (i = 0; i < 4; i++)
		while (accept(listeners[i], NULL, NULL) >= 0)
			got[i]++;
	for (i = 0; i < 4; i++) {
		total += got[i];
		/* 64 throws on 4: none empty but once in 25 million. */
		EXPECT_LT(0, got[i]) TH_LOG("listener %d of 4 got none", i);
	}
	EXPECT_EQ(64, total);
}

TEST_F(api, a_shared_listener_that_closes_leaves_the_others)
{
	int first = shared_listener(0), second, i;
	int port = sock_port(first);

	second = shared_listener(port);
	ASSERT_LE(0, second);
	close(first);
	for (i = 0; i < 16; i++)
		ASSERT_LE(0, dial(port));
	for (i = 0; i < 16; i++)
		ASSERT_LE(0, accept(second, NULL, NULL));
}

TEST_F(api, sharing_takes_both)
{
	int first = shared_listener(0);
	int port = sock_port(first);
	int fd = sock_new(0);

	EXPECT_EQ(EADDRINUSE, sock_errno(sock_bind(fd, "127.0.0.1", port)));
	ASSERT_EQ(0, sock_set(fd, SOL_SOCKET, SO_REUSEADDR, 1));
	EXPECT_EQ(EADDRINUSE, sock_errno(sock_bind(fd, "127.0.0.1", port)));
	ASSERT_EQ(0, share(fd));
	EXPECT_EQ(0, sock_bind(fd, "127.0.0.1", port));
}

TEST_F(api, sharing_takes_one_user)
{
	int first = shared_listener(0);
	int port = sock_port(first);
	pid_t pid = fork();
	int status, fd;

	ASSERT_LE(0, pid);
	if (!pid) {
		fd = sock_new(0);
		/* The socket belongs to whoever made it; a file's owner may change. */
		if (fd < 0 || share(fd) || fchown(fd, 12345, 12345))
			_exit(2);
		_exit(sock_bind(fd, "127.0.0.1", port) ? errno : 0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(EADDRINUSE, WEXITSTATUS(status));
}

/* A connection in TIME_WAIT at a server whose port was shared, or was not; the port. */
static int left_behind(bool shared)
{
	int listener = shared ? shared_listener(0) : sock_new(SOCK_NONBLOCK);
	int port, client, server;

	if (listener < 0 || (!shared && (sock_bind(listener, "127.0.0.1", 0) ||
					 listen(listener, 1))))
		return -1;
	port = sock_port(listener);
	client = dial(port);
	if (client < 0 || !sock_wait(listener, POLLIN))
		return -1;
	server = accept(listener, NULL, NULL);
	if (server < 0)
		return -1;
	close(server);
	close(client);
	close(listener);
	return sock_wait_gauge(TCP_TIME_WAIT, 1) ? port : -1;
}

TEST_F(api, sharing_with_what_is_in_time_wait)
{
	int port = left_behind(true), fd;
	int status;
	pid_t pid;

	ASSERT_LE(0, port);
	fd = sock_new(0);
	EXPECT_EQ(EADDRINUSE, sock_errno(sock_bind(fd, "127.0.0.1", port)));
	ASSERT_EQ(0, sock_set(fd, SOL_SOCKET, SO_REUSEADDR, 1));
	EXPECT_EQ(EADDRINUSE, sock_errno(sock_bind(fd, "127.0.0.1", port)));
	/* Nobody holds it any more: also another user may have the port. */
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		fd = sock_new(0);
		if (fd < 0 || share(fd) || fchown(fd, 12345, 12345))
			_exit(2);
		_exit(sock_bind(fd, "127.0.0.1", port) ? errno : 0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, WEXITSTATUS(status));
	ASSERT_LE(0, shared_listener(port));
	EXPECT_LE(0, dial(port));
}

TEST_F(api, not_sharing_with_what_is_in_time_wait)
{
	int port = left_behind(false);
	int fd = sock_new(0);

	ASSERT_LE(0, port);
	ASSERT_EQ(0, share(fd));
	EXPECT_EQ(EADDRINUSE, sock_errno(sock_bind(fd, "127.0.0.1", port)));
}

TEST_F(api, reuseport_option)
{
	int fd = sock_new(0), level = SOL_TCPSTATE, val = 1;
	socklen_t len = sizeof(val);

	if (sock_is_intree())
		SKIP(return, "an option of our own");
	EXPECT_EQ(0, sock_get(fd, level, TCPSTATE_REUSEPORT));
	ASSERT_EQ(0, sock_set(fd, level, TCPSTATE_REUSEPORT, 5));
	EXPECT_EQ(1, sock_get(fd, level, TCPSTATE_REUSEPORT));
	EXPECT_EQ(1, sock_get(fd, SOL_SOCKET, SO_REUSEPORT));
	EXPECT_EQ(EINVAL, sock_errno(setsockopt(fd, level, TCPSTATE_REUSEPORT, &val, 3)));
	EXPECT_EQ(EFAULT, sock_errno(setsockopt(fd, level, TCPSTATE_REUSEPORT, NULL, 4)));
	EXPECT_EQ(EFAULT, sock_errno(getsockopt(fd, level, TCPSTATE_REUSEPORT, NULL, &len)));
	EXPECT_EQ(ENOPROTOOPT, sock_errno(setsockopt(fd, level, 999, &val, 4)));
	len = sizeof(val);
	EXPECT_EQ(ENOPROTOOPT, sock_errno(getsockopt(fd, level, 999, &val, &len)));
}

/* From 6.7 on the kernel leaves SOL_SOCKET to a family that asks for it. */
static bool kernel_leaves_sol_socket(void)
{
	struct utsname name;
	int major, minor;

	if (uname(&name) || sscanf(name.release, "%d.%d", &major, &minor) != 2)
		return false;
	return major > 6 || (major == 6 && minor >= 7);
}

TEST_F(api, reuseport_by_its_own_name)
{
	int first = sock_new(0), second = sock_new(0), third, dialed, val = 1, port;

	if (!sock_is_intree() && !kernel_leaves_sol_socket()) {
		/* What the module cannot change, and the first kernels of 6.1 did not ask. */
		val = sock_errno(sock_set(first, SOL_SOCKET, SO_REUSEPORT, 1));
		EXPECT_TRUE(val == EOPNOTSUPP || !val) TH_LOG("errno %d", val);
		return;
	}
	EXPECT_EQ(0, sock_get(first, SOL_SOCKET, SO_REUSEPORT));
	ASSERT_EQ(0, sock_set(first, SOL_SOCKET, SO_REUSEPORT, 5));
	EXPECT_EQ(1, sock_get(first, SOL_SOCKET, SO_REUSEPORT));
	EXPECT_EQ(EINVAL, sock_errno(setsockopt(first, SOL_SOCKET, SO_REUSEPORT, &val, 3)));
	EXPECT_EQ(EFAULT, sock_errno(setsockopt(first, SOL_SOCKET, SO_REUSEPORT, NULL, 4)));
	/* The rest of the level is answered as before. */
	EXPECT_EQ(0, sock_set(first, SOL_SOCKET, SO_KEEPALIVE, 1));
	EXPECT_EQ(1, sock_get(first, SOL_SOCKET, SO_KEEPALIVE));
	EXPECT_EQ(ENOPROTOOPT, sock_errno(setsockopt(first, SOL_SOCKET, 999, &val, 4)));
	ASSERT_EQ(0, sock_set(second, SOL_SOCKET, SO_REUSEPORT, 1));
	ASSERT_EQ(0, sock_bind(first, "127.0.0.1", 0));
	port = sock_port(first);
	ASSERT_EQ(0, sock_bind(second, "127.0.0.1", port));
	ASSERT_EQ(0, listen(first, 1));
	close(second);
	/* What accept() makes is asked in the same way. */
	dialed = dial(port);
	ASSERT_LE(0, dialed);
	third = accept(first, NULL, NULL);
	ASSERT_LE(0, third);
	EXPECT_EQ(0, sock_set(third, SOL_SOCKET, SO_REUSEPORT, 0));
	EXPECT_EQ(0, sock_set(third, SOL_SOCKET, SO_REUSEPORT, 1));
}

TEST_F(api, listeners_on_two_devices)
{
	int a = sock_new(SOCK_NONBLOCK), b = sock_new(SOCK_NONBLOCK), port;

	ASSERT_EQ(0, system("ip link add dummy0 type dummy && ip link set dummy0 up && "
			    "ip address add 10.77.0.1/24 dev dummy0"));
	ASSERT_EQ(0, setsockopt(a, SOL_SOCKET, SO_BINDTODEVICE, "dummy0", 7));
	ASSERT_EQ(0, setsockopt(b, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	ASSERT_EQ(0, sock_bind(a, "0.0.0.0", 0));
	port = sock_port(a);
	ASSERT_EQ(0, sock_bind(b, "0.0.0.0", port));
	ASSERT_EQ(0, listen(a, 8));
	ASSERT_EQ(0, listen(b, 8)) TH_LOG("errno %d", errno);
	ASSERT_LE(0, dial(port));
	EXPECT_TRUE(sock_wait(b, POLLIN));
	EXPECT_LE(0, accept(b, NULL, NULL));
	EXPECT_EQ(EAGAIN, sock_errno(accept(a, NULL, NULL)));
}

TEST_F(api, a_listener_on_the_device_goes_first)
{
	int any = shared_listener(0), bound = sock_new(SOCK_NONBLOCK), i;
	int port = sock_port(any);

	ASSERT_EQ(0, share(bound));
	ASSERT_EQ(0, setsockopt(bound, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	ASSERT_EQ(0, sock_bind(bound, "127.0.0.1", port));
	ASSERT_EQ(0, listen(bound, 64));
	for (i = 0; i < 16; i++)
		ASSERT_LE(0, dial(port));
	for (i = 0; i < 16; i++)
		EXPECT_LE(0, accept(bound, NULL, NULL));
	EXPECT_EQ(EAGAIN, sock_errno(accept(any, NULL, NULL)));
}

TEST_F(api, two_that_listen_at_once)
{
	int a = sock_new(0), b = sock_new(0), port;

	ASSERT_EQ(0, sock_set(a, SOL_SOCKET, SO_REUSEADDR, 1));
	ASSERT_EQ(0, sock_set(b, SOL_SOCKET, SO_REUSEADDR, 1));
	ASSERT_EQ(0, sock_bind(a, "127.0.0.1", 0));
	port = sock_port(a);
	ASSERT_EQ(0, sock_bind(b, "127.0.0.1", port));
	ASSERT_EQ(0, listen(a, 1));
	EXPECT_EQ(EADDRINUSE, sock_errno(listen(b, 1)));
	/* Not for ever: what stopped listening stands in nobody's way. */
	ASSERT_EQ(0, shutdown(a, SHUT_RD));
	EXPECT_EQ(0, listen(b, 1));
}

TEST_F(api, deferred_accept_waits_for_text)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 8), quiet, talker, child;
	char byte;

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_nonblock(listener));
	ASSERT_EQ(0, sock_set(listener, SOL_TCP, TCP_DEFER_ACCEPT, 60));
	EXPECT_EQ(63, sock_get(listener, SOL_TCP, TCP_DEFER_ACCEPT));
	quiet = dial(ntohs(addr.sin_port));
	ASSERT_LE(0, quiet);
	talker = dial(ntohs(addr.sin_port));
	ASSERT_LE(0, talker);
	ASSERT_EQ(1, write(talker, "x", 1));
	/* The quiet one came first, and does not come out. */
	ASSERT_TRUE(sock_wait(listener, POLLIN));
	child = accept(listener, NULL, NULL);
	ASSERT_LE(0, child);
	EXPECT_EQ(1, read(child, &byte, 1));
	EXPECT_EQ(EAGAIN, sock_errno(accept(listener, NULL, NULL)));
	ASSERT_EQ(1, write(quiet, "y", 1));
	ASSERT_TRUE(sock_wait(listener, POLLIN));
	child = accept(listener, NULL, NULL);
	ASSERT_LE(0, child);
	EXPECT_EQ(1, read(child, &byte, 1));
	EXPECT_EQ('y', byte);
}

TEST_F(api, deferred_accept_ends_with_the_listener)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 8), quiet;
	char byte;

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_set(listener, SOL_TCP, TCP_DEFER_ACCEPT, 60));
	quiet = dial(ntohs(addr.sin_port));
	ASSERT_LE(0, quiet);
	close(listener);
	if (!sock_is_intree()) {
		EXPECT_TRUE(sock_wait(quiet, POLLIN));
		EXPECT_EQ(ECONNRESET, sock_errno(read(quiet, &byte, 1)));
		EXPECT_TRUE(sock_wait_gauge(TCP_ESTABLISHED, 0));
	}
}

TEST_F(api, deferred_accept_gives_up_waiting)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 8);

	if (sock_is_intree())
		SKIP(return, "waits for its SYN+ACK to be sent again and answered");
	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_nonblock(listener));
	ASSERT_EQ(0, sock_set(listener, SOL_TCP, TCP_DEFER_ACCEPT, 1));
	ASSERT_LE(0, dial(ntohs(addr.sin_port)));
	EXPECT_EQ(EAGAIN, sock_errno(accept(listener, NULL, NULL)));
	EXPECT_TRUE(sock_wait(listener, POLLIN));
	EXPECT_LE(0, accept(listener, NULL, NULL));
}

TEST_F(api, deferred_accept_at_the_end_of_the_stream)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 8), fd;

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_set(listener, SOL_TCP, TCP_DEFER_ACCEPT, 60));
	fd = dial(ntohs(addr.sin_port));
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, shutdown(fd, SHUT_WR));
	EXPECT_TRUE(sock_wait(listener, POLLIN));
	EXPECT_LE(0, accept(listener, NULL, NULL));
}

TEST_F(api, defer_accept_values)
{
	static const int given[] = { -1, 0, 1, 2, 3, 4, 8, 120, 130 };
	static const int read_back[] = { 0, 0, 1, 3, 3, 7, 15, 127, 247 };
	int fd = sock_new(0);
	size_t i;

	for (i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		ASSERT_EQ(0, sock_set(fd, SOL_TCP, TCP_DEFER_ACCEPT, given[i]));
		EXPECT_EQ(read_back[i], sock_get(fd, SOL_TCP, TCP_DEFER_ACCEPT));
	}
}

/* Read up to 10 octets, with TCP_INQ set; *left: what it says, or -1. */
static int read_and_ask(int fd, int *left)
{
	char control[CMSG_SPACE(sizeof(int))], buf[10];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int got = recvmsg(fd, &msg, 0);
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	*left = -1;
	if (got >= 0 && cmsg && cmsg->cmsg_level == SOL_TCP && cmsg->cmsg_type == TCP_CM_INQ)
		memcpy(left, CMSG_DATA(cmsg), sizeof(*left));
	return got;
}

TEST_F(api, what_is_left_to_read)
{
	struct sock_pair pair;
	int left;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(EINVAL, sock_errno(sock_set(pair.server, SOL_TCP, TCP_INQ, 2)));
	ASSERT_EQ(0, sock_set(pair.server, SOL_TCP, TCP_INQ, 1));
	EXPECT_EQ(1, sock_get(pair.server, SOL_TCP, TCP_INQ));
	ASSERT_EQ(30, write(pair.client, "123456789012345678901234567890", 30));
	ASSERT_TRUE(sock_until(ioctl(pair.server, FIONREAD, &left) == 0 && left == 30));
	ASSERT_EQ(10, read_and_ask(pair.server, &left));
	EXPECT_EQ(20, left);
	ASSERT_EQ(10, read_and_ask(pair.server, &left));
	EXPECT_EQ(10, left);
	ASSERT_EQ(10, read_and_ask(pair.server, &left));
	EXPECT_EQ(0, left);
}

TEST_F(api, what_is_left_to_read_at_the_end)
{
	struct sock_pair pair;
	int left;

	/* No text, but the end: a reader that goes by the number must come for that, too. */
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.server, SOL_TCP, TCP_INQ, 1));
	ASSERT_EQ(10, write(pair.client, "1234567890", 10));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	ASSERT_TRUE(sock_wait_state(pair.server, TCP_CLOSE_WAIT));
	ASSERT_EQ(10, read_and_ask(pair.server, &left));
	EXPECT_EQ(1, left);
	ASSERT_EQ(0, read_and_ask(pair.server, &left));
	EXPECT_EQ(1, left);
}

TEST_F(api, unsent_text_holds_a_writer_back)
{
	struct sock_pair pair;
	long plain, bounded;

	ASSERT_EQ(0, sock_pair(&pair));
	plain = sock_fill(pair.client);
	ASSERT_LT(0, plain);
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.client, SOL_TCP, TCP_NOTSENT_LOWAT, 4096));
	EXPECT_EQ(4096, sock_get(pair.client, SOL_TCP, TCP_NOTSENT_LOWAT));
	bounded = sock_fill(pair.client);
	ASSERT_LT(0, bounded);
	EXPECT_LT(bounded, plain);
	EXPECT_EQ(0, sock_events(pair.client, POLLOUT));
	/* What fills the buffer is read, the rest is sent: it may write again. */
	EXPECT_LT(0, sock_drain(pair.server));
	EXPECT_TRUE(sock_until(sock_drain(pair.server) >= 0 &&
			       sock_events(pair.client, POLLOUT)));
	ASSERT_EQ(0, sock_set(pair.client, SOL_TCP, TCP_NOTSENT_LOWAT, 0));
}

TEST_F(api, window_clamp)
{
	struct sock_pair pair;
	uint32_t info[64] = {};
	socklen_t len = sizeof(info);
	int left = 0;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(EINVAL, sock_errno(sock_set(pair.server, SOL_TCP, TCP_WINDOW_CLAMP, 0)));
	ASSERT_EQ(0, sock_set(pair.server, SOL_TCP, TCP_WINDOW_CLAMP, 20000));
	EXPECT_EQ(20000, sock_get(pair.server, SOL_TCP, TCP_WINDOW_CLAMP));
	if (sock_is_intree())
		SKIP(return, "6.1 raises the clamp again as the buffer grows");
	/* What was offered before cannot be taken back: let it be used up. */
	EXPECT_TRUE(sock_until(sock_fill(pair.client) >= 0 && sock_drain(pair.server) >= 0 &&
			       !getsockopt(pair.client, SOL_TCP, TCP_INFO, info, &len) &&
			       info[TCPI_SND_WND] && info[TCPI_SND_WND] <= 20000 + 2048))
		TH_LOG("window %u", info[TCPI_SND_WND]);
	/* And text still flows through what is left. */
	EXPECT_TRUE(sock_until(sock_drain(pair.server) >= 0 &&
			       !ioctl(pair.client, TIOCOUTQ, &left) && !left))
		TH_LOG("%d octets left", left);
}

TEST_F(api, low_water_mark_beyond_the_buffer)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.server, SOL_SOCKET, SO_RCVBUF, 8192));
	ASSERT_EQ(0, sock_set(pair.server, SOL_SOCKET, SO_RCVLOWAT, 1 << 24));
	/* A reader that asked for more than can come must not wait for ever. */
	EXPECT_LT(0, sock_fill(pair.client));
	EXPECT_TRUE(sock_wait(pair.server, POLLIN));
}

TEST_F(api, arrival_time)
{
	char control[256], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct timespec before, after, stamp[3];
	struct cmsghdr *cmsg;
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.server, SOL_SOCKET, SO_TIMESTAMPING,
			      SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE));
	/* Stamping is switched on from a work: the first segments may miss it. */
	do {
		clock_gettime(CLOCK_REALTIME, &before);
		ASSERT_EQ(1, write(pair.client, "x", 1));
		msg.msg_controllen = sizeof(control);
		ASSERT_EQ(1, recvmsg(pair.server, &msg, 0));
		clock_gettime(CLOCK_REALTIME, &after);
		cmsg = CMSG_FIRSTHDR(&msg);
	} while (!cmsg);
	EXPECT_EQ(SOL_SOCKET, cmsg->cmsg_level);
	EXPECT_EQ(SO_TIMESTAMPING, cmsg->cmsg_type);
	memcpy(stamp, CMSG_DATA(cmsg), sizeof(stamp));
	EXPECT_LE(before.tv_sec, stamp[0].tv_sec);
	EXPECT_GE(after.tv_sec, stamp[0].tv_sec);
}

TEST_F(api, options_that_say_no)
{
	static const struct {
		int name, val, err;
	} rows[] = {
		{ TCP_REPAIR_QUEUE, 1, EPERM },
		{ TCP_FASTOPEN_CONNECT, 2, EINVAL },
		{ TCP_THIN_LINEAR_TIMEOUTS, 2, EINVAL },
		{ TCP_THIN_DUPACK, -1, EINVAL },
		{ TCP_THIN_DUPACK, 1, 0 },
		{ TCP_THIN_LINEAR_TIMEOUTS, 1, 0 },
	};
	int fd = sock_new(0);
	char name[16] = "nosuch";
	socklen_t len = sizeof(name);
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		EXPECT_EQ(rows[i].err, sock_errno(sock_set(fd, SOL_TCP, rows[i].name,
							   rows[i].val)))
			TH_LOG("option %d value %d", rows[i].name, rows[i].val);
	EXPECT_EQ(ENOENT, sock_errno(setsockopt(fd, SOL_TCP, TCP_ULP, name, 6)));
	EXPECT_EQ(EINVAL, sock_errno(setsockopt(fd, SOL_TCP, TCP_ULP, name, 0)));
	EXPECT_EQ(0, getsockopt(fd, SOL_TCP, TCP_ULP, name, &len));
	EXPECT_EQ(0, len);
	if (sock_is_intree())
		return;
	EXPECT_EQ(EOPNOTSUPP, sock_errno(sock_set(fd, SOL_TCP, TCP_FASTOPEN, 5)));
	len = sizeof(name);
	EXPECT_EQ(0, getsockopt(fd, SOL_TCP, TCP_CC_INFO, name, &len));
	EXPECT_EQ(0, len);
}

TEST_F(api, orphans_are_limited)
{
	struct sockaddr_in addr;
	int fds[3], i;

	if (sock_is_intree())
		SKIP(return, "its limit is the machine's");
	ASSERT_LE(0, sock_listen(&addr, 8));
	ASSERT_EQ(0, sock_sysctl("max_orphans", 2));
	for (i = 0; i < 3; i++) {
		fds[i] = dial(ntohs(addr.sin_port));
		ASSERT_LE(0, fds[i]);
		/* The peer never closes: FIN_WAIT2, or with text waiting FIN_WAIT1. */
		sock_fill(fds[i]);
	}
	for (i = 0; i < 3; i++)
		close(fds[i]);
	EXPECT_EQ(2, sock_gauge(TCP_FIN_WAIT1) + sock_gauge(TCP_FIN_WAIT2));
}

TEST_F(api, time_wait_is_limited)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 8), fd, child, i;
	char byte;

	if (sock_is_intree())
		SKIP(return, "its limit is set for all at once");
	ASSERT_EQ(0, sock_sysctl("max_tw_buckets", 2));
	for (i = 0; i < 4; i++) {
		fd = dial(ntohs(addr.sin_port));
		ASSERT_LE(0, fd);
		child = accept(listener, NULL, NULL);
		ASSERT_LE(0, child);
		close(fd);
		ASSERT_EQ(0, read(child, &byte, 1));
		close(child);
	}
	EXPECT_TRUE(sock_wait_gauge(TCP_LAST_ACK, 0));
	EXPECT_EQ(2, sock_gauge(TCP_TIME_WAIT));
}

TEST_HARNESS_MAIN

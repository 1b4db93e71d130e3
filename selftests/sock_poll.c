// SPDX-License-Identifier: GPL-2.0
/*
 * poll, select and epoll report in each state exactly the events that the
 * in-tree TCP reports there, and wake who waits for them.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "lib/sock.h"
#include "kselftest_harness.h"

#define ALL_EVENTS	(POLLIN | POLLPRI | POLLOUT | POLLRDNORM |	\
			 POLLRDBAND | POLLWRNORM | POLLWRBAND | POLLRDHUP)
#define READABLE	(POLLIN | POLLRDNORM)
#define WRITABLE	(POLLOUT | POLLWRNORM)

SOCK_FIXTURE(poll);

static int reset_on_close(int fd)
{
	struct linger now = { .l_onoff = 1 };

	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

/* Wait until the mask is exactly this. */
static int mask(int fd, int expected)
{
	sock_until(sock_events(fd, ALL_EVENTS) == expected);
	return sock_events(fd, ALL_EVENTS);
}

TEST_F(poll, closed)
{
	int fd = sock_new(0);

	EXPECT_EQ(WRITABLE | POLLHUP, mask(fd, WRITABLE | POLLHUP));
	ASSERT_EQ(0, sock_bind(fd, "127.0.0.1", 0));
	EXPECT_EQ(WRITABLE | POLLHUP, mask(fd, WRITABLE | POLLHUP));
}

TEST_F(poll, listening)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int client = sock_new(0);

	ASSERT_LE(0, listener);
	EXPECT_EQ(0, sock_events(listener, ALL_EVENTS));
	ASSERT_EQ(0, sock_connect(client, &addr));
	EXPECT_EQ(READABLE, mask(listener, READABLE));
	ASSERT_LE(0, accept(listener, NULL, NULL));
	EXPECT_EQ(0, sock_events(listener, ALL_EVENTS));
}

TEST_F(poll, syn_sent)
{
	int fd = sock_syn_sent();

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, sock_events(fd, ALL_EVENTS));
}

TEST_F(poll, established)
{
	struct sock_pair pair;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(WRITABLE, mask(pair.client, WRITABLE));
	EXPECT_EQ(WRITABLE, mask(pair.server, WRITABLE));
	ASSERT_EQ(1, send(pair.client, "x", 1, 0));
	EXPECT_EQ(WRITABLE | READABLE, mask(pair.server, WRITABLE | READABLE));
	ASSERT_EQ(1, recv(pair.server, &byte, 1, 0));
	EXPECT_EQ(WRITABLE, mask(pair.server, WRITABLE));
}

TEST_F(poll, established_and_full)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_LT(0, sock_fill(pair.client));
	EXPECT_EQ(0, mask(pair.client, 0));
	EXPECT_EQ(WRITABLE | READABLE, mask(pair.server, WRITABLE | READABLE));
}

TEST_F(poll, close_wait)
{
	const int expected = WRITABLE | READABLE | POLLRDHUP;
	struct sock_pair pair;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	EXPECT_EQ(expected, mask(pair.server, expected));
	EXPECT_EQ(0, recv(pair.server, &byte, 1, 0));
	EXPECT_EQ(expected, mask(pair.server, expected));
}

TEST_F(poll, fin_wait2)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	ASSERT_TRUE(sock_wait_state(pair.client, TCP_FIN_WAIT2));
	EXPECT_EQ(WRITABLE, mask(pair.client, WRITABLE));
	ASSERT_EQ(1, send(pair.server, "x", 1, 0));
	EXPECT_EQ(WRITABLE | READABLE, mask(pair.client, WRITABLE | READABLE));
}

TEST_F(poll, shut_down_read)
{
	const int expected = WRITABLE | READABLE | POLLRDHUP;
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_RD));
	EXPECT_EQ(expected, mask(pair.client, expected));
	EXPECT_EQ(WRITABLE, mask(pair.server, WRITABLE));
}

TEST_F(poll, both_shut_down)
{
	const int expected = WRITABLE | READABLE | POLLRDHUP | POLLHUP;
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	ASSERT_TRUE(sock_wait_state(pair.server, TCP_CLOSE_WAIT));
	ASSERT_EQ(0, shutdown(pair.server, SHUT_WR));
	EXPECT_EQ(expected, mask(pair.client, expected));
	EXPECT_EQ(expected, mask(pair.server, expected));
}

TEST_F(poll, last_ack)
{
	const int expected = WRITABLE | READABLE | POLLRDHUP | POLLHUP;
	struct sock_pair pair;

	/* Our data waits for a reader, so the state lasts. */
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_LT(0, sock_fill(pair.client));
	ASSERT_EQ(0, shutdown(pair.server, SHUT_WR));
	ASSERT_TRUE(sock_wait_state(pair.client, TCP_CLOSE_WAIT));
	EXPECT_EQ(READABLE | POLLRDHUP,
		  mask(pair.client, READABLE | POLLRDHUP));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	EXPECT_EQ(TCP_LAST_ACK, sock_state(pair.client));
	EXPECT_EQ(expected, mask(pair.client, expected));
}

TEST_F(poll, reset)
{
	const int quiet = WRITABLE | READABLE | POLLRDHUP | POLLHUP;
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, reset_on_close(pair.server));
	close(pair.server);
	EXPECT_EQ(quiet | POLLERR, mask(pair.client, quiet | POLLERR));
	EXPECT_EQ(ECONNRESET, sock_error(pair.client));
	/* The error is told, the end remains. */
	EXPECT_EQ(quiet, mask(pair.client, quiet));
}

TEST_F(poll, refused)
{
	const int expected = WRITABLE | READABLE | POLLRDHUP | POLLHUP |
			     POLLERR;
	struct sockaddr_in addr;
	int fd = sock_new(SOCK_NONBLOCK);
	int taken = sock_new(0);

	ASSERT_EQ(0, sock_bind(taken, "127.0.0.1", 0));
	addr = sock_addr("127.0.0.1", sock_port(taken));
	ASSERT_EQ(EINPROGRESS, sock_errno(sock_connect(fd, &addr)));
	EXPECT_EQ(expected, mask(fd, expected));
}

TEST_F(poll, low_water_mark)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.server, SOL_SOCKET, SO_RCVLOWAT, 10));
	ASSERT_EQ(9, send(pair.client, "123456789", 9, 0));
	ASSERT_EQ(0, sock_events(pair.server, POLLIN));
	ASSERT_EQ(1, send(pair.client, "0", 1, 0));
	EXPECT_TRUE(sock_wait(pair.server, POLLIN));
}

struct sleeper {
	int fd;
	int events;
	pid_t tid;
	int revents;
};

static void *sleeper_run(void *arg)
{
	struct sleeper *sleeper = arg;
	struct pollfd pfd = { .fd = sleeper->fd, .events = sleeper->events };

	__atomic_store_n(&sleeper->tid, gettid(), __ATOMIC_RELEASE);
	poll(&pfd, 1, SOCK_DEADLINE_MS);
	sleeper->revents = pfd.revents;
	return NULL;
}

static bool sleeper_start(struct sleeper *sleeper, pthread_t *thread)
{
	if (pthread_create(thread, NULL, sleeper_run, sleeper))
		return false;
	return sock_until(__atomic_load_n(&sleeper->tid, __ATOMIC_ACQUIRE)) &&
	       sock_waits(sleeper->tid);
}

TEST_F(poll, wakes_for_data)
{
	struct sleeper sleeper = { .events = POLLIN };
	struct sock_pair pair;
	pthread_t thread;

	ASSERT_EQ(0, sock_pair(&pair));
	sleeper.fd = pair.server;
	ASSERT_TRUE(sleeper_start(&sleeper, &thread));
	ASSERT_EQ(1, send(pair.client, "x", 1, 0));
	pthread_join(thread, NULL);
	EXPECT_EQ(POLLIN, sleeper.revents);
}

TEST_F(poll, wakes_for_a_connection)
{
	struct sockaddr_in addr;
	struct sleeper sleeper = { .events = POLLIN };
	int client = sock_new(0);
	pthread_t thread;

	sleeper.fd = sock_listen(&addr, 1);
	ASSERT_LE(0, sleeper.fd);
	ASSERT_TRUE(sleeper_start(&sleeper, &thread));
	ASSERT_EQ(0, sock_connect(client, &addr));
	pthread_join(thread, NULL);
	EXPECT_EQ(POLLIN, sleeper.revents);
}

TEST_F(poll, wakes_for_room)
{
	struct sleeper sleeper = { .events = POLLOUT };
	struct sock_pair pair;
	pthread_t thread;
	long sent, got = 0;

	ASSERT_EQ(0, sock_pair(&pair));
	sent = sock_fill(pair.client);
	sleeper.fd = pair.client;
	ASSERT_TRUE(sleeper_start(&sleeper, &thread));
	EXPECT_TRUE(sock_until((got += sock_drain(pair.server)) == sent));
	pthread_join(thread, NULL);
	EXPECT_EQ(POLLOUT, sleeper.revents);
}

TEST_F(poll, wakes_for_the_end)
{
	struct sleeper sleeper = { .events = POLLRDHUP };
	struct sock_pair pair;
	pthread_t thread;

	ASSERT_EQ(0, sock_pair(&pair));
	sleeper.fd = pair.server;
	ASSERT_TRUE(sleeper_start(&sleeper, &thread));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	pthread_join(thread, NULL);
	EXPECT_EQ(POLLRDHUP, sleeper.revents);
}

TEST_F(poll, wakes_for_a_reset)
{
	struct sleeper sleeper = { .events = 0 };
	struct sock_pair pair;
	pthread_t thread;

	ASSERT_EQ(0, sock_pair(&pair));
	sleeper.fd = pair.client;
	ASSERT_TRUE(sleeper_start(&sleeper, &thread));
	ASSERT_EQ(0, reset_on_close(pair.server));
	close(pair.server);
	pthread_join(thread, NULL);
	EXPECT_EQ(POLLERR | POLLHUP, sleeper.revents);
}

/* select() on one socket: 1 readable, 2 writable, 4 exceptional. */
static int selected(int fd)
{
	struct timeval now = { 0 };
	fd_set in, out, other;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&other);
	FD_SET(fd, &in);
	FD_SET(fd, &out);
	FD_SET(fd, &other);
	if (select(fd + 1, &in, &out, &other, &now) < 0)
		return -1;
	return (FD_ISSET(fd, &in) ? 1 : 0) | (FD_ISSET(fd, &out) ? 2 : 0) |
	       (FD_ISSET(fd, &other) ? 4 : 0);
}

TEST_F(poll, select)
{
	struct sock_pair pair;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(0, selected(pair.listener));
	EXPECT_EQ(2, selected(pair.server));
	ASSERT_EQ(1, send(pair.client, "x", 1, 0));
	EXPECT_TRUE(sock_until(selected(pair.server) == 3));
	ASSERT_EQ(1, recv(pair.server, &byte, 1, 0));
	EXPECT_EQ(2, selected(pair.server));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	EXPECT_TRUE(sock_until(selected(pair.server) == 3));
}

static int epoll_on(int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		return -1;
	return epoll;
}

/* The next events within the deadline (or at once), 0 if none came. */
static int epoll_next(int epoll, int timeout_ms)
{
	struct epoll_event event = { 0 };

	return epoll_wait(epoll, &event, 1, timeout_ms) == 1 ?
	       (int)event.events : 0;
}

TEST_F(poll, epoll_level)
{
	struct sock_pair pair;
	char buf[2];
	int epoll;

	ASSERT_EQ(0, sock_pair(&pair));
	epoll = epoll_on(pair.server, EPOLLIN | EPOLLRDHUP);
	ASSERT_LE(0, epoll);
	EXPECT_EQ(0, epoll_next(epoll, 0));
	ASSERT_EQ(2, send(pair.client, "ab", 2, 0));
	EXPECT_EQ(EPOLLIN, epoll_next(epoll, SOCK_DEADLINE_MS));
	/* As long as it is so, it is said. */
	EXPECT_EQ(EPOLLIN, epoll_next(epoll, 0));
	ASSERT_EQ(1, recv(pair.server, buf, 1, 0));
	EXPECT_EQ(EPOLLIN, epoll_next(epoll, 0));
	ASSERT_EQ(1, recv(pair.server, buf, 1, 0));
	EXPECT_EQ(0, epoll_next(epoll, 0));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	EXPECT_EQ(EPOLLIN | EPOLLRDHUP, epoll_next(epoll, SOCK_DEADLINE_MS));
	EXPECT_EQ(EPOLLIN | EPOLLRDHUP, epoll_next(epoll, 0));
}

TEST_F(poll, epoll_edge)
{
	struct sock_pair pair;
	int epoll;

	ASSERT_EQ(0, sock_pair(&pair));
	epoll = epoll_on(pair.server, EPOLLIN | EPOLLRDHUP | EPOLLET);
	ASSERT_LE(0, epoll);
	EXPECT_EQ(0, epoll_next(epoll, 0));
	ASSERT_EQ(1, send(pair.client, "a", 1, 0));
	EXPECT_EQ(EPOLLIN, epoll_next(epoll, SOCK_DEADLINE_MS));
	EXPECT_EQ(0, epoll_next(epoll, 0));
	/* More data is a new edge, read or not. */
	ASSERT_EQ(1, send(pair.client, "b", 1, 0));
	EXPECT_EQ(EPOLLIN, epoll_next(epoll, SOCK_DEADLINE_MS));
	EXPECT_EQ(0, epoll_next(epoll, 0));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	EXPECT_EQ(EPOLLIN | EPOLLRDHUP, epoll_next(epoll, SOCK_DEADLINE_MS));
	EXPECT_EQ(0, epoll_next(epoll, 0));
}

TEST_F(poll, epoll_edge_for_room)
{
	struct sock_pair pair;
	long sent, got = 0;
	int epoll;

	ASSERT_EQ(0, sock_pair(&pair));
	epoll = epoll_on(pair.client, EPOLLOUT | EPOLLET);
	ASSERT_LE(0, epoll);
	EXPECT_EQ(EPOLLOUT, epoll_next(epoll, SOCK_DEADLINE_MS));
	EXPECT_EQ(0, epoll_next(epoll, 0));
	sent = sock_fill(pair.client);
	ASSERT_LT(0, sent);
	epoll_next(epoll, 0);
	EXPECT_EQ(0, epoll_next(epoll, 0));
	EXPECT_TRUE(sock_until((got += sock_drain(pair.server)) == sent));
	EXPECT_EQ(EPOLLOUT, epoll_next(epoll, SOCK_DEADLINE_MS));
}

TEST_F(poll, epoll_connect)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int fd = sock_new(SOCK_NONBLOCK);
	int epoll;

	ASSERT_LE(0, listener);
	ASSERT_EQ(EINPROGRESS, sock_errno(sock_connect(fd, &addr)));
	epoll = epoll_on(fd, EPOLLOUT | EPOLLET);
	ASSERT_LE(0, epoll);
	EXPECT_EQ(EPOLLOUT, epoll_next(epoll, SOCK_DEADLINE_MS));
}

TEST_F(poll, epoll_reset)
{
	const int expected = EPOLLIN | EPOLLERR | EPOLLHUP;
	struct sock_pair pair;
	int epoll;

	ASSERT_EQ(0, sock_pair(&pair));
	epoll = epoll_on(pair.client, EPOLLIN | EPOLLET);
	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, reset_on_close(pair.server));
	close(pair.server);
	EXPECT_EQ(expected, epoll_next(epoll, SOCK_DEADLINE_MS));
	EXPECT_EQ(0, epoll_next(epoll, 0));
}

TEST_F(poll, epoll_once)
{
	struct sock_pair pair;
	int epoll;

	ASSERT_EQ(0, sock_pair(&pair));
	epoll = epoll_on(pair.server, EPOLLIN | EPOLLONESHOT);
	ASSERT_LE(0, epoll);
	ASSERT_EQ(1, send(pair.client, "a", 1, 0));
	EXPECT_EQ(EPOLLIN, epoll_next(epoll, SOCK_DEADLINE_MS));
	ASSERT_EQ(1, send(pair.client, "b", 1, 0));
	EXPECT_EQ(0, epoll_next(epoll, 0));
}

TEST_F(poll, epoll_forgets_a_closed_socket)
{
	struct sock_pair pair;
	int epoll;

	ASSERT_EQ(0, sock_pair(&pair));
	epoll = epoll_on(pair.server, EPOLLIN);
	ASSERT_LE(0, epoll);
	ASSERT_EQ(1, send(pair.client, "a", 1, 0));
	EXPECT_EQ(EPOLLIN, epoll_next(epoll, SOCK_DEADLINE_MS));
	close(pair.server);
	EXPECT_EQ(0, epoll_next(epoll, 0));
}

TEST_HARNESS_MAIN

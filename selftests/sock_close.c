// SPDX-License-Identifier: GPL-2.0
/*
 * A connection ends in the states that RFC 9293 3.6 draws for the order in
 * which its ends close, and leaves nothing behind.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lib/sock.h"
#include "kselftest_harness.h"

#define FULL_SECONDS	90

SOCK_FIXTURE(close);

static int set_linger(int fd, int on, int seconds)
{
	struct linger linger = { .l_onoff = on, .l_linger = seconds };

	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

/* Whether no connection is left but so many in TIME_WAIT. */
static bool all_gone(long time_wait)
{
	static const int states[] = {
		TCP_ESTABLISHED, TCP_SYN_SENT, TCP_SYN_RECV, TCP_FIN_WAIT1,
		TCP_FIN_WAIT2, TCP_CLOSE_WAIT, TCP_LAST_ACK, TCP_CLOSING,
	};
	bool gone = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(states); i++)
		gone &= sock_wait_gauge(states[i], 0);
	return gone && sock_wait_gauge(TCP_TIME_WAIT, time_wait);
}

TEST_F(close, we_first)
{
	struct sock_pair pair;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_TRUE(sock_wait_gauge(TCP_ESTABLISHED, 2));
	ASSERT_EQ(0, close(pair.client));
	EXPECT_TRUE(sock_wait_gauge(TCP_FIN_WAIT2, 1));
	EXPECT_TRUE(sock_wait_state(pair.server, TCP_CLOSE_WAIT));
	EXPECT_EQ(0, recv(pair.server, &byte, 1, 0));
	ASSERT_EQ(0, close(pair.server));
	EXPECT_TRUE(all_gone(1));
}

TEST_F(close, they_first)
{
	struct sock_pair pair;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, close(pair.server));
	EXPECT_TRUE(sock_wait_state(pair.client, TCP_CLOSE_WAIT));
	EXPECT_TRUE(sock_wait_gauge(TCP_FIN_WAIT2, 1));
	EXPECT_EQ(0, recv(pair.client, &byte, 1, 0));
	ASSERT_EQ(0, close(pair.client));
	EXPECT_TRUE(all_gone(1));
}

TEST_F(close, both_at_once)
{
	struct sock_pair pair;
	long long start;
	char byte;

	/* The FINs cross: each needs far longer than both calls together. */
	ASSERT_EQ(0, sock_pair(&pair));
	if (system("tc qdisc add dev lo root netem delay 1s 2>/dev/null"))
		SKIP(return, "no netem");
	start = sock_ms();
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	ASSERT_EQ(0, shutdown(pair.server, SHUT_WR));
	if (sock_ms() - start > 900)
		SKIP(return, "too slow to cross");
	EXPECT_EQ(TCP_FIN_WAIT1, sock_state(pair.client));
	EXPECT_EQ(TCP_FIN_WAIT1, sock_state(pair.server));
	EXPECT_TRUE(sock_until(sock_gauge(TCP_CLOSING) > 0));
	EXPECT_EQ(0, recv(pair.client, &byte, 1, 0));
	EXPECT_EQ(0, recv(pair.server, &byte, 1, 0));
	EXPECT_TRUE(all_gone(2));
	EXPECT_EQ(TCP_CLOSE, sock_state(pair.client));
	EXPECT_EQ(TCP_CLOSE, sock_state(pair.server));
}

TEST_F(close, half_closed)
{
	char sent[20000], got[20000];
	struct sock_pair pair;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	sock_pattern(sent, sizeof(sent), 21);
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	EXPECT_TRUE(sock_wait_state(pair.client, TCP_FIN_WAIT2));
	EXPECT_TRUE(sock_wait_state(pair.server, TCP_CLOSE_WAIT));
	EXPECT_EQ(0, recv(pair.server, &byte, 1, 0));
	EXPECT_EQ(EPIPE, sock_errno(send(pair.client, "x", 1, MSG_NOSIGNAL)));

	/* The other direction is as open as before. */
	ASSERT_EQ(0, sock_write_all(pair.server, sent, sizeof(sent)));
	ASSERT_EQ(0, sock_read_all(pair.client, got, sizeof(got)));
	EXPECT_EQ(0, memcmp(sent, got, sizeof(got)));

	ASSERT_EQ(0, shutdown(pair.server, SHUT_WR));
	EXPECT_EQ(0, recv(pair.client, &byte, 1, 0));
	EXPECT_TRUE(all_gone(1));
	EXPECT_EQ(TCP_CLOSE, sock_state(pair.server));
	EXPECT_EQ(TCP_CLOSE, sock_state(pair.client));
	/* Sockets whose connection is over are still descriptors. */
	EXPECT_EQ(0, close(pair.client));
	EXPECT_EQ(0, close(pair.server));
}

TEST_F(close, data_before_the_fin)
{
	char sent[50000], got[50000];
	struct sock_pair pair;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	sock_pattern(sent, sizeof(sent), 22);
	ASSERT_EQ(0, sock_write_all(pair.client, sent, sizeof(sent)));
	ASSERT_EQ(0, close(pair.client));
	ASSERT_EQ(0, sock_read_all(pair.server, got, sizeof(got)));
	EXPECT_EQ(0, memcmp(sent, got, sizeof(got)));
	EXPECT_EQ(0, recv(pair.server, &byte, 1, 0));
	EXPECT_EQ(TCP_CLOSE_WAIT, sock_state(pair.server));
	close(pair.server);
	EXPECT_TRUE(all_gone(1));
}

TEST_F_TIMEOUT(close, full_buffers_before_the_fin, FULL_SECONDS)
{
	struct sock_pair pair;
	long sent, got = 0;

	/* FIN_WAIT1 and LAST_ACK last as long as there is data to move. */
	ASSERT_EQ(0, sock_pair(&pair));
	sent = sock_fill(pair.client);
	ASSERT_LT(0, sent);
	ASSERT_EQ(0, shutdown(pair.server, SHUT_WR));
	ASSERT_TRUE(sock_wait_state(pair.client, TCP_CLOSE_WAIT));
	ASSERT_EQ(0, close(pair.client));
	EXPECT_TRUE(sock_wait_gauge(TCP_LAST_ACK, 1));
	EXPECT_TRUE(sock_wait_state(pair.server, TCP_FIN_WAIT2));
	EXPECT_TRUE(sock_until((got += sock_drain(pair.server)) == sent));
	EXPECT_TRUE(all_gone(1));
}

TEST_F_TIMEOUT(close, fin_wait1_until_drained, FULL_SECONDS)
{
	struct sock_pair pair;
	long sent, got = 0;

	ASSERT_EQ(0, sock_pair(&pair));
	sent = sock_fill(pair.client);
	ASSERT_LT(0, sent);
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	EXPECT_EQ(TCP_FIN_WAIT1, sock_state(pair.client));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(pair.server));
	EXPECT_TRUE(sock_until((got += sock_drain(pair.server)) == sent));
	EXPECT_TRUE(sock_wait_state(pair.client, TCP_FIN_WAIT2));
	EXPECT_TRUE(sock_wait_state(pair.server, TCP_CLOSE_WAIT));
}

TEST_F(close, shut_down_read)
{
	struct sock_pair pair;
	char byte;

	/* Tells the peer nothing: only our own reads end. */
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_RD));
	EXPECT_EQ(0, recv(pair.client, &byte, 1, 0));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(pair.client));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(pair.server));
	EXPECT_EQ(1, send(pair.client, "x", 1, 0));
	EXPECT_EQ(1, recv(pair.server, &byte, 1, 0));
	EXPECT_EQ(1, send(pair.server, "y", 1, MSG_NOSIGNAL));
	/* In-tree still hands out what arrives. */
	EXPECT_TRUE(sock_until(recv(pair.client, &byte, 1, 0) == 1));
	EXPECT_EQ('y', byte);
}

TEST_F(close, shut_down_both)
{
	struct sock_pair pair;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_RDWR));
	EXPECT_EQ(0, recv(pair.client, &byte, 1, 0));
	EXPECT_EQ(EPIPE, sock_errno(send(pair.client, "x", 1, MSG_NOSIGNAL)));
	EXPECT_TRUE(sock_wait_state(pair.client, TCP_FIN_WAIT2));
	EXPECT_TRUE(sock_wait_state(pair.server, TCP_CLOSE_WAIT));
	EXPECT_EQ(0, recv(pair.server, &byte, 1, 0));
}

TEST_F(close, shut_down_twice)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(0, shutdown(pair.client, SHUT_WR));
	EXPECT_EQ(0, shutdown(pair.client, SHUT_WR));
	EXPECT_EQ(0, shutdown(pair.client, SHUT_RDWR));
	EXPECT_TRUE(sock_wait_state(pair.client, TCP_FIN_WAIT2));
	EXPECT_EQ(0, shutdown(pair.server, SHUT_WR));
	EXPECT_TRUE(sock_wait_state(pair.server, TCP_CLOSE));
	EXPECT_EQ(ENOTCONN, sock_errno(shutdown(pair.server, SHUT_WR)));
	EXPECT_EQ(ENOTCONN, sock_errno(shutdown(pair.client, SHUT_RDWR)));
}

TEST_F(close, shut_down_wrongly)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(EINVAL, sock_errno(shutdown(pair.client, 3)));
	EXPECT_EQ(EINVAL, sock_errno(shutdown(pair.client, -1)));
	EXPECT_EQ(EINVAL, sock_errno(shutdown(pair.client, 100)));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(pair.client));
}

TEST_F(close, shut_down_unconnected)
{
	int fd = sock_new(0);

	EXPECT_EQ(ENOTCONN, sock_errno(shutdown(fd, SHUT_WR)));
	EXPECT_EQ(ENOTCONN, sock_errno(shutdown(fd, SHUT_RD)));
	EXPECT_EQ(ENOTCONN, sock_errno(shutdown(fd, SHUT_RDWR)));
	ASSERT_EQ(0, sock_bind(fd, "127.0.0.1", 0));
	EXPECT_EQ(ENOTCONN, sock_errno(shutdown(fd, SHUT_RDWR)));
}

TEST_F(close, unread_data)
{
	struct sock_pair pair;
	char byte;

	/* RFC 9293 3.6.1: data that nobody will read must not look read. */
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(3, send(pair.client, "abc", 3, 0));
	ASSERT_TRUE(sock_wait(pair.server, POLLIN));
	ASSERT_EQ(0, close(pair.server));
	ASSERT_TRUE(sock_wait(pair.client, POLLERR));
	EXPECT_EQ(ECONNRESET, sock_errno(recv(pair.client, &byte, 1, 0)));
	EXPECT_EQ(0, recv(pair.client, &byte, 1, 0));
	EXPECT_EQ(TCP_CLOSE, sock_state(pair.client));
	EXPECT_TRUE(all_gone(0));
}

TEST_F(close, data_for_a_closed_socket)
{
	struct sock_pair pair;

	/* Nobody can read it any more: answered by a RST. */
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, close(pair.server));
	ASSERT_TRUE(sock_wait_state(pair.client, TCP_CLOSE_WAIT));
	EXPECT_EQ(1, send(pair.client, "x", 1, MSG_NOSIGNAL));
	EXPECT_TRUE(sock_wait(pair.client, POLLERR));
	/* After our peer's FIN a RST reads as a broken pipe. */
	EXPECT_EQ(EPIPE, sock_error(pair.client));
	EXPECT_TRUE(all_gone(0));
}

TEST_F(close, linger_zero)
{
	struct sock_pair pair;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, set_linger(pair.client, 1, 0));
	ASSERT_EQ(0, close(pair.client));
	ASSERT_TRUE(sock_wait(pair.server, POLLERR));
	EXPECT_EQ(ECONNRESET, sock_errno(recv(pair.server, &byte, 1, 0)));
	EXPECT_EQ(TCP_CLOSE, sock_state(pair.server));
	EXPECT_TRUE(all_gone(0));
}

TEST_F(close, linger_zero_in_fin_wait2)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	ASSERT_TRUE(sock_wait_state(pair.client, TCP_FIN_WAIT2));
	ASSERT_EQ(0, set_linger(pair.client, 1, 0));
	ASSERT_EQ(0, close(pair.client));
	EXPECT_TRUE(sock_wait(pair.server, POLLERR));
	EXPECT_TRUE(all_gone(0));
}

struct closer {
	int fd;
	int err;
	bool done;
	long long took;
};

static void *closer_run(void *arg)
{
	struct closer *closer = arg;
	long long start = sock_ms();

	closer->err = sock_errno(close(closer->fd));
	closer->took = sock_ms() - start;
	__atomic_store_n(&closer->done, true, __ATOMIC_RELEASE);
	return NULL;
}

TEST_F_TIMEOUT(close, linger_until_acknowledged, FULL_SECONDS)
{
	struct closer closer = { 0 };
	struct sock_pair pair;
	long sent, got = 0;
	pthread_t thread;

	ASSERT_EQ(0, sock_pair(&pair));
	sent = sock_fill(pair.client);
	ASSERT_LT(0, sent);
	ASSERT_EQ(0, set_linger(pair.client, 1, 60));
	closer.fd = pair.client;
	ASSERT_EQ(0, pthread_create(&thread, NULL, closer_run, &closer));
	ASSERT_TRUE(sock_wait_gauge(TCP_FIN_WAIT1, 1));
	EXPECT_FALSE(__atomic_load_n(&closer.done, __ATOMIC_ACQUIRE));
	EXPECT_TRUE(sock_until((got += sock_drain(pair.server)) == sent));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, closer.err);
	EXPECT_GT(50000, closer.took);
	EXPECT_TRUE(sock_wait_state(pair.server, TCP_CLOSE_WAIT));
}

TEST_F_TIMEOUT(close, linger_runs_out, FULL_SECONDS)
{
	struct closer closer = { 0 };
	struct sock_pair pair;
	long sent, got = 0;

	/* Time is up, the data is not lost: it goes on without us. */
	ASSERT_EQ(0, sock_pair(&pair));
	sent = sock_fill(pair.client);
	ASSERT_LT(0, sent);
	ASSERT_EQ(0, set_linger(pair.client, 1, 1));
	closer.fd = pair.client;
	closer_run(&closer);
	EXPECT_EQ(0, closer.err);
	EXPECT_LE(900, closer.took);
	EXPECT_EQ(1, sock_gauge(TCP_FIN_WAIT1));
	EXPECT_TRUE(sock_until((got += sock_drain(pair.server)) == sent));
	EXPECT_TRUE(sock_wait_state(pair.server, TCP_CLOSE_WAIT));
}

TEST_F(close, linger_with_nothing_to_wait_for)
{
	struct sock_pair pair;
	struct closer closer;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, set_linger(pair.client, 1, 30));
	closer.fd = pair.client;
	closer_run(&closer);
	EXPECT_EQ(0, closer.err);
	EXPECT_GT(20000, closer.took);
	EXPECT_TRUE(sock_wait_state(pair.server, TCP_CLOSE_WAIT));
}

TEST_F(close, time_wait_ends)
{
	struct sockaddr_in addr = sock_addr("127.0.0.1", 7000);
	int listener = sock_new(0);
	int client = sock_new(0);
	int server;

	if (sock_is_intree())
		SKIP(return, "the in-tree TIME_WAIT takes a minute");
	ASSERT_EQ(0, sock_sysctl("time_wait_ms", 1500));
	ASSERT_EQ(0, sock_bind(listener, "127.0.0.1", 7000));
	ASSERT_EQ(0, listen(listener, 1));
	ASSERT_EQ(0, sock_connect(client, &addr));
	server = accept(listener, NULL, NULL);
	ASSERT_LE(0, server);
	close(server);
	close(client);
	close(listener);
	EXPECT_TRUE(all_gone(1));
	listener = sock_new(0);
	EXPECT_EQ(EADDRINUSE, sock_errno(sock_bind(listener, "127.0.0.1",
						   7000)));
	EXPECT_TRUE(sock_wait_gauge(TCP_TIME_WAIT, 0));
	EXPECT_TRUE(sock_until(!sock_bind(listener, "127.0.0.1", 7000)));
	EXPECT_EQ(0, listen(listener, 1));
}

TEST_F(close, time_wait_lasts)
{
	struct sock_pair pair;
	long long start;

	if (sock_is_intree())
		SKIP(return, "the in-tree TIME_WAIT takes a minute");
	ASSERT_EQ(0, sock_sysctl("time_wait_ms", 2000));
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	ASSERT_TRUE(sock_wait_state(pair.server, TCP_CLOSE_WAIT));
	start = sock_ms();
	ASSERT_EQ(0, close(pair.server));
	ASSERT_TRUE(sock_wait_gauge(TCP_TIME_WAIT, 1));
	ASSERT_TRUE(sock_wait_gauge(TCP_TIME_WAIT, 0));
	EXPECT_LE(1900, sock_ms() - start);
}

/* A second in FIN_WAIT2 without an owner, for either TCP. */
static int short_fin_timeout(void)
{
	if (sock_is_intree())
		return system("echo 1 >/proc/sys/net/ipv4/tcp_fin_timeout");
	return sock_sysctl("fin_timeout_ms", 1000);
}

TEST_F(close, fin_wait2_without_an_owner_ends)
{
	struct sock_pair pair;

	/* A peer that never closes cannot hold a closed socket for ever. */
	ASSERT_EQ(0, short_fin_timeout());
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, close(pair.client));
	ASSERT_TRUE(sock_wait_gauge(TCP_FIN_WAIT2, 1));
	EXPECT_TRUE(sock_wait_gauge(TCP_FIN_WAIT2, 0));
	EXPECT_EQ(0, sock_gauge(TCP_TIME_WAIT));
	/* Its peer learns of it when it next speaks. */
	EXPECT_EQ(TCP_CLOSE_WAIT, sock_state(pair.server));
	EXPECT_EQ(1, send(pair.server, "x", 1, MSG_NOSIGNAL));
	EXPECT_TRUE(sock_wait(pair.server, POLLERR));
	EXPECT_TRUE(all_gone(0));
}

TEST_F(close, fin_wait2_with_an_owner_stays)
{
	struct sock_pair pair;
	long long end;
	char byte = 0;

	ASSERT_EQ(0, short_fin_timeout());
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	end = sock_ms() + 2000;
	while (sock_ms() < end) {
		ASSERT_NE(TCP_CLOSE, sock_state(pair.client));
		sock_pause();
	}
	EXPECT_EQ(TCP_FIN_WAIT2, sock_state(pair.client));
	EXPECT_EQ(1, send(pair.server, "x", 1, 0));
	EXPECT_EQ(1, recv(pair.client, &byte, 1, 0));
	EXPECT_EQ('x', byte);
}

TEST_F(close, duplicated_descriptor)
{
	struct sock_pair pair;
	char byte;
	int copy;

	/* The last close counts. */
	ASSERT_EQ(0, sock_pair(&pair));
	copy = dup(pair.client);
	ASSERT_EQ(0, close(pair.client));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(copy));
	EXPECT_EQ(1, send(copy, "x", 1, 0));
	EXPECT_EQ(1, recv(pair.server, &byte, 1, 0));
	ASSERT_EQ(0, close(copy));
	EXPECT_EQ(0, recv(pair.server, &byte, 1, 0));
}

TEST_F(close, unconnected)
{
	int fd = sock_new(0);

	EXPECT_EQ(0, close(fd));
	fd = sock_new(0);
	ASSERT_EQ(0, sock_bind(fd, "127.0.0.1", 7000));
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(EBADF, sock_errno(close(fd)));
}

TEST_F(close, thousand_times)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 8);
	int client, server;
	int i;

	ASSERT_LE(0, listener);
	for (i = 0; i < 1000; i++) {
		client = sock_new(0);
		ASSERT_EQ(0, sock_connect(client, &addr));
		server = accept(listener, NULL, NULL);
		ASSERT_LE(0, server);
		ASSERT_EQ(0, set_linger(client, i % 3 == 0, 0));
		close(i % 2 ? client : server);
		close(i % 2 ? server : client);
	}
	EXPECT_TRUE(sock_wait_gauge(TCP_ESTABLISHED, 0));
	EXPECT_TRUE(sock_wait_gauge(TCP_LAST_ACK, 0));
	EXPECT_TRUE(sock_wait_gauge(TCP_CLOSE_WAIT, 0));
}

TEST_HARNESS_MAIN

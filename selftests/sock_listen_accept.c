// SPDX-License-Identifier: GPL-2.0
/*
 * A listener hands out each connection once, complete and with the options
 * it had itself, and takes what nobody accepted with it when it closes.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "lib/sock.h"
#include "kselftest_harness.h"

SOCK_FIXTURE(listen);

TEST_F(listen, state)
{
	struct sockaddr_in addr;
	int fd = sock_listen(&addr, 1);

	ASSERT_LE(0, fd);
	EXPECT_EQ(TCP_LISTEN, sock_state(fd));
	EXPECT_EQ(1, sock_get(fd, SOL_SOCKET, SO_ACCEPTCONN));
	EXPECT_EQ(1, sock_gauge(TCP_LISTEN));
	close(fd);
	EXPECT_TRUE(sock_wait_gauge(TCP_LISTEN, 0));
}

TEST_F(listen, accept_blocking)
{
	struct sockaddr_in addr, peer;
	socklen_t len = sizeof(peer);
	int listener = sock_listen(&addr, 1);
	int client = sock_new(0);
	int fd;

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_connect(client, &addr));
	fd = accept(listener, (struct sockaddr *)&peer, &len);
	ASSERT_LE(0, fd);
	EXPECT_EQ(sizeof(peer), len);
	EXPECT_EQ(AF_INET, peer.sin_family);
	EXPECT_EQ(htonl(INADDR_LOOPBACK), peer.sin_addr.s_addr);
	EXPECT_EQ(htons(sock_port(client)), peer.sin_port);
	EXPECT_EQ(ntohs(addr.sin_port), sock_port(fd));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(fd));
	EXPECT_EQ(TCP_LISTEN, sock_state(listener));
	EXPECT_EQ(0, sock_get(fd, SOL_SOCKET, SO_ACCEPTCONN));
}

TEST_F(listen, accept_short_address)
{
	struct sockaddr_in addr;
	socklen_t len = 4;
	char name[16];
	int listener = sock_listen(&addr, 1);
	int client = sock_new(0);

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_connect(client, &addr));
	memset(name, 0x55, sizeof(name));
	ASSERT_LE(0, accept(listener, (struct sockaddr *)name, &len));
	EXPECT_EQ(sizeof(struct sockaddr_in), len);
	EXPECT_EQ(AF_INET, name[0]);
	EXPECT_EQ(0x55, name[4]);
}

TEST_F(listen, accept_nothing_there)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_nonblock(listener));
	EXPECT_EQ(EAGAIN, sock_errno(accept(listener, NULL, NULL)));
}

TEST_F(listen, accept_timeout)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	long long start = sock_ms();

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_timeout(listener, SO_RCVTIMEO, 100));
	EXPECT_EQ(EAGAIN, sock_errno(accept(listener, NULL, NULL)));
	EXPECT_LE(90, sock_ms() - start);
}

TEST_F(listen, accept_flags)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 8);
	int client[3] = { sock_new(0), sock_new(0), sock_new(0) };
	int fd, i;

	ASSERT_LE(0, listener);
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, sock_connect(client[i], &addr));

	EXPECT_EQ(EINVAL, sock_errno(accept4(listener, NULL, NULL, 1)));
	EXPECT_EQ(EINVAL, sock_errno(accept4(listener, NULL, NULL,
					     SOCK_NONBLOCK | O_APPEND)));

	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(O_NONBLOCK, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));

	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));

	/* The listener's own O_NONBLOCK is not passed on. */
	ASSERT_EQ(0, sock_nonblock(listener));
	fd = accept(listener, NULL, NULL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(0, fcntl(fd, F_GETFD));
}

TEST_F(listen, accept_order)
{
	struct sockaddr_in addr, peer;
	int listener = sock_listen(&addr, 8);
	socklen_t len;
	int port[4];
	int fd, i;

	ASSERT_LE(0, listener);
	for (i = 0; i < 4; i++) {
		fd = sock_new(0);
		ASSERT_EQ(0, sock_connect(fd, &addr));
		port[i] = sock_port(fd);
	}
	for (i = 0; i < 4; i++) {
		len = sizeof(peer);
		fd = accept(listener, (struct sockaddr *)&peer, &len);
		ASSERT_LE(0, fd);
		EXPECT_EQ(htons(port[i]), peer.sin_port);
	}
}

TEST_F(listen, accept_not_listening)
{
	struct sock_pair pair;
	int fd = sock_new(0);

	EXPECT_EQ(EINVAL, sock_errno(accept(fd, NULL, NULL)));
	ASSERT_EQ(0, sock_bind(fd, "127.0.0.1", 0));
	EXPECT_EQ(EINVAL, sock_errno(accept(fd, NULL, NULL)));
	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(EINVAL, sock_errno(accept(pair.client, NULL, NULL)));
	EXPECT_EQ(EINVAL, sock_errno(accept(pair.server, NULL, NULL)));
}

TEST_F(listen, accept_bad_descriptor)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int file = open("/dev/null", O_RDONLY);

	ASSERT_LE(0, listener);
	EXPECT_EQ(EBADF, sock_errno(accept(-1, NULL, NULL)));
	EXPECT_EQ(ENOTSOCK, sock_errno(accept(file, NULL, NULL)));
	close(listener);
	EXPECT_EQ(EBADF, sock_errno(accept(listener, NULL, NULL)));
}

TEST_F(listen, accept_bad_pointer)
{
	struct sockaddr_in addr;
	socklen_t len = 16;
	int listener = sock_listen(&addr, 1);
	int client = sock_new(0);

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_connect(client, &addr));
	EXPECT_EQ(EFAULT, sock_errno(accept(listener, (struct sockaddr *)8,
					    &len)));
}

TEST_F(listen, accept_after_the_peer_closed)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int client = sock_new(0);
	char buf[8];
	int fd;

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_connect(client, &addr));
	ASSERT_EQ(3, send(client, "end", 3, 0));
	close(client);
	ASSERT_TRUE(sock_wait_gauge(TCP_CLOSE_WAIT, 1));
	fd = accept(listener, NULL, NULL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(TCP_CLOSE_WAIT, sock_state(fd));
	EXPECT_EQ(3, recv(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(0, recv(fd, buf, sizeof(buf), 0));
}

TEST_F(listen, accept_after_the_peer_reset)
{
	struct linger now = { .l_onoff = 1 };
	struct sockaddr_in addr, peer;
	socklen_t len = sizeof(peer);
	int listener = sock_listen(&addr, 1);
	int client = sock_new(0);
	char byte;
	int fd;

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_connect(client, &addr));
	ASSERT_TRUE(sock_wait_gauge(TCP_ESTABLISHED, 2));
	ASSERT_EQ(0, setsockopt(client, SOL_SOCKET, SO_LINGER, &now,
				sizeof(now)));
	close(client);
	ASSERT_TRUE(sock_wait_gauge(TCP_ESTABLISHED, 0));
	fd = accept(listener, (struct sockaddr *)&peer, &len);
	/* As in-tree: handed out, and the first read tells. */
	ASSERT_LE(0, fd);
	EXPECT_EQ(TCP_CLOSE, sock_state(fd));
	EXPECT_EQ(ECONNRESET, sock_errno(recv(fd, &byte, 1, 0)));
}

struct task {
	struct sockaddr_in addr;
	pid_t tid;
	int fd;
	int err;
	bool done;
};

static void *accept_run(void *arg)
{
	struct task *task = arg;

	__atomic_store_n(&task->tid, gettid(), __ATOMIC_RELEASE);
	task->err = sock_errno(task->fd = accept(task->fd, NULL, NULL));
	__atomic_store_n(&task->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static pid_t task_tid(struct task *task)
{
	return __atomic_load_n(&task->tid, __ATOMIC_ACQUIRE);
}

TEST_F(listen, accept_wakes)
{
	struct sockaddr_in addr;
	struct task task = { .fd = sock_listen(&addr, 1) };
	int client = sock_new(0);
	pthread_t thread;

	ASSERT_LE(0, task.fd);
	ASSERT_EQ(0, pthread_create(&thread, NULL, accept_run, &task));
	ASSERT_TRUE(sock_until(task_tid(&task)));
	ASSERT_TRUE(sock_waits(task_tid(&task)));
	EXPECT_FALSE(__atomic_load_n(&task.done, __ATOMIC_ACQUIRE));
	ASSERT_EQ(0, sock_connect(client, &addr));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, task.err);
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(task.fd));
}

TEST_F(listen, shutdown_wakes_accept)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	struct task task = { .fd = listener };
	pthread_t thread;

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, pthread_create(&thread, NULL, accept_run, &task));
	ASSERT_TRUE(sock_until(task_tid(&task)));
	ASSERT_TRUE(sock_waits(task_tid(&task)));
	ASSERT_EQ(0, shutdown(listener, SHUT_RD));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(EINVAL, task.err);
	EXPECT_EQ(TCP_CLOSE, sock_state(listener));
	EXPECT_EQ(0, listen(listener, 1));
	EXPECT_EQ(TCP_LISTEN, sock_state(listener));
}

TEST_F(listen, shutdown_write_keeps_listening)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int client = sock_new(0);

	ASSERT_LE(0, listener);
	EXPECT_EQ(0, sock_errno(shutdown(listener, SHUT_WR)));
	EXPECT_EQ(TCP_LISTEN, sock_state(listener));
	EXPECT_EQ(0, sock_connect(client, &addr));
	EXPECT_LE(0, accept(listener, NULL, NULL));
}

/* A client whose SYN went out; its retransmission shows that it was dropped. */
static bool dropped(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return false;
	return info.tcpi_state == TCP_SYN_SENT && info.tcpi_retransmits;
}

TEST_F(listen, backlog_overflow)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int late = sock_new(SOCK_NONBLOCK);
	int a = sock_new(0);
	int b = sock_new(0);

	ASSERT_LE(0, listener);
	/* A backlog of one holds two, as it always did in BSD and Linux. */
	ASSERT_EQ(0, sock_connect(a, &addr));
	ASSERT_EQ(0, sock_connect(b, &addr));
	ASSERT_TRUE(sock_wait_gauge(TCP_ESTABLISHED, 4));
	ASSERT_EQ(EINPROGRESS, sock_errno(sock_connect(late, &addr)));
	ASSERT_TRUE(sock_until(dropped(late)));
	ASSERT_LE(0, accept(listener, NULL, NULL));
	/* There is room again: the next SYN of the late one gets in. */
	EXPECT_TRUE(sock_wait(late, POLLOUT));
	EXPECT_EQ(0, sock_error(late));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(late));
	EXPECT_LE(0, accept(listener, NULL, NULL));
	EXPECT_LE(0, accept(listener, NULL, NULL));
	/* None was refused, none is left. */
	ASSERT_EQ(0, sock_nonblock(listener));
	EXPECT_EQ(EAGAIN, sock_errno(accept(listener, NULL, NULL)));
}

TEST_F(listen, twice_changes_the_backlog)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 0);
	int late = sock_new(SOCK_NONBLOCK);
	int fd, i;

	ASSERT_LE(0, listener);
	EXPECT_EQ(0, listen(listener, 3));
	for (i = 0; i < 4; i++) {
		fd = sock_new(0);
		ASSERT_EQ(0, sock_connect(fd, &addr));
	}
	ASSERT_TRUE(sock_wait_gauge(TCP_ESTABLISHED, 8));
	ASSERT_EQ(EINPROGRESS, sock_errno(sock_connect(late, &addr)));
	ASSERT_TRUE(sock_until(dropped(late)));
	EXPECT_EQ(0, listen(listener, 8));
	EXPECT_TRUE(sock_wait_state(late, TCP_ESTABLISHED));
	EXPECT_EQ(TCP_LISTEN, sock_state(listener));
}

TEST_F(listen, connected)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(EINVAL, sock_errno(listen(pair.client, 1)));
	EXPECT_EQ(EINVAL, sock_errno(listen(pair.server, 1)));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(pair.client));
}

TEST_F(listen, syn_sent)
{
	int fd = sock_syn_sent();

	ASSERT_LE(0, fd);
	EXPECT_EQ(EINVAL, sock_errno(listen(fd, 1)));
	EXPECT_EQ(TCP_SYN_SENT, sock_state(fd));
}

TEST_F(listen, after_a_connection_ended)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	close(pair.server);
	ASSERT_TRUE(sock_wait_state(pair.client, TCP_CLOSE_WAIT));
	EXPECT_EQ(EINVAL, sock_errno(listen(pair.client, 1)));
}

TEST_F(listen, closed_with_children)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 4);
	int client[3];
	char byte;
	int i;

	ASSERT_LE(0, listener);
	for (i = 0; i < 3; i++) {
		client[i] = sock_new(0);
		ASSERT_EQ(0, sock_connect(client[i], &addr));
	}
	ASSERT_TRUE(sock_wait_gauge(TCP_ESTABLISHED, 6));
	EXPECT_EQ(3, send(client[0], "abc", 3, 0));
	ASSERT_EQ(0, close(listener));
	for (i = 0; i < 3; i++) {
		EXPECT_TRUE(sock_wait(client[i], POLLERR | POLLHUP));
		EXPECT_EQ(ECONNRESET,
			  sock_errno(recv(client[i], &byte, 1, 0)));
		EXPECT_EQ(TCP_CLOSE, sock_state(client[i]));
	}
	EXPECT_TRUE(sock_wait_gauge(TCP_ESTABLISHED, 0));
}

TEST_F(listen, closed_after_accept)
{
	struct sock_pair pair;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, close(pair.listener));
	EXPECT_EQ(1, send(pair.client, "x", 1, 0));
	EXPECT_EQ(1, recv(pair.server, &byte, 1, 0));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(pair.client));
}

TEST_F(listen, on_every_address)
{
	struct sockaddr_in addr, name;
	socklen_t len = sizeof(name);
	int listener = sock_new(0);
	int client = sock_new(0);
	int fd;

	ASSERT_EQ(0, sock_bind(listener, "0.0.0.0", 0));
	ASSERT_EQ(0, listen(listener, 1));
	addr = sock_addr("127.0.0.9", sock_port(listener));
	ASSERT_EQ(0, sock_connect(client, &addr));
	fd = accept(listener, NULL, NULL);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, getsockname(fd, (struct sockaddr *)&name, &len));
	EXPECT_EQ(htonl(0x7f000009), name.sin_addr.s_addr);
}

TEST_F(listen, chosen_by_address)
{
	struct sockaddr_in addr = sock_addr("127.0.0.2", 7000);
	int other = sock_new(0);
	int right = sock_new(0);
	int client = sock_new(0);

	ASSERT_EQ(0, sock_bind(right, "127.0.0.2", 7000));
	ASSERT_EQ(0, sock_bind(other, "127.0.0.3", 7000));
	ASSERT_EQ(0, listen(right, 1));
	ASSERT_EQ(0, listen(other, 1));
	ASSERT_EQ(0, sock_nonblock(other));
	ASSERT_EQ(0, sock_connect(client, &addr));
	EXPECT_LE(0, accept(right, NULL, NULL));
	EXPECT_EQ(EAGAIN, sock_errno(accept(other, NULL, NULL)));
}

TEST_F(listen, inherited_options)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 7 };
	struct linger got = { 0 };
	socklen_t len = sizeof(got);
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int client = sock_new(0);
	int sndbuf;
	int fd;

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_set(listener, IPPROTO_TCP, TCP_NODELAY, 1));
	ASSERT_EQ(0, sock_set(listener, IPPROTO_TCP, TCP_USER_TIMEOUT, 12345));
	ASSERT_EQ(0, sock_set(listener, IPPROTO_TCP, TCP_KEEPIDLE, 77));
	ASSERT_EQ(0, sock_set(listener, SOL_SOCKET, SO_KEEPALIVE, 1));
	ASSERT_EQ(0, sock_set(listener, SOL_SOCKET, SO_SNDBUF, 32768));
	ASSERT_EQ(0, sock_set(listener, IPPROTO_IP, IP_TOS, 0x10));
	ASSERT_EQ(0, setsockopt(listener, SOL_SOCKET, SO_LINGER, &linger,
				sizeof(linger)));
	sndbuf = sock_get(listener, SOL_SOCKET, SO_SNDBUF);

	ASSERT_EQ(0, sock_connect(client, &addr));
	fd = accept(listener, NULL, NULL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, sock_get(fd, IPPROTO_TCP, TCP_NODELAY));
	EXPECT_EQ(12345, sock_get(fd, IPPROTO_TCP, TCP_USER_TIMEOUT));
	EXPECT_EQ(77, sock_get(fd, IPPROTO_TCP, TCP_KEEPIDLE));
	EXPECT_EQ(1, sock_get(fd, SOL_SOCKET, SO_KEEPALIVE));
	EXPECT_EQ(sndbuf, sock_get(fd, SOL_SOCKET, SO_SNDBUF));
	EXPECT_EQ(0x10, sock_get(fd, IPPROTO_IP, IP_TOS));
	ASSERT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_LINGER, &got, &len));
	EXPECT_EQ(1, got.l_onoff);
	EXPECT_EQ(7, got.l_linger);
}

TEST_F(listen, not_inherited_after_the_fact)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.listener, IPPROTO_TCP, TCP_NODELAY, 1));
	EXPECT_EQ(0, sock_get(pair.server, IPPROTO_TCP, TCP_NODELAY));
}

TEST_F(listen, data_on_a_listener)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	char byte = 0;

	ASSERT_LE(0, listener);
	EXPECT_EQ(ENOTCONN, sock_errno(recv(listener, &byte, 1, 0)));
	EXPECT_EQ(EPIPE, sock_errno(send(listener, &byte, 1, MSG_NOSIGNAL)));
	EXPECT_EQ(TCP_LISTEN, sock_state(listener));
	EXPECT_EQ(0, sock_error(listener));
}

TEST_F(listen, data_before_accept)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int client = sock_new(0);
	char sent[5000];
	char got[5000];
	int fd;

	ASSERT_LE(0, listener);
	sock_pattern(sent, sizeof(sent), 1);
	ASSERT_EQ(0, sock_connect(client, &addr));
	ASSERT_EQ(0, sock_write_all(client, sent, sizeof(sent)));
	fd = accept(listener, NULL, NULL);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, sock_read_all(fd, got, sizeof(got)));
	EXPECT_EQ(0, memcmp(sent, got, sizeof(got)));
}

TEST_HARNESS_MAIN

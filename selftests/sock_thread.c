// SPDX-License-Identifier: GPL-2.0
/*
 * Many threads, processes and connections at once get each its own bytes;
 * whoever waits is woken by a shutdown and interrupted by a signal.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
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

#define CONNECTIONS	64
#define ACCEPTERS	4
#define BYTES		20000
#define LONG_SECONDS	120

SOCK_FIXTURE(thread);

/* Echo one connection until its end. */
static int echo(int fd)
{
	char buf[4096];
	ssize_t done;
	int err;

	while ((done = recv(fd, buf, sizeof(buf), 0)) > 0) {
		err = sock_write_all(fd, buf, done);
		if (err)
			return err;
	}
	return done < 0 ? -errno : 0;
}

struct server {
	int listener;
	int served;
	int err;
};

/* Serve until the listener is shut down. */
static void *server_run(void *arg)
{
	struct server *server = arg;
	int fd;

	while ((fd = accept(server->listener, NULL, NULL)) >= 0) {
		int err = echo(fd);

		if (err)
			server->err = err;
		server->served++;
		close(fd);
	}
	if (errno != EINVAL)
		server->err = -errno;
	return NULL;
}

struct client {
	struct sockaddr_in addr;
	uint32_t seed;
	int err;
};

/* Send a pattern of its own and want it back. */
static void *client_run(void *arg)
{
	static __thread char sent[BYTES], got[BYTES];
	struct client *client = arg;
	int fd = sock_new(0);
	size_t done;

	if (fd < 0 || sock_connect(fd, &client->addr)) {
		client->err = errno;
		return NULL;
	}
	sock_pattern(sent, BYTES, client->seed);
	for (done = 0; done < BYTES; done += 4000) {
		client->err = -sock_write_all(fd, sent + done, 4000);
		if (!client->err)
			client->err = -sock_read_all(fd, got + done, 4000);
		if (client->err)
			break;
	}
	if (!client->err && memcmp(sent, got, BYTES))
		client->err = EBADMSG;
	close(fd);
	return NULL;
}

TEST_F_TIMEOUT(thread, many_connections, LONG_SECONDS)
{
	struct client client[CONNECTIONS];
	struct server server[ACCEPTERS];
	pthread_t clients[CONNECTIONS];
	pthread_t servers[ACCEPTERS];
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, CONNECTIONS);
	int served = 0;
	int i;

	ASSERT_LE(0, listener);
	for (i = 0; i < ACCEPTERS; i++) {
		server[i] = (struct server) { .listener = listener };
		ASSERT_EQ(0, pthread_create(&servers[i], NULL, server_run,
					    &server[i]));
	}
	for (i = 0; i < CONNECTIONS; i++) {
		client[i] = (struct client) { .addr = addr, .seed = i + 1 };
		ASSERT_EQ(0, pthread_create(&clients[i], NULL, client_run,
					    &client[i]));
	}
	for (i = 0; i < CONNECTIONS; i++) {
		pthread_join(clients[i], NULL);
		EXPECT_EQ(0, client[i].err)
			TH_LOG("client %d", i);
	}
	ASSERT_EQ(0, shutdown(listener, SHUT_RDWR));
	for (i = 0; i < ACCEPTERS; i++) {
		pthread_join(servers[i], NULL);
		EXPECT_EQ(0, server[i].err);
		served += server[i].served;
	}
	EXPECT_EQ(CONNECTIONS, served);
	EXPECT_TRUE(sock_wait_gauge(TCP_ESTABLISHED, 0));
}

TEST_F(thread, many_open_at_once)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 2 * CONNECTIONS);
	int client[CONNECTIONS], server[CONNECTIONS];
	struct sockaddr_in peer;
	socklen_t len;
	int i, j;
	int port;

	ASSERT_LE(0, listener);
	for (i = 0; i < CONNECTIONS; i++) {
		client[i] = sock_new(SOCK_NONBLOCK);
		ASSERT_EQ(EINPROGRESS,
			  sock_errno(sock_connect(client[i], &addr)));
	}
	for (i = 0; i < CONNECTIONS; i++) {
		server[i] = accept(listener, NULL, NULL);
		ASSERT_LE(0, server[i]);
	}
	EXPECT_TRUE(sock_wait_gauge(TCP_ESTABLISHED, 2 * CONNECTIONS));
	/* Each end says its port, each other end must hear that one. */
	for (i = 0; i < CONNECTIONS; i++) {
		port = sock_port(client[i]);
		ASSERT_EQ((int)sizeof(port),
			  send(client[i], &port, sizeof(port), 0));
	}
	for (j = CONNECTIONS - 1; j >= 0; j--) {
		len = sizeof(peer);
		ASSERT_EQ(0, getpeername(server[j], (struct sockaddr *)&peer,
					 &len));
		ASSERT_EQ(0, sock_read_all(server[j], &port, sizeof(port)));
		EXPECT_EQ(ntohs(peer.sin_port), port);
	}
}

/* One call that waits, in a thread of its own. */
enum call { CALL_RECV, CALL_SEND, CALL_ACCEPT, CALL_POLL, CALL_EPOLL };

struct waiter {
	enum call call;
	int fd;
	pid_t tid;
	long result;
	int err;
};

static long waiter_call(struct waiter *waiter)
{
	static char chunk[4 << 20];
	struct pollfd pfd = { .fd = waiter->fd, .events = POLLIN };
	struct epoll_event event = { .events = EPOLLIN };
	char byte;
	int epoll;

	switch (waiter->call) {
	case CALL_RECV:
		return recv(waiter->fd, &byte, 1, 0);
	case CALL_SEND:
		return send(waiter->fd, chunk, sizeof(chunk), MSG_NOSIGNAL);
	case CALL_ACCEPT:
		return accept(waiter->fd, NULL, NULL);
	case CALL_POLL:
		return poll(&pfd, 1, SOCK_DEADLINE_MS);
	case CALL_EPOLL:
		epoll = epoll_create1(0);
		epoll_ctl(epoll, EPOLL_CTL_ADD, waiter->fd, &event);
		return epoll_wait(epoll, &event, 1, SOCK_DEADLINE_MS);
	}
	return -1;
}

static void *waiter_run(void *arg)
{
	struct waiter *waiter = arg;

	__atomic_store_n(&waiter->tid, gettid(), __ATOMIC_RELEASE);
	errno = 0;
	waiter->result = waiter_call(waiter);
	waiter->err = waiter->result < 0 ? errno : 0;
	return NULL;
}

/* Start it and see it asleep. */
static bool waiter_start(struct waiter *waiter, pthread_t *thread)
{
	if (pthread_create(thread, NULL, waiter_run, waiter))
		return false;
	return sock_until(__atomic_load_n(&waiter->tid, __ATOMIC_ACQUIRE)) &&
	       sock_waits(waiter->tid);
}

TEST_F(thread, shutdown_wakes_recv)
{
	struct waiter waiter = { .call = CALL_RECV };
	struct sock_pair pair;
	pthread_t thread;

	ASSERT_EQ(0, sock_pair(&pair));
	waiter.fd = pair.client;
	ASSERT_TRUE(waiter_start(&waiter, &thread));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_RD));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, waiter.result);
}

TEST_F(thread, shutdown_wakes_send)
{
	struct waiter waiter = { .call = CALL_SEND };
	struct sock_pair pair;
	pthread_t thread;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_LT(0, sock_fill(pair.client));
	waiter.fd = pair.client;
	ASSERT_TRUE(waiter_start(&waiter, &thread));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	pthread_join(thread, NULL);
	/* What it had taken counts; if nothing, the pipe is broken. */
	EXPECT_TRUE(waiter.result > 0 || waiter.err == EPIPE);
}

TEST_F(thread, the_peers_end_wakes_recv)
{
	struct waiter waiter = { .call = CALL_RECV };
	struct sock_pair pair;
	pthread_t thread;

	ASSERT_EQ(0, sock_pair(&pair));
	waiter.fd = pair.client;
	ASSERT_TRUE(waiter_start(&waiter, &thread));
	close(pair.server);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, waiter.result);
}

TEST_F(thread, a_reset_wakes_recv)
{
	struct linger now = { .l_onoff = 1 };
	struct waiter waiter = { .call = CALL_RECV };
	struct sock_pair pair;
	pthread_t thread;

	ASSERT_EQ(0, sock_pair(&pair));
	waiter.fd = pair.client;
	ASSERT_TRUE(waiter_start(&waiter, &thread));
	ASSERT_EQ(0, setsockopt(pair.server, SOL_SOCKET, SO_LINGER, &now,
				sizeof(now)));
	close(pair.server);
	pthread_join(thread, NULL);
	EXPECT_EQ(ECONNRESET, waiter.err);
}

TEST_F(thread, closed_while_in_recv)
{
	struct waiter waiter = { .call = CALL_RECV };
	struct sock_pair pair;
	pthread_t thread;

	/*
	 * The call in progress keeps the socket alive, so the close alone does
	 * not end the connection: the next byte still arrives.
	 */
	ASSERT_EQ(0, sock_pair(&pair));
	waiter.fd = pair.client;
	ASSERT_TRUE(waiter_start(&waiter, &thread));
	ASSERT_EQ(0, close(pair.client));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(pair.server));
	ASSERT_EQ(1, send(pair.server, "x", 1, 0));
	pthread_join(thread, NULL);
	EXPECT_EQ(1, waiter.result);
	/* Its end came with the call's return. */
	EXPECT_TRUE(sock_wait_state(pair.server, TCP_CLOSE_WAIT));
}

static void nothing(int sig)
{
	(void)sig;
}

/* Interrupt a waiting call without SA_RESTART; its errno. */
static int interrupted(enum call call, int fd)
{
	struct sigaction act = { .sa_handler = nothing };
	struct waiter waiter = { .call = call, .fd = fd };
	pthread_t thread;

	if (sigaction(SIGUSR1, &act, NULL) || !waiter_start(&waiter, &thread))
		return -1;
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
	return waiter.err;
}

TEST_F(thread, signals_interrupt)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(EINTR, interrupted(CALL_RECV, pair.client));
	EXPECT_EQ(EINTR, interrupted(CALL_ACCEPT, pair.listener));
	EXPECT_EQ(EINTR, interrupted(CALL_POLL, pair.client));
	EXPECT_EQ(EINTR, interrupted(CALL_EPOLL, pair.client));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(pair.client));
}

TEST_F(thread, a_signal_interrupts_send)
{
	struct sigaction act = { .sa_handler = nothing };
	struct waiter waiter = { .call = CALL_SEND };
	struct sock_pair pair;
	pthread_t thread;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sigaction(SIGUSR1, &act, NULL));
	waiter.fd = pair.client;
	ASSERT_TRUE(waiter_start(&waiter, &thread));
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
	/* A part was sent before: that is the result. */
	EXPECT_LT(0, waiter.result);
	EXPECT_GT(4 << 20, waiter.result);
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(pair.client));
}

TEST_F(thread, a_restarting_signal_does_not_show)
{
	struct sigaction act = {
		.sa_handler = nothing,
		.sa_flags = SA_RESTART,
	};
	struct waiter waiter = { .call = CALL_RECV };
	struct sock_pair pair;
	pthread_t thread;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sigaction(SIGUSR1, &act, NULL));
	waiter.fd = pair.client;
	ASSERT_TRUE(waiter_start(&waiter, &thread));
	pthread_kill(thread, SIGUSR1);
	ASSERT_EQ(1, send(pair.server, "x", 1, 0));
	pthread_join(thread, NULL);
	EXPECT_EQ(1, waiter.result);
}

struct again {
	struct sockaddr_in addr;
	int fd;
	int err;
	bool done;
};

/* Connect to who refuses, again and again: each time the connection is begun anew. */
static void *again_run(void *arg)
{
	struct again *again = arg;
	int i;

	for (i = 0; i < 5000 && !again->err; i++)
		if (!sock_connect(again->fd, &again->addr) || errno != ECONNREFUSED)
			again->err = errno ?: EISCONN;
	__atomic_store_n(&again->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* What nobody changes reads the same in the midst of it. */
TEST_F_TIMEOUT(thread, asked_while_it_begins_anew, LONG_SECONDS)
{
	struct again again = { .fd = sock_new(0) };
	char before[16] = "", name[16];
	pthread_t thread;
	socklen_t len;

	ASSERT_LE(0, again.fd);
	/* A port that is free again. */
	close(sock_listen(&again.addr, 1));
	len = sizeof(before);
	ASSERT_EQ(0, getsockopt(again.fd, IPPROTO_TCP, TCP_CONGESTION, before, &len));
	ASSERT_EQ(0, pthread_create(&thread, NULL, again_run, &again));
	while (!__atomic_load_n(&again.done, __ATOMIC_ACQUIRE)) {
		memset(name, 0, sizeof(name));
		len = sizeof(name);
		ASSERT_EQ(0, getsockopt(again.fd, IPPROTO_TCP, TCP_CONGESTION, name, &len));
		ASSERT_STREQ(before, name);
	}
	pthread_join(thread, NULL);
	EXPECT_EQ(0, again.err);
}

struct stream {
	int fd;
	char mark;
	int err;
};

/* Write 1000 whole records; send() of small ones must not tear them. */
static void *stream_run(void *arg)
{
	struct stream *stream = arg;
	char record[64];
	int i;

	memset(record, stream->mark, sizeof(record));
	for (i = 0; i < 500 && !stream->err; i++)
		stream->err = sock_write_all(stream->fd, record,
					     sizeof(record));
	return NULL;
}

TEST_F_TIMEOUT(thread, writers_do_not_tear, LONG_SECONDS)
{
	struct stream stream[4];
	struct sock_pair pair;
	pthread_t thread[4];
	int seen[4] = { 0 };
	char record[64];
	int i, j;

	ASSERT_EQ(0, sock_pair(&pair));
	/* Who has to wait for room in the middle of a record lets others in, as in-tree. */
	ASSERT_EQ(0, sock_set(pair.client, SOL_SOCKET, SO_SNDBUF, 1 << 20));
	for (i = 0; i < 4; i++) {
		stream[i] = (struct stream) { pair.client, 'a' + i, 0 };
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, stream_run,
					    &stream[i]));
	}
	for (i = 0; i < 2000; i++) {
		ASSERT_EQ(0, sock_read_all(pair.server, record,
					   sizeof(record)));
		for (j = 1; j < 64; j++)
			ASSERT_EQ(record[0], record[j]);
		ASSERT_TRUE(record[0] >= 'a' && record[0] <= 'd');
		seen[record[0] - 'a']++;
	}
	for (i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		EXPECT_EQ(0, stream[i].err);
		EXPECT_EQ(500, seen[i]);
	}
}

TEST_F(thread, inherited_by_a_child)
{
	struct sock_pair pair;
	char byte = 0;
	int status;
	pid_t pid;

	ASSERT_EQ(0, sock_pair(&pair));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(send(pair.client, "x", 1, 0) == 1 ? 0 : 1);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	/* The child's exit closes a copy, not the connection. */
	EXPECT_EQ(1, recv(pair.server, &byte, 1, 0));
	EXPECT_EQ('x', byte);
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(pair.client));
	EXPECT_EQ(0, sock_events(pair.server, POLLIN | POLLRDHUP));
}

TEST_F(thread, a_child_accepts)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int client = sock_new(0);
	char byte = 0;
	int status;
	pid_t pid;
	int fd;

	ASSERT_LE(0, listener);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		fd = accept(listener, NULL, NULL);
		_exit(fd >= 0 && send(fd, "x", 1, 0) == 1 ? 0 : 1);
	}
	ASSERT_EQ(0, sock_connect(client, &addr));
	EXPECT_EQ(1, recv(client, &byte, 1, 0));
	EXPECT_EQ(0, recv(client, &byte, 1, 0));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(thread, killed_process_closes)
{
	struct sock_pair pair;
	char byte;
	pid_t pid;

	ASSERT_EQ(0, sock_pair(&pair));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		close(pair.server);
		for (;;)
			pause();
	}
	close(pair.client);
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(pair.server));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_EQ(0, recv(pair.server, &byte, 1, 0));
	EXPECT_TRUE(sock_wait_state(pair.server, TCP_CLOSE_WAIT));
}

/* This thread runs on the first CPU that it may, at once where it goes first. */
static int on_one_cpu(bool first)
{
	struct sched_param param = { .sched_priority = first };
	cpu_set_t all, one;
	int cpu = 0;

	if (sched_getaffinity(0, sizeof(all), &all))
		return -errno;
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) ||
	    (first && sched_setscheduler(0, SCHED_FIFO, &param)))
		return -errno;
	return 0;
}

struct one_read {
	int fd, flags;
	bool first;
	pid_t tid;
	int err;
	long got;
	char text[8];
};

static void *read_once(void *arg)
{
	struct one_read *r = arg;

	r->err = on_one_cpu(r->first);
	__atomic_store_n(&r->tid, gettid(), __ATOMIC_RELEASE);
	if (!r->err)
		r->got = recv(r->fd, r->text, 5, r->flags);
	return NULL;
}

/*
 * One waits to read, one to look. Both are woken by the same text, on a CPU where the
 * reader goes first: who looks must not see what is gone.
 */
TEST_F(thread, peek_does_not_see_what_another_has_read)
{
	struct one_read read = { .flags = 0, .first = true }, peek = { .flags = MSG_PEEK };
	pthread_t reader, peeker;
	struct sock_pair pair;
	char text[5];

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, on_one_cpu(false));
	read.fd = pair.server;
	peek.fd = pair.server;
	ASSERT_EQ(0, pthread_create(&reader, NULL, read_once, &read));
	ASSERT_EQ(0, pthread_create(&peeker, NULL, read_once, &peek));
	ASSERT_TRUE(sock_until(__atomic_load_n(&read.tid, __ATOMIC_ACQUIRE) &&
			       __atomic_load_n(&peek.tid, __ATOMIC_ACQUIRE)));
	if (read.err)
		SKIP(return, "no SCHED_FIFO here");
	ASSERT_EQ(0, peek.err);
	ASSERT_TRUE(sock_waits(read.tid));
	ASSERT_TRUE(sock_waits(peek.tid));
	ASSERT_EQ(5, send(pair.client, "first", 5, 0));
	ASSERT_EQ(0, pthread_join(reader, NULL));
	ASSERT_EQ(5, read.got);
	EXPECT_EQ(0, memcmp(read.text, "first", 5));
	/* It waits on, until there is text again. */
	ASSERT_EQ(5, send(pair.client, "other", 5, 0));
	ASSERT_EQ(0, pthread_join(peeker, NULL));
	ASSERT_EQ(5, peek.got);
	EXPECT_EQ(0, memcmp(peek.text, "other", 5));
	/* And what it has seen is there. */
	ASSERT_EQ(5, recv(pair.server, text, 5, 0));
	EXPECT_EQ(0, memcmp(text, "other", 5));
}

TEST_F(thread, passed_over_a_unix_socket)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	char byte = 'c';
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	struct sock_pair pair;
	int local[2];
	int fd;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, local));
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &pair.client, sizeof(int));
	ASSERT_EQ(1, sendmsg(local[0], &msg, 0));
	close(pair.client);
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(pair.server));
	ASSERT_EQ(1, recvmsg(local[1], &msg, 0));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	EXPECT_EQ(1, send(fd, "x", 1, 0));
	EXPECT_EQ(1, recv(pair.server, &byte, 1, 0));
	EXPECT_EQ('x', byte);
}

TEST_HARNESS_MAIN

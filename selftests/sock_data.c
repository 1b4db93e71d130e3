// SPDX-License-Identifier: GPL-2.0
/*
 * What is written at one end is read at the other, whole and in order, through
 * every call that moves bytes; and a call that cannot says so.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/io_uring.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "lib/sock.h"
#include "kselftest_harness.h"

#define STREAM_BYTES	(3u << 20)
#define STREAM_SECONDS	120

SOCK_FIXTURE(data);

/* A page that may be touched, followed by one that may not. */
static char *edge_of_memory(void)
{
	long page = sysconf(_SC_PAGESIZE);
	char *map;

	map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED || mprotect(map + page, page, PROT_NONE))
		return NULL;
	return map + page;
}

/* What FIONREAD, SIOCOUTQ or SIOCOUTQNSD counts, or -1. */
static int queued(int fd, unsigned long request)
{
	int bytes = -1;

	return ioctl(fd, request, &bytes) ? -1 : bytes;
}

/* One direction of a stream: its length and a sum over every byte. */
struct flow {
	int fd;
	uint32_t seed;
	size_t bytes;
	uint64_t sum;
	int err;
};

static uint64_t sum_over(uint64_t sum, const uint8_t *buf, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		sum = (sum ^ buf[i]) * 0x100000001b3ull;
	return sum;
}

static void *flow_write(void *arg)
{
	static __thread uint8_t buf[100000];
	struct flow *flow = arg;
	size_t done = 0;
	size_t len;

	while (done < flow->bytes && !flow->err) {
		/* Mostly small, now and then more than a send buffer. */
		len = sock_random(&flow->seed) %
		      (sock_random(&flow->seed) % 4 ? 3000 : sizeof(buf)) + 1;
		if (len > flow->bytes - done)
			len = flow->bytes - done;
		sock_pattern(buf, len, done);
		flow->sum = sum_over(flow->sum, buf, len);
		flow->err = sock_write_all(flow->fd, buf, len);
		done += len;
	}
	if (!flow->err && shutdown(flow->fd, SHUT_WR))
		flow->err = -errno;
	return NULL;
}

static void *flow_read(void *arg)
{
	static __thread uint8_t buf[100000];
	struct flow *flow = arg;
	ssize_t done;
	size_t len;

	flow->bytes = 0;
	do {
		len = sock_random(&flow->seed) %
		      (sock_random(&flow->seed) % 4 ? 5000 : sizeof(buf)) + 1;
		done = recv(flow->fd, buf, len, 0);
		if (done < 0)
			flow->err = -errno;
		if (done <= 0)
			break;
		flow->sum = sum_over(flow->sum, buf, done);
		flow->bytes += done;
	} while (1);
	return NULL;
}

TEST_F_TIMEOUT(data, stream_both_ways, STREAM_SECONDS)
{
	struct flow flow[4] = {
		{ .seed = 1, .bytes = STREAM_BYTES },
		{ .seed = 2 },
		{ .seed = 3, .bytes = STREAM_BYTES + 12345 },
		{ .seed = 4 },
	};
	pthread_t thread[4];
	struct sock_pair pair;
	int i;

	ASSERT_EQ(0, sock_pair(&pair));
	flow[0].fd = pair.client;
	flow[1].fd = pair.server;
	flow[2].fd = pair.server;
	flow[3].fd = pair.client;
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL,
					    i % 2 ? flow_read : flow_write,
					    &flow[i]));
	for (i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		EXPECT_EQ(0, flow[i].err);
	}
	EXPECT_EQ(STREAM_BYTES, flow[1].bytes);
	EXPECT_EQ(STREAM_BYTES + 12345, flow[3].bytes);
	EXPECT_EQ(flow[0].sum, flow[1].sum);
	EXPECT_EQ(flow[2].sum, flow[3].sum);
}

TEST_F_TIMEOUT(data, stream_into_a_small_buffer, STREAM_SECONDS)
{
	struct flow out = { .seed = 5, .bytes = 300000 };
	struct flow in = { .seed = 6 };
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	pthread_t thread;

	/* The buffers are set before the handshake, as a program would. */
	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_set(listener, SOL_SOCKET, SO_RCVBUF, 4096));
	out.fd = sock_new(0);
	ASSERT_EQ(0, sock_set(out.fd, SOL_SOCKET, SO_SNDBUF, 4096));
	ASSERT_EQ(0, sock_connect(out.fd, &addr));
	in.fd = accept(listener, NULL, NULL);
	ASSERT_LE(0, in.fd);
	ASSERT_EQ(0, pthread_create(&thread, NULL, flow_write, &out));
	flow_read(&in);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, out.err);
	EXPECT_EQ(0, in.err);
	EXPECT_EQ(300000u, in.bytes);
	EXPECT_EQ(out.sum, in.sum);
}

TEST_F(data, one_byte_at_a_time)
{
	struct sock_pair pair;
	char sent[500], got[500];
	int i;

	ASSERT_EQ(0, sock_pair(&pair));
	sock_pattern(sent, sizeof(sent), 9);
	for (i = 0; i < 500; i++)
		ASSERT_EQ(1, send(pair.client, sent + i, 1, 0));
	ASSERT_EQ(0, sock_read_all(pair.server, got, sizeof(got)));
	EXPECT_EQ(0, memcmp(sent, got, sizeof(got)));
}

TEST_F(data, ping_pong)
{
	struct sock_pair pair;
	uint32_t i, seen;

	ASSERT_EQ(0, sock_pair(&pair));
	for (i = 0; i < 200; i++) {
		ASSERT_EQ(0, sock_write_all(pair.client, &i, sizeof(i)));
		ASSERT_EQ(0, sock_read_all(pair.server, &seen, sizeof(seen)));
		ASSERT_EQ(i, seen);
		ASSERT_EQ(0, sock_write_all(pair.server, &seen, sizeof(seen)));
		ASSERT_EQ(0, sock_read_all(pair.client, &seen, sizeof(seen)));
		ASSERT_EQ(i, seen);
	}
}

TEST_F(data, peek)
{
	struct sock_pair pair;
	char buf[16];

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(6, send(pair.client, "abcdef", 6, 0));
	ASSERT_TRUE(sock_wait(pair.server, POLLIN));
	EXPECT_EQ(6, recv(pair.server, buf, sizeof(buf), MSG_PEEK));
	EXPECT_EQ(0, memcmp(buf, "abcdef", 6));
	EXPECT_EQ(2, recv(pair.server, buf, 2, MSG_PEEK));
	EXPECT_EQ(2, recv(pair.server, buf, 2, 0));
	EXPECT_EQ(0, memcmp(buf, "ab", 2));
	EXPECT_EQ(4, recv(pair.server, buf, sizeof(buf), MSG_PEEK));
	EXPECT_EQ(0, memcmp(buf, "cdef", 4));
	EXPECT_EQ(4, recv(pair.server, buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf, "cdef", 4));
	EXPECT_EQ(EAGAIN, sock_errno(recv(pair.server, buf, 1,
					  MSG_PEEK | MSG_DONTWAIT)));
}

TEST_F(data, peek_at_the_end)
{
	struct sock_pair pair;
	char buf[4];

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	EXPECT_EQ(0, recv(pair.server, buf, sizeof(buf), MSG_PEEK));
	EXPECT_EQ(0, recv(pair.server, buf, sizeof(buf), 0));
}

static void *late_half(void *arg)
{
	int fd = *(int *)arg;

	send(fd, "world", 5, 0);
	return NULL;
}

TEST_F(data, wait_for_all)
{
	struct sock_pair pair;
	pthread_t thread;
	char buf[10];

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(5, send(pair.client, "hello", 5, 0));
	ASSERT_TRUE(sock_wait(pair.server, POLLIN));
	ASSERT_EQ(0, pthread_create(&thread, NULL, late_half, &pair.client));
	EXPECT_EQ(10, recv(pair.server, buf, 10, MSG_WAITALL));
	EXPECT_EQ(0, memcmp(buf, "helloworld", 10));
	pthread_join(thread, NULL);
}

struct writer {
	int fd;
	const char *text;
	size_t len;
	int err;
};

static void *writer_run(void *arg)
{
	struct writer *writer = arg;

	writer->err = sock_write_all(writer->fd, writer->text, writer->len);
	return NULL;
}

/* One read of more than the buffer takes, which asks when the last segment came. */
TEST_F(data, wait_for_all_with_timestamps)
{
	static char text[300000], got[300000];
	struct writer writer = { .text = text, .len = sizeof(text) };
	long before = sock_statistic("WindowProbes");
	struct sock_pair pair;
	pthread_t thread;
	int unread;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.server, SOL_SOCKET, SO_RCVBUF, 65536));
	ASSERT_EQ(0, sock_set(pair.server, SOL_SOCKET, SO_TIMESTAMP, 1));
	sock_pattern(text, sizeof(text), 3);
	writer.fd = pair.client;
	ASSERT_EQ(0, pthread_create(&thread, NULL, writer_run, &writer));
	/* Until the window is shut, and probed. */
	ASSERT_TRUE(sock_until(!ioctl(pair.server, FIONREAD, &unread) && unread >= 65000 &&
			       (sock_is_intree() ||
				sock_statistic("WindowProbes") > before)));
	ASSERT_EQ((ssize_t)sizeof(got), recv(pair.server, got, sizeof(got), MSG_WAITALL));
	EXPECT_EQ(0, memcmp(text, got, sizeof(got)));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, writer.err);
}

TEST_F(data, wait_for_all_ends_with_the_stream)
{
	struct sock_pair pair;
	char buf[10];

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(5, send(pair.client, "hello", 5, 0));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	EXPECT_EQ(5, recv(pair.server, buf, 10, MSG_WAITALL));
	EXPECT_EQ(0, recv(pair.server, buf, 10, MSG_WAITALL));
}

TEST_F(data, do_not_wait)
{
	struct sock_pair pair;
	char buf[10];

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(EAGAIN, sock_errno(recv(pair.server, buf, 1, MSG_DONTWAIT)));
	ASSERT_EQ(3, send(pair.client, "abc", 3, MSG_DONTWAIT));
	ASSERT_TRUE(sock_wait(pair.server, POLLIN));
	EXPECT_EQ(3, recv(pair.server, buf, 10, MSG_DONTWAIT));
	ASSERT_EQ(0, sock_nonblock(pair.server));
	EXPECT_EQ(EAGAIN, sock_errno(recv(pair.server, buf, 1, 0)));
}

TEST_F(data, truncate_discards)
{
	struct sock_pair pair;
	char buf[8] = "-------";

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(6, send(pair.client, "abcdef", 6, 0));
	ASSERT_TRUE(sock_wait(pair.server, POLLIN));
	EXPECT_EQ(4, recv(pair.server, buf, 4, MSG_TRUNC));
	EXPECT_EQ(0, memcmp(buf, "-------", 7));
	EXPECT_EQ(2, recv(pair.server, buf, 8, 0));
	EXPECT_EQ(0, memcmp(buf, "ef-", 3));
}

TEST_F(data, truncate_without_a_buffer)
{
	struct sock_pair pair;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(6, send(pair.client, "abcdef", 6, 0));
	ASSERT_TRUE(sock_wait(pair.server, POLLIN));
	EXPECT_EQ(5, recv(pair.server, NULL, 5, MSG_TRUNC));
	EXPECT_EQ(1, recv(pair.server, &byte, 1, 0));
	EXPECT_EQ('f', byte);
}

static volatile sig_atomic_t pipes;

static void count_pipe(int sig)
{
	(void)sig;
	pipes++;
}

TEST_F(data, broken_pipe)
{
	struct sigaction act = { .sa_handler = count_pipe };
	struct sock_pair pair;

	ASSERT_EQ(0, sigaction(SIGPIPE, &act, NULL));
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	EXPECT_EQ(EPIPE, sock_errno(send(pair.client, "x", 1, MSG_NOSIGNAL)));
	EXPECT_EQ(0, pipes);
	EXPECT_EQ(EPIPE, sock_errno(send(pair.client, "x", 1, 0)));
	EXPECT_EQ(1, pipes);
	EXPECT_EQ(EPIPE, sock_errno(write(pair.client, "x", 1)));
	EXPECT_EQ(2, pipes);
}

TEST_F(data, reset_then_broken_pipe)
{
	struct linger now = { .l_onoff = 1 };
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, setsockopt(pair.server, SOL_SOCKET, SO_LINGER, &now,
				sizeof(now)));
	close(pair.server);
	ASSERT_TRUE(sock_wait(pair.client, POLLERR));
	/* The reset is told once, as the error of a write too. */
	EXPECT_EQ(ECONNRESET,
		  sock_errno(send(pair.client, "x", 1, MSG_NOSIGNAL)));
	EXPECT_EQ(EPIPE, sock_errno(send(pair.client, "x", 1, MSG_NOSIGNAL)));
}

TEST_F(data, vectors)
{
	char a[3], b[4], c[5];
	struct iovec out[] = {
		{ (char *)"", 0 }, { (char *)"ab", 2 }, { NULL, 0 },
		{ (char *)"cdefg", 5 }, { (char *)"hijkl", 5 }, { NULL, 0 },
	};
	struct iovec in[] = {
		{ NULL, 0 }, { a, 3 }, { b, 4 }, { NULL, 0 }, { c, 5 },
	};
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(12, writev(pair.client, out, 6));
	EXPECT_TRUE(sock_until(queued(pair.server, FIONREAD) == 12));
	EXPECT_EQ(12, readv(pair.server, in, 5));
	EXPECT_EQ(0, memcmp(a, "abc", 3));
	EXPECT_EQ(0, memcmp(b, "defg", 4));
	EXPECT_EQ(0, memcmp(c, "hijkl", 5));
}

TEST_F(data, messages)
{
	char a[3], b[64];
	struct iovec out[] = { { (char *)"ab", 2 }, { (char *)"cdefg", 5 } };
	struct iovec in[] = { { a, 3 }, { b, sizeof(b) } };
	struct sockaddr_in name = { .sin_port = 0x5555 };
	struct msghdr msg = { .msg_iov = out, .msg_iovlen = 2 };
	char control[64];
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(7, sendmsg(pair.client, &msg, 0));
	ASSERT_TRUE(sock_wait(pair.server, POLLIN));

	msg = (struct msghdr) {
		.msg_name = &name,
		.msg_namelen = sizeof(name),
		.msg_iov = in,
		.msg_iovlen = 2,
		.msg_control = control,
		.msg_controllen = sizeof(control),
		.msg_flags = -1,
	};
	EXPECT_EQ(7, recvmsg(pair.server, &msg, 0));
	EXPECT_EQ(0, memcmp(a, "abc", 3));
	EXPECT_EQ(0, memcmp(b, "defg", 4));
	/* A stream names no sender. */
	EXPECT_EQ(0u, msg.msg_namelen);
	EXPECT_EQ(0x5555, name.sin_port);
	EXPECT_EQ(0u, msg.msg_controllen);
	EXPECT_EQ(0, msg.msg_flags);
}

TEST_F(data, receive_from_names_nobody)
{
	struct sockaddr_in name = { .sin_port = 0x5555 };
	socklen_t len = sizeof(name);
	struct sock_pair pair;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(1, send(pair.client, "x", 1, 0));
	EXPECT_EQ(1, recvfrom(pair.server, &byte, 1, 0,
			      (struct sockaddr *)&name, &len));
	EXPECT_EQ(0u, len);
	EXPECT_EQ(0x5555, name.sin_port);
}

TEST_F(data, many_messages)
{
	struct iovec iov[4][2];
	struct mmsghdr msgs[4];
	struct sock_pair pair;
	char got[24];
	int i;

	ASSERT_EQ(0, sock_pair(&pair));
	memset(msgs, 0, sizeof(msgs));
	for (i = 0; i < 4; i++) {
		iov[i][0] = (struct iovec) { (char *)"abc", 3 };
		iov[i][1] = (struct iovec) { (char *)"def", 3 };
		msgs[i].msg_hdr.msg_iov = iov[i];
		msgs[i].msg_hdr.msg_iovlen = 2;
	}
	EXPECT_EQ(4, sendmmsg(pair.client, msgs, 4, 0));
	ASSERT_EQ(0, sock_read_all(pair.server, got, 24));
	EXPECT_EQ(0, memcmp(got, "abcdefabcdefabcdefabcdef", 24));
}

TEST_F(data, nothing)
{
	struct sock_pair pair;
	char byte = 'x';

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(0, send(pair.client, &byte, 0, 0));
	EXPECT_EQ(0, write(pair.client, &byte, 0));
	EXPECT_EQ(EAGAIN, sock_errno(recv(pair.server, &byte, 0,
					  MSG_DONTWAIT)));
	EXPECT_EQ(0, sock_events(pair.server, POLLIN));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(pair.client));
}

TEST_F(data, bad_pointer)
{
	struct iovec bad = { (char *)8, 4 };
	struct msghdr msg = { .msg_iov = &bad, .msg_iovlen = 1 };
	struct sock_pair pair;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(EFAULT, sock_errno(send(pair.client, (char *)8, 4, 0)));
	EXPECT_EQ(EFAULT, sock_errno(writev(pair.client, &bad, 1)));
	EXPECT_EQ(EFAULT, sock_errno(sendmsg(pair.client, &msg, 0)));
	EXPECT_EQ(0, sock_events(pair.server, POLLIN));
	ASSERT_EQ(1, send(pair.client, "x", 1, 0));
	ASSERT_TRUE(sock_wait(pair.server, POLLIN));
	EXPECT_EQ(EFAULT, sock_errno(recv(pair.server, (char *)8, 4, 0)));
	EXPECT_EQ(EFAULT, sock_errno(recvmsg(pair.server, &msg, 0)));
	/* What could not be delivered is still there. */
	EXPECT_EQ(1, recv(pair.server, &byte, 1, MSG_DONTWAIT));
	EXPECT_EQ('x', byte);
}

TEST_F(data, partly_bad_pointer)
{
	char *edge = edge_of_memory();
	struct iovec iov[2] = { { (char *)"abcdef", 6 }, { (char *)8, 4 } };
	struct sock_pair pair;
	char buf[64];
	ssize_t done;

	ASSERT_NE(NULL, edge);
	ASSERT_EQ(0, sock_pair(&pair));
	memset(edge - 10, 'y', 10);

	/* What was copied before the fault may be sent; nothing else may. */
	done = send(pair.client, edge - 10, 20, 0);
	EXPECT_TRUE(done == 10 || (done == -1 && errno == EFAULT));
	if (done == 10) {
		ASSERT_EQ(0, sock_read_all(pair.server, buf, 10));
		EXPECT_EQ(0, memcmp(buf, "yyyyyyyyyy", 10));
	}
	done = writev(pair.client, iov, 2);
	EXPECT_TRUE(done == 6 || (done == -1 && errno == EFAULT));
	if (done == 6) {
		ASSERT_EQ(0, sock_read_all(pair.server, buf, 6));
		EXPECT_EQ(0, memcmp(buf, "abcdef", 6));
	}
	EXPECT_EQ(EAGAIN, sock_errno(recv(pair.server, buf, 1, MSG_DONTWAIT)));

	/* And the stream goes on unharmed. */
	ASSERT_EQ(3, send(pair.client, "end", 3, 0));
	ASSERT_EQ(0, sock_read_all(pair.server, buf, 3));
	EXPECT_EQ(0, memcmp(buf, "end", 3));
}

TEST_F(data, partly_bad_pointer_to_read)
{
	char *edge = edge_of_memory();
	struct sock_pair pair;
	char buf[64];
	ssize_t done;
	int left = 20;

	ASSERT_NE(NULL, edge);
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(20, send(pair.client, "abcdefghijklmnopqrst", 20, 0));
	ASSERT_TRUE(sock_wait(pair.server, POLLIN));
	done = recv(pair.server, edge - 10, 20, 0);
	EXPECT_TRUE(done == 10 || (done == -1 && errno == EFAULT));
	if (done > 0)
		left -= done;
	ASSERT_EQ(left, recv(pair.server, buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_EQ(0, memcmp(buf, "abcdefghijklmnopqrst" + 20 - left, left));
}

TEST_F(data, bytes_to_read)
{
	struct sock_pair pair;
	char buf[8];

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(0, queued(pair.server, FIONREAD));
	ASSERT_EQ(6, send(pair.client, "abcdef", 6, 0));
	EXPECT_TRUE(sock_until(queued(pair.server, FIONREAD) == 6));
	ASSERT_EQ(4, recv(pair.server, buf, 4, 0));
	EXPECT_EQ(2, queued(pair.server, FIONREAD));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	ASSERT_TRUE(sock_wait(pair.server, POLLRDHUP));
	/* The FIN takes a sequence number but is no byte. */
	EXPECT_EQ(2, queued(pair.server, FIONREAD));
	ASSERT_EQ(2, recv(pair.server, buf, 4, 0));
	EXPECT_EQ(0, queued(pair.server, FIONREAD));
	EXPECT_EQ(EINVAL, sock_errno(ioctl(pair.listener, FIONREAD, buf)));
}

TEST_F(data, bytes_not_acknowledged)
{
	struct sock_pair pair;
	long sent, got = 0;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(0, queued(pair.client, SIOCOUTQ));
	sent = sock_fill(pair.client);
	ASSERT_LT(0, sent);
	EXPECT_LT(0, queued(pair.client, SIOCOUTQ));
	EXPECT_LT(0, queued(pair.client, SIOCOUTQNSD));
	/* Each byte is at one of two places: acknowledged means received. */
	EXPECT_TRUE(sock_until(queued(pair.client, SIOCOUTQ) +
			       queued(pair.server, FIONREAD) == sent));
	EXPECT_TRUE(sock_until((got += sock_drain(pair.server)) == sent));
	EXPECT_TRUE(sock_until(!queued(pair.client, SIOCOUTQ)));
	EXPECT_EQ(0, queued(pair.client, SIOCOUTQNSD));
	EXPECT_EQ(EINVAL, sock_errno(ioctl(pair.listener, SIOCOUTQ, &sent)));
}

TEST_F(data, unknown_ioctl)
{
	struct sock_pair pair;
	char buf[256] = { 0 };

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(ENOTTY, sock_errno(ioctl(pair.client, 0x5555, buf)));
	EXPECT_EQ(EFAULT, sock_errno(ioctl(pair.client, FIONREAD, 8)));
}

struct polled {
	int fd;
	pid_t tid;
	char text[5];
	long got;
};

static void *read_polled(void *arg)
{
	struct polled *p = arg;

	__atomic_store_n(&p->tid, gettid(), __ATOMIC_RELEASE);
	p->got = recv(p->fd, p->text, sizeof(p->text), MSG_WAITALL);
	return NULL;
}

TEST_F(data, busy_polling)
{
	struct polled polled = {};
	struct sock_pair pair;
	pthread_t thread;
	char byte;

	/* SO_BUSY_POLL: a reader asks the device itself, and gets the same. */
	ASSERT_EQ(0, sock_pair(&pair));
	if (sock_errno(sock_set(pair.server, SOL_SOCKET, SO_BUSY_POLL, 50)) == ENOPROTOOPT)
		SKIP(return, "a kernel without CONFIG_NET_RX_BUSY_POLL");
	ASSERT_EQ(50, sock_get(pair.server, SOL_SOCKET, SO_BUSY_POLL));
	EXPECT_EQ(EAGAIN, sock_errno(recv(pair.server, &byte, 1, MSG_DONTWAIT)));
	polled.fd = pair.server;
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_polled, &polled));
	ASSERT_TRUE(sock_until(__atomic_load_n(&polled.tid, __ATOMIC_ACQUIRE)));
	ASSERT_TRUE(sock_waits(polled.tid));
	ASSERT_EQ(2, send(pair.client, "he", 2, 0));
	ASSERT_EQ(3, send(pair.client, "llo", 3, 0));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(5, polled.got);
	EXPECT_EQ(0, memcmp(polled.text, "hello", 5));
	ASSERT_EQ(0, sock_timeout(pair.server, SO_RCVTIMEO, 50));
	EXPECT_EQ(EAGAIN, sock_errno(recv(pair.server, &byte, 1, 0)));
	close(pair.client);
	EXPECT_EQ(0, recv(pair.server, &byte, 1, 0));
}

/* A ring of io_uring(7), as much of it as one call at a time needs. */
struct ring {
	int fd;
	struct io_uring_params params;
	char *sq, *cq;
	struct io_uring_sqe *entries;
};

static void *map_ring(const struct ring *r, size_t size, off_t what)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, what);
}

static int ring_open(struct ring *r)
{
	struct io_uring_params *p = &r->params;

	memset(r, 0, sizeof(*r));
	r->fd = syscall(SYS_io_uring_setup, 1, p);
	if (r->fd < 0)
		return -errno;
	r->sq = map_ring(r, p->sq_off.array + p->sq_entries * sizeof(__u32), IORING_OFF_SQ_RING);
	r->cq = map_ring(r, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe),
			 IORING_OFF_CQ_RING);
	r->entries = map_ring(r, p->sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	if (r->sq == MAP_FAILED || r->cq == MAP_FAILED || (void *)r->entries == MAP_FAILED)
		return -ENOMEM;
	return 0;
}

/* recv(2) by the ring: its result, and the flags that came with it. */
static int ring_recv(struct ring *r, int fd, void *buf, int len, unsigned int *flags)
{
	unsigned int *tail = (unsigned int *)(r->sq + r->params.sq_off.tail);
	unsigned int *head = (unsigned int *)(r->cq + r->params.cq_off.head);
	struct io_uring_cqe *result;

	r->entries[0] = (struct io_uring_sqe){
		.opcode = IORING_OP_RECV, .fd = fd, .addr = (unsigned long)buf, .len = len,
	};
	((unsigned int *)(r->sq + r->params.sq_off.array))[*tail & (r->params.sq_entries - 1)] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -errno;
	result = (struct io_uring_cqe *)(r->cq + r->params.cq_off.cqes) +
		 (*head & (r->params.cq_entries - 1));
	*flags = result->flags;
	len = result->res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return len;
}

TEST_F(data, io_uring_tells_what_is_left)
{
	struct sock_pair pair;
	unsigned int flags;
	struct ring ring;
	char buf[10];
	int err, n;

	err = ring_open(&ring);
	if (err == -ENOSYS || err == -EPERM)
		SKIP(return, "a kernel without io_uring");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(10, send(pair.client, "1234567890", 10, 0));
	ASSERT_TRUE(sock_until(!ioctl(pair.server, FIONREAD, &n) && n == 10));
	ASSERT_EQ(4, ring_recv(&ring, pair.server, buf, 4, &flags));
	EXPECT_EQ(0, memcmp(buf, "1234", 4));
	EXPECT_TRUE(flags & IORING_CQE_F_SOCK_NONEMPTY);
	ASSERT_EQ(6, ring_recv(&ring, pair.server, buf, 6, &flags));
	EXPECT_EQ(0, memcmp(buf, "567890", 6));
	EXPECT_FALSE(flags & IORING_CQE_F_SOCK_NONEMPTY);
	/* At the end a read is worth a try. */
	ASSERT_EQ(1, send(pair.client, "x", 1, 0));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	ASSERT_TRUE(sock_wait_state(pair.server, TCP_CLOSE_WAIT));
	ASSERT_EQ(1, ring_recv(&ring, pair.server, buf, 10, &flags));
	EXPECT_TRUE(flags & IORING_CQE_F_SOCK_NONEMPTY);
	ASSERT_EQ(0, ring_recv(&ring, pair.server, buf, 10, &flags));
	close(ring.fd);
}

TEST_F(data, receive_timeout)
{
	long long start = sock_ms();
	struct sock_pair pair;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_timeout(pair.server, SO_RCVTIMEO, 100));
	EXPECT_EQ(EAGAIN, sock_errno(recv(pair.server, &byte, 1, 0)));
	EXPECT_LE(90, sock_ms() - start);
}

TEST_F(data, receive_timeout_with_a_part)
{
	struct sock_pair pair;
	char buf[8];

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_timeout(pair.server, SO_RCVTIMEO, 200));
	ASSERT_EQ(3, send(pair.client, "abc", 3, 0));
	ASSERT_TRUE(sock_wait(pair.server, POLLIN));
	EXPECT_EQ(3, recv(pair.server, buf, 8, MSG_WAITALL));
}

TEST_F(data, send_timeout)
{
	char chunk[16384] = { 0 };
	struct sock_pair pair;
	ssize_t done;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_LT(0, sock_fill(pair.client));
	ASSERT_EQ(0, sock_timeout(pair.client, SO_SNDTIMEO, 200));
	do {
		done = send(pair.client, chunk, sizeof(chunk), 0);
	} while (done > 0);
	EXPECT_EQ(-1, done);
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(pair.client));
}

TEST_F(data, buffer_sizes)
{
	int fd = sock_new(0);
	int before = sock_get(fd, SOL_SOCKET, SO_SNDBUF);

	EXPECT_LT(4096, before);
	ASSERT_EQ(0, sock_set(fd, SOL_SOCKET, SO_SNDBUF, 30000));
	EXPECT_EQ(60000, sock_get(fd, SOL_SOCKET, SO_SNDBUF));
	ASSERT_EQ(0, sock_set(fd, SOL_SOCKET, SO_RCVBUF, 30000));
	EXPECT_EQ(60000, sock_get(fd, SOL_SOCKET, SO_RCVBUF));
	/* A silly size becomes the least that works. */
	ASSERT_EQ(0, sock_set(fd, SOL_SOCKET, SO_SNDBUF, 1));
	EXPECT_LT(2048, sock_get(fd, SOL_SOCKET, SO_SNDBUF));
	ASSERT_EQ(0, sock_set(fd, SOL_SOCKET, SO_RCVBUF, 1));
	EXPECT_LE(2048, sock_get(fd, SOL_SOCKET, SO_RCVBUF));
}

TEST_F(data, full_then_room)
{
	struct sock_pair pair;
	long sent, got = 0;

	ASSERT_EQ(0, sock_pair(&pair));
	sent = sock_fill(pair.client);
	ASSERT_LT(0, sent);
	EXPECT_EQ(0, sock_events(pair.client, POLLOUT));
	EXPECT_EQ(EAGAIN, sock_errno(send(pair.client, "x", 1, MSG_DONTWAIT)));
	EXPECT_TRUE(sock_until((got += sock_drain(pair.server)) == sent));
	ASSERT_TRUE(sock_wait(pair.client, POLLOUT));
	EXPECT_EQ(1, send(pair.client, "x", 1, MSG_DONTWAIT));
}

TEST_F(data, send_blocks_until_room)
{
	struct flow flow = { .seed = 7, .bytes = 1 << 20 };
	struct flow in = { .seed = 8 };
	struct sock_pair pair;
	pthread_t thread;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.client, SOL_SOCKET, SO_SNDBUF, 16384));
	flow.fd = pair.client;
	in.fd = pair.server;
	ASSERT_EQ(0, pthread_create(&thread, NULL, flow_write, &flow));
	/* No reader yet, so the writer must come to wait. */
	ASSERT_TRUE(sock_until(queued(pair.client, SIOCOUTQNSD) > 0));
	flow_read(&in);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, flow.err);
	EXPECT_EQ(flow.sum, in.sum);
}

TEST_F(data, one_send_larger_than_all_buffers)
{
	size_t len = 8 << 20;
	struct sock_pair pair;
	struct flow in = { .seed = 9 };
	uint8_t *buf = malloc(len);
	pthread_t thread;
	uint64_t sum;

	ASSERT_NE(NULL, buf);
	ASSERT_EQ(0, sock_pair(&pair));
	sock_pattern(buf, len, 3);
	sum = sum_over(0, buf, len);
	in.fd = pair.server;
	ASSERT_EQ(0, pthread_create(&thread, NULL, flow_read, &in));
	/* A blocking send returns when it has taken everything. */
	EXPECT_EQ((ssize_t)len, send(pair.client, buf, len, 0));
	EXPECT_EQ(0, shutdown(pair.client, SHUT_WR));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, in.err);
	EXPECT_EQ(len, in.bytes);
	EXPECT_EQ(sum, in.sum);
	free(buf);
}

TEST_F(data, send_to_an_address_when_connected)
{
	struct sockaddr_in addr = sock_addr("192.0.2.1", 9);
	struct sock_pair pair;
	char byte;

	/* As in-tree: the address says nothing new and is not looked at. */
	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(1, sendto(pair.client, "x", 1, 0, (struct sockaddr *)&addr,
			    sizeof(addr)));
	EXPECT_EQ(1, recv(pair.server, &byte, 1, 0));
}

TEST_F(data, send_unconnected)
{
	struct sockaddr_in addr = sock_addr("127.0.0.1", 9);
	int fd = sock_new(0);

	EXPECT_EQ(EPIPE, sock_errno(send(fd, "x", 1, MSG_NOSIGNAL)));
	EXPECT_EQ(EPIPE, sock_errno(sendto(fd, "x", 1, MSG_NOSIGNAL,
					   (struct sockaddr *)&addr,
					   sizeof(addr))));
	EXPECT_EQ(TCP_CLOSE, sock_state(fd));
}

TEST_F(data, receive_unconnected)
{
	int fd = sock_new(0);
	char byte;

	EXPECT_EQ(ENOTCONN, sock_errno(recv(fd, &byte, 1, 0)));
	EXPECT_EQ(ENOTCONN, sock_errno(recv(fd, &byte, 1, MSG_DONTWAIT)));
	EXPECT_EQ(ENOTCONN, sock_errno(read(fd, &byte, 1)));
}

TEST_F(data, syn_sent)
{
	int fd = sock_syn_sent();
	char byte = 'x';

	ASSERT_LE(0, fd);
	EXPECT_EQ(EAGAIN, sock_errno(send(fd, &byte, 1, MSG_NOSIGNAL)));
	EXPECT_EQ(EAGAIN, sock_errno(recv(fd, &byte, 1, 0)));
	EXPECT_EQ(TCP_SYN_SENT, sock_state(fd));
}

TEST_F(data, urgent_data_needs_a_mark)
{
	struct sock_pair pair;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(EINVAL, sock_errno(recv(pair.server, &byte, 1, MSG_OOB)));
}

TEST_F(data, error_queue_is_empty)
{
	struct sock_pair pair;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(EAGAIN, sock_errno(recv(pair.server, &byte, 1,
					  MSG_ERRQUEUE | MSG_DONTWAIT)));
}

TEST_F(data, more_is_held_back)
{
	struct sock_pair pair;
	char got[6];

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(3, send(pair.client, "abc", 3, MSG_MORE));
	EXPECT_LT(0, queued(pair.client, SIOCOUTQNSD));
	ASSERT_EQ(3, send(pair.client, "def", 3, 0));
	ASSERT_EQ(0, sock_read_all(pair.server, got, 6));
	EXPECT_EQ(0, memcmp(got, "abcdef", 6));
}

TEST_F(data, cork)
{
	struct sock_pair pair;
	char got[6];

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.client, IPPROTO_TCP, TCP_CORK, 1));
	ASSERT_EQ(3, send(pair.client, "abc", 3, 0));
	ASSERT_EQ(3, send(pair.client, "def", 3, 0));
	EXPECT_EQ(6, queued(pair.client, SIOCOUTQNSD));
	EXPECT_EQ(0, queued(pair.server, FIONREAD));
	ASSERT_EQ(0, sock_set(pair.client, IPPROTO_TCP, TCP_CORK, 0));
	ASSERT_EQ(0, sock_read_all(pair.server, got, 6));
	EXPECT_EQ(0, memcmp(got, "abcdef", 6));
}

#define FILE_BYTES	300000

/* A file of known bytes in memory. */
static int known_file(char *copy)
{
	int fd = memfd_create("data", MFD_CLOEXEC);

	sock_pattern(copy, FILE_BYTES, 11);
	if (fd < 0 || write(fd, copy, FILE_BYTES) != FILE_BYTES)
		return -1;
	return fd;
}

/* Move a file into a socket: by sendfile, or through a pipe by splice. */
struct move {
	int from;
	int to;
	bool splice;
	ssize_t moved;
	int err;
};

static ssize_t splice_all(int from, int to)
{
	ssize_t total = 0;
	ssize_t in, out;
	int pipe_fd[2];

	if (pipe(pipe_fd))
		return -1;
	while ((in = splice(from, NULL, pipe_fd[1], NULL, 65536,
			    SPLICE_F_MOVE)) > 0) {
		while (in) {
			out = splice(pipe_fd[0], NULL, to, NULL, in,
				     SPLICE_F_MOVE);
			if (out <= 0) {
				total = -1;
				goto close_pipe;
			}
			in -= out;
			total += out;
		}
	}
	if (in < 0)
		total = -1;
close_pipe:
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	return total;
}

static ssize_t sendfile_all(int from, int to)
{
	off_t offset = 0;
	ssize_t done;

	while ((done = sendfile(to, from, &offset, FILE_BYTES)) > 0)
		;
	return done < 0 ? -1 : offset;
}

static void *move_run(void *arg)
{
	struct move *move = arg;

	if (move->splice)
		move->moved = splice_all(move->from, move->to);
	else
		move->moved = sendfile_all(move->from, move->to);
	move->err = move->moved < 0 ? errno : 0;
	shutdown(move->to, SHUT_WR);
	return NULL;
}

static bool file_arrives(bool by_splice)
{
	static char sent[FILE_BYTES], got[FILE_BYTES];
	struct move move = { .splice = by_splice };
	struct sock_pair pair;
	pthread_t thread;
	char more;
	int err;

	move.from = known_file(sent);
	if (move.from < 0 || lseek(move.from, 0, SEEK_SET) ||
	    sock_pair(&pair))
		return false;
	move.to = pair.client;
	if (pthread_create(&thread, NULL, move_run, &move))
		return false;
	err = sock_read_all(pair.server, got, FILE_BYTES);
	if (!err && recv(pair.server, &more, 1, 0))
		err = -EMSGSIZE;
	pthread_join(thread, NULL);
	return !err && move.moved == FILE_BYTES &&
	       !memcmp(sent, got, FILE_BYTES);
}

TEST_F(data, sendfile)
{
	EXPECT_TRUE(file_arrives(false));
}

TEST_F(data, splice_to_a_socket)
{
	EXPECT_TRUE(file_arrives(true));
}

TEST_F(data, splice_from_a_socket)
{
	struct sock_pair pair;
	int pipe_fd[2];
	char got[16];

	ASSERT_EQ(0, pipe(pipe_fd));
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(6, send(pair.client, "abcdef", 6, 0));
	ASSERT_TRUE(sock_wait(pair.server, POLLIN));
	EXPECT_EQ(4, splice(pair.server, NULL, pipe_fd[1], NULL, 4, 0));
	EXPECT_EQ(4, read(pipe_fd[0], got, sizeof(got)));
	EXPECT_EQ(0, memcmp(got, "abcd", 4));
	/* The rest is still the socket's. */
	EXPECT_EQ(2, recv(pair.server, got, sizeof(got), 0));
	EXPECT_EQ(0, memcmp(got, "ef", 2));
	ASSERT_EQ(0, sock_nonblock(pair.server));
	EXPECT_EQ(EAGAIN, sock_errno(splice(pair.server, NULL, pipe_fd[1],
					    NULL, 4, 0)));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	ASSERT_TRUE(sock_wait(pair.server, POLLRDHUP));
	EXPECT_EQ(0, splice(pair.server, NULL, pipe_fd[1], NULL, 4, 0));
}

TEST_F(data, splice_unconnected)
{
	int fd = sock_new(0);
	int pipe_fd[2];

	ASSERT_EQ(0, pipe(pipe_fd));
	EXPECT_EQ(ENOTCONN, sock_errno(splice(fd, NULL, pipe_fd[1], NULL, 4,
					      0)));
}

TEST_F(data, no_seek)
{
	struct sock_pair pair;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(ESPIPE, sock_errno(lseek(pair.client, 0, SEEK_CUR)));
	EXPECT_EQ(ESPIPE, sock_errno(pread(pair.client, &byte, 1, 0)));
}

TEST_HARNESS_MAIN

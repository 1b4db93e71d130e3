// SPDX-License-Identifier: GPL-2.0
/*
 * Urgent data through the socket calls: send and recv with MSG_OOB,
 * SO_OOBINLINE, SIOCATMARK, FIONREAD, SIGURG, poll and where reading stops. Where
 * the in-tree TCP does something else, the case says what.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "lib/sock.h"
#include "kselftest_harness.h"

#define ALL_EVENTS	(POLLIN | POLLPRI | POLLOUT | POLLRDNORM |	\
			 POLLRDBAND | POLLWRNORM | POLLWRBAND | POLLRDHUP)
#define READABLE	(POLLIN | POLLRDNORM)
#define WRITABLE	(POLLOUT | POLLWRNORM)

SOCK_FIXTURE(urgent);

static volatile sig_atomic_t signals;

static void on_sigurg(int sig)
{
	(void)sig;
	signals++;
}

static int count_signals(int fd, pid_t owner)
{
	struct sigaction act = { .sa_handler = on_sigurg, .sa_flags = SA_RESTART };

	signals = 0;
	return sigaction(SIGURG, &act, NULL) ?: fcntl(fd, F_SETOWN, owner);
}

static int asked(int fd, unsigned long request)
{
	int answer = -1;

	return ioctl(fd, request, &answer) ? -1 : answer;
}

static int at_mark(int fd)
{
	return asked(fd, SIOCATMARK);
}

static int in_queue(int fd)
{
	return asked(fd, FIONREAD);
}

/* The octet out of band, or -errno; -1000 at the end of the stream. */
static int oob(int fd, int flags)
{
	unsigned char octet;
	int ret = recv(fd, &octet, 1, MSG_OOB | flags);

	if (ret < 0)
		return -errno;
	return ret ? octet : -1000;
}

/* All that was sent is in the other end's queue. */
static bool arrived(int fd)
{
	return sock_until(asked(fd, SIOCOUTQ) == 0);
}

/* One read gives exactly this. */
static bool reads(int fd, const char *text, int flags)
{
	char buf[256];
	int ret = recv(fd, buf, sizeof(buf), flags | MSG_DONTWAIT);

	if (ret == (int)strlen(text) && !memcmp(buf, text, ret))
		return true;
	fprintf(stderr, "# read %d octets (errno %d) '%.*s', expected '%s'\n", ret,
		ret < 0 ? errno : 0, ret > 0 ? ret : 0, buf, text);
	return false;
}

static bool nothing_to_read(int fd)
{
	char octet;

	return sock_errno(recv(fd, &octet, 1, MSG_DONTWAIT)) == EAGAIN;
}

#define URGENT(fd, text)						\
	ASSERT_EQ((ssize_t)strlen(text), send(fd, text, strlen(text), MSG_OOB))
#define PLAIN(fd, text)							\
	ASSERT_EQ((ssize_t)strlen(text), send(fd, text, strlen(text), 0))
#define MASK(fd, expected)						\
	do {								\
		sock_until(sock_events(fd, ALL_EVENTS) == (expected));	\
		ASSERT_EQ(expected, sock_events(fd, ALL_EVENTS));	\
	} while (0)

/* ---- one urgent octet ---- */

TEST_F(urgent, out_of_band)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	PLAIN(pair.client, "abc");
	URGENT(pair.client, "X");
	PLAIN(pair.client, "def");
	ASSERT_TRUE(arrived(pair.client));
	EXPECT_EQ('X', oob(pair.server, 0));
	EXPECT_EQ(-EINVAL, oob(pair.server, 0));
	EXPECT_TRUE(reads(pair.server, "abc", 0));
	EXPECT_EQ(1, at_mark(pair.server));
	EXPECT_TRUE(reads(pair.server, "def", 0));
	EXPECT_EQ(0, at_mark(pair.server));
}

TEST_F(urgent, peek)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	URGENT(pair.client, "abX");
	PLAIN(pair.client, "cd");
	ASSERT_TRUE(arrived(pair.client));
	EXPECT_EQ('X', oob(pair.server, MSG_PEEK));
	EXPECT_EQ('X', oob(pair.server, MSG_PEEK));
	/* Peeking at the stream stops at the mark too, and then goes over it. */
	EXPECT_TRUE(reads(pair.server, "ab", MSG_PEEK));
	EXPECT_EQ(0, at_mark(pair.server));
	EXPECT_TRUE(reads(pair.server, "ab", 0));
	EXPECT_TRUE(reads(pair.server, "cd", MSG_PEEK));
	EXPECT_EQ(1, at_mark(pair.server));
	EXPECT_EQ('X', oob(pair.server, 0));
	EXPECT_EQ(-EINVAL, oob(pair.server, MSG_PEEK));
	EXPECT_TRUE(reads(pair.server, "cd", 0));
}

TEST_F(urgent, inline_text)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.server, SOL_SOCKET, SO_OOBINLINE, 1));
	PLAIN(pair.client, "abc");
	URGENT(pair.client, "X");
	PLAIN(pair.client, "def");
	ASSERT_TRUE(arrived(pair.client));
	EXPECT_EQ(-EINVAL, oob(pair.server, 0));
	EXPECT_EQ(7, in_queue(pair.server));
	EXPECT_TRUE(reads(pair.server, "abc", 0));
	EXPECT_EQ(1, at_mark(pair.server));
	EXPECT_EQ(4, in_queue(pair.server));
	EXPECT_TRUE(reads(pair.server, "Xdef", 0));
	EXPECT_EQ(0, at_mark(pair.server));
}

TEST_F(urgent, inline_is_inherited)
{
	struct sock_pair pair;
	struct sockaddr_in addr;

	pair.listener = sock_listen(&addr, 1);
	ASSERT_LE(0, pair.listener);
	ASSERT_EQ(0, sock_set(pair.listener, SOL_SOCKET, SO_OOBINLINE, 1));
	pair.client = sock_new(0);
	ASSERT_EQ(0, sock_connect(pair.client, &addr));
	pair.server = accept(pair.listener, NULL, NULL);
	ASSERT_LE(0, pair.server);
	URGENT(pair.client, "X");
	ASSERT_TRUE(arrived(pair.client));
	EXPECT_TRUE(reads(pair.server, "X", 0));
}

TEST_F(urgent, inline_changes_at_the_mark)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	URGENT(pair.client, "abX");
	ASSERT_TRUE(arrived(pair.client));
	EXPECT_TRUE(reads(pair.server, "ab", 0));
	ASSERT_EQ(0, sock_set(pair.server, SOL_SOCKET, SO_OOBINLINE, 1));
	EXPECT_EQ(-EINVAL, oob(pair.server, 0));
	EXPECT_TRUE(reads(pair.server, "X", MSG_PEEK));
	ASSERT_EQ(0, sock_set(pair.server, SOL_SOCKET, SO_OOBINLINE, 0));
	EXPECT_EQ('X', oob(pair.server, 0));
	EXPECT_TRUE(nothing_to_read(pair.server));
}

TEST_F(urgent, how_much_is_left)
{
	struct sock_pair pair;

	/* MUST-33. As in-tree, 0 at the mark, whatever lies behind it. */
	ASSERT_EQ(0, sock_pair(&pair));
	PLAIN(pair.client, "abc");
	URGENT(pair.client, "defX");
	PLAIN(pair.client, "ghi");
	ASSERT_TRUE(arrived(pair.client));
	EXPECT_EQ(6, in_queue(pair.server));
	EXPECT_TRUE(reads(pair.server, "abcdef", 0));
	EXPECT_EQ(0, in_queue(pair.server));
	EXPECT_TRUE(reads(pair.server, "ghi", 0));
	EXPECT_EQ(0, in_queue(pair.server));
}

TEST_F(urgent, what_recv_says)
{
	struct sock_pair pair;
	char buf[8] = "--------";
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	ASSERT_EQ(0, sock_pair(&pair));
	URGENT(pair.client, "X");
	ASSERT_TRUE(arrived(pair.client));
	/* No room: it is said to be cut off. */
	iov.iov_len = 0;
	EXPECT_EQ(0, recvmsg(pair.server, &msg, MSG_OOB | MSG_PEEK));
	EXPECT_EQ(MSG_OOB | MSG_TRUNC, msg.msg_flags);
	iov.iov_len = sizeof(buf);
	EXPECT_EQ(1, recvmsg(pair.server, &msg, MSG_OOB | MSG_PEEK));
	EXPECT_EQ(MSG_OOB, msg.msg_flags);
	EXPECT_EQ(0, memcmp(buf, "X-------", 8));
	/* Thrown away. */
	buf[0] = '-';
	EXPECT_EQ(1, recv(pair.server, buf, 8, MSG_OOB | MSG_TRUNC));
	EXPECT_EQ('-', buf[0]);
	EXPECT_EQ(-EINVAL, oob(pair.server, 0));
}

TEST_F(urgent, bad_address_takes_nothing)
{
	struct sock_pair pair;
	void *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* In-tree: the octet is gone. */
	ASSERT_EQ(0, sock_pair(&pair));
	URGENT(pair.client, "X");
	ASSERT_TRUE(arrived(pair.client));
	EXPECT_EQ(EFAULT, sock_errno(recv(pair.server, nowhere, 1, MSG_OOB)));
	EXPECT_EQ(sock_is_intree() ? -EINVAL : 'X', oob(pair.server, 0));
	EXPECT_EQ(EFAULT, sock_errno(send(pair.client, nowhere, 1, MSG_OOB)));
}

TEST_F(urgent, never_waits)
{
	struct sock_pair pair;

	/* The sockets are blocking. */
	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(-EINVAL, oob(pair.server, 0));
	URGENT(pair.client, "X");
	ASSERT_TRUE(arrived(pair.client));
	EXPECT_EQ('X', oob(pair.server, MSG_WAITALL));
	EXPECT_EQ(-EINVAL, oob(pair.server, 0));
}

TEST_F(urgent, nothing_is_not_urgent)
{
	struct sock_pair pair;

	/* "the user must also send at least one data octet" */
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, count_signals(pair.server, getpid()));
	PLAIN(pair.client, "abc");
	EXPECT_EQ(0, send(pair.client, "", 0, MSG_OOB));
	PLAIN(pair.client, "def");
	ASSERT_TRUE(arrived(pair.client));
	EXPECT_EQ(0, signals);
	EXPECT_TRUE(reads(pair.server, "abcdef", 0));
}

/* ---- where reading stops ---- */

TEST_F(urgent, waitall_stops)
{
	struct sock_pair pair;
	char buf[16];

	ASSERT_EQ(0, sock_pair(&pair));
	URGENT(pair.client, "abX");
	PLAIN(pair.client, "cdef");
	ASSERT_TRUE(arrived(pair.client));
	EXPECT_EQ(2, recv(pair.server, buf, 5, MSG_WAITALL));
	EXPECT_EQ(3, recv(pair.server, buf, 3, MSG_WAITALL));
	EXPECT_EQ(0, memcmp(buf, "cde", 3));
}

TEST_F(urgent, readv_and_trunc_stop)
{
	struct sock_pair pair;
	char a[2], b[4];
	struct iovec iov[] = { { a, 2 }, { b, 4 } };

	ASSERT_EQ(0, sock_pair(&pair));
	PLAIN(pair.client, "abc");
	URGENT(pair.client, "X");
	PLAIN(pair.client, "de");
	URGENT(pair.client, "Y");
	PLAIN(pair.client, "fg");
	ASSERT_TRUE(arrived(pair.client));
	/* X was pushed back. */
	EXPECT_EQ(6, readv(pair.server, iov, 2));
	EXPECT_EQ(0, memcmp(b, "cXde", 4));
	EXPECT_EQ(1, at_mark(pair.server));
	EXPECT_EQ(2, recv(pair.server, NULL, 10, MSG_TRUNC));
	EXPECT_TRUE(nothing_to_read(pair.server));
}

TEST_F(urgent, octet_by_octet)
{
	struct sock_pair pair;
	const char *expected = "abcdef";
	char octet;

	ASSERT_EQ(0, sock_pair(&pair));
	PLAIN(pair.client, "abc");
	URGENT(pair.client, "X");
	PLAIN(pair.client, "def");
	ASSERT_TRUE(arrived(pair.client));
	for (; *expected; expected++) {
		EXPECT_EQ(*expected == 'd', at_mark(pair.server));
		ASSERT_EQ(1, read(pair.server, &octet, 1));
		EXPECT_EQ(*expected, octet);
	}
}

TEST_F(urgent, splice_stops)
{
	struct sock_pair pair;
	int pipe_fd[2];

	ASSERT_EQ(0, pipe(pipe_fd));
	ASSERT_EQ(0, sock_pair(&pair));
	URGENT(pair.client, "abcX");
	PLAIN(pair.client, "def");
	ASSERT_TRUE(arrived(pair.client));
	EXPECT_EQ(3, splice(pair.server, NULL, pipe_fd[1], NULL, 100, 0));
	EXPECT_TRUE(at_mark(pair.server));
	/* And goes on, as read does. In-tree: it stays there. */
	ASSERT_EQ(0, sock_nonblock(pair.server));
	if (sock_is_intree()) {
		EXPECT_EQ(EAGAIN, sock_errno(splice(pair.server, NULL, pipe_fd[1], NULL,
						    100, 0)));
	} else {
		EXPECT_EQ(3, splice(pair.server, NULL, pipe_fd[1], NULL, 100, 0));
	}
}

struct reader {
	int fd;
	int flags;
	ssize_t got;
	int err;
	char buf[64];
};

static void *reader_run(void *arg)
{
	struct reader *r = arg;

	r->got = recv(r->fd, r->buf, sizeof(r->buf), r->flags);
	r->err = r->got < 0 ? errno : 0;
	return NULL;
}

TEST_F(urgent, reader_waits_at_the_mark)
{
	struct reader r = { 0 };
	struct sock_pair pair;
	pthread_t thread;

	ASSERT_EQ(0, sock_pair(&pair));
	URGENT(pair.client, "X");
	ASSERT_TRUE(arrived(pair.client));
	r.fd = pair.server;
	ASSERT_EQ(0, pthread_create(&thread, NULL, reader_run, &r));
	/* It has passed the mark when it sleeps. */
	ASSERT_TRUE(sock_until(at_mark(pair.server) == 0));
	EXPECT_EQ(-EINVAL, oob(pair.server, 0));
	PLAIN(pair.client, "ab");
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(2, r.got);
	EXPECT_EQ(0, memcmp(r.buf, "ab", 2));
}

TEST_F(urgent, mark_ends_a_wait_for_all)
{
	struct reader r = { .flags = MSG_WAITALL };
	struct sock_pair pair;
	pthread_t thread;

	ASSERT_EQ(0, sock_pair(&pair));
	r.fd = pair.server;
	ASSERT_EQ(0, pthread_create(&thread, NULL, reader_run, &r));
	PLAIN(pair.client, "ab");
	ASSERT_TRUE(arrived(pair.client));
	URGENT(pair.client, "cX");
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(3, r.got);
	EXPECT_EQ('X', oob(pair.server, 0));
}

/* ---- SIGURG ---- */

TEST_F(urgent, one_signal_for_each)
{
	struct sock_pair pair;
	int i;

	/* MUST-32 */
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, count_signals(pair.server, getpid()));
	PLAIN(pair.client, "abc");
	ASSERT_TRUE(arrived(pair.client));
	EXPECT_EQ(0, signals);
	for (i = 1; i <= 20; i++) {
		URGENT(pair.client, "X");
		ASSERT_TRUE(sock_until(signals == i));
		ASSERT_TRUE(arrived(pair.client));
	}
	PLAIN(pair.client, "abc");
	ASSERT_TRUE(arrived(pair.client));
	EXPECT_EQ(20, signals);
	EXPECT_EQ(25, in_queue(pair.server) + 3);
}

TEST_F(urgent, signal_to_the_group)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, setpgid(0, 0));
	ASSERT_EQ(0, count_signals(pair.server, -getpid()));
	URGENT(pair.client, "X");
	EXPECT_TRUE(sock_until(signals == 1));
}

TEST_F(urgent, signal_by_ioctl)
{
	struct sock_pair pair;
	int owner = getpid();

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, count_signals(pair.server, 0));
	ASSERT_EQ(0, ioctl(pair.server, SIOCSPGRP, &owner));
	URGENT(pair.client, "X");
	EXPECT_TRUE(sock_until(signals == 1));
}

TEST_F(urgent, no_owner_no_signal)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, count_signals(pair.server, 0));
	URGENT(pair.client, "X");
	ASSERT_TRUE(sock_wait(pair.server, POLLPRI));
	EXPECT_EQ(0, signals);
}

TEST_F(urgent, signal_ends_a_read_at_the_mark)
{
	struct sigaction act = { .sa_handler = on_sigurg };
	struct sock_pair pair;
	char octet;
	pid_t pid;
	int status;

	/* The BSD way: the handler runs, and the read, which had nothing, says so. */
	ASSERT_EQ(0, sock_pair(&pair));
	pid = fork();
	if (!pid) {
		if (sigaction(SIGURG, &act, NULL) || fcntl(pair.server, F_SETOWN, getpid()))
			_exit(1);
		if (sock_errno(recv(pair.server, &octet, 1, 0)) != EINTR)
			_exit(2);
		_exit(signals == 1 && oob(pair.server, 0) == 'X' ? 0 : 3);
	}
	ASSERT_TRUE(sock_waits(pid));
	URGENT(pair.client, "X");
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* ---- poll ---- */

TEST_F(urgent, poll_masks)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	MASK(pair.server, WRITABLE);
	/* The octet alone: there is nothing that read would give. */
	URGENT(pair.client, "X");
	MASK(pair.server, WRITABLE | POLLPRI);
	PLAIN(pair.client, "a");
	MASK(pair.server, WRITABLE | POLLPRI | READABLE);
	ASSERT_EQ('X', oob(pair.server, MSG_PEEK));
	MASK(pair.server, WRITABLE | POLLPRI | READABLE);
	ASSERT_EQ('X', oob(pair.server, 0));
	MASK(pair.server, WRITABLE | READABLE);
	ASSERT_TRUE(reads(pair.server, "a", 0));
	MASK(pair.server, WRITABLE);
	/* Text before it. */
	URGENT(pair.client, "bY");
	MASK(pair.server, WRITABLE | POLLPRI | READABLE);
	ASSERT_TRUE(reads(pair.server, "b", 0));
	MASK(pair.server, WRITABLE | POLLPRI);
	ASSERT_TRUE(nothing_to_read(pair.server));
	MASK(pair.server, WRITABLE);
}

TEST_F(urgent, poll_masks_inline)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.server, SOL_SOCKET, SO_OOBINLINE, 1));
	URGENT(pair.client, "X");
	MASK(pair.server, WRITABLE | POLLPRI | READABLE);
	ASSERT_TRUE(reads(pair.server, "X", 0));
	MASK(pair.server, WRITABLE);
}

TEST_F(urgent, poll_masks_with_lowat)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.server, SOL_SOCKET, SO_RCVLOWAT, 3));
	URGENT(pair.client, "X");
	PLAIN(pair.client, "ab");
	MASK(pair.server, WRITABLE | POLLPRI);
	PLAIN(pair.client, "c");
	MASK(pair.server, WRITABLE | POLLPRI | READABLE);
}

TEST_F(urgent, poll_after_the_end)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	URGENT(pair.client, "X");
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	MASK(pair.server, WRITABLE | READABLE | POLLRDHUP | POLLPRI);
	ASSERT_EQ('X', oob(pair.server, 0));
	MASK(pair.server, WRITABLE | READABLE | POLLRDHUP);
	EXPECT_TRUE(reads(pair.server, "", 0));
	EXPECT_EQ(-EINVAL, oob(pair.server, 0));
}

TEST_F(urgent, select_says_exception)
{
	struct timeval now = { 0 };
	struct sock_pair pair;
	fd_set set;

	ASSERT_EQ(0, sock_pair(&pair));
	FD_ZERO(&set);
	FD_SET(pair.server, &set);
	EXPECT_EQ(0, select(pair.server + 1, NULL, NULL, &set, &now));
	URGENT(pair.client, "X");
	FD_SET(pair.server, &set);
	EXPECT_EQ(1, select(pair.server + 1, NULL, NULL, &set, NULL));
}

static void *epoll_run(void *arg)
{
	struct epoll_event event = { 0 };
	int ready = epoll_wait(*(int *)arg, &event, 1, SOCK_DEADLINE_MS);

	return (void *)(long)(ready == 1 ? event.events : 0);
}

TEST_F(urgent, epoll_wakes)
{
	struct epoll_event event = { .events = EPOLLPRI | EPOLLET };
	int ep = epoll_create1(0);
	struct sock_pair pair;
	pthread_t thread;
	void *events;
	int i;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, pair.server, &event));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, pthread_create(&thread, NULL, epoll_run, &ep));
		URGENT(pair.client, "aX");
		ASSERT_EQ(0, pthread_join(thread, &events));
		EXPECT_EQ(EPOLLPRI, (int)(long)events);
		ASSERT_TRUE(arrived(pair.client));
		EXPECT_EQ('X', oob(pair.server, 0));
		EXPECT_EQ(0, epoll_wait(ep, &event, 1, 0));
	}
}

/* ---- any length ---- */

struct sender {
	int fd;
	const char *buf;
	size_t len;
	ssize_t sent;
};

/* Ten octets, the urgent ones in one call, ten octets, the end. */
static void *sender_run(void *arg)
{
	struct sender *s = arg;

	s->sent = -1;
	if (sock_write_all(s->fd, s->buf, 10))
		return NULL;
	s->sent = send(s->fd, s->buf + 10, s->len, MSG_OOB);
	if (sock_write_all(s->fd, s->buf + 10 + s->len, 10))
		s->sent = -1;
	shutdown(s->fd, SHUT_WR);
	return NULL;
}

/*
 * Read everything, and the octet out of band when it is there. The place where
 * it belongs is left out of the text, as the last urgent octet.
 */
static bool read_with_mark(int fd, char *got, size_t total, size_t last, bool is_inline,
			   const char *expected)
{
	size_t len = 0;
	bool found = false;
	ssize_t ret;
	int octet;

	for (;;) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN | POLLPRI };

		if (poll(&pfd, 1, SOCK_DEADLINE_MS) != 1)
			return false;
		if (!is_inline && (pfd.revents & POLLPRI)) {
			octet = oob(fd, 0);
			if (found || octet != (unsigned char)expected[last]) {
				fprintf(stderr, "# octet %d out of band, at %zu\n", octet, len);
				return false;
			}
			found = true;
		}
		if (!(pfd.revents & POLLIN))
			continue;
		/* The last one apart, or nothing. */
		if (!is_inline && found && len == last)
			len++;
		ret = recv(fd, got + len, total + 1 - len, MSG_DONTWAIT);
		if (ret < 0 && errno == EAGAIN)
			continue;
		if (ret <= 0)
			break;
		/* Reading never crosses the mark; it may stop for other reasons. */
		if (len < last && len + ret > last) {
			fprintf(stderr, "# read %zd from %zu on, across %zu\n", ret, len, last);
			return false;
		}
		len += ret;
		if (len == last && found && !is_inline && !at_mark(fd)) {
			fprintf(stderr, "# not at the mark\n");
			return false;
		}
	}
	if (ret || len != total || (!is_inline && !found)) {
		fprintf(stderr, "# read %zu of %zu octets, out of band %d\n", len, total, found);
		return false;
	}
	if (!is_inline)
		got[last] = expected[last];
	return !memcmp(got, expected, total);
}

static bool carries(struct sock_pair *pair, size_t n, bool is_inline)
{
	static char sent[1 << 20], got[1 << 20];
	struct sender s = { .fd = pair->client, .buf = sent, .len = n };
	pthread_t thread;
	bool whole;

	sock_pattern(sent, n + 20, n);
	if (sock_set(pair->server, SOL_SOCKET, SO_OOBINLINE, is_inline) ||
	    pthread_create(&thread, NULL, sender_run, &s))
		return false;
	whole = read_with_mark(pair->server, got, n + 20, 10 + n - 1, is_inline, sent);
	if (!whole)
		shutdown(pair->client, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(pair->client);
	close(pair->server);
	close(pair->listener);
	if (!whole)
		fprintf(stderr, "# %zu octets, %s\n", n, is_inline ? "inline" : "out of band");
	return whole && s.sent == (ssize_t)n;
}

static const size_t lengths[] = {
	1, 2, 3, 10, 100, 1000, 1448, 1460, 1461, 4096, 10000, 32768, 65000, 65483, 65484,
	65534, 65535, 65536, 65537, 70000, 100000, 131072,
};

TEST_F_TIMEOUT(urgent, any_length_out_of_band, 180)
{
	struct sock_pair pair;
	size_t i;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		ASSERT_EQ(0, sock_pair(&pair));
		ASSERT_TRUE(carries(&pair, lengths[i], false));
	}
}

TEST_F_TIMEOUT(urgent, any_length_inline, 180)
{
	struct sock_pair pair;
	size_t i;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		ASSERT_EQ(0, sock_pair(&pair));
		ASSERT_TRUE(carries(&pair, lengths[i], true));
	}
}

/* One end is the module's, the other in-tree. */
static int mixed_pair(struct sock_pair *pair, bool server_is_ours)
{
	struct sockaddr_in addr;

	pair->listener = server_is_ours ? sock_new(0) : sock_intree();
	if (sock_bind(pair->listener, "127.0.0.1", 0) || listen(pair->listener, 1))
		return -1;
	addr = sock_addr("127.0.0.1", sock_port(pair->listener));
	pair->client = server_is_ours ? sock_intree() : sock_new(0);
	if (sock_connect(pair->client, &addr))
		return -1;
	pair->server = accept(pair->listener, NULL, NULL);
	return pair->server < 0 ? -1 : 0;
}

TEST_F_TIMEOUT(urgent, any_length_with_the_in_tree_tcp, 300)
{
	struct sock_pair pair;
	size_t i;
	int way;

	if (sock_wire() != IPPROTO_TCP)
		SKIP(return, "the in-tree TCP speaks wire 6 only");
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		for (way = 0; way < 4; way++) {
			ASSERT_EQ(0, mixed_pair(&pair, way & 1));
			ASSERT_TRUE(carries(&pair, lengths[i], way & 2));
		}
	}
}

TEST_F_TIMEOUT(urgent, many_of_every_length, 180)
{
	static char sent[1 << 20], got[1 << 20];
	struct sock_pair pair;
	size_t total = 0;
	uint32_t seed = 7;
	int i;

	/* Inline, and nobody cares for the marks: the stream is whole. */
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.server, SOL_SOCKET, SO_OOBINLINE, 1));
	ASSERT_EQ(0, count_signals(pair.server, getpid()));
	sock_pattern(sent, sizeof(sent), 1);
	for (i = 0; i < 300; i++) {
		size_t n = 1 + sock_random(&seed) % 3000;

		ASSERT_EQ((ssize_t)n, send(pair.client, sent + total, n, i % 3 ? MSG_OOB : 0));
		ASSERT_EQ(0, sock_read_all(pair.server, got + total, n));
		total += n;
	}
	EXPECT_EQ(0, memcmp(sent, got, total));
	EXPECT_EQ(200, signals);
}

/* ---- a window that is shut ---- */

TEST_F(urgent, heard_although_the_window_is_shut)
{
	struct sock_pair pair;
	long filled;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, count_signals(pair.server, getpid()));
	ASSERT_EQ(0, sock_set(pair.client, SOL_SOCKET, SO_SNDBUF, 1 << 20));
	ASSERT_EQ(0, sock_nonblock(pair.client));
	/* More than Nagle would hold waits for the window, and there is room to spare. */
	filled = 0;
	while (asked(pair.client, SIOCOUTQNSD) < 200000) {
		static const char text[10000];
		ssize_t n = send(pair.client, text, sizeof(text), 0);

		ASSERT_LT(0, n);
		filled += n;
		ASSERT_GT(100000000, filled);
	}
	ASSERT_EQ(1, send(pair.client, "X", 1, MSG_OOB));
	EXPECT_TRUE(sock_until(signals > 0));
	EXPECT_EQ(-EAGAIN, oob(pair.server, 0));
	EXPECT_EQ(0, at_mark(pair.server));
	/* The reader, who was stimulated, comes to the mark. */
	while (filled > 0) {
		static char text[65536];
		ssize_t n = recv(pair.server, text, sizeof(text), 0);

		ASSERT_LT(0, n);
		filled -= n;
	}
	EXPECT_EQ(0, filled);
	EXPECT_EQ(1, at_mark(pair.server));
	EXPECT_TRUE(sock_wait(pair.server, POLLPRI));
	EXPECT_EQ('X', oob(pair.server, 0));
}

/* ---- states ---- */

TEST_F(urgent, without_a_connection)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int fd = sock_new(0);

	ASSERT_LE(0, listener);
	EXPECT_EQ(-EINVAL, oob(fd, 0));
	EXPECT_EQ(0, at_mark(fd));
	EXPECT_EQ(EPIPE, sock_errno(send(fd, "x", 1, MSG_OOB | MSG_NOSIGNAL)));
	EXPECT_EQ(-ENOTCONN, oob(listener, 0));
	EXPECT_EQ(0, at_mark(listener));
	EXPECT_EQ(EPIPE, sock_errno(send(listener, "x", 1, MSG_OOB | MSG_NOSIGNAL)));
}

TEST_F(urgent, syn_sent)
{
	int fd = sock_syn_sent();

	ASSERT_LE(0, fd);
	EXPECT_EQ(EAGAIN, sock_errno(send(fd, "x", 1, MSG_OOB | MSG_NOSIGNAL)));
	EXPECT_EQ(-EINVAL, oob(fd, 0));
	EXPECT_EQ(0, at_mark(fd));
}

TEST_F(urgent, after_shutdown)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	EXPECT_EQ(EPIPE, sock_errno(send(pair.client, "x", 1, MSG_OOB | MSG_NOSIGNAL)));
	/* The other way is open. */
	ASSERT_TRUE(sock_wait(pair.server, POLLRDHUP));
	URGENT(pair.server, "X");
	ASSERT_TRUE(sock_wait(pair.client, POLLPRI));
	EXPECT_EQ('X', oob(pair.client, 0));
}

TEST_F(urgent, survives_close)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	URGENT(pair.client, "abX");
	ASSERT_EQ(0, close(pair.client));
	ASSERT_TRUE(sock_wait(pair.server, POLLRDHUP | POLLPRI));
	EXPECT_TRUE(reads(pair.server, "ab", 0));
	EXPECT_EQ(1, at_mark(pair.server));
	EXPECT_EQ('X', oob(pair.server, 0));
	EXPECT_TRUE(reads(pair.server, "", 0));
}

TEST_F(urgent, in_time_wait)
{
	struct sock_pair pair;

	/* The connection goes on without the socket, which has its text still. */
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, shutdown(pair.server, SHUT_WR));
	ASSERT_TRUE(sock_wait_state(pair.server, TCP_FIN_WAIT2));
	URGENT(pair.client, "aX");
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	ASSERT_TRUE(sock_wait(pair.server, POLLHUP));
	EXPECT_EQ('X', oob(pair.server, 0));
	EXPECT_TRUE(reads(pair.server, "a", 0));
	EXPECT_TRUE(reads(pair.server, "", 0));
}

TEST_F(urgent, closed_with_the_octet_unread)
{
	struct sock_pair pair;

	/* SHLD-3: the peer learns of the loss. */
	ASSERT_EQ(0, sock_pair(&pair));
	URGENT(pair.client, "X");
	ASSERT_TRUE(sock_wait(pair.server, POLLPRI));
	ASSERT_EQ(0, close(pair.server));
	ASSERT_TRUE(sock_wait(pair.client, POLLERR));
	EXPECT_EQ(ECONNRESET, sock_error(pair.client));
}

TEST_F(urgent, closed_with_the_octet_read)
{
	struct sock_pair pair;
	char octet;

	/* SHLD-3: "to show that data was lost", and none was. In-tree: a RST. */
	ASSERT_EQ(0, sock_pair(&pair));
	URGENT(pair.client, "X");
	ASSERT_TRUE(sock_wait(pair.server, POLLPRI));
	ASSERT_EQ('X', oob(pair.server, 0));
	ASSERT_EQ(0, close(pair.server));
	ASSERT_TRUE(sock_wait(pair.client, POLLIN));
	EXPECT_EQ(sock_is_intree() ? ECONNRESET : 0,
		  sock_errno(recv(pair.client, &octet, 1, 0)));
}

TEST_F(urgent, closed_with_text_behind_the_octet)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	URGENT(pair.client, "X");
	PLAIN(pair.client, "a");
	ASSERT_TRUE(sock_wait(pair.server, POLLPRI | POLLIN));
	ASSERT_EQ('X', oob(pair.server, 0));
	ASSERT_EQ(0, close(pair.server));
	ASSERT_TRUE(sock_wait(pair.client, POLLERR));
	EXPECT_EQ(ECONNRESET, sock_error(pair.client));
}

TEST_F(urgent, disconnect_forgets)
{
	struct sockaddr unspec = { .sa_family = AF_UNSPEC };
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	URGENT(pair.server, "aX");
	ASSERT_TRUE(sock_wait(pair.client, POLLPRI));
	ASSERT_EQ(0, connect(pair.client, &unspec, sizeof(unspec)));
	EXPECT_EQ(-EINVAL, oob(pair.client, 0));
	EXPECT_EQ(0, sock_events(pair.client, POLLPRI) & POLLPRI);
}

TEST_F(urgent, reset_forgets)
{
	struct linger now = { .l_onoff = 1 };
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	URGENT(pair.client, "aX");
	ASSERT_TRUE(sock_wait(pair.server, POLLPRI));
	ASSERT_EQ(0, setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	ASSERT_EQ(0, close(pair.client));
	ASSERT_TRUE(sock_wait(pair.server, POLLHUP));
	EXPECT_EQ(-ENOTCONN, oob(pair.server, 0));
}

TEST_F_TIMEOUT(urgent, long_write_with_little_room_out_of_band, 180)
{
	struct sock_pair pair;
	int room;

	/* The mark is at the end of the call. In-tree: also wherever it waited. */
	if (sock_is_intree())
		SKIP(return, "in-tree: octets from the middle come out of band");
	for (room = 1; room < 100000; room = room * 7 + 1000) {
		ASSERT_EQ(0, sock_pair(&pair));
		ASSERT_EQ(0, sock_set(pair.client, SOL_SOCKET, SO_SNDBUF, room));
		ASSERT_TRUE(carries(&pair, 300000, false));
	}
}

TEST_F(urgent, long_write_with_little_room)
{
	static char sent[400000], got[400000];
	struct sender s = { .buf = sent, .len = sizeof(sent) - 20 };
	struct sock_pair pair;
	pthread_t thread;
	sigset_t urgent;

	/* It waits for room, and the peer knows of it all the while. */
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.client, SOL_SOCKET, SO_SNDBUF, 20000));
	ASSERT_EQ(0, sock_set(pair.server, SOL_SOCKET, SO_OOBINLINE, 1));
	ASSERT_EQ(0, count_signals(pair.server, getpid()));
	sock_pattern(sent, sizeof(sent), 5);
	s.fd = pair.client;
	/* The signal is for the process: in the sender's thread it would end the write. */
	sigemptyset(&urgent);
	sigaddset(&urgent, SIGURG);
	ASSERT_EQ(0, pthread_sigmask(SIG_BLOCK, &urgent, NULL));
	ASSERT_EQ(0, pthread_create(&thread, NULL, sender_run, &s));
	ASSERT_EQ(0, pthread_sigmask(SIG_UNBLOCK, &urgent, NULL));
	ASSERT_TRUE(sock_until(signals > 0));
	ASSERT_EQ(0, sock_read_all(pair.server, got, sizeof(got)));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ((ssize_t)s.len, s.sent);
	EXPECT_EQ(0, memcmp(sent, got, sizeof(got)));
	EXPECT_LT(1, signals);
}

TEST_HARNESS_MAIN

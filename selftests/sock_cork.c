// SPDX-License-Identifier: GPL-2.0
/*
 * Text that is held back because more is to come goes in full segments while
 * there are any; what is left goes when it is let go, when the stream ends, and
 * at last by itself: it is never kept for good.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "lib/sock.h"
#include "kselftest_harness.h"

#define MSS		1000
#define LONG_SECONDS	90

/* States that <linux/tcp.h> has no names for. */
#define ESTABLISHED	1
#define FIN_WAIT1	4
#define FIN_WAIT2	5
#define CLOSE_WAIT	8
#define LAST_ACK	9

/* Within this time after a call nobody's patience is over: at least 200 ms. */
#define PATIENCE_MS	150

/* How text comes to be held back. */
enum hold {
	HOLD_MORE,		/* MSG_MORE */
	HOLD_CORK,		/* TCP_CORK */
	HOLD_CORK_NODELAY,	/* TCP_CORK, which TCP_NODELAY does not undo */
	HOLD_SENDFILE,		/* sendfile() of more than there is */
	HOLD_SPLICE,		/* SPLICE_F_MORE */
};

/* Octets that were written and not sent yet, or -1. */
static int unsent(int fd)
{
	int bytes = -1;

	return ioctl(fd, SIOCOUTQNSD, &bytes) ? -1 : bytes;
}

static int info(int fd, struct tcp_info *info)
{
	socklen_t len = sizeof(*info);

	memset(info, 0, len);
	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len);
}

static long segments_out(int fd)
{
	struct tcp_info now;

	return info(fd, &now) ? -1 : (long)now.tcpi_segs_out;
}

static int segment_size(int fd)
{
	struct tcp_info now;

	return info(fd, &now) ? -1 : (int)now.tcpi_snd_mss;
}

/* Whether just so much waits; too late to tell is no error. */
static bool waits(int fd, int len, long long since)
{
	int now = unsent(fd);

	return now == len || sock_ms() - since > PATIENCE_MS;
}

/* As sock_pair(), with segments small enough to fill; and reads that end. */
static int small_pair(struct sock_pair *pair)
{
	struct sockaddr_in addr;

	pair->listener = sock_listen(&addr, 8);
	pair->client = sock_new(0);
	if (pair->listener < 0 || pair->client < 0)
		return -1;
	if (sock_set(pair->client, IPPROTO_TCP, TCP_MAXSEG, MSS) ||
	    sock_connect(pair->client, &addr))
		return -1;
	pair->server = accept(pair->listener, NULL, NULL);
	if (pair->server < 0)
		return -1;
	return sock_timeout(pair->server, SO_RCVTIMEO, SOCK_DEADLINE_MS) |
	       sock_timeout(pair->client, SO_RCVTIMEO, SOCK_DEADLINE_MS);
}

static ssize_t send_file(int fd, const char *text, size_t len)
{
	int file = memfd_create("text", MFD_CLOEXEC);
	off_t offset = 0;
	ssize_t done;

	if (file < 0 || write(file, text, len) != (ssize_t)len)
		return -1;
	done = sendfile(fd, file, &offset, len + 100000);
	close(file);
	return done;
}

static ssize_t send_pipe(int fd, const char *text, size_t len)
{
	int ends[2];
	ssize_t done;

	if (pipe(ends) || write(ends[1], text, len) != (ssize_t)len)
		return -1;
	done = splice(ends[0], NULL, fd, NULL, len, SPLICE_F_MORE);
	close(ends[0]);
	close(ends[1]);
	return done;
}

/* Write, and say that there is more to come. */
static ssize_t hold(int fd, enum hold how, const char *text, size_t len)
{
	switch (how) {
	case HOLD_MORE:
		return send(fd, text, len, MSG_MORE | MSG_NOSIGNAL);
	case HOLD_CORK_NODELAY:
		/* Setting it again would push. */
		if (sock_get(fd, IPPROTO_TCP, TCP_NODELAY) != 1 &&
		    sock_set(fd, IPPROTO_TCP, TCP_NODELAY, 1))
			return -1;
		/* fallthrough */
	case HOLD_CORK:
		if (sock_set(fd, IPPROTO_TCP, TCP_CORK, 1))
			return -1;
		return send(fd, text, len, MSG_NOSIGNAL);
	case HOLD_SENDFILE:
		return send_file(fd, text, len);
	case HOLD_SPLICE:
		return send_pipe(fd, text, len);
	}
	return -1;
}

/* Newer kernels know where the file ends, and then sendfile() holds nothing. */
static bool surely_holds(enum hold how)
{
	return how != HOLD_SENDFILE;
}

/* Only a cork outlives the ACK of what went before. */
static bool outlives_acks(enum hold how)
{
	return how == HOLD_CORK || how == HOLD_CORK_NODELAY;
}

FIXTURE(hold) {
	struct sock_pair pair;
	int client;
	int server;
};

FIXTURE_VARIANT(hold) {
	enum hold how;
};

FIXTURE_VARIANT_ADD(hold, more) { .how = HOLD_MORE };
FIXTURE_VARIANT_ADD(hold, cork) { .how = HOLD_CORK };
FIXTURE_VARIANT_ADD(hold, cork_nodelay) { .how = HOLD_CORK_NODELAY };
FIXTURE_VARIANT_ADD(hold, sendfile) { .how = HOLD_SENDFILE };
FIXTURE_VARIANT_ADD(hold, splice) { .how = HOLD_SPLICE };

FIXTURE_SETUP(hold)
{
	ASSERT_EQ(0, sock_netns());
	ASSERT_EQ(0, small_pair(&self->pair));
	self->client = self->pair.client;
	self->server = self->pair.server;
}

FIXTURE_TEARDOWN(hold)
{
}

TEST_F_TIMEOUT(hold, goes_by_itself, LONG_SECONDS)
{
	char sent[100], got[100];
	long long start;
	uint32_t i;

	/* Once is not enough: each time the patience is a new one. */
	for (i = 0; i < 3; i++) {
		sock_pattern(sent, sizeof(sent), i);
		start = sock_ms();
		ASSERT_EQ(100, hold(self->client, variant->how, sent, 100));
		if (surely_holds(variant->how))
			EXPECT_TRUE(waits(self->client, 100, start));
		ASSERT_EQ(0, sock_read_all(self->server, got, 100));
		EXPECT_EQ(0, memcmp(sent, got, 100));
	}
}

TEST_F_TIMEOUT(hold, goes_by_itself_after_the_peers_end, LONG_SECONDS)
{
	char got[3], byte;

	ASSERT_EQ(0, shutdown(self->server, SHUT_WR));
	ASSERT_TRUE(sock_wait_state(self->client, CLOSE_WAIT));
	ASSERT_EQ(3, hold(self->client, variant->how, "abc", 3));
	ASSERT_EQ(0, sock_read_all(self->server, got, 3));
	EXPECT_EQ(0, memcmp(got, "abc", 3));
	ASSERT_EQ(3, hold(self->client, variant->how, "def", 3));
	ASSERT_EQ(0, close(self->client));
	ASSERT_EQ(0, sock_read_all(self->server, got, 3));
	EXPECT_EQ(0, memcmp(got, "def", 3));
	EXPECT_EQ(0, recv(self->server, &byte, 1, 0));
	EXPECT_TRUE(sock_wait_gauge(LAST_ACK, 0));
}

TEST_F_TIMEOUT(hold, tail_goes_by_itself, LONG_SECONDS)
{
	static char sent[60000], got[60000];

	/* More than the window of a new connection, and no multiple of a segment. */
	sock_pattern(sent, sizeof(sent), 41);
	ASSERT_EQ((ssize_t)sizeof(sent),
		  hold(self->client, variant->how, sent, sizeof(sent)));
	ASSERT_EQ(0, sock_read_all(self->server, got, sizeof(got)));
	EXPECT_EQ(0, memcmp(sent, got, sizeof(got)));
}

TEST_F(hold, full_segments_go_at_once)
{
	int mss = segment_size(self->client);
	char sent[4 * MSS], got[4 * MSS];
	long long start;
	int len;

	ASSERT_LT(100, mss);
	ASSERT_GE(MSS, mss);
	len = 3 * mss + 100;
	sock_pattern(sent, len, 42);
	start = sock_ms();
	ASSERT_EQ(len, hold(self->client, variant->how, sent, len));
	if (outlives_acks(variant->how))
		EXPECT_TRUE(waits(self->client, 100, start));
	EXPECT_GE(100, unsent(self->client));
	ASSERT_EQ(0, sock_read_all(self->server, got, 3 * mss));
	EXPECT_EQ(0, memcmp(sent, got, 3 * mss));
	/* And the rest, whatever becomes of it, once. */
	ASSERT_EQ(0, close(self->client));
	ASSERT_EQ(0, sock_read_all(self->server, got, 100));
	EXPECT_EQ(0, memcmp(sent + 3 * mss, got, 100));
	EXPECT_EQ(0, recv(self->server, got, 1, 0));
}

TEST_F(hold, small_writes_fill_a_segment)
{
	int mss = segment_size(self->client);
	char sent[2 * MSS], got[2 * MSS];
	long long start = sock_ms();
	int done;

	ASSERT_LT(100, mss);
	ASSERT_GE(MSS, mss);
	sock_pattern(sent, sizeof(sent), 43);
	for (done = 0; done < mss; done += 90)
		ASSERT_EQ(90, hold(self->client, variant->how, sent + done, 90));
	if (outlives_acks(variant->how))
		EXPECT_TRUE(waits(self->client, done - mss, start));
	EXPECT_GE(done - mss, unsent(self->client));
	ASSERT_EQ(0, shutdown(self->client, SHUT_WR));
	ASSERT_EQ(0, sock_read_all(self->server, got, done));
	EXPECT_EQ(0, memcmp(sent, got, done));
	EXPECT_EQ(0, recv(self->server, got, 1, 0));
}

TEST_F(hold, close_sends_all)
{
	char got[3], byte;

	ASSERT_EQ(3, hold(self->client, variant->how, "abc", 3));
	ASSERT_EQ(0, close(self->client));
	ASSERT_EQ(0, sock_read_all(self->server, got, 3));
	EXPECT_EQ(0, memcmp(got, "abc", 3));
	EXPECT_EQ(0, recv(self->server, &byte, 1, 0));
	EXPECT_TRUE(sock_wait_gauge(FIN_WAIT1, 0));
	EXPECT_EQ(1, sock_gauge(FIN_WAIT2));
}

TEST_F(hold, shutdown_sends_all)
{
	char got[3], byte;

	ASSERT_EQ(3, hold(self->client, variant->how, "abc", 3));
	ASSERT_EQ(0, shutdown(self->client, SHUT_WR));
	EXPECT_EQ(0, unsent(self->client));
	ASSERT_EQ(0, sock_read_all(self->server, got, 3));
	EXPECT_EQ(0, memcmp(got, "abc", 3));
	EXPECT_EQ(0, recv(self->server, &byte, 1, 0));
	EXPECT_TRUE(sock_wait_state(self->client, FIN_WAIT2));
}

TEST_F(hold, nodelay_sends_at_once)
{
	char got[3];

	ASSERT_EQ(3, hold(self->client, variant->how, "abc", 3));
	ASSERT_EQ(0, sock_set(self->client, IPPROTO_TCP, TCP_NODELAY, 1));
	EXPECT_EQ(0, unsent(self->client));
	ASSERT_EQ(0, sock_read_all(self->server, got, 3));
	EXPECT_EQ(0, memcmp(got, "abc", 3));
}

TEST_F(hold, no_cork_sends_at_once)
{
	char got[3];

	/* Also what MSG_MORE holds, and where there never was a cork. */
	ASSERT_EQ(3, hold(self->client, variant->how, "abc", 3));
	ASSERT_EQ(0, sock_set(self->client, IPPROTO_TCP, TCP_CORK, 0));
	EXPECT_EQ(0, unsent(self->client));
	ASSERT_EQ(0, sock_read_all(self->server, got, 3));
	EXPECT_EQ(0, memcmp(got, "abc", 3));
}

TEST_F(hold, one_segment_in_the_end)
{
	long before = segments_out(self->client);
	long long start = sock_ms();
	char got[9];

	ASSERT_EQ(3, hold(self->client, variant->how, "abc", 3));
	ASSERT_EQ(3, hold(self->client, variant->how, "def", 3));
	ASSERT_EQ(3, send(self->client, "ghi", 3, 0));
	ASSERT_EQ(0, sock_set(self->client, IPPROTO_TCP, TCP_CORK, 0));
	EXPECT_EQ(0, unsent(self->client));
	if (surely_holds(variant->how) && sock_ms() - start < PATIENCE_MS)
		EXPECT_EQ(before + 1, segments_out(self->client));
	ASSERT_EQ(0, sock_read_all(self->server, got, 9));
	EXPECT_EQ(0, memcmp(got, "abcdefghi", 9));
}

TEST_F(hold, reset_throws_it_away)
{
	struct linger now = { .l_onoff = 1 };
	char byte;

	ASSERT_EQ(3, hold(self->client, variant->how, "abc", 3));
	ASSERT_EQ(0, setsockopt(self->client, SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	ASSERT_EQ(0, close(self->client));
	EXPECT_TRUE(sock_wait(self->server, POLLERR));
	while (recv(self->server, &byte, 1, 0) == 1)
		;
	EXPECT_TRUE(sock_wait_gauge(ESTABLISHED, 0));
}

TEST_F_TIMEOUT(hold, many_closed_at_once, LONG_SECONDS)
{
	struct sockaddr_in addr = sock_addr("127.0.0.1", sock_port(self->pair.listener));
	int client, server;
	char got[5];
	int i;

	/* Whatever was to send it by itself does not outlive the connection. */
	for (i = 0; i < 100; i++) {
		client = sock_new(0);
		ASSERT_EQ(0, sock_connect(client, &addr));
		server = accept(self->pair.listener, NULL, NULL);
		ASSERT_LE(0, server);
		ASSERT_EQ(4, hold(client, variant->how, "text", 4));
		if (i % 2)
			ASSERT_EQ(0, shutdown(server, SHUT_WR));
		close(client);
		ASSERT_EQ(4, recv(server, got, 5, MSG_WAITALL));
		close(server);
	}
	EXPECT_TRUE(sock_wait_gauge(ESTABLISHED, 2));
	EXPECT_TRUE(sock_wait_gauge(FIN_WAIT1, 0));
	EXPECT_TRUE(sock_wait_gauge(FIN_WAIT2, 0));
	EXPECT_TRUE(sock_wait_gauge(LAST_ACK, 0));
}

/* What needs no variants. */
SOCK_FIXTURE(cork);

TEST_F(cork, more_then_plain)
{
	char sent[2000], got[2000];
	struct sock_pair pair;
	int done = 0;
	int i, j;

	ASSERT_EQ(0, small_pair(&pair));
	sock_pattern(sent, sizeof(sent), 44);
	/* Runs of held text, each ended by a write that is not. */
	for (i = 1; done + i * 10 <= (int)sizeof(sent); i++) {
		for (j = 1; j < i; j++, done += 10)
			ASSERT_EQ(10, send(pair.client, sent + done, 10, MSG_MORE));
		ASSERT_EQ(10, send(pair.client, sent + done, 10, 0));
		done += 10;
	}
	ASSERT_EQ(0, sock_read_all(pair.server, got, done));
	EXPECT_EQ(0, memcmp(sent, got, done));
}

TEST_F(cork, nodelay_pushes_once)
{
	struct sock_pair pair;
	long long start;
	char got[3];

	/* The cork stays; only what waited has gone. */
	ASSERT_EQ(0, small_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.client, IPPROTO_TCP, TCP_CORK, 1));
	ASSERT_EQ(3, send(pair.client, "abc", 3, 0));
	ASSERT_EQ(0, sock_set(pair.client, IPPROTO_TCP, TCP_NODELAY, 1));
	EXPECT_EQ(0, unsent(pair.client));
	EXPECT_EQ(1, sock_get(pair.client, IPPROTO_TCP, TCP_CORK));
	EXPECT_EQ(1, sock_get(pair.client, IPPROTO_TCP, TCP_NODELAY));
	ASSERT_EQ(0, sock_read_all(pair.server, got, 3));
	start = sock_ms();
	ASSERT_EQ(3, send(pair.client, "def", 3, 0));
	EXPECT_TRUE(waits(pair.client, 3, start));
	ASSERT_EQ(0, sock_set(pair.client, IPPROTO_TCP, TCP_CORK, 0));
	EXPECT_EQ(0, unsent(pair.client));
	ASSERT_EQ(0, sock_read_all(pair.server, got, 3));
	EXPECT_EQ(0, memcmp(got, "def", 3));
}

TEST_F(cork, set_before_connect)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int client = sock_new(0);
	char got[3];
	int server;

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_set(client, IPPROTO_TCP, TCP_CORK, 1));
	ASSERT_EQ(0, sock_connect(client, &addr));
	EXPECT_EQ(1, sock_get(client, IPPROTO_TCP, TCP_CORK));
	server = accept(listener, NULL, NULL);
	ASSERT_LE(0, server);
	ASSERT_EQ(3, send(client, "abc", 3, 0));
	ASSERT_EQ(0, sock_timeout(server, SO_RCVTIMEO, SOCK_DEADLINE_MS));
	ASSERT_EQ(0, sock_read_all(server, got, 3));
	EXPECT_EQ(0, memcmp(got, "abc", 3));
}

TEST_F(cork, nothing_to_send)
{
	struct sock_pair pair;
	long before;

	ASSERT_EQ(0, small_pair(&pair));
	before = segments_out(pair.client);
	ASSERT_EQ(0, sock_set(pair.client, IPPROTO_TCP, TCP_CORK, 1));
	ASSERT_EQ(0, sock_set(pair.client, IPPROTO_TCP, TCP_CORK, 0));
	ASSERT_EQ(0, sock_set(pair.client, IPPROTO_TCP, TCP_NODELAY, 1));
	EXPECT_EQ(before, segments_out(pair.client));
}

TEST_F(cork, both_ends_hold)
{
	struct sock_pair pair;
	char got[3];

	/* Both ends hold: neither waits for the other for good. */
	ASSERT_EQ(0, small_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.client, IPPROTO_TCP, TCP_CORK, 1));
	ASSERT_EQ(0, sock_set(pair.server, IPPROTO_TCP, TCP_CORK, 1));
	ASSERT_EQ(3, send(pair.client, "abc", 3, 0));
	ASSERT_EQ(0, sock_read_all(pair.server, got, 3));
	ASSERT_EQ(3, send(pair.server, "def", 3, 0));
	ASSERT_EQ(0, sock_read_all(pair.client, got, 3));
	EXPECT_EQ(0, memcmp(got, "def", 3));
}

TEST_F_TIMEOUT(cork, full_receiver, LONG_SECONDS)
{
	struct sock_pair pair;
	long sent, got = 0;

	/* Held text behind a closed window is sent when the window opens. */
	ASSERT_EQ(0, small_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.client, IPPROTO_TCP, TCP_CORK, 1));
	sent = sock_fill(pair.client);
	ASSERT_LT(0, sent);
	EXPECT_TRUE(sock_until((got += sock_drain(pair.server)) == sent));
}

TEST_HARNESS_MAIN

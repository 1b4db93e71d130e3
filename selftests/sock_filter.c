// SPDX-License-Identifier: GPL-2.0
/*
 * A filter on a socket can keep segments, or the text of segments, from it, but
 * never a piece of the stream: what it cut off is not acknowledged, so it is
 * sent again, and once the filter is gone everything is there, in order.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lib/sock.h"
#include "kselftest_harness.h"

#define BYTES		200000
#define LONG_SECONDS	120
#define WHOLE_SEGMENT	0x40000

/* What FIONREAD, SIOCOUTQ or SIOCOUTQNSD counts, or -1. */
static int queued(int fd, unsigned long request)
{
	int bytes = -1;

	return ioctl(fd, request, &bytes) ? -1 : bytes;
}

static long retransmissions(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return -1;
	return info.tcpi_total_retrans;
}

/* Whether text was sent again because it was not acknowledged. */
static bool sent_again(int fd, long times)
{
	return sock_until(retransmissions(fd) >= times || !queued(fd, SIOCOUTQ)) &&
	       retransmissions(fd) >= times;
}

static int attach(int fd, struct sock_filter *code, unsigned short len)
{
	struct sock_fprog program = { .len = len, .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* A filter that keeps so many octets of a segment, its TCP header first. */
static int attach_keep(int fd, uint32_t keep)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, keep) };

	return attach(fd, code, 1);
}

/* One segment in eight loses all but up to 1 KiB of it. */
static int attach_random(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_RANDOM),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 7 << 16, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, WHOLE_SEGMENT),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 1023),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};

	return attach(fd, code, 5);
}

static int detach(int fd)
{
	return sock_set(fd, SOL_SOCKET, SO_DETACH_FILTER, 0);
}

/* As sock_pair(), with a bound on the segments; 0: none. No waiting for more text. */
static int pair_with_mss(struct sock_pair *pair, int mss)
{
	struct sockaddr_in addr;

	pair->listener = sock_listen(&addr, 1);
	pair->client = sock_new(0);
	if (pair->listener < 0 || pair->client < 0)
		return -1;
	if (mss && sock_set(pair->client, IPPROTO_TCP, TCP_MAXSEG, mss))
		return -1;
	if (sock_set(pair->client, IPPROTO_TCP, TCP_NODELAY, 1) ||
	    sock_connect(pair->client, &addr))
		return -1;
	pair->server = accept(pair->listener, NULL, NULL);
	return pair->server < 0 ? -1 : 0;
}

/* A stream of messages, most of them small, and how far it has come. */
struct stream {
	int fd;
	int flags;
	uint32_t seed;
	char *text;
	size_t done;
	bool finish;		/* with the end of the stream */
	int err;
};

static void *stream_run(void *arg)
{
	struct stream *stream = arg;

	stream->err = 0;
	while (stream->done < BYTES) {
		bool small = sock_random(&stream->seed) % 4;
		size_t len = sock_random(&stream->seed) % (small ? 200 : 20000) + 1;
		ssize_t sent;

		if (len > BYTES - stream->done)
			len = BYTES - stream->done;
		sent = send(stream->fd, stream->text + stream->done, len,
			    stream->flags | MSG_NOSIGNAL);
		if (sent < 0) {
			stream->err = errno;
			break;
		}
		stream->done += sent;
	}
	if (!stream->err && stream->finish && shutdown(stream->fd, SHUT_WR))
		stream->err = errno;
	return NULL;
}

/* Read to the end and compare: "whole", or what was wrong. */
static const char *read_whole(int fd, const char *text, size_t len)
{
	static char got[BYTES + 1];
	static char verdict[100];
	size_t done = 0;
	size_t i;

	sock_timeout(fd, SO_RCVTIMEO, SOCK_DEADLINE_MS);
	while (done < sizeof(got)) {
		ssize_t n = recv(fd, got + done, sizeof(got) - done, 0);

		if (n < 0) {
			snprintf(verdict, sizeof(verdict), "%s after %zu of %zu",
				 strerror(errno), done, len);
			return verdict;
		}
		if (!n)
			break;
		done += n;
	}
	for (i = 0; i < done && i < len && got[i] == text[i]; i++)
		;
	if (done == len && i == len)
		return "whole";
	snprintf(verdict, sizeof(verdict), "end after %zu of %zu, right up to %zu", done, len, i);
	return verdict;
}

FIXTURE(trim) {
	struct sock_pair pair;
	char text[BYTES];
};

FIXTURE_VARIANT(trim) {
	uint32_t keep;		/* octets of each segment, its header first */
	int mss;
};

/* Nothing: the segment is dropped. */
FIXTURE_VARIANT_ADD(trim, all) { .keep = 0, .mss = 0 };
/* TCP keeps the header, whatever the filter says. */
FIXTURE_VARIANT_ADD(trim, text) { .keep = 1, .mss = 0 };
FIXTURE_VARIANT_ADD(trim, text_small_segments) { .keep = 1, .mss = 1000 };
/* The header and the first few octets of text. */
FIXTURE_VARIANT_ADD(trim, most_text_small_segments) { .keep = 60, .mss = 1000 };
/* Small segments whole, others in part. */
FIXTURE_VARIANT_ADD(trim, some_text_small_segments) { .keep = 500, .mss = 1000 };

FIXTURE_SETUP(trim)
{
	ASSERT_EQ(0, sock_netns());
	sock_pattern(self->text, BYTES, 31);
	ASSERT_EQ(0, pair_with_mss(&self->pair, variant->mss));
}

FIXTURE_TEARDOWN(trim)
{
}

/* Whether text gets past the filter at all. */
static bool passes_text(uint32_t keep)
{
	return keep > 1;
}

TEST_F_TIMEOUT(trim, stream, LONG_SECONDS)
{
	struct stream stream = {
		.fd = self->pair.client,
		.seed = 7,
		.text = self->text,
		.flags = MSG_DONTWAIT,
	};
	int server = self->pair.server;
	pthread_t thread;

	ASSERT_EQ(0, attach_keep(server, variant->keep));
	stream_run(&stream);
	ASSERT_TRUE(!stream.err || stream.err == EAGAIN);
	ASSERT_LT(0u, stream.done);
	/* Sent again, and again in vain. */
	EXPECT_TRUE(sent_again(stream.fd, 2));
	if (!passes_text(variant->keep)) {
		EXPECT_EQ(0, queued(server, FIONREAD));
		EXPECT_EQ((int)stream.done, queued(stream.fd, SIOCOUTQ));
		EXPECT_EQ(0, sock_events(server, POLLIN | POLLRDHUP));
	}
	ASSERT_EQ(0, detach(server));

	stream.flags = 0;
	stream.finish = true;
	ASSERT_EQ(0, pthread_create(&thread, NULL, stream_run, &stream));
	ASSERT_STREQ("whole", read_whole(server, self->text, BYTES));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, stream.err);
}

TEST_F_TIMEOUT(trim, reader_goes_on, LONG_SECONDS)
{
	char ack[4] = "";
	int client = self->pair.client;
	int server = self->pair.server;
	size_t len = 3000;

	/* The filter is for what comes in: what goes out, and its ACKs, pass. */
	ASSERT_EQ(0, attach_keep(server, variant->keep));
	ASSERT_EQ(0, sock_write_all(client, self->text, len));
	EXPECT_TRUE(sent_again(client, 1));
	ASSERT_EQ(4, send(server, "back", 4, 0));
	ASSERT_EQ(0, sock_timeout(client, SO_RCVTIMEO, SOCK_DEADLINE_MS));
	EXPECT_EQ(0, sock_read_all(client, ack, 4));
	EXPECT_EQ(0, memcmp(ack, "back", 4));
	ASSERT_EQ(0, detach(server));
	ASSERT_EQ(0, shutdown(client, SHUT_WR));
	EXPECT_STREQ("whole", read_whole(server, self->text, len));
}

TEST_F_TIMEOUT(trim, end_behind_text, LONG_SECONDS)
{
	int client = self->pair.client;
	int server = self->pair.server;
	size_t len = 3000;
	long before;

	/* The text is on its way already: the FIN goes by itself. */
	ASSERT_EQ(0, attach_keep(server, variant->keep));
	ASSERT_EQ(0, sock_write_all(client, self->text, len));
	ASSERT_TRUE(sock_until(!queued(client, SIOCOUTQNSD)));
	ASSERT_EQ(0, shutdown(client, SHUT_WR));
	before = retransmissions(client);
	/* Where text passes, all of it may have come through before the end. */
	EXPECT_TRUE(sent_again(client, passes_text(variant->keep) ? 1 : before + 1));
	if (!passes_text(variant->keep)) {
		EXPECT_EQ(TCP_FIN_WAIT1, sock_state(client));
		EXPECT_EQ(TCP_ESTABLISHED, sock_state(server));
		EXPECT_EQ(0, sock_events(server, POLLRDHUP | POLLIN));
	} else if (sock_events(server, POLLRDHUP)) {
		EXPECT_EQ((int)len, queued(server, FIONREAD));
	}
	ASSERT_EQ(0, detach(server));
	EXPECT_STREQ("whole", read_whole(server, self->text, len));
	EXPECT_TRUE(sock_wait_state(client, TCP_FIN_WAIT2));
}

TEST_F_TIMEOUT(trim, end_with_text, LONG_SECONDS)
{
	int client = self->pair.client;
	int server = self->pair.server;
	size_t len = 900;

	/*
	 * Text and FIN in one segment. RFC 9293 3.10.7.4 takes the FIN behind
	 * all text; the in-tree TCP counts it where the cut is, and loses text.
	 */
	if (sock_is_intree() && variant->keep && variant->keep < len)
		SKIP(return, "the in-tree TCP takes a FIN whose text was cut off");
	ASSERT_EQ(0, attach_keep(server, variant->keep));
	ASSERT_EQ(0, sock_set(client, IPPROTO_TCP, TCP_NODELAY, 0));
	ASSERT_EQ(0, sock_set(client, IPPROTO_TCP, TCP_CORK, 1));
	ASSERT_EQ(0, sock_write_all(client, self->text, len));
	ASSERT_EQ(0, shutdown(client, SHUT_WR));
	EXPECT_TRUE(sent_again(client, 1));
	if (!passes_text(variant->keep)) {
		EXPECT_EQ(TCP_FIN_WAIT1, sock_state(client));
		EXPECT_EQ(0, sock_events(server, POLLRDHUP | POLLIN));
	} else if (sock_events(server, POLLRDHUP)) {
		/* A piece with each retransmission: all of it may have come. */
		EXPECT_EQ((int)len, queued(server, FIONREAD));
	}
	ASSERT_EQ(0, detach(server));
	EXPECT_STREQ("whole", read_whole(server, self->text, len));
	EXPECT_TRUE(sock_wait_state(client, TCP_FIN_WAIT2));
}

/* What needs no variants. */
SOCK_FIXTURE(filter);

TEST_F_TIMEOUT(filter, random_cuts, LONG_SECONDS)
{
	static char text[BYTES], got[BYTES];
	struct stream stream = { .seed = 9, .text = text };
	struct sock_pair pair;
	pthread_t thread;
	int round;
	char byte;

	/* The filter stays; what is cut comes through the next time, or the one after. */
	ASSERT_EQ(0, pair_with_mss(&pair, 4000));
	sock_pattern(text, BYTES, 32);
	ASSERT_EQ(0, attach_random(pair.server));
	ASSERT_EQ(0, sock_timeout(pair.server, SO_RCVTIMEO, SOCK_DEADLINE_MS));
	stream.fd = pair.client;
	/* Few segments are so large that a cut takes something: one time in ten none is. */
	for (round = 0; round < 12 && !retransmissions(pair.client); round++) {
		stream.done = 0;
		ASSERT_EQ(0, pthread_create(&thread, NULL, stream_run, &stream));
		ASSERT_EQ(0, sock_read_all(pair.server, got, BYTES));
		EXPECT_EQ(0, memcmp(text, got, BYTES));
		pthread_join(thread, NULL);
		ASSERT_EQ(0, stream.err);
	}
	EXPECT_LT(0, retransmissions(pair.client));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	EXPECT_EQ(0, recv(pair.server, &byte, 1, 0));
}

TEST_F_TIMEOUT(filter, attached_to_the_sender, LONG_SECONDS)
{
	static char text[BYTES];
	struct sock_pair pair;
	struct stream stream = { .seed = 11, .text = text, .finish = true };
	pthread_t thread;

	/* ACKs have no text to lose, and keep their options. */
	ASSERT_EQ(0, pair_with_mss(&pair, 0));
	sock_pattern(text, BYTES, 33);
	ASSERT_EQ(0, attach_keep(pair.client, 1));
	stream.fd = pair.client;
	ASSERT_EQ(0, pthread_create(&thread, NULL, stream_run, &stream));
	ASSERT_STREQ("whole", read_whole(pair.server, text, BYTES));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, stream.err);
	EXPECT_EQ(0, retransmissions(pair.client));
}

TEST_F_TIMEOUT(filter, reset_gets_through, LONG_SECONDS)
{
	struct linger now = { .l_onoff = 1 };
	struct sock_pair pair;
	char byte;

	/* A RST without text loses nothing; ret #0 would keep it out as well. */
	ASSERT_EQ(0, pair_with_mss(&pair, 0));
	ASSERT_EQ(0, attach_keep(pair.server, 1));
	ASSERT_EQ(0, setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	ASSERT_EQ(0, close(pair.client));
	ASSERT_TRUE(sock_wait(pair.server, POLLERR));
	EXPECT_EQ(ECONNRESET, sock_errno(recv(pair.server, &byte, 1, 0)));
}

TEST_F(filter, reset_kept_out)
{
	struct linger now = { .l_onoff = 1 };
	struct sock_pair pair;

	ASSERT_EQ(0, pair_with_mss(&pair, 0));
	ASSERT_EQ(0, attach_keep(pair.server, 0));
	ASSERT_EQ(0, setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	ASSERT_EQ(0, close(pair.client));
	ASSERT_TRUE(sock_wait_gauge(TCP_ESTABLISHED, 1));
	/* Nor is the RST heard that answers what it sends. */
	ASSERT_EQ(1, send(pair.server, "x", 1, 0));
	EXPECT_TRUE(sent_again(pair.server, 1));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(pair.server));
	EXPECT_EQ(0, sock_error(pair.server));
	ASSERT_EQ(0, detach(pair.server));
	EXPECT_TRUE(sock_wait(pair.server, POLLERR));
	EXPECT_EQ(ECONNRESET, sock_error(pair.server));
}

TEST_F(filter, listener_that_drops)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int client = sock_new(SOCK_NONBLOCK);

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, attach_keep(listener, 0));
	ASSERT_EQ(EINPROGRESS, sock_errno(sock_connect(client, &addr)));
	/* No answer at all: its SYN is sent again. */
	ASSERT_TRUE(sock_until(retransmissions(client) >= 1 ||
			       sock_state(client) != TCP_SYN_SENT));
	EXPECT_EQ(TCP_SYN_SENT, sock_state(client));
	EXPECT_EQ(0, sock_events(listener, POLLIN));
	EXPECT_EQ(0, sock_error(client));
	ASSERT_EQ(0, detach(listener));
	EXPECT_TRUE(sock_wait(client, POLLOUT));
	EXPECT_EQ(0, sock_error(client));
	EXPECT_LE(0, accept(listener, NULL, NULL));
}

TEST_F(filter, listener_that_cuts)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int client = sock_new(0);
	char got[6];
	int server;

	/* Options are of the header; text comes once the child's filter is gone. */
	ASSERT_LE(0, listener);
	ASSERT_EQ(0, attach_keep(listener, 1));
	ASSERT_EQ(0, sock_set(client, IPPROTO_TCP, TCP_MAXSEG, 600));
	ASSERT_EQ(0, sock_connect(client, &addr));
	ASSERT_EQ(6, send(client, "abcdef", 6, 0));
	server = accept(listener, NULL, NULL);
	ASSERT_LE(0, server);
	EXPECT_GE(600, sock_get(server, IPPROTO_TCP, TCP_MAXSEG));
	EXPECT_TRUE(sent_again(client, 1));
	EXPECT_EQ(0, sock_events(server, POLLIN));
	/* A child has the listener's filter, and its own way to be rid of it. */
	ASSERT_EQ(0, sock_errno(detach(server)));
	ASSERT_EQ(0, sock_timeout(server, SO_RCVTIMEO, SOCK_DEADLINE_MS));
	ASSERT_EQ(0, sock_read_all(server, got, 6));
	EXPECT_EQ(0, memcmp(got, "abcdef", 6));
	EXPECT_EQ(0, sock_errno(detach(listener)));
}

TEST_F(filter, connecting_socket_that_drops)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int client = sock_new(SOCK_NONBLOCK);

	/* The SYN+ACK is kept out: not connected, and nobody to accept. */
	ASSERT_LE(0, listener);
	ASSERT_EQ(0, attach_keep(client, 0));
	ASSERT_EQ(EINPROGRESS, sock_errno(sock_connect(client, &addr)));
	ASSERT_TRUE(sock_until(retransmissions(client) >= 1 ||
			       sock_state(client) != TCP_SYN_SENT));
	EXPECT_EQ(TCP_SYN_SENT, sock_state(client));
	EXPECT_EQ(0, sock_events(listener, POLLIN));
	ASSERT_EQ(0, detach(client));
	EXPECT_TRUE(sock_wait(client, POLLOUT));
	EXPECT_EQ(0, sock_error(client));
	EXPECT_LE(0, accept(listener, NULL, NULL));
}

TEST_F(filter, connecting_socket_that_cuts)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int client = sock_new(0);

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, attach_keep(client, 1));
	EXPECT_EQ(0, sock_connect(client, &addr));
	EXPECT_LE(0, accept(listener, NULL, NULL));
}

/* Keeps a segment whole if the octet at offset of its TCP header and text is value. */
static int attach_compare(int fd, uint32_t offset, uint32_t value)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offset),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, WHOLE_SEGMENT),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	return attach(fd, code, 4);
}

TEST_F(filter, sees_the_tcp_header)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int client = sock_new(SOCK_NONBLOCK);
	int port = ntohs(addr.sin_port);

	/* Offset 3: the low half of the destination port. */
	ASSERT_LE(0, listener);
	ASSERT_EQ(0, attach_compare(listener, 3, (port + 1) & 0xff));
	ASSERT_EQ(EINPROGRESS, sock_errno(sock_connect(client, &addr)));
	ASSERT_TRUE(sock_until(retransmissions(client) >= 1 ||
			       sock_state(client) != TCP_SYN_SENT));
	EXPECT_EQ(TCP_SYN_SENT, sock_state(client));
	ASSERT_EQ(0, attach_compare(listener, 3, port & 0xff));
	EXPECT_TRUE(sock_wait(client, POLLOUT));
	EXPECT_EQ(0, sock_error(client));
}

TEST_F(filter, sees_the_ip_header)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int client = sock_new(SOCK_NONBLOCK);
	int ttl = 65;

	/* Offset 8 of the IP header: the time to live. */
	ASSERT_LE(0, listener);
	ASSERT_EQ(0, attach_compare(listener, SKF_NET_OFF + 8, ttl));
	ASSERT_EQ(EINPROGRESS, sock_errno(sock_connect(client, &addr)));
	ASSERT_TRUE(sock_until(retransmissions(client) >= 1 ||
			       sock_state(client) != TCP_SYN_SENT));
	EXPECT_EQ(TCP_SYN_SENT, sock_state(client));
	ASSERT_EQ(0, sock_set(client, IPPROTO_IP, IP_TTL, ttl));
	EXPECT_TRUE(sock_wait(client, POLLOUT));
	EXPECT_EQ(0, sock_error(client));
}

TEST_F(filter, replaced)
{
	struct sock_pair pair;
	char got[3];

	/* The last one counts, and is all there is to take away. */
	ASSERT_EQ(0, pair_with_mss(&pair, 0));
	ASSERT_EQ(0, attach_keep(pair.server, 0));
	ASSERT_EQ(0, attach_keep(pair.server, WHOLE_SEGMENT));
	ASSERT_EQ(3, send(pair.client, "abc", 3, 0));
	ASSERT_EQ(0, sock_timeout(pair.server, SO_RCVTIMEO, SOCK_DEADLINE_MS));
	ASSERT_EQ(0, sock_read_all(pair.server, got, 3));
	EXPECT_EQ(0, memcmp(got, "abc", 3));
	EXPECT_EQ(0, detach(pair.server));
	EXPECT_EQ(ENOENT, sock_errno(detach(pair.server)));
}

TEST_F(filter, read_back)
{
	struct sock_filter code[4] = { 0 };
	struct sock_pair pair;
	socklen_t len = 4;

	/* The length is in instructions here, as ever. */
	ASSERT_EQ(0, pair_with_mss(&pair, 0));
	ASSERT_EQ(0, attach_keep(pair.server, 60));
	ASSERT_EQ(0, getsockopt(pair.server, SOL_SOCKET, SO_GET_FILTER, code, &len));
	EXPECT_EQ(1u, len);
	EXPECT_EQ(BPF_RET | BPF_K, code[0].code);
	EXPECT_EQ(60u, code[0].k);
}

TEST_F(filter, locked)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int client = sock_new(0);
	int server;

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, attach_keep(listener, WHOLE_SEGMENT));
	ASSERT_EQ(0, sock_set(listener, SOL_SOCKET, SO_LOCK_FILTER, 1));
	EXPECT_EQ(1, sock_get(listener, SOL_SOCKET, SO_LOCK_FILTER));
	EXPECT_EQ(EPERM, sock_errno(detach(listener)));
	EXPECT_EQ(EPERM, sock_errno(attach_keep(listener, 0)));
	EXPECT_EQ(EPERM, sock_errno(sock_set(listener, SOL_SOCKET, SO_LOCK_FILTER, 0)));
	/* Children are locked in with it. */
	ASSERT_EQ(0, sock_connect(client, &addr));
	server = accept(listener, NULL, NULL);
	ASSERT_LE(0, server);
	EXPECT_EQ(1, sock_get(server, SOL_SOCKET, SO_LOCK_FILTER));
	EXPECT_EQ(EPERM, sock_errno(detach(server)));
}

TEST_F(filter, wrong_programs)
{
	struct sock_filter no_end[] = { BPF_STMT(BPF_LD | BPF_IMM, 1) };
	struct sock_filter unknown[] = { BPF_STMT(0xffff, 0) };
	struct sock_filter wild_jump[] = {
		BPF_STMT(BPF_JMP | BPF_JA, 100),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_filter end[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog program = { .len = 1, .filter = end };
	int fd = sock_new(0);

	EXPECT_EQ(EINVAL, sock_errno(attach(fd, no_end, 1)));
	EXPECT_EQ(EINVAL, sock_errno(attach(fd, unknown, 1)));
	EXPECT_EQ(EINVAL, sock_errno(attach(fd, wild_jump, 2)));
	EXPECT_EQ(EINVAL, sock_errno(attach(fd, end, 0)));
	EXPECT_EQ(EINVAL, sock_errno(attach(fd, NULL, 1)));
	EXPECT_EQ(EINVAL, sock_errno(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
						sizeof(program) - 1)));
	EXPECT_EQ(ENOENT, sock_errno(detach(fd)));
	EXPECT_EQ(0, attach(fd, end, 1));
}

TEST_HARNESS_MAIN

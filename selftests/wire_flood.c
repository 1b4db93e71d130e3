// SPDX-License-Identifier: GPL-2.0
/*
 * A peer that sends very much of what costs it little gets no more answers than
 * the limit says, and holds no more memory than the buffer was set to; the
 * connection carries text then as before.
 */
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

/* The kernel doubles it. */
#define BUFFER		16384
/* One more is let in, and its buffer is at most that of a page's worth. */
#define ONE_MORE	20000
#define FLOOD		400
/* Answers of a connection in a second to what it does not accept. */
#define LIMIT		10

static int open_small(struct wire_conn *c)
{
	int size = BUFFER;

	if (wire_open(c))
		return -1;
	c->lfd = c->fd;
	c->fd = -1;
	if (setsockopt(c->lfd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) || wire_listen(c))
		return -1;
	return wire_passive(c, "mss 1460");
}

/* Octets charged to the socket for what it has received. */
static long charged(struct wire_conn *c)
{
	uint32_t info[SK_MEMINFO_VARS];
	socklen_t size = sizeof(info);

	if (getsockopt(c->fd, SOL_SOCKET, SO_MEMINFO, info, &size))
		return -1;
	return info[SK_MEMINFO_RMEM_ALLOC];
}

static long received(struct wire_conn *c)
{
	struct tcp_info info = {};
	socklen_t size = sizeof(info);

	if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &size))
		return -1;
	return info.tcpi_bytes_received;
}

static int talk(struct wire_conn *c)
{
	if (wire_drain(c) < 0 || wire_write(c, 10) ||
	    wire_expect_stream(c, 1 + c->wr_off, false, true) || wire_send(c, "PA len 10"))
		return -1;
	return wire_read(c, 10);
}

/* ---- memory ---- */

WIRE_FIXTURE(memory)

WIRE_TEST(memory, octet_by_octet)
{
	struct wire_conn *c = &self->c;
	long most = 0, sent, have;

	ASSERT_EQ(0, open_small(c));
	for (sent = 0; sent < 12000 && (int)wire_rcv_wnd(c) > 0; sent++) {
		SEND(c, "PA len 1");
		if (sent % 64)
			continue;
		ASSERT_LE(0, wire_drain(c));
		have = charged(c);
		ASSERT_LE(0, have);
		most = have > most ? have : most;
	}
	ASSERT_LE(0, wire_drain(c));
	TH_LOG("%ld octets, each by itself: %ld charged at most", sent, most);
	/* What the window has promised is kept, so twice the buffer. */
	EXPECT_GE(2 * 2 * BUFFER + ONE_MORE, most);
	have = received(c);
	EXPECT_LE(1000, have);
	/* What was refused comes again. */
	c->snd_nxt = c->iss + 1 + have;
	ASSERT_EQ(0, wire_read(c, have));
	EXPECT_EQ(0, charged(c));
	ASSERT_EQ(0, talk(c));
}

WIRE_TEST(memory, every_other_octet)
{
	struct wire_conn *c = &self->c;
	long most = 0, have;
	int i, n = 5000;

	ASSERT_EQ(0, open_small(c));
	ASSERT_LT(2 * n, (int)wire_rcv_wnd(c));
	for (i = 1; i <= n; i++) {
		SEND(c, "PA seq %d len 1", 1 + 2 * i);
		if (i % 64)
			continue;
		ASSERT_LE(0, wire_drain(c));
		have = charged(c);
		ASSERT_LE(0, have);
		most = have > most ? have : most;
	}
	ASSERT_LE(0, wire_drain(c));
	TH_LOG("%d octets beyond holes: %ld charged at most", n, most);
	EXPECT_GE(2 * BUFFER + ONE_MORE, most);
	ASSERT_EQ(0, received(c));
	/* The holes close. */
	for (have = 0; have < 2 * n; have = received(c)) {
		c->snd_nxt = c->iss + 1 + have;
		SEND(c, "PA len %ld", 2 * n + 1 - have < 500 ? 2 * n + 1 - have : 500);
		ASSERT_LE(0, wire_drain(c));
		ASSERT_LT(have, received(c));
	}
	c->snd_nxt = c->iss + 1 + have;
	ASSERT_EQ(0, wire_read(c, have));
	EXPECT_EQ(0, charged(c));
	ASSERT_EQ(0, talk(c));
}

/* ---- answers ---- */

FIXTURE(answers) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(answers) {
	const char *line;
};

WIRE_SETUP(answers)

FIXTURE_VARIANT_ADD(answers, rst_in_window) { .line = "R seq 5" };
FIXTURE_VARIANT_ADD(answers, syn_in_window) { .line = "S seq 5" };
FIXTURE_VARIANT_ADD(answers, syn_of_old) { .line = "S seq 0" };
FIXTURE_VARIANT_ADD(answers, right_of_window) { .line = "A seq 2000000 ack 1 len 10" };
FIXTURE_VARIANT_ADD(answers, left_of_window) { .line = "A seq -5 ack 1" };
FIXTURE_VARIANT_ADD(answers, ack_of_unsent) { .line = "A seq 1 ack 5000 len 10" };
FIXTURE_VARIANT_ADD(answers, ack_too_old) { .line = "A seq 1 ack -100000 len 10" };

WIRE_TEST(answers, are_limited)
{
	struct wire_conn *c = &self->c;
	long limited, seconds;
	int i, n, answers = 0;
	int64_t began;

	if (self->w.family != WIRE_AF_TCPSTATE)
		SKIP(return, "the limit is ours");
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	limited = wire_stat(&self->w, "ChallengeLimited");
	began = wire_now();
	for (i = 1; i <= FLOOD; i++) {
		SEND(c, "%s", variant->line);
		if (i % 50)
			continue;
		n = wire_drain(c);
		ASSERT_LE(0, n);
		answers += n;
	}
	/* A slow machine may take some seconds for it, and the first is not full. */
	seconds = (wire_now() - began) / 1000000 + 2;
	EXPECT_LE(1, answers);
	EXPECT_GE(LIMIT * seconds, answers);
	EXPECT_EQ(limited + FLOOD - answers, wire_stat(&self->w, "ChallengeLimited"));
	EXPECT_STATE(c, WS_ESTABLISHED);
	c->snd_nxt = c->iss + 1;
	ASSERT_EQ(0, talk(c));
}

TEST_HARNESS_MAIN

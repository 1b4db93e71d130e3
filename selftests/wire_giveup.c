// SPDX-License-Identifier: GPL-2.0
/*
 * What is not acknowledged is sent again R2 times and then given up with an error,
 * a SYN after three minutes at least, text after 100 seconds at least; a peer that
 * answers is never given up, however long its window stays shut (RFC 9293 3.8.3,
 * 3.8.6).
 *
 * The timeouts are shortened by sysctls. That they double is in wire_retransmit.c,
 * so the number of retransmissions tells how long all of it takes without that.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

WIRE_FIXTURE(giveup)

static long knob(const char *name)
{
	char path[128];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/net/tcpstate/%s", name);
	f = fopen(path, "r");
	if (!f)
		return -1;
	if (fscanf(f, "%ld", &value) != 1)
		value = -1;
	fclose(f);
	return value;
}

/* How long n retransmissions and the wait behind the last take, milliseconds. */
static long lasts(long first, long most, int n)
{
	long sum = 0;
	int i;

	for (i = 0; i <= n; i++) {
		sum += first;
		first = first * 2 < most ? first * 2 : most;
	}
	return sum;
}

static int hurry(struct wire *w)
{
	return wire_sysctl(w, "rto_min_ms", 20) ?: wire_sysctl(w, "rto_max_ms", 40);
}

/* How often the line comes again until nothing does; -1: something else came. */
static int count(struct wire_conn *c, int flags, uint32_t seq, int len)
{
	int n = 0;

	c->strict = true;
	while (wire_next(c, 2000) == 0) {
		if ((c->got.flags & ~WIRE_PSH) != flags || wire_rel_seq(c, &c->got) != seq ||
		    c->got.len != len) {
			wire_dump(c->w);
			return -1;
		}
		n++;
	}
	return n;
}

WIRE_TEST(giveup, syn)
{
	struct wire_conn *c = &self->c;
	long most;

	/* MUST-22, MUST-23 */
	if (self->w.family == AF_INET)
		SKIP(return, "in-tree: timeouts cannot be shortened");
	most = knob("rto_max_ms");
	ASSERT_LE(1000, most);
	ASSERT_LE(180000, lasts(1000, most, knob("syn_retries")));
	ASSERT_EQ(0, hurry(&self->w));
	ASSERT_EQ(0, wire_connect(c));
	ASSERT_EQ(knob("syn_retries"), count(c, WIRE_SYN, 0, 0));
	ASSERT_EQ(0, wire_wait_error(c, ETIMEDOUT));
	EXPECT_GONE(c);
}

WIRE_TEST(giveup, text)
{
	struct wire_conn *c = &self->c;

	/* MUST-20, SHLD-10, SHLD-11 */
	if (self->w.family == AF_INET)
		SKIP(return, "in-tree: timeouts cannot be shortened");
	ASSERT_LE(3, knob("retries1"));
	ASSERT_LT(knob("retries1"), knob("retries2"));
	ASSERT_LE(100000, lasts(knob("rto_min_ms"), knob("rto_max_ms"), knob("retries2")));
	ASSERT_EQ(0, hurry(&self->w));
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 len 100");
	ASSERT_EQ(knob("retries2"), count(c, WIRE_ACK, 1, 100));
	ASSERT_EQ(0, wire_wait_error(c, ETIMEDOUT));
	EXPECT_GONE(c);
}

WIRE_TEST(giveup, handshake_after_the_listeners_user_timeout)
{
	struct wire_conn *c = &self->c;
	int64_t began;

	/*
	 * The SYN+ACK goes again after 1 and 3 seconds, and would after 7: the time is
	 * up before (RFC 9293 3.8.3, RFC 5482).
	 */
	if (self->w.family == AF_INET)
		SKIP(return, "in-tree: a half-open child has no user timeout");
	ASSERT_EQ(0, wire_listen(c));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_USER_TIMEOUT, 4000));
	SEND(c, "S seq 0 mss 1460");
	EXPECT(c, "SA seq 0 ack 1");
	began = c->got.when;
	c->strict = true;
	EXPECT(c, "SA seq 0 ack 1");
	EXPECT(c, "SA seq 0 ack 1");
	EXPECT_GONE(c);
	ASSERT_LE(3800000, wire_now() - began);
	ASSERT_GE(6500000, wire_now() - began);
	/* The peer that comes late is told. */
	c->snd_nxt = c->iss + 1;
	SEND(c, "A ack 1");
	EXPECT(c, "R seq 1 len 0");
}

WIRE_TEST(giveup, an_answer_begins_the_count_anew)
{
	struct wire_conn *c = &self->c;
	int i;

	if (self->w.family == AF_INET)
		SKIP(return, "in-tree: timeouts cannot be shortened");
	ASSERT_EQ(0, hurry(&self->w));
	ASSERT_EQ(0, wire_sysctl(&self->w, "retries2", 4));
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 len 100");
	c->strict = true;
	for (i = 0; i < 3; i++)
		EXPECT(c, "A seq 1 len 100");
	SEND(c, "A ack 51");
	ASSERT_EQ(4, count(c, WIRE_ACK, 51, 50));
	ASSERT_EQ(0, wire_wait_error(c, ETIMEDOUT));
}

WIRE_TEST(giveup, not_while_probes_are_answered)
{
	struct wire_conn *c = &self->c;
	int i;

	/* MUST-37 */
	if (self->w.family == AF_INET)
		SKIP(return, "in-tree: timeouts cannot be shortened");
	ASSERT_EQ(0, hurry(&self->w));
	ASSERT_EQ(0, wire_sysctl(&self->w, "retries2", 3));
	c->win = 0;
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_write(c, 100));
	c->strict = true;
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
		SEND(c, "A ack 1");
	}
	EXPECT_STATE(c, WS_ESTABLISHED);
	c->strict = false;
	c->rcv_nxt = c->irs + 1;
	c->win = 65535;
	SEND(c, "A ack 1");
	ASSERT_EQ(0, wire_expect_stream(c, 101, false, true));
}

WIRE_TEST(giveup, not_for_text_beyond_the_edge)
{
	struct wire_conn *c = &self->c;
	int i;

	/* SHLD-17: the window has shrunk below what was sent, and the peer answers. */
	if (self->w.family == AF_INET)
		SKIP(return, "in-tree: timeouts cannot be shortened");
	ASSERT_EQ(0, hurry(&self->w));
	ASSERT_EQ(0, wire_sysctl(&self->w, "retries2", 3));
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 3000));
	ASSERT_EQ(0, wire_expect_stream(c, 3001, false, false));
	c->win = 0;
	SEND(c, "A ack 1 len 1");
	c->strict = true;
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
		/* Whatever was sent before the window was seen to shrink. */
		if (i > 2)
			ASSERT_GE(1, c->got.len);
		SEND(c, "A ack 1");
	}
	EXPECT_STATE(c, WS_ESTABLISHED);
	c->strict = false;
	c->rcv_nxt = c->irs + 1;
	c->win = 65535;
	SEND(c, "A ack 1");
	ASSERT_EQ(0, wire_expect_stream(c, 3001, false, true));
}

TEST_HARNESS_MAIN

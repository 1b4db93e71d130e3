// SPDX-License-Identifier: GPL-2.0
/*
 * What the flight recorder and the tracepoints tell is what was on the wire:
 * each segment with its fields, why it went again, why it was dropped, the
 * timers, and the phases of congestion control.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <linux/tcpstate.h>

#include "kselftest_harness.h"
#include "lib/nl.h"
#include "lib/wire.h"

/* Numbers of tcpstate_tcb.h. */
#define VERDICT_ACK	2
#define DROP_SEQUENCE	1
#define CA_LOSS		4

FIXTURE(record) {
	struct wire w;
	struct wire_conn c;
	struct nl nl;
	struct nl_record *rec;
};

FIXTURE_SETUP(record)
{
	if (getenv("TCPSTATE_FAMILY") && atoi(getenv("TCPSTATE_FAMILY")) == AF_INET)
		SKIP(return, "of our own");
	ASSERT_EQ(0, wire_init(&self->w));
	wire_conn_init(&self->c, &self->w);
	ASSERT_EQ(0, nl_open_genl(&self->nl));
	self->rec = malloc(sizeof(*self->rec));
	ASSERT_NE(NULL, self->rec);
}

FIXTURE_TEARDOWN(record)
{
	wire_fini(&self->w);
}

/* Keep everything from now on. */
static int keep_all(struct wire_conn *c)
{
	return wire_set_int(c, SOL_TCPSTATE, TCPSTATE_RECORD, 2000) ?:
	       wire_set_int(c, SOL_TCPSTATE, TCPSTATE_RECORD_MASK,
			    (1 << TCPSTATE_RECORD_KINDS) - 1);
}

static int look(struct nl *nl, struct wire_conn *c, struct nl_record *rec)
{
	return nl_record(nl, nl_cookie(c->fd), rec);
}

/* The last entry of a kind with a why; NULL: none. */
static const struct tcpstate_record_event *last(const struct nl_record *rec, int kind, int why)
{
	int i;

	for (i = rec->n - 1; i >= 0; i--)
		if (rec->event[i].kind == kind && rec->event[i].why == why)
			return &rec->event[i];
	return NULL;
}

static bool has_timer(const struct nl_record *rec, int which, int what)
{
	int kind = what == TCPSTATE_TIMER_ARMED ? TCPSTATE_RECORD_ARMED : TCPSTATE_RECORD_TIMER;
	int i;

	for (i = 0; i < rec->n; i++)
		if (rec->event[i].kind == kind &&
		    rec->event[i].timer.which == which && rec->event[i].timer.what == what)
			return true;
	return false;
}

/* An entry tells the very fields that the peer has read. */
#define EXPECT_SAME(e, seg_)						\
	do {								\
		ASSERT_NE(NULL, e);					\
		EXPECT_EQ((seg_)->seq, (e)->seg.seq);			\
		EXPECT_EQ((seg_)->ack, (e)->seg.ack);			\
		EXPECT_EQ((seg_)->win, (e)->seg.wnd);			\
		EXPECT_EQ((seg_)->urg, (e)->seg.up);			\
		EXPECT_EQ((seg_)->flags, (e)->seg.flags);		\
		EXPECT_EQ((seg_)->len, (int)(e)->seg.len);		\
		EXPECT_EQ((seg_)->nsack > 0,				\
			  !!((e)->seg.options & TCPSTATE_OPT_SACK));	\
	} while (0)

WIRE_TEST(record, text_and_its_timeout)
{
	const struct tcpstate_record_event *e;
	struct nl_record *rec = self->rec;
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, keep_all(c));
	c->strict = true;
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 ack 1 len 100");
	ASSERT_EQ(0, look(&self->nl, c, rec));
	e = last(rec, TCPSTATE_RECORD_SENT, TCPSTATE_CAUSE_NONE);
	EXPECT_SAME(e, &c->got);
	EXPECT_EQ(c->got.seq + 100, e->tcb.snd_nxt);
	EXPECT_TRUE(has_timer(rec, TCPSTATE_TIMER_RETRANSMIT, TCPSTATE_TIMER_ARMED));
	EXPECT_FALSE(has_timer(rec, TCPSTATE_TIMER_RETRANSMIT, TCPSTATE_TIMER_FIRED));
	EXPECT(c, "A seq 1 ack 1 len 100");
	ASSERT_EQ(0, look(&self->nl, c, rec));
	e = last(rec, TCPSTATE_RECORD_RETRANSMIT, TCPSTATE_CAUSE_TIMEOUT);
	EXPECT_SAME(e, &c->got);
	EXPECT_TRUE(has_timer(rec, TCPSTATE_TIMER_RETRANSMIT, TCPSTATE_TIMER_FIRED));
	e = last(rec, TCPSTATE_RECORD_CONG, 0);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(CA_LOSS, e->phase.new);
	EXPECT_EQ(e->tcb.snd_mss, e->tcb.cwnd);
}

WIRE_TEST(record, the_handshake)
{
	const struct tcpstate_record_event *e;
	struct nl_record *rec = self->rec;
	struct wire_conn *c = &self->c;
	struct wire_seg synack;

	ASSERT_EQ(0, wire_listen(c));
	SEND(c, "S mss 1234 ws 3 sackok ts 77 0");
	EXPECT(c, "SA");
	synack = c->got;
	SEND(c, "A ts 78 %u", synack.tsval);
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, look(&self->nl, c, rec));
	e = &rec->event[0];
	EXPECT_EQ(TCPSTATE_RECORD_RECEIVED, e->kind);
	EXPECT_EQ(1234, e->seg.mss);
	EXPECT_EQ(3 | TCPSTATE_OPT_WSCALE | TCPSTATE_OPT_SACK_PERM | TCPSTATE_OPT_TSTAMP,
		  e->seg.options);
	EXPECT_EQ(77, e->seg.tsval);
	e = last(rec, TCPSTATE_RECORD_SENT, TCPSTATE_CAUSE_NONE);
	EXPECT_SAME(e, &synack);
	EXPECT_EQ(synack.mss, e->seg.mss);
	EXPECT_EQ(synack.wscale, e->seg.options & TCPSTATE_OPT_WSCALE_SHIFT);
	EXPECT_EQ(synack.tsval, e->seg.tsval);
	EXPECT_EQ(77, e->seg.tsecr);
}

WIRE_TEST(record, what_was_dropped)
{
	const struct tcpstate_record_event *e;
	struct nl_record *rec = self->rec;
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460 sackok"));
	ASSERT_EQ(0, keep_all(c));
	/* Beyond the window. */
	SEND(c, "A seq 10000000 len 10");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(0, look(&self->nl, c, rec));
	e = last(rec, TCPSTATE_RECORD_RECEIVED, VERDICT_ACK);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(DROP_SEQUENCE, e->drop);
	EXPECT_EQ(10, e->seg.len);
	/* The same text beyond a hole twice. */
	SEND(c, "A seq 11 len 10");
	EXPECT(c, "A ack 1 len 0");
	ASSERT_EQ(0, look(&self->nl, c, rec));
	e = last(rec, TCPSTATE_RECORD_SENT, TCPSTATE_CAUSE_NONE);
	EXPECT_SAME(e, &c->got);
	EXPECT_EQ(1, c->got.nsack);
	EXPECT_EQ(10, e->tcb.ooo_queue);
	EXPECT_EQ(NULL, last(rec, TCPSTATE_RECORD_DROPPED, 0));
	SEND(c, "A seq 11 len 10");
	EXPECT(c, "A ack 1 len 0");
	ASSERT_EQ(0, look(&self->nl, c, rec));
	e = last(rec, TCPSTATE_RECORD_DROPPED, 0);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(TCPSTATE_LOST_OLD, e->drop);
	EXPECT_EQ(10, e->tcb.ooo_queue);
	SEND(c, "A seq 1 len 10");
	EXPECT(c, "A ack 21 len 0");
	ASSERT_EQ(0, look(&self->nl, c, rec));
	e = last(rec, TCPSTATE_RECORD_RECEIVED, 0);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(0, e->tcb.ooo_queue);
	EXPECT_EQ(20, e->tcb.rcv_queue);
}

static const char * const tracing = "/sys/kernel/tracing/";

static int set_file(const char *name, const char *text)
{
	char path[128];
	int fd, n;

	snprintf(path, sizeof(path), "%s%s", tracing, name);
	fd = open(path, O_WRONLY | O_TRUNC);
	n = fd < 0 ? -1 : (int)write(fd, text, strlen(text));
	close(fd);
	return n == (int)strlen(text) ? 0 : -1;
}

/* Whether the trace has a line with all three words. */
static bool traced(const char *a, const char *b, const char *c)
{
	char path[128], line[1024];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%strace", tracing);
	f = fopen(path, "r");
	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, a) && strstr(line, b) && strstr(line, c);
	if (f)
		fclose(f);
	return found;
}

WIRE_TEST(record, tracepoints)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, set_file("trace", ""));
	ASSERT_EQ(0, set_file("events/tcpstate/enable", "1"));
	ASSERT_EQ(0, wire_passive(c, "mss 1460 sackok"));
	SEND(c, "A seq 10000000 len 10");
	EXPECT(c, "A seq 1 ack 1 len 0");
	SEND(c, "A seq 1 len 10");
	EXPECT(c, "A ack 11 len 0");
	c->strict = true;
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 ack 11 len 100");
	EXPECT(c, "A seq 1 ack 11 len 100");
	ASSERT_EQ(0, set_file("events/tcpstate/enable", "0"));
	EXPECT_TRUE(traced("tcpstate_state:", "LISTEN -> SYN_RECV", "event=RCV_SYN"));
	EXPECT_TRUE(traced("tcpstate_state:", "192.0.2.2:", "SYN_RECV -> ESTABLISHED"));
	EXPECT_TRUE(traced("tcpstate_receive:", "seq=10000000", "verdict=ack reason=sequence"));
	EXPECT_TRUE(traced("tcpstate_drop:", "seq=10000000", "reason=sequence"));
	EXPECT_TRUE(traced("tcpstate_receive:", "seq=1 ", "len=10"));
	EXPECT_TRUE(traced("tcpstate_send:", "seq=1 ack=11", "len=100"));
	EXPECT_TRUE(traced("tcpstate_timer:", "timer=retransmit", "armed"));
	EXPECT_TRUE(traced("tcpstate_timer:", "timer=retransmit", "fired"));
	EXPECT_TRUE(traced("tcpstate_timer:", "timer=delack", "armed"));
	EXPECT_TRUE(traced("tcpstate_congestion:", "open -> loss", "192.0.2.1:"));
	EXPECT_TRUE(traced("tcpstate_retransmit:", "seq=1 len=100", "cause=timeout"));
	EXPECT_FALSE(traced("tcpstate_send:", "seq=1 ack=11", "len=99"));
}

TEST_HARNESS_MAIN

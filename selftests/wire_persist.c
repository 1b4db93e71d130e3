// SPDX-License-Identifier: GPL-2.0
/*
 * A closed window must be probed, first after the retransmission timeout and then
 * ever less often, for as long as the probes are answered; when the window opens,
 * the data flows (RFC 9293 3.8.6.1). What nobody waits for ends some day, and where
 * nothing is to be sent, nothing is probed.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/stuck.h"
#include "lib/wire.h"

WIRE_FIXTURE(persist)

/* A probe is one octet of new data, or an old sequence number without any. */
static int take_probe(struct wire_conn *c, uint32_t una)
{
	uint32_t seq;

	c->strict = true;
	if (wire_next(c, 3 * WIRE_DEADLINE_MS))
		return -1;
	seq = wire_rel_seq(c, &c->got);
	c->rcv_nxt = c->irs + una;
	if (c->got.flags & (WIRE_SYN | WIRE_RST | WIRE_FIN))
		return -1;
	if ((seq == una && c->got.len == 1) || (seq == una - 1 && c->got.len <= 1))
		return 0;
	fprintf(stderr, "# not a probe: seq %u len %d, SND.UNA is %u\n", seq, c->got.len, una);
	wire_dump(c->w);
	return -1;
}

static int closed_window(struct wire_conn *c, int n)
{
	c->win = 0;
	if (wire_passive(c, "mss 1000"))
		return -1;
	return wire_write(c, n) ?: wire_expect_nothing(c);
}

/* With a probe outstanding SND.NXT lies beyond the window, where ACKs are dropped. */
WIRE_TEST(persist, acks_stay_within_the_window)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, closed_window(c, 100));
	ASSERT_EQ(0, take_probe(c, 1));
	c->strict = false;
	SEND(c, "A len 10 ack 1");
	EXPECT(c, "A seq 1 ack 11 len 0");
	/* A bad segment's answer too. */
	SEND(c, "A seq 1 len 10 ack 1");
	EXPECT(c, "A seq 1 ack 11 len 0");
}

WIRE_TEST(persist, rst_stays_within_the_window)
{
	struct wire_conn *c = &self->c;
	struct linger linger = { .l_onoff = 1 };

	ASSERT_EQ(0, closed_window(c, 100));
	ASSERT_EQ(0, take_probe(c, 1));
	ASSERT_EQ(0, setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	ASSERT_EQ(0, close(c->fd));
	c->fd = -1;
	EXPECT(c, "RA seq 1");
}

/* Column "tr" of the connection in /proc/net/tcp or /proc/net/tcpstate; -1: none. */
static int timer_in_proc(const struct wire_conn *c)
{
	FILE *file = fopen(c->w->family == WIRE_AF_TCPSTATE ? "/proc/thread-self/net/tcpstate" :
							      "/proc/thread-self/net/tcp", "re");
	unsigned int local, remote, state, timer;
	char line[256];
	int found = -1;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*d: %*x:%x %*x:%x %x %*x:%*x %x:", &local, &remote, &state,
			   &timer) == 4 && local == c->sport && remote == c->pport)
			found = timer;
	if (file)
		fclose(file);
	return found;
}

/* Who looks sees a probe's timer, whether a probe is on its way or not. */
WIRE_TEST(persist, shows_in_proc)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 len 100");
	ASSERT_EQ(1, timer_in_proc(c));
	c->win = 0;
	SEND(c, "A ack 101");
	ASSERT_EQ(0, wire_write(c, 100));
	ASSERT_EQ(0, wire_expect_nothing(c));
	ASSERT_EQ(4, timer_in_proc(c));
	ASSERT_EQ(0, take_probe(c, 101));
	ASSERT_EQ(4, timer_in_proc(c));
}

WIRE_TEST(persist, probes_with_backoff)
{
	struct wire_conn *c = &self->c;
	int64_t last;
	int64_t gap[5];
	int i;

	ASSERT_EQ(0, closed_window(c, 2500));
	last = wire_now();
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, take_probe(c, 1));
		gap[i] = c->got.when - last;
		last = c->got.when;
		SEND(c, "A ack 1");
	}
	/* Emulation is uneven: the sum shows the growth, and no gap shrinks much. */
	for (i = 1; i < 5; i++)
		ASSERT_LE(gap[i - 1] * 7, gap[i] * 10);
	ASSERT_LE(gap[0] * 4, gap[4]);
	ASSERT_LE(gap[1] * 3, gap[4]);
	EXPECT_STATE(c, WS_ESTABLISHED);
}

WIRE_TEST(persist, probe_with_the_last_octet_pushes)
{
	struct wire_conn *c = &self->c;

	/* MUST-61: PSH is set where nothing more is queued, and only there. */
	if (self->w.family == AF_INET)
		SKIP(return, "in-tree: probes carry no text");
	ASSERT_EQ(0, closed_window(c, 1));
	ASSERT_EQ(0, take_probe(c, 1));
	ASSERT_EQ(1, c->got.len);
	ASSERT_TRUE(c->got.flags & WIRE_PSH);
	/* It was taken, but there is no room for more. */
	SEND(c, "A ack 2");
	ASSERT_EQ(0, wire_write(c, 2));
	ASSERT_EQ(0, take_probe(c, 2));
	ASSERT_EQ(1, c->got.len);
	ASSERT_FALSE(c->got.flags & WIRE_PSH);
}

WIRE_TEST(persist, first_probe_waits_for_the_timeout)
{
	struct wire_conn *c = &self->c;
	int64_t began;

	/* SHLD-29; the timeout is 200 ms times three at least. */
	c->rtt_ms = 200;
	ASSERT_EQ(0, closed_window(c, 100));
	began = wire_now();
	ASSERT_EQ(0, take_probe(c, 1));
	ASSERT_LE(300000, wire_now() - began);
}

WIRE_TEST(persist, window_opens)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, closed_window(c, 2500));
	ASSERT_EQ(0, take_probe(c, 1));
	SEND(c, "A ack 1");
	c->win = 65535;
	c->strict = false;
	SEND(c, "A ack 1");
	ASSERT_EQ(0, wire_expect_stream(c, 2501, false, true));
	c->strict = true;
	EXPECT_QUIET(c, 1500);
}

WIRE_TEST(persist, window_opens_in_the_answer_to_a_probe)
{
	struct wire_conn *c = &self->c;

	/* The update was lost: this is what probes are for. */
	ASSERT_EQ(0, closed_window(c, 2500));
	ASSERT_EQ(0, take_probe(c, 1));
	c->win = 65535;
	c->strict = false;
	SEND(c, "A ack 1");
	ASSERT_EQ(0, wire_expect_stream(c, 2501, false, true));
}

WIRE_TEST(persist, closes_again)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, closed_window(c, 3000));
	ASSERT_EQ(0, take_probe(c, 1));
	c->strict = false;
	c->win = 1000;
	SEND(c, "A ack 1");
	ASSERT_EQ(0, wire_expect_stream(c, 1001, false, false));
	c->win = 0;
	SEND(c, "A ack 1001");
	EXPECT_NOTHING(c);
	ASSERT_EQ(0, take_probe(c, 1001));
	c->win = 65535;
	c->strict = false;
	SEND(c, "A ack 1001");
	ASSERT_EQ(0, wire_expect_stream(c, 3001, false, true));
}

WIRE_TEST(persist, unanswered_probes_go_on)
{
	struct wire_conn *c = &self->c;
	int i;

	ASSERT_EQ(0, closed_window(c, 100));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, take_probe(c, 1));
	EXPECT_STATE(c, WS_ESTABLISHED);
	c->win = 65535;
	c->strict = false;
	SEND(c, "A ack 1");
	ASSERT_EQ(0, wire_expect_stream(c, 101, false, true));
}

WIRE_TEST(persist, window_shrinks_to_zero)
{
	struct wire_conn *c = &self->c;

	/*
	 * MUST-34, MUST-35: the peer takes back what it had offered. Whatever
	 * is sent until it opens again, the connection must survive and the
	 * stream must be whole.
	 */
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 2000));
	EXPECT(c, "A seq 1 len 1000");
	EXPECT(c, "A seq 1001 len 1000");
	c->rcv_nxt = c->irs + 1001;
	c->win = 0;
	SEND(c, "A ack 1001");
	ASSERT_EQ(0, wire_write(c, 1000));
	/* SHLD-15: no new data; something asks for the window all the same. */
	c->strict = true;
	ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
	ASSERT_GE(1001u, wire_rel_seq(c, &c->got));
	ASSERT_GE(2001u, wire_rel_seq(c, &c->got) + c->got.len);
	c->strict = false;
	c->rcv_nxt = c->irs + 1001;
	EXPECT_STATE(c, WS_ESTABLISHED);
	c->win = 65535;
	SEND(c, "A ack 1001");
	ASSERT_EQ(0, wire_expect_stream(c, 3001, false, true));
}

WIRE_TEST(persist, without_socket)
{
	struct wire_conn *c = &self->c;

	/* After close() the data left is probed for just the same. */
	ASSERT_EQ(0, closed_window(c, 100));
	wire_close(c);
	ASSERT_EQ(0, take_probe(c, 1));
	SEND(c, "A ack 1");
	ASSERT_EQ(0, take_probe(c, 1));
	EXPECT_STATE(c, WS_FIN_WAIT1);
	c->win = 65535;
	c->strict = false;
	SEND(c, "A ack 1");
	ASSERT_EQ(0, wire_expect_stream(c, 101, true, true));
}

WIRE_TEST(persist, acks_count_meanwhile)
{
	struct wire_conn *c = &self->c;

	/* Our window shut does not stop what comes from the peer. */
	ASSERT_EQ(0, closed_window(c, 100));
	SEND(c, "A ack 1 len 50");
	c->strict = false;
	do {
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
	} while (wire_rel_ack(c, &c->got) != 51);
	ASSERT_EQ(0, wire_read(c, 50));
}

WIRE_TEST(persist, user_timeout_counts)
{
	struct wire_conn *c = &self->c;
	int64_t began;

	/*
	 * tcp(7): text that a closed window holds back for so long ends the
	 * connection, though the peer answers: the user has said so.
	 */
	ASSERT_EQ(0, closed_window(c, 0));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_USER_TIMEOUT, 1500));
	ASSERT_EQ(0, wire_write(c, 100));
	began = wire_now();
	c->strict = true;
	while (wire_in_state(&self->w, WS_ESTABLISHED) > 0) {
		ASSERT_GE(2 * WIRE_DEADLINE_MS * 1000ll, wire_now() - began);
		if (wire_next(c, 50))
			continue;
		c->rcv_nxt = c->irs + 1;
		if (!(c->got.flags & WIRE_RST))
			SEND(c, "A ack 1");
	}
	ASSERT_LE(1300000, wire_now() - began);
	ASSERT_EQ(0, wire_wait_error(c, ETIMEDOUT));
	EXPECT_GONE(c);
}

/* ---- As long as somebody waits ---- */

FIXTURE(answered) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(answered) {
	int state;
	int len;
};

WIRE_SETUP(answered)

FIXTURE_VARIANT_ADD(answered, established) {
	.state = WS_ESTABLISHED, .len = 100,
};

FIXTURE_VARIANT_ADD(answered, close_wait) {
	.state = WS_CLOSE_WAIT, .len = 100,
};

FIXTURE_VARIANT_ADD(answered, fin_wait1) {
	.state = WS_FIN_WAIT1, .len = 100,
};

FIXTURE_VARIANT_ADD(answered, fin_wait1_only_the_fin) {
	.state = WS_FIN_WAIT1,
};

/* So few that a stack which counts answered probes would give up at once. */
static int few_retries(struct wire *w, int retries)
{
	if (wire_write_file("/proc/sys/net/ipv4/tcp_retries2", retries) ||
	    wire_write_file("/proc/sys/net/ipv4/tcp_orphan_retries", retries))
		return -1;
	if (w->family == AF_INET)
		return 0;
	return wire_sysctl(w, "rto_max_ms", 300) ?: wire_sysctl(w, "retries1", retries) ?:
	       wire_sysctl(w, "retries2", retries) ?: wire_sysctl(w, "orphan_retries", retries);
}

/* Text and FIN behind a closed window; where the user has closed, c->fd is left. */
static int shut_down_behind(struct wire_conn *c, int state, int len)
{
	if (closed_window(c, len))
		return -1;
	if (state == WS_CLOSE_WAIT || state == WS_LAST_ACK)
		if (wire_send(c, "FA ack 1") || wire_expect(c, "A seq 1 ack 2 len 0"))
			return -1;
	if (state == WS_ESTABLISHED || state == WS_CLOSE_WAIT)
		return 0;
	if (shutdown(c->fd, SHUT_WR))
		return -1;
	if (state == WS_CLOSING)
		if (wire_send(c, "FA ack 1") || wire_expect(c, "A ack 2 len 0"))
			return -1;
	return wire_wait_state(c, state);
}

WIRE_TEST(answered, never_ends)
{
	/* In-tree: no upper bound can be set, so that six take 13 s. */
	int i, n = self->w.family == AF_INET ? 6 : 20;
	struct wire_conn *c = &self->c;
	bool fin = variant->state == WS_FIN_WAIT1;

	/* MUST-37 */
	ASSERT_EQ(0, few_retries(&self->w, 2));
	ASSERT_EQ(0, shut_down_behind(c, variant->state, variant->len));
	c->strict = true;
	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, wire_next(c, 3 * WIRE_DEADLINE_MS));
		ASSERT_EQ(0, c->got.flags & (WIRE_RST | WIRE_SYN));
		c->rcv_nxt = c->irs + 1;
		SEND(c, "A ack 1");
	}
	EXPECT_STATE(c, variant->state);
	c->strict = false;
	c->win = 65535;
	SEND(c, "A ack 1");
	ASSERT_EQ(0, wire_expect_stream(c, 1 + variant->len, fin, true));
	EXPECT_STATE(c, fin ? WS_FIN_WAIT2 : variant->state);
}

/* ---- When nobody waits any more ---- */

FIXTURE(orphan) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(orphan) {
	int state;
	int len;
	bool answered;
};

WIRE_SETUP(orphan)

FIXTURE_VARIANT_ADD(orphan, fin_wait1) {
	.state = WS_FIN_WAIT1, .len = 100,
};

FIXTURE_VARIANT_ADD(orphan, fin_wait1_answered) {
	.state = WS_FIN_WAIT1, .len = 100, .answered = true,
};

FIXTURE_VARIANT_ADD(orphan, fin_wait1_only_the_fin) {
	.state = WS_FIN_WAIT1,
};

FIXTURE_VARIANT_ADD(orphan, fin_wait1_only_the_fin_answered) {
	.state = WS_FIN_WAIT1, .answered = true,
};

FIXTURE_VARIANT_ADD(orphan, closing_answered) {
	.state = WS_CLOSING, .len = 2500, .answered = true,
};

FIXTURE_VARIANT_ADD(orphan, last_ack) {
	.state = WS_LAST_ACK, .len = 2500,
};

FIXTURE_VARIANT_ADD(orphan, last_ack_answered) {
	.state = WS_LAST_ACK, .len = 2500, .answered = true,
};

/* Probes until the connection ends by itself; how many there were, or -1. */
static int probes_until_gone(struct wire_conn *c, int state, bool answer)
{
	int64_t deadline = wire_now() + 6 * WIRE_DEADLINE_MS * 1000ll;
	int n = 0;

	c->strict = true;
	while (wire_in_state(c->w, state) > 0) {
		if (wire_now() > deadline) {
			fprintf(stderr, "# still in %s after %d probes\n",
				wire_state_name(state), n);
			wire_dump(c->w);
			return -1;
		}
		if (wire_next(c, 100))
			continue;
		c->rcv_nxt = c->irs + 1;
		if (c->got.flags & WIRE_RST)
			continue;
		n++;
		if (answer && wire_send(c, "A ack 1"))
			return -1;
	}
	return n;
}

WIRE_TEST(orphan, ends_behind_a_closed_window)
{
	struct wire_conn *c = &self->c;
	int n;

	/*
	 * An answer keeps a connection for its user (MUST-37); without one it
	 * would hold memory for as long as the peer likes.
	 */
	if (self->w.family == AF_INET && variant->answered)
		SKIP(return, "in-tree: not before the timeout is 120 s");
	ASSERT_EQ(0, few_retries(&self->w, 3));
	ASSERT_EQ(0, shut_down_behind(c, variant->state, variant->len));
	wire_close(c);
	n = probes_until_gone(c, variant->state, variant->answered);
	ASSERT_LE(2, n);
	EXPECT_GONE(c);
	ASSERT_LE(0, wire_drain(c));
	EXPECT_QUIET(c, 1000);
}

/* ---- When there is nothing to send ---- */

/* Nothing for many timeouts; then both directions work. */
static int stays_idle(struct wire_conn *c)
{
	uint32_t nxt = c->rcv_nxt - c->irs, rcv;

	c->strict = true;
	if (wire_expect_quiet(c, 3000))
		return -1;
	rcv = c->snd_nxt - c->iss + 10;
	if (wire_send(c, "A len 10") || wire_expect(c, "A seq %u ack %u len 0", nxt, rcv) ||
	    wire_read(c, 10))
		return -1;
	return wire_expect_quiet(c, 1000);
}

static int writes_again(struct wire_conn *c)
{
	c->win = 65535;
	if (wire_send(c, "A") || wire_write(c, 10))
		return -1;
	return wire_expect(c, "A seq %u len 10", c->rcv_nxt - c->irs);
}

WIRE_TEST(persist, idle_is_not_probed)
{
	struct wire_conn *c = &self->c;

	if (self->w.family != AF_INET)
		ASSERT_EQ(0, wire_sysctl(&self->w, "rto_max_ms", 300));
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 3000));
	ASSERT_EQ(0, wire_expect_stream(c, 3001, false, false));
	c->win = 0;
	SEND(c, "A");
	ASSERT_EQ(0, stays_idle(c));
	ASSERT_EQ(0, writes_again(c));
}

WIRE_TEST(persist, idle_after_probes_is_not_probed)
{
	struct wire_conn *c = &self->c;
	int i;

	if (self->w.family != AF_INET)
		ASSERT_EQ(0, wire_sysctl(&self->w, "rto_max_ms", 300));
	ASSERT_EQ(0, closed_window(c, 100));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, take_probe(c, 1));
		SEND(c, "A ack 1");
	}
	/* Room for just what there is: with the last octet the window is shut again. */
	c->strict = false;
	c->win = 100;
	SEND(c, "A ack 1");
	while (c->rcv_nxt != c->irs + 101) {
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
		c->win = c->irs + 101 - c->rcv_nxt;
		SEND(c, "A");
	}
	ASSERT_LE(0, wire_drain(c));
	ASSERT_EQ(0, stays_idle(c));
	ASSERT_EQ(0, writes_again(c));
}

WIRE_TEST(persist, idle_after_retransmission_is_not_probed)
{
	struct wire_conn *c = &self->c;

	if (self->w.family != AF_INET)
		ASSERT_EQ(0, wire_sysctl(&self->w, "rto_max_ms", 300));
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	c->strict = true;
	ASSERT_EQ(0, wire_write(c, 1000));
	EXPECT(c, "A seq 1 len 1000");
	EXPECT(c, "A seq 1 len 1000");
	EXPECT(c, "A seq 1 len 1000");
	c->win = 0;
	SEND(c, "A ack 1001");
	ASSERT_LE(0, wire_drain(c));
	ASSERT_EQ(0, stays_idle(c));
	ASSERT_EQ(0, writes_again(c));
}

WIRE_TEST(persist, fin_wait2_is_not_probed)
{
	struct wire_conn *c = &self->c;

	if (self->w.family != AF_INET)
		ASSERT_EQ(0, wire_sysctl(&self->w, "rto_max_ms", 300));
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 1000));
	ASSERT_EQ(0, shutdown(c->fd, SHUT_WR));
	ASSERT_EQ(0, wire_expect_stream(c, 1001, true, false));
	c->win = 0;
	SEND(c, "A");
	EXPECT_STATE(c, WS_FIN_WAIT2);
	ASSERT_EQ(0, stays_idle(c));
	EXPECT_STATE(c, WS_FIN_WAIT2);
}

/*
 * The timer fires while the socket is locked, and the ACK comes too: when the
 * reader lets go, the ACK is taken and nothing is left that the timer is for.
 */
static int timer_meets_ack(struct wire_conn *c, bool fin)
{
	struct stuck_reader r;
	int ret;

	if (wire_passive(c, "mss 1000") || wire_send(c, "A len 10") ||
	    wire_expect(c, "A ack 11 len 0") || wire_write(c, 1000))
		return -1;
	if (fin && shutdown(c->fd, SHUT_WR))
		return -1;
	if (wire_expect_stream(c, 1001, fin, false))
		return -1;
	ret = stuck_begin(&r, c->fd);
	if (ret)
		return ret;
	/* Retransmissions from before; then none, so that the timer waits. */
	c->strict = true;
	if (wire_drain(c) < 0 || wire_expect_quiet(c, 3000))
		return -1;
	c->win = 0;
	if (wire_send(c, "A") || stuck_end(&r))
		return -1;
	c->rd_off += STUCK_OCTETS;
	return wire_drain(c) < 0 ? -1 : 0;
}

WIRE_TEST(persist, timer_that_meets_the_ack_does_not_probe)
{
	struct wire_conn *c = &self->c;
	int ret;

	if (self->w.family != AF_INET)
		ASSERT_EQ(0, wire_sysctl(&self->w, "rto_max_ms", 300));
	ret = timer_meets_ack(c, false);
	if (ret > 0)
		SKIP(return, "no userfaultfd");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, stays_idle(c));
	ASSERT_EQ(0, writes_again(c));
}

WIRE_TEST(persist, timer_that_meets_the_ack_of_fin_does_not_probe)
{
	struct wire_conn *c = &self->c;
	int ret;

	if (self->w.family != AF_INET)
		ASSERT_EQ(0, wire_sysctl(&self->w, "rto_max_ms", 300));
	ret = timer_meets_ack(c, true);
	if (ret > 0)
		SKIP(return, "no userfaultfd");
	ASSERT_EQ(0, ret);
	EXPECT_STATE(c, WS_FIN_WAIT2);
	ASSERT_EQ(0, stays_idle(c));
	EXPECT_STATE(c, WS_FIN_WAIT2);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * SO_KEEPALIVE must ask an idle peer after TCP_KEEPIDLE, again each TCP_KEEPINTVL,
 * and end the connection with ETIMEDOUT when TCP_KEEPCNT probes have no answer;
 * anything that comes from the peer is an answer (RFC 9293 3.8.4).
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

/* Timers may be late, but never this early. */
#define SECOND_US	800000

WIRE_FIXTURE(keepalive)

static int keep(struct wire_conn *c, int idle, int intvl, int cnt)
{
	return wire_set_int(c, SOL_SOCKET, SO_KEEPALIVE, 1) ?:
	       wire_set_int(c, IPPROTO_TCP, TCP_KEEPIDLE, idle) ?:
	       wire_set_int(c, IPPROTO_TCP, TCP_KEEPINTVL, intvl) ?:
	       wire_set_int(c, IPPROTO_TCP, TCP_KEEPCNT, cnt);
}

/* An old number, so that it must be answered; no text (SHLD-12). */
static int take_probe(struct wire_conn *c)
{
	c->strict = true;
	return wire_expect(c, "A seq %u ack %u len 0", c->rcv_nxt - 1 - c->irs,
			   c->snd_nxt - c->iss);
}

/* n probes, each a second after what was before, and then the end. */
static int dies_after(struct wire_conn *c, int n)
{
	int64_t last = wire_now();
	int i;

	for (i = 0; i < n; i++) {
		if (take_probe(c))
			return -1;
		if (c->got.when - last < SECOND_US) {
			fprintf(stderr, "# probe %d came after %d ms\n", i,
				(int)((c->got.when - last) / 1000));
			return -1;
		}
		last = c->got.when;
	}
	if (wire_expect(c, "Ra seq %u len 0", c->rcv_nxt - c->irs))
		return -1;
	return wire_wait_error(c, ETIMEDOUT) ?: wire_wait_gone(c);
}

WIRE_TEST(keepalive, answered_stays)
{
	struct wire_conn *c = &self->c;
	int64_t last;
	int i;

	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, keep(c, 1, 1, 2));
	last = wire_now();
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, take_probe(c));
		ASSERT_LE(SECOND_US, c->got.when - last);
		last = c->got.when;
		SEND(c, "A");
	}
	EXPECT_STATE(c, WS_ESTABLISHED);
	c->strict = false;
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq 1 len 10");
}

WIRE_TEST(keepalive, idle_then_interval)
{
	struct wire_conn *c = &self->c;
	int64_t began;

	/* Two different times; an answer makes the connection idle anew. */
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, keep(c, 3, 1, 5));
	began = wire_now();
	ASSERT_EQ(0, take_probe(c));
	ASSERT_LE(2700000, c->got.when - began);
	began = c->got.when;
	ASSERT_EQ(0, take_probe(c));
	ASSERT_LE(SECOND_US, c->got.when - began);
	ASSERT_GE(2700000, c->got.when - began);
	SEND(c, "A");
	began = wire_now();
	ASSERT_EQ(0, take_probe(c));
	ASSERT_LE(2700000, c->got.when - began);
}

WIRE_TEST(keepalive, unanswered_ends)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, keep(c, 1, 1, 3));
	ASSERT_EQ(0, dies_after(c, 3));
}

WIRE_TEST(keepalive, unanswered_ends_after_text)
{
	struct wire_conn *c = &self->c;

	/* Text both ways first, all of it acknowledged. */
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, keep(c, 1, 1, 2));
	SEND(c, "A len 10");
	EXPECT(c, "A seq 1 ack 11 len 0");
	ASSERT_EQ(0, wire_read(c, 10));
	ASSERT_EQ(0, wire_write(c, 500));
	EXPECT(c, "A seq 1 ack 11 len 500");
	SEND(c, "A");
	ASSERT_EQ(0, dies_after(c, 2));
}

FIXTURE(heard) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(heard) {
	const char *line;
};

WIRE_SETUP(heard)

FIXTURE_VARIANT_ADD(heard, ack) {
	.line = "A",
};

FIXTURE_VARIANT_ADD(heard, text) {
	.line = "A len 10",
};

/* Out of order: the peer is there all the same. */
FIXTURE_VARIANT_ADD(heard, text_beyond_a_hole) {
	.line = "A seq 1000 len 10",
};

WIRE_TEST(heard, resets_the_count)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, keep(c, 1, 1, 2));
	ASSERT_EQ(0, take_probe(c));
	SEND(c, "%s", variant->line);
	ASSERT_LE(0, wire_drain(c));
	/* The ACK of text may take its time. */
	while (c->got.ack != c->snd_nxt)
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
	ASSERT_EQ(0, dies_after(c, 2));
}

WIRE_TEST(keepalive, traffic_postpones)
{
	struct wire_conn *c = &self->c;
	int i;

	/* MUST-26 */
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, keep(c, 2, 1, 2));
	c->strict = true;
	for (i = 0; i < 8; i++) {
		usleep(500000);	/* the peer's pace */
		SEND(c, "A len 10");
		EXPECT(c, "A seq 1 ack %u len 0", c->snd_nxt - c->iss);
	}
	ASSERT_EQ(0, wire_read(c, 80));
	ASSERT_EQ(0, take_probe(c));
}

WIRE_TEST(keepalive, outstanding_text_asks_itself)
{
	struct wire_conn *c = &self->c;
	int64_t began;

	/* MUST-26: retransmissions, and no probe among them. */
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, keep(c, 1, 1, 1));
	c->strict = true;
	ASSERT_EQ(0, wire_write(c, 100));
	began = wire_now();
	do {
		EXPECT(c, "A seq 1 ack 1 len 100");
	} while (wire_now() - began < 4000000);
	EXPECT_STATE(c, WS_ESTABLISHED);
	SEND(c, "A ack 101");
	ASSERT_LE(0, wire_drain(c));
	ASSERT_EQ(0, dies_after(c, 1));
}

WIRE_TEST(keepalive, peer_with_closed_window)
{
	struct wire_conn *c = &self->c;
	int i;

	c->win = 0;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, keep(c, 1, 1, 2));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, take_probe(c));
		SEND(c, "A");
	}
	ASSERT_EQ(0, dies_after(c, 2));
}

WIRE_TEST(keepalive, rst_in_answer)
{
	struct wire_conn *c = &self->c;

	/* The peer has been started anew and knows nothing. */
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, keep(c, 1, 1, 5));
	ASSERT_EQ(0, take_probe(c));
	SEND(c, "R");
	ASSERT_EQ(0, wire_wait_error(c, ECONNRESET));
	EXPECT_QUIET(c, 1500);
}

WIRE_TEST(keepalive, set_before_connect)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_open(c));
	ASSERT_EQ(0, keep(c, 1, 1, 2));
	ASSERT_EQ(0, wire_active(c, "mss 1000"));
	ASSERT_EQ(0, dies_after(c, 2));
}

WIRE_TEST(keepalive, inherited_from_the_listener)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_listen(c));
	ASSERT_EQ(0, keep(c, 1, 1, 2));
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, dies_after(c, 2));
}

WIRE_TEST(keepalive, switched_off)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, keep(c, 1, 1, 2));
	ASSERT_EQ(0, take_probe(c));
	ASSERT_EQ(0, wire_set_int(c, SOL_SOCKET, SO_KEEPALIVE, 0));
	EXPECT_QUIET(c, 4000);
	EXPECT_STATE(c, WS_ESTABLISHED);
	/* And on again, with the old figures. */
	ASSERT_EQ(0, wire_set_int(c, SOL_SOCKET, SO_KEEPALIVE, 1));
	ASSERT_EQ(0, take_probe(c));
}

WIRE_TEST(keepalive, user_timeout_overrides_the_count)
{
	struct wire_conn *c = &self->c;
	int64_t began;
	int n = 0;

	/* tcp(7): TCP_USER_TIMEOUT says when, in place of TCP_KEEPCNT. */
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, keep(c, 1, 1, 1));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_USER_TIMEOUT, 3500));
	began = wire_now();
	c->strict = true;
	for (;;) {
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
		if (c->got.flags & WIRE_RST)
			break;
		n++;
	}
	ASSERT_LE(3200000, wire_now() - began);
	ASSERT_LE(2, n);
	ASSERT_GE(4, n);
	ASSERT_EQ(0, wire_wait_error(c, ETIMEDOUT));
}

/* ---- Half-closed, and somebody holds the socket ---- */

FIXTURE(half) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(half) {
	int state;
};

WIRE_SETUP(half)

FIXTURE_VARIANT_ADD(half, fin_wait2) {
	.state = WS_FIN_WAIT2,
};

FIXTURE_VARIANT_ADD(half, close_wait) {
	.state = WS_CLOSE_WAIT,
};

WIRE_TEST(half, answered_stays)
{
	struct wire_conn *c = &self->c;
	int i;

	ENTER(c, variant->state, false);
	ASSERT_EQ(0, keep(c, 1, 1, 2));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, take_probe(c));
		SEND(c, "A");
	}
	EXPECT_STATE(c, variant->state);
}

WIRE_TEST(half, unanswered_ends)
{
	struct wire_conn *c = &self->c;

	ENTER(c, variant->state, false);
	ASSERT_EQ(0, keep(c, 1, 1, 2));
	ASSERT_EQ(0, dies_after(c, 2));
}

/* ---- Nobody holds the socket ---- */

#define FIN_TIMEOUT_S	5

FIXTURE(orphan) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(orphan) {
	int idle;
	bool shut_down_first;	/* FIN_WAIT2 before close() */
	int pause_ms;		/* in FIN_WAIT1, or in FIN_WAIT2 before close() */
};

WIRE_SETUP(orphan)

FIXTURE_VARIANT_ADD(orphan, idle_is_shorter) {
	.idle = 1,
};

FIXTURE_VARIANT_ADD(orphan, idle_is_longer) {
	.idle = 100,
};

FIXTURE_VARIANT_ADD(orphan, idle_is_shorter_late_ack_of_fin) {
	.idle = 1, .pause_ms = 1500,
};

FIXTURE_VARIANT_ADD(orphan, shut_down_first) {
	.idle = 1, .shut_down_first = true,
};

FIXTURE_VARIANT_ADD(orphan, shut_down_first_and_probed) {
	.idle = 1, .shut_down_first = true, .pause_ms = 1500,
};

FIXTURE_VARIANT_ADD(orphan, shut_down_first_idle_is_longer) {
	.idle = 100, .shut_down_first = true,
};

static int to_orphan(struct wire_conn *c, bool shut_down_first, int pause_ms)
{
	if (shut_down_first && shutdown(c->fd, SHUT_WR))
		return -1;
	if (!shut_down_first)
		wire_close(c);
	if (wire_expect(c, "FA seq 1 ack 1 len 0"))
		return -1;
	if (!shut_down_first)
		usleep(pause_ms * 1000);	/* the path's delay */
	if (wire_send(c, "A ack 2") || wire_wait_state(c, WS_FIN_WAIT2))
		return -1;
	if (shut_down_first) {
		usleep(pause_ms * 1000);	/* the user's pace */
		wire_close(c);
	}
	return wire_drain(c) < 0 ? -1 : 0;
}

WIRE_TEST(orphan, in_fin_wait2_lasts_fin_timeout)
{
	struct wire_conn *c = &self->c;
	int64_t began;

	ASSERT_EQ(0, wire_write_file("/proc/sys/net/ipv4/tcp_fin_timeout", FIN_TIMEOUT_S));
	if (self->w.family != AF_INET)
		ASSERT_EQ(0, wire_sysctl(&self->w, "fin_timeout_ms", FIN_TIMEOUT_S * 1000));
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, keep(c, variant->idle, 1, 1));
	ASSERT_EQ(0, to_orphan(c, variant->shut_down_first, variant->pause_ms));
	began = wire_now();
	c->strict = true;
	/* Not a word meanwhile: nobody is there who wants to know. */
	while (wire_in_state(&self->w, WS_FIN_WAIT2) > 0) {
		ASSERT_GE(FIN_TIMEOUT_S * 1000000ll + 4000000, wire_now() - began);
		EXPECT_QUIET(c, 50);
	}
	ASSERT_LE(FIN_TIMEOUT_S * 1000000ll - 500000, wire_now() - began);
	EXPECT_GONE(c);
}

/* TCP_LINGER2: as the user has it for this connection, not as fin_timeout has it. */

FIXTURE(linger2) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(linger2) {
	bool shut_down_first;
};

WIRE_SETUP(linger2)

FIXTURE_VARIANT_ADD(linger2, close_first) {
	.shut_down_first = false,
};

FIXTURE_VARIANT_ADD(linger2, shut_down_first) {
	.shut_down_first = true,
};

WIRE_TEST(linger2, lasts_that_long)
{
	struct wire_conn *c = &self->c;
	int64_t began;

	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_LINGER2, 2));
	ASSERT_EQ(0, to_orphan(c, variant->shut_down_first, 0));
	began = wire_now();
	c->strict = true;
	/* The sysctl says a minute. */
	while (wire_in_state(&self->w, WS_FIN_WAIT2) > 0) {
		ASSERT_GE(20000000, wire_now() - began);
		EXPECT_QUIET(c, 50);
	}
	ASSERT_LE(1500000, wire_now() - began);
	EXPECT_GONE(c);
	SEND(c, "FA");
	EXPECT(c, "R seq 2 len 0");
}

WIRE_TEST(linger2, negative_ends_it_at_once)
{
	struct wire_conn *c = &self->c;

	/* No FIN_WAIT2 for who is not there any more: the peer hears of that. */
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_LINGER2, -1));
	if (variant->shut_down_first) {
		ASSERT_EQ(0, shutdown(c->fd, SHUT_WR));
	} else {
		wire_close(c);
	}
	EXPECT(c, "FA seq 1 ack 1 len 0");
	SEND(c, "A ack 2");
	if (variant->shut_down_first) {
		/* Somebody may still read. */
		EXPECT_NOTHING(c);
		EXPECT_STATE(c, WS_FIN_WAIT2);
		wire_close(c);
	}
	EXPECT(c, "Ra seq 2 len 0");
	EXPECT_GONE(c);
	SEND(c, "A len 10");
	EXPECT(c, "R seq 2 len 0");
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Every edge of the state machine of RFC 9293 3.3.2 and 3.10 must be taken on
 * the event that belongs to it, with the segment on the wire that belongs to it.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

WIRE_FIXTURE(edge)

/* ---- CLOSED ---- */

WIRE_TEST(edge, closed__active_open)
{
	ENTER(&self->c, WS_SYN_SENT, true);
}

WIRE_TEST(edge, closed__passive_open)
{
	ENTER(&self->c, WS_LISTEN, false);
	EXPECT_STATE(&self->c, WS_LISTEN);
	EXPECT_NOTHING(&self->c);
}

/* ---- SYN_SENT ---- */

WIRE_TEST(edge, syn_sent__syn_ack)
{
	ENTER(&self->c, WS_ESTABLISHED, true);
}

WIRE_TEST(edge, syn_sent__syn_ack_of_something_else)
{
	struct wire_conn *c = &self->c;

	/* RFC 9293 3.10.7.3 first: unacceptable ACK, <SEQ=SEG.ACK><CTL=RST>. */
	ENTER(c, WS_SYN_SENT, true);
	SEND(c, "SA seq 0 ack 0");
	EXPECT(c, "R seq 0 len 0");
	c->snd_nxt = c->iss;
	SEND(c, "SA seq 0 ack 2");
	EXPECT(c, "R seq 2 len 0");
	EXPECT_STATE(c, WS_SYN_SENT);
	SEND(c, "SA seq 0 ack 1");
	EXPECT(c, "A seq 1 ack 1");
	EXPECT_STATE(c, WS_ESTABLISHED);
}

WIRE_TEST(edge, syn_sent__ack_alone)
{
	struct wire_conn *c = &self->c;

	/* Fifth: neither SYN nor RST, drop; but a wrong ACK has its RST. */
	ENTER(c, WS_SYN_SENT, true);
	SEND(c, "A seq 1 ack 1");
	EXPECT_NOTHING(c);
	SEND(c, "A seq 1 ack 7");
	EXPECT(c, "R seq 7 len 0");
	EXPECT_STATE(c, WS_SYN_SENT);
}

WIRE_TEST(edge, syn_sent__syn__simultaneous_open)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_SYN_RECV, true);
	SEND(c, "A ack 1");
	EXPECT_STATE(c, WS_ESTABLISHED);
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq 1 ack 1 len 10");
	SEND(c, "A len 5");
	EXPECT(c, "A seq 11 ack 6 len 0");
	ASSERT_EQ(0, wire_read(c, 5));
}

WIRE_TEST(edge, syn_sent__syn__then_the_peers_syn_ack)
{
	struct wire_conn *c = &self->c;

	/*
	 * RFC 9293 3.5 figure 8: both ends send a SYN+ACK. It is left of the
	 * window; whether it is taken as the ACK it carries or answered with
	 * an ACK that the peer then answers, the connection must come up.
	 */
	ENTER(c, WS_SYN_RECV, true);
	SEND(c, "SA seq 0 ack 1");
	c->snd_nxt = c->iss + 1;
	ASSERT_LE(0, wire_drain(c));
	SEND(c, "A ack 1");
	EXPECT_STATE(c, WS_ESTABLISHED);
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq 1 ack 1 len 10");
}

WIRE_TEST(edge, syn_sent__rst_with_acceptable_ack)
{
	ENTER(&self->c, WS_SYN_SENT, true);
	SEND(&self->c, "RA seq 0 ack 1");
	ASSERT_EQ(0, wire_wait_error(&self->c, ECONNREFUSED));
	EXPECT_NOTHING(&self->c);
	EXPECT_GONE(&self->c);
}

WIRE_TEST(edge, syn_sent__rst_without_acceptable_ack)
{
	struct wire_conn *c = &self->c;

	/* Second: the RST of an unacceptable ACK is dropped, so is one without ACK. */
	ENTER(c, WS_SYN_SENT, true);
	SEND(c, "RA seq 0 ack 2");
	SEND(c, "RA seq 0 ack 0");
	SEND(c, "R seq 0");
	EXPECT_NOTHING(c);
	EXPECT_STATE(c, WS_SYN_SENT);
	SEND(c, "SA seq 0 ack 1");
	EXPECT(c, "A seq 1 ack 1");
	EXPECT_STATE(c, WS_ESTABLISHED);
}

WIRE_TEST(edge, syn_sent__close)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_SYN_SENT, true);
	wire_close(c);
	EXPECT_NOTHING(c);
	EXPECT_GONE(c);
	/* Nobody is there any more. */
	SEND(c, "SA seq 0 ack 1");
	EXPECT(c, "R seq 1 len 0");
}

WIRE_TEST(edge, syn_sent__user_timeout)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_open(c));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_USER_TIMEOUT, 1500));
	ENTER(c, WS_SYN_SENT, true);
	ASSERT_EQ(0, wire_wait_error(c, ETIMEDOUT));
	EXPECT_GONE(c);
}

/* ---- LISTEN ---- */

WIRE_TEST(edge, listen__syn__child_to_established)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_SYN_RECV, false);
	EXPECT_STATE(c, WS_LISTEN);
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	EXPECT_STATE(c, WS_ESTABLISHED);
	EXPECT_NOTHING(c);
	/* The listener never moves. */
	wire_close(c);
	EXPECT_STATE(c, WS_LISTEN);
}

WIRE_TEST(edge, listen__close)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_LISTEN, false);
	close(c->lfd);
	c->lfd = -1;
	EXPECT_NOTHING(c);
	SEND(c, "S seq 0");
	EXPECT(c, "RA seq 0 ack 1 len 0");
}

/* ---- SYN_RECV ---- */

WIRE_TEST(edge, syn_recv_passive__rst)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_SYN_RECV, false);
	SEND(c, "R seq 1");
	EXPECT_NOTHING(c);
	EXPECT_GONE(c);
	ASSERT_EQ(-1, accept(c->lfd, NULL, NULL));
	ASSERT_EQ(EAGAIN, errno);
	EXPECT_STATE(c, WS_LISTEN);
	/* Back in LISTEN means that it still listens. */
	wire_conn_reuse(c, 5000000);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
}

WIRE_TEST(edge, syn_recv_active__rst)
{
	struct wire_conn *c = &self->c;
	/* In-tree: ECONNRESET; RFC 9293 3.10.7.4: "connection refused". */
	int err = self->w.family == AF_INET ? ECONNRESET : ECONNREFUSED;

	ENTER(c, WS_SYN_RECV, true);
	SEND(c, "R seq 1");
	ASSERT_EQ(0, wire_wait_error(c, err));
	EXPECT_NOTHING(c);
	EXPECT_GONE(c);
}

WIRE_TEST(edge, syn_recv_passive__ack_of_syn_and_fin)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_SYN_RECV, false);
	SEND(c, "FA seq 1 ack 1");
	EXPECT(c, "A seq 1 ack 2 len 0");
	ASSERT_EQ(0, wire_accept(c));
	EXPECT_STATE(c, WS_CLOSE_WAIT);
	ASSERT_EQ(0, wire_read_eof(c));
}

WIRE_TEST(edge, syn_recv_active__ack_of_syn_and_fin)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_SYN_RECV, true);
	SEND(c, "FA seq 1 ack 1");
	EXPECT(c, "A seq 1 ack 2 len 0");
	EXPECT_STATE(c, WS_CLOSE_WAIT);
	ASSERT_EQ(0, wire_read_eof(c));
}

WIRE_TEST(edge, syn_recv_passive__data_with_the_ack)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_SYN_RECV, false);
	SEND(c, "A seq 1 ack 1 len 20");
	EXPECT(c, "A seq 1 ack 21 len 0");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, wire_read(c, 20));
}

WIRE_TEST(edge, syn_recv_passive__wrong_ack)
{
	struct wire_conn *c = &self->c;

	/* Fifth, SYN-RECEIVED: <SEQ=SEG.ACK><CTL=RST>, and stay. */
	ENTER(c, WS_SYN_RECV, false);
	SEND(c, "A seq 1 ack 9");
	EXPECT(c, "R seq 9 len 0");
	SEND(c, "A seq 1 ack 1");
	ASSERT_EQ(0, wire_accept(c));
	EXPECT_STATE(c, WS_ESTABLISHED);
}

WIRE_TEST(edge, syn_recv_active__wrong_ack)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_SYN_RECV, true);
	SEND(c, "A seq 1 ack 9");
	EXPECT(c, "R seq 9 len 0");
	EXPECT_STATE(c, WS_SYN_RECV);
	SEND(c, "A seq 1 ack 1");
	EXPECT_STATE(c, WS_ESTABLISHED);
}

WIRE_TEST(edge, syn_recv_passive__duplicate_syn)
{
	struct wire_conn *c = &self->c;

	/*
	 * Left of the window, hence an ACK; answering with the SYN+ACK again,
	 * as if it had been lost, says the same and more.
	 */
	ENTER(c, WS_SYN_RECV, false);
	SEND(c, "S seq 0 mss 1460");
	EXPECT(c, "sA ack 1 len 0");
	ASSERT_EQ(c->got.flags & WIRE_SYN ? 0u : 1u, wire_rel_seq(c, &c->got));
	SEND(c, "A seq 1 ack 1");
	ASSERT_EQ(0, wire_accept(c));
	EXPECT_STATE(c, WS_ESTABLISHED);
}

WIRE_TEST(edge, syn_recv_active__close)
{
	struct wire_conn *c = &self->c;

	/*
	 * RFC 9293 3.10.4: with nothing to send a FIN leaves and FIN-WAIT-1 is
	 * entered; else it waits for ESTABLISHED. The ACK of the SYN may come
	 * first, then both are one.
	 */
	ENTER(c, WS_SYN_RECV, true);
	wire_close(c);
	SEND(c, "A seq 1 ack 1");
	EXPECT(c, "FA seq 1 ack 1 len 0");
	EXPECT_STATE(c, WS_FIN_WAIT1);
	SEND(c, "A seq 1 ack 2");
	EXPECT_STATE(c, WS_FIN_WAIT2);
}

/* ---- The active close ---- */

WIRE_TEST(edge, established__shutdown_to_time_wait)
{
	ENTER(&self->c, WS_TIME_WAIT, true);
}

WIRE_TEST(edge, established__close_to_closed)
{
	struct wire_conn *c = &self->c;

	if (self->w.family != AF_INET)
		ASSERT_EQ(0, wire_sysctl(&self->w, "time_wait_ms", 700));
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	wire_close(c);
	EXPECT(c, "FA seq 1 ack 1 len 0");
	EXPECT_STATE(c, WS_FIN_WAIT1);
	SEND(c, "A ack 2");
	EXPECT_STATE(c, WS_FIN_WAIT2);
	SEND(c, "FA ack 2");
	EXPECT(c, "A seq 2 ack 2 len 0");
	EXPECT_STATE(c, WS_TIME_WAIT);
	/* In-tree: 60 s that nobody can change. */
	if (self->w.family == AF_INET)
		return;
	EXPECT_GONE(c);
	EXPECT_NOTHING(c);
}

WIRE_TEST(edge, fin_wait1__fin__closing__ack__time_wait)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_CLOSING, true);
	SEND(c, "A ack 2");
	EXPECT_STATE(c, WS_TIME_WAIT);
	EXPECT_NOTHING(c);
}

WIRE_TEST(edge, fin_wait1__fin_and_ack_of_fin)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_FIN_WAIT1, true);
	SEND(c, "FA ack 2");
	EXPECT(c, "A seq 2 ack 2 len 0");
	EXPECT_STATE(c, WS_TIME_WAIT);
}

WIRE_TEST(edge, fin_wait1__data_and_fin)
{
	struct wire_conn *c = &self->c;

	/* Half-closed: we still read. */
	ENTER(c, WS_FIN_WAIT1, true);
	SEND(c, "A ack 1 len 30");
	EXPECT(c, "A seq 2 ack 31 len 0");
	SEND(c, "FA ack 2 len 30");
	EXPECT(c, "A seq 2 ack 62 len 0");
	EXPECT_STATE(c, WS_TIME_WAIT);
	ASSERT_EQ(0, wire_read(c, 60));
	ASSERT_EQ(0, wire_read_eof(c));
}

WIRE_TEST(edge, fin_wait2__data_is_read)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_FIN_WAIT2, false);
	SEND(c, "A len 30");
	EXPECT(c, "A seq 2 ack 31 len 0");
	ASSERT_EQ(0, wire_read(c, 30));
	EXPECT_STATE(c, WS_FIN_WAIT2);
}

WIRE_TEST(edge, time_wait__fin_again)
{
	struct wire_conn *c = &self->c;
	int i;

	ENTER(c, WS_TIME_WAIT, true);
	for (i = 0; i < 3; i++) {
		SEND(c, "FA seq 1 ack 2");
		EXPECT(c, "A seq 2 ack 2 len 0");
	}
	EXPECT_STATE(c, WS_TIME_WAIT);
}

WIRE_TEST(edge, time_wait__fin_restarts_2msl)
{
	struct wire_conn *c = &self->c;
	int64_t began;
	int i;

	/* Eighth, TIME-WAIT: "Restart the 2 MSL time-wait timeout." */
	if (self->w.family == AF_INET)
		SKIP(return, "in-tree: 60 s that nobody can change");
	ASSERT_EQ(0, wire_sysctl(&self->w, "time_wait_ms", 3000));
	ENTER(c, WS_TIME_WAIT, true);
	began = wire_now();
	for (i = 0; i < 4; i++) {
		/* The peer's own pace, below 2MSL. */
		usleep(1000000);
		SEND(c, "FA seq 1 ack 2");
		EXPECT(c, "A seq 2 ack 2 len 0");
	}
	EXPECT_STATE(c, WS_TIME_WAIT);
	EXPECT_GONE(c);
	ASSERT_LE(6500000, wire_now() - began);
}

WIRE_TEST(edge, time_wait__new_syn)
{
	struct wire_conn *c = &self->c;
	uint32_t last;

	/* MAY-2: reopen from TIME-WAIT with a higher ISN on both sides. */
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	wire_close(c);
	EXPECT(c, "FA seq 1 ack 1");
	SEND(c, "FA ack 2");
	EXPECT(c, "A seq 2 ack 2");
	EXPECT_STATE(c, WS_TIME_WAIT);
	last = c->rcv_nxt;
	wire_conn_reuse(c, c->snd_nxt + 100000);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_LT(0, (int32_t)(c->irs - last));
	ASSERT_EQ(0, wire_in_state(&self->w, WS_TIME_WAIT));
	SEND(c, "A len 10");
	EXPECT(c, "A seq 1 ack 11 len 0");
	ASSERT_EQ(0, wire_read(c, 10));
}

WIRE_TEST(edge, time_wait__old_syn)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	wire_close(c);
	EXPECT(c, "FA seq 1 ack 1");
	SEND(c, "FA ack 2");
	EXPECT(c, "A seq 2 ack 2");
	SEND(c, "S seq -5000 mss 1460");
	EXPECT(c, "A seq 2 ack 2 len 0");
	EXPECT_STATE(c, WS_TIME_WAIT);
}

/* ---- The passive close ---- */

WIRE_TEST(edge, close_wait__shutdown__last_ack__closed)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_LAST_ACK, false);
	SEND(c, "A ack 2");
	EXPECT_GONE(c);
	EXPECT_STATE(c, WS_CLOSE);
	EXPECT_NOTHING(c);
}

WIRE_TEST(edge, close_wait__close__last_ack__closed)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_CLOSE_WAIT, true);
	ASSERT_EQ(0, wire_read_eof(c));
	wire_close(c);
	EXPECT(c, "FA seq 1 ack 2 len 0");
	EXPECT_STATE(c, WS_LAST_ACK);
	SEND(c, "A ack 2");
	EXPECT_GONE(c);
	EXPECT_NOTHING(c);
}

WIRE_TEST(edge, close_wait__only_we_can_leave)
{
	struct wire_conn *c = &self->c;

	/* The remote waits for us to finish writing, as long as we like. */
	ENTER(c, WS_CLOSE_WAIT, true);
	SEND(c, "FA seq 1 ack 1");
	EXPECT(c, "A seq 1 ack 2 len 0");
	SEND(c, "A ack 1");
	EXPECT_NOTHING(c);
	EXPECT_STATE(c, WS_CLOSE_WAIT);
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 ack 2 len 100");
	SEND(c, "A ack 101");
	EXPECT_STATE(c, WS_CLOSE_WAIT);
}

WIRE_TEST(edge, last_ack__fin_again)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_LAST_ACK, true);
	SEND(c, "FA seq 1 ack 1");
	EXPECT(c, "A seq 2 ack 2 len 0");
	EXPECT_STATE(c, WS_LAST_ACK);
}

/* ---- Data held back by the peer's window, while our side has shut down ---- */

WIRE_TEST(edge, fin_wait1__data_before_fin)
{
	struct wire_conn *c = &self->c;

	c->win = 0;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 2500));
	ASSERT_EQ(0, shutdown(c->fd, SHUT_WR));
	EXPECT_NOTHING(c);
	EXPECT_STATE(c, WS_FIN_WAIT1);
	c->win = 65535;
	SEND(c, "A");
	ASSERT_EQ(0, wire_expect_stream(c, 2501, true, true));
	EXPECT_STATE(c, WS_FIN_WAIT2);
}

WIRE_TEST(edge, fin_wait1__close_keeps_sending)
{
	struct wire_conn *c = &self->c;

	/* The same without a socket: close() must not lose what was written. */
	c->win = 0;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 2500));
	wire_close(c);
	EXPECT_NOTHING(c);
	EXPECT_STATE(c, WS_FIN_WAIT1);
	c->win = 65535;
	SEND(c, "A");
	ASSERT_EQ(0, wire_expect_stream(c, 2501, true, true));
	EXPECT_STATE(c, WS_FIN_WAIT2);
}

WIRE_TEST(edge, closing__data_before_fin)
{
	struct wire_conn *c = &self->c;

	/* CLOSING: both sides have shut down, but we still have data to send. */
	c->win = 0;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 2500));
	ASSERT_EQ(0, shutdown(c->fd, SHUT_WR));
	EXPECT_STATE(c, WS_FIN_WAIT1);
	SEND(c, "FA");
	EXPECT(c, "A ack 2 len 0");
	EXPECT_STATE(c, WS_CLOSING);
	c->win = 65535;
	SEND(c, "A");
	ASSERT_EQ(0, wire_expect_stream(c, 2501, true, true));
	EXPECT_STATE(c, WS_TIME_WAIT);
	ASSERT_EQ(0, wire_read_eof(c));
}

WIRE_TEST(edge, last_ack__data_before_fin)
{
	struct wire_conn *c = &self->c;

	c->win = 0;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	SEND(c, "FA");
	EXPECT(c, "A seq 1 ack 2 len 0");
	ASSERT_EQ(0, wire_write(c, 2500));
	ASSERT_EQ(0, shutdown(c->fd, SHUT_WR));
	EXPECT_NOTHING(c);
	EXPECT_STATE(c, WS_LAST_ACK);
	c->win = 65535;
	SEND(c, "A");
	ASSERT_EQ(0, wire_expect_stream(c, 2501, true, true));
	EXPECT_GONE(c);
}

/* ---- Data lost at close ---- */

WIRE_TEST(edge, established__close_with_unread_data)
{
	struct wire_conn *c = &self->c;

	/* SHLD-3: a RST shows the peer that data was lost. */
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "A len 10");
	EXPECT(c, "A seq 1 ack 11 len 0");
	wire_close(c);
	EXPECT(c, "Ra seq 1 len 0");
	EXPECT_GONE(c);
}

WIRE_TEST(edge, fin_wait2__data_after_close)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	wire_close(c);
	EXPECT(c, "FA seq 1 ack 1 len 0");
	SEND(c, "A ack 2");
	EXPECT_STATE(c, WS_FIN_WAIT2);
	SEND(c, "A ack 2 len 10");
	EXPECT(c, "Ra seq 2 len 0");
	EXPECT_GONE(c);
}

/* ---- RST in each state ---- */

FIXTURE(rst) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(rst) {
	int state;
	bool active;
	int err, intree_err;	/* 0: nothing is promised to the user */
};

WIRE_SETUP(rst)

FIXTURE_VARIANT_ADD(rst, established_active) {
	.state = WS_ESTABLISHED, .active = true, .err = ECONNRESET,
};

FIXTURE_VARIANT_ADD(rst, established_passive) {
	.state = WS_ESTABLISHED, .err = ECONNRESET,
};

FIXTURE_VARIANT_ADD(rst, fin_wait1) {
	.state = WS_FIN_WAIT1, .err = ECONNRESET,
};

FIXTURE_VARIANT_ADD(rst, fin_wait2) {
	.state = WS_FIN_WAIT2, .err = ECONNRESET,
};

/* EPIPE is what sockets of this system have always said here; both will do. */
FIXTURE_VARIANT_ADD(rst, close_wait) {
	.state = WS_CLOSE_WAIT, .err = ECONNRESET, .intree_err = EPIPE,
};

FIXTURE_VARIANT_ADD(rst, closing) {
	.state = WS_CLOSING,
};

FIXTURE_VARIANT_ADD(rst, last_ack) {
	.state = WS_LAST_ACK,
};

FIXTURE_VARIANT_ADD(rst, time_wait) {
	.state = WS_TIME_WAIT,
};

WIRE_TEST(rst, ends_the_connection)
{
	struct wire_conn *c = &self->c;
	socklen_t size = sizeof(int);
	int err = 0;

	ENTER(c, variant->state, variant->active);
	SEND(c, "R");
	EXPECT_NOTHING(c);
	if (self->w.family != AF_INET && variant->state == WS_TIME_WAIT) {
		/* RFC 1337: a RST must not assassinate TIME_WAIT. */
		EXPECT_STATE(c, WS_TIME_WAIT);
		return;
	}
	EXPECT_GONE(c);
	EXPECT_STATE(c, WS_CLOSE);
	if (!variant->err)
		return;
	ASSERT_EQ(0, getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &size));
	if (variant->intree_err && err == variant->intree_err)
		return;
	ASSERT_EQ(variant->err, err);
}

WIRE_TEST(rst, with_ack_and_data)
{
	struct wire_conn *c = &self->c;

	/* SHLD-2: a RST may carry data. */
	ENTER(c, variant->state, variant->active);
	if (self->w.family == AF_INET && variant->state == WS_TIME_WAIT)
		SKIP(return, "in-tree: the RST must end within the window of TIME_WAIT");
	SEND(c, "RA len 12");
	EXPECT_NOTHING(c);
	if (variant->state == WS_TIME_WAIT) {
		/* RFC 1337 */
		EXPECT_STATE(c, WS_TIME_WAIT);
		return;
	}
	EXPECT_GONE(c);
}

/* ---- ABORT in each state ---- */

FIXTURE(abort) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(abort) {
	int state;
	bool rst;
	uint32_t seq;
};

WIRE_SETUP(abort)

FIXTURE_VARIANT_ADD(abort, listen) {
	.state = WS_LISTEN,
};

FIXTURE_VARIANT_ADD(abort, syn_sent) {
	.state = WS_SYN_SENT,
};

FIXTURE_VARIANT_ADD(abort, syn_recv) {
	.state = WS_SYN_RECV, .rst = true, .seq = 1,
};

FIXTURE_VARIANT_ADD(abort, established) {
	.state = WS_ESTABLISHED, .rst = true, .seq = 1,
};

FIXTURE_VARIANT_ADD(abort, fin_wait1) {
	.state = WS_FIN_WAIT1, .rst = true, .seq = 2,
};

FIXTURE_VARIANT_ADD(abort, fin_wait2) {
	.state = WS_FIN_WAIT2, .rst = true, .seq = 2,
};

FIXTURE_VARIANT_ADD(abort, close_wait) {
	.state = WS_CLOSE_WAIT, .rst = true, .seq = 1,
};

FIXTURE_VARIANT_ADD(abort, closing) {
	.state = WS_CLOSING,
};

FIXTURE_VARIANT_ADD(abort, last_ack) {
	.state = WS_LAST_ACK,
};

WIRE_TEST(abort, rst_where_the_peer_must_know)
{
	struct wire_conn *c = &self->c;

	/* RFC 9293 3.10.5 */
	ENTER(c, variant->state, true);
	if (variant->state == WS_LISTEN) {
		c->fd = c->lfd;
		c->lfd = -1;
	}
	wire_abort(c);
	if (variant->rst)
		EXPECT(c, "Ra seq %u len 0", variant->seq);
	EXPECT_NOTHING(c);
	EXPECT_GONE(c);
}

WIRE_TEST(edge, established__abort_with_data_queued)
{
	struct wire_conn *c = &self->c;

	/* What is queued is flushed, not sent: the RST is at SND.NXT. */
	c->win = 0;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT_NOTHING(c);
	wire_abort(c);
	EXPECT(c, "Ra seq 1 len 0");
	EXPECT_NOTHING(c);
	EXPECT_GONE(c);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * TIME_WAIT must last for 2MSL, acknowledge what is sent again, and be deaf to the
 * rest (RFC 9293 3.10.7.4, RFC 1337); only a SYN beyond the old numbers, for which
 * somebody listens, makes a new connection of it, with higher numbers on both
 * sides (MAY-2).
 */
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

WIRE_FIXTURE(timewait)

/* We close first; the peer's FIN carries n octets, which nobody reads. */
static int finish(struct wire_conn *c, int n)
{
	uint32_t fin = 1 + c->wr_off;
	int ret;

	if (shutdown(c->fd, SHUT_WR))
		return -1;
	ret = wire_expect(c, "FA seq %u ack %u len 0", fin, c->snd_nxt - c->iss);
	ret = ret ?: wire_send(c, "FA ack %u len %d", fin + 1, n);
	ret = ret ?: wire_expect(c, "A seq %u ack %u len 0", fin + 1, c->snd_nxt - c->iss);
	wire_close(c);
	return ret ?: wire_wait_state(c, WS_TIME_WAIT);
}

static int to_time_wait(struct wire_conn *c)
{
	return wire_passive(c, "mss 1000") ?: finish(c, 0);
}

static void stop_listening(struct wire_conn *c)
{
	close(c->lfd);
	c->lfd = -1;
}

/* ---- A SYN beyond the old numbers, and nobody listens ---- */

WIRE_TEST(timewait, new_syn_without_listener)
{
	struct wire_conn *c = &self->c;
	int i;

	/* As in-tree: what cannot be opened again stays what it is. */
	ASSERT_EQ(0, to_time_wait(c));
	stop_listening(c);
	for (i = 0; i < 4; i++) {
		SEND(c, "S seq %d mss 1000", 5000 + i);
		EXPECT(c, "A seq 2 ack 2 len 0");
		EXPECT_STATE(c, WS_TIME_WAIT);
	}
	EXPECT_NOTHING(c);
	/* And it still answers for the old connection. */
	SEND(c, "FA seq 1 ack 2");
	EXPECT(c, "A seq 2 ack 2 len 0");
}

WIRE_TEST(timewait, new_syn_at_a_client)
{
	struct wire_conn *c = &self->c;
	int i;

	/* Nobody ever listened on the port of an active open. */
	ENTER(c, WS_TIME_WAIT, true);
	wire_close(c);
	for (i = 0; i < 4; i++) {
		SEND(c, "S seq %d mss 1000", 5000 + i);
		EXPECT(c, "A seq 2 ack 2 len 0");
	}
	EXPECT_STATE(c, WS_TIME_WAIT);
}

WIRE_TEST(timewait, new_syn_without_listener_does_not_prolong)
{
	struct wire_conn *c = &self->c;
	int64_t began;

	if (self->w.family == AF_INET)
		SKIP(return, "in-tree: 60 s that nobody can change");
	ASSERT_EQ(0, wire_sysctl(&self->w, "time_wait_ms", 2000));
	ASSERT_EQ(0, to_time_wait(c));
	began = wire_now();
	stop_listening(c);
	while (wire_in_state(&self->w, WS_TIME_WAIT)) {
		ASSERT_GE(8000000, wire_now() - began);
		SEND(c, "S seq 5000 mss 1000");
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
		if (c->got.flags & WIRE_RST)
			break;
		ASSERT_EQ(WIRE_ACK, c->got.flags);
		usleep(300000);	/* the peer's pace */
	}
	ASSERT_LE(1700000, wire_now() - began);
	EXPECT_GONE(c);
	/* Now there is nothing: RFC 9293 3.10.7.1. */
	SEND(c, "S seq 5000 mss 1000");
	EXPECT(c, "RA ack 5001 len 0");
}

/* ---- A SYN that is not beyond them ---- */

FIXTURE(old_syn) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(old_syn) {
	int seq;	/* RCV.NXT is 2 */
	bool listener;
};

WIRE_SETUP(old_syn)

FIXTURE_VARIANT_ADD(old_syn, at_rcv_nxt) {
	.seq = 2, .listener = true,
};

FIXTURE_VARIANT_ADD(old_syn, at_rcv_nxt_without_listener) {
	.seq = 2,
};

FIXTURE_VARIANT_ADD(old_syn, at_the_fin) {
	.seq = 1, .listener = true,
};

FIXTURE_VARIANT_ADD(old_syn, at_the_old_syn) {
	.seq = 0, .listener = true,
};

FIXTURE_VARIANT_ADD(old_syn, far_below) {
	.seq = -2000000000, .listener = true,
};

WIRE_TEST(old_syn, is_acknowledged)
{
	struct wire_conn *c = &self->c;
	int i;

	ASSERT_EQ(0, to_time_wait(c));
	if (!variant->listener)
		stop_listening(c);
	for (i = 0; i < 3; i++) {
		SEND(c, "S seq %d mss 1000", variant->seq);
		EXPECT(c, "A seq 2 ack 2 len 0");
	}
	EXPECT_NOTHING(c);
	EXPECT_STATE(c, WS_TIME_WAIT);
}

/* ---- SYNs with other bits ---- */

WIRE_TEST(timewait, syn_ack_does_not_open)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, to_time_wait(c));
	SEND(c, "SA seq 5000 ack 2 mss 1000");
	EXPECT(c, "A seq 2 ack 2 len 0");
	SEND(c, "SA seq 0 ack 1 mss 1000");
	EXPECT(c, "A seq 2 ack 2 len 0");
	EXPECT_STATE(c, WS_TIME_WAIT);
}

WIRE_TEST(timewait, syn_fin_and_syn_rst_do_not_open)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, to_time_wait(c));
	SEND(c, "SR seq 5000 mss 1000");
	ASSERT_LE(0, wire_drain(c));
	EXPECT_STATE(c, WS_TIME_WAIT);
	c->got.flags = 0;
	SEND(c, "SF seq 5000 mss 1000");
	ASSERT_LE(0, wire_drain(c));
	ASSERT_EQ(0, c->got.flags & (WIRE_SYN | WIRE_RST));
	/* In-tree: the SYN ends TIME_WAIT, and then the FIN is in the way. */
	if (self->w.family != AF_INET)
		EXPECT_STATE(c, WS_TIME_WAIT);
	ASSERT_EQ(0, wire_in_state(&self->w, WS_SYN_RECV));
}

/* ---- Reopening ---- */

static int talk(struct wire_conn *c, int out, int in)
{
	int ret = wire_send(c, "A len %d", in);

	ret = ret ?: wire_expect(c, "A ack %u len 0", c->snd_nxt - c->iss);
	ret = ret ?: wire_read(c, in);
	ret = ret ?: wire_write(c, out);
	return ret ?: wire_expect_stream(c, 1 + c->wr_off, false, true);
}

FIXTURE(reopen) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(reopen) {
	uint32_t iss;	/* of the first */
	uint32_t step;	/* from RCV.NXT to the SYN */
	bool unread;	/* text came with the FIN */
};

WIRE_SETUP(reopen)

FIXTURE_VARIANT_ADD(reopen, next_number) {
	.iss = 1000000, .step = 1,
};

FIXTURE_VARIANT_ADD(reopen, far) {
	.iss = 1000000, .step = 2000000000,
};

FIXTURE_VARIANT_ADD(reopen, beyond_the_wrap) {
	.iss = -2000, .step = 1000,
};

FIXTURE_VARIANT_ADD(reopen, text_with_the_fin) {
	.iss = 1000000, .step = 1, .unread = true,
};

WIRE_TEST(reopen, several_times)
{
	static const char *const options[] = {
		"mss 1000", "mss 500 ws 2", "mss 1460 sackok", "mss 1000 ws 7", "",
	};
	struct wire_conn *c = &self->c;
	uint32_t last = 0;
	int i;

	wire_conn_reuse(c, variant->iss);
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, wire_passive(c, options[i]));
		ASSERT_EQ(0, wire_in_state(&self->w, WS_TIME_WAIT));
		if (i)
			/* MAY-2: larger than the largest that the old one used. */
			ASSERT_LT(0, (int32_t)(c->irs - last));
		ASSERT_EQ(0, talk(c, 4000, 700));
		ASSERT_EQ(0, finish(c, variant->unread ? 100 : 0));
		last = c->rcv_nxt;
		/* The options of the last one do not matter for the next. */
		wire_conn_reuse(c, c->snd_nxt + variant->step);
	}
}

WIRE_TEST(timewait, reopen_after_simultaneous_close)
{
	struct wire_conn *c = &self->c;
	uint32_t last;

	/* TIME_WAIT by way of CLOSING. */
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	wire_close(c);
	EXPECT(c, "FA seq 1 ack 1 len 0");
	SEND(c, "FA ack 1");
	EXPECT(c, "A seq 2 ack 2 len 0");
	EXPECT_STATE(c, WS_CLOSING);
	SEND(c, "A ack 2");
	EXPECT_STATE(c, WS_TIME_WAIT);
	last = c->rcv_nxt;
	wire_conn_reuse(c, c->snd_nxt + 1);
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_LT(0, (int32_t)(c->irs - last));
	ASSERT_EQ(0, talk(c, 3000, 100));
}

WIRE_TEST(timewait, half_opened_again)
{
	struct wire_conn *c = &self->c;
	uint32_t last;

	/* The new handshake is lost and comes again, and is refused at last. */
	ASSERT_EQ(0, to_time_wait(c));
	last = c->rcv_nxt;
	wire_conn_reuse(c, c->snd_nxt + 1);
	SEND(c, "S seq 0 mss 1000");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	ASSERT_LT(0, (int32_t)(c->irs - last));
	SEND(c, "S seq 0 mss 1000");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	/* An old ACK of the former connection is not the handshake's. */
	SEND(c, "A seq 1 ack %d", (int32_t)(last - c->irs));
	EXPECT(c, "R seq %d len 0", (int32_t)(last - c->irs));
	EXPECT_STATE(c, WS_SYN_RECV);
	c->snd_nxt = c->iss + 1;
	SEND(c, "A ack 1");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, talk(c, 3000, 100));
}

/* ---- Listeners that may not have the SYN ---- */

WIRE_TEST(timewait, listener_on_another_device)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, to_time_wait(c));
	stop_listening(c);
	ASSERT_EQ(0, wire_open(c));
	c->lfd = c->fd;
	c->fd = -1;
	ASSERT_EQ(0, setsockopt(c->lfd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	ASSERT_EQ(0, wire_listen(c));
	SEND(c, "S seq 5000 mss 1000");
	EXPECT(c, "A seq 2 ack 2 len 0");
	EXPECT_STATE(c, WS_TIME_WAIT);
	ASSERT_EQ(0, wire_in_state(&self->w, WS_SYN_RECV));
	/* One that is for every device may. */
	stop_listening(c);
	wire_conn_reuse(c, c->iss + 6000);
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, talk(c, 3000, 100));
}

WIRE_TEST(timewait, listener_on_this_device)
{
	struct wire_conn *c = &self->c;
	uint32_t last;

	ASSERT_EQ(0, to_time_wait(c));
	last = c->rcv_nxt;
	stop_listening(c);
	ASSERT_EQ(0, wire_open(c));
	c->lfd = c->fd;
	c->fd = -1;
	ASSERT_EQ(0, setsockopt(c->lfd, SOL_SOCKET, SO_BINDTODEVICE, "tun0", 5));
	wire_conn_reuse(c, c->snd_nxt + 1);
	ASSERT_EQ(0, wire_listen(c));
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_LT(0, (int32_t)(c->irs - last));
	ASSERT_EQ(0, talk(c, 3000, 100));
}

WIRE_TEST(timewait, listener_whose_filter_drops)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog prog = { .len = 1, .filter = &nothing };
	struct wire_conn *c = &self->c;
	int none = 0;

	ASSERT_EQ(0, to_time_wait(c));
	ASSERT_EQ(0, setsockopt(c->lfd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
	c->got.flags = 0;
	SEND(c, "S seq 5000 mss 1000");
	ASSERT_LE(0, wire_drain(c));
	ASSERT_EQ(0, c->got.flags & (WIRE_SYN | WIRE_RST));
	ASSERT_EQ(0, wire_in_state(&self->w, WS_SYN_RECV));
	/* In-tree: the filter is asked when TIME_WAIT has ended already. */
	if (self->w.family != AF_INET) {
		EXPECT_STATE(c, WS_TIME_WAIT);
		SEND(c, "FA seq 1 ack 2");
		EXPECT(c, "A seq 2 ack 2 len 0");
	}
	ASSERT_EQ(0, setsockopt(c->lfd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none)));
	wire_conn_reuse(c, c->iss + 6000);
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, talk(c, 3000, 100));
}

/* ---- What is sent again, and junk ---- */

WIRE_TEST(timewait, data_and_fin_again)
{
	struct wire_conn *c = &self->c;
	int i;

	/* The last segment had text, and the ACK of it was lost. */
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, finish(c, 30));
	for (i = 0; i < 3; i++) {
		SEND(c, "FA seq 1 ack 2 len 30");
		EXPECT(c, "A seq 2 ack 32 len 0");
	}
	SEND(c, "A seq 1 ack 2 len 30");
	EXPECT(c, "A seq 2 ack 32 len 0");
	EXPECT_STATE(c, WS_TIME_WAIT);
}

WIRE_TEST(timewait, data_and_fin_again_restart_2msl)
{
	struct wire_conn *c = &self->c;
	int64_t began;
	int i;

	if (self->w.family == AF_INET)
		SKIP(return, "in-tree: 60 s that nobody can change");
	ASSERT_EQ(0, wire_sysctl(&self->w, "time_wait_ms", 2000));
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, finish(c, 30));
	began = wire_now();
	for (i = 0; i < 3; i++) {
		usleep(1000000);	/* the peer's pace, below 2MSL */
		SEND(c, "FA seq 1 ack 2 len 30");
		EXPECT(c, "A seq 2 ack 32 len 0");
	}
	EXPECT_GONE(c);
	ASSERT_LE(4500000, wire_now() - began);
}

WIRE_TEST(timewait, new_data)
{
	struct wire_conn *c = &self->c;

	/* Beyond the FIN there can be none: acknowledged, not taken. */
	ASSERT_EQ(0, to_time_wait(c));
	SEND(c, "A seq 2 ack 2 len 10");
	EXPECT(c, "A seq 2 ack 2 len 0");
	SEND(c, "A seq 2000 ack 2 len 10");
	EXPECT(c, "A seq 2 ack 2 len 0");
	/* A probe, as of a keep-alive. */
	SEND(c, "A seq 1 ack 2");
	EXPECT(c, "A seq 2 ack 2 len 0");
	EXPECT_STATE(c, WS_TIME_WAIT);
}

WIRE_TEST(timewait, duplicate_acks)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, to_time_wait(c));
	/* In order: nothing to say, or two such ends would talk for ever. */
	SEND(c, "A seq 2 ack 2");
	SEND(c, "A seq 2 ack 2");
	EXPECT_NOTHING(c);
	SEND(c, "A seq 2 ack 1");
	EXPECT_NOTHING(c);
	/* Old: as in every synchronised state. */
	SEND(c, "A seq 1 ack 1");
	EXPECT(c, "A seq 2 ack 2 len 0");
	EXPECT_STATE(c, WS_TIME_WAIT);
}

WIRE_TEST(timewait, junk_does_not_prolong)
{
	struct wire_conn *c = &self->c;
	int64_t began;

	/* Only a FIN starts the time anew. */
	if (self->w.family == AF_INET)
		SKIP(return, "in-tree: any ACK restarts its 60 s");
	ASSERT_EQ(0, wire_sysctl(&self->w, "time_wait_ms", 2000));
	ASSERT_EQ(0, to_time_wait(c));
	stop_listening(c);
	began = wire_now();
	while (wire_in_state(&self->w, WS_TIME_WAIT)) {
		ASSERT_GE(8000000, wire_now() - began);
		SEND(c, "A seq 1 ack 1");
		SEND(c, "A seq 2 ack 2 len 10");
		SEND(c, "R seq 2");
		SEND(c, "S seq 0");
		ASSERT_LE(0, wire_drain(c));
		usleep(400000);	/* the peer's pace */
	}
	ASSERT_LE(1700000, wire_now() - began);
	ASSERT_GE(5000000, wire_now() - began);
}

FIXTURE(rst) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(rst) {
	const char *line;
};

WIRE_SETUP(rst)

FIXTURE_VARIANT_ADD(rst, at_rcv_nxt) {
	.line = "R seq 2",
};

FIXTURE_VARIANT_ADD(rst, at_rcv_nxt_with_ack) {
	.line = "RA seq 2 ack 2",
};

FIXTURE_VARIANT_ADD(rst, in_the_window) {
	.line = "R seq 100",
};

FIXTURE_VARIANT_ADD(rst, old) {
	.line = "R seq 1",
};

FIXTURE_VARIANT_ADD(rst, far_off) {
	.line = "RA seq -100000 ack 2",
};

WIRE_TEST(rst, does_not_end_it)
{
	struct wire_conn *c = &self->c;

	/* RFC 1337; in-tree only if told so. */
	ASSERT_EQ(0, wire_write_file("/proc/sys/net/ipv4/tcp_rfc1337", 1));
	ASSERT_EQ(0, to_time_wait(c));
	c->got.flags = 0;
	SEND(c, "%s", variant->line);
	/* RFC 5961 3.2 would answer one within the window, but not exact. */
	ASSERT_LE(0, wire_drain(c));
	ASSERT_EQ(0, c->got.flags & (WIRE_SYN | WIRE_RST));
	EXPECT_STATE(c, WS_TIME_WAIT);
	SEND(c, "FA seq 1 ack 2");
	EXPECT(c, "A seq 2 ack 2 len 0");
	EXPECT_STATE(c, WS_TIME_WAIT);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Urgent data on the wire (RFC 9293 3.8.5): what the peer's pointer does to the
 * mark, the signal and the reader, and what our segments say while urgent text
 * is on its way. Where the in-tree TCP does something else, the case says what,
 * and has the RFC's words for the difference.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

#define IN_TREE(c)	((c)->w->family == AF_INET)

static volatile sig_atomic_t signals;

static void on_sigurg(int sig)
{
	(void)sig;
	signals++;
}

/* From now on the process hears SIGURG of the socket. */
static int own(struct wire_conn *c)
{
	struct sigaction act = { .sa_handler = on_sigurg, .sa_flags = SA_RESTART };

	signals = 0;
	return sigaction(SIGURG, &act, NULL) ?: fcntl(c->fd, F_SETOWN, getpid());
}

/* Whether the next octet to be read is the one at the mark. */
static int at_mark(struct wire_conn *c)
{
	int answer = -1;

	return ioctl(c->fd, SIOCATMARK, &answer) ? -1 : answer;
}

static int in_queue(struct wire_conn *c)
{
	int answer = -1;

	return ioctl(c->fd, FIONREAD, &answer) ? -1 : answer;
}

static bool pri(struct wire_conn *c)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLPRI };

	return poll(&pfd, 1, 0) == 1 && (pfd.revents & POLLPRI);
}

/* The octet out of band, or -errno; -1000: the end of the stream. */
static int oob(struct wire_conn *c, int flags)
{
	uint8_t octet;
	int ret = recv(c->fd, &octet, 1, MSG_OOB | flags);

	if (ret < 0)
		return -errno;
	return ret == 1 ? octet : -1000;
}

/*
 * One read must give the octets of the peer's stream from its place from on, n
 * of them, and no more. 0, or -1 with a message.
 */
static int read_run(struct wire_conn *c, int from, int n)
{
	static uint8_t buf[65536];
	int i, ret = recv(c->fd, buf, sizeof(buf), 0);

	if (ret != n) {
		fprintf(stderr, "# read %d octets (errno %d), expected %d\n", ret,
			ret < 0 ? errno : 0, n);
		return -1;
	}
	for (i = 0; i < n; i++) {
		if (buf[i] == wire_peer_octet(from + i))
			continue;
		fprintf(stderr, "# octet %d is not that of the stream\n", from + i);
		return -1;
	}
	return 0;
}

#define READ_RUN(c, from, n)	ASSERT_EQ(0, read_run(c, from, n))
/* All that was sent so far has been taken in, and the signals have come. */
#define SETTLED(c)		ASSERT_LE(0, wire_drain(c))

/* ---- what arrives ---- */

FIXTURE(receiver) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_SETUP(receiver)
{
	ASSERT_EQ(0, wire_init(&self->w));
	wire_conn_init(&self->c, &self->w);
	ASSERT_EQ(0, wire_passive(&self->c, "mss 1460"));
	ASSERT_EQ(0, own(&self->c));
}

FIXTURE_TEARDOWN(receiver)
{
	wire_fini(&self->w);
}

WIRE_TEST(receiver, one_octet_behind_text)
{
	struct wire_conn *c = &self->c;

	/* MUST-62: the pointer is that of the octet after the urgent ones. */
	SEND(c, "UPA len 5 urg 5");
	SETTLED(c);
	ASSERT_EQ(1, signals);
	ASSERT_TRUE(pri(c));
	ASSERT_EQ(0, at_mark(c));
	ASSERT_EQ(4, in_queue(c));
	ASSERT_EQ(wire_peer_octet(4), oob(c, MSG_PEEK));
	ASSERT_TRUE(pri(c));
	ASSERT_EQ(wire_peer_octet(4), oob(c, 0));
	ASSERT_FALSE(pri(c));
	ASSERT_EQ(-EINVAL, oob(c, 0));
	READ_RUN(c, 0, 4);
	ASSERT_EQ(1, at_mark(c));
	ASSERT_EQ(0, in_queue(c));
	ASSERT_EQ(0, wire_read_none(c));
	ASSERT_EQ(1, at_mark(c));
	SEND(c, "PA len 3");
	SETTLED(c);
	READ_RUN(c, 5, 3);
	ASSERT_EQ(0, at_mark(c));
	ASSERT_EQ(1, signals);
}

WIRE_TEST(receiver, passed_unread)
{
	struct wire_conn *c = &self->c;

	/* Who reads past the mark has let the octet go. */
	SEND(c, "UPA len 3 urg 3");
	SEND(c, "PA len 2");
	SETTLED(c);
	READ_RUN(c, 0, 2);
	ASSERT_EQ(1, at_mark(c));
	ASSERT_TRUE(pri(c));
	READ_RUN(c, 3, 2);
	ASSERT_EQ(0, at_mark(c));
	ASSERT_FALSE(pri(c));
	ASSERT_EQ(-EINVAL, oob(c, 0));
}

WIRE_TEST(receiver, inline)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_set_int(c, SOL_SOCKET, SO_OOBINLINE, 1));
	SEND(c, "UPA len 3 urg 3");
	SEND(c, "PA len 2");
	SETTLED(c);
	ASSERT_EQ(1, signals);
	ASSERT_TRUE(pri(c));
	ASSERT_EQ(-EINVAL, oob(c, 0));
	ASSERT_EQ(5, in_queue(c));
	READ_RUN(c, 0, 2);
	ASSERT_EQ(1, at_mark(c));
	ASSERT_TRUE(pri(c));
	READ_RUN(c, 2, 3);
	ASSERT_EQ(0, at_mark(c));
	ASSERT_FALSE(pri(c));
}

WIRE_TEST(receiver, any_length)
{
	struct wire_conn *c = &self->c;
	int i;

	/* MUST-31, MUST-33: all up to the mark is urgent; one signal. */
	for (i = 0; i < 5; i++)
		SEND(c, "UPA len 1000 urg %d", 5000 - i * 1000);
	SEND(c, "PA len 10");
	SETTLED(c);
	ASSERT_EQ(1, signals);
	ASSERT_EQ(4999, in_queue(c));
	ASSERT_EQ(0, wire_read(c, 2000));
	ASSERT_EQ(0, at_mark(c));
	ASSERT_EQ(2999, in_queue(c));
	READ_RUN(c, 2000, 2999);
	ASSERT_EQ(1, at_mark(c));
	ASSERT_EQ(wire_peer_octet(4999), oob(c, 0));
	READ_RUN(c, 5000, 10);
}

WIRE_TEST(receiver, pointer_ahead_of_the_text)
{
	struct wire_conn *c = &self->c;

	/* The user is told as soon as it is known, long before the octet comes. */
	SEND(c, "UA len 5 urg 1010");
	SETTLED(c);
	ASSERT_EQ(1, signals);
	ASSERT_FALSE(pri(c));
	ASSERT_EQ(-EAGAIN, oob(c, 0));
	ASSERT_EQ(5, in_queue(c));
	ASSERT_EQ(0, at_mark(c));
	READ_RUN(c, 0, 5);
	SEND(c, "PA len 1004");
	SETTLED(c);
	ASSERT_EQ(-EAGAIN, oob(c, 0));
	READ_RUN(c, 5, 1004);
	ASSERT_EQ(1, at_mark(c));
	ASSERT_EQ(0, wire_read_none(c));
	ASSERT_EQ(1, at_mark(c));
	/* Without the bit: a segment need not repeat it. */
	SEND(c, "PA len 3");
	SETTLED(c);
	ASSERT_EQ(1, signals);
	ASSERT_TRUE(pri(c));
	ASSERT_EQ(wire_peer_octet(1009), oob(c, 0));
	READ_RUN(c, 1010, 2);
}

WIRE_TEST(receiver, pointer_in_an_empty_segment)
{
	struct wire_conn *c = &self->c;

	SEND(c, "UA urg 3");
	SETTLED(c);
	ASSERT_EQ(1, signals);
	ASSERT_EQ(-EAGAIN, oob(c, 0));
	SEND(c, "UPA len 3 urg 3");
	SETTLED(c);
	ASSERT_EQ(1, signals);
	ASSERT_EQ(wire_peer_octet(2), oob(c, 0));
	READ_RUN(c, 0, 2);
}

WIRE_TEST(receiver, pointer_only_advances)
{
	struct wire_conn *c = &self->c;

	SEND(c, "UA seq 1 len 2 urg 10");
	SEND(c, "UA seq 3 len 3 urg 3");	/* lower */
	SEND(c, "UA seq 6 len 1 urg 5");	/* the same */
	SETTLED(c);
	ASSERT_EQ(1, signals);
	READ_RUN(c, 0, 6);
	/* MUST-32: "or whenever the urgent pointer advances in the data stream" */
	SEND(c, "UA seq 7 len 1 urg 5");
	SETTLED(c);
	ASSERT_EQ(2, signals);
	SEND(c, "PA len 5");
	SETTLED(c);
	READ_RUN(c, 6, 4);
	ASSERT_EQ(1, at_mark(c));
	ASSERT_EQ(wire_peer_octet(10), oob(c, 0));
}

WIRE_TEST(receiver, second_pushes_the_first_back)
{
	struct wire_conn *c = &self->c;

	SEND(c, "UPA len 3 urg 3");
	SEND(c, "UPA len 3 urg 3");
	SETTLED(c);
	ASSERT_EQ(2, signals);
	ASSERT_EQ(5, in_queue(c));
	ASSERT_EQ(wire_peer_octet(5), oob(c, 0));
	READ_RUN(c, 0, 5);
	ASSERT_EQ(1, at_mark(c));
}

WIRE_TEST(receiver, second_while_the_first_stands_unread_at_the_mark)
{
	struct wire_conn *c = &self->c;

	/*
	 * MUST-31, "a sequence of urgent data of any length": both are urgent,
	 * and none may be lost. In-tree: the first is in neither stream.
	 */
	SEND(c, "UPA len 3 urg 3");
	SETTLED(c);
	READ_RUN(c, 0, 2);
	SEND(c, "UPA len 2 urg 2");
	SETTLED(c);
	ASSERT_EQ(2, signals);
	if (IN_TREE(c)) {
		READ_RUN(c, 3, 1);
	} else {
		READ_RUN(c, 2, 2);
	}
	ASSERT_EQ(wire_peer_octet(4), oob(c, 0));
}

WIRE_TEST(receiver, second_while_the_first_was_read_at_the_mark)
{
	struct wire_conn *c = &self->c;

	SEND(c, "UPA len 3 urg 3");
	SETTLED(c);
	READ_RUN(c, 0, 2);
	ASSERT_EQ(wire_peer_octet(2), oob(c, 0));
	SEND(c, "UPA len 2 urg 2");
	SETTLED(c);
	ASSERT_EQ(2, signals);
	READ_RUN(c, 3, 1);
	ASSERT_EQ(wire_peer_octet(4), oob(c, 0));
}

WIRE_TEST(receiver, second_after_the_first_was_read_ahead)
{
	struct wire_conn *c = &self->c;

	/* Only the last one is kept apart: the first is in the stream again. */
	SEND(c, "UPA len 3 urg 3");
	SETTLED(c);
	ASSERT_EQ(wire_peer_octet(2), oob(c, 0));
	SEND(c, "UPA len 2 urg 2");
	SETTLED(c);
	READ_RUN(c, 0, 4);
	ASSERT_EQ(wire_peer_octet(4), oob(c, 0));
}

WIRE_TEST(receiver, beyond_a_hole)
{
	struct wire_conn *c = &self->c;

	SEND(c, "UPA seq 4 len 2 urg 2");
	SETTLED(c);
	ASSERT_EQ(1, signals);
	ASSERT_TRUE(pri(c));
	ASSERT_EQ(wire_peer_octet(4), oob(c, 0));
	ASSERT_EQ(0, wire_read_none(c));
	SEND(c, "UPA seq 1 len 3 urg 5");
	SETTLED(c);
	ASSERT_EQ(1, signals);
	ASSERT_EQ(-EINVAL, oob(c, 0));
	READ_RUN(c, 0, 4);
	ASSERT_EQ(1, at_mark(c));
}

WIRE_TEST(receiver, pointer_to_text_beyond_a_hole)
{
	struct wire_conn *c = &self->c;

	/* In-tree: the octet is not found when the hole closes. */
	SEND(c, "PA seq 4 len 2");
	SEND(c, "UPA seq 1 len 1 urg 5");
	SETTLED(c);
	ASSERT_EQ(1, signals);
	ASSERT_EQ(-EAGAIN, oob(c, 0));
	SEND(c, "PA seq 2 len 2");
	SETTLED(c);
	ASSERT_EQ(!IN_TREE(c), pri(c));
	ASSERT_EQ(IN_TREE(c) ? -EAGAIN : wire_peer_octet(4), oob(c, 0));
	READ_RUN(c, 0, 4);
	ASSERT_EQ(1, at_mark(c));
}

WIRE_TEST(receiver, pointer_to_text_that_waits_for_the_reader)
{
	struct wire_conn *c = &self->c;

	/*
	 * 3.10.7.4 sixth: "signal the user that the remote side has urgent data if
	 * the urgent pointer (RCV.UP) is in advance of the data consumed".
	 * In-tree: only if it is in advance of the data received.
	 */
	SEND(c, "PA len 5");
	SETTLED(c);
	SEND(c, "UPA seq 3 len 5 urg 2");
	SETTLED(c);
	ASSERT_EQ(IN_TREE(c) ? 0 : 1, signals);
	if (IN_TREE(c)) {
		READ_RUN(c, 0, 7);
		return;
	}
	ASSERT_TRUE(pri(c));
	READ_RUN(c, 0, 3);
	ASSERT_EQ(1, at_mark(c));
	ASSERT_EQ(wire_peer_octet(3), oob(c, 0));
	READ_RUN(c, 4, 3);
	/* And what was read is not urgent any more. */
	SEND(c, "UPA seq 3 len 6 urg 4");
	SETTLED(c);
	ASSERT_EQ(1, signals);
	READ_RUN(c, 7, 1);
}

WIRE_TEST(receiver, pointer_zero)
{
	struct wire_conn *c = &self->c;

	/*
	 * MUST-62: the octet "following the urgent data" is the first of this
	 * segment, so that nothing in it is urgent. In-tree: its first octet is.
	 */
	SEND(c, "UPA len 3 urg 0");
	SETTLED(c);
	ASSERT_EQ(IN_TREE(c) ? 1 : 0, signals);
	ASSERT_EQ(IN_TREE(c), pri(c));
	if (!IN_TREE(c))
		READ_RUN(c, 0, 3);
}

WIRE_TEST(receiver, farthest_pointer)
{
	struct wire_conn *c = &self->c;
	int i;

	/* It may lie beyond the window. */
	SEND(c, "UA len 1000 urg 65535");
	for (i = 1; i < 65; i++) {
		SEND(c, "A len 1000");
		ASSERT_EQ(0, wire_read(c, 1000));
		SETTLED(c);
	}
	SEND(c, "PA len 1000");
	SETTLED(c);
	ASSERT_EQ(1534, in_queue(c));
	READ_RUN(c, 64000, 1534);
	ASSERT_EQ(1, at_mark(c));
	ASSERT_EQ(wire_peer_octet(65534), oob(c, 0));
	READ_RUN(c, 65535, 465);
}

WIRE_TEST(receiver, with_fin)
{
	struct wire_conn *c = &self->c;

	SEND(c, "UFPA len 3 urg 3");
	SETTLED(c);
	ASSERT_EQ(1, signals);
	EXPECT_STATE(c, WS_CLOSE_WAIT);
	READ_RUN(c, 0, 2);
	ASSERT_EQ(1, at_mark(c));
	ASSERT_EQ(wire_peer_octet(2), oob(c, 0));
	ASSERT_EQ(0, wire_read_eof(c));
}

WIRE_TEST(receiver, pointer_to_the_fin)
{
	struct wire_conn *c = &self->c;

	/* A FIN is no octet: there will never be one at the mark. */
	SEND(c, "UFPA len 3 urg 4");
	SETTLED(c);
	EXPECT_STATE(c, WS_CLOSE_WAIT);
	ASSERT_EQ(1, signals);
	ASSERT_FALSE(pri(c));
	ASSERT_EQ(-1000, oob(c, 0));
	READ_RUN(c, 0, 3);
	/* In-tree: this read has passed the FIN. */
	ASSERT_EQ(IN_TREE(c) ? 0 : 1, at_mark(c));
	ASSERT_EQ(0, wire_read_eof(c));
	ASSERT_EQ(0, wire_read_eof(c));
}

WIRE_TEST(receiver, pointer_beyond_the_fin)
{
	struct wire_conn *c = &self->c;

	SEND(c, "UFPA len 3 urg 400");
	SETTLED(c);
	EXPECT_STATE(c, WS_CLOSE_WAIT);
	ASSERT_EQ(-1000, oob(c, 0));
	READ_RUN(c, 0, 3);
	ASSERT_EQ(0, wire_read_eof(c));
	ASSERT_EQ(0, at_mark(c));
}

WIRE_TEST(receiver, after_the_fin)
{
	struct wire_conn *c = &self->c;

	/*
	 * 3.10.7.4 sixth: "This should not occur since a FIN has been received from
	 * the remote side. Ignore the URG." In-tree: does not ignore it.
	 */
	SEND(c, "FA");
	EXPECT(c, "A seq 1 ack 2 len 0");
	SEND(c, "UA urg 5");
	SETTLED(c);
	EXPECT_STATE(c, WS_CLOSE_WAIT);
	ASSERT_EQ(IN_TREE(c) ? 1 : 0, signals);
	ASSERT_EQ(IN_TREE(c) ? -1000 : -EINVAL, oob(c, 0));
}

WIRE_TEST(receiver, in_fin_wait2)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, shutdown(c->fd, SHUT_WR));
	EXPECT(c, "FA seq 1 ack 1 len 0");
	SEND(c, "UPA len 3 urg 3");
	SETTLED(c);
	EXPECT_STATE(c, WS_FIN_WAIT2);
	ASSERT_EQ(1, signals);
	ASSERT_EQ(wire_peer_octet(2), oob(c, 0));
	READ_RUN(c, 0, 2);
}

WIRE_TEST(receiver, not_accepted)
{
	struct wire_conn *c = &self->c;

	/* Unacceptable segments, and such without an ACK, say nothing. */
	SEND(c, "UA seq 0 len 1 urg 10");
	EXPECT(c, "A seq 1 ack 1 len 0");
	SEND(c, "UA seq %u len 1 urg 10", c->edge + 1 - c->iss);
	EXPECT(c, "A seq 1 ack 1 len 0");
	SEND(c, "U seq 1 len 1 urg 10");
	SEND(c, "UA seq 1 ack 5000 len 1 urg 10");
	/* In-tree: has no answer to it. */
	if (!IN_TREE(c))
		EXPECT(c, "A seq 1 ack 1 len 0");
	SETTLED(c);
	ASSERT_EQ(0, signals);
	ASSERT_EQ(-EINVAL, oob(c, 0));
}

WIRE_TEST(receiver, at_the_mark_when_reset)
{
	struct wire_conn *c = &self->c;

	SEND(c, "UPA len 3 urg 3");
	SEND(c, "R");
	SETTLED(c);
	EXPECT_STATE(c, WS_CLOSE);
	ASSERT_EQ(-ENOTCONN, oob(c, 0));
}

WIRE_TEST(receiver, one_segment_after_the_other)
{
	struct wire_conn *c = &self->c;
	int i;

	/* Each is taken before the next: none is lost, none is read twice. */
	for (i = 0; i < 50; i++) {
		SEND(c, "UPA len %d urg %d", i % 3 + 1, i % 3 + 1);
		SETTLED(c);
		ASSERT_EQ(i + 1, signals);
		if (i % 3)
			READ_RUN(c, c->snd_nxt - c->iss - 2 - i % 3, i % 3);
		ASSERT_EQ(wire_peer_octet(c->snd_nxt - c->iss - 2), oob(c, 0));
		ASSERT_EQ(1, at_mark(c));
	}
	ASSERT_EQ(0, wire_read_none(c));
}

WIRE_TEST(receiver, every_octet_urgent_and_nobody_reads)
{
	struct wire_conn *c = &self->c;
	int i;

	for (i = 0; i < 200; i++)
		SEND(c, "UPA len 1 urg 1");
	SETTLED(c);
	ASSERT_EQ(200, signals);
	ASSERT_EQ(wire_peer_octet(199), oob(c, 0));
	/* In-tree: the reader stands at each mark in turn, and all but the last are lost. */
	if (IN_TREE(c)) {
		ASSERT_EQ(0, wire_read_none(c));
	} else {
		READ_RUN(c, 0, 199);
	}
	ASSERT_EQ(1, at_mark(c));
}

/* ---- a window that is shut ---- */

WIRE_FIXTURE(shut)

/* Fill the window of a socket with little memory until it is shut. */
static int fill(struct wire_conn *c)
{
	uint32_t n, quiet = 0;
	int ret;

	if (wire_listen(c) || wire_set_int(c, SOL_SOCKET, SO_RCVBUF, 8192) ||
	    wire_passive(c, "mss 1000"))
		return -1;
	while (quiet < 3) {
		n = wire_rcv_wnd(c);
		if (n == 0) {
			/* All that is owed comes within the delay of an ACK. */
			wire_next(c, 700);
			quiet++;
			continue;
		}
		quiet = 0;
		if (wire_send(c, "PA len %u", n < 1000 ? n : 1000))
			return -1;
		do {
			ret = wire_next(c, WIRE_DEADLINE_MS);
		} while (!ret && c->got.ack != c->snd_nxt);
		if (ret || c->snd_nxt - c->iss > 1000000)
			return -1;
	}
	return own(c);
}

WIRE_TEST(shut, pointer_counts)
{
	struct wire_conn *c = &self->c;
	uint32_t total;

	/* MUST-66: "even when the receive window is zero" */
	ASSERT_EQ(0, fill(c));
	total = c->snd_nxt - c->iss - 1;
	SEND(c, "UA seq %u urg 5", total + 1);
	SETTLED(c);
	ASSERT_EQ(1, signals);
	ASSERT_EQ(-EAGAIN, oob(c, 0));
	ASSERT_EQ((int)total, in_queue(c));
	ASSERT_EQ(0, wire_read(c, total));
	SEND(c, "UPA seq %u len 5 urg 5", total + 1);
	SETTLED(c);
	ASSERT_EQ(1, signals);
	READ_RUN(c, total, 4);
	ASSERT_EQ(wire_peer_octet(total + 4), oob(c, 0));
}

WIRE_TEST(shut, pointer_of_a_probe_counts)
{
	struct wire_conn *c = &self->c;
	uint32_t total;

	/* Its octet is not taken, but known: out of band it can be read. */
	ASSERT_EQ(0, fill(c));
	total = c->snd_nxt - c->iss - 1;
	SEND(c, "UA seq %u len 1 urg 1", total + 1);
	EXPECT(c, "A ack %u len 0 win 0", total + 1);
	SETTLED(c);
	ASSERT_EQ(1, signals);
	ASSERT_EQ((int)total, in_queue(c));
	ASSERT_TRUE(pri(c));
	ASSERT_EQ(wire_peer_octet(total), oob(c, 0));
	ASSERT_EQ(0, wire_read(c, total));
	ASSERT_EQ(1, at_mark(c));
	c->snd_nxt = c->iss + total + 1;
	SEND(c, "UPA len 1 urg 1");
	SEND(c, "PA len 2");
	SETTLED(c);
	ASSERT_EQ(1, signals);
	READ_RUN(c, total + 1, 2);
}

/* ---- numbers that wrap between text and mark ---- */

FIXTURE(wrap) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(wrap) {
	uint32_t edge;
};

WIRE_SETUP(wrap)

FIXTURE_VARIANT_ADD(wrap, at_zero) {
	.edge = 0,
};

FIXTURE_VARIANT_ADD(wrap, at_the_sign) {
	.edge = 0x80000000,
};

WIRE_TEST(wrap, between_text_and_mark)
{
	struct wire_conn *c = &self->c;
	int i;

	ASSERT_EQ(0, wire_listen(c));
	for (i = 0; i < 12; i++) {
		wire_conn_reuse(c, variant->edge - i);
		c->pport = WIRE_PPORT + i;
		ASSERT_EQ(0, wire_passive(c, "mss 1460"));
		ASSERT_EQ(0, own(c));
		SEND(c, "UPA len 3 urg 8");
		SEND(c, "PA len 7");
		SETTLED(c);
		ASSERT_EQ(1, signals);
		ASSERT_EQ(7, in_queue(c));
		READ_RUN(c, 0, 7);
		ASSERT_EQ(1, at_mark(c));
		ASSERT_EQ(wire_peer_octet(7), oob(c, 0));
		READ_RUN(c, 8, 2);
		ASSERT_EQ(0, at_mark(c));
		wire_abort(c);
	}
}

/* ---- in the handshake ---- */

WIRE_FIXTURE(handshake)

WIRE_TEST(handshake, syn_ack)
{
	struct wire_conn *c = &self->c;

	/* 3.10.7.3: "continue processing at the sixth step" */
	ASSERT_EQ(0, wire_open(c));
	ASSERT_EQ(0, own(c));
	ASSERT_EQ(0, wire_connect(c));
	SEND(c, "USA seq 0 ack 1 mss 1000 urg 3");
	c->snd_nxt = c->iss + 1;
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_EQ(1, signals);
	ASSERT_EQ(-EAGAIN, oob(c, 0));
	SEND(c, "PA len 3");
	SETTLED(c);
	ASSERT_EQ(1, signals);
	ASSERT_EQ(wire_peer_octet(1), oob(c, 0));
	READ_RUN(c, 0, 1);
}

WIRE_TEST(handshake, syn)
{
	struct wire_conn *c = &self->c;

	/* 3.10.7.2: other controls are processed after ESTABLISHED. In-tree: ignored. */
	ASSERT_EQ(0, wire_listen(c));
	SEND(c, "US seq 0 mss 1000 urg 3");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	c->snd_nxt = c->iss + 1;
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(IN_TREE(c) ? -EINVAL : -EAGAIN, oob(c, 0));
	SEND(c, "PA len 3");
	SETTLED(c);
	if (IN_TREE(c)) {
		READ_RUN(c, 0, 3);
		return;
	}
	ASSERT_EQ(wire_peer_octet(1), oob(c, 0));
	READ_RUN(c, 0, 1);
}

WIRE_TEST(handshake, before_accept)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_listen(c));
	SEND(c, "S seq 0 mss 1000");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	c->snd_nxt = c->iss + 1;
	SEND(c, "A");
	SEND(c, "UPA len 3 urg 3");
	SETTLED(c);
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_TRUE(pri(c));
	ASSERT_EQ(wire_peer_octet(2), oob(c, 0));
	READ_RUN(c, 0, 2);
}

/* ---- what we send ---- */

WIRE_FIXTURE(sender)

WIRE_TEST(sender, one_octet)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write_urgent(c, 1));
	EXPECT(c, "UPA seq 1 ack 1 len 1 urg 1");
	SEND(c, "A");
	/* Normal again: neither text nor an ACK has the bit. */
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "PA seq 2 len 10 urg 0");
	SEND(c, "A len 1");
	EXPECT(c, "A seq 12 ack 2 len 0 urg 0");
}

WIRE_TEST(sender, goes_at_once)
{
	struct wire_conn *c = &self->c;

	/* Neither Nagle nor a cork holds it, nor the text before it. */
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 5));
	EXPECT(c, "PA seq 1 len 5");
	ASSERT_EQ(0, wire_write(c, 4));
	EXPECT_NOTHING(c);
	ASSERT_EQ(0, wire_write_urgent(c, 3));
	EXPECT_NOW(c, "UPA seq 6 len 7 urg 7");
	SEND(c, "A");
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_CORK, 1));
	ASSERT_EQ(0, wire_write(c, 4));
	EXPECT_NOTHING(c);
	ASSERT_EQ(0, wire_write_urgent(c, 1));
	EXPECT_NOW(c, "UPA seq 13 len 5 urg 5");
}

WIRE_TEST(sender, each_segment_points_to_the_same_octet)
{
	struct wire_conn *c = &self->c;

	/* A burst that a device cuts would repeat the first one's pointer. */
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write_urgent(c, 4500));
	EXPECT(c, "UA seq 1 len 1000 urg 4500");
	EXPECT(c, "UA seq 1001 len 1000 urg 3500");
	EXPECT(c, "UA seq 2001 len 1000 urg 2500");
	EXPECT(c, "UA seq 3001 len 1000 urg 1500");
	EXPECT(c, "UPA seq 4001 len 500 urg 500");
	SEND(c, "A");
	ASSERT_EQ(0, wire_write(c, 2000));
	EXPECT(c, "A seq 4501 len 1000 urg 0");
	EXPECT(c, "PA seq 5501 len 1000 urg 0");
}

WIRE_TEST(sender, second_moves_the_pointer)
{
	struct wire_conn *c = &self->c;

	c->strict = true;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write_urgent(c, 3));
	EXPECT(c, "UPA seq 1 len 3 urg 3");
	ASSERT_EQ(0, wire_write_urgent(c, 2));
	EXPECT(c, "UPA seq 4 len 2 urg 2");
	/* What is sent again knows of the later one. */
	ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
	ASSERT_EQ(1u, wire_rel_seq(c, &c->got));
	ASSERT_TRUE(c->got.flags & WIRE_URG);
	ASSERT_EQ(5, c->got.urg);
}

WIRE_TEST(sender, sent_again)
{
	struct wire_conn *c = &self->c;

	c->strict = true;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 20));
	EXPECT(c, "PA seq 1 len 20");
	ASSERT_EQ(0, wire_write_urgent(c, 1500));
	EXPECT(c, "UA seq 21 len 1000 urg 1500");
	EXPECT(c, "UPA seq 1021 len 500 urg 500");
	/* Three duplicates; then a part is acknowledged and the rest times out. */
	SEND(c, "A ack 1");
	SEND(c, "A ack 1");
	SEND(c, "A ack 1");
	ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
	ASSERT_EQ(1u, wire_rel_seq(c, &c->got));
	ASSERT_TRUE(c->got.flags & WIRE_URG);
	ASSERT_EQ(1520, c->got.urg);
	SEND(c, "A ack 1021");
	do {
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
	} while (wire_rel_seq(c, &c->got) != 1021);
	ASSERT_TRUE(c->got.flags & WIRE_URG);
	ASSERT_EQ(500, c->got.urg);
	SEND(c, "A ack 1521");
	ASSERT_EQ(0, wire_write(c, 1));
	EXPECT(c, "PA seq 1521 len 1 urg 0");
}

WIRE_TEST(sender, beyond_the_field)
{
	struct wire_conn *c = &self->c;
	uint32_t seq, left;

	/* 65535 says "at least"; nearer, each segment points to the very octet. */
	c->strict = true;
	c->rtt_ms = 500;
	ASSERT_EQ(0, wire_listen(c));
	ASSERT_EQ(0, wire_set_int(c, SOL_SOCKET, SO_SNDBUF, 400000));
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write_urgent(c, 100000));
	while (c->rcv_nxt - c->irs < 100001) {
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
		if (!c->got.len)
			continue;
		seq = wire_rel_seq(c, &c->got);
		left = 100001 - seq;
		ASSERT_TRUE(c->got.flags & WIRE_URG);
		ASSERT_EQ(left < 65535 ? left : 65535, c->got.urg);
		SEND(c, "A");
	}
}

WIRE_TEST(sender, window_is_shut)
{
	struct wire_conn *c = &self->c;
	int i;

	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "PA seq 1 len 10");
	c->win = 0;
	SEND(c, "A ack 11");
	ASSERT_EQ(0, wire_write_urgent(c, 5));
	/* In-tree: with the first probe only. */
	if (IN_TREE(c)) {
		EXPECT(c, "UA seq 11 len 0 urg 5");
	} else {
		EXPECT_NOW(c, "UA seq 11 len 0 urg 5");
	}
	/* ACKs tell of it, and so do probes. */
	SEND(c, "PA len 10");
	EXPECT(c, "UA ack 11 len 0");
	ASSERT_EQ(16u, wire_rel_seq(c, &c->got) + c->got.urg);
	c->strict = true;
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
		ASSERT_TRUE(c->got.flags & WIRE_URG);
		ASSERT_EQ(16u, wire_rel_seq(c, &c->got) + c->got.urg);
		c->rcv_nxt = c->irs + 11;
		SEND(c, "A ack 11");
	}
	/* More of it: told with the next segment, whatever that is. */
	ASSERT_EQ(0, wire_write_urgent(c, 2));
	SEND(c, "PA len 10");
	do {
		ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
		ASSERT_TRUE(c->got.flags & WIRE_URG);
	} while (c->got.ack != c->iss + 21);
	ASSERT_EQ(18u, wire_rel_seq(c, &c->got) + c->got.urg);
	c->win = 65535;
	c->strict = false;
	c->rcv_nxt = c->irs + 11;
	SEND(c, "A ack 11");
	ASSERT_EQ(0, wire_expect_stream(c, 18, false, true));
}

WIRE_TEST(sender, told_once_while_the_window_is_shut)
{
	struct wire_conn *c = &self->c;
	int i;

	/* Empty segments would look like duplicate ACKs. */
	c->win = 2000;
	c->rtt_ms = 700;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 2000));
	ASSERT_EQ(0, wire_expect_stream(c, 2001, false, false));
	ASSERT_EQ(0, wire_write_urgent(c, 1));
	if (!IN_TREE(c))
		EXPECT_NOW(c, "UA seq 2001 len 0 urg 1");
	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, wire_write_urgent(c, 1));
	EXPECT_NOTHING(c);
}

WIRE_TEST(sender, with_the_fin)
{
	struct wire_conn *c = &self->c;

	/* What close() leaves is as urgent as before. */
	c->win = 2000;
	c->rtt_ms = 700;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 2000));
	ASSERT_EQ(0, wire_expect_stream(c, 2001, false, false));
	ASSERT_EQ(0, wire_write_urgent(c, 3));
	if (!IN_TREE(c))
		EXPECT(c, "UA seq 2001 len 0 urg 3");
	wire_close(c);
	SEND(c, "A ack 2001");
	EXPECT(c, "UFPA seq 2001 len 3 urg 3");
	/* The FIN alone stands at the pointer, and is not urgent. */
	c->strict = true;
	SEND(c, "A ack 2004");
	EXPECT(c, "FA seq 2004 len 0 urg 0");
	SEND(c, "FA ack 2005");
	EXPECT(c, "A seq 2005 ack 2 len 0 urg 0");
}

WIRE_TEST(sender, reset_has_no_pointer)
{
	struct wire_conn *c = &self->c;

	if (IN_TREE(c))
		SKIP(return, "in-tree: its RST has the pointer");
	c->win = 0;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write_urgent(c, 5));
	EXPECT(c, "UA seq 1 len 0 urg 5");
	wire_abort(c);
	EXPECT(c, "RA urg 0");
}

WIRE_TEST(sender, keepalive_in_normal_mode)
{
	struct wire_conn *c = &self->c;

	/* Its number lies below the text; the pointer was acknowledged long ago. */
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write_urgent(c, 3));
	EXPECT(c, "UPA seq 1 len 3 urg 3");
	SEND(c, "A");
	SETTLED(c);
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_KEEPIDLE, 1));
	ASSERT_EQ(0, wire_set_int(c, SOL_SOCKET, SO_KEEPALIVE, 1));
	c->strict = true;
	EXPECT(c, "A seq 3 len 0 urg 0");
}

WIRE_TEST(sender, in_close_wait)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	SEND(c, "FA");
	EXPECT(c, "A seq 1 ack 2 len 0 urg 0");
	ASSERT_EQ(0, wire_write_urgent(c, 2));
	EXPECT(c, "UPA seq 1 ack 2 len 2 urg 2");
}

TEST_HARNESS_MAIN

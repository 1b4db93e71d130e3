// SPDX-License-Identifier: GPL-2.0
/*
 * Path MTU: packets carry DF; "fragmentation needed" makes segments smaller and
 * sends at once what was too large (RFC 1191), nonsense does not (RFC 5927), and
 * a path that swallows large segments without a word is found out.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/stuck.h"
#include "lib/wire.h"

#define ICMP(c, ...) \
	ASSERT_EQ(0, wire_send_icmp(c, &(struct wire_icmp){ __VA_ARGS__ }))
#define TOO_BIG(c, at, mtu, ...) \
	ICMP(c, .type = 3, .code = 4, .info = mtu, .seq = at, .total = 1500, ##__VA_ARGS__)
#define OURS_ONLY(self)							\
	do {								\
		if ((self)->w.family != WIRE_AF_TCPSTATE)		\
			SKIP(return, "the in-tree TCP does otherwise");	\
	} while (0)

WIRE_FIXTURE(pmtu)

static int path_mtu(struct wire_conn *c)
{
	socklen_t size = sizeof(int);
	int mtu = -1;

	getsockopt(c->fd, IPPROTO_IP, IP_MTU, &mtu, &size);
	return mtu;
}

static int snd_mss(struct wire_conn *c)
{
	struct tcp_info info = {};
	socklen_t size = sizeof(info);

	getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &size);
	return info.tcpi_snd_mss;
}

/* An open connection, text of three large segments on its way, timeout far off. */
static int flying(struct wire_conn *c)
{
	int i;

	c->rtt_ms = 500;
	if (wire_passive(c, "mss 1460") || wire_write(c, 3 * 1460))
		return -1;
	for (i = 0; i < 3; i++)
		if (wire_expect(c, "A seq %d len 1460", 1 + i * 1460) || !c->got.df)
			return -1;
	c->strict = true;
	return wire_expect_nothing(c);
}

/*
 * What is on its way from seq on goes again now, in segments of mss octets.  The
 * in-tree TCP cuts each old segment for itself, and waits for cwnd: only its first
 * segment is compared.
 */
static int sent_again(struct wire_conn *c, uint32_t seq, uint32_t end, int mss, bool fin)
{
	int len;

	for (; seq < end; seq += len) {
		len = end - seq < (uint32_t)mss ? (int)(end - seq) : mss;
		if (wire_expect_now(c, "%sA seq %u len %d", fin && seq + len == end ? "F" : "",
				    seq, len))
			return -1;
		if (c->w->family != WIRE_AF_TCPSTATE)
			return wire_drain(c) < 0 ? -1 : 0;
	}
	return wire_expect_nothing(c);
}

static int unmoved(struct wire_conn *c)
{
	return wire_expect_nothing(c) || path_mtu(c) != 1500 || snd_mss(c) != 1460;
}

WIRE_TEST(pmtu, every_segment_has_df)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_connect(c));
	ASSERT_TRUE(c->got.df);
	SEND(c, "SA seq 0 ack 1 mss 1460");
	c->snd_nxt = c->iss + 1;
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_TRUE(c->got.df);
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq 1 len 10");
	ASSERT_TRUE(c->got.df);
	ASSERT_EQ(1500, path_mtu(c));
}

WIRE_TEST(pmtu, df_as_the_user_has_it)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_open(c));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT));
	ASSERT_EQ(0, wire_active(c, "mss 1460"));
	ASSERT_FALSE(c->got.df);
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq 1 len 10");
	ASSERT_FALSE(c->got.df);
	SEND(c, "A");
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq 11 len 10");
	ASSERT_TRUE(c->got.df);
}

WIRE_TEST(pmtu, df_as_the_sysctl_has_it)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_write_file("/proc/sys/net/ipv4/ip_no_pmtu_disc", 1));
	ASSERT_EQ(0, wire_active(c, "mss 1460"));
	ASSERT_FALSE(c->got.df);
}

WIRE_TEST(pmtu, too_big_is_sent_again_at_once)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, flying(c));
	TOO_BIG(c, 1, 1000);
	/* All of it, without waiting for a timeout. */
	ASSERT_EQ(0, sent_again(c, 1, 4381, 960, false));
	ASSERT_EQ(1000, path_mtu(c));
	ASSERT_EQ(960, snd_mss(c));
	/* The same news of the other two segments is none. */
	TOO_BIG(c, 1461, 1000);
	TOO_BIG(c, 2921, 1000);
	EXPECT_NOTHING(c);
	SEND(c, "A ack %d", 1 + 3 * 1460);
	ASSERT_EQ(0, wire_write(c, 1920));
	EXPECT(c, "A len 960");
	EXPECT(c, "A len 960");
}

WIRE_TEST(pmtu, is_no_congestion)
{
	struct wire_conn *c = &self->c;
	struct tcp_info before = {}, after = {};
	socklen_t size = sizeof(before);

	/* RFC 1191 6.4: a smaller unit, not a smaller window. */
	OURS_ONLY(self);
	ASSERT_EQ(0, flying(c));
	ASSERT_EQ(0, getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &before, &size));
	TOO_BIG(c, 1, 1000);
	ASSERT_EQ(0, getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &after, &size));
	ASSERT_LE(before.tcpi_snd_cwnd, after.tcpi_snd_cwnd);
	ASSERT_LT(1000000u, after.tcpi_snd_ssthresh);
	ASSERT_EQ(1, wire_stat(&self->w, "MtuReduced"));
	ASSERT_EQ(0, wire_stat(&self->w, "Timeouts"));
}

WIRE_TEST(pmtu, twice)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, flying(c));
	TOO_BIG(c, 1, 1400);
	ASSERT_EQ(0, sent_again(c, 1, 4381, 1360, false));
	SEND(c, "A ack 1361");
	ASSERT_LE(0, wire_drain(c));
	ICMP(c, .type = 3, .code = 4, .info = 600, .seq = 1361, .total = 1400);
	ASSERT_EQ(0, sent_again(c, 1361, 4381, 560, false));
	ASSERT_EQ(600, path_mtu(c));
}

WIRE_TEST(pmtu, with_a_fin)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, flying(c));
	ASSERT_EQ(0, shutdown(c->fd, SHUT_WR));
	EXPECT(c, "FA seq 4381 len 0");
	TOO_BIG(c, 1, 1400);
	ASSERT_EQ(0, sent_again(c, 1, 4381, 1360, true));
	SEND(c, "A ack 4382");
	EXPECT_STATE(c, WS_FIN_WAIT2);
}

WIRE_TEST(pmtu, old_router)
{
	struct wire_conn *c = &self->c;

	/* RFC 1191 5 and 7.1: no MTU in it: the next size that links have. */
	OURS_ONLY(self);
	ASSERT_EQ(0, flying(c));
	TOO_BIG(c, 1, 0);
	EXPECT_NOW(c, "A seq 1 len 1452");
	ASSERT_EQ(1492, path_mtu(c));
}

WIRE_TEST(pmtu, below_what_routing_takes)
{
	struct wire_conn *c = &self->c;

	/* Smaller than min_pmtu (552): that size, and routers may cut. */
	ASSERT_EQ(0, flying(c));
	TOO_BIG(c, 1, 68);
	EXPECT_NOW(c, "A seq 1 len 512");
	ASSERT_FALSE(c->got.df);
	ASSERT_EQ(552, path_mtu(c));
}

WIRE_TEST(pmtu, told_while_a_user_has_the_socket)
{
	struct wire_conn *c = &self->c;
	struct stuck_reader reader;
	int i, stuck;

	c->rtt_ms = 500;
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "PA len 10");
	EXPECT(c, "A seq 1 ack 11 len 0");
	ASSERT_EQ(0, wire_write(c, 3 * 1460));
	for (i = 0; i < 3; i++)
		EXPECT(c, "A seq %d len 1460", 1 + i * 1460);
	c->strict = true;
	stuck = stuck_begin(&reader, c->fd);
	if (stuck > 0)
		SKIP(return, "the kernel has no userfaultfd");
	ASSERT_EQ(0, stuck);
	TOO_BIG(c, 1, 1400);
	TOO_BIG(c, 1, 1000);
	EXPECT_NOTHING(c);
	ASSERT_EQ(0, stuck_end(&reader));
	/* As it lets go, and as the last of them said. */
	ASSERT_EQ(0, sent_again(c, 1, 4381, 960, false));
	ASSERT_EQ(1000, path_mtu(c));
	SEND(c, "A ack 4381");
	EXPECT_STATE(c, WS_ESTABLISHED);
}

WIRE_TEST(pmtu, a_locked_route_knows_better)
{
	struct wire_conn *c = &self->c;
	socklen_t size = sizeof(int);
	int err = 0;

	/* "mtu lock": what routers say does not count; who wants DF hears of the trouble. */
	ASSERT_EQ(0, system("ip route add 192.0.2.2 dev tun0 mtu lock 1500"));
	ASSERT_EQ(0, wire_listen(c));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
	ASSERT_EQ(0, flying(c));
	TOO_BIG(c, 1, 1000);
	ASSERT_EQ(0, unmoved(c));
	ASSERT_EQ(0, getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &size));
	ASSERT_EQ(EMSGSIZE, err);
	SEND(c, "A ack 4381");
	EXPECT_STATE(c, WS_ESTABLISHED);
}

WIRE_TEST(pmtu, a_syn_that_is_too_big)
{
	/* The largest header there is: no link need carry more than 68 octets. */
	static const unsigned char nothing[40] = { [0 ... 38] = 1 };
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_open(c));
	ASSERT_EQ(0, setsockopt(c->fd, IPPROTO_IP, IP_OPTIONS, nothing, sizeof(nothing)));
	ASSERT_EQ(0, wire_connect(c));
	ASSERT_LT(80, (int)c->got.total);
	c->strict = true;
	ICMP(c, .type = 3, .code = 4, .info = 80, .seq = 0, .total = c->got.total, .ihl = 15);
	/* Routing takes no less than 552 for true: routers may cut. In-tree it waits. */
	if (self->w.family == WIRE_AF_TCPSTATE) {
		EXPECT_NOW(c, "S seq 0 len 0");
	} else {
		EXPECT(c, "S seq 0 len 0");
	}
	ASSERT_FALSE(c->got.df);
	c->strict = false;
	SEND(c, "SA seq 0 ack 1 mss 1460");
	c->snd_nxt = c->iss + 1;
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_EQ(0, wire_write(c, 1000));
	ASSERT_EQ(0, wire_next(c, WIRE_DEADLINE_MS));
	ASSERT_EQ(552, (int)c->got.total);
}

WIRE_TEST(pmtu, the_next_connection_knows)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, flying(c));
	TOO_BIG(c, 1, 1000);
	EXPECT_NOW(c, "A seq 1 len 960");
	wire_abort(c);
	ASSERT_LE(0, wire_drain(c));
	wire_conn_reuse(c, 7000000);
	c->pport++;
	c->strict = false;
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(1000, path_mtu(c));
	ASSERT_EQ(0, wire_write(c, 1000));
	EXPECT(c, "A seq 1 len 960");
}

WIRE_TEST(pmtu, nonsense)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, flying(c));
	TOO_BIG(c, 1, 1500);
	TOO_BIG(c, 1, 1501);
	TOO_BIG(c, 1, 65535);
	/* Not ours: acknowledged already, never sent, a wrong sum. */
	TOO_BIG(c, 0, 1000);
	TOO_BIG(c, 1 + 3 * 1460 + 1, 1000);
	TOO_BIG(c, 1, 1000, .badsum = true);
	ASSERT_EQ(0, unmoved(c));
}

WIRE_TEST(pmtu, more_nonsense)
{
	struct wire_conn *c = &self->c;

	/* No link carries less than 68 octets; a packet that fits is not refused. */
	OURS_ONLY(self);
	ASSERT_EQ(0, flying(c));
	TOO_BIG(c, 1, 67);
	TOO_BIG(c, 1, 1);
	ICMP(c, .type = 3, .code = 4, .info = 1000, .seq = 1, .total = 1000);
	ICMP(c, .type = 3, .code = 4, .info = 576, .seq = 1, .total = 40);
	ICMP(c, .type = 3, .code = 4, .info = 0, .seq = 1, .total = 1);
	TOO_BIG(c, 1 + 3 * 1460, 1000);
	ASSERT_EQ(0, unmoved(c));
	ASSERT_EQ(5, wire_stat(&self->w, "MtuRefused"));
	ASSERT_EQ(0, wire_stat(&self->w, "MtuReduced"));
}

WIRE_TEST(pmtu, nothing_on_its_way)
{
	struct wire_conn *c = &self->c;

	OURS_ONLY(self);
	ASSERT_EQ(0, flying(c));
	SEND(c, "A ack %d", 1 + 3 * 1460);
	TOO_BIG(c, 1 + 3 * 1460, 1000);
	/* An acknowledgement of 40 octets was refused by nobody. */
	ICMP(c, .type = 3, .code = 4, .info = 1000, .seq = 1 + 3 * 1460, .total = 40);
	EXPECT_NOTHING(c);
}

WIRE_TEST(pmtu, not_for_who_sends_without_df)
{
	struct wire_conn *c = &self->c;

	OURS_ONLY(self);
	c->rtt_ms = 500;
	ASSERT_EQ(0, wire_listen(c));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT));
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_write(c, 1460));
	EXPECT(c, "A seq 1 len 1460");
	ASSERT_FALSE(c->got.df);
	c->strict = true;
	TOO_BIG(c, 1, 1000);
	ASSERT_EQ(0, unmoved(c));
}

WIRE_TEST(pmtu, routers_are_not_heard)
{
	struct wire_conn *c = &self->c;

	/* ip_no_pmtu_disc 2: no such message is listened to. */
	ASSERT_EQ(0, flying(c));
	ASSERT_EQ(0, wire_write_file("/proc/sys/net/ipv4/ip_no_pmtu_disc", 2));
	TOO_BIG(c, 1, 1000);
	ASSERT_EQ(0, unmoved(c));
	/* 3: only protocols that check the number are told. */
	ASSERT_EQ(0, wire_write_file("/proc/sys/net/ipv4/ip_no_pmtu_disc", 3));
	TOO_BIG(c, 1, 1000);
	EXPECT_NOW(c, "A seq 1 len 960");
}

/* ---- A path that swallows large segments ---- */

WIRE_FIXTURE(hole)

static int look_for_holes(struct wire *w)
{
	if (w->family == WIRE_AF_TCPSTATE)
		return wire_sysctl(w, "retries1", 1);
	return wire_write_file("/proc/sys/net/ipv4/tcp_mtu_probing", 1);
}

/* Answer what is small enough; the text up to end must come through. */
static int swallow(struct wire_conn *c, int limit, uint32_t end)
{
	uint32_t next = c->rcv_nxt;

	c->strict = true;
	while (next != c->irs + end) {
		if (wire_next(c, WIRE_DEADLINE_MS)) {
			fprintf(stderr, "# nothing comes any more at %u\n", next - c->irs);
			return -1;
		}
		if (c->got.total > limit) {
			c->rcv_nxt = next;
			continue;
		}
		if (c->got.seq == next)
			next += c->got.len;
		c->rcv_nxt = next;
		if (c->got.len && wire_send(c, "A"))
			return -1;
	}
	return 0;
}

WIRE_TEST(hole, is_found_out)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, look_for_holes(&self->w));
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_write(c, 20000));
	ASSERT_EQ(0, swallow(c, 1200, 20001));
	ASSERT_GE(1160, snd_mss(c));
	ASSERT_EQ(0, wire_write(c, 20000));
	ASSERT_EQ(0, swallow(c, 1200, 40001));
}

WIRE_TEST(hole, a_narrow_one)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, look_for_holes(&self->w));
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_write(c, 5000));
	ASSERT_EQ(0, swallow(c, 576, 5001));
	ASSERT_GE(536, snd_mss(c));
	if (self->w.family == WIRE_AF_TCPSTATE)
		ASSERT_EQ(2, wire_stat(&self->w, "MtuBlackHoles"));
}

WIRE_TEST(hole, small_segments_are_no_sign)
{
	struct wire_conn *c = &self->c;
	int i;

	OURS_ONLY(self);
	ASSERT_EQ(0, wire_sysctl(&self->w, "retries1", 1));
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	c->strict = true;
	ASSERT_EQ(0, wire_write(c, 1000));
	for (i = 0; i < 4; i++)
		EXPECT(c, "A seq 1 len 1000");
	ASSERT_EQ(1460, snd_mss(c));
	ASSERT_EQ(0, wire_stat(&self->w, "MtuBlackHoles"));
}

WIRE_TEST(hole, may_be_switched_off)
{
	struct wire_conn *c = &self->c;
	int i;

	OURS_ONLY(self);
	ASSERT_EQ(0, wire_sysctl(&self->w, "retries1", 1));
	ASSERT_EQ(0, wire_sysctl(&self->w, "mtu_black_hole", 0));
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	c->strict = true;
	ASSERT_EQ(0, wire_write(c, 1460));
	for (i = 0; i < 4; i++)
		EXPECT(c, "A seq 1 len 1460");
	ASSERT_EQ(1460, snd_mss(c));
}

TEST_HARNESS_MAIN

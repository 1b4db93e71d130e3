// SPDX-License-Identifier: GPL-2.0
/*
 * IP below TCP: source routes, the user's and the one that a request came by
 * (RFC 9293 3.9.2.1); other options pass; TOS and TTL are as the user set them
 * on every segment (MUST-48, MUST-49, SHLD-21, SHLD-22).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

#define HOP1	0xc000020bu	/* 192.0.2.11 */
#define HOP2	0xc000020cu
#define HOP3	0xc000020du

WIRE_FIXTURE(route)

static int accept_source_route(void)
{
	return wire_write_file("/proc/sys/net/ipv4/conf/all/accept_source_route", 1) ?:
	       wire_write_file("/proc/sys/net/ipv4/conf/tun0/accept_source_route", 1);
}

static void put32(uint8_t *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, 4);
}

/* A source route of n hops and an end of list; its length. */
static int build(uint8_t *opt, int type, int pointer, int n, const uint32_t *hops)
{
	int i;

	opt[0] = type;
	opt[1] = 3 + 4 * n;
	opt[2] = pointer;
	for (i = 0; i < n; i++)
		put32(opt + 3 + 4 * i, hops[i]);
	opt[3 + 4 * n] = 0;
	return 4 + 4 * n;
}

/* What the peer sends has come by these hops, in this order. */
static void come_by(struct wire_conn *c, int type, int n, const uint32_t *hops)
{
	c->ipoptlen = build(c->ipopt, type, 4 + 4 * n, n, hops);
}

/* The last segment goes by these hops, in this order, and then to the peer. */
static bool goes_by(struct wire_conn *c, int type, int n, const uint32_t *hops)
{
	uint32_t list[9];
	uint8_t want[40];
	int len;

	memcpy(list, hops + 1, (n - 1) * sizeof(*list));
	list[n - 1] = c->peer;
	len = build(want, type, 4, n, list);
	return c->got.hop == hops[0] && c->got.ipoptlen == len && !memcmp(c->got.ipopt, want, len);
}

static bool goes_straight(struct wire_conn *c)
{
	return c->got.hop == c->peer && c->got.ipoptlen == 0;
}

static int set_route(struct wire_conn *c, int fd, int type, int n, const uint32_t *hops)
{
	uint8_t opt[40];
	int len = build(opt, type, 4, n, hops);

	(void)c;
	return setsockopt(fd, IPPROTO_IP, IP_OPTIONS, opt, len);
}

static const uint32_t there[] = { HOP1, HOP2, HOP3 };
static const uint32_t back[] = { HOP3, HOP2, HOP1 };

/* MUST-51, MUST-52 */
WIRE_TEST(route, of_the_user_in_an_active_open)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, accept_source_route());
	ASSERT_EQ(0, wire_open(c));
	ASSERT_EQ(0, set_route(c, c->fd, 131, 2, there));
	ASSERT_EQ(0, wire_connect(c));
	ASSERT_TRUE(goes_by(c, 131, 2, there));
	/* The answer comes another way; the user's stays. */
	come_by(c, 131, 1, &there[2]);
	SEND(c, "SA seq 0 ack 1 mss 1460");
	c->snd_nxt = c->iss + 1;
	EXPECT(c, "A seq 1 ack 1");
	ASSERT_TRUE(goes_by(c, 131, 2, there));
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_EQ(0, wire_write(c, 2000));
	/* 1500 less headers and 12 octets of route (MUST-16). */
	EXPECT(c, "A seq 1 len 1448");
	ASSERT_TRUE(goes_by(c, 131, 2, there));
	SEND(c, "A ack 1449");
	EXPECT(c, "A seq 1449 len 552");
	SEND(c, "A");
	wire_close(c);
	EXPECT(c, "FA seq 2001");
	ASSERT_TRUE(goes_by(c, 131, 2, there));
}

WIRE_TEST(route, no_route_in_an_active_open)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, accept_source_route());
	ASSERT_EQ(0, wire_connect(c));
	ASSERT_TRUE(goes_straight(c));
	come_by(c, 131, 1, there);
	SEND(c, "SA seq 0 ack 1 mss 1460");
	c->snd_nxt = c->iss + 1;
	EXPECT(c, "A seq 1 ack 1");
	ASSERT_TRUE(goes_straight(c));
}

/* MUST-53 */
WIRE_TEST(route, of_the_request_in_a_passive_open)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, accept_source_route());
	ASSERT_EQ(0, wire_listen(c));
	come_by(c, 131, 3, there);
	SEND(c, "S seq 0 mss 1460");
	EXPECT(c, "SA seq 0 ack 1");
	ASSERT_TRUE(goes_by(c, 131, 3, back));
	c->snd_nxt = c->iss + 1;
	c->ipoptlen = 0;
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, wire_write(c, 2000));
	EXPECT(c, "A seq 1 len 1444");
	ASSERT_TRUE(goes_by(c, 131, 3, back));
	SEND(c, "A ack 1445");
	EXPECT(c, "A seq 1445 len 556");
	SEND(c, "A");
	SEND(c, "A len 10");
	ASSERT_EQ(0, wire_read(c, 10));
	EXPECT(c, "A ack 11 len 0");
	wire_abort(c);
	EXPECT(c, "aR");
	ASSERT_TRUE(goes_by(c, 131, 3, back));
}

WIRE_TEST(route, of_answers_without_a_socket)
{
	struct wire_conn *c = &self->c;

	/* A connection in TIME_WAIT, and a RST: back by the way that it came. */
	ASSERT_EQ(0, accept_source_route());
	ASSERT_EQ(0, wire_listen(c));
	come_by(c, 131, 3, there);
	ENTER(c, WS_TIME_WAIT, false);
	SEND(c, "FA seq 1 ack 2");
	EXPECT(c, "A seq 2 ack 2");
	ASSERT_TRUE(goes_by(c, 131, 3, back));
	c->pport++;
	SEND(c, "A seq 5 ack 7 len 0");
	EXPECT(c, "R seq 7 len 0");
	ASSERT_TRUE(goes_by(c, 131, 3, back));
}

WIRE_TEST(route, strict)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, accept_source_route());
	ASSERT_EQ(0, wire_listen(c));
	come_by(c, 137, 1, there);
	SEND(c, "S seq 0 mss 1460");
	EXPECT(c, "SA seq 0 ack 1");
	ASSERT_TRUE(goes_by(c, 137, 1, there));
}

/* SHLD-24 */
WIRE_TEST(route, a_later_one_replaces_it)
{
	struct wire_conn *c = &self->c;

	/* In-tree the first one stays. */
	if (self->w.family != WIRE_AF_TCPSTATE)
		SKIP(return, "the in-tree TCP does otherwise");
	ASSERT_EQ(0, accept_source_route());
	ASSERT_EQ(0, wire_listen(c));
	come_by(c, 131, 3, there);
	SEND(c, "S seq 0 mss 1460");
	EXPECT(c, "SA seq 0 ack 1");
	ASSERT_TRUE(goes_by(c, 131, 3, back));
	c->snd_nxt = c->iss + 1;
	come_by(c, 131, 1, &there[1]);
	/* Not by a segment that is not accepted. */
	SEND(c, "A seq -100 len 5");
	EXPECT(c, "A");
	ASSERT_TRUE(goes_by(c, 131, 3, back));
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, wire_write(c, 2000));
	EXPECT(c, "A seq 1 len 1452");
	ASSERT_TRUE(goes_by(c, 131, 1, &there[1]));
	/* What comes without one does not take it away. */
	c->ipoptlen = 0;
	SEND(c, "A ack 1453");
	EXPECT(c, "A seq 1453 len 548");
	ASSERT_TRUE(goes_by(c, 131, 1, &there[1]));
	/* The user's goes before any. */
	SEND(c, "A");
	ASSERT_EQ(0, set_route(c, c->fd, 131, 3, there));
	come_by(c, 131, 1, &there[2]);
	SEND(c, "A len 5");
	ASSERT_EQ(0, wire_read(c, 5));
	EXPECT(c, "A ack 6");
	ASSERT_EQ(0, wire_write(c, 5));
	EXPECT(c, "A seq 2001 len 5");
	ASSERT_TRUE(goes_by(c, 131, 3, there));
}

WIRE_TEST(route, not_completed)
{
	struct wire_conn *c = &self->c;

	/* An option that is none: only a route that ended here leads back. */
	ASSERT_EQ(0, accept_source_route());
	ASSERT_EQ(0, wire_listen(c));
	c->ipoptlen = build(c->ipopt, 131, 4, 0, NULL);
	SEND(c, "S seq 0 mss 1460");
	EXPECT(c, "SA seq 0 ack 1");
	ASSERT_TRUE(goes_straight(c));
}

WIRE_TEST(route, of_the_listener_is_not_the_childs)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_listen(c));
	ASSERT_EQ(0, set_route(c, c->lfd, 131, 2, there));
	SEND(c, "S seq 0 mss 1460");
	EXPECT(c, "SA seq 0 ack 1");
	ASSERT_TRUE(goes_straight(c));
}

WIRE_TEST(route, refused_by_ip)
{
	struct wire_conn *c = &self->c;

	/* The default: such a packet never comes to TCP. */
	ASSERT_EQ(0, wire_write_file("/proc/sys/net/ipv4/conf/all/accept_source_route", 0));
	ASSERT_EQ(0, wire_listen(c));
	come_by(c, 131, 2, there);
	SEND(c, "S seq 0 mss 1460");
	EXPECT_NOTHING(c);
}

/* MUST-50: IP options that mean nothing to TCP pass. */
WIRE_TEST(route, other_options_pass)
{
	/* Record route with room for one, a timestamp, router alert, an unknown one. */
	static const uint8_t options[][12] = {
		{ 7, 7, 4, 0, 0, 0, 0, 0 },
		{ 68, 8, 5, 0, 0, 0, 0, 0 },
		{ 148, 4, 0, 0, 1, 1, 1, 0 },
		{ 30, 4, 1, 2, 1, 1, 1, 0 },
	};
	struct wire_conn *c = &self->c;
	unsigned int i;

	ASSERT_EQ(0, wire_listen(c));
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		memcpy(c->ipopt, options[i], 8);
		c->ipoptlen = 8;
		SEND(c, "S seq 0 mss 1460");
		EXPECT(c, "SA seq 0 ack 1");
		c->snd_nxt = c->iss + 1;
		SEND(c, "A");
		ASSERT_EQ(0, wire_accept(c));
		SEND(c, "A len 100");
		ASSERT_EQ(0, wire_read(c, 100));
		wire_abort(c);
		ASSERT_LE(0, wire_drain(c));
		wire_conn_reuse(c, 2000000 * (i + 2));
		c->pport++;
	}
}

/* ---- TOS and TTL ---- */

WIRE_FIXTURE(header)

#define EXPECT_HEADER(c, want_tos, want_ttl)			\
	do {							\
		ASSERT_EQ(want_tos, (c)->got.tos);		\
		ASSERT_EQ(want_ttl, (c)->got.ttl);		\
	} while (0)

WIRE_TEST(header, as_set_on_every_segment)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_open(c));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_TOS, 0x48));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_TTL, 77));
	ASSERT_EQ(0, wire_connect(c));
	EXPECT_HEADER(c, 0x48, 77);
	SEND(c, "SA seq 0 ack 1 mss 1460");
	c->snd_nxt = c->iss + 1;
	EXPECT(c, "A seq 1 ack 1");
	EXPECT_HEADER(c, 0x48, 77);
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq 1 len 10");
	EXPECT_HEADER(c, 0x48, 77);
	/* SHLD-21: it may change. */
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_TOS, 0x20));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_TTL, 99));
	SEND(c, "A seq 1 ack 11 len 10");
	EXPECT(c, "A ack 11");
	EXPECT_HEADER(c, 0x20, 99);
	/* A challenge, and the end. */
	SEND(c, "S seq 5");
	EXPECT(c, "A ack 11");
	EXPECT_HEADER(c, 0x20, 99);
	ASSERT_EQ(0, wire_read(c, 10));
	wire_abort(c);
	EXPECT(c, "aR seq 11");
	EXPECT_HEADER(c, 0x20, 99);
}

WIRE_TEST(header, a_child_has_its_listeners)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_listen(c));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_TOS, 0x48));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_TTL, 77));
	SEND(c, "S seq 0 mss 1460");
	EXPECT(c, "SA seq 0 ack 1");
	EXPECT_HEADER(c, 0x48, 77);
	c->snd_nxt = c->iss + 1;
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq 1 len 10");
	EXPECT_HEADER(c, 0x48, 77);
}

WIRE_TEST(header, in_time_wait)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_open(c));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_TOS, 0x48));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_TTL, 77));
	ENTER(c, WS_TIME_WAIT, true);
	EXPECT_HEADER(c, 0x48, 77);
	SEND(c, "FA seq 1 ack 2");
	EXPECT(c, "A seq 2 ack 2");
	ASSERT_EQ(0x48, c->got.tos);
	/* In-tree the route's TTL goes there. */
	if (self->w.family == WIRE_AF_TCPSTATE)
		ASSERT_EQ(77, c->got.ttl);
}

WIRE_TEST(header, what_the_request_had)
{
	union { char buf[128]; struct cmsghdr align; } control;
	struct wire_conn *c = &self->c;
	socklen_t len = sizeof(control.buf);
	struct msghdr msg = { .msg_control = control.buf };
	struct cmsghdr *cmsg;
	int ttl = 0;

	/* IP_RECVTTL and IP_PKTOPTIONS, as the in-tree TCP has them. */
	ASSERT_EQ(0, wire_listen(c));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_RECVTTL, 1));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_RECVTOS, 1));
	SEND(c, "S seq 0 mss 1460 ttl 55");
	EXPECT(c, "SA seq 0 ack 1");
	c->snd_nxt = c->iss + 1;
	/* In-tree it is that of the last segment of the handshake. */
	SEND(c, "A ttl 55");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, getsockopt(c->fd, IPPROTO_IP, IP_PKTOPTIONS, control.buf, &len));
	msg.msg_controllen = len;
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg))
		if (cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_TTL)
			memcpy(&ttl, CMSG_DATA(cmsg), sizeof(ttl));
	ASSERT_EQ(55, ttl);
}

TEST_HARNESS_MAIN

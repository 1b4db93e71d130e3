// SPDX-License-Identifier: GPL-2.0
/*
 * What the user says about the IP header must stand in it, from the SYN on and
 * when it is changed on the way; IP options of a peer that mean nothing are no
 * reason to drop its segments (RFC 9293 3.9.1.9, 3.9.2).
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

#define FIXED	20	/* octets of an IP header without options */

FIXTURE(header) {
	struct wire w;
	struct wire_conn c;
	int watch;		/* sees what leaves by tun0, IP header first */
	uint8_t ip[2048];	/* the last packet of it */
};

FIXTURE_SETUP(header)
{
	struct sockaddr_ll name = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
	};

	ASSERT_EQ(0, wire_init(&self->w));
	wire_conn_init(&self->c, &self->w);
	self->watch = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL));
	ASSERT_LE(0, self->watch);
	name.sll_ifindex = if_nametoindex("tun0");
	ASSERT_EQ(0, bind(self->watch, (struct sockaddr *)&name, sizeof(name)));
}

FIXTURE_TEARDOWN(header)
{
	close(self->watch);
	wire_fini(&self->w);
}

/* The header of the next packet of ours; what was not asked for is passed over. */
static int next_header(FIXTURE_DATA(header) *self)
{
	struct pollfd pfd = { .fd = self->watch, .events = POLLIN };
	struct sockaddr_ll from;
	socklen_t size;

	while (poll(&pfd, 1, WIRE_DEADLINE_MS) == 1) {
		size = sizeof(from);
		if (recvfrom(self->watch, self->ip, sizeof(self->ip), 0,
			     (struct sockaddr *)&from, &size) < FIXED)
			return -1;
		if (from.sll_pkttype == PACKET_OUTGOING && self->ip[0] >> 4 == 4 &&
		    self->ip[9] == self->w.proto)
			return 0;
	}
	return -1;
}

static int set_ip(struct wire_conn *c, int name, int value)
{
	return wire_set_int(c, IPPROTO_IP, name, value);
}

WIRE_TEST(header, diffserv)
{
	struct wire_conn *c = &self->c;

	/* MUST-48, SHLD-22 */
	ASSERT_EQ(0, wire_open(c));
	ASSERT_EQ(0, set_ip(c, IP_TOS, 0x28));
	ASSERT_EQ(0, wire_connect(c));
	ASSERT_EQ(0, next_header(self));
	ASSERT_EQ(0x28, self->ip[1]);
	SEND(c, "SA seq 0 ack 1 mss 1460");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(0, next_header(self));
	ASSERT_EQ(0x28, self->ip[1]);
	ASSERT_EQ(0, wire_connected(c));
	/* SHLD-21 */
	ASSERT_EQ(0, set_ip(c, IP_TOS, 0xb8));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq 1 len 10");
	ASSERT_EQ(0, next_header(self));
	ASSERT_EQ(0xb8, self->ip[1]);
}

WIRE_TEST(header, diffserv_of_a_child)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_listen(c));
	ASSERT_EQ(0, set_ip(c, IP_TOS, 0x28));
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, next_header(self));
	ASSERT_EQ(0x28, self->ip[1]);
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq 1 len 10");
	ASSERT_EQ(0, next_header(self));
	ASSERT_EQ(0x28, self->ip[1]);
}

WIRE_TEST(header, time_to_live)
{
	struct wire_conn *c = &self->c;

	/* MUST-49 */
	ASSERT_EQ(0, wire_open(c));
	ASSERT_EQ(0, set_ip(c, IP_TTL, 17));
	ASSERT_EQ(0, wire_connect(c));
	ASSERT_EQ(17, c->got.ttl);
	SEND(c, "SA seq 0 ack 1 mss 1460");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(17, c->got.ttl);
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_EQ(0, set_ip(c, IP_TTL, 99));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq 1 len 10");
	ASSERT_EQ(99, c->got.ttl);
}

FIXTURE_VARIANT(header) {
	uint8_t option[8];	/* as IP_OPTIONS takes it */
	uint8_t sent[3];	/* kind, length, pointer behind this host's own entry */
};

/* MAY-11 */
FIXTURE_VARIANT_ADD(header, record_route) {
	.option = { IPOPT_RR, 7, 4 }, .sent = { IPOPT_RR, 7, 8 },
};

/* MAY-10: type 68, four octets for one stamp. */
FIXTURE_VARIANT_ADD(header, timestamp) {
	.option = { IPOPT_TS, 8, 5, 0 }, .sent = { IPOPT_TS, 8, 9 },
};

WIRE_TEST(header, options_of_the_user)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_open(c));
	ASSERT_EQ(0, setsockopt(c->fd, IPPROTO_IP, IP_OPTIONS, variant->option,
				sizeof(variant->option)));
	ASSERT_EQ(0, wire_connect(c));
	ASSERT_EQ(0, next_header(self));
	ASSERT_EQ(0x47, self->ip[0]);
	ASSERT_EQ(0, memcmp(self->ip + FIXED, variant->sent, sizeof(variant->sent)));
	SEND(c, "SA seq 0 ack 1 mss 1460");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(0, next_header(self));
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A seq 1 len 10");
	ASSERT_EQ(0, next_header(self));
	ASSERT_EQ(0x47, self->ip[0]);
	ASSERT_EQ(0, memcmp(self->ip + FIXED, variant->sent, sizeof(variant->sent)));
}

/* ---- Options of the peer ---- */

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static uint32_t add(uint32_t sum, const uint8_t *p, int len)
{
	for (; len > 0; len -= 2, p += 2)
		sum += p[0] << 8 | p[1];
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* A segment <SEQ=SND.NXT><ACK=1><CTL=ACK> with two octets of text and IP options. */
static int send_with_options(struct wire_conn *c, const uint8_t *options, int len,
			     const uint8_t *text)
{
	uint8_t p[FIXED + 40 + 22] = { 0x40 | (FIXED + len) / 4 };
	uint8_t *tcp = p + FIXED + len;
	int size = FIXED + len + 22;

	put16(p + 2, size);
	p[8] = 64;
	p[9] = c->w->proto;
	put32(p + 12, c->peer);
	put32(p + 16, c->local);
	memcpy(p + FIXED, options, len);
	put16(p + 10, fold(add(0, p, FIXED + len)));
	put16(tcp, c->pport);
	put16(tcp + 2, c->sport);
	put32(tcp + 4, c->snd_nxt);
	put32(tcp + 8, c->irs + 1);
	tcp[12] = 5 << 4;
	tcp[13] = WIRE_ACK;
	put16(tcp + 14, c->win);
	memcpy(tcp + 20, text, 2);
	put16(tcp + 16, fold(add(c->w->proto + 22, p + 12, 8) + add(0, tcp, 22)));
	c->snd_nxt += 2;
	return write(c->w->tun, p, size) == size ? 0 : -1;
}

FIXTURE(foreign) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(foreign) {
	int len;
	uint8_t options[40];
};

WIRE_SETUP(foreign)

/* MUST-50: an experimental kind (RFC 4727), alone and among others. */
FIXTURE_VARIANT_ADD(foreign, unknown) {
	.options = { 0x1e, 4, 0xab, 0xcd }, .len = 4,
};

FIXTURE_VARIANT_ADD(foreign, unknown_fills_the_header) {
	.options = { 0xde, 40 }, .len = 40,
};

FIXTURE_VARIANT_ADD(foreign, unknown_between_known_ones) {
	.options = { IPOPT_NOP, 0x5e, 3, 7, 0x9e, 2, IPOPT_NOP, IPOPT_EOL }, .len = 8,
};

FIXTURE_VARIANT_ADD(foreign, stream_id) {
	.options = { IPOPT_SID, 4, 0, 1 }, .len = 4,
};

WIRE_TEST(foreign, options_are_ignored)
{
	struct wire_conn *c = &self->c;
	const uint8_t text[2] = { 'h', 'i' };
	char got[3] = "";

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, send_with_options(c, variant->options, variant->len, text));
	EXPECT(c, "A seq 1 ack 3 len 0");
	ASSERT_EQ(2, recv(c->fd, got, 2, 0));
	ASSERT_STREQ("hi", got);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * A segment for which there is no connection must be answered with a RST that
 * the sender will accept, and a RST never; a listener takes SYNs alone
 * (RFC 9293 3.10.7.1 and 3.10.7.2).
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

FIXTURE(closed) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(closed) {
	const char *in, *out;	/* out NULL: no answer */
};

WIRE_SETUP(closed)

/* With an ACK: <SEQ=SEG.ACK><CTL=RST> */
FIXTURE_VARIANT_ADD(closed, ack) {
	.in = "A seq 0 ack 12345", .out = "R seq 12345 len 0",
};

FIXTURE_VARIANT_ADD(closed, ack_with_data) {
	.in = "PA seq 0 ack 4294967295 len 20", .out = "R seq 4294967295 len 0",
};

FIXTURE_VARIANT_ADD(closed, syn_ack) {
	.in = "SA seq 0 ack 5", .out = "R seq 5 len 0",
};

FIXTURE_VARIANT_ADD(closed, fin_ack) {
	.in = "FA seq 0 ack 77", .out = "R seq 77 len 0",
};

FIXTURE_VARIANT_ADD(closed, ack_of_zero) {
	.in = "A seq 0 ack 0", .out = "R seq 0 len 0",
};

/* Without: <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> */
FIXTURE_VARIANT_ADD(closed, syn) {
	.in = "S seq 0", .out = "RA seq 0 ack 1 len 0",
};

FIXTURE_VARIANT_ADD(closed, syn_with_options) {
	.in = "S seq 0 mss 1460 sackok ts 1 0 ws 7", .out = "RA seq 0 ack 1 len 0",
};

FIXTURE_VARIANT_ADD(closed, syn_with_data) {
	.in = "S seq 0 len 10", .out = "RA seq 0 ack 11 len 0",
};

FIXTURE_VARIANT_ADD(closed, fin) {
	.in = "F seq 0", .out = "RA seq 0 ack 1 len 0",
};

FIXTURE_VARIANT_ADD(closed, fin_with_data) {
	.in = "F seq 0 len 7", .out = "RA seq 0 ack 8 len 0",
};

FIXTURE_VARIANT_ADD(closed, no_flags) {
	.in = "- seq 0", .out = "RA seq 0 ack 0 len 0",
};

FIXTURE_VARIANT_ADD(closed, no_flags_with_data) {
	.in = "- seq 0 len 9", .out = "RA seq 0 ack 9 len 0",
};

FIXTURE_VARIANT_ADD(closed, at_the_wrap) {
	.in = "F seq -1000005 len 9", .out = "RA seq 0 ack -999995 len 0",
};

FIXTURE_VARIANT_ADD(closed, rst) {
	.in = "R seq 0",
};

FIXTURE_VARIANT_ADD(closed, rst_ack) {
	.in = "RA seq 0 ack 1",
};

FIXTURE_VARIANT_ADD(closed, rst_syn) {
	.in = "SR seq 0",
};

FIXTURE_VARIANT_ADD(closed, bad_checksum) {
	.in = "S seq 0 badsum",
};

WIRE_TEST(closed, answer)
{
	self->c.sport = 9;
	SEND(&self->c, "%s", variant->in);
	if (variant->out)
		EXPECT(&self->c, "%s", variant->out);
	EXPECT_NOTHING(&self->c);
}

FIXTURE(listener) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(listener) {
	const char *in, *out;
};

WIRE_SETUP(listener)

FIXTURE_VARIANT_ADD(listener, rst) {
	.in = "R seq 0",
};

FIXTURE_VARIANT_ADD(listener, rst_ack) {
	.in = "RA seq 0 ack 5",
};

FIXTURE_VARIANT_ADD(listener, rst_syn) {
	.in = "SR seq 0",
};

FIXTURE_VARIANT_ADD(listener, ack) {
	.in = "A seq 0 ack 55", .out = "R seq 55 len 0",
};

FIXTURE_VARIANT_ADD(listener, ack_with_data) {
	.in = "PA seq 0 ack 55 len 10", .out = "R seq 55 len 0",
};

FIXTURE_VARIANT_ADD(listener, syn_ack) {
	.in = "SA seq 0 ack 66", .out = "R seq 66 len 0",
};

FIXTURE_VARIANT_ADD(listener, fin_ack) {
	.in = "FA seq 0 ack 77", .out = "R seq 77 len 0",
};

FIXTURE_VARIANT_ADD(listener, fin) {
	.in = "F seq 0",
};

FIXTURE_VARIANT_ADD(listener, no_flags) {
	.in = "- seq 0 len 10",
};

FIXTURE_VARIANT_ADD(listener, bad_checksum) {
	.in = "S seq 0 badsum",
};

WIRE_TEST(listener, answer)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_LISTEN, false);
	SEND(c, "%s", variant->in);
	if (variant->out)
		EXPECT(c, "%s", variant->out);
	EXPECT_NOTHING(c);
	EXPECT_GONE(c);
	EXPECT_STATE(c, WS_LISTEN);
	wire_conn_reuse(c, 2000000);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
}

WIRE_FIXTURE(syn)

WIRE_TEST(syn, to_broadcast_address)
{
	struct wire_conn *c = &self->c;

	/* MUST-57: dropped silently, no RST. */
	ENTER(c, WS_LISTEN, false);
	c->local = 0xc00002ff;
	SEND(c, "S seq 0 mss 1460");
	c->sport = 9;
	SEND(c, "S seq 0 mss 1460");
	EXPECT_NOTHING(c);
	c->local = WIRE_LOCAL;
	c->sport = WIRE_SPORT;
	EXPECT_NOTHING(c);
	EXPECT_GONE(c);
}

WIRE_TEST(syn, data_of_the_syn_is_not_lost)
{
	struct wire_conn *c = &self->c;

	/*
	 * RFC 9293 3.10.7.2: text in a SYN is queued for later or, if it was
	 * not acknowledged, comes again; it is delivered once.
	 */
	ENTER(c, WS_LISTEN, false);
	SEND(c, "S seq 0 len 8 mss 1460");
	EXPECT(c, "SA seq 0 len 0");
	ASSERT_TRUE(wire_rel_ack(c, &c->got) == 1 || wire_rel_ack(c, &c->got) == 9);
	SEND(c, "A seq 1 ack 1 len 8");
	EXPECT(c, "A seq 1 ack 9 len 0");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, wire_read(c, 8));
	ASSERT_EQ(0, wire_read_none(c));
}

WIRE_TEST(syn, from_an_invalid_address)
{
	static const uint32_t invalid[] = {
		0xe0000001,	/* 224.0.0.1, a group */
		0xffffffff,
		0xc00002ff,	/* the broadcast address of tun0 */
		0x00000000,
		0x7f000001,
		WIRE_LOCAL,
	};
	struct wire_conn *c = &self->c;
	unsigned int i;

	/* MUST-63 */
	ENTER(c, WS_LISTEN, false);
	for (i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		c->peer = invalid[i];
		SEND(c, "S seq 0 mss 1460");
		EXPECT_NOTHING(c);
		EXPECT_GONE(c);
	}
	c->peer = WIRE_PEER;
	wire_conn_reuse(c, 2000000);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
}

/* ---- A connection that is elsewhere ---- */

WIRE_FIXTURE(device)

static int bind_to(struct wire_conn *c, const char *name)
{
	return setsockopt(c->fd, SOL_SOCKET, SO_BINDTODEVICE, name, strlen(name) + 1);
}

/*
 * SO_BINDTODEVICE: what comes by another device finds no connection, whatever names it
 * has. It comes unharmed to whom it was not for.
 */
WIRE_TEST(device, another_one_has_no_connection)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "PA len 10");
	EXPECT(c, "A seq 1 ack 11 len 0");
	ASSERT_EQ(0, wire_read(c, 10));
	ASSERT_EQ(0, bind_to(c, "lo"));
	SEND(c, "PA seq 11 len 10");
	EXPECT(c, "R seq 1 len 0");
	SEND(c, "RA seq 11");
	EXPECT_NOTHING(c);
	ASSERT_EQ(WS_ESTABLISHED, wire_state(c));
	ASSERT_EQ(0, wire_read_none(c));
	ASSERT_EQ(0, bind_to(c, "tun0"));
	SEND(c, "PA seq 11 len 10");
	EXPECT(c, "A seq 1 ack 21 len 0");
	ASSERT_EQ(0, wire_read(c, 10));
}

TEST_HARNESS_MAIN

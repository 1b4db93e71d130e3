// SPDX-License-Identifier: GPL-2.0
/*
 * A listener must leave the connections at its port alone, and they it: also those
 * that are still opening (RFC 9293 3.9.1.1).
 */
#include <errno.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

FIXTURE(listen) {
	struct wire w;
	struct wire_conn c;
	struct wire_conn other;	/* of another port of the peer's */
};

FIXTURE_SETUP(listen)
{
	ASSERT_EQ(0, wire_init(&self->w));
	wire_conn_init(&self->c, &self->w);
	wire_conn_init(&self->other, &self->w);
	self->other.pport = WIRE_PPORT + 1;
	wire_conn_reuse(&self->other, 7000000);
}

FIXTURE_TEARDOWN(listen)
{
	wire_fini(&self->w);
}

/* A socket that may share its port, bound to the port of the listeners. */
static int bound(struct wire_conn *c)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(WIRE_SPORT),
		.sin_addr.s_addr = htonl(WIRE_LOCAL),
	};

	c->sport = WIRE_SPORT;
	return wire_open(c) ?: wire_set_int(c, SOL_SOCKET, SO_REUSEADDR, 1) ?:
	       bind(c->fd, (struct sockaddr *)&sin, sizeof(sin));
}

static int carries_text(struct wire_conn *c)
{
	if (wire_write(c, 10) || wire_expect(c, "A len 10") || wire_send(c, "A len 10") ||
	    wire_expect(c, "A ack %u len 0", c->snd_nxt - c->iss))
		return -1;
	return wire_read(c, 10);
}

WIRE_TEST(listen, beside_syn_sent)
{
	struct wire_conn *c = &self->c, *other = &self->other;

	/* MUST-42 */
	ASSERT_EQ(0, bound(c));
	ASSERT_EQ(0, wire_connect(c));
	ASSERT_EQ(0, wire_passive(other, "mss 1460"));
	EXPECT_STATE(c, WS_SYN_SENT);
	SEND(c, "SA seq 0 ack 1 mss 1460");
	EXPECT(c, "A seq 1 ack 1 len 0");
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_EQ(0, carries_text(c));
	ASSERT_EQ(0, carries_text(other));
}

WIRE_TEST(listen, beside_syn_recv)
{
	struct wire_conn *c = &self->c, *other = &self->other;

	/* By simultaneous open: it has no listener of its own. */
	ASSERT_EQ(0, bound(c));
	ASSERT_EQ(0, wire_connect(c));
	SEND(c, "S seq 0 mss 1460");
	EXPECT(c, "SA seq 0 ack 1 len 0");
	c->snd_nxt = c->iss + 1;
	ASSERT_EQ(0, wire_passive(other, "mss 1460"));
	EXPECT_STATE(c, WS_SYN_RECV);
	SEND(c, "A ack 1");
	ASSERT_EQ(0, wire_connected(c));
	ASSERT_EQ(0, carries_text(c));
	ASSERT_EQ(0, carries_text(other));
}

WIRE_TEST(listen, beside_a_child_in_syn_recv)
{
	struct wire_conn *c = &self->c, *other = &self->other;

	ENTER(c, WS_SYN_RECV, false);
	other->lfd = c->lfd;
	other->sport = WIRE_SPORT;
	ASSERT_EQ(0, wire_passive(other, "mss 1460"));
	ASSERT_EQ(0, carries_text(other));
	SEND(c, "A ack 1");
	ASSERT_EQ(0, wire_accept(c));
	ASSERT_EQ(0, carries_text(c));
}

WIRE_TEST(listen, anew_beside_established)
{
	struct wire_conn *c = &self->c, *other = &self->other;

	/* MUST-41 */
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	close(c->lfd);
	c->lfd = -1;
	ASSERT_EQ(0, wire_passive(other, "mss 1460"));
	ASSERT_EQ(0, carries_text(c));
	ASSERT_EQ(0, carries_text(other));
	EXPECT_STATE(c, WS_ESTABLISHED);
}

WIRE_TEST(listen, name_of_a_half_open_child_is_taken)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(WIRE_PPORT),
		.sin_addr.s_addr = htonl(WIRE_PEER),
	};
	struct wire_conn *c = &self->c, *other = &self->other;

	/* The peer has begun, and nobody has accepted yet. */
	ASSERT_EQ(0, bound(other));
	ENTER(c, WS_SYN_RECV, false);
	ASSERT_EQ(-1, connect(other->fd, (struct sockaddr *)&to, sizeof(to)));
	ASSERT_EQ(EADDRNOTAVAIL, errno);
	EXPECT_NOTHING(c);
	/* The child has not noticed. */
	SEND(c, "A");
	ASSERT_EQ(0, wire_accept(c));
	EXPECT_STATE(c, WS_ESTABLISHED);
	ASSERT_EQ(0, carries_text(c));
	/* And another of the peer's ports is free. */
	ASSERT_EQ(0, wire_connect(other));
}

TEST_HARNESS_MAIN

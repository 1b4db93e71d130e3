// SPDX-License-Identifier: GPL-2.0
/*
 * What the rules of a firewall do to a packet after its socket has been found counts:
 * one that they drop is lost, one that they give another name is for whom it names
 * then, and a connection that we take is known to connection tracking.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

FIXTURE(netfilter) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_SETUP(netfilter)
{
	ASSERT_EQ(0, wire_init(&self->w));
	wire_conn_init(&self->c, &self->w);
}

FIXTURE_TEARDOWN(netfilter)
{
	wire_fini(&self->w);
}

/* On another wire TCP headers are none to the rules. */
#define ON_WIRE_6(self)							\
	do {								\
		if ((self)->w.proto != IPPROTO_TCP)			\
			SKIP(return, "wire 6 only");			\
	} while (0)

/* Rules for what comes in, instead of those from before. 0 or -1. */
static int rules(const char *text)
{
	FILE *pipe = popen("nft -f - 2> /dev/null", "w");

	if (!pipe)
		return -1;
	fprintf(pipe, "flush ruleset; table ip t { chain c { type filter hook input priority 0;"
		" %s; }; }\n", text);
	return pclose(pipe) ? -1 : 0;
}

#define RULES(text)							\
	do {								\
		if (rules(text))					\
			SKIP(return, "no nft, or a kernel without this rule"); \
	} while (0)

/* It is as if the rules had never been. */
static int goes_on(struct wire_conn *c)
{
	if (rules("accept") || wire_state(c) != WS_ESTABLISHED || wire_read_none(c) ||
	    wire_send(c, "PA seq 1 len 10") || wire_expect(c, "A seq 1 ack 11 len 0") ||
	    wire_read(c, 10) || wire_write(c, 10))
		return -1;
	return wire_expect(c, "A seq 1 ack 11 len 10");
}

WIRE_TEST(netfilter, dropped)
{
	struct wire_conn *c = &self->c;
	int i;

	ON_WIRE_6(self);
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	RULES("tcp dport 7777 drop");
	for (i = 0; i < 16; i++)
		SEND(c, "PA seq 1 len 10");
	SEND(c, "R seq 1");
	EXPECT_NOTHING(c);
	ASSERT_EQ(0, goes_on(c));
	/* None of them holds the socket. */
	SEND(c, "A");
	wire_abort(c);
	EXPECT(c, "RA seq 11 len 0");
	EXPECT_GONE(c);
}

/* Of the same connection, but another of our ports, or of the peer's. */
static struct wire_conn renamed(const struct wire_conn *c, int sport, int pport)
{
	struct wire_conn other = *c;

	other.fd = other.lfd = -1;
	other.sport = sport;
	other.pport = pport;
	return other;
}

WIRE_TEST(netfilter, to_a_port_that_is_not_ours)
{
	struct wire_conn *c = &self->c, other;

	ON_WIRE_6(self);
	if (self->w.family != WIRE_AF_TCPSTATE)
		SKIP(return, "the in-tree TCP gives it to what it has found before");
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	RULES("tcp dport 7777 tcp dport set 7778");
	other = renamed(c, 7778, c->pport);
	SEND(c, "PA seq 1 len 10");
	EXPECT(&other, "R seq 1 len 0");
	SEND(c, "R seq 1");
	EXPECT_NOTHING(c);
	ASSERT_EQ(0, goes_on(c));
}

WIRE_TEST(netfilter, to_another_port_of_ours)
{
	struct wire_conn *c = &self->c, other;
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(7778),
		.sin_addr.s_addr = htonl(WIRE_LOCAL),
	};
	int fd;

	ON_WIRE_6(self);
	if (self->w.family != WIRE_AF_TCPSTATE)
		SKIP(return, "the in-tree TCP gives it to what it has found before");
	/* A listener is there, and takes no text of others. */
	fd = socket(self->w.family, SOCK_STREAM, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, bind(fd, (struct sockaddr *)&sin, sizeof(sin)));
	ASSERT_EQ(0, listen(fd, 1));
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	RULES("tcp dport 7777 tcp dport set 7778");
	other = renamed(c, 7778, c->pport);
	SEND(c, "PA seq 1 len 10");
	EXPECT(&other, "R seq 1 len 0");
	EXPECT_NOTHING(c);
	ASSERT_EQ(0, goes_on(c));
}

WIRE_TEST(netfilter, from_another_port)
{
	struct wire_conn *c = &self->c, other;

	ON_WIRE_6(self);
	if (self->w.family != WIRE_AF_TCPSTATE)
		SKIP(return, "the in-tree TCP gives it to what it has found before");
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	RULES("tcp sport 40000 tcp sport set 40001");
	other = renamed(c, c->sport, 40001);
	SEND(c, "PA seq 1 len 10");
	EXPECT(&other, "R seq 1 len 0");
	SEND(c, "R seq 1");
	EXPECT_NOTHING(c);
	ASSERT_EQ(0, goes_on(c));
}

/*
 * The SYN alone comes in as what is new. All else must be of a connection that
 * connection tracking knows, and it knows those whose SYN somebody has taken.
 */
#define STATEFUL							\
	"policy drop; ip protocol icmp accept; ct state established accept;" \
	" ct state new tcp flags & (syn | ack) == syn accept"

static int stateful(struct wire_conn *c)
{
	if (wire_passive(c, "mss 1460") || wire_send(c, "PA len 10") ||
	    wire_expect(c, "A seq 1 ack 11 len 0") || wire_read(c, 10) || wire_write(c, 10) ||
	    wire_expect(c, "A seq 1 ack 11 len 10") || wire_send(c, "A"))
		return -1;
	return wire_expect_nothing(c);
}

WIRE_TEST(netfilter, tracked_before_the_first_port)
{
	struct wire_conn *c = &self->c, other;

	ON_WIRE_6(self);
	RULES(STATEFUL);
	ASSERT_EQ(0, stateful(c));
	/* It can tell: one that has never begun is kept out. */
	other = renamed(c, c->sport, 40001);
	SEND(&other, "PA seq 1 len 10");
	EXPECT_NOTHING(&other);
}

WIRE_TEST(netfilter, tracked_after_the_first_port)
{
	struct wire_conn *c = &self->c;

	ON_WIRE_6(self);
	ASSERT_EQ(0, wire_listen(c));
	RULES(STATEFUL);
	ASSERT_EQ(0, stateful(c));
}

TEST_HARNESS_MAIN

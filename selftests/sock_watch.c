// SPDX-License-Identifier: GPL-2.0
/*
 * The multicast group "states": who joins hears of every change of a state in
 * its namespace, in order, with the process that has the socket.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/genetlink.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "lib/nl.h"
#include "lib/sock.h"
#include "kselftest_harness.h"

#define CHANGES	64

FIXTURE(watch) {
	struct nl nl;
};

FIXTURE_SETUP(watch)
{
	if (sock_is_intree())
		SKIP(return, "of our own");
	ASSERT_EQ(0, sock_netns());
	ASSERT_EQ(0, nl_open_genl(&self->nl));
}

FIXTURE_TEARDOWN(watch)
{
}

struct heard {
	int n;
	struct {
		uint64_t cookie, time;
		uint32_t pid;
		uint8_t old, new;
		bool mini;
	} at[CHANGES];
};

static int hear(const struct nlmsghdr *nlh, void *data)
{
	const struct genlmsghdr *head = NLMSG_DATA(nlh);
	struct heard *h = data;
	struct nl_attrs a;

	nl_parse_genl(&a, nlh);
	if (head->cmd != TCPSTATE_CMD_STATE || h->n == CHANGES ||
	    !nl_has(&a, TCPSTATE_A_LOCAL_ADDR) || !nl_has(&a, TCPSTATE_A_ACTIONS) ||
	    !nl_has(&a, TCPSTATE_A_EVENT))
		return -EPROTO;
	h->at[h->n].cookie = nl_u64(&a, TCPSTATE_A_COOKIE);
	h->at[h->n].time = nl_u64(&a, TCPSTATE_A_TIME);
	h->at[h->n].pid = nl_u32(&a, TCPSTATE_A_PID);
	h->at[h->n].old = nl_u8(&a, TCPSTATE_A_OLD_STATE);
	h->at[h->n].new = nl_u8(&a, TCPSTATE_A_STATE);
	h->at[h->n].mini = nl_has(&a, TCPSTATE_A_MINI);
	h->n++;
	return 0;
}

/* The path of one socket, "7>2 2>1". */
static const char *path(const struct heard *h, uint64_t cookie)
{
	static char text[256];
	int i, len = 0;

	text[0] = '\0';
	for (i = 0; i < h->n; i++)
		if (h->at[i].cookie == cookie)
			len += sprintf(text + len, "%s%d>%d", len ? " " : "", h->at[i].old,
				       h->at[i].new);
	return text;
}

TEST_F(watch, a_life)
{
	struct heard h = {};
	uint64_t client, server;
	struct sock_pair pair;
	char byte;
	int i;

	ASSERT_EQ(0, sock_sysctl("time_wait_ms", 20));
	ASSERT_EQ(0, nl_join(&self->nl));
	ASSERT_EQ(0, sock_pair(&pair));
	client = nl_cookie(pair.client);
	server = nl_cookie(pair.server);
	close(pair.client);
	ASSERT_EQ(0, read(pair.server, &byte, 1));
	close(pair.server);
	close(pair.listener);
	/* PASSIVE_OPEN, client 6, server 5, CLOSE of the listener. */
	while (h.n < 13)
		ASSERT_EQ(0, nl_receive(&self->nl, hear, &h));
	EXPECT_STREQ("7>2 2>1 1>4 4>5 5>6 6>7", path(&h, client));
	EXPECT_STREQ("10>3 3>1 1>8 8>9 9>7", path(&h, server));
	for (i = 0; i < h.n; i++) {
		EXPECT_EQ(getpid(), (int)h.at[i].pid);
		EXPECT_NE(0, h.at[i].time);
		/* What has become SYN_RECV, or was TIME_WAIT. */
		EXPECT_EQ(h.at[i].new == TCP_SYN_RECV || h.at[i].old == TCP_TIME_WAIT,
			  h.at[i].mini);
	}
}

TEST_F(watch, not_in_another_namespace)
{
	struct sock_pair pair;
	struct heard h = {};
	struct nl other;

	ASSERT_EQ(0, nl_join(&self->nl));
	ASSERT_EQ(0, sock_netns());
	ASSERT_EQ(0, nl_open_genl(&other));
	ASSERT_EQ(0, nl_join(&other));
	ASSERT_EQ(0, sock_pair(&pair));
	while (h.n < 5)
		ASSERT_EQ(0, nl_receive(&other, hear, &h));
	EXPECT_EQ(EAGAIN, sock_errno(recv(self->nl.fd, &h, sizeof(h), MSG_DONTWAIT)));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * When the route to the peer changes under a connection, the next segment goes by
 * the new one: none while there is no way, and all that was held up when there is
 * again. TCPSTATE_ROUNDS times (200).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

WIRE_FIXTURE(route)

static int rounds(void)
{
	const char *text = getenv("TCPSTATE_ROUNDS");
	int n = text ? atoi(text) : 200;

	return n < 1 ? 1 : n;
}

static struct sockaddr_in address(uint32_t addr)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(addr) };
}

/* A route to the peer alone, which goes before that of its net: there is no way. */
static int no_way(unsigned long request)
{
	struct sockaddr_in dst = address(WIRE_PEER), mask = address(0xffffffff);
	struct rtentry rt = { .rt_flags = RTF_UP | RTF_HOST | RTF_REJECT };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	memcpy(&rt.rt_dst, &dst, sizeof(dst));
	memcpy(&rt.rt_genmask, &mask, sizeof(mask));
	err = ioctl(fd, request, &rt) ? -errno : 0;
	close(fd);
	return err;
}

/* Timeouts of what found no way shall not be waited for. */
static int open_quick(struct wire_conn *c)
{
	if (c->w->family == WIRE_AF_TCPSTATE &&
	    (wire_sysctl(c->w, "rto_min_ms", 20) || wire_sysctl(c->w, "rto_max_ms", 100)))
		return -1;
	return wire_passive(c, "mss 1460");
}

WIRE_TEST(route, unreachable)
{
	struct wire_conn *c = &self->c;
	int i, n = rounds();

	ASSERT_EQ(0, open_quick(c));
	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, no_way(SIOCADDRT));
		ASSERT_EQ(0, wire_write(c, 100));
		/* The timeout too finds no way, now and then. */
		ASSERT_EQ(-1, wire_next(c, i % 20 ? 1 : 150));
		ASSERT_EQ(WS_ESTABLISHED, wire_state(c));
		ASSERT_EQ(0, no_way(SIOCDELRT));
		EXPECT(c, "A seq %d len 100", 1 + i * 100);
		SEND(c, "A");
	}
	/* It was no error of the connection. */
	SEND(c, "PA len 10");
	ASSERT_EQ(0, wire_read(c, 10));
}

TEST_HARNESS_MAIN

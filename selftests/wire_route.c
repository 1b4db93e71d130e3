// SPDX-License-Identifier: GPL-2.0
/*
 * When the route to the peer changes under a connection, the next segment goes by
 * the new one: none while there is no way, and all that was held up when there is
 * again. TCPSTATE_ROUNDS times (200).
 *
 * What is said without a socket goes by the mark and the device of the one that it
 * stands for, where rules of routing ask for them.
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

FIXTURE(rules) {
	struct wire w;
	struct wire_conn c;
};

FIXTURE_VARIANT(rules) {
	int option;
};

FIXTURE_VARIANT_ADD(rules, mark) { .option = SO_MARK };
FIXTURE_VARIANT_ADD(rules, device) { .option = SO_BINDTODEVICE };

#define MARK	7

/* The way to the peer is for those alone who are marked, or bound to its device. */
FIXTURE_SETUP(rules)
{
	int mark = MARK;

	ASSERT_EQ(0, wire_init(&self->w));
	wire_conn_init(&self->c, &self->w);
	ASSERT_EQ(0, system("ip rule add pref 10 to 192.0.2.2 fwmark 7 lookup main && "
			    "ip rule add pref 11 to 192.0.2.2 oif tun0 lookup main && "
			    "ip rule add pref 12 to 192.0.2.2 ipproto icmp lookup main && "
			    "ip rule add pref 13 to 192.0.2.2 type unreachable"));
	ASSERT_EQ(0, wire_listen(&self->c));
	if (variant->option == SO_MARK) {
		ASSERT_EQ(0, setsockopt(self->c.lfd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)));
	} else {
		ASSERT_EQ(0, setsockopt(self->c.lfd, SOL_SOCKET, SO_BINDTODEVICE, "tun0", 5));
	}
}

FIXTURE_TEARDOWN(rules)
{
	wire_fini(&self->w);
}

/* None of the others gets through: the test can tell. */
WIRE_TEST(rules, neither)
{
	struct wire_conn other = self->c;
	int none = 0;

	ASSERT_EQ(0, setsockopt(self->c.lfd, SOL_SOCKET, variant->option,
				variant->option == SO_MARK ? (void *)&none : (void *)"",
				variant->option == SO_MARK ? sizeof(none) : 0));
	SEND(&other, "S seq 0 mss 1460");
	EXPECT_NOTHING(&other);
}

WIRE_TEST(rules, time_wait)
{
	struct wire_conn *c = &self->c;

	ENTER(c, WS_TIME_WAIT, false);
	SEND(c, "FA seq 1 ack 2");
	EXPECT(c, "A seq 2 ack 2 len 0");
}

WIRE_TEST(rules, cookie)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, self->w.family == WIRE_AF_TCPSTATE ?
		     wire_sysctl(&self->w, "syncookies", 2) :
		     wire_write_file("/proc/sys/net/ipv4/tcp_syncookies", 2));
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 len 100");
}

/* A listener's own mark goes before that of the SYN, where its child may take it over. */
WIRE_TEST(rules, own_mark_first)
{
	struct wire_conn *c = &self->c;

	ASSERT_EQ(0, wire_write_file("/proc/sys/net/ipv4/tcp_fwmark_accept", 1));
	if (system("tc qdisc add dev tun0 clsact && "
		   "tc filter add dev tun0 ingress matchall action skbedit mark 9"))
		SKIP(return, "this kernel cannot mark what comes in by tc");
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_write(c, 100));
	EXPECT(c, "A seq 1 len 100");
}

TEST_HARNESS_MAIN

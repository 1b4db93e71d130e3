// SPDX-License-Identifier: GPL-2.0
/*
 * No octet that nobody has written gets out, neither on the wire nor by a call: in a
 * kernel that fills new and freed slab objects with a pattern ("slub_debug=P
 * init_on_alloc=0"; make check-debug boots so), the pattern is in no header, no
 * option, no answer of a call, no message of netlink. What a call leaves on the
 * kernel's stack is made known by poll(2), which copies there what it is given.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <linux/tcpstate.h>

#include "kselftest_harness.h"
#include "lib/nl.h"
#include "lib/wire.h"

/* include/linux/poison.h */
#define POISON_INUSE	0x5a
#define POISON_FREE	0x6b
/* Ours, on the stack. */
#define PAINT		0xc7
/* So many in a row are no accident. */
#define RUN		4

FIXTURE(poison) {
	struct wire w;
	struct wire_conn c;
	bool can;
};

/* The whole kernel's, not that of some caches alone. */
static bool poisoned(void)
{
	FILE *file = fopen("/proc/cmdline", "re");
	char line[4096] = "";
	const char *found;

	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = 0;
	fclose(file);
	found = strstr(line, "slub_debug=P") ?: strstr(line, "slab_debug=P");
	return found && strstr(line, "init_on_alloc=0");
}

FIXTURE_SETUP(poison)
{
	self->can = poisoned();
	ASSERT_EQ(0, wire_init(&self->w));
	wire_conn_init(&self->c, &self->w);
}

FIXTURE_TEARDOWN(poison)
{
	wire_fini(&self->w);
}

#define NEED_POISON							\
	do {								\
		if (!self->can)						\
			SKIP(return, "no slub_debug=P init_on_alloc=0: make check-debug has them"); \
	} while (0)

/* The place of a pattern, or -1. */
static int pattern_in(const void *from, int len)
{
	const uint8_t *octet = from;
	int i, run = 0;

	for (i = 0; i < len; i++) {
		if (octet[i] != POISON_INUSE && octet[i] != POISON_FREE && octet[i] != PAINT)
			run = 0;
		else if (run && octet[i] != octet[i - 1])
			run = 1;
		else
			run++;
		if (run == RUN)
			return i - RUN + 1;
	}
	return -1;
}

/* The kernel copies them to its stack, as many as it has room for there. */
static void paint(void)
{
	struct pollfd fds[30];

	memset(fds, PAINT, sizeof(fds));
	/* Negative descriptors are skipped. */
	poll(fds, 30, 0);
}

/* ---- the wire ---- */

/*
 * Every packet that comes within some time, headers and options; text has its own
 * pattern, which the lib compares.
 */
static int headers_clean(struct wire_conn *c, int ms)
{
	uint8_t packet[65536];
	struct pollfd pfd = { .fd = c->w->tun, .events = POLLIN };
	int n, header, at, seen = 0;

	while (poll(&pfd, 1, ms) == 1) {
		n = read(c->w->tun, packet, sizeof(packet));
		if (n < 40 || packet[9] != c->w->proto)
			continue;
		header = (packet[0] & 15) * 4;
		header += (packet[header + 12] >> 4) * 4;
		at = pattern_in(packet, header < n ? header : n);
		if (at >= 0) {
			fprintf(stderr, "# octet %d of a header of %d is %#x\n", at, header,
				packet[at]);
			return -1;
		}
		seen++;
	}
	return seen;
}

/* Each kind of segment that the stack sends, from each of its builders. */
TEST_F_TIMEOUT(poison, headers, 180)
{
	static const uint8_t route[] = { 131, 7, 4, 192, 0, 2, 2, 1 };
	struct wire_conn *c = &self->c, other;
	int i, seen, some;
	char text[4000];

	NEED_POISON;
	memset(text, 'x', sizeof(text));
	/* RST to nobody; SYN+ACK, ACK, text, duplicate ACK, challenge, FIN. */
	wire_conn_init(&other, &self->w);
	other.sport = 9;
	other.pport = 41000;
	SEND(&other, "S mss 1460");
	SEND(&other, "A ack 77");
	ASSERT_LE(self->w.family == WIRE_AF_TCPSTATE && self->w.proto == IPPROTO_TCP ? 0 : 1,
		  headers_clean(c, 50));
	for (i = 0; i < 3; i++) {
		seen = 0;
		wire_conn_init(c, &self->w);
		c->pport += i;
		ASSERT_EQ(0, wire_open(c));
		if (i == 2) {
			ASSERT_EQ(0, setsockopt(c->fd, IPPROTO_IP, IP_OPTIONS, route,
						sizeof(route)));
		}
		ASSERT_EQ(0, wire_connect(c));
		EXPECT(c, "S");
		ASSERT_EQ(-1, pattern_in(c->got.opt, c->got.optlen));
		ASSERT_EQ(0, i == 1 ? wire_send(c, "SA mss 1460 sackok ts 1 %u ws 2", c->got.tsval) :
				      wire_send(c, "SA mss 1460"));
		EXPECT(c, "A");
		ASSERT_EQ(-1, pattern_in(c->got.opt, c->got.optlen));
		ASSERT_EQ((ssize_t)sizeof(text), send(c->fd, text, sizeof(text), 0));
		some = headers_clean(c, 300);
		ASSERT_LE(0, some);
		seen += some;
		SEND(c, "PA ack 1 seq 1 len 10");
		SEND(c, "PA ack 1 seq 100 len 10");
		SEND(c, "R seq 5");
		SEND(c, "S seq 0");
		some = headers_clean(c, 300);
		ASSERT_LE(0, some);
		seen += some;
		ASSERT_EQ(0, shutdown(c->fd, SHUT_WR));
		SEND(c, "A ack %d seq 1", 1 + (int)sizeof(text));
		some = headers_clean(c, 300);
		ASSERT_LE(0, some);
		seen += some;
		close(c->fd);
		c->fd = -1;
		SEND(c, "A ack 1 seq 1");
		some = headers_clean(c, 100);
		ASSERT_LE(0, some);
		seen += some;
		EXPECT_LE(5, seen);
	}
}

TEST_F_TIMEOUT(poison, headers_of_a_listener, 180)
{
	struct wire_conn *c = &self->c;
	int i;

	NEED_POISON;
	/* Minis, then cookies, which nothing is kept for. */
	for (i = 0; i < 2; i++) {
		if (self->w.family == WIRE_AF_TCPSTATE) {
			ASSERT_EQ(0, wire_sysctl(&self->w, "syncookies", i ? 2 : 1));
		}
		wire_conn_init(c, &self->w);
		c->pport += i;
		ASSERT_EQ(0, wire_open(c));
		ASSERT_EQ(0, wire_set_int(c, SOL_SOCKET, SO_REUSEADDR, 1));
		ASSERT_EQ(0, wire_listen(c));
		SEND(c, "S mss 1460 sackok ts 1 0 ws 2");
		ASSERT_LE(1, headers_clean(c, 100));
		SEND(c, "R seq 1");
		close(c->lfd >= 0 ? c->lfd : c->fd);
		c->lfd = -1;
		c->fd = -1;
	}
}

/* ---- calls ---- */

static const struct {
	int level, first, last;
} levels[] = {
	{ SOL_SOCKET, 1, 90 },
	{ IPPROTO_IP, 1, 60 },
	{ IPPROTO_TCP, 1, 60 },
	{ SOL_TCPSTATE, 1, 10 },
};

/* What was written over what the buffer had, is not what nobody wrote. */
TEST_F_TIMEOUT(poison, options, 180)
{
	struct wire_conn *c = &self->c;
	struct sockaddr_storage name;
	unsigned char answer[1024];
	socklen_t len;
	unsigned int i;
	int option, n, answered = 0, at;

	NEED_POISON;
	ASSERT_EQ(0, wire_passive(c, "mss 1460 sackok ws 2"));
	for (i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		for (option = levels[i].first; option <= levels[i].last; option++) {
			for (n = 0; n < 2; n++) {
				memset(answer, 0, sizeof(answer));
				len = sizeof(answer);
				paint();
				if (getsockopt(n ? c->lfd : c->fd, levels[i].level, option,
					       answer, &len))
					continue;
				answered++;
				at = pattern_in(answer, sizeof(answer));
				EXPECT_EQ(-1, at) TH_LOG("level %d option %d: octet %d is %#x",
							 levels[i].level, option, at,
							 answer[at < 0 ? 0 : at]);
			}
		}
	}
	EXPECT_LT(50, answered);
	for (n = 0; n < 2; n++) {
		memset(&name, 0, sizeof(name));
		len = sizeof(name);
		paint();
		ASSERT_EQ(0, (n ? getsockname : getpeername)(c->fd, (struct sockaddr *)&name,
							     &len));
		EXPECT_EQ(-1, pattern_in(&name, sizeof(name)));
	}
}

/* Also what comes with a message: names and control messages. */
TEST_F_TIMEOUT(poison, messages, 180)
{
	struct wire_conn *c = &self->c;
	char text[64], control[512];
	struct sockaddr_storage name;
	struct iovec iov = { .iov_base = text, .iov_len = sizeof(text) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_name = &name,
		.msg_namelen = sizeof(name), .msg_control = control,
		.msg_controllen = sizeof(control),
	};

	NEED_POISON;
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_IP, IP_RECVERR, 1));
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_INQ, 1));
	ASSERT_EQ(0, wire_set_int(c, SOL_SOCKET, SO_TIMESTAMP, 1));
	ASSERT_EQ(0, wire_write(c, 10));
	EXPECT(c, "A len 10");
	ASSERT_EQ(0, wire_send_icmp(c, &(struct wire_icmp){ .type = 3, .code = 1, .seq = 1 }));
	SEND(c, "PA len 10");
	memset(&name, 0, sizeof(name));
	memset(control, 0, sizeof(control));
	paint();
	ASSERT_LE(0, recvmsg(c->fd, &msg, MSG_ERRQUEUE));
	EXPECT_EQ(-1, pattern_in(&name, sizeof(name)));
	EXPECT_EQ(-1, pattern_in(control, sizeof(control)));
	msg.msg_namelen = sizeof(name);
	msg.msg_controllen = sizeof(control);
	memset(control, 0, sizeof(control));
	/* The soft error first. */
	recv(c->fd, text, 0, MSG_DONTWAIT);
	wire_set_int(c, SOL_SOCKET, SO_ERROR, 0);
	paint();
	ASSERT_TRUE(recvmsg(c->fd, &msg, 0) == 10 || recvmsg(c->fd, &msg, 0) == 10);
	EXPECT_EQ(-1, pattern_in(&name, sizeof(name)));
	EXPECT_EQ(-1, pattern_in(control, sizeof(control)));
}

/* ---- netlink ---- */

static int look(const struct nlmsghdr *nlh, void *data)
{
	int *found = data, at = pattern_in(nlh, nlh->nlmsg_len);

	found[0]++;
	if (at >= 0) {
		fprintf(stderr, "# message of type %u, length %u: octet %d is %#x\n",
			nlh->nlmsg_type, nlh->nlmsg_len, at, ((const uint8_t *)nlh)[at]);
		found[1]++;
	}
	return 0;
}

TEST_F_TIMEOUT(poison, netlink, 180)
{
	struct inet_diag_req_v2 req = {
		.idiag_states = 0xffffffff, .idiag_ext = 0xff,
	};
	struct wire_conn *c = &self->c;
	int found[2] = { 0, 0 };
	struct nl_request r;
	struct nl nl;

	NEED_POISON;
	if (self->w.family != WIRE_AF_TCPSTATE)
		SKIP(return, "the module's netlink");
	req.sdiag_family = self->w.family;
	req.sdiag_protocol = self->w.proto;
	ASSERT_EQ(0, wire_passive(c, "mss 1460 sackok ws 2"));
	SEND(c, "PA len 10");
	ASSERT_EQ(0, nl_open(&nl, NETLINK_SOCK_DIAG));
	nl_request(&r, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &req, sizeof(req));
	ASSERT_EQ(0, nl_talk(&nl, &r, look, found));
	EXPECT_LE(2, found[0]);
	EXPECT_EQ(0, found[1]);
	nl_close(&nl);
	ASSERT_EQ(0, nl_open_genl(&nl));
	nl_genl(&nl, &r, TCPSTATE_CMD_GET_RECORD, NLM_F_DUMP);
	ASSERT_EQ(0, nl_talk(&nl, &r, look, found));
	EXPECT_LE(3, found[0]);
	EXPECT_EQ(0, found[1]);
	nl_close(&nl);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Every option that is offered reads back what was written, and every other
 * name, length, value and pointer is refused with the in-tree TCP's errno.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/capability.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "lib/sock.h"
#include "kselftest_harness.h"

#define OUR_PROTOCOL_BIT	0x200

SOCK_FIXTURE(opt);

TEST_F(opt, identity)
{
	int fd = sock_new(0);
	int protocol = sock_wire();

	EXPECT_EQ(SOCK_STREAM, sock_get(fd, SOL_SOCKET, SO_TYPE));
	EXPECT_EQ(sock_family(), sock_get(fd, SOL_SOCKET, SO_DOMAIN));
	if (sock_is_intree())
		protocol = IPPROTO_TCP;
	else
		protocol |= OUR_PROTOCOL_BIT;
	EXPECT_EQ(protocol, sock_get(fd, SOL_SOCKET, SO_PROTOCOL));
}

TEST_F(opt, identity_is_read_only)
{
	int fd = sock_new(0);

	EXPECT_EQ(ENOPROTOOPT,
		  sock_errno(sock_set(fd, SOL_SOCKET, SO_TYPE, 1)));
	EXPECT_EQ(ENOPROTOOPT,
		  sock_errno(sock_set(fd, SOL_SOCKET, SO_PROTOCOL, 1)));
	EXPECT_EQ(ENOPROTOOPT,
		  sock_errno(sock_set(fd, SOL_SOCKET, SO_DOMAIN, 1)));
	EXPECT_EQ(ENOPROTOOPT,
		  sock_errno(sock_set(fd, SOL_SOCKET, SO_ERROR, 1)));
}

TEST_F(opt, children_have_the_identity)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(sock_get(pair.client, SOL_SOCKET, SO_PROTOCOL),
		  sock_get(pair.server, SOL_SOCKET, SO_PROTOCOL));
	EXPECT_EQ(sock_family(), sock_get(pair.server, SOL_SOCKET, SO_DOMAIN));
	EXPECT_EQ(SOCK_STREAM, sock_get(pair.server, SOL_SOCKET, SO_TYPE));
}

TEST_F(opt, accepting)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(1, sock_get(pair.listener, SOL_SOCKET, SO_ACCEPTCONN));
	EXPECT_EQ(0, sock_get(pair.client, SOL_SOCKET, SO_ACCEPTCONN));
	EXPECT_EQ(0, sock_get(pair.server, SOL_SOCKET, SO_ACCEPTCONN));
}

TEST_F(opt, error_is_told_once)
{
	struct linger now = { .l_onoff = 1 };
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(0, sock_error(pair.client));
	ASSERT_EQ(0, setsockopt(pair.server, SOL_SOCKET, SO_LINGER, &now,
				sizeof(now)));
	close(pair.server);
	ASSERT_TRUE(sock_wait_state(pair.client, TCP_CLOSE));
	EXPECT_EQ(ECONNRESET, sock_error(pair.client));
	EXPECT_EQ(0, sock_error(pair.client));
}

/* One integer option: what is written must be read back. */
struct integer {
	int level;
	int name;
	int write;
	int read;
};

TEST_F(opt, integers)
{
	static const struct integer table[] = {
		{ SOL_SOCKET, SO_REUSEADDR, 1, 1 },
		{ SOL_SOCKET, SO_REUSEADDR, 0, 0 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 7, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 0, 0 },
		{ SOL_SOCKET, SO_RCVLOWAT, 100, 100 },
		{ SOL_SOCKET, SO_PRIORITY, 3, 3 },
		{ SOL_SOCKET, SO_MARK, 5, 5 },
		{ SOL_SOCKET, SO_OOBINLINE, 1, 1 },
		{ IPPROTO_TCP, TCP_NODELAY, 1, 1 },
		{ IPPROTO_TCP, TCP_NODELAY, 42, 1 },
		{ IPPROTO_TCP, TCP_NODELAY, 0, 0 },
		{ IPPROTO_TCP, TCP_CORK, 1, 1 },
		{ IPPROTO_TCP, TCP_CORK, 0, 0 },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, 5000, 5000 },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, 0, 0 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 30, 30 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 4, 4 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 3, 3 },
		{ IPPROTO_TCP, TCP_SYNCNT, 4, 4 },
		{ IPPROTO_TCP, TCP_LINGER2, 5, 5 },
		{ IPPROTO_TCP, TCP_LINGER2, -1, -1 },
		{ IPPROTO_IP, IP_TOS, 0x10, 0x10 },
		{ IPPROTO_IP, IP_TOS, 0xfc, 0xfc },
		{ IPPROTO_IP, IP_TOS, 0, 0 },
		{ IPPROTO_IP, IP_TTL, 33, 33 },
		{ IPPROTO_IP, IP_TTL, 1, 1 },
		{ IPPROTO_IP, IP_TTL, 255, 255 },
		/* Back to the default of the route. */
		{ IPPROTO_IP, IP_TTL, -1, 64 },
		{ IPPROTO_IP, IP_MINTTL, 1, 1 },
		{ IPPROTO_IP, IP_MINTTL, 255, 255 },
		{ IPPROTO_IP, IP_MINTTL, 0, 0 },
	};
	int fd = sock_new(0);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		const struct integer *row = &table[i];
		int err = sock_errno(sock_set(fd, row->level, row->name,
					      row->write));

		EXPECT_EQ(0, err)
			TH_LOG("row %zu: level %d option %d", i, row->level,
			       row->name);
		EXPECT_EQ(row->read, sock_get(fd, row->level, row->name))
			TH_LOG("row %zu: level %d option %d", i, row->level,
			       row->name);
	}
}

TEST_F(opt, defaults)
{
	int fd = sock_new(0);

	EXPECT_EQ(0, sock_get(fd, SOL_SOCKET, SO_REUSEADDR));
	EXPECT_EQ(0, sock_get(fd, SOL_SOCKET, SO_KEEPALIVE));
	EXPECT_EQ(1, sock_get(fd, SOL_SOCKET, SO_RCVLOWAT));
	EXPECT_EQ(0, sock_get(fd, IPPROTO_TCP, TCP_NODELAY));
	EXPECT_EQ(0, sock_get(fd, IPPROTO_TCP, TCP_CORK));
	EXPECT_EQ(0, sock_get(fd, IPPROTO_TCP, TCP_USER_TIMEOUT));
	/* RFC 9293 3.8.4 (MUST-28): at least two hours. */
	EXPECT_LE(7200, sock_get(fd, IPPROTO_TCP, TCP_KEEPIDLE));
	EXPECT_EQ(75, sock_get(fd, IPPROTO_TCP, TCP_KEEPINTVL));
	EXPECT_EQ(9, sock_get(fd, IPPROTO_TCP, TCP_KEEPCNT));
	EXPECT_EQ(0, sock_get(fd, IPPROTO_IP, IP_TOS));
	EXPECT_EQ(64, sock_get(fd, IPPROTO_IP, IP_TTL));
	EXPECT_EQ(0, sock_get(fd, IPPROTO_IP, IP_MINTTL));
}

/* Values that no option takes. */
TEST_F(opt, wrong_values)
{
	static const struct integer table[] = {
		{ IPPROTO_TCP, TCP_MAXSEG, 1, 0 },
		{ IPPROTO_TCP, TCP_MAXSEG, 87, 0 },
		{ IPPROTO_TCP, TCP_MAXSEG, 100000, 0 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 0, 0 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 32768, 0 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 0, 0 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 32768, 0 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 0, 0 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 128, 0 },
		{ IPPROTO_TCP, TCP_SYNCNT, 0, 0 },
		{ IPPROTO_TCP, TCP_SYNCNT, 128, 0 },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, -1, 0 },
		{ IPPROTO_IP, IP_TTL, 0, 0 },
		{ IPPROTO_IP, IP_TTL, 256, 0 },
		{ IPPROTO_IP, IP_TTL, -2, 0 },
		{ IPPROTO_IP, IP_MINTTL, -1, 0 },
		{ IPPROTO_IP, IP_MINTTL, 256, 0 },
		{ IPPROTO_IP, IP_MINTTL, 0x7fffffff, 0 },
	};
	int fd = sock_new(0);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		const struct integer *row = &table[i];
		int before = sock_get(fd, row->level, row->name);
		int err = sock_errno(sock_set(fd, row->level, row->name,
					      row->write));

		EXPECT_EQ(EINVAL, err)
			TH_LOG("row %zu: option %d", i, row->name);
		EXPECT_EQ(before, sock_get(fd, row->level, row->name))
			TH_LOG("row %zu: option %d", i, row->name);
	}
}

TEST_F(opt, maximum_segment)
{
	struct sock_pair pair;
	int fd = sock_new(0);

	/* What was asked for binds the connection, never beyond its path. */
	ASSERT_EQ(0, sock_set(fd, IPPROTO_TCP, TCP_MAXSEG, 500));
	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_LE(500, sock_get(pair.client, IPPROTO_TCP, TCP_MAXSEG));
	EXPECT_GE(65535, sock_get(pair.client, IPPROTO_TCP, TCP_MAXSEG));
}

TEST_F(opt, maximum_segment_holds)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int fd = sock_new(0);
	struct tcp_info info;
	socklen_t len = sizeof(info);

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_set(fd, IPPROTO_TCP, TCP_MAXSEG, 500));
	ASSERT_EQ(0, sock_connect(fd, &addr));
	ASSERT_EQ(0, getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len));
	EXPECT_GE(500u, info.tcpi_snd_mss);
	EXPECT_LT(400u, info.tcpi_snd_mss);
}

TEST_F(opt, quick_ack)
{
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.client, IPPROTO_TCP, TCP_QUICKACK, 0));
	EXPECT_EQ(0, sock_get(pair.client, IPPROTO_TCP, TCP_QUICKACK));
	ASSERT_EQ(0, sock_set(pair.client, IPPROTO_TCP, TCP_QUICKACK, 1));
	EXPECT_EQ(1, sock_get(pair.client, IPPROTO_TCP, TCP_QUICKACK));
}

TEST_F(opt, congestion_control)
{
	const char *expected = sock_is_intree() ? "cubic" : "reno";
	char name[16] = "";
	socklen_t len = sizeof(name);
	int fd = sock_new(0);

	ASSERT_EQ(0, getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len));
	EXPECT_STREQ(expected, name);
	len = 3;
	memset(name, 'x', sizeof(name));
	ASSERT_EQ(0, getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len));
	EXPECT_EQ(0, memcmp(name, expected, 3));
	EXPECT_EQ('x', name[3]);
	EXPECT_EQ(3u, len);
}

TEST_F(opt, congestion_control_set)
{
	int fd = sock_new(0);

	EXPECT_EQ(0, sock_errno(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION,
					   "reno", 4)));
	EXPECT_EQ(ENOENT, sock_errno(setsockopt(fd, IPPROTO_TCP,
						TCP_CONGESTION,
						"no_such_cc", 10)));
	EXPECT_EQ(EINVAL, sock_errno(setsockopt(fd, IPPROTO_TCP,
						TCP_CONGESTION, "", 0)));
}

TEST_F(opt, info)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	struct sock_pair pair;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(1, send(pair.client, "x", 1, 0));
	ASSERT_EQ(1, recv(pair.server, &byte, 1, 0));
	memset(&info, 0xff, sizeof(info));
	ASSERT_EQ(0, getsockopt(pair.client, IPPROTO_TCP, TCP_INFO, &info,
				&len));
	EXPECT_EQ(sizeof(info), len);
	EXPECT_EQ(TCP_ESTABLISHED, info.tcpi_state);
	EXPECT_EQ(0, info.tcpi_retransmits);
	EXPECT_EQ(0u, info.tcpi_total_retrans);
	EXPECT_LT(0u, info.tcpi_snd_mss);
	EXPECT_GT(65536u, info.tcpi_snd_mss);
	EXPECT_LT(0u, info.tcpi_rto);
	EXPECT_LT(0u, info.tcpi_snd_cwnd);
	EXPECT_LT(0u, info.tcpi_pmtu);
	EXPECT_LT(0u, info.tcpi_rtt);
	EXPECT_LT(0u, info.tcpi_rcv_space);
}

TEST_F(opt, info_lengths)
{
	unsigned char buf[1024];
	struct sock_pair pair;
	socklen_t len;

	ASSERT_EQ(0, sock_pair(&pair));

	/* A short buffer gets the start and nothing beyond it. */
	memset(buf, 0x5a, sizeof(buf));
	len = 1;
	ASSERT_EQ(0, getsockopt(pair.client, IPPROTO_TCP, TCP_INFO, buf,
				&len));
	EXPECT_EQ(1u, len);
	EXPECT_EQ(TCP_ESTABLISHED, buf[0]);
	EXPECT_EQ(0x5a, buf[1]);

	len = 0;
	buf[0] = 0x5a;
	ASSERT_EQ(0, getsockopt(pair.client, IPPROTO_TCP, TCP_INFO, buf,
				&len));
	EXPECT_EQ(0u, len);
	EXPECT_EQ(0x5a, buf[0]);

	/* A long one learns how much there is. */
	memset(buf, 0x5a, sizeof(buf));
	len = sizeof(buf);
	ASSERT_EQ(0, getsockopt(pair.client, IPPROTO_TCP, TCP_INFO, buf,
				&len));
	EXPECT_LE(sizeof(struct tcp_info), len);
	EXPECT_GT(sizeof(buf), len);
	EXPECT_EQ(0x5a, buf[len]);
}

TEST_F(opt, negative_length)
{
	socklen_t len = -1;
	char buf[512];
	int fd = sock_new(0);

	EXPECT_EQ(EINVAL, sock_errno(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY,
						buf, &len)));
	len = -1;
	EXPECT_EQ(EINVAL, sock_errno(getsockopt(fd, SOL_SOCKET, SO_ERROR,
						buf, &len)));
	len = -1;
	EXPECT_EQ(EINVAL, sock_errno(getsockopt(fd, IPPROTO_IP, IP_TTL,
						buf, &len)));
	EXPECT_EQ(EINVAL, sock_errno(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY,
						buf, -1)));
	EXPECT_EQ(EINVAL, sock_errno(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE,
						buf, -1)));
}

TEST_F(opt, short_reads)
{
	unsigned char buf[8];
	socklen_t len = 1;
	int fd = sock_new(0);

	ASSERT_EQ(0, sock_set(fd, IPPROTO_TCP, TCP_NODELAY, 1));
	memset(buf, 0x5a, sizeof(buf));
	ASSERT_EQ(0, getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, buf, &len));
	EXPECT_EQ(1u, len);
	EXPECT_EQ(1, buf[0]);
	EXPECT_EQ(0x5a, buf[1]);

	len = sizeof(buf);
	memset(buf, 0x5a, sizeof(buf));
	ASSERT_EQ(0, getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, buf, &len));
	EXPECT_EQ(4u, len);
	EXPECT_EQ(0x5a, buf[4]);
}

TEST_F(opt, wrong_lengths)
{
	static const int names[] = {
		TCP_NODELAY, TCP_MAXSEG, TCP_CORK, TCP_USER_TIMEOUT,
		TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_QUICKACK,
		TCP_SYNCNT, TCP_LINGER2,
	};
	int fd = sock_new(0);
	int value = 1;
	size_t i;
	int len;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		for (len = 0; len < 4; len++)
			EXPECT_EQ(EINVAL,
				  sock_errno(setsockopt(fd, IPPROTO_TCP,
							names[i], &value,
							len)))
				TH_LOG("option %d length %d", names[i], len);
	EXPECT_EQ(EINVAL, sock_errno(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR,
						&value, 3)));
	EXPECT_EQ(EINVAL, sock_errno(setsockopt(fd, SOL_SOCKET, SO_LINGER,
						&value, sizeof(value))));
	EXPECT_EQ(EINVAL, sock_errno(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO,
						&value, sizeof(value))));
}

TEST_F(opt, longer_values)
{
	int value[4] = { 1, -1, -1, -1 };
	int fd = sock_new(0);

	EXPECT_EQ(0, setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, value,
				sizeof(value)));
	EXPECT_EQ(1, sock_get(fd, IPPROTO_TCP, TCP_NODELAY));
}

TEST_F(opt, unknown)
{
	int fd = sock_new(0);
	int value = 1;
	socklen_t len = sizeof(value);

	EXPECT_EQ(ENOPROTOOPT, sock_errno(sock_set(fd, IPPROTO_TCP, 9999, 1)));
	EXPECT_EQ(ENOPROTOOPT, sock_errno(getsockopt(fd, IPPROTO_TCP, 9999,
						     &value, &len)));
	EXPECT_EQ(ENOPROTOOPT, sock_errno(sock_set(fd, SOL_SOCKET, 9999, 1)));
	EXPECT_EQ(ENOPROTOOPT, sock_errno(getsockopt(fd, SOL_SOCKET, 9999,
						     &value, &len)));
	EXPECT_EQ(ENOPROTOOPT, sock_errno(sock_set(fd, IPPROTO_IP, 9999, 1)));
	EXPECT_EQ(ENOPROTOOPT, sock_errno(getsockopt(fd, IPPROTO_IP, 9999,
						     &value, &len)));
	EXPECT_EQ(ENOPROTOOPT, sock_errno(sock_set(fd, IPPROTO_UDP, 1, 1)));
	EXPECT_EQ(ENOPROTOOPT, sock_errno(sock_set(fd, 9999, 1, 1)));
	EXPECT_EQ(EOPNOTSUPP, sock_errno(getsockopt(fd, IPPROTO_UDP, 1, &value, &len)));
	EXPECT_EQ(EOPNOTSUPP, sock_errno(getsockopt(fd, 9999, 1, &value, &len)));
	EXPECT_EQ(ENOPROTOOPT, sock_errno(sock_set(fd, IPPROTO_TCP, TCP_INFO,
						   1)));
}

/* Of no use to a stream, and yet programs for all kinds of sockets set them. */
TEST_F(opt, ip_keeps_what_it_does_not_need)
{
	static const int names[] = { IP_PKTINFO, IP_RECVOPTS, IP_RETOPTS, IP_MULTICAST_LOOP,
				     IP_MULTICAST_ALL };
	int fd = sock_new(0);
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		EXPECT_EQ(0, sock_set(fd, IPPROTO_IP, names[i], 1));
		EXPECT_EQ(1, sock_get(fd, IPPROTO_IP, names[i]));
		EXPECT_EQ(0, sock_set(fd, IPPROTO_IP, names[i], 0));
		EXPECT_EQ(0, sock_get(fd, IPPROTO_IP, names[i]));
	}
	EXPECT_EQ(EINVAL, sock_errno(sock_set(fd, IPPROTO_IP, IP_MULTICAST_TTL, 2)));
}

TEST_F(opt, layered_protocol)
{
	int fd = sock_new(0);

	EXPECT_EQ(EFAULT, sock_errno(setsockopt(fd, IPPROTO_TCP, TCP_ULP, NULL, 4)));
	EXPECT_EQ(EINVAL, sock_errno(setsockopt(fd, IPPROTO_TCP, TCP_ULP, "none", 0)));
	EXPECT_EQ(ENOENT, sock_errno(setsockopt(fd, IPPROTO_TCP, TCP_ULP, "none", 5)));
}

TEST_F(opt, wrong_control_message)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_len = CMSG_LEN(1), .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SO_MARK } };
	struct iovec iov = { .iov_base = "x", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct sock_pair pair;
	char c;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(EINVAL, sock_errno(sendmsg(pair.client, &msg, 0)));
	EXPECT_EQ(EAGAIN, sock_errno(recv(pair.server, &c, 1, MSG_DONTWAIT)));
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	EXPECT_EQ(1, sendmsg(pair.client, &msg, 0));
	EXPECT_EQ(1, recv(pair.server, &c, 1, 0));
}

TEST_F(opt, bad_pointers)
{
	static const struct integer table[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 0, 0 },
		{ IPPROTO_TCP, TCP_NODELAY, 0, 0 },
		{ IPPROTO_TCP, TCP_INFO, 0, 0 },
		{ IPPROTO_TCP, TCP_CONGESTION, 0, 0 },
		{ IPPROTO_IP, IP_TTL, 0, 0 },
	};
	socklen_t *bad = (socklen_t *)8;
	int fd = sock_new(0);
	socklen_t len;
	int value;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		const struct integer *row = &table[i];

		len = sizeof(int);
		EXPECT_EQ(EFAULT, sock_errno(getsockopt(fd, row->level,
							row->name, bad,
							&len)))
			TH_LOG("row %zu", i);
		EXPECT_EQ(EFAULT, sock_errno(getsockopt(fd, row->level,
							row->name, &value,
							bad)))
			TH_LOG("row %zu", i);
		if (row->name == TCP_INFO && row->level == IPPROTO_TCP)
			continue;
		EXPECT_EQ(EFAULT, sock_errno(setsockopt(fd, row->level,
							row->name, bad,
							sizeof(int))))
			TH_LOG("row %zu", i);
	}
}

TEST_F(opt, linger)
{
	struct linger linger = { .l_onoff = 5, .l_linger = 9 };
	socklen_t len = sizeof(linger);
	int fd = sock_new(0);

	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, len));
	memset(&linger, 0, sizeof(linger));
	ASSERT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len));
	EXPECT_EQ(1, linger.l_onoff);
	EXPECT_EQ(9, linger.l_linger);
}

TEST_F(opt, timeouts)
{
	struct timeval tv = { .tv_sec = 2, .tv_usec = 500000 };
	socklen_t len = sizeof(tv);
	int fd = sock_new(0);

	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, len));
	memset(&tv, 0, sizeof(tv));
	ASSERT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
	EXPECT_EQ(2, tv.tv_sec);
	EXPECT_EQ(500000, tv.tv_usec);
	tv.tv_usec = 1000000;
	EXPECT_EQ(EDOM, sock_errno(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO,
					      &tv, len)));
}

TEST_F(opt, type_of_service_as_a_byte)
{
	unsigned char byte = 0x08;
	socklen_t len = 1;
	int fd = sock_new(0);

	ASSERT_EQ(0, setsockopt(fd, IPPROTO_IP, IP_TOS, &byte, 1));
	EXPECT_EQ(0x08, sock_get(fd, IPPROTO_IP, IP_TOS));
	byte = 0;
	ASSERT_EQ(0, getsockopt(fd, IPPROTO_IP, IP_TOS, &byte, &len));
	EXPECT_EQ(0x08, byte);
	EXPECT_EQ(1u, len);
}

TEST_F(opt, type_of_service_keeps_the_ecn_bits)
{
	int fd = sock_new(0);

	/* The two ECN bits are TCP's own (RFC 3168). */
	ASSERT_EQ(0, sock_set(fd, IPPROTO_IP, IP_TOS, 0x13));
	EXPECT_EQ(0x10, sock_get(fd, IPPROTO_IP, IP_TOS));
}

TEST_F(opt, type_of_service_gives_a_priority)
{
	struct sock_pair pair;

	/* Minimize-delay is interactive, 6; also on a connection. */
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.client, IPPROTO_IP, IP_TOS, 0x10));
	EXPECT_EQ(6, sock_get(pair.client, SOL_SOCKET, SO_PRIORITY));
	EXPECT_EQ(1, send(pair.client, "x", 1, 0));
	EXPECT_TRUE(sock_wait(pair.server, POLLIN));
}

TEST_F(opt, ip_options_as_bytes)
{
	static const int names[] = { IP_TTL, IP_MINTTL, IP_TOS };
	unsigned char byte = 200;
	socklen_t len;
	int fd = sock_new(0);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		byte = 200;
		ASSERT_EQ(0, setsockopt(fd, IPPROTO_IP, names[i], &byte, 1));
		EXPECT_EQ(200, sock_get(fd, IPPROTO_IP, names[i]));
		byte = 0;
		len = 1;
		ASSERT_EQ(0, getsockopt(fd, IPPROTO_IP, names[i], &byte, &len));
		EXPECT_EQ(200, byte);
	}
	EXPECT_EQ(EINVAL, sock_errno(setsockopt(fd, IPPROTO_IP, IP_TTL, &byte, 0)));
	EXPECT_EQ(EINVAL, sock_errno(setsockopt(fd, IPPROTO_IP, IP_MINTTL, &byte, 0)));
}

/* How often fd had to send again. */
static long resent(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return -1;
	return info.tcpi_total_retrans;
}

TEST_F(opt, minimum_ttl_keeps_text_out)
{
	struct sock_pair pair;
	char got[3];

	/* RFC 5082: what came over a router is not from a neighbour. */
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.server, IPPROTO_IP, IP_MINTTL, 255));
	ASSERT_EQ(3, send(pair.client, "abc", 3, 0));
	/* Dropped without a word: so it is sent again. */
	ASSERT_TRUE(sock_until(resent(pair.client) > 0 ||
			       sock_events(pair.server, POLLIN)));
	EXPECT_EQ(0, sock_events(pair.server, POLLIN));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(pair.client));
	/* A neighbour now: the next retransmission gets in. */
	ASSERT_EQ(0, sock_set(pair.client, IPPROTO_IP, IP_TTL, 255));
	ASSERT_EQ(0, sock_timeout(pair.server, SO_RCVTIMEO, SOCK_DEADLINE_MS));
	ASSERT_EQ(0, sock_read_all(pair.server, got, 3));
	EXPECT_EQ(0, memcmp(got, "abc", 3));
}

TEST_F(opt, minimum_ttl_is_a_minimum)
{
	static const int below[] = { 1, 63, 64 };
	struct sock_pair pair;
	char byte;
	size_t i;

	/* The default of 64 is enough for up to 64; the other way is not asked. */
	ASSERT_EQ(0, sock_pair(&pair));
	for (i = 0; i < ARRAY_SIZE(below); i++) {
		ASSERT_EQ(0, sock_set(pair.server, IPPROTO_IP, IP_MINTTL, below[i]));
		ASSERT_EQ(1, send(pair.client, "x", 1, 0));
		EXPECT_EQ(1, recv(pair.server, &byte, 1, 0));
		ASSERT_EQ(1, send(pair.server, "y", 1, 0));
		EXPECT_EQ(1, recv(pair.client, &byte, 1, 0));
	}
	EXPECT_EQ(0, resent(pair.client));
	ASSERT_EQ(0, sock_set(pair.server, IPPROTO_IP, IP_MINTTL, 65));
	ASSERT_EQ(1, send(pair.client, "x", 1, 0));
	ASSERT_TRUE(sock_until(resent(pair.client) > 0 ||
			       sock_events(pair.server, POLLIN)));
	EXPECT_EQ(0, sock_events(pair.server, POLLIN));
}

TEST_F(opt, minimum_ttl_of_neighbours)
{
	static char sent[50000], got[50000];
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.client, IPPROTO_IP, IP_TTL, 255));
	ASSERT_EQ(0, sock_set(pair.server, IPPROTO_IP, IP_TTL, 255));
	ASSERT_EQ(0, sock_set(pair.client, IPPROTO_IP, IP_MINTTL, 255));
	ASSERT_EQ(0, sock_set(pair.server, IPPROTO_IP, IP_MINTTL, 255));
	sock_pattern(sent, sizeof(sent), 61);
	ASSERT_EQ(0, sock_timeout(pair.server, SO_RCVTIMEO, SOCK_DEADLINE_MS));
	ASSERT_EQ(0, sock_write_all(pair.client, sent, sizeof(sent)));
	ASSERT_EQ(0, sock_read_all(pair.server, got, sizeof(got)));
	EXPECT_EQ(0, memcmp(sent, got, sizeof(got)));
	ASSERT_EQ(0, close(pair.client));
	EXPECT_EQ(0, recv(pair.server, got, 1, 0));
	EXPECT_EQ(0, close(pair.server));
	EXPECT_TRUE(sock_wait_gauge(TCP_LAST_ACK, 0));
}

TEST_F(opt, minimum_ttl_keeps_resets_out)
{
	struct linger now = { .l_onoff = 1 };
	struct sock_pair pair;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.server, IPPROTO_IP, IP_MINTTL, 255));
	ASSERT_EQ(0, setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	ASSERT_EQ(0, close(pair.client));
	EXPECT_TRUE(sock_wait_gauge(TCP_ESTABLISHED, 1));
	/* Nor is the RST heard that answers what it sends. */
	ASSERT_EQ(1, send(pair.server, "x", 1, MSG_NOSIGNAL));
	EXPECT_TRUE(sock_until(resent(pair.server) > 0 ||
			       sock_state(pair.server) != TCP_ESTABLISHED));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(pair.server));
	EXPECT_EQ(0, sock_error(pair.server));
	/* All are neighbours again: the next one ends it. */
	ASSERT_EQ(0, sock_set(pair.server, IPPROTO_IP, IP_MINTTL, 0));
	EXPECT_TRUE(sock_wait_state(pair.server, TCP_CLOSE));
	EXPECT_EQ(ECONNRESET, sock_error(pair.server));
}

TEST_F(opt, minimum_ttl_of_a_listener)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int client = sock_new(SOCK_NONBLOCK);
	int server;

	/* No answer, not even a refusal. */
	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_set(listener, IPPROTO_IP, IP_MINTTL, 255));
	ASSERT_EQ(EINPROGRESS, sock_errno(sock_connect(client, &addr)));
	ASSERT_TRUE(sock_until(resent(client) > 0 ||
			       sock_state(client) != TCP_SYN_SENT));
	EXPECT_EQ(TCP_SYN_SENT, sock_state(client));
	EXPECT_EQ(0, sock_events(listener, POLLIN));
	ASSERT_EQ(0, sock_set(client, IPPROTO_IP, IP_TTL, 255));
	EXPECT_TRUE(sock_wait(client, POLLOUT));
	EXPECT_EQ(0, sock_error(client));
	/* Its children have it from it. */
	server = accept(listener, NULL, NULL);
	ASSERT_LE(0, server);
	EXPECT_EQ(255, sock_get(server, IPPROTO_IP, IP_MINTTL));
}

TEST_F(opt, minimum_ttl_of_a_connecting_socket)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int client = sock_new(SOCK_NONBLOCK);

	/* The SYN+ACK comes with 64. */
	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_set(client, IPPROTO_IP, IP_MINTTL, 255));
	ASSERT_EQ(EINPROGRESS, sock_errno(sock_connect(client, &addr)));
	ASSERT_TRUE(sock_until(resent(client) > 0 ||
			       sock_state(client) != TCP_SYN_SENT));
	EXPECT_EQ(TCP_SYN_SENT, sock_state(client));
	ASSERT_EQ(0, sock_set(client, IPPROTO_IP, IP_MINTTL, 64));
	EXPECT_TRUE(sock_wait(client, POLLOUT));
	EXPECT_EQ(0, sock_error(client));
}

TEST_F(opt, no_multicast_membership)
{
	struct ip_mreq mreq = {
		.imr_multiaddr.s_addr = htonl(0xe0000142),
		.imr_interface.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = sock_new(0);

	ASSERT_LE(0, fd);
	EXPECT_NE(0, sock_errno(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP,
					   &mreq, sizeof(mreq))));
}

TEST_F(opt, mark_needs_the_right)
{
	int fd = sock_new(0);

	ASSERT_TRUE(sock_drop_cap(CAP_NET_ADMIN));
	ASSERT_TRUE(sock_drop_cap(CAP_NET_RAW));
	EXPECT_EQ(EPERM, sock_errno(sock_set(fd, SOL_SOCKET, SO_MARK, 5)));
}

TEST_F(opt, bind_to_device)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int fd = sock_new(0);

	ASSERT_LE(0, listener);
	EXPECT_EQ(ENODEV, sock_errno(setsockopt(fd, SOL_SOCKET,
						SO_BINDTODEVICE, "nodev0",
						6)));
	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2));
	EXPECT_EQ(0, sock_connect(fd, &addr));
}

TEST_F(opt, bound_device_keeps_others_out)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 1);
	int fd = sock_new(0);

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, system("ip link add other0 type dummy && ip link set other0 up"));
	ASSERT_EQ(0, setsockopt(listener, SOL_SOCKET, SO_BINDTODEVICE, "other0", 7));
	EXPECT_EQ(ECONNREFUSED, sock_errno(sock_connect(fd, &addr)));
	ASSERT_EQ(0, setsockopt(listener, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	EXPECT_EQ(0, sock_connect(sock_new(0), &addr));
}

TEST_F(opt, after_the_end)
{
	struct sock_pair pair;

	/* A socket whose connection is over still answers. */
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	ASSERT_TRUE(sock_wait_state(pair.server, TCP_CLOSE_WAIT));
	ASSERT_EQ(0, shutdown(pair.server, SHUT_WR));
	ASSERT_TRUE(sock_wait_state(pair.server, TCP_CLOSE));
	ASSERT_TRUE(sock_wait_state(pair.client, TCP_CLOSE));
	EXPECT_EQ(0, sock_set(pair.client, IPPROTO_TCP, TCP_NODELAY, 1));
	EXPECT_EQ(1, sock_get(pair.client, IPPROTO_TCP, TCP_NODELAY));
	EXPECT_EQ(0, sock_error(pair.client));
	EXPECT_EQ(0, sock_error(pair.server));
}

TEST_HARNESS_MAIN

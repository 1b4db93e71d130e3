// SPDX-License-Identifier: GPL-2.0
/*
 * socket() gives a stream socket to whoever may administer the network
 * namespace, and refuses every other type, protocol and caller.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>
#include <linux/capability.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "lib/sock.h"
#include "kselftest_harness.h"

#define NOBODY	65534

SOCK_FIXTURE(create);

TEST_F(create, stream)
{
	int fd = sock_new(0);

	ASSERT_LE(0, fd);
	EXPECT_EQ(7, sock_state(fd));
	EXPECT_EQ(0, close(fd));
}

TEST_F(create, protocol_by_number)
{
	int wire = sock_is_intree() ? IPPROTO_TCP : sock_wire();
	int fd = socket(sock_family(), SOCK_STREAM, wire);

	ASSERT_LE(0, fd);
	close(fd);
}

TEST_F(create, flags)
{
	int fd = sock_new(SOCK_NONBLOCK | SOCK_CLOEXEC);

	ASSERT_LE(0, fd);
	EXPECT_EQ(O_NONBLOCK, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	close(fd);

	fd = sock_new(0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(0, fcntl(fd, F_GETFD));
	close(fd);
}

TEST_F(create, wrong_type)
{
	int family = sock_family();

	EXPECT_EQ(ESOCKTNOSUPPORT,
		  sock_errno(socket(family, SOCK_SEQPACKET, 0)));
	EXPECT_EQ(ESOCKTNOSUPPORT, sock_errno(socket(family, SOCK_RDM, 0)));
	if (sock_is_intree())
		SKIP(return, "the in-tree family has datagrams");
	EXPECT_EQ(ESOCKTNOSUPPORT, sock_errno(socket(family, SOCK_DGRAM, 0)));
	EXPECT_EQ(ESOCKTNOSUPPORT, sock_errno(socket(family, SOCK_RAW, 0)));
	EXPECT_EQ(ESOCKTNOSUPPORT,
		  sock_errno(socket(family, SOCK_RAW, IPPROTO_TCP)));
}

TEST_F(create, wrong_protocol)
{
	int family = sock_family();

	EXPECT_EQ(EPROTONOSUPPORT,
		  sock_errno(socket(family, SOCK_STREAM, IPPROTO_UDP)));
	EXPECT_EQ(EPROTONOSUPPORT,
		  sock_errno(socket(family, SOCK_STREAM, IPPROTO_ICMP)));
	EXPECT_EQ(EPROTONOSUPPORT,
		  sock_errno(socket(family, SOCK_STREAM, 255)));
}

TEST_F(create, protocol_out_of_range)
{
	int family = sock_family();

	EXPECT_EQ(EINVAL, sock_errno(socket(family, SOCK_STREAM, -1)));
	EXPECT_EQ(EINVAL, sock_errno(socket(family, SOCK_STREAM, 0x206)));
	EXPECT_EQ(EINVAL, sock_errno(socket(family, SOCK_STREAM, 0x10006)));
}

TEST_F(create, no_socketpair)
{
	int fd[2];

	EXPECT_EQ(EOPNOTSUPP,
		  sock_errno(socketpair(sock_family(), SOCK_STREAM, 0, fd)));
}

TEST_F(create, many)
{
	int fd[256];
	int i;

	for (i = 0; i < 256; i++) {
		fd[i] = sock_new(0);
		ASSERT_LE(0, fd[i]);
	}
	for (i = 0; i < 256; i++)
		EXPECT_EQ(0, close(fd[i]));
}

TEST_F(create, capability_needed)
{
	int fd;

	if (sock_is_intree())
		SKIP(return, "the in-tree family is open to all");
	ASSERT_TRUE(sock_drop_cap(CAP_NET_ADMIN));
	fd = sock_new(0);
	EXPECT_EQ(EPERM, fd < 0 ? errno : 0);
}

TEST_F(create, capability_over_the_namespace_needed)
{
	if (sock_is_intree())
		SKIP(return, "the in-tree family is open to all");
	/* All capabilities, but not over the namespace we are in. */
	ASSERT_EQ(0, setresuid(NOBODY, NOBODY, NOBODY));
	if (unshare(CLONE_NEWUSER))
		SKIP(return, "no user namespaces");
	EXPECT_EQ(EPERM, sock_errno(sock_new(0)));
}

TEST_F(create, own_user_namespace)
{
	int fd;

	ASSERT_EQ(0, setresuid(NOBODY, NOBODY, NOBODY));
	if (unshare(CLONE_NEWUSER))
		SKIP(return, "no user namespaces");
	ASSERT_EQ(0, sock_netns());
	fd = sock_new(0);
	EXPECT_LE(0, fd);
	close(fd);
}

TEST_F(create, sysctl_relaxes)
{
	int fd;

	if (!sock_is_intree())
		ASSERT_EQ(0, sock_sysctl("unprivileged", 1));
	ASSERT_TRUE(sock_drop_cap(CAP_NET_ADMIN));
	fd = sock_new(0);
	EXPECT_LE(0, fd);
	close(fd);
}

TEST_F(create, sysctl_is_per_namespace)
{
	if (sock_is_intree())
		SKIP(return, "a knob of the module");
	ASSERT_EQ(0, sock_sysctl("unprivileged", 1));
	ASSERT_EQ(0, sock_netns());
	ASSERT_TRUE(sock_drop_cap(CAP_NET_ADMIN));
	EXPECT_EQ(EPERM, sock_errno(sock_new(0)));
}

TEST_F(create, opened_before_the_drop)
{
	struct sock_pair pair;
	char byte = 'x';

	/* The right is asked for when a socket is made, not when it is used. */
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_TRUE(sock_drop_cap(CAP_NET_ADMIN));
	EXPECT_EQ(1, send(pair.client, &byte, 1, 0));
	EXPECT_EQ(1, recv(pair.server, &byte, 1, 0));
}

TEST_HARNESS_MAIN

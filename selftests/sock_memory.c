// SPDX-License-Identifier: GPL-2.0
/*
 * A namespace with limits of its own (net.tcpstate.mem) stops there, keeps going at them,
 * and neither takes from the others nor gives to them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/sock.h"

#define KNOB	"/proc/sys/net/tcpstate/mem"
#define PAIRS	60
#define CHUNK	16384

SOCK_FIXTURE(memory)

/* 0, or the errno of writing. */
static int set_mem(const char *text)
{
	int fd = open(KNOB, O_WRONLY | O_CLOEXEC), err;

	if (fd < 0)
		return errno;
	err = write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : errno;
	close(fd);
	return err;
}

static int get_mem(long *mem)
{
	FILE *file = fopen(KNOB, "re");
	int n = file ? fscanf(file, "%ld %ld %ld", &mem[0], &mem[1], &mem[2]) : 0;

	if (file)
		fclose(file);
	return n == 3 ? 0 : -1;
}

/* Writers without readers; what they could write in all, octets. */
static long hoard(struct sock_pair *pair, int n)
{
	static const char text[CHUNK];
	long all = 0;
	ssize_t sent;
	int i;

	for (i = 0; i < n; i++) {
		if (sock_pair(&pair[i]) ||
		    sock_set(pair[i].client, SOL_SOCKET, SO_SNDBUF, 200000))
			return -1;
		while ((sent = send(pair[i].client, text, CHUNK, MSG_DONTWAIT)) > 0)
			all += sent;
	}
	return all;
}

static void drop(struct sock_pair *pair, int n)
{
	while (n--) {
		close(pair[n].client);
		close(pair[n].server);
		close(pair[n].listener);
	}
}

/* A CPU keeps up to a megabyte, and a socket a few kilobytes, that nobody counts. */
static long most(long pages, int n)
{
	return pages * sysconf(_SC_PAGESIZE) +
	       sysconf(_SC_NPROCESSORS_CONF) * (2L << 20) + n * 2 * CHUNK;
}

TEST_F_TIMEOUT(memory, a_limit_holds_and_is_nobody_elses, 300)
{
	struct sock_pair pair[PAIRS], other[PAIRS];
	long free_for_all, limited;
	int here, there;

	if (sock_is_intree())
		SKIP(return, "tcp_mem is for all namespaces");
	free_for_all = hoard(pair, PAIRS);
	ASSERT_LT(most(64, PAIRS), free_for_all);
	here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ASSERT_EQ(0, sock_netns());
	there = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ASSERT_EQ(0, set_mem("32 48 64"));
	limited = hoard(other, PAIRS);
	ASSERT_LT(0, limited);
	ASSERT_GE(most(64, PAIRS), limited);
	/* The others have what they had, and may have more. */
	ASSERT_EQ(0, setns(here, CLONE_NEWNET));
	drop(pair, PAIRS);
	ASSERT_LT(most(64, PAIRS), hoard(pair, PAIRS));
	drop(pair, PAIRS);
	ASSERT_EQ(0, setns(there, CLONE_NEWNET));
	drop(other, PAIRS);
	/* All was given back: it has as much again. */
	ASSERT_TRUE(sock_until(sock_statistic("MemoryPages") <= 0));
	ASSERT_GE(limited * 2, hoard(other, PAIRS));
	drop(other, PAIRS);
}

TEST_F_TIMEOUT(memory, at_the_limit_it_goes_on, 300)
{
	static char text[8 * CHUNK], got[8 * CHUNK];
	struct sock_pair pair[PAIRS], one;
	pid_t pid;
	int status;

	if (sock_is_intree())
		SKIP(return, "tcp_mem is for all namespaces");
	ASSERT_EQ(0, set_mem("8 8 8"));
	ASSERT_LT(0, hoard(pair, PAIRS));
	ASSERT_EQ(0, sock_pair(&one));
	sock_pattern(text, sizeof(text), 7);
	pid = fork();
	if (!pid)
		_exit(sock_write_all(one.client, text, sizeof(text)) ? 1 : 0);
	ASSERT_EQ(0, sock_read_all(one.server, got, sizeof(got)));
	ASSERT_EQ(0, memcmp(text, got, sizeof(text)));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	drop(&one, 1);
	drop(pair, PAIRS);
}

/* Who waits for more than there is memory for is told of what came. */
TEST_F_TIMEOUT(memory, at_the_limit_who_waits_for_more_is_told, 300)
{
	static char text[8 * CHUNK], got[8 * CHUNK];
	struct sock_pair pair[PAIRS], one;
	struct pollfd pfd;
	size_t done = 0;
	ssize_t n;
	pid_t pid;
	int status;

	if (sock_is_intree())
		SKIP(return, "tcp_mem is for all namespaces");
	ASSERT_EQ(0, set_mem("8 8 8"));
	ASSERT_LT(0, hoard(pair, PAIRS));
	ASSERT_EQ(0, sock_pair(&one));
	ASSERT_EQ(0, sock_set(one.server, SOL_SOCKET, SO_RCVLOWAT, sizeof(text)));
	sock_pattern(text, sizeof(text), 9);
	pid = fork();
	if (!pid)
		_exit(sock_write_all(one.client, text, sizeof(text)) ? 1 : 0);
	pfd = (struct pollfd){ .fd = one.server, .events = POLLIN };
	while (done < sizeof(got)) {
		ASSERT_EQ(1, poll(&pfd, 1, SOCK_DEADLINE_MS));
		n = recv(one.server, got + done, sizeof(got) - done, MSG_DONTWAIT);
		ASSERT_LT(0, n);
		done += n;
		/* What is left is less than it waits for. */
		ASSERT_EQ(0, sock_set(one.server, SOL_SOCKET, SO_RCVLOWAT,
				      sizeof(got) - done ?: 1));
	}
	ASSERT_EQ(0, memcmp(text, got, sizeof(text)));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	drop(&one, 1);
	drop(pair, PAIRS);
}

/* SO_RESERVE_MEM is for sockets whose memory is charged to a cgroup. */
static int reserves(int fd)
{
	return setsockopt(fd, SOL_SOCKET, SO_RESERVE_MEM, &(int){ 65536 }, sizeof(int)) ? errno : 0;
}

TEST_F(memory, accepted_sockets_are_charged)
{
	struct sock_pair pair;
	char path[64];
	FILE *file;

	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	if (mount("none", "/sys/fs/cgroup", "cgroup2", 0, NULL) && errno != EBUSY)
		SKIP(return, "no cgroup2 here");
	file = fopen("/sys/fs/cgroup/cgroup.subtree_control", "we");
	if (!file || fprintf(file, "+memory") < 0 || fclose(file))
		SKIP(return, "no cgroups of memory");
	snprintf(path, sizeof(path), "/sys/fs/cgroup/tcpstate-%d", getpid());
	ASSERT_EQ(0, mkdir(path, 0700));
	strcat(path, "/cgroup.procs");
	file = fopen(path, "we");
	ASSERT_NE(NULL, file);
	ASSERT_LT(0, fprintf(file, "0"));
	ASSERT_EQ(0, fclose(file));
	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(0, reserves(pair.client));
	EXPECT_EQ(0, reserves(pair.server));
}

TEST_F(memory, limits_make_sense)
{
	long mem[3];

	if (sock_is_intree())
		SKIP(return, "tcp_mem is for all namespaces");
	ASSERT_EQ(0, get_mem(mem));
	EXPECT_EQ(0, mem[0] + mem[1] + mem[2]);
	EXPECT_EQ(EINVAL, set_mem("0 0 0"));
	EXPECT_EQ(EINVAL, set_mem("3 2 4"));
	EXPECT_EQ(EINVAL, set_mem("3 5 4"));
	EXPECT_EQ(EINVAL, set_mem("3"));
	EXPECT_EQ(EINVAL, set_mem("-1 2 3"));
	EXPECT_EQ(EINVAL, set_mem("a lot"));
	ASSERT_EQ(0, get_mem(mem));
	EXPECT_EQ(0, mem[0] + mem[1] + mem[2]);
	EXPECT_EQ(0, set_mem("10 20 30"));
	ASSERT_EQ(0, get_mem(mem));
	EXPECT_EQ(10, mem[0]);
	EXPECT_EQ(20, mem[1]);
	EXPECT_EQ(30, mem[2]);
	/* Each alone as well, where the order stays. */
	EXPECT_EQ(0, set_mem("15"));
	EXPECT_EQ(EINVAL, set_mem("25"));
	ASSERT_EQ(0, get_mem(mem));
	EXPECT_EQ(15, mem[0]);
	EXPECT_EQ(30, mem[2]);
	/* What it has of its own it keeps. */
	EXPECT_EQ(EINVAL, set_mem("0 0 0"));
}

TEST_F(memory, is_for_the_host_to_give)
{
	int status;
	pid_t pid;

	if (sock_is_intree())
		SKIP(return, "tcp_mem is for all namespaces");
	pid = fork();
	if (!pid) {
		/* Root there, and nobody here. */
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
			_exit(2);
		_exit(set_mem("10 20 30") == EPERM ? 0 : 1);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	if (WEXITSTATUS(status) == 2)
		SKIP(return, "no user namespaces");
	EXPECT_EQ(0, WEXITSTATUS(status));
	ASSERT_TRUE(sock_drop_cap(CAP_NET_ADMIN));
	EXPECT_NE(0, set_mem("10 20 30"));
}

/* A child is its listener's, also where the listener was there before the limits. */
TEST_F_TIMEOUT(memory, sockets_from_before_share, 300)
{
	struct sockaddr_in addr;
	struct sock_pair pair;
	char byte = 0;

	if (sock_is_intree())
		SKIP(return, "tcp_mem is for all namespaces");
	pair.listener = sock_listen(&addr, 8);
	ASSERT_LE(0, pair.listener);
	ASSERT_EQ(0, set_mem("10 20 30"));
	pair.client = sock_new(0);
	ASSERT_EQ(0, sock_connect(pair.client, &addr));
	pair.server = accept(pair.listener, NULL, NULL);
	ASSERT_LE(0, pair.server);
	ASSERT_EQ(1, write(pair.client, &byte, 1));
	ASSERT_EQ(1, read(pair.server, &byte, 1));
	ASSERT_EQ(1, write(pair.server, &byte, 1));
	ASSERT_EQ(1, read(pair.client, &byte, 1));
	drop(&pair, 1);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Two network namespaces with the same addresses and ports know nothing of each
 * other: neither connections, nor counters, nor knobs. What the observers show of
 * another namespace is in the tests of each.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "lib/sock.h"
#include "kselftest_harness.h"

#define PORT	7000
#define CLIENT	7001
#define KNOBS	"/proc/sys/net/tcpstate"
#define STAT	"/proc/thread-self/net/tcpstate_stat"

FIXTURE(two) {
	int ns[2];
};

static int new_namespace(void)
{
	return sock_netns() ? -1 : open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

FIXTURE_SETUP(two)
{
	self->ns[0] = new_namespace();
	self->ns[1] = new_namespace();
	ASSERT_LE(0, self->ns[0]);
	ASSERT_LE(0, self->ns[1]);
}

FIXTURE_TEARDOWN(two)
{
	close(self->ns[0]);
	close(self->ns[1]);
}

/* A connection with the same two names in any namespace: that which we are in. */
static int same_pair(struct sock_pair *pair)
{
	struct sockaddr_in addr = sock_addr("127.0.0.1", PORT);

	pair->listener = sock_new(0);
	pair->client = sock_new(0);
	if (pair->listener < 0 || pair->client < 0 ||
	    sock_bind(pair->listener, "127.0.0.1", PORT) || listen(pair->listener, 8) ||
	    sock_bind(pair->client, "127.0.0.1", CLIENT) || sock_connect(pair->client, &addr))
		return -1;
	pair->server = accept(pair->listener, NULL, NULL);
	return pair->server < 0 ? -1 : 0;
}

TEST_F(two, same_names_other_text)
{
	static const char * const text[] = { "of the first", "of the other" };
	struct sock_pair pair[2];
	char got[16];
	int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, setns(self->ns[i], CLONE_NEWNET));
		ASSERT_EQ(0, same_pair(&pair[i]));
	}
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, sock_write_all(pair[i].client, text[i], strlen(text[i])));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, sock_read_all(pair[i].server, got, strlen(text[i])));
		EXPECT_EQ(0, memcmp(got, text[i], strlen(text[i])));
		EXPECT_EQ(EAGAIN, sock_errno(recv(pair[i].server, got, 1, MSG_DONTWAIT)));
	}
	/* The end of one is not that of the other. */
	close(pair[0].client);
	ASSERT_EQ(0, recv(pair[0].server, got, 1, 0));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(pair[1].server));
	ASSERT_EQ(0, sock_write_all(pair[1].server, "still", 5));
	ASSERT_EQ(0, sock_read_all(pair[1].client, got, 5));
}

TEST_F(two, a_listener_hears_nobody_else)
{
	struct sockaddr_in addr = sock_addr("127.0.0.1", PORT);
	int listener, fd;

	ASSERT_EQ(0, setns(self->ns[0], CLONE_NEWNET));
	listener = sock_new(0);
	ASSERT_EQ(0, sock_bind(listener, "0.0.0.0", PORT));
	ASSERT_EQ(0, listen(listener, 8));
	ASSERT_EQ(0, setns(self->ns[1], CLONE_NEWNET));
	fd = sock_new(0);
	EXPECT_EQ(ECONNREFUSED, sock_errno(sock_connect(fd, &addr)));
	EXPECT_EQ(0, sock_events(listener, POLLIN));
	close(fd);
	/* A socket stays where it was made, whoever uses it. */
	ASSERT_EQ(0, setns(self->ns[0], CLONE_NEWNET));
	fd = sock_new(0);
	ASSERT_EQ(0, setns(self->ns[1], CLONE_NEWNET));
	EXPECT_EQ(0, sock_connect(fd, &addr));
	EXPECT_TRUE(sock_wait(listener, POLLIN));
}

static int read_stat(char *to, size_t size)
{
	int fd = open(STAT, O_RDONLY | O_CLOEXEC), n;

	if (fd < 0)
		return -1;
	n = read(fd, to, size - 1);
	close(fd);
	if (n >= 0)
		to[n] = 0;
	return n;
}

TEST_F(two, counters)
{
	char before[16384], after[16384];
	struct sock_pair pair;

	if (sock_is_intree())
		SKIP(return, "the module's counters");
	ASSERT_EQ(0, setns(self->ns[1], CLONE_NEWNET));
	ASSERT_EQ(0, same_pair(&pair));
	ASSERT_LT(0, read_stat(before, sizeof(before)));
	ASSERT_EQ(0, setns(self->ns[0], CLONE_NEWNET));
	ASSERT_EQ(0, same_pair(&pair));
	ASSERT_EQ(0, sock_write_all(pair.client, before, 1000));
	ASSERT_EQ(0, sock_read_all(pair.server, after, 1000));
	close(pair.client);
	close(pair.server);
	close(pair.listener);
	ASSERT_TRUE(sock_wait_gauge(TCP_TIME_WAIT, 1));
	ASSERT_EQ(0, setns(self->ns[1], CLONE_NEWNET));
	ASSERT_LT(0, read_stat(after, sizeof(after)));
	EXPECT_EQ(0, strcmp(before, after)) TH_LOG("before:\n%s\nafter:\n%s", before, after);
}

/* A knob's file belongs to the namespace that it was opened in. */
static int knob(const char *name, long *value, bool set)
{
	char path[320], text[32] = "";
	int fd, n;

	snprintf(path, sizeof(path), KNOBS "/%s", name);
	fd = open(path, (set ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (set)
		n = write(fd, text, snprintf(text, sizeof(text), "%ld", *value));
	else
		n = read(fd, text, sizeof(text) - 1);
	if (!set)
		*value = atol(text);
	close(fd);
	return n > 0 ? 0 : -1;
}

TEST_F(two, knobs)
{
	long mine, yours, again;
	struct dirent *entry;
	int seen = 0;
	DIR *dir;

	if (sock_is_intree())
		SKIP(return, "the module's knobs");
	dir = opendir(KNOBS);
	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir))) {
		/* mem is three numbers: see sock_memory. */
		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "mem"))
			continue;
		ASSERT_EQ(0, setns(self->ns[1], CLONE_NEWNET));
		ASSERT_EQ(0, knob(entry->d_name, &yours, false));
		ASSERT_EQ(0, setns(self->ns[0], CLONE_NEWNET));
		/* One of the two is in every knob's range. */
		mine = yours - 1;
		if (knob(entry->d_name, &mine, true)) {
			mine = yours + 1;
			ASSERT_EQ(0, knob(entry->d_name, &mine, true))
				TH_LOG("%s", entry->d_name);
		}
		ASSERT_EQ(0, knob(entry->d_name, &again, false));
		EXPECT_EQ(mine, again);
		ASSERT_EQ(0, setns(self->ns[1], CLONE_NEWNET));
		ASSERT_EQ(0, knob(entry->d_name, &again, false));
		EXPECT_EQ(yours, again) TH_LOG("%s", entry->d_name);
		seen++;
	}
	closedir(dir);
	EXPECT_LT(10, seen);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * A connection whose owner has gone, by close() or by death, goes on until all
 * that was written is with the peer; what the owner left unread resets it.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "lib/sock.h"
#include "kselftest_harness.h"

#define ORPHANS		40
#define BYTES		400000
#define LONG_SECONDS	120

/* Text of one connection: another seed, another text. */
static char text[BYTES], got[BYTES + 1];

static int queued(int fd, unsigned long request)
{
	int bytes = -1;

	return ioctl(fd, request, &bytes) ? -1 : bytes;
}

/* Whether no connection is left in any state but TIME_WAIT and FIN_WAIT2. */
static bool all_gone(void)
{
	static const int states[] = {
		TCP_ESTABLISHED, TCP_SYN_SENT, TCP_SYN_RECV, TCP_FIN_WAIT1,
		TCP_CLOSE_WAIT, TCP_LAST_ACK, TCP_CLOSING,
	};
	bool gone = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(states); i++)
		gone &= sock_wait_gauge(states[i], 0);
	return gone;
}

/* A connection with a small receive buffer at its server's end. */
static int tight_pair(struct sock_pair *pair)
{
	struct sockaddr_in addr;

	pair->listener = sock_listen(&addr, 1);
	pair->client = sock_new(SOCK_CLOEXEC);
	if (pair->listener < 0 || pair->client < 0)
		return -1;
	if (sock_set(pair->listener, SOL_SOCKET, SO_RCVBUF, 8192) ||
	    sock_connect(pair->client, &addr))
		return -1;
	pair->server = accept(pair->listener, NULL, NULL);
	close(pair->listener);
	pair->listener = -1;
	return pair->server < 0 ? -1 : 0;
}

/* Write until the socket takes no more at once: so much text of that seed. */
static long write_until_full(int fd, uint32_t seed)
{
	long done = 0;
	ssize_t n;

	sock_pattern(text, BYTES, seed);
	do {
		n = send(fd, text + done, BYTES - done, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0)
			done += n;
	} while (n > 0 && done < BYTES);
	return n < 0 && errno != EAGAIN ? -1 : done;
}

/* Read to the end: "whole", or what was wrong. len -1: as much as comes. */
static const char *read_text(int fd, uint32_t seed, long len)
{
	static char verdict[100];
	long done = 0;
	ssize_t n;

	sock_pattern(text, BYTES, seed);
	sock_timeout(fd, SO_RCVTIMEO, SOCK_DEADLINE_MS);
	do {
		n = recv(fd, got + done, sizeof(got) - done, 0);
		if (n > 0)
			done += n;
	} while (n > 0 && done <= BYTES);
	if (!n && (done == len || len < 0) && !memcmp(text, got, done))
		return "whole";
	snprintf(verdict, sizeof(verdict), "%s after %ld of %ld, %s", n ? strerror(errno) : "end",
		 done, len, memcmp(text, got, done) ? "another text" : "its text");
	return verdict;
}

/* Octets that came before a RST, or -1 where none came. */
static long read_to_reset(int fd)
{
	long done = 0;
	ssize_t n;

	sock_timeout(fd, SO_RCVTIMEO, SOCK_DEADLINE_MS);
	do {
		n = recv(fd, got, sizeof(got), 0);
		if (n > 0)
			done += n;
	} while (n > 0);
	return n < 0 && errno == ECONNRESET ? done : -1;
}

SOCK_FIXTURE(orphan);

TEST_F_TIMEOUT(orphan, many_with_unsent_text, LONG_SECONDS)
{
	struct sock_pair pair[ORPHANS];
	long written[ORPHANS];
	int i;

	for (i = 0; i < ORPHANS; i++) {
		ASSERT_EQ(0, tight_pair(&pair[i]));
		written[i] = write_until_full(pair[i].client, i + 1);
		ASSERT_LT(0, written[i]);
		EXPECT_LT(0, queued(pair[i].client, SIOCOUTQ));
		ASSERT_EQ(0, close(pair[i].client));
	}
	/* The peers have not read: every FIN is still behind its text. */
	EXPECT_EQ(ORPHANS, sock_gauge(TCP_FIN_WAIT1));
	EXPECT_EQ(ORPHANS, sock_gauge(TCP_ESTABLISHED));
	for (i = ORPHANS - 1; i >= 0; i--) {
		ASSERT_STREQ("whole", read_text(pair[i].server, i + 1, written[i]))
			TH_LOG("orphan %d", i);
		close(pair[i].server);
	}
	EXPECT_TRUE(all_gone());
	EXPECT_TRUE(sock_wait_gauge(TCP_FIN_WAIT2, 0));
}

TEST_F_TIMEOUT(orphan, many_behind_the_peers_end, LONG_SECONDS)
{
	struct sock_pair pair[ORPHANS];
	long written[ORPHANS];
	int i;

	/* The same from CLOSE_WAIT, which ends by LAST_ACK. */
	for (i = 0; i < ORPHANS; i++) {
		ASSERT_EQ(0, tight_pair(&pair[i]));
		ASSERT_EQ(0, shutdown(pair[i].server, SHUT_WR));
		ASSERT_TRUE(sock_wait_state(pair[i].client, TCP_CLOSE_WAIT));
		written[i] = write_until_full(pair[i].client, i + 1);
		ASSERT_LT(0, written[i]);
		EXPECT_LT(0, queued(pair[i].client, SIOCOUTQ));
		ASSERT_EQ(0, close(pair[i].client));
	}
	EXPECT_EQ(ORPHANS, sock_gauge(TCP_LAST_ACK));
	for (i = 0; i < ORPHANS; i++) {
		ASSERT_STREQ("whole", read_text(pair[i].server, i + 1, written[i]))
			TH_LOG("orphan %d", i);
		close(pair[i].server);
	}
	EXPECT_TRUE(all_gone());
}

TEST_F_TIMEOUT(orphan, both_ends, LONG_SECONDS)
{
	struct sock_pair pair[ORPHANS];
	int i;

	/* Nobody is left to read: RSTs end it. */
	for (i = 0; i < ORPHANS; i++) {
		ASSERT_EQ(0, tight_pair(&pair[i]));
		ASSERT_LT(0, write_until_full(pair[i].client, 1));
		ASSERT_EQ(0, close(pair[i].client));
	}
	for (i = 0; i < ORPHANS; i++)
		ASSERT_EQ(0, close(pair[i].server));
	EXPECT_TRUE(all_gone());
	EXPECT_TRUE(sock_wait_gauge(TCP_FIN_WAIT2, 0));
}

TEST_F_TIMEOUT(orphan, reader_closes_early, LONG_SECONDS)
{
	struct sock_pair pair;
	long written;

	/* Half is read, then the reader goes too: what follows meets a RST. */
	ASSERT_EQ(0, tight_pair(&pair));
	written = write_until_full(pair.client, 1);
	ASSERT_LT(0, written);
	ASSERT_EQ(0, close(pair.client));
	ASSERT_EQ(0, sock_read_all(pair.server, got, written / 2));
	EXPECT_EQ(0, memcmp(text, got, written / 2));
	ASSERT_EQ(0, close(pair.server));
	EXPECT_TRUE(all_gone());
	EXPECT_TRUE(sock_wait_gauge(TCP_FIN_WAIT2, 0));
}

/* What a child that will be killed says to its parent. */
struct report {
	long written;
	bool ready;
};

static struct report *new_report(void)
{
	struct report *report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return report == MAP_FAILED ? NULL : report;
}

static bool is_ready(const struct report *report)
{
	return __atomic_load_n(&report->ready, __ATOMIC_ACQUIRE);
}

enum deed { DEED_FILL, DEED_BLOCK, DEED_WAIT };

/* A child that alone has the client's end, and never lets go of it by itself. */
static pid_t start_child(struct sock_pair *pair, enum deed deed, uint32_t seed,
			 struct report *report)
{
	pid_t pid = fork();

	if (pid) {
		close(pair->client);
		return pid;
	}
	close(pair->server);
	if (deed == DEED_FILL)
		report->written = write_until_full(pair->client, seed);
	if (deed == DEED_BLOCK)
		sock_pattern(text, BYTES, seed);
	__atomic_store_n(&report->ready, true, __ATOMIC_RELEASE);
	while (deed == DEED_BLOCK)
		if (sock_write_all(pair->client, text, BYTES))
			break;
	for (;;)
		pause();
	return 0;
}

static bool kill_child(pid_t pid)
{
	return !kill(pid, SIGKILL) && waitpid(pid, NULL, 0) == pid;
}

TEST_F_TIMEOUT(orphan, killed_with_queued_text, LONG_SECONDS)
{
	struct report *report = new_report();
	struct sock_pair pair;
	pid_t pid;

	ASSERT_NE(NULL, report);
	ASSERT_EQ(0, tight_pair(&pair));
	pid = start_child(&pair, DEED_FILL, 51, report);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(sock_until(is_ready(report)));
	ASSERT_LT(0, report->written);
	ASSERT_TRUE(kill_child(pid));
	EXPECT_EQ(1, sock_gauge(TCP_FIN_WAIT1));
	ASSERT_STREQ("whole", read_text(pair.server, 51, report->written));
	close(pair.server);
	EXPECT_TRUE(all_gone());
}

TEST_F_TIMEOUT(orphan, killed_in_send, LONG_SECONDS)
{
	struct report *report = new_report();
	struct sock_pair pair;
	pid_t pid;

	/* How much it had taken nobody knows; but it is a piece of the text. */
	ASSERT_NE(NULL, report);
	ASSERT_EQ(0, tight_pair(&pair));
	ASSERT_EQ(0, sock_set(pair.client, SOL_SOCKET, SO_SNDBUF, 65536));
	pid = start_child(&pair, DEED_BLOCK, 52, report);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(sock_until(is_ready(report)));
	ASSERT_TRUE(sock_wait(pair.server, POLLIN));
	ASSERT_TRUE(sock_waits(pid));
	ASSERT_TRUE(kill_child(pid));
	EXPECT_EQ(1, sock_gauge(TCP_FIN_WAIT1));
	ASSERT_STREQ("whole", read_text(pair.server, 52, -1));
	close(pair.server);
	EXPECT_TRUE(all_gone());
}

TEST_F_TIMEOUT(orphan, killed_with_unread_text, LONG_SECONDS)
{
	struct report *report = new_report();
	struct sock_pair pair;
	pid_t pid;

	ASSERT_NE(NULL, report);
	ASSERT_EQ(0, tight_pair(&pair));
	ASSERT_EQ(4, send(pair.server, "read", 4, 0));
	ASSERT_TRUE(sock_wait(pair.client, POLLIN));
	pid = start_child(&pair, DEED_WAIT, 53, report);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(sock_until(is_ready(report)));
	EXPECT_EQ(TCP_ESTABLISHED, sock_state(pair.server));
	ASSERT_TRUE(kill_child(pid));
	EXPECT_EQ(0, read_to_reset(pair.server));
	EXPECT_TRUE(all_gone());
}

TEST_F_TIMEOUT(orphan, killed_with_unread_and_queued_text, LONG_SECONDS)
{
	struct report *report = new_report();
	struct sock_pair pair;
	pid_t pid;

	/* The RST is for both directions: what was not sent is not owed. */
	ASSERT_NE(NULL, report);
	ASSERT_EQ(0, tight_pair(&pair));
	ASSERT_EQ(4, send(pair.server, "read", 4, 0));
	ASSERT_TRUE(sock_wait(pair.client, POLLIN));
	pid = start_child(&pair, DEED_FILL, 54, report);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(sock_until(is_ready(report)));
	ASSERT_LT(0, report->written);
	ASSERT_TRUE(kill_child(pid));
	ASSERT_TRUE(sock_wait(pair.server, POLLERR));
	EXPECT_NE(-1, read_to_reset(pair.server));
	EXPECT_TRUE(all_gone());
}

TEST_F_TIMEOUT(orphan, killed_with_many, LONG_SECONDS)
{
	struct sock_pair pair[ORPHANS];
	long written[ORPHANS];
	struct report *report = new_report();
	pid_t pid;
	int i;

	/* One death, many orphans; a third of them has unread text as well. */
	ASSERT_NE(NULL, report);
	for (i = 0; i < ORPHANS; i++) {
		ASSERT_EQ(0, tight_pair(&pair[i]));
		written[i] = write_until_full(pair[i].client, i + 1);
		ASSERT_LT(0, written[i]);
		if (i % 3)
			continue;
		ASSERT_EQ(4, send(pair[i].server, "read", 4, 0));
		ASSERT_TRUE(sock_wait(pair[i].client, POLLIN));
	}
	pid = start_child(&pair[0], DEED_WAIT, 0, report);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(sock_until(is_ready(report)));
	for (i = 1; i < ORPHANS; i++)
		close(pair[i].client);
	EXPECT_EQ(2 * ORPHANS, sock_gauge(TCP_ESTABLISHED));
	ASSERT_TRUE(kill_child(pid));
	for (i = 0; i < ORPHANS; i++) {
		if (i % 3) {
			ASSERT_STREQ("whole", read_text(pair[i].server, i + 1, written[i]))
				TH_LOG("orphan %d", i);
		} else {
			ASSERT_LE(0, read_to_reset(pair[i].server))
				TH_LOG("orphan %d", i);
		}
		close(pair[i].server);
	}
	EXPECT_TRUE(all_gone());
	EXPECT_TRUE(sock_wait_gauge(TCP_FIN_WAIT2, 0));
}

TEST_F_TIMEOUT(orphan, listener_killed_with_children, LONG_SECONDS)
{
	struct report *report = new_report();
	struct sock_pair pair = { .client = -1, .server = -1, .listener = -1 };
	struct sockaddr_in addr;
	int client[8];
	pid_t pid;
	int i;

	/* Nobody had accepted them: a RST, also for those that wrote already. */
	ASSERT_NE(NULL, report);
	pair.client = sock_listen(&addr, 8);
	ASSERT_LE(0, pair.client);
	pid = start_child(&pair, DEED_WAIT, 0, report);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(sock_until(is_ready(report)));
	for (i = 0; i < 8; i++) {
		client[i] = sock_new(0);
		ASSERT_EQ(0, sock_connect(client[i], &addr));
		if (i % 2)
			ASSERT_EQ(4, send(client[i], "text", 4, 0));
	}
	ASSERT_TRUE(sock_wait_gauge(TCP_ESTABLISHED, 16));
	ASSERT_TRUE(kill_child(pid));
	for (i = 0; i < 8; i++)
		EXPECT_EQ(0, read_to_reset(client[i]));
	EXPECT_TRUE(all_gone());
	EXPECT_TRUE(sock_wait_gauge(TCP_LISTEN, 0));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/tcpstate: a line for every listener, connection and mini, in the
 * format of /proc/net/tcp, with the same numbers that the sockets tell.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>

#include "lib/sock.h"
#include "kselftest_harness.h"

struct line {
	unsigned int local, lport, remote, rport, state, tx, rx, timer, uid;
	unsigned long when, inode;
};

static const char *path(void)
{
	return sock_is_intree() ? "/proc/net/tcp" : "/proc/net/tcpstate";
}

/* Of lines in a state (0: any) with a local port (0: any); the last goes to l. */
static int lines(unsigned int state, int port, struct line *l)
{
	FILE *f = fopen(path(), "r");
	unsigned int retrans, timeout;
	struct line one;
	char text[256];
	int n = 0;

	if (!f || !fgets(text, sizeof(text), f) || !strstr(text, "local_address rem_address"))
		return -1;
	while (fgets(text, sizeof(text), f)) {
		/* A fixed width is part of the format. */
		if (strlen(text) != 150 ||
		    sscanf(text, "%*d: %X:%X %X:%X %X %X:%X %X:%lX %X %u %u %lu", &one.local,
			   &one.lport, &one.remote, &one.rport, &one.state, &one.tx, &one.rx,
			   &one.timer, &one.when, &retrans, &one.uid, &timeout,
			   &one.inode) != 13)
			return -2;
		if ((state && one.state != state) || (port && one.lport != (unsigned int)port))
			continue;
		*l = one;
		n++;
	}
	fclose(f);
	return n;
}

static unsigned long inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

SOCK_FIXTURE(list);

TEST_F(list, empty)
{
	struct line l;

	EXPECT_EQ(0, lines(0, 0, &l));
}

TEST_F(list, a_listener_and_both_ends)
{
	struct sock_pair pair;
	struct line l;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(3, lines(0, 0, &l));
	ASSERT_EQ(1, lines(TCP_LISTEN, 0, &l));
	EXPECT_EQ(sock_port(pair.listener), (int)l.lport);
	EXPECT_EQ(0, l.remote);
	EXPECT_EQ(inode(pair.listener), l.inode);
	ASSERT_EQ(1, lines(TCP_ESTABLISHED, sock_port(pair.client), &l));
	EXPECT_EQ(htonl(INADDR_LOOPBACK), l.local);
	EXPECT_EQ(htonl(INADDR_LOOPBACK), l.remote);
	EXPECT_EQ(sock_port(pair.server), (int)l.rport);
	EXPECT_EQ(inode(pair.client), l.inode);
	EXPECT_EQ(0, l.uid);
	ASSERT_EQ(1, lines(TCP_ESTABLISHED, sock_port(pair.server), &l));
	EXPECT_EQ(inode(pair.server), l.inode);
}

TEST_F(list, accept_queue)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 8), fd = sock_new(0);
	struct line l;

	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_connect(fd, &addr));
	ASSERT_TRUE(sock_until(lines(TCP_LISTEN, 0, &l) == 1 && l.rx == 1));
}

TEST_F(list, queues)
{
	struct sock_pair pair;
	struct line l;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(7, write(pair.client, "unread\n", 7));
	ASSERT_TRUE(sock_until(lines(TCP_ESTABLISHED, sock_port(pair.server), &l) == 1 &&
			       l.rx == 7));
	ASSERT_LT(0, sock_fill(pair.client));
	ASSERT_EQ(1, lines(TCP_ESTABLISHED, sock_port(pair.client), &l));
	EXPECT_LT(0, l.tx);
	EXPECT_NE(0, l.timer);
}

TEST_F(list, closing)
{
	struct sock_pair pair;
	struct line l;
	int port;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	port = sock_port(pair.client);
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	ASSERT_EQ(0, read(pair.server, &byte, 1));
	EXPECT_EQ(1, lines(TCP_CLOSE_WAIT, 0, &l));
	ASSERT_TRUE(sock_until(lines(TCP_FIN_WAIT2, port, &l) == 1));
	close(pair.client);
	/* An orphan has no inode, and a timer that ends it. */
	ASSERT_TRUE(sock_until(lines(TCP_FIN_WAIT2, port, &l) == 1 && !l.inode));
	close(pair.server);
	ASSERT_TRUE(sock_until(lines(TCP_TIME_WAIT, port, &l) == 1));
	EXPECT_EQ(3, l.timer);
	EXPECT_LT(0, l.when);
	EXPECT_EQ(0, l.inode);
}

TEST_F(list, more_than_a_page)
{
	int fds[400], i, n, port = 0;
	struct line l;

	for (i = 0; i < 400; i++) {
		fds[i] = sock_new(0);
		ASSERT_LE(0, fds[i]);
		ASSERT_EQ(0, sock_bind(fds[i], "127.0.0.1", 0));
		ASSERT_EQ(0, listen(fds[i], 1));
	}
	/* The table grows some time after that: until then they may stand there twice. */
	EXPECT_TRUE(sock_until(lines(TCP_LISTEN, 0, &l) == 400));
	for (i = 0; i < 400; i += 37) {
		port = sock_port(fds[i]);
		n = lines(TCP_LISTEN, port, &l);
		EXPECT_EQ(1, n) TH_LOG("port %d: %d lines", port, n);
	}
}

TEST_F(list, read_again)
{
	struct sock_pair pair;
	char text[4096], same[4096];
	FILE *f;
	size_t n;

	ASSERT_EQ(0, sock_pair(&pair));
	f = fopen(path(), "r");
	ASSERT_NE(NULL, f);
	setvbuf(f, NULL, _IONBF, 0);
	n = fread(text, 1, sizeof(text), f);
	EXPECT_EQ(600, n);
	rewind(f);
	ASSERT_EQ(n, fread(same, 1, sizeof(same), f));
	EXPECT_EQ(0, memcmp(text, same, n));
	/* In the middle of the first of the two tables. */
	rewind(f);
	ASSERT_EQ(200, fread(same, 1, 200, f));
	rewind(f);
	ASSERT_EQ(n, fread(same, 1, sizeof(same), f));
	EXPECT_EQ(0, memcmp(text, same, n));
	fclose(f);
}

TEST_F(list, a_namespace_sees_its_own)
{
	struct sock_pair pair;
	struct line l;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(3, lines(0, 0, &l));
	ASSERT_EQ(0, sock_netns());
	EXPECT_EQ(0, lines(0, 0, &l));
}

/* Every socket that lives all the while is in every listing. */
TEST_F(list, churn)
{
	struct sockaddr_in addr;
	struct sock_pair pair;
	int listener, fd, i, n;
	struct line l;
	pid_t pid;

	ASSERT_EQ(0, sock_pair(&pair));
	listener = sock_listen(&addr, 64);
	ASSERT_LE(0, listener);
	ASSERT_EQ(0, sock_nonblock(listener));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		for (;;) {
			fd = sock_new(0);
			if (fd < 0 || sock_connect(fd, &addr))
				_exit(1);
			close(fd);
			while ((fd = accept(listener, NULL, NULL)) >= 0)
				close(fd);
		}
	}
	for (i = 0; i < 20; i++) {
		n = lines(TCP_ESTABLISHED, sock_port(pair.client), &l);
		ASSERT_LE(1, n) TH_LOG("listing %d", i);
		n = lines(TCP_LISTEN, ntohs(addr.sin_port), &l);
		ASSERT_LE(1, n) TH_LOG("listing %d", i);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * A connection outlives its numbers: when more than 4 GiB have passed, SND.UNA and
 * RCV.NXT have gone round past ISS and IRS, and nothing may take old for new.
 *
 * It takes its time: only with TCPSTATE_LONG set, as "make check-all" has it.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lib/sock.h"
#include "kselftest_harness.h"

/* With the SYN that is once around: what is acknowledged then is the ISS itself. */
#define ROUND		((1ull << 32) - 1)
/* A second time round begins: the numbers are where the first 16 MiB had them. */
#define MORE		(16ull << 20)
#define PIECE		(1 << 20)
#define LONG_SECONDS	250

SOCK_FIXTURE(wrap);

struct writer {
	int fd;
	uint64_t octets;
	int err;
};

static void *writer_run(void *arg)
{
	struct writer *writer = arg;
	char *piece = calloc(1, PIECE);
	uint64_t left = writer->octets;

	while (left && !writer->err) {
		size_t n = left < PIECE ? left : PIECE;

		writer->err = sock_write_all(writer->fd, piece, n);
		left -= n;
	}
	free(piece);
	return NULL;
}

/* So many octets come through, and all of them are acknowledged. 0, or what failed. */
static int pass(const struct sock_pair *pair, uint64_t octets)
{
	struct writer writer = { .fd = pair->client, .octets = octets };
	uint64_t got = 0;
	pthread_t thread;
	int left = 0;
	ssize_t n;

	if (pthread_create(&thread, NULL, writer_run, &writer))
		return EAGAIN;
	while (got < octets) {
		/* The octets are thrown away: only the numbers are of interest. */
		n = recv(pair->server, NULL, 16 << 20, MSG_TRUNC);
		if (n <= 0)
			return n ? errno : EPIPE;
		got += n;
	}
	pthread_join(thread, NULL);
	if (writer.err || got != octets)
		return writer.err ?: EMSGSIZE;
	return sock_until(!ioctl(pair->client, SIOCOUTQ, &left) && !left) ? 0 : ETIMEDOUT;
}

/* Both ways work still, to the last octet. */
static int exchange(int from, int to)
{
	static char out[PIECE / 8], in[PIECE / 8];
	int err;

	sock_pattern(out, sizeof(out), 4711);
	memset(in, 0, sizeof(in));
	err = sock_write_all(from, out, sizeof(out)) ?: sock_read_all(to, in, sizeof(in));
	return err ?: memcmp(in, out, sizeof(in));
}

TEST_F_TIMEOUT(wrap, numbers_go_round, LONG_SECONDS)
{
	struct sock_pair pair;
	char c;

	if (!getenv("TCPSTATE_LONG"))
		SKIP(return, "make check-all runs it");
	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, pass(&pair, ROUND));
	ASSERT_EQ(TCP_ESTABLISHED, sock_state(pair.client));
	ASSERT_EQ(0, exchange(pair.server, pair.client));
	ASSERT_EQ(0, pass(&pair, MORE));
	ASSERT_EQ(EAGAIN, sock_errno(recv(pair.server, &c, 1, MSG_DONTWAIT)));
	ASSERT_EQ(0, exchange(pair.client, pair.server));
	ASSERT_EQ(0, exchange(pair.server, pair.client));
	ASSERT_EQ(TCP_ESTABLISHED, sock_state(pair.client));
	ASSERT_EQ(0, shutdown(pair.client, SHUT_WR));
	ASSERT_EQ(0, recv(pair.server, &c, 1, 0));
	ASSERT_EQ(0, exchange(pair.server, pair.client));
	ASSERT_EQ(0, close(pair.server));
	ASSERT_EQ(0, recv(pair.client, &c, 1, 0));
	ASSERT_EQ(0, close(pair.client));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever changes under a connection that carries text - its device goes down, its
 * address is taken away, the clock jumps, somebody wants the module gone, the
 * namespace dies with its processes - it carries text then as before, or is gone, and
 * nothing is left of it.
 *
 * Each is done TCPSTATE_ROUNDS times (20; "make check-all" says 200).
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "lib/sock.h"
#include "kselftest_harness.h"

#define LONG_SECONDS	600
#define CHUNK		4096
#define ENOUGH		(4 * CHUNK)
#define ADDRESS		"10.9.8.7"

static int rounds(void)
{
	const char *text = getenv("TCPSTATE_ROUNDS");
	int n = text ? atoi(text) : 20;

	return n < 1 ? 1 : n;
}

/* ---- text that flows until it is told to end ---- */

struct traffic {
	struct sock_pair pair;
	pthread_t writer, reader;
	char text[CHUNK];
	atomic_long wrote, read;
	atomic_bool stop;
	int write_error, read_error;	/* errno; -1: other text than was sent */
};

static void *write_on(void *data)
{
	struct traffic *t = data;
	long n;

	while (!t->stop) {
		n = send(t->pair.client, t->text + t->wrote % CHUNK, CHUNK - t->wrote % CHUNK,
			 MSG_NOSIGNAL);
		if (n < 0) {
			t->write_error = errno;
			break;
		}
		t->wrote += n;
	}
	shutdown(t->pair.client, SHUT_WR);
	return NULL;
}

static void *read_on(void *data)
{
	struct traffic *t = data;
	char got[CHUNK];
	long n;

	for (;;) {
		n = recv(t->pair.server, got, CHUNK - t->read % CHUNK, 0);
		if (n <= 0) {
			t->read_error = n ? errno : 0;
			break;
		}
		if (memcmp(got, t->text + t->read % CHUNK, n)) {
			t->read_error = -1;
			break;
		}
		t->read += n;
	}
	return NULL;
}

static int pair_at(struct sock_pair *pair, const char *address)
{
	struct sockaddr_in addr;

	if (!address)
		return sock_pair(pair);
	pair->listener = sock_new(SOCK_CLOEXEC);
	pair->client = sock_new(0);
	if (pair->listener < 0 || pair->client < 0 || sock_bind(pair->listener, address, 0) ||
	    listen(pair->listener, 8))
		return -1;
	addr = sock_addr(address, sock_port(pair->listener));
	if (sock_connect(pair->client, &addr))
		return -1;
	pair->server = accept(pair->listener, NULL, NULL);
	return pair->server < 0 ? -1 : 0;
}

/* From and to an address; NULL: that of the loopback. */
static struct traffic *start(const char *address)
{
	struct traffic *t = calloc(1, sizeof(*t));

	if (!t || pair_at(&t->pair, address))
		return NULL;
	sock_pattern(t->text, CHUNK, 3);
	if (pthread_create(&t->writer, NULL, write_on, t) ||
	    pthread_create(&t->reader, NULL, read_on, t))
		return NULL;
	return t;
}

/* More of it comes through than what was on its way. */
static bool moves(struct traffic *t)
{
	long before = t->read;

	return sock_until(t->read > before + ENOUGH);
}

/* All that was written was read. */
static bool stop(struct traffic *t)
{
	bool good;

	t->stop = true;
	pthread_join(t->writer, NULL);
	pthread_join(t->reader, NULL);
	close(t->pair.client);
	close(t->pair.server);
	close(t->pair.listener);
	good = !t->write_error && !t->read_error && t->wrote == t->read;
	if (!good)
		fprintf(stderr, "# wrote %ld (error %d), read %ld (error %d)\n", t->wrote,
			t->write_error, t->read, t->read_error);
	free(t);
	return good;
}

/* ---- what is left ---- */

/* Each socket holds the module. */
static long holders(void)
{
	FILE *file = fopen("/sys/module/tcpstate/refcnt", "re");
	long value = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%ld", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

static bool no_state_left(void)
{
	int state;

	for (state = TCP_ESTABLISHED; state <= TCP_CLOSING; state++)
		if (sock_gauge(state) && !(state == TCP_TIME_WAIT && sock_is_intree()))
			return false;
	return true;
}

static int quick(void)
{
	if (sock_is_intree())
		return 0;
	return sock_sysctl("time_wait_ms", 100) || sock_sysctl("rto_min_ms", 20) ||
	       sock_sysctl("rto_max_ms", 100) || sock_sysctl("retries2", 255) ? -1 : 0;
}

#define MEM		"/sys/module/tcpstate/parameters/mem"

static int write_mem(const char *text)
{
	int fd = open(MEM, O_WRONLY | O_CLOEXEC);
	ssize_t n = write(fd, text, strlen(text));

	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

static int read_mem(char *to, size_t size)
{
	int fd = open(MEM, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, to, size - 1);

	close(fd);
	to[n < 0 ? 0 : n] = 0;
	return n > 0 ? 0 : -1;
}

FIXTURE(upheaval) {
	long holders;
	char mem[64];
};

FIXTURE_SETUP(upheaval)
{
	self->holders = holders();
	ASSERT_TRUE(sock_is_intree() || !read_mem(self->mem, sizeof(self->mem)));
	ASSERT_EQ(0, sock_netns());
	ASSERT_EQ(0, quick());
}

FIXTURE_TEARDOWN(upheaval)
{
	EXPECT_TRUE(sock_is_intree() || !write_mem(self->mem));
	EXPECT_TRUE(sock_until(no_state_left()));
	EXPECT_TRUE(sock_until(holders() <= self->holders));
}

/* ---- devices and addresses ---- */

static int device(const char *name, bool up)
{
	struct ifreq ifr = { .ifr_flags = up ? IFF_UP | IFF_RUNNING : 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	err = ioctl(fd, SIOCSIFFLAGS, &ifr);
	close(fd);
	return err;
}

/* A second address of lo; an alias that goes down loses it. */
static int address(bool there)
{
	struct sockaddr_in addr = sock_addr(ADDRESS, 0);
	struct ifreq ifr = { .ifr_name = "lo:1" };
	int fd, err;

	if (!there)
		return device("lo:1", false);
	memcpy(&ifr.ifr_addr, &addr, sizeof(addr));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	err = ioctl(fd, SIOCSIFADDR, &ifr);
	close(fd);
	return err;
}

TEST_F_TIMEOUT(upheaval, device_down, LONG_SECONDS)
{
	struct traffic *t = start(NULL);
	int i, n = rounds();

	ASSERT_NE(NULL, t);
	for (i = 0; i < n; i++) {
		ASSERT_TRUE(moves(t)) TH_LOG("round %d", i);
		ASSERT_EQ(0, device("lo", false));
		/* Now and then so long that a timeout finds no way. */
		if (i % 20 == 0)
			usleep(150000);
		ASSERT_EQ(TCP_ESTABLISHED, sock_state(t->pair.client));
		ASSERT_EQ(0, device("lo", true));
	}
	EXPECT_TRUE(moves(t));
	EXPECT_TRUE(stop(t));
}

TEST_F_TIMEOUT(upheaval, address_removed, LONG_SECONDS)
{
	struct traffic *t;
	int i, n = rounds();

	ASSERT_EQ(0, address(true));
	t = start(ADDRESS);
	ASSERT_NE(NULL, t);
	for (i = 0; i < n; i++) {
		ASSERT_TRUE(moves(t)) TH_LOG("round %d", i);
		ASSERT_EQ(0, address(false));
		if (i % 20 == 0)
			usleep(150000);
		ASSERT_EQ(TCP_ESTABLISHED, sock_state(t->pair.client));
		ASSERT_EQ(0, address(true));
	}
	EXPECT_TRUE(moves(t));
	EXPECT_TRUE(stop(t));
}

/* ---- the clock ---- */

/* Hours by which the clock is set to another time than it was, at the most. */
#define FAR	(10 * 365 * 24)

static int jump(const struct timespec *began, const struct timespec *mono, long hours)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now.tv_sec += began->tv_sec - mono->tv_sec + hours * 3600;
	return clock_settime(CLOCK_REALTIME, &now);
}

/* No timer goes by it: text flows, and TIME_WAIT does not end before its time. */
TEST_F_TIMEOUT(upheaval, clock_jumps, LONG_SECONDS)
{
	static const long hours[] = { FAR, 0, -FAR, 1, -1 };
	struct timespec began, mono;
	int i, n = rounds(), mini;
	struct traffic *t = start(NULL);
	struct sock_pair pair;
	char byte;

	ASSERT_NE(NULL, t);
	clock_gettime(CLOCK_REALTIME, &began);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	for (i = 0; i < n; i++) {
		/* Every tenth round a connection comes to TIME_WAIT before the jump. */
		mini = !(i % 10);
		if (mini && !sock_is_intree()) {
			ASSERT_EQ(0, sock_sysctl("time_wait_ms", 2000 * slow_factor()));
			ASSERT_TRUE(sock_wait_gauge(TCP_TIME_WAIT, 0));
		}
		if (mini) {
			ASSERT_EQ(0, sock_pair(&pair));
			close(pair.client);
			ASSERT_EQ(0, recv(pair.server, &byte, 1, 0));
			close(pair.server);
			close(pair.listener);
			ASSERT_TRUE(sock_until(sock_gauge(TCP_TIME_WAIT) > 0));
		}
		ASSERT_EQ(0, jump(&began, &mono, hours[i % 5]));
		if (mini)
			EXPECT_LT(0, sock_gauge(TCP_TIME_WAIT));
		EXPECT_TRUE(moves(t)) TH_LOG("round %d", i);
	}
	EXPECT_EQ(0, jump(&began, &mono, 0));
	EXPECT_TRUE(stop(t));
}

/* ---- memory ---- */

#define HOARDERS	24

/*
 * Connections whose readers do not read have all memory that there may be, and more,
 * as it was more when they took it. One whose reader reads goes on all the same, if
 * slowly; and the others, when there is memory again and they are read.
 */
TEST_F_TIMEOUT(upheaval, no_memory_is_left, LONG_SECONDS)
{
	struct sock_pair hoarder[HOARDERS], pair;
	char text[CHUNK], got[CHUNK];
	long sent[HOARDERS];
	struct traffic *t;
	int i;

	if (sock_is_intree())
		SKIP(return, "tcp_mem is not to be reached from here");
	/* Text that finds no memory is no sign of life: let R2 be far off. */
	ASSERT_EQ(0, sock_sysctl("rto_max_ms", 2000));
	sock_pattern(text, CHUNK, 4);
	for (i = 0; i < HOARDERS; i++) {
		ASSERT_EQ(0, sock_pair(&hoarder[i]));
		sock_set(hoarder[i].client, SOL_SOCKET, SO_SNDBUF, 200000);
		for (sent[i] = 0; send(hoarder[i].client, text, CHUNK, MSG_DONTWAIT) == CHUNK;)
			sent[i] += CHUNK;
	}
	t = start(NULL);
	ASSERT_NE(NULL, t);
	ASSERT_EQ(0, write_mem("1,1,1"));
	for (i = 0; i < 10; i++)
		EXPECT_TRUE(moves(t));
	/* A new one, too. */
	EXPECT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(0, sock_write_all(pair.client, text, CHUNK));
	EXPECT_EQ(0, sock_read_all(pair.server, got, CHUNK));
	EXPECT_EQ(0, memcmp(text, got, CHUNK));
	close(pair.client);
	close(pair.server);
	close(pair.listener);
	EXPECT_TRUE(stop(t));
	/* The rest would come through too, but a little at a time. */
	ASSERT_EQ(0, write_mem(self->mem));
	for (i = 0; i < HOARDERS; i++) {
		for (; sent[i] > 0; sent[i] -= CHUNK) {
			ASSERT_EQ(0, sock_read_all(hoarder[i].server, got, CHUNK));
			ASSERT_EQ(0, memcmp(text, got, CHUNK));
		}
		close(hoarder[i].client);
		close(hoarder[i].server);
		close(hoarder[i].listener);
	}
}

/* ---- the module and the namespace ---- */

TEST_F_TIMEOUT(upheaval, somebody_wants_the_module_gone, LONG_SECONDS)
{
	int i, n = rounds();
	struct traffic *t;

	if (sock_is_intree())
		SKIP(return, "the in-tree TCP is no module");
	t = start(NULL);
	ASSERT_NE(NULL, t);
	for (i = 0; i < n; i++) {
		ASSERT_TRUE(moves(t)) TH_LOG("round %d", i);
		ASSERT_EQ(EAGAIN, sock_errno(syscall(SYS_delete_module, "tcpstate", O_NONBLOCK)));
	}
	EXPECT_TRUE(moves(t));
	EXPECT_TRUE(stop(t));
}

/* A process and its namespace that die in the middle leave no socket. */
TEST_F_TIMEOUT(upheaval, namespace_dies, LONG_SECONDS)
{
	int i, n = rounds(), pipes[2];
	struct traffic *t;
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe2(pipes, O_CLOEXEC));
	for (i = 0; i < n; i++) {
		child = fork();
		ASSERT_LE(0, child);
		if (!child) {
			if (sock_netns() || quick())
				_exit(1);
			t = start(NULL);
			if (!t || !moves(t) || write(pipes[1], "x", 1) != 1)
				_exit(1);
			pause();
		}
		ASSERT_EQ(1, read(pipes[0], &byte, 1));
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, NULL, 0));
	}
	close(pipes[0]);
	close(pipes[1]);
}

TEST_HARNESS_MAIN

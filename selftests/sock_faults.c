// SPDX-License-Identifier: GPL-2.0
/*
 * Whichever allocation of a call fails, and whichever copy from or to the user: the
 * call says so by an errno or succeeds all the same, can be made again, and leaves
 * nothing behind; a stream goes on where it was.
 *
 * The kernel's fault injection counts down from fail-nth at each allocation that
 * the task makes, outside of interrupts, and lets the one fail that comes to 0. A
 * walk makes a call with the first failing, then with the second, and so on until
 * there was none. Slabs fail and copies, not pages.
 *
 * What softirqs and timers allocate, and pages, fail by another way: whatever has the
 * module's text in its backtrace, the first of one cache or some in a hundred of all.
 *
 * In-tree, the same walks show which errno is usual.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/tcpstate.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "lib/nl.h"
#include "lib/sock.h"
#include "kselftest_harness.h"

#define LONG_SECONDS	300
#define PORT		7000
#define CHUNK		30000
#define NO_FAULT	1000000000
/* Larger than any: pages do not fail. */
#define NO_ORDER	99

static const char no_faults[] = "the kernel injects no faults: that of make check-debug does";

/* The module's own: of sockets, of minis in SYN_RECV and TIME_WAIT, of the write queue. */
static const char * const caches[] = {
	"TCPSTATE", "tcpstate_request", "tcpstate_timewait", "tcpstate_buffer",
};

#define CACHES	(sizeof(caches) / sizeof(*caches))

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

static long read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	long value = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%ld", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

static int knob(const char *kind, const char *name, unsigned long value)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", kind, name);
	snprintf(text, sizeof(text), "%lu", value);
	return write_text(path, text);
}

/* Pages of at least so many powers of two fail too. */
static int pages_from(int order)
{
	return knob("fail_page_alloc", "min-order", order);
}

/*
 * Those of kmemleak do not fail: it would say so while it holds a lock that lockdep does
 * not want held there, and look for no more leaks. The kernel's command line says it
 * (slub_debug); a running kernel of 6.1 cannot be told.
 */
static int caches_fail(void)
{
	return knob("failslab", "cache-filter", 1);
}

/*
 * From now on so many in a hundred of what cannot wait for memory fail, whoever asks: that
 * is what softirqs and timers ask for. Whose text is on the stack a kernel of 6.1
 * cannot ask on x86-64.
 */
static int fail_atomic(const char *kind, int percent)
{
	return knob(kind, "ignore-gfp-wait", 1) || knob(kind, "task-filter", 0) ||
	       knob(kind, "interval", 1) || knob(kind, "space", 0) ||
	       knob(kind, "times", INT_MAX) || knob(kind, "probability", percent);
}

/* The probability first: without the other knob, writing it could fail. */
static int fail_no_more(const char *kind)
{
	return knob(kind, "probability", 0) || knob(kind, "ignore-gfp-wait", 0);
}

/* ---- one fault ---- */

static int nth_file = -1;

/* Copies from the user count as well, also that of the number itself. */
static void set_nth(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	while (pwrite(nth_file, text, len, 0) != len)
		;
}

static unsigned int get_nth(void)
{
	char text[16] = "";

	while (pread(nth_file, text, sizeof(text) - 1, 0) <= 0)
		;
	return strtoul(text, NULL, 10);
}

struct outcome {
	long ret;
	int err;		/* 0 where it succeeded */
	unsigned int left;	/* 0: something has failed */
};

/* A call whose n-th allocation fails; NO_FAULT: none. */
#define fault(n, call)							\
	({								\
		struct outcome _o;					\
									\
		set_nth(n);						\
		_o.ret = (call);					\
		_o.err = _o.ret < 0 ? errno : 0;			\
		_o.left = get_nth();					\
		set_nth(0);						\
		_o;							\
	})

/* Of a call that needs memory, or a copy. */
static bool usual(int err)
{
	return !err || err == ENOMEM || err == ENOBUFS || err == EFAULT;
}

/* Those that a new descriptor or socket may say instead. */
static bool usual_of_new(int err)
{
	return usual(err) || err == ENFILE;
}

/* The in-tree TCP takes a port that it cannot note down for one in use. */
static bool usual_of_bind(int err)
{
	return usual_of_new(err) || err == EADDRINUSE;
}

/* ---- what is left ---- */

/* Objects of a cache that are in use, after all that is kept at hand went back. */
static long objects(const char *cache)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", cache);
	if (write_text(path, "1"))
		return -1;
	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/objects", cache);
	return read_number(path);
}

/* Sockets and minis are freed after a grace period. */
static bool gone_back(const long *before)
{
	const struct timespec step = { .tv_nsec = 50000000 };
	long long end = sock_ms() + SOCK_DEADLINE_MS;
	unsigned int i;

	for (i = 0; i < CACHES; i++) {
		while (objects(caches[i]) > before[i]) {
			if (sock_ms() > end) {
				fprintf(stderr, "# %s: %ld objects before, now %ld\n", caches[i],
					before[i], objects(caches[i]));
				return false;
			}
			nanosleep(&step, NULL);
		}
	}
	return true;
}

static bool no_state_left(void)
{
	int state;

	for (state = TCP_ESTABLISHED; state <= TCP_CLOSING; state++)
		if (sock_gauge(state))
			return false;
	return true;
}

/* Nobody of ours has the port, so the in-tree TCP may; on wire 253 always. */
static bool port_is_free(int port)
{
	int fd = sock_intree();
	bool bound = fd >= 0 && !sock_bind(fd, "0.0.0.0", port);

	if (fd >= 0)
		close(fd);
	return bound;
}

/* ---- fixture ---- */

FIXTURE(faults) {
	bool can;
	long before[CACHES];
};

static bool faults_there(void)
{
	return !access("/proc/thread-self/fail-nth", W_OK) &&
	       !access("/sys/kernel/debug/failslab/ignore-gfp-wait", W_OK) &&
	       !access("/sys/kernel/debug/fail_page_alloc/min-order", W_OK) &&
	       read_number("/sys/kernel/slab/kmalloc-64/failslab") == 1;
}

static int quick(void)
{
	if (sock_is_intree())
		return 0;
	if (sock_sysctl("time_wait_ms", 50) || sock_sysctl("fin_timeout_ms", 500) ||
	    sock_sysctl("rto_min_ms", 20) || sock_sysctl("rto_max_ms", 200))
		return -1;
	return 0;
}

static int setup(bool *can, long *before)
{
	unsigned int i;

	*can = faults_there();
	if (!*can)
		return 0;
	for (i = 0; i < CACHES; i++)
		before[i] = objects(caches[i]);
	if (knob("failslab", "verbose", 0) || knob("failslab", "ignore-gfp-wait", 0) ||
	    knob("fail_page_alloc", "verbose", 0) || knob("fail_page_alloc", "ignore-gfp-wait", 0) ||
	    knob("fail_page_alloc", "ignore-gfp-highmem", 0) || pages_from(NO_ORDER) ||
	    caches_fail())
		return -1;
	knob("fail_usercopy", "verbose", 0);
	/* A page that comes when it is first touched would count, and fail. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		return -1;
	nth_file = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth_file < 0 || sock_netns() || quick())
		return -1;
	return 0;
}

FIXTURE_SETUP(faults)
{
	ASSERT_EQ(0, setup(&self->can, self->before));
}

FIXTURE_TEARDOWN(faults)
{
	if (!self->can)
		return;
	pages_from(NO_ORDER);
	if (sock_is_intree())
		return;
	EXPECT_TRUE(sock_until(no_state_left()));
	EXPECT_TRUE(gone_back(self->before));
}

#define NEED_FAULTS							\
	do {								\
		if (!self->can)						\
			SKIP(return, "%s", no_faults);			\
	} while (0)

/* The last of a walk found nothing to fail. */
#define TELL(n)	TH_LOG("%d faults", (n) - 2)

/* ---- calls that make or name a socket ---- */

TEST_F_TIMEOUT(faults, socket, LONG_SECONDS)
{
	int fd = -1, n = 1;
	struct outcome o;

	NEED_FAULTS;
	fd = sock_new(0);
	ASSERT_LE(0, fd);
	do {
		o = fault(n, sock_new(0));
		EXPECT_TRUE(usual_of_new(o.err)) TH_LOG("errno %d at %d", o.err, n);
		if (o.ret >= 0)
			close(o.ret);
		n++;
	} while (!o.left);
	TELL(n);
	EXPECT_LT(2, n);
	close(fd);
}

/* A port that could not be had is not kept, and can be had then. */
TEST_F_TIMEOUT(faults, bind, LONG_SECONDS)
{
	struct outcome o;
	int fd, n = 1;

	NEED_FAULTS;
	do {
		fd = sock_new(0);
		ASSERT_LE(0, fd);
		o = fault(n, sock_bind(fd, "127.0.0.1", PORT + n));
		EXPECT_TRUE(usual_of_bind(o.err)) TH_LOG("errno %d at %d", o.err, n);
		if (o.ret)
			EXPECT_EQ(0, sock_bind(fd, "127.0.0.1", PORT + n));
		EXPECT_EQ(PORT + n, sock_port(fd));
		close(fd);
		EXPECT_TRUE(sock_until(port_is_free(PORT + n)));
		n++;
	} while (!o.left);
	TELL(n);
	EXPECT_LT(2, n);
}

TEST_F_TIMEOUT(faults, bind_to_any_port, LONG_SECONDS)
{
	int fd, n = 1, port;
	struct outcome o;

	NEED_FAULTS;
	do {
		fd = sock_new(0);
		ASSERT_LE(0, fd);
		o = fault(n, sock_bind(fd, "127.0.0.1", 0));
		EXPECT_TRUE(usual_of_bind(o.err)) TH_LOG("errno %d at %d", o.err, n);
		if (o.ret)
			EXPECT_EQ(0, sock_bind(fd, "127.0.0.1", 0));
		port = sock_port(fd);
		EXPECT_LT(0, port);
		close(fd);
		EXPECT_TRUE(sock_until(port_is_free(port)));
		n++;
	} while (!o.left);
	TELL(n);
	EXPECT_LT(2, n);
}

/* The narrower claim is given back for it, and must be there again. */
TEST_F_TIMEOUT(faults, bind_to_any_address, LONG_SECONDS)
{
	int narrow, wide, n = 1;
	struct outcome o;

	NEED_FAULTS;
	do {
		narrow = sock_new(0);
		wide = sock_new(0);
		ASSERT_LE(0, narrow);
		ASSERT_LE(0, wide);
		ASSERT_EQ(0, sock_set(narrow, SOL_SOCKET, SO_REUSEADDR, 1));
		ASSERT_EQ(0, sock_set(wide, SOL_SOCKET, SO_REUSEADDR, 1));
		ASSERT_EQ(0, sock_bind(narrow, "127.0.0.1", PORT + n));
		o = fault(n, sock_bind(wide, "0.0.0.0", PORT + n));
		EXPECT_TRUE(usual_of_bind(o.err)) TH_LOG("errno %d at %d", o.err, n);
		if (sock_wire() == IPPROTO_TCP)
			EXPECT_FALSE(port_is_free(PORT + n)) TH_LOG("at %d", n);
		if (o.ret)
			EXPECT_EQ(0, sock_bind(wide, "0.0.0.0", PORT + n)) TH_LOG("at %d", n);
		close(narrow);
		close(wide);
		EXPECT_TRUE(sock_until(port_is_free(PORT + n)));
		n++;
	} while (!o.left);
	TELL(n);
	EXPECT_LT(2, n);
}

TEST_F_TIMEOUT(faults, listen, LONG_SECONDS)
{
	struct outcome o;
	int fd, n = 1;

	NEED_FAULTS;
	do {
		fd = sock_new(0);
		ASSERT_LE(0, fd);
		/* Without a bind() before, so that it takes a port too. */
		o = fault(n, listen(fd, 8));
		EXPECT_TRUE(usual_of_bind(o.err)) TH_LOG("errno %d at %d", o.err, n);
		if (o.ret)
			EXPECT_EQ(0, listen(fd, 8));
		EXPECT_EQ(TCP_LISTEN, sock_state(fd));
		close(fd);
		n++;
	} while (!o.left);
	TELL(n);
}

TEST_F_TIMEOUT(faults, connect, LONG_SECONDS)
{
	struct sockaddr_in addr;
	int listener, fd, child, n = 1;
	struct outcome o;

	NEED_FAULTS;
	listener = sock_listen(&addr, 8);
	ASSERT_LE(0, listener);
	do {
		fd = sock_new(0);
		ASSERT_LE(0, fd);
		o = fault(n, sock_connect(fd, &addr));
		EXPECT_TRUE(usual_of_bind(o.err) || o.err == EADDRNOTAVAIL)
			TH_LOG("errno %d at %d", o.err, n);
		if (o.ret)
			ASSERT_EQ(0, sock_connect(fd, &addr)) TH_LOG("again, at %d", n);
		child = accept(listener, NULL, NULL);
		ASSERT_LE(0, child);
		ASSERT_EQ(TCP_ESTABLISHED, sock_state(fd));
		close(fd);
		close(child);
		n++;
	} while (!o.left);
	TELL(n);
	EXPECT_LT(2, n);
	close(listener);
}

/* A connection that could not be handed out waits for the next call. */
TEST_F_TIMEOUT(faults, accept, LONG_SECONDS)
{
	struct sockaddr_in addr;
	int listener, fd, n = 1;
	struct outcome o;

	NEED_FAULTS;
	listener = sock_listen(&addr, 8);
	ASSERT_LE(0, listener);
	do {
		fd = sock_new(0);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, sock_connect(fd, &addr));
		ASSERT_TRUE(sock_wait(listener, POLLIN));
		o = fault(n, accept(listener, NULL, NULL));
		EXPECT_TRUE(usual_of_new(o.err)) TH_LOG("errno %d at %d", o.err, n);
		if (o.ret < 0) {
			EXPECT_TRUE(sock_events(listener, POLLIN) == POLLIN);
			o.ret = accept(listener, NULL, NULL);
			ASSERT_LE(0, o.ret);
		}
		EXPECT_EQ(TCP_ESTABLISHED, sock_state(o.ret));
		close(fd);
		close(o.ret);
		n++;
	} while (!o.left);
	TELL(n);
	EXPECT_LT(2, n);
	close(listener);
}

/* The first time a namespace gets accounts of its own. */
TEST_F_TIMEOUT(faults, memory_limits, LONG_SECONDS)
{
	struct sock_pair pair;
	struct outcome o;
	int n = 1;

	NEED_FAULTS;
	if (sock_is_intree())
		SKIP(return, "of the module alone");
	do {
		/* Whatever failed, the write may have been made: then it is no first time. */
		ASSERT_EQ(0, sock_netns());
		o = fault(n, write_text("/proc/sys/net/tcpstate/mem", "10000 20000 30000"));
		EXPECT_TRUE(usual(o.err)) TH_LOG("errno %d at %d", o.err, n);
		/* With limits or without, there can be connections. */
		ASSERT_EQ(0, sock_pair(&pair));
		close(pair.client);
		close(pair.server);
		close(pair.listener);
		n++;
	} while (!o.left);
	EXPECT_EQ(0, o.err);
	TELL(n);
	EXPECT_LT(2, n);
}

/* ---- calls on a connection ---- */

FIXTURE(stream) {
	bool can;
	long before[CACHES];
	char *text, *read;
	struct sock_pair pair;
};

FIXTURE_SETUP(stream)
{
	ASSERT_EQ(0, setup(&self->can, self->before));
	if (!self->can)
		return;
	self->text = malloc(CHUNK);
	self->read = malloc(CHUNK);
	ASSERT_TRUE(self->text && self->read);
	sock_pattern(self->text, CHUNK, 1);
	ASSERT_EQ(0, sock_pair(&self->pair));
}

FIXTURE_TEARDOWN(stream)
{
	if (!self->can)
		return;
	pages_from(NO_ORDER);
	fail_no_more("failslab");
	fail_no_more("fail_page_alloc");
	close(self->pair.client);
	close(self->pair.server);
	close(self->pair.listener);
	if (sock_is_intree())
		return;
	EXPECT_TRUE(sock_until(no_state_left()));
	EXPECT_TRUE(gone_back(self->before));
}

/* What was taken of the text arrives, and nothing else; then the stream is empty. */
static bool arrives(struct sock_pair *pair, const char *text, char *buffer, long len)
{
	if (sock_read_all(pair->server, buffer, len) || memcmp(text, buffer, len))
		return false;
	return recv(pair->server, buffer, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN;
}

/* A walk over a send on one connection after the other; true: it came to the end. */
#define WALK_SEND(call)									\
	do {										\
		struct outcome o;							\
		int n = 1;								\
											\
		do {									\
			o = fault(n, call);						\
			EXPECT_TRUE(usual(o.err) || o.err == EAGAIN)			\
				TH_LOG("errno %d at %d", o.err, n);			\
			ASSERT_TRUE(arrives(&self->pair, self->text, self->read,	\
					    o.ret < 0 ? 0 : o.ret)) TH_LOG("at %d", n);	\
			n++;								\
		} while (!o.left);							\
		TELL(n);								\
		EXPECT_LT(2, n);							\
	} while (0)

TEST_F_TIMEOUT(stream, send, LONG_SECONDS)
{
	NEED_FAULTS;
	WALK_SEND(send(self->pair.client, self->text, CHUNK, 0));
}

TEST_F_TIMEOUT(stream, send_without_waiting, LONG_SECONDS)
{
	NEED_FAULTS;
	WALK_SEND(send(self->pair.client, self->text, CHUNK, MSG_DONTWAIT));
}

TEST_F_TIMEOUT(stream, send_one_octet, LONG_SECONDS)
{
	NEED_FAULTS;
	WALK_SEND(send(self->pair.client, self->text, 1, 0));
}

TEST_F_TIMEOUT(stream, sendfile, LONG_SECONDS)
{
	int file = -1;
	off_t from;

	NEED_FAULTS;
	file = memfd_create("faults", MFD_CLOEXEC);
	ASSERT_EQ(CHUNK, write(file, self->text, CHUNK));
	WALK_SEND((from = 0, sendfile(self->pair.client, file, &from, CHUNK)));
	close(file);
}

/* What a call did not take is there for the next; the window opens in the end. */
TEST_F_TIMEOUT(stream, recv_from_a_full_window, LONG_SECONDS)
{
	struct outcome o;
	long want, done;
	int n = 1;

	NEED_FAULTS;
	ASSERT_EQ(0, sock_set(self->pair.server, SOL_SOCKET, SO_RCVBUF, 8192));
	ASSERT_EQ(0, sock_set(self->pair.client, SOL_SOCKET, SO_SNDBUF, 8192));
	do {
		want = 0;
		do {
			done = send(self->pair.client, self->text + want, CHUNK - want,
				    MSG_DONTWAIT);
			want += done > 0 ? done : 0;
		} while (want < CHUNK && (done > 0 || sock_events(self->pair.client, POLLOUT)));
		o = fault(n, recv(self->pair.server, self->read, CHUNK, 0));
		EXPECT_TRUE(usual(o.err)) TH_LOG("errno %d at %d", o.err, n);
		done = o.ret < 0 ? 0 : o.ret;
		ASSERT_EQ(0, sock_read_all(self->pair.server, self->read + done, want - done));
		ASSERT_EQ(0, memcmp(self->text, self->read, want)) TH_LOG("at %d", n);
		n++;
	} while (!o.left);
	TELL(n);
	EXPECT_LT(2, n);
}

TEST_F_TIMEOUT(stream, splice, LONG_SECONDS)
{
	struct outcome o;
	int pipes[2], n = 1;
	long done;

	NEED_FAULTS;
	ASSERT_EQ(0, pipe2(pipes, O_CLOEXEC | O_NONBLOCK));
	do {
		ASSERT_EQ(0, sock_write_all(self->pair.client, self->text, 5000));
		ASSERT_TRUE(sock_until(recv(self->pair.server, self->read, 5000,
					    MSG_PEEK | MSG_DONTWAIT) == 5000));
		o = fault(n, splice(self->pair.server, NULL, pipes[1], NULL, 5000, 0));
		EXPECT_TRUE(usual(o.err) || o.err == EAGAIN) TH_LOG("errno %d at %d", o.err, n);
		done = 0;
		while (done < o.ret) {
			long got = read(pipes[0], self->read + done, CHUNK - done);

			ASSERT_LT(0, got);
			done += got;
		}
		ASSERT_EQ(0, sock_read_all(self->pair.server, self->read + done, 5000 - done));
		ASSERT_EQ(0, memcmp(self->text, self->read, 5000)) TH_LOG("at %d", n);
		n++;
	} while (!o.left);
	TELL(n);
	EXPECT_LT(2, n);
	close(pipes[0]);
	close(pipes[1]);
}

/* ---- options and observers of a connection ---- */

struct option {
	const char *name;
	int level, number;
	const void *value;
	socklen_t len;
};

/* No errno for user space, but the kernel has it. */
#define ENOTSUPP	524

#define INT(n)	(&(const int){ n }), sizeof(int)

/* Those that take memory, and one that does not; a flight recorder of many rows, and few. */
static const struct option options[] = {
	{ "IP_OPTIONS", SOL_IP, IP_OPTIONS, "\1\1\1\1", 4 },
	{ "SO_ATTACH_FILTER", SOL_SOCKET, SO_ATTACH_FILTER, &(const struct sock_fprog){
		1, (struct sock_filter[]){ BPF_STMT(BPF_RET | BPF_K, 0xffff) } },
		sizeof(struct sock_fprog) },
	{ "SO_BINDTODEVICE", SOL_SOCKET, SO_BINDTODEVICE, "lo", 3 },
	{ "TCP_CONGESTION", SOL_TCP, TCP_CONGESTION, "reno", 4 },
	{ "TCP_USER_TIMEOUT", SOL_TCP, TCP_USER_TIMEOUT, INT(100000) },
	{ "TCPSTATE_RECORD, many", SOL_TCPSTATE, TCPSTATE_RECORD, INT(2000) },
	{ "TCPSTATE_RECORD, few", SOL_TCPSTATE, TCPSTATE_RECORD, INT(3) },
	{ "TCPSTATE_RECORD, none", SOL_TCPSTATE, TCPSTATE_RECORD, INT(0) },
	{ "TCPSTATE_RECORD, again", SOL_TCPSTATE, TCPSTATE_RECORD, INT(500) },
};

/* The namespace's own way to refuse a recorder is to go without; it is no error. */
TEST_F_TIMEOUT(stream, set_options, LONG_SECONDS)
{
	const struct option *opt;
	struct outcome o;
	int n;

	NEED_FAULTS;
	for (opt = options; opt < options + sizeof(options) / sizeof(*options); opt++) {
		if (sock_is_intree() && opt->level == SOL_TCPSTATE)
			continue;
		n = 1;
		do {
			o = fault(n, setsockopt(self->pair.client, opt->level, opt->number,
						opt->value, opt->len));
			/* What the kernel's BPF says where its JIT has no memory. */
			EXPECT_TRUE(usual(o.err) || (o.err == ENOTSUPP &&
						     opt->number == SO_ATTACH_FILTER))
				TH_LOG("%s: errno %d at %d", opt->name, o.err, n);
			n++;
		} while (!o.left);
		EXPECT_EQ(0, o.err) TH_LOG("%s: errno %d without a fault", opt->name, o.err);
		EXPECT_LT(2, n) TH_LOG("%s", opt->name);
		/* The connection has come to no harm. */
		ASSERT_EQ(0, sock_write_all(self->pair.client, self->text, CHUNK));
		ASSERT_TRUE(arrives(&self->pair, self->text, self->read, CHUNK));
	}
}

TEST_F_TIMEOUT(stream, get_options, LONG_SECONDS)
{
	static const struct {
		const char *name;
		int level, number;
	} read[] = {
		{ "TCP_INFO", SOL_TCP, TCP_INFO }, { "TCP_CONGESTION", SOL_TCP, TCP_CONGESTION },
		{ "TCP_MAXSEG", SOL_TCP, TCP_MAXSEG }, { "IP_OPTIONS", SOL_IP, IP_OPTIONS },
		{ "IP_MTU", SOL_IP, IP_MTU }, { "SO_MEMINFO", SOL_SOCKET, SO_MEMINFO },
	};
	struct outcome o;
	char value[512];
	unsigned int i;
	socklen_t len;
	int n;

	NEED_FAULTS;
	for (i = 0; i < sizeof(read) / sizeof(*read); i++) {
		n = 1;
		do {
			len = sizeof(value);
			o = fault(n, getsockopt(self->pair.client, read[i].level, read[i].number,
						value, &len));
			EXPECT_TRUE(usual(o.err)) TH_LOG("%s: errno %d at %d", read[i].name, o.err, n);
			n++;
		} while (!o.left);
		EXPECT_EQ(0, o.err) TH_LOG("%s: errno %d without a fault", read[i].name, o.err);
		EXPECT_LT(2, n) TH_LOG("%s", read[i].name);
	}
}

/* All of a file of /proc, or -1. */
static int read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;
	char part[4096];
	ssize_t n;

	if (fd < 0)
		return -1;
	do {
		n = read(fd, part, sizeof(part));
	} while (n > 0);
	err = errno;
	close(fd);
	errno = err;
	return n;
}

TEST_F_TIMEOUT(stream, proc, LONG_SECONDS)
{
	static const char * const files[] = {
		"/proc/net/tcpstate", "/proc/net/tcpstate_stat",
	};
	struct outcome o;
	unsigned int i;
	int n;

	NEED_FAULTS;
	if (sock_is_intree())
		SKIP(return, "of the module alone");
	for (i = 0; i < sizeof(files) / sizeof(*files); i++) {
		n = 1;
		do {
			o = fault(n, read_file(files[i]));
			/* The file system finds no file where it has no memory for its name. */
			EXPECT_TRUE(usual(o.err) || o.err == ENOENT) TH_LOG("%s: errno %d at %d", files[i], o.err, n);
			n++;
		} while (!o.left);
		EXPECT_EQ(0, o.err);
		TELL(n);
		EXPECT_LT(3, n);
	}
}

static int minus_one(int result)
{
	if (result >= 0)
		return result;
	errno = -result;
	return -1;
}

/* What netlink does not tell for want of memory it says it has not told. */
TEST_F_TIMEOUT(stream, netlink, LONG_SECONDS)
{
	struct nl_record *rec = calloc(1, sizeof(*rec));
	struct outcome o;
	uint64_t cookie;
	struct nl nl;
	int n = 1;

	NEED_FAULTS;
	if (sock_is_intree())
		SKIP(return, "of the module alone");
	ASSERT_TRUE(rec);
	cookie = nl_cookie(self->pair.client);
	do {
		ASSERT_EQ(0, nl_open_genl(&nl));
		rec->n = 0;
		o = fault(n, minus_one(nl_record(&nl, cookie, rec)));
		EXPECT_TRUE(usual(o.err)) TH_LOG("errno %d at %d", o.err, n);
		EXPECT_TRUE(o.err || rec->n) TH_LOG("nothing told at %d", n);
		nl_close(&nl);
		n++;
	} while (!o.left);
	EXPECT_EQ(0, o.err);
	TELL(n);
	EXPECT_LT(3, n);
	free(rec);
}

/* The FIN goes, sooner or later, behind all text. */
TEST_F_TIMEOUT(stream, shutdown, LONG_SECONDS)
{
	struct sock_pair pair;
	struct outcome o;
	int n = 1;

	NEED_FAULTS;
	do {
		ASSERT_EQ(0, sock_pair(&pair));
		ASSERT_EQ(0, sock_write_all(pair.client, self->text, 5000));
		o = fault(n, shutdown(pair.client, SHUT_WR));
		EXPECT_TRUE(usual(o.err)) TH_LOG("errno %d at %d", o.err, n);
		ASSERT_EQ(0, sock_read_all(pair.server, self->read, 5000));
		EXPECT_EQ(0, recv(pair.server, self->read, 1, 0));
		close(pair.server);
		close(pair.client);
		close(pair.listener);
		n++;
	} while (!o.left);
	TELL(n);
}

TEST_F_TIMEOUT(stream, close, LONG_SECONDS)
{
	struct sock_pair pair;
	struct outcome o;
	int n = 1;

	NEED_FAULTS;
	do {
		ASSERT_EQ(0, sock_pair(&pair));
		ASSERT_EQ(0, sock_write_all(pair.client, self->text, 5000));
		o = fault(n, close(pair.client));
		EXPECT_EQ(0, o.err);
		ASSERT_EQ(0, sock_read_all(pair.server, self->read, 5000));
		EXPECT_EQ(0, recv(pair.server, self->read, 1, 0));
		o = fault(n, close(pair.server));
		EXPECT_EQ(0, o.err);
		close(pair.listener);
		n++;
	} while (!o.left);
	TELL(n);
}

/* With text that nobody has read: a RST, which may be lost as any other. */
TEST_F_TIMEOUT(stream, abort, LONG_SECONDS)
{
	struct sock_pair pair;
	struct outcome o;
	int n = 1;

	NEED_FAULTS;
	do {
		ASSERT_EQ(0, sock_pair(&pair));
		ASSERT_EQ(0, sock_write_all(pair.client, self->text, 5000));
		ASSERT_TRUE(sock_wait(pair.server, POLLIN));
		o = fault(n, close(pair.server));
		EXPECT_EQ(0, o.err);
		ASSERT_TRUE(sock_until(send(pair.client, self->text, 1, MSG_NOSIGNAL) == -1));
		close(pair.client);
		close(pair.listener);
		n++;
	} while (!o.left);
	TELL(n);
}

/* ---- what softirqs and timers allocate ---- */

/* A call that is made until it succeeds or says what no lack of memory explains. */
#define insist(call)							\
	({								\
		long _ret;						\
									\
		do								\
			_ret = (call);					\
		while (_ret < 0 && usual(errno));			\
		_ret;							\
	})

static bool passes(int from, int to, const char *text, char *got, long len)
{
	long sent = 0, come = 0, n;

	while (come < len) {
		if (sent < len) {
			n = send(from, text + sent, len - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
			if (n < 0 && errno != EAGAIN && !usual(errno))
				return false;
			sent += n > 0 ? n : 0;
		}
		if (sent == len && !sock_wait(to, POLLIN))
			return false;
		n = recv(to, got + come, len - come, MSG_DONTWAIT);
		if (!n || (n < 0 && errno != EAGAIN && !usual(errno)))
			return false;
		come += n > 0 ? n : 0;
	}
	return !memcmp(text, got, len);
}

/* A connection from its first segment to its last; NULL, or what went wrong. */
static const char *life(int listener, const struct sockaddr_in *addr, int fd,
			const char *text, char *got)
{
	int child;
	char byte;

	if (insist(sock_connect(fd, addr)))
		return "connect";
	if (!sock_wait(listener, POLLIN))
		return "nothing to accept";
	child = insist(accept(listener, NULL, NULL));
	if (child < 0)
		return "accept";
	if (!passes(fd, child, text, got, CHUNK) || !passes(child, fd, text, got, CHUNK))
		return "text";
	close(fd);
	if (!sock_wait(child, POLLIN) || insist(recv(child, &byte, 1, 0)))
		return "no end";
	close(child);
	return NULL;
}

/* By chance many fail in a row; none of them is to be the last. */
static int never_give_up(void)
{
	return sock_sysctl("syn_retries", 100) || sock_sysctl("synack_retries", 100) ||
	       sock_sysctl("retries2", 100) || sock_sysctl("orphan_retries", 100);
}

/* Slower, but no connection is lost. */
static const char *hard_times(const char *kind, int percent, int lives, const char *text,
			      char *got)
{
	struct sockaddr_in addr;
	const char *wrong = NULL;
	int listener, fd, i;

	listener = sock_listen(&addr, 8);
	if (listener < 0 || never_give_up() || fail_atomic(kind, percent))
		return "setup";
	for (i = 0; i < lives && !wrong; i++) {
		fd = insist(sock_new(0));
		wrong = fd < 0 ? "socket" : life(listener, &addr, fd, text, got);
	}
	if (fail_no_more(kind))
		return "setup";
	close(listener);
	return wrong;
}

/* A mini of a SYN, a child, and a mini in TIME_WAIT are asked for once in a life. */
TEST_F_TIMEOUT(stream, some_slabs, LONG_SECONDS)
{
	const char *wrong;
	long before;

	NEED_FAULTS;
	if (sock_is_intree())
		SKIP(return, "no module");
	before = sock_statistic("NoMemory");
	wrong = hard_times("failslab", 15, 40, self->text, self->read);
	EXPECT_EQ(NULL, wrong) TH_LOG("%s", wrong);
	EXPECT_LT(before + 2, sock_statistic("NoMemory"));
}

TEST_F_TIMEOUT(stream, some_pages, LONG_SECONDS)
{
	const char *wrong;

	NEED_FAULTS;
	if (sock_is_intree())
		SKIP(return, "no module");
	ASSERT_EQ(0, pages_from(0));
	wrong = hard_times("fail_page_alloc", 30, 20, self->text, self->read);
	EXPECT_EQ(NULL, wrong) TH_LOG("%s", wrong);
}

/* ---- the module ---- */

static int the_module(void)
{
	const char *path = getenv("TCPSTATE_KO");

	return path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

static bool unloaded(void)
{
	return !syscall(SYS_delete_module, "tcpstate", O_NONBLOCK) || errno == ENOENT;
}

/* How many allocations a call makes that succeeds, or fails at a certain place. */
#define count(call)							\
	({								\
		struct outcome _c = fault(NO_FAULT, call);		\
									\
		(int)(NO_FAULT - _c.left);				\
	})

/*
 * What is made when the module is loaded, also for each namespace that there is, comes
 * behind what the kernel's loader needs before it calls the module. A parameter that
 * is refused at once shows how much that is.
 */
TEST_F_TIMEOUT(faults, load, LONG_SECONDS)
{
	int file, before, all, n, fd;
	struct outcome o;

	NEED_FAULTS;
	file = the_module();
	if (file < 0 || sock_is_intree())
		SKIP(return, "no module");
	ASSERT_EQ(0, write_text("/sys/module/tcpstate/parameters/abort_orphans", "1"));
	ASSERT_TRUE(sock_until(unloaded()));
	before = count(syscall(SYS_finit_module, file, "family=99", 0));
	all = count(syscall(SYS_finit_module, file, "", 0));
	ASSERT_EQ(0, access("/proc/net/tcpstate", R_OK));
	ASSERT_TRUE(sock_until(unloaded()));
	TH_LOG("%d faults", all - before);
	EXPECT_LT(20, all - before);
	for (n = before + 1; n <= all; n++) {
		o = fault(n, syscall(SYS_finit_module, file, "", 0));
		/* A kernel's socket is made, too. */
		EXPECT_TRUE(usual_of_new(o.err)) TH_LOG("errno %d at %d", o.err, n);
		if (o.ret)
			EXPECT_EQ(-1, access("/proc/net/tcpstate", F_OK));
		ASSERT_TRUE(sock_until(unloaded()));
	}
	ASSERT_EQ(0, syscall(SYS_finit_module, file, "", 0));
	ASSERT_EQ(0, sock_netns());
	/* The caches are new. */
	memset(self->before, 0, sizeof(self->before));
	fd = sock_new(0);
	EXPECT_LE(0, fd);
	close(fd);
	close(file);
}

TEST_HARNESS_MAIN

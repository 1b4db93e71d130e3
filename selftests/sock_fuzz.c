// SPDX-License-Identifier: GPL-2.0
/*
 * Threads make any call with any arguments on the same few sockets, both ends
 * of whose connections are here, in whatever state they are: each call must come
 * back, and when all are closed, or their process was killed in the middle, no
 * socket, no connection and no memory may be left.
 *
 * TCPSTATE_FUZZ_CALLS: calls in all.  TCPSTATE_FUZZ_SEED: each thread's row of
 * calls; how they meet is the machine's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/errqueue.h>
#include <linux/sockios.h>

#include "kselftest_harness.h"
#include "lib/sock.h"

#define CALLS		30000
#define THREADS		4
#define SLOTS		24
#define PORTS		6
#define FIRST_PORT	6000
#define BUFFER		(256 * 1024)
/* No call may take longer; a thread that hangs shows as a test that does. */
#define CALL_MS		3

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* In the order of their names. */
enum call {
	NEW, PAIR, CLOSE, BIND, LISTEN, CONNECT, ACCEPT, SEND, RECV, SENDMSG, RECVMSG, SHUTDOWN,
	SETOPT, GETOPT, IOCTL, POLL, NAMES, SPLICE, SENDFILE, DISCONNECT, KNOB, LOOK, CALLS_COUNT
};

static const char * const call_names[CALLS_COUNT] = {
	"socket", "pair", "close", "bind", "listen", "connect", "accept", "send", "recv", "sendmsg",
	"recvmsg", "shutdown", "setsockopt", "getsockopt", "ioctl", "poll", "names", "splice",
	"sendfile", "disconnect", "knob", "look",
};

/* What the threads share.  In memory that a killed process leaves to its parent. */
struct arena {
	atomic_int fd[SLOTS];
	atomic_long left;		/* calls that may still be made */
	atomic_long good[CALLS_COUNT];
	atomic_uint states;		/* those that a socket was seen in */
	uint32_t seed;
	int file, null, pipe[2];
};

struct thread {
	struct arena *arena;
	uint32_t seed;
	char *buffer;
};

static long number(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtol(text, NULL, 0) : otherwise;
}

static int below(struct thread *t, uint32_t n)
{
	return (sock_random(&t->seed) >> 8) % n;
}

static bool one_in(struct thread *t, uint32_t n)
{
	return !below(t, n);
}

/* ---- arguments ---- */

static int some_fd(struct thread *t)
{
	return t->arena->fd[below(t, SLOTS)];
}

/* A listener, if one is soon found. */
static int some_listener(struct thread *t)
{
	int tries, fd, listens;
	socklen_t size;

	for (tries = 0; tries < 6; tries++) {
		fd = some_fd(t);
		listens = 0;
		size = sizeof(listens);
		if (!getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) && listens)
			break;
	}
	return fd;
}

/* Mostly good. */
static void *some_memory(struct thread *t)
{
	switch (below(t, 24)) {
	case 0:
		return NULL;
	case 1:
		return (void *)8;
	case 2:
		return (void *)-4096L;
	case 3:		/* ends in the middle */
		return t->buffer + BUFFER - 7;
	case 4:
		return t->buffer + 1;
	}
	return t->buffer;
}

static int some_length(struct thread *t)
{
	static const int edges[] = { 0, 1, 2, 1459, 1460, 1461, 4096, 65535, 65536, BUFFER };

	return one_in(t, 2) ? edges[below(t, COUNT(edges))] : below(t, 3000);
}

static int some_int(struct thread *t)
{
	static const int edges[] = { 0, 1, 2, -1, INT_MAX, INT_MIN, 255, 65535, 1000 };

	return one_in(t, 4) ? (int)sock_random(&t->seed) : edges[below(t, COUNT(edges))];
}

static int some_flags(struct thread *t)
{
	static const int flags[] = {
		MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_WAITALL, MSG_TRUNC, MSG_MORE, MSG_ERRQUEUE,
		MSG_EOR, MSG_CMSG_CLOEXEC,
	};
	int set = MSG_NOSIGNAL, n;

	for (n = below(t, 3); n; n--)
		set |= flags[below(t, COUNT(flags))];
	return one_in(t, 50) ? set | (int)sock_random(&t->seed) : set;
}

static struct sockaddr_in some_address(struct thread *t)
{
	struct sockaddr_in addr = sock_addr("127.0.0.1", FIRST_PORT + below(t, PORTS));

	if (one_in(t, 8))
		addr.sin_addr.s_addr = htonl(INADDR_ANY);
	if (one_in(t, 16))
		addr.sin_addr.s_addr = sock_random(&t->seed);
	if (one_in(t, 16))
		addr.sin_port = one_in(t, 2) ? 0 : sock_random(&t->seed);
	if (one_in(t, 32))
		addr.sin_family = below(t, 50);
	return addr;
}

static int some_address_length(struct thread *t)
{
	return one_in(t, 16) ? some_int(t) : (int)sizeof(struct sockaddr_in);
}

/* ---- calls; true if it did something ---- */

/* Nothing in this file waits longer than a moment. */
static bool hasty(int fd)
{
	struct timeval wait = { .tv_usec = CALL_MS * 1000 };

	return !setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) &&
	       !setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
}

static void put_away(struct thread *t, int fd)
{
	int old = atomic_exchange(&t->arena->fd[below(t, SLOTS)], fd);

	if (old >= 0)
		close(old);
}

static bool call_new(struct thread *t)
{
	int fd = sock_new(SOCK_CLOEXEC | (one_in(t, 2) ? SOCK_NONBLOCK : 0)), one = 1;

	if (fd < 0)
		return false;
	hasty(fd);
	if (!one_in(t, 8))
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	put_away(t, fd);
	return true;
}

/* A connection, for the others to work on. */
static bool call_pair(struct thread *t)
{
	struct sockaddr_in addr = sock_addr("127.0.0.1", 0);
	socklen_t size = sizeof(addr);
	int listener = sock_new(SOCK_CLOEXEC), client = sock_new(SOCK_CLOEXEC), server = -1;

	if (listener >= 0 && client >= 0 && hasty(listener) && hasty(client) &&
	    !bind(listener, (struct sockaddr *)&addr, sizeof(addr)) && !listen(listener, 1) &&
	    !getsockname(listener, (struct sockaddr *)&addr, &size) &&
	    !connect(client, (struct sockaddr *)&addr, sizeof(addr)))
		server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (listener >= 0)
		close(listener);
	if (client >= 0)
		put_away(t, client);
	if (server >= 0)
		put_away(t, server);
	return server >= 0;
}

static bool call_close(struct thread *t)
{
	struct linger linger = { .l_onoff = one_in(t, 3), .l_linger = one_in(t, 40) };
	atomic_int *slot = &t->arena->fd[below(t, SLOTS)];
	int fd = *slot;

	if (fd >= 0 && one_in(t, 2))
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	fd = atomic_exchange(slot, -1);
	return fd >= 0 && !close(fd);
}

static bool call_connect(struct thread *t)
{
	struct sockaddr_in addr = some_address(t);
	void *memory = one_in(t, 32) ? some_memory(t) : &addr;
	socklen_t size = sizeof(addr);

	if (one_in(t, 2))
		getsockname(some_listener(t), (struct sockaddr *)&addr, &size);
	return !connect(some_fd(t), memory, some_address_length(t)) || errno == EINPROGRESS;
}

/* Ends a connection or a listener, and the socket is as new. */
static bool call_disconnect(struct thread *t)
{
	struct sockaddr addr = { .sa_family = AF_UNSPEC };

	return !connect(some_fd(t), &addr, sizeof(addr));
}

static bool call_bind(struct thread *t)
{
	struct sockaddr_in addr = some_address(t);

	return !bind(some_fd(t), (struct sockaddr *)&addr, some_address_length(t));
}

static bool call_accept(struct thread *t)
{
	struct sockaddr_in addr;
	socklen_t size = some_address_length(t);
	int fd = accept4(some_listener(t), one_in(t, 2) ? NULL : (struct sockaddr *)&addr, &size,
			 SOCK_CLOEXEC | (one_in(t, 2) ? SOCK_NONBLOCK : 0));

	if (fd < 0)
		return false;
	/* What it has inherited may have been changed. */
	hasty(fd);
	put_away(t, fd);
	return true;
}

static bool call_sendmsg(struct thread *t)
{
	union {
		char octets[256];
		struct cmsghdr align;
	} control;
	struct iovec iov[3] = {
		{ some_memory(t), some_length(t) }, { some_memory(t), below(t, 100) },
		{ some_memory(t), 0 },
	};
	struct sockaddr_in addr = some_address(t);
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 1 + below(t, 3) };
	unsigned int i;

	if (one_in(t, 4)) {
		msg.msg_name = &addr;
		msg.msg_namelen = some_address_length(t);
	}
	if (one_in(t, 3)) {
		for (i = 0; i < sizeof(control.octets); i++)
			control.octets[i] = one_in(t, 3) ? sock_random(&t->seed) >> 8 : 0;
		control.align.cmsg_len = below(t, 60);
		control.align.cmsg_level = one_in(t, 2) ? SOL_SOCKET : IPPROTO_IP;
		control.align.cmsg_type = below(t, 80);
		msg.msg_control = &control;
		msg.msg_controllen = below(t, sizeof(control));
	}
	return sendmsg(some_fd(t), &msg, some_flags(t)) > 0;
}

static bool call_recvmsg(struct thread *t)
{
	char control[256];
	struct iovec iov[2] = {
		{ some_memory(t), some_length(t) }, { some_memory(t), below(t, 100) },
	};
	struct sockaddr_in addr;
	struct msghdr msg = {
		.msg_iov = iov, .msg_iovlen = 1 + below(t, 2), .msg_control = control,
		.msg_controllen = below(t, sizeof(control)), .msg_name = &addr,
		.msg_namelen = sizeof(addr),
	};

	return recvmsg(some_fd(t), &msg, some_flags(t)) >= 0;
}

static int some_level(struct thread *t)
{
	static const int levels[] = { SOL_SOCKET, IPPROTO_IP, IPPROTO_TCP, IPPROTO_TCP };

	return one_in(t, 20) ? some_int(t) : levels[below(t, COUNT(levels))];
}

/* Time to wait is not theirs to change, nor to spin instead. */
static bool is_left_alone(int level, int name)
{
	return level == SOL_SOCKET &&
	       (name == SO_LINGER || name == SO_BUSY_POLL || name == 20 || name == 21 ||
		name == 66 || name == 67);
}

static bool call_setsockopt(struct thread *t)
{
	static const int sizes[] = { 0, 1, 2, 3, 8, 16, 40, 300, -1, INT_MAX };
	int level = some_level(t), name = one_in(t, 20) ? some_int(t) : below(t, 80);
	int value[80], size = one_in(t, 4) ? sizes[below(t, COUNT(sizes))] : 4;
	unsigned int i;

	if (is_left_alone(level, name))
		return false;
	for (i = 0; i < COUNT(value); i++)
		value[i] = some_int(t);
	return !setsockopt(some_fd(t), level, name, one_in(t, 16) ? some_memory(t) : value, size);
}

static bool call_getsockopt(struct thread *t)
{
	int level = some_level(t), name = one_in(t, 20) ? some_int(t) : below(t, 80);
	socklen_t size = one_in(t, 4) ? some_int(t) : below(t, 300);
	char value[512];

	return !getsockopt(some_fd(t), level, name,
			   size > sizeof(value) || one_in(t, 16) ? some_memory(t) : value, &size);
}

static bool call_ioctl(struct thread *t)
{
	static const unsigned long requests[] = {
		FIONREAD, SIOCOUTQ, SIOCATMARK, FIONBIO, SIOCOUTQNSD, FIOASYNC, SIOCGSTAMP_OLD,
		SIOCSPGRP, SIOCGPGRP, SIOCGIFCONF,
	};
	unsigned long request = one_in(t, 8) ? sock_random(&t->seed) :
				requests[below(t, COUNT(requests))];

	/* No signal to anybody but this thread's process, which minds none. */
	*(int *)t->buffer = request == SIOCSPGRP ? getpid() : below(t, 2);
	return !ioctl(some_fd(t), request, one_in(t, 8) ? some_memory(t) : t->buffer);
}

static bool call_poll(struct thread *t)
{
	struct pollfd fds[4];
	unsigned int i;

	for (i = 0; i < COUNT(fds); i++)
		fds[i] = (struct pollfd){ .fd = some_fd(t), .events = sock_random(&t->seed) };
	return poll(fds, COUNT(fds), one_in(t, 8) ? CALL_MS : 0) > 0;
}

static bool call_getname(struct thread *t)
{
	socklen_t size = one_in(t, 4) ? some_int(t) : 16;
	struct sockaddr_in addr;

	return one_in(t, 2) ? !getsockname(some_fd(t), (struct sockaddr *)&addr, &size) :
			      !getpeername(some_fd(t), (struct sockaddr *)&addr, &size);
}

/* Into a pipe that is emptied at once. */
static bool call_splice(struct thread *t)
{
	ssize_t n = splice(some_fd(t), NULL, t->arena->pipe[1], NULL, below(t, 65536),
			   SPLICE_F_NONBLOCK);

	if (n <= 0)
		return false;
	return splice(t->arena->pipe[0], NULL, one_in(t, 2) ? some_fd(t) : t->arena->null, NULL, n,
		      SPLICE_F_NONBLOCK) > 0;
}

static bool call_sendfile(struct thread *t)
{
	off_t offset = below(t, 4096);

	return sendfile(some_fd(t), t->arena->file, &offset, some_length(t)) > 0;
}

/* Limits come and go while connections lean on them. */
static bool call_knob(struct thread *t)
{
	static const struct {
		const char *name;
		long usual;
	} knobs[] = {
		{ "timestamps", 1 }, { "max_orphans", 16384 }, { "max_tw_buckets", 1000 },
		{ "time_wait_ms", 1 }, { "delack_ms", 1 }, { "tw_reuse", 1 }, { "rto_min_ms", 10 },
	};
	unsigned int i = below(t, COUNT(knobs));
	long value = knobs[i].usual;

	if (sock_is_intree())
		return false;
	if (one_in(t, 2))
		value = one_in(t, 8) ? some_int(t) : below(t, 3);
	/* So that the end does not have to wait for it. */
	if (!strcmp(knobs[i].name, "time_wait_ms") && value > 50)
		value = 50;
	return !sock_sysctl(knobs[i].name, value);
}

static bool call_look(struct thread *t)
{
	static const char * const files[] = {
		"/proc/thread-self/net/tcpstate", "/proc/thread-self/net/tcpstate_stat",
	};
	struct tcp_info info = {};
	socklen_t size = sizeof(info);
	bool good = false;
	int fd;

	if (!getsockopt(some_fd(t), IPPROTO_TCP, TCP_INFO, &info, &size))
		atomic_fetch_or(&t->arena->states, 1u << info.tcpi_state);
	if (!one_in(t, 20))
		return size;
	fd = open(files[below(t, 2)], O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && read(fd, t->buffer, 4096) > 0)
		good = true;
	if (fd >= 0)
		close(fd);
	return good;
}

static bool make(struct thread *t, enum call call)
{
	switch (call) {
	case NEW:
		return call_new(t);
	case PAIR:
		return call_pair(t);
	case CLOSE:
		return call_close(t);
	case BIND:
		return call_bind(t);
	case LISTEN:
		return !listen(some_fd(t), one_in(t, 8) ? some_int(t) : below(t, 8));
	case CONNECT:
		return call_connect(t);
	case ACCEPT:
		return call_accept(t);
	case SEND:
		return send(some_fd(t), some_memory(t), some_length(t), some_flags(t)) > 0;
	case RECV:
		return recv(some_fd(t), some_memory(t), some_length(t), some_flags(t)) > 0;
	case SENDMSG:
		return call_sendmsg(t);
	case RECVMSG:
		return call_recvmsg(t);
	case SHUTDOWN:
		return !shutdown(some_fd(t), one_in(t, 16) ? some_int(t) : below(t, 3));
	case SETOPT:
		return call_setsockopt(t);
	case GETOPT:
		return call_getsockopt(t);
	case IOCTL:
		return call_ioctl(t);
	case POLL:
		return call_poll(t);
	case NAMES:
		return call_getname(t);
	case SPLICE:
		return call_splice(t);
	case SENDFILE:
		return call_sendfile(t);
	case DISCONNECT:
		return call_disconnect(t);
	case KNOB:
		return call_knob(t);
	case LOOK:
		return call_look(t);
	case CALLS_COUNT:
		break;
	}
	return false;
}

/* How often each: what makes connections, and what uses them, more than what ends them. */
static enum call some_call(struct thread *t)
{
	static const unsigned char often[CALLS_COUNT] = {
		[NEW] = 6, [PAIR] = 6, [CLOSE] = 2, [BIND] = 6, [LISTEN] = 6, [CONNECT] = 10,
		[ACCEPT] = 10, [SEND] = 14, [RECV] = 14, [SENDMSG] = 6, [RECVMSG] = 6,
		[SHUTDOWN] = 2, [SETOPT] = 8, [GETOPT] = 8, [IOCTL] = 4, [POLL] = 4, [NAMES] = 2,
		[SPLICE] = 5, [SENDFILE] = 5, [DISCONNECT] = 1, [KNOB] = 1, [LOOK] = 5,
	};
	unsigned int sum = 0, at, i;

	for (i = 0; i < CALLS_COUNT; i++)
		sum += often[i];
	at = below(t, sum);
	for (i = 0; at >= often[i]; i++)
		at -= often[i];
	return i;
}

static void *run(void *argument)
{
	struct thread *t = argument;

	while (atomic_fetch_sub(&t->arena->left, 1) > 0) {
		enum call call = some_call(t);

		if (make(t, call))
			atomic_fetch_add(&t->arena->good[call], 1);
	}
	return NULL;
}

/* ---- the arena ---- */

static struct arena *arena_new(long calls)
{
	struct arena *arena = mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char page[8192];
	int i;

	if (arena == MAP_FAILED)
		return NULL;
	for (i = 0; i < SLOTS; i++)
		arena->fd[i] = -1;
	arena->left = calls;
	arena->seed = number("TCPSTATE_FUZZ_SEED", 9293);
	arena->file = memfd_create("fuzz", MFD_CLOEXEC);
	arena->null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	memset(page, 'x', sizeof(page));
	if (arena->file < 0 || arena->null < 0 || pipe2(arena->pipe, O_CLOEXEC | O_NONBLOCK) ||
	    write(arena->file, page, sizeof(page)) != sizeof(page))
		return NULL;
	return arena;
}

static int run_threads(struct arena *arena)
{
	struct thread threads[THREADS];
	pthread_t id[THREADS];
	int i, started = 0;

	for (i = 0; i < THREADS; i++) {
		threads[i].arena = arena;
		threads[i].seed = arena->seed * 2654435761u + i + 1;
		/* What lies behind it faults. */
		threads[i].buffer = mmap(NULL, BUFFER + 4096, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (threads[i].buffer == MAP_FAILED ||
		    mprotect(threads[i].buffer + BUFFER, 4096, PROT_NONE) ||
		    pthread_create(&id[i], NULL, run, &threads[i]))
			break;
		started++;
	}
	for (i = 0; i < started; i++)
		pthread_join(id[i], NULL);
	return started == THREADS ? 0 : -1;
}

static void close_all(struct arena *arena)
{
	int i, fd;

	for (i = 0; i < SLOTS; i++) {
		fd = atomic_exchange(&arena->fd[i], -1);
		if (fd >= 0)
			close(fd);
	}
}

/* ---- the end ---- */

/* Sockets of the namespace, and pages that they are charged for, of all. */
static bool nothing_left(void)
{
	/* What each CPU keeps for the next that asks (SK_MEMORY_PCPU_RESERVE). */
	long kept = 256 * sysconf(_SC_NPROCESSORS_ONLN), sockets = -1, pages = -1;
	FILE *file = fopen("/proc/thread-self/net/protocols", "r");
	char line[256];
	int n = 0;

	while (file && n != 2 && fgets(line, sizeof(line), file))
		n = sscanf(line, "TCPSTATE %*d %ld %ld", &sockets, &pages);
	if (file)
		fclose(file);
	return n == 2 && !sockets && pages <= kept;
}

static bool all_gone(void)
{
	int state;

	for (state = 1; state <= 11; state++)
		if (sock_gauge(state))
			return false;
	return nothing_left();
}

static long impossible_events(void)
{
	FILE *file = fopen("/proc/thread-self/net/tcpstate_stat", "r");
	long value = -1, seen;
	char name[64];

	while (file && fscanf(file, "%63s %ld", name, &seen) == 2)
		if (!strcmp(name, "ImpossibleEvents"))
			value = seen;
	if (file)
		fclose(file);
	return value;
}

static void tell(const struct arena *arena, long calls, long long ms)
{
	int i;

	fprintf(stderr, "# seed %u: %ld calls in %lld ms; states seen %#x; good:", arena->seed,
		calls, ms, arena->states);
	for (i = 0; i < CALLS_COUNT; i++)
		fprintf(stderr, " %s %ld", call_names[i], arena->good[i]);
	fprintf(stderr, "\n");
}

FIXTURE(fuzz) {
	long calls;
};

FIXTURE_SETUP(fuzz)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	self->calls = number("TCPSTATE_FUZZ_CALLS", CALLS);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGURG, &ignore, NULL);
	sigaction(SIGIO, &ignore, NULL);
	ASSERT_EQ(0, sock_netns());
	if (sock_is_intree())
		return;
	ASSERT_EQ(0, sock_sysctl("time_wait_ms", 1));
	ASSERT_EQ(0, sock_sysctl("fin_timeout_ms", 20));
	ASSERT_EQ(0, sock_sysctl("rto_min_ms", 10));
	ASSERT_EQ(0, sock_sysctl("rto_max_ms", 40));
	/* Who calls an address that nobody has gives up soon. */
	ASSERT_EQ(0, sock_sysctl("syn_retries", 3));
}

FIXTURE_TEARDOWN(fuzz)
{
}

TEST_F_TIMEOUT(fuzz, calls_of_threads, 1200)
{
	struct arena *arena = arena_new(self->calls);
	long long began = sock_ms();
	int i;

	ASSERT_TRUE(arena);
	ASSERT_EQ(0, run_threads(arena));
	tell(arena, self->calls, sock_ms() - began);
	close_all(arena);
	/* The row is of use only where it comes far. */
	for (i = 0; i < CALLS_COUNT; i++)
		EXPECT_TRUE(arena->good[i] || (i == KNOB && sock_is_intree()));
	if (sock_is_intree())
		return;
	EXPECT_TRUE(sock_until(all_gone()));
	EXPECT_EQ(0, impossible_events());
}

TEST_F_TIMEOUT(fuzz, killed_in_the_middle, 1200)
{
	long times = self->calls / 5000 + 1, i;
	struct arena *arena;
	pid_t child;

	for (i = 0; i < times; i++) {
		arena = arena_new(LONG_MAX);
		ASSERT_TRUE(arena);
		arena->seed += i;
		child = fork();
		ASSERT_LE(0, child);
		if (!child)
			_exit(run_threads(arena) ? 1 : 0);
		/* When it is in full swing, at another moment each time. */
		ASSERT_TRUE(sock_until(arena->left < LONG_MAX - 1000 - 37 * i));
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, NULL, 0));
		close(arena->file);
		close(arena->null);
		close(arena->pipe[0]);
		close(arena->pipe[1]);
		ASSERT_EQ(0, munmap(arena, sizeof(*arena)));
	}
	if (sock_is_intree())
		return;
	EXPECT_TRUE(sock_until(all_gone()));
	EXPECT_EQ(0, impossible_events());
}

TEST_HARNESS_MAIN

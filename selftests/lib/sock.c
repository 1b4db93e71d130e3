// SPDX-License-Identifier: GPL-2.0
/*
 * What the socket tests share. The family comes from TCPSTATE_FAMILY (18 if
 * unset, 2 for the in-tree TCP) and the IP protocol from TCPSTATE_WIRE.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/capability.h>
#include <netinet/tcp.h>
#include <net/if.h>
#include <net/route.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "sock.h"

#define SOCK_DEFAULT_FAMILY	18

/* Names of the gauges, by the kernel's state number. */
static const char * const state_names[] = {
	[1] = "ESTABLISHED",
	[2] = "SYN_SENT",
	[3] = "SYN_RECV",
	[4] = "FIN_WAIT1",
	[5] = "FIN_WAIT2",
	[6] = "TIME_WAIT",
	[7] = "CLOSE",
	[8] = "CLOSE_WAIT",
	[9] = "LAST_ACK",
	[10] = "LISTEN",
	[11] = "CLOSING",
};

static int env_number(const char *name, int fallback)
{
	const char *text = getenv(name);

	return text && *text ? atoi(text) : fallback;
}

/* The socket family under test. */
int sock_family(void)
{
	return env_number("TCPSTATE_FAMILY", SOCK_DEFAULT_FAMILY);
}

/* The IP protocol number the segments travel under. */
int sock_wire(void)
{
	return env_number("TCPSTATE_WIRE", IPPROTO_TCP);
}

/* Whether the reference runs, not the module. */
bool sock_is_intree(void)
{
	return sock_family() == AF_INET;
}

static int write_file(const char *path, const char *text)
{
	ssize_t len = strlen(text);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t done;
	int err;

	if (fd < 0)
		return -errno;
	done = write(fd, text, len);
	err = done < 0 ? -errno : 0;
	close(fd);
	if (err)
		return err;
	return done == len ? 0 : -EIO;
}

/* Enter a new network namespace with lo up. 0 or -errno. */
int sock_netns(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int err = 0;
	int fd;

	if (unshare(CLONE_NEWNET))
		return -errno;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		err = -errno;
	close(fd);
	return err;
}

/*
 * Route 192.0.2.0/24 to lo, where no such address exists: what is sent there
 * is lost without a word, as by a dead host. 0 or -errno.
 */
int sock_blackhole(void)
{
	struct sockaddr_in mask = sock_addr("255.255.255.0", 0);
	struct sockaddr_in dst = sock_addr("192.0.2.0", 0);
	struct rtentry rt = { .rt_flags = RTF_UP, .rt_dev = (char *)"lo" };
	int err = 0;
	int fd;

	memcpy(&rt.rt_dst, &dst, sizeof(dst));
	memcpy(&rt.rt_genmask, &mask, sizeof(mask));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCADDRT, &rt))
		err = -errno;
	close(fd);
	return err;
}

/* Set one knob of the module in this namespace. 0 or -errno. */
int sock_sysctl(const char *name, long value)
{
	char path[128];
	char text[32];

	snprintf(path, sizeof(path), "/proc/sys/net/tcpstate/%s", name);
	snprintf(text, sizeof(text), "%ld", value);
	return write_file(path, text);
}

/* Take one capability out of the effective set of this thread. */
bool sock_drop_cap(int cap)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data))
		return false;
	data[CAP_TO_INDEX(cap)].effective &= ~CAP_TO_MASK(cap);
	return !syscall(SYS_capset, &header, data);
}

/* A socket of the family under test; flags are SOCK_NONBLOCK, SOCK_CLOEXEC. */
int sock_new(int flags)
{
	int wire = sock_wire();

	if (wire == IPPROTO_TCP || sock_is_intree())
		wire = 0;
	return socket(sock_family(), SOCK_STREAM | flags, wire);
}

/* A socket of the in-tree TCP, whatever is under test. */
int sock_intree(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

/* An IPv4 address from text; both families take AF_INET addresses. */
struct sockaddr_in sock_addr(const char *ip, int port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
	};

	inet_pton(AF_INET, ip, &addr.sin_addr);
	return addr;
}

int sock_bind(int fd, const char *ip, int port)
{
	struct sockaddr_in addr = sock_addr(ip, port);

	return bind(fd, (struct sockaddr *)&addr, sizeof(addr));
}

int sock_connect(int fd, const struct sockaddr_in *addr)
{
	return connect(fd, (const struct sockaddr *)addr, sizeof(*addr));
}

/* The local port in host order, or -1. */
int sock_port(int fd)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);

	if (getsockname(fd, (struct sockaddr *)&addr, &len))
		return -1;
	return ntohs(addr.sin_port);
}

/* A listener on a free port of 127.0.0.1; *addr is where to connect. */
int sock_listen(struct sockaddr_in *addr, int backlog)
{
	int fd = sock_new(SOCK_CLOEXEC);

	if (fd < 0)
		return -1;
	if (sock_bind(fd, "127.0.0.1", 0) || listen(fd, backlog)) {
		close(fd);
		return -1;
	}
	*addr = sock_addr("127.0.0.1", sock_port(fd));
	return fd;
}

/* A connection over lo, both ends blocking. 0, or -1 with everything closed. */
int sock_pair(struct sock_pair *pair)
{
	struct sockaddr_in addr;

	pair->client = -1;
	pair->server = -1;
	pair->listener = sock_listen(&addr, 8);
	if (pair->listener < 0)
		return -1;
	pair->client = sock_new(0);
	if (pair->client < 0)
		goto close_listener;
	if (sock_connect(pair->client, &addr))
		goto close_client;
	pair->server = accept(pair->listener, NULL, NULL);
	if (pair->server < 0)
		goto close_client;
	return 0;

close_client:
	close(pair->client);
close_listener:
	close(pair->listener);
	return -1;
}

/* A non-blocking socket that waits for an answer which never comes, or -1. */
int sock_syn_sent(void)
{
	struct sockaddr_in addr = sock_addr("192.0.2.1", 9);
	int fd;

	if (sock_blackhole())
		return -1;
	fd = sock_new(SOCK_NONBLOCK);
	if (fd < 0)
		return -1;
	if (sock_errno(sock_connect(fd, &addr)) == EINPROGRESS)
		return fd;
	close(fd);
	return -1;
}

/* Monotonic time in milliseconds. */
long long sock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* The step of a wait: short, and never a guess of how long something takes. */
void sock_pause(void)
{
	const struct timespec step = { .tv_nsec = 1000000 };

	nanosleep(&step, NULL);
}

/* What poll() says right now, or -1. */
int sock_events(int fd, int events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	return poll(&pfd, 1, 0) < 0 ? -1 : pfd.revents;
}

/* Wait until all of the events are set together. */
bool sock_wait(int fd, int events)
{
	return sock_until((sock_events(fd, events) & events) == events);
}

/* Wait until a thread or process sleeps in the kernel. */
bool sock_waits(pid_t tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	return sock_until(({
		char state = 0;
		FILE *file = fopen(path, "re");

		if (file) {
			if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
				state = 0;
			fclose(file);
		}
		state == 'S';
	}));
}

/* The state as TCP_INFO tells it, or -1. */
int sock_state(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return -1;
	return info.tcpi_state;
}

bool sock_wait_state(int fd, int state)
{
	return sock_until(sock_state(fd) == state);
}

/* Connections of the in-tree TCP in one state, of this namespace. */
static long gauge_intree(unsigned int state)
{
	unsigned int seen;
	char line[512];
	long count = 0;
	FILE *file;

	file = fopen("/proc/thread-self/net/tcp", "re");
	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, " %*d: %*x:%*x %*x:%*x %x", &seen) != 1)
			continue;
		if (seen == state)
			count++;
	}
	fclose(file);
	return count;
}

/* Connections in one state in this namespace, -1 when it cannot be read. */
long sock_statistic(const char *wanted)
{
	long value = -1;
	char name[64];
	FILE *file;
	long seen;

	file = fopen("/proc/thread-self/net/tcpstate_stat", "re");
	if (!file)
		return -1;
	while (value < 0 && fscanf(file, "%63s %ld", name, &seen) == 2)
		if (!strcmp(name, wanted))
			value = seen;
	fclose(file);
	return value;
}

long sock_gauge(int state)
{
	return sock_is_intree() ? gauge_intree(state) : sock_statistic(state_names[state]);
}

bool sock_wait_gauge(int state, long value)
{
	return sock_until(sock_gauge(state) == value);
}

/* An integer option; -1 on error. */
int sock_get(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = 0;

	if (getsockopt(fd, level, name, &value, &len) || len != sizeof(int))
		return -1;
	return value;
}

int sock_set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

/* SO_RCVTIMEO or SO_SNDTIMEO. */
int sock_timeout(int fd, int name, long ms)
{
	struct timeval tv = {
		.tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000,
	};

	return setsockopt(fd, SOL_SOCKET, name, &tv, sizeof(tv));
}

int sock_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* SO_ERROR, which reading clears. */
int sock_error(int fd)
{
	return sock_get(fd, SOL_SOCKET, SO_ERROR);
}

/* A small repeatable generator (xorshift); the seed must not be 0. */
uint32_t sock_random(uint32_t *seed)
{
	uint32_t x = *seed;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	*seed = x;
	return x;
}

/* Fill with bytes that depend on the seed and never repeat shortly. */
void sock_pattern(void *buf, size_t len, uint32_t seed)
{
	uint8_t *byte = buf;
	size_t i;

	seed = seed * 2654435761u + 1;
	if (!seed)
		seed = 1;
	for (i = 0; i < len; i++)
		byte[i] = sock_random(&seed) >> 11;
}

/* Write everything to a blocking socket. 0 or -errno. */
int sock_write_all(int fd, const void *buf, size_t len)
{
	const char *from = buf;
	ssize_t done;

	while (len) {
		done = send(fd, from, len, MSG_NOSIGNAL);
		if (done < 0)
			return -errno;
		from += done;
		len -= done;
	}
	return 0;
}

/* Read exactly len bytes from a blocking socket. 0, -errno, -EPIPE at end. */
int sock_read_all(int fd, void *buf, size_t len)
{
	char *to = buf;
	ssize_t done;

	while (len) {
		done = recv(fd, to, len, 0);
		if (done < 0)
			return -errno;
		if (!done)
			return -EPIPE;
		to += done;
		len -= done;
	}
	return 0;
}

/*
 * Send until the peer, which does not read, takes no more and our buffer is
 * full too. Returns the bytes sent, or -1.
 */
long sock_fill(int fd)
{
	static const char chunk[16384];
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	bool quiet = false;
	long sent = 0;
	ssize_t done;

	/* ACKs under way make room again: full is full after a quiet while. */
	do {
		done = send(fd, chunk, sizeof(chunk),
			    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (done >= 0) {
			sent += done;
			quiet = false;
			continue;
		}
		if (errno != EAGAIN)
			return -1;
		if (quiet)
			return sent;
		quiet = !poll(&pfd, 1, 300);
	} while (1);
}

/* Read what is there without waiting; the number of bytes, or -errno. */
long sock_drain(int fd)
{
	static __thread char chunk[65536];
	long total = 0;
	ssize_t done;

	do {
		done = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);
		if (done > 0)
			total += done;
	} while (done > 0);
	if (!done || errno == EAGAIN)
		return total;
	return -errno;
}

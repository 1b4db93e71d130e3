// SPDX-License-Identifier: GPL-2.0
/*
 * One measure of one TCP, between two network namespaces, on one CPU: prints
 * lines "name value".  bench/guest.sh calls it for each stack in turn.
 *
 * Cost is busy time: what the CPU has worked, both ends, softirqs and the wakeups
 * included, and not what it has slept.  Where guest time is a count of
 * instructions (QEMU's -icount shift=0), a nanosecond is one instruction.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "marks.h"

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))
#define FIRST_PORT	5001
/* A client has 28,000 ephemeral ports for each port of the server. */
#define PER_PORT	20000
#define BATCH		512

/* Before and after what is measured. */
struct stamp {
	uint64_t now;
	uint64_t idle;
	uint64_t rx_packets;
	uint64_t tx_packets;
};

#define MAX_CACHES	400

/* Kernel memory, octets. */
struct memory {
	uint64_t all;		/* what is not free */
	unsigned int caches;
	struct cache {
		char name[64];
		uint64_t octets;	/* of objects in use */
	} cache[MAX_CACHES];
};

static struct {
	int family;
	int wire;
	const char *client_ns;
	const char *server_ns;
	struct in_addr server;
	size_t size;		/* of a write, or of a request and of its answer */
	uint64_t bytes;
	uint64_t warm;
	unsigned int count;
	unsigned int seconds;	/* no longer than that */
	unsigned int send_pause_us;
	unsigned int read_pause_us;
} opt = {
	.family = AF_INET, .wire = IPPROTO_TCP,
	.client_ns = "bench-a", .server_ns = "bench-b",
	.size = 65536, .bytes = 32 << 20, .warm = 4 << 20, .count = 1000,
};

static int to_server[2], to_client[2];

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* A file of /proc, so far as it fits. */
static char *slurp(const char *path)
{
	static char text[1 << 18];
	size_t len = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	close(fd);
	text[len] = 0;
	return text;
}

/* How long this CPU, the first, has slept: to the nanosecond. */
static uint64_t idle_ns(void)
{
	const char *p = strstr(slurp("/proc/timer_list"), ".idle_sleeptime");

	p = p ? strchr(p, ':') : NULL;
	if (!p)
		errx(1, "/proc/timer_list has no idle_sleeptime");
	return strtoull(p + 1, NULL, 10);
}

/* Packets of all devices of this namespace but lo. */
static void packets(struct stamp *s)
{
	char *save, *line = strtok_r(slurp("/proc/self/net/dev"), "\n", &save);
	unsigned long long rx, tx;
	char name[64];

	s->rx_packets = 0;
	s->tx_packets = 0;
	for (; line; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, " %63[^:]: %*u %llu %*u %*u %*u %*u %*u %*u %*u %llu",
			   name, &rx, &tx) != 3 || !strcmp(name, "lo"))
			continue;
		s->rx_packets += rx;
		s->tx_packets += tx;
	}
}

/* The reading itself must fall outside, and nobody sleeps between the clocks. */
static void begin(struct stamp *s)
{
	packets(s);
	s->idle = idle_ns();
	s->now = now();
	mark_here(MARK_BEGIN);
}

static void end(struct stamp *s)
{
	mark_here(MARK_END);
	s->now = now();
	s->idle = idle_ns();
	packets(s);
}

static double busy(const struct stamp *from, const struct stamp *to)
{
	return (double)(to->now - from->now) - (double)(to->idle - from->idle);
}

static uint64_t meminfo(const char *name)
{
	const char *p = strstr(slurp("/proc/meminfo"), name);

	if (!p)
		errx(1, "/proc/meminfo has no %s", name);
	return strtoull(p + strlen(name), NULL, 10) * 1024;
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		warn("%s", path);
	close(fd);
}

/* What slab caches keep at hand goes back, so that only what is in use counts. */
static void shrink_caches(void)
{
	DIR *dir = opendir("/sys/kernel/slab");
	struct dirent *entry;
	char path[320];

	if (!dir)
		err(1, "/sys/kernel/slab");
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", entry->d_name);
		write_text(path, "1");
	}
	closedir(dir);
}

static void remember(struct memory *m)
{
	unsigned long long active, size;
	char *save, *line;
	struct cache *c;

	/* What was freed a moment ago waits for a grace period. */
	usleep(300000);
	write_text("/proc/sys/vm/drop_caches", "3");
	shrink_caches();
	m->all = meminfo("MemTotal:") - meminfo("\nMemFree:") - meminfo("\nCached:") -
		 meminfo("\nBuffers:") - meminfo("\nAnonPages:");
	m->caches = 0;
	for (line = strtok_r(slurp("/proc/slabinfo"), "\n", &save); line && m->caches < MAX_CACHES;
	     line = strtok_r(NULL, "\n", &save)) {
		c = &m->cache[m->caches];
		if (sscanf(line, "%63s %llu %*u %llu", c->name, &active, &size) != 3)
			continue;
		c->octets = active * size;
		m->caches++;
	}
}

/* By how much a cache has grown; it may be new. */
static double growth(const struct memory *before, const struct cache *after)
{
	unsigned int i;

	for (i = 0; i < before->caches; i++)
		if (!strcmp(before->cache[i].name, after->name))
			return (double)after->octets - (double)before->cache[i].octets;
	return after->octets;
}

static bool is_file(const char *cache)
{
	return !strcmp(cache, "dentry") || !strcmp(cache, "sock_inode_cache") ||
	       !strcmp(cache, "filp");
}

/* Objects in use of one slab cache, and their size. */
static uint64_t objects(const char *cache, unsigned int *size)
{
	char *save, *line;
	char name[64];
	unsigned long long active;

	*size = 0;
	for (line = strtok_r(slurp("/proc/slabinfo"), "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%63s %llu %*u %u", name, &active, size) == 3 &&
		    !strcmp(name, cache))
			return active;
	return 0;
}

static void result(const char *name, double value)
{
	printf("%s %.6g\n", name, value);
}

/* The cost of what lies between begin() and end(); its instructions are recorded. */
static void cost(const char *name, double value)
{
	mark_here(MARK_RECORD);
	result(name, value);
}

/* Slabs that one of count connections takes: all, without files, and by cache. */
static void slab_results(const char *name, const struct memory *before,
			 const struct memory *after)
{
	double all = 0, files = 0, each;
	char text[128];
	unsigned int i;

	for (i = 0; i < after->caches; i++) {
		each = growth(before, &after->cache[i]) / opt.count;
		all += each;
		if (is_file(after->cache[i].name))
			files += each;
		if (each < 8)
			continue;
		snprintf(text, sizeof(text), "cache_%s", after->cache[i].name);
		result(text, each);
	}
	result(name, all);
	snprintf(text, sizeof(text), "%s_without_files", name);
	result(text, all - files);
}

static void enter(const char *ns)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(1, "%s", path);
	close(fd);
}

static int new_socket(void)
{
	int fd = socket(opt.family, SOCK_STREAM | SOCK_CLOEXEC,
			opt.wire == IPPROTO_TCP ? 0 : opt.wire);

	if (fd < 0)
		err(1, "socket(%d)", opt.family);
	return fd;
}

static struct sockaddr_in name_of_server(unsigned int nth)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr = opt.server,
		.sin_port = htons(FIRST_PORT + nth / PER_PORT),
	};
}

static int listen_on(unsigned int nth)
{
	struct sockaddr_in sin = name_of_server(nth);
	int fd = new_socket(), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) || listen(fd, 4096))
		err(1, "bind, listen");
	return fd;
}

static int connect_to(unsigned int nth)
{
	struct sockaddr_in sin = name_of_server(nth);
	int fd = new_socket();

	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)))
		err(1, "connect %u", nth);
	return fd;
}

static int accept_one(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		err(1, "accept");
	return fd;
}

/* A RST, so that thousands go without a word. */
static void drop(int fd)
{
	const struct linger linger = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
}

static void tell(const int pipe_fds[2], char what)
{
	if (write(pipe_fds[1], &what, 1) != 1)
		err(1, "pipe");
}

static void hear(const int pipe_fds[2])
{
	char what;

	if (read(pipe_fds[0], &what, 1) != 1)
		errx(1, "the other side has ended");
}

static bool send_all(int fd, const char *buf, size_t len)
{
	while (len) {
		ssize_t n = send(fd, buf, len, MSG_NOSIGNAL);

		if (n < 0)
			return false;
		buf += n;
		len -= n;
	}
	return true;
}

static bool receive_all(int fd, char *buf, size_t len)
{
	while (len) {
		ssize_t n = recv(fd, buf, len, 0);

		if (n <= 0)
			return false;
		buf += n;
		len -= n;
	}
	return true;
}

static char *buffer(size_t size)
{
	char *buf = malloc(size);

	if (!buf)
		err(1, "malloc");
	memset(buf, 'x', size);
	return buf;
}

/* --- bulk: one way, the server reads and measures --- */

static void bulk_server(int listener)
{
	uint64_t sum = 0, counted = 0, stop = UINT64_MAX;
	struct stamp from = {}, to = {};
	char *buf = buffer(65536);
	bool started = false;
	ssize_t n = 1;
	int fd;

	fd = accept_one(listener);
	while (sum < opt.warm + opt.bytes && n > 0 && now() < stop) {
		if (!started && sum >= opt.warm) {
			counted = sum;
			started = true;
			begin(&from);
			if (opt.seconds)
				stop = from.now + opt.seconds * 1000000000ULL;
		}
		n = recv(fd, buf, 65536, 0);
		if (n > 0)
			sum += n;
		if (opt.read_pause_us)
			usleep(opt.read_pause_us);
	}
	end(&to);
	if (!started || n < 0)
		errx(1, "bulk: the connection broke");
	counted = sum - counted;
	cost("ns_per_byte", busy(&from, &to) / counted);
	result("mbit_per_s", counted * 8e3 / (to.now - from.now));
	result("data_packets_per_mib", (to.rx_packets - from.rx_packets) * 1048576. / counted);
	result("ack_packets_per_mib", (to.tx_packets - from.tx_packets) * 1048576. / counted);
	result("ns_per_packet", busy(&from, &to) /
	       (to.rx_packets - from.rx_packets + to.tx_packets - from.tx_packets));
	fflush(stdout);
	drop(fd);
}

static void bulk_client(void)
{
	char *buf = buffer(opt.size);
	int fd = connect_to(0);

	/* Ends when the server has enough. */
	while (send_all(fd, buf, opt.size))
		if (opt.send_pause_us)
			usleep(opt.send_pause_us);
	close(fd);
}

/* --- rr: request and response on one connection --- */

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void rr_server(int listener)
{
	char *buf = buffer(opt.size);
	int fd = accept_one(listener);

	while (receive_all(fd, buf, opt.size) && send_all(fd, buf, opt.size))
		;
	close(fd);
}

static void exchange(int fd, char *buf)
{
	if (!send_all(fd, buf, opt.size) || !receive_all(fd, buf, opt.size))
		err(1, "request");
}

static void rr_client(void)
{
	uint64_t *took = calloc(opt.count, sizeof(*took));
	char *buf = buffer(opt.size);
	struct stamp from, to;
	int fd = connect_to(0);
	unsigned int i;

	for (i = 0; i < 200; i++)
		exchange(fd, buf);
	begin(&from);
	for (i = 0; i < opt.count; i++) {
		uint64_t at = now();

		exchange(fd, buf);
		took[i] = now() - at;
	}
	end(&to);
	qsort(took, opt.count, sizeof(*took), ascending);
	cost("ns_per_request", busy(&from, &to) / opt.count);
	result("latency_p50_us", took[opt.count / 2] / 1e3);
	result("latency_p99_us", took[opt.count * 99ULL / 100] / 1e3);
	result("latency_max_us", took[opt.count - 1] / 1e3);
	result("packets_per_request",
	       (double)(to.rx_packets - from.rx_packets + to.tx_packets - from.tx_packets) /
	       opt.count);
	fflush(stdout);
	close(fd);
	free(took);
}

/* --- crr: connect, one request, close by the server --- */

static void crr_server(int listener)
{
	char *buf = buffer(opt.size);
	unsigned int i;

	for (i = 0; i < opt.count + 100; i++) {
		int fd = accept_one(listener);

		if (receive_all(fd, buf, opt.size))
			send_all(fd, buf, opt.size);
		close(fd);
	}
}

static void crr_client(void)
{
	char *buf = buffer(opt.size);
	struct stamp from, to;
	unsigned int i;

	for (i = 0; i < opt.count + 100; i++) {
		int fd;

		if (i == 100)
			begin(&from);
		fd = connect_to(i);
		exchange(fd, buf);
		if (recv(fd, buf, 1, 0))
			errx(1, "no end of the stream");
		close(fd);
	}
	end(&to);
	cost("ns_per_connection", busy(&from, &to) / opt.count);
	result("per_second", opt.count * 1e9 / (to.now - from.now));
	fflush(stdout);
}

/* --- accept: what the handshake costs, and what accept(2) costs --- */

static void accept_server(int listener)
{
	unsigned int i, n = opt.count / BATCH * BATCH, round;
	struct stamp from, to;
	double ns = 0;
	int fds[BATCH];

	for (round = 0; round < n / BATCH; round++) {
		hear(to_server);
		begin(&from);
		for (i = 0; i < BATCH; i++)
			fds[i] = accept_one(listener);
		end(&to);
		ns += busy(&from, &to);
		for (i = 0; i < BATCH; i++)
			drop(fds[i]);
		tell(to_client, 'a');
	}
	cost("ns_per_accept", ns / n);
	fflush(stdout);
}

static void accept_client(void)
{
	unsigned int i, n = opt.count / BATCH * BATCH, round;
	struct stamp from, to;
	double ns = 0;
	int fds[BATCH];

	for (round = 0; round < n / BATCH; round++) {
		begin(&from);
		for (i = 0; i < BATCH; i++)
			fds[i] = connect_to(0);
		end(&to);
		ns += busy(&from, &to);
		tell(to_server, 'c');
		hear(to_client);
		for (i = 0; i < BATCH; i++)
			close(fds[i]);
	}
	cost("ns_per_handshake", ns / n);
	fflush(stdout);
}

/* --- timewait: the client closes first, and keeps the TIME_WAIT --- */

static void timewait_server(int listener)
{
	unsigned int i;
	char c;

	for (i = 0; i < opt.count; i++) {
		int fd = accept_one(listener);

		if (recv(fd, &c, 1, 0))
			errx(1, "no end of the stream");
		close(fd);
		tell(to_client, 'c');
	}
	hear(to_server);
}

static void timewait_client(void)
{
	unsigned int i, half = opt.count / 2, size = 0;
	const char *cache = opt.family == AF_INET ? "tw_sock_TCP" : "tcpstate_timewait";
	static struct memory before, after;
	struct stamp from, middle, to;

	remember(&before);
	begin(&from);
	for (i = 0; i < opt.count; i++) {
		if (i == half) {
			end(&middle);
			begin(&middle);
		}
		close(connect_to(i));
		hear(to_client);
	}
	end(&to);
	remember(&after);
	cost("ns_per_cycle", busy(&from, &to) / opt.count);
	result("ns_per_cycle_second_half", busy(&middle, &to) / (opt.count - half));
	slab_results("bytes_per_timewait", &before, &after);
	result("found", objects(cache, &size));
	result("bytes_of_object", size);
	fflush(stdout);
	tell(to_server, 'e');
}

/* --- idle: many connections, what they take, and a request among them --- */

static void idle_server(int listener)
{
	unsigned int i, ports = (opt.count - 1) / PER_PORT + 1;
	int *fds = calloc(opt.count, sizeof(*fds));
	int listeners[64] = { listener };
	char c;

	for (i = 1; i < ports; i++)
		listeners[i] = listen_on(i * PER_PORT);
	tell(to_client, 'l');
	for (i = 0; i < opt.count; i++)
		fds[i] = accept_one(listeners[i / PER_PORT]);
	tell(to_client, 'a');
	/* The client says which one it will ask. */
	for (;;) {
		uint32_t nth;

		if (read(to_server[0], &nth, sizeof(nth)) != sizeof(nth) || nth >= opt.count)
			break;
		if (!receive_all(fds[nth], &c, 1) || !send_all(fds[nth], &c, 1))
			err(1, "answer");
	}
	for (i = 0; i < opt.count; i++)
		close(fds[i]);
	tell(to_client, 'e');
}

static void ask(int fd, uint32_t nth)
{
	char c = 'x';

	if (write(to_server[1], &nth, sizeof(nth)) != sizeof(nth))
		err(1, "pipe");
	if (!send_all(fd, &c, 1) || !receive_all(fd, &c, 1))
		err(1, "request among many");
}

static void idle_client(void)
{
	int *fds = calloc(opt.count, sizeof(*fds));
	const unsigned int requests = 2000;
	static struct memory before, after;
	struct stamp from, to;
	uint32_t stop = UINT32_MAX;
	unsigned int i;

	hear(to_client);
	remember(&before);
	begin(&from);
	for (i = 0; i < opt.count; i++)
		fds[i] = connect_to(i);
	hear(to_client);
	end(&to);
	remember(&after);
	cost("ns_to_open", busy(&from, &to) / opt.count);
	result("bytes_each", (double)(after.all - before.all) / opt.count);
	slab_results("slab_bytes_each", &before, &after);
	for (i = 0; i < 200; i++)
		ask(fds[i % opt.count], i % opt.count);
	begin(&from);
	for (i = 0; i < requests; i++) {
		uint32_t nth = i * 7919ULL % opt.count;

		ask(fds[nth], nth);
	}
	end(&to);
	cost("ns_per_request", busy(&from, &to) / requests);
	fflush(stdout);
	if (write(to_server[1], &stop, sizeof(stop)) != sizeof(stop))
		err(1, "pipe");
	for (i = 0; i < opt.count; i++)
		drop(fds[i]);
	hear(to_client);
}

/* --- flows: short ones, one after another, till the peer has taken all --- */

static void flows_server(int listener)
{
	char *buf = buffer(65536);
	unsigned int i;

	for (i = 0; i < opt.count; i++) {
		int fd = accept_one(listener);

		while (recv(fd, buf, 65536, 0) > 0)
			;
		close(fd);
	}
}

static void flows_client(void)
{
	uint64_t *took = calloc(opt.count, sizeof(*took)), sum = 0;
	char *buf = buffer(opt.size);
	unsigned int i;

	for (i = 0; i < opt.count; i++) {
		uint64_t at = now();
		int fd = connect_to(0);

		if (!send_all(fd, buf, opt.size) || shutdown(fd, SHUT_WR))
			err(1, "flow");
		if (recv(fd, buf, 1, 0))
			errx(1, "no end of the stream");
		took[i] = now() - at;
		sum += took[i];
		close(fd);
	}
	qsort(took, opt.count, sizeof(*took), ascending);
	result("flow_mean_ms", sum / 1e6 / opt.count);
	result("flow_p50_ms", took[opt.count / 2] / 1e6);
	result("flow_p95_ms", took[opt.count * 95ULL / 100] / 1e6);
	fflush(stdout);
}

static const struct measure {
	const char *name;
	void (*server)(int listener);
	void (*client)(void);
} measures[] = {
	{ "bulk", bulk_server, bulk_client },
	{ "rr", rr_server, rr_client },
	{ "crr", crr_server, crr_client },
	{ "accept", accept_server, accept_client },
	{ "timewait", timewait_server, timewait_client },
	{ "idle", idle_server, idle_client },
	{ "flows", flows_server, flows_client },
};

static const struct option options[] = {
	{ "family", required_argument, NULL, 'f' },
	{ "wire", required_argument, NULL, 'w' },
	{ "client-ns", required_argument, NULL, 'c' },
	{ "server-ns", required_argument, NULL, 's' },
	{ "size", required_argument, NULL, 'z' },
	{ "bytes", required_argument, NULL, 'b' },
	{ "warm", required_argument, NULL, 'W' },
	{ "count", required_argument, NULL, 'n' },
	{ "seconds", required_argument, NULL, 't' },
	{ "send-pause", required_argument, NULL, 'p' },
	{ "read-pause", required_argument, NULL, 'P' },
	{ }
};

static void usage(void)
{
	size_t i;

	fprintf(stderr, "usage: tcpbench [--OPTION VALUE]... MEASURE SERVER-ADDRESS\noptions:");
	for (i = 0; options[i].name; i++)
		fprintf(stderr, " --%s", options[i].name);
	fprintf(stderr, "\nmeasures:");
	for (i = 0; i < LENGTH(measures); i++)
		fprintf(stderr, " %s", measures[i].name);
	fprintf(stderr, "\n");
	exit(2);
}

static const struct measure *parse(int argc, char **argv)
{
	size_t i;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'f': opt.family = atoi(optarg); break;
		case 'w': opt.wire = atoi(optarg); break;
		case 'c': opt.client_ns = optarg; break;
		case 's': opt.server_ns = optarg; break;
		case 'z': opt.size = strtoul(optarg, NULL, 0); break;
		case 'b': opt.bytes = strtoull(optarg, NULL, 0); break;
		case 'W': opt.warm = strtoull(optarg, NULL, 0); break;
		case 'n': opt.count = strtoul(optarg, NULL, 0); break;
		case 't': opt.seconds = strtoul(optarg, NULL, 0); break;
		case 'p': opt.send_pause_us = strtoul(optarg, NULL, 0); break;
		case 'P': opt.read_pause_us = strtoul(optarg, NULL, 0); break;
		default: usage();
		}
	}
	if (argc - optind != 2 || !inet_aton(argv[optind + 1], &opt.server) ||
	    !opt.count || !opt.size)
		usage();
	for (i = 0; i < LENGTH(measures); i++)
		if (!strcmp(measures[i].name, argv[optind]))
			return &measures[i];
	usage();
	return NULL;
}

int main(int argc, char **argv)
{
	const struct measure *measure = parse(argc, argv);
	struct rlimit files = { opt.count + 1000, opt.count + 1000 };
	int status, listener;
	cpu_set_t first;
	pid_t server;

	signal(SIGPIPE, SIG_IGN);
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first))
		err(1, "sched_setaffinity");
	if (setrlimit(RLIMIT_NOFILE, &files))
		err(1, "setrlimit");
	if (pipe2(to_server, O_CLOEXEC) || pipe2(to_client, O_CLOEXEC))
		err(1, "pipe");
	enter(opt.server_ns);
	listener = listen_on(0);
	server = fork();
	if (server < 0)
		err(1, "fork");
	if (!server) {
		close(to_server[1]);
		close(to_client[0]);
		/* It must not wait for a client that has failed. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		measure->server(listener);
		exit(0);
	}
	close(to_server[0]);
	close(to_client[1]);
	close(listener);
	enter(opt.client_ns);
	measure->client();
	if (waitpid(server, &status, 0) != server || status)
		errx(1, "the server failed, status %d", status);
	return 0;
}

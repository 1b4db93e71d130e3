// SPDX-License-Identifier: GPL-2.0
/*
 * Plays both ends of a connection by a script: what a lab's two programs do, in an
 * order that can be read from above to below.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/tcpstate.h>

#define DEADLINE	60	/* seconds; reached only by a failure */
#define SYN		0x02
#define RST		0x04
#define NOT_SEEN	3

static const char usage[] =
"usage: actor [LINE]... , or lines on the standard input\n"
"\n"
"A line is \"SIDE VERB [VALUE]\"; SIDE is left (192.0.2.1) or right (192.0.2.2), each\n"
"in the network namespace of that name.\n"
"\n"
"  left bind PORT        left listen PORT     left accept\n"
"  left connect PORT     to the other side; does not wait\n"
"  left wait STATE       until TCP_INFO says so; status 3 if CLOSE comes instead\n"
"  left send N           N octets, as one write()\n"
"  left fill             as much as goes without waiting\n"
"  left read N           left drain (until the end)    left readable\n"
"  left set OPTION N     nodelay, sndbuf, rcvbuf, linger, quickack\n"
"  left shutdown         no more to send\n"
"  left close            left abort (with a RST)       left gone (nothing is left)\n"
"  left flood N PORT     N SYNs from hosts that do not exist\n"
"  left stray PORT       a RST that belongs to nothing, from a host that does not exist\n"
"  left error            print what the socket tells its program now\n"
"  - sleep MS            - run COMMAND                  - say WORDS\n"
"\n"
"Status: 0, 1 on an error, 2 on wrong usage, 3 if what should cross did not.\n";

static struct side {
	const char *name;
	const char *address;
	int fd;
	int listener;
} sides[2] = {
	{ "left", "192.0.2.1", -1, -1 },
	{ "right", "192.0.2.2", -1, -1 },
};

static const char *line_now = "";

static void __attribute__((noreturn)) fail(const char *what)
{
	fprintf(stderr, "actor: %s: %s: %s\n", line_now, what, strerror(errno));
	exit(1);
}

static void __attribute__((noreturn)) wrong(const char *what)
{
	fprintf(stderr, "actor: %s: %s (actor --help)\n", line_now, what);
	exit(2);
}

static long number(const char *s)
{
	char *end;
	long n;

	if (!s)
		wrong("a number is missing");
	n = strtol(s, &end, 10);
	if (*end || end == s || n < 0)
		wrong("not a number");
	return n;
}

/* A socket belongs to the namespace in which it was made. */
static void enter(const struct side *s)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", s->name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		fail(path);
	close(fd);
}

static int new_socket(const struct side *s)
{
	int fd, one = 1;

	enter(s);
	fd = socket(AF_TCPSTATE, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fail("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)))
		fail("SO_REUSEADDR");
	return fd;
}

static struct sockaddr_in name_of(const struct side *s, const char *port)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(number(port)) };

	inet_pton(AF_INET, s->address, &name.sin_addr);
	return name;
}

static void nonblocking(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

static void do_bind(struct side *s, const char *port)
{
	struct sockaddr_in name = name_of(s, port);

	s->fd = new_socket(s);
	if (bind(s->fd, (struct sockaddr *)&name, sizeof(name)))
		fail("bind");
}

static void do_listen(struct side *s, const char *port)
{
	struct sockaddr_in name = name_of(s, port);

	s->listener = new_socket(s);
	if (bind(s->listener, (struct sockaddr *)&name, sizeof(name)))
		fail("bind");
	if (listen(s->listener, 128))
		fail("listen");
}

static void do_connect(struct side *s, const char *port)
{
	struct sockaddr_in name = name_of(s == sides ? sides + 1 : sides, port);

	if (s->fd < 0)
		s->fd = new_socket(s);
	nonblocking(s->fd, true);
	if (connect(s->fd, (struct sockaddr *)&name, sizeof(name)) && errno != EINPROGRESS)
		fail("connect");
	nonblocking(s->fd, false);
}

static void do_accept(struct side *s)
{
	struct pollfd pfd = { .fd = s->listener, .events = POLLIN };

	errno = ETIMEDOUT;
	if (poll(&pfd, 1, DEADLINE * 1000) <= 0)
		fail("poll");
	s->fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
	if (s->fd < 0)
		fail("accept");
}

static const char * const state_names[] = {
	[0] = "NONE", [TCP_ESTABLISHED] = "ESTABLISHED", [TCP_SYN_SENT] = "SYN_SENT",
	[TCP_SYN_RECV] = "SYN_RECV", [TCP_FIN_WAIT1] = "FIN_WAIT1", [TCP_FIN_WAIT2] = "FIN_WAIT2",
	[TCP_TIME_WAIT] = "TIME_WAIT", [TCP_CLOSE] = "CLOSE", [TCP_CLOSE_WAIT] = "CLOSE_WAIT",
	[TCP_LAST_ACK] = "LAST_ACK", [TCP_LISTEN] = "LISTEN", [TCP_CLOSING] = "CLOSING",
};

static void pause_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static void do_wait(struct side *s, const char *state)
{
	struct tcp_info info = {};
	time_t end = time(NULL) + DEADLINE;
	socklen_t len;

	while (time(NULL) < end) {
		len = sizeof(info);
		if (getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &len))
			fail("TCP_INFO");
		if (!strcmp(state, state_names[info.tcpi_state]))
			return;
		/* TIME_WAIT goes on without the socket, which is closed then. */
		if (!strcmp(state, "TIME_WAIT") && info.tcpi_state == TCP_CLOSE)
			return;
		if (info.tcpi_state == TCP_CLOSE) {
			fprintf(stderr, "actor: %s: the socket is closed\n", line_now);
			exit(NOT_SEEN);
		}
		pause_ms(1);
	}
	fprintf(stderr, "actor: %s: still in %s\n", line_now, state_names[info.tcpi_state]);
	exit(1);
}

static void do_send(struct side *s, long n)
{
	char *text = malloc(n + 1);

	if (!text)
		fail("memory");
	memset(text, 'x', n);
	if (write(s->fd, text, n) != n)
		fail("write");
	free(text);
}

static void do_fill(struct side *s)
{
	static const char text[4096];
	long sum = 0;
	ssize_t n;

	nonblocking(s->fd, true);
	while ((n = write(s->fd, text, sizeof(text))) > 0)
		sum += n;
	if (errno != EAGAIN)
		fail("write");
	nonblocking(s->fd, false);
	printf("lab: %s wrote %ld octets before it had to wait\n", s->name, sum);
	fflush(stdout);
}

static void wait_for(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	errno = ETIMEDOUT;
	if (poll(&pfd, 1, DEADLINE * 1000) <= 0)
		fail("poll");
}

/* @n octets, or until the end. */
static void do_read(struct side *s, long n)
{
	char text[4096];
	ssize_t got;

	while (n) {
		wait_for(s->fd, POLLIN);
		got = read(s->fd, text, n < 0 || n > (long)sizeof(text) ? sizeof(text) : (size_t)n);
		if (got < 0)
			fail("read");
		if (!got && n > 0) {
			errno = EPIPE;
			fail("the end came early");
		}
		if (!got)
			return;
		if (n > 0)
			n -= got;
	}
}

/* What the program hears of how its connection has ended. */
static void do_error(struct side *s)
{
	int err;
	socklen_t len = sizeof(err);

	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &err, &len))
		fail("SO_ERROR");
	printf("lab:   the program on the %s is told: %s\n", s->name,
	       err ? strerror(err) : "no error");
	fflush(stdout);
}

static void do_set(struct side *s, const char *option, int value)
{
	static const struct {
		const char *name;
		int level, number;
	} options[] = {
		{ "nodelay", IPPROTO_TCP, TCP_NODELAY },
		{ "quickack", IPPROTO_TCP, TCP_QUICKACK },
		{ "sndbuf", SOL_SOCKET, SO_SNDBUF },
		{ "rcvbuf", SOL_SOCKET, SO_RCVBUF },
	};
	int fd = s->fd < 0 ? s->listener : s->fd;
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strcmp(option, options[i].name))
			continue;
		if (setsockopt(fd, options[i].level, options[i].number, &value, sizeof(value)))
			fail("setsockopt");
		return;
	}
	wrong("unknown option");
}

static void do_close(struct side *s, bool with_reset)
{
	struct linger now = { .l_onoff = 1 };

	if (with_reset && setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)))
		fail("SO_LINGER");
	close(s->fd);
	s->fd = -1;
}

/* Until no connection is left in the namespace; a listener may be. */
static void do_gone(struct side *s)
{
	time_t end = time(NULL) + DEADLINE;
	unsigned int state, others = 1;
	char line[256];
	FILE *f;

	enter(s);
	while (others && time(NULL) < end) {
		others = 0;
		f = fopen("/proc/net/tcpstate", "r");
		if (!f)
			fail("/proc/net/tcpstate");
		while (fgets(line, sizeof(line), f))
			if (sscanf(line, " %*d: %*8x:%*4x %*8x:%*4x %x", &state) == 1)
				others += state != TCP_LISTEN;
		fclose(f);
		pause_ms(5);
	}
	errno = ETIMEDOUT;
	if (others)
		fail("still there");
}

/* --- segments of nobody --- */

static uint32_t add(const void *data, size_t len, uint32_t sum)
{
	const unsigned char *p = data;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += p[i] << 8 | p[i + 1];
	return sum;
}

/* @n segments with @flags, each from another host. */
static void send_raw(struct side *s, long n, const char *port, uint8_t flags)
{
	const struct side *to = s == sides ? sides + 1 : sides;
	struct sockaddr_in name = name_of(to, port);
	struct {
		struct {
			uint8_t version, tos;
			uint16_t len, id, offset;
			uint8_t ttl, protocol;
			uint16_t sum;
			uint32_t from, to;
		} ip;
		struct {
			uint16_t from, to;
			uint32_t seq, ack;
			uint8_t doff, flags;
			uint16_t window, sum, urgent;
		} tcp;
	} packet = {};
	uint32_t sum;
	long i;
	int fd;

	enter(s);
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (fd < 0)
		fail("raw socket");
	for (i = 0; i < n; i++) {
		packet.ip.version = 0x45;
		packet.ip.len = htons(sizeof(packet));
		packet.ip.ttl = 64;
		packet.ip.protocol = IPPROTO_TCP;
		/* 198.51.100.0/24 is for documents: nobody answers there. */
		packet.ip.from = htonl(0xc6336400u + 1 + i % 250);
		packet.ip.to = name.sin_addr.s_addr;
		packet.tcp.from = htons(1024 + i);
		packet.tcp.to = name.sin_port;
		packet.tcp.seq = htonl(i * 7919);
		packet.tcp.doff = 5 << 4;
		packet.tcp.flags = flags;
		packet.tcp.window = htons(65535);
		packet.tcp.sum = 0;
		sum = add(&packet.ip.from, 8, IPPROTO_TCP + sizeof(packet.tcp));
		sum = add(&packet.tcp, sizeof(packet.tcp), sum);
		while (sum >> 16)
			sum = (sum & 0xffff) + (sum >> 16);
		packet.tcp.sum = htons(~sum);
		if (sendto(fd, &packet, sizeof(packet), 0, (struct sockaddr *)&name,
			   sizeof(name)) < 0)
			fail("sendto");
	}
	close(fd);
}

/* --- the script --- */

static void play_side(struct side *s, const char *verb, char *value, const char *more)
{
	if (!strcmp(verb, "bind"))
		do_bind(s, value);
	else if (!strcmp(verb, "listen"))
		do_listen(s, value);
	else if (!strcmp(verb, "connect"))
		do_connect(s, value);
	else if (!strcmp(verb, "accept"))
		do_accept(s);
	else if (!strcmp(verb, "wait") && value)
		do_wait(s, value);
	else if (!strcmp(verb, "send"))
		do_send(s, number(value));
	else if (!strcmp(verb, "fill"))
		do_fill(s);
	else if (!strcmp(verb, "read"))
		do_read(s, number(value));
	else if (!strcmp(verb, "drain"))
		do_read(s, -1);
	else if (!strcmp(verb, "readable"))
		wait_for(s->fd, POLLIN);
	else if (!strcmp(verb, "set") && value)
		do_set(s, value, number(more));
	else if (!strcmp(verb, "shutdown") && shutdown(s->fd, SHUT_WR))
		fail("shutdown");
	else if (!strcmp(verb, "close") || !strcmp(verb, "abort"))
		do_close(s, *verb == 'a');
	else if (!strcmp(verb, "gone"))
		do_gone(s);
	else if (!strcmp(verb, "flood"))
		send_raw(s, number(value), more, SYN);
	else if (!strcmp(verb, "stray") && value)
		send_raw(s, 1, value, RST);
	else if (!strcmp(verb, "error"))
		do_error(s);
	else if (strcmp(verb, "shutdown"))
		wrong("unknown verb");
}

static void play(char *line)
{
	char copy[256], *side, *verb, *value, *more, *rest = line;
	int i;

	snprintf(copy, sizeof(copy), "%s", line);
	line_now = copy;
	side = strsep(&rest, " ");
	verb = strsep(&rest, " ");
	if (!*side || *side == '#')
		return;
	if (!verb)
		wrong("a verb is missing");
	if (!strcmp(side, "-")) {
		if (!strcmp(verb, "sleep")) {
			pause_ms(number(rest));
		} else if (!strcmp(verb, "say")) {
			printf("lab: %s\n", rest ? rest : "");
			fflush(stdout);
		} else if (!strcmp(verb, "run") && rest) {
			if (system(rest))
				wrong("the command failed");
		} else {
			wrong("unknown verb");
		}
		return;
	}
	value = strsep(&rest, " ");
	more = strsep(&rest, " ");
	for (i = 0; i < 2; i++) {
		if (strcmp(side, sides[i].name))
			continue;
		play_side(&sides[i], verb, value, more);
		return;
	}
	wrong("no such side");
}

int main(int argc, char **argv)
{
	char line[256];
	int i;

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage, stdout);
		return 0;
	}
	for (i = 1; i < argc; i++)
		play(argv[i]);
	while (argc == 1 && fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		play(line);
	}
	return 0;
}

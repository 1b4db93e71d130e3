// SPDX-License-Identifier: GPL-2.0
/*
 * Joins stdin and stdout to one TCP connection of any socket family: the
 * scripts' way to open, feed and drain a connection.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define DEFAULT_FAMILY	18

static const char usage[] =
"usage: tcpcat [OPTION]... ADDRESS PORT\n"
"\n"
"Sends stdin over one TCP connection and writes what arrives to stdout. The end\n"
"of stdin shuts down our side only; tcpcat ends when both sides have.\n"
"\n"
"  -l          listen on ADDRESS and PORT and serve one connection\n"
"  -f FAMILY   socket family (default 18; 2 is the in-tree TCP)\n"
"  -w WIRE     IP protocol number (default 6)\n"
"  -t SECONDS  keep trying to connect for so long while refused (default 0)\n"
"  -h, --help  this text\n"
"\n"
"Exit status: 0, 1 on an error (one line on stderr), 2 on wrong usage.\n";

struct options {
	bool listen;
	int family;
	int wire;
	int seconds;
	struct sockaddr_in addr;
};

/* Bytes on their way from one descriptor to another. */
struct flow {
	int from;
	int to;
	char buf[65536];
	size_t start;
	size_t end;
	bool done;
};

static void fail(const char *what)
{
	fprintf(stderr, "tcpcat: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void wrong(const char *what)
{
	fprintf(stderr, "tcpcat: %s (see tcpcat --help)\n", what);
	exit(2);
}

static int number(const char *text, long max)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || !*text || *end || value < 0 || value > max)
		wrong("not a number in range");
	return value;
}

static void parse(int argc, char **argv, struct options *opts)
{
	int c;

	if (argc > 1 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		exit(0);
	}
	while ((c = getopt(argc, argv, "lf:w:t:h")) != -1) {
		switch (c) {
		case 'l':
			opts->listen = true;
			break;
		case 'f':
			opts->family = number(optarg, 255);
			break;
		case 'w':
			opts->wire = number(optarg, 255);
			break;
		case 't':
			opts->seconds = number(optarg, 3600);
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			exit(2);
		}
	}
	if (argc - optind != 2)
		wrong("an address and a port are needed");
	opts->addr.sin_family = AF_INET;
	if (inet_pton(AF_INET, argv[optind], &opts->addr.sin_addr) != 1)
		wrong("not an IPv4 address");
	opts->addr.sin_port = htons(number(argv[optind + 1], 65535));
}

static int new_socket(const struct options *opts)
{
	int wire = opts->wire == IPPROTO_TCP ? 0 : opts->wire;
	int fd = socket(opts->family, SOCK_STREAM | SOCK_CLOEXEC, wire);

	if (fd < 0)
		fail("socket");
	return fd;
}

static int serve(const struct options *opts)
{
	int listener = new_socket(opts);
	int one = 1;
	int fd;

	if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)))
		fail("SO_REUSEADDR");
	if (bind(listener, (const struct sockaddr *)&opts->addr,
		 sizeof(opts->addr)))
		fail("bind");
	if (listen(listener, 1))
		fail("listen");
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		fail("accept");
	close(listener);
	return fd;
}

static int dial(const struct options *opts)
{
	const struct timespec step = { .tv_nsec = 50000000 };
	time_t end = time(NULL) + opts->seconds;
	int fd;

	for (;;) {
		fd = new_socket(opts);
		if (!connect(fd, (const struct sockaddr *)&opts->addr,
			     sizeof(opts->addr)))
			return fd;
		if (errno != ECONNREFUSED || time(NULL) >= end)
			fail("connect");
		close(fd);
		nanosleep(&step, NULL);
	}
}

/* What to wait for on the socket's or the file's side of a flow. */
static bool wants_input(const struct flow *flow)
{
	return !flow->done && flow->start == flow->end;
}

static bool wants_output(const struct flow *flow)
{
	return !flow->done && flow->start != flow->end;
}

static void flow_read(struct flow *flow, const char *name)
{
	ssize_t got = read(flow->from, flow->buf, sizeof(flow->buf));

	if (got < 0 && errno != EAGAIN && errno != EINTR)
		fail(name);
	if (got < 0)
		return;
	flow->start = 0;
	flow->end = got;
	flow->done = !got;
}

static void flow_write(struct flow *flow, const char *name)
{
	ssize_t put = write(flow->to, flow->buf + flow->start,
			    flow->end - flow->start);

	if (put < 0 && errno != EAGAIN && errno != EINTR)
		fail(name);
	if (put > 0)
		flow->start += put;
}

static void copy(int fd)
{
	static struct flow in, out;
	struct pollfd pfd[3];

	in = (struct flow) { .from = fd, .to = STDOUT_FILENO };
	out = (struct flow) { .from = STDIN_FILENO, .to = fd };
	while (!in.done || !out.done) {
		pfd[0] = (struct pollfd) {
			.fd = wants_input(&out) ? STDIN_FILENO : -1,
			.events = POLLIN,
		};
		pfd[1] = (struct pollfd) {
			.fd = wants_output(&in) ? STDOUT_FILENO : -1,
			.events = POLLOUT,
		};
		pfd[2] = (struct pollfd) { .fd = fd };
		if (wants_input(&in))
			pfd[2].events |= POLLIN;
		if (wants_output(&out))
			pfd[2].events |= POLLOUT;
		if (!pfd[2].events)
			pfd[2].fd = -1;
		if (poll(pfd, 3, -1) < 0)
			fail("poll");

		if (pfd[0].revents)
			flow_read(&out, "stdin");
		if (pfd[1].revents)
			flow_write(&in, "stdout");
		if (pfd[2].revents && wants_input(&in))
			flow_read(&in, "receive");
		if (pfd[2].revents && wants_output(&out))
			flow_write(&out, "send");
		if (out.done && out.to == fd) {
			if (shutdown(fd, SHUT_WR))
				fail("shutdown");
			out.to = -1;
		}
	}
}

int main(int argc, char **argv)
{
	struct options opts = {
		.family = DEFAULT_FAMILY,
		.wire = IPPROTO_TCP,
	};
	int fd;

	parse(argc, argv, &opts);
	signal(SIGPIPE, SIG_IGN);
	fd = opts.listen ? serve(&opts) : dial(&opts);
	if (fcntl(fd, F_SETFL, O_NONBLOCK))
		fail("fcntl");
	copy(fd);
	if (close(fd))
		fail("close");
	return 0;
}

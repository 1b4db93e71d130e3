// SPDX-License-Identifier: GPL-2.0
/*
 * One connection through simultaneous open and simultaneous close: two sockets
 * in two network namespaces connect to each other and shut down at once.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/random.h>
#include <sys/socket.h>

#define DEFAULT_FAMILY	18
#define SECONDS		60
#define SAMPLE_MS	5
#define TEXT_SIZE	16384
#define NOT_CROSSED	3

static const char usage[] =
"usage: crossing [OPTION]... NETNS ADDRESS PORT NETNS ADDRESS PORT\n"
"\n"
"Opens a socket in each of two network namespaces (files that setns takes),\n"
"connects each to the other's address at once, swaps some bytes, and shuts both\n"
"down at once. The link between them must be slow enough for segments to cross.\n"
"\n"
"  -f FAMILY   socket family (default 18; 2 is the in-tree TCP)\n"
"  -w WIRE     IP protocol number (default 6)\n"
"  -h, --help  this text\n"
"\n"
"Exit status: 0, 1 on an error, 2 on wrong usage, 3 if SYNs or FINs did not\n"
"cross, so that it is worth to try again.\n";

struct end {
	const char *netns;
	struct sockaddr_in addr;
	int fd;
	unsigned int seen;	/* set of states, 1 << TCP_* */
	char sent[TEXT_SIZE];
	char got[TEXT_SIZE];
	size_t sent_len;
	size_t got_len;
};

static void fail(const char *what)
{
	printf("crossing: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void wrong(const char *what)
{
	fprintf(stderr, "crossing: %s (see crossing --help)\n", what);
	exit(2);
}

static void not_crossed(const char *what)
{
	printf("crossing: the %ss did not cross\n", what);
	exit(NOT_CROSSED);
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

static void parse_end(char **argv, struct end *end)
{
	end->netns = argv[0];
	end->addr.sin_family = AF_INET;
	if (inet_pton(AF_INET, argv[1], &end->addr.sin_addr) != 1)
		wrong("not an IPv4 address");
	end->addr.sin_port = htons(number(argv[2], 65535));
}

/* A socket belongs to the namespace in which it was made. */
static void open_end(struct end *end, int family, int wire)
{
	int netns = open(end->netns, O_RDONLY | O_CLOEXEC);

	if (netns < 0 || setns(netns, CLONE_NEWNET))
		fail(end->netns);
	close(netns);
	end->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			 wire == IPPROTO_TCP ? 0 : wire);
	if (end->fd < 0)
		fail("socket");
	if (bind(end->fd, (struct sockaddr *)&end->addr, sizeof(end->addr)))
		fail("bind");
	if (getrandom(end->sent, sizeof(end->sent), 0) != sizeof(end->sent))
		fail("getrandom");
}

static int state_of(struct end *end)
{
	struct tcp_info info = {};
	socklen_t len = sizeof(info);

	if (getsockopt(end->fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		fail("TCP_INFO");
	end->seen |= 1u << info.tcpi_state;
	return info.tcpi_state;
}

/* Looks at both states until each is one of @set; false after the time limit. */
static bool watch(struct end *ends, unsigned int set)
{
	const struct timespec pause = { .tv_nsec = SAMPLE_MS * 1000000 };
	time_t limit = time(NULL) + SECONDS;
	bool left, right;

	while (time(NULL) < limit) {
		left = (1u << state_of(&ends[0])) & set;
		right = (1u << state_of(&ends[1])) & set;
		if (left && right)
			return true;
		nanosleep(&pause, NULL);
	}
	printf("crossing: stuck with left in state %d, right in state %d of TCP_INFO\n",
	       state_of(&ends[0]), state_of(&ends[1]));
	return false;
}

static bool both_saw(const struct end *ends, int state)
{
	return ends[0].seen & ends[1].seen & (1u << state);
}

static void connect_both(struct end *ends)
{
	int i, err;
	socklen_t len = sizeof(err);

	for (i = 0; i < 2; i++) {
		if (connect(ends[i].fd, (struct sockaddr *)&ends[!i].addr,
			    sizeof(ends[!i].addr)) && errno != EINPROGRESS)
			fail("connect");
	}
	if (!watch(ends, 1u << TCP_ESTABLISHED | 1u << TCP_CLOSE))
		exit(1);
	for (i = 0; i < 2; i++) {
		if (getsockopt(ends[i].fd, SOL_SOCKET, SO_ERROR, &err, &len))
			fail("SO_ERROR");
		/* A SYN that came before the other's connect() is refused. */
		if (err == ECONNREFUSED || err == ECONNRESET)
			not_crossed("SYN");
		errno = err;
		if (err)
			fail("connect");
	}
	if (!both_saw(ends, TCP_SYN_RECV))
		not_crossed("SYN");
}

static bool step(ssize_t done, size_t *count, const char *what)
{
	if (!done)
		errno = EPIPE;
	if (done <= 0 && errno != EAGAIN)
		fail(what);
	if (done > 0)
		*count += done;
	return *count < TEXT_SIZE;
}

static void swap(struct end *ends)
{
	struct pollfd pfd[2];
	bool more = true;
	int i;

	while (more) {
		more = false;
		for (i = 0; i < 2; i++) {
			struct end *end = &ends[i];

			pfd[i] = (struct pollfd) { .fd = end->fd };
			if (end->sent_len < TEXT_SIZE &&
			    step(write(end->fd, end->sent + end->sent_len,
				       TEXT_SIZE - end->sent_len),
				 &end->sent_len, "write"))
				pfd[i].events |= POLLOUT;
			if (end->got_len < TEXT_SIZE &&
			    step(read(end->fd, end->got + end->got_len,
				      TEXT_SIZE - end->got_len),
				 &end->got_len, "read"))
				pfd[i].events |= POLLIN;
			if (!pfd[i].events)
				pfd[i].fd = -1;
			more |= pfd[i].events;
		}
		errno = ETIMEDOUT;
		if (more && poll(pfd, 2, SECONDS * 1000) <= 0)
			fail("swap");
	}
	errno = EBADMSG;
	if (memcmp(ends[0].sent, ends[1].got, TEXT_SIZE) ||
	    memcmp(ends[1].sent, ends[0].got, TEXT_SIZE))
		fail("what arrived");
}

static void shut_both(struct end *ends)
{
	if (shutdown(ends[0].fd, SHUT_WR) || shutdown(ends[1].fd, SHUT_WR))
		fail("shutdown");
	if (!watch(ends, 1u << TCP_TIME_WAIT | 1u << TCP_CLOSE))
		exit(1);
	if (!both_saw(ends, TCP_CLOSING))
		not_crossed("FIN");
}

int main(int argc, char **argv)
{
	static struct end ends[2];
	int family = DEFAULT_FAMILY;
	int wire = IPPROTO_TCP;
	int c;

	if (argc > 1 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return 0;
	}
	while ((c = getopt(argc, argv, "f:w:h")) != -1) {
		switch (c) {
		case 'f':
			family = number(optarg, 255);
			break;
		case 'w':
			wire = number(optarg, 255);
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			return 2;
		}
	}
	if (argc - optind != 6)
		wrong("two namespaces, addresses and ports are needed");
	parse_end(argv + optind, &ends[0]);
	parse_end(argv + optind + 3, &ends[1]);

	open_end(&ends[0], family, wire);
	open_end(&ends[1], family, wire);
	connect_both(ends);
	swap(ends);
	shut_both(ends);
	close(ends[0].fd);
	close(ends[1].fd);
	printf("swapped %d random bytes each way, same: yes; SYNs and FINs crossed\n", TEXT_SIZE);
	return 0;
}

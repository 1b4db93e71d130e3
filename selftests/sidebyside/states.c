// SPDX-License-Identifier: GPL-2.0
/*
 * The states that a socket is tried in: the eleven, and what else makes calls answer
 * in another way (text to read, no room to write, a pending error ...).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "side.h"
#include "lib/sock.h"

static const struct side_state *current;
static bool open_row;

static int own(struct side *s)
{
	s->fd = s->c.fd;
	return s->fd < 0 ? -1 : 0;
}

static int enter(struct side *s, int state)
{
	if (wire_enter(&s->c, state, true))
		return -1;
	return own(s);
}

static int enter_unbound(struct side *s) { return enter(s, WS_CLOSE); }
static int enter_syn_sent(struct side *s) { return enter(s, WS_SYN_SENT); }
static int enter_syn_recv(struct side *s) { return enter(s, WS_SYN_RECV); }
static int enter_established(struct side *s) { return enter(s, WS_ESTABLISHED); }
static int enter_fin_wait1(struct side *s) { return enter(s, WS_FIN_WAIT1); }
static int enter_fin_wait2(struct side *s) { return enter(s, WS_FIN_WAIT2); }
static int enter_closing(struct side *s) { return enter(s, WS_CLOSING); }
static int enter_close_wait(struct side *s) { return enter(s, WS_CLOSE_WAIT); }
static int enter_last_ack(struct side *s) { return enter(s, WS_LAST_ACK); }

/* The socket itself is CLOSE then: TIME_WAIT goes on without it. */
static int enter_time_wait(struct side *s)
{
	if (enter_fin_wait2(s) || wire_send(&s->c, "FA ack 2"))
		return -1;
	return sock_wait_state(s->fd, WS_CLOSE) ? 0 : -1;
}

static int enter_bound(struct side *s)
{
	s->fd = sock_new(SOCK_NONBLOCK);
	return sock_bind(s->fd, "127.0.0.1", 0);
}

static int enter_listen(struct side *s)
{
	struct sockaddr_in addr;

	s->fd = sock_listen(&addr, 4);
	return sock_nonblock(s->fd);
}

static int enter_listen_ready(struct side *s)
{
	struct sockaddr_in addr;

	s->fd = sock_listen(&addr, 4);
	s->peer = sock_new(0);
	if (sock_nonblock(s->fd) || sock_connect(s->peer, &addr))
		return -1;
	return sock_wait(s->fd, POLLIN) ? 0 : -1;
}

static int enter_refused(struct side *s)
{
	struct sockaddr_in addr;
	int fd = sock_listen(&addr, 1);

	close(fd);
	s->fd = sock_new(SOCK_NONBLOCK);
	if (sock_errno(sock_connect(s->fd, &addr)) != EINPROGRESS)
		return -1;
	return sock_wait(s->fd, POLLERR) ? 0 : -1;
}

static int enter_itself(struct side *s)
{
	struct sockaddr_in addr;

	if (enter_bound(s))
		return -1;
	addr = sock_addr("127.0.0.1", sock_port(s->fd));
	if (sock_errno(sock_connect(s->fd, &addr)) != EINPROGRESS)
		return -1;
	return sock_wait(s->fd, POLLOUT) ? 0 : -1;
}

static bool has_text(int fd, int want)
{
	int n = -1;

	ioctl(fd, FIONREAD, &n);
	return n == want;
}

static int enter_text(struct side *s)
{
	if (enter_established(s) || wire_send(&s->c, "PA len 5"))
		return -1;
	return sock_until(has_text(s->fd, 5)) ? 0 : -1;
}

/* "urg 3": the third of five octets. */
static int enter_urgent(struct side *s)
{
	if (enter_established(s) || wire_send(&s->c, "UPA len 5 urg 3"))
		return -1;
	return sock_wait(s->fd, POLLPRI) ? 0 : -1;
}

/* The peer acknowledges nothing, so it stays as it is. */
static int enter_full(struct side *s)
{
	static const char text[4096];

	if (enter_established(s))
		return -1;
	sock_set(s->fd, SOL_SOCKET, SO_SNDBUF, 8192);
	while (send(s->fd, text, sizeof(text), MSG_NOSIGNAL) > 0)
		;
	return errno == EAGAIN ? 0 : -1;
}

static int enter_eof_text(struct side *s)
{
	if (enter_established(s) || wire_send(&s->c, "FPA len 5"))
		return -1;
	return sock_wait(s->fd, POLLRDHUP) ? 0 : -1;
}

static int enter_closed(struct side *s)
{
	if (enter_last_ack(s) || wire_send(&s->c, "A ack 2"))
		return -1;
	return wire_wait_state(&s->c, WS_CLOSE);
}

static int enter_reset(struct side *s)
{
	if (enter_established(s) || wire_send(&s->c, "R"))
		return -1;
	return sock_wait(s->fd, POLLERR | POLLHUP) ? 0 : -1;
}

static int enter_reset_text(struct side *s)
{
	if (enter_text(s) || wire_send(&s->c, "R"))
		return -1;
	return sock_wait(s->fd, POLLERR | POLLHUP) ? 0 : -1;
}

static int enter_reset_told(struct side *s)
{
	return enter_reset(s) || sock_error(s->fd) != ECONNRESET ? -1 : 0;
}

static int enter_reset_close_wait(struct side *s)
{
	if (enter_close_wait(s) || wire_send(&s->c, "R"))
		return -1;
	return sock_wait(s->fd, POLLERR | POLLHUP) ? 0 : -1;
}

static int enter_shut_read(struct side *s)
{
	return enter_established(s) || shutdown(s->fd, SHUT_RD) ? -1 : 0;
}

static int enter_disconnected(struct side *s)
{
	struct sockaddr_in addr = { .sin_family = AF_UNSPEC };

	return enter_established(s) || sock_connect(s->fd, &addr) ? -1 : 0;
}

static int enter_unlistened(struct side *s)
{
	return enter_listen(s) || shutdown(s->fd, SHUT_RD) ? -1 : 0;
}

const struct side_state side_states[] = {
	{ "unbound",		enter_unbound,		true },
	{ "bound",		enter_bound,	false },
	{ "LISTEN",		enter_listen,		true },
	{ "LISTEN, child",	enter_listen_ready,	false },
	{ "SYN_SENT",		enter_syn_sent,		false },
	{ "SYN_RECV",		enter_syn_recv,	false },
	{ "refused",		enter_refused,	false },
	{ "ESTABLISHED",	enter_established,	true },
	{ "text",		enter_text,	false },
	{ "urgent",		enter_urgent,	false },
	{ "full",		enter_full,	false },
	{ "itself",		enter_itself,	false },
	{ "shut read",		enter_shut_read,	false },
	{ "FIN_WAIT1",		enter_fin_wait1,	false },
	{ "FIN_WAIT2",		enter_fin_wait2,	false },
	{ "CLOSING",		enter_closing,	false },
	{ "TIME_WAIT",		enter_time_wait,	false },
	{ "CLOSE_WAIT",		enter_close_wait,	false },
	{ "CLOSE_WAIT, text",	enter_eof_text,	false },
	{ "LAST_ACK",		enter_last_ack,	false },
	{ "closed",		enter_closed,	false },
	{ "reset",		enter_reset,		false },
	{ "reset, text",	enter_reset_text,	false },
	{ "reset, told",	enter_reset_told,	false },
	{ "reset, CLOSE_WAIT",	enter_reset_close_wait,	false },
	{ "disconnected",	enter_disconnected,	false },
	{ "unlistened",		enter_unlistened,	false },
};
const int side_nstates = sizeof(side_states) / sizeof(side_states[0]);

static void forget(int *fd)
{
	struct linger now = { .l_onoff = 1 };

	if (*fd < 0)
		return;
	setsockopt(*fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(*fd);
	*fd = -1;
}

/* Close what belongs to the state, with a RST where that helps to forget it. */
void side_drop(struct side *s)
{
	char segment[WIRE_MTU];

	if (s->c.fd == s->fd)
		s->c.fd = -1;
	forget(&s->fd);
	forget(&s->peer);
	forget(&s->c.fd);
	forget(&s->c.lfd);
	/* What the stack has said meanwhile is none of our business. */
	while (read(s->w->tun, segment, sizeof(segment)) > 0)
		;
}

static bool all_acknowledged(int fd)
{
	int n = 0;

	/* What was cut off counts for ever. */
	return sock_state(fd) == WS_CLOSE || ioctl(fd, SIOCOUTQ, &n) || !n;
}

/* What was said to oneself comes by way of a softirq, which may be later. */
static void arrive(struct side *s)
{
	if (!strcmp(s->name, "itself"))
		sock_until(all_acknowledged(s->fd));
}

/* What can be seen of a socket without touching it. */
static struct look {
	int state, events, unread, mark;
} as_entered;

static void look(struct side *s, struct look *look)
{
	memset(look, 0, sizeof(*look));
	arrive(s);
	look->state = sock_state(s->fd);
	look->events = sock_events(s->fd, POLLIN | POLLPRI | POLLOUT | POLLRDHUP);
	ioctl(s->fd, FIONREAD, &look->unread);
	ioctl(s->fd, SIOCATMARK, &look->mark);
}

/* A socket in this state. */
void side_fresh(struct side *s, const struct side_state *state)
{
	static int turn;

	current = state;
	s->name = state->name;
	s->fd = -1;
	s->peer = -1;
	wire_conn_init(&s->c, s->w);
	/* So that no segment of one before is taken for one of this. */
	s->c.pport = WIRE_PPORT + ++turn % 20000;
	/* A row that takes this long hangs: SIGALRM ends it all. */
	alarm(60);
	if (state->enter(s)) {
		printf("%s: cannot be entered: %s\n", state->name, strerror(errno));
		exit(1);
	}
	look(s, &as_entered);
}

/* Another one in the same state. */
void side_again(struct side *s)
{
	side_end();
	side_drop(s);
	side_fresh(s, current);
}

/*
 * Another one where the last call has changed anything that shows. A closed socket may
 * have got a port, which does not.
 */
void side_maybe(struct side *s)
{
	struct look now;

	look(s, &now);
	if (now.state == WS_CLOSE || memcmp(&now, &as_entered, sizeof(now)))
		side_again(s);
}

static volatile sig_atomic_t pipes;

static void on_sigpipe(int sig)
{
	pipes += sig == SIGPIPE;
}

__attribute__((constructor)) static void watch_sigpipe(void)
{
	signal(SIGPIPE, on_sigpipe);
}

/* A row: the call, and what it returned; errno is that of the call. */
void side_say(struct side *s, long ret, const char *fmt, ...)
{
	const char *why = strerrorname_np(errno);
	va_list args;

	side_end();
	printf("%s: ", s->name);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	if (ret < 0)
		printf("\t-%s", why ?: "?");
	else
		printf("\t%ld", ret);
	if (pipes)
		printf(" SIGPIPE");
	pipes = 0;
	errno = 0;
	open_row = true;
}

/* More of the result. */
void side_add(const char *fmt, ...)
{
	va_list args;

	putchar(' ');
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
}

void side_end(void)
{
	if (open_row)
		putchar('\n');
	open_row = false;
}

/* Until a state lasts: what the call has set off is over, or waits for the peer. */
void side_settle(struct side *s)
{
	int before, same = 0;

	do {
		before = sock_state(s->fd);
		sock_pause();
		same = sock_state(s->fd) == before ? same + 1 : 0;
	} while (same < 3);
}

/* The events and the state that the socket has now. */
void side_events(struct side *s)
{
	static const struct {
		int bit;
		const char *name;
	} names[] = {
		{ POLLIN, "IN" }, { POLLPRI, "PRI" }, { POLLOUT, "OUT" }, { POLLERR, "ERR" },
		{ POLLHUP, "HUP" }, { POLLNVAL, "NVAL" }, { POLLRDNORM, "RDNORM" },
		{ POLLRDBAND, "RDBAND" }, { POLLWRNORM, "WRNORM" }, { POLLWRBAND, "WRBAND" },
		{ POLLRDHUP, "RDHUP" },
	};
	int events = 0, seen;
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		events |= names[i].bit;
	arrive(s);
	seen = sock_events(s->fd, events);
	side_add("poll=");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (seen & names[i].bit)
			printf("%s,", names[i].name);
	side_add("state=%d", sock_state(s->fd));
}

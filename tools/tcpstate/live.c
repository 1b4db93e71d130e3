// SPDX-License-Identifier: GPL-2.0
/*
 * The commands that follow what happens or change it: watch, top, record, abort.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "json.h"
#include "link.h"
#include "pcapng.h"
#include "term.h"

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

/* Without SA_RESTART, so that what waits looks whether it shall go on. */
static void stop_on_signals(void)
{
	struct sigaction action = { .sa_handler = stop };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
}

/* --- watch --- */

struct watcher {
	const struct options *o;
	int seen;
};

static bool watched(const struct flow *f, const struct event *e, const struct options *o)
{
	if (e->what != WHAT_STATE)
		return false;
	if (o->states && !(o->states & (1u << e->state | 1u << e->old)))
		return false;
	if (o->port && f->local.port != o->port && f->remote.port != o->port)
		return false;
	if (o->pid && f->pid != o->pid)
		return false;
	return !o->comm || strstr(f->comm, o->comm);
}

static void watch_text(const struct flow *f, const struct event *e, const struct options *o)
{
	char local[END_LEN], remote[END_LEN], clock[16];
	time_t seconds = e->ns / 1000000000;
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	end_print(&f->local, local, sizeof(local));
	end_print(&f->remote, remote, sizeof(remote));
	printf("%s.%06u  %-21s %-21s %s%11s -> %-11s%s  %s\n", clock,
	       (unsigned int)(e->ns % 1000000000 / 1000), local, remote,
	       o->colour ? "\033[1m" : "", tcpstate_fsm_state_name(e->old),
	       tcpstate_fsm_state_name(e->state), o->colour ? "\033[0m" : "",
	       tcpstate_fsm_event_name(e->event));
}

static void watch_json(const struct flow *f, const struct event *e)
{
	char local[END_LEN], remote[END_LEN];
	struct json j = { .flat = true };

	end_print(&f->local, local, sizeof(local));
	end_print(&f->remote, remote, sizeof(remote));
	json_open(&j, NULL, '{');
	json_real(&j, "time", e->ns / 1e9);
	json_number(&j, "id", f->id);
	json_string(&j, "local", local);
	json_string(&j, "remote", remote);
	json_string(&j, "old", tcpstate_fsm_state_name(e->old));
	json_string(&j, "new", tcpstate_fsm_state_name(e->state));
	json_string(&j, "event", tcpstate_fsm_event_name(e->event));
	json_close(&j, '}');
	fputs(j.text.s, stdout);
	text_free(&j.text);
}

static bool watch_news(const struct flow *f, const struct event *e, void *arg)
{
	struct watcher *w = arg;

	if (stopped)
		return false;
	if (!e || !watched(f, e, w->o))
		return true;
	if (w->o->json)
		watch_json(f, e);
	else
		watch_text(f, e, w->o);
	fflush(stdout);
	return !w->o->count || ++w->seen < w->o->count;
}

int command_watch(const struct options *o)
{
	struct watcher w = { .o = o };

	if (o->output && !freopen(o->output, "w", stdout))
		die("%s: %s", o->output, strerror(errno));
	stop_on_signals();
	alarm(o->seconds);
	link_watch(watch_news, &w, o);
	return 0;
}

/* --- top --- */

#define TOP_WIDTH	76
#define TOP_HEIGHT	22

/* Where each state stands: as in RFC 9293's figure 5, from above to below. */
static const struct {
	uint8_t state, row, column;
} places[] = {
	{ TCPSTATE_CLOSE, 1, 28 },
	{ TCPSTATE_LISTEN, 4, 50 },
	{ TCPSTATE_SYN_SENT, 4, 6 },
	{ TCPSTATE_SYN_RECV, 7, 50 },
	{ TCPSTATE_ESTABLISHED, 10, 28 },
	{ TCPSTATE_FIN_WAIT1, 13, 6 },
	{ TCPSTATE_CLOSE_WAIT, 13, 50 },
	{ TCPSTATE_CLOSING, 16, 28 },
	{ TCPSTATE_FIN_WAIT2, 16, 6 },
	{ TCPSTATE_LAST_ACK, 16, 50 },
	{ TCPSTATE_TIME_WAIT, 19, 28 },
};

struct look {
	unsigned long gauges[TCPSTATE_MAX_STATES];
	struct diagram_taken taken;
};

/* How often a state was entered between two looks. */
static unsigned long entered(const struct look *before, const struct look *now, uint8_t state)
{
	unsigned long n = 0;
	uint8_t s, e;

	for (s = 1; s < TCPSTATE_MAX_STATES; s++)
		for (e = 0; e < TCPSTATE_EV_COUNT; e++)
			if (tcpstate_fsm(s, e)->kind == TCPSTATE_EDGE_MOVE &&
			    tcpstate_fsm(s, e)->next == state)
				n += now->taken.edges[s][e] - before->taken.edges[s][e];
	return n;
}

static void top_picture(const struct look *before, const struct look *now, const struct options *o)
{
	unsigned int i;

	printf("\033[H\033[2J\033[1mtcpstate top\033[0m   sockets in each state; +N: entered since the last look");
	for (i = 0; i < ARRAY_LEN(places); i++) {
		uint8_t s = places[i].state;
		unsigned long in = entered(before, now, s);
		const char *paint = in ? "\033[33;1m" : now->gauges[s] ? "\033[32m" : "\033[2m";

		if (!o->colour)
			paint = "";
		printf("\033[%u;%uH%s%-12s %5lu\033[0m", places[i].row + 2, places[i].column, paint,
		       tcpstate_fsm_state_name(s), now->gauges[s]);
		if (in)
			printf(" +%lu", in);
	}
	printf("\033[%d;1HCtrl-C ends", TOP_HEIGHT);
	fflush(stdout);
}

static void top_lines(const struct look *before, const struct look *now)
{
	unsigned int i;

	for (i = 0; i < TCPSTATE_MAX_STATES - 1; i++) {
		uint8_t s = diagram_order[i];

		printf("%-12s %6lu  +%lu\n", tcpstate_fsm_state_name(s), now->gauges[s],
		       entered(before, now, s));
	}
	printf("\n");
	fflush(stdout);
}

static void top_json(const struct look *before, const struct look *now)
{
	struct json j = { .flat = true };
	unsigned int i;

	json_open(&j, NULL, '{');
	for (i = 0; i < TCPSTATE_MAX_STATES - 1; i++) {
		uint8_t s = diagram_order[i];

		json_open(&j, tcpstate_fsm_state_name(s), '{');
		json_number(&j, "sockets", now->gauges[s]);
		json_number(&j, "entered", entered(before, now, s));
		json_close(&j, '}');
	}
	json_close(&j, '}');
	fputs(j.text.s, stdout);
	fflush(stdout);
	text_free(&j.text);
}

static void take_look(struct look *l, const struct options *o)
{
	memset(l, 0, sizeof(*l));
	link_gauges(l->gauges, o);
	link_stat(&l->taken, o);
}

int command_top(const struct options *o)
{
	const struct timespec pause = { .tv_sec = 1 };
	bool picture = isatty(STDOUT_FILENO) && !o->json;
	struct look before, now;
	time_t end = time(NULL) + o->seconds;
	int looks = 0;

	if (picture && (term_width(80) < TOP_WIDTH || term_height(24) < TOP_HEIGHT))
		die("the terminal has %d columns and %d rows; the picture needs %d and %d",
		    term_width(80), term_height(24), TOP_WIDTH, TOP_HEIGHT);
	if (o->output && !freopen(o->output, "w", stdout))
		die("%s: %s", o->output, strerror(errno));
	stop_on_signals();
	take_look(&before, o);
	while (!stopped) {
		take_look(&now, o);
		if (picture)
			top_picture(&before, &now, o);
		else if (o->json)
			top_json(&before, &now);
		else
			top_lines(&before, &now);
		before = now;
		if ((o->count && ++looks >= o->count) || (o->seconds && time(NULL) >= end))
			break;
		nanosleep(&pause, NULL);
	}
	if (picture)
		printf("\n");
	return 0;
}

/* --- record --- */

/* Only one connection's flows, where one was named. */
static void keep_only(struct history *h, const struct flow *f)
{
	const struct flow *peer = history_peer(h, f);
	struct history kept = {};
	unsigned int i;

	kept.flows = tool_alloc(NULL, 2 * sizeof(*kept.flows));
	for (i = 0; i < h->count; i++) {
		if (&h->flows[i] == f || &h->flows[i] == peer)
			kept.flows[kept.count++] = h->flows[i];
		else
			free(h->flows[i].events);
	}
	free(h->flows);
	*h = kept;
}

int command_record(const struct options *o)
{
	struct history h = {};
	struct text t = {};
	unsigned int i, events = 0;

	if (!o->output)
		die_usage("-o FILE is missing");
	stop_on_signals();
	if (o->seconds) {
		alarm(o->seconds);
		while (!stopped)
			pause();
	}
	link_history(&h, o);
	if (o->argument_count)
		keep_only(&h, select_flow(&h, o->arguments[0], "the kernel's records"));
	for (i = 0; i < h.count; i++)
		events += h.flows[i].count;
	if (!events)
		die("nothing is recorded");
	pcapng_build(&t, &h);
	i = h.count;
	finish(&t, o);
	history_free(&h);
	if (o->json)
		printf("{\"file\": \"%s\", \"flows\": %u, \"events\": %u}\n", o->output, i, events);
	else
		printf("%s: %u events of %u sockets\n", o->output, events, i);
	return 0;
}

/* --- abort --- */

static bool sock_fits(const struct sock_now *s, const struct flow *f)
{
	if (f->id && s->id)
		return f->id == s->id;
	return s->wire == f->wire && end_same(&s->local, &f->local) &&
	       end_same(&s->remote, &f->remote);
}

int command_abort(const struct options *o)
{
	struct socks all = {};
	struct history h = {};
	struct flow *f;
	unsigned int i;

	/* Living sockets, as flows without events, so that names are read as elsewhere. */
	link_socks(&all, o);
	for (i = 0; i < all.count; i++) {
		f = history_flow(&h, all.list[i].id ? all.list[i].id : UINT64_MAX - i);
		f->local = all.list[i].local;
		f->remote = all.list[i].remote;
		f->wire = all.list[i].wire;
		f->iss = i + 1;
	}
	f = select_flow(&h, o->arguments[0], "the list of living sockets");
	for (i = 0; i < all.count && !sock_fits(&all.list[i], f); i++)
		;
	link_abort(&all.list[i], o);
	free(all.list);
	history_free(&h);
	return 0;
}

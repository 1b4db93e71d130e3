// SPDX-License-Identifier: GPL-2.0
/*
 * The commands that draw: ladder, plot, dot.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "diagram.h"
#include "ladder.h"
#include "link.h"
#include "pcapng.h"
#include "plot.h"
#include "term.h"

static bool ends_with(const char *s, const char *end)
{
	size_t n = s ? strlen(s) : 0, m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

/**
 * finish() - write what a command has made
 * @t: the text; freed
 * @o: the options, which say where to
 */
void finish(struct text *t, const struct options *o)
{
	int err = text_write(t, o->output);

	if (err)
		die("%s: %s", o->output ? o->output : "standard output", strerror(-err));
	text_free(t);
}

int command_ladder(const struct options *o)
{
	struct ladder_style style = { .colour = o->colour, .ascii = !term_utf8() };
	struct history h = {};
	struct text t = {};
	struct ladder l;

	if (!ends_with(o->output, ".svg") && !o->json) {
		style.width = o->width ? o->width : term_width(100);
		if (style.width < LADDER_MIN_WIDTH)
			die("%d columns are too narrow for a ladder: %d are needed (or -o FILE.svg)",
			    style.width, LADDER_MIN_WIDTH);
		if (!o->width && style.width > 120)
			style.width = 120;
	}
	ladder_build(&l, &h, load_flow(&h, o), o->all);
	if (o->json)
		ladder_json(&t, &l);
	else if (ends_with(o->output, ".svg"))
		ladder_svg(&t, &l, o->title ? o->title : "A TCP connection");
	else
		ladder_text(&t, &l, &style);
	ladder_free(&l);
	finish(&t, o);
	history_free(&h);
	return 0;
}

int command_plot(const struct options *o)
{
	struct history h = {};
	struct text t = {};
	struct flow *f;

	f = load_flow(&h, o);
	if (!plot_possible(f))
		die("nothing to plot: fewer than two events with a TCB are recorded");
	if (o->json)
		plot_json(&t, f);
	else
		plot_svg(&t, f, o->title ? o->title : "One end of a TCP connection");
	finish(&t, o);
	history_free(&h);
	return 0;
}

/* graphviz makes the picture; its words go to our standard error. */
static void run_graphviz(struct text *dot, const struct options *o)
{
	char command[] = "dot -Tsvg";
	FILE *pipe;
	int saved, status;

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	if (saved < 0 || !freopen(o->output, "w", stdout))
		die("%s: %s", o->output, strerror(errno));
	pipe = popen(command, "w");
	if (!pipe || fwrite(dot->s, 1, dot->len, pipe) != dot->len)
		die("graphviz cannot be run: %s", strerror(errno));
	status = pclose(pipe);
	dup2(saved, STDOUT_FILENO);
	if (status) {
		remove(o->output);
		die(WEXITSTATUS(status) == 127 ? "dot of graphviz is not installed: write FILE.dot instead"
					       : "graphviz failed");
	}
	text_free(dot);
}

static void json_taken(struct text *t, const struct diagram_taken *taken)
{
	const char *between = "";
	uint8_t s, e;

	text_add(t, "[");
	for (s = 1; s < TCPSTATE_MAX_STATES; s++) {
		for (e = 0; e < TCPSTATE_EV_COUNT; e++) {
			const struct tcpstate_edge *edge = tcpstate_fsm(s, e);

			if (edge->kind != TCPSTATE_EDGE_MOVE)
				continue;
			text_add(t, "%s\n  {\"state\": \"%s\", \"event\": \"%s\", \"next\": \"%s\", ",
				 between, tcpstate_fsm_state_name(s), tcpstate_fsm_event_name(e),
				 tcpstate_fsm_state_name(edge->next));
			text_add(t, "\"taken\": %lu}", taken->edges[s][e]);
			between = ",";
		}
	}
	text_add(t, "\n]\n");
}

int command_dot(const struct options *o)
{
	struct diagram_taken taken = {};
	struct history h = {};
	struct text t = {}, why = {};
	int i;

	if (o->text && !o->output && term_width(DIAGRAM_WIDTH) < DIAGRAM_WIDTH)
		die("%d columns are too narrow for the diagram: %d are needed (or -o FILE.svg)",
		    term_width(DIAGRAM_WIDTH), DIAGRAM_WIDTH);
	for (i = 0; i < o->argument_count; i++) {
		if (!pcapng_load(&h, o->arguments[i], &why))
			die("%s: %s", o->arguments[i], why.s);
	}
	if (o->argument_count)
		diagram_count(&taken, &h);
	else if (!o->all)
		link_stat(&taken, o);
	if (o->json)
		json_taken(&t, &taken);
	else if (o->text)
		diagram_text(&t, &taken, o->colour, !term_utf8());
	else
		diagram_dot(&t, o->all && !o->argument_count ? NULL : &taken);
	if (ends_with(o->output, ".svg") && !o->json && !o->text)
		run_graphviz(&t, o);
	else
		finish(&t, o);
	history_free(&h);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Draws and describes the eleven states from the very table that the module
 * runs: Documentation/states.dot and Documentation/states.rst.  Linked with
 * tcpstate_fsm.c; only the places on the sheet and what must be true of a
 * state are said here.
 *
 * usage: gen-states [--check] [DIR]
 * With --check nothing is written: is what stands there up to date?
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcpstate_fsm.h"

/* Where a state stands, in points from the lower left, and what it means. */
static const struct { short x, y; const char *fill, *truth; } states[TCPSTATE_MAX_STATES] = {
	[TCPSTATE_CLOSE] = { 580, 1240, "#e8e8e8", "socket is finished" },
	[TCPSTATE_SYN_SENT] = { 200, 1040, "#dcebfa",
		"sent a connection request, waiting for its ACK" },
	[TCPSTATE_LISTEN] = { 960, 1080, "#dcf3e0", "waiting for connection requests" },
	[TCPSTATE_SYN_RECV] = { 960, 850, "#dcf3e0",
		"received a connection request, sent SYN+ACK, "
		"waiting for the final ACK of the handshake" },
	[TCPSTATE_ESTABLISHED] = { 580, 690, "#fff3c4", "connection established" },
	[TCPSTATE_FIN_WAIT1] = { 200, 500, "#dcebfa",
		"our side has shut down, waiting to complete transmission of the remaining "
		"buffered data" },
	[TCPSTATE_FIN_WAIT2] = { 200, 240, "#dcebfa",
		"all buffered data sent, waiting for the remote to shut down" },
	[TCPSTATE_CLOSING] = { 580, 360, "#dcebfa",
		"both sides have shut down, but we still have data we have to finish sending" },
	[TCPSTATE_TIME_WAIT] = { 580, 110, "#f6e0f0",
		"a timeout to catch resent junk before closed; entered only from FIN_WAIT2 or "
		"CLOSING; the other end may not have got our last ACK and resends, which we "
		"acknowledge and otherwise ignore" },
	[TCPSTATE_CLOSE_WAIT] = { 960, 500, "#dcf3e0",
		"the remote has shut down and waits for us to finish writing and shut down; "
		"only our close() or shutdown() moves on to LAST_ACK" },
	[TCPSTATE_LAST_ACK] = { 960, 270, "#dcf3e0",
		"our side has shut down after the remote; there may still be buffered data to "
		"finish sending" },
};

/* CLOSE is drawn twice: where it begins, and here, where it ends. */
#define END_X	960
#define END_Y	60

/* Edges whose label does not stand well in the middle of the line. */
static const struct { u8 state, event; short x, y; } places[] = {
	{ TCPSTATE_LISTEN, TCPSTATE_EV_RCV_SYN, 960, 970 },
	{ TCPSTATE_SYN_SENT, TCPSTATE_EV_RCV_SYN, 570, 960 },
	{ TCPSTATE_SYN_SENT, TCPSTATE_EV_RCV_SYN_ACK, 360, 850 },
	{ TCPSTATE_SYN_RECV, TCPSTATE_EV_RCV_ACK_OF_SYN, 745, 775 },
	{ TCPSTATE_SYN_RECV, TCPSTATE_EV_CLOSE, 650, 575 },
	{ TCPSTATE_ESTABLISHED, TCPSTATE_EV_CLOSE, 355, 605 },
	{ TCPSTATE_ESTABLISHED, TCPSTATE_EV_RCV_FIN, 850, 600 },
};

static const u16 shown_order[] = {
	TCPSTATE_CLOSE, TCPSTATE_LISTEN, TCPSTATE_SYN_SENT, TCPSTATE_SYN_RECV,
	TCPSTATE_ESTABLISHED, TCPSTATE_FIN_WAIT1, TCPSTATE_FIN_WAIT2, TCPSTATE_CLOSING,
	TCPSTATE_TIME_WAIT, TCPSTATE_CLOSE_WAIT, TCPSTATE_LAST_ACK,
};

_Static_assert(sizeof(shown_order) / sizeof(shown_order[0]) == TCPSTATE_MAX_STATES - 1,
	       "every state is shown");

#define FOR_EACH_STATE(i, s) \
	for (i = 0; i < TCPSTATE_MAX_STATES - 1 && (s = (u8)shown_order[i], 1); i++)

/* What a document is before it is written or compared. */
static struct { char *text; size_t len, room; } out;

static void put(const char *fmt, ...)
{
	va_list args;
	int n;

	if (out.room - out.len < 8192) {
		out.room += 65536;
		out.text = realloc(out.text, out.room);
		if (!out.text)
			exit(2);
	}
	va_start(args, fmt);
	n = vsnprintf(out.text + out.len, out.room - out.len, fmt, args);
	va_end(args);
	if (n < 0 || n >= 8192)
		exit(2);
	out.len += (size_t)n;
}

static const char *state_name(u8 state)
{
	return tcpstate_fsm_state_name(state);
}

/* Ways to CLOSE that are not the protocol's own end stand in the box, not as lines. */
static bool is_exit(u8 state, u8 event)
{
	const struct tcpstate_edge *edge = tcpstate_fsm(state, event);

	return edge->kind == TCPSTATE_EDGE_MOVE && edge->next == TCPSTATE_CLOSE &&
	       event != TCPSTATE_EV_RCV_ACK_OF_FIN && event != TCPSTATE_EV_TIME_WAIT_TIMEOUT;
}

static const char *colour(u8 event)
{
	switch (event) {
	case TCPSTATE_EV_PASSIVE_OPEN:
	case TCPSTATE_EV_ACTIVE_OPEN:
	case TCPSTATE_EV_CLOSE:
	case TCPSTATE_EV_ABORT:
		return "#1a5fb4";
	case TCPSTATE_EV_USER_TIMEOUT:
	case TCPSTATE_EV_TIME_WAIT_TIMEOUT:
		return "#c64600";
	default:
		return "#26732f";
	}
}

/* The names of a set of actions, a separator between them. */
static void put_actions(u16 actions, u16 but, const char *separator, const char *none)
{
	const char *between = "";
	u8 bit;

	actions &= ~but;
	if (!actions)
		put("%s", none);
	for (bit = 0; bit < TCPSTATE_ACT_COUNT; bit++) {
		if (!(actions & 1u << bit))
			continue;
		put("%s%s", between, tcpstate_fsm_action_name(bit));
		between = separator;
	}
}

/* --- the picture --- */

/* Words of a sentence in lines of about so many characters. */
static void put_wrapped(const char *text, size_t width)
{
	size_t line = 0, word;

	while (*text) {
		word = strcspn(text, " ");
		if (line && line + 1 + word > width) {
			put("<br/>");
			line = 0;
		}
		put("%s%.*s", line ? " " : "", (int)word, text);
		line += (line ? 1 : 0) + word;
		text += word;
		text += strspn(text, " ");
	}
}

static void put_exits(u8 state)
{
	u16 always = TCPSTATE_ACT(WAKE) | TCPSTATE_ACT(DELETE_TCB);
	bool any = false;
	u8 ev;

	for (ev = 0; ev < TCPSTATE_EV_COUNT; ev++) {
		const struct tcpstate_edge *edge = tcpstate_fsm(state, ev);

		if (!is_exit(state, ev))
			continue;
		put("%s%s", any ? "<br/>" : "<br/><font point-size=\"4\"> <br/></font>"
		    "<font point-size=\"9\" color=\"#a03030\">",
		    tcpstate_fsm_event_name(ev));
		if (edge->actions & ~always) {
			put(" / ");
			put_actions(edge->actions, always, ", ", "");
		}
		put(" \xe2\x9c\x95");
		any = true;
	}
	if (any)
		put("</font>");
}

static void put_node(const char *id, u8 state, short x, short y, bool whole)
{
	put("\t%s [pos=\"%d,%d!\" fillcolor=\"%s\" label=<<b><font point-size=\"16\">%s</font></b>",
	    id, x, y, states[state].fill, state_name(state));
	if (whole) {
		put("<br/><font point-size=\"10\">");
		put_wrapped(states[state].truth, 34);
		put("</font>");
		put_exits(state);
	}
	put(">]\n");
}

static void place(u8 state, u8 event, u8 next, int *x, int *y)
{
	bool end = next == TCPSTATE_CLOSE;
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i].state == state && places[i].event == event) {
			*x = places[i].x;
			*y = places[i].y;
			return;
		}
	}
	*x = (states[state].x + (end ? END_X : states[next].x)) / 2;
	*y = (states[state].y + (end ? END_Y : states[next].y)) / 2;
}

static void put_label(u8 event, u16 actions)
{
	put("<b>%s</b>", tcpstate_fsm_event_name(event));
	if (!actions)
		return;
	put("<br/><font point-size=\"9.5\" color=\"#404040\">");
	put_actions(actions, 0, ", ", "");
	put("</font>");
}

/* An edge runs through its label, so that nobody has to guess whose it is. */
static void put_line(u8 state, u8 event)
{
	const struct tcpstate_edge *edge = tcpstate_fsm(state, event);
	const char *to = edge->next == TCPSTATE_CLOSE ? "END" : state_name(edge->next);
	const char *c = colour(event);
	int x, y;

	if (edge->next == state) {
		put("\t%s:w -> %s:s [color=\"%s\" fontcolor=\"%s\"]\n", to, to, c, c);
		put("\t\"%s.%u\" [shape=none margin=\"0.05,0.03\" style=\"\" fontcolor=\"%s\" "
		    "pos=\"%d,%d!\" label=<", to, event, c, states[state].x - 180,
		    states[state].y - 40);
		put_label(event, edge->actions);
		put(">]\n");
		return;
	}
	place(state, event, edge->next, &x, &y);
	put("\t\"%s.%u\" [shape=none margin=\"0.05,0.03\" style=\"\" fontcolor=\"%s\" "
	    "pos=\"%d,%d!\" label=<", state_name(state), event, c, x, y);
	put_label(event, edge->actions);
	put(">]\n\t%s -> \"%s.%u\" [color=\"%s\" arrowhead=none]\n", state_name(state),
	    state_name(state), event, c);
	put("\t\"%s.%u\" -> %s [color=\"%s\"]\n", state_name(state), event, to, c);
}

static void put_legend_row(const char *shade, const char *sign, const char *meaning)
{
	put("<tr><td align=\"left\"><font color=\"%s\">%s</font></td>"
	    "<td align=\"left\">%s</td></tr>", shade, sign, meaning);
}

static void put_legend(void)
{
	put("\tlegend [pos=\"1000,1265!\" shape=plain style=\"\" label=<"
	    "<table border=\"0\" cellspacing=\"3\">");
	put_legend_row(colour(TCPSTATE_EV_CLOSE), "EVENT", "a call of the user");
	put_legend_row(colour(TCPSTATE_EV_RCV_FIN), "EVENT", "a segment has arrived");
	put_legend_row(colour(TCPSTATE_EV_USER_TIMEOUT), "EVENT", "a timer has fired");
	put_legend_row("#404040", "action", "what the edge asks for, in this order");
	put_legend_row("#a03030", "EVENT / action \xe2\x9c\x95",
		       "straight to CLOSE: wake, delete-tcb");
	put("</table>>]\n");
	put("\ttitle [pos=\"190,1270!\" shape=plain style=\"\" label=<"
	    "<font point-size=\"24\"><b>The eleven states of TCP</b></font><br/>"
	    "<font point-size=\"11\">as tcpstate runs them; RFC 9293 figure 5, every edge</font>>]\n");
	put("\thint1 [pos=\"200,1135!\" shape=plain style=\"\" label=<"
	    "<font point-size=\"13\" color=\"#777777\"><i>active open</i></font>>]\n");
	put("\thint2 [pos=\"960,1150!\" shape=plain style=\"\" label=<"
	    "<font point-size=\"13\" color=\"#777777\"><i>passive open</i></font>>]\n");
	put("\thint3 [pos=\"60,600!\" shape=plain style=\"\" label=<"
	    "<font point-size=\"13\" color=\"#777777\"><i>we close first</i></font>>]\n");
	put("\thint4 [pos=\"1090,600!\" shape=plain style=\"\" label=<"
	    "<font point-size=\"13\" color=\"#777777\"><i>they close first</i></font>>]\n");
}

static void make_dot(void)
{
	unsigned int i;
	u8 s, ev;

	put("// SPDX-License-Identifier: GPL-2.0\n"
	    "// Made by scripts/gen-states.c from tcpstate_fsm.c; do not edit.\n"
	    "digraph states {\n"
	    "\tgraph [layout=neato inputscale=72 splines=line outputorder=edgesfirst pad=0.3\n"
	    "\t\tfontname=\"sans-serif\" bgcolor=white]\n"
	    "\tnode [shape=box style=\"rounded,filled\" fontname=\"sans-serif\" fontsize=11\n"
	    "\t\tcolor=\"#555555\" margin=\"0.14,0.09\"]\n"
	    "\tedge [penwidth=1.6 arrowsize=0.9]\n");
	FOR_EACH_STATE(i, s)
		put_node(state_name(s), s, states[s].x, states[s].y, true);
	put_node("END", TCPSTATE_CLOSE, END_X, END_Y, false);
	FOR_EACH_STATE(i, s)
		for (ev = 0; ev < TCPSTATE_EV_COUNT; ev++)
			if (tcpstate_fsm(s, ev)->kind == TCPSTATE_EDGE_MOVE && !is_exit(s, ev))
				put_line(s, ev);
	put_legend();
	put("}\n");
}

/* --- the page --- */

static void put_flags(u8 flags)
{
	static const char * const names[] = { "FIN", "SYN", "RST", "PSH", "ACK" };
	const char *between = "";
	int i;

	for (i = 0; i < 5; i++) {
		if (!(flags & 1 << i))
			continue;
		put("%s%s", between, names[i]);
		between = " ";
	}
	if (!flags)
		put("none: nothing is sent");
}

static void put_moves(u8 state)
{
	u8 ev;

	put(".. list-table::\n   :header-rows: 1\n   :widths: 20 16 24 40\n\n"
	    "   * - Event\n     - Next\n     - Actions\n     - Why\n");
	for (ev = 0; ev < TCPSTATE_EV_COUNT; ev++) {
		const struct tcpstate_edge *edge = tcpstate_fsm(state, ev);

		if (edge->kind != TCPSTATE_EDGE_MOVE)
			continue;
		put("   * - %s\n     - %s\n     - ", tcpstate_fsm_event_name(ev),
		    state_name(edge->next));
		put_actions(edge->actions, 0, ", ", "none");
		put("\n     - %s\n", edge->why);
	}
	put("\n");
}

static void put_others(u8 state, u8 kind, const char *title)
{
	bool any = false;
	u8 ev;

	for (ev = 0; ev < TCPSTATE_EV_COUNT; ev++) {
		const struct tcpstate_edge *edge = tcpstate_fsm(state, ev);

		if (edge->kind != kind)
			continue;
		if (!any)
			put("%s\n\n", title);
		put("- %s: %s\n", tcpstate_fsm_event_name(ev), edge->why);
		any = true;
	}
	if (any)
		put("\n");
}

static void put_underline(size_t n, char c)
{
	while (n--)
		put("%c", c);
	put("\n\n");
}

static void put_ways_in(u8 state)
{
	const char *between = "Entered from: ";
	unsigned int i;
	u8 s, ev;

	FOR_EACH_STATE(i, s) {
		for (ev = 0; ev < TCPSTATE_EV_COUNT; ev++) {
			const struct tcpstate_edge *edge = tcpstate_fsm(s, ev);

			if (edge->kind != TCPSTATE_EDGE_MOVE || edge->next != state || s == state)
				continue;
			put("%s%s", between, state_name(s));
			between = ", ";
			break;
		}
	}
	put(".\n\n");
}

static void make_rst(void)
{
	unsigned int i;
	u8 s;

	put(".. SPDX-License-Identifier: GPL-2.0\n"
	    ".. Made by scripts/gen-states.c from tcpstate_fsm.c; do not edit.\n\n"
	    "======\nStates\n======\n\n"
	    "The eleven states, what must be true of each, and every event that can or cannot\n"
	    "happen in it.  The text and the picture are made from the table that the module runs\n"
	    "(``tcpstate_fsm()``); ``tests/model.c`` explores every state that two peers can reach\n"
	    "over a network that loses, duplicates and reorders, and proves that the cells under\n"
	    "\"Cannot happen\" are never raised and that all others are.\n\n"
	    ".. image:: states.svg\n   :alt: The eleven states and the edges between them\n\n");
	FOR_EACH_STATE(i, s) {
		put("%s\n", state_name(s));
		put_underline(strlen(state_name(s)), '=');
		put("What must be true: %s.\n\nSegments carry: ", states[s].truth);
		put_flags(tcpstate_fsm_outflags(s));
		put(".\n\n");
		put_ways_in(s);
		put_moves(s);
		put_others(s, TCPSTATE_EDGE_IGNORE, "May happen and changes nothing:");
		put_others(s, TCPSTATE_EDGE_NEVER, "Cannot happen:");
	}
	while (out.len > 1 && out.text[out.len - 2] == '\n')
		out.text[--out.len] = '\0';
}

/* --- write or compare --- */

static bool same_as_file(const char *path)
{
	char *old = malloc(out.len + 1);
	FILE *f = fopen(path, "r");
	bool same = false;

	if (f && old)
		same = fread(old, 1, out.len + 1, f) == out.len && !memcmp(old, out.text, out.len);
	if (f)
		fclose(f);
	free(old);
	return same;
}

static int finish(const char *dir, const char *name, bool check)
{
	char path[4096];
	int bad = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/Documentation/%s", dir, name);
	if (check) {
		bad = !same_as_file(path);
		if (bad)
			printf("gen-states: %s is out of date: run scripts/gen-states.sh\n", path);
	} else {
		f = fopen(path, "w");
		bad = !f || fwrite(out.text, 1, out.len, f) != out.len;
		if (f && fclose(f))
			bad = 1;
		if (bad)
			perror(path);
	}
	free(out.text);
	memset(&out, 0, sizeof(out));
	return bad;
}

int main(int argc, char **argv)
{
	bool check = argc > 1 && !strcmp(argv[1], "--check");
	const char *dir = argc > 1 + check ? argv[1 + check] : ".";
	int bad;

	make_dot();
	bad = finish(dir, "states.dot", check);
	make_rst();
	bad |= finish(dir, "states.rst", check);
	if (check && !bad)
		printf("gen-states: states.dot and states.rst are what the table says\n");
	return bad;
}

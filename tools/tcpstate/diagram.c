// SPDX-License-Identifier: GPL-2.0
/*
 * Draws the eleven states from the very table that the module runs, for graphviz. Only
 * the places on the sheet and what must be true of a state are said here.
 */
#include <stdio.h>
#include <string.h>

#include "diagram.h"
#include "palette.h"

/* Where a state stands, in points from the lower left, and what it means. */
static const struct { short x, y; const char *truth; } states[TCPSTATE_MAX_STATES] = {
	[TCPSTATE_CLOSE] = { 580, 1240, "socket is finished" },
	[TCPSTATE_SYN_SENT] = { 200, 1040,
		"sent a connection request, waiting for its ACK" },
	[TCPSTATE_LISTEN] = { 960, 1080, "waiting for connection requests" },
	[TCPSTATE_SYN_RECV] = { 960, 850,
		"received a connection request, sent SYN+ACK, "
		"waiting for the final ACK of the handshake" },
	[TCPSTATE_ESTABLISHED] = { 580, 690, "connection established" },
	[TCPSTATE_FIN_WAIT1] = { 200, 500,
		"our side has shut down, waiting to complete transmission of the remaining "
		"buffered data" },
	[TCPSTATE_FIN_WAIT2] = { 200, 240,
		"all buffered data sent, waiting for the remote to shut down" },
	[TCPSTATE_CLOSING] = { 580, 360,
		"both sides have shut down, but we still have data we have to finish sending" },
	[TCPSTATE_TIME_WAIT] = { 580, 110,
		"a timeout to catch resent junk before closed; entered only from FIN_WAIT2 or "
		"CLOSING; the other end may not have got our last ACK and resends, which we "
		"acknowledge and otherwise ignore" },
	[TCPSTATE_CLOSE_WAIT] = { 960, 500,
		"the remote has shut down and waits for us to finish writing and shut down; "
		"only our close() or shutdown() moves on to LAST_ACK" },
	[TCPSTATE_LAST_ACK] = { 960, 270,
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

const uint8_t diagram_order[] = {
	TCPSTATE_CLOSE, TCPSTATE_LISTEN, TCPSTATE_SYN_SENT, TCPSTATE_SYN_RECV,
	TCPSTATE_ESTABLISHED, TCPSTATE_FIN_WAIT1, TCPSTATE_FIN_WAIT2, TCPSTATE_CLOSING,
	TCPSTATE_TIME_WAIT, TCPSTATE_CLOSE_WAIT, TCPSTATE_LAST_ACK,
};

_Static_assert(sizeof(diagram_order) == TCPSTATE_MAX_STATES - 1,
	       "every state is shown");

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
static void put_actions(struct text *t, u16 actions, u16 but, const char *none)
{
	const char *between = "";
	u8 bit;

	actions &= ~but;
	if (!actions)
		text_add(t, "%s", none);
	for (bit = 0; bit < TCPSTATE_ACT_COUNT; bit++) {
		if (!(actions & 1u << bit))
			continue;
		text_add(t, "%s%s", between, tcpstate_fsm_action_name(bit));
		between = ", ";
	}
}

/* --- the picture --- */

/* Words of a sentence in lines of about so many characters. */
static void put_wrapped(struct text *t, const char *text, size_t width)
{
	size_t line = 0, word;

	while (*text) {
		word = strcspn(text, " ");
		if (line && line + 1 + word > width) {
			text_add(t, "<br/>");
			line = 0;
		}
		text_add(t, "%s%.*s", line ? " " : "", (int)word, text);
		line += (line ? 1 : 0) + word;
		text += word;
		text += strspn(text, " ");
	}
}

/* An edge that was never taken steps back where those that were are shown. */
#define PALE	"#bdbdbd"

static bool is_pale(const struct diagram_taken *taken, u8 state, u8 ev)
{
	return taken && !taken->edges[state][ev];
}

static void put_times(struct text *t, const struct diagram_taken *taken, u8 state, u8 ev)
{
	if (taken && taken->edges[state][ev])
		text_add(t, " <b>\xc3\x97%lu</b>", taken->edges[state][ev]);
}

static void put_exits(struct text *t, u8 state, const struct diagram_taken *taken)
{
	u16 always = TCPSTATE_ACT(WAKE) | TCPSTATE_ACT(DELETE_TCB);
	const char *before = "<br/><font point-size=\"4\"> <br/></font>";
	const char *shade = NULL, *last = NULL;
	u8 ev;

	for (ev = 0; ev < TCPSTATE_EV_COUNT; ev++) {
		const struct tcpstate_edge *edge = tcpstate_fsm(state, ev);

		if (!is_exit(state, ev))
			continue;
		shade = is_pale(taken, state, ev) ? PALE : "#8a1c1c";
		if (last && shade != last)
			text_add(t, "</font>");
		text_add(t, "%s", before);
		if (shade != last)
			text_add(t, "<font point-size=\"9\" color=\"%s\">", shade);
		text_add(t, "%s", tcpstate_fsm_event_name(ev));
		if (edge->actions & ~always) {
			text_add(t, " / ");
			put_actions(t, edge->actions, always, "");
		}
		text_add(t, " \xe2\x9c\x95");
		put_times(t, taken, state, ev);
		before = "<br/>";
		last = shade;
	}
	if (last)
		text_add(t, "</font>");
}

/**
 * diagram_visited() - whether a state was entered or left
 * @taken: the edges that were taken
 * @state: the state
 */
bool diagram_visited(const struct diagram_taken *taken, uint8_t state)
{
	u8 s, ev;

	for (s = 1; s < TCPSTATE_MAX_STATES; s++)
		for (ev = 0; ev < TCPSTATE_EV_COUNT; ev++)
			if (taken->edges[s][ev] &&
			    (s == state || tcpstate_fsm(s, ev)->next == state))
				return true;
	return false;
}

static void put_node(struct text *t, const char *id, u8 state, short x, short y,
		     const struct diagram_taken *taken)
{
	bool whole = strcmp(id, "END");
	bool pale = taken && !diagram_visited(taken, state);

	text_add(t, "\t%s [pos=\"%d,%d!\" fillcolor=\"%s\"%s label=<<b><font point-size=\"16\">%s</font></b>",
		 id, x, y, pale ? "#fafafa" : state_fill[state],
		 pale ? " color=\"" PALE "\" fontcolor=\"#9a9a9a\"" : "", state_name(state));
	if (whole) {
		text_add(t, "<br/><font point-size=\"10\">");
		put_wrapped(t, states[state].truth, 34);
		text_add(t, "</font>");
		put_exits(t, state, taken);
	}
	text_add(t, ">]\n");
}

static void place(u8 state, u8 event, u8 next, int *x, int *y)
{
	bool end = next == TCPSTATE_CLOSE;
	size_t i;

	for (i = 0; i < ARRAY_LEN(places); i++) {
		if (places[i].state == state && places[i].event == event) {
			*x = places[i].x;
			*y = places[i].y;
			return;
		}
	}
	*x = (states[state].x + (end ? END_X : states[next].x)) / 2;
	*y = (states[state].y + (end ? END_Y : states[next].y)) / 2;
}

static void put_label(struct text *t, u8 state, u8 event, const struct diagram_taken *taken)
{
	u16 actions = tcpstate_fsm(state, event)->actions;

	text_add(t, "<b>%s</b>", tcpstate_fsm_event_name(event));
	put_times(t, taken, state, event);
	if (!actions)
		return;
	text_add(t, "<br/><font point-size=\"9.5\" color=\"%s\">",
		 is_pale(taken, state, event) ? PALE : "#404040");
	put_actions(t, actions, 0, "");
	text_add(t, "</font>");
}

static void put_label_node(struct text *t, const char *id, u8 event, const char *shade, int x,
			   int y)
{
	text_add(t, "\t\"%s.%u\" [shape=none margin=\"0.05,0.03\" style=\"\" fontcolor=\"%s\" ",
		 id, event, shade);
	text_add(t, "pos=\"%d,%d!\" label=<", x, y);
}

/* An edge runs through its label, so that nobody has to guess whose it is. */
static void put_line(struct text *t, u8 state, u8 event, const struct diagram_taken *taken)
{
	const struct tcpstate_edge *edge = tcpstate_fsm(state, event);
	const char *to = edge->next == TCPSTATE_CLOSE ? "END" : state_name(edge->next);
	const char *c = is_pale(taken, state, event) ? PALE : colour(event);
	const char *wide = taken && taken->edges[state][event] ? " penwidth=4" : "";
	int x, y;

	if (edge->next == state) {
		text_add(t, "\t%s:w -> %s:s [color=\"%s\" fontcolor=\"%s\"%s]\n", to, to, c, c,
			 wide);
		put_label_node(t, to, event, c, states[state].x - 180, states[state].y - 40);
		put_label(t, state, event, taken);
		text_add(t, ">]\n");
		return;
	}
	place(state, event, edge->next, &x, &y);
	put_label_node(t, state_name(state), event, c, x, y);
	put_label(t, state, event, taken);
	text_add(t, ">]\n\t%s -> \"%s.%u\" [color=\"%s\" arrowhead=none%s]\n", state_name(state),
		 state_name(state), event, c, wide);
	text_add(t, "\t\"%s.%u\" -> %s [color=\"%s\"%s]\n", state_name(state), event, to, c, wide);
}

static void put_legend_row(struct text *t, const char *shade, const char *sign,
			   const char *meaning)
{
	text_add(t, "<tr><td align=\"left\"><font color=\"%s\">%s</font></td>", shade, sign);
	text_add(t, "<td align=\"left\">%s</td></tr>", meaning);
}

static void put_words(struct text *t, const char *id, const char *pos, const char *words)
{
	text_add(t, "\t%s [pos=\"%s!\" shape=plain style=\"\" label=<%s>]\n", id, pos, words);
}

#define HINT(words) "<font point-size=\"13\" color=\"#777777\"><i>" words "</i></font>"

static void put_legend(struct text *t, const struct diagram_taken *taken)
{
	text_add(t, "\tlegend [pos=\"1000,1265!\" shape=plain style=\"\" label=<<table border=\"0\" cellspacing=\"3\">");
	put_legend_row(t, colour(TCPSTATE_EV_CLOSE), "EVENT", "a call of the user");
	put_legend_row(t, colour(TCPSTATE_EV_RCV_FIN), "EVENT", "a segment has arrived");
	put_legend_row(t, colour(TCPSTATE_EV_USER_TIMEOUT), "EVENT", "a timer has fired");
	put_legend_row(t, "#404040", "action", "what the edge asks for, in this order");
	put_legend_row(t, "#8a1c1c", "EVENT / action \xe2\x9c\x95",
		       "straight to CLOSE: wake, delete-tcb");
	if (taken)
		put_legend_row(t, PALE, "EVENT", "was never taken");
	text_add(t, "</table>>]\n");
	put_words(t, "title", "190,1270",
		  taken ? "<font point-size=\"24\"><b>The states that were visited</b></font><br/><font point-size=\"11\">"
			  "\xc3\x97N: how often the edge was taken</font>"
			: "<font point-size=\"24\"><b>The eleven states of TCP</b></font><br/><font point-size=\"11\">"
			  "as tcpstate runs them; RFC 9293 figure 5, every edge</font>");
	put_words(t, "hint1", "200,1135", HINT("active open"));
	put_words(t, "hint2", "960,1150", HINT("passive open"));
	put_words(t, "hint3", "60,600", HINT("we close first"));
	put_words(t, "hint4", "1090,600", HINT("they close first"));
}

/**
 * diagram_truth() - what must be true of a state
 * @state: the state
 *
 * Return: a sentence without its full stop.
 */
const char *diagram_truth(uint8_t state)
{
	return states[state].truth;
}

/**
 * diagram_dot() - the diagram for graphviz
 * @t: where to
 * @taken: edges to show as taken, all others pale; NULL: every edge alike
 */
void diagram_dot(struct text *t, const struct diagram_taken *taken)
{
	unsigned int i;
	u8 s, ev;

	text_add(t, "// %s-License-Identifier: GPL-2.0\n", "SPDX");
	text_add(t, taken ? "// Made by tcpstate dot.\n"
			  : "// Made by scripts/gen-states.c from tcpstate_fsm.c; do not edit.\n");
	text_add(t, "digraph states {\n"
		 "\tgraph [layout=neato inputscale=72 splines=line outputorder=edgesfirst pad=0.3\n"
		 "\t\tfontname=\"sans-serif\" bgcolor=white]\n"
		 "\tnode [shape=box style=\"rounded,filled\" fontname=\"sans-serif\" fontsize=11\n"
		 "\t\tcolor=\"#555555\" margin=\"0.22,0.09\"]\n"
		 "\tedge [penwidth=1.6 arrowsize=0.9]\n");
	for (i = 0; i < sizeof(diagram_order); i++) {
		s = diagram_order[i];
		put_node(t, state_name(s), s, states[s].x, states[s].y, taken);
	}
	put_node(t, "END", TCPSTATE_CLOSE, END_X, END_Y, taken);
	for (i = 0; i < sizeof(diagram_order); i++) {
		s = diagram_order[i];
		for (ev = 0; ev < TCPSTATE_EV_COUNT; ev++)
			if (tcpstate_fsm(s, ev)->kind == TCPSTATE_EDGE_MOVE && !is_exit(s, ev))
				put_line(t, s, ev, taken);
	}
	put_legend(t, taken);
	text_add(t, "}\n");
}

/**
 * diagram_count() - the edges that a history has taken
 * @taken: counts are added
 * @h: the history
 */
void diagram_count(struct diagram_taken *taken, const struct history *h)
{
	unsigned int i, j;

	for (i = 0; i < h->count; i++) {
		for (j = 0; j < h->flows[i].count; j++) {
			const struct event *e = &h->flows[i].events[j];

			if (e->what == WHAT_STATE && e->old < TCPSTATE_MAX_STATES)
				taken->edges[e->old][e->event]++;
		}
	}
}

/**
 * diagram_stat() - the edges that /proc/net/tcpstate_stat counts
 * @taken: counts are added
 * @stat: the file's text
 *
 * Return: false if it holds no line of that file.
 */
bool diagram_stat(struct diagram_taken *taken, const char *stat)
{
	char state[WORD_LEN], event[WORD_LEN];
	bool any = false;
	unsigned long n;
	u8 s, ev;

	for (; stat && *stat; stat = strchr(stat, '\n') ? strchr(stat, '\n') + 1 : NULL) {
		any |= !strncmp(stat, "ESTABLISHED ", 12);
		if (sscanf(stat, "Edge:%23[A-Z0-9_]:%23[A-Z0-9_] %lu", state, event, &n) != 3)
			continue;
		s = state_by_name(state);
		ev = event_by_name(event);
		if (s && ev < TCPSTATE_EV_COUNT)
			taken->edges[s][ev] += n;
	}
	return any;
}

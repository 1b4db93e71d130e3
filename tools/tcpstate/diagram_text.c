// SPDX-License-Identifier: GPL-2.0
/*
 * The diagram of states for a terminal: boxes in the places of RFC 9293's figure 5, and
 * the edges of the module's table between them. Only the places are said here; an edge
 * that has none, or leads elsewhere than its line does, is told in words below.
 */
#include <stdio.h>
#include <string.h>

#include "canvas.h"
#include "diagram.h"

#define BOX_ROWS	3
#define ROWS		46
#define POINTS		5

/* Middle of the upper line of each box; CLOSE stands twice, as its end is another place. */
static const struct place { uint8_t state; short row, column; } boxes[] = {
	{ TCPSTATE_CLOSE, 2, 39 },
	{ TCPSTATE_SYN_SENT, 8, 14 },
	{ TCPSTATE_LISTEN, 8, 64 },
	{ TCPSTATE_SYN_RECV, 14, 64 },
	{ TCPSTATE_ESTABLISHED, 20, 39 },
	{ TCPSTATE_FIN_WAIT1, 27, 14 },
	{ TCPSTATE_CLOSE_WAIT, 27, 64 },
	{ TCPSTATE_FIN_WAIT2, 34, 14 },
	{ TCPSTATE_CLOSING, 34, 39 },
	{ TCPSTATE_LAST_ACK, 34, 64 },
	{ TCPSTATE_TIME_WAIT, 42, 39 },
	{ TCPSTATE_CLOSE, 42, 66 },
};

/*
 * Lines, from corner to corner; the last point is the arrow's head. The words begin at
 * (row, column), or end there if column is negative.
 */
static const struct line {
	uint8_t state, event, next;
	struct { short row, column; } at[POINTS], words;
} lines[] = {
	{ TCPSTATE_CLOSE, TCPSTATE_EV_ACTIVE_OPEN, TCPSTATE_SYN_SENT,
	  { { 3, 34 }, { 3, 14 }, { 7, 14 } }, { 5, 16 } },
	{ TCPSTATE_CLOSE, TCPSTATE_EV_PASSIVE_OPEN, TCPSTATE_LISTEN,
	  { { 3, 44 }, { 3, 64 }, { 7, 64 } }, { 5, -62 } },
	{ TCPSTATE_SYN_SENT, TCPSTATE_EV_RCV_SYN, TCPSTATE_SYN_RECV,
	  { { 9, 20 }, { 9, 48 }, { 15, 48 }, { 15, 57 } }, { 9, 24 } },
	{ TCPSTATE_LISTEN, TCPSTATE_EV_RCV_SYN, TCPSTATE_SYN_RECV,
	  { { 11, 64 }, { 13, 64 } }, { 12, 66 } },
	{ TCPSTATE_SYN_SENT, TCPSTATE_EV_RCV_SYN_ACK, TCPSTATE_ESTABLISHED,
	  { { 11, 14 }, { 21, 14 }, { 21, 31 } }, { 16, 16 } },
	{ TCPSTATE_SYN_RECV, TCPSTATE_EV_RCV_ACK_OF_SYN, TCPSTATE_ESTABLISHED,
	  { { 17, 60 }, { 21, 60 }, { 21, 47 } }, { 19, -58 } },
	{ TCPSTATE_SYN_RECV, TCPSTATE_EV_CLOSE, TCPSTATE_FIN_WAIT1,
	  { { 17, 68 }, { 25, 68 }, { 25, 28 }, { 28, 28 }, { 28, 21 } }, { 25, 46 } },
	{ TCPSTATE_ESTABLISHED, TCPSTATE_EV_CLOSE, TCPSTATE_FIN_WAIT1,
	  { { 23, 35 }, { 24, 35 }, { 24, 14 }, { 26, 14 } }, { 24, 18 } },
	{ TCPSTATE_ESTABLISHED, TCPSTATE_EV_RCV_FIN, TCPSTATE_CLOSE_WAIT,
	  { { 23, 43 }, { 28, 43 }, { 28, 56 } }, { 27, 45 } },
	{ TCPSTATE_FIN_WAIT1, TCPSTATE_EV_RCV_ACK_OF_FIN, TCPSTATE_FIN_WAIT2,
	  { { 30, 10 }, { 33, 10 } }, { 32, 12 } },
	{ TCPSTATE_FIN_WAIT1, TCPSTATE_EV_RCV_FIN, TCPSTATE_CLOSING,
	  { { 30, 19 }, { 31, 19 }, { 31, 39 }, { 33, 39 } }, { 31, 24 } },
	{ TCPSTATE_CLOSE_WAIT, TCPSTATE_EV_CLOSE, TCPSTATE_LAST_ACK,
	  { { 30, 64 }, { 33, 64 } }, { 31, 66 } },
	{ TCPSTATE_FIN_WAIT2, TCPSTATE_EV_RCV_FIN, TCPSTATE_TIME_WAIT,
	  { { 37, 14 }, { 43, 14 }, { 43, 32 } }, { 40, 16 } },
	{ TCPSTATE_CLOSING, TCPSTATE_EV_RCV_ACK_OF_FIN, TCPSTATE_TIME_WAIT,
	  { { 37, 39 }, { 41, 39 } }, { 38, 41 } },
	{ TCPSTATE_LAST_ACK, TCPSTATE_EV_RCV_ACK_OF_FIN, TCPSTATE_CLOSE,
	  { { 37, 66 }, { 41, 66 } }, { 40, -64 } },
	{ TCPSTATE_TIME_WAIT, TCPSTATE_EV_TIME_WAIT_TIMEOUT, TCPSTATE_CLOSE,
	  { { 43, 46 }, { 43, 61 } }, { 45, 40 } },
};

/* The sides of a corner that the way from a to b to c joins. */
static int sides_of(int drow, int dcolumn)
{
	if (drow)
		return drow > 0 ? S : N;
	return dcolumn > 0 ? E : W;
}

static void draw_way(const struct canvas *c, const struct line *l, uint8_t paint,
		     enum canvas_line look)
{
	int i, row = l->at[0].row, column = l->at[0].column, drow, dcolumn, before = 0;

	for (i = 1; i < POINTS && l->at[i].row; i++) {
		drow = (l->at[i].row > row) - (l->at[i].row < row);
		dcolumn = (l->at[i].column > column) - (l->at[i].column < column);
		if (before)
			canvas_stroke(c, row, column, before | sides_of(drow, dcolumn), paint,
				      look);
		else
			canvas_stroke(c, row, column, drow ? N | S : E | W, paint, look);
		for (;;) {
			row += drow;
			column += dcolumn;
			if (row == l->at[i].row && column == l->at[i].column)
				break;
			canvas_stroke(c, row, column, drow ? N | S : E | W, paint, look);
		}
		before = sides_of(-drow, -dcolumn);
	}
	canvas_words(c, row, column, paint, before == N ? (c->ascii ? "v" : "▼") :
		     before == W ? (c->ascii ? ">" : "►") : (c->ascii ? "<" : "◄"));
}

static void words_of(const struct canvas *c, uint8_t event, unsigned long n, char *buf, size_t len)
{
	if (n)
		snprintf(buf, len, " %s %s%lu ", tcpstate_fsm_event_name(event),
			 c->ascii ? "x" : "×", n);
	else
		snprintf(buf, len, " %s ", tcpstate_fsm_event_name(event));
}

static void draw_words(const struct canvas *c, const struct line *l, unsigned long n)
{
	int column = l->words.column;
	char words[64];

	words_of(c, l->event, n, words, sizeof(words));
	if (column < 0)
		column = -column - text_columns(words) + 2;
	canvas_words(c, l->words.row, column - 1, n ? GOOD : DIM, words);
}

static void draw_box(const struct canvas *c, const struct place *p, bool visited)
{
	enum canvas_line look = visited ? LINE_HEAVY : LINE_DOTTED;
	uint8_t paint = !visited ? DIM : p->state == TCPSTATE_CLOSING ? WARN : BOLD;
	const char *name = tcpstate_fsm_state_name(p->state);
	int n = strlen(name), left = p->column - (n + 4) / 2, right = left + n + 3, row;

	for (row = p->row; row < p->row + BOX_ROWS; row += BOX_ROWS - 1) {
		canvas_across(c, row, left + 1, right - 1, paint, look);
		canvas_stroke(c, row, left, row == p->row ? E | S : N | E, paint, look);
		canvas_stroke(c, row, right, row == p->row ? S | W : N | W, paint, look);
	}
	canvas_stroke(c, p->row + 1, left, N | S, paint, look);
	canvas_stroke(c, p->row + 1, right, N | S, paint, look);
	canvas_words(c, p->row + 1, left + 2, paint, name);
}

static const struct line *line_of(uint8_t state, uint8_t event)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(lines); i++)
		if (lines[i].state == state && lines[i].event == event &&
		    lines[i].next == tcpstate_fsm(state, event)->next)
			return &lines[i];
	return NULL;
}

/* What has no line: the ways out, and what stays where it is. */
static void tell_others(struct text *t, const struct diagram_taken *taken, bool ascii)
{
	unsigned int edges = 0, never = 0;
	char words[80];
	uint8_t s, ev;
	size_t i;

	for (i = 0; i < ARRAY_LEN(boxes) - 1; i++) {
		s = boxes[i].state;
		for (ev = 0; ev < TCPSTATE_EV_COUNT; ev++) {
			if (tcpstate_fsm(s, ev)->kind != TCPSTATE_EDGE_MOVE)
				continue;
			edges++;
			never += !taken->edges[s][ev];
			if (line_of(s, ev) || !taken->edges[s][ev])
				continue;
			snprintf(words, sizeof(words), "%s %s%lu", tcpstate_fsm_event_name(ev),
				 ascii ? "x" : "×", taken->edges[s][ev]);
			text_add(t, "  also: %-11s %s %-11s by %s\n", tcpstate_fsm_state_name(s),
				 ascii ? "->" : "→",
				 tcpstate_fsm_state_name(tcpstate_fsm(s, ev)->next), words);
		}
	}
	text_add(t, "  %u of the table's %u edges were taken\n", edges - never, edges);
}

/**
 * diagram_text() - the diagram with characters
 * @t: where to
 * @taken: the edges that were taken; the others are dotted
 * @colour: with colours
 * @ascii: without characters beyond ASCII
 */
void diagram_text(struct text *t, const struct diagram_taken *taken, bool colour, bool ascii)
{
	struct canvas c = { .rows = ROWS, .columns = DIAGRAM_WIDTH, .colour = colour,
			    .ascii = ascii };
	int round;
	size_t i;

	canvas_begin(&c);
	canvas_words(&c, 0, 2, BOLD, "The states that were visited, and how often each edge was taken");
	/* What was taken lies above what was not. */
	for (round = 0; round < 2; round++) {
		for (i = 0; i < ARRAY_LEN(lines); i++) {
			unsigned long n = taken->edges[lines[i].state][lines[i].event];

			if (!n == !round && line_of(lines[i].state, lines[i].event))
				draw_way(&c, &lines[i], n ? GOOD : DIM,
					 n ? LINE_HEAVY : LINE_DOTTED);
		}
	}
	for (i = 0; i < ARRAY_LEN(lines); i++)
		if (line_of(lines[i].state, lines[i].event))
			draw_words(&c, &lines[i], taken->edges[lines[i].state][lines[i].event]);
	for (i = 0; i < ARRAY_LEN(boxes); i++)
		draw_box(&c, &boxes[i], diagram_visited(taken, boxes[i].state));
	canvas_print(t, &c);
	tell_others(t, taken, ascii);
}

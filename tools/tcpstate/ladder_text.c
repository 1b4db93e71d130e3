// SPDX-License-Identifier: GPL-2.0
/*
 * A ladder for a terminal. A segment leaves its axis on one row, goes down in a lane of
 * its own while other things happen, and reaches the other axis on a later row:
 *
 *	SYN_SENT |-- SYN seq=0 --.              |
 *	         |               '------------->| SYN_RECV
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "canvas.h"
#include "ladder.h"

#define TIME_COLUMNS	10
#define STATE_COLUMNS	12
#define LANES		3
#define TITLE_ROWS	2

struct screen {
	const struct ladder *l;
	struct canvas c;
	int left, right;	/* columns of the axes */
	int *row_of;		/* by mark */
	int lane_ends[2][LANES];	/* first row at which a lane is free again */
};

/* --- rows --- */

/* A state that an arrival brings about stands on the arrival's row. */
static bool joins(const struct ladder *l, unsigned int i)
{
	return i && mark_follows(&l->marks[i - 1], &l->marks[i]);
}

static void place_rows(struct screen *s)
{
	unsigned int i;

	s->c.rows = TITLE_ROWS;
	for (i = 0; i < s->l->mark_count; i++) {
		if (i && joins(s->l, i))
			s->c.rows--;
		s->row_of[i] = s->c.rows++;
	}
}

static void write_state(const struct screen *s, int row, int side, uint8_t state)
{
	const char *name = tcpstate_fsm_state_name(state);
	uint8_t paint = state == TCPSTATE_CLOSING ? WARN : state == TCPSTATE_CLOSE ? DIM : BOLD;
	int n = strlen(name);

	canvas_words(&s->c, row, side ? s->right + 2 : s->left - 1 - n, paint, name);
}

/* Text next to an axis, inside. */
static void write_inside(const struct screen *s, int row, int side, uint8_t paint,
			 const char *text)
{
	int n = text_columns(text);

	canvas_words(&s->c, row, side ? s->right - 2 - n : s->left + 2, paint, text);
}

static void write_mark(const struct screen *s, unsigned int i)
{
	const struct mark *m = &s->l->marks[i];
	char buf[LABEL_LEN], when[32];
	int row = s->row_of[i];

	if (!i || s->row_of[i - 1] != row) {
		ladder_time(s->l, m->ns, when, sizeof(when));
		canvas_words(&s->c, row, TIME_COLUMNS - (int)strlen(when), DIM, when);
	}
	switch (m->kind) {
	case MARK_STATE:
		write_state(s, row, m->side, m->e->state);
		if (m->arrow < 0 && (!i || s->row_of[i - 1] != row))
			write_inside(s, row, m->side, DIM, event_words(m->e->event));
		break;
	case MARK_NOTE:
		snprintf(buf, sizeof(buf), "%s timer fires", m->e->word);
		write_inside(s, row, m->side, WARN, buf);
		break;
	case MARK_GAP:
		snprintf(buf, sizeof(buf), "(%u more: %llu octets to the right, %llu to the left)",
			 m->arrows, (unsigned long long)m->octets[0],
			 (unsigned long long)m->octets[1]);
		write_inside(s, row, 0, DIM, buf);
		break;
	}
}

/* --- arrows --- */

static int lane_for(struct screen *s, const struct arrow *a, int from_row, int to_row, int label)
{
	int lane, step, edge;

	for (lane = 0; lane < LANES - 1; lane++)
		if (s->lane_ends[a->from][lane] <= from_row)
			break;
	s->lane_ends[a->from][lane] = to_row;
	/* Behind the label, and short of the other axis. */
	edge = a->from ? s->right - label - 6 : s->left + label + 6;
	step = a->from ? -2 * lane : 2 * lane;
	edge += step;
	if (edge > s->right - 4)
		edge = s->right - 4;
	if (edge < s->left + 4)
		edge = s->left + 4;
	return edge;
}

static uint8_t paint_of(const struct arrow *a)
{
	const struct event *e = passage_segment(a->p);

	if (a->p->fate == FATE_LOST || e->flags & TCPSTATE_RST)
		return BAD;
	if (e->again || a->p->fate == FATE_DROPPED)
		return WARN;
	return e->flags & (TCPSTATE_SYN | TCPSTATE_FIN) ? GOOD : PLAIN;
}

static void head(const struct screen *s, int row, int side, uint8_t paint)
{
	canvas_words(&s->c, row, side ? s->right - 1 : s->left + 1, paint, side ? ">" : "<");
}

/* The way from the axis to where the segment is last seen. */
static void draw_departure(struct screen *s, const struct arrow *a, int row, int end,
			   const char *label, uint8_t paint)
{
	int start = a->from ? s->right - 1 : s->left + 1;
	int n = text_columns(label);

	canvas_across(&s->c, row, start, end, paint, LINE_PLAIN);
	canvas_words(&s->c, row, a->from ? s->right - 4 - n : s->left + 4, paint, label);
}

static void label_of(const struct arrow *a, char *label, size_t len)
{
	char words[LABEL_LEN];
	const struct event *e = passage_segment(a->p);

	ladder_label(a, words, sizeof(words));
	snprintf(label, len, " %s%s ", e->again ? "AGAIN " : "", words);
	/* Room is short: of a first time only what is no ordinary sending. */
	if (!e->again && e == a->p->sent && e->word[0])
		snprintf(label, len, " %s: %s ", e->word, words);
}

/* Seen at one end only. */
static void draw_half(struct screen *s, const struct arrow *a, const char *label, uint8_t paint)
{
	int row = s->row_of[a->departure >= 0 ? a->departure : a->arrival];
	int n = text_columns(label), stop;

	if (a->departure < 0 || a->p->fate == FATE_UNKNOWN) {
		draw_departure(s, a, row, a->from ? s->left + 2 : s->right - 2, label, paint);
		head(s, row, !a->from, paint);
		if (s->l->ends[1])
			canvas_words(&s->c, row, a->from ? s->left + 3 : s->right - 3, paint, "?");
		return;
	}
	stop = a->from ? s->right - n - 8 : s->left + n + 8;
	draw_departure(s, a, row, stop, label, paint);
	canvas_words(&s->c, row, a->from ? stop - 6 : stop, BAD, a->from ? " lost X" : "X lost ");
}

static void draw_arrow(struct screen *s, const struct arrow *a)
{
	uint8_t paint = paint_of(a);
	char label[LABEL_LEN + WORD_LEN + 8];
	int from, to, lane, row;

	label_of(a, label, sizeof(label));
	if (a->departure < 0 || a->arrival < 0) {
		draw_half(s, a, label, paint);
		return;
	}
	from = s->row_of[a->departure];
	to = s->row_of[a->arrival];
	lane = lane_for(s, a, from, to, text_columns(label));
	canvas_across(&s->c, to, lane, a->from ? s->left + 2 : s->right - 2, paint, LINE_PLAIN);
	for (row = from + 1; row < to; row++)
		canvas_stroke(&s->c, row, lane, N | S, paint, LINE_PLAIN);
	draw_departure(s, a, from, lane, label, paint);
	canvas_stroke(&s->c, from, lane, a->from ? E | S : S | W, paint, LINE_PLAIN);
	canvas_stroke(&s->c, to, lane, a->from ? N | W : N | E, paint, LINE_PLAIN);
	head(s, to, !a->from, paint);
	if (a->p->fate == FATE_DROPPED) {
		snprintf(label, sizeof(label), " dropped: %s ", a->p->got->word);
		write_inside(s, to, !a->from, BAD, label);
	}
}

/* --- the whole --- */

/* Who stands where, and in which state it began. */
static void write_titles(const struct screen *s)
{
	char title[END_LEN + COMM_LEN + 4];
	int side, n;

	for (side = 0; side < 2; side++) {
		ladder_title(s->l, side, title, sizeof(title));
		n = text_columns(title);
		canvas_words(&s->c, 0, side ? s->c.columns - n : s->left - STATE_COLUMNS, BOLD,
			     title);
		if (s->l->ends[side])
			write_state(s, 1, side, s->l->first[side]);
		else
			canvas_words(&s->c, 1, s->right + 2, DIM, "no record");
	}
}

/**
 * ladder_text() - draw a ladder with characters
 * @t: where to
 * @l: the ladder
 * @style: how; at least LADDER_MIN_WIDTH columns
 */
void ladder_text(struct text *t, const struct ladder *l, const struct ladder_style *style)
{
	struct screen s = { .l = l, .c = { .columns = style->width, .colour = style->colour,
					   .ascii = style->ascii } };
	unsigned int i;
	int row;

	s.left = TIME_COLUMNS + 1 + STATE_COLUMNS;
	s.right = s.c.columns - STATE_COLUMNS - 2;
	s.row_of = tool_alloc(NULL, (l->mark_count + 1) * sizeof(*s.row_of));
	place_rows(&s);
	canvas_begin(&s.c);
	for (i = 0; i < l->arrow_count; i++)
		if (!l->arrows[i].hidden)
			draw_arrow(&s, &l->arrows[i]);
	for (row = 1; row < s.c.rows; row++) {
		canvas_stroke(&s.c, row, s.left, N | S, PLAIN, LINE_PLAIN);
		canvas_stroke(&s.c, row, s.right, N | S, PLAIN, LINE_PLAIN);
	}
	for (i = 0; i < l->mark_count; i++)
		write_mark(&s, i);
	write_titles(&s);
	canvas_print(t, &s.c);
	free(s.row_of);
}

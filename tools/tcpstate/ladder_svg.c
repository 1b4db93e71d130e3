// SPDX-License-Identifier: GPL-2.0
/*
 * A ladder as a picture: each end is a band whose colour is its state, segments are
 * slanted arrows between them. Time runs down, but not to scale: waiting is drawn
 * shorter than it was, and the times at the edge tell.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ladder.h"
#include "palette.h"
#include "svg.h"

#define TIME_WIDTH	92
#define BAND_WIDTH	168
#define MIDDLE		560
#define WIDTH		(2 * TIME_WIDTH + 2 * BAND_WIDTH + MIDDLE)
#define LEFT_BAND	TIME_WIDTH
#define LEFT		(TIME_WIDTH + BAND_WIDTH)
#define RIGHT		(LEFT + MIDDLE)
#define TOP		104
#define STEP		26.0	/* between two marks */
#define BURST_STEP	17.0	/* between two of a row that left, or came, together */
#define WORDS_ROOM	20.0	/* below an arrow's words */
#define BURST_NS	2000000
#define WAIT_MAX	52.0	/* what a long time adds */
#define BAND_MIN	24.0	/* a state that lasts no time: its name */
#define TIME_GAP	14.0	/* between two times at the edge */
#define NEIGHBOUR	40.0	/* so near, arrows are drawn alike */
#define HALF		44.0	/* slant of a segment whose other end is not known */
#define SHORT_NS	1000000	/* of a state that passes at once */
#define TEXT_SIZE	12.5
#define BAND_COLUMNS	25

struct page {
	const struct ladder *l;
	double *y;	/* by mark */
	double bottom;
};

static double axis(int side)
{
	return side ? RIGHT : LEFT;
}

/* --- where marks stand --- */

/* Logarithmic: a minute must not be a thousand pages behind a millisecond. */
static double wait_height(uint64_t ns)
{
	double ms = ns / 1e6;
	double h = ms < 0.2 ? 0 : 7 * log2(1 + ms * 2);

	return h > WAIT_MAX ? WAIT_MAX : h;
}

static int note_lines(uint8_t state)
{
	static const struct font font = { .size = 11 };

	return svg_paragraph(NULL, 0, 0, &font, BAND_COLUMNS, state_short(state));
}

/* So much room a state wants before the next one of its side. */
static double band_need(const struct ladder *l, unsigned int i)
{
	const struct mark *m = &l->marks[i];
	unsigned int j;

	for (j = i + 1; j < l->mark_count; j++) {
		if (l->marks[j].kind != MARK_STATE || l->marks[j].side != m->side)
			continue;
		if (l->marks[j].ns - m->ns < SHORT_NS)
			return BAND_MIN;
		break;
	}
	return BAND_MIN + 4 + 14 * note_lines(m->e->state);
}

/* Marks of one end at one moment are one thing: it arrives, the state moves. */
static bool at_once(const struct mark *before, const struct mark *m)
{
	return mark_follows(before, m) ||
	       (before->side == m->side && before->kind == MARK_STATE &&
		m->kind == MARK_DEPARTURE && m->ns - before->ns < SAME_THING_NS / 2);
}

/* What is said at the band would stand in the words of an arrow that leads down. */
static bool under_words(const struct mark *before, const struct mark *m)
{
	return before->side == m->side && before->kind == MARK_DEPARTURE &&
	       (m->kind == MARK_STATE || m->kind == MARK_NOTE);
}

static void place(struct page *p)
{
	const struct ladder *l = p->l;
	double earliest[2] = { TOP, TOP }, y = TOP, next;
	unsigned int i;

	for (i = 0; i < 2; i++)
		if (l->ends[i])
			earliest[i] = TOP + BAND_MIN + 6 + 14 * note_lines(l->first[i]);
	for (i = 0; i < l->mark_count; i++) {
		const struct mark *m = &l->marks[i];

		if (!i)
			next = y + 12;
		else if (at_once(&l->marks[i - 1], m))
			next = y + (m->kind == MARK_DEPARTURE ? 10 : 0);
		else if (m->kind == l->marks[i - 1].kind && m->side == l->marks[i - 1].side &&
			 m->ns - l->marks[i - 1].ns < BURST_NS)
			next = y + BURST_STEP;
		else
			next = y + STEP + wait_height(m->ns - l->marks[i - 1].ns) +
			       (under_words(&l->marks[i - 1], m) ? WORDS_ROOM : 0);
		if (m->kind == MARK_STATE) {
			if (next < earliest[m->side])
				next = earliest[m->side];
			earliest[m->side] = next + band_need(l, i);
		}
		y = next;
		p->y[i] = y;
	}
	p->bottom = y + HALF + 10;
	for (i = 0; i < 2; i++)
		if (p->bottom < earliest[i] + 6)
			p->bottom = earliest[i] + 6;
}

/* --- bands --- */

static void draw_band(struct text *t, int side, double from, double to, uint8_t state, double room)
{
	double x = side ? RIGHT : LEFT_BAND, middle = x + BAND_WIDTH / 2.0;
	bool closing = state == TCPSTATE_CLOSING;
	struct font name = { .size = closing ? 16 : 14, .anchor = ANCHOR_MIDDLE, .bold = true };
	struct font note = { .size = 11, .anchor = ANCHOR_MIDDLE, .fill = "#444444" };
	char attributes[128];

	if (closing)
		note.fill = "#000000";
	snprintf(attributes, sizeof(attributes), "fill=\"%s\" stroke=\"%s\" stroke-width=\"%s\"",
		 state_fill[state], closing ? "#b34700" : "#9a9a9a", closing ? "2" : "1");
	svg_rect(t, x, from, BAND_WIDTH, to - from, attributes);
	svg_words(t, middle, from + 18, &name, tcpstate_fsm_state_name(state));
	if (room >= BAND_MIN + 14 * note_lines(state))
		svg_paragraph(t, middle, from + 34, &note, BAND_COLUMNS, state_short(state));
}

static void draw_bands(struct text *t, const struct page *p, int side)
{
	const struct ladder *l = p->l;
	uint8_t state = l->first[side];
	double from = TOP;
	unsigned int i;

	for (i = 0; i < l->mark_count; i++) {
		const struct mark *m = &l->marks[i];

		if (m->kind != MARK_STATE || m->side != side)
			continue;
		if (p->y[i] > from)
			draw_band(t, side, from, p->y[i], state, p->y[i] - from);
		from = p->y[i];
		state = m->e->state;
	}
	draw_band(t, side, from, p->bottom, state, p->bottom - from);
}

static void draw_stranger(struct text *t, const struct page *p)
{
	struct font note = { .size = 11, .anchor = ANCHOR_MIDDLE, .fill = "#666666" };

	svg_rect(t, RIGHT, TOP, BAND_WIDTH, p->bottom - TOP,
		 "fill=\"#fafafa\" stroke=\"#bbbbbb\" stroke-dasharray=\"5 4\"");
	svg_paragraph(t, RIGHT + BAND_WIDTH / 2.0, TOP + 22, &note, BAND_COLUMNS,
		      "no record of this end: its states and its times are not known");
}

/* --- times and causes --- */

static void draw_times(struct text *t, const struct page *p)
{
	double last[2] = { 0, 0 };
	unsigned int i;
	char when[32];

	for (i = 0; i < p->l->mark_count; i++) {
		const struct mark *m = &p->l->marks[i];
		struct font font = { .size = 11, .fill = "#555555" };

		if (p->y[i] - last[m->side] < TIME_GAP)
			continue;
		last[m->side] = p->y[i];
		ladder_time(p->l, m->ns, when, sizeof(when));
		font.anchor = m->side ? ANCHOR_START : ANCHOR_END;
		svg_words(t, m->side ? RIGHT + BAND_WIDTH + 8 : LEFT_BAND - 8, p->y[i] + 4, &font,
			  when);
	}
}

/* What is no segment's doing: calls and timers. */
static void draw_note(struct text *t, const struct page *p, unsigned int i)
{
	const struct mark *m = &p->l->marks[i];
	struct font font = { .size = 12, .fill = "#1a5fb4", .bold = true, .halo = true };
	double x = axis(m->side) + (m->side ? -10 : 10);
	char words[80];

	font.anchor = m->side ? ANCHOR_END : ANCHOR_START;
	if (m->kind == MARK_NOTE) {
		font.fill = "#c64600";
		snprintf(words, sizeof(words), "%s timer fires", m->e->word);
	} else {
		if (i && at_once(&p->l->marks[i - 1], m))
			return;
		if (m->e->event >= TCPSTATE_EV_RCV_SYN && m->e->event <= TCPSTATE_EV_RCV_RST)
			return;
		if (m->e->event == TCPSTATE_EV_USER_TIMEOUT ||
		    m->e->event == TCPSTATE_EV_TIME_WAIT_TIMEOUT)
			font.fill = "#c64600";
		snprintf(words, sizeof(words), "%s", event_words(m->e->event));
	}
	svg_words(t, x, p->y[i] - 5, &font, words);
}

static void draw_gap(struct text *t, const struct page *p, unsigned int i)
{
	const struct mark *m = &p->l->marks[i];
	struct font font = { .size = 12, .anchor = ANCHOR_MIDDLE, .fill = "#555555", .halo = true };
	char words[160];

	svg_line(t, LEFT, p->y[i], RIGHT, p->y[i],
		 "stroke=\"#999999\" stroke-dasharray=\"2 5\"");
	snprintf(words, sizeof(words), "%u more segment%s: %llu octets to the right, %llu to the left",
		 m->arrows, m->arrows == 1 ? "" : "s", (unsigned long long)m->octets[0],
		 (unsigned long long)m->octets[1]);
	svg_words(t, (LEFT + RIGHT) / 2.0, p->y[i] + 4, &font, words);
}

/* --- arrows --- */

static const char *arrow_colour(const struct arrow *a)
{
	const struct event *e = passage_segment(a->p);

	if (a->p->fate == FATE_LOST || a->p->fate == FATE_DROPPED || e->flags & TCPSTATE_RST)
		return "#c01c28";
	if (e->again)
		return "#c64600";
	if (e->flags & TCPSTATE_FIN)
		return "#7a3e9d";
	if (e->flags & TCPSTATE_SYN)
		return "#1a5fb4";
	return e->len ? "#26732f" : "#5e5c64";
}

static void draw_head(struct text *t, double x, double y, double angle, const char *colour)
{
	double c = cos(angle), s = sin(angle);

	text_add(t, "<path d=\"M%.1f %.1f L%.1f %.1f L%.1f %.1f Z\" fill=\"%s\"/>\n", x, y,
		 x - 11 * c + 4.5 * s, y - 11 * s - 4.5 * c,
		 x - 11 * c - 4.5 * s, y - 11 * s + 4.5 * c, colour);
}

static void draw_cross(struct text *t, double x, double y)
{
	static const char look[] =
		"stroke=\"#c01c28\" stroke-width=\"3.5\" stroke-linecap=\"round\"";

	svg_line(t, x - 7, y - 7, x + 7, y + 7, look);
	svg_line(t, x - 7, y + 7, x + 7, y - 7, look);
}

static void draw_label(struct text *t, const struct arrow *a, double x, double y, double angle,
		       const char *colour)
{
	struct font font = { .size = TEXT_SIZE, .fill = colour, .halo = true };
	const struct event *e = passage_segment(a->p);
	double along = 14, up = 5;
	char label[LABEL_LEN], words[LABEL_LEN + 64];
	const char *why = e == a->p->sent ? e->word : "";

	ladder_label(a, label, sizeof(label));
	if (e->again)
		snprintf(words, sizeof(words), "%s (sent again%s%s)", label, *why ? ": " : "", why);
	else
		snprintf(words, sizeof(words), *why ? "%s (%s)" : "%s", label, why);
	font.bold = e->flags & (TCPSTATE_SYN | TCPSTATE_FIN | TCPSTATE_RST);
	/* Words run to the right, whichever way the arrow does. */
	if (a->from) {
		font.anchor = ANCHOR_END;
		angle += M_PI;
		along = -along;
	}
	font.turn = angle * 180 / M_PI;
	svg_words(t, x + along * cos(angle) + up * sin(angle),
		  y + along * sin(angle) - up * cos(angle), &font, words);
}

/* How far down the arrow next to this one runs that left at about the same time. */
static double neighbours_fall(const struct page *p, const struct arrow *a)
{
	const struct ladder *l = p->l;
	double fall = HALF, nearest = NEIGHBOUR, away;
	unsigned int i;

	for (i = 0; i < l->arrow_count; i++) {
		const struct arrow *b = &l->arrows[i];

		if (b->from != a->from || b->hidden || b->departure < 0 || b->arrival < 0)
			continue;
		away = fabs(p->y[b->departure] - p->y[a->departure]);
		if (away >= nearest)
			continue;
		nearest = away;
		fall = p->y[b->arrival] - p->y[b->departure];
	}
	return fall;
}

/* Where the arrow begins and ends; an end that is not known is put where it may be. */
static void arrow_ends(const struct page *p, const struct arrow *a, double *y1, double *y2)
{
	*y1 = a->departure >= 0 ? p->y[a->departure] : p->y[a->arrival] - HALF / 2;
	if (a->departure < 0)
		*y2 = *y1 + HALF / 2;
	else if (a->arrival < 0)
		*y2 = *y1 + neighbours_fall(p, a);
	else
		*y2 = p->y[a->arrival];
}

static void draw_arrow(struct text *t, const struct page *p, const struct arrow *a)
{
	double x1 = axis(a->from), x2 = axis(!a->from), y1, y2, angle, part = 1;
	bool lost = a->p->fate == FATE_LOST;
	const char *colour = arrow_colour(a);
	char look[128];

	arrow_ends(p, a, &y1, &y2);
	if (lost)
		part = 0.72;
	angle = atan2(y2 - y1, x2 - x1);
	x2 = x1 + (x2 - x1) * part;
	y2 = y1 + (y2 - y1) * part;
	snprintf(look, sizeof(look), "stroke=\"%s\" stroke-width=\"1.7\"%s", colour,
		 lost || a->departure < 0 || a->arrival < 0 ? " stroke-dasharray=\"7 4\"" : "");
	svg_line(t, x1, y1, x2 - (lost ? 0 : 8 * cos(angle)), y2 - (lost ? 0 : 8 * sin(angle)),
		 look);
	if (lost) {
		struct font font = { .size = 12, .fill = "#c01c28", .bold = true, .halo = true };

		draw_cross(t, x2, y2);
		font.anchor = a->from ? ANCHOR_END : ANCHOR_START;
		svg_words(t, x2 + (a->from ? -13 : 13), y2 + 12, &font, "lost");
	} else {
		draw_head(t, x2, y2, angle, colour);
	}
	if (a->p->fate == FATE_DROPPED) {
		struct font font = { .size = 12, .fill = "#c01c28", .bold = true, .halo = true };
		char words[64];

		snprintf(words, sizeof(words), "dropped: %s", a->p->got->word);
		font.anchor = a->from ? ANCHOR_START : ANCHOR_END;
		if (a->from)
			angle += M_PI;
		font.turn = angle * 180 / M_PI;
		/* Below the line, and clear of what the answer says. */
		svg_words(t, x2 + (x1 - x2) * 0.34, y2 + (y1 - y2) * 0.34 + 15, &font, words);
	}
}

static void arrow_label(struct text *t, const struct page *p, const struct arrow *a)
{
	double x1 = axis(a->from), x2 = axis(!a->from), y1, y2;

	arrow_ends(p, a, &y1, &y2);
	draw_label(t, a, x1, y1, atan2(y2 - y1, x2 - x1), arrow_colour(a));
}

/* --- the page --- */

static void draw_head_line(struct text *t, const struct page *p, const char *title)
{
	struct font big = { .size = 19, .bold = true, .anchor = ANCHOR_MIDDLE };
	struct font small = { .size = 11, .anchor = ANCHOR_MIDDLE, .fill = "#666666" };
	struct font name = { .size = 14, .bold = true };
	char words[END_LEN + COMM_LEN + 4];

	svg_words(t, WIDTH / 2.0, 30, &big, title);
	svg_words(t, WIDTH / 2.0, 50, &small,
		  "time runs down, not to scale; seq and ack count from each end's first number (SYN = 0)");
	ladder_title(p->l, 0, words, sizeof(words));
	svg_words(t, LEFT_BAND, TOP - 14, &name, words);
	ladder_title(p->l, 1, words, sizeof(words));
	name.anchor = ANCHOR_END;
	svg_words(t, RIGHT + BAND_WIDTH, TOP - 14, &name, words);
}

/**
 * ladder_svg() - draw a ladder as a picture
 * @t: where to
 * @l: the ladder
 * @title: words above it
 */
void ladder_svg(struct text *t, const struct ladder *l, const char *title)
{
	struct page p = { .l = l };
	unsigned int i;

	p.y = tool_alloc(NULL, (l->mark_count + 1) * sizeof(*p.y));
	place(&p);
	svg_begin(t, WIDTH, p.bottom + 24, title);
	draw_head_line(t, &p, title);
	draw_bands(t, &p, 0);
	if (l->ends[1])
		draw_bands(t, &p, 1);
	else
		draw_stranger(t, &p);
	draw_times(t, &p);
	for (i = 0; i < l->arrow_count; i++)
		if (!l->arrows[i].hidden)
			draw_arrow(t, &p, &l->arrows[i]);
	for (i = 0; i < l->arrow_count; i++)
		if (!l->arrows[i].hidden)
			arrow_label(t, &p, &l->arrows[i]);
	for (i = 0; i < l->mark_count; i++) {
		if (l->marks[i].kind == MARK_STATE || l->marks[i].kind == MARK_NOTE)
			draw_note(t, &p, i);
		if (l->marks[i].kind == MARK_GAP)
			draw_gap(t, &p, i);
	}
	svg_end(t);
	free(p.y);
}

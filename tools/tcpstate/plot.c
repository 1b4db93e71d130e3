// SPDX-License-Identifier: GPL-2.0
/*
 * Graphs of one end over time, three panels over one axis: sequence numbers, windows,
 * round-trip time. Every point is an event of the record.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "plot.h"
#include "svg.h"

#define WIDTH	1080
#define LEFT	96
#define RIGHT	(WIDTH - 30)
#define TOP	96
#define SPACE	64

/* A panel: the place of a range of values. */
struct panel {
	double top, height;
	double most;	/* value at its top; 0 at its foot */
};

struct plot {
	const struct flow *f;
	uint64_t start, end;	/* ns */
};

/* One line of a panel: a member of the TCB over time. */
struct curve {
	const char *name;
	const char *colour;
	size_t offset;
	double scale;
	bool may_be_cut;
	const char *cut_name;
};

static double x_of(const struct plot *p, uint64_t ns)
{
	return LEFT + (double)(ns - p->start) / (p->end - p->start) * (RIGHT - LEFT);
}

static double y_of(const struct panel *panel, double value)
{
	return panel->top + panel->height * (1 - value / panel->most);
}

/* 1, 2 or 5 times a power of ten: about so many steps up to @most. */
static double round_step(double most, int steps)
{
	double power = pow(10, floor(log10(most / steps)));
	double rest = most / steps / power;

	return power * (rest < 1.5 ? 1 : rest < 3.5 ? 2 : rest < 7.5 ? 5 : 10);
}

static void number(char *buf, size_t len, double v)
{
	if (v >= 1e6)
		snprintf(buf, len, "%g M", v / 1e6);
	else if (v >= 1e4)
		snprintf(buf, len, "%g k", v / 1e3);
	else
		snprintf(buf, len, "%g", v);
}

static void draw_frame(struct text *t, const struct plot *p, const struct panel *panel,
		       const char *title)
{
	struct font name = { .size = 14, .bold = true };
	struct font tick = { .size = 11, .fill = "#555555", .anchor = ANCHOR_END };
	double v, step, seconds = (p->end - p->start) / 1e9;
	char buf[32];

	svg_words(t, LEFT, panel->top - 12, &name, title);
	svg_rect(t, LEFT, panel->top, RIGHT - LEFT, panel->height,
		 "fill=\"#fcfcfc\" stroke=\"#888888\"");
	step = round_step(panel->most, 4);
	for (v = 0; v <= panel->most; v += step) {
		number(buf, sizeof(buf), v);
		svg_line(t, LEFT, y_of(panel, v), RIGHT, y_of(panel, v), "stroke=\"#e2e2e2\"");
		svg_words(t, LEFT - 8, y_of(panel, v) + 4, &tick, buf);
	}
	step = round_step(seconds, 8);
	tick.anchor = ANCHOR_MIDDLE;
	for (v = 0; v <= seconds; v += step) {
		double x = x_of(p, p->start + (uint64_t)(v * 1e9));

		snprintf(buf, sizeof(buf), step < 0.01 ? "%.3f s" : "%.4g s", v);
		svg_line(t, x, panel->top, x, panel->top + panel->height, "stroke=\"#eeeeee\"");
		svg_words(t, x, panel->top + panel->height + 16, &tick, buf);
	}
}

/* Words in the colours of the lines, right above a panel. */
static void draw_legend(struct text *t, const struct panel *panel, const char * const *names,
			const char * const *colours, int count)
{
	double x = RIGHT;
	int i;

	for (i = count - 1; i >= 0; i--) {
		struct font font = { .size = 12, .fill = colours[i], .anchor = ANCHOR_END,
				     .bold = true };

		svg_words(t, x, panel->top - 12, &font, names[i]);
		x -= svg_width(names[i], 14.5) + 16;
	}
}

/* --- sequence numbers --- */

static void draw_segment(struct text *t, const struct plot *p, const struct panel *panel,
			 const struct event *e)
{
	double x = x_of(p, e->ns), low = y_of(panel, e->seq);
	uint32_t len = e->len + !!(e->flags & (TCPSTATE_SYN | TCPSTATE_FIN));
	double high = y_of(panel, (double)e->seq + len);

	if (!len && !e->again)
		return;
	if (low - high < 3)
		low = high + 3;
	svg_line(t, x, low, x, high, e->again ? "stroke=\"#c01c28\" stroke-width=\"3.4\""
					       : "stroke=\"#1a5fb4\" stroke-width=\"2.2\"");
	if (e->again)
		text_add(t, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5.5\" fill=\"none\" "
			 "stroke=\"#c01c28\" stroke-width=\"1.8\"/>\n", x, (low + high) / 2);
}

/* A staircase: a value holds until the next one. */
static void draw_stairs(struct text *t, const struct plot *p, const struct panel *panel,
			const struct curve *c, size_t plus)
{
	double last = -1, value;
	unsigned int i;

	text_add(t, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"1.6\" d=\"", c->colour);
	for (i = 0; i < p->f->count; i++) {
		const struct event *e = &p->f->events[i];
		const char *tcb = (const char *)&e->tcb;
		uint32_t raw;

		if (!e->has_tcb)
			continue;
		raw = *(const uint32_t *)(tcb + c->offset);
		value = raw * c->scale;
		if (plus)
			value += *(const uint32_t *)(tcb + plus) * c->scale;
		if (!raw || raw == UINT32_MAX)
			continue;
		/* What is far above all else runs along the top. */
		if (value > panel->most)
			value = panel->most;
		if (last < 0)
			text_add(t, "M%.1f %.1f ", x_of(p, e->ns), y_of(panel, value));
		else if (value != last)
			text_add(t, "H%.1f V%.1f ", x_of(p, e->ns), y_of(panel, value));
		last = value;
	}
	if (last >= 0)
		text_add(t, "H%.1f", (double)RIGHT);
	text_add(t, "\"/>\n");
}

static void sequence_panel(struct text *t, const struct plot *p, struct panel *panel)
{
	static const char * const names[] = {
		"sent", "sent again", "SND.UNA", "SND.UNA + SND.WND",
	};
	static const char * const colours[] = { "#1a5fb4", "#c01c28", "#26732f", "#9a6700" };
	const size_t una_place = offsetof(struct tcb, snd_una);
	const struct curve una = { "SND.UNA", colours[2], una_place, 1, false, NULL };
	const struct curve edge = { "edge", colours[3], una_place, 1, false, NULL };
	unsigned int i;

	panel->most = 10;
	for (i = 0; i < p->f->count; i++) {
		const struct event *e = &p->f->events[i];

		if (e->what == WHAT_SEND && (double)e->seq + e->len > panel->most)
			panel->most = (double)e->seq + e->len;
	}
	panel->most *= 1.15;
	draw_frame(t, p, panel, "Sequence numbers (octets since the SYN)");
	draw_legend(t, panel, names, colours, 4);
	draw_stairs(t, p, panel, &edge, offsetof(struct tcb, snd_wnd));
	draw_stairs(t, p, panel, &una, 0);
	for (i = 0; i < p->f->count; i++)
		if (p->f->events[i].what == WHAT_SEND)
			draw_segment(t, p, panel, &p->f->events[i]);
}

/* --- windows and round-trip times --- */

/* The largest value of a curve; infinity is none. */
static double most_of(const struct plot *p, const struct curve *c)
{
	double most = 0;
	unsigned int i;

	for (i = 0; i < p->f->count; i++) {
		const char *tcb = (const char *)&p->f->events[i].tcb;
		uint32_t raw = *(const uint32_t *)(tcb + c->offset);

		if (p->f->events[i].has_tcb && raw != UINT32_MAX && raw * c->scale > most)
			most = raw * c->scale;
	}
	return most;
}

/* A window that is never in the way would leave no room for the others. */
#define FAR_ABOVE	3

static void curves_panel(struct text *t, const struct plot *p, struct panel *panel,
			 const char *title, const struct curve *curves, int count)
{
	const char *names[4], *colours[4];
	double most;
	int c;

	panel->most = 1;
	for (c = 0; c < count; c++) {
		names[c] = curves[c].name;
		colours[c] = curves[c].colour;
		most = most_of(p, &curves[c]);
		if (curves[c].may_be_cut && most > FAR_ABOVE * panel->most)
			names[c] = curves[c].cut_name;
		else if (most > panel->most)
			panel->most = most;
	}
	panel->most *= 1.15;
	draw_frame(t, p, panel, title);
	draw_legend(t, panel, names, colours, count);
	for (c = 0; c < count; c++)
		draw_stairs(t, p, panel, &curves[c], 0);
}

/**
 * plot_possible() - is there anything to draw
 * @f: the flow
 *
 * Return: true if two events with a TCB lie some time apart.
 */
bool plot_possible(const struct flow *f)
{
	unsigned int i, with_tcb = 0;

	for (i = 0; i < f->count; i++)
		with_tcb += f->events[i].has_tcb;
	return with_tcb > 1 && f->events[f->count - 1].ns > f->events[0].ns;
}

/* A long rest behind the last segment would squeeze all else. */
static void find_time(struct plot *p)
{
	unsigned int i;

	p->start = p->f->events[0].ns;
	p->end = p->f->events[p->f->count - 1].ns;
	for (i = p->f->count; i-- > 0;) {
		const struct event *e = &p->f->events[i];

		if (e->what != WHAT_SEND && e->what != WHAT_RECEIVE)
			continue;
		if (e->ns > p->start && (p->end - e->ns) > (e->ns - p->start) / 4)
			p->end = e->ns + (e->ns - p->start) / 20;
		break;
	}
}

/**
 * plot_svg() - the graphs as a picture
 * @t: where to
 * @f: a flow for which plot_possible() holds
 * @title: words above it
 */
void plot_svg(struct text *t, const struct flow *f, const char *title)
{
	static const struct curve windows[] = {
		{ "cwnd", "#1a5fb4", offsetof(struct tcb, cwnd), 1 },
		{ "ssthresh", "#c64600", offsetof(struct tcb, ssthresh), 1 },
		{ "SND.WND", "#9a6700", offsetof(struct tcb, snd_wnd), 1, true,
		  "SND.WND (above the top)" },
	};
	static const struct curve times[] = {
		{ "SRTT", "#1a5fb4", offsetof(struct tcb, srtt), 0.001 },
		{ "RTTVAR", "#26732f", offsetof(struct tcb, rttvar), 0.001 },
		{ "RTO", "#c64600", offsetof(struct tcb, rto), 0.001 },
	};
	struct font big = { .size = 19, .bold = true, .anchor = ANCHOR_MIDDLE };
	struct font small = { .size = 12, .fill = "#555555", .anchor = ANCHOR_MIDDLE };
	struct panel seq = { .top = TOP, .height = 330 };
	struct panel cwnd = { .top = seq.top + seq.height + SPACE, .height = 190 };
	struct panel rtt = { .top = cwnd.top + cwnd.height + SPACE, .height = 190 };
	struct plot p = { .f = f };
	char local[END_LEN], remote[END_LEN], ends[2 * END_LEN + 16];

	find_time(&p);
	end_print(&f->local, local, sizeof(local));
	end_print(&f->remote, remote, sizeof(remote));
	snprintf(ends, sizeof(ends), "%s sends to %s", local, remote);
	svg_begin(t, WIDTH, rtt.top + rtt.height + 40, title);
	svg_words(t, WIDTH / 2.0, 30, &big, title);
	svg_words(t, WIDTH / 2.0, 52, &small, ends);
	sequence_panel(t, &p, &seq);
	curves_panel(t, &p, &cwnd, "Windows (octets)", windows, 3);
	curves_panel(t, &p, &rtt, "Round-trip time (ms)", times, 3);
	svg_end(t);
}

void plot_json(struct text *t, const struct flow *f)
{
	struct json j = {};
	unsigned int i, k;

	json_open(&j, NULL, '[');
	for (i = 0; i < f->count; i++) {
		const struct event *e = &f->events[i];

		if (!e->has_tcb)
			continue;
		json_open(&j, NULL, '{');
		json_real(&j, "ms", (e->ns - f->events[0].ns) / 1e6);
		json_string(&j, "what", what_name(e->what));
		if (e->what == WHAT_SEND || e->what == WHAT_RECEIVE) {
			json_number(&j, "seq", e->seq);
			json_number(&j, "len", e->len);
			json_bool(&j, "again", e->again);
		}
		for (k = 0; k < tcb_field_count; k++)
			json_number(&j, tcb_fields[k].name, TCB_FIELD(&e->tcb, &tcb_fields[k]));
		json_close(&j, '}');
	}
	json_close(&j, ']');
	text_bytes(t, j.text.s, j.text.len);
	text_free(&j.text);
}

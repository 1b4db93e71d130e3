// SPDX-License-Identifier: GPL-2.0
/*
 * What stands on a ladder: the marks of both ends in the order of time, and the
 * arrows between them. A long stream is cut: what is like what came before is counted
 * and left out.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "ladder.h"

/* So many ordinary segments are shown before any is left out. */
#define PLAIN_MAX	24
#define PLAIN_EDGE	4
/* To count fewer saves no room. */
#define GAP_MIN		3
#define GAP_TRIES	4

/* --- sides --- */

static bool opened(const struct flow *f)
{
	unsigned int i;

	for (i = 0; i < f->count; i++)
		if (f->events[i].what == WHAT_STATE &&
		    f->events[i].event == TCPSTATE_EV_ACTIVE_OPEN)
			return true;
	return false;
}

/* The opener stands on the left; of two, the lower name. */
static bool stands_right(const struct flow *f, const struct flow *peer)
{
	int order;

	if (opened(f) != opened(peer))
		return opened(peer);
	order = memcmp(f->local.addr, peer->local.addr, sizeof(f->local.addr));
	return order ? order > 0 : f->local.port > peer->local.port;
}

static uint8_t first_state(const struct flow *f)
{
	unsigned int i;

	for (i = 0; i < f->count; i++)
		if (f->events[i].what == WHAT_STATE)
			return f->events[i].old;
	return flow_state(f);
}

/* --- marks --- */

static void add_mark(struct ladder *l, uint8_t kind, uint8_t side, const struct event *e)
{
	l->marks[l->mark_count++] = (struct mark) {
		.ns = e->ns, .kind = kind, .side = side, .e = e, .arrow = -1,
	};
}

static void add_side(struct ladder *l, uint8_t side)
{
	const struct flow *f = l->ends[side];
	unsigned int i;

	for (i = 0; f && i < f->count; i++) {
		const struct event *e = &f->events[i];

		switch (e->what) {
		case WHAT_STATE:
			/* listen() again, a second close(): nothing moved. */
			if (e->old != e->state || e->state == TCPSTATE_TIME_WAIT)
				add_mark(l, MARK_STATE, side, e);
			break;
		case WHAT_SEND:
			add_mark(l, MARK_DEPARTURE, side, e);
			break;
		case WHAT_RECEIVE:
			add_mark(l, MARK_ARRIVAL, side, e);
			break;
		case WHAT_TIMER_FIRED:
			/* The change of state that it makes says it. */
			if (strcmp(e->word, "2MSL"))
				add_mark(l, MARK_NOTE, side, e);
			break;
		}
	}
}

/* Events of one end stay in their order, even within one tick of the clock. */
static int by_time(const void *a, const void *b)
{
	const struct mark *one = a, *other = b;

	if (one->ns != other->ns)
		return one->ns < other->ns ? -1 : 1;
	if (one->side != other->side)
		return one->side - other->side;
	return one->e < other->e ? -1 : one->e > other->e;
}

/* Places of a side's events among the marks, -1: none. */
static int *index_marks(const struct ladder *l, uint8_t side)
{
	unsigned int count = l->ends[side] ? l->ends[side]->count : 0, i;
	int *index = tool_alloc(NULL, (count + 1) * sizeof(*index));

	for (i = 0; i < count; i++)
		index[i] = -1;
	for (i = 0; i < l->mark_count; i++)
		if (l->marks[i].side == side)
			index[l->marks[i].e - l->ends[side]->events] = i;
	return index;
}

static void add_arrows(struct ladder *l)
{
	int *index[2] = { index_marks(l, 0), index_marks(l, 1) };
	unsigned int i;

	l->arrows = tool_alloc(NULL, (l->passages.count + 1) * sizeof(*l->arrows));
	for (i = 0; i < l->passages.count; i++) {
		const struct passage *p = &l->passages.list[i];
		struct arrow *a = &l->arrows[l->arrow_count++];

		*a = (struct arrow) { .p = p };
		a->from = p->sent ? p->from == l->ends[1] : p->to == l->ends[0];
		a->departure = p->sent ? index[a->from][p->sent - p->from->events] : -1;
		a->arrival = p->got ? index[!a->from][p->got - p->to->events] : -1;
		if (a->departure >= 0)
			l->marks[a->departure].arrow = i;
		if (a->arrival >= 0)
			l->marks[a->arrival].arrow = i;
	}
	free(index[0]);
	free(index[1]);
}

/* --- what may be left out --- */

static bool changes_state(const struct ladder *l, int mark)
{
	const struct mark *m;

	if (mark < 0 || (unsigned int)mark + 1 >= l->mark_count)
		return false;
	m = &l->marks[mark + 1];
	return m->kind == MARK_STATE && m->side == l->marks[mark].side;
}

static bool plain(const struct ladder *l, const struct arrow *a)
{
	const struct event *e = passage_segment(a->p);

	return !(e->flags & (TCPSTATE_SYN | TCPSTATE_FIN | TCPSTATE_RST)) && !e->again && e->wnd &&
	       a->p->fate != FATE_LOST && a->p->fate != FATE_DROPPED &&
	       !changes_state(l, a->arrival);
}

static void hide(struct ladder *l)
{
	unsigned int i, j, ordinary = 0;
	bool near;

	for (i = 0; i < l->arrow_count; i++)
		ordinary += plain(l, &l->arrows[i]);
	if (ordinary <= PLAIN_MAX)
		return;
	for (i = PLAIN_EDGE; i + PLAIN_EDGE < l->arrow_count; i++) {
		near = false;
		for (j = i - 2; j <= i + 2; j++)
			near |= !plain(l, &l->arrows[j]);
		l->arrows[i].hidden = !near;
	}
}

static bool hidden(const struct ladder *l, const struct mark *m)
{
	return m->arrow >= 0 && l->arrows[m->arrow].hidden;
}

/* Arrivals of what was counted when it left say nothing new. */
static bool counts(const struct ladder *l, const struct mark *m)
{
	return m->kind != MARK_ARRIVAL || l->arrows[m->arrow].departure < 0;
}

/* Where little would be left out between two marks that are shown, nothing is. */
static bool fill_small_gaps(struct ladder *l)
{
	unsigned int i, j, first = 0, n = 0;
	bool filled = false;

	for (i = 0; i <= l->mark_count; i++) {
		if (i < l->mark_count && hidden(l, &l->marks[i])) {
			n += counts(l, &l->marks[i]);
			continue;
		}
		for (j = first; n && n < GAP_MIN && j < i; j++) {
			if (!counts(l, &l->marks[j]))
				continue;
			l->arrows[l->marks[j].arrow].hidden = false;
			filled = true;
		}
		first = i + 1;
		n = 0;
	}
	return filled;
}

/* Hidden marks that follow each other become one; the arrows learn the new places. */
static void compact(struct ladder *l)
{
	int *place = tool_alloc(NULL, (l->mark_count + 1) * sizeof(*place));
	unsigned int i, n = 0;

	for (i = 0; i < l->mark_count; i++) {
		struct mark m = l->marks[i];

		place[i] = n;
		if (!hidden(l, &m)) {
			l->marks[n++] = m;
			continue;
		}
		place[i] = -1;
		if (!counts(l, &m))
			continue;
		if (!n || l->marks[n - 1].kind != MARK_GAP)
			l->marks[n++] = (struct mark) { .ns = m.ns, .kind = MARK_GAP, .arrow = -1,
							.e = m.e };
		l->marks[n - 1].arrows++;
		l->marks[n - 1].octets[l->arrows[m.arrow].from] += m.e->len;
	}
	l->mark_count = n;
	for (i = 0; i < l->arrow_count; i++) {
		struct arrow *a = &l->arrows[i];

		a->departure = a->departure < 0 ? -1 : place[a->departure];
		a->arrival = a->arrival < 0 ? -1 : place[a->arrival];
	}
	free(place);
}

/**
 * ladder_build() - the diagram of one connection
 * @l: where to; ladder_free() gives it back
 * @h: the history, sorted
 * @f: one end of it
 * @all: leave nothing out
 */
void ladder_build(struct ladder *l, const struct history *h, const struct flow *f, bool all)
{
	const struct flow *peer = history_peer(h, f);
	unsigned int side, i;

	memset(l, 0, sizeof(*l));
	l->ends[0] = f;
	l->ends[1] = peer;
	if (peer && stands_right(f, peer)) {
		l->ends[0] = peer;
		l->ends[1] = f;
	}
	l->marks = tool_alloc(NULL, (f->count + (peer ? peer->count : 0) + 1) * sizeof(*l->marks));
	for (side = 0; side < 2; side++) {
		if (l->ends[side])
			l->first[side] = first_state(l->ends[side]);
		add_side(l, side);
	}
	if (l->mark_count)
		qsort(l->marks, l->mark_count, sizeof(*l->marks), by_time);
	passages_find(&l->passages, l->ends[0], l->ends[1]);
	add_arrows(l);
	if (!all)
		hide(l);
	/* What is shown anew can leave a small gap elsewhere; it need not be perfect. */
	for (i = 0; i < GAP_TRIES && fill_small_gaps(l); i++)
		;
	compact(l);
	l->start = l->mark_count ? l->marks[0].ns : 0;
}

void ladder_free(struct ladder *l)
{
	passages_free(&l->passages);
	free(l->arrows);
	free(l->marks);
	memset(l, 0, sizeof(*l));
}

/* --- words --- */

void ladder_title(const struct ladder *l, int side, char *buf, size_t len)
{
	const struct flow *f = l->ends[side];
	char name[END_LEN];

	end_print(f ? &f->local : &l->ends[0]->remote, name, sizeof(name));
	snprintf(buf, len, "%s%s%s", name, f && f->comm[0] ? "  " : "", f ? f->comm : "");
}

/**
 * ladder_label() - what is said of a segment
 * @a: its arrow
 * @buf: where to, LABEL_LEN octets
 * @len: of @buf
 */
void ladder_label(const struct arrow *a, char *buf, size_t len)
{
	const struct event *e = passage_segment(a->p);
	char flags[FLAGS_LEN];
	size_t n;

	flags_print(e->flags & ~TCPSTATE_PSH, ",", flags, sizeof(flags));
	n = snprintf(buf, len, "%s seq=%u", flags, e->seq);
	if (e->flags & TCPSTATE_ACK && n < len)
		n += snprintf(buf + n, len - n, " ack=%u", e->ack);
	if (e->len && n < len)
		n += snprintf(buf + n, len - n, " len=%u", e->len);
	if (e->segs > 1 && n < len)
		n += snprintf(buf + n, len - n, " (%u segments)", e->segs);
	if (!e->wnd && !(e->flags & TCPSTATE_RST) && n < len)
		snprintf(buf + n, len - n, " win=0");
}

/* Milliseconds, as a person reads them. */
void ladder_time(const struct ladder *l, uint64_t ns, char *buf, size_t len)
{
	double ms = (ns - l->start) / 1e6;

	snprintf(buf, len, ms < 100 ? "%.2f ms" : "%.1f ms", ms);
	if (ms >= 10000)
		snprintf(buf, len, "%.2f s", ms / 1000);
}

static const char * const fates[] = {
	[FATE_UNKNOWN] = "unknown", [FATE_ARRIVED] = "arrived", [FATE_DROPPED] = "dropped",
	[FATE_LOST] = "lost",
};

static void json_arrow(struct json *j, const struct ladder *l, const struct arrow *a)
{
	const struct event *e = passage_segment(a->p);
	char flags[FLAGS_LEN];

	flags_print(e->flags, ",", flags, sizeof(flags));
	json_open(j, NULL, '{');
	json_string(j, "from", a->from ? "right" : "left");
	json_string(j, "flags", flags);
	json_number(j, "seq", e->seq);
	json_number(j, "ack", e->ack);
	json_number(j, "len", e->len);
	json_number(j, "window", e->wnd);
	json_bool(j, "again", e->again);
	json_string(j, "fate", fates[a->p->fate]);
	if (a->p->sent)
		json_real(j, "sent_ms", (a->p->sent->ns - l->start) / 1e6);
	if (a->p->got)
		json_real(j, "received_ms", (a->p->got->ns - l->start) / 1e6);
	json_close(j, '}');
}

void ladder_json(struct text *t, const struct ladder *l)
{
	char title[END_LEN + COMM_LEN + 4];
	struct json j = {};
	unsigned int i;

	json_open(&j, NULL, '{');
	for (i = 0; i < 2; i++) {
		ladder_title(l, i, title, sizeof(title));
		json_string(&j, i ? "right" : "left", title);
	}
	json_open(&j, "states", '[');
	for (i = 0; i < l->mark_count; i++) {
		const struct mark *m = &l->marks[i];

		if (m->kind != MARK_STATE)
			continue;
		json_open(&j, NULL, '{');
		json_real(&j, "ms", (m->ns - l->start) / 1e6);
		json_string(&j, "end", m->side ? "right" : "left");
		json_string(&j, "old", tcpstate_fsm_state_name(m->e->old));
		json_string(&j, "new", tcpstate_fsm_state_name(m->e->state));
		json_string(&j, "event", tcpstate_fsm_event_name(m->e->event));
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_open(&j, "segments", '[');
	for (i = 0; i < l->arrow_count; i++)
		json_arrow(&j, l, &l->arrows[i]);
	json_close(&j, ']');
	json_close(&j, '}');
	text_bytes(t, j.text.s, j.text.len);
	text_free(&j.text);
}

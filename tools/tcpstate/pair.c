// SPDX-License-Identifier: GPL-2.0
/*
 * Which arrival belongs to which departure. Segments that were sent twice look the
 * same both times, so the link's usual delay decides; and where a segment was cut or
 * joined on the way (GSO, GRO), its range of octets does.
 */
#include <stdlib.h>
#include <string.h>

#include "pair.h"

/* A machine that is busy takes this long to see a segment. */
#define SLACK_NS	5000000

#define TELLING	(TCPSTATE_SYN | TCPSTATE_FIN | TCPSTATE_RST)

static bool exact(const struct event *s, const struct event *r)
{
	return s->what == WHAT_SEND && s->ns <= r->ns && s->seq == r->seq && s->len == r->len &&
	       (s->flags & TELLING) == (r->flags & TELLING) &&
	       (!(s->flags & TCPSTATE_ACK) || s->ack == r->ack);
}

/* One holds the text of the other. */
static bool overlaps(const struct event *s, const struct event *r)
{
	if (s->what != WHAT_SEND || s->ns > r->ns || !s->len || !r->len)
		return false;
	return (r->seq - s->seq < s->len && r->seq - s->seq + r->len <= s->len) ||
	       (s->seq - r->seq < r->len && s->seq - r->seq + s->len <= r->len);
}

/* The smallest delay of a segment that can be told from all others. */
static uint64_t usual_delay(const struct flow *a, const struct flow *b)
{
	uint64_t least = UINT64_MAX;
	unsigned int i, j, found;
	uint64_t delay = 0;

	for (j = 0; j < b->count; j++) {
		if (b->events[j].what != WHAT_RECEIVE)
			continue;
		found = 0;
		for (i = 0; i < a->count && found < 2; i++) {
			if (!exact(&a->events[i], &b->events[j]))
				continue;
			found++;
			delay = b->events[j].ns - a->events[i].ns;
		}
		if (found == 1 && delay < least)
			least = delay;
	}
	return least == UINT64_MAX ? 0 : least;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/*
 * Index of the departure, or -1. What left first arrives first, unless it left so long
 * ago that it must have been lost.
 */
static int departure(const struct flow *a, const struct event *r, const bool *taken,
		     uint64_t usual)
{
	uint64_t far, delay, nearest = UINT64_MAX;
	unsigned int i;
	int best = -1;

	for (i = 0; i < a->count; i++) {
		if (taken[i] || !exact(&a->events[i], r))
			continue;
		delay = r->ns - a->events[i].ns;
		if (delay <= usual + usual / 2 + SLACK_NS)
			return i;
		far = distance(delay, usual);
		if (far < nearest) {
			nearest = far;
			best = i;
		}
	}
	return best;
}

static struct passage *add(struct passages *p, const struct flow *from, const struct flow *to,
			   const struct event *sent, const struct event *got)
{
	struct passage *new;

	p->list = tool_alloc(p->list, (p->count + 1) * sizeof(*p->list));
	new = &p->list[p->count++];
	*new = (struct passage) { from, to, sent, got, FATE_UNKNOWN };
	if (got)
		new->fate = got->dropped ? FATE_DROPPED : FATE_ARRIVED;
	return new;
}

/* Pieces of a larger one, or several in one. */
static void add_pieces(struct passages *p, const struct flow *a, const struct flow *b,
		       const struct event *r, bool *taken)
{
	const struct event *s = NULL;
	unsigned int i;

	for (i = 0; i < a->count; i++) {
		if (!overlaps(&a->events[i], r))
			continue;
		if (taken[i] && a->events[i].len < r->len)
			continue;
		taken[i] = true;
		s = &a->events[i];
		if (s->len < r->len)
			add(p, a, b, s, r);
		else
			break;
	}
	if (!s || s->len >= r->len)
		add(p, a, b, s, r);
}

/* Evidence only: a segment may still be on its way. */
static bool was_lost(const struct flow *a, const struct flow *b, unsigned int i, const bool *taken)
{
	const struct event *s = &a->events[i];
	unsigned int j;

	if (!b->count || (b->lost && b->events[0].ns > s->ns))
		return false;
	for (j = i + 1; j < a->count; j++) {
		if (a->events[j].what != WHAT_SEND)
			continue;
		if (a->events[j].again && a->events[j].seq - s->seq <= s->len)
			return true;
		if (taken[j])
			return true;
	}
	return false;
}

static void one_way(struct passages *p, const struct flow *a, const struct flow *b)
{
	bool *taken = tool_alloc(NULL, a->count + 1);
	const struct event *r;
	unsigned int i;
	uint64_t usual;
	int s;

	memset(taken, 0, a->count + 1);
	usual = b ? usual_delay(a, b) : 0;
	for (i = 0; b && i < b->count; i++) {
		r = &b->events[i];
		if (r->what != WHAT_RECEIVE)
			continue;
		s = departure(a, r, taken, usual);
		if (s < 0) {
			add_pieces(p, a, b, r, taken);
			continue;
		}
		taken[s] = true;
		add(p, a, b, &a->events[s], r);
	}
	for (i = 0; i < a->count; i++) {
		if (a->events[i].what != WHAT_SEND || taken[i])
			continue;
		if (b && was_lost(a, b, i, taken))
			add(p, a, b, &a->events[i], NULL)->fate = FATE_LOST;
		else
			add(p, a, b, &a->events[i], NULL);
	}
	free(taken);
}

/* Arrivals where the sender is not recorded. */
static void from_stranger(struct passages *p, const struct flow *a)
{
	static const struct flow stranger;
	unsigned int i;

	for (i = 0; i < a->count; i++)
		if (a->events[i].what == WHAT_RECEIVE)
			add(p, &stranger, a, NULL, &a->events[i]);
}

static int by_time(const void *a, const void *b)
{
	uint64_t one = passage_segment(a)->ns, other = passage_segment(b)->ns;

	return one < other ? -1 : one > other;
}

/**
 * passages_find() - every segment between two ends
 * @p: where to; passages_free() gives it back
 * @a: one end
 * @b: the other, or NULL where this machine has no record of it
 *
 * In the order of time; they point into the flows' events.
 */
void passages_find(struct passages *p, const struct flow *a, const struct flow *b)
{
	memset(p, 0, sizeof(*p));
	one_way(p, a, b);
	if (b)
		one_way(p, b, a);
	else
		from_stranger(p, a);
	if (p->count)
		qsort(p->list, p->count, sizeof(*p->list), by_time);
}

void passages_free(struct passages *p)
{
	free(p->list);
	memset(p, 0, sizeof(*p));
}

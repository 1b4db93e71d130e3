// SPDX-License-Identifier: GPL-2.0
/*
 * SACK blocks, against a receiver that remembers for each octet whether it is held and
 * when its row last grew: what is told is held, each block is as long as the row is, and
 * the first ones are those that grew last.
 */
#include "fuzz.h"

#define SPACE	256

/* Octets from RCV.NXT on.  @when: the step in which a row last grew, in each of its octets. */
struct receiver {
	u32 base;
	bool held[SPACE];
	u32 when[SPACE];
	u32 passed;
};

static u32 row_start(const struct receiver *r, u32 at)
{
	while (at > r->passed && r->held[at - 1])
		at--;
	return at;
}

static u32 row_end(const struct receiver *r, u32 at)
{
	while (at < SPACE && r->held[at])
		at++;
	return at;
}

/* How many blocks lie at or behind an octet, and before another. */
static u32 told(const struct receiver *r, const struct tcpstate_sack *sack, u32 start, u32 end)
{
	u32 i, n = 0;

	for (i = 0; i < sack->n; i++) {
		u32 at = sack->blocks[i].start - r->base;

		n += at >= start && at < end;
	}
	return n;
}

/* Text comes: what the caller tells is it, and rows beside it that are not told. */
static void hold(struct receiver *r, struct tcpstate_sack *sack, u32 start, u32 end, u32 now)
{
	struct tcpstate_sack before = *sack;
	u32 i, others;

	for (i = start; i < end; i++)
		r->held[i] = true;
	while (start > r->passed && r->held[start - 1] &&
	       !tcpstate_sack_tells(sack, r->base + start - 1))
		start--;
	while (end < SPACE && r->held[end] && !tcpstate_sack_tells(sack, r->base + end))
		end++;
	tcpstate_sack_hold(sack, r->base + start, r->base + end);
	for (i = row_start(r, start); i < row_end(r, start); i++)
		r->when[i] = now;
	must(sack->n && sack->blocks[0].start == r->base + row_start(r, start) &&
	     sack->blocks[0].end == r->base + row_end(r, start));
	others = before.n - told(r, &before, row_start(r, start), row_end(r, start));
	must(sack->n == (others < TCPSTATE_SACK_KEPT ? others + 1 : TCPSTATE_SACK_KEPT));
}

static void pass(struct receiver *r, struct tcpstate_sack *sack, u32 to)
{
	struct tcpstate_sack before = *sack;

	to = row_end(r, to);
	while (r->passed < to)
		r->held[r->passed++] = false;
	tcpstate_sack_pass(sack, r->base + to);
	must(sack->n == told(r, &before, to, SPACE));
}

/* There is no memory: what was held last, or a part of it, is not any more. */
static void cut(struct receiver *r, struct tcpstate_sack *sack, u32 octets)
{
	u32 end = SPACE;

	while (end > r->passed && (!r->held[end - 1] || octets)) {
		octets -= r->held[end - 1];
		r->held[--end] = false;
	}
	tcpstate_sack_cut(sack, r->base + end);
}

/* The row that grew last before a step, as its first octet; SPACE: there is none. */
static u32 row_before(const struct receiver *r, u32 step)
{
	u32 i, best = SPACE;

	for (i = r->passed; i < SPACE; i = row_end(r, i) + 1)
		if (r->held[i] && r->when[i] < step && (best == SPACE || r->when[i] > r->when[best]))
			best = i;
	return best;
}

/* The blocks are the rows that grew last, but for those forgotten. */
static void check(const struct receiver *r, const struct tcpstate_sack *sack, u32 forgotten)
{
	u32 i, row, step = ~0u;

	must(sack->n <= TCPSTATE_SACK_KEPT);
	for (i = 0; i < sack->n; i++) {
		row = row_before(r, step);
		must(row < SPACE && r->when[row] > forgotten);
		must(sack->blocks[i].start == r->base + row);
		must(sack->blocks[i].end == r->base + row_end(r, row));
		step = r->when[row];
	}
	for (i = 0; i < SPACE; i++)
		must(r->held[i] || !tcpstate_sack_tells(sack, r->base + i));
}

int fuzz_one(const u8 *data, size_t len)
{
	struct input in = { data, len };
	struct receiver r = { .base = take32(&in) };
	struct tcpstate_sack sack = {};
	u32 now = 0, forgotten = 0, start, end;

	while (in.left) {
		u8 what = take8(&in);

		now++;
		/* A hole of at least one octet stays at RCV.NXT, else it would move. */
		start = r.passed + 1 + take8(&in);
		end = start + 1 + take8(&in) % 16;
		if (what == 17) {
			cut(&r, &sack, 1 + take8(&in) % 32);
		} else if (what < 16 && r.passed < SPACE) {
			pass(&r, &sack, r.passed + what < SPACE ? r.passed + what : SPACE - 1);
		} else if (what == 16) {
			tcpstate_sack_forget(&sack);
			forgotten = now;
		} else if (end <= SPACE) {
			hold(&r, &sack, start, end, now);
		}
		check(&r, &sack, forgotten);
	}
	return 0;
}

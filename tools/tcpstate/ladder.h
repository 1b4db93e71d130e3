/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sequence diagram of a connection: what stands where in time, before it is drawn
 * as text or as a picture.
 */
#ifndef TCPSTATE_TOOL_LADDER_H
#define TCPSTATE_TOOL_LADDER_H

#include "pair.h"

enum mark_kind {
	MARK_STATE,
	MARK_DEPARTURE,
	MARK_ARRIVAL,
	MARK_NOTE,	/* a timer has fired */
	MARK_GAP,	/* left out: @arrows segments, @octets each way */
};

/* A point on one side's axis. */
struct mark {
	uint64_t ns;
	uint8_t kind;
	uint8_t side;
	const struct event *e;
	int arrow;		/* into arrows, -1: none */
	unsigned int arrows;
	uint64_t octets[2];
};

/* A segment's way; a mark of -1 is not known. */
struct arrow {
	const struct passage *p;
	uint8_t from;
	int departure;
	int arrival;
	bool hidden;
};

/**
 * struct ladder - the diagram
 * @ends: left and right; ends[1] is NULL where this machine has no record of it
 * @first: state of each end before its first mark
 * @passages: the segments
 * @arrows: one for each of them
 * @arrow_count: how many
 * @marks: what stands on the axes, in the order of time
 * @mark_count: how many
 * @start: time of the first mark
 */
struct ladder {
	const struct flow *ends[2];
	uint8_t first[2];
	struct passages passages;
	struct arrow *arrows;
	unsigned int arrow_count;
	struct mark *marks;
	unsigned int mark_count;
	uint64_t start;
};

/* A state that a segment brings about, on a machine that is slow. */
#define SAME_THING_NS	50000000

static inline bool mark_follows(const struct mark *before, const struct mark *m)
{
	return before->side == m->side && before->kind == MARK_ARRIVAL && m->kind == MARK_STATE &&
	       m->e->event >= TCPSTATE_EV_RCV_SYN && m->e->event <= TCPSTATE_EV_RCV_RST &&
	       m->ns - before->ns < SAME_THING_NS;
}

void ladder_build(struct ladder *l, const struct history *h, const struct flow *f, bool all);
void ladder_free(struct ladder *l);
void ladder_title(const struct ladder *l, int side, char *buf, size_t len);
void ladder_label(const struct arrow *a, char *buf, size_t len);
void ladder_time(const struct ladder *l, uint64_t ns, char *buf, size_t len);
#define LABEL_LEN	160

struct ladder_style {
	int width;	/* columns */
	bool colour;
	bool ascii;
};

#define LADDER_MIN_WIDTH	78

void ladder_text(struct text *t, const struct ladder *l, const struct ladder_style *style);
void ladder_svg(struct text *t, const struct ladder *l, const char *title);
void ladder_json(struct text *t, const struct ladder *l);

#endif /* TCPSTATE_TOOL_LADDER_H */

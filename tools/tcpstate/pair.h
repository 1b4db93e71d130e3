/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which arrival belongs to which departure, where both ends are recorded.
 */
#ifndef TCPSTATE_TOOL_PAIR_H
#define TCPSTATE_TOOL_PAIR_H

#include "history.h"

enum fate {
	FATE_UNKNOWN,	/* the record does not tell */
	FATE_ARRIVED,
	FATE_DROPPED,	/* it arrived and was not taken */
	FATE_LOST,	/* later ones arrived, or it was sent again */
};

/* One way of one segment. Either event may be missing, not both. */
struct passage {
	const struct flow *from;
	const struct flow *to;		/* NULL: the peer is not recorded */
	const struct event *sent;
	const struct event *got;
	uint8_t fate;
};

struct passages {
	struct passage *list;
	unsigned int count;
};

void passages_find(struct passages *p, const struct flow *a, const struct flow *b);
void passages_free(struct passages *p);

/* What is known of a segment: its own event, or that of its arrival. */
static inline const struct event *passage_segment(const struct passage *p)
{
	return p->sent ? p->sent : p->got;
}

#endif /* TCPSTATE_TOOL_PAIR_H */

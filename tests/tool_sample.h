/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Histories made up for the tests of the command: two ends on a link of a fixed delay.
 */
#ifndef TESTS_TOOL_SAMPLE_H
#define TESTS_TOOL_SAMPLE_H

#include "../tools/tcpstate/history.h"

#define SAMPLE_LEFT	1
#define SAMPLE_RIGHT	2

/**
 * struct sample - a history that is being told
 * @h: the history; flows SAMPLE_LEFT and SAMPLE_RIGHT are there
 * @us: the time, microseconds since its beginning
 * @delay: of the link, microseconds
 */
struct sample {
	struct history h;
	unsigned int us;
	unsigned int delay;
};

struct sample_segment {
	uint8_t flags;
	uint32_t seq, ack, len, wnd;
	const char *again;	/* sent again, and why */
	const char *dropped;	/* not taken by the receiver, and why */
	bool lost;
};

void sample_begin(struct sample *s);
void sample_state(struct sample *s, uint64_t id, uint8_t event);
void sample_segment(struct sample *s, uint64_t from, const struct sample_segment *seg);
void sample_timer(struct sample *s, uint64_t id, const char *name);
void sample_end(struct sample *s);

void sample_crossing(struct sample *s);
void sample_lost_fin(struct sample *s);
void sample_stream(struct sample *s, unsigned int segments);

#endif /* TESTS_TOOL_SAMPLE_H */

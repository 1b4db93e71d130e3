/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The diagram of the eleven states, from the table that the module runs.
 */
#ifndef TCPSTATE_TOOL_DIAGRAM_H
#define TCPSTATE_TOOL_DIAGRAM_H

#include "history.h"

/* How often each edge was taken. */
struct diagram_taken {
	unsigned long edges[TCPSTATE_MAX_STATES][TCPSTATE_EV_COUNT];
};

/* Columns of the diagram with characters. */
#define DIAGRAM_WIDTH	78

/* The states in the order in which they are told. */
extern const uint8_t diagram_order[TCPSTATE_MAX_STATES - 1];

const char *diagram_truth(uint8_t state);
void diagram_dot(struct text *t, const struct diagram_taken *taken);
void diagram_count(struct diagram_taken *taken, const struct history *h);
void diagram_text(struct text *t, const struct diagram_taken *taken, bool colour, bool ascii);
bool diagram_visited(const struct diagram_taken *taken, uint8_t state);
bool diagram_stat(struct diagram_taken *taken, const char *stat);

#endif /* TCPSTATE_TOOL_DIAGRAM_H */

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

/* The states in the order in which they are told. */
extern const uint8_t diagram_order[TCPSTATE_MAX_STATES - 1];

const char *diagram_truth(uint8_t state);
void diagram_dot(struct text *t, const struct diagram_taken *taken);
void diagram_count(struct diagram_taken *taken, const struct history *h);
bool diagram_stat(struct diagram_taken *taken, const char *stat);

#endif /* TCPSTATE_TOOL_DIAGRAM_H */

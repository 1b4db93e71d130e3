/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model checker's door: run it over the table, or over a table of which
 * one cell was changed.
 */
#ifndef TESTS_MODEL_H
#define TESTS_MODEL_H

#include "tcpstate_fsm.h"

/**
 * struct model_config - how large a world to explore
 * @lives: how often each peer may open a connection, 1 to MODEL_LIVES
 * @in_flight: how many segments a direction holds, 1 to MODEL_IN_FLIGHT
 */
struct model_config {
	int lives;
	int in_flight;
};

#define MODEL_LIVES	2
#define MODEL_IN_FLIGHT	3

/**
 * struct model_result - what a run found
 * @violation: empty, or the first broken property
 * @states: global states reached
 * @transitions: steps between them, all kinds
 * @finals: states in which both peers are done
 * @taken: how often a cell of the table was raised
 */
struct model_result {
	char violation[256];
	unsigned long states;
	unsigned long transitions;
	unsigned long finals;
	unsigned long taken[TCPSTATE_MAX_STATES][TCPSTATE_EV_COUNT];
};

/* The untouched table; the model's tcpstate_fsm() looks at the override first. */
const struct tcpstate_edge *real_tcpstate_fsm(u8 state, u8 event);

void model_override(u8 state, u8 event, const struct tcpstate_edge *edge);
void model_run(const struct model_config *config, struct model_result *result, bool trace);
void model_replay(u8 state, u8 event, struct model_result *result);
bool model_uncovered(const struct model_result *result, u8 *state, u8 *event);

#endif /* TESTS_MODEL_H */

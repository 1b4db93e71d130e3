// SPDX-License-Identifier: GPL-2.0
/*
 * The test of the model checker: change one cell of the table at a time, and
 * the model must break.  Every cell that can be raised is tried with another
 * kind, with every other next state, with every action dropped or added, and
 * without its reason.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model.h"

static const struct model_config config = { .lives = 2, .in_flight = 1 };
static struct model_result result;
static unsigned int tried, long_way, survived;

/* Not the first use of the cell, but a later one may show it: look at them all. */
static bool whole_run_breaks(void)
{
	int status = 0;
	pid_t pid;

	long_way++;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		model_run(&config, &result, false);
		_exit(result.violation[0] ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static void try(u8 state, u8 event, struct tcpstate_edge edge, const char *what, const char *name)
{
	bool killed;

	tried++;
	model_override(state, event, &edge);
	model_replay(state, event, &result);
	killed = result.violation[0] || whole_run_breaks();
	model_override(0, 0, NULL);
	if (killed)
		return;
	survived++;
	printf("mutate: SURVIVED: %s x %s, %s %s\n", tcpstate_fsm_state_name(state),
	       tcpstate_fsm_event_name(event), what, name);
}

static void try_next(u8 state, u8 event, const struct tcpstate_edge *edge)
{
	bool moves = edge->kind == TCPSTATE_EDGE_MOVE;
	struct tcpstate_edge m = *edge;

	m.kind = TCPSTATE_EDGE_MOVE;
	for (m.next = 1; m.next < TCPSTATE_MAX_STATES; m.next++)
		if (m.next != (moves ? edge->next : state))
			try(state, event, m, "next", tcpstate_fsm_state_name(m.next));
}

static void try_cell(u8 state, u8 event)
{
	const struct tcpstate_edge *edge = real_tcpstate_fsm(state, event);
	struct tcpstate_edge m;
	u8 bit;

	m = (struct tcpstate_edge){ .kind = TCPSTATE_EDGE_NEVER, .why = "mutant" };
	try(state, event, m, "made", "NEVER");
	m = *edge;
	m.why = NULL;
	try(state, event, m, "without", "a reason");
	try_next(state, event, edge);
	if (edge->kind != TCPSTATE_EDGE_MOVE)
		return;
	m = (struct tcpstate_edge){ .kind = TCPSTATE_EDGE_IGNORE, .why = "mutant" };
	try(state, event, m, "made", "IGNORE");
	for (bit = 0; bit < TCPSTATE_ACT_COUNT; bit++) {
		m = *edge;
		m.actions ^= 1u << bit;
		try(state, event, m, edge->actions & 1u << bit ? "less" : "more",
		    tcpstate_fsm_action_name(bit));
	}
}

int main(void)
{
	static struct model_result base;
	unsigned int cells = 0;
	u8 state, event;

	model_run(&config, &base, false);
	if (base.violation[0]) {
		printf("mutate: no mutants tried, the table as it is breaks: %s\n", base.violation);
		return 1;
	}
	for (state = 1; state < TCPSTATE_MAX_STATES; state++) {
		for (event = 0; event < TCPSTATE_EV_COUNT; event++) {
			if (!base.taken[state][event])
				continue;
			cells++;
			try_cell(state, event);
		}
	}
	printf("mutate: %u cells, %u mutants, %u killed (%u by a whole run), %u survived\n",
	       cells, tried, tried - survived, long_way - survived, survived);
	return survived || !tried;
}

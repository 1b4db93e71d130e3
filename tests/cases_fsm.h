/* SPDX-License-Identifier: GPL-2.0 */
/* Names, control bits, range, and the edges of RFC 9293 figure 5. */
#ifndef TESTS_CASES_FSM_H
#define TESTS_CASES_FSM_H

#include "cases.h"

struct fsm_state_row {
	struct row row;
	u8 state;
	const char *name;
	u8 flags;
};

#define STATE_ROW(s, bits) \
	{ { "fsm_outflags__" #s, "RFC 9293 3.10" }, TCPSTATE_##s, #s, bits }

static const struct fsm_state_row fsm_states[] = {
	STATE_ROW(ESTABLISHED, TCPSTATE_ACK),
	STATE_ROW(SYN_SENT, TCPSTATE_SYN),
	STATE_ROW(SYN_RECV, TCPSTATE_SYN | TCPSTATE_ACK),
	STATE_ROW(FIN_WAIT1, TCPSTATE_FIN | TCPSTATE_ACK),
	STATE_ROW(FIN_WAIT2, TCPSTATE_ACK),
	STATE_ROW(TIME_WAIT, TCPSTATE_ACK),
	STATE_ROW(CLOSE, TCPSTATE_RST | TCPSTATE_ACK),
	STATE_ROW(CLOSE_WAIT, TCPSTATE_ACK),
	STATE_ROW(LAST_ACK, TCPSTATE_FIN | TCPSTATE_ACK),
	STATE_ROW(LISTEN, 0),
	STATE_ROW(CLOSING, TCPSTATE_FIN | TCPSTATE_ACK),
	{ { "fsm_outflags__no_state", "range" }, 0, "NONE", 0 },
	{ { "fsm_outflags__past_the_last", "range" }, TCPSTATE_MAX_STATES, "NONE", 0 },
	{ { "fsm_outflags__largest_number", "range" }, 255, "NONE", 0 },
};

static bool fsm_states_holds(unsigned int i)
{
	const struct fsm_state_row *r = &fsm_states[i];

	return tcpstate_fsm_outflags(r->state) == r->flags &&
	       same_text(tcpstate_fsm_state_name(r->state), r->name);
}

SUITE(fsm_states);

struct fsm_name_row {
	struct row row;
	const char *(*get)(u8 number);
	u8 number;
	const char *name;
};

#define EVENT_ROW(e) \
	{ { "fsm_event_name__" #e, "style 3" }, tcpstate_fsm_event_name, TCPSTATE_EV_##e, #e }
#define ACTION_ROW(a, text) \
	{ { "fsm_action_name__" #a, "style 3" }, tcpstate_fsm_action_name, \
	  TCPSTATE_ACT_##a##_BIT, text }

static const struct fsm_name_row fsm_names[] = {
	EVENT_ROW(PASSIVE_OPEN),
	EVENT_ROW(ACTIVE_OPEN),
	EVENT_ROW(CLOSE),
	EVENT_ROW(ABORT),
	EVENT_ROW(RCV_SYN),
	EVENT_ROW(RCV_SYN_ACK),
	EVENT_ROW(RCV_ACK_OF_SYN),
	EVENT_ROW(RCV_ACK_OF_FIN),
	EVENT_ROW(RCV_FIN),
	EVENT_ROW(RCV_RST),
	EVENT_ROW(RCV_HARD_ERROR),
	EVENT_ROW(USER_TIMEOUT),
	EVENT_ROW(TIME_WAIT_TIMEOUT),
	{ { "fsm_event_name__past_the_last", "range" }, tcpstate_fsm_event_name,
	  TCPSTATE_EV_COUNT, "NONE" },
	{ { "fsm_event_name__largest_number", "range" }, tcpstate_fsm_event_name, 255, "NONE" },
	ACTION_ROW(ACK_NOW, "ack-now"),
	ACTION_ROW(PUSH, "push"),
	ACTION_ROW(SEND_RST, "send-rst"),
	ACTION_ROW(START_2MSL, "start-2msl"),
	ACTION_ROW(CONNECTED, "connected"),
	ACTION_ROW(EOF, "eof"),
	ACTION_ROW(REFUSED, "refused"),
	ACTION_ROW(RESET, "reset"),
	ACTION_ROW(BROKEN, "broken"),
	ACTION_ROW(TIMED_OUT, "timed-out"),
	ACTION_ROW(UNREACHABLE, "unreachable"),
	ACTION_ROW(WAKE, "wake"),
	ACTION_ROW(DELETE_TCB, "delete-tcb"),
	{ { "fsm_action_name__past_the_last", "range" }, tcpstate_fsm_action_name,
	  TCPSTATE_ACT_COUNT, "none" },
};

static bool fsm_names_holds(unsigned int i)
{
	return same_text(fsm_names[i].get(fsm_names[i].number), fsm_names[i].name);
}

SUITE(fsm_names);

struct fsm_edge_row {
	struct row row;
	u8 state;
	u8 event;
	u8 next;
};

#define EDGE(s, e, n, rfc) \
	{ { "fsm__" #s "_" #e, rfc }, TCPSTATE_##s, TCPSTATE_EV_##e, TCPSTATE_##n }

/* The figure's own arrows, and ICMP's; the model checker looks after the rest. */
static const struct fsm_edge_row fsm_edges[] = {
	EDGE(CLOSE, PASSIVE_OPEN, LISTEN, "RFC 9293 figure 5"),
	EDGE(CLOSE, ACTIVE_OPEN, SYN_SENT, "RFC 9293 figure 5"),
	EDGE(LISTEN, RCV_SYN, SYN_RECV, "RFC 9293 figure 5"),
	EDGE(LISTEN, CLOSE, CLOSE, "RFC 9293 figure 5"),
	EDGE(SYN_SENT, RCV_SYN, SYN_RECV, "RFC 9293 figure 5"),
	EDGE(SYN_SENT, RCV_SYN_ACK, ESTABLISHED, "RFC 9293 figure 5"),
	EDGE(SYN_SENT, CLOSE, CLOSE, "RFC 9293 figure 5"),
	EDGE(SYN_RECV, RCV_ACK_OF_SYN, ESTABLISHED, "RFC 9293 figure 5"),
	EDGE(SYN_RECV, CLOSE, FIN_WAIT1, "RFC 9293 figure 5"),
	EDGE(ESTABLISHED, CLOSE, FIN_WAIT1, "RFC 9293 figure 5"),
	EDGE(ESTABLISHED, RCV_FIN, CLOSE_WAIT, "RFC 9293 figure 5"),
	EDGE(FIN_WAIT1, RCV_ACK_OF_FIN, FIN_WAIT2, "RFC 9293 figure 5"),
	EDGE(FIN_WAIT1, RCV_FIN, CLOSING, "RFC 9293 figure 5"),
	EDGE(FIN_WAIT2, RCV_FIN, TIME_WAIT, "RFC 9293 figure 5"),
	EDGE(CLOSING, RCV_ACK_OF_FIN, TIME_WAIT, "RFC 9293 figure 5"),
	EDGE(CLOSE_WAIT, CLOSE, LAST_ACK, "RFC 9293 figure 5"),
	EDGE(LAST_ACK, RCV_ACK_OF_FIN, CLOSE, "RFC 9293 figure 5"),
	EDGE(TIME_WAIT, TIME_WAIT_TIMEOUT, CLOSE, "RFC 9293 figure 5"),
	EDGE(SYN_SENT, RCV_HARD_ERROR, CLOSE, "RFC 9293 3.9.2.2"),
	EDGE(SYN_RECV, RCV_HARD_ERROR, CLOSE, "RFC 9293 3.9.2.2"),
};

static bool fsm_edges_holds(unsigned int i)
{
	const struct tcpstate_edge *edge = tcpstate_fsm(fsm_edges[i].state, fsm_edges[i].event);

	return edge->kind == TCPSTATE_EDGE_MOVE && edge->next == fsm_edges[i].next;
}

SUITE(fsm_edges);

/* Of the whole table: a form that every cell keeps, and a safe answer out of range. */
static bool fsm_whole_form(void)
{
	const struct tcpstate_edge *e;
	unsigned int s, v;

	for (s = 0; s < 256; s++) {
		for (v = 0; v < 256; v++) {
			bool inside = s && s < TCPSTATE_MAX_STATES && v < TCPSTATE_EV_COUNT;

			e = tcpstate_fsm((u8)s, (u8)v);
			if (!e || !e->why || !e->why[0])
				return false;
			if (!inside && e->kind != TCPSTATE_EDGE_NEVER)
				return false;
			if (e->kind != TCPSTATE_EDGE_MOVE && (e->actions || e->next))
				return false;
			if (e->kind == TCPSTATE_EDGE_MOVE &&
			    (!e->next || e->next >= TCPSTATE_MAX_STATES ||
			     e->actions >= 1u << TCPSTATE_ACT_COUNT))
				return false;
		}
	}
	return true;
}

static bool fsm_whole_sets(void)
{
	unsigned int s;
	u32 all = 0;

	for (s = 1; s < TCPSTATE_MAX_STATES; s++)
		all |= 1u << s;
	return (TCPSTATE_F_SYNCHRONIZED | TCPSTATE_F_CONNECTING | TCPSTATE_F(CLOSE) |
		TCPSTATE_F(LISTEN)) == all &&
	       !(TCPSTATE_F_SYNCHRONIZED & TCPSTATE_F_CONNECTING) &&
	       tcpstate_in(TCPSTATE_CLOSING, TCPSTATE_F(CLOSING)) &&
	       !tcpstate_in(TCPSTATE_CLOSE, TCPSTATE_F_SYNCHRONIZED);
}

static const struct {
	struct row row;
	bool (*fn)(void);
} fsm_whole[] = {
	{ { "fsm__every_cell_has_a_form_and_a_reason", "style 3" }, fsm_whole_form },
	{ { "fsm__sets_cover_the_states_once", "RFC 9293 3.3.2" }, fsm_whole_sets },
};

static bool fsm_whole_holds(unsigned int i)
{
	return fsm_whole[i].fn();
}

SUITE(fsm_whole);

static const struct suite * const fsm_suites[] = {
	&fsm_states_suite, &fsm_names_suite, &fsm_edges_suite, &fsm_whole_suite,
};

#undef STATE_ROW
#undef EVENT_ROW
#undef ACTION_ROW
#undef EDGE

#endif /* TESTS_CASES_FSM_H */

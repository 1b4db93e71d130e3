// SPDX-License-Identifier: GPL-2.0
/*
 * The eleven states and every edge between them, as one table.  Pure: it
 * answers questions and changes nothing; tcpstate_state.c carries out what
 * it says.
 */
#include "tcpstate_fsm.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static const char * const state_names[] = {
	[0]			= "NONE",
	[TCPSTATE_ESTABLISHED]	= "ESTABLISHED",
	[TCPSTATE_SYN_SENT]	= "SYN_SENT",
	[TCPSTATE_SYN_RECV]	= "SYN_RECV",
	[TCPSTATE_FIN_WAIT1]	= "FIN_WAIT1",
	[TCPSTATE_FIN_WAIT2]	= "FIN_WAIT2",
	[TCPSTATE_TIME_WAIT]	= "TIME_WAIT",
	[TCPSTATE_CLOSE]	= "CLOSE",
	[TCPSTATE_CLOSE_WAIT]	= "CLOSE_WAIT",
	[TCPSTATE_LAST_ACK]	= "LAST_ACK",
	[TCPSTATE_LISTEN]	= "LISTEN",
	[TCPSTATE_CLOSING]	= "CLOSING",
};
_Static_assert(ARRAY_LEN(state_names) == TCPSTATE_MAX_STATES, "a name per state");

static const char * const event_names[] = {
	[TCPSTATE_EV_PASSIVE_OPEN]	= "PASSIVE_OPEN",
	[TCPSTATE_EV_ACTIVE_OPEN]	= "ACTIVE_OPEN",
	[TCPSTATE_EV_CLOSE]		= "CLOSE",
	[TCPSTATE_EV_ABORT]		= "ABORT",
	[TCPSTATE_EV_RCV_SYN]		= "RCV_SYN",
	[TCPSTATE_EV_RCV_SYN_ACK]	= "RCV_SYN_ACK",
	[TCPSTATE_EV_RCV_ACK_OF_SYN]	= "RCV_ACK_OF_SYN",
	[TCPSTATE_EV_RCV_ACK_OF_FIN]	= "RCV_ACK_OF_FIN",
	[TCPSTATE_EV_RCV_FIN]		= "RCV_FIN",
	[TCPSTATE_EV_RCV_RST]		= "RCV_RST",
	[TCPSTATE_EV_RCV_HARD_ERROR]	= "RCV_HARD_ERROR",
	[TCPSTATE_EV_USER_TIMEOUT]	= "USER_TIMEOUT",
	[TCPSTATE_EV_TIME_WAIT_TIMEOUT]	= "TIME_WAIT_TIMEOUT",
};
_Static_assert(ARRAY_LEN(event_names) == TCPSTATE_EV_COUNT, "a name per event");

static const char * const action_names[] = {
	[TCPSTATE_ACT_ACK_NOW_BIT]	= "ack-now",
	[TCPSTATE_ACT_PUSH_BIT]		= "push",
	[TCPSTATE_ACT_SEND_RST_BIT]	= "send-rst",
	[TCPSTATE_ACT_START_2MSL_BIT]	= "start-2msl",
	[TCPSTATE_ACT_CONNECTED_BIT]	= "connected",
	[TCPSTATE_ACT_EOF_BIT]		= "eof",
	[TCPSTATE_ACT_REFUSED_BIT]	= "refused",
	[TCPSTATE_ACT_RESET_BIT]	= "reset",
	[TCPSTATE_ACT_BROKEN_BIT]	= "broken",
	[TCPSTATE_ACT_TIMED_OUT_BIT]	= "timed-out",
	[TCPSTATE_ACT_UNREACHABLE_BIT]	= "unreachable",
	[TCPSTATE_ACT_WAKE_BIT]		= "wake",
	[TCPSTATE_ACT_DELETE_TCB_BIT]	= "delete-tcb",
};
_Static_assert(ARRAY_LEN(action_names) == TCPSTATE_ACT_COUNT, "a name per action");

/* As BSD's tcp_outflags[]: the control bits that a segment of a state carries. */
static const u8 outflags[] = {
	[0]			= 0,
	[TCPSTATE_ESTABLISHED]	= TCPSTATE_ACK,
	[TCPSTATE_SYN_SENT]	= TCPSTATE_SYN,
	[TCPSTATE_SYN_RECV]	= TCPSTATE_SYN | TCPSTATE_ACK,
	[TCPSTATE_FIN_WAIT1]	= TCPSTATE_FIN | TCPSTATE_ACK,
	[TCPSTATE_FIN_WAIT2]	= TCPSTATE_ACK,
	[TCPSTATE_TIME_WAIT]	= TCPSTATE_ACK,
	[TCPSTATE_CLOSE]	= TCPSTATE_RST | TCPSTATE_ACK,
	[TCPSTATE_CLOSE_WAIT]	= TCPSTATE_ACK,
	[TCPSTATE_LAST_ACK]	= TCPSTATE_FIN | TCPSTATE_ACK,
	[TCPSTATE_LISTEN]	= 0,
	[TCPSTATE_CLOSING]	= TCPSTATE_FIN | TCPSTATE_ACK,
};
_Static_assert(ARRAY_LEN(outflags) == TCPSTATE_MAX_STATES, "bits per state");

/*
 * Legend.  M(next, actions, why) moves; I(why) may happen and moves nothing;
 * N(why) cannot happen, and the model checker proves it.
 */
#define A(name)	TCPSTATE_ACT(name)
#define M(to, acts, text) \
	{ .kind = TCPSTATE_EDGE_MOVE, .next = TCPSTATE_##to, .actions = (acts), .why = (text) }
#define I(text)	{ .kind = TCPSTATE_EDGE_IGNORE, .why = (text) }
#define N(text)	{ .kind = TCPSTATE_EDGE_NEVER, .why = (text) }
#define ON(ev)	[TCPSTATE_EV_##ev]

/* Reasons that several cells share. */
#define W_OPEN_ONCE	"connect() and listen() are refused before the table is asked"
#define W_NOT_LISTED	"a closed socket stands in no table, no segment finds it"
#define W_SYN_CHALLENGE	"a SYN here earns a challenge ACK and is no event (RFC 5961 4.2)"
#define W_NO_2MSL	"the 2MSL timer runs in TIME_WAIT alone"
#define W_SYN_DONE	"our SYN was acknowledged on the way here"
#define W_NO_FIN_SENT	"this state has sent no FIN"
#define W_ONE_FIN	"RCV.NXT passes a FIN once; a repeated FIN is an old segment"
#define W_STAYS_SOFT	"in a connection that stands, a hard ICMP error may be forged or pass (RFC 5927 5.2, RFC 5461): the user may hear of it, nothing moves"
#define W_CLOSING_TWICE	"our side has said close before; close() after shutdown() says it again"

static const struct tcpstate_edge table[TCPSTATE_MAX_STATES][TCPSTATE_EV_COUNT] = {
[TCPSTATE_CLOSE] = {
	ON(PASSIVE_OPEN)	= M(LISTEN, 0, "listen(): RFC 9293 3.10.1, passive OPEN"),
	ON(ACTIVE_OPEN)		= M(SYN_SENT, A(PUSH), "connect(): RFC 9293 3.10.1, active OPEN; push sends the SYN"),
	ON(CLOSE)		= I("nothing is open: RFC 9293 3.10.4, connection does not exist"),
	ON(ABORT)		= I("nothing is open: RFC 9293 3.10.5, connection does not exist"),
	ON(RCV_SYN)		= N(W_NOT_LISTED),
	ON(RCV_SYN_ACK)		= N(W_NOT_LISTED),
	ON(RCV_ACK_OF_SYN)	= N(W_NOT_LISTED),
	ON(RCV_ACK_OF_FIN)	= N(W_NOT_LISTED),
	ON(RCV_FIN)		= N(W_NOT_LISTED),
	ON(RCV_RST)		= N(W_NOT_LISTED),
	ON(RCV_HARD_ERROR)	= N(W_NOT_LISTED),
	ON(USER_TIMEOUT)	= N("the timers of a closed socket are stopped"),
	ON(TIME_WAIT_TIMEOUT)	= N("the timers of a closed socket are stopped"),
},
[TCPSTATE_LISTEN] = {
	ON(PASSIVE_OPEN)	= I("listen() again only sets the backlog"),
	ON(ACTIVE_OPEN)		= N(W_OPEN_ONCE),
	ON(CLOSE)		= M(CLOSE, A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.4: outstanding accepts end, TCB deleted"),
	ON(ABORT)		= M(CLOSE, A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.5: outstanding accepts end, TCB deleted"),
	ON(RCV_SYN)		= M(SYN_RECV, A(PUSH), "RFC 9293 3.10.7.2 third; happens to the child, the listener never moves"),
	ON(RCV_SYN_ACK)		= N("an ACK to a listener is answered with a RST: RFC 9293 3.10.7.2 second"),
	ON(RCV_ACK_OF_SYN)	= N("a listener has sent no SYN"),
	ON(RCV_ACK_OF_FIN)	= N("a listener has sent no FIN"),
	ON(RCV_FIN)		= N("a FIN cannot be checked without RCV.NXT: RFC 9293 3.10.7.2 fourth, dropped"),
	ON(RCV_RST)		= N("a RST to a listener is dropped before the table: RFC 9293 3.10.7.2 first"),
	ON(RCV_HARD_ERROR)	= N("an ICMP error quotes what was sent, and a listener sends nothing itself"),
	ON(USER_TIMEOUT)	= N("a listener runs no timer"),
	ON(TIME_WAIT_TIMEOUT)	= N(W_NO_2MSL),
},
[TCPSTATE_SYN_SENT] = {
	ON(PASSIVE_OPEN)	= N(W_OPEN_ONCE),
	ON(ACTIVE_OPEN)		= N(W_OPEN_ONCE),
	ON(CLOSE)		= M(CLOSE, A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.4: nothing to finish, TCB deleted"),
	ON(ABORT)		= M(CLOSE, A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.5: no RST, the peer's sequence numbers are unknown"),
	ON(RCV_SYN)		= M(SYN_RECV, A(PUSH), "RFC 9293 3.10.7.3 fourth: the SYNs cross, simultaneous open"),
	ON(RCV_SYN_ACK)		= M(ESTABLISHED, A(ACK_NOW) | A(PUSH) | A(CONNECTED) | A(WAKE), "RFC 9293 3.10.7.3 fourth: our SYN is acknowledged"),
	ON(RCV_ACK_OF_SYN)	= N("an ACK without a SYN is dropped: RFC 9293 3.10.7.3 fifth"),
	ON(RCV_ACK_OF_FIN)	= N(W_NO_FIN_SENT),
	ON(RCV_FIN)		= N("a FIN cannot be checked before a SYN gave RCV.NXT; dropped"),
	ON(RCV_RST)		= M(CLOSE, A(REFUSED) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.7.3 second: a RST that acknowledges our SYN"),
	ON(RCV_HARD_ERROR)	= M(CLOSE, A(UNREACHABLE) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.9.2.2 (SHLD-26): nobody takes our SYN"),
	ON(USER_TIMEOUT)	= M(CLOSE, A(TIMED_OUT) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.8: the SYN's R2 has passed"),
	ON(TIME_WAIT_TIMEOUT)	= N(W_NO_2MSL),
},
[TCPSTATE_SYN_RECV] = {
	ON(PASSIVE_OPEN)	= N(W_OPEN_ONCE),
	ON(ACTIVE_OPEN)		= N(W_OPEN_ONCE),
	ON(CLOSE)		= M(FIN_WAIT1, A(PUSH), "RFC 9293 3.10.4: the FIN follows the SYN"),
	ON(ABORT)		= M(CLOSE, A(SEND_RST) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.5: a RST ends the half-open peer"),
	ON(RCV_SYN)		= M(CLOSE, A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.7.4 fourth: a child makes room for a new request, the listener listens on"),
	ON(RCV_SYN_ACK)		= N("the crossing SYN+ACK of a simultaneous open is the ACK of our SYN (RFC 9293 figure 7)"),
	ON(RCV_ACK_OF_SYN)	= M(ESTABLISHED, A(PUSH) | A(CONNECTED) | A(WAKE), "RFC 9293 3.10.7.4 fifth: the handshake's last ACK"),
	ON(RCV_ACK_OF_FIN)	= N(W_NO_FIN_SENT),
	ON(RCV_FIN)		= N("the ACK that a FIN must carry moves to ESTABLISHED first"),
	ON(RCV_RST)		= M(CLOSE, A(REFUSED) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.7.4 second: a child vanishes, the listener listens on; an active opener learns that it was refused"),
	ON(RCV_HARD_ERROR)	= M(CLOSE, A(UNREACHABLE) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.9.2.2 (SHLD-26): a child vanishes, the listener listens on"),
	ON(USER_TIMEOUT)	= M(CLOSE, A(TIMED_OUT) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.8: the SYN+ACK was never acknowledged"),
	ON(TIME_WAIT_TIMEOUT)	= N(W_NO_2MSL),
},
[TCPSTATE_ESTABLISHED] = {
	ON(PASSIVE_OPEN)	= N(W_OPEN_ONCE),
	ON(ACTIVE_OPEN)		= N(W_OPEN_ONCE),
	ON(CLOSE)		= M(FIN_WAIT1, A(PUSH), "RFC 9293 3.10.4: we close first; the FIN goes when the queue has drained"),
	ON(ABORT)		= M(CLOSE, A(SEND_RST) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.5"),
	ON(RCV_SYN)		= N(W_SYN_CHALLENGE),
	ON(RCV_SYN_ACK)		= N(W_SYN_CHALLENGE),
	ON(RCV_ACK_OF_SYN)	= N(W_SYN_DONE),
	ON(RCV_ACK_OF_FIN)	= N(W_NO_FIN_SENT),
	ON(RCV_FIN)		= M(CLOSE_WAIT, A(ACK_NOW) | A(EOF) | A(WAKE), "RFC 9293 3.10.7.4 eighth: they close first"),
	ON(RCV_RST)		= M(CLOSE, A(RESET) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.7.4 second"),
	ON(RCV_HARD_ERROR)	= I(W_STAYS_SOFT),
	ON(USER_TIMEOUT)	= M(CLOSE, A(TIMED_OUT) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.8: R2 has passed"),
	ON(TIME_WAIT_TIMEOUT)	= N(W_NO_2MSL),
},
[TCPSTATE_FIN_WAIT1] = {
	ON(PASSIVE_OPEN)	= N(W_OPEN_ONCE),
	ON(ACTIVE_OPEN)		= N(W_OPEN_ONCE),
	ON(CLOSE)		= I(W_CLOSING_TWICE),
	ON(ABORT)		= M(CLOSE, A(SEND_RST) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.5"),
	ON(RCV_SYN)		= N(W_SYN_CHALLENGE),
	ON(RCV_SYN_ACK)		= N(W_SYN_CHALLENGE),
	ON(RCV_ACK_OF_SYN)	= I("close() in SYN_RECV came here before the handshake's last ACK did"),
	ON(RCV_ACK_OF_FIN)	= M(FIN_WAIT2, A(WAKE), "RFC 9293 3.10.7.4 fifth: everything we sent has arrived"),
	ON(RCV_FIN)		= M(CLOSING, A(ACK_NOW) | A(EOF) | A(WAKE), "RFC 9293 3.10.7.4 eighth: both close at once, our FIN is not acknowledged yet"),
	ON(RCV_RST)		= M(CLOSE, A(RESET) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.7.4 second"),
	ON(RCV_HARD_ERROR)	= I(W_STAYS_SOFT),
	ON(USER_TIMEOUT)	= M(CLOSE, A(TIMED_OUT) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.8: R2 has passed"),
	ON(TIME_WAIT_TIMEOUT)	= N(W_NO_2MSL),
},
[TCPSTATE_FIN_WAIT2] = {
	ON(PASSIVE_OPEN)	= N(W_OPEN_ONCE),
	ON(ACTIVE_OPEN)		= N(W_OPEN_ONCE),
	ON(CLOSE)		= I(W_CLOSING_TWICE),
	ON(ABORT)		= M(CLOSE, A(SEND_RST) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.5"),
	ON(RCV_SYN)		= N(W_SYN_CHALLENGE),
	ON(RCV_SYN_ACK)		= N(W_SYN_CHALLENGE),
	ON(RCV_ACK_OF_SYN)	= N(W_SYN_DONE),
	ON(RCV_ACK_OF_FIN)	= N("our FIN was acknowledged on the way here"),
	ON(RCV_FIN)		= M(TIME_WAIT, A(ACK_NOW) | A(START_2MSL) | A(EOF) | A(WAKE), "RFC 9293 3.10.7.4 eighth: the peer has shut down too"),
	ON(RCV_RST)		= M(CLOSE, A(RESET) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.7.4 second"),
	ON(RCV_HARD_ERROR)	= I(W_STAYS_SOFT),
	ON(USER_TIMEOUT)	= M(CLOSE, A(TIMED_OUT) | A(WAKE) | A(DELETE_TCB), "keep-alive, or nobody holds the socket and the peer never says FIN"),
	ON(TIME_WAIT_TIMEOUT)	= N(W_NO_2MSL),
},
[TCPSTATE_CLOSING] = {
	ON(PASSIVE_OPEN)	= N(W_OPEN_ONCE),
	ON(ACTIVE_OPEN)		= N(W_OPEN_ONCE),
	ON(CLOSE)		= I(W_CLOSING_TWICE),
	ON(ABORT)		= M(CLOSE, A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.5: both FINs are out, no RST"),
	ON(RCV_SYN)		= N(W_SYN_CHALLENGE),
	ON(RCV_SYN_ACK)		= N(W_SYN_CHALLENGE),
	ON(RCV_ACK_OF_SYN)	= N(W_SYN_DONE),
	ON(RCV_ACK_OF_FIN)	= M(TIME_WAIT, A(START_2MSL) | A(WAKE), "RFC 9293 3.10.7.4 fifth: our FIN has arrived at last"),
	ON(RCV_FIN)		= N(W_ONE_FIN),
	ON(RCV_RST)		= M(CLOSE, A(RESET) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.7.4 second"),
	ON(RCV_HARD_ERROR)	= I(W_STAYS_SOFT),
	ON(USER_TIMEOUT)	= M(CLOSE, A(TIMED_OUT) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.8: R2 has passed"),
	ON(TIME_WAIT_TIMEOUT)	= N(W_NO_2MSL),
},
[TCPSTATE_TIME_WAIT] = {
	ON(PASSIVE_OPEN)	= N(W_OPEN_ONCE),
	ON(ACTIVE_OPEN)		= N(W_OPEN_ONCE),
	ON(CLOSE)		= I(W_CLOSING_TWICE),
	ON(ABORT)		= M(CLOSE, A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.5: both FINs are acknowledged, no RST"),
	ON(RCV_SYN)		= M(CLOSE, A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.7.4 fourth (MAY-2): a SYN beyond the old numbers makes room for the new connection"),
	ON(RCV_SYN_ACK)		= N(W_SYN_CHALLENGE),
	ON(RCV_ACK_OF_SYN)	= N(W_SYN_DONE),
	ON(RCV_ACK_OF_FIN)	= N("our FIN was acknowledged on the way here"),
	ON(RCV_FIN)		= M(TIME_WAIT, A(ACK_NOW) | A(START_2MSL), "RFC 9293 3.10.7.4 eighth: our last ACK was lost; acknowledge, wait again"),
	ON(RCV_RST)		= I("RFC 1337: a RST must not assassinate TIME_WAIT"),
	ON(RCV_HARD_ERROR)	= N("all that we sent is acknowledged: nothing is left that an error could be about"),
	ON(USER_TIMEOUT)	= N("nothing is outstanding in TIME_WAIT; only 2MSL runs"),
	ON(TIME_WAIT_TIMEOUT)	= M(CLOSE, A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.8: 2MSL has passed"),
},
[TCPSTATE_CLOSE_WAIT] = {
	ON(PASSIVE_OPEN)	= N(W_OPEN_ONCE),
	ON(ACTIVE_OPEN)		= N(W_OPEN_ONCE),
	ON(CLOSE)		= M(LAST_ACK, A(PUSH), "RFC 9293 3.10.4: we close after them; the FIN goes when the queue has drained"),
	ON(ABORT)		= M(CLOSE, A(SEND_RST) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.5"),
	ON(RCV_SYN)		= N(W_SYN_CHALLENGE),
	ON(RCV_SYN_ACK)		= N(W_SYN_CHALLENGE),
	ON(RCV_ACK_OF_SYN)	= N(W_SYN_DONE),
	ON(RCV_ACK_OF_FIN)	= N(W_NO_FIN_SENT),
	ON(RCV_FIN)		= N(W_ONE_FIN),
	ON(RCV_RST)		= M(CLOSE, A(BROKEN) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.7.4 second; EPIPE, as the in-tree TCP says it"),
	ON(RCV_HARD_ERROR)	= I(W_STAYS_SOFT),
	ON(USER_TIMEOUT)	= M(CLOSE, A(TIMED_OUT) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.8: R2 has passed"),
	ON(TIME_WAIT_TIMEOUT)	= N(W_NO_2MSL),
},
[TCPSTATE_LAST_ACK] = {
	ON(PASSIVE_OPEN)	= N(W_OPEN_ONCE),
	ON(ACTIVE_OPEN)		= N(W_OPEN_ONCE),
	ON(CLOSE)		= I(W_CLOSING_TWICE),
	ON(ABORT)		= M(CLOSE, A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.5: both FINs are out, no RST"),
	ON(RCV_SYN)		= N(W_SYN_CHALLENGE),
	ON(RCV_SYN_ACK)		= N(W_SYN_CHALLENGE),
	ON(RCV_ACK_OF_SYN)	= N(W_SYN_DONE),
	ON(RCV_ACK_OF_FIN)	= M(CLOSE, A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.7.4 fifth: the last ACK"),
	ON(RCV_FIN)		= N(W_ONE_FIN),
	ON(RCV_RST)		= M(CLOSE, A(RESET) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.7.4 second"),
	ON(RCV_HARD_ERROR)	= I(W_STAYS_SOFT),
	ON(USER_TIMEOUT)	= M(CLOSE, A(TIMED_OUT) | A(WAKE) | A(DELETE_TCB), "RFC 9293 3.10.8: R2 has passed"),
	ON(TIME_WAIT_TIMEOUT)	= N(W_NO_2MSL),
},
};

static const struct tcpstate_edge no_edge = N("no such state or event");

/**
 * tcpstate_fsm() - look an edge up
 * @state: enum tcpstate_state
 * @event: enum tcpstate_event
 *
 * Context: any.
 * Return: the cell; for a number out of range a cell of kind NEVER.
 * Source: RFC 9293 3.3.2 and 3.10.
 */
const struct tcpstate_edge *tcpstate_fsm(u8 state, u8 event)
{
	if (!state || state >= TCPSTATE_MAX_STATES || event >= TCPSTATE_EV_COUNT)
		return &no_edge;
	return &table[state][event];
}

/**
 * tcpstate_fsm_outflags() - the control bits that segments of a state carry
 * @state: enum tcpstate_state
 *
 * SYN and FIN are what the state has to say, not what every segment says:
 * the SYN stands on the octet ISS, the FIN behind the last octet of data.
 *
 * Context: any.
 * Return: set of TCPSTATE_FIN ... TCPSTATE_ACK; 0 for a number out of range.
 */
u8 tcpstate_fsm_outflags(u8 state)
{
	return state < TCPSTATE_MAX_STATES ? outflags[state] : 0;
}

/**
 * tcpstate_fsm_state_name() - a state's name, as in net/ipv4/tcp.c's comment
 * @state: enum tcpstate_state
 *
 * Context: any.
 * Return: a constant string; "NONE" for a number out of range.
 */
const char *tcpstate_fsm_state_name(u8 state)
{
	return state_names[state < TCPSTATE_MAX_STATES ? state : 0];
}

/**
 * tcpstate_fsm_event_name() - an event's name
 * @event: enum tcpstate_event
 *
 * Context: any.
 * Return: a constant string; "NONE" for a number out of range.
 */
const char *tcpstate_fsm_event_name(u8 event)
{
	return event < TCPSTATE_EV_COUNT ? event_names[event] : "NONE";
}

/**
 * tcpstate_fsm_action_name() - an action's name
 * @bit: enum tcpstate_action_bit
 *
 * Context: any.
 * Return: a constant string; "none" for a number out of range.
 */
const char *tcpstate_fsm_action_name(u8 bit)
{
	return bit < TCPSTATE_ACT_COUNT ? action_names[bit] : "none";
}

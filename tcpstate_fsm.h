/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pure state machine: states, events, actions and the edges between
 * states.  Layer 0: no socket, no clock, no lock; also compiles in user space.
 */
#ifndef TCPSTATE_FSM_H
#define TCPSTATE_FSM_H

#include <linux/types.h>

/*
 * The numbers are the kernel's TCP_* (ss, tcp_info and tracers know them);
 * tcpstate_state.c asserts that they agree.
 */
enum tcpstate_state {
	TCPSTATE_ESTABLISHED = 1,
	TCPSTATE_SYN_SENT,
	TCPSTATE_SYN_RECV,
	TCPSTATE_FIN_WAIT1,
	TCPSTATE_FIN_WAIT2,
	TCPSTATE_TIME_WAIT,
	TCPSTATE_CLOSE,
	TCPSTATE_CLOSE_WAIT,
	TCPSTATE_LAST_ACK,
	TCPSTATE_LISTEN,
	TCPSTATE_CLOSING,
	TCPSTATE_MAX_STATES	/* one past the last; number 0 is no state */
};

/* A set of states, for questions about several at once. */
#define TCPSTATE_F(state)	(1u << (TCPSTATE_##state))

/* What may happen to a connection, in the words of RFC 9293 3.3.2 and 3.10. */
enum tcpstate_event {
	TCPSTATE_EV_PASSIVE_OPEN,	/* listen() */
	TCPSTATE_EV_ACTIVE_OPEN,	/* connect() */
	TCPSTATE_EV_CLOSE,		/* close() or shutdown(SHUT_WR) */
	TCPSTATE_EV_ABORT,		/* close() that must not be orderly */
	TCPSTATE_EV_RCV_SYN,		/* a connection request we take */
	TCPSTATE_EV_RCV_SYN_ACK,	/* a request that acknowledges ours */
	TCPSTATE_EV_RCV_ACK_OF_SYN,	/* SND.UNA has passed our SYN */
	TCPSTATE_EV_RCV_ACK_OF_FIN,	/* SND.UNA has passed our FIN */
	TCPSTATE_EV_RCV_FIN,		/* RCV.NXT has passed the peer's FIN */
	TCPSTATE_EV_RCV_RST,		/* a reset that RFC 5961 lets through */
	TCPSTATE_EV_RCV_HARD_ERROR,	/* ICMP: trying again will not help */
	TCPSTATE_EV_USER_TIMEOUT,	/* R2, keep-alive or FIN_WAIT2 gave up */
	TCPSTATE_EV_TIME_WAIT_TIMEOUT,	/* 2MSL has passed */
	TCPSTATE_EV_COUNT
};

/*
 * What an edge asks of the choke point.  Bits without arguments, carried out
 * in the order of their numbers.  There is no "send SYN" and no "send FIN":
 * tcpstate_fsm_outflags() tells which control bits a state carries, and push
 * sends what the state allows.
 */
enum tcpstate_action_bit {
	TCPSTATE_ACT_ACK_NOW_BIT,	/* an ACK must go without delay */
	TCPSTATE_ACT_PUSH_BIT,		/* there may be something to send */
	TCPSTATE_ACT_SEND_RST_BIT,	/* tell the peer at once: it is over */
	TCPSTATE_ACT_START_2MSL_BIT,	/* (re)start the 2MSL timer */
	TCPSTATE_ACT_CONNECTED_BIT,	/* the handshake is complete */
	TCPSTATE_ACT_EOF_BIT,		/* the reader finds the end of the stream */
	TCPSTATE_ACT_REFUSED_BIT,	/* the user learns ECONNREFUSED */
	TCPSTATE_ACT_RESET_BIT,		/* the user learns ECONNRESET */
	TCPSTATE_ACT_BROKEN_BIT,	/* the user learns EPIPE: EOF was read */
	TCPSTATE_ACT_TIMED_OUT_BIT,	/* the user learns ETIMEDOUT */
	TCPSTATE_ACT_UNREACHABLE_BIT,	/* the user learns what ICMP said */
	TCPSTATE_ACT_WAKE_BIT,		/* sleepers and pollers look again */
	TCPSTATE_ACT_DELETE_TCB_BIT,	/* timers, queues and names are given back */
	TCPSTATE_ACT_COUNT
};

#define TCPSTATE_ACT(name)	(1u << TCPSTATE_ACT_##name##_BIT)

/* A cell of the table is one of three kinds. */
enum tcpstate_edge_kind {
	TCPSTATE_EDGE_NEVER,	/* cannot be reached; raising it is our bug */
	TCPSTATE_EDGE_IGNORE,	/* may happen and changes nothing */
	TCPSTATE_EDGE_MOVE	/* next and actions hold */
};

/**
 * struct tcpstate_edge - one cell of the table [state][event]
 * @kind: enum tcpstate_edge_kind
 * @next: state after the event; equals the state itself where nothing moves
 * @actions: set of TCPSTATE_ACT() bits; 0 unless @kind is a move
 * @why: one sentence: the RFC's reason, or why the cell moves nothing
 */
struct tcpstate_edge {
	u8 kind;
	u8 next;
	u16 actions;
	const char *why;
};

/* Control bits as they stand in octet 13 of the TCP header. */
#define TCPSTATE_FIN	0x01
#define TCPSTATE_SYN	0x02
#define TCPSTATE_RST	0x04
#define TCPSTATE_PSH	0x08
#define TCPSTATE_ACK	0x10
#define TCPSTATE_URG	0x20
#define TCPSTATE_ECE	0x40
#define TCPSTATE_CWR	0x80

const struct tcpstate_edge *tcpstate_fsm(u8 state, u8 event);
u8 tcpstate_fsm_outflags(u8 state);
const char *tcpstate_fsm_state_name(u8 state);
const char *tcpstate_fsm_event_name(u8 event);
const char *tcpstate_fsm_action_name(u8 bit);

static inline bool tcpstate_in(u8 state, u32 set)
{
	return (1u << state) & set;
}

/* The peer has not said FIN yet, so text may still come. */
#define TCPSTATE_F_CAN_RECEIVE	(TCPSTATE_F(ESTABLISHED) | \
				 TCPSTATE_F(FIN_WAIT1) | TCPSTATE_F(FIN_WAIT2))
/* The user may still add data to the stream. */
#define TCPSTATE_F_CAN_SEND	(TCPSTATE_F(ESTABLISHED) | TCPSTATE_F(CLOSE_WAIT))
/* A request is under way. */
#define TCPSTATE_F_CONNECTING	(TCPSTATE_F(SYN_SENT) | TCPSTATE_F(SYN_RECV))
/* Text already queued goes out in these: all but the FIN is on its way. */
#define TCPSTATE_F_CAN_TRANSMIT	(TCPSTATE_F_CAN_SEND | TCPSTATE_F(FIN_WAIT1) | \
				 TCPSTATE_F(CLOSING) | TCPSTATE_F(LAST_ACK))
/* Both sequence spaces are known (RFC 9293 3.3.2, "synchronized"). */
#define TCPSTATE_F_SYNCHRONIZED	(TCPSTATE_F_CAN_TRANSMIT | \
				 TCPSTATE_F(FIN_WAIT2) | TCPSTATE_F(TIME_WAIT))

#endif /* TCPSTATE_FSM_H */

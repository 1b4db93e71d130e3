/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * How user space sees the connections of AF_TCPSTATE: the flight recorder, the
 * generic netlink family "tcpstate" and the attributes of sock_diag.
 *
 * Numbers of states are the kernel's TCP_* (TCP_ESTABLISHED is 1).  Numbers of
 * events and actions are enum tcpstate_event and TCPSTATE_ACT() of
 * tcpstate_fsm.h; those of verdicts and drops are enum tcpstate_verdict and enum
 * tcpstate_drop of tcpstate_tcb.h; those of phases are the in-tree TCP_CA_*.
 * TCPSTATE_CMD_GET_EDGES tells the names of states and events.
 *
 * Everything is told of the network namespace that the netlink socket is of.
 */
#ifndef _UAPI_LINUX_TCPSTATE_NETLINK_H
#define _UAPI_LINUX_TCPSTATE_NETLINK_H

#include <linux/types.h>

/**
 * struct tcpstate_tcb_info - the whole TCB at one moment, RFC 9293 3.3.1
 * @iss: initial send sequence number
 * @snd_una: oldest unacknowledged
 * @snd_nxt: next to be sent for the first time
 * @snd_wnd: send window, octets, scaled
 * @snd_wl1: SEG.SEQ of the last window update
 * @snd_wl2: SEG.ACK of the last window update
 * @snd_up: the octet after the last urgent one; at or below @snd_una: none
 * @write_seq: end of the text that the user has queued: our FIN's number
 * @irs: initial receive sequence number; 0 before the peer's SYN
 * @rcv_nxt: next expected
 * @rcv_wnd: what is left of the window that we advertised, octets
 * @rcv_up: the octet after the peer's last urgent one; 0: none was announced
 * @cwnd: congestion window, octets
 * @ssthresh: slow start threshold, octets; 0x7fffffff: none yet
 * @srtt_us: smoothed round-trip time, microseconds; 0: no sample yet
 * @rttvar_us: its variation, microseconds
 * @rto_us: retransmission timeout as backed off now, microseconds
 * @rcv_queue: octets in order that the reader has not taken
 * @ooo_queue: octets held beyond a hole
 * @snd_mss: largest text that may go in one segment, octets
 * @snd_wscale: shift of the windows that we receive
 * @rcv_wscale: shift of the windows that we send
 * @state: TCP_*
 * @phase: of congestion control: TCP_CA_*
 * @backoff: how often the timeout has doubled
 * @dupacks: duplicate ACKs in a row
 *
 * Of a mini in TIME_WAIT only the numbers that it still has; the others are 0.
 */
struct tcpstate_tcb_info {
	__u32 iss;
	__u32 snd_una;
	__u32 snd_nxt;
	__u32 snd_wnd;
	__u32 snd_wl1;
	__u32 snd_wl2;
	__u32 snd_up;
	__u32 write_seq;
	__u32 irs;
	__u32 rcv_nxt;
	__u32 rcv_wnd;
	__u32 rcv_up;
	__u32 cwnd;
	__u32 ssthresh;
	__u32 srtt_us;
	__u32 rttvar_us;
	__u32 rto_us;
	__u32 rcv_queue;
	__u32 ooo_queue;
	__u16 snd_mss;
	__u8 snd_wscale;
	__u8 rcv_wscale;
	__u8 state;
	__u8 phase;
	__u8 backoff;
	__u8 dupacks;
};

/* What an entry of the recorder is about. */
enum tcpstate_record_kind {
	TCPSTATE_RECORD_NONE,		/* never recorded */
	TCPSTATE_RECORD_STATE,		/* an edge was taken: change */
	TCPSTATE_RECORD_SENT,		/* a segment went out: seg */
	TCPSTATE_RECORD_RETRANSMIT,	/* or again; why has the cause: seg */
	TCPSTATE_RECORD_RECEIVED,	/* came; why: verdict, drop: its reason: seg */
	TCPSTATE_RECORD_DROPPED,	/* its text did not stay; drop says why: seg */
	TCPSTATE_RECORD_TIMER,		/* fires: timer */
	TCPSTATE_RECORD_CONG,		/* the phase of congestion control changed: phase */
	TCPSTATE_RECORD_ARMED,		/* will fire: timer; only where the mask has it */
	TCPSTATE_RECORD_KINDS
};

/* Why a segment went again. */
enum tcpstate_record_cause {
	TCPSTATE_CAUSE_NONE,
	TCPSTATE_CAUSE_TIMEOUT,		/* the retransmission timer fired */
	TCPSTATE_CAUSE_DUPACKS,		/* three duplicate ACKs */
	TCPSTATE_CAUSE_PARTIAL_ACK,	/* an ACK in recovery showed the next hole */
	TCPSTATE_CAUSE_GO_BACK,		/* what else a timeout left, as the window opens */
	TCPSTATE_CAUSE_PROBE,		/* the window is shut (persist) */
	TCPSTATE_CAUSE_WINDOW,		/* the window has opened */
	TCPSTATE_CAUSE_MTU,		/* the path has become narrower */
	TCPSTATE_CAUSE_SYN,		/* the peer sent its SYN again */
	TCPSTATE_CAUSE_KEEPALIVE,	/* an old number, to ask whether the peer is there */
	TCPSTATE_CAUSES
};

/* Reasons in drop beside those of enum tcpstate_drop, for TCPSTATE_RECORD_DROPPED. */
enum tcpstate_record_lost {
	TCPSTATE_LOST_OLD = 128,	/* nothing new in it */
	TCPSTATE_LOST_WINDOW,		/* beyond the window, or the part that was */
	TCPSTATE_LOST_MEMORY,		/* no memory for text in order */
	TCPSTATE_LOST_OOO_MEMORY,	/* no memory for text beyond a hole */
	TCPSTATE_LOST_CLOSED,		/* text after the peer's FIN */
	TCPSTATE_LOST_NOBODY,		/* the user has closed: text that nobody will read */
	TCPSTATE_LOST_END
};

enum tcpstate_record_timer {
	TCPSTATE_TIMER_RETRANSMIT,
	TCPSTATE_TIMER_PERSIST,		/* the same timer, with nothing on its way */
	TCPSTATE_TIMER_DELACK,
	TCPSTATE_TIMER_KEEPALIVE,
	TCPSTATE_TIMER_FIN_WAIT2,	/* of an orphan */
	TCPSTATE_TIMER_2MSL,
	TCPSTATE_TIMERS
};

enum tcpstate_record_timer_what {
	TCPSTATE_TIMER_ARMED,
	TCPSTATE_TIMER_FIRED
};

/* Bits of seg.options; an MSS option is there where seg.mss is not 0. */
#define TCPSTATE_OPT_WSCALE_SHIFT	0x0f	/* the shift, with the next bit */
#define TCPSTATE_OPT_WSCALE		0x10
#define TCPSTATE_OPT_SACK_PERM		0x20
#define TCPSTATE_OPT_TSTAMP		0x40	/* seg.tsval, seg.tsecr */
#define TCPSTATE_OPT_SACK		0x80	/* blocks; which ones is not kept */

/**
 * struct tcpstate_record_event - an entry of the flight recorder
 * @time: nanoseconds of CLOCK_REALTIME
 * @number: of this entry in its connection, from 0; a gap shows that entries
 *	were overwritten
 * @kind: enum tcpstate_record_kind; readers pass over kinds that they do not know
 * @why: SENT and RETRANSMIT: enum tcpstate_record_cause; SENT has NONE, PROBE (new
 *	text into a shut window) or KEEPALIVE.  RECEIVED: enum tcpstate_verdict, 0
 *	is accepted.  Else 0
 * @drop: RECEIVED: enum tcpstate_drop, 0 where accepted.  DROPPED: enum
 *	tcpstate_record_lost.  Else 0
 * @segs: segments that this is of: bursts are sent, and come, as one; 0 counts as 1
 * @seg: of SENT, RETRANSMIT, RECEIVED, DROPPED
 * @seg.seq: SEG.SEQ
 * @seg.ack: SEG.ACK; meaningful with the ACK bit
 * @seg.len: octets of text, without SYN and FIN
 * @seg.tsval: timestamp value
 * @seg.tsecr: timestamp echo reply
 * @seg.wnd: window field as on the wire, not scaled
 * @seg.up: urgent pointer field
 * @seg.mss: MSS option, or 0
 * @seg.flags: control bits as in octet 13 of the header (FIN is 0x01)
 * @seg.options: TCPSTATE_OPT_*
 * @change: of STATE
 * @change.actions: set of TCPSTATE_ACT() bits that the edge asked for
 * @change.old: TCP_* before
 * @change.new: TCP_* after
 * @change.event: enum tcpstate_event
 * @change.mini: 1: of a mini in TIME_WAIT, 0: of a full socket
 * @timer: of TIMER
 * @timer.us: ARMED: in how many microseconds it will fire; 0xffffffff: or more
 * @timer.which: enum tcpstate_record_timer
 * @timer.what: enum tcpstate_record_timer_what
 * @phase: of CONG
 * @phase.old: TCP_CA_* before
 * @phase.new: TCP_CA_* after
 * @tcb: the whole TCB after it.  RECEIVED: after all that the segment did was
 *	done, so that of STATE entries, say, that follow it and come of it the TCB
 *	is the earlier one; where the segment ended the connection, as it was
 *	when that ended
 *
 * All in host byte order.  Later versions only append: TCPSTATE_A_EVENT_SIZE
 * says how long an entry is.
 */
struct tcpstate_record_event {
	__u64 time;
	__u32 number;
	__u8 kind;
	__u8 why;
	__u8 drop;
	__u8 segs;
	union {
		struct {
			__u32 seq;
			__u32 ack;
			__u32 len;
			__u32 tsval;
			__u32 tsecr;
			__u16 wnd;
			__u16 up;
			__u16 mss;
			__u8 flags;
			__u8 options;
		} seg;
		struct {
			__u32 actions;
			__u8 old;
			__u8 new;
			__u8 event;
			__u8 mini;
		} change;
		struct {
			__u32 us;
			__u8 which;
			__u8 what;
			__u16 pad;
		} timer;
		struct {
			__u8 old;
			__u8 new;
			__u16 pad;
		} phase;
	};
	struct tcpstate_tcb_info tcb;
};

/*
 * Largest number of entries that TCPSTATE_RECORD and net.tcpstate.record take.
 * Memory is taken as entries come, 4096 octets for each 32 of them; where at most 64
 * are kept, 1024 for each 8, the first of which a recorder has from the beginning.
 */
#define TCPSTATE_RECORD_MAX	32768

/* --- generic netlink --- */

#define TCPSTATE_GENL_NAME	"tcpstate"
#define TCPSTATE_GENL_VERSION	1
/* Multicast group: a TCPSTATE_CMD_STATE for each edge that is taken. */
#define TCPSTATE_GENL_STATES	"states"

/*
 * GET_RECORD (dump): the recorder's entries.  Needs CAP_NET_ADMIN in the user
 *	namespace that owns the network namespace: with a connection's numbers
 *	one could break into it.  Of each record come one or more messages, one
 *	behind another: the first with everything that stands under "of a
 *	connection" below, then RECORD, EVENT_SIZE and EVENTS; further ones with
 *	RECORD, EVENT_SIZE and EVENTS alone.  Oldest connection first, live ones and
 *	dead.  A request may have COOKIE, RECORD, LIFE, SINCE.  Entries that are
 *	overwritten while the dump runs are left out, and leave a gap.
 *	-ENOENT: no record has the COOKIE or the RECORD that was asked for.
 * GET_EDGES (dump): the table that the module runs, cell by cell: STATE,
 *	STATE_NAME, EVENT, EVENT_NAME, EDGE_KIND, WHY; where EDGE_KIND is 2 also
 *	NEXT_STATE, ACTIONS and TAKEN.
 * FORGET (do): throw the records of dead connections away.  Needs CAP_NET_ADMIN
 *	as above.  A request may have COOKIE or RECORD: only that one; -ENOENT.
 * STATE: notification: TIME, OLD_STATE, STATE, EVENT, ACTIONS, MINI and what
 *	stands under "of a connection".
 */
enum tcpstate_cmd {
	TCPSTATE_CMD_UNSPEC,
	TCPSTATE_CMD_GET_RECORD,
	TCPSTATE_CMD_GET_EDGES,
	TCPSTATE_CMD_FORGET,
	TCPSTATE_CMD_STATE,
	TCPSTATE_CMD_COUNT
};

/* Which records GET_RECORD tells of: TCPSTATE_A_LIFE; absent: both. */
enum tcpstate_life {
	TCPSTATE_LIFE_LIVE = 1,
	TCPSTATE_LIFE_DEAD = 2,
	TCPSTATE_LIFE_BOTH = 3
};

/*
 * Attributes of the family's messages and, nested in TCPSTATE_DIAG, of
 * sock_diag.  Numbers are in host byte order but for ports and addresses.
 */
enum tcpstate_attr {
	TCPSTATE_A_UNSPEC,
	TCPSTATE_A_PAD,
	/* Of a connection. */
	TCPSTATE_A_COOKIE,	/* u64: SO_COOKIE of its socket; a child has its own */
	TCPSTATE_A_FAMILY,	/* u16: AF_INET, AF_INET6: of the addresses */
	TCPSTATE_A_WIRE,	/* u8: IP protocol */
	TCPSTATE_A_LOCAL_ADDR,	/* 4 or 16 octets, network byte order */
	TCPSTATE_A_REMOTE_ADDR,	/* likewise; 0.0.0.0 of a listener */
	TCPSTATE_A_LOCAL_PORT,	/* u16, network byte order */
	TCPSTATE_A_REMOTE_PORT,	/* likewise; 0 of a listener */
	TCPSTATE_A_STATE,	/* u8: TCP_*, now, or after the change */
	TCPSTATE_A_PID,		/* u32: process that made or accepted the socket (of a child
				 * that nobody has accepted: the listener's), as the reader's
				 * pid namespace numbers it, absent where it has no number;
				 * in STATE as its own innermost pid namespace does
				 */
	TCPSTATE_A_COMM,	/* string, at most 15 octets: its name at that time */
	TCPSTATE_A_UID,		/* u32: owner of the socket, as the reader numbers users */
	TCPSTATE_A_DEAD,	/* flag: the connection is over */
	TCPSTATE_A_MINI,	/* flag: in TIME_WAIT without a socket */
	/* Of a record. */
	TCPSTATE_A_RECORD,	/* u64: its number; grows, never used twice in a namespace */
	TCPSTATE_A_LIMIT,	/* u32: the last so many entries are kept (K) */
	TCPSTATE_A_NEXT,	/* u32: number that the next entry will have: entries made so far */
	TCPSTATE_A_EVENT_SIZE,	/* u16: octets of one entry in EVENTS */
	TCPSTATE_A_EVENTS,	/* array of struct tcpstate_record_event, oldest first; perhaps
				 * aligned to 4 octets only
				 */
	TCPSTATE_A_LIFE,	/* u8, request: enum tcpstate_life */
	TCPSTATE_A_SINCE,	/* u32, request: only entries from this number on */
	/* Of a change of state, or of a cell of the table. */
	TCPSTATE_A_TIME,	/* u64: nanoseconds of CLOCK_REALTIME */
	TCPSTATE_A_OLD_STATE,	/* u8: TCP_* */
	TCPSTATE_A_EVENT,	/* u8: enum tcpstate_event */
	TCPSTATE_A_ACTIONS,	/* u32: set of TCPSTATE_ACT() bits */
	TCPSTATE_A_NEXT_STATE,	/* u8: TCP_* */
	TCPSTATE_A_EDGE_KIND,	/* u8: enum tcpstate_edge_kind: 0 never, 1 ignore, 2 move */
	TCPSTATE_A_TAKEN,	/* u32: how often, in this namespace */
	TCPSTATE_A_STATE_NAME,	/* string */
	TCPSTATE_A_EVENT_NAME,	/* string */
	TCPSTATE_A_WHY,		/* string: the RFC's reason, one sentence */
	/* Of sock_diag. */
	TCPSTATE_A_TCB,		/* struct tcpstate_tcb_info, may grow; CAP_NET_ADMIN as above */
	TCPSTATE_A_COUNT
};

/* --- sock_diag --- */

/*
 * SOCK_DIAG_BY_FAMILY and SOCK_DESTROY with sdiag_family AF_TCPSTATE take a
 * struct inet_diag_req_v2 and answer with a struct inet_diag_msg, as the in-tree
 * TCP does, of every listener, connection and mini in TIME_WAIT.  A socket
 * without a name in the tables (fresh, bound only, or finished) is not told of.
 *
 * Request: sdiag_protocol: the wire: 0 any, 6, 253.  idiag_states: a set of
 *	1 << TCP_*; SYN_RECV is that bit, minis are TIME_WAIT.  idiag_ext: as
 *	in-tree, INET_DIAG_INFO, INET_DIAG_MEMINFO, INET_DIAG_SKMEMINFO,
 *	INET_DIAG_CONG, INET_DIAG_TOS.  With NLM_F_DUMP the names in id filter
 *	where they are not 0 (ports, addresses, interface), and INET_DIAG_REQ_BYTECODE
 *	is refused (-EOPNOTSUPP).  Without, id names one socket whole: both
 *	addresses and ports (the remote ones 0 for a listener), the cookie or
 *	INET_DIAG_NOCOOKIE twice; -ENOENT, or -ESTALE where the cookie is another's.
 *	sdiag_protocol 0 is 6 there.
 * Answer: idiag_family is that of the addresses, AF_INET.  Attributes: those
 *	asked for, INET_DIAG_SHUTDOWN, INET_DIAG_MARK (CAP_NET_ADMIN), INET_DIAG_PROTOCOL
 *	(the wire) and TCPSTATE_DIAG.  A dump may tell of one twice where a table
 *	grew meanwhile; none that is there all the time is left out.
 * SOCK_DESTROY (CAP_NET_ADMIN as above): ABORT; the user of the socket finds
 *	ECONNABORTED.  A mini in TIME_WAIT just ends.
 */

/*
 * Nested (NLA_F_NESTED): what stands under "of a connection" above (not FAMILY, LOCAL_ADDR and
 * the like, which stand in struct inet_diag_msg), RECORD where there is one, and TCB.
 */
#define TCPSTATE_DIAG	128

#endif /* _UAPI_LINUX_TCPSTATE_NETLINK_H */

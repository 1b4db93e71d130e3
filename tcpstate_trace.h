/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: one per kind of thing that happens.  Fields, not sentences.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tcpstate

#if !defined(TCPSTATE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define TCPSTATE_TRACE_H

#include <linux/tracepoint.h>

#include "tcpstate.h"

#ifndef TCPSTATE_TRACE_HELPERS
#define TCPSTATE_TRACE_HELPERS
/* A name as "%pISpc" prints it. */
static inline void tcpstate_trace_name(struct sockaddr_in6 *sa, const struct in6_addr *addr,
				       __be16 port)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)sa;

	memset(sa, 0, sizeof(*sa));
	if (ipv6_addr_v4mapped(addr)) {
		sin->sin_family = AF_INET;
		sin->sin_addr.s_addr = addr->s6_addr32[3];
		sin->sin_port = port;
		return;
	}
	sa->sin6_family = AF_INET6;
	sa->sin6_addr = *addr;
	sa->sin6_port = port;
}

static inline const struct tcpstate_timewait *tcpstate_trace_mini(const struct tcpstate_flow *flow)
{
	return flow->kind == TCPSTATE_FLOW_TIMEWAIT ?
		container_of(flow, struct tcpstate_timewait, flow) : NULL;
}

static inline const struct tcpstate_request *
tcpstate_trace_request(const struct tcpstate_flow *flow)
{
	return flow->kind == TCPSTATE_FLOW_REQUEST ?
		container_of(flow, struct tcpstate_request, flow) : NULL;
}

static inline u32 tcpstate_trace_iss(const struct tcpstate_flow *flow)
{
	const struct tcpstate_request *req = tcpstate_trace_request(flow);
	const struct tcpstate_timewait *tw = tcpstate_trace_mini(flow);

	if (req)
		return req->iss;
	return tw ? tw->iss : container_of(flow, struct tcpstate_sock, flow)->tcb.iss;
}

static inline u32 tcpstate_trace_irs(const struct tcpstate_flow *flow)
{
	const struct tcpstate_request *req = tcpstate_trace_request(flow);
	const struct tcpstate_timewait *tw = tcpstate_trace_mini(flow);

	if (req)
		return req->syn.seq;
	return tw ? tw->irs : container_of(flow, struct tcpstate_sock, flow)->tcb.irs;
}

static inline u8 tcpstate_trace_rcv_wscale(const struct tcpstate_flow *flow)
{
	const struct tcpstate_request *req = tcpstate_trace_request(flow);
	const struct tcpstate_timewait *tw = tcpstate_trace_mini(flow);

	if (req)
		return req->syn.opt.has_wscale ? req->wscale : 0;
	return tw ? tw->rcv_wscale :
		    container_of(flow, struct tcpstate_sock, flow)->tcb.rcv_wscale;
}
#endif

#define tcpstate_trace_flag_names			\
	{ TCPSTATE_FIN, "FIN" }, { TCPSTATE_SYN, "SYN" },	\
	{ TCPSTATE_RST, "RST" }, { TCPSTATE_PSH, "PSH" },	\
	{ TCPSTATE_ACK, "ACK" }, { TCPSTATE_URG, "URG" }

#define tcpstate_trace_state_names			\
	{ TCPSTATE_ESTABLISHED, "ESTABLISHED" }, { TCPSTATE_SYN_SENT, "SYN_SENT" }, \
	{ TCPSTATE_SYN_RECV, "SYN_RECV" }, { TCPSTATE_FIN_WAIT1, "FIN_WAIT1" }, \
	{ TCPSTATE_FIN_WAIT2, "FIN_WAIT2" }, { TCPSTATE_TIME_WAIT, "TIME_WAIT" }, \
	{ TCPSTATE_CLOSE, "CLOSE" }, { TCPSTATE_CLOSE_WAIT, "CLOSE_WAIT" }, \
	{ TCPSTATE_LAST_ACK, "LAST_ACK" }, { TCPSTATE_LISTEN, "LISTEN" }, \
	{ TCPSTATE_CLOSING, "CLOSING" }

#define tcpstate_trace_event_names			\
	{ TCPSTATE_EV_PASSIVE_OPEN, "PASSIVE_OPEN" },	\
	{ TCPSTATE_EV_ACTIVE_OPEN, "ACTIVE_OPEN" },	\
	{ TCPSTATE_EV_CLOSE, "CLOSE" }, { TCPSTATE_EV_ABORT, "ABORT" }, \
	{ TCPSTATE_EV_RCV_SYN, "RCV_SYN" },		\
	{ TCPSTATE_EV_RCV_SYN_ACK, "RCV_SYN_ACK" },	\
	{ TCPSTATE_EV_RCV_ACK_OF_SYN, "RCV_ACK_OF_SYN" }, \
	{ TCPSTATE_EV_RCV_ACK_OF_FIN, "RCV_ACK_OF_FIN" }, \
	{ TCPSTATE_EV_RCV_FIN, "RCV_FIN" }, { TCPSTATE_EV_RCV_RST, "RCV_RST" }, \
	{ TCPSTATE_EV_RCV_HARD_ERROR, "RCV_HARD_ERROR" }, \
	{ TCPSTATE_EV_USER_TIMEOUT, "USER_TIMEOUT" },	\
	{ TCPSTATE_EV_TIME_WAIT_TIMEOUT, "TIME_WAIT_TIMEOUT" }

#define tcpstate_trace_action_names			\
	{ TCPSTATE_ACT(ACK_NOW), "ack-now" }, { TCPSTATE_ACT(PUSH), "push" }, \
	{ TCPSTATE_ACT(SEND_RST), "send-rst" },		\
	{ TCPSTATE_ACT(START_2MSL), "start-2msl" },	\
	{ TCPSTATE_ACT(CONNECTED), "connected" }, { TCPSTATE_ACT(EOF), "eof" }, \
	{ TCPSTATE_ACT(REFUSED), "refused" }, { TCPSTATE_ACT(RESET), "reset" }, \
	{ TCPSTATE_ACT(BROKEN), "broken" }, { TCPSTATE_ACT(TIMED_OUT), "timed-out" }, \
	{ TCPSTATE_ACT(UNREACHABLE), "unreachable" },	\
	{ TCPSTATE_ACT(WAKE), "wake" }, { TCPSTATE_ACT(DELETE_TCB), "delete-tcb" }

#define tcpstate_trace_cause_names			\
	{ TCPSTATE_CAUSE_NONE, "none" },		\
	{ TCPSTATE_CAUSE_TIMEOUT, "timeout" },		\
	{ TCPSTATE_CAUSE_DUPACKS, "dupacks" },		\
	{ TCPSTATE_CAUSE_PARTIAL_ACK, "partial-ack" },	\
	{ TCPSTATE_CAUSE_GO_BACK, "go-back" },		\
	{ TCPSTATE_CAUSE_PROBE, "probe" },		\
	{ TCPSTATE_CAUSE_WINDOW, "window" },		\
	{ TCPSTATE_CAUSE_MTU, "mtu" },			\
	{ TCPSTATE_CAUSE_SYN, "syn" },			\
	{ TCPSTATE_CAUSE_KEEPALIVE, "keepalive" }

#define tcpstate_trace_timer_names			\
	{ TCPSTATE_TIMER_RETRANSMIT, "retransmit" },	\
	{ TCPSTATE_TIMER_PERSIST, "persist" },		\
	{ TCPSTATE_TIMER_DELACK, "delack" },		\
	{ TCPSTATE_TIMER_KEEPALIVE, "keepalive" },	\
	{ TCPSTATE_TIMER_FIN_WAIT2, "fin-wait2" },	\
	{ TCPSTATE_TIMER_2MSL, "2msl" }

#define tcpstate_trace_phase_names			\
	{ TCPSTATE_PHASE_OPEN, "open" },		\
	{ TCPSTATE_PHASE_DISORDER, "disorder" },	\
	{ TCPSTATE_PHASE_CWR, "CWR" },			\
	{ TCPSTATE_PHASE_RECOVERY, "recovery" },	\
	{ TCPSTATE_PHASE_LOSS, "loss" }

#define tcpstate_trace_drop_names				\
	{ TCPSTATE_DROP_NONE, "none" },				\
	{ TCPSTATE_DROP_SEQUENCE, "sequence" },			\
	{ TCPSTATE_DROP_RST_SEQUENCE, "rst-sequence" },		\
	{ TCPSTATE_DROP_RST_NO_CONN, "rst-no-conn" },		\
	{ TCPSTATE_DROP_SYN_IN_CONN, "syn-in-conn" },		\
	{ TCPSTATE_DROP_SYN_FIN, "syn-fin" },			\
	{ TCPSTATE_DROP_NO_ACK, "no-ack" },			\
	{ TCPSTATE_DROP_NO_SYN, "no-syn" },			\
	{ TCPSTATE_DROP_ACK_UNSENT, "ack-unsent" },		\
	{ TCPSTATE_DROP_ACK_OLD, "ack-old" },			\
	{ TCPSTATE_DROP_UNEXPECTED_ACK, "unexpected-ack" },	\
	{ TCPSTATE_DROP_NO_TSTAMP, "no-tstamp" },		\
	{ TCPSTATE_DROP_PAWS, "paws" },				\
	{ TCPSTATE_LOST_OLD, "old" },				\
	{ TCPSTATE_LOST_WINDOW, "window" },			\
	{ TCPSTATE_LOST_MEMORY, "memory" },			\
	{ TCPSTATE_LOST_OOO_MEMORY, "ooo-memory" },		\
	{ TCPSTATE_LOST_CLOSED, "closed" },			\
	{ TCPSTATE_LOST_NOBODY, "nobody" }

TRACE_EVENT(tcpstate_state,
	TP_PROTO(const struct tcpstate_net *tn, const struct tcpstate_flow *flow, u8 old,
		 u8 event, const struct tcpstate_edge *edge),
	TP_ARGS(tn, flow, old, event, edge),
	TP_STRUCT__entry(
		__field(unsigned int, netns)
		__field(u8, wire)
		__field(u8, old)
		__field(u8, new)
		__field(u8, event)
		__field(u8, kind)
		__field(u16, actions)
		__array(u8, local, sizeof(struct sockaddr_in6))
		__array(u8, remote, sizeof(struct sockaddr_in6))
	),
	TP_fast_assign(
		__entry->netns = tn->net->ns.inum;
		__entry->wire = flow->key.wire;
		__entry->old = old;
		__entry->new = edge->next;
		__entry->event = event;
		__entry->kind = flow->kind;
		__entry->actions = edge->actions;
		tcpstate_trace_name((struct sockaddr_in6 *)__entry->local,
				    &flow->key.local, flow->key.lport);
		tcpstate_trace_name((struct sockaddr_in6 *)__entry->remote,
				    &flow->key.remote, flow->key.rport);
	),
	TP_printk("netns=%u wire=%u local=%pISpc remote=%pISpc %s -> %s event=%s kind=%s actions=%s",
		  __entry->netns, __entry->wire, __entry->local, __entry->remote,
		  __print_symbolic(__entry->old, tcpstate_trace_state_names),
		  __print_symbolic(__entry->new, tcpstate_trace_state_names),
		  __print_symbolic(__entry->event, tcpstate_trace_event_names),
		  __print_symbolic(__entry->kind, { TCPSTATE_FLOW_FULL, "full" },
				   { TCPSTATE_FLOW_REQUEST, "request" },
				   { TCPSTATE_FLOW_TIMEWAIT, "timewait" }),
		  __entry->actions ? __print_flags(__entry->actions, ",",
						   tcpstate_trace_action_names) : "none")
);

TRACE_EVENT(tcpstate_send,
	TP_PROTO(const struct tcpstate_net *tn, const struct tcpstate_flow *flow,
		 const struct tcpstate_seg *seg),
	TP_ARGS(tn, flow, seg),
	TP_STRUCT__entry(
		__field(unsigned int, netns)
		__field(u8, state)
		__field(u8, flags)
		__field(u32, seq)
		__field(u32, ack)
		__field(u32, len)
		__field(u32, wnd)
		__array(u8, local, sizeof(struct sockaddr_in6))
		__array(u8, remote, sizeof(struct sockaddr_in6))
	),
	TP_fast_assign(
		u8 scale = seg->flags & TCPSTATE_SYN ? 0 : tcpstate_trace_rcv_wscale(flow);

		__entry->netns = tn->net->ns.inum;
		__entry->state = flow->state;
		__entry->flags = seg->flags;
		__entry->seq = seg->seq - tcpstate_trace_iss(flow);
		__entry->ack = seg->flags & TCPSTATE_ACK ?
			       seg->ack - tcpstate_trace_irs(flow) : 0;
		__entry->len = seg->len;
		__entry->wnd = (u32)seg->wnd << scale;
		tcpstate_trace_name((struct sockaddr_in6 *)__entry->local,
				    &flow->key.local, flow->key.lport);
		tcpstate_trace_name((struct sockaddr_in6 *)__entry->remote,
				    &flow->key.remote, flow->key.rport);
	),
	TP_printk("netns=%u local=%pISpc remote=%pISpc state=%s seq=%u ack=%u len=%u wnd=%u flags=%s",
		  __entry->netns, __entry->local, __entry->remote,
		  __print_symbolic(__entry->state, tcpstate_trace_state_names),
		  __entry->seq, __entry->ack, __entry->len, __entry->wnd,
		  __print_flags(__entry->flags, "|", tcpstate_trace_flag_names))
);

TRACE_EVENT(tcpstate_receive,
	TP_PROTO(const struct tcpstate_net *tn, const struct tcpstate_flow *flow,
		 const struct tcpstate_seg *seg, u8 verdict, u8 reason),
	TP_ARGS(tn, flow, seg, verdict, reason),
	TP_STRUCT__entry(
		__field(unsigned int, netns)
		__field(u8, state)
		__field(u8, flags)
		__field(u8, verdict)
		__field(u8, reason)
		__field(u32, seq)
		__field(u32, ack)
		__field(u32, len)
		__field(u16, wnd)
		__array(u8, local, sizeof(struct sockaddr_in6))
		__array(u8, remote, sizeof(struct sockaddr_in6))
	),
	TP_fast_assign(
		__entry->netns = tn->net->ns.inum;
		__entry->state = flow->state;
		__entry->flags = seg->flags;
		__entry->verdict = verdict;
		__entry->reason = reason;
		__entry->seq = seg->seq - tcpstate_trace_irs(flow);
		__entry->ack = seg->flags & TCPSTATE_ACK ?
			       seg->ack - tcpstate_trace_iss(flow) : 0;
		__entry->len = seg->len;
		__entry->wnd = seg->wnd;
		tcpstate_trace_name((struct sockaddr_in6 *)__entry->local,
				    &flow->key.local, flow->key.lport);
		tcpstate_trace_name((struct sockaddr_in6 *)__entry->remote,
				    &flow->key.remote, flow->key.rport);
	),
	TP_printk("netns=%u local=%pISpc remote=%pISpc state=%s seq=%u ack=%u len=%u wnd=%u flags=%s verdict=%s reason=%s",
		  __entry->netns, __entry->local, __entry->remote,
		  __print_symbolic(__entry->state, tcpstate_trace_state_names),
		  __entry->seq, __entry->ack, __entry->len, __entry->wnd,
		  __print_flags(__entry->flags, "|", tcpstate_trace_flag_names),
		  __print_symbolic(__entry->verdict,
				   { TCPSTATE_SEG_ACCEPT, "accept" },
				   { TCPSTATE_SEG_DROP, "drop" },
				   { TCPSTATE_SEG_ACK, "ack" },
				   { TCPSTATE_SEG_CHALLENGE, "challenge" },
				   { TCPSTATE_SEG_SYN_AGAIN, "syn-again" },
				   { TCPSTATE_SEG_RST, "rst" }),
		  __print_symbolic(__entry->reason, tcpstate_trace_drop_names))
);

TRACE_EVENT(tcpstate_retransmit,
	TP_PROTO(const struct sock *sk, u32 seq, u32 len, u8 cause),
	TP_ARGS(sk, seq, len, cause),
	TP_STRUCT__entry(
		__field(unsigned int, netns)
		__field(u8, state)
		__field(u8, cause)
		__field(u8, backoff)
		__field(u32, seq)
		__field(u32, len)
		__field(u32, cwnd)
		__field(u32, ssthresh)
		__array(u8, local, sizeof(struct sockaddr_in6))
		__array(u8, remote, sizeof(struct sockaddr_in6))
	),
	TP_fast_assign(
		const struct tcpstate_sock *ts = tcpstate_sk(sk);

		__entry->netns = sock_net(sk)->ns.inum;
		__entry->state = ts->flow.state;
		__entry->cause = cause;
		__entry->backoff = ts->rtt.backoff;
		__entry->seq = seq - ts->tcb.iss;
		__entry->len = len;
		__entry->cwnd = ts->cong.cwnd;
		__entry->ssthresh = ts->cong.ssthresh;
		tcpstate_trace_name((struct sockaddr_in6 *)__entry->local,
				    &ts->flow.key.local, ts->flow.key.lport);
		tcpstate_trace_name((struct sockaddr_in6 *)__entry->remote,
				    &ts->flow.key.remote, ts->flow.key.rport);
	),
	TP_printk("netns=%u local=%pISpc remote=%pISpc state=%s seq=%u len=%u cause=%s backoff=%u cwnd=%u ssthresh=%u",
		  __entry->netns, __entry->local, __entry->remote,
		  __print_symbolic(__entry->state, tcpstate_trace_state_names),
		  __entry->seq, __entry->len,
		  __print_symbolic(__entry->cause, tcpstate_trace_cause_names),
		  __entry->backoff, __entry->cwnd, __entry->ssthresh)
);

TRACE_EVENT(tcpstate_drop,
	TP_PROTO(const struct tcpstate_net *tn, const struct tcpstate_flow *flow,
		 const struct tcpstate_seg *seg, u8 reason),
	TP_ARGS(tn, flow, seg, reason),
	TP_STRUCT__entry(
		__field(unsigned int, netns)
		__field(u8, state)
		__field(u8, flags)
		__field(u8, reason)
		__field(u32, seq)
		__field(u32, len)
		__array(u8, local, sizeof(struct sockaddr_in6))
		__array(u8, remote, sizeof(struct sockaddr_in6))
	),
	TP_fast_assign(
		__entry->netns = tn->net->ns.inum;
		__entry->state = flow->state;
		__entry->flags = seg->flags;
		__entry->reason = reason;
		__entry->seq = seg->seq - tcpstate_trace_irs(flow);
		__entry->len = seg->len;
		tcpstate_trace_name((struct sockaddr_in6 *)__entry->local,
				    &flow->key.local, flow->key.lport);
		tcpstate_trace_name((struct sockaddr_in6 *)__entry->remote,
				    &flow->key.remote, flow->key.rport);
	),
	TP_printk("netns=%u local=%pISpc remote=%pISpc state=%s seq=%u len=%u flags=%s reason=%s",
		  __entry->netns, __entry->local, __entry->remote,
		  __print_symbolic(__entry->state, tcpstate_trace_state_names),
		  __entry->seq, __entry->len,
		  __print_flags(__entry->flags, "|", tcpstate_trace_flag_names),
		  __print_symbolic(__entry->reason, tcpstate_trace_drop_names))
);

TRACE_EVENT(tcpstate_timer,
	TP_PROTO(const struct tcpstate_net *tn, const struct tcpstate_flow *flow, u8 which,
		 u8 what, unsigned long delay),
	TP_ARGS(tn, flow, which, what, delay),
	TP_STRUCT__entry(
		__field(unsigned int, netns)
		__field(u8, state)
		__field(u8, which)
		__field(u8, what)
		__field(unsigned int, ms)
		__array(u8, local, sizeof(struct sockaddr_in6))
		__array(u8, remote, sizeof(struct sockaddr_in6))
	),
	TP_fast_assign(
		__entry->netns = tn->net->ns.inum;
		__entry->state = flow->state;
		__entry->which = which;
		__entry->what = what;
		__entry->ms = jiffies_to_msecs(delay);
		tcpstate_trace_name((struct sockaddr_in6 *)__entry->local,
				    &flow->key.local, flow->key.lport);
		tcpstate_trace_name((struct sockaddr_in6 *)__entry->remote,
				    &flow->key.remote, flow->key.rport);
	),
	TP_printk("netns=%u local=%pISpc remote=%pISpc state=%s timer=%s %s ms=%u",
		  __entry->netns, __entry->local, __entry->remote,
		  __print_symbolic(__entry->state, tcpstate_trace_state_names),
		  __print_symbolic(__entry->which, tcpstate_trace_timer_names),
		  __entry->what == TCPSTATE_TIMER_ARMED ? "armed" : "fired", __entry->ms)
);

TRACE_EVENT(tcpstate_congestion,
	TP_PROTO(const struct sock *sk, u8 old),
	TP_ARGS(sk, old),
	TP_STRUCT__entry(
		__field(unsigned int, netns)
		__field(u8, old)
		__field(u8, new)
		__field(u32, cwnd)
		__field(u32, ssthresh)
		__array(u8, local, sizeof(struct sockaddr_in6))
		__array(u8, remote, sizeof(struct sockaddr_in6))
	),
	TP_fast_assign(
		const struct tcpstate_sock *ts = tcpstate_sk(sk);

		__entry->netns = sock_net(sk)->ns.inum;
		__entry->old = old;
		__entry->new = ts->cong.phase;
		__entry->cwnd = ts->cong.cwnd;
		__entry->ssthresh = ts->cong.ssthresh;
		tcpstate_trace_name((struct sockaddr_in6 *)__entry->local,
				    &ts->flow.key.local, ts->flow.key.lport);
		tcpstate_trace_name((struct sockaddr_in6 *)__entry->remote,
				    &ts->flow.key.remote, ts->flow.key.rport);
	),
	TP_printk("netns=%u local=%pISpc remote=%pISpc %s -> %s cwnd=%u ssthresh=%u",
		  __entry->netns, __entry->local, __entry->remote,
		  __print_symbolic(__entry->old, tcpstate_trace_phase_names),
		  __print_symbolic(__entry->new, tcpstate_trace_phase_names),
		  __entry->cwnd, __entry->ssthresh)
);

#endif /* TCPSTATE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE tcpstate_trace
#include <trace/define_trace.h>

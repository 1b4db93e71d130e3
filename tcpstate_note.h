/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What happens is told to the tracers and to the flight recorder at once: a
 * tracepoint and an entry for each kind of event.  With both off the cost is a
 * static branch, and a load with a branch.
 */
#ifndef TCPSTATE_NOTE_H
#define TCPSTATE_NOTE_H

#include "tcpstate.h"
#include "tcpstate_trace.h"

/* The recorder of a flow, or NULL. */
static inline const struct tcpstate_record *tcpstate_note_recorder(const struct tcpstate_flow *flow)
{
	if (likely(flow->kind == TCPSTATE_FLOW_FULL))
		return container_of(flow, const struct tcpstate_sock, flow)->record;
	if (flow->kind == TCPSTATE_FLOW_TIMEWAIT)
		return container_of(flow, const struct tcpstate_timewait, flow)->record;
	return container_of(flow, const struct tcpstate_request, flow)->record;
}

static inline bool tcpstate_note_wanted(const struct tcpstate_flow *flow)
{
	return tcpstate_note_recorder(flow);
}

/* An edge was taken; the new state is stored. */
static inline void tcpstate_note_state(struct tcpstate_net *tn, struct tcpstate_flow *flow,
				       u8 old, u8 event, const struct tcpstate_edge *edge)
{
	trace_tcpstate_state(tn, flow, old, event, edge);
	if (tcpstate_note_wanted(flow))
		tcpstate_record_change(flow, old, event, edge->actions);
}

/* Whether a segment that goes out is to be told of. */
static inline bool tcpstate_note_sending(const struct sock *sk)
{
	return trace_tcpstate_send_enabled() || trace_tcpstate_retransmit_enabled() ||
	       unlikely(tcpstate_sk(sk)->record);
}

/* A segment is about to go to IP.  Cause: enum tcpstate_record_cause; segs: of a burst. */
static inline void tcpstate_note_sent(struct sock *sk, const struct tcpstate_seg *seg,
				      bool again, u8 cause, u32 segs)
{
	struct tcpstate_flow *flow = &tcpstate_sk(sk)->flow;

	trace_tcpstate_send(tcpstate_sk_net(sk), flow, seg);
	if (again)
		trace_tcpstate_retransmit(sk, seg->seq, seg->len, cause);
	if (unlikely(tcpstate_sk(sk)->record))
		tcpstate_record_segment(flow, again ? TCPSTATE_RECORD_RETRANSMIT :
						      TCPSTATE_RECORD_SENT, seg, cause, 0, segs);
}

/* A mini sends.  Cause: not NONE: the SYN+ACK again. */
static inline void tcpstate_note_reply(struct tcpstate_net *tn, struct tcpstate_flow *flow,
				       const struct tcpstate_reply *reply, u8 cause)
{
	struct tcpstate_seg seg = {
		.seq = reply->seq,
		.ack = reply->ack,
		.wnd = reply->wnd,
		.flags = reply->flags,
		.opt = reply->opt,
	};

	trace_tcpstate_send(tn, flow, &seg);
	if (unlikely(tcpstate_note_wanted(flow)))
		tcpstate_record_segment(flow, cause ? TCPSTATE_RECORD_RETRANSMIT :
						      TCPSTATE_RECORD_SENT, &seg, cause, 0, 1);
}

/* A segment has come and was checked; for a full socket tcpstate_note_taken() follows. */
static inline void tcpstate_note_received(struct tcpstate_net *tn, struct tcpstate_flow *flow,
					  const struct tcpstate_seg *seg,
					  const struct tcpstate_check *check, u32 segs)
{
	trace_tcpstate_receive(tn, flow, seg, check->verdict, check->reason);
	if (check->verdict != TCPSTATE_SEG_ACCEPT)
		trace_tcpstate_drop(tn, flow, seg, check->reason);
	if (unlikely(tcpstate_note_wanted(flow)))
		tcpstate_record_segment(flow, TCPSTATE_RECORD_RECEIVED, seg, check->verdict,
					check->reason, segs);
}

/* All that was in it has been taken, or refused. */
static inline void tcpstate_note_taken(struct sock *sk)
{
	const struct tcpstate_record *rec = tcpstate_sk(sk)->record;

	if (unlikely(rec && rec->unsettled))
		tcpstate_record_settle(sk);
}

/* Text, or some of it, did not stay.  Reason: enum tcpstate_record_lost. */
static inline void tcpstate_note_dropped(struct sock *sk, const struct tcpstate_seg *seg,
					 u8 reason)
{
	struct tcpstate_flow *flow = &tcpstate_sk(sk)->flow;

	trace_tcpstate_drop(tcpstate_sk_net(sk), flow, seg, reason);
	if (unlikely(tcpstate_sk(sk)->record))
		tcpstate_record_segment(flow, TCPSTATE_RECORD_DROPPED, seg, 0, reason, 1);
}

/* A timer will fire in so many jiffies. */
static inline void tcpstate_note_armed(struct tcpstate_net *tn, struct tcpstate_flow *flow,
				       u8 which, unsigned long delay)
{
	const struct tcpstate_record *rec = tcpstate_note_recorder(flow);

	trace_tcpstate_timer(tn, flow, which, TCPSTATE_TIMER_ARMED, delay);
	if (unlikely(rec && (rec->mask & BIT(TCPSTATE_RECORD_ARMED))))
		tcpstate_record_timer(flow, which, TCPSTATE_TIMER_ARMED, delay);
}

static inline void tcpstate_note_fired(struct tcpstate_net *tn, struct tcpstate_flow *flow,
				       u8 which)
{
	trace_tcpstate_timer(tn, flow, which, TCPSTATE_TIMER_FIRED, 0);
	if (unlikely(tcpstate_note_wanted(flow)))
		tcpstate_record_timer(flow, which, TCPSTATE_TIMER_FIRED, 0);
}

/* Congestion control was told of something; its phase may be another than before. */
static inline void tcpstate_note_phase(struct sock *sk, u8 old)
{
	if (tcpstate_sk(sk)->cong.phase == old)
		return;
	trace_tcpstate_congestion(sk, old);
	if (unlikely(tcpstate_sk(sk)->record))
		tcpstate_record_phase(sk, old);
}

#endif /* TCPSTATE_NOTE_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * The module's attributes and records to ours: absolute sequence numbers become
 * relative ones, numbers of causes become words.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "connection.h"
#include "tcpstate_tcb.h"

#define INFINITE	0x7fffffffu

static const char * const causes[] = {
	[TCPSTATE_CAUSE_NONE]		= "",
	[TCPSTATE_CAUSE_TIMEOUT]	= "timeout",
	[TCPSTATE_CAUSE_DUPACKS]	= "3 duplicate ACKs",
	[TCPSTATE_CAUSE_PARTIAL_ACK]	= "partial ACK",
	[TCPSTATE_CAUSE_GO_BACK]	= "after the timeout",
	[TCPSTATE_CAUSE_PROBE]		= "window probe",
	[TCPSTATE_CAUSE_WINDOW]		= "the window opened",
	[TCPSTATE_CAUSE_MTU]		= "narrower path",
	[TCPSTATE_CAUSE_SYN]		= "the peer's SYN again",
	[TCPSTATE_CAUSE_KEEPALIVE]	= "keep-alive",
};
_Static_assert(ARRAY_LEN(causes) == TCPSTATE_CAUSES, "words per cause");

static const char * const lost[] = {
	[TCPSTATE_LOST_OLD - 128]	= "old",
	[TCPSTATE_LOST_WINDOW - 128]	= "beyond the window",
	[TCPSTATE_LOST_MEMORY - 128]	= "no memory",
	[TCPSTATE_LOST_OOO_MEMORY - 128] = "no memory behind a hole",
	[TCPSTATE_LOST_CLOSED - 128]	= "after the FIN",
	[TCPSTATE_LOST_NOBODY - 128]	= "nobody reads",
};
_Static_assert(ARRAY_LEN(lost) == TCPSTATE_LOST_END - 128, "words per loss");

static const char * const timers[] = {
	[TCPSTATE_TIMER_RETRANSMIT]	= "retransmission",
	[TCPSTATE_TIMER_PERSIST]	= "persist",
	[TCPSTATE_TIMER_DELACK]		= "delayed ACK",
	[TCPSTATE_TIMER_KEEPALIVE]	= "keep-alive",
	[TCPSTATE_TIMER_FIN_WAIT2]	= "FIN_WAIT2",
	[TCPSTATE_TIMER_2MSL]		= "2MSL",
};
_Static_assert(ARRAY_LEN(timers) == TCPSTATE_TIMERS, "words per timer");

/* TCP_CA_*. */
static const char * const phases[] = { "open", "disorder", "CWR", "recovery", "loss" };

static const char *word(const char * const *words, size_t count, unsigned int n)
{
	return n < count ? words[n] : "?";
}

/* --- attributes --- */

static uint16_t get16(const struct attributes *a, uint16_t number)
{
	return attribute_holds(a, number, 2) ? mnl_attr_get_u16(a->list[number]) : 0;
}

static void get_end(struct end *e, const struct attributes *a, uint16_t addr, uint16_t port)
{
	size_t len = get16(a, TCPSTATE_A_FAMILY) == AF_INET6 ? 16 : 4;

	if (!attribute_holds(a, addr, len))
		return;
	e->family = len == 16 ? 6 : 4;
	memcpy(e->addr, mnl_attr_get_payload(a->list[addr]), len);
	e->port = ntohs(get16(a, port));
}

/**
 * connection_read() - what a message says of a connection
 * @f: gets it; what is not said is left
 * @a: the message's attributes
 */
void connection_read(struct flow *f, const struct attributes *a)
{
	get_end(&f->local, a, TCPSTATE_A_LOCAL_ADDR, TCPSTATE_A_LOCAL_PORT);
	get_end(&f->remote, a, TCPSTATE_A_REMOTE_ADDR, TCPSTATE_A_REMOTE_PORT);
	if (attribute_holds(a, TCPSTATE_A_WIRE, 1))
		f->wire = mnl_attr_get_u8(a->list[TCPSTATE_A_WIRE]);
	if (attribute_holds(a, TCPSTATE_A_PID, 4))
		f->pid = mnl_attr_get_u32(a->list[TCPSTATE_A_PID]);
	if (attribute_holds(a, TCPSTATE_A_COMM, 1))
		snprintf(f->comm, sizeof(f->comm), "%.*s",
			 (int)mnl_attr_get_payload_len(a->list[TCPSTATE_A_COMM]),
			 (const char *)mnl_attr_get_payload(a->list[TCPSTATE_A_COMM]));
}

/* --- records --- */

/* What is not known yet has no place to count from. */
static uint32_t relative(uint32_t number, uint32_t from)
{
	return number ? number - from : 0;
}

void tcb_convert(struct tcb *tcb, const struct tcpstate_tcb_info *info)
{
	uint32_t queued = info->write_seq - info->snd_nxt;

	*tcb = (struct tcb) {
		.snd_una = relative(info->snd_una, info->iss),
		.snd_nxt = relative(info->snd_nxt, info->iss),
		.snd_wnd = info->snd_wnd,
		.snd_wl1 = relative(info->snd_wl1, info->irs),
		.snd_wl2 = relative(info->snd_wl2, info->iss),
		.rcv_nxt = relative(info->rcv_nxt, info->irs),
		.rcv_wnd = info->rcv_wnd,
		/* Behind our FIN and before our SYN there is nothing to send. */
		.unsent = info->write_seq && queued < INFINITE ? queued : 0,
		.unread = info->rcv_queue,
		.ooo = info->ooo_queue,
		.cwnd = info->cwnd,
		.ssthresh = info->ssthresh == INFINITE ? UINT32_MAX : info->ssthresh,
		.srtt = info->srtt_us,
		.rttvar = info->rttvar_us,
		.rto = info->rto_us,
		.mss = info->snd_mss,
		.backoff = info->backoff,
		.dupacks = info->dupacks,
	};
}

static void convert_segment(struct event *e, const struct tcpstate_record_event *r)
{
	bool ours = r->kind == TCPSTATE_RECORD_SENT || r->kind == TCPSTATE_RECORD_RETRANSMIT;
	uint32_t first = ours ? r->tcb.iss : r->tcb.irs, other = ours ? r->tcb.irs : r->tcb.iss;
	uint8_t shift = ours ? r->tcb.rcv_wscale : r->tcb.snd_wscale;

	e->what = ours ? WHAT_SEND : WHAT_RECEIVE;
	e->flags = r->seg.flags;
	/* A SYN that was judged before its number was kept. */
	if (!ours && !first && e->flags & TCPSTATE_SYN)
		first = r->seg.seq;
	e->seq = r->seg.seq - first;
	e->ack = e->flags & TCPSTATE_ACK ? r->seg.ack - other : 0;
	e->len = r->seg.len;
	e->segs = r->segs ? r->segs : 1;
	e->field = r->seg.wnd;
	e->wnd = (uint32_t)r->seg.wnd << (e->flags & TCPSTATE_SYN ? 0 : shift);
	e->mss = r->seg.mss;
	e->shift = r->seg.options & TCPSTATE_OPT_WSCALE_SHIFT;
	if (r->seg.options & TCPSTATE_OPT_WSCALE)
		e->options |= OPTION_SHIFT;
	if (r->seg.options & TCPSTATE_OPT_SACK_PERM)
		e->options |= OPTION_SACK_OK;
	if (r->seg.options & TCPSTATE_OPT_TSTAMP)
		e->options |= OPTION_STAMP;
	e->tsval = r->seg.tsval;
	e->tsecr = r->seg.tsecr;
}

static void set_word(struct event *e, const char *text)
{
	snprintf(e->word, sizeof(e->word), "%s", text);
}

static bool convert_kind(struct event *e, const struct tcpstate_record_event *r)
{
	switch (r->kind) {
	case TCPSTATE_RECORD_STATE:
		e->what = WHAT_STATE;
		e->state = r->change.new;
		e->old = r->change.old;
		e->event = r->change.event;
		e->actions = r->change.actions;
		return e->old < TCPSTATE_MAX_STATES && e->event < TCPSTATE_EV_COUNT;
	case TCPSTATE_RECORD_SENT:
		convert_segment(e, r);
		set_word(e, word(causes, ARRAY_LEN(causes), r->why));
		return true;
	case TCPSTATE_RECORD_RETRANSMIT:
		convert_segment(e, r);
		e->again = true;
		set_word(e, word(causes, ARRAY_LEN(causes), r->why));
		return true;
	case TCPSTATE_RECORD_RECEIVED:
		convert_segment(e, r);
		e->dropped = r->why != TCPSTATE_SEG_ACCEPT;
		if (e->dropped)
			set_word(e, r->drop < TCPSTATE_DROP_COUNT ? tcpstate_seg_drop_name(r->drop)
								  : "?");
		return true;
	case TCPSTATE_RECORD_DROPPED:
		convert_segment(e, r);
		e->dropped = true;
		set_word(e, r->drop < 128 ? "?" : word(lost, ARRAY_LEN(lost), r->drop - 128));
		return true;
	case TCPSTATE_RECORD_TIMER:
	case TCPSTATE_RECORD_ARMED:
		e->what = r->timer.what == TCPSTATE_TIMER_FIRED ? WHAT_TIMER_FIRED : WHAT_TIMER_SET;
		e->ms = r->timer.us / 1000;
		set_word(e, word(timers, ARRAY_LEN(timers), r->timer.which));
		return true;
	case TCPSTATE_RECORD_CONG:
		e->what = WHAT_CONGESTION;
		set_word(e, word(phases, ARRAY_LEN(phases), r->phase.new));
		return true;
	}
	return false;
}

/**
 * event_convert() - an entry of the flight recorder to an event
 * @e: the event
 * @r: the entry
 *
 * Return: false if it is of a kind that is not known here.
 */
bool event_convert(struct event *e, const struct tcpstate_record_event *r)
{
	memset(e, 0, sizeof(*e));
	e->ns = r->time;
	e->state = r->tcb.state;
	e->has_tcb = true;
	tcb_convert(&e->tcb, &r->tcb);
	return convert_kind(e, r) && e->state < TCPSTATE_MAX_STATES;
}

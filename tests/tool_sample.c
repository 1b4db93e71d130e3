// SPDX-License-Identifier: GPL-2.0
/* Histories made up for the tests of the command. States go by the module's table. */
#include <stdio.h>
#include <string.h>

#include "tool_sample.h"

#define BEGIN_NS	1700000000000000000ull
#define WND		65535

void sample_begin(struct sample *s)
{
	struct flow *l, *r;

	memset(s, 0, sizeof(*s));
	s->delay = 150000;
	history_flow(&s->h, SAMPLE_LEFT);
	history_flow(&s->h, SAMPLE_RIGHT);
	l = history_flow(&s->h, SAMPLE_LEFT);
	r = history_flow(&s->h, SAMPLE_RIGHT);
	end_parse("192.0.2.1:7100", &l->local);
	end_parse("192.0.2.2:7101", &r->local);
	l->remote = r->local;
	r->remote = l->local;
	l->wire = r->wire = 6;
	l->netns = 1;
	r->netns = 2;
	l->iss = r->irs = 0x12345678;
	r->iss = l->irs = 0xfffffff0;
	l->pid = r->pid = 4711;
	snprintf(l->comm, sizeof(l->comm), "cross ing%%");
	snprintf(r->comm, sizeof(r->comm), "crossing");
}

static struct event make(const struct sample *s, const struct flow *f, uint8_t what)
{
	struct event e = { .ns = BEGIN_NS + s->us * 1000ull, .what = what, .has_tcb = true };
	unsigned int i;

	e.state = f->count ? f->events[f->count - 1].state : TCPSTATE_CLOSE;
	/* Any values, but not all the same, so that a mix-up shows. */
	for (i = 0; i < sizeof(e.tcb) / 4; i++)
		((uint32_t *)&e.tcb)[i] = 1000 * i + f->count;
	e.tcb.cwnd = 14480 + 500 * f->count;
	e.tcb.srtt = 2 * s->delay;
	e.tcb.rto = 3 * s->delay;
	return e;
}

void sample_state(struct sample *s, uint64_t id, uint8_t event)
{
	struct flow *f = history_flow(&s->h, id);
	struct event e = make(s, f, WHAT_STATE);
	const struct tcpstate_edge *edge = tcpstate_fsm(e.state, event);

	e.old = e.state;
	e.event = event;
	e.state = edge->next;
	e.actions = edge->actions;
	flow_event(f, &e);
}

void sample_segment(struct sample *s, uint64_t from, const struct sample_segment *seg)
{
	struct flow *f = history_flow(&s->h, from);
	struct flow *to = history_flow(&s->h, SAMPLE_LEFT + SAMPLE_RIGHT - from);
	struct event e = make(s, f, WHAT_SEND);

	e.flags = seg->flags;
	e.seq = seg->seq;
	e.ack = seg->ack;
	e.len = seg->len;
	e.wnd = seg->wnd ? seg->wnd : WND;
	e.field = e.wnd;
	e.segs = 1;
	e.options = OPTION_STAMP;
	e.tsval = s->us;
	e.tsecr = 5;
	if (e.flags & TCPSTATE_SYN) {
		e.mss = 1460;
		e.shift = 7;
		e.options |= OPTION_SHIFT | OPTION_SACK_OK;
	}
	e.again = seg->again;
	if (seg->again)
		snprintf(e.word, sizeof(e.word), "%s", seg->again);
	flow_event(f, &e);
	if (seg->lost)
		return;
	e.ns += s->delay * 1000ull;
	e.what = WHAT_RECEIVE;
	e.state = to->count ? to->events[to->count - 1].state : TCPSTATE_CLOSE;
	e.again = false;
	e.dropped = seg->dropped;
	snprintf(e.word, sizeof(e.word), "%s", seg->dropped ? seg->dropped : "");
	flow_event(to, &e);
}

void sample_timer(struct sample *s, uint64_t id, const char *name)
{
	struct flow *f = history_flow(&s->h, id);
	struct event e = make(s, f, WHAT_TIMER_FIRED);

	snprintf(e.word, sizeof(e.word), "%s", name);
	flow_event(f, &e);
}

/* Arrivals were told with their departures: states of the events between are set here. */
void sample_end(struct sample *s)
{
	unsigned int i, j;
	uint8_t state;

	history_sort(&s->h);
	for (i = 0; i < s->h.count; i++) {
		struct flow *f = &s->h.flows[i];

		state = TCPSTATE_CLOSE;
		for (j = 0; j < f->count; j++) {
			if (f->events[j].what == WHAT_STATE) {
				f->events[j].old = state;
				state = tcpstate_fsm(state, f->events[j].event)->next;
			}
			f->events[j].state = state;
		}
	}
}

#define SEG(s, from, ...) sample_segment(s, from, &(struct sample_segment) { __VA_ARGS__ })
#define BOTH(s, ...)							\
	do {								\
		SEG(s, SAMPLE_LEFT, __VA_ARGS__);			\
		(s)->us += 60;						\
		SEG(s, SAMPLE_RIGHT, __VA_ARGS__);			\
	} while (0)

#define EV(s, from, name) sample_state(s, from, TCPSTATE_EV_##name)

/* Simultaneous open, a little text each way, simultaneous close. */
void sample_crossing(struct sample *s)
{
	sample_begin(s);
	EV(s, SAMPLE_LEFT, ACTIVE_OPEN);
	s->us += 10;
	SEG(s, SAMPLE_LEFT, TCPSTATE_SYN);
	s->us += 300;
	EV(s, SAMPLE_RIGHT, ACTIVE_OPEN);
	s->us += 10;
	SEG(s, SAMPLE_RIGHT, TCPSTATE_SYN);
	s->us = s->delay + 12;
	EV(s, SAMPLE_RIGHT, RCV_SYN);
	SEG(s, SAMPLE_RIGHT, TCPSTATE_SYN | TCPSTATE_ACK, .ack = 1);
	s->us = s->delay + 322;
	EV(s, SAMPLE_LEFT, RCV_SYN);
	SEG(s, SAMPLE_LEFT, TCPSTATE_SYN | TCPSTATE_ACK, .ack = 1);
	s->us = 2 * s->delay + 15;
	EV(s, SAMPLE_LEFT, RCV_ACK_OF_SYN);
	SEG(s, SAMPLE_LEFT, TCPSTATE_ACK | TCPSTATE_PSH, .seq = 1, .ack = 1, .len = 512);
	s->us = 2 * s->delay + 325;
	EV(s, SAMPLE_RIGHT, RCV_ACK_OF_SYN);
	SEG(s, SAMPLE_RIGHT, TCPSTATE_ACK | TCPSTATE_PSH, .seq = 1, .ack = 1, .len = 512);
	s->us = 3 * s->delay + 500;
	BOTH(s, TCPSTATE_ACK, .seq = 513, .ack = 513);
	s->us += s->delay + 5000;
	EV(s, SAMPLE_LEFT, CLOSE);
	SEG(s, SAMPLE_LEFT, TCPSTATE_FIN | TCPSTATE_ACK, .seq = 513, .ack = 513);
	s->us += 40;
	EV(s, SAMPLE_RIGHT, CLOSE);
	SEG(s, SAMPLE_RIGHT, TCPSTATE_FIN | TCPSTATE_ACK, .seq = 513, .ack = 513);
	s->us += s->delay - 30;
	EV(s, SAMPLE_RIGHT, RCV_FIN);
	SEG(s, SAMPLE_RIGHT, TCPSTATE_ACK, .seq = 514, .ack = 514);
	s->us += 35;
	EV(s, SAMPLE_LEFT, RCV_FIN);
	SEG(s, SAMPLE_LEFT, TCPSTATE_ACK, .seq = 514, .ack = 514);
	s->us += s->delay - 30;
	EV(s, SAMPLE_LEFT, RCV_ACK_OF_FIN);
	s->us += 40;
	EV(s, SAMPLE_RIGHT, RCV_ACK_OF_FIN);
	s->us += 1000000;
	EV(s, SAMPLE_LEFT, TIME_WAIT_TIMEOUT);
	s->us += 50;
	EV(s, SAMPLE_RIGHT, TIME_WAIT_TIMEOUT);
	sample_end(s);
}

/* The opener closes; its FIN is lost once, and a copy of it comes late. */
void sample_lost_fin(struct sample *s)
{
	sample_begin(s);
	s->delay = 20000;
	EV(s, SAMPLE_RIGHT, PASSIVE_OPEN);
	s->us += 700;
	EV(s, SAMPLE_LEFT, ACTIVE_OPEN);
	SEG(s, SAMPLE_LEFT, TCPSTATE_SYN);
	s->us += s->delay;
	EV(s, SAMPLE_RIGHT, RCV_SYN);
	SEG(s, SAMPLE_RIGHT, TCPSTATE_SYN | TCPSTATE_ACK, .ack = 1);
	s->us += s->delay;
	EV(s, SAMPLE_LEFT, RCV_SYN_ACK);
	SEG(s, SAMPLE_LEFT, TCPSTATE_ACK, .seq = 1, .ack = 1);
	s->us += s->delay;
	EV(s, SAMPLE_RIGHT, RCV_ACK_OF_SYN);
	EV(s, SAMPLE_LEFT, CLOSE);
	SEG(s, SAMPLE_LEFT, TCPSTATE_FIN | TCPSTATE_ACK, .seq = 1, .ack = 1, .lost = true);
	s->us += 200000;
	sample_timer(s, SAMPLE_LEFT, "retransmission");
	SEG(s, SAMPLE_LEFT, TCPSTATE_FIN | TCPSTATE_ACK, .seq = 1, .ack = 1, .again = "timeout");
	s->us += s->delay;
	EV(s, SAMPLE_RIGHT, RCV_FIN);
	SEG(s, SAMPLE_RIGHT, TCPSTATE_ACK, .seq = 1, .ack = 2);
	s->us += s->delay;
	EV(s, SAMPLE_LEFT, RCV_ACK_OF_FIN);
	SEG(s, SAMPLE_LEFT, TCPSTATE_ACK, .seq = 9, .ack = 1, .dropped = "sequence");
	s->us += s->delay;
	EV(s, SAMPLE_RIGHT, CLOSE);
	SEG(s, SAMPLE_RIGHT, TCPSTATE_FIN | TCPSTATE_ACK, .seq = 1, .ack = 2);
	s->us += s->delay;
	EV(s, SAMPLE_LEFT, RCV_FIN);
	SEG(s, SAMPLE_LEFT, TCPSTATE_ACK, .seq = 2, .ack = 2);
	s->us += s->delay;
	EV(s, SAMPLE_RIGHT, RCV_ACK_OF_FIN);
	s->us += 60000000;
	EV(s, SAMPLE_LEFT, TIME_WAIT_TIMEOUT);
	sample_end(s);
}

/* Text to the right, with one loss; longer than a ladder shows. */
void sample_stream(struct sample *s, unsigned int segments)
{
	unsigned int i;

	sample_begin(s);
	s->delay = 10000;
	EV(s, SAMPLE_LEFT, ACTIVE_OPEN);
	SEG(s, SAMPLE_LEFT, TCPSTATE_SYN);
	s->us += 2 * s->delay;
	EV(s, SAMPLE_LEFT, RCV_SYN_ACK);
	for (i = 0; i < segments; i++) {
		bool lost = i == segments / 2;

		s->us += 1500;
		SEG(s, SAMPLE_LEFT, TCPSTATE_ACK, .seq = 1 + i * 1448, .ack = 1, .len = 1448,
		    .lost = lost);
		if (i == segments / 2 + 8)
			SEG(s, SAMPLE_LEFT, TCPSTATE_ACK, .seq = 1 + segments / 2 * 1448, .ack = 1,
			    .len = 1448, .again = "dupacks");
		if (i & 1)
			SEG(s, SAMPLE_RIGHT, TCPSTATE_ACK, .seq = 1, .ack = 1 + i * 1448);
	}
	sample_end(s);
}

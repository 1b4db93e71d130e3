// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps events of flows, finds the two ends of one connection, and has the words for
 * states, events and control bits.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "history.h"

#define FIELD(member, name, unit, meaning) { name, unit, meaning, offsetof(struct tcb, member) }

const struct tcb_field tcb_fields[] = {
	FIELD(snd_una, "SND.UNA", "", "oldest octet of ours that is not acknowledged"),
	FIELD(snd_nxt, "SND.NXT", "", "next octet that we send"),
	FIELD(snd_wnd, "SND.WND", "octets", "what the peer has room for"),
	FIELD(snd_wl1, "SND.WL1", "", "SEG.SEQ of the last window update"),
	FIELD(snd_wl2, "SND.WL2", "", "SEG.ACK of the last window update"),
	FIELD(rcv_nxt, "RCV.NXT", "", "next octet that we expect"),
	FIELD(rcv_wnd, "RCV.WND", "octets", "what we have room for"),
	FIELD(unsent, "unsent", "octets", "in the send queue, never sent yet"),
	FIELD(unread, "unread", "octets", "in the receive queue, not read yet"),
	FIELD(ooo, "held", "octets", "beyond a hole in what came"),
	FIELD(cwnd, "cwnd", "octets", "congestion window"),
	FIELD(ssthresh, "ssthresh", "octets", "where slow start ends"),
	FIELD(srtt, "SRTT", "us", "smoothed round-trip time"),
	FIELD(rttvar, "RTTVAR", "us", "its variation"),
	FIELD(rto, "RTO", "us", "retransmission timeout"),
	FIELD(mss, "MSS", "octets", "largest text of a segment that we send"),
	FIELD(backoff, "backoff", "", "how often RTO was doubled"),
	FIELD(dupacks, "dupacks", "", "duplicate ACKs in a row"),
};

const unsigned int tcb_field_count = ARRAY_LEN(tcb_fields);
_Static_assert(ARRAY_LEN(tcb_fields) == sizeof(struct tcb) / sizeof(uint32_t),
	       "a line per member");

/* --- flows and events --- */

/**
 * history_flow() - find a flow, or make it
 * @h: the history
 * @id: of the flow
 *
 * Return: the flow; good until the next one is made.
 */
struct flow *history_flow(struct history *h, uint64_t id)
{
	struct flow *f;
	unsigned int i;

	for (i = 0; i < h->count; i++)
		if (h->flows[i].id == id)
			return &h->flows[i];
	if (h->count == h->room) {
		h->room = h->room ? h->room * 2 : 8;
		h->flows = tool_alloc(h->flows, h->room * sizeof(*h->flows));
	}
	f = &h->flows[h->count++];
	memset(f, 0, sizeof(*f));
	f->id = id;
	return f;
}

struct event *flow_event(struct flow *f, const struct event *e)
{
	if (f->count == f->room) {
		f->room = f->room ? f->room * 2 : 32;
		f->events = tool_alloc(f->events, f->room * sizeof(*f->events));
	}
	f->events[f->count] = *e;
	return &f->events[f->count++];
}

/* A clock may be read twice in one nanosecond: what came first stays first. */
static void sort_events(struct event *events, unsigned int count)
{
	unsigned int i, j;
	struct event e;

	for (i = 1; i < count; i++) {
		if (events[i - 1].ns <= events[i].ns)
			continue;
		e = events[i];
		for (j = i; j && events[j - 1].ns > e.ns; j--)
			events[j] = events[j - 1];
		events[j] = e;
	}
}

void history_sort(struct history *h)
{
	unsigned int i;

	for (i = 0; i < h->count; i++)
		sort_events(h->flows[i].events, h->flows[i].count);
}

void history_free(struct history *h)
{
	unsigned int i;

	for (i = 0; i < h->count; i++)
		free(h->flows[i].events);
	free(h->flows);
	memset(h, 0, sizeof(*h));
}

static uint64_t first_ns(const struct flow *f)
{
	return f->count ? f->events[0].ns : 0;
}

static uint64_t last_ns(const struct flow *f)
{
	return f->count ? f->events[f->count - 1].ns : 0;
}

/**
 * history_peer() - the other end of a connection, if this machine has it too
 * @h: the history
 * @f: one end
 *
 * One name may have been used several times: the two ends know each other's initial
 * sequence numbers, and their lives overlap.
 *
 * Return: the flow, or NULL.
 */
struct flow *history_peer(const struct history *h, const struct flow *f)
{
	struct flow *best = NULL;
	unsigned int i;

	for (i = 0; i < h->count; i++) {
		struct flow *o = &h->flows[i];

		if (o == f || o->wire != f->wire || !end_same(&o->local, &f->remote) ||
		    !end_same(&o->remote, &f->local))
			continue;
		if (o->irs && f->iss && o->irs != f->iss)
			continue;
		if (f->irs && o->iss && f->irs != o->iss)
			continue;
		if (o->count && f->count && (last_ns(o) < first_ns(f) || last_ns(f) < first_ns(o)))
			continue;
		if (!best || o->count > best->count)
			best = o;
	}
	return best;
}

uint8_t flow_state(const struct flow *f)
{
	return f->count ? f->events[f->count - 1].state : 0;
}

bool flow_is_listener(const struct flow *f)
{
	return flow_state(f) == TCPSTATE_LISTEN || (!f->remote.port && f->count);
}

/* --- names of ends --- */

/**
 * end_parse() - read ADDRESS:PORT, [ADDRESS]:PORT
 * @s: the text; a "*" stands for any
 * @e: the end
 *
 * Return: true if it is one.
 */
bool end_parse(const char *s, struct end *e)
{
	const char *colon = strrchr(s, ':');
	char addr[INET6_ADDRSTRLEN] = "";
	unsigned long port = 0;
	size_t len;
	char *rest;

	memset(e, 0, sizeof(*e));
	if (!colon || colon[1] == '\0')
		return false;
	if (strcmp(colon + 1, "*")) {
		if (!isdigit((unsigned char)colon[1]))
			return false;
		port = strtoul(colon + 1, &rest, 10);
		if (*rest || port > 65535)
			return false;
	}
	e->port = port;
	len = colon - s;
	if (*s == '[' && len > 2 && s[len - 1] == ']') {
		s++;
		len -= 2;
	}
	if (len >= sizeof(addr))
		return false;
	memcpy(addr, s, len);
	if (!strcmp(addr, "*") || !*addr)
		return true;
	e->family = strchr(addr, ':') ? 6 : 4;
	return inet_pton(e->family == 6 ? AF_INET6 : AF_INET, addr, e->addr) == 1;
}

void end_print(const struct end *e, char *buf, size_t len)
{
	char addr[INET6_ADDRSTRLEN] = "*", port[8] = "*";

	if (e->family)
		inet_ntop(e->family == 6 ? AF_INET6 : AF_INET, e->addr, addr, sizeof(addr));
	if (e->port)
		snprintf(port, sizeof(port), "%u", e->port);
	snprintf(buf, len, e->family == 6 ? "[%s]:%s" : "%s:%s", addr, port);
}

bool end_same(const struct end *a, const struct end *b)
{
	return a->port == b->port && a->family == b->family &&
	       !memcmp(a->addr, b->addr, a->family == 6 ? 16 : 4);
}

/* --- words --- */

static const char * const what_names[] = {
	[WHAT_STATE]		= "state",
	[WHAT_SEND]		= "send",
	[WHAT_RECEIVE]		= "receive",
	[WHAT_TIMER_SET]	= "timer-set",
	[WHAT_TIMER_FIRED]	= "timer-fired",
	[WHAT_CONGESTION]	= "congestion",
};
_Static_assert(ARRAY_LEN(what_names) == WHAT_COUNT, "a name per kind");

const char *what_name(uint8_t what)
{
	return what < WHAT_COUNT ? what_names[what] : "unknown";
}

/* What a person calls it who has not read the RFC. */
static const char * const event_texts[] = {
	[TCPSTATE_EV_PASSIVE_OPEN]	= "listen()",
	[TCPSTATE_EV_ACTIVE_OPEN]	= "connect()",
	[TCPSTATE_EV_CLOSE]		= "close() or shutdown()",
	[TCPSTATE_EV_ABORT]		= "abort",
	[TCPSTATE_EV_RCV_SYN]		= "SYN arrives",
	[TCPSTATE_EV_RCV_SYN_ACK]	= "SYN,ACK arrives",
	[TCPSTATE_EV_RCV_ACK_OF_SYN]	= "ACK of our SYN",
	[TCPSTATE_EV_RCV_ACK_OF_FIN]	= "ACK of our FIN",
	[TCPSTATE_EV_RCV_FIN]		= "FIN arrives",
	[TCPSTATE_EV_RCV_RST]		= "RST arrives",
	[TCPSTATE_EV_RCV_HARD_ERROR]	= "ICMP error",
	[TCPSTATE_EV_USER_TIMEOUT]	= "gave up",
	[TCPSTATE_EV_TIME_WAIT_TIMEOUT]	= "2MSL is over",
};
_Static_assert(ARRAY_LEN(event_texts) == TCPSTATE_EV_COUNT,
	       "words per event");

const char *event_words(uint8_t event)
{
	return event < TCPSTATE_EV_COUNT ? event_texts[event] : "?";
}

/* Short enough for a picture; Documentation/states.rst has the whole truth. */
static const char * const state_texts[] = {
	[0]			= "not known yet",
	[TCPSTATE_ESTABLISHED]	= "open in both directions",
	[TCPSTATE_SYN_SENT]	= "asked to connect, waits for an answer",
	[TCPSTATE_SYN_RECV]	= "was asked, has answered, waits for the ACK",
	[TCPSTATE_FIN_WAIT1]	= "has closed; its FIN is not acknowledged yet",
	[TCPSTATE_FIN_WAIT2]	= "its FIN is acknowledged, the peer may still send",
	[TCPSTATE_TIME_WAIT]	= "all is done; waits 2MSL for stray copies",
	[TCPSTATE_CLOSE]	= "no connection",
	[TCPSTATE_CLOSE_WAIT]	= "the peer has closed; it may still send",
	[TCPSTATE_LAST_ACK]	= "has closed too; its FIN is not acknowledged yet",
	[TCPSTATE_LISTEN]	= "waits for requests",
	[TCPSTATE_CLOSING]	= "both have closed, but its own FIN is not acknowledged yet",
};
_Static_assert(ARRAY_LEN(state_texts) == TCPSTATE_MAX_STATES,
	       "words per state");

const char *state_short(uint8_t state)
{
	return state < TCPSTATE_MAX_STATES ? state_texts[state] : "?";
}

/* "time-wait" and "TIME_WAIT" are the same. 0: no such state. */
uint8_t state_by_name(const char *name)
{
	char plain[WORD_LEN];
	uint8_t s;
	size_t i;

	for (i = 0; name[i] && i < sizeof(plain) - 1; i++)
		plain[i] = name[i] == '-' ? '_' : name[i];
	plain[i] = '\0';
	for (s = 1; s < TCPSTATE_MAX_STATES; s++)
		if (!strcasecmp(plain, tcpstate_fsm_state_name(s)))
			return s;
	return 0;
}

/* TCPSTATE_EV_COUNT: no such event. */
uint8_t event_by_name(const char *name)
{
	uint8_t e;

	for (e = 0; e < TCPSTATE_EV_COUNT; e++)
		if (!strcmp(name, tcpstate_fsm_event_name(e)))
			break;
	return e;
}

/* In the order in which people say them. */
static const struct {
	uint8_t bit;
	const char *name;
} flag_names[] = {
	{ TCPSTATE_SYN, "SYN" }, { TCPSTATE_FIN, "FIN" }, { TCPSTATE_RST, "RST" },
	{ TCPSTATE_PSH, "PSH" }, { TCPSTATE_ACK, "ACK" }, { TCPSTATE_URG, "URG" },
	{ TCPSTATE_ECE, "ECE" }, { TCPSTATE_CWR, "CWR" },
};

#define FLAG_COUNT (ARRAY_LEN(flag_names))

void flags_print(uint8_t flags, const char *separator, char *buf, size_t len)
{
	size_t at = 0, i;

	snprintf(buf, len, "none");
	for (i = 0; i < FLAG_COUNT && at < len; i++)
		if (flags & flag_names[i].bit)
			at += snprintf(buf + at, len - at, "%s%s", at ? separator : "",
				       flag_names[i].name);
}

uint8_t flags_parse(const char *s)
{
	uint8_t flags = 0;
	size_t i;

	for (i = 0; i < FLAG_COUNT; i++)
		if (strstr(s, flag_names[i].name))
			flags |= flag_names[i].bit;
	return flags;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What happened to connections, whoever tells it: the kernel's flight recorder or a
 * file. All that draws knows only this.
 */
#ifndef TCPSTATE_TOOL_HISTORY_H
#define TCPSTATE_TOOL_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

/* The names of the eleven states and of the events come from the module's table. */
#include "tcpstate_fsm.h"

#define COMM_LEN	16
#define WORD_LEN	24

/* One end's name. @port is in host order. */
struct end {
	uint8_t family;		/* 4 or 6, 0: not known */
	uint8_t addr[16];
	uint16_t port;
};

enum what {
	WHAT_STATE,		/* an edge of the table was taken */
	WHAT_SEND,		/* a segment left */
	WHAT_RECEIVE,		/* a segment arrived and was judged */
	WHAT_TIMER_SET,
	WHAT_TIMER_FIRED,
	WHAT_CONGESTION,	/* the phase of congestion control changed */
	WHAT_COUNT
};

/*
 * The TCB after an event. Sequence numbers are relative: ours to ISS, the peer's to
 * IRS, so that 0 is a SYN and 1 the first octet.
 */
struct tcb {
	uint32_t snd_una, snd_nxt, snd_wnd, snd_wl1, snd_wl2;
	uint32_t rcv_nxt, rcv_wnd;
	uint32_t unsent, unread, ooo;	/* octets */
	uint32_t cwnd, ssthresh;	/* octets; ssthresh UINT32_MAX: none yet */
	uint32_t srtt, rttvar, rto;	/* us; srtt 0: no sample yet */
	uint32_t mss, backoff, dupacks;
};

/* One line of tcb_fields[] per member. */
struct tcb_field {
	const char *name;	/* as RFC 9293 and RFC 6298 write it */
	const char *unit;
	const char *meaning;
	size_t offset;
};

extern const struct tcb_field tcb_fields[];
extern const unsigned int tcb_field_count;
#define TCB_FIELD(tcb, field) (*(const uint32_t *)((const char *)(tcb) + (field)->offset))

/* Options of a segment. */
#define OPTION_SHIFT	1
#define OPTION_SACK_OK	2
#define OPTION_STAMP	4

/**
 * struct event - one thing that happened
 * @ns: when, nanoseconds of CLOCK_REALTIME
 * @what: enum what
 * @state: after the event
 * @old: WHAT_STATE: before it
 * @event: WHAT_STATE: enum tcpstate_event
 * @actions: WHAT_STATE: set of TCPSTATE_ACT()
 * @flags: of a segment: TCPSTATE_SYN and so on
 * @seq: of a segment, relative to the sender's ISS
 * @ack: relative to the receiver's
 * @len: octets of text
 * @wnd: octets offered, scaled
 * @segs: how many segments this is: bursts are told of as one
 * @field: the window field as on the wire
 * @mss: option of a SYN, 0: none
 * @shift: window scale option of a SYN, with OPTION_SHIFT
 * @options: set of OPTION_*
 * @tsval: timestamps, with OPTION_STAMP
 * @tsecr: likewise
 * @again: a segment that was sent before
 * @dropped: it arrived, and was not taken
 * @word: cause of a retransmission, reason of a drop, timer, phase
 * @ms: WHAT_TIMER_SET: how long it runs
 * @has_tcb: @tcb holds
 * @tcb: after the event
 */
struct event {
	uint64_t ns;
	uint8_t what;
	uint8_t state;
	uint8_t old;
	uint8_t event;
	uint16_t actions;
	uint8_t flags;
	uint32_t seq;
	uint32_t ack;
	uint32_t len;
	uint32_t wnd;
	uint16_t segs;
	uint16_t field;
	uint16_t mss;
	uint8_t shift;
	uint8_t options;
	uint32_t tsval;
	uint32_t tsecr;
	bool again;
	bool dropped;
	char word[WORD_LEN];
	uint32_t ms;
	bool has_tcb;
	struct tcb tcb;
};

/**
 * struct flow - one end of a connection, or a listener
 * @id: the kernel's number for it; unique while the kernel runs
 * @netns: inode of its network namespace, 0: not known
 * @inode: of the socket, 0: no process has it
 * @wire: IP protocol
 * @local: its own name
 * @remote: its peer's
 * @iss: its first number, 0: not known
 * @irs: its peer's first number, 0: not known
 * @pid: of who made the socket
 * @comm: that program's name
 * @lost: events that were recorded and overwritten
 * @events: what happened, in order
 * @count: how many
 * @room: for how many there is memory
 */
struct flow {
	uint64_t id;
	uint32_t netns;
	uint32_t inode;
	uint8_t wire;
	struct end local, remote;
	uint32_t iss, irs;
	uint32_t pid;
	char comm[COMM_LEN];
	uint32_t lost;
	struct event *events;
	unsigned int count;
	unsigned int room;
};

struct history {
	struct flow *flows;
	unsigned int count;
	unsigned int room;
};

struct flow *history_flow(struct history *h, uint64_t id);
struct event *flow_event(struct flow *f, const struct event *e);
void history_sort(struct history *h);
void history_free(struct history *h);
struct flow *history_peer(const struct history *h, const struct flow *f);
uint8_t flow_state(const struct flow *f);
bool flow_is_listener(const struct flow *f);

bool end_parse(const char *s, struct end *e);
void end_print(const struct end *e, char *buf, size_t len);
bool end_same(const struct end *a, const struct end *b);
#define END_LEN	56

/* Words */
const char *what_name(uint8_t what);
const char *event_words(uint8_t event);
const char *state_short(uint8_t state);
uint8_t state_by_name(const char *name);
uint8_t event_by_name(const char *name);
void flags_print(uint8_t flags, const char *separator, char *buf, size_t len);
uint8_t flags_parse(const char *s);
#define FLAGS_LEN	40

#endif /* TCPSTATE_TOOL_HISTORY_H */

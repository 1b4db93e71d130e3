// SPDX-License-Identifier: GPL-2.0
/*
 * The model checker.  Two peers, each with a TCB, a listener and at most one
 * octet to say, over a network that loses, duplicates and reorders: every
 * state that they can reach together is visited.  tcpstate_fsm.c and
 * tcpstate_seg.c are the real ones; the order of the steps is that of
 * tcpstate_input.c and tcpstate_output.c.
 *
 *	  user: open close abort send	       user: open close abort send
 *	    |					 |
 *	 peer 0  ---- set of segments, <= n ---> peer 1
 *	 peer 0  <--- set of segments, <= n ---- peer 1
 *	    |					 |
 *	 timers: again, give up, 2MSL	      timers: again, give up, 2MSL
 *	 ICMP: a hard error		      ICMP: a hard error
 *
 * A segment may be delivered and gone, delivered and still there (a
 * duplicate), or lost; in any order.  One that finds the network full is
 * lost.  A new life of a peer takes numbers SPACING further on, so that
 * segments of an old life, and SYNs inside the window of one, come up.
 *
 * What must hold is said here a second time and from another side: not which
 * edge leads where, but which facts (SYN seen, SYN acknowledged, closed, FIN
 * seen, FIN acknowledged, who was first) a state stands for, spec_state(), and
 * what an action means, spec_actions().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcpstate_fsm.h"
#include "tcpstate_tcb.h"
#include "model.h"

/* The signed boundary of 32 bits lies in the middle of the numbers used. */
#define BASE		0x7ffffffau
#define SPACING		4	/* SYN, octet, FIN, and one beyond */
#define WINDOW		4
#define NO_NUMBER	15	/* the 0 of a RST that answers no ACK */
#define NO_MEMORY	"out of memory"

/* What a flow has been through; the facts that spec_state() goes by. */
enum {
	PASSIVE = 1,		/* a listener's child */
	CLOSED = 2,		/* the user has said close */
	PEER_FIN = 4,		/* RCV.NXT is behind the peer's FIN */
	PEER_FIRST = 8,		/* and was before the user said close */
	GOT_OCTET = 16,
	EOF_TOLD = 32,
	TIMER_2MSL = 64,
	CONNECTED = 128,
};

/* What became true of a life, as an onlooker who sees both ends knows it. */
enum {
	SYN_SENT = 1,
	SYN_TAKEN = 2,		/* the other end took our number */
	WAS_CONNECTED = 4,
	WROTE = 8,
	OCTET_TAKEN = 16,
	FIN_SENT = 32,
	FIN_TAKEN = 64,
};

/* Numbers are offsets: una, nxt and write from ISS, rcv and fin_at from IRS. */
struct peer {
	u8 state;
	u8 listener;	/* state of the listening socket */
	u8 life;
	u8 next_life;
	u8 una;
	u8 nxt;
	u8 write;
	u8 irs_life;
	u8 rcv;		/* 0: no SYN seen */
	u8 fin_at;	/* 0: none waits for text before it */
	u8 facts;
	u8 told[MODEL_LIVES];
};

struct world {
	struct peer peer[2];
	u8 disturbed;	/* an abort, a timeout or a RST has been */
	u8 pad;
	u16 net[2][MODEL_IN_FLIGHT];	/* sent by peer i; sorted, 0 is empty */
};

/* One step under way. */
struct step {
	struct world w;
	u8 who;
	bool ack_now;
	bool push;
	bool rst_sent;
};

static struct model_config cfg;
static struct model_result *res;
static struct { bool on; u8 state, event; struct tcpstate_edge edge; } override;
/* The step at which each cell was raised first, for model_replay(). */
static struct { unsigned int from, by; } first_use[TCPSTATE_MAX_STATES][TCPSTATE_EV_COUNT];
static unsigned int now_from, now_by;

const struct tcpstate_edge *tcpstate_fsm(u8 state, u8 event)
{
	if (override.on && override.state == state && override.event == event)
		return &override.edge;
	return real_tcpstate_fsm(state, event);
}

/**
 * model_override() - change one cell for the runs that follow
 * @state: its row
 * @event: its column
 * @edge: the cell instead, or NULL: the table as it is
 */
void model_override(u8 state, u8 event, const struct tcpstate_edge *edge)
{
	override.on = edge;
	override.state = state;
	override.event = event;
	if (edge)
		override.edge = *edge;
}

static void broken(const char *what, u8 state, u8 event)
{
	if (!res->violation[0])
		snprintf(res->violation, sizeof(res->violation), "%s [%s x %s]", what,
			 tcpstate_fsm_state_name(state), tcpstate_fsm_event_name(event));
}

static void must(bool ok, const char *what, u8 state, u8 event)
{
	if (!ok)
		broken(what, state, event);
}

/* --- what must be true, said independently of the table --- */

static bool fin_acked(const struct peer *p)
{
	return p->una > p->write;
}

/* The state that a connection with these facts is in: figure 5, read backwards. */
static u8 spec_state(const struct peer *p)
{
	if (!p->rcv)
		return TCPSTATE_SYN_SENT;
	if (!(p->facts & (CLOSED | PEER_FIN)))
		return p->una ? TCPSTATE_ESTABLISHED : TCPSTATE_SYN_RECV;
	if (!(p->facts & CLOSED))
		return TCPSTATE_CLOSE_WAIT;
	if (!(p->facts & PEER_FIN))
		return fin_acked(p) ? TCPSTATE_FIN_WAIT2 : TCPSTATE_FIN_WAIT1;
	if (p->facts & PEER_FIRST)
		return fin_acked(p) ? TCPSTATE_CLOSE : TCPSTATE_LAST_ACK;
	return fin_acked(p) ? TCPSTATE_TIME_WAIT : TCPSTATE_CLOSING;
}

/* Events that end a connection whatever its numbers say. */
static bool spec_ends(const struct peer *p, u8 old, u8 event)
{
	switch (event) {
	case TCPSTATE_EV_ABORT:
	case TCPSTATE_EV_USER_TIMEOUT:
	case TCPSTATE_EV_TIME_WAIT_TIMEOUT:
		return true;
	case TCPSTATE_EV_RCV_RST:
		return old != TCPSTATE_TIME_WAIT;
	case TCPSTATE_EV_RCV_HARD_ERROR:
		/* RFC 5927 5.2: only before the connection stands. */
		return !(p->facts & (CLOSED | PEER_FIN)) && !p->una;
	case TCPSTATE_EV_CLOSE:
		return !p->rcv;
	case TCPSTATE_EV_RCV_SYN:
		return old == TCPSTATE_TIME_WAIT ||
		       (old == TCPSTATE_SYN_RECV && (p->facts & PASSIVE));
	}
	return false;
}

/* What the user is told, and what goes out, follows from what has happened. */
static u16 spec_actions(u8 old, u8 event, u8 next)
{
	bool passed_eof = event == TCPSTATE_EV_RCV_FIN && old != TCPSTATE_TIME_WAIT;
	u8 new_bits = tcpstate_fsm_outflags(next) & ~tcpstate_fsm_outflags(old);
	u16 acts = 0;

	/* A SYN or FIN that took a number of the peer's is acknowledged at once. */
	if (event == TCPSTATE_EV_RCV_FIN || event == TCPSTATE_EV_RCV_SYN_ACK)
		acts |= TCPSTATE_ACT(ACK_NOW);
	/* The state has control bits to say that it had not, or text may go at last. */
	if (next != TCPSTATE_CLOSE && next != old &&
	    (next == TCPSTATE_ESTABLISHED || (new_bits & (TCPSTATE_SYN | TCPSTATE_FIN)) ||
	     (old == TCPSTATE_SYN_SENT && (new_bits & TCPSTATE_ACK))))
		acts |= TCPSTATE_ACT(PUSH);
	/* RFC 9293 3.10.5 names the states in which an abort sends a RST. */
	if (event == TCPSTATE_EV_ABORT &&
	    tcpstate_in(old, TCPSTATE_F(SYN_RECV) | TCPSTATE_F(ESTABLISHED) |
			TCPSTATE_F(FIN_WAIT1) | TCPSTATE_F(FIN_WAIT2) | TCPSTATE_F(CLOSE_WAIT)))
		acts |= TCPSTATE_ACT(SEND_RST);
	if (next == TCPSTATE_TIME_WAIT)
		acts |= TCPSTATE_ACT(START_2MSL);
	if (next == TCPSTATE_ESTABLISHED)
		acts |= TCPSTATE_ACT(CONNECTED);
	if (passed_eof)
		acts |= TCPSTATE_ACT(EOF);
	if (event == TCPSTATE_EV_RCV_RST && tcpstate_in(old, TCPSTATE_F_CONNECTING))
		acts |= TCPSTATE_ACT(REFUSED);
	else if (event == TCPSTATE_EV_RCV_RST && old == TCPSTATE_CLOSE_WAIT)
		acts |= TCPSTATE_ACT(BROKEN);
	else if (event == TCPSTATE_EV_RCV_RST)
		acts |= TCPSTATE_ACT(RESET);
	if (event == TCPSTATE_EV_USER_TIMEOUT)
		acts |= TCPSTATE_ACT(TIMED_OUT);
	if (event == TCPSTATE_EV_RCV_HARD_ERROR)
		acts |= TCPSTATE_ACT(UNREACHABLE);
	/* Somebody may sleep until: connected, end of file, all sent, over. */
	if (next == TCPSTATE_ESTABLISHED || next == TCPSTATE_CLOSE || passed_eof ||
	    event == TCPSTATE_EV_RCV_ACK_OF_FIN)
		acts |= TCPSTATE_ACT(WAKE);
	if (next == TCPSTATE_CLOSE)
		acts |= TCPSTATE_ACT(DELETE_TCB);
	return acts;
}

static const struct tcpstate_edge *look_up(u8 state, u8 event)
{
	const struct tcpstate_edge *edge = tcpstate_fsm(state, event);

	if (!res->taken[state][event]++) {
		first_use[state][event].from = now_from;
		first_use[state][event].by = now_by;
	}
	must(edge->kind != TCPSTATE_EDGE_NEVER, "a NEVER cell was reached", state, event);
	must(edge->why && edge->why[0], "a cell without a reason", state, event);
	if (edge->kind == TCPSTATE_EDGE_IGNORE)
		must(!edge->actions, "an ignored cell that acts", state, event);
	return edge;
}

static void check_moved(const struct peer *p, u8 old, u8 event, u8 next, u16 acts)
{
	must(next != TCPSTATE_TIME_WAIT || old == TCPSTATE_FIN_WAIT2 || old == TCPSTATE_CLOSING ||
	     (old == TCPSTATE_TIME_WAIT && event == TCPSTATE_EV_RCV_FIN),
	     "TIME_WAIT not entered from FIN_WAIT2 or CLOSING", old, event);
	must(next != TCPSTATE_LAST_ACK ||
	     (old == TCPSTATE_CLOSE_WAIT && event == TCPSTATE_EV_CLOSE),
	     "LAST_ACK not entered by close() in CLOSE_WAIT", old, event);
	must(acts == spec_actions(old, event, next), "wrong actions", old, event);
	must(!(acts & TCPSTATE_ACT(EOF)) || !(p->facts & EOF_TOLD), "EOF twice", old, event);
	must(!(acts & TCPSTATE_ACT(CONNECTED)) || !(p->facts & CONNECTED),
	     "CONNECTED twice", old, event);
}

/* --- segments --- */

static u16 pack_number(u32 seq)
{
	return seq - BASE < NO_NUMBER ? seq - BASE : NO_NUMBER;
}

static u32 unpack_number(u16 n)
{
	return n == NO_NUMBER ? 0 : BASE + n;
}

/* The flag octet keeps FIN SYN RST ACK; bit 15 says that the place is taken. */
static u16 pack(u32 seq, u32 ack, u8 flags, u8 len)
{
	return 0x8000 | pack_number(seq) | pack_number(ack) << 4 | (flags & 7) << 8 |
	       !!(flags & TCPSTATE_ACK) << 11 | len << 12;
}

static struct tcpstate_seg unpack(u16 s)
{
	return (struct tcpstate_seg){
		.seq = unpack_number(s & 15),
		.ack = s & 1 << 11 ? unpack_number(s >> 4 & 15) : 0,
		.flags = (s >> 8 & 7) | (s & 1 << 11 ? TCPSTATE_ACK : 0),
		.len = s >> 12 & 1,
		.wnd = WINDOW,
	};
}

/* Put it into the network: sorted, no two alike; lost where there is no room. */
static void transmit(struct step *st, u32 seq, u32 ack, u8 flags, u8 len)
{
	u16 *net = st->w.net[st->who], s = pack(seq, flags & TCPSTATE_ACK ? ack : BASE, flags, len);
	int i, n = 0;

	if (flags & TCPSTATE_RST)
		st->w.disturbed = 1;
	for (i = 0; i < cfg.in_flight && net[i]; i++, n++)
		if (net[i] == s)
			return;
	if (n == cfg.in_flight)
		return;
	for (i = n; i && net[i - 1] > s; i--)
		net[i] = net[i - 1];
	net[i] = s;
}

static void take_away(u16 *net, int i)
{
	for (; i + 1 < MODEL_IN_FLIGHT; i++)
		net[i] = net[i + 1];
	net[i] = 0;
}

/* --- one peer; the order is that of the module --- */

static struct peer *me(struct step *st)
{
	return &st->w.peer[st->who];
}

static struct peer *other(struct step *st)
{
	return &st->w.peer[!st->who];
}

static u32 iss(const struct peer *p)
{
	return BASE + p->life * SPACING;
}

static struct tcpstate_tcb tcb_of(const struct peer *p)
{
	u32 irs = BASE + p->irs_life * SPACING;

	return (struct tcpstate_tcb){
		.iss = iss(p), .snd_una = iss(p) + p->una, .snd_nxt = iss(p) + p->nxt,
		.write_seq = iss(p) + p->write, .snd_wnd = WINDOW, .max_wnd = WINDOW,
		.irs = irs, .rcv_nxt = irs + p->rcv, .rcv_adv = irs + p->rcv + WINDOW,
		.snd_mss = 1, .rcv_mss = 1, .peer_mss = 1, .passive = p->facts & PASSIVE,
	};
}

static void send(struct step *st, u8 off, u8 flags, u8 len)
{
	struct peer *p = me(st);
	u32 irs = BASE + p->irs_life * SPACING;

	if (flags & TCPSTATE_ACK)
		st->ack_now = false;
	if (flags & TCPSTATE_SYN)
		p->told[p->life] |= SYN_SENT;
	if (flags & TCPSTATE_FIN)
		p->told[p->life] |= FIN_SENT;
	transmit(st, iss(p) + off, irs + p->rcv, flags, len);
}

static void send_syn(struct step *st)
{
	u8 state = me(st)->state;

	must(!(me(st)->facts & CONNECTED), "SYN after the handshake", state, TCPSTATE_EV_COUNT);
	send(st, 0, state == TCPSTATE_SYN_SENT ? TCPSTATE_SYN : TCPSTATE_SYN | TCPSTATE_ACK, 0);
}

/* Our FIN is acknowledged, the peer's is taken, and both ends know it. */
static void check_orderly_end(struct step *st, u8 old, u8 event)
{
	struct peer *p = me(st);

	if (event != TCPSTATE_EV_RCV_ACK_OF_FIN && event != TCPSTATE_EV_TIME_WAIT_TIMEOUT &&
	    !(event == TCPSTATE_EV_RCV_SYN && old == TCPSTATE_TIME_WAIT))
		return;
	must(fin_acked(p) && (p->facts & PEER_FIN) && (p->facts & EOF_TOLD),
	     "an orderly end before both FINs", old, event);
	must(p->told[p->life] & FIN_TAKEN, "an orderly end that the peer missed", old, event);
}

static void delete_tcb(struct peer *p)
{
	u8 listener = p->listener, next_life = p->next_life, told[MODEL_LIVES];

	memcpy(told, p->told, sizeof(told));
	memset(p, 0, sizeof(*p));
	p->state = TCPSTATE_CLOSE;
	p->listener = listener;
	p->next_life = next_life;
	memcpy(p->told, told, sizeof(told));
}

/* tcpstate_state_event(): facts were updated by the caller. */
static void event(struct step *st, u8 event)
{
	struct peer *p = me(st), *o = other(st);
	u8 old = p->state, spec = old == TCPSTATE_CLOSE ? old : spec_state(p);
	const struct tcpstate_edge *edge = look_up(old, event);
	u8 next = edge->kind == TCPSTATE_EDGE_MOVE ? edge->next : old;

	if (old != TCPSTATE_CLOSE && spec_ends(p, old, event))
		spec = TCPSTATE_CLOSE;
	must(next == spec, "a state that its facts do not allow", old, event);
	/* RFC 9293 3.10.7.4 eighth: acknowledge the FIN, also one that comes again. */
	must(event != TCPSTATE_EV_RCV_FIN || (edge->actions & TCPSTATE_ACT(ACK_NOW)),
	     "a FIN without an ACK", old, event);
	if (edge->kind != TCPSTATE_EDGE_MOVE)
		return;
	check_moved(p, old, event, next, edge->actions);
	if (next == TCPSTATE_CLOSE)
		check_orderly_end(st, old, event);
	p->state = next;
	if (edge->actions & TCPSTATE_ACT(ACK_NOW))
		st->ack_now = true;
	if (edge->actions & TCPSTATE_ACT(PUSH))
		st->push = true;
	if (edge->actions & TCPSTATE_ACT(SEND_RST))
		send(st, p->nxt, tcpstate_fsm_outflags(TCPSTATE_CLOSE), 0);
	if (edge->actions & TCPSTATE_ACT(START_2MSL))
		p->facts |= TIMER_2MSL;
	if (edge->actions & TCPSTATE_ACT(EOF))
		p->facts |= EOF_TOLD;
	if (edge->actions & TCPSTATE_ACT(CONNECTED)) {
		must((o->told[p->irs_life] & SYN_SENT) && (p->told[p->life] & SYN_TAKEN),
		     "CONNECTED with nobody there", old, event);
		p->facts |= CONNECTED;
		p->told[p->life] |= WAS_CONNECTED;
	}
	if (edge->actions & TCPSTATE_ACT(DELETE_TCB)) {
		delete_tcb(p);
		st->push = false;
		st->ack_now = false;
	}
}

/* tcpstate_output_push() */
static void push(struct step *st)
{
	struct peer *p = me(st);
	bool fin = tcpstate_fsm_outflags(p->state) & TCPSTATE_FIN;
	u8 len;

	if (tcpstate_in(p->state, TCPSTATE_F_CONNECTING)) {
		if (!p->nxt)
			p->nxt = 1;
		send_syn(st);
		return;
	}
	if (tcpstate_in(p->state, TCPSTATE_F_CAN_TRANSMIT) && p->una && p->nxt <= p->write) {
		len = p->write - p->nxt;
		if (len || fin)
			send(st, p->nxt, TCPSTATE_ACK | (fin ? TCPSTATE_FIN : 0), len);
		p->nxt += len + fin;
	}
	if (st->ack_now)
		send(st, p->nxt, TCPSTATE_ACK, 0);
}

/* The end of every event source: nothing that may go stays behind. */
static void finish(struct step *st)
{
	struct peer *p = me(st);

	if (st->push || st->ack_now)
		push(st);
	if (p->state == TCPSTATE_CLOSE)
		return;
	must(p->nxt, "our SYN was never sent", p->state, TCPSTATE_EV_COUNT);
	if (p->una && tcpstate_in(p->state, TCPSTATE_F_CAN_TRANSMIT))
		must(p->nxt == p->write + !!(tcpstate_fsm_outflags(p->state) & TCPSTATE_FIN),
		     "text or FIN was left behind", p->state, TCPSTATE_EV_COUNT);
	if (p->state == TCPSTATE_TIME_WAIT)
		must(p->facts & TIMER_2MSL, "TIME_WAIT without its timer", p->state,
		     TCPSTATE_EV_COUNT);
}

/* tcpstate_output_retransmit() */
static void retransmit(struct step *st)
{
	struct peer *p = me(st);
	bool fin = p->nxt > p->write;

	if (!p->una)
		send_syn(st);
	else
		send(st, p->una, TCPSTATE_ACK | (fin ? TCPSTATE_FIN : 0), p->una < p->write);
}

static void rst_reply(struct step *st, const struct tcpstate_seg *seg)
{
	struct tcpstate_reply rst;

	if (tcpstate_seg_rst_reply(seg, &rst))
		transmit(st, rst.seq, rst.ack, rst.flags, 0);
}

static void take_syn(struct step *st, const struct tcpstate_seg *seg)
{
	struct peer *p = me(st);
	u32 off = seg->seq - BASE;

	must(off < MODEL_LIVES * SPACING && !(off % SPACING) &&
	     (other(st)->told[off / SPACING] & SYN_SENT), "a SYN that nobody sent", p->state,
	     TCPSTATE_EV_RCV_SYN);
	if (res->violation[0])
		return;
	p->irs_life = off / SPACING;
	p->rcv = 1;
	other(st)->told[p->irs_life] |= SYN_TAKEN;
}

static void born(struct step *st, u8 state)
{
	struct peer *p = me(st);

	p->life = p->next_life++;
	p->state = state;
	p->write = 1;
}

/* tcpstate_request_syn() */
static void listener_input(struct step *st, const struct tcpstate_seg *seg)
{
	struct tcpstate_check check = tcpstate_seg_check(NULL, TCPSTATE_LISTEN, seg);

	if (check.verdict == TCPSTATE_SEG_RST)
		rst_reply(st, seg);
	/* A peer at the end of its lives is a listener that is overloaded. */
	if (check.verdict != TCPSTATE_SEG_ACCEPT || me(st)->next_life == cfg.lives)
		return;
	born(st, TCPSTATE_LISTEN);
	me(st)->facts = PASSIVE;
	take_syn(st, seg);
	event(st, check.event);
	finish(st);
}

static void refuse(struct step *st, const struct tcpstate_seg *seg, u8 verdict)
{
	switch (verdict) {
	case TCPSTATE_SEG_ACK:
	case TCPSTATE_SEG_CHALLENGE:
		send(st, me(st)->nxt, TCPSTATE_ACK, 0);
		break;
	case TCPSTATE_SEG_SYN_AGAIN:
		send_syn(st);
		break;
	case TCPSTATE_SEG_RST:
		rst_reply(st, seg);
		break;
	}
}

static void ack_of_syn(struct step *st)
{
	struct peer *p = me(st);

	must(p->told[p->life] & SYN_TAKEN, "an ACK of a SYN that was never taken", p->state,
	     TCPSTATE_EV_RCV_ACK_OF_SYN);
	p->una = 1;
	st->push = true;
}

static void take_event(struct step *st, const struct tcpstate_seg *seg, u8 ev)
{
	struct peer *p = me(st);

	if (p->state == TCPSTATE_SYN_SENT && ev != TCPSTATE_EV_RCV_RST)
		take_syn(st, seg);
	if (ev == TCPSTATE_EV_RCV_SYN_ACK || ev == TCPSTATE_EV_RCV_ACK_OF_SYN)
		ack_of_syn(st);
	event(st, ev);
}

static void take_ack(struct step *st, const struct tcpstate_seg *seg)
{
	struct peer *p = me(st);
	u8 told = p->told[p->life];
	u32 off = seg->ack - iss(p);
	bool was_acked = fin_acked(p);

	if (tcpstate_after(seg->ack, iss(p) + p->una)) {
		must(off <= p->nxt, "SND.UNA beyond SND.NXT", p->state, TCPSTATE_EV_COUNT);
		p->una = off;
		st->push = true;
	}
	/* What is acknowledged has arrived; nothing is lost for good. */
	must(p->una < 2 || p->write == 1 || (told & OCTET_TAKEN),
	     "an octet acknowledged that was not taken", p->state, TCPSTATE_EV_COUNT);
	if (was_acked || !fin_acked(p))
		return;
	must(told & FIN_TAKEN, "a FIN acknowledged that was not taken", p->state,
	     TCPSTATE_EV_RCV_ACK_OF_FIN);
	event(st, TCPSTATE_EV_RCV_ACK_OF_FIN);
}

static void take_octet(struct step *st, const struct tcpstate_seg *seg)
{
	struct peer *p = me(st);
	u8 *told = &other(st)->told[p->irs_life];

	st->ack_now = true;
	if (seg->seq != BASE + p->irs_life * SPACING + p->rcv)
		return;
	must(p->rcv == 1 && (*told & WROTE) && !(p->facts & (GOT_OCTET | PEER_FIN)),
	     "an octet twice, late or from nowhere", p->state, TCPSTATE_EV_COUNT);
	p->rcv++;
	p->facts |= GOT_OCTET;
	*told |= OCTET_TAKEN;
}

static void take_fin(struct step *st)
{
	struct peer *p = me(st);
	u8 *told = &other(st)->told[p->irs_life];

	if (!p->fin_at || p->rcv != p->fin_at)
		return;
	must((*told & FIN_SENT) && !(*told & FIN_TAKEN), "a FIN twice or from nowhere",
	     p->state, TCPSTATE_EV_RCV_FIN);
	must(!(*told & WROTE) || (p->facts & GOT_OCTET), "a FIN before the octet", p->state,
	     TCPSTATE_EV_RCV_FIN);
	*told |= FIN_TAKEN;
	p->fin_at = 0;
	p->rcv++;
	p->facts |= PEER_FIN | (p->facts & CLOSED ? 0 : PEER_FIRST);
	event(st, TCPSTATE_EV_RCV_FIN);
}

static void take_rest(struct step *st, const struct tcpstate_seg *seg)
{
	struct peer *p = me(st);

	if (!tcpstate_in(p->state, TCPSTATE_F_CAN_RECEIVE)) {
		if (seg->len || (seg->flags & TCPSTATE_FIN))
			st->ack_now = p->state != TCPSTATE_CLOSE;
		return;
	}
	if (seg->flags & TCPSTATE_FIN) {
		u32 at = seg->seq + seg->len - (BASE + p->irs_life * SPACING);

		must(at == 1 || at == 2, "a FIN of another life", p->state, TCPSTATE_EV_RCV_FIN);
		p->fin_at = (u8)at;
		st->ack_now = true;
	}
	if (seg->len)
		take_octet(st, seg);
	take_fin(st);
}

/* tcpstate_input(), and the door before it. */
static void deliver(struct step *st, const struct tcpstate_seg *seg)
{
	struct peer *p = me(st);
	struct tcpstate_tcb tcb = tcb_of(p);
	struct tcpstate_check check;

	if (p->state == TCPSTATE_CLOSE && p->listener != TCPSTATE_LISTEN) {
		rst_reply(st, seg);
		return;
	}
	if (p->state == TCPSTATE_CLOSE) {
		listener_input(st, seg);
		return;
	}
	check = tcpstate_seg_check(&tcb, p->state, seg);
	if (check.verdict != TCPSTATE_SEG_ACCEPT) {
		refuse(st, seg, check.verdict);
		return;
	}
	if (check.event == TCPSTATE_EV_RCV_SYN && p->state == TCPSTATE_TIME_WAIT) {
		event(st, check.event);
		if (p->listener == TCPSTATE_LISTEN)
			listener_input(st, seg);
		else
			rst_reply(st, seg);
		return;
	}
	if (check.event != TCPSTATE_EV_COUNT)
		take_event(st, seg, check.event);
	if (!res->violation[0] && tcpstate_in(p->state, TCPSTATE_F_SYNCHRONIZED) &&
	    !(seg->flags & (TCPSTATE_SYN | TCPSTATE_RST)) && check.event != TCPSTATE_EV_RCV_FIN) {
		take_ack(st, seg);
		take_rest(st, seg);
	}
	finish(st);
}

/* --- what may happen next --- */

enum kind {
	DO_LISTEN, DO_UNLISTEN, DO_UNLISTEN_ABORT, DO_CONNECT, DO_SEND, DO_CLOSE, DO_ABORT,
	DO_AGAIN, DO_GIVE_UP, DO_2MSL, DO_ICMP, DO_DELIVER, DO_DUPLICATE, DO_LOSE, DO_COUNT
};

static const char * const kind_names[] = {
	[DO_LISTEN] = "listen", [DO_UNLISTEN] = "close listener",
	[DO_UNLISTEN_ABORT] = "abort listener", [DO_CONNECT] = "connect",
	[DO_SEND] = "send", [DO_CLOSE] = "close", [DO_ABORT] = "abort",
	[DO_AGAIN] = "retransmit", [DO_GIVE_UP] = "user timeout", [DO_2MSL] = "2MSL",
	[DO_ICMP] = "hard ICMP error",
	[DO_DELIVER] = "receive", [DO_DUPLICATE] = "receive, keep a duplicate",
	[DO_LOSE] = "loss",
};

_Static_assert(sizeof(kind_names) / sizeof(kind_names[0]) == DO_COUNT, "a name per kind");

static bool user_holds(const struct peer *p)
{
	return p->state != TCPSTATE_CLOSE &&
	       !(p->state == TCPSTATE_SYN_RECV && (p->facts & PASSIVE));
}

/* listen() again is ignored; the end of a listener ends the child that nobody accepted. */
static bool listener_step(struct step *st, enum kind kind)
{
	struct peer *p = me(st);
	u8 old = p->listener, ev = kind == DO_LISTEN ? TCPSTATE_EV_PASSIVE_OPEN :
		kind == DO_UNLISTEN ? TCPSTATE_EV_CLOSE : TCPSTATE_EV_ABORT;
	const struct tcpstate_edge *edge;
	u8 want = kind == DO_LISTEN ? TCPSTATE_LISTEN : TCPSTATE_CLOSE;

	if (kind != DO_LISTEN && old != TCPSTATE_LISTEN)
		return false;
	if (kind == DO_LISTEN && old == TCPSTATE_CLOSE &&
	    (p->state != TCPSTATE_CLOSE || p->next_life == cfg.lives))
		return false;
	edge = look_up(old, ev);
	if (edge->kind == TCPSTATE_EDGE_MOVE) {
		must(edge->actions == spec_actions(old, ev, edge->next), "wrong actions", old, ev);
		p->listener = edge->next;
	}
	must(p->listener == want, "a listener in a wrong state", old, ev);
	if (kind != DO_LISTEN && p->state == TCPSTATE_SYN_RECV && (p->facts & PASSIVE))
		event(st, TCPSTATE_EV_ABORT);
	return true;
}

static bool connect_step(struct step *st)
{
	struct peer *p = me(st);
	const struct tcpstate_edge *edge;
	u8 old = p->state, ev = TCPSTATE_EV_ACTIVE_OPEN;

	if (old != TCPSTATE_CLOSE || p->listener != TCPSTATE_CLOSE || p->next_life == cfg.lives)
		return false;
	edge = look_up(old, ev);
	must(edge->kind == TCPSTATE_EDGE_MOVE && edge->next == TCPSTATE_SYN_SENT,
	     "connect() does not ask", old, ev);
	must(edge->actions == spec_actions(old, ev, TCPSTATE_SYN_SENT), "wrong actions", old, ev);
	born(st, TCPSTATE_SYN_SENT);
	st->push = true;
	finish(st);
	return true;
}

static bool user_step(struct step *st, enum kind kind)
{
	struct peer *p = me(st);

	if (kind == DO_SEND) {
		if (!tcpstate_in(p->state, TCPSTATE_F_CAN_SEND) || p->write != 1)
			return false;
		p->write = 2;
		p->told[p->life] |= WROTE;
		st->push = true;
	} else if (p->state == TCPSTATE_CLOSE) {
		event(st, kind == DO_CLOSE ? TCPSTATE_EV_CLOSE : TCPSTATE_EV_ABORT);
		return false;
	} else if (!user_holds(p)) {
		return false;
	} else if (kind == DO_CLOSE) {
		if (p->rcv)
			p->facts |= CLOSED;
		event(st, TCPSTATE_EV_CLOSE);
	} else {
		st->w.disturbed = 1;
		event(st, TCPSTATE_EV_ABORT);
	}
	finish(st);
	return true;
}

static bool timer_step(struct step *st, enum kind kind)
{
	struct peer *p = me(st);

	if (p->state == TCPSTATE_CLOSE)
		return false;
	if (kind == DO_2MSL) {
		if (!(p->facts & TIMER_2MSL))
			return false;
		event(st, TCPSTATE_EV_TIME_WAIT_TIMEOUT);
		return true;
	}
	if (kind == DO_AGAIN) {
		if (p->una == p->nxt)
			return false;
		retransmit(st);
		return true;
	}
	/* R2 with something outstanding; or keep-alive, or an orphan's FIN_WAIT2. */
	if (p->una == p->nxt && !tcpstate_in(p->state, TCPSTATE_F_CAN_SEND | TCPSTATE_F(FIN_WAIT2)))
		return false;
	st->w.disturbed = 1;
	event(st, TCPSTATE_EV_USER_TIMEOUT);
	return true;
}

/* tcpstate_path_icmp(): about a segment that is on its way, or about an ACK. */
static bool icmp_step(struct step *st)
{
	struct peer *p = me(st);

	if (tcpstate_in(p->state, TCPSTATE_F(CLOSE) | TCPSTATE_F(TIME_WAIT)))
		return false;
	if (tcpstate_in(p->state, TCPSTATE_F_CONNECTING))
		st->w.disturbed = 1;
	event(st, TCPSTATE_EV_RCV_HARD_ERROR);
	return true;
}

static bool net_step(struct step *st, enum kind kind, int i)
{
	u16 *net = st->w.net[!st->who], s = net[i];
	struct tcpstate_seg seg = unpack(s);

	if (!s)
		return false;
	if (kind != DO_DUPLICATE)
		take_away(net, i);
	if (kind != DO_LOSE)
		deliver(st, &seg);
	return true;
}

static bool do_step(struct step *st, enum kind kind, int i)
{
	switch (kind) {
	case DO_LISTEN:
	case DO_UNLISTEN:
	case DO_UNLISTEN_ABORT:
		return listener_step(st, kind);
	case DO_CONNECT:
		return connect_step(st);
	case DO_SEND:
	case DO_CLOSE:
	case DO_ABORT:
		return user_step(st, kind);
	case DO_AGAIN:
	case DO_GIVE_UP:
	case DO_2MSL:
		return timer_step(st, kind);
	case DO_ICMP:
		return icmp_step(st);
	default:
		return net_step(st, kind, i);
	}
}

static bool is_partner(const struct peer *p, const struct peer *o)
{
	return o->state != TCPSTATE_CLOSE && o->rcv && o->irs_life == p->life &&
	       p->irs_life == o->life;
}

/*
 * The steps that must be enough to come to an end: no loss, nobody gives up,
 * but for three cases that no segment can end.  FIN_WAIT2 whose peer is gone
 * has nothing to ask it with.  Two old SYNs that crossed leave two ends that
 * know wrong numbers of each other.  A listener that is overloaded is silent:
 * the user loses patience.
 */
static bool is_fair(const struct world *w, u8 who, enum kind kind)
{
	const struct peer *p = &w->peer[who], *o = &w->peer[!who];

	switch (kind) {
	case DO_AGAIN:
	case DO_2MSL:
	case DO_DELIVER:
		return true;
	case DO_CLOSE:
		return p->state != TCPSTATE_SYN_SENT ||
		       (o->listener == TCPSTATE_LISTEN && o->next_life == cfg.lives);
	case DO_GIVE_UP:
		if (is_partner(p, o))
			return false;
		return p->state == TCPSTATE_FIN_WAIT2 ||
		       (p->rcv && !p->una && o->state != TCPSTATE_CLOSE);
	default:
		return false;
	}
}

/* --- the set of states --- */

static struct {
	struct world *world;
	unsigned int *from;	/* whence each was reached first */
	unsigned short *by;	/* by which step */
	unsigned int *hash;
	unsigned int n, room, mask;
	unsigned int (*fair)[2];
	unsigned long n_fair, room_fair;
} set;

static void *grow(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p) {
		fputs(NO_MEMORY "\n", stderr);
		exit(2);
	}
	return p;
}

static unsigned int hash_of(const struct world *w)
{
	const u16 *p = (const u16 *)w;
	u64 h = 0x9e3779b97f4a7c15ull;
	size_t i;

	for (i = 0; i < sizeof(*w) / sizeof(*p); i++)
		h = (h ^ p[i]) * 0x100000001b3ull;
	return (unsigned int)(h ^ h >> 29 ^ h >> 43);
}

static void rehash(unsigned int size)
{
	unsigned int i, h;

	set.hash = grow(set.hash, size * sizeof(*set.hash));
	memset(set.hash, 0, size * sizeof(*set.hash));
	set.mask = size - 1;
	for (i = 0; i < set.n; i++) {
		for (h = hash_of(&set.world[i]); set.hash[h & set.mask]; h++)
			;
		set.hash[h & set.mask] = i + 1;
	}
}

static void reserve(void)
{
	if (set.n < set.room)
		return;
	set.room = set.room ? 2 * set.room : 1 << 12;
	set.world = grow(set.world, set.room * sizeof(*set.world));
	set.from = grow(set.from, set.room * sizeof(*set.from));
	set.by = grow(set.by, set.room * sizeof(*set.by));
	rehash(4 * set.room);
}

/* The peers have no names: of a state and its mirror image one stands for both. */
static void canonical(struct world *w)
{
	struct world m = *w;

	m.peer[0] = w->peer[1];
	m.peer[1] = w->peer[0];
	memcpy(m.net[0], w->net[1], sizeof(m.net[0]));
	memcpy(m.net[1], w->net[0], sizeof(m.net[1]));
	if (memcmp(&m, w, sizeof(m)) < 0)
		*w = m;
}

static unsigned int add(struct world *w, unsigned int from, unsigned int by)
{
	unsigned int h;

	canonical(w);
	for (h = hash_of(w); set.hash[h & set.mask]; h++)
		if (!memcmp(&set.world[set.hash[h & set.mask] - 1], w, sizeof(*w)))
			return set.hash[h & set.mask] - 1;
	set.hash[h & set.mask] = set.n + 1;
	set.world[set.n] = *w;
	set.from[set.n] = from;
	set.by[set.n] = by;
	return set.n++;
}

static void add_fair(unsigned int from, unsigned int to)
{
	if (set.n_fair == set.room_fair) {
		set.room_fair = set.room_fair ? 2 * set.room_fair : 1 << 12;
		set.fair = grow(set.fair, set.room_fair * sizeof(*set.fair));
	}
	set.fair[set.n_fair][0] = from;
	set.fair[set.n_fair++][1] = to;
}

static bool is_final(const struct world *w)
{
	return w->peer[0].state == TCPSTATE_CLOSE && w->peer[1].state == TCPSTATE_CLOSE;
}

/* Nobody aborted, gave up or was reset: then each who was connected was heard out. */
static void check_final(const struct world *w)
{
	int i, life;

	res->finals++;
	if (w->disturbed)
		return;
	for (i = 0; i < 2; i++)
		for (life = 0; life < w->peer[i].next_life; life++)
			if ((w->peer[i].told[life] & (WAS_CONNECTED | FIN_TAKEN)) == WAS_CONNECTED)
				broken("an undisturbed end without EOF on both sides", 0,
				       TCPSTATE_EV_COUNT);
}

static void show_segment(u16 s)
{
	struct tcpstate_seg seg = unpack(s);

	printf(" <%d,%d%s%s%s%s%s>", (int)(seg.seq - BASE),
	       seg.flags & TCPSTATE_ACK ? (int)(seg.ack - BASE) : 0,
	       seg.flags & TCPSTATE_SYN ? " SYN" : "", seg.flags & TCPSTATE_FIN ? " FIN" : "",
	       seg.flags & TCPSTATE_RST ? " RST" : "", seg.flags & TCPSTATE_ACK ? " ACK" : "",
	       seg.len ? " octet" : "");
}

static void show_world(const struct world *w)
{
	int i, k;

	for (i = 0; i < 2; i++) {
		const struct peer *p = &w->peer[i];

		printf("    %d: %s%s life %d una %d nxt %d write %d irs %d rcv %d facts %#x sent", i,
		       tcpstate_fsm_state_name(p->state),
		       p->listener == TCPSTATE_LISTEN ? " +LISTEN" : "", p->life, p->una,
		       p->nxt, p->write, p->irs_life, p->rcv, p->facts);
		for (k = 0; k < MODEL_IN_FLIGHT && w->net[i][k]; k++)
			show_segment(w->net[i][k]);
		putchar('\n');
	}
}

/* How the run came to state n. */
static void show_way(unsigned int n)
{
	if (n) {
		show_way(set.from[n]);
		printf("  then peer %d: %s %d\n", set.by[n] & 1, kind_names[set.by[n] >> 4],
		       set.by[n] >> 1 & 7);
	}
	show_world(&set.world[n]);
}

static void expand(unsigned int n, bool trace)
{
	unsigned int to;
	struct step st;
	int kind, i;
	u8 who;

	now_from = n;
	for (who = 0; who < 2; who++) {
		for (kind = 0; kind < DO_COUNT; kind++) {
			for (i = 0; i < (kind < DO_DELIVER ? 1 : cfg.in_flight); i++) {
				st = (struct step){ .w = set.world[n], .who = who };
				now_by = who | i << 1 | kind << 4;
				if (!do_step(&st, kind, i) && !res->violation[0])
					continue;
				if (res->violation[0]) {
					if (trace) {
						show_way(n);
						printf("  then peer %d: %s %d breaks it\n",
						       who, kind_names[kind], i);
					}
					return;
				}
				res->transitions++;
				reserve();
				to = add(&st.w, n, now_by);
				if (to != n && is_fair(&set.world[n], who, kind))
					add_fair(n, to);
			}
		}
	}
}

/* From every state an end can be reached by fair steps: walk back from the ends. */
static void check_no_trap(bool trace)
{
	unsigned int *start = calloc(set.n + 2, sizeof(*start)), *back, *queue, n_queue = 0, i;
	char *good = calloc(set.n, 1);
	unsigned long e;

	back = grow(NULL, (set.n_fair + 1) * sizeof(*back));
	queue = grow(NULL, (set.n + 1) * sizeof(*queue));
	for (e = 0; e < set.n_fair; e++)
		start[set.fair[e][1] + 2]++;
	for (i = 2; i < set.n + 2; i++)
		start[i] += start[i - 1];
	for (e = 0; e < set.n_fair; e++)
		back[start[set.fair[e][1] + 1]++] = set.fair[e][0];
	for (i = 0; i < set.n; i++) {
		good[i] = is_final(&set.world[i]);
		if (good[i])
			queue[n_queue++] = i;
	}
	for (i = 0; i < n_queue; i++) {
		for (e = start[queue[i]]; e < start[queue[i] + 1]; e++) {
			if (good[back[e]])
				continue;
			good[back[e]] = 1;
			queue[n_queue++] = back[e];
		}
	}
	for (i = 0; i < set.n && good[i]; i++)
		;
	if (i < set.n) {
		broken("a trap: no way to an end without a loss, an abort or a timeout", 0,
		       TCPSTATE_EV_COUNT);
		if (trace)
			show_way(i);
	}
	free(start);
	free(back);
	free(queue);
	free(good);
}

/**
 * model_run() - explore a world, stop at the first broken property
 * @config: its size
 * @result: filled
 * @trace: print the way to a broken property
 */
void model_run(const struct model_config *config, struct model_result *result, bool trace)
{
	struct world first;
	unsigned int n;

	cfg = *config;
	res = result;
	memset(res, 0, sizeof(*res));
	memset(&first, 0, sizeof(first));
	for (n = 0; n < 2; n++) {
		first.peer[n].state = TCPSTATE_CLOSE;
		first.peer[n].listener = TCPSTATE_CLOSE;
	}
	set.n = 0;
	set.n_fair = 0;
	if (set.hash)
		memset(set.hash, 0, (set.mask + 1) * sizeof(*set.hash));
	reserve();
	add(&first, 0, 0);
	for (n = 0; n < set.n && !res->violation[0]; n++) {
		if (is_final(&set.world[n]))
			check_final(&set.world[n]);
		expand(n, trace);
	}
	res->states = set.n;
	if (!res->violation[0])
		check_no_trap(trace);
}

/**
 * model_replay() - the step that raised a cell first, once more
 * @state: its row
 * @event: its column; the cell was taken in the last model_run()
 * @result: the violation of that one step, if there is one
 *
 * Up to that step a run over a table in which only this cell is different is
 * the same run: what this step breaks, the whole run finds.
 */
void model_replay(u8 state, u8 event, struct model_result *result)
{
	unsigned int n = first_use[state][event].from, by = first_use[state][event].by;
	struct model_result *run = res;
	struct step st = { .w = set.world[n], .who = by & 1 };

	res = result;
	memset(res, 0, sizeof(*res));
	/* taken is 1: the note of the first use stays as it is. */
	res->taken[state][event] = 1;
	do_step(&st, by >> 4, by >> 1 & 7);
	res = run;
}

/**
 * model_uncovered() - is there a cell that may be raised and never was
 * @result: of a run without a violation
 * @state: where to begin; its row where true is returned
 * @event: likewise, its column
 *
 * Return: true while there is another one.
 */
bool model_uncovered(const struct model_result *result, u8 *state, u8 *event)
{
	for (; *state < TCPSTATE_MAX_STATES; (*state)++, *event = 0)
		for (; *event < TCPSTATE_EV_COUNT; (*event)++)
			if (tcpstate_fsm(*state, *event)->kind != TCPSTATE_EDGE_NEVER &&
			    !result->taken[*state][*event])
				return true;
	return false;
}

#ifndef MODEL_WITHOUT_MAIN
/* Only with a second life can every cell of the table come up. */
static int run_one(const struct model_config *config)
{
	static struct model_result result;
	u8 state = 1, ev = 0;
	int bad = 0;

	model_run(config, &result, true);
	printf("model: %d %s, %d in flight each way: %lu states, %lu transitions, %lu ends\n",
	       config->lives, config->lives > 1 ? "lives each" : "life each", config->in_flight,
	       result.states, result.transitions, result.finals);
	if (result.violation[0]) {
		printf("model: BROKEN: %s\n", result.violation);
		return 1;
	}
	for (; config->lives > 1 && model_uncovered(&result, &state, &ev); ev++, bad = 1)
		printf("model: %s x %s is in the table and never happens\n",
		       tcpstate_fsm_state_name(state), tcpstate_fsm_event_name(ev));
	return bad;
}

int main(int argc, char **argv)
{
	struct model_config one = {};

	if (argc == 3) {
		one.lives = atoi(argv[1]);
		one.in_flight = atoi(argv[2]);
	}
	if (one.lives < 1 || one.lives > MODEL_LIVES || one.in_flight < 1 ||
	    one.in_flight > MODEL_IN_FLIGHT) {
		fprintf(stderr, "usage: model LIVES IN_FLIGHT, at most %d %d\n", MODEL_LIVES,
			MODEL_IN_FLIGHT);
		return 2;
	}
	return run_one(&one);
}
#endif

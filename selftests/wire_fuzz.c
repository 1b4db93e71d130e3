// SPDX-License-Identifier: GPL-2.0
/*
 * A peer that is hostile in each of the eleven states: its segments are the
 * next valid one with something changed.  Those that the RFC gives no meaning
 * must change nothing, and the connection must then carry text both ways and
 * end in order; the others may move it where the RFC lets them, and nowhere
 * else.  At the end no socket and no memory is left.
 *
 * TCPSTATE_FUZZ_ROUNDS: segments in all.  TCPSTATE_FUZZ_SEED: what they are.
 */
#include <errno.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

/* As many segments before it is looked what became of them. */
#define BURST		128
/* Their answers must fit into the queue of the TUN device. */
#define BETWEEN_DRAINS	64
#define ROUNDS		24000
#define VARIANTS	13
/* Large segments would only make it slow; small buffers fill often. */
#define MOST_TEXT	600
#define BUFFER		8192

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define S(state)	(1u << WS_##state)

/* What segments of a burst may do by the RFC.  None: nothing may change. */
enum {
	MAY_RST = 1,		/* a RST at RCV.NXT */
	MAY_SYN = 2,		/* a SYN where one is taken */
	MAY_ACK_SYN = 4,
	MAY_ACK_FIN = 8,
	MAY_FIN = 16,
};

/* A segment that is to be sent.  @doff: 0 means what it is. */
struct hostile {
	uint32_t seq, ack;
	uint16_t sport, dport, win, urg;
	uint8_t flags, doff, reserved;
	uint8_t opt[40];
	int optlen, text, cut;
	bool badsum;
};

FIXTURE(fuzz) {
	struct wire w;
	struct wire_conn c;
	uint32_t seed;
	unsigned int sent, bursts, quiet, events;
	uint32_t rcv;		/* the stack's RCV.NXT before the burst */
	uint32_t max_end;	/* the highest number sent that it may have taken */
	bool stamps;		/* the connection has timestamps */
	unsigned int may;
};

FIXTURE_VARIANT(fuzz) {
	int state;
	bool active;
};

#define STATE(name, is, opens)						\
	FIXTURE_VARIANT_ADD(fuzz, name) { .state = is, .active = opens }

STATE(close, WS_CLOSE, true);
STATE(listen, WS_LISTEN, false);
STATE(syn_sent, WS_SYN_SENT, true);
STATE(syn_recv, WS_SYN_RECV, false);
STATE(syn_recv_simultaneous, WS_SYN_RECV, true);
STATE(established, WS_ESTABLISHED, true);
STATE(established_passive, WS_ESTABLISHED, false);
STATE(fin_wait1, WS_FIN_WAIT1, true);
STATE(fin_wait2, WS_FIN_WAIT2, true);
STATE(closing, WS_CLOSING, true);
STATE(time_wait, WS_TIME_WAIT, false);
STATE(close_wait, WS_CLOSE_WAIT, false);
STATE(last_ack, WS_LAST_ACK, false);

typedef FIXTURE_DATA(fuzz) fuzz;

static long number(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtol(text, NULL, 0) : otherwise;
}

FIXTURE_SETUP(fuzz)
{
	ASSERT_EQ(0, wire_init(&self->w));
	wire_conn_init(&self->c, &self->w);
	self->seed = number("TCPSTATE_FUZZ_SEED", 9293) * 2654435761u + 16 * variant->state +
		     variant->active + 1;
}

FIXTURE_TEARDOWN(fuzz)
{
	wire_fini(&self->w);
}

static uint32_t rnd(fuzz *f)
{
	f->seed ^= f->seed << 13;
	f->seed ^= f->seed >> 17;
	f->seed ^= f->seed << 5;
	return f->seed;
}

static uint32_t below(fuzz *f, uint32_t n)
{
	return (rnd(f) >> 8) % n;
}

static bool one_in(fuzz *f, uint32_t n)
{
	return !below(f, n);
}

static bool after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static bool in(int state, unsigned int set)
{
	return 1u << state & set;
}

/* ---- the segment ---- */

/* Near one of these, seldom anywhere. */
static uint32_t near(fuzz *f, const uint32_t *place, unsigned int places)
{
	if (one_in(f, 16))
		return rnd(f);
	return place[below(f, places)] + below(f, 9) - 4;
}

static uint8_t any_flags(fuzz *f)
{
	static const uint8_t likely[] = {
		WIRE_ACK, WIRE_ACK | WIRE_PSH, WIRE_ACK | WIRE_FIN, WIRE_RST, WIRE_RST | WIRE_ACK,
		WIRE_SYN, WIRE_SYN | WIRE_ACK, WIRE_ACK | WIRE_URG, 0, WIRE_FIN,
		WIRE_SYN | WIRE_FIN, 0xff,
	};

	return one_in(f, 4) ? rnd(f) >> 8 : likely[below(f, COUNT(likely))];
}

/* As the peer's clock says; one way or another it is not what it should be. */
static int put_tstamp(fuzz *f, uint8_t *opt, bool wrong)
{
	static const uint32_t ago[] = { 1, 2, 1000, 1u << 30, (1u << 31) - (1u << 22) };
	uint32_t val = f->c.tsval, ecr = f->c.tsrecent;

	if (wrong && one_in(f, 2))
		val -= ago[below(f, COUNT(ago))];
	else if (wrong)
		val += below(f, 5);
	if (wrong && one_in(f, 2))
		ecr = rnd(f);
	memcpy(opt, "\1\1\10\12", 4);
	val = htonl(val);
	ecr = htonl(ecr);
	memcpy(opt + 4, &val, 4);
	memcpy(opt + 8, &ecr, 4);
	return 12;
}

static void mutate_options(fuzz *f, struct hostile *h)
{
	int i;

	switch (below(f, 5)) {
	case 0:
		h->optlen = 0;
		break;
	case 1:
		h->optlen = put_tstamp(f, h->opt, true);
		break;
	case 2:		/* twice, and padding between */
		h->optlen = put_tstamp(f, h->opt, false);
		h->optlen += put_tstamp(f, h->opt + h->optlen, true);
		break;
	case 3:		/* any octets */
		h->optlen = 4 * below(f, 11);
		for (i = 0; i < h->optlen; i++)
			h->opt[i] = rnd(f) >> 8;
		break;
	case 4:		/* known kinds, any lengths */
		h->optlen = 4 * (1 + below(f, 10));
		for (i = 0; i < h->optlen; i++)
			h->opt[i] = one_in(f, 3) ? below(f, 12) : rnd(f) >> 8;
		break;
	}
}

static void mutate(fuzz *f, struct hostile *h)
{
	struct wire_conn *c = &f->c;
	const uint32_t seqs[] = { f->rcv, c->edge, c->iss, f->rcv - 100, c->edge - h->text,
				  f->rcv - h->text, f->rcv + 0x80000000u, f->max_end };
	const uint32_t acks[] = { c->rcv_nxt, c->irs, c->irs + 1, c->rcv_nxt - c->win,
				  c->irs + 1 + c->wr_off, c->rcv_nxt + 0x80000000u };
	static const uint16_t wins[] = { 0, 1, 2, 100, 1460, 32767, 65535 };

	switch (below(f, 13)) {
	case 0:
	case 1:
		h->flags = any_flags(f);
		break;
	case 2:
	case 3:
		h->seq = near(f, seqs, COUNT(seqs));
		break;
	case 4:
	case 5:
		h->ack = near(f, acks, COUNT(acks));
		break;
	case 6:
		mutate_options(f, h);
		break;
	case 7:
		h->doff = below(f, 16) + 1;
		break;
	case 8:
		h->badsum = true;
		break;
	case 9:
		h->urg = one_in(f, 2) ? below(f, MOST_TEXT) : rnd(f) >> 8;
		h->flags |= WIRE_URG;
		break;
	case 10:
		h->text = one_in(f, 2) ? 0 : below(f, MOST_TEXT);
		break;
	case 11:
		h->win = wins[below(f, COUNT(wins))];
		break;
	case 12:
		if (one_in(f, 2))
			h->cut = 1 + below(f, h->text + 12);
		else if (one_in(f, 2))
			h->reserved = below(f, 16);
		else
			h->dport ^= 1 + below(f, 4);
		break;
	}
}

/* The next segment of the connection, as it should be. */
static struct hostile valid_next(fuzz *f)
{
	struct wire_conn *c = &f->c;
	struct hostile h = {
		.seq = f->rcv, .ack = c->rcv_nxt, .sport = c->pport, .dport = c->sport,
		.win = 65535, .flags = WIRE_ACK, .text = one_in(f, 2) ? below(f, MOST_TEXT) : 0,
	};

	if (f->stamps)
		h.optlen = put_tstamp(f, h.opt, false);
	return h;
}

/* ---- octets ---- */

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static uint32_t sum16(const uint8_t *p, int len, uint32_t sum)
{
	for (; len > 1; len -= 2, p += 2)
		sum += p[0] << 8 | p[1];
	if (len)
		sum += p[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static int header(const struct hostile *h)
{
	return (h->doff ? h->doff - 1 : 5 + h->optlen / 4) * 4;
}

static int length(const struct hostile *h)
{
	int len = 20 + h->optlen + h->text - h->cut;

	return len < 1 ? 1 : len;
}

/* Text is the pattern of its place, also where a wrong header length moves it. */
static int build(fuzz *f, const struct hostile *h, uint8_t *ip)
{
	uint8_t *tcp = ip + 20;
	int len = length(h), hdr = header(h), i;
	uint32_t sum;

	memset(ip, 0, 20 + 64);
	ip[0] = 0x45;
	put16(ip + 2, 20 + len);
	put16(ip + 4, f->sent);
	ip[8] = 64;
	ip[9] = f->w.proto;
	put32(ip + 12, f->c.peer);
	put32(ip + 16, f->c.local);
	put16(ip + 10, ~sum16(ip, 20, 0));
	put16(tcp, h->sport);
	put16(tcp + 2, h->dport);
	put32(tcp + 4, h->seq);
	put32(tcp + 8, h->ack);
	tcp[12] = hdr / 4 << 4 | h->reserved;
	tcp[13] = h->flags;
	put16(tcp + 14, h->win);
	put16(tcp + 18, h->urg);
	memcpy(tcp + 20, h->opt, h->optlen);
	for (i = hdr < 20 ? 20 : hdr; i < len; i++)
		tcp[i] = wire_peer_octet(h->seq - f->c.iss - 1 + i - hdr);
	sum = sum16(tcp, len, sum16(ip + 12, 8, f->w.proto + len));
	put16(tcp + 16, h->badsum ? ~sum ^ 0x5555 : ~sum);
	return 20 + len;
}

/* The last timestamp among the options, as a TCP reads them. */
static bool find_tstamp(const uint8_t *opt, int len, uint32_t *tsval)
{
	bool found = false;
	int i = 0;

	while (i < len && opt[i]) {
		if (opt[i] == 1) {
			i++;
			continue;
		}
		if (i + 1 >= len || opt[i + 1] < 2 || opt[i + 1] > len - i)
			break;
		if (opt[i] == 8 && opt[i + 1] == 10) {
			*tsval = (uint32_t)opt[i + 2] << 24 | opt[i + 3] << 16 |
				 opt[i + 4] << 8 | opt[i + 5];
			found = true;
		}
		i += opt[i + 1];
	}
	return found;
}

/* ---- what the RFC lets it do ---- */

static bool is_sound(const fuzz *f, const struct hostile *h)
{
	return !h->badsum && length(h) >= 20 && header(h) >= 20 && header(h) <= length(h) &&
	       h->dport == f->c.sport && h->sport == f->c.pport;
}

/* RFC 9293 3.10.7.4 third and fourth, 3.10.7.3. */
static unsigned int may_syn(const fuzz *f, const struct hostile *h, int state, bool active)
{
	bool ack = h->flags & WIRE_ACK;

	switch (state) {
	case WS_SYN_SENT:
		return ack && h->ack != f->c.rcv_nxt ? 0 : MAY_SYN;
	case WS_SYN_RECV:
		if (active)
			return ack && h->seq == f->c.iss && h->ack == f->c.rcv_nxt ?
			       MAY_ACK_SYN : 0;
		/* In the window, or what ends in it. */
		return after(h->seq + length(h) + 2, f->c.iss + 1) &&
		       !after(h->seq, f->c.edge) ? MAY_SYN : 0;
	case WS_TIME_WAIT:
		return ack || (h->flags & WIRE_FIN) ? 0 : MAY_SYN;
	}
	return 0;
}

/*
 * Rather too much than too little: what was taken of the burst before is not
 * known, so a RST anywhere up to the highest number counts.
 */
static unsigned int may(const fuzz *f, const struct hostile *h, int state, bool active)
{
	uint32_t text_end = h->seq + length(h) - header(h);
	bool known = !after(f->rcv, h->seq) && !after(h->seq, f->max_end);
	unsigned int set = 0;

	if (!is_sound(f, h) || in(state, S(CLOSE) | S(LISTEN)))
		return 0;
	if (h->flags & WIRE_RST) {
		if (state == WS_TIME_WAIT)
			return 0;
		if (state == WS_SYN_SENT)
			return h->flags & WIRE_ACK && h->ack == f->c.rcv_nxt ? MAY_RST : 0;
		return known ? MAY_RST : 0;
	}
	if (h->flags & WIRE_SYN)
		return may_syn(f, h, state, active);
	if (!(h->flags & WIRE_ACK) || state == WS_SYN_SENT)
		return 0;
	if (state == WS_SYN_RECV && h->ack == f->c.rcv_nxt)
		set |= MAY_ACK_SYN;
	if (in(state, S(FIN_WAIT1) | S(CLOSING) | S(LAST_ACK)) && h->ack == f->c.rcv_nxt)
		set |= MAY_ACK_FIN;
	if ((h->flags & WIRE_FIN) && !after(f->rcv, text_end))
		set |= MAY_FIN;
	return set;
}

/* Where one such event leads, as a set. */
static unsigned int leads(int state, bool active, unsigned int event)
{
	if (event == MAY_RST)
		return in(state, S(LISTEN) | S(TIME_WAIT)) ? 0 : S(CLOSE);
	if (event == MAY_SYN) {
		/* Its numbers are the fuzzer's own; what comes then is not told apart. */
		if (state == WS_SYN_SENT)
			return S(SYN_RECV) | S(ESTABLISHED) | S(CLOSE_WAIT) | S(CLOSE);
		if (state == WS_TIME_WAIT)
			return S(CLOSE) | S(SYN_RECV) | S(ESTABLISHED) | S(CLOSE_WAIT);
		return state == WS_SYN_RECV && !active ? S(CLOSE) | S(SYN_RECV) : 0;
	}
	if (event == MAY_ACK_SYN)
		return state == WS_SYN_RECV ? S(ESTABLISHED) : 0;
	if (event == MAY_ACK_FIN)
		return state == WS_FIN_WAIT1 ? S(FIN_WAIT2) :
		       state == WS_CLOSING ? S(TIME_WAIT) : state == WS_LAST_ACK ? S(CLOSE) : 0;
	return state == WS_ESTABLISHED ? S(CLOSE_WAIT) :
	       state == WS_FIN_WAIT1 ? S(CLOSING) : state == WS_FIN_WAIT2 ? S(TIME_WAIT) : 0;
}

/* All states that a row of these events reaches. */
static unsigned int reachable(int state, bool active, unsigned int events)
{
	unsigned int set = 1u << state, old, event;
	int s;

	do {
		old = set;
		for (s = 1; s < WS_MAX; s++)
			for (event = 1; event <= MAY_FIN; event <<= 1)
				if (in(s, set) && events & event)
					set |= leads(s, active, event);
		/* It is short here, unless it is what the burst is about. */
		if (in(WS_TIME_WAIT, set) && state != WS_TIME_WAIT)
			set |= S(CLOSE);
	} while (set != old);
	return set;
}

/* ---- the burst ---- */

static int send_hostile(fuzz *f, const struct hostile *h)
{
	uint8_t pkt[20 + 64 + MOST_TEXT + 64];
	int n = build(f, h, pkt);

	f->sent++;
	return write(f->w.tun, pkt, n) == n ? 0 : -1;
}

/* One that may only do what this burst is allowed to. */
static struct hostile next_hostile(fuzz *f, int state, bool active, bool quiet)
{
	unsigned int set, changes;
	uint32_t tsval, end;
	uint8_t pkt[20 + 64 + MOST_TEXT + 64];
	struct hostile h;

	do {
		h = valid_next(f);
		for (changes = 1 + below(f, 3); changes; changes--)
			mutate(f, &h);
		/*
		 * Who has nothing to send any more could never take back a window that
		 * a number ahead of its last has closed (SND.WL1); that is its own loss.
		 */
		if (!in(state, S(ESTABLISHED) | S(FIN_WAIT1) | S(FIN_WAIT2)) && h.win < 1000)
			h.win = 1000;
		set = may(f, &h, state, active);
	} while (quiet && set);
	if (!is_sound(f, &h))
		return h;
	build(f, &h, pkt);
	if (f->stamps && find_tstamp(pkt + 40, header(&h) - 20, &tsval) &&
	    after(tsval, f->c.tsval)) {
		/* A clock that has jumped far shuts its own peer out (PAWS). */
		if (tsval - f->c.tsval > 1u << 20)
			h.badsum = true;
		else
			f->c.tsval = tsval;
	}
	if (h.badsum)
		return h;
	f->may |= set;
	end = h.seq + length(&h) - header(&h) + 2;
	if (after(end, f->max_end) && !after(h.seq, f->c.edge))
		f->max_end = after(end, f->c.edge + 2) ? f->c.edge + 2 : end;
	return h;
}

/* What comes back is sound, and acknowledges nothing that was never sent. */
static int drain(fuzz *f, int state)
{
	if (wire_drain(&f->c) < 0)
		return -1;
	if (in(state, S(CLOSE) | S(LISTEN) | S(SYN_SENT)) || f->may & MAY_SYN ||
	    !after(f->c.edge_ack, f->max_end))
		return 0;
	fprintf(stderr, "# acknowledged %u, sent %u\n", f->c.edge_ack - f->c.iss,
		f->max_end - f->c.iss);
	wire_dump(&f->w);
	return -1;
}

static int burst(fuzz *f, int state, bool active, bool quiet, int n)
{
	struct hostile h;
	int i;

	f->may = 0;
	for (i = 1; i <= n; i++) {
		h = next_hostile(f, state, active, quiet);
		if (send_hostile(f, &h))
			return -1;
		if (i % BETWEEN_DRAINS == 0 && drain(f, state))
			return -1;
	}
	return drain(f, state);
}

/* The connection's state by the gauges; CLOSE where there is none, -1 for two. */
static int find_state(fuzz *f)
{
	int state, found = WS_CLOSE, n;

	for (state = 1; state < WS_MAX; state++) {
		if (in(state, S(CLOSE) | S(LISTEN)))
			continue;
		n = wire_in_state(&f->w, state);
		if (n < 0 || n > 1 || (n && found != WS_CLOSE))
			return -1;
		if (n)
			found = state;
	}
	return found;
}

/* ---- before and after ---- */

static int small_buffer(int fd)
{
	int size = BUFFER, one = 1;

	return setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) ||
	       setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &one, sizeof(one)) ? -1 : 0;
}

/* The state, with numbers that wrap early in one connection of four. */
static int enter(fuzz *f, int state, bool active)
{
	struct wire_conn *c = &f->c;
	int fd;

	c->pport = 30000 + f->bursts % 30000;
	wire_conn_reuse(c, one_in(f, 4) ? 0u - below(f, 3000) : rnd(f));
	/* The clock runs on, or a TIME_WAIT of the same ports would be its end. */
	c->stamp = f->stamps;
	c->tsval += 1000;
	c->sport = 0;
	c->win = 65535;
	if (wire_sysctl(&f->w, "time_wait_ms", state == WS_TIME_WAIT ? 60000 : 1) ||
	    wire_sysctl(&f->w, "timestamps", f->stamps) || wire_open(c) || small_buffer(c->fd))
		return -1;
	fd = c->fd;
	if (!active) {
		c->lfd = fd;
		c->fd = -1;
	}
	if (state == WS_CLOSE) {
		/* A port that the socket may have, and nobody listens to. */
		c->sport = WIRE_SPORT;
		c->fd = fd;
		f->rcv = c->snd_nxt;
		f->max_end = f->rcv;
		return 0;
	}
	if (!active && !in(state, S(LISTEN) | S(SYN_RECV)) && wire_listen(c))
		return -1;
	if (wire_enter(c, state, active))
		return -1;
	if (!active && in(state, S(ESTABLISHED) | S(CLOSE_WAIT) | S(LAST_ACK))) {
		/* After a RST it would take the SYNs that are left of the burst. */
		close(c->lfd);
		c->lfd = -1;
	}
	if (in(state, S(ESTABLISHED) | S(CLOSE_WAIT)) &&
	    (wire_write(c, 100) || wire_expect(c, "A seq 1 len 100")))
		return -1;
	f->rcv = c->snd_nxt;
	f->max_end = f->rcv;
	return 0;
}

static long received(const struct wire_conn *c)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &size))
		return -1;
	return info.tcpi_bytes_received;
}

/* All that there is, and all of it right. */
static int read_all(fuzz *f)
{
	struct wire_conn *c = &f->c;
	uint8_t buf[4096];
	int n, i;

	while ((n = recv(c->fd, buf, sizeof(buf), 0)) > 0) {
		for (i = 0; i < n; i++, c->rd_off++) {
			if (buf[i] == wire_peer_octet(c->rd_off))
				continue;
			fprintf(stderr, "# octet %u is wrong\n", c->rd_off);
			return -1;
		}
	}
	if (n < 0 && errno == EAGAIN)
		return 0;
	fprintf(stderr, "# recv: %d, %s\n", n, strerror(errno));
	return -1;
}

/* The text up to the highest number that was sent: what it holds of it comes out. */
static int fill(fuzz *f)
{
	int64_t deadline = wire_now() + WIRE_DEADLINE_MS * 1000ll;
	struct wire_conn *c = &f->c;
	uint32_t next, left;
	long have;

	for (;;) {
		have = received(c);
		if (have < 0 || read_all(f))
			return -1;
		next = c->iss + 1 + have;
		c->snd_nxt = next;
		if (!after(f->max_end, next) && c->rd_off == have)
			return 0;
		left = f->max_end - next;
		if (wire_now() > deadline || drain(f, WS_ESTABLISHED)) {
			fprintf(stderr, "# stuck at %ld, read %u, %u left\n", have, c->rd_off,
				left);
			wire_dump(&f->w);
			return -1;
		}
		if (after(f->max_end, next) &&
		    wire_send(c, "PA seq %u len %u", next - c->iss, left < 500 ? left : 500))
			return -1;
	}
}

static int both_ways(fuzz *f)
{
	struct wire_conn *c = &f->c;

	if (fill(f) || wire_send(c, "A") || wire_write(c, 20) ||
	    wire_expect_stream(c, 1 + c->wr_off, false, true))
		return -1;
	return wire_send(c, "PA len 20") ?: wire_read(c, 20);
}

/* A burst that may do nothing is over: the connection goes on, to its end. */
static int goes_on(fuzz *f, int state, bool active)
{
	struct wire_conn *c = &f->c;

	switch (state) {
	case WS_CLOSE:
		c->irs_known = false;
		c->sport = 0;
		wire_conn_reuse(c, rnd(f));
		return wire_active(c, "mss 1460") ?: wire_write(c, 10);
	case WS_LISTEN:
		/* Children of the burst may stand there: another peer, then. */
		while ((c->fd = accept(c->lfd, NULL, NULL)) >= 0)
			wire_abort(c);
		c->pport ^= 0x4000;
		wire_conn_reuse(c, rnd(f));
		f->max_end = c->iss + 1;
		return wire_passive(c, "mss 1460") ?: both_ways(f);
	case WS_SYN_SENT:
		if (wire_send(c, "SA seq 0 ack 1 mss 1460"))
			return -1;
		c->snd_nxt = c->iss + 1;
		f->max_end = c->snd_nxt;
		return wire_connected(c) ?: both_ways(f);
	case WS_SYN_RECV:
		if (wire_send(c, "A seq 1 ack 1") || (active ? wire_connected(c) : wire_accept(c)))
			return -1;
		return both_ways(f);
	case WS_ESTABLISHED:
		return both_ways(f);
	case WS_CLOSE_WAIT:
		if (wire_send(c, "A") || wire_write(c, 20) ||
		    wire_expect_stream(c, 1 + c->wr_off, false, true) || shutdown(c->fd, SHUT_WR))
			return -1;
		return wire_expect(c, "FA") ?: wire_send(c, "A") ?: wire_wait_gone(c);
	case WS_FIN_WAIT1:
		return fill(f) ?: wire_send(c, "A") ?: wire_wait_state(c, WS_FIN_WAIT2);
	case WS_FIN_WAIT2:
		/* It is gone at once: TIME_WAIT is short here. */
		return fill(f) ?: wire_send(c, "FA") ?: wire_wait_gone(c);
	case WS_CLOSING:
	case WS_LAST_ACK:
		return wire_send(c, "A") ?: wire_wait_gone(c);
	case WS_TIME_WAIT:
		return wire_send(c, "FA seq 1") ?: wire_wait_state(c, WS_TIME_WAIT);
	}
	return -1;
}

static int leave(fuzz *f, int state)
{
	struct wire_conn *c = &f->c;

	if (state == WS_TIME_WAIT) {
		/* Room for a new connection, which ends with its listener. */
		f->c.tsval++;
		if (wire_send(c, "S seq %u", f->max_end - c->iss + 100000))
			return -1;
	}
	if (c->fd >= 0)
		wire_abort(c);
	if (c->lfd >= 0)
		close(c->lfd);
	c->lfd = -1;
	return wire_drain(c) < 0 ? -1 : wire_wait_gone(c);
}

static int one_burst(fuzz *f, int state, bool active, int n)
{
	bool quiet = !one_in(f, 4);
	unsigned int allowed;
	uint32_t seed = f->seed;
	int now, ret = 0;

	f->stamps = one_in(f, 2) && state != WS_LISTEN && state != WS_CLOSE;
	if (enter(f, state, active) || burst(f, state, active, quiet, n))
		ret = -1;
	f->bursts++;
	f->quiet += quiet;
	f->events |= f->may;
	now = ret ? -1 : find_state(f);
	/* A listener's child is the burst's own. */
	allowed = state == WS_LISTEN ? ~0u : reachable(state, active, f->may);
	if (now < 0 || !in(now, allowed)) {
		fprintf(stderr, "# from %s with events %#x to %s\n", wire_state_name(state), f->may,
			wire_state_name(now));
		wire_dump(&f->w);
		ret = -1;
	}
	if (!ret && !f->may && goes_on(f, state, active))
		ret = -1;
	if (!ret)
		ret = leave(f, state);
	if (ret)
		fprintf(stderr, "# burst %u of %d segments, random state %#x, %stimestamps\n",
			f->bursts, n, seed, f->stamps ? "" : "no ");
	return ret;
}

static long sockets_left(void)
{
	FILE *file = fopen("/proc/net/protocols", "r");
	char line[256];
	long sockets = -1;

	while (file && sockets < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, "TCPSTATE %*d %ld", &sockets) != 1)
			sockets = -1;
	if (file)
		fclose(file);
	return sockets;
}

TEST_F_TIMEOUT(fuzz, state, 1200)
{
	long rounds = number("TCPSTATE_FUZZ_ROUNDS", ROUNDS) / VARIANTS;
	int64_t began = wire_now();
	int state;

	if (self->w.family != WIRE_AF_TCPSTATE)
		SKIP(return, "what is hostile is judged by our own rules");
	while (self->sent < rounds) {
		long left = rounds - self->sent;

		ASSERT_EQ(0, one_burst(self, variant->state, variant->active,
				       left < BURST ? left : BURST));
	}
	for (state = 1; state < WS_MAX; state++)
		EXPECT_EQ(0, wire_in_state(&self->w, state));
	EXPECT_EQ(0, wire_stat(&self->w, "ImpossibleEvents"));
	EXPECT_EQ(0, sockets_left());
	TH_LOG("seed %ld: %u segments in %u bursts, %u quiet, events %#x, %lld a second",
	       number("TCPSTATE_FUZZ_SEED", 9293), self->sent, self->bursts, self->quiet,
	       self->events, self->sent * 1000000ll / (wire_now() - began + 1));
}

TEST_HARNESS_MAIN

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A scripted TCP peer behind a TUN device, in a network namespace of its own.
 * The stack under test is 192.0.2.1, the peer is 192.0.2.2; every segment the
 * peer sends is built here, and every segment of the stack is read and parsed
 * here. What the tests expect is RFC 9293; nothing here knows a TCP's insides.
 *
 *	test process                                  kernel
 *	+----------------------------------+     +-------------------+
 *	| socket calls (c->fd, c->lfd)     |---->| stack 192.0.2.1   |
 *	| peer 192.0.2.2 (wire_send,       |     |                   |
 *	| wire_expect)  <---- tun fd ----> |<--->| tun0              |
 *	+----------------------------------+     +-------------------+
 *
 * Segments are written as short lines, for wire_send() and wire_expect() alike:
 *
 *	FLAGS [seq N] [ack N] [win N] [len N] [urg N] [mss N] [ws N] [sackok]
 *	      [ts VAL ECR | nots] [opt HEX] [doff N] [ttl N] [badsum]
 *
 * FLAGS are letters of SFRPAUEC, or "-" for none. seq and ack are relative to
 * the initial sequence numbers, so that 0 is the SYN and 1 the first octet.
 * wire_send(): what is missing gets the natural value (next seq, ack of all that
 * was seen, c->win, timestamps with c->stamp); the payload is the pattern of its place
 * in the stream.
 * wire_expect(): what is missing is not compared; a flag in lower case may be
 * there or not, and P too unless the line asks for it; the payload is always
 * compared with the pattern.
 *
 * Every function that can fail returns 0 or -1 and has printed why.
 */
#ifndef SELFTESTS_LIB_WIRE_H
#define SELFTESTS_LIB_WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "slow.h"

#define WIRE_AF_TCPSTATE	18
#define WIRE_LOCAL		0xc0000201u	/* 192.0.2.1, the stack */
#define WIRE_PEER		0xc0000202u	/* 192.0.2.2, the script */
#define WIRE_SPORT		7777		/* the stack's port, when it matters */
#define WIRE_PPORT		40000		/* the peer's port */
#define WIRE_ROUTER		0xc0000263u	/* 192.0.2.99, who complains */
#define WIRE_DEADLINE_MS	(10000 * slow_factor())	/* "never", on a slow emulated machine */
#define WIRE_MTU		1500

enum wire_flag {
	WIRE_FIN = 0x01,
	WIRE_SYN = 0x02,
	WIRE_RST = 0x04,
	WIRE_PSH = 0x08,
	WIRE_ACK = 0x10,
	WIRE_URG = 0x20,
	WIRE_ECE = 0x40,
	WIRE_CWR = 0x80,
};

/* The kernel's state numbers (include/net/tcp_states.h), as TCP_INFO shows them. */
enum wire_state {
	WS_ESTABLISHED = 1,
	WS_SYN_SENT,
	WS_SYN_RECV,
	WS_FIN_WAIT1,
	WS_FIN_WAIT2,
	WS_TIME_WAIT,
	WS_CLOSE,
	WS_CLOSE_WAIT,
	WS_LAST_ACK,
	WS_LISTEN,
	WS_CLOSING,
	WS_MAX,
};

/**
 * struct wire_seg - one parsed segment; addresses, ports, numbers in host order
 * @seq: absolute, as @ack
 * @doff: header length in 32-bit words
 * @len: octets in @data
 * @mss: value of the option, or -1; likewise @wscale
 * @nsack: number of SACK blocks
 * @when: microseconds (CLOCK_MONOTONIC) at which the peer read it
 * @hop: destination in the IP header; with a source route not yet @dst
 * @tos: octet 1 of the IP header
 * @df: the packet must not be cut
 * @total: length of the packet
 * @ipopt: IP options, @ipoptlen octets
 */
struct wire_seg {
	uint32_t src, dst;
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags, doff, ttl, optlen;
	uint16_t win, urg;
	int len;
	int mss, wscale;
	bool sack_ok, has_ts;
	int nsack;
	uint32_t tsval, tsecr;
	uint8_t opt[40];
	uint8_t data[WIRE_MTU];
	int64_t when;
	uint32_t hop;
	uint8_t tos, ipoptlen;
	bool df;
	uint16_t total;
	uint8_t ipopt[40];
};

/**
 * struct wire_icmp - an ICMP error of a router about a segment of the stack
 * @type: ICMP type; @code: its code
 * @info: second half of the header: MTU in its low half, pointer in its top octet
 * @seq: of the quoted segment, relative as in the lines
 * @total: length of the quoted packet as its header says; 0: 40
 * @quote: octets quoted behind the quoted IP header; 0: the 8 that there must be
 * @ihl: quoted header length in 32-bit words; 0: 5
 * @proto: quoted protocol; 0: that of the wire
 * @sport: quoted ports; 0: the connection's; @dport: likewise
 * @ttl: quoted TTL; 0: 63
 * @offset: quoted fragment offset
 * @cut: octets taken off the end of the packet
 * @badsum: the checksum is wrong
 */
struct wire_icmp {
	int type, code;
	uint32_t info, seq;
	int total, quote, ihl, proto, sport, dport, ttl, offset, cut;
	bool badsum;
};

#define WIRE_TRACE_LINES	48
#define WIRE_TRACE_WIDTH	128

/**
 * struct wire - the namespace, its TUN device and the last segments on it
 * @family: address family of the sockets under test (TCPSTATE_FAMILY)
 * @proto: IP protocol on the wire (TCPSTATE_WIRE), 6 or 253
 */
struct wire {
	int tun;
	int family;
	int proto;
	uint16_t ip_id, echo_seq;
	int64_t start;
	unsigned int ntrace;
	char trace[WIRE_TRACE_LINES][WIRE_TRACE_WIDTH];
};

/**
 * struct wire_conn - one connection as the peer sees it
 * @fd: the stack's socket of this connection, or -1
 * @lfd: the stack's listener, or -1
 * @sport: the stack's port; 0 until its SYN shows it
 * @iss: the peer's initial sequence number
 * @irs: the stack's, valid once @irs_known
 * @snd_nxt: what the peer sends next; moves only with segments that begin there
 * @rcv_nxt: first octet of the stack not yet seen by the peer
 * @win: the window field that the peer sends by default
 * @strict: also retransmissions and window probes are unexpected segments
 * @rd_off: octets that the application has read; @wr_off: written
 * @edge: highest right edge (absolute) the stack has offered, with @edge_ack
 * @shrunk: a later ACK has taken back some of it
 * @rtt_ms: how long wire_passive() lets the stack wait for the handshake's end, so
 *	that its retransmission timeout is three times that and out of the way; well
 *	below the second after which the SYN+ACK comes again, which makes cwnd small
 * @shift: window scale of the stack's window field, valid after the handshake
 * @stamp: the peer puts timestamps on every segment whose line has none ("nots": not
 *	on this one), with the value @tsval and the echo @tsrecent
 * @tsval: the peer's clock; the test moves it
 * @tsrecent: the last timestamp that the stack has sent
 * @ipopt: IP options of what the peer sends, @ipoptlen octets, a multiple of 4
 * @got: the segment that the last wire_expect() or wire_next() took
 */
struct wire_conn {
	struct wire *w;
	int fd, lfd;
	uint32_t local, peer;
	uint16_t sport, pport;
	uint32_t iss, irs;
	bool irs_known;
	uint32_t snd_nxt, rcv_nxt;
	uint16_t win;
	bool strict;
	uint32_t rd_off, wr_off;
	uint32_t edge, edge_ack;
	bool shrunk;
	int shift;
	int rtt_ms;
	bool stamp;
	uint32_t tsval, tsrecent;
	uint8_t ipopt[40];
	int ipoptlen;
	struct wire_seg got;
};

/* The namespace */
int wire_init(struct wire *w);
void wire_fini(struct wire *w);
int wire_sysctl(struct wire *w, const char *name, long value);
int wire_write_file(const char *path, long value);
long wire_stat(struct wire *w, const char *name);
int wire_in_state(struct wire *w, int state);
int64_t wire_now(void);
void wire_dump(struct wire *w);
const char *wire_state_name(int state);

/* The connection */
void wire_conn_init(struct wire_conn *c, struct wire *w);
void wire_conn_reuse(struct wire_conn *c, uint32_t iss);
int wire_open(struct wire_conn *c);
int wire_listen(struct wire_conn *c);
int wire_connect(struct wire_conn *c);
int wire_connected(struct wire_conn *c);
int wire_accept(struct wire_conn *c);
int wire_passive(struct wire_conn *c, const char *synopts);
int wire_active(struct wire_conn *c, const char *synopts);
int wire_enter(struct wire_conn *c, int state, bool active);
void wire_close(struct wire_conn *c);
void wire_abort(struct wire_conn *c);
int wire_state(struct wire_conn *c);
struct tcp_info wire_info(struct wire_conn *c);
int wire_wait_state(struct wire_conn *c, int state);
int wire_wait_gone(struct wire_conn *c);

/* Segments */
int wire_send(struct wire_conn *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int wire_expect(struct wire_conn *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int wire_expect_now(struct wire_conn *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int wire_send_short(struct wire_conn *c, int len);
int wire_send_icmp(struct wire_conn *c, const struct wire_icmp *e);
int wire_drain(struct wire_conn *c);
int wire_next(struct wire_conn *c, int ms);
int wire_expect_stream(struct wire_conn *c, uint32_t end, bool fin, bool ack);
int wire_expect_nothing(struct wire_conn *c);
int wire_expect_quiet(struct wire_conn *c, int ms);
uint32_t wire_rel_seq(const struct wire_conn *c, const struct wire_seg *seg);
uint32_t wire_rel_ack(const struct wire_conn *c, const struct wire_seg *seg);
uint32_t wire_rcv_wnd(const struct wire_conn *c);

/* The application */
int wire_write(struct wire_conn *c, int n);
int wire_write_urgent(struct wire_conn *c, int n);
uint8_t wire_peer_octet(uint32_t off);
int wire_read(struct wire_conn *c, int n);
int wire_read_none(struct wire_conn *c);
int wire_read_eof(struct wire_conn *c);
int wire_wait_error(struct wire_conn *c, int err);
int wire_set_int(struct wire_conn *c, int level, int name, int value);

/* For test programs, after kselftest_harness.h. */
#define WIRE_FIXTURE(name)						\
	FIXTURE(name) {							\
		struct wire w;						\
		struct wire_conn c;					\
	};								\
	WIRE_SETUP(name)

#define WIRE_SETUP(name)						\
	FIXTURE_SETUP(name)						\
	{								\
		ASSERT_EQ(0, wire_init(&self->w));			\
		wire_conn_init(&self->c, &self->w);			\
	}								\
	FIXTURE_TEARDOWN(name)						\
	{								\
		wire_fini(&self->w);					\
	}

#define WIRE_TEST(fixture, name)	TEST_F_TIMEOUT(fixture, name, 180)

#define SEND(c, ...)			ASSERT_EQ(0, wire_send(c, __VA_ARGS__))
#define EXPECT(c, ...)			ASSERT_EQ(0, wire_expect(c, __VA_ARGS__))
#define EXPECT_NOW(c, ...)		ASSERT_EQ(0, wire_expect_now(c, __VA_ARGS__))
#define EXPECT_NOTHING(c)		ASSERT_EQ(0, wire_expect_nothing(c))
#define EXPECT_QUIET(c, ms)		ASSERT_EQ(0, wire_expect_quiet(c, ms))
#define EXPECT_STATE(c, state)		ASSERT_EQ(0, wire_wait_state(c, state))
#define EXPECT_GONE(c)			ASSERT_EQ(0, wire_wait_gone(c))
#define ENTER(c, state, active)		ASSERT_EQ(0, wire_enter(c, state, active))

#endif /* SELFTESTS_LIB_WIRE_H */

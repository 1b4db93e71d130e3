/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The socket, the flow, the network namespace, and the prototypes of every
 * source from layer 1 up, under a banner each.
 */
#ifndef TCPSTATE_H
#define TCPSTATE_H

#include <linux/in6.h>
#include <linux/netfilter.h>
#include <linux/rhashtable.h>
#include <linux/skbuff.h>
#include <linux/workqueue.h>

#include <net/inet_sock.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <net/sock.h>

#include "include/uapi/linux/tcpstate.h"
#include "include/uapi/linux/tcpstate_netlink.h"
#include "tcpstate_compat.h"
#include "tcpstate_cong.h"
#include "tcpstate_fsm.h"
#include "tcpstate_ring.h"
#include "tcpstate_tcb.h"

/*
 * sk_protocol is a u16 while the IP header takes the low byte: with this bit
 * the kernel's tests for IPPROTO_TCP, which would cast us to a tcp_sock, fail.
 */
#define TCPSTATE_PROTOCOL_MARK	0x200

/* Keep-alive, RFC 9293 3.8.4: off by default, at least two hours (MUST-28). */
#define TCPSTATE_KEEPIDLE	(7200 * HZ)
#define TCPSTATE_KEEPINTVL	(75 * HZ)
#define TCPSTATE_KEEPCNT	9

/* Room for every header below TCP, as the in-tree MAX_TCP_HEADER. */
#define TCPSTATE_HEADROOM	ALIGN(128 + MAX_HEADER, L1_CACHE_BYTES)

/**
 * struct tcpstate_key - what a segment is matched by
 * @local: our address; IPv4 is mapped (RFC 4291 2.5.5.2); :: for a listener on any
 * @remote: the peer's address; :: for a listener
 * @lport: our port
 * @rport: the peer's port; 0 for a listener
 * @wire: IP protocol
 * @pad: zero
 */
struct tcpstate_key {
	struct in6_addr local;
	struct in6_addr remote;
	__be16 lport;
	__be16 rport;
	u8 wire;
	u8 pad[3];
};

enum tcpstate_flow_kind {
	TCPSTATE_FLOW_FULL,	/* a struct tcpstate_sock */
	TCPSTATE_FLOW_REQUEST,	/* a struct tcpstate_request */
	TCPSTATE_FLOW_TIMEWAIT	/* a struct tcpstate_timewait */
};

/**
 * struct tcpstate_flow - the common head of whatever has a name in a table
 * @node: linkage of the table of flows; listeners have one of their own
 * @key: never changes while the flow stands in the table
 * @kind: enum tcpstate_flow_kind
 * @state: enum tcpstate_state; stored by tcpstate_state.c alone
 * @listed: stands in a table; guarded by the owner's lock
 *
 * @state is written with release and read with acquire: what led to a state
 * can be seen by whoever sees the state.
 */
struct tcpstate_flow {
	struct rhash_head node;
	struct tcpstate_key key;
	u8 kind;
	u8 state;
	bool listed;
};

/* Text in one page, or in several that are one. */
struct tcpstate_frag {
	struct page *page;
	u32 off;
	u32 len;
};

/**
 * struct tcpstate_buffer - a part of the write queue
 * @node: place there
 * @seq: number of its first octet
 * @len: octets of text
 * @frag_count: how many of @frags are used
 * @frags: the text
 */
struct tcpstate_buffer {
	struct list_head node;
	u32 seq;
	u32 len;
	u32 frag_count;
	struct tcpstate_frag frags[MAX_SKB_FRAGS];
};

/* Who drops the last reference, and so destroys the socket. */
enum tcpstate_owner {
	TCPSTATE_OWNER_USER,	/* a struct socket */
	TCPSTATE_OWNER_QUEUE,	/* a listener's accept queue */
	TCPSTATE_OWNER_REQUEST,	/* the handshake; dies with it */
	TCPSTATE_OWNER_NONE	/* an orphan; dies with its TCB */
};

/* What a timer or ICMP found out while a user held the socket; release_cb runs it. */
enum tcpstate_deferred {
	TCPSTATE_DEFER_ANSWER,
	TCPSTATE_DEFER_RTX,
	TCPSTATE_DEFER_DELACK,
	TCPSTATE_DEFER_SLOW,
	TCPSTATE_DEFER_MTU
};

struct tcp_info;
struct tcpstate_hold;
struct tcpstate_pool;
struct tcpstate_af;
struct tcpstate_net;

/**
 * struct tcpstate_process - who made or accepted a socket
 * @ref: one for each socket, mini and record that points here
 * @uid: owner of the socket
 * @pid: the process
 * @comm: its name then
 * @rcu: freed after a grace period
 *
 * Never changes; children share their listener's.
 */
struct tcpstate_process {
	refcount_t ref;
	kuid_t uid;
	struct pid *pid;
	char comm[TASK_COMM_LEN];
	struct rcu_head rcu;
};

/**
 * struct tcpstate_record - the flight recorder of one connection
 * @ref: one while it is in @tn's table, one for each reader
 * @tn: the namespace, which outlives it
 * @id: place in the table; never used twice
 * @cookie: SO_COOKIE of the socket
 * @key: name of the connection
 * @lock: guards the fields below, the rows, but not what is in them
 * @seq: guards @next, @unsettled and the entries
 * @process: of the socket, or NULL
 * @ring: the entries
 * @next: number of the next one
 * @unsettled: number, plus 1, of the entry of a segment that is being taken; 0: none
 * @came: when that segment came, nanoseconds of CLOCK_REALTIME
 * @mask: 1 << enum tcpstate_record_kind that are wanted; 0: out of memory, off
 * @state: of the connection
 * @mini: in TIME_WAIT without a socket
 * @dead: the connection is over
 * @dead_node: place among the namespace's dead, guarded by its record_lock
 * @own: the first row, which needs no memory of its own
 *
 * It belongs to a connection: to its socket, then to its mini, then to nobody.
 * Whoever has the connection writes, under the connection's lock, and alone
 * changes the ring and @next.  A writer of entries pays no more than a count up
 * before and behind; a reader, who is rare, copies an entry again that has changed
 * meanwhile, and holds @lock, so that rows do not go from under it.  @lock is a leaf.
 *
 * Its memory may become another recorder's while somebody who has found it under RCU
 * takes a reference: @id, which is 0 in between, tells whether it is still the same.
 */
struct tcpstate_record {
	refcount_t ref;
	struct tcpstate_net *tn;
	unsigned long id;
	u64 cookie;
	struct tcpstate_key key;
	spinlock_t lock;	/* rows, for readers */
	seqcount_t seq;
	struct tcpstate_process *process;
	struct tcpstate_ring ring;
	u64 came;
	u32 next;
	u32 unsettled;
	u32 mask;
	u8 state;
	bool mini;
	bool dead;
	struct list_head dead_node;
	struct tcpstate_record_event own[TCPSTATE_RECORD_ROW];
};

/**
 * struct tcpstate_bind - a claim on a port
 * @node: place among the port's owners
 * @hold: the reservation that it leans on; NULL: no claim
 * @sk: the socket, whose options may change; NULL for a mini
 * @addr: of a mini: local address
 * @device: of a mini: bound device, or 0
 * @num: port, host order
 * @reuse: of a mini: SO_REUSEADDR was set
 * @reuseport: of a mini: the port was shared by TCPSTATE_REUSEPORT
 * @listens: the socket listens, or is about to
 *
 * Guarded by the namespace's port lock.
 */
struct tcpstate_bind {
	struct hlist_node node;
	struct tcpstate_hold *hold;
	struct sock *sk;
	__be32 addr;
	int device;
	u16 num;
	bool reuse;
	bool reuseport;
	bool listens;
};

/**
 * struct tcpstate_request - SYN_RECV without a socket: a listener's child to be
 * @flow: name and state
 * @ref: one for being alive, one for the armed timer, one for each finder
 * @lock: guards the fields below and @flow.state
 * @timer: retransmission of the SYN+ACK
 * @listener: held as long as this lives
 * @node: place among the listener's half-open ones, guarded by its accept_lock
 * @route: IP options that lead back along the SYN's source route, or NULL
 * @syn: the peer's SYN; its timestamp is that of the last one to come
 * @rtt: timeout of the SYN+ACK
 * @sent_us: when it was first sent, microseconds
 * @began: jiffies when that was
 * @cookie: SO_COOKIE of the child
 * @record: the connection's flight recorder, or NULL
 * @iss: our initial send sequence number
 * @ts_offset: see struct tcpstate_tcb
 * @mark: SO_MARK of the child
 * @device: bound device of the child, or 0
 * @answer_second: jiffies when the second of @answers began
 * @wnd: the window that the SYN+ACK offers, octets
 * @answers: segments answered in that second
 * @wscale: the shift of our windows
 * @retrans: how often the SYN+ACK was sent again by @timer
 * @repeated: or because the SYN came again: the round trip is not known (Karn)
 * @ts_ok: both SYNs have timestamps
 * @rcu: freed after a grace period
 */
struct tcpstate_request {
	struct tcpstate_flow flow;
	refcount_t ref;
	spinlock_t lock;	/* everything below, and the state */
	struct timer_list timer;
	struct sock *listener;
	struct list_head node;
	struct ip_options_rcu *route;
	struct tcpstate_seg syn;
	struct tcpstate_rtt rtt;
	u32 sent_us;
	unsigned long began;
	u64 cookie;
	struct tcpstate_record *record;
	u32 iss;
	u32 ts_offset;
	u32 mark;
	int device;
	u32 answer_second;
	u16 wnd;
	u8 answers;
	u8 wscale;
	u8 retrans;
	bool repeated;
	bool ts_ok;
	struct rcu_head rcu;
};

/**
 * struct tcpstate_timewait - TIME_WAIT without a socket
 * @flow: name and state
 * @ref: one for being alive, one for the armed timer, one for each finder
 * @lock: guards the numbers and @flow.state
 * @timer: 2MSL
 * @tn: the namespace, which outlives it
 * @node: place among the namespace's minis, guarded by its timewait_lock
 * @bind: the claim on the port
 * @iss: for the checks, as the numbers below are: see struct tcpstate_tcb
 * @irs: see struct tcpstate_tcb
 * @snd_nxt: see struct tcpstate_tcb; SND.UNA is the same here
 * @rcv_nxt: see struct tcpstate_tcb
 * @rcv_adv: see struct tcpstate_tcb
 * @max_wnd: see struct tcpstate_tcb
 * @ts_recent: see struct tcpstate_tcb
 * @ts_recent_at: see struct tcpstate_tcb
 * @ts_offset: see struct tcpstate_tcb
 * @answer_second: jiffies when the second of @answers began
 * @answers: segments answered in that second
 * @rcv_wscale: see struct tcpstate_tcb
 * @ts_ok: see struct tcpstate_tcb
 * @tos: IP_TOS of the socket
 * @ttl: IP_TTL of the socket, or 0
 * @any_source: IP_TRANSPARENT of the socket
 * @mark: SO_MARK of the socket
 * @cookie: SO_COOKIE of the socket
 * @process: of the socket, or NULL
 * @record: the connection's flight recorder, or NULL
 * @rcu: freed after a grace period
 */
struct tcpstate_timewait {
	struct tcpstate_flow flow;
	refcount_t ref;
	spinlock_t lock;	/* the numbers and the state */
	struct timer_list timer;
	struct tcpstate_net *tn;
	struct list_head node;
	struct tcpstate_bind bind;
	u32 iss;
	u32 irs;
	u32 snd_nxt;
	u32 rcv_nxt;
	u32 rcv_adv;
	u32 max_wnd;
	u32 ts_recent;
	u32 ts_recent_at;
	u32 ts_offset;
	u32 answer_second;
	u8 answers;
	u8 rcv_wscale : 4;
	u8 ts_ok : 1;
	u8 any_source : 1;
	u8 tos;
	u8 ttl;
	u32 mark;
	u64 cookie;
	struct tcpstate_process *process;
	struct tcpstate_record *record;
	struct rcu_head rcu;
};

/**
 * struct tcpstate_sock - a full socket
 *
 * @inet: the kernel's half; must be first.  sk_state mirrors @flow.state, but
 *	is TCP_CLOSE in TIME_WAIT, where a full socket is only until the end of
 *	the segment: the kernel takes a sock in TCP_TIME_WAIT for a mini
 * @flow: name and state
 * @tcb: RFC 9293's numbers
 * @rtt: RFC 6298's numbers
 * @cong: congestion control and recovery
 * @af: address family
 * @tn: the namespace, which outlives it
 * @record: the connection's flight recorder, or NULL
 * @wire: IP protocol
 * @owner: enum tcpstate_owner
 * @ack_now: an ACK must go with the next push
 * @push_pending: something may have become sendable
 * @rtt_timing: a round trip is being measured: @rtt_seq sent at @rtt_start
 * @resent: text was sent again for a timeout or for duplicates, and no new ACK has come
 *	since then
 * @fin_seen: the peer's FIN has arrived and stands at @fin_seq
 * @rcv_refused: text in the window has been refused for want of memory, and none taken
 *	since; until it is, or the reader has made room, ACKs offer no window
 * @nodelay: TCP_NODELAY
 * @corked: TCP_CORK
 * @overdue: for one push, nothing holds small segments back
 * @quickack: TCP_QUICKACK: acknowledge at once
 * @urgent_open: a send of urgent text waits for room: more of it will follow
 * @syn_retries: TCP_SYNCNT, or 0 for the namespace's
 * @rtx_count: retransmissions or probes since the peer last answered
 * @probes: window probes since the window was open or the peer took text
 * @challenges: answers to unacceptable segments in this second
 * @challenge_second: jiffies when that second began
 * @rtx_mss: TCP_MAXSEG, octets, or 0
 * @user_timeout: TCP_USER_TIMEOUT, milliseconds, or 0
 * @linger2: TCP_LINGER2, seconds; negative: no FIN_WAIT2 for orphans; 0: default
 * @keepidle: TCP_KEEPIDLE, jiffies, or 0 for the default
 * @keepintvl: TCP_KEEPINTVL, jiffies, or 0 for the default
 * @keepcnt: TCP_KEEPCNT, or 0 for the default
 * @keep_probes: unanswered keep-alive probes
 * @copied_seq: next octet that the reader takes
 * @sizing_seq: @copied_seq when half a window was last seen taken
 * @sizing_start: when that was, microseconds; 0: not since the handshake
 * @rcv_rtt_us: round trip that text from the peer takes, microseconds; 0: not known
 * @rcv_echo: TSecr of the text that told it
 * @fin_seq: number of the peer's FIN
 * @small_seq: end of the last segment sent that was not full; at or below SND.UNA: none
 *	is on the way
 * @resent_tsval: our timestamp when that began
 * @rtt_seq: end of the segment being timed
 * @rtt_start: when it was sent, microseconds
 * @rcv_seg: largest text received in one segment, octets
 * @ack_seq: RCV.NXT as the peer last heard it
 * @first_sent: jiffies when the oldest unanswered thing was sent
 * @pmtu: MTU of the path that the send MSS was made for, octets
 * @told_mtu: MTU that ICMP told and that is not acted on yet, octets, or 0
 * @mss_limit: segment size that large ones were given up for, octets, or 0
 * @mss_limit_since: jiffies when that was
 * @own_route: the user has set IP options, no received route replaces them
 * @last_rcv: jiffies of the last segment from the peer
 * @last_sent: jiffies of the last text that we sent
 * @deferred: bits of enum tcpstate_deferred
 * @ooo: text beyond RCV.NXT, ordered by number
 * @ooo_octets: how much there is
 * @sack: what ACKs tell of it
 * @rtx_timer: retransmission and persist
 * @delack_timer: delayed ACK
 * @rtx_armed: @rtx_timer is on; it may be pending when it is not, and fire sooner
 *	than it should: then it looks again
 * @rtx_when: jiffies when @rtx_timer should fire
 * @delack_armed: @delack_timer is on, as @rtx_armed
 * @delack_when: jiffies when @delack_timer should fire
 * @write_queue: of struct tcpstate_buffer: text that is not acknowledged
 * @cut_from: buffer of it that the last cut ended in, or NULL
 * @bind: the claim on our port
 * @listen_node: linkage of the table of listeners
 * @defer_accept: TCP_DEFER_ACCEPT of a listener, seconds
 * @notsent_lowat: TCP_NOTSENT_LOWAT, octets, or 0
 * @window_clamp: TCP_WINDOW_CLAMP, octets, or 0
 * @recv_inq: TCP_INQ
 * @reader_waits: a reader sleeps for text, and acknowledges what it finds when it wakes
 * @thin_linear: TCP_THIN_LINEAR_TIMEOUTS
 * @orphan: counted among the namespace's orphans
 * @listener: held, where @owner is QUEUE or REQUEST
 * @accept_node: place in @listener's queue of ready or of deferred children
 * @accept_lock: guards the fields below, @accept_closed, and the places in these lists
 * @accept_ready: children that accept() may take
 * @accept_deferred: children that TCP_DEFER_ACCEPT keeps back
 * @accept_half: minis in SYN_RECV
 * @accept_half_len: how many in both of these
 * @accept_closed: the listener is going, take no more
 * @cookie_sent: jiffies when a listener last answered with a SYN cookie; 0: never
 * @segs_out: segments sent
 * @segs_in: segments received
 * @total_retrans: segments retransmitted
 * @bytes_acked: octets that the peer has acknowledged
 * @bytes_received: octets received in order
 * @process: who made or accepted the socket, or NULL; replaced under the lock
 * @record_limit: TCPSTATE_RECORD, or -1 for the namespace's
 * @record_mask: TCPSTATE_RECORD_MASK, or 0 for the namespace's
 *
 * Locks: the socket lock (lock_sock(), or the spinlock with the socket not
 * owned) guards everything that is not said to have another guard.  Order:
 * socket lock, a child's before @accept_lock of its listener; the port lock
 * and the table's bucket locks are leaves.
 */
struct tcpstate_sock {
	struct inet_sock inet;
	struct tcpstate_flow flow;
	struct tcpstate_tcb tcb;
	struct tcpstate_rtt rtt;
	struct tcpstate_cong cong;
	const struct tcpstate_af *af;
	struct tcpstate_net *tn;
	struct tcpstate_record *record;
	u8 wire;
	u8 owner;
	u8 syn_retries;
	u8 keepcnt;
	bool ack_now;
	bool push_pending;
	bool rtt_timing;
	bool resent;
	bool fin_seen;
	bool rcv_refused;
	bool nodelay;
	bool corked;
	bool overdue;
	bool quickack;
	bool urgent_open;
	u8 rtx_count;
	u8 keep_probes;
	u8 probes;
	u8 challenges;
	bool own_route;
	bool accept_closed;
	u16 rtx_mss;
	u16 mss_limit;
	u32 challenge_second;
	u32 user_timeout;
	int linger2;
	u32 keepidle;
	u32 keepintvl;
	u32 copied_seq;
	u32 sizing_seq;
	u32 sizing_start;
	u32 rcv_rtt_us;
	u32 rcv_echo;
	u32 fin_seq;
	u32 small_seq;
	u32 resent_tsval;
	u32 rtt_seq;
	u32 rtt_start;
	u32 rcv_seg;
	u32 ack_seq;
	u32 pmtu;
	u32 told_mtu;
	u32 mss_limit_since;
	unsigned long first_sent;
	unsigned long last_rcv;
	unsigned long last_sent;
	unsigned long deferred;
	struct rb_root ooo;
	u32 ooo_octets;
	struct tcpstate_sack sack;
	struct timer_list rtx_timer;
	struct timer_list delack_timer;
	unsigned long rtx_when;
	unsigned long delack_when;
	bool rtx_armed;
	bool delack_armed;
	struct list_head write_queue;
	struct tcpstate_buffer *cut_from;

	struct tcpstate_bind bind;
	struct rhlist_head listen_node;
	u32 defer_accept;
	u32 notsent_lowat;
	u32 window_clamp;
	bool recv_inq;
	bool reader_waits;
	bool thin_linear;
	bool orphan;

	struct sock *listener;
	struct list_head accept_node;
	spinlock_t accept_lock;	/* the accept queue */
	struct list_head accept_ready;
	struct list_head accept_deferred;
	struct list_head accept_half;
	unsigned long cookie_sent;
	u32 accept_half_len;

	u32 segs_out;
	u32 segs_in;
	u32 total_retrans;
	u64 bytes_acked;
	u64 bytes_received;

	struct tcpstate_process __rcu *process;
	int record_limit;
	u32 record_mask;
};

static inline struct tcpstate_sock *tcpstate_sk(const struct sock *sk)
{
	return (struct tcpstate_sock *)sk;
}

/*
 * Whether the retransmission timer waits to probe a shut window, or for what is held
 * back; else for an ACK.  Without the lock a hint.
 */
static inline bool tcpstate_persists(const struct tcpstate_sock *ts)
{
	u32 una = READ_ONCE(ts->tcb.snd_una);

	return una == READ_ONCE(ts->tcb.snd_nxt) ||
	       (una != ts->tcb.iss && !READ_ONCE(ts->tcb.snd_wnd));
}

static inline u8 tcpstate_state(const struct sock *sk)
{
	/* Partner: the release in the choke point's store(). */
	return smp_load_acquire(&tcpstate_sk(sk)->flow.state);
}

/**
 * struct tcpstate_cb - our part of skb->cb
 * @seg: receive: the parsed segment, trimmed as text is taken off
 * @sdif: receive: the port of a VRF that it came in by, or 0
 * @seq: send: number of the first octet in a write-queue buffer
 */
struct tcpstate_cb {
	union {
		struct {
			struct tcpstate_seg seg;
			int sdif;
		};
		u32 seq;
	};
};

static inline struct tcpstate_cb *tcpstate_cb(const struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct tcpstate_cb) > sizeof(skb->cb));
	return (struct tcpstate_cb *)skb->cb;
}

/* Nothing is held beyond RCV.NXT any more.  skb_rbtree_purge() is not exported. */
static inline void tcpstate_purge_ooo(struct tcpstate_sock *ts)
{
	struct rb_node *node;

	while ((node = rb_first(&ts->ooo))) {
		rb_erase(node, &ts->ooo);
		RB_CLEAR_NODE(node);
		kfree_skb(rb_to_skb(node));
	}
	ts->ooo_octets = 0;
	tcpstate_sack_forget(&ts->sack);
}

/* Counters of a namespace; names in tcpstate_mib.c. */
enum tcpstate_mib_item {
	TCPSTATE_MIB_INSEGS,
	TCPSTATE_MIB_OUTSEGS,
	TCPSTATE_MIB_RETRANSSEGS,
	TCPSTATE_MIB_INERRS,
	TCPSTATE_MIB_INCSUMERRORS,
	TCPSTATE_MIB_OUTRSTS,
	TCPSTATE_MIB_COOKIESSENT,
	TCPSTATE_MIB_COOKIESRECV,
	TCPSTATE_MIB_COOKIESFAILED,
	TCPSTATE_MIB_ACTIVEOPENS,
	TCPSTATE_MIB_PASSIVEOPENS,
	TCPSTATE_MIB_ATTEMPTFAILS,
	TCPSTATE_MIB_ESTABRESETS,
	TCPSTATE_MIB_NOCONN,
	TCPSTATE_MIB_LISTENOVERFLOWS,
	TCPSTATE_MIB_LISTENDROPS,
	TCPSTATE_MIB_FASTRETRANS,
	TCPSTATE_MIB_SPURIOUSRECOVERIES,
	TCPSTATE_MIB_TIMEOUTS,
	TCPSTATE_MIB_SPURIOUSTIMEOUTS,
	TCPSTATE_MIB_QUEUEREFUSED,
	TCPSTATE_MIB_PROBES,
	TCPSTATE_MIB_DELAYEDACKS,
	TCPSTATE_MIB_CHALLENGEACKS,
	TCPSTATE_MIB_CHALLENGELIMITED,
	TCPSTATE_MIB_OFOQUEUED,
	TCPSTATE_MIB_OFODROPPED,
	TCPSTATE_MIB_RCVQDROPPED,
	TCPSTATE_MIB_BACKLOGDROPPED,
	TCPSTATE_MIB_MINTTLDROPPED,
	TCPSTATE_MIB_NOMEMORY,
	TCPSTATE_MIB_TIMEWAITOVERFLOW,
	TCPSTATE_MIB_ORPHANOVERFLOW,
	TCPSTATE_MIB_HALFOPENOVERFLOWS,
	TCPSTATE_MIB_ABORTONDATA,
	TCPSTATE_MIB_ABORTONCLOSE,
	TCPSTATE_MIB_ABORTONTIMEOUT,
	TCPSTATE_MIB_BADOPTIONS,
	TCPSTATE_MIB_ICMPSOFT,
	TCPSTATE_MIB_ICMPHARD,
	TCPSTATE_MIB_ICMPMALFORMED,
	TCPSTATE_MIB_ICMPOUTOFWINDOW,
	TCPSTATE_MIB_ICMPLOCKDROPPED,
	TCPSTATE_MIB_MTUREDUCED,
	TCPSTATE_MIB_MTUREFUSED,
	TCPSTATE_MIB_MTUBLACKHOLES,
	TCPSTATE_MIB_RECORDOFF,
	TCPSTATE_MIB_BUGS,
	TCPSTATE_MIB_DROPS,	/* the first of enum tcpstate_drop's */
	TCPSTATE_MIB_COUNT = TCPSTATE_MIB_DROPS + TCPSTATE_DROP_COUNT
};

struct tcpstate_mib {
	unsigned long n[TCPSTATE_MIB_COUNT];
};

#define TCPSTATE_PORT_BUCKETS	1024

/**
 * struct tcpstate_net - per network namespace
 * @net: the namespace
 * @flows: every named flow but the listeners, by struct tcpstate_key
 * @listeners: every listener; several may have one name
 * @orphans: connections that no process holds
 * @mib: counters
 * @gauge: sockets in each state
 * @edges: how often each edge was taken
 * @port_lock: guards @ports, their lists and reservations
 * @ports: buckets of struct tcpstate_port by number
 * @port_map: a bit for each port of wire 6 that is ours
 * @timewait_lock: guards @timewaits
 * @timewaits: every mini in TIME_WAIT
 * @records: every flight recorder, by its id
 * @record_serial: the last id, guarded by the lock of @records
 * @record_lock: guards @record_dead and @record_dead_count
 * @record_dead: those of dead connections, oldest first
 * @record_dead_count: how many
 * @record_octets: what the recorders hold
 * @watch: hears of every change of state; set before a socket can be
 * @shared: the proto with the memory of all
 * @pool: memory of its own, or NULL: what all share
 * @mem: limits of @pool, pages; 0 where there is none
 * @hook: has the hooks of wire 6 registered, once a port is ours; set before a socket
 *	can be, may sleep
 * @hook_mutex: guards @hooked
 * @hooked: they are registered
 * @hooks: as they are registered
 * @unhook_work: looks from time to time whether a port is ours still
 * @rst_sk: unused socket that answers without a socket are sent by
 * @time_wait_ms: length of TIME_WAIT (2MSL), milliseconds
 * @rto_min_ms: lower bound of the retransmission timeout, milliseconds
 * @rto_max_ms: upper bound, milliseconds
 * @delack_ms: longest delay of an ACK, milliseconds
 * @fin_timeout_ms: how long an orphan stays in FIN_WAIT2, milliseconds
 * @syn_retries: retransmissions of a SYN
 * @synack_retries: retransmissions of a SYN+ACK
 * @retries1: retransmissions before IP is asked for another way (R1)
 * @retries2: retransmissions before giving up (R2)
 * @orphan_retries: the same for a socket that nobody holds
 * @max_orphans: how many @orphans there may be
 * @max_tw_buckets: how many minis in TIME_WAIT
 * @syncookies: answer SYNs that there is no room for with cookies: 0 no, 1 yes, 2 always
 * @timestamps: offer and take timestamps (RFC 7323)
 * @time_wait_reuse: connect() may take a name in TIME_WAIT: 0 no, 1 yes, 2 on loopback
 * @mtu_black_hole: try smaller segments where large ones vanish
 * @record: entries that the flight recorder of a connection keeps; 0: none
 * @record_mask: kinds of them, 1 << enum tcpstate_record_kind
 * @record_dead_max: how many dead connections' are kept
 * @record_mem: bound of @record_octets
 * @unprivileged: sockets need no CAP_NET_ADMIN
 * @sysctl: registration
 * @sysctl_table: its table
 */
struct tcpstate_net {
	struct net *net;
	struct rhashtable flows;
	struct rhltable listeners;
	atomic_t orphans;
	struct tcpstate_mib __percpu *mib;
	atomic_t gauge[TCPSTATE_MAX_STATES];
	atomic_t edges[TCPSTATE_MAX_STATES][TCPSTATE_EV_COUNT];

	spinlock_t port_lock;	/* claims on ports, reservations */
	struct hlist_head *ports;
	unsigned long *port_map;

	spinlock_t timewait_lock;	/* the list of minis */
	struct list_head timewaits;

	struct xarray records;
	unsigned long record_serial;
	spinlock_t record_lock;	/* the list of the dead */
	struct list_head record_dead;
	int record_dead_count;
	atomic_long_t record_octets;
	void (*watch)(struct tcpstate_net *tn, const struct tcpstate_flow *flow, u8 old,
		      u8 event, const struct tcpstate_edge *edge);

	const struct proto *shared;
	struct tcpstate_pool *pool;
	long mem[3];

	int (*hook)(struct tcpstate_net *tn);
	struct mutex hook_mutex;	/* registration of the hooks */
	bool hooked;
	struct nf_hook_ops hooks[2];
	struct delayed_work unhook_work;
	struct sock *rst_sk;

	int time_wait_ms;
	int rto_min_ms;
	int rto_max_ms;
	int delack_ms;
	int fin_timeout_ms;
	int syn_retries;
	int synack_retries;
	int retries1;
	int retries2;
	int orphan_retries;
	int max_orphans;
	int max_tw_buckets;
	int syncookies;
	int timestamps;
	int time_wait_reuse;
	int mtu_black_hole;
	int record;
	int record_mask;
	int record_dead_max;
	int record_mem;
	int unprivileged;
	struct ctl_table_header *sysctl;
	struct ctl_table *sysctl_table;
};

extern unsigned int tcpstate_net_id;

static inline struct tcpstate_net *tcpstate_net(const struct net *net)
{
	return net_generic(net, tcpstate_net_id);
}

static inline struct tcpstate_net *tcpstate_sk_net(const struct sock *sk)
{
	return tcpstate_sk(sk)->tn;
}

/* --- tcpstate_queue.c (layer 1) --- */

int tcpstate_queue_init(void);
void tcpstate_queue_exit(void);
struct tcpstate_buffer *tcpstate_queue_last(const struct sock *sk);
struct tcpstate_buffer *tcpstate_queue_add(struct sock *sk);
bool tcpstate_queue_fits(const struct tcpstate_buffer *buf, const struct page *page, u32 off);
void tcpstate_queue_append(struct sock *sk, struct tcpstate_buffer *buf, struct page *page,
			   u32 off, u32 len);
int tcpstate_queue_cut(struct sock *sk, struct sk_buff *skb, u32 seq, u32 len);
void tcpstate_queue_drop(struct sock *sk, struct tcpstate_buffer *buf);
void tcpstate_queue_release(struct sock *sk, u32 seq);
void tcpstate_queue_purge(struct sock *sk);

/* --- tcpstate_mib.c (layer 1) --- */

int tcpstate_mib_init(struct tcpstate_net *tn);
void tcpstate_mib_exit(struct tcpstate_net *tn);
unsigned long tcpstate_mib_read(const struct tcpstate_net *tn, unsigned int item);
const char *tcpstate_mib_name(unsigned int item);

static inline void tcpstate_mib_inc(struct tcpstate_net *tn, unsigned int item)
{
	this_cpu_inc(tn->mib->n[item]);
}

static inline void tcpstate_mib_drop(struct tcpstate_net *tn, u8 reason)
{
	this_cpu_inc(tn->mib->n[TCPSTATE_MIB_DROPS + reason]);
}

/* --- tcpstate_demux.c (layer 1) --- */

int tcpstate_demux_init(struct tcpstate_net *tn);
void tcpstate_demux_exit(struct tcpstate_net *tn);
int tcpstate_demux_add(struct sock *sk);
int tcpstate_demux_add_flow(struct tcpstate_net *tn, struct tcpstate_flow *flow);
void tcpstate_demux_remove(struct tcpstate_net *tn, struct tcpstate_flow *flow);
void tcpstate_demux_replace(struct tcpstate_net *tn, struct tcpstate_flow *old,
			    struct tcpstate_flow *new);
bool tcpstate_demux_hold(struct tcpstate_flow *flow);
struct tcpstate_flow *tcpstate_demux_peek(struct tcpstate_net *tn,
					  const struct tcpstate_key *key);
struct tcpstate_flow *tcpstate_demux_find(struct tcpstate_net *tn,
					  const struct tcpstate_key *key);
void tcpstate_demux_for_each(struct tcpstate_net *tn, void (*visit)(struct sock *sk));

/**
 * struct tcpstate_demux_walk - where a walk over the tables is
 * @tn: the namespace
 * @iter: place in one of its tables
 * @listeners: in the table of listeners, else in that of the other flows
 */
struct tcpstate_demux_walk {
	struct tcpstate_net *tn;
	struct rhashtable_iter iter;
	bool listeners;
};

void tcpstate_demux_walk_begin(struct tcpstate_demux_walk *walk, struct tcpstate_net *tn);
void tcpstate_demux_walk_end(struct tcpstate_demux_walk *walk);
void tcpstate_demux_walk_resume(struct tcpstate_demux_walk *walk);
void tcpstate_demux_walk_pause(struct tcpstate_demux_walk *walk);
struct tcpstate_flow *tcpstate_demux_walk_next(struct tcpstate_demux_walk *walk, bool again);
struct sock *tcpstate_demux_find_listener(struct tcpstate_net *tn,
					  const struct tcpstate_key *key, int iif, int sdif);

/* --- tcpstate_process.c (layer 1) --- */

void tcpstate_process_set(struct sock *sk);
void tcpstate_process_share(struct sock *child, struct sock *listener);
struct tcpstate_process *tcpstate_process_of(const struct sock *sk);
struct tcpstate_process *tcpstate_process_get(struct tcpstate_process *process);
void tcpstate_process_put(struct tcpstate_process *process);

/* --- tcpstate_mem.c (layer 1) --- */

int tcpstate_mem_set(struct tcpstate_net *tn, const long *mem);
void tcpstate_mem_choose(struct sock *sk);
long tcpstate_mem_pages(const struct tcpstate_net *tn);
void tcpstate_mem_init(struct tcpstate_net *tn, const struct proto *shared);
void tcpstate_mem_exit(struct tcpstate_net *tn);

/* --- tcpstate_record.c (layer 1) --- */

int tcpstate_record_load(void);
void tcpstate_record_unload(void);
void tcpstate_record_init(struct tcpstate_net *tn);
void tcpstate_record_exit(struct tcpstate_net *tn);
void tcpstate_record_begin(struct sock *sk);
void tcpstate_record_begin_request(struct tcpstate_request *req);
void tcpstate_record_grow_up(struct tcpstate_request *req, struct sock *child);
void tcpstate_record_hand_over(struct sock *sk, struct tcpstate_timewait *tw);
void tcpstate_record_end(struct tcpstate_record **record);
u64 tcpstate_record_cookie(struct sock *sk);
u32 tcpstate_record_limit(const struct sock *sk);
int tcpstate_record_resize(struct sock *sk, int limit);
void tcpstate_record_set_mask(struct sock *sk, u32 mask);
void tcpstate_record_set_process(struct sock *sk);
unsigned int tcpstate_record_forget(struct tcpstate_net *tn, const u64 *id,
				    const u64 *cookie);
void tcpstate_record_put(struct tcpstate_record *rec);
void tcpstate_record_tcb(const struct sock *sk, struct tcpstate_tcb_info *info);
void tcpstate_record_request_tcb(const struct tcpstate_request *req,
				 struct tcpstate_tcb_info *info);
void tcpstate_record_timewait_tcb(const struct tcpstate_timewait *tw,
				  struct tcpstate_tcb_info *info);
struct tcpstate_record *tcpstate_record_find(struct tcpstate_net *tn, unsigned long id);
u32 tcpstate_record_read(struct tcpstate_record *rec, u32 *from,
			 struct tcpstate_record_event *to, u32 max);
void tcpstate_record_change(struct tcpstate_flow *flow, u8 old, u8 event, u16 actions);
void tcpstate_record_segment(struct tcpstate_flow *flow, u8 kind,
			     const struct tcpstate_seg *seg, u8 why, u8 drop, u32 segs);
void tcpstate_record_settle(struct sock *sk);
void tcpstate_record_timer(struct tcpstate_flow *flow, u8 which, u8 what, unsigned long delay);
void tcpstate_record_phase(struct sock *sk, u8 old);

/* --- tcpstate_port.c (layer 1) --- */

int tcpstate_port_load(void);
void tcpstate_port_unload(void);
int tcpstate_port_init(struct tcpstate_net *tn);
void tcpstate_port_exit(struct tcpstate_net *tn);
int tcpstate_port_get(struct sock *sk, unsigned short port);
int tcpstate_port_get_for_connect(struct sock *sk, u16 after);
bool tcpstate_port_listen(struct sock *sk);
void tcpstate_port_unlisten(struct sock *sk);
void tcpstate_port_share(struct tcpstate_net *tn, struct tcpstate_bind *to,
			 const struct tcpstate_bind *from);
void tcpstate_port_put(struct tcpstate_net *tn, struct tcpstate_bind *bind);

/* --- tcpstate_ipv4.c (layer 1) --- */

/**
 * struct tcpstate_quote - an ICMP error and the segment of ours that it quotes
 * @key: names of the segment, seen from us
 * @skb: the packet with the error
 * @network: offset in it of the quoted network header, octets
 * @transport: offset of the quoted TCP header, of which 8 octets are there
 * @seq: SEG.SEQ of the segment
 * @info: of the error: MTU, or pointer
 * @len: total length of the quoted packet, octets
 * @type: ICMP type
 * @code: ICMP code
 * @ttl: what was left of the segment's TTL
 */
struct tcpstate_quote {
	struct tcpstate_key key;
	const struct sk_buff *skb;
	unsigned int network;
	unsigned int transport;
	u32 seq;
	u32 info;
	u16 len;
	u8 type;
	u8 code;
	u8 ttl;
};

/**
 * struct tcpstate_way - where a segment without a socket of its own goes
 * @key: names, seen from us
 * @sk: the listener that it is sent for; NULL: nobody, the namespace
 * @answered: the segment that it answers; or NULL
 * @route: IP options, or NULL
 * @device: that it must leave by, or 0
 * @mark: for routing and filters
 * @any_source: the local address may be nobody's here
 * @tos: octet of the IP header
 * @ttl: likewise; 0: the route's
 */
struct tcpstate_way {
	const struct tcpstate_key *key;
	struct sock *sk;
	const struct sk_buff *answered;
	const struct ip_options_rcu *route;
	int device;
	u32 mark;
	bool any_source;
	u8 tos;
	u8 ttl;
};

/**
 * struct tcpstate_af - what differs between IPv4 and IPv6
 * @family: of the addresses that users see
 * @header_len: of the network header without options, octets
 * @default_mss: where the peer announces none, octets
 * @route: find the way to the peer of a socket; context: socket lock held;
 *	0 or -errno
 * @send: finish the checksum and hand a segment to IP; consumes skb; the
 *	transport header is in place; 0 or -errno
 * @reply: send a segment without a socket, answering @skb; does not consume it
 * @build_alone: the same, where the way is known, but for sending it; the MSS that
 *	is announced is put into @answer; NULL: no route, or no memory
 * @send_alone: and send it; consumes @skb
 * @back: the IP options that lead back along the source route of a received
 *	segment, or NULL; freed with kfree()
 * @device: the device that a child is bound to whose SYN is @skb, or 0
 * @key: read the addresses of a received segment; ports and wire are set too
 * @for_us: the segment was sent to one host, not to many (MUST-57, MUST-63)
 * @checksum_ok: verify a received segment; data points to the TCP header
 * @iss: initial send sequence number for a name (RFC 6528)
 * @names_match: a received segment is of the connection that a socket has now
 * @set_name: read the names of a socket into its flow's key
 * @take_name: set a child's names from a received segment; takes *@route over, where
 *	there is one
 * @take_route: save the way back along a source route that a received segment
 *	came by, where there is one; context: socket lock held
 * @narrow: tell routing of the MTU of a socket's path, octets; context: socket
 *	lock held
 * @queue_error: put an error into a socket's error queue; NULL: of our own,
 *	else one that ICMP tells
 * @recv_error: recvmsg() with MSG_ERRQUEUE
 */
struct tcpstate_af {
	u16 family;
	u8 header_len;
	u16 default_mss;
	int (*route)(struct sock *sk);
	int (*send)(struct sock *sk, struct sk_buff *skb);
	void (*reply)(struct tcpstate_net *tn, struct sk_buff *skb,
		      const struct tcpstate_reply *answer);
	struct sk_buff *(*build_alone)(struct tcpstate_net *tn, const struct tcpstate_way *way,
				       struct tcpstate_reply *answer);
	void (*send_alone)(struct tcpstate_net *tn, const struct tcpstate_way *way,
			   struct sk_buff *skb);
	struct ip_options_rcu *(*back)(struct net *net, const struct sk_buff *skb);
	int (*device)(const struct sock *listener, const struct sk_buff *skb);
	void (*key)(const struct sk_buff *skb, u8 wire, const void *ports,
		    struct tcpstate_key *key);
	bool (*for_us)(const struct sk_buff *skb);
	bool (*checksum_ok)(struct sk_buff *skb, u8 wire);
	u32 (*iss)(const struct tcpstate_key *key);
	bool (*names_match)(const struct sock *sk, const struct sk_buff *skb);
	void (*set_name)(struct sock *sk, bool listener);
	void (*take_name)(struct sock *child, const struct sk_buff *skb,
			  struct ip_options_rcu **route);
	void (*take_route)(struct sock *sk, const struct sk_buff *skb);
	void (*narrow)(struct sock *sk, u32 mtu);
	void (*queue_error)(struct sock *sk, const struct tcpstate_quote *quote, int err);
	int (*recv_error)(struct sock *sk, struct msghdr *msg, size_t len);
};

extern const struct tcpstate_af tcpstate_ipv4;

int tcpstate_ipv4_connect_name(struct sock *sk, const struct sockaddr_in *peer);
int tcpstate_ipv4_init(struct tcpstate_net *tn);
void tcpstate_ipv4_exit(struct tcpstate_net *tn);

/* --- tcpstate_output.c (layer 2) --- */

void tcpstate_output_push(struct sock *sk);
void tcpstate_output_ack(struct sock *sk);
void tcpstate_output_urgent(struct sock *sk);
void tcpstate_output_challenge(struct sock *sk, bool challenge);
void tcpstate_output_rst(struct sock *sk);
void tcpstate_output_retransmit(struct sock *sk, u8 cause);
void tcpstate_output_syn_again(struct sock *sk);
void tcpstate_output_probe(struct sock *sk);
void tcpstate_output_keepalive(struct sock *sk);
bool tcpstate_output_owes_ack(const struct tcpstate_sock *ts);
bool tcpstate_output_reader_lags(const struct sock *sk);
void tcpstate_output_arm(struct sock *sk);
void tcpstate_output_disarm(struct sock *sk);
void tcpstate_output_arm_delack(struct sock *sk);
bool tcpstate_output_waits(const struct tcpstate_sock *ts);
void tcpstate_output_overdue(struct sock *sk);
void tcpstate_output_sync_mss(struct sock *sk);
u32 tcpstate_output_tsval(u32 offset);
void tcpstate_output_narrowed(struct sock *sk);
u16 tcpstate_output_advertised_mss(struct sock *sk);
u32 tcpstate_output_receive_space(const struct sock *sk);
u16 tcpstate_output_first_window(const struct sock *sk);
void tcpstate_output_open_window(struct sock *sk);

/* --- tcpstate_state.c (layer 3) --- */

void tcpstate_state_born(struct sock *sk, u8 state);
void tcpstate_state_event(struct sock *sk, u8 event);
void tcpstate_state_error(struct sock *sk, int err);
void tcpstate_state_destroy(struct sock *sk);
void tcpstate_state_disown(struct sock *sk);
void tcpstate_state_hand_over(struct sock *sk, struct tcpstate_timewait *tw);
u16 tcpstate_state_timewait_event(struct tcpstate_timewait *tw, u8 event);
void tcpstate_state_request_born(struct tcpstate_request *req);
u16 tcpstate_state_request_event(struct tcpstate_request *req, u8 event);
void tcpstate_state_take_over(struct sock *child, struct tcpstate_request *req);

/* --- tcpstate_input.c (layer 4) --- */

void tcpstate_input(struct sock *sk, struct sk_buff *skb);
void tcpstate_input_answer(struct sock *sk);
void tcpstate_input_take_syn(struct sock *sk, const struct tcpstate_seg *seg);
int tcpstate_input_backlog(struct sock *sk, struct sk_buff *skb);

/* --- tcpstate_path.c (layer 4) --- */

void tcpstate_path_icmp(struct sock *sk, const struct tcpstate_quote *quote);
void tcpstate_path_narrow(struct sock *sk);
void tcpstate_path_trouble(struct sock *sk);

/* --- tcpstate_timer.c (layer 4) --- */

void tcpstate_timer_init(struct sock *sk);
void tcpstate_timer_release_cb(struct sock *sk);
void tcpstate_timer_orphan(struct sock *sk);
void tcpstate_timer_keepalive(struct sock *sk, int on);
void tcpstate_timer_restart_keepalive(struct sock *sk);

/* --- tcpstate_request.c (layer 4) --- */

int tcpstate_request_init(void);
void tcpstate_request_exit(void);
void tcpstate_request_put(struct tcpstate_request *req);
void tcpstate_request_syn(struct sock *listener, struct sk_buff *skb, u32 iss);
bool tcpstate_request_input(struct tcpstate_request *req, struct sk_buff *skb);
int tcpstate_request_abort(struct tcpstate_request *req);
void tcpstate_request_icmp(struct tcpstate_request *req, const struct tcpstate_quote *quote);
void tcpstate_request_ready(struct sock *child);
void tcpstate_request_done(struct sock *child);
void tcpstate_request_stop(struct sock *listener);
struct sock *tcpstate_request_take(struct sock *listener);

/* --- tcpstate_timewait.c (layer 4) --- */

int tcpstate_timewait_init(void);
void tcpstate_timewait_exit(void);
void tcpstate_timewait_enter(struct sock *sk);
void tcpstate_timewait_input(struct tcpstate_timewait *tw, struct sk_buff *skb,
			     struct sock *listener);
void tcpstate_timewait_put(struct tcpstate_timewait *tw);
int tcpstate_timewait_abort(struct tcpstate_timewait *tw);
u32 tcpstate_timewait_reuse(struct sock *sk, bool bound);
void tcpstate_timewait_purge(struct tcpstate_net *tn);

/* --- tcpstate_sock.c (layer 4) --- */

/* For tcpstate_sock_init_transport(): choose one (RFC 6528). */
#define TCPSTATE_ANY_ISS	0

u32 tcpstate_sock_tstamp_offset(const struct tcpstate_key *key);
u8 tcpstate_sock_wscale(const struct sock *sk);
void tcpstate_sock_init(struct sock *sk, u8 wire);
void tcpstate_sock_init_transport(struct sock *sk, u32 iss);
int tcpstate_sock_get_port(struct sock *sk, unsigned short port);
void tcpstate_sock_put_port(struct sock *sk);
int tcpstate_sock_connect(struct sock *sk, struct sockaddr_unsized *addr, int len);
int tcpstate_sock_disconnect(struct sock *sk, int flags);
void tcpstate_sock_close(struct sock *sk, long timeout);
int tcpstate_sock_abort(struct sock *sk, int err);
void tcpstate_sock_abort_orphans(struct tcpstate_net *tn);
void tcpstate_sock_shutdown(struct sock *sk, int how);
void tcpstate_sock_write_space(struct sock *sk);
void tcpstate_sock_destruct(struct sock *sk);
int tcpstate_sock_listen(struct socket *sock, int backlog);
int tcpstate_sock_accept(struct socket *sock, struct socket *newsock,
			 struct proto_accept_arg *arg);
__poll_t tcpstate_sock_poll(struct file *file, struct socket *sock, poll_table *wait);
int tcpstate_sock_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg);

/* --- tcpstate_sendmsg.c, tcpstate_recvmsg.c, tcpstate_sockopt.c (layer 4) --- */

int tcpstate_sendmsg(struct socket *sock, struct msghdr *msg, size_t len);
bool tcpstate_sendmsg_memory_free(const struct sock *sk, int wake);
int tcpstate_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags);
int tcpstate_recvmsg_unread(const struct sock *sk);
int tcpstate_recvmsg_set_lowat(struct sock *sk, int octets);
void tcpstate_sockopt_info(struct sock *sk, struct tcp_info *info);
int tcpstate_setsockopt(struct socket *sock, int level, int name, sockptr_t val,
			unsigned int len);
int tcpstate_getsockopt(struct socket *sock, int level, int name, char __user *val,
			int __user *len);

/* --- tcpstate_wire.c (layer 5) --- */

int tcpstate_wire_init(void);
void tcpstate_wire_exit(void);
void tcpstate_wire_net_init(struct tcpstate_net *tn);
void tcpstate_wire_net_exit(struct tcpstate_net *tn);

/* --- tcpstate_genl.c, tcpstate_diag.c (layer 5) --- */

/**
 * struct tcpstate_about - what the observers tell of any connection
 * @cookie: SO_COOKIE of its socket
 * @key: its name
 * @process: who has the socket, or NULL
 * @user_ns: of the reader
 * @pid_ns: of the reader; NULL: number the process as it numbers itself
 * @state: TCP_*
 * @dead: the connection is over
 * @mini: there is no full socket
 */
struct tcpstate_about {
	u64 cookie;
	const struct tcpstate_key *key;
	struct tcpstate_process *process;
	struct user_namespace *user_ns;
	struct pid_namespace *pid_ns;
	u8 state;
	bool dead;
	bool mini;
};

int tcpstate_genl_init(void);
void tcpstate_genl_exit(void);
void tcpstate_genl_watch(struct tcpstate_net *tn);
int tcpstate_genl_put_about(struct sk_buff *skb, const struct tcpstate_about *about);
int tcpstate_diag_init(int family);
void tcpstate_diag_exit(void);

/* --- tcpstate_proc.c, tcpstate_sysctl.c (layer 5) --- */

int tcpstate_proc_timer(const struct tcpstate_sock *ts, unsigned long *expires);
int tcpstate_proc_init(struct net *net);
void tcpstate_proc_exit(struct net *net);
int tcpstate_sysctl_init(struct tcpstate_net *tn);
void tcpstate_sysctl_exit(struct tcpstate_net *tn);

#endif /* TCPSTATE_H */

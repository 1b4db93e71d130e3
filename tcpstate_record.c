// SPDX-License-Identifier: GPL-2.0
/*
 * The flight recorder: the last events of each connection with the TCB after
 * each.  It never fails a connection: without memory it switches itself off.
 */
#include <linux/slab.h>
#include <linux/sock_diag.h>
#include <linux/timekeeping.h>

#include "tcpstate.h"

static_assert(sizeof(struct tcpstate_record_event) == 128);
static_assert(TCPSTATE_RECORD_ROW == 1 << TCPSTATE_RING_FEW_SHIFT);
static_assert((int)TCPSTATE_LOST_OLD >= (int)TCPSTATE_DROP_COUNT);

/* Writers may be in softirq. */
#define GFP_RECORD	(GFP_ATOMIC | __GFP_NOWARN | __GFP_ACCOUNT)

static struct kmem_cache *cache;

/* False: the namespace's recorders have all that they may have. */
static bool charge(struct tcpstate_net *tn, size_t size)
{
	if (atomic_long_add_return(size, &tn->record_octets) <= READ_ONCE(tn->record_mem))
		return true;
	atomic_long_sub(size, &tn->record_octets);
	return false;
}

/* NULL: no memory, or none that may be had. */
static void *get_memory(void *owner, size_t size, bool zero)
{
	struct tcpstate_net *tn = ((struct tcpstate_record *)owner)->tn;
	void *memory;

	if (!charge(tn, size))
		return NULL;
	memory = kmalloc(size, GFP_RECORD | (zero ? __GFP_ZERO : 0));
	if (!memory)
		atomic_long_sub(size, &tn->record_octets);
	return memory;
}

static void put_memory(void *owner, void *memory, size_t size)
{
	struct tcpstate_record *rec = owner;

	if (!memory || memory == rec->own)
		return;
	kfree(memory);
	atomic_long_sub(size, &rec->tn->record_octets);
}

static const struct tcpstate_ring_memory ring_memory = { get_memory, put_memory };

/**
 * tcpstate_record_put() - drop a reference
 * @rec: the recorder
 *
 * Context: any; no lock of a recorder held.
 */
void tcpstate_record_put(struct tcpstate_record *rec)
{
	if (!refcount_dec_and_test(&rec->ref))
		return;
	tcpstate_ring_end(&rec->ring, &ring_memory, rec);
	atomic_long_sub(sizeof(*rec), &rec->tn->record_octets);
	tcpstate_process_put(rec->process);
	kmem_cache_free(cache, rec);
}

/* The recorder is not told of any more. */
static void forget(struct tcpstate_record *rec)
{
	xa_lock_bh(&rec->tn->records);
	__xa_erase(&rec->tn->records, rec->id);
	xa_unlock_bh(&rec->tn->records);
	tcpstate_record_put(rec);
}

static int insert(struct tcpstate_net *tn, struct tcpstate_record *rec)
{
	int err;

	xa_lock_bh(&tn->records);
	WRITE_ONCE(rec->id, ++tn->record_serial);
	err = __xa_insert(&tn->records, rec->id, rec, GFP_RECORD);
	xa_unlock_bh(&tn->records);
	return err;
}

static struct tcpstate_record *alloc(struct tcpstate_net *tn, u32 limit)
{
	struct tcpstate_record *rec;

	if (!charge(tn, sizeof(*rec)))
		return NULL;
	rec = kmem_cache_alloc(cache, GFP_RECORD);
	if (!rec)
		goto uncharge;
	/* Of @own nobody reads what was not written. */
	memset(rec, 0, offsetof(struct tcpstate_record, own));
	rec->tn = tn;
	if (!tcpstate_ring_begin(&rec->ring, limit, &ring_memory, rec))
		goto free;
	if (tcpstate_ring_row_size(&rec->ring) == sizeof(rec->own))
		tcpstate_ring_rows(&rec->ring)[0] = rec->own;
	spin_lock_init(&rec->lock);
	seqcount_init(&rec->seq);
	INIT_LIST_HEAD(&rec->dead_node);
	/* Partner: the reference in tcpstate_record_find(), of who has found another here. */
	smp_wmb();
	refcount_set(&rec->ref, 1);
	return rec;

free:
	kmem_cache_free(cache, rec);
uncharge:
	atomic_long_sub(sizeof(*rec), &tn->record_octets);
	return NULL;
}

/**
 * tcpstate_record_limit() - how many entries a connection of a socket keeps
 * @sk: the socket
 *
 * Context: any; a listener's is read without its lock.
 */
u32 tcpstate_record_limit(const struct sock *sk)
{
	int own = READ_ONCE(tcpstate_sk(sk)->record_limit);

	return own < 0 ? READ_ONCE(tcpstate_sk_net(sk)->record) : own;
}

/**
 * tcpstate_record_cookie() - SO_COOKIE of a socket
 * @sk: the socket
 *
 * Context: any.
 */
u64 tcpstate_record_cookie(struct sock *sk)
{
	u32 halves[2];

	sock_diag_save_cookie(sk, halves);
	return (u64)halves[1] << 32 | halves[0];
}

/* For a flow, as its socket or its listener says.  NULL: none is wanted, or no memory. */
static struct tcpstate_record *begin(const struct sock *sk, const struct tcpstate_flow *flow,
				     u64 cookie, struct tcpstate_process *process)
{
	struct tcpstate_net *tn = tcpstate_sk_net(sk);
	u32 limit = tcpstate_record_limit(sk);
	struct tcpstate_record *rec;

	if (!limit)
		return NULL;
	rec = alloc(tn, limit);
	if (!rec)
		goto off;
	rec->cookie = cookie;
	rec->key = flow->key;
	rec->mask = READ_ONCE(tcpstate_sk(sk)->record_mask) ?: READ_ONCE(tn->record_mask);
	rec->state = flow->state;
	rec->process = tcpstate_process_get(process);
	if (!insert(tn, rec))
		return rec;
	tcpstate_record_put(rec);
off:
	tcpstate_mib_inc(tn, TCPSTATE_MIB_RECORDOFF);
	return NULL;
}

/**
 * tcpstate_record_begin() - a connection begins
 * @sk: its name is complete; the first event has not happened
 *
 * Context: socket lock held, or nobody else sees the socket.
 */
void tcpstate_record_begin(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	ts->record = begin(sk, &ts->flow, tcpstate_record_cookie(sk),
			   rcu_dereference_protected(ts->process, true));
}

/**
 * tcpstate_record_begin_request() - a connection begins as a mini in SYN_RECV
 * @req: its name is complete; the first event has not happened
 *
 * Its cookie will be its child's.  The kernel counts its own up from 1, and
 * does not come to the upper half.
 *
 * Context: nobody else sees the mini; RCU read side.
 */
void tcpstate_record_begin_request(struct tcpstate_request *req)
{
	static atomic64_t cookies;

	req->cookie = BIT_ULL(63) | atomic64_inc_return(&cookies);
	req->record = begin(req->listener, &req->flow, req->cookie,
			    rcu_dereference(tcpstate_sk(req->listener)->process));
}

/**
 * tcpstate_record_grow_up() - a full socket goes on with a connection
 * @req: in SYN_RECV
 * @child: new
 *
 * Context: the locks of both held.
 */
void tcpstate_record_grow_up(struct tcpstate_request *req, struct sock *child)
{
	atomic64_set(&child->sk_cookie, req->cookie);
	tcpstate_sk(child)->record = req->record;
	req->record = NULL;
}

/* The oldest of the dead where there are more than may be, or NULL. */
static struct tcpstate_record *surplus(struct tcpstate_net *tn, int max)
{
	struct tcpstate_record *rec = NULL;

	spin_lock_bh(&tn->record_lock);
	if (tn->record_dead_count > max) {
		rec = list_first_entry(&tn->record_dead, struct tcpstate_record, dead_node);
		list_del_init(&rec->dead_node);
		tn->record_dead_count--;
	}
	spin_unlock_bh(&tn->record_lock);
	return rec;
}

static void trim_dead(struct tcpstate_net *tn, int max)
{
	struct tcpstate_record *rec;

	while ((rec = surplus(tn, max)))
		forget(rec);
}

/**
 * tcpstate_record_end() - a connection is over: its recorder is kept for a while
 * @record: where the connection has it, becomes NULL; may be NULL already
 *
 * Context: the connection's lock held.
 */
void tcpstate_record_end(struct tcpstate_record **record)
{
	struct tcpstate_record *rec = *record;
	struct tcpstate_net *tn;

	if (!rec)
		return;
	*record = NULL;
	tn = rec->tn;
	spin_lock_bh(&rec->lock);
	rec->dead = true;
	spin_unlock_bh(&rec->lock);
	spin_lock_bh(&tn->record_lock);
	list_add_tail(&rec->dead_node, &tn->record_dead);
	tn->record_dead_count++;
	spin_unlock_bh(&tn->record_lock);
	trim_dead(tn, READ_ONCE(tn->record_dead_max));
}

/**
 * tcpstate_record_hand_over() - a mini goes on with a connection
 * @sk: in TIME_WAIT
 * @tw: new
 *
 * Context: the locks of both held.
 */
void tcpstate_record_hand_over(struct sock *sk, struct tcpstate_timewait *tw)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	tcpstate_record_settle(sk);
	tw->cookie = tcpstate_record_cookie(sk);
	tw->process = tcpstate_process_get(tcpstate_process_of(sk));
	tw->record = ts->record;
	ts->record = NULL;
	if (!tw->record)
		return;
	spin_lock_bh(&tw->record->lock);
	tw->record->mini = true;
	spin_unlock_bh(&tw->record->lock);
}

/* Text in order that no reader has passed; the FIN is none. */
static u32 unread(const struct sock *sk)
{
	const struct tcpstate_sock *ts = tcpstate_sk(sk);
	u32 end = ts->tcb.rcv_nxt;

	if (skb_queue_empty_lockless(&sk->sk_receive_queue))
		return 0;
	if (sock_flag(sk, SOCK_DONE) && end != ts->copied_seq)
		end--;
	return end - ts->copied_seq;
}

#define ALIKE	offsetofend(struct tcpstate_tcb, rcv_nxt)
#define AT_LIKE(ours, theirs)	static_assert(offsetof(struct tcpstate_tcb, ours) ==	\
					      offsetof(struct tcpstate_tcb_info, theirs))
AT_LIKE(iss, iss);
AT_LIKE(snd_una, snd_una);
AT_LIKE(snd_nxt, snd_nxt);
AT_LIKE(snd_wnd, snd_wnd);
AT_LIKE(snd_wl1, snd_wl1);
AT_LIKE(snd_wl2, snd_wl2);
AT_LIKE(snd_up, snd_up);
AT_LIKE(write_seq, write_seq);
AT_LIKE(irs, irs);
AT_LIKE(rcv_nxt, rcv_nxt);
static_assert(ALIKE == 10 * sizeof(u32));

/**
 * tcpstate_record_tcb() - the TCB of a full socket as user space sees it
 * @sk: the socket
 * @info: filled
 *
 * Context: socket lock held.
 */
void tcpstate_record_tcb(const struct sock *sk, struct tcpstate_tcb_info *info)
{
	const struct tcpstate_sock *ts = tcpstate_sk(sk);
	const struct tcpstate_tcb *tcb = &ts->tcb;

	/* The numbers that lie alike in both, at once. */
	memcpy(info, tcb, ALIKE);
	info->rcv_wnd = tcpstate_rcv_wnd(tcb);
	info->rcv_up = tcb->urgent == TCPSTATE_URGENT_NONE ? 0 : tcb->rcv_up;
	info->cwnd = ts->cong.cwnd;
	info->ssthresh = ts->cong.ssthresh;
	info->srtt_us = ts->rtt.srtt_us;
	info->rttvar_us = ts->rtt.rttvar_us;
	info->rto_us = tcpstate_rtt_timeout(&ts->rtt);
	info->rcv_queue = unread(sk);
	info->ooo_queue = ts->ooo_octets;
	info->snd_mss = tcb->snd_mss;
	info->snd_wscale = tcb->snd_wscale;
	info->rcv_wscale = tcb->rcv_wscale;
	info->state = ts->flow.state;
	info->phase = ts->cong.phase;
	info->backoff = ts->rtt.backoff;
	info->dupacks = ts->cong.dupacks;
}

/**
 * tcpstate_record_timewait_tcb() - the same of a mini
 * @tw: the mini
 * @info: filled; zero where a mini knows nothing
 *
 * Context: @tw->lock held.
 */
void tcpstate_record_timewait_tcb(const struct tcpstate_timewait *tw,
				  struct tcpstate_tcb_info *info)
{
	*info = (struct tcpstate_tcb_info){
		.iss = tw->iss,
		.snd_una = tw->snd_nxt,
		.snd_nxt = tw->snd_nxt,
		.irs = tw->irs,
		.rcv_nxt = tw->rcv_nxt,
		.rcv_wnd = tcpstate_after(tw->rcv_adv, tw->rcv_nxt) ?
			   tw->rcv_adv - tw->rcv_nxt : 0,
		.rcv_wscale = tw->rcv_wscale,
		.state = tw->flow.state,
	};
}

/**
 * tcpstate_record_request_tcb() - the same of a mini in SYN_RECV
 * @req: the mini
 * @info: filled; zero where a mini knows nothing
 *
 * Context: @req->lock held.
 */
void tcpstate_record_request_tcb(const struct tcpstate_request *req,
				 struct tcpstate_tcb_info *info)
{
	*info = (struct tcpstate_tcb_info){
		.iss = req->iss,
		.snd_una = req->iss,
		.snd_nxt = req->iss,
		.snd_wnd = req->syn.wnd,
		.snd_wl1 = req->syn.seq,
		.write_seq = req->iss + 1,
		.irs = req->syn.seq,
		.rcv_nxt = req->syn.seq + 1,
		.rcv_wnd = req->wnd,
		.rto_us = tcpstate_rtt_timeout(&req->rtt),
		.snd_wscale = req->syn.opt.has_wscale ? req->syn.opt.wscale : 0,
		.rcv_wscale = req->syn.opt.has_wscale ? req->wscale : 0,
		.state = req->flow.state,
		.backoff = req->rtt.backoff,
	};
	/* The SYN+ACK goes with the event that brings it here. */
	if (req->flow.state == TCPSTATE_SYN_RECV)
		info->snd_nxt++;
}

static struct tcpstate_record *record_of(const struct tcpstate_flow *flow)
{
	if (flow->kind == TCPSTATE_FLOW_TIMEWAIT)
		return container_of(flow, struct tcpstate_timewait, flow)->record;
	if (flow->kind == TCPSTATE_FLOW_REQUEST)
		return container_of(flow, struct tcpstate_request, flow)->record;
	return container_of(flow, struct tcpstate_sock, flow)->record;
}

static void tell_tcb(const struct tcpstate_flow *flow, struct tcpstate_tcb_info *info)
{
	if (flow->kind == TCPSTATE_FLOW_TIMEWAIT)
		tcpstate_record_timewait_tcb(container_of(flow, struct tcpstate_timewait, flow),
					     info);
	else if (flow->kind == TCPSTATE_FLOW_REQUEST)
		tcpstate_record_request_tcb(container_of(flow, struct tcpstate_request, flow),
					    info);
	else
		tcpstate_record_tcb((const struct sock *)
				    container_of(flow, struct tcpstate_sock, flow), info);
}

/* Where the next entry goes.  NULL: it is not wanted, or there is no memory. */
static struct tcpstate_record_event *next_entry(struct tcpstate_record *rec, u8 kind)
{
	struct tcpstate_record_event *entry;

	if (!(rec->mask & BIT(kind)))
		return NULL;
	entry = tcpstate_ring_make(&rec->ring, rec->next, &ring_memory, rec);
	if (!entry) {
		WRITE_ONCE(rec->mask, 0);
		tcpstate_mib_inc(rec->tn, TCPSTATE_MIB_RECORDOFF);
	}
	return entry;
}

/*
 * Readers copy again what has changed meanwhile.  Not on the CPU of a writer, which
 * could not go on then.
 */
static void begin_write(struct tcpstate_record *rec)
{
	preempt_disable();
	/* The connection's lock is that of writers, not one that lockdep could name. */
	raw_write_seqcount_begin(&rec->seq);
}

static void end_write(struct tcpstate_record *rec)
{
	raw_write_seqcount_end(&rec->seq);
	preempt_enable();
}

static void open_entry(struct tcpstate_record *rec, struct tcpstate_record_event *entry, u8 kind,
		       const struct tcpstate_flow *flow)
{
	/* What a segment brings about while it is taken happened when it came. */
	u64 now = rec->unsettled ? rec->came : ktime_get_real_ns();

	begin_write(rec);
	/*
	 * Of a segment that a socket takes, tcpstate_record_settle() tells the TCB; until
	 * then nobody reads the entry.
	 */
	if (kind == TCPSTATE_RECORD_RECEIVED && flow->kind == TCPSTATE_FLOW_FULL) {
		rec->unsettled = rec->next + 1;
		rec->came = now;
	} else {
		tell_tcb(flow, &entry->tcb);
	}
	entry->time = now;
	entry->number = rec->next;
	entry->kind = kind;
	/* What the kind has is filled by the caller. */
	entry->why = 0;
	entry->drop = 0;
	entry->segs = 0;
	memset(&entry->seg, 0, sizeof(entry->seg));
}

static void close_entry(struct tcpstate_record *rec)
{
	WRITE_ONCE(rec->next, rec->next + 1);
	end_write(rec);
}

/**
 * tcpstate_record_change() - an edge was taken
 * @flow: has a recorder; its new state is stored
 * @old: state before
 * @event: enum tcpstate_event
 * @actions: of the edge
 *
 * Context: the flow's lock held.
 */
void tcpstate_record_change(struct tcpstate_flow *flow, u8 old, u8 event, u16 actions)
{
	struct tcpstate_record *rec = record_of(flow);
	struct tcpstate_record_event *entry;

	WRITE_ONCE(rec->state, flow->state);
	entry = next_entry(rec, TCPSTATE_RECORD_STATE);
	if (!entry)
		return;
	open_entry(rec, entry, TCPSTATE_RECORD_STATE, flow);
	entry->change.actions = actions;
	entry->change.old = old;
	entry->change.new = flow->state;
	entry->change.event = event;
	entry->change.mini = flow->kind != TCPSTATE_FLOW_FULL;
	close_entry(rec);
}

static u8 options_of(const struct tcpstate_options *opt)
{
	u8 bits = 0;

	if (opt->has_wscale)
		bits |= TCPSTATE_OPT_WSCALE | (opt->wscale & TCPSTATE_OPT_WSCALE_SHIFT);
	if (opt->has_sack_perm)
		bits |= TCPSTATE_OPT_SACK_PERM;
	if (opt->has_tstamp)
		bits |= TCPSTATE_OPT_TSTAMP;
	if (opt->has_sack)
		bits |= TCPSTATE_OPT_SACK;
	return bits;
}

/**
 * tcpstate_record_segment() - a segment was sent, came, or was dropped
 * @flow: has a recorder
 * @kind: enum tcpstate_record_kind
 * @seg: the segment
 * @why: see struct tcpstate_record_event
 * @drop: likewise
 * @segs: how many segments it is of
 *
 * A segment is recorded just before IP gets it, since a peer on the same
 * machine may answer from within; SND.NXT is told as it will be.
 *
 * Context: the flow's lock held.
 */
void tcpstate_record_segment(struct tcpstate_flow *flow, u8 kind,
			     const struct tcpstate_seg *seg, u8 why, u8 drop, u32 segs)
{
	struct tcpstate_record *rec = record_of(flow);
	struct tcpstate_record_event *entry = next_entry(rec, kind);
	u32 end;

	if (!entry)
		return;
	open_entry(rec, entry, kind, flow);
	entry->why = why;
	entry->drop = drop;
	entry->segs = min_t(u32, segs, 255);
	entry->seg.seq = seg->seq;
	entry->seg.ack = seg->ack;
	entry->seg.len = seg->len;
	entry->seg.tsval = seg->opt.tsval;
	entry->seg.tsecr = seg->opt.tsecr;
	entry->seg.wnd = seg->wnd;
	entry->seg.up = seg->up;
	entry->seg.mss = seg->opt.mss;
	entry->seg.flags = seg->flags;
	entry->seg.options = options_of(&seg->opt);
	if (kind == TCPSTATE_RECORD_SENT || kind == TCPSTATE_RECORD_RETRANSMIT) {
		end = tcpstate_seg_end(seg);
		if (tcpstate_after(end, entry->tcb.snd_nxt))
			entry->tcb.snd_nxt = end;
	}
	close_entry(rec);
}

/**
 * tcpstate_record_settle() - what a received segment did is done
 * @sk: its entry, if there is one that is not settled, gets the TCB that there is now
 *
 * Context: socket lock held.
 */
void tcpstate_record_settle(struct sock *sk)
{
	struct tcpstate_record *rec = tcpstate_sk(sk)->record;
	struct tcpstate_record_event *entry;
	u32 number;

	if (!rec || !rec->unsettled)
		return;
	number = rec->unsettled - 1;
	entry = tcpstate_ring_place(&rec->ring, number);
	begin_write(rec);
	rec->unsettled = 0;
	/* Where few are kept, another may have its place already. */
	if (entry->number == number)
		tcpstate_record_tcb(sk, &entry->tcb);
	end_write(rec);
}

/**
 * tcpstate_record_timer() - a timer was armed or fires
 * @flow: has a recorder
 * @which: enum tcpstate_record_timer
 * @what: enum tcpstate_record_timer_what
 * @delay: jiffies until it will fire
 *
 * Context: the flow's lock held.
 */
void tcpstate_record_timer(struct tcpstate_flow *flow, u8 which, u8 what, unsigned long delay)
{
	u8 kind = what == TCPSTATE_TIMER_ARMED ? TCPSTATE_RECORD_ARMED : TCPSTATE_RECORD_TIMER;
	struct tcpstate_record *rec = record_of(flow);
	struct tcpstate_record_event *entry = next_entry(rec, kind);

	if (!entry)
		return;
	open_entry(rec, entry, kind, flow);
	entry->timer.us = min_t(u64, jiffies64_to_nsecs(delay) / NSEC_PER_USEC, U32_MAX);
	entry->timer.which = which;
	entry->timer.what = what;
	close_entry(rec);
}

/**
 * tcpstate_record_phase() - congestion control has come to another phase
 * @sk: has a recorder
 * @old: enum tcpstate_phase before
 *
 * Context: socket lock held.
 */
void tcpstate_record_phase(struct sock *sk, u8 old)
{
	const struct tcpstate_flow *flow = &tcpstate_sk(sk)->flow;
	struct tcpstate_record *rec = tcpstate_sk(sk)->record;
	struct tcpstate_record_event *entry = next_entry(rec, TCPSTATE_RECORD_CONG);

	if (!entry)
		return;
	open_entry(rec, entry, TCPSTATE_RECORD_CONG, flow);
	entry->phase.old = old;
	entry->phase.new = tcpstate_sk(sk)->cong.phase;
	close_entry(rec);
}

/**
 * tcpstate_record_resize() - TCPSTATE_RECORD was set
 * @sk: may have a connection, and that a recorder
 * @limit: 0 to TCPSTATE_RECORD_MAX, or -1: as the namespace has it
 *
 * Context: process, socket lock held.
 * Return: 0 or -ENOMEM: what was there stays.
 */
int tcpstate_record_resize(struct sock *sk, int limit)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_record *rec = ts->record;
	struct tcpstate_ring ring;
	bool moved;

	WRITE_ONCE(ts->record_limit, limit);
	limit = tcpstate_record_limit(sk);
	if (!rec) {
		/* In the middle of a connection. */
		if (limit && !tcpstate_in(ts->flow.state, TCPSTATE_F(CLOSE) | TCPSTATE_F(LISTEN)))
			tcpstate_record_begin(sk);
		return 0;
	}
	if (!limit) {
		ts->record = NULL;
		forget(rec);
		return 0;
	}
	if (limit == rec->ring.limit)
		return 0;
	if (!tcpstate_ring_begin(&ring, limit, &ring_memory, rec))
		return -ENOMEM;
	moved = tcpstate_ring_move(&rec->ring, rec->next, &ring, &ring_memory, rec);
	if (moved) {
		spin_lock_bh(&rec->lock);
		swap(rec->ring, ring);
		spin_unlock_bh(&rec->lock);
	}
	tcpstate_ring_end(&ring, &ring_memory, rec);
	return moved ? 0 : -ENOMEM;
}

/**
 * tcpstate_record_set_mask() - TCPSTATE_RECORD_MASK was set
 * @sk: may have a recorder
 * @mask: set of 1 << enum tcpstate_record_kind, or 0: as the namespace has it
 *
 * Context: process, socket lock held.
 */
void tcpstate_record_set_mask(struct sock *sk, u32 mask)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);

	ts->record_mask = mask;
	if (ts->record)
		WRITE_ONCE(ts->record->mask,
			   mask ?: READ_ONCE(tcpstate_sk_net(sk)->record_mask));
}

/**
 * tcpstate_record_set_process() - another process has the socket now
 * @sk: its process was set
 *
 * Context: process, socket lock held.
 */
void tcpstate_record_set_process(struct sock *sk)
{
	struct tcpstate_process *process = tcpstate_process_of(sk);
	struct tcpstate_record *rec = tcpstate_sk(sk)->record;

	if (!rec || rec->process == process)
		return;
	process = tcpstate_process_get(process);
	spin_lock_bh(&rec->lock);
	swap(rec->process, process);
	spin_unlock_bh(&rec->lock);
	tcpstate_process_put(process);
}

/**
 * tcpstate_record_find() - the first recorder from a number on
 * @tn: the namespace
 * @id: the number
 *
 * Recorders get growing numbers, so that a walk by number misses none that is
 * there all the time, and finds none twice.
 *
 * Context: any.
 * Return: held, or NULL.
 */
struct tcpstate_record *tcpstate_record_find(struct tcpstate_net *tn, unsigned long id)
{
	struct tcpstate_record *rec;

	rcu_read_lock();
	while ((rec = xa_find(&tn->records, &id, ULONG_MAX, XA_PRESENT))) {
		/* Partner: alloc(). */
		if (refcount_inc_not_zero(&rec->ref)) {
			smp_acquire__after_ctrl_dep();
			if (likely(READ_ONCE(rec->id) == id && rec->tn == tn))
				break;
			tcpstate_record_put(rec);
		}
		/* One that goes at this moment: look behind it. */
		id++;
	}
	rcu_read_unlock();
	return rec;
}

/* The next one, if it is there; it moves on to the oldest.  False: it is not complete yet. */
static bool copy_entry(struct tcpstate_record *rec, u32 *number,
		       struct tcpstate_record_event *to, bool *there)
{
	const struct tcpstate_record_event *entry;
	u32 oldest, next, wanted;
	unsigned int seq;
	bool complete;

	do {
		seq = read_seqcount_begin(&rec->seq);
		wanted = *number;
		next = READ_ONCE(rec->next);
		oldest = tcpstate_ring_oldest(&rec->ring, next);
		if (tcpstate_before(wanted, oldest))
			wanted = oldest;
		complete = tcpstate_before(wanted, next) &&
			   wanted + 1 != READ_ONCE(rec->unsettled);
		entry = complete ? tcpstate_ring_find(&rec->ring, wanted) : NULL;
		*there = entry;
		if (entry)
			*to = *entry;
	} while (read_seqcount_retry(&rec->seq, seq));
	*number = wanted;
	return complete;
}

/**
 * tcpstate_record_read() - copy entries
 * @rec: held
 * @from: number of the first that is wanted; moves behind the last one looked at
 * @to: room for @max entries
 * @max: entries
 *
 * Context: any.
 * Return: how many; fewer than @max: these were all.
 */
u32 tcpstate_record_read(struct tcpstate_record *rec, u32 *from,
			 struct tcpstate_record_event *to, u32 max)
{
	bool there;
	u32 n = 0;

	/* The rows stay. */
	spin_lock_bh(&rec->lock);
	for (; n < max && copy_entry(rec, from, &to[n], &there); ++*from)
		n += there;
	spin_unlock_bh(&rec->lock);
	return n;
}

/**
 * tcpstate_record_forget() - throw recorders of dead connections away
 * @tn: the namespace
 * @id: only this one; or NULL
 * @cookie: only those of this socket; or NULL
 *
 * Context: process.
 * Return: how many.
 */
unsigned int tcpstate_record_forget(struct tcpstate_net *tn, const u64 *id, const u64 *cookie)
{
	struct tcpstate_record *rec, *next;
	unsigned int n = 0;
	LIST_HEAD(gone);

	spin_lock_bh(&tn->record_lock);
	list_for_each_entry_safe(rec, next, &tn->record_dead, dead_node) {
		if ((id && rec->id != *id) || (cookie && rec->cookie != *cookie))
			continue;
		list_move_tail(&rec->dead_node, &gone);
		tn->record_dead_count--;
		n++;
	}
	spin_unlock_bh(&tn->record_lock);
	list_for_each_entry_safe(rec, next, &gone, dead_node) {
		list_del_init(&rec->dead_node);
		forget(rec);
	}
	return n;
}

/**
 * tcpstate_record_load() - make the slab cache
 *
 * Context: module load.
 * Return: 0 or -ENOMEM.
 */
int tcpstate_record_load(void)
{
	cache = KMEM_CACHE(tcpstate_record, SLAB_TYPESAFE_BY_RCU);
	return cache ? 0 : -ENOMEM;
}

/**
 * tcpstate_record_unload() - free it
 *
 * Context: module unload, every recorder gone.
 */
void tcpstate_record_unload(void)
{
	kmem_cache_destroy(cache);
}

/**
 * tcpstate_record_init() - a new namespace
 * @tn: the namespace
 *
 * Context: process.
 */
void tcpstate_record_init(struct tcpstate_net *tn)
{
	xa_init_flags(&tn->records, XA_FLAGS_LOCK_BH);
	spin_lock_init(&tn->record_lock);
	INIT_LIST_HEAD(&tn->record_dead);
}

/**
 * tcpstate_record_exit() - the namespace goes
 * @tn: the namespace; every connection of it is over, and no reader is left
 *
 * Context: process.
 */
void tcpstate_record_exit(struct tcpstate_net *tn)
{
	trim_dead(tn, 0);
	WARN_ON_ONCE(atomic_long_read(&tn->record_octets));
	xa_destroy(&tn->records);
}

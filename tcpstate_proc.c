// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/tcpstate: every flow with a name, in the format of the in-tree
 * /proc/net/tcp.  /proc/net/tcpstate_stat: every counter, a gauge of sockets
 * in each state, and how often each edge of the machine was taken, in
 * "Name value" lines.
 */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "tcpstate.h"

static void show_edges(struct seq_file *m, struct tcpstate_net *tn)
{
	int state, event, n;

	for (state = 1; state < TCPSTATE_MAX_STATES; state++) {
		for (event = 0; event < TCPSTATE_EV_COUNT; event++) {
			n = atomic_read(&tn->edges[state][event]);
			if (n)
				seq_printf(m, "Edge:%s:%s %d\n",
					   tcpstate_fsm_state_name(state),
					   tcpstate_fsm_event_name(event), n);
		}
	}
}

static int show(struct seq_file *m, void *v)
{
	struct tcpstate_net *tn = tcpstate_net(seq_file_single_net(m));
	unsigned int i;

	for (i = 0; i < TCPSTATE_MIB_DROPS; i++)
		seq_printf(m, "%s %lu\n", tcpstate_mib_name(i), tcpstate_mib_read(tn, i));
	for (i = 1; i < TCPSTATE_DROP_COUNT; i++)
		seq_printf(m, "Drop:%s %lu\n", tcpstate_seg_drop_name(i),
			   tcpstate_mib_read(tn, TCPSTATE_MIB_DROPS + i));
	seq_printf(m, "Hooked %d\n", READ_ONCE(tn->hooked));
	seq_printf(m, "MemoryPages %ld\n", tcpstate_mem_pages(tn));
	seq_printf(m, "RecordOctets %ld\nRecordDead %d\n", atomic_long_read(&tn->record_octets),
		   READ_ONCE(tn->record_dead_count));
	seq_printf(m, "CurrEstab %d\n", atomic_read(&tn->gauge[TCPSTATE_ESTABLISHED]) +
					atomic_read(&tn->gauge[TCPSTATE_CLOSE_WAIT]));
	for (i = 1; i < TCPSTATE_MAX_STATES; i++)
		seq_printf(m, "%s %d\n", tcpstate_fsm_state_name(i),
			   atomic_read(&tn->gauge[i]));
	show_edges(m, tn);
	return 0;
}

/* As in-tree, so that the next line's place can be told. */
#define LIST_WIDTH	150

static void *list_start(struct seq_file *m, loff_t *pos)
{
	struct tcpstate_demux_walk *walk = m->private;

	if (!*pos) {
		/* From the top, perhaps not for the first time. */
		tcpstate_demux_walk_end(walk);
		tcpstate_demux_walk_begin(walk, walk->tn);
	}
	tcpstate_demux_walk_resume(walk);
	return *pos ? tcpstate_demux_walk_next(walk, true) : SEQ_START_TOKEN;
}

static void *list_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return tcpstate_demux_walk_next(m->private, false);
}

static void list_stop(struct seq_file *m, void *v)
{
	tcpstate_demux_walk_pause(m->private);
}

static void show_names(struct seq_file *m, const struct tcpstate_flow *flow)
{
	const struct tcpstate_key *key = &flow->key;

	/* Addresses are printed as the in-tree TCP does: a word in host order. */
	seq_printf(m, "%4lld: %08X:%04X %08X:%04X %02X", m->index - 1,
		   (__force u32)key->local.s6_addr32[3], ntohs(key->lport),
		   (__force u32)key->remote.s6_addr32[3], ntohs(key->rport),
		   READ_ONCE(flow->state));
}

/**
 * tcpstate_proc_timer() - the timer of a full socket that will fire first, as in-tree
 * @ts: the socket
 * @expires: when, jiffies
 *
 * Context: any; without the lock a hint.
 * Return: 0 none, 1 retransmission, 2 keep-alive, 4 window probe.
 */
int tcpstate_proc_timer(const struct tcpstate_sock *ts, unsigned long *expires)
{
	const struct timer_list *slow = &ts->inet.sk.sk_timer;

	*expires = jiffies;
	if (READ_ONCE(ts->rtx_armed)) {
		*expires = READ_ONCE(ts->rtx_when);
		return tcpstate_persists(ts) ? 4 : 1;
	}
	if (!timer_pending(slow))
		return 0;
	*expires = slow->expires;
	return 2;
}

/* Without the lock: the numbers may be a step apart. */
static void show_full(struct seq_file *m, struct tcpstate_sock *ts)
{
	struct sock *sk = &ts->inet.sk;
	u8 state = READ_ONCE(ts->flow.state);
	u32 mss = max_t(u32, READ_ONCE(ts->tcb.snd_mss), 1);
	int rx_queue, tx_queue = 0, timer, threshold = -1;
	unsigned long expires;

	timer = tcpstate_proc_timer(ts, &expires);
	rx_queue = state == TCPSTATE_LISTEN ? READ_ONCE(sk->sk_ack_backlog) :
					      tcpstate_recvmsg_unread(sk);
	if (!tcpstate_in(state, TCPSTATE_F(LISTEN) | TCPSTATE_F_CONNECTING))
		tx_queue = READ_ONCE(ts->tcb.write_seq) - READ_ONCE(ts->tcb.snd_una);
	if (state == TCPSTATE_LISTEN)
		threshold = 0;
	else if (ts->cong.ssthresh != TCPSTATE_SSTHRESH_INFINITE)
		threshold = ts->cong.ssthresh / mss;
	seq_printf(m, " %08X:%08X %02X:%08lX %08X %5u %8d %llu %d %pK %lu %lu %u %u %d",
		   max(tx_queue, 0), max(rx_queue, 0), timer,
		   jiffies_delta_to_clock_t(expires - jiffies), ts->rtx_count,
		   from_kuid_munged(seq_user_ns(m), sk_uid(sk)), ts->keep_probes,
		   (u64)sock_i_ino(sk), refcount_read(&sk->sk_refcnt), sk,
		   jiffies_to_clock_t(usecs_to_jiffies(tcpstate_rtt_timeout(&ts->rtt))),
		   jiffies_to_clock_t(msecs_to_jiffies(READ_ONCE(tcpstate_sk_net(sk)->delack_ms))),
		   ts->quickack, ts->cong.cwnd / mss, threshold);
}

static void show_timewait(struct seq_file *m, struct tcpstate_timewait *tw)
{
	seq_printf(m, " %08X:%08X %02X:%08lX %08X %5d %8d %d %d %pK", 0, 0, 3,
		   jiffies_delta_to_clock_t(tw->timer.expires - jiffies), 0, 0, 0, 0,
		   refcount_read(&tw->ref), tw);
}

/* As in-tree, all in its listener's name. */
static void show_request(struct seq_file *m, struct tcpstate_request *req)
{
	seq_printf(m, " %08X:%08X %02X:%08lX %08X %5u %8d %d %d %pK", 0, 0, 1,
		   jiffies_delta_to_clock_t(req->timer.expires - jiffies), req->retrans,
		   from_kuid_munged(seq_user_ns(m), sk_uid(req->listener)), 0, 0,
		   refcount_read(&req->ref), req);
}

static int list_show(struct seq_file *m, void *v)
{
	struct tcpstate_flow *flow = v;

	seq_setwidth(m, LIST_WIDTH - 1);
	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode");
	} else {
		show_names(m, flow);
		if (flow->kind == TCPSTATE_FLOW_TIMEWAIT)
			show_timewait(m, container_of(flow, struct tcpstate_timewait, flow));
		else if (flow->kind == TCPSTATE_FLOW_REQUEST)
			show_request(m, container_of(flow, struct tcpstate_request, flow));
		else
			show_full(m, container_of(flow, struct tcpstate_sock, flow));
	}
	seq_pad(m, '\n');
	return 0;
}

static const struct seq_operations list_ops = {
	.start	= list_start,
	.next	= list_next,
	.stop	= list_stop,
	.show	= list_show,
};

static int list_open(struct inode *inode, struct file *file)
{
	struct tcpstate_demux_walk *walk;

	walk = __seq_open_private(file, &list_ops, sizeof(*walk));
	if (!walk)
		return -ENOMEM;
	tcpstate_demux_walk_begin(walk, tcpstate_net(pde_data(inode)));
	return 0;
}

static int list_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	tcpstate_demux_walk_end(m->private);
	return seq_release_private(inode, file);
}

/* Of our own, and not of proc_create_net(): a walk lasts from open to close. */
static const struct proc_ops list_proc_ops = {
	.proc_open	= list_open,
	.proc_read	= seq_read,
	.proc_lseek	= seq_lseek,
	.proc_release	= list_release,
};

/**
 * tcpstate_proc_init() - make the files of a new namespace
 * @net: the namespace
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int tcpstate_proc_init(struct net *net)
{
	if (!proc_create_data("tcpstate", 0444, net->proc_net, &list_proc_ops, net))
		return -ENOMEM;
	if (proc_create_net_single("tcpstate_stat", 0444, net->proc_net, show, NULL))
		return 0;
	remove_proc_entry("tcpstate", net->proc_net);
	return -ENOMEM;
}

/**
 * tcpstate_proc_exit() - the namespace goes
 * @net: the namespace
 *
 * Files that are open are closed here: their walks end with the tables.
 *
 * Context: process.
 */
void tcpstate_proc_exit(struct net *net)
{
	remove_proc_entry("tcpstate", net->proc_net);
	remove_proc_entry("tcpstate_stat", net->proc_net);
}

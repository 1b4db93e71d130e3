// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/tcpstate_stat: every counter, a gauge of sockets in each state,
 * and how often each edge of the machine was taken.  "Name value" lines.
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
	seq_printf(m, "CurrEstab %d\n", atomic_read(&tn->gauge[TCPSTATE_ESTABLISHED]) +
					atomic_read(&tn->gauge[TCPSTATE_CLOSE_WAIT]));
	for (i = 1; i < TCPSTATE_MAX_STATES; i++)
		seq_printf(m, "%s %d\n", tcpstate_fsm_state_name(i),
			   atomic_read(&tn->gauge[i]));
	show_edges(m, tn);
	return 0;
}

/**
 * tcpstate_proc_init() - make the files of a new namespace
 * @net: the namespace
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int tcpstate_proc_init(struct net *net)
{
	return proc_create_net_single("tcpstate_stat", 0444, net->proc_net, show, NULL) ?
		0 : -ENOMEM;
}

/**
 * tcpstate_proc_exit() - the namespace goes
 * @net: the namespace
 *
 * Context: process.
 */
void tcpstate_proc_exit(struct net *net)
{
	remove_proc_entry("tcpstate_stat", net->proc_net);
}

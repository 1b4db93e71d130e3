// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/sys/net/tcpstate: knobs of a namespace.
 */
#include <linux/sysctl.h>

#include "tcpstate.h"

static int one = 1;
static int ten = 10;
static int byte_max = 255;
static int record_dead_most = 65535;
static int record_most = 32768;
static int record_kinds = 511;
static int half_second = 500;
static int two_minutes = 120000;
static int hour = 3600000;

static_assert(TCPSTATE_RECORD_MAX == 32768);
static_assert((1 << TCPSTATE_RECORD_KINDS) - 1 == 511);
static_assert((511 & ~(1 << TCPSTATE_RECORD_ARMED)) == 255);

static unsigned long one_page = 1;
static unsigned long most_pages = LONG_MAX;

/* Each namespace's limits are the host's to set: what they keep from others is the host's. */
static int mem_handler(tcpstate_ctl_table *table, int write, void *buffer, size_t *len,
		       loff_t *pos)
{
	struct tcpstate_net *tn = container_of(table->data, struct tcpstate_net, mem[0]);
	long mem[ARRAY_SIZE(tn->mem)];
	struct ctl_table copy = *table;
	int i, err;

	if (write && !capable(CAP_NET_ADMIN))
		return -EPERM;
	for (i = 0; i < ARRAY_SIZE(mem); i++)
		mem[i] = READ_ONCE(tn->mem[i]);
	copy.data = mem;
	/* A namespace that shares the memory of all reads 0 0 0. */
	if (write)
		copy.extra1 = &one_page;
	err = proc_doulongvec_minmax(&copy, write, buffer, len, pos);
	if (err || !write)
		return err;
	if (!mem[0] || mem[0] > mem[1] || mem[1] > mem[2])
		return -EINVAL;
	return tcpstate_mem_set(tn, mem);
}

#define KNOB_AS(name, field, low, high) {				\
	.procname	= name,						\
	.data		= (void *)offsetof(struct tcpstate_net, field),	\
	.maxlen		= sizeof(int),					\
	.mode		= 0644,						\
	.proc_handler	= proc_dointvec_minmax,				\
	.extra1		= low,						\
	.extra2		= high,						\
}
#define KNOB(field, low, high) KNOB_AS(#field, field, low, high)

static const struct ctl_table template[] = {
	KNOB(unprivileged, SYSCTL_ZERO, SYSCTL_ONE),
	KNOB(time_wait_ms, &one, &hour),
	KNOB(rto_min_ms, &ten, &two_minutes),
	KNOB(rto_max_ms, &ten, &two_minutes),
	KNOB(delack_ms, &one, &half_second),
	KNOB(fin_timeout_ms, &one, &hour),
	KNOB(syn_retries, &one, &byte_max),
	KNOB(synack_retries, &one, &byte_max),
	KNOB(retries1, &one, &byte_max),
	KNOB(retries2, &one, &byte_max),
	KNOB(orphan_retries, &one, &byte_max),
	KNOB(max_orphans, SYSCTL_ZERO, SYSCTL_INT_MAX),
	KNOB(max_tw_buckets, SYSCTL_ZERO, SYSCTL_INT_MAX),
	KNOB(syncookies, SYSCTL_ZERO, SYSCTL_TWO),
	KNOB(timestamps, SYSCTL_ZERO, SYSCTL_ONE),
	/* A macro of the kernel's has this name. */
	KNOB_AS("tw_reuse", time_wait_reuse, SYSCTL_ZERO, SYSCTL_TWO),
	KNOB(mtu_black_hole, SYSCTL_ZERO, SYSCTL_ONE),
	KNOB(record, SYSCTL_ZERO, &record_most),
	KNOB(record_mask, &one, &record_kinds),
	KNOB_AS("record_dead", record_dead_max, SYSCTL_ZERO, &record_dead_most),
	KNOB(record_mem, SYSCTL_ZERO, SYSCTL_INT_MAX),
	{
		.procname	= "mem",
		.data		= (void *)offsetof(struct tcpstate_net, mem),
		.maxlen		= sizeof_field(struct tcpstate_net, mem),
		.mode		= 0644,
		.proc_handler	= mem_handler,
		.extra2		= &most_pages,
	},
};

static void defaults(struct tcpstate_net *tn)
{
	tn->unprivileged = 0;
	tn->time_wait_ms = 60000;
	tn->rto_min_ms = 200;
	tn->rto_max_ms = 120000;
	tn->delack_ms = 40;
	tn->fin_timeout_ms = 60000;
	/* 1 + 2 + 4 + ... + 64 + 120 s: more than three minutes (MUST-23). */
	tn->syn_retries = 7;
	tn->synack_retries = 5;
	tn->retries1 = 3;
	tn->retries2 = 15;
	tn->orphan_retries = 8;
	tn->max_orphans = 16384;
	tn->max_tw_buckets = 262144;
	tn->syncookies = 1;
	tn->timestamps = 1;
	tn->time_wait_reuse = 2;
	tn->mtu_black_hole = 1;
	tn->record = 16;
	/* A timer is armed for nearly every segment: that takes memory and time from the rest. */
	tn->record_mask = 255;
	tn->record_dead_max = 64;
	tn->record_mem = 67108864;
}

/**
 * tcpstate_sysctl_init() - knobs of a new namespace, at their defaults
 * @tn: the namespace
 *
 * Only the namespace's owner may write: the files belong to its root.  How much
 * memory the recorders of all its sockets take the host alone decides.
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int tcpstate_sysctl_init(struct tcpstate_net *tn)
{
	struct ctl_table *table;
	unsigned int i;

	defaults(tn);
	table = kcalloc(ARRAY_SIZE(template) + TCPSTATE_SYSCTL_SENTINEL, sizeof(*table),
			GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	memcpy(table, template, sizeof(template));
	for (i = 0; i < ARRAY_SIZE(template); i++) {
		table[i].data = (char *)tn + (unsigned long)table[i].data;
		/* No account of the host's has what segments that arrive are noted in. */
		if (table[i].data == &tn->record_mem && tn->net->user_ns != &init_user_ns)
			table[i].mode = 0444;
	}
	tn->sysctl = register_net_sysctl_sz(tn->net, "net/tcpstate", table,
					    ARRAY_SIZE(template));
	if (!tn->sysctl) {
		kfree(table);
		return -ENOMEM;
	}
	tn->sysctl_table = table;
	return 0;
}

/**
 * tcpstate_sysctl_exit() - the namespace goes
 * @tn: the namespace
 *
 * Context: process.
 */
void tcpstate_sysctl_exit(struct tcpstate_net *tn)
{
	unregister_net_sysctl_table(tn->sysctl);
	kfree(tn->sysctl_table);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Counters per namespace and their names.  Who counts what stands where it
 * happens; this file only keeps the sums.
 */
#include <linux/percpu.h>

#include "tcpstate.h"

/* Every layer above reaches its namespace by this. */
unsigned int tcpstate_net_id;

static const char * const names[] = {
	[TCPSTATE_MIB_INSEGS]		= "InSegs",
	[TCPSTATE_MIB_OUTSEGS]		= "OutSegs",
	[TCPSTATE_MIB_RETRANSSEGS]	= "RetransSegs",
	[TCPSTATE_MIB_INERRS]		= "InErrs",
	[TCPSTATE_MIB_INCSUMERRORS]	= "InCsumErrors",
	[TCPSTATE_MIB_OUTRSTS]		= "OutRsts",
	[TCPSTATE_MIB_COOKIESSENT]	= "SyncookiesSent",
	[TCPSTATE_MIB_COOKIESRECV]	= "SyncookiesRecv",
	[TCPSTATE_MIB_COOKIESFAILED]	= "SyncookiesFailed",
	[TCPSTATE_MIB_ACTIVEOPENS]	= "ActiveOpens",
	[TCPSTATE_MIB_PASSIVEOPENS]	= "PassiveOpens",
	[TCPSTATE_MIB_ATTEMPTFAILS]	= "AttemptFails",
	[TCPSTATE_MIB_ESTABRESETS]	= "EstabResets",
	[TCPSTATE_MIB_NOCONN]		= "NoConnection",
	[TCPSTATE_MIB_LISTENOVERFLOWS]	= "ListenOverflows",
	[TCPSTATE_MIB_LISTENDROPS]	= "ListenDrops",
	[TCPSTATE_MIB_FASTRETRANS]	= "FastRetrans",
	[TCPSTATE_MIB_SPURIOUSRECOVERIES] = "SpuriousRecoveries",
	[TCPSTATE_MIB_TIMEOUTS]		= "Timeouts",
	[TCPSTATE_MIB_SPURIOUSTIMEOUTS]	= "SpuriousTimeouts",
	[TCPSTATE_MIB_QUEUEREFUSED]	= "QueueRefused",
	[TCPSTATE_MIB_PROBES]		= "WindowProbes",
	[TCPSTATE_MIB_DELAYEDACKS]	= "DelayedAcks",
	[TCPSTATE_MIB_CHALLENGEACKS]	= "ChallengeAcks",
	[TCPSTATE_MIB_CHALLENGELIMITED]	= "ChallengeLimited",
	[TCPSTATE_MIB_OFOQUEUED]	= "OutOfOrderQueued",
	[TCPSTATE_MIB_OFODROPPED]	= "OutOfOrderDropped",
	[TCPSTATE_MIB_RCVQDROPPED]	= "ReceiveQueueDropped",
	[TCPSTATE_MIB_BACKLOGDROPPED]	= "BacklogDropped",
	[TCPSTATE_MIB_MINTTLDROPPED]	= "MinTTLDropped",
	[TCPSTATE_MIB_NOMEMORY]		= "NoMemory",
	[TCPSTATE_MIB_TIMEWAITOVERFLOW]	= "TimeWaitOverflow",
	[TCPSTATE_MIB_ORPHANOVERFLOW]	= "OrphanOverflow",
	[TCPSTATE_MIB_HALFOPENOVERFLOWS] = "HalfOpenOverflows",
	[TCPSTATE_MIB_ABORTONDATA]	= "AbortOnData",
	[TCPSTATE_MIB_ABORTONCLOSE]	= "AbortOnClose",
	[TCPSTATE_MIB_ABORTONTIMEOUT]	= "AbortOnTimeout",
	[TCPSTATE_MIB_BADOPTIONS]	= "BadOptions",
	[TCPSTATE_MIB_ICMPSOFT]		= "IcmpSoft",
	[TCPSTATE_MIB_ICMPHARD]		= "IcmpHard",
	[TCPSTATE_MIB_ICMPMALFORMED]	= "IcmpMalformed",
	[TCPSTATE_MIB_ICMPOUTOFWINDOW]	= "IcmpOutOfWindow",
	[TCPSTATE_MIB_ICMPLOCKDROPPED]	= "IcmpLockDropped",
	[TCPSTATE_MIB_MTUREDUCED]	= "MtuReduced",
	[TCPSTATE_MIB_MTUREFUSED]	= "MtuRefused",
	[TCPSTATE_MIB_MTUBLACKHOLES]	= "MtuBlackHoles",
	[TCPSTATE_MIB_RECORDOFF]	= "RecordOff",
	[TCPSTATE_MIB_BUGS]		= "ImpossibleEvents",
};
static_assert(ARRAY_SIZE(names) == TCPSTATE_MIB_DROPS);

/**
 * tcpstate_mib_init() - counters of a new namespace
 * @tn: the namespace
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int tcpstate_mib_init(struct tcpstate_net *tn)
{
	tn->mib = alloc_percpu(struct tcpstate_mib);
	return tn->mib ? 0 : -ENOMEM;
}

/**
 * tcpstate_mib_exit() - the namespace goes
 * @tn: the namespace
 *
 * Context: process.
 */
void tcpstate_mib_exit(struct tcpstate_net *tn)
{
	free_percpu(tn->mib);
}

/**
 * tcpstate_mib_read() - the sum of a counter
 * @tn: the namespace
 * @item: enum tcpstate_mib_item
 *
 * Context: any.
 * Return: events since the namespace was made.
 */
unsigned long tcpstate_mib_read(const struct tcpstate_net *tn, unsigned int item)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(tn->mib, cpu)->n[item];
	return sum;
}

/**
 * tcpstate_mib_name() - the name of a counter
 * @item: enum tcpstate_mib_item below TCPSTATE_MIB_DROPS
 *
 * Context: any.
 * Return: a constant string.
 */
const char *tcpstate_mib_name(unsigned int item)
{
	return names[item];
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel tells and does: sockets, records, counters, news, aborts. Each asks
 * in every network namespace that the options name, and ends the program with a line
 * that says why if the kernel cannot answer.
 */
#ifndef TCPSTATE_TOOL_LINK_H
#define TCPSTATE_TOOL_LINK_H

#include "command.h"
#include "diagram.h"

/* A socket as it is now. */
struct sock_now {
	uint64_t id;		/* of its record, 0: none */
	uint32_t netns;
	uint8_t wire, state;
	struct end local, remote;
	uint32_t rqueue, wqueue;
	uint32_t uid, inode, pid;
	char comm[COMM_LEN];
	uint32_t cookie[2];
	bool has_tcb;
	uint32_t iss, irs;
	struct tcb tcb;
};

struct socks {
	struct sock_now *list;
	unsigned int count;
};

void link_socks(struct socks *s, const struct options *o);
void link_history(struct history *h, const struct options *o);
void link_stat(struct diagram_taken *taken, const struct options *o);
void link_gauges(unsigned long gauges[TCPSTATE_MAX_STATES], const struct options *o);
void link_abort(const struct sock_now *s, const struct options *o);

/* Calls @news for each event as it happens, until it returns false. */
void link_watch(bool (*news)(const struct flow *f, const struct event *e, void *arg), void *arg,
		const struct options *o);

#endif /* TCPSTATE_TOOL_LINK_H */

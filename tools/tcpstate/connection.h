/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the module's messages say of a connection.
 */
#ifndef TCPSTATE_TOOL_CONNECTION_H
#define TCPSTATE_TOOL_CONNECTION_H

#include <linux/tcpstate_netlink.h>

#include "history.h"
#include "netlink.h"

/* Records are numbered anew in each namespace: ours keep them apart. */
#define ID_PER_NETNS	1000000ull

void connection_read(struct flow *f, const struct attributes *a);
void tcb_convert(struct tcb *tcb, const struct tcpstate_tcb_info *info);
bool event_convert(struct event *e, const struct tcpstate_record_event *r);

#endif /* TCPSTATE_TOOL_CONNECTION_H */

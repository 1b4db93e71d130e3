/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Into the network namespaces that were named.
 */
#ifndef TCPSTATE_TOOL_NETNS_H
#define TCPSTATE_TOOL_NETNS_H

#include "command.h"

bool netns_enter(const struct options *o, int i);
void netns_need_module(void);

#endif /* TCPSTATE_TOOL_NETNS_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One colour for each state, the same in every picture.
 */
#ifndef TCPSTATE_TOOL_PALETTE_H
#define TCPSTATE_TOOL_PALETTE_H

#include "tcpstate_fsm.h"

static const char * const state_fill[TCPSTATE_MAX_STATES] = {
	[0]			= "#ffffff",
	[TCPSTATE_CLOSE]	= "#ececec",
	[TCPSTATE_LISTEN]	= "#e4ecf4",
	[TCPSTATE_SYN_SENT]	= "#cfe2ff",
	[TCPSTATE_SYN_RECV]	= "#b3d1ff",
	[TCPSTATE_ESTABLISHED]	= "#cdeccf",
	[TCPSTATE_FIN_WAIT1]	= "#ffe9b8",
	[TCPSTATE_FIN_WAIT2]	= "#ffd98a",
	[TCPSTATE_CLOSING]	= "#ff9f5f",
	[TCPSTATE_TIME_WAIT]	= "#e5d6f5",
	[TCPSTATE_CLOSE_WAIT]	= "#fff6bf",
	[TCPSTATE_LAST_ACK]	= "#f9cfc0",
};

#endif /* TCPSTATE_TOOL_PALETTE_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The variables by which tcpstate-run tells the preload library what was asked
 * for, so that the program's children hear it too.
 */
#ifndef TCPSTATE_RUN_ENV_H
#define TCPSTATE_RUN_ENV_H

#define ENV_FAMILY	"TCPSTATE_RUN_FAMILY"
#define ENV_PROTOCOL	"TCPSTATE_RUN_PROTOCOL"
#define ENV_PORTS	"TCPSTATE_RUN_PORTS"
#define ENV_NOT_PORTS	"TCPSTATE_RUN_NOT_PORTS"
#define ENV_IPV4_ONLY	"TCPSTATE_RUN_IPV4_ONLY"
#define ENV_LOG		"TCPSTATE_RUN_LOG"

#endif

// SPDX-License-Identifier: GPL-2.0
/*
 * The bodies of the tracepoints; they may be fired from any layer.
 */
#include <net/ipv6.h>

#include "tcpstate.h"

#define CREATE_TRACE_POINTS
#include "tcpstate_trace.h"

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Graphs of one end over time: what was sent and acknowledged, the congestion window,
 * the round-trip time.
 */
#ifndef TCPSTATE_TOOL_PLOT_H
#define TCPSTATE_TOOL_PLOT_H

#include "history.h"

bool plot_possible(const struct flow *f);
void plot_svg(struct text *t, const struct flow *f, const char *title);
void plot_json(struct text *t, const struct flow *f);

#endif /* TCPSTATE_TOOL_PLOT_H */

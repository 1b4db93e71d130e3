/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of the terminal.
 */
#ifndef TCPSTATE_TOOL_TERM_H
#define TCPSTATE_TOOL_TERM_H

#include <stdbool.h>

bool term_colour(void);
bool term_utf8(void);
int term_width(int otherwise);
int term_height(int otherwise);

#endif /* TCPSTATE_TOOL_TERM_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A flow or an event as one line of text: what stands as a comment in the pcapng file,
 * for people and for reading back.
 *
 *	tcpstate1 flow=ID is local=A:P remote=A:P wire=N netns=N iss=N irs=N ...
 *	tcpstate1 flow=ID t=SECONDS.NS send state=NAME flags=SYN,ACK seq=N ack=N ...
 *
 * Words are KEY=VALUE but for the kind of event. Whoever reads a line must pass over
 * keys that it does not know; a line that must be read otherwise begins with another
 * number.
 */
#ifndef TCPSTATE_TOOL_LINE_H
#define TCPSTATE_TOOL_LINE_H

#include "history.h"

#define LINE_MARK	"tcpstate1 "

void line_flow(struct text *t, const struct flow *f);
void line_event(struct text *t, const struct flow *f, const struct event *e);
bool line_read(struct history *h, const char *line);

#endif /* TCPSTATE_TOOL_LINE_H */

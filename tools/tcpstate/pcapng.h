/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Histories as pcapng files: every segment is a packet for Wireshark, with what
 * happened around it as comments, from which all of it is read back.
 */
#ifndef TCPSTATE_TOOL_PCAPNG_H
#define TCPSTATE_TOOL_PCAPNG_H

#include "history.h"

void pcapng_build(struct text *t, const struct history *h);
bool pcapng_parse(struct history *h, const void *data, size_t len, struct text *why);
bool pcapng_load(struct history *h, const char *path, struct text *why);

#endif /* TCPSTATE_TOOL_PCAPNG_H */

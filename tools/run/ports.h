/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lists of ports as a user writes them: "80,443,8000-8099".
 */
#ifndef TCPSTATE_RUN_PORTS_H
#define TCPSTATE_RUN_PORTS_H

#include <stdbool.h>

/* A bit for each port. */
struct ports {
	unsigned char bits[65536 / 8];
};

bool ports_parse(struct ports *ports, const char *text);
bool ports_have(const struct ports *ports, unsigned int port);

#endif

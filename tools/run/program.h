/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether a preload library reaches a program.
 */
#ifndef TCPSTATE_RUN_PROGRAM_H
#define TCPSTATE_RUN_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

bool program_find(const char *name, char *path, size_t size);
const char *program_obstacle(const char *path, char *detail, size_t size);

#endif

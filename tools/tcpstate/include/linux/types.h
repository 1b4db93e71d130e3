/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The short names of types that the module's table of states is written with, beside
 * what the kernel's header gives to programs.
 */
#ifndef TCPSTATE_TOOL_LINUX_TYPES_H
#define TCPSTATE_TOOL_LINUX_TYPES_H

#include_next <linux/types.h>

#include <stdbool.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#endif /* TCPSTATE_TOOL_LINUX_TYPES_H */

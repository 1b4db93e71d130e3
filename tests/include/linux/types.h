/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pure files (layer 0) take from the kernel's <linux/types.h>, so that
 * they compile unchanged in user space.
 */
#ifndef TESTS_LINUX_TYPES_H
#define TESTS_LINUX_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/* For headers that user space shares with the kernel. */
typedef u8 __u8;
typedef u16 __u16;
typedef u32 __u32;
typedef u64 __u64;
typedef s32 __s32;
typedef u16 __be16;
typedef u32 __be32;

#endif /* TESTS_LINUX_TYPES_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* What the pure files take from the kernel's <asm/barrier.h>; see linux/compiler.h. */
#ifndef TESTS_ASM_BARRIER_H
#define TESTS_ASM_BARRIER_H

#define smp_store_release(p, value)	(*(volatile __typeof__(*(p)) *)(p) = (value))

#endif /* TESTS_ASM_BARRIER_H */

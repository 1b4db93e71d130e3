/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pure files take from the kernel's <linux/compiler.h>.  In user space
 * nobody else looks on.
 */
#ifndef TESTS_LINUX_COMPILER_H
#define TESTS_LINUX_COMPILER_H

#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))

#endif /* TESTS_LINUX_COMPILER_H */

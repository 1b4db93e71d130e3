/* SPDX-License-Identifier: GPL-2.0 */
/* What bench/tcpbench.c tells bench/insns.c: see there. */
#define MARK_BEGIN	0x54435301
#define MARK_END	0x54435302
#define MARK_RECORD	0x54435303

#ifdef __x86_64__
#define mark_here(number)	asm volatile("nopl %c0(%%rax)" : : "i" (number) : "memory")
#else
#define mark_here(number)	do { } while (0)
#endif

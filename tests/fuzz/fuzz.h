/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the fuzz targets of layer 0 share: numbers out of the fuzzer's octets,
 * and a test that stops the run.  A target is one function, fuzz_one(); what
 * it takes a number for is its own matter, and octets that have run out are 0.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include "tcpstate_fsm.h"
#include "tcpstate_tcb.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct input {
	const u8 *at;
	size_t left;
};

/* What must hold whatever came in; libFuzzer keeps the octets of the first that does not. */
#define must(holds)							\
	do {								\
		if (!(holds)) {						\
			fprintf(stderr, "%s:%d: does not hold: %s\n",	\
				__FILE__, __LINE__, #holds);		\
			abort();					\
		}							\
	} while (0)

static inline u8 take8(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static inline u16 take16(struct input *in)
{
	u16 low = take8(in);

	return low | take8(in) << 8;
}

static inline u32 take32(struct input *in)
{
	u32 low = take16(in);

	return low | (u32)take16(in) << 16;
}

/* Below n, or 0. */
static inline u32 take_below(struct input *in, u32 n)
{
	return n ? take32(in) % n : 0;
}

/* A size of any order: one octet says how many bits it has. */
static inline u32 take_size(struct input *in, u32 most)
{
	u8 bits = take8(in) % 33;
	u32 size = bits ? take32(in) >> (32 - bits) : 0;

	return size < most ? size : most;
}

/* A number near one of the places where something changes, seldom anywhere. */
static inline u32 take_near(struct input *in, const u32 *place, unsigned int places)
{
	u8 what = take8(in);

	if (what == 255)
		return take32(in);
	if (what >= 240)
		return place[what % places] + (s16)take16(in);
	return place[what % places] + (s8)take8(in) / 16;
}

/*
 * How far a is ahead of b.  Half of the space away is both ahead and behind, by
 * the comparison of RFC 9293 3.4; here it is ahead.
 */
static inline s64 ahead(u32 a, u32 b)
{
	return -(s64)(s32)(b - a);
}

int fuzz_one(const u8 *data, size_t len);

#endif /* TESTS_FUZZ_FUZZ_H */

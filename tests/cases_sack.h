/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What ACKs tell of held text: a row is what came, what RCV.NXT passed, and the blocks
 * after it.  Numbers are offsets; every row is also run where they wrap.
 */
#ifndef TESTS_CASES_SACK_H
#define TESTS_CASES_SACK_H

#include "cases.h"

#define R_2018_4	"RFC 2018 4"
#define R_2018_8	"RFC 2018 8"

enum sack_what { SACK_END, SACK_HOLD, SACK_PASS, SACK_CUT, SACK_FORGET };

struct sack_step {
	u8 what;
	u16 a, b;
};

struct sack_row {
	struct row row;
	struct sack_step steps[10];
	struct tcpstate_sack_block blocks[TCPSTATE_SACK_KEPT];
	u8 n;
};

#define H(a, b)	{ SACK_HOLD, a, b }
#define PASS(a)	{ SACK_PASS, a, 0 }
#define CUT(a)	{ SACK_CUT, a, 0 }
#define FORGET	{ SACK_FORGET, 0, 0 }
#define S(...)	{ __VA_ARGS__ }
#define R(name, rfc, steps, n, ...) { { "sack__" name, rfc }, steps, { __VA_ARGS__ }, n }

static const struct sack_row sack[] = {
	R("nothing_held", "RFC 2018 3", S({ SACK_END, 0, 0 }), 0, { 0 }),
	R("one", R_2018_4, S(H(10, 20)), 1, { 10, 20 }),
	R("grows_behind", R_2018_4, S(H(10, 20), H(20, 30)), 1, { 10, 30 }),
	R("grows_before", R_2018_4, S(H(20, 30), H(10, 20)), 1, { 10, 30 }),
	R("one_missing_before", R_2018_4, S(H(20, 30), H(10, 19)), 2, { 10, 19 }, { 20, 30 }),
	R("one_missing_behind", R_2018_4, S(H(10, 20), H(21, 30)), 2, { 21, 30 }, { 10, 20 }),
	R("overlaps", R_2018_4, S(H(10, 20), H(15, 30)), 1, { 10, 30 }),
	R("lies_in_it", R_2018_4, S(H(10, 20), H(12, 15)), 1, { 10, 20 }),
	R("lies_around_it", R_2018_4, S(H(12, 15), H(10, 20)), 1, { 10, 20 }),
	R("newest_first", R_2018_4, S(H(10, 20), H(50, 60), H(30, 40)), 3,
	  { 30, 40 }, { 50, 60 }, { 10, 20 }),
	R("again_is_newest", R_2018_4, S(H(10, 20), H(30, 40), H(50, 60), H(30, 31)), 3,
	  { 30, 40 }, { 50, 60 }, { 10, 20 }),
	R("joins_two", R_2018_4, S(H(10, 20), H(30, 40), H(50, 60), H(20, 30)), 2,
	  { 10, 40 }, { 50, 60 }),
	R("joins_all", R_2018_4, S(H(10, 20), H(30, 40), H(50, 60), H(70, 80), H(15, 75)), 1,
	  { 10, 80 }),
	R("ninth_drops_the_one_told_longest_ago", R_2018_4,
	  S(H(30, 32), H(10, 12), H(50, 52), H(70, 72), H(90, 92), H(80, 82), H(60, 62), H(40, 42),
	    H(20, 22)), 8, { 20, 22 }, { 40, 42 }, { 60, 62 }, { 80, 82 }, { 90, 92 }, { 70, 72 },
	  { 50, 52 }, { 10, 12 }),
	R("ninth_joins_where_eight_are", R_2018_4,
	  S(H(30, 32), H(10, 12), H(50, 52), H(70, 72), H(90, 92), H(80, 82), H(60, 62), H(40, 42),
	    H(32, 33)), 8, { 30, 33 }, { 40, 42 }, { 60, 62 }, { 80, 82 }, { 90, 92 }, { 70, 72 },
	  { 50, 52 }, { 10, 12 }),
	R("passed", R_2018_4, S(H(10, 20), H(30, 40), PASS(20)), 1, { 30, 40 }),
	R("passed_to_the_hole", R_2018_4, S(H(10, 20), H(30, 40), PASS(29)), 1, { 30, 40 }),
	R("passed_into_the_middle", R_2018_4, S(H(10, 20), H(30, 40), PASS(35)), 0, { 0 }),
	R("not_reached", R_2018_4, S(H(10, 20), H(30, 40), PASS(9)), 2, { 30, 40 }, { 10, 20 }),
	R("cut_behind", R_2018_8, S(H(10, 20), H(30, 40), CUT(40)), 2, { 30, 40 }, { 10, 20 }),
	R("cut_through", R_2018_8, S(H(10, 20), H(30, 40), CUT(35)), 2, { 30, 35 }, { 10, 20 }),
	R("cut_before", R_2018_8, S(H(10, 20), H(30, 40), CUT(30)), 1, { 10, 20 }),
	R("cut_first", R_2018_8, S(H(30, 40), H(10, 20), CUT(15)), 1, { 10, 15 }),
	R("forgotten", R_2018_8, S(H(10, 20), H(30, 40), FORGET), 0, { 0 }),
	R("after_forgetting", R_2018_8, S(H(10, 20), FORGET, H(30, 40)), 1, { 30, 40 }),
};

#undef R
#undef S
#undef FORGET
#undef CUT
#undef PASS
#undef H

static bool sack_at(u32 base, const struct sack_row *r)
{
	struct tcpstate_sack s = {};
	const struct sack_step *step;
	u32 i;

	for (step = r->steps; step->what != SACK_END; step++) {
		if (step->what == SACK_HOLD)
			tcpstate_sack_hold(&s, base + step->a, base + step->b);
		else if (step->what == SACK_PASS)
			tcpstate_sack_pass(&s, base + step->a);
		else if (step->what == SACK_CUT)
			tcpstate_sack_cut(&s, base + step->a);
		else
			tcpstate_sack_forget(&s);
	}
	if (s.n != r->n)
		return false;
	for (i = 0; i < s.n; i++)
		if (s.blocks[i].start != base + r->blocks[i].start ||
		    s.blocks[i].end != base + r->blocks[i].end)
			return false;
	for (i = 0; i < 100; i++) {
		bool told = false;
		u32 k;

		for (k = 0; k < r->n; k++)
			told |= i >= r->blocks[k].start && i < r->blocks[k].end;
		if (tcpstate_sack_tells(&s, base + i) != told)
			return false;
	}
	return true;
}

static bool sack_holds(unsigned int i)
{
	u32 back;

	for (back = 0; back < 100; back++)
		if (!sack_at(0 - back, &sack[i]) || !sack_at(0x80000000u - back, &sack[i]))
			return false;
	return sack_at(1000, &sack[i]);
}

SUITE(sack);

static const struct suite * const sack_suites[] = { &sack_suite };

#undef R_2018_4
#undef R_2018_8

#endif /* TESTS_CASES_SACK_H */

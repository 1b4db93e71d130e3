/* SPDX-License-Identifier: GPL-2.0 */
/* The way back along a source route: octets in, octets out.  The sender is S. */
#ifndef TESTS_CASES_IPOPT_H
#define TESTS_CASES_IPOPT_H

#include "cases.h"

struct ipopt_row {
	struct row row;
	u8 len;
	u8 in[40];
	u8 out_len;
	u8 out[40];
};

#define A	10, 0, 0, 1
#define B	10, 0, 0, 2
#define C	10, 0, 0, 3
#define S	10, 0, 0, 9
#define ROUTE(name, rfc, ...) { { "ipopt_return_route__" name, rfc }, __VA_ARGS__ }
#define BACK "RFC 1122 3.2.1.8"

static const struct ipopt_row ipopts[] = {
	ROUTE("one_hop", BACK, 8, { 131, 7, 8, A, 0 }, 8, { 131, 7, 4, A, 0 }),
	ROUTE("three_hops_turned", BACK, 16, { 131, 15, 16, A, B, C, 0 },
	      16, { 131, 15, 4, C, B, A, 0 }),
	ROUTE("strict", BACK, 12, { 137, 11, 12, A, B, 0 }, 12, { 137, 11, 4, B, A, 0 }),
	ROUTE("nine_hops", BACK, 40, { 1, 131, 39, 40, A, B, C, A, B, C, A, B, C },
	      40, { 131, 39, 4, C, B, A, C, B, A, C, B, A, 0 }),
	ROUTE("sender_listed", "RFC 1122 3.2.1.8 (c)", 12, { 131, 11, 12, S, A, 0 },
	      8, { 131, 7, 4, A, 0 }),
	ROUTE("nobody_but_the_sender", "RFC 1122 3.2.1.8 (c)", 8, { 131, 7, 8, S, 0 }, 0, {}),
	ROUTE("sender_listed_last", BACK, 12, { 131, 11, 12, A, S, 0 },
	      12, { 131, 11, 4, S, A, 0 }),
	ROUTE("not_completed", "RFC 9293 3.9.2.1", 12, { 131, 11, 8, A, B, 0 }, 0, {}),
	ROUTE("not_begun", "RFC 9293 3.9.2.1", 8, { 131, 7, 4, A, 0 }, 0, {}),
	ROUTE("no_hops", "RFC 791", 4, { 131, 3, 4, 0 }, 0, {}),
	ROUTE("behind_others", "RFC 791", 20, { 7, 7, 8, A, 1, 1, 131, 7, 8, B, 0, 0, 0 },
	      8, { 131, 7, 4, B, 0 }),
	ROUTE("behind_an_unknown", "RFC 9293 3.9.2 (MUST-50)", 12,
	      { 148, 4, 0, 0, 131, 7, 8, B, 0 }, 8, { 131, 7, 4, B, 0 }),
	ROUTE("none", "RFC 791", 4, { 1, 1, 1, 0 }, 0, {}),
	ROUTE("no_options", "RFC 791", 0, {}, 0, {}),
	ROUTE("behind_the_end", "RFC 791", 8, { 0, 131, 7, 8, A }, 0, {}),
	ROUTE("half_an_address", "RFC 791", 8, { 131, 5, 8, 10, 0, 0, 0, 0 }, 0, {}),
	ROUTE("too_long_for_the_header", "RFC 791", 8, { 131, 11, 12, A, 0 }, 0, {}),
	ROUTE("length_cut_off", "RFC 791", 1, { 131 }, 0, {}),
	ROUTE("length_zero", "RFC 791", 8, { 131, 0, 8, A, 0 }, 0, {}),
	ROUTE("length_one", "RFC 791", 8, { 131, 1, 8, A, 0 }, 0, {}),
	ROUTE("length_two", "RFC 791", 8, { 131, 2, 8, A, 0 }, 0, {}),
	ROUTE("other_of_length_zero", "RFC 791", 12, { 7, 0, 131, 7, 8, A, 0, 0, 0 }, 0, {}),
	ROUTE("pointer_far_away", "RFC 791", 8, { 131, 7, 255, A, 0 }, 8, { 131, 7, 4, A, 0 }),
};

static bool ipopts_holds(unsigned int i)
{
	static const u8 source[] = { S };
	const struct ipopt_row *r = &ipopts[i];
	u8 out[40] = {};
	unsigned int k;

	if (tcpstate_ipopt_return_route(r->in, r->len, source, out) != r->out_len)
		return false;
	for (k = 0; k < r->out_len; k++)
		if (out[k] != r->out[k])
			return false;
	return true;
}

SUITE(ipopts);

/* Noise: what comes out is never longer than a header has room for, and well formed. */
static bool ipopt_random(void)
{
	static const u8 source[] = { S };
	u32 seed = 5, n, k, len;
	u8 in[40], out[40];

	for (n = 0; n < 300000; n++) {
		for (k = 0; k < sizeof(in); k++)
			in[k] = next_random(&seed) >> 8;
		in[next_random(&seed) % 8] = next_random(&seed) % 2 ? 131 : 137;
		len = tcpstate_ipopt_return_route(in, next_random(&seed) % 41, source, out);
		if (len > sizeof(out) || len % 4 || (len && (out[1] > len || out[2] != 4)))
			return false;
	}
	return true;
}

static const struct {
	struct row row;
	bool (*fn)(void);
} ipopt_whole[] = {
	{ { "ipopt_return_route__noise", "RFC 791" }, ipopt_random },
};

static bool ipopt_whole_holds(unsigned int i)
{
	return ipopt_whole[i].fn();
}

SUITE(ipopt_whole);

static const struct suite * const ipopt_suites[] = {
	&ipopts_suite, &ipopt_whole_suite,
};

#undef A
#undef B
#undef C
#undef S
#undef ROUTE
#undef BACK

#endif /* TESTS_CASES_IPOPT_H */

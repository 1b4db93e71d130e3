/* SPDX-License-Identifier: GPL-2.0 */
/* SYN cookies: what comes back is what was said, and what we did not say is refused. */
#ifndef TESTS_CASES_COOKIE_H
#define TESTS_CASES_COOKIE_H

#include "cases.h"

#define C_4987 "RFC 4987 3.6"

/* --- the size that comes back --- */

struct cookie_mss_row {
	struct row row;
	u16 mss;
	u16 back;
};

#define MSS(name, ...) { { "cookie_mss__" name, C_4987 }, __VA_ARGS__ }

static const struct cookie_mss_row cookie_sizes[] = {
	MSS("smallest", 1, 48),
	MSS("floor", 48, 48),
	MSS("default", 536, 536),
	MSS("just_below", 535, 256),
	MSS("rounded_down", 1000, 536),
	MSS("ipv6_default", 1220, 1220),
	MSS("tunnel", 1400, 1400),
	MSS("pppoe", 1452, 1440),
	MSS("ethernet", 1460, 1460),
	MSS("jumbo", 8960, 1460),
	MSS("largest", 65535, 1460),
};

static bool cookie_sizes_holds(unsigned int i)
{
	u32 seed = 1 + i;
	int n;

	for (n = 0; n < 1000; n++) {
		u32 base = next_random(&seed), proof = next_random(&seed);
		u32 irs = next_random(&seed), period = next_random(&seed);
		u32 iss = tcpstate_cookie_make(base, proof, irs, period, cookie_sizes[i].mss);

		if (tcpstate_cookie_age(base, irs, iss, period) ||
		    tcpstate_cookie_mss(base, proof, irs, iss) != cookie_sizes[i].back)
			return false;
	}
	return true;
}

SUITE(cookie_sizes);

/* --- its age --- */

struct cookie_age_row {
	struct row row;
	u32 made;
	u32 now;
	u8 age;
};

#define AGE(name, ...) { { "cookie_age__" name, C_4987 }, __VA_ARGS__ }

static const struct cookie_age_row cookie_ages[] = {
	AGE("at_once", 7, 7, 0),
	AGE("next_period", 7, 8, 1),
	AGE("old", 7, 100, 93),
	AGE("from_the_future", 8, 7, 255),
	AGE("across_the_octet", 255, 256, 1),
	AGE("across_the_wrap", 0xffffffffu, 0, 1),
};

static bool cookie_ages_holds(unsigned int i)
{
	u32 seed = 77 + i;
	int n;

	for (n = 0; n < 1000; n++) {
		u32 base = next_random(&seed), irs = next_random(&seed);
		u32 iss = tcpstate_cookie_make(base, next_random(&seed), irs,
					       cookie_ages[i].made, 1460);

		if (tcpstate_cookie_age(base, irs, iss, cookie_ages[i].now) != cookie_ages[i].age)
			return false;
	}
	return true;
}

SUITE(cookie_ages);

/* --- what we did not make --- */

enum cookie_forgery { OTHER_NAMES, OTHER_PROOF, OTHER_IRS, OTHER_ISS, NO_SECRET };

struct cookie_forged_row {
	struct row row;
	u8 how;
};

#define FORGED(name, how) { { "cookie_forged__" name, C_4987 }, how }

static const struct cookie_forged_row cookie_forgeries[] = {
	FORGED("for_other_names", OTHER_NAMES),
	FORGED("of_another_period", OTHER_PROOF),
	FORGED("for_another_syn", OTHER_IRS),
	FORGED("one_bit_off", OTHER_ISS),
	FORGED("guessed", NO_SECRET),
};

/* Of 2^24 proofs eight are taken: a few in 4096 may pass, not more. */
static bool cookie_forgeries_holds(unsigned int i)
{
	u32 seed = 4711 + i, taken = 0;
	int n;

	for (n = 0; n < 4096; n++) {
		u32 base = next_random(&seed), proof = next_random(&seed);
		u32 irs = next_random(&seed), iss;

		iss = tcpstate_cookie_make(base, proof, irs, 9, 536);
		switch (cookie_forgeries[i].how) {
		case OTHER_NAMES:
			base = next_random(&seed);
			break;
		case OTHER_PROOF:
			proof = next_random(&seed);
			break;
		case OTHER_IRS:
			irs += 8 + next_random(&seed) % 1000000;
			break;
		case OTHER_ISS:
			iss ^= 1u << (3 + n % 21);
			break;
		case NO_SECRET:
			iss = next_random(&seed);
			break;
		}
		taken += tcpstate_cookie_mss(base, proof, irs, iss) != 0;
	}
	return taken <= 2;
}

SUITE(cookie_forgeries);

/* --- options in a timestamp --- */

struct cookie_tstamp_row {
	struct row row;
	struct tcpstate_options opt;
};

#define TS(name, ...) { { "cookie_tsval__" name, "RFC 4987 3.6" }, { __VA_ARGS__ } }

static const struct cookie_tstamp_row cookie_stamps[] = {
	TS("nothing", .mss = 1460),
	TS("sack", .has_sack_perm = true),
	TS("scale_of_zero", .has_wscale = true),
	TS("scale_and_sack", .has_wscale = true, .wscale = 7, .has_sack_perm = true),
	TS("largest_scale", .has_wscale = true, .wscale = 14),
};

static bool cookie_stamp_at(u32 now, const struct tcpstate_options *opt)
{
	u32 tsval = tcpstate_cookie_tsval(now, opt);
	struct tcpstate_options back = {};

	tcpstate_cookie_options(tsval, &back);
	return !tcpstate_after(tsval, now) && now - tsval <= 32 &&
	       back.has_wscale == opt->has_wscale && back.wscale == opt->wscale &&
	       back.has_sack_perm == opt->has_sack_perm;
}

static bool cookie_stamps_holds(unsigned int i)
{
	u32 n;

	for (n = 0; n < 256; n++)
		if (!cookie_stamp_at(1000 + n, &cookie_stamps[i].opt) ||
		    !cookie_stamp_at(0xffffff80u + n, &cookie_stamps[i].opt) ||
		    !cookie_stamp_at(0x7fffff80u + n, &cookie_stamps[i].opt))
			return false;
	return true;
}

SUITE(cookie_stamps);

static const struct suite * const cookie_suites[] = {
	&cookie_sizes_suite, &cookie_ages_suite, &cookie_forgeries_suite, &cookie_stamps_suite,
};

#undef C_4987
#undef MSS
#undef AGE
#undef FORGED
#undef TS

#endif /* TESTS_CASES_COOKIE_H */

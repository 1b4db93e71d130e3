// SPDX-License-Identifier: GPL-2.0
/*
 * SYN cookies: what was said comes back, wherever the numbers lie, and of the
 * numbers that were not made only those with a right proof are taken.
 */
#include "fuzz.h"

/* The sizes that a cookie can tell. */
#define SIZES	8
#define PROOF	0xffffffu

static void check_number(struct input *in)
{
	u32 base = take32(in), proof = take32(in), irs = take32(in), period = take32(in);
	u16 mss = take_size(in, 65535), back;
	u32 iss = tcpstate_cookie_make(base, proof, irs, period, mss);
	u32 later = take_size(in, ~0u), other;

	back = tcpstate_cookie_mss(base, proof, irs, iss);
	/* Rounded down, but for who takes less than anybody may. */
	must(back && (back <= mss || back == TCPSTATE_MIN_MSS));
	must(tcpstate_cookie_age(base, irs, iss, period + later) == (u8)later);
	/* The same size says the same again. */
	must(tcpstate_cookie_mss(base, proof, irs,
				 tcpstate_cookie_make(base, proof, irs, period, back)) == back);
	other = take_near(in, (const u32[]){ iss, iss + 0x80000000u }, 2);
	back = tcpstate_cookie_mss(base, proof, irs, other);
	must(!!back == (((other - base - irs - proof) & PROOF) < SIZES));
}

static void check_tstamp(struct input *in)
{
	u8 bits = take8(in);
	struct tcpstate_options opt = {
		.has_wscale = bits & 1, .has_sack_perm = bits & 2,
		.wscale = bits & 1 ? (bits >> 2) % (TCPSTATE_MAX_WSCALE + 1) : 0,
	}, back = {};
	u32 now = take32(in), tsval = tcpstate_cookie_tsval(now, &opt);

	must(now - tsval <= 32);
	tcpstate_cookie_options(tsval, &back);
	must(back.has_wscale == opt.has_wscale && back.wscale == opt.wscale &&
	     back.has_sack_perm == opt.has_sack_perm);
	/* Any value that a peer echoes. */
	tcpstate_cookie_options(take32(in), &back);
	must(back.wscale <= TCPSTATE_MAX_WSCALE && (back.has_wscale || !back.wscale));
}

int fuzz_one(const u8 *data, size_t len)
{
	struct input in = { data, len };

	while (in.left) {
		check_number(&in);
		check_tstamp(&in);
	}
	return 0;
}

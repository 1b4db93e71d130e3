/* SPDX-License-Identifier: GPL-2.0 */
/* Options: what bytes say, what is written, and that no bytes do harm. */
#ifndef TESTS_CASES_OPT_H
#define TESTS_CASES_OPT_H

#include "cases.h"

struct opt_parse_row {
	struct row row;
	u8 len;
	u8 bytes[40];
	struct tcpstate_options opt;
};

#define B(...) sizeof((u8[]){ __VA_ARGS__ }), { __VA_ARGS__ }
#define P(name, rfc, bytes, ...) { { "opt_parse__" name, rfc }, bytes, { __VA_ARGS__ } }
#define TS_BYTES 8, 10, 1, 2, 3, 4, 0xfa, 0xfb, 0xfc, 0xfd
#define TS_OPT .has_tstamp = true, .tsval = 0x01020304, .tsecr = 0xfafbfcfd

static const struct opt_parse_row opt_parse[] = {
	{ { "opt_parse__nothing", "RFC 9293 3.1" }, 0, { 0 }, { 0 } },
	P("eol", "RFC 9293 3.2", B(0), 0),
	P("nop", "RFC 9293 3.2", B(1), 0),
	P("mss", "RFC 9293 3.7.1", B(2, 4, 5, 0xb4), .mss = 1460),
	P("mss_largest", "RFC 9293 3.7.1", B(2, 4, 255, 255), .mss = 65535),
	P("mss_after_one_nop", "RFC 9293 MUST-64", B(1, 2, 4, 5, 0xb4), .mss = 1460),
	P("mss_after_two_nops", "RFC 9293 MUST-64", B(1, 1, 2, 4, 5, 0xb4), .mss = 1460),
	P("mss_after_three_nops", "RFC 9293 MUST-64", B(1, 1, 1, 2, 4, 5, 0xb4), .mss = 1460),
	P("mss_twice_last_counts", "RFC 9293 3.7.1", B(2, 4, 1, 0, 2, 4, 2, 0), .mss = 512),
	P("mss_length_three", "RFC 9293 MUST-6", B(2, 3, 5), 0),
	P("mss_length_five", "RFC 9293 MUST-6", B(2, 5, 5, 5, 5, 2, 4, 1, 0), .mss = 256),
	P("mss_cut_short", "RFC 9293 MUST-7", B(2, 4, 5), .bad = true),
	P("mss_kind_alone", "RFC 9293 MUST-7", B(2), .bad = true),
	P("eol_hides_the_rest", "RFC 9293 3.2", B(0, 2, 4, 5, 0xb4), 0),
	P("eol_hides_a_bad_length", "RFC 9293 3.2", B(0, 2, 0), 0),
	P("wscale_zero", "RFC 7323 2.2", B(3, 3, 0), .has_wscale = true),
	P("wscale_largest", "RFC 7323 2.2", B(3, 3, 14), .has_wscale = true, .wscale = 14),
	P("wscale_too_large", "RFC 7323 2.3", B(3, 3, 15), .has_wscale = true, .wscale = 14),
	P("wscale_largest_octet", "RFC 7323 2.3", B(3, 3, 255), .has_wscale = true, .wscale = 14),
	P("wscale_length_two", "RFC 9293 MUST-6", B(3, 2, 1, 1), 0),
	P("sack_perm", "RFC 2018 2", B(4, 2), .has_sack_perm = true),
	P("sack", "RFC 2018 3", B(5, 10, 0, 0, 0, 1, 0, 0, 0, 2), .has_sack = true),
	P("sack_perm_length_three", "RFC 9293 MUST-6", B(4, 3, 9), 0),
	P("tstamp", "RFC 7323 3.2", B(TS_BYTES), TS_OPT),
	P("tstamp_after_one_nop", "RFC 9293 MUST-64", B(1, TS_BYTES), TS_OPT),
	P("tstamp_after_three_nops", "RFC 9293 MUST-64", B(1, 1, 1, TS_BYTES), TS_OPT),
	P("tstamp_length_nine", "RFC 9293 MUST-6", B(8, 9, 1, 1, 1, 1, 1, 1, 1), 0),
	P("tstamp_cut_short", "RFC 9293 MUST-7", B(8, 10, 1, 1, 1, 1, 1, 1, 1), .bad = true),
	P("unknown_skipped", "RFC 9293 MUST-6", B(254, 4, 9, 9, 2, 4, 5, 0xb4), .mss = 1460),
	P("unknown_of_length_two", "RFC 9293 MUST-6", B(99, 2, 4, 2), .has_sack_perm = true),
	P("unknown_cut_short", "RFC 9293 MUST-7", B(4, 2, 99, 5, 0), .has_sack_perm = true,
	  .bad = true),
	P("length_zero", "RFC 9293 MUST-7", B(2, 0, 5, 0xb4), .bad = true),
	P("length_one", "RFC 9293 MUST-7", B(2, 1, 5, 0xb4), .bad = true),
	P("length_zero_unknown", "RFC 9293 MUST-7", B(99, 0), .bad = true),
	P("length_past_end", "RFC 9293 MUST-7", B(99, 255, 0, 0), .bad = true),
	P("length_missing_at_end", "RFC 9293 MUST-7", B(1, 1, 1, 99), .bad = true),
	P("good_before_bad_is_kept", "RFC 9293 MUST-7", B(2, 4, 5, 0xb4, 3, 0), .mss = 1460,
	  .bad = true),
	P("all", "RFC 9293 3.1", B(2, 4, 5, 0xb4, 4, 2, TS_BYTES, 1, 3, 3, 7), .mss = 1460,
	  .has_sack_perm = true, .has_wscale = true, .wscale = 7, TS_OPT),
};

static bool same_options(const struct tcpstate_options *a, const struct tcpstate_options *b)
{
	return a->mss == b->mss && a->wscale == b->wscale && a->tsval == b->tsval &&
	       a->tsecr == b->tsecr && a->has_wscale == b->has_wscale &&
	       a->has_sack_perm == b->has_sack_perm && a->has_sack == b->has_sack &&
	       a->has_tstamp == b->has_tstamp &&
	       a->bad == b->bad;
}

/* At every alignment, with bytes around it that must not be read as options. */
static bool opt_parse_holds(unsigned int i)
{
	const struct opt_parse_row *r = &opt_parse[i];
	struct tcpstate_options opt;
	unsigned int align, k;
	u8 room[64];

	for (align = 0; align < 8; align++) {
		for (k = 0; k < sizeof(room); k++)
			room[k] = k & 1 ? 2 : 4;
		for (k = 0; k < r->len; k++)
			room[align + k] = r->bytes[k];
		tcpstate_opt_parse(room + align, r->len, &opt);
		if (!same_options(&opt, &r->opt))
			return false;
	}
	return true;
}

SUITE(opt_parse);

struct opt_write_row {
	struct row row;
	struct tcpstate_options opt;
	u8 len;
	u8 bytes[40];
};

#define OW(name, rfc, bytes, ...) { { "opt_write__" name, rfc }, { __VA_ARGS__ }, bytes }

static const struct opt_write_row opt_write[] = {
	{ { "opt_write__nothing", "RFC 9293 3.1" }, { 0 }, 0, { 0 } },
	OW("mss", "RFC 9293 3.7.1", B(2, 4, 5, 0xb4), .mss = 1460),
	OW("wscale", "RFC 7323 2.2", B(1, 3, 3, 14), .has_wscale = true, .wscale = 14),
	OW("wscale_not_had", "RFC 7323 2.2", B(2, 4, 1, 0), .mss = 256, .wscale = 14),
	OW("sack_perm", "RFC 2018 2", B(1, 1, 4, 2), .has_sack_perm = true),
	OW("tstamp", "RFC 7323 appendix A", B(1, 1, TS_BYTES), TS_OPT),
	OW("tstamp_and_sack_perm", "ours: no padding needed", B(4, 2, TS_BYTES), TS_OPT,
	   .has_sack_perm = true),
	OW("all", "RFC 9293 3.1", B(2, 4, 5, 0xb4, 4, 2, TS_BYTES, 1, 3, 3, 7), .mss = 1460,
	   .has_sack_perm = true, .has_wscale = true, .wscale = 7, TS_OPT),
};

static bool opt_write_holds(unsigned int i)
{
	const struct opt_write_row *r = &opt_write[i];
	u8 bytes[41] = { [40] = 0xaa };
	unsigned int k, n = tcpstate_opt_write(bytes, &r->opt);

	if (n != r->len || n % 4 || bytes[40] != 0xaa)
		return false;
	for (k = 0; k < n; k++)
		if (bytes[k] != r->bytes[k])
			return false;
	return true;
}

SUITE(opt_write);

struct opt_write_sack_row {
	struct row row;
	u8 n;
	struct tcpstate_sack_block blocks[5];
	u8 len;
	u8 bytes[40];
};

static const struct opt_write_sack_row opt_write_sack[] = {
	{ { "opt_write_sack__none", "RFC 2018 3" }, 0, { { 0 } }, 0, { 0 } },
	{ { "opt_write_sack__one", "RFC 2018 3" }, 1, { { 0x01020304, 0xfffefdfc } },
	  B(1, 1, 5, 10, 1, 2, 3, 4, 0xff, 0xfe, 0xfd, 0xfc) },
	{ { "opt_write_sack__two_in_order_given", "RFC 2018 4" }, 2, { { 7, 9 }, { 1, 2 } },
	  B(1, 1, 5, 18, 0, 0, 0, 7, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2) },
	{ { "opt_write_sack__five_leave_out_the_last", "RFC 2018 3: 40 octets" }, 5,
	  { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 }, { 9, 10 } },
	  B(1, 1, 5, 34, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4,
	    0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0, 8) },
};

static bool opt_write_sack_holds(unsigned int i)
{
	const struct opt_write_sack_row *r = &opt_write_sack[i];
	u8 bytes[37] = { [36] = 0xaa };
	unsigned int k, n = tcpstate_opt_write_sack(bytes, r->blocks, r->n);

	if (n != r->len || n % 4 || bytes[36] != 0xaa)
		return false;
	for (k = 0; k < n; k++)
		if (bytes[k] != r->bytes[k])
			return false;
	return true;
}

SUITE(opt_write_sack);

struct opt_wscale_row {
	struct row row;
	u32 space;
	u8 shift;
};

#define WS(name, space, shift) { { "opt_wscale__" name, "RFC 7323 2.2" }, space, shift }

static const struct opt_wscale_row opt_wscale[] = {
	WS("zero", 0, 0),
	WS("largest_without", 65535, 0),
	WS("smallest_with", 65536, 1),
	WS("largest_of_one", 131071, 1),
	WS("smallest_of_two", 131072, 2),
	WS("megabyte", 1 << 20, 5),
	WS("largest_window", TCPSTATE_MAX_WND, 14),
	WS("beyond_the_largest", 1u << 31, 14),
	WS("largest_number", 0xffffffff, 14),
};

static bool opt_wscale_holds(unsigned int i)
{
	return tcpstate_opt_wscale(opt_wscale[i].space) == opt_wscale[i].shift;
}

SUITE(opt_wscale);

/* Every combination goes through bytes and comes back. */
static bool opt_round_trip(void)
{
	struct tcpstate_options in, out;
	u32 seed = 7, n;
	u8 bytes[40];

	for (n = 0; n < 20000; n++) {
		u32 r = next_random(&seed);

		in = (struct tcpstate_options){
			.mss = r & 1 ? (u16)(r >> 8) : 0,
			.has_wscale = r & 2, .wscale = r & 2 ? (r >> 8) % 15 : 0,
			.has_sack_perm = r & 4, .has_tstamp = r & 8,
		};
		if (in.has_tstamp) {
			in.tsval = next_random(&seed);
			in.tsecr = next_random(&seed);
		}
		tcpstate_opt_parse(bytes, tcpstate_opt_write(bytes, &in), &out);
		if (!same_options(&in, &out))
			return false;
	}
	return true;
}

/* The caller's buffer decides what a stray read would hit: exact where it can be. */
static bool parse_is_sane(u8 *bytes, unsigned int len)
{
	struct tcpstate_options opt, again;

	tcpstate_opt_parse(bytes, len, &opt);
	tcpstate_opt_parse(bytes, len, &again);
	return same_options(&opt, &again) && opt.wscale <= TCPSTATE_MAX_WSCALE &&
	       (opt.has_wscale || !opt.wscale) &&
	       (opt.has_tstamp || (!opt.tsval && !opt.tsecr)) &&
	       (len >= 4 || !opt.mss) && (len >= 10 || !opt.has_tstamp);
}

static bool opt_every_short_string(void)
{
	unsigned int a, b;
	u8 one[1], two[2];

	for (a = 0; a < 256; a++) {
		one[0] = (u8)a;
		if (!parse_is_sane(one, 1))
			return false;
		for (b = 0; b < 256; b++) {
			two[0] = (u8)a;
			two[1] = (u8)b;
			if (!parse_is_sane(two, 2))
				return false;
		}
	}
	return true;
}

/* Bytes near those that mean something, in a buffer that ends with them. */
static bool opt_random_strings(void)
{
	u32 seed = 3, n, k, len;
	u8 room[40];

	for (n = 0; n < 200000; n++) {
		len = next_random(&seed) % 41;
		for (k = 0; k < len; k++)
			room[40 - len + k] = (u8)(next_random(&seed) % (n & 1 ? 256 : 11));
		if (!parse_is_sane(room + 40 - len, len))
			return false;
	}
	return true;
}

static const struct {
	struct row row;
	bool (*fn)(void);
} opt_whole[] = {
	{ { "opt_write__parse_brings_it_back", "RFC 9293 3.1" }, opt_round_trip },
	{ { "opt_parse__every_string_of_two", "RFC 9293 MUST-7" }, opt_every_short_string },
	{ { "opt_parse__random_strings", "RFC 9293 MUST-7" }, opt_random_strings },
};

static bool opt_whole_holds(unsigned int i)
{
	return opt_whole[i].fn();
}

SUITE(opt_whole);

static const struct suite * const opt_suites[] = {
	&opt_parse_suite, &opt_write_suite, &opt_write_sack_suite, &opt_wscale_suite,
	&opt_whole_suite,
};

#undef B
#undef P
#undef OW
#undef WS
#undef TS_BYTES
#undef TS_OPT

#endif /* TESTS_CASES_OPT_H */

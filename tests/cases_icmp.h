/* SPDX-License-Identifier: GPL-2.0 */
/* What ICMP errors mean: their kind, the numbers they quote, the MTU they claim. */
#ifndef TESTS_CASES_ICMP_H
#define TESTS_CASES_ICMP_H

#include "cases.h"

struct icmp_kind_row {
	struct row row;
	u8 type;
	u8 code;
	u8 kind;
};

#define KIND(name, rfc, t, c, k) \
	{ { "icmp_kind__" name, rfc }, t, c, TCPSTATE_ICMP_##k }
#define R9293 "RFC 9293 3.9.2.2"
#define R1812 "RFC 1812 5.2.7.1"

static const struct icmp_kind_row icmp_kinds[] = {
	KIND("net", R9293 " (MUST-56)", 3, 0, SOFT),
	KIND("host", R9293 " (MUST-56)", 3, 1, SOFT),
	KIND("protocol", R9293 " (SHLD-26)", 3, 2, HARD),
	KIND("port", R9293 " (SHLD-26)", 3, 3, HARD),
	KIND("fragmentation_needed", "RFC 1191 4", 3, 4, TOO_BIG),
	KIND("source_route_failed", R9293 " (MUST-56)", 3, 5, SOFT),
	KIND("net_unknown", R1812, 3, 6, HARD),
	KIND("host_unknown", R1812, 3, 7, HARD),
	KIND("host_isolated", R1812, 3, 8, HARD),
	KIND("net_prohibited", R1812, 3, 9, HARD),
	KIND("host_prohibited", R1812, 3, 10, HARD),
	KIND("net_not_for_this_tos", R1812, 3, 11, SOFT),
	KIND("host_not_for_this_tos", R1812, 3, 12, SOFT),
	KIND("filtered", R1812, 3, 13, HARD),
	KIND("precedence_violated", R1812, 3, 14, HARD),
	KIND("precedence_cut", R1812, 3, 15, HARD),
	KIND("unknown_code", "ours: nothing is known of it", 3, 16, IGNORE),
	KIND("largest_code", "ours: nothing is known of it", 3, 255, IGNORE),
	KIND("source_quench", R9293 " (MUST-55)", 4, 0, IGNORE),
	KIND("redirect", "RFC 1122 3.2.2.2: IP's own", 5, 1, IGNORE),
	KIND("ttl_exceeded", R9293 " (MUST-56)", 11, 0, SOFT),
	KIND("reassembly_time", R9293 " (MUST-56)", 11, 1, SOFT),
	KIND("parameter_problem", R9293 " (MUST-56)", 12, 0, SOFT),
	KIND("missing_option", R9293 " (MUST-56)", 12, 1, SOFT),
	KIND("echo_reply", "RFC 792", 0, 0, IGNORE),
	KIND("echo", "RFC 792", 8, 0, IGNORE),
	KIND("largest_type", "ours: nothing is known of it", 255, 3, IGNORE),
};

static bool icmp_kinds_holds(unsigned int i)
{
	return tcpstate_icmp_kind(icmp_kinds[i].type, icmp_kinds[i].code) == icmp_kinds[i].kind;
}

SUITE(icmp_kinds);

struct icmp_seq_row {
	struct row row;
	u32 una;
	u32 nxt;
	u32 seq;
	bool in_flight;
};

#define SEQ(name, ...) { { "icmp_in_flight__" name, "RFC 5927 4.1" }, __VA_ARGS__ }

static const struct icmp_seq_row icmp_seqs[] = {
	SEQ("first", 100, 200, 100, true),
	SEQ("last", 100, 200, 199, true),
	SEQ("before", 100, 200, 99, false),
	SEQ("not_sent_yet", 100, 200, 200, false),
	SEQ("far_away", 100, 200, 0x80000064u, false),
	SEQ("a_syn", 100, 101, 100, true),
	SEQ("behind_a_syn", 100, 101, 101, false),
	SEQ("an_ack_with_nothing_on_its_way", 100, 100, 100, true),
	SEQ("old_with_nothing_on_its_way", 100, 100, 99, false),
	SEQ("new_with_nothing_on_its_way", 100, 100, 101, false),
	SEQ("across_the_wrap_low", 0xfffffff0u, 0x10, 0xfffffff0u, true),
	SEQ("across_the_wrap_high", 0xfffffff0u, 0x10, 0xf, true),
	SEQ("across_the_wrap_beyond", 0xfffffff0u, 0x10, 0x10, false),
	SEQ("across_the_wrap_before", 0xfffffff0u, 0x10, 0xffffffefu, false),
	SEQ("across_the_sign", 0x7ffffff0u, 0x80000010u, 0x80000000u, true),
};

static bool icmp_seqs_holds(unsigned int i)
{
	const struct icmp_seq_row *r = &icmp_seqs[i];
	struct tcpstate_tcb tcb = { .snd_una = r->una, .snd_nxt = r->nxt };

	return tcpstate_icmp_in_flight(&tcb, r->seq) == r->in_flight;
}

SUITE(icmp_seqs);

struct icmp_mtu_row {
	struct row row;
	u32 claimed;
	u32 quoted;
	u32 now;
	u32 mtu;
};

#define MTU(name, rfc, ...) { { "icmp_mtu__" name, rfc }, __VA_ARGS__ }

static const struct icmp_mtu_row icmp_mtus[] = {
	MTU("smaller", "RFC 1191 3", 1400, 1500, 1500, 1400),
	MTU("smaller_by_one", "RFC 1191 3", 1499, 1500, 1500, 1499),
	MTU("the_same", "RFC 1191 3", 1500, 1500, 1500, 0),
	MTU("larger", "RFC 1191 3", 1501, 1500, 1500, 0),
	MTU("largest", "RFC 1191 3", 65535, 65535, 1500, 0),
	MTU("the_packet_would_have_fitted", "RFC 5927 7.2", 1400, 1400, 1500, 0),
	MTU("a_small_packet", "RFC 5927 7.2", 1400, 40, 1500, 0),
	MTU("known_already", "RFC 1191 3", 1400, 1500, 1400, 0),
	MTU("smaller_again", "RFC 1191 3", 1300, 1500, 1400, 1300),
	MTU("smallest", "RFC 791", 68, 1500, 1500, 68),
	MTU("below_the_smallest", "RFC 1191 3", 67, 1500, 1500, 0),
	MTU("one", "RFC 1191 3", 1, 1500, 1500, 0),
	MTU("old_router", "RFC 1191 5 and 7.1", 0, 1500, 1500, 1492),
	MTU("old_router_next_step", "RFC 1191 5 and 7.1", 0, 1492, 1492, 1006),
	MTU("old_router_low", "RFC 1191 5 and 7.1", 0, 296, 296, 68),
	MTU("old_router_lowest", "RFC 1191 5 and 7.1", 0, 68, 68, 0),
	MTU("old_router_large", "RFC 1191 5 and 7.1", 0, 65535, 65535, 32000),
	MTU("old_router_quotes_nonsense", "ours: the length is a claim too", 0, 0, 1500, 0),
	MTU("old_router_quotes_too_much", "ours: the length is a claim too", 0, 65535, 1500, 0),
	MTU("no_path", "ours: no route, nothing to lower", 1400, 1500, 0, 0),
};

static bool icmp_mtus_holds(unsigned int i)
{
	const struct icmp_mtu_row *r = &icmp_mtus[i];

	return tcpstate_icmp_mtu(r->claimed, r->quoted, r->now) == r->mtu;
}

SUITE(icmp_mtus);

struct icmp_mss_row {
	struct row row;
	u16 mss;
	u16 next;
};

#define MSS(name, ...) { { "icmp_smaller_mss__" name, "RFC 4821 7.2" }, __VA_ARGS__ }

static const struct icmp_mss_row icmp_sizes[] = {
	MSS("ethernet", 1460, 1024),
	MSS("jumbo", 8960, 1024),
	MSS("largest", 65535, 1024),
	MSS("just_above", 1025, 1024),
	MSS("second_step", 1024, 536),
	MSS("between", 537, 536),
	MSS("no_more_steps", 536, 536),
	MSS("small_already", 48, 48),
};

static bool icmp_sizes_holds(unsigned int i)
{
	return tcpstate_icmp_smaller_mss(icmp_sizes[i].mss) == icmp_sizes[i].next;
}

SUITE(icmp_sizes);

static const struct suite * const icmp_suites[] = {
	&icmp_kinds_suite, &icmp_seqs_suite, &icmp_mtus_suite, &icmp_sizes_suite,
};

#undef KIND
#undef R9293
#undef R1812
#undef SEQ
#undef MTU
#undef MSS

#endif /* TESTS_CASES_ICMP_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* Reno alone: growth and cut, through its ops. */
#ifndef TESTS_CASES_RENO_H
#define TESTS_CASES_RENO_H

#include "cases.h"
#include "tcpstate_cong.h"

struct reno_acked_row {
	struct row row;
	u32 cwnd;
	u32 ssthresh;
	u32 acked;
	u32 bytes;
	u32 new_cwnd;
	u32 new_acked;
};

#define SS(name, ...) { { "reno_acked__" name, "RFC 5681 3.1, RFC 3465" }, __VA_ARGS__ }

/* The MSS is 1000. */
static const struct reno_acked_row reno_acked_rows[] = {
	SS("slow_start_one_segment", 10000, 0x7fffffff, 0, 1000, 11000, 0),
	SS("slow_start_less_than_one", 10000, 0x7fffffff, 0, 10, 10010, 0),
	SS("slow_start_two_segments", 10000, 0x7fffffff, 0, 2000, 12000, 0),
	SS("slow_start_all_of_a_burst", 10000, 0x7fffffff, 0, 50000, 60000, 0),
	SS("slow_start_last_step", 9999, 10000, 0, 1000, 10000, 0),
	SS("slow_start_not_beyond", 10000, 30000, 0, 50000, 30000, 0),
	SS("avoidance_at_the_threshold", 10000, 10000, 0, 1000, 10000, 1000),
	SS("avoidance_almost_a_window", 10000, 5000, 8999, 1000, 10000, 9999),
	SS("avoidance_a_window", 10000, 5000, 9000, 1000, 11000, 0),
	SS("avoidance_keeps_the_rest", 10000, 5000, 9000, 1500, 11000, 500),
	SS("avoidance_saves_no_windows", 10000, 5000, 9000, 25000, 11000, 9000),
};

static bool reno_acked_rows_holds(unsigned int i)
{
	const struct reno_acked_row *r = &reno_acked_rows[i];
	struct tcpstate_cong c = {
		.mss = 1000, .cwnd = r->cwnd, .ssthresh = r->ssthresh, .acked = r->acked,
	};

	tcpstate_reno.acked(&c, r->bytes);
	return c.cwnd == r->new_cwnd && c.acked == r->new_acked && c.ssthresh == r->ssthresh;
}

SUITE(reno_acked_rows);

struct reno_ssthresh_row {
	struct row row;
	u32 flight;
	u32 ssthresh;
};

#define HALF(name, ...) { { "reno_ssthresh__" name, "RFC 5681 equation 4" }, __VA_ARGS__ }

static const struct reno_ssthresh_row reno_ssthresh_rows[] = {
	HALF("half", 10000, 5000),
	HALF("odd", 10001, 5000),
	HALF("two_segments_at_least", 3999, 2000),
	HALF("exactly_two_segments", 4000, 2000),
	HALF("nothing_in_flight", 0, 2000),
	HALF("largest_window", 1u << 30, 1u << 29),
};

static bool reno_ssthresh_rows_holds(unsigned int i)
{
	struct tcpstate_cong c = { .mss = 1000 };

	return tcpstate_reno.ssthresh(&c, reno_ssthresh_rows[i].flight) ==
	       reno_ssthresh_rows[i].ssthresh;
}

SUITE(reno_ssthresh_rows);

/* One window of ACKs adds one segment, not more. */
static bool reno_one_segment_a_window(void)
{
	struct tcpstate_cong c = { .mss = 1000, .cwnd = 10000, .ssthresh = 2000 };
	int n;

	for (n = 0; n < 10; n++)
		tcpstate_reno.acked(&c, 1000);
	return c.cwnd == 11000;
}

static bool reno_name(void)
{
	return same_text(tcpstate_reno.name, "reno");
}

static const struct {
	struct row row;
	bool (*fn)(void);
} reno_whole[] = {
	{ { "reno_acked__one_segment_a_window", "RFC 5681 3.1" }, reno_one_segment_a_window },
	{ { "reno__name", "TCP_CONGESTION" }, reno_name },
};

static bool reno_whole_holds(unsigned int i)
{
	return reno_whole[i].fn();
}

SUITE(reno_whole);

static const struct suite * const reno_suites[] = {
	&reno_acked_rows_suite, &reno_ssthresh_rows_suite, &reno_whole_suite,
};

#undef SS
#undef HALF

#endif /* TESTS_CASES_RENO_H */

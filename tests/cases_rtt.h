/* SPDX-License-Identifier: GPL-2.0 */
/* RFC 6298's numbers, in microseconds. */
#ifndef TESTS_CASES_RTT_H
#define TESTS_CASES_RTT_H

#include "cases.h"

#define MAX_SAMPLES	3
#define LOST		0xfffffffeu	/* instead of a sample: the SYN was lost */

struct rtt_row {
	struct row row;
	u32 min;
	u32 max;
	u8 n;
	u32 sample[MAX_SAMPLES];
	u8 backoff;
	u32 srtt;
	u32 rttvar;
	u32 timeout;
};

#define MIN_MAX 200000, 120000000

static const struct rtt_row rtt[] = {
	{ { "rtt_init__one_second", "RFC 6298 2.1" }, MIN_MAX, 0, {}, 0, 0, 0, 1000000 },
	{ { "rtt_init__lower_bound", "RFC 6298 2.4" }, 3000000, 9000000, 0, {}, 0, 0, 0, 3000000 },
	{ { "rtt_init__upper_bound", "RFC 6298 2.5" }, 1000, 500000, 0, {}, 0, 0, 0, 500000 },
	{ { "rtt_sample__first", "RFC 6298 2.2" }, MIN_MAX, 1, { 100000 }, 0,
	  100000, 50000, 300000 },
	{ { "rtt_sample__same_again", "RFC 6298 2.3" }, MIN_MAX, 2, { 100000, 100000 }, 0,
	  100000, 37500, 250000 },
	{ { "rtt_sample__longer", "RFC 6298 2.3" }, MIN_MAX, 2, { 100000, 200000 }, 0,
	  112500, 62500, 362500 },
	{ { "rtt_sample__shorter", "RFC 6298 2.3" }, MIN_MAX, 2, { 100000, 20000 }, 0,
	  90000, 57500, 320000 },
	{ { "rtt_sample__variation_uses_the_old_mean", "RFC 6298 2.3" }, MIN_MAX, 3,
	  { 100000, 200000, 112500 }, 0, 112500, 46875, 300000 },
	{ { "rtt_sample__granularity", "RFC 6298 2.3" }, 0, 120000000, 1, { 100 }, 0,
	  100, 50, 1100 },
	{ { "rtt_sample__zero_counts_as_one", "ours: 0 means no sample" }, 0, 120000000, 1, { 0 },
	  0, 1, 0, 1001 },
	{ { "rtt_sample__mean_never_falls_to_zero", "ours: 0 means no sample" }, 0, 120000000, 3,
	  { 1, 0, 0 }, 0, 1, 0, 1001 },
	{ { "rtt_sample__lower_bound", "RFC 6298 2.4" }, MIN_MAX, 1, { 100 }, 0, 100, 50, 200000 },
	{ { "rtt_sample__upper_bound", "RFC 6298 2.5" }, MIN_MAX, 1, { 100000000 }, 0,
	  100000000, 50000000, 120000000 },
	{ { "rtt_sample__largest_number", "RFC 6298 2.5" }, MIN_MAX, 1, { 0xffffffff }, 0,
	  0xffffffff, 0x7fffffff, 120000000 },
	{ { "rtt_timeout__doubles", "RFC 6298 5.5" }, MIN_MAX, 1, { 100000 }, 1,
	  100000, 50000, 600000 },
	{ { "rtt_timeout__doubles_again", "RFC 6298 5.5" }, MIN_MAX, 1, { 100000 }, 2,
	  100000, 50000, 1200000 },
	{ { "rtt_timeout__below_the_bound", "RFC 6298 5.5" }, MIN_MAX, 0, {}, 6, 0, 0, 64000000 },
	{ { "rtt_timeout__upper_bound", "RFC 6298 5.5" }, MIN_MAX, 0, {}, 7, 0, 0, 120000000 },
	{ { "rtt_timeout__far_beyond", "RFC 6298 5.5" }, MIN_MAX, 0, {}, 32, 0, 0, 120000000 },
	{ { "rtt_timeout__largest_back_off", "RFC 6298 5.5" }, MIN_MAX, 0, {}, 255, 0, 0,
	  120000000 },
	{ { "rtt_syn_lost__three_seconds", "RFC 6298 5.7" }, MIN_MAX, 1, { LOST }, 0,
	  0, 0, 3000000 },
	{ { "rtt_syn_lost__upper_bound", "RFC 6298 5.7" }, 1000, 2000000, 1, { LOST }, 0,
	  0, 0, 2000000 },
	{ { "rtt_syn_lost__not_after_a_sample", "RFC 6298 5.7" }, MIN_MAX, 2, { 100000, LOST }, 0,
	  100000, 50000, 300000 },
	{ { "rtt_syn_lost__a_sample_ends_it", "RFC 6298 2.2" }, MIN_MAX, 2, { LOST, 100000 }, 0,
	  100000, 50000, 300000 },
};

static bool rtt_holds(unsigned int i)
{
	const struct rtt_row *r = &rtt[i];
	struct tcpstate_rtt e;
	u8 k;

	tcpstate_rtt_init(&e, r->min, r->max);
	for (k = 0; k < r->n; k++) {
		/* Progress ends the back-off (RFC 6298 5.7, in-tree practice). */
		e.backoff = 9;
		if (r->sample[k] == LOST)
			tcpstate_rtt_syn_lost(&e);
		else
			tcpstate_rtt_sample(&e, r->sample[k]);
		if (e.backoff)
			return false;
	}
	e.backoff = r->backoff;
	return e.srtt_us == r->srtt && e.rttvar_us == r->rttvar &&
	       tcpstate_rtt_timeout(&e) == r->timeout;
}

SUITE(rtt);

struct rtt_echo_row {
	struct row row;
	u32 srtt;	/* before, microseconds; with half of it as variation; 0: no sample yet */
	u32 ms;
	u32 samples;
	u8 backoff;
	u32 srtt_then;
	u32 rttvar_then;
	u32 timeout;
};

static const struct rtt_echo_row rtt_echo[] = {
	{ { "rtt_echo__first", "RFC 6298 2.2" }, 0, 100, 9, 0, 100000, 50000, 300000 },
	{ { "rtt_echo__first_below_a_tick", "RFC 6298 2.2" }, 0, 0, 1, 0, 1000, 500, 200000 },
	{ { "rtt_echo__one_in_a_round_trip", "RFC 6298 2.3" }, 100000, 200, 1, 0,
	  112500, 62500, 362500 },
	{ { "rtt_echo__one_of_four", "RFC 7323 appendix G" }, 100000, 200, 4, 0,
	  103125, 53125, 315625 },
	{ { "rtt_echo__one_of_four_shorter", "RFC 7323 appendix G" }, 100000, 20, 4, 0,
	  97500, 51875, 305000 },
	{ { "rtt_echo__within_a_tick_above", "ours: no news" }, 99500, 100, 1, 0,
	  99500, 49750, 298500 },
	{ { "rtt_echo__within_a_tick_below", "ours: no news" }, 100900, 100, 1, 0,
	  100900, 50450, 302700 },
	{ { "rtt_echo__mean_below_a_tick", "ours: no news" }, 60, 1, 1, 0, 60, 30, 200000 },
	{ { "rtt_echo__just_beyond_a_tick", "ours: no news" }, 98992, 100, 1, 0,
	  99118, 37374, 248614 },
	{ { "rtt_echo__as_long_as_can_be", "ours: a lie" }, 100000, 600000, 1, 0,
	  75087500, 150012500, 120000000 },
	{ { "rtt_echo__longer_than_can_be", "ours: a lie" }, 100000, 600001, 1, 3,
	  100000, 50000, 2400000 },
	{ { "rtt_echo__of_the_future", "ours: a lie" }, 100000, 0xffffffff, 1, 3,
	  100000, 50000, 2400000 },
};

static bool rtt_echo_holds(unsigned int i)
{
	const struct rtt_echo_row *r = &rtt_echo[i];
	struct tcpstate_rtt e;

	tcpstate_rtt_init(&e, MIN_MAX);
	if (r->srtt)
		tcpstate_rtt_sample(&e, r->srtt);
	/* What an echo ends. */
	e.backoff = 3;
	tcpstate_rtt_echo(&e, r->ms, r->samples);
	return e.srtt_us == r->srtt_then && e.rttvar_us == r->rttvar_then &&
	       e.backoff == r->backoff && tcpstate_rtt_timeout(&e) == r->timeout;
}

SUITE(rtt_echo);

struct rtt_smooth_row {
	struct row row;
	u32 mean;	/* 0: the first */
	u32 ms;
	u32 then;
};

static const struct rtt_smooth_row rtt_smooth[] = {
	{ { "rtt_smooth__first", "RFC 6298 2.2" }, 0, 100, 100000 },
	{ { "rtt_smooth__first_below_a_tick", "ours: a tick at least" }, 0, 0, 1000 },
	{ { "rtt_smooth__longer", "RFC 6298 2.3" }, 100000, 200, 112500 },
	{ { "rtt_smooth__shorter", "RFC 6298 2.3" }, 100000, 20, 90000 },
	{ { "rtt_smooth__below_a_tick", "ours: a tick at least" }, 1000, 0, 1000 },
	{ { "rtt_smooth__as_long_as_can_be", "ours: a lie" }, 0, 600000, 600000000 },
	{ { "rtt_smooth__longer_than_can_be", "ours: a lie" }, 100000, 600001, 100000 },
	{ { "rtt_smooth__first_of_the_future", "ours: a lie" }, 0, 0xffffffff, 0 },
};

static bool rtt_smooth_holds(unsigned int i)
{
	const struct rtt_smooth_row *r = &rtt_smooth[i];

	return tcpstate_rtt_smooth(r->mean, r->ms) == r->then;
}

SUITE(rtt_smooth);

static bool rtt_stays_within(void)
{
	struct tcpstate_rtt e;
	u32 seed = 5, n, us;

	tcpstate_rtt_init(&e, MIN_MAX);
	for (n = 0; n < 100000; n++) {
		us = next_random(&seed) >> next_random(&seed) % 32;
		tcpstate_rtt_sample(&e, us);
		e.backoff = (u8)next_random(&seed);
		us = tcpstate_rtt_timeout(&e);
		if (us < 200000 || us > 120000000 || !e.srtt_us)
			return false;
	}
	return true;
}

static bool rtt_converges(void)
{
	struct tcpstate_rtt e;
	u32 n;

	tcpstate_rtt_init(&e, 0, 120000000);
	tcpstate_rtt_sample(&e, 900000);
	for (n = 0; n < 200; n++)
		tcpstate_rtt_sample(&e, 40000);
	return e.srtt_us >= 40000 && e.srtt_us < 40010 && e.rto_us < 42000;
}

static const struct {
	struct row row;
	bool (*fn)(void);
} rtt_whole[] = {
	{ { "rtt_timeout__always_within_its_bounds", "RFC 6298 2.4, 2.5" }, rtt_stays_within },
	{ { "rtt_sample__converges", "RFC 6298 2.3" }, rtt_converges },
};

static bool rtt_whole_holds(unsigned int i)
{
	return rtt_whole[i].fn();
}

SUITE(rtt_whole);

static const struct suite * const rtt_suites[] = {
	&rtt_suite, &rtt_echo_suite, &rtt_smooth_suite, &rtt_whole_suite,
};

#undef MIN_MAX
#undef LOST
#undef MAX_SAMPLES

#endif /* TESTS_CASES_RTT_H */

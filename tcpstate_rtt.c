// SPDX-License-Identifier: GPL-2.0
/*
 * Retransmission timeout by RFC 6298.  Pure: the caller brings the samples
 * (and leaves out the ambiguous ones, Karn) and runs the timer.
 */
#include "tcpstate_tcb.h"

#define INITIAL_US	1000000u	/* RFC 6298 2.1 */
#define AFTER_SYN_US	3000000u	/* RFC 6298 5.7 */
#define GRANULARITY_US	1000u		/* G of RFC 6298 2.3: the finest jiffy, 1 ms */
#define TICK_US		1000u		/* of our timestamps, tcpstate_output_tsval() */
#define ECHO_MAX_MS	600000u		/* nobody waits that long; the peer lies */

static u32 clamp_us(const struct tcpstate_rtt *rtt, u64 us)
{
	if (us < rtt->min_us)
		return rtt->min_us;
	return us > rtt->max_us ? rtt->max_us : (u32)us;
}

/**
 * tcpstate_rtt_init() - before the first sample
 * @rtt: the estimator
 * @min_us: lower bound of the timeout, microseconds
 * @max_us: upper bound, microseconds
 *
 * Context: any.
 * Source: RFC 6298 2.1, 2.4 (our lower bound is the in-tree 200 ms by default).
 */
void tcpstate_rtt_init(struct tcpstate_rtt *rtt, u32 min_us, u32 max_us)
{
	*rtt = (struct tcpstate_rtt){ .min_us = min_us, .max_us = max_us };
	rtt->rto_us = clamp_us(rtt, INITIAL_US);
}

static u32 toward(u32 mean, u32 value, u32 parts)
{
	return value > mean ? mean + (value - mean) / parts : mean - (mean - value) / parts;
}

/* Each sample is one of several in a round trip, which share the gain. */
static void take(struct tcpstate_rtt *rtt, u32 us, u32 samples)
{
	u32 delta;
	u64 var;

	if (!us)
		us = 1;
	if (!rtt->srtt_us) {
		rtt->srtt_us = us;
		rtt->rttvar_us = us / 2;
	} else {
		delta = us > rtt->srtt_us ? us - rtt->srtt_us : rtt->srtt_us - us;
		rtt->rttvar_us = toward(rtt->rttvar_us, delta, 4 * samples);
		rtt->srtt_us = toward(rtt->srtt_us, us, 8 * samples);
		if (!rtt->srtt_us)
			rtt->srtt_us = 1;
	}
	var = 4 * (u64)rtt->rttvar_us;
	if (var < GRANULARITY_US)
		var = GRANULARITY_US;
	rtt->rto_us = clamp_us(rtt, rtt->srtt_us + var);
	rtt->backoff = 0;
}

/**
 * tcpstate_rtt_sample() - a round trip was measured
 * @rtt: the estimator
 * @us: of a segment that was sent once, microseconds
 *
 * Context: any.
 * Source: RFC 6298 2.2, 2.3, 5.7.
 */
void tcpstate_rtt_sample(struct tcpstate_rtt *rtt, u32 us)
{
	take(rtt, us, 1);
}

/**
 * tcpstate_rtt_echo() - the peer echoed one of our timestamps
 * @rtt: the estimator
 * @ms: what has passed since it was sent, milliseconds; may be a peer's lie
 * @samples: how many such are expected in a round trip, at least 1
 *
 * An echo is good for retransmitted segments too.  It cannot tell more than a
 * tick: while the mean lies within, it is no news, and does not spoil what
 * tcpstate_rtt_sample() has measured finer.
 *
 * Context: any.
 * Source: RFC 7323 4.1, 4.2, appendix G: the gains divided by @samples.
 */
void tcpstate_rtt_echo(struct tcpstate_rtt *rtt, u32 ms, u32 samples)
{
	u32 us = ms * 1000;

	if (ms > ECHO_MAX_MS)
		return;
	if (rtt->srtt_us && rtt->srtt_us <= us + TICK_US && us <= rtt->srtt_us + TICK_US) {
		rtt->backoff = 0;
		return;
	}
	take(rtt, us ? us : TICK_US, samples);
}

/**
 * tcpstate_rtt_smooth() - a mean of echoes, for who sends nothing that is acknowledged
 * @mean: before, microseconds; 0: none
 * @ms: what has passed since the timestamp was sent, milliseconds; may be a peer's lie
 *
 * Context: any.
 * Return: the mean, microseconds, at least a tick of the timestamps where it changed.
 * Source: the gain of RFC 6298 2.3.
 */
u32 tcpstate_rtt_smooth(u32 mean, u32 ms)
{
	u32 us = ms ? ms * 1000 : TICK_US;

	if (ms > ECHO_MAX_MS)
		return mean;
	return mean ? toward(mean, us, 8) : us;
}

/**
 * tcpstate_rtt_syn_lost() - the SYN had to be retransmitted
 * @rtt: the estimator, at the end of the handshake
 *
 * Context: any.
 * Source: RFC 6298 5.7: begin the data phase with at least 3 seconds.
 */
void tcpstate_rtt_syn_lost(struct tcpstate_rtt *rtt)
{
	if (!rtt->srtt_us)
		rtt->rto_us = clamp_us(rtt, AFTER_SYN_US);
	rtt->backoff = 0;
}

/**
 * tcpstate_rtt_backed_off() - the timeout with its back-off
 * @rtt: the estimator
 *
 * Context: any.
 * Return: microseconds, within the bounds.
 * Source: RFC 6298 5.5.
 */
u32 tcpstate_rtt_backed_off(const struct tcpstate_rtt *rtt)
{
	u8 shift = rtt->backoff > 30 ? 30 : rtt->backoff;

	return clamp_us(rtt, (u64)rtt->rto_us << shift);
}

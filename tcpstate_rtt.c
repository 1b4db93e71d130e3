// SPDX-License-Identifier: GPL-2.0
/*
 * Retransmission timeout by RFC 6298.  Pure: the caller brings the samples
 * (and leaves out the ambiguous ones, Karn) and runs the timer.
 */
#include "tcpstate_tcb.h"

#define INITIAL_US	1000000u	/* RFC 6298 2.1 */
#define AFTER_SYN_US	3000000u	/* RFC 6298 5.7 */
#define GRANULARITY_US	1000u		/* G of RFC 6298 2.3: the finest jiffy, 1 ms */

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
	u32 delta;
	u64 var;

	if (!us)
		us = 1;
	if (!rtt->srtt_us) {
		rtt->srtt_us = us;
		rtt->rttvar_us = us / 2;
	} else {
		delta = us > rtt->srtt_us ? us - rtt->srtt_us : rtt->srtt_us - us;
		rtt->rttvar_us = (u32)((3 * (u64)rtt->rttvar_us + delta) / 4);
		rtt->srtt_us = (u32)((7 * (u64)rtt->srtt_us + us) / 8);
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
 * tcpstate_rtt_timeout() - the timeout with its back-off
 * @rtt: the estimator
 *
 * Context: any.
 * Return: microseconds, within the bounds.
 * Source: RFC 6298 5.5.
 */
u32 tcpstate_rtt_timeout(const struct tcpstate_rtt *rtt)
{
	u8 shift = rtt->backoff > 30 ? 30 : rtt->backoff;

	return clamp_us(rtt, (u64)rtt->rto_us << shift);
}

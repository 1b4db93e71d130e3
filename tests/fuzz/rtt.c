// SPDX-License-Identifier: GPL-2.0
/*
 * The retransmission timeout under any samples, echoes (a peer's lies among
 * them) and timeouts: always within its bounds, and the mean never outside of
 * what was measured.
 */
#include "fuzz.h"

#define NO_SAMPLE	0xffffffffu

/* The range of what was measured, microseconds. */
struct range {
	u32 low, high;
};

static void widen(struct range *seen, u32 us)
{
	if (us < seen->low)
		seen->low = us;
	if (us > seen->high)
		seen->high = us;
}

static void check(const struct tcpstate_rtt *rtt, const struct range *seen)
{
	struct tcpstate_rtt next = *rtt;
	u32 timeout = tcpstate_rtt_timeout(rtt);

	must(rtt->rto_us >= rtt->min_us && rtt->rto_us <= rtt->max_us);
	must(timeout >= rtt->rto_us && timeout <= rtt->max_us);
	/* Back-off doubles, up to the bound. */
	if (next.backoff < 255) {
		next.backoff++;
		must(tcpstate_rtt_timeout(&next) >= timeout);
		if (timeout < rtt->max_us && timeout <= rtt->max_us / 2 && next.backoff <= 30)
			must(tcpstate_rtt_timeout(&next) == 2 * timeout);
	}
	if (!rtt->srtt_us)
		return;
	must(rtt->srtt_us >= seen->low && rtt->srtt_us <= seen->high);
	must(rtt->rttvar_us <= seen->high);
	/* RFC 6298 2.3: never below the mean, but for the upper bound. */
	must(rtt->rto_us >= rtt->srtt_us || rtt->rto_us == rtt->max_us);
}

static void echo(struct tcpstate_rtt *rtt, struct input *in, struct range *seen)
{
	const struct tcpstate_rtt old = *rtt;
	u32 ms = take_size(in, ~0u), samples = 1 + take_size(in, 1u << 24);

	/* Ten minutes: what is beyond is a lie, and changes nothing. */
	if (ms <= 600000)
		widen(seen, ms ? ms * 1000 : 1000);
	tcpstate_rtt_echo(rtt, ms, samples);
	if (ms > 600000)
		must(!memcmp(&old, rtt, sizeof(old)));
	else
		must(!rtt->backoff && rtt->srtt_us);
}

int fuzz_one(const u8 *data, size_t len)
{
	struct input in = { data, len };
	u32 min_us = 1000 * (10 + take_size(&in, 119990));
	u32 max_us = min_us + take_below(&in, 120000001 - min_us);
	struct range seen = { NO_SAMPLE, 0 };
	struct tcpstate_rtt rtt;
	u32 us;

	tcpstate_rtt_init(&rtt, min_us, max_us);
	check(&rtt, &seen);
	while (in.left) {
		switch (take8(&in) % 4) {
		case 0:
			us = take_size(&in, ~0u);
			widen(&seen, us ? us : 1);
			tcpstate_rtt_sample(&rtt, us);
			must(!rtt.backoff);
			break;
		case 1:
			echo(&rtt, &in, &seen);
			break;
		case 2:
			if (rtt.backoff < 255)
				rtt.backoff++;
			break;
		case 3:
			tcpstate_rtt_syn_lost(&rtt);
			must(!rtt.backoff);
			break;
		}
		check(&rtt, &seen);
	}
	return 0;
}

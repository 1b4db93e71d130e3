// SPDX-License-Identifier: GPL-2.0
/*
 * Reno's window growth and cut (RFC 5681, with the byte counting of RFC 3465).
 */
#include "tcpstate_cong.h"

static void reno_acked(struct tcpstate_cong *cong, u32 bytes)
{
	u32 room = cong->cwnd < cong->ssthresh ? cong->ssthresh - cong->cwnd : 0;

	if (room) {
		/*
		 * RFC 5681 3.1 has one SMSS an ACK, when there was an ACK for every other
		 * segment.  Receivers of bursts send one for dozens: as in-tree, what was
		 * acknowledged counts (RFC 3465), or a round trip would hardly double.
		 */
		cong->cwnd += bytes < room ? bytes : room;
		return;
	}
	/* A step a round trip: an ACK of several windows saves no steps for later. */
	cong->acked += bytes < cong->cwnd ? bytes : cong->cwnd;
	if (cong->acked >= cong->cwnd) {
		cong->acked -= cong->cwnd;
		cong->cwnd += cong->mss;
	}
}

/* RFC 5681 equation 4 */
static u32 reno_ssthresh(const struct tcpstate_cong *cong, u32 flight)
{
	return flight / 2 > 2 * cong->mss ? flight / 2 : 2 * cong->mss;
}

const struct tcpstate_cong_ops tcpstate_reno = {
	.name = "reno",
	.acked = reno_acked,
	.ssthresh = reno_ssthresh,
};

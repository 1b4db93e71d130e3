// SPDX-License-Identifier: GPL-2.0
/*
 * SYN cookies (RFC 4987 3.6): a SYN+ACK whose numbers say all that its ACK will
 * need to make a connection, so that nothing has to be kept in between.  Pure:
 * the caller has the keyed hashes and the clock.
 */
#include "tcpstate_tcb.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* A number is base + IRS + a period in the top octet + 24 bits of proof. */
#define PERIOD_SHIFT	24
#define PROOF_MASK	0xffffffu

/* Five bits of a timestamp: shift count, and whether the peer takes SACK. */
#define TSTAMP_BITS	5
#define TSTAMP_MASK	((1u << TSTAMP_BITS) - 1)
#define TSTAMP_WSCALE	0xfu	/* also: none */
#define TSTAMP_SACK	0x10u

/* Growing; what peers say is rounded down: never larger than what they take. */
static const u16 sizes[] = { 48, 256, 536, 1024, 1220, 1400, 1440, 1460 };

static u8 size_index(u16 mss)
{
	u8 i = ARRAY_LEN(sizes) - 1;

	while (i && sizes[i] > mss)
		i--;
	return i;
}

/**
 * tcpstate_cookie_make() - the ISS of a SYN+ACK for which nothing is kept
 * @base: secret hash of the names
 * @proof: secret hash of the names and of @period
 * @irs: SEG.SEQ of the SYN
 * @period: a clock of minutes
 * @mss: of the peer, octets
 *
 * Context: any.
 * Source: RFC 4987 3.6 and appendix A.
 */
u32 tcpstate_cookie_make(u32 base, u32 proof, u32 irs, u32 period, u16 mss)
{
	return base + irs + (period << PERIOD_SHIFT) + ((proof + size_index(mss)) & PROOF_MASK);
}

/**
 * tcpstate_cookie_age() - how long ago was a number made, if it is one of ours
 * @base: as it was made with
 * @irs: likewise
 * @iss: the number
 * @period: now
 *
 * Context: any.
 * Return: periods, 0 to 255.
 */
u8 tcpstate_cookie_age(u32 base, u32 irs, u32 iss, u32 period)
{
	return period - ((iss - base - irs) >> PERIOD_SHIFT);
}

/**
 * tcpstate_cookie_mss() - is a number one of ours, and what does it say
 * @base: as it was made with
 * @proof: for the period in which it says that it was made
 * @irs: as it was made with
 * @iss: the number
 *
 * Context: any.
 * Return: the peer's MSS, octets, rounded down; 0 for a number that we did not make.
 */
u16 tcpstate_cookie_mss(u32 base, u32 proof, u32 irs, u32 iss)
{
	u32 i = (iss - base - irs - proof) & PROOF_MASK;

	return i < ARRAY_LEN(sizes) ? sizes[i] : 0;
}

/**
 * tcpstate_cookie_tsval() - a timestamp that remembers the peer's other options
 * @now: our clock; the value is at most this, and at most 32 before it
 * @opt: of the peer's SYN
 *
 * Context: any.
 */
u32 tcpstate_cookie_tsval(u32 now, const struct tcpstate_options *opt)
{
	u32 bits = opt->has_wscale ? opt->wscale : TSTAMP_WSCALE;
	u32 value;

	if (opt->has_sack_perm)
		bits |= TSTAMP_SACK;
	value = (now & ~TSTAMP_MASK) | bits;
	return tcpstate_after(value, now) ? value - (1u << TSTAMP_BITS) : value;
}

/**
 * tcpstate_cookie_options() - what such a timestamp remembers
 * @tsval: as tcpstate_cookie_tsval() made it
 * @opt: its window scale and SACK permitted are set
 *
 * Context: any.
 */
void tcpstate_cookie_options(u32 tsval, struct tcpstate_options *opt)
{
	u8 wscale = tsval & TSTAMP_WSCALE;

	opt->has_wscale = wscale != TSTAMP_WSCALE;
	opt->wscale = opt->has_wscale ? wscale : 0;
	opt->has_sack_perm = tsval & TSTAMP_SACK;
}

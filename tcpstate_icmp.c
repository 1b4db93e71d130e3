// SPDX-License-Identifier: GPL-2.0
/*
 * What an ICMP error means: how hard it is, whether it is about a segment that
 * is on its way, and how large a packet may be after it.  Pure.
 */
#include "tcpstate_tcb.h"

/* RFC 792, RFC 1812 5.2.7; named here since layer 0 has no kernel headers. */
enum { UNREACHABLE = 3, SOURCE_QUENCH = 4, TIME_EXCEEDED = 11, PARAMETER_PROBLEM = 12 };

enum {
	BAD_NET, BAD_HOST, BAD_PROTOCOL, BAD_PORT, TOO_BIG, SOURCE_ROUTE_FAILED, NET_UNKNOWN,
	HOST_UNKNOWN, HOST_ISOLATED, NET_PROHIBITED, HOST_PROHIBITED, NET_NOT_FOR_TOS,
	HOST_NOT_FOR_TOS, FILTERED, PRECEDENCE_VIOLATED, PRECEDENCE_CUT, UNREACHABLE_CODES
};

/*
 * RFC 9293 3.9.2.2 names 0, 1, 5 (soft) and 2, 3, 4 (hard).  For the others,
 * of RFC 1812, the question is the same: will the network mend it by itself.
 */
static const u8 unreachable[UNREACHABLE_CODES] = {
	[BAD_NET]		= TCPSTATE_ICMP_SOFT,
	[BAD_HOST]		= TCPSTATE_ICMP_SOFT,
	[BAD_PROTOCOL]		= TCPSTATE_ICMP_HARD,
	[BAD_PORT]		= TCPSTATE_ICMP_HARD,
	/* Since RFC 1191 it is no failure but news of the path. */
	[TOO_BIG]		= TCPSTATE_ICMP_TOO_BIG,
	[SOURCE_ROUTE_FAILED]	= TCPSTATE_ICMP_SOFT,
	[NET_UNKNOWN]		= TCPSTATE_ICMP_HARD,
	[HOST_UNKNOWN]		= TCPSTATE_ICMP_HARD,
	[HOST_ISOLATED]		= TCPSTATE_ICMP_HARD,
	[NET_PROHIBITED]	= TCPSTATE_ICMP_HARD,
	[HOST_PROHIBITED]	= TCPSTATE_ICMP_HARD,
	[NET_NOT_FOR_TOS]	= TCPSTATE_ICMP_SOFT,
	[HOST_NOT_FOR_TOS]	= TCPSTATE_ICMP_SOFT,
	[FILTERED]		= TCPSTATE_ICMP_HARD,
	[PRECEDENCE_VIOLATED]	= TCPSTATE_ICMP_HARD,
	[PRECEDENCE_CUT]	= TCPSTATE_ICMP_HARD,
};

/**
 * tcpstate_icmp_kind() - how hard an ICMP message is for a connection
 * @type: ICMP type
 * @code: ICMP code
 *
 * Context: any.
 * Return: enum tcpstate_icmp_kind.
 * Source: RFC 9293 3.9.2.2 (MUST-55, MUST-56, SHLD-26).
 */
u8 tcpstate_icmp_kind(u8 type, u8 code)
{
	switch (type) {
	case UNREACHABLE:
		return code < UNREACHABLE_CODES ? unreachable[code] : TCPSTATE_ICMP_IGNORE;
	case TIME_EXCEEDED:
	case PARAMETER_PROBLEM:
		return TCPSTATE_ICMP_SOFT;
	case SOURCE_QUENCH:
	default:
		return TCPSTATE_ICMP_IGNORE;
	}
}

/**
 * tcpstate_icmp_in_flight() - may an error be about what we have sent
 * @tcb: the connection
 * @seq: sequence number in the quoted segment
 *
 * With nothing outstanding an acknowledgment at SND.NXT may be what is quoted.
 *
 * Context: any.
 * Return: true if the number is one that only an observer of the path knows.
 * Source: RFC 5927 4.1.
 */
bool tcpstate_icmp_in_flight(const struct tcpstate_tcb *tcb, u32 seq)
{
	if (tcb->snd_una == tcb->snd_nxt)
		return seq == tcb->snd_nxt;
	return tcpstate_between(seq, tcb->snd_una, tcb->snd_nxt - 1);
}

/* RFC 1191 7.1, table 7-1: sizes that links have. */
static const u16 plateaus[] = {
	32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, TCPSTATE_MIN_MTU,
};

static u32 plateau_below(u32 len)
{
	unsigned int i = 0;

	while (plateaus[i] >= len && plateaus[i] != TCPSTATE_MIN_MTU)
		i++;
	return plateaus[i] < len ? plateaus[i] : 0;
}

/**
 * tcpstate_icmp_mtu() - what to believe of "fragmentation needed"
 * @claimed: MTU of the next hop in the message, octets; 0: an old router
 * @quoted: total length of the packet that did not fit, octets
 * @current_mtu: what the path is taken to carry now, octets
 *
 * Context: any.
 * Return: the new MTU, octets, or 0 where the claim cannot be true.
 * Source: RFC 1191 3, 5, 7.1; RFC 5927 7.2.
 */
u32 tcpstate_icmp_mtu(u32 claimed, u32 quoted, u32 current_mtu)
{
	u32 mtu = claimed ? claimed : plateau_below(quoted);

	if (mtu < TCPSTATE_MIN_MTU || mtu >= quoted || mtu >= current_mtu)
		return 0;
	return mtu;
}

/**
 * tcpstate_icmp_smaller_mss() - what to try where large segments vanish unheard
 * @mss: segment size that does not get through, octets
 *
 * Context: any.
 * Return: the next size to try, octets; @mss where there is none.
 * Source: RFC 4821 7.2 and 7.7: 1024 first, then what every host takes.
 */
u16 tcpstate_icmp_smaller_mss(u16 mss)
{
	if (mss > 1024)
		return 1024;
	return mss > TCPSTATE_DEFAULT_MSS_V4 ? TCPSTATE_DEFAULT_MSS_V4 : mss;
}

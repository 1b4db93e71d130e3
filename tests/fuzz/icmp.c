// SPDX-License-Identifier: GPL-2.0
/*
 * ICMP: an error moves only what RFC 5927 lets it, and no MTU that it tells of
 * makes a path wider, or narrower than links are.
 */
#include "fuzz.h"

static void kind(u8 type, u8 code)
{
	u8 kind = tcpstate_icmp_kind(type, code);

	must(kind <= TCPSTATE_ICMP_TOO_BIG);
	if (type != 3 && type != 11 && type != 12)
		must(kind == TCPSTATE_ICMP_IGNORE);
	if (type != 3)
		must(kind != TCPSTATE_ICMP_HARD);
	must((kind == TCPSTATE_ICMP_TOO_BIG) == (type == 3 && code == 4));
	/* MUST-56 */
	if (type == 3 && (code == 0 || code == 1 || code == 5))
		must(kind == TCPSTATE_ICMP_SOFT);
}

static void in_flight(struct input *in)
{
	u32 una = take32(in), flight = take_size(in, TCPSTATE_MAX_WND), move = take32(in);
	struct tcpstate_tcb tcb = { .snd_una = una, .snd_nxt = una + flight };
	u32 seq = take_near(in, (const u32[]){ una, una + flight }, 2);
	bool on_its_way = tcpstate_icmp_in_flight(&tcb, seq);
	s64 ahead = (s32)(seq - una);

	must(on_its_way == (flight ? ahead >= 0 && ahead < flight : !ahead));
	tcb.snd_una += move;
	tcb.snd_nxt += move;
	must(on_its_way == tcpstate_icmp_in_flight(&tcb, seq + move));
}

static void mtu(struct input *in)
{
	u32 claimed = take_size(in, 65535), quoted = take_size(in, 65535);
	u32 current_mtu = take8(in) & 1 ? quoted : take_size(in, 65535);
	u32 mtu = tcpstate_icmp_mtu(claimed, quoted, current_mtu);

	if (claimed >= TCPSTATE_MIN_MTU && claimed < quoted && claimed < current_mtu)
		must(mtu == claimed);
	else if (claimed)
		must(!mtu);
	if (mtu)
		must(mtu >= TCPSTATE_MIN_MTU && mtu < quoted && mtu < current_mtu);
}

static void smaller(u16 mss)
{
	unsigned int steps;
	u16 next;

	for (steps = 0; ; mss = next, steps++) {
		next = tcpstate_icmp_smaller_mss(mss);
		must(next <= mss && steps < 3);
		if (next == mss)
			break;
	}
	must(mss <= TCPSTATE_DEFAULT_MSS_V4);
}

int fuzz_one(const u8 *data, size_t len)
{
	struct input in = { data, len };

	while (in.left) {
		kind(take8(&in) % 20, take8(&in));
		in_flight(&in);
		mtu(&in);
		smaller(take_size(&in, 65535));
	}
	return 0;
}

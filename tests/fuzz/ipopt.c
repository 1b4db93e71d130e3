// SPDX-License-Identifier: GPL-2.0
/*
 * IP options: any octets can be looked through for a source route; the way
 * back is one that IP takes, and the way back along it is the way there.
 */
#include "fuzz.h"

/* Names itself nowhere. */
static const u8 stranger[4] = { 255, 255, 255, 254 };

static bool has(const u8 *route, unsigned int hops, const u8 *address)
{
	unsigned int i;

	for (i = 0; i < hops; i++)
		if (!memcmp(route + 3 + 4 * i, address, 4))
			return true;
	return false;
}

static void well_formed(const u8 *route, unsigned int len)
{
	unsigned int i;

	must(len >= 8 && len <= TCPSTATE_IPOPT_MAX && len % 4 == 0);
	must(route[0] == 131 || route[0] == 137);
	must(route[1] >= 7 && route[1] <= len && len - route[1] < 4 && (route[1] - 3) % 4 == 0);
	must(route[2] == 4);
	for (i = route[1]; i < len; i++)
		must(!route[i]);
}

static void back_again(const u8 *route, unsigned int len)
{
	unsigned int hops = (route[1] - 3) / 4, i;
	u8 done[TCPSTATE_IPOPT_MAX], again[TCPSTATE_IPOPT_MAX];

	if (has(route, hops, stranger))
		return;
	memcpy(done, route, len);
	/* It has not ended before the pointer stands behind the last hop. */
	must(!tcpstate_ipopt_return_route(done, len, stranger, again));
	done[2] = done[1];
	must(!tcpstate_ipopt_return_route(done, len, stranger, again));
	done[2] = done[1] + 1;
	must(tcpstate_ipopt_return_route(done, len, stranger, again) == len);
	must(again[0] == route[0] && again[1] == route[1]);
	for (i = 0; i < hops; i++)
		must(!memcmp(again + 3 + 4 * i, route + 3 + 4 * (hops - 1 - i), 4));
}

int fuzz_one(const u8 *data, size_t size)
{
	struct input in = { data, size };
	u8 source[4] = { take8(&in), take8(&in), take8(&in), take8(&in) };
	unsigned int len = in.left < TCPSTATE_IPOPT_MAX ? in.left : TCPSTATE_IPOPT_MAX;
	u8 *options = malloc(len ? len : 1), *route = malloc(TCPSTATE_IPOPT_MAX);
	unsigned int n;

	must(options && route);
	memcpy(options, in.at, len);
	n = tcpstate_ipopt_return_route(options, len, source, route);
	if (n) {
		well_formed(route, n);
		back_again(route, n);
	}
	free(options);
	free(route);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * IP options of a received segment, as far as TCP minds them: the way back
 * along a source route.  Pure: octets in, octets out.
 */
#include "tcpstate_tcb.h"

#define END		0
#define NOP		1
#define LOOSE_ROUTE	131
#define STRICT_ROUTE	137
#define ROUTE_HEADER	3	/* type, length, pointer */
#define ADDRESS		4

static void copy(u8 *to, const u8 *from)
{
	unsigned int i;

	for (i = 0; i < ADDRESS; i++)
		to[i] = from[i];
}

static bool same(const u8 *a, const u8 *b)
{
	unsigned int i;

	for (i = 0; i < ADDRESS && a[i] == b[i]; i++)
		;
	return i == ADDRESS;
}

/* The first source route among options, complete in the packet, or NULL. */
static const u8 *find_route(const u8 *options, unsigned int len)
{
	unsigned int i = 0;

	while (i < len && options[i] != END) {
		if (options[i] == NOP) {
			i++;
			continue;
		}
		if (i + 1 >= len || options[i + 1] < 2 || i + options[i + 1] > len)
			return NULL;
		if (options[i] == LOOSE_ROUTE || options[i] == STRICT_ROUTE)
			return options + i;
		i += options[i + 1];
	}
	return NULL;
}

/**
 * tcpstate_ipopt_return_route() - the way back along a source route that ended here
 * @options: options of the IP header
 * @len: their length, octets
 * @source: address of the sender, 4 octets
 * @route: filled: TCPSTATE_IPOPT_MAX octets; an option as IP_OPTIONS takes it,
 *	the first hop first and without the destination, padded
 *
 * Context: any.
 * Return: its length, octets, a multiple of 4; 0: no completed source route,
 * or one without a hop.
 * Source: RFC 9293 3.9.2.1 (MUST-53), RFC 1122 3.2.1.8 (c).
 */
unsigned int tcpstate_ipopt_return_route(const u8 *options, unsigned int len, const u8 *source,
					 u8 *route)
{
	const u8 *in = find_route(options, len);
	unsigned int n, i, out;

	if (!in || in[1] < ROUTE_HEADER || (in[1] - ROUTE_HEADER) % ADDRESS)
		return 0;
	/* The pointer stands behind the last address: the route has ended here. */
	if (in[2] <= in[1] || in[1] > TCPSTATE_IPOPT_MAX - 1)
		return 0;
	n = (in[1] - ROUTE_HEADER) / ADDRESS;
	/* Some senders list themselves first (RFC 1122); that is the destination. */
	i = n && same(in + ROUTE_HEADER, source) ? 1 : 0;
	if (i == n)
		return 0;
	route[0] = in[0];
	route[1] = (u8)(ROUTE_HEADER + (n - i) * ADDRESS);
	route[2] = ROUTE_HEADER + 1;
	for (out = ROUTE_HEADER; n > i; out += ADDRESS)
		copy(route + out, in + ROUTE_HEADER + --n * ADDRESS);
	while (out % 4)
		route[out++] = END;
	return out;
}

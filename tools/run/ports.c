// SPDX-License-Identifier: GPL-2.0
/*
 * Lists of ports: numbers and ranges, with commas between.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "ports.h"

static bool parse_port(const char **text, unsigned int *port)
{
	char *end;
	unsigned long number;

	/* strtoul() would take a sign and spaces. */
	if (!isdigit((unsigned char)**text))
		return false;
	number = strtoul(*text, &end, 10);
	if (number < 1 || number > 65535)
		return false;
	*text = end;
	*port = number;
	return true;
}

/**
 * ports_parse() - read a list
 * @ports: set to the ports of the list
 * @text: such as "80,8000-8099"
 *
 * Return: false if the text is no list; @ports is then of no use.
 */
bool ports_parse(struct ports *ports, const char *text)
{
	unsigned int first, last;

	memset(ports, 0, sizeof(*ports));
	for (;;) {
		if (!parse_port(&text, &first))
			return false;
		last = first;
		if (*text == '-') {
			text++;
			if (!parse_port(&text, &last) || last < first)
				return false;
		}
		for (; first <= last; first++)
			ports->bits[first / 8] |= 1 << first % 8;
		if (!*text)
			return true;
		if (*text++ != ',')
			return false;
	}
}

/**
 * ports_have() - is a port in a list
 * @ports: the list
 * @port: host order, below 65536; 0 is in no list
 *
 * Return: true if it is.
 */
bool ports_have(const struct ports *ports, unsigned int port)
{
	return ports->bits[port / 8] & 1 << port % 8;
}

// SPDX-License-Identifier: GPL-2.0
/* See slow.h. */
#include <stdlib.h>

#include "slow.h"

/**
 * slow_factor() - what deadlines are multiplied by
 *
 * Return: TCPSTATE_SLOW, at least 1.
 */
int slow_factor(void)
{
	const char *text = getenv("TCPSTATE_SLOW");
	int factor = text ? atoi(text) : 1;

	return factor < 1 ? 1 : factor;
}

unsigned int __real_alarm(unsigned int seconds);
unsigned int __wrap_alarm(unsigned int seconds);

/*
 * The limit of each test case is an alarm() in kselftest_harness.h, whose seconds
 * are constants. The linker's --wrap sends its calls here.
 */
unsigned int __wrap_alarm(unsigned int seconds)
{
	return __real_alarm(seconds * slow_factor());
}

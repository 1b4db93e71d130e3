// SPDX-License-Identifier: GPL-2.0
/* The rows of cases_rtt.h, in user space, over tcpstate_rtt.c as it is. */
#include "cases_rtt.h"
#include "run.h"

int main(void)
{
	return run_suites("rtt", rtt_suites, ROWS(rtt_suites));
}

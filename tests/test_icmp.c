// SPDX-License-Identifier: GPL-2.0
/* The rows of cases_icmp.h, in user space, over tcpstate_icmp.c as it is. */
#include "cases_icmp.h"
#include "run.h"

int main(void)
{
	return run_suites("icmp", icmp_suites, ROWS(icmp_suites));
}

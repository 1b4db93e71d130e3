// SPDX-License-Identifier: GPL-2.0
/* The rows of cases_ipopt.h, in user space, over tcpstate_ipopt.c as it is. */
#include "cases_ipopt.h"
#include "run.h"

int main(void)
{
	return run_suites("ipopt", ipopt_suites, ROWS(ipopt_suites));
}

// SPDX-License-Identifier: GPL-2.0
/* The rows of cases_urg.h, in user space, over tcpstate_urg.c as it is. */
#include "cases_urg.h"
#include "run.h"

int main(void)
{
	return run_suites("urg", urg_suites, ROWS(urg_suites));
}

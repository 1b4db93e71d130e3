// SPDX-License-Identifier: GPL-2.0
/* The rows of cases_reno.h, in user space, over tcpstate_reno.c as it is. */
#include "cases_reno.h"
#include "run.h"

int main(void)
{
	return run_suites("reno", reno_suites, ROWS(reno_suites));
}

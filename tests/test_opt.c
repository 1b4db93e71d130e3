// SPDX-License-Identifier: GPL-2.0
/* The rows of cases_opt.h, in user space, over tcpstate_opt.c as it is. */
#include "cases_opt.h"
#include "run.h"

int main(void)
{
	return run_suites("opt", opt_suites, ROWS(opt_suites));
}

// SPDX-License-Identifier: GPL-2.0
/* The rows of cases_sack.h, in user space, over tcpstate_sack.c as it is. */
#include "cases_sack.h"
#include "run.h"

int main(void)
{
	return run_suites("sack", sack_suites, ROWS(sack_suites));
}

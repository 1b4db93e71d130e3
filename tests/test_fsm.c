// SPDX-License-Identifier: GPL-2.0
/* The rows of cases_fsm.h, in user space, over tcpstate_fsm.c as it is. */
#include "cases_fsm.h"
#include "run.h"

int main(void)
{
	return run_suites("fsm", fsm_suites, ROWS(fsm_suites));
}

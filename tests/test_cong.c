// SPDX-License-Identifier: GPL-2.0
/* The rows of cases_cong.h, in user space, over tcpstate_cong.c as it is. */
#include "cases_cong.h"
#include "run.h"

int main(void)
{
	return run_suites("cong", cong_suites, ROWS(cong_suites));
}

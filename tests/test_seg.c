// SPDX-License-Identifier: GPL-2.0
/* The rows of cases_seg.h, in user space, over tcpstate_seg.c as it is. */
#include "cases_seg.h"
#include "run.h"

int main(void)
{
	return run_suites("seg", seg_suites, ROWS(seg_suites));
}

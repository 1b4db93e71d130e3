// SPDX-License-Identifier: GPL-2.0
/* The rows of cases_cookie.h, in user space, over tcpstate_cookie.c as it is. */
#include "cases_cookie.h"
#include "run.h"

int main(void)
{
	return run_suites("cookie", cookie_suites, ROWS(cookie_suites));
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The unit tests of layer 0 inside a kernel: the very tables that test_*.c run
 * in user space, over the same files, built with the kernel's flags.
 */
#include <linux/module.h>

#include <kunit/test.h>

#include "cases_fsm.h"
#include "cases_seg.h"
#include "cases_opt.h"
#include "cases_sack.h"
#include "cases_cookie.h"
#include "cases_urg.h"
#include "cases_icmp.h"
#include "cases_ipopt.h"
#include "cases_rtt.h"
#include "cases_cong.h"
#include "cases_reno.h"

static void run_suites(struct kunit *test, const struct suite * const *suites, unsigned int n)
{
	unsigned int s, i;

	for (s = 0; s < n; s++)
		for (i = 0; i < suites[s]->rows; i++)
			KUNIT_EXPECT_TRUE_MSG(test, suites[s]->holds(i), "%s (%s)",
					      suites[s]->row(i)->name, suites[s]->row(i)->source);
}

#define CASES(file) \
	static void file##_cases(struct kunit *test) \
	{ run_suites(test, file##_suites, ROWS(file##_suites)); }

CASES(fsm)
CASES(seg)
CASES(opt)
CASES(sack)
CASES(cookie)
CASES(urg)
CASES(icmp)
CASES(ipopt)
CASES(rtt)
CASES(cong)
CASES(reno)

static struct kunit_case pure_cases[] = {
	KUNIT_CASE(fsm_cases),
	KUNIT_CASE(seg_cases),
	KUNIT_CASE(opt_cases),
	KUNIT_CASE(sack_cases),
	KUNIT_CASE(cookie_cases),
	KUNIT_CASE(urg_cases),
	KUNIT_CASE(icmp_cases),
	KUNIT_CASE(ipopt_cases),
	KUNIT_CASE(rtt_cases),
	KUNIT_CASE(cong_cases),
	KUNIT_CASE(reno_cases),
	{}
};

static struct kunit_suite pure_suite = {
	.name = "tcpstate",
	.test_cases = pure_cases,
};

kunit_test_suite(pure_suite);

MODULE_DESCRIPTION("KUnit tests of tcpstate's pure layer");
MODULE_LICENSE("GPL");

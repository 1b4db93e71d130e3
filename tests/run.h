/* SPDX-License-Identifier: GPL-2.0 */
/* The user-space runner: every row of every suite, the false ones by name. */
#ifndef TESTS_RUN_H
#define TESTS_RUN_H

#include <stdio.h>

#include "cases.h"

static int run_suites(const char *file, const struct suite * const *suites, unsigned int n)
{
	unsigned int passed = 0, failed = 0, s, i;

	for (s = 0; s < n; s++) {
		for (i = 0; i < suites[s]->rows; i++) {
			if (suites[s]->holds(i)) {
				passed++;
				continue;
			}
			failed++;
			printf("not ok: %s (%s)\n", suites[s]->row(i)->name,
			       suites[s]->row(i)->source);
		}
	}
	printf("%s: %u passed, %u failed\n", file, passed, failed);
	return failed || !passed;
}

#endif /* TESTS_RUN_H */

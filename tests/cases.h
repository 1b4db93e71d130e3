/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The form of the unit tests of layer 0.  cases_FILE.h holds the tables for
 * tcpstate_FILE.c: pure data and pure functions, run by test_FILE.c in user
 * space and by tcpstate_kunit.c in a kernel.
 */
#ifndef TESTS_CASES_H
#define TESTS_CASES_H

#include <linux/types.h>

#include "tcpstate_fsm.h"
#include "tcpstate_tcb.h"

/**
 * struct row - one fact
 * @name: function__situation
 * @source: where it is written
 */
struct row {
	const char *name;
	const char *source;
};

/**
 * struct suite - a table of rows of one kind
 * @rows: how many
 * @row: the name and source of row i
 * @holds: whether row i is true of the code
 */
struct suite {
	unsigned int rows;
	const struct row *(*row)(unsigned int i);
	bool (*holds)(unsigned int i);
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* A suite over TABLE, whose entries begin with a struct row, checked by TABLE_holds(). */
#define SUITE(table) \
	static const struct row *table##_row(unsigned int i) { return &table[i].row; } \
	static const struct suite table##_suite = { ROWS(table), table##_row, table##_holds }

/* A small generator, the same everywhere, so that a failure can be repeated. */
static inline u32 next_random(u32 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static inline bool same_text(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

#endif /* TESTS_CASES_H */

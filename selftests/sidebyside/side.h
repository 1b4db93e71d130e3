/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One program that makes every call on a stream socket in every state, and prints
 * what came of it, a row a call: "STATE: CALL<tab>RESULT". It runs once on the
 * in-tree TCP and once on ours; ../sidebyside_test.sh compares the rows.
 *
 * What is printed must be the same each time on the same TCP: no port numbers, no
 * addresses of memory, no times.
 */
#ifndef SELFTESTS_SIDEBYSIDE_H
#define SELFTESTS_SIDEBYSIDE_H

#include <stdbool.h>
#include <netinet/in.h>

#include "lib/wire.h"

/**
 * struct side - a socket in a state
 * @name: of the state
 * @fd: the socket, O_NONBLOCK
 * @peer: another one of the same family, which belongs to the state, or -1
 * @c: its peer on the wire, where the state has one
 * @w: the wire
 */
struct side {
	const char *name;
	int fd;
	int peer;
	struct wire_conn c;
	struct wire *w;
};

/**
 * struct side_state - how to bring a socket into a state
 * @name: of the rows
 * @enter: 0 or -1
 * @options: whether all options are tried in it
 */
struct side_state {
	const char *name;
	int (*enter)(struct side *s);
	bool options;
};

extern const struct side_state side_states[];
extern const int side_nstates;

/* An address where no memory is; and numbers of parts that the compiler does not know. */
extern void * volatile side_bad;
extern volatile int side_parts_negative, side_parts_many;

void side_fresh(struct side *s, const struct side_state *state);
void side_drop(struct side *s);
void side_again(struct side *s);
void side_maybe(struct side *s);
void side_say(struct side *s, long ret, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void side_add(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void side_end(void);
void side_settle(struct side *s);
void side_events(struct side *s);

void side_calls(struct side *s);
void side_messages(struct side *s);
void side_waiting(struct side *s);
void side_options(struct side *s);

#endif /* SELFTESTS_SIDEBYSIDE_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A reader that sleeps in the kernel with the socket locked, so that what comes
 * meanwhile has to wait: its buffer is a page that is there only when the test says so.
 */
#ifndef SELFTESTS_LIB_STUCK_H
#define SELFTESTS_LIB_STUCK_H

#include <pthread.h>

#define STUCK_OCTETS	10	/* that it reads; they must be there before */

struct stuck_reader {
	int fd, uffd;
	void *page;
	long size;
	long got;
	pthread_t thread;
};

int stuck_begin(struct stuck_reader *r, int fd);
int stuck_end(struct stuck_reader *r);

#endif /* SELFTESTS_LIB_STUCK_H */

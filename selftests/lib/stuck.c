// SPDX-License-Identifier: GPL-2.0
/*
 * A reader that holds a socket until it is told to go on. Who hears of the page that
 * it misses is this process, by userfaultfd(2).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "slow.h"
#include "stuck.h"

#define DEADLINE_MS	(10000 * slow_factor())

static void *reading(void *arg)
{
	struct stuck_reader *r = arg;

	r->got = recv(r->fd, r->page, STUCK_OCTETS, 0);
	return NULL;
}

/* 0 once it holds the socket; 1 where the kernel has no userfaultfd; -1 */
int stuck_begin(struct stuck_reader *r, int fd)
{
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	struct pollfd pfd = { .events = POLLIN };

	memset(r, 0, sizeof(*r));
	r->fd = fd;
	r->size = sysconf(_SC_PAGESIZE);
	r->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (r->uffd < 0)
		return errno == ENOSYS ? 1 : -1;
	r->page = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r->page == MAP_FAILED)
		return -1;
	range.range.start = (unsigned long)r->page;
	range.range.len = r->size;
	if (ioctl(r->uffd, UFFDIO_API, &api) || ioctl(r->uffd, UFFDIO_REGISTER, &range) ||
	    pthread_create(&r->thread, NULL, reading, r))
		return -1;
	pfd.fd = r->uffd;
	if (poll(&pfd, 1, DEADLINE_MS) == 1)
		return 0;
	fprintf(stderr, "# the reader does not miss its page\n");
	return -1;
}

/* It gets its page, reads, and lets go of the socket. 0 or -1. */
int stuck_end(struct stuck_reader *r)
{
	struct uffdio_zeropage zero = { .range = { (unsigned long)r->page, r->size } };

	if (ioctl(r->uffd, UFFDIO_ZEROPAGE, &zero) || pthread_join(r->thread, NULL))
		return -1;
	close(r->uffd);
	munmap(r->page, r->size);
	return r->got == STUCK_OCTETS ? 0 : -1;
}

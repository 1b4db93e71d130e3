// SPDX-License-Identifier: GPL-2.0
/*
 * Segments that wait in a queue must all be processed before any ACK is sent, so
 * that one ACK answers them all (RFC 9293 3.10.7.4, MUST-58 and MUST-59).
 *
 * They wait while a process holds the socket: it reads into a page that is not
 * there, and this process, who hears of that by userfaultfd(2), brings the page
 * only when the segments have come.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

#define PAGE	4096
#define MSS	1460

struct reader {
	int fd, uffd;
	void *page;	/* absent until it is brought */
	long got;
	pthread_t thread;
};

static void *reading(void *arg)
{
	struct reader *r = arg;

	r->got = recv(r->fd, r->page, 10, 0);
	return NULL;
}

/* Returns when the reader holds the socket and waits for its page. */
static int begin(struct reader *r, int fd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffd_msg msg;
	struct pollfd pfd;

	r->fd = fd;
	r->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	r->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r->uffd < 0 || r->page == MAP_FAILED || ioctl(r->uffd, UFFDIO_API, &api))
		return -1;
	range.range.start = (unsigned long)r->page;
	range.range.len = PAGE;
	if (ioctl(r->uffd, UFFDIO_REGISTER, &range) ||
	    pthread_create(&r->thread, NULL, reading, r))
		return -1;
	pfd = (struct pollfd){ .fd = r->uffd, .events = POLLIN };
	if (poll(&pfd, 1, WIRE_DEADLINE_MS) != 1)
		return -1;
	return read(r->uffd, &msg, sizeof(msg)) == sizeof(msg) ? 0 : -1;
}

static int end(struct reader *r)
{
	struct uffdio_zeropage zero = { .range = { (unsigned long)r->page, PAGE } };

	if (ioctl(r->uffd, UFFDIO_ZEROPAGE, &zero) || pthread_join(r->thread, NULL))
		return -1;
	close(r->uffd);
	return r->got == 10 ? 0 : -1;
}

/* The small kernels of selftests/config are without. */
static bool no_userfaultfd(void)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == ENOSYS;
}

WIRE_FIXTURE(queue)

WIRE_TEST(queue, one_ack_for_all)
{
	struct wire_conn *c = &self->c;
	struct reader reader = {};
	int i;

	if (no_userfaultfd())
		SKIP(return, "the kernel has no userfaultfd");
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "PA len 10");
	EXPECT(c, "A seq 1 ack 11 len 0");
	ASSERT_EQ(0, begin(&reader, c->fd));
	for (i = 0; i < 8; i++)
		SEND(c, "A len %d", MSS);
	/* They are in the queue: nobody has answered. */
	EXPECT_NOTHING(c);
	ASSERT_EQ(0, end(&reader));
	EXPECT(c, "A seq 1 ack %d len 0", 11 + 8 * MSS);
	EXPECT_NOTHING(c);
	c->rd_off = 10;
	ASSERT_EQ(0, wire_read(c, 8 * MSS));
}

WIRE_TEST(queue, one_ack_behind_a_hole)
{
	struct wire_conn *c = &self->c;
	struct reader reader = {};
	int i;

	if (no_userfaultfd())
		SKIP(return, "the kernel has no userfaultfd");
	/* The queue has a hole, and then what fills it: what is told is the end. */
	ASSERT_EQ(0, wire_passive(c, "mss 1460"));
	SEND(c, "PA len 10");
	EXPECT(c, "A seq 1 ack 11 len 0");
	ASSERT_EQ(0, begin(&reader, c->fd));
	for (i = 1; i < 4; i++)
		SEND(c, "A seq %d len %d", 11 + i * MSS, MSS);
	SEND(c, "A seq 11 len %d", MSS);
	EXPECT_NOTHING(c);
	ASSERT_EQ(0, end(&reader));
	EXPECT(c, "A seq 1 ack %d len 0", 11 + 4 * MSS);
	EXPECT_NOTHING(c);
}

TEST_HARNESS_MAIN

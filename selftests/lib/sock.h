/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the socket tests share: one switch between the family under test and
 * the in-tree TCP, a private network namespace, connected pairs, and waiting
 * for events up to a deadline.
 */
#ifndef TCPSTATE_SELFTESTS_SOCK_H
#define TCPSTATE_SELFTESTS_SOCK_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <netinet/in.h>

#include "slow.h"

/* Long enough for a loaded, emulated machine; reached only by a failure. */
#define SOCK_DEADLINE_MS	(20000 * slow_factor())

/* The errno of a call that must fail, 0 when it succeeded. */
#define sock_errno(call)						\
	({								\
		errno = 0;						\
		(long)(call) < 0 ? errno : 0;				\
	})

/* Retry a condition each millisecond until it holds or time is up. */
#define sock_until(cond)						\
	({								\
		const long long _end = sock_ms() + SOCK_DEADLINE_MS;	\
		bool _held;						\
									\
		while (!(_held = (cond)) && sock_ms() < _end)		\
			sock_pause();					\
		_held;							\
	})

/*
 * A fixture whose setup moves the test into a network namespace of its own.
 * For files that include kselftest_harness.h.
 */
#define SOCK_FIXTURE(name)						\
	FIXTURE(name) {							\
		int unused;						\
	};								\
	FIXTURE_SETUP(name)						\
	{								\
		self->unused = 0;					\
		ASSERT_EQ(0, sock_netns());				\
	}								\
	FIXTURE_TEARDOWN(name)						\
	{								\
	}

/* Two ends of one connection, and the listener it came from (or -1). */
struct sock_pair {
	int client;
	int server;
	int listener;
};

int sock_family(void);
int sock_wire(void);
bool sock_is_intree(void);

int sock_netns(void);
int sock_blackhole(void);
int sock_sysctl(const char *name, long value);
bool sock_drop_cap(int cap);

int sock_new(int flags);
int sock_intree(void);
struct sockaddr_in sock_addr(const char *ip, int port);
int sock_bind(int fd, const char *ip, int port);
int sock_connect(int fd, const struct sockaddr_in *addr);
int sock_port(int fd);
int sock_listen(struct sockaddr_in *addr, int backlog);
int sock_pair(struct sock_pair *pair);
int sock_syn_sent(void);

long long sock_ms(void);
void sock_pause(void);
int sock_events(int fd, int events);
bool sock_wait(int fd, int events);
bool sock_waits(pid_t tid);
int sock_state(int fd);
bool sock_wait_state(int fd, int state);
/* A line of /proc/net/tcpstate_stat of this namespace; -1: it has none. */
long sock_statistic(const char *wanted);
long sock_gauge(int state);
bool sock_wait_gauge(int state, long value);

int sock_get(int fd, int level, int name);
int sock_set(int fd, int level, int name, int value);
int sock_timeout(int fd, int name, long ms);
int sock_nonblock(int fd);
int sock_error(int fd);

uint32_t sock_random(uint32_t *seed);
void sock_pattern(void *buf, size_t len, uint32_t seed);
int sock_write_all(int fd, const void *buf, size_t len);
int sock_read_all(int fd, void *buf, size_t len);
long sock_fill(int fd);
long sock_drain(int fd);

#endif /* TCPSTATE_SELFTESTS_SOCK_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the preload library share.
 */
#ifndef TCPSTATE_RUN_PRELOAD_H
#define TCPSTATE_RUN_PRELOAD_H

#include <stdbool.h>
#include <sys/socket.h>

#include "ports.h"

/*
 * Set once, before the first call goes through, from the environment that
 * tcpstate-run prepares (env.h); only read afterwards.
 */
struct settings {
	int family;		/* AF_TCPSTATE, or the module's parameter */
	int protocol;		/* of new sockets: 6 or 253 */
	bool ipv4_only;
	bool have_ports;	/* ports holds the list of --ports */
	bool have_not_ports;
	const char *log;	/* NULL: none */
	struct ports ports;
	struct ports not_ports;
};

extern struct settings settings;

/* libc's own, behind ours. */
struct libc_calls {
	int (*socket)(int domain, int type, int protocol);
	int (*bind)(int fd, const struct sockaddr *addr, socklen_t len);
	int (*listen)(int fd, int backlog);
	int (*connect)(int fd, const struct sockaddr *addr, socklen_t len);
	int (*getsockopt)(int fd, int level, int name, void *value, socklen_t *len);
	int (*setsockopt)(int fd, int level, int name, const void *value, socklen_t len);
};

extern struct libc_calls libc_calls;

/* preload.c */
int preload_set_reuseport(int fd, const void *value, socklen_t len);

/* move.c */
bool move_socket(int fd, bool to_ours);

/* epoll.c */
struct epoll_entries;
struct epoll_entries *epoll_entries_of(int fd);
void epoll_entries_restore(struct epoll_entries *entries, int fd);
void epoll_entries_free(struct epoll_entries *entries);

/* log.c: nothing happens, and errno stays, without --log. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

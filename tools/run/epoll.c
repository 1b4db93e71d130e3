// SPDX-License-Identifier: GPL-2.0
/*
 * Registrations with epoll(7) go when a descriptor is given another socket, so
 * they are read from /proc/self/fdinfo before and made again after. nginx, for
 * one, registers a socket before it connects it.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "preload.h"

/* One registration: which epoll descriptor, and with what. */
struct epoll_entries {
	struct epoll_entries *next;
	struct epoll_event event;
	int epfd;
};

static bool is_epoll(int dir, const char *name)
{
	char target[32];
	ssize_t length = readlinkat(dir, name, target, sizeof(target) - 1);

	if (length < 0)
		return false;
	target[length] = 0;
	return !strcmp(target, "anon_inode:[eventpoll]");
}

/* Puts the registration of fd with epfd, if there is one, before the others. */
static struct epoll_entries *add_entry(struct epoll_entries *entries, int epfd, int fd)
{
	struct epoll_entries *entry;
	char path[48], line[256];
	unsigned long long data;
	unsigned int events;
	FILE *info;
	int target;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", epfd);
	info = fopen(path, "re");
	if (!info)
		return entries;
	while (fgets(line, sizeof(line), info)) {
		if (sscanf(line, "tfd: %d events: %x data: %llx", &target, &events, &data) != 3 ||
		    target != fd)
			continue;
		entry = malloc(sizeof(*entry));
		if (!entry)
			break;
		entry->next = entries;
		entry->event.events = events;
		entry->event.data.u64 = data;
		entry->epfd = epfd;
		entries = entry;
		break;
	}
	fclose(info);
	return entries;
}

/**
 * epoll_entries_of() - where a descriptor is registered
 * @fd: the descriptor
 *
 * Return: a list, for epoll_entries_free() at last, or NULL if there is none.
 */
struct epoll_entries *epoll_entries_of(int fd)
{
	struct epoll_entries *entries = NULL;
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	if (!dir)
		return NULL;
	while ((entry = readdir(dir)))
		if (is_epoll(dirfd(dir), entry->d_name))
			entries = add_entry(entries, atoi(entry->d_name), fd);
	closedir(dir);
	return entries;
}

/**
 * epoll_entries_restore() - register a descriptor again
 * @entries: from epoll_entries_of()
 * @fd: the descriptor, with another socket behind it
 */
void epoll_entries_restore(struct epoll_entries *entries, int fd)
{
	for (; entries; entries = entries->next)
		if (epoll_ctl(entries->epfd, EPOLL_CTL_ADD, fd, &entries->event))
			log_line("fd %d: cannot be registered again with epoll %d: %m", fd,
				 entries->epfd);
}

/**
 * epoll_entries_free() - let go of a list
 * @entries: from epoll_entries_of()
 */
void epoll_entries_free(struct epoll_entries *entries)
{
	struct epoll_entries *next;

	for (; entries; entries = next) {
		next = entries->next;
		free(entries);
	}
}

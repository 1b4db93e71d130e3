// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel tells by /proc, and the way into network namespaces.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "link.h"
#include "netns.h"

#define STAT	"/proc/net/tcpstate_stat"

/**
 * netns_enter() - go into a namespace of the options
 * @o: the options
 * @i: which of them; 0 without any is where we are
 *
 * Return: false behind the last one.
 */
bool netns_enter(const struct options *o, int i)
{
	char path[256];
	int fd;

	if (!o->netns_count)
		return !i;
	if (i >= o->netns_count)
		return false;
	if (strchr(o->netns[i], '/'))
		die_usage("not a network namespace: %s", o->netns[i]);
	snprintf(path, sizeof(path), "/run/netns/%s", o->netns[i]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("no network namespace %s: %s", o->netns[i], strerror(errno));
	if (setns(fd, CLONE_NEWNET))
		die("cannot enter the network namespace %s: %s", o->netns[i], strerror(errno));
	close(fd);
	return true;
}

/**
 * netns_need_module() - end the program unless the module is there
 */
void netns_need_module(void)
{
	if (access(STAT, F_OK))
		die("the module tcpstate is not loaded");
}

static void read_stat(struct text *t)
{
	char part[4096];
	FILE *f;
	size_t n;

	netns_need_module();
	f = fopen(STAT, "r");
	if (!f)
		die(STAT ": %s", strerror(errno));
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		text_bytes(t, part, n);
	fclose(f);
}

void link_stat(struct diagram_taken *taken, const struct options *o)
{
	struct text t = {};
	int i;

	for (i = 0; netns_enter(o, i); i++) {
		read_stat(&t);
		if (!diagram_stat(taken, t.s))
			die(STAT " is not as expected");
		text_free(&t);
	}
}

void link_gauges(unsigned long gauges[TCPSTATE_MAX_STATES], const struct options *o)
{
	char name[WORD_LEN];
	struct text t = {};
	unsigned long n;
	const char *s;
	int i;

	for (i = 0; netns_enter(o, i); i++) {
		read_stat(&t);
		for (s = t.s; s && *s; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL) {
			uint8_t state;

			if (sscanf(s, "%23[A-Z0-9_] %lu", name, &n) != 2)
				continue;
			state = state_by_name(name);
			if (state)
				gauges[state] += n;
		}
		text_free(&t);
	}
}

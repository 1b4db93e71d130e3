// SPDX-License-Identifier: GPL-2.0
/*
 * Every option number of every level that a stream socket has: read with right and
 * wrong lengths and addresses, set to right and wrong values, read again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "side.h"
#include "lib/sock.h"

#define LAST_OPTION	80
#define ROOM		1024

/* What is never the same twice, or says which socket of which family this is. */
static bool incomparable(int level, int name)
{
	if (level == SOL_SOCKET)
		return name == SO_INCOMING_CPU || name == SO_INCOMING_NAPI_ID ||
		       name == SO_COOKIE || name == SO_MEMINFO ||
		       name == SO_PEERNAME ||
		       name == 71;	/* SO_NETNS_COOKIE */
	/* IP_PROTOCOL, the port in newer kernels' answer. */
	if (level == SOL_IP)
		return name == 52;
	if (level == SOL_TCP)
		return name == TCP_INFO || name == TCP_CC_INFO || name == TCP_TIMESTAMP ||
		       name == TCP_QUEUE_SEQ || name == TCP_ZEROCOPY_RECEIVE;
	return false;
}

static void tell_value(int level, int name, const void *room, int len)
{
	const unsigned char *octet = room;
	int i, number;

	side_add("length=%d", len);
	if (incomparable(level, name) || len <= 0)
		return;
	if (len == sizeof(int)) {
		memcpy(&number, room, sizeof(number));
		side_add("%d", number);
		return;
	}
	for (i = 0; i < len && i < 24; i++)
		side_add("%02x", octet[i]);
}

static const char *level_name(int level)
{
	static char number[16];

	switch (level) {
	case SOL_SOCKET:
		return "SOL_SOCKET";
	case SOL_TCP:
		return "SOL_TCP";
	case SOL_IP:
		return "SOL_IP";
	}
	snprintf(number, sizeof(number), "level %d", level);
	return number;
}

static void get(struct side *s, int level, int name, int given)
{
	char room[ROOM] = { 0 };
	int len = given;
	long ret;

	ret = syscall(SYS_getsockopt, s->fd, level, name, room, &len);
	side_say(s, ret, "get %s %d, length %d", level_name(level), name, given);
	tell_value(level, name, room, ret ? -1 : len);
}

static void get_badly(struct side *s, int level, int name)
{
	const char *text = level_name(level);
	char room[ROOM];
	int len = 4;

	side_say(s, syscall(SYS_getsockopt, s->fd, level, name, NULL, &len), "get %s %d, NULL",
		 text, name);
	side_say(s, syscall(SYS_getsockopt, s->fd, level, name, room, NULL),
		 "get %s %d, no length", text, name);
}

static void set(struct side *s, int level, int name, int value, int len)
{
	char room[ROOM] = { 0 };
	int read = 4, back = 0;
	long ret;

	memcpy(room, &value, sizeof(value));
	ret = syscall(SYS_setsockopt, s->fd, level, name, room, len);
	side_say(s, ret, "set %s %d to %d, length %d", level_name(level), name, value, len);
	if (ret || len != 4)
		return;
	ret = syscall(SYS_getsockopt, s->fd, level, name, &back, &read);
	if (ret)
		side_add("-%s", strerrorname_np(errno));
	else if (!incomparable(level, name))
		side_add("%d", back);
}

static void set_text(struct side *s, int level, int name, const char *text, int len)
{
	char room[ROOM];
	int size = 16;
	long ret;

	side_say(s, syscall(SYS_setsockopt, s->fd, level, name, text, len),
		 "set %s %d to \"%s\", length %d", level_name(level), name, text, len);
	memset(room, 0, sizeof(room));
	ret = syscall(SYS_getsockopt, s->fd, level, name, room, &size);
	side_say(s, ret, "set %s %d to \"%s\", length %d, get", level_name(level), name, text, len);
	side_add("length=%d \"%s\"", size, room);
}

static void try_option(struct side *s, int level, int name)
{
	static const int lengths[] = { 4, 0, 1, 2, 3, 5, 8, 12, 16, 64, 1000, -1, INT_MIN };
	static const int values[] = { 0, 1, 2, 3, 5, 100, 1000, 65536, INT_MAX, -1, -2, INT_MIN };
	unsigned int i;

	side_again(s);
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		get(s, level, name, lengths[i]);
	get_badly(s, level, name);
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		if (lengths[i] != 4)
			set(s, level, name, 1, lengths[i]);
	side_say(s, syscall(SYS_setsockopt, s->fd, level, name, NULL, 4), "set %s %d, NULL",
		 level_name(level), name);
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		set(s, level, name, values[i], 4);
}

static void try_texts(struct side *s)
{
	static const struct {
		int level, name;
	} options[] = {
		{ SOL_TCP, TCP_CONGESTION }, { SOL_TCP, TCP_ULP }, { SOL_SOCKET, SO_BINDTODEVICE },
	};
	static const char * const texts[] = {
		"", "reno", "x", "a name that is much longer than any", "lo", "nosuch0",
	};
	unsigned int i, j;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		for (j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
			side_again(s);
			set_text(s, options[i].level, options[i].name, texts[j], strlen(texts[j]));
			set_text(s, options[i].level, options[i].name, texts[j],
				 strlen(texts[j]) + 1);
			if (strlen(texts[j]) > 2)
				set_text(s, options[i].level, options[i].name, texts[j], 2);
		}
	}
}

/* All options in all states would take minutes: in some, those that are there. */
void side_options(struct side *s)
{
	static const int levels[] = { SOL_SOCKET, SOL_IP, SOL_TCP };
	static const int others[] = { -1, 2, 17, 41, 132, 255, 269, 282, 283, 284, 285, 1000 };
	unsigned int i;
	int name;

	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		for (name = 0; name <= LAST_OPTION; name++)
			try_option(s, levels[i], name);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		side_again(s);
		for (name = 0; name < 5; name++) {
			get(s, others[i], name, 4);
			set(s, others[i], name, 1, 4);
			set(s, others[i], name, 1, 0);
		}
	}
	try_texts(s);
}

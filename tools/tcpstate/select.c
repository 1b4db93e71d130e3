// SPDX-License-Identifier: GPL-2.0
/*
 * Which connection is meant: SOCKET on the command line, in a file or in the kernel.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "link.h"
#include "pcapng.h"

/* What a SOCKET asks for; what was not said fits all. */
struct wanted {
	bool by_id;
	uint64_t id;
	struct end local, remote;
};

static bool parse(const char *socket, struct wanted *w)
{
	const char *dash;
	char local[END_LEN];
	char *rest;

	memset(w, 0, sizeof(*w));
	if (*socket == '#' || !strncmp(socket, "id=", 3)) {
		socket += *socket == '#' ? 1 : 3;
		w->by_id = true;
		w->id = strtoull(socket, &rest, 10);
		return *socket >= '0' && *socket <= '9' && !*rest;
	}
	dash = strchr(socket, '-');
	if (!dash)
		return end_parse(socket, &w->local);
	if (dash - socket >= END_LEN)
		return false;
	memcpy(local, socket, dash - socket);
	local[dash - socket] = '\0';
	return end_parse(local, &w->local) && end_parse(dash + 1, &w->remote);
}

static bool end_fits(const struct end *e, const struct end *wanted)
{
	if (wanted->port && wanted->port != e->port)
		return false;
	return !wanted->family || (wanted->family == e->family &&
				   !memcmp(wanted->addr, e->addr, e->family == 6 ? 16 : 4));
}

static bool fits(const struct flow *f, const struct wanted *w)
{
	if (w->by_id)
		return f->id == w->id;
	return end_fits(&f->local, &w->local) && end_fits(&f->remote, &w->remote);
}

static void print_names(const struct flow *f, char *buf, size_t len)
{
	char local[END_LEN], remote[END_LEN];

	end_print(&f->local, local, sizeof(local));
	end_print(&f->remote, remote, sizeof(remote));
	snprintf(buf, len, "#%" PRIu64 " (%s-%s)", f->id, local, remote);
}

static uint64_t flow_began(const struct flow *f)
{
	return f->count ? f->events[0].ns : 0;
}

/* The two ends of one connection are no two choices, nor is its listener one. */
static bool same_thing(const struct history *h, const struct flow *a, const struct flow *b)
{
	return history_peer(h, a) == b || history_peer(h, b) == a;
}

/**
 * select_flow() - the one flow that a SOCKET means
 * @h: the history
 * @socket: what was said, or NULL: the only connection there is
 * @where: "the kernel" or the file's name, for messages
 *
 * Ends the program with a line that says why if there is none, or more than one.
 *
 * Return: the flow.
 */
struct flow *select_flow(struct history *h, const char *socket, const char *where)
{
	char first[3 * END_LEN], second[3 * END_LEN];
	struct flow *found = NULL;
	struct wanted w = {};
	unsigned int i;

	if (socket && !parse(socket, &w))
		die_usage("not a socket: %s (LOCAL, LOCAL-REMOTE or #ID, as 192.0.2.1:80)", socket);
	for (i = 0; i < h->count; i++) {
		struct flow *f = &h->flows[i];

		if (!fits(f, &w))
			continue;
		if (!w.by_id && found && flow_is_listener(f))
			continue;
		/* A name that was used again means its latest bearer. */
		if (found && end_same(&found->local, &f->local) &&
		    end_same(&found->remote, &f->remote) && found->wire == f->wire) {
			if (flow_began(f) > flow_began(found))
				found = f;
			continue;
		}
		if (found && !flow_is_listener(found) && !same_thing(h, found, f)) {
			print_names(found, first, sizeof(first));
			print_names(f, second, sizeof(second));
			die("%s fits more than one: %s, %s ...; say which",
			    socket ? socket : where, first, second);
		}
		if (!found || flow_is_listener(found))
			found = f;
	}
	if (!found && socket)
		die("no such socket in %s: %s", where, socket);
	if (!found)
		die("no connection in %s", where);
	return found;
}

/* A name that could be a socket's is a file only if there is one. */
bool is_file(const char *argument)
{
	size_t len = strlen(argument);
	struct stat st;

	return strchr(argument, '/') || !stat(argument, &st) ||
	       (len > 7 && !strcmp(argument + len - 7, ".pcapng"));
}

/**
 * load_flow() - what "SOCKET" or "FILE [SOCKET]" names
 * @h: gets the history of the file, or of the kernel
 * @o: the options, with the arguments
 *
 * Return: the flow; the program ends if there is none.
 */
struct flow *load_flow(struct history *h, const struct options *o)
{
	const char *name = o->argument_count ? o->arguments[0] : NULL;
	struct text why = {};

	if (name && is_file(name)) {
		if (o->argument_count > 2)
			die_usage("too many arguments");
		if (!pcapng_load(h, name, &why))
			die("%s: %s", name, why.s);
		return select_flow(h, o->argument_count > 1 ? o->arguments[1] : NULL, name);
	}
	if (o->argument_count > 1)
		die_usage("too many arguments");
	link_history(h, o);
	return select_flow(h, name, "the kernel's records");
}

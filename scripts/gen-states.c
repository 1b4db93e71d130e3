// SPDX-License-Identifier: GPL-2.0
/*
 * Draws and describes the eleven states from the very table that the module
 * runs: Documentation/states.dot and Documentation/states.rst.  Linked with
 * tcpstate_fsm.c and with what tools/tcpstate draws the diagram.
 *
 * usage: gen-states [--check] [DIR]
 * With --check nothing is written: is what stands there up to date?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tools/tcpstate/diagram.h"

#define FOR_EACH_STATE(i, s) \
	for (i = 0; i < TCPSTATE_MAX_STATES - 1 && (s = diagram_order[i], 1); i++)

/* What a document is before it is written or compared. */
static struct text out;

#define put(...) text_add(&out, __VA_ARGS__)

static const char *state_name(u8 state)
{
	return tcpstate_fsm_state_name(state);
}

/* The names of a set of actions, a separator between them. */
static void put_actions(u16 actions, u16 but, const char *separator, const char *none)
{
	const char *between = "";
	u8 bit;

	actions &= ~but;
	if (!actions)
		put("%s", none);
	for (bit = 0; bit < TCPSTATE_ACT_COUNT; bit++) {
		if (!(actions & 1u << bit))
			continue;
		put("%s%s", between, tcpstate_fsm_action_name(bit));
		between = separator;
	}
}

/* --- the page --- */

static void put_flags(u8 flags)
{
	static const char * const names[] = { "FIN", "SYN", "RST", "PSH", "ACK" };
	const char *between = "";
	int i;

	for (i = 0; i < 5; i++) {
		if (!(flags & 1 << i))
			continue;
		put("%s%s", between, names[i]);
		between = " ";
	}
	if (!flags)
		put("none: nothing is sent");
}

static void put_moves(u8 state)
{
	u8 ev;

	put(".. list-table::\n   :header-rows: 1\n   :widths: 20 16 24 40\n\n"
	    "   * - Event\n     - Next\n     - Actions\n     - Why\n");
	for (ev = 0; ev < TCPSTATE_EV_COUNT; ev++) {
		const struct tcpstate_edge *edge = tcpstate_fsm(state, ev);

		if (edge->kind != TCPSTATE_EDGE_MOVE)
			continue;
		put("   * - %s\n     - %s\n     - ", tcpstate_fsm_event_name(ev),
		    state_name(edge->next));
		put_actions(edge->actions, 0, ", ", "none");
		put("\n     - %s\n", edge->why);
	}
	put("\n");
}

static void put_others(u8 state, u8 kind, const char *title)
{
	bool any = false;
	u8 ev;

	for (ev = 0; ev < TCPSTATE_EV_COUNT; ev++) {
		const struct tcpstate_edge *edge = tcpstate_fsm(state, ev);

		if (edge->kind != kind)
			continue;
		if (!any)
			put("%s\n\n", title);
		put("- %s: %s\n", tcpstate_fsm_event_name(ev), edge->why);
		any = true;
	}
	if (any)
		put("\n");
}

static void put_underline(size_t n, char c)
{
	while (n--)
		put("%c", c);
	put("\n\n");
}

static void put_ways_in(u8 state)
{
	const char *between = "Entered from: ";
	unsigned int i;
	u8 s, ev;

	FOR_EACH_STATE(i, s) {
		for (ev = 0; ev < TCPSTATE_EV_COUNT; ev++) {
			const struct tcpstate_edge *edge = tcpstate_fsm(s, ev);

			if (edge->kind != TCPSTATE_EDGE_MOVE || edge->next != state || s == state)
				continue;
			put("%s%s", between, state_name(s));
			between = ", ";
			break;
		}
	}
	put(".\n\n");
}

static void make_rst(void)
{
	unsigned int i;
	u8 s;

	put(".. SPDX-License-Identifier: GPL-2.0\n"
	    ".. Made by scripts/gen-states.c from tcpstate_fsm.c; do not edit.\n\n"
	    "======\nStates\n======\n\n"
	    "The eleven states, what must be true of each, and every event that can or cannot\n"
	    "happen in it.  The text and the picture are made from the table that the module runs\n"
	    "(``tcpstate_fsm()``); ``tests/model.c`` explores every state that two peers can reach\n"
	    "over a network that loses, duplicates and reorders, and proves that the cells under\n"
	    "\"Cannot happen\" are never raised and that all others are.\n\n"
	    ".. image:: states.svg\n   :alt: The eleven states and the edges between them\n\n");
	FOR_EACH_STATE(i, s) {
		put("%s\n", state_name(s));
		put_underline(strlen(state_name(s)), '=');
		put("What must be true: %s.\n\nSegments carry: ", diagram_truth(s));
		put_flags(tcpstate_fsm_outflags(s));
		put(".\n\n");
		put_ways_in(s);
		put_moves(s);
		put_others(s, TCPSTATE_EDGE_IGNORE, "May happen and changes nothing:");
		put_others(s, TCPSTATE_EDGE_NEVER, "Cannot happen:");
	}
	while (out.len > 1 && out.s[out.len - 2] == '\n')
		out.s[--out.len] = '\0';
}

/* --- write or compare --- */

static bool same_as_file(const char *path)
{
	char *old = malloc(out.len + 1);
	FILE *f = fopen(path, "r");
	bool same = false;

	if (f && old)
		same = fread(old, 1, out.len + 1, f) == out.len && !memcmp(old, out.s, out.len);
	if (f)
		fclose(f);
	free(old);
	return same;
}

static int finish(const char *dir, const char *name, bool check)
{
	char path[4096];
	int bad = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/Documentation/%s", dir, name);
	if (check) {
		bad = !same_as_file(path);
		if (bad)
			printf("gen-states: %s is out of date: run scripts/gen-states.sh\n", path);
	} else {
		f = fopen(path, "w");
		bad = !f || fwrite(out.s, 1, out.len, f) != out.len;
		if (f && fclose(f))
			bad = 1;
		if (bad)
			perror(path);
	}
	text_free(&out);
	return bad;
}

int main(int argc, char **argv)
{
	bool check = argc > 1 && !strcmp(argv[1], "--check");
	const char *dir = argc > 1 + check ? argv[1 + check] : ".";
	int bad;

	diagram_dot(&out, NULL);
	bad = finish(dir, "states.dot", check);
	make_rst();
	bad |= finish(dir, "states.rst", check);
	if (check && !bad)
		printf("gen-states: states.dot and states.rst are what the table says\n");
	return bad;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Flows and events to lines of text, and back.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "line.h"

/* --- writing --- */

/* A command's name may hold anything. */
static void put_word(struct text *t, const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s <= ' ' || *s == '%' || *s == 0x7f)
			text_add(t, "%%%02x", (unsigned char)*s);
		else
			text_bytes(t, s, 1);
	}
}

void line_flow(struct text *t, const struct flow *f)
{
	char local[END_LEN], remote[END_LEN];

	end_print(&f->local, local, sizeof(local));
	end_print(&f->remote, remote, sizeof(remote));
	text_add(t, LINE_MARK "flow=%" PRIu64 " is local=%s remote=%s wire=%u netns=%u inode=%u "
		 "iss=%u irs=%u lost=%u pid=%u comm=", f->id, local, remote, f->wire, f->netns,
		 f->inode, f->iss, f->irs, f->lost, f->pid);
	put_word(t, f->comm);
}

static void put_actions(struct text *t, uint16_t actions)
{
	const char *between = "";
	unsigned int bit;

	text_add(t, " actions=");
	for (bit = 0; bit < TCPSTATE_ACT_COUNT; bit++) {
		if (!(actions & 1u << bit))
			continue;
		text_add(t, "%s%s", between, tcpstate_fsm_action_name(bit));
		between = ",";
	}
}

static void put_segment(struct text *t, const struct event *e)
{
	char flags[FLAGS_LEN];

	flags_print(e->flags, ",", flags, sizeof(flags));
	text_add(t, " flags=%s seq=%u ack=%u len=%u wnd=%u", flags, e->seq, e->ack, e->len, e->wnd);
	text_add(t, " segs=%u field=%u", e->segs, e->field);
	if (e->mss)
		text_add(t, " mss=%u", e->mss);
	if (e->options & OPTION_SHIFT)
		text_add(t, " shift=%u", e->shift);
	if (e->options & OPTION_SACK_OK)
		text_add(t, " sackok=1");
	if (e->options & OPTION_STAMP)
		text_add(t, " tsval=%u tsecr=%u", e->tsval, e->tsecr);
	if (e->again)
		text_add(t, " again=1");
	if (e->dropped)
		text_add(t, " dropped=1");
}

void line_event(struct text *t, const struct flow *f, const struct event *e)
{
	unsigned int i;

	text_add(t, LINE_MARK "flow=%" PRIu64 " t=%" PRIu64 ".%09" PRIu64 " %s state=%s", f->id,
		 e->ns / 1000000000, e->ns % 1000000000, what_name(e->what),
		 tcpstate_fsm_state_name(e->state));
	if (e->what == WHAT_STATE) {
		text_add(t, " old=%s event=%s", tcpstate_fsm_state_name(e->old),
			 tcpstate_fsm_event_name(e->event));
		put_actions(t, e->actions);
	}
	if (e->what == WHAT_SEND || e->what == WHAT_RECEIVE)
		put_segment(t, e);
	if (e->what == WHAT_TIMER_SET)
		text_add(t, " ms=%u", e->ms);
	if (e->word[0]) {
		text_add(t, " word=");
		put_word(t, e->word);
	}
	for (i = 0; e->has_tcb && i < tcb_field_count; i++)
		text_add(t, " %s=%u", tcb_fields[i].name, TCB_FIELD(&e->tcb, &tcb_fields[i]));
}

/* --- reading --- */

/* The octet that a % and two digits stand for; 0: they are none. */
static unsigned int escaped(const char *value)
{
	unsigned int octet;

	if (*value != '%' || !isxdigit((unsigned char)value[1]) ||
	    !isxdigit((unsigned char)value[2]))
		return 0;
	return sscanf(value + 1, "%2x", &octet) == 1 ? octet : 0;
}

static void get_word(char *to, size_t room, const char *value)
{
	unsigned int octet;
	size_t n = 0;

	for (; *value && n < room - 1; value++) {
		octet = escaped(value);
		if (octet)
			value += 2;
		to[n++] = octet ? octet : (unsigned char)*value;
	}
	to[n] = '\0';
}

static uint32_t number(const char *value)
{
	return strtoul(value, NULL, 10);
}

static bool flow_key(struct flow *f, const char *key, const char *value)
{
	if (!strcmp(key, "local"))
		return end_parse(value, &f->local);
	if (!strcmp(key, "remote"))
		return end_parse(value, &f->remote);
	if (!strcmp(key, "comm"))
		get_word(f->comm, sizeof(f->comm), value);
	else if (!strcmp(key, "wire"))
		f->wire = number(value);
	else if (!strcmp(key, "netns"))
		f->netns = number(value);
	else if (!strcmp(key, "inode"))
		f->inode = number(value);
	else if (!strcmp(key, "iss"))
		f->iss = number(value);
	else if (!strcmp(key, "irs"))
		f->irs = number(value);
	else if (!strcmp(key, "lost"))
		f->lost = number(value);
	else if (!strcmp(key, "pid"))
		f->pid = number(value);
	return true;
}

static uint16_t actions_of(const char *value)
{
	uint16_t actions = 0;
	unsigned int bit;
	size_t len;

	while (*value) {
		len = strcspn(value, ",");
		for (bit = 0; bit < TCPSTATE_ACT_COUNT; bit++) {
			const char *name = tcpstate_fsm_action_name(bit);

			if (strlen(name) == len && !memcmp(name, value, len))
				actions |= 1u << bit;
		}
		value += len + (value[len] == ',');
	}
	return actions;
}

static bool event_names(struct event *e, const char *key, const char *value)
{
	if (!strcmp(key, "state")) {
		e->state = state_by_name(value);
	} else if (!strcmp(key, "old")) {
		e->old = state_by_name(value);
	} else if (!strcmp(key, "event")) {
		e->event = event_by_name(value);
		return e->event < TCPSTATE_EV_COUNT;
	} else if (!strcmp(key, "actions")) {
		e->actions = actions_of(value);
	} else if (!strcmp(key, "flags")) {
		e->flags = flags_parse(value);
	} else if (!strcmp(key, "word")) {
		get_word(e->word, sizeof(e->word), value);
	}
	return true;
}

static bool option_key(struct event *e, const char *key, const char *value)
{
	if (!strcmp(key, "mss")) {
		e->mss = number(value);
	} else if (!strcmp(key, "shift")) {
		e->shift = number(value);
		e->options |= OPTION_SHIFT;
	} else if (!strcmp(key, "sackok")) {
		e->options |= OPTION_SACK_OK;
	} else if (!strcmp(key, "tsval")) {
		e->tsval = number(value);
		e->options |= OPTION_STAMP;
	} else if (!strcmp(key, "tsecr")) {
		e->tsecr = number(value);
	} else {
		return event_names(e, key, value);
	}
	return true;
}

static bool event_key(struct event *e, const char *key, const char *value)
{
	unsigned int i;

	for (i = 0; i < tcb_field_count; i++) {
		if (strcmp(key, tcb_fields[i].name))
			continue;
		*(uint32_t *)((char *)&e->tcb + tcb_fields[i].offset) = number(value);
		e->has_tcb = true;
		return true;
	}
	if (!strcmp(key, "seq"))
		e->seq = number(value);
	else if (!strcmp(key, "ack"))
		e->ack = number(value);
	else if (!strcmp(key, "len"))
		e->len = number(value);
	else if (!strcmp(key, "wnd"))
		e->wnd = number(value);
	else if (!strcmp(key, "segs"))
		e->segs = number(value);
	else if (!strcmp(key, "field"))
		e->field = number(value);
	else if (!strcmp(key, "ms"))
		e->ms = number(value);
	else if (!strcmp(key, "again"))
		e->again = number(value);
	else if (!strcmp(key, "dropped"))
		e->dropped = number(value);
	else
		return option_key(e, key, value);
	return true;
}

static bool get_time(struct event *e, const char *value)
{
	unsigned long long seconds;
	unsigned int ns;

	if (sscanf(value, "%llu.%9u", &seconds, &ns) != 2)
		return false;
	e->ns = seconds * 1000000000ull + ns;
	return true;
}

static int kind_of(const char *word)
{
	int what;

	for (what = 0; what < WHAT_COUNT; what++)
		if (!strcmp(word, what_name(what)))
			return what;
	return -1;
}

/* The words behind the flow's number; @line is cut up. */
static bool read_words(struct history *h, uint64_t id, char *line)
{
	struct flow *f = history_flow(h, id);
	struct event e = {};
	bool is_flow = false;
	bool timed = false;
	char *word, *value;
	int what = -1;

	while ((word = strsep(&line, "\n "))) {
		value = strchr(word, '=');
		if (!value) {
			if (!strcmp(word, "is"))
				is_flow = true;
			else if (what < 0)
				what = kind_of(word);
			continue;
		}
		*value++ = '\0';
		if (!strcmp(word, "t")) {
			timed = get_time(&e, value);
			continue;
		}
		if (!(is_flow ? flow_key(f, word, value) : event_key(&e, word, value)))
			return false;
	}
	if (is_flow)
		return true;
	if (what < 0 || !timed)
		return false;
	e.what = what;
	flow_event(f, &e);
	return true;
}

/**
 * line_read() - take in a line
 * @h: where to
 * @line: text that begins with LINE_MARK, ended by a NUL or a newline
 *
 * Return: false if it is damaged.
 */
bool line_read(struct history *h, const char *line)
{
	unsigned long long id;
	char *copy;
	int used = 0;
	bool good;
	size_t len;

	if (strncmp(line, LINE_MARK, strlen(LINE_MARK)))
		return false;
	if (sscanf(line + strlen(LINE_MARK), "flow=%llu %n", &id, &used) != 1 || !used)
		return false;
	len = strcspn(line, "\n");
	copy = tool_alloc(NULL, len + 1);
	memcpy(copy, line, len);
	copy[len] = '\0';
	good = read_words(h, id, copy + strlen(LINE_MARK) + used);
	free(copy);
	return good;
}

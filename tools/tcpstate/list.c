// SPDX-License-Identifier: GPL-2.0
/*
 * The commands list, show and abort: sockets as they are.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "json.h"
#include "link.h"
#include "pcapng.h"

/* How many of the last events "show" prints. */
#define LAST_EVENTS	12

/* --- list --- */

static bool wanted(const struct sock_now *s, const struct options *o)
{
	if (o->states && !(o->states & 1u << s->state))
		return false;
	if (o->port && s->local.port != o->port && s->remote.port != o->port)
		return false;
	if (o->pid && s->pid != o->pid)
		return false;
	return !o->comm || strstr(s->comm, o->comm);
}

static const char *state_paint(const struct options *o, uint8_t state)
{
	if (!o->colour)
		return "";
	switch (state) {
	case TCPSTATE_ESTABLISHED:
		return "\033[32m";
	case TCPSTATE_LISTEN:
		return "\033[34m";
	case TCPSTATE_CLOSING:
	case TCPSTATE_CLOSE_WAIT:
		return "\033[33;1m";
	default:
		return "\033[33m";
	}
}

static void process(const struct sock_now *s, char *buf, size_t len)
{
	if (s->pid)
		snprintf(buf, len, "%s(%u)", s->comm, s->pid);
	else
		snprintf(buf, len, "%s", s->comm[0] ? s->comm : "-");
}

static void list_line(struct text *t, const struct sock_now *s, const struct options *o)
{
	char local[END_LEN], remote[END_LEN], owner[COMM_LEN + 16], id[24] = "-";

	end_print(&s->local, local, sizeof(local));
	end_print(&s->remote, remote, sizeof(remote));
	process(s, owner, sizeof(owner));
	if (s->id)
		snprintf(id, sizeof(id), "#%" PRIu64, s->id);
	text_add(t, "%s%-11s%s %8u %8u %-22s %-22s %4u %-7s %s\n", state_paint(o, s->state),
		 tcpstate_fsm_state_name(s->state), o->colour ? "\033[0m" : "", s->rqueue,
		 s->wqueue, local, remote, s->wire, id, owner);
}

static void list_json(struct json *j, const struct sock_now *s)
{
	char local[END_LEN], remote[END_LEN];

	end_print(&s->local, local, sizeof(local));
	end_print(&s->remote, remote, sizeof(remote));
	json_open(j, NULL, '{');
	json_string(j, "state", tcpstate_fsm_state_name(s->state));
	json_number(j, "recv_q", s->rqueue);
	json_number(j, "send_q", s->wqueue);
	json_string(j, "local", local);
	json_string(j, "remote", remote);
	json_number(j, "protocol", s->wire);
	json_number(j, "id", s->id);
	json_number(j, "netns", s->netns);
	json_number(j, "inode", s->inode);
	json_number(j, "uid", s->uid);
	json_number(j, "pid", s->pid);
	json_string(j, "comm", s->comm);
	json_close(j, '}');
}

int command_list(const struct options *o)
{
	struct socks all = {};
	struct text t = {};
	struct json j = {};
	unsigned int i;

	link_socks(&all, o);
	if (o->json)
		json_open(&j, NULL, '[');
	else
		text_add(&t, "%-11s %8s %8s %-22s %-22s %4s %-7s %s\n", "State", "Recv-Q",
			 "Send-Q", "Local", "Remote", "Wire", "Record", "Process");
	for (i = 0; i < all.count; i++) {
		if (!wanted(&all.list[i], o))
			continue;
		if (o->json)
			list_json(&j, &all.list[i]);
		else
			list_line(&t, &all.list[i], o);
	}
	if (o->json) {
		json_close(&j, ']');
		t = j.text;
	}
	free(all.list);
	finish(&t, o);
	return 0;
}

/* --- show --- */

static void when(struct text *t, const struct flow *f, const struct event *e)
{
	text_add(t, "  %12.3f ms  ", (e->ns - f->events[0].ns) / 1e6);
}

static void event_line(struct text *t, const struct event *e)
{
	char flags[FLAGS_LEN];

	switch (e->what) {
	case WHAT_STATE:
		text_add(t, "%s -> %s by %s", tcpstate_fsm_state_name(e->old),
			 tcpstate_fsm_state_name(e->state), tcpstate_fsm_event_name(e->event));
		break;
	case WHAT_SEND:
	case WHAT_RECEIVE:
		flags_print(e->flags, ",", flags, sizeof(flags));
		text_add(t, "%s %s seq=%u ack=%u len=%u wnd=%u",
			 e->what == WHAT_SEND ? "sends" : "gets", flags, e->seq, e->ack, e->len,
			 e->wnd);
		if (e->again)
			text_add(t, ", again: %s", e->word);
		if (e->dropped)
			text_add(t, ", dropped: %s", e->word);
		break;
	case WHAT_TIMER_SET:
		text_add(t, "%s timer set to %u ms", e->word, e->ms);
		break;
	case WHAT_TIMER_FIRED:
		text_add(t, "%s timer fires", e->word);
		break;
	case WHAT_CONGESTION:
		text_add(t, "congestion control: %s", e->word);
		break;
	}
	text_add(t, "\n");
}

static void show_field(struct text *t, const char *name, uint32_t value, const char *unit,
		       const char *meaning)
{
	char number[32];

	if (value == UINT32_MAX)
		snprintf(number, sizeof(number), "none yet");
	else
		snprintf(number, sizeof(number), "%u%s%s", value, *unit ? " " : "", unit);
	text_add(t, "  %-9s %-18s %s\n", name, number, meaning);
}

static void show_text(struct text *t, const struct flow *f, bool all)
{
	const struct event *last = &f->events[f->count - 1];
	char local[END_LEN], remote[END_LEN];
	unsigned int i, first;

	end_print(&f->local, local, sizeof(local));
	end_print(&f->remote, remote, sizeof(remote));
	text_add(t, "#%" PRIu64 "  %s  to  %s  protocol %u\n", f->id, local, remote, f->wire);
	text_add(t, "%s: %s\n", tcpstate_fsm_state_name(last->state), state_short(last->state));
	text_add(t, "made by %s, process %u\n\n", f->comm[0] ? f->comm : "?", f->pid);
	text_add(t, "Transmission control block (numbers count from ISS %u, IRS %u):\n", f->iss,
		 f->irs);
	for (i = f->count; i-- > 0 && !f->events[i].has_tcb;)
		;
	if (i < f->count)
		last = &f->events[i];
	for (i = 0; i < tcb_field_count && last->has_tcb; i++)
		show_field(t, tcb_fields[i].name, TCB_FIELD(&last->tcb, &tcb_fields[i]),
			   tcb_fields[i].unit, tcb_fields[i].meaning);
	first = all || f->count <= LAST_EVENTS ? 0 : f->count - LAST_EVENTS;
	text_add(t, "\nLast events (%u of %u; %u older ones were overwritten):\n",
		 f->count - first, f->count, f->lost);
	for (i = first; i < f->count; i++) {
		when(t, f, &f->events[i]);
		event_line(t, &f->events[i]);
	}
}

static void show_json(struct json *j, const struct flow *f)
{
	char local[END_LEN], remote[END_LEN], flags[FLAGS_LEN];
	unsigned int i, k;

	end_print(&f->local, local, sizeof(local));
	end_print(&f->remote, remote, sizeof(remote));
	json_open(j, NULL, '{');
	json_number(j, "id", f->id);
	json_string(j, "local", local);
	json_string(j, "remote", remote);
	json_number(j, "protocol", f->wire);
	json_string(j, "state", tcpstate_fsm_state_name(flow_state(f)));
	json_number(j, "pid", f->pid);
	json_string(j, "comm", f->comm);
	json_number(j, "ISS", f->iss);
	json_number(j, "IRS", f->irs);
	json_number(j, "lost", f->lost);
	json_open(j, "events", '[');
	for (i = 0; i < f->count; i++) {
		const struct event *e = &f->events[i];

		json_open(j, NULL, '{');
		json_real(j, "time", e->ns / 1e9);
		json_string(j, "what", what_name(e->what));
		json_string(j, "state", tcpstate_fsm_state_name(e->state));
		if (e->what == WHAT_STATE) {
			json_string(j, "old", tcpstate_fsm_state_name(e->old));
			json_string(j, "event", tcpstate_fsm_event_name(e->event));
		}
		if (e->what == WHAT_SEND || e->what == WHAT_RECEIVE) {
			flags_print(e->flags, ",", flags, sizeof(flags));
			json_string(j, "flags", flags);
			json_number(j, "seq", e->seq);
			json_number(j, "ack", e->ack);
			json_number(j, "len", e->len);
			json_number(j, "window", e->wnd);
			json_bool(j, "again", e->again);
			json_bool(j, "dropped", e->dropped);
		}
		if (e->word[0])
			json_string(j, "word", e->word);
		for (k = 0; e->has_tcb && k < tcb_field_count; k++)
			json_number(j, tcb_fields[k].name, TCB_FIELD(&e->tcb, &tcb_fields[k]));
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

int command_show(const struct options *o)
{
	struct history h = {};
	struct text t = {};
	struct json j = {};
	struct flow *f;

	f = load_flow(&h, o);
	if (!f->count)
		die("nothing is recorded of it (sysctl net.tcpstate.record)");
	if (o->json) {
		show_json(&j, f);
		t = j.text;
	} else {
		show_text(&t, f, o->all);
	}
	finish(&t, o);
	history_free(&h);
	return 0;
}

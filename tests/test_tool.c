// SPDX-License-Identifier: GPL-2.0
/*
 * The parts of tools/tcpstate that need no kernel: what is written can be read back,
 * arrivals find their departures, drawings hold what they must, and no damaged file
 * does harm. With a folder as argument the drawings and files are left there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool_sample.h"
#include "../tools/tcpstate/diagram.h"
#include "../tools/tcpstate/ladder.h"
#include "../tools/tcpstate/line.h"
#include "../tools/tcpstate/pair.h"
#include "../tools/tcpstate/pcapng.h"
#include "../tools/tcpstate/plot.h"

static unsigned int passed, failed;

static void check(bool holds, const char *name, const char *what)
{
	if (holds) {
		passed++;
		return;
	}
	failed++;
	printf("not ok: tool: %s: %s\n", name, what);
}

static unsigned int count(const char *text, const char *word)
{
	unsigned int n = 0;

	for (; text && (text = strstr(text, word)); text += strlen(word))
		n++;
	return n;
}

/* --- lines and files --- */

static bool same_event(const struct event *a, const struct event *b)
{
	return a->ns == b->ns && a->what == b->what && a->state == b->state && a->old == b->old &&
	       a->event == b->event && a->actions == b->actions && a->flags == b->flags &&
	       a->seq == b->seq && a->ack == b->ack && a->len == b->len && a->wnd == b->wnd &&
	       a->segs == b->segs && a->field == b->field && a->mss == b->mss &&
	       a->shift == b->shift && a->options == b->options && a->tsval == b->tsval &&
	       a->tsecr == b->tsecr && a->again == b->again && a->dropped == b->dropped && !strcmp(a->word, b->word) &&
	       a->ms == b->ms && a->has_tcb == b->has_tcb &&
	       !memcmp(&a->tcb, &b->tcb, sizeof(a->tcb));
}

static bool same_flow(const struct flow *a, const struct flow *b)
{
	unsigned int i;

	if (a->id != b->id || a->netns != b->netns || a->wire != b->wire || a->iss != b->iss ||
	    a->irs != b->irs || a->pid != b->pid || a->lost != b->lost || a->count != b->count ||
	    a->inode != b->inode || strcmp(a->comm, b->comm) || !end_same(&a->local, &b->local) ||
	    !end_same(&a->remote, &b->remote))
		return false;
	for (i = 0; i < a->count; i++)
		if (!same_event(&a->events[i], &b->events[i]))
			return false;
	return true;
}

static struct flow *by_id(struct history *h, uint64_t id)
{
	return history_flow(h, id);
}

static void test_round_trip(const char *name, struct history *h)
{
	struct history back = {};
	struct text file = {}, why = {};

	pcapng_build(&file, h);
	check(file.len % 4 == 0, name, "blocks are multiples of four octets");
	check(pcapng_parse(&back, file.s, file.len, &why), name, why.s ? why.s : "is read");
	check(back.count == h->count, name, "as many flows");
	check(same_flow(by_id(&back, SAMPLE_LEFT), by_id(h, SAMPLE_LEFT)), name, "left is the same");
	check(same_flow(by_id(&back, SAMPLE_RIGHT), by_id(h, SAMPLE_RIGHT)), name,
	      "right is the same");
	history_free(&back);
	text_free(&file);
	text_free(&why);
}

static bool at_block_end(const struct text *file, size_t len)
{
	uint32_t block;
	size_t at = 0;

	while (at < len) {
		memcpy(&block, file->s + at + 4, sizeof(block));
		at += block;
	}
	return at == len;
}

/* In memory of its own, so that a read behind the end is seen. */
static bool parse_copy(const void *data, size_t len, struct text *why)
{
	struct history h = {};
	void *copy = malloc(len ? len : 1);
	bool good;

	memcpy(copy, data, len);
	good = pcapng_parse(&h, copy, len, why);
	free(copy);
	history_free(&h);
	return good;
}

static void test_damage(struct history *h)
{
	unsigned int wrong_cuts = 0, silent = 0;
	struct text file = {}, why = {};
	size_t i;

	pcapng_build(&file, h);
	for (i = 0; i < file.len; i++) {
		if (parse_copy(file.s, i, &why) != at_block_end(&file, i) && i)
			wrong_cuts++;
		if (!i && !why.len)
			silent++;
		if (i && !at_block_end(&file, i) && !strstr(why.s ? why.s : "", "truncated") && i >= 12)
			wrong_cuts++;
		text_free(&why);
	}
	check(!wrong_cuts, "truncated file", "every cut inside a block is found and called so");
	check(!silent, "empty file", "says why");
	for (i = 0; i < file.len; i++) {
		file.s[i] ^= 0xff;
		if (!parse_copy(file.s, file.len, &why) && !why.len)
			silent++;
		text_free(&why);
		file.s[i] ^= 0xff;
	}
	check(!silent, "changed file", "no change is refused without a word");
	text_free(&file);
}

/* Wireshark may write in the other order on another machine: headers swapped by hand. */
static void test_swapped(void)
{
	static const char comment[] = LINE_MARK "flow=1 t=5.000000001 send state=ESTABLISHED";
	struct text file = {}, why = {};
	struct history h = {};
	uint32_t pad = -sizeof(comment) & 3;
	uint32_t words[] = { 0x0a0d0d0a, 0, 0x1a2b3c4d, 1 << 16, ~0u, ~0u };
	uint16_t option[] = { 1, sizeof(comment) };
	uint32_t len = sizeof(words) + 4 + sizeof(comment) + pad + 4;
	unsigned int i;

	words[1] = len;
	for (i = 0; i < 6; i++)
		words[i] = __builtin_bswap32(words[i]);
	for (i = 0; i < 2; i++)
		option[i] = __builtin_bswap16(option[i]);
	len = __builtin_bswap32(len);
	text_bytes(&file, words, sizeof(words));
	text_bytes(&file, option, sizeof(option));
	text_bytes(&file, comment, sizeof(comment));
	text_bytes(&file, "\0\0\0", pad);
	text_bytes(&file, &len, 4);
	check(pcapng_parse(&h, file.s, file.len, &why), "swapped file", why.s ? why.s : "is read");
	check(h.count == 1 && h.flows[0].count == 1 && h.flows[0].events[0].ns == 5000000001ull,
	      "swapped file", "its event is there");
	history_free(&h);
	text_free(&file);
	text_free(&why);
}

static void test_lines(void)
{
	static const char * const bad[] = {
		"", "tcpstate1", "tcpstate1 ", "tcpstate1 flow=", "tcpstate1 flow=x t=1.0 send",
		"tcpstate1 flow=1 send", "tcpstate1 flow=1 t=5 send", "tcpstate1 flow=1 t=1.5 fly",
		"tcpstate1 flow=1 t=1.5 state event=NOTHING", "tcpstate2 flow=1 t=1.5 send",
		"tcpstate1 flow=1 is local=300.1.1.1:5",
	};
	struct history h = {};
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check(!line_read(&h, bad[i]), "bad line", bad[i]);
	check(line_read(&h, "tcpstate1 flow=7 t=1.5 send new=thing state=CLOSING seq=4"), "line",
	      "a key that is not known is passed over");
	check(by_id(&h, 7)->events[0].seq == 4 && flow_state(by_id(&h, 7)) == TCPSTATE_CLOSING,
	      "line", "the others are read");
	history_free(&h);
}

/* --- pairs --- */

static unsigned int fates(const struct passages *p, uint8_t fate)
{
	unsigned int i, n = 0;

	for (i = 0; i < p->count; i++)
		n += p->list[i].fate == fate;
	return n;
}

static void test_pairs(void)
{
	struct passages p;
	struct sample s;

	sample_crossing(&s);
	passages_find(&p, &s.h.flows[0], &s.h.flows[1]);
	check(p.count == 12 && fates(&p, FATE_ARRIVED) == 12, "pairs", "crossing: all arrive");
	passages_free(&p);
	passages_find(&p, &s.h.flows[0], NULL);
	check(p.count == 12 && fates(&p, FATE_ARRIVED) == 6 && fates(&p, FATE_UNKNOWN) == 6, "pairs",
	      "one end alone: half of the fates are not known");
	passages_free(&p);
	check(history_peer(&s.h, &s.h.flows[0]) == &s.h.flows[1], "pairs", "the ends find each other");
	s.h.flows[1].irs++;
	check(!history_peer(&s.h, &s.h.flows[0]), "pairs", "another IRS is another connection");
	s.h.flows[1].irs--;
	s.h.flows[1].iss++;
	check(!history_peer(&s.h, &s.h.flows[0]), "pairs", "another ISS is another connection");
	history_free(&s.h);

	sample_lost_fin(&s);
	passages_find(&p, &s.h.flows[0], &s.h.flows[1]);
	check(fates(&p, FATE_LOST) == 1 && fates(&p, FATE_DROPPED) == 1 &&
	      fates(&p, FATE_UNKNOWN) == 0, "pairs", "lost FIN: one lost, one dropped");
	passages_free(&p);
	history_free(&s.h);

	sample_stream(&s, 60);
	passages_find(&p, &s.h.flows[0], &s.h.flows[1]);
	check(fates(&p, FATE_LOST) == 1, "pairs", "stream: one lost");
	passages_free(&p);
	history_free(&s.h);
}

/* A large segment arrives in two pieces, two small ones as one. */
static void test_pieces(void)
{
	struct event e = { .ns = 1000, .what = WHAT_SEND, .state = TCPSTATE_ESTABLISHED, .seq = 1,
			   .len = 2896, .flags = TCPSTATE_ACK };
	struct passages p;
	struct flow *l, *r;
	struct sample s;

	sample_begin(&s);
	l = &s.h.flows[0];
	r = &s.h.flows[1];
	flow_event(l, &e);
	e.len = 1448;
	e.ns = 2000;
	e.what = WHAT_RECEIVE;
	flow_event(r, &e);
	e.seq += 1448;
	flow_event(r, &e);
	e.what = WHAT_SEND;
	e.ns = 3000;
	e.seq += 1448;
	flow_event(l, &e);
	e.seq += 1448;
	flow_event(l, &e);
	e.seq -= 1448;
	e.len = 2896;
	e.what = WHAT_RECEIVE;
	e.ns = 4000;
	flow_event(r, &e);
	passages_find(&p, l, r);
	check(p.count == 4 && fates(&p, FATE_ARRIVED) == 4, "pieces", "each piece has its arrow");
	passages_free(&p);
	history_free(&s.h);
}

/* --- drawings --- */

static unsigned int longest_line(const char *text)
{
	unsigned int longest = 0, n = 0;

	for (; *text; text++) {
		if (*text == '\n')
			n = 0;
		else if ((*text & 0xc0) != 0x80 && ++n > longest)
			longest = n;
	}
	return longest;
}

static void save(const char *folder, const char *name, struct text *t)
{
	char path[4096];

	if (folder) {
		snprintf(path, sizeof(path), "%s/%s", folder, name);
		if (text_write(t, path))
			perror(path);
	}
	text_free(t);
}

static bool only_ascii(const char *s)
{
	for (; *s; s++)
		if (*s & 0x80)
			return false;
	return true;
}

static void test_ladder_text(struct history *h)
{
	struct ladder_style style = {};
	struct text t = {};
	struct ladder l;
	int width;

	ladder_build(&l, h, &h->flows[1], false);
	check(l.ends[0] == &h->flows[0], "ladder", "the sides do not depend on whose is asked for");
	for (width = LADDER_MIN_WIDTH; width <= 130; width += 13) {
		style.width = width;
		style.ascii = width & 1;
		ladder_text(&t, &l, &style);
		check((int)longest_line(t.s) <= width, "ladder", "no line is wider than asked for");
		check(count(t.s, "CLOSING") == 2, "ladder", "CLOSING stands at both sides");
		check(count(t.s, "FIN,ACK seq=513") == 2, "ladder", "both FINs are there");
		check(!style.ascii || only_ascii(t.s), "ladder", "plain characters where asked for");
		check(!strchr(t.s, '\033'), "ladder", "no colours unless asked for");
		text_free(&t);
	}
	style.colour = true;
	ladder_text(&t, &l, &style);
	check(strchr(t.s, '\033'), "ladder", "colours where asked for");
	text_free(&t);
	ladder_free(&l);
}

static void test_pictures(const char *folder)
{
	struct ladder l;
	struct sample s;
	struct text t = {};

	sample_crossing(&s);
	test_round_trip("crossing", &s.h);
	test_damage(&s.h);
	test_ladder_text(&s.h);
	ladder_build(&l, &s.h, &s.h.flows[0], false);
	ladder_svg(&t, &l, "Simultaneous open & close");
	check(count(t.s, ">CLOSING<") == 2, "ladder svg", "CLOSING stands at both sides");
	check(count(t.s, ">connect()<") == 2 && count(t.s, ">close() or shutdown()<") == 2, "ladder svg",
	      "what the programs did");
	check(count(t.s, "open &amp; close"), "ladder svg", "the title is quoted");
	save(folder, "crossing.svg", &t);
	ladder_json(&t, &l);
	check(count(t.s, "\"fate\": \"arrived\"") == 12, "ladder json", "all segments");
	save(folder, "crossing.json", &t);
	ladder_free(&l);
	pcapng_build(&t, &s.h);
	save(folder, "crossing.pcapng", &t);
	history_free(&s.h);

	sample_lost_fin(&s);
	test_round_trip("lost FIN", &s.h);
	ladder_build(&l, &s.h, &s.h.flows[0], false);
	ladder_svg(&t, &l, "Lost FIN");
	check(count(t.s, ">lost<") == 1 && count(t.s, "dropped: sequence") == 1 &&
	      count(t.s, "sent again: timeout") == 1, "ladder svg", "trouble is marked");
	save(folder, "lost-fin.svg", &t);
	ladder_free(&l);
	history_free(&s.h);

	sample_stream(&s, 60);
	test_round_trip("stream", &s.h);
	ladder_build(&l, &s.h, &s.h.flows[0], false);
	ladder_svg(&t, &l, "Stream");
	check(count(t.s, "more segments") > 0, "ladder svg", "a long stream is cut");
	save(folder, "stream.svg", &t);
	ladder_free(&l);
	ladder_build(&l, &s.h, &s.h.flows[0], true);
	ladder_svg(&t, &l, "Stream");
	check(!count(t.s, "more segments"), "ladder svg", "unless all is asked for");
	text_free(&t);
	ladder_free(&l);
	check(plot_possible(&s.h.flows[0]), "plot", "a stream can be plotted");
	plot_svg(&t, &s.h.flows[0], "Stream");
	check(count(t.s, "<circle") == 1, "plot", "what was sent again is marked");
	save(folder, "plot.svg", &t);
	history_free(&s.h);
}

/* --- the diagram --- */

static void test_diagram(void)
{
	struct diagram_taken taken = {};
	struct text t = {};
	struct sample s;

	sample_crossing(&s);
	diagram_count(&taken, &s.h);
	check(taken.edges[TCPSTATE_FIN_WAIT1][TCPSTATE_EV_RCV_FIN] == 2, "diagram",
	      "both ends went to CLOSING");
	diagram_dot(&t, &taken);
	check(count(t.s, "<b>\303\2272</b>") == 7, "diagram", "seven edges, each taken twice");
	text_free(&t);
	history_free(&s.h);
	memset(&taken, 0, sizeof(taken));
	check(!diagram_stat(&taken, "nothing\n"), "diagram", "another file is refused");
	check(diagram_stat(&taken, "ESTABLISHED 1\nEdge:CLOSE:ACTIVE_OPEN 7\nEdge:X:Y 3\n"),
	      "diagram", "the counters are read");
	check(taken.edges[TCPSTATE_CLOSE][TCPSTATE_EV_ACTIVE_OPEN] == 7, "diagram", "and taken");
}

/* Every edge of the table is told, as a line or in words, whatever the table is. */
static void test_diagram_text(void)
{
	struct diagram_taken taken = {};
	unsigned int edges = 0, out = 0;
	struct text t = {};
	uint8_t s, ev;

	for (s = 1; s < TCPSTATE_MAX_STATES; s++) {
		for (ev = 0; ev < TCPSTATE_EV_COUNT; ev++) {
			const struct tcpstate_edge *e = tcpstate_fsm(s, ev);

			if (e->kind != TCPSTATE_EDGE_MOVE)
				continue;
			taken.edges[s][ev] = 1;
			edges++;
			out += e->next == s || (e->next == TCPSTATE_CLOSE &&
						ev != TCPSTATE_EV_RCV_ACK_OF_FIN &&
						ev != TCPSTATE_EV_TIME_WAIT_TIMEOUT);
		}
	}
	diagram_text(&t, &taken, false, false);
	check(count(t.s, "\303\2271 ") + count(t.s, "\303\2271\n") == edges, "diagram text",
	      "each edge is told once");
	check(count(t.s, "  also: ") == out, "diagram text", "ways out stand in words, others as lines");
	check(longest_line(t.s) <= DIAGRAM_WIDTH, "diagram text", "no line is too wide");
	text_free(&t);
	memset(&taken, 0, sizeof(taken));
	diagram_text(&t, &taken, false, true);
	check(only_ascii(t.s) && !count(t.s, "="), "diagram text", "nothing was taken");
	check(count(t.s, "CLOSING") == 1 && count(t.s, "also:") == 0, "diagram text",
	      "the states are there all the same");
	text_free(&t);
}

/* --- names --- */

static void test_names(void)
{
	static const struct {
		const char *text;
		bool good;
		const char *back;
	} ends[] = {
		{ "192.0.2.1:80", true, "192.0.2.1:80" },
		{ ":80", true, "*:80" },
		{ "*:80", true, "*:80" },
		{ "192.0.2.1:*", true, "192.0.2.1:*" },
		{ "[2001:db8::1]:443", true, "[2001:db8::1]:443" },
		{ "192.0.2.1", false, NULL },
		{ "192.0.2.1:", false, NULL },
		{ "192.0.2.1:65536", false, NULL },
		{ "192.0.2.1:-1", false, NULL },
		{ "192.0.2.256:1", false, NULL },
		{ "80", false, NULL },
		{ "", false, NULL },
	};
	char buf[END_LEN], flags[FLAGS_LEN];
	unsigned int i;
	struct end e;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		check(end_parse(ends[i].text, &e) == ends[i].good, "name", ends[i].text);
		if (!ends[i].good)
			continue;
		end_print(&e, buf, sizeof(buf));
		check(!strcmp(buf, ends[i].back), "name comes back", ends[i].text);
	}
	for (i = 1; i < TCPSTATE_MAX_STATES; i++)
		check(state_by_name(tcpstate_fsm_state_name(i)) == i, "state",
		      tcpstate_fsm_state_name(i));
	check(state_by_name("time-wait") == TCPSTATE_TIME_WAIT, "state", "time-wait");
	check(!state_by_name("NONE") && !state_by_name("a-name-that-is-much-too-long-for-a-state"),
	      "state", "no state");
	for (i = 0; i < 256; i++) {
		flags_print(i, ",", flags, sizeof(flags));
		if (flags_parse(flags) != i)
			break;
	}
	check(i == 256, "flags", "come back");
}

/* In memory of its own, as test_damage() does. */
static void test_escapes(void)
{
	static const struct {
		const char *written, *read;
	} rows[] = {
		{ "a%20b", "a b" }, { "%25", "%" }, { "%", "%" }, { "%a", "%a" }, { "%2", "%2" },
		{ "%zz", "%zz" }, { "%00", "%00" }, { "%-1", "%-1" }, { "%0x", "%0x" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct history h = {};
		struct text line = {};
		char *copy;

		text_add(&line, LINE_MARK "flow=1 is comm=%s", rows[i].written);
		copy = strdup(line.s);
		check(line_read(&h, copy) && !strcmp(h.flows[0].comm, rows[i].read), "escape",
		      rows[i].written);
		free(copy);
		text_free(&line);
		history_free(&h);
	}
}

int main(int argc, char **argv)
{
	test_names();
	test_lines();
	test_swapped();
	test_escapes();
	test_pairs();
	test_pieces();
	test_pictures(argc > 1 ? argv[1] : NULL);
	test_diagram();
	test_diagram_text();
	printf("tool: %u passed, %u failed\n", passed, failed);
	return failed || !passed;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Files that the command reads: any octets are read or refused with a word, what was read
 * can be drawn in every way, and written and read again it is the same.
 */
#include "fuzz.h"

#include "tools/tcpstate/diagram.h"
#include "tools/tcpstate/ladder.h"
#include "tools/tcpstate/line.h"
#include "tools/tcpstate/pcapng.h"
#include "tools/tcpstate/plot.h"

/* What a drawing never is: empty. */
static void drawn(struct text *t)
{
	must(t->len && strlen(t->s) == t->len);
	text_free(t);
}

static void draw_ladder(const struct history *h, const struct flow *f, bool all)
{
	static const struct ladder_style styles[] = {
		{ .width = LADDER_MIN_WIDTH }, { .width = 200, .colour = true, .ascii = true },
	};
	struct text t = {};
	struct ladder l;
	unsigned int i;

	ladder_build(&l, h, f, all);
	for (i = 0; i < COUNT(styles); i++) {
		ladder_text(&t, &l, &styles[i]);
		drawn(&t);
	}
	ladder_svg(&t, &l, "a title");
	drawn(&t);
	ladder_json(&t, &l);
	drawn(&t);
	ladder_free(&l);
}

static void draw_plot(const struct flow *f)
{
	struct text t = {};

	if (!plot_possible(f))
		return;
	plot_svg(&t, f, "a title");
	drawn(&t);
	plot_json(&t, f);
	drawn(&t);
}

static void draw_diagram(const struct history *h)
{
	struct diagram_taken taken = {};
	struct text t = {};

	diagram_count(&taken, h);
	diagram_dot(&t, &taken);
	drawn(&t);
	diagram_text(&t, &taken, true, false);
	drawn(&t);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct text *)a)->s, ((const struct text *)b)->s);
}

/* A flow in lines, in their order: the file does not keep that of one nanosecond. */
static struct text *lines_of(const struct flow *f)
{
	struct text *lines = calloc(f->count + 1, sizeof(*lines));
	unsigned int i;

	must(lines);
	line_flow(&lines[0], f);
	for (i = 0; i < f->count; i++)
		line_event(&lines[i + 1], f, &f->events[i]);
	qsort(lines, f->count + 1, sizeof(*lines), by_text);
	return lines;
}

static void must_be_same(const struct flow *one, const struct flow *other)
{
	struct text *a = lines_of(one), *b = lines_of(other);
	unsigned int i;

	must(one->count == other->count);
	for (i = 0; i <= one->count; i++) {
		if (strcmp(a[i].s, b[i].s))
			fprintf(stderr, "%s\nreads as\n%s\n", a[i].s, b[i].s);
		must(!strcmp(a[i].s, b[i].s));
		text_free(&a[i]);
		text_free(&b[i]);
	}
	free(a);
	free(b);
}

static void there_and_back(struct history *h)
{
	struct text file = {}, why = {};
	struct history back = {};
	unsigned int i;

	pcapng_build(&file, h);
	must(pcapng_parse(&back, file.s, file.len, &why));
	must(back.count == h->count);
	for (i = 0; i < h->count; i++)
		must_be_same(&h->flows[i], history_flow(&back, h->flows[i].id));
	must(back.count == h->count);
	text_free(&file);
	text_free(&why);
	history_free(&back);
}

static void look_at(struct history *h)
{
	unsigned int i;

	for (i = 0; i < h->count; i++) {
		draw_ladder(h, &h->flows[i], i % 2);
		draw_plot(&h->flows[i]);
	}
	draw_diagram(h);
	there_and_back(h);
}

/* Lines without what they all begin with. */
static void read_lines(struct history *h, const u8 *data, size_t len)
{
	struct text line = {};
	const u8 *end;
	size_t n;

	for (; len; data += n, len -= n) {
		end = memchr(data, '\n', len);
		n = end ? end - data + 1 : (ptrdiff_t)len;
		text_add(&line, LINE_MARK "flow=");
		text_bytes(&line, data, n - !!end);
		/* As from a comment: up to the first NUL. */
		line_read(h, line.s);
		text_free(&line);
	}
	history_sort(h);
}

int fuzz_one(const u8 *data, size_t len)
{
	struct history h = {};
	struct text why = {};
	bool whole;

	if (!len)
		return 0;
	if (*data != '#') {
		read_lines(&h, data, len);
		whole = h.count;
	} else {
		u8 *copy = malloc(len > 1 ? len - 1 : 1);

		must(copy);
		memcpy(copy, data + 1, len - 1);
		whole = pcapng_parse(&h, copy, len - 1, &why);
		must(whole || (why.len && !strchr(why.s, '\n')));
		free(copy);
	}
	if (whole)
		look_at(&h);
	text_free(&why);
	history_free(&h);
	return 0;
}

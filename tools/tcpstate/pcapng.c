// SPDX-License-Identifier: GPL-2.0
/*
 * Histories to pcapng and back.
 *
 * The recorder keeps no text, so packets hold headers alone and say how long they were.
 * A segment that was recorded at both ends is one packet, at the time and on the
 * interface of its sender. An event without a segment is a comment of the flow's last
 * packet before it, else of its first one, else of the section.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "line.h"
#include "pair.h"
#include "pcapng.h"

#define BLOCK_SECTION		0x0a0d0d0au
#define BLOCK_INTERFACE		1
#define BLOCK_PACKET		6
#define BYTE_ORDER_MAGIC	0x1a2b3c4du
#define LINKTYPE_RAW		101
#define OPT_END			0
#define OPT_COMMENT		1
#define OPT_IF_NAME		2
#define OPT_PACKET_FLAGS	2
#define OPT_IF_TSRESOL		9
#define OPT_USERAPPL		4
#define BLOCK_MAX		(16u << 20)
#define FILE_MAX		(1ul << 30)

/* --- writing --- */

static void put16(struct text *t, uint16_t v)
{
	text_bytes(t, &v, sizeof(v));
}

static void put32(struct text *t, uint32_t v)
{
	text_bytes(t, &v, sizeof(v));
}

static void pad(struct text *t)
{
	static const char zeros[4];

	text_bytes(t, zeros, -t->len & 3);
}

static size_t block_begin(struct text *t, uint32_t type)
{
	size_t at = t->len;

	put32(t, type);
	put32(t, 0);
	return at;
}

static void block_end(struct text *t, size_t at)
{
	uint32_t len;

	put32(t, OPT_END);
	len = t->len - at + 4;
	memcpy(t->s + at + 4, &len, sizeof(len));
	put32(t, len);
}

static void put_option(struct text *t, uint16_t code, const void *data, size_t len)
{
	put16(t, code);
	put16(t, len);
	text_bytes(t, data, len);
	pad(t);
}

static void put_comment(struct text *t, struct text *line)
{
	put_option(t, OPT_COMMENT, line->s, line->len);
	text_free(line);
}

/* A packet of the file: a passage, and the events that stand with it. */
struct packet {
	const struct passage *passage;
	uint64_t ns;
};

struct writer {
	const struct history *h;
	struct passages *pairs;
	unsigned int pair_count;
	struct packet *packets;
	unsigned int packet_count;
	int **home;	/* [flow][event]: packet, -1: the section */
	struct comment *comments;
	unsigned int comment_count;
	unsigned int comments_put;
};

static bool is_segment(const struct event *e)
{
	return e->what == WHAT_SEND || e->what == WHAT_RECEIVE;
}

/* Each pair of ends once. */
static void find_packets(struct writer *w)
{
	const struct history *h = w->h;
	unsigned int i, j;

	w->pairs = tool_alloc(NULL, (h->count + 1) * sizeof(*w->pairs));
	for (i = 0; i < h->count; i++) {
		const struct flow *f = &h->flows[i], *peer = history_peer(h, f);
		struct passages *p = &w->pairs[w->pair_count];

		if (peer && history_peer(h, peer) != f)
			peer = NULL;
		if (peer && peer < f)
			continue;
		passages_find(p, f, peer);
		w->pair_count++;
		w->packets = tool_alloc(w->packets, (w->packet_count + p->count + 1) *
					sizeof(*w->packets));
		for (j = 0; j < p->count; j++) {
			/* A piece is an event of its packet, not one more packet. */
			if (j && p->list[j].sent && p->list[j].sent == p->list[j - 1].sent)
				continue;
			w->packets[w->packet_count++] = (struct packet) { &p->list[j],
				passage_segment(&p->list[j])->ns };
		}
	}
}

static int packet_by_time(const void *a, const void *b)
{
	const struct packet *one = a, *other = b;

	return one->ns < other->ns ? -1 : one->ns > other->ns;
}

/* Where an event's home is kept; NULL: the flow is not of this history. */
static int *home_of(struct writer *w, const struct flow *f, const struct event *e)
{
	const struct flow *flows = w->h->flows;

	if (!e || f < flows || f >= flows + w->h->count)
		return NULL;
	return &w->home[f - flows][e - f->events];
}

static void settle(struct writer *w, const struct flow *f, const struct event *e, int packet)
{
	int *home = home_of(w, f, e);

	if (home)
		*home = packet;
}

/* Pieces of a larger segment stand with it. */
static void settle_pieces(struct writer *w, const struct passages *pair)
{
	const struct passage *p;
	const int *home;
	unsigned int i;

	for (i = 0; i < pair->count; i++) {
		p = &pair->list[i];
		home = p->got ? home_of(w, p->from, p->sent) : NULL;
		if (home)
			settle(w, p->to, p->got, *home);
	}
}

/* Segments to their packets, then the rest to their neighbours. */
static void find_homes(struct writer *w)
{
	unsigned int i, j;
	int last;

	w->home = tool_alloc(NULL, (w->h->count + 1) * sizeof(*w->home));
	for (i = 0; i < w->h->count; i++) {
		w->home[i] = tool_alloc(NULL, (w->h->flows[i].count + 1) * sizeof(int));
		for (j = 0; j < w->h->flows[i].count; j++)
			w->home[i][j] = -1;
	}
	for (i = 0; i < w->packet_count; i++) {
		const struct passage *p = w->packets[i].passage;

		settle(w, p->from, p->sent, i);
		settle(w, p->to, p->got, i);
	}
	for (i = 0; i < w->pair_count; i++)
		settle_pieces(w, &w->pairs[i]);
	for (i = 0; i < w->h->count; i++) {
		const struct flow *f = &w->h->flows[i];

		for (last = -1, j = 0; j < f->count && last < 0; j++)
			last = is_segment(&f->events[j]) ? w->home[i][j] : -1;
		for (j = 0; j < f->count; j++) {
			if (is_segment(&f->events[j]))
				last = w->home[i][j];
			else
				w->home[i][j] = last;
		}
	}
}

/* An event that is a comment of a packet. */
struct comment {
	int packet;
	bool receiver;	/* what happened at the sender stands before */
	const struct flow *f;
	const struct event *e;
};

static int comment_order(const void *a, const void *b)
{
	const struct comment *one = a, *other = b;

	if (one->packet != other->packet)
		return one->packet - other->packet;
	if (one->receiver != other->receiver)
		return one->receiver - other->receiver;
	if (one->f != other->f)
		return one->f < other->f ? -1 : 1;
	return one->e < other->e ? -1 : one->e > other->e;
}

static void sort_comments(struct writer *w)
{
	unsigned int i, j, room = 1;

	for (i = 0; i < w->h->count; i++)
		room += w->h->flows[i].count;
	w->comments = tool_alloc(NULL, room * sizeof(*w->comments));
	for (i = 0; i < w->h->count; i++) {
		const struct flow *f = &w->h->flows[i];

		for (j = 0; j < f->count; j++) {
			int packet = w->home[i][j];
			const struct passage *p = packet < 0 ? NULL : w->packets[packet].passage;

			if (p)
				w->comments[w->comment_count++] = (struct comment) {
					packet, f != (p->sent ? p->from : p->to), f, &f->events[j],
				};
		}
	}
	if (w->comment_count)
		qsort(w->comments, w->comment_count, sizeof(*w->comments), comment_order);
}

static void put_section(struct text *t, const struct writer *w)
{
	static const char app[] = "tcpstate record";
	size_t at = block_begin(t, BLOCK_SECTION);
	unsigned int i, j;

	put32(t, BYTE_ORDER_MAGIC);
	put16(t, 1);
	put16(t, 0);
	put32(t, UINT32_MAX);
	put32(t, UINT32_MAX);
	put_option(t, OPT_USERAPPL, app, sizeof(app) - 1);
	for (i = 0; i < w->h->count; i++) {
		struct text line = {};

		line_flow(&line, &w->h->flows[i]);
		put_comment(t, &line);
		for (j = 0; j < w->h->flows[i].count; j++) {
			if (w->home[i][j] >= 0)
				continue;
			line_event(&line, &w->h->flows[i], &w->h->flows[i].events[j]);
			put_comment(t, &line);
		}
	}
	block_end(t, at);
}

/* Two for a flow: its own, and what came from its unrecorded peer. */
static void put_interfaces(struct text *t, const struct history *h)
{
	static const uint8_t nanoseconds = 9;
	unsigned int i;

	for (i = 0; i < h->count; i++) {
		char local[END_LEN], name[END_LEN + COMM_LEN + 4];
		size_t at = block_begin(t, BLOCK_INTERFACE);

		end_print(&h->flows[i].local, local, sizeof(local));
		snprintf(name, sizeof(name), "%s %s", local, h->flows[i].comm);
		put16(t, LINKTYPE_RAW);
		put16(t, 0);
		put32(t, 0);
		put_option(t, OPT_IF_NAME, name, strlen(name));
		put_option(t, OPT_IF_TSRESOL, &nanoseconds, 1);
		block_end(t, at);
	}
}

static uint16_t checksum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static void be16(uint8_t *p, uint32_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static void be32(uint8_t *p, uint32_t v)
{
	be16(p, v >> 16);
	be16(p + 2, v);
}

/* Octets, a multiple of four. */
static size_t make_options(uint8_t *p, const struct event *e)
{
	size_t n = 0;

	if (e->mss) {
		p[n++] = 2;
		p[n++] = 4;
		be16(p + n, e->mss);
		n += 2;
	}
	if (e->options & OPTION_SHIFT) {
		p[n++] = 3;
		p[n++] = 3;
		p[n++] = e->shift;
	}
	if (e->options & OPTION_SACK_OK) {
		p[n++] = 4;
		p[n++] = 2;
	}
	if (e->options & OPTION_STAMP) {
		p[n++] = 8;
		p[n++] = 10;
		be32(p + n, e->tsval);
		be32(p + n + 4, e->tsecr);
		n += 8;
	}
	while (n % 4)
		p[n++] = 1;
	return n;
}

static size_t make_ip(uint8_t *p, const struct flow *f, bool outward, uint32_t payload)
{
	const struct end *from = outward ? &f->local : &f->remote;
	const struct end *to = outward ? &f->remote : &f->local;

	/* Bursts may be longer than a packet; 0 is what the kernel writes then. */
	if (payload + 20 > 65535)
		payload = -20;
	if (f->local.family == 6) {
		memset(p, 0, 40);
		p[0] = 0x60;
		be16(p + 4, payload);
		p[6] = f->wire;
		p[7] = 64;
		memcpy(p + 8, from->addr, 16);
		memcpy(p + 24, to->addr, 16);
		return 40;
	}
	memset(p, 0, 20);
	p[0] = 0x45;
	be16(p + 2, payload + 20);
	p[6] = 0x40;
	p[8] = 64;
	p[9] = f->wire;
	memcpy(p + 12, from->addr, 4);
	memcpy(p + 16, to->addr, 4);
	be16(p + 10, checksum(p, 20));
	return 20;
}

#define HEADERS_MAX	(40 + 20 + 40)

/* The headers as they were, but for what the recorder does not keep. */
static size_t make_headers(uint8_t *p, const struct flow *f, const struct event *e, bool outward)
{
	uint8_t options[40];
	size_t more = make_options(options, e), ip;

	ip = make_ip(p, f, outward, 20 + more + e->len);
	p += ip;
	memset(p, 0, 20);
	be16(p, outward ? f->local.port : f->remote.port);
	be16(p + 2, outward ? f->remote.port : f->local.port);
	be32(p + 4, e->seq + (outward ? f->iss : f->irs));
	be32(p + 8, e->flags & TCPSTATE_ACK ? e->ack + (outward ? f->irs : f->iss) : 0);
	p[12] = (20 + more) << 2;
	p[13] = e->flags;
	be16(p + 14, e->field);
	memcpy(p + 20, options, more);
	return ip + 20 + more;
}

/* Packets are put in their order, and so are their comments. */
static void put_comments(struct text *t, struct writer *w, int packet)
{
	const struct comment *c;

	for (; w->comments_put < w->comment_count; w->comments_put++) {
		struct text line = {};

		c = &w->comments[w->comments_put];
		if (c->packet != packet)
			break;
		line_event(&line, c->f, c->e);
		put_comment(t, &line);
	}
}

static void put_packet(struct text *t, struct writer *w, int number)
{
	const struct passage *p = w->packets[number].passage;
	const struct flow *f = p->sent ? p->from : p->to;
	const struct event *e = passage_segment(p);
	uint32_t direction = p->sent ? 2 : 1;
	size_t at = block_begin(t, BLOCK_PACKET);
	uint8_t headers[HEADERS_MAX];
	size_t len;

	len = make_headers(headers, f, e, p->sent);
	put32(t, f - w->h->flows);
	put32(t, e->ns >> 32);
	put32(t, e->ns);
	put32(t, len);
	put32(t, len + e->len);
	text_bytes(t, headers, len);
	pad(t);
	put_option(t, OPT_PACKET_FLAGS, &direction, sizeof(direction));
	put_comments(t, w, number);
	block_end(t, at);
}

/**
 * pcapng_build() - all of a history
 * @t: empty; the file's octets
 * @h: the history, sorted
 */
void pcapng_build(struct text *t, const struct history *h)
{
	struct writer w = { .h = h };
	unsigned int i;

	find_packets(&w);
	if (w.packet_count)
		qsort(w.packets, w.packet_count, sizeof(*w.packets), packet_by_time);
	find_homes(&w);
	sort_comments(&w);
	put_section(t, &w);
	put_interfaces(t, h);
	for (i = 0; i < w.packet_count; i++)
		put_packet(t, &w, i);
	for (i = 0; i < w.pair_count; i++)
		passages_free(&w.pairs[i]);
	for (i = 0; i < h->count; i++)
		free(w.home[i]);
	free(w.home);
	free(w.comments);
	free(w.pairs);
	free(w.packets);
}

/* --- reading --- */

struct reader {
	struct history *h;
	const uint8_t *data;
	size_t len;
	bool swapped;
	unsigned int lines;
	struct text *why;
};

static uint32_t get32(const struct reader *r, size_t at)
{
	uint32_t v;

	memcpy(&v, r->data + at, sizeof(v));
	return r->swapped ? __builtin_bswap32(v) : v;
}

static uint16_t get16(const struct reader *r, size_t at)
{
	uint16_t v;

	memcpy(&v, r->data + at, sizeof(v));
	return r->swapped ? __builtin_bswap16(v) : v;
}

/* A comment may have been joined from several by the program that saved it. */
static bool read_comment(struct reader *r, size_t at, size_t len)
{
	char *copy = tool_alloc(NULL, len + 1), *line = copy, *next;
	bool good = true;

	memcpy(copy, r->data + at, len);
	copy[len] = '\0';
	for (; good && line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (strncmp(line, LINE_MARK, strlen(LINE_MARK)))
			continue;
		r->lines++;
		good = line_read(r->h, line);
		if (!good)
			text_add(r->why, "damaged at octet %zu: this line cannot be read: %.60s",
				 at, line);
	}
	free(copy);
	return good;
}

static bool read_options(struct reader *r, size_t at, size_t end)
{
	while (end - at >= 4) {
		uint16_t code = get16(r, at), len = get16(r, at + 2);

		at += 4;
		if (code == OPT_END)
			break;
		if (len > end - at) {
			text_add(r->why, "damaged at octet %zu: an option is too long", at);
			return false;
		}
		if (code == OPT_COMMENT && !read_comment(r, at, len))
			return false;
		at += (len + 3u) & ~3u;
		if (at > end)
			break;
	}
	return true;
}

/* Checks the frame of the block at @at; 0 if it is none. */
static uint32_t block_length(struct reader *r, size_t at)
{
	size_t left = r->len - at;
	uint32_t len;

	if (left < 12) {
		text_add(r->why, "truncated: %zu octets are left where a block should be", left);
		return 0;
	}
	len = get32(r, at + 4);
	if (len < 12 || len % 4 || len > BLOCK_MAX) {
		text_add(r->why, "damaged at octet %zu: a block of %u octets", at, len);
		return 0;
	}
	if (len > left) {
		text_add(r->why, "truncated: the block at octet %zu has %u octets, %zu are there",
			 at, len, left);
		return 0;
	}
	if (get32(r, at + len - 4) != len) {
		text_add(r->why, "damaged at octet %zu: a block's two lengths differ", at);
		return 0;
	}
	return len;
}

static bool read_block(struct reader *r, size_t at, uint32_t len)
{
	size_t end = at + len - 4;
	uint32_t captured;

	switch (get32(r, at)) {
	case BLOCK_SECTION:
		return len < 28 || read_options(r, at + 24, end);
	case BLOCK_PACKET:
		captured = len < 32 ? UINT32_MAX : get32(r, at + 20);
		if (captured > len - 32) {
			text_add(r->why, "damaged at octet %zu: a packet is too long", at);
			return false;
		}
		return read_options(r, at + 28 + ((captured + 3) & ~3u), end);
	}
	return true;
}

/**
 * pcapng_parse() - read a file's octets
 * @h: where to
 * @data: the octets
 * @len: how many
 * @why: gets a sentence if it cannot be read
 *
 * Return: true if all of it could be read and there was something in it.
 */
bool pcapng_parse(struct history *h, const void *data, size_t len, struct text *why)
{
	struct reader r = { .h = h, .data = data, .len = len, .why = why };
	size_t at = 0;
	uint32_t block;

	if (len < 12 || get32(&r, 0) != BLOCK_SECTION) {
		text_add(why, len ? "not a pcapng file" : "the file is empty");
		return false;
	}
	while (at < len) {
		if (len - at >= 12 && get32(&r, at) == BLOCK_SECTION)
			r.swapped = (get32(&r, at + 8) == BYTE_ORDER_MAGIC) == r.swapped;
		block = block_length(&r, at);
		if (!block || !read_block(&r, at, block))
			return false;
		at += block;
	}
	if (!r.lines) {
		text_add(why, "a pcapng file without records of tcpstate (made by tcpstate record?)");
		return false;
	}
	history_sort(h);
	return true;
}

/**
 * pcapng_load() - read a file
 * @h: where to
 * @path: of the file
 * @why: gets a sentence if it cannot be read
 *
 * Return: true if all of it could be read.
 */
bool pcapng_load(struct history *h, const char *path, struct text *why)
{
	FILE *f = fopen(path, "rb");
	struct text all = {};
	char part[65536];
	size_t n;
	bool good;

	if (!f) {
		text_add(why, "%s", strerror(errno));
		return false;
	}
	errno = 0;
	while ((n = fread(part, 1, sizeof(part), f)) > 0 && all.len < FILE_MAX)
		text_bytes(&all, part, n);
	good = !ferror(f) && feof(f);
	if (!good)
		text_add(why, "%s", ferror(f) ? strerror(errno) : "too large");
	fclose(f);
	good = good && pcapng_parse(h, all.s, all.len, why);
	text_free(&all);
	return good;
}

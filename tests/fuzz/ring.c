// SPDX-License-Identifier: GPL-2.0
/*
 * The flight recorder's ring, against a list of all entries that there ever were: the
 * newest are there and no others, whatever was in the memory before, whatever size the
 * ring got on the way, and wherever memory ran out.
 */
#include "fuzz.h"

#include "tcpstate_ring.h"

#define ENTRIES	4096

/*
 * @limit: of the ring that asks for memory; @first: of the entries that a ring has had;
 * @refuse: how many requests from now on one fails.
 */
struct recorder {
	struct tcpstate_ring ring;
	u32 limit;
	u32 first, next;
	u32 refuse;
	long octets;
};

/* What stood in a page before may look like an entry of this ring. */
static void soil(struct tcpstate_record_event *entries, size_t size, u32 near, u32 limit)
{
	u32 i;

	for (i = 0; i < size / sizeof(*entries); i++) {
		memset(&entries[i], 0xa5, sizeof(*entries));
		entries[i].number = near + i - (i % 2 ? limit : 0);
		entries[i].kind = TCPSTATE_RECORD_SENT;
		entries[i].time = ~0ull;
	}
}

static void *get(void *owner, size_t size, bool zero)
{
	struct recorder *r = owner;
	void *memory;

	if (r->refuse && !--r->refuse)
		return NULL;
	memory = malloc(size);
	must(memory);
	if (zero)
		memset(memory, 0, size);
	else
		soil(memory, size, r->next, r->limit);
	r->octets += size;
	return memory;
}

static void put(void *owner, void *memory, size_t size)
{
	struct recorder *r = owner;

	if (memory)
		r->octets -= size;
	free(memory);
}

static const struct tcpstate_ring_memory memory = { get, put };

/* What is in an entry tells which one it is. */
static u64 mark_of(u32 number)
{
	return 0x100000000ull + number;
}

static void add(struct recorder *r)
{
	struct tcpstate_record_event *entry;

	entry = tcpstate_ring_make(&r->ring, r->next, &memory, r);
	if (!entry)
		return;
	must(entry == tcpstate_ring_place(&r->ring, r->next));
	entry->number = r->next;
	entry->kind = TCPSTATE_RECORD_STATE;
	entry->time = mark_of(r->next);
	r->next++;
}

static void resize(struct recorder *r, u32 limit)
{
	struct tcpstate_ring ring;
	bool moved;

	r->limit = limit;
	if (!tcpstate_ring_begin(&ring, limit, &memory, r)) {
		r->limit = r->ring.limit;
		return;
	}
	moved = tcpstate_ring_move(&r->ring, r->next, &ring, &memory, r);
	if (moved) {
		struct tcpstate_ring old = r->ring;

		/* What the smaller one had not is gone for good. */
		if (r->next - r->first > limit)
			r->first = r->next - limit;
		if (r->next - r->first > old.limit)
			r->first = r->next - old.limit;
		r->ring = ring;
		ring = old;
	}
	tcpstate_ring_end(&ring, &memory, r);
	r->limit = r->ring.limit;
}

static void check(struct recorder *r)
{
	const struct tcpstate_record_event *entry;
	u32 oldest = tcpstate_ring_oldest(&r->ring, r->next), number;

	must(oldest == (r->next > r->ring.limit ? r->next - r->ring.limit : 0));
	for (number = oldest; number < r->next; number++) {
		entry = tcpstate_ring_find(&r->ring, number);
		must(!entry == (number < r->first));
		must(!entry || (entry->number == number && entry->time == mark_of(number)));
	}
	/* Memory for no more than is kept. */
	must(r->octets <= (long)(tcpstate_ring_row_count(&r->ring) *
				 (tcpstate_ring_row_size(&r->ring) + sizeof(void *))));
}

int fuzz_one(const u8 *data, size_t len)
{
	struct input in = { data, len };
	struct recorder r = {};
	u32 n;

	r.limit = 1 + take_size(&in, 299);
	must(tcpstate_ring_begin(&r.ring, r.limit, &memory, &r));
	while (in.left) {
		u8 what = take8(&in);

		if (what < 32)
			resize(&r, 1 + take_size(&in, what ? 299 : TCPSTATE_RECORD_MAX - 1));
		else if (what < 64)
			r.refuse = what - 31;
		else
			for (n = what - 63; n && r.next < ENTRIES; n--)
				add(&r);
		check(&r);
	}
	tcpstate_ring_end(&r.ring, &memory, &r);
	must(!r.octets);
	return 0;
}

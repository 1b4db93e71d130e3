/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring of a flight recorder: which entries are kept, and where.  Pure but for the
 * memory, which the caller gives; tcpstate_record.c fills the entries and guards them.
 *
 * Entries are numbered from 0 on, and the newest are kept.  Each has its place in a row,
 * and rows get memory when their first entry comes: most connections never have many.
 */
#ifndef TCPSTATE_RING_H
#define TCPSTATE_RING_H

#include <linux/compiler.h>
#include <linux/types.h>

#include <asm/barrier.h>

#include "include/uapi/linux/tcpstate_netlink.h"
#include "tcpstate_fsm.h"

/* Entries of a row where few are kept: as many as a handshake and a request make. */
#define TCPSTATE_RECORD_ROW	8

/* Of two sizes: where many are kept, a page of them. */
#define TCPSTATE_RING_FEW_SHIFT		3
#define TCPSTATE_RING_FEW		64
#define TCPSTATE_RING_MANY_SHIFT	5

/* As many rows need no table. */
#define TCPSTATE_RING_FIRST	2

/**
 * struct tcpstate_ring - the entries of a flight recorder
 * @limit: how many are kept, 1 to TCPSTATE_RECORD_MAX
 * @shift: a row has 1 << @shift of them
 * @first: rows, each NULL until needed
 * @rows: the same, where @first has no room for them; else NULL
 */
struct tcpstate_ring {
	u32 limit;
	u32 shift;
	struct tcpstate_record_event *first[TCPSTATE_RING_FIRST];
	struct tcpstate_record_event **rows;
};

/**
 * struct tcpstate_ring_memory - where a ring's memory comes from
 * @get: octets, zero if @zero says so; NULL: there are none
 * @put: gives them back, or none if NULL
 */
struct tcpstate_ring_memory {
	void *(*get)(void *owner, size_t size, bool zero);
	void (*put)(void *owner, void *memory, size_t size);
};

static inline u32 tcpstate_ring_row_count(const struct tcpstate_ring *ring)
{
	return (ring->limit + (1U << ring->shift) - 1) >> ring->shift;
}

static inline size_t tcpstate_ring_row_size(const struct tcpstate_ring *ring)
{
	return sizeof(struct tcpstate_record_event) << ring->shift;
}

static inline struct tcpstate_record_event **tcpstate_ring_rows(struct tcpstate_ring *ring)
{
	return ring->rows ?: ring->first;
}

/**
 * tcpstate_ring_begin() - a ring without entries
 * @ring: filled
 * @limit: how many it keeps
 * @memory: where memory comes from
 * @owner: whose it is
 *
 * Context: @ring is the caller's alone.
 * Return: false: no memory.
 */
static inline bool tcpstate_ring_begin(struct tcpstate_ring *ring, u32 limit,
				       const struct tcpstate_ring_memory *memory, void *owner)
{
	*ring = (struct tcpstate_ring){
		.limit = limit,
		.shift = limit <= TCPSTATE_RING_FEW ? TCPSTATE_RING_FEW_SHIFT :
						      TCPSTATE_RING_MANY_SHIFT,
	};
	if (tcpstate_ring_row_count(ring) <= TCPSTATE_RING_FIRST)
		return true;
	ring->rows = memory->get(owner, tcpstate_ring_row_count(ring) * sizeof(*ring->rows), true);
	return ring->rows;
}

/**
 * tcpstate_ring_end() - give all memory back
 * @ring: not used any more
 * @memory: where it came from
 * @owner: whose it was
 *
 * Context: @ring is the caller's alone.
 */
static inline void tcpstate_ring_end(struct tcpstate_ring *ring,
				     const struct tcpstate_ring_memory *memory, void *owner)
{
	u32 i;

	for (i = 0; i < tcpstate_ring_row_count(ring); i++)
		memory->put(owner, tcpstate_ring_rows(ring)[i], tcpstate_ring_row_size(ring));
	memory->put(owner, ring->rows, tcpstate_ring_row_count(ring) * sizeof(*ring->rows));
}

/**
 * tcpstate_ring_oldest() - the first entry that is kept
 * @ring: the ring
 * @next: number of the next one
 *
 * Context: any.
 */
static inline u32 tcpstate_ring_oldest(const struct tcpstate_ring *ring, u32 next)
{
	return next - (next < ring->limit ? next : ring->limit);
}

/**
 * tcpstate_ring_place() - where an entry stands, if it is there at all
 * @ring: the ring
 * @number: of the entry
 *
 * Context: against a writer who makes a row: any.
 * Return: NULL: there is no such place yet.
 */
static inline struct tcpstate_record_event *tcpstate_ring_place(struct tcpstate_ring *ring,
								u32 number)
{
	u32 at = number % ring->limit, shift = ring->shift;
	struct tcpstate_record_event *row = READ_ONCE(tcpstate_ring_rows(ring)[at >> shift]);

	return row ? row + (at & ((1U << shift) - 1)) : NULL;
}

/**
 * tcpstate_ring_find() - an entry, if it is there
 * @ring: the ring
 * @number: of the entry, from tcpstate_ring_oldest() on and before the next one
 *
 * Context: as tcpstate_ring_place(); what is in it may change.
 * Return: NULL: it is not; a ring that was made larger has none of the earlier ones.
 */
static inline const struct tcpstate_record_event *tcpstate_ring_find(struct tcpstate_ring *ring,
								     u32 number)
{
	const struct tcpstate_record_event *entry = tcpstate_ring_place(ring, number);

	return entry && entry->number == number && entry->kind != TCPSTATE_RECORD_NONE ?
	       entry : NULL;
}

/**
 * tcpstate_ring_make() - a place for the next entry
 * @ring: the ring
 * @number: of the entry
 * @memory: where memory comes from
 * @owner: whose it is
 *
 * Context: the ring's one writer.
 * Return: NULL: no memory.
 */
static inline struct tcpstate_record_event *
tcpstate_ring_make(struct tcpstate_ring *ring, u32 number,
		   const struct tcpstate_ring_memory *memory, void *owner)
{
	u32 at = number % ring->limit, shift = ring->shift, in_row = at & ((1U << shift) - 1);
	struct tcpstate_record_event **row = &tcpstate_ring_rows(ring)[at >> shift];

	if (!*row) {
		/* In the first round nobody reads what is behind the newest entry. */
		bool newest = number < ring->limit && !in_row;

		/* Partner: the address dependency in tcpstate_ring_place(). */
		smp_store_release(row, memory->get(owner, tcpstate_ring_row_size(ring), !newest));
	}
	return *row ? *row + in_row : NULL;
}

/**
 * tcpstate_ring_move() - copy the newest entries to a ring of another size
 * @from: where they are
 * @next: number of the next one
 * @to: without entries
 * @memory: where memory comes from
 * @owner: whose it is
 *
 * Context: the ring's one writer; @to is the caller's alone.
 * Return: false: no memory.
 */
static inline bool tcpstate_ring_move(struct tcpstate_ring *from, u32 next,
				      struct tcpstate_ring *to,
				      const struct tcpstate_ring_memory *memory, void *owner)
{
	u32 number = tcpstate_ring_oldest(from->limit < to->limit ? from : to, next);
	const struct tcpstate_record_event *entry;
	struct tcpstate_record_event *place;

	for (; number != next; number++) {
		entry = tcpstate_ring_find(from, number);
		if (!entry)
			continue;
		place = tcpstate_ring_make(to, number, memory, owner);
		if (!place)
			return false;
		*place = *entry;
	}
	return true;
}

#endif /* TCPSTATE_RING_H */

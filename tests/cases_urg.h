/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Urgent text.  Sequence numbers of a row are offsets: every row is also run
 * with its space moved so that it wraps at 2^31 and at 2^32 at each octet of
 * its first sixteen, and in the middle of what a pointer can tell.
 */
#ifndef TESTS_CASES_URG_H
#define TESTS_CASES_URG_H

#include "cases.h"

#define P_3_8_5		"RFC 9293 3.8.5"
#define P_6TH		"RFC 9293 3.10.7.4 sixth"
#define P_062		"RFC 9293 MUST-62"
#define P_032		"RFC 9293 MUST-32"
#define P_033		"RFC 9293 MUST-33"
#define P_0		TCPSTATE_URGENT_NONE
#define P_A		TCPSTATE_URGENT_AHEAD
#define P_H		TCPSTATE_URGENT_HERE
#define P_R		TCPSTATE_URGENT_READ

/* Where the spaces begin.  True if a row holds at all of them. */
static inline bool urg_moved(bool (*fn)(u32 base, const void *row), const void *row)
{
	static const u32 edges[] = { 0, 0x80000000u };
	u32 e, i;

	if (!fn(1000, row))
		return false;
	for (e = 0; e < ROWS(edges); e++) {
		for (i = 0; i <= 16; i++)
			if (!fn(edges[e] - i, row))
				return false;
		if (!fn(edges[e] - 32768, row) || !fn(edges[e] - 65535, row))
			return false;
	}
	return true;
}

/* --- the field of what is sent --- */

struct urg_field_row {
	struct row row;
	u32 una, nxt, up, seq;
	u16 field;
};

#define R(name, rfc, ...) { { "urg_field__" name, rfc }, __VA_ARGS__ }

static const struct urg_field_row urg_field[] = {
	/*	una, nxt, up, seq, field */
	R("normal_mode", P_3_8_5, 10, 10, 10, 10, 0),
	R("normal_mode_with_text_outstanding", P_3_8_5, 10, 20, 10, 10, 0),
	R("normal_mode_below_una", P_3_8_5, 10, 10, 10, 9, 0),
	R("one_octet", P_062, 10, 10, 11, 10, 1),
	R("one_octet_after_nine", P_062, 10, 10, 20, 10, 10),
	R("second_segment", P_062, 10, 15, 20, 15, 5),
	R("segment_at_the_pointer", P_3_8_5, 10, 20, 20, 20, 0),
	R("segment_beyond_the_pointer", P_3_8_5, 10, 30, 20, 25, 0),
	R("again_after_an_ack", P_062, 15, 20, 20, 15, 5),
	R("again_with_text_behind", P_062, 10, 30, 20, 10, 10),
	R("below_una_with_urgent_text", P_062, 10, 10, 11, 9, 2),
	R("acknowledged", P_3_8_5, 20, 20, 20, 10, 0),
	R("all_that_the_field_holds", P_062, 10, 10, 10 + 65535, 10, 65535),
	R("one_more_and_unsent", "RFC 9293 3.8.5", 10, 10, 10 + 65536, 10, 65535),
	R("far_and_unsent", "RFC 9293 3.8.5", 10, 10, 10 + 1000000, 10, 65535),
	R("far_and_the_octet_before_it_is_sent", "RFC 9293 3.8.5", 10, 10 + 65534, 10 + 1000000,
	  10, 65535),
	R("far_and_its_octet_is_sent", "RFC 9293 3.8.5", 10, 10 + 65535, 10 + 1000000, 10, 0),
	R("far_and_more_is_sent", "RFC 9293 3.8.5", 10, 500000, 10 + 1000000, 10, 0),
	R("far_and_sent_but_near", P_062, 10, 500000, 10 + 1000000, 934475, 65535),
	R("exact_although_sent", P_062, 10, 500000, 10 + 65535, 10, 65535),
};

#undef R

static bool urg_field_at(u32 base, const void *row)
{
	const struct urg_field_row *r = row;
	struct tcpstate_tcb tcb = {
		.snd_una = base + r->una, .snd_nxt = base + r->nxt, .snd_up = base + r->up,
	};

	return tcpstate_urg_field(&tcb, base + r->seq) == r->field;
}

static bool urg_field_holds(unsigned int i)
{
	return urg_moved(urg_field_at, &urg_field[i]);
}

SUITE(urg_field);

/* --- the pointer that arrives --- */

struct urg_arrives_row {
	struct row row;
	u8 urgent;
	u32 up;
	u32 copied;
	u8 flags;
	u32 seq;
	u16 field;
	bool news;
};

#define R(name, rfc, ...) { { "urg_arrives__" name, rfc }, __VA_ARGS__ }
#define U_	(TCPSTATE_URG | TCPSTATE_ACK)

static const struct urg_arrives_row urg_arrives[] = {
	/*	urgent, rcv_up, copied, flags, seq, field, news */
	R("no_flag", P_3_8_5, P_0, 0, 10, TCPSTATE_ACK, 10, 5, false),
	R("first", P_032, P_0, 0, 10, U_, 10, 5, true),
	R("one_octet", P_032, P_0, 0, 10, U_, 10, 1, true),
	R("whatever_an_old_mark_was", P_032, P_0, 500, 10, U_, 10, 1, true),
	R("with_fin", P_6TH, P_0, 0, 10, U_ | TCPSTATE_FIN, 10, 1, true),
	R("field_zero_in_order", P_062, P_0, 0, 10, U_, 10, 0, false),
	R("field_zero_beyond_a_hole", P_062, P_0, 0, 10, U_, 20, 0, true),
	R("farthest", P_3_8_5, P_0, 0, 10, U_, 10, 65535, true),
	R("received_and_not_read", P_6TH, P_0, 0, 10, U_, 12, 3, true),
	R("received_and_read", P_6TH, P_0, 0, 20, U_, 12, 3, false),
	R("just_read", P_6TH, P_0, 0, 15, U_, 12, 3, false),
	R("last_octet_not_read", P_6TH, P_0, 0, 14, U_, 12, 3, true),
	R("same_again", P_032, P_A, 15, 10, U_, 10, 5, false),
	R("same_from_the_next_segment", P_032, P_A, 15, 10, U_, 13, 2, false),
	R("same_with_the_octet_here", P_032, P_H, 15, 10, U_, 10, 5, false),
	R("same_with_the_octet_read", P_032, P_R, 15, 10, U_, 10, 5, false),
	R("same_at_the_mark", P_032, P_R, 15, 14, U_, 10, 5, false),
	R("lower", "RFC 9293 3.8.5, robust", P_A, 15, 10, U_, 10, 4, false),
	R("advances_by_one", P_032, P_A, 15, 10, U_, 10, 6, true),
	R("advances_unread", P_032, P_H, 15, 10, U_, 15, 1, true),
	R("advances_read", P_032, P_R, 15, 14, U_, 15, 1, true),
	R("in_a_syn", "RFC 9293 3.10.7.3", P_0, 0, 11, U_ | TCPSTATE_SYN, 10, 2, true),
	R("to_the_syn_itself", "RFC 9293 3.10.7.3", P_0, 0, 11, U_ | TCPSTATE_SYN, 10, 1, false),
};

#undef R

static bool urg_arrives_at(u32 base, const void *row)
{
	const struct urg_arrives_row *r = row;
	struct tcpstate_tcb tcb = { .urgent = r->urgent, .rcv_up = base + r->up };
	struct tcpstate_seg seg = { .flags = r->flags, .seq = base + r->seq, .up = r->field };

	return tcpstate_urg_arrives(&tcb, &seg, base + r->copied) == r->news;
}

static bool urg_arrives_holds(unsigned int i)
{
	return urg_moved(urg_arrives_at, &urg_arrives[i]);
}

SUITE(urg_arrives);

/* --- the reader --- */

struct urg_read_row {
	struct row row;
	u8 urgent;
	u32 up;
	u32 seq;
	u32 len;
	u32 run;
	bool at_mark;
	bool passed;
};

#define R(name, rfc, ...) { { "urg_run__" name, rfc }, __VA_ARGS__ }

static const struct urg_read_row urg_read[] = {
	/*	urgent, rcv_up, seq, len, run, at_mark, passed */
	R("no_mark", P_3_8_5, P_0, 15, 10, 100, 100, false, false),
	R("at_an_old_mark", P_3_8_5, P_0, 11, 10, 100, 100, false, false),
	R("behind_an_old_mark", P_3_8_5, P_0, 5, 10, 100, 100, false, false),
	R("stops_at_the_mark", P_033, P_H, 15, 10, 100, 4, false, false),
	R("stops_with_the_octet_read", P_033, P_R, 15, 10, 100, 4, false, false),
	R("stops_with_the_octet_to_come", P_033, P_A, 15, 10, 100, 4, false, false),
	R("ends_at_the_mark", P_033, P_H, 15, 10, 4, 4, false, false),
	R("ends_before_the_mark", P_033, P_H, 15, 10, 3, 3, false, false),
	R("nothing_asked", P_033, P_H, 15, 10, 0, 0, false, false),
	R("at_the_mark", P_033, P_H, 15, 14, 100, 100, true, false),
	R("at_the_mark_read", P_033, P_R, 15, 14, 100, 100, true, false),
	R("at_the_mark_to_come", P_033, P_A, 15, 14, 100, 100, true, false),
	R("behind_the_mark", P_033, P_H, 15, 15, 100, 100, false, true),
	R("far_behind", P_033, P_H, 15, 1000, 100, 100, false, true),
	R("mark_far_ahead", P_033, P_A, 1000000, 10, 100, 100, false, false),
};

#undef R

static bool urg_read_at(u32 base, const void *row)
{
	const struct urg_read_row *r = row;
	struct tcpstate_tcb tcb = { .urgent = r->urgent, .rcv_up = base + r->up };
	u32 seq = base + r->seq;

	return tcpstate_urg_run(&tcb, seq, r->len) == r->run &&
	       tcpstate_at_mark(&tcb, seq) == r->at_mark &&
	       tcpstate_urg_passed(&tcb, seq) == r->passed;
}

static bool urg_read_holds(unsigned int i)
{
	return urg_moved(urg_read_at, &urg_read[i]);
}

SUITE(urg_read);

/* --- both together --- */

/* A stream with one urgent end, cut anywhere: each cut tells of the same octet. */
static bool urg_every_cut(void)
{
	u32 end, seq;

	for (end = 1; end <= 200; end++) {
		struct tcpstate_tcb from = { .snd_up = end, .snd_nxt = 100 };

		for (seq = 0; seq < end; seq++)
			if (seq + tcpstate_urg_field(&from, seq) != end)
				return false;
		if (tcpstate_urg_field(&from, end))
			return false;
	}
	return true;
}

/*
 * Far pointers: whatever is sent first, in order and in cuts of any size, no
 * octet but the last urgent one ever comes to lie at the mark of a receiver
 * that hears all segments, or only those from some point on.
 */
static bool urg_far_pointer_takes_no_octet(void)
{
	const u32 total = 300000;
	u32 seed = 4711, from, heard;

	for (heard = 0; heard < total; heard += 37777) {
		struct tcpstate_tcb tx = { .snd_up = total };
		struct tcpstate_tcb rx = { 0 };
		struct tcpstate_seg seg = { .flags = U_ };

		for (from = 0; from < total; from += seg.len) {
			seg.seq = from;
			seg.len = 1 + next_random(&seed) % 9000;
			if (seg.len > total - from)
				seg.len = total - from;
			seg.up = tcpstate_urg_field(&tx, from);
			tx.snd_nxt = from + seg.len;
			if (from < heard)
				continue;
			if (!seg.up)
				return false;
			if (tcpstate_urg_arrives(&rx, &seg, heard)) {
				rx.urgent = P_A;
				rx.rcv_up = seg.seq + seg.up;
			}
			if (rx.rcv_up - 1 - from < seg.len && rx.rcv_up != total)
				return false;
		}
		if (rx.rcv_up != total)
			return false;
		/* And when any of it is sent again. */
		for (from = 0; from < total; from += 999) {
			u16 up = tcpstate_urg_field(&tx, from);

			if (up && from + up != total)
				return false;
		}
	}
	return true;
}

static const struct {
	struct row row;
	bool (*fn)(void);
} urg_whole[] = {
	{ { "urg_field__every_cut_tells_the_same_octet", P_062 }, urg_every_cut },
	{ { "urg_field__far_pointer_takes_no_octet", P_3_8_5 }, urg_far_pointer_takes_no_octet },
};

static bool urg_whole_holds(unsigned int i)
{
	return urg_whole[i].fn();
}

SUITE(urg_whole);

static const struct suite * const urg_suites[] = {
	&urg_field_suite, &urg_arrives_suite, &urg_read_suite, &urg_whole_suite,
};

#undef P_3_8_5
#undef P_6TH
#undef P_062
#undef P_032
#undef P_033
#undef P_0
#undef P_A
#undef P_H
#undef P_R
#undef U_

#endif /* TESTS_CASES_URG_H */

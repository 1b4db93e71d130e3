// SPDX-License-Identifier: GPL-2.0
/*
 * Urgent pointers: what is sent tells the truth or less, what comes in never
 * moves the mark back, and a reader never crosses it in one go.
 */
#include "tcb.h"

static void check_field(const struct tcpstate_tcb *tcb, u32 seq)
{
	u16 field = tcpstate_urg_field(tcb, seq);
	s64 far = ahead(tcb->snd_up, seq);
	bool urgent = ahead(tcb->snd_up, tcb->snd_una) > 0 && far > 0;

	if (!urgent)
		must(!field);
	else if (far <= 65535)
		must(field == far);
	else
		/* An octet that was sent must not become the last urgent one. */
		must(field == (ahead(seq + 65535, tcb->snd_nxt) > 0 ? 65535 : 0));
}

/* What the reader finds, octet by octet, against the run. */
static void check_run(const struct tcpstate_tcb *tcb, u32 seq, u32 len)
{
	u32 run = tcpstate_urg_run(tcb, seq, len), mark = tcb->rcv_up - 1;

	must(run <= len && (!len || run));
	if (tcb->urgent == TCPSTATE_URGENT_NONE) {
		must(run == len);
		return;
	}
	/* The mark lies at the beginning, at the end, or outside. */
	must(mark - seq >= run || mark == seq);
	/* And nothing else shortens it. */
	must(run == len || seq + run == mark);
}

static void check_arrives(struct tcpstate_tcb *tcb, const struct tcpstate_seg *seg, u32 copied)
{
	s64 up = ahead(seg->seq + seg->up, copied);

	if (!tcpstate_urg_arrives(tcb, seg, copied)) {
		/* MUST-32: news is not missed. */
		must(!(seg->flags & TCPSTATE_URG) || up <= 0 ||
		     (tcb->urgent != TCPSTATE_URGENT_NONE &&
		      ahead(seg->seq + seg->up, tcb->rcv_up) <= 0));
		return;
	}
	must(seg->flags & TCPSTATE_URG && up > 0);
	if (tcb->urgent != TCPSTATE_URGENT_NONE)
		must(ahead(seg->seq + seg->up, tcb->rcv_up) > 0);
	tcb->rcv_up = seg->seq + seg->up;
	tcb->urgent = TCPSTATE_URGENT_AHEAD;
	must(!tcpstate_urg_passed(tcb, copied));
	must(!tcpstate_urg_arrives(tcb, seg, copied));
}

static void check_moved(const struct tcpstate_tcb *tcb, const struct tcpstate_seg *seg, u32 seq,
			u32 copied, const struct move *by)
{
	struct tcpstate_tcb there = moved_tcb(*tcb, by);
	struct tcpstate_seg same = moved_seg(*seg, by);

	must(tcpstate_urg_field(tcb, seq) == tcpstate_urg_field(&there, seq + by->snd));
	must(tcpstate_urg_arrives(tcb, seg, copied) ==
	     tcpstate_urg_arrives(&there, &same, copied + by->rcv));
	must(tcpstate_urg_passed(tcb, copied) == tcpstate_urg_passed(&there, copied + by->rcv));
	must(tcpstate_urg_run(tcb, copied, 1000) ==
	     tcpstate_urg_run(&there, copied + by->rcv, 1000));
	must(tcpstate_at_mark(tcb, copied) == tcpstate_at_mark(&there, copied + by->rcv));
}

int fuzz_one(const u8 *data, size_t len)
{
	struct input in = { data, len };
	struct tcpstate_tcb tcb = take_tcb(&in, false);
	struct move by = take_move(&in);
	u32 copied = tcb.rcv_nxt - take_size(&in, 1 << 20);

	tcb.snd_up = take_near(&in, (const u32[]){
		tcb.snd_una, tcb.snd_nxt, tcb.snd_una + 65535, tcb.snd_nxt + 65535,
		tcb.write_seq }, 5);
	if (tcpstate_before(tcb.snd_up, tcb.snd_una))
		tcb.snd_up = tcb.snd_una;
	while (in.left) {
		struct tcpstate_seg seg = take_seg(&in, &tcb);
		u32 seq = tcb.snd_una + take_size(&in, tcb.snd_nxt - tcb.snd_una);
		u32 run;

		check_moved(&tcb, &seg, seq, copied, &by);
		check_field(&tcb, seq);
		check_arrives(&tcb, &seg, copied);
		check_run(&tcb, copied, take_size(&in, 1 << 20));
		/* The reader goes on. */
		run = tcpstate_urg_run(&tcb, copied, take_size(&in, 1 << 20));
		copied += run;
		must(!tcpstate_urg_passed(&tcb, copied) || tcb.urgent != TCPSTATE_URGENT_NONE);
		if (tcpstate_urg_passed(&tcb, copied))
			tcb.urgent = TCPSTATE_URGENT_NONE;
	}
	return 0;
}

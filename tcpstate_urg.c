// SPDX-License-Identifier: GPL-2.0
/*
 * The urgent mechanism (RFC 9293 3.8.5): what the pointer of a segment says,
 * in both directions, and where a reader stops.  Pure: tcpstate_input.c keeps
 * RCV.UP, tcpstate_output.c SND.UP.
 */
#include "tcpstate_fsm.h"
#include "tcpstate_tcb.h"

/* A pointer that cannot be told exactly says that it is at least this far. */
#define FARTHEST	65535

/**
 * tcpstate_urg_field() - the urgent pointer field of a segment
 * @tcb: the connection's numbers
 * @seq: SEG.SEQ of the segment that is to be sent
 *
 * Beyond 65535 octets the field says 65535: that there is urgent text must be
 * known at once.  The octet which this makes the last urgent one for a while
 * must not have been sent: a peer that has it already would take it out of
 * the stream.
 *
 * Context: any.
 * Return: distance of SND.UP from @seq, octets; 0 without the URG bit.
 * Source: RFC 9293 3.8.5 (MUST-62), RFC 6093.
 */
u16 tcpstate_urg_field(const struct tcpstate_tcb *tcb, u32 seq)
{
	if (!tcpstate_after(tcb->snd_up, tcb->snd_una) || !tcpstate_after(tcb->snd_up, seq))
		return 0;
	if (tcb->snd_up - seq <= FARTHEST)
		return tcb->snd_up - seq;
	return tcpstate_after(seq + FARTHEST, tcb->snd_nxt) ? FARTHEST : 0;
}

/**
 * tcpstate_urg_arrives() - does a segment tell of urgent text that is news
 * @tcb: the connection's numbers
 * @seg: an accepted segment
 * @copied: the next octet that the reader takes
 *
 * The pointer only advances, and counts only ahead of what was read: an old
 * one, or one below the text of its own segment (the field 0 in order), is
 * not an error.
 *
 * Context: any.
 * Return: true where RCV.UP is to be set to SEG.UP, and the user to be told.
 * Source: RFC 9293 3.10.7.4 sixth, 3.8.5 (MUST-32).
 */
bool tcpstate_urg_arrives(const struct tcpstate_tcb *tcb, const struct tcpstate_seg *seg,
			  u32 copied)
{
	u32 up = seg->seq + seg->up;

	if (!(seg->flags & TCPSTATE_URG) || !tcpstate_after(up, copied))
		return false;
	return tcb->urgent == TCPSTATE_URGENT_NONE || tcpstate_after(up, tcb->rcv_up);
}

/**
 * tcpstate_urg_passed() - has the reader left the mark behind
 * @tcb: the connection's numbers
 * @copied: the next octet that the reader takes
 *
 * Context: any.
 * Return: true where there is no urgent text any more ("normal mode").
 * Source: RFC 9293 3.8.5.
 */
bool tcpstate_urg_passed(const struct tcpstate_tcb *tcb, u32 copied)
{
	return tcb->urgent != TCPSTATE_URGENT_NONE && !tcpstate_before(copied, tcb->rcv_up);
}

/**
 * tcpstate_urg_run() - how much may be read in one go: reading stops at the mark
 * @tcb: the connection's numbers
 * @seq: from here on
 * @len: octets there are
 *
 * Context: any.
 * Return: octets, at most @len; all of them where @seq is at the mark.
 * Source: RFC 9293 3.8.5 (MUST-33).
 */
u32 tcpstate_urg_run(const struct tcpstate_tcb *tcb, u32 seq, u32 len)
{
	u32 ahead = tcb->rcv_up - 1 - seq;

	if (tcb->urgent == TCPSTATE_URGENT_NONE || !ahead)
		return len;
	return ahead < len ? ahead : len;
}

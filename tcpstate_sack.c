// SPDX-License-Identifier: GPL-2.0
/*
 * What a receiver tells of text beyond RCV.NXT (RFC 2018).  Pure: tcpstate_input.c
 * keeps the text, tcpstate_opt.c writes the option.
 *
 * The blocks that are told are kept from one ACK to the next.  That is how those that
 * were told lately are told again, as RFC 2018 4 wants it, and how an ACK need not look
 * at what is held.
 */
#include "tcpstate_fsm.h"
#include "tcpstate_tcb.h"

/**
 * tcpstate_sack_tells() - is a number in a block
 * @sack: the blocks
 * @seq: the number
 *
 * Context: any.
 */
bool tcpstate_sack_tells(const struct tcpstate_sack *sack, u32 seq)
{
	u8 i;

	for (i = 0; i < sack->n; i++)
		if (seq - sack->blocks[i].start < sack->blocks[i].end - sack->blocks[i].start)
			return true;
	return false;
}

/* Nothing is missing between the two. */
static bool touches(const struct tcpstate_sack_block *a, const struct tcpstate_sack_block *b)
{
	return !tcpstate_after(a->start, b->end) && !tcpstate_after(b->start, a->end);
}

static void join(struct tcpstate_sack_block *a, const struct tcpstate_sack_block *b)
{
	if (tcpstate_before(b->start, a->start))
		a->start = b->start;
	if (tcpstate_after(b->end, a->end))
		a->end = b->end;
}

/**
 * tcpstate_sack_hold() - text came that is held, perhaps a second time
 * @sack: the blocks; the one with this text becomes the first
 * @start: its first number, or that of held text right before it which no block tells
 * @end: behind its last one, or of such text right behind it
 *
 * Context: the connection's lock held.
 * Source: RFC 2018 4.
 */
void tcpstate_sack_hold(struct tcpstate_sack *sack, u32 start, u32 end)
{
	struct tcpstate_sack_block block = { start, end };
	u8 i, left = 0;

	/* No block touches another: none that is joined brings a further one near. */
	for (i = 0; i < sack->n; i++) {
		if (touches(&sack->blocks[i], &block))
			join(&block, &sack->blocks[i]);
		else
			sack->blocks[left++] = sack->blocks[i];
	}
	if (left == TCPSTATE_SACK_KEPT)
		left--;
	for (i = left; i; i--)
		sack->blocks[i] = sack->blocks[i - 1];
	sack->blocks[0] = block;
	sack->n = left + 1;
}

/**
 * tcpstate_sack_pass() - RCV.NXT has moved on
 * @sack: the blocks; those that it has passed go
 * @rcv_nxt: RCV.NXT
 *
 * Context: the connection's lock held.
 */
void tcpstate_sack_pass(struct tcpstate_sack *sack, u32 rcv_nxt)
{
	u8 i, left = 0;

	for (i = 0; i < sack->n; i++)
		if (tcpstate_after(sack->blocks[i].start, rcv_nxt))
			sack->blocks[left++] = sack->blocks[i];
	sack->n = left;
}

/**
 * tcpstate_sack_cut() - the last text that was held is not held any more
 * @sack: the blocks; what lies behind @end goes
 * @end: behind the last number that is held
 *
 * Context: the connection's lock held.
 * Source: RFC 2018 8: a receiver may, and must not tell what it has not.
 */
void tcpstate_sack_cut(struct tcpstate_sack *sack, u32 end)
{
	u8 i, left = 0;

	for (i = 0; i < sack->n; i++) {
		if (!tcpstate_before(sack->blocks[i].start, end))
			continue;
		sack->blocks[left] = sack->blocks[i];
		if (tcpstate_after(sack->blocks[left].end, end))
			sack->blocks[left].end = end;
		left++;
	}
	sack->n = left;
}

/**
 * tcpstate_sack_forget() - nothing is held any more
 * @sack: the blocks
 *
 * Context: the connection's lock held, or nobody else sees it.
 */
void tcpstate_sack_forget(struct tcpstate_sack *sack)
{
	sack->n = 0;
}

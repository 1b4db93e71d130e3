// SPDX-License-Identifier: GPL-2.0
/*
 * TCP options: bytes to struct and back (RFC 9293 3.1, RFC 7323, RFC 2018).
 * Pure; knows no segment and no connection.
 */
#include "tcpstate_tcb.h"

enum {
	KIND_EOL = 0,
	KIND_NOP = 1,
	KIND_MSS = 2,
	KIND_WSCALE = 3,
	KIND_SACK_PERM = 4,
	KIND_SACK = 5,
	KIND_TSTAMP = 8,
};

static u32 get32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static void put32(u8 *p, u32 v)
{
	p[0] = (u8)(v >> 24);
	p[1] = (u8)(v >> 16);
	p[2] = (u8)(v >> 8);
	p[3] = (u8)v;
}

/* One option with its length byte; an unexpected length is an unknown option. */
static void parse_one(const u8 *p, u8 len, struct tcpstate_options *opt)
{
	if (p[0] == KIND_MSS && len == 4) {
		opt->mss = (u16)(p[2] << 8 | p[3]);
	} else if (p[0] == KIND_WSCALE && len == 3) {
		opt->has_wscale = true;
		/* RFC 7323 2.3: a larger shift counts as 14. */
		opt->wscale = p[2] > TCPSTATE_MAX_WSCALE ? TCPSTATE_MAX_WSCALE : p[2];
	} else if (p[0] == KIND_SACK_PERM && len == 2) {
		opt->has_sack_perm = true;
	} else if (p[0] == KIND_SACK) {
		opt->has_sack = true;
	} else if (p[0] == KIND_TSTAMP && len == 10) {
		opt->has_tstamp = true;
		opt->tsval = get32(p + 2);
		opt->tsecr = get32(p + 6);
	}
}

/**
 * tcpstate_opt_parse() - read the options of a segment
 * @bytes: the octets behind the fixed header, at any alignment (MUST-64)
 * @len: how many, at most 40
 * @opt: filled; zero where an option is absent
 *
 * Unknown kinds are skipped by their length (MUST-6).  A length of 0, 1 or
 * past the header sets @opt->bad and ends the parsing (MUST-7): the segment
 * is still good for its numbers, as the in-tree TCP has it.
 *
 * Context: any.
 */
void tcpstate_opt_parse(const u8 *bytes, unsigned int len, struct tcpstate_options *opt)
{
	unsigned int i = 0;

	*opt = (struct tcpstate_options){};
	/* Nearly all segments look like this (RFC 7323 appendix A). */
	if (len == TCPSTATE_TSTAMP_LEN && bytes[0] == KIND_NOP && bytes[1] == KIND_NOP &&
	    bytes[2] == KIND_TSTAMP && bytes[3] == 10) {
		parse_one(bytes + 2, 10, opt);
		return;
	}
	while (i < len) {
		if (bytes[i] == KIND_EOL)
			return;
		if (bytes[i] == KIND_NOP) {
			i++;
			continue;
		}
		if (i + 1 >= len || bytes[i + 1] < 2 || bytes[i + 1] > len - i) {
			opt->bad = true;
			return;
		}
		parse_one(bytes + i, bytes[i + 1], opt);
		i += bytes[i + 1];
	}
}

/**
 * tcpstate_opt_write() - write options, padded to 32 bits
 * @bytes: room for 40 octets
 * @opt: what to write; @opt->mss of 0 writes no MSS option
 *
 * Context: any.
 * Return: octets written, a multiple of 4.
 */
unsigned int tcpstate_opt_write(u8 *bytes, const struct tcpstate_options *opt)
{
	u8 *p = bytes;

	if (opt->mss) {
		*p++ = KIND_MSS;
		*p++ = 4;
		*p++ = (u8)(opt->mss >> 8);
		*p++ = (u8)opt->mss;
	}
	if (opt->has_tstamp) {
		*p++ = opt->has_sack_perm ? KIND_SACK_PERM : KIND_NOP;
		*p++ = opt->has_sack_perm ? 2 : KIND_NOP;
		*p++ = KIND_TSTAMP;
		*p++ = 10;
		put32(p, opt->tsval);
		put32(p + 4, opt->tsecr);
		p += 8;
	} else if (opt->has_sack_perm) {
		*p++ = KIND_NOP;
		*p++ = KIND_NOP;
		*p++ = KIND_SACK_PERM;
		*p++ = 2;
	}
	if (opt->has_wscale) {
		*p++ = KIND_NOP;
		*p++ = KIND_WSCALE;
		*p++ = 3;
		*p++ = opt->wscale;
	}
	return (unsigned int)(p - bytes);
}

/**
 * tcpstate_opt_write_sack() - write a SACK option, padded to 32 bits
 * @bytes: room for 36 octets
 * @blocks: what is held beyond RCV.NXT, the newest first
 * @n: how many, at most TCPSTATE_MAX_SACK_BLOCKS; more are left out
 *
 * Context: any.
 * Return: octets written, a multiple of 4; 0 for no blocks.
 * Source: RFC 2018 3.
 */
unsigned int tcpstate_opt_write_sack(u8 *bytes, const struct tcpstate_sack_block *blocks,
				     unsigned int n)
{
	unsigned int i;

	if (!n)
		return 0;
	if (n > TCPSTATE_MAX_SACK_BLOCKS)
		n = TCPSTATE_MAX_SACK_BLOCKS;
	bytes[0] = KIND_NOP;
	bytes[1] = KIND_NOP;
	bytes[2] = KIND_SACK;
	bytes[3] = (u8)(2 + 8 * n);
	for (i = 0; i < n; i++) {
		put32(bytes + 4 + 8 * i, blocks[i].start);
		put32(bytes + 8 + 8 * i, blocks[i].end);
	}
	return 4 + 8 * n;
}

/**
 * tcpstate_opt_wscale() - the shift that lets a buffer's whole size be offered
 * @space: largest window ever to be offered, octets
 *
 * Context: any.
 * Return: 0 to 14.
 * Source: RFC 7323 2.2.
 */
u8 tcpstate_opt_wscale(u32 space)
{
	u8 shift = 0;

	while (shift < TCPSTATE_MAX_WSCALE && (space >> shift) > 65535)
		shift++;
	return shift;
}

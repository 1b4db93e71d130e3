// SPDX-License-Identifier: GPL-2.0
/*
 * Options: any octets can be parsed; what is written is read back the same.
 */
#include "fuzz.h"

static bool same(const struct tcpstate_options *a, const struct tcpstate_options *b)
{
	return a->mss == b->mss && a->has_wscale == b->has_wscale && a->wscale == b->wscale &&
	       a->has_sack_perm == b->has_sack_perm && a->has_tstamp == b->has_tstamp &&
	       a->tsval == b->tsval && a->tsecr == b->tsecr;
}

/* Written, and read again: nothing changes but @bad, which is not written. */
static void there_and_back(const struct tcpstate_options *opt)
{
	u8 *bytes = malloc(TCPSTATE_MAX_OPT_LEN), *exact;
	struct tcpstate_options again;
	unsigned int len;

	must(bytes);
	len = tcpstate_opt_write(bytes, opt);
	must(len <= TCPSTATE_MAX_OPT_LEN && len % 4 == 0);
	exact = malloc(len ? len : 1);
	must(exact);
	memcpy(exact, bytes, len);
	tcpstate_opt_parse(exact, len, &again);
	must(!again.bad && same(opt, &again));
	free(exact);
	free(bytes);
}

static void parse_anything(const u8 *data, size_t left)
{
	unsigned int len = left < TCPSTATE_MAX_OPT_LEN ? left : TCPSTATE_MAX_OPT_LEN;
	struct tcpstate_options opt;
	u8 *bytes = malloc(len ? len : 1);

	must(bytes);
	memcpy(bytes, data, len);
	tcpstate_opt_parse(bytes, len, &opt);
	must(opt.wscale <= TCPSTATE_MAX_WSCALE);
	must(opt.has_wscale || !opt.wscale);
	must(opt.has_tstamp || (!opt.tsval && !opt.tsecr));
	there_and_back(&opt);
	free(bytes);
}

static void write_anything(struct input *in)
{
	u8 has = take8(in);
	struct tcpstate_options opt = {
		.mss = take16(in),
		.has_wscale = has & 1, .wscale = has & 1 ? take8(in) % 15 : 0,
		.has_sack_perm = has & 2,
		.has_tstamp = has & 4, .tsval = has & 4 ? take32(in) : 0,
		.tsecr = has & 4 ? take32(in) : 0,
	};

	there_and_back(&opt);
}

static u32 be32(const u8 *p)
{
	return (u32)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static void write_sack(struct input *in)
{
	struct tcpstate_sack_block blocks[8];
	unsigned int n = take8(in) % 9, told, i, len;
	struct tcpstate_options opt;
	u8 *bytes = malloc(36);

	must(bytes);
	for (i = 0; i < COUNT(blocks); i++)
		blocks[i] = (struct tcpstate_sack_block){ take32(in), take32(in) };
	len = tcpstate_opt_write_sack(bytes, blocks, n);
	told = n < TCPSTATE_MAX_SACK_BLOCKS ? n : TCPSTATE_MAX_SACK_BLOCKS;
	must(len == (told ? 4 + 8 * told : 0));
	if (told)
		must(bytes[0] == 1 && bytes[1] == 1 && bytes[2] == 5 && bytes[3] == 2 + 8 * told);
	for (i = 0; i < told; i++)
		must(be32(bytes + 4 + 8 * i) == blocks[i].start &&
		     be32(bytes + 8 + 8 * i) == blocks[i].end);
	tcpstate_opt_parse(bytes, len, &opt);
	must(!opt.bad && !opt.mss && !opt.has_wscale && !opt.has_sack_perm && !opt.has_tstamp);
	/* Timestamps before it leave room for three. */
	must(TCPSTATE_TSTAMP_LEN + 4 + 8 * TCPSTATE_MAX_SACK_BLOCKS_TSTAMP <= TCPSTATE_MAX_OPT_LEN);
	free(bytes);
}

/* The whole space can be offered, and with a smaller shift it could not. */
static void wscale(u32 space)
{
	u8 shift = tcpstate_opt_wscale(space);

	must(shift <= TCPSTATE_MAX_WSCALE);
	must(shift == TCPSTATE_MAX_WSCALE || (u64)space < (u64)65536 << shift);
	must(!shift || (u64)space >= (u64)65536 << (shift - 1));
}

int fuzz_one(const u8 *data, size_t len)
{
	struct input in = { data, len };

	switch (take8(&in) % 4) {
	case 0:
		write_anything(&in);
		break;
	case 1:
		write_sack(&in);
		break;
	case 2:
		wscale(take_size(&in, ~0u));
		break;
	case 3:
		parse_anything(in.at, in.left);
		break;
	}
	return 0;
}

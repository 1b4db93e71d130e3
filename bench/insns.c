// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of QEMU (TCG) that counts the guest's instructions by address, between
 * marks that the guest sets.  bench/run.sh loads it; bench/report.py reads its file.
 *
 * A mark is a NOP of seven octets with a number in its displacement, which does
 * nothing where no plugin looks: MARK_BEGIN and MARK_END stand around what is
 * counted, as often as wanted; MARK_RECORD writes down what was counted since the
 * last record and begins anew.  A record is a line "record N", then a line "ADDRESS
 * COUNT" for each block of instructions that was executed, by its first address;
 * addresses of user space are summed up under 0.
 *
 * usage: qemu-system-x86_64 ... -plugin insns.so,to=PATH
 *
 * One vCPU, x86-64, plugin interface 1 (QEMU 4.2 to 9.0).  Its header is in no Debian
 * package: what is used of it is declared here.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marks.h"

#define PUBLIC		__attribute__((visibility("default")))
#define BUCKETS		(1 << 16)

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

extern PUBLIC int qemu_plugin_version;
PUBLIC int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*cb)(qemu_plugin_id_t id,
						      struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op, void *ptr,
					      uint64_t imm);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*cb)(unsigned int vcpu, void *data),
					    int flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t n);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

int qemu_plugin_version = 1;

/* All blocks that begin at one address. */
struct place {
	struct place *next;
	uint64_t address;
	uint64_t count;		/* since QEMU's start */
	uint64_t before;	/* its count at the last MARK_BEGIN */
	uint64_t sum;		/* between marks, since the last record */
};

static struct place *places[BUCKETS];
static FILE *out;
static unsigned int records;
static bool on;

static struct place *place_of(uint64_t address)
{
	struct place *p, **bucket;

	if (!(address >> 63))
		address = 0;
	bucket = &places[(address ^ address >> 16) % BUCKETS];
	for (p = *bucket; p; p = p->next)
		if (p->address == address)
			return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		abort();
	p->address = address;
	p->next = *bucket;
	*bucket = p;
	return p;
}

static void each(void (*visit)(struct place *p))
{
	struct place *p;
	int i;

	for (i = 0; i < BUCKETS; i++)
		for (p = places[i]; p; p = p->next)
			visit(p);
}

static void begin_place(struct place *p)
{
	p->before = p->count;
}

static void end_place(struct place *p)
{
	p->sum += p->count - p->before;
}

static void record_place(struct place *p)
{
	if (p->sum)
		fprintf(out, "%" PRIx64 " %" PRIu64 "\n", p->address, p->sum);
	p->sum = 0;
}

static void mark(unsigned int vcpu, void *data)
{
	(void)vcpu;
	switch ((uintptr_t)data) {
	case MARK_BEGIN:
		if (on)
			each(end_place);
		each(begin_place);
		on = true;
		break;
	case MARK_END:
		if (on)
			each(end_place);
		on = false;
		break;
	case MARK_RECORD:
		fprintf(out, "record %u\n", ++records);
		each(record_place);
		fflush(out);
		break;
	}
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	static const uint8_t nop[] = { 0x0f, 0x1f, 0x80 };
	uint64_t address = qemu_plugin_tb_vaddr(tb);
	size_t n = qemu_plugin_tb_n_insns(tb), i;

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, 0, &place_of(address)->count, n);
	if (address >> 63)
		return;
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const uint8_t *code = qemu_plugin_insn_data(insn);
		uint32_t number;

		if (qemu_plugin_insn_size(insn) != 7 || memcmp(code, nop, sizeof(nop)))
			continue;
		memcpy(&number, code + sizeof(nop), sizeof(number));
		if (number == MARK_BEGIN || number == MARK_END || number == MARK_RECORD)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, mark, 0,
							       (void *)(uintptr_t)number);
	}
}

PUBLIC int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "to=", 3)) {
		fprintf(stderr, "insns: usage: -plugin insns.so,to=PATH\n");
		return 1;
	}
	out = fopen(argv[0] + 3, "w");
	if (!out) {
		perror(argv[0] + 3);
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}

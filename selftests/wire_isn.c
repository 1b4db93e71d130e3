// SPDX-License-Identifier: GPL-2.0
/*
 * Initial sequence numbers must grow with a clock for one pair of names, so that a
 * new connection stays clear of an old one, and must not be known from those of
 * other names (RFC 9293 3.4.1, RFC 6528).
 */
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

WIRE_FIXTURE(isn)

/* The number that a SYN of ours gets, and the time; the connection is reset. */
static int take_isn(struct wire_conn *c, uint32_t *isn, int64_t *when)
{
	wire_conn_reuse(c, c->iss + 100000);
	if (wire_send(c, "S seq 0 mss 1460") || wire_expect(c, "SA seq 0 ack 1"))
		return -1;
	*isn = c->irs;
	*when = c->got.when;
	return wire_send(c, "R seq 1") ?: wire_wait_gone(c);
}

WIRE_TEST(isn, grows_with_a_clock)
{
	struct wire_conn *c = &self->c;
	int64_t when, before = 0;
	uint32_t isn, last = 0;
	int i;

	/* MUST-8: "at least once every roughly 4 microseconds". */
	ASSERT_EQ(0, wire_listen(c));
	for (i = 0; i < 6; i++) {
		ASSERT_EQ(0, take_isn(c, &isn, &when));
		if (i)
			ASSERT_LE((when - before) / 5, (int32_t)(isn - last));
		last = isn;
		before = when;
		usleep(50000);	/* what the clock is to show */
	}
}

WIRE_TEST(isn, says_nothing_about_other_names)
{
	struct wire_conn *c = &self->c;
	int64_t when;
	uint32_t isn, last = 0;
	int32_t step;
	int i, far = 0;

	/*
	 * MUST-9, SHLD-1. In a second a clock of 64 ns moves by 2^24: were it all,
	 * the steps between names would be smaller than 2^27. One in 16 is by
	 * chance.
	 */
	ASSERT_EQ(0, wire_listen(c));
	for (i = 0; i <= 64; i++) {
		c->pport = 20000 + i;
		ASSERT_EQ(0, take_isn(c, &isn, &when));
		step = isn - last;
		if (i && (step > 1 << 27 || step < -(1 << 27)))
			far++;
		last = isn;
	}
	ASSERT_LE(48, far);
}

TEST_HARNESS_MAIN

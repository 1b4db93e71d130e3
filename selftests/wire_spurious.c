// SPDX-License-Identifier: GPL-2.0
/*
 * Text that was sent again though it had arrived must not cost the windows: the
 * timestamps tell (RFC 3522), what was cut comes back (RFC 4015), and more
 * duplicates are waited for.  Nor may text be lost that never left this host.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/wire.h"

#define MSS	1000
#define T0	1000000u	/* the peer's clock, which stands still */

WIRE_FIXTURE(spurious)

/* A counter of ours; the in-tree TCP has no such file. */
static long counted(struct wire *w, const char *name)
{
	return w->family == AF_INET ? -1 : wire_stat(w, name);
}

/*
 * n segments are on their way, of a window that has grown; *base is the first one's
 * number, *sent its timestamp, and our clock has moved on since then.
 */
static int flight(struct wire_conn *c, int n, uint32_t *base, uint32_t *sent)
{
	int i;

	c->stamp = true;
	c->tsval = T0;
	if (wire_passive(c, "mss 1012"))
		return -1;
	for (i = 0; i < 10; i++)
		if (wire_write(c, 2 * MSS) ||
		    wire_expect_stream(c, 1 + c->wr_off, false, true))
			return -1;
	*base = 1 + c->wr_off;
	if (wire_write(c, n * MSS))
		return -1;
	for (i = 0; i < n; i++) {
		if (wire_expect(c, "A seq %u len %d", *base + i * MSS, MSS))
			return -1;
		if (!i)
			*sent = c->got.tsval;
	}
	c->strict = true;
	/* Ten ticks. */
	usleep(10000);
	return 0;
}

static int duplicates(struct wire_conn *c, uint32_t ack, int n)
{
	while (n--)
		if (wire_send(c, "A ack %u", ack))
			return -1;
	return 0;
}

/* Of ten segments the first goes again, for three duplicates; *before: ahead of these. */
static int sent_again(struct wire_conn *c, uint32_t *base, uint32_t *sent,
		      struct tcp_info *before)
{
	c->rtt_ms = 400;
	if (flight(c, 10, base, sent))
		return -1;
	*before = wire_info(c);
	return duplicates(c, *base, 3) || wire_expect_now(c, "A seq %u len %d", *base, MSS) ?
		-1 : 0;
}

WIRE_TEST(spurious, fast_retransmit_is_undone)
{
	struct wire_conn *c = &self->c;
	struct tcp_info before, then;
	uint32_t base, sent;

	ASSERT_EQ(0, sent_again(c, &base, &sent, &before));
	ASSERT_LT(sent, c->got.tsval);
	ASSERT_GT(before.tcpi_snd_ssthresh, wire_info(c).tcpi_snd_ssthresh);
	/* The first copy was only late. */
	SEND(c, "A ack %u ts %u %u", base + 2 * MSS, T0, sent);
	EXPECT_NOTHING(c);
	then = wire_info(c);
	ASSERT_EQ(0, then.tcpi_ca_state);
	ASSERT_EQ(before.tcpi_snd_ssthresh, then.tcpi_snd_ssthresh);
	ASSERT_LE(before.tcpi_snd_cwnd, then.tcpi_snd_cwnd);
	if (self->w.family == AF_INET)
		return;
	ASSERT_EQ(1, counted(&self->w, "SpuriousRecoveries"));
	ASSERT_EQ(0, counted(&self->w, "SpuriousTimeouts"));
	/* From now on one more duplicate is waited for. */
	ASSERT_EQ(4, then.tcpi_reordering);
	ASSERT_EQ(0, duplicates(c, base + 2 * MSS, 3));
	EXPECT_NOTHING(c);
	ASSERT_EQ(0, duplicates(c, base + 2 * MSS, 1));
	EXPECT_NOW(c, "A seq %u len %d", base + 2 * MSS, MSS);
}

WIRE_TEST(spurious, fast_retransmit_that_was_needed)
{
	struct wire_conn *c = &self->c;
	struct tcp_info before, then;
	uint32_t base, sent;

	ASSERT_EQ(0, sent_again(c, &base, &sent, &before));
	/* The echo is the second copy's; there is another hole. */
	SEND(c, "A ack %u ts %u %u", base + 2 * MSS, T0, c->got.tsval);
	EXPECT_NOW(c, "A seq %u len %d", base + 2 * MSS, MSS);
	then = wire_info(c);
	ASSERT_GT(before.tcpi_snd_ssthresh, then.tcpi_snd_ssthresh);
	/* Later ACKs say nothing of it: whatever they echo. */
	SEND(c, "A ack %u ts %u %u", base + 10 * MSS, T0, sent);
	EXPECT_NOTHING(c);
	ASSERT_EQ(then.tcpi_snd_ssthresh, wire_info(c).tcpi_snd_ssthresh);
	if (self->w.family != AF_INET)
		ASSERT_EQ(0, counted(&self->w, "SpuriousRecoveries"));
}

WIRE_TEST(spurious, timeout_is_undone)
{
	struct wire_conn *c = &self->c;
	struct tcp_info before, then;
	uint32_t base, sent;

	c->rtt_ms = 100;
	ASSERT_EQ(0, flight(c, 6, &base, &sent));
	before = wire_info(c);
	EXPECT(c, "A seq %u len %d", base, MSS);
	ASSERT_LT(sent, c->got.tsval);
	/* All was late; what was not acknowledged yet does not go again. */
	SEND(c, "A ack %u ts %u %u", base + MSS, T0, sent);
	if (self->w.family == AF_INET)
		SKIP(return, "in-tree: needs SACK for that");
	EXPECT_NOTHING(c);
	then = wire_info(c);
	ASSERT_EQ(0, then.tcpi_ca_state);
	ASSERT_EQ(before.tcpi_snd_ssthresh, then.tcpi_snd_ssthresh);
	ASSERT_LE(before.tcpi_snd_cwnd, then.tcpi_snd_cwnd);
	ASSERT_EQ(1, counted(&self->w, "SpuriousTimeouts"));
	SEND(c, "A ack %u ts %u %u", base + 6 * MSS, T0, sent);
	EXPECT_QUIET(c, 300);
}

WIRE_TEST(spurious, timeout_that_was_needed)
{
	struct wire_conn *c = &self->c;
	uint32_t base, sent;

	c->rtt_ms = 100;
	ASSERT_EQ(0, flight(c, 6, &base, &sent));
	EXPECT(c, "A seq %u len %d", base, MSS);
	SEND(c, "A ack %u ts %u %u", base + MSS, T0, c->got.tsval);
	EXPECT_NOW(c, "A seq %u len %d", base + MSS, MSS);
	if (self->w.family != AF_INET)
		ASSERT_EQ(0, counted(&self->w, "SpuriousTimeouts"));
}

WIRE_TEST(spurious, without_timestamps_nobody_knows)
{
	struct wire_conn *c = &self->c;

	c->rtt_ms = 400;
	ASSERT_EQ(0, wire_passive(c, "mss 1000"));
	ASSERT_EQ(0, wire_write(c, 6 * MSS));
	ASSERT_EQ(0, wire_expect_stream(c, 1 + 6 * MSS, false, false));
	c->strict = true;
	ASSERT_EQ(0, duplicates(c, 1, 3));
	EXPECT_NOW(c, "A seq 1 len %d", MSS);
	/* Not an option of this connection: it says nothing. */
	SEND(c, "A ack %d", 1 + MSS);
	EXPECT_NOW(c, "A seq %d len %d", 1 + MSS, MSS);
	if (self->w.family != AF_INET)
		ASSERT_EQ(0, counted(&self->w, "SpuriousRecoveries"));
}

WIRE_TEST(spurious, many_holes_end_in_a_timeout)
{
	struct wire_conn *c = &self->c;
	long before = counted(&self->w, "Timeouts");
	uint32_t base, sent;
	int i;

	/*
	 * RFC 6582 3.2 step 3: only the first partial ACK starts the timer anew, so that
	 * one hole in a round trip does not go on for hundreds of them.
	 */
	if (self->w.family == AF_INET)
		SKIP(return, "in-tree: each partial ACK starts the timer");
	c->rtt_ms = 100;
	ASSERT_EQ(0, flight(c, 10, &base, &sent));
	c->strict = false;
	ASSERT_EQ(0, duplicates(c, base, 3));
	EXPECT_NOW(c, "A seq %u len %d", base, MSS);
	for (i = 1; i < 9 && counted(&self->w, "Timeouts") == before; i++) {
		SEND(c, "A ack %u ts %u %u", base + i * MSS, T0, c->got.tsval);
		/* Less than the timeout, which is 200 ms at least. */
		usleep(120000);
		ASSERT_LE(0, wire_drain(c));
	}
	ASSERT_EQ(before + 1, counted(&self->w, "Timeouts"));
}

WIRE_TEST(spurious, refused_by_a_queue_of_this_host)
{
	struct wire_conn *c = &self->c;

	/* Of a burst the queue would take a part, and say nothing of the rest. */
	if (system("ip link set tun0 gso_max_segs 1") ||
	    system("tc qdisc add dev tun0 root tbf rate 800kbit burst 2000 limit 4000"))
		SKIP(return, "no ip, no tc, or no tbf");
	c->rtt_ms = 400;
	c->stamp = true;
	c->tsval = T0;
	ASSERT_EQ(0, wire_passive(c, "mss 1012"));
	/* More than the queue takes, of which nothing is lost: what was refused waits. */
	c->strict = true;
	ASSERT_EQ(0, wire_write(c, 10 * MSS));
	ASSERT_EQ(0, wire_expect_stream(c, 1 + 10 * MSS, false, true));
	EXPECT_QUIET(c, 300);
	if (self->w.family == AF_INET)
		return;
	ASSERT_LT(0, counted(&self->w, "QueueRefused"));
	ASSERT_EQ(0, counted(&self->w, "RetransSegs"));
	/* It was a sign of congestion. */
	ASSERT_GT(10, wire_info(c).tcpi_snd_ssthresh);
}

WIRE_TEST(spurious, refused_with_nothing_on_the_way)
{
	struct wire_conn *c = &self->c;

	/* Whoever drops it, and however often: the connection is given up in time. */
	c->stamp = true;
	c->tsval = T0;
	ASSERT_EQ(0, wire_passive(c, "mss 1012"));
	if (system("tc qdisc add dev tun0 root pfifo limit 0"))
		SKIP(return, "no tc");
	ASSERT_EQ(0, wire_set_int(c, IPPROTO_TCP, TCP_USER_TIMEOUT, 1500));
	ASSERT_EQ(0, wire_write(c, 10));
	ASSERT_EQ(0, wire_wait_error(c, ETIMEDOUT));
}

TEST_HARNESS_MAIN

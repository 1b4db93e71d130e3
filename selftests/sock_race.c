// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever is done to a listener or a connection by many threads at once, each
 * client learns how it ended, and in the end nothing is left.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <netinet/tcp.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include "lib/nl.h"
#include "lib/sock.h"
#include "kselftest_harness.h"

#define CLIENTS		6
#define ACCEPTERS	2
#define ROUNDS		150
#define PAIRS		60
#define LONG_SECONDS	200
#define PORT		7000

static int linger_zero(int fd)
{
	struct linger now = { .l_onoff = 1 };

	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

/* A count of the module's statistics, 0 for the in-tree TCP, or -1. */
static long statistic(const char *wanted)
{
	return sock_is_intree() ? 0 : sock_statistic(wanted);
}

/* The first state in which something is left, or 0. */
static int state_left(void)
{
	int state;

	for (state = TCP_ESTABLISHED; state <= TCP_CLOSING; state++) {
		/* In-tree a minute, here as short as setup() makes it. */
		if (state == TCP_CLOSE || (state == TCP_TIME_WAIT && sock_is_intree()))
			continue;
		if (!sock_wait_gauge(state, 0))
			return state;
	}
	return 0;
}

/*
 * A namespace in which orphans end soon: FIN_WAIT2 and TIME_WAIT must not be
 * what is waited for.
 */
FIXTURE(race) {
	int unused;
};

FIXTURE_SETUP(race)
{
	FILE *file;

	self->unused = 0;
	ASSERT_EQ(0, sock_netns());
	if (!sock_is_intree()) {
		ASSERT_EQ(0, sock_sysctl("time_wait_ms", 100));
		ASSERT_EQ(0, sock_sysctl("fin_timeout_ms", 1000));
		return;
	}
	file = fopen("/proc/sys/net/ipv4/tcp_fin_timeout", "we");
	ASSERT_NE(NULL, file);
	fputs("1", file);
	fclose(file);
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, state_left());
	EXPECT_EQ(0, statistic("ImpossibleEvents"));
}

/* What all threads of a storm share. */
struct storm {
	struct sockaddr_in addr;
	int listener;
	bool stop;
	int clients_left;
	int backlog;
	bool defer;		/* TCP_DEFER_ACCEPT */
	long connected;
	long answered;
	long accepted;
	long mixed_up;		/* another client's answer */
	long failed;		/* upheavals that should have worked */
};

struct thread {
	struct storm *storm;
	uint32_t seed;
};

static void count(long *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

static bool stopped(const struct storm *storm)
{
	return __atomic_load_n(&storm->stop, __ATOMIC_ACQUIRE);
}

static int the_listener(const struct storm *storm)
{
	return __atomic_load_n(&storm->listener, __ATOMIC_ACQUIRE);
}

/* Up to ms for an event: patience that runs out is a part of the storm. */
static bool happens(int fd, int events, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	return poll(&pfd, 1, ms) == 1;
}

/* Connect, say a number, perhaps hear it again, and go in one of many ways. */
static void client_round(struct thread *me)
{
	struct storm *storm = me->storm;
	uint32_t said = sock_random(&me->seed);
	int way = said % 8;
	int fd = sock_new(SOCK_NONBLOCK);
	uint32_t heard;

	if (fd < 0)
		return;
	sock_connect(fd, &storm->addr);
	/* With the SYN just gone. */
	if (way == 0)
		goto out;
	if (!happens(fd, POLLOUT, 50) || sock_error(fd))
		goto out;
	count(&storm->connected);
	if (way == 1)
		goto out;
	if (send(fd, &said, sizeof(said), MSG_NOSIGNAL) != sizeof(said) || way == 2)
		goto out;
	if (way == 3) {
		shutdown(fd, SHUT_RDWR);
		goto out;
	}
	if (way == 4)
		shutdown(fd, SHUT_WR);
	if (happens(fd, POLLIN, 50) &&
	    recv(fd, &heard, sizeof(heard), 0) == sizeof(heard)) {
		count(&storm->answered);
		if (heard != said)
			count(&storm->mixed_up);
	}
out:
	if (said & 0x100)
		linger_zero(fd);
	close(fd);
}

static void *client_run(void *arg)
{
	struct thread *me = arg;
	int i;

	for (i = 0; i < ROUNDS; i++)
		client_round(me);
	__atomic_sub_fetch(&me->storm->clients_left, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void *accepter_run(void *arg)
{
	struct thread *me = arg;
	struct storm *storm = me->storm;
	uint32_t heard;
	int fd;

	while (!stopped(storm)) {
		int listener = the_listener(storm);

		if (listener < 0 || !happens(listener, POLLIN, 10)) {
			sched_yield();
			continue;
		}
		/*
		 * The number may be another socket's by now: then it is no
		 * listener, and EINVAL.
		 */
		fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
		if (fd < 0) {
			sched_yield();
			continue;
		}
		count(&storm->accepted);
		if (sock_random(&me->seed) % 4 && happens(fd, POLLIN, 20) &&
		    recv(fd, &heard, sizeof(heard), 0) == sizeof(heard))
			send(fd, &heard, sizeof(heard), MSG_NOSIGNAL);
		close(fd);
	}
	return NULL;
}

static int new_listener(const struct storm *storm)
{
	int fd = sock_new(SOCK_NONBLOCK);

	if (fd < 0)
		return -1;
	if (!sock_set(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
	    !sock_bind(fd, "127.0.0.1", PORT) &&
	    (!storm->defer || !sock_set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1)) &&
	    !listen(fd, storm->backlog))
		return fd;
	close(fd);
	return -1;
}

/* One upheaval of the listener. */
typedef void (*upheaval_fn)(struct storm *storm, uint32_t *seed);

static void change_backlog(struct storm *storm, uint32_t *seed)
{
	if (listen(storm->listener, sock_random(seed) % 9))
		count(&storm->failed);
}

static void shut_and_listen(struct storm *storm, uint32_t *seed)
{
	if (shutdown(storm->listener, SHUT_RD))
		count(&storm->failed);
	if (sock_random(seed) % 2)
		sock_pause();
	/* It has kept its port. */
	if (listen(storm->listener, storm->backlog))
		count(&storm->failed);
}

static bool open_again(struct storm *storm)
{
	int fd = new_listener(storm);

	if (fd < 0)
		return false;
	__atomic_store_n(&storm->listener, fd, __ATOMIC_RELEASE);
	return true;
}

static void close_and_open(struct storm *storm, uint32_t *seed)
{
	int old = storm->listener;

	__atomic_store_n(&storm->listener, -1, __ATOMIC_RELEASE);
	close(old);
	if (sock_random(seed) % 2)
		sock_pause();
	/* A call on the old one may keep it alive for a moment. */
	if (!sock_until(open_again(storm)))
		count(&storm->failed);
}

static void everything(struct storm *storm, uint32_t *seed)
{
	static const upheaval_fn all[] = { change_backlog, shut_and_listen, close_and_open };

	all[sock_random(seed) % 3](storm, seed);
}

/* Let it storm; false where it did not even start. */
static bool run_storm(struct storm *storm, upheaval_fn upheaval)
{
	struct thread thread[CLIENTS + ACCEPTERS];
	pthread_t id[CLIENTS + ACCEPTERS];
	uint32_t seed = 77;
	int i;

	storm->addr = sock_addr("127.0.0.1", PORT);
	storm->clients_left = CLIENTS;
	storm->listener = new_listener(storm);
	if (storm->listener < 0)
		return false;
	for (i = 0; i < CLIENTS + ACCEPTERS; i++) {
		thread[i] = (struct thread){ .storm = storm, .seed = i + 1 };
		if (pthread_create(&id[i], NULL, i < CLIENTS ? client_run : accepter_run,
				   &thread[i]))
			return false;
	}
	/* As long as clients come. */
	while (__atomic_load_n(&storm->clients_left, __ATOMIC_ACQUIRE)) {
		upheaval(storm, &seed);
		for (i = sock_random(&seed) % 4; i; i--)
			sock_pause();
	}
	for (i = 0; i < CLIENTS; i++)
		pthread_join(id[i], NULL);
	/* With whatever is in the queue. */
	__atomic_store_n(&storm->stop, true, __ATOMIC_RELEASE);
	for (; i < CLIENTS + ACCEPTERS; i++)
		pthread_join(id[i], NULL);
	close(storm->listener);
	return true;
}

static void nothing(struct storm *storm, uint32_t *seed)
{
	(void)storm;
	(void)seed;
}

TEST_F_TIMEOUT(race, calm, LONG_SECONDS)
{
	struct storm storm = { .backlog = 16 };

	ASSERT_TRUE(run_storm(&storm, nothing));
	EXPECT_LT(0, storm.connected);
	EXPECT_LT(0, storm.accepted);
	EXPECT_LT(0, storm.answered);
	EXPECT_EQ(0, storm.mixed_up);
	EXPECT_EQ(0, storm.failed);
}

TEST_F_TIMEOUT(race, tiny_backlog, LONG_SECONDS)
{
	struct storm storm = { .backlog = 0 };

	ASSERT_TRUE(run_storm(&storm, nothing));
	EXPECT_LT(0, storm.accepted);
	EXPECT_EQ(0, storm.mixed_up);
	EXPECT_EQ(0, storm.failed);
}

TEST_F_TIMEOUT(race, listen_again, LONG_SECONDS)
{
	struct storm storm = { .backlog = 16 };

	ASSERT_TRUE(run_storm(&storm, change_backlog));
	EXPECT_LT(0, storm.accepted);
	EXPECT_EQ(0, storm.mixed_up);
	EXPECT_EQ(0, storm.failed);
}

TEST_F_TIMEOUT(race, shut_down_and_listen, LONG_SECONDS)
{
	struct storm storm = { .backlog = 16 };

	ASSERT_TRUE(run_storm(&storm, shut_and_listen));
	EXPECT_LT(0, storm.accepted);
	EXPECT_EQ(0, storm.mixed_up);
	EXPECT_EQ(0, storm.failed);
}

TEST_F_TIMEOUT(race, close_and_open_again, LONG_SECONDS)
{
	struct storm storm = { .backlog = 16 };

	ASSERT_TRUE(run_storm(&storm, close_and_open));
	EXPECT_LT(0, storm.accepted);
	EXPECT_EQ(0, storm.mixed_up);
	EXPECT_EQ(0, storm.failed);
}

TEST_F_TIMEOUT(race, all_of_it, LONG_SECONDS)
{
	struct storm storm = { .backlog = 4 };

	ASSERT_TRUE(run_storm(&storm, everything));
	EXPECT_LT(0, storm.accepted);
	EXPECT_EQ(0, storm.mixed_up);
	EXPECT_EQ(0, storm.failed);
}

/* ---- SOCK_DESTROY, of whatever is there, while the listener comes and goes ---- */

#define DUMPED	64

struct killer {
	struct storm *storm;
	long killed;
	int err;		/* that no race explains */
};

struct dumped {
	struct inet_diag_req_v2 req[DUMPED];
	int n;
};

static int dump_one(const struct nlmsghdr *nlh, void *data)
{
	const struct inet_diag_msg *msg = NLMSG_DATA(nlh);
	struct dumped *d = data;

	if (d->n < DUMPED)
		d->req[d->n++] = (struct inet_diag_req_v2){
			.sdiag_family = sock_family(),
			.sdiag_protocol = sock_wire(),
			.idiag_states = 1 << msg->idiag_state,
			.id = msg->id,
		};
	return 0;
}

static int nothing_else(const struct nlmsghdr *nlh, void *data)
{
	(void)nlh;
	(void)data;
	return 0;
}

static void *killer_run(void *arg)
{
	struct killer *me = arg;
	struct nl_request r;
	uint32_t seed = 99;
	struct dumped d;
	struct nl nl;
	int i, err;

	me->err = nl_open(&nl, NETLINK_SOCK_DIAG);
	while (!me->err && !stopped(me->storm)) {
		struct inet_diag_req_v2 all = {
			.sdiag_family = sock_family(),
			.sdiag_protocol = sock_wire(),
			.idiag_states = -1,
		};

		d.n = 0;
		nl_request(&r, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &all, sizeof(all));
		me->err = nl_talk(&nl, &r, dump_one, &d);
		for (i = 0; i < d.n && !me->err; i++) {
			/* The listener rarely: there would be nobody to kill. */
			if (sock_random(&seed) % (d.req[i].idiag_states & 1 << TCP_LISTEN ? 64 : 4))
				continue;
			nl_request(&r, SOCK_DESTROY, NLM_F_ACK, &d.req[i], sizeof(d.req[i]));
			err = nl_talk(&nl, &r, nothing_else, NULL);
			if (!err)
				me->killed++;
			/* Gone, or another has its name now. */
			else if (err != -ENOENT && err != -ESTALE)
				me->err = err;
		}
	}
	nl_close(&nl);
	return NULL;
}

static bool storm_with_killer(struct storm *storm, upheaval_fn upheaval, struct killer *killer)
{
	pthread_t id;
	bool ran;

	*killer = (struct killer){ .storm = storm };
	if (pthread_create(&id, NULL, killer_run, killer))
		return false;
	ran = run_storm(storm, upheaval);
	__atomic_store_n(&storm->stop, true, __ATOMIC_RELEASE);
	pthread_join(id, NULL);
	return ran;
}

TEST_F_TIMEOUT(race, killed_while_it_is_closed, LONG_SECONDS)
{
	struct storm storm = { .backlog = 16 };
	struct killer killer;

	if (sock_is_intree())
		SKIP(return, "names its sockets by another family");
	ASSERT_TRUE(storm_with_killer(&storm, close_and_open, &killer));
	EXPECT_LT(0, storm.accepted);
	EXPECT_EQ(0, storm.mixed_up);
	EXPECT_EQ(0, storm.failed);
	EXPECT_LT(0, killer.killed);
	EXPECT_EQ(0, killer.err);
}

/* Children that wait for their first text are another queue of the listener. */
TEST_F_TIMEOUT(race, killed_while_deferred, LONG_SECONDS)
{
	struct storm storm = { .backlog = 16, .defer = true };
	struct killer killer;

	if (sock_is_intree())
		SKIP(return, "names its sockets by another family");
	ASSERT_TRUE(storm_with_killer(&storm, close_and_open, &killer));
	EXPECT_LT(0, storm.accepted);
	EXPECT_EQ(0, storm.mixed_up);
	EXPECT_EQ(0, storm.failed);
	EXPECT_LT(0, killer.killed);
	EXPECT_EQ(0, killer.err);
}

/* A client that must be told how it ends: refused, or reset. */
struct told {
	struct sockaddr_in addr;
	int at;		/* the call that told: 'c'onnect, 'r'ecv */
	int err;
};

static void *told_run(void *arg)
{
	struct told *told = arg;
	int fd = sock_new(0);
	char byte;

	sock_timeout(fd, SO_RCVTIMEO, SOCK_DEADLINE_MS);
	told->at = 'c';
	told->err = sock_errno(sock_connect(fd, &told->addr));
	if (!told->err) {
		told->at = 'r';
		told->err = sock_errno(recv(fd, &byte, 1, 0));
	}
	close(fd);
	return NULL;
}

#define TOLD	24

/* How many clients were not told, or in a wrong way; each is printed. */
static int not_told(int (*end)(int listener), int round)
{
	struct told told[TOLD];
	pthread_t id[TOLD];
	int wrong = 0;
	int listener;
	int i;

	listener = sock_listen(&told[0].addr, TOLD);
	if (listener < 0)
		return -1;
	for (i = 0; i < TOLD; i++) {
		told[i] = (struct told){ .addr = told[0].addr };
		if (pthread_create(&id[i], NULL, told_run, &told[i]))
			return -1;
	}
	/* At another moment of their arrival each time. */
	if (!sock_until(sock_gauge(TCP_ESTABLISHED) >= round % 5 * 10))
		return -1;
	if (end(listener))
		return -1;
	for (i = 0; i < TOLD; i++) {
		pthread_join(id[i], NULL);
		if (told[i].err == (told[i].at == 'c' ? ECONNREFUSED : ECONNRESET))
			continue;
		/* A RST between the handshake and connect()'s return. */
		if (told[i].at == 'c' && told[i].err == ECONNRESET)
			continue;
		printf("# round %d client %d: %s: %s\n", round, i,
		       told[i].at == 'c' ? "connect" : "recv", strerror(told[i].err));
		wrong++;
	}
	return wrong;
}

static int end_by_shutdown(int listener)
{
	return shutdown(listener, SHUT_RD) | close(listener);
}

TEST_F_TIMEOUT(race, close_tells_every_client, LONG_SECONDS)
{
	int round;

	for (round = 0; round < 15; round++)
		ASSERT_EQ(0, not_told(close, round));
}

TEST_F_TIMEOUT(race, shutdown_tells_every_client, LONG_SECONDS)
{
	int round;

	for (round = 0; round < 15; round++)
		ASSERT_EQ(0, not_told(end_by_shutdown, round));
}

/* Both ends of a connection are done with at the same time. */
struct ender {
	pthread_barrier_t *barrier;
	int *fd;
	int way;
};

static void *ender_run(void *arg)
{
	struct ender *ender = arg;
	char buf[100];
	int i;

	for (i = 0; i < PAIRS; i++) {
		pthread_barrier_wait(ender->barrier);
		switch ((i + ender->way) % 5) {
		case 0:
			shutdown(ender->fd[i], SHUT_WR);
			break;
		case 1:
			send(ender->fd[i], buf, sizeof(buf), MSG_NOSIGNAL);
			break;
		case 2:
			linger_zero(ender->fd[i]);
			break;
		case 3:
			recv(ender->fd[i], buf, 50, MSG_DONTWAIT);
			break;
		}
		close(ender->fd[i]);
	}
	return NULL;
}

TEST_F_TIMEOUT(race, both_ends_at_once, LONG_SECONDS)
{
	static int client[PAIRS], server[PAIRS];
	struct ender ender[2] = { { .fd = client }, { .fd = server } };
	pthread_barrier_t barrier;
	struct sock_pair pair;
	pthread_t id[2];
	int way, i;

	pthread_barrier_init(&barrier, NULL, 2);
	for (way = 0; way < 5; way++) {
		for (i = 0; i < PAIRS; i++) {
			ASSERT_EQ(0, sock_pair(&pair));
			close(pair.listener);
			client[i] = pair.client;
			server[i] = pair.server;
			if (i % 2)
				ASSERT_EQ(4, send(pair.server, "text", 4, 0));
		}
		for (i = 0; i < 2; i++) {
			ender[i].barrier = &barrier;
			ender[i].way = i * way;
			ASSERT_EQ(0, pthread_create(&id[i], NULL, ender_run, &ender[i]));
		}
		for (i = 0; i < 2; i++)
			pthread_join(id[i], NULL);
	}
	EXPECT_EQ(0, state_left());
}

/* One socket in many hands, each doing something else to it. */
struct hand {
	struct sockaddr_in addr;
	int fd;
	int deed;
	bool *stop;
};

static void do_deed(const struct hand *hand)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	char buf[200] = "";

	switch (hand->deed) {
	case 0:
		sock_connect(hand->fd, &hand->addr);
		break;
	case 1:
		connect(hand->fd, &none, sizeof(none));
		break;
	case 2:
		send(hand->fd, buf, sizeof(buf), MSG_NOSIGNAL);
		break;
	case 3:
		recv(hand->fd, buf, sizeof(buf), 0);
		break;
	case 4:
		shutdown(hand->fd, SHUT_RDWR);
		break;
	case 5:
		sock_state(hand->fd);
		sock_events(hand->fd, POLLIN | POLLOUT);
		sock_error(hand->fd);
		sock_set(hand->fd, IPPROTO_TCP, TCP_CORK, 1);
		sock_set(hand->fd, IPPROTO_TCP, TCP_CORK, 0);
		break;
	}
}

static void *hand_run(void *arg)
{
	struct hand *hand = arg;

	while (!__atomic_load_n(hand->stop, __ATOMIC_ACQUIRE)) {
		do_deed(hand);
		/* A thread that never sleeps would keep all others away. */
		sched_yield();
	}
	return NULL;
}

TEST_F_TIMEOUT(race, one_socket_in_many_hands, LONG_SECONDS)
{
	struct sockaddr_in addr;
	int listener = sock_listen(&addr, 8);
	struct hand hand[6];
	pthread_t id[6];
	bool stop = false;
	int accepted = 0;
	int fd = sock_new(SOCK_NONBLOCK);
	int peer;
	int i;

	ASSERT_LE(0, listener);
	for (i = 0; i < 6; i++) {
		hand[i] = (struct hand){ .addr = addr, .fd = fd, .deed = i, .stop = &stop };
		ASSERT_EQ(0, pthread_create(&id[i], NULL, hand_run, &hand[i]));
	}
	/* Until so many of its connections got as far as the listener. */
	EXPECT_TRUE(sock_until(({
		while ((peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0 &&
		       ++accepted < 200)
			close(peer);
		if (peer >= 0)
			close(peer);
		accepted >= 200;
	})));
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	for (i = 0; i < 6; i++)
		pthread_join(id[i], NULL);
	close(fd);
	close(listener);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * sock_diag of our family: what it tells agrees with the sockets, none is left
 * out while thousands come and go, and SOCK_DESTROY ends one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/capability.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "lib/nl.h"
#include "lib/sock.h"
#include "kselftest_harness.h"

#define ALL_STATES	0xffffffffu
#define STABLE		1000
#define FLEETING	1000

enum { ST_ESTABLISHED = 1, ST_SYN_SENT, ST_TIME_WAIT = 6, ST_LISTEN = 10 };

FIXTURE(diag) {
	struct nl nl;
};

FIXTURE_SETUP(diag)
{
	if (sock_is_intree())
		SKIP(return, "of our own");
	ASSERT_EQ(0, sock_netns());
	ASSERT_EQ(0, nl_open(&self->nl, NETLINK_SOCK_DIAG));
}

FIXTURE_TEARDOWN(diag)
{
}

struct seen {
	int n;
	struct inet_diag_msg msg;
	struct tcp_info info;
	struct tcpstate_tcb_info tcb;
	uint32_t pid;
	uint8_t wire, protocol;
	uint64_t cookie, id;
	bool has_info, has_tcb, has_mark, mini;
};

static int see(const struct nlmsghdr *nlh, void *data)
{
	const struct inet_diag_msg *msg = NLMSG_DATA(nlh);
	struct seen *s = data;
	struct nl_attrs a, own;

	nl_parse(&a, msg + 1, NLMSG_PAYLOAD(nlh, sizeof(*msg)));
	s->n++;
	s->msg = *msg;
	s->protocol = nl_u8(&a, INET_DIAG_PROTOCOL);
	s->has_mark = nl_has(&a, INET_DIAG_MARK);
	s->has_info = nl_len(&a, INET_DIAG_INFO) >= (int)sizeof(s->info);
	if (s->has_info)
		memcpy(&s->info, nl_data(&a, INET_DIAG_INFO), sizeof(s->info));
	if (!nl_has(&a, TCPSTATE_DIAG))
		return -EPROTO;
	nl_parse(&own, nl_data(&a, TCPSTATE_DIAG), nl_len(&a, TCPSTATE_DIAG));
	s->pid = nl_u32(&own, TCPSTATE_A_PID);
	s->wire = nl_u8(&own, TCPSTATE_A_WIRE);
	s->cookie = nl_u64(&own, TCPSTATE_A_COOKIE);
	s->id = nl_u64(&own, TCPSTATE_A_RECORD);
	s->mini = nl_has(&own, TCPSTATE_A_MINI);
	s->has_tcb = nl_len(&own, TCPSTATE_A_TCB) == sizeof(s->tcb);
	if (s->has_tcb)
		memcpy(&s->tcb, nl_data(&own, TCPSTATE_A_TCB), sizeof(s->tcb));
	return 0;
}

static struct inet_diag_req_v2 request(uint32_t states, int ext)
{
	return (struct inet_diag_req_v2){
		.sdiag_family = sock_family(),
		.idiag_states = states,
		.idiag_ext = ext,
	};
}

/* How many a dump tells of; the last in s. Or -errno. */
static int dump(struct nl *nl, struct inet_diag_req_v2 req, struct seen *s)
{
	struct nl_request r;
	int err;

	memset(s, 0, sizeof(*s));
	nl_request(&r, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &req, sizeof(req));
	err = nl_talk(nl, &r, see, s);
	return err ? err : s->n;
}

/* A request that names a socket. */
static struct inet_diag_req_v2 name_of(int fd, uint64_t cookie)
{
	struct inet_diag_req_v2 req = request(ALL_STATES, 0);
	struct sockaddr_in here = {}, there = {};
	socklen_t len = sizeof(here);

	getsockname(fd, (struct sockaddr *)&here, &len);
	len = sizeof(there);
	getpeername(fd, (struct sockaddr *)&there, &len);
	req.sdiag_protocol = sock_wire();
	req.id.idiag_sport = here.sin_port;
	req.id.idiag_dport = there.sin_port;
	req.id.idiag_src[0] = here.sin_addr.s_addr;
	req.id.idiag_dst[0] = there.sin_addr.s_addr;
	req.id.idiag_cookie[0] = cookie;
	req.id.idiag_cookie[1] = cookie >> 32;
	return req;
}

static int one(struct nl *nl, int type, const struct inet_diag_req_v2 *req, struct seen *s)
{
	struct nl_request r;

	memset(s, 0, sizeof(*s));
	nl_request(&r, type, type == SOCK_DESTROY ? NLM_F_ACK : 0, req, sizeof(*req));
	return nl_talk(nl, &r, see, s);
}

TEST_F(diag, agrees_with_the_sockets)
{
	struct inet_diag_req_v2 req;
	struct sock_pair pair;
	struct stat st;
	struct seen s;

	ASSERT_EQ(0, sock_pair(&pair));
	EXPECT_EQ(3, dump(&self->nl, request(ALL_STATES, 0), &s));
	EXPECT_EQ(2, dump(&self->nl, request(1 << ST_ESTABLISHED, 0), &s));
	ASSERT_EQ(1, dump(&self->nl, request(1 << ST_LISTEN, 0), &s));
	EXPECT_EQ(sock_port(pair.listener), ntohs(s.msg.id.idiag_sport));
	EXPECT_EQ(0, s.msg.id.idiag_dport);
	EXPECT_EQ(nl_cookie(pair.listener), s.cookie);
	ASSERT_EQ(5, write(pair.client, "12345", 5));
	req = request(ALL_STATES, 1 << (INET_DIAG_INFO - 1));
	req.id.idiag_sport = htons(sock_port(pair.client));
	ASSERT_EQ(1, dump(&self->nl, req, &s));
	EXPECT_EQ(AF_INET, s.msg.idiag_family);
	EXPECT_EQ(ST_ESTABLISHED, s.msg.idiag_state);
	EXPECT_EQ(sock_port(pair.server), ntohs(s.msg.id.idiag_dport));
	EXPECT_EQ(htonl(INADDR_LOOPBACK), s.msg.id.idiag_dst[0]);
	EXPECT_EQ(htonl(INADDR_LOOPBACK), s.msg.id.idiag_src[0]);
	ASSERT_EQ(0, fstat(pair.client, &st));
	EXPECT_EQ(st.st_ino, s.msg.idiag_inode);
	EXPECT_EQ(nl_cookie(pair.client),
		  (uint64_t)s.msg.id.idiag_cookie[1] << 32 | s.msg.id.idiag_cookie[0]);
	EXPECT_EQ(getpid(), (int)s.pid);
	EXPECT_EQ(sock_wire(), s.wire);
	EXPECT_EQ(sock_wire(), s.protocol);
	EXPECT_TRUE(s.has_info);
	EXPECT_EQ(ST_ESTABLISHED, s.info.tcpi_state);
	EXPECT_TRUE(s.has_tcb);
	EXPECT_EQ(s.tcb.iss + 6, s.tcb.snd_nxt);
	EXPECT_TRUE(s.has_mark);
	EXPECT_NE(0, s.id);
	req.id.idiag_sport = htons(sock_port(pair.server));
	req.id.idiag_dport = htons(sock_port(pair.client));
	ASSERT_EQ(1, dump(&self->nl, req, &s));
	EXPECT_EQ(5, s.msg.idiag_rqueue);
	EXPECT_EQ(5, s.tcb.rcv_queue);
	req = request(ALL_STATES, 0);
	req.sdiag_protocol = sock_wire() == 6 ? 253 : 6;
	EXPECT_EQ(0, dump(&self->nl, req, &s));
	req.sdiag_protocol = sock_wire();
	EXPECT_EQ(3, dump(&self->nl, req, &s));
	/* What finds no room at the peer's waits here. */
	ASSERT_LT(0, sock_fill(pair.client));
	req = request(ALL_STATES, 0);
	req.id.idiag_sport = htons(sock_port(pair.client));
	EXPECT_TRUE(sock_until(({
		int queued = 0;

		ioctl(pair.client, SIOCOUTQ, &queued);
		dump(&self->nl, req, &s) == 1 && queued && s.msg.idiag_wqueue == (__u32)queued;
	})));
}

TEST_F(diag, time_wait)
{
	struct inet_diag_req_v2 req;
	struct sock_pair pair;
	uint64_t cookie;
	struct seen s;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	cookie = nl_cookie(pair.client);
	req = name_of(pair.client, cookie);
	close(pair.client);
	ASSERT_EQ(0, read(pair.server, &byte, 1));
	close(pair.server);
	ASSERT_TRUE(sock_wait_gauge(ST_TIME_WAIT, 1));
	ASSERT_EQ(1, dump(&self->nl, request(1 << ST_TIME_WAIT, 0), &s));
	EXPECT_TRUE(s.mini);
	EXPECT_EQ(cookie, s.cookie);
	EXPECT_EQ(3, s.msg.idiag_timer);
	EXPECT_LT(0, (int)s.msg.idiag_expires);
	EXPECT_EQ(getpid(), (int)s.pid);
	EXPECT_TRUE(s.has_tcb);
	ASSERT_EQ(0, one(&self->nl, SOCK_DIAG_BY_FAMILY, &req, &s));
	EXPECT_EQ(1, s.n);
	EXPECT_EQ(0, one(&self->nl, SOCK_DESTROY, &req, &s));
	EXPECT_TRUE(sock_wait_gauge(ST_TIME_WAIT, 0));
	EXPECT_EQ(-ENOENT, one(&self->nl, SOCK_DESTROY, &req, &s));
}

TEST_F(diag, one_by_name)
{
	struct inet_diag_req_v2 req;
	struct sock_pair pair;
	struct seen s;

	ASSERT_EQ(0, sock_pair(&pair));
	req = name_of(pair.client, nl_cookie(pair.client));
	ASSERT_EQ(0, one(&self->nl, SOCK_DIAG_BY_FAMILY, &req, &s));
	EXPECT_EQ(nl_cookie(pair.client), s.cookie);
	req = name_of(pair.server, -1);
	ASSERT_EQ(0, one(&self->nl, SOCK_DIAG_BY_FAMILY, &req, &s));
	EXPECT_EQ(nl_cookie(pair.server), s.cookie);
	req = name_of(pair.listener, nl_cookie(pair.listener));
	ASSERT_EQ(0, one(&self->nl, SOCK_DIAG_BY_FAMILY, &req, &s));
	EXPECT_EQ(nl_cookie(pair.listener), s.cookie);
	req = name_of(pair.client, nl_cookie(pair.server));
	EXPECT_EQ(-ESTALE, one(&self->nl, SOCK_DIAG_BY_FAMILY, &req, &s));
	req = name_of(pair.listener, nl_cookie(pair.server));
	EXPECT_EQ(-ESTALE, one(&self->nl, SOCK_DIAG_BY_FAMILY, &req, &s));
	req.id.idiag_sport = htons(1);
	EXPECT_EQ(-ENOENT, one(&self->nl, SOCK_DIAG_BY_FAMILY, &req, &s));
}

static int bound_to(const char *device)
{
	int fd = sock_new(0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, strlen(device) + 1) ||
	    listen(fd, 1))
		return -1;
	return fd;
}

TEST_F(diag, of_a_device)
{
	struct inet_diag_req_v2 req = request(ALL_STATES, 0);
	int here, there, anywhere = sock_new(0);
	struct sockaddr_in to;
	struct seen s;
	char byte;
	int fd;

	if (system("ip link add dummy0 type dummy && ip link set dummy0 up"))
		SKIP(return, "no second device");
	here = bound_to("lo");
	there = bound_to("dummy0");
	ASSERT_LE(0, here);
	ASSERT_LE(0, there);
	ASSERT_EQ(0, listen(anywhere, 1));
	EXPECT_EQ(3, dump(&self->nl, req, &s));
	req.id.idiag_if = if_nametoindex("lo");
	ASSERT_EQ(1, dump(&self->nl, req, &s));
	EXPECT_EQ(nl_cookie(here), s.cookie);
	EXPECT_EQ(req.id.idiag_if, s.msg.id.idiag_if);
	req.id.idiag_if = if_nametoindex("dummy0");
	ASSERT_EQ(1, dump(&self->nl, req, &s));
	EXPECT_EQ(nl_cookie(there), s.cookie);
	/* A connection is where its listener is, also in TIME_WAIT. */
	req.id.idiag_if = if_nametoindex("lo");
	to = sock_addr("127.0.0.1", sock_port(here));
	fd = sock_new(0);
	ASSERT_EQ(0, sock_connect(fd, &to));
	EXPECT_EQ(2, dump(&self->nl, req, &s));
	here = accept(here, NULL, NULL);
	ASSERT_LE(0, here);
	close(here);
	ASSERT_EQ(0, read(fd, &byte, 1));
	close(fd);
	ASSERT_TRUE(sock_wait_gauge(ST_TIME_WAIT, 1));
	req.idiag_states = 1 << ST_TIME_WAIT;
	ASSERT_EQ(1, dump(&self->nl, req, &s));
	EXPECT_EQ(req.id.idiag_if, s.msg.id.idiag_if);
	req.id.idiag_if = if_nametoindex("dummy0");
	EXPECT_EQ(0, dump(&self->nl, req, &s));
}

/* Whoever asked goes away in the middle: that holds nothing, and bars no other. */
TEST_F(diag, broken_off)
{
	struct inet_diag_req_v2 req = request(1 << ST_LISTEN, 0);
	int fds[300], i, n = sizeof(fds) / sizeof(fds[0]);
	struct nl_request r;
	struct seen s = {};

	for (i = 0; i < n; i++) {
		fds[i] = sock_new(0);
		ASSERT_EQ(0, listen(fds[i], 1));
	}
	for (i = 0; i < 8; i++) {
		struct nl nl;

		ASSERT_EQ(0, nl_open(&nl, NETLINK_SOCK_DIAG));
		nl.buffer = 4096;
		nl_request(&r, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &req, sizeof(req));
		ASSERT_EQ(0, nl_send(&nl, &r));
		memset(&s, 0, sizeof(s));
		ASSERT_EQ(1, nl_receive(&nl, see, &s));
		ASSERT_LT(0, s.n);
		ASSERT_GT(n, s.n);
		nl_close(&nl);
	}
	EXPECT_EQ(n, dump(&self->nl, req, &s));
	for (i = 0; i < n; i++)
		close(fds[i]);
	EXPECT_TRUE(sock_wait_gauge(ST_LISTEN, 0));
	EXPECT_EQ(0, dump(&self->nl, req, &s));
}

TEST_F(diag, destroy)
{
	struct inet_diag_req_v2 req;
	struct sock_pair pair;
	struct seen s;
	char byte;

	ASSERT_EQ(0, sock_pair(&pair));
	req = name_of(pair.client, nl_cookie(pair.client));
	ASSERT_EQ(0, one(&self->nl, SOCK_DESTROY, &req, &s));
	EXPECT_EQ(ECONNABORTED, sock_errno(read(pair.client, &byte, 1)));
	EXPECT_EQ(ECONNRESET, sock_errno(read(pair.server, &byte, 1)));
	EXPECT_EQ(-ENOENT, one(&self->nl, SOCK_DESTROY, &req, &s));
	req = name_of(pair.listener, -1);
	ASSERT_EQ(0, one(&self->nl, SOCK_DESTROY, &req, &s));
	EXPECT_EQ(EINVAL, sock_errno(accept(pair.listener, NULL, NULL)));
	EXPECT_EQ(0, dump(&self->nl, request(ALL_STATES, 0), &s));
}

TEST_F(diag, privilege)
{
	struct inet_diag_req_v2 req;
	struct sock_pair pair;
	struct seen s;
	struct nl nl;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_TRUE(sock_drop_cap(CAP_NET_ADMIN));
	ASSERT_EQ(0, nl_open(&nl, NETLINK_SOCK_DIAG));
	ASSERT_EQ(1, dump(&nl, request(1 << ST_LISTEN, 0), &s));
	EXPECT_FALSE(s.has_tcb);
	EXPECT_FALSE(s.has_mark);
	req = name_of(pair.client, -1);
	EXPECT_EQ(0, one(&nl, SOCK_DIAG_BY_FAMILY, &req, &s));
	EXPECT_FALSE(s.has_tcb);
	EXPECT_EQ(-EPERM, one(&nl, SOCK_DESTROY, &req, &s));
}

TEST_F(diag, bad_requests)
{
	struct inet_diag_req_v2 req = request(ALL_STATES, 0);
	struct nl_request r;
	struct seen s;

	nl_request(&r, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &req, sizeof(req) - 4);
	EXPECT_EQ(-EINVAL, nl_talk(&self->nl, &r, see, &s));
	nl_request(&r, SOCK_DESTROY, NLM_F_ACK, &req, 4);
	EXPECT_EQ(-EINVAL, nl_talk(&self->nl, &r, see, &s));
	req.sdiag_protocol = 17;
	EXPECT_EQ(-EPROTONOSUPPORT, dump(&self->nl, req, &s));
	EXPECT_EQ(-EPROTONOSUPPORT, one(&self->nl, SOCK_DESTROY, &req, &s));
	req.sdiag_protocol = 0;
	nl_request(&r, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &req, sizeof(req));
	nl_put_u32(&r, INET_DIAG_REQ_BYTECODE, 0);
	EXPECT_EQ(-EOPNOTSUPP, nl_talk(&self->nl, &r, see, &s));
}

TEST_F(diag, not_in_another_namespace)
{
	struct sock_pair pair;
	struct seen s;
	struct nl nl;

	ASSERT_EQ(0, sock_pair(&pair));
	ASSERT_EQ(0, sock_netns());
	ASSERT_EQ(0, nl_open(&nl, NETLINK_SOCK_DIAG));
	EXPECT_EQ(0, dump(&nl, request(ALL_STATES, 0), &s));
	EXPECT_EQ(3, dump(&self->nl, request(ALL_STATES, 0), &s));
}

/*
 * Connections to a dead address, half of which stay. Those of the others that a
 * message tells of are closed before the next one is read: the dump goes on
 * from places that are not there any more.
 */
struct churn {
	int port_fd[65536];
	bool stays[65536];
	bool seen[65536];
	int closed;
};

static int see_and_close(const struct nlmsghdr *nlh, void *data)
{
	const struct inet_diag_msg *msg = NLMSG_DATA(nlh);
	int port = ntohs(msg->id.idiag_sport);
	struct churn *c = data;

	c->seen[port] = true;
	if (!c->stays[port] && c->port_fd[port]) {
		close(c->port_fd[port]);
		c->port_fd[port] = 0;
		c->closed++;
	}
	return 0;
}

TEST_F_TIMEOUT(diag, none_is_left_out, 120)
{
	struct inet_diag_req_v2 req = request(1 << ST_SYN_SENT, 0);
	struct rlimit files = { 8192, 8192 };
	struct churn *c = calloc(1, sizeof(*c));
	struct sockaddr_in addr = sock_addr("192.0.2.1", 9);
	int i, fd, missed = 0;
	struct nl_request r;

	ASSERT_NE(NULL, c);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	ASSERT_EQ(0, sock_blackhole());
	for (i = 0; i < STABLE + FLEETING; i++) {
		fd = sock_new(SOCK_NONBLOCK);
		ASSERT_EQ(EINPROGRESS, sock_errno(sock_connect(fd, &addr)));
		c->port_fd[sock_port(fd)] = fd;
		c->stays[sock_port(fd)] = i % 2;
	}
	self->nl.buffer = 4096;
	nl_request(&r, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &req, sizeof(req));
	ASSERT_EQ(0, nl_talk(&self->nl, &r, see_and_close, c));
	for (i = 0; i < 65536; i++)
		missed += c->stays[i] && !c->seen[i];
	EXPECT_EQ(0, missed);
	EXPECT_LT(FLEETING / 2, c->closed);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * sock_diag: the sockets there are, and their end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcpstate.h>

#include "connection.h"
#include "link.h"
#include "netns.h"

#define ALL_STATES	((1u << TCPSTATE_MAX_STATES) - 1)

struct listing {
	struct socks *socks;
	unsigned int netns;
};

static void get_end(struct end *e, const struct inet_diag_msg *m, const __be32 *addr, __be16 port)
{
	e->family = m->idiag_family == AF_INET6 ? 6 : 4;
	memcpy(e->addr, addr, e->family == 6 ? 16 : 4);
	e->port = ntohs(port);
}

/* A listener's peer is anybody. */
static void blank(struct end *e)
{
	static const uint8_t zeros[16];

	if (!memcmp(e->addr, zeros, sizeof(zeros)) && !e->port)
		e->family = 0;
}

static void take_nest(struct sock_now *s, const struct nlattr *nest, unsigned int netns)
{
	const struct nlattr *list[TCPSTATE_A_COUNT] = {};
	struct attributes a = { list, TCPSTATE_A_COUNT };
	struct tcpstate_tcb_info info = {};
	struct flow f = {};
	size_t len;

	mnl_attr_parse_nested(nest, attributes_keep, &a);
	connection_read(&f, &a);
	s->pid = f.pid;
	memcpy(s->comm, f.comm, sizeof(s->comm));
	if (attribute_holds(&a, TCPSTATE_A_RECORD, 8))
		s->id = mnl_attr_get_u64(list[TCPSTATE_A_RECORD]) + netns * ID_PER_NETNS;
	if (!list[TCPSTATE_A_TCB])
		return;
	len = mnl_attr_get_payload_len(list[TCPSTATE_A_TCB]);
	memcpy(&info, mnl_attr_get_payload(list[TCPSTATE_A_TCB]),
	       len < sizeof(info) ? len : sizeof(info));
	tcb_convert(&s->tcb, &info);
	s->iss = info.iss;
	s->irs = info.irs;
	s->has_tcb = true;
}

static int take_sock(const struct nlmsghdr *h, void *arg)
{
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(h);
	struct listing *l = arg;
	const struct nlattr *attr;
	struct sock_now *s;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m) || m->idiag_state >= TCPSTATE_MAX_STATES)
		return MNL_CB_OK;
	l->socks->list = tool_alloc(l->socks->list,
				    (l->socks->count + 1) * sizeof(*l->socks->list));
	s = &l->socks->list[l->socks->count++];
	memset(s, 0, sizeof(*s));
	s->netns = l->netns;
	s->state = m->idiag_state;
	get_end(&s->local, m, m->id.idiag_src, m->id.idiag_sport);
	get_end(&s->remote, m, m->id.idiag_dst, m->id.idiag_dport);
	if (s->state == TCPSTATE_LISTEN)
		blank(&s->remote);
	s->rqueue = m->idiag_rqueue;
	s->wqueue = m->idiag_wqueue;
	s->uid = m->idiag_uid;
	s->inode = m->idiag_inode;
	memcpy(s->cookie, m->id.idiag_cookie, sizeof(s->cookie));
	s->wire = IPPROTO_TCP;
	mnl_attr_for_each(attr, h, sizeof(*m)) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type == INET_DIAG_PROTOCOL && mnl_attr_get_payload_len(attr) >= 1)
			s->wire = mnl_attr_get_u8(attr);
		else if (type == TCPSTATE_DIAG)
			take_nest(s, attr, l->netns);
	}
	return MNL_CB_OK;
}

static struct inet_diag_req_v2 *put_request(struct link *l, struct nlmsghdr **h, uint16_t type,
					    uint16_t flags, uint8_t wire)
{
	struct inet_diag_req_v2 *r;

	*h = link_request(l, type, flags);
	r = mnl_nlmsg_put_extra_header(*h, sizeof(*r));
	r->sdiag_family = AF_TCPSTATE;
	r->sdiag_protocol = wire;
	r->idiag_states = ALL_STATES;
	return r;
}

/**
 * link_socks() - every socket that stands in the module's tables
 * @s: gets them
 * @o: the options, which name namespaces
 */
void link_socks(struct socks *s, const struct options *o)
{
	struct listing listing = { .socks = s };
	struct nlmsghdr *h;
	struct link l;
	int err;

	for (; netns_enter(o, listing.netns); listing.netns++) {
		netns_need_module();
		link_open(&l, NETLINK_SOCK_DIAG);
		put_request(&l, &h, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, 0);
		err = link_ask(&l, h, take_sock, &listing);
		link_close(&l);
		if (err == -ENOENT)
			die("the kernel knows no sock_diag for AF_TCPSTATE");
		if (err)
			die("sock_diag: %s", strerror(-err));
	}
}

/**
 * link_abort() - end a socket
 * @s: as link_socks() gave it
 * @o: the options, which name the namespaces
 */
void link_abort(const struct sock_now *s, const struct options *o)
{
	struct inet_diag_req_v2 *r;
	struct nlmsghdr *h;
	struct link l;
	int err;

	netns_enter(o, s->netns);
	link_open(&l, NETLINK_SOCK_DIAG);
	r = put_request(&l, &h, SOCK_DESTROY, NLM_F_ACK, s->wire);
	r->id.idiag_sport = htons(s->local.port);
	r->id.idiag_dport = htons(s->remote.port);
	memcpy(r->id.idiag_src, s->local.addr, 16);
	memcpy(r->id.idiag_dst, s->remote.addr, 16);
	memcpy(r->id.idiag_cookie, s->cookie, sizeof(s->cookie));
	err = link_ask(&l, h, NULL, NULL);
	link_close(&l);
	if (err == -EPERM || err == -EACCES)
		die("root only (CAP_NET_ADMIN) can abort");
	if (err == -ENOENT || err == -ESTALE)
		die("the socket has vanished");
	if (err)
		die("sock_diag: %s", strerror(-err));
}

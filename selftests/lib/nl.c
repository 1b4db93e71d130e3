// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink, as little as the tests of the observers need.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "nl.h"
#include "slow.h"

/* A netlink socket of a protocol. 0 or -errno. */
int nl_open(struct nl *nl, int protocol)
{
	struct timeval limit = { .tv_sec = 20 * slow_factor() };
	struct sockaddr_nl name = { .nl_family = AF_NETLINK };
	int one = 1;

	memset(nl, 0, sizeof(*nl));
	nl->buffer = NL_ROOM;
	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (nl->fd < 0)
		return -errno;
	if (bind(nl->fd, (struct sockaddr *)&name, sizeof(name)) ||
	    setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)) ||
	    setsockopt(nl->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		return -errno;
	return 0;
}

void nl_close(struct nl *nl)
{
	close(nl->fd);
}

void nl_request(struct nl_request *r, int type, int flags, const void *head, int len)
{
	memset(r, 0, sizeof(*r));
	r->nlh.nlmsg_type = type;
	r->nlh.nlmsg_flags = NLM_F_REQUEST | flags;
	r->nlh.nlmsg_len = NLMSG_LENGTH(len);
	memcpy(NLMSG_DATA(&r->nlh), head, len);
}

void nl_genl(struct nl *nl, struct nl_request *r, int cmd, int flags)
{
	struct genlmsghdr head = { .cmd = cmd, .version = TCPSTATE_GENL_VERSION };

	nl_request(r, nl->family, flags, &head, sizeof(head));
}

void nl_put(struct nl_request *r, int type, const void *value, int len)
{
	struct nlattr *attr = (struct nlattr *)(r->room + NLMSG_ALIGN(r->nlh.nlmsg_len));

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memcpy(attr + 1, value, len);
	r->nlh.nlmsg_len = NLMSG_ALIGN(r->nlh.nlmsg_len) + NLA_ALIGN(attr->nla_len);
}

void nl_put_u8(struct nl_request *r, int type, uint8_t value)
{
	nl_put(r, type, &value, sizeof(value));
}

void nl_put_u32(struct nl_request *r, int type, uint32_t value)
{
	nl_put(r, type, &value, sizeof(value));
}

void nl_put_u64(struct nl_request *r, int type, uint64_t value)
{
	nl_put(r, type, &value, sizeof(value));
}

int nl_send(struct nl *nl, struct nl_request *r)
{
	r->nlh.nlmsg_seq = ++nl->seq;
	return send(nl->fd, r, r->nlh.nlmsg_len, 0) < 0 ? -errno : 0;
}

static void keep_extack(struct nl *nl, const struct nlmsghdr *nlh, int skip)
{
	struct nl_attrs attrs;
	const char *text;

	nl->extack[0] = '\0';
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	nl_parse(&attrs, (char *)NLMSG_DATA(nlh) + skip, NLMSG_PAYLOAD(nlh, skip));
	text = nl_string(&attrs, NLMSGERR_ATTR_MSG);
	snprintf(nl->extack, sizeof(nl->extack), "%s", text ? text : "");
}

/* 1: go on; else the end of the answer with its result, in err. */
static int control(struct nl *nl, const struct nlmsghdr *nlh, int *err)
{
	const struct nlmsgerr *e = NLMSG_DATA(nlh);

	if (nlh->nlmsg_type == NLMSG_DONE) {
		*err = NLMSG_PAYLOAD(nlh, 0) >= (int)sizeof(int) ? *(int *)NLMSG_DATA(nlh) : 0;
		keep_extack(nl, nlh, NLMSG_ALIGN(sizeof(int)));
		return 0;
	}
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		*err = e->error;
		keep_extack(nl, nlh, sizeof(*e) + (nlh->nlmsg_flags & NLM_F_CAPPED ? 0 :
						   NLMSG_ALIGN(e->msg.nlmsg_len) -
						   sizeof(struct nlmsghdr)));
		return 0;
	}
	return 1;
}

/* One read. 1: more will come; 0: that was all; what take() gave; -errno. */
int nl_receive(struct nl *nl, nl_take take, void *data)
{
	static char room[NL_ROOM];
	const struct nlmsghdr *nlh;
	int len, err = 0, multi = 0;

	len = recv(nl->fd, room, nl->buffer, 0);
	if (len < 0)
		return -errno;
	for (nlh = (void *)room; NLMSG_OK(nlh, (unsigned int)len); nlh = NLMSG_NEXT(nlh, len)) {
		if (!control(nl, nlh, &err))
			return err;
		multi = nlh->nlmsg_flags & NLM_F_MULTI;
		err = take ? take(nlh, data) : 0;
		if (err)
			return err;
	}
	return multi ? 1 : 0;
}

/* A request and its whole answer. 0, what take() gave, or -errno. */
int nl_talk(struct nl *nl, struct nl_request *r, nl_take take, void *data)
{
	int err = nl_send(nl, r);

	if (err)
		return err;
	do {
		err = nl_receive(nl, take, data);
	} while (err == 1);
	return err;
}

void nl_parse(struct nl_attrs *attrs, const void *from, int len)
{
	const struct nlattr *attr = from;

	memset(attrs, 0, sizeof(*attrs));
	while (len >= NLA_HDRLEN && attr->nla_len >= NLA_HDRLEN && attr->nla_len <= len) {
		unsigned int type = attr->nla_type & NLA_TYPE_MASK;

		/* TCPSTATE_DIAG takes the last place. */
		if (type == TCPSTATE_DIAG)
			type = sizeof(attrs->at) / sizeof(attrs->at[0]) - 1;
		if (type < sizeof(attrs->at) / sizeof(attrs->at[0]))
			attrs->at[type] = attr;
		len -= NLA_ALIGN(attr->nla_len);
		attr = (const void *)((const char *)attr + NLA_ALIGN(attr->nla_len));
	}
}

void nl_parse_genl(struct nl_attrs *attrs, const struct nlmsghdr *nlh)
{
	nl_parse(attrs, (char *)NLMSG_DATA(nlh) + GENL_HDRLEN, NLMSG_PAYLOAD(nlh, GENL_HDRLEN));
}

static const struct nlattr *at(const struct nl_attrs *attrs, int type)
{
	return type == TCPSTATE_DIAG ?
		attrs->at[sizeof(attrs->at) / sizeof(attrs->at[0]) - 1] : attrs->at[type];
}

bool nl_has(const struct nl_attrs *attrs, int type)
{
	return at(attrs, type);
}

const void *nl_data(const struct nl_attrs *attrs, int type)
{
	return at(attrs, type) ? at(attrs, type) + 1 : NULL;
}

int nl_len(const struct nl_attrs *attrs, int type)
{
	return at(attrs, type) ? at(attrs, type)->nla_len - NLA_HDRLEN : -1;
}

static uint64_t number(const struct nl_attrs *attrs, int type, int len)
{
	uint64_t value = 0;

	if (nl_len(attrs, type) >= len)
		memcpy(&value, nl_data(attrs, type), len);
	return value;
}

uint8_t nl_u8(const struct nl_attrs *attrs, int type)
{
	return number(attrs, type, 1);
}

uint16_t nl_u16(const struct nl_attrs *attrs, int type)
{
	return number(attrs, type, 2);
}

uint32_t nl_u32(const struct nl_attrs *attrs, int type)
{
	return number(attrs, type, 4);
}

uint64_t nl_u64(const struct nl_attrs *attrs, int type)
{
	return number(attrs, type, 8);
}

const char *nl_string(const struct nl_attrs *attrs, int type)
{
	return nl_data(attrs, type);
}

/* The kernel's answer to GETFAMILY: the number of the family, and of its group. */
static int take_family(const struct nlmsghdr *nlh, void *data)
{
	struct nl_attrs attrs, group, inner;
	struct nl *nl = data;

	nl_parse_genl(&attrs, nlh);
	nl->family = nl_u16(&attrs, CTRL_ATTR_FAMILY_ID);
	if (!nl_has(&attrs, CTRL_ATTR_MCAST_GROUPS))
		return 0;
	nl_parse(&group, nl_data(&attrs, CTRL_ATTR_MCAST_GROUPS),
		 nl_len(&attrs, CTRL_ATTR_MCAST_GROUPS));
	if (!nl_has(&group, 1))
		return 0;
	nl_parse(&inner, nl_data(&group, 1), nl_len(&group, 1));
	nl->group = nl_u32(&inner, CTRL_ATTR_MCAST_GRP_ID);
	return 0;
}

/* A socket that knows the module's family. */
int nl_open_genl(struct nl *nl)
{
	struct genlmsghdr head = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 };
	struct nl_request r;
	int err = nl_open(nl, NETLINK_GENERIC);

	if (err)
		return err;
	nl_request(&r, GENL_ID_CTRL, 0, &head, sizeof(head));
	nl_put(&r, CTRL_ATTR_FAMILY_NAME, TCPSTATE_GENL_NAME, sizeof(TCPSTATE_GENL_NAME));
	err = nl_talk(nl, &r, take_family, nl);
	return err ? err : nl->family && nl->group ? 0 : -ENOENT;
}

/* Hear every change of a state from now on. */
int nl_join(struct nl *nl)
{
	return setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &nl->group,
			  sizeof(nl->group)) ? -errno : 0;
}

/* SO_COOKIE, or 0. */
uint64_t nl_cookie(int fd)
{
	socklen_t len = sizeof(uint64_t);
	uint64_t cookie = 0;

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) ? 0 : cookie;
}

struct gather {
	struct nl_record *rec;
	int (*take)(struct nl_record *rec, void *data);
	void *data;
	int found;
};

static int flush(struct gather *g)
{
	int err = 0;

	if (g->rec->messages && g->take)
		err = g->take(g->rec, g->data);
	g->rec->messages = 0;
	return err;
}

static void take_head(struct nl_record *rec, const struct nl_attrs *a)
{
	const char *comm = nl_string(a, TCPSTATE_A_COMM);

	rec->id = nl_u64(a, TCPSTATE_A_RECORD);
	rec->cookie = nl_u64(a, TCPSTATE_A_COOKIE);
	rec->limit = nl_u32(a, TCPSTATE_A_LIMIT);
	rec->next = nl_u32(a, TCPSTATE_A_NEXT);
	rec->pid = nl_u32(a, TCPSTATE_A_PID);
	rec->uid = nl_has(a, TCPSTATE_A_UID) ? nl_u32(a, TCPSTATE_A_UID) : ~0U;
	rec->lport = ntohs(nl_u16(a, TCPSTATE_A_LOCAL_PORT));
	rec->rport = ntohs(nl_u16(a, TCPSTATE_A_REMOTE_PORT));
	rec->state = nl_u8(a, TCPSTATE_A_STATE);
	rec->wire = nl_u8(a, TCPSTATE_A_WIRE);
	rec->dead = nl_has(a, TCPSTATE_A_DEAD);
	rec->mini = nl_has(a, TCPSTATE_A_MINI);
	snprintf(rec->comm, sizeof(rec->comm), "%s", comm ? comm : "");
	rec->messages = 0;
	rec->n = 0;
}

static int take_record(const struct nlmsghdr *nlh, void *data)
{
	struct gather *g = data;
	struct nl_attrs a;
	int size, n, err = 0;

	nl_parse_genl(&a, nlh);
	size = nl_u16(&a, TCPSTATE_A_EVENT_SIZE);
	if (size != sizeof(struct tcpstate_record_event))
		return -EPROTO;
	if (nl_has(&a, TCPSTATE_A_WIRE)) {
		err = flush(g);
		take_head(g->rec, &a);
		g->found++;
	} else if (nl_u64(&a, TCPSTATE_A_RECORD) != g->rec->id) {
		return -EPROTO;
	}
	n = nl_len(&a, TCPSTATE_A_EVENTS) / size;
	if (g->rec->n + n > NL_EVENTS)
		return -E2BIG;
	memcpy(g->rec->event + g->rec->n, nl_data(&a, TCPSTATE_A_EVENTS), n * size);
	g->rec->n += n;
	g->rec->messages++;
	return err;
}

/*
 * Every recorder that a filter (or NULL) lets through, one after the other in
 * one. How many, or -errno.
 */
int nl_records(struct nl *nl, struct nl_request *filter, struct nl_record *one,
	       int (*take)(struct nl_record *rec, void *data), void *data)
{
	struct gather g = { .rec = one, .take = take, .data = data };
	struct nl_request all;
	int err;

	nl_genl(nl, &all, TCPSTATE_CMD_GET_RECORD, NLM_F_DUMP);
	one->messages = 0;
	err = nl_talk(nl, filter ? filter : &all, take_record, &g);
	if (err)
		return err;
	/* The last one stays whole for who asked for one. */
	if (take && one->messages) {
		err = take(one, data);
		if (err)
			return err;
	}
	return g.found;
}

/* The newest recorder of a socket. 0 or -errno. */
int nl_record(struct nl *nl, uint64_t cookie, struct nl_record *rec)
{
	struct nl_request r;
	int n;

	nl_genl(nl, &r, TCPSTATE_CMD_GET_RECORD, NLM_F_DUMP);
	nl_put_u64(&r, TCPSTATE_A_COOKIE, cookie);
	n = nl_records(nl, &r, rec, NULL, NULL);
	return n < 0 ? n : n ? 0 : -ENOENT;
}

int nl_count_records(struct nl *nl, int life)
{
	struct nl_record *rec = malloc(sizeof(*rec));
	struct nl_request r;
	int n;

	if (!rec)
		return -ENOMEM;
	nl_genl(nl, &r, TCPSTATE_CMD_GET_RECORD, NLM_F_DUMP);
	nl_put_u8(&r, TCPSTATE_A_LIFE, life);
	n = nl_records(nl, &r, rec, NULL, NULL);
	free(rec);
	return n;
}

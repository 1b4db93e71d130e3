// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family "tcpstate": the flight recorder's entries, and changes of
 * state as they happen.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <linux/genetlink.h>

#include "connection.h"
#include "link.h"
#include "netns.h"

/* --- the family --- */

struct family {
	uint16_t id;
	uint32_t group;
};

static int keep_group(const struct nlattr *group, void *arg)
{
	const struct nlattr *list[CTRL_ATTR_MCAST_GRP_MAX + 1] = {};
	struct attributes a = { list, CTRL_ATTR_MCAST_GRP_MAX + 1 };
	struct family *f = arg;

	mnl_attr_parse_nested(group, attributes_keep, &a);
	if (attribute_holds(&a, CTRL_ATTR_MCAST_GRP_NAME, sizeof(TCPSTATE_GENL_STATES)) &&
	    attribute_holds(&a, CTRL_ATTR_MCAST_GRP_ID, 4) &&
	    !strcmp(mnl_attr_get_str(list[CTRL_ATTR_MCAST_GRP_NAME]), TCPSTATE_GENL_STATES))
		f->group = mnl_attr_get_u32(list[CTRL_ATTR_MCAST_GRP_ID]);
	return MNL_CB_OK;
}

static int keep_family(const struct nlmsghdr *h, void *arg)
{
	const struct nlattr *list[CTRL_ATTR_MAX + 1] = {}, *group;
	struct attributes a = { list, CTRL_ATTR_MAX + 1 };
	struct family *f = arg;

	mnl_attr_parse(h, sizeof(struct genlmsghdr), attributes_keep, &a);
	if (attribute_holds(&a, CTRL_ATTR_FAMILY_ID, 2))
		f->id = mnl_attr_get_u16(list[CTRL_ATTR_FAMILY_ID]);
	if (list[CTRL_ATTR_MCAST_GROUPS])
		mnl_attr_for_each_nested(group, list[CTRL_ATTR_MCAST_GROUPS])
			keep_group(group, f);
	return MNL_CB_OK;
}

static struct nlmsghdr *request(struct link *l, uint16_t family, uint8_t command, uint16_t flags)
{
	struct nlmsghdr *h = link_request(l, family, flags);
	struct genlmsghdr *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));

	g->cmd = command;
	g->version = 1;
	return h;
}

static struct family find_family(struct link *l)
{
	struct nlmsghdr *h = request(l, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	struct family f = {};
	int err;

	mnl_attr_put_strz(h, CTRL_ATTR_FAMILY_NAME, TCPSTATE_GENL_NAME);
	err = link_ask(l, h, keep_family, &f);
	if (err == -ENOENT || (!err && !f.id))
		die("the module tcpstate is not loaded, or has no netlink family");
	if (err)
		die("netlink: %s", strerror(-err));
	return f;
}

/* --- records --- */

struct dump {
	struct history *h;
	unsigned int netns;	/* which of ours */
	uint32_t inode;
};

/* The first entry that knows them; a SYN that was refused may leave none. */
static void learn_numbers(struct flow *f, const struct tcpstate_record_event *r)
{
	if (!f->iss)
		f->iss = r->tcb.iss;
	if (!f->irs)
		f->irs = r->tcb.irs;
}

/* Text that did not stay is told of the arrival that brought it. */
static bool joins_arrival(struct flow *f, const struct event *e, uint8_t kind)
{
	struct event *last = f->count ? &f->events[f->count - 1] : NULL;

	if (kind != TCPSTATE_RECORD_DROPPED || !last || last->what != WHAT_RECEIVE ||
	    last->flags != e->flags || last->dropped)
		return false;
	last->dropped = e->len >= last->len;
	memcpy(last->word, e->word, sizeof(last->word));
	return true;
}

static void add_events(struct flow *f, const struct attributes *a)
{
	size_t size = mnl_attr_get_u16(a->list[TCPSTATE_A_EVENT_SIZE]), at;
	size_t len = mnl_attr_get_payload_len(a->list[TCPSTATE_A_EVENTS]);
	const char *data = mnl_attr_get_payload(a->list[TCPSTATE_A_EVENTS]);
	struct tcpstate_record_event r;
	struct event e;

	for (at = 0; size && at + size <= len; at += size) {
		memset(&r, 0, sizeof(r));
		memcpy(&r, data + at, size < sizeof(r) ? size : sizeof(r));
		learn_numbers(f, &r);
		if (!f->count)
			f->lost = r.number;
		if (event_convert(&e, &r) && !joins_arrival(f, &e, r.kind))
			flow_event(f, &e);
	}
}

static int take_record(const struct nlmsghdr *h, void *arg)
{
	const struct nlattr *list[TCPSTATE_A_COUNT] = {};
	struct attributes a = { list, TCPSTATE_A_COUNT };
	struct dump *d = arg;
	struct flow *f;

	mnl_attr_parse(h, sizeof(struct genlmsghdr), attributes_keep, &a);
	if (!attribute_holds(&a, TCPSTATE_A_RECORD, 8))
		return MNL_CB_OK;
	f = history_flow(d->h, mnl_attr_get_u64(list[TCPSTATE_A_RECORD]) +
			 d->netns * ID_PER_NETNS);
	f->netns = d->inode;
	connection_read(f, &a);
	if (attribute_holds(&a, TCPSTATE_A_EVENT_SIZE, 2) && list[TCPSTATE_A_EVENTS])
		add_events(f, &a);
	return MNL_CB_OK;
}

static uint32_t this_netns(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) ? 0 : st.st_ino;
}

static int read_records(struct dump *d)
{
	struct family family;
	struct link l;
	int err;

	link_open(&l, NETLINK_GENERIC);
	family = find_family(&l);
	err = link_ask(&l, request(&l, family.id, TCPSTATE_CMD_GET_RECORD, NLM_F_DUMP),
		       take_record, d);
	link_close(&l);
	return err;
}

/**
 * link_history() - everything that the flight recorders hold
 * @h: gets it, sorted
 * @o: the options, which name namespaces
 */
void link_history(struct history *h, const struct options *o)
{
	struct dump d = { .h = h };
	int err;

	for (; netns_enter(o, d.netns); d.netns++) {
		netns_need_module();
		d.inode = this_netns();
		err = read_records(&d);
		if (err == -EPERM)
			die("records can be read by root only (CAP_NET_ADMIN)");
		if (err && err != -ENOENT)
			die("reading the records: %s", strerror(-err));
	}
	history_sort(h);
}

/* --- news --- */

struct watching {
	bool (*news)(const struct flow *f, const struct event *e, void *arg);
	void *arg;
};

static int take_news(const struct nlmsghdr *h, void *arg)
{
	const struct genlmsghdr *g = mnl_nlmsg_get_payload(h);
	const struct nlattr *list[TCPSTATE_A_COUNT] = {};
	struct attributes a = { list, TCPSTATE_A_COUNT };
	struct event e = { .what = WHAT_STATE };
	struct watching *w = arg;
	struct flow f = {};

	if (g->cmd != TCPSTATE_CMD_STATE)
		return MNL_CB_OK;
	mnl_attr_parse(h, sizeof(*g), attributes_keep, &a);
	if (!attribute_holds(&a, TCPSTATE_A_TIME, 8) || !attribute_holds(&a, TCPSTATE_A_STATE, 1) ||
	    !attribute_holds(&a, TCPSTATE_A_OLD_STATE, 1) ||
	    !attribute_holds(&a, TCPSTATE_A_EVENT, 1))
		return MNL_CB_OK;
	connection_read(&f, &a);
	if (attribute_holds(&a, TCPSTATE_A_RECORD, 8))
		f.id = mnl_attr_get_u64(list[TCPSTATE_A_RECORD]);
	e.ns = mnl_attr_get_u64(list[TCPSTATE_A_TIME]);
	e.state = mnl_attr_get_u8(list[TCPSTATE_A_STATE]);
	e.old = mnl_attr_get_u8(list[TCPSTATE_A_OLD_STATE]);
	e.event = mnl_attr_get_u8(list[TCPSTATE_A_EVENT]);
	if (e.state >= TCPSTATE_MAX_STATES || e.old >= TCPSTATE_MAX_STATES)
		return MNL_CB_OK;
	return w->news(&f, &e, w->arg) ? MNL_CB_OK : MNL_CB_STOP;
}

/**
 * link_watch() - changes of state as they happen
 * @news: called for each of them, and with a NULL event when a signal came; false ends
 * @arg: for @news
 * @o: the options; one namespace at most
 */
void link_watch(bool (*news)(const struct flow *f, const struct event *e, void *arg), void *arg,
		const struct options *o)
{
	struct watching w = { news, arg };
	struct family family;
	struct link l;
	int state = MNL_CB_OK;
	ssize_t n;

	if (o->netns_count > 1)
		die_usage("one namespace at a time can be watched");
	netns_enter(o, 0);
	netns_need_module();
	link_open(&l, NETLINK_GENERIC);
	family = find_family(&l);
	if (!family.group)
		die("the module tells no changes of state");
	if (mnl_socket_setsockopt(l.nl, NETLINK_ADD_MEMBERSHIP, &family.group, sizeof(int)))
		die(errno == EPERM ? "root only (CAP_NET_ADMIN) can watch" : "cannot watch: %s",
		    strerror(errno));
	/* Who makes something happen now will see it. */
	fputs("tcpstate watch: watching\n", stderr);
	while (state > MNL_CB_STOP) {
		n = mnl_socket_recvfrom(l.nl, l.buf, LINK_BUF);
		if (n >= 0)
			state = mnl_cb_run(l.buf, n, 0, 0, take_news, &w);
		else if (errno == EINTR)
			state = news(NULL, NULL, arg) ? MNL_CB_OK : MNL_CB_STOP;
		else if (errno == ENOBUFS)
			fputs("tcpstate watch: some changes came too fast to be told\n", stderr);
		else
			die("netlink: %s", strerror(errno));
	}
	link_close(&l);
}

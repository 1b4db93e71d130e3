// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: reads the flight recorders, tells the table of
 * states and every change of a state.  Nothing here changes a connection.
 */
#include <linux/netlink.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>

#include <net/genetlink.h>
#include <net/ipv6.h>

#include "tcpstate.h"

static struct genl_family family;
/* While the numbers of its groups are ours. */
static bool registered;

enum { GROUP_STATES };

static const struct genl_multicast_group groups[] = {
	[GROUP_STATES] = { .name = TCPSTATE_GENL_STATES },
};

static int put_address(struct sk_buff *skb, int attr, const struct in6_addr *addr)
{
	if (ipv6_addr_v4mapped(addr) || ipv6_addr_any(addr))
		return nla_put_in_addr(skb, attr, addr->s6_addr32[3]);
	return nla_put_in6_addr(skb, attr, addr);
}

static int put_names(struct sk_buff *skb, const struct tcpstate_key *key)
{
	bool v4 = ipv6_addr_v4mapped(&key->local) || ipv6_addr_any(&key->local);

	if (nla_put_u16(skb, TCPSTATE_A_FAMILY, v4 ? AF_INET : AF_INET6) ||
	    put_address(skb, TCPSTATE_A_LOCAL_ADDR, &key->local) ||
	    put_address(skb, TCPSTATE_A_REMOTE_ADDR, &key->remote) ||
	    nla_put_be16(skb, TCPSTATE_A_LOCAL_PORT, key->lport) ||
	    nla_put_be16(skb, TCPSTATE_A_REMOTE_PORT, key->rport))
		return -EMSGSIZE;
	return 0;
}

static int put_process(struct sk_buff *skb, const struct tcpstate_process *process,
		       struct user_namespace *user_ns, struct pid_namespace *pid_ns)
{
	pid_t pid;

	if (!process)
		return 0;
	pid = pid_nr_ns(process->pid, pid_ns ?: ns_of_pid(process->pid));
	if ((pid && nla_put_u32(skb, TCPSTATE_A_PID, pid)) ||
	    nla_put_string(skb, TCPSTATE_A_COMM, process->comm) ||
	    nla_put_u32(skb, TCPSTATE_A_UID, from_kuid_munged(user_ns, process->uid)))
		return -EMSGSIZE;
	return 0;
}

/**
 * tcpstate_genl_put_about() - what sock_diag and this family tell of a connection
 * @skb: the message
 * @about: what is known of it
 *
 * Context: any; what @about points to does not go away.
 * Return: 0 or -EMSGSIZE.
 */
int tcpstate_genl_put_about(struct sk_buff *skb, const struct tcpstate_about *about)
{
	if ((about->cookie &&
	     nla_put_u64_64bit(skb, TCPSTATE_A_COOKIE, about->cookie, TCPSTATE_A_PAD)) ||
	    nla_put_u8(skb, TCPSTATE_A_WIRE, about->key->wire) ||
	    nla_put_u8(skb, TCPSTATE_A_STATE, about->state) ||
	    put_process(skb, about->process, about->user_ns, about->pid_ns) ||
	    (about->dead && nla_put_flag(skb, TCPSTATE_A_DEAD)) ||
	    (about->mini && nla_put_flag(skb, TCPSTATE_A_MINI)))
		return -EMSGSIZE;
	return 0;
}

/* --- GET_RECORD --- */

/* Where a dump of recorders is; in netlink_callback.ctx. */
struct cursor {
	unsigned long id;	/* of the next recorder to look at */
	unsigned long last;	/* there was when the dump began */
	u32 from;		/* number of its next entry */
	bool begun;		/* its names are told */
	bool found;		/* there was one at all */
};

struct filter {
	const struct nlattr *cookie;
	const struct nlattr *id;
	u8 life;
	u32 since;
};

static struct filter read_filter(struct nlattr **attrs)
{
	return (struct filter){
		.cookie = attrs[TCPSTATE_A_COOKIE],
		.id = attrs[TCPSTATE_A_RECORD],
		.life = attrs[TCPSTATE_A_LIFE] ? nla_get_u8(attrs[TCPSTATE_A_LIFE]) :
						 TCPSTATE_LIFE_BOTH,
		.since = attrs[TCPSTATE_A_SINCE] ? nla_get_u32(attrs[TCPSTATE_A_SINCE]) : 0,
	};
}

static bool is_named(const struct tcpstate_record *rec, const struct filter *filter)
{
	return (!filter->cookie || nla_get_u64(filter->cookie) == rec->cookie) &&
	       (!filter->id || nla_get_u64(filter->id) == rec->id);
}

static int put_head(struct sk_buff *skb, struct tcpstate_record *rec,
		    const struct netlink_callback *cb)
{
	struct tcpstate_about about = {
		.cookie = rec->cookie,
		.key = &rec->key,
		.user_ns = sk_user_ns(NETLINK_CB(cb->skb).sk),
		.pid_ns = task_active_pid_ns(current),
	};
	u32 limit, next;
	int err;

	spin_lock_bh(&rec->lock);
	about.state = READ_ONCE(rec->state);
	about.dead = rec->dead;
	about.mini = rec->mini && !rec->dead;
	about.process = tcpstate_process_get(rec->process);
	limit = rec->ring.limit;
	next = READ_ONCE(rec->next);
	spin_unlock_bh(&rec->lock);
	err = tcpstate_genl_put_about(skb, &about);
	tcpstate_process_put(about.process);
	if (err || put_names(skb, &rec->key) || nla_put_u32(skb, TCPSTATE_A_LIMIT, limit) ||
	    nla_put_u32(skb, TCPSTATE_A_NEXT, next))
		return -EMSGSIZE;
	return 0;
}

/* As many entries as fit.  Their number, or -EMSGSIZE: not even one. */
static int put_entries(struct sk_buff *skb, struct tcpstate_record *rec, u32 *from, bool *all)
{
	const int size = sizeof(struct tcpstate_record_event);
	/* For the header and what aligns it. */
	int room = skb_tailroom(skb) - 2 * NLA_HDRLEN;
	struct nlattr *attr;
	u32 max, n;

	max = room < size ? 0 : min_t(u32, room / size, (U16_MAX - NLA_HDRLEN) / size);
	if (!max)
		return -EMSGSIZE;
	nla_align_64bit(skb, TCPSTATE_A_PAD);
	attr = nla_reserve(skb, TCPSTATE_A_EVENTS, 0);
	if (!attr)
		return -EMSGSIZE;
	n = tcpstate_record_read(rec, from,
				 (struct tcpstate_record_event *)skb_tail_pointer(skb), max);
	*all = n < max;
	skb_put(skb, n * size);
	attr->nla_len += n * size;
	return n;
}

/* One message of one recorder. */
static int put_record(struct sk_buff *skb, struct tcpstate_record *rec, struct cursor *at,
		      struct netlink_callback *cb, bool *all)
{
	void *head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &family,
				 NLM_F_MULTI, TCPSTATE_CMD_GET_RECORD);
	int n;

	if (!head)
		return -EMSGSIZE;
	if ((!at->begun && put_head(skb, rec, cb)) ||
	    nla_put_u64_64bit(skb, TCPSTATE_A_RECORD, rec->id, TCPSTATE_A_PAD) ||
	    nla_put_u16(skb, TCPSTATE_A_EVENT_SIZE, sizeof(struct tcpstate_record_event)))
		goto cancel;
	n = put_entries(skb, rec, &at->from, all);
	if (n < 0)
		goto cancel;
	if (!n && at->begun) {
		genlmsg_cancel(skb, head);
		return 0;
	}
	at->begun = true;
	genlmsg_end(skb, head);
	return 0;

cancel:
	genlmsg_cancel(skb, head);
	return -EMSGSIZE;
}

static bool is_wanted(struct tcpstate_record *rec, const struct filter *filter)
{
	return filter->life & (READ_ONCE(rec->dead) ? TCPSTATE_LIFE_DEAD : TCPSTATE_LIFE_LIVE);
}

/* All messages of one recorder that still fit. */
static int put_all(struct sk_buff *skb, struct tcpstate_record *rec, struct cursor *at,
		   struct netlink_callback *cb)
{
	bool all = false;
	int err = 0;

	while (!all && !err)
		err = put_record(skb, rec, at, cb, &all);
	return err;
}

static int dump_records(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct tcpstate_net *tn = tcpstate_net(sock_net(skb->sk));
	struct filter filter = read_filter(tcpstate_dump_attrs(cb));
	struct cursor *at = (struct cursor *)cb->ctx;
	struct tcpstate_record *rec;
	int err = 0;

	BUILD_BUG_ON(sizeof(*at) > sizeof(cb->ctx));
	/* Those that come later are for the next dump: this one has an end. */
	if (!at->last)
		at->last = READ_ONCE(tn->record_serial);
	while (at->id <= at->last && (rec = tcpstate_record_find(tn, at->id))) {
		if (rec->id > at->last) {
			tcpstate_record_put(rec);
			break;
		}
		if (rec->id != at->id) {
			/* The one that the dump stopped in may have gone. */
			at->id = rec->id;
			at->begun = false;
		}
		if (is_named(rec, &filter)) {
			at->found = true;
			if (!at->begun)
				at->from = filter.since;
			if (at->begun || is_wanted(rec, &filter))
				err = put_all(skb, rec, at, cb);
		}
		tcpstate_record_put(rec);
		if (err)
			break;
		at->id++;
		at->begun = false;
	}
	if (err)
		return skb->len;
	if (!at->found && (filter.cookie || filter.id)) {
		NL_SET_ERR_MSG(cb->extack, "no record of that socket or number");
		return -ENOENT;
	}
	return skb->len;
}

/* --- FORGET --- */

static int forget(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *id = info->attrs[TCPSTATE_A_RECORD];
	const struct nlattr *cookie = info->attrs[TCPSTATE_A_COOKIE];
	u64 id_value = id ? nla_get_u64(id) : 0;
	u64 cookie_value = cookie ? nla_get_u64(cookie) : 0;
	unsigned int n;

	n = tcpstate_record_forget(tcpstate_net(genl_info_net(info)), id ? &id_value : NULL,
				   cookie ? &cookie_value : NULL);
	if (n || (!id && !cookie))
		return 0;
	NL_SET_ERR_MSG(info->extack, "no record of a dead connection has that number");
	return -ENOENT;
}

/* --- GET_EDGES --- */

static int put_edge(struct sk_buff *skb, struct netlink_callback *cb, u8 state, u8 event)
{
	struct tcpstate_net *tn = tcpstate_net(sock_net(skb->sk));
	const struct tcpstate_edge *edge = tcpstate_fsm(state, event);
	void *head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &family,
				 NLM_F_MULTI, TCPSTATE_CMD_GET_EDGES);

	if (!head)
		return -EMSGSIZE;
	if (nla_put_u8(skb, TCPSTATE_A_STATE, state) ||
	    nla_put_string(skb, TCPSTATE_A_STATE_NAME, tcpstate_fsm_state_name(state)) ||
	    nla_put_u8(skb, TCPSTATE_A_EVENT, event) ||
	    nla_put_string(skb, TCPSTATE_A_EVENT_NAME, tcpstate_fsm_event_name(event)) ||
	    nla_put_u8(skb, TCPSTATE_A_EDGE_KIND, edge->kind) ||
	    (edge->why && nla_put_string(skb, TCPSTATE_A_WHY, edge->why)))
		goto cancel;
	if (edge->kind == TCPSTATE_EDGE_MOVE &&
	    (nla_put_u8(skb, TCPSTATE_A_NEXT_STATE, edge->next) ||
	     nla_put_u32(skb, TCPSTATE_A_ACTIONS, edge->actions) ||
	     nla_put_u32(skb, TCPSTATE_A_TAKEN, atomic_read(&tn->edges[state][event]))))
		goto cancel;
	genlmsg_end(skb, head);
	return 0;

cancel:
	genlmsg_cancel(skb, head);
	return -EMSGSIZE;
}

static int dump_edges(struct sk_buff *skb, struct netlink_callback *cb)
{
	unsigned long *at = (unsigned long *)cb->ctx;

	for (; *at < (TCPSTATE_MAX_STATES - 1) * TCPSTATE_EV_COUNT; ++*at)
		if (put_edge(skb, cb, *at / TCPSTATE_EV_COUNT + 1, *at % TCPSTATE_EV_COUNT))
			break;
	return skb->len;
}

/* --- STATE --- */

static void describe(const struct tcpstate_flow *flow, struct tcpstate_about *about)
{
	const struct tcpstate_request *req;
	const struct tcpstate_timewait *tw;
	struct sock *sk;

	about->key = &flow->key;
	about->state = READ_ONCE(flow->state);
	about->mini = flow->kind != TCPSTATE_FLOW_FULL;
	if (flow->kind == TCPSTATE_FLOW_TIMEWAIT) {
		tw = container_of(flow, struct tcpstate_timewait, flow);
		about->cookie = tw->cookie;
		about->process = tw->process;
	} else if (flow->kind == TCPSTATE_FLOW_REQUEST) {
		req = container_of(flow, struct tcpstate_request, flow);
		about->cookie = req->cookie;
		about->process = rcu_dereference(tcpstate_sk(req->listener)->process);
	} else {
		sk = (struct sock *)container_of(flow, struct tcpstate_sock, flow);
		about->cookie = tcpstate_record_cookie(sk);
		about->process = rcu_dereference(tcpstate_sk(sk)->process);
	}
}

static int put_change(struct sk_buff *skb, const struct tcpstate_net *tn,
		      const struct tcpstate_flow *flow, u8 old, u8 event,
		      const struct tcpstate_edge *edge)
{
	struct tcpstate_about about = { .user_ns = tn->net->user_ns };
	void *head = genlmsg_put(skb, 0, 0, &family, 0, TCPSTATE_CMD_STATE);

	if (!head)
		return -EMSGSIZE;
	describe(flow, &about);
	if (nla_put_u64_64bit(skb, TCPSTATE_A_TIME, ktime_get_real_ns(), TCPSTATE_A_PAD) ||
	    nla_put_u8(skb, TCPSTATE_A_OLD_STATE, old) ||
	    nla_put_u8(skb, TCPSTATE_A_EVENT, event) ||
	    nla_put_u32(skb, TCPSTATE_A_ACTIONS, edge->actions) ||
	    tcpstate_genl_put_about(skb, &about) || put_names(skb, &flow->key))
		return -EMSGSIZE;
	genlmsg_end(skb, head);
	return 0;
}

/* The choke point calls this, under the flow's lock, perhaps in softirq. */
static void watch(struct tcpstate_net *tn, const struct tcpstate_flow *flow, u8 old, u8 event,
		  const struct tcpstate_edge *edge)
{
	struct sk_buff *skb;
	int err;

	rcu_read_lock();
	if (!READ_ONCE(registered) || !genl_has_listeners(&family, tn->net, GROUP_STATES))
		goto out;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_ATOMIC);
	if (!skb)
		goto out;
	err = put_change(skb, tn, flow, old, event, edge);
	if (err)
		nlmsg_free(skb);
	else
		genlmsg_multicast_netns(&family, tn->net, skb, 0, GROUP_STATES, GFP_ATOMIC);
out:
	rcu_read_unlock();
}

static const struct nla_policy record_policy[TCPSTATE_A_SINCE + 1] = {
	[TCPSTATE_A_COOKIE]	= { .type = NLA_U64 },
	[TCPSTATE_A_RECORD]	= { .type = NLA_U64 },
	[TCPSTATE_A_LIFE]	= NLA_POLICY_RANGE(NLA_U8, TCPSTATE_LIFE_LIVE, TCPSTATE_LIFE_BOTH),
	[TCPSTATE_A_SINCE]	= { .type = NLA_U32 },
};

static const struct nla_policy forget_policy[TCPSTATE_A_RECORD + 1] = {
	[TCPSTATE_A_COOKIE]	= { .type = NLA_U64 },
	[TCPSTATE_A_RECORD]	= { .type = NLA_U64 },
};

/* Any attribute is refused. */
static const struct nla_policy no_policy[TCPSTATE_A_PAD + 1] = {};

static const struct genl_ops ops[] = {
	{
		.cmd		= TCPSTATE_CMD_GET_RECORD,
		.flags		= GENL_UNS_ADMIN_PERM,
		.dumpit		= dump_records,
		.policy		= record_policy,
		.maxattr	= ARRAY_SIZE(record_policy) - 1,
	}, {
		.cmd		= TCPSTATE_CMD_GET_EDGES,
		.dumpit		= dump_edges,
		.policy		= no_policy,
		.maxattr	= ARRAY_SIZE(no_policy) - 1,
	}, {
		.cmd		= TCPSTATE_CMD_FORGET,
		.flags		= GENL_UNS_ADMIN_PERM,
		.doit		= forget,
		.policy		= forget_policy,
		.maxattr	= ARRAY_SIZE(forget_policy) - 1,
	},
};

static struct genl_family family __ro_after_init = {
	.name		= TCPSTATE_GENL_NAME,
	.version	= TCPSTATE_GENL_VERSION,
	.module		= THIS_MODULE,
	.netnsok	= true,
	.parallel_ops	= true,
	.ops		= ops,
	.n_ops		= ARRAY_SIZE(ops),
	.mcgrps		= groups,
	.n_mcgrps	= ARRAY_SIZE(groups),
};

/**
 * tcpstate_genl_watch() - tell the listeners of a new namespace of its changes
 * @tn: the namespace
 *
 * Context: process; there is no socket yet.
 */
void tcpstate_genl_watch(struct tcpstate_net *tn)
{
	tn->watch = watch;
}

/**
 * tcpstate_genl_init() - register the family
 *
 * Context: module load, before a socket can be made.
 * Return: 0 or -errno.
 */
int tcpstate_genl_init(void)
{
	int err = genl_register_family(&family);

	WRITE_ONCE(registered, !err);
	return err;
}

/**
 * tcpstate_genl_exit() - and unregister it
 *
 * Context: module unload; no socket is left, but perhaps minis.
 */
void tcpstate_genl_exit(void)
{
	WRITE_ONCE(registered, false);
	/* Partner: the RCU read side of watch(). */
	synchronize_rcu();
	genl_unregister_family(&family);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * sock_diag for our family: tells of every listener, connection and mini in the
 * in-tree TCP's format, and ends one where an administrator asks for it.
 */
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/pid_namespace.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>

#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/netlink.h>

#include "tcpstate.h"

/* Flows that are looked up at once, before their locks are taken. */
#define BATCH	16

/* What a request asks for, and of whom. */
struct asker {
	const struct nlmsghdr *nlh;
	const struct inet_diag_req_v2 *req;
	struct user_namespace *user_ns;
	u32 portid;
	u16 flags;
	bool admin;
};

/* A dump in progress. */
struct dump {
	struct tcpstate_demux_walk walk;
	struct inet_diag_req_v2 req;
	struct tcpstate_flow *flows[BATCH];
	unsigned int n;		/* in @flows */
	unsigned int i;		/* the next to tell of */
	bool end;		/* of the walk */
	bool admin;
};

static struct sock *sk_of(struct tcpstate_flow *flow)
{
	return (struct sock *)container_of(flow, struct tcpstate_sock, flow);
}

static struct tcpstate_timewait *tw_of(struct tcpstate_flow *flow)
{
	return container_of(flow, struct tcpstate_timewait, flow);
}

static void put(struct tcpstate_flow *flow)
{
	if (flow->kind == TCPSTATE_FLOW_TIMEWAIT)
		tcpstate_timewait_put(tw_of(flow));
	else
		sock_put(sk_of(flow));
}

static bool asked(const struct asker *asker, int ext)
{
	return asker->req->idiag_ext & 1 << (ext - 1);
}

/* The head of an answer; the rest of it is zero. */
static struct inet_diag_msg *begin(struct sk_buff *skb, const struct asker *asker,
				   const struct tcpstate_flow *flow, u64 cookie,
				   struct nlmsghdr **nlh)
{
	const struct tcpstate_key *key = &flow->key;
	struct inet_diag_msg *r;

	*nlh = nlmsg_put(skb, asker->portid, asker->nlh->nlmsg_seq, SOCK_DIAG_BY_FAMILY,
			 sizeof(*r), asker->flags);
	if (!*nlh)
		return NULL;
	r = nlmsg_data(*nlh);
	*r = (struct inet_diag_msg){
		.idiag_family = AF_INET,
		.idiag_state = flow->state,
		.id = {
			.idiag_sport = key->lport,
			.idiag_dport = key->rport,
			.idiag_src = { key->local.s6_addr32[3] },
			.idiag_dst = { key->remote.s6_addr32[3] },
			.idiag_cookie = { (u32)cookie, (u32)(cookie >> 32) },
		},
	};
	return r;
}

/* What only we have, nested. */
static int put_own(struct sk_buff *skb, const struct tcpstate_about *about,
		   const struct tcpstate_record *rec, const struct tcpstate_tcb_info *tcb)
{
	struct nlattr *nest = nla_nest_start(skb, TCPSTATE_DIAG);

	if (!nest || tcpstate_genl_put_about(skb, about) ||
	    (rec && nla_put_u64_64bit(skb, TCPSTATE_A_RECORD, rec->id, TCPSTATE_A_PAD)) ||
	    (tcb && nla_put(skb, TCPSTATE_A_TCB, sizeof(*tcb), tcb)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_info(struct sk_buff *skb, struct sock *sk)
{
	struct nlattr *attr = nla_reserve_64bit(skb, INET_DIAG_INFO, sizeof(struct tcp_info),
						INET_DIAG_PAD);

	if (!attr)
		return -EMSGSIZE;
	tcpstate_sockopt_info(sk, nla_data(attr));
	return 0;
}

static int put_memory(struct sk_buff *skb, struct sock *sk)
{
	struct inet_diag_meminfo info = {
		.idiag_rmem = sk_rmem_alloc_get(sk),
		.idiag_wmem = READ_ONCE(sk->sk_wmem_queued),
		.idiag_fmem = READ_ONCE(sk->sk_forward_alloc),
		.idiag_tmem = sk_wmem_alloc_get(sk),
	};

	return nla_put(skb, INET_DIAG_MEMINFO, sizeof(info), &info);
}

static int put_asked(struct sk_buff *skb, struct sock *sk, const struct asker *asker)
{
	const struct tcpstate_sock *ts = tcpstate_sk(sk);

	if (nla_put_u8(skb, INET_DIAG_SHUTDOWN, sk->sk_shutdown) ||
	    nla_put_u8(skb, INET_DIAG_PROTOCOL, ts->wire) ||
	    (asker->admin && nla_put_u32(skb, INET_DIAG_MARK, READ_ONCE(sk->sk_mark))) ||
	    (asked(asker, INET_DIAG_TOS) &&
	     nla_put_u8(skb, INET_DIAG_TOS, READ_ONCE(ts->inet.tos))) ||
	    (asked(asker, INET_DIAG_MEMINFO) && put_memory(skb, sk)) ||
	    (asked(asker, INET_DIAG_SKMEMINFO) &&
	     sock_diag_put_meminfo(sk, skb, INET_DIAG_SKMEMINFO)) ||
	    (asked(asker, INET_DIAG_CONG) &&
	     nla_put_string(skb, INET_DIAG_CONG, ts->cong.ops->name)) ||
	    (asked(asker, INET_DIAG_INFO) && put_info(skb, sk)))
		return -EMSGSIZE;
	return 0;
}

static void set_queues(struct inet_diag_msg *r, const struct sock *sk)
{
	const struct tcpstate_sock *ts = tcpstate_sk(sk);

	if (ts->flow.state == TCPSTATE_LISTEN) {
		r->idiag_rqueue = READ_ONCE(sk->sk_ack_backlog);
		r->idiag_wqueue = READ_ONCE(sk->sk_max_ack_backlog);
		return;
	}
	r->idiag_rqueue = tcpstate_recvmsg_unread(sk);
	if (tcpstate_syn_acked(&ts->tcb))
		r->idiag_wqueue = max_t(int, ts->tcb.write_seq - ts->tcb.snd_una, 0);
}

/* One message of a full socket, which is locked. */
static int put_full(struct sk_buff *skb, struct sock *sk, const struct asker *asker)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_about about = {
		.cookie = tcpstate_record_cookie(sk),
		.key = &ts->flow.key,
		.process = tcpstate_process_of(sk),
		.user_ns = asker->user_ns,
		.pid_ns = task_active_pid_ns(current),
		.state = ts->flow.state,
	};
	struct tcpstate_tcb_info tcb;
	struct inet_diag_msg *r;
	unsigned long expires;
	struct nlmsghdr *nlh;

	r = begin(skb, asker, &ts->flow, about.cookie, &nlh);
	if (!r)
		return -EMSGSIZE;
	r->id.idiag_if = sk->sk_bound_dev_if;
	r->idiag_timer = tcpstate_proc_timer(ts, &expires);
	if (r->idiag_timer)
		r->idiag_expires = jiffies_delta_to_msecs(expires - jiffies);
	r->idiag_retrans = r->idiag_timer == 2 ? ts->keep_probes : ts->rtx_count;
	r->idiag_uid = from_kuid_munged(asker->user_ns, sk->sk_uid);
	r->idiag_inode = sock_i_ino(sk);
	set_queues(r, sk);
	tcpstate_record_tcb(sk, &tcb);
	if (put_asked(skb, sk, asker) ||
	    put_own(skb, &about, ts->record, asker->admin ? &tcb : NULL)) {
		nlmsg_cancel(skb, nlh);
		return -EMSGSIZE;
	}
	nlmsg_end(skb, nlh);
	return 0;
}

/* One message of a mini, which is locked. */
static int put_timewait(struct sk_buff *skb, struct tcpstate_timewait *tw,
			const struct asker *asker)
{
	struct tcpstate_about about = {
		.cookie = tw->cookie,
		.key = &tw->flow.key,
		.process = tw->process,
		.user_ns = asker->user_ns,
		.pid_ns = task_active_pid_ns(current),
		.state = tw->flow.state,
		.mini = true,
	};
	struct tcpstate_tcb_info tcb;
	struct inet_diag_msg *r;
	struct nlmsghdr *nlh;

	r = begin(skb, asker, &tw->flow, tw->cookie, &nlh);
	if (!r)
		return -EMSGSIZE;
	r->id.idiag_if = tw->bind.device;
	/* As in-tree. */
	r->idiag_timer = 3;
	r->idiag_expires = jiffies_delta_to_msecs(tw->timer.expires - jiffies);
	tcpstate_record_timewait_tcb(tw, &tcb);
	if (nla_put_u8(skb, INET_DIAG_PROTOCOL, tw->flow.key.wire) ||
	    put_own(skb, &about, tw->record, asker->admin ? &tcb : NULL)) {
		nlmsg_cancel(skb, nlh);
		return -EMSGSIZE;
	}
	nlmsg_end(skb, nlh);
	return 0;
}

static bool address_fits(const __be32 wanted[4], const struct in6_addr *addr)
{
	return !wanted[0] || wanted[0] == addr->s6_addr32[3];
}

/* Without its lock: whether it is worth taking. */
static bool fits(const struct tcpstate_flow *flow, const struct inet_diag_req_v2 *req)
{
	const struct tcpstate_key *key = &flow->key;

	return req->idiag_states & 1 << READ_ONCE(flow->state) &&
	       (!req->sdiag_protocol || req->sdiag_protocol == key->wire) &&
	       (!req->id.idiag_sport || req->id.idiag_sport == key->lport) &&
	       (!req->id.idiag_dport || req->id.idiag_dport == key->rport) &&
	       address_fits(req->id.idiag_src, &key->local) &&
	       address_fits(req->id.idiag_dst, &key->remote);
}

static bool device_fits(const struct inet_diag_req_v2 *req, int device)
{
	return !req->id.idiag_if || req->id.idiag_if == device;
}

/* Of one that is listed still and fits still; else nothing.  May sleep. */
static int put_flow(struct sk_buff *skb, struct tcpstate_flow *flow, const struct asker *asker)
{
	struct tcpstate_timewait *tw;
	struct sock *sk;
	int err = 0;

	if (flow->kind == TCPSTATE_FLOW_TIMEWAIT) {
		tw = tw_of(flow);
		spin_lock_bh(&tw->lock);
		if (flow->listed && fits(flow, asker->req) &&
		    device_fits(asker->req, tw->bind.device))
			err = put_timewait(skb, tw, asker);
		spin_unlock_bh(&tw->lock);
		return err;
	}
	sk = sk_of(flow);
	lock_sock(sk);
	if (flow->listed && fits(flow, asker->req) &&
	    device_fits(asker->req, sk->sk_bound_dev_if))
		err = put_full(skb, sk, asker);
	release_sock(sk);
	return err;
}

/* --- dump --- */

/* Hold the next flows of the walk.  Their locks are taken outside of it. */
static void gather(struct dump *dump)
{
	struct tcpstate_flow *flow = NULL;

	dump->n = 0;
	dump->i = 0;
	tcpstate_demux_walk_resume(&dump->walk);
	while (dump->n < BATCH && (flow = tcpstate_demux_walk_next(&dump->walk, false)))
		if (fits(flow, &dump->req) && tcpstate_demux_hold(flow))
			dump->flows[dump->n++] = flow;
	tcpstate_demux_walk_pause(&dump->walk);
	dump->end = !flow;
}

static int dump_flows(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct dump *dump = cb->data;
	struct asker asker = {
		.nlh = cb->nlh,
		.req = &dump->req,
		.user_ns = sk_user_ns(NETLINK_CB(cb->skb).sk),
		.portid = NETLINK_CB(cb->skb).portid,
		.flags = NLM_F_MULTI,
		.admin = dump->admin,
	};

	for (;;) {
		for (; dump->i < dump->n; dump->i++) {
			if (put_flow(skb, dump->flows[dump->i], &asker))
				return skb->len;
			put(dump->flows[dump->i]);
		}
		if (dump->end)
			return skb->len;
		gather(dump);
	}
}

static int dump_start(struct netlink_callback *cb)
{
	const struct inet_diag_req_v2 *req = nlmsg_data(cb->nlh);
	struct net *net = sock_net(cb->skb->sk);
	struct dump *dump;

	if (nlmsg_attrlen(cb->nlh, sizeof(*req)) > 0) {
		NL_SET_ERR_MSG(cb->extack, "only the fields of struct inet_diag_req_v2 filter");
		return -EOPNOTSUPP;
	}
	dump = kzalloc(sizeof(*dump), GFP_KERNEL);
	if (!dump)
		return -ENOMEM;
	dump->req = *req;
	dump->admin = netlink_net_capable(cb->skb, CAP_NET_ADMIN);
	tcpstate_demux_walk_begin(&dump->walk, tcpstate_net(net));
	cb->data = dump;
	return 0;
}

static int dump_done(struct netlink_callback *cb)
{
	struct dump *dump = cb->data;

	for (; dump->i < dump->n; dump->i++)
		put(dump->flows[dump->i]);
	tcpstate_demux_walk_end(&dump->walk);
	kfree(dump);
	return 0;
}

/* --- one --- */

static struct tcpstate_key key_of(const struct inet_diag_req_v2 *req)
{
	struct tcpstate_key key = {
		.lport = req->id.idiag_sport,
		.rport = req->id.idiag_dport,
		.wire = req->sdiag_protocol ?: TCPSTATE_PROTO_TCP,
	};

	ipv6_addr_set_v4mapped(req->id.idiag_src[0], &key.local);
	/* A listener's name has no peer. */
	if (req->id.idiag_dport || req->id.idiag_dst[0])
		ipv6_addr_set_v4mapped(req->id.idiag_dst[0], &key.remote);
	return key;
}

static bool cookie_given(const struct inet_diag_req_v2 *req)
{
	return req->id.idiag_cookie[0] != INET_DIAG_NOCOOKIE ||
	       req->id.idiag_cookie[1] != INET_DIAG_NOCOOKIE;
}

static bool cookie_fits(struct tcpstate_flow *flow, const struct inet_diag_req_v2 *req)
{
	u64 cookie = flow->kind == TCPSTATE_FLOW_TIMEWAIT ? tw_of(flow)->cookie :
							    tcpstate_record_cookie(sk_of(flow));

	return !cookie_given(req) || (req->id.idiag_cookie[0] == (u32)cookie &&
				      req->id.idiag_cookie[1] == (u32)(cookie >> 32));
}

/*
 * The flow that a request names, held, or an error.  Several listeners may
 * have one name: the walk finds the one with the cookie.
 */
static struct tcpstate_flow *find(struct tcpstate_net *tn, const struct inet_diag_req_v2 *req)
{
	struct tcpstate_key key = key_of(req);
	struct tcpstate_demux_walk walk;
	struct tcpstate_flow *flow;
	int err = -ENOENT;

	if (!ipv6_addr_any(&key.remote)) {
		rcu_read_lock();
		flow = tcpstate_demux_find(tn, &key);
		rcu_read_unlock();
		if (!flow || cookie_fits(flow, req))
			return flow ?: ERR_PTR(-ENOENT);
		put(flow);
		return ERR_PTR(-ESTALE);
	}
	tcpstate_demux_walk_begin(&walk, tn);
	tcpstate_demux_walk_resume(&walk);
	while ((flow = tcpstate_demux_walk_next(&walk, false))) {
		/* Listeners stand first. */
		if (!walk.listeners) {
			flow = NULL;
			break;
		}
		if (memcmp(&flow->key, &key, sizeof(key)))
			continue;
		err = -ESTALE;
		if (cookie_fits(flow, req) && tcpstate_demux_hold(flow))
			break;
	}
	tcpstate_demux_walk_pause(&walk);
	tcpstate_demux_walk_end(&walk);
	return flow ?: ERR_PTR(err);
}

static int tell_one(struct sk_buff *in_skb, const struct nlmsghdr *nlh)
{
	struct inet_diag_req_v2 all = { .idiag_ext = 255, .idiag_states = ~0U };
	const struct inet_diag_req_v2 *req = nlmsg_data(nlh);
	struct asker asker = {
		.nlh = nlh,
		.req = &all,
		.user_ns = sk_user_ns(NETLINK_CB(in_skb).sk),
		.portid = NETLINK_CB(in_skb).portid,
		.admin = netlink_net_capable(in_skb, CAP_NET_ADMIN),
	};
	struct net *net = sock_net(in_skb->sk);
	struct tcpstate_flow *flow;
	struct sk_buff *skb;
	int err;

	all.idiag_ext = req->idiag_ext;
	flow = find(tcpstate_net(net), req);
	if (IS_ERR(flow))
		return PTR_ERR(flow);
	skb = nlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	err = skb ? put_flow(skb, flow, &asker) : -ENOMEM;
	put(flow);
	if (!err && !skb->len)
		/* It has gone in between. */
		err = -ENOENT;
	if (err) {
		kfree_skb(skb);
		return err;
	}
	return nlmsg_unicast(net->diag_nlsk, skb, asker.portid);
}

static int check_request(const struct nlmsghdr *nlh)
{
	const struct inet_diag_req_v2 *req = nlmsg_data(nlh);

	if (nlmsg_len(nlh) < (int)sizeof(*req))
		return -EINVAL;
	switch (req->sdiag_protocol) {
	case 0:
	case TCPSTATE_PROTO_TCP:
	case TCPSTATE_PROTO_EXPERIMENT:
		return 0;
	}
	return -EPROTONOSUPPORT;
}

/* sock_diag_handler.dump: SOCK_DIAG_BY_FAMILY, of all or of one. */
static int diag_request(struct sk_buff *skb, struct nlmsghdr *nlh)
{
	struct netlink_dump_control control = {
		.start	= dump_start,
		.dump	= dump_flows,
		.done	= dump_done,
		.module	= THIS_MODULE,
	};
	int err = check_request(nlh);

	if (err)
		return err;
	if (nlh->nlmsg_flags & NLM_F_DUMP)
		return netlink_dump_start(sock_net(skb->sk)->diag_nlsk, skb, nlh, &control);
	return tell_one(skb, nlh);
}

/* sock_diag_handler.destroy: SOCK_DESTROY. */
static int diag_destroy(struct sk_buff *skb, struct nlmsghdr *nlh)
{
	struct tcpstate_flow *flow;
	int err = check_request(nlh);

	if (err)
		return err;
	if (!netlink_net_capable(skb, CAP_NET_ADMIN))
		return -EPERM;
	flow = find(tcpstate_net(sock_net(skb->sk)), nlmsg_data(nlh));
	if (IS_ERR(flow))
		return PTR_ERR(flow);
	if (flow->kind == TCPSTATE_FLOW_TIMEWAIT)
		err = tcpstate_timewait_abort(tw_of(flow));
	else
		err = tcpstate_sock_abort(sk_of(flow), ECONNABORTED);
	put(flow);
	return err;
}

static struct sock_diag_handler handler = {
	.owner		= THIS_MODULE,
	.dump		= diag_request,
	.destroy	= diag_destroy,
};

/**
 * tcpstate_diag_init() - answer for our family
 * @family: its number
 *
 * Context: module load.
 * Return: 0 or -EBUSY.
 */
int tcpstate_diag_init(int family)
{
	handler.family = family;
	return sock_diag_register(&handler);
}

/**
 * tcpstate_diag_exit() - and no more
 *
 * Context: module unload.
 */
void tcpstate_diag_exit(void)
{
	sock_diag_unregister(&handler);
}

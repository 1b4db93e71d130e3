// SPDX-License-Identifier: GPL-2.0
/*
 * IPv4 below TCP: routes, checksums, transmission with and without a socket,
 * initial sequence numbers.
 */
#include <linux/errqueue.h>
#include <linux/ip.h>
#include <linux/tcp.h>

#include <net/inet_common.h>
#include <net/ip.h>
#include <net/route.h>
#include <net/tcp.h>

#include "tcpstate.h"

static void flow_init(struct flowi4 *fl4, const struct sock *sk, __be32 saddr,
		      __be32 daddr)
{
	const struct inet_sock *inet = inet_sk(sk);

	flowi4_init_output(fl4, sk->sk_bound_dev_if, READ_ONCE(sk->sk_mark),
			   ip_sock_rt_tos(sk), ip_sock_rt_scope(sk),
			   tcpstate_sk(sk)->wire, inet_sk_flowi_flags(sk),
			   daddr, saddr, inet->inet_dport, inet->inet_sport,
			   sk_uid(sk));
	security_sk_classify_flow((struct sock *)sk, flowi4_to_flowi_common(fl4));
}

static __be32 first_hop(const struct sock *sk)
{
	const struct ip_options_rcu *opt;

	opt = rcu_dereference_protected(inet_sk(sk)->inet_opt,
					lockdep_sock_is_held(sk));
	return opt && opt->opt.srr ? opt->opt.faddr : inet_sk(sk)->inet_daddr;
}

/*
 * sk_setup_caps() gives only the in-tree TCP bursts on a device that is told to cut
 * none: the stack cuts them then, just ahead of the driver, and what one write sends
 * comes to the peer in one go.  Not where IPsec stands between.
 */
static void burst_anyway(struct sock *sk, const struct dst_entry *dst)
{
	const struct net_device *dev;

	if (!sk->sk_gso_type || sk_can_gso(sk) || dst->header_len || sk->sk_gso_disabled)
		return;
	/* A device that goes hands its routes on to another, and waits for readers. */
	rcu_read_lock();
	dev = READ_ONCE(dst->dev);
	sk->sk_route_caps |= NETIF_F_GSO | NETIF_F_GSO_SOFTWARE | NETIF_F_SG | NETIF_F_HW_CSUM;
	sk->sk_gso_max_size = READ_ONCE(dev->gso_max_size) - (MAX_TCP_HEADER + 1);
	sk->sk_gso_max_segs = max_t(u32, READ_ONCE(dev->gso_max_segs), 1);
	rcu_read_unlock();
}

/* ip_queue_xmit() takes the addresses from the flow kept in cork. */
static int ipv4_route(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);
	struct flowi4 *fl4 = &inet->cork.fl.u.ip4;
	struct rtable *rt;

	if (__sk_dst_check(sk, 0))
		return 0;
	flow_init(fl4, sk, inet->inet_saddr, first_hop(sk));
	rt = ip_route_output_flow(sock_net(sk), fl4, sk);
	if (IS_ERR(rt))
		return PTR_ERR(rt);
	/* Only wire 6 may be cut by devices: they know no other TCP. */
	sk->sk_gso_type = tcpstate_sk(sk)->wire == IPPROTO_TCP ? SKB_GSO_TCPV4 : 0;
	sk_setup_caps(sk, &rt->dst);
	burst_anyway(sk, &rt->dst);
	return 0;
}

static int ipv4_send(struct sock *sk, struct sk_buff *skb)
{
	struct inet_sock *inet = inet_sk(sk);
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcphdr *th = tcp_hdr(skb);
	__wsum sum;

	if (ts->wire == IPPROTO_TCP) {
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb_transport_header(skb) - skb->head;
		skb->csum_offset = offsetof(struct tcphdr, check);
		th->check = ~csum_tcpudp_magic(inet->inet_saddr, inet->inet_daddr,
					       skb->len, IPPROTO_TCP, 0);
	} else {
		sum = skb_checksum(skb, 0, skb->len, 0);
		th->check = csum_tcpudp_magic(inet->inet_saddr, inet->inet_daddr,
					      skb->len, ts->wire, sum);
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	}
	memset(skb->cb, 0, sizeof(struct inet_skb_parm));
	return ip_queue_xmit(sk, skb, &inet->cork.fl);
}

/*
 * The options that lead back along the source route of skb, or NULL.  How long they are was
 * checked when the packet came; what ihl says now may be somebody else's (NFQUEUE).
 */
static struct ip_options_rcu *return_route(struct net *net, const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	struct ip_options_rcu *opt;
	u8 route[TCPSTATE_IPOPT_MAX];
	unsigned int len;

	if (likely(iph->ihl == 5))
		return NULL;
	len = tcpstate_ipopt_return_route((const u8 *)(iph + 1),
					  skb_network_header_len(skb) - sizeof(*iph),
					  (const u8 *)&iph->saddr, route);
	if (!len)
		return NULL;
	opt = kzalloc(sizeof(*opt) + len, GFP_ATOMIC);
	if (!opt)
		return NULL;
	memcpy(opt->opt.__data, route, len);
	opt->opt.optlen = len;
	if (!ip_options_compile(net, &opt->opt, NULL))
		return opt;
	kfree(opt);
	return NULL;
}

/* What ip_options_build() does, which is not exported, for a source route alone. */
static void put_route(struct iphdr *iph, const struct ip_options *opt, __be32 daddr)
{
	u8 *route = (u8 *)iph + opt->srr;

	memcpy(iph + 1, opt->__data, opt->optlen);
	memcpy(route + route[1] - sizeof(daddr), &daddr, sizeof(daddr));
}

/* Where a segment without a socket goes. */
static struct rtable *route_alone(struct tcpstate_net *tn, const struct tcpstate_way *way)
{
	const struct ip_options_rcu *opt = way->route;
	const struct tcpstate_key *key = way->key;
	__be32 daddr = key->remote.s6_addr32[3];
	struct flowi4 fl4 = {};
	struct rtable *rt;

	flowi4_init_output(&fl4, way->device, way->mark, RT_TOS(way->tos), RT_SCOPE_UNIVERSE,
			   key->wire, way->any_source ? FLOWI_FLAG_ANYSRC : 0,
			   opt ? opt->opt.faddr : daddr, key->local.s6_addr32[3],
			   key->rport, key->lport, sock_net_uid(tn->net, way->sk));
	if (way->sk)
		security_sk_classify_flow(way->sk, flowi4_to_flowi_common(&fl4));
	else if (way->answered)
		security_skb_classify_flow((struct sk_buff *)way->answered,
					   flowi4_to_flowi_common(&fl4));
	rt = ip_route_output_flow(tn->net, &fl4, way->sk);
	if (IS_ERR(rt))
		return NULL;
	if (!opt || !opt->opt.is_strictroute || !rt->rt_uses_gateway)
		return rt;
	ip_rt_put(rt);
	return NULL;
}

static void put_segment(struct sk_buff *skb, const struct tcpstate_key *key,
			const struct tcpstate_reply *answer)
{
	u8 options[TCPSTATE_MAX_OPT_LEN];
	unsigned int len = sizeof(struct tcphdr);
	struct tcphdr *th;

	len += tcpstate_opt_write(options, &answer->opt);
	th = skb_put(skb, len);
	memset(th, 0, sizeof(*th));
	memcpy(th + 1, options, len - sizeof(*th));
	skb_reset_transport_header(skb);
	th->source = key->lport;
	th->dest = key->rport;
	th->seq = htonl(answer->seq);
	th->ack_seq = htonl(answer->ack);
	th->doff = len / 4;
	th->window = htons(answer->wnd);
	tcp_flag_byte(th) = answer->flags;
	th->check = csum_tcpudp_magic(key->local.s6_addr32[3], key->remote.s6_addr32[3], len,
				      key->wire, csum_partial(th, len, 0));
	skb->ip_summed = CHECKSUM_UNNECESSARY;
}

static void put_header(struct tcpstate_net *tn, struct sk_buff *skb,
		       const struct tcpstate_way *way, const struct rtable *rt)
{
	const struct ip_options *opt = way->route ? &way->route->opt : NULL;
	unsigned int len = sizeof(struct iphdr) + (opt ? opt->optlen : 0);
	bool df = !way->sk || ip_dont_fragment(way->sk, &rt->dst);
	struct iphdr *iph = skb_push(skb, len);

	skb_reset_network_header(skb);
	*iph = (struct iphdr){
		.version = 4,
		.ihl = len / 4,
		.tos = way->tos,
		.frag_off = df ? htons(IP_DF) : 0,
		.ttl = way->ttl ?: ip4_dst_hoplimit(&rt->dst),
		.protocol = way->key->wire,
		.saddr = way->key->local.s6_addr32[3],
		.daddr = opt ? opt->faddr : way->key->remote.s6_addr32[3],
	};
	if (opt)
		put_route(iph, opt, way->key->remote.s6_addr32[3]);
	if (!df)
		ip_select_ident(tn->net, skb, NULL);
}

/*
 * A segment without a socket of its own.  The packet is built by hand, since
 * neither ip_send_unicast_reply() nor ip_build_and_send_pkt() is exported.
 */
static struct sk_buff *ipv4_build_alone(struct tcpstate_net *tn, const struct tcpstate_way *way,
					struct tcpstate_reply *answer)
{
	struct rtable *rt = route_alone(tn, way);
	struct sk_buff *skb;

	if (!rt)
		return NULL;
	skb = alloc_skb(TCPSTATE_HEADROOM + sizeof(struct tcphdr) + TCPSTATE_MAX_OPT_LEN,
			GFP_ATOMIC);
	if (!skb) {
		ip_rt_put(rt);
		tcpstate_mib_inc(tn, TCPSTATE_MIB_NOMEMORY);
		return NULL;
	}
	skb_reserve(skb, TCPSTATE_HEADROOM);
	if (answer->opt.mss)
		answer->opt.mss = clamp_t(u32, dst_metric_advmss(&rt->dst), TCPSTATE_MIN_MSS,
					  answer->opt.mss);
	put_segment(skb, way->key, answer);
	put_header(tn, skb, way, rt);
	skb->protocol = htons(ETH_P_IP);
	skb->mark = way->mark;
	skb_dst_set(skb, &rt->dst);
	if (way->sk) {
		skb->priority = READ_ONCE(way->sk->sk_priority);
		skb_set_owner_w(skb, way->sk);
	}
	tcpstate_mib_inc(tn, TCPSTATE_MIB_OUTSEGS);
	if (answer->flags & TCPSTATE_RST)
		tcpstate_mib_inc(tn, TCPSTATE_MIB_OUTRSTS);
	return skb;
}

static void ipv4_send_alone(struct tcpstate_net *tn, const struct tcpstate_way *way,
			    struct sk_buff *skb)
{
	ip_local_out(tn->net, way->sk ?: tn->rst_sk, skb);
}

static void ipv4_key(const struct sk_buff *skb, u8 wire, const void *ports,
		     struct tcpstate_key *key)
{
	const struct iphdr *iph = ip_hdr(skb);
	const __be16 *port = ports;

	ipv6_addr_set_v4mapped(iph->daddr, &key->local);
	ipv6_addr_set_v4mapped(iph->saddr, &key->remote);
	key->lport = port[1];
	key->rport = port[0];
	key->wire = wire;
	memset(key->pad, 0, sizeof(key->pad));
}

/* By the way that the segment came, where it says one. */
static void ipv4_reply(struct tcpstate_net *tn, struct sk_buff *skb,
		       const struct tcpstate_reply *answer)
{
	const struct iphdr *iph = ip_hdr(skb);
	struct ip_options_rcu *route = return_route(tn->net, skb);
	struct tcpstate_reply told = *answer;
	struct sk_buff *reply;
	struct tcpstate_key key;
	struct tcpstate_way way = {
		.key = &key,
		.answered = skb,
		.route = route,
		.device = answer->device ?:
			  l3mdev_master_ifindex_by_index(tn->net, skb->skb_iif),
		.any_source = answer->any_source,
		.mark = answer->mark ?: IP4_REPLY_MARK(tn->net, skb->mark),
		.tos = answer->own_header ? answer->tos : iph->tos & ~INET_ECN_MASK,
		.ttl = answer->ttl,
	};

	ipv4_key(skb, iph->protocol, tcp_hdr(skb), &key);
	reply = ipv4_build_alone(tn, &way, &told);
	if (reply)
		ipv4_send_alone(tn, &way, reply);
	kfree(route);
}

static bool ipv4_for_us(const struct sk_buff *skb)
{
	const struct rtable *rt = skb_rtable(skb);
	const struct iphdr *iph = ip_hdr(skb);

	if (skb->pkt_type != PACKET_HOST)
		return false;
	if (rt && (rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)))
		return false;
	if (ipv4_is_multicast(iph->saddr) || ipv4_is_lbcast(iph->saddr) ||
	    ipv4_is_zeronet(iph->saddr))
		return false;
	/* Routing checks for it only where it filters by the way back. */
	return inet_addr_type_dev_table(dev_net(skb->dev), skb->dev, iph->saddr) != RTN_BROADCAST;
}

static bool ipv4_checksum_ok(struct sk_buff *skb, u8 wire)
{
	if (skb_csum_unnecessary(skb))
		return true;
	if (skb->ip_summed == CHECKSUM_COMPLETE &&
	    !csum_tcpudp_magic(ip_hdr(skb)->saddr, ip_hdr(skb)->daddr, skb->len, wire,
			       skb->csum))
		return true;
	skb->csum = csum_tcpudp_nofold(ip_hdr(skb)->saddr, ip_hdr(skb)->daddr,
				       skb->len, wire, 0);
	return !__skb_checksum_complete(skb);
}

static u32 ipv4_iss(const struct tcpstate_key *key)
{
	return secure_tcp_seq(key->local.s6_addr32[3], key->remote.s6_addr32[3],
			      key->lport, key->rport);
}

static bool ipv4_names_match(const struct sock *sk, const struct sk_buff *skb)
{
	const struct inet_sock *inet = inet_sk(sk);
	const struct tcphdr *th = tcp_hdr(skb);

	return th->source == inet->inet_dport && th->dest == inet->inet_sport &&
	       ip_hdr(skb)->saddr == inet->inet_daddr && ip_hdr(skb)->daddr == inet->inet_saddr;
}

static void ipv4_set_name(struct sock *sk, bool listener)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct inet_sock *inet = inet_sk(sk);
	struct tcpstate_key *key = &ts->flow.key;

	*key = (struct tcpstate_key){ .wire = ts->wire, .lport = inet->inet_sport };
	if (listener) {
		ipv6_addr_set_v4mapped(inet->inet_rcv_saddr, &key->local);
		return;
	}
	ipv6_addr_set_v4mapped(inet->inet_saddr, &key->local);
	ipv6_addr_set_v4mapped(inet->inet_daddr, &key->remote);
	key->rport = inet->inet_dport;
}

static bool same_options(const struct ip_options_rcu *a, const struct ip_options_rcu *b)
{
	return a && a->opt.optlen == b->opt.optlen && a->opt.faddr == b->opt.faddr &&
	       !memcmp(a->opt.__data, b->opt.__data, b->opt.optlen);
}

/* accept_source_route decides in IP whether a packet with one comes here at all. */
static void ipv4_take_route(struct sock *sk, const struct sk_buff *skb)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct inet_sock *inet = inet_sk(sk);
	struct ip_options_rcu *old, *opt;

	if (ts->own_route)
		return;
	opt = return_route(sock_net(sk), skb);
	if (!opt)
		return;
	old = rcu_dereference_protected(inet->inet_opt, lockdep_sock_is_held(sk));
	if (same_options(old, opt)) {
		kfree(opt);
		return;
	}
	rcu_assign_pointer(inet->inet_opt, opt);
	if (old)
		kfree_rcu(old, rcu);
	/* The next segment goes another way, and has another size. */
	sk_dst_reset(sk);
	ts->pmtu = 0;
}

static int ipv4_device(const struct sock *listener, const struct sk_buff *skb)
{
	return READ_ONCE(listener->sk_bound_dev_if) ?:
	       inet_request_bound_dev_if(listener, (struct sk_buff *)skb);
}

static void ipv4_take_name(struct sock *child, const struct sk_buff *skb,
			   struct ip_options_rcu **route)
{
	struct inet_sock *inet = inet_sk(child);
	const struct tcphdr *th = tcp_hdr(skb);
	const struct iphdr *iph = ip_hdr(skb);

	inet->inet_rcv_saddr = iph->daddr;
	inet->inet_saddr = iph->daddr;
	inet->inet_daddr = iph->saddr;
	inet->inet_sport = th->dest;
	inet->inet_dport = th->source;
	RCU_INIT_POINTER(inet->inet_opt, *route);
	*route = NULL;
	inet->mc_index = inet_iif(skb);
	inet->mc_ttl = iph->ttl;
	inet->mc_list = NULL;
	inet->rcv_tos = iph->tos;
	child->sk_bound_dev_if = ipv4_device(child, skb);
	ipv4_set_name(child, false);
	tcpstate_sk(child)->own_route = false;
	ipv4_take_route(child, skb);
}

static void ipv4_narrow(struct sock *sk, u32 mtu)
{
	struct dst_entry *dst;

	if (ipv4_route(sk))
		return;
	dst = __sk_dst_get(sk);
	dst->ops->update_pmtu(dst, sk, NULL, mtu, true);
	/* What routing has learnt may need a new way. */
	if (ipv4_route(sk))
		return;
	dst = __sk_dst_get(sk);
	/* A route with a locked MTU: this may not end well. */
	if (mtu < dst_mtu(dst) && ip_dont_fragment(sk, dst))
		WRITE_ONCE(sk->sk_err_soft, EMSGSIZE);
}

/* As much of the quoted segment as a reader of the error queue may want. */
#define QUOTE_KEPT	128

/*
 * What ip_icmp_error(), not exported, makes: the header of who complains and of
 * what was sent, and the quoted segment as data.
 */
static struct sk_buff *error_skb(const struct tcpstate_quote *quote)
{
	const unsigned int headers = 2 * sizeof(struct iphdr);
	unsigned int len = min_t(unsigned int, quote->skb->len - quote->transport, QUOTE_KEPT);
	struct sk_buff *skb = alloc_skb(headers + len, GFP_ATOMIC);

	if (!skb)
		return NULL;
	skb_reset_network_header(skb);
	skb_put_data(skb, ip_hdr(quote->skb), sizeof(struct iphdr));
	if (skb_copy_bits(quote->skb, quote->network, skb_put(skb, sizeof(struct iphdr)),
			  sizeof(struct iphdr)) ||
	    skb_copy_bits(quote->skb, quote->transport, skb_put(skb, len), len)) {
		kfree_skb(skb);
		return NULL;
	}
	__skb_pull(skb, headers);
	skb_reset_transport_header(skb);
	skb->tstamp = quote->skb->tstamp;
	return skb;
}

static void ipv4_queue_error(struct sock *sk, const struct tcpstate_quote *quote, int err)
{
	struct sk_buff *skb = quote ? error_skb(quote) : alloc_skb(0, GFP_ATOMIC);
	struct sock_exterr_skb *serr;

	if (!skb)
		return;
	serr = SKB_EXT_ERR(skb);
	memset(serr, 0, sizeof(*serr));
	serr->ee.ee_errno = err;
	serr->ee.ee_origin = SO_EE_ORIGIN_LOCAL;
	if (quote) {
		serr->ee.ee_origin = SO_EE_ORIGIN_ICMP;
		serr->ee.ee_type = quote->type;
		serr->ee.ee_code = quote->code;
		serr->ee.ee_info = quote->info;
		serr->addr_offset = sizeof(struct iphdr) + offsetof(struct iphdr, daddr);
		serr->port = quote->key.rport;
	}
	if (sock_queue_err_skb(sk, skb))
		kfree_skb(skb);
}

/* ip_recv_error() is not exported, and inet_recv_error() knows its own families only. */
static int ipv4_recv_error(struct sock *sk, struct msghdr *msg, size_t len)
{
	DECLARE_SOCKADDR(struct sockaddr_in *, sin, msg->msg_name);
	struct sk_buff *skb = sock_dequeue_err_skb(sk);
	struct {
		struct sock_extended_err ee;
		struct sockaddr_in offender;
	} told = {};
	struct sock_exterr_skb *serr;
	int err;

	if (!skb)
		return -EAGAIN;
	if (skb->len > len)
		msg->msg_flags |= MSG_TRUNC;
	len = min_t(size_t, skb->len, len);
	err = skb_copy_datagram_msg(skb, 0, msg, len);
	if (err) {
		kfree_skb(skb);
		return err;
	}
	sock_recv_timestamp(msg, sk, skb);
	serr = SKB_EXT_ERR(skb);
	told.ee = serr->ee;
	msg->msg_namelen = 0;
	if (serr->ee.ee_origin == SO_EE_ORIGIN_ICMP) {
		told.offender.sin_family = AF_INET;
		told.offender.sin_addr.s_addr = ip_hdr(skb)->saddr;
		if (sin) {
			*sin = (struct sockaddr_in){ .sin_family = AF_INET };
			sin->sin_port = serr->port;
			sin->sin_addr.s_addr = *(__be32 *)(skb_network_header(skb) +
							   serr->addr_offset);
			msg->msg_namelen = sizeof(*sin);
		}
	}
	put_cmsg(msg, SOL_IP, IP_RECVERR, sizeof(told), &told);
	msg->msg_flags |= MSG_ERRQUEUE;
	consume_skb(skb);
	return len;
}

/**
 * tcpstate_ipv4_connect_name() - addresses of both ends, for connect()
 * @sk: may be bound
 * @peer: as the user gave it
 *
 * Asks IP for a local address where there is none (MUST-44).  The port of an
 * unbound socket is chosen afterwards.
 *
 * Context: process, socket lock held.
 * Return: 0, -ENETUNREACH for broadcast and multicast (MUST-46), -EACCES for
 * broadcast as routing has it, or routing's error.
 */
int tcpstate_ipv4_connect_name(struct sock *sk, const struct sockaddr_in *peer)
{
	struct inet_sock *inet = inet_sk(sk);
	struct flowi4 fl4 = {};
	__be32 daddr = peer->sin_addr.s_addr;
	__be32 hop = daddr;
	struct ip_options_rcu *opt;
	struct rtable *rt;

	opt = rcu_dereference_protected(inet->inet_opt, lockdep_sock_is_held(sk));
	if (opt && opt->opt.srr) {
		if (!daddr)
			return -EINVAL;
		hop = opt->opt.faddr;
	}
	inet->inet_dport = peer->sin_port;
	flow_init(&fl4, sk, inet->inet_saddr, hop);
	rt = ip_route_output_flow(sock_net(sk), &fl4, sk);
	if (IS_ERR(rt)) {
		inet->inet_dport = 0;
		return PTR_ERR(rt);
	}
	if (rt->rt_flags & (RTCF_MULTICAST | RTCF_BROADCAST)) {
		ip_rt_put(rt);
		inet->inet_dport = 0;
		return -ENETUNREACH;
	}
	ip_rt_put(rt);
	/* INADDR_ANY as a destination means this host. */
	inet->inet_daddr = opt && opt->opt.srr ? daddr : fl4.daddr;
	if (!inet->inet_saddr)
		inet->inet_saddr = fl4.saddr;
	inet->inet_rcv_saddr = inet->inet_saddr;
	return 0;
}

/**
 * tcpstate_ipv4_init() - what a new namespace needs for IPv4
 * @tn: the namespace
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int tcpstate_ipv4_init(struct tcpstate_net *tn)
{
	return inet_ctl_sock_create(&tn->rst_sk, PF_INET, SOCK_RAW, IPPROTO_TCP, tn->net);
}

/**
 * tcpstate_ipv4_exit() - the namespace goes
 * @tn: the namespace
 *
 * Context: process.
 */
void tcpstate_ipv4_exit(struct tcpstate_net *tn)
{
	inet_ctl_sock_destroy(tn->rst_sk);
}

const struct tcpstate_af tcpstate_ipv4 = {
	.family		= AF_INET,
	.header_len	= sizeof(struct iphdr),
	.default_mss	= TCPSTATE_DEFAULT_MSS_V4,
	.route		= ipv4_route,
	.send		= ipv4_send,
	.reply		= ipv4_reply,
	.build_alone	= ipv4_build_alone,
	.send_alone	= ipv4_send_alone,
	.back		= return_route,
	.device		= ipv4_device,
	.key		= ipv4_key,
	.for_us		= ipv4_for_us,
	.checksum_ok	= ipv4_checksum_ok,
	.iss		= ipv4_iss,
	.names_match	= ipv4_names_match,
	.set_name	= ipv4_set_name,
	.take_name	= ipv4_take_name,
	.take_route	= ipv4_take_route,
	.narrow		= ipv4_narrow,
	.queue_error	= ipv4_queue_error,
	.recv_error	= ipv4_recv_error,
};

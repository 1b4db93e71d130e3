// SPDX-License-Identifier: GPL-2.0
/*
 * Where segments come in: a LOCAL_IN netfilter hook for wire 6 (and one before
 * routing that makes it cheap), a protocol handler for wire 253.  Verifies,
 * parses, finds the flow, and goes in by one door.
 */
#include <linux/icmp.h>
#include <linux/netfilter_ipv4.h>
#include <linux/tcp.h>

#include <net/busy_poll.h>
#include <net/ip.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/protocol.h>
#include <net/tcp.h>
#include <net/xfrm.h>

#include "tcpstate.h"

/* Data points to the TCP header.  False: malformed, counted. */
static bool parse(struct tcpstate_net *tn, struct sk_buff *skb, u8 wire,
		  const struct tcpstate_af *af)
{
	struct tcpstate_seg *seg = &tcpstate_cb(skb)->seg;
	const struct tcphdr *th;
	unsigned int header;

	if (!pskb_may_pull(skb, sizeof(*th)))
		goto bad;
	header = tcp_hdr(skb)->doff * 4;
	if (header < sizeof(*th) || !pskb_may_pull(skb, header))
		goto bad;
	if (!af->checksum_ok(skb, wire)) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_INCSUMERRORS);
		goto bad;
	}
	th = tcp_hdr(skb);
	*seg = (struct tcpstate_seg){
		.seq = ntohl(th->seq),
		.ack = ntohl(th->ack_seq),
		.len = skb->len - header,
		.wnd = ntohs(th->window),
		.up = ntohs(th->urg_ptr),
		.flags = tcp_flag_byte(th),
		.when = (u32)ktime_get_seconds(),
	};
	tcpstate_opt_parse((const u8 *)(th + 1), header - sizeof(*th), &seg->opt);
	if (seg->opt.bad)
		tcpstate_mib_inc(tn, TCPSTATE_MIB_BADOPTIONS);
	__skb_pull(skb, header);
	return true;

bad:
	tcpstate_mib_inc(tn, TCPSTATE_MIB_INERRS);
	return false;
}

/* The full socket of a flow, or NULL for a mini. */
static struct sock *full_sock(struct tcpstate_flow *flow)
{
	return flow->kind == TCPSTATE_FLOW_FULL ?
		(struct sock *)container_of(flow, struct tcpstate_sock, flow) : NULL;
}

static struct tcpstate_request *request_of(const struct tcpstate_flow *flow)
{
	return (struct tcpstate_request *)container_of(flow, const struct tcpstate_request, flow);
}

/* Whose filter, policy and least TTL hold for a flow; NULL: nobody's. */
static struct sock *policy_sock(struct tcpstate_flow *flow)
{
	return flow->kind == TCPSTATE_FLOW_REQUEST ? request_of(flow)->listener : full_sock(flow);
}

/*
 * Does sk, NULL in TIME_WAIT, take a packet by the rules of IPsec?  They look at
 * IP's part of skb->cb, and so come before parse().
 */
static bool ipsec_ok(struct sk_buff *skb, struct sock *sk)
{
	return xfrm4_policy_check(sk, XFRM_POLICY_IN, skb);
}

/* As above for a second socket, after parse(): a rule of its own asks no skb->cb. */
static bool ipsec_ok_too(struct sk_buff *skb, struct sock *sk)
{
#ifdef CONFIG_XFRM
	if (rcu_access_pointer(sk->sk_policy[XFRM_POLICY_IN]))
		return ipsec_ok(skb, sk);
#endif
	return true;
}

/*
 * What else ip_local_deliver_finish() and tcp_v4_rcv() ask of a packet for sk,
 * NULL in TIME_WAIT.  Data points to the text, before and after.
 */
static bool policy_ok(struct sk_buff *skb, struct sock *sk)
{
	struct tcpstate_seg *seg = &tcpstate_cb(skb)->seg;
	unsigned int header = skb->data - skb_transport_header(skb);
	bool ok;

	if (sk && ip_hdr(skb)->ttl < READ_ONCE(inet_sk(sk)->min_ttl)) {
		tcpstate_mib_inc(tcpstate_sk_net(sk), TCPSTATE_MIB_MINTTLDROPPED);
		return false;
	}
	nf_reset_ct(skb);
	/* Memory that was kept for swapping is not for the sockets of users. */
	if (!sk || (!rcu_access_pointer(sk->sk_filter) && !skb_pfmemalloc(skb)))
		return true;
	/* A filter sees the segment from its header on, and may cut text off. */
	__skb_push(skb, header);
	ok = !sk_filter_trim_cap(sk, skb, header);
	__skb_pull(skb, header);
	if (skb->len < seg->len) {
		seg->len = skb->len;
		/* What follows the missing text must come again. */
		seg->flags &= ~TCPSTATE_FIN;
	}
	return ok;
}

/* For early_demux(): the next segment will most likely come the same way. */
static void keep_route(struct sock *sk, const struct sk_buff *skb)
{
	struct dst_entry *old = rcu_dereference_protected(sk->sk_rx_dst,
							  lockdep_sock_is_held(sk));
	struct dst_entry *dst = skb_dst(skb);

	if (likely(old == dst && sk->sk_rx_dst_ifindex == skb->skb_iif))
		return;
	/* Nobody asks for that of another wire. */
	if (tcpstate_sk(sk)->wire != IPPROTO_TCP ||
	    tcpstate_sk(sk)->flow.state != TCPSTATE_ESTABLISHED || !dst || !dst_hold_safe(dst))
		return;
	WRITE_ONCE(sk->sk_rx_dst_ifindex, skb->skb_iif);
	rcu_assign_pointer(sk->sk_rx_dst, dst);
	dst_release(old);
}

/* To a full socket, or to what a user leaves behind when it lets go. */
static void deliver(struct sock *sk, struct sk_buff *skb)
{
	sk_incoming_cpu_update(sk);
	sk_mark_napi_id(sk, skb);
	bh_lock_sock(sk);
	if (!sock_owned_by_user(sk))
		keep_route(sk, skb);
	skb_dst_drop(skb);
	secpath_reset(skb);
	skb->dev = NULL;
	if (!sock_owned_by_user(sk)) {
		tcpstate_input(sk, skb);
	} else if (sk_add_backlog(sk, skb, READ_ONCE(sk->sk_rcvbuf) +
				  READ_ONCE(sk->sk_sndbuf) + 65536)) {
		tcpstate_mib_inc(tcpstate_sk_net(sk), TCPSTATE_MIB_BACKLOGDROPPED);
		kfree_skb(skb);
	}
	bh_unlock_sock(sk);
}

static void put(struct tcpstate_flow *flow)
{
	if (flow->kind == TCPSTATE_FLOW_TIMEWAIT)
		tcpstate_timewait_put(container_of(flow, struct tcpstate_timewait, flow));
	else if (flow->kind == TCPSTATE_FLOW_REQUEST)
		tcpstate_request_put(request_of(flow));
	else
		sock_put((struct sock *)container_of(flow, struct tcpstate_sock, flow));
}

/* SO_BINDTODEVICE, and with l3mdev the VRF that a packet came in by. */
static bool device_ok(const struct tcpstate_net *tn, const struct tcpstate_flow *flow,
		      struct sk_buff *skb)
{
	int device;

	if (flow->kind == TCPSTATE_FLOW_TIMEWAIT)
		device = container_of(flow, struct tcpstate_timewait, flow)->bind.device;
	else if (flow->kind == TCPSTATE_FLOW_REQUEST)
		device = request_of(flow)->device;
	else
		device = READ_ONCE(container_of(flow, struct tcpstate_sock,
						flow)->inet.sk.sk_bound_dev_if);
	return !device || inet_sk_bound_dev_eq(tn->net, device, inet_iif(skb), inet_sdif(skb));
}

/* The listener, held, that takes this SYN for a mini's names, or NULL. */
static struct sock *find_successor(struct tcpstate_net *tn, struct sk_buff *skb, u8 wire)
{
	struct tcpstate_key key;
	struct sock *listener;

	tcpstate_ipv4.key(skb, wire, tcp_hdr(skb), &key);
	listener = tcpstate_demux_find_listener(tn, &key, inet_iif(skb),
						tcpstate_cb(skb)->sdif);
	if (!listener || (ipsec_ok_too(skb, listener) && policy_ok(skb, listener)))
		return listener;
	sock_put(listener);
	return NULL;
}

/* A mini in TIME_WAIT may make room for a new connection (MAY-2).  Consumes skb. */
static void dispatch_timewait(struct tcpstate_net *tn, struct tcpstate_timewait *tw,
			      struct sk_buff *skb, u8 wire)
{
	const u8 syn = TCPSTATE_SYN | TCPSTATE_ACK | TCPSTATE_RST;
	struct sock *listener = NULL;

	if ((tcpstate_cb(skb)->seg.flags & syn) == TCPSTATE_SYN)
		listener = find_successor(tn, skb, wire);
	tcpstate_timewait_input(tw, skb, listener);
	if (listener)
		sock_put(listener);
}

static void dispatch(struct tcpstate_net *tn, struct tcpstate_flow *flow, struct sk_buff *skb,
		     u8 wire);

/* The mini may have become a socket just now, on another CPU.  Consumes skb. */
static void dispatch_request(struct tcpstate_net *tn, struct tcpstate_request *req,
			     struct sk_buff *skb, u8 wire)
{
	struct tcpstate_flow *flow;

	if (tcpstate_request_input(req, skb))
		return;
	flow = tcpstate_demux_find(tn, &req->flow.key);
	if (!flow || flow->kind == TCPSTATE_FLOW_REQUEST)
		kfree_skb(skb);
	else
		dispatch(tn, flow, skb, wire);
	if (flow)
		put(flow);
}

/* Hand an accepted segment to whatever stands under its name.  Consumes skb. */
static void dispatch(struct tcpstate_net *tn, struct tcpstate_flow *flow, struct sk_buff *skb,
		     u8 wire)
{
	struct sock *sk = full_sock(flow);

	if (flow->kind == TCPSTATE_FLOW_REQUEST)
		dispatch_request(tn, request_of(flow), skb, wire);
	else if (!sk)
		dispatch_timewait(tn, container_of(flow, struct tcpstate_timewait, flow), skb,
				  wire);
	else if (tcpstate_state(sk) == TCPSTATE_LISTEN)
		tcpstate_request_syn(sk, skb, TCPSTATE_ANY_ISS);
	else
		deliver(sk, skb);
}

/*
 * The one door.  Data points to the TCP header; flow, held, is what was found
 * under the segment's names, or NULL.  Consumes skb and the reference.
 */
static void receive(struct tcpstate_net *tn, struct tcpstate_flow *flow, struct sk_buff *skb,
		    u8 wire)
{
	const struct tcpstate_af *af = &tcpstate_ipv4;
	struct tcpstate_reply rst;
	int sdif = inet_sdif(skb);

	tcpstate_mib_inc(tn, TCPSTATE_MIB_INSEGS);
	if (!ipsec_ok(skb, flow ? policy_sock(flow) : NULL) || !parse(tn, skb, wire, af))
		goto drop;
	tcpstate_cb(skb)->sdif = sdif;
	if (!flow) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_NOCONN);
		if (af->for_us(skb) && tcpstate_seg_rst_reply(&tcpstate_cb(skb)->seg, &rst))
			af->reply(tn, skb, &rst);
		goto drop;
	}
	if (!policy_ok(skb, policy_sock(flow)))
		goto drop;
	dispatch(tn, flow, skb, wire);
	put(flow);
	return;

drop:
	kfree_skb(skb);
	if (flow)
		put(flow);
}

/* The flow or the listener that a segment is for, held, or NULL. */
static struct tcpstate_flow *find(struct tcpstate_net *tn, const struct tcpstate_key *key,
				  struct sk_buff *skb)
{
	struct tcpstate_flow *flow = tcpstate_demux_find(tn, key);
	struct sock *listener;

	if (!flow) {
		listener = tcpstate_demux_find_listener(tn, key, inet_iif(skb), inet_sdif(skb));
		return listener ? &tcpstate_sk(listener)->flow : NULL;
	}
	if (device_ok(tn, flow, skb))
		return flow;
	put(flow);
	return NULL;
}

/* Conntrack confirms at the same priority as ours, perhaps after us. */
static bool confirm(struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);
	const struct nf_ct_hook *hook;

	if (!ct || nf_ct_is_confirmed(ct))
		return true;
	hook = rcu_dereference(nf_ct_hook);
	return !hook || hook->confirm(skb) == NF_ACCEPT;
#else
	return true;
#endif
}

/*
 * Read the packet of ours that an ICMP error quotes at an offset.  False: none
 * of this wire, or the names and the number are not all there.
 */
static bool read_quote(const struct sk_buff *skb, unsigned int offset, u8 wire,
		       struct tcpstate_quote *quote)
{
	struct { __be16 ports[2]; __be32 seq; } *th, th_copy;
	struct iphdr *iph, iph_copy;

	iph = skb_header_pointer(skb, offset, sizeof(iph_copy), &iph_copy);
	if (!iph || iph->version != 4 || iph->ihl < 5 || iph->protocol != wire ||
	    (iph->frag_off & htons(IP_OFFSET)))
		return false;
	quote->network = offset;
	quote->transport = offset + iph->ihl * 4;
	quote->len = ntohs(iph->tot_len);
	quote->ttl = iph->ttl;
	ipv6_addr_set_v4mapped(iph->saddr, &quote->key.local);
	ipv6_addr_set_v4mapped(iph->daddr, &quote->key.remote);
	th = skb_header_pointer(skb, quote->transport, sizeof(th_copy), &th_copy);
	if (!th)
		return false;
	quote->key.lport = th->ports[0];
	quote->key.rport = th->ports[1];
	quote->key.wire = wire;
	quote->seq = ntohl(th->seq);
	quote->skb = skb;
	return true;
}

/* MUST-54: to the connection whose segment an error quotes, if there is one. */
static void deliver_quote(struct tcpstate_net *tn, struct sk_buff *skb,
			  const struct tcpstate_quote *quote)
{
	struct tcpstate_flow *flow = tcpstate_demux_find(tn, &quote->key);
	struct sock *sk;

	if (!flow)
		return;
	sk = full_sock(flow);
	if (flow->kind == TCPSTATE_FLOW_REQUEST && device_ok(tn, flow, skb)) {
		tcpstate_request_icmp(request_of(flow), quote);
	} else if (sk && device_ok(tn, flow, skb)) {
		bh_lock_sock(sk);
		tcpstate_path_icmp(sk, quote);
		bh_unlock_sock(sk);
	}
	put(flow);
}

/* What icmp_unreach() hands on: the MTU as ip_no_pmtu_disc has it, or the pointer. */
static bool read_info(const struct net *net, const struct icmphdr *icmp,
		      struct tcpstate_quote *quote)
{
	quote->type = icmp->type;
	quote->code = icmp->code;
	quote->info = 0;
	if (icmp->type == ICMP_PARAMETERPROB)
		quote->info = ntohl(icmp->un.gateway) >> 24;
	if (icmp->type != ICMP_DEST_UNREACH || icmp->code != ICMP_FRAG_NEEDED)
		return true;
	switch (READ_ONCE(net->ipv4.sysctl_ip_no_pmtu_disc)) {
	case 0:
	case 3:
		quote->info = ntohs(icmp->un.frag.mtu);
		return true;
	case 2:
		return false;
	}
	return true;
}

/*
 * A header that somebody has made longer or shorter on the way here (NFQUEUE) is none that IP
 * has checked; and a packet may be for another namespace than whose hook this is (ipvlan).
 */
static bool as_checked(const struct tcpstate_net *tn, const struct sk_buff *skb)
{
	return likely(ip_hdrlen(skb) == skb_network_header_len(skb) &&
		      net_eq(dev_net(skb_dst(skb)->dev), tn->net));
}

/*
 * An ICMP message for this host, data at its IP header.  One about wire 6 goes on
 * to the in-tree TCP, which knows nothing of our ports; we listen on the way.
 */
static void overhear_icmp(struct tcpstate_net *tn, struct sk_buff *skb)
{
	unsigned int offset = ip_hdrlen(skb);
	struct tcpstate_quote quote = {};
	struct icmphdr *icmp, icmp_copy;

	icmp = skb_header_pointer(skb, offset, sizeof(icmp_copy), &icmp_copy);
	if (!icmp || tcpstate_icmp_kind(icmp->type, icmp->code) == TCPSTATE_ICMP_IGNORE ||
	    !read_info(tn->net, icmp, &quote))
		return;
	if (!read_quote(skb, offset + sizeof(*icmp), IPPROTO_TCP, &quote) ||
	    !test_bit(ntohs(quote.key.lport), tn->port_map) || !tcpstate_ipv4.for_us(skb) ||
	    !as_checked(tn, skb))
		return;
	/* Errors are rare: sum up, and leave what the stack keeps of sums alone. */
	if (!skb_csum_unnecessary(skb) &&
	    csum_fold(skb_checksum(skb, offset, skb->len - offset, 0))) {
		tcpstate_mib_inc(tn, TCPSTATE_MIB_ICMPMALFORMED);
		return;
	}
	if (xfrm4_policy_check(NULL, XFRM_POLICY_IN, skb))
		deliver_quote(tn, skb, &quote);
}

/* A packet to a port of ours; its flow, if there is one, gets it. */
static unsigned int take_packet(struct tcpstate_net *tn, struct sk_buff *skb, const __be16 *ports)
{
	struct tcpstate_flow *flow;
	struct tcpstate_key key;

	tcpstate_ipv4.key(skb, IPPROTO_TCP, ports, &key);
	flow = find(tn, &key, skb);
	if (!flow)
		return NF_ACCEPT;	/* the in-tree TCP sends the RST */
	if (!confirm(skb) || skb_orphan_frags_rx(skb, GFP_ATOMIC)) {
		put(flow);
		return NF_DROP;
	}
	skb_clear_delivery_time(skb);
	__skb_pull(skb, skb_network_header_len(skb));
	receive(tn, flow, skb, IPPROTO_TCP);
	return NF_STOLEN;
}

/*
 * Foreign packets go by here, too: what tells them from ours comes first.
 *
 * A packet that a program has given back to netfilter (NFQUEUE) comes in its
 * process, with softirqs on: they would spin for the locks taken here.
 */
static unsigned int hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct iphdr *iph = ip_hdr(skb);
	struct tcpstate_net *tn = priv;
	__be16 ports[2], *p;
	unsigned int verdict = NF_ACCEPT;
	bool reinjected;

	if (iph->protocol != IPPROTO_TCP && iph->protocol != IPPROTO_ICMP)
		return NF_ACCEPT;
	reinjected = !softirq_count();
	if (unlikely(reinjected))
		local_bh_disable();
	if (iph->protocol == IPPROTO_ICMP) {
		overhear_icmp(tn, skb);
	} else {
		p = skb_header_pointer(skb, ip_hdrlen(skb), sizeof(ports), ports);
		/* One that somebody else has found a socket for is that one's. */
		if (p && test_bit(ntohs(p[1]), tn->port_map) && !skb->sk && as_checked(tn, skb))
			verdict = take_packet(tn, skb, p);
	}
	if (unlikely(reinjected))
		local_bh_enable();
	return verdict;
}

/*
 * Before routing, in place of the early demultiplexing of the in-tree TCP, which would
 * look for the segment in vain: it comes the way of the one before, so that IP need not
 * look for a route.
 *
 * The socket does not go with it, though hook() looks for it again.  Who holds the packet
 * between the two may send it past hook() (NFQUEUE with NF_STOP), and the in-tree TCP would
 * take what it finds in skb->sk for a socket of its own.
 */
static unsigned int early_demux(void *priv, struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	const struct iphdr *iph = ip_hdr(skb);
	struct tcpstate_net *tn = priv;
	struct tcpstate_flow *flow;
	struct tcpstate_key key;
	struct dst_entry *dst;
	__be16 ports[2], *p;
	struct sock *sk;

	if (iph->protocol != IPPROTO_TCP)
		return NF_ACCEPT;
	p = skb_header_pointer(skb, ip_hdrlen(skb), sizeof(ports), ports);
	if (!p || !test_bit(ntohs(p[1]), tn->port_map) || skb->pkt_type != PACKET_HOST ||
	    skb->sk || skb_dst(skb) || ip_is_fragment(iph) ||
	    !READ_ONCE(state->net->ipv4.sysctl_ip_early_demux))
		return NF_ACCEPT;
	tcpstate_ipv4.key(skb, IPPROTO_TCP, p, &key);
	flow = tcpstate_demux_peek(tn, &key);
	sk = flow ? full_sock(flow) : NULL;
	if (!sk || READ_ONCE(sk->sk_rx_dst_ifindex) != skb->skb_iif)
		return NF_ACCEPT;
	dst = rcu_dereference(sk->sk_rx_dst);
	if (dst)
		dst = dst_check(dst, 0);
	if (dst)
		skb_dst_set_noref(skb, dst);
	return NF_ACCEPT;
}

static const struct nf_hook_ops hook_ops[] = {
	{
		.hook		= hook,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_LOCAL_IN,
		.priority	= INT_MAX,
	},
	{
		.hook		= early_demux,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_PRE_ROUTING,
		.priority	= INT_MAX,
	},
};

/* The experimental number: nothing is hooked, IP calls us. */
static int receive_experiment(struct sk_buff *skb)
{
	struct tcpstate_net *tn = tcpstate_net(dev_net(skb->dev));
	struct tcpstate_flow *flow = NULL;
	struct tcpstate_key key;

	if (ip_hdrlen(skb) == skb_network_header_len(skb) &&
	    pskb_may_pull(skb, sizeof(struct tcphdr))) {
		tcpstate_ipv4.key(skb, TCPSTATE_PROTO_EXPERIMENT, skb->data, &key);
		flow = find(tn, &key, skb);
	}
	receive(tn, flow, skb, TCPSTATE_PROTO_EXPERIMENT);
	return 0;
}

/* An ICMP error quotes a packet of wire 253, which begins at data; ICMP has checked it. */
static int experiment_error(struct sk_buff *skb, u32 info)
{
	const struct icmphdr *icmp = icmp_hdr(skb);
	struct tcpstate_quote quote = { .type = icmp->type, .code = icmp->code, .info = info };

	if (read_quote(skb, 0, TCPSTATE_PROTO_EXPERIMENT, &quote))
		deliver_quote(tcpstate_net(dev_net(skb->dev)), skb, &quote);
	return 0;
}

static const struct net_protocol experiment = {
	.handler	= receive_experiment,
	.err_handler	= experiment_error,
	.no_policy	= 1,
	/* For ip_no_pmtu_disc 3: the number in the quote is checked. */
	.icmp_strict_tag_validation = 1,
};

/* How long a namespace without a port of ours keeps the hooks: most open the next. */
#define UNHOOK_AFTER	(10 * HZ)

/* For tn->hook: a port is in tn->port_map.  0 or -errno. */
static int register_hooks(struct tcpstate_net *tn)
{
	int err = 0;

	/* Partner: that in unhook_work(), which looks at the ports after taking @hooked back. */
	smp_mb();
	if (READ_ONCE(tn->hooked))
		return 0;
	mutex_lock(&tn->hook_mutex);
	if (!tn->hooked) {
		err = nf_register_net_hooks(tn->net, tn->hooks, ARRAY_SIZE(tn->hooks));
		if (!err) {
			WRITE_ONCE(tn->hooked, true);
			schedule_delayed_work(&tn->unhook_work, UNHOOK_AFTER);
		}
	}
	mutex_unlock(&tn->hook_mutex);
	return err;
}

/* Where no port is ours any more, foreign packets pay nothing again. */
static void unhook_work(struct work_struct *work)
{
	struct tcpstate_net *tn = container_of(to_delayed_work(work), struct tcpstate_net,
					       unhook_work);

	mutex_lock(&tn->hook_mutex);
	WRITE_ONCE(tn->hooked, false);
	/* Who takes a port from here on waits for the mutex; who has one is seen. */
	smp_mb();
	if (bitmap_empty(tn->port_map, 65536)) {
		nf_unregister_net_hooks(tn->net, tn->hooks, ARRAY_SIZE(tn->hooks));
	} else {
		WRITE_ONCE(tn->hooked, true);
		schedule_delayed_work(&tn->unhook_work, UNHOOK_AFTER);
	}
	mutex_unlock(&tn->hook_mutex);
}

/**
 * tcpstate_wire_net_init() - a new namespace, nothing hooked
 * @tn: the namespace
 *
 * Context: process.
 */
void tcpstate_wire_net_init(struct tcpstate_net *tn)
{
	int i;

	mutex_init(&tn->hook_mutex);
	INIT_DELAYED_WORK(&tn->unhook_work, unhook_work);
	tn->hook = register_hooks;
	BUILD_BUG_ON(sizeof(tn->hooks) != sizeof(hook_ops));
	memcpy(tn->hooks, hook_ops, sizeof(hook_ops));
	for (i = 0; i < ARRAY_SIZE(tn->hooks); i++)
		tn->hooks[i].priv = tn;
}

/**
 * tcpstate_wire_net_exit() - the namespace goes
 * @tn: the namespace; nobody takes a port any more
 *
 * Context: process.
 */
void tcpstate_wire_net_exit(struct tcpstate_net *tn)
{
	cancel_delayed_work_sync(&tn->unhook_work);
	if (!tn->hooked)
		return;
	nf_unregister_net_hooks(tn->net, tn->hooks, ARRAY_SIZE(tn->hooks));
	tn->hooked = false;
}

/**
 * tcpstate_wire_init() - register the handler of wire 253
 *
 * Context: module load.
 * Return: 0, or -EAGAIN where somebody has the number.
 */
int tcpstate_wire_init(void)
{
	return inet_add_protocol(&experiment, TCPSTATE_PROTO_EXPERIMENT);
}

/**
 * tcpstate_wire_exit() - and take it away
 *
 * Context: module unload; waits for receivers under way.
 */
void tcpstate_wire_exit(void)
{
	inet_del_protocol(&experiment, TCPSTATE_PROTO_EXPERIMENT);
}

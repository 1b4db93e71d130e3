// SPDX-License-Identifier: GPL-2.0
/*
 * Requests by netlink: sends one and hands each answer on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "netlink.h"

/**
 * link_open() - a netlink socket in the network namespace where we are
 * @l: the link; link_close() ends it
 * @bus: NETLINK_GENERIC or NETLINK_SOCK_DIAG
 */
void link_open(struct link *l, int bus)
{
	memset(l, 0, sizeof(*l));
	l->nl = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!l->nl || mnl_socket_bind(l->nl, 0, MNL_SOCKET_AUTOPID) < 0)
		die("netlink: %s", strerror(errno));
	l->buf = tool_alloc(NULL, LINK_BUF);
	l->seq = time(NULL);
}

void link_close(struct link *l)
{
	mnl_socket_close(l->nl);
	free(l->buf);
}

/* In the link's own buffer, until the next one. */
struct nlmsghdr *link_request(struct link *l, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(l->buf);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_seq = ++l->seq;
	return h;
}

/**
 * link_ask() - send a request, take its answers
 * @l: the link
 * @request: the request, with NLM_F_DUMP or NLM_F_ACK
 * @answer: called for each message
 * @arg: for @answer
 *
 * Return: 0 or -errno.
 */
int link_ask(struct link *l, struct nlmsghdr *request, mnl_cb_t answer, void *arg)
{
	unsigned int port = mnl_socket_get_portid(l->nl);
	ssize_t n;
	int state = MNL_CB_OK;

	if (mnl_socket_sendto(l->nl, request, request->nlmsg_len) < 0)
		return -errno;
	while (state > MNL_CB_STOP) {
		n = mnl_socket_recvfrom(l->nl, l->buf, LINK_BUF);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		state = mnl_cb_run(l->buf, n, l->seq, port, answer, arg);
	}
	return state < 0 ? -errno : 0;
}

/* For mnl_attr_parse(): the last one of each number; unknown ones are passed over. */
int attributes_keep(const struct nlattr *attr, void *arg)
{
	struct attributes *a = arg;
	uint16_t type = mnl_attr_get_type(attr);

	if (type < a->count)
		a->list[type] = attr;
	return MNL_CB_OK;
}

/* An attribute of the wrong length is as good as none. */
bool attribute_holds(const struct attributes *a, uint16_t number, size_t octets)
{
	return a->list[number] && mnl_attr_get_payload_len(a->list[number]) >= octets;
}

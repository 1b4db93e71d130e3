/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests by netlink: one socket, one request, its answers.
 */
#ifndef TCPSTATE_TOOL_NETLINK_H
#define TCPSTATE_TOOL_NETLINK_H

#include <libmnl/libmnl.h>

#include "command.h"

struct link {
	struct mnl_socket *nl;
	unsigned int seq;
	char *buf;
};

#define LINK_BUF	65536

void link_open(struct link *l, int bus);
void link_close(struct link *l);
struct nlmsghdr *link_request(struct link *l, uint16_t type, uint16_t flags);
int link_ask(struct link *l, struct nlmsghdr *request, mnl_cb_t answer, void *arg);

/* Attributes by number, of a message or of a nest. */
struct attributes {
	const struct nlattr **list;
	uint16_t count;
};

int attributes_keep(const struct nlattr *attr, void *arg);
bool attribute_holds(const struct attributes *a, uint16_t number, size_t octets);

#endif /* TCPSTATE_TOOL_NETLINK_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Netlink for the tests of the observers: requests, dumps, attributes, and the
 * flight recorder's entries. Every function that can fail returns a negative errno.
 */
#ifndef SELFTESTS_LIB_NL_H
#define SELFTESTS_LIB_NL_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/tcpstate_netlink.h>

/**
 * struct nl - a netlink socket
 * @fd: the socket
 * @family: number of the generic netlink family
 * @group: number of its multicast group
 * @seq: of the last request
 * @buffer: octets that a read takes at most; a dump's messages are made for it
 * @extack: the kernel's words about the last error
 */
struct nl {
	int fd;
	uint16_t family;
	uint32_t group;
	uint32_t seq;
	unsigned int buffer;
	char extack[128];
};

#define NL_ROOM	65536

/* A message that is being built. */
struct nl_request {
	union {
		struct nlmsghdr nlh;
		char room[1024];
	};
};

/* Attributes of a message by type; NULL: absent. */
struct nl_attrs {
	const struct nlattr *at[INET_DIAG_SOCKOPT + TCPSTATE_A_COUNT];
};

int nl_open(struct nl *nl, int protocol);
int nl_open_genl(struct nl *nl);
void nl_close(struct nl *nl);
void nl_request(struct nl_request *r, int type, int flags, const void *head, int len);
void nl_genl(struct nl *nl, struct nl_request *r, int cmd, int flags);
void nl_put(struct nl_request *r, int type, const void *value, int len);
void nl_put_u8(struct nl_request *r, int type, uint8_t value);
void nl_put_u32(struct nl_request *r, int type, uint32_t value);
void nl_put_u64(struct nl_request *r, int type, uint64_t value);

/* Called for each message that is no control message; non-zero ends. */
typedef int (*nl_take)(const struct nlmsghdr *nlh, void *data);

int nl_send(struct nl *nl, struct nl_request *r);
int nl_receive(struct nl *nl, nl_take take, void *data);
int nl_talk(struct nl *nl, struct nl_request *r, nl_take take, void *data);
int nl_join(struct nl *nl);

void nl_parse(struct nl_attrs *attrs, const void *from, int len);
void nl_parse_genl(struct nl_attrs *attrs, const struct nlmsghdr *nlh);
bool nl_has(const struct nl_attrs *attrs, int type);
uint8_t nl_u8(const struct nl_attrs *attrs, int type);
uint16_t nl_u16(const struct nl_attrs *attrs, int type);
uint32_t nl_u32(const struct nl_attrs *attrs, int type);
uint64_t nl_u64(const struct nl_attrs *attrs, int type);
const char *nl_string(const struct nl_attrs *attrs, int type);
const void *nl_data(const struct nl_attrs *attrs, int type);
int nl_len(const struct nl_attrs *attrs, int type);

uint64_t nl_cookie(int fd);

#define NL_EVENTS	4096

/* What GET_RECORD told of one recorder. */
struct nl_record {
	uint64_t id;
	uint64_t cookie;
	uint32_t limit, next, pid, uid;
	uint16_t lport, rport;	/* host order */
	uint8_t state, wire;
	bool dead, mini;
	char comm[16];
	int messages;		/* that it came in */
	int n;			/* entries in event */
	struct tcpstate_record_event event[NL_EVENTS];
};

int nl_records(struct nl *nl, struct nl_request *filter, struct nl_record *one,
	       int (*take)(struct nl_record *rec, void *data), void *data);
int nl_record(struct nl *nl, uint64_t cookie, struct nl_record *rec);
int nl_count_records(struct nl *nl, int life);

#endif /* SELFTESTS_LIB_NL_H */

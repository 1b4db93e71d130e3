// SPDX-License-Identifier: GPL-2.0
/*
 * The calls that move text: send, recv and their kin with every flag, vectors, control
 * messages, splice, sendfile.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/errqueue.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "side.h"
#include "lib/sock.h"

#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY	60
#endif

#define ROOM	256

static void tell_queues(struct side *s)
{
	int in = -1, mark = -1;

	ioctl(s->fd, FIONREAD, &in);
	ioctl(s->fd, 0x8905, &mark);
	side_add("unread=%d mark=%d", in, mark);
}

static bool has_unread(int fd)
{
	int n = 0;

	return !ioctl(fd, FIONREAD, &n) && n;
}

static void try_send(struct side *s)
{
	static const long lengths[] = { 0, -1, INT_MAX, LONG_MIN };
	/* Not on the stack: how much address space follows it is another matter each time. */
	static char byte[ROOM] = "x";
	unsigned int bit, i;

	for (bit = 0; bit < 32; bit++) {
		side_maybe(s);
		side_say(s, send(s->fd, byte, 1, 1u << bit), "send(flag %#x)", 1u << bit);
		side_say(s, send(s->fd, byte, 0, 1u << bit), "send(nothing, flag %#x)", 1u << bit);
		side_events(s);
	}
	side_again(s);
	side_say(s, send(s->fd, byte, 1, 0), "send");
	side_events(s);
	side_say(s, send(s->fd, byte, 1, 0), "send again");
	side_say(s, sock_error(s->fd), "send twice, SO_ERROR");
	side_again(s);
	side_say(s, send(s->fd, NULL, 1, 0), "send(NULL)");
	side_say(s, send(s->fd, side_bad, 1, 0), "send(bad)");
	side_say(s, send(s->fd, NULL, 0, 0), "send(NULL, 0)");
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		side_maybe(s);
		/* How much the in-tree TCP takes of very much is a matter of its buffers. */
		side_say(s, send(s->fd, byte, lengths[i], MSG_OOB | MSG_DONTWAIT) > 0 ? 1 :
			 -!!errno, "send(length %ld)", lengths[i]);
	}
	side_again(s);
	side_say(s, write(s->fd, byte, 1), "write");
	side_say(s, write(s->fd, byte, 0), "write(nothing)");
	side_say(s, write(s->fd, side_bad, 1), "write(bad)");
	side_say(s, write(s->fd, side_bad, 0), "write(bad, 0)");
}

static void try_sendto(struct side *s)
{
	struct sockaddr_in addr = sock_addr("127.0.0.1", 9);
	static const int lengths[] = { 16, 0, 1, 8, 15, 17, 128, 129, -1 };
	char room[ROOM] = { 0 };
	unsigned int i;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		side_maybe(s);
		memcpy(room, &addr, sizeof(addr));
		side_say(s, sendto(s->fd, "x", 1, 0, (struct sockaddr *)room, lengths[i]),
			 "sendto(length %d)", lengths[i]);
		side_say(s, sendto(s->fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)room,
				   lengths[i]), "sendto(FASTOPEN, length %d)", lengths[i]);
	}
	side_again(s);
	addr.sin_family = AF_UNSPEC;
	side_say(s, sendto(s->fd, "x", 1, 0, (struct sockaddr *)&addr, 16), "sendto(AF_UNSPEC)");
	side_say(s, sendto(s->fd, "x", 1, 0, side_bad, 16), "sendto(bad)");
	side_say(s, sendto(s->fd, "x", 1, 0, NULL, 16), "sendto(NULL)");
}

struct control {
	const char *name;
	int level, type, value;
	size_t len;
};

static void try_control(struct side *s)
{
	static const struct control controls[] = {
		{ "none", 0, 0, 0, 0 },
		{ "SO_MARK", SOL_SOCKET, SO_MARK, 1, 20 },
		{ "SO_MARK short", SOL_SOCKET, SO_MARK, 1, 17 },
		{ "SO_TXTIME", SOL_SOCKET, 61, 1, 24 },
		{ "SO_TIMESTAMPING", SOL_SOCKET, SO_TIMESTAMPING, 1, 20 },
		{ "SO_TIMESTAMPING bad", SOL_SOCKET, SO_TIMESTAMPING, -1, 20 },
		{ "SCM_RIGHTS", SOL_SOCKET, SCM_RIGHTS, 0, 20 },
		{ "SCM_CREDENTIALS", SOL_SOCKET, SCM_CREDENTIALS, 0, 28 },
		{ "SOL_SOCKET 99", SOL_SOCKET, 99, 0, 20 },
		{ "IP_TTL", SOL_IP, IP_TTL, 3, 20 },
		{ "IP_PKTINFO", SOL_IP, IP_PKTINFO, 0, 28 },
		{ "SOL_IP 99", SOL_IP, 99, 0, 20 },
		{ "SOL_TCP 1", SOL_TCP, 1, 0, 20 },
		{ "length 0", SOL_SOCKET, SO_MARK, 0, 8 },
		{ "length too great", SOL_SOCKET, SO_MARK, 0, 1000 },
	};
	union {
		struct cmsghdr cmsg;
		char room[64];
	} u;
	struct iovec iov = { "x", 1 };
	struct msghdr msg;
	unsigned int i;

	for (i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		side_maybe(s);
		memset(&u, 0, sizeof(u));
		memset(&msg, 0, sizeof(msg));
		msg.msg_iov = &iov;
		msg.msg_iovlen = 1;
		if (controls[i].len) {
			u.cmsg.cmsg_level = controls[i].level;
			u.cmsg.cmsg_type = controls[i].type;
			u.cmsg.cmsg_len = controls[i].len;
			memcpy(CMSG_DATA(&u.cmsg), &controls[i].value, sizeof(int));
			msg.msg_control = &u;
			msg.msg_controllen = controls[i].len > 64 || controls[i].len < 16 ? 64 :
					     CMSG_SPACE(controls[i].len - 16);
		}
		side_say(s, sendmsg(s->fd, &msg, 0), "sendmsg(%s)", controls[i].name);
	}
}

static void try_sendmsg(struct side *s)
{
	struct iovec iov[3] = { { "ab", 2 }, { NULL, 0 }, { "c", 1 } };
	struct mmsghdr two[2] = { 0 };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 3 };

	side_again(s);
	side_say(s, sendmsg(s->fd, &msg, 0), "sendmsg(3 parts)");
	side_say(s, writev(s->fd, iov, 3), "writev(3 parts)");
	side_say(s, writev(s->fd, iov, 0), "writev(0)");
	side_say(s, writev(s->fd, iov, side_parts_negative), "writev(-1)");
	side_say(s, writev(s->fd, iov, side_parts_many), "writev(1025)");
	side_say(s, writev(s->fd, side_bad, 1), "writev(bad)");
	side_say(s, syscall(SYS_sendmsg, s->fd, NULL, 0), "sendmsg(NULL)");
	side_say(s, syscall(SYS_sendmsg, s->fd, side_bad, 0), "sendmsg(bad)");
	msg.msg_iovlen = 1025;
	side_say(s, sendmsg(s->fd, &msg, 0), "sendmsg(1025 parts)");
	msg.msg_iovlen = 0;
	side_say(s, sendmsg(s->fd, &msg, 0), "sendmsg(0 parts)");
	msg.msg_iovlen = 1;
	msg.msg_iov = side_bad;
	side_say(s, sendmsg(s->fd, &msg, 0), "sendmsg(bad part)");
	msg.msg_iov = iov;
	msg.msg_control = side_bad;
	msg.msg_controllen = 20;
	side_say(s, sendmsg(s->fd, &msg, 0), "sendmsg(bad control)");
	msg.msg_controllen = INT_MAX;
	side_say(s, sendmsg(s->fd, &msg, 0), "sendmsg(much control)");
	msg.msg_control = NULL;
	msg.msg_controllen = 0;
	two[0].msg_hdr = msg;
	two[1].msg_hdr = msg;
	side_again(s);
	side_say(s, sendmmsg(s->fd, two, 2, 0), "sendmmsg(2)");
	side_add("%u %u", two[0].msg_len, two[1].msg_len);
	side_say(s, sendmmsg(s->fd, two, 0, 0), "sendmmsg(0)");
	side_say(s, syscall(SYS_sendmmsg, s->fd, NULL, 1, 0), "sendmmsg(NULL)");
	side_say(s, syscall(SYS_sendmmsg, s->fd, side_bad, 2, 0), "sendmmsg(bad)");
	two[1].msg_hdr.msg_iov = side_bad;
	side_say(s, sendmmsg(s->fd, two, 2, 0), "sendmmsg(second bad)");
}

static void try_recv(struct side *s)
{
	static const long lengths[] = { 0, 1, 4, 5, 6, 255, -1 };
	/* Not on the stack: near the end of memory a length of -1 is another mistake. */
	static char room[ROOM];
	unsigned int bit, i;

	for (bit = 0; bit < 32; bit++) {
		side_maybe(s);
		side_say(s, recv(s->fd, room, 2, 1u << bit), "recv(flag %#x)", 1u << bit);
		tell_queues(s);
		side_events(s);
		side_say(s, recv(s->fd, room, 0, 1u << bit), "recv(nothing, flag %#x)", 1u << bit);
		side_say(s, recv(s->fd, room, 9, MSG_PEEK | 1u << bit), "recv(PEEK, flag %#x)",
			 1u << bit);
		side_say(s, recv(s->fd, room, 9, MSG_TRUNC | 1u << bit), "recv(TRUNC, flag %#x)",
			 1u << bit);
		side_say(s, recv(s->fd, room, 9, 1u << bit), "recv(again, flag %#x)", 1u << bit);
		side_events(s);
	}
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		side_maybe(s);
		side_say(s, recv(s->fd, room, lengths[i], 0), "recv(length %ld)", lengths[i]);
		tell_queues(s);
		side_say(s, recv(s->fd, room, 9, MSG_OOB), "recv(length %ld), OOB", lengths[i]);
		side_events(s);
		side_say(s, recv(s->fd, room, 9, MSG_OOB), "recv(length %ld), OOB again",
			 lengths[i]);
		side_say(s, recv(s->fd, room, 9, 0), "recv(length %ld), recv", lengths[i]);
		tell_queues(s);
		side_say(s, recv(s->fd, room, 9, 0), "recv(length %ld), recv twice", lengths[i]);
		side_events(s);
	}
	side_again(s);
	side_say(s, recv(s->fd, NULL, 1, 0), "recv(NULL)");
	side_say(s, recv(s->fd, side_bad, 1, 0), "recv(bad)");
	side_say(s, recv(s->fd, side_bad, 1, MSG_OOB), "recv(bad, OOB)");
	side_say(s, recv(s->fd, side_bad, 1, MSG_TRUNC), "recv(bad, TRUNC)");
	side_again(s);
	side_say(s, read(s->fd, room, 0), "read(nothing)");
	side_say(s, read(s->fd, side_bad, 0), "read(bad, 0)");
	side_say(s, read(s->fd, side_bad, 1), "read(bad)");
	side_say(s, read(s->fd, room, 1), "read");
}

static void try_recvfrom(struct side *s)
{
	static const int lengths[] = { 16, 0, 1, 17, 128, -1 };
	struct iovec iov = { NULL, 1 };
	char room[ROOM], name[ROOM], control[ROOM];
	struct mmsghdr two[2] = { 0 };
	struct timespec bad = { .tv_nsec = -1 }, now = { 0 };
	struct msghdr msg = { 0 };
	unsigned int i;
	int len;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		side_maybe(s);
		len = lengths[i];
		side_say(s, syscall(SYS_recvfrom, s->fd, room, 1, 0, name, &len),
			 "recvfrom(length %d)", lengths[i]);
		side_add("length=%d", len);
	}
	side_again(s);
	side_say(s, syscall(SYS_recvfrom, s->fd, room, 1, 0, name, NULL), "recvfrom(no length)");
	side_say(s, syscall(SYS_recvfrom, s->fd, room, 1, 0, name, side_bad), "recvfrom(bad length)");
	side_say(s, syscall(SYS_recvfrom, s->fd, room, 1, 0, side_bad, &len), "recvfrom(bad)");
	side_again(s);
	iov.iov_base = room;
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_name = name;
	msg.msg_namelen = sizeof(name);
	msg.msg_control = control;
	msg.msg_controllen = sizeof(control);
	side_say(s, recvmsg(s->fd, &msg, 0), "recvmsg");
	side_add("name=%d control=%d flags=%x", msg.msg_namelen, (int)msg.msg_controllen,
		 msg.msg_flags);
	msg.msg_controllen = sizeof(control);
	side_say(s, recvmsg(s->fd, &msg, MSG_ERRQUEUE), "recvmsg(ERRQUEUE)");
	side_add("name=%d control=%d flags=%x", msg.msg_namelen, (int)msg.msg_controllen,
		 msg.msg_flags);
	msg.msg_controllen = sizeof(control);
	side_say(s, recvmsg(s->fd, &msg, MSG_OOB), "recvmsg(OOB)");
	side_add("name=%d control=%d flags=%x", msg.msg_namelen, (int)msg.msg_controllen,
		 msg.msg_flags);
	msg.msg_namelen = -1;
	side_say(s, recvmsg(s->fd, &msg, 0), "recvmsg(name of -1)");
	msg.msg_namelen = 0;
	msg.msg_iovlen = 1025;
	side_say(s, recvmsg(s->fd, &msg, 0), "recvmsg(1025 parts)");
	msg.msg_iovlen = 0;
	side_say(s, recvmsg(s->fd, &msg, 0), "recvmsg(0 parts)");
	msg.msg_iov = side_bad;
	msg.msg_iovlen = 1;
	side_say(s, recvmsg(s->fd, &msg, 0), "recvmsg(bad part)");
	side_say(s, syscall(SYS_recvmsg, s->fd, NULL, 0), "recvmsg(NULL)");
	side_say(s, readv(s->fd, &iov, 1), "readv");
	side_say(s, readv(s->fd, &iov, 0), "readv(0)");
	side_say(s, readv(s->fd, &iov, side_parts_negative), "readv(-1)");
	side_say(s, readv(s->fd, side_bad, 1), "readv(bad)");
	side_again(s);
	two[0].msg_hdr.msg_iov = &iov;
	two[0].msg_hdr.msg_iovlen = 1;
	two[1] = two[0];
	side_say(s, recvmmsg(s->fd, two, 2, 0, NULL), "recvmmsg(2)");
	side_add("%u %u", two[0].msg_len, two[1].msg_len);
	side_say(s, recvmmsg(s->fd, two, 2, MSG_WAITFORONE, &now), "recvmmsg(2, now)");
	side_say(s, recvmmsg(s->fd, two, 2, 0, &bad), "recvmmsg(2, bad time)");
	side_say(s, recvmmsg(s->fd, two, 0, 0, NULL), "recvmmsg(0)");
	side_say(s, syscall(SYS_recvmmsg, s->fd, side_bad, 2, 0, NULL), "recvmmsg(bad)");
}

/* Control messages that come with text, for each option that asks for them. */
static void try_recv_control(struct side *s)
{
	static const struct {
		const char *name;
		int level, option, value;
	} asks[] = {
		{ "SO_TIMESTAMP", SOL_SOCKET, SO_TIMESTAMP, 1 },
		{ "SO_TIMESTAMPNS", SOL_SOCKET, SO_TIMESTAMPNS, 1 },
		{ "SO_TIMESTAMPING", SOL_SOCKET, SO_TIMESTAMPING, 0x18 },
		{ "SO_RXQ_OVFL", SOL_SOCKET, SO_RXQ_OVFL, 1 },
		{ "TCP_INQ", SOL_TCP, 36, 1 },
		{ "IP_PKTINFO", SOL_IP, IP_PKTINFO, 1 },
		{ "IP_RECVTTL", SOL_IP, IP_RECVTTL, 1 },
		{ "IP_RECVTOS", SOL_IP, IP_RECVTOS, 1 },
	};
	struct cmsghdr *cmsg;
	char room[ROOM], control[ROOM];
	struct iovec iov = { room, 2 };
	struct msghdr msg;
	unsigned int i, j;
	ssize_t ret;

	for (i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		side_again(s);
		/* Text that came before the question has a time or not. */
		if (!strncmp(asks[i].name, "SO_TIMESTAMP", 12) && has_unread(s->fd))
			continue;
		side_say(s, sock_set(s->fd, asks[i].level, asks[i].option, asks[i].value),
			 "ask for %s", asks[i].name);
		/* The second segment comes after the question, also where text is there. */
		if (sock_state(s->fd) == TCP_ESTABLISHED && s->c.irs_known) {
			wire_send(&s->c, "PA len 5");
			side_settle(s);
		}
		for (j = 0; j < 4; j++) {
			memset(&msg, 0, sizeof(msg));
			msg.msg_iov = &iov;
			msg.msg_iovlen = 1;
			msg.msg_control = control;
			msg.msg_controllen = j < 3 ? sizeof(control) : 10;
			ret = recvmsg(s->fd, &msg, j == 1 ? MSG_PEEK : 0);
			side_say(s, ret, "with %s, recvmsg %u", asks[i].name, j);
			side_add("flags=%x", msg.msg_flags);
			if (ret < 0)
				continue;
			for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg))
				side_add("%d:%d[%zu]", cmsg->cmsg_level, cmsg->cmsg_type,
					 cmsg->cmsg_len);
		}
	}
}

/* MSG_ZEROCOPY and the queue of its answers, transmit time stamps. */
static void try_errqueue(struct side *s)
{
	char control[ROOM], room[ROOM] = "x";
	struct iovec iov = { room, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	side_again(s);
	side_say(s, sock_set(s->fd, SOL_SOCKET, SO_ZEROCOPY, 1), "SO_ZEROCOPY");
	side_say(s, send(s->fd, room, 1, MSG_ZEROCOPY), "with SO_ZEROCOPY, send(ZEROCOPY)");
	side_again(s);
	side_say(s, sock_set(s->fd, SOL_SOCKET, SO_TIMESTAMPING, 0x2 | 0x10 | 0x100 | 0x80),
		 "SO_TIMESTAMPING of sending");
	side_say(s, send(s->fd, room, 1, 0), "time of sending, send");
	side_settle(s);
	msg.msg_control = control;
	msg.msg_controllen = sizeof(control);
	side_say(s, recvmsg(s->fd, &msg, MSG_ERRQUEUE), "time of sending, recvmsg(ERRQUEUE)");
	side_events(s);
}

static void try_splice(struct side *s)
{
	int file = memfd_create("side", MFD_CLOEXEC), pipefd[2], other[2];
	off_t off = 0, past = 100;

	if (pipe2(pipefd, O_NONBLOCK) || pipe2(other, O_NONBLOCK) || write(file, "text", 4) != 4)
		return;
	side_again(s);
	side_say(s, splice(s->fd, NULL, pipefd[1], NULL, 3, SPLICE_F_NONBLOCK), "splice from");
	tell_queues(s);
	side_say(s, splice(s->fd, NULL, pipefd[1], NULL, 100, 0), "splice from, again");
	side_say(s, splice(s->fd, NULL, pipefd[1], NULL, 0, 0), "splice from, nothing");
	side_say(s, splice(s->fd, &off, pipefd[1], NULL, 1, 0), "splice from, offset");
	side_say(s, splice(s->fd, NULL, file, NULL, 1, 0), "splice from, no pipe");
	side_say(s, splice(s->fd, NULL, pipefd[1], NULL, 1, 0x80), "splice from, bad flag");
	side_say(s, tee(s->fd, pipefd[1], 1, 0), "tee");
	side_again(s);
	if (write(other[1], "text", 4) != 4)
		return;
	side_say(s, splice(other[0], NULL, s->fd, NULL, 2, SPLICE_F_MORE), "splice to, more");
	side_say(s, splice(other[0], NULL, s->fd, NULL, 2, 0), "splice to");
	side_say(s, splice(other[0], NULL, s->fd, NULL, 2, SPLICE_F_NONBLOCK), "splice to, none");
	side_say(s, splice(other[0], NULL, s->fd, &off, 2, 0), "splice to, offset");
	side_again(s);
	side_say(s, sendfile(s->fd, file, &off, 2), "sendfile");
	side_add("%ld", (long)off);
	side_say(s, sendfile(s->fd, file, &past, 2), "sendfile past the end");
	side_say(s, sendfile(s->fd, file, side_bad, 2), "sendfile(bad)");
	side_say(s, sendfile(s->fd, file, NULL, 0), "sendfile nothing");
	side_say(s, sendfile(file, s->fd, NULL, 1), "sendfile from it");
	side_say(s, copy_file_range(s->fd, NULL, file, NULL, 1, 0), "copy_file_range");
	side_say(s, mmap(NULL, 4096, PROT_READ, MAP_SHARED, s->fd, 0) == MAP_FAILED ? -1 : 0,
		 "mmap for TCP_ZEROCOPY_RECEIVE");
	close(file);
	close(pipefd[0]);
	close(pipefd[1]);
	close(other[0]);
	close(other[1]);
}

void side_messages(struct side *s)
{
	try_send(s);
	try_sendto(s);
	try_control(s);
	try_sendmsg(s);
	try_recv(s);
	try_recvfrom(s);
	try_recv_control(s);
	try_errqueue(s);
	try_splice(s);
}

/* Calls that would block, with times after which they give up. */
void side_waiting(struct side *s)
{
	char room[ROOM] = "x";
	int child, i;

	side_again(s);
	fcntl(s->fd, F_SETFL, 0);
	side_say(s, sock_timeout(s->fd, SO_RCVTIMEO, 20), "SO_RCVTIMEO");
	side_say(s, sock_timeout(s->fd, SO_SNDTIMEO, 20), "SO_SNDTIMEO");
	side_say(s, recv(s->fd, room, 6, MSG_WAITALL), "blocking recv(WAITALL)");
	side_say(s, recv(s->fd, room, 6, MSG_OOB), "blocking recv(OOB)");
	side_say(s, recv(s->fd, room, 1, 0), "blocking recv");
	for (i = 0; i < 2; i++) {
		child = accept(s->fd, NULL, NULL);
		side_say(s, child < 0 ? child : 0, "blocking accept %d", i);
		if (child >= 0)
			close(child);
	}
	side_say(s, send(s->fd, room, 1, 0), "blocking send");
	side_events(s);
	side_say(s, send(s->fd, room, 1, MSG_MORE), "blocking send again");
}

// SPDX-License-Identifier: GPL-2.0
/*
 * A scripted TCP peer behind a TUN device; see wire.h for what its lines mean.
 * It keeps no TCP state of its own but the two next sequence numbers: the test
 * decides every segment.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

#define ECHO_ID		0x7463
#define LINE_MAX_LEN	256

enum {
	HAVE_SEQ = 1 << 0,
	HAVE_ACK = 1 << 1,
	HAVE_WIN = 1 << 2,
	HAVE_LEN = 1 << 3,
	HAVE_URG = 1 << 4,
	HAVE_MSS = 1 << 5,
	HAVE_WS = 1 << 6,
	HAVE_DOFF = 1 << 7,
	HAVE_TTL = 1 << 8,
	HAVE_TS = 1 << 9,
	HAVE_SACKOK = 1 << 10,
	HAVE_BADSUM = 1 << 11,
	HAVE_NOTS = 1 << 12,
};

struct spec {
	unsigned int have;
	uint8_t flags, maybe;
	uint32_t seq, ack;
	uint32_t win, len, urg, mss, ws, doff, ttl;
	uint32_t tsval, tsecr;
	uint8_t raw[40];
	int rawlen;
};

static const char *const state_names[WS_MAX] = {
	[WS_ESTABLISHED] = "ESTABLISHED",
	[WS_SYN_SENT] = "SYN_SENT",
	[WS_SYN_RECV] = "SYN_RECV",
	[WS_FIN_WAIT1] = "FIN_WAIT1",
	[WS_FIN_WAIT2] = "FIN_WAIT2",
	[WS_TIME_WAIT] = "TIME_WAIT",
	[WS_CLOSE] = "CLOSE",
	[WS_CLOSE_WAIT] = "CLOSE_WAIT",
	[WS_LAST_ACK] = "LAST_ACK",
	[WS_LISTEN] = "LISTEN",
	[WS_CLOSING] = "CLOSING",
};

static bool after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

/* Octet number off of a stream; the two directions differ. */
static uint8_t pattern(bool from_peer, uint32_t off)
{
	return off * 31 + (off >> 8) * 7 + (off >> 16) * 3 + (from_peer ? 11 : 101);
}

int64_t wire_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ll + ts.tv_nsec / 1000;
}

const char *wire_state_name(int state)
{
	if (state <= 0 || state >= WS_MAX)
		return "no state";
	return state_names[state];
}

/* ---- messages ---- */

static char *flag_string(uint8_t flags, char *buf)
{
	static const char letters[] = "FSRPAUEC";
	char *p = buf;
	int i;

	for (i = 0; i < 8; i++)
		if (flags & (1 << i))
			*p++ = letters[i];
	if (p == buf)
		*p++ = '-';
	*p = 0;
	return buf;
}

static void format_seg(const struct wire_seg *seg, uint32_t seq0, uint32_t ack0,
		       char *buf, size_t size)
{
	char flags[12];
	int n;

	n = snprintf(buf, size, "%u > %u: %s seq %u", seg->sport, seg->dport,
		     flag_string(seg->flags, flags), seg->seq - seq0);
	if (seg->flags & WIRE_ACK)
		n += snprintf(buf + n, size - n, " ack %u", seg->ack - ack0);
	n += snprintf(buf + n, size - n, " win %u len %d", seg->win, seg->len);
	if (seg->flags & WIRE_URG)
		n += snprintf(buf + n, size - n, " urg %u", seg->urg);
	if (seg->mss >= 0)
		n += snprintf(buf + n, size - n, " mss %d", seg->mss);
	if (seg->wscale >= 0)
		n += snprintf(buf + n, size - n, " ws %d", seg->wscale);
	if (seg->sack_ok)
		n += snprintf(buf + n, size - n, " sackok");
	if (seg->has_ts)
		n += snprintf(buf + n, size - n, " ts %u %u", seg->tsval, seg->tsecr);
	if (seg->nsack)
		snprintf(buf + n, size - n, " sack*%d", seg->nsack);
}

static void trace(struct wire *w, char dir, const char *text)
{
	char *line = w->trace[w->ntrace++ % WIRE_TRACE_LINES];
	int64_t us = wire_now() - w->start;

	snprintf(line, WIRE_TRACE_WIDTH, "%4u.%03u %c %s", (unsigned int)(us / 1000000),
		 (unsigned int)(us / 1000 % 1000), dir, text);
}

/**
 * wire_dump() - print the last segments in both directions
 * @w: the wire
 */
void wire_dump(struct wire *w)
{
	unsigned int i = w->ntrace > WIRE_TRACE_LINES ? w->ntrace - WIRE_TRACE_LINES : 0;

	fprintf(stderr, "# wire so far (> to the stack, < from it, relative numbers):\n");
	for (; i < w->ntrace; i++)
		fprintf(stderr, "#   %s\n", w->trace[i % WIRE_TRACE_LINES]);
}

static int fail(struct wire *w, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "# wire: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	if (w)
		wire_dump(w);
	return -1;
}

/* ---- the namespace ---- */

static int tun_ioctl(int sock, unsigned long request, struct ifreq *ifr, const char *what)
{
	if (ioctl(sock, request, ifr) == 0)
		return 0;
	return fail(NULL, "%s on %s: %s", what, ifr->ifr_name, strerror(errno));
}

static int set_addr(int sock, struct ifreq *ifr, unsigned long request, uint32_t addr)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)&ifr->ifr_addr;

	memset(sin, 0, sizeof(*sin));
	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = htonl(addr);
	return tun_ioctl(sock, request, ifr, "set address");
}

static int link_up(int sock, const char *name)
{
	struct ifreq ifr = {};

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	if (tun_ioctl(sock, SIOCGIFFLAGS, &ifr, "get flags"))
		return -1;
	ifr.ifr_flags |= IFF_UP | IFF_RUNNING;
	return tun_ioctl(sock, SIOCSIFFLAGS, &ifr, "link up");
}

static int configure(void)
{
	struct ifreq ifr = { .ifr_name = "tun0" };
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (sock < 0)
		return fail(NULL, "socket: %s", strerror(errno));
	err = link_up(sock, "lo");
	err = err ?: set_addr(sock, &ifr, SIOCSIFADDR, WIRE_LOCAL);
	err = err ?: set_addr(sock, &ifr, SIOCSIFNETMASK, 0xffffff00);
	err = err ?: link_up(sock, "tun0");
	close(sock);
	return err;
}

static int open_tun(void)
{
	struct ifreq ifr = { .ifr_name = "tun0", .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		mkdir("/dev/net", 0755);
		mknod("/dev/net/tun", S_IFCHR | 0600, makedev(10, 200));
		fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	}
	if (fd < 0)
		return fail(NULL, "/dev/net/tun: %s", strerror(errno));
	if (ioctl(fd, TUNSETIFF, &ifr)) {
		fail(NULL, "TUNSETIFF: %s", strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

/**
 * wire_write_file() - write a number to a file, a sysctl for one
 * @path: the file
 * @value: the number
 */
int wire_write_file(const char *path, long value)
{
	char buf[24];
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int n = snprintf(buf, sizeof(buf), "%ld\n", value);
	int ret;

	if (fd < 0)
		return -1;
	ret = write(fd, buf, n) == n ? 0 : -1;
	close(fd);
	return ret;
}

/**
 * wire_sysctl() - set one of our per-namespace knobs
 * @w: the wire
 * @name: file in /proc/sys/net/tcpstate
 * @value: the number
 *
 * The in-tree TCP has no such knobs: with family 2 this fails silently.
 */
int wire_sysctl(struct wire *w, const char *name, long value)
{
	char path[128];

	if (w->family != WIRE_AF_TCPSTATE)
		return -1;
	snprintf(path, sizeof(path), "/proc/sys/net/tcpstate/%s", name);
	if (wire_write_file(path, value) == 0)
		return 0;
	return fail(NULL, "%s: %s", path, strerror(errno));
}

/**
 * wire_init() - a fresh namespace with the peer's TUN device in it
 * @w: filled in
 *
 * Needs root. The namespace lives as long as the process (and, in the kernel,
 * its last sockets).
 */
int wire_init(struct wire *w)
{
	const char *env;

	memset(w, 0, sizeof(*w));
	w->tun = -1;
	env = getenv("TCPSTATE_FAMILY");
	w->family = env ? atoi(env) : WIRE_AF_TCPSTATE;
	env = getenv("TCPSTATE_WIRE");
	w->proto = env ? atoi(env) : IPPROTO_TCP;
	w->start = wire_now();
	if (w->family == AF_INET && w->proto != IPPROTO_TCP)
		return fail(NULL, "family 2 speaks wire 6 only");
	if (unshare(CLONE_NEWNET))
		return fail(NULL, "unshare: %s", strerror(errno));
	w->tun = open_tun();
	if (w->tun < 0)
		return -1;
	/* Router solicitations are not part of any test. */
	wire_write_file("/proc/sys/net/ipv6/conf/tun0/disable_ipv6", 1);
	/*
	 * The in-tree TCP answers at most every 500 ms with a challenge ACK;
	 * here each bad segment is a question of its own.
	 */
	wire_write_file("/proc/sys/net/ipv4/tcp_invalid_ratelimit", 0);
	return configure();
}

/**
 * wire_fini() - give back the TUN device
 * @w: the wire
 */
void wire_fini(struct wire *w)
{
	if (w->tun >= 0)
		close(w->tun);
	w->tun = -1;
}

static long stat_tcpstate(const char *name)
{
	FILE *f = fopen("/proc/net/tcpstate_stat", "r");
	long value, found = -1;
	char key[64];

	if (!f)
		return -1;
	while (fscanf(f, "%63s %ld", key, &value) == 2)
		if (!strcmp(key, name))
			found = value;
	fclose(f);
	return found;
}

/* One line of names and one of values, both beginning with the table's name. */
static long stat_table(const char *path, const char *table, const char *name)
{
	static char head[16384], vals[16384];
	FILE *f = fopen(path, "r");
	char *h, *v, *hs, *vs;
	long found = -1;

	if (!f)
		return -1;
	while (fgets(head, sizeof(head), f) && fgets(vals, sizeof(vals), f)) {
		if (strncmp(head, table, strlen(table)))
			continue;
		h = strtok_r(head, " \n", &hs);
		v = strtok_r(vals, " \n", &vs);
		for (; h && v; h = strtok_r(NULL, " \n", &hs), v = strtok_r(NULL, " \n", &vs))
			if (!strcmp(h, name))
				found = atol(v);
	}
	fclose(f);
	return found;
}

static long stat_intree(const char *name)
{
	long n = stat_table("/proc/net/snmp", "Tcp:", name);

	return n < 0 ? stat_table("/proc/net/netstat", "TcpExt:", name) : n;
}

/**
 * wire_stat() - a counter of the stack under test in this namespace
 * @w: the wire
 * @name: a name of the TCP MIB, as in /proc/net/snmp or in-tree in /proc/net/netstat
 *
 * Return: the counter, or -1 if there is none.
 */
long wire_stat(struct wire *w, const char *name)
{
	long n = w->family == AF_INET ? stat_intree(name) : stat_tcpstate(name);

	if (n < 0)
		fail(NULL, "no counter %s", name);
	return n;
}

static int intree_in_state(int state)
{
	FILE *f = fopen("/proc/net/tcp", "r");
	unsigned int st;
	char line[512];
	int n = 0;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " %*[^:]: %*s %*s %x", &st) == 1 && (int)st == state)
			n++;
	fclose(f);
	return n;
}

/**
 * wire_in_state() - how many flows of the namespace are in a state
 * @w: the wire
 * @state: one of enum wire_state
 *
 * Sees also those whose socket is closed already, and the half-open ones.
 */
int wire_in_state(struct wire *w, int state)
{
	return w->family == AF_INET ? intree_in_state(state) :
				      stat_tcpstate(state_names[state]);
}

/* ---- building and parsing ---- */

static uint32_t sum16(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *p = data;

	for (; len > 1; len -= 2, p += 2)
		sum += p[0] << 8 | p[1];
	if (len)
		sum += p[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static uint16_t transport_sum(int proto, uint32_t src, uint32_t dst, const uint8_t *seg, int len)
{
	uint8_t pseudo[12];

	put32(pseudo, src);
	put32(pseudo + 4, dst);
	put16(pseudo + 8, proto);
	put16(pseudo + 10, len);
	return ~sum16(seg, len, sum16(pseudo, sizeof(pseudo), 0));
}

static int emit_ip_options(struct wire *w, int proto, uint32_t src, uint32_t dst, int ttl,
			   const uint8_t *opt, int optlen, const uint8_t *body, int len)
{
	uint8_t pkt[60 + 60 + WIRE_MTU] = { 0x45 + optlen / 4 };
	int hdr = 20 + optlen;

	put16(pkt + 2, hdr + len);
	put16(pkt + 4, ++w->ip_id);
	pkt[8] = ttl;
	pkt[9] = proto;
	put32(pkt + 12, src);
	put32(pkt + 16, dst);
	memcpy(pkt + 20, opt, optlen);
	put16(pkt + 10, ~sum16(pkt, hdr, 0));
	memcpy(pkt + hdr, body, len);
	if (write(w->tun, pkt, hdr + len) != hdr + len)
		return fail(w, "write to tun0: %s", strerror(errno));
	return 0;
}

static int emit_ip(struct wire *w, int proto, uint32_t src, uint32_t dst, int ttl,
		   const uint8_t *body, int len)
{
	return emit_ip_options(w, proto, src, dst, ttl, NULL, 0, body, len);
}

static int build_options(const struct spec *s, uint8_t *opt)
{
	uint8_t *p = opt;

	if (s->have & HAVE_MSS) {
		*p++ = 2;
		*p++ = 4;
		put16(p, s->mss);
		p += 2;
	}
	if (s->have & HAVE_SACKOK) {
		*p++ = 1;
		*p++ = 1;
		*p++ = 4;
		*p++ = 2;
	}
	if (s->have & HAVE_TS) {
		*p++ = 1;
		*p++ = 1;
		*p++ = 8;
		*p++ = 10;
		put32(p, s->tsval);
		put32(p + 4, s->tsecr);
		p += 8;
	}
	if (s->have & HAVE_WS) {
		*p++ = 1;
		*p++ = 3;
		*p++ = 3;
		*p++ = s->ws;
	}
	memcpy(p, s->raw, s->rawlen);
	p += s->rawlen;
	while ((p - opt) % 4)
		*p++ = 0;
	return p - opt;
}

static void parse_options(struct wire_seg *seg)
{
	int i = 0;

	while (i < seg->optlen) {
		const uint8_t *o = seg->opt + i;

		if (o[0] == 0)
			break;
		if (o[0] == 1) {
			i++;
			continue;
		}
		if (i + 1 >= seg->optlen || o[1] < 2 || i + o[1] > seg->optlen)
			break;
		if (o[0] == 2 && o[1] == 4)
			seg->mss = get16(o + 2);
		else if (o[0] == 3 && o[1] == 3)
			seg->wscale = o[2];
		else if (o[0] == 4 && o[1] == 2)
			seg->sack_ok = true;
		else if (o[0] == 5)
			seg->nsack = (o[1] - 2) / 8;
		if (o[0] == 8 && o[1] == 10) {
			seg->has_ts = true;
			seg->tsval = get32(o + 2);
			seg->tsecr = get32(o + 6);
		}
		i += o[1];
	}
}

static int parse_seg(const uint8_t *tcp, int len, struct wire_seg *seg)
{
	int hdr;

	if (len < 20)
		return -1;
	seg->sport = get16(tcp);
	seg->dport = get16(tcp + 2);
	seg->seq = get32(tcp + 4);
	seg->ack = get32(tcp + 8);
	seg->doff = tcp[12] >> 4;
	seg->flags = tcp[13];
	seg->win = get16(tcp + 14);
	seg->urg = get16(tcp + 18);
	hdr = seg->doff * 4;
	if (hdr < 20 || hdr > len)
		return -1;
	seg->optlen = hdr - 20;
	memcpy(seg->opt, tcp + 20, seg->optlen);
	seg->mss = -1;
	seg->wscale = -1;
	parse_options(seg);
	seg->len = len - hdr;
	memcpy(seg->data, tcp + hdr, seg->len);
	return 0;
}

/* ---- the lines ---- */

static int parse_flags(const char *word, struct spec *s)
{
	static const char letters[] = "FSRPAUEC";
	const char *at;

	if (!strcmp(word, "-"))
		return 0;
	for (; *word; word++) {
		at = strchr(letters, toupper(*word));
		if (!at)
			return -1;
		if (islower(*word))
			s->maybe |= 1 << (at - letters);
		else
			s->flags |= 1 << (at - letters);
	}
	return 0;
}

static int parse_hex(const char *word, struct spec *s)
{
	unsigned int byte;

	for (; word[0] && word[1]; word += 2) {
		if (s->rawlen == sizeof(s->raw) || sscanf(word, "%2x", &byte) != 1)
			return -1;
		s->raw[s->rawlen++] = byte;
	}
	return *word ? -1 : 0;
}

static int parse_number(char **save, uint32_t *value)
{
	char *word = strtok_r(NULL, " ", save);
	char *end;

	if (!word)
		return -1;
	*value = strtoll(word, &end, 0);
	return *end ? -1 : 0;
}

static int parse_field(const char *word, char **save, struct spec *s)
{
	const struct {
		const char *name;
		unsigned int bit;
		uint32_t *value;
	} fields[] = {
		{ "seq", HAVE_SEQ, &s->seq }, { "ack", HAVE_ACK, &s->ack },
		{ "win", HAVE_WIN, &s->win }, { "len", HAVE_LEN, &s->len },
		{ "urg", HAVE_URG, &s->urg }, { "mss", HAVE_MSS, &s->mss },
		{ "ws", HAVE_WS, &s->ws },    { "doff", HAVE_DOFF, &s->doff },
		{ "ttl", HAVE_TTL, &s->ttl }, { "ts", HAVE_TS, &s->tsval },
	};
	unsigned int i;

	if (!strcmp(word, "sackok")) {
		s->have |= HAVE_SACKOK;
		return 0;
	}
	if (!strcmp(word, "nots")) {
		s->have |= HAVE_NOTS;
		return 0;
	}
	if (!strcmp(word, "badsum")) {
		s->have |= HAVE_BADSUM;
		return 0;
	}
	if (!strcmp(word, "opt")) {
		word = strtok_r(NULL, " ", save);
		return word ? parse_hex(word, s) : -1;
	}
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(word, fields[i].name))
			continue;
		s->have |= fields[i].bit;
		if (parse_number(save, fields[i].value))
			return -1;
		return fields[i].bit == HAVE_TS ? parse_number(save, &s->tsecr) : 0;
	}
	return -1;
}

static int parse_line(const char *line, struct spec *s)
{
	char copy[LINE_MAX_LEN], *word, *save;

	memset(s, 0, sizeof(*s));
	snprintf(copy, sizeof(copy), "%s", line);
	word = strtok_r(copy, " ", &save);
	if (!word || parse_flags(word, s))
		return fail(NULL, "bad flags in the test's line '%s'", line);
	while ((word = strtok_r(NULL, " ", &save)))
		if (parse_field(word, &save, s))
			return fail(NULL, "bad field '%s' in the test's line '%s'", word, line);
	return 0;
}

static int span(uint8_t flags, int len)
{
	return len + !!(flags & WIRE_SYN) + !!(flags & WIRE_FIN);
}

/**
 * wire_send() - the peer sends one segment
 * @c: the connection
 * @fmt: the line, with printf's conversions
 */
int wire_send(struct wire_conn *c, const char *fmt, ...)
{
	uint8_t tcp[60 + WIRE_MTU] = {};
	uint32_t seq, ack = 0, off;
	char line[LINE_MAX_LEN];
	struct wire_seg seg = {};
	struct spec s;
	uint16_t sum;
	int hdr, i;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (parse_line(line, &s))
		return -1;

	seq = s.have & HAVE_SEQ ? c->iss + s.seq : c->snd_nxt;
	if (s.have & HAVE_ACK)
		ack = c->irs + s.ack;
	else if (s.flags & WIRE_ACK)
		ack = c->rcv_nxt;
	if (c->stamp && !(s.have & (HAVE_TS | HAVE_NOTS))) {
		s.have |= HAVE_TS;
		s.tsval = c->tsval;
		s.tsecr = s.flags & WIRE_ACK ? c->tsrecent : 0;
	}
	hdr = 20 + build_options(&s, tcp + 20);
	put16(tcp, c->pport);
	put16(tcp + 2, c->sport);
	put32(tcp + 4, seq);
	put32(tcp + 8, ack);
	tcp[12] = (s.have & HAVE_DOFF ? s.doff : (uint32_t)hdr / 4) << 4;
	tcp[13] = s.flags;
	put16(tcp + 14, s.have & HAVE_WIN ? s.win : c->win);
	put16(tcp + 18, s.urg);
	off = seq - c->iss - !(s.flags & WIRE_SYN);
	for (i = 0; i < (int)s.len; i++)
		tcp[hdr + i] = pattern(true, off + i);
	sum = transport_sum(c->w->proto, c->peer, c->local, tcp, hdr + s.len);
	put16(tcp + 16, s.have & HAVE_BADSUM ? sum ^ 0x5555 : sum);

	parse_seg(tcp, hdr + s.len, &seg);
	format_seg(&seg, c->iss, c->irs, line, sizeof(line));
	if (s.have & HAVE_BADSUM)
		strncat(line, " badsum", sizeof(line) - strlen(line) - 1);
	trace(c->w, '>', line);
	if (seq == c->snd_nxt && !(s.have & HAVE_BADSUM))
		c->snd_nxt += span(s.flags, s.len);
	return emit_ip_options(c->w, c->w->proto, c->peer, c->local,
			       s.have & HAVE_TTL ? (int)s.ttl : 64, c->ipopt, c->ipoptlen, tcp,
			       hdr + s.len);
}

/**
 * wire_send_short() - the peer sends less than a TCP header
 * @c: the connection
 * @len: how much of it, the ports first
 */
int wire_send_short(struct wire_conn *c, int len)
{
	uint8_t tcp[20] = {};

	put16(tcp, c->pport);
	put16(tcp + 2, c->sport);
	put32(tcp + 4, c->snd_nxt);
	put32(tcp + 8, c->rcv_nxt);
	tcp[12] = 5 << 4;
	tcp[13] = WIRE_ACK;
	if (len >= 18)
		put16(tcp + 16, transport_sum(c->w->proto, c->peer, c->local, tcp, len));
	trace(c->w, '>', "a segment that is too short");
	return emit_ip(c->w, c->w->proto, c->peer, c->local, 64, tcp, len);
}

/**
 * wire_send_icmp() - a router complains about a segment of the stack
 * @c: the connection whose segment is quoted
 * @e: the error and the quote
 */
int wire_send_icmp(struct wire_conn *c, const struct wire_icmp *e)
{
	uint8_t icmp[8 + 60 + 256] = { e->type, e->code }, *ip = icmp + 8, *tcp;
	int ihl = e->ihl ?: 5, quote = e->quote ?: 8, total = e->total ?: 40, len;
	char line[LINE_MAX_LEN];

	put32(icmp + 4, e->info);
	ip[0] = 0x40 | ihl;
	put16(ip + 2, total);
	put16(ip + 6, 0x4000 | e->offset);
	ip[8] = e->ttl ?: 63;
	ip[9] = e->proto ?: c->w->proto;
	put32(ip + 12, c->local);
	put32(ip + 16, c->peer);
	put16(ip + 10, ~sum16(ip, 20, 0));
	tcp = ip + ihl * 4;
	put16(tcp, e->sport ?: c->sport);
	put16(tcp + 2, e->dport ?: c->pport);
	put32(tcp + 4, c->irs + e->seq);
	len = 8 + ihl * 4 + quote - e->cut;
	put16(icmp + 2, (~sum16(icmp, len, 0) & 0xffff) ^ (e->badsum ? 0x5555 : 0));
	snprintf(line, sizeof(line), "ICMP %d/%d info %#x about seq %u of %d octets%s", e->type,
		 e->code, e->info, e->seq, total, e->badsum ? " badsum" : "");
	trace(c->w, '>', line);
	return emit_ip(c->w, IPPROTO_ICMP, WIRE_ROUTER, c->local, 64, icmp, len);
}

/* ---- receiving ---- */

enum { RX_NONE, RX_SEG, RX_ECHO, RX_ERROR };

static bool is_ours(struct wire_conn *c, const struct wire_seg *seg)
{
	if (seg->src != c->local || seg->dst != c->peer || seg->dport != c->pport)
		return false;
	if (c->sport == 0 && (seg->flags & WIRE_SYN))
		c->sport = seg->sport;
	return seg->sport == c->sport;
}

/* Where a packet goes in the end: a source route that is not done has it last. */
static uint32_t destination(const uint8_t *pkt, int ihl)
{
	int i = 20;

	while (i < ihl && pkt[i] != 0) {
		if (pkt[i] == 1) {
			i++;
			continue;
		}
		if (i + 2 >= ihl || pkt[i + 1] < 2 || i + pkt[i + 1] > ihl)
			break;
		if ((pkt[i] == 131 || pkt[i] == 137) && pkt[i + 2] <= pkt[i + 1])
			return get32(pkt + i + pkt[i + 1] - 4);
		i += pkt[i + 1];
	}
	return get32(pkt + 16);
}

/* What one packet from the TUN device is to this connection. */
static int classify(struct wire_conn *c, const uint8_t *pkt, int len, struct wire_seg *seg)
{
	int ihl = (pkt[0] & 15) * 4;
	char line[LINE_MAX_LEN];
	struct wire *w = c->w;
	int tot;

	if (len < 20 || pkt[0] >> 4 != 4 || ihl < 20 || ihl > len)
		return RX_NONE;
	tot = get16(pkt + 2);
	if (tot > len || tot < ihl)
		return RX_NONE;
	if (pkt[9] == IPPROTO_ICMP && tot >= ihl + 8 && pkt[ihl] == 0 &&
	    get16(pkt + ihl + 4) == ECHO_ID && get16(pkt + ihl + 6) == w->echo_seq)
		return RX_ECHO;
	if (pkt[9] != w->proto)
		return RX_NONE;

	memset(seg, 0, sizeof(*seg));
	seg->when = wire_now();
	seg->src = get32(pkt + 12);
	seg->dst = destination(pkt, ihl);
	seg->hop = get32(pkt + 16);
	seg->ttl = pkt[8];
	seg->tos = pkt[1];
	seg->df = pkt[6] & 0x40;
	seg->total = tot;
	seg->ipoptlen = ihl - 20;
	memcpy(seg->ipopt, pkt + 20, seg->ipoptlen);
	if (parse_seg(pkt + ihl, tot - ihl, seg)) {
		fail(w, "the stack sent a malformed header");
		return RX_ERROR;
	}
	if (!is_ours(c, seg)) {
		format_seg(seg, 0, 0, line, sizeof(line));
		trace(w, '!', line);
		return RX_NONE;
	}
	if ((seg->flags & WIRE_SYN) && !c->irs_known) {
		c->irs_known = true;
		c->irs = seg->seq;
		c->rcv_nxt = seg->seq;
		c->edge = seg->flags & WIRE_ACK ? seg->ack : c->iss;
		c->edge_ack = c->edge;
	}
	format_seg(seg, c->irs, c->iss, line, sizeof(line));
	trace(w, '<', line);
	/* RFC 9293 3.1: the sender must compute the checksum (MUST-2). */
	if (sum16(pkt, ihl, 0) != 0xffff ||
	    transport_sum(w->proto, seg->src, seg->dst, pkt + ihl, tot - ihl) != 0) {
		fail(w, "the stack sent a bad checksum");
		return RX_ERROR;
	}
	return RX_SEG;
}

static int receive(struct wire_conn *c, struct wire_seg *seg, int64_t deadline)
{
	struct pollfd pfd = { .fd = c->w->tun, .events = POLLIN };
	uint8_t pkt[65536];
	int64_t left;
	int n, what;

	for (;;) {
		n = read(c->w->tun, pkt, sizeof(pkt));
		if (n > 0) {
			what = classify(c, pkt, n, seg);
			if (what != RX_NONE)
				return what;
			continue;
		}
		left = deadline - wire_now();
		if (left <= 0)
			return RX_NONE;
		if (poll(&pfd, 1, left / 1000 + 1) < 0 && errno != EINTR) {
			fail(c->w, "poll: %s", strerror(errno));
			return RX_ERROR;
		}
	}
}

static bool payload_good(struct wire_conn *c, const struct wire_seg *seg)
{
	uint32_t off = seg->seq - c->irs - !(seg->flags & WIRE_SYN);
	int i;

	for (i = 0; i < seg->len; i++) {
		if (seg->data[i] == pattern(false, off + i))
			continue;
		fail(c->w, "octet %u of the stack's stream is 0x%02x instead of 0x%02x", off + i,
		     seg->data[i], pattern(false, off + i));
		return false;
	}
	return true;
}

/*
 * Timers go on while a slow machine runs the test: what was seen before may be
 * seen again, and a closed window is probed, with nothing or with one octet.
 */
static bool is_noise(const struct wire_conn *c, const struct wire_seg *seg)
{
	int n = span(seg->flags, seg->len);

	if (c->strict || (seg->flags & WIRE_RST) || !c->irs_known)
		return false;
	if (c->win == 0 && n == 1 && seg->len == 1 && seg->seq == c->rcv_nxt)
		return true;
	if (n == 0)
		return seg->seq == c->rcv_nxt - 1 && seg->seq != c->irs;
	return !after(seg->seq + n, c->rcv_nxt);
}

static void take(struct wire_conn *c, const struct wire_seg *seg)
{
	uint32_t end = seg->seq + span(seg->flags, seg->len);
	uint32_t edge;

	c->got = *seg;
	if (seg->has_ts)
		c->tsrecent = seg->tsval;
	if (!(seg->flags & WIRE_RST) && !after(seg->seq, c->rcv_nxt) && after(end, c->rcv_nxt))
		c->rcv_nxt = end;
	if (!(seg->flags & WIRE_ACK) || (seg->flags & WIRE_RST))
		return;
	edge = seg->ack + ((uint32_t)seg->win << (seg->flags & WIRE_SYN ? 0 : c->shift));
	if (after(c->edge, edge) && !after(c->edge_ack, seg->ack))
		c->shrunk = true;
	if (!after(c->edge_ack, seg->ack))
		c->edge_ack = seg->ack;
	if (after(edge, c->edge))
		c->edge = edge;
}

static bool matches(struct wire_conn *c, const struct spec *s, const struct wire_seg *seg)
{
	uint8_t ignore = s->maybe | (s->flags & WIRE_PSH ? 0 : WIRE_PSH);

	if ((seg->flags ^ s->flags) & ~ignore & 0xff)
		return false;
	if ((s->have & HAVE_SEQ) && seg->seq != c->irs + s->seq)
		return false;
	if ((s->have & HAVE_ACK) && seg->ack != c->iss + s->ack)
		return false;
	if ((s->have & HAVE_WIN) && seg->win != s->win)
		return false;
	if ((s->have & HAVE_LEN) && seg->len != (int)s->len)
		return false;
	if ((s->have & HAVE_URG) && seg->urg != s->urg)
		return false;
	if ((s->have & HAVE_MSS) && seg->mss != (int)s->mss)
		return false;
	if ((s->have & HAVE_WS) && seg->wscale != (int)s->ws)
		return false;
	return !(s->have & HAVE_SACKOK) || seg->sack_ok;
}

static int send_echo(struct wire_conn *c)
{
	uint8_t icmp[16] = { 8 };

	put16(icmp + 4, ECHO_ID);
	put16(icmp + 6, ++c->w->echo_seq);
	put16(icmp + 2, ~sum16(icmp, sizeof(icmp), 0));
	return emit_ip(c->w, IPPROTO_ICMP, WIRE_PEER, WIRE_LOCAL, 64, icmp, sizeof(icmp));
}

static int expect(struct wire_conn *c, bool now, const char *fmt, va_list ap)
{
	int64_t deadline = wire_now() + WIRE_DEADLINE_MS * 1000ll;
	char line[LINE_MAX_LEN], got[LINE_MAX_LEN];
	struct wire_seg seg;
	struct spec s;
	int what;

	vsnprintf(line, sizeof(line), fmt, ap);
	if (parse_line(line, &s) || (now && send_echo(c)))
		return -1;
	for (;;) {
		what = receive(c, &seg, deadline);
		if (what == RX_ECHO && !now)
			continue;
		if (what == RX_ERROR)
			return -1;
		if (what == RX_NONE || what == RX_ECHO)
			return fail(c->w, "expected: %s%s\n# wire:      got: nothing", line,
				    now ? " at once" : "");
		if (matches(c, &s, &seg))
			break;
		if (is_noise(c, &seg))
			continue;
		take(c, &seg);
		format_seg(&seg, c->irs, c->iss, got, sizeof(got));
		return fail(c->w, "expected: %s\n# wire:      got: %s", line, got);
	}
	if (!payload_good(c, &seg))
		return -1;
	take(c, &seg);
	return 0;
}

/**
 * wire_expect() - the next segment of the stack must be this one
 * @c: the connection
 * @fmt: the line, with printf's conversions
 *
 * Retransmissions and window probes before it are skipped, unless c->strict.
 */
int wire_expect(struct wire_conn *c, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = expect(c, false, fmt, ap);
	va_end(ap);
	return ret;
}

/**
 * wire_expect_now() - likewise, and it must be there already
 * @c: the connection
 * @fmt: the line
 *
 * It has to come before the answer to an ICMP echo sent now: a segment sent
 * by a timer fails the test.
 */
int wire_expect_now(struct wire_conn *c, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = expect(c, true, fmt, ap);
	va_end(ap);
	return ret;
}

/**
 * wire_next() - take whatever comes next into c->got
 * @c: the connection
 * @ms: how long to wait for it
 *
 * Return: 0; or -1 without a message if nothing came.
 */
int wire_next(struct wire_conn *c, int ms)
{
	int64_t deadline = wire_now() + ms * 1000ll;
	struct wire_seg seg;
	int what;

	do {
		what = receive(c, &seg, deadline);
		if (what == RX_NONE || what == RX_ERROR)
			return -1;
	} while (what == RX_ECHO || (is_noise(c, &seg)));
	if (!payload_good(c, &seg))
		return -1;
	take(c, &seg);
	return 0;
}

/**
 * wire_expect_stream() - data of the stack, in whatever segments, up to a place
 * @c: the connection
 * @end: relative sequence number behind the last octet of data
 * @fin: whether the FIN must follow, and nothing later than it
 * @ack: whether the peer acknowledges each segment at once
 *
 * Pure ACKs in between are allowed. A FIN before @end is an error.
 */
int wire_expect_stream(struct wire_conn *c, uint32_t end, bool fin, bool ack)
{
	uint32_t last = c->irs + end + (fin ? 1 : 0);
	struct wire_seg *got = &c->got;

	while (after(last, c->rcv_nxt)) {
		if (wire_next(c, WIRE_DEADLINE_MS))
			return fail(c->w, "expected the stream up to %u%s, have %u", end,
				    fin ? " and FIN" : "", c->rcv_nxt - c->irs);
		if (got->flags & (WIRE_RST | WIRE_SYN))
			return fail(c->w, "RST or SYN within the stream");
		if ((got->flags & WIRE_FIN) && (!fin || got->seq + got->len != c->irs + end))
			return fail(c->w, "FIN at %u, expected %s", got->seq + got->len - c->irs,
				    fin ? "at the end of the data" : "none");
		if (after(c->rcv_nxt, last))
			return fail(c->w, "more data than %u", end);
		if (ack && span(got->flags, got->len) && wire_send(c, "A"))
			return -1;
	}
	return 0;
}

/**
 * wire_expect_nothing() - what was sent before has no answer
 * @c: the connection
 *
 * The host must answer an ICMP echo sent now; a segment that comes before
 * that answer is what should not be. The TUN device runs the receive path
 * in our write(), so the order is the order of the answers.
 */
int wire_expect_nothing(struct wire_conn *c)
{
	int64_t deadline = wire_now() + WIRE_DEADLINE_MS * 1000ll;
	char got[LINE_MAX_LEN];
	struct wire_seg seg;
	int what;

	if (send_echo(c))
		return -1;
	do {
		what = receive(c, &seg, deadline);
	} while (what == RX_SEG && is_noise(c, &seg));
	if (what == RX_ECHO)
		return 0;
	if (what == RX_ERROR)
		return -1;
	if (what == RX_NONE)
		return fail(c->w, "the host does not answer an ICMP echo");
	format_seg(&seg, c->irs, c->iss, got, sizeof(got));
	return fail(c->w, "expected: nothing\n# wire:      got: %s", got);
}

/**
 * wire_drain() - take all segments that are there already
 * @c: the connection
 *
 * Up to the answer to an ICMP echo sent now; the last one is in c->got.
 * Return: how many there were, retransmissions not counted; or -1.
 */
int wire_drain(struct wire_conn *c)
{
	int64_t deadline = wire_now() + WIRE_DEADLINE_MS * 1000ll;
	struct wire_seg seg;
	int what, n = 0;

	if (send_echo(c))
		return -1;
	while ((what = receive(c, &seg, deadline)) == RX_SEG) {
		if (!payload_good(c, &seg))
			return -1;
		if (is_noise(c, &seg))
			continue;
		take(c, &seg);
		n++;
	}
	if (what == RX_ECHO)
		return n;
	return what == RX_ERROR ? -1 : fail(c->w, "the host does not answer an ICMP echo");
}

/**
 * wire_expect_quiet() - nothing may come for a while
 * @c: the connection
 * @ms: the while; for timers only, where no barrier can tell
 */
int wire_expect_quiet(struct wire_conn *c, int ms)
{
	int64_t deadline = wire_now() + ms * 1000ll;
	char got[LINE_MAX_LEN];
	struct wire_seg seg;
	int what;

	do {
		what = receive(c, &seg, deadline);
	} while (what == RX_ECHO || (what == RX_SEG && is_noise(c, &seg)));
	if (what == RX_NONE)
		return 0;
	if (what == RX_ERROR)
		return -1;
	format_seg(&seg, c->irs, c->iss, got, sizeof(got));
	return fail(c->w, "expected: nothing within %d ms\n# wire:      got: %s", ms, got);
}

/**
 * wire_rel_seq() - a segment's sequence number, relative to the stack's ISN
 * @c: the connection
 * @seg: the segment
 */
uint32_t wire_rel_seq(const struct wire_conn *c, const struct wire_seg *seg)
{
	return seg->seq - c->irs;
}

/**
 * wire_rel_ack() - a segment's acknowledgment, relative to the peer's ISN
 * @c: the connection
 * @seg: the segment
 */
uint32_t wire_rel_ack(const struct wire_conn *c, const struct wire_seg *seg)
{
	return seg->ack - c->iss;
}

/**
 * wire_rcv_wnd() - what the stack still takes, counted from the peer's next octet
 * @c: the connection
 */
uint32_t wire_rcv_wnd(const struct wire_conn *c)
{
	return c->edge - c->snd_nxt;
}

/* ---- connections ---- */

/**
 * wire_conn_init() - a connection that does not exist yet
 * @c: filled in; tests may change ports, iss and win before they start it
 * @w: the wire
 */
void wire_conn_init(struct wire_conn *c, struct wire *w)
{
	memset(c, 0, sizeof(*c));
	c->w = w;
	c->fd = -1;
	c->lfd = -1;
	c->local = WIRE_LOCAL;
	c->peer = WIRE_PEER;
	c->pport = WIRE_PPORT;
	c->win = 65535;
	wire_conn_reuse(c, 1000000);
}

/**
 * wire_conn_reuse() - forget the numbers, keep addresses and ports
 * @c: the connection
 * @iss: the peer's next initial sequence number
 */
void wire_conn_reuse(struct wire_conn *c, uint32_t iss)
{
	c->iss = iss;
	c->snd_nxt = iss;
	c->irs = 0;
	c->rcv_nxt = 0;
	c->irs_known = false;
	c->rd_off = 0;
	c->wr_off = 0;
	c->edge = 0;
	c->edge_ack = 0;
	c->shrunk = false;
	c->shift = 0;
}

static int stream_socket(struct wire_conn *c)
{
	int proto = c->w->proto == IPPROTO_TCP ? 0 : c->w->proto;
	int fd = socket(c->w->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, proto);

	if (fd < 0)
		fail(NULL, "socket(%d, SOCK_STREAM, %d): %s", c->w->family, proto,
		     strerror(errno));
	return fd;
}

static struct sockaddr_in address(uint32_t addr, uint16_t port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(addr),
	};

	return sin;
}

/**
 * wire_open() - only the socket; wire_connect() and wire_listen() do it if need be
 * @c: the connection
 */
int wire_open(struct wire_conn *c)
{
	c->fd = stream_socket(c);
	return c->fd < 0 ? -1 : 0;
}

/**
 * wire_listen() - a listener at WIRE_SPORT
 * @c: the connection; c->lfd may be a socket already
 */
int wire_listen(struct wire_conn *c)
{
	struct sockaddr_in sin = address(c->local, WIRE_SPORT);
	int one = 1;

	c->sport = WIRE_SPORT;
	if (c->lfd < 0)
		c->lfd = stream_socket(c);
	if (c->lfd < 0)
		return -1;
	setsockopt(c->lfd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(c->lfd, (struct sockaddr *)&sin, sizeof(sin)))
		return fail(c->w, "bind: %s", strerror(errno));
	if (listen(c->lfd, 8))
		return fail(c->w, "listen: %s", strerror(errno));
	return 0;
}

/**
 * wire_connect() - begin an active open to the peer and take the SYN
 * @c: the connection; c->fd may be a socket already
 */
int wire_connect(struct wire_conn *c)
{
	struct sockaddr_in sin = address(c->peer, c->pport);

	if (c->fd < 0 && wire_open(c))
		return -1;
	if (connect(c->fd, (struct sockaddr *)&sin, sizeof(sin)) == 0 || errno != EINPROGRESS)
		return fail(c->w, "connect: %s, expected EINPROGRESS", strerror(errno));
	return wire_expect(c, "S seq 0 len 0");
}

static int poll_socket(struct wire_conn *c, int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	if (poll(&pfd, 1, WIRE_DEADLINE_MS) == 1)
		return 0;
	return fail(c->w, "poll: the socket has no event 0x%x", events);
}

/**
 * wire_connected() - wait until the active open has ended well
 * @c: the connection
 */
int wire_connected(struct wire_conn *c)
{
	socklen_t size = sizeof(int);
	int err = 0;

	if (poll_socket(c, c->fd, POLLOUT))
		return -1;
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &size))
		return fail(c->w, "SO_ERROR: %s", strerror(errno));
	return err ? fail(c->w, "connect: %s", strerror(err)) : 0;
}

/**
 * wire_accept() - take the connection from the listener
 * @c: the connection
 */
int wire_accept(struct wire_conn *c)
{
	if (poll_socket(c, c->lfd, POLLIN))
		return -1;
	c->fd = accept4(c->lfd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (c->fd < 0)
		return fail(c->w, "accept: %s", strerror(errno));
	return 0;
}

/* Both ends scale only if both asked for it. */
static void learn_shift(struct wire_conn *c, const char *synopts)
{
	c->shift = strstr(synopts, "ws ") && c->got.wscale >= 0 ? c->got.wscale : 0;
}

/**
 * wire_passive() - ESTABLISHED by the peer's open
 * @c: the connection
 * @synopts: options of the peer's SYN, e.g. "mss 1460"
 */
int wire_passive(struct wire_conn *c, const char *synopts)
{
	if (c->lfd < 0 && wire_listen(c))
		return -1;
	if (wire_send(c, "S seq 0 %s", synopts) || wire_expect(c, "SA seq 0 ack 1 len 0"))
		return -1;
	learn_shift(c, synopts);
	c->snd_nxt = c->iss + 1;
	usleep(c->rtt_ms * 1000);	/* the path's delay, not a wait */
	if (wire_send(c, "A") || wire_accept(c))
		return -1;
	return wire_wait_state(c, WS_ESTABLISHED);
}

/**
 * wire_active() - ESTABLISHED by the stack's open
 * @c: the connection
 * @synopts: options of the peer's SYN+ACK
 */
int wire_active(struct wire_conn *c, const char *synopts)
{
	if (wire_connect(c))
		return -1;
	learn_shift(c, synopts);
	if (wire_send(c, "SA seq 0 ack 1 %s", synopts))
		return -1;
	c->snd_nxt = c->iss + 1;
	if (wire_expect(c, "A seq 1 ack 1 len 0") || wire_connected(c))
		return -1;
	return wire_wait_state(c, WS_ESTABLISHED);
}

static int enter_synchronised(struct wire_conn *c, int state)
{
	bool remote_first = state == WS_CLOSE_WAIT || state == WS_LAST_ACK;

	if (state == WS_ESTABLISHED)
		return 0;
	if (remote_first && (wire_send(c, "FA") || wire_expect(c, "A seq 1 ack 2 len 0")))
		return -1;
	if (state == WS_CLOSE_WAIT)
		return wire_wait_state(c, state);
	if (shutdown(c->fd, SHUT_WR))
		return fail(c->w, "shutdown: %s", strerror(errno));
	if (wire_expect(c, "FA seq 1 ack %u len 0", c->snd_nxt - c->iss))
		return -1;
	if (state == WS_FIN_WAIT1 || state == WS_LAST_ACK)
		return wire_wait_state(c, state);
	if (state == WS_CLOSING) {
		if (wire_send(c, "FA ack 1") || wire_expect(c, "A seq 2 ack 2 len 0"))
			return -1;
		return wire_wait_state(c, state);
	}
	if (wire_send(c, "A ack 2") || wire_wait_state(c, WS_FIN_WAIT2))
		return -1;
	if (state == WS_FIN_WAIT2)
		return 0;
	if (wire_send(c, "FA ack 2") || wire_expect(c, "A seq 2 ack 2 len 0"))
		return -1;
	return wire_wait_state(c, WS_TIME_WAIT);
}

/**
 * wire_enter() - bring the stack into a state
 * @c: the connection
 * @state: any of the eleven; CLOSE is a fresh socket
 * @active: whether the stack opens
 *
 * No data has been sent; the local side, where it has shut down, did so with
 * shutdown(), so that c->fd still shows the state. In SYN_RECV by active open
 * (the simultaneous one) c->fd is the socket; by passive open there is none.
 */
int wire_enter(struct wire_conn *c, int state, bool active)
{
	switch (state) {
	case WS_CLOSE:
		return wire_open(c);
	case WS_LISTEN:
		return wire_listen(c);
	case WS_SYN_SENT:
		return wire_connect(c) ?: wire_wait_state(c, state);
	case WS_SYN_RECV:
		if (!active && wire_listen(c))
			return -1;
		if (active && wire_connect(c))
			return -1;
		if (wire_send(c, "S seq 0 mss 1460") || wire_expect(c, "SA seq 0 ack 1 len 0"))
			return -1;
		c->snd_nxt = c->iss + 1;
		return wire_wait_state(c, state);
	default:
		if (active ? wire_active(c, "mss 1460") : wire_passive(c, "mss 1460"))
			return -1;
		return enter_synchronised(c, state);
	}
}

/**
 * wire_close() - close the connection's socket
 * @c: the connection
 */
void wire_close(struct wire_conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/**
 * wire_abort() - the ABORT call: close with SO_LINGER and no time
 * @c: the connection
 */
void wire_abort(struct wire_conn *c)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	wire_close(c);
}

/**
 * wire_state() - what TCP_INFO says
 * @c: the connection; the listener if it has no socket yet
 *
 * Return: one of enum wire_state, or -1.
 */
int wire_state(struct wire_conn *c)
{
	int fd = c->fd >= 0 ? c->fd : c->lfd;
	socklen_t size = 1;
	uint8_t info[512] = {};

	/* tcpi_state is the first octet of struct tcp_info. */
	size = sizeof(info);
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &size) || size < 1)
		return -1;
	return info[0];
}

/**
 * wire_info() - TCP_INFO
 * @c: the connection, with a socket
 *
 * Return: zero where there is none.
 */
struct tcp_info wire_info(struct wire_conn *c)
{
	struct tcp_info info = {};
	socklen_t len = sizeof(info);

	getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	return info;
}

static bool in_state(struct wire_conn *c, int state)
{
	/* A mini or an orphan has no socket that could be asked. */
	bool ask = c->fd >= 0 && state != WS_TIME_WAIT;

	if (state == WS_LISTEN || (ask && !(state == WS_SYN_RECV && c->lfd >= 0)))
		return wire_state(c) == state;
	return wire_in_state(c->w, state) == 1;
}

/**
 * wire_wait_state() - the connection must be in a state, at the latest soon
 * @c: the connection
 * @state: one of enum wire_state
 *
 * Asks TCP_INFO; where no socket shows the state, the namespace must have
 * exactly one flow in it.
 */
int wire_wait_state(struct wire_conn *c, int state)
{
	int64_t deadline = wire_now() + WIRE_DEADLINE_MS * 1000ll;
	int i;

	while (!in_state(c, state)) {
		if (wire_now() < deadline) {
			usleep(2000);
			continue;
		}
		fail(c->w, "state is %s, expected %s; flows by state:",
		     c->fd >= 0 ? wire_state_name(wire_state(c)) : "elsewhere",
		     wire_state_name(state));
		for (i = 1; i < WS_MAX; i++)
			if (wire_in_state(c->w, i) > 0)
				fprintf(stderr, "#   %s %d\n", wire_state_name(i),
					wire_in_state(c->w, i));
		return -1;
	}
	return 0;
}

/**
 * wire_wait_gone() - no flow but listeners may be left in the namespace
 * @c: the connection
 */
int wire_wait_gone(struct wire_conn *c)
{
	int64_t deadline = wire_now() + WIRE_DEADLINE_MS * 1000ll;
	int i, n;

	for (;;) {
		for (i = 1, n = 0; i < WS_MAX; i++)
			if (i != WS_LISTEN && i != WS_CLOSE)
				n += wire_in_state(c->w, i);
		if (n == 0)
			return 0;
		if (wire_now() >= deadline)
			break;
		usleep(2000);
	}
	for (i = 1; i < WS_MAX; i++)
		if (i != WS_LISTEN && i != WS_CLOSE && wire_in_state(c->w, i))
			fail(NULL, "a flow is still in %s", wire_state_name(i));
	return fail(c->w, "the connection is not gone");
}

/* ---- the application ---- */

/**
 * wire_set_int() - setsockopt() with an int, on c->fd or else on the listener
 * @c: the connection
 * @level: as in setsockopt()
 * @name: likewise
 * @value: likewise
 */
int wire_set_int(struct wire_conn *c, int level, int name, int value)
{
	int fd = c->fd >= 0 ? c->fd : c->lfd;

	if (setsockopt(fd, level, name, &value, sizeof(value)))
		return fail(c->w, "setsockopt(%d, %d, %d): %s", level, name, value,
			    strerror(errno));
	return 0;
}

static int write_pattern(struct wire_conn *c, int n, int flags)
{
	static uint8_t buf[1 << 20];
	int i, done = 0, ret;

	if (n > (int)sizeof(buf))
		return fail(c->w, "the test writes too much");
	for (i = 0; i < n; i++)
		buf[i] = pattern(false, c->wr_off + i);
	while (done < n) {
		ret = send(c->fd, buf + done, n - done, MSG_NOSIGNAL | flags);
		if (ret > 0) {
			done += ret;
			continue;
		}
		if (errno != EAGAIN)
			return fail(c->w, "send: %s", strerror(errno));
		if (poll_socket(c, c->fd, POLLOUT))
			return -1;
	}
	c->wr_off += n;
	return 0;
}

/**
 * wire_write() - the application writes the next octets of its pattern
 * @c: the connection
 * @n: how many, in one call if the socket's buffer has the room
 */
int wire_write(struct wire_conn *c, int n)
{
	return write_pattern(c, n, 0);
}

/**
 * wire_write_urgent() - likewise, with MSG_OOB
 * @c: the connection
 * @n: how many
 */
int wire_write_urgent(struct wire_conn *c, int n)
{
	return write_pattern(c, n, MSG_OOB);
}

/**
 * wire_peer_octet() - an octet of the peer's pattern
 * @off: its place, 0 for the first of the stream
 */
uint8_t wire_peer_octet(uint32_t off)
{
	return pattern(true, off);
}

/**
 * wire_read() - the application must get the next octets of the peer's pattern
 * @c: the connection
 * @n: how many
 */
int wire_read(struct wire_conn *c, int n)
{
	uint8_t buf[4096];
	int i, ret;

	while (n > 0) {
		ret = recv(c->fd, buf, n < (int)sizeof(buf) ? n : (int)sizeof(buf), 0);
		if (ret < 0 && errno == EAGAIN) {
			if (poll_socket(c, c->fd, POLLIN))
				return -1;
			continue;
		}
		if (ret <= 0)
			return fail(c->w, "recv: %s, expected %d octets more",
				    ret ? strerror(errno) : "end of file", n);
		for (i = 0; i < ret; i++, c->rd_off++)
			if (buf[i] != pattern(true, c->rd_off))
				return fail(c->w, "read octet %u as 0x%02x instead of 0x%02x",
					    c->rd_off, buf[i], pattern(true, c->rd_off));
		n -= ret;
	}
	return 0;
}

/**
 * wire_read_none() - there must be nothing to read, and no end of file
 * @c: the connection
 */
int wire_read_none(struct wire_conn *c)
{
	uint8_t buf[16];
	int ret = recv(c->fd, buf, sizeof(buf), MSG_PEEK | MSG_DONTWAIT);

	if (ret < 0 && errno == EAGAIN)
		return 0;
	return fail(c->w, "recv: %d (%s), expected EAGAIN", ret, ret < 0 ? strerror(errno) : "");
}

/**
 * wire_read_eof() - the next read must be the end of the peer's stream
 * @c: the connection
 */
int wire_read_eof(struct wire_conn *c)
{
	uint8_t buf[16];
	int ret;

	if (poll_socket(c, c->fd, POLLIN))
		return -1;
	ret = recv(c->fd, buf, sizeof(buf), 0);
	if (ret == 0)
		return 0;
	return fail(c->w, "recv: %d (%s), expected end of file", ret,
		    ret < 0 ? strerror(errno) : "data");
}

/**
 * wire_wait_error() - the connection must have ended with this error
 * @c: the connection
 * @err: errno value that SO_ERROR must show
 */
int wire_wait_error(struct wire_conn *c, int err)
{
	struct pollfd pfd = { .fd = c->fd };
	socklen_t size = sizeof(int);
	int got = 0;

	/* POLLERR and POLLHUP are always asked for. */
	if (poll(&pfd, 1, 3 * WIRE_DEADLINE_MS) != 1)
		return fail(c->w, "no error, expected %s", strerror(err));
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &got, &size))
		return fail(c->w, "SO_ERROR: %s", strerror(errno));
	if (got != err)
		return fail(c->w, "error is '%s', expected '%s'", strerror(got), strerror(err));
	return wire_wait_state(c, WS_CLOSE);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstate-run: runs a program with the preload library before libc. Looks first
 * whether that can work, and says in one line why not.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/tcpstate.h>

#include "env.h"
#include "ports.h"
#include "program.h"

#define PRELOAD	"libtcpstate-preload.so"

/* As env(1), nohup(1) and timeout(1) have it. */
#define STATUS_OWN		125
#define STATUS_CANNOT_RUN	126
#define STATUS_NOT_FOUND	127

/* How the module marks SO_PROTOCOL: 0x200 and the wire. */
#define PROTOCOL_MARK		0x200

static const char usage[] =
"usage: tcpstate-run [OPTION]... PROGRAM [ARGUMENT]...\n"
"\n"
"Runs PROGRAM with its TCP sockets over IPv4, and those of what it starts, as\n"
"AF_TCPSTATE sockets.\n"
"\n"
"  -p, --ports LIST      only sockets whose local or remote port is in LIST,\n"
"                        such as 80,443,8000-8099\n"
"  -x, --not-ports LIST  not sockets whose local or remote port is in LIST\n"
"  -P, --protocol N      IP protocol on the wire: 6 (default) is TCP, so that the\n"
"                        peer may be any TCP; 253 is the number for experiments\n"
"  -f, --family N        the module's parameter \"family\" (default 18)\n"
"  -4, --ipv4-only       refuse TCP over IPv6 with EAFNOSUPPORT, so that programs\n"
"                        that can do without it take IPv4\n"
"  -l, --log FILE        add a line to FILE for each socket\n"
"  -h, --help            this text\n"
"\n"
"Not reached: programs that are linked statically, are setuid, or do not call\n"
"libc (Go); sockets over IPv6. tcpstate-run(1) has the details.\n"
"\n"
"Status: that of PROGRAM; 125: it was not run, for the reason that is printed;\n"
"126: it cannot be run; 127: it was not found.\n";

static void __attribute__((noreturn, format(printf, 2, 3)))
die(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("tcpstate-run: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(status);
}

static void set_variable(const char *name, const char *value)
{
	if (setenv(name, value, 1))
		die(STATUS_OWN, "%s: %s", name, strerror(errno));
}

static void set_ports(const char *name, const char *list)
{
	struct ports ports;

	if (!ports_parse(&ports, list))
		die(STATUS_OWN, "no list of ports: %s (an example: 80,443,8000-8099)", list);
	set_variable(name, list);
}

static int number(const char *what, const char *text, int low, int high)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < low || value > high)
		die(STATUS_OWN, "%s: %d to %d, not %s", what, low, high, text);
	return value;
}

/* The program may change its folder before the first line. */
static void set_log(const char *name)
{
	char path[PATH_MAX], folder[PATH_MAX];
	FILE *log = fopen(name, "ae");
	int length;

	if (!log)
		die(STATUS_OWN, "%s: %s", name, strerror(errno));
	fclose(log);
	if (*name == '/') {
		set_variable(ENV_LOG, name);
		return;
	}
	if (!getcwd(folder, sizeof(folder)))
		die(STATUS_OWN, "getcwd: %s", strerror(errno));
	length = snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (length >= (int)sizeof(path))
		die(STATUS_OWN, "%s: %s", name, strerror(ENAMETOOLONG));
	set_variable(ENV_LOG, path);
}

/*
 * Opens what the program will open. By system calls: we may be preloaded
 * ourselves, by another tcpstate-run.
 */
static void try_socket(int family, int protocol)
{
	int fd, got = 0;
	socklen_t len = sizeof(got);

	fd = syscall(SYS_socket, family, SOCK_STREAM, protocol);
	if (fd < 0 && errno == EAFNOSUPPORT)
		die(STATUS_OWN, "module tcpstate is not loaded with family %d: insmod tcpstate.ko",
		    family);
	if (fd < 0 && errno == EPERM)
		die(STATUS_OWN,
		    "not permitted: CAP_NET_ADMIN is needed, or sysctl net.tcpstate.unprivileged=1");
	/* Another family, or a wire that ours does not have. */
	if (fd < 0 && errno == EPROTONOSUPPORT)
		die(STATUS_OWN, "family %d is not that of the module tcpstate", family);
	if (fd < 0)
		die(STATUS_OWN, "socket: %s", strerror(errno));
	if (syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_PROTOCOL, &got, &len) ||
	    got != (PROTOCOL_MARK | protocol))
		die(STATUS_OWN, "family %d is not that of the module tcpstate", family);
	close(fd);
}

/* Beside this program, as built, or where it is installed. */
static void find_preload(char *path, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", path, size - sizeof("/" PRELOAD));
	char *slash;

	if (length > 0) {
		path[length] = 0;
		slash = strrchr(path, '/');
		if (slash) {
			strcpy(slash + 1, PRELOAD);
			if (!access(path, R_OK))
				return;
		}
	}
	snprintf(path, size, "%s", PRELOAD_DIR "/" PRELOAD);
	if (access(path, R_OK))
		die(STATUS_OWN, "%s: %s", path, strerror(errno));
}

/* Before what the user preloads, so that it is not taken for libc's by ours. */
static void set_preload(void)
{
	const char *others = getenv("LD_PRELOAD");
	char path[PATH_MAX], *all;

	find_preload(path, sizeof(path));
	/* They separate, and there is no way to quote them. */
	if (strpbrk(path, " :"))
		die(STATUS_OWN, "LD_PRELOAD cannot name a file with a space or a colon: %s", path);
	if (asprintf(&all, "%s%s%s", path, others && *others ? ":" : "",
		     others ? others : "") < 0)
		die(STATUS_OWN, "no memory");
	set_variable("LD_PRELOAD", all);
	free(all);
}

static void look_at(const char *name)
{
	char path[PATH_MAX], detail[PATH_MAX];
	const char *obstacle;

	if (!program_find(name, path, sizeof(path)))
		die(errno == EACCES ? STATUS_CANNOT_RUN : STATUS_NOT_FOUND, "%s: %s", name,
		    strerror(errno));
	obstacle = program_obstacle(path, detail, sizeof(detail));
	if (obstacle)
		die(STATUS_OWN, "%s %s: a preload library does not reach it", detail, obstacle);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "ports", required_argument, NULL, 'p' },
		{ "not-ports", required_argument, NULL, 'x' },
		{ "protocol", required_argument, NULL, 'P' },
		{ "family", required_argument, NULL, 'f' },
		{ "ipv4-only", no_argument, NULL, '4' },
		{ "log", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int option, family = AF_TCPSTATE, protocol = TCPSTATE_PROTO_TCP;
	char text[16];

	/* What an outer tcpstate-run asked for does not hold for this one. */
	unsetenv(ENV_PORTS);
	unsetenv(ENV_NOT_PORTS);
	unsetenv(ENV_IPV4_ONLY);
	unsetenv(ENV_LOG);
	while ((option = getopt_long(argc, argv, "+p:x:P:f:4l:h", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			set_ports(ENV_PORTS, optarg);
			break;
		case 'x':
			set_ports(ENV_NOT_PORTS, optarg);
			break;
		case 'P':
			protocol = number("--protocol", optarg, 0, 255);
			if (protocol != TCPSTATE_PROTO_TCP && protocol != TCPSTATE_PROTO_EXPERIMENT)
				die(STATUS_OWN, "--protocol: 6 or 253, not %s", optarg);
			break;
		case 'f':
			family = number("--family", optarg, 1, AF_MAX - 1);
			break;
		case '4':
			set_variable(ENV_IPV4_ONLY, "1");
			break;
		case 'l':
			set_log(optarg);
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			die(STATUS_OWN, "--help lists the options");
		}
	}
	if (optind == argc)
		die(STATUS_OWN, "no program: --help says how");
	snprintf(text, sizeof(text), "%d", family);
	set_variable(ENV_FAMILY, text);
	snprintf(text, sizeof(text), "%d", protocol);
	set_variable(ENV_PROTOCOL, text);
	look_at(argv[optind]);
	try_socket(family, protocol);
	set_preload();
	execvp(argv[optind], argv + optind);
	die(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN, "%s: %s", argv[optind],
	    strerror(errno));
}

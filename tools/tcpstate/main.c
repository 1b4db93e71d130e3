// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstate: shows the sockets of the family AF_TCPSTATE and what happened to them.
 * Here are the words of the help and the options; each command is elsewhere.
 */
#include <getopt.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "term.h"

static const char *command_name = "";

void die(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	va_start(args, format);
	fprintf(stderr, "tcpstate%s%s: ", *command_name ? " " : "", command_name);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(STATUS_FAILED);
}

void die_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "tcpstate%s%s: ", *command_name ? " " : "", command_name);
	vfprintf(stderr, format, args);
	fprintf(stderr, " (tcpstate %s%s--help explains)\n", command_name, *command_name ? " " : "");
	va_end(args);
	exit(STATUS_USAGE);
}

/* Letters of the options that a command takes, beside -j -o -n -h. */
struct command {
	const char *name;
	int (*run)(const struct options *o);
	const char *arguments;
	int least, most;
	const char *takes;
	const char *summary;
	const char *help;
};

static const struct command commands[] = {
	{ "list", command_list, "", 0, 0, "scpP",
	  "the sockets there are, as ss does",
	  "Each line is one end of a connection, or a listener: its state, what waits in its\n"
	  "queues, its two names, who made it. Recv-Q is what came and was not read; Send-Q is\n"
	  "what was written and is not acknowledged yet.\n"
	  "\n"
	  "  tcpstate list -s established,close-wait\n"
	  "  tcpstate list -p 80\n"
	  "\n"
	  "A long row of CLOSE_WAIT means programs that do not close: the peer has, they have\n"
	  "not. A long row of TIME_WAIT is no mistake: each waits 2MSL for stray segments.\n" },
	{ "watch", command_watch, "", 0, 0, "scpPtN",
	  "changes of state as they happen",
	  "Each line is an edge of the diagram of states: when, which end, from where to where,\n"
	  "and by which event. Ends with Ctrl-C, after -t SECONDS or after -N changes.\n"
	  "\n"
	  "  tcpstate watch            then, elsewhere: curl ...\n"
	  "\n"
	  "A FIN that acknowledges our own FIN takes two edges at once: FIN_WAIT1 to FIN_WAIT2\n"
	  "to TIME_WAIT. Both are told.\n" },
	{ "top", command_top, "", 0, 0, "tN",
	  "how many sockets are in each state, as a moving picture",
	  "The machine of states, each with the number of sockets that are in it, and beside\n"
	  "the edges how often they were taken since the last look. Ends with Ctrl-C.\n" },
	{ "show", command_show, "SOCKET | FILE [SOCKET]", 1, 2, "a",
	  "one socket's transmission control block, and its last events",
	  "The numbers by their names in RFC 9293, each with what it means. Sequence numbers\n"
	  "count from the first one of their side, so that 0 is the SYN.\n"
	  "\n"
	  "  tcpstate show 192.0.2.1:80-192.0.2.2:40000\n" },
	{ "ladder", command_ladder, "SOCKET | FILE [SOCKET]", 1, 2, "awTC",
	  "the sequence diagram of a connection",
	  "Both ends stand side by side where both are on this machine, with their states;\n"
	  "segments go between them. What was sent again, lost or dropped is marked. A picture\n"
	  "is made with -o FILE.svg, text else.\n"
	  "\n"
	  "  tcpstate ladder :80\n"
	  "  tcpstate ladder -o close.svg record.pcapng\n" },
	{ "plot", command_plot, "SOCKET | FILE [SOCKET]", 1, 2, "T",
	  "graphs of one end over time, as SVG",
	  "Sequence numbers sent and acknowledged, the congestion window beside the peer's, and\n"
	  "the round-trip time with the timeout made of it.\n"
	  "\n"
	  "  tcpstate plot -o graph.svg 192.0.2.1:40000\n" },
	{ "dot", command_dot, "[FILE...]", 0, 100, "axC",
	  "the diagram of states, with the edges taken so far",
	  "The diagram is drawn from the very table that the module runs, for graphviz; edges\n"
	  "that were taken are thick and counted, the others pale. Without a FILE the counts\n"
	  "are those of /proc/net/tcpstate_stat; with --all no edge is set apart. -o FILE.svg\n"
	  "calls graphviz; --text draws with characters and needs nothing.\n"
	  "\n"
	  "  tcpstate dot --text\n"
	  "  tcpstate dot -o states.svg\n" },
	{ "record", command_record, "[SOCKET]", 0, 1, "t",
	  "save records to a file for Wireshark and for this command",
	  "Writes what the kernel's flight recorder holds, or with -t SECONDS what it holds\n"
	  "after that time, as pcapng: every segment a packet, with the state and the whole TCB\n"
	  "as its comment. Needs -o FILE. \"ladder\", \"plot\", \"show\" and \"dot\" read it back.\n"
	  "\n"
	  "  tcpstate record -o record.pcapng && wireshark record.pcapng\n" },
	{ "abort", command_abort, "SOCKET", 1, 1, "",
	  "end a connection at once",
	  "The peer gets a RST, the program that has the socket gets ECONNABORTED. Nothing that\n"
	  "waits is sent. Needs CAP_NET_ADMIN.\n" },
};

#define COMMAND_COUNT (ARRAY_LEN(commands))

static const char general[] =
"usage: tcpstate COMMAND [OPTION]... [ARGUMENT]...\n"
"\n"
"Shows the sockets of the family AF_TCPSTATE, and what happened to them.\n"
"\n";

static const char lesson[] =
"\n"
"SOCKET is LOCAL, LOCAL-REMOTE or #ID: 192.0.2.1:80, :80, 192.0.2.1:80-192.0.2.2:4000,\n"
"#17 (\"tcpstate list\" shows the numbers). FILE is what \"tcpstate record\" has written.\n"
"\n"
"To begin: open a connection with tcpstate-run, look at \"tcpstate list\", let\n"
"\"tcpstate watch\" run while it closes, then draw it with \"tcpstate ladder\".\n"
"\"tcpstate COMMAND --help\" teaches each of them; tcpstate(1) has all of it.\n"
"\n"
"Status: 0; 1: it failed, for the reason that is printed; 2: wrong usage.\n";

static const struct option_text {
	char letter;
	const char *name;
	int argument;
	const char *text;
} option_texts[] = {
	{ 's', "state", 1, "only these states, with commas: listen,time-wait" },
	{ 'p', "port", 1, "only this port, local or remote" },
	{ 'c', "comm", 1, "only sockets whose program's name has this in it" },
	{ 'P', "pid", 1, "only sockets of this process" },
	{ 't', "time", 1, "seconds until it ends" },
	{ 'N', "count", 1, "how many until it ends" },
	{ 'a', "all", 0, "leave nothing out" },
	{ 'w', "width", 1, "columns of the text" },
	{ 'T', "title", 1, "words above the picture" },
	{ 'x', "text", 0, "draw with characters" },
	{ 'C', "colour", 0, "colours even where there is no terminal" },
	{ 'o', "output", 1, "write to this file" },
	{ 'n', "netns", 1, "look into this network namespace (ip netns); may be repeated" },
	{ 'j', "json", 0, "print JSON" },
	{ 'h', "help", 0, "this text" },
};

#define OPTION_COUNT (ARRAY_LEN(option_texts))

static bool takes(const struct command *c, char letter)
{
	return strchr("onjh", letter) || strchr(c->takes, letter);
}

static void help_general(void)
{
	size_t i;

	fputs(general, stdout);
	for (i = 0; i < COMMAND_COUNT; i++)
		printf("  %-7s %s\n", commands[i].name, commands[i].summary);
	fputs(lesson, stdout);
}

static void help_command(const struct command *c)
{
	size_t i;

	printf("usage: tcpstate %s [OPTION]...%s%s\n\n%s.\n\n%s\n", c->name,
	       *c->arguments ? " " : "", c->arguments, c->summary, c->help);
	for (i = 0; i < OPTION_COUNT; i++) {
		const struct option_text *o = &option_texts[i];

		if (takes(c, o->letter))
			printf("  -%c, --%-7s %-4s %s\n", o->letter, o->name, o->argument ? "..." : "",
			       o->text);
	}
}

static long number(const char *text, const char *what, long max)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (!*text || *end || n < 1 || n > max)
		die_usage("%s: not a number from 1 to %ld: %s", what, max, text);
	return n;
}

static uint32_t states(char *list)
{
	uint32_t set = 0;
	char *name;

	while ((name = strsep(&list, ","))) {
		uint8_t s = state_by_name(name);

		if (!s)
			die_usage("no such state: %s (CLOSE, LISTEN, SYN_SENT, SYN_RECV, ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSING, TIME_WAIT, CLOSE_WAIT, LAST_ACK)",
				  name);
		set |= 1u << s;
	}
	return set;
}

static void set_option(struct options *o, const struct command *c, int letter)
{
	switch (letter) {
	case 's':
		o->states = states(optarg);
		break;
	case 'p':
		o->port = number(optarg, "port", 65535);
		break;
	case 'P':
		o->pid = number(optarg, "pid", 1 << 22);
		break;
	case 't':
		o->seconds = number(optarg, "time", 1000000);
		break;
	case 'N':
		o->count = number(optarg, "count", 1000000000);
		break;
	case 'w':
		o->width = number(optarg, "width", 1000);
		break;
	case 'c':
		o->comm = optarg;
		break;
	case 'T':
		o->title = optarg;
		break;
	case 'o':
		o->output = optarg;
		break;
	case 'n':
		if (o->netns_count == NETNS_MAX)
			die_usage("too many namespaces");
		o->netns[o->netns_count++] = optarg;
		break;
	case 'a':
		o->all = true;
		break;
	case 'x':
		o->text = true;
		break;
	case 'C':
		o->colour = true;
		break;
	case 'j':
		o->json = true;
		break;
	case 'h':
		help_command(c);
		exit(0);
	}
}

static void read_options(struct options *o, const struct command *c, int argc, char **argv)
{
	struct option longs[OPTION_COUNT + 1] = {};
	char shorts[3 * OPTION_COUNT + 2] = ":";
	size_t i, n = 0, k = 1;
	int letter;

	for (i = 0; i < OPTION_COUNT; i++) {
		const struct option_text *t = &option_texts[i];

		if (!takes(c, t->letter))
			continue;
		longs[n++] = (struct option) { t->name, t->argument, NULL, t->letter };
		shorts[k++] = t->letter;
		if (t->argument)
			shorts[k++] = ':';
	}
	opterr = 0;
	while ((letter = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (letter == ':')
			die_usage("%s needs a value", argv[optind - 1]);
		if (letter == '?')
			die_usage("unknown option %s", argv[optind - 1]);
		set_option(o, c, letter);
	}
	o->arguments = argv + optind;
	o->argument_count = argc - optind;
	if (o->argument_count < c->least)
		die_usage("%s is missing", c->arguments);
	if (o->argument_count > c->most)
		die_usage("too many arguments");
}

int main(int argc, char **argv)
{
	struct options o = {};
	size_t i;

	setlocale(LC_CTYPE, "");
	if (argc < 2)
		die_usage("no command");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		help_general();
		return 0;
	}
	for (i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		command_name = commands[i].name;
		o.colour = term_colour();
		read_options(&o, &commands[i], argc - 1, argv + 1);
		return commands[i].run(&o);
	}
	die_usage("no such command: %s", argv[1]);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the commands share: their options, how they fail, and which connection is meant.
 */
#ifndef TCPSTATE_TOOL_COMMAND_H
#define TCPSTATE_TOOL_COMMAND_H

#include "history.h"

#define NETNS_MAX	16

/**
 * struct options - what was asked for
 * @json: print JSON
 * @all: leave nothing out
 * @text: draw with characters
 * @colour: paint
 * @width: columns, 0: as the terminal has
 * @seconds: until it ends, 0: never
 * @count: likewise, how many
 * @states: set of 1 << state, 0: any
 * @port: local or remote, 0: any
 * @pid: of the owner, 0: any
 * @comm: part of the owner's name, NULL: any
 * @output: file, NULL: standard output
 * @title: of a picture, NULL: a usual one
 * @netns: names of network namespaces; none: this one
 * @netns_count: how many
 * @arguments: what follows the options
 * @argument_count: how many
 */
struct options {
	bool json;
	bool all;
	bool text;
	bool colour;
	int width;
	int seconds;
	int count;
	uint32_t states;
	uint16_t port;
	uint32_t pid;
	const char *comm;
	const char *output;
	const char *title;
	const char *netns[NETNS_MAX];
	int netns_count;
	char **arguments;
	int argument_count;
};

/* Statuses. */
#define STATUS_FAILED	1
#define STATUS_USAGE	2

void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...);
void __attribute__((noreturn, format(printf, 1, 2))) die_usage(const char *format, ...);

struct flow *select_flow(struct history *h, const char *socket, const char *where);
struct flow *load_flow(struct history *h, const struct options *o);
bool is_file(const char *argument);
void finish(struct text *t, const struct options *o);

int command_list(const struct options *o);
int command_show(const struct options *o);
int command_watch(const struct options *o);
int command_top(const struct options *o);
int command_ladder(const struct options *o);
int command_plot(const struct options *o);
int command_dot(const struct options *o);
int command_record(const struct options *o);
int command_abort(const struct options *o);

#endif /* TCPSTATE_TOOL_COMMAND_H */

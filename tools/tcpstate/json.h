/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writes JSON: puts the commas and the indentation, the caller the rest.
 */
#ifndef TCPSTATE_TOOL_JSON_H
#define TCPSTATE_TOOL_JSON_H

#include <stdbool.h>

#include "text.h"

/* @key may be NULL in all of these: an element of an array. */
struct json {
	struct text text;
	int depth;
	bool more;
	bool flat;	/* all on one line, for what comes as it happens */
};

void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j, char bracket);
void json_string(struct json *j, const char *key, const char *value);
void json_number(struct json *j, const char *key, long long value);
void json_real(struct json *j, const char *key, double value);
void json_bool(struct json *j, const char *key, bool value);

#endif /* TCPSTATE_TOOL_JSON_H */

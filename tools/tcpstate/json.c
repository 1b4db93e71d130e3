// SPDX-License-Identifier: GPL-2.0
/*
 * Writes JSON, an element a line.
 */
#include "json.h"

static void begin(struct json *j, const char *key)
{
	if (j->more)
		text_add(&j->text, ",");
	if (j->depth && !j->flat) {
		text_add(&j->text, "\n");
		text_repeat(&j->text, "  ", j->depth);
	} else if (j->more) {
		text_add(&j->text, " ");
	}
	if (key) {
		text_json(&j->text, key);
		text_add(&j->text, ": ");
	}
	j->more = true;
}

void json_open(struct json *j, const char *key, char bracket)
{
	begin(j, key);
	text_add(&j->text, "%c", bracket);
	j->depth++;
	j->more = false;
}

void json_close(struct json *j, char bracket)
{
	j->depth--;
	if (j->more && !j->flat) {
		text_add(&j->text, "\n");
		text_repeat(&j->text, "  ", j->depth);
	}
	text_add(&j->text, "%c", bracket);
	j->more = j->depth > 0;
	if (!j->depth)
		text_add(&j->text, "\n");
}

void json_string(struct json *j, const char *key, const char *value)
{
	begin(j, key);
	text_json(&j->text, value);
}

void json_number(struct json *j, const char *key, long long value)
{
	begin(j, key);
	text_add(&j->text, "%lld", value);
}

void json_real(struct json *j, const char *key, double value)
{
	begin(j, key);
	text_add(&j->text, "%.9f", value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	begin(j, key);
	text_add(&j->text, "%s", value ? "true" : "false");
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A string that grows, and the ways to put foreign text into XML and JSON.
 */
#ifndef TCPSTATE_TOOL_TEXT_H
#define TCPSTATE_TOOL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* @s is always ended by a NUL once something was added. */
struct text {
	char *s;
	size_t len;
	size_t room;
};

void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_bytes(struct text *t, const void *data, size_t len);
void text_repeat(struct text *t, const char *s, int count);
void text_xml(struct text *t, const char *s);
void text_json(struct text *t, const char *s);
void text_free(struct text *t);
int text_write(const struct text *t, const char *path);

int text_columns(const char *s);
void *tool_alloc(void *old, size_t size);

#endif /* TCPSTATE_TOOL_TEXT_H */

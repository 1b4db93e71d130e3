// SPDX-License-Identifier: GPL-2.0
/*
 * A string that grows. There is nothing sensible to do without memory, so that
 * ends the program here, in one place.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/**
 * tool_alloc() - realloc() that does not fail
 * @old: what there was, or NULL
 * @size: octets
 *
 * Return: the memory.
 */
void *tool_alloc(void *old, size_t size)
{
	void *mem = realloc(old, size);

	if (!mem) {
		fputs("tcpstate: out of memory\n", stderr);
		exit(1);
	}
	return mem;
}

static void make_room(struct text *t, size_t more)
{
	if (t->len + more + 1 <= t->room)
		return;
	t->room = (t->len + more + 1) * 2;
	t->s = tool_alloc(t->s, t->room);
}

void text_bytes(struct text *t, const void *data, size_t len)
{
	make_room(t, len);
	if (len)
		memcpy(t->s + t->len, data, len);
	t->len += len;
	t->s[t->len] = '\0';
}

void text_add(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		return;
	make_room(t, n);
	va_start(args, format);
	vsnprintf(t->s + t->len, n + 1, format, args);
	va_end(args);
	t->len += n;
}

void text_repeat(struct text *t, const char *s, int count)
{
	while (count-- > 0)
		text_bytes(t, s, strlen(s));
}

/* Control characters have no place in XML 1.0 at all. */
void text_xml(struct text *t, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '&':
			text_add(t, "&amp;");
			break;
		case '<':
			text_add(t, "&lt;");
			break;
		case '>':
			text_add(t, "&gt;");
			break;
		case '"':
			text_add(t, "&quot;");
			break;
		default:
			text_bytes(t, (unsigned char)*s < ' ' ? "?" : s, 1);
		}
	}
}

void text_json(struct text *t, const char *s)
{
	text_add(t, "\"");
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			text_add(t, "\\%c", *s);
		else if ((unsigned char)*s < ' ')
			text_add(t, "\\u%04x", *s);
		else
			text_bytes(t, s, 1);
	}
	text_add(t, "\"");
}

void text_free(struct text *t)
{
	free(t->s);
	memset(t, 0, sizeof(*t));
}

/**
 * text_write() - write all of it
 * @t: the text
 * @path: of a file, or NULL for the standard output
 *
 * Return: 0, or -errno.
 */
int text_write(const struct text *t, const char *path)
{
	FILE *f = path ? fopen(path, "w") : stdout;
	int err = 0;

	if (!f)
		return -errno;
	if (t->len && fwrite(t->s, 1, t->len, f) != t->len)
		err = -errno;
	if (path ? fclose(f) : fflush(f))
		err = err ? err : -errno;
	return err;
}

/**
 * text_columns() - how wide a terminal shows a string
 * @s: UTF-8 without wide or combining characters
 *
 * Return: columns.
 */
int text_columns(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

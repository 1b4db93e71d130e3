// SPDX-License-Identifier: GPL-2.0
/*
 * What is known of the terminal: colours, characters, size.
 */
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "term.h"

bool term_colour(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && term && strcmp(term, "dumb");
}

bool term_utf8(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

static int from_environment(const char *name)
{
	const char *s = getenv(name);

	return s ? atoi(s) : 0;
}

/* COLUMNS stands above what the terminal says, as elsewhere. */
int term_width(int otherwise)
{
	int n = from_environment("COLUMNS");
	struct winsize size;

	if (n > 0)
		return n;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return otherwise;
}

int term_height(int otherwise)
{
	int n = from_environment("LINES");
	struct winsize size;

	if (n > 0)
		return n;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row)
		return size.ws_row;
	return otherwise;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The log of --log. Never stderr: a daemon may have a connection or a file of
 * its own under number 2.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "preload.h"

/**
 * log_line() - add a line to the log
 * @format: as for printf(3), without the newline
 */
void log_line(const char *format, ...)
{
	int fd, length, saved = errno;
	char line[256];
	va_list args;

	if (!settings.log)
		return;
	/* Opened for each line: the program may close all that it does not know. */
	fd = open(settings.log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
	if (fd >= 0) {
		length = snprintf(line, sizeof(line), "%d %s: ", getpid(),
				  program_invocation_short_name);
		va_start(args, format);
		length += vsnprintf(line + length, sizeof(line) - length - 1, format, args);
		va_end(args);
		if (length > (int)sizeof(line) - 2)
			length = sizeof(line) - 2;
		line[length++] = '\n';
		/* A log that cannot be written is no reason to stop the program. */
		if (write(fd, line, length) < 0)
			errno = saved;
		close(fd);
	}
	errno = saved;
}

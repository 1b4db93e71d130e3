// SPDX-License-Identifier: GPL-2.0
/*
 * Finds a program as execvp(3) does, and tells whether a preload library reaches
 * it: the dynamic linker has to load it, and has to trust the environment. It is
 * a look ahead for a clear message; what the program starts is not looked at.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "program.h"

/* As in the kernel: a script's interpreter may be a script, but not for ever. */
#define SCRIPTS		5

static bool can_run(const char *path)
{
	struct stat st;

	return !access(path, X_OK) && !stat(path, &st) && S_ISREG(st.st_mode);
}

/**
 * program_find() - the file that a command's name means
 * @name: with a slash: itself; else looked for in PATH
 * @path: the file
 * @size: room in @path, octets
 *
 * Return: false, with errno, if there is none that can be run.
 */
bool program_find(const char *name, char *path, size_t size)
{
	const char *list = getenv("PATH"), *end;

	if (strchr(name, '/')) {
		if ((size_t)snprintf(path, size, "%s", name) >= size) {
			errno = ENAMETOOLONG;
			return false;
		}
		if (access(path, F_OK))
			return false;
		errno = EACCES;
		return can_run(path);
	}
	for (list = list ? list : "/bin:/usr/bin"; *list; list = *end ? end + 1 : end) {
		end = strchrnul(list, ':');
		/* An empty part is the folder one is in. */
		snprintf(path, size, "%.*s%s%s", (int)(end - list), list,
			 end == list ? "" : "/", name);
		if (can_run(path))
			return true;
	}
	errno = ENOENT;
	return false;
}

/* An executable that makes the kernel set AT_SECURE when we run it. */
static const char *privileged(const char *path)
{
	struct statvfs fs;
	struct stat st;

	if (stat(path, &st) || (!statvfs(path, &fs) && fs.f_flag & ST_NOSUID))
		return NULL;
	if (st.st_mode & S_ISUID && st.st_uid != getuid())
		return "is setuid";
	if (st.st_mode & S_ISGID && st.st_mode & S_IXGRP && st.st_gid != getgid())
		return "is setgid";
	if (getuid() && getxattr(path, "security.capability", NULL, 0) > 0)
		return "has capabilities of its own";
	return NULL;
}

/* The first line of a script, after "#!", up to the interpreter's end. */
static bool interpreter_of(const char *head, size_t length, char *path, size_t size)
{
	const char *begin = head + 2, *end;

	if (length < 2 || memcmp(head, "#!", 2))
		return false;
	begin += strspn(begin, " \t");
	end = begin + strcspn(begin, " \t\n");
	if (end == begin)
		return false;
	return (size_t)snprintf(path, size, "%.*s", (int)(end - begin), begin) < size;
}

static const char *check_elf64(int fd, const Elf64_Ehdr *header)
{
	Elf64_Phdr part;
	int i;

	for (i = 0; i < header->e_phnum; i++) {
		if (pread(fd, &part, sizeof(part),
			  header->e_phoff + (off_t)i * header->e_phentsize) != sizeof(part))
			return NULL;
		if (part.p_type == PT_INTERP)
			return NULL;
	}
	return "is linked statically";
}

static const char *check_elf(int fd, const unsigned char *head, size_t length)
{
	Elf64_Ehdr header, own = { 0 };
	const char *verdict = NULL;
	int self;

	if (length < sizeof(header) || memcmp(head, ELFMAG, SELFMAG))
		return NULL;
	memcpy(&header, head, sizeof(header));
	self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (self < 0)
		return NULL;
	if (read(self, &own, sizeof(own)) == sizeof(own)) {
		if (header.e_ident[EI_CLASS] != own.e_ident[EI_CLASS] ||
		    header.e_machine != own.e_machine)
			verdict = "is for another architecture than the preload library";
		else if (header.e_ident[EI_CLASS] == ELFCLASS64)
			verdict = check_elf64(fd, &header);
	}
	close(self);
	return verdict;
}

/**
 * program_obstacle() - why the preload library does not reach a program
 * @path: the file
 * @detail: the file that the answer is about: an interpreter, if @path is a script
 * @size: room in @detail
 *
 * Return: what the file is, as the rest of a sentence; NULL if nothing is known
 * that stands in the way.
 */
const char *program_obstacle(const char *path, char *detail, size_t size)
{
	char head[PATH_MAX + 1], next[PATH_MAX];
	const char *verdict;
	ssize_t length;
	int fd, i;

	snprintf(detail, size, "%s", path);
	for (i = 0; i < SCRIPTS; i++) {
		/* The kernel does not heed a script's own bits. */
		fd = open(detail, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return privileged(detail);
		length = read(fd, head, sizeof(head) - 1);
		head[length > 0 ? length : 0] = 0;
		if (length > 0 && interpreter_of(head, length, next, sizeof(next))) {
			close(fd);
			snprintf(detail, size, "%s", next);
			continue;
		}
		verdict = length > 0 ? check_elf(fd, (unsigned char *)head, length) : NULL;
		close(fd);
		return verdict ? verdict : privileged(detail);
	}
	return NULL;
}

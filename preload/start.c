// SPDX-License-Identifier: MIT
/* The program that a command runs with its object. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "preload/start.h"

/* ---- a look at the program: ld.so loads no object into some programs, and reports nothing ---- */

static bool find(const char *name, char *ret, size_t size)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/')) {
		snprintf(ret, size, "%s", name);
		return access(ret, X_OK) == 0;
	}
	while (path && *path) {
		size_t length = strcspn(path, ":");

		snprintf(ret, size, "%.*s/%s", (int)length, path, name);
		if (access(ret, X_OK) == 0)
			return true;
		path += length + (path[length] == ':');
	}
	return false;
}

/* True for an ELF file of 64 bits that names no dynamic linker. */
static bool is_static(int fd)
{
	Elf64_Ehdr header;
	Elf64_Phdr segment;

	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64)
		return false;
	for (unsigned i = 0; i < header.e_phnum; i++) {
		off_t at = (off_t)(header.e_phoff + (uint64_t)i * header.e_phentsize);

		if (pread(fd, &segment, sizeof(segment), at) != sizeof(segment))
			return false;
		if (segment.p_type == PT_INTERP)
			return false;
	}
	return true;
}

void program_check(const char *name)
{
	char path[PATH_MAX];
	struct stat status;
	int fd;

	if (!find(name, path, sizeof(path)))
		return; /* execvp() reports the reason */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return;
	if (is_static(fd))
		die("%s is linked statically: only programs that ld.so loads can be served", path);
	if (((status.st_mode & S_ISUID) && status.st_uid != geteuid()) ||
	    ((status.st_mode & S_ISGID) && status.st_gid != getegid()))
		die("%s changes its user or group: ld.so then preloads no object", path);
	if (geteuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0)
		die("%s has file capabilities: ld.so then preloads no object", path);
	close(fd);
}

/* ---- the start ---- */

void find_file(const char *beside, const char *installed, char *ret, size_t size)
{
	char *end;
	ssize_t length = readlink("/proc/self/exe", ret, size - 1);

	if (length > 0) {
		ret[length] = '\0';
		end = strrchr(ret, '/');
		snprintf(end, size - (size_t)(end - ret), "/%s", beside);
		if (access(ret, F_OK) == 0)
			return;
	}
	snprintf(ret, size, "%s", installed);
}

void extend_variable(const char *name, const char *separator, const char *value, enum side side)
{
	const char *old = getenv(name), *first, *last;
	char *text;

	if (!old || !*old)
		old = separator = "";
	first = side == BEFORE ? value : old;
	last = side == BEFORE ? old : value;
	if (asprintf(&text, "%s%s%s", first, separator, last) < 0)
		die("no memory");
	setenv(name, text, 1);
	free(text);
}

void preload_object(const char *path, enum side side)
{
	if (access(path, R_OK) < 0)
		die("%s: %m", path);
	/* ld.so(8): the separators. ld.so would ignore the object with a message only. */
	if (strpbrk(path, " :"))
		die("%s: LD_PRELOAD cannot have a path with a space or a colon", path);
	extend_variable("LD_PRELOAD", " ", path, side);
	/* AddressSanitizer ends a program before whose runtime another object is loaded. */
	extend_variable("ASAN_OPTIONS", ":", "verify_asan_link_order=0", AFTER);
}

void run_program(char **program, const sigset_t *mask)
{
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(program[0], program);
	fprintf(stderr, "%s: %s: %m\n", command_name, program[0]);
	_exit(errno == ENOENT ? 127 : 126);
}

int exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

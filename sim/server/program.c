// SPDX-License-Identifier: MIT
/* A look at the program: ld.so loads no object into some programs, and reports nothing. */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server.h"

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
		die("%s is linked statically: the simulator reaches only programs that ld.so loads",
		    path);
	if (((status.st_mode & S_ISUID) && status.st_uid != geteuid()) ||
	    ((status.st_mode & S_ISGID) && status.st_gid != getegid()))
		die("%s changes its user or group: ld.so then preloads no object", path);
	close(fd);
}

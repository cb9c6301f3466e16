// SPDX-License-Identifier: MIT
/* Opening: open(2), openat(2), creat(2), fopen(3) and their other names. */
#include "preload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* vfiopm-sim passes an fd that is closed on exec(2). */
static int finish(int64_t result, int fd, int flags)
{
	if (fd >= 0 && !(flags & O_CLOEXEC))
		syscall(SYS_fcntl, fd, F_SETFD, 0);
	return result < 0 ? (int)call_result(result) : fd;
}

/* Returns false if the path is not that of a simulated file. */
static bool open_fdinfo(const char *path, int flags, int *ret)
{
	struct sim_call call = { .kind = SIM_CALL_FDINFO };
	struct stat file;
	int64_t result;
	char rest;
	int fd;

	if (sscanf(path, "/proc/self/fdinfo/%d%c", &fd, &rest) != 1 ||
	    !call_is_simulated(fd, &file))
		return false;
	result = call_on_file(&call, &file, 0, &fd);
	if (result == -ENOSYS)
		return false;
	*ret = finish(result, fd, flags);
	return true;
}

static int open_in_tree(const char *place, int flags, bool for_stream)
{
	struct sim_call call = { .kind = SIM_CALL_OPEN,
				 .flags = (uint32_t)flags,
				 .request = for_stream };
	const char *path = path_of(place);
	int64_t result;
	int fd;

	if (strlen(path) >= sizeof(call.bytes))
		return (int)call_result(-ENAMETOOLONG);
	if (!(flags & (O_PATH | O_DIRECTORY))) {
		strcpy(call.bytes, path);
		result = call_make(&call, strlen(path), &fd);
		if (result != -ENOSYS)
			return finish(result, fd, flags);
	}
	/* sysfs creates and truncates nothing. */
	return REAL(open)(place, flags & ~(O_CREAT | O_EXCL | O_TRUNC));
}

static int open_at(int directory, const char *path, int flags, mode_t mode)
{
	char place[PLACE_MAX];
	int fd;

	if (path && strncmp(path, "/proc/self/fdinfo/", 18) == 0 && call_directory() &&
	    open_fdinfo(path, flags, &fd))
		return fd;
	switch (path_find(directory, path, place)) {
	case WHERE_TREE:
		return open_in_tree(place, flags, false);
	case WHERE_PLACE:
		return REAL(open)(place, flags, mode);
	default:
		return directory == AT_FDCWD ? REAL(open)(path, flags, mode)
					     : REAL(openat)(directory, path, flags, mode);
	}
}

#define MODE_OF(flags)                                                                             \
	__extension__({                                                                            \
		mode_t mode = 0;                                                                   \
		if ((flags) & (O_CREAT | O_TMPFILE)) {                                             \
			va_list args;                                                              \
			va_start(args, flags);                                                     \
			mode = va_arg(args, mode_t);                                               \
			va_end(args);                                                              \
		}                                                                                  \
		mode;                                                                              \
	})

EXPORT int open(const char *path, int flags, ...)
{
	return open_at(AT_FDCWD, path, flags, MODE_OF(flags));
}

EXPORT int open64(const char *path, int flags, ...)
{
	return open_at(AT_FDCWD, path, flags, MODE_OF(flags));
}

EXPORT int openat(int directory, const char *path, int flags, ...)
{
	return open_at(directory, path, flags, MODE_OF(flags));
}

EXPORT int openat64(int directory, const char *path, int flags, ...)
{
	return open_at(directory, path, flags, MODE_OF(flags));
}

EXPORT int creat(const char *path, mode_t mode)
{
	return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

EXPORT int creat64(const char *path, mode_t mode)
{
	return creat(path, mode);
}

/* The names that _FORTIFY_SOURCE makes of open() without a mode. */
EXPORT int __open_2(const char *path, int flags);
EXPORT int __open64_2(const char *path, int flags);
EXPORT int __openat_2(int directory, const char *path, int flags);
EXPORT int __openat64_2(int directory, const char *path, int flags);

int __open_2(const char *path, int flags)
{
	return open_at(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
	return open_at(AT_FDCWD, path, flags, 0);
}

int __openat_2(int directory, const char *path, int flags)
{
	return open_at(directory, path, flags, 0);
}

int __openat64_2(int directory, const char *path, int flags)
{
	return open_at(directory, path, flags, 0);
}

/* ---- streams ---- */

static int flags_of(const char *mode)
{
	int flags = strchr(mode, '+') ? O_RDWR : mode[0] == 'r' ? O_RDONLY : O_WRONLY;

	return strchr(mode, 'e') ? flags | O_CLOEXEC : flags;
}

/* The C library reads and writes the fd of a stream without read(2) and write(2). The files of
 * vfiopm-sim allow for that. */
static FILE *open_stream(const char *place, const char *mode)
{
	int fd = open_in_tree(place, flags_of(mode), true), saved_errno;
	FILE *stream;

	if (fd < 0)
		return NULL;
	stream = fdopen(fd, mode);
	if (!stream) {
		saved_errno = errno;
		close(fd);
		errno = saved_errno;
	}
	return stream;
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
	char place[PLACE_MAX];

	switch (path_find(AT_FDCWD, path, place)) {
	case WHERE_TREE:
		return open_stream(place, mode);
	case WHERE_PLACE:
		return REAL(fopen)(place, mode);
	default:
		return REAL(fopen)(path, mode);
	}
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
	return fopen(path, mode);
}

// SPDX-License-Identifier: MIT
/* Links and directories: readlink(2), realpath(3), opendir(3), chdir(2) and their other names. The
 * functions that read an open directory are not here: the directory is a real one. */
#include "preload.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void __chk_fail(void) __attribute__((noreturn));

/* ---- links ---- */

/* The link of an fd leads to what the program opened. */
static ssize_t read_link_of_fd(const char *path, char *target, size_t size)
{
	static const char device[] = "anon_inode:[vfio-device]";
	char whole[PATH_MAX];
	ssize_t length = REAL(readlink)(path, target, size);
	struct stat file;
	char rest;
	int fd;

	if (length > 0)
		length = (ssize_t)path_strip(target, (size_t)length);
	if (length <= 0 || sscanf(path, "/proc/self/fd/%d%c", &fd, &rest) != 1 ||
	    !call_is_simulated(fd, &file))
		return length;
	/* The name of the memfd can be longer than the buffer, unlike the path of the node. */
	if (SIM_MARK_OF(file.st_mode) == SIM_MARK_DEVICE) {
		length = sizeof(device) - 1;
		memcpy(whole, device, sizeof(device));
	} else {
		length = REAL(readlink)(path, whole, sizeof(whole));
		length = length < 0 ? length : (ssize_t)path_of_memfd(whole, (size_t)length);
	}
	if (length > (ssize_t)size)
		length = (ssize_t)size;
	if (length > 0)
		memcpy(target, whole, (size_t)length);
	return length;
}

EXPORT ssize_t readlinkat(int directory, const char *path, char *target, size_t size)
{
	char place[PLACE_MAX];

	if (path && strncmp(path, "/proc/self/", 11) == 0)
		return read_link_of_fd(path, target, size);
	if (path_find(directory, path, place) == WHERE_REAL)
		return REAL(readlinkat)(directory, path, target, size);
	return REAL(readlinkat)(AT_FDCWD, place, target, size);
}

EXPORT ssize_t readlink(const char *path, char *target, size_t size)
{
	return readlinkat(AT_FDCWD, path, target, size);
}

EXPORT ssize_t __readlink_chk(const char *path, char *target, size_t size, size_t room);
EXPORT ssize_t __readlinkat_chk(int directory, const char *path, char *target, size_t size,
				size_t room);

ssize_t __readlink_chk(const char *path, char *target, size_t size, size_t room)
{
	if (size > room)
		__chk_fail();
	return readlink(path, target, size);
}

ssize_t __readlinkat_chk(int directory, const char *path, char *target, size_t size, size_t room)
{
	if (size > room)
		__chk_fail();
	return readlinkat(directory, path, target, size);
}

EXPORT char *realpath(const char *path, char *resolved)
{
	char place[PLACE_MAX];
	char *found;

	if (path_find(AT_FDCWD, path, place) == WHERE_REAL)
		return REAL(realpath)(path, resolved);
	found = REAL(realpath)(place, resolved);
	if (found)
		found[path_strip(found, strlen(found))] = '\0';
	return found;
}

EXPORT char *__realpath_chk(const char *path, char *resolved, size_t room);

char *__realpath_chk(const char *path, char *resolved, size_t room)
{
	if (room < PATH_MAX)
		__chk_fail();
	return realpath(path, resolved);
}

EXPORT char *canonicalize_file_name(const char *path)
{
	return realpath(path, NULL);
}

/* ---- directories ---- */

EXPORT DIR *opendir(const char *path)
{
	char place[PLACE_MAX];

	return REAL(opendir)(path_find(AT_FDCWD, path, place) == WHERE_REAL ? path : place);
}

EXPORT int scandir(const char *path, struct dirent ***entries,
		   int (*is_wanted)(const struct dirent *entry),
		   int (*compare)(const struct dirent **one, const struct dirent **other))
{
	char place[PLACE_MAX];

	return REAL(scandir)(path_find(AT_FDCWD, path, place) == WHERE_REAL ? path : place, entries,
			     is_wanted, compare);
}

EXPORT int scandir64(const char *path, struct dirent64 ***entries,
		     int (*is_wanted)(const struct dirent64 *entry),
		     int (*compare)(const struct dirent64 **one, const struct dirent64 **other))
{
	char place[PLACE_MAX];

	return REAL(scandir64)(path_find(AT_FDCWD, path, place) == WHERE_REAL ? path : place,
			       entries, is_wanted, compare);
}

EXPORT int scandirat(int directory, const char *path, struct dirent ***entries,
		     int (*is_wanted)(const struct dirent *entry),
		     int (*compare)(const struct dirent **one, const struct dirent **other))
{
	char place[PLACE_MAX];

	if (path_find(directory, path, place) == WHERE_REAL)
		return REAL(scandirat)(directory, path, entries, is_wanted, compare);
	return REAL(scandir)(place, entries, is_wanted, compare);
}

EXPORT int scandirat64(int directory, const char *path, struct dirent64 ***entries,
		       int (*is_wanted)(const struct dirent64 *entry),
		       int (*compare)(const struct dirent64 **one, const struct dirent64 **other))
{
	char place[PLACE_MAX];

	if (path_find(directory, path, place) == WHERE_REAL)
		return REAL(scandirat64)(directory, path, entries, is_wanted, compare);
	return REAL(scandir64)(place, entries, is_wanted, compare);
}

EXPORT int chdir(const char *path)
{
	char place[PLACE_MAX];

	return REAL(chdir)(path_find(AT_FDCWD, path, place) == WHERE_REAL ? path : place);
}

EXPORT char *getcwd(char *path, size_t size)
{
	char *found = REAL(getcwd)(path, size);

	if (found)
		found[path_strip(found, strlen(found))] = '\0';
	return found;
}

EXPORT char *__getcwd_chk(char *path, size_t size, size_t room);

char *__getcwd_chk(char *path, size_t size, size_t room)
{
	if (size > room)
		__chk_fail();
	return getcwd(path, size);
}

/* The C library's glob(3) opens directories by itself, so it gets the pattern with the root. */
EXPORT int glob(const char *pattern, int flags, int (*fail)(const char *path, int error),
		glob_t *found)
{
	char place[PLACE_MAX];
	size_t first = flags & GLOB_APPEND ? found->gl_pathc : 0;
	int r;

	if (path_find(AT_FDCWD, pattern, place) == WHERE_REAL)
		return REAL(glob)(pattern, flags, fail, found);
	r = REAL(glob)(place, flags, fail, found);
	for (size_t i = first; r == 0 && i < found->gl_pathc; i++) {
		char *path = found->gl_pathv[(flags & GLOB_DOOFFS ? found->gl_offs : 0) + i];

		path[path_strip(path, strlen(path))] = '\0';
	}
	return r;
}

EXPORT int glob64(const char *pattern, int flags, int (*fail)(const char *path, int error),
		  glob64_t *found)
{
	return glob(pattern, flags, fail, (glob_t *)(void *)found);
}

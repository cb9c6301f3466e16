// SPDX-License-Identifier: MIT
/*
 * The paths that vfiopm-sim serves. A directory below its root is an ordinary directory: the
 * program's working directory or a directory fd can be there. The kernel then reports the path of
 * that place, and the functions here translate between it and the path that the program knows.
 */
#include "preload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *path;
	/* The real directory shows through: only what vfiopm-sim has there is served. A program can
	 * follow a link of a real device to it. */
	bool is_shared;
} served[] = {
	{ "/sys/bus/pci", false },
	{ "/sys/devices/pci0000:00", true },
	{ "/sys/kernel/iommu_groups", false },
	{ "/sys/class/vfio-dev", false },
	{ "/sys/class/vfio", false },
	{ "/sys/class/iommu", false },
	{ "/dev/vfio", false },
	{ "/dev/iommu", false },
};

static bool begins_with(const char *path, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(path, prefix, length) == 0 && (!path[length] || path[length] == '/');
}

static size_t root_of(char text[SIM_PATH_MAX + sizeof(SIM_ROOT)])
{
	return (size_t)snprintf(text, SIM_PATH_MAX + sizeof(SIM_ROOT), "%s" SIM_ROOT,
				call_directory());
}

const char *path_of(const char *place)
{
	return place + strlen(call_directory()) + strlen(SIM_ROOT);
}

size_t path_strip(char *text, size_t length)
{
	char root[SIM_PATH_MAX + sizeof(SIM_ROOT)];
	size_t skip;

	if (!call_directory())
		return length;
	skip = root_of(root);
	if (length <= skip || strncmp(text, root, skip) != 0 || text[skip] != '/')
		return length;
	memmove(text, text + skip, length - skip);
	return length - skip;
}

/* The path of the directory to which a relative path belongs. */
static bool find_base(int directory, char *ret, size_t size, bool *ret_in_tree)
{
	size_t stripped;

	char link[32] = "/proc/self/cwd";
	long length;

	if (directory != AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/self/fd/%d", directory);
	length = syscall(SYS_readlinkat, AT_FDCWD, link, ret, size - 1);
	if (length <= 0 || ret[0] != '/')
		return false;
	ret[length] = '\0';
	stripped = path_strip(ret, (size_t)length);
	ret[stripped] = '\0';
	*ret_in_tree = stripped < (size_t)length;
	return true;
}

/* Append the path to the base, without empty parts and without ".". A ".." at the beginning removes
 * a part of the base, which contains no links. */
static bool join(char *base, size_t size, const char *path)
{
	size_t length = strlen(base);
	bool at_base = true;

	while (length > 0 && base[length - 1] == '/')
		length--;
	while (*path) {
		size_t part = strcspn(path, "/");

		if (part == 2 && strncmp(path, "..", 2) == 0 && at_base) {
			while (length > 0 && base[--length] != '/')
				;
		} else if (part > 0 && !(part == 1 && *path == '.')) {
			at_base = false;
			if (length + part + 2 > size)
				return false;
			base[length++] = '/';
			memcpy(base + length, path, part);
			length += part;
		}
		path += part;
		path += strspn(path, "/");
	}
	if (length == 0)
		base[length++] = '/';
	base[length] = '\0';
	return true;
}

static bool is_served(const char *path, const char *place)
{
	for (size_t i = 0; i < sizeof(served) / sizeof(served[0]); i++) {
		if (begins_with(path, served[i].path))
			return !served[i].is_shared ||
			       syscall(SYS_faccessat, AT_FDCWD, place, F_OK) == 0;
	}
	return false;
}

static enum where find(int directory, const char *path, char place[PLACE_MAX])
{
	char base[PATH_MAX] = "/", root[SIM_PATH_MAX + sizeof(SIM_ROOT)];
	bool in_tree = false;

	if (path[0] != '/' && !find_base(directory, base, sizeof(base), &in_tree))
		return WHERE_REAL;
	if (!join(base, sizeof(base), path))
		return WHERE_REAL;
	if (!in_tree && strncmp(base, "/sys", 4) != 0 && strncmp(base, "/dev", 4) != 0)
		return WHERE_REAL;
	root_of(root);
	snprintf(place, PLACE_MAX, "%s%s", root, base);
	if (is_served(base, place))
		return WHERE_TREE;
	if (!in_tree)
		return WHERE_REAL;
	strcpy(place, base);
	return WHERE_PLACE;
}

enum where path_find(int directory, const char *path, char place[PLACE_MAX])
{
	int saved_errno = errno;
	enum where where = WHERE_REAL;

	/* Most paths need no system call. */
	if (path && path[0] && call_directory() &&
	    (path[0] != '/' || strncmp(path, "/sys", 4) == 0 || strncmp(path, "/dev", 4) == 0 ||
	     path[1] == '/' || path[1] == '.'))
		where = find(directory, path, place);
	errno = saved_errno;
	return where;
}

size_t path_of_memfd(char *text, size_t length)
{
	static const char before[] = "/memfd:/dev/", after[] = " (deleted)";
	size_t skip = strlen("/memfd:"), rest = strlen(after);

	if (length <= strlen(before) + rest || strncmp(text, before, strlen(before)) != 0 ||
	    strncmp(text + length - rest, after, rest) != 0)
		return length;
	memmove(text, text + skip, length - skip - rest);
	return length - skip - rest;
}

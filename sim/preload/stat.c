// SPDX-License-Identifier: MIT
/* The status of files: stat(2), statx(2), access(2) and their other names. */
#include "preload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

/* drivers/vfio/vfio_main.c has a number for all nodes but this one (include/linux/miscdevice.h,
 * VFIO_MINOR). */
#define MISC	    10
#define VFIO_MINOR  196
#define NODES_MAJOR 511

/* What the program sees of a node: its stand-in is an empty file. */
static dev_t number_of_node(const char *path)
{
	const char *digits = path + strcspn(path, "0123456789");
	unsigned number = 0;

	if (strcmp(path, "/dev/vfio/vfio") == 0)
		return makedev(MISC, VFIO_MINOR);
	while (*digits >= '0' && *digits <= '9')
		number = 10 * number + (unsigned)(*digits++ - '0');
	return makedev(NODES_MAJOR, number);
}

static bool is_node(const char *place, mode_t mode)
{
	return S_ISREG(mode) && strncmp(path_of(place), "/dev/", 5) == 0;
}

static void correct_place(const char *place, struct stat *status)
{
	if (is_node(place, status->st_mode)) {
		status->st_mode = S_IFCHR | 0666;
		status->st_rdev = number_of_node(path_of(place));
	} else if (S_ISREG(status->st_mode)) {
		status->st_size = 4096;
	}
}

/* The mode of a simulated file, in place of its mark. */
static mode_t mode_of_mark(mode_t mark)
{
	switch (SIM_MARK_OF(mark)) {
	case SIM_MARK_NODE:
		return S_IFCHR | 0666;
	case SIM_MARK_DEVICE: /* an anonymous inode */
		return 0600;
	case SIM_MARK_READABLE:
		return S_IFREG | 0444;
	default:
		return S_IFREG | 0644;
	}
}

/* The node of an open file has the same number as its path. */
static dev_t number_of_file(int fd)
{
	int saved_errno = errno;
	char link[32], path[128];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	path[length > 0 ? length : 0] = '\0';
	errno = saved_errno;
	return number_of_node(path);
}

static void correct_file(int fd, const struct stat *file, struct stat *status)
{
	status->st_mode = mode_of_mark(file->st_mode);
	status->st_size = S_ISREG(status->st_mode) ? 4096 : 0;
	if (S_ISCHR(status->st_mode))
		status->st_rdev = number_of_file(fd);
}

/* ---- stat ---- */

EXPORT int fstat(int fd, struct stat *status)
{
	struct stat file;
	int r = REAL(fstat)(fd, status);

	if (r == 0 && call_is_simulated(fd, &file))
		correct_file(fd, &file, status);
	return r;
}

EXPORT int fstatat(int directory, const char *path, struct stat *status, int flags)
{
	char place[PLACE_MAX];
	int r;

	switch (path_find(directory, path, place)) {
	case WHERE_TREE:
		r = REAL(fstatat)(AT_FDCWD, place, status, flags);
		if (r == 0)
			correct_place(place, status);
		return r;
	case WHERE_PLACE:
		return REAL(fstatat)(AT_FDCWD, place, status, flags);
	default:
		if (path && !*path && (flags & AT_EMPTY_PATH))
			return fstat(directory, status);
		return REAL(fstatat)(directory, path, status, flags);
	}
}

EXPORT int stat(const char *path, struct stat *status)
{
	return fstatat(AT_FDCWD, path, status, 0);
}

EXPORT int lstat(const char *path, struct stat *status)
{
	return fstatat(AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW);
}

/* struct stat64 is struct stat here. */
#define AS_STAT(status) ((struct stat *)(void *)(status))

EXPORT int fstat64(int fd, struct stat64 *status)
{
	return fstat(fd, AS_STAT(status));
}

EXPORT int fstatat64(int directory, const char *path, struct stat64 *status, int flags)
{
	return fstatat(directory, path, AS_STAT(status), flags);
}

EXPORT int stat64(const char *path, struct stat64 *status)
{
	return stat(path, AS_STAT(status));
}

EXPORT int lstat64(const char *path, struct stat64 *status)
{
	return lstat(path, AS_STAT(status));
}

/* The names before glibc 2.33. Its headers do not declare them any more. */
EXPORT int __xstat(int version, const char *path, struct stat *status);
EXPORT int __xstat64(int version, const char *path, struct stat64 *status);
EXPORT int __lxstat(int version, const char *path, struct stat *status);
EXPORT int __lxstat64(int version, const char *path, struct stat64 *status);
EXPORT int __fxstat(int version, int fd, struct stat *status);
EXPORT int __fxstat64(int version, int fd, struct stat64 *status);
EXPORT int __fxstatat(int version, int directory, const char *path, struct stat *status, int flags);
EXPORT int __fxstatat64(int version, int directory, const char *path, struct stat64 *status,
			int flags);

int __xstat(int version, const char *path, struct stat *status)
{
	(void)version;
	return stat(path, status);
}

int __xstat64(int version, const char *path, struct stat64 *status)
{
	(void)version;
	return stat(path, AS_STAT(status));
}

int __lxstat(int version, const char *path, struct stat *status)
{
	(void)version;
	return lstat(path, status);
}

int __lxstat64(int version, const char *path, struct stat64 *status)
{
	(void)version;
	return lstat(path, AS_STAT(status));
}

int __fxstat(int version, int fd, struct stat *status)
{
	(void)version;
	return fstat(fd, status);
}

int __fxstat64(int version, int fd, struct stat64 *status)
{
	(void)version;
	return fstat(fd, AS_STAT(status));
}

int __fxstatat(int version, int directory, const char *path, struct stat *status, int flags)
{
	(void)version;
	return fstatat(directory, path, status, flags);
}

int __fxstatat64(int version, int directory, const char *path, struct stat64 *status, int flags)
{
	(void)version;
	return fstatat(directory, path, AS_STAT(status), flags);
}

/* ---- statx ---- */

static void correct_statx(const struct stat *from, struct statx *status)
{
	status->stx_mode = (uint16_t)from->st_mode;
	status->stx_size = (uint64_t)from->st_size;
	status->stx_rdev_major = major(from->st_rdev);
	status->stx_rdev_minor = minor(from->st_rdev);
}

EXPORT int statx(int directory, const char *path, int flags, unsigned mask, struct statx *status)
{
	char place[PLACE_MAX];
	struct stat file, corrected = { 0 };
	int r;

	switch (path_find(directory, path, place)) {
	case WHERE_TREE:
		r = REAL(statx)(AT_FDCWD, place, flags, mask, status);
		if (r < 0)
			return r;
		corrected.st_mode = status->stx_mode;
		corrected.st_size = (off_t)status->stx_size;
		correct_place(place, &corrected);
		correct_statx(&corrected, status);
		return 0;
	case WHERE_PLACE:
		return REAL(statx)(AT_FDCWD, place, flags, mask, status);
	default:
		r = REAL(statx)(directory, path, flags, mask, status);
		if (r == 0 && path && !*path && call_is_simulated(directory, &file)) {
			correct_file(directory, &file, &corrected);
			correct_statx(&corrected, status);
		}
		return r;
	}
}

/* ---- access ---- */

EXPORT int faccessat(int directory, const char *path, int mode, int flags)
{
	char place[PLACE_MAX];

	if (path_find(directory, path, place) == WHERE_REAL)
		return REAL(faccessat)(directory, path, mode, flags);
	return REAL(faccessat)(AT_FDCWD, place, mode, flags);
}

EXPORT int access(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, 0);
}

EXPORT int euidaccess(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS);
}

EXPORT int eaccess(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS);
}

/* ---- extended attributes: ls(1) reads those of each file ---- */

EXPORT ssize_t getxattr(const char *path, const char *name, void *value, size_t size)
{
	char place[PLACE_MAX];

	if (path_find(AT_FDCWD, path, place) == WHERE_REAL)
		return REAL(getxattr)(path, name, value, size);
	return REAL(getxattr)(place, name, value, size);
}

EXPORT ssize_t lgetxattr(const char *path, const char *name, void *value, size_t size)
{
	char place[PLACE_MAX];

	if (path_find(AT_FDCWD, path, place) == WHERE_REAL)
		return REAL(lgetxattr)(path, name, value, size);
	return REAL(lgetxattr)(place, name, value, size);
}

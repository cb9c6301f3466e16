// SPDX-License-Identifier: MIT
/*
 * The system calls that read sysfs. Each file is read with plain system calls: libudev caches
 * what it has read (udev_device_get_sysattr_value()) and does not return the errno.
 */
#define _GNU_SOURCE
#include "sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- attributes ---- */

int vfiopm__sysfs_open_directory(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int vfiopm__sysfs_open_attribute(int directory_fd, const char *name)
{
	int fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int vfiopm__sysfs_read_attribute(int attribute_fd, char *ret_text, size_t size)
{
	ssize_t length = pread(attribute_fd, ret_text, size, 0);

	if (length < 0)
		return -errno;
	if ((size_t)length >= size)
		return -EPROTO;
	ret_text[length] = '\0';
	return 0;
}

int vfiopm__sysfs_read(const char *path, char *ret_text, size_t size)
{
	int fd = vfiopm__sysfs_open_attribute(AT_FDCWD, path);
	int r;

	if (fd < 0)
		return fd;
	r = vfiopm__sysfs_read_attribute(fd, ret_text, size);
	close(fd);
	return r;
}

/* ---- links ---- */

int vfiopm__sysfs_read_link(const char *path, char *ret_target, size_t size)
{
	ssize_t length = readlink(path, ret_target, size);

	if (length < 0)
		return -errno;
	if ((size_t)length >= size)
		return -EPROTO;
	ret_target[length] = '\0';
	return 0;
}

static int copy_name(const char *name, char *ret_name, size_t size)
{
	size_t length = strlen(name);

	if (length >= size)
		return -EPROTO;
	memcpy(ret_name, name, length + 1);
	return 0;
}

int vfiopm__sysfs_read_link_name(const char *path, char *ret_name, size_t size)
{
	char target[VFIOPM__PATH_SIZE];
	const char *slash;
	int r;

	r = vfiopm__sysfs_read_link(path, target, sizeof(target));
	if (r < 0)
		return r;
	slash = strrchr(target, '/');
	return copy_name(slash ? slash + 1 : target, ret_name, size);
}

/* ---- directories ---- */

int vfiopm__sysfs_check(const char *path)
{
	return access(path, F_OK) < 0 ? -errno : 0;
}

int vfiopm__sysfs_compare_names(const char *one, const char *other)
{
	size_t length = strlen(one), other_length = strlen(other);

	if (length != other_length)
		return length < other_length ? -1 : 1;
	return strcmp(one, other);
}

static int compare_entries(const struct dirent **one, const struct dirent **other)
{
	return vfiopm__sysfs_compare_names((*one)->d_name, (*other)->d_name);
}

static int is_listed(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

int vfiopm__sysfs_list(const char *path, struct vfiopm__sysfs_names *ret_names)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_listed, compare_entries);

	if (count < 0)
		return -errno;
	*ret_names = (struct vfiopm__sysfs_names){ entries, (size_t)count };
	return 0;
}

void vfiopm__sysfs_free_names(struct vfiopm__sysfs_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->entries[i]);
	free(names->entries);
	*names = (struct vfiopm__sysfs_names){ NULL, 0 };
}

const char *vfiopm__sysfs_name(const struct vfiopm__sysfs_names *names, size_t index)
{
	return names->entries[index]->d_name;
}

int vfiopm__sysfs_find_name(const char *path, const char *prefix, char *ret_name, size_t size)
{
	struct vfiopm__sysfs_names names = { NULL, 0 };
	int r;

	r = vfiopm__sysfs_list(path, &names);
	if (r < 0)
		return r;
	r = -ENOENT;
	for (size_t i = 0; i < names.count && r == -ENOENT; i++) {
		const char *name = vfiopm__sysfs_name(&names, i);

		if (strncmp(name, prefix, strlen(prefix)) == 0)
			r = copy_name(name, ret_name, size);
	}
	vfiopm__sysfs_free_names(&names);
	return r;
}

// SPDX-License-Identifier: MIT
/*
 * The system calls of libvfiopm-udev that libudev does not make for it. They read
 * sysfs and look whether an fd is readable: nothing here can write, or reach a device
 * by an ioctl. sysfs is read without libudev's help where that remembers what it has
 * read (udev_device_get_sysattr_value()), or does not say why it could not.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "private.h"

int vfiopm__udev_compare_addresses(const char *one, const char *other)
{
	size_t length = strlen(one), other_length = strlen(other);

	if (length != other_length)
		return length < other_length ? -1 : 1;
	return strcmp(one, other);
}

static int compare(const struct dirent **one, const struct dirent **other)
{
	return vfiopm__udev_compare_addresses((*one)->d_name, (*other)->d_name);
}

static int is_no_dots(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

int vfiopm__udev_read_names(const char *path, struct vfiopm__udev_names *ret_names)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_no_dots, compare);

	if (count < 0)
		return -errno;
	*ret_names = (struct vfiopm__udev_names){ entries, (size_t)count };
	return 0;
}

void vfiopm__udev_free_names(struct vfiopm__udev_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->entries[i]);
	free(names->entries);
	*names = (struct vfiopm__udev_names){ NULL, 0 };
}

const char *vfiopm__udev_name(const struct vfiopm__udev_names *names, size_t index)
{
	return names->entries[index]->d_name;
}

int vfiopm__udev_read_text(const char *path, char *ret_text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;
	int error;

	if (fd < 0)
		return -errno;
	length = read(fd, ret_text, size);
	error = errno;
	close(fd);
	if (length < 0)
		return -error;
	if ((size_t)length >= size)
		return -EPROTO;
	ret_text[length] = '\0';
	return 0;
}

int vfiopm__udev_read_link(const char *path, char *ret_name, size_t size)
{
	char target[VFIOPM__PATH_SIZE];
	ssize_t length = readlink(path, target, sizeof(target));
	const char *slash, *name;

	if (length < 0)
		return -errno;
	if ((size_t)length >= sizeof(target))
		return -EPROTO;
	target[length] = '\0';
	slash = strrchr(target, '/');
	name = slash ? slash + 1 : target;
	if (strlen(name) >= size)
		return -EPROTO;
	memcpy(ret_name, name, strlen(name) + 1);
	return 0;
}

bool vfiopm__udev_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool vfiopm__udev_is_readable(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1 && (pollfd.revents & POLLIN);
}

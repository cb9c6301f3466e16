/* SPDX-License-Identifier: MIT */
/*
 * The one reader of sysfs, for libvfiopm, libvfiopm-udev and vfiopmctl, each of which compiles
 * sysfs.c. It reads procfs too. Its system calls cannot write or issue an ioctl, and none of
 * them blocks. Each function returns 0 or -errno unless its comment says otherwise.
 */
#ifndef VFIOPM_SYSFS_H
#define VFIOPM_SYSFS_H

#include <stddef.h>

/* Large enough for any path that the libraries make, and for any link that they read. */
#define VFIOPM__PATH_SIZE 256

/* Large enough for any attribute that the libraries read. */
#define VFIOPM__VALUE_SIZE 64

struct dirent;

struct vfiopm__sysfs_names {
	struct dirent **entries;
	size_t count;
};

/* An fd of a directory, for vfiopm__sysfs_open_attribute() only. */
int vfiopm__sysfs_open_directory(const char *path);

/* An fd of an attribute; name is relative to the directory. */
int vfiopm__sysfs_open_attribute(int directory_fd, const char *name);

/* Read an open attribute from its start, as a string with its newline. -EPROTO if it does not
 * fit. */
int vfiopm__sysfs_read_attribute(int attribute_fd, char *ret_text, size_t size);

/* Open, read and close an attribute. */
int vfiopm__sysfs_read(const char *path, char *ret_text, size_t size);

/* Read the whole target of a link, or its last component. -EPROTO if it does not fit. */
int vfiopm__sysfs_read_link(const char *path, char *ret_target, size_t size);
int vfiopm__sysfs_read_link_name(const char *path, char *ret_name, size_t size);

/* Return 0 if path exists. */
int vfiopm__sysfs_check(const char *path);

/* List the names in a directory, except "." and "..", in the order of
 * vfiopm__sysfs_compare_names(). */
int vfiopm__sysfs_list(const char *path, struct vfiopm__sysfs_names *ret_names);
void vfiopm__sysfs_free_names(struct vfiopm__sysfs_names *names);
const char *vfiopm__sysfs_name(const struct vfiopm__sysfs_names *names, size_t index);

/* Find the first name in a directory that begins with prefix. -ENOENT if no name does, or if
 * the directory does not exist. -EPROTO if the name does not fit. */
int vfiopm__sysfs_find_name(const char *path, const char *prefix, char *ret_name, size_t size);

/* Compare PCI addresses by their numbers; returns what strcmp() returns. A shorter address is
 * less: the domain has four digits or more, all other fields have a fixed width. */
int vfiopm__sysfs_compare_names(const char *one, const char *other);

#endif

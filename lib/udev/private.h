/* SPDX-License-Identifier: MIT */
/*
 * What the files of libvfiopm-udev know of one another: device, list and monitor
 * keep their structs to themselves and meet only here; sys.c holds the only system
 * calls, but for those of libudev. Of libvfiopm they share text.c, which has no
 * effects.
 */
#ifndef VFIOPM_UDEV_PRIVATE_H
#define VFIOPM_UDEV_PRIVATE_H

#include <vfiopm/discover.h>

#include "../private.h"
#include "../text.h"

struct udev;
struct udev_hwdb;

/* ---- sys.c: the system calls; each gives -errno on failure, none waits ---- */

/* The names in a directory, in the order of PCI addresses. */
struct vfiopm__udev_names {
	struct dirent **entries;
	size_t count;
};

int vfiopm__udev_read_names(const char *path, struct vfiopm__udev_names *ret_names);
void vfiopm__udev_free_names(struct vfiopm__udev_names *names);
const char *vfiopm__udev_name(const struct vfiopm__udev_names *names, size_t index);
/* The order itself: that of the numbers, as domains may have more than four digits. */
int vfiopm__udev_compare_addresses(const char *one, const char *other);
/* The value of an attribute, with its newline; -EPROTO if it does not fit. */
int vfiopm__udev_read_text(const char *path, char *ret_text, size_t size);
/* The last part of a link's target; -EPROTO if it does not fit. */
int vfiopm__udev_read_link(const char *path, char *ret_name, size_t size);
bool vfiopm__udev_exists(const char *path);
bool vfiopm__udev_is_readable(int fd);

/* ---- device.c ---- */

/* By its address in the kernel's spelling; hwdb is NULL where there is none. -ENXIO if
 * there is no such device. */
int vfiopm__udev_device_new(struct udev *udev, struct udev_hwdb *hwdb, const char *address,
			    struct vfiopm_discover_device **ret_device);

#endif

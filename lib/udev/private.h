/* SPDX-License-Identifier: MIT */
/*
 * The internal interfaces of libvfiopm-udev. device.c, list.c and monitor.c keep their structs
 * private. libvfiopm-udev shares text.c and sysfs.c with libvfiopm.
 */
#ifndef VFIOPM_UDEV_PRIVATE_H
#define VFIOPM_UDEV_PRIVATE_H

#include <stdbool.h>

#include <vfiopm/discover.h>

#include "../export.h"
#include "../sysfs.h"
#include "../text.h"

struct udev;
struct udev_hwdb;

/* ---- sys.c: the system call; it does not block ---- */

bool vfiopm__udev_is_readable(int fd);

/* ---- device.c ---- */

/* Look up a device; address is in the kernel's spelling, hwdb may be NULL. -ENXIO if the
 * device does not exist. */
int vfiopm__udev_device_new(struct udev *udev, struct udev_hwdb *hwdb, const char *address,
			    struct vfiopm_discover_device **ret_device);

#endif

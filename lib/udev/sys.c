// SPDX-License-Identifier: MIT
/*
 * The only system call of libvfiopm-udev outside libudev and ../sysfs.c. Neither this file nor
 * sysfs.c can write or issue an ioctl.
 */
#include <poll.h>

#include "private.h"

bool vfiopm__udev_is_readable(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1 && (pollfd.revents & POLLIN);
}

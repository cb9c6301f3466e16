// SPDX-License-Identifier: MIT
/*
 * The monitor: udev's events of PCI devices. That one is bound to a VFIO driver, or
 * unbound from it, is told by the vfio-dev that VFIO makes below it, and removes
 * (drivers/vfio/vfio_main.c, 6.1): the uevents of the device itself do not say which
 * driver it was unbound from, and a vfio-dev has its node by then.
 */
#include <errno.h>
#include <libudev.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

/* Some hundred VFs may be made by one write; where that is not allowed the kernel's
 * default has to do. */
#define RECEIVE_BUFFER_SIZE (1 << 20)

struct vfiopm_discover_monitor {
	struct udev *udev;
	struct udev_monitor *events;
	char address[VFIOPM__ADDRESS_SIZE];
};

/* ---- making and freeing ---- */

/* The file is how libudev itself sees that a udevd runs. Without one, it would
 * listen, and never hear anything. */
static const char *source_name(uint32_t source)
{
	if (source == VFIOPM_DISCOVER_SOURCE_AUTO)
		return vfiopm__sysfs_check("/run/udev/control") == 0 ? "udev" : "kernel";
	return source == VFIOPM_DISCOVER_SOURCE_UDEV ? "udev" : "kernel";
}

static int subscribe(struct udev_monitor *events)
{
	int r = udev_monitor_filter_add_match_subsystem_devtype(events, "pci", NULL);

	if (r >= 0)
		r = udev_monitor_filter_add_match_subsystem_devtype(events, "vfio-dev", NULL);
	udev_monitor_set_receive_buffer_size(events, RECEIVE_BUFFER_SIZE);
	if (r >= 0)
		r = udev_monitor_enable_receiving(events);
	return r < 0 ? r : 0;
}

static int start(struct vfiopm_discover_monitor *monitor, uint32_t source)
{
	monitor->udev = udev_new();
	if (!monitor->udev)
		return -ENOMEM;
	errno = 0;
	monitor->events = udev_monitor_new_from_netlink(monitor->udev, source_name(source));
	if (!monitor->events)
		return errno ? -errno : -ENOMEM;
	return subscribe(monitor->events);
}

VFIOPM__PUBLIC int vfiopm_discover_monitor_new(uint32_t source,
					       struct vfiopm_discover_monitor **ret_monitor)
{
	struct vfiopm_discover_monitor *monitor;
	int r;

	if (source > VFIOPM_DISCOVER_SOURCE_KERNEL || !ret_monitor)
		return -EINVAL;
	monitor = calloc(1, sizeof(*monitor));
	if (!monitor)
		return -ENOMEM;
	r = start(monitor, source);
	if (r < 0) {
		vfiopm_discover_monitor_free(monitor);
		return r;
	}
	*ret_monitor = monitor;
	return 0;
}

VFIOPM__PUBLIC struct vfiopm_discover_monitor *vfiopm_discover_monitor_free(
	struct vfiopm_discover_monitor *monitor)
{
	if (!monitor)
		return NULL;
	udev_monitor_unref(monitor->events);
	udev_unref(monitor->udev);
	free(monitor);
	return NULL;
}

VFIOPM__PUBLIC int vfiopm_discover_monitor_get_fd(const struct vfiopm_discover_monitor *monitor)
{
	return monitor ? udev_monitor_get_fd(monitor->events) : -EINVAL;
}

/* ---- events ---- */

/* What happens to a PCI device is said of the device, or of the vfio-dev below it,
 * ".../0000:01:00.0/vfio-dev/vfio0"; that of a mediated device is below something else. */
static int parse_address(const char *devpath, bool below, char ret_address[VFIOPM__ADDRESS_SIZE])
{
	char path[VFIOPM__PATH_SIZE], *slash;
	size_t length = strlen(devpath);

	/* The end is what matters. */
	if (length >= sizeof(path))
		devpath += length - sizeof(path) + 1;
	memcpy(path, devpath, strlen(devpath) + 1);
	for (int cut = below ? 2 : 0; cut > 0; cut--) {
		slash = strrchr(path, '/');
		if (!slash)
			return -EINVAL;
		*slash = '\0';
	}
	slash = strrchr(path, '/');
	return slash ? vfiopm__text_parse_address(slash + 1, ret_address) : -EINVAL;
}

/* Anything but what was asked for is no event. */
static bool translate(struct udev_device *device, uint32_t *ret_event,
		      char ret_address[VFIOPM__ADDRESS_SIZE])
{
	const char *subsystem = udev_device_get_subsystem(device);
	const char *action = udev_device_get_action(device);
	const char *devpath = udev_device_get_devpath(device);
	bool below;

	if (!subsystem || !action || !devpath)
		return false;
	below = strcmp(subsystem, "vfio-dev") == 0;
	if (!below && strcmp(subsystem, "pci") != 0)
		return false;

	if (strcmp(action, "add") == 0)
		*ret_event = below ? VFIOPM_DISCOVER_BOUND : VFIOPM_DISCOVER_ADDED;
	else if (strcmp(action, "remove") == 0)
		*ret_event = below ? VFIOPM_DISCOVER_UNBOUND : VFIOPM_DISCOVER_REMOVED;
	else
		return false;
	return parse_address(devpath, below, ret_address) == 0;
}

VFIOPM__PUBLIC int vfiopm_discover_monitor_next(struct vfiopm_discover_monitor *monitor,
						uint32_t *ret_event, const char **ret_address)
{
	struct udev_device *device;
	uint32_t event = 0;
	bool is_event;

	if (!monitor || !ret_event || !ret_address)
		return -EINVAL;

	for (;;) {
		errno = 0;
		device = udev_monitor_receive_device(monitor->events);
		is_event = device && translate(device, &event, monitor->address);
		if (!device && (errno == ENOBUFS || errno == ENOMEM))
			return -errno;
		udev_device_unref(device);
		if (is_event)
			break;
		/* Of a message that it ignores libudev says EAGAIN too; others may wait. */
		if (!device && !vfiopm__udev_is_readable(udev_monitor_get_fd(monitor->events)))
			return -EAGAIN;
	}
	*ret_event = event;
	*ret_address = monitor->address;
	return 0;
}

// SPDX-License-Identifier: MIT
/*
 * The monitor: udev's events about PCI devices. VFIO creates a vfio-dev below a device that is
 * bound to a VFIO driver, and removes the vfio-dev when the device is unbound
 * (drivers/vfio/vfio_main.c, 6.1). The monitor uses the events of the vfio-dev: those of the
 * PCI device do not name the driver that it was unbound from, and the node of a vfio-dev
 * exists when its event is sent.
 */
#include <errno.h>
#include <libudev.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

/* One write to sriov_numvfs can create hundreds of VFs. A process that may not set this size
 * uses the kernel's default. */
#define RECEIVE_BUFFER_SIZE (1 << 20)

struct vfiopm_discover_monitor {
	struct udev *udev;
	struct udev_monitor *events;
	char address[VFIOPM__ADDRESS_SIZE];
};

/* ---- creating and freeing ---- */

/* libudev detects udevd by this file. A monitor of udevd's events receives nothing while udevd
 * does not run. */
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

/* A devpath ends in the PCI address, or in "/0000:01:00.0/vfio-dev/vfio0" if it is the path of
 * a vfio-dev. The vfio-dev of a mediated device is not below a PCI address. */
static int parse_devpath(const char *devpath, bool is_vfio_dev,
			 char ret_address[VFIOPM__ADDRESS_SIZE])
{
	char path[VFIOPM__PATH_SIZE], *slash;
	size_t length = strlen(devpath);

	/* Only the end of the path is needed. */
	if (length >= sizeof(path))
		devpath += length - sizeof(path) + 1;
	memcpy(path, devpath, strlen(devpath) + 1);
	for (int cut = is_vfio_dev ? 2 : 0; cut > 0; cut--) {
		slash = strrchr(path, '/');
		if (!slash)
			return -EINVAL;
		*slash = '\0';
	}
	slash = strrchr(path, '/');
	return slash ? vfiopm__text_parse_address(slash + 1, ret_address) : -EINVAL;
}

/*
 * Parse a message of udev. -EINVAL if the message is not one of the monitor's events. libudev
 * ignores messages without a subsystem or a devpath, and those of other subsystems than
 * subscribe() names (libudev-monitor.c, udev_monitor_receive_device(), 196). A message without
 * an action is ignored only by later versions.
 */
static int parse_event(struct udev_device *device, uint32_t *ret_event,
		       char ret_address[VFIOPM__ADDRESS_SIZE])
{
	bool is_vfio_dev = strcmp(udev_device_get_subsystem(device), "vfio-dev") == 0;
	const char *action = udev_device_get_action(device);

	if (!action)
		return -EINVAL;
	if (strcmp(action, "add") == 0)
		*ret_event = is_vfio_dev ? VFIOPM_DISCOVER_BOUND : VFIOPM_DISCOVER_ADDED;
	else if (strcmp(action, "remove") == 0)
		*ret_event = is_vfio_dev ? VFIOPM_DISCOVER_UNBOUND : VFIOPM_DISCOVER_REMOVED;
	else
		return -EINVAL;
	return parse_devpath(udev_device_get_devpath(device), is_vfio_dev, ret_address);
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
		is_event = device && parse_event(device, &event, monitor->address) == 0;
		if (!device && (errno == ENOBUFS || errno == ENOMEM))
			return -errno;
		udev_device_unref(device);
		if (is_event)
			break;
		/* libudev sets EAGAIN also for a message that it ignores. More messages may
		 * follow that one. */
		if (!device && !vfiopm__udev_is_readable(udev_monitor_get_fd(monitor->events)))
			return -EAGAIN;
	}
	*ret_event = event;
	*ret_address = monitor->address;
	return 0;
}

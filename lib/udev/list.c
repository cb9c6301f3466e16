// SPDX-License-Identifier: MIT
/*
 * A list of all PCI devices, or of those that are bound to VFIO drivers, in the order of their
 * addresses. A device that is removed while the list is created is not in the list.
 */
#include <errno.h>
#include <libudev.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

struct vfiopm_discover_list {
	struct vfiopm_discover_device **devices;
	uint32_t count, capacity;
};

static int reserve_one(struct vfiopm_discover_list *list)
{
	uint32_t capacity = list->capacity ? 2 * list->capacity : 16;
	struct vfiopm_discover_device **devices;

	if (list->count < list->capacity)
		return 0;
	devices = realloc(list->devices, capacity * sizeof(*devices));
	if (!devices)
		return -ENOMEM;
	list->devices = devices;
	list->capacity = capacity;
	return 0;
}

static int add(struct vfiopm_discover_list *list, uint32_t which, struct udev *udev,
	       struct udev_hwdb *hwdb, const char *syspath)
{
	/* A syspath begins with "/sys/". */
	const char *name = strrchr(syspath, '/') + 1;
	struct vfiopm_discover_device *device;
	char address[VFIOPM__ADDRESS_SIZE];
	int r;

	if (vfiopm__text_parse_address(name, address) < 0)
		return -EPROTO;
	r = reserve_one(list);
	if (r == 0)
		r = vfiopm__udev_device_new(udev, hwdb, address, &device);
	if (r < 0)
		return r == -ENXIO ? 0 : r;

	if (which == VFIOPM_DISCOVER_ALL || vfiopm_discover_device_is_vfio(device))
		list->devices[list->count++] = device;
	else
		vfiopm_discover_device_free(device);
	return 0;
}

static int enumerate(struct udev_enumerate *enumerate)
{
	int r = udev_enumerate_add_match_subsystem(enumerate, "pci");

	return r < 0 ? r : udev_enumerate_scan_devices(enumerate);
}

static int fill(struct vfiopm_discover_list *list, uint32_t which, struct udev *udev)
{
	struct udev_enumerate *found = udev_enumerate_new(udev);
	struct udev_list_entry *entry;
	struct udev_hwdb *hwdb;
	int r;

	if (!found)
		return -ENOMEM;
	hwdb = udev_hwdb_new(udev);
	/* Some releases of libudev return a positive number for success. */
	r = enumerate(found);
	udev_list_entry_foreach(entry, r < 0 ? NULL : udev_enumerate_get_list_entry(found)) {
		r = add(list, which, udev, hwdb, udev_list_entry_get_name(entry));
		if (r < 0)
			break;
	}
	udev_hwdb_unref(hwdb);
	udev_enumerate_unref(found);
	return r;
}

static int compare(const void *one, const void *other)
{
	const char *addresses[2];

	vfiopm_discover_device_get_address(*(struct vfiopm_discover_device *const *)one,
					   &addresses[0]);
	vfiopm_discover_device_get_address(*(struct vfiopm_discover_device *const *)other,
					   &addresses[1]);
	return vfiopm__sysfs_compare_names(addresses[0], addresses[1]);
}

VFIOPM__PUBLIC int vfiopm_discover_list_new(uint32_t which, struct vfiopm_discover_list **ret_list)
{
	struct vfiopm_discover_list *list;
	struct udev *udev;
	int r;

	if ((which != VFIOPM_DISCOVER_VFIO && which != VFIOPM_DISCOVER_ALL) || !ret_list)
		return -EINVAL;
	list = calloc(1, sizeof(*list));
	udev = list ? udev_new() : NULL;
	r = udev ? fill(list, which, udev) : -ENOMEM;
	udev_unref(udev);
	if (r < 0) {
		vfiopm_discover_list_free(list);
		return r;
	}
	/* libudev sorts by path, which differs from the order of the addresses. */
	if (list->count > 1)
		qsort(list->devices, list->count, sizeof(list->devices[0]), compare);
	*ret_list = list;
	return 0;
}

VFIOPM__PUBLIC struct vfiopm_discover_list *vfiopm_discover_list_free(
	struct vfiopm_discover_list *list)
{
	if (!list)
		return NULL;
	for (uint32_t i = 0; i < list->count; i++)
		vfiopm_discover_device_free(list->devices[i]);
	free(list->devices);
	free(list);
	return NULL;
}

VFIOPM__PUBLIC int vfiopm_discover_list_get_count(const struct vfiopm_discover_list *list,
						  uint32_t *ret_count)
{
	if (!list || !ret_count)
		return -EINVAL;
	*ret_count = list->count;
	return 0;
}

VFIOPM__PUBLIC int vfiopm_discover_list_get_device(const struct vfiopm_discover_list *list,
						   uint32_t index,
						   const struct vfiopm_discover_device **ret_device)
{
	if (!list || !ret_device || index >= list->count)
		return -EINVAL;
	*ret_device = list->devices[index];
	return 0;
}

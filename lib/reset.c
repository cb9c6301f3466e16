// SPDX-License-Identifier: MIT
/*
 * Resets. VFIO keeps the eventfds and low power over a reset, so the library's memory of them stays
 * right. PMCSR does not stay: the device is in D0.
 */
#include <errno.h>
#include <stdbool.h>

#include <vfiopm/reset.h>

#include "access.h"
#include "device.h"
#include "pci-memory.h"
#include "uapi.h"

VFIOPM__PUBLIC int vfiopm_reset(struct vfiopm_device *dev)
{
	int r;

	if (!dev)
		return -EINVAL;
	vfiopm__access_begin(dev->access);
	r = VFIOPM__ISSUE(dev, VFIO_DEVICE_RESET, NULL);
	vfiopm__pci_memory_forget(dev);
	vfiopm__access_end(dev->access, r);
	return r;
}

/* ---- hot reset ---- */

static uint32_t count_groups(const struct vfiopm__hot_reset_info *info)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < info->count; i++) {
		uint32_t j = 0;

		while (info->devices[j].group_id != info->devices[i].group_id)
			j++;
		count += j == i;
	}
	return count;
}

/* The kernel answers EINVAL to a reset for more than one reason, so find this one before. */
static int check_owner(const struct vfiopm_device *dev, uint32_t group_count)
{
	struct vfiopm__hot_reset_info info = { .argsz = sizeof(info) };
	bool owns;
	int r = VFIOPM__ISSUE(dev, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &info);

	if (r < 0)
		return r == -ENOSPC ? -EPROTO : r;
	/* 6.6: the iommufd of a cdev has all devices, or not. */
	if (info.flags & VFIOPM__HOT_RESET_DEV_ID)
		owns = info.flags & VFIOPM__HOT_RESET_DEV_ID_OWNED;
	else
		owns = count_groups(&info) <= group_count;
	return owns ? 0 : -EPERM;
}

VFIOPM__PUBLIC int vfiopm_hot_reset(struct vfiopm_device *dev, const int *group_fds, uint32_t count)
{
	struct vfiopm__hot_reset request = { .argsz = sizeof(request) };
	int r, owner;
	uint32_t own;

	if (!dev || (count > 0 && !group_fds) || count >= VFIOPM__BUS_DEVICES)
		return -EINVAL;
	own = dev->fds.group >= 0;
	request.count = own + count;
	request.group_fds[0] = dev->fds.group;
	for (uint32_t i = 0; i < count; i++)
		request.group_fds[own + i] = group_fds[i];

	vfiopm__access_begin(dev->access);
	r = owner = check_owner(dev, request.count);
	if (r == 0)
		r = VFIOPM__ISSUE(dev, VFIO_DEVICE_PCI_HOT_RESET, &request);
	vfiopm__pci_memory_forget(dev);
	/* The first ioctl has resumed dev. EIO of the second one is about another device. */
	vfiopm__access_end(dev->access, owner);
	return r;
}

VFIOPM__PUBLIC int vfiopm_note_reset(struct vfiopm_device *dev)
{
	if (!dev)
		return -EINVAL;
	vfiopm__access_lock(dev->access);
	vfiopm__pci_memory_forget(dev);
	vfiopm__access_unlock(dev->access);
	return 0;
}

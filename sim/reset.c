// SPDX-License-Identifier: MIT
/*
 * Resets of a device, and of all devices of its bus (drivers/vfio/pci/vfio_pci_core.c,
 * vfio_pci_ioctl_reset(), vfio_pci_ioctl_get_pci_hot_reset_info() and
 * vfio_pci_ioctl_pci_hot_reset(), 6.1 and 6.12).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "lib/uapi.h"

/* The kernel saves the configuration space before a reset and restores it afterwards, so that
 * COMMAND and the MSI-X table stay. */
static void reset(struct sim_device *device)
{
	device->resets++;
	/* Before 5.18 the PCI core leaves D3hot (drivers/pci/pci.c, pci_dev_save_and_disable()). */
	if (device->kernel->runtime_pm)
		sim_set_power_by_vfio(device, SIM_D0);
	else
		sim_set_power(device, SIM_D0);
}

/* A reset of the bus also drops what the device had raised. The e1000e of the lab has no FLR: the
 * kernel resets it by D3hot (drivers/pci/pci.c, pci_pm_reset()), which QEMU's device ignores. */
static void bus_reset(struct sim_device *device)
{
	reset(device);
	device->irqs.intx_level = false;
	memset(device->irqs.pending, 0, sizeof(device->irqs.pending));
}

int sim_reset_ioctl(struct sim_device *device)
{
	/* vfio_platform_common.c: -EINVAL for a device without a reset function. The kernel keeps
	 * the eventfds of interrupts. */
	if (!sim_is_pci(device) || device->machine.no_reset)
		return -EINVAL;
	reset(device);
	return 0;
}

/* ---- the devices of a bus ---- */

static bool on_same_bus(const struct sim_device *device, const struct sim_device *other)
{
	size_t length = (size_t)(strrchr(device->address, ':') - device->address);

	return other && sim_is_pci(other) &&
	       strncmp(device->address, other->address, length + 1) == 0;
}

static uint32_t count_on_bus(const struct sim_device *device)
{
	uint32_t count = 0;

	for (int i = 0; i < SIM_DEVICES; i++)
		count += on_same_bus(device, sim_device_at(i));
	return count;
}

/* linux/vfio.h, 6.6: ids of devices that are not bound to the iommufd. */
#define DEVID_OWNED	0u
#define DEVID_NOT_OWNED UINT32_MAX

/* drivers/vfio/iommufd.c, vfio_iommufd_get_dev_id(): an iommufd that has a device of a group owns the other
 * devices of the group, too. */
static bool is_owned(const struct sim_device *device, const struct sim_device *other)
{
	const struct sim_device *member = NULL;

	while ((member = sim_next_in_group(other->group, member)) != NULL) {
		if (member->bound_by_cdev && member->iommufd == device->iommufd)
			return !other->bound_by_cdev || other->iommufd == device->iommufd;
	}
	return false;
}

/* For a device that is open by its cdev, a device has an id and not a group. */
static uint32_t group_or_id(const struct sim_device *device, const struct sim_device *other)
{
	if (!device->bound_by_cdev)
		return other->group;
	if (!is_owned(device, other))
		return DEVID_NOT_OWNED;
	return other->bound_by_cdev ? other->id : DEVID_OWNED;
}

static struct vfio_pci_dependent_device describe(const struct sim_device *device,
						 const struct sim_device *other)
{
	unsigned domain = 0, bus = 0, slot = 0, function = 0;

	sscanf(other->address, "%x:%x:%x.%x", &domain, &bus, &slot, &function);
	return (struct vfio_pci_dependent_device){
		.group_id = group_or_id(device, other),
		.segment = (uint16_t)domain,
		.bus = (uint8_t)bus,
		.devfn = (uint8_t)(slot << 3 | function),
	};
}

int sim_hot_reset_info(const struct sim_device *device, void *arg)
{
	struct vfio_pci_dependent_device found[SIM_DEVICES];
	struct vfio_pci_hot_reset_info info;
	bool owned = true, fits;

	if (!sim_is_pci(device))
		return -ENOTTY;
	if (sim_from_user(&info, arg, sizeof(info)) < 0)
		return -EFAULT;
	if (info.argsz < sizeof(info))
		return -EINVAL;
	if (device->machine.no_hot_reset)
		return -ENODEV;
	info.count = 0;
	for (int i = 0; i < SIM_DEVICES; i++) {
		const struct sim_device *other = sim_device_at(i);

		if (!on_same_bus(device, other))
			continue;
		owned = owned && is_owned(device, other);
		found[info.count++] = describe(device, other);
	}
	info.flags = device->bound_by_cdev ? VFIOPM__HOT_RESET_DEV_ID |
						     (owned ? VFIOPM__HOT_RESET_DEV_ID_OWNED : 0)
					   : 0;
	fits = info.argsz >= sizeof(info) + info.count * sizeof(found[0]);
	if (!fits)
		info.flags = 0;
	/* Before 6.6 the header is written first, since then the devices. */
	if ((!fits || !device->kernel->bind_ioctl) &&
	    sim_to_user_at_once(arg, &info, sizeof(info)) < 0)
		return -EFAULT;
	if (!fits)
		return -ENOSPC;
	if (sim_to_user_at_once((char *)arg + sizeof(info), found, info.count * sizeof(found[0])) <
	    0)
		return -EFAULT;
	return device->kernel->bind_ioctl ? sim_to_user(arg, &info, sizeof(info)) : 0;
}

/* ---- the hot reset ---- */

static bool in_groups(const struct sim_device *device, const int32_t *fds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (sim_file(fds[i])->device->group == device->group)
			return true;
	}
	return false;
}

/* All devices of the bus are bound, and the caller owns them. */
static bool is_allowed(const struct sim_device *device, const int32_t *fds, uint32_t count)
{
	for (int i = 0; i < SIM_DEVICES; i++) {
		const struct sim_device *other = sim_device_at(i);

		if (!on_same_bus(device, other))
			continue;
		if (other->machine.not_bound)
			return false;
		if (count == 0 ? !is_owned(device, other) : !in_groups(other, fds, count))
			return false;
	}
	return true;
}

/* Replaces the fds of the user. */
static int check_groups(int32_t *fds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct sim_file *file;

		fds[i] = sim_user_fd(fds[i]);
		if (fds[i] < 0)
			return fds[i];
		file = sim_file(fds[i]);
		if (!file || file->kind != SIM_GROUP)
			return -EINVAL;
	}
	return 0;
}

int sim_hot_reset(struct sim_device *device, void *arg)
{
	struct vfio_pci_hot_reset request;
	int32_t fds[SIM_DEVICES];
	int r;

	if (!sim_is_pci(device))
		return -ENOTTY;
	if (sim_from_user(&request, arg, sizeof(request)) < 0)
		return -EFAULT;
	if (request.argsz < sizeof(request) || request.flags)
		return -EINVAL;
	if (device->machine.no_hot_reset)
		return -ENODEV;
	/* A count of 0 stands for the iommufd of a device that is opened by its cdev (6.6). */
	if ((request.count == 0) != device->bound_by_cdev || request.count > count_on_bus(device))
		return -EINVAL;
	if (sim_from_user(fds, (char *)arg + sizeof(request), request.count * sizeof(fds[0])) < 0)
		return -EFAULT;
	r = check_groups(fds, request.count);
	if (r < 0)
		return r;
	if (!is_allowed(device, fds, request.count))
		return -EINVAL;
	/* vfio_pci_dev_set_pm_runtime_get(): the devices are resumed, which signals the wakeup
	 * eventfds of those in low power. */
	for (int i = 0; i < SIM_DEVICES; i++) {
		struct sim_device *other = sim_device_at(i);

		if (!on_same_bus(device, other) || sim_pm_get(other) < 0)
			continue;
		bus_reset(other);
		sim_pm_put(other);
	}
	return 0;
}

unsigned sim_resets(const struct sim_device *device)
{
	unsigned count;

	sim_lock();
	count = device->resets;
	sim_unlock();
	return count;
}

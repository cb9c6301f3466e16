// SPDX-License-Identifier: MIT
/*
 * The ioctls of a device fd (drivers/vfio/vfio_main.c, vfio_device_fops_unl_ioctl();
 * drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_ioctl()).
 */
#include <errno.h>

#include "internal.h"
#include "lib/uapi.h"

/* ---- information ---- */

uint32_t sim_regions(const struct sim_device *device)
{
	return sim_is_pci(device) ? VFIO_PCI_NUM_REGIONS : 0;
}

static int get_info(const struct sim_device *device, void *arg)
{
	/* The answer ends with the offset of capabilities, since 6.6 with 4 bytes of padding. Before
	 * 6.6 it has all of the offset or nothing. */
	union {
		struct vfio_device_info info;
		uint8_t bytes[24];
	} answer = { .bytes = { 0 } };
	const size_t min = offsetof(struct vfio_device_info, num_irqs) + sizeof(uint32_t);
	size_t size = device->kernel->bind_ioctl ? 24 : 20;
	struct vfio_device_info *info = &answer.info;

	if (sim_from_user(info, arg, min) < 0)
		return -EFAULT;
	if (info->argsz < min)
		return -EINVAL;
	info->flags = sim_is_pci(device) ? VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET
					 : VFIO_DEVICE_FLAGS_PLATFORM;
	info->num_regions = sim_regions(device);
	info->num_irqs = sim_irq_indexes(device);
	if (info->argsz < size)
		size = device->kernel->bind_ioctl ? info->argsz : min;
	return sim_to_user(arg, &answer, size);
}

/* ---- dispatch ---- */

static int handle_ioctl(struct sim_device *device, unsigned long request, void *arg)
{
	switch (request) {
	case VFIO_DEVICE_FEATURE:
		return sim_feature(device, arg);
	case VFIO_DEVICE_GET_INFO:
		return get_info(device, arg);
	case VFIO_DEVICE_GET_REGION_INFO:
		return sim_get_region_info(device, arg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return sim_get_irq_info(device, arg);
	case VFIO_DEVICE_SET_IRQS:
		return sim_set_irqs_ioctl(device, arg);
	case VFIO_DEVICE_RESET:
		return sim_reset_ioctl(device);
	case VFIO_DEVICE_GET_PCI_HOT_RESET_INFO:
		return sim_hot_reset_info(device, arg);
	case VFIO_DEVICE_PCI_HOT_RESET:
		return sim_hot_reset(device, arg);
	case VFIO_DEVICE_IOEVENTFD:
		return sim_ioeventfd_ioctl(device, arg);
	case VFIO_DEVICE_ATTACH_IOMMUFD_PT:
		return device->bound_by_cdev ? sim_attach_iommufd(device, arg) : -ENOTTY;
	case VFIO_DEVICE_ATTACH_IOMMUFD_PT + 1: /* VFIO_DEVICE_DETACH_IOMMUFD_PT */
		return device->bound_by_cdev ? sim_detach_iommufd(arg) : -ENOTTY;
	default:
		return -ENOTTY;
	}
}

/* vfio_pci_core_ioctl() of the patches v2 resumes the device for all others. */
static bool is_safe_in_v2(unsigned long request)
{
	return request == VFIO_DEVICE_GET_INFO || request == VFIO_DEVICE_FEATURE ||
	       request == VFIO_DEVICE_BIND_IOMMUFD;
}

int sim_device_ioctl(struct sim_device *device, unsigned long request, void *arg)
{
	int r;

	device->held_ioctls++;
	while (device->holds_ioctls)
		sim_wait();
	device->held_ioctls--;
	device->ioctls++;
	sim_count_foreign(device, request, arg);
	/* The kernel refuses a second bind, and a bind without the cdev, before runtime PM. */
	if (request == VFIO_DEVICE_BIND_IOMMUFD && device->kernel->bind_ioctl)
		return device->kernel->cdev ? sim_bind_again(device, arg) : -ENOTTY;
	if (device->kernel->dialect == SIM_V2 && is_safe_in_v2(request))
		return request == VFIO_DEVICE_BIND_IOMMUFD ? sim_v2_low_power(device, arg)
							   : handle_ioctl(device, request, arg);
	if (sim_pm_get(device) < 0)
		return -EIO;
	r = handle_ioctl(device, request, arg);
	sim_pm_put(device);
	return r;
}

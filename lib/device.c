// SPDX-License-Identifier: MIT
/*
 * The device object: its fds, its place in sysfs, its trace, and the creation of the objects
 * that it consists of.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "device.h"
#include "irq.h"
#include "lock.h"
#include "power.h"
#include "readout.h"
#include "sys.h"
#include "sysfs.h"
#include "uapi.h"

/* ---- the place in sysfs ---- */

static int set_place(struct vfiopm_device *dev, const char *address, const char *directory)
{
	VFIOPM__HOLD(&dev->setting_place);
	struct vfiopm__readout *readout;
	int r;

	if (atomic_load(&dev->readout))
		return strcmp(dev->address, address) == 0 ? 0 : -EALREADY;

	r = vfiopm__readout_new(directory, &readout);
	if (r < 0)
		return r;
	strcpy(dev->address, address);
	atomic_store(&dev->readout, readout);
	return 0;
}

/* The kernel names the device's directory in fdinfo (vfio_main.c, vfio_device_show_fdinfo(),
 * 6.18). Before 6.18, or without /proc, the caller can set the address. */
static void find_place(struct vfiopm_device *dev)
{
	char path[VFIOPM__PATH_SIZE], text[1024], address[VFIOPM__ADDRESS_SIZE] = "";

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", dev->fds.device);
	if (vfiopm__sysfs_read(path, text, sizeof(text)) < 0 ||
	    vfiopm__text_parse_fdinfo(text, path, sizeof(path)) < 0)
		return;

	/* A device that is not on PCI has a directory, but no address. */
	vfiopm__text_parse_address(strrchr(path, '/') + 1, address);
	set_place(dev, address, path);
}

VFIOPM__PUBLIC int vfiopm_device_set_address(struct vfiopm_device *dev, const char *pci_address)
{
	char address[VFIOPM__ADDRESS_SIZE], directory[VFIOPM__PATH_SIZE];
	int r;

	if (!dev || !pci_address)
		return -EINVAL;
	r = vfiopm__text_parse_address(pci_address, address);
	if (r < 0)
		return r;
	snprintf(directory, sizeof(directory), "/sys/bus/pci/devices/%s", address);
	return set_place(dev, address, directory);
}

VFIOPM__PUBLIC int vfiopm_device_get_address(const struct vfiopm_device *dev,
					     const char **ret_address)
{
	if (!dev || !ret_address)
		return -EINVAL;
	if (!atomic_load(&dev->readout) || !dev->address[0])
		return -ENXIO;
	*ret_address = dev->address;
	return 0;
}

/* ---- the trace ---- */

VFIOPM__PUBLIC int vfiopm_device_set_trace(struct vfiopm_device *dev,
					   void (*trace)(void *data, uint32_t event,
							 const char *call, int result),
					   void *data)
{
	return dev && trace ? vfiopm__trace_set(&dev->trace, trace, data) : -EINVAL;
}

/* ---- creation ---- */

void vfiopm__fds_close(struct vfiopm__fds *fds)
{
	/* The last close of the device restores it, which needs the IOMMU attached. */
	vfiopm__sys_close(fds->device);
	vfiopm__sys_close(fds->group);
	vfiopm__sys_close(fds->iommu);
	*fds = (struct vfiopm__fds){ -1, -1, -1, 0 };
}

static int create_parts(struct vfiopm_device *dev, int device_fd,
			const struct vfio_device_info *info)
{
	int r = vfiopm__access_new(dev, &dev->access);

	if (r < 0)
		return r;
	r = vfiopm__power_new(dev, &dev->power);
	if (r < 0)
		return r;
	return vfiopm__irq_new(device_fd, info, dev->access, &dev->trace, &dev->irq);
}

int vfiopm__device_new(const struct vfiopm__fds *fds, bool owns_fds, struct vfiopm_device **ret_dev)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct vfiopm_device *dev;
	int r;

	/* An fd that answers VFIO_DEVICE_GET_INFO is a VFIO device. */
	r = vfiopm__sys_command(fds->device, VFIO_DEVICE_GET_INFO, &info);
	if (r < 0)
		return r;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	dev->fds = *fds;
	vfiopm__trace_init(&dev->trace);
	pthread_mutex_init(&dev->setting_place, NULL);
	vfiopm__hooks_init(&dev->hooks);
	r = create_parts(dev, fds->device, &info);
	if (r < 0) {
		vfiopm_device_free(dev);
		return r;
	}
	dev->owns_fds = owns_fds;
	*ret_dev = dev;
	return 0;
}

VFIOPM__PUBLIC int vfiopm_device_new_from_fd(int device_fd, struct vfiopm_device **ret_dev)
{
	struct vfiopm__fds fds = { .device = device_fd, .group = -1, .iommu = -1 };
	int r;

	if (!ret_dev)
		return -EINVAL;
	r = vfiopm__device_new(&fds, false, ret_dev);
	if (r == 0)
		find_place(*ret_dev);
	return r;
}

VFIOPM__PUBLIC struct vfiopm_device *vfiopm_device_free(struct vfiopm_device *dev)
{
	if (!dev)
		return NULL;
	vfiopm__irq_free(dev->irq);
	vfiopm__power_free(dev->power);
	vfiopm__access_free(dev->access);
	vfiopm__readout_free(atomic_load(&dev->readout));
	if (dev->owns_fds)
		vfiopm__fds_close(&dev->fds);
	vfiopm__trace_destroy(&dev->trace);
	pthread_mutex_destroy(&dev->setting_place);
	vfiopm__hooks_destroy(&dev->hooks);
	free(dev);
	return NULL;
}

VFIOPM__PUBLIC int vfiopm_device_get_fd(const struct vfiopm_device *dev)
{
	return dev ? dev->fds.device : -EINVAL;
}

/* ---- the IOMMU ---- */

VFIOPM__PUBLIC int vfiopm_device_get_container(const struct vfiopm_device *dev, int *ret_fd)
{
	if (!dev || !ret_fd)
		return -EINVAL;
	if (dev->fds.group < 0)
		return -ENOENT;
	*ret_fd = dev->fds.iommu;
	return 0;
}

VFIOPM__PUBLIC int vfiopm_device_get_iommufd(const struct vfiopm_device *dev, int *ret_fd,
					     uint32_t *ret_ioas_id)
{
	if (!dev || !ret_fd || !ret_ioas_id)
		return -EINVAL;
	if (dev->fds.group >= 0 || dev->fds.iommu < 0)
		return -ENOENT;
	*ret_fd = dev->fds.iommu;
	*ret_ioas_id = dev->fds.ioas;
	return 0;
}

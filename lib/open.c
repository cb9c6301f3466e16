// SPDX-License-Identifier: MIT
/*
 * Open a device by its PCI address. The device cdev and an iommufd are used if the kernel
 * has both (6.6), else the IOMMU group and a container. The errno of the failed step is
 * returned, and a failure leaves no fd open.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "device.h"
#include "sys.h"
#include "sysfs.h"
#include "text.h"
#include "uapi.h"

/* ---- the device cdev (drivers/vfio/device_cdev.c, 6.6) ---- */

static int attach_iommufd(const struct vfiopm__fds *fds)
{
	struct vfiopm__bind_iommufd bind = { .argsz = sizeof(bind), .iommufd = fds->iommu };
	struct vfiopm__ioas_alloc ioas = { .size = sizeof(ioas) };
	struct vfiopm__attach_iommufd_pt attach = { .argsz = sizeof(attach) };
	int r;

	r = vfiopm__sys_command(fds->device, VFIO_DEVICE_BIND_IOMMUFD, &bind);
	if (r < 0)
		return r;
	r = vfiopm__sys_command(fds->iommu, IOMMU_IOAS_ALLOC, &ioas);
	if (r < 0)
		return r;
	attach.pt_id = ioas.out_ioas_id;
	return vfiopm__sys_command(fds->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
}

/* -ENOENT: the kernel has no cdev for the device, or no iommufd. */
static int open_by_cdev(const char *address, struct vfiopm__fds *fds)
{
	char path[VFIOPM__PATH_SIZE], name[VFIOPM__VALUE_SIZE];
	int r;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", address);
	r = vfiopm__sysfs_find_name(path, "vfio", name, sizeof(name));
	if (r < 0)
		return r;

	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", name);
	fds->device = vfiopm__sys_open_node(path);
	if (fds->device < 0)
		return fds->device;
	fds->iommu = vfiopm__sys_open_node("/dev/iommu");
	if (fds->iommu < 0)
		return fds->iommu;
	return attach_iommufd(fds);
}

/* ---- the group (drivers/vfio/group.c and container.c, in 6.1 vfio_main.c) ---- */

static int open_group(const char *address, int *ret_fd)
{
	char path[VFIOPM__PATH_SIZE], name[VFIOPM__VALUE_SIZE];
	uint32_t group;
	int r;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", address);
	r = vfiopm__sysfs_read_link_name(path, name, sizeof(name));
	if (r < 0)
		return r;
	r = vfiopm__text_parse_group(name, &group);
	if (r < 0)
		return r;

	snprintf(path, sizeof(path), "/dev/vfio/%" PRIu32, group);
	*ret_fd = vfiopm__sys_open_node(path);
	return *ret_fd < 0 ? *ret_fd : 0;
}

static int open_container(int group_fd, int *ret_fd)
{
	int r;

	*ret_fd = vfiopm__sys_open_node("/dev/vfio/vfio");
	if (*ret_fd < 0)
		return *ret_fd;
	/* VFIO_API_VERSION is 0, so sys_command() refuses any other version. */
	r = vfiopm__sys_command(*ret_fd, VFIO_GET_API_VERSION, NULL);
	if (r < 0)
		return r;
	r = vfiopm__sys_command(group_fd, VFIO_GROUP_SET_CONTAINER, ret_fd);
	if (r < 0)
		return r;
	return vfiopm__sys_command(*ret_fd, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU);
}

static int open_by_group(char *address, struct vfiopm__fds *fds)
{
	int r;

	r = open_group(address, &fds->group);
	if (r < 0)
		return r;
	r = open_container(fds->group, &fds->iommu);
	if (r < 0)
		return r;
	fds->device = vfiopm__sys_ioctl(fds->group, VFIO_GROUP_GET_DEVICE_FD, address);
	return fds->device < 0 ? fds->device : 0;
}

/* ---- both ---- */

static int open_fds(char *address, struct vfiopm__fds *ret_fds)
{
	struct vfiopm__fds fds = { -1, -1, -1 };
	int r;

	r = open_by_cdev(address, &fds);
	if (r == -ENOENT) {
		vfiopm__fds_close(&fds);
		r = open_by_group(address, &fds);
	}
	if (r < 0) {
		vfiopm__fds_close(&fds);
		return r;
	}
	*ret_fds = fds;
	return 0;
}

/* Without this check, a missing device could not be distinguished from a device without an
 * IOMMU group. */
static int check_exists(const char *address)
{
	char path[VFIOPM__PATH_SIZE];
	int r;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", address);
	r = vfiopm__sysfs_check(path);
	return r == -ENOENT ? -ENXIO : r;
}

VFIOPM__PUBLIC int vfiopm_device_open(const char *pci_address, struct vfiopm_device **ret_dev)
{
	char address[VFIOPM__ADDRESS_SIZE];
	struct vfiopm_device *dev;
	struct vfiopm__fds fds;
	int r;

	if (!pci_address || !ret_dev)
		return -EINVAL;
	r = vfiopm__text_parse_address(pci_address, address);
	if (r < 0)
		return r;
	r = check_exists(address);
	if (r < 0)
		return r;
	r = open_fds(address, &fds);
	if (r < 0)
		return r;

	r = vfiopm__device_new(&fds, true, &dev);
	if (r < 0) {
		vfiopm__fds_close(&fds);
		return r;
	}
	r = vfiopm_device_set_address(dev, address);
	if (r < 0) {
		vfiopm_device_free(dev);
		return r;
	}
	*ret_dev = dev;
	return 0;
}

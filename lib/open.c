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
#include "ops.h"
#include "sys.h"
#include "sysfs.h"
#include "text.h"
#include "uapi.h"

/* What the caller wants, with checked texts. */
struct request {
	char address[VFIOPM__ADDRESS_SIZE];
	const char *token; /* NULL: the caller gave no token */
	uint8_t uuid[16];  /* the token */
	bool allow_noiommu;
};

/* ---- the device cdev (drivers/vfio/device_cdev.c, 6.6) ---- */

static int bind_iommufd(const struct request *request, const struct vfiopm__fds *fds)
{
	struct vfiopm__bind_iommufd bind = { .argsz = VFIOPM__BIND_SIZE, .iommufd = fds->iommu };

	if (request->token) {
		bind.argsz = sizeof(bind);
		bind.flags = VFIOPM__BIND_FLAG_TOKEN;
		bind.token_uuid_ptr = (uintptr_t)request->uuid;
	}
	return vfiopm__sys_command(fds->device, VFIO_DEVICE_BIND_IOMMUFD, &bind);
}

static int attach_iommufd(const struct request *request, struct vfiopm__fds *fds)
{
	struct vfiopm__ioas_alloc ioas = { .size = sizeof(ioas) };
	struct vfiopm__attach_iommufd_pt attach = { .argsz = sizeof(attach) };
	int r;

	r = bind_iommufd(request, fds);
	if (r < 0)
		return r;
	r = vfiopm__sys_command(fds->iommu, IOMMU_IOAS_ALLOC, &ioas);
	if (r < 0)
		return r;
	attach.pt_id = fds->ioas = ioas.out_ioas_id;
	return vfiopm__sys_command(fds->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
}

/* -ENOENT: the kernel has no cdev for the device, or no iommufd. */
static int open_by_cdev(const struct request *request, struct vfiopm__fds *fds)
{
	char path[VFIOPM__PATH_SIZE], name[VFIOPM__VALUE_SIZE];
	int r;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", request->address);
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
	return attach_iommufd(request, fds);
}

/* ---- the group (drivers/vfio/group.c and container.c, in 6.1 vfio_main.c) ---- */

static int open_group(const struct request *request, int *ret_fd, unsigned long *ret_iommu_type)
{
	char path[VFIOPM__PATH_SIZE], name[VFIOPM__VALUE_SIZE];
	uint32_t group;
	int r;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", request->address);
	r = vfiopm__sysfs_read_link_name(path, name, sizeof(name));
	if (r < 0)
		return r;
	r = vfiopm__text_parse_group(name, &group);
	if (r < 0)
		return r;

	snprintf(path, sizeof(path), "/dev/vfio/%" PRIu32, group);
	*ret_iommu_type = VFIO_TYPE1v2_IOMMU;
	*ret_fd = vfiopm__sys_open_node(path);
	if (*ret_fd == -ENOENT && request->allow_noiommu) {
		/* vfio_main.c, vfio_create_group(), 6.1: the node of a group without an IOMMU. */
		snprintf(path, sizeof(path), "/dev/vfio/noiommu-%" PRIu32, group);
		*ret_iommu_type = VFIO_NOIOMMU_IOMMU;
		*ret_fd = vfiopm__sys_open_node(path);
	}
	return *ret_fd < 0 ? *ret_fd : 0;
}

static int open_container(int group_fd, unsigned long iommu_type, int *ret_fd)
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
	return vfiopm__sys_command(*ret_fd, VFIO_SET_IOMMU, (void *)iommu_type);
}

static int open_by_group(const struct request *request, struct vfiopm__fds *fds)
{
	char name[VFIOPM__ADDRESS_SIZE + sizeof(" vf_token=") + VFIOPM__UUID_SIZE];
	unsigned long iommu_type;
	int r;

	r = open_group(request, &fds->group, &iommu_type);
	if (r < 0)
		return r;
	r = open_container(fds->group, iommu_type, &fds->iommu);
	if (r < 0)
		return r;
	/* vfio_pci_core.c, vfio_pci_core_match(): the token follows the address. */
	snprintf(name, sizeof(name), "%s%s%s", request->address, request->token ? " vf_token=" : "",
		 request->token ? request->token : "");
	fds->device = vfiopm__sys_ioctl(fds->group, VFIO_GROUP_GET_DEVICE_FD, name);
	return fds->device < 0 ? fds->device : 0;
}

/* ---- both ---- */

/* Without a success, no fd stays open. */
static int open_fds(const struct request *request, struct vfiopm__fds *fds)
{
	int r, by_cdev;

	*fds = (struct vfiopm__fds){ -1, -1, -1, 0 };
	r = by_cdev = open_by_cdev(request, fds);
	/* Before 6.17 a bind with a token fails with EINVAL. The group takes the token. */
	if (r == -ENOENT || (r == -EINVAL && request->token)) {
		vfiopm__fds_close(fds);
		r = open_by_group(request, fds);
		/* The kernel can be built without groups. */
		if (r == -ENOENT)
			r = by_cdev;
	}
	if (r < 0)
		vfiopm__fds_close(fds);
	return r;
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

static int open_request(const struct request *request, struct vfiopm_device **ret_dev)
{
	struct vfiopm_device *dev;
	struct vfiopm__fds fds;
	int r;

	r = check_exists(request->address);
	if (r < 0)
		return r;
	r = open_fds(request, &fds);
	if (r < 0)
		return r;

	r = vfiopm__device_new(&fds, true, &dev);
	if (r < 0) {
		vfiopm__fds_close(&fds);
		return r;
	}
	r = vfiopm_device_set_address(dev, request->address);
	if (r < 0) {
		vfiopm_device_free(dev);
		return r;
	}
	*ret_dev = dev;
	return 0;
}

VFIOPM__PUBLIC int vfiopm_device_open_with(const char *pci_address,
					   const struct vfiopm_open_options *options, size_t size,
					   struct vfiopm_device **ret_dev)
{
	struct vfiopm_open_options known;
	struct request request;
	int r;

	if (!pci_address || !options || !ret_dev)
		return -EINVAL;
	r = vfiopm__ops_copy(&known, sizeof(known), options, size);
	if (r == 0)
		r = vfiopm__text_parse_address(pci_address, request.address);
	if (r == 0 && known.vf_token)
		r = vfiopm__text_parse_uuid(known.vf_token, request.uuid);
	if (r < 0)
		return r;
	if (known.allow_noiommu != 0 && known.allow_noiommu != 1)
		return -EINVAL;
	request.token = known.vf_token;
	request.allow_noiommu = known.allow_noiommu;
	return open_request(&request, ret_dev);
}

VFIOPM__PUBLIC int vfiopm_device_open(const char *pci_address, struct vfiopm_device **ret_dev)
{
	const struct vfiopm_open_options none = { 0 };

	return vfiopm_device_open_with(pci_address, &none, sizeof(none), ret_dev);
}

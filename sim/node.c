// SPDX-License-Identifier: MIT
/*
 * The nodes in /dev: groups and containers (drivers/vfio/group.c, container.c and
 * vfio_iommu_type1.c; vfio_main.c in 6.1), device cdevs and the iommufd
 * (drivers/vfio/device_cdev.c, drivers/iommu/iommufd).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "lib/uapi.h"

/* ---- opening ---- */

static int open_group(struct sim_device *device)
{
	const struct sim_machine *machine = &device->machine;

	if (machine->no_group || (machine->not_bound && !machine->peer_bound))
		return -ENOENT;
	/* A group can be opened once, and not while a member is bound by its cdev. */
	if (sim_file_of_kind(SIM_GROUP, device) || device->bound_by_cdev)
		return -EBUSY;
	return sim_file_new(SIM_GROUP, device);
}

static int open_cdev(struct sim_device *device)
{
	if (!device->kernel->cdev || device->machine.not_bound)
		return -ENOENT;
	return sim_file_new(SIM_CDEV, device);
}

int sim_open_node(const char *path)
{
	const struct sim_device *first = sim_device_at(0);
	char name[64];

	if (strcmp(path, "/dev/vfio/vfio") == 0)
		return sim_file_new(SIM_CONTAINER, NULL);
	if (strcmp(path, "/dev/kvm") == 0)
		return sim_file_new(SIM_KVM, NULL);
	if (strcmp(path, "/dev/iommu") == 0)
		return first && first->kernel->cdev ? sim_file_new(SIM_IOMMUFD, NULL) : -ENOENT;

	for (int i = 0; i < SIM_DEVICES; i++) {
		struct sim_device *device = sim_device_at(i);

		if (!device || !sim_is_pci(device))
			continue;
		snprintf(name, sizeof(name), "/dev/vfio/%u", device->group);
		if (strcmp(path, name) == 0)
			return open_group(device);
		snprintf(name, sizeof(name), "/dev/vfio/devices/vfio%d", i);
		if (strcmp(path, name) == 0)
			return open_cdev(device);
	}
	return -ENOENT;
}

/* ---- groups ---- */

static int set_container(struct sim_file *group, const void *arg)
{
	struct sim_file *container;
	int fd;

	if (sim_from_user(&fd, arg, sizeof(fd)) < 0)
		return -EFAULT;
	if (group->container >= 0 || (fd < 0 && group->device->kernel->old_groups))
		return -EINVAL;
	container = sim_file(fd);
	if (!container)
		return sim_real_fcntl(fd, F_GETFD, 0) < 0 ? -EBADF
							  : -group->device->kernel->wrong_container;
	if (container->kind != SIM_CONTAINER)
		return -group->device->kernel->wrong_container;
	if (group->device->machine.peer_on_host)
		return -EPERM;
	container->attached++;
	group->container = fd;
	return 0;
}

static int get_device_fd(const struct sim_file *group, const void *arg)
{
	const struct sim_file *container = sim_file(group->container);
	char address[sizeof(group->device->address)];
	struct sim_device *device = group->device;

	if (group->device->kernel->old_groups && !(container && container->iommu_set))
		return -EINVAL;
	if (sim_from_user(address, arg, strlen(device->address) + 1) < 0)
		return -EFAULT;
	if (strncmp(address, device->address, strlen(device->address) + 1) != 0 ||
	    device->machine.not_bound)
		return -ENODEV;
	if (!container || !container->iommu_set)
		return -EINVAL;
	return sim_device_file_new(device, 0);
}

static int get_status(const struct sim_file *group, void *arg)
{
	struct vfio_group_status status;

	if (sim_from_user(&status, arg, sizeof(status)) < 0)
		return -EFAULT;
	if (status.argsz < sizeof(status))
		return -EINVAL;
	status.flags = group->device->machine.peer_on_host ? 0 : VFIO_GROUP_FLAGS_VIABLE;
	if (group->container >= 0)
		status.flags |= VFIO_GROUP_FLAGS_CONTAINER_SET | VFIO_GROUP_FLAGS_VIABLE;
	return sim_to_user(arg, &status, sizeof(status));
}

int sim_group_ioctl(struct sim_file *group, unsigned long request, void *arg)
{
	switch (request) {
	case VFIO_GROUP_GET_STATUS:
		return get_status(group, arg);
	case VFIO_GROUP_SET_CONTAINER:
		return set_container(group, arg);
	case VFIO_GROUP_GET_DEVICE_FD:
		return get_device_fd(group, arg);
	default:
		return -ENOTTY;
	}
}

/* ---- containers ---- */

static int set_iommu(struct sim_file *container, unsigned long type)
{
	if (container->attached == 0 || container->iommu_set)
		return -EINVAL;
	if (type != VFIO_TYPE1_IOMMU && type != VFIO_TYPE1v2_IOMMU)
		return -ENODEV;
	container->iommu_set = true;
	return 0;
}

int sim_container_ioctl(struct sim_file *container, unsigned long request, void *arg)
{
	switch (request) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return (uintptr_t)arg == VFIO_TYPE1_IOMMU || (uintptr_t)arg == VFIO_TYPE1v2_IOMMU;
	case VFIO_SET_IOMMU:
		return set_iommu(container, (uintptr_t)arg);
	case VFIO_IOMMU_DIRTY_PAGES: /* the same number as VFIO_DEVICE_FEATURE */
		return -EINVAL;
	default:
		return container->iommu_set ? -ENOTTY : -EINVAL;
	}
}

/* ---- device cdevs and the iommufd ---- */

#define IOAS_ID 1

static int bind(struct sim_file *cdev, void *arg)
{
	struct sim_device *device = cdev->device;
	struct vfiopm__bind_iommufd bind;
	const struct sim_file *iommufd;
	int r;

	if (sim_from_user(&bind, arg, sizeof(bind)) < 0)
		return -EFAULT;
	if (bind.argsz < sizeof(bind) || bind.flags || bind.iommufd < 0)
		return -EINVAL;
	if (sim_file_of_kind(SIM_GROUP, device))
		return -EBUSY;
	/* vfio_main.c, vfio_df_open(): a device can be opened by its cdev only once. */
	if (device->bound_by_cdev)
		return -EINVAL;
	iommufd = sim_file(bind.iommufd);
	if (!iommufd || iommufd->kind != SIM_IOMMUFD)
		return sim_real_fcntl(bind.iommufd, F_GETFD, 0) < 0 ? -EBADF : -EBADFD;
	r = sim_device_opened(device);
	if (r < 0)
		return r;
	device->bound_by_cdev = true;
	cdev->kind = SIM_DEVICE;
	bind.out_devid = 2;
	return sim_to_user(arg, &bind, sizeof(bind));
}

int sim_cdev_ioctl(struct sim_file *cdev, unsigned long request, void *arg)
{
	return request == VFIO_DEVICE_BIND_IOMMUFD ? bind(cdev, arg) : -EINVAL;
}

int sim_iommufd_ioctl(unsigned long request, void *arg)
{
	struct vfiopm__ioas_alloc ioas;

	if (request != IOMMU_IOAS_ALLOC)
		return -ENOTTY;
	if (sim_from_user(&ioas, arg, sizeof(ioas)) < 0)
		return -EFAULT;
	if (ioas.size < sizeof(ioas))
		return -EINVAL;
	if (ioas.flags)
		return -EOPNOTSUPP;
	ioas.out_ioas_id = IOAS_ID;
	return sim_to_user(arg, &ioas, sizeof(ioas));
}

int sim_attach_iommufd(const void *arg)
{
	struct vfiopm__attach_iommufd_pt attach;

	if (sim_from_user(&attach, arg, sizeof(attach)) < 0)
		return -EFAULT;
	if (attach.argsz < sizeof(attach) || attach.flags)
		return -EINVAL;
	return attach.pt_id == IOAS_ID ? 0 : -ENOENT;
}

// SPDX-License-Identifier: MIT
/*
 * The nodes in /dev: groups and containers (drivers/vfio/group.c, container.c and
 * vfio_iommu_type1.c; vfio_main.c in 6.1), device cdevs and the iommufd
 * (drivers/vfio/device_cdev.c, drivers/iommu/iommufd).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "internal.h"
#include "lib/uapi.h"

/* ---- opening ---- */

/* How often the devices of the group are open by the group, or by a cdev. */
static unsigned count_opens(const struct sim_device *device, bool by_cdev)
{
	const struct sim_device *other = NULL;
	unsigned opens = 0;

	while ((other = sim_next_in_group(device->group, other)) != NULL)
		opens += other->bound_by_cdev == by_cdev ? other->opens : 0;
	return opens;
}

/* An open device keeps its group open (container.c, vfio_group_use_container()). */
static bool group_is_open(const struct sim_device *device)
{
	return sim_group_file(device) || count_opens(device, false) > 0;
}

static bool group_exists(const struct sim_device *first)
{
	const struct sim_device *other = NULL;

	if (first->machine.no_group)
		return false;
	while ((other = sim_next_in_group(first->group, other)) != NULL) {
		if (!other->machine.not_bound || other->machine.peer_bound)
			return true;
	}
	return false;
}

static int open_group(struct sim_device *first)
{
	if (!group_exists(first))
		return -ENOENT;
	/* A group can be opened once. A device that is bound by its cdev blocks it. */
	if (group_is_open(first) || count_opens(first, true) > 0)
		return -EBUSY;
	return sim_file_new(SIM_GROUP, first);
}

static int open_cdev(struct sim_device *device)
{
	/* drivers/vfio/vfio.h, vfio_device_add(), 6.6: no cdev for a device without an IOMMU. */
	if (!device->kernel->cdev || device->machine.not_bound || device->machine.noiommu)
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
		snprintf(name, sizeof(name), "/dev/vfio/%s%u",
			 device->machine.noiommu ? "noiommu-" : "", device->group);
		if (strcmp(path, name) == 0)
			return open_group(device);
		snprintf(name, sizeof(name), "/dev/vfio/devices/vfio%d", i);
		if (strcmp(path, name) == 0)
			return open_cdev(device);
	}
	return -ENOENT;
}

/* ---- groups ---- */

/* 5.10 checks for a container before it looks for the file. */
static int set_container(struct sim_file *group, const void *arg)
{
	const struct sim_kernel *kernel = group->device->kernel;
	struct sim_file *container;
	int fd;

	if (sim_from_user(&fd, arg, sizeof(fd)) < 0)
		return -EFAULT;
	if (kernel->old_groups && (fd < 0 || group->container >= 0))
		return -EINVAL;
	fd = sim_user_fd(fd);
	if (fd < 0)
		return fd;
	container = sim_file(fd);
	if (group->container >= 0)
		return -EINVAL;
	if (!container || container->kind != SIM_CONTAINER)
		return -kernel->wrong_container;
	if (group->device->machine.peer_on_host)
		return -EPERM;
	if (container->attached == 0)
		container->noiommu = group->device->machine.noiommu;
	else if (container->noiommu != group->device->machine.noiommu)
		return -EPERM; /* vfio_container_attach_group(): real and fake groups do not mix */
	container->attached++;
	group->container = fd;
	return 0;
}

static int unset_container(struct sim_file *group)
{
	if (group->container < 0)
		return -EINVAL;
	if (count_opens(group->device, false) > 0)
		return -EBUSY;
	sim_group_leaves(group);
	return 0;
}

/* The address, or the address and options, which end with a NUL. */
static int name_from_user(char *name, size_t size, const char *arg)
{
	for (size_t i = 0; i < size; i++) {
		if (sim_from_user(&name[i], arg + i, 1) < 0)
			return -EFAULT;
		if (!name[i])
			return 0;
	}
	return -EINVAL;
}

/* vfio_pci_core.c, vfio_pci_validate_vf_token(). token is NULL if the user gave no token. */
static int check_token(const struct sim_device *device, const char *token)
{
	const char *required = device->machine.vf_token;

	if (!required)
		return token ? -EINVAL : 0;
	return token && strcasecmp(token, required) == 0 ? 0 : -EACCES;
}

/* vfio_pci_core.c, vfio_pci_core_match() */
static int match(const struct sim_device *device, const char *name)
{
	static const char option[] = " vf_token=";
	const char *rest = name + strlen(device->address);

	if (strncmp(name, device->address, strlen(device->address)) != 0)
		return -ENODEV;
	if (!*rest)
		return check_token(device, NULL);
	if (*rest != ' ')
		return -ENODEV;
	if (strncmp(rest, option, sizeof(option) - 1) != 0 ||
	    strlen(rest) != sizeof(option) - 1 + 36)
		return -EINVAL;
	return check_token(device, rest + sizeof(option) - 1);
}

/* vfio_main.c, vfio_device_get_from_name() */
static int find(const struct sim_file *group, const char *name, struct sim_device **ret)
{
	struct sim_device *device = NULL;
	int r = -ENODEV;

	while (r == -ENODEV && (device = sim_next_in_group(group->device->group, device)) != NULL) {
		if (!device->machine.not_bound)
			r = match(device, name);
	}
	*ret = device;
	return r;
}

static int get_device_fd(const struct sim_file *group, const void *arg)
{
	const struct sim_file *container = sim_file(group->container);
	char name[sizeof(group->device->address) + 64];
	struct sim_device *device = NULL;
	int r;

	if (group->device->kernel->old_groups && !(container && container->iommu_set))
		return -EINVAL;
	r = name_from_user(name, sizeof(name), arg);
	if (r < 0)
		return r;
	r = find(group, name, &device);
	if (r < 0)
		return r;
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
	case VFIO_GROUP_UNSET_CONTAINER:
		return unset_container(group);
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
	if (container->noiommu ? type != VFIO_NOIOMMU_IOMMU
			       : type != VFIO_TYPE1_IOMMU && type != VFIO_TYPE1v2_IOMMU)
		return -ENODEV;
	container->iommu_set = true;
	return 0;
}

static int map_container(struct sim_file *container, const void *arg)
{
	struct vfio_iommu_type1_dma_map map;

	if (sim_from_user(&map, arg, sizeof(map)) < 0)
		return -EFAULT;
	if (map.argsz < sizeof(map) || !map.flags ||
	    (map.flags & ~(uint32_t)(VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)))
		return -EINVAL;
	return sim_map_dma(&container->mappings, map.iova, map.size, map.vaddr);
}

static int unmap_container(struct sim_file *container, void *arg)
{
	struct vfio_iommu_type1_dma_unmap unmap;

	if (sim_from_user(&unmap, arg, sizeof(unmap)) < 0)
		return -EFAULT;
	if (unmap.argsz < sizeof(unmap) || unmap.flags)
		return -EINVAL;
	unmap.size = sim_unmap_dma(&container->mappings, unmap.iova, unmap.size);
	return sim_to_user(arg, &unmap, sizeof(unmap));
}

/* vfio_iommu_type1_get_info(), without its capabilities. */
static int get_iommu_info(void *arg)
{
	const size_t size = offsetof(struct vfio_iommu_type1_info, iova_pgsizes) +
			    sizeof(((struct vfio_iommu_type1_info *)0)->iova_pgsizes);
	const size_t with_capabilities = sizeof(struct vfio_iommu_type1_info);
	struct vfio_iommu_type1_info info = { 0 };

	if (sim_from_user(&info, arg, size) < 0)
		return -EFAULT;
	if (info.argsz < size)
		return -EINVAL;
	info.flags = VFIO_IOMMU_INFO_PGSIZES;
	info.iova_pgsizes = 4096;
	return sim_to_user(arg, &info, info.argsz < with_capabilities ? size : with_capabilities);
}

/* vfio_iommu_type1_dirty_pages(): the model tracks no dirty pages, so all flags are wrong. */
static int dirty_pages(const struct sim_file *container, const void *arg)
{
	struct vfio_iommu_type1_dirty_bitmap dirty;

	if (container->iommu_set && !container->noiommu &&
	    sim_from_user(&dirty, arg, sizeof(dirty.argsz) + sizeof(dirty.flags)) < 0)
		return -EFAULT;
	return -EINVAL;
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
	case VFIO_IOMMU_GET_INFO:
	case VFIO_IOMMU_MAP_DMA:
	case VFIO_IOMMU_UNMAP_DMA:
		if (!container->iommu_set)
			return -EINVAL;
		if (container->noiommu) /* vfio_noiommu_ioctl() */
			return -ENOTTY;
		if (request == VFIO_IOMMU_GET_INFO)
			return get_iommu_info(arg);
		return request == VFIO_IOMMU_MAP_DMA ? map_container(container, arg)
						     : unmap_container(container, arg);
	case VFIO_IOMMU_DIRTY_PAGES: /* the same number as VFIO_DEVICE_FEATURE */
		return dirty_pages(container, arg);
	default:
		return container->iommu_set ? -ENOTTY : -EINVAL;
	}
}

/* ---- device cdevs and the iommufd ---- */

/* device_cdev.c, vfio_df_check_token(), 6.17. Before that release a bind checks no token. */
static int check_bind_token(const struct sim_device *device,
			    const struct vfiopm__bind_iommufd *bind)
{
	uint8_t uuid[16];
	char text[37];

	if (!device->kernel->bind_token)
		return 0;
	if (!(bind->flags & VFIOPM__BIND_FLAG_TOKEN))
		return check_token(device, NULL);
	if (sim_from_user(uuid, (const void *)(uintptr_t)bind->token_uuid_ptr, sizeof(uuid)) < 0)
		return -EFAULT;
	for (int i = 0, at = 0; i < 16; i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at, "%s%02x",
			       i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
	return check_token(device, text);
}

/* device_cdev.c, vfio_df_ioctl_bind_iommufd(), up to the check for a device that is bound. */
static int read_bind(const struct sim_device *device, const void *arg,
		     struct vfiopm__bind_iommufd *bind)
{
	uint32_t flags = device->kernel->bind_token ? VFIOPM__BIND_FLAG_TOKEN : 0;

	if (sim_from_user(bind, arg, VFIOPM__BIND_SIZE) < 0)
		return -EFAULT;
	if (bind->argsz < VFIOPM__BIND_SIZE || (bind->flags & ~flags) || bind->iommufd < 0)
		return -EINVAL;
	if (device->kernel->bind_token && bind->argsz >= sizeof(*bind) &&
	    sim_from_user(bind, arg, sizeof(*bind)) < 0)
		return -EFAULT;
	return 0;
}

int sim_bind_again(const struct sim_device *device, const void *arg)
{
	struct vfiopm__bind_iommufd bind = { 0 };
	int r = read_bind(device, arg, &bind);

	return r < 0 ? r : -EINVAL;
}

static int bind(struct sim_file *cdev, void *arg)
{
	struct sim_device *device = cdev->device;
	struct vfiopm__bind_iommufd bind = { 0 };
	struct sim_file *file;
	int iommufd, r = read_bind(device, arg, &bind);

	if (r < 0)
		return r;
	if (group_is_open(device))
		return -EBUSY;
	/* vfio_main.c, vfio_df_open(): a device can be opened by its cdev only once. */
	if (device->bound_by_cdev)
		return -EINVAL;
	iommufd = sim_user_fd(bind.iommufd);
	if (iommufd < 0)
		return iommufd;
	file = sim_file(iommufd);
	if (!file || file->kind != SIM_IOMMUFD)
		return -EBADFD;
	r = check_bind_token(device, &bind);
	if (r < 0)
		return r;
	r = sim_device_opened(device);
	if (r < 0)
		return r;
	device->bound_by_cdev = true;
	device->iommufd = iommufd;
	cdev->kind = SIM_DEVICE;
	device->id = ++file->last_id;
	bind.out_devid = device->id;
	return sim_to_user(arg, &bind, VFIOPM__BIND_SIZE);
}

int sim_cdev_ioctl(struct sim_file *cdev, unsigned long request, void *arg)
{
	return request == VFIO_DEVICE_BIND_IOMMUFD ? bind(cdev, arg) : -EINVAL;
}

static bool is_ioas(const struct sim_file *iommufd, uint32_t id)
{
	return id < 64 && (iommufd->ioas_ids & UINT64_C(1) << id);
}

static int alloc_ioas(struct sim_file *iommufd, void *arg)
{
	struct vfiopm__ioas_alloc ioas;

	if (sim_from_user(&ioas, arg, sizeof(ioas)) < 0)
		return -EFAULT;
	if (ioas.size < sizeof(ioas))
		return -EINVAL;
	if (ioas.flags)
		return -EOPNOTSUPP;
	ioas.out_ioas_id = ++iommufd->last_id;
	iommufd->ioas_ids |= UINT64_C(1) << (ioas.out_ioas_id & 63);
	return sim_to_user(arg, &ioas, sizeof(ioas));
}

/* drivers/iommu/iommufd/ioas.c, iommufd_ioas_map(): this model requires a fixed IOVA. */
static int map_ioas(struct sim_file *iommufd, const void *arg)
{
	struct sim_ioas_map map;

	if (sim_from_user(&map, arg, sizeof(map)) < 0)
		return -EFAULT;
	if (map.size < sizeof(map) || !(map.flags & SIM_IOAS_MAP_FIXED_IOVA))
		return -EINVAL;
	if (map.reserved)
		return -EOPNOTSUPP;
	if (!is_ioas(iommufd, map.ioas_id))
		return -ENOENT;
	return sim_map_dma(&iommufd->mappings, map.iova, map.length, map.user_va);
}

static int unmap_ioas(struct sim_file *iommufd, void *arg)
{
	struct sim_ioas_unmap unmap;

	if (sim_from_user(&unmap, arg, sizeof(unmap)) < 0)
		return -EFAULT;
	if (unmap.size < sizeof(unmap))
		return -EINVAL;
	if (!is_ioas(iommufd, unmap.ioas_id))
		return -ENOENT;
	unmap.length = sim_unmap_dma(&iommufd->mappings, unmap.iova, unmap.length);
	if (unmap.length == 0)
		return -ENOENT;
	return sim_to_user(arg, &unmap, sizeof(unmap));
}

int sim_iommufd_ioctl(struct sim_file *iommufd, unsigned long request, void *arg)
{
	switch (request) {
	case IOMMU_IOAS_ALLOC:
		return alloc_ioas(iommufd, arg);
	case SIM_IOMMU_IOAS_MAP:
		return map_ioas(iommufd, arg);
	case SIM_IOMMU_IOAS_UNMAP:
		return unmap_ioas(iommufd, arg);
	default:
		return -ENOTTY;
	}
}

int sim_attach_iommufd(const struct sim_device *device, const void *arg)
{
	const struct sim_file *iommufd = sim_file(device->iommufd);
	struct vfiopm__attach_iommufd_pt attach;

	if (sim_from_user(&attach, arg, sizeof(attach)) < 0)
		return -EFAULT;
	if (attach.argsz < sizeof(attach) || attach.flags)
		return -EINVAL;
	return iommufd && is_ioas(iommufd, attach.pt_id) ? 0 : -ENOENT;
}

int sim_detach_iommufd(const void *arg)
{
	uint32_t detach[2]; /* argsz, flags */

	if (sim_from_user(detach, arg, sizeof(detach)) < 0)
		return -EFAULT;
	return detach[0] < sizeof(detach) || detach[1] ? -EINVAL : 0;
}

// SPDX-License-Identifier: MIT
/*
 * The table of simulated files. A simulated file occupies a real fd of a file without effect
 * (/dev/null, or the memfd of the BARs), so that the kernel gives its number to no other file.
 */
#include <errno.h>

#include "internal.h"

static struct sim_file files[1024];

#define FILES ((int)(sizeof(files) / sizeof(files[0])))

struct sim_file *sim_file(int fd)
{
	return fd >= 0 && fd < FILES && files[fd].kind != SIM_NONE ? &files[fd] : NULL;
}

struct sim_file *sim_file_of_kind(enum sim_kind kind, const struct sim_device *device)
{
	for (int fd = 0; fd < FILES; fd++) {
		if (files[fd].kind == kind && files[fd].device == device)
			return &files[fd];
	}
	return NULL;
}

/* The file of a group refers to the first device of the group. */
const struct sim_file *sim_group_file(const struct sim_device *device)
{
	return sim_file_of_kind(SIM_GROUP, sim_next_in_group(device->group, NULL));
}

static int file_new_from(enum sim_kind kind, struct sim_device *device, int lowest)
{
	int fd = sim_new_fd(kind, device, lowest);

	if (fd < 0)
		return fd;
	if (fd >= FILES) {
		sim_real_close(fd);
		return -EMFILE;
	}
	files[fd] = (struct sim_file){ .kind = kind, .device = device, .container = -1 };
	return fd;
}

int sim_file_new(enum sim_kind kind, struct sim_device *device)
{
	return file_new_from(kind, device, 0);
}

int sim_device_file_new(struct sim_device *device, int lowest)
{
	int fd, r = sim_device_opened(device);

	if (r < 0)
		return r;
	fd = file_new_from(SIM_DEVICE, device, lowest);
	if (fd < 0)
		sim_device_closed(device);
	return fd;
}

/* A container loses its IOMMU with its last group. */
void sim_group_leaves(struct sim_file *group)
{
	struct sim_file *container = sim_file(group->container);

	group->container = -1;
	if (container && --container->attached == 0)
		container->iommu_set = false;
}

int sim_file_close(int fd)
{
	struct sim_file file = files[fd];

	files[fd] = (struct sim_file){ 0 };
	if (file.kind == SIM_DEVICE)
		sim_device_closed(file.device);
	if (file.kind == SIM_VM)
		sim_vm_closed(fd);
	if (file.kind == SIM_GROUP)
		sim_group_leaves(&file);
	return sim_real_close(fd);
}

/* ---- calls ---- */

int sim_file_ioctl(int fd, unsigned long request, void *arg)
{
	struct sim_file *file = &files[fd];

	switch (file->kind) {
	case SIM_DEVICE:
		return sim_device_ioctl(file->device, request, arg);
	case SIM_CDEV:
		return sim_cdev_ioctl(file, request, arg);
	case SIM_GROUP:
		return sim_group_ioctl(file, request, arg);
	case SIM_CONTAINER:
		return sim_container_ioctl(file, request, arg);
	case SIM_IOMMUFD:
		return sim_iommufd_ioctl(file, request, arg);
	case SIM_KVM:
		return sim_kvm_ioctl(request);
	case SIM_VM:
		return sim_vm_ioctl(fd, request, arg);
	default:
		return -ENOTTY;
	}
}

ssize_t sim_file_read(struct sim_file *file, void *buffer, size_t count, off_t offset)
{
	switch (file->kind) {
	case SIM_DEVICE:
		return sim_region_rw(file->device, buffer, count, offset, false);
	case SIM_ATTRIBUTE:
	case SIM_FDINFO:
		return sim_read_text(file, buffer, count, offset);
	default:
		return -EINVAL;
	}
}

ssize_t sim_file_write(struct sim_file *file, const void *buffer, size_t count, off_t offset)
{
	switch (file->kind) {
	case SIM_DEVICE:
		return sim_region_rw(file->device, (void *)(uintptr_t)buffer, count, offset, true);
	case SIM_ATTRIBUTE:
		return sim_write_attribute(file, buffer, count);
	default:
		return -EINVAL;
	}
}

// SPDX-License-Identifier: MIT
/*
 * Eventfds whose signal writes to a BAR (drivers/vfio/pci/vfio_pci_rdwr.c, vfio_pci_ioeventfd()).
 * A signal does not resume the device: the write is dropped while the memory cannot be accessed.
 */
#include <errno.h>

#include "internal.h"
#include "lib/uapi.h"

static void handler(struct sim_device *device, uint32_t index)
{
	const struct sim_ioeventfd *ioeventfd = &device->ioeventfds[index];

	sim_bar_write(device, ioeventfd->offset, &ioeventfd->data, ioeventfd->size);
}

static struct sim_ioeventfd *find(struct sim_device *device,
				  const struct vfio_device_ioeventfd *arg)
{
	for (int i = 0; i < SIM_IOEVENTFDS; i++) {
		struct sim_ioeventfd *ioeventfd = &device->ioeventfds[i];

		if (ioeventfd->size == arg->flags && ioeventfd->offset == arg->offset &&
		    ioeventfd->data == arg->data)
			return ioeventfd;
	}
	return NULL;
}

static int add(struct sim_device *device, const struct vfio_device_ioeventfd *arg)
{
	struct sim_ioeventfd *ioeventfd;
	uint32_t index = 0;
	int r;

	while (index < SIM_IOEVENTFDS && device->ioeventfds[index].size)
		index++;
	if (index == SIM_IOEVENTFDS)
		return -ENOSPC;
	ioeventfd = &device->ioeventfds[index];
	ioeventfd->offset = arg->offset;
	ioeventfd->data = arg->data;
	ioeventfd->size = arg->flags;
	r = sim_virqfd_enable(&ioeventfd->virqfd, device, index, handler, arg->fd);
	if (r < 0)
		ioeventfd->size = 0;
	return r;
}

/* The flags are the size of the write, a power of two. */
int sim_ioeventfd_ioctl(struct sim_device *device, const void *user)
{
	const size_t min = offsetof(struct vfio_device_ioeventfd, fd) + sizeof(int32_t);
	struct vfio_device_ioeventfd arg = { 0 };
	struct sim_ioeventfd *ioeventfd;

	if (!sim_is_pci(device))
		return -ENOTTY;
	if (sim_from_user(&arg, user, min) < 0)
		return -EFAULT;
	if (arg.argsz < min || (arg.flags & ~(uint32_t)VFIO_DEVICE_IOEVENTFD_SIZE_MASK) ||
	    __builtin_popcount(arg.flags) != 1 || arg.fd < -1 ||
	    !sim_is_in_bar(device, arg.offset, arg.flags) ||
	    (arg.flags == 8 && !device->kernel->ioeventfd_64))
		return -EINVAL;
	ioeventfd = find(device, &arg);
	if (ioeventfd && arg.fd >= 0)
		return -EEXIST;
	if (arg.fd >= 0)
		return add(device, &arg);
	if (!ioeventfd)
		return -ENODEV;
	sim_virqfd_disable(&ioeventfd->virqfd);
	ioeventfd->size = 0;
	return 0;
}

void sim_ioeventfds_release(struct sim_device *device)
{
	for (int i = 0; i < SIM_IOEVENTFDS; i++) {
		sim_virqfd_disable(&device->ioeventfds[i].virqfd);
		device->ioeventfds[i].size = 0;
	}
}

// SPDX-License-Identifier: MIT
/*
 * The device object: the fds it stands on, what is set on it once, and the
 * objects that hang on it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"
#include "sysfs.h"
#include "text.h"
#include "uapi.h"

struct vfiopm_device {
	struct vfiopm__fds fds;
	bool owned;
	struct vfiopm__power *power;
	struct vfiopm__irq *irq;

	/* What is set once. The lock is for those who set; who reads needs none:
	 * address is written before readout is published, trace_data before trace. */
	pthread_mutex_t setting;
	char address[VFIOPM__ADDRESS_SIZE]; /* "" if not known */
	_Atomic(struct vfiopm__readout *) readout;
	void *trace_data;
	void (*_Atomic trace)(void *data, uint32_t event, const char *call, int result);
};

/* ---- its place in sysfs ---- */

static int set_place_locked(struct vfiopm_device *dev, const char *address, const char *directory)
{
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

static int set_place(struct vfiopm_device *dev, const char *address, const char *directory)
{
	int r;

	pthread_mutex_lock(&dev->setting);
	r = set_place_locked(dev, address, directory);
	pthread_mutex_unlock(&dev->setting);
	return r;
}

/* Where the kernel says the device's place (vfio_main.c, vfio_device_show_fdinfo(),
 * 6.18), use it. Where it does not, or may not be asked, the caller can say it. */
static void find_place(struct vfiopm_device *dev)
{
	char path[VFIOPM__PATH_SIZE], text[1024], address[VFIOPM__ADDRESS_SIZE] = "";

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", dev->fds.device);
	if (vfiopm__sysfs_read(path, text, sizeof(text)) < 0 ||
	    vfiopm__text_parse_fdinfo(text, path, sizeof(path)) < 0)
		return;

	/* A device that is not on PCI has a place, but no address. */
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

struct vfiopm__readout *vfiopm__device_readout(const struct vfiopm_device *dev)
{
	return atomic_load(&dev->readout);
}

/* ---- its trace ---- */

VFIOPM__PUBLIC int vfiopm_device_set_trace(struct vfiopm_device *dev,
					   void (*trace)(void *data, uint32_t event,
							 const char *call, int result),
					   void *data)
{
	int r = 0;

	if (!dev || !trace)
		return -EINVAL;

	pthread_mutex_lock(&dev->setting);
	if (atomic_load(&dev->trace)) {
		r = -EALREADY;
	} else {
		dev->trace_data = data;
		atomic_store(&dev->trace, trace);
	}
	pthread_mutex_unlock(&dev->setting);
	return r;
}

void vfiopm__device_trace(const struct vfiopm_device *dev, uint32_t event, const char *call,
			  int result)
{
	void (*trace)(void *, uint32_t, const char *, int) = atomic_load(&dev->trace);

	if (trace)
		trace(dev->trace_data, event, call, result);
}

/* ---- its life ---- */

/* Is this a VFIO device? The answer itself is of no use to the library yet. */
static int identify(int device_fd)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	return vfiopm__sys_command(device_fd, VFIO_DEVICE_GET_INFO, &info);
}

int vfiopm__device_new(const struct vfiopm__fds *fds, bool owned, struct vfiopm_device **ret_dev)
{
	struct vfiopm_device *dev;
	int r;

	r = identify(fds->device);
	if (r < 0)
		return r;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	r = vfiopm__power_new(fds->device, &dev->power);
	if (r < 0) {
		free(dev);
		return r;
	}
	r = vfiopm__irq_new(fds->device, &dev->irq);
	if (r < 0) {
		vfiopm__power_free(dev->power);
		free(dev);
		return r;
	}

	dev->fds = *fds;
	dev->owned = owned;
	pthread_mutex_init(&dev->setting, NULL);
	*ret_dev = dev;
	return 0;
}

VFIOPM__PUBLIC int vfiopm_device_new_from_fd(int device_fd, struct vfiopm_device **ret_dev)
{
	struct vfiopm__fds fds = { .device = device_fd, .group = -1, .iommu = -1 };
	struct vfiopm_device *dev;
	int r;

	if (!ret_dev)
		return -EINVAL;
	r = vfiopm__device_new(&fds, false, &dev);
	if (r < 0)
		return r;
	find_place(dev);
	*ret_dev = dev;
	return 0;
}

VFIOPM__PUBLIC struct vfiopm_device *vfiopm_device_free(struct vfiopm_device *dev)
{
	if (!dev)
		return NULL;
	vfiopm__irq_free(dev->irq);
	vfiopm__power_free(dev->power);
	vfiopm__readout_free(atomic_load(&dev->readout));
	if (dev->owned)
		vfiopm__fds_close(&dev->fds);
	pthread_mutex_destroy(&dev->setting);
	free(dev);
	return NULL;
}

VFIOPM__PUBLIC int vfiopm_device_get_fd(const struct vfiopm_device *dev)
{
	return dev ? dev->fds.device : -EINVAL;
}

struct vfiopm__power *vfiopm__device_power(const struct vfiopm_device *dev)
{
	return dev->power;
}

struct vfiopm__irq *vfiopm__device_irq(const struct vfiopm_device *dev)
{
	return dev->irq;
}

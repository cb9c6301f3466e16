/* SPDX-License-Identifier: MIT */
/*
 * The device object. The files of its parts (access, power, irq, readout) see the struct, so their public
 * calls do not go through device.c.
 */
#ifndef VFIOPM_PRIVATE_DEVICE_H
#define VFIOPM_PRIVATE_DEVICE_H

#include <stdbool.h>

#include <vfiopm/device.h>

#include "export.h"
#include "pci-memory.h"
#include "quiesce.h"
#include "text.h"
#include "trace.h"

struct vfiopm__access;
struct vfiopm__irq;
struct vfiopm__power;
struct vfiopm__readout;

/* The fds of a device; -1 for one that it does not have. */
struct vfiopm__fds {
	int device;
	int group;
	int iommu;     /* the container if there is a group, else the iommufd */
	uint32_t ioas; /* the address space in the iommufd to which the device is attached */
};

struct vfiopm_device {
	struct vfiopm__fds fds;
	bool owns_fds;
	struct vfiopm__trace trace;
	struct vfiopm__access *access;
	struct vfiopm__power *power;
	struct vfiopm__irq *irq;
	struct vfiopm__hooks hooks;
	struct vfiopm__pci_memory memory; /* under the lock of accesses */
	/* VFIOPM_DIALECT_*; set at creation, and by vfiopm_device_try_v2() under the lock of
	 * accesses. */
	_Atomic uint32_t dialect;

	pthread_mutex_t setting_place;
	char address[VFIOPM__ADDRESS_SIZE]; /* "" if unknown; written before readout is published */
	_Atomic(struct vfiopm__readout *) readout; /* set once; NULL before that */
};

void vfiopm__fds_close(struct vfiopm__fds *fds);
/* On success, the device owns the fds if owns_fds is true. Wakes the device. */
int vfiopm__device_new(const struct vfiopm__fds *fds, bool owns_fds,
		       struct vfiopm_device **ret_dev);

#endif

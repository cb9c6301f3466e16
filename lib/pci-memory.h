/* SPDX-License-Identifier: MIT */
/*
 * Whether the mapped memory of a PCI function works: its COMMAND and PMCSR, as the library has read
 * or written them. All calls need the lock of accesses.
 */
#ifndef VFIOPM_PCI_MEMORY_H
#define VFIOPM_PCI_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "region-info.h"

struct vfiopm_device;

/* The power states of PMCSR. */
#define VFIOPM__D0    0
#define VFIOPM__D3HOT 3

/* The MSI-X table or the PBA; the range is empty without MSI-X. */
struct vfiopm__pci_part {
	uint32_t region;
	struct vfiopm__range range;
};

/* All zeroes: nothing is known. */
struct vfiopm__pci_memory {
	/* The configuration space, which is read once. */
	bool has_layout;
	uint64_t config; /* its offset on the device fd */
	uint8_t pmcsr;	 /* 0: the function has no PM capability */
	struct vfiopm__pci_part table, pba;

	bool is_known; /* works is up to date */
	bool works;
};

/* Returns true if an access to mapped memory of a region works. False for the MSI-X table, which
 * belongs to the host. The device must be awake. */
bool vfiopm__pci_memory_works(struct vfiopm_device *dev, uint32_t region, uint64_t offset,
			      uint64_t length);
/* The MSI-X table and the PBA, each an empty range if it is not in the region. Reads the
 * configuration space if the device is PCI and no call has read it. */
int vfiopm__pci_memory_find_msix(struct vfiopm_device *dev, uint32_t region,
				 struct vfiopm__range ret_ranges[2]);
/* Write a power state to PMCSR if the function is in another one. ret_before receives that one. Does
 * nothing for a function without a PM capability. */
int vfiopm__pci_memory_set_power(struct vfiopm_device *dev, uint8_t state, uint8_t *ret_before);
/* The configuration space has been written. */
void vfiopm__pci_memory_forget(struct vfiopm_device *dev);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Whether the mapped memory of a PCI function works: its COMMAND and PMCSR, as the library has read
 * or written them. All calls need the lock of accesses.
 */
#ifndef VFIOPM_PCI_MEMORY_H
#define VFIOPM_PCI_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

struct vfiopm_device;

/* All zeroes: nothing is known. */
struct vfiopm__pci_memory {
	/* The configuration space, which is read once. */
	bool has_layout;
	uint64_t config;       /* its offset on the device fd */
	uint8_t pmcsr;	       /* 0: the function has no PM capability */
	uint32_t table_region; /* the MSI-X table */
	uint64_t table_offset, table_end;

	bool is_known; /* works is up to date */
	bool works;
};

/* Returns true if an access to mapped memory of a region works. False for the MSI-X table, which
 * belongs to the host. The device must be awake. */
bool vfiopm__pci_memory_works(struct vfiopm_device *dev, uint32_t region, uint64_t offset,
			      uint64_t length);
/* The configuration space has been written. */
void vfiopm__pci_memory_forget(struct vfiopm_device *dev);

#endif

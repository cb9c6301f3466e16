// SPDX-License-Identifier: MIT
/* The DMA mappings of a container (drivers/vfio/vfio_iommu_type1.c) or of an iommufd
 * (drivers/iommu/iommufd/io_pagetable.c), and DMA by a device. */
#include <errno.h>

#include "internal.h"

#define PAGE 4096

int sim_map_dma(struct sim_mappings *mappings, uint64_t iova, uint64_t size, uint64_t address)
{
	int unused = -1;

	if (size == 0 || size % PAGE || iova % PAGE || iova + size < iova)
		return -EINVAL;
	for (int i = 0; i < SIM_MAPPINGS; i++) {
		if (mappings->at[i].size == 0)
			unused = i;
		else if (iova < mappings->at[i].iova + mappings->at[i].size &&
			 mappings->at[i].iova < iova + size)
			return -EEXIST;
	}
	if (unused < 0)
		return -ENOSPC;
	mappings->at[unused].iova = iova;
	mappings->at[unused].size = size;
	mappings->at[unused].address = address;
	return 0;
}

uint64_t sim_unmap_dma(struct sim_mappings *mappings, uint64_t iova, uint64_t size)
{
	uint64_t sum = 0;

	for (int i = 0; i < SIM_MAPPINGS; i++) {
		if (mappings->at[i].size == 0 || mappings->at[i].iova < iova ||
		    mappings->at[i].iova + mappings->at[i].size > iova + size)
			continue;
		sum += mappings->at[i].size;
		mappings->at[i].size = 0;
	}
	return sum;
}

static const struct sim_mappings *mappings_of(const struct sim_device *device)
{
	const struct sim_file *group = sim_group_file(device), *file = NULL;

	if (device->bound_by_cdev)
		file = sim_file(device->iommufd);
	else if (group)
		file = sim_file(group->container);
	return file ? &file->mappings : NULL;
}

bool sim_dma_write(struct sim_device *device, uint64_t iova, uint8_t byte)
{
	const struct sim_mappings *mappings;
	bool done = false;

	sim_lock();
	mappings = mappings_of(device);
	for (int i = 0; mappings && i < SIM_MAPPINGS; i++) {
		uint64_t offset = iova - mappings->at[i].iova;

		if (offset < mappings->at[i].size)
			done = sim_to_user((void *)(uintptr_t)(mappings->at[i].address + offset),
					   &byte, 1) == 0;
	}
	sim_unlock();
	return done;
}

// SPDX-License-Identifier: MIT
/*
 * An access to a mapped BAR raises SIGBUS while the memory bit of COMMAND is off, and while the
 * function is in D3hot (vfio_pci_core.c, vfio_pci_mmap_fault(); vfio_pci_config.c,
 * __vfio_pci_memory_enabled(), 6.1). Reads of configuration space show both.
 */
#include <errno.h>

#include <vfiopm/region.h>

#include "device.h"
#include "irq.h"
#include "pci-memory.h"
#include "sys.h"
#include "uapi.h"

#define COMMAND		  0x04
#define COMMAND_MEMORY	  (UINT16_C(1) << 1)
#define CAPABILITY_LIST	  0x34
#define FIRST_CAPABILITY  0x40
#define MOST_CAPABILITIES 48 /* as many fit in 256 bytes, so a longer list is a loop */
#define PM		  0x01
#define PM_PMCSR	  4
#define PMCSR_STATE	  UINT16_C(3)
#define MSIX		  0x11
#define MSIX_CONTROL	  2
#define MSIX_SIZE	  UINT32_C(0x7ff)
#define MSIX_TABLE	  4
#define MSIX_PBA	  8
#define MSIX_REGION	  UINT32_C(7)
#define MSIX_ENTRY	  16

/* Returns 0 or -errno. */
static int read_config(const struct vfiopm_device *dev, uint32_t at, uint8_t *ret_bytes,
		       size_t count)
{
	int64_t r = vfiopm__sys_pread(dev->fds.device, ret_bytes, count, dev->memory.config + at);

	return r < 0 ? (int)r : r < (int64_t)count ? -EPROTO : 0;
}

static uint16_t word_at(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static int read_word(const struct vfiopm_device *dev, uint32_t at, uint16_t *ret_word)
{
	uint8_t bytes[2] = { 0 };
	int r = read_config(dev, at, bytes, sizeof(bytes));

	*ret_word = word_at(bytes);
	return r;
}

/* ---- the layout of the configuration space ---- */

/* bytes has the register that states where the part is. */
static struct vfiopm__pci_part part_at(const uint8_t *bytes, uint32_t size)
{
	uint32_t place = word_at(bytes) | (uint32_t)word_at(bytes + 2) << 16;

	return (struct vfiopm__pci_part){
		.region = place & MSIX_REGION,
		.range = { .start = place & ~MSIX_REGION,
			   .end = (uint64_t)(place & ~MSIX_REGION) + size },
	};
}

static int find_msix(const struct vfiopm_device *dev, uint32_t at,
		     struct vfiopm__pci_memory *memory)
{
	uint8_t bytes[MSIX_PBA + 4];
	uint32_t vectors;
	int r = read_config(dev, at, bytes, sizeof(bytes));

	if (r < 0)
		return r;
	vectors = (word_at(bytes + MSIX_CONTROL) & MSIX_SIZE) + 1;
	memory->table = part_at(bytes + MSIX_TABLE, vectors * MSIX_ENTRY);
	memory->pba = part_at(bytes + MSIX_PBA, (vectors + 63) / 64 * 8);
	return 0;
}

static int find_capabilities(const struct vfiopm_device *dev, struct vfiopm__pci_memory *memory)
{
	uint16_t header;
	int r = read_word(dev, CAPABILITY_LIST, &header);
	uint32_t at = header & 0xfc;

	for (int i = 0; r == 0 && at >= FIRST_CAPABILITY && i < MOST_CAPABILITIES; i++) {
		r = read_word(dev, at, &header);
		if (r < 0)
			break;
		if ((header & 0xff) == PM)
			memory->pmcsr = (uint8_t)(at + PM_PMCSR);
		if ((header & 0xff) == MSIX)
			r = find_msix(dev, at, memory);
		at = header >> 8 & 0xfc;
	}
	return r;
}

static int find_layout(struct vfiopm_device *dev)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = VFIOPM_REGION_CONFIG };
	struct vfiopm__pci_memory memory = { 0 };
	int r = VFIOPM__ISSUE(dev, VFIO_DEVICE_GET_REGION_INFO, &info);

	if (r < 0)
		return r;
	dev->memory.config = memory.config = info.offset;
	r = find_capabilities(dev, &memory);
	if (r < 0)
		return r;
	memory.has_layout = true;
	dev->memory = memory;
	return 0;
}

/* ---- COMMAND and PMCSR ---- */

static int find_state(struct vfiopm_device *dev)
{
	struct vfiopm__pci_memory *memory = &dev->memory;
	uint16_t command = 0, pmcsr = 0;
	int r = memory->has_layout ? 0 : find_layout(dev);

	if (r == 0)
		r = read_word(dev, COMMAND, &command);
	if (r == 0 && memory->pmcsr)
		r = read_word(dev, memory->pmcsr, &pmcsr);
	if (r < 0)
		return r;
	memory->works = (command & COMMAND_MEMORY) && !(pmcsr & PMCSR_STATE);
	memory->is_known = true;
	return 0;
}

static bool is_in_table(const struct vfiopm__pci_memory *memory, uint32_t region, uint64_t offset,
			uint64_t length)
{
	return region == memory->table.region && offset < memory->table.range.end &&
	       offset + length > memory->table.range.start;
}

bool vfiopm__pci_memory_works(struct vfiopm_device *dev, uint32_t region, uint64_t offset,
			      uint64_t length)
{
	struct vfiopm__pci_memory *memory = &dev->memory;

	if (!dev->irq->is_pci)
		return true;
	/* If the state cannot be read, the caller uses the device fd, which never raises SIGBUS. */
	if (!memory->is_known && find_state(dev) < 0)
		return false;
	return memory->works && !is_in_table(memory, region, offset, length);
}

int vfiopm__pci_memory_find_msix(struct vfiopm_device *dev, uint32_t region,
				 struct vfiopm__range ret_ranges[2])
{
	const struct vfiopm__pci_memory *memory = &dev->memory;
	int r = dev->irq->is_pci && !memory->has_layout ? find_layout(dev) : 0;

	if (r < 0)
		return r;
	ret_ranges[0] = ret_ranges[1] = (struct vfiopm__range){ 0 };
	if (memory->table.region == region)
		ret_ranges[0] = memory->table.range;
	if (memory->pba.region == region)
		ret_ranges[1] = memory->pba.range;
	return 0;
}

void vfiopm__pci_memory_forget(struct vfiopm_device *dev)
{
	dev->memory.is_known = false;
}

int vfiopm__pci_memory_set_power(struct vfiopm_device *dev, uint8_t state, uint8_t *ret_before)
{
	struct vfiopm__pci_memory *memory = &dev->memory;
	uint16_t pmcsr;
	int64_t written;
	int r = memory->has_layout ? 0 : find_layout(dev);

	if (r < 0 || !memory->pmcsr)
		return r;
	r = read_word(dev, memory->pmcsr, &pmcsr);
	if (r < 0)
		return r;
	*ret_before = pmcsr & PMCSR_STATE;
	if (*ret_before == state)
		return 0;
	/* vfio_pci_config.c, vfio_pm_config_write(): the low byte alone sets the state. */
	vfiopm__pci_memory_forget(dev);
	written = vfiopm__sys_pwrite(dev->fds.device, &state, 1, memory->config + memory->pmcsr);
	return written < 0 ? (int)written : written < 1 ? -EPROTO : 0;
}

// SPDX-License-Identifier: MIT
/*
 * Regions of a device. A read or write uses mapped memory if the device is active and the memory is
 * known to work. The lock of accesses excludes an entry meanwhile, so the memory cannot raise
 * SIGBUS. In all other cases it uses the device fd, which never raises SIGBUS.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <vfiopm/region.h>

#include "access.h"
#include "device.h"
#include "pci-memory.h"
#include "region-info.h"
#include "sys.h"
#include "uapi.h"
#include "wakeup.h"

/* An answer of GET_REGION_INFO. A larger one is not a kernel's answer. */
#define FIRST_ANSWER 256
#define MOST_ANSWER  65536

struct area {
	uint64_t offset, length;
	_Atomic(uint8_t *) address; /* NULL: not mapped */
};

struct vfiopm_region {
	struct vfiopm_device *dev;
	uint32_t index;
	struct vfiopm__region_info info; /* without the areas, which follow */
	uint32_t area_count;
	struct area areas[];
};

/* ---- creation ---- */

/* The kernel stores in argsz the size that it needs (vfio_pci_core.c,
 * vfio_pci_ioctl_get_region_info(), 6.1). */
static int read_info(const struct vfiopm_device *dev, uint32_t index, uint32_t size,
		     uint8_t **ret_answer, uint32_t *ret_needed)
{
	struct vfio_region_info *info = calloc(1, size);
	int r;

	if (!info)
		return -ENOMEM;
	info->argsz = size;
	info->index = index;
	r = VFIOPM__ISSUE(dev, VFIO_DEVICE_GET_REGION_INFO, info);
	if (r < 0) {
		free(info);
		return r;
	}
	*ret_needed = info->argsz;
	*ret_answer = (uint8_t *)info;
	return 0;
}

/* Returns an answer that the caller frees. */
static int read_whole_info(const struct vfiopm_device *dev, uint32_t index, uint8_t **ret_answer,
			   uint32_t *ret_size)
{
	uint32_t size = FIRST_ANSWER, needed;
	uint8_t *answer;
	int r = read_info(dev, index, size, &answer, &needed);

	if (r == 0 && needed > size && needed <= MOST_ANSWER) {
		free(answer);
		size = needed;
		r = read_info(dev, index, size, &answer, &needed);
	}
	if (r < 0)
		return r;
	if (needed > size) {
		free(answer);
		return -EPROTO;
	}
	*ret_answer = answer;
	*ret_size = size;
	return 0;
}

static int create(struct vfiopm_device *dev, uint32_t index, const uint8_t *answer, uint32_t size,
		  struct vfiopm_region **ret_region)
{
	struct vfiopm__region_info info;
	struct vfiopm_region *region;
	int r = vfiopm__region_info_parse(answer, size, &info);

	if (r < 0)
		return r;
	region = calloc(1, sizeof(*region) + info.area_count * sizeof(region->areas[0]));
	if (!region)
		return -ENOMEM;
	region->dev = dev;
	region->index = index;
	region->info = info;
	for (uint32_t i = 0; i < info.area_count; i++) {
		struct area *area = &region->areas[region->area_count];

		/* Some vendor drivers list empty areas. */
		vfiopm__region_info_area(&info, i, &area->offset, &area->length);
		region->area_count += area->length > 0;
	}
	*ret_region = region;
	return 0;
}

VFIOPM__PUBLIC int vfiopm_region_new(struct vfiopm_device *dev, uint32_t index,
				     struct vfiopm_region **ret_region)
{
	uint8_t *answer;
	uint32_t size;
	int r;

	if (!dev || !ret_region)
		return -EINVAL;
	vfiopm__access_begin(dev->access);
	r = read_whole_info(dev, index, &answer, &size);
	vfiopm__access_end(dev->access, r);
	if (r < 0)
		return r;
	r = create(dev, index, answer, size, ret_region);
	free(answer);
	return r;
}

/* ---- properties ---- */

VFIOPM__PUBLIC int vfiopm_region_get_size(const struct vfiopm_region *region, uint64_t *ret_size)
{
	if (!region || !ret_size)
		return -EINVAL;
	*ret_size = region->info.size;
	return 0;
}

VFIOPM__PUBLIC int vfiopm_region_get_flags(const struct vfiopm_region *region, uint32_t *ret_flags)
{
	if (!region || !ret_flags)
		return -EINVAL;
	*ret_flags = region->info.flags;
	return 0;
}

VFIOPM__PUBLIC int vfiopm_region_get_offset(const struct vfiopm_region *region,
					    uint64_t *ret_offset)
{
	if (!region || !ret_offset)
		return -EINVAL;
	*ret_offset = region->info.offset;
	return 0;
}

VFIOPM__PUBLIC int vfiopm_region_get_type(const struct vfiopm_region *region, uint32_t *ret_type,
					  uint32_t *ret_subtype)
{
	if (!region || !ret_type || !ret_subtype)
		return -EINVAL;
	if (!region->info.has_type)
		return -ENOENT;
	*ret_type = region->info.type;
	*ret_subtype = region->info.subtype;
	return 0;
}

VFIOPM__PUBLIC int vfiopm_region_get_area(const struct vfiopm_region *region, uint32_t n,
					  uint64_t *ret_offset, uint64_t *ret_length)
{
	if (!region || !ret_offset || !ret_length)
		return -EINVAL;
	if (n >= region->area_count)
		return -ENOENT;
	*ret_offset = region->areas[n].offset;
	*ret_length = region->areas[n].length;
	return 0;
}

/* The MSI-X table and the PBA in the region. */
static int find_holes(const struct vfiopm_region *region, struct vfiopm__range ret_holes[2])
{
	struct vfiopm_device *dev = region->dev;
	int r;

	vfiopm__access_begin(dev->access);
	r = vfiopm__pci_memory_find_msix(dev, region->index, ret_holes);
	/* As in transfer_and_end(), EIO has other causes than a failed resume. */
	vfiopm__access_end(dev->access, 0);
	return r;
}

VFIOPM__PUBLIC int vfiopm_region_get_guest_area(const struct vfiopm_region *region, uint32_t n,
						uint64_t *ret_offset, uint64_t *ret_length)
{
	struct vfiopm__range holes[2], piece;
	int r;

	if (!region || !ret_offset || !ret_length)
		return -EINVAL;
	r = find_holes(region, holes);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < region->area_count; i++) {
		const struct area *area = &region->areas[i];
		struct vfiopm__range range = { area->offset, area->offset + area->length };

		if (vfiopm__region_info_piece(range, holes, vfiopm__sys_page_size(), &n, &piece)) {
			*ret_offset = piece.start;
			*ret_length = piece.end - piece.start;
			return 0;
		}
	}
	return -ENOENT;
}

/* ---- mapped memory ---- */

/* The lock of accesses is held. */
static void unmap(struct vfiopm_region *region)
{
	for (uint32_t i = 0; i < region->area_count; i++) {
		struct area *area = &region->areas[i];
		uint8_t *address = atomic_exchange(&area->address, NULL);

		if (address)
			vfiopm__sys_unmap(address, area->length);
	}
}

static int map(struct vfiopm_region *region)
{
	for (uint32_t i = 0; i < region->area_count; i++) {
		struct area *area = &region->areas[i];
		uint8_t *address;
		int r;

		if (area->address)
			continue;
		r = vfiopm__sys_map(region->dev->fds.device, region->info.offset + area->offset,
				    area->length, region->info.flags & VFIOPM_REGION_FLAG_READ,
				    region->info.flags & VFIOPM_REGION_FLAG_WRITE, &address);
		if (r < 0) {
			unmap(region);
			return r;
		}
		area->address = address;
	}
	return 0;
}

VFIOPM__PUBLIC int vfiopm_region_map(struct vfiopm_region *region)
{
	int r;

	if (!region)
		return -EINVAL;
	if (region->area_count == 0)
		return -ENOENT;
	vfiopm__access_lock(region->dev->access);
	r = map(region);
	vfiopm__access_unlock(region->dev->access);
	return r;
}

VFIOPM__PUBLIC int vfiopm_region_unmap(struct vfiopm_region *region)
{
	if (!region)
		return -EINVAL;
	vfiopm__access_lock(region->dev->access);
	unmap(region);
	vfiopm__access_unlock(region->dev->access);
	return 0;
}

VFIOPM__PUBLIC struct vfiopm_region *vfiopm_region_free(struct vfiopm_region *region)
{
	vfiopm_region_unmap(region);
	free(region);
	return NULL;
}

/* The address of a range that is inside one mapped area, or NULL. */
static uint8_t *find_memory(const struct vfiopm_region *region, uint64_t offset, uint64_t length)
{
	for (uint32_t i = 0; i < region->area_count; i++) {
		const struct area *area = &region->areas[i];
		uint8_t *address = area->address;

		if (address && offset >= area->offset && length <= area->length &&
		    offset - area->offset <= area->length - length)
			return address + (offset - area->offset);
	}
	return NULL;
}

VFIOPM__PUBLIC int vfiopm_region_get_address(const struct vfiopm_region *region, uint64_t offset,
					     uint64_t length, void **ret_address)
{
	uint8_t *address;

	if (!region || length == 0 || !ret_address)
		return -EINVAL;
	address = find_memory(region, offset, length);
	if (!address)
		return -ENOENT;
	*ret_address = address;
	return 0;
}

/* ---- reads and writes ---- */

#define MOVE(type, memory, bytes, write)                                                           \
	do {                                                                                       \
		volatile type *register_ = (volatile type *)(volatile void *)(memory);             \
		type value_;                                                                       \
                                                                                                   \
		if (write) {                                                                       \
			memcpy(&value_, bytes, sizeof(value_));                                    \
			*register_ = value_;                                                       \
		} else {                                                                           \
			value_ = *register_;                                                       \
			memcpy(bytes, &value_, sizeof(value_));                                    \
		}                                                                                  \
	} while (0)

/* Each step is the largest aligned access. memcpy() could split or repeat accesses. */
static void move(volatile uint8_t *memory, uint8_t *bytes, size_t length, bool write)
{
	while (length > 0) {
		size_t unit = sizeof(uint64_t);

		while (unit > length || (uintptr_t)memory % unit != 0)
			unit /= 2;
		switch (unit) {
		case 8:
			MOVE(uint64_t, memory, bytes, write);
			break;
		case 4:
			MOVE(uint32_t, memory, bytes, write);
			break;
		case 2:
			MOVE(uint16_t, memory, bytes, write);
			break;
		default:
			MOVE(uint8_t, memory, bytes, write);
		}
		memory += unit;
		bytes += unit;
		length -= unit;
	}
}

/* The kernel transfers at most INT_MAX bytes at once. */
static int transfer(const struct vfiopm_region *region, uint64_t offset, uint8_t *bytes,
		    size_t length, bool write)
{
	int fd = region->dev->fds.device;

	for (offset += region->info.offset; length > 0;) {
		int64_t done = write ? vfiopm__sys_pwrite(fd, bytes, length, offset)
				     : vfiopm__sys_pread(fd, bytes, length, offset);

		if (done < 0)
			return (int)done;
		if (done == 0)
			return -EPROTO;
		offset += (uint64_t)done;
		bytes += done;
		length -= (size_t)done;
	}
	return 0;
}

/* Ends the access that the caller has begun. */
static int transfer_and_end(struct vfiopm_region *region, uint64_t offset, uint8_t *bytes,
			    size_t length, bool write)
{
	int r = transfer(region, offset, bytes, length, write);

	if (write && region->index == VFIOPM_REGION_CONFIG)
		vfiopm__pci_memory_forget(region->dev);
	/* EIO has other causes than a failed resume: memory that is off, D3hot. The count of the
	 * eventfd shows what happened. */
	vfiopm__access_end(region->dev->access, 0);
	return r;
}

static int make_access(struct vfiopm_region *region, uint64_t offset, uint8_t *bytes, size_t length,
		       uint32_t how, bool write)
{
	struct vfiopm_device *dev = region->dev;
	int state = vfiopm__access_lock(dev->access);
	uint8_t *memory = NULL;

	if (vfiopm__is_low_power(state) && !(how & VFIOPM_REGION_WAKE)) {
		vfiopm__access_unlock(dev->access);
		return -EAGAIN;
	}
	/* A woken device works too, but the wake is known only from an eventfd that somebody else
	 * can signal. */
	if (state == VFIOPM_STATE_ACTIVE)
		memory = find_memory(region, offset, length);
	if (memory && vfiopm__pci_memory_works(dev, region->index, offset, length)) {
		move(memory, bytes, length, write);
		vfiopm__access_unlock(dev->access);
		return 0;
	}
	vfiopm__access_begin_locked(dev->access);
	return transfer_and_end(region, offset, bytes, length, write);
}

static int check(const struct vfiopm_region *region, uint64_t offset, size_t length, uint32_t how,
		 uint32_t flag)
{
	return length <= region->info.size && offset <= region->info.size - length &&
			       (region->info.flags & flag) && !(how & ~VFIOPM_REGION_WAKE)
		       ? 0
		       : -EINVAL;
}

VFIOPM__PUBLIC int vfiopm_region_read(struct vfiopm_region *region, uint64_t offset, size_t length,
				      uint32_t how, void *ret_bytes)
{
	int r;

	if (!region || length == 0 || !ret_bytes)
		return -EINVAL;
	r = check(region, offset, length, how, VFIOPM_REGION_FLAG_READ);
	if (r == 0)
		r = make_access(region, offset, ret_bytes, length, how, false);
	if (r < 0 && length <= region->info.size)
		memset(ret_bytes, 0xff, length);
	return r;
}

VFIOPM__PUBLIC int vfiopm_region_write(struct vfiopm_region *region, uint64_t offset, size_t length,
				       uint32_t how, const void *bytes)
{
	int r;

	if (!region || length == 0 || !bytes)
		return -EINVAL;
	r = check(region, offset, length, how, VFIOPM_REGION_FLAG_WRITE);
	/* The access only reads the bytes. */
	return r < 0 ? r
		     : make_access(region, offset, (uint8_t *)(uintptr_t)bytes, length, how, true);
}

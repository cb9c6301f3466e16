// SPDX-License-Identifier: MIT
/*
 * Parses the answer of VFIO_DEVICE_GET_REGION_INFO: struct vfio_region_info, followed by a chain of
 * capabilities. Each capability begins with a header that has the offset of the next one. The
 * kernel builds the chain in ascending order (vfio_main.c, vfio_info_cap_add(), 6.1), so a chain
 * that goes backwards is malformed. This also excludes a loop.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include <vfiopm/region.h>

#include "region-info.h"
#include "uapi.h"

static_assert(VFIOPM_REGION_FLAG_READ == VFIO_REGION_INFO_FLAG_READ, "READ");
static_assert(VFIOPM_REGION_FLAG_WRITE == VFIO_REGION_INFO_FLAG_WRITE, "WRITE");
static_assert(VFIOPM_REGION_FLAG_MMAP == VFIO_REGION_INFO_FLAG_MMAP, "MMAP");

/* The only version of the capabilities that this file knows. */
#define KNOWN_VERSION 1

#define AREA_SIZE     sizeof(struct vfio_region_sparse_mmap_area)

static int parse_sparse_mmap(const uint8_t *capability, size_t size,
			     struct vfiopm__region_info *info)
{
	struct vfio_region_info_cap_sparse_mmap sparse;

	if (size < sizeof(sparse) || info->areas)
		return -EPROTO;
	memcpy(&sparse, capability, sizeof(sparse));
	if (sparse.nr_areas > (size - sizeof(sparse)) / AREA_SIZE)
		return -EPROTO;
	info->area_count = sparse.nr_areas;
	info->areas = capability + sizeof(sparse);
	for (uint32_t i = 0; i < info->area_count; i++) {
		uint64_t offset, length;

		vfiopm__region_info_area(info, i, &offset, &length);
		if (length > info->size || offset > info->size - length)
			return -EPROTO;
	}
	return 0;
}

static int parse_type(const uint8_t *capability, size_t size, struct vfiopm__region_info *info)
{
	struct vfio_region_info_cap_type type;

	if (size < sizeof(type))
		return -EPROTO;
	memcpy(&type, capability, sizeof(type));
	info->has_type = true;
	info->type = type.type;
	info->subtype = type.subtype;
	return 0;
}

static int parse_capability(const uint8_t *capability, size_t size,
			    const struct vfio_info_cap_header *header,
			    struct vfiopm__region_info *info)
{
	if (header->version != KNOWN_VERSION)
		return 0;
	switch (header->id) {
	case VFIO_REGION_INFO_CAP_SPARSE_MMAP:
		return parse_sparse_mmap(capability, size, info);
	case VFIO_REGION_INFO_CAP_TYPE:
		return parse_type(capability, size, info);
	case VFIO_REGION_INFO_CAP_MSIX_MAPPABLE:
		info->flags |= VFIOPM_REGION_FLAG_MSIX_MAPPABLE;
		return 0;
	default:
		return 0;
	}
}

static int parse_chain(const uint8_t *answer, size_t size, uint32_t first,
		       struct vfiopm__region_info *info)
{
	size_t end = sizeof(struct vfio_region_info);

	for (size_t at = first; at != 0;) {
		struct vfio_info_cap_header header;
		int r;

		/* A capability lies behind the previous one, and its header lies in the answer. */
		if (at < end || at > size - sizeof(header))
			return -EPROTO;
		memcpy(&header, answer + at, sizeof(header));
		end = header.next ? header.next : size;
		if (end < at + sizeof(header) || end > size)
			return -EPROTO;
		r = parse_capability(answer + at, end - at, &header, info);
		if (r < 0)
			return r;
		at = header.next;
	}
	return 0;
}

int vfiopm__region_info_parse(const uint8_t *answer, size_t size,
			      struct vfiopm__region_info *ret_info)
{
	struct vfiopm__region_info info = { 0 };
	struct vfio_region_info kernel;
	int r = 0;

	memcpy(&kernel, answer, sizeof(kernel));
	if (kernel.size > INT64_MAX || kernel.offset > INT64_MAX - kernel.size)
		return -EPROTO;
	info.size = kernel.size;
	info.offset = kernel.offset;
	info.flags = kernel.flags &
		     (VFIOPM_REGION_FLAG_READ | VFIOPM_REGION_FLAG_WRITE | VFIOPM_REGION_FLAG_MMAP);
	if (kernel.flags & VFIO_REGION_INFO_FLAG_CAPS)
		r = kernel.cap_offset ? parse_chain(answer, size, kernel.cap_offset, &info)
				      : -EPROTO;
	if (r < 0)
		return r;
	if (!(info.flags & VFIOPM_REGION_FLAG_MMAP))
		info.area_count = 0;
	else if (!info.areas)
		info.area_count = info.size > 0;
	*ret_info = info;
	return 0;
}

void vfiopm__region_info_area(const struct vfiopm__region_info *info, uint32_t n,
			      uint64_t *ret_offset, uint64_t *ret_length)
{
	struct vfio_region_sparse_mmap_area area = { .size = info->size };

	if (info->areas)
		memcpy(&area, info->areas + n * AREA_SIZE, AREA_SIZE);
	*ret_offset = area.offset;
	*ret_length = area.size;
}

static uint64_t round_down(uint64_t value, uint64_t page)
{
	return value & ~(page - 1);
}

static uint64_t round_up(uint64_t value, uint64_t page)
{
	return round_down(value + page - 1, page);
}

bool vfiopm__region_info_piece(struct vfiopm__range area, const struct vfiopm__range holes[2],
			       uint64_t page, uint32_t *n, struct vfiopm__range *ret_piece)
{
	int first = holes[1].start < holes[0].start;
	uint64_t at = round_up(area.start, page), end = round_down(area.end, page);

	/* A piece ends at each hole, and at the end of the area. */
	for (int i = 0; i <= 2; i++) {
		const struct vfiopm__range *hole = i < 2 ? &holes[i ^ first] : NULL;
		uint64_t stop = hole ? round_down(hole->start, page) : end;

		if (stop > end)
			stop = end;
		if (at < stop && (*n)-- == 0) {
			*ret_piece = (struct vfiopm__range){ at, stop };
			return true;
		}
		if (hole && round_up(hole->end, page) > at)
			at = round_up(hole->end, page);
	}
	return false;
}

/* SPDX-License-Identifier: MIT */
/* The answer of VFIO_DEVICE_GET_REGION_INFO. Pure: no system call, no memory, no lock. */
#ifndef VFIOPM_REGION_INFO_H
#define VFIOPM_REGION_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes from start on, before end. */
struct vfiopm__range {
	uint64_t start, end;
};

struct vfiopm__region_info {
	uint64_t size;
	uint64_t offset; /* on the device fd; offset + size is at most INT64_MAX */
	uint32_t flags;	 /* VFIOPM_REGION_FLAG_* */
	bool has_type;
	uint32_t type, subtype;
	/* The areas that can be mapped. */
	uint32_t area_count;
	const uint8_t *areas; /* in the answer; NULL: one area, which is the whole region */
};

/* Parse an answer of size bytes, at least sizeof(struct vfio_region_info). ret_info refers to the
 * bytes of the answer. A capability with an unknown id or version is skipped. Returns 0, or -EPROTO
 * if the answer is malformed. */
int vfiopm__region_info_parse(const uint8_t *answer, size_t size,
			      struct vfiopm__region_info *ret_info);
/* The area number n, which is below area_count. The area is inside the region. Its length can be 0. */
void vfiopm__region_info_area(const struct vfiopm__region_info *info, uint32_t n,
			      uint64_t *ret_offset, uint64_t *ret_length);
/* Get the piece number *n of the pages that are whole in an area and have no byte of the two holes.
 * page is the size of a page. Returns false if the area has fewer pieces, and subtracts their number
 * from *n. */
bool vfiopm__region_info_piece(struct vfiopm__range area, const struct vfiopm__range holes[2],
			       uint64_t page, uint32_t *n, struct vfiopm__range *ret_piece);

#endif

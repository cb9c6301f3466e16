/* SPDX-License-Identifier: MIT */
/*
 * Whether the VMM must intercept the guest's reads of the PBA. The object has its own lock, which
 * is the innermost lock of the MSI-X object.
 */
#ifndef VFIOPM_PBA_H
#define VFIOPM_PBA_H

#include <stdint.h>

struct vfiopm__pba;
struct vfiopm__trace;

struct vfiopm__pba *vfiopm__pba_new(void (*intercept)(void *data, int on), void *data,
				    const struct vfiopm__trace *trace);
void vfiopm__pba_free(struct vfiopm__pba *pba);
/* Add to the numbers of vectors that are in use and that are masked. */
void vfiopm__pba_count(struct vfiopm__pba *pba, int used, int masked);
void vfiopm__pba_set_policy(struct vfiopm__pba *pba, uint32_t policy);
/* The guest has read the PBA by interception. */
void vfiopm__pba_note_read(struct vfiopm__pba *pba);
uint64_t vfiopm__pba_get_interceptions(struct vfiopm__pba *pba);

#endif

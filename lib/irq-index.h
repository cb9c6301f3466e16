/* SPDX-License-Identifier: MIT */
/*
 * One IRQ index: the current and the wanted eventfd of each vector. A change is
 * first noted with _want(), then made with _apply(). The lock of struct vfiopm__irq serializes
 * all calls; only _has(), _is_live(), _is_exclusive(), _count(), _flags() and _available() need no
 * lock.
 */
#ifndef VFIOPM_IRQ_INDEX_H
#define VFIOPM_IRQ_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "eventfd-ref.h"

struct vfiopm__irq_index;
struct vfiopm__set_irqs;

/* Reads the count and the flags of the index, which wakes the device. */
int vfiopm__irq_index_new(int device_fd, bool is_pci, uint32_t number,
			  struct vfiopm__eventfds *eventfds, struct vfiopm__irq_index **ret_index);
void vfiopm__irq_index_free(struct vfiopm__irq_index *index);

/* ---- current state ---- */

uint32_t vfiopm__irq_index_count(const struct vfiopm__irq_index *index);
uint32_t vfiopm__irq_index_flags(const struct vfiopm__irq_index *index);
/* The number of vectors that the host offered at the last ENOSPC; 0 if there was none. */
uint32_t vfiopm__irq_index_available(const struct vfiopm__irq_index *index);
/* Returns true if the index is INTx, MSI or MSI-X. Only one of them can be enabled. */
bool vfiopm__irq_index_is_exclusive(const struct vfiopm__irq_index *index);
/* Returns true if the range is not empty and within the index. Safe against overflow. */
bool vfiopm__irq_index_has_range(const struct vfiopm__irq_index *index, uint32_t start,
				 uint32_t count);
/* Returns true if the kernel has the eventfd fd for the vector, and no change is wanted. */
bool vfiopm__irq_index_has(const struct vfiopm__irq_index *index, uint32_t vector, int fd);
/* Returns true if the kernel certainly has an eventfd for the vector. A failed SET_IRQS can end
 * that. */
bool vfiopm__irq_index_is_live(const struct vfiopm__irq_index *index, uint32_t vector);
/* Returns true if the kernel has, or after a failure may have, an eventfd for the vector. */
bool vfiopm__irq_index_has_eventfd(const struct vfiopm__irq_index *index, uint32_t vector);
/* Returns true if own_fd, an eventfd of the library, is set for a vector or unmasks the index. */
bool vfiopm__irq_index_uses(const struct vfiopm__irq_index *index, int own_fd);
bool vfiopm__irq_index_is_enabled(const struct vfiopm__irq_index *index);
/* Returns true if count vectors can get eventfds without a larger allocation. */
bool vfiopm__irq_index_has_vectors(const struct vfiopm__irq_index *index, uint32_t count);

/* The eventfd that unmasks the index, for the caller to change. */
struct vfiopm__eventfd_ref *vfiopm__irq_index_unmask(struct vfiopm__irq_index *index);
/* Whether the user of the library has masked the index last, for the caller to change. */
bool *vfiopm__irq_index_is_masked(struct vfiopm__irq_index *index);

/* ---- what is wanted ---- */

/* Takes the reference over. */
void vfiopm__irq_index_want(struct vfiopm__irq_index *index, uint32_t vector,
			    struct vfiopm__eventfd_ref ref);
void vfiopm__irq_index_want_disabled(struct vfiopm__irq_index *index);
bool vfiopm__irq_index_wants_disabled(const struct vfiopm__irq_index *index);
/* Returns true if the index will be enabled once the wanted changes are made. */
bool vfiopm__irq_index_will_be_enabled(const struct vfiopm__irq_index *index);

/* ---- changes ---- */

/* Make the wanted changes. On failure, restore the previous eventfds if the kernel allows it.
 * Clears the wanted changes in both cases. */
int vfiopm__irq_index_apply(struct vfiopm__irq_index *index, struct vfiopm__set_irqs *set);
/* Allocate count vectors without eventfds. */
int vfiopm__irq_index_reserve(struct vfiopm__irq_index *index, struct vfiopm__set_irqs *set,
			      uint32_t count);

#endif

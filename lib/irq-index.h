/* SPDX-License-Identifier: MIT */
/*
 * One IRQ index: which eventfd the kernel has for each vector, and which is wanted. A change is
 * first noted with _want(), then made with _apply(). The lock of struct vfiopm__irq serializes
 * all calls; only _has(), _is_live(), _count(), _flags() and _available() need no lock.
 */
#ifndef VFIOPM_IRQ_INDEX_H
#define VFIOPM_IRQ_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "eventfd-ref.h"

struct vfiopm__irq_index;
struct vfiopm__set_irqs;

/* Reads the count and the flags of the index, which wakes the device. */
int vfiopm__irq_index_new(int device_fd, uint32_t number, struct vfiopm__eventfds *eventfds,
			  struct vfiopm__irq_index **ret_index);
/* NULL is accepted. */
void vfiopm__irq_index_free(struct vfiopm__irq_index *index);

/* ---- what is ---- */

uint32_t vfiopm__irq_index_count(const struct vfiopm__irq_index *index);
uint32_t vfiopm__irq_index_flags(const struct vfiopm__irq_index *index);
/* The vectors that the host had when it last had too few; 0 if it never had. */
uint32_t vfiopm__irq_index_available(const struct vfiopm__irq_index *index);
/* Is the range not empty, and within the index? Safe against overflow. */
bool vfiopm__irq_index_has_range(const struct vfiopm__irq_index *index, uint32_t start,
				 uint32_t count);
/* Does the kernel have the eventfd fd for the vector, with no change wanted? */
bool vfiopm__irq_index_has(const struct vfiopm__irq_index *index, uint32_t vector, int fd);
/* Does the kernel certainly have an eventfd for the vector? A failed SET_IRQS can end that. */
bool vfiopm__irq_index_is_live(const struct vfiopm__irq_index *index, uint32_t vector);
/* Can the kernel have an eventfd for the vector? True also where a failure left that unknown. */
bool vfiopm__irq_index_has_eventfd(const struct vfiopm__irq_index *index, uint32_t vector);
bool vfiopm__irq_index_uses(const struct vfiopm__irq_index *index, int own_fd);
bool vfiopm__irq_index_is_enabled(const struct vfiopm__irq_index *index);
/* Can count vectors get eventfds without allocating more? */
bool vfiopm__irq_index_has_vectors(const struct vfiopm__irq_index *index, uint32_t count);

/* ---- what is wanted ---- */

/* Takes the reference over. */
void vfiopm__irq_index_want(struct vfiopm__irq_index *index, uint32_t vector,
			    struct vfiopm__eventfd_ref ref);
void vfiopm__irq_index_want_disabled(struct vfiopm__irq_index *index);
bool vfiopm__irq_index_wants_disabled(const struct vfiopm__irq_index *index);
/* Will the index be enabled once the wanted changes are made? */
bool vfiopm__irq_index_will_be_enabled(const struct vfiopm__irq_index *index);

/* ---- changes ---- */

/* Make the wanted changes. On failure the vectors keep what they had, as far as the kernel
 * allows. Nothing is wanted afterwards. */
int vfiopm__irq_index_apply(struct vfiopm__irq_index *index, struct vfiopm__set_irqs *set);
/* Allocate count vectors without eventfds. */
int vfiopm__irq_index_reserve(struct vfiopm__irq_index *index, struct vfiopm__set_irqs *set,
			      uint32_t count);

#endif

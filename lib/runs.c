// SPDX-License-Identifier: MIT
/*
 * Which vectors go into one SET_IRQS: a run of changes. A vector that is live and does
 * not change ends it, as sending that costs the kernel free_irq() and request_irq() and
 * can lose an edge; one without eventfd does not, as -1 is a no-op there
 * (drivers/vfio/pci/vfio_pci_intrs.c, vfio_msi_set_vector_signal(), 6.1). So there are as
 * few ioctls as there can be. Pure.
 */
#include "private.h"

bool vfiopm__runs_next(const uint8_t *vectors, uint32_t count, uint32_t from,
		       struct vfiopm__run *ret_run)
{
	uint32_t first = from, last;

	while (first < count && vectors[first] != VFIOPM__VECTOR_CHANGED)
		first++;
	if (first >= count)
		return false;

	last = first;
	for (uint32_t i = first; i < count && vectors[i] != VFIOPM__VECTOR_KEPT; i++) {
		if (vectors[i] == VFIOPM__VECTOR_CHANGED)
			last = i;
	}
	*ret_run = (struct vfiopm__run){ .start = first, .count = last - first + 1 };
	return true;
}

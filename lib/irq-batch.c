// SPDX-License-Identifier: MIT
/* Batches: changes of signalling that are collected, then made in as few ioctls as possible. */
#include <errno.h>

#include "irq.h"
#include "lock.h"

int vfiopm__irq_batch_change_now(struct vfiopm__irq *irq, uint32_t index)
{
	uint64_t issued = vfiopm__set_irqs_get_issued(irq->set);
	int r = vfiopm__irq_index_apply(irq->indexes[index], irq->set);

	if (vfiopm__set_irqs_get_issued(irq->set) == issued)
		vfiopm__set_irqs_saved(irq->set, 1);
	return r;
}

int vfiopm__irq_batch_change(struct vfiopm__irq *irq, uint32_t index)
{
	if (irq->batches == 0)
		return vfiopm__irq_batch_change_now(irq, index);
	irq->collected++;
	return 0;
}

/* Indexes that are to be disabled come first: an enabled index excludes others. Returns the first
 * error. */
static int apply_all(struct vfiopm__irq *irq)
{
	int first = 0;

	for (int disabling = 1; disabling >= 0; disabling--) {
		for (uint32_t i = 0; i < irq->count; i++) {
			int r = 0;

			if (!disabling || vfiopm__irq_index_wants_disabled(irq->indexes[i]))
				r = vfiopm__irq_index_apply(irq->indexes[i], irq->set);
			if (first == 0)
				first = r;
		}
	}
	return first;
}

static int commit(struct vfiopm__irq *irq)
{
	uint64_t issued = vfiopm__set_irqs_get_issued(irq->set);
	int r = apply_all(irq);

	issued = vfiopm__set_irqs_get_issued(irq->set) - issued;
	if (irq->collected > issued)
		vfiopm__set_irqs_saved(irq->set, irq->collected - issued);
	irq->collected = 0;
	return r;
}

VFIOPM__PUBLIC int vfiopm_irq_begin(struct vfiopm_device *dev)
{
	if (!dev)
		return -EINVAL;
	VFIOPM__HOLD(&dev->irq->lock);
	dev->irq->batches++;
	return 0;
}

VFIOPM__PUBLIC int vfiopm_irq_commit(struct vfiopm_device *dev)
{
	if (!dev)
		return -EINVAL;
	VFIOPM__HOLD(&dev->irq->lock);
	if (dev->irq->batches == 0 || --dev->irq->batches > 0)
		return 0;
	return commit(dev->irq);
}

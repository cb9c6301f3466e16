/* SPDX-License-Identifier: MIT */
/* The interrupts of one device: its IRQ indexes and what their files share. */
#ifndef VFIOPM_PRIVATE_IRQ_H
#define VFIOPM_PRIVATE_IRQ_H

#include <pthread.h>

#include <vfiopm/irq.h>

#include "device.h"
#include "irq-index.h"
#include "set-irqs.h"

struct vfio_device_info;

struct vfiopm__irq {
	bool is_pci;
	uint32_t count;
	struct vfiopm__irq_index **indexes; /* a PCI device has those of VFIOPM_IRQ_* */
	struct vfiopm__eventfds *eventfds;
	struct vfiopm__set_irqs *set;

	/* Serializes all changes: the members below, the indexes and set. */
	pthread_mutex_t lock;
	unsigned batches;		  /* begun and not committed */
	uint64_t collected;		  /* calls in the open batch */
	struct vfiopm__eventfd_ref *refs; /* memory for the eventfds of one call */
};

/* ---- irq.c ---- */

/* Reads the IRQ indexes, which wakes the device. info is the answer of GET_INFO. */
int vfiopm__irq_new(int device_fd, const struct vfio_device_info *info,
		    struct vfiopm__access *access, const struct vfiopm__trace *trace,
		    struct vfiopm__irq **ret_irq);
void vfiopm__irq_free(struct vfiopm__irq *irq);
/* vfiopm_irq_set_signaling_range() and vfiopm_irq_disable(), applied at once, even if a batch is
 * open. */
int vfiopm__irq_set_now(struct vfiopm_device *dev, uint32_t index, uint32_t start, uint32_t count,
			const int *fds);
int vfiopm__irq_disable_now(struct vfiopm_device *dev, uint32_t index);

/* The index, or NULL if dev is NULL or has no such index. */
static inline struct vfiopm__irq_index *vfiopm__irq_find(const struct vfiopm_device *dev,
							 uint32_t index)
{
	return dev && index < dev->irq->count ? dev->irq->indexes[index] : NULL;
}

/* ---- irq-mask.c ---- */

/* After low power: make INTx with an unmask eventfd work again. */
int vfiopm__irq_restore_intx(struct vfiopm_device *dev);

/* ---- irq-batch.c; the lock is held ---- */

/* A change of the index is wanted: add it to the open batch, or make it. */
int vfiopm__irq_batch_change(struct vfiopm__irq *irq, uint32_t index);
/* Make the wanted changes of one index. */
int vfiopm__irq_batch_change_now(struct vfiopm__irq *irq, uint32_t index);

#endif

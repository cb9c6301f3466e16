// SPDX-License-Identifier: MIT
/* Masks and the unmask eventfd of a maskable index: INTx, or a level interrupt of another bus. */
#include <errno.h>

#include "irq.h"
#include "lock.h"
#include "uapi.h"

static int check_maskable(const struct vfiopm_device *dev, uint32_t index, uint32_t vector)
{
	const struct vfiopm__irq_index *found = vfiopm__irq_find(dev, index);

	if (!found || !vfiopm__irq_index_has_range(found, vector, 1))
		return -EINVAL;
	return vfiopm__irq_index_flags(found) & VFIOPM_IRQ_FLAG_MASKABLE ? 0 : -ENOTTY;
}

/* ---- masks ---- */

static int mask(const struct vfiopm_device *dev, uint32_t index, uint32_t vector, uint32_t action)
{
	int r = check_maskable(dev, index, vector);

	if (r < 0)
		return r;
	VFIOPM__HOLD(&dev->irq->lock);
	if (!vfiopm__irq_index_is_enabled(dev->irq->indexes[index]))
		return -EINVAL;
	r = vfiopm__set_irqs_action(dev->irq->set, action, index, vector);
	if (r == 0)
		*vfiopm__irq_index_is_masked(dev->irq->indexes[index]) =
			action == VFIO_IRQ_SET_ACTION_MASK;
	return r;
}

VFIOPM__PUBLIC int vfiopm_irq_mask(struct vfiopm_device *dev, uint32_t index, uint32_t vector)
{
	return mask(dev, index, vector, VFIO_IRQ_SET_ACTION_MASK);
}

VFIOPM__PUBLIC int vfiopm_irq_unmask(struct vfiopm_device *dev, uint32_t index, uint32_t vector)
{
	return mask(dev, index, vector, VFIO_IRQ_SET_ACTION_UNMASK);
}

/* ---- the eventfd that unmasks ---- */

static int send(struct vfiopm__irq *irq, uint32_t index, uint32_t vector, int fd)
{
	return vfiopm__set_irqs_unmask_eventfd(irq->set, index, vector, fd);
}

/* The kernel refuses a second eventfd (virqfd.c, vfio_virqfd_enable(): EBUSY). So the old one
 * is removed first, and restored if the kernel refuses the new one. */
static int replace(struct vfiopm__irq *irq, uint32_t index, uint32_t vector,
		   struct vfiopm__eventfd_ref new)
{
	struct vfiopm__eventfd_ref *current = vfiopm__irq_index_unmask(irq->indexes[index]);
	struct vfiopm__eventfd_ref old = *current;
	int r = 0;

	if (old.fd >= 0)
		r = send(irq, index, vector, -1);
	if (r < 0)
		return r;
	if (new.fd >= 0)
		r = send(irq, index, vector, new.fd);
	if (r < 0 && old.fd >= 0 && send(irq, index, vector, old.fd) == 0)
		return r;
	vfiopm__eventfd_ref_drop(old);
	*current = r < 0 ? VFIOPM__NO_EVENTFD : new;
	return r;
}

VFIOPM__PUBLIC int vfiopm_irq_set_unmask_eventfd(struct vfiopm_device *dev, uint32_t index,
						 uint32_t vector, int fd)
{
	int r = check_maskable(dev, index, vector);
	struct vfiopm__irq_index *found;
	struct vfiopm__eventfd_ref ref;
	struct vfiopm__irq *irq;

	if (r < 0)
		return r;
	if (fd < -1)
		return -EINVAL;
	irq = dev->irq;
	found = irq->indexes[index];
	VFIOPM__HOLD(&irq->lock);
	/* Other buses keep the eventfd of a disabled index, so it can be removed. */
	if (!vfiopm__irq_index_is_enabled(found) && (irq->is_pci || fd >= 0))
		return -EINVAL;
	if (vfiopm__eventfd_ref_is(irq->eventfds, *vfiopm__irq_index_unmask(found), fd)) {
		vfiopm__set_irqs_saved(irq->set, 1);
		return 0;
	}
	r = vfiopm__eventfd_ref_take(irq->eventfds, fd, &ref);
	if (r < 0)
		return r;
	r = replace(irq, index, vector, ref);
	if (r < 0)
		vfiopm__eventfd_ref_drop(ref);
	return r;
}

/* ---- after low power ---- */

/* EINVAL: another user of the device has disabled INTx. */
static int change_intx(struct vfiopm__irq *irq, uint32_t action)
{
	int r = vfiopm__set_irqs_action(irq->set, action, VFIOPM_IRQ_INTX, 0);

	return r == -EINVAL ? 0 : r;
}

/*
 * If the unmask eventfd is signalled while the device is suspended, the kernel regards INTx as
 * unmasked, and the resume restores the DisINTx bit of the suspend (vfio_pci_core.c,
 * vfio_pci_core_runtime_suspend(); vfio_pci_intrs.c, vfio_pci_intx_unmask_handler(), 6.1). Later
 * unmasks then do nothing. A mask makes both agree. The kernel does not report the signal, so each
 * wake needs this. An unmask signals INTx again if the line is still raised, which is harmless for
 * a level interrupt.
 */
int vfiopm__irq_restore_intx(struct vfiopm_device *dev)
{
	struct vfiopm__irq *irq = dev->irq;
	struct vfiopm__irq_index *intx;
	int r;

	if (!irq->is_pci)
		return 0;
	VFIOPM__HOLD(&irq->lock);
	intx = irq->indexes[VFIOPM_IRQ_INTX];
	if (!vfiopm__irq_index_is_enabled(intx) || vfiopm__irq_index_unmask(intx)->fd < 0)
		return 0;
	r = change_intx(irq, VFIO_IRQ_SET_ACTION_MASK);
	if (r < 0 || *vfiopm__irq_index_is_masked(intx))
		return r;
	return change_intx(irq, VFIO_IRQ_SET_ACTION_UNMASK);
}

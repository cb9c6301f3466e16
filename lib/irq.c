// SPDX-License-Identifier: MIT
/*
 * The public calls on the IRQ indexes of a device. A call that sets an eventfd first compares,
 * without a lock, whether the kernel has that eventfd already. Only a call that changes
 * something takes the lock, and issues its ioctls under it.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "irq.h"
#include "lock.h"
#include "uapi.h"

static_assert(VFIOPM_IRQ_INTX == VFIO_PCI_INTX_IRQ_INDEX, "INTX");
static_assert(VFIOPM_IRQ_MSI == VFIO_PCI_MSI_IRQ_INDEX, "MSI");
static_assert(VFIOPM_IRQ_MSIX == VFIO_PCI_MSIX_IRQ_INDEX, "MSIX");
static_assert(VFIOPM_IRQ_ERR == VFIO_PCI_ERR_IRQ_INDEX, "ERR");
static_assert(VFIOPM_IRQ_REQ == VFIO_PCI_REQ_IRQ_INDEX, "REQ");
static_assert(VFIOPM_IRQ_FLAG_NORESIZE == VFIO_IRQ_INFO_NORESIZE, "NORESIZE");
static_assert(VFIOPM_IRQ_FLAG_MASKABLE == VFIO_IRQ_INFO_MASKABLE, "MASKABLE");

/* The most IRQ indexes of a device that is not PCI. A larger number is not a kernel's answer. */
#define MAX_INDEXES 256

/* ---- information ---- */

static int get(const struct vfiopm_device *dev, uint32_t index,
	       uint32_t (*read)(const struct vfiopm__irq_index *index), uint32_t *ret_value)
{
	const struct vfiopm__irq_index *found = vfiopm__irq_find(dev, index);

	if (!found || !ret_value)
		return -EINVAL;
	*ret_value = read(found);
	return 0;
}

VFIOPM__PUBLIC int vfiopm_irq_get_count(const struct vfiopm_device *dev, uint32_t index,
					uint32_t *ret_count)
{
	return get(dev, index, vfiopm__irq_index_count, ret_count);
}

VFIOPM__PUBLIC int vfiopm_irq_get_flags(const struct vfiopm_device *dev, uint32_t index,
					uint32_t *ret_flags)
{
	return get(dev, index, vfiopm__irq_index_flags, ret_flags);
}

VFIOPM__PUBLIC int vfiopm_irq_get_available(const struct vfiopm_device *dev, uint32_t index,
					    uint32_t *ret_count)
{
	return get(dev, index, vfiopm__irq_index_available, ret_count);
}

VFIOPM__PUBLIC int vfiopm_irq_get_stats(const struct vfiopm_device *dev, uint64_t *ret_issued,
					uint64_t *ret_saved)
{
	if (!dev || !ret_issued || !ret_saved)
		return -EINVAL;
	*ret_issued = vfiopm__set_irqs_get_issued(dev->irq->set);
	*ret_saved = vfiopm__set_irqs_get_saved(dev->irq->set);
	return 0;
}

/* ---- signalling ---- */

/* INTx, MSI and MSI-X exclude one another (vfio_pci_intrs.c, is_irq_none(): EINVAL). An index
 * that the open batch disables excludes only changes that are made now. */
static bool is_excluded(const struct vfiopm__irq *irq, uint32_t index, bool now)
{
	if (!vfiopm__irq_index_is_exclusive(irq->indexes[index]))
		return false;
	for (uint32_t i = VFIOPM_IRQ_INTX; i <= VFIOPM_IRQ_MSIX; i++) {
		if (i == index)
			continue;
		if (vfiopm__irq_index_will_be_enabled(irq->indexes[i]) ||
		    (now && vfiopm__irq_index_is_enabled(irq->indexes[i])))
			return true;
	}
	return false;
}

static bool any_eventfd(const int *fds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (fds[i] >= 0)
			return true;
	}
	return false;
}

/* Take a reference to each eventfd, or to none. */
static int take_refs(struct vfiopm__irq *irq, const int *fds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		int r = vfiopm__eventfd_ref_take(irq->eventfds, fds[i], &irq->refs[i]);

		if (r < 0) {
			while (i > 0)
				vfiopm__eventfd_ref_drop(irq->refs[--i]);
			return r;
		}
	}
	return 0;
}

static int set_locked(struct vfiopm__irq *irq, uint32_t index, uint32_t start, uint32_t count,
		      const int *fds, bool now)
{
	int r;

	if (any_eventfd(fds, count) && is_excluded(irq, index, now))
		return -EBUSY;
	r = take_refs(irq, fds, count);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < count; i++)
		vfiopm__irq_index_want(irq->indexes[index], start + i, irq->refs[i]);
	return now ? vfiopm__irq_batch_change_now(irq, index)
		   : vfiopm__irq_batch_change(irq, index);
}

static bool has_all(const struct vfiopm__irq_index *index, uint32_t start, uint32_t count,
		    const int *fds)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!vfiopm__irq_index_has(index, start + i, fds[i]))
			return false;
	}
	return true;
}

static bool are_fds(const int *fds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (fds[i] < -1)
			return false;
	}
	return true;
}

static int set(const struct vfiopm_device *dev, uint32_t index, uint32_t start, uint32_t count,
	       const int *fds, bool now)
{
	const struct vfiopm__irq_index *found = vfiopm__irq_find(dev, index);

	if (!found || !fds || !vfiopm__irq_index_has_range(found, start, count) ||
	    !are_fds(fds, count))
		return -EINVAL;
	if (has_all(found, start, count, fds)) {
		vfiopm__set_irqs_saved(dev->irq->set, 1);
		return 0;
	}
	VFIOPM__HOLD(&dev->irq->lock);
	return set_locked(dev->irq, index, start, count, fds, now);
}

VFIOPM__PUBLIC int vfiopm_irq_set_signaling_range(struct vfiopm_device *dev, uint32_t index,
						  uint32_t start, uint32_t count, const int *fds)
{
	return set(dev, index, start, count, fds, false);
}

VFIOPM__PUBLIC int vfiopm_irq_set_signaling(struct vfiopm_device *dev, uint32_t index,
					    uint32_t vector, int fd)
{
	return set(dev, index, vector, 1, &fd, false);
}

int vfiopm__irq_set_now(struct vfiopm_device *dev, uint32_t index, uint32_t start, uint32_t count,
			const int *fds)
{
	return set(dev, index, start, count, fds, true);
}

VFIOPM__PUBLIC int vfiopm_irq_reserve(struct vfiopm_device *dev, uint32_t index, uint32_t count)
{
	struct vfiopm__irq_index *found = vfiopm__irq_find(dev, index);

	if (!found || !vfiopm__irq_index_has_range(found, 0, count))
		return -EINVAL;
	VFIOPM__HOLD(&dev->irq->lock);
	if (vfiopm__irq_index_has_vectors(found, count)) {
		vfiopm__set_irqs_saved(dev->irq->set, 1);
		return 0;
	}
	if (is_excluded(dev->irq, index, true))
		return -EBUSY;
	return vfiopm__irq_index_reserve(found, dev->irq->set, count);
}

static int disable(const struct vfiopm_device *dev, uint32_t index, bool now)
{
	struct vfiopm__irq_index *found = vfiopm__irq_find(dev, index);

	if (!found)
		return -EINVAL;
	VFIOPM__HOLD(&dev->irq->lock);
	vfiopm__irq_index_want_disabled(found);
	return now ? vfiopm__irq_batch_change_now(dev->irq, index)
		   : vfiopm__irq_batch_change(dev->irq, index);
}

VFIOPM__PUBLIC int vfiopm_irq_disable(struct vfiopm_device *dev, uint32_t index)
{
	return disable(dev, index, false);
}

int vfiopm__irq_disable_now(struct vfiopm_device *dev, uint32_t index)
{
	return disable(dev, index, true);
}

VFIOPM__PUBLIC int vfiopm_irq_is_enabled(const struct vfiopm_device *dev, uint32_t index)
{
	const struct vfiopm__irq_index *found = vfiopm__irq_find(dev, index);

	if (!found)
		return -EINVAL;
	/* A growth disables the index for a moment. */
	VFIOPM__HOLD(&dev->irq->lock);
	return vfiopm__irq_index_is_enabled(found);
}

/* ---- loopback ---- */

VFIOPM__PUBLIC int vfiopm_irq_trigger(struct vfiopm_device *dev, uint32_t index, uint32_t vector)
{
	const struct vfiopm__irq_index *found = vfiopm__irq_find(dev, index);

	if (!found || !vfiopm__irq_index_has_range(found, vector, 1))
		return -EINVAL;
	VFIOPM__HOLD(&dev->irq->lock);
	if (!vfiopm__irq_index_is_enabled(found))
		return -EINVAL;
	/* vfio-pci skips a vector without an eventfd, vfio-platform dereferences NULL before 6.9
	 * (vfio_platform_irq.c, vfio_irq_handler()). */
	if (dev->irq->is_pci ? !vfiopm__irq_index_has_eventfd(found, vector)
			     : !vfiopm__irq_index_is_live(found, vector)) {
		vfiopm__set_irqs_saved(dev->irq->set, 1);
		return 0;
	}
	return vfiopm__set_irqs_action(dev->irq->set, VFIO_IRQ_SET_ACTION_TRIGGER, index, vector);
}

/* ---- the library's own eventfds ---- */

VFIOPM__PUBLIC int vfiopm_irq_new_eventfd(struct vfiopm_device *dev, int *ret_fd)
{
	if (!dev || !ret_fd)
		return -EINVAL;
	VFIOPM__HOLD(&dev->irq->lock);
	return vfiopm__eventfds_create(dev->irq->eventfds, ret_fd);
}

VFIOPM__PUBLIC int vfiopm_irq_free_eventfd(struct vfiopm_device *dev, int fd)
{
	struct vfiopm__irq *irq;

	if (!dev)
		return -EINVAL;
	irq = dev->irq;
	VFIOPM__HOLD(&irq->lock);
	if (!vfiopm__eventfds_contain(irq->eventfds, fd))
		return -EINVAL;
	for (uint32_t i = 0; i < irq->count; i++) {
		if (vfiopm__irq_index_uses(irq->indexes[i], fd))
			return -EBUSY;
	}
	vfiopm__eventfds_close(irq->eventfds, fd);
	return 0;
}

/* ---- creation ---- */

static int create_parts(struct vfiopm__irq *irq, int device_fd, struct vfiopm__access *access,
			const struct vfiopm__trace *trace)
{
	uint32_t most = 1;
	int r;

	r = vfiopm__eventfds_new(&irq->eventfds);
	if (r < 0)
		return r;
	irq->indexes = calloc(irq->count + 1, sizeof(irq->indexes[0])); /* the count can be 0 */
	if (!irq->indexes)
		return -ENOMEM;
	for (uint32_t i = 0; i < irq->count; i++) {
		r = vfiopm__irq_index_new(device_fd, irq->is_pci, i, irq->eventfds,
					  &irq->indexes[i]);
		if (r < 0)
			return r;
		if (vfiopm__irq_index_count(irq->indexes[i]) > most)
			most = vfiopm__irq_index_count(irq->indexes[i]);
	}
	irq->refs = malloc(most * sizeof(irq->refs[0]));
	return irq->refs ? vfiopm__set_irqs_new(device_fd, most, access, trace, &irq->set)
			 : -ENOMEM;
}

int vfiopm__irq_new(int device_fd, const struct vfio_device_info *info,
		    struct vfiopm__access *access, const struct vfiopm__trace *trace,
		    struct vfiopm__irq **ret_irq)
{
	bool is_pci = info->flags & VFIO_DEVICE_FLAGS_PCI;
	struct vfiopm__irq *irq;
	int r;

	if (!is_pci && info->num_irqs > MAX_INDEXES)
		return -EPROTO;
	irq = calloc(1, sizeof(*irq));
	if (!irq)
		return -ENOMEM;
	irq->is_pci = is_pci;
	irq->count = is_pci ? VFIO_PCI_NUM_IRQS : info->num_irqs;
	pthread_mutex_init(&irq->lock, NULL);
	r = create_parts(irq, device_fd, access, trace);
	if (r < 0) {
		vfiopm__irq_free(irq);
		return r;
	}
	*ret_irq = irq;
	return 0;
}

void vfiopm__irq_free(struct vfiopm__irq *irq)
{
	if (!irq)
		return;
	for (uint32_t i = 0; irq->indexes && i < irq->count; i++)
		vfiopm__irq_index_free(irq->indexes[i]);
	free(irq->indexes);
	vfiopm__eventfds_free(irq->eventfds);
	vfiopm__set_irqs_free(irq->set);
	pthread_mutex_destroy(&irq->lock);
	free(irq->refs);
	free(irq);
}

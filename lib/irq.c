// SPDX-License-Identifier: MIT
/*
 * Interrupts: the public calls over the tables of a device's five IRQ indexes, batches
 * and deferral, exclusion, and statistics. A call first looks, without a lock, whether
 * the kernel has all that it asks for; only one that changes something takes the lock,
 * under which the ioctls are issued.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"
#include "uapi.h"

#define INDEXES 5

static_assert(VFIOPM_IRQ_INTX == VFIO_PCI_INTX_IRQ_INDEX, "INTX");
static_assert(VFIOPM_IRQ_MSI == VFIO_PCI_MSI_IRQ_INDEX, "MSI");
static_assert(VFIOPM_IRQ_MSIX == VFIO_PCI_MSIX_IRQ_INDEX, "MSIX");
static_assert(VFIOPM_IRQ_ERR == VFIO_PCI_ERR_IRQ_INDEX, "ERR");
static_assert(VFIOPM_IRQ_REQ == VFIO_PCI_REQ_IRQ_INDEX, "REQ");
static_assert(VFIOPM_IRQ_FLAG_NORESIZE == VFIO_IRQ_INFO_NORESIZE, "NORESIZE");
static_assert(VFIOPM_IRQ_FLAG_MASKABLE == VFIO_IRQ_INFO_MASKABLE, "MASKABLE");

struct vfiopm__irq {
	struct vfiopm__table *tables[INDEXES];
	struct vfiopm__eventfds *eventfds;
	_Atomic uint64_t issued, saved;

	pthread_mutex_t changes; /* for all below, and for what the kernel has */
	unsigned batches;	 /* begun, and not committed */
	bool deferred;
	int untold;		   /* the error of what was deferred, not told yet */
	uint64_t collected;	   /* calls whose changes are not committed yet */
	struct vfiopm__ref unmask; /* the eventfd that unmasks INTx */
	struct vfiopm__ref *refs;  /* room for one call */
};

static const struct vfiopm__ref none = { .fd = -1 };

static struct vfiopm__table *find_table(const struct vfiopm_device *dev, uint32_t index)
{
	return dev && index < INDEXES ? vfiopm__device_irq(dev)->tables[index] : NULL;
}

/* Without overflow, whatever a guest has written. */
static bool has_vectors(const struct vfiopm__table *table, uint32_t start, uint32_t count)
{
	uint32_t have = vfiopm__table_count(table);

	return count > 0 && count <= have && start <= have - count;
}

/* ---- what is asked ---- */

VFIOPM__PUBLIC int vfiopm_irq_get_count(const struct vfiopm_device *dev, uint32_t index,
					uint32_t *ret_count)
{
	const struct vfiopm__table *table = find_table(dev, index);

	if (!table || !ret_count)
		return -EINVAL;
	*ret_count = vfiopm__table_count(table);
	return 0;
}

VFIOPM__PUBLIC int vfiopm_irq_get_flags(const struct vfiopm_device *dev, uint32_t index,
					uint32_t *ret_flags)
{
	const struct vfiopm__table *table = find_table(dev, index);

	if (!table || !ret_flags)
		return -EINVAL;
	*ret_flags = vfiopm__table_flags(table);
	return 0;
}

VFIOPM__PUBLIC int vfiopm_irq_get_available(const struct vfiopm_device *dev, uint32_t index,
					    uint32_t *ret_count)
{
	const struct vfiopm__table *table = find_table(dev, index);

	if (!table || !ret_count)
		return -EINVAL;
	*ret_count = vfiopm__table_available(table);
	return 0;
}

bool vfiopm__irq_has(const struct vfiopm_device *dev, uint32_t index, uint32_t vector, int fd)
{
	return vfiopm__table_has(find_table(dev, index), vector, fd);
}

VFIOPM__PUBLIC int vfiopm_irq_get_stats(const struct vfiopm_device *dev, uint64_t *ret_issued,
					uint64_t *ret_saved)
{
	if (!dev || !ret_issued || !ret_saved)
		return -EINVAL;
	*ret_issued = vfiopm__device_irq(dev)->issued;
	*ret_saved = vfiopm__device_irq(dev)->saved;
	return 0;
}

/* ---- issued and saved ---- */

static const char set_irqs_call[] = "VFIO_DEVICE_SET_IRQS";

int vfiopm__irq_issue(const struct vfiopm_device *dev, struct vfio_irq_set *set)
{
	int r = vfiopm__sys_ioctl(vfiopm_device_get_fd(dev), VFIO_DEVICE_SET_IRQS, set);

	atomic_fetch_add_explicit(&vfiopm__device_irq(dev)->issued, 1, memory_order_relaxed);
	vfiopm__device_trace(dev, VFIOPM_TRACE_ISSUED, set_irqs_call, r);
	return r;
}

static void save(const struct vfiopm_device *dev, uint64_t calls)
{
	atomic_fetch_add_explicit(&vfiopm__device_irq(dev)->saved, calls, memory_order_relaxed);
	for (uint64_t i = 0; i < calls; i++)
		vfiopm__device_trace(dev, VFIOPM_TRACE_SAVED, set_irqs_call, 0);
}

/* ---- collecting and committing ---- */

static bool collects(const struct vfiopm_device *dev, const struct vfiopm__irq *irq)
{
	int state;

	if (irq->batches > 0)
		return true;
	if (!irq->deferred)
		return false;
	state = vfiopm_get_state(dev);
	return state == VFIOPM_STATE_LOW_POWER || state == VFIOPM_STATE_LOW_POWER_WAKEUP;
}

static bool wants_anything(const struct vfiopm__irq *irq)
{
	for (int i = 0; i < INDEXES; i++) {
		if (vfiopm__table_wants_anything(irq->tables[i]))
			return true;
	}
	return false;
}

/* The kernel drops it with INTx (vfio_pci_intrs.c, vfio_intx_disable()). */
static void forget_unmask_eventfd(struct vfiopm__irq *irq)
{
	if (vfiopm__table_is_enabled(irq->tables[VFIOPM_IRQ_INTX]))
		return;
	vfiopm__ref_drop(irq->unmask);
	irq->unmask = none;
}

/* Errors that are nobody's now are the next commit's. */
static void leave_untold(struct vfiopm__irq *irq, int result)
{
	if (irq->untold == 0)
		irq->untold = result;
}

#define ALL_INDEXES INDEXES

/* All that is wanted. Gives the first error of the indexes that the caller asked for, one
 * or all; of the others it is left untold. */
static int commit_locked(const struct vfiopm_device *dev, struct vfiopm__irq *irq, uint32_t asked)
{
	uint64_t issued = irq->issued;
	int first = 0;

	/* What is to be disabled first: it may stand in the way of another index. */
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < INDEXES; i++) {
			int r;

			if (pass == 0 && !vfiopm__table_wants_disabled(irq->tables[i]))
				continue;
			r = vfiopm__table_apply(irq->tables[i], dev);
			if (asked != ALL_INDEXES && asked != i)
				leave_untold(irq, r);
			else if (first == 0)
				first = r;
		}
	}
	forget_unmask_eventfd(irq);

	issued = irq->issued - issued;
	if (irq->collected > issued)
		save(dev, irq->collected - issued);
	irq->collected = 0;
	return first;
}

static int changed_locked(const struct vfiopm_device *dev, struct vfiopm__irq *irq, uint32_t index)
{
	irq->collected++;
	return collects(dev, irq) ? 0 : commit_locked(dev, irq, index);
}

/* One index alone, whatever else is wanted. */
static int change_at_once_locked(const struct vfiopm_device *dev, struct vfiopm__irq *irq,
				 uint32_t index)
{
	uint64_t issued = irq->issued;
	int r = vfiopm__table_apply(irq->tables[index], dev);

	forget_unmask_eventfd(irq);
	if (irq->issued == issued)
		save(dev, 1);
	return r;
}

VFIOPM__PUBLIC int vfiopm_irq_begin(struct vfiopm_device *dev)
{
	struct vfiopm__irq *irq;

	if (!dev)
		return -EINVAL;
	irq = vfiopm__device_irq(dev);
	pthread_mutex_lock(&irq->changes);
	irq->batches++;
	pthread_mutex_unlock(&irq->changes);
	return 0;
}

static int commit_outermost(const struct vfiopm_device *dev, struct vfiopm__irq *irq)
{
	int r;

	if (irq->batches > 0 && --irq->batches > 0)
		return 0;
	r = commit_locked(dev, irq, ALL_INDEXES);
	if (r == 0) {
		r = irq->untold;
		irq->untold = 0;
	}
	return r;
}

VFIOPM__PUBLIC int vfiopm_irq_commit(struct vfiopm_device *dev)
{
	struct vfiopm__irq *irq;
	int r;

	if (!dev)
		return -EINVAL;
	irq = vfiopm__device_irq(dev);
	pthread_mutex_lock(&irq->changes);
	r = commit_outermost(dev, irq);
	pthread_mutex_unlock(&irq->changes);
	return r;
}

VFIOPM__PUBLIC int vfiopm_irq_set_deferred(struct vfiopm_device *dev, int deferred)
{
	struct vfiopm__irq *irq;

	if (!dev || (deferred != 0 && deferred != 1))
		return -EINVAL;
	irq = vfiopm__device_irq(dev);
	pthread_mutex_lock(&irq->changes);
	irq->deferred = deferred;
	pthread_mutex_unlock(&irq->changes);
	return 0;
}

void vfiopm__irq_low_power_ended(struct vfiopm_device *dev)
{
	struct vfiopm__irq *irq = vfiopm__device_irq(dev);

	pthread_mutex_lock(&irq->changes);
	if (irq->batches == 0 && wants_anything(irq))
		leave_untold(irq, commit_locked(dev, irq, ALL_INDEXES));
	pthread_mutex_unlock(&irq->changes);
}

/* ---- signalling ---- */

/* INTx, MSI and MSI-X exclude one another (vfio_pci_intrs.c, is_irq_none(): EINVAL). What
 * a batch disables is in the way only of what is done at once. */
static bool is_excluded(const struct vfiopm__irq *irq, uint32_t index, bool at_once)
{
	if (index > VFIOPM_IRQ_MSIX)
		return false;
	for (uint32_t i = VFIOPM_IRQ_INTX; i <= VFIOPM_IRQ_MSIX; i++) {
		if (i == index)
			continue;
		if (vfiopm__table_will_be_enabled(irq->tables[i]) ||
		    (at_once && vfiopm__table_is_enabled(irq->tables[i])))
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

/* Of all or of none. */
static int take_refs(struct vfiopm__irq *irq, const int *fds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		int r = vfiopm__ref_take(irq->eventfds, fds[i], &irq->refs[i]);

		if (r < 0) {
			while (i > 0)
				vfiopm__ref_drop(irq->refs[--i]);
			return r;
		}
	}
	return 0;
}

static int set_locked(const struct vfiopm_device *dev, uint32_t index, uint32_t start,
		      uint32_t count, const int *fds, bool at_once)
{
	struct vfiopm__irq *irq = vfiopm__device_irq(dev);
	int r;

	if (any_eventfd(fds, count) && is_excluded(irq, index, at_once))
		return -EBUSY;
	r = take_refs(irq, fds, count);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < count; i++)
		vfiopm__table_want(irq->tables[index], start + i, irq->refs[i]);
	return at_once ? change_at_once_locked(dev, irq, index) : changed_locked(dev, irq, index);
}

static bool has_all(const struct vfiopm__table *table, uint32_t start, uint32_t count,
		    const int *fds)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!vfiopm__table_has(table, start + i, fds[i]))
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
	       const int *fds, bool at_once)
{
	const struct vfiopm__table *table = find_table(dev, index);
	int r;

	if (!table || !fds || !has_vectors(table, start, count) || !are_fds(fds, count))
		return -EINVAL;
	if (has_all(table, start, count, fds)) {
		save(dev, 1);
		return 0;
	}

	pthread_mutex_lock(&vfiopm__device_irq(dev)->changes);
	r = set_locked(dev, index, start, count, fds, at_once);
	pthread_mutex_unlock(&vfiopm__device_irq(dev)->changes);
	return r;
}

VFIOPM__PUBLIC int vfiopm_irq_set_signaling_range(struct vfiopm_device *dev, uint32_t index,
						  uint32_t start, uint32_t count, const int *fds)
{
	return set(dev, index, start, count, fds, false);
}

int vfiopm__irq_set_at_once(struct vfiopm_device *dev, uint32_t index, uint32_t start,
			    uint32_t count, const int *fds)
{
	return set(dev, index, start, count, fds, true);
}

VFIOPM__PUBLIC int vfiopm_irq_set_signaling(struct vfiopm_device *dev, uint32_t index,
					    uint32_t vector, int fd)
{
	return vfiopm_irq_set_signaling_range(dev, index, vector, 1, &fd);
}

static int reserve_locked(const struct vfiopm_device *dev, struct vfiopm__irq *irq, uint32_t index,
			  uint32_t count)
{
	struct vfiopm__table *table = irq->tables[index];

	if (vfiopm__table_has_room(table, count)) {
		save(dev, 1);
		return 0;
	}
	if (is_excluded(irq, index, true))
		return -EBUSY;
	return vfiopm__table_reserve(table, dev, count);
}

VFIOPM__PUBLIC int vfiopm_irq_reserve(struct vfiopm_device *dev, uint32_t index, uint32_t count)
{
	const struct vfiopm__table *table = find_table(dev, index);
	struct vfiopm__irq *irq;
	int r;

	if (!table || !has_vectors(table, 0, count))
		return -EINVAL;
	irq = vfiopm__device_irq(dev);
	pthread_mutex_lock(&irq->changes);
	r = reserve_locked(dev, irq, index, count);
	pthread_mutex_unlock(&irq->changes);
	return r;
}

static int disable(const struct vfiopm_device *dev, uint32_t index, bool at_once)
{
	struct vfiopm__irq *irq;
	int r;

	if (!find_table(dev, index))
		return -EINVAL;
	irq = vfiopm__device_irq(dev);
	pthread_mutex_lock(&irq->changes);
	vfiopm__table_want_disabled(irq->tables[index]);
	r = at_once ? change_at_once_locked(dev, irq, index) : changed_locked(dev, irq, index);
	pthread_mutex_unlock(&irq->changes);
	return r;
}

VFIOPM__PUBLIC int vfiopm_irq_disable(struct vfiopm_device *dev, uint32_t index)
{
	return disable(dev, index, false);
}

int vfiopm__irq_disable_at_once(struct vfiopm_device *dev, uint32_t index)
{
	return disable(dev, index, true);
}

/* ---- masks, the eventfd that unmasks, loopback ---- */

/* A header, and at most one eventfd. */
static int issue_one(const struct vfiopm_device *dev, uint32_t flags, uint32_t index,
		     uint32_t vector, int fd)
{
	_Alignas(struct vfio_irq_set) uint8_t room[sizeof(struct vfio_irq_set) + sizeof(int32_t)];
	bool has_fd = flags & VFIO_IRQ_SET_DATA_EVENTFD;
	struct vfio_irq_set *set = (void *)room;
	int32_t data = fd;
	int r;

	*set = (struct vfio_irq_set){
		.argsz = (uint32_t)(has_fd ? sizeof(room) : sizeof(*set)),
		.flags = flags,
		.index = index,
		.start = vector,
		.count = 1,
	};
	memcpy(set->data, &data, sizeof(data));
	r = vfiopm__irq_issue(dev, set);
	return r > 0 ? -EPROTO : r;
}

static int mask_locked(const struct vfiopm_device *dev, uint32_t index, uint32_t vector,
		       uint32_t action)
{
	if (!vfiopm__table_is_enabled(find_table(dev, index)))
		return -EINVAL;
	return issue_one(dev, VFIO_IRQ_SET_DATA_NONE | action, index, vector, -1);
}

/* Can this vector be masked at all? */
static int check_maskable(const struct vfiopm_device *dev, uint32_t index, uint32_t vector)
{
	const struct vfiopm__table *table = find_table(dev, index);

	if (!table || !has_vectors(table, vector, 1))
		return -EINVAL;
	return vfiopm__table_flags(table) & VFIOPM_IRQ_FLAG_MASKABLE ? 0 : -ENOTTY;
}

static int mask(const struct vfiopm_device *dev, uint32_t index, uint32_t vector, uint32_t action)
{
	int r = check_maskable(dev, index, vector);

	if (r < 0)
		return r;
	pthread_mutex_lock(&vfiopm__device_irq(dev)->changes);
	r = mask_locked(dev, index, vector, action);
	pthread_mutex_unlock(&vfiopm__device_irq(dev)->changes);
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

#define UNMASK_EVENTFD (VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK)

/* The kernel refuses a second one (virqfd.c, vfio_virqfd_enable(): EBUSY), so the old
 * one goes first, and comes back if the new one is refused. */
static int replace_unmask(const struct vfiopm_device *dev, struct vfiopm__irq *irq, uint32_t index,
			  uint32_t vector, struct vfiopm__ref ref)
{
	struct vfiopm__ref old = irq->unmask;
	int r = 0;

	if (old.fd >= 0)
		r = issue_one(dev, UNMASK_EVENTFD, index, vector, -1);
	if (r < 0)
		return r;
	irq->unmask = none;
	if (ref.fd >= 0)
		r = issue_one(dev, UNMASK_EVENTFD, index, vector, ref.fd);
	if (r == 0) {
		irq->unmask = ref;
		vfiopm__ref_drop(old);
		return 0;
	}
	if (old.fd >= 0 && issue_one(dev, UNMASK_EVENTFD, index, vector, old.fd) == 0)
		irq->unmask = old;
	else
		vfiopm__ref_drop(old);
	return r;
}

static int set_unmask_locked(const struct vfiopm_device *dev, struct vfiopm__irq *irq,
			     uint32_t index, uint32_t vector, int fd)
{
	struct vfiopm__ref ref;
	int r;

	if (!vfiopm__table_is_enabled(irq->tables[index]))
		return -EINVAL;
	if (vfiopm__ref_is(irq->eventfds, irq->unmask, fd)) {
		save(dev, 1);
		return 0;
	}
	r = vfiopm__ref_take(irq->eventfds, fd, &ref);
	if (r < 0)
		return r;
	r = replace_unmask(dev, irq, index, vector, ref);
	if (r < 0)
		vfiopm__ref_drop(ref);
	return r;
}

VFIOPM__PUBLIC int vfiopm_irq_set_unmask_eventfd(struct vfiopm_device *dev, uint32_t index,
						 uint32_t vector, int fd)
{
	struct vfiopm__irq *irq;
	int r = check_maskable(dev, index, vector);

	if (r < 0)
		return r;
	if (fd < -1)
		return -EINVAL;
	irq = vfiopm__device_irq(dev);
	pthread_mutex_lock(&irq->changes);
	r = set_unmask_locked(dev, irq, index, vector, fd);
	pthread_mutex_unlock(&irq->changes);
	return r;
}

static int trigger_locked(const struct vfiopm_device *dev, uint32_t index, uint32_t vector)
{
	const struct vfiopm__table *table = find_table(dev, index);

	if (!vfiopm__table_is_enabled(table))
		return -EINVAL;
	if (!vfiopm__table_has_eventfd(table, vector)) {
		save(dev, 1);
		return 0;
	}
	return issue_one(dev, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, index, vector,
			 -1);
}

VFIOPM__PUBLIC int vfiopm_irq_trigger(struct vfiopm_device *dev, uint32_t index, uint32_t vector)
{
	const struct vfiopm__table *table = find_table(dev, index);
	int r;

	if (!table || !has_vectors(table, vector, 1))
		return -EINVAL;
	pthread_mutex_lock(&vfiopm__device_irq(dev)->changes);
	r = trigger_locked(dev, index, vector);
	pthread_mutex_unlock(&vfiopm__device_irq(dev)->changes);
	return r;
}

/* ---- the library's own eventfds ---- */

VFIOPM__PUBLIC int vfiopm_irq_new_eventfd(struct vfiopm_device *dev, int *ret_fd)
{
	struct vfiopm__irq *irq;
	int r;

	if (!dev || !ret_fd)
		return -EINVAL;
	irq = vfiopm__device_irq(dev);
	pthread_mutex_lock(&irq->changes);
	r = vfiopm__eventfds_add_own(irq->eventfds, ret_fd);
	pthread_mutex_unlock(&irq->changes);
	return r;
}

static int free_eventfd_locked(struct vfiopm__irq *irq, int fd)
{
	if (!vfiopm__eventfds_has_own(irq->eventfds, fd))
		return -EINVAL;
	if (irq->unmask.fd == fd)
		return -EBUSY;
	for (int i = 0; i < INDEXES; i++) {
		if (vfiopm__table_uses(irq->tables[i], fd))
			return -EBUSY;
	}
	vfiopm__eventfds_remove_own(irq->eventfds, fd);
	return 0;
}

VFIOPM__PUBLIC int vfiopm_irq_free_eventfd(struct vfiopm_device *dev, int fd)
{
	struct vfiopm__irq *irq;
	int r;

	if (!dev)
		return -EINVAL;
	irq = vfiopm__device_irq(dev);
	pthread_mutex_lock(&irq->changes);
	r = free_eventfd_locked(irq, fd);
	pthread_mutex_unlock(&irq->changes);
	return r;
}

/* ---- its life ---- */

static int make_tables(int device_fd, struct vfiopm__irq *irq)
{
	uint32_t most = 1;
	int r;

	r = vfiopm__eventfds_new(&irq->eventfds);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < INDEXES; i++) {
		r = vfiopm__table_new(device_fd, i, irq->eventfds, &irq->tables[i]);
		if (r < 0)
			return r;
		if (vfiopm__table_count(irq->tables[i]) > most)
			most = vfiopm__table_count(irq->tables[i]);
	}
	irq->refs = malloc(most * sizeof(irq->refs[0]));
	return irq->refs ? 0 : -ENOMEM;
}

int vfiopm__irq_new(int device_fd, struct vfiopm__irq **ret_irq)
{
	struct vfiopm__irq *irq = calloc(1, sizeof(*irq));
	int r;

	if (!irq)
		return -ENOMEM;
	irq->unmask = none;
	pthread_mutex_init(&irq->changes, NULL);
	r = make_tables(device_fd, irq);
	if (r < 0) {
		vfiopm__irq_free(irq);
		return r;
	}
	*ret_irq = irq;
	return 0;
}

void vfiopm__irq_free(struct vfiopm__irq *irq)
{
	for (int i = 0; i < INDEXES; i++)
		vfiopm__table_free(irq->tables[i]);
	vfiopm__ref_drop(irq->unmask);
	if (irq->eventfds)
		vfiopm__eventfds_free(irq->eventfds);
	pthread_mutex_destroy(&irq->changes);
	free(irq->refs);
	free(irq);
}

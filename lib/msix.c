// SPDX-License-Identifier: MIT
/* The MSI-X object: the public calls over its vectors, and which vectors are in use. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "irq.h"
#include "lock.h"
#include "msix-vector.h"
#include "ops.h"
#include "pba.h"
#include "sys.h"

struct vfiopm_msix {
	struct vfiopm__msix_shared shared;
	uint32_t count;
	struct vfiopm__msix_vector **vectors;

	/* Serializes use, release, settings and the function mask. Taken before a vector's lock. */
	pthread_mutex_t lock;
	int *fds; /* memory for one of these calls */
};

static bool has_range(const struct vfiopm_msix *msix, uint32_t start, uint32_t count)
{
	return msix && count > 0 && count <= msix->count && start <= msix->count - count;
}

/* ---- masks ---- */

/* The highest vector comes first: where the index cannot be resized, its trigger allocates enough
 * vectors for all. */
static int update_masks(struct vfiopm_msix *msix)
{
	int first = 0;

	for (uint32_t i = msix->count; i > 0; i--) {
		int r = vfiopm__msix_vector_update_mask(msix->vectors[i - 1]);

		if (first == 0)
			first = r;
	}
	return first;
}

/* Each call on the object retries what an earlier one could not do on any vector. */
static void retry_undone_work(struct vfiopm_msix *msix)
{
	if (!msix->shared.has_undone_work)
		return;
	msix->shared.has_undone_work = false;
	update_masks(msix);
}

static int set_mask(struct vfiopm_msix *msix, uint32_t vector, bool masked)
{
	if (!has_range(msix, vector, 1))
		return -EINVAL;
	retry_undone_work(msix);
	return vfiopm__msix_vector_set_mask(msix->vectors[vector], masked);
}

VFIOPM__PUBLIC int vfiopm_msix_mask(struct vfiopm_msix *msix, uint32_t vector)
{
	return set_mask(msix, vector, true);
}

VFIOPM__PUBLIC int vfiopm_msix_unmask(struct vfiopm_msix *msix, uint32_t vector)
{
	return set_mask(msix, vector, false);
}

VFIOPM__PUBLIC int vfiopm_msix_set_function_mask(struct vfiopm_msix *msix, int masked)
{
	bool was;
	int r;

	if (!msix || (masked != 0 && masked != 1))
		return -EINVAL;
	VFIOPM__HOLD(&msix->lock);
	was = msix->shared.function_masked;
	msix->shared.function_masked = masked;
	r = update_masks(msix);
	if (r < 0) {
		msix->shared.function_masked = was;
		update_masks(msix);
	}
	return r;
}

/* ---- use and release ---- */

static int begin_vectors(struct vfiopm_msix *msix, uint32_t start, uint32_t count)
{
	int r;

	for (uint32_t i = 0; i < count; i++)
		msix->fds[i] = vfiopm__msix_vector_first_trigger(msix->vectors[start + i]);
	vfiopm__pba_count(msix->shared.pba, (int)count, (int)count);
	r = vfiopm__irq_set_now(msix->shared.dev, VFIOPM_IRQ_MSIX, start, count, msix->fds);
	if (r < 0) {
		vfiopm__pba_count(msix->shared.pba, -(int)count, -(int)count);
		update_masks(msix);
		return r;
	}
	for (uint32_t i = 0; i < count; i++)
		vfiopm__msix_vector_begin(msix->vectors[start + i]);
	return 0;
}

VFIOPM__PUBLIC int vfiopm_msix_use(struct vfiopm_msix *msix, uint32_t start, uint32_t count)
{
	int r = 0;

	if (!has_range(msix, start, count))
		return -EINVAL;
	VFIOPM__HOLD(&msix->lock);
	for (uint32_t i = start; i < start + count; i++) {
		if (vfiopm__msix_vector_is_open(msix->vectors[i]))
			return -EALREADY;
	}
	for (uint32_t i = start; r == 0 && i < start + count; i++)
		r = vfiopm__msix_vector_open(msix->vectors[i]);
	if (r == 0)
		r = begin_vectors(msix, start, count);
	for (uint32_t i = start; r < 0 && i < start + count; i++)
		vfiopm__msix_vector_close(msix->vectors[i]);
	return r;
}

static void suspend_vectors(struct vfiopm_msix *msix, uint32_t start, uint32_t count,
			    bool suspended)
{
	for (uint32_t i = start; i < start + count; i++)
		vfiopm__msix_vector_suspend(msix->vectors[i], suspended);
}

static int end_vectors(struct vfiopm_msix *msix, uint32_t start, uint32_t count)
{
	int first = 0;

	for (uint32_t i = start; i < start + count; i++) {
		int r = vfiopm__msix_vector_end(msix->vectors[i]);

		if (first == 0)
			first = r;
	}
	return first;
}

static int remove_triggers(struct vfiopm_msix *msix, uint32_t start, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		msix->fds[i] = -1;
	return vfiopm__irq_set_now(msix->shared.dev, VFIOPM_IRQ_MSIX, start, count, msix->fds);
}

/* Release in reverse order: first the trigger, then the irqfd. The VMM removes the route last. */
static int release(struct vfiopm_msix *msix, uint32_t start, uint32_t count, bool disable)
{
	VFIOPM__HOLD(&msix->lock);
	int r;

	suspend_vectors(msix, start, count, true);
	r = disable ? vfiopm__irq_disable_now(msix->shared.dev, VFIOPM_IRQ_MSIX)
		    : remove_triggers(msix, start, count);
	if (r == 0)
		return end_vectors(msix, start, count);
	suspend_vectors(msix, start, count, false);
	update_masks(msix);
	return r;
}

VFIOPM__PUBLIC int vfiopm_msix_release(struct vfiopm_msix *msix, uint32_t start, uint32_t count)
{
	return has_range(msix, start, count) ? release(msix, start, count, false) : -EINVAL;
}

VFIOPM__PUBLIC int vfiopm_msix_disable(struct vfiopm_msix *msix)
{
	return msix ? release(msix, 0, msix->count, true) : -EINVAL;
}

/* ---- the PBA ---- */

VFIOPM__PUBLIC int vfiopm_msix_is_pending(struct vfiopm_msix *msix, uint32_t vector)
{
	return has_range(msix, vector, 1) ? vfiopm__msix_vector_is_pending(msix->vectors[vector])
					  : -EINVAL;
}

static uint8_t pba_byte(struct vfiopm_msix *msix, uint64_t offset)
{
	uint8_t byte = 0;

	for (unsigned bit = 0; bit < 8; bit++) {
		uint64_t vector = offset * 8 + bit;

		if (vector < msix->count && vfiopm__msix_vector_is_pending(msix->vectors[vector]))
			byte |= (uint8_t)(1 << bit);
	}
	return byte;
}

VFIOPM__PUBLIC int vfiopm_msix_read_pba(struct vfiopm_msix *msix, uint64_t offset, size_t length,
					void *ret_bytes)
{
	uint8_t *bytes = ret_bytes;
	uint64_t size;

	if (!msix || !ret_bytes)
		return -EINVAL;
	size = ((uint64_t)msix->count + 63) / 64 * 8;
	if (offset > size || length > size - offset)
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		bytes[i] = pba_byte(msix, offset + i);
	vfiopm__pba_note_read(msix->shared.pba);
	return 0;
}

/* ---- the event loop ---- */

VFIOPM__PUBLIC int vfiopm_msix_get_fd(const struct vfiopm_msix *msix)
{
	return msix ? msix->shared.epoll : -EINVAL;
}

VFIOPM__PUBLIC int vfiopm_msix_dispatch(struct vfiopm_msix *msix)
{
	uint32_t vectors[VFIOPM__EPOLL_MOST];
	int ready, taken = 0, first = 0;

	if (!msix)
		return -EINVAL;
	retry_undone_work(msix);
	ready = vfiopm__sys_epoll_poll(msix->shared.epoll, vectors);
	for (int i = 0; i < ready; i++) {
		int r = vfiopm__msix_vector_dispatch(msix->vectors[vectors[i]]);

		if (r > 0)
			taken++;
		else if (first == 0)
			first = r;
	}
	return first < 0 ? first : taken;
}

/* ---- policy ---- */

VFIOPM__PUBLIC int vfiopm_msix_set_policy(struct vfiopm_msix *msix, uint32_t policy)
{
	if (!msix || policy > VFIOPM_MSIX_POLICY_RELAY)
		return -EINVAL;
	VFIOPM__HOLD(&msix->lock);
	msix->shared.policy = policy;
	return 0;
}

VFIOPM__PUBLIC int vfiopm_msix_set_pba_policy(struct vfiopm_msix *msix, uint32_t policy)
{
	if (!msix || policy > VFIOPM_MSIX_PBA_NEVER)
		return -EINVAL;
	vfiopm__pba_set_policy(msix->shared.pba, policy);
	return 0;
}

static bool any_in_use(const struct vfiopm_msix *msix)
{
	for (uint32_t i = 0; i < msix->count; i++) {
		if (vfiopm__msix_vector_is_open(msix->vectors[i]))
			return true;
	}
	return false;
}

VFIOPM__PUBLIC int vfiopm_msix_set_eventfds(struct vfiopm_msix *msix, uint32_t vector, int irqfd,
					    int user_fd)
{
	int r = 0;

	if (!has_range(msix, vector, 1) || irqfd < -1 || user_fd < -1 ||
	    (irqfd >= 0 && irqfd == user_fd))
		return -EINVAL;
	if (irqfd >= 0)
		r = vfiopm__eventfd_check(irqfd);
	if (r == 0 && user_fd >= 0)
		r = vfiopm__eventfd_check(user_fd);
	if (r < 0)
		return r;
	VFIOPM__HOLD(&msix->lock);
	if (any_in_use(msix))
		return -EBUSY;
	vfiopm__msix_vector_set_eventfds(msix->vectors[vector], irqfd, user_fd);
	return 0;
}

/* ---- observation ---- */

VFIOPM__PUBLIC int vfiopm_msix_get_mode(struct vfiopm_msix *msix, uint32_t vector,
					uint32_t *ret_mode)
{
	if (!has_range(msix, vector, 1) || !ret_mode)
		return -EINVAL;
	return vfiopm__msix_vector_get_mode(msix->vectors[vector], ret_mode);
}

VFIOPM__PUBLIC int vfiopm_msix_get_stats(struct vfiopm_msix *msix, uint32_t vector, size_t size,
					 struct vfiopm_msix_stats *ret_stats)
{
	struct vfiopm_msix_stats sum = { 0 };

	if (!msix || !ret_stats || (vector != VFIOPM_MSIX_ALL && vector >= msix->count))
		return -EINVAL;
	for (uint32_t i = 0; i < msix->count; i++) {
		if (vector == VFIOPM_MSIX_ALL || vector == i)
			vfiopm__msix_vector_add_stats(msix->vectors[i], &sum);
	}
	if (vector == VFIOPM_MSIX_ALL)
		sum.interceptions = vfiopm__pba_get_interceptions(msix->shared.pba);
	memset(ret_stats, 0, size);
	memcpy(ret_stats, &sum, size < sizeof(sum) ? size : sizeof(sum));
	return 0;
}

/* ---- creation ---- */

static void free_parts(struct vfiopm_msix *msix)
{
	for (uint32_t i = 0; msix->vectors && i < msix->count; i++)
		vfiopm__msix_vector_free(msix->vectors[i]);
	vfiopm__pba_free(msix->shared.pba);
	vfiopm__sys_close(msix->shared.epoll);
	pthread_mutex_destroy(&msix->lock);
	free(msix->vectors);
	free(msix->fds);
	free(msix);
}

static int create_parts(struct vfiopm_msix *msix)
{
	struct vfiopm__msix_shared *shared = &msix->shared;

	msix->vectors = calloc(msix->count, sizeof(*msix->vectors));
	msix->fds = malloc(msix->count * sizeof(*msix->fds));
	shared->pba = vfiopm__pba_new(shared->ops.intercept_pba, shared->data, &shared->dev->trace);
	if (!msix->vectors || !msix->fds || !shared->pba)
		return -ENOMEM;
	for (uint32_t i = 0; i < msix->count; i++) {
		msix->vectors[i] = vfiopm__msix_vector_new(i, shared);
		if (!msix->vectors[i])
			return -ENOMEM;
	}
	shared->epoll = vfiopm__sys_epoll_new();
	return shared->epoll < 0 ? shared->epoll : 0;
}

VFIOPM__PUBLIC int vfiopm_msix_new(struct vfiopm_device *dev, const struct vfiopm_msix_ops *ops,
				   size_t ops_size, void *data, struct vfiopm_msix **ret_msix)
{
	struct vfiopm_msix_ops known;
	struct vfiopm_msix *msix;
	uint32_t count;
	int r;

	if (!ops || !ret_msix || vfiopm_irq_get_count(dev, VFIOPM_IRQ_MSIX, &count) < 0 ||
	    count == 0 || !dev->irq->is_pci)
		return -EINVAL;
	r = vfiopm__ops_copy(&known, sizeof(known), ops, ops_size);
	if (r < 0)
		return r;
	if (!known.attach != !known.detach || (!known.attach && !known.deliver))
		return -EINVAL;
	msix = calloc(1, sizeof(*msix));
	if (!msix)
		return -ENOMEM;
	msix->shared.dev = dev;
	msix->shared.ops = known;
	msix->shared.data = data;
	msix->shared.epoll = -1;
	msix->count = count;
	pthread_mutex_init(&msix->lock, NULL);
	r = create_parts(msix);
	if (r < 0) {
		free_parts(msix);
		return r;
	}
	*ret_msix = msix;
	return 0;
}

VFIOPM__PUBLIC struct vfiopm_msix *vfiopm_msix_free(struct vfiopm_msix *msix)
{
	if (!msix)
		return NULL;
	/* Triggers that the kernel refuses to remove end at the last close of the device. */
	remove_triggers(msix, 0, msix->count);
	end_vectors(msix, 0, msix->count);
	free_parts(msix);
	return NULL;
}

// SPDX-License-Identifier: MIT
/*
 * MSI-X for a guest: the public calls over the slots of a device's vectors, what the VMM has
 * given, which vectors are in use, and the trap of the PBA.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "private.h"

struct vfiopm_msix {
	struct vfiopm__hooks hooks;
	int epoll;
	uint32_t count;
	struct vfiopm__slot **slots;

	pthread_mutex_t trapping; /* for what is here; taken after the lock of a slot */
	struct vfiopm__trap trap;
	void (*tell)(void *data, int on);
	void *tell_data;
	uint64_t told;

	pthread_mutex_t using; /* one use, release, setting or function mask at a time */
	int *fds;	       /* room for one of these */
};

static bool has_vectors(const struct vfiopm_msix *msix, uint32_t start, uint32_t count)
{
	return msix && count > 0 && count <= msix->count && start <= msix->count - count;
}

/* ---- the trap of the PBA ---- */

static void update_trap(struct vfiopm_msix *msix)
{
	if (!msix->tell || !vfiopm__trap_switches(&msix->trap))
		return;
	msix->told++;
	vfiopm__device_trace(msix->hooks.dev, VFIOPM_TRACE_CHOSE, "VFIOPM_MSIX_TRAP",
			     msix->trap.on);
	msix->tell(msix->tell_data, msix->trap.on);
}

void vfiopm__msix_count(struct vfiopm_msix *msix, int used, int masked)
{
	pthread_mutex_lock(&msix->trapping);
	msix->trap.used += (uint32_t)used;
	msix->trap.masked += (uint32_t)masked;
	update_trap(msix);
	pthread_mutex_unlock(&msix->trapping);
}

/* ---- masks ---- */

static int set_mask(struct vfiopm_msix *msix, uint32_t vector, bool masked)
{
	return has_vectors(msix, vector, 1) ? vfiopm__slot_set_mask(msix->slots[vector], masked)
					    : -EINVAL;
}

VFIOPM__PUBLIC int vfiopm_msix_mask(struct vfiopm_msix *msix, uint32_t vector)
{
	return set_mask(msix, vector, true);
}

VFIOPM__PUBLIC int vfiopm_msix_unmask(struct vfiopm_msix *msix, uint32_t vector)
{
	return set_mask(msix, vector, false);
}

static int update_masks(struct vfiopm_msix *msix)
{
	int first = 0;

	for (uint32_t i = 0; i < msix->count; i++) {
		int r = vfiopm__slot_update_mask(msix->slots[i]);

		if (first == 0)
			first = r;
	}
	return first;
}

VFIOPM__PUBLIC int vfiopm_msix_set_function_mask(struct vfiopm_msix *msix, int masked)
{
	bool was;
	int r;

	if (!msix || (masked != 0 && masked != 1))
		return -EINVAL;
	pthread_mutex_lock(&msix->using);
	was = msix->hooks.function_masked;
	msix->hooks.function_masked = masked;
	r = update_masks(msix);
	if (r < 0) {
		msix->hooks.function_masked = was;
		update_masks(msix);
	}
	pthread_mutex_unlock(&msix->using);
	return r;
}

/* ---- use and release ---- */

/* A SET_IRQS that fails may have cost others their triggers too, where the index cannot be
 * resized. */
static void mend_slots(struct vfiopm_msix *msix)
{
	for (uint32_t i = 0; i < msix->count; i++)
		vfiopm__slot_mend(msix->slots[i]);
}

static int use_prepared(struct vfiopm_msix *msix, uint32_t start, uint32_t count)
{
	int r;

	for (uint32_t i = 0; i < count; i++)
		msix->fds[i] = vfiopm__slot_first_trigger(msix->slots[start + i]);
	vfiopm__msix_count(msix, (int)count, (int)count);
	r = vfiopm__irq_set_at_once(msix->hooks.dev, VFIOPM_IRQ_MSIX, start, count, msix->fds);
	if (r < 0) {
		vfiopm__msix_count(msix, -(int)count, -(int)count);
		mend_slots(msix);
		return r;
	}
	for (uint32_t i = 0; i < count; i++)
		vfiopm__slot_begin(msix->slots[start + i], msix->fds[i]);
	return 0;
}

static int use_locked(struct vfiopm_msix *msix, uint32_t start, uint32_t count)
{
	int r = 0;

	if (!msix->hooks.attach && !msix->hooks.deliver)
		return -EINVAL;
	for (uint32_t i = start; i < start + count; i++) {
		if (vfiopm__slot_has_eventfds(msix->slots[i]))
			return -EALREADY;
	}
	for (uint32_t i = start; r == 0 && i < start + count; i++)
		r = vfiopm__slot_prepare(msix->slots[i], msix->epoll);
	if (r == 0)
		r = use_prepared(msix, start, count);
	for (uint32_t i = start; r < 0 && i < start + count; i++)
		vfiopm__slot_unprepare(msix->slots[i], msix->epoll);
	return r;
}

VFIOPM__PUBLIC int vfiopm_msix_use(struct vfiopm_msix *msix, uint32_t start, uint32_t count)
{
	int r;

	if (!has_vectors(msix, start, count))
		return -EINVAL;
	pthread_mutex_lock(&msix->using);
	r = use_locked(msix, start, count);
	pthread_mutex_unlock(&msix->using);
	return r;
}

static void suspend_slots(struct vfiopm_msix *msix, uint32_t start, uint32_t count, bool suspended)
{
	for (uint32_t i = start; i < start + count; i++)
		vfiopm__slot_suspend(msix->slots[i], suspended);
}

static int end_slots(struct vfiopm_msix *msix, uint32_t start, uint32_t count)
{
	int first = 0;

	for (uint32_t i = start; i < start + count; i++) {
		int r = vfiopm__slot_end(msix->slots[i], msix->epoll);

		if (first == 0)
			first = r;
	}
	return first;
}

/* VFIO signals none of them any more. */
static int silence(struct vfiopm_msix *msix, uint32_t start, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		msix->fds[i] = -1;
	return vfiopm__irq_set_at_once(msix->hooks.dev, VFIOPM_IRQ_MSIX, start, count, msix->fds);
}

/* The reverse of how they came: the trigger, then the irqfd; the route is the VMM's. */
static int release_locked(struct vfiopm_msix *msix, uint32_t start, uint32_t count, bool disable)
{
	int r;

	suspend_slots(msix, start, count, true);
	r = disable ? vfiopm__irq_disable_at_once(msix->hooks.dev, VFIOPM_IRQ_MSIX)
		    : silence(msix, start, count);
	if (r < 0) {
		suspend_slots(msix, start, count, false);
		mend_slots(msix);
		return r;
	}
	return end_slots(msix, start, count);
}

static int release(struct vfiopm_msix *msix, uint32_t start, uint32_t count, bool disable)
{
	int r;

	pthread_mutex_lock(&msix->using);
	r = release_locked(msix, start, count, disable);
	pthread_mutex_unlock(&msix->using);
	return r;
}

VFIOPM__PUBLIC int vfiopm_msix_release(struct vfiopm_msix *msix, uint32_t start, uint32_t count)
{
	return has_vectors(msix, start, count) ? release(msix, start, count, false) : -EINVAL;
}

VFIOPM__PUBLIC int vfiopm_msix_disable(struct vfiopm_msix *msix)
{
	return msix ? release(msix, 0, msix->count, true) : -EINVAL;
}

/* ---- the PBA ---- */

VFIOPM__PUBLIC int vfiopm_msix_is_pending(struct vfiopm_msix *msix, uint32_t vector)
{
	return has_vectors(msix, vector, 1) ? vfiopm__slot_is_pending(msix->slots[vector])
					    : -EINVAL;
}

static uint8_t pba_byte(struct vfiopm_msix *msix, uint64_t offset)
{
	uint8_t byte = 0;

	for (unsigned bit = 0; bit < 8; bit++) {
		uint64_t vector = offset * 8 + bit;

		if (vector < msix->count && vfiopm__slot_is_pending(msix->slots[vector]))
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
	size = (uint64_t)(msix->count + 63) / 64 * 8;
	if (offset > size || length > size - offset)
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		bytes[i] = pba_byte(msix, offset + i);

	pthread_mutex_lock(&msix->trapping);
	vfiopm__trap_saw_read(&msix->trap);
	update_trap(msix);
	pthread_mutex_unlock(&msix->trapping);
	return 0;
}

/* ---- the event loop ---- */

VFIOPM__PUBLIC int vfiopm_msix_get_fd(const struct vfiopm_msix *msix)
{
	return msix ? msix->epoll : -EINVAL;
}

VFIOPM__PUBLIC int vfiopm_msix_dispatch(struct vfiopm_msix *msix)
{
	uint32_t vectors[VFIOPM__EPOLL_MOST];
	int ready, taken = 0, first = 0;

	if (!msix)
		return -EINVAL;
	ready = vfiopm__sys_epoll_look(msix->epoll, vectors);
	for (int i = 0; i < ready; i++) {
		int r = vfiopm__slot_dispatch(msix->slots[vectors[i]]);

		if (r > 0)
			taken++;
		else if (first == 0)
			first = r;
	}
	return first < 0 ? first : taken;
}

/* ---- settings ---- */

static bool any_used(const struct vfiopm_msix *msix)
{
	for (uint32_t i = 0; i < msix->count; i++) {
		if (vfiopm__slot_has_eventfds(msix->slots[i]))
			return true;
	}
	return false;
}

/* Settings are for those who use no vector: 0 with the lock, or -EBUSY without. */
static int begin_setting(struct vfiopm_msix *msix)
{
	pthread_mutex_lock(&msix->using);
	if (!any_used(msix))
		return 0;
	pthread_mutex_unlock(&msix->using);
	return -EBUSY;
}

static void end_setting(struct vfiopm_msix *msix)
{
	pthread_mutex_unlock(&msix->using);
}

VFIOPM__PUBLIC int vfiopm_msix_set_irqfd(struct vfiopm_msix *msix,
					 int (*attach)(void *data, uint32_t vector, int irqfd),
					 int (*detach)(void *data, uint32_t vector, int irqfd),
					 void *data)
{
	int r;

	if (!msix || !attach || !detach)
		return -EINVAL;
	r = begin_setting(msix);
	if (r < 0)
		return r;
	msix->hooks.attach = attach;
	msix->hooks.detach = detach;
	msix->hooks.irqfd_data = data;
	end_setting(msix);
	return 0;
}

VFIOPM__PUBLIC int vfiopm_msix_set_deliver(struct vfiopm_msix *msix,
					   int (*deliver)(void *data, uint32_t vector), void *data)
{
	int r;

	if (!msix || !deliver)
		return -EINVAL;
	r = begin_setting(msix);
	if (r < 0)
		return r;
	msix->hooks.deliver = deliver;
	msix->hooks.deliver_data = data;
	end_setting(msix);
	return 0;
}

VFIOPM__PUBLIC int vfiopm_msix_set_trap(struct vfiopm_msix *msix, void (*trap)(void *data, int on),
					void *data)
{
	int r;

	if (!msix || !trap)
		return -EINVAL;
	r = begin_setting(msix);
	if (r < 0)
		return r;
	pthread_mutex_lock(&msix->trapping);
	msix->tell = trap;
	msix->tell_data = data;
	pthread_mutex_unlock(&msix->trapping);
	end_setting(msix);
	return 0;
}

/* Asked here, where nothing has to be undone. Where /proc may not be asked (see
 * vfiopm_irq(3)) the kernel finds out what it is. */
static int check_eventfd(int fd)
{
	if (fd < 0)
		return fd == -1 ? 0 : -EINVAL;
	if (!vfiopm__sys_is_open(fd))
		return -EBADF;
	return vfiopm__sys_is_eventfd(fd) == 0 ? -EINVAL : 0;
}

VFIOPM__PUBLIC int vfiopm_msix_set_eventfds(struct vfiopm_msix *msix, uint32_t vector, int irqfd,
					    int user_fd)
{
	int r;

	if (!has_vectors(msix, vector, 1) || (irqfd >= 0 && irqfd == user_fd))
		return -EINVAL;
	r = check_eventfd(irqfd);
	if (r == 0)
		r = check_eventfd(user_fd);
	if (r == 0)
		r = begin_setting(msix);
	if (r < 0)
		return r;
	vfiopm__slot_give(msix->slots[vector], irqfd, user_fd);
	end_setting(msix);
	return 0;
}

VFIOPM__PUBLIC int vfiopm_msix_set_policy(struct vfiopm_msix *msix, uint32_t policy)
{
	if (!msix || policy > VFIOPM_MSIX_POLICY_NO_BYPASS)
		return -EINVAL;
	pthread_mutex_lock(&msix->using);
	msix->hooks.policy = policy;
	pthread_mutex_unlock(&msix->using);
	return 0;
}

VFIOPM__PUBLIC int vfiopm_msix_set_trap_policy(struct vfiopm_msix *msix, uint32_t policy)
{
	if (!msix || policy > VFIOPM_MSIX_TRAP_NEVER)
		return -EINVAL;
	pthread_mutex_lock(&msix->trapping);
	msix->trap.policy = policy;
	update_trap(msix);
	pthread_mutex_unlock(&msix->trapping);
	return 0;
}

/* ---- what is observed ---- */

VFIOPM__PUBLIC int vfiopm_msix_get_way(struct vfiopm_msix *msix, uint32_t vector, uint32_t *ret_way)
{
	if (!has_vectors(msix, vector, 1) || !ret_way)
		return -EINVAL;
	return vfiopm__slot_get_way(msix->slots[vector], ret_way);
}

static int get_told(struct vfiopm_msix *msix, uint64_t *ret_value)
{
	pthread_mutex_lock(&msix->trapping);
	*ret_value = msix->told;
	pthread_mutex_unlock(&msix->trapping);
	return 0;
}

VFIOPM__PUBLIC int vfiopm_msix_get_stat(struct vfiopm_msix *msix, uint32_t vector, uint32_t stat,
					uint64_t *ret_value)
{
	bool all = vector == VFIOPM_MSIX_ALL;
	uint64_t sum = 0;

	if (!msix || !ret_value || (!all && vector >= msix->count))
		return -EINVAL;
	if (stat == VFIOPM_MSIX_STAT_TRAPS && all)
		return get_told(msix, ret_value);
	if (stat >= VFIOPM_MSIX_STAT_TRAPS)
		return -EINVAL;
	for (uint32_t i = 0; i < msix->count; i++) {
		if (all || i == vector)
			sum += vfiopm__slot_get_stat(msix->slots[i], stat);
	}
	*ret_value = sum;
	return 0;
}

/* ---- its life ---- */

static void free_empty(struct vfiopm_msix *msix)
{
	for (uint32_t i = 0; msix->slots && i < msix->count; i++)
		vfiopm__slot_free(msix->slots[i]);
	pthread_mutex_destroy(&msix->trapping);
	pthread_mutex_destroy(&msix->using);
	vfiopm__sys_close(msix->epoll);
	free(msix->slots);
	free(msix->fds);
	free(msix);
}

static int fill(struct vfiopm_msix *msix)
{
	msix->slots = calloc(msix->count, sizeof(*msix->slots));
	msix->fds = malloc(msix->count * sizeof(*msix->fds));
	if (!msix->slots || !msix->fds)
		return -ENOMEM;
	for (uint32_t i = 0; i < msix->count; i++) {
		msix->slots[i] = vfiopm__slot_new(i, &msix->hooks);
		if (!msix->slots[i])
			return -ENOMEM;
	}
	msix->epoll = vfiopm__sys_epoll_new();
	return msix->epoll < 0 ? msix->epoll : 0;
}

VFIOPM__PUBLIC int vfiopm_msix_new(struct vfiopm_device *dev, struct vfiopm_msix **ret_msix)
{
	struct vfiopm_msix *msix;
	uint32_t count;
	int r;

	if (!ret_msix || vfiopm_irq_get_count(dev, VFIOPM_IRQ_MSIX, &count) < 0 || count == 0)
		return -EINVAL;
	msix = calloc(1, sizeof(*msix));
	if (!msix)
		return -ENOMEM;
	msix->hooks.msix = msix;
	msix->hooks.dev = dev;
	msix->count = count;
	msix->epoll = -1;
	pthread_mutex_init(&msix->using, NULL);
	pthread_mutex_init(&msix->trapping, NULL);
	r = fill(msix);
	if (r < 0) {
		free_empty(msix);
		return r;
	}
	*ret_msix = msix;
	return 0;
}

VFIOPM__PUBLIC struct vfiopm_msix *vfiopm_msix_free(struct vfiopm_msix *msix)
{
	if (!msix)
		return NULL;
	/* What VFIO refuses to let go, the last close of the device lets go. */
	silence(msix, 0, msix->count);
	end_slots(msix, 0, msix->count);
	free_empty(msix);
	return NULL;
}

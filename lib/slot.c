// SPDX-License-Identifier: MIT
/*
 * One MSI-X vector of a guest: its eventfds, and the doing of what vector.c decides. Its steps
 * are done under its lock, so that what arrives and what the guest masks meet in one order.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "private.h"

#define STATS VFIOPM_MSIX_STAT_TRAPS

struct vfiopm__slot {
	uint32_t index; /* which vector it is */
	const struct vfiopm__hooks *hooks;
	int given_irqfd, given_user_fd; /* the caller's, or -1 */
	int irqfd, user_fd;		/* -1 while it is not in use */

	pthread_mutex_t lock; /* for what is below */
	bool used;	      /* by any call: not while use and release work on it */
	bool guest_masks;     /* the mask bit in the guest's table */
	struct vfiopm__vector vector;
	uint64_t stats[STATS];
};

/* ---- steps ---- */

static int set_trigger(struct vfiopm__slot *slot, int fd)
{
	slot->stats[VFIOPM_MSIX_STAT_TRIGGERS]++;
	return vfiopm__irq_set_at_once(slot->hooks->dev, VFIOPM_IRQ_MSIX, slot->index, 1, &fd);
}

static uint64_t take(int fd)
{
	uint64_t count;

	return vfiopm__sys_eventfd_take(fd, &count) == 0 ? count : 0;
}

/* An attached irqfd delivers what is signalled. */
static int deliver(struct vfiopm__slot *slot)
{
	int r = slot->vector.attached
			? vfiopm__sys_eventfd_signal(slot->irqfd)
			: slot->hooks->deliver(slot->hooks->deliver_data, slot->index);

	slot->stats[VFIOPM_MSIX_STAT_DELIVERED] += r == 0;
	return r;
}

static int do_step(struct vfiopm__slot *slot, enum vfiopm__step step, uint64_t *ret_count)
{
	const struct vfiopm__hooks *hooks = slot->hooks;

	switch (step) {
	case VFIOPM__STEP_ATTACH:
		slot->stats[VFIOPM_MSIX_STAT_ATTACHES]++;
		return hooks->attach(hooks->irqfd_data, slot->index, slot->irqfd);
	case VFIOPM__STEP_DETACH:
		slot->stats[VFIOPM_MSIX_STAT_DETACHES]++;
		return hooks->detach(hooks->irqfd_data, slot->index, slot->irqfd);
	case VFIOPM__STEP_TRIGGER_IRQFD:
		return set_trigger(slot, slot->irqfd);
	case VFIOPM__STEP_TRIGGER_USER:
		return set_trigger(slot, slot->user_fd);
	case VFIOPM__STEP_TAKE_IRQFD:
		*ret_count = take(slot->irqfd);
		return 0;
	case VFIOPM__STEP_TAKE_USER:
		*ret_count = take(slot->user_fd);
		return 0;
	case VFIOPM__STEP_PUT_IRQFD:
		return vfiopm__sys_eventfd_signal(slot->irqfd);
	case VFIOPM__STEP_DELIVER:
		return deliver(slot);
	case VFIOPM__STEP_NONE:
		break;
	}
	return 0;
}

/* A SET_IRQS that fails may have cost the vector its trigger. */
static void check_trigger(struct vfiopm__slot *slot)
{
	struct vfiopm__vector *vector = &slot->vector;
	int fd = vector->trigger == VFIOPM__TRIGGER_IRQFD ? slot->irqfd : slot->user_fd;

	if (vector->trigger != VFIOPM__TRIGGER_NONE &&
	    !vfiopm__irq_has(slot->hooks->dev, VFIOPM_IRQ_MSIX, slot->index, fd))
		vfiopm__vector_lose_trigger(vector);
}

/* Without an irqfd a vector can still be relayed, if the VMM delivers. */
static bool can_do_without_irqfd(const struct vfiopm__slot *slot, enum vfiopm__step failed)
{
	return failed == VFIOPM__STEP_ATTACH && slot->hooks->deliver;
}

/* All steps to where the vector is wanted, or to the first that fails. */
static int settle(struct vfiopm__slot *slot)
{
	struct vfiopm__vector *vector = &slot->vector;
	enum vfiopm__step step;

	while ((step = vfiopm__vector_next(vector)) != VFIOPM__STEP_NONE) {
		uint64_t count = 0;
		int r = do_step(slot, step, &count);

		if (r == 0) {
			vfiopm__vector_done(vector, step, count);
		} else if (can_do_without_irqfd(slot, step)) {
			vector->no_irqfd = true;
			vector->way = VFIOPM_MSIX_WAY_RELAY;
		} else {
			if (step == VFIOPM__STEP_TRIGGER_IRQFD || step == VFIOPM__STEP_TRIGGER_USER)
				check_trigger(slot);
			return r < 0 ? r : -EPROTO;
		}
	}
	return 0;
}

static void trace_way(const struct vfiopm__slot *slot)
{
	static const char *const names[] = {
		[VFIOPM_MSIX_WAY_HOLD] = "VFIOPM_MSIX_WAY_HOLD",
		[VFIOPM_MSIX_WAY_RELAY] = "VFIOPM_MSIX_WAY_RELAY",
		[VFIOPM_MSIX_WAY_SWAP] = "VFIOPM_MSIX_WAY_SWAP",
	};

	vfiopm__device_trace(slot->hooks->dev, VFIOPM_TRACE_CHOSE, names[slot->vector.way],
			     (int)slot->index);
}

/* VFIO goes on to signal the irqfd of one that is masked: at least nothing is delivered. */
static void keep_masked(struct vfiopm__slot *slot)
{
	struct vfiopm__vector *vector = &slot->vector;
	uint64_t count;

	if (vector->masked && vector->attached && vector->trigger == VFIOPM__TRIGGER_IRQFD &&
	    do_step(slot, VFIOPM__STEP_DETACH, &count) == 0)
		vfiopm__vector_done(vector, VFIOPM__STEP_DETACH, 0);
}

/* What is wanted fails: back to what was. What cannot be undone either is done by the next
 * call on the vector. */
static void go_back(struct vfiopm__slot *slot, const struct vfiopm__vector *was)
{
	vfiopm__vector_want(&slot->vector, was->masked, was->way);
	slot->vector.no_irqfd = was->no_irqfd;
	if (settle(slot) < 0)
		keep_masked(slot);
}

/* To be masked or not, in this way. That the way cannot be changed is no error. */
static int reach(struct vfiopm__slot *slot, bool masked, uint32_t way)
{
	const struct vfiopm__vector was = slot->vector;
	int r;

	vfiopm__vector_want(&slot->vector, masked, way);
	r = settle(slot);
	if (r < 0 && way != was.way) {
		vfiopm__vector_want(&slot->vector, masked, was.way);
		r = settle(slot);
	}
	/* What cannot be delivered waits for the next call: it is not tried twice in this. */
	if (r < 0 && (slot->vector.masked != was.masked || slot->vector.way != was.way))
		go_back(slot, &was);
	if (r < 0)
		return r;
	if (slot->vector.way != was.way) {
		slot->stats[VFIOPM_MSIX_STAT_CHANGES]++;
		trace_way(slot);
	}
	return 0;
}

/* ---- the way ---- */

static uint32_t wanted_way(const struct vfiopm__slot *slot, struct vfiopm__vector *vector,
			   uint32_t (*saw)(struct vfiopm__vector *vector))
{
	if (vector->no_irqfd)
		return VFIOPM_MSIX_WAY_RELAY;
	switch (slot->hooks->policy) {
	case VFIOPM_MSIX_POLICY_BYPASS:
		return VFIOPM_MSIX_WAY_HOLD;
	case VFIOPM_MSIX_POLICY_BYPASS_SWAP:
		return VFIOPM_MSIX_WAY_SWAP;
	case VFIOPM_MSIX_POLICY_NO_BYPASS:
		return VFIOPM_MSIX_WAY_RELAY;
	default:
		return saw(vector);
	}
}

/* To change the way takes a SET_IRQS, which would wake a sleeping device. */
static bool may_change_way(const struct vfiopm__slot *slot)
{
	int state = vfiopm_get_state(slot->hooks->dev);

	return state != VFIOPM_STATE_LOW_POWER && state != VFIOPM_STATE_LOW_POWER_WAKEUP;
}

/* Of a vector that is being masked, or has an interrupt to relay. In low power nothing is
 * learnt, as what is learnt could not be done. */
static uint32_t choose_way(struct vfiopm__slot *slot, bool masked,
			   uint32_t (*saw)(struct vfiopm__vector *vector))
{
	struct vfiopm__vector *vector = &slot->vector;
	uint32_t way;

	if (may_change_way(slot))
		return wanted_way(slot, vector, saw);
	if (slot->hooks->policy == VFIOPM_MSIX_POLICY_AUTO)
		return vector->way;
	way = wanted_way(slot, vector, saw);
	return vfiopm__vector_needs_trigger(vector, masked, way) ? vector->way : way;
}

/* ---- masks ---- */

static int mask_locked(struct vfiopm__slot *slot)
{
	int r;

	vfiopm__msix_count(slot->hooks->msix, 0, 1);
	r = reach(slot, true, choose_way(slot, true, vfiopm__vector_saw_mask));
	if (r < 0)
		vfiopm__msix_count(slot->hooks->msix, 0, -1);
	else
		slot->stats[VFIOPM_MSIX_STAT_MASKS]++;
	return r;
}

static int unmask_locked(struct vfiopm__slot *slot)
{
	int r = reach(slot, false, slot->vector.way);

	if (r < 0)
		return r;
	slot->stats[VFIOPM_MSIX_STAT_UNMASKS]++;
	vfiopm__msix_count(slot->hooks->msix, 0, -1);
	return 0;
}

/* As the guest's two bits say; and what an earlier call has left undone. */
static int update_mask(struct vfiopm__slot *slot)
{
	bool masked = slot->guest_masks || slot->hooks->function_masked;

	if (masked == slot->vector.masked)
		return settle(slot);
	return masked ? mask_locked(slot) : unmask_locked(slot);
}

static int set_mask_locked(struct vfiopm__slot *slot, bool masked)
{
	bool was = slot->guest_masks;
	int r;

	if (!slot->used)
		return -EINVAL;
	slot->guest_masks = masked;
	r = update_mask(slot);
	if (r < 0)
		slot->guest_masks = was;
	return r;
}

int vfiopm__slot_set_mask(struct vfiopm__slot *slot, bool masked)
{
	int r;

	pthread_mutex_lock(&slot->lock);
	r = set_mask_locked(slot, masked);
	pthread_mutex_unlock(&slot->lock);
	return r;
}

int vfiopm__slot_update_mask(struct vfiopm__slot *slot)
{
	int r;

	pthread_mutex_lock(&slot->lock);
	r = slot->used ? update_mask(slot) : 0;
	pthread_mutex_unlock(&slot->lock);
	return r;
}

void vfiopm__slot_mend(struct vfiopm__slot *slot)
{
	pthread_mutex_lock(&slot->lock);
	if (slot->used) {
		check_trigger(slot);
		settle(slot);
	}
	pthread_mutex_unlock(&slot->lock);
}

/* ---- what arrives ---- */

static int dispatch_locked(struct vfiopm__slot *slot)
{
	int r;

	/* Another may have been faster. */
	if (!slot->used || take(slot->user_fd) == 0)
		return 0;
	slot->stats[VFIOPM_MSIX_STAT_RELAYED]++;
	slot->vector.pending = true;
	r = reach(slot, slot->vector.masked,
		  choose_way(slot, slot->vector.masked, vfiopm__vector_saw_interrupt));
	return r < 0 ? r : 1;
}

int vfiopm__slot_dispatch(struct vfiopm__slot *slot)
{
	int r;

	pthread_mutex_lock(&slot->lock);
	r = dispatch_locked(slot);
	pthread_mutex_unlock(&slot->lock);
	return r;
}

static bool is_pending_locked(const struct vfiopm__slot *slot)
{
	const struct vfiopm__vector *vector = &slot->vector;
	bool held = vector->trigger == VFIOPM__TRIGGER_IRQFD || vector->drain_irqfd;
	bool relayed = vector->trigger == VFIOPM__TRIGGER_USER || vector->drain_user;

	if (!slot->used || !vector->masked)
		return false;
	return vector->pending || (held && vfiopm__sys_eventfd_readable(slot->irqfd)) ||
	       (relayed && vfiopm__sys_eventfd_readable(slot->user_fd));
}

bool vfiopm__slot_is_pending(struct vfiopm__slot *slot)
{
	bool pending;

	pthread_mutex_lock(&slot->lock);
	pending = is_pending_locked(slot);
	pthread_mutex_unlock(&slot->lock);
	return pending;
}

/* ---- use and release ---- */

bool vfiopm__slot_has_eventfds(const struct vfiopm__slot *slot)
{
	return slot->user_fd >= 0;
}

void vfiopm__slot_give(struct vfiopm__slot *slot, int irqfd, int user_fd)
{
	slot->given_irqfd = irqfd;
	slot->given_user_fd = user_fd;
}

/* An eventfd of the caller's, or a new one. */
static int provide(struct vfiopm__slot *slot, int given, int *ret_fd)
{
	if (given < 0)
		return vfiopm_irq_new_eventfd(slot->hooks->dev, ret_fd);
	*ret_fd = given;
	return 0;
}

static void drop(struct vfiopm__slot *slot, int given, int *fd)
{
	if (given < 0 && *fd >= 0)
		vfiopm_irq_free_eventfd(slot->hooks->dev, *fd);
	*fd = -1;
}

int vfiopm__slot_prepare(struct vfiopm__slot *slot, int epoll)
{
	int user_fd, r;

	if (slot->hooks->attach) {
		r = provide(slot, slot->given_irqfd, &slot->irqfd);
		if (r < 0)
			return r;
	}
	r = provide(slot, slot->given_user_fd, &user_fd);
	if (r < 0)
		return r;
	r = vfiopm__sys_epoll_add(epoll, user_fd, slot->index);
	if (r < 0)
		drop(slot, slot->given_user_fd, &user_fd);
	else
		slot->user_fd = user_fd;
	return r;
}

void vfiopm__slot_unprepare(struct vfiopm__slot *slot, int epoll)
{
	if (slot->user_fd >= 0)
		vfiopm__sys_epoll_remove(epoll, slot->user_fd);
	drop(slot, slot->given_user_fd, &slot->user_fd);
	drop(slot, slot->given_irqfd, &slot->irqfd);
}

/* As one would be that begins now. */
static uint32_t first_way(const struct vfiopm__slot *slot)
{
	struct vfiopm__vector vector;

	vfiopm__vector_begin(&vector);
	vector.no_irqfd = slot->irqfd < 0;
	return wanted_way(slot, &vector, vfiopm__vector_saw_mask);
}

int vfiopm__slot_first_trigger(const struct vfiopm__slot *slot)
{
	return first_way(slot) == VFIOPM_MSIX_WAY_HOLD ? slot->irqfd : slot->user_fd;
}

void vfiopm__slot_begin(struct vfiopm__slot *slot, int trigger)
{
	pthread_mutex_lock(&slot->lock);
	vfiopm__vector_begin(&slot->vector);
	slot->vector.no_irqfd = slot->irqfd < 0;
	slot->vector.way = first_way(slot);
	slot->vector.trigger =
		trigger == slot->irqfd ? VFIOPM__TRIGGER_IRQFD : VFIOPM__TRIGGER_USER;
	slot->guest_masks = true;
	slot->used = true;
	pthread_mutex_unlock(&slot->lock);
}

void vfiopm__slot_suspend(struct vfiopm__slot *slot, bool suspended)
{
	pthread_mutex_lock(&slot->lock);
	slot->used = !suspended && slot->user_fd >= 0;
	pthread_mutex_unlock(&slot->lock);
}

int vfiopm__slot_end(struct vfiopm__slot *slot, int epoll)
{
	uint64_t count;
	int r = 0;

	if (slot->user_fd < 0)
		return 0;
	pthread_mutex_lock(&slot->lock);
	if (slot->vector.attached)
		r = do_step(slot, VFIOPM__STEP_DETACH, &count);
	vfiopm__msix_count(slot->hooks->msix, -1, slot->vector.masked ? -1 : 0);
	/* What is pending is forgotten, in eventfds of the caller's too. */
	take(slot->user_fd);
	if (slot->irqfd >= 0)
		take(slot->irqfd);
	vfiopm__slot_unprepare(slot, epoll);
	pthread_mutex_unlock(&slot->lock);
	return r;
}

/* ---- what is observed ---- */

int vfiopm__slot_get_way(struct vfiopm__slot *slot, uint32_t *ret_way)
{
	bool used;

	pthread_mutex_lock(&slot->lock);
	used = slot->used;
	if (used)
		*ret_way = slot->vector.way;
	pthread_mutex_unlock(&slot->lock);
	return used ? 0 : -EINVAL;
}

uint64_t vfiopm__slot_get_stat(struct vfiopm__slot *slot, uint32_t stat)
{
	uint64_t value;

	pthread_mutex_lock(&slot->lock);
	value = slot->stats[stat];
	pthread_mutex_unlock(&slot->lock);
	return value;
}

/* ---- its life ---- */

struct vfiopm__slot *vfiopm__slot_new(uint32_t index, const struct vfiopm__hooks *hooks)
{
	struct vfiopm__slot *slot = calloc(1, sizeof(*slot));

	if (!slot)
		return NULL;
	slot->index = index;
	slot->hooks = hooks;
	slot->given_irqfd = slot->given_user_fd = slot->irqfd = slot->user_fd = -1;
	pthread_mutex_init(&slot->lock, NULL);
	return slot;
}

void vfiopm__slot_free(struct vfiopm__slot *slot)
{
	if (!slot)
		return;
	pthread_mutex_destroy(&slot->lock);
	free(slot);
}

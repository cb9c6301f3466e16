// SPDX-License-Identifier: MIT
/*
 * The events object: one epoll fd over the wakeup eventfd, the eventfds of ERR and REQ, the MSI-X
 * object, and a timer for re-entries and for the check whether the device was suspended.
 *
 * No lock is held while a callback runs or a call waits for the device. What another thread does
 * meanwhile is noticed by the generation: a re-entry, and a check, belong to one entry.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <vfiopm/events.h>
#include <vfiopm/readout.h>

#include "access.h"
#include "irq.h"
#include "lock.h"
#include "ops.h"
#include "sleep.h"
#include "sys.h"
#include "wakeup.h"

/* A suspend takes 20 to 30 ms after the entry (measured, emulated device). A parent bridge and the
 * platform can need longer. */
#define AWAKE_AFTER_MS 2000

enum source { WAKE, TIMER, ERROR, RELEASE, MSIX, SOURCES };

/* What is to be done for one entry at a time. */
struct deadline {
	uint64_t at_ms; /* 0: nothing */
	uint64_t generation;
};

struct vfiopm_events {
	struct vfiopm_device *dev;
	struct vfiopm_events_ops ops;
	void *data;
	int epoll;
	int fds[MSIX]; /* those of ERROR and RELEASE belong to dev; -1: unused */
	_Atomic(struct vfiopm_msix *) msix;

	pthread_mutex_t lock; /* the members below */
	unsigned dispatches;
	bool is_freed;

	uint32_t policy, min_ms, max_ms;
	uint32_t delay_ms; /* of the next re-entry */
	struct deadline reentry, check;
	uint64_t entered_ms; /* when the last entry was made */
	uint64_t slept_ms;   /* runtime_suspended_time after the entry of check */
	bool is_released;    /* release() has run since vfiopm_events_enter() */
};

/* ---- deadlines; the lock is held ---- */

static void set_timer(const struct vfiopm_events *events)
{
	uint64_t reentry = events->reentry.at_ms, check = events->check.at_ms;
	bool is_first = reentry && (!check || reentry < check);

	vfiopm__sys_timer_set(events->fds[TIMER], is_first ? reentry : check);
}

static void plan_reentry(struct vfiopm_events *events, uint64_t generation)
{
	events->reentry.at_ms = vfiopm__sys_now_ms() + events->delay_ms;
	events->reentry.generation = generation;
	events->delay_ms =
		events->delay_ms > events->max_ms / 2 ? events->max_ms : 2 * events->delay_ms;
	set_timer(events);
}

/* Returns the generation of a deadline that has been reached, and clears the deadline; else 0. */
static uint64_t take_due(struct deadline *deadline, uint64_t now_ms)
{
	if (deadline->at_ms == 0 || deadline->at_ms > now_ms)
		return 0;
	deadline->at_ms = 0;
	return deadline->generation;
}

/* ---- entries ---- */

static void note_entry(struct vfiopm_events *events)
{
	uint64_t slept_ms;
	/* After the entry, because the entry can have ended an earlier sleep. */
	int r = vfiopm_readout_get_suspended_time(events->dev, &slept_ms);

	VFIOPM__HOLD(&events->lock);
	events->entered_ms = vfiopm__sys_now_ms();
	if (r < 0 || !events->ops.awake)
		return;
	events->check.at_ms = events->entered_ms + AWAKE_AFTER_MS;
	/* Another thread can have made a later entry meanwhile. Then this is the check of that one. */
	events->check.generation = vfiopm__access_get_generation(events->dev->access);
	events->slept_ms = slept_ms;
	set_timer(events);
}

VFIOPM__PUBLIC int vfiopm_events_enter(struct vfiopm_events *events)
{
	uint32_t features;
	int r;

	if (!events)
		return -EINVAL;
	/* The kernel would never signal the eventfd. */
	vfiopm_get_features(events->dev, &features);
	if (events->ops.woken && (features & VFIOPM_FEATURE_ENTER_ONCE))
		return -ENOTTY;
	r = events->ops.woken ? vfiopm_enter_wakeup(events->dev, events->fds[WAKE])
			      : vfiopm_enter(events->dev);
	if (r < 0)
		return r;
	{
		VFIOPM__HOLD(&events->lock);
		events->is_released = false;
	}
	note_entry(events);
	return 0;
}

VFIOPM__PUBLIC int vfiopm_events_get_generation(const struct vfiopm_events *events,
						uint64_t *ret_generation)
{
	if (!events || !ret_generation)
		return -EINVAL;
	*ret_generation = vfiopm__access_get_generation(events->dev->access);
	return 0;
}

VFIOPM__PUBLIC int vfiopm_events_set_reentry(struct vfiopm_events *events, uint32_t policy,
					     uint32_t min_ms, uint32_t max_ms)
{
	if (!events || policy > VFIOPM_REENTRY_AFTER_WAKE)
		return -EINVAL;
	if (policy == VFIOPM_REENTRY_AFTER_WAKE &&
	    (!events->ops.woken || min_ms == 0 || max_ms < min_ms))
		return -EINVAL;
	VFIOPM__HOLD(&events->lock);
	events->policy = policy;
	events->min_ms = events->delay_ms = min_ms;
	events->max_ms = max_ms;
	if (policy == VFIOPM_REENTRY_NONE)
		events->reentry.at_ms = 0;
	set_timer(events);
	return 0;
}

/* ---- wakes ---- */

static void end_quiet_time(struct vfiopm_events *events)
{
	VFIOPM__HOLD(&events->lock);

	if (vfiopm__sys_now_ms() - events->entered_ms >= events->max_ms)
		events->delay_ms = events->min_ms;
}

static void react_to_wake(struct vfiopm_events *events, uint64_t generation)
{
	VFIOPM__HOLD(&events->lock);

	if (events->policy == VFIOPM_REENTRY_AFTER_WAKE && !events->is_released)
		plan_reentry(events, generation);
}

/* One wake for each dispatch: if more wait, the library signals the eventfd again. */
static int handle_wake(struct vfiopm_events *events)
{
	struct vfiopm__wake wake;

	if (vfiopm__take_wake(events->dev, &wake) != 1)
		return 0;
	if (wake.is_last)
		end_quiet_time(events);
	events->ops.woken(events->data, wake.generation,
			  wake.is_last ? VFIOPM_WAKE_HOST : VFIOPM_WAKE_EARLIER);
	if (wake.is_last)
		react_to_wake(events, wake.generation);
	return 1;
}

/* The policy is the caller's wish to sleep, so a failed re-entry is tried again. */
static int enter_again(struct vfiopm_events *events, uint64_t generation)
{
	int r = vfiopm__enter_again(events->dev, events->fds[WAKE], generation);

	/* Another entry or an exit has followed the wake. */
	if (r == -ECANCELED)
		return 0;
	if (r < 0) {
		react_to_wake(events, generation);
		return r;
	}
	note_entry(events);
	return 1;
}

/* ---- a device that is not suspended ---- */

static bool was_suspended(const struct vfiopm_events *events, uint64_t slept_ms)
{
	uint32_t status;
	uint64_t ms;

	/* Without an answer nothing is known, and nothing is reported. */
	return vfiopm_readout_get_suspended_time(events->dev, &ms) < 0 || ms > slept_ms ||
	       vfiopm_readout_get_runtime_status(events->dev, &status) < 0 ||
	       status == VFIOPM_RUNTIME_SUSPENDED;
}

static int check_awake(struct vfiopm_events *events, uint64_t generation, uint64_t slept_ms,
		       uint64_t since_ms)
{
	if (generation != vfiopm__access_get_generation(events->dev->access) ||
	    !vfiopm__is_low_power(vfiopm_get_state(events->dev)) || was_suspended(events, slept_ms))
		return 0;
	events->ops.awake(events->data, vfiopm__sys_now_ms() - since_ms);
	return 1;
}

static bool is_freed(struct vfiopm_events *events)
{
	VFIOPM__HOLD(&events->lock);
	return events->is_freed;
}

static int handle_timer(struct vfiopm_events *events)
{
	uint64_t reentry, check, slept_ms, since_ms;
	int r = 0, checked = 0;

	{
		VFIOPM__HOLD(&events->lock);
		uint64_t now_ms = vfiopm__sys_now_ms();

		reentry = take_due(&events->reentry, now_ms);
		check = take_due(&events->check, now_ms);
		slept_ms = events->slept_ms;
		since_ms = events->entered_ms;
		set_timer(events);
	}
	if (check)
		checked = check_awake(events, check, slept_ms, since_ms);
	if (reentry && !is_freed(events))
		r = enter_again(events, reentry);
	return r < 0 ? r : r + checked;
}

/* ---- ERR and REQ ---- */

static int handle_eventfd(struct vfiopm_events *events, enum source source)
{
	uint64_t count;

	/* Another thread can have taken the count. */
	if (vfiopm__sys_eventfd_take(events->fds[source], &count) < 0)
		return 0;
	if (source == ERROR) {
		events->ops.error(events->data);
		return 1;
	}
	{
		VFIOPM__HOLD(&events->lock);
		events->is_released = true;
		events->reentry.at_ms = 0;
	}
	events->ops.release(events->data);
	return 1;
}

/* ---- dispatch ---- */

static int handle(struct vfiopm_events *events, enum source source)
{
	switch (source) {
	case WAKE:
		return handle_wake(events);
	case TIMER:
		return handle_timer(events);
	case MSIX:
		return vfiopm_msix_dispatch(events->msix);
	default:
		return handle_eventfd(events, source);
	}
}

static void destroy(struct vfiopm_events *events)
{
	vfiopm__sys_close(events->epoll);
	vfiopm__sys_close(events->fds[TIMER]);
	vfiopm__sys_close(events->fds[WAKE]);
	pthread_mutex_destroy(&events->lock);
	free(events);
}

static void begin_dispatch(struct vfiopm_events *events)
{
	VFIOPM__HOLD(&events->lock);
	events->dispatches++;
}

/* The last dispatch destroys an object that a callback has freed. */
static void end_dispatch(struct vfiopm_events *events)
{
	bool is_last;

	{
		VFIOPM__HOLD(&events->lock);
		is_last = --events->dispatches == 0 && events->is_freed;
	}
	if (is_last)
		destroy(events);
}

VFIOPM__PUBLIC int vfiopm_events_dispatch(struct vfiopm_events *events)
{
	uint32_t ready[VFIOPM__EPOLL_MOST];
	int count, handled = 0, first = 0;

	if (!events)
		return -EINVAL;
	begin_dispatch(events);
	count = vfiopm__sys_epoll_poll(events->epoll, ready);
	for (int i = 0; i < count && !is_freed(events); i++) {
		int r = handle(events, (enum source)ready[i]);

		if (r > 0)
			handled += r;
		else if (first == 0)
			first = r;
	}
	end_dispatch(events);
	return first < 0 ? first : handled;
}

VFIOPM__PUBLIC int vfiopm_events_get_fd(const struct vfiopm_events *events)
{
	return events ? events->epoll : -EINVAL;
}

VFIOPM__PUBLIC int vfiopm_events_add_msix(struct vfiopm_events *events, struct vfiopm_msix *msix)
{
	int r;

	if (!events || !msix)
		return -EINVAL;
	VFIOPM__HOLD(&events->lock);
	if (events->msix)
		return -EALREADY;
	/* Another thread can dispatch it at once. */
	events->msix = msix;
	r = vfiopm__sys_epoll_add(events->epoll, vfiopm_msix_get_fd(msix), MSIX);
	if (r < 0)
		events->msix = NULL;
	return r;
}

/* ---- creation ---- */

static bool has_index(const struct vfiopm_device *dev, uint32_t index)
{
	const struct vfiopm__irq_index *found = vfiopm__irq_find(dev, index);

	return dev->irq->is_pci && vfiopm__irq_index_count(found) > 0;
}

/* Give an eventfd to ERR or REQ. */
static int set_eventfd(struct vfiopm_events *events, enum source source, uint32_t index)
{
	int r, fd;

	if (!has_index(events->dev, index))
		return 0;
	if (vfiopm_irq_is_enabled(events->dev, index) == 1)
		return -EBUSY;
	r = vfiopm_irq_new_eventfd(events->dev, &fd);
	if (r < 0)
		return r;
	events->fds[source] = fd;
	r = vfiopm__irq_set_now(events->dev, index, 0, 1, &fd);
	return r < 0 ? r : vfiopm__sys_epoll_add(events->epoll, fd, source);
}

/* If the kernel refuses, the eventfd stays open and set until the device is freed. */
static void remove_eventfd(struct vfiopm_events *events, enum source source, uint32_t index)
{
	const int none = -1;

	if (events->fds[source] < 0)
		return;
	vfiopm__sys_epoll_remove(events->epoll, events->fds[source]);
	vfiopm__irq_set_now(events->dev, index, 0, 1, &none);
	vfiopm_irq_free_eventfd(events->dev, events->fds[source]);
}

static int create_parts(struct vfiopm_events *events)
{
	int r;

	r = events->epoll = vfiopm__sys_epoll_new();
	if (r < 0)
		return r;
	r = events->fds[TIMER] = vfiopm__sys_timer_new();
	if (r < 0)
		return r;
	r = vfiopm__sys_epoll_add(events->epoll, events->fds[TIMER], TIMER);
	if (r == 0 && events->ops.woken) {
		r = events->fds[WAKE] = vfiopm__sys_eventfd_new();
		if (r < 0)
			return r;
		/* An entry of the caller with another eventfd can leave a count here for ever. A
		 * level-triggered fd would then stay readable. */
		r = vfiopm__sys_epoll_add_edge(events->epoll, events->fds[WAKE], WAKE);
	}
	if (r == 0 && events->ops.error)
		r = set_eventfd(events, ERROR, VFIOPM_IRQ_ERR);
	if (r == 0 && events->ops.release)
		r = set_eventfd(events, RELEASE, VFIOPM_IRQ_REQ);
	return r;
}

VFIOPM__PUBLIC int vfiopm_events_new(struct vfiopm_device *dev, const struct vfiopm_events_ops *ops,
				     size_t ops_size, void *data, struct vfiopm_events **ret_events)
{
	struct vfiopm_events_ops known;
	struct vfiopm_events *events;
	int r;

	if (!dev || !ops || !ret_events)
		return -EINVAL;
	r = vfiopm__ops_copy(&known, sizeof(known), ops, ops_size);
	if (r < 0)
		return r;
	events = calloc(1, sizeof(*events));
	if (!events)
		return -ENOMEM;
	events->dev = dev;
	events->ops = known;
	events->data = data;
	for (enum source i = 0; i < MSIX; i++)
		events->fds[i] = -1;
	pthread_mutex_init(&events->lock, NULL);
	r = create_parts(events);
	if (r < 0) {
		vfiopm_events_free(events);
		return r;
	}
	*ret_events = events;
	return 0;
}

VFIOPM__PUBLIC struct vfiopm_events *vfiopm_events_free(struct vfiopm_events *events)
{
	bool is_dispatched;

	if (!events)
		return NULL;
	remove_eventfd(events, ERROR, VFIOPM_IRQ_ERR);
	remove_eventfd(events, RELEASE, VFIOPM_IRQ_REQ);
	{
		VFIOPM__HOLD(&events->lock);
		events->is_freed = true;
		is_dispatched = events->dispatches > 0;
	}
	if (!is_dispatched)
		destroy(events);
	return NULL;
}

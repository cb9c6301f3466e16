// SPDX-License-Identifier: MIT
/*
 * One MSI-X vector of a guest. Its lock is held while its steps are made, so that arriving
 * interrupts and the guest's masks are handled in one order.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "irq.h"
#include "lock.h"
#include "msix-policy.h"
#include "msix-state.h"
#include "msix-vector.h"
#include "pba.h"
#include "sys.h"
#include "wakeup.h"

struct vfiopm__msix_vector {
	uint32_t number;
	struct vfiopm__msix_shared *shared;
	int given_irqfd, given_user_fd; /* the caller's, or -1 */
	int irqfd, user_fd;		/* -1 while the vector is not in use */

	pthread_mutex_t lock; /* protects the members below */
	bool in_use;	      /* false while msix.c works on the vector */
	bool guest_mask;      /* the mask bit in the guest's table */
	struct vfiopm__msix_state state;
	struct vfiopm__msix_policy policy;
	struct vfiopm_msix_stats stats;
};

/* ---- steps ---- */

static int set_trigger(struct vfiopm__msix_vector *vector, int fd)
{
	vector->stats.triggers++;
	return vfiopm__irq_set_now(vector->shared->dev, VFIOPM_IRQ_MSIX, vector->number, 1, &fd);
}

static uint64_t take(int fd)
{
	uint64_t count;

	return vfiopm__sys_eventfd_take(fd, &count) == 0 ? count : 0;
}

/* Signalling an attached irqfd delivers an interrupt. */
static int deliver(struct vfiopm__msix_vector *vector)
{
	const struct vfiopm__msix_shared *shared = vector->shared;
	int r = vector->state.attached ? vfiopm__sys_eventfd_signal(vector->irqfd)
				       : shared->ops.deliver(shared->data, vector->number);

	vector->stats.delivered += r == 0;
	return r;
}

static int make_step(struct vfiopm__msix_vector *vector, enum vfiopm__msix_step step,
		     uint64_t *ret_count)
{
	const struct vfiopm__msix_shared *shared = vector->shared;

	switch (step) {
	case VFIOPM__STEP_ATTACH:
		vector->stats.attaches++;
		return shared->ops.attach(shared->data, vector->number, vector->irqfd);
	case VFIOPM__STEP_DETACH:
		vector->stats.detaches++;
		return shared->ops.detach(shared->data, vector->number, vector->irqfd);
	case VFIOPM__STEP_TRIGGER_IRQFD:
		return set_trigger(vector, vector->irqfd);
	case VFIOPM__STEP_TRIGGER_USER:
		return set_trigger(vector, vector->user_fd);
	case VFIOPM__STEP_TAKE_IRQFD:
		*ret_count = take(vector->irqfd);
		return 0;
	case VFIOPM__STEP_TAKE_USER:
		*ret_count = take(vector->user_fd);
		return 0;
	case VFIOPM__STEP_PUT_IRQFD:
		return vfiopm__sys_eventfd_signal(vector->irqfd);
	default: /* VFIOPM__STEP_DELIVER */
		return deliver(vector);
	}
}

/* Only the IRQ index knows whether VFIO still signals a vector: a failed SET_IRQS for any vector
 * can stop the signal. */
static void note_lost_trigger(struct vfiopm__msix_vector *vector)
{
	if (vector->state.trigger != VFIOPM__TRIGGER_NONE &&
	    !vfiopm__irq_index_is_live(vfiopm__irq_find(vector->shared->dev, VFIOPM_IRQ_MSIX),
				       vector->number))
		vfiopm__msix_state_lose_trigger(&vector->state);
}

/* Without an irqfd a vector can still be relayed, if the VMM has a deliver callback. */
static bool can_relay_without_irqfd(const struct vfiopm__msix_vector *vector,
				    enum vfiopm__msix_step failed)
{
	return failed == VFIOPM__STEP_ATTACH && vector->shared->ops.deliver;
}

/* Make all steps to what is wanted, or up to the first that fails. */
static int make_steps(struct vfiopm__msix_vector *vector)
{
	struct vfiopm__msix_state *state = &vector->state;
	enum vfiopm__msix_step step;

	note_lost_trigger(vector);
	while ((step = vfiopm__msix_state_next(state)) != VFIOPM__STEP_NONE) {
		uint64_t count = 0;
		int r = make_step(vector, step, &count);

		if (r == 0) {
			vfiopm__msix_state_done(state, step, count);
		} else if (can_relay_without_irqfd(vector, step)) {
			state->no_irqfd = true;
			state->mode = VFIOPM_MSIX_MODE_RELAY;
		} else {
			return r < 0 ? r : -EPROTO;
		}
	}
	return 0;
}

static void note_mode_change(struct vfiopm__msix_vector *vector)
{
	static const char *const names[] = {
		[VFIOPM_MSIX_MODE_HOLD] = "VFIOPM_MSIX_MODE_HOLD",
		[VFIOPM_MSIX_MODE_RELAY] = "VFIOPM_MSIX_MODE_RELAY",
	};

	vector->stats.mode_changes++;
	vfiopm__trace_event(&vector->shared->dev->trace, VFIOPM_TRACE_CHOSE,
			    names[vector->state.mode], (int)vector->number);
}

/* Return to the earlier state. If that fails too, the next call on the object retries. */
static void roll_back(struct vfiopm__msix_vector *vector, const struct vfiopm__msix_state *was)
{
	vfiopm__msix_state_want(&vector->state, was->masked, was->mode);
	vector->state.no_irqfd = was->no_irqfd;
	if (make_steps(vector) < 0)
		vector->shared->has_undone_work = true;
}

/* Set the mask in the given mode. If that fails, set it in the current mode. */
static int reach(struct vfiopm__msix_vector *vector, bool masked, uint32_t mode)
{
	const struct vfiopm__msix_state was = vector->state;
	struct vfiopm__msix_state *state = &vector->state;
	int r;

	vfiopm__msix_state_want(state, masked, mode);
	r = make_steps(vector);
	if (r < 0 && mode != was.mode) {
		vfiopm__msix_state_want(state, masked, was.mode);
		r = make_steps(vector);
	}
	/* An interrupt that cannot be delivered waits for the next call, not for a roll-back. */
	if (r < 0 && masked != was.masked)
		roll_back(vector, &was);
	if (r == 0 && state->mode != was.mode)
		note_mode_change(vector);
	return r;
}

/* ---- the choice of the mode ---- */

/* The mode without regard to what was observed. */
static uint32_t default_mode(const struct vfiopm__msix_vector *vector)
{
	return vector->irqfd < 0 || vector->state.no_irqfd ||
			       vector->shared->policy == VFIOPM_MSIX_POLICY_RELAY
		       ? VFIOPM_MSIX_MODE_RELAY
		       : VFIOPM_MSIX_MODE_HOLD;
}

/* Choose the mode of a vector that is being masked or has an interrupt to relay. A change takes
 * a SET_IRQS, which would wake a device in low power. The policy counts nothing there either,
 * because the mode cannot change. */
static uint32_t choose_mode(struct vfiopm__msix_vector *vector,
			    void (*note)(struct vfiopm__msix_policy *policy))
{
	uint32_t mode = vector->state.mode, preferred;
	bool is_learning =
		vector->shared->policy == VFIOPM_MSIX_POLICY_AUTO && !vector->state.no_irqfd;

	if (vfiopm__is_low_power(vfiopm_get_state(vector->shared->dev)) &&
	    (is_learning || vfiopm__msix_state_needs_trigger(&vector->state, default_mode(vector))))
		return mode;
	if (!is_learning)
		return default_mode(vector);
	note(&vector->policy);
	preferred = vfiopm__msix_policy_prefer(&vector->policy, mode);
	vfiopm__msix_policy_advance(&vector->policy, mode, preferred);
	return preferred;
}

/* ---- masks ---- */

static int mask(struct vfiopm__msix_vector *vector)
{
	int r;

	vfiopm__pba_count(vector->shared->pba, 0, 1);
	r = reach(vector, true, choose_mode(vector, vfiopm__msix_policy_note_mask));
	if (r < 0)
		vfiopm__pba_count(vector->shared->pba, 0, -1);
	else
		vector->stats.masks++;
	return r;
}

static int unmask(struct vfiopm__msix_vector *vector)
{
	int r = reach(vector, false, vector->state.mode);

	if (r < 0)
		return r;
	vector->stats.unmasks++;
	vfiopm__pba_count(vector->shared->pba, 0, -1);
	return 0;
}

static int apply_masks(struct vfiopm__msix_vector *vector)
{
	bool masked = vector->guest_mask || vector->shared->function_masked;

	if (masked == vector->state.masked)
		return make_steps(vector);
	return masked ? mask(vector) : unmask(vector);
}

int vfiopm__msix_vector_set_mask(struct vfiopm__msix_vector *vector, bool masked)
{
	VFIOPM__HOLD(&vector->lock);
	bool was = vector->guest_mask;
	int r;

	if (!vector->in_use)
		return -EINVAL;
	vector->guest_mask = masked;
	r = apply_masks(vector);
	if (r < 0)
		vector->guest_mask = was;
	return r;
}

int vfiopm__msix_vector_update_mask(struct vfiopm__msix_vector *vector)
{
	VFIOPM__HOLD(&vector->lock);
	int r = vector->in_use ? apply_masks(vector) : 0;

	if (r < 0)
		vector->shared->has_undone_work = true;
	return r;
}

/* ---- arriving interrupts ---- */

int vfiopm__msix_vector_dispatch(struct vfiopm__msix_vector *vector)
{
	VFIOPM__HOLD(&vector->lock);
	int r;

	/* Another thread can have taken the count. */
	if (!vector->in_use || take(vector->user_fd) == 0)
		return 0;
	vector->stats.relayed++;
	vector->state.pending = true;
	r = reach(vector, vector->state.masked,
		  choose_mode(vector, vfiopm__msix_policy_note_interrupt));
	return r < 0 ? r : 1;
}

bool vfiopm__msix_vector_is_pending(struct vfiopm__msix_vector *vector)
{
	VFIOPM__HOLD(&vector->lock);
	const struct vfiopm__msix_state *state = &vector->state;
	bool irqfd_counts = state->trigger == VFIOPM__TRIGGER_IRQFD || state->drain_irqfd;
	bool user_counts = state->trigger == VFIOPM__TRIGGER_USER || state->drain_user;

	/* A vector that is not in use is not masked. */
	if (!state->masked)
		return false;
	return state->pending || (irqfd_counts && vfiopm__sys_eventfd_readable(vector->irqfd)) ||
	       (user_counts && vfiopm__sys_eventfd_readable(vector->user_fd));
}

/* ---- use and release ---- */

void vfiopm__msix_vector_set_eventfds(struct vfiopm__msix_vector *vector, int irqfd, int user_fd)
{
	vector->given_irqfd = irqfd;
	vector->given_user_fd = user_fd;
}

static int open_eventfd(struct vfiopm__msix_vector *vector, int given, int *ret_fd)
{
	if (given < 0)
		return vfiopm_irq_new_eventfd(vector->shared->dev, ret_fd);
	/* Drop a count from before the use: it would become a spurious interrupt. */
	take(given);
	*ret_fd = given;
	return 0;
}

static void close_eventfd(struct vfiopm__msix_vector *vector, int given, int *fd)
{
	if (given < 0 && *fd >= 0)
		vfiopm_irq_free_eventfd(vector->shared->dev, *fd);
	*fd = -1;
}

int vfiopm__msix_vector_open(struct vfiopm__msix_vector *vector)
{
	int user_fd, r;

	if (vector->shared->ops.attach) {
		r = open_eventfd(vector, vector->given_irqfd, &vector->irqfd);
		if (r < 0)
			return r;
	}
	r = open_eventfd(vector, vector->given_user_fd, &user_fd);
	if (r < 0)
		return r;
	r = vfiopm__sys_epoll_add(vector->shared->epoll, user_fd, vector->number);
	if (r < 0)
		close_eventfd(vector, vector->given_user_fd, &user_fd);
	else
		vector->user_fd = user_fd;
	return r;
}

void vfiopm__msix_vector_close(struct vfiopm__msix_vector *vector)
{
	if (vector->user_fd >= 0)
		vfiopm__sys_epoll_remove(vector->shared->epoll, vector->user_fd);
	close_eventfd(vector, vector->given_user_fd, &vector->user_fd);
	close_eventfd(vector, vector->given_irqfd, &vector->irqfd);
}

bool vfiopm__msix_vector_is_open(const struct vfiopm__msix_vector *vector)
{
	return vector->user_fd >= 0;
}

int vfiopm__msix_vector_first_trigger(const struct vfiopm__msix_vector *vector)
{
	return default_mode(vector) == VFIOPM_MSIX_MODE_HOLD ? vector->irqfd : vector->user_fd;
}

void vfiopm__msix_vector_begin(struct vfiopm__msix_vector *vector)
{
	VFIOPM__HOLD(&vector->lock);
	uint32_t mode = default_mode(vector);

	vector->state = (struct vfiopm__msix_state){
		.mode = mode,
		.masked = true,
		.no_irqfd = vector->irqfd < 0,
		.trigger = mode == VFIOPM_MSIX_MODE_HOLD ? VFIOPM__TRIGGER_IRQFD
							 : VFIOPM__TRIGGER_USER,
	};
	vfiopm__msix_policy_init(&vector->policy);
	vector->guest_mask = true;
	vector->in_use = true;
}

void vfiopm__msix_vector_suspend(struct vfiopm__msix_vector *vector, bool suspended)
{
	VFIOPM__HOLD(&vector->lock);

	vector->in_use = !suspended && vector->user_fd >= 0;
}

int vfiopm__msix_vector_end(struct vfiopm__msix_vector *vector)
{
	VFIOPM__HOLD(&vector->lock);
	uint64_t count;
	int r = 0;

	if (vector->user_fd < 0)
		return 0;
	if (vector->state.attached)
		r = make_step(vector, VFIOPM__STEP_DETACH, &count);
	vfiopm__pba_count(vector->shared->pba, -1, vector->state.masked ? -1 : 0);
	/* Drop pending interrupts, including counts in the caller's eventfds. */
	take(vector->user_fd);
	if (vector->irqfd >= 0)
		take(vector->irqfd);
	vfiopm__msix_vector_close(vector);
	vector->state = (struct vfiopm__msix_state){ 0 };
	return r;
}

/* ---- observation ---- */

int vfiopm__msix_vector_get_mode(struct vfiopm__msix_vector *vector, uint32_t *ret_mode)
{
	VFIOPM__HOLD(&vector->lock);

	if (!vector->in_use)
		return -EINVAL;
	*ret_mode = vector->state.mode;
	return 0;
}

void vfiopm__msix_vector_add_stats(struct vfiopm__msix_vector *vector,
				   struct vfiopm_msix_stats *sum)
{
	VFIOPM__HOLD(&vector->lock);
	const struct vfiopm_msix_stats *stats = &vector->stats;

	sum->masks += stats->masks;
	sum->unmasks += stats->unmasks;
	sum->attaches += stats->attaches;
	sum->detaches += stats->detaches;
	sum->triggers += stats->triggers;
	sum->relayed += stats->relayed;
	sum->delivered += stats->delivered;
	sum->mode_changes += stats->mode_changes;
}

/* ---- creation ---- */

struct vfiopm__msix_vector *vfiopm__msix_vector_new(uint32_t number,
						    struct vfiopm__msix_shared *shared)
{
	struct vfiopm__msix_vector *vector = calloc(1, sizeof(*vector));

	if (!vector)
		return NULL;
	vector->number = number;
	vector->shared = shared;
	vector->given_irqfd = vector->given_user_fd = vector->irqfd = vector->user_fd = -1;
	pthread_mutex_init(&vector->lock, NULL);
	return vector;
}

void vfiopm__msix_vector_free(struct vfiopm__msix_vector *vector)
{
	if (!vector)
		return;
	pthread_mutex_destroy(&vector->lock);
	free(vector);
}

/* SPDX-License-Identifier: MIT */
/*
 * The state of one MSI-X vector, and the next step that leads to what is wanted. Pure: the
 * executor in msix-vector.c makes the steps.
 */
#ifndef VFIOPM_MSIX_STATE_H
#define VFIOPM_MSIX_STATE_H

#include <stdbool.h>
#include <stdint.h>

enum vfiopm__msix_trigger {
	VFIOPM__TRIGGER_NONE,
	VFIOPM__TRIGGER_IRQFD,
	VFIOPM__TRIGGER_USER,
};

struct vfiopm__msix_state {
	/* The wanted state. */
	uint32_t mode; /* VFIOPM_MSIX_MODE_* */
	bool masked;
	bool no_irqfd; /* the irqfd cannot be attached */

	/* The current state. */
	enum vfiopm__msix_trigger trigger; /* the eventfd that VFIO signals */
	bool attached;			   /* the irqfd */
	bool gap;	  /* VFIO lost the trigger: interrupts raised since are unknown */
	bool pending;	  /* taken from an eventfd and not delivered */
	bool drain_irqfd; /* VFIO no longer signals it, but its last count was not taken */
	bool drain_user;
};

enum vfiopm__msix_step {
	VFIOPM__STEP_NONE,
	VFIOPM__STEP_ATTACH,
	VFIOPM__STEP_DETACH,
	VFIOPM__STEP_TRIGGER_IRQFD, /* make VFIO signal the irqfd */
	VFIOPM__STEP_TRIGGER_USER,
	VFIOPM__STEP_TAKE_IRQFD, /* take the count */
	VFIOPM__STEP_TAKE_USER,
	VFIOPM__STEP_PUT_IRQFD, /* add 1 to the count */
	VFIOPM__STEP_DELIVER,	/* one interrupt */
};

void vfiopm__msix_state_want(struct vfiopm__msix_state *state, bool masked, uint32_t mode);
/* The next step; NONE if the state is as wanted. A step that fails has no effect on the state. */
enum vfiopm__msix_step vfiopm__msix_state_next(const struct vfiopm__msix_state *state);
/* The step succeeded; count is what a TAKE step took. */
void vfiopm__msix_state_done(struct vfiopm__msix_state *state, enum vfiopm__msix_step step,
			     uint64_t count);
/* VFIO signals no eventfd any more. */
void vfiopm__msix_state_lose_trigger(struct vfiopm__msix_state *state);
/* Does a change to this mode need a SET_IRQS? */
bool vfiopm__msix_state_needs_trigger(const struct vfiopm__msix_state *state, uint32_t mode);

#endif

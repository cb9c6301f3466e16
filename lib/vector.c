// SPDX-License-Identifier: MIT
/*
 * The state of one MSI-X vector, pure: what is to be done next to bring it where it is
 * wanted, and which way of masking suits what has been seen. msix.c does it. That nothing
 * is lost, doubled or delivered while masked, whatever the device does between two steps,
 * rests on:
 *
 *  - VFIO signals one eventfd at a time: once SET_IRQS has returned it signals the old one
 *    no more (vfio_pci_intrs.c, vfio_msi_set_vector_signal(): free_irq() waits), so a take
 *    then finds all that it was ever given;
 *  - an attached irqfd takes each count as it comes, and attaching delivers the count that is
 *    there (virt/kvm/eventfd.c, irqfd_wakeup() and kvm_irqfd_assign());
 *  - detaching takes what was delivered out of the eventfd, and returns when nothing more
 *    will be delivered (irqfd_shutdown(), kvm_irqfd_deassign()).
 */
#include "private.h"

/* ---- the next step ---- */

static enum vfiopm__trigger wanted_trigger(const struct vfiopm__vector *vector)
{
	bool bypass = vector->way == VFIOPM_MSIX_WAY_HOLD ||
		      (vector->way == VFIOPM_MSIX_WAY_SWAP && !vector->masked);

	return bypass ? VFIOPM__TRIGGER_IRQFD : VFIOPM__TRIGGER_USER;
}

/* Where the pending bit of a vector held is: in the irqfd's own count. */
static bool holds_count(const struct vfiopm__vector *vector)
{
	return vector->masked && vector->way == VFIOPM_MSIX_WAY_HOLD;
}

/* KVM may deliver later than it is told, from a work of its own (virt/kvm/eventfd.c,
 * irqfd_inject()); only a detach waits for that. So one that was held is detached too by the
 * mask that makes it relayed. */
static bool leaves_hold(const struct vfiopm__vector *vector)
{
	return vector->masked && vector->way == VFIOPM_MSIX_WAY_RELAY &&
	       vector->trigger == VFIOPM__TRIGGER_IRQFD;
}

enum vfiopm__step vfiopm__vector_next(const struct vfiopm__vector *vector)
{
	enum vfiopm__trigger trigger = wanted_trigger(vector);

	/* The irqfd first: unmasked, VFIO then meets one that is attached; masked, nothing
	 * more is delivered from here on. */
	if (vector->attached && (holds_count(vector) || leaves_hold(vector)))
		return VFIOPM__STEP_DETACH;
	if (!vector->masked && !vector->attached && !vector->no_irqfd)
		return VFIOPM__STEP_ATTACH;
	if (vector->trigger != trigger)
		return trigger == VFIOPM__TRIGGER_IRQFD ? VFIOPM__STEP_TRIGGER_IRQFD
							: VFIOPM__STEP_TRIGGER_USER;
	if (vector->drain_user)
		return VFIOPM__STEP_TAKE_USER;
	if (vector->drain_irqfd)
		return VFIOPM__STEP_TAKE_IRQFD;
	if (vector->pending && holds_count(vector))
		return VFIOPM__STEP_PUT_IRQFD;
	if (vector->pending && !vector->masked)
		return VFIOPM__STEP_DELIVER;
	return VFIOPM__STEP_NONE;
}

/* An irqfd that is attached takes its counts itself. */
static void leave_trigger(struct vfiopm__vector *vector)
{
	vector->drain_irqfd |= vector->trigger == VFIOPM__TRIGGER_IRQFD && !vector->attached;
	vector->drain_user |= vector->trigger == VFIOPM__TRIGGER_USER;
}

void vfiopm__vector_lose_trigger(struct vfiopm__vector *vector)
{
	leave_trigger(vector);
	vector->trigger = VFIOPM__TRIGGER_NONE;
	vector->lost = true;
}

/* What it raised while VFIO had no eventfd for it nobody knows: one too many is nothing to a
 * driver, one too few may be its end. */
static void take_trigger(struct vfiopm__vector *vector, enum vfiopm__trigger trigger)
{
	leave_trigger(vector);
	vector->trigger = trigger;
	vector->pending |= vector->lost;
	vector->lost = false;
}

void vfiopm__vector_done(struct vfiopm__vector *vector, enum vfiopm__step step, uint64_t count)
{
	switch (step) {
	case VFIOPM__STEP_ATTACH:
		vector->attached = true;
		vector->drain_irqfd = false;
		break;
	case VFIOPM__STEP_DETACH:
		vector->attached = false;
		break;
	case VFIOPM__STEP_TRIGGER_IRQFD:
		take_trigger(vector, VFIOPM__TRIGGER_IRQFD);
		break;
	case VFIOPM__STEP_TRIGGER_USER:
		take_trigger(vector, VFIOPM__TRIGGER_USER);
		break;
	case VFIOPM__STEP_TAKE_USER:
		vector->drain_user = false;
		vector->pending |= count > 0;
		break;
	case VFIOPM__STEP_TAKE_IRQFD:
		vector->drain_irqfd = false;
		vector->pending |= count > 0;
		break;
	case VFIOPM__STEP_PUT_IRQFD:
	case VFIOPM__STEP_DELIVER:
		vector->pending = false;
		break;
	case VFIOPM__STEP_NONE:
		break;
	}
}

void vfiopm__vector_want(struct vfiopm__vector *vector, bool masked, uint32_t way)
{
	/* What was raised while it was masked is one interrupt: the pending bit, and what has
	 * arrived behind it. */
	if (vector->masked && !masked && vector->pending && vector->trigger == VFIOPM__TRIGGER_USER)
		vector->drain_user = true;
	vector->masked = masked;
	vector->way = way;
}

bool vfiopm__vector_needs_trigger(const struct vfiopm__vector *vector, bool masked, uint32_t way)
{
	struct vfiopm__vector then = *vector;

	vfiopm__vector_want(&then, masked, way);
	return wanted_trigger(&then) != vector->trigger;
}

/* ---- the choice of the way ---- */

/*
 * To hold costs two calls of the VMM's (KVM_IRQFD) for each mask and unmask, and nothing for
 * an interrupt; to relay costs nothing for a mask, and a turn of the event loop for each
 * interrupt. One is as dear as the other at some BREAK_EVEN interrupts per mask: in the lab
 * (tests/bench/bench-msix.c) at two to four, and more where a wake of the event loop costs less.
 *
 * While a vector is held its interrupts are not seen. So after so many masks (its patience)
 * it is relayed, and the interrupts are counted; if they are too many for that it is held
 * again, for twice as many masks as before. So what this costs in vain is ever less.
 */
#define BREAK_EVEN     4
#define WINDOW	       64
#define PATIENCE_FIRST 16
#define PATIENCE_MOST  16384

void vfiopm__vector_begin(struct vfiopm__vector *vector)
{
	*vector = (struct vfiopm__vector){
		.way = VFIOPM_MSIX_WAY_HOLD,
		.masked = true,
		.patience = PATIENCE_FIRST,
	};
}

static void count_anew(struct vfiopm__vector *vector)
{
	vector->masks = vector->interrupts = 0;
}

static void is_rightly_relayed(struct vfiopm__vector *vector)
{
	vector->patience = PATIENCE_FIRST;
	count_anew(vector);
}

uint32_t vfiopm__vector_saw_mask(struct vfiopm__vector *vector)
{
	vector->masks++;
	if (vector->way == VFIOPM_MSIX_WAY_RELAY) {
		if (vector->masks >= WINDOW)
			is_rightly_relayed(vector);
		return VFIOPM_MSIX_WAY_RELAY;
	}
	if (vector->masks < vector->patience)
		return VFIOPM_MSIX_WAY_HOLD;
	count_anew(vector);
	return VFIOPM_MSIX_WAY_RELAY;
}

/* For the masks there were; plainly so, or at the end of the window. */
static bool are_too_many(const struct vfiopm__vector *vector)
{
	return vector->interrupts >= 2 * BREAK_EVEN * (vector->masks + 1) ||
	       (vector->interrupts >= WINDOW && vector->interrupts > BREAK_EVEN * vector->masks);
}

uint32_t vfiopm__vector_saw_interrupt(struct vfiopm__vector *vector)
{
	vector->interrupts++;
	if (vector->way != VFIOPM_MSIX_WAY_RELAY)
		return vector->way;
	if (!are_too_many(vector)) {
		if (vector->interrupts >= WINDOW)
			is_rightly_relayed(vector);
		return VFIOPM_MSIX_WAY_RELAY;
	}
	count_anew(vector);
	if (vector->patience < PATIENCE_MOST)
		vector->patience *= 2;
	return VFIOPM_MSIX_WAY_HOLD;
}

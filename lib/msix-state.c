// SPDX-License-Identifier: MIT
/*
 * The state machine of one MSI-X vector. No interrupt is lost, delivered twice or delivered
 * while masked, whatever the device does between two steps. This relies on three facts:
 *
 *  - VFIO signals one eventfd at a time. When SET_IRQS has returned, VFIO no longer signals the
 *    old one (vfio_pci_intrs.c, vfio_msi_set_vector_signal(): free_irq() waits), so a later take
 *    finds every count.
 *  - An attached irqfd takes each count as it arrives, and attaching delivers a count that is
 *    already there (virt/kvm/eventfd.c, irqfd_wakeup() and kvm_irqfd_assign()).
 *  - Detaching removes the delivered count from the eventfd. It returns after the last delivery
 *    (irqfd_shutdown(), kvm_irqfd_deassign()).
 */
#include <vfiopm/msix.h>

#include "msix-state.h"

static enum vfiopm__msix_trigger mode_trigger(uint32_t mode)
{
	return mode == VFIOPM_MSIX_MODE_HOLD ? VFIOPM__TRIGGER_IRQFD : VFIOPM__TRIGGER_USER;
}

/* In hold mode the count of the irqfd is the pending bit. */
static bool holds_count(const struct vfiopm__msix_state *state)
{
	return state->masked && state->mode == VFIOPM_MSIX_MODE_HOLD;
}

/* KVM can deliver later than it is signalled, from a work item (virt/kvm/eventfd.c,
 * irqfd_inject()), and only a detach waits for that work item. So a mask detaches not only in hold mode,
 * but also when it changes a vector from hold to relay. */
static bool must_detach(const struct vfiopm__msix_state *state)
{
	return state->masked &&
	       (state->mode == VFIOPM_MSIX_MODE_HOLD || state->trigger == VFIOPM__TRIGGER_IRQFD);
}

enum vfiopm__msix_step vfiopm__msix_state_next(const struct vfiopm__msix_state *state)
{
	enum vfiopm__msix_trigger trigger = mode_trigger(state->mode);

	/* The irqfd comes first. An unmasked vector then gets an attached trigger, and a masked
	 * one delivers nothing from here on. */
	if (state->attached && must_detach(state))
		return VFIOPM__STEP_DETACH;
	if (!state->masked && !state->attached && !state->no_irqfd)
		return VFIOPM__STEP_ATTACH;
	if (state->trigger != trigger)
		return trigger == VFIOPM__TRIGGER_IRQFD ? VFIOPM__STEP_TRIGGER_IRQFD
							: VFIOPM__STEP_TRIGGER_USER;
	if (state->drain_user)
		return VFIOPM__STEP_TAKE_USER;
	if (state->drain_irqfd)
		return VFIOPM__STEP_TAKE_IRQFD;
	if (state->pending && holds_count(state))
		return VFIOPM__STEP_PUT_IRQFD;
	if (state->pending && !state->masked)
		return VFIOPM__STEP_DELIVER;
	return VFIOPM__STEP_NONE;
}

/* KVM takes the counts of an attached irqfd. */
static void leave_trigger(struct vfiopm__msix_state *state)
{
	state->drain_irqfd |= state->trigger == VFIOPM__TRIGGER_IRQFD && !state->attached;
	state->drain_user |= state->trigger == VFIOPM__TRIGGER_USER;
}

void vfiopm__msix_state_lose_trigger(struct vfiopm__msix_state *state)
{
	leave_trigger(state);
	state->trigger = VFIOPM__TRIGGER_NONE;
	state->gap = true;
}

/* Interrupts raised in the gap are unknown. Inject one: a spurious interrupt is harmless, a lost
 * one can hang the driver. */
static void take_trigger(struct vfiopm__msix_state *state, enum vfiopm__msix_trigger trigger)
{
	leave_trigger(state);
	state->trigger = trigger;
	state->pending |= state->gap;
	state->gap = false;
}

void vfiopm__msix_state_done(struct vfiopm__msix_state *state, enum vfiopm__msix_step step,
			     uint64_t count)
{
	switch (step) {
	case VFIOPM__STEP_ATTACH:
		state->attached = true;
		state->drain_irqfd = false;
		break;
	case VFIOPM__STEP_DETACH:
		state->attached = false;
		break;
	case VFIOPM__STEP_TRIGGER_IRQFD:
		take_trigger(state, VFIOPM__TRIGGER_IRQFD);
		break;
	case VFIOPM__STEP_TRIGGER_USER:
		take_trigger(state, VFIOPM__TRIGGER_USER);
		break;
	case VFIOPM__STEP_TAKE_USER:
		state->drain_user = false;
		state->pending |= count > 0;
		break;
	case VFIOPM__STEP_TAKE_IRQFD:
		state->drain_irqfd = false;
		state->pending |= count > 0;
		break;
	default: /* VFIOPM__STEP_PUT_IRQFD, VFIOPM__STEP_DELIVER */
		state->pending = false;
		break;
	}
}

void vfiopm__msix_state_want(struct vfiopm__msix_state *state, bool masked, uint32_t mode)
{
	/* Merge the pending bit and a later count into one interrupt. */
	if (state->masked && !masked && state->pending && state->trigger == VFIOPM__TRIGGER_USER)
		state->drain_user = true;
	state->masked = masked;
	state->mode = mode;
}

bool vfiopm__msix_state_needs_trigger(const struct vfiopm__msix_state *state, uint32_t mode)
{
	return mode_trigger(mode) != state->trigger;
}

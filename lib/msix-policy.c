// SPDX-License-Identifier: MIT
/*
 * The choice between hold and relay mode for one vector.
 *
 * Hold mode costs two calls of the VMM (KVM_IRQFD) for each mask and unmask, and nothing for an
 * interrupt. Relay mode costs nothing for a mask, and one pass of the event loop for each
 * interrupt. Both cost the same at about BREAK_EVEN interrupts per mask. The lab measures two to
 * four (tests/bench/bench-msix.c), more where waking the event loop is cheaper.
 *
 * Interrupts are invisible in hold mode. So after a number of masks (the patience) the vector is
 * put into relay mode and its interrupts are counted. If they are too many, it returns to hold
 * mode with doubled patience, so that the cost of unsuccessful attempts decreases.
 */
#include <stdbool.h>

#include <vfiopm/msix.h>

#include "msix-policy.h"

#define BREAK_EVEN     4
#define WINDOW	       64
#define PATIENCE_FIRST 16
#define PATIENCE_MOST  16384

void vfiopm__msix_policy_init(struct vfiopm__msix_policy *policy)
{
	*policy = (struct vfiopm__msix_policy){ .patience = PATIENCE_FIRST };
}

void vfiopm__msix_policy_note_mask(struct vfiopm__msix_policy *policy)
{
	policy->masks++;
}

void vfiopm__msix_policy_note_interrupt(struct vfiopm__msix_policy *policy)
{
	policy->interrupts++;
}

/* Too many interrupts for relay mode: by a wide margin, or at the end of the window. */
static bool are_too_many(const struct vfiopm__msix_policy *policy)
{
	return policy->interrupts >= 2 * BREAK_EVEN * (policy->masks + 1) ||
	       (policy->interrupts >= WINDOW && policy->interrupts > BREAK_EVEN * policy->masks);
}

uint32_t vfiopm__msix_policy_prefer(const struct vfiopm__msix_policy *policy, uint32_t mode)
{
	if (mode == VFIOPM_MSIX_MODE_HOLD)
		return policy->masks < policy->patience ? VFIOPM_MSIX_MODE_HOLD
							: VFIOPM_MSIX_MODE_RELAY;
	return are_too_many(policy) ? VFIOPM_MSIX_MODE_HOLD : VFIOPM_MSIX_MODE_RELAY;
}

static bool has_window_ended(const struct vfiopm__msix_policy *policy)
{
	return policy->masks >= WINDOW || policy->interrupts >= WINDOW;
}

void vfiopm__msix_policy_advance(struct vfiopm__msix_policy *policy, uint32_t mode,
				 uint32_t preferred)
{
	if (mode == VFIOPM_MSIX_MODE_RELAY && preferred == VFIOPM_MSIX_MODE_HOLD) {
		if (policy->patience < PATIENCE_MOST)
			policy->patience *= 2;
	} else if (mode == VFIOPM_MSIX_MODE_RELAY) {
		if (!has_window_ended(policy))
			return;
		policy->patience = PATIENCE_FIRST;
	} else if (preferred == VFIOPM_MSIX_MODE_HOLD) {
		return;
	}
	policy->masks = policy->interrupts = 0;
}

/* SPDX-License-Identifier: MIT */
/* Chooses the mode of an MSI-X vector from its rates of masks and interrupts. No side effects. */
#ifndef VFIOPM_MSIX_POLICY_H
#define VFIOPM_MSIX_POLICY_H

#include <stdint.h>

struct vfiopm__msix_policy {
	uint32_t masks, interrupts; /* seen in the current window */
	uint32_t patience;	    /* masks in hold mode before relay mode is tried */
};

void vfiopm__msix_policy_init(struct vfiopm__msix_policy *policy);
void vfiopm__msix_policy_note_mask(struct vfiopm__msix_policy *policy);
/* Only interrupts in relay mode are visible. */
void vfiopm__msix_policy_note_interrupt(struct vfiopm__msix_policy *policy);
/* The mode that suits a vector which is in the given mode. */
uint32_t vfiopm__msix_policy_prefer(const struct vfiopm__msix_policy *policy, uint32_t mode);
/* Call this after acting on the preferred mode. Begins a new window if the current one has ended. */
void vfiopm__msix_policy_advance(struct vfiopm__msix_policy *policy, uint32_t mode,
				 uint32_t preferred);

#endif

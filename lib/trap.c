// SPDX-License-Identifier: MIT
/*
 * Whether a guest's reads of the PBA are to be trapped, pure. They have to be while a vector
 * is masked, as its pending bit is not in the device. To switch that is dear (QEMU's largest
 * cost of a mask, when a guest masks at each interrupt), to trap a read that nobody makes
 * costs nothing. So it is switched off a few times when no vector is masked any more, and
 * then left on, until reads were trapped in vain.
 */
#include "private.h"

#define OFF_AT_ONCE 4
#define VAIN_READS  64

static bool wants(const struct vfiopm__trap *trap)
{
	switch (trap->policy) {
	case VFIOPM_MSIX_TRAP_ALWAYS:
		return trap->used > 0;
	case VFIOPM_MSIX_TRAP_NEVER:
		return false;
	default:
		return trap->masked > 0 ||
		       (trap->on && trap->used > 0 && trap->offs >= OFF_AT_ONCE);
	}
}

/* Is it to be switched? Then it counts as switched. */
bool vfiopm__trap_switches(struct vfiopm__trap *trap)
{
	bool want = wants(trap);

	if (want == trap->on)
		return false;
	trap->on = want;
	if (!want)
		trap->offs++;
	trap->vain = 0;
	return true;
}

void vfiopm__trap_saw_read(struct vfiopm__trap *trap)
{
	if (trap->masked > 0)
		trap->vain = 0;
	else if (++trap->vain >= VAIN_READS)
		trap->vain = trap->offs = 0;
}

// SPDX-License-Identifier: MIT
/*
 * The public entries and exits, and the taking of a wake. Around an entry or an exit, the quiesce
 * hooks run and INTx is restored.
 */
#include <errno.h>

#include <vfiopm/power.h>

#include "access.h"
#include "device.h"
#include "irq.h"
#include "lock.h"
#include "power.h"
#include "quiesce.h"
#include "sleep.h"
#include "sys.h"
#include "wakeup.h"

/* The device is awake after low power. Returns the first error, after all was tried. */
static int restore(struct vfiopm_device *dev)
{
	int r = vfiopm__irq_restore_intx(dev), of_hooks = vfiopm__hooks_restore(&dev->hooks);

	return r < 0 ? r : of_hooks;
}

/* No entry or exit has followed the wake of an entry. */
static bool is_woken(const struct vfiopm_device *dev, uint64_t generation)
{
	return vfiopm__access_get_generation(dev->access) == generation &&
	       vfiopm__access_get_state(dev->access) == VFIOPM_STATE_WOKEN;
}

/* wakeup_fd is -1 for an entry without wakeup. Takes it over on success only. woken is 0, or the
 * generation of the entry that must have been woken last. */
static int enter(struct vfiopm_device *dev, int wakeup_fd, uint64_t woken)
{
	VFIOPM__HOLD(&dev->hooks.lock);
	int r;

	if (woken && !is_woken(dev, woken))
		return -ECANCELED;
	r = vfiopm__hooks_quiesce(&dev->hooks);
	if (r < 0)
		return r;
	r = vfiopm__power_enter(dev, wakeup_fd);
	if (r < 0)
		vfiopm__hooks_roll_back(&dev->hooks);
	return r;
}

VFIOPM__PUBLIC int vfiopm_enter(struct vfiopm_device *dev)
{
	return dev ? enter(dev, -1, 0) : -EINVAL;
}

int vfiopm__enter_again(struct vfiopm_device *dev, int wakeup_fd, uint64_t woken)
{
	int duplicate, r;

	/* The kernel holds the eventfd, not the caller's fd. The duplicate does the same: the
	 * caller can close the fd, and its number can return as another file. */
	duplicate = vfiopm__sys_duplicate(wakeup_fd);
	if (duplicate < 0)
		return duplicate;
	r = enter(dev, duplicate, woken);
	if (r < 0)
		vfiopm__sys_close(duplicate);
	return r;
}

VFIOPM__PUBLIC int vfiopm_enter_wakeup(struct vfiopm_device *dev, int wakeup_fd)
{
	return dev && wakeup_fd >= 0 ? vfiopm__enter_again(dev, wakeup_fd, 0) : -EINVAL;
}

VFIOPM__PUBLIC int vfiopm_exit(struct vfiopm_device *dev)
{
	int r;

	if (!dev)
		return -EINVAL;
	VFIOPM__HOLD(&dev->hooks.lock);
	r = vfiopm__power_exit(dev);
	return r < 0 ? r : restore(dev);
}

int vfiopm__take_wake(struct vfiopm_device *dev, struct vfiopm__wake *ret_wake)
{
	VFIOPM__HOLD(&dev->hooks.lock);
	int r, state;

	r = vfiopm__access_take_wake(dev->access, ret_wake);
	state = vfiopm__access_get_state(dev->access);
	/* A wake of an earlier entry can be taken while the device sleeps again. The caller of the
	 * next exit sees what fails here. */
	if (r == 1 && (state == VFIOPM_STATE_WOKEN || state == VFIOPM_STATE_ACTIVE) &&
	    vfiopm__power_end_wake(dev) == 0)
		restore(dev);
	return r;
}

VFIOPM__PUBLIC int vfiopm_take_wake(struct vfiopm_device *dev)
{
	struct vfiopm__wake wake;

	return dev ? vfiopm__take_wake(dev, &wake) : -EINVAL;
}

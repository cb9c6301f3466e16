// SPDX-License-Identifier: MIT
/*
 * The low-power features of one device: probing them, entries and exits. wakeup.c keeps the state
 * and tells wakes by the host from those that an ioctl of this file causes.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "device.h"
#include "lock.h"
#include "power.h"
#include "sys.h"
#include "uapi.h"
#include "wakeup.h"
#include "wire.h"

static const char enter_call[] = "VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY";
static const char enter_wakeup_call[] = "VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP";
static const char exit_call[] = "VFIO_DEVICE_FEATURE_LOW_POWER_EXIT";

struct vfiopm__power {
	uint32_t features;
	pthread_mutex_t lock; /* serializes entries, exits and the taking of wakes */
	struct vfiopm__wakeup wakeup;
};

/* ---- features ---- */

/* Returns 1, 0 or -errno. A driver without this feature, or without this operation on it, fails
 * with ENOTTY or EINVAL (vfio_main.c, vfio_ioctl_device_feature(), 6.1). */
static int probe(int device_fd, uint32_t feature, bool get)
{
	struct vfiopm__feature request;
	int r;

	vfiopm__wire_feature(&request,
			     feature | VFIO_DEVICE_FEATURE_PROBE |
				     (get ? VFIO_DEVICE_FEATURE_GET : VFIO_DEVICE_FEATURE_SET));
	r = vfiopm__sys_command(device_fd, VFIO_DEVICE_FEATURE, &request);
	if (r == -ENOTTY || r == -EINVAL)
		return 0;
	return r < 0 ? r : 1;
}

static int probe_features(int device_fd, uint32_t *ret_features)
{
	static const struct {
		uint32_t feature, bit;
	} wanted[] = {
		{ VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, VFIOPM_FEATURE_ENTER },
		{ VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP, VFIOPM_FEATURE_ENTER_WAKEUP },
		{ VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, VFIOPM_FEATURE_EXIT },
	};
	uint32_t features = 0;
	int r;

	/* A feature 3 that can be read is the interface of an earlier proposal (v3, v4), which
	 * no call here matches. */
	r = probe(device_fd, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, true);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		int have = probe(device_fd, wanted[i].feature, false);

		if (have < 0)
			return have;
		if (have)
			features |= wanted[i].bit;
	}
	*ret_features = features;
	return 0;
}

int vfiopm__power_new(const struct vfiopm_device *dev, struct vfiopm__power **ret_power)
{
	struct vfiopm__power *power;
	uint32_t features;
	int r;

	r = probe_features(dev->fds.device, &features);
	if (r < 0)
		return r;
	power = calloc(1, sizeof(*power));
	if (!power)
		return -ENOMEM;

	power->features = features;
	pthread_mutex_init(&power->lock, NULL);
	vfiopm__wakeup_init(&power->wakeup, dev);
	*ret_power = power;
	return 0;
}

void vfiopm__power_free(struct vfiopm__power *power)
{
	if (!power)
		return;
	vfiopm__wakeup_destroy(&power->wakeup);
	pthread_mutex_destroy(&power->lock);
	free(power);
}

VFIOPM__PUBLIC int vfiopm_get_features(const struct vfiopm_device *dev, uint32_t *ret_features)
{
	if (!dev || !ret_features)
		return -EINVAL;
	*ret_features = dev->power->features;
	return 0;
}

/* ---- the state ---- */

VFIOPM__PUBLIC int vfiopm_get_state(const struct vfiopm_device *dev)
{
	return dev ? vfiopm__wakeup_get_state(&dev->power->wakeup) : -EINVAL;
}

VFIOPM__PUBLIC int vfiopm_take_wake(struct vfiopm_device *dev)
{
	if (!dev)
		return -EINVAL;
	VFIOPM__HOLD(&dev->power->lock);
	return vfiopm__wakeup_take(&dev->power->wakeup);
}

/* ---- entry and exit ---- */

static int issue(const struct vfiopm_device *dev, const char *call, struct vfiopm__feature *request)
{
	int r = vfiopm__sys_command(dev->fds.device, VFIO_DEVICE_FEATURE, request);

	vfiopm__trace_event(&dev->trace, VFIOPM_TRACE_ISSUED, call, r);
	return r;
}

/* Returns true if the ioctl woke the armed device, and removes its count. A host wake at the same
 * time is indistinguishable. Ignoring it is harmless, because this call sets a new state. */
static bool take_own_wake(struct vfiopm__power *power, int state, int result)
{
	/* EIO: the device could not be resumed, so this ioctl signalled nothing. */
	return state == VFIOPM_STATE_LOW_POWER_WAKEUP && result != -EIO &&
	       vfiopm__wakeup_take_own(&power->wakeup);
}

/* A failed entry has woken the device too: restore the previous arming. If that fails as well,
 * its eventfd reports the wake. */
static void restore_arming(const struct vfiopm_device *dev)
{
	struct vfiopm__wakeup *wakeup = &dev->power->wakeup;
	struct vfiopm__feature request;

	vfiopm__wire_enter_wakeup(&request, wakeup->fd);
	if (issue(dev, enter_wakeup_call, &request) < 0)
		vfiopm__sys_eventfd_add(wakeup->fd, 1);
	else
		vfiopm__wakeup_publish(wakeup, VFIOPM_STATE_LOW_POWER_WAKEUP, wakeup->fd,
				       vfiopm__wakeup_count(wakeup->fd));
}

/* Takes wakeup_fd over on success only. */
static int enter(const struct vfiopm_device *dev, const char *call, struct vfiopm__feature *request,
		 int state, int wakeup_fd)
{
	struct vfiopm__power *power = dev->power;
	int was = vfiopm__wakeup_begin(&power->wakeup), r = -EALREADY;
	uint64_t count = vfiopm__wakeup_count(wakeup_fd);
	bool woken;

	/* Only an exit ends a plain entry. The kernel would refuse another entry, but only after
	 * waking the device. */
	if (was == VFIOPM_STATE_LOW_POWER)
		vfiopm__trace_event(&dev->trace, VFIOPM_TRACE_SAVED, call, r);
	else
		r = issue(dev, call, request);
	woken = take_own_wake(power, was, r);
	if (r == 0) {
		vfiopm__wakeup_publish(&power->wakeup, state, wakeup_fd, count);
		return 0;
	}
	if (woken)
		restore_arming(dev);
	vfiopm__wakeup_cancel(&power->wakeup);
	return r;
}

VFIOPM__PUBLIC int vfiopm_enter(struct vfiopm_device *dev)
{
	struct vfiopm__feature request;

	if (!dev)
		return -EINVAL;
	vfiopm__wire_feature(&request,
			     VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY | VFIO_DEVICE_FEATURE_SET);
	VFIOPM__HOLD(&dev->power->lock);
	return enter(dev, enter_call, &request, VFIOPM_STATE_LOW_POWER, -1);
}

VFIOPM__PUBLIC int vfiopm_enter_wakeup(struct vfiopm_device *dev, int wakeup_fd)
{
	struct vfiopm__feature request;
	int duplicate, r;

	if (!dev || wakeup_fd < 0)
		return -EINVAL;
	/* The kernel holds the eventfd, not the caller's fd. The duplicate does the same: the
	 * caller can close the fd, and its number can return as another file. */
	duplicate = vfiopm__sys_duplicate(wakeup_fd);
	if (duplicate < 0)
		return duplicate;
	vfiopm__wire_enter_wakeup(&request, duplicate);
	VFIOPM__HOLD(&dev->power->lock);
	r = enter(dev, enter_wakeup_call, &request, VFIOPM_STATE_LOW_POWER_WAKEUP, duplicate);
	if (r < 0)
		vfiopm__sys_close(duplicate);
	return r;
}

VFIOPM__PUBLIC int vfiopm_exit(struct vfiopm_device *dev)
{
	struct vfiopm__feature request;
	int was, r;

	if (!dev)
		return -EINVAL;
	vfiopm__wire_feature(&request,
			     VFIO_DEVICE_FEATURE_LOW_POWER_EXIT | VFIO_DEVICE_FEATURE_SET);
	VFIOPM__HOLD(&dev->power->lock);
	was = vfiopm__wakeup_begin(&dev->power->wakeup);
	r = issue(dev, exit_call, &request);
	if (r < 0) {
		vfiopm__wakeup_cancel(&dev->power->wakeup);
		return r;
	}
	take_own_wake(dev->power, was, r);
	vfiopm__wakeup_publish(&dev->power->wakeup, VFIOPM_STATE_ACTIVE, -1, 0);
	return 0;
}

// SPDX-License-Identifier: MIT
/*
 * The low-power features of one device: probing them, entries and exits. Entries and exits are
 * accesses that lead to a new state.
 */
#include <errno.h>
#include <stdlib.h>

#include "access.h"
#include "device.h"
#include "power.h"
#include "sys.h"
#include "uapi.h"
#include "wakeup.h"
#include "wire.h"

struct vfiopm__power {
	uint32_t features;
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
	*ret_power = power;
	return 0;
}

void vfiopm__power_free(struct vfiopm__power *power)
{
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
	return dev ? vfiopm__access_get_state(dev->access) : -EINVAL;
}

/* ---- entry and exit ---- */

/* Takes wakeup_fd over on success only. */
static int enter(const struct vfiopm_device *dev, const char *call, struct vfiopm__feature *request,
		 int state, int wakeup_fd)
{
	int was = vfiopm__access_begin(dev->access), r = -EALREADY;
	uint64_t count = vfiopm__wakeup_count(wakeup_fd);

	/* Only an exit ends a plain entry. The kernel would refuse another entry, but only after
	 * waking the device. */
	if (was == VFIOPM_STATE_LOW_POWER)
		vfiopm__trace_event(&dev->trace, VFIOPM_TRACE_SAVED, call, r);
	else
		r = vfiopm__access_issue(dev->access, call, request);
	if (r < 0)
		vfiopm__access_end(dev->access, r);
	else
		vfiopm__access_end_in_state(dev->access, state, wakeup_fd, count);
	return r;
}

int vfiopm__power_enter(const struct vfiopm_device *dev)
{
	struct vfiopm__feature request;

	vfiopm__wire_feature(&request,
			     VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY | VFIO_DEVICE_FEATURE_SET);
	return enter(dev, "VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY", &request, VFIOPM_STATE_LOW_POWER,
		     -1);
}

int vfiopm__power_enter_wakeup(const struct vfiopm_device *dev, int wakeup_fd)
{
	struct vfiopm__feature request;

	vfiopm__wire_enter_wakeup(&request, wakeup_fd);
	return enter(dev, "VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP", &request,
		     VFIOPM_STATE_LOW_POWER_WAKEUP, wakeup_fd);
}

int vfiopm__power_exit(const struct vfiopm_device *dev)
{
	struct vfiopm__feature request;
	int r;

	vfiopm__wire_feature(&request,
			     VFIO_DEVICE_FEATURE_LOW_POWER_EXIT | VFIO_DEVICE_FEATURE_SET);
	vfiopm__access_begin(dev->access);
	r = vfiopm__access_issue(dev->access, "VFIO_DEVICE_FEATURE_LOW_POWER_EXIT", &request);
	if (r < 0)
		vfiopm__access_end(dev->access, r);
	else
		vfiopm__access_end_in_state(dev->access, VFIOPM_STATE_ACTIVE, -1, 0);
	return r;
}

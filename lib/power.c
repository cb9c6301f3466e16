// SPDX-License-Identifier: MIT
/*
 * The low-power features of one device: probing them, entries and exits. Entries and exits are
 * accesses that lead to a new state.
 */
#include <errno.h>
#include <stdlib.h>

#include "access.h"
#include "device.h"
#include "dialect.h"
#include "pci-memory.h"
#include "power.h"
#include "sys.h"
#include "wakeup.h"

struct vfiopm__power {
	_Atomic uint32_t features;
};

/* ---- features ---- */

/* Returns 1, 0 or -errno. A driver without this feature, or without this operation on it, fails
 * with ENOTTY or EINVAL (vfio_main.c, vfio_ioctl_device_feature(), 6.1). */
static int probe(int device_fd, uint32_t feature, uint32_t operation)
{
	struct vfiopm__feature request;
	int r;

	vfiopm__dialect_probe(feature, operation, &request);
	r = vfiopm__sys_command(device_fd, VFIO_DEVICE_FEATURE, &request);
	if (r == -ENOTTY || r == -EINVAL)
		return 0;
	return r < 0 ? r : 1;
}

static int probe_mainline(int device_fd, uint32_t *ret_features)
{
	static const struct {
		uint32_t feature, bit;
	} wanted[] = {
		{ VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP, VFIOPM_FEATURE_ENTER_WAKEUP },
		{ VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, VFIOPM_FEATURE_EXIT },
	};
	uint32_t features = VFIOPM_FEATURE_ENTER;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		int have = probe(device_fd, wanted[i].feature, VFIO_DEVICE_FEATURE_SET);

		if (have < 0)
			return have;
		if (have)
			features |= wanted[i].bit;
	}
	*ret_features = features;
	return 0;
}

/* Finds the dialect without a SET, so nothing can change. Feature 3 is the entry on mainline, where
 * it cannot be read. In v3 and v4 it can. v2 has no feature. */
static int detect(int device_fd, uint32_t *ret_dialect, uint32_t *ret_features)
{
	struct vfiopm__feature query;
	int r;

	*ret_dialect = VFIOPM_DIALECT_NONE;
	*ret_features = 0;
	r = probe(device_fd, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, VFIO_DEVICE_FEATURE_SET);
	if (r <= 0)
		return r;
	r = probe(device_fd, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, VFIO_DEVICE_FEATURE_GET);
	if (r < 0)
		return r;
	if (r == 0) {
		*ret_dialect = VFIOPM_DIALECT_MAINLINE;
		return probe_mainline(device_fd, ret_features);
	}
	vfiopm__dialect_query(&query);
	r = vfiopm__sys_command(device_fd, VFIO_DEVICE_FEATURE, &query);
	if (r < 0)
		return r;
	*ret_dialect = vfiopm__dialect_of_answer(&query);
	*ret_features = vfiopm__dialect_features(*ret_dialect);
	return 0;
}

int vfiopm__power_new(struct vfiopm_device *dev, struct vfiopm__power **ret_power)
{
	struct vfiopm__power *power;
	uint32_t dialect, features;
	int r;

	r = detect(dev->fds.device, &dialect, &features);
	if (r < 0)
		return r;
	power = calloc(1, sizeof(*power));
	if (!power)
		return -ENOMEM;
	power->features = features;
	dev->dialect = dialect;
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

/* ---- the dialect ---- */

VFIOPM__PUBLIC int vfiopm_get_dialect(const struct vfiopm_device *dev)
{
	return dev ? (int)dev->dialect : -EINVAL;
}

/* Returns 0, -ENOTTY or another -errno. */
static int try_v2(int device_fd)
{
	struct vfiopm__request request;
	int r = probe(device_fd, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, VFIO_DEVICE_FEATURE_SET);

	if (r != 0)
		return r < 0 ? r : -EALREADY;
	/* On a cdev the number is that of BIND_IOMMUFD. A cdev is a node in /dev, the device fd of a
	 * group is not. */
	if (vfiopm__sys_is_anonymous(device_fd, "anon_inode:[vfio-device]") != 1)
		return -ENOTTY;
	vfiopm__dialect_request(VFIOPM_DIALECT_V2, VFIOPM__STEP_EXIT, -1, &request);
	r = vfiopm__sys_command(device_fd, request.number, &request.body);
	return r == -EINVAL ? -ENOTTY : r;
}

VFIOPM__PUBLIC int vfiopm_device_try_v2(struct vfiopm_device *dev)
{
	int r;

	if (!dev)
		return -EINVAL;
	vfiopm__access_begin(dev->access);
	r = dev->dialect == VFIOPM_DIALECT_NONE ? try_v2(dev->fds.device) : -EALREADY;
	if (r == 0) {
		dev->power->features = vfiopm__dialect_features(VFIOPM_DIALECT_V2);
		dev->dialect = VFIOPM_DIALECT_V2;
	}
	vfiopm__access_abandon(dev->access);
	return r;
}

/* ---- the state ---- */

VFIOPM__PUBLIC int vfiopm_get_state(const struct vfiopm_device *dev)
{
	return dev ? vfiopm__access_get_state(dev->access) : -EINVAL;
}

/* ---- entry and exit ---- */

int vfiopm__power_enter(const struct vfiopm_device *dev, int wakeup_fd)
{
	int was = vfiopm__access_begin(dev->access), r;
	uint64_t count = vfiopm__wakeup_count(wakeup_fd);

	/* Only an exit ends a plain entry. The kernel would refuse another entry, but only after
	 * waking the device. */
	if (was == VFIOPM_STATE_LOW_POWER) {
		vfiopm__trace_event(&dev->trace, VFIOPM_TRACE_SAVED,
				    wakeup_fd < 0
					    ? "VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY"
					    : "VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP",
				    -EALREADY);
		vfiopm__access_abandon(dev->access);
		return -EALREADY;
	}
	r = vfiopm__access_enter(dev->access, wakeup_fd);
	if (r < 0)
		vfiopm__access_end(dev->access, r);
	else
		vfiopm__access_end_in_state(dev->access,
					    wakeup_fd < 0 ? VFIOPM_STATE_LOW_POWER
							  : VFIOPM_STATE_LOW_POWER_WAKEUP,
					    wakeup_fd, count);
	return r;
}

int vfiopm__power_exit(struct vfiopm_device *dev)
{
	uint8_t before;
	int r;

	vfiopm__access_begin(dev->access);
	r = vfiopm__access_exit(dev->access);
	if (r < 0) {
		vfiopm__access_end(dev->access, r);
		return r;
	}
	/* A device that did not suspend is still in the D3hot of its entry. */
	if (vfiopm__dialect_needs_d3hot(dev->dialect))
		r = vfiopm__pci_memory_set_power(dev, VFIOPM__D0, &before);
	vfiopm__access_end_in_state(dev->access, VFIOPM_STATE_ACTIVE, -1, 0);
	return r;
}

int vfiopm__power_end_wake(const struct vfiopm_device *dev)
{
	int r;

	if (dev->dialect != VFIOPM_DIALECT_V4)
		return 0;
	vfiopm__access_begin(dev->access);
	r = vfiopm__access_exit(dev->access);
	vfiopm__access_abandon(dev->access);
	return r;
}

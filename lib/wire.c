// SPDX-License-Identifier: MIT
/*
 * The requests of VFIO_DEVICE_FEATURE. The functions have no side effects and make no
 * system call.
 */
#include <stddef.h>

#include "uapi.h"
#include "wire.h"

/* A header without payload. In earlier proposals of the interface feature 3 took a payload, so a
 * longer argsz could have another meaning there. */
static void header(struct vfiopm__feature *request, uint32_t flags)
{
	*request = (struct vfiopm__feature){
		.argsz = offsetof(struct vfiopm__feature, wakeup_eventfd),
		.flags = flags,
	};
}

void vfiopm__wire_probe(struct vfiopm__feature *ret_request, uint32_t feature, bool get)
{
	header(ret_request, feature | VFIO_DEVICE_FEATURE_PROBE |
				    (get ? VFIO_DEVICE_FEATURE_GET : VFIO_DEVICE_FEATURE_SET));
}

void vfiopm__wire_enter(struct vfiopm__feature *ret_request)
{
	header(ret_request, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY | VFIO_DEVICE_FEATURE_SET);
}

void vfiopm__wire_enter_wakeup(struct vfiopm__feature *ret_request, int wakeup_fd)
{
	*ret_request = (struct vfiopm__feature){
		.argsz = sizeof(*ret_request),
		.flags = VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP | VFIO_DEVICE_FEATURE_SET,
		.wakeup_eventfd = wakeup_fd,
	};
}

void vfiopm__wire_exit(struct vfiopm__feature *ret_request)
{
	header(ret_request, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT | VFIO_DEVICE_FEATURE_SET);
}

// SPDX-License-Identifier: MIT
/* The requests of VFIO_DEVICE_FEATURE. */
#include <stddef.h>

#include "uapi.h"
#include "wire.h"

/* A header without payload. In earlier proposals of the interface feature 3 took a payload, so a
 * longer argsz could have another meaning there. */
void vfiopm__wire_feature(struct vfiopm__feature *ret_request, uint32_t flags)
{
	*ret_request = (struct vfiopm__feature){
		.argsz = offsetof(struct vfiopm__feature, wakeup_eventfd),
		.flags = flags,
	};
}

void vfiopm__wire_enter_wakeup(struct vfiopm__feature *ret_request, int wakeup_fd)
{
	*ret_request = (struct vfiopm__feature){
		.argsz = sizeof(*ret_request),
		.flags = VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP | VFIO_DEVICE_FEATURE_SET,
		.wakeup_eventfd = wakeup_fd,
	};
}

/* SPDX-License-Identifier: MIT */
/* Builds the requests of VFIO_DEVICE_FEATURE for low power. Pure. */
#ifndef VFIOPM_WIRE_H
#define VFIOPM_WIRE_H

#include <stdint.h>

struct vfiopm__feature;

/* flags name the feature and the operation on it. */
void vfiopm__wire_feature(struct vfiopm__feature *ret_request, uint32_t flags);
void vfiopm__wire_enter_wakeup(struct vfiopm__feature *ret_request, int wakeup_fd);

#endif

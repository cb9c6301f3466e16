/* SPDX-License-Identifier: MIT */
/* Builds the requests of VFIO_DEVICE_FEATURE for low power. Pure. */
#ifndef VFIOPM_WIRE_H
#define VFIOPM_WIRE_H

#include <stdbool.h>
#include <stdint.h>

struct vfiopm__feature;

/* Probe whether a feature can be set or, with get, whether it can be read. */
void vfiopm__wire_probe(struct vfiopm__feature *ret_request, uint32_t feature, bool get);
void vfiopm__wire_enter(struct vfiopm__feature *ret_request);
void vfiopm__wire_enter_wakeup(struct vfiopm__feature *ret_request, int wakeup_fd);
void vfiopm__wire_exit(struct vfiopm__feature *ret_request);

#endif

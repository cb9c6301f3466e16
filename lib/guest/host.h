/* SPDX-License-Identifier: MIT */
/* The creation of the host of a guest's function. Only guest.c and tests of one part use it. */
#ifndef VFIOPM_GUEST_HOST_H
#define VFIOPM_GUEST_HOST_H

#include "parts.h"

/* ops and data must be valid until vfiopm__guest_host_end(). */
int vfiopm__guest_host_init(struct vfiopm__guest_host *host, struct vfiopm_device *dev,
			    const struct vfiopm_guest_ops *ops, void *data);
void vfiopm__guest_host_end(struct vfiopm__guest_host *host);

#endif

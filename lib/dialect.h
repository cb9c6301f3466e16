/* SPDX-License-Identifier: MIT */
/*
 * The dialects of low power: mainline (Linux 6.1), and the patches v2, v3 and v4 before it. This
 * file builds all requests of low power and knows what their results mean. Pure: no system call, no
 * memory, no lock.
 */
#ifndef VFIOPM_DIALECT_H
#define VFIOPM_DIALECT_H

#include <stdbool.h>
#include <stdint.h>

#include "uapi.h"

enum vfiopm__step { VFIOPM__STEP_ENTER, VFIOPM__STEP_ENTER_WAKEUP, VFIOPM__STEP_EXIT };

struct vfiopm__request {
	unsigned long number; /* of the ioctl */
	const char *name;     /* for the trace */
	struct vfiopm__feature body;
};

/* A probe of a feature: operation is VFIO_DEVICE_FEATURE_GET or VFIO_DEVICE_FEATURE_SET. */
void vfiopm__dialect_probe(uint32_t feature, uint32_t operation,
			   struct vfiopm__feature *ret_request);
/* The request that reads the state of v3 and v4. Its answer shows which of the two it is:
 * VFIOPM_DIALECT_V3, _V4, or _NONE if the answer does not show it. */
void vfiopm__dialect_query(struct vfiopm__feature *ret_request);
uint32_t vfiopm__dialect_of_answer(const struct vfiopm__feature *answer);

/* The features of a dialect other than mainline, whose features are probed. */
uint32_t vfiopm__dialect_features(uint32_t dialect);
/* True if the device must be in D3hot before an entry. */
bool vfiopm__dialect_needs_d3hot(uint32_t dialect);
/* wakeup_fd is for VFIOPM__STEP_ENTER_WAKEUP. Returns false if the dialect has no such request. */
bool vfiopm__dialect_request(uint32_t dialect, enum vfiopm__step step, int wakeup_fd,
			     struct vfiopm__request *ret_request);
/* The meaning of what that ioctl returned: 0 or -errno. */
int vfiopm__dialect_result(uint32_t dialect, enum vfiopm__step step, int result);

#endif

// SPDX-License-Identifier: MIT
/* The requests of low power in each dialect, and what their results mean. */
#include <errno.h>
#include <stddef.h>

#include <vfiopm/power.h>

#include "dialect.h"

#define HEADER_SIZE offsetof(struct vfiopm__feature, state)

/* ---- detection ---- */

void vfiopm__dialect_probe(uint32_t feature, uint32_t operation,
			   struct vfiopm__feature *ret_request)
{
	*ret_request = (struct vfiopm__feature){
		.argsz = HEADER_SIZE,
		.flags = feature | operation | VFIO_DEVICE_FEATURE_PROBE,
	};
}

void vfiopm__dialect_query(struct vfiopm__feature *ret_request)
{
	*ret_request = (struct vfiopm__feature){
		.argsz = sizeof(*ret_request),
		.flags = VFIOPM__FEATURE_POWER_MANAGEMENT | VFIO_DEVICE_FEATURE_GET,
		/* No dialect answers this, so an answer that is missing is noticed. */
		.state = UINT64_MAX,
	};
}

uint32_t vfiopm__dialect_of_answer(const struct vfiopm__feature *answer)
{
	if (answer->state == 0)
		return VFIOPM_DIALECT_V3;
	/* ENTER alone is also the state 1 of v3 on a little-endian machine. No SET can show which
	 * one it is without a change of the state in one of the two. */
	switch (answer->reserved == 0 ? answer->pm_flags : 0) {
	case VFIOPM__PM_LOW_POWER_EXIT:
	case VFIOPM__PM_LOW_POWER_EXIT | VFIOPM__PM_LOW_POWER_REENTERY_DISABLE:
	case VFIOPM__PM_LOW_POWER_ENTER | VFIOPM__PM_LOW_POWER_REENTERY_DISABLE:
		return VFIOPM_DIALECT_V4;
	default:
		return VFIOPM_DIALECT_NONE;
	}
}

/* ---- properties ---- */

uint32_t vfiopm__dialect_features(uint32_t dialect)
{
	switch (dialect) {
	case VFIOPM_DIALECT_V2:
	case VFIOPM_DIALECT_V3:
		return VFIOPM_FEATURE_ENTER | VFIOPM_FEATURE_EXIT;
	case VFIOPM_DIALECT_V4:
		return VFIOPM_FEATURE_ENTER | VFIOPM_FEATURE_ENTER_ONCE | VFIOPM_FEATURE_EXIT;
	default:
		return 0;
	}
}

bool vfiopm__dialect_needs_d3hot(uint32_t dialect)
{
	return dialect == VFIOPM_DIALECT_V2 || dialect == VFIOPM_DIALECT_V3;
}

/* ---- entry and exit ---- */

/* The entry and the exit have no payload. v4 refuses an argsz without payload, so it never takes
 * one of these requests for its own. */
static void build_mainline(enum vfiopm__step step, int wakeup_fd,
			   struct vfiopm__request *ret_request)
{
	static const struct {
		uint32_t feature, argsz;
		const char *name;
	} steps[] = {
		{ VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, HEADER_SIZE,
		  "VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY" },
		{ VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP, sizeof(struct vfiopm__feature),
		  "VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP" },
		{ VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, HEADER_SIZE,
		  "VFIO_DEVICE_FEATURE_LOW_POWER_EXIT" },
	};

	ret_request->name = steps[step].name;
	ret_request->body.argsz = steps[step].argsz;
	ret_request->body.flags = steps[step].feature | VFIO_DEVICE_FEATURE_SET;
	if (step == VFIOPM__STEP_ENTER_WAKEUP)
		ret_request->body.wakeup_eventfd = wakeup_fd;
}

bool vfiopm__dialect_request(uint32_t dialect, enum vfiopm__step step, int wakeup_fd,
			     struct vfiopm__request *ret_request)
{
	static const uint32_t v4_flags[] = {
		VFIOPM__PM_LOW_POWER_ENTER,
		VFIOPM__PM_LOW_POWER_ENTER | VFIOPM__PM_LOW_POWER_REENTERY_DISABLE,
		VFIOPM__PM_LOW_POWER_EXIT,
	};

	*ret_request = (struct vfiopm__request){
		.number = VFIO_DEVICE_FEATURE,
		.name = "VFIO_DEVICE_FEATURE_POWER_MANAGEMENT",
		.body = { .argsz = sizeof(ret_request->body),
			  .flags = VFIOPM__FEATURE_POWER_MANAGEMENT | VFIO_DEVICE_FEATURE_SET },
	};
	switch (dialect) {
	case VFIOPM_DIALECT_MAINLINE:
		build_mainline(step, wakeup_fd, ret_request);
		return true;
	case VFIOPM_DIALECT_V4:
		ret_request->body.pm_flags = v4_flags[step];
		return true;
	case VFIOPM_DIALECT_V3:
		ret_request->body.state = step == VFIOPM__STEP_ENTER;
		return step != VFIOPM__STEP_ENTER_WAKEUP;
	case VFIOPM_DIALECT_V2:
		/* struct vfio_power_management: argsz and d3cold_state. Since 6.6 the number is that
		 * of BIND_IOMMUFD, which reads 16 bytes and refuses this argsz (device_cdev.c,
		 * vfio_df_ioctl_bind_iommufd()). */
		ret_request->number = VFIOPM__DEVICE_POWER_MANAGEMENT;
		ret_request->name = "VFIO_DEVICE_POWER_MANAGEMENT";
		ret_request->body.argsz = HEADER_SIZE;
		ret_request->body.flags = step == VFIOPM__STEP_ENTER;
		return step != VFIOPM__STEP_ENTER_WAKEUP;
	default:
		return false;
	}
}

int vfiopm__dialect_result(uint32_t dialect, enum vfiopm__step step, int result)
{
	/* v2 and v3 return a positive EINVAL. */
	if (result > 0)
		result = result == EINVAL && vfiopm__dialect_needs_d3hot(dialect) ? -EINVAL
										  : -EPROTO;
	/* v3 and v4 refuse the exit of a device that is not in low power, and nothing else. */
	if (result == -EINVAL && step == VFIOPM__STEP_EXIT &&
	    (dialect == VFIOPM_DIALECT_V3 || dialect == VFIOPM_DIALECT_V4))
		return 0;
	return result;
}

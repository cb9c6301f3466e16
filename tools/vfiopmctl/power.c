// SPDX-License-Identifier: MIT
/* The power of a device: its values in sysfs, and their names. */
#include <errno.h>

#include <json-c/json.h>

#include "ctl.h"

/* -1 if the attribute does not exist, or if its value is unknown to the library. */
static int64_t value_of(const struct vfiopm_discover_device *device,
			int (*get)(const struct vfiopm_discover_device *device,
				   uint32_t *ret_value))
{
	uint32_t value;

	return get(device, &value) == 0 ? (int64_t)value : -1;
}

struct ctl_power ctl_power_of(const struct vfiopm_discover_device *device)
{
	uint32_t status;
	uint64_t ms;

	return (struct ctl_power){
		.gone = vfiopm_discover_device_get_runtime_status(device, &status) == -ENODEV,
		.state = value_of(device, vfiopm_discover_device_get_power_state),
		.status = value_of(device, vfiopm_discover_device_get_runtime_status),
		.control = value_of(device, vfiopm_discover_device_get_control),
		.d3cold_allowed = value_of(device, vfiopm_discover_device_get_d3cold_allowed),
		.suspended_ms = vfiopm_discover_device_get_suspended_time(device, &ms) == 0
					? (int64_t)ms
					: -1,
	};
}

static const char *or_unknown(const char *name)
{
	return name ? name : "?";
}

const char *ctl_state_name(const struct ctl_power *power)
{
	return or_unknown(vfiopm_readout_power_state_name((uint32_t)power->state));
}

const char *ctl_status_name(const struct ctl_power *power)
{
	return power->gone
		       ? "gone"
		       : or_unknown(vfiopm_readout_runtime_status_name((uint32_t)power->status));
}

const char *ctl_control_name(const struct ctl_power *power)
{
	return or_unknown(vfiopm_readout_control_name((uint32_t)power->control));
}

struct json_object *ctl_power_json(const struct ctl_power *power)
{
	struct json_object *object = json_object_new_object();

	ctl_json_add_text(object, "power_state",
			  vfiopm_readout_power_state_name((uint32_t)power->state));
	ctl_json_add_text(object, "runtime_status",
			  vfiopm_readout_runtime_status_name((uint32_t)power->status));
	ctl_json_add_text(object, "control", vfiopm_readout_control_name((uint32_t)power->control));
	if (power->d3cold_allowed < 0)
		ctl_json_add_null(object, "d3cold_allowed");
	else
		ctl_json_add_bool(object, "d3cold_allowed", power->d3cold_allowed);
	if (power->suspended_ms < 0)
		ctl_json_add_null(object, "suspended_ms");
	else
		ctl_json_add_number(object, "suspended_ms", power->suspended_ms);
	return object;
}

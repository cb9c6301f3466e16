// SPDX-License-Identifier: MIT
/* vfiopmctl list: one line for each device that is bound to a VFIO driver, or for all. */
#include <inttypes.h>
#include <stdio.h>

#include <json-c/json.h>

#include "ctl.h"

static void print_line(const struct vfiopm_discover_device *device)
{
	const char *address = "", *driver = "-", *vendor = "", *name = "";
	struct ctl_power power = ctl_power_of(device);
	uint32_t vendor_id = 0, device_id = 0, group;
	char group_text[16] = "-";

	vfiopm_discover_device_get_address(device, &address);
	vfiopm_discover_device_get_driver(device, &driver);
	vfiopm_discover_device_get_vendor_id(device, &vendor_id);
	vfiopm_discover_device_get_device_id(device, &device_id);
	vfiopm_discover_device_get_vendor_name(device, &vendor);
	vfiopm_discover_device_get_device_name(device, &name);
	if (vfiopm_discover_device_get_group(device, &group) == 0)
		snprintf(group_text, sizeof(group_text), "%" PRIu32, group);
	printf("%-12s  %04" PRIx32 ":%04" PRIx32 "  %-5s  %-10s  %-7s  %-14s  %s%s%s\n", address,
	       vendor_id, device_id, group_text, ctl_status_name(&power), ctl_state_name(&power),
	       driver, vendor[0] || name[0] ? vendor : "-", vendor[0] && name[0] ? ", " : "", name);
}

static void print_text(const struct vfiopm_discover_list *list, uint32_t count)
{
	const struct vfiopm_discover_device *device;

	printf("%-12s  %-9s  %-5s  %-10s  %-7s  %-14s  %s\n", "ADDRESS", "ID", "GROUP", "STATUS",
	       "STATE", "DRIVER", "NAME");
	for (uint32_t i = 0; i < count; i++) {
		if (vfiopm_discover_list_get_device(list, i, &device) == 0)
			print_line(device);
	}
}

static void print_json(const struct vfiopm_discover_list *list, uint32_t count)
{
	struct json_object *document = json_object_new_object(), *devices = json_object_new_array();
	const struct vfiopm_discover_device *device;

	for (uint32_t i = 0; i < count; i++) {
		if (vfiopm_discover_list_get_device(list, i, &device) == 0)
			json_object_array_add(devices, ctl_device_json(device));
	}
	ctl_json_add(document, "devices", devices);
	ctl_json_print(document);
}

int ctl_list(const struct ctl_options *options)
{
	struct vfiopm_discover_list *list;
	int status = CTL_OK;
	uint32_t count = 0;
	int r = vfiopm_discover_list_new(options->all ? VFIOPM_DISCOVER_ALL : VFIOPM_DISCOVER_VFIO,
					 &list);

	if (r < 0)
		return ctl_fail_list(r);
	vfiopm_discover_list_get_count(list, &count);
	if (count == 0)
		status = ctl_report_no_devices(options->all);
	if (options->json && status == CTL_OK)
		print_json(list, count);
	else if (count > 0)
		print_text(list, count);
	vfiopm_discover_list_free(list);
	return status;
}

// SPDX-License-Identifier: MIT
/* vfiopmctl show: everything about a device that can be read without waking it. */
#include <inttypes.h>
#include <stdio.h>

#include <json-c/json.h>

#include "ctl.h"

/* What the device is. A text that it does not have is NULL. */
struct identity {
	const char *address, *vendor, *name, *driver, *group_node, *cdev_node;
	uint32_t vendor_id, device_id, class, group, member_count;
	bool vfio, has_group;
};

static struct identity identity_of(const struct vfiopm_discover_device *device)
{
	struct identity identity = { .address = "" };

	vfiopm_discover_device_get_address(device, &identity.address);
	vfiopm_discover_device_get_vendor_id(device, &identity.vendor_id);
	vfiopm_discover_device_get_device_id(device, &identity.device_id);
	vfiopm_discover_device_get_class(device, &identity.class);
	vfiopm_discover_device_get_vendor_name(device, &identity.vendor);
	vfiopm_discover_device_get_device_name(device, &identity.name);
	vfiopm_discover_device_get_driver(device, &identity.driver);
	identity.vfio = vfiopm_discover_device_is_vfio(device) == 1;
	identity.has_group = vfiopm_discover_device_get_group(device, &identity.group) == 0;
	vfiopm_discover_device_get_member_count(device, &identity.member_count);
	vfiopm_discover_device_get_group_node(device, &identity.group_node);
	vfiopm_discover_device_get_cdev_node(device, &identity.cdev_node);
	return identity;
}

/* ---- JSON ---- */

static void add_id(struct json_object *object, const char *key, uint32_t id, int digits)
{
	char text[16];

	snprintf(text, sizeof(text), "%0*" PRIx32, digits, id);
	ctl_json_add_text(object, key, text);
}

static struct json_object *members_json(const struct vfiopm_discover_device *device, uint32_t count)
{
	struct json_object *members = json_object_new_array();
	const char *name;

	for (uint32_t i = 0; i < count; i++) {
		if (vfiopm_discover_device_get_member(device, i, &name) == 0)
			json_object_array_add(members, json_object_new_string(name));
	}
	return members;
}

struct json_object *ctl_device_json(const struct vfiopm_discover_device *device)
{
	struct json_object *object = json_object_new_object();
	struct identity identity = identity_of(device);
	struct ctl_power power = ctl_power_of(device);

	ctl_json_add_text(object, "address", identity.address);
	add_id(object, "vendor_id", identity.vendor_id, 4);
	add_id(object, "device_id", identity.device_id, 4);
	add_id(object, "class", identity.class, 6);
	ctl_json_add_text(object, "vendor_name", identity.vendor);
	ctl_json_add_text(object, "device_name", identity.name);
	ctl_json_add_text(object, "driver", identity.driver);
	ctl_json_add_bool(object, "vfio", identity.vfio);
	if (identity.has_group)
		ctl_json_add_number(object, "iommu_group", identity.group);
	else
		ctl_json_add_null(object, "iommu_group");
	ctl_json_add(object, "group_members", members_json(device, identity.member_count));
	ctl_json_add_text(object, "group_node", identity.group_node);
	ctl_json_add_text(object, "cdev_node", identity.cdev_node);
	ctl_json_add(object, "power", ctl_power_json(&power));
	return object;
}

/* ---- text ---- */

static const char *or_none(const char *text)
{
	return text ? text : "none";
}

static void print_identity(const struct identity *identity)
{
	printf("%s  %04" PRIx32 ":%04" PRIx32 "  class %06" PRIx32 "\n", identity->address,
	       identity->vendor_id, identity->device_id, identity->class);
	if (identity->vendor || identity->name)
		printf("  name          %s%s%s\n", identity->vendor ? identity->vendor : "",
		       identity->vendor && identity->name ? ", " : "",
		       identity->name ? identity->name : "");
	printf("  driver        %s%s\n", or_none(identity->driver),
	       identity->vfio	  ? ", a VFIO driver"
	       : identity->driver ? ", not a VFIO driver"
				  : "");
}

static void print_group(const struct vfiopm_discover_device *device,
			const struct identity *identity)
{
	const char *name;

	if (!identity->has_group) {
		printf("  IOMMU group   none\n");
		return;
	}
	printf("  IOMMU group   %" PRIu32, identity->group);
	for (uint32_t i = 0; i < identity->member_count; i++) {
		if (vfiopm_discover_device_get_member(device, i, &name) == 0)
			printf("%s%s", i == 0 ? ", with " : ", ", name);
	}
	printf("\n  nodes         %s%s%s\n", or_none(identity->group_node),
	       identity->cdev_node ? ", " : "", identity->cdev_node ? identity->cdev_node : "");
}

static void print_power(const struct vfiopm_discover_device *device)
{
	struct ctl_power power = ctl_power_of(device);

	printf("  power state   %s\n", ctl_state_name(&power));
	printf("  runtime PM    %s, control %s\n", ctl_status_name(&power),
	       ctl_control_name(&power));
	printf("  D3cold        %s\n", power.d3cold_allowed < 0 ? "?"
				       : power.d3cold_allowed	? "allowed"
								: "not allowed");
	if (power.suspended_ms >= 0)
		printf("  suspended     for %" PRId64 " ms since the device was found\n",
		       power.suspended_ms);
}

int ctl_show(const struct ctl_options *options)
{
	struct vfiopm_discover_device *device;
	struct identity identity;
	int r = vfiopm_discover_device_new(options->devices[0], &device);

	if (r < 0)
		return ctl_fail_lookup(options->devices[0], r);
	if (options->json) {
		ctl_json_print(ctl_device_json(device));
	} else {
		identity = identity_of(device);
		print_identity(&identity);
		print_group(device, &identity);
		print_power(device);
	}
	vfiopm_discover_device_free(device);
	return CTL_OK;
}

// SPDX-License-Identifier: MIT
/* vfiopmctl show: all that is known of a device without waking it. */
#include <inttypes.h>
#include <stdio.h>

#include <json-c/json.h>

#include "ctl.h"

/* What it is; NULL and 0 for what it has not. */
struct facts {
	const char *address, *vendor, *name, *driver, *group_node, *cdev_node;
	uint32_t vendor_id, device_id, class, group, member_count;
	bool vfio, has_group;
};

static struct facts facts_of(const struct vfiopm_discover_device *device)
{
	struct facts facts = { .address = "" };

	vfiopm_discover_device_get_address(device, &facts.address);
	vfiopm_discover_device_get_vendor_id(device, &facts.vendor_id);
	vfiopm_discover_device_get_device_id(device, &facts.device_id);
	vfiopm_discover_device_get_class(device, &facts.class);
	vfiopm_discover_device_get_vendor_name(device, &facts.vendor);
	vfiopm_discover_device_get_device_name(device, &facts.name);
	vfiopm_discover_device_get_driver(device, &facts.driver);
	facts.vfio = vfiopm_discover_device_is_vfio(device) == 1;
	facts.has_group = vfiopm_discover_device_get_group(device, &facts.group) == 0;
	vfiopm_discover_device_get_member_count(device, &facts.member_count);
	vfiopm_discover_device_get_group_node(device, &facts.group_node);
	vfiopm_discover_device_get_cdev_node(device, &facts.cdev_node);
	return facts;
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
	struct facts facts = facts_of(device);
	struct ctl_power power = ctl_power_of(device);

	ctl_json_add_text(object, "address", facts.address);
	add_id(object, "vendor_id", facts.vendor_id, 4);
	add_id(object, "device_id", facts.device_id, 4);
	add_id(object, "class", facts.class, 6);
	ctl_json_add_text(object, "vendor_name", facts.vendor);
	ctl_json_add_text(object, "device_name", facts.name);
	ctl_json_add_text(object, "driver", facts.driver);
	ctl_json_add_bool(object, "vfio", facts.vfio);
	if (facts.has_group)
		ctl_json_add_number(object, "iommu_group", facts.group);
	else
		ctl_json_add_null(object, "iommu_group");
	ctl_json_add(object, "group_members", members_json(device, facts.member_count));
	ctl_json_add_text(object, "group_node", facts.group_node);
	ctl_json_add_text(object, "cdev_node", facts.cdev_node);
	ctl_json_add(object, "power", ctl_power_json(&power));
	return object;
}

/* ---- text ---- */

static const char *or_none(const char *text)
{
	return text ? text : "none";
}

static void print_identity(const struct facts *facts)
{
	printf("%s  %04" PRIx32 ":%04" PRIx32 "  class %06" PRIx32 "\n", facts->address,
	       facts->vendor_id, facts->device_id, facts->class);
	if (facts->vendor || facts->name)
		printf("  name          %s%s%s\n", facts->vendor ? facts->vendor : "",
		       facts->vendor && facts->name ? ", " : "", facts->name ? facts->name : "");
	printf("  driver        %s%s\n", or_none(facts->driver),
	       facts->vfio     ? ", a VFIO driver"
	       : facts->driver ? ", not a VFIO driver"
			       : "");
}

static void print_group(const struct vfiopm_discover_device *device, const struct facts *facts)
{
	const char *name;

	if (!facts->has_group) {
		printf("  IOMMU group   none\n");
		return;
	}
	printf("  IOMMU group   %" PRIu32, facts->group);
	for (uint32_t i = 0; i < facts->member_count; i++) {
		if (vfiopm_discover_device_get_member(device, i, &name) == 0)
			printf("%s%s", i == 0 ? ", with " : ", ", name);
	}
	printf("\n  nodes         %s%s%s\n", or_none(facts->group_node),
	       facts->cdev_node ? ", " : "", facts->cdev_node ? facts->cdev_node : "");
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
		printf("  suspended     %" PRId64 " ms so far\n", power.suspended_ms);
}

int ctl_show(const struct ctl_options *options)
{
	struct vfiopm_discover_device *device;
	struct facts facts;
	int r = vfiopm_discover_device_new(options->devices[0], &device);

	if (r < 0)
		return ctl_fail_lookup(options->devices[0], r);
	if (options->json) {
		ctl_json_print(ctl_device_json(device));
	} else {
		facts = facts_of(device);
		print_identity(&facts);
		print_group(device, &facts);
		print_power(device);
	}
	vfiopm_discover_device_free(device);
	return CTL_OK;
}

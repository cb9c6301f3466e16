// SPDX-License-Identifier: MIT
/* vfiopmctl doctor: why a device is not in D3cold, or cannot reach it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "ctl.h"
#include "diagnosis.h"

/* ---- output ---- */

static bool is_suspended(const struct diagnosis *diagnosis)
{
	return strcmp(diagnosis->facts.nodes[0].status, "suspended") == 0;
}

static const char *verdict_of(const struct diagnosis *diagnosis)
{
	if (diagnosis->count > 0)
		return "blocked";
	if (facts_is_in_d3cold(&diagnosis->facts))
		return "in-d3cold";
	return is_suspended(diagnosis) ? "suspended" : "awake";
}

static void print_state(const struct diagnosis *diagnosis)
{
	const struct node_facts *device = &diagnosis->facts.nodes[0];
	bool by_name =
		strcmp(device->state, "D3cold") == 0 && !facts_is_in_d3cold(&diagnosis->facts);

	printf("%s is %s, %s%s.\n", device->address,
	       device->status[0] ? device->status : "in an unknown state",
	       device->state[0] ? device->state : "power state unknown",
	       by_name ? " by name, but the power is on" : "");
}

static void print_verdict(const struct diagnosis *diagnosis)
{
	bool is_cold = facts_is_in_d3cold(&diagnosis->facts);

	if (diagnosis->count > 0 && is_cold)
		printf("The device is in D3cold now, but this blocks a VMM:\n");
	else if (diagnosis->count > 1)
		printf("D3cold is blocked by the following; fix the first one first:\n");
	else if (diagnosis->count > 0)
		printf("D3cold is blocked by the following:\n");
	else if (is_cold)
		printf("The device is in D3cold. Nothing blocks it.\n");
	else if (is_suspended(diagnosis))
		printf("No cause was found that blocks D3cold. The device may reach it soon.\n");
	else
		printf("No cause was found that keeps the device awake. It may have been resumed "
		       "just now; run doctor again.\n");
}

static void print_text(const struct diagnosis *diagnosis)
{
	print_state(diagnosis);
	print_verdict(diagnosis);
	for (unsigned i = 0; i < diagnosis->count; i++) {
		const struct finding *finding = &diagnosis->findings[i];

		printf("\n%u. %s  [%s]\n   where: %s\n   why:   %s\n   do:    %s\n", i + 1,
		       finding->what, finding->id, finding->where, finding->why, finding->fix);
	}
	if (diagnosis->unknown_count > 0)
		printf("\nUnknown:\n");
	for (unsigned i = 0; i < diagnosis->unknown_count; i++)
		printf(" - %s\n", diagnosis->unknown[i]);
}

static struct json_object *finding_json(const struct finding *finding)
{
	struct json_object *object = json_object_new_object();

	ctl_json_add_text(object, "id", finding->id);
	ctl_json_add_text(object, "what", finding->what);
	ctl_json_add_text(object, "where", finding->where);
	ctl_json_add_text(object, "why", finding->why);
	ctl_json_add_text(object, "do", finding->fix);
	return object;
}

static struct json_object *supply_json(const struct device_facts *facts)
{
	enum supply supply = facts_get_supply(facts);

	return supply == SUPPLY_UNKNOWN ? NULL : json_object_new_boolean(supply == SUPPLY_ON);
}

static void print_json(const struct diagnosis *diagnosis)
{
	struct json_object *document = json_object_new_object(),
			   *findings = json_object_new_array(), *unknown = json_object_new_array();
	const struct device_facts *facts = &diagnosis->facts;
	const struct node_facts *device = &facts->nodes[0];
	const char *platform_state = facts_get_platform_state(facts);

	ctl_json_add_text(document, "address", device->address);
	ctl_json_add_text(document, "verdict", verdict_of(diagnosis));
	ctl_json_add_text(document, "power_state", device->state[0] ? device->state : NULL);
	ctl_json_add_text(document, "runtime_status", device->status[0] ? device->status : NULL);
	ctl_json_add_text(document, "platform_power_state",
			  platform_state[0] ? platform_state : NULL);
	ctl_json_add(document, "power_is_on", supply_json(facts));
	for (unsigned i = 0; i < diagnosis->count; i++)
		json_object_array_add(findings, finding_json(&diagnosis->findings[i]));
	ctl_json_add(document, "findings", findings);
	for (unsigned i = 0; i < diagnosis->unknown_count; i++)
		json_object_array_add(unknown, json_object_new_string(diagnosis->unknown[i]));
	ctl_json_add(document, "unknown", unknown);
	ctl_json_print(document);
}

/* ---- the command ---- */

/* This wakes the device. It fails if another process has the device open. */
static void probe_feature(struct diagnosis *diagnosis, const char *address)
{
	struct vfiopm_device *dev;
	uint32_t features = 0;
	int r = vfiopm_device_open(address, &dev);

	if (r < 0) {
		/* EINVAL: see fail_invalid() in failure.c. */
		diagnosis->probe_failure =
			r == -EINVAL ? "it is in use, or its IOMMU is not supported" : strerror(-r);
		return;
	}
	vfiopm_get_features(dev, &features);
	vfiopm_device_free(dev);
	diagnosis->is_probed = true;
	diagnosis->has_feature = features & VFIOPM_FEATURE_ENTER;
}

/* A port is suspended 100 ms after the last device behind it (drivers/pci/pcie/portdrv.c), and
 * the platform switches the power off after that. */
static bool may_reach_d3cold_soon(const struct diagnosis *diagnosis)
{
	return is_suspended(diagnosis) && !facts_is_in_d3cold(&diagnosis->facts);
}

static int read_facts(struct diagnosis *diagnosis, const struct vfiopm_discover_device *device)
{
	const struct timespec half_a_second = { .tv_nsec = 500000000 };
	const char *address = NULL, *group_node = NULL, *cdev_node = NULL;
	uint32_t group;
	int r;

	vfiopm_discover_device_get_address(device, &address);
	vfiopm_discover_device_get_group_node(device, &group_node);
	vfiopm_discover_device_get_cdev_node(device, &cdev_node);
	diagnosis->is_vfio = vfiopm_discover_device_is_vfio(device) == 1;
	diagnosis->has_group = vfiopm_discover_device_get_group(device, &group) == 0;
	r = facts_read(&diagnosis->facts, address, group_node, cdev_node);
	if (r < 0 || !may_reach_d3cold_soon(diagnosis))
		return r;
	nanosleep(&half_a_second, NULL);
	return facts_read(&diagnosis->facts, address, group_node, cdev_node);
}

int ctl_doctor(const struct ctl_options *options)
{
	struct vfiopm_discover_device *device;
	static struct diagnosis diagnosis;
	int r;

	r = vfiopm_discover_device_new(options->devices[0], &device);
	if (r < 0)
		return ctl_fail_lookup(options->devices[0], r);
	r = read_facts(&diagnosis, device);
	if (r == 0 && options->open && diagnosis.is_vfio)
		probe_feature(&diagnosis, options->devices[0]);
	vfiopm_discover_device_free(device);
	if (r < 0)
		return ctl_fail_lookup(options->devices[0], r);
	diagnose(&diagnosis);
	if (options->json)
		print_json(&diagnosis);
	else
		print_text(&diagnosis);
	return diagnosis.count == 0 &&
			       (is_suspended(&diagnosis) || facts_is_in_d3cold(&diagnosis.facts))
		       ? CTL_OK
		       : CTL_AWAKE;
}

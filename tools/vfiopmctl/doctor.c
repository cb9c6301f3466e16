// SPDX-License-Identifier: MIT
/* vfiopmctl doctor: why a device is not in D3cold, or would not get there. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "ctl.h"
#include "diagnosis.h"

/* ---- telling ---- */

static bool is_suspended(const struct diagnosis *diagnosis)
{
	return strcmp(diagnosis->facts.nodes[0].status, "suspended") == 0;
}

static const char *verdict_of(const struct diagnosis *diagnosis)
{
	if (diagnosis->count > 0)
		return "blocked";
	if (facts_is_cold(&diagnosis->facts))
		return "in-d3cold";
	return is_suspended(diagnosis) ? "suspended" : "awake";
}

static void print_state(const struct diagnosis *diagnosis)
{
	const struct fact_node *device = &diagnosis->facts.nodes[0];
	bool by_name = strcmp(device->state, "D3cold") == 0 && !facts_is_cold(&diagnosis->facts);

	printf("%s is %s, %s%s.\n", device->address,
	       device->status[0] ? device->status : "in an unknown state",
	       device->state[0] ? device->state : "power state unknown",
	       by_name ? " by name, but its power is on" : "");
}

static void print_verdict(const struct diagnosis *diagnosis)
{
	if (diagnosis->count > 0 && facts_is_cold(&diagnosis->facts))
		printf("It is in D3cold now; this stands in a VMM's way:\n");
	else if (diagnosis->count > 0)
		printf("%s of D3cold; mend the first first:\n",
		       diagnosis->count == 1 ? "One thing stands in the way"
					     : "These stand in the way");
	else if (facts_is_cold(&diagnosis->facts))
		printf("It is in D3cold; nothing stands in its way.\n");
	else if (is_suspended(diagnosis))
		printf("Nothing was found that stands in the way of D3cold; it may be on its way "
		       "there.\n");
	else
		printf("Nothing was found that keeps it awake; it may just have been resumed. Look "
		       "again.\n");
}

static void print_text(const struct diagnosis *diagnosis)
{
	print_state(diagnosis);
	print_verdict(diagnosis);
	for (unsigned i = 0; i < diagnosis->count; i++) {
		const struct finding *finding = &diagnosis->findings[i];

		printf("\n%u. %s  [%s]\n   read:  %s\n   why:   %s\n   do:    %s\n", i + 1,
		       finding->what, finding->id, finding->where, finding->why, finding->fix);
	}
	if (diagnosis->unknown_count > 0)
		printf("\nCould not see:\n");
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

static struct json_object *power_json(const struct facts *facts)
{
	enum fact_power power = facts_power(facts);

	return power == FACT_POWER_UNKNOWN ? NULL : json_object_new_boolean(power == FACT_POWER_ON);
}

static void print_json(const struct diagnosis *diagnosis)
{
	struct json_object *document = json_object_new_object(),
			   *findings = json_object_new_array(), *unknown = json_object_new_array();
	const struct facts *facts = &diagnosis->facts;
	const struct fact_node *device = &facts->nodes[0];
	const char *platform_state = facts_platform_state(facts);

	ctl_json_add_text(document, "address", device->address);
	ctl_json_add_text(document, "verdict", verdict_of(diagnosis));
	ctl_json_add_text(document, "power_state", device->state[0] ? device->state : NULL);
	ctl_json_add_text(document, "runtime_status", device->status[0] ? device->status : NULL);
	ctl_json_add_text(document, "platform_power_state",
			  platform_state[0] ? platform_state : NULL);
	ctl_json_add(document, "power_is_on", power_json(facts));
	for (unsigned i = 0; i < diagnosis->count; i++)
		json_object_array_add(findings, finding_json(&diagnosis->findings[i]));
	ctl_json_add(document, "findings", findings);
	for (unsigned i = 0; i < diagnosis->unknown_count; i++)
		json_object_array_add(unknown, json_object_new_string(diagnosis->unknown[i]));
	ctl_json_add(document, "unknown", unknown);
	ctl_json_print(document);
}

/* ---- the command ---- */

/* Only if the user lets it: this wakes the device. One that another has open cannot be asked. */
static void ask_feature(struct diagnosis *diagnosis, const char *address)
{
	struct vfiopm_device *dev;
	uint32_t features = 0;
	int r = vfiopm_device_open(address, &dev);

	if (r < 0) {
		/* EINVAL: see say.c. */
		diagnosis->unasked =
			r == -EINVAL ? "it is in use, or its IOMMU cannot be used" : strerror(-r);
		return;
	}
	vfiopm_get_features(dev, &features);
	vfiopm_device_free(dev);
	diagnosis->asked = true;
	diagnosis->has_feature = features & VFIOPM_FEATURE_ENTER;
}

/* A port follows the devices behind it after 100 ms (drivers/pci/pcie/portdrv.c), and the firmware
 * the port. */
static bool is_perhaps_on_its_way(const struct diagnosis *diagnosis)
{
	return is_suspended(diagnosis) && !facts_is_cold(&diagnosis->facts);
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
	diagnosis->vfio = vfiopm_discover_device_is_vfio(device) == 1;
	diagnosis->has_group = vfiopm_discover_device_get_group(device, &group) == 0;
	r = facts_read(&diagnosis->facts, address, group_node, cdev_node);
	if (r < 0 || !is_perhaps_on_its_way(diagnosis))
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
	if (r == 0 && options->open && diagnosis.vfio)
		ask_feature(&diagnosis, options->devices[0]);
	vfiopm_discover_device_free(device);
	if (r < 0)
		return ctl_fail_lookup(options->devices[0], r);
	diagnose(&diagnosis);
	if (options->json)
		print_json(&diagnosis);
	else
		print_text(&diagnosis);
	return diagnosis.count == 0 && (is_suspended(&diagnosis) || facts_is_cold(&diagnosis.facts))
		       ? CTL_OK
		       : CTL_AWAKE;
}

// SPDX-License-Identifier: MIT
/* vfiopmctl probe: what VFIO supports for a device. It opens the device, which wakes it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <json-c/json.h>

#include "ctl.h"

static const struct {
	uint32_t bit;
	const char *name;
} features[] = {
	{ VFIOPM_FEATURE_ENTER, "enter" },
	{ VFIOPM_FEATURE_ENTER_WAKEUP, "enter_wakeup" },
	{ VFIOPM_FEATURE_EXIT, "exit" },
	{ VFIOPM_FEATURE_ENTER_ONCE, "enter_once" },
};

static const char *const dialects[] = {
	[VFIOPM_DIALECT_NONE] = "none", [VFIOPM_DIALECT_MAINLINE] = "mainline",
	[VFIOPM_DIALECT_V2] = "v2",	[VFIOPM_DIALECT_V3] = "v3",
	[VFIOPM_DIALECT_V4] = "v4",
};

static const struct {
	uint32_t index;
	const char *name;
} indexes[] = {
	{ VFIOPM_IRQ_INTX, "INTx" }, { VFIOPM_IRQ_MSI, "MSI" }, { VFIOPM_IRQ_MSIX, "MSI-X" },
	{ VFIOPM_IRQ_ERR, "ERR" },   { VFIOPM_IRQ_REQ, "REQ" },
};

#define FEATURES (sizeof(features) / sizeof(features[0]))
#define INDEXES	 (sizeof(indexes) / sizeof(indexes[0]))

static void print_json(const char *address, const char *dialect, uint32_t has,
		       const uint32_t *counts)
{
	struct json_object *document = json_object_new_object(),
			   *vectors = json_object_new_object(),
			   *low_power = json_object_new_object();

	ctl_json_add_text(document, "address", address);
	for (size_t i = 0; i < FEATURES; i++)
		ctl_json_add_bool(low_power, features[i].name, has & features[i].bit);
	ctl_json_add(document, "low_power", low_power);
	ctl_json_add_text(document, "dialect", dialect);
	for (size_t i = 0; i < INDEXES; i++)
		ctl_json_add_number(vectors, indexes[i].name, counts[i]);
	ctl_json_add(document, "vectors", vectors);
	ctl_json_print(document);
}

static void print_text(const char *address, const char *dialect, uint32_t has,
		       const uint32_t *counts)
{
	printf("%s\n  low power    ", address);
	for (size_t i = 0; i < FEATURES; i++) {
		/* Only the dialect v4 has it. */
		if (features[i].bit == VFIOPM_FEATURE_ENTER_ONCE && !(has & features[i].bit))
			continue;
		printf(" %s%s", has & features[i].bit ? "" : "no ", features[i].name);
	}
	printf("\n  dialect       %s\n  vectors      ", dialect);
	for (size_t i = 0; i < INDEXES; i++)
		printf(" %s %" PRIu32, indexes[i].name, counts[i]);
	printf("\n");
}

int ctl_probe(const struct ctl_options *options)
{
	const char *address = options->devices[0], *dialect;
	uint32_t has = 0, counts[INDEXES] = { 0 };
	struct vfiopm_device *dev;
	int r = vfiopm_device_open(address, &dev);

	if (r < 0)
		return ctl_fail_open(address, r);
	vfiopm_device_get_address(dev, &address);
	vfiopm_get_features(dev, &has);
	dialect = dialects[vfiopm_get_dialect(dev)];
	for (size_t i = 0; i < INDEXES; i++)
		vfiopm_irq_get_count(dev, indexes[i].index, &counts[i]);
	if (options->json)
		print_json(address, dialect, has, counts);
	else
		print_text(address, dialect, has, counts);
	if (!(has & VFIOPM_FEATURE_ENTER))
		ctl_say("%s cannot enter low power: Linux is older than 6.1, or its driver does "
			"not support it",
			address);
	vfiopm_device_free(dev);
	return has & VFIOPM_FEATURE_ENTER ? CTL_OK : CTL_NO_FEATURE;
}

// SPDX-License-Identifier: MIT
/* Findings, and the check of one attribute. */
#include "checks.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* ---- findings ---- */

void set_words(char words[MAX_WORDS], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(words, MAX_WORDS, format, args);
	va_end(args);
}

struct finding *add_finding(struct diagnosis *diagnosis, const char *id)
{
	struct finding *finding = &diagnosis->findings[diagnosis->count];

	if (diagnosis->count < MAX_FINDINGS - 1)
		diagnosis->count++;
	memset(finding, 0, sizeof(*finding));
	finding->id = id;
	return finding;
}

char *add_unknown(struct diagnosis *diagnosis)
{
	unsigned index = diagnosis->unknown_count;

	if (diagnosis->unknown_count < MAX_UNKNOWN - 1)
		diagnosis->unknown_count++;
	return diagnosis->unknown[index];
}

const struct node_facts *device_of(const struct diagnosis *diagnosis)
{
	return &diagnosis->facts.nodes[0];
}

bool is(const char *text, const char *value)
{
	return strcmp(text, value) == 0;
}

bool is_active(const struct node_facts *node)
{
	return is(node->status, "active");
}

bool is_suspended(const struct node_facts *node)
{
	return is(node->status, "suspended");
}

bool has_vfio_driver(const struct node_facts *node)
{
	return strstr(node->driver, "vfio") != NULL;
}

/* ---- attributes that an administrator sets ---- */

#define FIELD(name) offsetof(struct node_facts, name)

/*
 * The value bad blocks D3cold, the value good does not. The resume latency "n/a" is the
 * constraint 0, which accepts no latency at all; writing 0 removes the constraint
 * (drivers/base/power/sysfs.c, pm_qos_resume_latency_us_show() and _store()).
 */
static const struct {
	const char *id;
	size_t field;
	const char *file, *bad, *good;
	const char *what; /* followed by the address */
	const char *why;
} attributes[] = {
	[CONTROL] = { "control-on", FIELD(control), "power/control", "on", "auto",
		      "runtime power management is disabled for",
		      "the kernel does not suspend the device, whatever a VMM does" },
	[LATENCY] = { "latency", FIELD(latency), "power/pm_qos_resume_latency_us", "n/a", "0",
		      "no resume latency is accepted for",
		      "the kernel never suspends the device (drivers/base/power/runtime.c)" },
	[D3COLD_ALLOWED] = { "d3cold-not-allowed", FIELD(d3cold_allowed), "d3cold_allowed", "0",
			     "1", "D3cold is not allowed for",
			     "the device goes to D3hot only. The kernel sets 0 for a device "
			     "without the PCI power management capability" },
	[OTHER_D3COLD_ALLOWED] = { "other-d3cold-not-allowed", FIELD(d3cold_allowed),
				   "d3cold_allowed", "0", "1",
				   "D3cold is not allowed for a device behind the same port,",
				   "the kernel keeps the port on for that device, even while that "
				   "device is suspended" },
	[PORT_CONTROL] = { "port-control-on", FIELD(control), "power/control", "on", "auto",
			   "runtime power management is disabled for the port",
			   "the device reaches D3cold only if the port is suspended too" },
	[PORT_LATENCY] = { "port-latency", FIELD(latency), "power/pm_qos_resume_latency_us", "n/a",
			   "0", "no resume latency is accepted for the port",
			   "the kernel never suspends the port" },
	[PORT_D3COLD_ALLOWED] = { "port-d3cold-not-allowed", FIELD(d3cold_allowed),
				  "d3cold_allowed", "0", "1", "D3cold is not allowed for the port",
				  "the devices behind the port keep their power" },
};

void check_attribute(struct diagnosis *diagnosis, enum attribute attribute,
		     const struct node_facts *node)
{
	struct finding *finding;

	if (!is((const char *)node + attributes[attribute].field, attributes[attribute].bad))
		return;
	finding = add_finding(diagnosis, attributes[attribute].id);
	set_words(finding->what, "%s %s", attributes[attribute].what, node->address);
	set_words(finding->where, "%s/%s is %s", node->path, attributes[attribute].file,
		  attributes[attribute].bad);
	set_words(finding->why, "%s", attributes[attribute].why);
	set_words(finding->fix, "echo %s > /sys/bus/pci/devices/%s/%s", attributes[attribute].good,
		  node->address, attributes[attribute].file);
}

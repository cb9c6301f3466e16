// SPDX-License-Identifier: MIT
/* The checks for what keeps a suspended device in D3hot. */
#include "checks.h"

#include <string.h>

/* ---- other devices ---- */

static void check_other_awake(struct diagnosis *diagnosis, const struct node_facts *other)
{
	struct finding *finding;

	if (!is_active(other))
		return;
	finding = add_finding(diagnosis, "other-awake");
	set_words(finding->what, "%s, behind the same port, is awake (%s%s)", other->address,
		  other->driver[0] ? "driver " : "no driver", other->driver);
	set_words(finding->where, "%s/power/runtime_status is active, power/control is %s",
		  other->path, other->control);
	set_words(finding->why, "the port stays on while any device behind it is on");
	if (has_vfio_driver(other) && !is(other->control, "on"))
		set_words(finding->fix, "let the owner of that device put it into low power too");
	else
		set_words(finding->fix,
			  "bind that device to vfio-pci too, or: echo auto > "
			  "/sys/bus/pci/devices/%s/power/control",
			  other->address);
}

static void check_others(struct diagnosis *diagnosis)
{
	const struct device_facts *facts = &diagnosis->facts;

	for (unsigned i = 0; i < facts->other_count; i++) {
		if (facts->others[i].is_behind_port)
			check_other_awake(diagnosis, &facts->others[i]);
	}
	/* drivers/pci/pci.c, pci_bridge_d3_update() */
	for (unsigned i = 0; i < facts->other_count; i++) {
		if (facts->others[i].is_behind_port)
			check_attribute(diagnosis, OTHER_D3COLD_ALLOWED, &facts->others[i]);
	}
}

/* ---- ports ---- */

static void check_attribute_of_ports(struct diagnosis *diagnosis, enum attribute attribute)
{
	for (unsigned i = 1; i < diagnosis->facts.count; i++)
		check_attribute(diagnosis, attribute, &diagnosis->facts.nodes[i]);
}

/* The kernel keeps a port on for a device that may wake the system and cannot do so from D3cold
 * (drivers/pci/pci.c, pci_dev_check_d3cold()). */
static const struct node_facts *find_wakeup_source(const struct device_facts *facts)
{
	if (is(facts->nodes[0].wakeup, "enabled"))
		return &facts->nodes[0];
	for (unsigned i = 0; i < facts->other_count; i++) {
		if (facts->others[i].is_behind_port && is(facts->others[i].wakeup, "enabled"))
			return &facts->others[i];
	}
	return NULL;
}

/* A port that is awake for an unknown reason. It is reported only if no other cause was found. */
static void check_awake_port(struct diagnosis *diagnosis, const struct node_facts *port)
{
	const struct node_facts *source = find_wakeup_source(&diagnosis->facts);
	struct finding *finding;

	if (diagnosis->count > 0 || !is_active(port) || !is_suspended(device_of(diagnosis)))
		return;
	finding = add_finding(diagnosis, "port-awake");
	set_words(finding->what, "the port %s is awake", port->address);
	set_words(finding->where,
		  "%s/power/runtime_status is active, power/runtime_active_kids %s%s", port->path,
		  port->active_kids[0] ? "is " : "does not exist", port->active_kids);
	if (port->active_kids[0] && !is(port->active_kids, "0")) {
		set_words(finding->why,
			  "the port is suspended when everything below it is suspended");
		set_words(finding->fix, "find the active device below %s", port->path);
	} else if (source) {
		set_words(finding->why,
			  "%s may wake the system (power/wakeup is enabled), but perhaps not from "
			  "D3cold",
			  source->address);
		set_words(finding->fix, "echo disabled > /sys/bus/pci/devices/%s/power/wakeup",
			  source->address);
	} else {
		set_words(finding->why, "the kernel keeps the port on, or has just resumed it");
		set_words(finding->fix, "run doctor again, then see the kernel log");
	}
}

/* drivers/pci/pci.c, pci_bridge_d3_possible(), in its order. */
static void explain_no_d3(struct finding *finding, const struct device_facts *facts,
			  const struct node_facts *port)
{
	if (!is(port->driver, "pcieport")) {
		set_words(finding->where, "%s/driver %s%s", port->path,
			  port->driver[0] ? "is " : "does not exist", port->driver);
		set_words(finding->why, "only a PCIe port with the driver pcieport can go to D3");
		set_words(finding->fix, "move the device to a slot that is not behind this bridge");
		return;
	}
	set_words(finding->where, "%s/power/autosuspend_delay_ms cannot be read", port->path);
	if (strstr(facts->cmdline, "pcie_port_pm=off")) {
		set_words(finding->where, "/proc/cmdline has pcie_port_pm=off");
		set_words(finding->why, "this option keeps all ports in D0");
		set_words(finding->fix, "boot without pcie_port_pm=off");
	} else if (port->is_hotplugged_by_firmware) {
		set_words(finding->why, "the firmware handles hot-plug of this port, and would "
					"miss events while the port is off");
		set_words(finding->fix, "let Linux handle hot-plug: in the firmware setup, or boot "
					"with pcie_ports=native");
	} else {
		set_words(finding->why,
			  "the kernel trusts ports on machines with firmware from 2015 or later "
			  "(this firmware: %s), and hot-plug ports only if the firmware can switch "
			  "them off",
			  facts->bios_date[0] ? facts->bios_date : "unknown");
		set_words(finding->fix,
			  "boot with pcie_port_pm=force, if this machine supports it");
	}
}

static void check_port_d3(struct diagnosis *diagnosis, const struct node_facts *port)
{
	struct finding *finding;

	if (port->may_suspend)
		return;
	finding = add_finding(diagnosis, "port-no-d3");
	set_words(finding->what, "the kernel does not let the port %s go to D3", port->address);
	explain_no_d3(finding, &diagnosis->facts, port);
}

/* ---- the platform ---- */

/* Everything is suspended, but the power is on: a port stops at D3hot, or another device needs
 * the power. _S0W counts whatever power/wakeup is (drivers/acpi/device_pm.c,
 * acpi_dev_pm_get_state()). */
static void check_power(struct diagnosis *diagnosis)
{
	const struct device_facts *facts = &diagnosis->facts;
	struct finding *finding;

	if (diagnosis->count > 0 || !is_suspended(device_of(diagnosis)) ||
	    facts_get_supply(facts) != SUPPLY_ON)
		return;
	finding = add_finding(diagnosis, "power-kept-on");
	set_words(finding->what,
		  "the platform keeps the power of %s on, although the device and all ports above "
		  "it are suspended",
		  device_of(diagnosis)->address);
	set_words(finding->where, "firmware_node/real_power_state of the device or of a port is %s",
		  facts_get_platform_state(facts));
	set_words(finding->why, "another device needs the same power resource, or the firmware "
				"allows a port only D3hot, so that it can wake (_S0W)");
	set_words(finding->fix,
		  "suspend the other devices that have the same firmware_node/power_resources_D0");
}

/* A switch of the device or of a port above it is enough. */
static void check_platform(struct diagnosis *diagnosis)
{
	const struct device_facts *facts = &diagnosis->facts;
	struct finding *finding;

	for (unsigned i = 0; i < facts->count; i++) {
		if (facts->nodes[i].has_platform_power)
			return;
	}
	if (!facts->has_acpi) {
		set_words(
			add_unknown(diagnosis),
			"whether the platform can switch the power off: this machine has no ACPI");
		return;
	}
	finding = add_finding(diagnosis, "no-platform-power");
	set_words(finding->what, "the platform cannot switch off the power of %s",
		  facts->nodes[0].address);
	set_words(finding->where, "firmware_node/power_resources_D3hot (_PR3) exists neither for "
				  "the device nor for a port above it");
	set_words(finding->why, "without such a power resource, the device goes to D3hot only");
	set_words(finding->fix, "look in the firmware setup for power saving of the slot or GPU; "
				"many slots do not support it");
}

/* ---- all ---- */

void check_d3cold(struct diagnosis *diagnosis)
{
	const struct device_facts *facts = &diagnosis->facts;

	if (facts_is_in_d3cold(facts))
		return;
	check_platform(diagnosis);
	for (unsigned i = 1; i < facts->count; i++)
		check_port_d3(diagnosis, &facts->nodes[i]);
	check_attribute(diagnosis, D3COLD_ALLOWED, device_of(diagnosis));
	check_others(diagnosis);
	check_attribute_of_ports(diagnosis, PORT_CONTROL);
	check_attribute_of_ports(diagnosis, PORT_LATENCY);
	check_attribute_of_ports(diagnosis, PORT_D3COLD_ALLOWED);
	for (unsigned i = 1; i < facts->count; i++)
		check_awake_port(diagnosis, &facts->nodes[i]);
	check_power(diagnosis);
}

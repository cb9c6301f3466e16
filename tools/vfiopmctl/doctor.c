// SPDX-License-Identifier: MIT
/*
 * vfiopmctl doctor: why a device is not in D3cold, or would not get there. Each cause has a
 * function that looks at the facts and says what it finds. They are asked in the order of what
 * stands in the way most: what comes first is to be mended first.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "ctl.h"
#include "facts.h"

#define FINDINGS_MOST 64
#define UNKNOWN_MOST  8
#define WORDS	      400

struct finding {
	const char *id;
	char what[WORDS], where[WORDS], why[WORDS], fix[WORDS];
};

struct doctor {
	struct facts facts;
	bool vfio;	  /* bound to a VFIO driver */
	bool has_group;
	bool asked;	  /* the device was opened, and asked for the feature: */
	bool has_feature;
	struct finding findings[FINDINGS_MOST];
	unsigned count;
	char unknown[UNKNOWN_MOST][WORDS];
	unsigned unknown_count;
};

/* ---- findings ---- */

static void set(char words[WORDS], const char *format, ...) __attribute__((format(printf, 2, 3)));

static void set(char words[WORDS], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(words, WORDS, format, args);
	va_end(args);
}

/* One more; where there is no room the last is written over. */
static struct finding *find(struct doctor *doctor, const char *id)
{
	struct finding *finding = &doctor->findings[doctor->count];

	if (doctor->count < FINDINGS_MOST - 1)
		doctor->count++;
	memset(finding, 0, sizeof(*finding));
	finding->id = id;
	return finding;
}

static char *cannot_know(struct doctor *doctor)
{
	return doctor->unknown[doctor->unknown_count < UNKNOWN_MOST - 1 ? doctor->unknown_count++
									: UNKNOWN_MOST - 1];
}

static const struct fact_node *device_of(const struct doctor *doctor)
{
	return &doctor->facts.nodes[0];
}

static bool is(const char *text, const char *value)
{
	return strcmp(text, value) == 0;
}

static bool is_suspended(const struct fact_node *node)
{
	return is(node->status, "suspended");
}

/* ---- what keeps it from userspace ---- */

static void look_at_driver(struct doctor *doctor)
{
	const struct fact_node *device = device_of(doctor);
	struct finding *finding;

	if (doctor->vfio)
		return;
	finding = find(doctor, "not-vfio");
	if (device->driver[0])
		set(finding->what, "%s is bound to %s, which is no VFIO driver", device->address, device->driver);
	else
		set(finding->what, "%s is bound to no driver", device->address);
	set(finding->where, "%s/driver", device->path);
	set(finding->why, "only a VFIO driver lets userspace put it to sleep");
	set(finding->fix, "echo vfio-pci > /sys/bus/pci/devices/%s/driver_override; %s%s%secho %s > "
			  "/sys/bus/pci/drivers_probe",
	    device->address, device->driver[0] ? "echo " : "", device->driver[0] ? device->address : "",
	    device->driver[0] ? " > its driver/unbind; " : "", device->address);
}

static void look_at_iommu(struct doctor *doctor)
{
	const struct fact_node *device = device_of(doctor);
	struct finding *finding;

	if (doctor->has_group)
		return;
	finding = find(doctor, "no-iommu");
	set(finding->what, "%s is in no IOMMU group", device->address);
	set(finding->where, "%s/iommu_group is missing", device->path);
	set(finding->why, "VFIO gives a device to userspace only behind an IOMMU");
	set(finding->fix, "switch the IOMMU on in the firmware, and boot with intel_iommu=on or amd_iommu=on");
}

static void look_at_feature(struct doctor *doctor)
{
	const struct facts *facts = &doctor->facts;
	bool is_old = facts->kernel_major < 6 || (facts->kernel_major == 6 && facts->kernel_minor < 1);
	struct finding *finding;

	if (doctor->asked ? doctor->has_feature : !is_old)
		return;
	finding = find(doctor, "no-feature");
	if (doctor->asked)
		set(finding->what, "the driver of %s does not offer low power", device_of(doctor)->address);
	else
		set(finding->what, "Linux %s has no low power in VFIO", facts->kernel);
	set(finding->where, "%s", doctor->asked ? "VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY" : "uname -r");
	set(finding->why, "without it the device stays on as long as a program has it open");
	set(finding->fix, "use vfio-pci, or a variant of it that has the feature, of Linux 6.1 or later");
}

/* ---- what keeps the device itself from being suspended ---- */

static void look_at_control(struct doctor *doctor)
{
	const struct fact_node *device = device_of(doctor);
	struct finding *finding;

	if (!is(device->control, "on"))
		return;
	finding = find(doctor, "control-on");
	set(finding->what, "runtime power management of %s is switched off", device->address);
	set(finding->where, "%s/power/control says on", device->path);
	set(finding->why, "the kernel does not suspend it, whatever a VMM does");
	set(finding->fix, "echo auto > /sys/bus/pci/devices/%s/power/control", device->address);
}

/* What the attribute shows for the constraint 0 is "n/a": no latency at all is accepted
 * (drivers/base/power/sysfs.c, pm_qos_resume_latency_us_show()). */
static void look_at_latency(struct doctor *doctor)
{
	const struct fact_node *device = device_of(doctor);
	struct finding *finding;

	if (!is(device->latency, "n/a"))
		return;
	finding = find(doctor, "latency");
	set(finding->what, "no latency is accepted for resuming %s", device->address);
	set(finding->where, "%s/power/pm_qos_resume_latency_us says n/a", device->path);
	set(finding->why, "so the kernel never suspends it (drivers/base/power/runtime.c)");
	set(finding->fix, "echo 0 > /sys/bus/pci/devices/%s/power/pm_qos_resume_latency_us, which is no "
			  "constraint",
	    device->address);
}

static void look_at_vfs(struct doctor *doctor)
{
	const struct fact_node *device = device_of(doctor);
	struct finding *finding;

	if (!device->vfs[0] || is(device->vfs, "0"))
		return;
	finding = find(doctor, "vfs");
	set(finding->what, "%s has %s virtual functions enabled", device->address, device->vfs);
	set(finding->where, "%s/sriov_numvfs says %s", device->path, device->vfs);
	set(finding->why, "a device with virtual functions is kept on (drivers/vfio/pci/vfio_pci_core.c)");
	set(finding->fix, "echo 0 > /sys/bus/pci/devices/%s/sriov_numvfs", device->address);
}

static void look_at_holders(struct doctor *doctor)
{
	const struct fact_node *device = device_of(doctor);
	const struct fact_holder *holder = doctor->facts.holders;
	struct finding *finding;

	if (!doctor->vfio || is_suspended(device) || doctor->count > 0 || doctor->facts.holder_count == 0)
		return;
	finding = find(doctor, "not-entered");
	set(finding->what, "%s (PID %d) has %s open, and has not put it into low power", holder->name, holder->pid,
	    device->address);
	set(finding->where, "/proc/%d/fd, and %s/power/runtime_status says %s", holder->pid, device->path,
	    device->status);
	set(finding->why, "an open device stays on until its owner enters low power, and comes back with any "
			  "access of his");
	set(finding->fix, "have that program call vfiopm_enter(), or see what it keeps asking the device for");
}

static void look_at_idle(struct doctor *doctor)
{
	const struct fact_node *device = device_of(doctor);
	struct finding *finding;

	if (!doctor->vfio || is_suspended(device) || doctor->facts.holder_count > 0 ||
	    !is(doctor->facts.disable_idle_d3, "Y"))
		return;
	finding = find(doctor, "idle-d3-disabled");
	set(finding->what, "vfio-pci keeps devices on that nobody has open");
	set(finding->where, "/sys/module/vfio_pci/parameters/disable_idle_d3 says Y");
	set(finding->why, "%s is not open, so nothing else could put it to sleep; a program that opens it still can",
	    device->address);
	set(finding->fix, "load vfio-pci without disable_idle_d3=1 (see /etc/modprobe.d and the kernel's command "
			  "line)");
}

/* Somebody else in the kernel, if nothing else was found. */
static void look_at_usage(struct doctor *doctor)
{
	const struct fact_node *device = device_of(doctor);
	struct finding *finding;

	if (doctor->count > 0 || !is(device->status, "active") || !device->usage[0] || is(device->usage, "0"))
		return;
	finding = find(doctor, "in-use");
	set(finding->what, "the kernel counts %s users of %s that keep it awake", device->usage, device->address);
	set(finding->where, "%s/power/runtime_usage says %s", device->path, device->usage);
	set(finding->why, "it is suspended when that is 0: after its owner has entered low power, and its last call "
			  "has returned");
	set(finding->fix, "see who has it open; the kernel's log, if nobody has");
}

/* ---- what keeps it in D3hot ---- */

static void look_at_d3cold(struct doctor *doctor)
{
	const struct fact_node *device = device_of(doctor);
	struct finding *finding;

	if (!is(device->d3cold_allowed, "0"))
		return;
	finding = find(doctor, "d3cold-not-allowed");
	set(finding->what, "D3cold is not allowed for %s", device->address);
	set(finding->where, "%s/d3cold_allowed says 0", device->path);
	set(finding->why, "it gets no further than D3hot. The kernel says 0 at first for a device without the PCI "
			  "power management capability");
	set(finding->fix, "echo 1 > /sys/bus/pci/devices/%s/d3cold_allowed", device->address);
}

/* Nor can the group be used while a host driver has one of it (drivers/vfio/group.c,
 * vfio_group_ioctl_set_container(): EPERM); a port's driver aside. */
static void look_at_group(struct doctor *doctor)
{
	for (unsigned i = 0; doctor->vfio && i < doctor->facts.other_count; i++) {
		const struct fact_node *other = &doctor->facts.others[i];
		struct finding *finding;

		if (!other->is_in_group || !other->driver[0] || strstr(other->driver, "vfio") ||
		    is(other->driver, "pcieport") || is(other->driver, "pci-stub"))
			continue;
		finding = find(doctor, "group-in-use");
		set(finding->what, "%s, of the same IOMMU group, belongs to the host (driver %s)", other->address,
		    other->driver);
		set(finding->where, "%s/driver", other->path);
		set(finding->why, "userspace gets a group whole, or not at all");
		set(finding->fix, "bind it to vfio-pci too, or unbind it: echo %s > %s/driver/unbind", other->address,
		    other->path);
	}
}

static void look_at_others(struct doctor *doctor)
{
	for (unsigned i = 0; i < doctor->facts.other_count; i++) {
		const struct fact_node *other = &doctor->facts.others[i];
		struct finding *finding;

		if (!other->is_behind_port || !is(other->status, "active"))
			continue;
		finding = find(doctor, "other-awake");
		set(finding->what, "%s beside it is awake (%s%s)", other->address,
		    other->driver[0] ? "driver " : "no driver", other->driver);
		set(finding->where, "%s/power/runtime_status says active, control %s", other->path, other->control);
		set(finding->why, "the port above cannot switch off while anything behind it is on");
		set(finding->fix, "bind it to vfio-pci too, or echo auto > /sys/bus/pci/devices/%s/power/control",
		    other->address);
	}
}

/* drivers/pci/pci.c, pci_bridge_d3_update() */
static void look_at_others_d3cold(struct doctor *doctor)
{
	for (unsigned i = 0; i < doctor->facts.other_count; i++) {
		const struct fact_node *other = &doctor->facts.others[i];
		struct finding *finding;

		if (!other->is_behind_port || !is(other->d3cold_allowed, "0"))
			continue;
		finding = find(doctor, "other-d3cold-not-allowed");
		set(finding->what, "D3cold is not allowed for %s beside it", other->address);
		set(finding->where, "%s/d3cold_allowed says 0", other->path);
		set(finding->why, "the kernel keeps the port above on for it, even while it is suspended");
		set(finding->fix, "echo 1 > /sys/bus/pci/devices/%s/d3cold_allowed", other->address);
	}
}

static void look_at_port_control(struct doctor *doctor, const struct fact_node *port)
{
	struct finding *finding;

	if (!is(port->control, "on"))
		return;
	finding = find(doctor, "port-control-on");
	set(finding->what, "runtime power management of the port %s above it is switched off", port->address);
	set(finding->where, "%s/power/control says on", port->path);
	set(finding->why, "D3cold is the port's to give: it has to be suspended itself");
	set(finding->fix, "echo auto > /sys/bus/pci/devices/%s/power/control", port->address);
}

/* What is not a PCI device has no name here, but is counted; if nothing else was found. */
static void look_at_port_kids(struct doctor *doctor, const struct fact_node *port)
{
	struct finding *finding;

	if (doctor->count > 0 || !is(port->status, "active") || !is_suspended(device_of(doctor)) ||
	    !port->kids[0] || is(port->kids, "0"))
		return;
	finding = find(doctor, "port-in-use");
	set(finding->what, "the port %s above it has %s children that are awake", port->address, port->kids);
	set(finding->where, "%s/power/runtime_active_kids says %s", port->path, port->kids);
	set(finding->why, "the port is suspended when all behind it is");
	set(finding->fix, "look at what is below %s", port->path);
}

static void look_at_port_latency(struct doctor *doctor, const struct fact_node *port)
{
	struct finding *finding;

	if (!is(port->latency, "n/a"))
		return;
	finding = find(doctor, "port-latency");
	set(finding->what, "no latency is accepted for resuming the port %s above it", port->address);
	set(finding->where, "%s/power/pm_qos_resume_latency_us says n/a", port->path);
	set(finding->why, "so the kernel never suspends the port");
	set(finding->fix, "echo 0 > /sys/bus/pci/devices/%s/power/pm_qos_resume_latency_us", port->address);
}

static void look_at_port_d3cold(struct doctor *doctor, const struct fact_node *port)
{
	struct finding *finding;

	if (!is(port->d3cold_allowed, "0"))
		return;
	finding = find(doctor, "port-d3cold-not-allowed");
	set(finding->what, "D3cold is not allowed for the port %s above it", port->address);
	set(finding->where, "%s/d3cold_allowed says 0", port->path);
	set(finding->why, "the power of the devices behind it stays on");
	set(finding->fix, "echo 1 > /sys/bus/pci/devices/%s/d3cold_allowed", port->address);
}

/* drivers/pci/pci.c, pci_bridge_d3_possible() */
static void look_at_port_d3(struct doctor *doctor, const struct fact_node *port)
{
	bool is_off = strstr(doctor->facts.cmdline, "pcie_port_pm=off");
	struct finding *finding;

	if (port->may_suspend || !port->driver[0])
		return;
	finding = find(doctor, "port-no-d3");
	set(finding->what, "the kernel does not let the port %s above it go to D3", port->address);
	set(finding->where, "%s/power/autosuspend_delay_ms gives no number%s", port->path,
	    is_off ? ", and /proc/cmdline has pcie_port_pm=off" : "");
	set(finding->why, "%s", is_off ? "that option forbids it"
				       : "it trusts only PCIe ports of firmware from 2015 on, and no hot-plug ports "
					 "that the firmware handles");
	set(finding->fix, "%s", is_off ? "boot without pcie_port_pm=off"
				       : "boot with pcie_port_pm=force, if you trust the machine to do it");
}

static void look_at_ports(struct doctor *doctor)
{
	for (unsigned i = 1; i < doctor->facts.count; i++)
		look_at_port_control(doctor, &doctor->facts.nodes[i]);
	for (unsigned i = 1; i < doctor->facts.count; i++)
		look_at_port_latency(doctor, &doctor->facts.nodes[i]);
	for (unsigned i = 1; i < doctor->facts.count; i++)
		look_at_port_d3cold(doctor, &doctor->facts.nodes[i]);
	for (unsigned i = 1; i < doctor->facts.count; i++)
		look_at_port_kids(doctor, &doctor->facts.nodes[i]);
}

/* Of the device or of a port above it. */
static void look_at_platform(struct doctor *doctor)
{
	const struct facts *facts = &doctor->facts;
	struct finding *finding;

	for (unsigned i = 0; i < facts->count; i++) {
		if (facts->nodes[i].has_platform_power)
			return;
	}
	if (!facts->has_acpi) {
		set(cannot_know(doctor), "whether the platform can switch the power off: this machine has no ACPI");
		return;
	}
	finding = find(doctor, "no-platform-power");
	set(finding->what, "the platform has no switch for the power of %s", facts->nodes[0].address);
	set(finding->where, "neither it nor a port above it has firmware_node/power_resources_D3hot (_PR3)");
	set(finding->why, "without one D3hot is as deep as it gets");
	set(finding->fix, "look in the firmware's setup for the slot's or the GPU's power saving; many slots cannot");
}

static void look_at_ports_d3(struct doctor *doctor)
{
	for (unsigned i = 1; i < doctor->facts.count; i++)
		look_at_port_d3(doctor, &doctor->facts.nodes[i]);
}

/* ---- what could not be seen ---- */

static void note_unknown(struct doctor *doctor)
{
	const struct facts *facts = &doctor->facts;

	if (doctor->vfio && !doctor->asked)
		set(cannot_know(doctor), "whether its driver offers low power: that opens and wakes it (--open)");
	if (facts->hidden_processes > 0)
		set(cannot_know(doctor), "who has it open: %u processes may not be looked into (be root)",
		    facts->hidden_processes);
	if (!device_of(doctor)->usage[0])
		set(cannot_know(doctor), "how many hold it awake in the kernel: power/runtime_usage is not there "
					 "(CONFIG_PM_ADVANCED_DEBUG)");
	if (!device_of(doctor)->state[0])
		set(cannot_know(doctor), "its power state: power_state is not there (Linux 5.11)");
}

static void examine(struct doctor *doctor)
{
	look_at_iommu(doctor);
	look_at_driver(doctor);
	look_at_group(doctor);
	look_at_feature(doctor);
	look_at_control(doctor);
	look_at_latency(doctor);
	look_at_vfs(doctor);
	look_at_holders(doctor);
	look_at_idle(doctor);
	look_at_usage(doctor);
	look_at_platform(doctor);
	look_at_ports_d3(doctor);
	look_at_d3cold(doctor);
	look_at_others(doctor);
	look_at_others_d3cold(doctor);
	look_at_ports(doctor);
	note_unknown(doctor);
}

/* ---- telling ---- */

/* What the platform says of the power itself. The kernel's power_state is D3cold too where a
 * switch was to be thrown that another device, a port for example, keeps on (seen on 6.12). */
static const char *platform_state_of(const struct doctor *doctor)
{
	const struct facts *facts = &doctor->facts;

	for (unsigned i = 0; i < facts->count; i++) {
		if (facts->nodes[i].real_state[0])
			return facts->nodes[i].real_state;
	}
	return "";
}

static bool is_really_cold(const struct doctor *doctor)
{
	return is(device_of(doctor)->state, "D3cold") && !is(platform_state_of(doctor), "D0");
}

static const char *verdict_of(const struct doctor *doctor)
{
	const struct fact_node *device = device_of(doctor);

	if (is_really_cold(doctor) && doctor->count == 0)
		return "in-d3cold";
	if (doctor->count > 0)
		return "blocked";
	return is_suspended(device) ? "suspended" : "awake";
}

static void print_verdict(const struct doctor *doctor)
{
	const struct fact_node *device = device_of(doctor);
	const char *verdict = verdict_of(doctor);

	printf("%s is %s, %s%s.\n", device->address, device->status[0] ? device->status : "in an unknown state",
	       device->state[0] ? device->state : "power state unknown",
	       is(device->state, "D3cold") && !is_really_cold(doctor) ? " by name, but its power is on" : "");
	if (is(verdict, "in-d3cold"))
		printf("It is in D3cold; nothing stands in its way.\n");
	else if (is(verdict, "blocked"))
		printf("%s of D3cold; mend the first first:\n",
		       doctor->count == 1 ? "One thing stands in the way" : "These stand in the way");
	else if (is(verdict, "suspended"))
		printf("Nothing was found that stands in the way of D3cold; it may be on its way there.\n");
	else
		printf("Nothing was found that keeps it awake; it may just have been resumed. Look again.\n");
}

static void print_text(const struct doctor *doctor)
{
	print_verdict(doctor);
	for (unsigned i = 0; i < doctor->count; i++) {
		const struct finding *finding = &doctor->findings[i];

		printf("\n%u. %s  [%s]\n   read:  %s\n   why:   %s\n   do:    %s\n", i + 1, finding->what, finding->id,
		       finding->where, finding->why, finding->fix);
	}
	if (doctor->unknown_count > 0)
		printf("\nCould not see:\n");
	for (unsigned i = 0; i < doctor->unknown_count; i++)
		printf(" - %s\n", doctor->unknown[i]);
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

static void print_json(const struct doctor *doctor)
{
	struct json_object *document = json_object_new_object(), *findings = json_object_new_array(),
			   *unknown = json_object_new_array();
	const struct fact_node *device = device_of(doctor);

	ctl_json_add_text(document, "address", device->address);
	ctl_json_add_text(document, "verdict", verdict_of(doctor));
	ctl_json_add_text(document, "power_state", device->state[0] ? device->state : NULL);
	ctl_json_add_text(document, "runtime_status", device->status[0] ? device->status : NULL);
	ctl_json_add_text(document, "platform_power_state",
			  platform_state_of(doctor)[0] ? platform_state_of(doctor) : NULL);
	for (unsigned i = 0; i < doctor->count; i++)
		json_object_array_add(findings, finding_json(&doctor->findings[i]));
	ctl_json_add(document, "findings", findings);
	for (unsigned i = 0; i < doctor->unknown_count; i++)
		json_object_array_add(unknown, json_object_new_string(doctor->unknown[i]));
	ctl_json_add(document, "unknown", unknown);
	ctl_json_print(document);
}

/* ---- the command ---- */

/* Only if the user lets it: this wakes the device. One that another has open cannot be asked. */
static void ask_feature(struct doctor *doctor, const char *address)
{
	struct vfiopm_device *dev;
	uint32_t features = 0;
	int r = vfiopm_device_open(address, &dev);

	if (r < 0) {
		set(cannot_know(doctor), "whether its driver offers low power: it could not be opened (%s)",
		    strerror(-r));
		return;
	}
	vfiopm_get_features(dev, &features);
	vfiopm_device_free(dev);
	doctor->asked = true;
	doctor->has_feature = features & VFIOPM_FEATURE_ENTER;
}

static int examine_device(struct doctor *doctor, const struct vfiopm_discover_device *device, const char *address)
{
	const char *group_node = NULL, *cdev_node = NULL;
	uint32_t group;

	vfiopm_discover_device_get_address(device, &address);
	vfiopm_discover_device_get_group_node(device, &group_node);
	vfiopm_discover_device_get_cdev_node(device, &cdev_node);
	doctor->vfio = vfiopm_discover_device_is_vfio(device) == 1;
	doctor->has_group = vfiopm_discover_device_get_group(device, &group) == 0;
	return facts_read(&doctor->facts, address, group_node, cdev_node);
}

int ctl_doctor(const struct ctl_options *options)
{
	struct vfiopm_discover_device *device;
	static struct doctor doctor;
	int r;

	r = vfiopm_discover_device_new(options->devices[0], &device);
	if (r < 0)
		return ctl_fail_lookup(options->devices[0], r);
	r = examine_device(&doctor, device, options->devices[0]);
	if (r == 0 && options->open && doctor.vfio)
		ask_feature(&doctor, options->devices[0]);
	vfiopm_discover_device_free(device);
	if (r < 0)
		return ctl_fail_lookup(options->devices[0], r);
	examine(&doctor);
	if (options->json)
		print_json(&doctor);
	else
		print_text(&doctor);
	return is(verdict_of(&doctor), "in-d3cold") || is(verdict_of(&doctor), "suspended") ? CTL_OK : CTL_AWAKE;
}

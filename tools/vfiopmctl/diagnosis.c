// SPDX-License-Identifier: MIT
/* The causes, one after the other. */
#include "diagnosis.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
static struct finding *find(struct diagnosis *diagnosis, const char *id)
{
	struct finding *finding = &diagnosis->findings[diagnosis->count];

	if (diagnosis->count < FINDINGS_MOST - 1)
		diagnosis->count++;
	memset(finding, 0, sizeof(*finding));
	finding->id = id;
	return finding;
}

static char *cannot_know(struct diagnosis *diagnosis)
{
	return diagnosis
		->unknown[diagnosis->unknown_count < UNKNOWN_MOST - 1 ? diagnosis->unknown_count++
								      : UNKNOWN_MOST - 1];
}

static const struct fact_node *device_of(const struct diagnosis *diagnosis)
{
	return &diagnosis->facts.nodes[0];
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

static void look_at_driver(struct diagnosis *diagnosis)
{
	const struct fact_node *device = device_of(diagnosis);
	struct finding *finding;

	if (diagnosis->vfio)
		return;
	finding = find(diagnosis, "not-vfio");
	if (device->driver[0])
		set(finding->what, "%s is bound to %s, which is no VFIO driver", device->address,
		    device->driver);
	else
		set(finding->what, "%s is bound to no driver", device->address);
	set(finding->where, "%s/driver", device->path);
	set(finding->why, "only a VFIO driver lets userspace put it to sleep");
	if (device->driver[0])
		set(finding->fix,
		    "echo vfio-pci > /sys/bus/pci/devices/%s/driver_override; "
		    "echo %s > /sys/bus/pci/devices/%s/driver/unbind; "
		    "echo %s > /sys/bus/pci/drivers_probe",
		    device->address, device->address, device->address, device->address);
	else
		set(finding->fix,
		    "echo vfio-pci > /sys/bus/pci/devices/%s/driver_override; "
		    "echo %s > /sys/bus/pci/drivers_probe",
		    device->address, device->address);
}

/* VFIO gives no PCI bridge to userspace (drivers/vfio/pci/vfio_pci_core.c,
 * vfio_pci_core_register_device(): the header type); its power follows what is behind it. */
static bool is_bridge(const struct diagnosis *diagnosis)
{
	return strncmp(device_of(diagnosis)->class, "0x0604", 6) == 0;
}

static void look_at_bridge(struct diagnosis *diagnosis)
{
	const struct fact_node *device = device_of(diagnosis);
	struct finding *finding = find(diagnosis, "bridge");

	set(finding->what, "%s is a PCI bridge", device->address);
	set(finding->where, "%s/class says %s", device->path, device->class);
	set(finding->why, "VFIO gives it to nobody; it sleeps when all behind it does");
	set(finding->fix, "ask of a device behind it: vfiopmctl list --all");
}

/* Its power is the physical function's, which stays on while it has virtual ones
 * (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_sriov_configure(), 5.19). */
static void look_at_physical_function(struct diagnosis *diagnosis)
{
	const struct fact_node *device = device_of(diagnosis);
	struct finding *finding;

	if (!device->physfn[0])
		return;
	finding = find(diagnosis, "virtual-function");
	set(finding->what, "%s is a virtual function of %s", device->address, device->physfn);
	set(finding->where, "%s/physfn", device->path);
	set(finding->why, "it has no power of its own, and %s is kept on for it", device->physfn);
	set(finding->fix,
	    "nothing lets a virtual function reach D3cold; pass the whole device through instead");
}

static void look_at_iommu(struct diagnosis *diagnosis)
{
	const struct fact_node *device = device_of(diagnosis);
	struct finding *finding;

	if (diagnosis->has_group)
		return;
	finding = find(diagnosis, "no-iommu");
	set(finding->what, "%s is in no IOMMU group", device->address);
	set(finding->where, "%s/iommu_group is missing", device->path);
	set(finding->why, "VFIO gives a device to userspace only behind an IOMMU");
	set(finding->fix,
	    "switch the IOMMU on in the firmware, and boot with intel_iommu=on or amd_iommu=on");
}

static void look_at_feature(struct diagnosis *diagnosis)
{
	const struct facts *facts = &diagnosis->facts;
	bool is_old =
		facts->kernel_major < 6 || (facts->kernel_major == 6 && facts->kernel_minor < 1);
	struct finding *finding;

	if (diagnosis->asked ? diagnosis->has_feature : !is_old)
		return;
	finding = find(diagnosis, "no-feature");
	if (diagnosis->asked)
		set(finding->what, "the driver of %s does not offer low power",
		    device_of(diagnosis)->address);
	else
		set(finding->what, "Linux %s has no low power in VFIO", facts->kernel);
	set(finding->where, "%s",
	    diagnosis->asked ? "VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY" : "uname -r");
	set(finding->why, "without it the device stays on as long as a program has it open");
	set(finding->fix,
	    "use vfio-pci, or a variant of it that has the feature, of Linux 6.1 or later");
}

/* ---- what keeps the device itself from being suspended ---- */

static void look_at_control(struct diagnosis *diagnosis)
{
	const struct fact_node *device = device_of(diagnosis);
	struct finding *finding;

	if (!is(device->control, "on"))
		return;
	finding = find(diagnosis, "control-on");
	set(finding->what, "runtime power management of %s is switched off", device->address);
	set(finding->where, "%s/power/control says on", device->path);
	set(finding->why, "the kernel does not suspend it, whatever a VMM does");
	set(finding->fix, "echo auto > /sys/bus/pci/devices/%s/power/control", device->address);
}

/* After an error the kernel neither suspends nor resumes it (drivers/base/power/runtime.c,
 * rpm_check_suspend_allowed()), until a driver is bound anew. */
static void look_at_error(struct diagnosis *diagnosis)
{
	const struct fact_node *device = device_of(diagnosis);
	struct finding *finding;

	if (!is(device->status, "error"))
		return;
	finding = find(diagnosis, "runtime-error");
	set(finding->what, "suspending or resuming %s has failed", device->address);
	set(finding->where, "%s/power/runtime_status says error", device->path);
	set(finding->why, "the kernel does not try again");
	set(finding->fix,
	    "see the kernel's log; unbind it from its driver and bind it again: echo %s > "
	    "%s/driver/unbind; "
	    "echo %s > /sys/bus/pci/drivers_probe",
	    device->address, device->path, device->address);
}

/* What the attribute shows for the constraint 0 is "n/a": no latency at all is accepted
 * (drivers/base/power/sysfs.c, pm_qos_resume_latency_us_show()). */
static void look_at_latency(struct diagnosis *diagnosis)
{
	const struct fact_node *device = device_of(diagnosis);
	struct finding *finding;

	if (!is(device->latency, "n/a"))
		return;
	finding = find(diagnosis, "latency");
	set(finding->what, "no latency is accepted for resuming %s", device->address);
	set(finding->where, "%s/power/pm_qos_resume_latency_us says n/a", device->path);
	set(finding->why, "so the kernel never suspends it (drivers/base/power/runtime.c)");
	set(finding->fix,
	    "echo 0 > /sys/bus/pci/devices/%s/power/pm_qos_resume_latency_us, which is no "
	    "constraint",
	    device->address);
}

static void look_at_vfs(struct diagnosis *diagnosis)
{
	const struct fact_node *device = device_of(diagnosis);
	struct finding *finding;

	if (!device->vfs[0] || is(device->vfs, "0"))
		return;
	finding = find(diagnosis, "vfs");
	set(finding->what, "%s has %s virtual functions enabled", device->address, device->vfs);
	set(finding->where, "%s/sriov_numvfs says %s", device->path, device->vfs);
	set(finding->why,
	    "a device with virtual functions is kept on (drivers/vfio/pci/vfio_pci_core.c)");
	set(finding->fix, "echo 0 > /sys/bus/pci/devices/%s/sriov_numvfs", device->address);
}

/* vfio-pci enables a device when it is opened, and disables it when it is closed
 * (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_enable() and _disable()). */
static bool is_open(const struct fact_node *device)
{
	return is(device->enable, "1");
}

static void look_at_holders(struct diagnosis *diagnosis)
{
	const struct fact_node *device = device_of(diagnosis);
	const struct fact_holder *holder = diagnosis->facts.holders;
	struct finding *finding;

	if (!diagnosis->vfio || !is(device->status, "active") || diagnosis->count > 0 ||
	    !is_open(device))
		return;
	finding = find(diagnosis, "not-entered");
	if (diagnosis->facts.holder_count > 0) {
		set(finding->what, "%s (PID %d) has %s open, and has not put it into low power",
		    holder->name, holder->pid, device->address);
		set(finding->where, "/proc/%d/fd, and %s/power/runtime_status says %s", holder->pid,
		    device->path, device->status);
	} else {
		set(finding->what,
		    "a program that cannot be seen has %s open, and has not put it into low power",
		    device->address);
		set(finding->where, "%s/enable says 1, power/runtime_status %s", device->path,
		    device->status);
	}
	set(finding->why,
	    "an open device stays on until its owner enters low power, and comes back with any "
	    "access of his");
	set(finding->fix,
	    "have that program call vfiopm_enter(), or see what it keeps asking the device for");
}

static void look_at_idle(struct diagnosis *diagnosis)
{
	const struct fact_node *device = device_of(diagnosis);
	struct finding *finding;

	if (!diagnosis->vfio || !is(device->status, "active") || is_open(device) ||
	    !is(diagnosis->facts.disable_idle_d3, "Y"))
		return;
	finding = find(diagnosis, "idle-d3-disabled");
	set(finding->what, "vfio-pci keeps devices on that nobody has open");
	set(finding->where, "/sys/module/vfio_pci/parameters/disable_idle_d3 says Y");
	set(finding->why,
	    "%s is not open, so nothing else could put it to sleep; a program that opens it still "
	    "can",
	    device->address);
	set(finding->fix,
	    "load vfio-pci without disable_idle_d3=1 (see /etc/modprobe.d and the kernel's command "
	    "line)");
}

/* Somebody else in the kernel, if nothing else was found. */
static void look_at_usage(struct diagnosis *diagnosis)
{
	const struct fact_node *device = device_of(diagnosis);
	struct finding *finding;

	if (diagnosis->count > 0 || !is(device->status, "active") || !device->usage[0] ||
	    is(device->usage, "0"))
		return;
	finding = find(diagnosis, "in-use");
	set(finding->what, "the kernel counts %s users of %s that keep it awake", device->usage,
	    device->address);
	set(finding->where, "%s/power/runtime_usage says %s", device->path, device->usage);
	set(finding->why, "it is suspended when that is 0: after its owner has entered low power, "
			  "and its last call "
			  "has returned");
	set(finding->fix, "%s",
	    is_open(device) ? "see who has it open"
			    : "vfio-pci may have been loaded with disable_idle_d3=1, whose file "
			      "tells only what was written last; else see the kernel's log");
}

/* ---- what keeps it in D3hot ---- */

static void look_at_d3cold(struct diagnosis *diagnosis)
{
	const struct fact_node *device = device_of(diagnosis);
	struct finding *finding;

	if (!is(device->d3cold_allowed, "0"))
		return;
	finding = find(diagnosis, "d3cold-not-allowed");
	set(finding->what, "D3cold is not allowed for %s", device->address);
	set(finding->where, "%s/d3cold_allowed says 0", device->path);
	set(finding->why, "it gets no further than D3hot. The kernel says 0 at first for a device "
			  "without the PCI "
			  "power management capability");
	set(finding->fix, "echo 1 > /sys/bus/pci/devices/%s/d3cold_allowed", device->address);
}

/* Nor can the group be used while a host driver has one of it (drivers/vfio/group.c,
 * vfio_group_ioctl_set_container(): EPERM); a port's driver aside. */
static void look_at_group(struct diagnosis *diagnosis)
{
	for (unsigned i = 0; diagnosis->vfio && i < diagnosis->facts.other_count; i++) {
		const struct fact_node *other = &diagnosis->facts.others[i];
		struct finding *finding;

		if (!other->is_in_group || !other->driver[0] || strstr(other->driver, "vfio") ||
		    is(other->driver, "pcieport") || is(other->driver, "pci-stub"))
			continue;
		finding = find(diagnosis, "group-in-use");
		set(finding->what, "%s, of the same IOMMU group, belongs to the host (driver %s)",
		    other->address, other->driver);
		set(finding->where, "%s/driver", other->path);
		set(finding->why, "userspace gets a group whole, or not at all");
		set(finding->fix,
		    "bind it to vfio-pci too, or unbind it: echo %s > %s/driver/unbind",
		    other->address, other->path);
	}
}

static void look_at_others(struct diagnosis *diagnosis)
{
	for (unsigned i = 0; i < diagnosis->facts.other_count; i++) {
		const struct fact_node *other = &diagnosis->facts.others[i];
		struct finding *finding;

		if (!other->is_behind_port || !is(other->status, "active"))
			continue;
		finding = find(diagnosis, "other-awake");
		set(finding->what, "%s beside it is awake (%s%s)", other->address,
		    other->driver[0] ? "driver " : "no driver", other->driver);
		set(finding->where, "%s/power/runtime_status says active, control %s", other->path,
		    other->control);
		set(finding->why,
		    "the port above cannot switch off while anything behind it is on");
		if (strstr(other->driver, "vfio") && !is(other->control, "on"))
			set(finding->fix, "have its owner put it into low power as well");
		else
			set(finding->fix,
			    "bind it to vfio-pci too, or echo auto > "
			    "/sys/bus/pci/devices/%s/power/control",
			    other->address);
	}
}

/* drivers/pci/pci.c, pci_bridge_d3_update() */
static void look_at_others_d3cold(struct diagnosis *diagnosis)
{
	for (unsigned i = 0; i < diagnosis->facts.other_count; i++) {
		const struct fact_node *other = &diagnosis->facts.others[i];
		struct finding *finding;

		if (!other->is_behind_port || !is(other->d3cold_allowed, "0"))
			continue;
		finding = find(diagnosis, "other-d3cold-not-allowed");
		set(finding->what, "D3cold is not allowed for %s beside it", other->address);
		set(finding->where, "%s/d3cold_allowed says 0", other->path);
		set(finding->why,
		    "the kernel keeps the port above on for it, even while it is suspended");
		set(finding->fix, "echo 1 > /sys/bus/pci/devices/%s/d3cold_allowed",
		    other->address);
	}
}

static void look_at_port_control(struct diagnosis *diagnosis, const struct fact_node *port)
{
	struct finding *finding;

	if (!is(port->control, "on"))
		return;
	finding = find(diagnosis, "port-control-on");
	set(finding->what, "runtime power management of the port %s above it is switched off",
	    port->address);
	set(finding->where, "%s/power/control says on", port->path);
	set(finding->why, "D3cold is the port's to give: it has to be suspended itself");
	set(finding->fix, "echo auto > /sys/bus/pci/devices/%s/power/control", port->address);
}

/* Who may wake the system, and cannot do so from D3cold, keeps the port above on
 * (drivers/pci/pci.c, pci_dev_check_d3cold()). */
static const struct fact_node *waker_below(const struct facts *facts)
{
	if (is(facts->nodes[0].wakeup, "enabled"))
		return &facts->nodes[0];
	for (unsigned i = 0; i < facts->other_count; i++) {
		if (facts->others[i].is_behind_port && is(facts->others[i].wakeup, "enabled"))
			return &facts->others[i];
	}
	return NULL;
}

/* A port that is awake without a reason among the others; if nothing else was found. */
static void look_at_awake_port(struct diagnosis *diagnosis, const struct fact_node *port)
{
	const struct fact_node *waker = waker_below(&diagnosis->facts);
	struct finding *finding;

	if (diagnosis->count > 0 || !is(port->status, "active") ||
	    !is_suspended(device_of(diagnosis)))
		return;
	finding = find(diagnosis, "port-awake");
	set(finding->what, "the port %s above it is awake", port->address);
	set(finding->where, "%s/power/runtime_status says active, runtime_active_kids %s",
	    port->path, port->kids[0] ? port->kids : "is not there");
	if (port->kids[0] && !is(port->kids, "0")) {
		set(finding->why, "it is suspended when all behind it is");
		set(finding->fix, "look at what is below %s", port->path);
	} else if (waker) {
		set(finding->why,
		    "%s may wake the system (power/wakeup says enabled), perhaps not from D3cold",
		    waker->address);
		set(finding->fix, "echo disabled > /sys/bus/pci/devices/%s/power/wakeup",
		    waker->address);
	} else {
		set(finding->why, "the kernel keeps it on, or has just resumed it");
		set(finding->fix, "look again; then at the kernel's log");
	}
}

static void look_at_port_latency(struct diagnosis *diagnosis, const struct fact_node *port)
{
	struct finding *finding;

	if (!is(port->latency, "n/a"))
		return;
	finding = find(diagnosis, "port-latency");
	set(finding->what, "no latency is accepted for resuming the port %s above it",
	    port->address);
	set(finding->where, "%s/power/pm_qos_resume_latency_us says n/a", port->path);
	set(finding->why, "so the kernel never suspends the port");
	set(finding->fix, "echo 0 > /sys/bus/pci/devices/%s/power/pm_qos_resume_latency_us",
	    port->address);
}

static void look_at_port_d3cold(struct diagnosis *diagnosis, const struct fact_node *port)
{
	struct finding *finding;

	if (!is(port->d3cold_allowed, "0"))
		return;
	finding = find(diagnosis, "port-d3cold-not-allowed");
	set(finding->what, "D3cold is not allowed for the port %s above it", port->address);
	set(finding->where, "%s/d3cold_allowed says 0", port->path);
	set(finding->why, "the power of the devices behind it stays on");
	set(finding->fix, "echo 1 > /sys/bus/pci/devices/%s/d3cold_allowed", port->address);
}

/* drivers/pci/pci.c, pci_bridge_d3_possible(), in its order. */
static void explain_no_d3(struct finding *finding, const struct facts *facts,
			  const struct fact_node *port)
{
	if (!is(port->driver, "pcieport")) {
		set(finding->where, "%s/driver is %s", port->path,
		    port->driver[0] ? port->driver : "missing");
		set(finding->why, "it lets only PCIe ports go there, with the driver pcieport");
		set(finding->fix, "put the device into a slot that is not behind this bridge");
		return;
	}
	set(finding->where, "%s/power/autosuspend_delay_ms gives no number", port->path);
	if (strstr(facts->cmdline, "pcie_port_pm=off")) {
		set(finding->where, "/proc/cmdline has pcie_port_pm=off");
		set(finding->why, "that option forbids it");
		set(finding->fix, "boot without pcie_port_pm=off");
	} else if (port->is_hotplugged_by_firmware) {
		set(finding->why, "the firmware handles what is plugged into this port, and is "
				  "asked no more when "
				  "the port is off");
		set(finding->fix,
		    "let Linux handle it: in the firmware's setup, or boot with pcie_ports=native");
	} else {
		set(finding->why,
		    "it trusts ports of firmware from 2015 on (of here: %s), and hot-plug ports "
		    "only "
		    "where the firmware has a switch for them",
		    facts->bios_date[0] ? facts->bios_date : "unknown");
		set(finding->fix,
		    "boot with pcie_port_pm=force, if you trust the machine to do it");
	}
}

static void look_at_port_d3(struct diagnosis *diagnosis, const struct fact_node *port)
{
	struct finding *finding;

	if (port->may_suspend)
		return;
	finding = find(diagnosis, "port-no-d3");
	set(finding->what, "the kernel does not let the port %s above it go to D3", port->address);
	explain_no_d3(finding, &diagnosis->facts, port);
}

static void look_at_ports(struct diagnosis *diagnosis)
{
	for (unsigned i = 1; i < diagnosis->facts.count; i++)
		look_at_port_control(diagnosis, &diagnosis->facts.nodes[i]);
	for (unsigned i = 1; i < diagnosis->facts.count; i++)
		look_at_port_latency(diagnosis, &diagnosis->facts.nodes[i]);
	for (unsigned i = 1; i < diagnosis->facts.count; i++)
		look_at_port_d3cold(diagnosis, &diagnosis->facts.nodes[i]);
	for (unsigned i = 1; i < diagnosis->facts.count; i++)
		look_at_awake_port(diagnosis, &diagnosis->facts.nodes[i]);
}

/* All are suspended, and power is there: by a port that stopped at D3hot, or for somebody else.
 * drivers/acpi/device_pm.c, acpi_dev_pm_get_state(): _S0W counts whatever power/wakeup says. */
static void look_at_power(struct diagnosis *diagnosis)
{
	const struct facts *facts = &diagnosis->facts;
	struct finding *finding;

	if (diagnosis->count > 0 || !is_suspended(device_of(diagnosis)) ||
	    facts_power(facts) != FACT_POWER_ON)
		return;
	finding = find(diagnosis, "power-kept-on");
	set(finding->what,
	    "the platform keeps the power of %s on, while it and all ports above it are suspended",
	    device_of(diagnosis)->address);
	set(finding->where, "firmware_node/real_power_state of it, or of a port, says %s",
	    facts_platform_state(facts));
	set(finding->why, "another device needs the same power resource; or the firmware wants a "
			  "port to be woken "
			  "from D3hot (_S0W)");
	set(finding->fix,
	    "let the devices sleep that have the same firmware_node/power_resources_D0");
}

/* Of the device or of a port above it. */
static void look_at_platform(struct diagnosis *diagnosis)
{
	const struct facts *facts = &diagnosis->facts;
	struct finding *finding;

	for (unsigned i = 0; i < facts->count; i++) {
		if (facts->nodes[i].has_platform_power)
			return;
	}
	if (!facts->has_acpi) {
		set(cannot_know(diagnosis),
		    "whether the platform can switch the power off: this machine has no ACPI");
		return;
	}
	finding = find(diagnosis, "no-platform-power");
	set(finding->what, "the platform has no switch for the power of %s",
	    facts->nodes[0].address);
	set(finding->where,
	    "neither it nor a port above it has firmware_node/power_resources_D3hot (_PR3)");
	set(finding->why, "without one D3hot is as deep as it gets");
	set(finding->fix, "look in the firmware's setup for the slot's or the GPU's power saving; "
			  "many slots cannot");
}

static void look_at_ports_d3(struct diagnosis *diagnosis)
{
	for (unsigned i = 1; i < diagnosis->facts.count; i++)
		look_at_port_d3(diagnosis, &diagnosis->facts.nodes[i]);
}

/* ---- what could not be seen ---- */

static void note_unknown(struct diagnosis *diagnosis)
{
	const struct facts *facts = &diagnosis->facts;

	if (diagnosis->unasked)
		set(cannot_know(diagnosis),
		    "whether its driver offers low power: it could not be opened (%s)",
		    diagnosis->unasked);
	else if (diagnosis->vfio && !diagnosis->asked)
		set(cannot_know(diagnosis),
		    "whether its driver offers low power: that opens and wakes it (--open)");
	if (!facts->has_processes)
		set(cannot_know(diagnosis), "who has it open: /proc could not be read");
	if (facts->others_left_out > 0)
		set(cannot_know(diagnosis), "all that is beside it: there are more than %d devices",
		    FACT_OTHERS);
	if (!device_of(diagnosis)->control[0] || !device_of(diagnosis)->status[0])
		set(cannot_know(diagnosis),
		    "what runtime power management does with it: power/control or "
		    "power/runtime_status could not be read");
	if (is(device_of(diagnosis)->status, "active") && diagnosis->count == 0 &&
	    !device_of(diagnosis)->latency[0])
		set(cannot_know(diagnosis),
		    "whether a driver of the kernel accepts no latency for resuming it: "
		    "power/pm_qos_resume_latency_us is not there");
	if (facts->hidden_processes > 0)
		set(cannot_know(diagnosis),
		    "who has it open: %u processes may not be looked into (be root)",
		    facts->hidden_processes);
	if (!device_of(diagnosis)->usage[0])
		set(cannot_know(diagnosis),
		    "how many hold it awake in the kernel: power/runtime_usage is not there "
		    "(CONFIG_PM_ADVANCED_DEBUG)");
	if (facts->has_acpi && facts_power(facts) == FACT_POWER_UNKNOWN &&
	    is(device_of(diagnosis)->state, "D3cold"))
		set(cannot_know(diagnosis),
		    "whether its power is off: the firmware tells that of no device here");
	if (!device_of(diagnosis)->state[0])
		set(cannot_know(diagnosis),
		    "its power state: power_state is not there (Linux 5.11)");
}

/* What keeps a device in D3hot that could be suspended: nothing, if it is in D3cold. */
static void look_at_the_way_to_d3cold(struct diagnosis *diagnosis)
{
	if (facts_is_cold(&diagnosis->facts))
		return;
	look_at_platform(diagnosis);
	look_at_ports_d3(diagnosis);
	look_at_d3cold(diagnosis);
	look_at_others(diagnosis);
	look_at_others_d3cold(diagnosis);
	look_at_ports(diagnosis);
	look_at_power(diagnosis);
}

void diagnose(struct diagnosis *diagnosis)
{
	if (is_bridge(diagnosis)) {
		look_at_bridge(diagnosis);
		return;
	}
	look_at_physical_function(diagnosis);
	look_at_iommu(diagnosis);
	look_at_driver(diagnosis);
	look_at_group(diagnosis);
	look_at_feature(diagnosis);
	look_at_error(diagnosis);
	look_at_control(diagnosis);
	look_at_latency(diagnosis);
	look_at_vfs(diagnosis);
	look_at_holders(diagnosis);
	look_at_idle(diagnosis);
	look_at_usage(diagnosis);
	look_at_the_way_to_d3cold(diagnosis);
	note_unknown(diagnosis);
}

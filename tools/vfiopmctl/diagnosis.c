// SPDX-License-Identifier: MIT
/* The checks of the device itself, and the order of all checks. */
#include "checks.h"

#include <string.h>

/* ---- bridges ---- */

static bool has_class(const struct diagnosis *diagnosis, const char *class)
{
	return strncmp(device_of(diagnosis)->class, class, strlen(class)) == 0;
}

/* VFIO refuses PCI bridges: vfio-pci binds only devices with the header type 0
 * (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_register_device()). */
static bool is_pci_bridge(const struct diagnosis *diagnosis)
{
	return has_class(diagnosis, "0x0604");
}

/* vfio-pci would bind these, but the host cannot run without them. */
static bool is_system_bridge(const struct diagnosis *diagnosis)
{
	return !diagnosis->is_vfio &&
	       (has_class(diagnosis, "0x0600") || has_class(diagnosis, "0x0601"));
}

static void check_pci_bridge(struct diagnosis *diagnosis)
{
	const struct node_facts *device = device_of(diagnosis);
	struct finding *finding = add_finding(diagnosis, "bridge");

	set_words(finding->what, "%s is a PCI bridge", device->address);
	set_words(finding->where, "%s/class is %s", device->path, device->class);
	set_words(finding->why, "VFIO does not give bridges to userspace. The kernel suspends a "
				"bridge when all devices behind it are suspended");
	set_words(finding->fix, "name a device behind the bridge, see: vfiopmctl list --all");
}

static void check_system_bridge(struct diagnosis *diagnosis)
{
	const struct node_facts *device = device_of(diagnosis);
	struct finding *finding = add_finding(diagnosis, "system-bridge");

	set_words(finding->what, "%s is the %s of this machine", device->address,
		  has_class(diagnosis, "0x0600") ? "host bridge" : "ISA bridge");
	set_words(finding->where, "%s/class is %s", device->path, device->class);
	set_words(finding->why, "the host cannot run without it. Do not bind it to a VFIO driver");
	set_words(finding->fix, "name another device, see: vfiopmctl list --all");
}

/* ---- what keeps the device from userspace ---- */

/* The power of a virtual function is that of its physical function, which stays on while it has
 * virtual functions (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_sriov_configure(), 5.19). */
static void check_virtual_function(struct diagnosis *diagnosis)
{
	const struct node_facts *device = device_of(diagnosis);
	struct finding *finding;

	if (!device->physfn[0])
		return;
	finding = add_finding(diagnosis, "virtual-function");
	set_words(finding->what, "%s is a virtual function of %s", device->address, device->physfn);
	set_words(finding->where, "%s/physfn", device->path);
	set_words(finding->why,
		  "a virtual function has no power of its own, and %s stays on while it has "
		  "virtual functions",
		  device->physfn);
	set_words(finding->fix,
		  "pass the whole device through; a virtual function cannot reach D3cold");
}

static void check_iommu(struct diagnosis *diagnosis)
{
	const struct node_facts *device = device_of(diagnosis);
	struct finding *finding;

	if (diagnosis->has_group)
		return;
	finding = add_finding(diagnosis, "no-iommu");
	set_words(finding->what, "%s is not in an IOMMU group", device->address);
	set_words(finding->where, "%s/iommu_group does not exist", device->path);
	set_words(finding->why,
		  "VFIO gives a device to userspace only if the device is behind an IOMMU");
	set_words(finding->fix, "enable the IOMMU in the firmware setup, and boot with "
				"intel_iommu=on or amd_iommu=on");
}

static void check_driver(struct diagnosis *diagnosis)
{
	const struct node_facts *device = device_of(diagnosis);
	char unbind[MAX_WORDS] = "";
	struct finding *finding;

	if (diagnosis->is_vfio)
		return;
	finding = add_finding(diagnosis, "not-vfio");
	if (device->driver[0]) {
		set_words(finding->what, "%s is bound to %s, which is not a VFIO driver",
			  device->address, device->driver);
		set_words(unbind, "echo %s > /sys/bus/pci/devices/%s/driver/unbind; ",
			  device->address, device->address);
	} else {
		set_words(finding->what, "%s is not bound to a driver", device->address);
	}
	set_words(finding->where, "%s/driver %s%s", device->path,
		  device->driver[0] ? "is " : "does not exist", device->driver);
	set_words(finding->why,
		  "userspace can put a device into low power only through a VFIO driver");
	set_words(finding->fix,
		  "echo vfio-pci > /sys/bus/pci/devices/%s/driver_override; %.200secho %s > "
		  "/sys/bus/pci/drivers_probe",
		  device->address, unbind, device->address);
}

/* VFIO refuses a group while a host driver has one of its devices (drivers/vfio/group.c,
 * vfio_group_ioctl_set_container(): EPERM). The driver of a port is accepted. */
static void check_group(struct diagnosis *diagnosis)
{
	for (unsigned i = 0; diagnosis->is_vfio && i < diagnosis->facts.other_count; i++) {
		const struct node_facts *other = &diagnosis->facts.others[i];
		struct finding *finding;

		if (!other->is_in_group || !other->driver[0] || has_vfio_driver(other) ||
		    is(other->driver, "pcieport") || is(other->driver, "pci-stub"))
			continue;
		finding = add_finding(diagnosis, "group-in-use");
		set_words(finding->what,
			  "%s, in the same IOMMU group, is bound to the host driver %s",
			  other->address, other->driver);
		set_words(finding->where, "%s/driver", other->path);
		set_words(finding->why, "VFIO gives a group to userspace only if no device of it "
					"has a host driver");
		set_words(finding->fix,
			  "bind that device to vfio-pci too, or unbind it: echo %s > "
			  "%s/driver/unbind",
			  other->address, other->path);
	}
}

static void check_feature(struct diagnosis *diagnosis)
{
	const struct device_facts *facts = &diagnosis->facts;
	bool is_old =
		facts->kernel_major < 6 || (facts->kernel_major == 6 && facts->kernel_minor < 1);
	struct finding *finding;

	if (diagnosis->is_probed ? diagnosis->has_feature : !is_old)
		return;
	finding = add_finding(diagnosis, "no-feature");
	if (diagnosis->is_probed) {
		set_words(finding->what, "the driver of %s does not support low power",
			  device_of(diagnosis)->address);
		set_words(finding->where, "VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY");
	} else {
		set_words(finding->what, "VFIO of Linux %s does not support low power",
			  facts->kernel);
		set_words(finding->where, "uname -r");
	}
	set_words(finding->why,
		  "without this feature the device stays on as long as a program has it open");
	set_words(finding->fix,
		  "use Linux 6.1 or later, and vfio-pci or a variant driver that has the feature");
}

/* ---- what keeps the device from being suspended ---- */

/* After an error, the kernel neither suspends nor resumes the device
 * (drivers/base/power/runtime.c, rpm_check_suspend_allowed()) until a driver is bound again. */
static void check_error(struct diagnosis *diagnosis)
{
	const struct node_facts *device = device_of(diagnosis);
	struct finding *finding;

	if (!is(device->status, "error"))
		return;
	finding = add_finding(diagnosis, "runtime-error");
	set_words(finding->what, "a suspend or resume of %s has failed", device->address);
	set_words(finding->where, "%s/power/runtime_status is error", device->path);
	set_words(finding->why, "the kernel does not try again until a driver is bound again");
	set_words(finding->fix,
		  "see the kernel log, then bind the driver again: echo %s > %s/driver/unbind; "
		  "echo %s > /sys/bus/pci/drivers_probe",
		  device->address, device->path, device->address);
}

static void check_vfs(struct diagnosis *diagnosis)
{
	const struct node_facts *device = device_of(diagnosis);
	struct finding *finding;

	if (!device->vfs[0] || is(device->vfs, "0"))
		return;
	finding = add_finding(diagnosis, "vfs");
	set_words(finding->what, "%s has %s virtual functions enabled", device->address,
		  device->vfs);
	set_words(finding->where, "%s/sriov_numvfs is %s", device->path, device->vfs);
	set_words(finding->why, "vfio-pci keeps a device on while it has virtual functions "
				"(drivers/vfio/pci/vfio_pci_core.c)");
	set_words(finding->fix, "echo 0 > /sys/bus/pci/devices/%s/sriov_numvfs", device->address);
}

/* vfio-pci enables a device when it is opened, and disables it when it is closed
 * (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_enable() and _disable()). */
static bool is_open(const struct node_facts *device)
{
	return is(device->enable, "1");
}

static void check_holders(struct diagnosis *diagnosis)
{
	const struct node_facts *device = device_of(diagnosis);
	const struct holder *holder = diagnosis->facts.holders;
	struct finding *finding;

	if (!diagnosis->is_vfio || !is_active(device) || diagnosis->count > 0 || !is_open(device))
		return;
	finding = add_finding(diagnosis, "not-entered");
	if (diagnosis->facts.holder_count > 0) {
		set_words(finding->what,
			  "%s (PID %d) has %s open, and the device is not in low power",
			  holder->name, holder->pid, device->address);
		set_words(finding->where, "/proc/%d/fd, and %s/power/runtime_status is active",
			  holder->pid, device->path);
	} else {
		set_words(finding->what,
			  "a process that is hidden from vfiopmctl has %s open, and the device is "
			  "not in low power",
			  device->address);
		set_words(finding->where, "%s/enable is 1, and power/runtime_status is active",
			  device->path);
	}
	set_words(finding->why, "an open device stays on until the process enters low power. Any "
				"later access by the process wakes the device");
	set_words(finding->fix,
		  "let the process call vfiopm_enter(), or find out which accesses it makes");
}

static void check_idle(struct diagnosis *diagnosis)
{
	const struct node_facts *device = device_of(diagnosis);
	struct finding *finding;

	if (!diagnosis->is_vfio || !is_active(device) || is_open(device) ||
	    !is(diagnosis->facts.disable_idle_d3, "Y"))
		return;
	finding = add_finding(diagnosis, "idle-d3-disabled");
	set_words(finding->what, "vfio-pci keeps devices on that no process has open");
	set_words(finding->where, "/sys/module/vfio_pci/parameters/disable_idle_d3 is Y");
	set_words(finding->why,
		  "no process has %s open. A process that opens it can still put it into low power",
		  device->address);
	set_words(finding->fix, "load vfio-pci without disable_idle_d3=1 (see /etc/modprobe.d and "
				"the kernel command line)");
}

/* Another user in the kernel. It is reported only if no other cause was found. */
static void check_usage(struct diagnosis *diagnosis)
{
	const struct node_facts *device = device_of(diagnosis);
	struct finding *finding;

	if (diagnosis->count > 0 || !is_active(device) || !device->usage[0] ||
	    is(device->usage, "0"))
		return;
	finding = add_finding(diagnosis, "in-use");
	set_words(finding->what, "the runtime PM usage count of %s is %s", device->address,
		  device->usage);
	set_words(finding->where, "%s/power/runtime_usage is %s", device->path, device->usage);
	set_words(finding->why, "the kernel suspends the device when the count is 0, that is, when "
				"its owner has entered low power and no access is in progress");
	set_words(finding->fix, "%s",
		  is_open(device) ? "find out which process has the device open"
				  : "see the kernel log. vfio-pci may have been loaded with "
				    "disable_idle_d3=1: its parameter file shows only the value "
				    "that was written last");
}

/* ---- what could not be determined ---- */

static void add_unknown_feature(struct diagnosis *diagnosis)
{
	if (diagnosis->probe_failure)
		set_words(add_unknown(diagnosis),
			  "whether its driver supports low power: the device could not be opened "
			  "(%s)",
			  diagnosis->probe_failure);
	else if (diagnosis->is_vfio && !diagnosis->is_probed)
		set_words(add_unknown(diagnosis), "whether its driver supports low power: use "
						  "--open, which wakes the device");
}

static void add_unknown_processes(struct diagnosis *diagnosis)
{
	const struct device_facts *facts = &diagnosis->facts;

	if (!facts->has_processes)
		set_words(add_unknown(diagnosis), "who has it open: /proc could not be read");
	if (facts->hidden_processes > 0)
		set_words(add_unknown(diagnosis),
			  "who has it open: %u processes may not be inspected (run as root)",
			  facts->hidden_processes);
}

static void add_unknown_attributes(struct diagnosis *diagnosis)
{
	const struct device_facts *facts = &diagnosis->facts;
	const struct node_facts *device = device_of(diagnosis);

	if (facts->others_left_out > 0)
		set_words(
			add_unknown(diagnosis),
			"all devices that share a port or the IOMMU group: there are more than %d",
			FACT_OTHERS);
	if (!device->control[0] || !device->status[0])
		set_words(add_unknown(diagnosis), "its runtime power management: power/control or "
						  "power/runtime_status could not be read");
	if (is_active(device) && diagnosis->count == 0 && !device->latency[0])
		set_words(add_unknown(diagnosis),
			  "whether a kernel driver accepts no resume latency: "
			  "power/pm_qos_resume_latency_us does not exist");
	if (!device->usage[0])
		set_words(add_unknown(diagnosis), "its runtime PM usage count: power/runtime_usage "
						  "does not exist (CONFIG_PM_ADVANCED_DEBUG)");
	if (facts->has_acpi && facts_get_supply(facts) == SUPPLY_UNKNOWN &&
	    is(device->state, "D3cold"))
		set_words(add_unknown(diagnosis),
			  "whether its power is off: the firmware does not report the power of "
			  "this device or of its ports");
	if (!device->state[0])
		set_words(add_unknown(diagnosis),
			  "its power state: power_state does not exist (Linux 5.11)");
}

void diagnose(struct diagnosis *diagnosis)
{
	const struct node_facts *device = device_of(diagnosis);

	if (is_pci_bridge(diagnosis)) {
		check_pci_bridge(diagnosis);
		return;
	}
	if (is_system_bridge(diagnosis)) {
		check_system_bridge(diagnosis);
		return;
	}
	check_virtual_function(diagnosis);
	check_iommu(diagnosis);
	check_driver(diagnosis);
	check_group(diagnosis);
	check_feature(diagnosis);
	check_error(diagnosis);
	check_attribute(diagnosis, CONTROL, device);
	check_attribute(diagnosis, LATENCY, device);
	check_vfs(diagnosis);
	check_holders(diagnosis);
	check_idle(diagnosis);
	check_usage(diagnosis);
	check_d3cold(diagnosis);
	add_unknown_feature(diagnosis);
	add_unknown_processes(diagnosis);
	add_unknown_attributes(diagnosis);
}

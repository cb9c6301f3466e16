// SPDX-License-Identifier: MIT
/* Reading the facts for doctor. Each function cites the kernel fact that it relies on. */
#include "facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/* A path in a directory, with any name that readdir(3) returns. */
#define LONG_PATH (VFIOPM__PATH_SIZE + 256)

/* ---- attributes ---- */

static bool read_line(const char *path, char *ret_text, size_t size)
{
	if (vfiopm__sysfs_read(path, ret_text, size) < 0) {
		ret_text[0] = '\0';
		return false;
	}
	ret_text[strcspn(ret_text, "\n")] = '\0';
	return true;
}

static bool read_attribute(const char *directory, const char *name, char ret_text[FACT_TEXT])
{
	char path[LONG_PATH];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return read_line(path, ret_text, FACT_TEXT);
}

static void read_link_name(const char *directory, const char *name, char ret_name[FACT_TEXT])
{
	char path[LONG_PATH];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (vfiopm__sysfs_read_link_name(path, ret_name, FACT_TEXT) < 0)
		ret_name[0] = '\0';
}

static bool exists(const char *directory, const char *name)
{
	char path[LONG_PATH];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return vfiopm__sysfs_check(path) == 0;
}

/* The kernel names PCI devices like 0000:01:00.0. */
static bool is_address(const char *name)
{
	unsigned domain, bus, device, function;
	int length = 0;

	return sscanf(name, "%8x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &length) == 4 &&
	       name[length] == '\0';
}

/* ---- a device or a bridge ---- */

/* The directory of a device in /sys/devices. The link in /sys/bus is relative:
 * ../../../devices/pci0000:00/0000:01:00.0 (fs/sysfs/symlink.c). */
static int find_path(const char *address, char ret_path[VFIOPM__PATH_SIZE])
{
	char link[LONG_PATH], target[VFIOPM__PATH_SIZE];
	const char *below = target;
	int r;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s", address);
	r = vfiopm__sysfs_read_link(link, target, sizeof(target));
	if (r < 0)
		return r == -ENOENT ? -ENXIO : r;
	while (strncmp(below, "../", 3) == 0)
		below += 3;
	r = snprintf(ret_path, VFIOPM__PATH_SIZE, "/sys/%s", below);
	return r < VFIOPM__PATH_SIZE ? 0 : -EPROTO;
}

static void read_node(struct node_facts *node, const char *path)
{
	char delay[FACT_TEXT];

	memset(node, 0, sizeof(*node));
	snprintf(node->path, sizeof(node->path), "%s", path);
	snprintf(node->address, sizeof(node->address), "%s", strrchr(path, '/') + 1);
	read_link_name(path, "driver", node->driver);
	read_attribute(path, "class", node->class);
	read_link_name(path, "physfn", node->physfn);
	read_attribute(path, "power/control", node->control);
	read_attribute(path, "power/runtime_status", node->status);
	read_attribute(path, "power_state", node->state);
	read_attribute(path, "d3cold_allowed", node->d3cold_allowed);
	read_attribute(path, "power/pm_qos_resume_latency_us", node->latency);
	read_attribute(path, "firmware_node/real_power_state", node->real_state);
	read_attribute(path, "sriov_numvfs", node->vfs);
	read_attribute(path, "power/runtime_usage", node->usage);
	read_attribute(path, "power/runtime_active_kids", node->active_kids);
	read_attribute(path, "power/wakeup", node->wakeup);
	read_attribute(path, "enable", node->enable);
	/* The resources of _PR3 (drivers/acpi/power.c, acpi_power_add_remove_device()). */
	node->has_platform_power = exists(path, "firmware_node/power_resources_D3hot");
	/* A port that the kernel lets go to D3 has an autosuspend delay (drivers/pci/pcie/
	 * portdrv.c, pcie_portdrv_probe(): pci_bridge_d3_possible()). For any other port, the
	 * read fails with EIO (drivers/base/power/sysfs.c, autosuspend_delay_ms_show()). */
	node->may_suspend = read_attribute(path, "power/autosuspend_delay_ms", delay) && delay[0];
}

/* The path in /sys/devices names each bridge: .../pci0000:00/0000:00:01.0/0000:01:00.0. */
static int read_chain(struct device_facts *facts, const char *address)
{
	char path[VFIOPM__PATH_SIZE], *slash;
	int r;

	r = find_path(address, path);
	if (r < 0)
		return r;
	while (facts->count < FACT_NODES && (slash = strrchr(path, '/')) && is_address(slash + 1)) {
		read_node(&facts->nodes[facts->count++], path);
		*slash = '\0';
	}
	return facts->count > 0 ? 0 : -ENXIO;
}

/* ---- slots ---- */

/* The hot-plug service of a port is the device 0000:00:01.0:pcie004; the digit before "04" is
 * the type of the port: 0 for a root port, 2 for a downstream port
 * (drivers/pci/pcie/portdrv.c, pcie_device_init()). */
static bool has_hotplug_service(const struct node_facts *port)
{
	static const char *const services[] = { "pcie004", "pcie204" };

	for (unsigned i = 0; i < 2; i++) {
		char name[FACT_TEXT * 2];

		snprintf(name, sizeof(name), "%s:%s", port->address, services[i]);
		if (exists(port->path, name))
			return true;
	}
	return false;
}

static bool is_address_in_slot(const char *address, const char *slot)
{
	size_t length = strlen(slot);

	return length > 0 && strncmp(address, slot, length) == 0 && address[length] == '.';
}

/* The address of a slot is like 0000:01:00, and any user can read it. The attributes power and
 * adapter of a slot must not be read: they access the port, and wake it. */
static bool is_in_slot(const char *address)
{
	struct vfiopm__sysfs_names slots;
	bool is = false;

	if (vfiopm__sysfs_list("/sys/bus/pci/slots", &slots) < 0)
		return false;
	for (size_t i = 0; i < slots.count && !is; i++) {
		char path[LONG_PATH], slot[FACT_TEXT];

		snprintf(path, sizeof(path), "/sys/bus/pci/slots/%s",
			 vfiopm__sysfs_name(&slots, i));
		is = read_attribute(path, "address", slot) && is_address_in_slot(address, slot);
	}
	vfiopm__sysfs_free_names(&slots);
	return is;
}

static void read_slots(struct device_facts *facts)
{
	for (unsigned i = 1; i < facts->count; i++)
		facts->nodes[i].is_hotplugged_by_firmware =
			is_in_slot(facts->nodes[i - 1].address) &&
			!has_hotplug_service(&facts->nodes[i]);
}

/* ---- other devices ---- */

static bool is_in_chain(const struct device_facts *facts, const char *address)
{
	for (unsigned i = 0; i < facts->count; i++) {
		if (strcmp(facts->nodes[i].address, address) == 0)
			return true;
	}
	return false;
}

/* Add the device at path, unless it has been added before. NULL if the array is full. */
static struct node_facts *add_other(struct device_facts *facts, const char *path)
{
	struct node_facts *other;

	for (unsigned i = 0; i < facts->other_count; i++) {
		if (strcmp(facts->others[i].path, path) == 0)
			return &facts->others[i];
	}
	if (facts->other_count == FACT_OTHERS) {
		facts->others_left_out++;
		return NULL;
	}
	other = &facts->others[facts->other_count++];
	read_node(other, path);
	return other;
}

/* The directory of a port holds the directories of the devices behind it. */
static void read_devices_behind(struct device_facts *facts, const struct node_facts *port)
{
	struct vfiopm__sysfs_names names;

	if (vfiopm__sysfs_list(port->path, &names) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		const char *name = vfiopm__sysfs_name(&names, i);
		struct node_facts *other;
		char path[LONG_PATH];

		if (!is_address(name) || is_in_chain(facts, name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", port->path, name);
		other = strlen(path) < VFIOPM__PATH_SIZE ? add_other(facts, path) : NULL;
		if (other)
			other->is_behind_port = true;
	}
	vfiopm__sysfs_free_names(&names);
}

static void read_group(struct device_facts *facts)
{
	struct vfiopm__sysfs_names names;
	char path[LONG_PATH];

	snprintf(path, sizeof(path), "%s/iommu_group/devices", facts->nodes[0].path);
	if (vfiopm__sysfs_list(path, &names) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		const char *name = vfiopm__sysfs_name(&names, i);
		struct node_facts *other;
		char member[VFIOPM__PATH_SIZE];

		if (!is_address(name) || is_in_chain(facts, name) || find_path(name, member) < 0)
			continue;
		other = add_other(facts, member);
		if (other)
			other->is_in_group = true;
	}
	vfiopm__sysfs_free_names(&names);
}

static void read_others(struct device_facts *facts)
{
	for (unsigned i = 1; i < facts->count; i++)
		read_devices_behind(facts, &facts->nodes[i]);
	read_group(facts);
}

/* ---- processes that have the device open ---- */

static bool is_number(const char *name)
{
	return name[0] && name[strspn(name, "0123456789")] == '\0';
}

static bool is_node(const char *target, const char *node)
{
	return node && strcmp(target, node) == 0;
}

/* 1 if the process has the device open, 0 if not, or -errno: -EACCES or -EPERM if the process
 * may not be inspected. */
static int has_open(const char *pid, const char *group_node, const char *cdev_node)
{
	char path[LONG_PATH], target[VFIOPM__PATH_SIZE];
	struct vfiopm__sysfs_names fds;
	int r;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	r = vfiopm__sysfs_list(path, &fds);
	if (r < 0)
		return r;
	for (size_t i = 0; i < fds.count && r == 0; i++) {
		snprintf(path, sizeof(path), "/proc/%s/fd/%s", pid, vfiopm__sysfs_name(&fds, i));
		r = vfiopm__sysfs_read_link(path, target, sizeof(target)) == 0 &&
		    (is_node(target, group_node) || is_node(target, cdev_node));
	}
	vfiopm__sysfs_free_names(&fds);
	return r;
}

static void add_holder(struct device_facts *facts, const char *pid)
{
	struct holder *holder;
	char path[64];

	/* Doctor names only one holder. */
	if (facts->holder_count == FACT_HOLDERS)
		return;
	holder = &facts->holders[facts->holder_count++];
	holder->pid = atoi(pid);
	snprintf(path, sizeof(path), "/proc/%d/comm", holder->pid);
	read_line(path, holder->name, sizeof(holder->name));
	for (char *c = holder->name; *c; c++) {
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	}
}

static void read_holders(struct device_facts *facts, const char *group_node, const char *cdev_node)
{
	struct vfiopm__sysfs_names processes;

	if (vfiopm__sysfs_list("/proc", &processes) < 0)
		return;
	for (size_t i = 0; i < processes.count; i++) {
		const char *pid = vfiopm__sysfs_name(&processes, i);
		int r;

		if (!is_number(pid))
			continue;
		r = has_open(pid, group_node, cdev_node);
		facts->has_processes |= r >= 0;
		facts->hidden_processes += r == -EACCES || r == -EPERM;
		if (r > 0)
			add_holder(facts, pid);
	}
	vfiopm__sysfs_free_names(&processes);
}

/* ---- the machine ---- */

static void read_machine(struct device_facts *facts)
{
	struct utsname name;

	if (uname(&name) == 0) {
		snprintf(facts->kernel, sizeof(facts->kernel), "%.63s", name.release);
		sscanf(name.release, "%u.%u", &facts->kernel_major, &facts->kernel_minor);
	}
	facts->has_acpi = exists("/sys/firmware", "acpi");
	read_attribute("/sys/module/vfio_pci/parameters", "disable_idle_d3",
		       facts->disable_idle_d3);
	read_line("/proc/cmdline", facts->cmdline, sizeof(facts->cmdline));
	read_attribute("/sys/class/dmi/id", "bios_date", facts->bios_date);
}

int facts_read(struct device_facts *ret_facts, const char *address, const char *group_node,
	       const char *cdev_node)
{
	int r;

	memset(ret_facts, 0, sizeof(*ret_facts));
	r = read_chain(ret_facts, address);
	if (r < 0)
		return r;
	read_slots(ret_facts);
	read_others(ret_facts);
	read_holders(ret_facts, group_node, cdev_node);
	read_machine(ret_facts);
	return 0;
}

/* ---- the platform ---- */

/* Without the resources of _PR3, D3hot is the state in which those of _PR0 are off
 * (drivers/acpi/power.c, acpi_power_get_inferred_state()). */
static bool is_switched_off(const struct node_facts *node)
{
	return strcmp(node->real_state, "D3cold") == 0 ||
	       (strcmp(node->real_state, "D3hot") == 0 && !node->has_platform_power);
}

enum supply facts_get_supply(const struct device_facts *facts)
{
	enum supply supply = SUPPLY_UNKNOWN;

	for (unsigned i = 0; i < facts->count; i++) {
		if (is_switched_off(&facts->nodes[i]))
			return SUPPLY_OFF;
		if (facts->nodes[i].real_state[0])
			supply = SUPPLY_ON;
	}
	return supply;
}

const char *facts_get_platform_state(const struct device_facts *facts)
{
	for (unsigned i = 0; i < facts->count; i++) {
		if (facts->nodes[i].real_state[0])
			return facts->nodes[i].real_state;
	}
	return "";
}

bool facts_is_in_d3cold(const struct device_facts *facts)
{
	return strcmp(facts->nodes[0].state, "D3cold") == 0 && facts_get_supply(facts) != SUPPLY_ON;
}

// SPDX-License-Identifier: MIT
/* Reading the facts; what each rests on is beside it. */
#include "facts.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* ---- small files ---- */

static bool read_file(const char *path, char *ret_text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	ret_text[0] = '\0';
	if (fd < 0)
		return false;
	length = read(fd, ret_text, size - 1);
	close(fd);
	ret_text[length > 0 ? length : 0] = '\0';
	ret_text[strcspn(ret_text, "\n")] = '\0';
	return length >= 0;
}

static bool read_attribute(const char *directory, const char *name, char ret_text[FACT_TEXT])
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return read_file(path, ret_text, FACT_TEXT);
}

static bool exists(const char *directory, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return access(path, F_OK) == 0;
}

/* Of the names that the kernel gives to PCI devices: 0000:01:00.0. */
static bool is_address(const char *name)
{
	unsigned domain, bus, device, function;
	int length = 0;

	return sscanf(name, "%8x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &length) == 4 &&
	       name[length] == '\0';
}

/* ---- a device or a bridge ---- */

/* The name of what a link leads to. */
static void read_link(const char *path, const char *name, char ret_target[FACT_TEXT])
{
	char link[PATH_MAX], target[PATH_MAX];
	ssize_t length;
	const char *slash;

	ret_target[0] = '\0';
	snprintf(link, sizeof(link), "%s/%s", path, name);
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		return;
	target[length] = '\0';
	slash = strrchr(target, '/');
	snprintf(ret_target, FACT_TEXT, "%.63s", slash ? slash + 1 : target);
}

static void read_node(struct fact_node *node, const char *path)
{
	char delay[FACT_TEXT];

	memset(node, 0, sizeof(*node));
	snprintf(node->path, sizeof(node->path), "%.255s", path);
	snprintf(node->address, sizeof(node->address), "%.63s", strrchr(path, '/') + 1);
	read_link(path, "driver", node->driver);
	read_attribute(path, "class", node->class);
	read_link(path, "physfn", node->physfn);
	read_attribute(path, "power/control", node->control);
	read_attribute(path, "power/runtime_status", node->status);
	read_attribute(path, "power_state", node->state);
	read_attribute(path, "d3cold_allowed", node->d3cold_allowed);
	read_attribute(path, "power/pm_qos_resume_latency_us", node->latency);
	read_attribute(path, "firmware_node/real_power_state", node->real_state);
	read_attribute(path, "sriov_numvfs", node->vfs);
	read_attribute(path, "power/runtime_usage", node->usage);
	read_attribute(path, "power/runtime_active_kids", node->kids);
	read_attribute(path, "power/wakeup", node->wakeup);
	read_attribute(path, "enable", node->enable);
	/* The resources of _PR3 (drivers/acpi/power.c, acpi_power_add_remove_device()). */
	node->has_platform_power = exists(path, "firmware_node/power_resources_D3hot");
	/* A port that the kernel lets go to D3 has an autosuspend delay (drivers/pci/pcie/
	 * portdrv.c, pcie_portdrv_probe(): pci_bridge_d3_possible()); one that it does not gives
	 * EIO here (drivers/base/power/sysfs.c, autosuspend_delay_ms_show()). */
	node->may_suspend = read_attribute(path, "power/autosuspend_delay_ms", delay) && delay[0];
}

/* The path in /sys/devices names each bridge: .../pci0000:00/0000:00:01.0/0000:01:00.0. */
static int read_chain(struct facts *facts, const char *address)
{
	char link[64], path[PATH_MAX], *slash;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%.40s", address);
	if (!realpath(link, path))
		return -errno;
	while (facts->count < FACT_NODES && (slash = strrchr(path, '/')) && is_address(slash + 1)) {
		read_node(&facts->nodes[facts->count++], path);
		*slash = '\0';
	}
	return facts->count > 0 ? 0 : -ENXIO;
}

/* ---- slots ---- */

/* A port's own hot-plug service is a device 0000:00:01.0:pcie004, with 1 or 2 for a root port's
 * or a downstream port's 0 (drivers/pci/pcie/portdrv.c, pcie_device_init()). */
static bool has_hotplug_service(const struct fact_node *port)
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

/* Is a device in a slot? A slot is known by its address, 0000:01:00, which any may read; its
 * power and adapter would ask the port, and wake it. */
static bool is_in_slot(const char *address)
{
	DIR *slots = opendir("/sys/bus/pci/slots");
	bool is = false;
	struct dirent *entry;

	while (slots && !is && (entry = readdir(slots)) != NULL) {
		char path[512], slot[FACT_TEXT];

		snprintf(path, sizeof(path), "/sys/bus/pci/slots/%.255s", entry->d_name);
		is = read_attribute(path, "address", slot) && slot[0] &&
		     strncmp(address, slot, strlen(slot)) == 0 && address[strlen(slot)] == '.';
	}
	if (slots)
		closedir(slots);
	return is;
}

static void read_slots(struct facts *facts)
{
	for (unsigned i = 1; i < facts->count; i++)
		facts->nodes[i].is_hotplugged_by_firmware =
			is_in_slot(facts->nodes[i - 1].address) &&
			!has_hotplug_service(&facts->nodes[i]);
}

/* ---- the others ---- */

static bool is_in_chain(const struct facts *facts, const char *address)
{
	for (unsigned i = 0; i < facts->count; i++) {
		if (strcmp(facts->nodes[i].address, address) == 0)
			return true;
	}
	return false;
}

/* The other device with an address, a new one if there was none; NULL if there is no room. */
static struct fact_node *find_other(struct facts *facts, const char *directory, const char *address)
{
	char link[PATH_MAX], path[PATH_MAX];

	for (unsigned i = 0; i < facts->other_count; i++) {
		if (strcmp(facts->others[i].address, address) == 0)
			return &facts->others[i];
	}
	snprintf(link, sizeof(link), "%.2000s/%.255s", directory, address);
	facts->others_left_out += facts->other_count == FACT_OTHERS;
	if (facts->other_count == FACT_OTHERS || !realpath(link, path))
		return NULL;
	read_node(&facts->others[facts->other_count], path);
	return &facts->others[facts->other_count++];
}

static void read_others_in(struct facts *facts, const char *directory, bool is_group)
{
	DIR *entries = opendir(directory);
	struct dirent *entry;

	while (entries && (entry = readdir(entries)) != NULL) {
		struct fact_node *other;

		if (!is_address(entry->d_name) || is_in_chain(facts, entry->d_name))
			continue;
		other = find_other(facts, directory, entry->d_name);
		if (!other)
			continue;
		other->is_in_group |= is_group;
		other->is_behind_port |= !is_group;
	}
	if (entries)
		closedir(entries);
}

static void read_others(struct facts *facts)
{
	char group[PATH_MAX];

	for (unsigned i = 1; i < facts->count; i++)
		read_others_in(facts, facts->nodes[i].path, false);
	snprintf(group, sizeof(group), "%s/iommu_group/devices", facts->nodes[0].path);
	read_others_in(facts, group, true);
}

/* ---- who has it open ---- */

static bool is_number(const char *name)
{
	return name[0] && name[strspn(name, "0123456789")] == '\0';
}

/* 1: has it open, 0: not, -1: may not be looked into. */
static int has_open(const char *pid, const char *group_node, const char *cdev_node)
{
	char directory[64], target[PATH_MAX];
	struct dirent *entry;
	DIR *fds;
	int has = 0;

	snprintf(directory, sizeof(directory), "/proc/%.20s/fd", pid);
	fds = opendir(directory);
	if (!fds)
		return errno == EACCES || errno == EPERM ? -1 : 0;
	while (!has && (entry = readdir(fds)) != NULL) {
		ssize_t length = readlinkat(dirfd(fds), entry->d_name, target, sizeof(target) - 1);

		if (length < 0)
			continue;
		target[length] = '\0';
		has = (group_node && strcmp(target, group_node) == 0) ||
		      (cdev_node && strcmp(target, cdev_node) == 0);
	}
	closedir(fds);
	return has;
}

static void add_holder(struct facts *facts, const char *pid)
{
	struct fact_holder *holder;
	char path[64];

	/* One is enough to be named. */
	if (facts->holder_count == FACT_HOLDERS)
		return;
	holder = &facts->holders[facts->holder_count++];
	holder->pid = atoi(pid);
	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	read_file(path, holder->name, sizeof(holder->name));
	for (char *c = holder->name; *c; c++) {
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	}
}

static void read_holders(struct facts *facts, const char *group_node, const char *cdev_node)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;

	facts->has_processes = processes && access("/proc/self/fd", R_OK) == 0;
	while (processes && (entry = readdir(processes)) != NULL) {
		int has = is_number(entry->d_name) ? has_open(entry->d_name, group_node, cdev_node)
						   : 0;

		if (has > 0)
			add_holder(facts, entry->d_name);
		facts->hidden_processes += has < 0;
	}
	if (processes)
		closedir(processes);
}

/* ---- the machine ---- */

static void read_machine(struct facts *facts)
{
	struct utsname name;

	if (uname(&name) == 0) {
		snprintf(facts->kernel, sizeof(facts->kernel), "%.63s", name.release);
		sscanf(name.release, "%u.%u", &facts->kernel_major, &facts->kernel_minor);
	}
	facts->has_acpi = access("/sys/firmware/acpi", F_OK) == 0;
	read_file("/sys/module/vfio_pci/parameters/disable_idle_d3", facts->disable_idle_d3,
		  sizeof(facts->disable_idle_d3));
	read_file("/proc/cmdline", facts->cmdline, sizeof(facts->cmdline));
	read_file("/sys/class/dmi/id/bios_date", facts->bios_date, sizeof(facts->bios_date));
}

int facts_read(struct facts *ret_facts, const char *address, const char *group_node,
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

/* ---- what the platform says ---- */

/* Without the resources of _PR3, D3hot is the state in which those of _PR0 are off
 * (drivers/acpi/power.c, acpi_power_get_inferred_state()). */
static bool is_switched_off(const struct fact_node *node)
{
	return strcmp(node->real_state, "D3cold") == 0 ||
	       (strcmp(node->real_state, "D3hot") == 0 && !node->has_platform_power);
}

enum fact_power facts_power(const struct facts *facts)
{
	enum fact_power power = FACT_POWER_UNKNOWN;

	for (unsigned i = 0; i < facts->count; i++) {
		if (is_switched_off(&facts->nodes[i]))
			return FACT_POWER_OFF;
		if (facts->nodes[i].real_state[0])
			power = FACT_POWER_ON;
	}
	return power;
}

const char *facts_platform_state(const struct facts *facts)
{
	for (unsigned i = 0; i < facts->count; i++) {
		if (facts->nodes[i].real_state[0])
			return facts->nodes[i].real_state;
	}
	return "";
}

bool facts_is_cold(const struct facts *facts)
{
	return strcmp(facts->nodes[0].state, "D3cold") == 0 && facts_power(facts) != FACT_POWER_ON;
}

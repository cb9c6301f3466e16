// SPDX-License-Identifier: MIT
/*
 * The files in which the host shows a device: /sys/bus/pci/devices and fdinfo. A read does not
 * resume the device, except a read of config in D3cold. Some writes resume it
 * (drivers/pci/pci-sysfs.c, drivers/base/power/sysfs.c).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define DIRECTORY "/sys/bus/pci/devices"
#define PREFIX	  DIRECTORY "/"
/* The target of the links in PREFIX: the device is behind a bridge, as in the lab. */
#define REAL_PREFIX "/sys/devices/pci0000:00/0000:00:01.0/"

/* The directory of a device that is not on PCI. */
#define PLATFORM_PATH "/sys/devices/platform/vfio-device"

static const char *after_prefix(const char *path)
{
	if (strncmp(path, PREFIX, sizeof(PREFIX) - 1) == 0)
		return path + sizeof(PREFIX) - 1;
	if (strncmp(path, REAL_PREFIX, sizeof(REAL_PREFIX) - 1) == 0)
		return path + sizeof(REAL_PREFIX) - 1;
	return NULL;
}

bool sim_is_sysfs(const char *path)
{
	return after_prefix(path) || strcmp(path, DIRECTORY) == 0 ||
	       strncmp(path, PLATFORM_PATH, strlen(PLATFORM_PATH)) == 0;
}

static struct sim_device *platform_device(void)
{
	for (int i = 0; i < SIM_DEVICES; i++) {
		if (sim_device_at(i) && !sim_is_pci(sim_device_at(i)))
			return sim_device_at(i);
	}
	return NULL;
}

/* The device of a path, and the rest of the path below the device's directory ("" for the
 * directory itself). */
static struct sim_device *device_of_path(const char *path, const char **ret_below)
{
	const char *name = after_prefix(path);
	size_t length = name ? strcspn(name, "/") : 0;
	char address[17];

	if (strncmp(path, PLATFORM_PATH, strlen(PLATFORM_PATH)) == 0) {
		*ret_below = path + strlen(PLATFORM_PATH);
		*ret_below += **ret_below == '/';
		return platform_device();
	}
	if (!name || length >= sizeof(address))
		return NULL;
	memcpy(address, name, length);
	address[length] = '\0';
	*ret_below = name + length + (name[length] == '/');
	return sim_device_by_address(address);
}

/* ---- attributes ---- */

static void show_power_state(const struct sim_device *device, char *text, size_t size)
{
	static const char *const names[] = { "D0", "D1", "D2", "D3hot", "D3cold" };

	snprintf(text, size, "%s\n", names[device->power]);
}

static void show_runtime_status(const struct sim_device *device, char *text, size_t size)
{
	snprintf(text, size, "%s\n", device->suspended ? "suspended" : "active");
}

static void show_suspended_time(const struct sim_device *device, char *text, size_t size)
{
	snprintf(text, size, "%" PRIu64 "\n", sim_suspended_ns(device) / 1000000);
}

/* drivers/base/power/runtime.c, update_pm_runtime_accounting(): all time counts as the one or the
 * other. */
static void show_active_time(const struct sim_device *device, char *text, size_t size)
{
	uint64_t all = sim_now_ns() - device->begin_ns;

	snprintf(text, size, "%" PRIu64 "\n", (all - sim_suspended_ns(device)) / 1000000);
}

static void show_control(const struct sim_device *device, char *text, size_t size)
{
	snprintf(text, size, "%s\n", device->control_on ? "on" : "auto");
}

static void show_d3cold_allowed(const struct sim_device *device, char *text, size_t size)
{
	snprintf(text, size, "%d\n", device->d3cold_allowed);
}

static int store_control(struct sim_device *device, const char *text)
{
	bool on = strncmp(text, "on", 2) == 0;

	if (!on && strncmp(text, "auto", 4) != 0)
		return -EINVAL;
	if (on == device->control_on)
		return 0;
	device->control_on = on;
	if (on)
		return sim_pm_get(device);
	sim_pm_put(device);
	return 0;
}

/* pci-sysfs.c, d3cold_allowed_store(): resumes the device for either value. */
static int store_d3cold_allowed(struct sim_device *device, const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 0);

	if (end == text || (*end && *end != '\n'))
		return -EINVAL;
	device->d3cold_allowed = value != 0;
	if (sim_pm_get(device) == 0)
		sim_pm_put(device);
	return 0;
}

/* pci-sysfs.c, reset_store(): resumes the device, and resets it, which leads to D0
 * (drivers/pci/pci.c, pci_dev_save_and_disable()). */
static int store_reset(struct sim_device *device, const char *text)
{
	if (text[0] != '1')
		return -EINVAL;
	if (sim_pm_get(device) < 0)
		return 0;
	sim_set_power(device, SIM_D0);
	sim_pm_put(device);
	return 0;
}

static const struct sim_attribute {
	const char *name;
	void (*show)(const struct sim_device *device, char *text, size_t size);
	int (*store)(struct sim_device *device, const char *text);
} attributes[] = {
	{ "power_state", show_power_state, NULL },
	{ "power/runtime_status", show_runtime_status, NULL },
	{ "power/runtime_active_time", show_active_time, NULL },
	{ "power/runtime_suspended_time", show_suspended_time, NULL },
	{ "power/control", show_control, store_control },
	{ "d3cold_allowed", show_d3cold_allowed, store_d3cold_allowed },
	{ "reset", NULL, store_reset },
	{ "config", NULL, NULL },
};

static bool is_replaced(const struct sim_device *device, const char *name)
{
	return device->replaced.name && strcmp(device->replaced.name, name) == 0;
}

void sim_set_attribute(struct sim_device *device, const char *name, const char *text)
{
	sim_lock();
	device->replaced.name = name;
	device->replaced.text = text;
	sim_unlock();
}

/* fs/kernfs/file.c, kernfs_fop_open(): the mode of an attribute applies to root, too. */
static bool may_open(const struct sim_attribute *attribute, int flags)
{
	bool reads = (flags & O_ACCMODE) != O_WRONLY, writes = (flags & O_ACCMODE) != O_RDONLY;

	return !(writes && !attribute->store) && !(reads && attribute->store && !attribute->show);
}

const char *sim_attribute_name(unsigned index, mode_t *ret_mode)
{
	const struct sim_attribute *attribute = &attributes[index];

	if (index >= sizeof(attributes) / sizeof(attributes[0]))
		return NULL;
	*ret_mode = !attribute->store ? 0444 : attribute->show ? 0644 : 0200;
	return attribute->name;
}

bool sim_is_config(const struct sim_file *file)
{
	return file->attribute && !file->attribute->show && !file->attribute->store;
}

int sim_open_attribute(struct sim_device *device, const char *name, int flags)
{
	int fd;

	if (strcmp(name, "power_state") == 0 && !device->kernel->power_state)
		return -ENOENT;
	/* drivers/pci/pci-sysfs.c makes these two. */
	if (!sim_is_pci(device) &&
	    (strcmp(name, "power_state") == 0 || strcmp(name, "d3cold_allowed") == 0))
		return -ENOENT;
	if (is_replaced(device, name) && !device->replaced.text)
		return -ENOENT;
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		if (strcmp(attributes[i].name, name) != 0)
			continue;
		if (!may_open(&attributes[i], flags))
			return -EACCES;
		fd = sim_file_new(SIM_ATTRIBUTE, device);
		if (fd >= 0)
			sim_file(fd)->attribute = &attributes[i];
		return fd;
	}
	return -ENOENT;
}

int sim_open_sysfs(const char *path, int flags)
{
	const char *below;
	struct sim_device *device = device_of_path(path, &below);

	if (!device)
		return -ENOENT;
	return *below ? sim_open_attribute(device, below, flags)
		      : sim_file_new(SIM_DIRECTORY, device);
}

int sim_check_sysfs(const char *path)
{
	const char *below;

	return device_of_path(path, &below) && !*below ? 0 : -ENOENT;
}

/* pci_read_config() resumes the parent. That resumes the device only if the device lost its
 * power together with the parent: in D3cold. */
static ssize_t read_config(struct sim_device *device, void *buffer, size_t count, off_t offset)
{
	if (offset >= SIM_CONFIG_SIZE)
		return 0;
	if (count > SIM_CONFIG_SIZE - (size_t)offset)
		count = SIM_CONFIG_SIZE - (size_t)offset;
	if (device->power == SIM_D3COLD && sim_pm_get(device) == 0)
		sim_pm_put(device);
	memcpy(buffer, device->config + offset, count);
	return (ssize_t)count;
}

ssize_t sim_read_text(struct sim_file *file, void *buffer, size_t count, off_t offset)
{
	char text[256];
	size_t length;

	if (file->kind == SIM_FDINFO)
		snprintf(text, sizeof(text),
			 "pos:\t0\nflags:\t02000002\nvfio-device-syspath: %s%s\n",
			 sim_is_pci(file->device) ? REAL_PREFIX : PLATFORM_PATH,
			 sim_is_pci(file->device) ? file->device->address : "");
	else if (is_replaced(file->device, file->attribute->name))
		snprintf(text, sizeof(text), "%s", file->device->replaced.text);
	else if (!file->attribute->show)
		return read_config(file->device, buffer, count, offset);
	else
		file->attribute->show(file->device, text, sizeof(text));

	length = strlen(text);
	if ((size_t)offset >= length)
		return 0;
	if (count > length - (size_t)offset)
		count = length - (size_t)offset;
	memcpy(buffer, text + offset, count);
	return (ssize_t)count;
}

ssize_t sim_write_attribute(struct sim_file *file, const void *buffer, size_t count)
{
	char text[16];
	int r;

	if (!file->attribute->store || count >= sizeof(text))
		return -EINVAL;
	memcpy(text, buffer, count);
	text[count] = '\0';
	r = file->attribute->store(file->device, text);
	return r < 0 ? r : (ssize_t)count;
}

/* ---- links and directories ---- */

int sim_read_link(const char *path, char *target, size_t size)
{
	const char *below;
	struct sim_device *device = device_of_path(path, &below);

	if (!device || strcmp(below, "iommu_group") != 0 || device->machine.no_group)
		return -ENOENT;
	if (device->machine.group_name)
		return snprintf(target, size, "../../../../kernel/iommu_groups/%s",
				device->machine.group_name);
	return snprintf(target, size, "../../../../kernel/iommu_groups/%u", device->group);
}

static int devices_entry(int index, char *name, size_t size)
{
	const struct sim_device *device = index < SIM_DEVICES ? sim_device_at(index) : NULL;

	return device ? snprintf(name, size, "%s", device->address) : 0;
}

static int vfio_dev_entry(const char *path, char *name, size_t size)
{
	const char *below;
	struct sim_device *device = device_of_path(path, &below);

	/* 6.1 has this directory, but no cdev. */
	if (!device || strcmp(below, "vfio-dev") != 0 || device->machine.not_bound ||
	    device->kernel->dialect != SIM_MAINLINE)
		return -ENOENT;
	for (int i = 0; i < SIM_DEVICES; i++) {
		if (device == sim_device_at(i))
			return snprintf(name, size, "vfio%d", i);
	}
	return -ENOENT;
}

int sim_directory_entry(const char *path, int index, char *name, size_t size)
{
	int r;

	if (strcmp(path, DIRECTORY) == 0)
		return devices_entry(index, name, size);
	r = vfio_dev_entry(path, name, size);
	return r < 0 || index == 0 ? r : 0;
}

/* ---- fdinfo ---- */

int sim_open_fdinfo(const char *path)
{
	const struct sim_file *file;
	int number;
	char rest;

	if (sscanf(path, "/proc/self/fdinfo/%d%c", &number, &rest) != 1)
		return -ENOENT;
	file = sim_file(number);
	if (!file || file->kind != SIM_DEVICE || !file->device->kernel->fdinfo_path)
		return -ENOENT;
	return sim_file_new(SIM_FDINFO, file->device);
}

/* The device fd of a group is an anonymous inode, a cdev is a node (drivers/vfio/group.c,
 * vfio_device_open_file(); device_cdev.c, 6.6). */
int sim_read_fd_link(const char *path, char *target, size_t size)
{
	const struct sim_file *file;
	int fd, length;
	char text[64], rest;

	if (sscanf(path, "/proc/self/fd/%d%c", &fd, &rest) != 1)
		return -ENOENT;
	file = sim_file(fd);
	if (!file || (file->kind != SIM_DEVICE && file->kind != SIM_CDEV))
		return -ENOENT;
	length = snprintf(text, sizeof(text), "%s",
			  file->kind == SIM_CDEV || file->device->bound_by_cdev
				  ? "/dev/vfio/devices/vfio0"
				  : "anon_inode:[vfio-device]");
	if ((size_t)length > size)
		length = (int)size;
	memcpy(target, text, (size_t)length);
	return length;
}

// SPDX-License-Identifier: MIT
/*
 * The tree below the directory of the simulator: the parts of /sys and /dev that a program finds in
 * place of the real ones. The program's own calls on directories, links and constant attributes
 * reach these files. A node or an attribute that the model serves has an empty file here, so that
 * the program finds it in the directory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server.h"

#define BRIDGE "/sys/devices/pci0000:00/0000:00:01.0"

static char root[SIM_PATH_MAX + sizeof(SIM_ROOT)];

/* ---- files ---- */

static void make_parents(const char *path)
{
	char parent[PATH_MAX];

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(parent, sizeof(parent), "%s%.*s", root, (int)(slash - path), path);
		if (mkdir(parent, 0755) < 0 && errno != EEXIST)
			die("%s: %m", parent);
	}
}

/* A file that an earlier device made, for example in their group, stays as it is. */
static void add_file(const char *path, const char *text, mode_t mode)
{
	char place[PATH_MAX];
	size_t length = strlen(text);
	int fd;

	make_parents(path);
	snprintf(place, sizeof(place), "%s%s", root, path);
	fd = open(place, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		return;
	if (fd < 0 || write(fd, text, length) != (ssize_t)length || fchmod(fd, mode) < 0)
		die("%s: %m", place);
	close(fd);
}

static void add_directory(const char *path)
{
	char inside[PATH_MAX];

	snprintf(inside, sizeof(inside), "%s/", path);
	make_parents(inside);
}

/* Both are below /sys. The link is relative, so it does not leave the root. */
static void add_link(const char *path, const char *target)
{
	char place[2 * PATH_MAX], relative[2 * PATH_MAX];
	size_t length = 0;

	make_parents(path);
	for (const char *slash = strchr(path + strlen("/sys/"), '/'); slash;
	     slash = strchr(slash + 1, '/'))
		length += (size_t)snprintf(relative + length, sizeof(relative) - length, "../");
	snprintf(relative + length, sizeof(relative) - length, "%s", target + strlen("/sys/"));
	snprintf(place, sizeof(place), "%s%s", root, path);
	if (symlink(relative, place) < 0 && errno != EEXIST)
		die("%s: %m", place);
}

static void add_attribute(const char *directory, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void add_attribute(const char *directory, const char *name, const char *format, ...)
{
	char path[PATH_MAX], text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	add_file(path, text, 0444);
}

static void add_link_in(const char *directory, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void add_link_in(const char *directory, const char *name, const char *format, ...)
{
	char path[PATH_MAX], target[PATH_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(target, sizeof(target), format, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	add_link(path, target);
}

/* ---- devices ---- */

struct identity {
	unsigned vendor, device, subsystem_vendor, class, revision;
	const char *driver, *address;
};

static void add_identity(const char *directory, const struct identity *identity)
{
	char modalias[128], driver[64] = "";

	snprintf(modalias, sizeof(modalias), "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X",
		 identity->vendor, identity->device, identity->subsystem_vendor, 0U,
		 identity->class >> 16, identity->class >> 8 & 0xff, identity->class & 0xff);
	if (identity->driver)
		snprintf(driver, sizeof(driver), "DRIVER=%s\n", identity->driver);
	add_attribute(directory, "vendor", "0x%04x\n", identity->vendor);
	add_attribute(directory, "device", "0x%04x\n", identity->device);
	add_attribute(directory, "class", "0x%06x\n", identity->class);
	add_attribute(directory, "revision", "0x%02x\n", identity->revision);
	add_attribute(directory, "subsystem_vendor", "0x%04x\n", identity->subsystem_vendor);
	add_attribute(directory, "subsystem_device", "0x0000\n");
	add_attribute(directory, "modalias", "%s\n", modalias);
	add_attribute(directory, "irq", "0\n");
	add_attribute(directory, "numa_node", "-1\n");
	add_attribute(directory, "driver_override", "(null)\n");
	add_attribute(directory, "uevent",
		      "%sPCI_CLASS=%X\nPCI_ID=%04X:%04X\nPCI_SUBSYS_ID=%04X:0000\n"
		      "PCI_SLOT_NAME=%s\nMODALIAS=%s\n",
		      driver, identity->class, identity->vendor, identity->device,
		      identity->subsystem_vendor, identity->address, modalias);
	add_link_in(directory, "subsystem", "/sys/bus/pci");
	add_link_in("/sys/bus/pci/devices", identity->address, "%s", directory);
	if (identity->driver) {
		char path[128];

		snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s", identity->driver);
		add_link_in(path, identity->address, "%s", directory);
		add_link_in(directory, "driver", "%s", path);
	}
}

/* The port above the devices. It stays in D0. */
static void add_bridge(void)
{
	const struct identity identity = { 0x1b36,     0x000c,	      0, 0x060400, 0,
					   "pcieport", "0000:00:01.0" };

	add_identity(BRIDGE, &identity);
	add_attribute(BRIDGE, "power_state", "D0\n");
	add_attribute(BRIDGE, "d3cold_allowed", "1\n");
	add_attribute(BRIDGE, "power/control", "auto\n");
	add_attribute(BRIDGE, "power/runtime_status", "active\n");
	add_attribute(BRIDGE, "power/runtime_active_time", "0\n");
	add_attribute(BRIDGE, "power/runtime_suspended_time", "0\n");
	add_attribute("/sys/devices/pci0000:00", "uevent", "%s", "");
}

static void add_group(const char *directory, const struct sim_device *device)
{
	char group[64], path[128];

	snprintf(group, sizeof(group), "/sys/kernel/iommu_groups/%u", device->group);
	add_link_in(directory, "iommu_group", "%s", group);
	add_attribute(group, "type", "DMA\n");
	snprintf(path, sizeof(path), "%s/devices", group);
	add_link_in(path, device->address, "%s", directory);
}

/* drivers/vfio/vfio_main.c, 6.1 and later: the directory exists without a cdev, too. */
static void add_vfio(const char *directory, const struct sim_device *device, int number)
{
	char path[PATH_MAX], name[16], node[64];

	snprintf(name, sizeof(name), "vfio%d", number);
	snprintf(path, sizeof(path), "%s/vfio-dev/%s", directory, name);
	add_link_in(path, "subsystem", "/sys/class/vfio-dev");
	add_link_in(path, "device", "%s", directory);
	add_link_in("/sys/class/vfio-dev", name, "%s", path);
	if (!device->kernel->cdev) {
		add_attribute(path, "uevent", "%s", "");
		return;
	}
	add_attribute(path, "uevent", "MAJOR=511\nMINOR=%d\nDEVNAME=vfio/devices/%s\n", number,
		      name);
	add_attribute(path, "dev", "511:%d\n", number);
	snprintf(node, sizeof(node), "/dev/vfio/devices/%s", name);
	add_file(node, "", 0666);
}

static void add_served(const char *directory, const struct sim_device *device)
{
	char path[512];
	const char *name;
	mode_t mode;

	for (unsigned i = 0; (name = sim_attribute_name(i, &mode)) != NULL; i++) {
		if (strcmp(name, "power_state") == 0 && !device->kernel->power_state)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, name);
		add_file(path, "", mode);
	}
}

void tree_add(const struct description *description, const struct sim_device *device, int number)
{
	const struct identity identity = {
		.vendor = description->vendor,
		.device = description->device,
		.subsystem_vendor = device->config[0x2c] | (unsigned)device->config[0x2d] << 8,
		.class = description->class,
		.revision = description->revision,
		.driver = description->driver,
		.address = device->address,
	};
	char directory[128], node[32];

	snprintf(directory, sizeof(directory), BRIDGE "/%s", device->address);
	add_identity(directory, &identity);
	add_served(directory, device);
	if (device->kernel->cdev)
		add_file("/dev/iommu", "", 0666);
	if (!device->machine.no_group) {
		add_group(directory, device);
		snprintf(node, sizeof(node), "/dev/vfio/%u", device->group);
		if (!device->machine.not_bound)
			add_file(node, "", 0666);
	}
	if (!device->machine.not_bound && device->kernel->dialect == SIM_MAINLINE)
		add_vfio(directory, device, number);
}

void tree_make(const char *directory)
{
	snprintf(root, sizeof(root), "%s" SIM_ROOT, directory);
	if (mkdir(root, 0755) < 0)
		die("%s: %m", root);
	add_directory("/sys/class/vfio-dev");
	add_directory("/sys/class/vfio");
	add_directory("/sys/class/iommu");
	add_directory("/sys/bus/pci/slots");
	add_file("/dev/vfio/vfio", "", 0666);
	add_bridge();
}

/* ---- paths ---- */

bool tree_resolve(const char *path, char *ret, size_t size)
{
	char place[2 * PATH_MAX], found[PATH_MAX];

	snprintf(place, sizeof(place), "%s%s", root, path);
	if (!realpath(place, found) || strncmp(found, root, strlen(root)) != 0)
		return false;
	snprintf(ret, size, "%s", found + strlen(root));
	return true;
}

bool tree_is_directory(const char *path)
{
	char place[2 * PATH_MAX];
	struct stat status;

	snprintf(place, sizeof(place), "%s%s", root, path);
	return stat(place, &status) == 0 && S_ISDIR(status.st_mode);
}

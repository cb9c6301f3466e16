// SPDX-License-Identifier: MIT
/*
 * A PCI device. Its description is copied when the object is created and never changes. Its
 * power is read at each call. Nothing here resumes the device: the kernel returns values that
 * it holds in memory (drivers/pci/pci-sysfs.c, drivers/base/power/sysfs.c, 6.1).
 */
#include <errno.h>
#include <inttypes.h>
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

struct vfiopm_discover_device {
	char address[VFIOPM__ADDRESS_SIZE];
	uint32_t vendor_id, device_id, class;
	char *vendor_name, *device_name;
	char *driver;
	bool is_vfio;
	bool has_group;
	uint32_t group;
	struct vfiopm__sysfs_names members;
	char *group_node, *cdev_node;
};

static void make_path(const char *address, const char *file, char ret_path[VFIOPM__PATH_SIZE])
{
	snprintf(ret_path, VFIOPM__PATH_SIZE, "/sys/bus/pci/devices/%s/%s", address, file);
}

static int copy(const char *text, char **ret_copy)
{
	*ret_copy = strdup(text);
	return *ret_copy ? 0 : -ENOMEM;
}

/* ---- numbers ---- */

/* The kernel writes "0x8086" and "0x020000". */
static int read_hex(const char *address, const char *file, size_t digits, uint32_t *ret_number)
{
	char path[VFIOPM__PATH_SIZE], text[VFIOPM__VALUE_SIZE];
	size_t length;
	int r;

	make_path(address, file, path);
	r = vfiopm__sysfs_read(path, text, sizeof(text));
	if (r < 0)
		return r;
	length = strcspn(text, "\n");
	if (length != digits + 2 || strncmp(text, "0x", 2) != 0 ||
	    strspn(text + 2, "0123456789abcdef") != digits)
		return -EPROTO;
	*ret_number = (uint32_t)strtoul(text, NULL, 16);
	return 0;
}

/* Every PCI device has these attributes. They are read first: if one is missing, the device
 * does not exist. */
static int find_numbers(struct vfiopm_discover_device *device)
{
	int r = read_hex(device->address, "vendor", 4, &device->vendor_id);

	if (r == 0)
		r = read_hex(device->address, "device", 4, &device->device_id);
	if (r == 0)
		r = read_hex(device->address, "class", 6, &device->class);
	return r == -ENOENT || r == -ENODEV ? -ENXIO : r;
}

/* ---- names ---- */

static int copy_name(struct udev_list_entry *entries, const char *key, char **ret_name)
{
	struct udev_list_entry *entry = udev_list_entry_get_by_name(entries, key);

	return entry ? copy(udev_list_entry_get_value(entry), ret_name) : 0;
}

static int find_names(struct vfiopm_discover_device *device, struct udev_hwdb *hwdb)
{
	char path[VFIOPM__PATH_SIZE], modalias[VFIOPM__PATH_SIZE];
	struct udev_list_entry *entries;
	int r;

	if (!hwdb)
		return 0;
	make_path(device->address, "modalias", path);
	r = vfiopm__sysfs_read(path, modalias, sizeof(modalias));
	if (r < 0)
		return r == -ENOENT || r == -ENODEV ? 0 : r;
	modalias[strcspn(modalias, "\n")] = '\0';

	/* The entries belong to the hwdb and are valid until its next query. */
	entries = udev_hwdb_get_properties_list_entry(hwdb, modalias, 0);
	r = copy_name(entries, "ID_VENDOR_FROM_DATABASE", &device->vendor_name);
	return r < 0 ? r : copy_name(entries, "ID_MODEL_FROM_DATABASE", &device->device_name);
}

/* ---- driver ---- */

static int find_driver(struct vfiopm_discover_device *device)
{
	char path[VFIOPM__PATH_SIZE], name[VFIOPM__PATH_SIZE];
	int r;

	make_path(device->address, "driver", path);
	r = vfiopm__sysfs_read_link_name(path, name, sizeof(name));
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return copy(name, &device->driver);
}

/* The VFIO drivers of the kernel are vfio-pci, mlx5_vfio_pci, hisi_acc_vfio_pci and so on. */
static bool has_vfio_name(const char *driver)
{
	static const char *const ends[] = { "vfio-pci", "vfio_pci" };
	size_t length = driver ? strlen(driver) : 0;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t end = strlen(ends[i]);

		if (length >= end && strcmp(driver + length - end, ends[i]) == 0)
			return true;
	}
	return false;
}

/* Copy the path of the node of a kernel device. The device may be missing, or have no node. */
static int copy_node(struct udev_device *found, char **ret_node)
{
	const char *node;
	int r;

	if (!found)
		return errno == ENOMEM || errno == EMFILE || errno == ENFILE || errno == EACCES
			       ? -errno
			       : 0;
	node = udev_device_get_devnode(found);
	r = node ? copy(node, ret_node) : 0;
	udev_device_unref(found);
	return r;
}

static int find_cdev_node(struct vfiopm_discover_device *device, struct udev *udev,
			  const char *name)
{
	errno = 0;
	return copy_node(udev_device_new_from_subsystem_sysname(udev, "vfio-dev", name),
			 &device->cdev_node);
}

/*
 * Every VFIO driver makes VFIO create vfio-dev/vfioN below the device that is bound to it
 * (drivers/vfio/vfio_main.c, vfio_register_group_dev(), 6.1). Older kernels have no vfio-dev,
 * so the name of the driver decides. The vfio-dev of a mediated device is below the mediated
 * device, not below its parent.
 */
static int find_vfio(struct vfiopm_discover_device *device, struct udev *udev)
{
	char path[VFIOPM__PATH_SIZE], name[VFIOPM__VALUE_SIZE];
	int r;

	make_path(device->address, "vfio-dev", path);
	r = vfiopm__sysfs_find_name(path, "vfio", name, sizeof(name));
	if (r == -ENOENT) {
		device->is_vfio = vfiopm__sysfs_check("/sys/class/vfio-dev") < 0 &&
				  has_vfio_name(device->driver);
		return 0;
	}
	if (r < 0)
		return r;
	device->is_vfio = true;
	return find_cdev_node(device, udev, name);
}

/* ---- IOMMU group ---- */

static int find_group_node(struct vfiopm_discover_device *device, struct udev *udev)
{
	/* The name has a prefix if there is no IOMMU (drivers/vfio/group.c,
	 * vfio_group_alloc(), 6.2). */
	static const char *const prefixes[] = { "", "noiommu-" };
	int r = 0;

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]) && !r && !device->group_node;
	     i++) {
		char name[32];

		snprintf(name, sizeof(name), "%s%" PRIu32, prefixes[i], device->group);
		errno = 0;
		r = copy_node(udev_device_new_from_subsystem_sysname(udev, "vfio", name),
			      &device->group_node);
	}
	return r;
}

static int find_members(struct vfiopm_discover_device *device)
{
	char path[VFIOPM__PATH_SIZE];
	int r;

	make_path(device->address, "iommu_group/devices", path);
	r = vfiopm__sysfs_list(path, &device->members);
	return r == -ENOENT ? 0 : r;
}

static int find_group(struct vfiopm_discover_device *device, struct udev *udev)
{
	char path[VFIOPM__PATH_SIZE], name[VFIOPM__VALUE_SIZE];
	int r;

	make_path(device->address, "iommu_group", path);
	r = vfiopm__sysfs_read_link_name(path, name, sizeof(name));
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = vfiopm__text_parse_group(name, &device->group);
	if (r < 0)
		return r;
	device->has_group = true;
	r = find_members(device);
	return r < 0 ? r : find_group_node(device, udev);
}

/* ---- creating and freeing ---- */

static int find_all(struct vfiopm_discover_device *device, struct udev *udev,
		    struct udev_hwdb *hwdb)
{
	int r = find_numbers(device);

	if (r == 0)
		r = find_names(device, hwdb);
	if (r == 0)
		r = find_driver(device);
	if (r == 0)
		r = find_vfio(device, udev);
	if (r == 0)
		r = find_group(device, udev);
	return r;
}

int vfiopm__udev_device_new(struct udev *udev, struct udev_hwdb *hwdb, const char *address,
			    struct vfiopm_discover_device **ret_device)
{
	struct vfiopm_discover_device *device = calloc(1, sizeof(*device));
	int r;

	if (!device)
		return -ENOMEM;
	memcpy(device->address, address, strlen(address) + 1);
	r = find_all(device, udev, hwdb);
	if (r < 0) {
		vfiopm_discover_device_free(device);
		return r;
	}
	*ret_device = device;
	return 0;
}

VFIOPM__PUBLIC int vfiopm_discover_device_new(const char *pci_address,
					      struct vfiopm_discover_device **ret_device)
{
	char address[VFIOPM__ADDRESS_SIZE];
	struct udev_hwdb *hwdb;
	struct udev *udev;
	int r;

	if (!pci_address || !ret_device)
		return -EINVAL;
	r = vfiopm__text_parse_address(pci_address, address);
	if (r < 0)
		return r;
	udev = udev_new();
	if (!udev)
		return -ENOMEM;
	hwdb = udev_hwdb_new(udev);

	r = vfiopm__udev_device_new(udev, hwdb, address, ret_device);
	udev_hwdb_unref(hwdb);
	udev_unref(udev);
	return r;
}

VFIOPM__PUBLIC struct vfiopm_discover_device *vfiopm_discover_device_free(
	struct vfiopm_discover_device *device)
{
	if (!device)
		return NULL;
	vfiopm__sysfs_free_names(&device->members);
	free(device->vendor_name);
	free(device->device_name);
	free(device->driver);
	free(device->group_node);
	free(device->cdev_node);
	free(device);
	return NULL;
}

/* ---- description ---- */

static int return_text(const void *device, const char *text, const char **ret_text)
{
	if (!device || !ret_text)
		return -EINVAL;
	if (!text)
		return -ENOENT;
	*ret_text = text;
	return 0;
}

static int return_number(const void *device, uint32_t number, uint32_t *ret_number)
{
	if (!device || !ret_number)
		return -EINVAL;
	*ret_number = number;
	return 0;
}

VFIOPM__PUBLIC int vfiopm_discover_device_get_address(const struct vfiopm_discover_device *device,
						      const char **ret_address)
{
	return return_text(device, device ? device->address : NULL, ret_address);
}

VFIOPM__PUBLIC int vfiopm_discover_device_get_vendor_id(const struct vfiopm_discover_device *device,
							uint32_t *ret_id)
{
	return return_number(device, device ? device->vendor_id : 0, ret_id);
}

VFIOPM__PUBLIC int vfiopm_discover_device_get_device_id(const struct vfiopm_discover_device *device,
							uint32_t *ret_id)
{
	return return_number(device, device ? device->device_id : 0, ret_id);
}

VFIOPM__PUBLIC int vfiopm_discover_device_get_class(const struct vfiopm_discover_device *device,
						    uint32_t *ret_class)
{
	return return_number(device, device ? device->class : 0, ret_class);
}

VFIOPM__PUBLIC int vfiopm_discover_device_get_vendor_name(
	const struct vfiopm_discover_device *device, const char **ret_name)
{
	return return_text(device, device ? device->vendor_name : NULL, ret_name);
}

VFIOPM__PUBLIC int vfiopm_discover_device_get_device_name(
	const struct vfiopm_discover_device *device, const char **ret_name)
{
	return return_text(device, device ? device->device_name : NULL, ret_name);
}

VFIOPM__PUBLIC int vfiopm_discover_device_get_driver(const struct vfiopm_discover_device *device,
						     const char **ret_driver)
{
	return return_text(device, device ? device->driver : NULL, ret_driver);
}

VFIOPM__PUBLIC int vfiopm_discover_device_is_vfio(const struct vfiopm_discover_device *device)
{
	return device ? device->is_vfio : -EINVAL;
}

VFIOPM__PUBLIC int vfiopm_discover_device_get_group(const struct vfiopm_discover_device *device,
						    uint32_t *ret_group)
{
	if (device && ret_group && !device->has_group)
		return -ENOENT;
	return return_number(device, device ? device->group : 0, ret_group);
}

/* The device itself is not counted. It may have left the group while the group was read. */
static bool is_other(const struct vfiopm_discover_device *device, size_t index)
{
	return strcmp(vfiopm__sysfs_name(&device->members, index), device->address) != 0;
}

VFIOPM__PUBLIC int vfiopm_discover_device_get_member_count(
	const struct vfiopm_discover_device *device, uint32_t *ret_count)
{
	uint32_t count = 0;

	for (size_t i = 0; device && i < device->members.count; i++)
		count += is_other(device, i);
	return return_number(device, count, ret_count);
}

VFIOPM__PUBLIC int vfiopm_discover_device_get_member(const struct vfiopm_discover_device *device,
						     uint32_t index, const char **ret_name)
{
	for (size_t i = 0; device && i < device->members.count; i++) {
		if (is_other(device, i) && index-- == 0)
			return return_text(device, vfiopm__sysfs_name(&device->members, i),
					   ret_name);
	}
	return -EINVAL;
}

VFIOPM__PUBLIC int vfiopm_discover_device_get_group_node(
	const struct vfiopm_discover_device *device, const char **ret_path)
{
	return return_text(device, device ? device->group_node : NULL, ret_path);
}

VFIOPM__PUBLIC int vfiopm_discover_device_get_cdev_node(const struct vfiopm_discover_device *device,
							const char **ret_path)
{
	return return_text(device, device ? device->cdev_node : NULL, ret_path);
}

/* ---- power ---- */

static int read_text(const struct vfiopm_discover_device *device, const char *file,
		     char text[VFIOPM__VALUE_SIZE])
{
	char path[VFIOPM__PATH_SIZE];
	int r;

	make_path(device->address, file, path);
	r = vfiopm__sysfs_read(path, text, VFIOPM__VALUE_SIZE);
	if (r != -ENOENT)
		return r;
	make_path(device->address, "", path);
	return vfiopm__sysfs_check(path) == 0 ? -ENOENT : -ENODEV;
}

static int read_value(const struct vfiopm_discover_device *device, const char *file,
		      int (*parse)(const char *text, uint32_t *ret_value), uint32_t *ret_value)
{
	char text[VFIOPM__VALUE_SIZE];
	int r = device && ret_value ? read_text(device, file, text) : -EINVAL;

	return r < 0 ? r : parse(text, ret_value);
}

VFIOPM__PUBLIC int vfiopm_discover_device_get_power_state(
	const struct vfiopm_discover_device *device, uint32_t *ret_state)
{
	return read_value(device, "power_state", vfiopm__text_parse_power_state, ret_state);
}

VFIOPM__PUBLIC int vfiopm_discover_device_get_runtime_status(
	const struct vfiopm_discover_device *device, uint32_t *ret_status)
{
	return read_value(device, "power/runtime_status", vfiopm__text_parse_runtime_status,
			  ret_status);
}

VFIOPM__PUBLIC int vfiopm_discover_device_get_suspended_time(
	const struct vfiopm_discover_device *device, uint64_t *ret_ms)
{
	char text[VFIOPM__VALUE_SIZE];
	int r = device && ret_ms ? read_text(device, "power/runtime_suspended_time", text)
				 : -EINVAL;

	return r < 0 ? r : vfiopm__text_parse_number(text, ret_ms);
}

VFIOPM__PUBLIC int vfiopm_discover_device_get_control(const struct vfiopm_discover_device *device,
						      uint32_t *ret_control)
{
	return read_value(device, "power/control", vfiopm__text_parse_control, ret_control);
}

VFIOPM__PUBLIC int vfiopm_discover_device_get_d3cold_allowed(
	const struct vfiopm_discover_device *device, uint32_t *ret_allowed)
{
	return read_value(device, "d3cold_allowed", vfiopm__text_parse_flag, ret_allowed);
}

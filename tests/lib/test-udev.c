// SPDX-License-Identifier: MIT
/*
 * Tests of discovery with the real libudev on a private sysfs: the attributes of one device, and
 * lists of devices. Discovery on a real kernel is in test-udev-kernel.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vfiopm/discover.h>

#include "host.h"
#include "private-sysfs.h"
#include "test.h"

#define ADDRESS "0000:01:00.0"
#define DEVPATH "/devices/pci0000:00/0000:00:01.0/0000:01:00.0"

/* A call that fails must leave these values in its output. */
static struct vfiopm_discover_device *const untouched_device = (void *)(uintptr_t)1;
static struct vfiopm_discover_list *const untouched_list = (void *)(uintptr_t)1;

static const struct sysfs_device bridge = {
	.address = "0000:00:01.0",
	.vendor = "0x1b36",
	.device = "0x000c",
	.class = "0x060400",
	.driver = "pcieport",
	.group = "2",
};

static const struct sysfs_device nic = {
	.address = ADDRESS,
	.above = "0000:00:01.0",
	.driver = "vfio-pci",
	.group = "7",
	.vfio = "vfio0",
	.has_cdev = true,
};

static struct vfiopm_discover_device *look_up(const char *address)
{
	struct vfiopm_discover_device *device = NULL;

	expect_ok(vfiopm_discover_device_new(address, &device));
	assert_non_null(device);
	return device;
}

/* ---- one device ---- */

static void attributes_of_a_device(void **state)
{
	struct vfiopm_discover_device *device;
	const char *text = NULL;
	uint32_t number = 99;
	unsigned fds;

	(void)state;
	NEED_SYSFS();
	sysfs_add(&bridge);
	sysfs_add(&nic);
	sysfs_add_vfio_group("7");
	fds = host_open_fds();
	device = look_up(ADDRESS);
	expect_ok(vfiopm_discover_device_get_address(device, &text));
	assert_string_equal(text, ADDRESS);
	expect_ok(vfiopm_discover_device_get_vendor_id(device, &number));
	assert_int_equal(number, 0x8086);
	expect_ok(vfiopm_discover_device_get_device_id(device, &number));
	assert_int_equal(number, 0x10d3);
	expect_ok(vfiopm_discover_device_get_class(device, &number));
	assert_int_equal(number, 0x020000);
	expect_ok(vfiopm_discover_device_get_driver(device, &text));
	assert_string_equal(text, "vfio-pci");
	assert_int_equal(vfiopm_discover_device_is_vfio(device), 1);
	expect_ok(vfiopm_discover_device_get_group(device, &number));
	assert_int_equal(number, 7);
	expect_ok(vfiopm_discover_device_get_member_count(device, &number));
	assert_int_equal(number, 0);
	expect_ok(vfiopm_discover_device_get_group_node(device, &text));
	assert_string_equal(text, "/dev/vfio/7");
	expect_ok(vfiopm_discover_device_get_cdev_node(device, &text));
	assert_string_equal(text, "/dev/vfio/devices/vfio0");
	assert_null(vfiopm_discover_device_free(device));
	assert_int_equal(host_open_fds(), fds);
}

/* The device lacks the attributes that other devices have. */
static void missing_attributes(void **state)
{
	static const struct sysfs_device plain = { .address = "0000:00:1f.3" };
	struct vfiopm_discover_device *device;
	const char *text = "untouched";
	uint32_t number = 99;

	(void)state;
	NEED_SYSFS();
	sysfs_add(&plain);
	device = look_up("0000:00:1F.3");
	expect_ok(vfiopm_discover_device_get_address(device, &text));
	assert_string_equal(text, "0000:00:1f.3");
	text = "untouched";
	expect_errno(ENOENT, vfiopm_discover_device_get_driver(device, &text));
	assert_int_equal(vfiopm_discover_device_is_vfio(device), 0);
	expect_errno(ENOENT, vfiopm_discover_device_get_group(device, &number));
	expect_errno(ENOENT, vfiopm_discover_device_get_group_node(device, &text));
	expect_errno(ENOENT, vfiopm_discover_device_get_cdev_node(device, &text));
	assert_string_equal(text, "untouched");
	assert_int_equal(number, 99);
	expect_ok(vfiopm_discover_device_get_member_count(device, &number));
	assert_int_equal(number, 0);
	vfiopm_discover_device_free(device);
}

static void malformed_addresses_are_refused(void **state)
{
	static const char *const texts[] = {
		"",	      "01:00.0",	   "0000:01:00", "0000:01:00.8", "0000:01:20.0",
		"0000:1:0.0", " " ADDRESS,	   ADDRESS "\n", ADDRESS "/",	 "../" ADDRESS,
		"vfio0",      ADDRESS "/vfio-dev",
	};
	struct vfiopm_discover_device *device = untouched_device;

	(void)state;
	NEED_SYSFS();
	sysfs_add(&nic);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect_errno(EINVAL, vfiopm_discover_device_new(texts[i], &device));
	expect_errno(EINVAL, vfiopm_discover_device_new(NULL, &device));
	expect_errno(EINVAL, vfiopm_discover_device_new(ADDRESS, NULL));
	expect_errno(ENXIO, vfiopm_discover_device_new("0000:7f:1f.7", &device));
	expect_errno(ENXIO, vfiopm_discover_device_new("ffffffff:ff:1f.7", &device));
	assert_ptr_equal(device, untouched_device);
}

static void malformed_attributes_are_refused(void **state)
{
	static const char *const texts[] = { "",	  "8086",     "0x808\n",
					     "0x80860\n", "0x80g6\n", "0x8086 \n" };
	struct vfiopm_discover_device *device = untouched_device;
	struct vfiopm_discover_list *list = untouched_list;

	(void)state;
	NEED_SYSFS();
	sysfs_add(&nic);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		sysfs_attribute(ADDRESS, "vendor", texts[i]);
		expect_errno(EPROTO, vfiopm_discover_device_new(ADDRESS, &device));
		expect_errno(EPROTO, vfiopm_discover_list_new(VFIOPM_DISCOVER_VFIO, &list));
	}
	sysfs_attribute(ADDRESS, "vendor", "0x8086\n");
	sysfs_attribute(ADDRESS, "iommu_group", NULL);
	sysfs_link("/sys/bus/pci/devices/" ADDRESS "/iommu_group",
		   "/sys/kernel/iommu_groups/seven");
	expect_errno(EPROTO, vfiopm_discover_device_new(ADDRESS, &device));
	assert_ptr_equal(device, untouched_device);
	assert_ptr_equal(list, untouched_list);
}

static void null_arguments_are_refused(void **state)
{
	struct vfiopm_discover_device *device;
	const char *text = NULL;
	uint32_t number = 99;
	uint64_t ms;

	(void)state;
	NEED_SYSFS();
	sysfs_add(&nic);
	device = look_up(ADDRESS);
	assert_null(vfiopm_discover_device_free(NULL));
	expect_errno(EINVAL, vfiopm_discover_device_get_address(NULL, &text));
	expect_errno(EINVAL, vfiopm_discover_device_get_address(device, NULL));
	expect_errno(EINVAL, vfiopm_discover_device_get_vendor_id(NULL, &number));
	expect_errno(EINVAL, vfiopm_discover_device_get_vendor_id(device, NULL));
	expect_errno(EINVAL, vfiopm_discover_device_get_device_id(NULL, &number));
	expect_errno(EINVAL, vfiopm_discover_device_get_device_id(device, NULL));
	expect_errno(EINVAL, vfiopm_discover_device_get_class(NULL, &number));
	expect_errno(EINVAL, vfiopm_discover_device_get_class(device, NULL));
	expect_errno(EINVAL, vfiopm_discover_device_get_vendor_name(NULL, &text));
	expect_errno(EINVAL, vfiopm_discover_device_get_vendor_name(device, NULL));
	expect_errno(EINVAL, vfiopm_discover_device_get_device_name(NULL, &text));
	expect_errno(EINVAL, vfiopm_discover_device_get_device_name(device, NULL));
	expect_errno(EINVAL, vfiopm_discover_device_get_driver(NULL, &text));
	expect_errno(EINVAL, vfiopm_discover_device_get_driver(device, NULL));
	expect_errno(EINVAL, vfiopm_discover_device_is_vfio(NULL));
	expect_errno(EINVAL, vfiopm_discover_device_get_group(NULL, &number));
	expect_errno(EINVAL, vfiopm_discover_device_get_group(device, NULL));
	expect_errno(EINVAL, vfiopm_discover_device_get_member_count(NULL, &number));
	expect_errno(EINVAL, vfiopm_discover_device_get_member_count(device, NULL));
	expect_errno(EINVAL, vfiopm_discover_device_get_member(NULL, 0, &text));
	expect_errno(EINVAL, vfiopm_discover_device_get_group_node(NULL, &text));
	expect_errno(EINVAL, vfiopm_discover_device_get_group_node(device, NULL));
	expect_errno(EINVAL, vfiopm_discover_device_get_cdev_node(NULL, &text));
	expect_errno(EINVAL, vfiopm_discover_device_get_cdev_node(device, NULL));
	expect_errno(EINVAL, vfiopm_discover_device_get_power_state(NULL, &number));
	expect_errno(EINVAL, vfiopm_discover_device_get_power_state(device, NULL));
	expect_errno(EINVAL, vfiopm_discover_device_get_runtime_status(NULL, &number));
	expect_errno(EINVAL, vfiopm_discover_device_get_runtime_status(device, NULL));
	expect_errno(EINVAL, vfiopm_discover_device_get_suspended_time(NULL, &ms));
	expect_errno(EINVAL, vfiopm_discover_device_get_suspended_time(device, NULL));
	expect_errno(EINVAL, vfiopm_discover_device_get_control(NULL, &number));
	expect_errno(EINVAL, vfiopm_discover_device_get_control(device, NULL));
	expect_errno(EINVAL, vfiopm_discover_device_get_d3cold_allowed(NULL, &number));
	expect_errno(EINVAL, vfiopm_discover_device_get_d3cold_allowed(device, NULL));
	assert_int_equal(number, 99);
	assert_null(text);
	vfiopm_discover_device_free(device);
}

/* ---- the detection of VFIO drivers ---- */

static int is_vfio(const char *address)
{
	struct vfiopm_discover_device *device = look_up(address);
	int result = vfiopm_discover_device_is_vfio(device);

	vfiopm_discover_device_free(device);
	return result;
}

/* Since 6.1 a device of a VFIO driver has an entry in vfio-dev. The driver's name then has no
 * meaning. */
static void vfio_is_detected_by_vfio_dev(void **state)
{
	static const struct sysfs_device devices[] = {
		{ .address = "0000:01:00.0", .driver = "vfio-pci", .vfio = "vfio0" },
		{ .address = "0000:01:00.1", .driver = "mlx5_vfio_pci", .vfio = "vfio1" },
		{ .address = "0000:01:00.2", .driver = "nvidia", .vfio = "vfio12" },
		{ .address = "0000:01:00.3", .driver = "not-vfio-pci" },
		{ .address = "0000:01:00.4", .driver = "nvme" },
		{ .address = "0000:01:00.5" },
	};

	(void)state;
	NEED_SYSFS();
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		sysfs_add(&devices[i]);
		assert_int_equal(is_vfio(devices[i].address), devices[i].vfio != NULL);
	}
}

/* Before 6.1 the driver's name is the only sign. */
static void vfio_is_detected_by_driver_name(void **state)
{
	static const struct {
		const char *driver;
		int is_vfio;
	} drivers[] = {
		{ "vfio-pci", 1 },
		{ "mlx5_vfio_pci", 1 },
		{ "mlx5-vfio-pci", 1 },
		{ "hisi_acc_vfio_pci", 1 },
		{ "hisi-acc-vfio-pci", 1 },
		{ "nvme", 0 },
		{ "vfio-pci-core", 0 },
		{ "pci", 0 },
		{ "vfio", 0 },
	};
	char address[] = "0000:01:00.0";

	(void)state;
	NEED_SYSFS();
	sysfs_remove("/sys/class/vfio-dev");
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		struct sysfs_device device = { .address = address, .driver = drivers[i].driver };

		snprintf(address, sizeof(address), "0000:01:%02x.0", (unsigned)i & 0x1f);
		sysfs_add(&device);
		assert_int_equal(is_vfio(address), drivers[i].is_vfio);
	}
}

/* A mediated device belongs to VFIO. Its parent, a PCI device, does not. */
static void mediated_device_is_not_its_parent(void **state)
{
	static const struct sysfs_device parent = { .address = "0000:00:02.0", .driver = "i915" };
	const char *text;
	struct vfiopm_discover_device *device;

	(void)state;
	NEED_SYSFS();
	sysfs_add(&parent);
	sysfs_add(&bridge);
	sysfs_add(&nic);
	sysfs_write("/sys/devices/pci0000:00/0000:00:02.0/some-uuid/vfio-dev/vfio3/uevent", "");
	assert_int_equal(is_vfio("0000:00:02.0"), 0);
	device = look_up("0000:00:01.0");
	assert_int_equal(vfiopm_discover_device_is_vfio(device), 0);
	expect_errno(ENOENT, vfiopm_discover_device_get_cdev_node(device, &text));
	vfiopm_discover_device_free(device);
}

/* ---- the group ---- */

static void group_members(void **state)
{
	static const struct sysfs_device others[] = {
		{ .address = "0000:01:00.1", .group = "7", .driver = "vfio-pci", .vfio = "vfio1" },
		{ .address = "10000:00:00.0", .group = "7" },
		{ .address = "0000:02:00.0", .group = "8" },
	};
	struct vfiopm_discover_device *device;
	const char *text = NULL;
	uint32_t count = 0;

	(void)state;
	NEED_SYSFS();
	sysfs_add(&nic);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		sysfs_add(&others[i]);
	sysfs_link("/sys/kernel/iommu_groups/7/devices/fe000000.dma",
		   "/sys/devices/platform/fe000000.dma");
	device = look_up(ADDRESS);
	expect_ok(vfiopm_discover_device_get_member_count(device, &count));
	assert_int_equal(count, 3);
	/* The members are sorted. They include platform devices, and exclude the device itself. */
	expect_ok(vfiopm_discover_device_get_member(device, 0, &text));
	assert_string_equal(text, "0000:01:00.1");
	expect_ok(vfiopm_discover_device_get_member(device, 1, &text));
	assert_string_equal(text, "fe000000.dma");
	expect_ok(vfiopm_discover_device_get_member(device, 2, &text));
	assert_string_equal(text, "10000:00:00.0");
	expect_errno(EINVAL, vfiopm_discover_device_get_member(device, 3, &text));
	expect_errno(EINVAL, vfiopm_discover_device_get_member(device, UINT32_MAX, &text));
	expect_errno(EINVAL, vfiopm_discover_device_get_member(device, 0, NULL));
	assert_string_equal(text, "10000:00:00.0");
	/* VFIO has no node for this group. */
	expect_errno(ENOENT, vfiopm_discover_device_get_group_node(device, &text));
	vfiopm_discover_device_free(device);
}

static void noiommu_group(void **state)
{
	struct vfiopm_discover_device *device;
	const char *text = NULL;

	(void)state;
	NEED_SYSFS();
	sysfs_add(&nic);
	sysfs_add_vfio_group("noiommu-7");
	device = look_up(ADDRESS);
	expect_ok(vfiopm_discover_device_get_group_node(device, &text));
	assert_string_equal(text, "/dev/vfio/noiommu-7");
	vfiopm_discover_device_free(device);
}

/* Kernels 6.1 to 6.5, and later ones without CONFIG_VFIO_DEVICE_CDEV. */
static void vfio_dev_without_cdev(void **state)
{
	struct sysfs_device device_without = nic;
	struct vfiopm_discover_device *device;
	const char *text = NULL;

	(void)state;
	NEED_SYSFS();
	device_without.has_cdev = false;
	sysfs_add(&device_without);
	device = look_up(ADDRESS);
	assert_int_equal(vfiopm_discover_device_is_vfio(device), 1);
	expect_errno(ENOENT, vfiopm_discover_device_get_cdev_node(device, &text));
	assert_null(text);
	vfiopm_discover_device_free(device);
}

/* ---- the names ---- */

static const char *const hwdbs[] = { "/etc/udev/hwdb.bin", "/usr/lib/udev/hwdb.bin",
				     "/lib/udev/hwdb.bin" };
#define HWDBS (sizeof(hwdbs) / sizeof(hwdbs[0]))

static bool has_hwdb(void)
{
	for (size_t i = 0; i < HWDBS; i++) {
		if (access(hwdbs[i], R_OK) == 0)
			return true;
	}
	return false;
}

static void names_from_hwdb(void **state)
{
	static const struct sysfs_device unknown = { .address = "0000:02:00.0",
						     .vendor = "0xfff0",
						     .device = "0x0001" };
	struct vfiopm_discover_device *device;
	const char *vendor = NULL, *name = NULL;

	(void)state;
	NEED_SYSFS();
	if (!has_hwdb())
		skip_because("this machine has no hwdb");
	sysfs_add(&nic);
	sysfs_add(&unknown);
	device = look_up(ADDRESS);
	expect_ok(vfiopm_discover_device_get_vendor_name(device, &vendor));
	assert_non_null(strstr(vendor, "Intel"));
	expect_ok(vfiopm_discover_device_get_device_name(device, &name));
	assert_non_null(strstr(name, "82574L"));
	vfiopm_discover_device_free(device);

	device = look_up("0000:02:00.0");
	expect_errno(ENOENT, vfiopm_discover_device_get_vendor_name(device, &vendor));
	expect_errno(ENOENT, vfiopm_discover_device_get_device_name(device, &name));
	vfiopm_discover_device_free(device);
}

/* An unusable hwdb counts as a missing one. This test must be the last: the bind mounts remain. */
static void unusable_hwdb(void **state)
{
	struct vfiopm_discover_device *device;
	const char *name;

	(void)state;
	NEED_SYSFS();
	sysfs_add(&nic);
	for (size_t i = 0; i < HWDBS; i++) {
		if (access(hwdbs[i], R_OK) == 0)
			sysfs_cover(hwdbs[i], "/dev/null");
	}
	device = look_up(ADDRESS);
	expect_errno(ENOENT, vfiopm_discover_device_get_vendor_name(device, &name));
	expect_errno(ENOENT, vfiopm_discover_device_get_device_name(device, &name));
	vfiopm_discover_device_free(device);
}

/* ---- the power attributes ---- */

/* Each call reads the attribute again. libudev would return the value that it read first. */
static void power_is_read_at_each_call(void **state)
{
	struct vfiopm_discover_device *device;
	uint32_t value = 99;
	uint64_t ms = 99;

	(void)state;
	NEED_SYSFS();
	sysfs_add(&nic);
	device = look_up(ADDRESS);
	expect_ok(vfiopm_discover_device_get_power_state(device, &value));
	assert_int_equal(value, VFIOPM_POWER_STATE_D0);
	sysfs_attribute(ADDRESS, "power_state", "D3cold\n");
	expect_ok(vfiopm_discover_device_get_power_state(device, &value));
	assert_int_equal(value, VFIOPM_POWER_STATE_D3COLD);
	expect_ok(vfiopm_discover_device_get_runtime_status(device, &value));
	assert_int_equal(value, VFIOPM_RUNTIME_ACTIVE);
	sysfs_attribute(ADDRESS, "power/runtime_status", "suspended\n");
	expect_ok(vfiopm_discover_device_get_runtime_status(device, &value));
	assert_int_equal(value, VFIOPM_RUNTIME_SUSPENDED);
	expect_ok(vfiopm_discover_device_get_suspended_time(device, &ms));
	assert_int_equal(ms, 0);
	sysfs_attribute(ADDRESS, "power/runtime_suspended_time", "123456789012\n");
	expect_ok(vfiopm_discover_device_get_suspended_time(device, &ms));
	assert_true(ms == UINT64_C(123456789012));
	expect_ok(vfiopm_discover_device_get_control(device, &value));
	assert_int_equal(value, VFIOPM_CONTROL_AUTO);
	sysfs_attribute(ADDRESS, "power/control", "on\n");
	expect_ok(vfiopm_discover_device_get_control(device, &value));
	assert_int_equal(value, VFIOPM_CONTROL_ON);
	expect_ok(vfiopm_discover_device_get_d3cold_allowed(device, &value));
	assert_int_equal(value, 1);
	sysfs_attribute(ADDRESS, "d3cold_allowed", "0\n");
	expect_ok(vfiopm_discover_device_get_d3cold_allowed(device, &value));
	assert_int_equal(value, 0);
	vfiopm_discover_device_free(device);
}

static void missing_power_attributes(void **state)
{
	struct sysfs_device old = nic;
	struct vfiopm_discover_device *device;
	uint32_t value = 99;
	uint64_t ms = 99;

	(void)state;
	NEED_SYSFS();
	old.is_old = true;
	sysfs_add(&old);
	device = look_up(ADDRESS);
	expect_errno(ENOENT, vfiopm_discover_device_get_power_state(device, &value));
	sysfs_attribute(ADDRESS, "power", NULL);
	expect_errno(ENOENT, vfiopm_discover_device_get_runtime_status(device, &value));
	expect_errno(ENOENT, vfiopm_discover_device_get_suspended_time(device, &ms));
	expect_errno(ENOENT, vfiopm_discover_device_get_control(device, &value));
	sysfs_attribute(ADDRESS, "d3cold_allowed", NULL);
	expect_errno(ENOENT, vfiopm_discover_device_get_d3cold_allowed(device, &value));

	sysfs_remove("/sys/bus/pci/devices/" ADDRESS);
	expect_errno(ENODEV, vfiopm_discover_device_get_power_state(device, &value));
	expect_errno(ENODEV, vfiopm_discover_device_get_runtime_status(device, &value));
	expect_errno(ENODEV, vfiopm_discover_device_get_suspended_time(device, &ms));
	expect_errno(ENODEV, vfiopm_discover_device_get_control(device, &value));
	expect_errno(ENODEV, vfiopm_discover_device_get_d3cold_allowed(device, &value));
	assert_int_equal(value, 99);
	assert_int_equal(ms, 99);
	vfiopm_discover_device_free(device);
}

static void malformed_power_attributes(void **state)
{
	struct vfiopm_discover_device *device;
	uint32_t value = 99;
	uint64_t ms = 99;
	char text[] = "a value that is longer than any that the kernel can have there, by far\n";

	(void)state;
	NEED_SYSFS();
	sysfs_add(&nic);
	device = look_up(ADDRESS);
	sysfs_attribute(ADDRESS, "power_state", "D4\n");
	expect_errno(EPROTO, vfiopm_discover_device_get_power_state(device, &value));
	sysfs_attribute(ADDRESS, "power_state", text);
	expect_errno(EPROTO, vfiopm_discover_device_get_power_state(device, &value));
	sysfs_attribute(ADDRESS, "power/runtime_status", "");
	expect_errno(EPROTO, vfiopm_discover_device_get_runtime_status(device, &value));
	sysfs_attribute(ADDRESS, "power/runtime_suspended_time", "-1\n");
	expect_errno(EPROTO, vfiopm_discover_device_get_suspended_time(device, &ms));
	sysfs_attribute(ADDRESS, "power/control", "off\n");
	expect_errno(EPROTO, vfiopm_discover_device_get_control(device, &value));
	sysfs_attribute(ADDRESS, "d3cold_allowed", "2\n");
	expect_errno(EPROTO, vfiopm_discover_device_get_d3cold_allowed(device, &value));
	assert_int_equal(value, 99);
	assert_int_equal(ms, 99);
	vfiopm_discover_device_free(device);
}

/* Discovery does not read the files that could wake a device. Each of them is a FIFO here, so that
 * a read would block until the alarm ends the test. */
static void waking_files_are_not_read(void **state)
{
	static const char *const files[] = { "config",	  "rom",   "resource",
					     "resource0", "reset", "remove" };
	struct vfiopm_discover_list *list = NULL;
	struct vfiopm_discover_device *device;
	char path[256];
	uint32_t value;

	(void)state;
	NEED_SYSFS();
	sysfs_add(&nic);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "/sys%s/%s", DEVPATH, files[i]);
		assert_int_equal(mkfifo(path, 0600), 0);
	}
	alarm(20);
	expect_ok(vfiopm_discover_list_new(VFIOPM_DISCOVER_ALL, &list));
	vfiopm_discover_list_free(list);
	device = look_up(ADDRESS);
	expect_ok(vfiopm_discover_device_get_power_state(device, &value));
	vfiopm_discover_device_free(device);
	alarm(0);
}

/* ---- lists ---- */

static void expect_list(uint32_t which, const char *const *addresses, uint32_t wanted)
{
	const struct vfiopm_discover_device *device = NULL;
	struct vfiopm_discover_list *list = NULL;
	uint32_t count = 99;
	const char *address;

	expect_ok(vfiopm_discover_list_new(which, &list));
	expect_ok(vfiopm_discover_list_get_count(list, &count));
	assert_int_equal(count, wanted);
	for (uint32_t i = 0; i < count; i++) {
		expect_ok(vfiopm_discover_list_get_device(list, i, &device));
		expect_ok(vfiopm_discover_device_get_address(device, &address));
		assert_string_equal(address, addresses[i]);
	}
	expect_errno(EINVAL, vfiopm_discover_list_get_device(list, count, &device));
	assert_null(vfiopm_discover_list_free(list));
}

static void lists_are_sorted(void **state)
{
	/* This order is neither that of the addresses nor that of the paths. */
	static const struct sysfs_device devices[] = {
		{ .address = "10000:00:00.0" },
		{ .address = "0000:00:1f.0" },
		{ .address = "0000:02:00.0",
		  .above = "0000:00:1c.0",
		  .driver = "vfio-pci",
		  .vfio = "vfio1" },
		{ .address = "0000:00:1c.0" },
	};
	static const char *const all[] = { "0000:00:01.0", "0000:00:1c.0", "0000:00:1f.0",
					   ADDRESS,	   "0000:02:00.0", "10000:00:00.0" };
	static const char *const vfio[] = { ADDRESS, "0000:02:00.0" };
	unsigned fds;

	(void)state;
	NEED_SYSFS();
	fds = host_open_fds();
	expect_list(VFIOPM_DISCOVER_ALL, NULL, 0);
	expect_list(VFIOPM_DISCOVER_VFIO, NULL, 0);
	sysfs_add(&bridge);
	sysfs_add(&nic);
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		sysfs_add(&devices[i]);
	expect_list(VFIOPM_DISCOVER_ALL, all, 6);
	expect_list(VFIOPM_DISCOVER_VFIO, vfio, 2);
	assert_int_equal(host_open_fds(), fds);
}

static void list_of_many_devices(void **state)
{
	struct vfiopm_discover_list *list = NULL;
	char address[16];
	uint32_t count;

	(void)state;
	NEED_SYSFS();
	for (unsigned i = 0; i < 256; i++) {
		struct sysfs_device device = { .address = address };

		snprintf(address, sizeof(address), "0000:03:%02x.%u", i / 8, i % 8);
		sysfs_add(&device);
	}
	expect_ok(vfiopm_discover_list_new(VFIOPM_DISCOVER_ALL, &list));
	expect_ok(vfiopm_discover_list_get_count(list, &count));
	assert_int_equal(count, 256);
	vfiopm_discover_list_free(list);
}

/* A device disappears while the list is created: its link still exists, its attributes do not. */
static void vanishing_device_is_skipped(void **state)
{
	static const char *const all[] = { ADDRESS };
	static const struct sysfs_device going = { .address = "0000:00:1f.0" };

	(void)state;
	NEED_SYSFS();
	sysfs_add(&nic);
	sysfs_add(&going);
	sysfs_attribute("0000:00:1f.0", "vendor", NULL);
	expect_list(VFIOPM_DISCOVER_ALL, all, 1);
}

static void list_refuses_bad_arguments(void **state)
{
	struct vfiopm_discover_list *list = untouched_list;
	const struct vfiopm_discover_device *device = NULL;
	uint32_t count = 99;

	(void)state;
	NEED_SYSFS();
	expect_errno(EINVAL, vfiopm_discover_list_new(2, &list));
	expect_errno(EINVAL, vfiopm_discover_list_new(UINT32_MAX, &list));
	expect_errno(EINVAL, vfiopm_discover_list_new(VFIOPM_DISCOVER_ALL, NULL));
	assert_ptr_equal(list, untouched_list);
	assert_null(vfiopm_discover_list_free(NULL));
	expect_errno(EINVAL, vfiopm_discover_list_get_count(NULL, &count));
	expect_errno(EINVAL, vfiopm_discover_list_get_device(NULL, 0, &device));
	sysfs_add(&nic);
	expect_ok(vfiopm_discover_list_new(VFIOPM_DISCOVER_ALL, &list));
	expect_errno(EINVAL, vfiopm_discover_list_get_count(list, NULL));
	expect_errno(EINVAL, vfiopm_discover_list_get_device(list, 0, NULL));
	expect_errno(EINVAL, vfiopm_discover_list_get_device(list, 1, &device));
	assert_null(device);
	assert_int_equal(count, 99);
	vfiopm_discover_list_free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SYSFS(attributes_of_a_device),
		IN_SYSFS(missing_attributes),
		IN_SYSFS(malformed_addresses_are_refused),
		IN_SYSFS(malformed_attributes_are_refused),
		IN_SYSFS(null_arguments_are_refused),
		IN_SYSFS(vfio_is_detected_by_vfio_dev),
		IN_SYSFS(vfio_is_detected_by_driver_name),
		IN_SYSFS(mediated_device_is_not_its_parent),
		IN_SYSFS(group_members),
		IN_SYSFS(noiommu_group),
		IN_SYSFS(vfio_dev_without_cdev),
		IN_SYSFS(names_from_hwdb),
		IN_SYSFS(power_is_read_at_each_call),
		IN_SYSFS(missing_power_attributes),
		IN_SYSFS(malformed_power_attributes),
		IN_SYSFS(waking_files_are_not_read),
		IN_SYSFS(lists_are_sorted),
		IN_SYSFS(list_of_many_devices),
		IN_SYSFS(vanishing_device_is_skipped),
		IN_SYSFS(list_refuses_bad_arguments),
		IN_SYSFS(unusable_hwdb),
	};

	return cmocka_run_group_tests_name("udev", tests, sysfs_group_setup, NULL);
}

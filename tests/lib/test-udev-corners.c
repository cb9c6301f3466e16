// SPDX-License-Identifier: MIT
/*
 * What a kernel or libudev rarely shows: a sysfs whose texts are wrong, a device that is removed
 * while it is read, and messages that are no events. Two calls are linked with --wrap.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libudev.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <vfiopm/discover.h>

#include "host.h"
#include "private-sysfs.h"
#include "test.h"

#define ADDRESS "0000:01:00.0"
#define DEVPATH "/devices/pci0000:00/" ADDRESS

static const struct sysfs_device nic = { .address = ADDRESS, .group = "7" };

/* ---- the wrapped calls ---- */

static unsigned preads_left; /* before the one that fails with ENODEV; 0: none fails */
static bool hides_action;

ssize_t __real_pread(int fd, void *buffer, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *buffer, size_t size, off_t offset);
const char *__real_udev_device_get_action(struct udev_device *device);
const char *__wrap_udev_device_get_action(struct udev_device *device);

ssize_t __wrap_pread(int fd, void *buffer, size_t size, off_t offset)
{
	if (preads_left > 0 && --preads_left == 0) {
		errno = ENODEV;
		return -1;
	}
	return __real_pread(fd, buffer, size, offset);
}

/* glibc's name for large files. */
extern __typeof(__wrap_pread) __wrap_pread64 __attribute__((alias("__wrap_pread")));

const char *__wrap_udev_device_get_action(struct udev_device *device)
{
	return hides_action ? NULL : __real_udev_device_get_action(device);
}

/* ---- devices ---- */

/* The kernel writes 0x and four digits, or six for the class. */
static void wrong_numbers_are_refused(void **state)
{
	static const struct {
		const char *file, *text;
	} wrong[] = {
		{ "vendor", "" },	  { "vendor", "0x808\n" },    { "vendor", "0x80866\n" },
		{ "vendor", "1x8086\n" }, { "vendor", "008086\n" },   { "vendor", "0x808G\n" },
		{ "vendor", "0x 086\n" }, { "device", "0x10d\n" },    { "device", "0x010d3\n" },
		{ "class", "0x02000\n" }, { "class", "0x0200000\n" }, { "class", "0x2\n" },
		{ "device", "0X10d3\n" },
	};

	(void)state;
	NEED_SYSFS();
	sysfs_add(&nic);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		bool is_class = strcmp(wrong[i].file, "class") == 0;
		struct vfiopm_discover_device *device = NULL;

		sysfs_attribute(ADDRESS, wrong[i].file, wrong[i].text);
		expect_errno(EPROTO, vfiopm_discover_device_new(ADDRESS, &device));
		assert_null(device);
		sysfs_attribute(ADDRESS, wrong[i].file, is_class ? "0x020000\n" : "0x8086\n");
		expect_ok(vfiopm_discover_device_new(ADDRESS, &device));
		vfiopm_discover_device_free(device);
	}
}

/* The names come from the modalias, which is read after the three numbers. */
static void a_device_can_go_before_its_names_are_read(void **state)
{
	struct vfiopm_discover_device *device = NULL;
	const char *name = NULL;

	(void)state;
	NEED_SYSFS();
	sysfs_add(&nic);
	preads_left = 4;
	expect_ok(vfiopm_discover_device_new(ADDRESS, &device));
	assert_int_equal(preads_left, 0);
	expect_errno(ENOENT, vfiopm_discover_device_get_vendor_name(device, &name));
	vfiopm_discover_device_free(device);
}

static void a_group_can_go_before_its_members_are_read(void **state)
{
	struct vfiopm_discover_device *device = NULL;
	uint32_t number = 99;

	(void)state;
	NEED_SYSFS();
	sysfs_add(&nic);
	sysfs_remove("/sys/kernel/iommu_groups/7/devices");
	expect_ok(vfiopm_discover_device_new(ADDRESS, &device));
	expect_ok(vfiopm_discover_device_get_group(device, &number));
	assert_int_equal(number, 7);
	expect_ok(vfiopm_discover_device_get_member_count(device, &number));
	assert_int_equal(number, 0);
	vfiopm_discover_device_free(device);
}

static void a_name_that_is_no_address_is_refused(void **state)
{
	static const struct sysfs_device odd = { .address = "not-an-address" };
	struct vfiopm_discover_list *list = NULL;
	unsigned fds;

	(void)state;
	NEED_SYSFS();
	sysfs_add(&nic);
	sysfs_add(&odd);
	fds = host_open_fds();
	expect_errno(EPROTO, vfiopm_discover_list_new(VFIOPM_DISCOVER_ALL, &list));
	assert_null(list);
	assert_int_equal(host_open_fds(), fds);
}

/* ---- events ---- */

static void expect_no_event(struct vfiopm_discover_monitor *monitor)
{
	const char *address = NULL;
	uint32_t event = 99;

	expect_errno(EAGAIN, vfiopm_discover_monitor_next(monitor, &event, &address));
	assert_int_equal(event, 99);
	assert_null(address);
}

static struct vfiopm_discover_monitor *new_monitor(void)
{
	struct vfiopm_discover_monitor *monitor = NULL;

	expect_ok(vfiopm_discover_monitor_new(VFIOPM_DISCOVER_SOURCE_KERNEL, &monitor));
	return monitor;
}

/* The address of a vfio-dev is two components before its end. */
static void short_paths_are_no_events(void **state)
{
	static const char *const paths[] = { "/a",	  "/a/b",
					     "/a/b/c",	  "/vfio-dev/vfio0",
					     "/" ADDRESS, "/" ADDRESS "/vfio0" };
	struct vfiopm_discover_monitor *monitor;
	const char *address = NULL;
	uint32_t event = 99;

	(void)state;
	NEED_SYSFS();
	monitor = new_monitor();
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		sysfs_uevent("add", paths[i], "vfio-dev");
	expect_no_event(monitor);
	sysfs_uevent("add", "/" ADDRESS "/vfio-dev/vfio0", "vfio-dev");
	expect_ok(vfiopm_discover_monitor_next(monitor, &event, &address));
	assert_int_equal(event, VFIOPM_DISCOVER_BOUND);
	assert_string_equal(address, ADDRESS);
	vfiopm_discover_monitor_free(monitor);
}

/* The monitor keeps the last 255 bytes of a longer path. */
static void a_long_path_is_cut_at_its_start(void **state)
{
	struct vfiopm_discover_monitor *monitor;

	(void)state;
	NEED_SYSFS();
	monitor = new_monitor();
	for (size_t length = 250; length < 262; length++) {
		const char *address = NULL;
		char path[300] = "/devices/";
		uint32_t event = 99;

		memset(path + 9, 'x', sizeof(path) - 9);
		strcpy(path + length - strlen("/" ADDRESS), "/" ADDRESS);
		assert_int_equal(strlen(path), length);
		sysfs_uevent("add", path, "pci");
		expect_ok(vfiopm_discover_monitor_next(monitor, &event, &address));
		assert_int_equal(event, VFIOPM_DISCOVER_ADDED);
		assert_string_equal(address, ADDRESS);
	}
	vfiopm_discover_monitor_free(monitor);
}

/* libudev 196 accepts such a message, later versions do not. */
static void a_message_without_an_action_is_no_event(void **state)
{
	struct vfiopm_discover_monitor *monitor;

	(void)state;
	NEED_SYSFS();
	monitor = new_monitor();
	sysfs_uevent("add", DEVPATH, "pci");
	hides_action = true;
	expect_no_event(monitor);
	hides_action = false;
	vfiopm_discover_monitor_free(monitor);
}

/* An fd that only reports an error must not keep the call in a loop. */
static void a_broken_fd_holds_no_event(void **state)
{
	struct vfiopm_discover_monitor *monitor;
	int ends[2];

	(void)state;
	NEED_SYSFS();
	monitor = new_monitor();
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	assert_true(dup2(ends[1], vfiopm_discover_monitor_get_fd(monitor)) >= 0);
	close(ends[1]);
	alarm(10);
	expect_no_event(monitor);
	alarm(0);
	vfiopm_discover_monitor_free(monitor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SYSFS(wrong_numbers_are_refused),
		IN_SYSFS(a_device_can_go_before_its_names_are_read),
		IN_SYSFS(a_group_can_go_before_its_members_are_read),
		IN_SYSFS(a_name_that_is_no_address_is_refused),
		IN_SYSFS(short_paths_are_no_events),
		IN_SYSFS(a_long_path_is_cut_at_its_start),
		IN_SYSFS(a_message_without_an_action_is_no_event),
		IN_SYSFS(a_broken_fd_holds_no_event),
	};

	return cmocka_run_group_tests_name("udev-corners", tests, sysfs_group_setup, NULL);
}

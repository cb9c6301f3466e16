// SPDX-License-Identifier: MIT
/*
 * Tests of discovery on a real kernel with the real libudev: the attributes of the device, that
 * discovery does not wake the device, and the uevents of bind, unbind, removal and rescan. The lab
 * has no udevd and no hwdb; test-udev.c and test-udev-monitor.c test these.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vfiopm/discover.h>
#include <vfiopm/vfiopm.h>

#include "host.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

static struct vfiopm_discover_device *look_up(void)
{
	struct vfiopm_discover_device *device = NULL;

	expect_ok(vfiopm_discover_device_new(testbed_device(), &device));
	return device;
}

/* ---- actions of the host ---- */

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void unbind(void)
{
	write_to("/sys/bus/pci/drivers/vfio-pci/unbind", testbed_device());
}

static void bind_again(void)
{
	host_write("driver_override", "vfio-pci");
	write_to("/sys/bus/pci/drivers_probe", testbed_device());
}

static bool is_character_device(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISCHR(status.st_mode);
}

/* ---- devices and lists ---- */

static void attributes_of_the_device(void **state)
{
	struct vfiopm_discover_device *device = look_up();
	const char *text = NULL;
	uint32_t number = 99;

	(void)state;
	expect_ok(vfiopm_discover_device_get_address(device, &text));
	assert_string_equal(text, testbed_device());
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
	expect_ok(vfiopm_discover_device_get_member_count(device, &number));
	assert_int_equal(number, 0);
	expect_ok(vfiopm_discover_device_get_group_node(device, &text));
	assert_true(is_character_device(text));
	if (testbed_has_cdev()) {
		expect_ok(vfiopm_discover_device_get_cdev_node(device, &text));
		assert_true(is_character_device(text));
	} else {
		expect_errno(ENOENT, vfiopm_discover_device_get_cdev_node(device, &text));
	}
	expect_errno(ENOENT, vfiopm_discover_device_get_vendor_name(device, &text));
	expect_errno(ENOENT, vfiopm_discover_device_get_device_name(device, &text));
	vfiopm_discover_device_free(device);
}

static void unbound_device(void **state)
{
	struct vfiopm_discover_device *device;
	const char *text = NULL;

	(void)state;
	unbind();
	device = look_up();
	assert_int_equal(vfiopm_discover_device_is_vfio(device), 0);
	expect_errno(ENOENT, vfiopm_discover_device_get_driver(device, &text));
	expect_errno(ENOENT, vfiopm_discover_device_get_group_node(device, &text));
	expect_errno(ENOENT, vfiopm_discover_device_get_cdev_node(device, &text));
	assert_null(text);
	vfiopm_discover_device_free(device);
	bind_again();
}

/* Each member of a group is another device of the same group. */
static uint32_t check_members(const struct vfiopm_discover_device *device)
{
	struct vfiopm_discover_device *other = NULL;
	uint32_t group = 99, other_group = 98, count = 0;
	const char *name = NULL;

	expect_ok(vfiopm_discover_device_get_group(device, &group));
	expect_ok(vfiopm_discover_device_get_member_count(device, &count));
	for (uint32_t i = 0; i < count; i++) {
		expect_ok(vfiopm_discover_device_get_member(device, i, &name));
		expect_ok(vfiopm_discover_device_new(name, &other));
		expect_ok(vfiopm_discover_device_get_group(other, &other_group));
		assert_int_equal(other_group, group);
		vfiopm_discover_device_free(other);
	}
	return count;
}

/* The list of all devices includes the bridge above the device, which has another group. */
static void lists_contain_the_device(void **state)
{
	const struct vfiopm_discover_device *device = NULL;
	struct vfiopm_discover_list *list = NULL;
	uint32_t count = 0, class, vfio = 0, bridges = 0, members = 0;
	const char *address = NULL;

	(void)state;
	expect_ok(vfiopm_discover_list_new(VFIOPM_DISCOVER_VFIO, &list));
	expect_ok(vfiopm_discover_list_get_count(list, &count));
	assert_int_equal(count, 1);
	expect_ok(vfiopm_discover_list_get_device(list, 0, &device));
	expect_ok(vfiopm_discover_device_get_address(device, &address));
	assert_string_equal(address, testbed_device());
	vfiopm_discover_list_free(list);

	expect_ok(vfiopm_discover_list_new(VFIOPM_DISCOVER_ALL, &list));
	expect_ok(vfiopm_discover_list_get_count(list, &count));
	for (uint32_t i = 0; i < count; i++) {
		expect_ok(vfiopm_discover_list_get_device(list, i, &device));
		expect_ok(vfiopm_discover_device_get_class(device, &class));
		vfio += (uint32_t)vfiopm_discover_device_is_vfio(device);
		bridges += class >> 8 == 0x0604;
		members += check_members(device);
	}
	/* The functions of the south bridge share a group. */
	assert_true(members > 0);
	assert_int_equal(vfio, 1);
	assert_true(bridges > 0 && count > 2);
	vfiopm_discover_list_free(list);
}

/* ---- the power attributes ---- */

static void expect_power(const struct vfiopm_discover_device *device, uint32_t power,
			 uint32_t status)
{
	uint32_t value = 99;

	if (testbed_kernel_is_at_least(5, 11)) {
		expect_ok(vfiopm_discover_device_get_power_state(device, &value));
		assert_int_equal(value, power);
	} else {
		expect_errno(ENOENT, vfiopm_discover_device_get_power_state(device, &value));
	}
	expect_ok(vfiopm_discover_device_get_runtime_status(device, &value));
	assert_int_equal(value, status);
	expect_ok(vfiopm_discover_device_get_control(device, &value));
	assert_int_equal(value, VFIOPM_CONTROL_AUTO);
	expect_ok(vfiopm_discover_device_get_d3cold_allowed(device, &value));
	assert_int_equal(value, 1);
}

/* One object shows the suspend and the resume, so it caches nothing. All calls of discovery leave
 * the device suspended, with its wakeup armed. */
static void discovery_does_not_wake(void **state)
{
	const uint32_t deep =
		testbed_has_d3cold() ? VFIOPM_POWER_STATE_D3COLD : VFIOPM_POWER_STATE_D3HOT;
	struct vfiopm_discover_device *device, *again;
	struct vfiopm_discover_list *list;
	uint64_t before = 0, after = 0;
	struct vfiopm_device *dev;
	int wakeup = raw_eventfd();

	(void)state;
	testbed_need_low_power();
	device = look_up();
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	expect_power(device, VFIOPM_POWER_STATE_D0, VFIOPM_RUNTIME_ACTIVE);
	expect_ok(vfiopm_enter_wakeup(dev, wakeup));
	host_sees_deep_sleep();

	for (int i = 0; i < 3; i++) {
		expect_power(device, deep, VFIOPM_RUNTIME_SUSPENDED);
		expect_ok(vfiopm_discover_list_new(VFIOPM_DISCOVER_ALL, &list));
		vfiopm_discover_list_free(list);
		again = look_up();
		expect_power(again, deep, VFIOPM_RUNTIME_SUSPENDED);
		vfiopm_discover_device_free(again);
	}
	expect_ok(vfiopm_discover_device_get_suspended_time(device, &before));
	usleep(20000);
	expect_ok(vfiopm_discover_device_get_suspended_time(device, &after));
	assert_true(after - before >= 15);
	host_sees_deep_sleep();
	assert_int_equal(vfiopm_get_state(dev), VFIOPM_STATE_LOW_POWER_WAKEUP);

	expect_ok(vfiopm_exit(dev));
	expect_power(device, VFIOPM_POWER_STATE_D0, VFIOPM_RUNTIME_ACTIVE);
	vfiopm_device_free(dev);
	vfiopm_discover_device_free(device);
	close(wakeup);
}

/* ---- events ---- */

static struct vfiopm_discover_monitor *create_monitor(uint32_t source)
{
	struct vfiopm_discover_monitor *monitor = NULL;

	expect_ok(vfiopm_discover_monitor_new(source, &monitor));
	return monitor;
}

/* Wait for the device's next event. Ignore those of other devices, such as the port above. */
static void expect_event(struct vfiopm_discover_monitor *monitor, uint32_t wanted)
{
	struct pollfd pollfd = { .fd = vfiopm_discover_monitor_get_fd(monitor), .events = POLLIN };
	const char *address = "";
	uint32_t event = 99;

	while (strcmp(address, testbed_device()) != 0) {
		assert_int_equal(poll(&pollfd, 1, 5000), 1);
		if (vfiopm_discover_monitor_next(monitor, &event, &address) < 0)
			address = "";
	}
	assert_int_equal(event, wanted);
}

static void expect_no_event(struct vfiopm_discover_monitor *monitor)
{
	const char *address;
	uint32_t event;

	usleep(100000);
	expect_errno(EAGAIN, vfiopm_discover_monitor_next(monitor, &event, &address));
}

static void bind_and_unbind_events(void **state)
{
	struct vfiopm_discover_monitor *monitor = create_monitor(VFIOPM_DISCOVER_SOURCE_AUTO);
	struct vfiopm_discover_device *device;

	(void)state;
	unbind();
	if (testbed_kernel_is_at_least(6, 1))
		expect_event(monitor, VFIOPM_DISCOVER_UNBOUND);
	expect_no_event(monitor);
	bind_again();
	if (testbed_kernel_is_at_least(6, 1)) {
		expect_event(monitor, VFIOPM_DISCOVER_BOUND);
		device = look_up();
		assert_int_equal(vfiopm_discover_device_is_vfio(device), 1);
		vfiopm_discover_device_free(device);
	}
	expect_no_event(monitor);
	vfiopm_discover_monitor_free(monitor);
}

static void remove_and_rescan_events(void **state)
{
	struct vfiopm_discover_monitor *monitor = create_monitor(VFIOPM_DISCOVER_SOURCE_KERNEL);
	struct vfiopm_discover_device *device = look_up(), *gone = NULL;
	uint32_t value;

	(void)state;
	host_write("remove", "1");
	if (testbed_kernel_is_at_least(6, 1))
		expect_event(monitor, VFIOPM_DISCOVER_UNBOUND);
	expect_event(monitor, VFIOPM_DISCOVER_REMOVED);
	expect_errno(ENXIO, vfiopm_discover_device_new(testbed_device(), &gone));
	expect_errno(ENODEV, vfiopm_discover_device_get_runtime_status(device, &value));
	write_to("/sys/bus/pci/rescan", "1");
	expect_event(monitor, VFIOPM_DISCOVER_ADDED);
	bind_again();
	if (testbed_kernel_is_at_least(6, 1))
		expect_event(monitor, VFIOPM_DISCOVER_BOUND);
	expect_ok(vfiopm_discover_device_get_runtime_status(device, &value));
	vfiopm_discover_device_free(device);
	vfiopm_discover_monitor_free(monitor);
}

/* A write to uevent, as udevadm trigger does it. Without a udevd, a monitor of udevd receives
 * nothing. */
static void triggered_uevents(void **state)
{
	struct vfiopm_discover_monitor *automatic = create_monitor(VFIOPM_DISCOVER_SOURCE_AUTO);
	struct vfiopm_discover_monitor *udev = create_monitor(VFIOPM_DISCOVER_SOURCE_UDEV);

	(void)state;
	host_write("uevent", "add");
	expect_event(automatic, VFIOPM_DISCOVER_ADDED);
	host_write("uevent", "change");
	expect_no_event(automatic);
	expect_no_event(udev);
	vfiopm_discover_monitor_free(automatic);
	vfiopm_discover_monitor_free(udev);
}

static void lost_events_are_reported(void **state)
{
	struct vfiopm_discover_monitor *monitor = create_monitor(VFIOPM_DISCOVER_SOURCE_KERNEL);
	const char *address;
	uint32_t event;
	int r;

	(void)state;
	for (int i = 0; i < 5000; i++)
		host_write("uevent", "add");
	expect_errno(ENOBUFS, vfiopm_discover_monitor_next(monitor, &event, &address));
	expect_event(monitor, VFIOPM_DISCOVER_ADDED);
	while ((r = vfiopm_discover_monitor_next(monitor, &event, &address)) == 0)
		;
	assert_int_equal(r, -EAGAIN);
	host_write("uevent", "remove");
	expect_event(monitor, VFIOPM_DISCOVER_REMOVED);
	vfiopm_discover_monitor_free(monitor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(attributes_of_the_device), ON_TESTBED(unbound_device),
		ON_TESTBED(lists_contain_the_device), ON_TESTBED(discovery_does_not_wake),
		ON_TESTBED(bind_and_unbind_events),   ON_TESTBED(triggered_uevents),
		ON_TESTBED(lost_events_are_reported), ON_TESTBED(remove_and_rescan_events),
	};

	return cmocka_run_group_tests_name("udev-kernel", tests, NULL, NULL);
}

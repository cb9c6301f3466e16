// SPDX-License-Identifier: MIT
/*
 * Power tests for which a real kernel offers no means: a suspend on request, a failing resume,
 * the kernels of the earlier low-power patches, and exact counts of calls. The first test shows
 * that the library's calls reach the simulator.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "host.h"
#include "lib/uapi.h"
#include "raw.h"
#include "sim.h"
#include "test.h"
#include "testbed.h"

/* A call that is not wrapped would reach /dev/null instead of the simulated file. */
static void library_calls_are_wrapped(void **state)
{
	struct vfiopm_device *dev;

	(void)state;
	sim_add(NULL);
	sim_calls_begin();
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	sim_calls_end();
	assert_true(sim_calls_named("ioctl") > 0);
	assert_true(sim_calls_named("open") > 0);
	assert_true(sim_calls_named("openat") > 0);
	assert_true(sim_calls_named("access") > 0);
	assert_true(sim_calls_named("scandir") > 0);
	assert_true(sim_calls_named("readlink") > 0);
	assert_true(sim_calls_named("calloc") > 0);
	vfiopm_device_free(dev);
	sim_reset();
}

/* ---- counts of calls ---- */

static struct vfiopm_device *create_device(struct sim_device *sim, int *ret_fd)
{
	struct vfiopm_device *dev;

	*ret_fd = sim_open_device(sim);
	assert_true(*ret_fd >= 0);
	expect_ok(vfiopm_device_new_from_fd(*ret_fd, &dev));
	return dev;
}

static unsigned allocations(void)
{
	return sim_calls_named("malloc") + sim_calls_named("calloc");
}

static void power_calls_make_one_ioctl(void **state)
{
	struct sim_device *sim = sim_add(NULL);
	int fd, wakeup = raw_eventfd();
	struct vfiopm_device *dev = create_device(sim, &fd);
	unsigned ioctls;

	(void)state;
	expect_ok(vfiopm_device_set_address(dev, testbed_device()));
	for (int i = 0; i < 3; i++) {
		ioctls = sim_ioctls(sim);
		sim_calls_begin();
		expect_ok(vfiopm_enter(dev));
		assert_int_equal(sim_ioctls(sim), ioctls + 1);
		expect_ok(vfiopm_exit(dev));
		assert_int_equal(sim_ioctls(sim), ioctls + 2);
		expect_ok(vfiopm_enter_wakeup(dev, wakeup));
		assert_int_equal(sim_ioctls(sim), ioctls + 3);
		expect_ok(vfiopm_enter_wakeup(dev, wakeup));
		assert_int_equal(sim_ioctls(sim), ioctls + 4);
		expect_ok(vfiopm_exit(dev));
		assert_int_equal(sim_ioctls(sim), ioctls + 5);
		sim_calls_end();
		assert_int_equal(sim_calls_named("ioctl"), 5);
		assert_int_equal(allocations(), 0);
	}
	vfiopm_device_free(dev);
	close(fd);
	close(wakeup);
	sim_reset();
}

/* The ten ioctls are GET_INFO, a probe for the earlier version of feature 3, the probes of the
 * three features, and GET_IRQ_INFO of five indexes. */
static void device_is_queried_at_creation_only(void **state)
{
	struct sim_device *sim = sim_add(NULL);
	struct vfiopm_device *dev;
	uint32_t value;
	int fd;

	(void)state;
	dev = create_device(sim, &fd);
	assert_int_equal(sim_ioctls(sim), 10);
	expect_ok(vfiopm_device_set_address(dev, testbed_device()));
	for (int i = 0; i < 100; i++) {
		expect_ok(vfiopm_get_features(dev, &value));
		assert_int_equal(vfiopm_get_state(dev), VFIOPM_STATE_ACTIVE);
		expect_ok(vfiopm_readout_get_power_state(dev, &value));
	}
	assert_int_equal(sim_ioctls(sim), 10);
	vfiopm_device_free(dev);
	assert_int_equal(sim_ioctls(sim), 10);
	close(fd);
	sim_reset();
}

/* ---- control of suspend and resume ---- */

static void suspend_on_request(void **state)
{
	struct sim_device *sim = sim_add(NULL);
	int fd, wakeup = raw_eventfd();
	struct vfiopm_device *dev = create_device(sim, &fd);

	(void)state;
	sim_set_suspend(sim, SIM_SUSPEND_ON_REQUEST);
	assert_false(sim_suspend(sim)); /* the device is in use */
	expect_ok(vfiopm_enter_wakeup(dev, wakeup));
	assert_false(sim_is_suspended(sim));
	/* The device is not suspended yet, so the kernel refuses a second entry. */
	expect_errno(EINVAL, vfiopm_enter_wakeup(dev, wakeup));
	assert_true(sim_suspend(sim));
	assert_false(sim_suspend(sim));
	assert_int_equal(vfiopm_get_state(dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	expect_ok(vfiopm_enter_wakeup(dev, wakeup));
	assert_false(sim_is_suspended(sim));
	expect_ok(vfiopm_exit(dev));
	assert_int_equal(raw_take(wakeup), 0);
	vfiopm_device_free(dev);
	close(fd);
	close(wakeup);
	sim_reset();
}

static void device_that_never_suspends(void **state)
{
	struct sim_device *sim = sim_add(NULL);
	int fd, wakeup = raw_eventfd();
	struct vfiopm_device *dev = create_device(sim, &fd);

	(void)state;
	sim_set_suspend(sim, SIM_SUSPEND_NEVER);
	expect_ok(vfiopm_enter_wakeup(dev, wakeup));
	assert_int_equal(raw_info(fd), 0);
	/* A successful entry does not promise a suspend. The library does not wait for one. */
	assert_int_equal(vfiopm_get_state(dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	assert_int_equal(raw_take(wakeup), 0);
	expect_ok(vfiopm_exit(dev));
	assert_int_equal(raw_take(wakeup), 0);
	vfiopm_device_free(dev);
	close(fd);
	close(wakeup);
	sim_reset();
}

/* A suspended device is not always in D3: a VF without a PM capability and without power control
 * by the platform stays in D0. */
static void suspended_in_d0(void **state)
{
	struct sim_machine machine = { .no_pm = true };
	struct sim_device *sim = sim_add(&machine);
	int fd, wakeup = raw_eventfd();
	struct vfiopm_device *dev = create_device(sim, &fd);
	uint32_t value;

	(void)state;
	expect_ok(vfiopm_device_set_address(dev, testbed_device()));
	expect_ok(vfiopm_enter_wakeup(dev, wakeup));
	expect_ok(vfiopm_readout_get_power_state(dev, &value));
	assert_int_equal(value, VFIOPM_POWER_STATE_D0);
	expect_ok(vfiopm_readout_get_runtime_status(dev, &value));
	assert_int_equal(value, VFIOPM_RUNTIME_SUSPENDED);
	host_wake();
	assert_int_equal(raw_take(wakeup), 1);
	vfiopm_device_free(dev);
	close(fd);
	close(wakeup);
	sim_reset();
}

/* A suspend leads to D3hot if the administrator forbids D3cold. */
static void d3cold_not_allowed(void **state)
{
	struct sim_machine machine = { .target = SIM_D3COLD };
	struct sim_device *sim = sim_add(&machine);
	int fd;
	struct vfiopm_device *dev = create_device(sim, &fd);

	(void)state;
	host_write("d3cold_allowed", "0");
	expect_ok(vfiopm_enter(dev));
	assert_true(host_shows("power_state", "D3hot"));
	expect_ok(vfiopm_exit(dev));
	host_write("d3cold_allowed", "1");
	expect_ok(vfiopm_enter(dev));
	assert_true(host_shows("power_state", "D3cold"));
	vfiopm_device_free(dev);
	close(fd);
	sim_reset();
}

/* The kernel resumes the device before it checks anything of the call. */
static void failed_resume_precedes_all_checks(void **state)
{
	struct sim_device *sim = sim_add(NULL);
	int fd = sim_open_device(sim);
	uint8_t byte;

	(void)state;
	assert_int_equal(raw_enter(fd), 0);
	sim_fail_resume(sim, true);
	assert_int_equal(raw_ioctl(fd, VFIO_DEVICE_FEATURE, NULL), -EIO);
	assert_int_equal(raw_feature(fd, 0, 0), -EIO);
	assert_int_equal(raw_info(fd), -EIO);
	assert_int_equal(raw_read_config(fd, 0, &byte), -EIO);
	sim_fail_resume(sim, false);
	assert_int_equal(raw_exit(fd), 0);
	close(fd);
	sim_reset();
}

/* ---- devices of other kinds ---- */

static void devices_without_features(void **state)
{
	static const struct sim_machine machines[] = {
		{ .no_low_power = true },
		{ .platform_irqs = "" },
		{ .kernel = "5.10" },
		{ .kernel = "v2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		struct sim_device *sim = sim_add(&machines[i]);
		uint32_t features = 99;
		int fd;
		struct vfiopm_device *dev = create_device(sim, &fd);

		expect_ok(vfiopm_get_features(dev, &features));
		assert_int_equal(features, 0);
		expect_errno(ENOTTY, vfiopm_enter(dev));
		assert_false(sim_is_engaged(sim));
		expect_errno(ENOTTY, vfiopm_exit(dev));
		assert_int_equal(vfiopm_get_state(dev), VFIOPM_STATE_ACTIVE);
		vfiopm_device_free(dev);
		close(fd);
		sim_reset();
	}
}

#define OLD_FEATURE VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY

static int old_call(int fd, uint32_t operation, uint64_t *value)
{
	struct {
		uint32_t argsz, flags;
		uint64_t value;
	} request = { 16, OLD_FEATURE | operation, *value };
	int r = raw_ioctl(fd, VFIO_DEVICE_FEATURE, &request);

	*value = request.value;
	return r;
}

static int old_set(int fd, uint64_t value)
{
	return old_call(fd, VFIO_DEVICE_FEATURE_SET, &value);
}

static uint64_t old_get(int fd)
{
	uint64_t value = 99;

	assert_int_equal(old_call(fd, VFIO_DEVICE_FEATURE_GET, &value), 0);
	return value;
}

/* vfio_pci_low_power_reentry_allowed() of v4: each entry of such a device is a single shot. */
static void display_device_in_v4(void **state)
{
	static const uint8_t nvidia[] = { 0xde, 0x10 }, display[] = { 3 };
	struct sim_machine machine = { .kernel = "v4" };
	struct sim_device *sim = sim_add(&machine);
	int fd = sim_open_device(sim);

	(void)state;
	sim_set_config(sim, 0, nvidia, sizeof(nvidia));
	sim_set_config(sim, 11, display, sizeof(display));
	assert_int_equal(old_get(fd), 6);
	assert_int_equal(old_set(fd, 1), 0);
	assert_true(host_shows("power/runtime_status", "suspended"));
	assert_int_equal(old_get(fd), 5);
	assert_true(host_shows("power/runtime_status", "active"));
	close(fd);
	sim_reset();
}

/* Each request of another dialect is counted, and no other one. */
static void foreign_calls_are_counted(void **state)
{
	static const struct {
		const char *kernel;
		unsigned foreign;
	} kernels[] = {
		/* 5.10 and v2 have none of the features. */
		{ "5.10", 5 + 1 }, { "v2", 5 },	     { "v3", 4 + 1 },
		{ "v4", 3 + 1 },   { "6.1", 2 + 1 }, { "7", 2 + 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		struct sim_machine machine = { .kernel = kernels[i].kernel };
		struct sim_device *sim = sim_add(&machine);
		uint32_t leave[4] = { 8, 0 };
		int fd = sim_open_device(sim), wakeup = raw_eventfd();
		uint64_t value = 0;

		raw_probe(fd, OLD_FEATURE);
		raw_feature(fd, 8, 0 | VFIO_DEVICE_FEATURE_SET);
		assert_int_equal(sim_foreign_calls(sim), 0);
		raw_enter(fd);
		raw_exit(fd);
		raw_enter_wakeup(fd, wakeup);
		old_call(fd, VFIO_DEVICE_FEATURE_GET, &value);
		value = 2;
		old_call(fd, VFIO_DEVICE_FEATURE_SET, &value);
		raw_ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, leave);
		assert_int_equal(sim_foreign_calls(sim), kernels[i].foreign);
		close(wakeup);
		close(fd);
		sim_reset();
	}
}

static void link_of_a_device_fd(void **state)
{
	struct sim_machine machine = { .kernel = "6.12-iommufd" };
	struct sim_device *sim = sim_add(&machine);
	int fd = sim_open_device(sim);
	struct vfiopm_device *dev;
	char path[64], target[64];

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(readlink(path, target, sizeof(target)), 24);
	assert_memory_equal(target, "anon_inode:[vfio-device]", 24);
	assert_int_equal(readlink(path, target, 4), 4);
	close(fd);
	expect_ok(vfiopm_device_open("0000:01:00.0", &dev));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", vfiopm_device_get_fd(dev));
	assert_int_equal(readlink(path, target, sizeof(target)), 23);
	assert_memory_equal(target, "/dev/vfio/devices/vfio0", 23);
	vfiopm_device_free(dev);
	sim_reset();
}

static void two_devices_are_independent(void **state)
{
	struct sim_machine other = { .address = "0000:02:00.0" };
	struct vfiopm_device *a, *b;

	(void)state;
	sim_add(NULL);
	sim_add(&other);
	expect_ok(vfiopm_device_open("0000:01:00.0", &a));
	expect_ok(vfiopm_device_open("0000:02:00.0", &b));
	expect_ok(vfiopm_enter(a));
	assert_int_equal(vfiopm_get_state(b), VFIOPM_STATE_ACTIVE);
	assert_true(host_shows("power/runtime_status", "suspended"));
	expect_ok(vfiopm_enter(b));
	expect_ok(vfiopm_exit(a));
	assert_true(host_shows("power/runtime_status", "active"));
	vfiopm_device_free(a);
	vfiopm_device_free(b);
	sim_reset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(library_calls_are_wrapped),
		cmocka_unit_test(power_calls_make_one_ioctl),
		cmocka_unit_test(device_is_queried_at_creation_only),
		cmocka_unit_test(suspend_on_request),
		cmocka_unit_test(device_that_never_suspends),
		cmocka_unit_test(suspended_in_d0),
		cmocka_unit_test(d3cold_not_allowed),
		cmocka_unit_test(failed_resume_precedes_all_checks),
		cmocka_unit_test(devices_without_features),
		cmocka_unit_test(display_device_in_v4),
		cmocka_unit_test(foreign_calls_are_counted),
		cmocka_unit_test(link_of_a_device_fd),
		cmocka_unit_test(two_devices_are_independent),
	};

	return cmocka_run_group_tests_name("sim", tests, NULL, NULL);
}

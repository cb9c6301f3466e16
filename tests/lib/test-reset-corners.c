// SPDX-License-Identifier: MIT
/* Resets that the lab does not have, on the simulator: a bus with several devices, and each errno. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "raw.h"
#include "sim.h"
#include "test.h"
#include "testbed.h"

#define DEVICES 3

/* Two functions of one device, and a device of another bus. */
struct fixture {
	struct sim_device *sims[DEVICES];
	struct vfiopm_device *devs[DEVICES];
	int wakeups[DEVICES];
};

static void fixture_open(struct fixture *fixture, const char *kernel)
{
	static const char *const addresses[DEVICES] = { "0000:01:00.0", "0000:01:00.1",
							"0000:02:00.0" };

	for (int i = 0; i < DEVICES; i++) {
		const struct sim_machine machine = { .address = addresses[i], .kernel = kernel };

		fixture->sims[i] = sim_add(&machine);
		fixture->wakeups[i] = raw_eventfd();
	}
	for (int i = 0; i < DEVICES; i++)
		expect_ok(vfiopm_device_open(addresses[i], &fixture->devs[i]));
}

static void fixture_close(struct fixture *fixture)
{
	for (int i = 0; i < DEVICES; i++) {
		vfiopm_device_free(fixture->devs[i]);
		close(fixture->wakeups[i]);
	}
	sim_reset();
}

/* The fd of a group that the caller has opened itself. */
static int open_group(struct fixture *fixture, int number)
{
	char path[32];
	int fd;

	fixture->devs[number] = vfiopm_device_free(fixture->devs[number]);
	snprintf(path, sizeof(path), "/dev/vfio/%d", 7 + number);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	return fd;
}

static void all_devices_of_the_bus_are_reset(void **state)
{
	struct fixture fixture;
	int group;

	(void)state;
	fixture_open(&fixture, "6.12");
	/* The library's own group is not enough. */
	expect_errno(EPERM, vfiopm_hot_reset(fixture.devs[0], NULL, 0));
	assert_int_equal(sim_resets(fixture.sims[0]), 0);
	group = open_group(&fixture, 1);
	expect_ok(vfiopm_hot_reset(fixture.devs[0], &group, 1));
	assert_int_equal(sim_resets(fixture.sims[0]), 1);
	assert_int_equal(sim_resets(fixture.sims[1]), 1);
	assert_int_equal(sim_resets(fixture.sims[2]), 0);
	close(group);
	/* Two groups, but not those of the bus. */
	group = open_group(&fixture, 2);
	expect_errno(EINVAL, vfiopm_hot_reset(fixture.devs[0], &group, 1));
	assert_int_equal(sim_resets(fixture.sims[0]), 1);
	close(group);
	fixture_close(&fixture);
}

/* Two functions of one group need one fd. */
static void a_group_is_counted_once(void **state)
{
	struct sim_machine machine = { .kernel = "6.12" };
	struct sim_device *sims[2];
	struct vfiopm_device *dev;
	int many[256];

	(void)state;
	sims[0] = sim_add(&machine);
	machine.address = "0000:01:00.1";
	machine.shares_group = true;
	sims[1] = sim_add(&machine);
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	expect_ok(vfiopm_hot_reset(dev, NULL, 0));
	assert_int_equal(sim_resets(sims[0]), 1);
	assert_int_equal(sim_resets(sims[1]), 1);
	/* With the library's own group these are too many. */
	for (int i = 0; i < 256; i++)
		many[i] = i;
	expect_errno(EINVAL, vfiopm_hot_reset(dev, many, 256));
	vfiopm_device_free(dev);
	sim_reset();
}

/* In D3hot the library reads a BAR through the device fd. After the reset it uses the mapping
 * again, without a system call. */
static void mapped_memory_is_used_after_a_reset(void **state)
{
	struct vfiopm_region *bar, *config;
	const uint8_t on = 2, d3hot = 3;
	struct vfiopm_device *dev;
	uint32_t value;

	(void)state;
	sim_add(NULL);
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	expect_ok(vfiopm_region_new(dev, VFIOPM_REGION_BAR0, &bar));
	expect_ok(vfiopm_region_new(dev, VFIOPM_REGION_CONFIG, &config));
	expect_ok(vfiopm_region_map(bar));
	expect_ok(vfiopm_region_write(config, 4, 1, 0, &on));
	for (int hot = 0; hot < 2; hot++) {
		expect_ok(vfiopm_region_write(
			config, raw_pm_capability(vfiopm_device_get_fd(dev)) + 4, 1, 0, &d3hot));
		assert_int_equal(vfiopm_region_read(bar, 0, 4, 0, &value), -EIO);
		expect_ok(hot ? vfiopm_hot_reset(dev, NULL, 0) : vfiopm_reset(dev));
		expect_ok(vfiopm_region_read(bar, 0, 4, 0, &value));
		sim_calls_begin();
		expect_ok(vfiopm_region_read(bar, 0, 4, 0, &value));
		assert_int_equal(sim_calls_end(), 0);
	}
	vfiopm_region_free(bar);
	vfiopm_region_free(config);
	vfiopm_device_free(dev);
	sim_reset();
}

/* The reset of one device wakes the other one. Only that one reports a wake. */
static void a_hot_reset_wakes_the_other_devices(void **state)
{
	struct sim_machine machine = { .kernel = "6.12" };
	struct sim_device *sims[2];
	struct vfiopm_device *devs[2];
	int fds[2], wakeups[2], groups[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		machine.address = i ? "0000:01:00.1" : "0000:01:00.0";
		sims[i] = sim_add(&machine);
	}
	for (int i = 0; i < 2; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/dev/vfio/%d", 7 + i);
		groups[i] = open(path, O_RDWR);
		fds[i] = sim_open_device(sims[i]);
		wakeups[i] = raw_eventfd();
		expect_ok(vfiopm_device_new_from_fd(fds[i], &devs[i]));
		expect_ok(vfiopm_enter_wakeup(devs[i], wakeups[i]));
	}
	expect_errno(EPERM, vfiopm_hot_reset(devs[0], groups, 1));
	assert_int_equal(vfiopm_take_wake(devs[0]), 0);
	expect_ok(vfiopm_hot_reset(devs[0], groups, 2));
	assert_int_equal(vfiopm_take_wake(devs[0]), 0);
	assert_int_equal(vfiopm_get_state(devs[0]), VFIOPM_STATE_LOW_POWER_WAKEUP);
	assert_true(sim_is_suspended(sims[0]));
	expect_ok(vfiopm_note_reset(devs[1]));
	assert_int_equal(vfiopm_take_wake(devs[1]), 1);
	assert_int_equal(vfiopm_get_state(devs[1]), VFIOPM_STATE_WOKEN);
	for (int i = 0; i < 2; i++) {
		vfiopm_device_free(devs[i]);
		close(fds[i]);
		close(groups[i]);
		close(wakeups[i]);
	}
	sim_reset();
}

/* By its cdev, a device of the bus belongs to the caller if it has the same iommufd. */
static void the_iommufd_proves_the_ownership(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, "6.12-iommufd");
	/* Each device that the library opens has an iommufd of its own. */
	expect_errno(EPERM, vfiopm_hot_reset(fixture.devs[0], NULL, 0));
	expect_ok(vfiopm_hot_reset(fixture.devs[2], NULL, 0));
	assert_int_equal(sim_resets(fixture.sims[2]), 1);
	fixture_close(&fixture);
}

static void devices_that_cannot_be_reset(void **state)
{
	struct sim_machine no_reset = { .no_reset = true };
	struct sim_machine no_hot_reset = { .no_hot_reset = true };
	struct sim_machine platform = { .kernel = "7", .platform_irqs = "E" };
	struct sim_device *sim;
	struct vfiopm_device *dev;
	int fd;

	(void)state;
	sim_add(&no_reset);
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	expect_errno(EINVAL, vfiopm_reset(dev));
	expect_ok(vfiopm_hot_reset(dev, NULL, 0));
	vfiopm_device_free(dev);
	sim_reset();

	sim_add(&no_hot_reset);
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	expect_ok(vfiopm_reset(dev));
	expect_errno(ENODEV, vfiopm_hot_reset(dev, NULL, 0));
	vfiopm_device_free(dev);
	sim_reset();

	sim = sim_add(&platform);
	fd = sim_open_device(sim);
	expect_ok(vfiopm_device_new_from_fd(fd, &dev));
	expect_errno(EINVAL, vfiopm_reset(dev));
	expect_errno(ENOTTY, vfiopm_hot_reset(dev, NULL, 0));
	vfiopm_device_free(dev);
	close(fd);
	sim_reset();
}

/* ---- errnos ---- */

static void a_reset_returns_its_errno(void **state)
{
	struct vfiopm_device *dev;
	int wakeup = raw_eventfd();
	struct sim_device *sim;

	(void)state;
	sim = sim_add(NULL);
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	sim_ioctl_fails_after(0, ENOTTY);
	expect_errno(ENOTTY, vfiopm_reset(dev));
	sim_ioctl_fails_after(0, EAGAIN);
	expect_errno(EAGAIN, vfiopm_reset(dev));
	sim_ioctl_fails_after(0, EBADF);
	expect_errno(EBADF, vfiopm_reset(dev));
	sim_calls_answer(0, 1);
	expect_errno(EPROTO, vfiopm_reset(dev));
	sim_calls_end();
	expect_ok(vfiopm_enter_wakeup(dev, wakeup));
	sim_fail_resume(sim, true);
	expect_errno(EIO, vfiopm_reset(dev));
	expect_errno(EIO, vfiopm_hot_reset(dev, NULL, 0));
	sim_fail_resume(sim, false);
	assert_int_equal(vfiopm_get_state(dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	assert_int_equal(vfiopm_take_wake(dev), 0);
	vfiopm_device_free(dev);
	close(wakeup);
	sim_reset();
}

/* The first ioctl gets the devices of the bus, the second one resets them. */
static void a_hot_reset_returns_its_errno(void **state)
{
	struct vfiopm_device *dev;

	(void)state;
	sim_add(NULL);
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	sim_ioctl_fails_after(1, EAGAIN);
	expect_errno(EAGAIN, vfiopm_hot_reset(dev, NULL, 0));
	sim_ioctl_fails_after(1, EBUSY);
	expect_errno(EBUSY, vfiopm_hot_reset(dev, NULL, 0));
	sim_ioctl_fails_after(0, EBADF);
	expect_errno(EBADF, vfiopm_hot_reset(dev, NULL, 0));
	sim_ioctl_fails_after(1, ENOMEM);
	expect_errno(ENOMEM, vfiopm_hot_reset(dev, NULL, 0));
	sim_ioctl_fails_after(0, EPERM);
	expect_errno(EPERM, vfiopm_hot_reset(dev, NULL, 0));
	/* A bus does not have more than 256 functions. */
	sim_ioctl_fails_after(0, ENOSPC);
	expect_errno(EPROTO, vfiopm_hot_reset(dev, NULL, 0));
	sim_calls_answer(0, 1);
	expect_errno(EPROTO, vfiopm_hot_reset(dev, NULL, 0));
	sim_calls_answer(1, 1);
	expect_errno(EPROTO, vfiopm_hot_reset(dev, NULL, 0));
	sim_calls_end();
	vfiopm_device_free(dev);
	sim_reset();
}

/* The first ioctl wakes the device. If the second one fails, the device sleeps again. */
static void a_failed_hot_reset_leaves_low_power(void **state)
{
	static const int errors[] = { EIO, EAGAIN, EINVAL };
	struct vfiopm_device *dev;
	int wakeup = raw_eventfd();
	struct sim_device *sim;

	(void)state;
	sim = sim_add(NULL);
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	expect_ok(vfiopm_enter_wakeup(dev, wakeup));
	for (int i = 0; i < 3; i++) {
		sim_ioctl_fails_after(1, errors[i]);
		assert_int_equal(vfiopm_hot_reset(dev, NULL, 0), -errors[i]);
		sim_calls_end();
		assert_int_equal(vfiopm_take_wake(dev), 0);
		assert_int_equal(vfiopm_get_state(dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
		assert_true(sim_is_suspended(sim));
	}
	vfiopm_device_free(dev);
	close(wakeup);
	sim_reset();
}

/* ---- the trace ---- */

static unsigned traced;

static void trace(void *data, uint32_t event, const char *call, int result)
{
	(void)data;
	assert_int_equal(event, VFIOPM_TRACE_ISSUED);
	assert_int_equal(result, 0);
	if (strcmp(call, "VFIO_DEVICE_RESET") == 0)
		traced |= 1;
	else if (strcmp(call, "VFIO_DEVICE_GET_PCI_HOT_RESET_INFO") == 0)
		traced |= 2;
	else if (strcmp(call, "VFIO_DEVICE_PCI_HOT_RESET") == 0)
		traced |= 4;
}

static void resets_are_traced(void **state)
{
	struct vfiopm_device *dev;

	(void)state;
	sim_add(NULL);
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	expect_ok(vfiopm_device_set_trace(dev, trace, NULL));
	expect_ok(vfiopm_reset(dev));
	assert_int_equal(traced, 1);
	expect_ok(vfiopm_hot_reset(dev, NULL, 0));
	assert_int_equal(traced, 7);
	vfiopm_device_free(dev);
	sim_reset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_devices_of_the_bus_are_reset),
		cmocka_unit_test(a_group_is_counted_once),
		cmocka_unit_test(mapped_memory_is_used_after_a_reset),
		cmocka_unit_test(a_hot_reset_wakes_the_other_devices),
		cmocka_unit_test(the_iommufd_proves_the_ownership),
		cmocka_unit_test(devices_that_cannot_be_reset),
		cmocka_unit_test(a_reset_returns_its_errno),
		cmocka_unit_test(a_hot_reset_returns_its_errno),
		cmocka_unit_test(a_failed_hot_reset_leaves_low_power),
		cmocka_unit_test(resets_are_traced),
	};

	return cmocka_run_group_tests_name("reset-corners", tests, NULL, NULL);
}

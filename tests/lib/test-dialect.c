// SPDX-License-Identifier: MIT
/*
 * Tests of the dialects of low power: the detection, which changes nothing, and that the power calls
 * mean the same in each dialect. The same tests run on mainline, on kernels with the patches v2, v3
 * and v4, and on a kernel without low power.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "dialect.h"
#include "host.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

struct fixture {
	struct raw raw;
	struct vfiopm_device *dev;
	int dialect;
	int wakeup;
	volatile uint32_t *map;
};

/* Select v2 too. The address is set, so sysfs shows the library a wake. */
static void use_dialect(struct fixture *fixture)
{
	expect_ok(vfiopm_device_set_address(fixture->dev, testbed_device()));
	if (fixture->dialect == VFIOPM_DIALECT_V2)
		expect_ok(vfiopm_device_try_v2(fixture->dev));
	assert_int_equal(vfiopm_get_dialect(fixture->dev), fixture->dialect);
}

static void fixture_open_raw(struct fixture *fixture)
{
	*fixture = (struct fixture){ .dialect = dialect_of_kernel(), .wakeup = raw_eventfd() };
	raw_open(&fixture->raw);
	raw_enable_memory(fixture->raw.device);
	fixture->map = raw_map(fixture->raw.device);
}

static void fixture_open(struct fixture *fixture)
{
	fixture_open_raw(fixture);
	expect_ok(vfiopm_device_new_from_fd(fixture->raw.device, &fixture->dev));
	use_dialect(fixture);
}

static void fixture_close(struct fixture *fixture)
{
	vfiopm_device_free(fixture->dev);
	raw_unmap(fixture->map);
	close(fixture->wakeup);
	raw_close(&fixture->raw);
}

/* Skip before the device is opened: a mapping keeps it open. */
static void need_low_power(void)
{
	if (dialect_of_kernel() == VFIOPM_DIALECT_NONE)
		skip_because("this kernel has no low power");
}

/* v2 and v3 have no single shot. */
static bool has_single_shot(void)
{
	return dialect_of_kernel() == VFIOPM_DIALECT_MAINLINE ||
	       dialect_of_kernel() == VFIOPM_DIALECT_V4;
}

static void need_single_shot(void)
{
	if (!has_single_shot())
		skip_because("this kernel has no entry with wakeup");
}

static void expect_state(const struct fixture *fixture, int state)
{
	assert_int_equal(vfiopm_get_state(fixture->dev), state);
}

/* The device is on, in D0, and its mapped memory works. */
static void expect_on(const struct fixture *fixture)
{
	host_stays_awake();
	assert_int_equal(dialect_pmcsr(fixture->raw.device), 0);
	assert_false(raw_faults(fixture->map));
}

static void expect_asleep(const struct fixture *fixture)
{
	host_sees_deep_sleep();
	assert_true(raw_faults(fixture->map));
}

/* ---- detection ---- */

static void check_detected(const struct vfiopm_device *dev)
{
	static const uint32_t features[] = {
		[VFIOPM_DIALECT_NONE] = 0,
		[VFIOPM_DIALECT_MAINLINE] =
			VFIOPM_FEATURE_ENTER | VFIOPM_FEATURE_ENTER_WAKEUP | VFIOPM_FEATURE_EXIT,
		[VFIOPM_DIALECT_V3] = VFIOPM_FEATURE_ENTER | VFIOPM_FEATURE_EXIT,
		[VFIOPM_DIALECT_V4] =
			VFIOPM_FEATURE_ENTER | VFIOPM_FEATURE_ENTER_ONCE | VFIOPM_FEATURE_EXIT,
	};
	uint32_t mask = 99;

	assert_int_equal(vfiopm_get_dialect(dev), dialect_detected());
	expect_ok(vfiopm_get_features(dev, &mask));
	assert_int_equal(mask, features[dialect_detected()]);
}

static void detection_by_fd_and_by_address(void **state)
{
	struct vfiopm_device *dev;
	struct raw raw;

	(void)state;
	raw_open(&raw);
	expect_ok(vfiopm_device_new_from_fd(raw.device, &dev));
	check_detected(dev);
	vfiopm_device_free(dev);
	raw_close(&raw);
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	check_detected(dev);
	vfiopm_device_free(dev);
	expect_errno(EINVAL, vfiopm_get_dialect(NULL));
}

static void detection_leaves_a_device_on(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open_raw(&fixture);
	for (int i = 0; i < 3; i++) {
		expect_ok(vfiopm_device_new_from_fd(fixture.raw.device, &fixture.dev));
		check_detected(fixture.dev);
		fixture.dev = vfiopm_device_free(fixture.dev);
		expect_on(&fixture);
	}
	fixture_close(&fixture);
}

/* Another fd has entered low power. The ioctls of the creation wake the device, which then sleeps
 * again, and low power is still entered. */
static void detection_leaves_low_power_entered(void **state)
{
	struct vfiopm_device *dev;
	struct fixture fixture;
	bool is_old;

	(void)state;
	need_low_power();
	if (dialect_of_kernel() == VFIOPM_DIALECT_V2)
		skip_because("in v2 the first resume ends low power");
	fixture_open_raw(&fixture);
	is_old = fixture.dialect != VFIOPM_DIALECT_MAINLINE;
	assert_int_equal(dialect_enter(fixture.raw.device, false), 0);
	host_sees_deep_sleep();
	expect_ok(vfiopm_device_new_from_fd(fixture.raw.device, &dev));
	expect_asleep(&fixture);
	if (is_old)
		assert_int_equal(dialect_get(fixture.raw.device), 1);
	/* 1 is the answer of both v3 and v4. */
	assert_int_equal(vfiopm_get_dialect(dev),
			 is_old ? VFIOPM_DIALECT_NONE : VFIOPM_DIALECT_MAINLINE);
	if (is_old) {
		expect_errno(ENOTTY, vfiopm_enter(dev));
		expect_errno(ENOTTY, vfiopm_exit(dev));
		expect_errno(EALREADY, vfiopm_device_try_v2(dev));
		assert_int_equal(dialect_get(fixture.raw.device), 1);
	}
	vfiopm_device_free(dev);
	assert_int_equal(dialect_exit(fixture.raw.device), 0);
	expect_on(&fixture);
	fixture_close(&fixture);
}

/* The armed eventfd gets the one count of its wake, and no further one. */
static void detection_wakes_an_armed_device_once(void **state)
{
	struct vfiopm_device *dev;
	struct fixture fixture;

	(void)state;
	if (dialect_of_kernel() != VFIOPM_DIALECT_MAINLINE)
		skip_because("only mainline signals an eventfd");
	fixture_open_raw(&fixture);
	assert_int_equal(raw_enter_wakeup(fixture.raw.device, fixture.wakeup), 0);
	host_sees_deep_sleep();
	expect_ok(vfiopm_device_new_from_fd(fixture.raw.device, &dev));
	assert_int_equal(raw_take(fixture.wakeup), 1);
	vfiopm_device_free(dev);
	expect_on(&fixture);
	fixture_close(&fixture);
}

static void v4_is_detected_in_a_single_shot(void **state)
{
	struct fixture fixture;

	(void)state;
	if (dialect_of_kernel() != VFIOPM_DIALECT_V4)
		skip_because("this kernel is not of v4");
	fixture_open_raw(&fixture);
	assert_int_equal(dialect_enter(fixture.raw.device, true), 0);
	host_sees_deep_sleep();
	expect_ok(vfiopm_device_new_from_fd(fixture.raw.device, &fixture.dev));
	check_detected(fixture.dev);
	assert_int_equal(dialect_get(fixture.raw.device), 5);
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(dialect_get(fixture.raw.device), 2);
	expect_on(&fixture);
	fixture_close(&fixture);
}

static void v2_only_on_request(void **state)
{
	struct fixture fixture;
	uint32_t mask = 99;

	(void)state;
	fixture_open_raw(&fixture);
	expect_ok(vfiopm_device_new_from_fd(fixture.raw.device, &fixture.dev));
	expect_errno(EINVAL, vfiopm_device_try_v2(NULL));
	switch (fixture.dialect) {
	case VFIOPM_DIALECT_V2:
		expect_errno(ENOTTY, vfiopm_enter(fixture.dev));
		expect_ok(vfiopm_device_try_v2(fixture.dev));
		expect_errno(EALREADY, vfiopm_device_try_v2(fixture.dev));
		assert_int_equal(vfiopm_get_dialect(fixture.dev), VFIOPM_DIALECT_V2);
		expect_ok(vfiopm_get_features(fixture.dev, &mask));
		assert_int_equal(mask, VFIOPM_FEATURE_ENTER | VFIOPM_FEATURE_EXIT);
		break;
	case VFIOPM_DIALECT_NONE:
		expect_errno(ENOTTY, vfiopm_device_try_v2(fixture.dev));
		assert_int_equal(vfiopm_get_dialect(fixture.dev), VFIOPM_DIALECT_NONE);
		break;
	default:
		expect_errno(EALREADY, vfiopm_device_try_v2(fixture.dev));
		check_detected(fixture.dev);
	}
	expect_on(&fixture);
	fixture_close(&fixture);
}

static void without_dialect_nothing_is_entered(void **state)
{
	struct fixture fixture;

	(void)state;
	if (dialect_detected() != VFIOPM_DIALECT_NONE)
		skip_because("this kernel has a dialect that is detected");
	fixture_open_raw(&fixture);
	expect_ok(vfiopm_device_new_from_fd(fixture.raw.device, &fixture.dev));
	expect_errno(ENOTTY, vfiopm_enter(fixture.dev));
	expect_errno(ENOTTY, vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	expect_errno(ENOTTY, vfiopm_exit(fixture.dev));
	expect_state(&fixture, VFIOPM_STATE_ACTIVE);
	expect_on(&fixture);
	fixture_close(&fixture);
}

/* ---- entry and exit ---- */

static void entry_and_exit(void **state)
{
	struct fixture fixture;

	(void)state;
	need_low_power();
	fixture_open(&fixture);
	for (int i = 0; i < 3; i++) {
		expect_ok(vfiopm_enter(fixture.dev));
		expect_state(&fixture, VFIOPM_STATE_LOW_POWER);
		expect_asleep(&fixture);
		expect_errno(EALREADY, vfiopm_enter(fixture.dev));
		expect_errno(EALREADY, vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
		assert_true(host_shows("power/runtime_status", "suspended"));
		expect_ok(vfiopm_exit(fixture.dev));
		expect_state(&fixture, VFIOPM_STATE_ACTIVE);
		expect_on(&fixture);
		expect_ok(vfiopm_exit(fixture.dev));
		expect_on(&fixture);
	}
	fixture_close(&fixture);
}

/* The device does not suspend between the two calls, or perhaps. */
static void exit_directly_after_an_entry(void **state)
{
	struct fixture fixture;

	(void)state;
	need_low_power();
	fixture_open(&fixture);
	host_write("power/control", "on");
	expect_ok(vfiopm_enter(fixture.dev));
	assert_true(raw_faults(fixture.map));
	expect_ok(vfiopm_exit(fixture.dev));
	expect_on(&fixture);
	host_write("power/control", "auto");
	for (int i = 0; i < 10; i++) {
		expect_ok(vfiopm_enter(fixture.dev));
		expect_ok(vfiopm_exit(fixture.dev));
		assert_false(raw_faults(fixture.map));
	}
	expect_on(&fixture);
	fixture_close(&fixture);
}

/* In v2 the first access ends low power. The library then enters it again. */
static void accesses_do_not_end_low_power(void **state)
{
	struct vfiopm_region *config;
	struct fixture fixture;
	uint16_t id;

	(void)state;
	need_low_power();
	fixture_open(&fixture);
	expect_ok(vfiopm_region_new(fixture.dev, VFIOPM_REGION_CONFIG, &config));
	expect_ok(vfiopm_enter(fixture.dev));
	for (int i = 0; i < 3; i++) {
		host_sees_deep_sleep();
		expect_ok(vfiopm_region_read(config, 0, 2, VFIOPM_REGION_WAKE, &id));
		assert_int_equal(id, 0x8086);
		expect_state(&fixture, VFIOPM_STATE_LOW_POWER);
		expect_asleep(&fixture);
		expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0,
						   i % 2 ? -1 : fixture.wakeup));
		expect_asleep(&fixture);
	}
	expect_ok(vfiopm_exit(fixture.dev));
	expect_on(&fixture);
	vfiopm_region_free(config);
	fixture_close(&fixture);
}

static void host_wake_of_a_plain_entry(void **state)
{
	struct fixture fixture;

	(void)state;
	need_low_power();
	fixture_open(&fixture);
	expect_ok(vfiopm_enter(fixture.dev));
	host_sees_deep_sleep();
	host_wake();
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER);
	if (fixture.dialect == VFIOPM_DIALECT_V2)
		expect_on(&fixture);
	else
		expect_asleep(&fixture);
	expect_ok(vfiopm_exit(fixture.dev));
	expect_on(&fixture);
	fixture_close(&fixture);
}

static void entry_by_another_fd(void **state)
{
	struct fixture fixture;

	(void)state;
	need_low_power();
	fixture_open(&fixture);
	assert_int_equal(dialect_enter(fixture.raw.device, false), 0);
	/* v2 accepts the entry a second time. */
	if (fixture.dialect == VFIOPM_DIALECT_V2) {
		expect_ok(vfiopm_enter(fixture.dev));
	} else {
		expect_errno(EINVAL, vfiopm_enter(fixture.dev));
		expect_state(&fixture, VFIOPM_STATE_ACTIVE);
		expect_asleep(&fixture);
	}
	expect_ok(vfiopm_exit(fixture.dev));
	expect_on(&fixture);
	expect_ok(vfiopm_enter(fixture.dev));
	/* Another fd exits: the exit of this object is still 0. */
	assert_int_equal(dialect_exit(fixture.raw.device), 0);
	expect_ok(vfiopm_exit(fixture.dev));
	expect_on(&fixture);
	fixture_close(&fixture);
}

/* ---- entry with wakeup ---- */

static void entry_with_wakeup_needs_a_dialect(void **state)
{
	struct fixture fixture;

	(void)state;
	if (has_single_shot())
		skip_because("this kernel has an entry with wakeup");
	fixture_open(&fixture);
	expect_errno(ENOTTY, vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	expect_state(&fixture, VFIOPM_STATE_ACTIVE);
	expect_on(&fixture);
	fixture_close(&fixture);
}

static void arm(struct fixture *fixture)
{
	expect_ok(vfiopm_enter_wakeup(fixture->dev, fixture->wakeup));
	expect_state(fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	expect_asleep(fixture);
	usleep(20000); /* the suspended time has a resolution of 1 ms */
	expect_state(fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	assert_int_equal(vfiopm_take_wake(fixture->dev), 0);
}

/* v4 signals nothing: the library finds the wake in sysfs. */
static void wake_is_taken(void **state)
{
	struct fixture fixture;

	(void)state;
	need_single_shot();
	fixture_open(&fixture);
	for (int i = 0; i < 3; i++) {
		arm(&fixture);
		host_wake();
		if (fixture.dialect == VFIOPM_DIALECT_V4)
			assert_false(raw_readable(fixture.wakeup));
		if (i % 2)
			expect_state(&fixture, VFIOPM_STATE_WOKEN);
		assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
		assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
		assert_false(raw_readable(fixture.wakeup));
		expect_state(&fixture, VFIOPM_STATE_WOKEN);
		expect_on(&fixture);
	}
	expect_ok(vfiopm_exit(fixture.dev));
	expect_state(&fixture, VFIOPM_STATE_ACTIVE);
	expect_on(&fixture);
	fixture_close(&fixture);
}

/* A wake that nobody has taken is in the eventfd after the next entry or exit. */
static void wake_is_kept(void **state)
{
	struct fixture fixture;

	(void)state;
	need_single_shot();
	fixture_open(&fixture);
	arm(&fixture);
	host_wake();
	expect_ok(vfiopm_exit(fixture.dev));
	expect_on(&fixture);
	assert_true(raw_readable(fixture.wakeup));
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);

	arm(&fixture);
	host_wake();
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	expect_asleep(&fixture);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	assert_true(host_shows("power/runtime_status", "suspended"));
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	expect_ok(vfiopm_exit(fixture.dev));
	expect_on(&fixture);
	fixture_close(&fixture);
}

static void own_calls_are_no_wakes(void **state)
{
	struct fixture fixture;

	(void)state;
	need_single_shot();
	fixture_open(&fixture);
	arm(&fixture);
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, fixture.wakeup));
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	expect_asleep(&fixture);
	/* It is armed again. */
	usleep(20000);
	host_wake();
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	arm(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	expect_asleep(&fixture);
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	assert_false(raw_readable(fixture.wakeup));
	expect_on(&fixture);
	fixture_close(&fixture);
}

static void plain_entry_replaces_an_armed_one(void **state)
{
	struct fixture fixture;

	(void)state;
	need_single_shot();
	fixture_open(&fixture);
	arm(&fixture);
	expect_ok(vfiopm_enter(fixture.dev));
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER);
	host_sees_deep_sleep();
	host_wake();
	expect_asleep(&fixture);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	expect_ok(vfiopm_exit(fixture.dev));
	expect_on(&fixture);
	fixture_close(&fixture);
}

static void wakeup_must_be_an_eventfd(void **state)
{
	struct fixture fixture;
	int pipes[2];

	(void)state;
	need_single_shot();
	fixture_open(&fixture);
	assert_int_equal(pipe(pipes), 0);
	expect_errno(EINVAL, vfiopm_enter_wakeup(fixture.dev, pipes[0]));
	expect_state(&fixture, VFIOPM_STATE_ACTIVE);
	close(pipes[0]);
	close(pipes[1]);
	expect_on(&fixture);
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(detection_by_fd_and_by_address),
		ON_TESTBED(detection_leaves_a_device_on),
		ON_TESTBED(detection_leaves_low_power_entered),
		ON_TESTBED(detection_wakes_an_armed_device_once),
		ON_TESTBED(v4_is_detected_in_a_single_shot),
		ON_TESTBED(v2_only_on_request),
		ON_TESTBED(without_dialect_nothing_is_entered),
		ON_TESTBED(entry_and_exit),
		ON_TESTBED(exit_directly_after_an_entry),
		ON_TESTBED(accesses_do_not_end_low_power),
		ON_TESTBED(host_wake_of_a_plain_entry),
		ON_TESTBED(entry_by_another_fd),
		ON_TESTBED(entry_with_wakeup_needs_a_dialect),
		ON_TESTBED(wake_is_taken),
		ON_TESTBED(wake_is_kept),
		ON_TESTBED(own_calls_are_no_wakes),
		ON_TESTBED(plain_entry_replaces_an_armed_one),
		ON_TESTBED(wakeup_must_be_an_eventfd),
	};

	return cmocka_run_group_tests_name("dialect", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * The calls of the low-power patches v2, v3 and v4, without the library. The same tests run on the
 * simulator and on the kernels with these patches, so they show that both do the same.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <vfiopm/power.h>

#include "dialect.h"
#include "host.h"
#include "lib/uapi.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

#define D3HOT 3

static void need(int dialect)
{
	if (dialect_of_kernel() != dialect)
		skip_because("this kernel has another dialect");
}

static void open_device(struct raw *raw)
{
	raw_open(raw);
	raw_enable_memory(raw->device);
}

static void set_d3hot(int fd)
{
	expect_ok(raw_write_config(fd, raw_pm_capability(fd) + 4, D3HOT));
}

static void expect_suspended(void)
{
	host_wait_suspended();
}

/* An access did not resume the device. */
static void expect_undisturbed(unsigned long slept)
{
	assert_true(host_shows("power/runtime_status", "suspended"));
	assert_true(host_suspended_time() >= slept);
}

/* ---- v2 ---- */

static int v2(int fd, uint32_t argsz, uint32_t state)
{
	uint32_t request[4] = { argsz, state };

	return raw_ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, request);
}

static void v2_arguments(void **state)
{
	struct raw raw;

	(void)state;
	need(VFIOPM_DIALECT_V2);
	open_device(&raw);
	for (uint32_t feature = 3; feature <= 5; feature++)
		assert_int_equal(raw_probe(raw.device, feature), -ENOTTY);
	assert_int_equal(raw_ioctl(raw.device, VFIO_DEVICE_BIND_IOMMUFD, NULL), -EFAULT);
	assert_int_equal(v2(raw.device, 8, 0), 0);
	assert_int_equal(v2(raw.device, 8, 1), 22);
	assert_int_equal(v2(raw.device, 8, 2), 22);
	set_d3hot(raw.device);
	assert_int_equal(v2(raw.device, 8, 2), 22);
	assert_int_equal(v2(raw.device, 0, 1), 0); /* argsz is not checked */
	assert_int_equal(v2(raw.device, 0, 0), 0);
	raw_close(&raw);
}

static void v2_accesses(void **state)
{
	unsigned long slept;
	struct raw raw;

	(void)state;
	need(VFIOPM_DIALECT_V2);
	open_device(&raw);
	set_d3hot(raw.device);
	assert_int_equal(v2(raw.device, 8, 1), 0);
	expect_suspended();
	slept = host_suspended_time();
	/* None of these resumes the device. */
	assert_int_equal(raw_info(raw.device), 0);
	assert_int_equal(raw_probe(raw.device, 3), -ENOTTY);
	assert_int_equal(raw_read_region(raw.device, 0, 0), -EIO);
	assert_int_equal(v2(raw.device, 8, 1), 0);
	assert_int_equal(v2(raw.device, 8, 2), 22);
	expect_undisturbed(slept);
	assert_int_equal(v2(raw.device, 8, 0), 0);
	host_stays_awake();
	assert_int_equal(v2(raw.device, 8, 0), 0);
	assert_int_equal(raw_read_region(raw.device, 0, 0), 0);
	raw_close(&raw);
}

/* The first resume ends low power, whatever causes it. */
static void v2_resumes(void **state)
{
	struct raw raw;
	uint8_t byte;

	(void)state;
	need(VFIOPM_DIALECT_V2);
	open_device(&raw);
	for (int i = 0; i < 3; i++) {
		set_d3hot(raw.device);
		assert_int_equal(v2(raw.device, 8, 1), 0);
		expect_suspended();
		if (i == 0)
			host_wake();
		else if (i == 1)
			expect_ok(raw_read_config(raw.device, 0, &byte));
		else
			raw_ioctl(raw.device, VFIO_DEVICE_GET_IRQ_INFO, NULL);
		host_stays_awake();
		assert_int_equal(dialect_pmcsr(raw.device), 0);
		assert_int_equal(raw_read_region(raw.device, 0, 0), 0);
		assert_int_equal(v2(raw.device, 8, 1), 22);
		assert_int_equal(v2(raw.device, 8, 0), 0);
	}
	raw_close(&raw);
}

/* The device does not suspend, so it stays in the D3hot of the user. */
static void v2_without_a_suspend(void **state)
{
	struct raw raw;

	(void)state;
	need(VFIOPM_DIALECT_V2);
	open_device(&raw);
	host_write("power/control", "on");
	set_d3hot(raw.device);
	assert_int_equal(v2(raw.device, 8, 1), 0);
	assert_int_equal(v2(raw.device, 8, 0), 0);
	assert_int_equal(dialect_pmcsr(raw.device), D3HOT);
	assert_int_equal(raw_read_region(raw.device, 0, 0), -EIO);
	raw_close(&raw);
}

/* ---- v3 and v4 ---- */

static int set_3(int fd, uint32_t argsz, uint64_t value)
{
	struct {
		uint32_t argsz, flags;
		uint64_t value;
	} request = { argsz, 3 | VFIO_DEVICE_FEATURE_SET, value };

	return raw_ioctl(fd, VFIO_DEVICE_FEATURE, &request);
}

/* What both have in common: the checks of a feature with GET and SET. */
static void v3_and_v4_probes(void **state)
{
	struct raw raw;

	(void)state;
	if (dialect_of_kernel() < VFIOPM_DIALECT_V3)
		skip_because("this kernel has another dialect");
	open_device(&raw);
	assert_int_equal(raw_probe(raw.device, 3), 0);
	assert_int_equal(raw_probe(raw.device, 4), -ENOTTY);
	assert_int_equal(raw_probe(raw.device, 5), -ENOTTY);
	assert_int_equal(
		raw_feature(raw.device, 8, 3 | VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET),
		0);
	assert_int_equal(raw_feature(raw.device, 8,
				     3 | VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET |
					     VFIO_DEVICE_FEATURE_SET),
			 0);
	/* An entry and an exit of mainline. */
	assert_int_equal(raw_enter(raw.device), -EINVAL);
	assert_int_equal(raw_exit(raw.device), -ENOTTY);
	assert_int_equal(raw_feature(raw.device, 8, 3 | VFIO_DEVICE_FEATURE_GET), -EINVAL);
	assert_int_equal(set_3(raw.device, 15, 1), -EINVAL);
	assert_int_equal(raw_ioctl(raw.device, VFIO_DEVICE_BIND_IOMMUFD, NULL), -ENOTTY);
	host_stays_awake();
	raw_close(&raw);
}

static void v3_states(void **state)
{
	struct raw raw;

	(void)state;
	need(VFIOPM_DIALECT_V3);
	open_device(&raw);
	assert_int_equal(dialect_get(raw.device), 0);
	assert_int_equal(set_3(raw.device, 16, 0), 22);
	assert_int_equal(set_3(raw.device, 16, 1), 22);
	assert_int_equal(set_3(raw.device, 16, 2), 22);
	set_d3hot(raw.device);
	assert_int_equal(set_3(raw.device, 16, UINT64_C(1) << 32), 22);
	assert_int_equal(set_3(raw.device, 16, 1), 0);
	expect_suspended();
	assert_int_equal(dialect_get(raw.device), 1);
	assert_int_equal(set_3(raw.device, 16, 1), 22);
	expect_suspended();
	assert_int_equal(set_3(raw.device, 16, 0), 0);
	host_stays_awake();
	assert_int_equal(dialect_get(raw.device), 0);
	assert_int_equal(dialect_pmcsr(raw.device), 0);
	assert_int_equal(set_3(raw.device, 16, 0), 22);
	raw_close(&raw);
}

static void v3_accesses(void **state)
{
	unsigned long slept;
	struct raw raw;
	uint8_t byte;

	(void)state;
	need(VFIOPM_DIALECT_V3);
	open_device(&raw);
	set_d3hot(raw.device);
	assert_int_equal(set_3(raw.device, 16, 1), 0);
	expect_suspended();
	slept = host_suspended_time();
	assert_int_equal(raw_read_region(raw.device, 0, 0), -EIO);
	expect_undisturbed(slept);
	expect_ok(raw_read_config(raw.device, 0, &byte));
	expect_suspended();
	host_wake();
	expect_suspended();
	/* The memory stays off until the exit, also in D0. */
	host_write("power/control", "on");
	assert_int_equal(dialect_pmcsr(raw.device), 0);
	assert_int_equal(raw_read_region(raw.device, 0, 0), -EIO);
	assert_int_equal(set_3(raw.device, 16, 0), 0);
	assert_int_equal(raw_read_region(raw.device, 0, 0), 0);
	raw_close(&raw);
}

/* The device does not suspend, so it stays in the D3hot of the user. */
static void v3_without_a_suspend(void **state)
{
	struct raw raw;

	(void)state;
	need(VFIOPM_DIALECT_V3);
	open_device(&raw);
	host_write("power/control", "on");
	set_d3hot(raw.device);
	assert_int_equal(set_3(raw.device, 16, 1), 0);
	assert_int_equal(set_3(raw.device, 16, 0), 0);
	assert_int_equal(dialect_pmcsr(raw.device), D3HOT);
	raw_close(&raw);
}

static void v4_flags(void **state)
{
	static const uint64_t wrong[] = { 0, 3, 4, 6, 7, 8, 9 };
	struct raw raw;

	(void)state;
	need(VFIOPM_DIALECT_V4);
	open_device(&raw);
	assert_int_equal(dialect_get(raw.device), 2);
	assert_int_equal(set_3(raw.device, 16, 2), -EINVAL);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(set_3(raw.device, 16, wrong[i]), -EINVAL);
	assert_int_equal(set_3(raw.device, 16, 1), 0);
	expect_suspended();
	assert_int_equal(dialect_get(raw.device), 1);
	assert_int_equal(set_3(raw.device, 16, 1), -EINVAL);
	assert_int_equal(set_3(raw.device, 16, 5), -EINVAL);
	host_wake();
	expect_suspended();
	assert_int_equal(raw_read_region(raw.device, 0, 0), 0);
	expect_suspended();
	assert_int_equal(set_3(raw.device, 16, 2), 0);
	host_stays_awake();
	assert_int_equal(dialect_get(raw.device), 2);
	raw_close(&raw);
}

/* The device stays on after the first resume, and low power stays entered. */
static void v4_single_shot(void **state)
{
	struct raw raw;

	(void)state;
	need(VFIOPM_DIALECT_V4);
	open_device(&raw);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(set_3(raw.device, 16, 5), 0);
		expect_suspended();
		if (i == 0)
			host_wake();
		else
			assert_int_equal(dialect_get(raw.device), 5);
		host_stays_awake();
		assert_int_equal(dialect_get(raw.device), 5);
		assert_int_equal(set_3(raw.device, 16, 5), -EINVAL);
		assert_int_equal(set_3(raw.device, 16, 2), 0);
		host_stays_awake();
		assert_int_equal(dialect_get(raw.device), 2);
		/* A plain entry shows that the count of uses is right. */
		assert_int_equal(set_3(raw.device, 16, 1), 0);
		expect_suspended();
		assert_int_equal(set_3(raw.device, 16, 2), 0);
		host_stays_awake();
	}
	/* An exit before the suspend, and a last close in low power. */
	assert_int_equal(set_3(raw.device, 16, 5), 0);
	assert_int_equal(set_3(raw.device, 16, 2), 0);
	host_stays_awake();
	assert_int_equal(set_3(raw.device, 16, 5), 0);
	expect_suspended();
	host_wake();
	raw_close(&raw);
	host_wait_suspended();
	open_device(&raw);
	assert_int_equal(dialect_get(raw.device), 2);
	host_stays_awake();
	raw_close(&raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(v2_arguments),     ON_TESTBED(v2_accesses),
		ON_TESTBED(v2_resumes),	      ON_TESTBED(v2_without_a_suspend),
		ON_TESTBED(v3_and_v4_probes), ON_TESTBED(v3_states),
		ON_TESTBED(v3_accesses),      ON_TESTBED(v3_without_a_suspend),
		ON_TESTBED(v4_flags),	      ON_TESTBED(v4_single_shot),
	};

	return cmocka_run_group_tests_name("dialect-calls", tests, NULL, NULL);
}

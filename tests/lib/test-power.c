// SPDX-License-Identifier: MIT
/*
 * Tests of the power calls: entry, entry with wakeup, exit, and the state. Each test compares the
 * result of the library with the state of the device in sysfs.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "host.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

/* A device as a VMM uses it: the VMM owns the fd and knows the address. */
struct fixture {
	struct raw raw;
	struct vfiopm_device *dev;
	int wakeup;
	unsigned issued, saved; /* counted by trace_call() */
};

static void trace_call(void *data, uint32_t event, const char *call, int result)
{
	struct fixture *fixture = data;

	(void)result;
	assert_int_equal(strncmp(call, "VFIO_DEVICE_FEATURE_LOW_POWER_", 30), 0);
	if (event == VFIOPM_TRACE_ISSUED)
		fixture->issued++;
	else
		fixture->saved++;
}

static void fixture_open_without_address(struct fixture *fixture)
{
	*fixture = (struct fixture){ 0 };
	raw_open(&fixture->raw);
	raw_enable_memory(fixture->raw.device);
	expect_ok(vfiopm_device_new_from_fd(fixture->raw.device, &fixture->dev));
	expect_ok(vfiopm_device_set_trace(fixture->dev, trace_call, fixture));
	fixture->wakeup = raw_eventfd();
}

static void fixture_open(struct fixture *fixture)
{
	testbed_need_low_power();
	fixture_open_without_address(fixture);
	expect_ok(vfiopm_device_set_address(fixture->dev, testbed_device()));
}

static void fixture_close(struct fixture *fixture)
{
	assert_null(vfiopm_device_free(fixture->dev));
	close(fixture->wakeup);
	raw_close(&fixture->raw);
}

static void expect_state(const struct fixture *fixture, int state)
{
	assert_int_equal(vfiopm_get_state(fixture->dev), state);
}

/* ---- features ---- */

static void features_match_the_kernel(void **state)
{
	struct vfiopm_device *dev;
	uint32_t mask = 0;
	struct raw raw;

	(void)state;
	raw_open(&raw);
	expect_ok(vfiopm_device_new_from_fd(raw.device, &dev));
	expect_ok(vfiopm_get_features(dev, &mask));
	assert_int_equal(mask, testbed_has_low_power()
				       ? VFIOPM_FEATURE_ENTER | VFIOPM_FEATURE_ENTER_WAKEUP |
						 VFIOPM_FEATURE_EXIT
				       : 0);
	vfiopm_device_free(dev);
	raw_close(&raw);
}

static void kernel_without_the_feature(void **state)
{
	struct vfiopm_device *dev;
	struct raw raw;
	int wakeup = raw_eventfd();

	(void)state;
	if (testbed_has_low_power())
		skip_because("this kernel has the low-power feature");
	raw_open(&raw);
	expect_ok(vfiopm_device_new_from_fd(raw.device, &dev));
	expect_errno(ENOTTY, vfiopm_enter(dev));
	expect_errno(ENOTTY, vfiopm_enter_wakeup(dev, wakeup));
	expect_errno(ENOTTY, vfiopm_exit(dev));
	assert_int_equal(vfiopm_get_state(dev), VFIOPM_STATE_ACTIVE);
	vfiopm_device_free(dev);
	close(wakeup);
	raw_close(&raw);
}

static void null_arguments_are_refused(void **state)
{
	struct vfiopm_device *dev;
	struct raw raw;
	uint32_t mask;

	(void)state;
	raw_open(&raw);
	expect_ok(vfiopm_device_new_from_fd(raw.device, &dev));
	expect_errno(EINVAL, vfiopm_get_features(NULL, &mask));
	expect_errno(EINVAL, vfiopm_get_features(dev, NULL));
	expect_errno(EINVAL, vfiopm_enter(NULL));
	expect_errno(EINVAL, vfiopm_enter_wakeup(NULL, 0));
	expect_errno(EINVAL, vfiopm_exit(NULL));
	expect_errno(EINVAL, vfiopm_get_state(NULL));
	vfiopm_device_free(dev);
	raw_close(&raw);
}

/* ---- plain entry ---- */

static void entry_and_exit(void **state)
{
	struct fixture fixture;
	unsigned long slept;

	(void)state;
	fixture_open(&fixture);
	expect_state(&fixture, VFIOPM_STATE_ACTIVE);
	host_stays_awake();
	slept = host_suspended_time();
	expect_ok(vfiopm_enter(fixture.dev));
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER);
	host_sees_deep_sleep();
	usleep(20000);
	expect_ok(vfiopm_exit(fixture.dev));
	expect_state(&fixture, VFIOPM_STATE_ACTIVE);
	host_stays_awake();
	assert_in_range(host_suspended_time() - slept, 10, 10000);
	/* Each call issues one ioctl. */
	assert_int_equal(fixture.issued, 2);
	fixture_close(&fixture);
}

static void second_entry_does_not_wake(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_enter(fixture.dev));
	host_sees_deep_sleep();
	expect_errno(EALREADY, vfiopm_enter(fixture.dev));
	expect_errno(EALREADY, vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	/* The library refused both calls without an ioctl. */
	assert_true(host_shows("power/runtime_status", "suspended"));
	assert_int_equal(fixture.issued, 1);
	assert_int_equal(fixture.saved, 2);
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER);
	expect_ok(vfiopm_exit(fixture.dev));
	fixture_close(&fixture);
}

/* A wake does not end a plain entry. */
static void plain_entry_survives_wakes(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_enter(fixture.dev));
	host_sees_deep_sleep();
	host_wake();
	host_sees_deep_sleep();
	assert_int_equal(raw_info(fixture.raw.device), 0);
	host_sees_deep_sleep();
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER);
	expect_ok(vfiopm_exit(fixture.dev));
	fixture_close(&fixture);
}

static void exit_in_any_state(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_exit(fixture.dev));
	expect_ok(vfiopm_exit(fixture.dev));
	expect_ok(vfiopm_enter(fixture.dev));
	expect_ok(vfiopm_exit(fixture.dev));
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(fixture.issued, 5);
	host_stays_awake();
	fixture_close(&fixture);
}

/* Low power belongs to the device: any fd can end an entry made by another fd. */
static void entry_by_another_fd(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	assert_int_equal(raw_enter(fixture.raw.device), 0);
	expect_errno(EINVAL, vfiopm_enter(fixture.dev));
	expect_errno(EINVAL, vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	expect_state(&fixture, VFIOPM_STATE_ACTIVE);
	expect_ok(vfiopm_exit(fixture.dev));
	expect_ok(vfiopm_enter(fixture.dev));
	expect_ok(vfiopm_exit(fixture.dev));
	fixture_close(&fixture);
}

static void mapping_faults_in_low_power(void **state)
{
	volatile uint32_t *map;
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	map = raw_map(fixture.raw.device);
	assert_false(raw_faults(map));
	expect_ok(vfiopm_enter(fixture.dev));
	assert_true(raw_faults(map));
	expect_ok(vfiopm_exit(fixture.dev));
	assert_false(raw_faults(map));
	raw_unmap(map);
	fixture_close(&fixture);
}

/* ---- entry with wakeup ---- */

static void wake_by_the_host_is_reported(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_sees_deep_sleep();
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	if (testbed_has_d3cold())
		host_read_config();
	else
		host_wake();
	expect_state(&fixture, VFIOPM_STATE_WOKEN);
	assert_int_equal(raw_take(fixture.wakeup), 1);
	/* The state stays WOKEN after the eventfd was read. */
	expect_state(&fixture, VFIOPM_STATE_WOKEN);
	host_stays_awake();

	/* The same again, ended by an exit. */
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wake();
	expect_state(&fixture, VFIOPM_STATE_WOKEN);
	expect_ok(vfiopm_exit(fixture.dev));
	expect_state(&fixture, VFIOPM_STATE_ACTIVE);
	assert_int_equal(raw_take(fixture.wakeup), 1);
	assert_int_equal(fixture.issued, 3);
	fixture_close(&fixture);
}

/* The caller has read the eventfd. The library then detects the wake by the suspended time in
 * sysfs. */
static void wake_after_the_eventfd_was_read(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	usleep(20000); /* the suspended time has a resolution of 1 ms */
	host_wake();
	assert_int_equal(raw_take(fixture.wakeup), 1);
	expect_state(&fixture, VFIOPM_STATE_WOKEN);
	fixture_close(&fixture);
}

static void wake_with_closed_wakeup_fd(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	close(fixture.wakeup);
	fixture.wakeup = -1;
	host_sees_deep_sleep();
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wake();
	expect_state(&fixture, VFIOPM_STATE_WOKEN);
	fixture_close(&fixture);
}

/* Without an address the library detects a wake by the eventfd only. */
static void wake_without_an_address(void **state)
{
	struct fixture fixture;

	(void)state;
	testbed_need_low_power();
	fixture_open_without_address(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wake();
	expect_state(&fixture, VFIOPM_STATE_WOKEN);
	assert_int_equal(raw_take(fixture.wakeup), 1);
	fixture_close(&fixture);
}

/* An exit makes the kernel signal the eventfd. This is not a wake, so the library removes the
 * signal. */
static void exit_removes_its_own_signal(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	expect_ok(vfiopm_exit(fixture.dev));
	assert_false(raw_readable(fixture.wakeup));
	expect_state(&fixture, VFIOPM_STATE_ACTIVE);
	assert_int_equal(fixture.issued, 2);
	fixture_close(&fixture);
}

/* A wake before the exit leaves its signal for the caller. */
static void exit_keeps_the_signal_of_a_wake(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	host_wake();
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(raw_take(fixture.wakeup), 1);
	fixture_close(&fixture);
}

static void rearm_while_suspended(void **state)
{
	struct fixture fixture;
	int other = raw_eventfd();

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	/* The same eventfd: the kernel signals it for the end of the first arming. */
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	assert_false(raw_readable(fixture.wakeup));
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_sees_deep_sleep();
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	/* Another eventfd. */
	expect_ok(vfiopm_enter_wakeup(fixture.dev, other));
	assert_false(raw_readable(fixture.wakeup));
	assert_false(raw_readable(other));
	host_sees_deep_sleep();
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wake();
	expect_state(&fixture, VFIOPM_STATE_WOKEN);
	assert_int_equal(raw_take(fixture.wakeup), 0);
	assert_int_equal(raw_take(other), 1);
	close(other);
	fixture_close(&fixture);
}

/* The device is armed, but the host keeps it active. The kernel refuses a further entry, and the
 * wakeup stays armed. */
static void rearm_while_active_is_refused(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	host_write("power/control", "on");
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	expect_errno(EINVAL, vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	expect_errno(EINVAL, vfiopm_enter(fixture.dev));
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_write("power/control", "auto");
	host_sees_deep_sleep();
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wake();
	assert_int_equal(raw_take(fixture.wakeup), 1);
	fixture_close(&fixture);
}

static void plain_entry_replaces_entry_with_wakeup(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	expect_ok(vfiopm_enter(fixture.dev));
	assert_false(raw_readable(fixture.wakeup));
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER);
	host_sees_deep_sleep();
	host_wake();
	host_sees_deep_sleep();
	assert_false(raw_readable(fixture.wakeup));
	expect_ok(vfiopm_exit(fixture.dev));
	fixture_close(&fixture);
}

/* A bad fd changes nothing: a suspended device stays suspended, with its wakeup armed. */
static void bad_wakeup_fds_change_nothing(void **state)
{
	int closed = raw_closed_fd(), file = open("/dev/null", O_RDWR);
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_errno(EINVAL, vfiopm_enter_wakeup(fixture.dev, -1));
	expect_errno(EBADF, vfiopm_enter_wakeup(fixture.dev, closed));
	expect_errno(EINVAL, vfiopm_enter_wakeup(fixture.dev, file));
	expect_errno(EINVAL, vfiopm_enter_wakeup(fixture.dev, fixture.raw.group));
	expect_state(&fixture, VFIOPM_STATE_ACTIVE);
	host_stays_awake();

	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	expect_errno(EINVAL, vfiopm_enter_wakeup(fixture.dev, -1));
	expect_errno(EBADF, vfiopm_enter_wakeup(fixture.dev, closed));
	assert_true(host_shows("power/runtime_status", "suspended"));
	/* Only the kernel can refuse this fd, which resumes the device. The library then arms the
	 * old eventfd again. */
	expect_errno(EINVAL, vfiopm_enter_wakeup(fixture.dev, file));
	assert_false(raw_readable(fixture.wakeup));
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_sees_deep_sleep();
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wake();
	expect_state(&fixture, VFIOPM_STATE_WOKEN);
	assert_int_equal(raw_take(fixture.wakeup), 1);
	close(file);
	fixture_close(&fixture);
}

/* The eventfd already has a count when it is armed. The library detects a wake by sysfs. */
static void check_earlier_count(uint64_t earlier)
{
	struct fixture fixture;

	fixture_open(&fixture);
	assert_int_equal(write(fixture.wakeup, &earlier, sizeof(earlier)), sizeof(earlier));
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_sees_deep_sleep();
	usleep(20000);
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	/* The library still removes the signal that this call causes. */
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	usleep(20000);
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wake();
	expect_state(&fixture, VFIOPM_STATE_WOKEN);
	assert_int_equal(raw_take(fixture.wakeup), earlier + 1);
	fixture_close(&fixture);
}

static void earlier_count_is_kept(void **state)
{
	(void)state;
	check_earlier_count(1);
	check_earlier_count(3);
}

/* The device was active, so the exit caused no signal. The library removes nothing. */
static void exit_while_active_keeps_the_count(void **state)
{
	struct fixture fixture;
	uint64_t three = 3;

	(void)state;
	fixture_open(&fixture);
	host_write("power/control", "on");
	assert_int_equal(write(fixture.wakeup, &three, sizeof(three)), sizeof(three));
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(raw_take(fixture.wakeup), 3);
	fixture_close(&fixture);
}

/* After the caller has read the earlier count, the eventfd shows a wake again. */
static void wake_after_an_earlier_count_was_read(void **state)
{
	struct fixture fixture;
	uint64_t one = 1;

	(void)state;
	testbed_need_low_power();
	fixture_open_without_address(&fixture);
	assert_int_equal(write(fixture.wakeup, &one, sizeof(one)), sizeof(one));
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	assert_int_equal(raw_take(fixture.wakeup), 1);
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wake();
	expect_state(&fixture, VFIOPM_STATE_WOKEN);
	fixture_close(&fixture);
}

/* No call blocks on a semaphore or on an eventfd without EFD_NONBLOCK. */
static void semaphore_and_blocking_eventfds(void **state)
{
	int semaphore = eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK), blocking = eventfd(0, 0);
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, semaphore));
	host_sees_deep_sleep();
	expect_ok(vfiopm_enter_wakeup(fixture.dev, blocking));
	assert_false(raw_readable(semaphore));
	host_sees_deep_sleep();
	expect_ok(vfiopm_exit(fixture.dev));
	assert_false(raw_readable(blocking));
	close(semaphore);
	close(blocking);
	fixture_close(&fixture);
}

static void closed_device_fd(void **state)
{
	struct fixture fixture;
	int fd;

	(void)state;
	fixture_open(&fixture);
	/* No other fd gets this number. The device itself stays open. */
	fd = fcntl(fixture.raw.device, F_DUPFD_CLOEXEC, 300);
	assert_true(fd >= 300);
	vfiopm_device_free(fixture.dev);
	expect_ok(vfiopm_device_new_from_fd(fd, &fixture.dev));
	close(fd);
	expect_errno(EBADF, vfiopm_enter(fixture.dev));
	expect_errno(EBADF, vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	expect_errno(EBADF, vfiopm_exit(fixture.dev));
	expect_state(&fixture, VFIOPM_STATE_ACTIVE);
	fixture_close(&fixture);
}

/* ---- calls that are allowed at any time ---- */

static void queries_do_not_wake(void **state)
{
	struct fixture fixture;
	uint64_t ms;
	uint32_t value;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	for (int i = 0; i < 1000; i++) {
		expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
		expect_ok(vfiopm_get_features(fixture.dev, &value));
		expect_ok(vfiopm_readout_get_power_state(fixture.dev, &value));
		expect_ok(vfiopm_readout_get_runtime_status(fixture.dev, &value));
		assert_int_equal(value, VFIOPM_RUNTIME_SUSPENDED);
		expect_ok(vfiopm_readout_get_suspended_time(fixture.dev, &ms));
		expect_ok(vfiopm_readout_get_control(fixture.dev, &value));
		expect_ok(vfiopm_readout_get_d3cold_allowed(fixture.dev, &value));
	}
	assert_false(raw_readable(fixture.wakeup));
	assert_int_equal(fixture.issued, 1);
	expect_ok(vfiopm_exit(fixture.dev));
	fixture_close(&fixture);
}

struct reader {
	struct vfiopm_device *dev;
	atomic_bool stop;
};

static char unknown_state[] = "vfiopm_get_state() returned an unknown state";

static void *read_state(void *data)
{
	struct reader *reader = data;

	while (!reader->stop) {
		int state = vfiopm_get_state(reader->dev);

		if (state < VFIOPM_STATE_ACTIVE || state > VFIOPM_STATE_WOKEN)
			return unknown_state;
	}
	return NULL;
}

static void threads_read_the_state(void **state)
{
	struct reader reader = { 0 };
	pthread_t threads[2];
	struct fixture fixture;
	void *problem;

	(void)state;
	fixture_open(&fixture);
	reader.dev = fixture.dev;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_state, &reader), 0);
	for (int i = 0; i < 50; i++) {
		expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
		expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
		expect_ok(vfiopm_exit(fixture.dev));
		expect_state(&fixture, VFIOPM_STATE_ACTIVE);
	}
	reader.stop = true;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], &problem), 0);
		if (problem)
			fail_msg("%s", (const char *)problem);
	}
	assert_false(raw_readable(fixture.wakeup));
	fixture_close(&fixture);
}

/* The object can be freed while the device is suspended: it does not own the fd. */
static void free_keeps_low_power(void **state)
{
	struct fixture fixture;
	int wakeup;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	wakeup = dup(fixture.wakeup);
	vfiopm_device_free(fixture.dev);
	fixture.dev = NULL;
	assert_true(host_shows("power/runtime_status", "suspended"));
	host_wake();
	assert_int_equal(raw_take(wakeup), 1);
	close(wakeup);
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(features_match_the_kernel),
		ON_TESTBED(kernel_without_the_feature),
		ON_TESTBED(null_arguments_are_refused),
		ON_TESTBED(entry_and_exit),
		ON_TESTBED(second_entry_does_not_wake),
		ON_TESTBED(plain_entry_survives_wakes),
		ON_TESTBED(exit_in_any_state),
		ON_TESTBED(entry_by_another_fd),
		ON_TESTBED(mapping_faults_in_low_power),
		ON_TESTBED(wake_by_the_host_is_reported),
		ON_TESTBED(wake_after_the_eventfd_was_read),
		ON_TESTBED(wake_with_closed_wakeup_fd),
		ON_TESTBED(wake_without_an_address),
		ON_TESTBED(exit_removes_its_own_signal),
		ON_TESTBED(exit_keeps_the_signal_of_a_wake),
		ON_TESTBED(rearm_while_suspended),
		ON_TESTBED(rearm_while_active_is_refused),
		ON_TESTBED(plain_entry_replaces_entry_with_wakeup),
		ON_TESTBED(bad_wakeup_fds_change_nothing),
		ON_TESTBED(earlier_count_is_kept),
		ON_TESTBED(exit_while_active_keeps_the_count),
		ON_TESTBED(wake_after_an_earlier_count_was_read),
		ON_TESTBED(semaphore_and_blocking_eventfds),
		ON_TESTBED(closed_device_fd),
		ON_TESTBED(queries_do_not_wake),
		ON_TESTBED(threads_read_the_state),
		ON_TESTBED(free_keeps_low_power),
	};

	return cmocka_run_group_tests_name("power", tests, NULL, NULL);
}

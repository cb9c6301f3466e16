// SPDX-License-Identifier: MIT
/*
 * The power calls of the library: entry, entry with wakeup, exit and the state, each
 * with what the kernel shows of the device beside it.
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

/* A device as a VMM has it: an fd of its own, and the address. */
struct fixture {
	struct raw raw;
	struct vfiopm_device *dev;
	int wakeup;
	unsigned issued, saved; /* as traced */
};

static void count(void *data, uint32_t event, const char *call, int result)
{
	struct fixture *fixture = data;

	(void)result;
	assert_int_equal(strncmp(call, "VFIO_DEVICE_FEATURE_LOW_POWER_", 30), 0);
	if (event == VFIOPM_TRACE_ISSUED)
		fixture->issued++;
	else
		fixture->saved++;
}

static void fixture_open_blind(struct fixture *fixture)
{
	*fixture = (struct fixture){ 0 };
	raw_open(&fixture->raw);
	raw_enable_memory(fixture->raw.device);
	expect_ok(vfiopm_device_new_from_fd(fixture->raw.device, &fixture->dev));
	expect_ok(vfiopm_device_set_trace(fixture->dev, count, fixture));
	fixture->wakeup = raw_eventfd();
}

static void fixture_open(struct fixture *fixture)
{
	testbed_need_low_power();
	fixture_open_blind(fixture);
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

static void features(void **state)
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

static void without_the_feature(void **state)
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

static void nulls(void **state)
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

/* ---- plain ---- */

static void plain_cycle(void **state)
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
	/* One ioctl each, and nothing else on the device. */
	assert_int_equal(fixture.issued, 2);
	fixture_close(&fixture);
}

static void second_plain_entry(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_enter(fixture.dev));
	host_sees_deep_sleep();
	expect_errno(EALREADY, vfiopm_enter(fixture.dev));
	expect_errno(EALREADY, vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	/* Both were answered from memory. */
	assert_true(host_shows("power/runtime_status", "suspended"));
	assert_int_equal(fixture.issued, 1);
	assert_int_equal(fixture.saved, 2);
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER);
	expect_ok(vfiopm_exit(fixture.dev));
	fixture_close(&fixture);
}

/* A plain entry is not ended by a wake. */
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

/* The state is the device's: what another fd has entered, ours can leave. */
static void entered_by_another_fd(void **state)
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

static void mapped_region(void **state)
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

/* ---- with wakeup ---- */

static void wake_by_host(void **state)
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
	/* Once noticed it is remembered. */
	expect_state(&fixture, VFIOPM_STATE_WOKEN);
	host_stays_awake();

	/* And again. */
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

/* A D-state wake seen in sysfs: the caller has taken the count before asking. */
static void wake_taken_by_the_caller(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	usleep(20000); /* the kernel counts in milliseconds */
	host_wake();
	assert_int_equal(raw_take(fixture.wakeup), 1);
	expect_state(&fixture, VFIOPM_STATE_WOKEN);
	fixture_close(&fixture);
}

static void closed_wakeup_fd(void **state)
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

/* Where the device is not known in sysfs, the eventfd alone tells. */
static void without_an_address(void **state)
{
	struct fixture fixture;

	(void)state;
	testbed_need_low_power();
	fixture_open_blind(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wake();
	expect_state(&fixture, VFIOPM_STATE_WOKEN);
	assert_int_equal(raw_take(fixture.wakeup), 1);
	fixture_close(&fixture);
}

/* The exit itself makes the kernel signal: not a wake that the caller waits for. */
static void exit_takes_its_signal_back(void **state)
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

/* But a wake that came before it is the caller's. */
static void exit_after_a_wake(void **state)
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

static void arm_again_asleep(void **state)
{
	struct fixture fixture;
	int other = raw_eventfd();

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	/* The same eventfd: the kernel signals the old arming, that is the same. */
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	assert_false(raw_readable(fixture.wakeup));
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_sees_deep_sleep();
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	/* Another one. */
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

/* Armed, but kept awake by the host: the kernel refuses, and all stays as it was. */
static void arm_again_awake(void **state)
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

static void plain_over_armed(void **state)
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

/* Bad fds change nothing, not even that the device sleeps armed with the old one. */
static void bad_wakeup_fds(void **state)
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
	/* This one only the kernel can refuse, and it wakes the device to do so. */
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

/* An eventfd that holds a count when it is armed: a wake is told by sysfs. */
static void stale_count_of(uint64_t stale)
{
	struct fixture fixture;

	fixture_open(&fixture);
	assert_int_equal(write(fixture.wakeup, &stale, sizeof(stale)), sizeof(stale));
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_sees_deep_sleep();
	usleep(20000);
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	/* What this call causes is taken back from it all the same. */
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	usleep(20000);
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wake();
	expect_state(&fixture, VFIOPM_STATE_WOKEN);
	assert_int_equal(raw_take(fixture.wakeup), stale + 1);
	fixture_close(&fixture);
}

static void stale_count(void **state)
{
	(void)state;
	stale_count_of(1);
	stale_count_of(3);
}

/* Nothing is taken back where the device was awake, and the call caused nothing. */
static void stale_count_awake(void **state)
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

/* The count that was there is taken: from then on the eventfd tells again. */
static void stale_count_taken(void **state)
{
	struct fixture fixture;
	uint64_t one = 1;

	(void)state;
	testbed_need_low_power();
	fixture_open_blind(&fixture);
	assert_int_equal(write(fixture.wakeup, &one, sizeof(one)), sizeof(one));
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	assert_int_equal(raw_take(fixture.wakeup), 1);
	expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wake();
	expect_state(&fixture, VFIOPM_STATE_WOKEN);
	fixture_close(&fixture);
}

/* Semaphores and blocking eventfds: nothing here may wait. */
static void other_eventfds(void **state)
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
	/* Of a number that no other fd will get. The device itself stays open. */
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

/* ---- what may be called at any time ---- */

static void asking_does_not_wake(void **state)
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

struct asker {
	struct vfiopm_device *dev;
	atomic_bool stop;
};

static char no_such_state[] = "a state that is none";

static void *ask(void *data)
{
	struct asker *asker = data;

	while (!asker->stop) {
		int state = vfiopm_get_state(asker->dev);

		if (state < VFIOPM_STATE_ACTIVE || state > VFIOPM_STATE_WOKEN)
			return no_such_state;
	}
	return NULL;
}

static void many_threads(void **state)
{
	struct asker asker = { 0 };
	pthread_t threads[2];
	struct fixture fixture;
	void *complaint;

	(void)state;
	fixture_open(&fixture);
	asker.dev = fixture.dev;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask, &asker), 0);
	for (int i = 0; i < 50; i++) {
		expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
		expect_state(&fixture, VFIOPM_STATE_LOW_POWER_WAKEUP);
		expect_ok(vfiopm_exit(fixture.dev));
		expect_state(&fixture, VFIOPM_STATE_ACTIVE);
	}
	asker.stop = true;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], &complaint), 0);
		assert_null(complaint);
	}
	assert_false(raw_readable(fixture.wakeup));
	fixture_close(&fixture);
}

/* The object may go while the device sleeps: the fd is borrowed. */
static void free_asleep(void **state)
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
		ON_TESTBED(features),
		ON_TESTBED(without_the_feature),
		ON_TESTBED(nulls),
		ON_TESTBED(plain_cycle),
		ON_TESTBED(second_plain_entry),
		ON_TESTBED(plain_entry_survives_wakes),
		ON_TESTBED(exit_in_any_state),
		ON_TESTBED(entered_by_another_fd),
		ON_TESTBED(mapped_region),
		ON_TESTBED(wake_by_host),
		ON_TESTBED(wake_taken_by_the_caller),
		ON_TESTBED(closed_wakeup_fd),
		ON_TESTBED(without_an_address),
		ON_TESTBED(exit_takes_its_signal_back),
		ON_TESTBED(exit_after_a_wake),
		ON_TESTBED(arm_again_asleep),
		ON_TESTBED(arm_again_awake),
		ON_TESTBED(plain_over_armed),
		ON_TESTBED(bad_wakeup_fds),
		ON_TESTBED(stale_count),
		ON_TESTBED(stale_count_awake),
		ON_TESTBED(stale_count_taken),
		ON_TESTBED(other_eventfds),
		ON_TESTBED(closed_device_fd),
		ON_TESTBED(asking_does_not_wake),
		ON_TESTBED(many_threads),
		ON_TESTBED(free_asleep),
	};

	return cmocka_run_group_tests_name("power", tests, NULL, NULL);
}

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
#include "world.h"

/* A device as a VMM has it: an fd of its own, and the address. */
struct bench {
	struct raw raw;
	struct vfiopm_device *dev;
	int wakeup;
	unsigned issued, saved; /* as traced */
};

static void count(void *data, uint32_t event, const char *call, int result)
{
	struct bench *bench = data;

	(void)result;
	assert_int_equal(strncmp(call, "VFIO_DEVICE_FEATURE_LOW_POWER_", 30), 0);
	if (event == VFIOPM_TRACE_ISSUED)
		bench->issued++;
	else
		bench->saved++;
}

static void bench_open_blind(struct bench *bench)
{
	*bench = (struct bench){ 0 };
	raw_open(&bench->raw);
	raw_enable_memory(bench->raw.device);
	expect_ok(vfiopm_device_new_from_fd(bench->raw.device, &bench->dev));
	expect_ok(vfiopm_device_set_trace(bench->dev, count, bench));
	bench->wakeup = raw_eventfd();
}

static void bench_open(struct bench *bench)
{
	world_need_low_power();
	bench_open_blind(bench);
	expect_ok(vfiopm_device_set_address(bench->dev, world_device()));
}

static void bench_close(struct bench *bench)
{
	assert_null(vfiopm_device_free(bench->dev));
	close(bench->wakeup);
	raw_close(&bench->raw);
}

static void expect_state(const struct bench *bench, int state)
{
	assert_int_equal(vfiopm_get_state(bench->dev), state);
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
	assert_int_equal(mask, world_has_low_power()
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
	if (world_has_low_power())
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
	struct bench bench;
	unsigned long slept;

	(void)state;
	bench_open(&bench);
	expect_state(&bench, VFIOPM_STATE_ACTIVE);
	host_stays_awake();
	slept = host_suspended_time();
	expect_ok(vfiopm_enter(bench.dev));
	expect_state(&bench, VFIOPM_STATE_LOW_POWER);
	host_sees_deep_sleep();
	usleep(20000);
	expect_ok(vfiopm_exit(bench.dev));
	expect_state(&bench, VFIOPM_STATE_ACTIVE);
	host_stays_awake();
	assert_in_range(host_suspended_time() - slept, 10, 10000);
	/* One ioctl each, and nothing else on the device. */
	assert_int_equal(bench.issued, 2);
	bench_close(&bench);
}

static void second_plain_entry(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	expect_ok(vfiopm_enter(bench.dev));
	host_sees_deep_sleep();
	expect_errno(EALREADY, vfiopm_enter(bench.dev));
	expect_errno(EALREADY, vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	/* Both were answered from memory. */
	assert_true(host_shows("power/runtime_status", "suspended"));
	assert_int_equal(bench.issued, 1);
	assert_int_equal(bench.saved, 2);
	expect_state(&bench, VFIOPM_STATE_LOW_POWER);
	expect_ok(vfiopm_exit(bench.dev));
	bench_close(&bench);
}

/* A plain entry is not ended by a wake. */
static void plain_entry_survives_wakes(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	expect_ok(vfiopm_enter(bench.dev));
	host_sees_deep_sleep();
	host_wake();
	host_sees_deep_sleep();
	assert_int_equal(raw_info(bench.raw.device), 0);
	host_sees_deep_sleep();
	expect_state(&bench, VFIOPM_STATE_LOW_POWER);
	expect_ok(vfiopm_exit(bench.dev));
	bench_close(&bench);
}

static void exit_in_any_state(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	expect_ok(vfiopm_exit(bench.dev));
	expect_ok(vfiopm_exit(bench.dev));
	expect_ok(vfiopm_enter(bench.dev));
	expect_ok(vfiopm_exit(bench.dev));
	expect_ok(vfiopm_exit(bench.dev));
	assert_int_equal(bench.issued, 5);
	host_stays_awake();
	bench_close(&bench);
}

/* The state is the device's: what another fd has entered, ours can leave. */
static void entered_by_another_fd(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(raw_enter(bench.raw.device), 0);
	expect_errno(EINVAL, vfiopm_enter(bench.dev));
	expect_errno(EINVAL, vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	expect_state(&bench, VFIOPM_STATE_ACTIVE);
	expect_ok(vfiopm_exit(bench.dev));
	expect_ok(vfiopm_enter(bench.dev));
	expect_ok(vfiopm_exit(bench.dev));
	bench_close(&bench);
}

static void mapped_region(void **state)
{
	volatile uint32_t *map;
	struct bench bench;

	(void)state;
	bench_open(&bench);
	map = raw_map(bench.raw.device);
	assert_false(raw_faults(map));
	expect_ok(vfiopm_enter(bench.dev));
	assert_true(raw_faults(map));
	expect_ok(vfiopm_exit(bench.dev));
	assert_false(raw_faults(map));
	raw_unmap(map);
	bench_close(&bench);
}

/* ---- with wakeup ---- */

static void wake_by_host(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	expect_ok(vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	expect_state(&bench, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_sees_deep_sleep();
	expect_state(&bench, VFIOPM_STATE_LOW_POWER_WAKEUP);
	if (world_has_d3cold())
		host_read_config();
	else
		host_wake();
	expect_state(&bench, VFIOPM_STATE_WOKEN);
	assert_int_equal(raw_take(bench.wakeup), 1);
	/* Once noticed it is remembered. */
	expect_state(&bench, VFIOPM_STATE_WOKEN);
	host_stays_awake();

	/* And again. */
	expect_ok(vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	host_sees_deep_sleep();
	expect_state(&bench, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wake();
	expect_state(&bench, VFIOPM_STATE_WOKEN);
	expect_ok(vfiopm_exit(bench.dev));
	expect_state(&bench, VFIOPM_STATE_ACTIVE);
	assert_int_equal(raw_take(bench.wakeup), 1);
	assert_int_equal(bench.issued, 3);
	bench_close(&bench);
}

/* A D-state wake seen in sysfs: the caller has taken the count before asking. */
static void wake_taken_by_the_caller(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	expect_ok(vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	host_sees_deep_sleep();
	usleep(20000); /* the kernel counts in milliseconds */
	host_wake();
	assert_int_equal(raw_take(bench.wakeup), 1);
	expect_state(&bench, VFIOPM_STATE_WOKEN);
	bench_close(&bench);
}

static void closed_wakeup_fd(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	expect_ok(vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	close(bench.wakeup);
	bench.wakeup = -1;
	host_sees_deep_sleep();
	expect_state(&bench, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wake();
	expect_state(&bench, VFIOPM_STATE_WOKEN);
	bench_close(&bench);
}

/* Where the device is not known in sysfs, the eventfd alone tells. */
static void without_an_address(void **state)
{
	struct bench bench;

	(void)state;
	world_need_low_power();
	bench_open_blind(&bench);
	expect_ok(vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	host_sees_deep_sleep();
	expect_state(&bench, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wake();
	expect_state(&bench, VFIOPM_STATE_WOKEN);
	assert_int_equal(raw_take(bench.wakeup), 1);
	bench_close(&bench);
}

/* The exit itself makes the kernel signal: not a wake that the caller waits for. */
static void exit_takes_its_signal_back(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	expect_ok(vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	host_sees_deep_sleep();
	expect_ok(vfiopm_exit(bench.dev));
	assert_false(raw_readable(bench.wakeup));
	expect_state(&bench, VFIOPM_STATE_ACTIVE);
	assert_int_equal(bench.issued, 2);
	bench_close(&bench);
}

/* But a wake that came before it is the caller's. */
static void exit_after_a_wake(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	expect_ok(vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	host_sees_deep_sleep();
	host_wake();
	expect_ok(vfiopm_exit(bench.dev));
	assert_int_equal(raw_take(bench.wakeup), 1);
	bench_close(&bench);
}

static void arm_again_asleep(void **state)
{
	struct bench bench;
	int other = raw_eventfd();

	(void)state;
	bench_open(&bench);
	expect_ok(vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	host_sees_deep_sleep();
	/* The same eventfd: the kernel signals the old arming, that is the same. */
	expect_ok(vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	assert_false(raw_readable(bench.wakeup));
	expect_state(&bench, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_sees_deep_sleep();
	expect_state(&bench, VFIOPM_STATE_LOW_POWER_WAKEUP);
	/* Another one. */
	expect_ok(vfiopm_enter_wakeup(bench.dev, other));
	assert_false(raw_readable(bench.wakeup));
	assert_false(raw_readable(other));
	host_sees_deep_sleep();
	expect_state(&bench, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wake();
	expect_state(&bench, VFIOPM_STATE_WOKEN);
	assert_int_equal(raw_take(bench.wakeup), 0);
	assert_int_equal(raw_take(other), 1);
	close(other);
	bench_close(&bench);
}

/* Armed, but kept awake by the host: the kernel refuses, and all stays as it was. */
static void arm_again_awake(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	host_write("power/control", "on");
	expect_ok(vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	expect_errno(EINVAL, vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	expect_errno(EINVAL, vfiopm_enter(bench.dev));
	expect_state(&bench, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_write("power/control", "auto");
	host_sees_deep_sleep();
	expect_state(&bench, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wake();
	assert_int_equal(raw_take(bench.wakeup), 1);
	bench_close(&bench);
}

static void plain_over_armed(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	expect_ok(vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	host_sees_deep_sleep();
	expect_ok(vfiopm_enter(bench.dev));
	assert_false(raw_readable(bench.wakeup));
	expect_state(&bench, VFIOPM_STATE_LOW_POWER);
	host_sees_deep_sleep();
	host_wake();
	host_sees_deep_sleep();
	assert_false(raw_readable(bench.wakeup));
	expect_ok(vfiopm_exit(bench.dev));
	bench_close(&bench);
}

/* Bad fds change nothing, not even that the device sleeps armed with the old one. */
static void bad_wakeup_fds(void **state)
{
	int closed = raw_closed_fd(), file = open("/dev/null", O_RDWR);
	struct bench bench;

	(void)state;
	bench_open(&bench);
	expect_errno(EINVAL, vfiopm_enter_wakeup(bench.dev, -1));
	expect_errno(EBADF, vfiopm_enter_wakeup(bench.dev, closed));
	expect_errno(EINVAL, vfiopm_enter_wakeup(bench.dev, file));
	expect_errno(EINVAL, vfiopm_enter_wakeup(bench.dev, bench.raw.group));
	expect_state(&bench, VFIOPM_STATE_ACTIVE);
	host_stays_awake();

	expect_ok(vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	host_sees_deep_sleep();
	expect_errno(EINVAL, vfiopm_enter_wakeup(bench.dev, -1));
	expect_errno(EBADF, vfiopm_enter_wakeup(bench.dev, closed));
	assert_true(host_shows("power/runtime_status", "suspended"));
	/* This one only the kernel can refuse, and it wakes the device to do so. */
	expect_errno(EINVAL, vfiopm_enter_wakeup(bench.dev, file));
	assert_false(raw_readable(bench.wakeup));
	expect_state(&bench, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_sees_deep_sleep();
	expect_state(&bench, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wake();
	expect_state(&bench, VFIOPM_STATE_WOKEN);
	assert_int_equal(raw_take(bench.wakeup), 1);
	close(file);
	bench_close(&bench);
}

/* An eventfd that holds a count when it is armed: a wake is told by sysfs. */
static void stale_count_of(uint64_t stale)
{
	struct bench bench;

	bench_open(&bench);
	assert_int_equal(write(bench.wakeup, &stale, sizeof(stale)), sizeof(stale));
	expect_ok(vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	expect_state(&bench, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_sees_deep_sleep();
	usleep(20000);
	expect_state(&bench, VFIOPM_STATE_LOW_POWER_WAKEUP);
	/* What this call causes is taken back from it all the same. */
	expect_ok(vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	host_sees_deep_sleep();
	usleep(20000);
	expect_state(&bench, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wake();
	expect_state(&bench, VFIOPM_STATE_WOKEN);
	assert_int_equal(raw_take(bench.wakeup), stale + 1);
	bench_close(&bench);
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
	struct bench bench;
	uint64_t three = 3;

	(void)state;
	bench_open(&bench);
	host_write("power/control", "on");
	assert_int_equal(write(bench.wakeup, &three, sizeof(three)), sizeof(three));
	expect_ok(vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	expect_ok(vfiopm_exit(bench.dev));
	assert_int_equal(raw_take(bench.wakeup), 3);
	bench_close(&bench);
}

/* The count that was there is taken: from then on the eventfd tells again. */
static void stale_count_taken(void **state)
{
	struct bench bench;
	uint64_t one = 1;

	(void)state;
	world_need_low_power();
	bench_open_blind(&bench);
	assert_int_equal(write(bench.wakeup, &one, sizeof(one)), sizeof(one));
	expect_ok(vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	host_sees_deep_sleep();
	assert_int_equal(raw_take(bench.wakeup), 1);
	expect_state(&bench, VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wake();
	expect_state(&bench, VFIOPM_STATE_WOKEN);
	bench_close(&bench);
}

/* Semaphores and blocking eventfds: nothing here may wait. */
static void other_eventfds(void **state)
{
	int semaphore = eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK), blocking = eventfd(0, 0);
	struct bench bench;

	(void)state;
	bench_open(&bench);
	expect_ok(vfiopm_enter_wakeup(bench.dev, semaphore));
	host_sees_deep_sleep();
	expect_ok(vfiopm_enter_wakeup(bench.dev, blocking));
	assert_false(raw_readable(semaphore));
	host_sees_deep_sleep();
	expect_ok(vfiopm_exit(bench.dev));
	assert_false(raw_readable(blocking));
	close(semaphore);
	close(blocking);
	bench_close(&bench);
}

static void closed_device_fd(void **state)
{
	struct bench bench;
	int fd;

	(void)state;
	bench_open(&bench);
	/* Of a number that no other fd will get. The device itself stays open. */
	fd = fcntl(bench.raw.device, F_DUPFD_CLOEXEC, 300);
	assert_true(fd >= 300);
	vfiopm_device_free(bench.dev);
	expect_ok(vfiopm_device_new_from_fd(fd, &bench.dev));
	close(fd);
	expect_errno(EBADF, vfiopm_enter(bench.dev));
	expect_errno(EBADF, vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	expect_errno(EBADF, vfiopm_exit(bench.dev));
	expect_state(&bench, VFIOPM_STATE_ACTIVE);
	bench_close(&bench);
}

/* ---- what may be called at any time ---- */

static void asking_does_not_wake(void **state)
{
	struct bench bench;
	uint64_t ms;
	uint32_t value;

	(void)state;
	bench_open(&bench);
	expect_ok(vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	host_sees_deep_sleep();
	for (int i = 0; i < 1000; i++) {
		expect_state(&bench, VFIOPM_STATE_LOW_POWER_WAKEUP);
		expect_ok(vfiopm_get_features(bench.dev, &value));
		expect_ok(vfiopm_readout_get_power_state(bench.dev, &value));
		expect_ok(vfiopm_readout_get_runtime_status(bench.dev, &value));
		assert_int_equal(value, VFIOPM_RUNTIME_SUSPENDED);
		expect_ok(vfiopm_readout_get_suspended_time(bench.dev, &ms));
		expect_ok(vfiopm_readout_get_control(bench.dev, &value));
		expect_ok(vfiopm_readout_get_d3cold_allowed(bench.dev, &value));
	}
	assert_false(raw_readable(bench.wakeup));
	assert_int_equal(bench.issued, 1);
	expect_ok(vfiopm_exit(bench.dev));
	bench_close(&bench);
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
	struct bench bench;
	void *complaint;

	(void)state;
	bench_open(&bench);
	asker.dev = bench.dev;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask, &asker), 0);
	for (int i = 0; i < 50; i++) {
		expect_ok(vfiopm_enter_wakeup(bench.dev, bench.wakeup));
		expect_state(&bench, VFIOPM_STATE_LOW_POWER_WAKEUP);
		expect_ok(vfiopm_exit(bench.dev));
		expect_state(&bench, VFIOPM_STATE_ACTIVE);
	}
	asker.stop = true;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], &complaint), 0);
		assert_null(complaint);
	}
	assert_false(raw_readable(bench.wakeup));
	bench_close(&bench);
}

/* The object may go while the device sleeps: the fd is borrowed. */
static void free_asleep(void **state)
{
	struct bench bench;
	int wakeup;

	(void)state;
	bench_open(&bench);
	expect_ok(vfiopm_enter_wakeup(bench.dev, bench.wakeup));
	host_sees_deep_sleep();
	wakeup = dup(bench.wakeup);
	vfiopm_device_free(bench.dev);
	bench.dev = NULL;
	assert_true(host_shows("power/runtime_status", "suspended"));
	host_wake();
	assert_int_equal(raw_take(wakeup), 1);
	close(wakeup);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(features),
		IN_WORLD(without_the_feature),
		IN_WORLD(nulls),
		IN_WORLD(plain_cycle),
		IN_WORLD(second_plain_entry),
		IN_WORLD(plain_entry_survives_wakes),
		IN_WORLD(exit_in_any_state),
		IN_WORLD(entered_by_another_fd),
		IN_WORLD(mapped_region),
		IN_WORLD(wake_by_host),
		IN_WORLD(wake_taken_by_the_caller),
		IN_WORLD(closed_wakeup_fd),
		IN_WORLD(without_an_address),
		IN_WORLD(exit_takes_its_signal_back),
		IN_WORLD(exit_after_a_wake),
		IN_WORLD(arm_again_asleep),
		IN_WORLD(arm_again_awake),
		IN_WORLD(plain_over_armed),
		IN_WORLD(bad_wakeup_fds),
		IN_WORLD(stale_count),
		IN_WORLD(stale_count_awake),
		IN_WORLD(stale_count_taken),
		IN_WORLD(other_eventfds),
		IN_WORLD(closed_device_fd),
		IN_WORLD(asking_does_not_wake),
		IN_WORLD(many_threads),
		IN_WORLD(free_asleep),
	};

	return cmocka_run_group_tests_name("power", tests, NULL, NULL);
}

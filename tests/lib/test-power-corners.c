// SPDX-License-Identifier: MIT
/* Rare cases of the power calls, on the simulator: sysfs that fails, and readers of the wakeup
 * eventfd that are faster. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "calls.h"
#include "host.h"
#include "raw.h"
#include "sim.h"
#include "test.h"
#include "testbed.h"

struct fixture {
	struct sim_device *sim;
	struct vfiopm_device *dev;
	int fd;
	int wakeup;
};

static void fixture_open_blind(struct fixture *fixture)
{
	fixture->sim = sim_add(NULL);
	fixture->fd = sim_open_device(fixture->sim);
	fixture->wakeup = raw_eventfd();
	expect_ok(vfiopm_device_new_from_fd(fixture->fd, &fixture->dev));
}

static void fixture_open(struct fixture *fixture)
{
	fixture_open_blind(fixture);
	expect_ok(vfiopm_device_set_address(fixture->dev, testbed_device()));
}

static void fixture_close(struct fixture *fixture)
{
	vfiopm_device_free(fixture->dev);
	close(fixture->wakeup);
	close(fixture->fd);
	sim_reset();
}

/* The library counts, so it needs no sysfs to take back the count that the exit causes. */
static void an_exit_leaves_a_count_from_before(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open_blind(&fixture);
	raw_add(fixture.wakeup, 1);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	assert_true(sim_is_suspended(fixture.sim));
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(raw_take(fixture.wakeup), 1);
	fixture_close(&fixture);
}

/* A semaphore gives one count at each read, and the library makes 64 reads at most. */
static void a_large_semaphore_keeps_its_counts(void **state)
{
	int semaphore = eventfd(100, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	struct fixture fixture;
	unsigned counts = 0;

	(void)state;
	fixture_open_blind(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, semaphore));
	sim_calls_begin();
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	assert_int_equal(sim_calls_end(), 1);
	expect_ok(vfiopm_exit(fixture.dev));
	while (raw_take(semaphore) == 1)
		counts++;
	/* That of the exit cannot be told from the others. */
	assert_int_equal(counts, 101);
	fixture_close(&fixture);
	close(semaphore);
}

/* The caller has read the count before the library has looked: only sysfs shows the wake. */
static void a_wake_that_only_sysfs_shows_is_noted(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	usleep(20000);
	sim_hold_awake(fixture.sim, true);
	sim_hold_awake(fixture.sim, false);
	assert_int_equal(raw_take(fixture.wakeup), 1);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	/* The state is remembered, so it needs no sysfs. */
	sim_calls_begin();
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_WOKEN);
	assert_int_equal(sim_calls_end(), 0);
	fixture_close(&fixture);
}

/* A sysfs that cannot be read any more is no proof of a wake. */
static void a_failed_read_is_no_wake(void **state)
{
	static const char *const reads[] = { "suspended time", "runtime status" };
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	for (unsigned i = 0; i < 2; i++) {
		unsigned calls, read;

		print_message("# %s\n", reads[i]);
		expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
		usleep(20000);
		sim_hold_awake(fixture.sim, true);
		sim_hold_awake(fixture.sim, false);
		assert_int_equal(raw_take(fixture.wakeup), 1);
		/* The device is awake, and only sysfs shows that it has slept. */
		sim_calls_begin();
		assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_WOKEN);
		calls = sim_calls_end();
		read = calls_find(calls, "pread", i);
		expect_ok(vfiopm_exit(fixture.dev));

		expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
		usleep(20000);
		sim_hold_awake(fixture.sim, true);
		sim_hold_awake(fixture.sim, false);
		assert_int_equal(raw_take(fixture.wakeup), 1);
		sim_calls_fail(read, EIO);
		assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
		sim_calls_end();
		assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_WOKEN);
		expect_ok(vfiopm_exit(fixture.dev));
	}
	fixture_close(&fixture);
}

/* The caller takes the old count, and the state shows that. The next count is a wake. */
static void a_wake_after_the_old_count_is_taken(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open_blind(&fixture);
	raw_add(fixture.wakeup, 1);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	assert_int_equal(raw_take(fixture.wakeup), 1);
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	sim_hold_awake(fixture.sim, true);
	sim_hold_awake(fixture.sim, false);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	assert_int_equal(raw_take(fixture.wakeup), 0);
	fixture_close(&fixture);
}

/* After the exit the eventfd is the caller's alone, unless a wake is left to take. */
static void the_eventfd_is_kept_as_long_as_a_wake(void **state)
{
	struct fixture fixture;
	unsigned fds;

	(void)state;
	fixture_open_blind(&fixture);
	fds = host_open_fds();
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(host_open_fds(), fds);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	sim_hold_awake(fixture.sim, true);
	sim_hold_awake(fixture.sim, false);
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(host_open_fds(), fds);
	/* What the caller adds now is left alone. */
	raw_add(fixture.wakeup, 5);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	assert_int_equal(raw_take(fixture.wakeup), 5);
	fixture_close(&fixture);
}

/* Readers look at the eventfd again after a call that failed. */
static void a_wake_after_a_failed_call_is_seen(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct fixture fixture;

		fixture_open_blind(&fixture);
		expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
		sim_fail_resume(fixture.sim, true);
		if (i == 0)
			expect_errno(EIO, vfiopm_exit(fixture.dev));
		else if (i == 1)
			expect_errno(EIO, vfiopm_enter(fixture.dev));
		else
			expect_errno(EIO, vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
		sim_fail_resume(fixture.sim, false);
		assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
		sim_hold_awake(fixture.sim, true);
		sim_hold_awake(fixture.sim, false);
		assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_WOKEN);
		assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
		assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
		fixture_close(&fixture);
	}
}

/* A reader of the caller can take the count of the exit first. Then nothing is put back. */
static void a_count_that_another_reader_has_taken(void **state)
{
	struct fixture fixture;
	unsigned calls;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	sim_calls_begin();
	expect_ok(vfiopm_exit(fixture.dev));
	calls = sim_calls_end();
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	/* The exit looks for a wake first, and takes its own count then. */
	sim_calls_fail(calls_find(calls, "preadv2", 1), EAGAIN);
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(sim_calls_named("write"), 0);
	sim_calls_end();
	assert_int_equal(raw_take(fixture.wakeup), 1);
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_ACTIVE);
	fixture_close(&fixture);
}

static void wake_after_a_failed_ioctl(void *data, uint32_t event, const char *call, int result)
{
	const struct fixture *fixture = data;

	(void)event;
	(void)call;
	if (result != -EIO)
		return;
	raw_add(fixture->wakeup, 1);
	sim_fail_resume(fixture->sim, false);
}

/* An ioctl that cannot resume the device signals nothing, so a count that arrives then is a wake by
 * the host. */
static void a_wake_beside_a_failed_resume_is_reported(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_device_set_trace(fixture.dev, wake_after_a_failed_ioctl, &fixture));
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	sim_fail_resume(fixture.sim, true);
	expect_errno(EIO, vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	fixture_close(&fixture);
}

/* An access has woken the device, and the kernel refuses the entry that follows it. The device stays
 * on, so the caller has to know. */
static void a_refused_entry_after_an_access_is_a_wake(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	sim_ioctl_fails_after(1, EIO);
	expect_ok(vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, 1));
	assert_int_equal(sim_calls_named("ioctl"), 2);
	sim_calls_end();
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_WOKEN);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	assert_false(raw_readable(fixture.wakeup));
	expect_ok(vfiopm_exit(fixture.dev));
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exit_leaves_a_count_from_before),
		cmocka_unit_test(a_large_semaphore_keeps_its_counts),
		cmocka_unit_test(a_wake_that_only_sysfs_shows_is_noted),
		cmocka_unit_test(a_failed_read_is_no_wake),
		cmocka_unit_test(a_wake_after_the_old_count_is_taken),
		cmocka_unit_test(the_eventfd_is_kept_as_long_as_a_wake),
		cmocka_unit_test(a_wake_after_a_failed_call_is_seen),
		cmocka_unit_test(a_count_that_another_reader_has_taken),
		cmocka_unit_test(a_wake_beside_a_failed_resume_is_reported),
		cmocka_unit_test(a_refused_entry_after_an_access_is_a_wake),
	};

	return cmocka_run_group_tests_name("power-corners", tests, NULL, NULL);
}

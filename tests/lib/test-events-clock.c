// SPDX-License-Identifier: MIT
/*
 * The times of the events object, on the simulator and with a clock of the test: the back-off of
 * re-entries, and the check whether the device was suspended. The functions of lib/sys.c that use
 * the clock are linked with --wrap.
 */
#include <errno.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "events-fixture.h"
#include "host.h"
#include "lib/sys.h"
#include "sim.h"
#include "test.h"
#include "testbed-sim.h"
#include "testbed.h"

/* ---- the clock ---- */

static uint64_t now_ms, due_ms;
static int timer = -1;

uint64_t __wrap_vfiopm__sys_now_ms(void);
void __real_vfiopm__sys_timer_set(int fd, uint64_t at_ms);
void __wrap_vfiopm__sys_timer_set(int fd, uint64_t at_ms);

uint64_t __wrap_vfiopm__sys_now_ms(void)
{
	return now_ms;
}

/* The boot is a time that has passed. */
static void set_real_timer(void)
{
	__real_vfiopm__sys_timer_set(timer, due_ms && due_ms <= now_ms ? 1 : 0);
}

void __wrap_vfiopm__sys_timer_set(int fd, uint64_t at_ms)
{
	timer = fd;
	due_ms = at_ms;
	set_real_timer();
}

/* ---- the fixture ---- */

static uint64_t generation(const struct events_fixture *fixture)
{
	uint64_t generation = 99;

	expect_ok(vfiopm_events_get_generation(fixture->events, &generation));
	return generation;
}

static void open_at(struct events_fixture *fixture, uint64_t ms)
{
	now_ms = ms;
	due_ms = 0;
	events_fixture_open(fixture);
}

/* Let the time pass in steps of one millisecond. Returns the number of events. */
static int pass(struct events_fixture *fixture, unsigned ms)
{
	int sum = 0;

	for (unsigned i = 0; i < ms && fixture->events; i++) {
		int r;

		now_ms++;
		set_real_timer();
		r = vfiopm_events_dispatch(fixture->events);
		assert_true(r >= 0);
		sum += r;
	}
	return sum;
}

/* Wake the device, and return the milliseconds until its re-entry. */
static unsigned reentry_delay(struct events_fixture *fixture)
{
	uint64_t before = generation(fixture);
	unsigned woken = fixture->woken;

	host_wake();
	assert_int_equal(vfiopm_events_dispatch(fixture->events), 1);
	assert_int_equal(fixture->woken, woken + 1);
	for (unsigned ms = 1; ms < 100000; ms++) {
		pass(fixture, 1);
		if (generation(fixture) > before)
			return ms;
	}
	return 0;
}

/* ---- back-off ---- */

static void the_delay_doubles_and_a_quiet_time_resets_it(void **state)
{
	static const unsigned delays[] = { 40, 80, 160, 320, 500, 500 };
	struct events_fixture fixture;

	(void)state;
	open_at(&fixture, 1000);
	expect_ok(vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_AFTER_WAKE, 40, 500));
	expect_ok(vfiopm_events_enter(fixture.events));
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 6; i++)
			assert_int_equal(reentry_delay(&fixture), delays[i]);
		/* One millisecond less than the quiet time, then the quiet time. */
		pass(&fixture, 499);
		assert_int_equal(reentry_delay(&fixture), 500);
		pass(&fixture, 500);
	}
	/* A new policy begins with its shortest delay. */
	assert_int_equal(reentry_delay(&fixture), 40);
	assert_int_equal(reentry_delay(&fixture), 80);
	expect_ok(vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_AFTER_WAKE, 7, 500));
	assert_int_equal(reentry_delay(&fixture), 7);
	events_fixture_close(&fixture);
}

/* A wake that an entry or an exit has followed causes no re-entry, so the delay stays. */
static void an_earlier_wake_doubles_nothing(void **state)
{
	struct events_fixture fixture;

	(void)state;
	open_at(&fixture, 1000);
	expect_ok(vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_AFTER_WAKE, 40, 500));
	for (int i = 0; i < 3; i++) {
		expect_ok(vfiopm_events_enter(fixture.events));
		host_wake();
		expect_ok(vfiopm_exit(fixture.dev));
		assert_int_equal(vfiopm_events_dispatch(fixture.events), 1);
		assert_int_equal(fixture.cause, VFIOPM_WAKE_EARLIER);
	}
	expect_ok(vfiopm_events_enter(fixture.events));
	assert_int_equal(reentry_delay(&fixture), 40);
	events_fixture_close(&fixture);
}

/* The re-entry of an earlier entry is due when a later entry has been woken, too. */
static void a_reentry_belongs_to_its_entry(void **state)
{
	struct events_fixture fixture;

	(void)state;
	open_at(&fixture, 1000);
	expect_ok(vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_AFTER_WAKE, 40, 500));
	expect_ok(vfiopm_events_enter(fixture.events));
	host_wake();
	assert_int_equal(vfiopm_events_dispatch(fixture.events), 1);
	expect_ok(vfiopm_events_enter(fixture.events));
	/* The timer is readable before the eventfd, so the dispatch handles the timer first. */
	now_ms += 40;
	set_real_timer();
	host_wake();
	assert_int_equal(vfiopm_events_dispatch(fixture.events), 1);
	assert_int_equal(generation(&fixture), 2);
	assert_int_equal(fixture.generation, 2);
	assert_int_equal(fixture.cause, VFIOPM_WAKE_HOST);
	assert_int_equal(pass(&fixture, 79), 0);
	assert_int_equal(pass(&fixture, 1), 1);
	events_fixture_close(&fixture);
}

/* The largest delays overflow nothing. */
static void the_longest_delay(void **state)
{
	struct events_fixture fixture;

	(void)state;
	open_at(&fixture, 1000);
	expect_ok(vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_AFTER_WAKE, UINT32_MAX,
					    UINT32_MAX));
	for (int i = 0; i < 3; i++) {
		expect_ok(vfiopm_events_enter(fixture.events));
		host_wake();
		assert_int_equal(vfiopm_events_dispatch(fixture.events), 1);
		/* The check of the entry comes first, and finds the device awake for a reason. */
		assert_int_equal(due_ms, now_ms + 2000);
		assert_int_equal(pass(&fixture, 2000), 0);
		assert_int_equal(due_ms, now_ms - 2000 + UINT32_MAX);
		now_ms = due_ms - 1;
		assert_int_equal(pass(&fixture, 1), 1);
		assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	}
	events_fixture_close(&fixture);
}

/* The number of entries in a second is that of a doubling delay, not that of the wakes. */
static void a_host_that_wakes_it_all_the_time_gets_few_entries(void **state)
{
	struct events_fixture fixture;
	uint64_t entries;
	unsigned fds;

	(void)state;
	open_at(&fixture, 1000);
	expect_ok(vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_AFTER_WAKE, 5, 200));
	expect_ok(vfiopm_events_enter(fixture.events));
	fds = host_open_fds();
	for (int i = 0; i < 1000; i++) {
		host_wake();
		assert_int_equal(vfiopm_events_dispatch(fixture.events) <= 1, true);
		pass(&fixture, 1);
	}
	entries = generation(&fixture);
	print_message("# 1000 wakes in 1000 ms, %u entries\n", (unsigned)entries);
	/* After 5, 15, 35, 75, 155, 315, 515, 715 and 915 ms, and the first one. */
	assert_int_equal(entries, 10);
	assert_int_equal(fixture.woken, 10);
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_WOKEN);
	assert_false(sim_is_engaged(testbed_sim_device()));

	/* Left alone, the device goes to sleep and stays asleep. */
	assert_int_equal(pass(&fixture, 300), 1);
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	assert_true(sim_is_suspended(testbed_sim_device()));
	assert_int_equal(host_open_fds(), fds);
	assert_int_equal(pass(&fixture, 5000), 0);
	events_fixture_close(&fixture);
}

/* Without awake() the timer serves re-entries only. */
static void a_reentry_needs_no_check(void **state)
{
	struct vfiopm_events_ops ops = events_ops;
	struct events_fixture fixture;

	(void)state;
	open_at(&fixture, 1000);
	vfiopm_events_free(fixture.events);
	ops.awake = NULL;
	expect_ok(vfiopm_events_new(fixture.dev, &ops, sizeof(ops), &fixture, &fixture.events));
	expect_ok(vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_AFTER_WAKE, 30, 30));
	expect_ok(vfiopm_events_enter(fixture.events));
	assert_int_equal(due_ms, 0);
	assert_int_equal(reentry_delay(&fixture), 30);
	assert_int_equal(due_ms, 0);
	events_fixture_close(&fixture);
}

/* ---- a device that stays awake ---- */

static void open_awake(struct events_fixture *fixture)
{
	open_at(fixture, 1000);
	sim_set_suspend(testbed_sim_device(), SIM_SUSPEND_NEVER);
	expect_ok(vfiopm_events_enter(fixture->events));
}

static void a_device_that_stays_awake_is_reported_after_two_seconds(void **state)
{
	struct events_fixture fixture;

	(void)state;
	open_awake(&fixture);
	assert_int_equal(pass(&fixture, 1999), 0);
	assert_int_equal(pass(&fixture, 1), 1);
	assert_int_equal(fixture.awake, 1);
	assert_int_equal(fixture.awake_ms, 2000);
	assert_int_equal(pass(&fixture, 5000), 0);
	assert_int_equal(due_ms, 0);

	/* A check that is late reports the time that has passed. */
	expect_ok(vfiopm_exit(fixture.dev));
	expect_ok(vfiopm_events_enter(fixture.events));
	now_ms += 3000;
	assert_int_equal(pass(&fixture, 1), 1);
	assert_int_equal(fixture.awake_ms, 3001);

	/* After a reason to be awake, or with a later entry, nothing is reported. */
	expect_ok(vfiopm_exit(fixture.dev));
	expect_ok(vfiopm_events_enter(fixture.events));
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(pass(&fixture, 3000), 0);
	expect_ok(vfiopm_events_enter(fixture.events));
	expect_ok(vfiopm_exit(fixture.dev));
	expect_ok(vfiopm_enter(fixture.dev));
	assert_int_equal(pass(&fixture, 3000), 0);
	events_fixture_close(&fixture);
}

/* The check of a re-entry is that of an entry. */
static void a_reentry_is_checked(void **state)
{
	struct events_fixture fixture;

	(void)state;
	open_at(&fixture, 1000);
	expect_ok(vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_AFTER_WAKE, 30, 30));
	expect_ok(vfiopm_events_enter(fixture.events));
	host_wake();
	assert_int_equal(vfiopm_events_dispatch(fixture.events), 1);
	sim_set_suspend(testbed_sim_device(), SIM_SUSPEND_NEVER);
	assert_int_equal(pass(&fixture, 30), 1);
	assert_int_equal(pass(&fixture, 1999), 0);
	assert_int_equal(pass(&fixture, 1), 1);
	assert_int_equal(fixture.awake_ms, 2000);
	events_fixture_close(&fixture);
}

/* A device that has slept in between, or sleeps now, is not reported. */
static void a_device_that_has_slept_is_not_reported(void **state)
{
	struct vfiopm_events_ops plain = events_ops;
	struct events_fixture fixture;

	(void)state;
	open_at(&fixture, 1000);
	vfiopm_events_free(fixture.events);
	plain.woken = NULL;
	expect_ok(vfiopm_events_new(fixture.dev, &plain, sizeof(plain), &fixture, &fixture.events));
	expect_ok(vfiopm_events_enter(fixture.events));
	/* The suspended time is that of the real clock. */
	usleep(5000);
	sim_hold_awake(testbed_sim_device(), true);
	assert_int_equal(pass(&fixture, 3000), 0);
	sim_hold_awake(testbed_sim_device(), false);
	events_fixture_close(&fixture);

	/* No time passes for the simulator, so only the status shows the suspend. */
	open_at(&fixture, 1000);
	sim_stop_clock();
	expect_ok(vfiopm_events_enter(fixture.events));
	assert_int_equal(pass(&fixture, 3000), 0);
	events_fixture_close(&fixture);
}

/* Without the directory of the device nothing is known, and nothing is reported. */
static void an_unknown_address_reports_nothing(void **state)
{
	struct events_fixture fixture = { .raw.device = -1 };
	struct sim_device *sim = sim_add(NULL);

	(void)state;
	fixture.raw.device = sim_open_device(sim);
	expect_ok(vfiopm_device_new_from_fd(fixture.raw.device, &fixture.dev));
	expect_ok(vfiopm_events_new(fixture.dev, &events_ops, sizeof(events_ops), &fixture,
				    &fixture.events));
	sim_set_suspend(sim, SIM_SUSPEND_NEVER);
	expect_ok(vfiopm_events_enter(fixture.events));
	assert_int_equal(pass(&fixture, 3000), 0);
	vfiopm_events_free(fixture.events);
	vfiopm_device_free(fixture.dev);
	close(fixture.raw.device);
	sim_reset();
}

/* The check reads two attributes. If a read fails, nothing is reported. */
static void a_sysfs_that_fails_reports_nothing(void **state)
{
	static const char *const attributes[] = { "power/runtime_suspended_time",
						  "power/runtime_status", "power/control" };
	struct events_fixture fixture;

	(void)state;
	for (int i = 0; i < 3; i++) {
		testbed_setup(NULL);
		open_awake(&fixture);
		sim_set_attribute(testbed_sim_device(), attributes[i], "?\n");
		assert_int_equal(pass(&fixture, 3000), i == 2);
		assert_int_equal(fixture.awake, i == 2);
		events_fixture_close(&fixture);
		testbed_teardown(NULL);
	}
}

static void free_in_callback(struct events_fixture *fixture)
{
	fixture->events = vfiopm_events_free(fixture->events);
	fixture->dev = vfiopm_device_free(fixture->dev);
}

/* A re-entry and a check are due at the same time. awake() frees the object and the device, and no
 * re-entry is tried. */
static void a_freed_object_makes_no_reentry(void **state)
{
	struct events_fixture fixture;
	uint64_t before;

	(void)state;
	open_at(&fixture, 1000);
	expect_ok(vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_AFTER_WAKE, 2000, 2000));
	expect_ok(vfiopm_events_enter(fixture.events));
	host_wake();
	assert_int_equal(vfiopm_events_dispatch(fixture.events), 1);
	sim_set_suspend(testbed_sim_device(), SIM_SUSPEND_NEVER);
	expect_ok(vfiopm_events_enter(fixture.events));
	before = generation(&fixture);
	fixture.in_callback = free_in_callback;
	assert_int_equal(pass(&fixture, 2000), 1);
	assert_int_equal(fixture.awake, 1);
	assert_null(fixture.events);
	assert_int_equal(before, 2);
	events_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(the_delay_doubles_and_a_quiet_time_resets_it),
		ON_TESTBED(an_earlier_wake_doubles_nothing),
		ON_TESTBED(a_reentry_belongs_to_its_entry),
		ON_TESTBED(the_longest_delay),
		ON_TESTBED(a_host_that_wakes_it_all_the_time_gets_few_entries),
		ON_TESTBED(a_reentry_needs_no_check),
		ON_TESTBED(a_device_that_stays_awake_is_reported_after_two_seconds),
		ON_TESTBED(a_reentry_is_checked),
		ON_TESTBED(a_device_that_has_slept_is_not_reported),
		cmocka_unit_test(an_unknown_address_reports_nothing),
		cmocka_unit_test(a_sysfs_that_fails_reports_nothing),
		ON_TESTBED(a_freed_object_makes_no_reentry),
	};

	return cmocka_run_group_tests_name("events-clock", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/* The events object reports a device that is not suspended within two seconds after its entry. */
#include <errno.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "events-fixture.h"
#include "host.h"
#include "test.h"
#include "testbed.h"

static void open_for_power(struct events_fixture *fixture)
{
	testbed_need_low_power();
	events_fixture_open(fixture);
}

static void enter(struct events_fixture *fixture)
{
	expect_ok(vfiopm_events_enter(fixture->events));
	host_wait_suspended();
}

static void a_device_that_stays_awake_is_reported_once(void **state)
{
	struct events_fixture fixture;
	uint64_t begin;

	(void)state;
	open_for_power(&fixture);
	host_write("power/control", "on");
	begin = events_now_ms();
	expect_ok(vfiopm_events_enter(fixture.events));
	assert_in_range(events_now_ms() - begin, 0, 1000);
	assert_int_equal(events_dispatch_for(&fixture, 2300), 1);
	assert_int_equal(fixture.awake, 1);
	assert_in_range(fixture.awake_ms, 2000, 2300);
	assert_int_equal(events_dispatch_for(&fixture, 300), 0);
	/* It can still sleep. */
	host_write("power/control", "auto");
	host_wait_suspended();
	assert_int_equal(fixture.woken, 0);
	expect_ok(vfiopm_exit(fixture.dev));

	/* Each entry is reported. An exit before the time cancels the report. */
	host_write("power/control", "on");
	expect_ok(vfiopm_events_enter(fixture.events));
	assert_int_equal(events_dispatch_for(&fixture, 2300), 1);
	assert_int_equal(fixture.awake, 2);
	expect_ok(vfiopm_exit(fixture.dev));
	expect_ok(vfiopm_events_enter(fixture.events));
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(events_dispatch_for(&fixture, 2300), 0);
	events_fixture_close(&fixture);
}

static void a_device_that_has_slept_is_not_reported(void **state)
{
	struct events_fixture fixture;

	(void)state;
	open_for_power(&fixture);
	/* It sleeps at the time of the check, */
	enter(&fixture);
	assert_int_equal(events_dispatch_for(&fixture, 2300), 0);
	/* or it has been woken before, */
	enter(&fixture);
	host_wake();
	assert_int_equal(events_dispatch_for(&fixture, 2300), 1);
	assert_int_equal(fixture.woken, 1);
	assert_int_equal(fixture.awake, 0);
	events_fixture_close(&fixture);
}

/* Without woken() the entry is plain: the device sleeps again by itself. */
static void a_plain_entry_sleeps_again(void **state)
{
	struct vfiopm_events_ops plain = events_ops;
	struct events_fixture fixture;

	(void)state;
	open_for_power(&fixture);
	vfiopm_events_free(fixture.events);
	plain.woken = NULL;
	expect_ok(vfiopm_events_new(fixture.dev, &plain, sizeof(plain), &fixture, &fixture.events));
	enter(&fixture);
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER);
	expect_errno(EALREADY, vfiopm_events_enter(fixture.events));
	host_wake();
	host_wait_suspended();
	/* The kernel counts the time in milliseconds. */
	usleep(5000);
	/* It has been suspended since the entry, although it is awake at the check. */
	host_write("power/control", "on");
	assert_int_equal(events_dispatch_for(&fixture, 2300), 0);
	host_write("power/control", "auto");
	expect_errno(EINVAL,
		     vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_AFTER_WAKE, 1, 1));
	expect_ok(vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_NONE, 0, 0));
	expect_ok(vfiopm_exit(fixture.dev));
	events_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(a_device_that_stays_awake_is_reported_once),
		ON_TESTBED(a_device_that_has_slept_is_not_reported),
		ON_TESTBED(a_plain_entry_sleeps_again),
	};

	return cmocka_run_group_tests_name("events-awake", tests, NULL, NULL);
}

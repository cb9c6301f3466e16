// SPDX-License-Identifier: MIT
/* The events object: wakes, re-entries, errors, release requests and interrupts. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "events-fixture.h"
#include "host.h"
#include "test.h"
#include "testbed.h"

/* Longer than the exit of the emulated device takes. */
#define WAIT_MS 5000

static void open_for_power(struct events_fixture *fixture)
{
	testbed_need_low_power();
	events_fixture_open(fixture);
}

static uint64_t generation(const struct events_fixture *fixture)
{
	uint64_t generation = 99;

	expect_ok(vfiopm_events_get_generation(fixture->events, &generation));
	return generation;
}

static void enter(struct events_fixture *fixture)
{
	expect_ok(vfiopm_events_enter(fixture->events));
	host_wait_suspended();
}

/* Dispatch until the number of wakes is this, and check the last one. */
static void expect_wake(struct events_fixture *fixture, unsigned number, uint64_t of,
			uint32_t cause)
{
	for (int i = 0; i < 100 && fixture->woken < number; i++) {
		assert_true(events_wait(fixture, WAIT_MS));
		assert_true(vfiopm_events_dispatch(fixture->events) >= 0);
	}
	assert_int_equal(fixture->woken, number);
	assert_int_equal(fixture->generation, of);
	assert_int_equal(fixture->cause, cause);
}

/* ---- wakes ---- */

static void a_host_wake_is_reported_with_its_entry(void **state)
{
	struct events_fixture fixture;

	(void)state;
	open_for_power(&fixture);
	assert_int_equal(generation(&fixture), 0);
	assert_false(events_wait(&fixture, 0));
	assert_int_equal(vfiopm_events_dispatch(fixture.events), 0);
	for (unsigned i = 1; i <= 3; i++) {
		enter(&fixture);
		assert_int_equal(generation(&fixture), i);
		host_wake();
		expect_wake(&fixture, i, i, VFIOPM_WAKE_HOST);
		assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_WOKEN);
		assert_int_equal(vfiopm_events_dispatch(fixture.events), 0);
		assert_false(events_wait(&fixture, 0));
	}
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(vfiopm_events_dispatch(fixture.events), 0);
	events_fixture_close(&fixture);
}

static void own_calls_are_not_wakes(void **state)
{
	struct events_fixture fixture;

	(void)state;
	open_for_power(&fixture);
	for (int i = 0; i < 5; i++) {
		enter(&fixture);
		/* This entry ends the one before. */
		enter(&fixture);
		expect_ok(vfiopm_exit(fixture.dev));
		assert_int_equal(vfiopm_events_dispatch(fixture.events), 0);
	}
	assert_int_equal(generation(&fixture), 10);
	assert_int_equal(fixture.woken, 0);
	events_fixture_close(&fixture);
}

/* Nobody has dispatched when the exit, or the next entry, follows the wake. */
static void a_wake_from_before_is_reported_as_such(void **state)
{
	struct events_fixture fixture;

	(void)state;
	open_for_power(&fixture);
	enter(&fixture);
	host_wake();
	expect_ok(vfiopm_exit(fixture.dev));
	expect_wake(&fixture, 1, 1, VFIOPM_WAKE_EARLIER);

	enter(&fixture);
	host_wake();
	enter(&fixture);
	expect_wake(&fixture, 2, 2, VFIOPM_WAKE_EARLIER);
	host_wake();
	expect_wake(&fixture, 3, 3, VFIOPM_WAKE_HOST);

	/* Two wakes wait; each is reported with its own entry. */
	enter(&fixture);
	host_wake();
	enter(&fixture);
	host_wake();
	expect_wake(&fixture, 4, 4, VFIOPM_WAKE_EARLIER);
	expect_wake(&fixture, 5, 5, VFIOPM_WAKE_HOST);
	assert_int_equal(vfiopm_events_dispatch(fixture.events), 0);
	events_fixture_close(&fixture);
}

/* An entry of the caller with another eventfd leaves the count of the wake in the eventfd of the
 * object. The fd must not stay readable. */
static void an_entry_beside_the_object_does_not_spin(void **state)
{
	int other = raw_eventfd();
	struct events_fixture fixture;

	(void)state;
	open_for_power(&fixture);
	enter(&fixture);
	host_wake();
	expect_ok(vfiopm_enter_wakeup(fixture.dev, other));
	host_wait_suspended();
	vfiopm_events_dispatch(fixture.events);
	assert_false(events_wait(&fixture, 50));
	close(other);
	events_fixture_close(&fixture);
}

/* ---- re-entries ---- */

static void the_library_enters_again_after_a_host_wake(void **state)
{
	struct events_fixture fixture;

	(void)state;
	open_for_power(&fixture);
	expect_ok(vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_AFTER_WAKE, 20, 200));
	enter(&fixture);
	for (unsigned i = 1; i <= 3; i++) {
		host_wake();
		expect_wake(&fixture, i, i, VFIOPM_WAKE_HOST);
		/* The next event is the re-entry. */
		while (generation(&fixture) == i) {
			assert_true(events_wait(&fixture, WAIT_MS));
			assert_true(vfiopm_events_dispatch(fixture.events) >= 0);
		}
		assert_int_equal(generation(&fixture), i + 1);
		host_sees_deep_sleep();
		assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	}
	assert_int_equal(fixture.woken, 3);
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(events_dispatch_for(&fixture, 300), 0);
	assert_int_equal(generation(&fixture), 4);
	events_fixture_close(&fixture);
}

static void an_exit_cancels_the_reentry(void **state)
{
	struct events_fixture fixture;

	(void)state;
	open_for_power(&fixture);
	expect_ok(vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_AFTER_WAKE, 50, 50));
	enter(&fixture);
	host_wake();
	expect_wake(&fixture, 1, 1, VFIOPM_WAKE_HOST);
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(events_dispatch_for(&fixture, 200), 0);
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_ACTIVE);
	assert_int_equal(generation(&fixture), 1);

	/* A wake from before the exit causes no re-entry. */
	enter(&fixture);
	host_wake();
	expect_ok(vfiopm_exit(fixture.dev));
	expect_wake(&fixture, 2, 2, VFIOPM_WAKE_EARLIER);
	assert_int_equal(events_dispatch_for(&fixture, 200), 0);
	assert_int_equal(generation(&fixture), 2);

	/* Another policy cancels too. */
	enter(&fixture);
	host_wake();
	expect_wake(&fixture, 3, 3, VFIOPM_WAKE_HOST);
	expect_ok(vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_NONE, 0, 0));
	assert_int_equal(events_dispatch_for(&fixture, 200), 0);
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_WOKEN);
	events_fixture_close(&fixture);
}

static void enter_in_callback(struct events_fixture *fixture)
{
	expect_ok(vfiopm_events_enter(fixture->events));
}

/* The callback enters again, and the policy does too. One entry results. */
static void a_callback_can_enter(void **state)
{
	struct events_fixture fixture;

	(void)state;
	open_for_power(&fixture);
	fixture.in_callback = enter_in_callback;
	expect_ok(vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_AFTER_WAKE, 10, 10));
	enter(&fixture);
	host_wake();
	expect_wake(&fixture, 1, 1, VFIOPM_WAKE_HOST);
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wait_suspended();
	assert_int_equal(events_dispatch_for(&fixture, 100), 0);
	assert_int_equal(generation(&fixture), 2);
	host_wake();
	expect_wake(&fixture, 2, 2, VFIOPM_WAKE_HOST);
	events_fixture_close(&fixture);
}

static void exit_and_dispatch_in_callback(struct events_fixture *fixture)
{
	expect_ok(vfiopm_exit(fixture->dev));
	assert_int_equal(vfiopm_events_dispatch(fixture->events), 0);
}

static void a_callback_can_exit_and_dispatch(void **state)
{
	struct events_fixture fixture;

	(void)state;
	open_for_power(&fixture);
	fixture.in_callback = exit_and_dispatch_in_callback;
	enter(&fixture);
	host_wake();
	expect_wake(&fixture, 1, 1, VFIOPM_WAKE_HOST);
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_ACTIVE);
	events_fixture_close(&fixture);
}

static void free_in_callback(struct events_fixture *fixture)
{
	fixture->events = vfiopm_events_free(fixture->events);
	fixture->dev = vfiopm_device_free(fixture->dev);
}

static void a_callback_can_free_the_object(void **state)
{
	struct events_fixture fixture;
	unsigned fds = host_open_fds();

	(void)state;
	open_for_power(&fixture);
	fixture.in_callback = free_in_callback;
	expect_ok(vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_AFTER_WAKE, 1, 1));
	/* A release request waits too; its callback must not run. */
	enter(&fixture);
	host_wake();
	expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_REQ, 0));
	expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_ERR, 0));
	assert_int_equal(vfiopm_events_dispatch(fixture.events), 1);
	assert_int_equal(fixture.woken + fixture.error + fixture.release, 1);
	events_fixture_close(&fixture);
	assert_int_equal(host_open_fds(), fds);
}

/* The error comes first, and its callback frees the device too: the wake is not looked at. */
static void a_callback_can_free_the_device(void **state)
{
	struct events_fixture fixture;

	(void)state;
	open_for_power(&fixture);
	fixture.in_callback = free_in_callback;
	expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_ERR, 0));
	testbed_let_arrive();
	enter(&fixture);
	host_wake();
	assert_int_equal(vfiopm_events_dispatch(fixture.events), 1);
	assert_int_equal(fixture.error, 1);
	assert_int_equal(fixture.woken, 0);
	events_fixture_close(&fixture);
}

/* ---- errors, release requests and interrupts ---- */

static void errors_and_requests_are_reported(void **state)
{
	struct events_fixture fixture;
	unsigned fds = host_open_fds();

	(void)state;
	events_fixture_open(&fixture);
	expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_ERR, 0));
	assert_true(events_wait(&fixture, WAIT_MS));
	assert_int_equal(vfiopm_events_dispatch(fixture.events), 1);
	assert_int_equal(fixture.error, 1);
	assert_int_equal(fixture.release, 0);
	for (int i = 0; i < 3; i++)
		expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_REQ, 0));
	assert_true(events_wait(&fixture, WAIT_MS));
	assert_int_equal(vfiopm_events_dispatch(fixture.events), 1);
	assert_int_equal(fixture.release, 1);
	assert_int_equal(vfiopm_events_dispatch(fixture.events), 0);
	assert_false(events_wait(&fixture, 0));
	/* The object has taken its eventfds back. */
	fixture.events = vfiopm_events_free(fixture.events);
	assert_int_equal(vfiopm_irq_is_enabled(fixture.dev, VFIOPM_IRQ_ERR), 0);
	assert_int_equal(vfiopm_irq_is_enabled(fixture.dev, VFIOPM_IRQ_REQ), 0);
	events_fixture_close(&fixture);
	assert_int_equal(host_open_fds(), fds);
}

static void a_request_ends_reentries(void **state)
{
	struct events_fixture fixture;

	(void)state;
	open_for_power(&fixture);
	expect_ok(vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_AFTER_WAKE, 20, 20));
	enter(&fixture);
	host_wake();
	expect_wake(&fixture, 1, 1, VFIOPM_WAKE_HOST);
	expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_REQ, 0));
	assert_int_equal(events_dispatch_for(&fixture, 150), 1);
	assert_int_equal(fixture.release, 1);
	assert_int_equal(generation(&fixture), 1);
	/* Only an entry of the caller allows re-entries again. */
	enter(&fixture);
	host_wake();
	expect_wake(&fixture, 2, 2, VFIOPM_WAKE_HOST);
	assert_int_equal(events_dispatch_for(&fixture, 500), 1);
	assert_int_equal(generation(&fixture), 3);
	/* A wake after the request causes none. */
	host_wait_suspended();
	expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_REQ, 0));
	assert_int_equal(events_dispatch_for(&fixture, 100), 1);
	host_wait_suspended();
	host_wake();
	expect_wake(&fixture, 3, 3, VFIOPM_WAKE_HOST);
	assert_int_equal(events_dispatch_for(&fixture, 150), 0);
	assert_int_equal(generation(&fixture), 3);
	events_fixture_close(&fixture);
}

static int count_delivered(void *data, uint32_t vector)
{
	(void)vector;
	++*(unsigned *)data;
	return 0;
}

static void relayed_interrupts_are_dispatched(void **state)
{
	const struct vfiopm_msix_ops ops = { .deliver = count_delivered };
	struct events_fixture fixture;
	struct vfiopm_msix *msix;
	unsigned delivered = 0;

	(void)state;
	events_fixture_open(&fixture);
	expect_ok(vfiopm_msix_new(fixture.dev, &ops, sizeof(ops), &delivered, &msix));
	expect_ok(vfiopm_events_add_msix(fixture.events, msix));
	expect_errno(EALREADY, vfiopm_events_add_msix(fixture.events, msix));
	expect_ok(vfiopm_msix_use(msix, 0, 2));
	expect_ok(vfiopm_msix_unmask(msix, 0));
	expect_ok(vfiopm_msix_unmask(msix, 1));
	expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_MSIX, 0));
	expect_ok(vfiopm_irq_trigger(fixture.dev, VFIOPM_IRQ_MSIX, 1));
	assert_true(events_wait(&fixture, WAIT_MS));
	assert_int_equal(vfiopm_events_dispatch(fixture.events), 2);
	assert_int_equal(delivered, 2);
	assert_false(events_wait(&fixture, 0));
	fixture.events = vfiopm_events_free(fixture.events);
	vfiopm_msix_free(msix);
	events_fixture_close(&fixture);
}

/* ---- arguments ---- */

static void wrong_arguments_are_refused(void **state)
{
	struct {
		struct vfiopm_events_ops known;
		void *unknown;
	} newer = { .known = events_ops, .unknown = &newer };
	struct vfiopm_events *events = NULL;
	struct events_fixture fixture;
	uint64_t generation;

	(void)state;
	events_fixture_open(&fixture);
	expect_errno(EINVAL,
		     vfiopm_events_new(NULL, &events_ops, sizeof(events_ops), NULL, &events));
	expect_errno(EINVAL,
		     vfiopm_events_new(fixture.dev, NULL, sizeof(events_ops), NULL, &events));
	expect_errno(EINVAL,
		     vfiopm_events_new(fixture.dev, &events_ops, sizeof(events_ops), NULL, NULL));
	expect_errno(EINVAL,
		     vfiopm_events_new(fixture.dev, &newer.known, sizeof(newer), NULL, &events));
	/* The object of the fixture has both. */
	expect_errno(EBUSY, vfiopm_events_new(fixture.dev, &events_ops, sizeof(events_ops), NULL,
					      &events));
	assert_null(events);
	assert_null(vfiopm_events_free(NULL));
	expect_errno(EINVAL, vfiopm_events_get_fd(NULL));
	expect_errno(EINVAL, vfiopm_events_dispatch(NULL));
	expect_errno(EINVAL, vfiopm_events_enter(NULL));
	expect_errno(EINVAL, vfiopm_events_add_msix(NULL, NULL));
	expect_errno(EINVAL, vfiopm_events_add_msix(fixture.events, NULL));
	expect_errno(EINVAL, vfiopm_events_get_generation(NULL, &generation));
	expect_errno(EINVAL, vfiopm_events_get_generation(fixture.events, NULL));
	expect_errno(EINVAL, vfiopm_events_set_reentry(NULL, VFIOPM_REENTRY_NONE, 1, 1));
	expect_errno(EINVAL, vfiopm_events_set_reentry(fixture.events, 2, 1, 1));
	expect_errno(EINVAL,
		     vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_AFTER_WAKE, 0, 1));
	expect_errno(EINVAL,
		     vfiopm_events_set_reentry(fixture.events, VFIOPM_REENTRY_AFTER_WAKE, 2, 1));
	/* A caller with an older header has fewer members, which are then NULL. */
	expect_ok(vfiopm_events_new(fixture.dev, &events_ops,
				    offsetof(struct vfiopm_events_ops, error), NULL, &events));
	vfiopm_events_free(events);
	newer.known = (struct vfiopm_events_ops){ .awake = events_ops.awake };
	expect_ok(vfiopm_events_new(fixture.dev, &newer.known, sizeof(newer.known), NULL, &events));
	expect_errno(EINVAL, vfiopm_events_set_reentry(events, VFIOPM_REENTRY_AFTER_WAKE, 1, 1));
	expect_ok(vfiopm_events_set_reentry(events, VFIOPM_REENTRY_NONE, 0, 0));
	vfiopm_events_free(events);
	events_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(a_host_wake_is_reported_with_its_entry),
		ON_TESTBED(own_calls_are_not_wakes),
		ON_TESTBED(a_wake_from_before_is_reported_as_such),
		ON_TESTBED(an_entry_beside_the_object_does_not_spin),
		ON_TESTBED(the_library_enters_again_after_a_host_wake),
		ON_TESTBED(an_exit_cancels_the_reentry),
		ON_TESTBED(a_callback_can_enter),
		ON_TESTBED(a_callback_can_exit_and_dispatch),
		ON_TESTBED(a_callback_can_free_the_object),
		ON_TESTBED(a_callback_can_free_the_device),
		ON_TESTBED(errors_and_requests_are_reported),
		ON_TESTBED(a_request_ends_reentries),
		ON_TESTBED(relayed_interrupts_are_dispatched),
		ON_TESTBED(wrong_arguments_are_refused),
	};

	return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}

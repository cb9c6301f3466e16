// SPDX-License-Identifier: MIT
/*
 * Wakes across threads. An event loop polls the wakeup eventfd and calls vfiopm_take_wake(), while
 * another thread enters and leaves low power, changes interrupts, and the host wakes the device. An
 * ioctl of the library is never reported as a wake. Each wake by the host is reported once.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "host.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

struct fixture {
	struct raw raw;
	struct vfiopm_device *dev;
	int wakeup;
	int events[2]; /* for interrupts */

	/* The event loop. */
	bool has_loop;
	pthread_t loop;
	atomic_bool stop;
	atomic_uint wakes, woken_states;
};

static void *run_event_loop(void *data)
{
	struct fixture *fixture = data;
	struct pollfd pollfd = { .fd = fixture->wakeup, .events = POLLIN };

	while (!fixture->stop) {
		if (poll(&pollfd, 1, 20) != 1)
			continue;
		/* A VMM can read the state first. The state must not show its own exit as a wake. */
		fixture->woken_states += vfiopm_get_state(fixture->dev) == VFIOPM_STATE_WOKEN;
		fixture->wakes += vfiopm_take_wake(fixture->dev) == 1;
	}
	return NULL;
}

static void fixture_open(struct fixture *fixture, bool has_loop)
{
	testbed_need_low_power();
	*fixture = (struct fixture){ .has_loop = has_loop };
	raw_open(&fixture->raw);
	expect_ok(vfiopm_device_new_from_fd(fixture->raw.device, &fixture->dev));
	fixture->wakeup = raw_eventfd();
	fixture->events[0] = raw_eventfd();
	fixture->events[1] = raw_eventfd();
	if (has_loop)
		assert_int_equal(pthread_create(&fixture->loop, NULL, run_event_loop, fixture), 0);
}

static void stop_loop(struct fixture *fixture)
{
	if (!fixture->has_loop)
		return;
	fixture->has_loop = false;
	fixture->stop = true;
	assert_int_equal(pthread_join(fixture->loop, NULL), 0);
}

static void fixture_close(struct fixture *fixture)
{
	stop_loop(fixture);
	vfiopm_device_free(fixture->dev);
	close(fixture->wakeup);
	close(fixture->events[0]);
	close(fixture->events[1]);
	raw_close(&fixture->raw);
}

static void enter(struct fixture *fixture)
{
	expect_ok(vfiopm_enter_wakeup(fixture->dev, fixture->wakeup));
	host_wait_suspended();
}

#define OWN_CYCLES 1000

static void own_exits_are_not_wakes(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, true);
	for (int i = 0; i < OWN_CYCLES; i++) {
		enter(&fixture);
		expect_ok(vfiopm_exit(fixture.dev));
		assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_ACTIVE);
	}
	stop_loop(&fixture);
	print_message("# %d own exits, %u seen as wakes\n", OWN_CYCLES, fixture.wakes);
	assert_int_equal(fixture.wakes, 0);
	assert_int_equal(fixture.woken_states, 0);
	fixture_close(&fixture);
}

static void own_entries_are_not_wakes(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, true);
	enter(&fixture);
	for (int i = 0; i < OWN_CYCLES; i++) {
		/* This entry wakes the armed device, signals its eventfd, and arms it again. */
		enter(&fixture);
		assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	}
	stop_loop(&fixture);
	print_message("# %d own entries, %u seen as wakes\n", OWN_CYCLES, fixture.wakes);
	assert_int_equal(fixture.wakes, 0);
	assert_int_equal(fixture.woken_states, 0);
	fixture_close(&fixture);
}

static void change_an_interrupt(struct fixture *fixture, unsigned number)
{
	uint64_t before, after, saved;

	expect_ok(vfiopm_irq_get_stats(fixture->dev, &before, &saved));
	expect_ok(vfiopm_irq_set_signaling(fixture->dev, VFIOPM_IRQ_MSIX, 0,
					   fixture->events[number % 2]));
	expect_ok(vfiopm_irq_get_stats(fixture->dev, &after, &saved));
	assert_int_equal(after - before, 1);
}

#define OWN_CHANGES 200

static void own_interrupt_changes_are_not_wakes(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, true);
	change_an_interrupt(&fixture, 1);
	enter(&fixture);
	for (unsigned i = 0; i < OWN_CHANGES; i++) {
		change_an_interrupt(&fixture, i);
		assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
		host_wait_suspended();
	}
	assert_int_equal(fixture.wakes, 0);
	/* The entry that followed the last change reports a wake by the host. */
	host_wake();
	for (int i = 0; i < 5000 && fixture.wakes == 0; i++)
		usleep(1000);
	stop_loop(&fixture);
	print_message("# %d own changes and a wake by the host, %u wakes reported\n", OWN_CHANGES,
		      fixture.wakes);
	assert_int_equal(fixture.wakes, 1);
	fixture_close(&fixture);
}

#define HOST_WAKES 200

/* In every fourth cycle an exit follows the wake at once. The event loop can take the wake before
 * or after that exit. */
static void each_host_wake_is_reported_once(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, true);
	for (unsigned i = 1; i <= HOST_WAKES; i++) {
		enter(&fixture);
		host_wake();
		if (i % 4 == 0)
			expect_ok(vfiopm_exit(fixture.dev));
		for (int j = 0; j < 5000 && fixture.wakes < i; j++)
			usleep(1000);
		assert_int_equal(fixture.wakes, i);
	}
	stop_loop(&fixture);
	print_message("# %d wakes by the host, %u reported\n", HOST_WAKES, fixture.wakes);
	assert_int_equal(fixture.wakes, HOST_WAKES);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	assert_int_equal(raw_take(fixture.wakeup), 0);
	fixture_close(&fixture);
}

/* ---- without threads: random orders of calls ---- */

struct model {
	int state;
	unsigned untaken;
	unsigned changes; /* of an interrupt */
};

/* Make one call, and check its result. An untaken wake survives entries, exits and changes of
 * interrupts. None of them adds a wake. */
static void step(struct fixture *fixture, struct model *model, unsigned action)
{
	bool armed = model->state == VFIOPM_STATE_LOW_POWER_WAKEUP;
	bool asleep = armed || model->state == VFIOPM_STATE_LOW_POWER;

	switch (action) {
	case 0:
		if (model->state == VFIOPM_STATE_LOW_POWER)
			break;
		enter(fixture);
		model->state = VFIOPM_STATE_LOW_POWER_WAKEUP;
		break;
	case 1:
		expect_ok(vfiopm_exit(fixture->dev));
		model->state = VFIOPM_STATE_ACTIVE;
		break;
	case 2:
		if (!asleep)
			break;
		host_wake();
		model->untaken += armed;
		if (armed)
			model->state = VFIOPM_STATE_WOKEN;
		else
			host_wait_suspended();
		break;
	case 3:
		assert_int_equal(vfiopm_take_wake(fixture->dev), model->untaken > 0);
		model->untaken -= model->untaken > 0;
		break;
	case 4:
		if (asleep)
			break;
		expect_ok(vfiopm_enter(fixture->dev));
		host_wait_suspended();
		model->state = VFIOPM_STATE_LOW_POWER;
		break;
	case 5:
		change_an_interrupt(fixture, model->changes++);
		if (asleep)
			host_wait_suspended();
		break;
	default:
		/* Without an address the library cannot read sysfs. An untaken count then hides a
		 * further wake from vfiopm_get_state(). */
		if (model->state == VFIOPM_STATE_WOKEN && model->untaken > 1)
			break;
		assert_int_equal(vfiopm_get_state(fixture->dev), model->state);
	}
}

static void any_order_of_calls_reports_each_wake_once(void **state)
{
	unsigned steps = testbed_is_simulated() ? 10000 : 1000, wakes = 0;
	struct model model = { .state = VFIOPM_STATE_ACTIVE };
	struct fixture fixture;

	(void)state;
	srand(1);
	fixture_open(&fixture, false);
	for (unsigned i = 0; i < steps; i++) {
		unsigned before = model.untaken;

		step(&fixture, &model, (unsigned)rand() % 7);
		wakes += model.untaken > before;
		/* A wake that is not taken keeps the event loop's poll awake. */
		assert_int_equal(raw_readable(fixture.wakeup), model.untaken > 0);
	}
	while (model.untaken > 0)
		step(&fixture, &model, 3);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	print_message("# %u steps, %u wakes by the host\n", steps, wakes);
	assert_true(wakes > steps / 40);
	fixture_close(&fixture);
}

/* ---- other uses of the eventfd ---- */

static void an_earlier_count_is_not_a_wake(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, false);
	raw_add(fixture.wakeup, 3);
	enter(&fixture);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	/* The library has taken the earlier count, so poll() waits for a wake. */
	assert_false(raw_readable(fixture.wakeup));
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	host_wake();
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	fixture_close(&fixture);
}

static void an_earlier_count_does_not_hide_a_wake(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, false);
	raw_add(fixture.wakeup, 3);
	enter(&fixture);
	host_wake();
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_WOKEN);
	assert_false(raw_readable(fixture.wakeup));
	fixture_close(&fixture);
}

/* A caller that reads the eventfd takes the wake. */
static void a_wake_that_the_caller_read_is_not_reported(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, false);
	enter(&fixture);
	host_wake();
	assert_int_equal(raw_take(fixture.wakeup), 1);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	expect_ok(vfiopm_exit(fixture.dev));
	/* The same is true after vfiopm_get_state() has shown the wake. */
	enter(&fixture);
	host_wake();
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_WOKEN);
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(raw_take(fixture.wakeup), 1);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	fixture_close(&fixture);
}

static void a_semaphore_eventfd_can_report_wakes(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, false);
	close(fixture.wakeup);
	fixture.wakeup = eventfd(3, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	assert_true(fixture.wakeup >= 0);
	enter(&fixture);
	expect_ok(vfiopm_exit(fixture.dev));
	enter(&fixture);
	host_wake();
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	assert_false(raw_readable(fixture.wakeup));
	fixture_close(&fixture);
}

static void take_returns_0_without_a_wake(void **state)
{
	struct fixture fixture;

	(void)state;
	expect_errno(EINVAL, vfiopm_take_wake(NULL));
	fixture_open(&fixture, false);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	expect_ok(vfiopm_enter(fixture.dev));
	host_wait_suspended();
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	/* vfiopm_take_wake() reads only the eventfd, so the device stays suspended. */
	assert_true(host_shows("power/runtime_status", "suspended"));
	expect_ok(vfiopm_exit(fixture.dev));
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(own_exits_are_not_wakes),
		ON_TESTBED(own_entries_are_not_wakes),
		ON_TESTBED(own_interrupt_changes_are_not_wakes),
		ON_TESTBED(each_host_wake_is_reported_once),
		ON_TESTBED(any_order_of_calls_reports_each_wake_once),
		ON_TESTBED(an_earlier_count_is_not_a_wake),
		ON_TESTBED(an_earlier_count_does_not_hide_a_wake),
		ON_TESTBED(a_wake_that_the_caller_read_is_not_reported),
		ON_TESTBED(a_semaphore_eventfd_can_report_wakes),
		ON_TESTBED(take_returns_0_without_a_wake),
	};

	return cmocka_run_group_tests_name("wake", tests, NULL, NULL);
}

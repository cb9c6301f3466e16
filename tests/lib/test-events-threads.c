// SPDX-License-Identifier: MIT
/*
 * The events object in several threads, on the simulator: two threads dispatch, one enters, one
 * exits, and the host wakes the device. Each wake is reported at most once, and the state of the
 * library is that of the kernel at the end.
 */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "events-fixture.h"
#include "host.h"
#include "sim.h"
#include "test.h"
#include "testbed-sim.h"
#include "testbed.h"

#define ROUNDS 400

struct threads {
	struct events_fixture fixture;
	atomic_bool stop;
	atomic_uint host_wakes;
};

static void *dispatch(void *data)
{
	struct threads *threads = data;

	while (!threads->stop) {
		events_wait(&threads->fixture, 1);
		if (vfiopm_events_dispatch(threads->fixture.events) < 0)
			abort();
	}
	return NULL;
}

/* An entry fails with EINVAL while the host keeps an armed device awake. */
static void *enter(void *data)
{
	struct threads *threads = data;

	for (int i = 0; i < ROUNDS; i++) {
		vfiopm_events_enter(threads->fixture.events);
		usleep(100);
	}
	return NULL;
}

static void *exit_low_power(void *data)
{
	struct threads *threads = data;

	for (int i = 0; i < ROUNDS; i++) {
		if (vfiopm_exit(threads->fixture.dev) < 0)
			abort();
		usleep(170);
	}
	return NULL;
}

static void *wake(void *data)
{
	struct threads *threads = data;

	for (int i = 0; i < ROUNDS; i++) {
		threads->host_wakes++;
		sim_hold_awake(testbed_sim_device(), true);
		sim_hold_awake(testbed_sim_device(), false);
		usleep(130);
	}
	return NULL;
}

static void threads_can_share_the_object(void **state)
{
	void *(*const functions[])(void *data) = { enter, exit_low_power, wake, dispatch,
						   dispatch };
	pthread_t ids[5];
	struct threads threads = { .stop = false };
	struct events_fixture *fixture = &threads.fixture;
	uint64_t generation;

	(void)state;
	events_fixture_open(fixture);
	expect_ok(vfiopm_events_set_reentry(fixture->events, VFIOPM_REENTRY_AFTER_WAKE, 1, 4));
	for (int i = 0; i < 5; i++)
		assert_int_equal(pthread_create(&ids[i], NULL, functions[i], &threads), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_join(ids[i], NULL), 0);
	threads.stop = true;
	for (int i = 3; i < 5; i++)
		assert_int_equal(pthread_join(ids[i], NULL), 0);

	/* No thread is left. An exit cancels a re-entry, and what waits is dispatched. */
	expect_ok(vfiopm_exit(fixture->dev));
	events_dispatch_for(fixture, 20);
	assert_int_equal(vfiopm_get_state(fixture->dev), VFIOPM_STATE_ACTIVE);
	assert_false(sim_is_engaged(testbed_sim_device()));
	expect_ok(vfiopm_events_get_generation(fixture->events, &generation));
	print_message("# %u entries, %u resumes by the host, %u reported\n", (unsigned)generation,
		      threads.host_wakes, fixture->woken);
	assert_true(fixture->woken <= threads.host_wakes);
	assert_true(fixture->woken <= generation);
	assert_true(fixture->woken > 0);
	assert_int_equal(vfiopm_take_wake(fixture->dev), 0);
	events_fixture_close(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(threads_can_share_the_object),
	};

	return cmocka_run_group_tests_name("events-threads", tests, NULL, NULL);
}

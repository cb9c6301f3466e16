// SPDX-License-Identifier: MIT
/*
 * Wakes that nobody has read yet when an exit or the next entry follows, with random timing. An
 * event loop dispatches after a random delay, while another thread enters, exits, and lets the host
 * wake the device. Each wake by the host is reported once, with its own entry, and no other entry
 * is reported. VFIOPM_SEED repeats the random numbers of a run.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "events-fixture.h"
#include "host.h"
#include "test.h"
#include "testbed.h"

#define MOST_CYCLES 10000

struct run {
	struct events_fixture fixture;
	uint64_t seed, loop_seed;
	unsigned longest_us; /* of a random delay */

	unsigned wakes; /* by the host */
	/* By generation: whether the host has woken the device. */
	atomic_bool by_host[MOST_CYCLES + 2];
	atomic_uint reported, false_wakes, late;
	atomic_bool stop;
};

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed >> 32;
}

static void sleep_randomly(uint64_t *seed, unsigned longest_us)
{
	uint64_t choice = next_random(seed);

	if (choice % 4 != 0)
		usleep((unsigned)(choice / 4 % longest_us));
}

static void note_wake(void *data, uint64_t generation, uint32_t cause)
{
	struct run *run = data;

	/* Each generation is reported once. */
	if (generation == 0 || generation > MOST_CYCLES ||
	    !atomic_exchange(&run->by_host[generation], false))
		run->false_wakes++;
	run->reported++;
	run->late += cause == VFIOPM_WAKE_EARLIER;
}

static void *run_event_loop(void *data)
{
	struct run *run = data;
	while (!run->stop) {
		events_wait(&run->fixture, 5);
		sleep_randomly(&run->loop_seed, run->longest_us);
		if (vfiopm_events_dispatch(run->fixture.events) < 0)
			abort();
	}
	return NULL;
}

static void wait_reported(const struct run *run)
{
	for (int i = 0; i < 50000 && run->reported < run->wakes; i++)
		usleep(100);
}

static void run_cycle(struct run *run)
{
	struct events_fixture *fixture = &run->fixture;
	uint64_t generation, choice = next_random(&run->seed);
	bool wakes = choice % 2, exits = choice / 2 % 2, waits = wakes || choice / 4 % 2;
	int r = vfiopm_events_enter(fixture->events);

	/* The device is armed, and not suspended yet. */
	if (r == -EINVAL) {
		expect_ok(vfiopm_exit(fixture->dev));
		r = vfiopm_events_enter(fixture->events);
	}
	expect_ok(r);
	if (waits)
		host_wait_suspended();
	if (wakes) {
		expect_ok(vfiopm_events_get_generation(fixture->events, &generation));
		run->by_host[generation] = true;
		run->wakes++;
		host_wake();
	}
	/* On a busy host the event loop would report too few wakes before the next call. */
	if (choice / 16 % 8 == 0)
		wait_reported(run);
	else if (choice / 8 % 2)
		sleep_randomly(&run->seed, run->longest_us);
	if (exits)
		expect_ok(vfiopm_exit(fixture->dev));
}

static void each_wake_is_reported_once_and_none_is_false(void **state)
{
	unsigned cycles = testbed_is_simulated() ? 10000 : 1000;
	struct vfiopm_events_ops ops = { .woken = note_wake };
	struct run *run = calloc(1, sizeof(*run));
	const char *seed = getenv("VFIOPM_SEED");
	pthread_t loop;

	(void)state;
	testbed_need_low_power();
	assert_non_null(run);
	run->seed = (uint64_t)time(NULL) << 16 | (unsigned)getpid();
	if (seed)
		run->seed = strtoull(seed, NULL, 0);
	run->loop_seed = run->seed + 1;
	print_message("# VFIOPM_SEED=%llu\n", (unsigned long long)run->seed);
	/* A wake and the exit after it take about 100 us here, and about 100 ms in the lab. */
	run->longest_us = testbed_is_simulated() ? 200 : 100000;
	events_fixture_open(&run->fixture);
	vfiopm_events_free(run->fixture.events);
	expect_ok(
		vfiopm_events_new(run->fixture.dev, &ops, sizeof(ops), run, &run->fixture.events));
	assert_int_equal(pthread_create(&loop, NULL, run_event_loop, run), 0);
	for (unsigned i = 0; i < cycles; i++) {
		run_cycle(run);
		/* The library knows the generations of 64 wakes that wait. On a busy host the event
		 * loop can be slower. */
		while (run->wakes - run->reported > 32)
			usleep(1000);
	}
	expect_ok(vfiopm_exit(run->fixture.dev));
	wait_reported(run);
	run->stop = true;
	assert_int_equal(pthread_join(loop, NULL), 0);
	print_message("# %u cycles, %u wakes by the host, %u reported, %u of them after a later "
		      "entry or exit, %u false\n",
		      cycles, run->wakes, run->reported, run->late, run->false_wakes);
	assert_int_equal(run->reported, run->wakes);
	assert_int_equal(run->false_wakes, 0);
	/* The test has shown what it is for. */
	assert_true(run->late > cycles / 20);
	assert_true(run->wakes - run->late > cycles / 50);
	assert_int_equal(vfiopm_take_wake(run->fixture.dev), 0);
	events_fixture_close(&run->fixture);
	free(run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(each_wake_is_reported_once_and_none_is_false),
	};

	return cmocka_run_group_tests_name("stale-wake", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/* The fixture of the events tests. */
#include "events-fixture.h"

#include <poll.h>
#include <time.h>

#include "test.h"
#include "testbed.h"

static void run_in_callback(struct events_fixture *fixture)
{
	if (fixture->in_callback)
		fixture->in_callback(fixture);
}

static void note_woken(void *data, uint64_t generation, uint32_t cause)
{
	struct events_fixture *fixture = data;

	fixture->generation = generation;
	fixture->cause = cause;
	fixture->woken++;
	run_in_callback(fixture);
}

static void note_error(void *data)
{
	struct events_fixture *fixture = data;

	fixture->error++;
	run_in_callback(fixture);
}

static void note_release(void *data)
{
	struct events_fixture *fixture = data;

	fixture->release++;
	run_in_callback(fixture);
}

static void note_awake(void *data, uint64_t ms)
{
	struct events_fixture *fixture = data;

	fixture->awake_ms = ms;
	fixture->awake++;
	run_in_callback(fixture);
}

const struct vfiopm_events_ops events_ops = {
	.woken = note_woken,
	.error = note_error,
	.release = note_release,
	.awake = note_awake,
};

void events_fixture_open(struct events_fixture *fixture)
{
	*fixture = (struct events_fixture){ .woken = 0 };
	raw_open(&fixture->raw);
	expect_ok(vfiopm_device_new_from_fd(fixture->raw.device, &fixture->dev));
	expect_ok(vfiopm_device_set_address(fixture->dev, testbed_device()));
	expect_ok(vfiopm_events_new(fixture->dev, &events_ops, sizeof(events_ops), fixture,
				    &fixture->events));
}

void events_fixture_close(struct events_fixture *fixture)
{
	vfiopm_events_free(fixture->events);
	vfiopm_device_free(fixture->dev);
	raw_close(&fixture->raw);
}

bool events_wait(const struct events_fixture *fixture, int ms)
{
	struct pollfd pollfd = { .fd = vfiopm_events_get_fd(fixture->events), .events = POLLIN };

	return poll(&pollfd, 1, ms) == 1;
}

uint64_t events_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

unsigned events_dispatch_for(const struct events_fixture *fixture, unsigned ms)
{
	uint64_t end = events_now_ms() + ms, now;
	unsigned sum = 0;

	while ((now = events_now_ms()) < end) {
		int r;

		if (!events_wait(fixture, (int)(end - now)))
			continue;
		r = vfiopm_events_dispatch(fixture->events);
		assert_true(r >= 0);
		sum += (unsigned)r;
	}
	return sum;
}

// SPDX-License-Identifier: MIT
/*
 * Regions in several threads: accesses, maps and unmaps while another thread enters and exits low
 * power and a third one takes wakes. No access raises SIGBUS, none is torn, and none is a wake.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "raw.h"
#include "test.h"
#include "testbed.h"

#define SCRATCH 0x2804 /* RDBAH of the e1000e, which nothing but its receiver uses */
#define PATTERN UINT32_C(0x01010101)

struct fixture {
	struct raw raw;
	struct vfiopm_device *dev;
	struct vfiopm_region *bar, *config;
	int wakeup;
	atomic_bool stop;
	atomic_uint done, refused, unexpected, torn, wakes, quiesced, restored;
};

static void fixture_open(struct fixture *fixture)
{
	*fixture = (struct fixture){ .wakeup = raw_eventfd() };
	raw_open(&fixture->raw);
	expect_ok(vfiopm_device_new_from_fd(fixture->raw.device, &fixture->dev));
	expect_ok(vfiopm_region_new(fixture->dev, VFIOPM_REGION_BAR0, &fixture->bar));
	expect_ok(vfiopm_region_new(fixture->dev, VFIOPM_REGION_CONFIG, &fixture->config));
	expect_ok(vfiopm_region_map(fixture->bar));
}

static void fixture_close(struct fixture *fixture)
{
	vfiopm_region_free(fixture->bar);
	vfiopm_region_free(fixture->config);
	vfiopm_device_free(fixture->dev);
	close(fixture->wakeup);
	raw_close(&fixture->raw);
}

static void note(struct fixture *fixture, int r)
{
	fixture->done += r == 0;
	fixture->refused += r == -EAGAIN;
	fixture->unexpected += r != 0 && r != -EAGAIN;
}

/* Each thread writes four equal bytes, so different bytes are a torn access. */
static void *access_memory(void *data)
{
	struct fixture *fixture = data;

	for (uint32_t i = 0; !fixture->stop; i++) {
		uint32_t how = i % 16 == 0 ? VFIOPM_REGION_WAKE : 0;
		uint32_t value = PATTERN * (i % 255);
		int r = vfiopm_region_write(fixture->bar, SCRATCH, sizeof(value), how, &value);

		note(fixture, r);
		r = vfiopm_region_read(fixture->bar, SCRATCH, sizeof(value), how, &value);
		note(fixture, r);
		fixture->torn += r == 0 && value != PATTERN * (value & 0xff);
	}
	return NULL;
}

/* What is known of COMMAND is forgotten, and the memory is unmapped and mapped. */
static void *change_memory(void *data)
{
	struct fixture *fixture = data;
	void *address;

	while (!fixture->stop) {
		vfiopm_region_write(fixture->config, 4, 1, 0, "\2");
		vfiopm_region_unmap(fixture->bar);
		vfiopm_region_get_address(fixture->bar, SCRATCH, 4, &address);
		vfiopm_region_map(fixture->bar);
	}
	return NULL;
}

static void *take_wakes(void *data)
{
	struct fixture *fixture = data;

	while (!fixture->stop) {
		fixture->wakes += vfiopm_take_wake(fixture->dev) == 1;
		usleep(50);
	}
	return NULL;
}

static int on_quiesce(void *data)
{
	struct fixture *fixture = data;

	return ++fixture->quiesced - fixture->restored == 1 ? 0 : -EPROTO;
}

static int on_restore(void *data)
{
	struct fixture *fixture = data;

	return ++fixture->restored == fixture->quiesced ? 0 : -EPROTO;
}

static void *add_and_remove_hooks(void *data)
{
	const struct vfiopm_quiesce_ops ops = { 0 };
	struct fixture *fixture = data;

	while (!fixture->stop) {
		struct vfiopm_quiesce *hook = NULL;

		if (vfiopm_quiesce_new(fixture->dev, &ops, sizeof(ops), NULL, &hook) < 0)
			fixture->unexpected++;
		vfiopm_quiesce_free(hook);
	}
	return NULL;
}

static void accesses_while_others_sleep_and_wake(void **state)
{
	static void *(*const bodies[])(void *data) = { access_memory, access_memory, change_memory,
						       take_wakes, add_and_remove_hooks };
	const struct vfiopm_quiesce_ops ops = { .quiesce = on_quiesce, .restore = on_restore };
	const size_t count = sizeof(bodies) / sizeof(bodies[0]);
	struct vfiopm_quiesce *hook;
	struct fixture fixture;
	pthread_t threads[sizeof(bodies) / sizeof(bodies[0])];
	/* A real device takes 5 to 200 ms to resume. */
	const int rounds = testbed_is_simulated() ? 2000 : 100;

	(void)state;
	testbed_need_low_power();
	fixture_open(&fixture);
	expect_ok(vfiopm_quiesce_new(fixture.dev, &ops, sizeof(ops), &fixture, &hook));
	for (size_t i = 0; i < count; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, bodies[i], &fixture), 0);
	for (int i = 0; i < rounds; i++) {
		expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
		/* In some rounds the accesses meet a sleeping device and an active one for sure. */
		for (unsigned seen = fixture.refused; i % 40 == 0 && fixture.refused == seen;)
			usleep(10);
		expect_ok(vfiopm_exit(fixture.dev));
		for (unsigned seen = fixture.done; i % 40 == 0 && fixture.done == seen;)
			usleep(10);
	}
	fixture.stop = true;
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(fixture.unexpected, 0);
	assert_int_equal(fixture.torn, 0);
	assert_int_equal(fixture.wakes, 0);
	assert_false(raw_readable(fixture.wakeup));
	assert_int_equal(fixture.quiesced, rounds);
	assert_int_equal(fixture.restored, rounds);
	assert_true(fixture.done > 0);
	assert_true(fixture.refused > 0);
	vfiopm_quiesce_free(hook);
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(accesses_while_others_sleep_and_wake),
	};

	return cmocka_run_group_tests_name("region-threads", tests, NULL, NULL);
}

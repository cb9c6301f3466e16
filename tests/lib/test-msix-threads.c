// SPDX-License-Identifier: MIT
/*
 * MSI-X masking from many threads at the same time, on the simulator. vCPU threads mask vectors,
 * an event loop dispatches, the device raises interrupts, and another thread changes settings. A
 * build with ThreadSanitizer (scripts/build threads) also detects data races.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "msix-fixture.h"
#include "sim.h"
#include "testbed-sim.h"
#include "testbed.h"

#define CYCLES 2000

struct vcpu {
	const struct msix_fixture *fixture;
	uint32_t vector;
	unsigned failures, while_masked;
};

static struct {
	atomic_bool stop;
	unsigned fired[VECTORS];
	atomic_uint failures;
} others;

/* Mask a vector, check that no interrupt arrives, and unmask it. */
static void *mask_and_unmask(void *data)
{
	struct vcpu *vcpu = data;
	const struct msix_fixture *fixture = vcpu->fixture;
	uint32_t vector = vcpu->vector;

	for (unsigned i = 0; i < CYCLES; i++) {
		unsigned before;

		vcpu->failures += vfiopm_msix_mask(fixture->msix, vector) != 0;
		before = guest_interrupts(fixture->guest, vector);
		for (int j = 0; j < 3; j++)
			sched_yield();
		vcpu->failures += vfiopm_msix_is_pending(fixture->msix, vector) < 0;
		vcpu->while_masked += guest_interrupts(fixture->guest, vector) != before;
		vcpu->failures += vfiopm_msix_unmask(fixture->msix, vector) != 0;
	}
	return NULL;
}

static void *raise_interrupts(void *data)
{
	(void)data;
	for (unsigned i = 0; !others.stop; i++) {
		uint32_t vector = i % VECTORS;

		others.fired[vector]++;
		sim_fire(testbed_sim_device(), VFIOPM_IRQ_MSIX, vector);
		sched_yield();
	}
	return NULL;
}

static void *run_event_loop(void *data)
{
	const struct msix_fixture *fixture = data;
	struct pollfd pollfd = { .fd = vfiopm_msix_get_fd(fixture->msix), .events = POLLIN };

	while (!others.stop) {
		if (poll(&pollfd, 1, 1) == 1)
			others.failures += vfiopm_msix_dispatch(fixture->msix) < 0;
	}
	return NULL;
}

static void *change_settings(void *data)
{
	const struct msix_fixture *fixture = data;
	uint8_t pba[8];
	struct vfiopm_msix_stats stats;

	for (unsigned i = 0; !others.stop; i++) {
		others.failures += vfiopm_msix_set_function_mask(fixture->msix, i % 2) != 0;
		others.failures += vfiopm_msix_set_policy(fixture->msix, i / 8 % 3) != 0;
		others.failures += vfiopm_msix_read_pba(fixture->msix, 0, 8, pba) != 0;
		others.failures += vfiopm_msix_get_stats(fixture->msix, VFIOPM_MSIX_ALL,
							 sizeof(stats), &stats) != 0;
		if (i % 16 == 15) {
			others.failures += vfiopm_msix_release(fixture->msix, VECTORS - 1, 1) != 0;
			others.failures += vfiopm_msix_use(fixture->msix, VECTORS - 1, 1) != 0;
			others.failures += vfiopm_msix_unmask(fixture->msix, VECTORS - 1) != 0;
		}
		sched_yield();
	}
	return NULL;
}

static void start(pthread_t *thread, void *(*run)(void *), void *data)
{
	assert_int_equal(pthread_create(thread, NULL, run, data), 0);
}

static void join(pthread_t thread)
{
	assert_int_equal(pthread_join(thread, NULL), 0);
}

#define VCPUS (VECTORS - 1)

static void all_calls_can_run_in_parallel(void **state)
{
	struct vcpu vcpus[VCPUS];
	pthread_t threads[VCPUS], device, event_loop, settings;
	struct msix_fixture fixture;

	(void)state;
	msix_fixture_open(&fixture);
	expect_ok(vfiopm_msix_use(fixture.msix, 0, VECTORS));
	sim_hold_awake(testbed_sim_device(), true);
	start(&device, raise_interrupts, NULL);
	start(&event_loop, run_event_loop, &fixture);
	start(&settings, change_settings, &fixture);
	for (uint32_t i = 0; i < VCPUS; i++) {
		vcpus[i] = (struct vcpu){ .fixture = &fixture, .vector = i };
		start(&threads[i], mask_and_unmask, &vcpus[i]);
	}
	for (unsigned i = 0; i < VCPUS; i++) {
		join(threads[i]);
		assert_int_equal(vcpus[i].failures, 0);
		assert_int_equal(vcpus[i].while_masked, 0);
	}
	others.stop = true;
	join(device);
	join(event_loop);
	join(settings);
	assert_int_equal(others.failures, 0);

	/* Every vector still works. */
	expect_ok(vfiopm_msix_set_function_mask(fixture.msix, 0));
	for (uint32_t i = 0; i < VCPUS; i++) {
		expect_ok(vfiopm_msix_mask(fixture.msix, i));
		assert_true(guest_interrupts(fixture.guest, i) <= others.fired[i]);
		sim_fire(testbed_sim_device(), VFIOPM_IRQ_MSIX, i);
		assert_int_equal(vfiopm_msix_is_pending(fixture.msix, i), 1);
		expect_ok(vfiopm_msix_unmask(fixture.msix, i));
		msix_dispatch_all(&fixture);
		assert_int_equal(vfiopm_msix_is_pending(fixture.msix, i), 0);
		assert_true(guest_interrupts(fixture.guest, i) > 0);
	}
	sim_hold_awake(testbed_sim_device(), false);
	msix_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = { ON_TESTBED(all_calls_can_run_in_parallel) };

	return cmocka_run_group_tests_name("msix-threads", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * A guest masks and unmasks one vector ten thousand times. The device raises the vector before,
 * during and after the masks. No interrupt is lost, none arrives while the vector is masked, and
 * none arrives twice.
 */
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "msix-fixture.h"
#include "testbed.h"

#define CYCLES		  10000
#define CYCLES_PER_POLICY 250

struct run {
	struct msix_fixture fixture;
	unsigned had; /* interrupts that the guest has received */
	unsigned fired, merged;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool has_arrived(const struct run *run)
{
	return guest_interrupts(run->fixture.guest, 0) > run->had ||
	       vfiopm_msix_is_pending(run->fixture.msix, 0) == 1;
}

static void wait_arrived(const struct run *run)
{
	uint64_t end = now_ms() + 5000;

	while (!has_arrived(run)) {
		msix_dispatch_all(&run->fixture);
		if (now_ms() > end)
			fail_msg("interrupt %u is lost", run->fired);
		sched_yield();
	}
}

static void raise_one(struct run *run)
{
	run->fired++;
	testbed_fire(&run->fixture.irq.raw, VFIOPM_IRQ_MSIX, 0);
}

static void acknowledge(const struct run *run)
{
	testbed_acknowledge(&run->fixture.irq.raw);
}

/* Wait until the guest has received exactly one more interrupt. */
static void guest_gets_one(struct run *run)
{
	wait_arrived(run);
	run->had++;
	assert_int_equal(guest_interrupts(run->fixture.guest, 0), run->had);
}

/* Raise an interrupt while the vector is masked. An interrupt merges with a pending one. A real
 * device gives no sign of the merge, so the test waits for 1 ms. */
static void raise_while_masked(struct run *run)
{
	bool merges = vfiopm_msix_is_pending(run->fixture.msix, 0);

	raise_one(run);
	while (!vfiopm_msix_is_pending(run->fixture.msix, 0))
		sched_yield();
	if (merges && !testbed_is_simulated())
		usleep(1000);
	acknowledge(run);
	run->merged += merges;
	msix_dispatch_all(&run->fixture);
}

static void cycle(struct run *run)
{
	struct vfiopm_msix *msix = run->fixture.msix;
	bool is_concurrent = rand() % 2, is_pending;
	unsigned before;

	if (rand() % 4 == 0) {
		raise_one(run);
		guest_gets_one(run);
		acknowledge(run);
	}
	/* This interrupt can arrive before or after the mask. It must not be lost. */
	if (is_concurrent)
		raise_one(run);
	expect_ok(vfiopm_msix_mask(msix, 0));
	if (is_concurrent) {
		wait_arrived(run);
		acknowledge(run);
	}
	/* The guest has received every interrupt that was delivered before the mask returned. */
	before = guest_interrupts(run->fixture.guest, 0);
	if (rand() % 2)
		raise_while_masked(run);
	/* No interrupt arrives while the vector is masked. */
	assert_int_equal(guest_interrupts(run->fixture.guest, 0), before);
	run->had = before;
	is_pending = vfiopm_msix_is_pending(msix, 0);
	expect_ok(vfiopm_msix_unmask(msix, 0));
	if (is_pending)
		guest_gets_one(run);
}

static void no_interrupt_is_lost_or_delivered_twice(void **state)
{
	static const uint32_t policies[] = { VFIOPM_MSIX_POLICY_AUTO, VFIOPM_MSIX_POLICY_HOLD,
					     VFIOPM_MSIX_POLICY_RELAY };
	struct run run = { 0 };

	(void)state;
	srand(1);
	msix_fixture_open(&run.fixture);
	msix_begin(&run.fixture, VFIOPM_MSIX_POLICY_AUTO);
	for (unsigned i = 0; i < CYCLES; i++) {
		if (i % CYCLES_PER_POLICY == 0)
			expect_ok(vfiopm_msix_set_policy(run.fixture.msix,
							 policies[i / CYCLES_PER_POLICY % 3]));
		cycle(&run);
	}
	testbed_clear(&run.fixture.irq.raw);
	msix_guest_has(&run.fixture, 0, run.had);
	/* Every interrupt arrived, except those that merged with a pending one. */
	assert_int_equal(run.had + run.merged, run.fired);
	print_message("# %d cycles, %u interrupts raised, %u merged, %u delivered, "
		      "%lu mode changes\n",
		      CYCLES, run.fired, run.merged, run.had,
		      (unsigned long)msix_stats(&run.fixture).mode_changes);
	assert_true(run.fired > CYCLES);
	msix_fixture_close(&run.fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = { ON_TESTBED(no_interrupt_is_lost_or_delivered_twice) };

	return cmocka_run_group_tests_name("msix-cycles", tests, NULL, NULL);
}

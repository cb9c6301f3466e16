// SPDX-License-Identifier: MIT
/*
 * Ten thousand times a guest masks and unmasks a vector that its device raises before, within
 * and after: none of its interrupts is lost, none comes while it masks, none comes twice.
 */
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "msix-fixture.h"
#include "testbed.h"

#define CYCLES	      10000
#define WITH_A_POLICY 250

struct run {
	struct msix_fixture fixture;
	unsigned had; /* by the guest */
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

/* The guest gets what it has not had yet: one, and no more. */
static void guest_gets_it(struct run *run)
{
	wait_arrived(run);
	run->had++;
	assert_int_equal(guest_interrupts(run->fixture.guest, 0), run->had);
}

/* While it is masked. That one has met another cannot be seen: it gets the time to. */
static void raise_within(struct run *run)
{
	bool meets = vfiopm_msix_is_pending(run->fixture.msix, 0);

	raise_one(run);
	while (!vfiopm_msix_is_pending(run->fixture.msix, 0))
		sched_yield();
	if (meets && !testbed_is_simulated())
		usleep(1000);
	acknowledge(run);
	run->merged += meets;
	msix_dispatch_all(&run->fixture);
}

static void cycle(struct run *run)
{
	struct vfiopm_msix *msix = run->fixture.msix;
	bool meanwhile = rand() % 2;
	unsigned before;

	if (rand() % 4 == 0) {
		raise_one(run);
		guest_gets_it(run);
		acknowledge(run);
	}
	/* One that may come before the mask, or after it: it comes. */
	if (meanwhile)
		raise_one(run);
	expect_ok(vfiopm_msix_mask(msix, 0));
	if (meanwhile) {
		wait_arrived(run);
		acknowledge(run);
	}
	/* What was delivered by the mask is with the guest's processor by now. */
	before = guest_interrupts(run->fixture.guest, 0);
	if (rand() % 2)
		raise_within(run);
	/* None while it masks. */
	assert_int_equal(guest_interrupts(run->fixture.guest, 0), before);
	run->had = before;
	meanwhile = vfiopm_msix_is_pending(msix, 0);
	expect_ok(vfiopm_msix_unmask(msix, 0));
	if (meanwhile)
		guest_gets_it(run);
}

static void none_is_lost(void **state)
{
	static const uint32_t policies[] = { VFIOPM_MSIX_POLICY_AUTO, VFIOPM_MSIX_POLICY_HOLD,
					     VFIOPM_MSIX_POLICY_RELAY };
	struct run run = { 0 };

	(void)state;
	srand(1);
	msix_fixture_open(&run.fixture);
	msix_begin(&run.fixture, VFIOPM_MSIX_POLICY_AUTO);
	for (unsigned i = 0; i < CYCLES; i++) {
		if (i % WITH_A_POLICY == 0)
			expect_ok(vfiopm_msix_set_policy(run.fixture.msix,
							 policies[i / WITH_A_POLICY % 3]));
		cycle(&run);
	}
	testbed_clear(&run.fixture.irq.raw);
	msix_guest_has(&run.fixture, 0, run.had);
	/* Each that was raised came, but those that met another while the vector was masked. */
	assert_int_equal(run.had + run.merged, run.fired);
	print_message("# %d cycles, %u interrupts raised, %u met another, %u handled, %lu changes "
		      "of the mode\n",
		      CYCLES, run.fired, run.merged, run.had,
		      (unsigned long)msix_stats(&run.fixture).mode_changes);
	assert_true(run.fired > CYCLES);
	msix_fixture_close(&run.fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = { ON_TESTBED(none_is_lost) };

	return cmocka_run_group_tests_name("msix-cycles", tests, NULL, NULL);
}

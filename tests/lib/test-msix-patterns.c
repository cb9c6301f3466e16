// SPDX-License-Identifier: MIT
/*
 * MSI-X after every pattern of failing SET_IRQS, on a simulated kernel that cannot resize the
 * index (6.1). Three vectors are in use, and the test begins to use two more. The library
 * disables the index to grow it. After any failure the object must know which vectors VFIO still
 * signals. If a call on a vector returns 0, that vector works.
 */
#include <errno.h>
#include <stdlib.h>

#include "msix-fixture.h"
#include "sim.h"
#include "testbed-sim.h"
#include "testbed.h"

#define IN_USE 3
#define MORE   2
#define LENGTH 8

static const int choices[] = { 0, EIO, ENOSPC };
#define CHOICES 3

/* Return true if interrupts arrive while the vector is unmasked, and wait while it is masked. */
static bool works(struct msix_fixture *fixture, uint32_t vector)
{
	unsigned had;

	if (vfiopm_msix_unmask(fixture->msix, vector) != 0)
		return false;
	msix_dispatch_all(fixture);
	had = guest_interrupts(fixture->guest, vector);
	sim_fire(testbed_sim_device(), VFIOPM_IRQ_MSIX, vector);
	msix_dispatch_all(fixture);
	if (guest_interrupts(fixture->guest, vector) != had + 1 ||
	    vfiopm_msix_mask(fixture->msix, vector) != 0)
		return false;
	sim_fire(testbed_sim_device(), VFIOPM_IRQ_MSIX, vector);
	if (vfiopm_msix_is_pending(fixture->msix, vector) != 1 ||
	    vfiopm_msix_unmask(fixture->msix, vector) != 0)
		return false;
	msix_dispatch_all(fixture);
	return guest_interrupts(fixture->guest, vector) == had + 2;
}

/* Return true if VFIO signals the vector, or if mask or unmask reports an error. */
static bool is_live_or_reports_error(struct msix_fixture *fixture, uint32_t vector)
{
	int r = vfiopm_msix_mask(fixture->msix, vector);

	if (r == 0)
		r = vfiopm_msix_unmask(fixture->msix, vector);
	return r < 0 || sim_irq_eventfd(testbed_sim_device(), VFIOPM_IRQ_MSIX, vector) >= 0;
}

static const char *run_pattern(struct msix_fixture *fixture, const int pattern[LENGTH])
{
	const char *wrong = NULL;
	uint32_t in_use = IN_USE;

	expect_ok(vfiopm_msix_use(fixture->msix, 0, IN_USE));
	for (uint32_t i = 0; i < IN_USE; i++)
		expect_ok(vfiopm_msix_unmask(fixture->msix, i));
	sim_fail_set_irqs(testbed_sim_device(), pattern, LENGTH);
	if (vfiopm_msix_use(fixture->msix, IN_USE, MORE) == 0)
		in_use += MORE;
	/* The rest of the pattern applies to these calls. */
	for (uint32_t i = 0; i < in_use && !wrong; i++)
		wrong = is_live_or_reports_error(fixture, i)
				? NULL
				: "a call returned 0 for a dead vector";
	sim_fail_set_irqs(testbed_sim_device(), NULL, 0);
	for (uint32_t i = 0; i < in_use && !wrong; i++)
		wrong = works(fixture, i) ? NULL : "a vector does not work after the failures";
	if (!wrong && vfiopm_msix_disable(fixture->msix) != 0)
		wrong = "disable failed";
	if (!wrong && sim_irq_active(testbed_sim_device()) != -1)
		wrong = "the index is enabled after disable";
	return wrong;
}

static void no_pattern_of_failures_leaves_a_dead_vector_unnoticed(void **state)
{
	unsigned patterns = 1;

	(void)state;
	testbed_end();
	assert_int_equal(setenv("VFIOPM_SIM_KERNEL", "6.1", 1), 0);
	testbed_begin();
	for (unsigned i = 0; i < LENGTH; i++)
		patterns *= CHOICES;
	for (unsigned i = 0; i < patterns; i++) {
		struct msix_fixture fixture;
		int pattern[LENGTH];
		const char *wrong;
		unsigned rest = i;

		for (unsigned j = 0; j < LENGTH; j++, rest /= CHOICES)
			pattern[j] = choices[rest % CHOICES];
		msix_fixture_open(&fixture);
		expect_ok(vfiopm_msix_set_policy(fixture.msix, VFIOPM_MSIX_POLICY_HOLD));
		sim_hold_awake(testbed_sim_device(), true);
		wrong = run_pattern(&fixture, pattern);
		sim_hold_awake(testbed_sim_device(), false);
		if (wrong)
			fail_msg("pattern %d %d %d %d %d %d %d %d: %s", pattern[0], pattern[1],
				 pattern[2], pattern[3], pattern[4], pattern[5], pattern[6],
				 pattern[7], wrong);
		msix_fixture_close(&fixture);
	}
	print_message("# %u patterns\n", patterns);
	unsetenv("VFIOPM_SIM_KERNEL");
}

int main(void)
{
	const struct CMUnitTest tests[] = { ON_TESTBED(
		no_pattern_of_failures_leaves_a_dead_vector_unnoticed) };

	return cmocka_run_group_tests_name("msix-patterns", tests, NULL, NULL);
}

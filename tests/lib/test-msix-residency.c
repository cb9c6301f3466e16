// SPDX-License-Identifier: MIT
/*
 * Low-power residency on a real kernel while a guest masks and unmasks a vector every 10 ms. The
 * test compares hold mode, the automatic choice, and the method of other VMMs. Those VMMs swap
 * the eventfd that VFIO signals.
 */
#include "host.h"
#include "msix-fixture.h"
#include "testbed.h"

static void mask_and_unmask(void *data)
{
	const struct msix_fixture *fixture = data;

	expect_ok(vfiopm_msix_mask(fixture->msix, 0));
	expect_ok(vfiopm_msix_unmask(fixture->msix, 0));
}

static double share_asleep(uint32_t policy)
{
	struct msix_fixture fixture;
	double share;

	msix_fixture_open(&fixture);
	msix_begin(&fixture, policy);
	expect_ok(vfiopm_enter(fixture.irq.dev));
	share = host_share_asleep(10, mask_and_unmask, &fixture);
	expect_ok(vfiopm_exit(fixture.irq.dev));
	/* The vector still works. */
	expect_ok(vfiopm_msix_mask(fixture.msix, 0));
	msix_fire(&fixture, 0);
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	msix_guest_has(&fixture, 0, 1);
	msix_fixture_close(&fixture);
	return share;
}

static void swap_twice(void *data)
{
	struct irq_fixture *fixture = data;

	expect_ok(irq_set(fixture, 0, fixture->events[1]));
	expect_ok(irq_set(fixture, 0, fixture->events[0]));
}

static double share_asleep_by_swap(void)
{
	struct irq_fixture fixture;
	double share;

	irq_fixture_open(&fixture);
	expect_ok(irq_set(&fixture, 0, fixture.events[0]));
	expect_ok(vfiopm_enter(fixture.dev));
	share = host_share_asleep(10, swap_twice, &fixture);
	expect_ok(vfiopm_exit(fixture.dev));
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 0, fixture.events[0]);
	irq_fixture_close(&fixture);
	return share;
}

static void masks_do_not_wake_a_suspended_device(void **state)
{
	double by_swap, by_hold, by_choice;

	(void)state;
	testbed_need_low_power();
	by_swap = share_asleep_by_swap();
	by_hold = share_asleep(VFIOPM_MSIX_POLICY_HOLD);
	by_choice = share_asleep(VFIOPM_MSIX_POLICY_AUTO);
	print_message("# share of 10 s suspended, one mask and unmask per 10 ms, Linux %s:\n"
		      "#   swap  %6.2f %%\n"
		      "#   hold  %6.2f %%\n"
		      "#   auto  %6.2f %%\n",
		      testbed_kernel(), by_swap, by_hold, by_choice);
	assert_true(by_swap < 50);
	assert_true(by_hold > 99);
	assert_true(by_choice > 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = { ON_TESTBED(masks_do_not_wake_a_suspended_device) };

	return cmocka_run_group_tests_name("msix-residency", tests, NULL, NULL);
}

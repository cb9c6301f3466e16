// SPDX-License-Identifier: MIT
/*
 * Low-power residency of a device whose guest masks and unmasks a vector every 10 ms, on a real
 * kernel: by swap, by hold, and as the library chooses.
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
	/* And it works. */
	expect_ok(vfiopm_msix_mask(fixture.msix, 0));
	msix_fire(&fixture, 0);
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	msix_guest_has(&fixture, 0, 1);
	msix_fixture_close(&fixture);
	return share;
}

static void side_by_side(void **state)
{
	double by_swap, by_hold, by_choice;

	(void)state;
	testbed_need_low_power();
	by_swap = share_asleep(VFIOPM_MSIX_POLICY_BYPASS_SWAP);
	by_hold = share_asleep(VFIOPM_MSIX_POLICY_BYPASS);
	by_choice = share_asleep(VFIOPM_MSIX_POLICY_AUTO);
	print_message("# share of 10 s asleep, a mask and an unmask every 10 ms, Linux %s:\n"
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
	const struct CMUnitTest tests[] = { ON_TESTBED(side_by_side) };

	return cmocka_run_group_tests_name("msix-residency", tests, NULL, NULL);
}

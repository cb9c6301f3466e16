// SPDX-License-Identifier: MIT
/*
 * What a failure leaves, on the simulator. After each failed change vfiopm_irq_is_enabled() reports
 * what the kernel has, for each of INTx, MSI, MSI-X and ERR.
 */
#include <errno.h>

#include <vfiopm/vfiopm.h>

#include "sim-fixture.h"
#include "sim.h"
#include "test.h"

static void check(const struct sim_fixture *fixture)
{
	for (uint32_t index = VFIOPM_IRQ_INTX; index <= VFIOPM_IRQ_MSIX; index++)
		assert_int_equal(vfiopm_irq_is_enabled(fixture->dev, index),
				 sim_irq_active(fixture->sim) == (int)index);
	for (uint32_t index = VFIOPM_IRQ_ERR; index <= VFIOPM_IRQ_REQ; index++)
		assert_int_equal(vfiopm_irq_is_enabled(fixture->dev, index),
				 sim_irq_eventfd(fixture->sim, index, 0) >= 0);
}

/* A failed ioctl leaves the index enabled. A repeated disable succeeds. */
static void a_failed_disable_leaves_the_index_enabled(void **state)
{
	struct sim_fixture fixture;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	for (uint32_t index = VFIOPM_IRQ_INTX; index <= VFIOPM_IRQ_REQ; index++) {
		check(&fixture);
		expect_ok(vfiopm_irq_set_signaling(fixture.dev, index, 0, fixture.events[1]));
		assert_int_equal(vfiopm_irq_is_enabled(fixture.dev, index), 1);
		check(&fixture);
		sim_ioctls_fail_after(0, EIO);
		expect_errno(EIO, vfiopm_irq_disable(fixture.dev, index));
		sim_calls_end();
		assert_int_equal(vfiopm_irq_is_enabled(fixture.dev, index), 1);
		check(&fixture);
		expect_ok(vfiopm_irq_disable(fixture.dev, index));
		assert_int_equal(vfiopm_irq_is_enabled(fixture.dev, index), 0);
		check(&fixture);
	}
	sim_fixture_close(&fixture);
}

/* A growth disables the index first. All patterns of failures of its ioctls, and of the restoring
 * ones. */
static void a_failed_growth_reports_what_it_has_left(void **state)
{
	static const int errors[] = { 0, EIO, ENOSPC };
	unsigned lost = 0, kept = 0;

	(void)state;
	for (unsigned number = 0; number < 81; number++) {
		int pattern[4];
		struct sim_fixture fixture;

		for (unsigned i = 0, rest = number; i < 4; i++, rest /= 3)
			pattern[i] = errors[rest % 3];
		sim_fixture_open(&fixture, "6.1", VECTORS);
		expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0,
						   fixture.events[1]));
		sim_fail_set_irqs(fixture.sim, pattern, 4);
		if (vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 3, fixture.events[3]) <
		    0) {
			bool enabled = vfiopm_irq_is_enabled(fixture.dev, VFIOPM_IRQ_MSIX) == 1;

			lost += !enabled;
			kept += enabled;
		}
		check(&fixture);
		sim_fail_set_irqs(fixture.sim, NULL, 0);
		sim_fixture_close(&fixture);
	}
	assert_true(lost > 0);
	assert_true(kept > 0);
}

/* The kernel has the old eventfd, or none: both are possible after a failed removal. */
static void an_unknown_eventfd_counts_as_enabled(void **state)
{
	struct sim_fixture fixture;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_ERR, 0, fixture.events[1]));
	sim_ioctls_fail_after(0, EIO);
	expect_errno(EIO, vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_ERR, 0, -1));
	sim_calls_end();
	check(&fixture);
	assert_int_equal(vfiopm_irq_is_enabled(fixture.dev, VFIOPM_IRQ_ERR), 1);
	sim_fixture_close(&fixture);
}

static void a_batch_counts_at_its_commit(void **state)
{
	struct sim_fixture fixture;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, fixture.events[1]));
	assert_int_equal(vfiopm_irq_is_enabled(fixture.dev, VFIOPM_IRQ_MSIX), 0);
	expect_ok(vfiopm_irq_commit(fixture.dev));
	assert_int_equal(vfiopm_irq_is_enabled(fixture.dev, VFIOPM_IRQ_MSIX), 1);
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_ok(vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_MSIX));
	assert_int_equal(vfiopm_irq_is_enabled(fixture.dev, VFIOPM_IRQ_MSIX), 1);
	expect_ok(vfiopm_irq_commit(fixture.dev));
	assert_int_equal(vfiopm_irq_is_enabled(fixture.dev, VFIOPM_IRQ_MSIX), 0);
	check(&fixture);
	sim_fixture_close(&fixture);
}

/* ---- the MSI-X object ---- */

static int refuse_detach(void *data, uint32_t vector, int fd)
{
	(void)vector;
	(void)fd;
	return *(int *)data;
}

static int attach(void *data, uint32_t vector, int fd)
{
	(void)data;
	(void)vector;
	(void)fd;
	return 0;
}

/* The errno of a disable does not show whether the ioctl or the callback has failed. */
static void a_failed_detach_differs_from_a_failed_ioctl(void **state)
{
	const struct vfiopm_msix_ops ops = { .attach = attach, .detach = refuse_detach };
	struct sim_fixture fixture;
	struct vfiopm_msix *msix;
	int result = 0;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	expect_ok(vfiopm_msix_new(fixture.dev, &ops, sizeof(ops), &result, &msix));
	expect_ok(vfiopm_msix_set_policy(msix, VFIOPM_MSIX_POLICY_HOLD));
	expect_ok(vfiopm_msix_use(msix, 0, 2));
	expect_ok(vfiopm_msix_unmask(msix, 0));
	sim_ioctls_fail_after(0, EIO);
	expect_errno(EIO, vfiopm_msix_release(msix, 0, 2));
	expect_errno(EIO, vfiopm_msix_disable(msix));
	sim_calls_end();
	assert_int_equal(vfiopm_irq_is_enabled(fixture.dev, VFIOPM_IRQ_MSIX), 1);
	check(&fixture);
	result = -EIO;
	expect_errno(EIO, vfiopm_msix_disable(msix));
	assert_int_equal(vfiopm_irq_is_enabled(fixture.dev, VFIOPM_IRQ_MSIX), 0);
	check(&fixture);
	result = 0;
	vfiopm_msix_free(msix);
	sim_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failed_disable_leaves_the_index_enabled),
		cmocka_unit_test(a_failed_growth_reports_what_it_has_left),
		cmocka_unit_test(an_unknown_eventfd_counts_as_enabled),
		cmocka_unit_test(a_batch_counts_at_its_commit),
		cmocka_unit_test(a_failed_detach_differs_from_a_failed_ioctl),
	};

	return cmocka_run_group_tests_name("irq-enabled", tests, NULL, NULL);
}

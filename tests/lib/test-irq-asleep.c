// SPDX-License-Identifier: MIT
/* Tests of signaling changes while the device is suspended: which calls wake the device, and which
 * changes wait for a commit. */
#include <errno.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "host.h"
#include "irq-fixture.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

static void fixture_sleep(struct irq_fixture *fixture, int wakeup)
{
	expect_ok(vfiopm_enter_wakeup(fixture->dev, wakeup));
	host_sees_deep_sleep();
}

static void unchanged_does_not_wake(void **state)
{
	int wakeup = raw_eventfd(), own = -1;
	struct irq_fixture fixture;

	(void)state;
	testbed_need_low_power();
	irq_fixture_open(&fixture);
	expect_ok(vfiopm_irq_new_eventfd(fixture.dev, &own));
	expect_ok(irq_set(&fixture, 0, own));
	expect_ok(irq_set(&fixture, 1, fixture.events[1]));
	fixture_sleep(&fixture, wakeup);
	for (int i = 0; i < 10000; i++) {
		expect_ok(irq_set(&fixture, 0, own));
		expect_ok(irq_set(&fixture, 1, fixture.events[1]));
		expect_ok(irq_set(&fixture, 2, -1));
		/* The library refuses these without an ioctl. */
		if (i % 100 == 0) {
			expect_errno(EINVAL, vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX,
								      99, own));
			expect_errno(EBUSY, vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_INTX,
								     0, own));
		}
	}
	assert_true(host_shows("power/runtime_status", "suspended"));
	assert_false(raw_readable(wakeup));
	expect_ok(vfiopm_exit(fixture.dev));
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 1, fixture.events[1]);
	close(wakeup);
	irq_fixture_close(&fixture);
}

/* The change is not a wake by somebody else. Low power is entered again after it. */
static void change_wakes_and_sleeps_again(void **state)
{
	int wakeup = raw_eventfd();
	struct irq_fixture fixture;

	(void)state;
	testbed_need_low_power();
	irq_fixture_open(&fixture);
	expect_ok(irq_set(&fixture, 0, fixture.events[0]));
	fixture_sleep(&fixture, wakeup);
	expect_issues(&fixture, 1, irq_set(&fixture, 0, fixture.events[1]));
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	assert_false(raw_readable(wakeup));
	host_sees_deep_sleep();
	host_wake();
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 0, fixture.events[1]);
	close(wakeup);
	irq_fixture_close(&fixture);
}

/* A batch that stays open over low power wakes the device once, at its commit. */
static void open_batch_waits_for_the_exit(void **state)
{
	int wakeup = raw_eventfd();
	struct irq_fixture fixture;

	(void)state;
	testbed_need_low_power();
	irq_fixture_open(&fixture);
	/* Allocate the vectors first, so that no change has to. */
	expect_ok(vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, VECTORS));
	expect_ok(irq_set(&fixture, 0, fixture.events[0]));
	expect_ok(irq_set(&fixture, 1, fixture.events[1]));
	fixture_sleep(&fixture, wakeup);
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_issues(&fixture, 0, irq_set(&fixture, 0, fixture.events[2]));
	expect_issues(&fixture, 0, irq_set(&fixture, 1, fixture.events[3]));
	assert_true(host_shows("power/runtime_status", "suspended"));
	assert_false(raw_readable(wakeup));
	/* The exit commits nothing: the batch has its own caller. */
	expect_issues(&fixture, 0, vfiopm_exit(fixture.dev));
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 0, fixture.events[0]);
	expect_issues(&fixture, 1, vfiopm_irq_commit(fixture.dev));
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 0, fixture.events[2]);
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 1, fixture.events[3]);
	close(wakeup);
	irq_fixture_close(&fixture);
}

static void open_batch_waits_for_a_wake(void **state)
{
	int wakeup = raw_eventfd();
	struct irq_fixture fixture;

	(void)state;
	testbed_need_low_power();
	irq_fixture_open(&fixture);
	/* Allocate the vectors first, so that no change has to. */
	expect_ok(vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, VECTORS));
	expect_ok(irq_set(&fixture, 0, fixture.events[0]));
	fixture_sleep(&fixture, wakeup);
	expect_ok(vfiopm_irq_begin(fixture.dev));
	expect_issues(&fixture, 0, irq_set(&fixture, 0, fixture.events[2]));
	host_wake();
	/* Before the commit, an interrupt goes to the eventfd that the kernel has. */
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 0, fixture.events[0]);
	expect_issues(&fixture, 1, vfiopm_irq_commit(fixture.dev));
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 0, fixture.events[2]);
	close(wakeup);
	irq_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(unchanged_does_not_wake),
		ON_TESTBED(change_wakes_and_sleeps_again),
		ON_TESTBED(open_batch_waits_for_the_exit),
		ON_TESTBED(open_batch_waits_for_a_wake),
	};

	return cmocka_run_group_tests_name("irq-asleep", tests, NULL, NULL);
}

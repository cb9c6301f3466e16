// SPDX-License-Identifier: MIT
/* Interrupts of a sleeping device: what wakes it, what does not, and what waits. */
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
		/* What is refused is refused from memory. */
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

static void a_change_wakes(void **state)
{
	int wakeup = raw_eventfd();
	struct irq_fixture fixture;

	(void)state;
	testbed_need_low_power();
	irq_fixture_open(&fixture);
	expect_ok(irq_set(&fixture, 0, fixture.events[0]));
	fixture_sleep(&fixture, wakeup);
	expect_issues(&fixture, 1, irq_set(&fixture, 0, fixture.events[1]));
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_WOKEN);
	assert_int_equal(raw_take(wakeup), 1);
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 0, fixture.events[1]);
	close(wakeup);
	irq_fixture_close(&fixture);
}

static void deferred_until_exit(void **state)
{
	int wakeup = raw_eventfd();
	struct irq_fixture fixture;

	(void)state;
	testbed_need_low_power();
	irq_fixture_open(&fixture);
	/* So that no change has to make room. */
	expect_ok(vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, VECTORS));
	expect_ok(irq_set(&fixture, 0, fixture.events[0]));
	expect_ok(vfiopm_irq_set_deferred(fixture.dev, 1));
	/* Awake, nothing is deferred. */
	expect_issues(&fixture, 1, irq_set(&fixture, 1, fixture.events[1]));
	fixture_sleep(&fixture, wakeup);
	expect_issues(&fixture, 0, irq_set(&fixture, 0, fixture.events[2]));
	expect_issues(&fixture, 0, irq_set(&fixture, 1, fixture.events[3]));
	assert_true(host_shows("power/runtime_status", "suspended"));
	assert_false(raw_readable(wakeup));
	/* Both in one. */
	expect_issues(&fixture, 1, vfiopm_exit(fixture.dev));
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 0, fixture.events[2]);
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 1, fixture.events[3]);
	close(wakeup);
	irq_fixture_close(&fixture);
}

static void deferred_until_a_wake(void **state)
{
	int wakeup = raw_eventfd();
	struct irq_fixture fixture;

	(void)state;
	testbed_need_low_power();
	irq_fixture_open(&fixture);
	/* So that no change has to make room. */
	expect_ok(vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, VECTORS));
	expect_ok(vfiopm_irq_set_deferred(fixture.dev, 1));
	expect_ok(irq_set(&fixture, 0, fixture.events[0]));
	expect_ok(irq_set(&fixture, 1, fixture.events[1]));
	fixture_sleep(&fixture, wakeup);
	expect_issues(&fixture, 0, irq_set(&fixture, 0, fixture.events[2]));
	host_wake();
	/* An interrupt before the commit goes where the kernel has it. */
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 0, fixture.events[0]);
	expect_issues(&fixture, 1, vfiopm_irq_commit(fixture.dev));
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 0, fixture.events[2]);

	/* Or the first change after the wake takes it along: 0 and 1 in one. */
	raw_take(wakeup);
	fixture_sleep(&fixture, wakeup);
	expect_issues(&fixture, 0, irq_set(&fixture, 0, fixture.events[3]));
	host_wake();
	expect_issues(&fixture, 1, irq_set(&fixture, 1, fixture.events[4]));
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 0, fixture.events[3]);
	irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 1, fixture.events[4]);
	close(wakeup);
	irq_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(unchanged_does_not_wake),
		ON_TESTBED(a_change_wakes),
		ON_TESTBED(deferred_until_exit),
		ON_TESTBED(deferred_until_a_wake),
	};

	return cmocka_run_group_tests_name("irq-asleep", tests, NULL, NULL);
}

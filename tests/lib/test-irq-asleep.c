// SPDX-License-Identifier: MIT
/* Interrupts of a sleeping device: what wakes it, what does not, and what waits. */
#include <errno.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "host.h"
#include "irq.h"
#include "raw.h"
#include "test.h"
#include "world.h"

static void bench_sleep(struct irq_bench *bench, int wakeup)
{
	expect_ok(vfiopm_enter_wakeup(bench->dev, wakeup));
	host_sees_deep_sleep();
}

static void unchanged_does_not_wake(void **state)
{
	int wakeup = raw_eventfd(), own = -1;
	struct irq_bench bench;

	(void)state;
	world_need_low_power();
	irq_bench_open(&bench);
	expect_ok(vfiopm_irq_new_eventfd(bench.dev, &own));
	expect_ok(irq_set(&bench, 0, own));
	expect_ok(irq_set(&bench, 1, bench.events[1]));
	bench_sleep(&bench, wakeup);
	for (int i = 0; i < 10000; i++) {
		expect_ok(irq_set(&bench, 0, own));
		expect_ok(irq_set(&bench, 1, bench.events[1]));
		expect_ok(irq_set(&bench, 2, -1));
		/* What is refused is refused from memory. */
		if (i % 100 == 0) {
			expect_errno(EINVAL,
				     vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_MSIX, 99, own));
			expect_errno(EBUSY,
				     vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_INTX, 0, own));
		}
	}
	assert_true(host_shows("power/runtime_status", "suspended"));
	assert_false(raw_readable(wakeup));
	expect_ok(vfiopm_exit(bench.dev));
	irq_fires_into(&bench, 1, bench.events[1]);
	close(wakeup);
	irq_bench_close(&bench);
}

static void a_change_wakes(void **state)
{
	int wakeup = raw_eventfd();
	struct irq_bench bench;

	(void)state;
	world_need_low_power();
	irq_bench_open(&bench);
	expect_ok(irq_set(&bench, 0, bench.events[0]));
	bench_sleep(&bench, wakeup);
	expect_issues(&bench, 1, irq_set(&bench, 0, bench.events[1]));
	assert_int_equal(vfiopm_get_state(bench.dev), VFIOPM_STATE_WOKEN);
	assert_int_equal(raw_take(wakeup), 1);
	irq_fires_into(&bench, 0, bench.events[1]);
	close(wakeup);
	irq_bench_close(&bench);
}

static void deferred_until_exit(void **state)
{
	int wakeup = raw_eventfd();
	struct irq_bench bench;

	(void)state;
	world_need_low_power();
	irq_bench_open(&bench);
	/* So that no change has to make room. */
	expect_ok(vfiopm_irq_reserve(bench.dev, VFIOPM_IRQ_MSIX, VECTORS));
	expect_ok(irq_set(&bench, 0, bench.events[0]));
	expect_ok(vfiopm_irq_set_deferred(bench.dev, 1));
	/* Awake, nothing is deferred. */
	expect_issues(&bench, 1, irq_set(&bench, 1, bench.events[1]));
	bench_sleep(&bench, wakeup);
	expect_issues(&bench, 0, irq_set(&bench, 0, bench.events[2]));
	expect_issues(&bench, 0, irq_set(&bench, 1, bench.events[3]));
	assert_true(host_shows("power/runtime_status", "suspended"));
	assert_false(raw_readable(wakeup));
	/* Both in one. */
	expect_issues(&bench, 1, vfiopm_exit(bench.dev));
	irq_fires_into(&bench, 0, bench.events[2]);
	irq_fires_into(&bench, 1, bench.events[3]);
	close(wakeup);
	irq_bench_close(&bench);
}

static void deferred_until_a_wake(void **state)
{
	int wakeup = raw_eventfd();
	struct irq_bench bench;

	(void)state;
	world_need_low_power();
	irq_bench_open(&bench);
	/* So that no change has to make room. */
	expect_ok(vfiopm_irq_reserve(bench.dev, VFIOPM_IRQ_MSIX, VECTORS));
	expect_ok(vfiopm_irq_set_deferred(bench.dev, 1));
	expect_ok(irq_set(&bench, 0, bench.events[0]));
	expect_ok(irq_set(&bench, 1, bench.events[1]));
	bench_sleep(&bench, wakeup);
	expect_issues(&bench, 0, irq_set(&bench, 0, bench.events[2]));
	host_wake();
	/* An interrupt before the commit goes where the kernel has it. */
	irq_fires_into(&bench, 0, bench.events[0]);
	expect_issues(&bench, 1, vfiopm_irq_commit(bench.dev));
	irq_fires_into(&bench, 0, bench.events[2]);

	/* Or the first change after the wake takes it along: 0 and 1 in one. */
	raw_take(wakeup);
	bench_sleep(&bench, wakeup);
	expect_issues(&bench, 0, irq_set(&bench, 0, bench.events[3]));
	host_wake();
	expect_issues(&bench, 1, irq_set(&bench, 1, bench.events[4]));
	irq_fires_into(&bench, 0, bench.events[3]);
	irq_fires_into(&bench, 1, bench.events[4]);
	close(wakeup);
	irq_bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(unchanged_does_not_wake),
		IN_WORLD(a_change_wakes),
		IN_WORLD(deferred_until_exit),
		IN_WORLD(deferred_until_a_wake),
	};

	return cmocka_run_group_tests_name("irq-asleep", tests, NULL, NULL);
}

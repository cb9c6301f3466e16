// SPDX-License-Identifier: MIT
/*
 * What must hold for any sequence of changes, on the simulator: that there are as few
 * SET_IRQS as there can be, and that what the library believes is what the kernel has.
 */
#include <string.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "lib/private.h"
#include "raw.h"
#include "sim-bench.h"
#include "sim.h"
#include "test.h"

/* ---- the runs, against brute force ---- */

#define TABLE 8

/* The least ioctls, each over a range without a kept vector, that cover all changes:
 * every way to cut the table is tried. */
static unsigned least(const uint8_t *vectors, uint32_t count)
{
	unsigned best = TABLE + 1;

	if (count == 0)
		return 0;
	if (vectors[0] != VFIOPM__VECTOR_CHANGED)
		return least(vectors + 1, count - 1);
	for (uint32_t end = 1; end <= count && vectors[end - 1] != VFIOPM__VECTOR_KEPT; end++) {
		unsigned with = 1 + least(vectors + end, count - end);

		if (with < best)
			best = with;
	}
	return best;
}

static unsigned count_runs(const uint8_t *vectors, uint32_t count)
{
	struct vfiopm__run run = { 0 };
	uint8_t covered[TABLE] = { 0 };
	unsigned runs = 0;

	while (vfiopm__runs_next(vectors, count, run.start + run.count, &run)) {
		runs++;
		for (uint32_t i = run.start; i < run.start + run.count; i++)
			covered[i] = 1;
	}
	for (uint32_t i = 0; i < count; i++) {
		assert_false(vectors[i] == VFIOPM__VECTOR_CHANGED && !covered[i]);
		assert_false(vectors[i] == VFIOPM__VECTOR_KEPT && covered[i]);
	}
	return runs;
}

static void runs_are_the_least(void **state)
{
	(void)state;
	for (uint32_t count = 0; count <= TABLE; count++) {
		unsigned tables = 1;

		for (uint32_t i = 0; i < count; i++)
			tables *= 3;
		for (unsigned table = 0; table < tables; table++) {
			uint8_t vectors[TABLE];
			unsigned rest = table;

			for (uint32_t i = 0; i < count; i++, rest /= 3)
				vectors[i] = (uint8_t)(rest % 3);
			assert_int_equal(count_runs(vectors, count), least(vectors, count));
		}
	}
}

/* ---- random sequences, each as cheap as it can be ---- */

static int random_eventfd(const struct sim_bench *bench)
{
	uint32_t pick = sim_bench_random(EVENTS + 2);

	return pick < EVENTS ? bench->events[pick] : -1;
}

static unsigned optimum(const struct sim_bench *bench, const int *wanted)
{
	uint8_t vectors[VECTORS];

	for (int i = 0; i < VECTORS; i++) {
		if (wanted[i] != bench->believed[i])
			vectors[i] = VFIOPM__VECTOR_CHANGED;
		else
			vectors[i] = wanted[i] >= 0 ? VFIOPM__VECTOR_KEPT : VFIOPM__VECTOR_UNSET;
	}
	return least(vectors, VECTORS);
}

static void set_some(const struct sim_bench *bench, int *wanted)
{
	uint32_t start = sim_bench_random(VECTORS), count = 1 + sim_bench_random(VECTORS - start);

	for (uint32_t i = start; i < start + count; i++) {
		if (sim_bench_random(3))
			wanted[i] = random_eventfd(bench);
	}
	if (count == 1)
		expect_ok(vfiopm_irq_set_signaling(bench->dev, VFIOPM_IRQ_MSIX, start,
						   wanted[start]));
	else
		expect_ok(vfiopm_irq_set_signaling_range(bench->dev, VFIOPM_IRQ_MSIX, start, count,
							 wanted + start));
}

static void one_change(struct sim_bench *bench)
{
	unsigned before = sim_set_irqs(bench->sim), calls = 1 + sim_bench_random(3), best;
	int wanted[VECTORS];

	memcpy(wanted, bench->believed, sizeof(wanted));
	if (sim_bench_random(8) == 0) {
		expect_ok(vfiopm_irq_disable(bench->dev, VFIOPM_IRQ_MSIX));
		best = bench->enabled;
		bench->enabled = false;
		for (int i = 0; i < VECTORS; i++)
			bench->believed[i] = -1;
	} else {
		if (calls > 1)
			expect_ok(vfiopm_irq_begin(bench->dev));
		for (unsigned i = 0; i < calls; i++)
			set_some(bench, wanted);
		if (calls > 1)
			expect_ok(vfiopm_irq_commit(bench->dev));
		best = optimum(bench, wanted);
		bench->enabled = bench->enabled || best > 0;
		memcpy(bench->believed, wanted, sizeof(wanted));
	}
	assert_int_equal(sim_set_irqs(bench->sim) - before, best);
	sim_bench_check(bench);
}

#define SEQUENCES 100000

static void random_sequences_dynamic(void **state)
{
	struct sim_bench bench;

	(void)state;
	sim_bench_open(&bench, "6.12", VECTORS);
	for (unsigned i = 0; i < SEQUENCES / 2; i++) {
		for (unsigned changes = 1 + sim_bench_random(3); changes > 0; changes--)
			one_change(&bench);
	}
	sim_bench_close(&bench);
}

/* With room for all: growth is looked at below. A disable takes that room with it. */
static void random_sequences_noresize(void **state)
{
	struct sim_bench bench;

	(void)state;
	sim_bench_open(&bench, "6.1", VECTORS);
	for (unsigned i = 0; i < SEQUENCES / 2; i++) {
		expect_ok(vfiopm_irq_reserve(bench.dev, VFIOPM_IRQ_MSIX, VECTORS));
		bench.enabled = true;
		for (unsigned changes = 1 + sim_bench_random(3); changes > 0 && bench.enabled;
		     changes--)
			one_change(&bench);
	}
	sim_bench_close(&bench);
}

/* ---- growth ---- */

static unsigned log2_up(unsigned n, unsigned k)
{
	unsigned log = 0;

	while (k << log < n)
		log++;
	return log;
}

static void growth(unsigned k, unsigned n, bool reserve)
{
	int events[64], before[64];
	struct sim_bench bench;
	unsigned start;

	sim_bench_open(&bench, "6.1", n);
	for (unsigned i = 0; i < n; i++)
		events[i] = before[i] = raw_eventfd();
	for (unsigned i = k; i < n; i++)
		before[i] = -1;
	if (reserve)
		expect_ok(vfiopm_irq_reserve(bench.dev, VFIOPM_IRQ_MSIX, n));
	expect_ok(vfiopm_irq_set_signaling_range(bench.dev, VFIOPM_IRQ_MSIX, 0, k, before));
	start = sim_set_irqs(bench.sim);
	for (unsigned i = k; i < n; i++) {
		unsigned one = sim_set_irqs(bench.sim);

		expect_ok(vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_MSIX, i, events[i]));
		one = sim_set_irqs(bench.sim) - one;
		/* Those that were down are signalled once, for what they may have missed. */
		for (unsigned j = 0; j <= i; j++)
			assert_int_equal(raw_take(events[j]), one > 1 && j < i);
		for (unsigned j = 0; j <= i; j++)
			assert_true(sim_bench_same(sim_bench_eventfd(&bench, j), events[j]));
	}
	assert_in_range(sim_set_irqs(bench.sim) - start, n - k,
			n - k + (reserve ? 0 : 2 * log2_up(n, k)));
	for (unsigned i = 0; i < n; i++)
		close(events[i]);
	sim_bench_close(&bench);
}

static void growth_is_logarithmic(void **state)
{
	(void)state;
	for (unsigned n = 2; n <= 64; n += n < 12 ? 1 : 13) {
		for (unsigned k = 1; k < n; k += k < 4 ? 1 : 7) {
			growth(k, n, false);
			growth(k, n, true);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_are_the_least),
		cmocka_unit_test(random_sequences_dynamic),
		cmocka_unit_test(random_sequences_noresize),
		cmocka_unit_test(growth_is_logarithmic),
	};

	return cmocka_run_group_tests_name("irq-property", tests, NULL, NULL);
}

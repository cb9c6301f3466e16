// SPDX-License-Identifier: MIT
/*
 * Properties of any sequence of changes, on the simulator: the number of SET_IRQS is the minimum,
 * and the library's cache equals what the kernel has.
 */
#include <string.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "raw.h"
#include "sim-fixture.h"
#include "sim.h"
#include "test.h"

/* ---- ranges, compared with brute force ---- */

#define TABLE 8

/* What a change does to a vector. */
enum { UNSET, KEPT, CHANGED };

/* The minimum number of ioctls, each over a range without a kept vector, that cover all changes.
 * All partitions of the table are tried. */
static unsigned fewest(const uint8_t *vectors, uint32_t count)
{
	unsigned best = TABLE + 1;

	if (count == 0)
		return 0;
	if (vectors[0] != CHANGED)
		return fewest(vectors + 1, count - 1);
	for (uint32_t end = 1; end <= count && vectors[end - 1] != KEPT; end++) {
		unsigned with = 1 + fewest(vectors + end, count - end);

		if (with < best)
			best = with;
	}
	return best;
}

/* Every combination of unset, kept and changed vectors. */
static void ranges_are_minimal(void **state)
{
	struct sim_fixture fixture;
	unsigned tables = 1;

	(void)state;
	sim_fixture_open(&fixture, "6.12", TABLE);
	for (uint32_t i = 0; i < TABLE; i++)
		tables *= 3;
	for (unsigned table = 0; table < tables; table++) {
		int before[TABLE], after[TABLE];
		uint8_t vectors[TABLE];
		unsigned rest = table, issued;

		for (uint32_t i = 0; i < TABLE; i++, rest /= 3) {
			vectors[i] = (uint8_t)(rest % 3);
			before[i] = vectors[i] == UNSET ? -1 : fixture.events[0];
			after[i] = vectors[i] == CHANGED ? fixture.events[1] : before[i];
		}
		expect_ok(vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0, TABLE,
							 before));
		issued = sim_set_irqs(fixture.sim);
		expect_ok(vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0, TABLE,
							 after));
		assert_int_equal(sim_set_irqs(fixture.sim) - issued, fewest(vectors, TABLE));
	}
	sim_fixture_close(&fixture);
}

/* ---- random sequences, each with the minimum of ioctls ---- */

static int random_eventfd(const struct sim_fixture *fixture)
{
	uint32_t pick = sim_fixture_random(EVENTS + 2);

	return pick < EVENTS ? fixture->events[pick] : -1;
}

static unsigned optimum(const struct sim_fixture *fixture, const int *wanted)
{
	uint8_t vectors[VECTORS];

	for (int i = 0; i < VECTORS; i++) {
		if (wanted[i] != fixture->expected[i])
			vectors[i] = CHANGED;
		else
			vectors[i] = wanted[i] >= 0 ? KEPT : UNSET;
	}
	return fewest(vectors, VECTORS);
}

static void set_some(const struct sim_fixture *fixture, int *wanted)
{
	uint32_t start = sim_fixture_random(VECTORS),
		 count = 1 + sim_fixture_random(VECTORS - start);

	for (uint32_t i = start; i < start + count; i++) {
		if (sim_fixture_random(3))
			wanted[i] = random_eventfd(fixture);
	}
	if (count == 1)
		expect_ok(vfiopm_irq_set_signaling(fixture->dev, VFIOPM_IRQ_MSIX, start,
						   wanted[start]));
	else
		expect_ok(vfiopm_irq_set_signaling_range(fixture->dev, VFIOPM_IRQ_MSIX, start,
							 count, wanted + start));
}

static void one_change(struct sim_fixture *fixture)
{
	unsigned before = sim_set_irqs(fixture->sim), calls = 1 + sim_fixture_random(3), best;
	int wanted[VECTORS];

	memcpy(wanted, fixture->expected, sizeof(wanted));
	if (sim_fixture_random(8) == 0) {
		expect_ok(vfiopm_irq_disable(fixture->dev, VFIOPM_IRQ_MSIX));
		best = fixture->enabled;
		fixture->enabled = false;
		for (int i = 0; i < VECTORS; i++)
			fixture->expected[i] = -1;
	} else {
		if (calls > 1)
			expect_ok(vfiopm_irq_begin(fixture->dev));
		for (unsigned i = 0; i < calls; i++)
			set_some(fixture, wanted);
		if (calls > 1)
			expect_ok(vfiopm_irq_commit(fixture->dev));
		best = optimum(fixture, wanted);
		fixture->enabled = fixture->enabled || best > 0;
		memcpy(fixture->expected, wanted, sizeof(wanted));
	}
	assert_int_equal(sim_set_irqs(fixture->sim) - before, best);
	sim_fixture_check(fixture);
}

#define SEQUENCES 100000

static void random_sequences_dynamic(void **state)
{
	struct sim_fixture fixture;

	(void)state;
	sim_fixture_open(&fixture, "6.12", VECTORS);
	for (unsigned i = 0; i < SEQUENCES / 2; i++) {
		for (unsigned changes = 1 + sim_fixture_random(3); changes > 0; changes--)
			one_change(&fixture);
	}
	sim_fixture_close(&fixture);
}

/* All vectors are allocated; growth is tested below. A disable frees them. */
static void random_sequences_noresize(void **state)
{
	struct sim_fixture fixture;

	(void)state;
	sim_fixture_open(&fixture, "6.1", VECTORS);
	for (unsigned i = 0; i < SEQUENCES / 2; i++) {
		expect_ok(vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, VECTORS));
		fixture.enabled = true;
		for (unsigned changes = 1 + sim_fixture_random(3); changes > 0 && fixture.enabled;
		     changes--)
			one_change(&fixture);
	}
	sim_fixture_close(&fixture);
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
	struct sim_fixture fixture;
	unsigned start;

	sim_fixture_open(&fixture, "6.1", n);
	for (unsigned i = 0; i < n; i++)
		events[i] = before[i] = raw_eventfd();
	for (unsigned i = k; i < n; i++)
		before[i] = -1;
	if (reserve)
		expect_ok(vfiopm_irq_reserve(fixture.dev, VFIOPM_IRQ_MSIX, n));
	expect_ok(vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0, k, before));
	start = sim_set_irqs(fixture.sim);
	for (unsigned i = k; i < n; i++) {
		unsigned one = sim_set_irqs(fixture.sim);

		expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, i, events[i]));
		one = sim_set_irqs(fixture.sim) - one;
		/* Vectors that were down are signaled once: interrupts of the gap are unknown. */
		for (unsigned j = 0; j <= i; j++)
			assert_int_equal(raw_take(events[j]), one > 1 && j < i);
		for (unsigned j = 0; j <= i; j++)
			assert_true(sim_fixture_same(sim_fixture_eventfd(&fixture, j), events[j]));
	}
	assert_in_range(sim_set_irqs(fixture.sim) - start, n - k,
			n - k + (reserve ? 0 : 2 * log2_up(n, k)));
	for (unsigned i = 0; i < n; i++)
		close(events[i]);
	sim_fixture_close(&fixture);
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
		cmocka_unit_test(ranges_are_minimal),
		cmocka_unit_test(random_sequences_dynamic),
		cmocka_unit_test(random_sequences_noresize),
		cmocka_unit_test(growth_is_logarithmic),
	};

	return cmocka_run_group_tests_name("irq-property", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * What a guest's masks cost the VMM, in each way: a mask and an unmask alone, and three guests:
 * one that masks seldom, one that masks at each interrupt, one that changes its mind. One run,
 * side by side: in each round each way has its turn, and the median of the rounds counts, of
 * times and of ratios, as a machine is faster in one round than in another. What is measured are the library's calls and the look of the event loop at its fd; not how the
 * device raises an interrupt, nor what the guest does with it.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lib/uapi.h"
#include "msix-fixture.h"
#include "testbed.h"

#define WAYS   5
#define ROUNDS 11

static const struct {
	const char *name;
	uint32_t policy;
	bool routes; /* are set at each unmask, as QEMU does (kvm_irqchip_commit_routes()) */
} ways[WAYS] = {
	{ "QEMU", VFIOPM_MSIX_POLICY_BYPASS_SWAP, true },
	{ "swap", VFIOPM_MSIX_POLICY_BYPASS_SWAP, false },
	{ "hold", VFIOPM_MSIX_POLICY_BYPASS, false },
	{ "relay", VFIOPM_MSIX_POLICY_NO_BYPASS, false },
	{ "auto", VFIOPM_MSIX_POLICY_AUTO, false },
};

#define SWAP 1 /* what the others are measured by */

/* Of one way in one round. */
struct result {
	double ns;
	uint64_t set_irqs, irqfds, changes;
};

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* The kernel signals the eventfd as the interrupt would, and is done when it returns. */
static void raise_one(const struct msix_fixture *fixture)
{
	expect_ok(raw_set_irqs(fixture->irq.raw.device, VFIO_PCI_MSIX_IRQ_INDEX,
			       VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 0, 1, NULL));
}

static double look(const struct msix_fixture *fixture)
{
	struct pollfd pollfd = { .fd = vfiopm_msix_get_fd(fixture->msix), .events = POLLIN };
	double begin = now_ns();

	/* An event loop that has nothing to do does not wake. */
	if (poll(&pollfd, 1, 0) == 0)
		return 0;
	assert_true(vfiopm_msix_dispatch(fixture->msix) >= 0);
	return now_ns() - begin;
}

static bool sets_routes;

static double mask_and_unmask(const struct msix_fixture *fixture)
{
	double begin = now_ns();

	expect_ok(vfiopm_msix_mask(fixture->msix, 0));
	if (sets_routes)
		guest_set_routes(fixture->guest);
	expect_ok(vfiopm_msix_unmask(fixture->msix, 0));
	return now_ns() - begin;
}

/* As a guest's, masks are some time apart: in a row the grace periods that KVM waits for, to
 * detach an irqfd, get in one another's way. */
static double run(const struct msix_fixture *fixture, unsigned cycles, unsigned interrupts)
{
	double ns = 0;

	for (unsigned i = 0; i < cycles; i++) {
		for (unsigned j = 0; j < interrupts; j++) {
			raise_one(fixture);
			ns += look(fixture);
		}
		usleep(50);
		ns += mask_and_unmask(fixture);
	}
	return ns;
}

/* ---- guests ---- */

#define CYCLES 1000

static double only_masks(const struct msix_fixture *fixture)
{
	return run(fixture, CYCLES, 0);
}

static double masks_seldom(const struct msix_fixture *fixture)
{
	return run(fixture, 1500, 30);
}

static double masks_each_time(const struct msix_fixture *fixture)
{
	return run(fixture, 3000, 1);
}

static double changes_its_mind(const struct msix_fixture *fixture)
{
	double ns = 0;

	for (int i = 0; i < 3; i++)
		ns += run(fixture, 1000, 1) + run(fixture, 250, 30);
	return ns;
}

/* ---- rounds ---- */

/* The guest's processor does not run: here there is but one for both. */
static struct result run_in_this_way(double (*guest)(const struct msix_fixture *fixture), int way,
				     unsigned before)
{
	struct msix_fixture fixture;
	struct result result;

	msix_fixture_open(&fixture);
	guest_halt(fixture.guest);
	msix_begin(&fixture, ways[way].policy);
	sets_routes = ways[way].routes;
	run(&fixture, before, 0);
	result.set_irqs = irq_issued(&fixture.irq);
	result.irqfds = msix_stat(&fixture, VFIOPM_MSIX_STAT_ATTACHES) +
			msix_stat(&fixture, VFIOPM_MSIX_STAT_DETACHES);
	result.ns = guest(&fixture);
	result.set_irqs = irq_issued(&fixture.irq) - result.set_irqs;
	result.irqfds = msix_stat(&fixture, VFIOPM_MSIX_STAT_ATTACHES) +
			msix_stat(&fixture, VFIOPM_MSIX_STAT_DETACHES) - result.irqfds;
	result.changes = msix_stat(&fixture, VFIOPM_MSIX_STAT_CHANGES);
	msix_fixture_close(&fixture);
	return result;
}

static void run_rounds(double (*guest)(const struct msix_fixture *fixture), unsigned before,
		       struct result results[ROUNDS][WAYS])
{
	for (int round = 0; round < ROUNDS; round++) {
		/* No way is always the one that comes after the same other. */
		for (int turn = 0; turn < WAYS; turn++) {
			int way = (turn * (1 + round % (WAYS - 1)) + round) % WAYS;

			results[round][way] = run_in_this_way(guest, way, before);
		}
	}
}

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return a < b ? -1 : a > b;
}

static double median(double values[ROUNDS])
{
	qsort(values, ROUNDS, sizeof(values[0]), compare_doubles);
	return values[ROUNDS / 2];
}

static double median_ns(struct result results[ROUNDS][WAYS], int way)
{
	double values[ROUNDS];

	for (int round = 0; round < ROUNDS; round++)
		values[round] = results[round][way].ns;
	return median(values);
}

static double median_ratio(struct result results[ROUNDS][WAYS], int way, int other)
{
	double values[ROUNDS];

	for (int round = 0; round < ROUNDS; round++)
		values[round] = results[round][way].ns / results[round][other].ns;
	return median(values);
}

static void one_cycle(void **state)
{
	struct result results[ROUNDS][WAYS];

	(void)state;
	/* Auto is past its beginning, where it finds out. */
	run_rounds(only_masks, 50, results);
	printf("# a mask and an unmask, Linux %s%s\n", testbed_kernel(),
	       testbed_is_simulated() ? ", simulated: the ioctls are no kernel's" : "");
	for (int way = 0; way < WAYS; way++)
		printf("%-6s %10.0f ns %6.2f SET_IRQS %6.2f KVM_IRQFD %8.1f times as fast as "
		       "swap%s\n",
		       ways[way].name, median_ns(results, way) / CYCLES,
		       (double)results[0][way].set_irqs / CYCLES,
		       (double)results[0][way].irqfds / CYCLES, median_ratio(results, SWAP, way),
		       ways[way].routes ? ", 1.00 KVM_SET_GSI_ROUTING" : "");
}

static void compare(const char *name, double (*guest)(const struct msix_fixture *fixture))
{
	struct result results[ROUNDS][WAYS];
	int best = 0;

	run_rounds(guest, 0, results);
	printf("# a guest that %s\n", name);
	for (int way = 0; way < WAYS; way++) {
		printf("%-6s %10.1f ms %8lu SET_IRQS %8lu KVM_IRQFD", ways[way].name,
		       median_ns(results, way) / 1e6, (unsigned long)results[0][way].set_irqs,
		       (unsigned long)results[0][way].irqfds);
		if (ways[way].policy == VFIOPM_MSIX_POLICY_AUTO)
			printf(" %4lu changes of the way, %+.1f %% against %s, the best of the "
			       "others",
			       (unsigned long)results[0][way].changes,
			       100 * (median_ratio(results, way, best) - 1), ways[best].name);
		else if (median_ns(results, way) < median_ns(results, best))
			best = way;
		printf("\n");
	}
}

static void guests(void **state)
{
	(void)state;
	compare("masks once in 30 interrupts", masks_seldom);
	compare("masks at each interrupt", masks_each_time);
	compare("does now the one, now the other", changes_its_mind);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(one_cycle),
		ON_TESTBED(guests),
	};

	return cmocka_run_group_tests_name("bench-msix", tests, NULL, NULL);
}

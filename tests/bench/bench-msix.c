// SPDX-License-Identifier: MIT
/*
 * What a guest's masks cost the VMM, in each way: a mask and an unmask alone, and three guests:
 * one that masks seldom, one that masks at each interrupt, one that changes its mind. One run,
 * side by side: in each round each way has its turn, and the median of the rounds counts. What
 * is measured are the library's calls and the look of the event loop at its fd; not how the
 * device raises an interrupt, nor what the guest does with it.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lib/uapi.h"
#include "msix.h"
#include "world.h"

#define WAYS   5
#define ROUNDS 5

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
static void raise_one(const struct msix_bench *bench)
{
	expect_ok(raw_set_irqs(bench->irq.raw.device, VFIO_PCI_MSIX_IRQ_INDEX,
			       VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 0, 1, NULL));
}

static double look(const struct msix_bench *bench)
{
	struct pollfd pollfd = { .fd = vfiopm_msix_get_fd(bench->msix), .events = POLLIN };
	double begin = now_ns();

	/* An event loop that has nothing to do does not wake. */
	if (poll(&pollfd, 1, 0) == 0)
		return 0;
	assert_true(vfiopm_msix_dispatch(bench->msix) >= 0);
	return now_ns() - begin;
}

static bool sets_routes;

static double mask_and_unmask(const struct msix_bench *bench)
{
	double begin = now_ns();

	expect_ok(vfiopm_msix_mask(bench->msix, 0));
	if (sets_routes)
		guest_set_routes(bench->guest);
	expect_ok(vfiopm_msix_unmask(bench->msix, 0));
	return now_ns() - begin;
}

/* As a guest's, masks are some time apart: in a row the grace periods that KVM waits for, to
 * detach an irqfd, get in one another's way. */
static double run(const struct msix_bench *bench, unsigned cycles, unsigned interrupts)
{
	double ns = 0;

	for (unsigned i = 0; i < cycles; i++) {
		for (unsigned j = 0; j < interrupts; j++) {
			raise_one(bench);
			ns += look(bench);
		}
		usleep(50);
		ns += mask_and_unmask(bench);
	}
	return ns;
}

/* ---- guests ---- */

#define CYCLES 1000

static double only_masks(const struct msix_bench *bench)
{
	return run(bench, CYCLES, 0);
}

static double masks_seldom(const struct msix_bench *bench)
{
	return run(bench, 1500, 30);
}

static double masks_each_time(const struct msix_bench *bench)
{
	return run(bench, 3000, 1);
}

static double changes_its_mind(const struct msix_bench *bench)
{
	double ns = 0;

	for (int i = 0; i < 3; i++)
		ns += run(bench, 1000, 1) + run(bench, 250, 30);
	return ns;
}

/* ---- rounds ---- */

/* The guest's processor does not run: here there is but one for both. */
static struct result run_in_this_way(double (*guest)(const struct msix_bench *bench), int way, unsigned before)
{
	struct msix_bench bench;
	struct result result;

	msix_bench_open(&bench);
	guest_halt(bench.guest);
	msix_begin(&bench, ways[way].policy);
	sets_routes = ways[way].routes;
	run(&bench, before, 0);
	result.set_irqs = irq_issued(&bench.irq);
	result.irqfds = msix_stat(&bench, VFIOPM_MSIX_STAT_ATTACHES) + msix_stat(&bench, VFIOPM_MSIX_STAT_DETACHES);
	result.ns = guest(&bench);
	result.set_irqs = irq_issued(&bench.irq) - result.set_irqs;
	result.irqfds = msix_stat(&bench, VFIOPM_MSIX_STAT_ATTACHES) +
			msix_stat(&bench, VFIOPM_MSIX_STAT_DETACHES) - result.irqfds;
	result.changes = msix_stat(&bench, VFIOPM_MSIX_STAT_CHANGES);
	msix_bench_close(&bench);
	return result;
}

static int compare_ns(const void *left, const void *right)
{
	double a = ((const struct result *)left)->ns, b = ((const struct result *)right)->ns;

	return a < b ? -1 : a > b;
}

static void run_rounds(double (*guest)(const struct msix_bench *bench), unsigned before, struct result *medians)
{
	struct result results[WAYS][ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		for (int way = 0; way < WAYS; way++)
			results[way][round] = run_in_this_way(guest, way, before);
	}
	for (int way = 0; way < WAYS; way++) {
		qsort(results[way], ROUNDS, sizeof(results[way][0]), compare_ns);
		medians[way] = results[way][ROUNDS / 2];
	}
}

static void one_cycle(void **state)
{
	struct result medians[WAYS];

	(void)state;
	/* Auto is past its beginning, where it finds out. */
	run_rounds(only_masks, 50, medians);
	printf("# a mask and an unmask, Linux %s%s\n", world_kernel(),
	       world_is_simulated() ? ", simulated: the ioctls are no kernel's" : "");
	for (int way = 0; way < WAYS; way++)
		printf("%-6s %10.0f ns %6.2f SET_IRQS %6.2f KVM_IRQFD %8.1f times as fast as swap%s\n", ways[way].name,
		       medians[way].ns / CYCLES, (double)medians[way].set_irqs / CYCLES,
		       (double)medians[way].irqfds / CYCLES, medians[SWAP].ns / medians[way].ns,
		       ways[way].routes ? ", 1.00 KVM_SET_GSI_ROUTING" : "");
}

static void compare(const char *name, double (*guest)(const struct msix_bench *bench))
{
	struct result medians[WAYS];
	double best;

	run_rounds(guest, 0, medians);
	best = medians[0].ns;
	printf("# a guest that %s\n", name);
	for (int way = 0; way < WAYS; way++) {
		printf("%-6s %10.1f ms %8lu SET_IRQS %8lu KVM_IRQFD", ways[way].name, medians[way].ns / 1e6,
		       (unsigned long)medians[way].set_irqs, (unsigned long)medians[way].irqfds);
		if (ways[way].policy == VFIOPM_MSIX_POLICY_AUTO)
			printf(" %4lu changes of the way, %+.1f %% against the best of the others",
			       (unsigned long)medians[way].changes, 100 * (medians[way].ns / best - 1));
		else if (medians[way].ns < best)
			best = medians[way].ns;
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
		IN_WORLD(one_cycle),
		IN_WORLD(guests),
	};

	return cmocka_run_group_tests_name("bench-msix", tests, NULL, NULL);
}

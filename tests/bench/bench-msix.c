// SPDX-License-Identifier: MIT
/*
 * What a guest's masks cost the VMM: a mask and an unmask alone, and three guests, of which one
 * masks seldom, one masks at each interrupt, and one alternates. The methods are the library's
 * policies and the rivals': to swap the eventfd that VFIO signals, alone or with the route set
 * again as QEMU does. All methods run in one process. Each round runs each method, and the median
 * of the rounds counts, for times and for ratios. Measured are the calls of the VMM and the
 * poll of the event loop, not how the device raises an interrupt or what the guest does with it.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lib/uapi.h"
#include "msix-fixture.h"
#include "testbed.h"

#define METHODS 5
#define ROUNDS	11

static const struct {
	const char *name;
	bool swaps;	 /* a rival: no object of the library is involved */
	bool sets_route; /* at each unmask, as QEMU does (kvm_irqchip_commit_routes()) */
	uint32_t policy;
} methods[METHODS] = {
	{ "QEMU", true, true, 0 },
	{ "swap", true, false, 0 },
	{ "hold", false, false, VFIOPM_MSIX_POLICY_HOLD },
	{ "relay", false, false, VFIOPM_MSIX_POLICY_RELAY },
	{ "auto", false, false, VFIOPM_MSIX_POLICY_AUTO },
};

#define SWAP 1 /* the reference of the ratios */

/* One method in one round. */
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

/* The kernel signals the eventfd as the interrupt would, before it returns. */
static void raise_one(const struct msix_fixture *fixture)
{
	expect_ok(raw_set_irqs(fixture->irq.raw.device, VFIO_PCI_MSIX_IRQ_INDEX,
			       VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 0, 1, NULL));
}

static double run_event_loop(const struct msix_fixture *fixture)
{
	struct pollfd pollfd = { .fd = vfiopm_msix_get_fd(fixture->msix), .events = POLLIN };
	double begin = now_ns();

	/* An event loop without work does not wake. */
	if (poll(&pollfd, 1, 0) == 0)
		return 0;
	assert_true(vfiopm_msix_dispatch(fixture->msix) >= 0);
	return now_ns() - begin;
}

/* ---- the rivals' method ---- */

static uint64_t rival_set_irqs;
static bool is_rival, sets_route;

static void rival_trigger(const struct msix_fixture *fixture, int event)
{
	int32_t fd = fixture->irq.events[event];

	rival_set_irqs++;
	expect_ok(raw_set_irqs(fixture->irq.raw.device, VFIO_PCI_MSIX_IRQ_INDEX,
			       VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, 0, 1, &fd));
}

static void rival_begin(const struct msix_fixture *fixture)
{
	rival_trigger(fixture, 0);
	expect_ok(vfiopm_kvm_attach(fixture->kvm, 0, fixture->irq.events[0]));
}

static void rival_end(const struct msix_fixture *fixture)
{
	expect_ok(vfiopm_kvm_detach(fixture->kvm, 0, fixture->irq.events[0]));
	expect_ok(raw_set_irqs(fixture->irq.raw.device, VFIO_PCI_MSIX_IRQ_INDEX,
			       VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 0, 0, NULL));
}

static double mask_and_unmask(const struct msix_fixture *fixture)
{
	double begin = now_ns();

	if (is_rival)
		rival_trigger(fixture, 1);
	else
		expect_ok(vfiopm_msix_mask(fixture->msix, 0));
	if (sets_route)
		guest_set_routes(fixture->guest);
	if (is_rival)
		rival_trigger(fixture, 0);
	else
		expect_ok(vfiopm_msix_unmask(fixture->msix, 0));
	return now_ns() - begin;
}

/* Masks are some time apart, as a guest's are: in a row, the grace periods that KVM waits for to
 * detach an irqfd would delay one another. */
static double run(const struct msix_fixture *fixture, unsigned cycles, unsigned interrupts)
{
	double ns = 0;

	for (unsigned i = 0; i < cycles; i++) {
		for (unsigned j = 0; j < interrupts; j++) {
			raise_one(fixture);
			ns += run_event_loop(fixture);
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

static double alternates(const struct msix_fixture *fixture)
{
	double ns = 0;

	for (int i = 0; i < 3; i++)
		ns += run(fixture, 1000, 1) + run(fixture, 250, 30);
	return ns;
}

/* ---- rounds ---- */

static uint64_t count_irqfds(const struct msix_fixture *fixture)
{
	return msix_stats(fixture).attaches + msix_stats(fixture).detaches;
}

/* The guest's processor does not run: the machine has one processor for both. */
static struct result run_method(double (*guest)(const struct msix_fixture *fixture), int method,
				unsigned before)
{
	struct msix_fixture fixture;
	struct result result;

	msix_fixture_open(&fixture);
	guest_halt(fixture.guest);
	is_rival = methods[method].swaps;
	sets_route = methods[method].sets_route;
	if (is_rival)
		rival_begin(&fixture);
	else
		msix_begin(&fixture, methods[method].policy);
	run(&fixture, before, 0);
	rival_set_irqs = 0;
	result.set_irqs = irq_issued(&fixture.irq);
	result.irqfds = count_irqfds(&fixture);
	result.ns = guest(&fixture);
	result.set_irqs = irq_issued(&fixture.irq) - result.set_irqs + rival_set_irqs;
	result.irqfds = count_irqfds(&fixture) - result.irqfds;
	result.changes = msix_stats(&fixture).mode_changes;
	if (is_rival)
		rival_end(&fixture);
	msix_fixture_close(&fixture);
	return result;
}

static void run_rounds(double (*guest)(const struct msix_fixture *fixture), unsigned before,
		       struct result results[ROUNDS][METHODS])
{
	for (int round = 0; round < ROUNDS; round++) {
		/* The order changes, so that no method always follows the same other. */
		for (int turn = 0; turn < METHODS; turn++) {
			int method = (turn * (1 + round % (METHODS - 1)) + round) % METHODS;

			results[round][method] = run_method(guest, method, before);
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

static double median_ns(struct result results[ROUNDS][METHODS], int method)
{
	double values[ROUNDS];

	for (int round = 0; round < ROUNDS; round++)
		values[round] = results[round][method].ns;
	return median(values);
}

static double median_ratio(struct result results[ROUNDS][METHODS], int method, int other)
{
	double values[ROUNDS];

	for (int round = 0; round < ROUNDS; round++)
		values[round] = results[round][method].ns / results[round][other].ns;
	return median(values);
}

static void one_cycle(void **state)
{
	struct result results[ROUNDS][METHODS];

	(void)state;
	/* Auto has made its choice before the measurement begins. */
	run_rounds(only_masks, 50, results);
	printf("# a mask and an unmask, Linux %s%s\n", testbed_kernel(),
	       testbed_is_simulated() ? ", simulated: the ioctls are no kernel's" : "");
	for (int method = 0; method < METHODS; method++)
		printf("%-6s %10.0f ns %6.2f SET_IRQS %6.2f KVM_IRQFD %8.1f times as fast as "
		       "swap%s\n",
		       methods[method].name, median_ns(results, method) / CYCLES,
		       (double)results[0][method].set_irqs / CYCLES,
		       (double)results[0][method].irqfds / CYCLES,
		       median_ratio(results, SWAP, method),
		       methods[method].sets_route ? ", 1.00 KVM_SET_GSI_ROUTING" : "");
}

static void compare(const char *name, double (*guest)(const struct msix_fixture *fixture))
{
	struct result results[ROUNDS][METHODS];
	int best = 0;

	run_rounds(guest, 0, results);
	printf("# a guest that %s\n", name);
	for (int method = 0; method < METHODS; method++) {
		printf("%-6s %10.1f ms %8lu SET_IRQS %8lu KVM_IRQFD", methods[method].name,
		       median_ns(results, method) / 1e6, (unsigned long)results[0][method].set_irqs,
		       (unsigned long)results[0][method].irqfds);
		if (method == METHODS - 1)
			printf(" %4lu changes of the mode, %+.1f %% against %s, the best of the "
			       "others",
			       (unsigned long)results[0][method].changes,
			       100 * (median_ratio(results, method, best) - 1), methods[best].name);
		else if (median_ns(results, method) < median_ns(results, best))
			best = method;
		printf("\n");
	}
}

static void guests(void **state)
{
	(void)state;
	compare("masks once in 30 interrupts", masks_seldom);
	compare("masks at each interrupt", masks_each_time);
	compare("alternates between the two", alternates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(one_cycle),
		ON_TESTBED(guests),
	};

	return cmocka_run_group_tests_name("bench-msix", tests, NULL, NULL);
}

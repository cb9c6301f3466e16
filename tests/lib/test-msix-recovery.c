// SPDX-License-Identifier: MIT
/*
 * MSI-X masking after the worst, on the simulator: when a SET_IRQS fails and what was cannot be
 * put back, a delivery fails, or the hypervisor delivers late. Nothing is to be lost for longer
 * than until the next call.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "msix-fixture.h"
#include "sim.h"
#include "testbed-sim.h"
#include "testbed.h"

static void cycle(struct msix_fixture *fixture)
{
	expect_ok(vfiopm_msix_mask(fixture->msix, 0));
	expect_ok(vfiopm_msix_unmask(fixture->msix, 0));
}

static int kernels_eventfd(uint32_t vector)
{
	return sim_irq_eventfd(testbed_sim_device(), VFIOPM_IRQ_MSIX, vector);
}

/* It works: what is raised comes, masked or not. */
static void expect_alive(struct msix_fixture *fixture, uint32_t vector)
{
	unsigned had = guest_interrupts(fixture->guest, vector);

	msix_fire(fixture, vector);
	msix_dispatch_all(fixture);
	msix_guest_has(fixture, vector, had + 1);
	expect_ok(vfiopm_msix_mask(fixture->msix, vector));
	msix_fire(fixture, vector);
	msix_dispatch_all(fixture);
	assert_int_equal(vfiopm_msix_is_pending(fixture->msix, vector), 1);
	expect_ok(vfiopm_msix_unmask(fixture->msix, vector));
	msix_dispatch_all(fixture);
	msix_guest_has(fixture, vector, had + 2);
}

/* ---- a trigger that is lost ---- */

/* The change fails, and so does each try to put back what was, so often. */
static void lose_by_mask(uint32_t policy, unsigned cycles, unsigned failures)
{
	struct msix_fixture fixture;
	int r;

	msix_fixture_open(&fixture);
	msix_begin(&fixture, policy);
	for (unsigned i = 0; i < cycles; i++)
		cycle(&fixture);
	sim_fail_vector(testbed_sim_device(), 0, ENOMEM, failures);
	r = vfiopm_msix_mask(fixture.msix, 0);
	sim_fail_vector(testbed_sim_device(), 0, 0, 0);
	assert_true(r == 0 || r == -ENOMEM);
	/* What it says is so: it is masked, or it is not. */
	if (r == 0)
		expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	/* The next call finds what the last could not do. */
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	assert_true(kernels_eventfd(0) >= 0);
	/* What it raised meanwhile nobody knows, so that there is one. */
	msix_dispatch_all(&fixture);
	expect_alive(&fixture, 0);
	msix_fixture_close(&fixture);
}

static void a_lost_trigger_comes_back(void **state)
{
	(void)state;
	for (unsigned failures = 1; failures < 12; failures++) {
		lose_by_mask(VFIOPM_MSIX_POLICY_BYPASS_SWAP, 0, failures);
		/* The sixteenth mask changes the way. */
		lose_by_mask(VFIOPM_MSIX_POLICY_AUTO, 15, failures);
	}
}

/* By swap, and what undoes it fails too: masked it is all the same. */
static void an_unmask_that_fails_leaves_it_masked(void **state)
{
	unsigned had;

	(void)state;
	for (unsigned failures = 1; failures < 8; failures++) {
		struct msix_fixture fixture;
		bool is_lost;
		int r;

		msix_fixture_open(&fixture);
		msix_begin(&fixture, VFIOPM_MSIX_POLICY_BYPASS_SWAP);
		expect_ok(vfiopm_msix_mask(fixture.msix, 0));
		had = guest_interrupts(fixture.guest, 0);
		sim_fail_vector(testbed_sim_device(), 0, ENOMEM, failures);
		r = vfiopm_msix_unmask(fixture.msix, 0);
		sim_fail_vector(testbed_sim_device(), 0, 0, 0);
		expect_errno(ENOMEM, r);
		/* What the device then keeps to itself comes, and one for what nobody knows. */
		is_lost = kernels_eventfd(0) < 0;
		msix_fire(&fixture, 0);
		msix_dispatch_all(&fixture);
		msix_guest_has(&fixture, 0, had);
		expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
		msix_dispatch_all(&fixture);
		msix_guest_has(&fixture, 0, had + 1 + is_lost);
		expect_alive(&fixture, 0);
		msix_fixture_close(&fixture);
	}
}

/* An irqfd that is full, and a kernel that has memory for one SET_IRQS at a time. */
static int attach_full(void *data, uint32_t vector, int irqfd)
{
	bool *attached = data;

	(void)vector;
	*attached = true;
	raw_take(irqfd);
	raw_add(irqfd, UINT64_MAX - 1);
	return 0;
}

static int detach_full(void *data, uint32_t vector, int irqfd)
{
	bool *attached = data;

	(void)vector;
	*attached = false;
	raw_take(irqfd);
	return 0;
}

static void fail_the_next(void *data, uint32_t event, const char *call, int result)
{
	(void)data;
	(void)call;
	if (event == VFIOPM_TRACE_ISSUED && result == 0)
		sim_fail_vector(testbed_sim_device(), 0, ENOMEM, 1);
}

static void an_irqfd_that_stays_the_trigger_is_detached(void **state)
{
	struct msix_fixture fixture;
	bool attached = false;

	(void)state;
	msix_fixture_open(&fixture);
	msix_fixture_restart(&fixture);
	expect_ok(vfiopm_msix_set_irqfd(fixture.msix, attach_full, detach_full, &attached));
	msix_begin(&fixture, VFIOPM_MSIX_POLICY_BYPASS_SWAP);
	expect_ok(vfiopm_msix_mask(fixture.msix, 0));
	msix_fire(&fixture, 0);
	assert_true(attached);
	expect_ok(vfiopm_device_set_trace(fixture.irq.dev, fail_the_next, NULL));
	/* Such an attach is none: no page has this errno. */
	assert_int_equal(vfiopm_msix_unmask(fixture.msix, 0), -EAGAIN);
	assert_false(attached);
	sim_fail_vector(testbed_sim_device(), 0, 0, 0);
	/* What came by the irqfd, or was to, is pending still. */
	assert_int_equal(vfiopm_msix_is_pending(fixture.msix, 0), 1);
	msix_fixture_close(&fixture);
}

/* Where the index cannot be resized (6.1) it is disabled to grow: others are down with it. */
static void a_failed_growth_costs_nobody_his(void **state)
{
	struct msix_fixture fixture;

	(void)state;
	testbed_end();
	assert_int_equal(setenv("VFIOPM_SIM_KERNEL", "6.1", 1), 0);
	testbed_begin();
	for (unsigned failures = 1; failures < 5; failures++) {
		msix_fixture_open(&fixture);
		msix_begin(&fixture, VFIOPM_MSIX_POLICY_BYPASS);
		sim_fail_vector(testbed_sim_device(), 0, ENOMEM, failures);
		expect_errno(ENOMEM, vfiopm_msix_use(fixture.msix, 1, 1));
		sim_fail_vector(testbed_sim_device(), 0, 0, 0);
		/* Mended at once, or by the next call. */
		cycle(&fixture);
		assert_true(kernels_eventfd(0) >= 0);
		expect_ok(vfiopm_msix_use(fixture.msix, 1, 1));
		expect_alive(&fixture, 0);
		expect_ok(vfiopm_msix_unmask(fixture.msix, 1));
		expect_alive(&fixture, 1);
		msix_fixture_close(&fixture);
	}
	unsetenv("VFIOPM_SIM_KERNEL");
}

/* ---- a delivery that fails ---- */

struct delivery {
	int answer;
	unsigned calls, delivered;
};

static int deliver(void *data, uint32_t vector)
{
	struct delivery *delivery = data;

	(void)vector;
	delivery->calls++;
	delivery->delivered += delivery->answer == 0;
	return delivery->answer;
}

static void what_is_not_delivered_waits(void **state)
{
	struct delivery delivery = { .answer = -EAGAIN };
	struct msix_fixture fixture;

	(void)state;
	msix_fixture_open(&fixture);
	msix_fixture_restart(&fixture);
	expect_ok(vfiopm_msix_set_deliver(fixture.msix, deliver, &delivery));
	expect_ok(vfiopm_msix_use(fixture.msix, 0, 1));
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	msix_fire(&fixture, 0);
	assert_int_equal(vfiopm_msix_dispatch(fixture.msix), -EAGAIN);
	assert_int_equal(delivery.calls, 1);
	assert_int_equal(msix_stat(&fixture, VFIOPM_MSIX_STAT_DELIVERED), 0);
	assert_int_equal(vfiopm_msix_unmask(fixture.msix, 0), -EAGAIN);
	assert_int_equal(delivery.calls, 2);
	delivery.answer = 0;
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	assert_int_equal(delivery.delivered, 1);
	assert_int_equal(msix_stat(&fixture, VFIOPM_MSIX_STAT_DELIVERED), 1);
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	assert_int_equal(delivery.calls, 3);
	msix_fixture_close(&fixture);
}

/* ---- a hypervisor that delivers late ---- */

/* As KVM may: what an irqfd has is delivered by a work that only detaching waits for. */
struct late {
	int irqfd;
	bool attached;
	unsigned queued, delivered;
};

static void work(struct late *late)
{
	late->delivered += late->queued;
	late->queued = 0;
}

static int attach_late(void *data, uint32_t vector, int irqfd)
{
	struct late *late = data;

	(void)vector;
	late->irqfd = irqfd;
	late->attached = true;
	if (raw_take(irqfd) > 0)
		late->queued = 1;
	return 0;
}

static int detach_late(void *data, uint32_t vector, int irqfd)
{
	struct late *late = data;

	(void)vector;
	if (raw_take(irqfd) > 0)
		late->queued = 1;
	work(late);
	late->attached = false;
	return 0;
}

/* Each mask of what an unmask has just let go; among them the one that changes the way. */
static void nothing_late_comes_after_a_mask(void **state)
{
	static const uint32_t policies[] = { VFIOPM_MSIX_POLICY_BYPASS, VFIOPM_MSIX_POLICY_AUTO };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct late late = { 0 };
		struct msix_fixture fixture;

		msix_fixture_open(&fixture);
		msix_fixture_restart(&fixture);
		expect_ok(vfiopm_msix_set_irqfd(fixture.msix, attach_late, detach_late, &late));
		msix_begin(&fixture, policies[i]);
		for (unsigned j = 0; j < 16; j++) {
			expect_ok(vfiopm_msix_mask(fixture.msix, 0));
			assert_int_equal(late.queued, 0);
			assert_int_equal(late.delivered, j);
			if (j == 15)
				break;
			msix_fire(&fixture, 0);
			expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
			assert_int_equal(late.queued, 1);
		}
		assert_int_equal(msix_way(&fixture, 0), policies[i] == VFIOPM_MSIX_POLICY_AUTO
								? VFIOPM_MSIX_WAY_RELAY
								: VFIOPM_MSIX_WAY_HOLD);
		msix_fixture_close(&fixture);
	}
}

/* ---- low power ---- */

/* A way that is not to be changed is not learnt either. */
static void nothing_is_learnt_in_low_power(void **state)
{
	struct msix_fixture fixture;
	unsigned masks = 0;

	(void)state;
	msix_fixture_open(&fixture);
	msix_begin(&fixture, VFIOPM_MSIX_POLICY_AUTO);
	for (unsigned i = 0; i < 16; i++)
		cycle(&fixture);
	assert_int_equal(msix_way(&fixture, 0), VFIOPM_MSIX_WAY_RELAY);
	sim_set_suspend(testbed_sim_device(), SIM_SUSPEND_NEVER);
	expect_ok(vfiopm_enter(fixture.irq.dev));
	for (unsigned i = 0; i < 1000; i++) {
		msix_fire(&fixture, 0);
		msix_dispatch_all(&fixture);
	}
	assert_int_equal(msix_way(&fixture, 0), VFIOPM_MSIX_WAY_RELAY);
	expect_ok(vfiopm_exit(fixture.irq.dev));
	while (msix_way(&fixture, 0) == VFIOPM_MSIX_WAY_RELAY) {
		msix_fire(&fixture, 0);
		msix_dispatch_all(&fixture);
	}
	/* Once in vain: twice as many masks as at first. */
	while (msix_way(&fixture, 0) == VFIOPM_MSIX_WAY_HOLD) {
		cycle(&fixture);
		masks++;
	}
	assert_int_equal(masks, 32);
	msix_fixture_close(&fixture);
}

/* From swap to hold it takes no SET_IRQS, so that the first mask asleep can do it. */
static void a_mask_asleep_does_not_swap(void **state)
{
	struct msix_fixture fixture;
	int wakeup = raw_eventfd();

	(void)state;
	msix_fixture_open(&fixture);
	msix_begin(&fixture, VFIOPM_MSIX_POLICY_BYPASS_SWAP);
	expect_ok(vfiopm_msix_set_policy(fixture.msix, VFIOPM_MSIX_POLICY_BYPASS));
	expect_ok(vfiopm_enter_wakeup(fixture.irq.dev, wakeup));
	expect_ok(vfiopm_msix_mask(fixture.msix, 0));
	assert_int_equal(msix_way(&fixture, 0), VFIOPM_MSIX_WAY_HOLD);
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	assert_int_equal(raw_take(wakeup), 0);
	expect_ok(vfiopm_exit(fixture.irq.dev));
	expect_alive(&fixture, 0);
	msix_fixture_close(&fixture);
	close(wakeup);
}

/* ---- the caller's eventfds ---- */

static void release_forgets_what_is_pending(void **state)
{
	static const uint32_t policies[] = { VFIOPM_MSIX_POLICY_BYPASS,
					     VFIOPM_MSIX_POLICY_NO_BYPASS };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct msix_fixture fixture;

		msix_fixture_open(&fixture);
		expect_ok(vfiopm_msix_set_eventfds(fixture.msix, 0, fixture.irq.events[0],
						   fixture.irq.events[1]));
		msix_begin(&fixture, policies[i]);
		expect_ok(vfiopm_msix_mask(fixture.msix, 0));
		msix_fire(&fixture, 0);
		assert_int_equal(vfiopm_msix_is_pending(fixture.msix, 0), 1);
		expect_ok(vfiopm_msix_release(fixture.msix, 0, 1));
		expect_ok(vfiopm_msix_use(fixture.msix, 0, 1));
		assert_int_equal(vfiopm_msix_is_pending(fixture.msix, 0), 0);
		expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
		msix_dispatch_all(&fixture);
		msix_guest_has(&fixture, 0, 0);
		expect_alive(&fixture, 0);
		msix_fixture_close(&fixture);
	}
}

static void one_eventfd_is_not_both(void **state)
{
	struct msix_fixture fixture;

	(void)state;
	msix_fixture_open(&fixture);
	expect_errno(EINVAL, vfiopm_msix_set_eventfds(fixture.msix, 0, fixture.irq.events[0],
						      fixture.irq.events[0]));
	expect_ok(vfiopm_msix_set_eventfds(fixture.msix, 0, -1, -1));
	msix_begin(&fixture, VFIOPM_MSIX_POLICY_BYPASS);
	expect_alive(&fixture, 0);
	msix_fixture_close(&fixture);
}

/* Where /proc is not mounted, as in a sandbox, what is an eventfd only the kernel finds out. */
static void eventfds_are_taken_without_proc(void **state)
{
	struct msix_fixture fixture;
	unsigned calls, asked = 0;

	(void)state;
	msix_fixture_open(&fixture);
	sim_calls_begin();
	expect_ok(vfiopm_msix_set_eventfds(fixture.msix, 0, fixture.irq.events[0],
					   fixture.irq.events[1]));
	calls = sim_calls_end();
	for (unsigned i = 0; i < calls; i++) {
		if (strcmp(sim_call_name(i), "readlink") != 0)
			continue;
		asked++;
		sim_calls_fail(i, ENOENT);
		expect_ok(vfiopm_msix_set_eventfds(fixture.msix, 0, fixture.irq.events[0],
						   fixture.irq.events[1]));
	}
	sim_calls_end();
	assert_int_equal(asked, 2);
	expect_errno(EBADF, vfiopm_msix_set_eventfds(fixture.msix, 0, raw_closed_fd(), -1));
	msix_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(a_lost_trigger_comes_back),
		ON_TESTBED(an_unmask_that_fails_leaves_it_masked),
		ON_TESTBED(an_irqfd_that_stays_the_trigger_is_detached),
		ON_TESTBED(a_failed_growth_costs_nobody_his),
		ON_TESTBED(what_is_not_delivered_waits),
		ON_TESTBED(nothing_late_comes_after_a_mask),
		ON_TESTBED(nothing_is_learnt_in_low_power),
		ON_TESTBED(a_mask_asleep_does_not_swap),
		ON_TESTBED(release_forgets_what_is_pending),
		ON_TESTBED(one_eventfd_is_not_both),
		ON_TESTBED(eventfds_are_taken_without_proc),
	};

	return cmocka_run_group_tests_name("msix-recovery", tests, NULL, NULL);
}

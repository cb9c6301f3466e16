// SPDX-License-Identifier: MIT
/*
 * Recovery of MSI-X masking, on the simulator. A SET_IRQS fails and so does the attempt to restore
 * the trigger, a delivery fails, or the hypervisor delivers late. The next call must restore the
 * vector.
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

static int kernel_eventfd(uint32_t vector)
{
	return sim_irq_eventfd(testbed_sim_device(), VFIOPM_IRQ_MSIX, vector);
}

/* The vector works: interrupts arrive while it is unmasked, and wait while it is masked. */
static void expect_works(struct msix_fixture *fixture, uint32_t vector)
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

/* ---- a lost trigger ---- */

/* Change the policy, so that the next mask changes the mode. That needs a SET_IRQS, which fails.
 * The attempts to restore the trigger also fail, until the failures are used up. Returns the
 * result of the mask. */
static int mask_with_failures(struct msix_fixture *fixture, uint32_t policy, unsigned failures)
{
	int r;

	expect_ok(vfiopm_msix_set_policy(fixture->msix, policy));
	sim_fail_vector(testbed_sim_device(), 0, ENOMEM, failures);
	r = vfiopm_msix_mask(fixture->msix, 0);
	sim_fail_vector(testbed_sim_device(), 0, 0, 0);
	assert_true(r == 0 || r == -ENOMEM);
	return r;
}

static void lose_by_mask(uint32_t from, uint32_t to, unsigned failures)
{
	struct msix_fixture fixture;

	msix_fixture_open(&fixture);
	msix_begin(&fixture, from);
	/* If the mask fails, the vector must stay unmasked. */
	if (mask_with_failures(&fixture, to, failures) == 0)
		expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	/* The next call retries the work that failed earlier. */
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	assert_true(kernel_eventfd(0) >= 0);
	/* Interrupts raised in the gap are unknown, so the library injects one. */
	msix_dispatch_all(&fixture);
	expect_works(&fixture, 0);
	msix_fixture_close(&fixture);
}

static void the_next_call_restores_a_lost_trigger(void **state)
{
	(void)state;
	for (unsigned failures = 1; failures < 12; failures++) {
		lose_by_mask(VFIOPM_MSIX_POLICY_HOLD, VFIOPM_MSIX_POLICY_RELAY, failures);
		lose_by_mask(VFIOPM_MSIX_POLICY_RELAY, VFIOPM_MSIX_POLICY_HOLD, failures);
	}
}

/* A mode change that fails is not an error if the vector can be masked in its present mode. */
static void a_failed_mode_change_keeps_the_mode(void **state)
{
	struct msix_fixture fixture;

	(void)state;
	msix_fixture_open(&fixture);
	msix_begin(&fixture, VFIOPM_MSIX_POLICY_HOLD);
	assert_int_equal(mask_with_failures(&fixture, VFIOPM_MSIX_POLICY_RELAY, 1), 0);
	assert_int_equal(msix_mode(&fixture, 0), VFIOPM_MSIX_MODE_HOLD);
	assert_int_equal(msix_stats(&fixture).mode_changes, 0);
	msix_fire(&fixture, 0);
	msix_dispatch_all(&fixture);
	msix_guest_has(&fixture, 0, 0);
	assert_int_equal(vfiopm_msix_is_pending(fixture.msix, 0), 1);
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	msix_guest_has(&fixture, 0, 1);
	expect_works(&fixture, 0);
	msix_fixture_close(&fixture);
}

/* While the trigger cannot be restored, an unmask fails, and the vector stays masked. */
static void a_failed_unmask_leaves_the_vector_masked(void **state)
{
	(void)state;
	for (unsigned failures = 1; failures < 8; failures++) {
		struct msix_fixture fixture;
		unsigned had;

		msix_fixture_open(&fixture);
		msix_begin(&fixture, VFIOPM_MSIX_POLICY_HOLD);
		expect_ok(vfiopm_msix_mask(fixture.msix, 0));
		sim_fail_vector(testbed_sim_device(), 0, ENOMEM, 100);
		expect_errno(ENOMEM, vfiopm_irq_set_signaling(fixture.irq.dev, VFIOPM_IRQ_MSIX, 0,
							      fixture.irq.events[0]));
		assert_int_equal(kernel_eventfd(0), -1);
		had = guest_interrupts(fixture.guest, 0);
		sim_fail_vector(testbed_sim_device(), 0, ENOMEM, failures);
		expect_errno(ENOMEM, vfiopm_msix_unmask(fixture.msix, 0));
		sim_fail_vector(testbed_sim_device(), 0, 0, 0);
		msix_guest_has(&fixture, 0, had);
		expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
		msix_guest_has(&fixture, 0, had + 1);
		expect_works(&fixture, 0);
		msix_fixture_close(&fixture);
	}
}

/* To grow an index that cannot be resized (6.1), the library disables the index. A failure can
 * therefore tear down the vectors in use. */
static void a_failed_growth_leaves_the_other_vectors_working(void **state)
{
	struct msix_fixture fixture;

	(void)state;
	testbed_end();
	assert_int_equal(setenv("VFIOPM_SIM_KERNEL", "6.1", 1), 0);
	testbed_begin();
	for (unsigned failures = 1; failures < 5; failures++) {
		msix_fixture_open(&fixture);
		msix_begin(&fixture, VFIOPM_MSIX_POLICY_HOLD);
		sim_fail_vector(testbed_sim_device(), 0, ENOMEM, failures);
		expect_errno(ENOMEM, vfiopm_msix_use(fixture.msix, 1, 1));
		sim_fail_vector(testbed_sim_device(), 0, 0, 0);
		/* The library restores the vector at once or in the next call. */
		cycle(&fixture);
		assert_true(kernel_eventfd(0) >= 0);
		expect_ok(vfiopm_msix_use(fixture.msix, 1, 1));
		expect_works(&fixture, 0);
		expect_ok(vfiopm_msix_unmask(fixture.msix, 1));
		expect_works(&fixture, 1);
		msix_fixture_close(&fixture);
	}
	unsetenv("VFIOPM_SIM_KERNEL");
}

/* ---- a delivery that fails ---- */

struct delivery {
	int result;
	unsigned calls, delivered;
};

static int deliver(void *data, uint32_t vector)
{
	struct delivery *delivery = data;

	(void)vector;
	delivery->calls++;
	delivery->delivered += delivery->result == 0;
	return delivery->result;
}

static void a_failed_delivery_stays_pending(void **state)
{
	const struct vfiopm_msix_ops ops = { .deliver = deliver };
	struct delivery delivery = { .result = -EAGAIN };
	struct msix_fixture fixture;

	(void)state;
	msix_fixture_open_with(&fixture, &ops, &delivery);
	expect_ok(vfiopm_msix_use(fixture.msix, 0, 1));
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	msix_fire(&fixture, 0);
	assert_int_equal(vfiopm_msix_dispatch(fixture.msix), -EAGAIN);
	assert_int_equal(delivery.calls, 1);
	assert_int_equal(msix_stats(&fixture).delivered, 0);
	assert_int_equal(vfiopm_msix_unmask(fixture.msix, 0), -EAGAIN);
	assert_int_equal(delivery.calls, 2);
	delivery.result = 0;
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	assert_int_equal(delivery.delivered, 1);
	assert_int_equal(msix_stats(&fixture).delivered, 1);
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	assert_int_equal(delivery.calls, 3);
	msix_fixture_close(&fixture);
}

/* ---- a function mask that fails midway ---- */

/* A hypervisor that refuses to detach the irqfd of one vector and to attach that of another. */
struct refusal {
	struct vfiopm_kvm *kvm;
	uint32_t detach_refused, attach_refused; /* vectors; VECTORS for none */
};

static int attach_or_refuse(void *data, uint32_t vector, int irqfd)
{
	struct refusal *refusal = data;

	if (refusal->attach_refused == vector)
		return -ENOSPC;
	return vfiopm_kvm_attach(refusal->kvm, vector, irqfd);
}

static int detach_or_refuse(void *data, uint32_t vector, int irqfd)
{
	struct refusal *refusal = data;

	if (refusal->detach_refused == vector)
		return -ENOMEM;
	return vfiopm_kvm_detach(refusal->kvm, vector, irqfd);
}

/* The function mask fails at vector 1, and its roll-back cannot unmask vector 0. */
static void the_next_call_rolls_back_a_failed_function_mask(void **state)
{
	const struct vfiopm_msix_ops ops = { .attach = attach_or_refuse,
					     .detach = detach_or_refuse };
	struct refusal refusal = { .detach_refused = VECTORS, .attach_refused = VECTORS };
	struct msix_fixture fixture;

	(void)state;
	for (unsigned call = 0; call < 3; call++) {
		msix_fixture_open_with(&fixture, &ops, &refusal);
		refusal.kvm = fixture.kvm;
		expect_ok(vfiopm_msix_use(fixture.msix, 0, 3));
		for (uint32_t i = 0; i < 3; i++)
			expect_ok(vfiopm_msix_unmask(fixture.msix, i));
		refusal.detach_refused = 1;
		refusal.attach_refused = 0;
		expect_errno(ENOMEM, vfiopm_msix_set_function_mask(fixture.msix, 1));
		refusal.detach_refused = refusal.attach_refused = VECTORS;
		msix_fire(&fixture, 0);
		/* A call on another vector, or a dispatch, completes the roll-back. */
		if (call == 0)
			expect_ok(vfiopm_msix_mask(fixture.msix, 2));
		else if (call == 1)
			expect_ok(vfiopm_msix_unmask(fixture.msix, 2));
		else
			assert_int_equal(vfiopm_msix_dispatch(fixture.msix), 0);
		msix_guest_has(&fixture, 0, 1);
		expect_works(&fixture, 0);
		expect_works(&fixture, 1);
		msix_fixture_close(&fixture);
	}
}

/* ---- a hypervisor that delivers late ---- */

/* KVM can deliver from a work item. Only a detach waits for that work item
 * (virt/kvm/eventfd.c, irqfd_inject() and irqfd_shutdown()). */
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

/* Each mask follows an unmask that has delivered. One of these masks also changes the mode. */
static void no_late_delivery_follows_a_mask(void **state)
{
	static const uint32_t policies[] = { VFIOPM_MSIX_POLICY_HOLD, VFIOPM_MSIX_POLICY_AUTO };
	const struct vfiopm_msix_ops ops = { .attach = attach_late, .detach = detach_late };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct late late = { 0 };
		struct msix_fixture fixture;

		msix_fixture_open_with(&fixture, &ops, &late);
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
		assert_int_equal(msix_mode(&fixture, 0), policies[i] == VFIOPM_MSIX_POLICY_AUTO
								 ? VFIOPM_MSIX_MODE_RELAY
								 : VFIOPM_MSIX_MODE_HOLD);
		msix_fixture_close(&fixture);
	}
}

/* ---- low power ---- */

/* The mode cannot change in low power, so the policy counts no interrupts there. */
static void the_policy_learns_nothing_in_low_power(void **state)
{
	struct msix_fixture fixture;
	unsigned masks = 0;

	(void)state;
	msix_fixture_open(&fixture);
	msix_begin(&fixture, VFIOPM_MSIX_POLICY_AUTO);
	for (unsigned i = 0; i < 16; i++)
		cycle(&fixture);
	assert_int_equal(msix_mode(&fixture, 0), VFIOPM_MSIX_MODE_RELAY);
	sim_set_suspend(testbed_sim_device(), SIM_SUSPEND_NEVER);
	expect_ok(vfiopm_enter(fixture.irq.dev));
	for (unsigned i = 0; i < 1000; i++) {
		msix_fire(&fixture, 0);
		msix_dispatch_all(&fixture);
	}
	assert_int_equal(msix_mode(&fixture, 0), VFIOPM_MSIX_MODE_RELAY);
	expect_ok(vfiopm_exit(fixture.irq.dev));
	while (msix_mode(&fixture, 0) == VFIOPM_MSIX_MODE_RELAY) {
		msix_fire(&fixture, 0);
		msix_dispatch_all(&fixture);
	}
	/* The vector has left relay mode, so the policy waits for twice as many masks. */
	while (msix_mode(&fixture, 0) == VFIOPM_MSIX_MODE_HOLD) {
		cycle(&fixture);
		masks++;
	}
	assert_int_equal(masks, 32);
	msix_fixture_close(&fixture);
}

/* A mode change needs a SET_IRQS, which would wake the device. */
static void a_mask_in_low_power_keeps_the_mode(void **state)
{
	struct msix_fixture fixture;
	int wakeup = raw_eventfd();

	(void)state;
	msix_fixture_open(&fixture);
	msix_begin(&fixture, VFIOPM_MSIX_POLICY_RELAY);
	expect_ok(vfiopm_msix_set_policy(fixture.msix, VFIOPM_MSIX_POLICY_HOLD));
	expect_ok(vfiopm_enter_wakeup(fixture.irq.dev, wakeup));
	expect_ok(vfiopm_msix_mask(fixture.msix, 0));
	assert_int_equal(msix_mode(&fixture, 0), VFIOPM_MSIX_MODE_RELAY);
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	assert_int_equal(raw_take(wakeup), 0);
	expect_ok(vfiopm_exit(fixture.irq.dev));
	expect_ok(vfiopm_msix_mask(fixture.msix, 0));
	assert_int_equal(msix_mode(&fixture, 0), VFIOPM_MSIX_MODE_HOLD);
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	expect_works(&fixture, 0);
	msix_fixture_close(&fixture);
	close(wakeup);
}

/* ---- the caller's eventfds ---- */

static void use_drops_earlier_counts(void **state)
{
	static const uint32_t policies[] = { VFIOPM_MSIX_POLICY_HOLD, VFIOPM_MSIX_POLICY_RELAY };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct msix_fixture fixture;

		msix_fixture_open(&fixture);
		raw_add(fixture.irq.events[0], 3);
		raw_add(fixture.irq.events[1], 3);
		expect_ok(vfiopm_msix_set_eventfds(fixture.msix, 0, fixture.irq.events[0],
						   fixture.irq.events[1]));
		expect_ok(vfiopm_msix_set_policy(fixture.msix, policies[i]));
		expect_ok(vfiopm_msix_use(fixture.msix, 0, 1));
		assert_int_equal(vfiopm_msix_is_pending(fixture.msix, 0), 0);
		expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
		msix_dispatch_all(&fixture);
		msix_guest_has(&fixture, 0, 0);
		expect_works(&fixture, 0);
		msix_fixture_close(&fixture);
	}
}

static void release_drops_pending_interrupts(void **state)
{
	static const uint32_t policies[] = { VFIOPM_MSIX_POLICY_HOLD, VFIOPM_MSIX_POLICY_RELAY };

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
		expect_works(&fixture, 0);
		msix_fixture_close(&fixture);
	}
}

static void the_two_eventfds_of_a_vector_must_differ(void **state)
{
	struct msix_fixture fixture;

	(void)state;
	msix_fixture_open(&fixture);
	expect_errno(EINVAL, vfiopm_msix_set_eventfds(fixture.msix, 0, fixture.irq.events[0],
						      fixture.irq.events[0]));
	expect_ok(vfiopm_msix_set_eventfds(fixture.msix, 0, -1, -1));
	msix_begin(&fixture, VFIOPM_MSIX_POLICY_HOLD);
	expect_works(&fixture, 0);
	msix_fixture_close(&fixture);
}

/* Without /proc, as in a sandbox, only the kernel can check whether an fd is an eventfd. */
static void eventfds_are_accepted_without_proc(void **state)
{
	struct msix_fixture fixture;
	unsigned calls, checks = 0;

	(void)state;
	msix_fixture_open(&fixture);
	sim_calls_begin();
	expect_ok(vfiopm_msix_set_eventfds(fixture.msix, 0, fixture.irq.events[0],
					   fixture.irq.events[1]));
	calls = sim_calls_end();
	for (unsigned i = 0; i < calls; i++) {
		if (strcmp(sim_call_name(i), "readlink") != 0)
			continue;
		checks++;
		sim_calls_fail(i, ENOENT);
		expect_ok(vfiopm_msix_set_eventfds(fixture.msix, 0, fixture.irq.events[0],
						   fixture.irq.events[1]));
	}
	sim_calls_end();
	assert_int_equal(checks, 2);
	expect_errno(EBADF, vfiopm_msix_set_eventfds(fixture.msix, 0, raw_closed_fd(), -1));
	msix_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(the_next_call_restores_a_lost_trigger),
		ON_TESTBED(a_failed_mode_change_keeps_the_mode),
		ON_TESTBED(a_failed_unmask_leaves_the_vector_masked),
		ON_TESTBED(a_failed_growth_leaves_the_other_vectors_working),
		ON_TESTBED(a_failed_delivery_stays_pending),
		ON_TESTBED(the_next_call_rolls_back_a_failed_function_mask),
		ON_TESTBED(no_late_delivery_follows_a_mask),
		ON_TESTBED(the_policy_learns_nothing_in_low_power),
		ON_TESTBED(a_mask_in_low_power_keeps_the_mode),
		ON_TESTBED(use_drops_earlier_counts),
		ON_TESTBED(release_drops_pending_interrupts),
		ON_TESTBED(the_two_eventfds_of_a_vector_must_differ),
		ON_TESTBED(eventfds_are_accepted_without_proc),
	};

	return cmocka_run_group_tests_name("msix-recovery", tests, NULL, NULL);
}

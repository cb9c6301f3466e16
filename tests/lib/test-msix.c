// SPDX-License-Identifier: MIT
/*
 * MSI-X masking as the guest sees it, in every mode. Interrupts arrive while the vector is
 * unmasked, wait while it is masked, and then arrive once. The tests also count the ioctls that
 * each mode needs.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "msix-fixture.h"
#include "testbed.h"

static const uint32_t policies[] = {
	VFIOPM_MSIX_POLICY_AUTO,
	VFIOPM_MSIX_POLICY_HOLD,
	VFIOPM_MSIX_POLICY_RELAY,
};

static void with_each_policy(void (*test)(struct msix_fixture *fixture, uint32_t policy))
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		struct msix_fixture fixture;

		print_message("# policy %u\n", policies[i]);
		msix_fixture_open(&fixture);
		test(&fixture, policies[i]);
		msix_fixture_close(&fixture);
	}
}

/* ---- what the guest sees ---- */

static void check_interrupts_arrive(struct msix_fixture *fixture, uint32_t policy)
{
	msix_begin(fixture, policy);
	for (unsigned i = 1; i <= 5; i++) {
		msix_fire(fixture, 0);
		msix_guest_has(fixture, 0, i);
	}
}

static void an_unmasked_vector_interrupts_the_guest(void **state)
{
	(void)state;
	with_each_policy(check_interrupts_arrive);
}

static void check_pending(struct msix_fixture *fixture, uint32_t policy)
{
	msix_begin(fixture, policy);
	expect_ok(vfiopm_msix_mask(fixture->msix, 0));
	assert_int_equal(vfiopm_msix_is_pending(fixture->msix, 0), 0);
	/* The device raises one or more interrupts. The event loop runs in between, or not. */
	for (unsigned i = 1; i <= 3; i++) {
		for (unsigned j = 0; j < i; j++) {
			msix_fire(fixture, 0);
			assert_int_equal(vfiopm_msix_is_pending(fixture->msix, 0), 1);
			if (i != 2)
				msix_dispatch_all(fixture);
			assert_int_equal(vfiopm_msix_is_pending(fixture->msix, 0), 1);
			msix_guest_has(fixture, 0, i - 1);
		}
		expect_ok(vfiopm_msix_unmask(fixture->msix, 0));
		msix_guest_has(fixture, 0, i);
		assert_int_equal(vfiopm_msix_is_pending(fixture->msix, 0), 0);
		expect_ok(vfiopm_msix_mask(fixture->msix, 0));
		assert_int_equal(vfiopm_msix_is_pending(fixture->msix, 0), 0);
	}
	expect_ok(vfiopm_msix_unmask(fixture->msix, 0));
	testbed_let_arrive();
	msix_guest_has(fixture, 0, 3);
}

static void a_masked_vector_is_pending_and_delivers_once(void **state)
{
	(void)state;
	with_each_policy(check_pending);
}

/* One interrupt arrives and is dispatched. Another one follows. The unmask delivers only one. */
static void check_merge(struct msix_fixture *fixture, uint32_t policy)
{
	msix_begin(fixture, policy);
	expect_ok(vfiopm_msix_mask(fixture->msix, 0));
	msix_fire(fixture, 0);
	msix_dispatch_all(fixture);
	msix_fire(fixture, 0);
	expect_ok(vfiopm_msix_unmask(fixture->msix, 0));
	msix_guest_has(fixture, 0, 1);
	testbed_let_arrive();
	msix_guest_has(fixture, 0, 1);
}

static void interrupts_raised_while_masked_merge_into_one(void **state)
{
	(void)state;
	with_each_policy(check_merge);
}

static void mask_every_other_vector(struct msix_fixture *fixture, uint32_t policy)
{
	expect_ok(vfiopm_msix_set_policy(fixture->msix, policy));
	expect_ok(vfiopm_msix_use(fixture->msix, 0, VECTORS));
	for (uint32_t i = 0; i < VECTORS; i += 2)
		expect_ok(vfiopm_msix_unmask(fixture->msix, i));
	for (uint32_t i = 0; i < VECTORS; i++)
		msix_fire(fixture, i);
	for (uint32_t i = 0; i < VECTORS; i++) {
		msix_guest_has(fixture, i, i % 2 == 0);
		assert_int_equal(vfiopm_msix_is_pending(fixture->msix, i), i % 2);
	}
	expect_ok(vfiopm_msix_unmask(fixture->msix, 3));
	msix_guest_has(fixture, 3, 1);
	msix_guest_has(fixture, 1, 0);
}

static void each_vector_has_its_own_mask(void **state)
{
	(void)state;
	with_each_policy(mask_every_other_vector);
}

static void mask_the_function(struct msix_fixture *fixture, uint32_t policy)
{
	expect_ok(vfiopm_msix_set_policy(fixture->msix, policy));
	expect_ok(vfiopm_msix_use(fixture->msix, 0, 3));
	expect_ok(vfiopm_msix_unmask(fixture->msix, 0));
	expect_ok(vfiopm_msix_unmask(fixture->msix, 1));
	expect_ok(vfiopm_msix_set_function_mask(fixture->msix, 1));
	/* A change of a vector's mask bit takes effect when the function mask is cleared. */
	expect_ok(vfiopm_msix_mask(fixture->msix, 1));
	expect_ok(vfiopm_msix_unmask(fixture->msix, 2));
	for (uint32_t i = 0; i < 3; i++) {
		msix_fire(fixture, i);
		msix_guest_has(fixture, i, 0);
		assert_int_equal(vfiopm_msix_is_pending(fixture->msix, i), 1);
	}
	expect_ok(vfiopm_msix_set_function_mask(fixture->msix, 0));
	msix_guest_has(fixture, 0, 1);
	msix_guest_has(fixture, 2, 1);
	msix_guest_has(fixture, 1, 0);
	assert_int_equal(vfiopm_msix_is_pending(fixture->msix, 1), 1);
}

static void the_function_mask_masks_all_vectors(void **state)
{
	(void)state;
	with_each_policy(mask_the_function);
}

/* ---- cost ---- */

struct cost {
	uint64_t set_irqs, attaches, detaches;
};

static struct cost cost_of(const struct msix_fixture *fixture)
{
	return (struct cost){
		.set_irqs = irq_issued(&fixture->irq),
		.attaches = msix_stats(fixture).attaches,
		.detaches = msix_stats(fixture).detaches,
	};
}

static void cycles_cost(uint32_t policy, unsigned cycles, struct cost expected)
{
	struct msix_fixture fixture;
	struct cost before, after;

	msix_fixture_open(&fixture);
	msix_begin(&fixture, policy);
	before = cost_of(&fixture);
	for (unsigned i = 0; i < cycles; i++) {
		expect_ok(vfiopm_msix_mask(fixture.msix, 0));
		expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	}
	after = cost_of(&fixture);
	assert_int_equal(after.set_irqs - before.set_irqs, expected.set_irqs);
	assert_int_equal(after.attaches - before.attaches, expected.attaches);
	assert_int_equal(after.detaches - before.detaches, expected.detaches);
	msix_fixture_close(&fixture);
}

static void each_mode_makes_only_the_calls_it_needs(void **state)
{
	(void)state;
	cycles_cost(VFIOPM_MSIX_POLICY_HOLD, 100, (struct cost){ 0, 100, 100 });
	cycles_cost(VFIOPM_MSIX_POLICY_RELAY, 100, (struct cost){ 0, 0, 0 });
	/* The sixteenth mask changes from hold to relay mode with one SET_IRQS. The cycles after it
	 * attach and detach nothing. */
	cycles_cost(VFIOPM_MSIX_POLICY_AUTO, 100, (struct cost){ 1, 16, 16 });
}

static void masking_a_masked_vector_makes_no_calls(void **state)
{
	struct msix_fixture fixture;
	struct cost before, after;

	(void)state;
	msix_fixture_open(&fixture);
	msix_begin(&fixture, VFIOPM_MSIX_POLICY_HOLD);
	expect_ok(vfiopm_msix_mask(fixture.msix, 0));
	before = cost_of(&fixture);
	expect_ok(vfiopm_msix_mask(fixture.msix, 0));
	expect_ok(vfiopm_msix_set_function_mask(fixture.msix, 1));
	expect_ok(vfiopm_msix_set_function_mask(fixture.msix, 1));
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	expect_ok(vfiopm_msix_mask(fixture.msix, 0));
	expect_ok(vfiopm_msix_set_function_mask(fixture.msix, 0));
	after = cost_of(&fixture);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(msix_stats(&fixture).masks, 1);
	assert_int_equal(msix_stats(&fixture).unmasks, 1);
	msix_fixture_close(&fixture);
}

static void one_ioctl_changes_many_vectors(void **state)
{
	struct msix_fixture fixture;

	(void)state;
	msix_fixture_open(&fixture);
	expect_issues(&fixture.irq, 1, vfiopm_msix_use(fixture.msix, 0, VECTORS));
	expect_issues(&fixture.irq, 1, vfiopm_msix_release(fixture.msix, 1, 3));
	expect_issues(&fixture.irq, 1, vfiopm_msix_use(fixture.msix, 1, 3));
	expect_issues(&fixture.irq, 1, vfiopm_msix_disable(fixture.msix));
	expect_issues(&fixture.irq, 0, vfiopm_msix_disable(fixture.msix));
	msix_fixture_close(&fixture);
}

/* ---- the choice of the mode ---- */

static void a_guest_that_masks_at_each_interrupt_gets_relay_mode(void **state)
{
	struct msix_fixture fixture;
	unsigned had = 0;

	(void)state;
	msix_fixture_open(&fixture);
	msix_begin(&fixture, VFIOPM_MSIX_POLICY_AUTO);
	assert_int_equal(msix_mode(&fixture, 0), VFIOPM_MSIX_MODE_HOLD);
	for (unsigned i = 0; i < 20; i++) {
		msix_fire(&fixture, 0);
		msix_guest_has(&fixture, 0, ++had);
		expect_ok(vfiopm_msix_mask(fixture.msix, 0));
		/* This interrupt also waits while the mode changes. */
		msix_fire(&fixture, 0);
		msix_guest_has(&fixture, 0, had);
		expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
		msix_guest_has(&fixture, 0, ++had);
	}
	assert_int_equal(msix_mode(&fixture, 0), VFIOPM_MSIX_MODE_RELAY);
	assert_int_equal(msix_stats(&fixture).mode_changes, 1);
	/* The guest masks no more. The vector returns to hold mode, which bypasses the VMM. */
	for (unsigned i = 0; i < 130; i++) {
		msix_fire(&fixture, 0);
		msix_guest_has(&fixture, 0, ++had);
	}
	assert_int_equal(msix_mode(&fixture, 0), VFIOPM_MSIX_MODE_HOLD);
	assert_int_equal(msix_stats(&fixture).mode_changes, 2);
	msix_fixture_close(&fixture);
}

/* A pending interrupt survives each change of the mode. */
static void the_policy_can_change_at_any_time(void **state)
{
	struct msix_fixture fixture;
	unsigned had = 0;

	(void)state;
	msix_fixture_open(&fixture);
	msix_begin(&fixture, VFIOPM_MSIX_POLICY_AUTO);
	for (unsigned i = 0; i < 9; i++) {
		uint32_t policy = policies[i % 3], next = policies[i / 3];

		expect_ok(vfiopm_msix_set_policy(fixture.msix, policy));
		expect_ok(vfiopm_msix_mask(fixture.msix, 0));
		msix_fire(&fixture, 0);
		msix_dispatch_all(&fixture);
		expect_ok(vfiopm_msix_set_policy(fixture.msix, next));
		msix_fire(&fixture, 0);
		msix_dispatch_all(&fixture);
		msix_guest_has(&fixture, 0, had);
		assert_int_equal(vfiopm_msix_is_pending(fixture.msix, 0), 1);
		expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
		msix_guest_has(&fixture, 0, ++had);
		msix_fire(&fixture, 0);
		msix_guest_has(&fixture, 0, ++had);
	}
	msix_fixture_close(&fixture);
}

static void masks_do_not_wake_a_suspended_device(void **state)
{
	static const uint32_t all_policies[] = { VFIOPM_MSIX_POLICY_AUTO, VFIOPM_MSIX_POLICY_HOLD,
						 VFIOPM_MSIX_POLICY_RELAY };

	(void)state;
	testbed_need_low_power();
	for (unsigned i = 0; i < 3; i++) {
		struct msix_fixture fixture;
		int wakeup = raw_eventfd();

		msix_fixture_open(&fixture);
		msix_begin(&fixture, all_policies[i]);
		expect_ok(vfiopm_enter_wakeup(fixture.irq.dev, wakeup));
		host_wait_suspended();
		for (unsigned j = 0; j < 100; j++) {
			expect_ok(vfiopm_msix_mask(fixture.msix, 0));
			assert_int_equal(vfiopm_msix_is_pending(fixture.msix, 0), 0);
			expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
		}
		assert_true(host_shows("power/runtime_status", "suspended"));
		assert_int_equal(raw_take(wakeup), 0);
		assert_int_equal(msix_stats(&fixture).mode_changes, 0);
		expect_ok(vfiopm_exit(fixture.irq.dev));
		msix_fire(&fixture, 0);
		msix_guest_has(&fixture, 0, 1);
		msix_fixture_close(&fixture);
		close(wakeup);
	}
}

/* ---- use and release ---- */

static void use_and_release_repeatedly(struct msix_fixture *fixture, uint32_t policy)
{
	unsigned fds = host_open_fds();

	for (unsigned i = 0; i < 3; i++) {
		msix_begin(fixture, policy);
		expect_ok(vfiopm_msix_mask(fixture->msix, 0));
		msix_fire(fixture, 0);
		/* The release drops the pending interrupt. */
		expect_ok(vfiopm_msix_release(fixture->msix, 0, VECTORS));
		assert_int_equal(host_open_fds(), fds);
		assert_int_equal(vfiopm_msix_is_pending(fixture->msix, 0), 0);
		assert_int_equal(vfiopm_msix_mask(fixture->msix, 0), -EINVAL);
	}
	msix_begin(fixture, policy);
	msix_fire(fixture, 0);
	msix_guest_has(fixture, 0, 1);
	expect_ok(vfiopm_msix_disable(fixture->msix));
	assert_int_equal(host_open_fds(), fds);
	expect_ok(vfiopm_irq_set_signaling(fixture->irq.dev, VFIOPM_IRQ_INTX, 0,
					   fixture->irq.events[0]));
	expect_ok(vfiopm_irq_disable(fixture->irq.dev, VFIOPM_IRQ_INTX));
	msix_begin(fixture, policy);
	msix_fire(fixture, 0);
	msix_guest_has(fixture, 0, 2);
}

static void released_vectors_can_be_used_again(void **state)
{
	(void)state;
	with_each_policy(use_and_release_repeatedly);
}

/* The MSI-X object makes its changes at once, even if a batch is open. The attach or detach that
 * belongs to a change cannot wait for the commit. */
static void changes_do_not_join_a_batch(void **state)
{
	struct msix_fixture fixture;

	(void)state;
	msix_fixture_open(&fixture);
	expect_ok(vfiopm_irq_begin(fixture.irq.dev));
	msix_begin(&fixture, VFIOPM_MSIX_POLICY_HOLD);
	msix_fire(&fixture, 0);
	msix_guest_has(&fixture, 0, 1);
	expect_ok(vfiopm_msix_mask(fixture.msix, 0));
	msix_fire(&fixture, 0);
	msix_guest_has(&fixture, 0, 1);
	expect_issues(&fixture.irq, 1, vfiopm_msix_disable(fixture.msix));
	expect_issues(&fixture.irq, 0, vfiopm_irq_commit(fixture.irq.dev));
	msix_fixture_close(&fixture);
}

/* A vector can use the caller's eventfds. The caller keeps their ownership. */
static void use_the_callers_eventfds(struct msix_fixture *fixture, uint32_t policy)
{
	int *events = fixture->irq.events;

	expect_ok(vfiopm_msix_set_eventfds(fixture->msix, 0, events[0], events[1]));
	msix_begin(fixture, policy);
	msix_fire(fixture, 0);
	msix_guest_has(fixture, 0, 1);
	expect_ok(vfiopm_msix_mask(fixture->msix, 0));
	msix_fire(fixture, 0);
	assert_true(raw_readable(events[0]) || raw_readable(events[1]));
	expect_ok(vfiopm_msix_unmask(fixture->msix, 0));
	msix_guest_has(fixture, 0, 2);
	expect_ok(vfiopm_msix_release(fixture->msix, 0, 1));
	assert_int_equal(raw_take(events[1]), 0);
	expect_ok(vfiopm_msix_set_eventfds(fixture->msix, 0, -1, -1));
	msix_begin(fixture, policy);
	msix_fire(fixture, 0);
	msix_guest_has(fixture, 0, 3);
	assert_int_equal(raw_take(events[1]), 0);
}

static void a_vector_can_use_the_callers_eventfds(void **state)
{
	(void)state;
	with_each_policy(use_the_callers_eventfds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(an_unmasked_vector_interrupts_the_guest),
		ON_TESTBED(a_masked_vector_is_pending_and_delivers_once),
		ON_TESTBED(interrupts_raised_while_masked_merge_into_one),
		ON_TESTBED(each_vector_has_its_own_mask),
		ON_TESTBED(the_function_mask_masks_all_vectors),
		ON_TESTBED(each_mode_makes_only_the_calls_it_needs),
		ON_TESTBED(masking_a_masked_vector_makes_no_calls),
		ON_TESTBED(one_ioctl_changes_many_vectors),
		ON_TESTBED(a_guest_that_masks_at_each_interrupt_gets_relay_mode),
		ON_TESTBED(the_policy_can_change_at_any_time),
		ON_TESTBED(masks_do_not_wake_a_suspended_device),
		ON_TESTBED(released_vectors_can_be_used_again),
		ON_TESTBED(changes_do_not_join_a_batch),
		ON_TESTBED(a_vector_can_use_the_callers_eventfds),
	};

	return cmocka_run_group_tests_name("msix", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * MSI-X masking when system calls fail, on the simulator: the errno that each call of the library
 * returns, and the state after the failure. Long random runs, with and without failures, compare
 * the guest's interrupts with a reference.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "msix-fixture.h"
#include "sim.h"
#include "testbed-sim.h"
#include "testbed.h"

/* ---- errnos ---- */

static void open_with(struct msix_fixture *fixture, uint32_t policy)
{
	msix_fixture_open(fixture);
	expect_ok(vfiopm_msix_set_policy(fixture->msix, policy));
}

static void a_failed_creation_leaves_no_fd_open(void **state)
{
	struct vfiopm_msix *msix = NULL;
	struct msix_fixture fixture;
	unsigned fds, calls;

	(void)state;
	msix_fixture_open(&fixture);
	fds = host_open_fds();
	sim_calls_begin();
	expect_ok(vfiopm_msix_new(fixture.irq.dev, &msix_kvm_ops, sizeof(msix_kvm_ops), &fixture,
				  &msix));
	calls = sim_calls_end();
	assert_string_equal(sim_call_name(calls - 1), "epoll_create1");
	msix = vfiopm_msix_free(msix);
	for (unsigned i = 0; i + 1 < calls; i++) {
		sim_calls_fail(i, ENOMEM);
		expect_errno(ENOMEM, vfiopm_msix_new(fixture.irq.dev, &msix_kvm_ops,
						     sizeof(msix_kvm_ops), &fixture, &msix));
	}
	sim_calls_fail(calls - 1, EMFILE);
	expect_errno(EMFILE, vfiopm_msix_new(fixture.irq.dev, &msix_kvm_ops, sizeof(msix_kvm_ops),
					     &fixture, &msix));
	sim_calls_fail(calls - 1, ENFILE);
	expect_errno(ENFILE, vfiopm_msix_new(fixture.irq.dev, &msix_kvm_ops, sizeof(msix_kvm_ops),
					     &fixture, &msix));
	sim_calls_end();
	assert_null(msix);
	assert_int_equal(host_open_fds(), fds);
	msix_fixture_close(&fixture);
}

static unsigned calls_of_use(struct msix_fixture *fixture)
{
	unsigned calls;

	sim_calls_begin();
	expect_ok(vfiopm_msix_use(fixture->msix, 0, 2));
	calls = sim_calls_end();
	expect_ok(vfiopm_msix_disable(fixture->msix));
	return calls;
}

static int error_of(const char *name)
{
	return strcmp(name, "eventfd") == 0 ? EMFILE : strcmp(name, "ioctl") == 0 ? EIO : ENOMEM;
}

/* Each system call of vfiopm_msix_use() fails in turn. vfiopm_msix_use() returns the errno and
 * leaves nothing behind. A later call succeeds. */
static void a_failed_use_leaves_nothing_behind(void **state)
{
	const char *names[SIM_CALLS_MAX];
	struct msix_fixture fixture;
	unsigned fds, calls;

	(void)state;
	open_with(&fixture, VFIOPM_MSIX_POLICY_HOLD);
	calls = calls_of_use(&fixture);
	for (unsigned i = 0; i < calls; i++)
		names[i] = sim_call_name(i);
	fds = host_open_fds();
	for (unsigned i = 0; i < calls; i++) {
		int r;

		sim_calls_fail(i, error_of(names[i]));
		r = vfiopm_msix_use(fixture.msix, 0, 2);
		sim_calls_end();
		assert_int_equal(r, -error_of(names[i]));
		assert_int_equal(host_open_fds(), fds);
		assert_int_equal(sim_irq_eventfd(testbed_sim_device(), VFIOPM_IRQ_MSIX, 0), -1);
		expect_errno(EINVAL, vfiopm_msix_mask(fixture.msix, 0));
	}
	expect_ok(vfiopm_msix_use(fixture.msix, 0, 2));
	expect_ok(vfiopm_msix_unmask(fixture.msix, 1));
	msix_fire(&fixture, 1);
	msix_guest_has(&fixture, 1, 1);
	msix_fixture_close(&fixture);
}

static void use_returns_the_errno_of_the_failed_call(void **state)
{
	struct msix_fixture fixture;
	unsigned calls;

	(void)state;
	open_with(&fixture, VFIOPM_MSIX_POLICY_HOLD);
	calls = calls_of_use(&fixture);
	sim_calls_fail(0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_msix_use(fixture.msix, 0, 2));
	sim_calls_fail(1, EMFILE);
	expect_errno(EMFILE, vfiopm_msix_use(fixture.msix, 0, 2));
	sim_calls_fail(1, ENFILE);
	expect_errno(ENFILE, vfiopm_msix_use(fixture.msix, 0, 2));
	sim_calls_fail(calls - 1, EIO);
	expect_errno(EIO, vfiopm_msix_use(fixture.msix, 0, 2));
	sim_calls_fail(calls - 1, EINVAL);
	expect_errno(EINVAL, vfiopm_msix_use(fixture.msix, 0, 2));
	sim_calls_end();
	sim_limit_vectors(testbed_sim_device(), 1);
	expect_errno(ENOSPC, vfiopm_msix_use(fixture.msix, 0, 2));
	sim_limit_vectors(testbed_sim_device(), 0);
	msix_fixture_close(&fixture);
}

/* To grow an index that cannot be resized (6.1), the library first disables the index. That
 * SET_IRQS never returns a positive number on a correct kernel. */
static void growth_refuses_an_invalid_result_of_the_disable(void **state)
{
	struct msix_fixture fixture;
	unsigned disable = 0;

	(void)state;
	testbed_end();
	setenv("VFIOPM_SIM_KERNEL", "6.1", 1);
	testbed_begin();
	open_with(&fixture, VFIOPM_MSIX_POLICY_HOLD);
	expect_ok(vfiopm_msix_use(fixture.msix, 0, 1));
	sim_calls_begin();
	expect_ok(vfiopm_msix_use(fixture.msix, 1, 1));
	sim_calls_end();
	while (strcmp(sim_call_name(disable), "ioctl") != 0)
		disable++;
	expect_ok(vfiopm_msix_disable(fixture.msix));
	expect_ok(vfiopm_msix_use(fixture.msix, 0, 1));
	sim_calls_answer(disable, 7);
	expect_errno(EPROTO, vfiopm_msix_use(fixture.msix, 1, 1));
	sim_calls_end();
	msix_fixture_close(&fixture);
	unsetenv("VFIOPM_SIM_KERNEL");
}

static void a_failed_release_leaves_the_vectors_in_use(void **state)
{
	struct msix_fixture fixture;

	(void)state;
	open_with(&fixture, VFIOPM_MSIX_POLICY_HOLD);
	expect_ok(vfiopm_msix_use(fixture.msix, 0, 2));
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	sim_ioctls_fail_after(0, EBADF);
	expect_errno(EBADF, vfiopm_msix_release(fixture.msix, 0, 2));
	expect_errno(EBADF, vfiopm_msix_disable(fixture.msix));
	sim_ioctls_fail_after(0, EIO);
	expect_errno(EIO, vfiopm_msix_release(fixture.msix, 0, 2));
	expect_errno(EIO, vfiopm_msix_disable(fixture.msix));
	sim_ioctls_fail_after(0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_msix_release(fixture.msix, 0, 2));
	sim_calls_end();
	/* The vector stays in use. Its trigger is unknown after the failures, so the next call
	 * sets the trigger again and injects one interrupt. */
	expect_ok(vfiopm_msix_mask(fixture.msix, 0));
	msix_guest_has(&fixture, 0, 1);
	msix_fire(&fixture, 0);
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	msix_guest_has(&fixture, 0, 2);
	expect_ok(vfiopm_msix_release(fixture.msix, 0, 2));
	msix_fixture_close(&fixture);
}

/* These ioctls return 0 or fail. The library refuses a positive number. */
static void invalid_results_of_ioctls_are_refused(void **state)
{
	struct msix_fixture fixture;
	struct vfiopm_kvm *kvm;

	(void)state;
	open_with(&fixture, VFIOPM_MSIX_POLICY_HOLD);
	expect_ok(vfiopm_msix_use(fixture.msix, 0, 1));
	sim_calls_answer(0, 7);
	expect_errno(EPROTO, vfiopm_msix_disable(fixture.msix));
	sim_calls_answer(0, 7);
	expect_errno(EPROTO, vfiopm_msix_unmask(fixture.msix, 0));
	sim_calls_end();
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	sim_calls_answer(0, 7);
	expect_errno(EPROTO, vfiopm_msix_mask(fixture.msix, 0));
	sim_calls_answer(0, 7);
	expect_errno(EPROTO, vfiopm_msix_set_function_mask(fixture.msix, 1));
	sim_calls_end();
	msix_fire(&fixture, 0);
	msix_guest_has(&fixture, 0, 1);
	sim_calls_answer(0, 7);
	expect_errno(EPROTO, vfiopm_kvm_attach(fixture.kvm, 1, fixture.irq.events[0]));
	sim_calls_answer(0, 7);
	expect_errno(EPROTO, vfiopm_kvm_detach(fixture.kvm, 1, fixture.irq.events[0]));
	sim_calls_fail(0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_kvm_new(3, 1, &kvm));
	sim_calls_fail(0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_kvm_attach(fixture.kvm, 1, fixture.irq.events[0]));
	sim_calls_end();
	msix_fixture_close(&fixture);
}

static void check_unmasked(const struct msix_fixture *fixture, unsigned *had)
{
	msix_fire(fixture, 0);
	msix_guest_has(fixture, 0, ++*had);
}

static void check_masked(const struct msix_fixture *fixture, unsigned had)
{
	msix_guest_has(fixture, 0, had);
	assert_int_equal(vfiopm_msix_is_pending(fixture->msix, 0), 1);
	msix_fire(fixture, 0);
	msix_guest_has(fixture, 0, had);
}

/* A failed mask leaves the vector unmasked, and a failed unmask leaves the vector masked. A retry
 * succeeds, and no interrupt is lost. The ioctls that fail are those of attach and detach. */
static void a_failed_mask_or_unmask_changes_nothing(void **state)
{
	static const int errnos[] = { EBADF, EIO, ENOMEM, ENOSPC };
	struct msix_fixture fixture;
	unsigned had = 0;

	(void)state;
	msix_fixture_open(&fixture);
	msix_begin(&fixture, VFIOPM_MSIX_POLICY_HOLD);
	for (unsigned i = 0; i < 4; i++) {
		sim_ioctls_fail_after(0, errnos[i]);
		expect_errno(errnos[i], vfiopm_msix_mask(fixture.msix, 0));
		expect_errno(errnos[i], vfiopm_msix_set_function_mask(fixture.msix, 1));
	}
	sim_calls_end();
	check_unmasked(&fixture, &had);
	expect_ok(vfiopm_msix_mask(fixture.msix, 0));
	msix_fire(&fixture, 0);
	for (unsigned i = 0; i < 4; i++) {
		sim_ioctls_fail_after(0, errnos[i]);
		expect_errno(errnos[i], vfiopm_msix_unmask(fixture.msix, 0));
	}
	sim_calls_end();
	check_masked(&fixture, had);
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	msix_guest_has(&fixture, 0, ++had);
	msix_fixture_close(&fixture);
}

static void lose_trigger(struct msix_fixture *fixture)
{
	sim_fail_vector(testbed_sim_device(), 0, ENOMEM, 100);
	expect_errno(ENOMEM, vfiopm_irq_set_signaling(fixture->irq.dev, VFIOPM_IRQ_MSIX, 0,
						      fixture->irq.events[4]));
	sim_fail_vector(testbed_sim_device(), 0, 0, 0);
	assert_int_equal(sim_irq_eventfd(testbed_sim_device(), VFIOPM_IRQ_MSIX, 0), -1);
}

/* Each call on a vector without a trigger retries the SET_IRQS. If the retry fails, the call
 * returns the errno of the SET_IRQS. */
static void a_failed_retry_returns_the_errno_of_set_irqs(void **state)
{
	struct msix_fixture fixture;

	(void)state;
	msix_fixture_open(&fixture);
	msix_begin(&fixture, VFIOPM_MSIX_POLICY_RELAY);
	lose_trigger(&fixture);
	sim_ioctls_fail_after(0, EBADF);
	expect_errno(EBADF, vfiopm_msix_mask(fixture.msix, 0));
	expect_errno(EBADF, vfiopm_msix_unmask(fixture.msix, 0));
	expect_errno(EBADF, vfiopm_msix_set_function_mask(fixture.msix, 1));
	sim_ioctls_fail_after(0, EIO);
	expect_errno(EIO, vfiopm_msix_mask(fixture.msix, 0));
	expect_errno(EIO, vfiopm_msix_unmask(fixture.msix, 0));
	expect_errno(EIO, vfiopm_msix_set_function_mask(fixture.msix, 1));
	sim_ioctls_fail_after(0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_msix_mask(fixture.msix, 0));
	expect_errno(ENOMEM, vfiopm_msix_unmask(fixture.msix, 0));
	expect_errno(ENOMEM, vfiopm_msix_set_function_mask(fixture.msix, 1));
	sim_ioctls_fail_after(0, ENOSPC);
	expect_errno(ENOSPC, vfiopm_msix_mask(fixture.msix, 0));
	expect_errno(ENOSPC, vfiopm_msix_unmask(fixture.msix, 0));
	expect_errno(ENOSPC, vfiopm_msix_set_function_mask(fixture.msix, 1));
	sim_calls_end();
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	/* Interrupts raised in the gap are unknown, so the library injects one. */
	msix_guest_has(&fixture, 0, 1);
	msix_fixture_close(&fixture);
}

/* The first system call of a retry duplicates the caller's eventfd. This call fails. */
static void a_retry_without_free_fds_returns_emfile(void **state)
{
	struct msix_fixture fixture;

	(void)state;
	msix_fixture_open(&fixture);
	expect_ok(vfiopm_msix_set_eventfds(fixture.msix, 0, fixture.irq.events[0],
					   fixture.irq.events[1]));
	msix_begin(&fixture, VFIOPM_MSIX_POLICY_RELAY);
	lose_trigger(&fixture);
	sim_calls_fail(0, EMFILE);
	expect_errno(EMFILE, vfiopm_msix_unmask(fixture.msix, 0));
	sim_calls_end();
	/* The roll-back of a failed mask restores the trigger. Each further case loses it again. */
	sim_calls_fail(0, EMFILE);
	expect_errno(EMFILE, vfiopm_msix_mask(fixture.msix, 0));
	sim_calls_end();
	lose_trigger(&fixture);
	sim_calls_fail(0, EMFILE);
	expect_errno(EMFILE, vfiopm_msix_set_function_mask(fixture.msix, 1));
	sim_calls_end();
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	msix_fixture_close(&fixture);
}

/* ---- long runs ---- */

/* The reference for one vector: its state, and the interrupts that the guest must receive. */
struct reference {
	bool used;
	bool masked; /* by the mask bit of the vector */
	bool raised; /* since the last delivery */
	unsigned fired, delivered;
};

struct walk {
	struct msix_fixture fixture;
	struct reference vectors[VECTORS];
	bool function_masked;
	bool failing; /* some calls fail */
	unsigned failed;
	uint64_t random;
};

/* Draw a pseudorandom number below end. Every run draws the same numbers. */
static uint32_t draw(struct walk *walk, uint32_t end)
{
	walk->random = walk->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(walk->random >> 33) % end;
}

static bool is_masked(const struct walk *walk, const struct reference *vector)
{
	return vector->masked || walk->function_masked;
}

/* Note the deliveries since the last call, and check them. A vector has at most as many as were
 * raised. Unless every vector may have had deliveries, only unmasked vectors in use have them. */
static void note_deliveries(struct walk *walk, bool every_vector)
{
	for (uint32_t i = 0; i < VECTORS; i++) {
		struct reference *vector = &walk->vectors[i];
		unsigned delivered = guest_interrupts(walk->fixture.guest, i);

		if (delivered == vector->delivered)
			continue;
		assert_true(every_vector || (vector->used && !is_masked(walk, vector)));
		/* After a failed SET_IRQS the library can inject one interrupt; see
		 * vfiopm_irq(3). */
		assert_true(delivered <= vector->fired + (walk->failing ? 1 : 0));
		if (delivered > vector->fired)
			vector->fired = delivered;
		vector->delivered = delivered;
		vector->raised = false;
	}
}

static void check_pending(struct walk *walk)
{
	for (uint32_t i = 0; i < VECTORS; i++) {
		struct reference *vector = &walk->vectors[i];
		bool can_be = vector->used && is_masked(walk, vector);
		bool pending = vfiopm_msix_is_pending(walk->fixture.msix, i);

		assert_true(pending == (can_be && vector->raised) ||
			    (walk->failing && can_be && pending));
		if (pending && !vector->raised) {
			vector->raised = true;
			vector->fired++;
		}
	}
}

static void walk_fire(struct walk *walk, uint32_t i)
{
	struct reference *vector = &walk->vectors[i];

	if (!vector->used)
		return;
	vector->fired++;
	vector->raised = true;
	sim_hold_awake(testbed_sim_device(), true);
	sim_fire(testbed_sim_device(), VFIOPM_IRQ_MSIX, i);
	sim_hold_awake(testbed_sim_device(), false);
}

static void walk_mask(struct walk *walk, uint32_t i, bool masked)
{
	struct reference *vector = &walk->vectors[i];
	int r = masked ? vfiopm_msix_mask(walk->fixture.msix, i)
		       : vfiopm_msix_unmask(walk->fixture.msix, i);

	if (!vector->used) {
		assert_int_equal(r, -EINVAL);
		return;
	}
	assert_true(r == 0 || walk->failing);
	/* The call can deliver an interrupt that was raised before the call. */
	note_deliveries(walk, true);
	if (r == 0)
		vector->masked = masked;
	walk->failed += r < 0;
}

static void walk_function_mask(struct walk *walk, bool masked)
{
	int r = vfiopm_msix_set_function_mask(walk->fixture.msix, masked);

	assert_true(r == 0 || walk->failing);
	note_deliveries(walk, true);
	if (r == 0)
		walk->function_masked = masked;
	walk->failed += r < 0;
}

static void walk_use(struct walk *walk, uint32_t i)
{
	struct reference *vector = &walk->vectors[i];
	uint32_t mode;
	int r = vector->used ? vfiopm_msix_release(walk->fixture.msix, i, 1)
			     : vfiopm_msix_use(walk->fixture.msix, i, 1);

	assert_true(r == 0 || walk->failing);
	walk->failed += r < 0;
	/* If only the detach of the irqfd fails, the release has still ended the use. */
	if (r < 0 && (!vector->used || vfiopm_msix_get_mode(walk->fixture.msix, i, &mode) == 0))
		return;
	note_deliveries(walk, true);
	*vector = (struct reference){
		.used = !vector->used,
		.masked = true,
		.fired = vector->delivered,
		.delivered = vector->delivered,
	};
}

static void walk_power(struct walk *walk)
{
	if (vfiopm_enter(walk->fixture.irq.dev) == -EALREADY)
		vfiopm_exit(walk->fixture.irq.dev);
}

static void step(struct walk *walk)
{
	uint32_t i = draw(walk, VECTORS), action = draw(walk, 100);

	/* Only one ioctl fails. If the roll-back failed too, only the next call could retry. */
	if (walk->failing && draw(walk, 4) == 0)
		sim_ioctl_fails_after(draw(walk, 3), EIO);
	if (action < 35)
		walk_fire(walk, i);
	else if (action < 50)
		walk_mask(walk, i, true);
	else if (action < 70)
		walk_mask(walk, i, false);
	else if (action < 75)
		walk_function_mask(walk, draw(walk, 3) == 0);
	else if (action < 90)
		walk->failed += vfiopm_msix_dispatch(walk->fixture.msix) < 0;
	else if (action < 95)
		expect_ok(vfiopm_msix_set_policy(walk->fixture.msix, draw(walk, 3)));
	else if (action < 98)
		walk_use(walk, i);
	else
		walk_power(walk);
	sim_calls_end();
	note_deliveries(walk, false);
	check_pending(walk);
}

/* Unmask all vectors without failures. Every raised interrupt must then be delivered. */
static void unmask_all(struct walk *walk)
{
	vfiopm_exit(walk->fixture.irq.dev);
	expect_ok(vfiopm_msix_set_function_mask(walk->fixture.msix, 0));
	for (uint32_t i = 0; i < VECTORS; i++) {
		struct reference *vector = &walk->vectors[i];

		if (!vector->used)
			continue;
		expect_ok(vfiopm_msix_mask(walk->fixture.msix, i));
		expect_ok(vfiopm_msix_unmask(walk->fixture.msix, i));
		vector->masked = false;
	}
	walk->function_masked = false;
	msix_dispatch_all(&walk->fixture);
	note_deliveries(walk, false);
	for (uint32_t i = 0; i < VECTORS; i++)
		assert_false(walk->vectors[i].used && walk->vectors[i].raised);
}

#define STEPS 200000

static void run_walk(bool failing)
{
	struct walk walk = { .random = 1 };
	unsigned delivered = 0;

	msix_fixture_open(&walk.fixture);
	for (unsigned i = 0; i < STEPS; i++) {
		walk.failing = failing;
		step(&walk);
		if (i % 1000 == 999) {
			walk.failing = false;
			unmask_all(&walk);
		}
	}
	for (uint32_t i = 0; i < VECTORS; i++)
		delivered += walk.vectors[i].delivered;
	print_message("# %d steps, %u interrupts delivered, %u calls failed\n", STEPS, delivered,
		      walk.failed);
	assert_true(delivered > STEPS / 20);
	assert_int_equal(walk.failed > 0, failing);
	msix_fixture_close(&walk.fixture);
}

static void a_long_run_delivers_each_interrupt(void **state)
{
	(void)state;
	run_walk(false);
}

static void a_long_run_with_failures_delivers_each_interrupt(void **state)
{
	(void)state;
	run_walk(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(a_failed_creation_leaves_no_fd_open),
		ON_TESTBED(a_failed_use_leaves_nothing_behind),
		ON_TESTBED(use_returns_the_errno_of_the_failed_call),
		ON_TESTBED(growth_refuses_an_invalid_result_of_the_disable),
		ON_TESTBED(a_failed_release_leaves_the_vectors_in_use),
		ON_TESTBED(invalid_results_of_ioctls_are_refused),
		ON_TESTBED(a_failed_mask_or_unmask_changes_nothing),
		ON_TESTBED(a_failed_retry_returns_the_errno_of_set_irqs),
		ON_TESTBED(a_retry_without_free_fds_returns_emfile),
		ON_TESTBED(a_long_run_delivers_each_interrupt),
		ON_TESTBED(a_long_run_with_failures_delivers_each_interrupt),
	};

	return cmocka_run_group_tests_name("msix-failures", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * What <vfiopm/msix.h> promises of rare cases, on the simulator: when the PBA is intercepted, what
 * a failed call leaves, what a release forgets, and a PBA of more than one word.
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

/* ---- a VMM that looks at each callback ---- */

struct vmm {
	struct msix_fixture fixture;
	int attach_result, detach_result;
	int intercepting;
	bool attached_unseen; /* an irqfd changed while the PBA was not intercepted */
	unsigned delivered[VECTORS];
};

static int vmm_attach(void *data, uint32_t vector, int irqfd)
{
	struct vmm *vmm = data;

	vmm->attached_unseen |= !vmm->intercepting;
	return vmm->attach_result ? vmm->attach_result
				  : vfiopm_kvm_attach(vmm->fixture.kvm, vector, irqfd);
}

static int vmm_detach(void *data, uint32_t vector, int irqfd)
{
	struct vmm *vmm = data;

	vmm->attached_unseen |= !vmm->intercepting;
	return vmm->detach_result ? vmm->detach_result
				  : vfiopm_kvm_detach(vmm->fixture.kvm, vector, irqfd);
}

static int vmm_deliver(void *data, uint32_t vector)
{
	struct vmm *vmm = data;

	vmm->delivered[vector]++;
	return 0;
}

static void vmm_intercept(void *data, int on)
{
	struct vmm *vmm = data;

	assert_int_not_equal(vmm->intercepting, on);
	vmm->intercepting = on;
}

static const struct vfiopm_msix_ops with_irqfds = {
	.attach = vmm_attach,
	.detach = vmm_detach,
	.intercept_pba = vmm_intercept,
};

static const struct vfiopm_msix_ops with_all = {
	.attach = vmm_attach,
	.detach = vmm_detach,
	.deliver = vmm_deliver,
	.intercept_pba = vmm_intercept,
};

static void vmm_open(struct vmm *vmm, const struct vfiopm_msix_ops *ops, uint32_t policy)
{
	memset(vmm, 0, sizeof(*vmm));
	msix_fixture_open_with(&vmm->fixture, ops, vmm);
	expect_ok(vfiopm_msix_set_policy(vmm->fixture.msix, policy));
}

static int kernels_eventfd(uint32_t vector)
{
	return sim_irq_eventfd(testbed_sim_device(), VFIOPM_IRQ_MSIX, vector);
}

static void use_old_kernel(void)
{
	testbed_end();
	assert_int_equal(setenv("VFIOPM_SIM_KERNEL", "6.1", 1), 0);
	testbed_begin();
}

/* An interrupt arrives, and waits while the vector is masked. */
static void expect_works(const struct vmm *vmm, uint32_t vector)
{
	const struct msix_fixture *fixture = &vmm->fixture;
	unsigned had = guest_interrupts(fixture->guest, vector) + vmm->delivered[vector];

	msix_fire(fixture, vector);
	msix_dispatch_all(fixture);
	assert_int_equal(guest_interrupts(fixture->guest, vector) + vmm->delivered[vector],
			 had + 1);
	expect_ok(vfiopm_msix_mask(fixture->msix, vector));
	msix_fire(fixture, vector);
	msix_dispatch_all(fixture);
	assert_int_equal(guest_interrupts(fixture->guest, vector) + vmm->delivered[vector],
			 had + 1);
	assert_int_equal(vfiopm_msix_is_pending(fixture->msix, vector), 1);
	expect_ok(vfiopm_msix_unmask(fixture->msix, vector));
	msix_dispatch_all(fixture);
	assert_int_equal(guest_interrupts(fixture->guest, vector) + vmm->delivered[vector],
			 had + 2);
}

/* ---- when the PBA is intercepted ---- */

/* The guest could read a PBA without the pending bit of a vector that is being masked. */
static void the_pba_is_intercepted_during_a_mask(void **state)
{
	struct vmm vmm;

	(void)state;
	vmm_open(&vmm, &with_irqfds, VFIOPM_MSIX_POLICY_HOLD);
	expect_ok(vfiopm_msix_use(vmm.fixture.msix, 0, 1));
	assert_int_equal(vmm.intercepting, 1);
	for (unsigned i = 0; i < 2; i++) {
		expect_ok(vfiopm_msix_unmask(vmm.fixture.msix, 0));
		assert_int_equal(vmm.intercepting, 0);
		expect_ok(vfiopm_msix_mask(vmm.fixture.msix, 0));
		assert_int_equal(vmm.intercepting, 1);
	}
	assert_false(vmm.attached_unseen);
	msix_fixture_close(&vmm.fixture);
}

static void a_failed_call_leaves_interception_as_it_was(void **state)
{
	static const int errors[] = { EIO };
	struct vmm vmm;

	(void)state;
	vmm_open(&vmm, &with_irqfds, VFIOPM_MSIX_POLICY_HOLD);
	sim_fail_set_irqs(testbed_sim_device(), errors, 1);
	expect_errno(EIO, vfiopm_msix_use(vmm.fixture.msix, 0, 2));
	assert_int_equal(vmm.intercepting, 0);
	expect_ok(vfiopm_msix_use(vmm.fixture.msix, 0, 1));
	vmm.attach_result = -EAGAIN;
	assert_int_equal(vfiopm_msix_unmask(vmm.fixture.msix, 0), -EAGAIN);
	assert_int_equal(vmm.intercepting, 1);
	vmm.attach_result = 0;
	expect_ok(vfiopm_msix_unmask(vmm.fixture.msix, 0));
	assert_int_equal(vmm.intercepting, 0);
	vmm.detach_result = -EAGAIN;
	assert_int_equal(vfiopm_msix_mask(vmm.fixture.msix, 0), -EAGAIN);
	assert_int_equal(vmm.intercepting, 0);
	vmm.detach_result = 0;
	expect_ok(vfiopm_msix_mask(vmm.fixture.msix, 0));
	assert_int_equal(vmm.intercepting, 1);
	expect_ok(vfiopm_msix_release(vmm.fixture.msix, 0, 1));
	assert_int_equal(vmm.intercepting, 0);
	msix_fixture_close(&vmm.fixture);
}

/* ---- a vector whose irqfd cannot be attached ---- */

/* The unmask falls back to relay mode, which fails too. The roll-back forgets the fallback: the
 * next unmask attaches. */
static void a_failed_fallback_to_relay_is_rolled_back(void **state)
{
	struct vmm vmm;

	(void)state;
	vmm_open(&vmm, &with_all, VFIOPM_MSIX_POLICY_HOLD);
	expect_ok(vfiopm_msix_use(vmm.fixture.msix, 0, 1));
	vmm.attach_result = -EAGAIN;
	sim_fail_vector(testbed_sim_device(), 0, ENOMEM, 1);
	expect_errno(ENOMEM, vfiopm_msix_unmask(vmm.fixture.msix, 0));
	vmm.attach_result = 0;
	expect_ok(vfiopm_msix_unmask(vmm.fixture.msix, 0));
	assert_int_equal(msix_mode(&vmm.fixture, 0), VFIOPM_MSIX_MODE_HOLD);
	msix_dispatch_all(&vmm.fixture);
	expect_works(&vmm, 0);
	assert_int_equal(vmm.delivered[0], 0);
	msix_fixture_close(&vmm.fixture);
}

/* Until the release, whatever the policy prefers. */
static void a_vector_that_cannot_be_attached_stays_in_relay_mode(void **state)
{
	static const uint32_t policies[] = { VFIOPM_MSIX_POLICY_AUTO, VFIOPM_MSIX_POLICY_HOLD };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct vmm vmm;

		vmm_open(&vmm, &with_all, policies[i]);
		expect_ok(vfiopm_msix_use(vmm.fixture.msix, 0, 1));
		vmm.attach_result = -EAGAIN;
		expect_ok(vfiopm_msix_unmask(vmm.fixture.msix, 0));
		for (unsigned j = 0; j < 100; j++) {
			msix_fire(&vmm.fixture, 0);
			msix_dispatch_all(&vmm.fixture);
		}
		assert_int_equal(vmm.delivered[0], 100);
		expect_works(&vmm, 0);
		assert_int_equal(msix_mode(&vmm.fixture, 0), VFIOPM_MSIX_MODE_RELAY);
		assert_int_equal(msix_stats(&vmm.fixture).attaches, 1);

		expect_ok(vfiopm_msix_release(vmm.fixture.msix, 0, 1));
		vmm.attach_result = 0;
		expect_ok(vfiopm_msix_use(vmm.fixture.msix, 0, 1));
		assert_int_equal(msix_mode(&vmm.fixture, 0), VFIOPM_MSIX_MODE_HOLD);
		expect_ok(vfiopm_msix_unmask(vmm.fixture.msix, 0));
		expect_works(&vmm, 0);
		assert_int_equal(vmm.delivered[0], 102);
		msix_fixture_close(&vmm.fixture);
	}
}

/* ---- what a failed SET_IRQS leaves ---- */

/* A call on another vector, or the event loop, restores what a roll-back could not. */
static void any_call_retries_a_failed_roll_back(void **state)
{
	int errors[32] = { ENOMEM };

	(void)state;
	for (unsigned i = 1; i < 32; i++)
		errors[i] = EIO;
	for (unsigned i = 0; i < 2; i++) {
		unsigned before;
		struct vmm vmm;

		vmm_open(&vmm, &with_irqfds, VFIOPM_MSIX_POLICY_HOLD);
		expect_ok(vfiopm_msix_use(vmm.fixture.msix, 0, 2));
		expect_ok(vfiopm_msix_unmask(vmm.fixture.msix, 0));
		expect_ok(vfiopm_msix_unmask(vmm.fixture.msix, 1));
		expect_ok(vfiopm_msix_set_policy(vmm.fixture.msix, VFIOPM_MSIX_POLICY_RELAY));
		sim_fail_set_irqs(testbed_sim_device(), errors, 32);
		assert_true(vfiopm_msix_mask(vmm.fixture.msix, 0) < 0);
		sim_fail_set_irqs(testbed_sim_device(), NULL, 0);
		assert_int_equal(kernels_eventfd(0), -1);
		if (i == 0)
			assert_true(vfiopm_msix_dispatch(vmm.fixture.msix) >= 0);
		else
			expect_ok(vfiopm_msix_unmask(vmm.fixture.msix, 1));
		assert_true(kernels_eventfd(0) >= 0);

		/* Then nothing is left to retry, until a call fails again. */
		sim_fail_vector(testbed_sim_device(), 0, ENOMEM, 100);
		expect_errno(ENOMEM, vfiopm_irq_set_signaling(vmm.fixture.irq.dev, VFIOPM_IRQ_MSIX,
							      0, vmm.fixture.irq.events[4]));
		sim_fail_vector(testbed_sim_device(), 0, 0, 0);
		before = sim_set_irqs(testbed_sim_device());
		msix_dispatch_all(&vmm.fixture);
		assert_true(vfiopm_msix_dispatch(vmm.fixture.msix) >= 0);
		assert_int_equal(sim_set_irqs(testbed_sim_device()), before);
		msix_fixture_close(&vmm.fixture);
	}
}

/* The index is disabled to grow, and neither grows nor is restored at once. */
static void a_failed_use_restores_the_vectors_in_use(void **state)
{
	static const int errors[] = { 0, EIO, EIO };
	struct vmm vmm;

	(void)state;
	use_old_kernel();
	vmm_open(&vmm, &with_irqfds, VFIOPM_MSIX_POLICY_HOLD);
	expect_ok(vfiopm_msix_use(vmm.fixture.msix, 0, 2));
	expect_ok(vfiopm_msix_unmask(vmm.fixture.msix, 0));
	expect_ok(vfiopm_msix_unmask(vmm.fixture.msix, 1));
	sim_fail_set_irqs(testbed_sim_device(), errors, 3);
	expect_errno(EIO, vfiopm_msix_use(vmm.fixture.msix, 2, 2));
	sim_fail_set_irqs(testbed_sim_device(), NULL, 0);
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(kernels_eventfd(i) >= 0);
		msix_guest_has(&vmm.fixture, i, 1);
		expect_works(&vmm, i);
	}
	/* The trigger of the highest vector allocates enough for both. */
	assert_int_equal(msix_stats(&vmm.fixture).triggers, 2);
	assert_int_equal(sim_irq_allocated(testbed_sim_device()), 2);
	msix_fixture_close(&vmm.fixture);
	unsetenv("VFIOPM_SIM_KERNEL");
}

/* A release fails, and the IRQ index cannot say what is left. The vectors are restored at once. */
static void a_failed_release_restores_the_vectors(void **state)
{
	static const int errors[] = { EIO, EIO, EIO, EIO, EIO, EIO };
	struct vmm vmm;

	(void)state;
	vmm_open(&vmm, &with_irqfds, VFIOPM_MSIX_POLICY_HOLD);
	expect_ok(vfiopm_msix_use(vmm.fixture.msix, 0, 2));
	expect_ok(vfiopm_msix_unmask(vmm.fixture.msix, 0));
	expect_ok(vfiopm_msix_unmask(vmm.fixture.msix, 1));
	/* The removal, and the restore of both vectors: together, each, and the removal of each. */
	sim_fail_set_irqs(testbed_sim_device(), errors, 6);
	expect_errno(EIO, vfiopm_msix_release(vmm.fixture.msix, 0, 2));
	sim_fail_set_irqs(testbed_sim_device(), NULL, 0);
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(kernels_eventfd(i) >= 0);
		msix_guest_has(&vmm.fixture, i, 1);
		expect_works(&vmm, i);
	}
	/* Vectors that were not in use are not in use now. */
	expect_errno(EINVAL, vfiopm_msix_mask(vmm.fixture.msix, 2));
	expect_ok(vfiopm_msix_release(vmm.fixture.msix, 0, 2));
	msix_fixture_close(&vmm.fixture);
}

/* ---- what a release forgets ---- */

static void a_released_vector_leaves_nothing_behind(void **state)
{
	static const uint32_t policies[] = { VFIOPM_MSIX_POLICY_HOLD, VFIOPM_MSIX_POLICY_RELAY };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct vmm vmm;
		int irqfd, user;

		vmm_open(&vmm, &with_irqfds, policies[i]);
		/* Eventfds that the caller had the library create. */
		expect_ok(vfiopm_irq_new_eventfd(vmm.fixture.irq.dev, &irqfd));
		expect_ok(vfiopm_irq_new_eventfd(vmm.fixture.irq.dev, &user));
		expect_ok(vfiopm_msix_set_eventfds(vmm.fixture.msix, 0, irqfd, user));
		expect_ok(vfiopm_msix_use(vmm.fixture.msix, 0, 1));
		msix_fire(&vmm.fixture, 0);
		assert_int_equal(vfiopm_msix_is_pending(vmm.fixture.msix, 0), 1);
		msix_dispatch_all(&vmm.fixture);
		msix_fire(&vmm.fixture, 0);
		expect_ok(vfiopm_msix_release(vmm.fixture.msix, 0, 1));
		assert_int_equal(vfiopm_msix_is_pending(vmm.fixture.msix, 0), 0);
		/* They are still the caller's, and they are empty. */
		assert_int_equal(raw_take(irqfd), 0);
		assert_int_equal(raw_take(user), 0);
		expect_ok(vfiopm_irq_free_eventfd(vmm.fixture.irq.dev, irqfd));
		expect_ok(vfiopm_irq_free_eventfd(vmm.fixture.irq.dev, user));
		msix_fixture_close(&vmm.fixture);
	}
}

static void a_freed_object_leaves_nothing_behind(void **state)
{
	unsigned fds;
	struct vmm vmm;

	(void)state;
	vmm_open(&vmm, &with_irqfds, VFIOPM_MSIX_POLICY_HOLD);
	vmm.fixture.msix = vfiopm_msix_free(vmm.fixture.msix);
	fds = host_open_fds();
	msix_fixture_restart(&vmm.fixture, &with_irqfds, &vmm);
	expect_ok(vfiopm_msix_use(vmm.fixture.msix, 0, 3));
	expect_ok(vfiopm_msix_unmask(vmm.fixture.msix, 1));
	vmm.fixture.msix = vfiopm_msix_free(vmm.fixture.msix);
	assert_int_equal(host_open_fds(), fds);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(kernels_eventfd(i), -1);
	msix_fixture_close(&vmm.fixture);
}

/* ---- the PBA ---- */

static int deliver_nothing(void *data, uint32_t vector)
{
	(void)data;
	(void)vector;
	return 0;
}

/* 8 bytes for each 64 vectors or part of them. */
static void the_pba_has_a_word_for_each_64_vectors(void **state)
{
	static const struct vfiopm_msix_ops ops = { .deliver = deliver_nothing };
	static const unsigned counts[] = { 1, 2, 63, 64, 65, 128, 129 };

	(void)state;
	testbed_end();
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		const struct sim_machine machine = { .msix_vectors = counts[i] };
		struct sim_device *sim = sim_add(&machine);
		uint64_t size = (counts[i] + 63) / 64 * 8;
		int fd = sim_open_device(sim);
		struct vfiopm_device *dev;
		struct vfiopm_msix *msix;
		uint8_t pba[32] = { 0 };
		uint32_t last = counts[i] - 1;

		expect_ok(vfiopm_device_new_from_fd(fd, &dev));
		expect_ok(vfiopm_msix_new(dev, &ops, sizeof(ops), NULL, &msix));
		expect_ok(vfiopm_msix_use(msix, 0, counts[i]));
		expect_ok(vfiopm_msix_read_pba(msix, 0, size, pba));
		expect_ok(vfiopm_msix_read_pba(msix, size, 0, pba));
		expect_errno(EINVAL, vfiopm_msix_read_pba(msix, 0, size + 1, pba));
		expect_errno(EINVAL, vfiopm_msix_read_pba(msix, size, 1, pba));
		for (uint64_t j = 0; j < size; j++)
			assert_int_equal(pba[j], 0);
		sim_fire(sim, VFIOPM_IRQ_MSIX, last);
		expect_ok(vfiopm_msix_read_pba(msix, 0, size, pba));
		for (uint64_t j = 0; j < size; j++)
			assert_int_equal(pba[j], j == last / 8 ? 1 << last % 8 : 0);
		vfiopm_msix_free(msix);
		vfiopm_device_free(dev);
		close(fd);
		sim_reset();
	}
	testbed_begin();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(the_pba_is_intercepted_during_a_mask),
		ON_TESTBED(a_failed_call_leaves_interception_as_it_was),
		ON_TESTBED(a_failed_fallback_to_relay_is_rolled_back),
		ON_TESTBED(a_vector_that_cannot_be_attached_stays_in_relay_mode),
		ON_TESTBED(any_call_retries_a_failed_roll_back),
		ON_TESTBED(a_failed_use_restores_the_vectors_in_use),
		ON_TESTBED(a_failed_release_restores_the_vectors),
		ON_TESTBED(a_released_vector_leaves_nothing_behind),
		ON_TESTBED(a_freed_object_leaves_nothing_behind),
		ON_TESTBED(the_pba_has_a_word_for_each_64_vectors),
	};

	return cmocka_run_group_tests_name("msix-promises", tests, NULL, NULL);
}

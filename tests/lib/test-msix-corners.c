// SPDX-License-Identifier: MIT
/* Rare cases of MSI-X masking, on the simulator: two threads that dispatch, interrupts that wait
 * in an eventfd which VFIO no longer signals, and more than one error in a call. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "msix-fixture.h"
#include "sim.h"
#include "testbed-sim.h"
#include "testbed.h"

/* ---- two threads ---- */

/* A VMM whose delivery to vector 0 waits until the test lets it go on. */
struct slow_vmm {
	struct msix_fixture fixture;
	sem_t begun, go_on;
	unsigned delivered[VECTORS];
};

static int deliver_slowly(void *data, uint32_t vector)
{
	struct slow_vmm *vmm = data;

	if (vector == 0) {
		sem_post(&vmm->begun);
		sem_wait(&vmm->go_on);
	}
	vmm->delivered[vector]++;
	return 0;
}

static void *run_dispatch(void *data)
{
	struct slow_vmm *vmm = data;

	return (void *)(intptr_t)vfiopm_msix_dispatch(vmm->fixture.msix);
}

/* Vectors 0 and 1 have interrupts. Another thread dispatches them and waits in vector 0. */
static void slow_begin(struct slow_vmm *vmm, pthread_t *ret_thread)
{
	static const struct vfiopm_msix_ops ops = { .deliver = deliver_slowly };

	memset(vmm, 0, sizeof(*vmm));
	sem_init(&vmm->begun, 0, 0);
	sem_init(&vmm->go_on, 0, 0);
	msix_fixture_open_with(&vmm->fixture, &ops, vmm);
	expect_ok(vfiopm_msix_use(vmm->fixture.msix, 0, 2));
	expect_ok(vfiopm_msix_unmask(vmm->fixture.msix, 0));
	expect_ok(vfiopm_msix_unmask(vmm->fixture.msix, 1));
	msix_fire(&vmm->fixture, 0);
	msix_fire(&vmm->fixture, 1);
	assert_int_equal(pthread_create(ret_thread, NULL, run_dispatch, vmm), 0);
	sem_wait(&vmm->begun);
}

/* The other thread dispatched so many vectors. */
static void slow_end(struct slow_vmm *vmm, pthread_t thread, int dispatched)
{
	void *r;

	sem_post(&vmm->go_on);
	assert_int_equal(pthread_join(thread, &r), 0);
	assert_int_equal((int)(intptr_t)r, dispatched);
	sem_destroy(&vmm->begun);
	sem_destroy(&vmm->go_on);
	msix_fixture_close(&vmm->fixture);
}

static void an_interrupt_is_dispatched_by_one_thread(void **state)
{
	struct slow_vmm vmm;
	pthread_t thread;

	(void)state;
	slow_begin(&vmm, &thread);
	assert_int_equal(vfiopm_msix_dispatch(vmm.fixture.msix), 1);
	assert_int_equal(vmm.delivered[1], 1);
	slow_end(&vmm, thread, 1);
	assert_int_equal(vmm.delivered[0], 1);
	assert_int_equal(vmm.delivered[1], 1);
}

static void a_vector_can_be_released_during_a_dispatch(void **state)
{
	struct slow_vmm vmm;
	pthread_t thread;

	(void)state;
	slow_begin(&vmm, &thread);
	expect_ok(vfiopm_msix_release(vmm.fixture.msix, 1, 1));
	slow_end(&vmm, thread, 1);
	assert_int_equal(vmm.delivered[0], 1);
	assert_int_equal(vmm.delivered[1], 0);
}

static void *run_release(void *data)
{
	struct msix_fixture *fixture = data;

	return (void *)(intptr_t)vfiopm_msix_release(fixture->msix, 0, 1);
}

/* A dispatch during a release delivers nothing, and does not change the trigger. */
static void a_vector_is_not_dispatched_during_its_release(void **state)
{
	struct sim_device *sim = testbed_sim_device();
	struct msix_fixture fixture;
	pthread_t thread;
	void *r;

	(void)state;
	msix_fixture_open(&fixture);
	msix_begin(&fixture, VFIOPM_MSIX_POLICY_RELAY);
	/* The mask applies the policy. */
	expect_ok(vfiopm_msix_mask(fixture.msix, 0));
	expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
	msix_fire(&fixture, 0);
	sim_hold_ioctls(sim, true);
	assert_int_equal(pthread_create(&thread, NULL, run_release, &fixture), 0);
	while (sim_held_ioctls(sim) == 0)
		usleep(1000);
	assert_int_equal(vfiopm_msix_dispatch(fixture.msix), 0);
	sim_hold_ioctls(sim, false);
	assert_int_equal(pthread_join(thread, &r), 0);
	assert_int_equal((int)(intptr_t)r, 0);
	msix_fixture_close(&fixture);
}

/* ---- interrupts that wait in an eventfd that VFIO no longer signals ---- */

static void lose_trigger(struct msix_fixture *fixture)
{
	sim_fail_vector(testbed_sim_device(), 0, ENOMEM, 100);
	expect_errno(ENOMEM, vfiopm_irq_set_signaling(fixture->irq.dev, VFIOPM_IRQ_MSIX, 0,
						      fixture->irq.events[4]));
	assert_int_equal(sim_irq_eventfd(testbed_sim_device(), VFIOPM_IRQ_MSIX, 0), -1);
}

/* The count in the old trigger is pending, also while the trigger cannot be restored. */
static void a_count_in_a_lost_trigger_is_pending(void **state)
{
	static const uint32_t policies[] = { VFIOPM_MSIX_POLICY_HOLD, VFIOPM_MSIX_POLICY_RELAY };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		bool raised = i / 2;
		struct msix_fixture fixture;

		msix_fixture_open(&fixture);
		msix_begin(&fixture, policies[i % 2]);
		expect_ok(vfiopm_msix_mask(fixture.msix, 0));
		if (raised)
			msix_fire(&fixture, 0);
		lose_trigger(&fixture);
		expect_errno(ENOMEM, vfiopm_msix_mask(fixture.msix, 0));
		assert_int_equal(vfiopm_msix_is_pending(fixture.msix, 0), raised);
		sim_fail_vector(testbed_sim_device(), 0, 0, 0);
		expect_ok(vfiopm_msix_unmask(fixture.msix, 0));
		/* In hold mode the attach delivers the count, and the gap is one more. */
		msix_guest_has(&fixture, 0, raised && i % 2 == 0 ? 2 : 1);
		msix_fixture_close(&fixture);
	}
}

/* ---- more than one error ---- */

struct failing_vmm {
	int answers[VECTORS]; /* of detach and deliver */
	unsigned calls;
};

static int attach(void *data, uint32_t vector, int irqfd)
{
	(void)data;
	(void)vector;
	(void)irqfd;
	return 0;
}

static int detach(void *data, uint32_t vector, int irqfd)
{
	struct failing_vmm *vmm = data;

	(void)irqfd;
	vmm->calls++;
	return vmm->answers[vector];
}

static int deliver(void *data, uint32_t vector)
{
	struct failing_vmm *vmm = data;

	vmm->calls++;
	return vmm->answers[vector];
}

static void open_three(struct msix_fixture *fixture, const struct vfiopm_msix_ops *ops,
		       struct failing_vmm *vmm)
{
	msix_fixture_open_with(fixture, ops, vmm);
	expect_ok(vfiopm_msix_use(fixture->msix, 0, 3));
	for (uint32_t i = 0; i < 3; i++)
		expect_ok(vfiopm_msix_unmask(fixture->msix, i));
}

static void release_returns_the_first_error(void **state)
{
	const struct vfiopm_msix_ops ops = { .attach = attach, .detach = detach };
	struct failing_vmm vmm = { .answers = { 0, -EAGAIN, -EINTR } };
	struct msix_fixture fixture;
	uint32_t mode;

	(void)state;
	open_three(&fixture, &ops, &vmm);
	assert_int_equal(vfiopm_msix_release(fixture.msix, 0, 3), -EAGAIN);
	assert_int_equal(vmm.calls, 3);
	for (uint32_t i = 0; i < 3; i++)
		expect_errno(EINVAL, vfiopm_msix_get_mode(fixture.msix, i, &mode));
	msix_fixture_close(&fixture);
}

static void dispatch_returns_the_first_error(void **state)
{
	const struct vfiopm_msix_ops ops = { .deliver = deliver };
	struct failing_vmm vmm = { .answers = { 0, -EAGAIN, -EINTR } };
	struct msix_fixture fixture;

	(void)state;
	open_three(&fixture, &ops, &vmm);
	for (uint32_t i = 0; i < 3; i++)
		msix_fire(&fixture, i);
	assert_int_equal(vfiopm_msix_dispatch(fixture.msix), -EAGAIN);
	assert_int_equal(vmm.calls, 3);
	assert_int_equal(vfiopm_msix_dispatch(fixture.msix), 0);
	msix_fixture_close(&fixture);
}

static void the_function_mask_returns_the_first_error(void **state)
{
	const struct vfiopm_msix_ops ops = { .attach = attach, .detach = detach };
	struct failing_vmm vmm = { .answers = { 0, -EINTR, -EAGAIN } };
	struct msix_fixture fixture;

	(void)state;
	open_three(&fixture, &ops, &vmm);
	/* The highest vector comes first. */
	assert_int_equal(vfiopm_msix_set_function_mask(fixture.msix, 1), -EAGAIN);
	/* Vector 0 is unmasked again. */
	memset(&vmm, 0, sizeof(vmm));
	expect_ok(vfiopm_msix_set_function_mask(fixture.msix, 0));
	assert_int_equal(vmm.calls, 0);
	expect_ok(vfiopm_msix_set_function_mask(fixture.msix, 1));
	assert_int_equal(vmm.calls, 3);
	msix_fixture_close(&fixture);
}

/* ---- an irqfd that KVM refuses ---- */

/* KVM detaches by fd and GSI, so the GSI is fixed exactly while the irqfd is attached. */
static void a_refused_irqfd_changes_nothing(void **state)
{
	struct msix_fixture fixture;
	int event;

	(void)state;
	msix_fixture_open(&fixture);
	event = fixture.irq.events[0];
	sim_calls_fail(0, EBUSY);
	assert_int_equal(vfiopm_kvm_attach(fixture.kvm, 0, event), -EBUSY);
	sim_calls_end();
	expect_ok(vfiopm_kvm_set_gsi(fixture.kvm, 0, guest_gsi(0)));
	expect_ok(vfiopm_kvm_attach(fixture.kvm, 0, event));
	sim_calls_fail(0, ENOMEM);
	assert_int_equal(vfiopm_kvm_detach(fixture.kvm, 0, event), -ENOMEM);
	sim_calls_end();
	expect_errno(EBUSY, vfiopm_kvm_set_gsi(fixture.kvm, 0, guest_gsi(1)));
	expect_ok(vfiopm_kvm_detach(fixture.kvm, 0, event));
	expect_ok(vfiopm_kvm_set_gsi(fixture.kvm, 0, guest_gsi(1)));
	msix_fixture_close(&fixture);
}

/* ---- an eventfd of the caller's that is no longer one ---- */

static void a_file_in_the_place_of_an_eventfd_is_refused(void **state)
{
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct msix_fixture fixture;
	int user;

	(void)state;
	msix_fixture_open(&fixture);
	user = fixture.irq.events[0];
	expect_ok(vfiopm_msix_set_eventfds(fixture.msix, 0, -1, user));
	assert_int_equal(dup2(file, user), user);
	expect_errno(EINVAL, vfiopm_msix_use(fixture.msix, 0, 1));
	expect_errno(EINVAL, vfiopm_msix_mask(fixture.msix, 0));
	close(file);
	msix_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(an_interrupt_is_dispatched_by_one_thread),
		ON_TESTBED(a_vector_can_be_released_during_a_dispatch),
		ON_TESTBED(a_vector_is_not_dispatched_during_its_release),
		ON_TESTBED(a_count_in_a_lost_trigger_is_pending),
		ON_TESTBED(release_returns_the_first_error),
		ON_TESTBED(dispatch_returns_the_first_error),
		ON_TESTBED(the_function_mask_returns_the_first_error),
		ON_TESTBED(a_refused_irqfd_changes_nothing),
		ON_TESTBED(a_file_in_the_place_of_an_eventfd_is_refused),
	};

	return cmocka_run_group_tests_name("msix-corners", tests, NULL, NULL);
}

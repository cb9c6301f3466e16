// SPDX-License-Identifier: MIT
/*
 * The locking rules of vfiopm(7), on the simulator. The VMM has one big lock, and its vCPU threads
 * call the library under that lock. The callbacks of the VMM take an inner lock. The event loop
 * dispatches with or without the big lock. ThreadSanitizer (scripts/build threads) reports an
 * inversion of the lock order. A run without such a report shows that the documented rules are
 * sufficient.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "msix-fixture.h"
#include "sim.h"
#include "testbed-sim.h"
#include "testbed.h"

#define CYCLES 1000
#define VCPUS  3

static struct {
	/* A vCPU thread holds this lock while it handles a VM exit, as in QEMU. */
	pthread_mutex_t big;
	/* Protects the interrupt controller and the memory map. Callbacks take it; no thread
	 * holds it while it calls the library. */
	pthread_mutex_t inner;
	struct msix_fixture fixture;
	bool loop_takes_big, big_protects_all;
	atomic_bool stop;
	atomic_uint failures;

	/* Under the inner lock, or under the big lock if it protects all. */
	bool attached[VECTORS];
	unsigned delivered[VECTORS];
	int intercepting;
} vmm = { .big = PTHREAD_MUTEX_INITIALIZER, .inner = PTHREAD_MUTEX_INITIALIZER };

/* If every thread holds the big lock while it calls the library, the big lock protects what the
 * callbacks use, and they take no lock. */
static void lock_inner(void)
{
	if (!vmm.big_protects_all)
		pthread_mutex_lock(&vmm.inner);
}

static void unlock_inner(void)
{
	if (!vmm.big_protects_all)
		pthread_mutex_unlock(&vmm.inner);
}

/* ---- callbacks ---- */

static int change_irqfd(uint32_t vector, int irqfd, bool attach)
{
	int r;

	lock_inner();
	vmm.failures += vmm.attached[vector] == attach;
	r = attach ? vfiopm_kvm_attach(vmm.fixture.kvm, vector, irqfd)
		   : vfiopm_kvm_detach(vmm.fixture.kvm, vector, irqfd);
	vmm.attached[vector] = attach;
	unlock_inner();
	return r;
}

static int attach(void *data, uint32_t vector, int irqfd)
{
	(void)data;
	return change_irqfd(vector, irqfd, true);
}

static int detach(void *data, uint32_t vector, int irqfd)
{
	(void)data;
	return change_irqfd(vector, irqfd, false);
}

static int deliver(void *data, uint32_t vector)
{
	(void)data;
	lock_inner();
	vmm.delivered[vector]++;
	unlock_inner();
	return 0;
}

static void intercept(void *data, int on)
{
	(void)data;
	lock_inner();
	vmm.failures += vmm.intercepting == on;
	vmm.intercepting = on;
	unlock_inner();
}

/* The device raises interrupts until the threads stop, so one is delivered in the end. */
static void wait_for_a_delivery(void)
{
	bool delivered = false;

	while (!delivered) {
		sched_yield();
		lock_inner();
		delivered = vmm.delivered[0] > 0;
		unlock_inner();
	}
}

/* ---- threads ---- */

static void *run_vcpu(void *data)
{
	uint32_t vector = *(const uint32_t *)data;
	struct vfiopm_msix *msix = vmm.fixture.msix;
	uint8_t pba[8];

	for (unsigned i = 0; i < CYCLES; i++) {
		/* Each access of the guest to its MSI-X table or PBA causes one VM exit. */
		pthread_mutex_lock(&vmm.big);
		vmm.failures += vfiopm_msix_mask(msix, vector) != 0;
		pthread_mutex_unlock(&vmm.big);
		sched_yield();
		pthread_mutex_lock(&vmm.big);
		vmm.failures += vfiopm_msix_read_pba(msix, 0, 8, pba) != 0;
		pthread_mutex_unlock(&vmm.big);
		pthread_mutex_lock(&vmm.big);
		vmm.failures += vfiopm_msix_unmask(msix, vector) != 0;
		pthread_mutex_unlock(&vmm.big);
	}
	return NULL;
}

static void *run_event_loop(void *data)
{
	struct pollfd pollfd = { .fd = vfiopm_msix_get_fd(vmm.fixture.msix), .events = POLLIN };

	(void)data;
	while (!vmm.stop) {
		if (poll(&pollfd, 1, 1) != 1)
			continue;
		if (vmm.loop_takes_big)
			pthread_mutex_lock(&vmm.big);
		vmm.failures += vfiopm_msix_dispatch(vmm.fixture.msix) < 0;
		if (vmm.loop_takes_big)
			pthread_mutex_unlock(&vmm.big);
	}
	return NULL;
}

/* The control thread puts the device to sleep, and enables and disables a vector. */
static void *run_control(void *data)
{
	struct vfiopm_device *dev = vmm.fixture.irq.dev;
	struct vfiopm_msix *msix = vmm.fixture.msix;

	(void)data;
	for (unsigned i = 0; !vmm.stop; i++) {
		pthread_mutex_lock(&vmm.big);
		vmm.failures += vfiopm_enter(dev) != 0;
		vmm.failures += vfiopm_exit(dev) != 0;
		vmm.failures += vfiopm_msix_set_policy(msix, i % 3) != 0;
		vmm.failures += vfiopm_msix_set_function_mask(msix, i % 2) != 0;
		vmm.failures += vfiopm_msix_release(msix, VECTORS - 1, 1) != 0;
		vmm.failures += vfiopm_msix_use(msix, VECTORS - 1, 1) != 0;
		pthread_mutex_unlock(&vmm.big);
		/* Use what the callbacks use, without a call of the library. */
		pthread_mutex_lock(vmm.big_protects_all ? &vmm.big : &vmm.inner);
		vmm.failures += vmm.intercepting != 0 && vmm.intercepting != 1;
		pthread_mutex_unlock(vmm.big_protects_all ? &vmm.big : &vmm.inner);
		sched_yield();
	}
	return NULL;
}

static void *run_device(void *data)
{
	(void)data;
	for (unsigned i = 0; !vmm.stop; i++) {
		sim_fire(testbed_sim_device(), VFIOPM_IRQ_MSIX, i % VECTORS);
		sched_yield();
	}
	return NULL;
}

static void run_vmm(bool loop_takes_big, bool big_protects_all, bool has_irqfds)
{
	const struct vfiopm_msix_ops ops = {
		.attach = has_irqfds ? attach : NULL,
		.detach = has_irqfds ? detach : NULL,
		.deliver = deliver,
		.intercept_pba = intercept,
	};
	void *(*const others[])(void *) = { run_event_loop, run_control, run_device };
	pthread_t vcpus[VCPUS], threads[3];
	uint32_t vectors[VCPUS];

	vmm.loop_takes_big = loop_takes_big;
	vmm.big_protects_all = big_protects_all;
	vmm.stop = false;
	msix_fixture_open_with(&vmm.fixture, &ops, NULL);
	expect_ok(vfiopm_msix_use(vmm.fixture.msix, 0, VECTORS));
	sim_hold_awake(testbed_sim_device(), true);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, others[i], NULL), 0);
	for (unsigned i = 0; i < VCPUS; i++) {
		vectors[i] = i;
		assert_int_equal(pthread_create(&vcpus[i], NULL, run_vcpu, &vectors[i]), 0);
	}
	for (unsigned i = 0; i < VCPUS; i++)
		assert_int_equal(pthread_join(vcpus[i], NULL), 0);
	if (!has_irqfds)
		wait_for_a_delivery();
	vmm.stop = true;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(vmm.failures, 0);
	sim_hold_awake(testbed_sim_device(), false);
	msix_fixture_close(&vmm.fixture);
	assert_int_equal(vmm.intercepting, 0);
}

static void dispatch_is_safe_under_the_big_lock(void **state)
{
	(void)state;
	run_vmm(true, false, true);
}

static void dispatch_is_safe_without_a_lock(void **state)
{
	(void)state;
	run_vmm(false, false, true);
}

static void a_deliver_callback_can_take_the_inner_lock(void **state)
{
	(void)state;
	run_vmm(false, false, false);
}

static void the_big_lock_can_protect_the_callbacks(void **state)
{
	(void)state;
	run_vmm(true, true, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(dispatch_is_safe_under_the_big_lock),
		ON_TESTBED(dispatch_is_safe_without_a_lock),
		ON_TESTBED(a_deliver_callback_can_take_the_inner_lock),
		ON_TESTBED(the_big_lock_can_protect_the_callbacks),
	};

	return cmocka_run_group_tests_name("msix-locking", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * The interrupts of a guest from many threads at the same time, on the simulator. vCPU threads mask
 * vectors of MSI, another vCPU enables and disables MSI, and the device raises interrupts. A build
 * with ThreadSanitizer (scripts/build threads) also detects data races.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kvm.h>

#include <vfiopm/vfiopm.h>

#include "guest.h"
#include "sim.h"
#include "test.h"

/* The capabilities. */
#define PM	  0xc8
#define MSI	  0x50

#define CYCLES	  1500
#define VCPUS	  3
#define FIRST_GSI 32
#define INTX_GSI  100
/* Each vCPU has a vector whose mask bit is in a byte of its own. */
#define VECTOR(vcpu) (8 * (vcpu))

static struct {
	struct sim_device *sim;
	struct guest *machine;
	struct vfiopm_guest *guest;
	atomic_bool stop;
	atomic_uint failures, reports;
} all;

/* ---- the callbacks ---- */

static int route(void *data, uint32_t index, uint32_t vector, uint64_t address, uint32_t message)
{
	(void)data;
	(void)address;
	(void)message;
	return (int)(index == VFIOPM_IRQ_INTX ? INTX_GSI : FIRST_GSI + vector);
}

static int irqfd(void *data, uint32_t gsi, int fd, int resample_fd, int on)
{
	struct kvm_irqfd request = {
		.fd = (uint32_t)fd,
		.gsi = gsi,
		.flags = on ? 0 : KVM_IRQFD_FLAG_DEASSIGN,
	};

	(void)data;
	if (resample_fd >= 0) {
		request.flags |= KVM_IRQFD_FLAG_RESAMPLE;
		request.resamplefd = (uint32_t)resample_fd;
	}
	return ioctl(guest_vm(all.machine), KVM_IRQFD, &request) < 0 ? -errno : 0;
}

static void broken(void *data, const char *call, int error)
{
	(void)data;
	(void)call;
	(void)error;
	all.reports++;
}

static const struct vfiopm_guest_ops ops = { .route = route, .irqfd = irqfd, .broken = broken };

/* ---- the guest ---- */

static void put(uint32_t offset, uint32_t width, uint32_t value)
{
	all.failures += vfiopm_guest_config_write(all.guest, MSI + offset, width, value) != 1;
}

static uint32_t get(uint32_t offset, uint32_t width)
{
	uint32_t value = 0;

	all.failures += vfiopm_guest_config_read(all.guest, MSI + offset, width, &value) != 1;
	return value;
}

static unsigned interrupts(uint32_t vector)
{
	return sim_asserted(FIRST_GSI + vector);
}

static void *mask_and_unmask(void *data)
{
	uint32_t vcpu = *(const uint32_t *)data;

	for (unsigned i = 0; i < CYCLES; i++) {
		unsigned before;

		put(16 + vcpu, 1, 1);
		before = interrupts(VECTOR(vcpu));
		for (int j = 0; j < 3; j++)
			sched_yield();
		get(20, 4);
		all.failures += interrupts(VECTOR(vcpu)) != before;
		put(16 + vcpu, 1, 0);
	}
	return NULL;
}

static void *enable_and_disable(void *data)
{
	(void)data;
	for (uint32_t i = 0; !all.stop; i++) {
		put(2, 2, 0x51);
		sched_yield();
		put(12, 2, 0x4000 + (i % 8 << 5));
		sched_yield();
		put(2, 2, 0x50);
		sched_yield();
	}
	return NULL;
}

static void *raise_interrupts(void *data)
{
	(void)data;
	for (uint32_t i = 0; !all.stop; i++) {
		sim_fire(all.sim, VFIOPM_IRQ_MSI, VECTOR(i % VCPUS));
		sim_fire(all.sim, VFIOPM_IRQ_INTX, 0);
		sim_clear_intx(all.sim);
		sched_yield();
	}
	return NULL;
}

static void start(pthread_t *thread, void *(*run)(void *), void *data)
{
	assert_int_equal(pthread_create(thread, NULL, run, data), 0);
}

static void join(pthread_t thread)
{
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void masks_enables_and_interrupts_run_in_parallel(void **state)
{
	const struct sim_machine machine = { .msi_vectors = 32 };
	/* An MSI capability with mask bits takes the place of the one of the e1000e. */
	const uint8_t msi[] = { 0x05, 0xe0, 0x8a, 0x01 }, next = MSI;
	pthread_t vcpus[VCPUS], control, device;
	uint32_t numbers[VCPUS];
	struct vfiopm_device *dev;
	unsigned before;
	int fd;

	(void)state;
	all.sim = sim_add(&machine);
	all.machine = guest_start();
	fd = sim_open_device(all.sim);
	sim_set_config(all.sim, MSI, msi, sizeof(msi));
	sim_set_config(all.sim, PM + 1, &next, sizeof(next));
	expect_ok(vfiopm_device_new_from_fd(fd, &dev));
	expect_ok(vfiopm_guest_new(dev, &ops, sizeof(ops), NULL, &all.guest));
	sim_hold_awake(all.sim, true);
	assert_int_equal(get(0, 1), 0x05);

	start(&control, enable_and_disable, NULL);
	start(&device, raise_interrupts, NULL);
	for (uint32_t i = 0; i < VCPUS; i++) {
		numbers[i] = i;
		start(&vcpus[i], mask_and_unmask, &numbers[i]);
	}
	for (uint32_t i = 0; i < VCPUS; i++)
		join(vcpus[i]);
	all.stop = true;
	join(control);
	join(device);
	assert_int_equal(all.failures, 0);
	assert_int_equal(all.reports, 0);

	/* Each vector still works. */
	put(2, 2, 0x51);
	for (uint32_t i = 0; i < VCPUS; i++) {
		before = interrupts(VECTOR(i));
		sim_fire(all.sim, VFIOPM_IRQ_MSI, VECTOR(i));
		assert_int_equal(interrupts(VECTOR(i)), before + 1);
	}
	put(2, 2, 0);
	before = sim_asserted(INTX_GSI);
	sim_fire(all.sim, VFIOPM_IRQ_INTX, 0);
	assert_int_equal(sim_asserted(INTX_GSI), before + 1);
	assert_int_equal(all.failures, 0);

	sim_hold_awake(all.sim, false);
	vfiopm_guest_free(all.guest);
	vfiopm_device_free(dev);
	close(fd);
	guest_stop(all.machine);
	sim_reset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masks_enables_and_interrupts_run_in_parallel),
	};

	return cmocka_run_group_tests_name("guest-irq-threads", tests, NULL, NULL);
}

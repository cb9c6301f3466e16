// SPDX-License-Identifier: MIT
/*
 * The threads of a VMM use one guest object: two vCPUs write the MSI-X table and the configuration
 * space, a thread dispatches, and a control thread turns the power off and on. Run it with
 * ThreadSanitizer (scripts/build threads). At the end the guest has what its registers state.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "raw.h"
#include "sim.h"
#include "test.h"

#define VECTORS	    5
#define ROUNDS	    1500
#define POWER_TURNS 100
#define BAR	    3 /* of the simulated device, with the table at its start */
#define PBA	    0x2000
#define MSIX	    0xa0 /* the capabilities */
#define MSI	    0xd0
#define PM	    0xc8

/* A GSI is the number of the index times 8, and that of the vector. */
#define GSIS 24

struct vmm {
	struct sim_device *sim;
	struct vfiopm_device *dev;
	struct vfiopm_guest *guest;
	int fd;
	atomic_int attached[GSIS]; /* the eventfd and 1, or 0 */
	atomic_uint mapped, reports;
	atomic_bool ends;
};

/* ---- the callbacks ---- */

static int route(void *data, uint32_t index, uint32_t vector, uint64_t address, uint32_t message)
{
	(void)data;
	(void)address;
	(void)message;
	return (int)(8 * index + vector);
}

static int irqfd(void *data, uint32_t gsi, int fd, int resample_fd, int on)
{
	struct vmm *vmm = data;
	int before = atomic_exchange(&vmm->attached[gsi], on ? fd + 1 : 0);

	(void)resample_fd;
	return before == (on ? 0 : fd + 1) ? 0 : -1;
}

static int mappings(void *data, int on)
{
	((struct vmm *)data)->mapped = (unsigned)on;
	return 0;
}

static void wake(void *data)
{
	(void)data;
}

/* An ioctl that enables MSI or MSI-X can begin before the device is in D3hot, and be refused. It is
 * retried. */
static void broken(void *data, const char *call, int error)
{
	if (error == -EINVAL)
		return;
	print_message("# %s: %d\n", call, error);
	((struct vmm *)data)->reports++;
}

static const struct vfiopm_guest_ops ops = {
	.route = route,
	.irqfd = irqfd,
	.mappings = mappings,
	.wake = wake,
	.broken = broken,
};

/* ---- the threads ---- */

static void write_table(struct vmm *vmm, uint32_t vector, uint64_t at, uint32_t value)
{
	vfiopm_guest_msix_write(vmm->guest, BAR, 16 * vector + at, sizeof(value), &value);
}

static void *write_masks(void *data)
{
	struct vmm *vmm = data;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint64_t pending;

		write_table(vmm, i % VECTORS, 12, 1);
		write_table(vmm, i % VECTORS, 8, i);
		sim_fire(vmm->sim, VFIOPM_IRQ_MSIX, i % VECTORS);
		vfiopm_guest_msix_read(vmm->guest, BAR, PBA, sizeof(pending), &pending);
		write_table(vmm, i % VECTORS, 12, 0);
	}
	return NULL;
}

static void *write_config(void *data)
{
	struct vmm *vmm = data;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t value;

		vfiopm_guest_config_write(vmm->guest, MSIX + 2, 2, i % 3 ? 0x8000 : 0);
		vfiopm_guest_config_write(vmm->guest, MSIX + 3, 1, i % 5 ? 0x80 : 0xc0);
		vfiopm_guest_config_write(vmm->guest, MSI + 2, 2, i % 2);
		vfiopm_guest_config_read(vmm->guest, i % 64 * 4, 4, &value);
		vfiopm_guest_set_policy(vmm->guest, i / 100 % 3);
	}
	return NULL;
}

static void *dispatch(void *data)
{
	struct vmm *vmm = data;
	struct pollfd pollfd = { .fd = vfiopm_guest_get_fd(vmm->guest), .events = POLLIN };

	while (!vmm->ends) {
		if (poll(&pollfd, 1, 1) == 1)
			vfiopm_guest_dispatch(vmm->guest);
	}
	return NULL;
}

static void *turn_power(void *data)
{
	struct vmm *vmm = data;

	for (uint32_t i = 0; i < POWER_TURNS; i++) {
		vfiopm_guest_power_off(vmm->guest);
		vfiopm_guest_is_powered(vmm->guest);
		vfiopm_guest_begin_power(vmm->guest, (int)(i % 2));
		vfiopm_guest_count_fds(vmm->guest);
		vfiopm_guest_power_on(vmm->guest);
		vfiopm_guest_config_write(vmm->guest, PM + 4, 2, i % 2 ? 0 : 3);
		if (i % 10 == 0)
			vfiopm_guest_reset(vmm->guest);
	}
	return NULL;
}

static void accesses_and_power_changes_race(void **state)
{
	void *(*const threads[])(void *data) = { write_masks, write_config, turn_power, dispatch };
	struct sim_machine machine = { 0 };
	struct vmm vmm = { .sim = sim_add(&machine) };
	pthread_t ids[4];
	uint64_t pending = 0;

	(void)state;
	vmm.fd = sim_open_device(vmm.sim);
	expect_ok(vfiopm_device_new_from_fd(vmm.fd, &vmm.dev));
	expect_ok(vfiopm_guest_new(vmm.dev, &ops, sizeof(ops), &vmm, &vmm.guest));
	for (int i = 0; i < 4; i++)
		expect_ok(pthread_create(&ids[i], NULL, threads[i], &vmm));
	for (int i = 0; i < 3; i++)
		expect_ok(pthread_join(ids[i], NULL));
	vmm.ends = true;
	expect_ok(pthread_join(ids[3], NULL));

	expect_ok(vfiopm_guest_reset(vmm.guest));
	assert_int_equal(sim_irq_active(vmm.sim), VFIOPM_IRQ_INTX);
	assert_int_equal(vmm.mapped, 1);
	vfiopm_guest_config_write(vmm.guest, MSIX + 2, 2, 0x8000);
	for (uint32_t i = 0; i < VECTORS; i++) {
		write_table(&vmm, i, 12, 0);
		sim_fire(vmm.sim, VFIOPM_IRQ_MSIX, i);
		vfiopm_guest_dispatch(vmm.guest);
		assert_true(vmm.attached[8 * VFIOPM_IRQ_MSIX + i] > 0);
		assert_true(raw_take(vmm.attached[8 * VFIOPM_IRQ_MSIX + i] - 1) > 0);
	}
	assert_int_equal(vfiopm_guest_msix_read(vmm.guest, BAR, PBA, sizeof(pending), &pending), 1);
	assert_int_equal(pending, 0);
	assert_int_equal(vmm.reports, 0);
	vfiopm_guest_free(vmm.guest);
	for (int i = 0; i < GSIS; i++)
		assert_int_equal(vmm.attached[i], 0);
	vfiopm_device_free(vmm.dev);
	close(vmm.fd);
	sim_reset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accesses_and_power_changes_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

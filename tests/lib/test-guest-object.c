// SPDX-License-Identifier: MIT
/* The guest object on the simulator: its creation, wrong arguments, and devices that lack a type of
 * interrupt. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "sim.h"
#include "vmm-fixture.h"

/* ---- creation and arguments ---- */

static void creation_leaves_nothing_open(void **state)
{
	struct sim_machine machine = { 0 };
	struct sim_device *sim = sim_add(&machine);
	struct vfiopm_device *dev;
	struct vfiopm_guest *guest = NULL;
	int fd = sim_open_device(sim);
	unsigned calls, fds;

	(void)state;
	expect_ok(vfiopm_device_new_from_fd(fd, &dev));
	fds = host_open_fds();
	sim_calls_begin();
	expect_ok(vfiopm_guest_new(dev, &vmm_ops, sizeof(vmm_ops), NULL, &guest));
	calls = sim_calls_end();
	assert_int_equal(host_open_fds(), fds + (unsigned)vfiopm_guest_count_fds(guest));
	assert_null(vfiopm_guest_free(guest));
	assert_int_equal(host_open_fds(), fds);
	for (unsigned i = 0; i < calls; i++) {
		const char *name;
		int r;

		guest = NULL;
		sim_calls_fail(i, ENOMEM);
		r = vfiopm_guest_new(dev, &vmm_ops, sizeof(vmm_ops), NULL, &guest);
		sim_calls_end();
		name = sim_call_name(i);
		if (r == 0) /* the capability then shows less */
			guest = vfiopm_guest_free(guest);
		else
			assert_int_equal(r, -ENOMEM);
		if (strcmp(name, "calloc") == 0 || strcmp(name, "malloc") == 0)
			assert_int_equal(r, -ENOMEM);
		assert_null(guest);
		assert_int_equal(host_open_fds(), fds);
	}
	for (unsigned i = 0; i < calls; i++) {
		if (strcmp(sim_call_name(i), "epoll_create1") != 0)
			continue;
		sim_calls_fail(i, EMFILE);
		expect_errno(EMFILE,
			     vfiopm_guest_new(dev, &vmm_ops, sizeof(vmm_ops), NULL, &guest));
		sim_calls_end();
		sim_calls_fail(i, ENFILE);
		expect_errno(ENFILE,
			     vfiopm_guest_new(dev, &vmm_ops, sizeof(vmm_ops), NULL, &guest));
		sim_calls_end();
	}
	sim_calls_fail(0, ENOMEM);
	expect_errno(ENOMEM, vfiopm_guest_new(dev, &vmm_ops, sizeof(vmm_ops), NULL, &guest));
	sim_calls_end();
	vfiopm_device_free(dev);
	sim_reset();
}

static void creation_needs_the_device(void **state)
{
	struct sim_machine machine = { 0 };
	struct sim_device *sim = sim_add(&machine);
	struct vfiopm_guest *guest = NULL;
	struct vfiopm_device *dev;
	int fd = sim_open_device(sim);

	(void)state;
	expect_ok(vfiopm_device_new_from_fd(fd, &dev));
	expect_ok(vfiopm_enter(dev));
	assert_true(sim_is_suspended(sim));
	sim_fail_resume(sim, true);
	expect_errno(EIO, vfiopm_guest_new(dev, &vmm_ops, sizeof(vmm_ops), NULL, &guest));
	sim_fail_resume(sim, false);
	close(fd);
	expect_errno(EBADF, vfiopm_guest_new(dev, &vmm_ops, sizeof(vmm_ops), NULL, &guest));
	assert_null(guest);
	vfiopm_device_free(dev);
	sim_reset();
}

/* The caller can be built with an older or with a newer header. */
static void the_callbacks_have_any_size(void **state)
{
	struct {
		struct vfiopm_guest_ops known;
		void *later;
	} longer = { .known = vmm_ops };
	struct sim_machine machine = { 0 };
	struct vfiopm_guest_ops ops = vmm_ops;
	struct vfiopm_guest *guest = NULL;
	struct vfiopm_device *dev;
	struct vmm_fixture vmm = { 0 };

	(void)state;
	expect_ok(vfiopm_device_new_from_fd(sim_open_device(sim_add(&machine)), &dev));
	expect_errno(EINVAL, vfiopm_guest_new(NULL, &ops, sizeof(ops), NULL, &guest));
	expect_errno(EINVAL, vfiopm_guest_new(dev, NULL, sizeof(ops), NULL, &guest));
	expect_errno(EINVAL, vfiopm_guest_new(dev, &ops, sizeof(ops), NULL, NULL));
	longer.later = &longer;
	expect_errno(EINVAL, vfiopm_guest_new(dev, &longer.known, sizeof(longer), NULL, &guest));
	longer.later = NULL;
	expect_ok(vfiopm_guest_new(dev, &longer.known, sizeof(longer), NULL, &guest));
	guest = vfiopm_guest_free(guest);
	ops.route = NULL;
	expect_errno(EINVAL, vfiopm_guest_new(dev, &ops, sizeof(ops), NULL, &guest));
	ops.route = vmm_ops.route;
	ops.irqfd = NULL;
	expect_errno(EINVAL, vfiopm_guest_new(dev, &ops, sizeof(ops), NULL, &guest));
	/* The first two members only: failures are not reported. */
	expect_ok(vfiopm_guest_new(dev, &vmm_ops, 2 * sizeof(ops.route), &vmm, &guest));
	vmm.route_error = ENOSPC;
	assert_int_equal(vfiopm_guest_reset(guest), -ENOSPC);
	assert_int_equal(vmm.reports, 0);
	vmm.route_error = 0;
	expect_ok(vfiopm_guest_reset(guest));
	guest = vfiopm_guest_free(guest);
	assert_null(vfiopm_guest_free(NULL));
	vfiopm_device_free(dev);
	sim_reset();
}

static void wrong_arguments(void **state)
{
	struct sim_machine machine = { 0 };
	struct vfiopm_guest *guest;
	struct vmm_fixture vmm;
	uint32_t value = 0;

	(void)state;
	vmm_fixture_open_fd(&vmm, sim_open_device(sim_add(&machine)));
	guest = vmm.guest;
	expect_errno(EINVAL, vfiopm_guest_msix_read(NULL, 3, 0, 4, &value));
	expect_errno(EINVAL, vfiopm_guest_msix_read(guest, 3, 0, 4, NULL));
	expect_errno(EINVAL, vfiopm_guest_msix_read(guest, 3, 0, 0, &value));
	expect_errno(EINVAL, vfiopm_guest_msix_write(NULL, 3, 0, 4, &value));
	expect_errno(EINVAL, vfiopm_guest_msix_write(guest, 3, 0, 4, NULL));
	expect_errno(EINVAL, vfiopm_guest_msix_write(guest, 3, 0, 0, &value));
	expect_errno(EINVAL, vfiopm_guest_config_read(guest, 3, 2, &value));
	expect_errno(EINVAL, vfiopm_guest_config_read(guest, 4096, 4, &value));
	expect_errno(EINVAL, vfiopm_guest_config_write(guest, 2, 4, value));
	expect_errno(EINVAL, vfiopm_guest_reset(NULL));
	expect_errno(EINVAL, vfiopm_guest_get_fd(NULL));
	expect_errno(EINVAL, vfiopm_guest_dispatch(NULL));
	expect_errno(EINVAL, vfiopm_guest_count_fds(NULL));
	expect_errno(EINVAL, vfiopm_guest_set_policy(NULL, VFIOPM_MSIX_POLICY_HOLD));
	expect_errno(EINVAL, vfiopm_guest_set_policy(guest, VFIOPM_MSIX_POLICY_RELAY + 1));
	vmm_fixture_close_fd(&vmm);
	sim_reset();
}

/* ---- other devices ---- */

static void a_device_without_msix(void **state)
{
	struct sim_machine machine = { .no_msix = true };
	struct vmm_fixture vmm;
	uint32_t value = 0;

	(void)state;
	vmm_fixture_open_fd(&vmm, sim_open_device(sim_add(&machine)));
	assert_int_equal(vmm.msix, 0);
	expect_ok(vfiopm_guest_reset(vmm.guest));
	assert_int_not_equal(vmm_attached(&vmm, VFIOPM_IRQ_INTX, 0), -1);
	assert_int_equal(vfiopm_guest_msix_read(vmm.guest, 3, 0, 4, &value), 0);
	assert_int_equal(vfiopm_guest_msix_write(vmm.guest, 3, 0, 4, &value), 0);
	expect_ok(vfiopm_guest_set_policy(vmm.guest, VFIOPM_MSIX_POLICY_HOLD));
	assert_int_equal(vfiopm_guest_dispatch(vmm.guest), 0);
	assert_true(vfiopm_guest_count_fds(vmm.guest) > 0);
	vmm_fixture_close_fd(&vmm);
	sim_reset();
}

/* A device without MSI, MSI-X and an interrupt pin has no interrupt. */
static void a_device_without_interrupts(void **state)
{
	struct sim_machine machine = { .no_intx = true, .no_msix = true };
	struct sim_device *sim = sim_add(&machine);
	const uint8_t express = 0xe0;
	struct vmm_fixture vmm;

	(void)state;
	sim_set_config(sim, 0xc8 + 1, &express, sizeof(express));
	vmm_fixture_open_fd(&vmm, sim_open_device(sim));
	assert_int_equal(vmm.msi, 0);
	expect_ok(vfiopm_guest_reset(vmm.guest));
	vmm_config_read(&vmm, 0xd0, 4);
	assert_int_equal(sim_irq_active(sim), -1);
	assert_int_equal(vmm.routes, 0);
	assert_int_equal(vfiopm_guest_dispatch(vmm.guest), 0);
	assert_true(vfiopm_guest_count_fds(vmm.guest) > 0);
	vmm_fixture_close_fd(&vmm);
	sim_reset();
}

/* Without INTx, no type is on until the guest enables MSI-X. */
static void a_device_without_intx(void **state)
{
	struct sim_machine machine = { .no_intx = true };
	struct sim_device *sim = sim_add(&machine);
	struct vmm_fixture vmm;

	(void)state;
	vmm_fixture_open_fd(&vmm, sim_open_device(sim));
	vmm_program(&vmm, 0);
	vmm_set_mask(&vmm, 0, false);
	assert_int_equal(sim_irq_active(sim), -1);
	vmm_msix_control(&vmm, VMM_MSIX_ENABLE);
	assert_int_equal(sim_irq_active(sim), VFIOPM_IRQ_MSIX);
	sim_fire(sim, VFIOPM_IRQ_MSIX, 0);
	vmm_guest_has(&vmm, 0, 1);
	sim_fail_set_irqs(sim, (const int[]){ EIO }, 1);
	vmm_msix_control(&vmm, 0);
	assert_int_equal(sim_irq_active(sim), VFIOPM_IRQ_MSIX);
	vmm_config_read(&vmm, vmm.msix, 4);
	assert_int_equal(sim_irq_active(sim), -1);
	vmm_fixture_close_fd(&vmm);
	sim_reset();
}

/* The capability of the device and the kernel's number of vectors are different. */
static void a_capability_of_another_size(void **state)
{
	struct sim_machine machine = { 0 };
	struct sim_device *sim = sim_add(&machine);
	struct vfiopm_guest *guest = NULL;
	struct vfiopm_device *dev;
	uint8_t size = 7;

	(void)state;
	sim_set_config(sim, 0xa0 + 2, &size, sizeof(size));
	expect_ok(vfiopm_device_new_from_fd(sim_open_device(sim), &dev));
	expect_errno(EPROTO, vfiopm_guest_new(dev, &vmm_ops, sizeof(vmm_ops), NULL, &guest));
	vfiopm_device_free(dev);
	sim_reset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(creation_leaves_nothing_open),
		cmocka_unit_test(creation_needs_the_device),
		cmocka_unit_test(the_callbacks_have_any_size),
		cmocka_unit_test(wrong_arguments),
		cmocka_unit_test(a_device_without_msix),
		cmocka_unit_test(a_device_without_interrupts),
		cmocka_unit_test(a_device_without_intx),
		cmocka_unit_test(a_capability_of_another_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

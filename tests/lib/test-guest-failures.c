// SPDX-License-Identifier: MIT
/* Failures below a guest's accesses on the simulator: what the guest sees meanwhile, what broken()
 * reports, and that the object retries. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "host.h"
#include "sim.h"
#include "testbed.h"
#include "vmm-fixture.h"

#define MSIX VFIOPM_IRQ_MSIX

struct fixture {
	struct vmm_fixture vmm;
	struct sim_device *sim;
};

static void open_on(struct fixture *fixture, const char *kernel)
{
	struct sim_machine machine = { .kernel = kernel };

	fixture->sim = sim_add(&machine);
	vmm_fixture_open_fd(&fixture->vmm, sim_open_device(fixture->sim));
	expect_ok(vfiopm_guest_reset(fixture->vmm.guest));
}

static void close_fixture(struct fixture *fixture)
{
	vmm_fixture_close_fd(&fixture->vmm);
	sim_reset();
}

static void fail_next(struct fixture *fixture, unsigned count)
{
	static const int errors[] = { EIO, EIO, EIO, EIO, EIO, EIO };

	sim_fail_set_irqs(fixture->sim, errors, count);
}

static void enable(struct fixture *fixture)
{
	vmm_msix_control(&fixture->vmm, VMM_MSIX_ENABLE);
}

static void start(struct fixture *fixture, uint32_t vector)
{
	enable(fixture);
	vmm_program(&fixture->vmm, vector);
	vmm_set_mask(&fixture->vmm, vector, false);
	assert_int_equal(fixture->vmm.reports, 0);
}

static void fire(struct fixture *fixture, uint32_t vector)
{
	sim_fire(fixture->sim, MSIX, vector);
}

static void arrives(struct fixture *fixture, uint32_t vector)
{
	unsigned before = vmm_count(&fixture->vmm, MSIX, vector);

	fire(fixture, vector);
	vmm_guest_has(&fixture->vmm, vector, before + 1);
}

/* Any access of the guest retries. */
static void touch(struct fixture *fixture)
{
	vmm_config_read(&fixture->vmm, fixture->vmm.msix, 4);
}

/* ---- enable and disable ---- */

/* MSI-X is enabled late. Interrupts of the gap are unknown, so each vector is pending. */
static void a_refused_enable_is_retried(void **state)
{
	struct fixture fixture;

	(void)state;
	open_on(&fixture, "6.12");
	vmm_program(&fixture.vmm, 0);
	vmm_program(&fixture.vmm, 1);
	vmm_set_mask(&fixture.vmm, 0, false);
	fail_next(&fixture, 2);
	/* INTx stays enabled. */
	enable(&fixture);
	vmm_expect_report(&fixture.vmm, "vfiopm_irq_disable", EIO);
	assert_int_equal(sim_irq_active(fixture.sim), VFIOPM_IRQ_INTX);
	/* INTx is disabled, and the enable fails. */
	fail_next(&fixture, 0);
	sim_fail_set_irqs(fixture.sim, (const int[]){ 0, EIO }, 2);
	touch(&fixture);
	vmm_expect_report(&fixture.vmm, "vfiopm_irq_reserve", EIO);
	assert_int_equal(sim_irq_active(fixture.sim), -1);
	assert_int_equal(vmm_config_read(&fixture.vmm, fixture.vmm.msix + 3, 1), 0x80);
	assert_int_equal(sim_irq_active(fixture.sim), MSIX);
	vmm_guest_has(&fixture.vmm, 0, 1);
	assert_int_equal(vmm_pba_read(&fixture.vmm), 0x1e);
	vmm_set_mask(&fixture.vmm, 1, false);
	vmm_guest_has(&fixture.vmm, 1, 1);
	assert_int_equal(vmm_pba_read(&fixture.vmm), 0x1c);
	arrives(&fixture, 0);
	assert_int_equal(fixture.vmm.reports, 0);
	close_fixture(&fixture);
}

/* The guest has disabled MSI-X, and receives nothing, also if the kernel refuses. */
static void a_refused_disable_masks_all(void **state)
{
	struct fixture fixture;

	(void)state;
	open_on(&fixture, "6.12");
	start(&fixture, 1);
	fail_next(&fixture, 2);
	vmm_msix_control(&fixture.vmm, 0);
	vmm_expect_report(&fixture.vmm, "vfiopm_msix_disable", EIO);
	assert_int_equal(vmm_attached(&fixture.vmm, MSIX, 1), -1);
	fire(&fixture, 1);
	assert_int_equal(sim_irq_active(fixture.sim), MSIX);
	/* The guest enables it again before the retry succeeds. */
	enable(&fixture);
	vmm_guest_has(&fixture.vmm, 1, 1);
	arrives(&fixture, 1);

	fail_next(&fixture, 1);
	vmm_msix_control(&fixture.vmm, 0);
	assert_int_equal(vmm_attached(&fixture.vmm, MSIX, 1), -1);
	touch(&fixture);
	assert_int_equal(sim_irq_active(fixture.sim), VFIOPM_IRQ_INTX);
	assert_int_equal(vmm_pba_read(&fixture.vmm), 0);
	close_fixture(&fixture);
}

/* Nothing that was pending before a reset is delivered after it, also if the disable is late. */
static void a_reset_reports_a_refused_disable(void **state)
{
	struct fixture fixture;

	(void)state;
	open_on(&fixture, "6.12");
	start(&fixture, 1);
	vmm_set_mask(&fixture.vmm, 1, true);
	fire(&fixture, 1);
	fail_next(&fixture, 1);
	expect_errno(EIO, vfiopm_guest_reset(fixture.vmm.guest));
	vmm_expect_report(&fixture.vmm, "vfiopm_msix_disable", EIO);
	touch(&fixture);
	assert_int_equal(sim_irq_active(fixture.sim), VFIOPM_IRQ_INTX);
	start(&fixture, 1);
	vmm_guest_has(&fixture.vmm, 1, 0);
	arrives(&fixture, 1);
	close_fixture(&fixture);
}

/* The guest's reboot ends the DMA of its device, and what the device has raised. */
static void a_reset_resets_the_device(void **state)
{
	struct sim_machine machine = { .no_reset = true };
	struct fixture fixture;
	unsigned resets;

	(void)state;
	open_on(&fixture, "6.12");
	start(&fixture, 0);
	expect_ok(vfiopm_guest_power_off(fixture.vmm.guest));
	resets = sim_resets(fixture.sim);
	expect_ok(vfiopm_guest_reset(fixture.vmm.guest));
	assert_int_equal(sim_resets(fixture.sim), resets + 1);
	assert_false(sim_is_engaged(fixture.sim));
	close_fixture(&fixture);

	/* The other steps are made also if the device cannot be reset. */
	fixture.sim = sim_add(&machine);
	vmm_fixture_open_fd(&fixture.vmm, sim_open_device(fixture.sim));
	start(&fixture, 0);
	expect_errno(EINVAL, vfiopm_guest_reset(fixture.vmm.guest));
	vmm_expect_report(&fixture.vmm, "vfiopm_reset", EINVAL);
	assert_int_equal(sim_irq_active(fixture.sim), VFIOPM_IRQ_INTX);
	assert_int_equal(vmm_config_read(&fixture.vmm, fixture.vmm.msix + 3, 1), 0);
	close_fixture(&fixture);
}

/* The host has too few vectors. Those that it has work. */
static void a_host_with_few_vectors(void **state)
{
	static const char *const kernels[] = { "6.1", "6.12" };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct fixture fixture;

		open_on(&fixture, kernels[i]);
		sim_limit_vectors(fixture.sim, 2);
		enable(&fixture);
		for (uint32_t j = 0; j < 3; j++) {
			vmm_program(&fixture.vmm, j);
			vmm_set_mask(&fixture.vmm, j, false);
		}
		vmm_expect_report(&fixture.vmm, "vfiopm_msix_use", ENOSPC);
		arrives(&fixture, 0);
		arrives(&fixture, 1);
		assert_int_equal(vmm_attached(&fixture.vmm, MSIX, 2), -1);
		assert_int_equal(vmm_pba_read(&fixture.vmm), 0);
		arrives(&fixture, 0);
		/* The others get no spurious interrupts from retries. */
		touch(&fixture);
		vmm_guest_has(&fixture.vmm, 0, 2);
		sim_limit_vectors(fixture.sim, 0);
		vmm_msix_control(&fixture.vmm, 0);
		enable(&fixture);
		arrives(&fixture, 2);
		close_fixture(&fixture);
	}
}

/* On a kernel that cannot resize the index, no vector can be reserved at all. */
static void a_host_without_vectors(void **state)
{
	struct fixture fixture;

	(void)state;
	open_on(&fixture, "6.1");
	sim_fail_set_irqs(fixture.sim, (const int[]){ 0, EIO, EIO }, 3);
	enable(&fixture);
	vmm_expect_report(&fixture.vmm, "vfiopm_irq_reserve", EIO);
	touch(&fixture);
	assert_int_equal(fixture.vmm.reports, 0);
	touch(&fixture);
	assert_int_equal(sim_irq_active(fixture.sim), MSIX);

	/* The kernel does not say how many vectors the host has. */
	vmm_msix_control(&fixture.vmm, 0);
	sim_ioctls_fail_after(1, ENOSPC);
	enable(&fixture);
	sim_calls_end();
	vmm_expect_report(&fixture.vmm, "vfiopm_irq_reserve", ENOSPC);
	touch(&fixture);
	assert_int_equal(sim_irq_active(fixture.sim), MSIX);
	close_fixture(&fixture);
}

/* ---- one vector ---- */

static void a_refused_use_is_retried(void **state)
{
	struct fixture fixture;

	(void)state;
	open_on(&fixture, "6.12");
	start(&fixture, 0);
	vmm_program(&fixture.vmm, 1);
	fail_next(&fixture, 1);
	vmm_set_mask(&fixture.vmm, 1, false);
	vmm_expect_report(&fixture.vmm, "vfiopm_msix_use", EIO);
	/* The device keeps the interrupt. */
	fire(&fixture, 1);
	vmm_guest_has(&fixture.vmm, 1, 0);
	touch(&fixture);
	vmm_guest_has(&fixture.vmm, 1, 1);

	/* A refused read of the PBA shows what is known. */
	fail_next(&fixture, 1);
	fire(&fixture, 3);
	vmm_set_mask(&fixture.vmm, 0, true);
	fire(&fixture, 0);
	assert_int_equal(vmm_pba_read(&fixture.vmm), 1);
	vmm_expect_report(&fixture.vmm, "vfiopm_msix_use", EIO);
	assert_int_equal(vmm_pba_read(&fixture.vmm), 9);
	close_fixture(&fixture);
}

static void a_refused_attach_is_retried(void **state)
{
	struct fixture fixture;

	(void)state;
	open_on(&fixture, "6.12");
	start(&fixture, 0);
	vmm_program(&fixture.vmm, 1);
	fixture.vmm.attach_error = ENOMEM;
	vmm_set_mask(&fixture.vmm, 1, false);
	vmm_expect_report(&fixture.vmm, "irqfd", ENOMEM);
	fire(&fixture, 1);
	vmm_guest_has(&fixture.vmm, 1, 0);
	fixture.vmm.attach_error = 0;
	touch(&fixture);
	vmm_guest_has(&fixture.vmm, 1, 1);
	close_fixture(&fixture);
}

/* After a failure the VMM can have changed the route, so the old message is routed again too. */
static void an_old_message_is_routed_again(void **state)
{
	struct fixture fixture;
	unsigned routes;

	(void)state;
	open_on(&fixture, "6.12");
	start(&fixture, 1);
	fixture.vmm.route_error = ENOSPC;
	vmm_table_write(&fixture.vmm, 16 + 8, 0x4321, 4);
	fixture.vmm.route_error = 0;
	routes = fixture.vmm.routes;
	vmm_set_mask(&fixture.vmm, 1, true);
	assert_int_equal(fixture.vmm.routes, routes + 1);
	fixture.vmm.route_error = ENOSPC;
	vmm_table_write(&fixture.vmm, 16 + 8, 0x4322, 4);
	vmm_set_mask(&fixture.vmm, 1, false);
	vmm_set_mask(&fixture.vmm, 1, true);
	vmm_table_write(&fixture.vmm, 16 + 8, 0x4321, 4);
	fixture.vmm.route_error = 0;
	routes = fixture.vmm.routes;
	vmm_set_mask(&fixture.vmm, 1, false);
	assert_int_equal(fixture.vmm.routes, routes + 1);
	arrives(&fixture, 1);
	close_fixture(&fixture);
}

/* A callback that returns a positive number is reported with EPROTO. */
static void a_callback_that_returns_a_positive_number(void **state)
{
	struct fixture fixture;

	(void)state;
	open_on(&fixture, "6.12");
	vmm_program(&fixture.vmm, 1);
	enable(&fixture);
	fixture.vmm.attach_error = -5;
	vmm_set_mask(&fixture.vmm, 1, false);
	vmm_expect_report(&fixture.vmm, "irqfd", EPROTO);
	fixture.vmm.attach_error = 0;
	touch(&fixture);
	arrives(&fixture, 1);
	close_fixture(&fixture);
}

/* The guest believes that the vector is masked, so VFIO must stop signalling it. The device keeps
 * the interrupts. */
static void a_refused_detach_releases_the_vector(void **state)
{
	struct fixture fixture;

	(void)state;
	open_on(&fixture, "6.12");
	expect_ok(vfiopm_guest_set_policy(fixture.vmm.guest, VFIOPM_MSIX_POLICY_HOLD));
	start(&fixture, 1);
	fixture.vmm.detach_error = EBUSY;
	vmm_set_mask(&fixture.vmm, 1, true);
	vmm_expect_report(&fixture.vmm, "irqfd", EBUSY);
	assert_int_equal(sim_irq_eventfd(fixture.sim, MSIX, 1), -1);
	fire(&fixture, 1);
	vmm_guest_has(&fixture.vmm, 1, 0);
	fixture.vmm.detach_error = 0;
	assert_int_equal(vmm_pba_read(&fixture.vmm), 2);
	vmm_set_mask(&fixture.vmm, 1, false);
	vmm_guest_has(&fixture.vmm, 1, 1);
	arrives(&fixture, 1);

	/* VFIO refuses too: the vector delivers until the retry. */
	fixture.vmm.detach_error = EBUSY;
	fail_next(&fixture, 1);
	vmm_set_mask(&fixture.vmm, 1, true);
	assert_int_not_equal(vmm_attached(&fixture.vmm, MSIX, 1), -1);
	fire(&fixture, 1);
	vmm_dispatch(&fixture.vmm);
	/* The interrupt, and one because the library does not know whether the ioctl had an effect. */
	assert_int_equal(vmm_count(&fixture.vmm, MSIX, 1), 4);
	fixture.vmm.detach_error = 0;
	touch(&fixture);
	assert_int_equal(vmm_attached(&fixture.vmm, MSIX, 1), -1);
	fire(&fixture, 1);
	assert_int_equal(vmm_pba_read(&fixture.vmm), 2);
	close_fixture(&fixture);
}

static void a_refused_detach_does_not_wake_the_device(void **state)
{
	struct fixture fixture;
	unsigned ioctls;

	(void)state;
	open_on(&fixture, "6.12");
	start(&fixture, 1);
	expect_ok(vfiopm_guest_power_off(fixture.vmm.guest));
	assert_true(sim_is_suspended(fixture.sim));
	fixture.vmm.detach_error = EBUSY;
	ioctls = sim_ioctls(fixture.sim);
	vmm_set_mask(&fixture.vmm, 1, true);
	vmm_expect_report(&fixture.vmm, "irqfd", EBUSY);
	assert_int_equal(sim_ioctls(fixture.sim), ioctls);
	assert_true(sim_is_suspended(fixture.sim));
	vmm_dispatch(&fixture.vmm);
	fixture.vmm.detach_error = 0;
	expect_ok(vfiopm_guest_power_on(fixture.vmm.guest));
	assert_int_equal(vmm_attached(&fixture.vmm, MSIX, 1), -1);
	close_fixture(&fixture);
}

/* The new message has another GSI. While the irqfd cannot leave the old one, the vector is
 * released: nothing is delivered with the old message. */
static void a_refused_change_of_the_gsi(void **state)
{
	struct fixture fixture;

	(void)state;
	open_on(&fixture, "6.12");
	start(&fixture, 1);
	fixture.vmm.new_gsis = true;
	fixture.vmm.detach_error = EBUSY;
	vmm_table_write(&fixture.vmm, 16 + 8, 0x4321, 4);
	vmm_expect_report(&fixture.vmm, "irqfd", EBUSY);
	assert_int_equal(sim_irq_eventfd(fixture.sim, MSIX, 1), -1);
	fire(&fixture, 1);
	vmm_guest_has(&fixture.vmm, 1, 0);
	fixture.vmm.detach_error = 0;
	touch(&fixture);
	vmm_guest_has(&fixture.vmm, 1, 1);

	/* The irqfd has left the old GSI, and cannot be attached to the new one. */
	fixture.vmm.attach_error = ENOMEM;
	vmm_table_write(&fixture.vmm, 16 + 8, 0x4322, 4);
	vmm_expect_report(&fixture.vmm, "irqfd", ENOMEM);
	assert_int_equal(vmm_attached(&fixture.vmm, MSIX, 1), -1);
	fire(&fixture, 1);
	fixture.vmm.attach_error = 0;
	touch(&fixture);
	vmm_guest_has(&fixture.vmm, 1, 2);

	/* In relay mode struct vfiopm_msix keeps the irqfd attached. */
	expect_ok(vfiopm_guest_set_policy(fixture.vmm.guest, VFIOPM_MSIX_POLICY_RELAY));
	vmm_set_mask(&fixture.vmm, 1, true);
	vmm_set_mask(&fixture.vmm, 1, false);
	fixture.vmm.attach_error = ENOMEM;
	vmm_table_write(&fixture.vmm, 16 + 8, 0x4323, 4);
	vmm_expect_report(&fixture.vmm, "irqfd", ENOMEM);
	fire(&fixture, 1);
	vmm_dispatch(&fixture.vmm);
	vmm_guest_has(&fixture.vmm, 1, 2);
	fixture.vmm.attach_error = 0;
	touch(&fixture);
	vmm_guest_has(&fixture.vmm, 1, 3);
	close_fixture(&fixture);
}

static void a_refused_dispatch_is_retried(void **state)
{
	struct fixture fixture;

	(void)state;
	open_on(&fixture, "6.12");
	expect_ok(vfiopm_guest_set_policy(fixture.vmm.guest, VFIOPM_MSIX_POLICY_RELAY));
	start(&fixture, 1);
	arrives(&fixture, 1);
	/* The next relayed interrupt changes the mode. */
	expect_ok(vfiopm_guest_set_policy(fixture.vmm.guest, VFIOPM_MSIX_POLICY_HOLD));
	fail_next(&fixture, 6);
	fire(&fixture, 1);
	vfiopm_guest_dispatch(fixture.vmm.guest);
	vmm_deliver(&fixture.vmm);
	fail_next(&fixture, 0);
	touch(&fixture);
	vmm_deliver(&fixture.vmm);
	assert_int_equal(vmm_count(&fixture.vmm, MSIX, 1), 2);
	arrives(&fixture, 1);
	assert_true(vmm_count(&fixture.vmm, MSIX, 1) >= 3);
	close_fixture(&fixture);
}

/* An interrupt that waits to be relayed survives refused ioctls at a mask, and at a disable. */
static void a_relayed_interrupt_is_not_lost(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		struct fixture fixture;

		open_on(&fixture, "6.12");
		start(&fixture, 0);
		expect_ok(vfiopm_guest_set_policy(fixture.vmm.guest, VFIOPM_MSIX_POLICY_RELAY));
		start(&fixture, 1);
		fire(&fixture, 1);
		expect_ok(vfiopm_guest_set_policy(fixture.vmm.guest, VFIOPM_MSIX_POLICY_HOLD));
		fail_next(&fixture, i / 2);
		fixture.vmm.attach_error = ENOMEM;
		if (i % 2)
			vmm_set_mask(&fixture.vmm, 1, true);
		else
			vmm_msix_control(&fixture.vmm, 0);
		fixture.vmm.attach_error = 0;
		fail_next(&fixture, 0);
		enable(&fixture);
		vmm_set_mask(&fixture.vmm, 1, false);
		vmm_dispatch(&fixture.vmm);
		assert_true(vmm_count(&fixture.vmm, MSIX, 1) > 0);
		arrives(&fixture, 1);
		close_fixture(&fixture);
	}
}

/* ---- retries ---- */

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Without an access of the guest, dispatch retries. The delay grows to one second. */
static void dispatch_retries_with_growing_delays(void **state)
{
	struct pollfd pollfd = { .events = POLLIN };
	struct fixture fixture;
	uint64_t begin;
	unsigned routes;

	(void)state;
	open_on(&fixture, "6.12");
	pollfd.fd = vfiopm_guest_get_fd(fixture.vmm.guest);
	start(&fixture, 0);
	vmm_dispatch(&fixture.vmm);
	fixture.vmm.route_error = EAGAIN;
	vmm_table_write(&fixture.vmm, 8, 0x4321, 4);
	routes = fixture.vmm.routes;
	begin = now_ms();
	for (unsigned i = 1; i <= 5; i++) {
		assert_int_equal(poll(&pollfd, 1, 0), 0);
		assert_int_equal(poll(&pollfd, 1, 2000), 1);
		assert_int_equal(vfiopm_guest_dispatch(fixture.vmm.guest), 0);
		assert_int_equal(fixture.vmm.routes, routes + i);
	}
	/* 10, 40, 160, 640 and 1000 ms */
	assert_in_range(now_ms() - begin, 1800, 5000);
	fixture.vmm.route_error = 0;
	fire(&fixture, 0);
	touch(&fixture);
	vmm_guest_has(&fixture.vmm, 0, 1);
	/* Nothing is left to retry. */
	assert_int_equal(poll(&pollfd, 1, 1200), 0);
	vmm_expect_report(&fixture.vmm, "route", EAGAIN);
	close_fixture(&fixture);
}

/* Low power ends the retries, and the end of low power continues them. */
static void a_sleeping_device_ends_the_retries(void **state)
{
	struct pollfd pollfd = { .events = POLLIN };
	struct fixture fixture;

	(void)state;
	open_on(&fixture, "6.12");
	pollfd.fd = vfiopm_guest_get_fd(fixture.vmm.guest);
	start(&fixture, 0);
	fixture.vmm.route_error = EAGAIN;
	vmm_table_write(&fixture.vmm, 8, 0x4321, 4);
	expect_ok(vfiopm_guest_power_off(fixture.vmm.guest));
	assert_int_equal(poll(&pollfd, 1, 100), 0);
	touch(&fixture);
	assert_int_equal(poll(&pollfd, 1, 100), 0);
	assert_true(sim_is_suspended(fixture.sim));
	fixture.vmm.route_error = 0;
	expect_ok(vfiopm_guest_power_on(fixture.vmm.guest));
	arrives(&fixture, 0);
	close_fixture(&fixture);
}

/* The change of the type waits until the device is awake. */
static void a_change_of_the_type_issues_no_ioctl_in_low_power(void **state)
{
	struct fixture fixture;
	unsigned ioctls;

	(void)state;
	open_on(&fixture, "6.12");
	start(&fixture, 0);
	expect_ok(vfiopm_guest_power_off(fixture.vmm.guest));
	ioctls = sim_ioctls(fixture.sim);
	vmm_msix_control(&fixture.vmm, 0);
	touch(&fixture);
	vmm_dispatch(&fixture.vmm);
	assert_int_equal(sim_ioctls(fixture.sim), ioctls);
	assert_int_equal(sim_irq_active(fixture.sim), MSIX);
	expect_ok(vfiopm_guest_power_on(fixture.vmm.guest));
	assert_int_equal(sim_irq_active(fixture.sim), VFIOPM_IRQ_INTX);
	expect_ok(vfiopm_guest_power_off(fixture.vmm.guest));
	ioctls = sim_ioctls(fixture.sim);
	enable(&fixture);
	assert_int_equal(sim_ioctls(fixture.sim), ioctls);
	expect_ok(vfiopm_guest_power_on(fixture.vmm.guest));
	assert_int_equal(sim_irq_active(fixture.sim), MSIX);
	assert_int_equal(fixture.vmm.reports, 0);
	close_fixture(&fixture);
}

/* Undone work of the power and of interrupts is retried together. */
static void an_undone_power_change_is_retried(void **state)
{
	struct fixture fixture;

	(void)state;
	open_on(&fixture, "6.12");
	start(&fixture, 0);
	fixture.vmm.map_error = EBUSY;
	sim_ioctl_fails_after(0, EIO);
	expect_errno(EIO, vfiopm_guest_power_off(fixture.vmm.guest));
	sim_calls_end();
	assert_int_equal(fixture.vmm.reports, 2);
	fixture.vmm.reports = 0;
	fixture.vmm.route_error = EAGAIN;
	vmm_table_write(&fixture.vmm, 8, 0x4321, 4);
	vmm_expect_report(&fixture.vmm, "route", EAGAIN);
	/* The failure of mappings() is not reported again when only the route succeeds. */
	fixture.vmm.route_error = 0;
	touch(&fixture);
	touch(&fixture);
	assert_int_equal(fixture.vmm.reports, 0);
	arrives(&fixture, 0);
	fixture.vmm.map_error = 0;
	touch(&fixture);
	arrives(&fixture, 0);

	/* A failure is reported again after everything was done. */
	fixture.vmm.unmap_error = EBUSY;
	assert_int_equal(vfiopm_guest_power_off(fixture.vmm.guest), -EBUSY);
	vmm_expect_report(&fixture.vmm, "mappings", EBUSY);
	fixture.vmm.unmap_error = 0;
	expect_ok(vfiopm_guest_power_off(fixture.vmm.guest));
	fixture.vmm.map_error = EBUSY;
	assert_int_equal(vfiopm_guest_reset(fixture.vmm.guest), -EBUSY);
	fixture.vmm.map_error = 0;
	expect_ok(vfiopm_guest_reset(fixture.vmm.guest));
	fixture.vmm.reports = 0;
	start(&fixture, 0);
	close_fixture(&fixture);
}

/* ---- reports ---- */

/* A failure is reported once, until nothing is left to retry. */
static void a_failure_is_reported_once(void **state)
{
	struct fixture fixture;

	(void)state;
	open_on(&fixture, "6.12");
	start(&fixture, 0);
	for (unsigned round = 0; round < 2; round++) {
		fixture.vmm.route_error = ENOSPC;
		vmm_table_write(&fixture.vmm, 8, round, 4);
		for (unsigned i = 0; i < 10; i++)
			touch(&fixture);
		vmm_expect_report(&fixture.vmm, "route", ENOSPC);
		fixture.vmm.route_error = 0;
		touch(&fixture);
		touch(&fixture);
		assert_int_equal(fixture.vmm.reports, 0);
	}
	/* A VMM can return any errno. At most 16 are reported. */
	for (int error = 1; error <= 20; error++) {
		fixture.vmm.route_error = error;
		vmm_table_write(&fixture.vmm, 8, (uint64_t)error, 4);
	}
	assert_int_equal(fixture.vmm.reports, 16);
	fixture.vmm.route_error = 0;
	touch(&fixture);
	arrives(&fixture, 0);
	close_fixture(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_enable_is_retried),
		cmocka_unit_test(a_refused_disable_masks_all),
		cmocka_unit_test(a_reset_reports_a_refused_disable),
		cmocka_unit_test(a_reset_resets_the_device),
		cmocka_unit_test(a_host_with_few_vectors),
		cmocka_unit_test(a_host_without_vectors),
		cmocka_unit_test(a_refused_use_is_retried),
		cmocka_unit_test(a_refused_attach_is_retried),
		cmocka_unit_test(an_old_message_is_routed_again),
		cmocka_unit_test(a_callback_that_returns_a_positive_number),
		cmocka_unit_test(a_refused_detach_releases_the_vector),
		cmocka_unit_test(a_refused_detach_does_not_wake_the_device),
		cmocka_unit_test(a_refused_change_of_the_gsi),
		cmocka_unit_test(a_refused_dispatch_is_retried),
		cmocka_unit_test(a_relayed_interrupt_is_not_lost),
		cmocka_unit_test(dispatch_retries_with_growing_delays),
		cmocka_unit_test(a_sleeping_device_ends_the_retries),
		cmocka_unit_test(a_change_of_the_type_issues_no_ioctl_in_low_power),
		cmocka_unit_test(an_undone_power_change_is_retried),
		cmocka_unit_test(a_failure_is_reported_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * INTx of a guest on the simulator: delivery, the end of an interrupt, failures, and the change to
 * MSI and back while the device raises interrupts.
 */
#include <errno.h>
#include <string.h>

#include "host.h"
#include "part-fixture.h"
#include "raw.h"
#include "testbed.h"

struct intx_fixture {
	struct part_fixture part;
	struct vfiopm__guest_intx *intx;
	unsigned seen;
};

static void open_intx(struct intx_fixture *fixture)
{
	*fixture = (struct intx_fixture){ 0 };
	part_fixture_open(&fixture->part, testbed_kernel(), 2);
	expect_ok(vfiopm__guest_intx_new(&fixture->part.host, &fixture->intx));
}

static void close_intx(struct intx_fixture *fixture)
{
	assert_null(vfiopm__guest_intx_free(fixture->intx));
	assert_int_equal(fixture->part.resample_fd, -1);
	assert_int_equal(sim_irq_active(fixture->part.sim), -1);
	part_fixture_close(&fixture->part);
}

static void fire(const struct intx_fixture *fixture)
{
	part_fire(&fixture->part, VFIOPM_IRQ_INTX, 0);
}

/* The number of times that the GSI was asserted since the last call. */
static unsigned received(struct intx_fixture *fixture)
{
	unsigned before = fixture->seen;

	fixture->seen = part_intx();
	return fixture->seen - before;
}

/* The guest ends the interrupt: KVM signals the resample eventfd. */
static void end_interrupt(const struct intx_fixture *fixture)
{
	raw_add(fixture->part.resample_fd, 1);
	sim_handle_signals();
}

/* ---- delivery ---- */

static void a_level_is_delivered_until_the_device_is_served(void **state)
{
	struct intx_fixture fixture;
	uint64_t before;
	unsigned fds;

	(void)state;
	open_intx(&fixture);
	fds = host_open_fds();
	before = part_issued(&fixture.part);
	expect_ok(vfiopm__guest_intx_enable(fixture.intx));
	expect_ok(vfiopm__guest_intx_enable(fixture.intx));
	assert_true(vfiopm__guest_intx_is_on(fixture.intx));
	assert_int_equal(part_issued(&fixture.part) - before, 2);
	assert_int_equal(fixture.part.routes, 1);
	assert_int_equal(vfiopm__guest_intx_count_fds(fixture.intx), 2);
	assert_int_equal(received(&fixture), 0);

	for (unsigned i = 0; i < 3; i++) {
		fire(&fixture);
		assert_int_equal(received(&fixture), 1);
		/* Masked until the guest ends the interrupt. */
		fire(&fixture);
		assert_int_equal(received(&fixture), 0);
		/* The level is still asserted. */
		end_interrupt(&fixture);
		assert_int_equal(received(&fixture), 1);
		sim_clear_intx(fixture.part.sim);
		end_interrupt(&fixture);
		assert_int_equal(received(&fixture), 0);
	}

	expect_ok(vfiopm__guest_intx_disable(fixture.intx));
	expect_ok(vfiopm__guest_intx_disable(fixture.intx));
	assert_false(vfiopm__guest_intx_is_on(fixture.intx));
	assert_int_equal(part_issued(&fixture.part) - before, 3);
	assert_int_equal(fixture.part.early_detaches, 0);
	assert_int_equal(vfiopm__guest_intx_count_fds(fixture.intx), 0);
	assert_int_equal(host_open_fds(), fds);
	assert_false(vfiopm__guest_intx_has_undone_work(fixture.intx));
	assert_int_equal(fixture.part.reports, 0);
	close_intx(&fixture);
}

/* A level that is asserted while INTx is disabled is delivered once by the enable. */
static void a_level_of_the_gap_is_delivered(void **state)
{
	struct intx_fixture fixture;

	(void)state;
	open_intx(&fixture);
	expect_ok(vfiopm__guest_intx_enable(fixture.intx));
	fire(&fixture);
	assert_int_equal(received(&fixture), 1);
	expect_ok(vfiopm__guest_intx_disable(fixture.intx));
	fire(&fixture);
	assert_int_equal(received(&fixture), 0);
	expect_ok(vfiopm__guest_intx_enable(fixture.intx));
	assert_int_equal(received(&fixture), 1);
	sim_clear_intx(fixture.part.sim);
	end_interrupt(&fixture);
	expect_ok(vfiopm__guest_intx_disable(fixture.intx));
	expect_ok(vfiopm__guest_intx_enable(fixture.intx));
	assert_int_equal(received(&fixture), 0);
	close_intx(&fixture);
}

/* vfio-pci emulates Interrupt Disable, which the VMM passes through. */
static void interrupt_disable_is_left_to_vfio_pci(void **state)
{
	struct intx_fixture fixture;

	(void)state;
	open_intx(&fixture);
	expect_ok(raw_write_config(fixture.part.fd, 5, 4));
	expect_ok(vfiopm__guest_intx_enable(fixture.intx));
	fire(&fixture);
	assert_int_equal(received(&fixture), 0);
	expect_ok(raw_write_config(fixture.part.fd, 5, 0));
	assert_int_equal(received(&fixture), 1);
	expect_ok(raw_write_config(fixture.part.fd, 5, 4));
	end_interrupt(&fixture);
	assert_int_equal(received(&fixture), 0);
	close_intx(&fixture);
}

static void a_sleeping_device_stays_asleep(void **state)
{
	struct intx_fixture fixture;

	(void)state;
	open_intx(&fixture);
	if (!testbed_has_low_power()) {
		close_intx(&fixture);
		skip_because("the kernel has no low-power feature");
	}
	expect_ok(vfiopm_enter(fixture.part.dev));
	assert_int_equal(vfiopm__guest_intx_enable(fixture.intx), -EAGAIN);
	assert_false(vfiopm__guest_intx_is_on(fixture.intx));
	assert_true(sim_is_suspended(fixture.part.sim));
	expect_ok(vfiopm_exit(fixture.part.dev));
	expect_ok(vfiopm__guest_intx_enable(fixture.intx));
	expect_ok(vfiopm_enter(fixture.part.dev));
	expect_ok(vfiopm__guest_intx_enable(fixture.intx));
	assert_int_equal(vfiopm__guest_intx_disable(fixture.intx), -EAGAIN);
	assert_true(vfiopm__guest_intx_is_on(fixture.intx));
	assert_true(sim_is_suspended(fixture.part.sim));
	expect_ok(vfiopm_exit(fixture.part.dev));
	assert_int_equal(fixture.part.reports, 0);
	close_intx(&fixture);
}

/* ---- failures ---- */

static void a_failed_enable_leaves_nothing(void **state)
{
	struct intx_fixture fixture;
	unsigned calls, failures = 0;

	(void)state;
	open_intx(&fixture);
	fixture.part.route_result = -ENOSPC;
	assert_int_equal(vfiopm__guest_intx_enable(fixture.intx), -ENOSPC);
	part_expect_report(&fixture.part, "route", -ENOSPC);
	fixture.part.route_result = 0;
	fixture.part.attach_result = -EOPNOTSUPP;
	assert_int_equal(vfiopm__guest_intx_enable(fixture.intx), -EOPNOTSUPP);
	part_expect_report(&fixture.part, "irqfd", -EOPNOTSUPP);
	fixture.part.attach_result = 0;

	/* Each call of the enable fails once. */
	sim_calls_begin();
	expect_ok(vfiopm__guest_intx_enable(fixture.intx));
	calls = sim_calls_end();
	expect_ok(vfiopm__guest_intx_disable(fixture.intx));
	for (unsigned i = 0; i < calls; i++) {
		int r;

		fire(&fixture);
		received(&fixture);
		sim_calls_fail(i, EMFILE);
		r = vfiopm__guest_intx_enable(fixture.intx);
		sim_calls_end();
		assert_int_equal(vfiopm__guest_intx_is_on(fixture.intx), r == 0);
		if (r == 0) {
			vfiopm__guest_intx_retry(fixture.intx);
			assert_false(vfiopm__guest_intx_has_undone_work(fixture.intx));
		} else {
			assert_int_equal(vfiopm__guest_intx_count_fds(fixture.intx), 0);
			assert_int_equal(fixture.part.resample_fd, -1);
			assert_int_equal(sim_irq_active(fixture.part.sim), -1);
			assert_int_not_equal(fixture.part.reports, 0);
			assert_int_equal(fixture.part.reported_error, r);
			fixture.part.reports = 0;
			vfiopm__guest_forget_reports(&fixture.part.host);
			failures++;
			expect_ok(vfiopm__guest_intx_enable(fixture.intx));
		}
		/* The level waits, and is then delivered as often as the guest ends it. */
		assert_int_equal(received(&fixture), 1);
		end_interrupt(&fixture);
		assert_int_equal(received(&fixture), 1);
		sim_clear_intx(fixture.part.sim);
		expect_ok(vfiopm__guest_intx_disable(fixture.intx));
	}
	/* Two eventfds with the memory for each, the irqfd and one SET_IRQS. */
	assert_int_equal(failures, 6);
	close_intx(&fixture);
}

/* Without the unmask eventfd INTx stays masked after its first interrupt, until the retry. */
static void a_failed_unmask_eventfd_is_retried(void **state)
{
	static const int second[] = { 0, EIO, EIO };
	struct intx_fixture fixture;

	(void)state;
	open_intx(&fixture);
	sim_fail_set_irqs(fixture.part.sim, second, 3);
	fire(&fixture);
	expect_ok(vfiopm__guest_intx_enable(fixture.intx));
	part_expect_report(&fixture.part, "vfiopm_irq_set_unmask_eventfd", -EIO);
	assert_true(vfiopm__guest_intx_has_undone_work(fixture.intx));
	assert_int_equal(received(&fixture), 1);
	end_interrupt(&fixture);
	assert_int_equal(received(&fixture), 0);
	vfiopm__guest_intx_retry(fixture.intx);
	assert_true(vfiopm__guest_intx_has_undone_work(fixture.intx));
	vfiopm__guest_intx_retry(fixture.intx);
	assert_false(vfiopm__guest_intx_has_undone_work(fixture.intx));
	/* The interrupt that the guest had ended. */
	assert_int_equal(received(&fixture), 1);
	vfiopm__guest_intx_retry(fixture.intx);
	expect_ok(vfiopm__guest_intx_disable(fixture.intx));

	/* A disable ends the wish for the unmask eventfd. */
	sim_fail_set_irqs(fixture.part.sim, second, 2);
	expect_ok(vfiopm__guest_intx_enable(fixture.intx));
	assert_true(vfiopm__guest_intx_has_undone_work(fixture.intx));
	expect_ok(vfiopm__guest_intx_disable(fixture.intx));
	assert_false(vfiopm__guest_intx_has_undone_work(fixture.intx));
	close_intx(&fixture);
}

static void a_failed_disable_leaves_intx_on(void **state)
{
	static const int once[] = { EIO };
	struct intx_fixture fixture;

	(void)state;
	open_intx(&fixture);
	expect_ok(vfiopm__guest_intx_enable(fixture.intx));
	sim_fail_set_irqs(fixture.part.sim, once, 1);
	assert_int_equal(vfiopm__guest_intx_disable(fixture.intx), -EIO);
	part_expect_report(&fixture.part, "vfiopm_irq_disable", -EIO);
	assert_true(vfiopm__guest_intx_is_on(fixture.intx));
	fire(&fixture);
	assert_int_equal(received(&fixture), 1);

	/* The line that could not be detached is used by the next enable, or detached. */
	for (unsigned enabled = 0; enabled <= 1; enabled++) {
		fixture.part.detach_result = -EIO;
		expect_ok(vfiopm__guest_intx_disable(fixture.intx));
		part_expect_report(&fixture.part, "irqfd", -EIO);
		assert_true(vfiopm__guest_intx_has_undone_work(fixture.intx));
		fixture.part.detach_result = 0;
		if (!enabled) {
			vfiopm__guest_intx_retry(fixture.intx);
			assert_int_equal(fixture.part.resample_fd, -1);
			assert_int_equal(vfiopm__guest_intx_count_fds(fixture.intx), 0);
		}
		expect_ok(vfiopm__guest_intx_enable(fixture.intx));
		assert_false(vfiopm__guest_intx_has_undone_work(fixture.intx));
		assert_int_equal(received(&fixture), 1);
		end_interrupt(&fixture);
		assert_int_equal(received(&fixture), 1);
	}

	/* The object can be freed while the kernel refuses to disable INTx. */
	sim_fail_set_irqs(fixture.part.sim, once, 1);
	assert_null(vfiopm__guest_intx_free(fixture.intx));
	assert_int_equal(fixture.part.resample_fd, -1);
	part_fixture_close(&fixture.part);
}

static void creation_can_fail(void **state)
{
	struct intx_fixture fixture;
	struct vfiopm__guest_intx *intx = NULL;

	(void)state;
	open_intx(&fixture);
	sim_calls_fail(0, ENOMEM);
	assert_int_equal(vfiopm__guest_intx_new(&fixture.part.host, &intx), -ENOMEM);
	sim_calls_end();
	assert_null(intx);
	assert_null(vfiopm__guest_intx_free(NULL));
	close_intx(&fixture);
}

/* ---- the change of the type ---- */

/* As guest.c does: the type that is on is disabled, then the other one is enabled. */
static void a_change_to_msi_and_back_loses_nothing(void **state)
{
	static const uint8_t capability[24] = { 5, 0, 0x80, 0 };
	struct vfiopm__guest_msi *msi;
	struct intx_fixture fixture;
	unsigned messages = 0;

	(void)state;
	open_intx(&fixture);
	expect_ok(vfiopm__guest_msi_new(&fixture.part.host, capability, &msi));
	vfiopm__guest_msi_write(msi, 4, 4, 0xfee00000);
	expect_ok(vfiopm__guest_intx_enable(fixture.intx));
	for (unsigned i = 0; i < 100; i++) {
		fire(&fixture);
		assert_int_equal(received(&fixture), 1);
		expect_ok(vfiopm__guest_intx_disable(fixture.intx));
		vfiopm__guest_msi_write(msi, 2, 2, 1);
		/* The interrupt of the gap: no eventfd counts it, and a late MSI delivers one. */
		part_fire(&fixture.part, VFIOPM_IRQ_MSI, 0);
		expect_ok(vfiopm__guest_msi_enable(msi, true));
		assert_int_equal(part_interrupts(0), ++messages);
		part_fire(&fixture.part, VFIOPM_IRQ_MSI, 0);
		assert_int_equal(part_interrupts(0), ++messages);
		vfiopm__guest_msi_write(msi, 2, 2, 0);
		expect_ok(vfiopm__guest_msi_disable(msi));
		assert_int_equal(part_interrupts(0), messages);
		assert_int_equal(received(&fixture), 0);
		/* The level is still asserted. */
		expect_ok(vfiopm__guest_intx_enable(fixture.intx));
		assert_int_equal(received(&fixture), 1);
		sim_clear_intx(fixture.part.sim);
		end_interrupt(&fixture);
		assert_int_equal(received(&fixture), 0);
	}
	/* One ioctl each for both disables and for MSI, two for INTx. */
	assert_int_equal(part_issued(&fixture.part), 2 + 100 * 5);
	assert_int_equal(fixture.part.reports, 0);
	assert_null(vfiopm__guest_msi_free(msi));
	close_intx(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_level_is_delivered_until_the_device_is_served),
		cmocka_unit_test(a_level_of_the_gap_is_delivered),
		cmocka_unit_test(interrupt_disable_is_left_to_vfio_pci),
		cmocka_unit_test(a_sleeping_device_stays_asleep),
		cmocka_unit_test(a_failed_enable_leaves_nothing),
		cmocka_unit_test(a_failed_unmask_eventfd_is_retried),
		cmocka_unit_test(a_failed_disable_leaves_intx_on),
		cmocka_unit_test(creation_can_fail),
		cmocka_unit_test(a_change_to_msi_and_back_loses_nothing),
	};

	return cmocka_run_group_tests_name("guest-intx", tests, NULL, NULL);
}

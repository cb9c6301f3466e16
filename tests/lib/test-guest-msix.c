// SPDX-License-Identifier: MIT
/*
 * The MSI-X of a guest, as its driver sees it: the capability, the table and the PBA. The tests run
 * on the simulator and on kernels. test-guest-fuzz.c compares random accesses with a model.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "testbed.h"
#include "vmm-fixture.h"

#define MSIX VFIOPM_IRQ_MSIX

static void enable(struct vmm_fixture *vmm)
{
	vmm_msix_control(vmm, VMM_MSIX_ENABLE);
}

/* Program, enable and unmask one vector, as a driver does. */
static void start(struct vmm_fixture *vmm, uint32_t vector)
{
	enable(vmm);
	vmm_program(vmm, vector);
	vmm_set_mask(vmm, vector, false);
}

/* ---- delivery ---- */

static void a_driver_programs_a_vector(void **state)
{
	struct vmm_fixture vmm;

	(void)state;
	vmm_fixture_open(&vmm);
	start(&vmm, 1);
	assert_int_equal(vmm.routes, 2); /* INTx, and the vector */
	assert_int_equal(vmm.reports, 0);
	vmm_fire(&vmm, MSIX, 1);
	vmm_guest_has(&vmm, 1, 1);
	assert_int_equal(vmm.gsis[vmm_attached(&vmm, MSIX, 1) - VMM_FIRST_GSI].address,
			 VMM_ADDRESS(1));
	assert_int_equal(vmm.gsis[vmm_attached(&vmm, MSIX, 1) - VMM_FIRST_GSI].message,
			 VMM_MESSAGE(1));
	vmm_fixture_close(&vmm);
}

/* As Linux does: it enables MSI-X with the function mask, and programs the vectors after that. */
static void the_function_mask_covers_the_setup(void **state)
{
	struct vmm_fixture vmm;

	(void)state;
	vmm_fixture_open(&vmm);
	vmm_msix_control(&vmm, VMM_MSIX_ENABLE | VMM_MSIX_MASK);
	for (uint32_t i = 0; i < 3; i++) {
		vmm_program(&vmm, i);
		vmm_set_mask(&vmm, i, false);
	}
	assert_int_equal(vmm.routes, 1); /* INTx */
	vmm_fire(&vmm, MSIX, 2);
	assert_int_equal(vmm_pba_read(&vmm), 4);
	enable(&vmm);
	vmm_guest_has(&vmm, 2, 1);
	assert_int_equal(vmm_pba_read(&vmm), 0);
	vmm_msix_control(&vmm, VMM_MSIX_ENABLE | VMM_MSIX_MASK);
	vmm_fire(&vmm, MSIX, 0);
	vmm_guest_has(&vmm, 0, 0);
	enable(&vmm);
	vmm_guest_has(&vmm, 0, 1);
	vmm_fixture_close(&vmm);
}

/* KVM detaches the irqfd when its eventfd is closed, so the disable is complete. */
static void a_disable_with_a_refused_detach(void **state)
{
	struct vmm_fixture vmm;

	(void)state;
	vmm_fixture_open(&vmm);
	start(&vmm, 1);
	vmm.detach_error = EBUSY;
	vmm_msix_control(&vmm, 0);
	vmm_expect_report(&vmm, "irqfd", EBUSY);
	assert_int_equal(vfiopm_irq_is_enabled(vmm.irq.dev, MSIX), 0);
	vmm.detach_error = 0;
	enable(&vmm);
	vmm_fire(&vmm, MSIX, 1);
	vmm_guest_has(&vmm, 1, 1);
	assert_int_equal(vmm.reports, 0);
	vmm_fixture_close(&vmm);
}

/* The table is programmed while MSI-X is disabled. */
static void masks_precede_the_enable_bit(void **state)
{
	struct vmm_fixture vmm;

	(void)state;
	vmm_fixture_open(&vmm);
	for (uint32_t i = 0; i < VECTORS; i++)
		vmm_program(&vmm, i);
	vmm_set_mask(&vmm, 0, false);
	vmm_set_mask(&vmm, 3, false);
	assert_int_equal(vmm_attached(&vmm, MSIX, 0), -1);
	enable(&vmm);
	assert_int_not_equal(vmm_attached(&vmm, MSIX, 0), -1);
	assert_int_equal(vmm_attached(&vmm, MSIX, 1), -1);
	assert_int_not_equal(vmm_attached(&vmm, MSIX, 3), -1);
	vmm_fire(&vmm, MSIX, 3);
	vmm_guest_has(&vmm, 3, 1);
	vmm_fixture_close(&vmm);
}

static void a_masked_vector_becomes_pending(void **state)
{
	struct vmm_fixture vmm;

	(void)state;
	vmm_fixture_open(&vmm);
	start(&vmm, 1);
	vmm_set_mask(&vmm, 1, true);
	vmm_fire(&vmm, MSIX, 1);
	vmm_fire(&vmm, MSIX, 1);
	vmm_guest_has(&vmm, 1, 0);
	assert_int_equal(vmm_pba_read(&vmm), 2);
	assert_int_equal(vmm_pba_read(&vmm), 2);
	vmm_set_mask(&vmm, 1, false);
	vmm_guest_has(&vmm, 1, 1);
	assert_int_equal(vmm_pba_read(&vmm), 0);
	vmm_fixture_close(&vmm);
}

/* A driver can leave all vectors masked and poll the PBA. Until it does, no vector is in use. */
static void a_read_of_the_pba_shows_vectors_that_were_never_unmasked(void **state)
{
	struct vmm_fixture vmm;
	int fds;

	(void)state;
	vmm_fixture_open(&vmm);
	enable(&vmm);
	fds = vfiopm_guest_count_fds(vmm.guest);
	vmm_fire(&vmm, MSIX, 2);
	assert_int_equal(vmm_pba_read(&vmm), 4);
	assert_int_equal(vfiopm_guest_count_fds(vmm.guest), fds + 2 * VECTORS);
	vmm_fire(&vmm, MSIX, 4);
	assert_int_equal(vmm_pba_read(&vmm), 0x14);
	vmm_program(&vmm, 2);
	vmm_set_mask(&vmm, 2, false);
	vmm_guest_has(&vmm, 2, 1);
	assert_int_equal(vmm_pba_read(&vmm), 0x10);
	vmm_fixture_close(&vmm);
}

/* An interrupt is pending when the guest disables MSI-X, and is delivered after the next enable. */
static void a_pending_interrupt_survives_a_disable(void **state)
{
	struct vmm_fixture vmm;

	(void)state;
	vmm_fixture_open(&vmm);
	start(&vmm, 1);
	vmm_set_mask(&vmm, 1, true);
	vmm_fire(&vmm, MSIX, 1);
	vmm_msix_control(&vmm, 0);
	assert_int_equal(vmm_pba_read(&vmm), 2);
	assert_int_not_equal(vmm_attached(&vmm, VFIOPM_IRQ_INTX, 0), -1);
	enable(&vmm);
	assert_int_equal(vmm_attached(&vmm, VFIOPM_IRQ_INTX, 0), -1);
	assert_int_equal(vmm_pba_read(&vmm), 2);
	/* It is one interrupt with a later one. */
	vmm_fire(&vmm, MSIX, 1);
	vmm_set_mask(&vmm, 1, false);
	vmm_guest_has(&vmm, 1, 1);
	vmm_msix_control(&vmm, 0);
	enable(&vmm);
	vmm_guest_has(&vmm, 1, 1);

	/* It is delivered also without a later one. */
	vmm_set_mask(&vmm, 1, true);
	vmm_fire(&vmm, MSIX, 1);
	vmm_msix_control(&vmm, 0);
	enable(&vmm);
	vmm_set_mask(&vmm, 1, false);
	vmm_guest_has(&vmm, 1, 2);
	vmm_fixture_close(&vmm);
}

/* ---- messages ---- */

static void a_new_message_is_routed_before_the_delivery(void **state)
{
	struct vmm_fixture vmm;
	unsigned routes;

	(void)state;
	vmm_fixture_open(&vmm);
	start(&vmm, 1);

	/* A masked vector gets its route when it is unmasked. */
	vmm_set_mask(&vmm, 1, true);
	routes = vmm.routes;
	vmm_table_write(&vmm, 16 + 8, 0x4321, 4);
	assert_int_equal(vmm.routes, routes);
	vmm_fire(&vmm, MSIX, 1);
	vmm_set_mask(&vmm, 1, false);
	assert_int_equal(vmm.routes, routes + 1);
	vmm_guest_has(&vmm, 1, 1);
	assert_int_equal(vmm.gsis[vmm_attached(&vmm, MSIX, 1) - VMM_FIRST_GSI].message, 0x4321);

	/* An unchanged message is not routed again. */
	vmm_set_mask(&vmm, 1, true);
	vmm_table_write(&vmm, 16 + 8, 0x4321, 4);
	vmm_set_mask(&vmm, 1, false);
	vmm_table_write(&vmm, 16 + 8, 0x4321, 4);
	assert_int_equal(vmm.routes, routes + 1);

	/* An unmasked vector is routed at once, to the same GSI or to another one. */
	vmm_table_write(&vmm, 16, UINT64_C(0x1fee02000), 8);
	assert_int_equal(vmm.routes, routes + 2);
	assert_int_equal(vmm.gsis[vmm_attached(&vmm, MSIX, 1) - VMM_FIRST_GSI].address,
			 UINT64_C(0x1fee02000));
	vmm_fire(&vmm, MSIX, 1);
	vmm_guest_has(&vmm, 1, 2);
	vmm.new_gsis = true;
	for (unsigned i = 0; i < 4; i++) {
		int gsi = vmm_attached(&vmm, MSIX, 1);

		vmm_table_write(&vmm, 16 + 8, 0x5000 + i, 4);
		assert_int_not_equal(vmm_attached(&vmm, MSIX, 1), gsi);
		vmm_fire(&vmm, MSIX, 1);
		vmm_guest_has(&vmm, 1, 3 + i);
	}
	assert_int_equal(vmm.reports, 0);
	vmm_fixture_close(&vmm);
}

/* A vector without a route keeps its interrupts, and is not attached with the old message. */
static void a_failed_route_holds_the_vector(void **state)
{
	struct vmm_fixture vmm;
	uint8_t byte;

	(void)state;
	vmm_fixture_open(&vmm);
	enable(&vmm);
	vmm_program(&vmm, 1);
	vmm.route_error = ENOSPC;
	vmm_set_mask(&vmm, 1, false);
	vmm_expect_report(&vmm, "route", ENOSPC);
	assert_int_equal(vmm_table_read(&vmm, 16 + 12, 4), 0);
	vmm_fire(&vmm, MSIX, 1);
	vmm_guest_has(&vmm, 1, 0);
	/* The same failure is reported once. */
	assert_int_equal(vmm.reports, 0);
	vmm.route_error = 0;
	/* Any access retries. */
	assert_int_equal(vfiopm_guest_msix_read(vmm.guest, vmm.bar, vmm.table, 1, &byte), 1);
	vmm_guest_has(&vmm, 1, 1);

	vmm.route_error = ENOSPC;
	vmm_table_write(&vmm, 16 + 8, 0x4321, 4);
	vmm_expect_report(&vmm, "route", ENOSPC);
	assert_int_equal(vmm_attached(&vmm, MSIX, 1), -1);
	vmm_fire(&vmm, MSIX, 1);
	vmm_guest_has(&vmm, 1, 1);
	vmm.route_error = 0;
	/* A guest that waits for the interrupt makes no access: dispatch retries. */
	for (int i = 0; i < 3000 && vmm_attached(&vmm, MSIX, 1) < 0; i++) {
		usleep(1000);
		vmm_dispatch(&vmm);
	}
	vmm_guest_has(&vmm, 1, 2);
	assert_int_equal(vmm.gsis[vmm_attached(&vmm, MSIX, 1) - VMM_FIRST_GSI].message, 0x4321);
	vmm_fixture_close(&vmm);
}

/* ---- registers ---- */

static void accesses_have_any_width(void **state)
{
	struct vmm_fixture vmm;
	uint8_t bytes[48];

	(void)state;
	vmm_fixture_open(&vmm);
	assert_int_equal(vmm_table_read(&vmm, 12, 4), 1);
	for (uint64_t at = 0; at < 16; at++)
		vmm_table_write(&vmm, 16 + at, 0xf0 + at, 1);
	/* Reserved bits read 0, and the address is aligned. */
	assert_int_equal(vmm_table_read(&vmm, 16, 8), UINT64_C(0xf7f6f5f4f3f2f1f0));
	assert_int_equal(vmm_table_read(&vmm, 24, 8), UINT64_C(0x00000000fbfaf9f8));
	vmm_table_write(&vmm, 16, UINT64_MAX, 8);
	vmm_table_write(&vmm, 24, UINT64_MAX, 8);
	assert_int_equal(vmm_table_read(&vmm, 16, 8), UINT64_C(0xfffffffffffffffc));
	assert_int_equal(vmm_table_read(&vmm, 24, 8), UINT64_C(0x1ffffffff));
	/* An access that crosses two entries, and one that crosses three. */
	vmm_table_write(&vmm, 28, UINT64_C(0x1122334400000000), 8);
	assert_int_equal(vmm_table_read(&vmm, 28, 4), 0);
	assert_int_equal(vmm_table_read(&vmm, 32, 4), 0x11223344);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(vfiopm_guest_msix_write(vmm.guest, vmm.bar, vmm.table + 8, 40, bytes), 1);
	assert_int_equal(vfiopm_guest_msix_read(vmm.guest, vmm.bar, vmm.table, 48, bytes), 1);
	for (size_t i = 0; i < sizeof(bytes); i++)
		assert_int_equal(bytes[i], 0);
	vmm_fixture_close(&vmm);
}

static void accesses_past_the_end_read_0_and_write_nothing(void **state)
{
	struct vmm_fixture vmm;
	uint64_t size = 16 * VECTORS, value = UINT64_MAX;

	(void)state;
	vmm_fixture_open(&vmm);
	vmm_table_write(&vmm, size - 4, UINT64_MAX, 8);
	assert_int_equal(vmm_table_read(&vmm, size - 4, 8), 1);
	assert_int_equal(vfiopm_guest_msix_read(vmm.guest, vmm.bar, vmm.table + size, 4, &value),
			 0);
	assert_int_equal(vfiopm_guest_msix_write(vmm.guest, vmm.bar, vmm.table + size, 4, &value),
			 0);
	assert_int_equal(vfiopm_guest_msix_read(vmm.guest, vmm.bar + 1, vmm.table, 4, &value), 0);
	assert_int_equal(vfiopm_guest_msix_write(vmm.guest, vmm.bar + 1, vmm.table, 4, &value), 0);
	assert_int_equal(vfiopm_guest_msix_read(vmm.guest, vmm.bar, UINT64_MAX, 8, &value), 0);
	/* From before the PBA into it. */
	assert_int_equal(vfiopm_guest_msix_read(vmm.guest, vmm.bar, vmm.pba - 4, 8, &value), 1);
	assert_int_equal(value, 0);
	/* The PBA ignores writes. */
	value = UINT64_MAX;
	assert_int_equal(vfiopm_guest_msix_write(vmm.guest, vmm.bar, vmm.pba, 8, &value), 1);
	assert_int_equal(vfiopm_guest_msix_write(vmm.guest, vmm.bar, vmm.pba - 4, 8, &value), 1);
	assert_int_equal(vmm_pba_read(&vmm), 0);
	vmm_fixture_close(&vmm);
}

static void the_capability_has_two_bits_to_write(void **state)
{
	struct vmm_fixture vmm;
	uint32_t before, at;

	(void)state;
	vmm_fixture_open(&vmm);
	at = vmm.msix;
	before = vmm_config_read(&vmm, at, 4);
	assert_int_equal(before & 0xff, 0x11);
	assert_int_equal(before >> 16, VECTORS - 1);
	vmm_config_write(&vmm, at, 4, UINT32_MAX);
	assert_int_equal(vmm_config_read(&vmm, at, 4), before | UINT32_C(0xc0000000));
	vmm_config_write(&vmm, at, 2, 0);
	vmm_config_write(&vmm, at + 2, 1, 0);
	vmm_config_write(&vmm, at + 4, 4, UINT32_MAX);
	vmm_config_write(&vmm, at + 8, 4, 0);
	assert_int_equal(vmm_config_read(&vmm, at + 3, 1), 0xc0);
	vmm_config_write(&vmm, at + 3, 1, 0x40);
	assert_int_equal(vmm_config_read(&vmm, at + 2, 2), (VECTORS - 1) | VMM_MSIX_MASK);
	assert_int_equal(vmm_config_read(&vmm, at + 4, 4), vmm.table | vmm.bar);
	assert_int_equal(vmm_config_read(&vmm, at + 8, 4), vmm.pba | vmm.bar);
	vmm_fixture_close(&vmm);
}

/* ---- power ---- */

/* A vector that was never in use needs an ioctl, which waits until the device is awake. */
static void a_sleeping_device_stays_asleep(void **state)
{
	struct vmm_fixture vmm;
	unsigned long ms;

	(void)state;
	testbed_need_low_power();
	vmm_fixture_open(&vmm);
	start(&vmm, 1);
	expect_ok(vfiopm_guest_power_off(vmm.guest));
	host_sees_deep_sleep();
	ms = host_suspended_time();
	for (unsigned i = 0; i < 20; i++) {
		vmm_set_mask(&vmm, 1, i % 2 == 0);
		assert_int_equal(vmm_table_read(&vmm, 16 + 12, 4), i % 2 == 0);
		assert_int_equal(vmm_pba_read(&vmm), 0);
		vmm_table_write(&vmm, 16 + 8, 0x5000 + i, 4);
	}
	vmm_program(&vmm, 2);
	vmm_set_mask(&vmm, 2, false);
	vmm_msix_control(&vmm, VMM_MSIX_ENABLE | VMM_MSIX_MASK);
	enable(&vmm);
	testbed_let_suspend();
	host_sees_deep_sleep();
	assert_true(host_suspended_time() >= ms);
	assert_int_equal(vmm_attached(&vmm, MSIX, 2), -1);
	assert_int_equal(vmm.reports, 0);
	expect_ok(vfiopm_guest_power_on(vmm.guest));
	vmm_fire(&vmm, MSIX, 2);
	vmm_guest_has(&vmm, 2, 1);
	vmm_fire(&vmm, MSIX, 1);
	vmm_guest_has(&vmm, 1, 1);

	/* Neither does the enable bit wake the device. */
	expect_ok(vfiopm_guest_power_off(vmm.guest));
	host_sees_deep_sleep();
	vmm_msix_control(&vmm, 0);
	testbed_let_suspend();
	host_sees_deep_sleep();
	assert_int_equal(vmm_attached(&vmm, VFIOPM_IRQ_INTX, 0), -1);
	expect_ok(vfiopm_guest_power_on(vmm.guest));
	assert_int_not_equal(vmm_attached(&vmm, VFIOPM_IRQ_INTX, 0), -1);
	assert_int_equal(vmm_attached(&vmm, MSIX, 1), -1);
	assert_int_equal(vmm.reports, 0);
	vmm_fixture_close(&vmm);
}

/* In D3hot the kernel refuses to enable MSI-X. */
static void a_change_in_d3hot_waits_for_d0(void **state)
{
	struct vmm_fixture vmm;

	(void)state;
	vmm_fixture_open(&vmm);
	expect_ok(vfiopm_guest_reset(vmm.guest));
	vmm_program(&vmm, 1);
	vmm_set_mask(&vmm, 1, false);
	vmm_config_write(&vmm, vmm.pm + 4, 2, 3);
	enable(&vmm);
	assert_int_equal(vmm_attached(&vmm, MSIX, 1), -1);
	assert_int_equal(vmm.reports, 0);
	vmm_config_write(&vmm, vmm.pm + 4, 2, 0);
	assert_int_not_equal(vmm_attached(&vmm, MSIX, 1), -1);
	assert_int_equal(vmm_attached(&vmm, VFIOPM_IRQ_INTX, 0), -1);
	/* MSI-X is enabled late. */
	vmm_guest_has(&vmm, 1, 1);
	vmm_fire(&vmm, MSIX, 1);
	vmm_guest_has(&vmm, 1, 2);
	assert_int_equal(vmm.reports, 0);
	vmm_fixture_close(&vmm);
}

static void a_reset_masks_all_and_returns_to_intx(void **state)
{
	struct vmm_fixture vmm;

	(void)state;
	vmm_fixture_open(&vmm);
	expect_ok(vfiopm_guest_reset(vmm.guest));
	assert_int_not_equal(vmm_attached(&vmm, VFIOPM_IRQ_INTX, 0), -1);
	start(&vmm, 1);
	start(&vmm, 2);
	vmm_set_mask(&vmm, 2, true);
	vmm_fire(&vmm, MSIX, 2);
	if (testbed_has_low_power()) {
		expect_ok(vfiopm_guest_power_off(vmm.guest));
		host_sees_deep_sleep();
	}
	expect_ok(vfiopm_guest_reset(vmm.guest));
	assert_int_equal(vfiopm_guest_is_powered(vmm.guest), 1);
	assert_int_not_equal(vmm_attached(&vmm, VFIOPM_IRQ_INTX, 0), -1);
	assert_int_equal(vmm_attached(&vmm, MSIX, 1), -1);
	assert_int_equal(vmm_config_read(&vmm, vmm.msix + 2, 2), VECTORS - 1);
	for (uint64_t at = 0; at < 16 * VECTORS; at += 8)
		assert_int_equal(vmm_table_read(&vmm, at, 8),
				 at % 16 ? UINT64_C(1) << 32 : UINT64_C(0));
	enable(&vmm);
	assert_int_equal(vmm_pba_read(&vmm), 0);
	vmm_program(&vmm, 2);
	vmm_set_mask(&vmm, 2, false);
	vmm_fire(&vmm, MSIX, 2);
	vmm_guest_has(&vmm, 2, 1);
	assert_int_equal(vmm.reports, 0);
	vmm_fixture_close(&vmm);
}

/* With the policy HOLD, no call of vfiopm_guest_dispatch() is necessary. */
static void no_event_thread_is_necessary(void **state)
{
	struct vmm_fixture vmm;

	(void)state;
	vmm_fixture_open(&vmm);
	expect_ok(vfiopm_guest_set_policy(vmm.guest, VFIOPM_MSIX_POLICY_HOLD));
	start(&vmm, 1);
	for (unsigned i = 0; i < 40; i++) {
		vmm_set_mask(&vmm, 1, true);
		vmm_fire(&vmm, MSIX, 1);
		vmm_set_mask(&vmm, 1, false);
		vmm_deliver(&vmm);
		assert_int_equal(vmm_count(&vmm, MSIX, 1), i + 1);
	}
	vmm_fixture_close(&vmm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(a_driver_programs_a_vector),
		ON_TESTBED(the_function_mask_covers_the_setup),
		ON_TESTBED(a_disable_with_a_refused_detach),
		ON_TESTBED(masks_precede_the_enable_bit),
		ON_TESTBED(a_masked_vector_becomes_pending),
		ON_TESTBED(a_read_of_the_pba_shows_vectors_that_were_never_unmasked),
		ON_TESTBED(a_pending_interrupt_survives_a_disable),
		ON_TESTBED(a_new_message_is_routed_before_the_delivery),
		ON_TESTBED(a_failed_route_holds_the_vector),
		ON_TESTBED(accesses_have_any_width),
		ON_TESTBED(accesses_past_the_end_read_0_and_write_nothing),
		ON_TESTBED(the_capability_has_two_bits_to_write),
		ON_TESTBED(a_sleeping_device_stays_asleep),
		ON_TESTBED(a_change_in_d3hot_waits_for_d0),
		ON_TESTBED(a_reset_masks_all_and_returns_to_intx),
		ON_TESTBED(no_event_thread_is_necessary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

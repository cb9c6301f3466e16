// SPDX-License-Identifier: MIT
/*
 * A function level reset that a guest initiates, on the simulator: the device is reset, and the
 * guest's registers with it. test-guest-flr.c shows a real one.
 */
#include <errno.h>
#include <unistd.h>

#include "sim.h"
#include "vmm-fixture.h"

#define EXPRESS	 0xe0
#define INITIATE UINT32_C(0x8000)
#define MSIX	 VFIOPM_IRQ_MSIX

struct fixture {
	struct sim_device *sim;
	struct vmm_fixture vmm;
};

static void open_on(struct fixture *fixture, const struct sim_machine *machine)
{
	const uint8_t flr = 0x10;

	fixture->sim = sim_add(machine);
	sim_set_config(fixture->sim, EXPRESS + 7, &flr, sizeof(flr));
	vmm_fixture_open_fd(&fixture->vmm, sim_open_device(fixture->sim));
	assert_int_equal(fixture->vmm.express, EXPRESS);
	vmm_program(&fixture->vmm, 0);
	vmm_set_mask(&fixture->vmm, 0, false);
	vmm_msix_control(&fixture->vmm, VMM_MSIX_ENABLE);
	assert_int_equal(sim_irq_active(fixture->sim), MSIX);
}

static void close_fixture(struct fixture *fixture)
{
	vmm_fixture_close_fd(&fixture->vmm);
	sim_reset();
}

/* A write of Device Control. Returns whether the object has handled it. */
static int write_control(struct fixture *fixture, uint32_t value)
{
	return vfiopm_guest_config_write(fixture->vmm.guest, EXPRESS + 8, 2, value);
}

static void reset_of_the_guest_resets_its_registers(void **state)
{
	struct fixture fixture;
	struct vmm_fixture *vmm = &fixture.vmm;

	(void)state;
	open_on(&fixture, NULL);
	vmm_config_write(vmm, vmm->pm + 4, 2, 3);
	assert_int_equal(write_control(&fixture, 0x2810), 0);
	assert_int_equal(sim_resets(fixture.sim), 0);
	assert_int_equal(write_control(&fixture, INITIATE | 0x2810), 1);
	assert_int_equal(sim_resets(fixture.sim), 1);
	assert_int_equal(vmm_config_read(vmm, vmm->pm + 4, 2), 0);
	assert_int_equal(vmm_config_read(vmm, vmm->msix + 2, 2), 4);
	assert_int_equal(vmm_table_read(vmm, 8, 8), (uint64_t)1 << 32);
	assert_int_equal(sim_irq_active(fixture.sim), VFIOPM_IRQ_INTX);
	assert_int_equal(vmm->reports, 0);

	/* The guest restores its registers, as pci_restore_state() does. */
	vmm_program(vmm, 0);
	vmm_set_mask(vmm, 0, false);
	vmm_msix_control(vmm, VMM_MSIX_ENABLE);
	sim_fire(fixture.sim, MSIX, 0);
	vmm_guest_has(vmm, 0, 1);
	close_fixture(&fixture);
}

static void other_devices_take_the_write(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture.sim = sim_add(NULL);
	vmm_fixture_open_fd(&fixture.vmm, sim_open_device(fixture.sim));
	assert_int_equal(write_control(&fixture, INITIATE), 0);
	assert_int_equal(sim_resets(fixture.sim), 0);
	close_fixture(&fixture);
}

/* A function without power takes no writes. */
static void sleeping_device_is_not_reset(void **state)
{
	struct fixture fixture;

	(void)state;
	open_on(&fixture, NULL);
	expect_ok(vfiopm_guest_power_off(fixture.vmm.guest));
	assert_int_equal(write_control(&fixture, INITIATE), 1);
	assert_int_equal(sim_resets(fixture.sim), 0);
	assert_true(sim_is_suspended(fixture.sim));
	assert_int_equal(vmm_config_read(&fixture.vmm, fixture.vmm.msix + 2, 2),
			 VMM_MSIX_ENABLE | 4);
	close_fixture(&fixture);
}

static void reset_that_fails_is_reported(void **state)
{
	const struct sim_machine machine = { .no_reset = true };
	struct fixture fixture;

	(void)state;
	open_on(&fixture, &machine);
	assert_int_equal(write_control(&fixture, INITIATE), 1);
	vmm_expect_report(&fixture.vmm, "vfiopm_reset", EINVAL);
	assert_int_equal(sim_irq_active(fixture.sim), VFIOPM_IRQ_INTX);
	close_fixture(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reset_of_the_guest_resets_its_registers),
		cmocka_unit_test(other_devices_take_the_write),
		cmocka_unit_test(sleeping_device_is_not_reset),
		cmocka_unit_test(reset_that_fails_is_reported),
	};

	return cmocka_run_group_tests_name("guest-reset", tests, NULL, NULL);
}

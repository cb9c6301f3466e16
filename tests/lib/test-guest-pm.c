// SPDX-License-Identifier: MIT
/*
 * Tests of the power of a guest's function (lib/guest/pm.c), on the simulator: the PM capability,
 * the power resource, and power changes by dispatch. test-guest-wakes.c has the wakes by the host,
 * test-guest-pm-failures.c the failures.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "guest-parts.h"
#include "host.h"

#define PMC	   2
#define DEVICE_PMC 0x0022
#define PME_D3HOT  0x4000
#define PME_D3COLD 0x8000

static uint16_t pmc(const struct guest_parts *parts)
{
	return (uint16_t)vfiopm__guest_pm_read(parts->pm, PMC, 2);
}

/* ---- the capability ---- */

static void capability_shows_pme_that_works(void **state)
{
	static const struct sim_machine old = { .kernel = "5.10" };
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	assert_int_equal(pmc(&parts), PME_D3COLD | PME_D3HOT | DEVICE_PMC);
	guest_parts_close(&parts);
	/* The library does not know whether D3cold is allowed. */
	guest_parts_open(&parts, NULL, WITH_WAKE);
	assert_int_equal(pmc(&parts), PME_D3HOT | DEVICE_PMC);
	guest_parts_close(&parts);
	/* The VMM takes no wake, or the kernel reports none. */
	guest_parts_open(&parts, NULL, WITH_ADDRESS);
	assert_int_equal(pmc(&parts), DEVICE_PMC);
	guest_parts_close(&parts);
	guest_parts_open(&parts, &old, WITH_ADDRESS | WITH_WAKE);
	assert_int_equal(pmc(&parts), DEVICE_PMC);
	guest_parts_close(&parts);
}

static void d3cold_that_is_not_allowed_has_no_pme(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	sim_set_attribute(parts.sim, "d3cold_allowed", "0\n");
	vfiopm__guest_pm_free(parts.pm);
	expect_ok(vfiopm__guest_pm_new(&parts.host, parts.config, &parts.pm));
	assert_int_equal(pmc(&parts), PME_D3HOT | DEVICE_PMC);
	/* So PME_En and PME_Status do not survive without power, and no wake reaches the guest. */
	guest_write_pmcsr(&parts, PME_ENABLE);
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	assert_int_equal(guest_pmcsr(&parts), D0);
	host_wake();
	assert_int_equal(guest_dispatch_all(&parts), 0);
	assert_int_equal(parts.wakes, 0);
	expect_ok(vfiopm__guest_pm_power(parts.pm, true));
	assert_int_equal(guest_pmcsr(&parts), D0);
	guest_parts_close(&parts);
}

static void capability_is_read_with_any_width(void **state)
{
	/* No_Soft_Reset is set in the device; the data register and PME in D0 have values. */
	static const uint8_t bytes[8] = { 0x01, 0xd0, 0x23, 0xce, 0x08, 0x20, 0x40, 0x99 };
	static const uint8_t seen[12] = { 0x01, 0xd0, 0x23, 0xc6, 0,	0,
					  0x40, 0,    0xff, 0xff, 0xff, 0xff };
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	sim_set_config(parts.sim, PM, bytes, sizeof(bytes));
	vfiopm__guest_pm_free(parts.pm);
	vfiopm__guest_config_free(parts.config);
	expect_ok(vfiopm__guest_config_new(&parts.host, &parts.config));
	expect_ok(vfiopm__guest_pm_new(&parts.host, parts.config, &parts.pm));
	for (uint32_t width = 1; width <= 4; width++) {
		for (uint32_t offset = 0; offset + width <= sizeof(seen); offset++) {
			uint32_t value = vfiopm__guest_pm_read(parts.pm, offset, width);

			for (uint32_t i = 0; i < width; i++)
				assert_int_equal(value >> 8 * i & 0xff, seen[offset + i]);
		}
	}
	guest_parts_close(&parts);
}

static void only_the_defined_bits_of_pmcsr_change(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	/* The device supports neither D1 nor D2. PME_Status is cleared by a 1, and is 0. */
	guest_write_pmcsr(&parts, 0xfffc | 1);
	assert_int_equal(guest_pmcsr(&parts), PME_ENABLE);
	guest_write_pmcsr(&parts, 2);
	assert_int_equal(guest_pmcsr(&parts), D0);
	/* Each byte alone; a write beside PMCSR changes nothing. */
	vfiopm__guest_pm_write(parts.pm, 5, 1, 0x01);
	assert_int_equal(guest_pmcsr(&parts), PME_ENABLE);
	vfiopm__guest_pm_write(parts.pm, 0, 4, 0xffffffff);
	vfiopm__guest_pm_write(parts.pm, 6, 2, 0xffff);
	assert_int_equal(guest_pmcsr(&parts), PME_ENABLE);
	vfiopm__guest_pm_write(parts.pm, 2, 4, D0 << 16);
	assert_int_equal(guest_pmcsr(&parts), D0);
	guest_expect_on(&parts);
	assert_int_equal(parts.unmaps, 0);
	guest_parts_close(&parts);
}

static void without_pme_its_bits_are_0(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS);
	guest_write_pmcsr(&parts, PME_ENABLE | PME_STATUS);
	assert_int_equal(guest_pmcsr(&parts), D0);
	guest_parts_close(&parts);
}

/* ---- D3hot without PME ---- */

static void d3hot_is_passed_to_the_device(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	guest_write_pmcsr(&parts, D3HOT);
	assert_int_equal(guest_pmcsr(&parts), D3HOT);
	assert_int_equal(guest_device_state(&parts), D3HOT);
	assert_false(parts.mapped);
	assert_false(sim_is_engaged(parts.sim));
	assert_int_equal(vfiopm__guest_pm_is_powered(parts.pm), 1);
	/* The same again, and an _ON of a device that has power, change nothing. */
	guest_write_pmcsr(&parts, D3HOT);
	expect_ok(vfiopm__guest_pm_power(parts.pm, true));
	assert_int_equal(guest_pmcsr(&parts), D3HOT);
	assert_false(parts.mapped);
	guest_write_pmcsr(&parts, D0);
	assert_int_equal(guest_pmcsr(&parts), D0);
	guest_expect_on(&parts);
	assert_int_equal(parts.unmaps, 1);
	assert_int_equal(parts.maps, 1);
	guest_parts_close(&parts);
}

static void d1_and_d2_are_passed_to_a_device_that_has_them(void **state)
{
	static const uint8_t flags = 0x06;
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	sim_set_config(parts.sim, PM + 3, &flags, 1);
	vfiopm__guest_pm_free(parts.pm);
	vfiopm__guest_config_free(parts.config);
	expect_ok(vfiopm__guest_config_new(&parts.host, &parts.config));
	expect_ok(vfiopm__guest_pm_new(&parts.host, parts.config, &parts.pm));
	for (uint16_t d = 1; d <= 2; d++) {
		guest_write_pmcsr(&parts, d);
		assert_int_equal(guest_pmcsr(&parts), d);
		assert_false(parts.mapped);
		guest_write_pmcsr(&parts, D0);
		guest_expect_on(&parts);
	}
	guest_parts_close(&parts);
}

/* The device did not suspend between off and on, so its D3hot is still there. */
static void power_on_ends_an_earlier_d3hot(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	sim_set_suspend(parts.sim, SIM_SUSPEND_NEVER);
	guest_write_pmcsr(&parts, D3HOT);
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	assert_int_equal(guest_pmcsr(&parts), D3HOT);
	expect_ok(vfiopm__guest_pm_power(parts.pm, true));
	assert_int_equal(guest_pmcsr(&parts), D0);
	guest_expect_on(&parts);
	assert_int_equal(parts.unmaps, 1);
	guest_parts_close(&parts);
}

/* ---- the power resource ---- */

static void power_off_and_on(void **state)
{
	struct guest_parts parts;
	uint32_t value;

	(void)state;
	for (int how = 0; how <= (WITH_ADDRESS | WITH_WAKE); how++) {
		guest_parts_open(&parts, NULL, how);
		for (int i = 0; i < 3; i++) {
			expect_ok(vfiopm__guest_pm_power(parts.pm, false));
			assert_int_equal(vfiopm__guest_pm_is_powered(parts.pm), 0);
			guest_expect_asleep(&parts);
			assert_int_equal(vfiopm__guest_config_read(parts.config, 0, 4, &value), 1);
			assert_int_equal(value, 0x10d38086);
			expect_ok(vfiopm__guest_pm_power(parts.pm, true));
			guest_expect_on(&parts);
		}
		assert_int_equal(parts.unmaps, 3);
		assert_int_equal(parts.maps, 3);
		assert_int_equal(parts.wakes + parts.reports, 0);
		assert_int_equal(guest_dispatch_all(&parts), 0);
		guest_parts_close(&parts);
	}
}

static void repeated_calls_change_nothing(void **state)
{
	struct guest_parts parts;
	unsigned ioctls;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	expect_ok(vfiopm__guest_pm_power(parts.pm, true));
	assert_int_equal(parts.maps + parts.unmaps, 0);
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	ioctls = sim_ioctls(parts.sim);
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	assert_int_equal(sim_ioctls(parts.sim), ioctls);
	guest_expect_asleep(&parts);
	guest_parts_close(&parts);
}

static void device_without_pm_capability(void **state)
{
	static const uint8_t none;
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	sim_set_config(parts.sim, 0x34, &none, 1);
	vfiopm__guest_pm_free(parts.pm);
	vfiopm__guest_config_free(parts.config);
	expect_ok(vfiopm__guest_config_new(&parts.host, &parts.config));
	expect_ok(vfiopm__guest_pm_new(&parts.host, parts.config, &parts.pm));
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	guest_expect_asleep(&parts);
	/* A plain entry: the kernel suspends the device again after a wake. */
	host_wake();
	guest_expect_asleep(&parts);
	expect_ok(vfiopm__guest_pm_power(parts.pm, true));
	assert_int_equal(guest_pmcsr(&parts), D0);
	guest_expect_on(&parts);
	guest_parts_close(&parts);
}

static void vmm_without_callbacks(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS);
	parts.ops.mappings = NULL;
	parts.ops.powered = NULL;
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	assert_true(sim_is_suspended(parts.sim));
	vfiopm__guest_pm_begin_power(parts.pm, true);
	assert_int_equal(guest_dispatch_all(&parts), 1);
	guest_expect_on(&parts);
	guest_parts_close(&parts);
}

/* The guest writes its state while the power is off, and finds D0 after that. */
static void pmcsr_without_power_is_as_last_written(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	guest_write_pmcsr(&parts, D3HOT | PME_ENABLE);
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	assert_int_equal(guest_pmcsr(&parts), D3HOT | PME_ENABLE);
	guest_write_pmcsr(&parts, D0);
	assert_int_equal(guest_pmcsr(&parts), D0);
	guest_write_pmcsr(&parts, D3HOT | PME_ENABLE);
	guest_expect_asleep(&parts);
	expect_ok(vfiopm__guest_pm_power(parts.pm, true));
	/* PME_En survives: D3cold supports PME. */
	assert_int_equal(guest_pmcsr(&parts), D0 | PME_ENABLE);
	guest_expect_on(&parts);
	guest_parts_close(&parts);
}

/* ---- power changes by dispatch ---- */

static void begun_power_changes_are_made_by_dispatch(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	vfiopm__guest_pm_begin_power(parts.pm, false);
	guest_expect_on(&parts);
	assert_int_equal(guest_dispatch_all(&parts), 1);
	guest_expect_asleep(&parts);
	vfiopm__guest_pm_begin_power(parts.pm, true);
	guest_expect_asleep(&parts);
	assert_int_equal(guest_dispatch_all(&parts), 1);
	guest_expect_on(&parts);
	assert_int_equal(parts.powered, 2);
	assert_int_equal(parts.powered_on[0], 0);
	assert_int_equal(parts.powered_on[1], 1);
	assert_int_equal(parts.powered_error[0] | parts.powered_error[1], 0);
	guest_parts_close(&parts);
}

static void later_change_replaces_one_that_has_not_begun(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	vfiopm__guest_pm_begin_power(parts.pm, false);
	vfiopm__guest_pm_begin_power(parts.pm, true);
	vfiopm__guest_pm_begin_power(parts.pm, false);
	assert_int_equal(guest_dispatch_all(&parts), 3);
	assert_int_equal(parts.powered, 3);
	/* First those that were replaced, then the one that was made. */
	assert_int_equal(parts.powered_error[0], -ECANCELED);
	assert_int_equal(parts.powered_error[1], -ECANCELED);
	assert_int_equal(parts.powered_on[0] + parts.powered_on[1], 1);
	assert_int_equal(parts.powered_error[2], 0);
	assert_int_equal(parts.powered_on[2], 0);
	guest_expect_asleep(&parts);

	/* A call that does not wait for dispatch replaces it too. */
	vfiopm__guest_pm_begin_power(parts.pm, false);
	expect_ok(vfiopm__guest_pm_power(parts.pm, true));
	assert_int_equal(guest_dispatch_all(&parts), 1);
	assert_int_equal(parts.powered_error[3], -ECANCELED);
	guest_expect_on(&parts);
	guest_parts_close(&parts);
}

/* ---- reset ---- */

static void reset_turns_everything_on(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	guest_write_pmcsr(&parts, D3HOT | PME_ENABLE);
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	host_wake();
	vfiopm__guest_pm_begin_power(parts.pm, false);
	expect_ok(vfiopm__guest_pm_reset(parts.pm));
	guest_expect_on(&parts);
	assert_int_equal(guest_pmcsr(&parts), D0);
	/* The guest that was to be woken is gone, and so is its request. */
	assert_int_equal(guest_dispatch_all(&parts), 1);
	assert_int_equal(parts.wakes, 0);
	assert_int_equal(parts.powered_error[0], -ECANCELED);
	assert_int_equal(guest_pmcsr(&parts), D0);
	guest_expect_on(&parts);
	expect_ok(vfiopm__guest_pm_reset(parts.pm));
	guest_expect_on(&parts);
	guest_parts_close(&parts);
}

/* The guest's view can end while the device sleeps: the power state stays. */
static void free_leaves_the_device_asleep(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	assert_null(vfiopm__guest_pm_free(parts.pm));
	assert_null(vfiopm__guest_pm_free(NULL));
	assert_null(vfiopm__guest_config_free(NULL));
	parts.pm = NULL;
	guest_expect_asleep(&parts);
	guest_parts_close(&parts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capability_shows_pme_that_works),
		cmocka_unit_test(d3cold_that_is_not_allowed_has_no_pme),
		cmocka_unit_test(capability_is_read_with_any_width),
		cmocka_unit_test(only_the_defined_bits_of_pmcsr_change),
		cmocka_unit_test(without_pme_its_bits_are_0),
		cmocka_unit_test(d3hot_is_passed_to_the_device),
		cmocka_unit_test(d1_and_d2_are_passed_to_a_device_that_has_them),
		cmocka_unit_test(power_on_ends_an_earlier_d3hot),
		cmocka_unit_test(power_off_and_on),
		cmocka_unit_test(repeated_calls_change_nothing),
		cmocka_unit_test(device_without_pm_capability),
		cmocka_unit_test(vmm_without_callbacks),
		cmocka_unit_test(pmcsr_without_power_is_as_last_written),
		cmocka_unit_test(begun_power_changes_are_made_by_dispatch),
		cmocka_unit_test(later_change_replaces_one_that_has_not_begun),
		cmocka_unit_test(reset_turns_everything_on),
		cmocka_unit_test(free_leaves_the_device_asleep),
	};

	return cmocka_run_group_tests_name("guest-pm", tests, NULL, NULL);
}

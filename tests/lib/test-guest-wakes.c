// SPDX-License-Identifier: MIT
/*
 * Wakes of a guest's device by the host (lib/guest/pm.c), on the simulator: PME, and the next entry
 * to low power.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "guest-parts.h"
#include "host.h"

/* ---- wakes ---- */

static void wake_becomes_the_pme_of_the_guest(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	guest_write_pmcsr(&parts, D3HOT | PME_ENABLE);
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	assert_int_equal(guest_dispatch_all(&parts), 0);
	host_wake();
	assert_int_equal(guest_dispatch_all(&parts), 1);
	assert_int_equal(parts.wakes, 1);
	assert_int_equal(guest_pmcsr(&parts), D3HOT | PME_ENABLE | PME_STATUS);
	/* The device stays on for the guest, whose power resource is still off. */
	assert_false(sim_is_suspended(parts.sim));
	assert_int_equal(vfiopm__guest_pm_is_powered(parts.pm), 0);
	assert_false(parts.mapped);
	expect_ok(vfiopm__guest_pm_power(parts.pm, true));
	guest_expect_on(&parts);
	assert_int_equal(guest_pmcsr(&parts), PME_ENABLE | PME_STATUS);
	guest_write_pmcsr(&parts, PME_STATUS);
	assert_int_equal(guest_pmcsr(&parts), D0);
	assert_int_equal(guest_dispatch_all(&parts), 0);
	assert_int_equal(parts.wakes, 1);
	guest_parts_close(&parts);
}

/* The guest has not cleared PME_Status since the last wake. */
static void each_wake_is_signalled(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	guest_write_pmcsr(&parts, PME_ENABLE);
	for (unsigned i = 1; i <= 3; i++) {
		expect_ok(vfiopm__guest_pm_power(parts.pm, false));
		guest_expect_asleep(&parts);
		host_wake();
		assert_int_equal(guest_dispatch_all(&parts), 1);
		assert_int_equal(parts.wakes, i);
	}
	guest_parts_close(&parts);
}

static void own_power_changes_are_no_wakes(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	guest_write_pmcsr(&parts, PME_ENABLE);
	for (int i = 0; i < 100; i++) {
		expect_ok(vfiopm__guest_pm_power(parts.pm, false));
		expect_ok(vfiopm__guest_pm_power(parts.pm, true));
		assert_int_equal(guest_dispatch_all(&parts), 0);
	}
	assert_int_equal(parts.wakes, 0);
	assert_int_equal(guest_pmcsr(&parts), PME_ENABLE);
	guest_parts_close(&parts);
}

/* The guest turns the device on before dispatch has seen the wake. */
static void wake_before_power_on_is_not_lost(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	guest_write_pmcsr(&parts, PME_ENABLE);
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	host_wake();
	expect_ok(vfiopm__guest_pm_power(parts.pm, true));
	assert_int_equal(guest_pmcsr(&parts), PME_ENABLE | PME_STATUS);
	assert_int_equal(guest_dispatch_all(&parts), 1);
	assert_int_equal(parts.wakes, 1);
	guest_parts_close(&parts);
}

/* PME is a level: PME_Status and PME_En. */
static void pme_is_signalled_when_it_becomes_asserted(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	host_wake();
	assert_int_equal(guest_dispatch_all(&parts), 0);
	assert_int_equal(guest_pmcsr(&parts), PME_STATUS);
	guest_write_pmcsr(&parts, PME_ENABLE);
	assert_int_equal(guest_pmcsr(&parts), PME_STATUS | PME_ENABLE);
	assert_int_equal(guest_dispatch_all(&parts), 1);
	guest_write_pmcsr(&parts, PME_ENABLE);
	assert_int_equal(guest_dispatch_all(&parts), 0);
	assert_int_equal(parts.wakes, 1);
	/* Status cleared and PME enabled in one write, as Linux does (pci.c, __pci_pme_active()). */
	guest_write_pmcsr(&parts, PME_STATUS | PME_ENABLE);
	assert_int_equal(guest_pmcsr(&parts), PME_ENABLE);
	assert_int_equal(guest_dispatch_all(&parts), 0);
	guest_parts_close(&parts);
}

/* Without a power resource, a guest suspends the device with PMCSR alone. VFIO does not let the
 * guest enable PME in the device, so only low power can wake the guest. */
static void d3hot_with_pme_is_low_power(void **state)
{
	struct guest_parts parts;
	uint32_t value;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	guest_write_pmcsr(&parts, D3HOT | PME_ENABLE);
	guest_expect_asleep(&parts);
	assert_int_equal(guest_pmcsr(&parts), D3HOT | PME_ENABLE);
	assert_int_equal(vfiopm__guest_pm_is_powered(parts.pm), 1);
	assert_int_equal(vfiopm__guest_config_read(parts.config, 0, 4, &value), 1);
	host_wake();
	assert_int_equal(guest_dispatch_all(&parts), 1);
	assert_int_equal(parts.wakes, 1);
	/* A power resource that is on stays on, and does not end D3hot. */
	expect_ok(vfiopm__guest_pm_power(parts.pm, true));
	assert_false(sim_is_suspended(parts.sim));
	guest_write_pmcsr(&parts, D0 | PME_STATUS);
	assert_int_equal(guest_pmcsr(&parts), D0);
	guest_expect_on(&parts);

	/* PME enabled in D3hot, and disabled again: low power lasts until D0. */
	guest_write_pmcsr(&parts, D3HOT);
	assert_false(sim_is_engaged(parts.sim));
	guest_write_pmcsr(&parts, D3HOT | PME_ENABLE);
	guest_expect_asleep(&parts);
	guest_write_pmcsr(&parts, D3HOT);
	guest_expect_asleep(&parts);
	/* The power resource is turned off and on above it. */
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	guest_expect_asleep(&parts);
	expect_ok(vfiopm__guest_pm_power(parts.pm, true));
	guest_expect_on(&parts);
	guest_parts_close(&parts);
}

static void d3hot_without_pme_leaves_to_d0(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	guest_write_pmcsr(&parts, D3HOT | PME_ENABLE);
	guest_expect_asleep(&parts);
	guest_write_pmcsr(&parts, D0 | PME_ENABLE);
	guest_expect_on(&parts);
	assert_int_equal(guest_dispatch_all(&parts), 0);
	assert_int_equal(parts.wakes, 0);
	guest_parts_close(&parts);
}

/* ---- the next entry after a wake that the guest does not want ---- */

static void device_sleeps_again_after_a_wake(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open_off(&parts, 1);
	for (int i = 0; i < 4; i++) {
		host_wake();
		assert_false(sim_is_suspended(parts.sim));
		assert_int_equal(vfiopm__guest_pm_dispatch(parts.pm), 0);
		assert_false(sim_is_suspended(parts.sim));
		guest_dispatch_timer(&parts);
		guest_expect_asleep(&parts);
		assert_false(guest_is_readable(&parts));
	}
	assert_int_equal(parts.wakes, 0);
	assert_int_equal(parts.unmaps, 1);
	guest_parts_close(&parts);
}

static unsigned entries_in(const struct guest_parts *parts, unsigned ms)
{
	unsigned entries = 0;

	for (unsigned i = 0; i < ms; i++) {
		if (sim_is_suspended(parts->sim)) {
			entries++;
			host_wake();
		}
		vfiopm__guest_pm_dispatch(parts->pm);
		usleep(1000);
	}
	return entries;
}

/* The host touches the device all the time: 1 + 2 + 4 + .. + 128 ms is the time of 8 entries. */
static void delay_doubles(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open_off(&parts, 1);
	assert_in_range(entries_in(&parts, 250), 4, 10);
	/* The guest ends it. */
	expect_ok(vfiopm__guest_pm_power(parts.pm, true));
	guest_expect_on(&parts);
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	host_wake();
	vfiopm__guest_pm_dispatch(parts.pm);
	usleep(3000);
	assert_true(guest_is_readable(&parts));
	guest_parts_close(&parts);
}

static void delay_has_a_limit_and_is_reset(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	vfiopm__guest_pm_set_delays(parts.pm, 1, 50);
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	/* 1 + 2 + .. + 32 + 50 + 50 + .. ms, where 1 + 2 + .. + 256 ms would be 9 entries. */
	assert_in_range(entries_in(&parts, 600), 12, 60);
	/* The device sleeps for the longest delay. The next one is the shortest again. */
	while (!sim_is_suspended(parts.sim)) {
		guest_dispatch_timer(&parts);
	}
	guest_dispatch_timer(&parts);
	guest_expect_asleep(&parts);
	assert_false(guest_is_readable(&parts));
	host_wake();
	vfiopm__guest_pm_dispatch(parts.pm);
	usleep(3000);
	assert_true(guest_is_readable(&parts));
	guest_parts_close(&parts);
}

/* Each write of PMCSR is an opportunity to enter, and the delay runs already. */
static void writes_do_not_prolong_the_delay(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open_off(&parts, 20);
	host_wake();
	assert_int_equal(vfiopm__guest_pm_dispatch(parts.pm), 0);
	for (int i = 0; i < 30; i++) {
		guest_write_pmcsr(&parts, D0);
		usleep(1000);
	}
	assert_true(guest_is_readable(&parts));
	guest_parts_close(&parts);
}

/* A device that was woken for the guest stays on, until the guest has handled its PME. */
static void pme_that_is_handled_lets_the_device_sleep(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	vfiopm__guest_pm_set_delays(parts.pm, 1, 60000);
	guest_write_pmcsr(&parts, PME_ENABLE);
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	host_wake();
	assert_int_equal(guest_dispatch_all(&parts), 1);
	usleep(3000);
	assert_false(guest_is_readable(&parts));
	guest_write_pmcsr(&parts, PME_ENABLE | PME_STATUS);
	guest_dispatch_timer(&parts);
	guest_expect_asleep(&parts);
	guest_parts_close(&parts);
}

/* The guest enables PME while the delay runs: the device stays on for the guest. */
static void pme_during_the_delay_keeps_the_device_on(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open_off(&parts, 1);
	host_wake();
	assert_int_equal(vfiopm__guest_pm_dispatch(parts.pm), 0);
	guest_write_pmcsr(&parts, PME_ENABLE);
	usleep(3000);
	assert_int_equal(guest_dispatch_all(&parts), 1);
	assert_int_equal(parts.wakes, 1);
	assert_false(sim_is_suspended(parts.sim));
	/* A repeated _OFF does not wait. */
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	guest_expect_asleep(&parts);
	guest_parts_close(&parts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wake_becomes_the_pme_of_the_guest),
		cmocka_unit_test(each_wake_is_signalled),
		cmocka_unit_test(own_power_changes_are_no_wakes),
		cmocka_unit_test(wake_before_power_on_is_not_lost),
		cmocka_unit_test(pme_is_signalled_when_it_becomes_asserted),
		cmocka_unit_test(d3hot_with_pme_is_low_power),
		cmocka_unit_test(d3hot_without_pme_leaves_to_d0),
		cmocka_unit_test(device_sleeps_again_after_a_wake),
		cmocka_unit_test(delay_doubles),
		cmocka_unit_test(delay_has_a_limit_and_is_reset),
		cmocka_unit_test(writes_do_not_prolong_the_delay),
		cmocka_unit_test(pme_that_is_handled_lets_the_device_sleep),
		cmocka_unit_test(pme_during_the_delay_keeps_the_device_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

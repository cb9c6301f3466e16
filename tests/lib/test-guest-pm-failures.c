// SPDX-License-Identifier: MIT
/*
 * Failures of the power of a guest's function (lib/guest/pm.c), on the simulator: each step of a
 * change can fail, and so can each step of its roll-back. The guest's view and the device agree
 * after each of them, or the object says that work is undone and does it later.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "guest-parts.h"
#include "host.h"

/* The device is what the guest sees. */
static void expect_agreement(const struct guest_parts *parts)
{
	bool powered = vfiopm__guest_pm_is_powered(parts->pm) == 1;
	unsigned state = guest_pmcsr(parts) & 3;
	uint32_t value;

	assert_false(vfiopm__guest_pm_has_undone_work(parts->pm));
	assert_int_equal(parts->mapped, powered && state == D0);
	if (!powered || (guest_pmcsr(parts) & PME_ENABLE))
		assert_int_equal(sim_is_engaged(parts->sim), !powered || state == D3HOT);
	assert_int_equal(vfiopm__guest_config_read(parts->config, 0, 4, &value),
			 sim_is_engaged(parts->sim));
}

static void expect_report(const struct guest_parts *parts, const char *call, int error)
{
	assert_int_equal(parts->reports, 1);
	assert_string_equal(parts->broken_call, call);
	assert_int_equal(parts->broken_error, -error);
}

/* ---- each step ---- */

static void unmapping_fails(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	parts.mappings_fail[0] = EBUSY;
	assert_int_equal(vfiopm__guest_pm_power(parts.pm, false), -EBUSY);
	expect_report(&parts, "mappings", EBUSY);
	assert_int_equal(vfiopm__guest_pm_is_powered(parts.pm), 1);
	expect_agreement(&parts);
	/* A write of PMCSR cannot fail. The guest reads back that nothing has changed. */
	guest_write_pmcsr(&parts, D3HOT);
	assert_int_equal(guest_pmcsr(&parts), D0);
	expect_agreement(&parts);
	parts.mappings_fail[0] = 0;
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	expect_agreement(&parts);
	guest_parts_close(&parts);
}

static void a_callback_that_returns_a_positive_number_fails(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	parts.mappings_fail[0] = -1;
	assert_int_equal(vfiopm__guest_pm_power(parts.pm, false), -EPROTO);
	expect_report(&parts, "mappings", EPROTO);
	expect_agreement(&parts);
	guest_parts_close(&parts);
}

static void shadow_cannot_be_read(void **state)
{
	struct guest_parts parts;
	unsigned calls;

	(void)state;
	guest_parts_open(&parts, NULL, 0);
	sim_calls_begin();
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	calls = sim_calls_end();
	expect_ok(vfiopm__guest_pm_power(parts.pm, true));
	sim_calls_fail(calls_find(calls, "pread", 0), EIO);
	assert_int_equal(vfiopm__guest_pm_power(parts.pm, false), -EIO);
	sim_calls_end();
	expect_report(&parts, "vfiopm_enter", EIO);
	expect_agreement(&parts);
	assert_int_equal(parts.unmaps, 2);
	assert_int_equal(parts.maps, 2);
	guest_parts_close(&parts);
}

static void entry_fails(void **state)
{
	struct guest_parts parts;

	(void)state;
	for (int how = 0; how <= WITH_WAKE; how += WITH_WAKE) {
		guest_parts_open(&parts, NULL, how);
		sim_ioctls_fail_after(0, ENODEV);
		assert_int_equal(vfiopm__guest_pm_power(parts.pm, false), -ENODEV);
		sim_calls_end();
		expect_report(&parts, how ? "vfiopm_enter_wakeup" : "vfiopm_enter", ENODEV);
		assert_int_equal(vfiopm__guest_pm_is_powered(parts.pm), 1);
		expect_agreement(&parts);
		assert_int_equal(parts.maps, 1);
		expect_ok(vfiopm__guest_pm_power(parts.pm, false));
		expect_agreement(&parts);
		guest_parts_close(&parts);
	}
}

static void exit_fails(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	guest_write_pmcsr(&parts, PME_ENABLE);
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	sim_fail_resume(parts.sim, true);
	assert_int_equal(vfiopm__guest_pm_power(parts.pm, true), -EIO);
	expect_report(&parts, "vfiopm_exit", EIO);
	assert_int_equal(vfiopm__guest_pm_is_powered(parts.pm), 0);
	expect_agreement(&parts);
	assert_int_equal(parts.maps, 0);
	assert_int_equal(vfiopm__guest_pm_reset(parts.pm), -EIO);
	sim_fail_resume(parts.sim, false);
	expect_ok(vfiopm__guest_pm_power(parts.pm, true));
	expect_agreement(&parts);

	/* In D3hot with PME the guest reads back that the device has not left D3hot. */
	guest_write_pmcsr(&parts, D3HOT | PME_ENABLE);
	sim_fail_resume(parts.sim, true);
	guest_write_pmcsr(&parts, D0 | PME_ENABLE);
	assert_int_equal(guest_pmcsr(&parts), D3HOT | PME_ENABLE);
	expect_agreement(&parts);
	sim_fail_resume(parts.sim, false);
	guest_write_pmcsr(&parts, D0 | PME_ENABLE);
	assert_int_equal(guest_pmcsr(&parts), D0 | PME_ENABLE);
	expect_agreement(&parts);
	guest_parts_close(&parts);
}

static int take_route(void *data, uint32_t index, uint32_t vector, uint64_t address,
		      uint32_t message)
{
	(void)data, (void)index, (void)vector, (void)address, (void)message;
	return 24;
}

static int take_irqfd(void *data, uint32_t gsi, int fd, int resample_fd, int on)
{
	(void)data, (void)gsi, (void)fd, (void)resample_fd, (void)on;
	return 0;
}

/* The same failures by the public calls. */
static void failures_are_returned(void **state)
{
	struct guest_parts parts;
	struct vfiopm_guest *guest;
	unsigned calls;

	(void)state;
	guest_parts_open(&parts, NULL, 0);
	parts.pm = vfiopm__guest_pm_free(parts.pm);
	parts.ops.route = take_route;
	parts.ops.irqfd = take_irqfd;
	expect_ok(vfiopm_guest_new(parts.dev, &parts.ops, sizeof(parts.ops), &parts, &guest));
	/* INTx is enabled, so that later calls are about power alone. */
	expect_ok(vfiopm_guest_reset(guest));
	sim_calls_begin();
	expect_ok(vfiopm_guest_power_off(guest));
	calls = sim_calls_end();
	sim_fail_resume(parts.sim, true);
	expect_errno(EIO, vfiopm_guest_power_on(guest));
	assert_int_equal(vfiopm_guest_is_powered(guest), 0);
	sim_fail_resume(parts.sim, false);
	expect_ok(vfiopm_guest_power_on(guest));
	sim_calls_fail(calls_find(calls, "pread", 0), EIO);
	expect_errno(EIO, vfiopm_guest_power_off(guest));
	sim_calls_end();
	assert_int_equal(vfiopm_guest_is_powered(guest), 1);
	assert_null(vfiopm_guest_free(guest));
	guest_parts_close(&parts);
}

static void mapping_fails(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	parts.mappings_fail[1] = ENOMEM;
	assert_int_equal(vfiopm__guest_pm_power(parts.pm, true), -ENOMEM);
	expect_report(&parts, "mappings", ENOMEM);
	assert_int_equal(vfiopm__guest_pm_is_powered(parts.pm), 0);
	assert_true(sim_is_suspended(parts.sim));
	expect_agreement(&parts);
	parts.mappings_fail[1] = 0;
	expect_ok(vfiopm__guest_pm_power(parts.pm, true));
	expect_agreement(&parts);

	guest_write_pmcsr(&parts, D3HOT);
	parts.mappings_fail[1] = ENOMEM;
	guest_write_pmcsr(&parts, D0);
	assert_int_equal(guest_pmcsr(&parts), D3HOT);
	expect_agreement(&parts);
	parts.mappings_fail[1] = 0;
	guest_write_pmcsr(&parts, D0);
	assert_int_equal(guest_pmcsr(&parts), D0);
	expect_agreement(&parts);
	guest_parts_close(&parts);
}

static void write_of_pmcsr_fails(void **state)
{
	struct guest_parts parts;
	unsigned calls;

	(void)state;
	guest_parts_open(&parts, NULL, 0);
	sim_calls_begin();
	guest_write_pmcsr(&parts, D3HOT);
	calls = sim_calls_end();
	guest_write_pmcsr(&parts, D0);
	sim_calls_fail(calls_find(calls, "pwrite", 0), EIO);
	guest_write_pmcsr(&parts, D3HOT);
	sim_calls_end();
	expect_report(&parts, "vfiopm_region_write", EIO);
	assert_int_equal(guest_pmcsr(&parts), D0);
	expect_agreement(&parts);
	guest_parts_close(&parts);
}

/* ---- a roll-back that fails too ---- */

/* The entry to low power fails, and the mappings cannot be restored. */
static void open_and_fail_to_power_off(struct guest_parts *parts)
{
	guest_parts_open(parts, NULL, WITH_ADDRESS | WITH_WAKE);
	sim_ioctls_fail_after(0, ENODEV);
	parts->mappings_fail[1] = ENOMEM;
	assert_int_equal(vfiopm__guest_pm_power(parts->pm, false), -ENODEV);
	sim_calls_end();
}

static void roll_back_of_power_off_fails(void **state)
{
	struct guest_parts parts;

	(void)state;
	open_and_fail_to_power_off(&parts);
	/* The device is on. Only its mappings are missing. */
	assert_int_equal(vfiopm__guest_pm_is_powered(parts.pm), 1);
	assert_true(vfiopm__guest_pm_has_undone_work(parts.pm));
	assert_false(sim_is_engaged(parts.sim));
	assert_int_equal(parts.reports, 2);
	assert_int_equal(vfiopm__guest_pm_retry(parts.pm), -ENOMEM);
	assert_int_equal(vfiopm__guest_pm_power(parts.pm, true), -ENOMEM);
	assert_int_equal(parts.reports, 2);
	parts.mappings_fail[1] = 0;
	expect_ok(vfiopm__guest_pm_retry(parts.pm));
	expect_agreement(&parts);
	expect_ok(vfiopm__guest_pm_retry(parts.pm));
	assert_int_equal(parts.maps, 1);
	guest_parts_close(&parts);
}

static void power_on_does_what_a_roll_back_left_undone(void **state)
{
	struct guest_parts parts;

	(void)state;
	open_and_fail_to_power_off(&parts);
	parts.mappings_fail[1] = 0;
	expect_ok(vfiopm__guest_pm_power(parts.pm, true));
	expect_agreement(&parts);
	guest_parts_close(&parts);
}

/* The device has left low power and cannot enter it again. The guest sees it off, and dispatch
 * enters low power later. */
static void roll_back_of_power_on_fails(void **state)
{
	struct guest_parts parts;
	uint32_t value;

	(void)state;
	guest_parts_open_off(&parts, 1);
	parts.mappings_fail[1] = ENOMEM;
	sim_ioctls_fail_after(1, ENODEV);
	assert_int_equal(vfiopm__guest_pm_power(parts.pm, true), -ENOMEM);
	assert_int_equal(parts.reports, 2);
	assert_string_equal(parts.broken_call, "vfiopm_enter_wakeup");
	assert_int_equal(vfiopm__guest_pm_is_powered(parts.pm), 0);
	assert_true(vfiopm__guest_pm_has_undone_work(parts.pm));
	assert_int_equal(vfiopm__guest_config_read(parts.config, 0, 4, &value), 1);
	assert_false(sim_is_engaged(parts.sim));
	/* The ioctl fails once more, then works. */
	guest_dispatch_timer(&parts);
	assert_false(sim_is_engaged(parts.sim));
	sim_calls_end();
	guest_dispatch_timer(&parts);
	assert_true(sim_is_suspended(parts.sim));
	expect_agreement(&parts);
	guest_parts_close(&parts);
}

static void entry_after_a_wake_fails(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open_off(&parts, 1);
	host_wake();
	vfiopm__guest_pm_dispatch(parts.pm);
	sim_ioctls_fail_after(0, ENODEV);
	guest_dispatch_timer(&parts);
	sim_calls_end();
	expect_report(&parts, "vfiopm_enter_wakeup", ENODEV);
	guest_dispatch_timer(&parts);
	assert_true(sim_is_suspended(parts.sim));
	expect_agreement(&parts);
	guest_parts_close(&parts);
}

static void begun_change_reports_its_failure(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	sim_fail_resume(parts.sim, true);
	vfiopm__guest_pm_begin_power(parts.pm, true);
	assert_int_equal(vfiopm__guest_pm_dispatch(parts.pm), 1);
	assert_int_equal(parts.powered_on[0], 1);
	assert_int_equal(parts.powered_error[0], -EIO);
	assert_int_equal(vfiopm__guest_pm_is_powered(parts.pm), 0);
	guest_parts_close(&parts);
}

/* ---- each call ---- */

enum change { POWER_OFF, POWER_ON, TO_D3HOT, TO_D0, CHANGES };

static int make(struct guest_parts *parts, enum change change)
{
	switch (change) {
	case POWER_OFF:
	case POWER_ON:
		return vfiopm__guest_pm_power(parts->pm, change == POWER_ON);
	default:
		guest_write_pmcsr(parts, PME_ENABLE | (change == TO_D3HOT ? D3HOT : D0));
		return 0;
	}
}

/* Make a change whose call with this index fails. Returns the number of calls, and whether the
 * change failed. */
static unsigned make_with_failure(enum change change, unsigned index, bool *ret_failed)
{
	struct guest_parts parts;
	unsigned calls;

	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	if (change == POWER_ON || change == TO_D0)
		make(&parts, change - 1);
	sim_calls_fail(index, EIO);
	*ret_failed = make(&parts, change) < 0;
	calls = sim_calls_end();
	vfiopm__guest_pm_retry(parts.pm);
	expect_agreement(&parts);
	expect_ok(make(&parts, POWER_OFF));
	expect_ok(make(&parts, POWER_ON));
	expect_agreement(&parts);
	guest_parts_close(&parts);
	return calls;
}

static void each_call_fails(void **state)
{
	unsigned calls, failures = 0;
	bool failed;

	(void)state;
	for (int change = 0; change < CHANGES; change++) {
		calls = make_with_failure(change, SIM_CALLS_MAX, &failed);
		assert_false(failed);
		assert_in_range(calls, 1, SIM_CALLS_MAX - 1);
		for (unsigned i = 0; i < calls; i++) {
			make_with_failure(change, i, &failed);
			failures += failed;
		}
	}
	assert_in_range(failures, 3, 100);
}

/* The calls that create the object. No fd stays open. */
static void creation_fails(void **state)
{
	struct vfiopm__guest_pm *pm;
	unsigned calls, failed = 0, before;
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_ADDRESS | WITH_WAKE);
	before = host_open_fds();
	sim_calls_begin();
	expect_ok(vfiopm__guest_pm_new(&parts.host, parts.config, &pm));
	calls = sim_calls_end();
	vfiopm__guest_pm_free(pm);
	for (unsigned i = 0; i < calls; i++) {
		int r;

		sim_calls_fail(i, ENOMEM);
		r = vfiopm__guest_pm_new(&parts.host, parts.config, &pm);
		sim_calls_end();
		if (r == 0)
			vfiopm__guest_pm_free(pm);
		else
			assert_int_equal(r, -ENOMEM);
		failed += r < 0;
		assert_int_equal(host_open_fds(), before);
	}
	/* calloc(), epoll_create1(), two eventfds, a timer, adding the three to epoll, and the
	 * calloc() of the hook. */
	assert_int_equal(failed, 9);
	assert_int_equal(vfiopm__guest_pm_count_fds(parts.pm), 4);
	vfiopm__guest_pm_free(parts.pm);
	assert_int_equal(host_open_fds(), before - 4);
	parts.pm = NULL;
	guest_parts_close(&parts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unmapping_fails),
		cmocka_unit_test(a_callback_that_returns_a_positive_number_fails),
		cmocka_unit_test(shadow_cannot_be_read),
		cmocka_unit_test(entry_fails),
		cmocka_unit_test(exit_fails),
		cmocka_unit_test(failures_are_returned),
		cmocka_unit_test(mapping_fails),
		cmocka_unit_test(write_of_pmcsr_fails),
		cmocka_unit_test(roll_back_of_power_off_fails),
		cmocka_unit_test(power_on_does_what_a_roll_back_left_undone),
		cmocka_unit_test(roll_back_of_power_on_fails),
		cmocka_unit_test(entry_after_a_wake_fails),
		cmocka_unit_test(begun_change_reports_its_failure),
		cmocka_unit_test(each_call_fails),
		cmocka_unit_test(creation_fails),
	};

	return cmocka_run_group_tests_name("guest-pm-failures", tests, NULL, NULL);
}

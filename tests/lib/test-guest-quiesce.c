// SPDX-License-Identifier: MIT
/*
 * Entries and exits of the VMM beside the power of a guest's function (the quiesce hook of
 * lib/guest/pm.c), on the simulator. The guest loses its memory in low power, and its reads are
 * served from the shadow, whoever has entered.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "guest-parts.h"

static void expect_quiesced(const struct guest_parts *parts, bool quiesced)
{
	uint32_t value = 0;

	assert_int_equal(parts->mapped, !quiesced);
	assert_int_equal(vfiopm__guest_config_read(parts->config, 0, 4, &value), quiesced);
	assert_int_equal(value, quiesced ? 0x10d38086 : 0);
}

/* Make the first pread() fail that the entry makes. The devices of these tests have no address, so
 * no other call reads. */
static int enter_without_shadow(struct guest_parts *parts)
{
	unsigned calls, i = 0;
	int r;

	sim_calls_begin();
	expect_ok(vfiopm_enter(parts->dev));
	calls = sim_calls_end();
	expect_ok(vfiopm_exit(parts->dev));
	while (i < calls && strcmp(sim_call_name(i), "pread") != 0)
		i++;
	assert_in_range(i, 0, calls - 1);
	sim_calls_fail(i, EIO);
	r = vfiopm_enter(parts->dev);
	sim_calls_end();
	return r;
}

static void entry_of_the_vmm_takes_the_memory(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, 0);
	for (int i = 0; i < 3; i++) {
		expect_quiesced(&parts, false);
		expect_ok(vfiopm_enter(parts.dev));
		expect_quiesced(&parts, true);
		assert_true(sim_is_suspended(parts.sim));
		expect_ok(vfiopm_exit(parts.dev));
	}
	expect_quiesced(&parts, false);
	assert_int_equal(parts.unmaps, 3);
	assert_int_equal(vfiopm__guest_pm_is_powered(parts.pm), 1);
	guest_parts_close(&parts);
}

static void memory_that_stays_makes_the_entry_fail(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, 0);
	parts.mappings_fail[0] = EBUSY;
	assert_int_equal(vfiopm_enter(parts.dev), -EBUSY);
	assert_int_equal(vfiopm_get_state(parts.dev), VFIOPM_STATE_ACTIVE);
	expect_quiesced(&parts, false);
	guest_parts_close(&parts);
}

static void shadow_that_cannot_be_read_makes_the_entry_fail(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, 0);
	assert_int_equal(enter_without_shadow(&parts), -EIO);
	assert_int_equal(vfiopm_get_state(parts.dev), VFIOPM_STATE_ACTIVE);
	expect_quiesced(&parts, false);
	assert_int_equal(parts.unmaps, 2);
	assert_int_equal(parts.maps, 2);
	guest_parts_close(&parts);
}

/* The entry fails, and the memory cannot be set again. */
static int fail_once(void *data, int on)
{
	struct guest_parts *parts = data;

	if (on && parts->unmaps == 2 && parts->reports == 0)
		return -ENOMEM;
	parts->mapped = on;
	parts->maps += on == 1;
	parts->unmaps += on == 0;
	return 0;
}

static void memory_of_a_failed_entry_is_set_later(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, 0);
	parts.ops.mappings = fail_once;
	assert_int_equal(enter_without_shadow(&parts), -EIO);
	assert_false(parts.mapped);
	assert_true(vfiopm__guest_pm_has_undone_work(parts.pm));
	assert_int_equal(parts.reports, 1);
	assert_string_equal(parts.broken_call, "mappings");
	assert_int_equal(parts.broken_error, -ENOMEM);
	expect_ok(vfiopm__guest_pm_retry(parts.pm));
	expect_quiesced(&parts, false);
	guest_parts_close(&parts);
}

static void exit_returns_what_the_memory_returns(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, 0);
	expect_ok(vfiopm_enter(parts.dev));
	parts.mappings_fail[1] = ENOMEM;
	assert_int_equal(vfiopm_exit(parts.dev), -ENOMEM);
	assert_int_equal(vfiopm_get_state(parts.dev), VFIOPM_STATE_ACTIVE);
	expect_quiesced(&parts, true);
	parts.mappings_fail[1] = 0;
	/* The hook is still quiesced. The next entry would not quiesce it again, so the guest must
	 * not get its memory before the next exit. */
	guest_write_pmcsr(&parts, 3);
	guest_write_pmcsr(&parts, 0);
	expect_quiesced(&parts, true);
	expect_ok(vfiopm_enter(parts.dev));
	expect_quiesced(&parts, true);
	expect_ok(vfiopm_exit(parts.dev));
	expect_quiesced(&parts, false);
	guest_parts_close(&parts);
}

/* An exit of the VMM turns on a device whose guest has turned it off. The guest sees it off. */
static void exit_of_the_vmm_is_no_power_on(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_WAKE);
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	expect_ok(vfiopm_exit(parts.dev));
	assert_false(sim_is_engaged(parts.sim));
	expect_quiesced(&parts, true);
	assert_int_equal(vfiopm__guest_pm_is_powered(parts.pm), 0);
	/* A repeated _OFF enters again. */
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	assert_true(sim_is_suspended(parts.sim));
	expect_ok(vfiopm__guest_pm_power(parts.pm, true));
	expect_quiesced(&parts, false);
	guest_parts_close(&parts);
}

/* The VMM's entry is without wakeup, so only the VMM can end it. */
static void power_off_above_an_entry_of_the_vmm_fails(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, WITH_WAKE);
	expect_ok(vfiopm_enter(parts.dev));
	assert_int_equal(vfiopm__guest_pm_power(parts.pm, false), -EALREADY);
	assert_int_equal(vfiopm__guest_pm_is_powered(parts.pm), 1);
	assert_true(sim_is_suspended(parts.sim));
	expect_quiesced(&parts, true);
	expect_ok(vfiopm_exit(parts.dev));
	expect_quiesced(&parts, false);
	guest_parts_close(&parts);
}

static void object_for_a_device_in_low_power(void **state)
{
	struct guest_parts parts;

	(void)state;
	guest_parts_open(&parts, NULL, 0);
	vfiopm__guest_pm_free(parts.pm);
	vfiopm__guest_config_free(parts.config);
	expect_ok(vfiopm_enter(parts.dev));
	expect_ok(vfiopm__guest_config_new(&parts.host, &parts.config));
	expect_ok(vfiopm__guest_pm_new(&parts.host, parts.config, &parts.pm));
	assert_true(sim_is_suspended(parts.sim));
	expect_quiesced(&parts, true);
	expect_ok(vfiopm_exit(parts.dev));
	expect_quiesced(&parts, false);
	guest_parts_close(&parts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entry_of_the_vmm_takes_the_memory),
		cmocka_unit_test(memory_that_stays_makes_the_entry_fail),
		cmocka_unit_test(shadow_that_cannot_be_read_makes_the_entry_fail),
		cmocka_unit_test(memory_of_a_failed_entry_is_set_later),
		cmocka_unit_test(exit_returns_what_the_memory_returns),
		cmocka_unit_test(exit_of_the_vmm_is_no_power_on),
		cmocka_unit_test(power_off_above_an_entry_of_the_vmm_fails),
		cmocka_unit_test(object_for_a_device_in_low_power),
	};

	return cmocka_run_group_tests_name("guest-quiesce", tests, NULL, NULL);
}

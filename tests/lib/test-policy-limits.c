// SPDX-License-Identifier: MIT
/* The exact limits of the choice between hold and relay mode. */
#include <vfiopm/msix.h>

#include "lib/msix-policy.h"
#include "test.h"

#define HOLD  VFIOPM_MSIX_MODE_HOLD
#define RELAY VFIOPM_MSIX_MODE_RELAY

/* Relay mode ends at 8 interrupts for each mask, the next one included; and at the end of a
 * window of 64 interrupts if there were more than 4 for each mask. */
static void relay_mode_ends_at_too_many_interrupts(void **state)
{
	static const struct {
		uint32_t masks, interrupts, preferred;
	} cases[] = {
		{ 0, 7, RELAY },   { 0, 8, HOLD },   { 1, 15, RELAY },	{ 1, 16, HOLD },
		{ 6, 55, RELAY },  { 6, 56, HOLD },  { 7, 63, RELAY },	{ 7, 64, HOLD },
		{ 15, 63, RELAY }, { 15, 64, HOLD }, { 16, 64, RELAY }, { 16, 65, HOLD },
		{ 20, 79, RELAY }, { 20, 81, HOLD }, { 63, 0, RELAY },	{ 63, 252, RELAY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct vfiopm__msix_policy policy = {
			.masks = cases[i].masks,
			.interrupts = cases[i].interrupts,
			.patience = 16,
		};

		if (vfiopm__msix_policy_prefer(&policy, RELAY) != cases[i].preferred)
			fail_msg("%u masks and %u interrupts", cases[i].masks, cases[i].interrupts);
	}
}

static void hold_mode_ends_at_the_end_of_the_patience(void **state)
{
	struct vfiopm__msix_policy policy;

	(void)state;
	vfiopm__msix_policy_init(&policy);
	for (unsigned i = 0; i < 15; i++) {
		vfiopm__msix_policy_note_mask(&policy);
		assert_int_equal(vfiopm__msix_policy_prefer(&policy, HOLD), HOLD);
		vfiopm__msix_policy_advance(&policy, HOLD, HOLD);
	}
	vfiopm__msix_policy_note_mask(&policy);
	assert_int_equal(vfiopm__msix_policy_prefer(&policy, HOLD), RELAY);
	vfiopm__msix_policy_advance(&policy, HOLD, RELAY);
	/* A new window has begun. */
	assert_int_equal(policy.masks, 0);
	assert_int_equal(policy.patience, 16);
}

/* Each unsuccessful attempt doubles the patience, up to 16384 masks. */
static void the_patience_has_a_limit(void **state)
{
	struct vfiopm__msix_policy policy;
	unsigned expected = 16;

	(void)state;
	vfiopm__msix_policy_init(&policy);
	for (unsigned i = 0; i < 14; i++) {
		unsigned masks = 0, interrupts = 0;

		while (vfiopm__msix_policy_prefer(&policy, HOLD) == HOLD) {
			vfiopm__msix_policy_note_mask(&policy);
			masks++;
		}
		assert_int_equal(masks, expected);
		vfiopm__msix_policy_advance(&policy, HOLD, RELAY);
		while (vfiopm__msix_policy_prefer(&policy, RELAY) == RELAY) {
			vfiopm__msix_policy_note_interrupt(&policy);
			interrupts++;
		}
		assert_int_equal(interrupts, 8);
		vfiopm__msix_policy_advance(&policy, RELAY, HOLD);
		assert_int_equal(policy.interrupts, 0);
		expected = expected < 16384 ? 2 * expected : 16384;
	}
	assert_int_equal(expected, 16384);
}

/* A window in relay mode, of 64 masks or interrupts, ends the mistrust. */
static void a_window_in_relay_mode_restores_the_first_patience(void **state)
{
	static const struct {
		uint32_t masks, interrupts;
		bool ends;
	} cases[] = { { 63, 0, false }, { 64, 0, true }, { 20, 63, false }, { 20, 64, true } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vfiopm__msix_policy policy = {
			.masks = cases[i].masks,
			.interrupts = cases[i].interrupts,
			.patience = 512,
		};

		vfiopm__msix_policy_advance(&policy, RELAY, RELAY);
		assert_int_equal(policy.patience, cases[i].ends ? 16 : 512);
		assert_int_equal(policy.masks, cases[i].ends ? 0 : cases[i].masks);
		assert_int_equal(policy.interrupts, cases[i].ends ? 0 : cases[i].interrupts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(relay_mode_ends_at_too_many_interrupts),
		cmocka_unit_test(hold_mode_ends_at_the_end_of_the_patience),
		cmocka_unit_test(the_patience_has_a_limit),
		cmocka_unit_test(a_window_in_relay_mode_restores_the_first_patience),
	};

	return cmocka_run_group_tests_name("policy-limits", tests, NULL, NULL);
}

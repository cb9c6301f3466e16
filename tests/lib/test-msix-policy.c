// SPDX-License-Identifier: MIT
/* The choice between hold and relay mode, for guests that mask often, mask rarely, or alternate
 * between both. */
#include <vfiopm/msix.h>

#include "lib/msix-policy.h"
#include "test.h"

struct guest {
	struct vfiopm__msix_policy policy;
	uint32_t mode;
	unsigned changes;
};

static void follow_policy(struct guest *guest)
{
	uint32_t preferred = vfiopm__msix_policy_prefer(&guest->policy, guest->mode);

	vfiopm__msix_policy_advance(&guest->policy, guest->mode, preferred);
	guest->changes += preferred != guest->mode;
	guest->mode = preferred;
}

/* Run cycles of a mask and an unmask, with a number of interrupts after each cycle. */
static void run(struct guest *guest, unsigned cycles, unsigned interrupts)
{
	for (unsigned i = 0; i < cycles; i++) {
		vfiopm__msix_policy_note_mask(&guest->policy);
		follow_policy(guest);
		for (unsigned j = 0; j < interrupts; j++) {
			if (guest->mode != VFIOPM_MSIX_MODE_RELAY)
				continue;
			vfiopm__msix_policy_note_interrupt(&guest->policy);
			follow_policy(guest);
		}
	}
}

static void begin_guest(struct guest *guest)
{
	*guest = (struct guest){ .mode = VFIOPM_MSIX_MODE_HOLD };
	vfiopm__msix_policy_init(&guest->policy);
}

static void a_guest_that_masks_often_gets_relay_mode(void **state)
{
	struct guest guest;

	(void)state;
	begin_guest(&guest);
	assert_int_equal(guest.mode, VFIOPM_MSIX_MODE_HOLD);
	run(&guest, 10000, 1);
	assert_int_equal(guest.mode, VFIOPM_MSIX_MODE_RELAY);
	assert_int_equal(guest.changes, 1);
	run(&guest, 10000, 0);
	assert_int_equal(guest.mode, VFIOPM_MSIX_MODE_RELAY);
	assert_int_equal(guest.changes, 1);
}

/* The policy retries relay mode, each time after twice as many masks: 9 attempts in 10000
 * masks. */
static void a_guest_that_masks_rarely_gets_hold_mode(void **state)
{
	struct guest guest;

	(void)state;
	begin_guest(&guest);
	run(&guest, 10000, 200);
	assert_int_equal(guest.mode, VFIOPM_MSIX_MODE_HOLD);
	assert_int_equal(guest.changes, 2 * 9);
}

static void the_mode_follows_a_guest_that_changes(void **state)
{
	struct guest guest;

	(void)state;
	begin_guest(&guest);
	for (int i = 0; i < 10; i++) {
		run(&guest, 200, 1);
		assert_int_equal(guest.mode, VFIOPM_MSIX_MODE_RELAY);
		run(&guest, 2, 1000);
		assert_int_equal(guest.mode, VFIOPM_MSIX_MODE_HOLD);
	}
	assert_int_equal(guest.changes, 2 * 10);
}

/* Near the break-even point the mode does not oscillate. */
static void the_mode_changes_rarely_near_break_even(void **state)
{
	struct guest guest;

	(void)state;
	for (unsigned interrupts = 1; interrupts <= 16; interrupts++) {
		begin_guest(&guest);
		run(&guest, 2000, interrupts);
		if (guest.changes > 14)
			fail_msg("%u interrupts for each mask: %u changes", interrupts,
				 guest.changes);
		if (interrupts != 4 && /* where both modes cost the same */
		    guest.mode != (interrupts < 4 ? VFIOPM_MSIX_MODE_RELAY : VFIOPM_MSIX_MODE_HOLD))
			fail_msg("%u interrupts for each mask: not in the cheaper mode",
				 interrupts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_that_masks_often_gets_relay_mode),
		cmocka_unit_test(a_guest_that_masks_rarely_gets_hold_mode),
		cmocka_unit_test(the_mode_follows_a_guest_that_changes),
		cmocka_unit_test(the_mode_changes_rarely_near_break_even),
	};

	return cmocka_run_group_tests_name("msix-policy", tests, NULL, NULL);
}

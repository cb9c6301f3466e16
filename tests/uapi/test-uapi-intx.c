// SPDX-License-Identifier: MIT
/*
 * Conformance of VFIO_DEVICE_SET_IRQS for INTx and its mask, and for ERR and REQ, without the
 * library. On a real kernel these tests prove the behavior; on the simulator they prove that the
 * model conforms.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "set-irqs.h"
#include "testbed.h"

/* ---- INTx ---- */

static void disabled_intx_refuses_triggers(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_none(fixture.fd, MASK, INTX, 0, 1), -EINVAL);
	assert_int_equal(set_none(fixture.fd, UNMASK, INTX, 0, 1), -EINVAL);
	assert_int_equal(set_none(fixture.fd, TRIGGER, INTX, 0, 1), -EINVAL);
	assert_int_equal(set_none(fixture.fd, TRIGGER, INTX, 0, 0), -EINVAL); /* disable */
	assert_int_equal(set_bools(fixture.fd, TRIGGER, INTX, 0, 1, "\1"), -EINVAL);
	assert_int_equal(set_one(fixture.fd, INTX, 0, raw_closed_fd()), -EBADF);
	/* The failed enable leaves INTx disabled. */
	assert_int_equal(set_none(fixture.fd, TRIGGER, INTX, 0, 1), -EINVAL);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.raw.group), -EINVAL);
	assert_int_equal(set_eventfds(fixture.fd, INTX, 0, 0, NULL), -EINVAL);
	/* The check for an enabled INTx precedes the check of MASK with an eventfd (ENOTTY). */
	assert_int_equal(raw_set_irqs(fixture.fd, INTX, EVENTFD | MASK, 0, 1, fixture.events),
			 -EINVAL);
	irq_fixture_close(&fixture);
}

static void intx_trigger_and_detach(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	/* A negative fd enables INTx without an eventfd. */
	assert_int_equal(set_one(fixture.fd, INTX, 0, -1), 0);
	assert_int_equal(set_none(fixture.fd, TRIGGER, INTX, 0, 1), 0);
	assert_int_equal(set_one(fixture.fd, MSIX, 0, fixture.events[0]), -EINVAL);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	assert_true(irq_is_on(&fixture, INTX, 0, fixture.events[0]));
	assert_int_equal(set_bools(fixture.fd, TRIGGER, INTX, 0, 1, "\1"), 0);
	assert_int_equal(raw_take(fixture.events[0]), 1);
	assert_int_equal(set_bools(fixture.fd, TRIGGER, INTX, 0, 1, "\0"), 0);
	assert_int_equal(raw_take(fixture.events[0]), 0);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[1]), 0);
	assert_true(irq_is_on(&fixture, INTX, 0, fixture.events[1]));
	/* A bad fd leaves the old eventfd in place. */
	assert_int_equal(set_one(fixture.fd, INTX, 0, raw_closed_fd()), -EBADF);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.raw.group), -EINVAL);
	assert_true(irq_is_on(&fixture, INTX, 0, fixture.events[1]));
	/* Count 0 is valid only with NONE, which disables INTx. */
	assert_int_equal(set_eventfds(fixture.fd, INTX, 0, 0, NULL), -EINVAL);
	assert_int_equal(set_bools(fixture.fd, TRIGGER, INTX, 0, 0, ""), -EINVAL);
	/* A negative fd detaches the eventfd. INTx stays enabled. */
	assert_int_equal(set_one(fixture.fd, INTX, 0, -7), 0);
	assert_true(irq_is_dead(&fixture, INTX, 0));
	assert_int_equal(set_one(fixture.fd, INTX, 0, -1), 0);
	assert_int_equal(set_none(fixture.fd, TRIGGER, INTX, 0, 0), 0);
	assert_int_equal(set_none(fixture.fd, TRIGGER, INTX, 0, 0), -EINVAL);
	irq_fixture_close(&fixture);
}

static void intx_mask_and_unmask(void **state)
{
	struct irq_fixture fixture;
	int event;

	(void)state;
	irq_fixture_open_raw(&fixture);
	event = fixture.events[0];
	assert_int_equal(set_one(fixture.fd, INTX, 0, event), 0);
	assert_int_equal(set_none(fixture.fd, MASK, INTX, 0, 0), -EINVAL);
	assert_int_equal(set_none(fixture.fd, UNMASK, INTX, 0, 0), -EINVAL);
	assert_int_equal(raw_set_irqs(fixture.fd, INTX, EVENTFD | MASK, 0, 1, &event), -ENOTTY);

	/* The kernel masks INTx when it signals. The next interrupt arrives at the unmask. */
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_arrives(event));
	testbed_clear(&fixture.raw);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_does_not_arrive(event));
	assert_int_equal(set_bools(fixture.fd, UNMASK, INTX, 0, 1, "\0"), 0);
	assert_true(irq_does_not_arrive(event));
	assert_int_equal(set_bools(fixture.fd, UNMASK, INTX, 0, 1, "\1"), 0);
	assert_true(irq_arrives(event));
	testbed_clear(&fixture.raw);
	assert_int_equal(set_none(fixture.fd, UNMASK, INTX, 0, 1), 0);

	/* MASK by the user has the same effect. It does not affect loopback. */
	assert_int_equal(set_none(fixture.fd, MASK, INTX, 0, 1), 0);
	assert_int_equal(set_none(fixture.fd, MASK, INTX, 0, 1), 0);
	assert_true(irq_is_on(&fixture, INTX, 0, event));
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_does_not_arrive(event));
	assert_int_equal(set_none(fixture.fd, UNMASK, INTX, 0, 1), 0);
	assert_true(irq_arrives(event));
	testbed_clear(&fixture.raw);
	irq_fixture_close(&fixture);
}

/* An interrupt that is raised while INTx is masked arrives at the unmask, also if the eventfd was
 * replaced in between. */
static void masked_intx_is_not_lost(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	/* An interrupt masks INTx even without an eventfd. */
	assert_int_equal(set_one(fixture.fd, INTX, 0, -1), 0);
	testbed_fire(&fixture.raw, INTX, 0);
	testbed_let_arrive();
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	assert_true(irq_does_not_arrive(fixture.events[0]));
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[1]), 0);
	assert_int_equal(set_none(fixture.fd, UNMASK, INTX, 0, 1), 0);
	assert_true(irq_arrives(fixture.events[1]));
	assert_int_equal(raw_take(fixture.events[0]), 0);
	/* As long as INTx is raised, each unmask signals it once. */
	assert_true(irq_does_not_arrive(fixture.events[1]));
	assert_int_equal(set_bools(fixture.fd, MASK, INTX, 0, 1, "\0"), 0);
	assert_int_equal(set_none(fixture.fd, UNMASK, INTX, 0, 1), 0);
	assert_true(irq_arrives(fixture.events[1]));
	/* A disable and an enable remove the mask. */
	testbed_clear(&fixture.raw);
	assert_int_equal(set_none(fixture.fd, TRIGGER, INTX, 0, 0), 0);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[2]), 0);
	irq_fires_into(&fixture, INTX, 0, fixture.events[2]);
	assert_int_equal(set_none(fixture.fd, UNMASK, INTX, 0, 1), 0);
	assert_true(irq_does_not_arrive(fixture.events[2]));
	assert_int_equal(set_bools(fixture.fd, MASK, INTX, 0, 1, "\1"), 0);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_does_not_arrive(fixture.events[2]));
	testbed_clear(&fixture.raw);
	irq_fixture_close(&fixture);
}

/* The effect of a signal is in test-uapi-fire-intx.c. */
static void intx_unmask_eventfd_errors(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[1]), -EINVAL);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, -1), 0);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, raw_closed_fd()), -EBADF);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.raw.group), -EINVAL);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[1]), 0);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[2]), -EBUSY);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[1]), -EBUSY);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, -1), 0);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, -7), 0);
	irq_fixture_close(&fixture);
}

/* ---- ERR and REQ ---- */

static void err_and_req_trigger(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	for (uint32_t index = ERR; index <= REQ; index++) {
		assert_int_equal(set_none(fixture.fd, TRIGGER, index, 0, 1), -EINVAL);
		assert_int_equal(set_none(fixture.fd, TRIGGER, index, 0, 0), -EINVAL);
		assert_int_equal(set_bools(fixture.fd, TRIGGER, index, 0, 0, ""), -EINVAL);
		assert_int_equal(set_bools(fixture.fd, TRIGGER, index, 0, 1, "\1"), 0);
		assert_int_equal(set_eventfds(fixture.fd, index, 0, 0, NULL), -EINVAL);
		assert_int_equal(set_one(fixture.fd, index, 0, -1), 0);
		assert_int_equal(set_one(fixture.fd, index, 0, fixture.events[0]), 0);
		assert_true(irq_is_on(&fixture, index, 0, fixture.events[0]));
		assert_int_equal(set_one(fixture.fd, index, 0, fixture.events[1]), 0);
		/* A bad fd leaves the old eventfd in place. */
		assert_int_equal(set_one(fixture.fd, index, 0, raw_closed_fd()), -EBADF);
		assert_int_equal(set_one(fixture.fd, index, 0, fixture.raw.group), -EINVAL);
		assert_true(irq_is_on(&fixture, index, 0, fixture.events[1]));
		assert_int_equal(set_bools(fixture.fd, TRIGGER, index, 0, 1, "\1"), 0);
		assert_int_equal(raw_take(fixture.events[1]), 1);
		assert_int_equal(set_bools(fixture.fd, TRIGGER, index, 0, 1, "\0"), 0);
		assert_int_equal(raw_take(fixture.events[1]), 0);
		/* A count of 2 and a start of 1 fail in the common range check. */
		assert_int_equal(set_none(fixture.fd, TRIGGER, index, 0, 2), -EINVAL);
		assert_int_equal(set_none(fixture.fd, TRIGGER, index, 1, 0), -EINVAL);
		assert_int_equal(set_none(fixture.fd, TRIGGER, index, 0, 0), 0);
		assert_int_equal(set_none(fixture.fd, TRIGGER, index, 0, 0), -EINVAL);
	}
	irq_fixture_close(&fixture);
}

static void err_and_req_work_beside_other_indexes(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	for (uint32_t index = ERR; index <= REQ; index++) {
		for (uint32_t other = INTX; other <= MSIX; other++) {
			assert_int_equal(set_one(fixture.fd, other, 0, fixture.events[0]), 0);
			assert_int_equal(set_one(fixture.fd, index, 0, fixture.events[1]), 0);
			assert_int_equal(set_none(fixture.fd, TRIGGER, other, 0, 0), 0);
			assert_true(irq_is_on(&fixture, index, 0, fixture.events[1]));
		}
		/* The kernel still signals an eventfd that the user has closed. */
		close(fixture.events[1]);
		assert_int_equal(set_none(fixture.fd, TRIGGER, index, 0, 1), 0);
		fixture.events[1] = raw_eventfd();
	}
	irq_fixture_close(&fixture);
}

/* An fd below -1 has no effect on early kernels, and EINVAL on later ones (late 6.12.y). It never
 * removes the eventfd. */
static void err_and_req_fd_below_minus_one(void **state)
{
	int result = testbed_kernel_is_at_least(6, 12) ? -EINVAL : 0;
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	for (uint32_t index = ERR; index <= REQ; index++) {
		assert_int_equal(set_one(fixture.fd, index, 0, -2), result);
		assert_int_equal(set_one(fixture.fd, index, 0, fixture.events[0]), 0);
		assert_int_equal(set_one(fixture.fd, index, 0, -2), result);
		assert_int_equal(set_one(fixture.fd, index, 0, INT32_MIN), result);
		assert_true(irq_is_on(&fixture, index, 0, fixture.events[0]));
	}
	irq_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(disabled_intx_refuses_triggers),
		ON_TESTBED(intx_trigger_and_detach),
		ON_TESTBED(intx_mask_and_unmask),
		ON_TESTBED(masked_intx_is_not_lost),
		ON_TESTBED(intx_unmask_eventfd_errors),
		ON_TESTBED(err_and_req_trigger),
		ON_TESTBED(err_and_req_work_beside_other_indexes),
		ON_TESTBED(err_and_req_fd_below_minus_one),
	};

	return cmocka_run_group_tests_name("uapi-intx", tests, NULL, NULL);
}

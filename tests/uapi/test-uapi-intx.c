// SPDX-License-Identifier: MIT
/*
 * The kernel's own SET_IRQS for INTx with its masks, and for ERR and REQ, without the
 * library.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "set-irqs.h"
#include "testbed.h"

/* ---- INTx ---- */

static void intx_inactive(void **state)
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
	assert_int_equal(set_none(fixture.fd, TRIGGER, INTX, 0, 1),
			 -EINVAL); /* and it is inactive still */
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.raw.group), -EINVAL);
	assert_int_equal(set_eventfds(fixture.fd, INTX, 0, 0, NULL), -EINVAL);
	/* Inactive is found before what MASK cannot take. */
	assert_int_equal(raw_set_irqs(fixture.fd, INTX, EVENTFD | MASK, 0, 1, fixture.events),
			 -EINVAL);
	irq_fixture_close(&fixture);
}

static void intx_trigger(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	/* Without an eventfd it is enabled all the same. */
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
	/* A bad fd leaves the eventfd that is there. */
	assert_int_equal(set_one(fixture.fd, INTX, 0, raw_closed_fd()), -EBADF);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.raw.group), -EINVAL);
	assert_true(irq_is_on(&fixture, INTX, 0, fixture.events[1]));
	/* Of no count only NONE, which disables, is right. */
	assert_int_equal(set_eventfds(fixture.fd, INTX, 0, 0, NULL), -EINVAL);
	assert_int_equal(set_bools(fixture.fd, TRIGGER, INTX, 0, 0, ""), -EINVAL);
	/* Detached it is enabled still. */
	assert_int_equal(set_one(fixture.fd, INTX, 0, -7), 0);
	assert_true(irq_is_dead(&fixture, INTX, 0));
	assert_int_equal(set_one(fixture.fd, INTX, 0, -1), 0);
	assert_int_equal(set_none(fixture.fd, TRIGGER, INTX, 0, 0), 0);
	assert_int_equal(set_none(fixture.fd, TRIGGER, INTX, 0, 0), -EINVAL);
	irq_fixture_close(&fixture);
}

static void intx_masks(void **state)
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

	/* Signalled, it is masked; the next comes when it is unmasked. */
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

	/* Masked by the user; loopback is not. */
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

/* What is raised while it is masked is not lost, whatever is set meanwhile. */
static void intx_masked_stays_masked(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	/* Without an eventfd too it is masked by an interrupt. */
	assert_int_equal(set_one(fixture.fd, INTX, 0, -1), 0);
	testbed_fire(&fixture.raw, INTX, 0);
	testbed_let_arrive();
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	assert_true(irq_does_not_arrive(fixture.events[0]));
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[1]), 0);
	assert_int_equal(set_none(fixture.fd, UNMASK, INTX, 0, 1), 0);
	assert_true(irq_arrives(fixture.events[1]));
	assert_int_equal(raw_take(fixture.events[0]), 0);
	/* Raised still, it is signalled with each unmask, and once. */
	assert_true(irq_does_not_arrive(fixture.events[1]));
	assert_int_equal(set_bools(fixture.fd, MASK, INTX, 0, 1, "\0"), 0);
	assert_int_equal(set_none(fixture.fd, UNMASK, INTX, 0, 1), 0);
	assert_true(irq_arrives(fixture.events[1]));
	/* Enabled anew it is not masked. */
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

/* What one that is signalled does is in test-uapi-fire-intx.c. */
static void intx_unmask_eventfd(void **state)
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

static void err_and_req(void **state)
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
		/* A bad fd leaves the eventfd that is there. */
		assert_int_equal(set_one(fixture.fd, index, 0, raw_closed_fd()), -EBADF);
		assert_int_equal(set_one(fixture.fd, index, 0, fixture.raw.group), -EINVAL);
		assert_true(irq_is_on(&fixture, index, 0, fixture.events[1]));
		assert_int_equal(set_bools(fixture.fd, TRIGGER, index, 0, 1, "\1"), 0);
		assert_int_equal(raw_take(fixture.events[1]), 1);
		assert_int_equal(set_bools(fixture.fd, TRIGGER, index, 0, 1, "\0"), 0);
		assert_int_equal(raw_take(fixture.events[1]), 0);
		/* More than there are, and one that is not there: before all of it. */
		assert_int_equal(set_none(fixture.fd, TRIGGER, index, 0, 2), -EINVAL);
		assert_int_equal(set_none(fixture.fd, TRIGGER, index, 1, 0), -EINVAL);
		assert_int_equal(set_none(fixture.fd, TRIGGER, index, 0, 0), 0);
		assert_int_equal(set_none(fixture.fd, TRIGGER, index, 0, 0), -EINVAL);
	}
	irq_fixture_close(&fixture);
}

static void err_and_req_beside_the_others(void **state)
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
		/* Closed by the user, the eventfd is signalled all the same. */
		close(fixture.events[1]);
		assert_int_equal(set_none(fixture.fd, TRIGGER, index, 0, 1), 0);
		fixture.events[1] = raw_eventfd();
	}
	irq_fixture_close(&fixture);
}

/* Below -1: nothing once, refused in later kernels; it takes nothing away. */
static void err_and_req_below_minus_one(void **state)
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
		ON_TESTBED(intx_inactive),
		ON_TESTBED(intx_trigger),
		ON_TESTBED(intx_masks),
		ON_TESTBED(intx_masked_stays_masked),
		ON_TESTBED(intx_unmask_eventfd),
		ON_TESTBED(err_and_req),
		ON_TESTBED(err_and_req_beside_the_others),
		ON_TESTBED(err_and_req_below_minus_one),
	};

	return cmocka_run_group_tests_name("uapi-intx", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * The kernel's own SET_IRQS for INTx with its masks, and for ERR and REQ, without the
 * library.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "uapi-irq.h"
#include "world.h"

/* ---- INTx ---- */

static void intx_inactive(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(set_none(bench.fd, MASK, INTX, 0, 1), -EINVAL);
	assert_int_equal(set_none(bench.fd, UNMASK, INTX, 0, 1), -EINVAL);
	assert_int_equal(set_none(bench.fd, TRIGGER, INTX, 0, 1), -EINVAL);
	assert_int_equal(set_none(bench.fd, TRIGGER, INTX, 0, 0), -EINVAL); /* disable */
	assert_int_equal(set_bools(bench.fd, TRIGGER, INTX, 0, 1, "\1"), -EINVAL);
	assert_int_equal(set_one(bench.fd, INTX, 0, raw_closed_fd()), -EBADF);
	assert_int_equal(set_none(bench.fd, TRIGGER, INTX, 0, 1),
			 -EINVAL); /* and it is inactive still */
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.raw.group), -EINVAL);
	assert_int_equal(set_eventfds(bench.fd, INTX, 0, 0, NULL), -EINVAL);
	/* Inactive is found before what MASK cannot take. */
	assert_int_equal(raw_set_irqs(bench.fd, INTX, EVENTFD | MASK, 0, 1, bench.events), -EINVAL);
	irqs_close(&bench);
}

static void intx_trigger(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	/* Without an eventfd it is enabled all the same. */
	assert_int_equal(set_one(bench.fd, INTX, 0, -1), 0);
	assert_int_equal(set_none(bench.fd, TRIGGER, INTX, 0, 1), 0);
	assert_int_equal(set_one(bench.fd, MSIX, 0, bench.events[0]), -EINVAL);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]), 0);
	assert_true(irq_is_on(&bench, INTX, 0, bench.events[0]));
	assert_int_equal(set_bools(bench.fd, TRIGGER, INTX, 0, 1, "\1"), 0);
	assert_int_equal(raw_take(bench.events[0]), 1);
	assert_int_equal(set_bools(bench.fd, TRIGGER, INTX, 0, 1, "\0"), 0);
	assert_int_equal(raw_take(bench.events[0]), 0);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[1]), 0);
	assert_true(irq_is_on(&bench, INTX, 0, bench.events[1]));
	/* A bad fd leaves the eventfd that is there. */
	assert_int_equal(set_one(bench.fd, INTX, 0, raw_closed_fd()), -EBADF);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.raw.group), -EINVAL);
	assert_true(irq_is_on(&bench, INTX, 0, bench.events[1]));
	/* Of no count only NONE, which disables, is right. */
	assert_int_equal(set_eventfds(bench.fd, INTX, 0, 0, NULL), -EINVAL);
	assert_int_equal(set_bools(bench.fd, TRIGGER, INTX, 0, 0, ""), -EINVAL);
	/* Detached it is enabled still. */
	assert_int_equal(set_one(bench.fd, INTX, 0, -7), 0);
	assert_true(irq_is_dead(&bench, INTX, 0));
	assert_int_equal(set_one(bench.fd, INTX, 0, -1), 0);
	assert_int_equal(set_none(bench.fd, TRIGGER, INTX, 0, 0), 0);
	assert_int_equal(set_none(bench.fd, TRIGGER, INTX, 0, 0), -EINVAL);
	irqs_close(&bench);
}

static void intx_masks(void **state)
{
	struct irqs bench;
	int event;

	(void)state;
	irqs_open(&bench);
	event = bench.events[0];
	assert_int_equal(set_one(bench.fd, INTX, 0, event), 0);
	assert_int_equal(set_none(bench.fd, MASK, INTX, 0, 0), -EINVAL);
	assert_int_equal(set_none(bench.fd, UNMASK, INTX, 0, 0), -EINVAL);
	assert_int_equal(raw_set_irqs(bench.fd, INTX, EVENTFD | MASK, 0, 1, &event), -ENOTTY);

	/* Signalled, it is masked; the next comes when it is unmasked. */
	world_fire(&bench.raw, INTX, 0);
	assert_true(irq_comes(event));
	world_clear(&bench.raw);
	world_fire(&bench.raw, INTX, 0);
	assert_true(irq_stays_away(event));
	assert_int_equal(set_bools(bench.fd, UNMASK, INTX, 0, 1, "\0"), 0);
	assert_true(irq_stays_away(event));
	assert_int_equal(set_bools(bench.fd, UNMASK, INTX, 0, 1, "\1"), 0);
	assert_true(irq_comes(event));
	world_clear(&bench.raw);
	assert_int_equal(set_none(bench.fd, UNMASK, INTX, 0, 1), 0);

	/* Masked by the user; loopback is not. */
	assert_int_equal(set_none(bench.fd, MASK, INTX, 0, 1), 0);
	assert_int_equal(set_none(bench.fd, MASK, INTX, 0, 1), 0);
	assert_true(irq_is_on(&bench, INTX, 0, event));
	world_fire(&bench.raw, INTX, 0);
	assert_true(irq_stays_away(event));
	assert_int_equal(set_none(bench.fd, UNMASK, INTX, 0, 1), 0);
	assert_true(irq_comes(event));
	world_clear(&bench.raw);
	irqs_close(&bench);
}

/* What is raised while it is masked is not lost, whatever is set meanwhile. */
static void intx_masked_stays_masked(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	/* Without an eventfd too it is masked by an interrupt. */
	assert_int_equal(set_one(bench.fd, INTX, 0, -1), 0);
	world_fire(&bench.raw, INTX, 0);
	world_let_arrive();
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]), 0);
	assert_true(irq_stays_away(bench.events[0]));
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[1]), 0);
	assert_int_equal(set_none(bench.fd, UNMASK, INTX, 0, 1), 0);
	assert_true(irq_comes(bench.events[1]));
	assert_int_equal(raw_take(bench.events[0]), 0);
	/* Raised still, it is signalled with each unmask, and once. */
	assert_true(irq_stays_away(bench.events[1]));
	assert_int_equal(set_bools(bench.fd, MASK, INTX, 0, 1, "\0"), 0);
	assert_int_equal(set_none(bench.fd, UNMASK, INTX, 0, 1), 0);
	assert_true(irq_comes(bench.events[1]));
	/* Enabled anew it is not masked. */
	world_clear(&bench.raw);
	assert_int_equal(set_none(bench.fd, TRIGGER, INTX, 0, 0), 0);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[2]), 0);
	irqs_fire_into(&bench, INTX, 0, bench.events[2]);
	assert_int_equal(set_none(bench.fd, UNMASK, INTX, 0, 1), 0);
	assert_true(irq_stays_away(bench.events[2]));
	assert_int_equal(set_bools(bench.fd, MASK, INTX, 0, 1, "\1"), 0);
	world_fire(&bench.raw, INTX, 0);
	assert_true(irq_stays_away(bench.events[2]));
	world_clear(&bench.raw);
	irqs_close(&bench);
}

/* What one that is signalled does is in test-uapi-fire-intx.c. */
static void intx_unmask_eventfd(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[1]), -EINVAL);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, -1), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, raw_closed_fd()), -EBADF);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.raw.group), -EINVAL);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[1]), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[2]), -EBUSY);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[1]), -EBUSY);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, -1), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, -7), 0);
	irqs_close(&bench);
}

/* ---- ERR and REQ ---- */

static void err_and_req(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	for (uint32_t index = ERR; index <= REQ; index++) {
		assert_int_equal(set_none(bench.fd, TRIGGER, index, 0, 1), -EINVAL);
		assert_int_equal(set_none(bench.fd, TRIGGER, index, 0, 0), -EINVAL);
		assert_int_equal(set_bools(bench.fd, TRIGGER, index, 0, 0, ""), -EINVAL);
		assert_int_equal(set_bools(bench.fd, TRIGGER, index, 0, 1, "\1"), 0);
		assert_int_equal(set_eventfds(bench.fd, index, 0, 0, NULL), -EINVAL);
		assert_int_equal(set_one(bench.fd, index, 0, -1), 0);
		assert_int_equal(set_one(bench.fd, index, 0, bench.events[0]), 0);
		assert_true(irq_is_on(&bench, index, 0, bench.events[0]));
		assert_int_equal(set_one(bench.fd, index, 0, bench.events[1]), 0);
		/* A bad fd leaves the eventfd that is there. */
		assert_int_equal(set_one(bench.fd, index, 0, raw_closed_fd()), -EBADF);
		assert_int_equal(set_one(bench.fd, index, 0, bench.raw.group), -EINVAL);
		assert_true(irq_is_on(&bench, index, 0, bench.events[1]));
		assert_int_equal(set_bools(bench.fd, TRIGGER, index, 0, 1, "\1"), 0);
		assert_int_equal(raw_take(bench.events[1]), 1);
		assert_int_equal(set_bools(bench.fd, TRIGGER, index, 0, 1, "\0"), 0);
		assert_int_equal(raw_take(bench.events[1]), 0);
		/* More than there are, and one that is not there: before all of it. */
		assert_int_equal(set_none(bench.fd, TRIGGER, index, 0, 2), -EINVAL);
		assert_int_equal(set_none(bench.fd, TRIGGER, index, 1, 0), -EINVAL);
		assert_int_equal(set_none(bench.fd, TRIGGER, index, 0, 0), 0);
		assert_int_equal(set_none(bench.fd, TRIGGER, index, 0, 0), -EINVAL);
	}
	irqs_close(&bench);
}

static void err_and_req_beside_the_others(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	for (uint32_t index = ERR; index <= REQ; index++) {
		for (uint32_t other = INTX; other <= MSIX; other++) {
			assert_int_equal(set_one(bench.fd, other, 0, bench.events[0]), 0);
			assert_int_equal(set_one(bench.fd, index, 0, bench.events[1]), 0);
			assert_int_equal(set_none(bench.fd, TRIGGER, other, 0, 0), 0);
			assert_true(irq_is_on(&bench, index, 0, bench.events[1]));
		}
		/* Closed by the user, the eventfd is signalled all the same. */
		close(bench.events[1]);
		assert_int_equal(set_none(bench.fd, TRIGGER, index, 0, 1), 0);
		bench.events[1] = raw_eventfd();
	}
	irqs_close(&bench);
}

/* Below -1: nothing once, refused in later kernels; it takes nothing away. */
static void err_and_req_below_minus_one(void **state)
{
	int result = world_kernel_is_at_least(6, 12) ? -EINVAL : 0;
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	for (uint32_t index = ERR; index <= REQ; index++) {
		assert_int_equal(set_one(bench.fd, index, 0, -2), result);
		assert_int_equal(set_one(bench.fd, index, 0, bench.events[0]), 0);
		assert_int_equal(set_one(bench.fd, index, 0, -2), result);
		assert_int_equal(set_one(bench.fd, index, 0, INT32_MIN), result);
		assert_true(irq_is_on(&bench, index, 0, bench.events[0]));
	}
	irqs_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(intx_inactive),
		IN_WORLD(intx_trigger),
		IN_WORLD(intx_masks),
		IN_WORLD(intx_masked_stays_masked),
		IN_WORLD(intx_unmask_eventfd),
		IN_WORLD(err_and_req),
		IN_WORLD(err_and_req_beside_the_others),
		IN_WORLD(err_and_req_below_minus_one),
	};

	return cmocka_run_group_tests_name("uapi-intx", tests, NULL, NULL);
}

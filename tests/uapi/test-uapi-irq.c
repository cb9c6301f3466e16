// SPDX-License-Identifier: MIT
/*
 * The kernel's own VFIO_DEVICE_GET_IRQ_INFO and VFIO_DEVICE_SET_IRQS, without the
 * library: what each call gives, in the order of the kernel's checks, and what is set up
 * after it, for MSI and MSI-X. On a real kernel this proves our understanding, on the
 * simulator its model of it. INTx is in test-uapi-intx.c; what becomes of an interrupt
 * meanwhile is in test-uapi-fire.c.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "set-irqs.h"
#include "testbed.h"

/* ---- information ---- */

static void irq_info(void **state)
{
	static const uint32_t flags[] = { 7, 9, 9, 9, 9 }, counts[] = { 1, 1, VECTORS, 1, 1 };
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	for (uint32_t i = 0; i < 5; i++) {
		struct vfio_irq_info info = { .argsz = sizeof(info), .index = i, .flags = ~0u };

		assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_GET_IRQ_INFO, &info), 0);
		assert_int_equal(info.count, counts[i]);
		assert_int_equal(info.flags,
				 i == MSIX && testbed_kernel_is_at_least(6, 5) ? 1 : flags[i]);
	}
	irq_fixture_close(&fixture);
}

static void irq_info_errors(void **state)
{
	struct vfio_irq_info info = { .argsz = sizeof(info) - 1 };
	struct irq_fixture fixture;
	char *pages;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_GET_IRQ_INFO, &info), -EINVAL);
	info.argsz = sizeof(info);
	for (info.index = 5; info.index != 0; info.index <<= 1)
		assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_GET_IRQ_INFO, &info), -EINVAL);
	info.index = UINT32_MAX;
	assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_GET_IRQ_INFO, &info), -EINVAL);
	/* More than it wants is nothing to it, and is not written back. */
	info.argsz = 4096;
	info.index = MSIX;
	assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_GET_IRQ_INFO, &info), 0);
	assert_int_equal(info.argsz, 4096);
	/* All of it is read first: of the zeroes here argsz would be wrong. */
	assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_GET_IRQ_INFO, NULL), -EFAULT);
	assert_int_equal(
		raw_ioctl(fixture.fd, VFIO_DEVICE_GET_IRQ_INFO, raw_at_end_of_memory(12, &pages)),
		-EFAULT);
	raw_free_memory(pages);
	irq_fixture_close(&fixture);
}

/* ---- the order of checks ---- */

static void header(void **state)
{
	struct irq_fixture fixture;
	uint32_t set[7] = { 24, EVENTFD | TRIGGER, MSIX, 0, 1, (uint32_t)-1 };

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_SET_IRQS, NULL), -EFAULT);
	set[0] = 19;
	assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_SET_IRQS, set), -EINVAL);
	set[0] = 23; /* the data does not fit in */
	assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_SET_IRQS, set), -EINVAL);
	assert_int_equal(set_none(fixture.fd, TRIGGER, 5, 0, 1), -EINVAL);
	assert_int_equal(set_none(fixture.fd, TRIGGER | 64, MSIX, 0, 1), -EINVAL);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 1, UINT32_MAX - 1), -EINVAL);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, VECTORS, 0), -EINVAL);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, VECTORS + 1), -EINVAL);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, VECTORS - 1, 2), -EINVAL);
	/* Not one kind of data. */
	assert_int_equal(raw_set_irqs(fixture.fd, MSIX, TRIGGER, 0, 1, NULL), -EINVAL);
	assert_int_equal(set_none(fixture.fd, TRIGGER | BOOL, MSIX, 0, 1), -EINVAL);
	/* Not one action, or none that the index has: after all of these. */
	assert_int_equal(set_none(fixture.fd, 0, MSIX, 0, 1), -ENOTTY);
	assert_int_equal(set_none(fixture.fd, MASK | UNMASK, INTX, 0, 1), -ENOTTY);
	for (uint32_t index = MSI; index <= REQ; index++) {
		assert_int_equal(set_none(fixture.fd, MASK, index, 0, 1), -ENOTTY);
		assert_int_equal(set_none(fixture.fd, UNMASK, index, 0, 1), -ENOTTY);
	}
	assert_int_equal(set_none(fixture.fd, MASK, MSIX, VECTORS, 1), -EINVAL);
	irq_fixture_close(&fixture);
}

/* A call that is wrong in several ways, and whose data cannot be read if it has any: the
 * first check that it fails speaks. */
static void order_of_checks(void **state)
{
	static const struct {
		uint32_t argsz, flags, index, start, count;
		int result;
	} calls[] = {
		{ 19, EVENTFD | TRIGGER, MSIX, 0, 1, -EINVAL },
		{ 24, EVENTFD | TRIGGER, 5, 0, 1, -EINVAL },
		{ 24, EVENTFD | TRIGGER | 64, MSIX, 0, 1, -EINVAL },
		{ 24, EVENTFD | TRIGGER, MSIX, VECTORS, 1, -EINVAL },
		{ 24, EVENTFD | BOOL | TRIGGER, MSIX, 0, 1, -EINVAL },
		{ 24, MASK, MSIX, 0, 1, -EINVAL },
		{ 23, EVENTFD | TRIGGER, MSIX, 0, 1, -EINVAL },
		{ 23, EVENTFD | MASK, MSIX, 0, 1, -EINVAL },
		{ 24, BOOL | MASK, MSIX, 0, 5, -EINVAL },
		/* The data before the action. */
		{ 24, EVENTFD | TRIGGER, MSIX, 0, 1, -EFAULT },
		{ 21, BOOL | TRIGGER, MSIX, 0, 1, -EFAULT },
		{ 24, EVENTFD | MASK, MSIX, 0, 1, -EFAULT },
		{ 24, EVENTFD, MSIX, 0, 1, -EFAULT },
		/* The action before what the index says of it. */
		{ 20, NONE, MSIX, 0, 1, -ENOTTY },
		{ 20, NONE | MASK | UNMASK, INTX, 0, 1, -ENOTTY },
		{ 20, NONE | MASK, MSIX, 0, 1, -ENOTTY },
		{ 4096, NONE | MASK, INTX, 0, 1, -EINVAL },
		/* What is of no length is not read. */
		{ 20, EVENTFD | TRIGGER, MSIX, 0, 0, -ERANGE },
		{ 4096, EVENTFD | TRIGGER, MSIX, 0, 0, -ERANGE },
	};
	struct irq_fixture fixture;
	char *pages;
	uint32_t *set;

	(void)state;
	irq_fixture_open_raw(&fixture);
	set = raw_at_end_of_memory(20, &pages);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		int r;

		memcpy(set, &calls[i], 20);
		r = raw_ioctl(fixture.fd, VFIO_DEVICE_SET_IRQS, set);
		if (r != calls[i].result)
			fail_msg("call %zu gives %d, not %d", i, r, calls[i].result);
	}
	/* A header that cannot be read before anything that is in it. */
	memset(set, 0, 20);
	assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_SET_IRQS, set + 1), -EFAULT);
	raw_free_memory(pages);
	irq_fixture_close(&fixture);
}

/* ---- MSI-X ---- */

static void msix_inactive(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, 0), -EINVAL); /* disable */
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, 1), -EINVAL);
	assert_int_equal(set_bools(fixture.fd, TRIGGER, MSIX, 0, 1, "\1"), -EINVAL);
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 0, 0, NULL), -ERANGE);
	/* The first enable is all or nothing. */
	assert_int_equal(
		set_eventfds(fixture.fd, MSIX, 0, 2, (int[]){ fixture.events[0], raw_closed_fd() }),
		-EBADF);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, 1), -EINVAL);
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 0, 1, &fixture.raw.group), -EINVAL);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	irq_fixture_close(&fixture);
}

static void msix_allocation_ahead(void **state)
{
	int all[VECTORS] = { -1, -1, -1, -1, -1 };
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	/* On every kernel. */
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 0, VECTORS, all), 0);
	assert_true(irq_is_dead(&fixture, MSIX, 4));
	assert_int_equal(set_one(fixture.fd, MSIX, 4, fixture.events[4]), 0);
	assert_true(irq_is_on(&fixture, MSIX, 4, fixture.events[4]));
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 3, 0),
			 0); /* disable: start is nothing */
	/* By count 0: not before the range check went. */
	assert_int_equal(set_eventfds(fixture.fd, MSIX, VECTORS - 1, 0, NULL),
			 testbed_kernel_is_at_least(6, 2) ? 0 : -EINVAL);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]),
			 testbed_kernel_is_at_least(6, 2) ? -EINVAL : 0);
	irq_fixture_close(&fixture);
}

static void msix_beyond_the_first_enable(void **state)
{
	bool dynamic = testbed_kernel_is_at_least(6, 5);
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, MSIX, 1, fixture.events[1]), 0);
	assert_int_equal(set_one(fixture.fd, MSIX, 0, fixture.events[0]), 0);
	assert_int_equal(set_one(fixture.fd, MSIX, 2, fixture.events[2]), dynamic ? 0 : -EINVAL);
	assert_int_equal(set_one(fixture.fd, MSIX, 4, -1), dynamic ? 0 : -EINVAL);
	if (dynamic) {
		assert_true(irq_is_on(&fixture, MSIX, 2, fixture.events[2]));
		assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, VECTORS), 0);
		for (int i = 0; i < 3; i++)
			assert_int_equal(raw_take(fixture.events[i]), 1);
	} else {
		/* Before any change. */
		assert_int_equal(
			set_eventfds(fixture.fd, MSIX, 1, 2, (int[]){ -1, fixture.events[2] }),
			-EINVAL);
		assert_true(irq_is_on(&fixture, MSIX, 1, fixture.events[1]));
		assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, VECTORS), -EINVAL);
	}
	irq_fixture_close(&fixture);
}

static void msix_bad_fd_in_a_block(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 0, VECTORS, fixture.events), 0);
	/* 1 is live on another eventfd, 2 is bad, 3 comes after it, 0 and 4 are outside. */
	assert_int_equal(
		set_eventfds(fixture.fd, MSIX, 1, 3,
			     (int[]){ fixture.events[4], raw_closed_fd(), fixture.events[4] }),
		-EBADF);
	assert_true(irq_is_dead(&fixture, MSIX, 1));
	assert_true(irq_is_dead(&fixture, MSIX, 2));
	assert_true(irq_is_on(&fixture, MSIX, 0, fixture.events[0]));
	assert_true(irq_is_on(&fixture, MSIX, 3, fixture.events[3]));
	assert_true(irq_is_on(&fixture, MSIX, 4, fixture.events[4]));
	/* A swap by a bad fd kills too; what is no eventfd as well. */
	assert_int_equal(set_one(fixture.fd, MSIX, 3, raw_closed_fd()), -EBADF);
	assert_true(irq_is_dead(&fixture, MSIX, 3));
	assert_int_equal(set_one(fixture.fd, MSIX, 4, fixture.raw.group), -EINVAL);
	assert_true(irq_is_dead(&fixture, MSIX, 4));
	/* And all can be set again. */
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 0, VECTORS, fixture.events), 0);
	for (uint32_t i = 0; i < VECTORS; i++)
		assert_true(irq_is_on(&fixture, MSIX, i, fixture.events[i]));
	irq_fixture_close(&fixture);
}

/* The same where the index is enabled but the vectors are beyond the first enable. */
static void msix_bad_fd_beyond(void **state)
{
	bool dynamic = testbed_kernel_is_at_least(6, 5);
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 0, 2, fixture.events), 0);
	assert_int_equal(
		set_eventfds(fixture.fd, MSIX, 1, 3,
			     (int[]){ fixture.events[2], fixture.events[3], raw_closed_fd() }),
		dynamic ? -EBADF : -EINVAL);
	assert_true(irq_is_on(&fixture, MSIX, 0, fixture.events[0]));
	if (dynamic) {
		for (uint32_t i = 1; i < VECTORS; i++)
			assert_true(irq_is_dead(&fixture, MSIX, i));
	} else {
		assert_true(irq_is_on(&fixture, MSIX, 1, fixture.events[1]));
	}
	/* The index is enabled still, and of no count there is nothing to do. */
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 0, 0, NULL), 0);
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 4, 0, NULL), dynamic ? 0 : -EINVAL);
	assert_int_equal(set_one(fixture.fd, MSIX, 1, fixture.events[4]), 0);
	assert_true(irq_is_on(&fixture, MSIX, 1, fixture.events[4]));
	irq_fixture_close(&fixture);
}

static void msix_loopback(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 0, VECTORS,
				      (int[]){ fixture.events[0], fixture.events[1], -1,
					       fixture.events[3], -1 }),
			 0);
	assert_int_equal(set_bools(fixture.fd, TRIGGER, MSIX, 0, VECTORS, "\1\0\1\1\1"), 0);
	assert_int_equal(raw_take(fixture.events[0]), 1);
	assert_int_equal(raw_take(fixture.events[1]), 0);
	assert_int_equal(raw_take(fixture.events[3]), 1);
	assert_int_equal(set_bools(fixture.fd, TRIGGER, MSIX, 0, 0, ""), 0);
	/* Any fd below 0 unsets, and may do so again. */
	assert_int_equal(set_one(fixture.fd, MSIX, 0, -7), 0);
	assert_int_equal(set_one(fixture.fd, MSIX, 0, -1), 0);
	assert_true(irq_is_dead(&fixture, MSIX, 0));
	irq_fixture_close(&fixture);
}

static void msix_real_interrupts(void **state)
{
	struct irq_fixture fixture;
	int event, again;

	(void)state;
	irq_fixture_open_raw(&fixture);
	event = fixture.events[0];
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 0, VECTORS, fixture.events), 0);
	for (uint32_t i = 0; i < VECTORS; i++)
		irq_fires_into(&fixture, MSIX, i, fixture.events[i]);
	/* The same again; shared by two; and closed by the user. */
	assert_int_equal(set_one(fixture.fd, MSIX, 0, event), 0);
	assert_int_equal(set_one(fixture.fd, MSIX, 1, event), 0);
	assert_int_equal(set_one(fixture.fd, REQ, 0, event), 0);
	irq_fires_into(&fixture, MSIX, 0, event);
	irq_fires_into(&fixture, MSIX, 1, event);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, 2), 0);
	assert_int_equal(set_none(fixture.fd, TRIGGER, REQ, 0, 1), 0);
	assert_int_equal(raw_take(event), 3);
	again = dup(event);
	close(event);
	testbed_fire(&fixture.raw, MSIX, 0);
	assert_true(irq_arrives(again));
	testbed_clear(&fixture.raw);
	fixture.events[0] = again;
	irq_fixture_close(&fixture);
}

/* ---- what ends it, and what does not ---- */

static void a_reset_keeps_it(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	for (uint32_t index = ERR; index <= REQ; index++)
		assert_int_equal(set_one(fixture.fd, index, 0, fixture.events[4]), 0);
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 0, 2, fixture.events), 0);
	assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_RESET, NULL), 0);
	for (uint32_t i = 0; i < 2; i++)
		irq_fires_into(&fixture, MSIX, i, fixture.events[i]);
	for (uint32_t index = ERR; index <= REQ; index++)
		assert_true(irq_is_on(&fixture, index, 0, fixture.events[4]));
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, 0), 0);

	/* INTx too, with its mask and its unmask eventfd. */
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[1]), 0);
	assert_int_equal(set_none(fixture.fd, MASK, INTX, 0, 1), 0);
	assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_RESET, NULL), 0);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[2]), -EBUSY);
	assert_true(irq_does_not_arrive(fixture.events[0]));
	testbed_clear(&fixture.raw);
	assert_int_equal(set_none(fixture.fd, UNMASK, INTX, 0, 1), 0);
	irq_fires_into(&fixture, INTX, 0, fixture.events[0]);
	irq_fixture_close(&fixture);
}

static void a_sleep_keeps_it(void **state)
{
	struct irq_fixture fixture;
	int event;

	(void)state;
	testbed_need_low_power();
	irq_fixture_open_raw(&fixture);
	event = fixture.events[0];
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 0, 2, fixture.events), 0);
	assert_int_equal(set_one(fixture.fd, REQ, 0, fixture.events[4]), 0);
	irq_sleep_and_wake(&fixture);
	for (uint32_t i = 0; i < 2; i++)
		irq_fires_into(&fixture, MSIX, i, fixture.events[i]);
	assert_true(irq_is_on(&fixture, REQ, 0, fixture.events[4]));

	/* An eventfd can be that of the wakeup too: this wakes, then signals. */
	assert_int_equal(raw_enter_wakeup(fixture.fd, event), 0);
	host_sees_deep_sleep();
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, 1), 0);
	assert_int_equal(raw_take(event), 2);
	irq_fixture_close(&fixture);
}

/* All of it is the device's, not the fd's: it goes with the last of them. */
static void the_last_close_ends_it(void **state)
{
	struct irq_fixture fixture;
	int again;

	(void)state;
	irq_fixture_open_raw(&fixture);
	again = raw_open_again(&fixture.raw);
	for (uint32_t index = ERR; index <= REQ; index++)
		assert_int_equal(set_one(again, index, 0, fixture.events[4]), 0);
	assert_int_equal(set_one(again, MSIX, 0, fixture.events[0]), 0);
	close(again);
	irq_fires_into(&fixture, MSIX, 0, fixture.events[0]);
	raw_close(&fixture.raw);

	raw_open(&fixture.raw);
	fixture.fd = fixture.raw.device;
	for (uint32_t index = MSIX; index <= REQ; index++)
		assert_int_equal(set_none(fixture.fd, TRIGGER, index, 0, 1), -EINVAL);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[1]), 0);
	assert_int_equal(set_none(fixture.fd, MASK, INTX, 0, 1), 0);
	raw_close(&fixture.raw);

	raw_open(&fixture.raw);
	fixture.fd = fixture.raw.device;
	assert_int_equal(set_none(fixture.fd, TRIGGER, INTX, 0, 1), -EINVAL);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[2]), 0);
	irq_fires_into(&fixture, INTX, 0, fixture.events[0]);
	irq_fixture_close(&fixture);
}

/* The power state that the user sets by PMCSR: nothing is enabled there but INTx; what is
 * enabled can be changed. */
static void in_user_d3hot(void **state)
{
	struct irq_fixture fixture;
	unsigned pmcsr;

	(void)state;
	irq_fixture_open_raw(&fixture);
	pmcsr = raw_pm_capability(fixture.fd) + 4;
	assert_int_equal(raw_write_config(fixture.fd, pmcsr, 3), 0);
	assert_int_equal(set_one(fixture.fd, MSIX, 0, fixture.events[0]), -EINVAL);
	assert_int_equal(set_one(fixture.fd, MSI, 0, fixture.events[0]), -EINVAL);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, 1), -EINVAL);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	assert_true(irq_is_on(&fixture, INTX, 0, fixture.events[0]));
	assert_int_equal(set_none(fixture.fd, TRIGGER, INTX, 0, 0), 0);
	assert_int_equal(raw_write_config(fixture.fd, pmcsr, 0), 0);
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 0, 2, fixture.events), 0);

	assert_int_equal(raw_write_config(fixture.fd, pmcsr, 3), 0);
	assert_int_equal(set_one(fixture.fd, MSIX, 0, fixture.events[2]), 0);
	assert_true(irq_is_on(&fixture, MSIX, 0, fixture.events[2]));
	assert_int_equal(set_one(fixture.fd, MSIX, 1, -1), 0);
	assert_int_equal(raw_write_config(fixture.fd, pmcsr, 0), 0);
	irq_fires_into(&fixture, MSIX, 0, fixture.events[2]);
	assert_true(irq_is_dead(&fixture, MSIX, 1));
	irq_fixture_close(&fixture);
}

/* ---- MSI, and the one type at a time ---- */

static void msi(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_eventfds(fixture.fd, MSI, 0, 0, NULL), -ERANGE);
	assert_int_equal(set_one(fixture.fd, MSI, 0, raw_closed_fd()), -EBADF);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSI, 0, 1), -EINVAL);
	/* Reserved, then set, then another. */
	assert_int_equal(set_one(fixture.fd, MSI, 0, -1), 0);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSI, 0, 1), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(set_one(fixture.fd, MSI, 0, fixture.events[i]), 0);
		irq_fires_into(&fixture, MSI, 0, fixture.events[i]);
	}
	assert_int_equal(set_bools(fixture.fd, TRIGGER, MSI, 0, 1, "\1"), 0);
	assert_int_equal(raw_take(fixture.events[1]), 1);
	assert_int_equal(set_one(fixture.fd, MSI, 0, raw_closed_fd()), -EBADF);
	assert_true(irq_is_dead(&fixture, MSI, 0));
	/* It is enabled still. */
	assert_int_equal(set_one(fixture.fd, MSIX, 0, fixture.events[0]), -EINVAL);
	assert_int_equal(set_one(fixture.fd, MSI, 0, fixture.events[2]), 0);
	irq_fires_into(&fixture, MSI, 0, fixture.events[2]);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSI, 0, 0), 0);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSI, 0, 0), -EINVAL);
	irq_fixture_close(&fixture);
}

static void one_type_at_a_time(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	for (uint32_t index = INTX; index <= MSIX; index++) {
		assert_int_equal(set_one(fixture.fd, index, 0, fixture.events[0]), 0);
		for (uint32_t other = INTX; other <= MSIX; other++) {
			if (other == index)
				continue;
			assert_int_equal(set_one(fixture.fd, other, 0, fixture.events[1]), -EINVAL);
			assert_int_equal(set_one(fixture.fd, other, 0, -1), -EINVAL);
			assert_int_equal(set_none(fixture.fd, TRIGGER, other, 0, 0), -EINVAL);
			assert_int_equal(set_none(fixture.fd, TRIGGER, other, 0, 1), -EINVAL);
		}
		if (index != INTX) {
			assert_int_equal(set_none(fixture.fd, MASK, INTX, 0, 1), -EINVAL);
			assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[1]),
					 -EINVAL);
			assert_int_equal(raw_set_unmask_eventfd(fixture.fd, -1), -EINVAL);
		}
		assert_true(irq_is_on(&fixture, index, 0, fixture.events[0]));
		assert_int_equal(set_none(fixture.fd, TRIGGER, index, 0, 0), 0);
	}
	irq_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(irq_info),
		ON_TESTBED(irq_info_errors),
		ON_TESTBED(header),
		ON_TESTBED(order_of_checks),
		ON_TESTBED(msix_inactive),
		ON_TESTBED(msix_allocation_ahead),
		ON_TESTBED(msix_beyond_the_first_enable),
		ON_TESTBED(msix_bad_fd_in_a_block),
		ON_TESTBED(msix_bad_fd_beyond),
		ON_TESTBED(msix_loopback),
		ON_TESTBED(msix_real_interrupts),
		ON_TESTBED(a_reset_keeps_it),
		ON_TESTBED(a_sleep_keeps_it),
		ON_TESTBED(the_last_close_ends_it),
		ON_TESTBED(in_user_d3hot),
		ON_TESTBED(msi),
		ON_TESTBED(one_type_at_a_time),
	};

	return cmocka_run_group_tests_name("uapi-irq", tests, NULL, NULL);
}

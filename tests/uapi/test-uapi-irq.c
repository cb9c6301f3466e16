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
#include "uapi-irq.h"
#include "world.h"

/* ---- information ---- */

static void irq_info(void **state)
{
	static const uint32_t flags[] = { 7, 9, 9, 9, 9 }, counts[] = { 1, 1, VECTORS, 1, 1 };
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	for (uint32_t i = 0; i < 5; i++) {
		struct vfio_irq_info info = { .argsz = sizeof(info), .index = i, .flags = ~0u };

		assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_GET_IRQ_INFO, &info), 0);
		assert_int_equal(info.count, counts[i]);
		assert_int_equal(info.flags,
				 i == MSIX && world_kernel_is_at_least(6, 5) ? 1 : flags[i]);
	}
	irqs_close(&bench);
}

static void irq_info_errors(void **state)
{
	struct vfio_irq_info info = { .argsz = sizeof(info) - 1 };
	struct irqs bench;
	char *pages;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_GET_IRQ_INFO, &info), -EINVAL);
	info.argsz = sizeof(info);
	for (info.index = 5; info.index != 0; info.index <<= 1)
		assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_GET_IRQ_INFO, &info), -EINVAL);
	info.index = UINT32_MAX;
	assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_GET_IRQ_INFO, &info), -EINVAL);
	/* More than it wants is nothing to it, and is not written back. */
	info.argsz = 4096;
	info.index = MSIX;
	assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_GET_IRQ_INFO, &info), 0);
	assert_int_equal(info.argsz, 4096);
	/* All of it is read first: of the zeroes here argsz would be wrong. */
	assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_GET_IRQ_INFO, NULL), -EFAULT);
	assert_int_equal(
		raw_ioctl(bench.fd, VFIO_DEVICE_GET_IRQ_INFO, raw_at_end_of_memory(12, &pages)),
		-EFAULT);
	raw_free_memory(pages);
	irqs_close(&bench);
}

/* ---- the order of checks ---- */

static void header(void **state)
{
	struct irqs bench;
	uint32_t set[7] = { 24, EVENTFD | TRIGGER, MSIX, 0, 1, (uint32_t)-1 };

	(void)state;
	irqs_open(&bench);
	assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_SET_IRQS, NULL), -EFAULT);
	set[0] = 19;
	assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_SET_IRQS, set), -EINVAL);
	set[0] = 23; /* the data does not fit in */
	assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_SET_IRQS, set), -EINVAL);
	assert_int_equal(set_none(bench.fd, TRIGGER, 5, 0, 1), -EINVAL);
	assert_int_equal(set_none(bench.fd, TRIGGER | 64, MSIX, 0, 1), -EINVAL);
	assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, 1, UINT32_MAX - 1), -EINVAL);
	assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, VECTORS, 0), -EINVAL);
	assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, 0, VECTORS + 1), -EINVAL);
	assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, VECTORS - 1, 2), -EINVAL);
	/* Not one kind of data. */
	assert_int_equal(raw_set_irqs(bench.fd, MSIX, TRIGGER, 0, 1, NULL), -EINVAL);
	assert_int_equal(set_none(bench.fd, TRIGGER | BOOL, MSIX, 0, 1), -EINVAL);
	/* Not one action, or none that the index has: after all of these. */
	assert_int_equal(set_none(bench.fd, 0, MSIX, 0, 1), -ENOTTY);
	assert_int_equal(set_none(bench.fd, MASK | UNMASK, INTX, 0, 1), -ENOTTY);
	for (uint32_t index = MSI; index <= REQ; index++) {
		assert_int_equal(set_none(bench.fd, MASK, index, 0, 1), -ENOTTY);
		assert_int_equal(set_none(bench.fd, UNMASK, index, 0, 1), -ENOTTY);
	}
	assert_int_equal(set_none(bench.fd, MASK, MSIX, VECTORS, 1), -EINVAL);
	irqs_close(&bench);
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
	struct irqs bench;
	char *pages;
	uint32_t *set;

	(void)state;
	irqs_open(&bench);
	set = raw_at_end_of_memory(20, &pages);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		int r;

		memcpy(set, &calls[i], 20);
		r = raw_ioctl(bench.fd, VFIO_DEVICE_SET_IRQS, set);
		if (r != calls[i].result)
			fail_msg("call %zu gives %d, not %d", i, r, calls[i].result);
	}
	/* A header that cannot be read before anything that is in it. */
	memset(set, 0, 20);
	assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_SET_IRQS, set + 1), -EFAULT);
	raw_free_memory(pages);
	irqs_close(&bench);
}

/* ---- MSI-X ---- */

static void msix_inactive(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, 0, 0), -EINVAL); /* disable */
	assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, 0, 1), -EINVAL);
	assert_int_equal(set_bools(bench.fd, TRIGGER, MSIX, 0, 1, "\1"), -EINVAL);
	assert_int_equal(set_eventfds(bench.fd, MSIX, 0, 0, NULL), -ERANGE);
	/* The first enable is all or nothing. */
	assert_int_equal(
		set_eventfds(bench.fd, MSIX, 0, 2, (int[]){ bench.events[0], raw_closed_fd() }),
		-EBADF);
	assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, 0, 1), -EINVAL);
	assert_int_equal(set_eventfds(bench.fd, MSIX, 0, 1, &bench.raw.group), -EINVAL);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]), 0);
	irqs_close(&bench);
}

static void msix_allocation_ahead(void **state)
{
	int all[VECTORS] = { -1, -1, -1, -1, -1 };
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	/* On every kernel. */
	assert_int_equal(set_eventfds(bench.fd, MSIX, 0, VECTORS, all), 0);
	assert_true(irq_is_dead(&bench, MSIX, 4));
	assert_int_equal(set_one(bench.fd, MSIX, 4, bench.events[4]), 0);
	assert_true(irq_is_on(&bench, MSIX, 4, bench.events[4]));
	assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, 3, 0),
			 0); /* disable: start is nothing */
	/* By count 0: not before the range check went. */
	assert_int_equal(set_eventfds(bench.fd, MSIX, VECTORS - 1, 0, NULL),
			 world_kernel_is_at_least(6, 2) ? 0 : -EINVAL);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]),
			 world_kernel_is_at_least(6, 2) ? -EINVAL : 0);
	irqs_close(&bench);
}

static void msix_beyond_the_first_enable(void **state)
{
	bool dynamic = world_kernel_is_at_least(6, 5);
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(set_one(bench.fd, MSIX, 1, bench.events[1]), 0);
	assert_int_equal(set_one(bench.fd, MSIX, 0, bench.events[0]), 0);
	assert_int_equal(set_one(bench.fd, MSIX, 2, bench.events[2]), dynamic ? 0 : -EINVAL);
	assert_int_equal(set_one(bench.fd, MSIX, 4, -1), dynamic ? 0 : -EINVAL);
	if (dynamic) {
		assert_true(irq_is_on(&bench, MSIX, 2, bench.events[2]));
		assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, 0, VECTORS), 0);
		for (int i = 0; i < 3; i++)
			assert_int_equal(raw_take(bench.events[i]), 1);
	} else {
		/* Before any change. */
		assert_int_equal(set_eventfds(bench.fd, MSIX, 1, 2, (int[]){ -1, bench.events[2] }),
				 -EINVAL);
		assert_true(irq_is_on(&bench, MSIX, 1, bench.events[1]));
		assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, 0, VECTORS), -EINVAL);
	}
	irqs_close(&bench);
}

static void msix_bad_fd_in_a_block(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(set_eventfds(bench.fd, MSIX, 0, VECTORS, bench.events), 0);
	/* 1 is live on another eventfd, 2 is bad, 3 comes after it, 0 and 4 are outside. */
	assert_int_equal(set_eventfds(bench.fd, MSIX, 1, 3,
				      (int[]){ bench.events[4], raw_closed_fd(), bench.events[4] }),
			 -EBADF);
	assert_true(irq_is_dead(&bench, MSIX, 1));
	assert_true(irq_is_dead(&bench, MSIX, 2));
	assert_true(irq_is_on(&bench, MSIX, 0, bench.events[0]));
	assert_true(irq_is_on(&bench, MSIX, 3, bench.events[3]));
	assert_true(irq_is_on(&bench, MSIX, 4, bench.events[4]));
	/* A swap by a bad fd kills too; what is no eventfd as well. */
	assert_int_equal(set_one(bench.fd, MSIX, 3, raw_closed_fd()), -EBADF);
	assert_true(irq_is_dead(&bench, MSIX, 3));
	assert_int_equal(set_one(bench.fd, MSIX, 4, bench.raw.group), -EINVAL);
	assert_true(irq_is_dead(&bench, MSIX, 4));
	/* And all can be set again. */
	assert_int_equal(set_eventfds(bench.fd, MSIX, 0, VECTORS, bench.events), 0);
	for (uint32_t i = 0; i < VECTORS; i++)
		assert_true(irq_is_on(&bench, MSIX, i, bench.events[i]));
	irqs_close(&bench);
}

/* The same where the index is enabled but the vectors are beyond the first enable. */
static void msix_bad_fd_beyond(void **state)
{
	bool dynamic = world_kernel_is_at_least(6, 5);
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(set_eventfds(bench.fd, MSIX, 0, 2, bench.events), 0);
	assert_int_equal(set_eventfds(bench.fd, MSIX, 1, 3,
				      (int[]){ bench.events[2], bench.events[3], raw_closed_fd() }),
			 dynamic ? -EBADF : -EINVAL);
	assert_true(irq_is_on(&bench, MSIX, 0, bench.events[0]));
	if (dynamic) {
		for (uint32_t i = 1; i < VECTORS; i++)
			assert_true(irq_is_dead(&bench, MSIX, i));
	} else {
		assert_true(irq_is_on(&bench, MSIX, 1, bench.events[1]));
	}
	/* The index is enabled still, and of no count there is nothing to do. */
	assert_int_equal(set_eventfds(bench.fd, MSIX, 0, 0, NULL), 0);
	assert_int_equal(set_eventfds(bench.fd, MSIX, 4, 0, NULL), dynamic ? 0 : -EINVAL);
	assert_int_equal(set_one(bench.fd, MSIX, 1, bench.events[4]), 0);
	assert_true(irq_is_on(&bench, MSIX, 1, bench.events[4]));
	irqs_close(&bench);
}

static void msix_loopback(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(
		set_eventfds(bench.fd, MSIX, 0, VECTORS,
			     (int[]){ bench.events[0], bench.events[1], -1, bench.events[3], -1 }),
		0);
	assert_int_equal(set_bools(bench.fd, TRIGGER, MSIX, 0, VECTORS, "\1\0\1\1\1"), 0);
	assert_int_equal(raw_take(bench.events[0]), 1);
	assert_int_equal(raw_take(bench.events[1]), 0);
	assert_int_equal(raw_take(bench.events[3]), 1);
	assert_int_equal(set_bools(bench.fd, TRIGGER, MSIX, 0, 0, ""), 0);
	/* Any fd below 0 unsets, and may do so again. */
	assert_int_equal(set_one(bench.fd, MSIX, 0, -7), 0);
	assert_int_equal(set_one(bench.fd, MSIX, 0, -1), 0);
	assert_true(irq_is_dead(&bench, MSIX, 0));
	irqs_close(&bench);
}

static void msix_real_interrupts(void **state)
{
	struct irqs bench;
	int event, again;

	(void)state;
	irqs_open(&bench);
	event = bench.events[0];
	assert_int_equal(set_eventfds(bench.fd, MSIX, 0, VECTORS, bench.events), 0);
	for (uint32_t i = 0; i < VECTORS; i++)
		irqs_fire_into(&bench, MSIX, i, bench.events[i]);
	/* The same again; shared by two; and closed by the user. */
	assert_int_equal(set_one(bench.fd, MSIX, 0, event), 0);
	assert_int_equal(set_one(bench.fd, MSIX, 1, event), 0);
	assert_int_equal(set_one(bench.fd, REQ, 0, event), 0);
	irqs_fire_into(&bench, MSIX, 0, event);
	irqs_fire_into(&bench, MSIX, 1, event);
	assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, 0, 2), 0);
	assert_int_equal(set_none(bench.fd, TRIGGER, REQ, 0, 1), 0);
	assert_int_equal(raw_take(event), 3);
	again = dup(event);
	close(event);
	world_fire(&bench.raw, MSIX, 0);
	assert_true(irq_comes(again));
	world_clear(&bench.raw);
	bench.events[0] = again;
	irqs_close(&bench);
}

/* ---- what ends it, and what does not ---- */

static void a_reset_keeps_it(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	for (uint32_t index = ERR; index <= REQ; index++)
		assert_int_equal(set_one(bench.fd, index, 0, bench.events[4]), 0);
	assert_int_equal(set_eventfds(bench.fd, MSIX, 0, 2, bench.events), 0);
	assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_RESET, NULL), 0);
	for (uint32_t i = 0; i < 2; i++)
		irqs_fire_into(&bench, MSIX, i, bench.events[i]);
	for (uint32_t index = ERR; index <= REQ; index++)
		assert_true(irq_is_on(&bench, index, 0, bench.events[4]));
	assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, 0, 0), 0);

	/* INTx too, with its mask and its unmask eventfd. */
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[1]), 0);
	assert_int_equal(set_none(bench.fd, MASK, INTX, 0, 1), 0);
	assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_RESET, NULL), 0);
	world_fire(&bench.raw, INTX, 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[2]), -EBUSY);
	assert_true(irq_stays_away(bench.events[0]));
	world_clear(&bench.raw);
	assert_int_equal(set_none(bench.fd, UNMASK, INTX, 0, 1), 0);
	irqs_fire_into(&bench, INTX, 0, bench.events[0]);
	irqs_close(&bench);
}

static void a_sleep_keeps_it(void **state)
{
	struct irqs bench;
	int event;

	(void)state;
	world_need_low_power();
	irqs_open(&bench);
	event = bench.events[0];
	assert_int_equal(set_eventfds(bench.fd, MSIX, 0, 2, bench.events), 0);
	assert_int_equal(set_one(bench.fd, REQ, 0, bench.events[4]), 0);
	irqs_sleep_and_wake(&bench);
	for (uint32_t i = 0; i < 2; i++)
		irqs_fire_into(&bench, MSIX, i, bench.events[i]);
	assert_true(irq_is_on(&bench, REQ, 0, bench.events[4]));

	/* An eventfd can be that of the wakeup too: this wakes, then signals. */
	assert_int_equal(raw_enter_wakeup(bench.fd, event), 0);
	host_sees_deep_sleep();
	assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, 0, 1), 0);
	assert_int_equal(raw_take(event), 2);
	irqs_close(&bench);
}

/* All of it is the device's, not the fd's: it goes with the last of them. */
static void the_last_close_ends_it(void **state)
{
	struct irqs bench;
	int again;

	(void)state;
	irqs_open(&bench);
	again = raw_open_again(&bench.raw);
	for (uint32_t index = ERR; index <= REQ; index++)
		assert_int_equal(set_one(again, index, 0, bench.events[4]), 0);
	assert_int_equal(set_one(again, MSIX, 0, bench.events[0]), 0);
	close(again);
	irqs_fire_into(&bench, MSIX, 0, bench.events[0]);
	raw_close(&bench.raw);

	raw_open(&bench.raw);
	bench.fd = bench.raw.device;
	for (uint32_t index = MSIX; index <= REQ; index++)
		assert_int_equal(set_none(bench.fd, TRIGGER, index, 0, 1), -EINVAL);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[1]), 0);
	assert_int_equal(set_none(bench.fd, MASK, INTX, 0, 1), 0);
	raw_close(&bench.raw);

	raw_open(&bench.raw);
	bench.fd = bench.raw.device;
	assert_int_equal(set_none(bench.fd, TRIGGER, INTX, 0, 1), -EINVAL);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[2]), 0);
	irqs_fire_into(&bench, INTX, 0, bench.events[0]);
	irqs_close(&bench);
}

/* The power state that the user sets by PMCSR: nothing is enabled there but INTx; what is
 * enabled can be changed. */
static void in_user_d3hot(void **state)
{
	struct irqs bench;
	unsigned pmcsr;

	(void)state;
	irqs_open(&bench);
	pmcsr = raw_pm_capability(bench.fd) + 4;
	assert_int_equal(raw_write_config(bench.fd, pmcsr, 3), 0);
	assert_int_equal(set_one(bench.fd, MSIX, 0, bench.events[0]), -EINVAL);
	assert_int_equal(set_one(bench.fd, MSI, 0, bench.events[0]), -EINVAL);
	assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, 0, 1), -EINVAL);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]), 0);
	assert_true(irq_is_on(&bench, INTX, 0, bench.events[0]));
	assert_int_equal(set_none(bench.fd, TRIGGER, INTX, 0, 0), 0);
	assert_int_equal(raw_write_config(bench.fd, pmcsr, 0), 0);
	assert_int_equal(set_eventfds(bench.fd, MSIX, 0, 2, bench.events), 0);

	assert_int_equal(raw_write_config(bench.fd, pmcsr, 3), 0);
	assert_int_equal(set_one(bench.fd, MSIX, 0, bench.events[2]), 0);
	assert_true(irq_is_on(&bench, MSIX, 0, bench.events[2]));
	assert_int_equal(set_one(bench.fd, MSIX, 1, -1), 0);
	assert_int_equal(raw_write_config(bench.fd, pmcsr, 0), 0);
	irqs_fire_into(&bench, MSIX, 0, bench.events[2]);
	assert_true(irq_is_dead(&bench, MSIX, 1));
	irqs_close(&bench);
}

/* ---- MSI, and the one type at a time ---- */

static void msi(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(set_eventfds(bench.fd, MSI, 0, 0, NULL), -ERANGE);
	assert_int_equal(set_one(bench.fd, MSI, 0, raw_closed_fd()), -EBADF);
	assert_int_equal(set_none(bench.fd, TRIGGER, MSI, 0, 1), -EINVAL);
	/* Reserved, then set, then another. */
	assert_int_equal(set_one(bench.fd, MSI, 0, -1), 0);
	assert_int_equal(set_none(bench.fd, TRIGGER, MSI, 0, 1), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(set_one(bench.fd, MSI, 0, bench.events[i]), 0);
		irqs_fire_into(&bench, MSI, 0, bench.events[i]);
	}
	assert_int_equal(set_bools(bench.fd, TRIGGER, MSI, 0, 1, "\1"), 0);
	assert_int_equal(raw_take(bench.events[1]), 1);
	assert_int_equal(set_one(bench.fd, MSI, 0, raw_closed_fd()), -EBADF);
	assert_true(irq_is_dead(&bench, MSI, 0));
	/* It is enabled still. */
	assert_int_equal(set_one(bench.fd, MSIX, 0, bench.events[0]), -EINVAL);
	assert_int_equal(set_one(bench.fd, MSI, 0, bench.events[2]), 0);
	irqs_fire_into(&bench, MSI, 0, bench.events[2]);
	assert_int_equal(set_none(bench.fd, TRIGGER, MSI, 0, 0), 0);
	assert_int_equal(set_none(bench.fd, TRIGGER, MSI, 0, 0), -EINVAL);
	irqs_close(&bench);
}

static void one_type_at_a_time(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	for (uint32_t index = INTX; index <= MSIX; index++) {
		assert_int_equal(set_one(bench.fd, index, 0, bench.events[0]), 0);
		for (uint32_t other = INTX; other <= MSIX; other++) {
			if (other == index)
				continue;
			assert_int_equal(set_one(bench.fd, other, 0, bench.events[1]), -EINVAL);
			assert_int_equal(set_one(bench.fd, other, 0, -1), -EINVAL);
			assert_int_equal(set_none(bench.fd, TRIGGER, other, 0, 0), -EINVAL);
			assert_int_equal(set_none(bench.fd, TRIGGER, other, 0, 1), -EINVAL);
		}
		if (index != INTX) {
			assert_int_equal(set_none(bench.fd, MASK, INTX, 0, 1), -EINVAL);
			assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[1]),
					 -EINVAL);
			assert_int_equal(raw_set_unmask_eventfd(bench.fd, -1), -EINVAL);
		}
		assert_true(irq_is_on(&bench, index, 0, bench.events[0]));
		assert_int_equal(set_none(bench.fd, TRIGGER, index, 0, 0), 0);
	}
	irqs_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(irq_info),
		IN_WORLD(irq_info_errors),
		IN_WORLD(header),
		IN_WORLD(order_of_checks),
		IN_WORLD(msix_inactive),
		IN_WORLD(msix_allocation_ahead),
		IN_WORLD(msix_beyond_the_first_enable),
		IN_WORLD(msix_bad_fd_in_a_block),
		IN_WORLD(msix_bad_fd_beyond),
		IN_WORLD(msix_loopback),
		IN_WORLD(msix_real_interrupts),
		IN_WORLD(a_reset_keeps_it),
		IN_WORLD(a_sleep_keeps_it),
		IN_WORLD(the_last_close_ends_it),
		IN_WORLD(in_user_d3hot),
		IN_WORLD(msi),
		IN_WORLD(one_type_at_a_time),
	};

	return cmocka_run_group_tests_name("uapi-irq", tests, NULL, NULL);
}

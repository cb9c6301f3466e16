// SPDX-License-Identifier: MIT
/*
 * Conformance of VFIO_DEVICE_GET_IRQ_INFO and VFIO_DEVICE_SET_IRQS, without the library: the
 * order of the kernel's checks, and the result of each call for MSI and MSI-X. On a real kernel
 * these tests prove the behavior; on the simulator they prove that the model conforms. INTx is in
 * test-uapi-intx.c. The delivery of interrupts is in test-uapi-fire.c.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "set-irqs.h"
#include "testbed.h"

/* ---- GET_IRQ_INFO ---- */

static void get_irq_info(void **state)
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

static void get_irq_info_errors(void **state)
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
	/* The kernel accepts a larger argsz and does not change it. */
	info.argsz = 4096;
	info.index = MSIX;
	assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_GET_IRQ_INFO, &info), 0);
	assert_int_equal(info.argsz, 4096);
	/* The kernel copies the whole structure before it checks argsz, which is 0 here. */
	assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_GET_IRQ_INFO, NULL), -EFAULT);
	assert_int_equal(
		raw_ioctl(fixture.fd, VFIO_DEVICE_GET_IRQ_INFO, raw_at_end_of_memory(12, &pages)),
		-EFAULT);
	raw_free_memory(pages);
	irq_fixture_close(&fixture);
}

/* ---- the order of checks ---- */

static void set_irqs_header_is_checked(void **state)
{
	struct irq_fixture fixture;
	uint32_t set[7] = { 24, EVENTFD | TRIGGER, MSIX, 0, 1, (uint32_t)-1 };

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_SET_IRQS, NULL), -EFAULT);
	set[0] = 19;
	assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_SET_IRQS, set), -EINVAL);
	set[0] = 23; /* too small for the data */
	assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_SET_IRQS, set), -EINVAL);
	assert_int_equal(set_none(fixture.fd, TRIGGER, 5, 0, 1), -EINVAL);
	assert_int_equal(set_none(fixture.fd, TRIGGER | 64, MSIX, 0, 1), -EINVAL);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 1, UINT32_MAX - 1), -EINVAL);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, VECTORS, 0), -EINVAL);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, VECTORS + 1), -EINVAL);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, VECTORS - 1, 2), -EINVAL);
	/* Exactly one DATA flag is required. */
	assert_int_equal(raw_set_irqs(fixture.fd, MSIX, TRIGGER, 0, 1, NULL), -EINVAL);
	assert_int_equal(set_none(fixture.fd, TRIGGER | BOOL, MSIX, 0, 1), -EINVAL);
	/* Exactly one ACTION flag is required, and the index must support it. The kernel checks
	 * the action after everything above. */
	assert_int_equal(set_none(fixture.fd, 0, MSIX, 0, 1), -ENOTTY);
	assert_int_equal(set_none(fixture.fd, MASK | UNMASK, INTX, 0, 1), -ENOTTY);
	for (uint32_t index = MSI; index <= REQ; index++) {
		assert_int_equal(set_none(fixture.fd, MASK, index, 0, 1), -ENOTTY);
		assert_int_equal(set_none(fixture.fd, UNMASK, index, 0, 1), -ENOTTY);
	}
	assert_int_equal(set_none(fixture.fd, MASK, MSIX, VECTORS, 1), -EINVAL);
	irq_fixture_close(&fixture);
}

/* Each call is wrong in several ways, and its data are unreadable if it has any. The first check
 * that fails decides the errno. */
static void first_failed_check_decides(void **state)
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
		/* The kernel reads the data before it checks the action. */
		{ 24, EVENTFD | TRIGGER, MSIX, 0, 1, -EFAULT },
		{ 21, BOOL | TRIGGER, MSIX, 0, 1, -EFAULT },
		{ 24, EVENTFD | MASK, MSIX, 0, 1, -EFAULT },
		{ 24, EVENTFD, MSIX, 0, 1, -EFAULT },
		/* The kernel checks the action before the function of the index checks anything. */
		{ 20, NONE, MSIX, 0, 1, -ENOTTY },
		{ 20, NONE | MASK | UNMASK, INTX, 0, 1, -ENOTTY },
		{ 20, NONE | MASK, MSIX, 0, 1, -ENOTTY },
		{ 4096, NONE | MASK, INTX, 0, 1, -EINVAL },
		/* The kernel reads no data if their length is 0. */
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
			fail_msg("call %zu returns %d, not %d", i, r, calls[i].result);
	}
	/* An unreadable header fails before any check of its fields. */
	memset(set, 0, 20);
	assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_SET_IRQS, set + 1), -EFAULT);
	raw_free_memory(pages);
	irq_fixture_close(&fixture);
}

/* ---- MSI-X ---- */

static void disabled_msix_refuses_triggers(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, 0), -EINVAL); /* disable */
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, 1), -EINVAL);
	assert_int_equal(set_bools(fixture.fd, TRIGGER, MSIX, 0, 1, "\1"), -EINVAL);
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 0, 0, NULL), -ERANGE);
	/* If the first enable fails, the index stays disabled. */
	assert_int_equal(
		set_eventfds(fixture.fd, MSIX, 0, 2, (int[]){ fixture.events[0], raw_closed_fd() }),
		-EBADF);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, 1), -EINVAL);
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 0, 1, &fixture.raw.group), -EINVAL);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	irq_fixture_close(&fixture);
}

static void msix_can_be_allocated_without_eventfds(void **state)
{
	int all[VECTORS] = { -1, -1, -1, -1, -1 };
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	/* All fds -1: this works on every kernel. */
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 0, VECTORS, all), 0);
	assert_true(irq_is_dead(&fixture, MSIX, 4));
	assert_int_equal(set_one(fixture.fd, MSIX, 4, fixture.events[4]), 0);
	assert_true(irq_is_on(&fixture, MSIX, 4, fixture.events[4]));
	/* A disable ignores start. */
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 3, 0), 0);
	/* Count 0: this works since 6.2, which dropped the range check. */
	assert_int_equal(set_eventfds(fixture.fd, MSIX, VECTORS - 1, 0, NULL),
			 testbed_kernel_is_at_least(6, 2) ? 0 : -EINVAL);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]),
			 testbed_kernel_is_at_least(6, 2) ? -EINVAL : 0);
	irq_fixture_close(&fixture);
}

static void msix_growth_after_the_first_enable(void **state)
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
		/* The range check fails before any change. */
		assert_int_equal(
			set_eventfds(fixture.fd, MSIX, 1, 2, (int[]){ -1, fixture.events[2] }),
			-EINVAL);
		assert_true(irq_is_on(&fixture, MSIX, 1, fixture.events[1]));
		assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, VECTORS), -EINVAL);
	}
	irq_fixture_close(&fixture);
}

static void msix_bad_fd_tears_down_its_block(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 0, VECTORS, fixture.events), 0);
	/* The block is 1 to 3. All vectors have an eventfd. The new fd of 2 is bad. */
	assert_int_equal(
		set_eventfds(fixture.fd, MSIX, 1, 3,
			     (int[]){ fixture.events[4], raw_closed_fd(), fixture.events[4] }),
		-EBADF);
	assert_true(irq_is_dead(&fixture, MSIX, 1));
	assert_true(irq_is_dead(&fixture, MSIX, 2));
	assert_true(irq_is_on(&fixture, MSIX, 0, fixture.events[0]));
	assert_true(irq_is_on(&fixture, MSIX, 3, fixture.events[3]));
	assert_true(irq_is_on(&fixture, MSIX, 4, fixture.events[4]));
	/* A failed replacement leaves the vector dead, for EBADF and for EINVAL. */
	assert_int_equal(set_one(fixture.fd, MSIX, 3, raw_closed_fd()), -EBADF);
	assert_true(irq_is_dead(&fixture, MSIX, 3));
	assert_int_equal(set_one(fixture.fd, MSIX, 4, fixture.raw.group), -EINVAL);
	assert_true(irq_is_dead(&fixture, MSIX, 4));
	/* All vectors can be set again. */
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 0, VECTORS, fixture.events), 0);
	for (uint32_t i = 0; i < VECTORS; i++)
		assert_true(irq_is_on(&fixture, MSIX, i, fixture.events[i]));
	irq_fixture_close(&fixture);
}

/* The same for vectors beyond those of the first enable. */
static void msix_bad_fd_in_new_vectors(void **state)
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
	/* The index is still enabled: count 0 then changes nothing. */
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 0, 0, NULL), 0);
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 4, 0, NULL), dynamic ? 0 : -EINVAL);
	assert_int_equal(set_one(fixture.fd, MSIX, 1, fixture.events[4]), 0);
	assert_true(irq_is_on(&fixture, MSIX, 1, fixture.events[4]));
	irq_fixture_close(&fixture);
}

static void msix_loopback_signals_set_vectors(void **state)
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
	/* Any negative fd removes the eventfd, also if there is none. */
	assert_int_equal(set_one(fixture.fd, MSIX, 0, -7), 0);
	assert_int_equal(set_one(fixture.fd, MSIX, 0, -1), 0);
	assert_true(irq_is_dead(&fixture, MSIX, 0));
	irq_fixture_close(&fixture);
}

static void msix_interrupts_arrive(void **state)
{
	struct irq_fixture fixture;
	int event, again;

	(void)state;
	irq_fixture_open_raw(&fixture);
	event = fixture.events[0];
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 0, VECTORS, fixture.events), 0);
	for (uint32_t i = 0; i < VECTORS; i++)
		irq_fires_into(&fixture, MSIX, i, fixture.events[i]);
	/* The same eventfd again; one eventfd for three triggers; an eventfd whose first fd is
	 * closed. */
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

/* ---- reset, suspend, close and D3hot ---- */

static void reset_keeps_eventfds(void **state)
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

	/* A reset also keeps INTx, its mask and its unmask eventfd. */
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

static void suspend_keeps_eventfds(void **state)
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

	/* One eventfd for the wakeup and for a vector: the call wakes the device (1), then
	 * triggers the vector (2). */
	assert_int_equal(raw_enter_wakeup(fixture.fd, event), 0);
	host_sees_deep_sleep();
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, 1), 0);
	assert_int_equal(raw_take(event), 2);
	irq_fixture_close(&fixture);
}

/* The eventfds belong to the device and not to an fd. The close of the last fd removes them. */
static void last_close_disables_all_indexes(void **state)
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

/* In the D3hot that the user sets by PMCSR the kernel enables only INTx. It still changes the
 * vectors of an enabled index. */
static void user_d3hot_refuses_msi_enable(void **state)
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

/* ---- MSI, and the exclusion of the types ---- */

static void msi_set_replace_and_disable(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_eventfds(fixture.fd, MSI, 0, 0, NULL), -ERANGE);
	assert_int_equal(set_one(fixture.fd, MSI, 0, raw_closed_fd()), -EBADF);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSI, 0, 1), -EINVAL);
	/* Allocate the vector, set an eventfd, replace it. */
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
	/* The index is still enabled. */
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
		ON_TESTBED(get_irq_info),
		ON_TESTBED(get_irq_info_errors),
		ON_TESTBED(set_irqs_header_is_checked),
		ON_TESTBED(first_failed_check_decides),
		ON_TESTBED(disabled_msix_refuses_triggers),
		ON_TESTBED(msix_can_be_allocated_without_eventfds),
		ON_TESTBED(msix_growth_after_the_first_enable),
		ON_TESTBED(msix_bad_fd_tears_down_its_block),
		ON_TESTBED(msix_bad_fd_in_new_vectors),
		ON_TESTBED(msix_loopback_signals_set_vectors),
		ON_TESTBED(msix_interrupts_arrive),
		ON_TESTBED(reset_keeps_eventfds),
		ON_TESTBED(suspend_keeps_eventfds),
		ON_TESTBED(last_close_disables_all_indexes),
		ON_TESTBED(user_d3hot_refuses_msi_enable),
		ON_TESTBED(msi_set_replace_and_disable),
		ON_TESTBED(one_type_at_a_time),
	};

	return cmocka_run_group_tests_name("uapi-irq", tests, NULL, NULL);
}

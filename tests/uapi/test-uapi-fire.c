// SPDX-License-Identifier: MIT
/*
 * What becomes of an interrupt that a device raises, without the library: when it is
 * delivered, when it waits and when it is lost. The answers of SET_IRQS itself are in
 * test-uapi-irq.c. On a real kernel this proves our understanding, on the simulator its
 * model of it.
 */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host.h"
#include "uapi-irq.h"
#include "world.h"

/* ---- MSI ---- */

static void msi(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(set_one(bench.fd, MSI, 0, bench.events[0]), 0);
	world_fire(&bench.raw, MSI, 0);
	assert_true(irq_comes(bench.events[0]));
	world_clear(&bench.raw);
	assert_int_equal(set_one(bench.fd, MSI, 0, bench.events[1]), 0);
	world_fire(&bench.raw, MSI, 0);
	assert_true(irq_comes(bench.events[1]));
	world_clear(&bench.raw);
	assert_int_equal(raw_take(bench.events[0]), 0);
	/* No level: it comes once. */
	assert_true(irq_stays_away(bench.events[1]));
	assert_int_equal(set_none(bench.fd, TRIGGER, MSI, 0, 0), 0);
	assert_int_equal(set_one(bench.fd, MSI, 0, bench.events[0]), 0);
	world_fire(&bench.raw, MSI, 0);
	assert_true(irq_comes(bench.events[0]));
	world_clear(&bench.raw);
	irqs_close(&bench);
}

/* ---- MSI-X ---- */

/* A vector without handler is masked in the device, which remembers what it would have
 * sent. */
static void msix_pending(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(set_one(bench.fd, MSIX, 0, bench.events[0]), 0);
	assert_int_equal(set_one(bench.fd, MSIX, 0, -1), 0);
	world_fire(&bench.raw, MSIX, 0);
	assert_true(irq_stays_away(bench.events[0]));
	assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, 0, 1), 0);
	assert_int_equal(set_one(bench.fd, MSIX, 0, bench.events[1]), 0);
	assert_true(irq_comes(bench.events[1]));
	assert_true(irq_stays_away(bench.events[1]));
	world_clear(&bench.raw);
	/* Several become one. */
	assert_int_equal(set_one(bench.fd, MSIX, 0, -1), 0);
	for (int i = 0; i < 3; i++) {
		world_fire(&bench.raw, MSIX, 0);
		world_clear(&bench.raw);
	}
	assert_int_equal(set_one(bench.fd, MSIX, 0, bench.events[0]), 0);
	assert_true(irq_comes(bench.events[0]));
	assert_true(irq_stays_away(bench.events[0]));
	irqs_close(&bench);
}

static void msix_pending_unallocated(void **state)
{
	struct irqs bench;

	(void)state;
	if (!world_kernel_is_at_least(6, 5))
		skip_because("this kernel allocates no vector later");
	irqs_open(&bench);
	assert_int_equal(set_one(bench.fd, MSIX, 0, bench.events[0]), 0);
	world_fire(&bench.raw, MSIX, 3);
	world_let_arrive();
	world_clear(&bench.raw);
	assert_int_equal(set_one(bench.fd, MSIX, 3, bench.events[1]), 0);
	assert_true(irq_comes(bench.events[1]));
	assert_true(irq_stays_away(bench.events[0]));
	irqs_close(&bench);
}

/* A bad fd leaves the vector dead, and what comes then pending. */
static void msix_pending_after_a_failure(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(set_one(bench.fd, MSIX, 1, bench.events[0]), 0);
	assert_int_equal(set_one(bench.fd, MSIX, 1, raw_closed_fd()), -EBADF);
	world_fire(&bench.raw, MSIX, 1);
	assert_true(irq_stays_away(bench.events[0]));
	world_clear(&bench.raw);
	assert_int_equal(set_one(bench.fd, MSIX, 1, bench.events[0]), 0);
	assert_true(irq_comes(bench.events[0]));
	irqs_close(&bench);
}

static void msix_swap(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(set_one(bench.fd, MSIX, 2, bench.events[0]), 0);
	world_fire(&bench.raw, MSIX, 2);
	world_let_arrive();
	world_clear(&bench.raw);
	/* What was counted stays where it is. */
	assert_int_equal(set_one(bench.fd, MSIX, 2, bench.events[1]), 0);
	assert_int_equal(raw_take(bench.events[0]), 1);
	world_fire(&bench.raw, MSIX, 2);
	assert_true(irq_comes(bench.events[1]));
	world_clear(&bench.raw);
	assert_int_equal(raw_take(bench.events[0]), 0);
	/* The same once more changes nothing that can be seen. */
	assert_int_equal(set_one(bench.fd, MSIX, 2, bench.events[1]), 0);
	world_fire(&bench.raw, MSIX, 2);
	assert_true(irq_comes(bench.events[1]));
	world_clear(&bench.raw);
	irqs_close(&bench);
}

static void msix_after_reset_and_sleep(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(set_one(bench.fd, MSIX, 0, bench.events[0]), 0);
	assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_RESET, NULL), 0);
	world_fire(&bench.raw, MSIX, 0);
	assert_true(irq_comes(bench.events[0]));
	world_clear(&bench.raw);
	if (world_has_low_power()) {
		irqs_sleep_and_wake(&bench);
		world_fire(&bench.raw, MSIX, 0);
		assert_true(irq_comes(bench.events[0]));
		world_clear(&bench.raw);
	}
	irqs_close(&bench);
}

/* The power state that the user sets by PMCSR stops no change to an index that is enabled. */
static void msix_in_d3hot(void **state)
{
	unsigned pmcsr;
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	pmcsr = raw_pm_capability(bench.fd) + 4;
	assert_int_equal(raw_write_config(bench.fd, pmcsr, 3), 0);
	/* MSI asks for D0 first, MSI-X for a count. */
	assert_int_equal(set_eventfds(bench.fd, MSIX, 0, 0, NULL), -ERANGE);
	assert_int_equal(set_eventfds(bench.fd, MSI, 0, 0, NULL), -EINVAL);
	assert_int_equal(set_one(bench.fd, MSIX, 0, raw_closed_fd()), -EINVAL);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]), 0);
	assert_int_equal(set_none(bench.fd, TRIGGER, INTX, 0, 0), 0);
	assert_int_equal(raw_write_config(bench.fd, pmcsr, 0), 0);
	assert_int_equal(set_eventfds(bench.fd, MSI, 0, 0, NULL), -ERANGE);

	assert_int_equal(set_one(bench.fd, MSIX, 1, bench.events[0]), 0);
	assert_int_equal(raw_write_config(bench.fd, pmcsr, 3), 0);
	assert_int_equal(set_one(bench.fd, MSIX, 1, bench.events[1]), 0);
	assert_int_equal(set_one(bench.fd, MSIX, 0, bench.events[2]), 0);
	assert_int_equal(raw_write_config(bench.fd, pmcsr, 0), 0);
	world_fire(&bench.raw, MSIX, 1);
	assert_true(irq_comes(bench.events[1]));
	world_clear(&bench.raw);
	world_fire(&bench.raw, MSIX, 0);
	assert_true(irq_comes(bench.events[2]));
	world_clear(&bench.raw);
	assert_int_equal(raw_write_config(bench.fd, pmcsr, 3), 0);
	assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, 0, 0), 0);
	irqs_close(&bench);
}

/* ---- all ---- */

/* Kept by the device, not by the fd that asked for them. */
static void one_set_for_all_fds(void **state)
{
	struct irqs bench;
	int again;

	(void)state;
	irqs_open(&bench);
	again = raw_open_again(&bench.raw);
	assert_int_equal(raw_set_irqs_eventfd(again, MSIX, 0, bench.events[0]), 0);
	assert_int_equal(raw_set_irqs_eventfd(again, REQ, 0, bench.events[1]), 0);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]), -EINVAL);
	close(again);
	world_fire(&bench.raw, MSIX, 0);
	assert_true(irq_comes(bench.events[0]));
	world_clear(&bench.raw);
	assert_int_equal(set_none(bench.fd, TRIGGER, REQ, 0, 1), 0);
	assert_int_equal(raw_take(bench.events[1]), 1);

	/* The last takes them all. */
	raw_close(&bench.raw);
	raw_open(&bench.raw);
	bench.fd = bench.raw.device;
	assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, 0, 1), -EINVAL);
	assert_int_equal(set_none(bench.fd, TRIGGER, REQ, 0, 1), -EINVAL);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[2]), 0);
	assert_true(irq_stays_away(bench.events[2]));
	irqs_close(&bench);
}

/* SET_IRQS is an ioctl as any other: it resumes the device, and so ends an armed low power,
 * whatever becomes of it. */
static void wakes_the_device(void **state)
{
	struct irqs bench;

	(void)state;
	world_need_low_power();
	irqs_open(&bench);
	assert_int_equal(set_one(bench.fd, MSIX, 0, bench.events[0]), 0);
	for (int fails = 0; fails < 2; fails++) {
		assert_int_equal(raw_enter_wakeup(bench.fd, bench.events[1]), 0);
		host_sees_deep_sleep();
		assert_int_equal(raw_take(bench.events[1]), 0);
		assert_int_equal(set_one(bench.fd, fails ? INTX : MSIX, 0, bench.events[0]),
				 fails ? -EINVAL : 0);
		assert_int_equal(raw_take(bench.events[1]), 1);
		host_stays_awake();
	}
	world_fire(&bench.raw, MSIX, 0);
	assert_true(irq_comes(bench.events[0]));
	world_clear(&bench.raw);
	irqs_close(&bench);
}

/* A kernel that signals never waits. */
static void full_eventfd(void **state)
{
	struct irqs bench;
	int full = eventfd(0, EFD_CLOEXEC); /* one that blocks */

	(void)state;
	irqs_open(&bench);
	raw_add(full, UINT64_MAX - 1);
	assert_int_equal(set_one(bench.fd, MSIX, 0, full), 0);
	assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, 0, 1), 0);
	assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, 0, 1), 0);
	assert_true(raw_take(full) >= UINT64_MAX - 1);
	close(full);
	irqs_close(&bench);
}

static void semaphore(void **state)
{
	struct irqs bench;
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);

	(void)state;
	irqs_open(&bench);
	assert_int_equal(set_one(bench.fd, MSIX, 0, event), 0);
	assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, 0, 1), 0);
	assert_int_equal(set_none(bench.fd, TRIGGER, MSIX, 0, 1), 0);
	assert_int_equal(raw_take(event), 1);
	assert_int_equal(raw_take(event), 1);
	assert_int_equal(raw_take(event), 0);
	close(event);
	irqs_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(msi),
		IN_WORLD(msix_pending),
		IN_WORLD(msix_pending_unallocated),
		IN_WORLD(msix_pending_after_a_failure),
		IN_WORLD(msix_swap),
		IN_WORLD(msix_after_reset_and_sleep),
		IN_WORLD(msix_in_d3hot),
		IN_WORLD(one_set_for_all_fds),
		IN_WORLD(wakes_the_device),
		IN_WORLD(full_eventfd),
		IN_WORLD(semaphore),
	};

	return cmocka_run_group_tests_name("uapi-fire", tests, NULL, NULL);
}

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
#include "set-irqs.h"
#include "testbed.h"

/* ---- MSI ---- */

static void msi(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, MSI, 0, fixture.events[0]), 0);
	testbed_fire(&fixture.raw, MSI, 0);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);
	assert_int_equal(set_one(fixture.fd, MSI, 0, fixture.events[1]), 0);
	testbed_fire(&fixture.raw, MSI, 0);
	assert_true(irq_arrives(fixture.events[1]));
	testbed_clear(&fixture.raw);
	assert_int_equal(raw_take(fixture.events[0]), 0);
	/* No level: it comes once. */
	assert_true(irq_does_not_arrive(fixture.events[1]));
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSI, 0, 0), 0);
	assert_int_equal(set_one(fixture.fd, MSI, 0, fixture.events[0]), 0);
	testbed_fire(&fixture.raw, MSI, 0);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);
	irq_fixture_close(&fixture);
}

/* ---- MSI-X ---- */

/* A vector without handler is masked in the device, which remembers what it would have
 * sent. */
static void msix_pending(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, MSIX, 0, fixture.events[0]), 0);
	assert_int_equal(set_one(fixture.fd, MSIX, 0, -1), 0);
	testbed_fire(&fixture.raw, MSIX, 0);
	assert_true(irq_does_not_arrive(fixture.events[0]));
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, 1), 0);
	assert_int_equal(set_one(fixture.fd, MSIX, 0, fixture.events[1]), 0);
	assert_true(irq_arrives(fixture.events[1]));
	assert_true(irq_does_not_arrive(fixture.events[1]));
	testbed_clear(&fixture.raw);
	/* Several become one. */
	assert_int_equal(set_one(fixture.fd, MSIX, 0, -1), 0);
	for (int i = 0; i < 3; i++) {
		testbed_fire(&fixture.raw, MSIX, 0);
		testbed_clear(&fixture.raw);
	}
	assert_int_equal(set_one(fixture.fd, MSIX, 0, fixture.events[0]), 0);
	assert_true(irq_arrives(fixture.events[0]));
	assert_true(irq_does_not_arrive(fixture.events[0]));
	irq_fixture_close(&fixture);
}

static void msix_pending_unallocated(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	if (!testbed_kernel_is_at_least(6, 5))
		skip_because("this kernel allocates no vector later");
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, MSIX, 0, fixture.events[0]), 0);
	testbed_fire(&fixture.raw, MSIX, 3);
	testbed_let_arrive();
	testbed_clear(&fixture.raw);
	assert_int_equal(set_one(fixture.fd, MSIX, 3, fixture.events[1]), 0);
	assert_true(irq_arrives(fixture.events[1]));
	assert_true(irq_does_not_arrive(fixture.events[0]));
	irq_fixture_close(&fixture);
}

/* A bad fd leaves the vector dead, and what comes then pending. */
static void msix_pending_after_a_failure(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, MSIX, 1, fixture.events[0]), 0);
	assert_int_equal(set_one(fixture.fd, MSIX, 1, raw_closed_fd()), -EBADF);
	testbed_fire(&fixture.raw, MSIX, 1);
	assert_true(irq_does_not_arrive(fixture.events[0]));
	testbed_clear(&fixture.raw);
	assert_int_equal(set_one(fixture.fd, MSIX, 1, fixture.events[0]), 0);
	assert_true(irq_arrives(fixture.events[0]));
	irq_fixture_close(&fixture);
}

static void msix_swap(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, MSIX, 2, fixture.events[0]), 0);
	testbed_fire(&fixture.raw, MSIX, 2);
	testbed_let_arrive();
	testbed_clear(&fixture.raw);
	/* What was counted stays where it is. */
	assert_int_equal(set_one(fixture.fd, MSIX, 2, fixture.events[1]), 0);
	assert_int_equal(raw_take(fixture.events[0]), 1);
	testbed_fire(&fixture.raw, MSIX, 2);
	assert_true(irq_arrives(fixture.events[1]));
	testbed_clear(&fixture.raw);
	assert_int_equal(raw_take(fixture.events[0]), 0);
	/* The same once more changes nothing that can be seen. */
	assert_int_equal(set_one(fixture.fd, MSIX, 2, fixture.events[1]), 0);
	testbed_fire(&fixture.raw, MSIX, 2);
	assert_true(irq_arrives(fixture.events[1]));
	testbed_clear(&fixture.raw);
	irq_fixture_close(&fixture);
}

static void msix_after_reset_and_sleep(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, MSIX, 0, fixture.events[0]), 0);
	assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_RESET, NULL), 0);
	testbed_fire(&fixture.raw, MSIX, 0);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);
	if (testbed_has_low_power()) {
		irq_sleep_and_wake(&fixture);
		testbed_fire(&fixture.raw, MSIX, 0);
		assert_true(irq_arrives(fixture.events[0]));
		testbed_clear(&fixture.raw);
	}
	irq_fixture_close(&fixture);
}

/* The power state that the user sets by PMCSR stops no change to an index that is enabled. */
static void msix_in_d3hot(void **state)
{
	unsigned pmcsr;
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	pmcsr = raw_pm_capability(fixture.fd) + 4;
	assert_int_equal(raw_write_config(fixture.fd, pmcsr, 3), 0);
	/* MSI asks for D0 first, MSI-X for a count. */
	assert_int_equal(set_eventfds(fixture.fd, MSIX, 0, 0, NULL), -ERANGE);
	assert_int_equal(set_eventfds(fixture.fd, MSI, 0, 0, NULL), -EINVAL);
	assert_int_equal(set_one(fixture.fd, MSIX, 0, raw_closed_fd()), -EINVAL);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	assert_int_equal(set_none(fixture.fd, TRIGGER, INTX, 0, 0), 0);
	assert_int_equal(raw_write_config(fixture.fd, pmcsr, 0), 0);
	assert_int_equal(set_eventfds(fixture.fd, MSI, 0, 0, NULL), -ERANGE);

	assert_int_equal(set_one(fixture.fd, MSIX, 1, fixture.events[0]), 0);
	assert_int_equal(raw_write_config(fixture.fd, pmcsr, 3), 0);
	assert_int_equal(set_one(fixture.fd, MSIX, 1, fixture.events[1]), 0);
	assert_int_equal(set_one(fixture.fd, MSIX, 0, fixture.events[2]), 0);
	assert_int_equal(raw_write_config(fixture.fd, pmcsr, 0), 0);
	testbed_fire(&fixture.raw, MSIX, 1);
	assert_true(irq_arrives(fixture.events[1]));
	testbed_clear(&fixture.raw);
	testbed_fire(&fixture.raw, MSIX, 0);
	assert_true(irq_arrives(fixture.events[2]));
	testbed_clear(&fixture.raw);
	assert_int_equal(raw_write_config(fixture.fd, pmcsr, 3), 0);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, 0), 0);
	irq_fixture_close(&fixture);
}

/* ---- all ---- */

/* Kept by the device, not by the fd that asked for them. */
static void one_set_for_all_fds(void **state)
{
	struct irq_fixture fixture;
	int again;

	(void)state;
	irq_fixture_open_raw(&fixture);
	again = raw_open_again(&fixture.raw);
	assert_int_equal(raw_set_irqs_eventfd(again, MSIX, 0, fixture.events[0]), 0);
	assert_int_equal(raw_set_irqs_eventfd(again, REQ, 0, fixture.events[1]), 0);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), -EINVAL);
	close(again);
	testbed_fire(&fixture.raw, MSIX, 0);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);
	assert_int_equal(set_none(fixture.fd, TRIGGER, REQ, 0, 1), 0);
	assert_int_equal(raw_take(fixture.events[1]), 1);

	/* The last takes them all. */
	raw_close(&fixture.raw);
	raw_open(&fixture.raw);
	fixture.fd = fixture.raw.device;
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, 1), -EINVAL);
	assert_int_equal(set_none(fixture.fd, TRIGGER, REQ, 0, 1), -EINVAL);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[2]), 0);
	assert_true(irq_does_not_arrive(fixture.events[2]));
	irq_fixture_close(&fixture);
}

/* SET_IRQS is an ioctl as any other: it resumes the device, and so ends an armed low power,
 * whatever becomes of it. */
static void wakes_the_device(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	testbed_need_low_power();
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, MSIX, 0, fixture.events[0]), 0);
	for (int fails = 0; fails < 2; fails++) {
		assert_int_equal(raw_enter_wakeup(fixture.fd, fixture.events[1]), 0);
		host_sees_deep_sleep();
		assert_int_equal(raw_take(fixture.events[1]), 0);
		assert_int_equal(set_one(fixture.fd, fails ? INTX : MSIX, 0, fixture.events[0]),
				 fails ? -EINVAL : 0);
		assert_int_equal(raw_take(fixture.events[1]), 1);
		host_stays_awake();
	}
	testbed_fire(&fixture.raw, MSIX, 0);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);
	irq_fixture_close(&fixture);
}

/* A kernel that signals never waits. */
static void full_eventfd(void **state)
{
	struct irq_fixture fixture;
	int full = eventfd(0, EFD_CLOEXEC); /* one that blocks */

	(void)state;
	irq_fixture_open_raw(&fixture);
	raw_add(full, UINT64_MAX - 1);
	assert_int_equal(set_one(fixture.fd, MSIX, 0, full), 0);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, 1), 0);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, 1), 0);
	assert_true(raw_take(full) >= UINT64_MAX - 1);
	close(full);
	irq_fixture_close(&fixture);
}

static void semaphore(void **state)
{
	struct irq_fixture fixture;
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, MSIX, 0, event), 0);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, 1), 0);
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, 1), 0);
	assert_int_equal(raw_take(event), 1);
	assert_int_equal(raw_take(event), 1);
	assert_int_equal(raw_take(event), 0);
	close(event);
	irq_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(msi),
		ON_TESTBED(msix_pending),
		ON_TESTBED(msix_pending_unallocated),
		ON_TESTBED(msix_pending_after_a_failure),
		ON_TESTBED(msix_swap),
		ON_TESTBED(msix_after_reset_and_sleep),
		ON_TESTBED(msix_in_d3hot),
		ON_TESTBED(one_set_for_all_fds),
		ON_TESTBED(wakes_the_device),
		ON_TESTBED(full_eventfd),
		ON_TESTBED(semaphore),
	};

	return cmocka_run_group_tests_name("uapi-fire", tests, NULL, NULL);
}

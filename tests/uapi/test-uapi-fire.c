// SPDX-License-Identifier: MIT
/*
 * Conformance of the delivery of MSI and MSI-X, without the library: when an interrupt that the
 * device raises is delivered, when it becomes pending, and when it is lost. The results of
 * SET_IRQS are in test-uapi-irq.c, INTx is in test-uapi-fire-intx.c. On a real kernel these tests
 * prove the behavior; on the simulator they prove that the model conforms.
 */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host.h"
#include "set-irqs.h"
#include "testbed.h"

/* ---- MSI ---- */

static void msi_arrives_once(void **state)
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
	/* MSI is edge-triggered: it arrives once. */
	assert_true(irq_does_not_arrive(fixture.events[1]));
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSI, 0, 0), 0);
	assert_int_equal(set_one(fixture.fd, MSI, 0, fixture.events[0]), 0);
	testbed_fire(&fixture.raw, MSI, 0);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);
	irq_fixture_close(&fixture);
}

/* ---- MSI-X ---- */

/* A vector without a handler is masked in the device. The PBA keeps its interrupt. */
static void msix_without_eventfd_becomes_pending(void **state)
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
	/* Several pending interrupts merge into one. */
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

static void unallocated_msix_becomes_pending(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	if (!testbed_kernel_is_at_least(6, 5))
		skip_because("this kernel allocates no vector after the first enable");
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

/* A bad fd leaves the vector dead. Its next interrupt becomes pending. */
static void msix_after_a_failure_becomes_pending(void **state)
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

static void replaced_msix_eventfd_keeps_its_count(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, MSIX, 2, fixture.events[0]), 0);
	testbed_fire(&fixture.raw, MSIX, 2);
	testbed_let_arrive();
	testbed_clear(&fixture.raw);
	/* The count stays in the old eventfd. */
	assert_int_equal(set_one(fixture.fd, MSIX, 2, fixture.events[1]), 0);
	assert_int_equal(raw_take(fixture.events[0]), 1);
	testbed_fire(&fixture.raw, MSIX, 2);
	assert_true(irq_arrives(fixture.events[1]));
	testbed_clear(&fixture.raw);
	assert_int_equal(raw_take(fixture.events[0]), 0);
	/* Setting the same eventfd again has no visible effect. */
	assert_int_equal(set_one(fixture.fd, MSIX, 2, fixture.events[1]), 0);
	testbed_fire(&fixture.raw, MSIX, 2);
	assert_true(irq_arrives(fixture.events[1]));
	testbed_clear(&fixture.raw);
	irq_fixture_close(&fixture);
}

static void msix_arrives_after_reset_and_suspend(void **state)
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

/* In the D3hot that the user sets by PMCSR, MSI and MSI-X cannot be enabled, but the vectors of
 * an enabled index can be changed. */
static void msix_changes_in_user_d3hot(void **state)
{
	unsigned pmcsr;
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	pmcsr = raw_pm_capability(fixture.fd) + 4;
	assert_int_equal(raw_write_config(fixture.fd, pmcsr, 3), 0);
	/* MSI checks for D0 before the count, MSI-X after it. */
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

/* ---- all types ---- */

/* The eventfds belong to the device and not to the fd by which they were set. */
static void all_fds_share_one_configuration(void **state)
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

	/* The close of the last fd removes them all. */
	raw_close(&fixture.raw);
	raw_open(&fixture.raw);
	fixture.fd = fixture.raw.device;
	assert_int_equal(set_none(fixture.fd, TRIGGER, MSIX, 0, 1), -EINVAL);
	assert_int_equal(set_none(fixture.fd, TRIGGER, REQ, 0, 1), -EINVAL);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[2]), 0);
	assert_true(irq_does_not_arrive(fixture.events[2]));
	irq_fixture_close(&fixture);
}

/* SET_IRQS resumes the device, as any ioctl does. It thereby ends low power with wakeup, also if
 * it fails. */
static void set_irqs_resumes_the_device(void **state)
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

/* A signal by the kernel never blocks. */
static void full_eventfd_does_not_block(void **state)
{
	struct irq_fixture fixture;
	int full = eventfd(0, EFD_CLOEXEC); /* without EFD_NONBLOCK: a write would block */

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

static void semaphore_counts_each_interrupt(void **state)
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
		ON_TESTBED(msi_arrives_once),
		ON_TESTBED(msix_without_eventfd_becomes_pending),
		ON_TESTBED(unallocated_msix_becomes_pending),
		ON_TESTBED(msix_after_a_failure_becomes_pending),
		ON_TESTBED(replaced_msix_eventfd_keeps_its_count),
		ON_TESTBED(msix_arrives_after_reset_and_suspend),
		ON_TESTBED(msix_changes_in_user_d3hot),
		ON_TESTBED(all_fds_share_one_configuration),
		ON_TESTBED(set_irqs_resumes_the_device),
		ON_TESTBED(full_eventfd_does_not_block),
		ON_TESTBED(semaphore_counts_each_interrupt),
	};

	return cmocka_run_group_tests_name("uapi-fire", tests, NULL, NULL);
}

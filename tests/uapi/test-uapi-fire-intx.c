// SPDX-License-Identifier: MIT
/*
 * Conformance of the delivery of INTx, without the library: when an interrupt that the device
 * raises is delivered, when it waits, and when it is lost. The results of SET_IRQS are in
 * test-uapi-intx.c. On a real kernel these tests prove the behavior; on the simulator they prove
 * that the model conforms.
 */
#include <errno.h>
#include <unistd.h>

#include "host.h"
#include "set-irqs.h"
#include "testbed.h"

#define COMMAND_HIGH 5
#define DISABLE_INTX 4 /* PCI_COMMAND_INTX_DISABLE, in the byte COMMAND_HIGH */

/* ---- the level, which the kernel masks when it signals ---- */

static void intx_is_level_triggered(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_arrives(fixture.events[0]));
	assert_true(irq_does_not_arrive(fixture.events[0]));
	/* As long as INTx is raised, each unmask signals it again. */
	intx_unmask(&fixture);
	assert_true(irq_arrives(fixture.events[0]));
	intx_unmask(&fixture);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);
	intx_unmask(&fixture);
	intx_unmask(&fixture);
	assert_true(irq_does_not_arrive(fixture.events[0]));
	/* A disable and an enable remove the mask. No test covers an interrupt that is raised
	 * while INTx is disabled: QEMU's IOAPIC loses it while the pin is masked. */
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);
	assert_int_equal(set_none(fixture.fd, TRIGGER, INTX, 0, 0), 0);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[1]), 0);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_arrives(fixture.events[1]));
	testbed_clear(&fixture.raw);
	assert_true(irq_does_not_arrive(fixture.events[0]));
	irq_fixture_close(&fixture);
}

static void intx_eventfd_can_be_replaced(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	intx_mask(&fixture);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[1]), 0);
	/* The replacement of the eventfd does not unmask INTx. */
	assert_true(irq_does_not_arrive(fixture.events[1]));
	intx_unmask(&fixture);
	assert_true(irq_arrives(fixture.events[1]));
	testbed_clear(&fixture.raw);
	assert_int_equal(raw_take(fixture.events[0]), 0);

	/* Without an eventfd an interrupt signals nothing, but it masks INTx. */
	intx_unmask(&fixture);
	assert_int_equal(set_one(fixture.fd, INTX, 0, -1), 0);
	testbed_fire(&fixture.raw, INTX, 0);
	testbed_let_arrive();
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[2]), 0);
	assert_true(irq_does_not_arrive(fixture.events[2]));
	intx_unmask(&fixture);
	assert_true(irq_arrives(fixture.events[2]));
	testbed_clear(&fixture.raw);
	assert_int_equal(raw_take(fixture.events[1]), 0);
	irq_fixture_close(&fixture);
}

static void reset_keeps_intx_masked(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);
	/* After a reset INTx is still enabled and still masked. */
	assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_RESET, NULL), 0);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_does_not_arrive(fixture.events[0]));
	intx_unmask(&fixture);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);
	irq_fixture_close(&fixture);
}

/* DisINTx of the command register is virtual: the kernel masks and unmasks INTx for it. */
static void disintx_masks_intx(void **state)
{
	struct irq_fixture fixture;
	uint8_t byte;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	assert_int_equal(raw_write_config(fixture.fd, COMMAND_HIGH, DISABLE_INTX), 0);
	assert_int_equal(raw_read_config(fixture.fd, COMMAND_HIGH, &byte), 0);
	assert_int_equal(byte & DISABLE_INTX, DISABLE_INTX);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_does_not_arrive(fixture.events[0]));
	/* While DisINTx is set, UNMASK and loopback have no effect. */
	intx_unmask(&fixture);
	assert_int_equal(set_none(fixture.fd, TRIGGER, INTX, 0, 1), 0);
	assert_true(irq_does_not_arrive(fixture.events[0]));
	assert_int_equal(raw_write_config(fixture.fd, COMMAND_HIGH, 0), 0);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);

	/* When the user clears DisINTx, the kernel also removes a mask set by SET_IRQS. */
	intx_unmask(&fixture);
	intx_mask(&fixture);
	assert_int_equal(raw_write_config(fixture.fd, COMMAND_HIGH, DISABLE_INTX), 0);
	assert_int_equal(raw_write_config(fixture.fd, COMMAND_HIGH, 0), 0);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);

	/* INTx starts masked if DisINTx is set when the user enables it. */
	assert_int_equal(set_none(fixture.fd, TRIGGER, INTX, 0, 0), 0);
	assert_int_equal(raw_write_config(fixture.fd, COMMAND_HIGH, DISABLE_INTX), 0);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[1]), 0);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_does_not_arrive(fixture.events[1]));
	assert_int_equal(raw_write_config(fixture.fd, COMMAND_HIGH, 0), 0);
	assert_true(irq_arrives(fixture.events[1]));
	testbed_clear(&fixture.raw);
	irq_fixture_close(&fixture);
}

static void suspend_keeps_the_intx_mask(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	testbed_need_low_power();
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	/* A mask by the user survives the suspend. */
	intx_mask(&fixture);
	irq_sleep_and_wake(&fixture);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_does_not_arrive(fixture.events[0]));
	intx_unmask(&fixture);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);
	/* So does a mask by the kernel. */
	irq_sleep_and_wake(&fixture);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_does_not_arrive(fixture.events[0]));
	testbed_clear(&fixture.raw);
	intx_unmask(&fixture);
	irq_sleep_and_wake(&fixture);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);
	irq_fixture_close(&fixture);
}

/* ---- the eventfd that unmasks INTx ---- */

/* True if the eventfd is empty. Since 5.11 the kernel reads the count of a signal (virqfd.c,
 * virqfd_wakeup()). Before, true if the count is still there. */
static bool is_drained(int event, uint64_t signaled)
{
	return raw_take(event) == (testbed_kernel_is_at_least(5, 11) ? 0 : signaled);
}

static void eventfd_unmasks_intx(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[1]), 0);
	for (int i = 0; i < 3; i++) {
		testbed_fire(&fixture.raw, INTX, 0);
		assert_true(irq_arrives(fixture.events[0]));
		/* INTx is still raised, so the unmask signals it. */
		raw_add(fixture.events[1], 1 + (uint64_t)i);
		assert_true(irq_arrives(fixture.events[0]));
		assert_true(is_drained(fixture.events[1], 1 + (uint64_t)i));
		testbed_clear(&fixture.raw);
		raw_add(fixture.events[1], 1);
		assert_true(irq_does_not_arrive(fixture.events[0]));
		assert_true(is_drained(fixture.events[1], 1));
	}
	/* The ioctl still works beside the eventfd. */
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_arrives(fixture.events[0]));
	intx_unmask(&fixture);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);
	irq_fixture_close(&fixture);
}

/* An eventfd with a count unmasks INTx as soon as it is set (virqfd.c, vfio_virqfd_enable()). The
 * count stays there until the next signal, or until the eventfd is removed. */
static void old_count_unmasks_intx_once(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_arrives(fixture.events[0]));
	raw_add(fixture.events[1], 3);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[1]), 0);
	assert_true(irq_arrives(fixture.events[0]));
	assert_true(raw_readable(fixture.events[1]));
	/* The count unmasks once. */
	assert_true(irq_does_not_arrive(fixture.events[0]));
	assert_true(raw_readable(fixture.events[1]));
	raw_add(fixture.events[1], 1);
	assert_true(irq_arrives(fixture.events[0]));
	assert_true(is_drained(fixture.events[1], 4));
	testbed_clear(&fixture.raw);

	/* The user can read the remaining count. */
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, -1), 0);
	raw_add(fixture.events[1], 3);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[1]), 0);
	assert_int_equal(raw_take(fixture.events[1]), 3);

	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, -1), 0);
	irq_fixture_close(&fixture);
}

static void removal_of_the_unmask_eventfd(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	/* The removal reads the count. */
	raw_add(fixture.events[1], 3);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[1]), 0);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, -1), 0);
	assert_int_equal(raw_take(fixture.events[1]), 0);
	/* A disable of INTx removes the eventfd and reads its count. */
	raw_add(fixture.events[1], 3);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[1]), 0);
	assert_int_equal(set_none(fixture.fd, TRIGGER, INTX, 0, 0), 0);
	assert_int_equal(raw_take(fixture.events[1]), 0);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[2]), 0);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, -1), 0);
	/* After its removal the eventfd unmasks nothing. */
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_arrives(fixture.events[0]));
	raw_add(fixture.events[2], 1);
	assert_true(irq_does_not_arrive(fixture.events[0]));
	assert_int_equal(raw_take(fixture.events[2]), 1);
	testbed_clear(&fixture.raw);
	irq_fixture_close(&fixture);
}

/* The close of the user's last fd removes the unmask eventfd. It does not remove the eventfd of a
 * trigger. */
static void last_close_removes_the_unmask_eventfd(void **state)
{
	struct irq_fixture fixture;
	int again;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[1]), 0);
	again = dup(fixture.events[1]);
	close(fixture.events[1]);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[2]), -EBUSY);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_arrives(fixture.events[0]));
	raw_add(again, 1);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);
	close(again);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[2]), 0);
	/* The close also removes it if REQ has the same eventfd: a trigger keeps the eventfd_ctx,
	 * but not the file. */
	assert_int_equal(set_one(fixture.fd, REQ, 0, fixture.events[2]), 0);
	close(fixture.events[2]);
	fixture.events[1] = raw_eventfd();
	fixture.events[2] = raw_eventfd();
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[2]), 0);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[1]), -EBUSY);
	irq_fixture_close(&fixture);
}

/*
 * A signal of the unmask eventfd does not resume a suspended device. The handler clears the
 * DisINTx of the device and sets the kernel's state to unmasked. The resume restores
 * configuration space, which sets DisINTx again. INTx is then dead: UNMASK does nothing, because
 * the kernel's state is already unmasked. MASK followed by UNMASK repairs this.
 * (vfio_pci_intrs.c, vfio_pci_intx_unmask_handler(); pci-driver.c, pci_pm_runtime_resume().)
 */
static void unmask_while_suspended(struct irq_fixture *fixture, bool masked)
{
	irq_fixture_open_raw(fixture);
	assert_int_equal(set_one(fixture->fd, INTX, 0, fixture->events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(fixture->fd, fixture->events[1]), 0);
	if (masked)
		intx_mask(fixture);
	assert_int_equal(raw_enter(fixture->fd), 0);
	host_sees_deep_sleep();
	raw_add(fixture->events[1], 1);
	assert_int_equal(raw_take(fixture->events[1]), 0);
	assert_true(irq_does_not_arrive(fixture->events[0]));
	assert_true(host_shows("power/runtime_status", "suspended"));
	assert_int_equal(raw_exit(fixture->fd), 0);
}

static void unmask_while_suspended_leaves_intx_dead(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	testbed_need_low_power();
	for (int masked = 0; masked < 2; masked++) {
		unmask_while_suspended(&fixture, masked);
		testbed_fire(&fixture.raw, INTX, 0);
		intx_unmask(&fixture);
		raw_add(fixture.events[1], 1);
		assert_true(irq_does_not_arrive(fixture.events[0]));
		intx_mask(&fixture);
		intx_unmask(&fixture);
		assert_true(irq_arrives(fixture.events[0]));
		testbed_clear(&fixture.raw);
		irq_fixture_close(&fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(intx_is_level_triggered),
		ON_TESTBED(intx_eventfd_can_be_replaced),
		ON_TESTBED(reset_keeps_intx_masked),
		ON_TESTBED(disintx_masks_intx),
		ON_TESTBED(suspend_keeps_the_intx_mask),
		ON_TESTBED(eventfd_unmasks_intx),
		ON_TESTBED(old_count_unmasks_intx_once),
		ON_TESTBED(removal_of_the_unmask_eventfd),
		ON_TESTBED(last_close_removes_the_unmask_eventfd),
		ON_TESTBED(unmask_while_suspended_leaves_intx_dead),
	};

	return cmocka_run_group_tests_name("uapi-fire-intx", tests, NULL, NULL);
}

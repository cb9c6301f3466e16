// SPDX-License-Identifier: MIT
/*
 * What becomes of INTx that a device raises, without the library: when it is
 * delivered, when it waits and when it is lost. The answers of SET_IRQS itself are in
 * test-uapi-intx.c. On a real kernel this proves our understanding, on the simulator its
 * model of it.
 */
#include <errno.h>
#include <unistd.h>

#include "host.h"
#include "set-irqs.h"
#include "testbed.h"

#define COMMAND_HIGH 5
#define DISABLE_INTX 4 /* PCI_COMMAND_INTX_DISABLE, in that byte */

/* ---- INTx: a level, masked by the kernel when it signals ---- */

static void intx_is_a_level(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_arrives(fixture.events[0]));
	assert_true(irq_does_not_arrive(fixture.events[0]));
	/* Raised still, it comes again with each unmask. */
	intx_unmask(&fixture);
	assert_true(irq_arrives(fixture.events[0]));
	intx_unmask(&fixture);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);
	intx_unmask(&fixture);
	intx_unmask(&fixture);
	assert_true(irq_does_not_arrive(fixture.events[0]));
	/* Disabled and enabled again it is not masked any more. (Whether it comes if raised in
	 * between no test says: QEMU's IOAPIC forgets what is raised while the pin is off.) */
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

static void intx_another_eventfd(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	intx_mask(&fixture);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[1]), 0);
	assert_true(irq_does_not_arrive(fixture.events[1])); /* a swap unmasks nothing */
	intx_unmask(&fixture);
	assert_true(irq_arrives(fixture.events[1]));
	testbed_clear(&fixture.raw);
	assert_int_equal(raw_take(fixture.events[0]), 0);

	/* Without an eventfd nobody is told, and it is masked all the same. */
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

static void intx_after_a_reset(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);
	/* It changes nothing of what is set up: it is enabled, and masked still. */
	assert_int_equal(raw_ioctl(fixture.fd, VFIO_DEVICE_RESET, NULL), 0);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_does_not_arrive(fixture.events[0]));
	intx_unmask(&fixture);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);
	irq_fixture_close(&fixture);
}

/* The bit of the command register is virtual: the kernel masks and unmasks for it. */
static void intx_disabled_in_config(void **state)
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
	/* No unmask helps, and loopback is off too. */
	intx_unmask(&fixture);
	assert_int_equal(set_none(fixture.fd, TRIGGER, INTX, 0, 1), 0);
	assert_true(irq_does_not_arrive(fixture.events[0]));
	assert_int_equal(raw_write_config(fixture.fd, COMMAND_HIGH, 0), 0);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);

	/* Its end unmasks also what the user has masked by SET_IRQS. */
	intx_unmask(&fixture);
	intx_mask(&fixture);
	assert_int_equal(raw_write_config(fixture.fd, COMMAND_HIGH, DISABLE_INTX), 0);
	assert_int_equal(raw_write_config(fixture.fd, COMMAND_HIGH, 0), 0);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);

	/* Enabled under it, INTx begins masked. */
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

static void intx_asleep(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	testbed_need_low_power();
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	/* Masked by the user it stays so. */
	intx_mask(&fixture);
	irq_sleep_and_wake(&fixture);
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_does_not_arrive(fixture.events[0]));
	intx_unmask(&fixture);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);
	/* So does it if the kernel has. */
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

/* The kernel has taken what was signalled (virqfd.c, virqfd_wakeup(), 5.11). */
static bool is_drained(int event, uint64_t signalled)
{
	return raw_take(event) == (testbed_kernel_is_at_least(5, 11) ? 0 : signalled);
}

static void unmasked_by_an_eventfd(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[1]), 0);
	for (int i = 0; i < 3; i++) {
		testbed_fire(&fixture.raw, INTX, 0);
		assert_true(irq_arrives(fixture.events[0]));
		/* Raised still, it is signalled from there. */
		raw_add(fixture.events[1], 1 + (uint64_t)i);
		assert_true(irq_arrives(fixture.events[0]));
		assert_true(is_drained(fixture.events[1], 1 + (uint64_t)i));
		testbed_clear(&fixture.raw);
		raw_add(fixture.events[1], 1);
		assert_true(irq_does_not_arrive(fixture.events[0]));
		assert_true(is_drained(fixture.events[1], 1));
	}
	/* It does without the ioctl; that does too. */
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_arrives(fixture.events[0]));
	intx_unmask(&fixture);
	assert_true(irq_arrives(fixture.events[0]));
	testbed_clear(&fixture.raw);
	irq_fixture_close(&fixture);
}

/* One that has a count already unmasks at once (virqfd.c, vfio_virqfd_enable()), but only
 * the next signal, or its end, takes the count. */
static void unmasked_by_an_old_count(void **state)
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
	/* It unmasks once. */
	assert_true(irq_does_not_arrive(fixture.events[0]));
	assert_true(raw_readable(fixture.events[1]));
	raw_add(fixture.events[1], 1);
	assert_true(irq_arrives(fixture.events[0]));
	assert_true(is_drained(fixture.events[1], 4));
	testbed_clear(&fixture.raw);

	/* What is left is the user's to take. */
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, -1), 0);
	raw_add(fixture.events[1], 3);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[1]), 0);
	assert_int_equal(raw_take(fixture.events[1]), 3);

	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, -1), 0);
	irq_fixture_close(&fixture);
}

static void end_of_an_unmask_eventfd(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open_raw(&fixture);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	/* Its removal takes the count. */
	raw_add(fixture.events[1], 3);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[1]), 0);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, -1), 0);
	assert_int_equal(raw_take(fixture.events[1]), 0);
	/* So does that of INTx, with which it goes. */
	raw_add(fixture.events[1], 3);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[1]), 0);
	assert_int_equal(set_none(fixture.fd, TRIGGER, INTX, 0, 0), 0);
	assert_int_equal(raw_take(fixture.events[1]), 0);
	assert_int_equal(set_one(fixture.fd, INTX, 0, fixture.events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[2]), 0);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, -1), 0);
	/* Removed it unmasks nothing. */
	testbed_fire(&fixture.raw, INTX, 0);
	assert_true(irq_arrives(fixture.events[0]));
	raw_add(fixture.events[2], 1);
	assert_true(irq_does_not_arrive(fixture.events[0]));
	assert_int_equal(raw_take(fixture.events[2]), 1);
	testbed_clear(&fixture.raw);
	irq_fixture_close(&fixture);
}

/* Unlike the eventfd of a trigger it goes with the user's last fd, and only with that. */
static void close_of_an_unmask_eventfd(void **state)
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
	/* Also if it triggers something, which keeps the eventfd but not its file. */
	assert_int_equal(set_one(fixture.fd, REQ, 0, fixture.events[2]), 0);
	close(fixture.events[2]);
	fixture.events[1] = raw_eventfd();
	fixture.events[2] = raw_eventfd();
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[2]), 0);
	assert_int_equal(raw_set_unmask_eventfd(fixture.fd, fixture.events[1]), -EBUSY);
	irq_fixture_close(&fixture);
}

/*
 * The handler of the eventfd resumes nothing. But it clears the device's DisINTx and
 * forgets that it was set, and the resume, which restores configuration space, sets it
 * again: INTx is dead, and an unmask does nothing to what the kernel takes for unmasked.
 * (vfio_pci_intrs.c, vfio_pci_intx_unmask_handler(); pci-driver.c, pci_pm_runtime_resume().)
 */
static void unmask_asleep(struct irq_fixture *fixture, bool masked)
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

static void unmasked_asleep(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	testbed_need_low_power();
	for (int masked = 0; masked < 2; masked++) {
		unmask_asleep(&fixture, masked);
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
		ON_TESTBED(intx_is_a_level),
		ON_TESTBED(intx_another_eventfd),
		ON_TESTBED(intx_after_a_reset),
		ON_TESTBED(intx_disabled_in_config),
		ON_TESTBED(intx_asleep),
		ON_TESTBED(unmasked_by_an_eventfd),
		ON_TESTBED(unmasked_by_an_old_count),
		ON_TESTBED(end_of_an_unmask_eventfd),
		ON_TESTBED(close_of_an_unmask_eventfd),
		ON_TESTBED(unmasked_asleep),
	};

	return cmocka_run_group_tests_name("uapi-fire-intx", tests, NULL, NULL);
}

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
#include "uapi-irq.h"
#include "world.h"

#define COMMAND_HIGH 5
#define DISABLE_INTX 4 /* PCI_COMMAND_INTX_DISABLE, in that byte */

/* ---- INTx: a level, masked by the kernel when it signals ---- */

static void intx_is_a_level(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]), 0);
	world_fire(&bench.raw, INTX, 0);
	assert_true(irq_comes(bench.events[0]));
	assert_true(irq_stays_away(bench.events[0]));
	/* Raised still, it comes again with each unmask. */
	intx_unmask(&bench);
	assert_true(irq_comes(bench.events[0]));
	intx_unmask(&bench);
	assert_true(irq_comes(bench.events[0]));
	world_clear(&bench.raw);
	intx_unmask(&bench);
	intx_unmask(&bench);
	assert_true(irq_stays_away(bench.events[0]));
	/* Disabled and enabled again it is not masked any more. (Whether it comes if raised in
	 * between no test says: QEMU's IOAPIC forgets what is raised while the pin is off.) */
	world_fire(&bench.raw, INTX, 0);
	assert_true(irq_comes(bench.events[0]));
	world_clear(&bench.raw);
	assert_int_equal(set_none(bench.fd, TRIGGER, INTX, 0, 0), 0);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[1]), 0);
	world_fire(&bench.raw, INTX, 0);
	assert_true(irq_comes(bench.events[1]));
	world_clear(&bench.raw);
	assert_true(irq_stays_away(bench.events[0]));
	irqs_close(&bench);
}

static void intx_another_eventfd(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]), 0);
	intx_mask(&bench);
	world_fire(&bench.raw, INTX, 0);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[1]), 0);
	assert_true(irq_stays_away(bench.events[1])); /* a swap unmasks nothing */
	intx_unmask(&bench);
	assert_true(irq_comes(bench.events[1]));
	world_clear(&bench.raw);
	assert_int_equal(raw_take(bench.events[0]), 0);

	/* Without an eventfd nobody is told, and it is masked all the same. */
	intx_unmask(&bench);
	assert_int_equal(set_one(bench.fd, INTX, 0, -1), 0);
	world_fire(&bench.raw, INTX, 0);
	world_let_arrive();
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[2]), 0);
	assert_true(irq_stays_away(bench.events[2]));
	intx_unmask(&bench);
	assert_true(irq_comes(bench.events[2]));
	world_clear(&bench.raw);
	assert_int_equal(raw_take(bench.events[1]), 0);
	irqs_close(&bench);
}

static void intx_after_a_reset(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]), 0);
	world_fire(&bench.raw, INTX, 0);
	assert_true(irq_comes(bench.events[0]));
	world_clear(&bench.raw);
	/* It changes nothing of what is set up: it is enabled, and masked still. */
	assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_RESET, NULL), 0);
	world_fire(&bench.raw, INTX, 0);
	assert_true(irq_stays_away(bench.events[0]));
	intx_unmask(&bench);
	assert_true(irq_comes(bench.events[0]));
	world_clear(&bench.raw);
	irqs_close(&bench);
}

/* The bit of the command register is virtual: the kernel masks and unmasks for it. */
static void intx_disabled_in_config(void **state)
{
	struct irqs bench;
	uint8_t byte;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]), 0);
	assert_int_equal(raw_write_config(bench.fd, COMMAND_HIGH, DISABLE_INTX), 0);
	assert_int_equal(raw_read_config(bench.fd, COMMAND_HIGH, &byte), 0);
	assert_int_equal(byte & DISABLE_INTX, DISABLE_INTX);
	world_fire(&bench.raw, INTX, 0);
	assert_true(irq_stays_away(bench.events[0]));
	/* No unmask helps, and loopback is off too. */
	intx_unmask(&bench);
	assert_int_equal(set_none(bench.fd, TRIGGER, INTX, 0, 1), 0);
	assert_true(irq_stays_away(bench.events[0]));
	assert_int_equal(raw_write_config(bench.fd, COMMAND_HIGH, 0), 0);
	assert_true(irq_comes(bench.events[0]));
	world_clear(&bench.raw);

	/* Its end unmasks also what the user has masked by SET_IRQS. */
	intx_unmask(&bench);
	intx_mask(&bench);
	assert_int_equal(raw_write_config(bench.fd, COMMAND_HIGH, DISABLE_INTX), 0);
	assert_int_equal(raw_write_config(bench.fd, COMMAND_HIGH, 0), 0);
	world_fire(&bench.raw, INTX, 0);
	assert_true(irq_comes(bench.events[0]));
	world_clear(&bench.raw);

	/* Enabled under it, INTx begins masked. */
	assert_int_equal(set_none(bench.fd, TRIGGER, INTX, 0, 0), 0);
	assert_int_equal(raw_write_config(bench.fd, COMMAND_HIGH, DISABLE_INTX), 0);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[1]), 0);
	world_fire(&bench.raw, INTX, 0);
	assert_true(irq_stays_away(bench.events[1]));
	assert_int_equal(raw_write_config(bench.fd, COMMAND_HIGH, 0), 0);
	assert_true(irq_comes(bench.events[1]));
	world_clear(&bench.raw);
	irqs_close(&bench);
}

static void intx_asleep(void **state)
{
	struct irqs bench;

	(void)state;
	world_need_low_power();
	irqs_open(&bench);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]), 0);
	/* Masked by the user it stays so. */
	intx_mask(&bench);
	irqs_sleep_and_wake(&bench);
	world_fire(&bench.raw, INTX, 0);
	assert_true(irq_stays_away(bench.events[0]));
	intx_unmask(&bench);
	assert_true(irq_comes(bench.events[0]));
	world_clear(&bench.raw);
	/* So does it if the kernel has. */
	irqs_sleep_and_wake(&bench);
	world_fire(&bench.raw, INTX, 0);
	assert_true(irq_stays_away(bench.events[0]));
	world_clear(&bench.raw);
	intx_unmask(&bench);
	irqs_sleep_and_wake(&bench);
	world_fire(&bench.raw, INTX, 0);
	assert_true(irq_comes(bench.events[0]));
	world_clear(&bench.raw);
	irqs_close(&bench);
}

/* ---- the eventfd that unmasks INTx ---- */

/* The kernel has taken what was signalled (virqfd.c, virqfd_wakeup(), 5.11). */
static bool is_drained(int event, uint64_t signalled)
{
	return raw_take(event) == (world_kernel_is_at_least(5, 11) ? 0 : signalled);
}

static void unmasked_by_an_eventfd(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[1]), 0);
	for (int i = 0; i < 3; i++) {
		world_fire(&bench.raw, INTX, 0);
		assert_true(irq_comes(bench.events[0]));
		/* Raised still, it is signalled from there. */
		raw_add(bench.events[1], 1 + (uint64_t)i);
		assert_true(irq_comes(bench.events[0]));
		assert_true(is_drained(bench.events[1], 1 + (uint64_t)i));
		world_clear(&bench.raw);
		raw_add(bench.events[1], 1);
		assert_true(irq_stays_away(bench.events[0]));
		assert_true(is_drained(bench.events[1], 1));
	}
	/* It does without the ioctl; that does too. */
	world_fire(&bench.raw, INTX, 0);
	assert_true(irq_comes(bench.events[0]));
	intx_unmask(&bench);
	assert_true(irq_comes(bench.events[0]));
	world_clear(&bench.raw);
	irqs_close(&bench);
}

/* One that has a count already unmasks at once (virqfd.c, vfio_virqfd_enable()), but only
 * the next signal, or its end, takes the count. */
static void unmasked_by_an_old_count(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]), 0);
	world_fire(&bench.raw, INTX, 0);
	assert_true(irq_comes(bench.events[0]));
	raw_add(bench.events[1], 3);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[1]), 0);
	assert_true(irq_comes(bench.events[0]));
	assert_true(raw_readable(bench.events[1]));
	/* It unmasks once. */
	assert_true(irq_stays_away(bench.events[0]));
	assert_true(raw_readable(bench.events[1]));
	raw_add(bench.events[1], 1);
	assert_true(irq_comes(bench.events[0]));
	assert_true(is_drained(bench.events[1], 4));
	world_clear(&bench.raw);

	/* What is left is the user's to take. */
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, -1), 0);
	raw_add(bench.events[1], 3);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[1]), 0);
	assert_int_equal(raw_take(bench.events[1]), 3);

	assert_int_equal(raw_set_unmask_eventfd(bench.fd, -1), 0);
	irqs_close(&bench);
}

static void end_of_an_unmask_eventfd(void **state)
{
	struct irqs bench;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]), 0);
	/* Its removal takes the count. */
	raw_add(bench.events[1], 3);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[1]), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, -1), 0);
	assert_int_equal(raw_take(bench.events[1]), 0);
	/* So does that of INTx, with which it goes. */
	raw_add(bench.events[1], 3);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[1]), 0);
	assert_int_equal(set_none(bench.fd, TRIGGER, INTX, 0, 0), 0);
	assert_int_equal(raw_take(bench.events[1]), 0);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[2]), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, -1), 0);
	/* Removed it unmasks nothing. */
	world_fire(&bench.raw, INTX, 0);
	assert_true(irq_comes(bench.events[0]));
	raw_add(bench.events[2], 1);
	assert_true(irq_stays_away(bench.events[0]));
	assert_int_equal(raw_take(bench.events[2]), 1);
	world_clear(&bench.raw);
	irqs_close(&bench);
}

/* Unlike the eventfd of a trigger it goes with the user's last fd, and only with that. */
static void close_of_an_unmask_eventfd(void **state)
{
	struct irqs bench;
	int again;

	(void)state;
	irqs_open(&bench);
	assert_int_equal(set_one(bench.fd, INTX, 0, bench.events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[1]), 0);
	again = dup(bench.events[1]);
	close(bench.events[1]);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[2]), -EBUSY);
	world_fire(&bench.raw, INTX, 0);
	assert_true(irq_comes(bench.events[0]));
	raw_add(again, 1);
	assert_true(irq_comes(bench.events[0]));
	world_clear(&bench.raw);
	close(again);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[2]), 0);
	/* Also if it triggers something, which keeps the eventfd but not its file. */
	assert_int_equal(set_one(bench.fd, REQ, 0, bench.events[2]), 0);
	close(bench.events[2]);
	bench.events[1] = raw_eventfd();
	bench.events[2] = raw_eventfd();
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[2]), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[1]), -EBUSY);
	irqs_close(&bench);
}

/*
 * The handler of the eventfd resumes nothing. But it clears the device's DisINTx and
 * forgets that it was set, and the resume, which restores configuration space, sets it
 * again: INTx is dead, and an unmask does nothing to what the kernel takes for unmasked.
 * (vfio_pci_intrs.c, vfio_pci_intx_unmask_handler(); pci-driver.c, pci_pm_runtime_resume().)
 */
static void unmask_asleep(struct irqs *bench, bool masked)
{
	irqs_open(bench);
	assert_int_equal(set_one(bench->fd, INTX, 0, bench->events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench->fd, bench->events[1]), 0);
	if (masked)
		intx_mask(bench);
	assert_int_equal(raw_enter(bench->fd), 0);
	host_sees_deep_sleep();
	raw_add(bench->events[1], 1);
	assert_int_equal(raw_take(bench->events[1]), 0);
	assert_true(irq_stays_away(bench->events[0]));
	assert_true(host_shows("power/runtime_status", "suspended"));
	assert_int_equal(raw_exit(bench->fd), 0);
}

static void unmasked_asleep(void **state)
{
	struct irqs bench;

	(void)state;
	world_need_low_power();
	for (int masked = 0; masked < 2; masked++) {
		unmask_asleep(&bench, masked);
		world_fire(&bench.raw, INTX, 0);
		intx_unmask(&bench);
		raw_add(bench.events[1], 1);
		assert_true(irq_stays_away(bench.events[0]));
		intx_mask(&bench);
		intx_unmask(&bench);
		assert_true(irq_comes(bench.events[0]));
		world_clear(&bench.raw);
		irqs_close(&bench);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(intx_is_a_level),
		IN_WORLD(intx_another_eventfd),
		IN_WORLD(intx_after_a_reset),
		IN_WORLD(intx_disabled_in_config),
		IN_WORLD(intx_asleep),
		IN_WORLD(unmasked_by_an_eventfd),
		IN_WORLD(unmasked_by_an_old_count),
		IN_WORLD(end_of_an_unmask_eventfd),
		IN_WORLD(close_of_an_unmask_eventfd),
		IN_WORLD(unmasked_asleep),
	};

	return cmocka_run_group_tests_name("uapi-fire-intx", tests, NULL, NULL);
}

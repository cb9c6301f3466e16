// SPDX-License-Identifier: MIT
/*
 * What becomes of an interrupt that a device raises, without the library: when it is
 * delivered, when it waits and when it is lost. The answers of SET_IRQS itself are in
 * test-uapi-irq.c. On a real kernel this proves our understanding, on the simulator its
 * model of it.
 */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host.h"
#include "lib/uapi.h"
#include "raw.h"
#include "test.h"
#include "world.h"

#define INTX VFIO_PCI_INTX_IRQ_INDEX
#define MSI VFIO_PCI_MSI_IRQ_INDEX
#define MSIX VFIO_PCI_MSIX_IRQ_INDEX

#define COMMAND_HIGH 5
#define DISABLE_INTX 4 /* PCI_COMMAND_INTX_DISABLE, in that byte */

struct bench {
	struct raw raw;
	int fd; /* of the device */
	int a, b, c;
};

static void bench_open(struct bench *bench)
{
	raw_open(&bench->raw);
	bench->fd = bench->raw.device;
	bench->a = raw_eventfd();
	bench->b = raw_eventfd();
	bench->c = raw_eventfd();
}

static void bench_close(struct bench *bench)
{
	close(bench->a);
	close(bench->b);
	close(bench->c);
	raw_close(&bench->raw);
}

static int set(const struct bench *bench, uint32_t index, uint32_t vector, int event)
{
	return raw_set_irqs_eventfd(bench->fd, index, vector, event);
}

static int disable(const struct bench *bench, uint32_t index)
{
	return raw_set_irqs(bench->fd, index, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 0, 0,
			    NULL);
}

static int loop_back(const struct bench *bench, uint32_t index, uint32_t vector)
{
	return raw_set_irqs(bench->fd, index, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, vector,
			    1, NULL);
}

static int eventfds(const struct bench *bench, uint32_t index, uint32_t count, const int *fds)
{
	return raw_set_irqs(bench->fd, index, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, 0,
			    count, fds);
}

static void mask(const struct bench *bench)
{
	expect_ok(raw_set_irqs(bench->fd, INTX, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK, 0, 1,
			       NULL));
}

static void unmask(const struct bench *bench)
{
	expect_ok(raw_set_irqs(bench->fd, INTX, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK, 0, 1,
			       NULL));
}

static void fire(const struct bench *bench, uint32_t index, uint32_t vector)
{
	world_fire(&bench->raw, index, vector);
}

static void clear(const struct bench *bench)
{
	world_clear(&bench->raw);
}

static void add(int event, uint64_t count)
{
	assert_int_equal(write(event, &count, sizeof(count)), sizeof(count));
}

/* An interrupt comes when it comes: wait, but not for ever. */
static bool comes(int event)
{
	struct pollfd pollfd = { .fd = event, .events = POLLIN };

	return poll(&pollfd, 1, 2000) == 1 && raw_take(event) == 1;
}

static bool stays_away(int event)
{
	world_let_arrive();
	return raw_take(event) == 0;
}

static void sleep_and_wake(const struct bench *bench)
{
	assert_int_equal(raw_enter(bench->fd), 0);
	host_sees_deep_sleep();
	assert_int_equal(raw_exit(bench->fd), 0);
}

static void need_low_power(void)
{
	if (!world_has_low_power())
		skip_because("this kernel has no low-power feature");
}

/* ---- INTx: a level, masked by the kernel when it signals ---- */

static void intx_is_a_level(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(set(&bench, INTX, 0, bench.a), 0);
	fire(&bench, INTX, 0);
	assert_true(comes(bench.a));
	assert_true(stays_away(bench.a));
	/* Raised still, it comes again with each unmask. */
	unmask(&bench);
	assert_true(comes(bench.a));
	unmask(&bench);
	assert_true(comes(bench.a));
	clear(&bench);
	unmask(&bench);
	unmask(&bench);
	assert_true(stays_away(bench.a));
	/* Disabled and enabled again it is not masked any more. (Whether it comes if raised in
	 * between no test says: QEMU's IOAPIC forgets what is raised while the pin is off.) */
	fire(&bench, INTX, 0);
	assert_true(comes(bench.a));
	clear(&bench);
	assert_int_equal(disable(&bench, INTX), 0);
	assert_int_equal(set(&bench, INTX, 0, bench.b), 0);
	fire(&bench, INTX, 0);
	assert_true(comes(bench.b));
	clear(&bench);
	assert_true(stays_away(bench.a));
	bench_close(&bench);
}

static void intx_another_eventfd(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(set(&bench, INTX, 0, bench.a), 0);
	mask(&bench);
	fire(&bench, INTX, 0);
	assert_int_equal(set(&bench, INTX, 0, bench.b), 0);
	assert_true(stays_away(bench.b)); /* a swap unmasks nothing */
	unmask(&bench);
	assert_true(comes(bench.b));
	clear(&bench);
	assert_int_equal(raw_take(bench.a), 0);

	/* Without an eventfd nobody is told, and it is masked all the same. */
	unmask(&bench);
	assert_int_equal(set(&bench, INTX, 0, -1), 0);
	fire(&bench, INTX, 0);
	world_let_arrive();
	assert_int_equal(set(&bench, INTX, 0, bench.c), 0);
	assert_true(stays_away(bench.c));
	unmask(&bench);
	assert_true(comes(bench.c));
	clear(&bench);
	assert_int_equal(raw_take(bench.b), 0);
	bench_close(&bench);
}

static void intx_after_a_reset(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(set(&bench, INTX, 0, bench.a), 0);
	fire(&bench, INTX, 0);
	assert_true(comes(bench.a));
	clear(&bench);
	/* It changes nothing of what is set up: it is enabled, and masked still. */
	assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_RESET, NULL), 0);
	fire(&bench, INTX, 0);
	assert_true(stays_away(bench.a));
	unmask(&bench);
	assert_true(comes(bench.a));
	clear(&bench);
	bench_close(&bench);
}

/* The bit of the command register is virtual: the kernel masks and unmasks for it. */
static void intx_disabled_in_config(void **state)
{
	struct bench bench;
	uint8_t byte;

	(void)state;
	bench_open(&bench);
	assert_int_equal(set(&bench, INTX, 0, bench.a), 0);
	assert_int_equal(raw_write_config(bench.fd, COMMAND_HIGH, DISABLE_INTX), 0);
	assert_int_equal(raw_read_config(bench.fd, COMMAND_HIGH, &byte), 0);
	assert_int_equal(byte & DISABLE_INTX, DISABLE_INTX);
	fire(&bench, INTX, 0);
	assert_true(stays_away(bench.a));
	/* No unmask helps, and loopback is off too. */
	unmask(&bench);
	assert_int_equal(loop_back(&bench, INTX, 0), 0);
	assert_true(stays_away(bench.a));
	assert_int_equal(raw_write_config(bench.fd, COMMAND_HIGH, 0), 0);
	assert_true(comes(bench.a));
	clear(&bench);

	/* Its end unmasks also what the user has masked by SET_IRQS. */
	unmask(&bench);
	mask(&bench);
	assert_int_equal(raw_write_config(bench.fd, COMMAND_HIGH, DISABLE_INTX), 0);
	assert_int_equal(raw_write_config(bench.fd, COMMAND_HIGH, 0), 0);
	fire(&bench, INTX, 0);
	assert_true(comes(bench.a));
	clear(&bench);

	/* Enabled under it, INTx begins masked. */
	assert_int_equal(disable(&bench, INTX), 0);
	assert_int_equal(raw_write_config(bench.fd, COMMAND_HIGH, DISABLE_INTX), 0);
	assert_int_equal(set(&bench, INTX, 0, bench.b), 0);
	fire(&bench, INTX, 0);
	assert_true(stays_away(bench.b));
	assert_int_equal(raw_write_config(bench.fd, COMMAND_HIGH, 0), 0);
	assert_true(comes(bench.b));
	clear(&bench);
	bench_close(&bench);
}

static void intx_asleep(void **state)
{
	struct bench bench;

	(void)state;
	need_low_power();
	bench_open(&bench);
	assert_int_equal(set(&bench, INTX, 0, bench.a), 0);
	/* Masked by the user it stays so. */
	mask(&bench);
	sleep_and_wake(&bench);
	fire(&bench, INTX, 0);
	assert_true(stays_away(bench.a));
	unmask(&bench);
	assert_true(comes(bench.a));
	clear(&bench);
	/* So does it if the kernel has. */
	sleep_and_wake(&bench);
	fire(&bench, INTX, 0);
	assert_true(stays_away(bench.a));
	clear(&bench);
	unmask(&bench);
	sleep_and_wake(&bench);
	fire(&bench, INTX, 0);
	assert_true(comes(bench.a));
	clear(&bench);
	bench_close(&bench);
}

/* ---- the eventfd that unmasks INTx ---- */

/* The kernel has taken what was signalled (virqfd.c, virqfd_wakeup(), 5.11). */
static bool is_drained(int event, uint64_t signalled)
{
	return raw_take(event) == (world_kernel_is_at_least(5, 11) ? 0 : signalled);
}

static void unmasked_by_an_eventfd(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(set(&bench, INTX, 0, bench.a), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.b), 0);
	for (int i = 0; i < 3; i++) {
		fire(&bench, INTX, 0);
		assert_true(comes(bench.a));
		/* Raised still, it is signalled from there. */
		add(bench.b, 1 + (uint64_t)i);
		assert_true(comes(bench.a));
		assert_true(is_drained(bench.b, 1 + (uint64_t)i));
		clear(&bench);
		add(bench.b, 1);
		assert_true(stays_away(bench.a));
		assert_true(is_drained(bench.b, 1));
	}
	/* It does without the ioctl; that does too. */
	fire(&bench, INTX, 0);
	assert_true(comes(bench.a));
	unmask(&bench);
	assert_true(comes(bench.a));
	clear(&bench);
	bench_close(&bench);
}

/* One that has a count already unmasks at once (virqfd.c, vfio_virqfd_enable()), but only
 * the next signal, or its end, takes the count. */
static void unmasked_by_an_old_count(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(set(&bench, INTX, 0, bench.a), 0);
	fire(&bench, INTX, 0);
	assert_true(comes(bench.a));
	add(bench.b, 3);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.b), 0);
	assert_true(comes(bench.a));
	assert_true(raw_readable(bench.b));
	/* It unmasks once. */
	assert_true(stays_away(bench.a));
	assert_true(raw_readable(bench.b));
	add(bench.b, 1);
	assert_true(comes(bench.a));
	assert_true(is_drained(bench.b, 4));
	clear(&bench);

	/* What is left is the user's to take. */
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, -1), 0);
	add(bench.b, 3);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.b), 0);
	assert_int_equal(raw_take(bench.b), 3);

	assert_int_equal(raw_set_unmask_eventfd(bench.fd, -1), 0);
	bench_close(&bench);
}

static void end_of_an_unmask_eventfd(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(set(&bench, INTX, 0, bench.a), 0);
	/* Its removal takes the count. */
	add(bench.b, 3);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.b), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, -1), 0);
	assert_int_equal(raw_take(bench.b), 0);
	/* So does that of INTx, with which it goes. */
	add(bench.b, 3);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.b), 0);
	assert_int_equal(disable(&bench, INTX), 0);
	assert_int_equal(raw_take(bench.b), 0);
	assert_int_equal(set(&bench, INTX, 0, bench.a), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.c), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, -1), 0);
	/* Removed it unmasks nothing. */
	fire(&bench, INTX, 0);
	assert_true(comes(bench.a));
	add(bench.c, 1);
	assert_true(stays_away(bench.a));
	assert_int_equal(raw_take(bench.c), 1);
	clear(&bench);
	bench_close(&bench);
}

/* Unlike the eventfd of a trigger it goes with the user's last fd, and only with that. */
static void close_of_an_unmask_eventfd(void **state)
{
	struct bench bench;
	int again;

	(void)state;
	bench_open(&bench);
	assert_int_equal(set(&bench, INTX, 0, bench.a), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.b), 0);
	again = dup(bench.b);
	close(bench.b);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.c), -EBUSY);
	fire(&bench, INTX, 0);
	assert_true(comes(bench.a));
	add(again, 1);
	assert_true(comes(bench.a));
	clear(&bench);
	close(again);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.c), 0);
	/* Also if it triggers something, which keeps the eventfd but not its file. */
	assert_int_equal(set(&bench, VFIO_PCI_REQ_IRQ_INDEX, 0, bench.c), 0);
	close(bench.c);
	bench.b = raw_eventfd();
	bench.c = raw_eventfd();
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.c), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.b), -EBUSY);
	bench_close(&bench);
}

/*
 * The handler of the eventfd resumes nothing. But it clears the device's DisINTx and
 * forgets that it was set, and the resume, which restores configuration space, sets it
 * again: INTx is dead, and an unmask does nothing to what the kernel takes for unmasked.
 * (vfio_pci_intrs.c, vfio_pci_intx_unmask_handler(); pci-driver.c, pci_pm_runtime_resume().)
 */
static void unmask_asleep(struct bench *bench, bool masked)
{
	bench_open(bench);
	assert_int_equal(set(bench, INTX, 0, bench->a), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench->fd, bench->b), 0);
	if (masked)
		mask(bench);
	assert_int_equal(raw_enter(bench->fd), 0);
	host_sees_deep_sleep();
	add(bench->b, 1);
	assert_int_equal(raw_take(bench->b), 0);
	assert_true(stays_away(bench->a));
	assert_true(host_shows("power/runtime_status", "suspended"));
	assert_int_equal(raw_exit(bench->fd), 0);
}

static void unmasked_asleep(void **state)
{
	struct bench bench;

	(void)state;
	need_low_power();
	for (int masked = 0; masked < 2; masked++) {
		unmask_asleep(&bench, masked);
		fire(&bench, INTX, 0);
		unmask(&bench);
		add(bench.b, 1);
		assert_true(stays_away(bench.a));
		mask(&bench);
		unmask(&bench);
		assert_true(comes(bench.a));
		clear(&bench);
		bench_close(&bench);
	}
}

/* ---- MSI ---- */

static void msi(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(set(&bench, MSI, 0, bench.a), 0);
	fire(&bench, MSI, 0);
	assert_true(comes(bench.a));
	clear(&bench);
	assert_int_equal(set(&bench, MSI, 0, bench.b), 0);
	fire(&bench, MSI, 0);
	assert_true(comes(bench.b));
	clear(&bench);
	assert_int_equal(raw_take(bench.a), 0);
	/* No level: it comes once. */
	assert_true(stays_away(bench.b));
	assert_int_equal(disable(&bench, MSI), 0);
	assert_int_equal(set(&bench, MSI, 0, bench.a), 0);
	fire(&bench, MSI, 0);
	assert_true(comes(bench.a));
	clear(&bench);
	bench_close(&bench);
}

/* ---- MSI-X ---- */

/* A vector without handler is masked in the device, which remembers what it would have
 * sent. */
static void msix_pending(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(set(&bench, MSIX, 0, bench.a), 0);
	assert_int_equal(set(&bench, MSIX, 0, -1), 0);
	fire(&bench, MSIX, 0);
	assert_true(stays_away(bench.a));
	assert_int_equal(loop_back(&bench, MSIX, 0), 0);
	assert_int_equal(set(&bench, MSIX, 0, bench.b), 0);
	assert_true(comes(bench.b));
	assert_true(stays_away(bench.b));
	clear(&bench);
	/* Several become one. */
	assert_int_equal(set(&bench, MSIX, 0, -1), 0);
	for (int i = 0; i < 3; i++) {
		fire(&bench, MSIX, 0);
		clear(&bench);
	}
	assert_int_equal(set(&bench, MSIX, 0, bench.a), 0);
	assert_true(comes(bench.a));
	assert_true(stays_away(bench.a));
	bench_close(&bench);
}

static void msix_pending_unallocated(void **state)
{
	struct bench bench;

	(void)state;
	if (!world_kernel_is_at_least(6, 5))
		skip_because("this kernel allocates no vector later");
	bench_open(&bench);
	assert_int_equal(set(&bench, MSIX, 0, bench.a), 0);
	fire(&bench, MSIX, 3);
	world_let_arrive();
	clear(&bench);
	assert_int_equal(set(&bench, MSIX, 3, bench.b), 0);
	assert_true(comes(bench.b));
	assert_true(stays_away(bench.a));
	bench_close(&bench);
}

/* A bad fd leaves the vector dead, and what comes then pending. */
static void msix_pending_after_a_failure(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(set(&bench, MSIX, 1, bench.a), 0);
	assert_int_equal(set(&bench, MSIX, 1, raw_closed_fd()), -EBADF);
	fire(&bench, MSIX, 1);
	assert_true(stays_away(bench.a));
	clear(&bench);
	assert_int_equal(set(&bench, MSIX, 1, bench.a), 0);
	assert_true(comes(bench.a));
	bench_close(&bench);
}

static void msix_swap(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(set(&bench, MSIX, 2, bench.a), 0);
	fire(&bench, MSIX, 2);
	world_let_arrive();
	clear(&bench);
	/* What was counted stays where it is. */
	assert_int_equal(set(&bench, MSIX, 2, bench.b), 0);
	assert_int_equal(raw_take(bench.a), 1);
	fire(&bench, MSIX, 2);
	assert_true(comes(bench.b));
	clear(&bench);
	assert_int_equal(raw_take(bench.a), 0);
	/* The same once more changes nothing that can be seen. */
	assert_int_equal(set(&bench, MSIX, 2, bench.b), 0);
	fire(&bench, MSIX, 2);
	assert_true(comes(bench.b));
	clear(&bench);
	bench_close(&bench);
}

static void msix_after_reset_and_sleep(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(set(&bench, MSIX, 0, bench.a), 0);
	assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_RESET, NULL), 0);
	fire(&bench, MSIX, 0);
	assert_true(comes(bench.a));
	clear(&bench);
	if (world_has_low_power()) {
		sleep_and_wake(&bench);
		fire(&bench, MSIX, 0);
		assert_true(comes(bench.a));
		clear(&bench);
	}
	bench_close(&bench);
}

/* The power state that the user sets by PMCSR stops no change to an index that is enabled. */
static void msix_in_d3hot(void **state)
{
	unsigned pmcsr;
	struct bench bench;

	(void)state;
	bench_open(&bench);
	pmcsr = raw_pm_capability(bench.fd) + 4;
	assert_int_equal(raw_write_config(bench.fd, pmcsr, 3), 0);
	/* MSI asks for D0 first, MSI-X for a count. */
	assert_int_equal(eventfds(&bench, MSIX, 0, NULL), -ERANGE);
	assert_int_equal(eventfds(&bench, MSI, 0, NULL), -EINVAL);
	assert_int_equal(set(&bench, MSIX, 0, raw_closed_fd()), -EINVAL);
	assert_int_equal(set(&bench, INTX, 0, bench.a), 0);
	assert_int_equal(disable(&bench, INTX), 0);
	assert_int_equal(raw_write_config(bench.fd, pmcsr, 0), 0);
	assert_int_equal(eventfds(&bench, MSI, 0, NULL), -ERANGE);

	assert_int_equal(set(&bench, MSIX, 1, bench.a), 0);
	assert_int_equal(raw_write_config(bench.fd, pmcsr, 3), 0);
	assert_int_equal(set(&bench, MSIX, 1, bench.b), 0);
	assert_int_equal(set(&bench, MSIX, 0, bench.c), 0);
	assert_int_equal(raw_write_config(bench.fd, pmcsr, 0), 0);
	fire(&bench, MSIX, 1);
	assert_true(comes(bench.b));
	clear(&bench);
	fire(&bench, MSIX, 0);
	assert_true(comes(bench.c));
	clear(&bench);
	assert_int_equal(raw_write_config(bench.fd, pmcsr, 3), 0);
	assert_int_equal(disable(&bench, MSIX), 0);
	bench_close(&bench);
}

/* ---- all ---- */

/* Kept by the device, not by the fd that asked for them. */
static void one_set_for_all_fds(void **state)
{
	struct bench bench;
	int again;

	(void)state;
	bench_open(&bench);
	again = raw_open_again(&bench.raw);
	assert_int_equal(raw_set_irqs_eventfd(again, MSIX, 0, bench.a), 0);
	assert_int_equal(raw_set_irqs_eventfd(again, VFIO_PCI_REQ_IRQ_INDEX, 0, bench.b), 0);
	assert_int_equal(set(&bench, INTX, 0, bench.a), -EINVAL);
	close(again);
	fire(&bench, MSIX, 0);
	assert_true(comes(bench.a));
	clear(&bench);
	assert_int_equal(loop_back(&bench, VFIO_PCI_REQ_IRQ_INDEX, 0), 0);
	assert_int_equal(raw_take(bench.b), 1);

	/* The last takes them all. */
	raw_close(&bench.raw);
	raw_open(&bench.raw);
	bench.fd = bench.raw.device;
	assert_int_equal(loop_back(&bench, MSIX, 0), -EINVAL);
	assert_int_equal(loop_back(&bench, VFIO_PCI_REQ_IRQ_INDEX, 0), -EINVAL);
	assert_int_equal(set(&bench, INTX, 0, bench.c), 0);
	assert_true(stays_away(bench.c));
	bench_close(&bench);
}

/* SET_IRQS is an ioctl as any other: it resumes the device, and so ends an armed low power,
 * whatever becomes of it. */
static void wakes_the_device(void **state)
{
	struct bench bench;

	(void)state;
	need_low_power();
	bench_open(&bench);
	assert_int_equal(set(&bench, MSIX, 0, bench.a), 0);
	for (int fails = 0; fails < 2; fails++) {
		assert_int_equal(raw_enter_wakeup(bench.fd, bench.b), 0);
		host_sees_deep_sleep();
		assert_int_equal(raw_take(bench.b), 0);
		assert_int_equal(set(&bench, fails ? INTX : MSIX, 0, bench.a), fails ? -EINVAL : 0);
		assert_int_equal(raw_take(bench.b), 1);
		host_stays_awake();
	}
	fire(&bench, MSIX, 0);
	assert_true(comes(bench.a));
	clear(&bench);
	bench_close(&bench);
}

/* A kernel that signals never waits. */
static void full_eventfd(void **state)
{
	struct bench bench;
	int full = eventfd(0, EFD_CLOEXEC); /* one that blocks */

	(void)state;
	bench_open(&bench);
	add(full, UINT64_MAX - 1);
	assert_int_equal(set(&bench, MSIX, 0, full), 0);
	assert_int_equal(loop_back(&bench, MSIX, 0), 0);
	assert_int_equal(loop_back(&bench, MSIX, 0), 0);
	assert_true(raw_take(full) >= UINT64_MAX - 1);
	close(full);
	bench_close(&bench);
}

static void semaphore(void **state)
{
	struct bench bench;
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);

	(void)state;
	bench_open(&bench);
	assert_int_equal(set(&bench, MSIX, 0, event), 0);
	assert_int_equal(loop_back(&bench, MSIX, 0), 0);
	assert_int_equal(loop_back(&bench, MSIX, 0), 0);
	assert_int_equal(raw_take(event), 1);
	assert_int_equal(raw_take(event), 1);
	assert_int_equal(raw_take(event), 0);
	close(event);
	bench_close(&bench);
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

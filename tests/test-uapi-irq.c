// SPDX-License-Identifier: MIT
/*
 * The kernel's own VFIO_DEVICE_GET_IRQ_INFO and VFIO_DEVICE_SET_IRQS, without the
 * library: what each call gives, in the order of the kernel's checks, and what is set up
 * after it. On a real kernel this proves our understanding, on the simulator its model of
 * it. What becomes of an interrupt meanwhile is in test-uapi-fire.c.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "lib/uapi.h"
#include "raw.h"
#include "test.h"
#include "world.h"

#define INTX VFIO_PCI_INTX_IRQ_INDEX
#define MSI VFIO_PCI_MSI_IRQ_INDEX
#define MSIX VFIO_PCI_MSIX_IRQ_INDEX
#define ERR VFIO_PCI_ERR_IRQ_INDEX
#define REQ VFIO_PCI_REQ_IRQ_INDEX

#define NONE VFIO_IRQ_SET_DATA_NONE
#define BOOL VFIO_IRQ_SET_DATA_BOOL
#define EVENTFD VFIO_IRQ_SET_DATA_EVENTFD
#define MASK VFIO_IRQ_SET_ACTION_MASK
#define UNMASK VFIO_IRQ_SET_ACTION_UNMASK
#define TRIGGER VFIO_IRQ_SET_ACTION_TRIGGER

#define VECTORS 5

struct bench {
	struct raw raw;
	int fd; /* of the device */
	int events[VECTORS];
};

static void bench_open(struct bench *bench)
{
	raw_open(&bench->raw);
	bench->fd = bench->raw.device;
	for (int i = 0; i < VECTORS; i++)
		bench->events[i] = raw_eventfd();
}

static void bench_close(struct bench *bench)
{
	for (int i = 0; i < VECTORS; i++)
		close(bench->events[i]);
	raw_close(&bench->raw);
}

/* Without data, or with eventfds, or bools. */
static int none(int fd, uint32_t action, uint32_t index, uint32_t start, uint32_t count)
{
	return raw_set_irqs(fd, index, NONE | action, start, count, "");
}

static int eventfds(int fd, uint32_t index, uint32_t start, uint32_t count, const int *fds)
{
	return raw_set_irqs(fd, index, EVENTFD | TRIGGER, start, count, fds);
}

static int one(int fd, uint32_t index, uint32_t vector, int event)
{
	return eventfds(fd, index, vector, 1, &event);
}

static int bools(int fd, uint32_t action, uint32_t index, uint32_t start, uint32_t count, const char *data)
{
	return raw_set_irqs(fd, index, BOOL | action, start, count, data);
}

static bool arrives(int event)
{
	struct pollfd pollfd = { .fd = event, .events = POLLIN };

	return poll(&pollfd, 1, 2000) == 1;
}

/* An interrupt that is not to come has had the time to. */
static void stays_silent(int event)
{
	world_let_arrive();
	assert_int_equal(raw_take(event), 0);
}

static void fires_into(const struct bench *bench, uint32_t index, uint32_t vector, int event)
{
	world_fire(&bench->raw, index, vector);
	if (!arrives(event))
		fail_msg("vector %u of index %u does not arrive", vector, index);
	assert_int_equal(raw_take(event), 1);
	world_clear(&bench->raw);
}

/* What a loopback of the vector puts into this eventfd; into no other it puts anything. */
static uint64_t looped_back(const struct bench *bench, uint32_t index, uint32_t vector, int event)
{
	uint64_t count;

	assert_int_equal(none(bench->fd, TRIGGER, index, vector, 1), 0);
	count = raw_take(event);
	for (int i = 0; i < VECTORS; i++)
		assert_int_equal(raw_take(bench->events[i]), 0);
	return count;
}

static bool is_on(const struct bench *bench, uint32_t index, uint32_t vector, int event)
{
	return looped_back(bench, index, vector, event) == 1;
}

static bool is_dead(const struct bench *bench, uint32_t index, uint32_t vector)
{
	return looped_back(bench, index, vector, bench->events[0]) == 0;
}

/* ---- information ---- */

static void irq_info(void **state)
{
	static const uint32_t flags[] = { 7, 9, 9, 9, 9 }, counts[] = { 1, 1, VECTORS, 1, 1 };
	struct bench bench;

	(void)state;
	bench_open(&bench);
	for (uint32_t i = 0; i < 5; i++) {
		struct vfio_irq_info info = { .argsz = sizeof(info), .index = i, .flags = ~0u };

		assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_GET_IRQ_INFO, &info), 0);
		assert_int_equal(info.count, counts[i]);
		assert_int_equal(info.flags, i == MSIX && world_kernel_is_at_least(6, 5) ? 1 : flags[i]);
	}
	bench_close(&bench);
}

static void irq_info_errors(void **state)
{
	struct vfio_irq_info info = { .argsz = sizeof(info) - 1 };
	struct bench bench;
	char *pages;

	(void)state;
	bench_open(&bench);
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
	assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_GET_IRQ_INFO, raw_at_end_of_memory(12, &pages)),
			 -EFAULT);
	raw_free_memory(pages);
	bench_close(&bench);
}

/* ---- the order of checks ---- */

static void header(void **state)
{
	struct bench bench;
	uint32_t set[7] = { 24, EVENTFD | TRIGGER, MSIX, 0, 1, (uint32_t)-1 };

	(void)state;
	bench_open(&bench);
	assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_SET_IRQS, NULL), -EFAULT);
	set[0] = 19;
	assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_SET_IRQS, set), -EINVAL);
	set[0] = 23; /* the data does not fit in */
	assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_SET_IRQS, set), -EINVAL);
	assert_int_equal(none(bench.fd, TRIGGER, 5, 0, 1), -EINVAL);
	assert_int_equal(none(bench.fd, TRIGGER | 64, MSIX, 0, 1), -EINVAL);
	assert_int_equal(none(bench.fd, TRIGGER, MSIX, 1, UINT32_MAX - 1), -EINVAL);
	assert_int_equal(none(bench.fd, TRIGGER, MSIX, VECTORS, 0), -EINVAL);
	assert_int_equal(none(bench.fd, TRIGGER, MSIX, 0, VECTORS + 1), -EINVAL);
	assert_int_equal(none(bench.fd, TRIGGER, MSIX, VECTORS - 1, 2), -EINVAL);
	/* Not one kind of data. */
	assert_int_equal(raw_set_irqs(bench.fd, MSIX, TRIGGER, 0, 1, NULL), -EINVAL);
	assert_int_equal(none(bench.fd, TRIGGER | BOOL, MSIX, 0, 1), -EINVAL);
	/* Not one action, or none that the index has: after all of these. */
	assert_int_equal(none(bench.fd, 0, MSIX, 0, 1), -ENOTTY);
	assert_int_equal(none(bench.fd, MASK | UNMASK, INTX, 0, 1), -ENOTTY);
	for (uint32_t index = MSI; index <= REQ; index++) {
		assert_int_equal(none(bench.fd, MASK, index, 0, 1), -ENOTTY);
		assert_int_equal(none(bench.fd, UNMASK, index, 0, 1), -ENOTTY);
	}
	assert_int_equal(none(bench.fd, MASK, MSIX, VECTORS, 1), -EINVAL);
	bench_close(&bench);
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
	struct bench bench;
	char *pages;
	uint32_t *set;

	(void)state;
	bench_open(&bench);
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
	bench_close(&bench);
}

/* ---- INTx ---- */

static void intx_inactive(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(none(bench.fd, MASK, INTX, 0, 1), -EINVAL);
	assert_int_equal(none(bench.fd, UNMASK, INTX, 0, 1), -EINVAL);
	assert_int_equal(none(bench.fd, TRIGGER, INTX, 0, 1), -EINVAL);
	assert_int_equal(none(bench.fd, TRIGGER, INTX, 0, 0), -EINVAL); /* disable */
	assert_int_equal(bools(bench.fd, TRIGGER, INTX, 0, 1, "\1"), -EINVAL);
	assert_int_equal(one(bench.fd, INTX, 0, raw_closed_fd()), -EBADF);
	assert_int_equal(none(bench.fd, TRIGGER, INTX, 0, 1), -EINVAL); /* and it is inactive still */
	assert_int_equal(one(bench.fd, INTX, 0, bench.raw.group), -EINVAL);
	assert_int_equal(eventfds(bench.fd, INTX, 0, 0, NULL), -EINVAL);
	/* Inactive is found before what MASK cannot take. */
	assert_int_equal(raw_set_irqs(bench.fd, INTX, EVENTFD | MASK, 0, 1, bench.events), -EINVAL);
	bench_close(&bench);
}

static void intx_trigger(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	/* Without an eventfd it is enabled all the same. */
	assert_int_equal(one(bench.fd, INTX, 0, -1), 0);
	assert_int_equal(none(bench.fd, TRIGGER, INTX, 0, 1), 0);
	assert_int_equal(one(bench.fd, MSIX, 0, bench.events[0]), -EINVAL);
	assert_int_equal(one(bench.fd, INTX, 0, bench.events[0]), 0);
	assert_true(is_on(&bench, INTX, 0, bench.events[0]));
	assert_int_equal(bools(bench.fd, TRIGGER, INTX, 0, 1, "\1"), 0);
	assert_int_equal(raw_take(bench.events[0]), 1);
	assert_int_equal(bools(bench.fd, TRIGGER, INTX, 0, 1, "\0"), 0);
	assert_int_equal(raw_take(bench.events[0]), 0);
	assert_int_equal(one(bench.fd, INTX, 0, bench.events[1]), 0);
	assert_true(is_on(&bench, INTX, 0, bench.events[1]));
	/* A bad fd leaves the eventfd that is there. */
	assert_int_equal(one(bench.fd, INTX, 0, raw_closed_fd()), -EBADF);
	assert_int_equal(one(bench.fd, INTX, 0, bench.raw.group), -EINVAL);
	assert_true(is_on(&bench, INTX, 0, bench.events[1]));
	/* Of no count only NONE, which disables, is right. */
	assert_int_equal(eventfds(bench.fd, INTX, 0, 0, NULL), -EINVAL);
	assert_int_equal(bools(bench.fd, TRIGGER, INTX, 0, 0, ""), -EINVAL);
	/* Detached it is enabled still. */
	assert_int_equal(one(bench.fd, INTX, 0, -7), 0);
	assert_true(is_dead(&bench, INTX, 0));
	assert_int_equal(one(bench.fd, INTX, 0, -1), 0);
	assert_int_equal(none(bench.fd, TRIGGER, INTX, 0, 0), 0);
	assert_int_equal(none(bench.fd, TRIGGER, INTX, 0, 0), -EINVAL);
	bench_close(&bench);
}

static void intx_masks(void **state)
{
	struct bench bench;
	int event;

	(void)state;
	bench_open(&bench);
	event = bench.events[0];
	assert_int_equal(one(bench.fd, INTX, 0, event), 0);
	assert_int_equal(none(bench.fd, MASK, INTX, 0, 0), -EINVAL);
	assert_int_equal(none(bench.fd, UNMASK, INTX, 0, 0), -EINVAL);
	assert_int_equal(raw_set_irqs(bench.fd, INTX, EVENTFD | MASK, 0, 1, &event), -ENOTTY);

	/* Signalled, it is masked; the next comes when it is unmasked. */
	world_fire(&bench.raw, INTX, 0);
	assert_true(arrives(event));
	assert_int_equal(raw_take(event), 1);
	world_clear(&bench.raw);
	world_fire(&bench.raw, INTX, 0);
	stays_silent(event);
	assert_int_equal(bools(bench.fd, UNMASK, INTX, 0, 1, "\0"), 0);
	stays_silent(event);
	assert_int_equal(bools(bench.fd, UNMASK, INTX, 0, 1, "\1"), 0);
	assert_true(arrives(event));
	assert_int_equal(raw_take(event), 1);
	world_clear(&bench.raw);
	assert_int_equal(none(bench.fd, UNMASK, INTX, 0, 1), 0);

	/* Masked by the user; loopback is not. */
	assert_int_equal(none(bench.fd, MASK, INTX, 0, 1), 0);
	assert_int_equal(none(bench.fd, MASK, INTX, 0, 1), 0);
	assert_true(is_on(&bench, INTX, 0, event));
	world_fire(&bench.raw, INTX, 0);
	stays_silent(event);
	assert_int_equal(none(bench.fd, UNMASK, INTX, 0, 1), 0);
	assert_true(arrives(event));
	world_clear(&bench.raw);
	bench_close(&bench);
}

/* What is raised while it is masked is not lost, whatever is set meanwhile. */
static void intx_masked_stays_masked(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	/* Without an eventfd too it is masked by an interrupt. */
	assert_int_equal(one(bench.fd, INTX, 0, -1), 0);
	world_fire(&bench.raw, INTX, 0);
	world_let_arrive();
	assert_int_equal(one(bench.fd, INTX, 0, bench.events[0]), 0);
	stays_silent(bench.events[0]);
	assert_int_equal(one(bench.fd, INTX, 0, bench.events[1]), 0);
	assert_int_equal(none(bench.fd, UNMASK, INTX, 0, 1), 0);
	assert_true(arrives(bench.events[1]));
	assert_int_equal(raw_take(bench.events[1]), 1);
	assert_int_equal(raw_take(bench.events[0]), 0);
	/* Raised still, it is signalled with each unmask, and once. */
	stays_silent(bench.events[1]);
	assert_int_equal(bools(bench.fd, MASK, INTX, 0, 1, "\0"), 0);
	assert_int_equal(none(bench.fd, UNMASK, INTX, 0, 1), 0);
	assert_true(arrives(bench.events[1]));
	assert_int_equal(raw_take(bench.events[1]), 1);
	/* Enabled anew it is not masked. */
	world_clear(&bench.raw);
	assert_int_equal(none(bench.fd, TRIGGER, INTX, 0, 0), 0);
	assert_int_equal(one(bench.fd, INTX, 0, bench.events[2]), 0);
	fires_into(&bench, INTX, 0, bench.events[2]);
	assert_int_equal(none(bench.fd, UNMASK, INTX, 0, 1), 0);
	stays_silent(bench.events[2]);
	assert_int_equal(bools(bench.fd, MASK, INTX, 0, 1, "\1"), 0);
	world_fire(&bench.raw, INTX, 0);
	stays_silent(bench.events[2]);
	world_clear(&bench.raw);
	bench_close(&bench);
}

static void intx_unmask_eventfd(void **state)
{
	struct bench bench;
	uint64_t count = 1;

	(void)state;
	bench_open(&bench);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[1]), -EINVAL);
	assert_int_equal(one(bench.fd, INTX, 0, bench.events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, -1), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, raw_closed_fd()), -EBADF);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.raw.group), -EINVAL);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[1]), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[2]), -EBUSY);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[1]), -EBUSY);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, -1), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, -7), 0);

	/* One that is signalled already unmasks at once, and keeps its count. */
	assert_int_equal(none(bench.fd, MASK, INTX, 0, 1), 0);
	world_fire(&bench.raw, INTX, 0);
	assert_int_equal(write(bench.events[2], &count, sizeof(count)), sizeof(count));
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[2]), 0);
	assert_true(arrives(bench.events[0]));
	raw_take(bench.events[0]);
	world_clear(&bench.raw);
	/* Signalled again it unmasks again, and then all of its count is gone. */
	assert_int_equal(write(bench.events[2], &count, sizeof(count)), sizeof(count));
	world_fire(&bench.raw, INTX, 0);
	assert_true(arrives(bench.events[0]));
	world_clear(&bench.raw);
	assert_int_equal(raw_take(bench.events[2]), world_kernel_is_at_least(5, 11) ? 0 : 2);
	bench_close(&bench);
}

/* Masked over a suspend if it was not, and unmasked after. */
static void intx_asleep(void **state)
{
	struct bench bench;

	(void)state;
	if (!world_has_low_power())
		skip_because("this kernel has no low-power feature");
	bench_open(&bench);
	assert_int_equal(one(bench.fd, INTX, 0, bench.events[0]), 0);
	assert_int_equal(raw_enter(bench.fd), 0);
	host_sees_deep_sleep();
	assert_int_equal(raw_exit(bench.fd), 0);
	world_fire(&bench.raw, INTX, 0);
	assert_true(arrives(bench.events[0]));
	assert_int_equal(raw_take(bench.events[0]), 1);
	world_clear(&bench.raw);
	/* It is masked now, and stays so. */
	assert_int_equal(raw_enter(bench.fd), 0);
	host_sees_deep_sleep();
	assert_int_equal(raw_exit(bench.fd), 0);
	world_fire(&bench.raw, INTX, 0);
	stays_silent(bench.events[0]);
	world_clear(&bench.raw);
	bench_close(&bench);
}

/* ---- MSI-X ---- */

static void msix_inactive(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(none(bench.fd, TRIGGER, MSIX, 0, 0), -EINVAL); /* disable */
	assert_int_equal(none(bench.fd, TRIGGER, MSIX, 0, 1), -EINVAL);
	assert_int_equal(bools(bench.fd, TRIGGER, MSIX, 0, 1, "\1"), -EINVAL);
	assert_int_equal(eventfds(bench.fd, MSIX, 0, 0, NULL), -ERANGE);
	/* The first enable is all or nothing. */
	assert_int_equal(eventfds(bench.fd, MSIX, 0, 2, (int[]){ bench.events[0], raw_closed_fd() }), -EBADF);
	assert_int_equal(none(bench.fd, TRIGGER, MSIX, 0, 1), -EINVAL);
	assert_int_equal(eventfds(bench.fd, MSIX, 0, 1, &bench.raw.group), -EINVAL);
	assert_int_equal(one(bench.fd, INTX, 0, bench.events[0]), 0);
	bench_close(&bench);
}

static void msix_allocation_ahead(void **state)
{
	int all[VECTORS] = { -1, -1, -1, -1, -1 };
	struct bench bench;

	(void)state;
	bench_open(&bench);
	/* On every kernel. */
	assert_int_equal(eventfds(bench.fd, MSIX, 0, VECTORS, all), 0);
	assert_true(is_dead(&bench, MSIX, 4));
	assert_int_equal(one(bench.fd, MSIX, 4, bench.events[4]), 0);
	assert_true(is_on(&bench, MSIX, 4, bench.events[4]));
	assert_int_equal(none(bench.fd, TRIGGER, MSIX, 3, 0), 0); /* disable: start is nothing */
	/* By count 0: not before the range check went. */
	assert_int_equal(eventfds(bench.fd, MSIX, VECTORS - 1, 0, NULL),
			 world_kernel_is_at_least(6, 2) ? 0 : -EINVAL);
	assert_int_equal(one(bench.fd, INTX, 0, bench.events[0]),
			 world_kernel_is_at_least(6, 2) ? -EINVAL : 0);
	bench_close(&bench);
}

static void msix_beyond_the_first_enable(void **state)
{
	bool dynamic = world_kernel_is_at_least(6, 5);
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(one(bench.fd, MSIX, 1, bench.events[1]), 0);
	assert_int_equal(one(bench.fd, MSIX, 0, bench.events[0]), 0);
	assert_int_equal(one(bench.fd, MSIX, 2, bench.events[2]), dynamic ? 0 : -EINVAL);
	assert_int_equal(one(bench.fd, MSIX, 4, -1), dynamic ? 0 : -EINVAL);
	if (dynamic) {
		assert_true(is_on(&bench, MSIX, 2, bench.events[2]));
		assert_int_equal(none(bench.fd, TRIGGER, MSIX, 0, VECTORS), 0);
		for (int i = 0; i < 3; i++)
			assert_int_equal(raw_take(bench.events[i]), 1);
	} else {
		/* Before any change. */
		assert_int_equal(eventfds(bench.fd, MSIX, 1, 2, (int[]){ -1, bench.events[2] }), -EINVAL);
		assert_true(is_on(&bench, MSIX, 1, bench.events[1]));
		assert_int_equal(none(bench.fd, TRIGGER, MSIX, 0, VECTORS), -EINVAL);
	}
	bench_close(&bench);
}

static void msix_bad_fd_in_a_block(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(eventfds(bench.fd, MSIX, 0, VECTORS, bench.events), 0);
	/* 1 is live on another eventfd, 2 is bad, 3 comes after it, 0 and 4 are outside. */
	assert_int_equal(eventfds(bench.fd, MSIX, 1, 3,
				  (int[]){ bench.events[4], raw_closed_fd(), bench.events[4] }),
			 -EBADF);
	assert_true(is_dead(&bench, MSIX, 1));
	assert_true(is_dead(&bench, MSIX, 2));
	assert_true(is_on(&bench, MSIX, 0, bench.events[0]));
	assert_true(is_on(&bench, MSIX, 3, bench.events[3]));
	assert_true(is_on(&bench, MSIX, 4, bench.events[4]));
	/* A swap by a bad fd kills too; what is no eventfd as well. */
	assert_int_equal(one(bench.fd, MSIX, 3, raw_closed_fd()), -EBADF);
	assert_true(is_dead(&bench, MSIX, 3));
	assert_int_equal(one(bench.fd, MSIX, 4, bench.raw.group), -EINVAL);
	assert_true(is_dead(&bench, MSIX, 4));
	/* And all can be set again. */
	assert_int_equal(eventfds(bench.fd, MSIX, 0, VECTORS, bench.events), 0);
	for (uint32_t i = 0; i < VECTORS; i++)
		assert_true(is_on(&bench, MSIX, i, bench.events[i]));
	bench_close(&bench);
}

/* The same where the index is enabled but the vectors are beyond the first enable. */
static void msix_bad_fd_beyond(void **state)
{
	bool dynamic = world_kernel_is_at_least(6, 5);
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(eventfds(bench.fd, MSIX, 0, 2, bench.events), 0);
	assert_int_equal(eventfds(bench.fd, MSIX, 1, 3,
				  (int[]){ bench.events[2], bench.events[3], raw_closed_fd() }),
			 dynamic ? -EBADF : -EINVAL);
	assert_true(is_on(&bench, MSIX, 0, bench.events[0]));
	if (dynamic) {
		for (uint32_t i = 1; i < VECTORS; i++)
			assert_true(is_dead(&bench, MSIX, i));
	} else {
		assert_true(is_on(&bench, MSIX, 1, bench.events[1]));
	}
	/* The index is enabled still, and of no count there is nothing to do. */
	assert_int_equal(eventfds(bench.fd, MSIX, 0, 0, NULL), 0);
	assert_int_equal(eventfds(bench.fd, MSIX, 4, 0, NULL), dynamic ? 0 : -EINVAL);
	assert_int_equal(one(bench.fd, MSIX, 1, bench.events[4]), 0);
	assert_true(is_on(&bench, MSIX, 1, bench.events[4]));
	bench_close(&bench);
}

static void msix_loopback(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(eventfds(bench.fd, MSIX, 0, VECTORS,
				  (int[]){ bench.events[0], bench.events[1], -1, bench.events[3], -1 }), 0);
	assert_int_equal(bools(bench.fd, TRIGGER, MSIX, 0, VECTORS, "\1\0\1\1\1"), 0);
	assert_int_equal(raw_take(bench.events[0]), 1);
	assert_int_equal(raw_take(bench.events[1]), 0);
	assert_int_equal(raw_take(bench.events[3]), 1);
	assert_int_equal(bools(bench.fd, TRIGGER, MSIX, 0, 0, ""), 0);
	/* Any fd below 0 unsets, and may do so again. */
	assert_int_equal(one(bench.fd, MSIX, 0, -7), 0);
	assert_int_equal(one(bench.fd, MSIX, 0, -1), 0);
	assert_true(is_dead(&bench, MSIX, 0));
	bench_close(&bench);
}

static void msix_real_interrupts(void **state)
{
	struct bench bench;
	int event, again;

	(void)state;
	bench_open(&bench);
	event = bench.events[0];
	assert_int_equal(eventfds(bench.fd, MSIX, 0, VECTORS, bench.events), 0);
	for (uint32_t i = 0; i < VECTORS; i++) {
		world_fire(&bench.raw, MSIX, i);
		assert_true(arrives(bench.events[i]));
		assert_int_equal(raw_take(bench.events[i]), 1);
		world_clear(&bench.raw);
	}
	/* The same again; shared by two; and closed by the user. */
	assert_int_equal(one(bench.fd, MSIX, 0, event), 0);
	assert_int_equal(one(bench.fd, MSIX, 1, event), 0);
	assert_int_equal(one(bench.fd, REQ, 0, event), 0);
	fires_into(&bench, MSIX, 0, event);
	fires_into(&bench, MSIX, 1, event);
	assert_int_equal(none(bench.fd, TRIGGER, MSIX, 0, 2), 0);
	assert_int_equal(none(bench.fd, TRIGGER, REQ, 0, 1), 0);
	assert_int_equal(raw_take(event), 3);
	again = dup(event);
	close(event);
	world_fire(&bench.raw, MSIX, 0);
	assert_true(arrives(again));
	world_clear(&bench.raw);
	bench.events[0] = again;
	bench_close(&bench);
}

/* ---- what ends it, and what does not ---- */

static void a_reset_keeps_it(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	for (uint32_t index = ERR; index <= REQ; index++)
		assert_int_equal(one(bench.fd, index, 0, bench.events[4]), 0);
	assert_int_equal(eventfds(bench.fd, MSIX, 0, 2, bench.events), 0);
	assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_RESET, NULL), 0);
	for (uint32_t i = 0; i < 2; i++)
		fires_into(&bench, MSIX, i, bench.events[i]);
	for (uint32_t index = ERR; index <= REQ; index++)
		assert_true(is_on(&bench, index, 0, bench.events[4]));
	assert_int_equal(none(bench.fd, TRIGGER, MSIX, 0, 0), 0);

	/* INTx too, with its mask and its unmask eventfd. */
	assert_int_equal(one(bench.fd, INTX, 0, bench.events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[1]), 0);
	assert_int_equal(none(bench.fd, MASK, INTX, 0, 1), 0);
	assert_int_equal(raw_ioctl(bench.fd, VFIO_DEVICE_RESET, NULL), 0);
	world_fire(&bench.raw, INTX, 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[2]), -EBUSY);
	stays_silent(bench.events[0]);
	world_clear(&bench.raw);
	assert_int_equal(none(bench.fd, UNMASK, INTX, 0, 1), 0);
	fires_into(&bench, INTX, 0, bench.events[0]);
	bench_close(&bench);
}

static void a_sleep_keeps_it(void **state)
{
	struct bench bench;
	int event;

	(void)state;
	if (!world_has_low_power())
		skip_because("this kernel has no low-power feature");
	bench_open(&bench);
	event = bench.events[0];
	assert_int_equal(eventfds(bench.fd, MSIX, 0, 2, bench.events), 0);
	assert_int_equal(one(bench.fd, REQ, 0, bench.events[4]), 0);
	assert_int_equal(raw_enter(bench.fd), 0);
	host_sees_deep_sleep();
	assert_int_equal(raw_exit(bench.fd), 0);
	for (uint32_t i = 0; i < 2; i++)
		fires_into(&bench, MSIX, i, bench.events[i]);
	assert_true(is_on(&bench, REQ, 0, bench.events[4]));

	/* An eventfd can be that of the wakeup too: this wakes, then signals. */
	assert_int_equal(raw_enter_wakeup(bench.fd, event), 0);
	host_sees_deep_sleep();
	assert_int_equal(none(bench.fd, TRIGGER, MSIX, 0, 1), 0);
	assert_int_equal(raw_take(event), 2);
	bench_close(&bench);
}

/* All of it is the device's, not the fd's: it goes with the last of them. */
static void the_last_close_ends_it(void **state)
{
	struct bench bench;
	int again;

	(void)state;
	bench_open(&bench);
	again = raw_open_again(&bench.raw);
	for (uint32_t index = ERR; index <= REQ; index++)
		assert_int_equal(one(again, index, 0, bench.events[4]), 0);
	assert_int_equal(one(again, MSIX, 0, bench.events[0]), 0);
	close(again);
	fires_into(&bench, MSIX, 0, bench.events[0]);
	raw_close(&bench.raw);

	raw_open(&bench.raw);
	bench.fd = bench.raw.device;
	for (uint32_t index = MSIX; index <= REQ; index++)
		assert_int_equal(none(bench.fd, TRIGGER, index, 0, 1), -EINVAL);
	assert_int_equal(one(bench.fd, INTX, 0, bench.events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[1]), 0);
	assert_int_equal(none(bench.fd, MASK, INTX, 0, 1), 0);
	raw_close(&bench.raw);

	raw_open(&bench.raw);
	bench.fd = bench.raw.device;
	assert_int_equal(none(bench.fd, TRIGGER, INTX, 0, 1), -EINVAL);
	assert_int_equal(one(bench.fd, INTX, 0, bench.events[0]), 0);
	assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[2]), 0);
	fires_into(&bench, INTX, 0, bench.events[0]);
	bench_close(&bench);
}

/* The power state that the user sets by PMCSR: nothing is enabled there but INTx; what is
 * enabled can be changed. */
static void in_user_d3hot(void **state)
{
	struct bench bench;
	unsigned pmcsr;

	(void)state;
	bench_open(&bench);
	pmcsr = raw_pm_capability(bench.fd) + 4;
	assert_int_equal(raw_write_config(bench.fd, pmcsr, 3), 0);
	assert_int_equal(one(bench.fd, MSIX, 0, bench.events[0]), -EINVAL);
	assert_int_equal(one(bench.fd, MSI, 0, bench.events[0]), -EINVAL);
	assert_int_equal(none(bench.fd, TRIGGER, MSIX, 0, 1), -EINVAL);
	assert_int_equal(one(bench.fd, INTX, 0, bench.events[0]), 0);
	assert_true(is_on(&bench, INTX, 0, bench.events[0]));
	assert_int_equal(none(bench.fd, TRIGGER, INTX, 0, 0), 0);
	assert_int_equal(raw_write_config(bench.fd, pmcsr, 0), 0);
	assert_int_equal(eventfds(bench.fd, MSIX, 0, 2, bench.events), 0);

	assert_int_equal(raw_write_config(bench.fd, pmcsr, 3), 0);
	assert_int_equal(one(bench.fd, MSIX, 0, bench.events[2]), 0);
	assert_true(is_on(&bench, MSIX, 0, bench.events[2]));
	assert_int_equal(one(bench.fd, MSIX, 1, -1), 0);
	assert_int_equal(raw_write_config(bench.fd, pmcsr, 0), 0);
	fires_into(&bench, MSIX, 0, bench.events[2]);
	assert_true(is_dead(&bench, MSIX, 1));
	bench_close(&bench);
}

/* ---- MSI, and the one type at a time ---- */

static void msi(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(eventfds(bench.fd, MSI, 0, 0, NULL), -ERANGE);
	assert_int_equal(one(bench.fd, MSI, 0, raw_closed_fd()), -EBADF);
	assert_int_equal(none(bench.fd, TRIGGER, MSI, 0, 1), -EINVAL);
	/* Reserved, then set, then another. */
	assert_int_equal(one(bench.fd, MSI, 0, -1), 0);
	assert_int_equal(none(bench.fd, TRIGGER, MSI, 0, 1), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(one(bench.fd, MSI, 0, bench.events[i]), 0);
		fires_into(&bench, MSI, 0, bench.events[i]);
	}
	assert_int_equal(bools(bench.fd, TRIGGER, MSI, 0, 1, "\1"), 0);
	assert_int_equal(raw_take(bench.events[1]), 1);
	assert_int_equal(one(bench.fd, MSI, 0, raw_closed_fd()), -EBADF);
	assert_true(is_dead(&bench, MSI, 0));
	/* It is enabled still. */
	assert_int_equal(one(bench.fd, MSIX, 0, bench.events[0]), -EINVAL);
	assert_int_equal(one(bench.fd, MSI, 0, bench.events[2]), 0);
	fires_into(&bench, MSI, 0, bench.events[2]);
	assert_int_equal(none(bench.fd, TRIGGER, MSI, 0, 0), 0);
	assert_int_equal(none(bench.fd, TRIGGER, MSI, 0, 0), -EINVAL);
	bench_close(&bench);
}

static void one_type_at_a_time(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	for (uint32_t index = INTX; index <= MSIX; index++) {
		assert_int_equal(one(bench.fd, index, 0, bench.events[0]), 0);
		for (uint32_t other = INTX; other <= MSIX; other++) {
			if (other == index)
				continue;
			assert_int_equal(one(bench.fd, other, 0, bench.events[1]), -EINVAL);
			assert_int_equal(one(bench.fd, other, 0, -1), -EINVAL);
			assert_int_equal(none(bench.fd, TRIGGER, other, 0, 0), -EINVAL);
			assert_int_equal(none(bench.fd, TRIGGER, other, 0, 1), -EINVAL);
		}
		if (index != INTX) {
			assert_int_equal(none(bench.fd, MASK, INTX, 0, 1), -EINVAL);
			assert_int_equal(raw_set_unmask_eventfd(bench.fd, bench.events[1]), -EINVAL);
			assert_int_equal(raw_set_unmask_eventfd(bench.fd, -1), -EINVAL);
		}
		assert_true(is_on(&bench, index, 0, bench.events[0]));
		assert_int_equal(none(bench.fd, TRIGGER, index, 0, 0), 0);
	}
	bench_close(&bench);
}

/* ---- ERR and REQ ---- */

static void err_and_req(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	for (uint32_t index = ERR; index <= REQ; index++) {
		assert_int_equal(none(bench.fd, TRIGGER, index, 0, 1), -EINVAL);
		assert_int_equal(none(bench.fd, TRIGGER, index, 0, 0), -EINVAL);
		assert_int_equal(bools(bench.fd, TRIGGER, index, 0, 0, ""), -EINVAL);
		assert_int_equal(bools(bench.fd, TRIGGER, index, 0, 1, "\1"), 0);
		assert_int_equal(eventfds(bench.fd, index, 0, 0, NULL), -EINVAL);
		assert_int_equal(one(bench.fd, index, 0, -1), 0);
		assert_int_equal(one(bench.fd, index, 0, bench.events[0]), 0);
		assert_true(is_on(&bench, index, 0, bench.events[0]));
		assert_int_equal(one(bench.fd, index, 0, bench.events[1]), 0);
		/* A bad fd leaves the eventfd that is there. */
		assert_int_equal(one(bench.fd, index, 0, raw_closed_fd()), -EBADF);
		assert_int_equal(one(bench.fd, index, 0, bench.raw.group), -EINVAL);
		assert_true(is_on(&bench, index, 0, bench.events[1]));
		assert_int_equal(bools(bench.fd, TRIGGER, index, 0, 1, "\1"), 0);
		assert_int_equal(raw_take(bench.events[1]), 1);
		assert_int_equal(bools(bench.fd, TRIGGER, index, 0, 1, "\0"), 0);
		assert_int_equal(raw_take(bench.events[1]), 0);
		/* More than there are, and one that is not there: before all of it. */
		assert_int_equal(none(bench.fd, TRIGGER, index, 0, 2), -EINVAL);
		assert_int_equal(none(bench.fd, TRIGGER, index, 1, 0), -EINVAL);
		assert_int_equal(none(bench.fd, TRIGGER, index, 0, 0), 0);
		assert_int_equal(none(bench.fd, TRIGGER, index, 0, 0), -EINVAL);
	}
	bench_close(&bench);
}

static void err_and_req_beside_the_others(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	for (uint32_t index = ERR; index <= REQ; index++) {
		for (uint32_t other = INTX; other <= MSIX; other++) {
			assert_int_equal(one(bench.fd, other, 0, bench.events[0]), 0);
			assert_int_equal(one(bench.fd, index, 0, bench.events[1]), 0);
			assert_int_equal(none(bench.fd, TRIGGER, other, 0, 0), 0);
			assert_true(is_on(&bench, index, 0, bench.events[1]));
		}
		/* Closed by the user, the eventfd is signalled all the same. */
		close(bench.events[1]);
		assert_int_equal(none(bench.fd, TRIGGER, index, 0, 1), 0);
		bench.events[1] = raw_eventfd();
	}
	bench_close(&bench);
}

/* Below -1: nothing once, refused in later kernels; it takes nothing away. */
static void err_and_req_below_minus_one(void **state)
{
	int result = world_kernel_is_at_least(6, 12) ? -EINVAL : 0;
	struct bench bench;

	(void)state;
	bench_open(&bench);
	for (uint32_t index = ERR; index <= REQ; index++) {
		assert_int_equal(one(bench.fd, index, 0, -2), result);
		assert_int_equal(one(bench.fd, index, 0, bench.events[0]), 0);
		assert_int_equal(one(bench.fd, index, 0, -2), result);
		assert_int_equal(one(bench.fd, index, 0, INT32_MIN), result);
		assert_true(is_on(&bench, index, 0, bench.events[0]));
	}
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(irq_info),
		IN_WORLD(irq_info_errors),
		IN_WORLD(header),
		IN_WORLD(order_of_checks),
		IN_WORLD(intx_inactive),
		IN_WORLD(intx_trigger),
		IN_WORLD(intx_masks),
		IN_WORLD(intx_masked_stays_masked),
		IN_WORLD(intx_unmask_eventfd),
		IN_WORLD(intx_asleep),
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
		IN_WORLD(err_and_req),
		IN_WORLD(err_and_req_beside_the_others),
		IN_WORLD(err_and_req_below_minus_one),
	};

	return cmocka_run_group_tests_name("uapi-irq", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * Interrupts of a device that is not PCI, on the simulator: independent indexes, one unmask eventfd
 * for each, and the exact number of ioctls.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "host.h"
#include "lib/uapi.h"
#include "raw.h"
#include "sim-fixture.h"
#include "sim.h"
#include "test.h"

/* Indexes 0 to 5 are level interrupts, 6 and 7 are edge interrupts. */
#define IRQS  "LLLLLLEE"
#define COUNT 8
#define EDGE  6

static struct sim_device *sim;
static struct vfiopm_device *dev;
static int fd, events[COUNT], resample, other;

static void open_on(const char *kernel)
{
	struct sim_machine machine = { .kernel = kernel, .platform_irqs = IRQS };

	sim = sim_add(&machine);
	fd = sim_open_device(sim);
	expect_ok(vfiopm_device_new_from_fd(fd, &dev));
	for (int i = 0; i < COUNT; i++)
		events[i] = raw_eventfd();
	resample = raw_eventfd();
	other = raw_eventfd();
}

static int set_up(void **state)
{
	(void)state;
	open_on(NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	vfiopm_device_free(dev);
	close(fd);
	for (int i = 0; i < COUNT; i++)
		close(events[i]);
	close(resample);
	close(other);
	sim_reset();
	return 0;
}

#define expect_issues(count, call)                                                                 \
	do {                                                                                       \
		unsigned before_ = sim_set_irqs(sim);                                              \
		expect_ok(call);                                                                   \
		assert_int_equal(sim_set_irqs(sim) - before_, count);                              \
	} while (0)

#define expect_errno_without_ioctl(error, call)                                                    \
	do {                                                                                       \
		unsigned before_ = sim_set_irqs(sim);                                              \
		expect_errno(error, call);                                                         \
		assert_int_equal(sim_set_irqs(sim), before_);                                      \
	} while (0)

static bool kernel_has(uint32_t index, int event)
{
	return sim_fixture_same(sim_irq_eventfd(sim, index, 0), event);
}

/* The library issues no ioctl for what the kernel has. */
static void check_cache(uint32_t index, int event)
{
	assert_true(kernel_has(index, event));
	expect_issues(0, vfiopm_irq_set_signaling(dev, index, 0, event));
}

/* ---- indexes ---- */

static void information_of_all_indexes(void **state)
{
	uint32_t count, flags;

	(void)state;
	for (uint32_t i = 0; i < COUNT; i++) {
		expect_ok(vfiopm_irq_get_count(dev, i, &count));
		assert_int_equal(count, 1);
		expect_ok(vfiopm_irq_get_flags(dev, i, &flags));
		assert_int_equal(!!(flags & VFIOPM_IRQ_FLAG_MASKABLE), i < EDGE);
		expect_ok(vfiopm_irq_get_available(dev, i, &count));
		assert_int_equal(count, 0);
	}
	expect_errno(EINVAL, vfiopm_irq_get_count(dev, COUNT, &count));
}

static void indexes_are_independent(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < COUNT; i++)
		expect_issues(1, vfiopm_irq_set_signaling(dev, i, 0, events[i]));
	for (uint32_t i = 0; i < COUNT; i++) {
		check_cache(i, events[i]);
		assert_true(sim_fire(sim, i, 0));
		assert_int_equal(raw_take(events[i]), 1);
		for (int j = 0; j < COUNT; j++)
			assert_int_equal(raw_take(events[j]), 0);
	}
	expect_issues(1, vfiopm_irq_disable(dev, 1));
	for (uint32_t i = 0; i < COUNT; i++)
		check_cache(i, i == 1 ? -1 : events[i]);
}

/* An index is enabled while it has an eventfd. */
static void each_change_is_one_ioctl(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < COUNT; i++) {
		expect_issues(0, vfiopm_irq_reserve(dev, i, 1));
		expect_issues(0, vfiopm_irq_disable(dev, i));
		expect_issues(0, vfiopm_irq_set_signaling(dev, i, 0, -1));
		expect_issues(1, vfiopm_irq_set_signaling(dev, i, 0, events[0]));
		expect_issues(0, vfiopm_irq_set_signaling(dev, i, 0, events[0]));
		expect_issues(1, vfiopm_irq_set_signaling(dev, i, 0, events[1]));
		/* No vector was down without being asked for: no count is injected. */
		assert_false(raw_readable(events[1]));
		expect_issues(1, vfiopm_irq_set_signaling(dev, i, 0, -1));
		assert_true(kernel_has(i, -1));
		expect_issues(0, vfiopm_irq_disable(dev, i));
		expect_errno_without_ioctl(EINVAL, vfiopm_irq_trigger(dev, i, 0));
		expect_issues(1, vfiopm_irq_set_signaling(dev, i, 0, events[1]));
		expect_issues(1, vfiopm_irq_disable(dev, i));
		assert_true(kernel_has(i, -1));
	}
}

static void batch_of_many_indexes(void **state)
{
	uint64_t issued, saved, before;

	(void)state;
	expect_ok(vfiopm_irq_set_signaling(dev, 2, 0, events[2]));
	expect_ok(vfiopm_irq_get_stats(dev, &issued, &before));
	expect_ok(vfiopm_irq_begin(dev));
	for (uint32_t i = 0; i < COUNT; i++) {
		expect_issues(0, vfiopm_irq_disable(dev, i));
		expect_issues(0, vfiopm_irq_set_signaling(dev, i, 0, events[i]));
	}
	/* Index 2 has its eventfd already. */
	expect_issues(COUNT - 1, vfiopm_irq_commit(dev));
	for (uint32_t i = 0; i < COUNT; i++)
		check_cache(i, events[i]);
	expect_ok(vfiopm_irq_get_stats(dev, &issued, &saved));
	assert_int_equal(issued, COUNT);
	assert_int_equal(saved - before, 2 * COUNT - (COUNT - 1) + COUNT);
}

static void numbers_that_do_not_exist(void **state)
{
	static const uint32_t wrong[] = { COUNT, COUNT + 1, 256, 1u << 16, UINT32_MAX };
	int two[2] = { events[0], events[1] };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint32_t n = wrong[i];

		expect_errno_without_ioctl(EINVAL, vfiopm_irq_set_signaling(dev, n, 0, other));
		expect_errno_without_ioctl(EINVAL, vfiopm_irq_set_signaling(dev, 0, n, other));
		expect_errno_without_ioctl(EINVAL,
					   vfiopm_irq_set_signaling_range(dev, 0, n, 1, two));
		expect_errno_without_ioctl(EINVAL,
					   vfiopm_irq_set_signaling_range(dev, 0, 0, n, two));
		expect_errno_without_ioctl(EINVAL, vfiopm_irq_reserve(dev, n, 1));
		expect_errno_without_ioctl(EINVAL, vfiopm_irq_reserve(dev, 0, n));
		expect_errno_without_ioctl(EINVAL, vfiopm_irq_disable(dev, n));
		expect_errno_without_ioctl(EINVAL, vfiopm_irq_trigger(dev, n, 0));
		expect_errno_without_ioctl(EINVAL, vfiopm_irq_trigger(dev, 0, n));
		expect_errno_without_ioctl(EINVAL, vfiopm_irq_mask(dev, n, 0));
		expect_errno_without_ioctl(EINVAL, vfiopm_irq_unmask(dev, 0, n));
		expect_errno_without_ioctl(EINVAL, vfiopm_irq_set_unmask_eventfd(dev, n, 0, other));
		expect_errno_without_ioctl(EINVAL, vfiopm_irq_set_unmask_eventfd(dev, 0, n, other));
	}
	expect_errno_without_ioctl(EINVAL, vfiopm_irq_set_signaling_range(dev, 0, 0, 2, two));
}

/* 256 indexes are the most that the library accepts. */
static void number_of_indexes(void **state)
{
	static const unsigned numbers[] = { 0, 1, 256, 257, 512 };
	char irqs[513] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct sim_machine machine = { .platform_irqs = irqs };
		struct vfiopm_device *many = NULL;
		struct sim_device *device;
		int many_fd;

		memset(irqs, 'E', numbers[i]);
		device = sim_add(&machine);
		many_fd = sim_open_device(device);
		if (numbers[i] > 256) {
			expect_errno(EPROTO, vfiopm_device_new_from_fd(many_fd, &many));
			assert_null(many);
		} else {
			expect_ok(vfiopm_device_new_from_fd(many_fd, &many));
			expect_errno(EINVAL, vfiopm_irq_set_signaling(many, numbers[i], 0, other));
		}
		if (many && numbers[i]) {
			expect_ok(vfiopm_irq_set_signaling(many, numbers[i] - 1, 0, other));
			assert_true(sim_fire(device, numbers[i] - 1, 0));
			assert_int_equal(raw_take(other), 1);
		}
		vfiopm_device_free(many);
		close(many_fd);
	}
}

/* ---- loopback and masks ---- */

static void loopback(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < COUNT; i++) {
		expect_errno_without_ioctl(EINVAL, vfiopm_irq_trigger(dev, i, 0));
		expect_ok(vfiopm_irq_set_signaling(dev, i, 0, events[i]));
		expect_issues(1, vfiopm_irq_trigger(dev, i, 0));
		assert_int_equal(raw_take(events[i]), 1);
		expect_issues(1, vfiopm_irq_trigger(dev, i, 0));
		/* The first loopback has masked a level interrupt. */
		assert_int_equal(raw_take(events[i]), i >= EDGE);
	}
}

static void mask_and_unmask(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < EDGE; i++) {
		expect_errno_without_ioctl(EINVAL, vfiopm_irq_mask(dev, i, 0));
		expect_errno_without_ioctl(EINVAL, vfiopm_irq_unmask(dev, i, 0));
		expect_ok(vfiopm_irq_set_signaling(dev, i, 0, events[i]));
		expect_issues(1, vfiopm_irq_mask(dev, i, 0));
		assert_false(sim_fire(sim, i, 0));
		expect_issues(1, vfiopm_irq_unmask(dev, i, 0));
		assert_int_equal(raw_take(events[i]), 1);
		/* The handler has masked the interrupt. It stays masked with another eventfd. */
		expect_ok(vfiopm_irq_disable(dev, i));
		expect_ok(vfiopm_irq_set_signaling(dev, i, 0, other));
		assert_int_equal(raw_take(other), 0);
		expect_issues(1, vfiopm_irq_unmask(dev, i, 0));
		assert_int_equal(raw_take(other), 1);
	}
	for (uint32_t i = EDGE; i < COUNT; i++) {
		expect_ok(vfiopm_irq_set_signaling(dev, i, 0, events[i]));
		expect_errno_without_ioctl(ENOTTY, vfiopm_irq_mask(dev, i, 0));
		expect_errno_without_ioctl(ENOTTY, vfiopm_irq_unmask(dev, i, 0));
		expect_errno_without_ioctl(ENOTTY,
					   vfiopm_irq_set_unmask_eventfd(dev, i, 0, resample));
	}
}

/* ---- the eventfd that unmasks ---- */

static bool is_unmasked_by(uint32_t index, int unmask)
{
	bool delivered;

	expect_ok(vfiopm_irq_mask(dev, index, 0));
	raw_add(unmask, 1);
	delivered = sim_fire(sim, index, 0);
	sim_clear_platform(sim, index);
	expect_ok(vfiopm_irq_unmask(dev, index, 0));
	raw_take(events[index]);
	return delivered;
}

static void each_index_has_its_unmask_eventfd(void **state)
{
	(void)state;
	expect_errno_without_ioctl(EINVAL, vfiopm_irq_set_unmask_eventfd(dev, 3, 0, resample));
	for (uint32_t i = 0; i < EDGE; i++) {
		expect_ok(vfiopm_irq_set_signaling(dev, i, 0, events[i]));
		expect_issues(0, vfiopm_irq_set_unmask_eventfd(dev, i, 0, -1));
		expect_issues(1, vfiopm_irq_set_unmask_eventfd(dev, i, 0, resample));
	}
	for (uint32_t i = 0; i < EDGE; i++) {
		expect_issues(0, vfiopm_irq_set_unmask_eventfd(dev, i, 0, resample));
		assert_true(is_unmasked_by(i, resample));
	}
	/* The kernel cannot replace the eventfd: the library removes it and sets the new one. */
	expect_issues(2, vfiopm_irq_set_unmask_eventfd(dev, 3, 0, other));
	assert_true(is_unmasked_by(3, other));
	assert_false(is_unmasked_by(3, resample));
	assert_true(is_unmasked_by(4, resample));
	assert_false(is_unmasked_by(4, other));
	expect_issues(1, vfiopm_irq_set_unmask_eventfd(dev, 4, 0, -1));
	assert_false(is_unmasked_by(4, resample));
	assert_true(is_unmasked_by(5, resample));
}

static void disable_keeps_the_unmask_eventfd(void **state)
{
	(void)state;
	expect_ok(vfiopm_irq_set_signaling(dev, 3, 0, events[3]));
	expect_ok(vfiopm_irq_set_unmask_eventfd(dev, 3, 0, resample));
	expect_issues(1, vfiopm_irq_disable(dev, 3));
	expect_errno_without_ioctl(EINVAL, vfiopm_irq_set_unmask_eventfd(dev, 3, 0, other));
	expect_ok(vfiopm_irq_set_signaling(dev, 3, 0, events[3]));
	expect_issues(0, vfiopm_irq_set_unmask_eventfd(dev, 3, 0, resample));
	assert_true(is_unmasked_by(3, resample));

	/* It can be removed from a disabled index. */
	expect_ok(vfiopm_irq_disable(dev, 3));
	expect_issues(1, vfiopm_irq_set_unmask_eventfd(dev, 3, 0, -1));
	expect_ok(vfiopm_irq_set_signaling(dev, 3, 0, events[3]));
	assert_false(is_unmasked_by(3, resample));
	expect_issues(1, vfiopm_irq_set_unmask_eventfd(dev, 3, 0, resample));
}

static void unmask_eventfd_of_the_library(void **state)
{
	int own;

	(void)state;
	expect_ok(vfiopm_irq_new_eventfd(dev, &own));
	expect_ok(vfiopm_irq_set_signaling(dev, 5, 0, events[5]));
	expect_ok(vfiopm_irq_set_unmask_eventfd(dev, 5, 0, own));
	expect_errno(EBUSY, vfiopm_irq_free_eventfd(dev, own));
	expect_ok(vfiopm_irq_disable(dev, 5));
	expect_errno(EBUSY, vfiopm_irq_free_eventfd(dev, own));
	expect_ok(vfiopm_irq_set_unmask_eventfd(dev, 5, 0, -1));
	expect_ok(vfiopm_irq_free_eventfd(dev, own));
}

static void failures_of_the_unmask_eventfd(void **state)
{
	static const int second[] = { 0, EIO }, both[] = { 0, EIO, EIO }, first[] = { EIO };

	(void)state;
	expect_ok(vfiopm_irq_set_signaling(dev, 4, 0, events[4]));
	expect_ok(vfiopm_irq_set_unmask_eventfd(dev, 4, 0, resample));
	sim_fail_set_irqs(sim, first, 1);
	expect_errno(EIO, vfiopm_irq_set_unmask_eventfd(dev, 4, 0, other));
	expect_issues(0, vfiopm_irq_set_unmask_eventfd(dev, 4, 0, resample));
	assert_true(is_unmasked_by(4, resample));
	sim_fail_set_irqs(sim, second, 2);
	expect_errno(EIO, vfiopm_irq_set_unmask_eventfd(dev, 4, 0, other));
	expect_issues(0, vfiopm_irq_set_unmask_eventfd(dev, 4, 0, resample));
	assert_true(is_unmasked_by(4, resample));
	sim_fail_set_irqs(sim, both, 3);
	expect_errno(EIO, vfiopm_irq_set_unmask_eventfd(dev, 4, 0, other));
	assert_false(is_unmasked_by(4, resample));
	expect_issues(1, vfiopm_irq_set_unmask_eventfd(dev, 4, 0, resample));
	assert_true(is_unmasked_by(4, resample));
}

/* ---- failures ---- */

/* Before 6.9 the kernel requests the interrupt for each new eventfd, after it has released it. */
static void refused_request_restores_the_old_eventfd(void **state)
{
	static const int errors[] = { ENOMEM, EBUSY, EINVAL, ENOSPC };

	(void)state;
	tear_down(NULL);
	open_on("6.1");
	for (uint32_t i = 0; i < COUNT; i++) {
		for (size_t j = 0; j < sizeof(errors) / sizeof(errors[0]); j++) {
			/* Nothing was set. */
			sim_fail_vector(sim, i, errors[j], 1);
			expect_errno(errors[j], vfiopm_irq_set_signaling(dev, i, 0, events[i]));
			check_cache(i, -1);
			/* The old eventfd is restored. */
			expect_issues(1, vfiopm_irq_set_signaling(dev, i, 0, events[i]));
			sim_fail_vector(sim, i, errors[j], 1);
			expect_errno(errors[j], vfiopm_irq_set_signaling(dev, i, 0, other));
			check_cache(i, events[i]);
			assert_int_equal(raw_take(events[i]), 0);
			/* The kernel refuses the restore too. */
			sim_fail_vector(sim, i, errors[j], 3);
			expect_errno(errors[j], vfiopm_irq_set_signaling(dev, i, 0, other));
			sim_fail_vector(sim, i, 0, 0);
			check_cache(i, -1);
		}
	}
}

/* Since 6.9 a refused request makes each SET_IRQS on the index fail, without effect. */
static void index_whose_interrupt_was_refused(void **state)
{
	(void)state;
	tear_down(NULL);
	open_on("6.12");
	sim_fail_vector(sim, 3, EBUSY, 1000);
	expect_errno(EBUSY, vfiopm_irq_set_signaling(dev, 3, 0, events[3]));
	expect_ok(vfiopm_irq_set_signaling(dev, 2, 0, events[2]));
	sim_fail_vector(sim, 3, 0, 0);
	check_cache(3, -1);
	check_cache(2, events[2]);
}

/* No pattern of failing ioctls leaves a false cache, or makes a loopback reach an index without an
 * eventfd, which the simulator ends with abort(). */
static void no_pattern_of_failures_falsifies_the_cache(void **state)
{
	static const int answers[] = { 0, EIO, ENOSPC };
	int pattern[5];

	(void)state;
	tear_down(NULL);
	open_on("6.1");
	for (int n = 0; n < 3 * 3 * 3 * 3 * 3; n++) {
		uint32_t index = n % 2 ? EDGE : 2;

		for (int i = 0, rest = n; i < 5; i++, rest /= 3)
			pattern[i] = answers[rest % 3];
		expect_ok(vfiopm_irq_set_signaling(dev, index, 0, events[0]));
		sim_fail_set_irqs(sim, pattern, 5);
		vfiopm_irq_set_signaling(dev, index, 0, events[1]);
		vfiopm_irq_trigger(dev, index, 0);
		vfiopm_irq_disable(dev, index);
		vfiopm_irq_trigger(dev, index, 0);
		sim_fail_set_irqs(sim, NULL, 0);
		for (int i = 0; i < 2; i++) {
			expect_ok(vfiopm_irq_set_signaling(dev, index, 0, events[i]));
			check_cache(index, events[i]);
		}
		expect_ok(vfiopm_irq_disable(dev, index));
		check_cache(index, -1);
	}
}

/* Only MSI and MSI-X of PCI return the number of vectors that the host has. */
static void positive_answers_are_errors(void **state)
{
	uint32_t available;

	(void)state;
	for (uint32_t i = 0; i < COUNT; i++) {
		for (unsigned call = 0;; call++) {
			bool is_ioctl;

			sim_calls_answer(call, 1);
			is_ioctl = vfiopm_irq_set_signaling(dev, i, 0, events[i]) == -EPROTO;
			if (sim_calls_end() <= call)
				fail();
			if (is_ioctl && strcmp(sim_call_name(call), "ioctl") == 0)
				break;
			expect_ok(vfiopm_irq_disable(dev, i));
		}
		expect_ok(vfiopm_irq_get_available(dev, i, &available));
		assert_int_equal(available, 0);
		check_cache(i, -1);
	}
}

static void nothing_leaks(void **state)
{
	unsigned before;
	int own;

	(void)state;
	before = host_open_fds();
	for (int round = 0; round < 3; round++) {
		struct vfiopm_device *second;
		int closed = raw_closed_fd();

		expect_ok(vfiopm_device_new_from_fd(fd, &second));
		expect_ok(vfiopm_irq_new_eventfd(second, &own));
		for (uint32_t i = 0; i < COUNT; i++) {
			expect_errno(EBADF, vfiopm_irq_set_signaling(second, i, 0, closed));
			expect_errno(EINVAL, vfiopm_irq_set_signaling(second, i, 0, fd));
			expect_ok(vfiopm_irq_set_signaling(second, i, 0, events[i]));
		}
		for (uint32_t i = 0; i < EDGE; i++) {
			expect_errno(EBADF, vfiopm_irq_set_unmask_eventfd(second, i, 0, closed));
			expect_errno(EINVAL, vfiopm_irq_set_unmask_eventfd(second, i, 0, fd));
			expect_ok(vfiopm_irq_set_unmask_eventfd(second, i, 0, resample));
			expect_ok(vfiopm_irq_set_unmask_eventfd(second, i, 0, i % 2 ? own : -1));
		}
		for (uint32_t i = 0; i < COUNT; i++) {
			expect_ok(vfiopm_irq_disable(second, i));
			if (i < EDGE)
				expect_ok(vfiopm_irq_set_unmask_eventfd(second, i, 0, -1));
		}
		vfiopm_device_free(second);
		assert_int_equal(host_open_fds(), before);
	}
}

/* The interrupts stay set in the kernel when the object is freed. */
static void free_closes_the_duplicates(void **state)
{
	unsigned before = host_open_fds();
	struct vfiopm_device *second;
	int none = -1;

	(void)state;
	expect_ok(vfiopm_device_new_from_fd(fd, &second));
	expect_ok(vfiopm_irq_set_signaling(second, 4, 0, events[4]));
	expect_ok(vfiopm_irq_set_unmask_eventfd(second, 4, 0, resample));
	vfiopm_device_free(second);
	assert_true(kernel_has(4, events[4]));
	expect_ok(raw_set_irqs_eventfd(fd, 4, 0, -1));
	expect_ok(raw_set_irqs(fd, 4, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK, 0, 1,
			       &none));
	assert_int_equal(host_open_fds(), before);
}

/* ---- what only a PCI device has ---- */

static int deliver(void *data, uint32_t vector)
{
	(void)data;
	(void)vector;
	return 0;
}

static void no_msix_object(void **state)
{
	struct vfiopm_msix_ops ops = { .deliver = deliver };
	struct vfiopm_msix *msix = NULL;

	(void)state;
	expect_errno(EINVAL, vfiopm_msix_new(dev, &ops, sizeof(ops), NULL, &msix));
	assert_null(msix);
}

static void no_low_power(void **state)
{
	uint32_t features;

	(void)state;
	expect_ok(vfiopm_get_features(dev, &features));
	assert_int_equal(features, 0);
	expect_errno(ENOTTY, vfiopm_enter(dev));
}

/* INTx remembers its own unmask eventfd, and forgets it when it is disabled. */
static void pci_device_beside_it(void **state)
{
	struct sim_device *pci = sim_add(NULL);
	int pci_fd = sim_open_device(pci);
	struct vfiopm_device *function;
	unsigned before;

	(void)state;
	expect_ok(vfiopm_device_new_from_fd(pci_fd, &function));
	expect_ok(vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_INTX, 0, events[0]));
	expect_ok(vfiopm_irq_set_unmask_eventfd(dev, VFIOPM_IRQ_INTX, 0, resample));
	expect_ok(vfiopm_irq_set_signaling(function, VFIOPM_IRQ_INTX, 0, events[1]));
	expect_errno(EBUSY, vfiopm_irq_set_signaling(function, VFIOPM_IRQ_MSI, 0, events[2]));
	expect_ok(vfiopm_irq_set_unmask_eventfd(function, VFIOPM_IRQ_INTX, 0, resample));
	expect_ok(vfiopm_irq_disable(function, VFIOPM_IRQ_INTX));
	expect_errno(EINVAL, vfiopm_irq_set_unmask_eventfd(function, VFIOPM_IRQ_INTX, 0, -1));
	expect_ok(vfiopm_irq_set_signaling(function, VFIOPM_IRQ_INTX, 0, events[1]));
	before = sim_set_irqs(pci);
	expect_ok(vfiopm_irq_set_unmask_eventfd(function, VFIOPM_IRQ_INTX, 0, resample));
	assert_int_equal(sim_set_irqs(pci) - before, 1);
	vfiopm_device_free(function);
	close(pci_fd);
}

#define ON_DEVICE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_DEVICE(information_of_all_indexes),
		ON_DEVICE(indexes_are_independent),
		ON_DEVICE(each_change_is_one_ioctl),
		ON_DEVICE(batch_of_many_indexes),
		ON_DEVICE(numbers_that_do_not_exist),
		ON_DEVICE(number_of_indexes),
		ON_DEVICE(loopback),
		ON_DEVICE(mask_and_unmask),
		ON_DEVICE(each_index_has_its_unmask_eventfd),
		ON_DEVICE(disable_keeps_the_unmask_eventfd),
		ON_DEVICE(unmask_eventfd_of_the_library),
		ON_DEVICE(failures_of_the_unmask_eventfd),
		ON_DEVICE(refused_request_restores_the_old_eventfd),
		ON_DEVICE(index_whose_interrupt_was_refused),
		ON_DEVICE(no_pattern_of_failures_falsifies_the_cache),
		ON_DEVICE(positive_answers_are_errors),
		ON_DEVICE(nothing_leaks),
		ON_DEVICE(free_closes_the_duplicates),
		ON_DEVICE(no_msix_object),
		ON_DEVICE(no_low_power),
		ON_DEVICE(pci_device_beside_it),
	};

	return cmocka_run_group_tests_name("irq-platform", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/* Tests of the simulated platform device, without the library. No kernel of the lab has one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "raw.h"
#include "set-irqs.h"
#include "sim.h"
#include "test.h"

#define LEVEL 0
#define EDGE  5
#define COUNT 6

static struct sim_device *sim;
static int fd, event, other;

static void begin(void)
{
	struct sim_machine machine = { .platform_irqs = "LLLLLE" };

	sim = sim_add(&machine);
	fd = sim_open_device(sim);
	assert_true(fd >= 0);
	event = raw_eventfd();
	other = raw_eventfd();
}

static void end(void)
{
	close(fd);
	close(event);
	close(other);
	sim_reset();
}

static int set(uint32_t index, int eventfd)
{
	return set_one(fd, index, 0, eventfd);
}

/* Set the eventfd that masks (MASK) or unmasks (UNMASK) an index. */
static int set_virqfd(uint32_t action, uint32_t index, int eventfd)
{
	return raw_set_irqs(fd, index, EVENTFD | action, 0, 1, &eventfd);
}

/* Before 6.9 the kernel requests an interrupt for each new eventfd. */
static bool requests_each(void)
{
	const char *kernel = getenv("VFIOPM_SIM_KERNEL");

	return kernel && (strcmp(kernel, "5.10") == 0 || strcmp(kernel, "6.1") == 0);
}

static void information(void **state)
{
	struct vfio_device_info device = { .argsz = sizeof(device) };
	struct vfio_irq_info info = { .argsz = sizeof(info) };

	(void)state;
	begin();
	assert_int_equal(raw_ioctl(fd, VFIO_DEVICE_GET_INFO, &device), 0);
	assert_int_equal(device.flags, VFIO_DEVICE_FLAGS_PLATFORM);
	assert_int_equal(device.num_irqs, COUNT);
	assert_int_equal(device.num_regions, 0);
	for (uint32_t i = 0; i < COUNT; i++) {
		info.index = i;
		assert_int_equal(raw_ioctl(fd, VFIO_DEVICE_GET_IRQ_INFO, &info), 0);
		assert_int_equal(info.count, 1);
		assert_int_equal(info.flags, i == EDGE ? VFIO_IRQ_INFO_EVENTFD
						       : VFIO_IRQ_INFO_EVENTFD |
								 VFIO_IRQ_INFO_MASKABLE |
								 VFIO_IRQ_INFO_AUTOMASKED);
	}
	info.index = COUNT;
	assert_int_equal(raw_ioctl(fd, VFIO_DEVICE_GET_IRQ_INFO, &info), -EINVAL);
	assert_int_equal(raw_ioctl(fd, VFIO_DEVICE_RESET, NULL), -EINVAL);
	assert_int_equal(raw_read_region(fd, 0, 0), -EINVAL);
	end();
}

static void requests_that_the_kernel_refuses(void **state)
{
	int fds[2] = { event, event }, closed = raw_closed_fd();

	(void)state;
	begin();
	assert_int_equal(set(COUNT, event), -EINVAL);
	assert_int_equal(set_one(fd, LEVEL, 1, event), -EINVAL);
	assert_int_equal(set_eventfds(fd, LEVEL, 0, 2, fds), -EINVAL);
	assert_int_equal(set_eventfds(fd, LEVEL, 0, 0, fds), -EINVAL);
	assert_int_equal(set(LEVEL, closed), -EBADF);
	assert_int_equal(set(LEVEL, fd), -EINVAL);
	assert_int_equal(set_none(fd, MASK, EDGE, 0, 1), -EINVAL);
	assert_int_equal(set_none(fd, UNMASK, EDGE, 0, 1), -EINVAL);
	assert_int_equal(set_virqfd(UNMASK, EDGE, event), -EINVAL);
	assert_int_equal(set_none(fd, MASK, LEVEL, 0, 0), -EINVAL);
	assert_int_equal(set_none(fd, MASK | UNMASK, LEVEL, 0, 1), -ENOTTY);
	assert_int_equal(set_virqfd(UNMASK, LEVEL, closed), -EBADF);
	end();
}

static void indexes_are_independent(void **state)
{
	(void)state;
	begin();
	for (uint32_t i = 0; i < COUNT; i++)
		assert_int_equal(set(i, i % 2 ? event : other), 0);
	for (uint32_t i = 0; i < COUNT; i++)
		assert_true(sim_fire(sim, i, 0));
	assert_int_equal(raw_take(event), 3);
	assert_int_equal(raw_take(other), 3);
	assert_false(sim_fire(sim, COUNT, 0));
	assert_false(sim_fire(sim, 0, 1));
	assert_int_equal(sim_irq_active(sim), -1);
	assert_int_equal(set_none(fd, TRIGGER, 1, 0, 0), 0);
	assert_int_equal(sim_irq_eventfd(sim, 1, 0), -1);
	assert_true(sim_irq_eventfd(sim, 3, 0) >= 0);
	end();
}

static void level_interrupt_masks_itself(void **state)
{
	(void)state;
	begin();
	assert_int_equal(set(LEVEL, event), 0);
	assert_true(sim_fire(sim, LEVEL, 0));
	assert_false(sim_fire(sim, LEVEL, 0));
	assert_int_equal(raw_take(event), 1);
	/* The level is still raised. */
	assert_int_equal(set_none(fd, UNMASK, LEVEL, 0, 1), 0);
	assert_int_equal(raw_take(event), 1);
	sim_clear_platform(sim, LEVEL);
	assert_int_equal(set_bools(fd, UNMASK, LEVEL, 0, 1, "\0"), 0);
	assert_false(sim_fire(sim, LEVEL, 0));
	sim_clear_platform(sim, LEVEL);
	assert_int_equal(set_bools(fd, UNMASK, LEVEL, 0, 1, "\1"), 0);
	assert_int_equal(raw_take(event), 0);

	/* The mask outlives the eventfd. */
	assert_int_equal(set_none(fd, MASK, LEVEL, 0, 1), 0);
	assert_int_equal(set(LEVEL, -1), 0);
	assert_int_equal(set(LEVEL, other), 0);
	assert_false(sim_fire(sim, LEVEL, 0));
	assert_int_equal(set_none(fd, UNMASK, LEVEL, 0, 1), 0);
	assert_int_equal(raw_take(other), 1);

	/* A loopback masks too. */
	sim_clear_platform(sim, LEVEL);
	assert_int_equal(set_none(fd, UNMASK, LEVEL, 0, 1), 0);
	assert_int_equal(set_none(fd, TRIGGER, LEVEL, 0, 1), 0);
	assert_int_equal(set_bools(fd, TRIGGER, LEVEL, 0, 1, "\1"), 0);
	assert_int_equal(raw_take(other), 1);
	end();
}

static void edge_interrupt_has_no_mask(void **state)
{
	(void)state;
	begin();
	assert_false(sim_fire(sim, EDGE, 0));
	assert_int_equal(set(EDGE, event), 0);
	assert_int_equal(raw_take(event), 0);
	assert_true(sim_fire(sim, EDGE, 0));
	assert_true(sim_fire(sim, EDGE, 0));
	assert_int_equal(set_none(fd, TRIGGER, EDGE, 0, 1), 0);
	assert_int_equal(set_bools(fd, TRIGGER, EDGE, 0, 1, "\0"), 0);
	assert_int_equal(raw_take(event), 3);
	end();
}

static void eventfds_that_mask_and_unmask(void **state)
{
	int unmask = raw_eventfd(), mask = raw_eventfd();

	(void)state;
	begin();
	assert_int_equal(set(LEVEL, event), 0);
	assert_int_equal(set_virqfd(UNMASK, LEVEL, unmask), 0);
	assert_int_equal(set_virqfd(UNMASK, LEVEL, unmask), -EBUSY);
	assert_int_equal(set_virqfd(UNMASK, LEVEL + 1, unmask), 0);
	assert_int_equal(set_virqfd(MASK, LEVEL, mask), 0);
	assert_true(sim_fire(sim, LEVEL, 0));
	sim_clear_platform(sim, LEVEL);
	assert_int_equal(set(LEVEL + 1, other), 0);
	assert_true(sim_fire(sim, LEVEL + 1, 0));
	sim_clear_platform(sim, LEVEL + 1);
	/* One signal unmasks both indexes. */
	raw_add(unmask, 1);
	assert_true(sim_fire(sim, LEVEL + 1, 0));
	assert_true(sim_fire(sim, LEVEL, 0));
	sim_clear_platform(sim, LEVEL);
	raw_add(unmask, 1);
	sim_handle_signals();
	raw_add(mask, 1);
	assert_false(sim_fire(sim, LEVEL, 0));
	sim_clear_platform(sim, LEVEL);

	/* A change of the eventfd keeps both. The close of the last fd removes one. */
	assert_int_equal(set(LEVEL, -1), 0);
	assert_int_equal(set_virqfd(UNMASK, LEVEL, unmask), -EBUSY);
	assert_int_equal(set_virqfd(UNMASK, LEVEL, -1), 0);
	assert_int_equal(set_virqfd(UNMASK, LEVEL, unmask), 0);
	close(unmask);
	assert_int_equal(set_virqfd(UNMASK, LEVEL, mask), 0);
	close(mask);
	end();
}

/* vfio_set_trigger() drops the old eventfd before it can fail. */
static void failures_drop_the_eventfd(void **state)
{
	(void)state;
	begin();
	assert_int_equal(set(EDGE, event), 0);
	assert_int_equal(set(EDGE, fd), -EINVAL);
	assert_int_equal(sim_irq_eventfd(sim, EDGE, 0), -1);

	assert_int_equal(set(EDGE, event), 0);
	sim_fail_vector(sim, EDGE, ENOMEM, 1);
	assert_int_equal(set(LEVEL, event), 0);
	assert_int_equal(set(EDGE, other), -ENOMEM);
	assert_int_equal(sim_irq_eventfd(sim, EDGE, 0) < 0, requests_each());
	assert_int_equal(set(EDGE, other), 0);
	assert_true(sim_fire(sim, EDGE, 0));
	assert_int_equal(raw_take(other), 1);
	end();
}

static void last_close_releases_all(void **state)
{
	int unmask = raw_eventfd();

	(void)state;
	begin();
	assert_int_equal(set(LEVEL, event), 0);
	assert_int_equal(set_none(fd, MASK, LEVEL, 0, 1), 0);
	assert_int_equal(set_virqfd(UNMASK, LEVEL, unmask), 0);
	close(fd);
	fd = sim_open_device(sim);
	assert_int_equal(sim_irq_eventfd(sim, LEVEL, 0), -1);
	assert_int_equal(set_virqfd(UNMASK, LEVEL, unmask), 0);
	assert_int_equal(set(LEVEL, event), 0);
	assert_true(sim_fire(sim, LEVEL, 0));
	end();
	close(unmask);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(information),
		cmocka_unit_test(requests_that_the_kernel_refuses),
		cmocka_unit_test(indexes_are_independent),
		cmocka_unit_test(level_interrupt_masks_itself),
		cmocka_unit_test(edge_interrupt_has_no_mask),
		cmocka_unit_test(eventfds_that_mask_and_unmask),
		cmocka_unit_test(failures_drop_the_eventfd),
		cmocka_unit_test(last_close_releases_all),
	};

	return cmocka_run_group_tests_name("sim-platform", tests, NULL, NULL);
}

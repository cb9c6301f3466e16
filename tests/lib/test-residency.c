// SPDX-License-Identifier: MIT
/*
 * Low-power residency, side by side on a real kernel: the share of ten seconds that a
 * device sleeps while nothing is done, while its eventfd is set again and again by a
 * plain ioctl, and while the same is done through the library.
 */
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "host.h"
#include "lib/uapi.h"
#include "raw.h"
#include "test.h"
#include "world.h"

struct bench {
	struct raw raw;
	struct vfiopm_device *dev;
	int event;
};

static void set_by_ioctl(void *data)
{
	const struct bench *bench = data;

	expect_ok(
		raw_set_irqs_eventfd(bench->raw.device, VFIO_PCI_MSIX_IRQ_INDEX, 0, bench->event));
}

static void set_by_library(void *data)
{
	const struct bench *bench = data;

	expect_ok(vfiopm_irq_set_signaling(bench->dev, VFIOPM_IRQ_MSIX, 0, bench->event));
}

static void side_by_side(void **state)
{
	struct bench bench;
	double idle, plain_100, plain_10, library_100, library_10;

	(void)state;
	world_need_low_power();
	raw_open(&bench.raw);
	bench.event = raw_eventfd();
	expect_ok(vfiopm_device_new_from_fd(bench.raw.device, &bench.dev));
	expect_ok(vfiopm_irq_set_signaling(bench.dev, VFIOPM_IRQ_MSIX, 0, bench.event));
	expect_ok(vfiopm_enter(bench.dev));

	idle = host_share_asleep(1000, NULL, NULL);
	plain_100 = host_share_asleep(100, set_by_ioctl, &bench);
	plain_10 = host_share_asleep(10, set_by_ioctl, &bench);
	library_100 = host_share_asleep(100, set_by_library, &bench);
	library_10 = host_share_asleep(10, set_by_library, &bench);

	print_message("# share of 10 s asleep, Linux %s:\n"
		      "#   nothing is done                                %6.2f %%\n"
		      "#   SET_IRQS, eventfd unchanged, every 100 ms      %6.2f %%\n"
		      "#   the same every 10 ms                           %6.2f %%\n"
		      "#   vfiopm_irq_set_signaling(), every 100 ms       %6.2f %%\n"
		      "#   the same every 10 ms                           %6.2f %%\n",
		      world_kernel(), idle, plain_100, plain_10, library_100, library_10);
	assert_true(idle > 99);
	assert_true(plain_10 < 50);
	assert_true(library_100 > idle - 0.5);
	assert_true(library_10 > idle - 0.5);

	expect_ok(vfiopm_exit(bench.dev));
	vfiopm_device_free(bench.dev);
	close(bench.event);
	raw_close(&bench.raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_WORLD(side_by_side) };

	return cmocka_run_group_tests_name("residency", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * Low-power residency on a real kernel: the share of ten seconds that the device is suspended. The
 * test compares an idle VMM, a VMM that sets the unchanged eventfd by a plain ioctl, and a VMM that
 * does the same through the library.
 */
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "host.h"
#include "lib/uapi.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

struct fixture {
	struct raw raw;
	struct vfiopm_device *dev;
	int event;
};

static void set_by_ioctl(void *data)
{
	const struct fixture *fixture = data;

	expect_ok(raw_set_irqs_eventfd(fixture->raw.device, VFIO_PCI_MSIX_IRQ_INDEX, 0,
				       fixture->event));
}

static void set_by_library(void *data)
{
	const struct fixture *fixture = data;

	expect_ok(vfiopm_irq_set_signaling(fixture->dev, VFIOPM_IRQ_MSIX, 0, fixture->event));
}

static void unchanged_eventfd_keeps_the_device_suspended(void **state)
{
	struct fixture fixture;
	double idle, plain_100, plain_10, library_100, library_10;

	(void)state;
	testbed_need_low_power();
	raw_open(&fixture.raw);
	fixture.event = raw_eventfd();
	expect_ok(vfiopm_device_new_from_fd(fixture.raw.device, &fixture.dev));
	expect_ok(vfiopm_irq_set_signaling(fixture.dev, VFIOPM_IRQ_MSIX, 0, fixture.event));
	expect_ok(vfiopm_enter(fixture.dev));

	idle = host_share_asleep(1000, NULL, NULL);
	plain_100 = host_share_asleep(100, set_by_ioctl, &fixture);
	plain_10 = host_share_asleep(10, set_by_ioctl, &fixture);
	library_100 = host_share_asleep(100, set_by_library, &fixture);
	library_10 = host_share_asleep(10, set_by_library, &fixture);

	print_message("# share of 10 s that the device is suspended, Linux %s:\n"
		      "#   idle                                           %6.2f %%\n"
		      "#   SET_IRQS, eventfd unchanged, every 100 ms      %6.2f %%\n"
		      "#   the same every 10 ms                           %6.2f %%\n"
		      "#   vfiopm_irq_set_signaling(), every 100 ms       %6.2f %%\n"
		      "#   the same every 10 ms                           %6.2f %%\n",
		      testbed_kernel(), idle, plain_100, plain_10, library_100, library_10);
	assert_true(idle > 99);
	assert_true(plain_10 < 50);
	assert_true(library_100 > idle - 0.5);
	assert_true(library_10 > idle - 0.5);

	expect_ok(vfiopm_exit(fixture.dev));
	vfiopm_device_free(fixture.dev);
	close(fixture.event);
	raw_close(&fixture.raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = { ON_TESTBED(
		unchanged_eventfd_keeps_the_device_suspended) };

	return cmocka_run_group_tests_name("residency", tests, NULL, NULL);
}

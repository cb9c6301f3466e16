// SPDX-License-Identifier: MIT
/* The functions of testbed.h that are the same on the simulator and in the lab. Most of them
 * depend only on the kernel's name. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "test.h"
#include "testbed.h"

#define FDS 256

static bool open_before[FDS];

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

int testbed_setup(void **state)
{
	(void)state;
	testbed_begin();
	for (int fd = 0; fd < FDS; fd++)
		open_before[fd] = is_open(fd);
	return 0;
}

int testbed_teardown(void **state)
{
	(void)state;
	/* The device fd has the highest number. Close it before the group and the container. */
	for (int fd = FDS - 1; fd >= 0; fd--) {
		if (is_open(fd) && !open_before[fd])
			close(fd);
	}
	testbed_end();
	return 0;
}

bool testbed_kernel_is_at_least(int major, int minor)
{
	/* The simulated kernels with the low-power patches v2, v3 and v4 are of 2022. */
	int have_major = 5, have_minor = 19;

	if (testbed_kernel()[0] != 'v') {
		have_minor = 0;
		assert_true(sscanf(testbed_kernel(), "%d.%d", &have_major, &have_minor) >= 1);
	}
	/* The name "7" has no minor number, which then counts as 0. */
	return have_major > major || (have_major == major && have_minor >= minor);
}

bool testbed_has_low_power(void)
{
	return testbed_kernel_is_at_least(6, 1);
}

void testbed_need_low_power(void)
{
	if (!testbed_has_low_power())
		skip_because("this kernel has no low-power feature");
}

bool testbed_has_cdev(void)
{
	return strstr(testbed_kernel(), "iommufd") != NULL;
}

/* Without native hot-plug, which the lab needs for D3cold, QEMU's root port does not report that
 * its link is active, and the kernel gives the bus up after the reset (drivers/pci/pci.c,
 * pci_bridge_wait_for_secondary_bus(): "Data Link Layer Link Active not set"). */
bool testbed_has_hot_reset(void)
{
	return testbed_is_simulated() || testbed_has_d3cold();
}

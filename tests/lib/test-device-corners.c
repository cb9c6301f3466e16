// SPDX-License-Identifier: MIT
/* Devices and answers that no kernel of the lab shows, on the simulator. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "host.h"
#include "sim.h"
#include "test.h"
#include "testbed.h"

static void the_version_is_that_of_the_headers(void **state)
{
	(void)state;
	assert_int_equal(vfiopm_get_version(), VFIOPM_VERSION);
	assert_int_equal(VFIOPM_MAKE_VERSION(1, 2, 3), 0x10203);
}

static int deliver(void *data, uint32_t vector)
{
	(void)data;
	(void)vector;
	return 0;
}

/* vfio-platform: fdinfo names a directory, which has no PCI address. */
static void a_platform_device_has_a_readout_and_no_address(void **state)
{
	const struct sim_machine machine = { .kernel = "7", .platform_irqs = "" };
	const struct vfiopm_msix_ops ops = { .deliver = deliver };
	int fd = sim_open_device(sim_add(&machine));
	struct vfiopm_msix *msix = NULL;
	const char *address = NULL;
	struct vfiopm_device *dev;
	uint64_t issued, saved;
	uint32_t value;

	(void)state;
	expect_ok(vfiopm_device_new_from_fd(fd, &dev));
	expect_errno(ENXIO, vfiopm_device_get_address(dev, &address));
	assert_null(address);
	expect_ok(vfiopm_readout_get_control(dev, &value));
	assert_int_equal(value, VFIOPM_CONTROL_AUTO);
	expect_errno(ENOENT, vfiopm_readout_get_power_state(dev, &value));
	expect_errno(ENOENT, vfiopm_readout_get_d3cold_allowed(dev, &value));
	/* The place is known, so no other can be set. */
	expect_errno(EALREADY, vfiopm_device_set_address(dev, testbed_device()));

	/* It has no interrupts. */
	for (uint32_t i = VFIOPM_IRQ_INTX; i <= VFIOPM_IRQ_REQ; i++) {
		expect_errno(EINVAL, vfiopm_irq_get_count(dev, i, &value));
		expect_errno(EINVAL, vfiopm_irq_set_signaling(dev, i, 0, -1));
		expect_errno(EINVAL, vfiopm_irq_mask(dev, i, 0));
		expect_errno(EINVAL, vfiopm_irq_trigger(dev, i, 0));
		expect_errno(EINVAL, vfiopm_irq_reserve(dev, i, 1));
		expect_errno(EINVAL, vfiopm_irq_disable(dev, i));
	}
	expect_errno(EINVAL, vfiopm_msix_new(dev, &ops, sizeof(ops), NULL, &msix));
	assert_null(msix);
	expect_ok(vfiopm_irq_get_stats(dev, &issued, &saved));
	assert_int_equal(issued, 0);
	vfiopm_device_free(dev);
	close(fd);
	sim_reset();
}

static void a_device_without_msix_has_no_msix_object(void **state)
{
	const struct vfiopm_msix_ops ops = { .deliver = deliver };
	const struct sim_machine machine = { .no_msix = true };
	int fd = sim_open_device(sim_add(&machine));
	struct vfiopm_msix *msix = NULL;
	struct vfiopm_device *dev;
	uint32_t count;

	(void)state;
	expect_ok(vfiopm_device_new_from_fd(fd, &dev));
	expect_ok(vfiopm_irq_get_count(dev, VFIOPM_IRQ_MSIX, &count));
	assert_int_equal(count, 0);
	expect_errno(EINVAL, vfiopm_msix_new(dev, &ops, sizeof(ops), NULL, &msix));
	assert_null(msix);
	vfiopm_device_free(dev);
	close(fd);
	sim_reset();
}

/* MSI-X has at most 2048 vectors. */
static void an_impossible_number_of_vectors_is_refused(void **state)
{
	static const unsigned counts[] = { 4096, 4097, UINT32_MAX };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		const struct sim_machine machine = { .msix_vectors = counts[i] };
		int fd = sim_open_device(sim_add(&machine));
		struct vfiopm_device *dev = NULL;
		unsigned fds = host_open_fds();

		if (counts[i] == 4096) {
			expect_ok(vfiopm_device_new_from_fd(fd, &dev));
		} else {
			expect_errno(EPROTO, vfiopm_device_new_from_fd(fd, &dev));
			assert_null(dev);
		}
		vfiopm_device_free(dev);
		assert_int_equal(host_open_fds(), fds);
		close(fd);
		sim_reset();
	}
}

/* The kernel has a cdev for the device, and no iommufd. */
static void without_an_iommufd_the_group_is_used(void **state)
{
	const struct sim_machine machine = { .kernel = "6.12-iommufd" };
	unsigned calls, second = 0, opens = 0, fds;
	struct vfiopm_device *dev = NULL;

	(void)state;
	sim_add(&machine);
	fds = host_open_fds();
	sim_calls_begin();
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	calls = sim_calls_end();
	vfiopm_device_free(dev);
	for (unsigned i = 0; i < calls; i++) {
		if (strcmp(sim_call_name(i), "open") == 0 && ++opens == 2)
			second = i;
	}
	sim_calls_fail(second, ENOENT);
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	sim_calls_end();
	vfiopm_device_free(dev);
	assert_int_equal(host_open_fds(), fds);
	sim_reset();
}

static void a_group_without_a_number_is_refused(void **state)
{
	static const char *const names[] = { "", "seven", "7a", "-7", "4294967296" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct sim_machine machine = { .group_name = names[i] };
		struct vfiopm_device *dev = NULL;
		unsigned fds;

		sim_add(&machine);
		fds = host_open_fds();
		expect_errno(EPROTO, vfiopm_device_open(testbed_device(), &dev));
		assert_null(dev);
		assert_int_equal(host_open_fds(), fds);
		sim_reset();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_version_is_that_of_the_headers),
		cmocka_unit_test(a_platform_device_has_a_readout_and_no_address),
		cmocka_unit_test(a_device_without_msix_has_no_msix_object),
		cmocka_unit_test(an_impossible_number_of_vectors_is_refused),
		cmocka_unit_test(without_an_iommufd_the_group_is_used),
		cmocka_unit_test(a_group_without_a_number_is_refused),
	};

	return cmocka_run_group_tests_name("device-corners", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * Opening what the lab does not have, on the simulator: VFs with a token, devices without an IOMMU;
 * and each errno of vfiopm_device_open_with().
 */
#include <errno.h>
#include <string.h>

#include <linux/vfio.h>
#include <vfiopm/vfiopm.h>

#include "calls.h"
#include "host.h"
#include "raw.h"
#include "sim.h"
#include "test.h"
#include "testbed.h"

#define TOKEN "12345678-9abc-def0-1234-56789abcdef0"

/* Each of these opens by another path: the group; the group after the cdev, which takes no token
 * before 6.17; the cdev. */
static const char *const kernels[] = { "6.1", "6.12", "6.12-iommufd", "7-iommufd" };

static int open_with(const char *token, int allow_noiommu, struct vfiopm_device **ret_dev)
{
	const struct vfiopm_open_options options = { token, allow_noiommu };

	return vfiopm_device_open_with(testbed_device(), &options, sizeof(options), ret_dev);
}

static void a_token_opens_a_vf(void **state)
{
	struct vfiopm_device *dev = NULL;
	uint32_t ioas;
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		const struct sim_machine machine = { .kernel = kernels[i], .vf_token = TOKEN };
		bool by_cdev = strcmp(kernels[i], "7-iommufd") == 0;
		unsigned fds = host_open_fds();

		sim_add(&machine);
		fds = host_open_fds();
		expect_errno(EACCES, open_with("12345678-9abc-def0-1234-56789abcdef1", 0, &dev));
		assert_null(dev);
		expect_ok(open_with(TOKEN, 0, &dev));
		assert_int_equal(vfiopm_device_get_iommufd(dev, &fd, &ioas), by_cdev ? 0 : -ENOENT);
		assert_int_equal(vfiopm_device_get_container(dev, &fd), by_cdev ? -ENOENT : 0);
		dev = vfiopm_device_free(dev);
		/* The text has upper or lower case. */
		expect_ok(open_with("12345678-9ABC-DEF0-1234-56789aBcDeF0", 0, &dev));
		dev = vfiopm_device_free(dev);
		assert_int_equal(host_open_fds(), fds);
		sim_reset();
	}
}

/* A bind did not check the token before 6.17, so only that kernel opens the VF without it. */
static void a_vf_without_its_token_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		const struct sim_machine machine = { .kernel = kernels[i], .vf_token = TOKEN };
		bool unchecked = strcmp(kernels[i], "6.12-iommufd") == 0;
		struct vfiopm_device *dev = NULL;

		sim_add(&machine);
		if (unchecked) {
			expect_ok(vfiopm_device_open(testbed_device(), &dev));
		} else {
			expect_errno(EACCES, vfiopm_device_open(testbed_device(), &dev));
			assert_null(dev);
		}
		vfiopm_device_free(dev);
		sim_reset();
	}
}

static void a_token_for_another_device_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		const struct sim_machine machine = { .kernel = kernels[i] };
		struct vfiopm_device *dev = NULL;
		unsigned fds;

		sim_add(&machine);
		fds = host_open_fds();
		expect_errno(EINVAL, open_with(TOKEN, 0, &dev));
		assert_null(dev);
		assert_int_equal(host_open_fds(), fds);
		sim_reset();
	}
}

/* Without groups, the errno of the bind is returned. */
static void a_kernel_without_groups_reports_the_refused_token(void **state)
{
	const struct sim_machine machine = { .kernel = "7-iommufd", .no_group = true };
	struct vfiopm_device *dev = NULL;

	(void)state;
	sim_add(&machine);
	expect_errno(EINVAL, open_with(TOKEN, 0, &dev));
	assert_null(dev);
	expect_ok(open_with(NULL, 0, &dev));
	vfiopm_device_free(dev);
	sim_reset();
}

/* The library refuses the text before any system call. */
static void a_malformed_token_reaches_no_kernel(void **state)
{
	static const char *const texts[] = {
		"",
		"12345678-9abc-def0-1234+56789abcdef0",
		"12345678+9abc-def0-1234-56789abcdef0",
		TOKEN "0",
		TOKEN " ",
		"12345678-9abc-def0-1234-56789abcdefg",
	};
	struct vfiopm_device *dev = NULL;

	(void)state;
	sim_add(NULL);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		sim_calls_begin();
		expect_errno(EINVAL, open_with(texts[i], 0, &dev));
		assert_int_equal(sim_calls_end(), 0);
	}
	assert_null(dev);
	sim_reset();
}

static void a_device_without_an_iommu_needs_a_wish(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		const struct sim_machine machine = { .kernel = kernels[i], .noiommu = true };
		struct vfio_iommu_type1_dma_map map = { .argsz = sizeof(map), .flags = 3 };
		struct vfiopm_device *dev = NULL;
		unsigned fds;
		int fd;

		sim_add(&machine);
		fds = host_open_fds();
		expect_errno(ENOENT, vfiopm_device_open(testbed_device(), &dev));
		expect_errno(ENOENT, open_with(NULL, 0, &dev));
		assert_null(dev);
		assert_int_equal(host_open_fds(), fds);
		expect_ok(open_with(NULL, 1, &dev));
		expect_ok(vfiopm_device_get_container(dev, &fd));
		assert_int_equal(raw_ioctl(fd, VFIO_IOMMU_MAP_DMA, &map), -ENOTTY);
		expect_ok(vfiopm_enter(dev));
		expect_ok(vfiopm_exit(dev));
		vfiopm_device_free(dev);
		assert_int_equal(host_open_fds(), fds);
		sim_reset();
	}
}

/* ---- errnos ---- */

/* The index of the nth call of this name when the device is opened by its group. */
static unsigned call_of_open(const char *name, unsigned nth)
{
	struct vfiopm_device *dev;
	unsigned count;

	sim_calls_begin();
	expect_ok(open_with(NULL, 1, &dev));
	count = sim_calls_end();
	vfiopm_device_free(dev);
	return calls_find(count, name, nth);
}

static void each_errno_of_the_kernel_is_returned(void **state)
{
	const struct vfiopm_open_options options = { .allow_noiommu = 1 };
	const struct sim_machine machine = { .noiommu = true };
	const size_t size = sizeof(options);
	const char *address = testbed_device();
	unsigned group, set_container, get_device, info, fds;
	struct vfiopm_device *dev = NULL;

	(void)state;
	sim_add(&machine);
	/* The cdev and the node of a group with an IOMMU come first. */
	group = call_of_open("open", 2);
	set_container = call_of_open("ioctl", 1);
	get_device = call_of_open("ioctl", 3);
	info = call_of_open("ioctl", 4);
	fds = host_open_fds();

	sim_calls_fail(group, EACCES);
	expect_errno(EACCES, vfiopm_device_open_with(address, &options, size, &dev));
	/* The process has no CAP_SYS_RAWIO. */
	sim_calls_fail(group, EPERM);
	expect_errno(EPERM, vfiopm_device_open_with(address, &options, size, &dev));
	sim_calls_fail(set_container, EPERM);
	expect_errno(EPERM, vfiopm_device_open_with(address, &options, size, &dev));
	sim_calls_fail(group, ENOENT);
	expect_errno(ENOENT, vfiopm_device_open_with(address, &options, size, &dev));
	sim_calls_fail(group, EBUSY);
	expect_errno(EBUSY, vfiopm_device_open_with(address, &options, size, &dev));
	sim_calls_fail(group, EMFILE);
	expect_errno(EMFILE, vfiopm_device_open_with(address, &options, size, &dev));
	sim_calls_fail(group, ENFILE);
	expect_errno(ENFILE, vfiopm_device_open_with(address, &options, size, &dev));
	sim_calls_fail(group, ENODEV);
	expect_errno(ENODEV, vfiopm_device_open_with(address, &options, size, &dev));
	sim_calls_fail(get_device, EAGAIN);
	expect_errno(EAGAIN, vfiopm_device_open_with(address, &options, size, &dev));
	sim_calls_fail(info, EIO);
	expect_errno(EIO, vfiopm_device_open_with(address, &options, size, &dev));
	sim_calls_fail(info, ENOMEM);
	expect_errno(ENOMEM, vfiopm_device_open_with(address, &options, size, &dev));
	sim_calls_answer(info, 1);
	expect_errno(EPROTO, vfiopm_device_open_with(address, &options, size, &dev));
	sim_calls_end();
	assert_null(dev);
	assert_int_equal(host_open_fds(), fds);
	sim_reset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_opens_a_vf),
		cmocka_unit_test(a_vf_without_its_token_is_refused),
		cmocka_unit_test(a_token_for_another_device_is_refused),
		cmocka_unit_test(a_kernel_without_groups_reports_the_refused_token),
		cmocka_unit_test(a_malformed_token_reaches_no_kernel),
		cmocka_unit_test(a_device_without_an_iommu_needs_a_wish),
		cmocka_unit_test(each_errno_of_the_kernel_is_returned),
	};

	return cmocka_run_group_tests_name("open-corners", tests, NULL, NULL);
}

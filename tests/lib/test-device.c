// SPDX-License-Identifier: MIT
/* Tests of the device object: creation from an fd, open by address, trace and readout. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "host.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

/* A call that fails must leave this value in its output. */
static struct vfiopm_device *const untouched = (struct vfiopm_device *)(uintptr_t)1;

/* ---- creation from an fd ---- */

static void device_from_fd(void **state)
{
	struct vfiopm_device *dev = NULL;
	struct raw raw;
	unsigned fds;

	(void)state;
	raw_open(&raw);
	fds = host_open_fds();
	expect_ok(vfiopm_device_new_from_fd(raw.device, &dev));
	assert_int_equal(vfiopm_device_get_fd(dev), raw.device);
	assert_null(vfiopm_device_free(dev));
	/* The object did not own the fd, and it leaves no other fd open. */
	assert_int_equal(raw_info(raw.device), 0);
	assert_int_equal(host_open_fds(), fds);
	raw_close(&raw);
}

static void wrong_fds_are_refused(void **state)
{
	int closed = raw_closed_fd(), file = open("/dev/null", O_RDWR), event = raw_eventfd();
	struct vfiopm_device *dev = untouched;
	struct raw raw;

	(void)state;
	raw_open(&raw);
	expect_errno(EINVAL, vfiopm_device_new_from_fd(raw.device, NULL));
	expect_errno(EBADF, vfiopm_device_new_from_fd(-1, &dev));
	expect_errno(EBADF, vfiopm_device_new_from_fd(closed, &dev));
	expect_errno(ENOTTY, vfiopm_device_new_from_fd(file, &dev));
	expect_errno(ENOTTY, vfiopm_device_new_from_fd(event, &dev));
	expect_errno(ENOTTY, vfiopm_device_new_from_fd(raw.group, &dev));
	/* A container with an IOMMU passes the ioctl to the IOMMU driver. */
	expect_errno(ENOTTY, vfiopm_device_new_from_fd(raw.iommu, &dev));
	raw_close(&raw);

	raw.iommu = open("/dev/vfio/vfio", O_RDWR);
	assert_true(raw.iommu >= 0);
	expect_errno(EINVAL, vfiopm_device_new_from_fd(raw.iommu, &dev));
	close(raw.iommu);
	assert_ptr_equal(dev, untouched);
	close(file);
	close(event);
}

static void unbound_cdev_is_refused(void **state)
{
	struct vfiopm_device *dev = untouched;
	int fd;

	(void)state;
	if (!testbed_has_cdev())
		skip_because("this kernel has no device cdev");
	fd = open("/dev/vfio/devices/vfio0", O_RDWR);
	assert_true(fd >= 0);
	expect_errno(EINVAL, vfiopm_device_new_from_fd(fd, &dev));
	assert_ptr_equal(dev, untouched);
	close(fd);
}

static void null_device_is_refused(void **state)
{
	const char *address;

	(void)state;
	assert_null(vfiopm_device_free(NULL));
	expect_errno(EINVAL, vfiopm_device_get_fd(NULL));
	expect_errno(EINVAL, vfiopm_device_set_address(NULL, testbed_device()));
	expect_errno(EINVAL, vfiopm_device_get_address(NULL, &address));
}

/* ---- open by address ---- */

static void open_by_address(void **state)
{
	struct vfiopm_device *dev = NULL, *second = untouched;
	const char *address = NULL;
	unsigned fds = host_open_fds();
	int fd;

	(void)state;
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	fd = vfiopm_device_get_fd(dev);
	assert_int_equal(raw_info(fd), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	expect_ok(vfiopm_device_get_address(dev, &address));
	assert_string_equal(address, testbed_device());
	/* Now the cdev or the group is in use. */
	if (testbed_has_cdev())
		expect_errno(EINVAL, vfiopm_device_open(testbed_device(), &second));
	else
		expect_errno(EBUSY, vfiopm_device_open(testbed_device(), &second));
	assert_ptr_equal(second, untouched);
	assert_null(vfiopm_device_free(dev));
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(host_open_fds(), fds);

	/* The device can be opened again. */
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	vfiopm_device_free(dev);
}

static void fds_close_on_exec(void **state)
{
	struct vfiopm_device *dev;
	bool before[256];

	(void)state;
	for (int fd = 0; fd < 256; fd++)
		before[fd] = fcntl(fd, F_GETFD) >= 0;
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	for (int fd = 0; fd < 256; fd++) {
		int flags = fcntl(fd, F_GETFD);

		assert_true(before[fd] || flags < 0 || (flags & FD_CLOEXEC));
	}
	vfiopm_device_free(dev);
}

static void malformed_addresses_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"01:00.0",		   /* no domain */
		"0000:01:00",		   /* no function */
		"0000:01:00.8",		   /* the largest function is 7 */
		"0000:01:20.0",		   /* the largest device is 1f */
		"000:01:00.0",		   /* a domain has 4 to 8 digits */
		"000000000:01:00.0",	   /* a domain has 4 to 8 digits */
		"0000:1:00.0",		   /* a bus has 2 digits */
		"0000:001:00.0",	   /* a bus has 2 digits */
		"0000:01:0.0",		   /* a device has 2 digits */
		"0000:01:00.00",	   /* a function has 1 digit */
		" 0000:01:00.0",	   /* a blank before */
		"0000:01:00.0 ",	   /* a blank after */
		"0000:01:00.0\n",	   /* a newline */
		"0x00:01:00.0",		   /* strtoul() accepts 0x */
		"+000:01:00.0",		   /* strtoul() accepts a sign */
		"0000:-1:00.0",		   /* strtoul() accepts a sign */
		"0000:g1:00.0",		   /* not a digit */
		"0000/01/00.0",		   /* a path */
		"../0000:01:00.0",	   /* a path */
		"0000:01:00.0/..",	   /* a path */
		"/dev/vfio/7",		   /* a path */
		"0000:01:00.0/../0000:01", /* a path */
	};
	struct vfiopm_device *dev = untouched, *created;
	struct raw raw;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect_errno(EINVAL, vfiopm_device_open(texts[i], &dev));
	expect_errno(EINVAL, vfiopm_device_open(NULL, &dev));
	expect_errno(EINVAL, vfiopm_device_open(testbed_device(), NULL));
	assert_ptr_equal(dev, untouched);

	raw_open(&raw);
	expect_ok(vfiopm_device_new_from_fd(raw.device, &created));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect_errno(EINVAL, vfiopm_device_set_address(created, texts[i]));
	expect_errno(EINVAL, vfiopm_device_set_address(created, NULL));
	vfiopm_device_free(created);
	raw_close(&raw);
}

static void missing_device(void **state)
{
	struct vfiopm_device *dev = untouched;
	unsigned fds = host_open_fds();

	(void)state;
	expect_errno(ENXIO, vfiopm_device_open("0000:7f:1f.7", &dev));
	expect_errno(ENXIO, vfiopm_device_open("ffffffff:ff:1f.7", &dev));
	assert_ptr_equal(dev, untouched);
	assert_int_equal(host_open_fds(), fds);
}

/* ---- the address of a device from an fd ---- */

static void address_is_set_once(void **state)
{
	bool in_fdinfo = testbed_kernel_is_at_least(7, 0) || testbed_kernel_is_at_least(6, 18);
	struct vfiopm_device *dev;
	const char *address = NULL;
	uint32_t value;
	unsigned fds;
	struct raw raw;

	(void)state;
	raw_open(&raw);
	fds = host_open_fds();
	expect_ok(vfiopm_device_new_from_fd(raw.device, &dev));
	expect_errno(EINVAL, vfiopm_device_get_address(dev, NULL));
	if (in_fdinfo) {
		expect_ok(vfiopm_device_get_address(dev, &address));
		assert_string_equal(address, testbed_device());
	} else {
		expect_errno(ENXIO, vfiopm_device_get_address(dev, &address));
		assert_null(address);
		expect_errno(ENXIO, vfiopm_readout_get_power_state(dev, &value));
		expect_errno(ENXIO, vfiopm_device_set_address(dev, "0000:7f:1f.7"));
	}
	expect_ok(vfiopm_device_set_address(dev, testbed_device()));
	expect_ok(vfiopm_device_set_address(dev, testbed_device()));
	expect_errno(EALREADY, vfiopm_device_set_address(dev, "0000:00:00.0"));
	expect_ok(vfiopm_device_get_address(dev, &address));
	assert_string_equal(address, testbed_device());
	vfiopm_device_free(dev);
	assert_int_equal(host_open_fds(), fds);
	raw_close(&raw);
}

/* ---- the trace ---- */

static void no_trace(void *data, uint32_t event, const char *call, int result)
{
	(void)data;
	(void)event;
	(void)call;
	(void)result;
}

static void trace_is_set_once(void **state)
{
	struct vfiopm_device *dev;
	struct raw raw;

	(void)state;
	raw_open(&raw);
	expect_ok(vfiopm_device_new_from_fd(raw.device, &dev));
	expect_errno(EINVAL, vfiopm_device_set_trace(NULL, no_trace, NULL));
	expect_errno(EINVAL, vfiopm_device_set_trace(dev, NULL, NULL));
	expect_ok(vfiopm_device_set_trace(dev, no_trace, NULL));
	expect_errno(EALREADY, vfiopm_device_set_trace(dev, no_trace, NULL));
	vfiopm_device_free(dev);
	raw_close(&raw);
}

/* ---- the readout ---- */

static void readout_matches_sysfs(void **state)
{
	struct vfiopm_device *dev;
	uint32_t value = 99;
	uint64_t ms = 0, later = 0;

	(void)state;
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	host_stays_awake();
	if (testbed_kernel_is_at_least(5, 11)) {
		expect_ok(vfiopm_readout_get_power_state(dev, &value));
		assert_int_equal(value, VFIOPM_POWER_STATE_D0);
	} else {
		expect_errno(ENOENT, vfiopm_readout_get_power_state(dev, &value));
		assert_int_equal(value, 99);
	}
	expect_ok(vfiopm_readout_get_runtime_status(dev, &value));
	assert_int_equal(value, VFIOPM_RUNTIME_ACTIVE);
	expect_ok(vfiopm_readout_get_suspended_time(dev, &ms));
	assert_int_equal(ms, host_suspended_time());
	expect_ok(vfiopm_readout_get_control(dev, &value));
	assert_int_equal(value, VFIOPM_CONTROL_AUTO);
	host_write("power/control", "on");
	expect_ok(vfiopm_readout_get_control(dev, &value));
	assert_int_equal(value, VFIOPM_CONTROL_ON);
	host_write("power/control", "auto");
	expect_ok(vfiopm_readout_get_d3cold_allowed(dev, &value));
	assert_int_equal(value, 1);
	host_write("d3cold_allowed", "0");
	expect_ok(vfiopm_readout_get_d3cold_allowed(dev, &value));
	assert_int_equal(value, 0);
	host_write("d3cold_allowed", "1");

	if (testbed_has_low_power()) {
		expect_ok(vfiopm_enter(dev));
		host_sees_deep_sleep();
		expect_ok(vfiopm_readout_get_power_state(dev, &value));
		assert_int_equal(value, testbed_has_d3cold() ? VFIOPM_POWER_STATE_D3COLD
							     : VFIOPM_POWER_STATE_D3HOT);
		expect_ok(vfiopm_readout_get_runtime_status(dev, &value));
		assert_int_equal(value, VFIOPM_RUNTIME_SUSPENDED);
		/* The suspended time includes the current suspend. */
		expect_ok(vfiopm_readout_get_suspended_time(dev, &ms));
		usleep(20000);
		expect_ok(vfiopm_readout_get_suspended_time(dev, &later));
		assert_in_range(later - ms, 15, 10000);
		expect_ok(vfiopm_exit(dev));
	}
	vfiopm_device_free(dev);
}

static void readout_refuses_null(void **state)
{
	struct vfiopm_device *dev;
	uint32_t value;
	uint64_t ms;

	(void)state;
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	expect_errno(EINVAL, vfiopm_readout_get_power_state(NULL, &value));
	expect_errno(EINVAL, vfiopm_readout_get_power_state(dev, NULL));
	expect_errno(EINVAL, vfiopm_readout_get_runtime_status(NULL, &value));
	expect_errno(EINVAL, vfiopm_readout_get_runtime_status(dev, NULL));
	expect_errno(EINVAL, vfiopm_readout_get_suspended_time(NULL, &ms));
	expect_errno(EINVAL, vfiopm_readout_get_suspended_time(dev, NULL));
	expect_errno(EINVAL, vfiopm_readout_get_control(NULL, &value));
	expect_errno(EINVAL, vfiopm_readout_get_control(dev, NULL));
	expect_errno(EINVAL, vfiopm_readout_get_d3cold_allowed(NULL, &value));
	expect_errno(EINVAL, vfiopm_readout_get_d3cold_allowed(dev, NULL));
	vfiopm_device_free(dev);
}

static void names_of_values(void **state)
{
	(void)state;
	assert_string_equal(vfiopm_readout_power_state_name(VFIOPM_POWER_STATE_D0), "D0");
	assert_string_equal(vfiopm_readout_power_state_name(VFIOPM_POWER_STATE_D3COLD), "D3cold");
	assert_string_equal(vfiopm_readout_power_state_name(VFIOPM_POWER_STATE_ERROR), "error");
	assert_null(vfiopm_readout_power_state_name(VFIOPM_POWER_STATE_ERROR + 1));
	assert_null(vfiopm_readout_power_state_name(UINT32_MAX));
	assert_string_equal(vfiopm_readout_runtime_status_name(VFIOPM_RUNTIME_SUSPENDED),
			    "suspended");
	assert_null(vfiopm_readout_runtime_status_name(VFIOPM_RUNTIME_UNSUPPORTED + 1));
	assert_string_equal(vfiopm_readout_control_name(VFIOPM_CONTROL_ON), "on");
	assert_null(vfiopm_readout_control_name(VFIOPM_CONTROL_ON + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(device_from_fd),
		ON_TESTBED(wrong_fds_are_refused),
		ON_TESTBED(unbound_cdev_is_refused),
		ON_TESTBED(null_device_is_refused),
		ON_TESTBED(open_by_address),
		ON_TESTBED(fds_close_on_exec),
		ON_TESTBED(malformed_addresses_are_refused),
		ON_TESTBED(missing_device),
		ON_TESTBED(address_is_set_once),
		ON_TESTBED(trace_is_set_once),
		ON_TESTBED(readout_matches_sysfs),
		ON_TESTBED(readout_refuses_null),
		ON_TESTBED(names_of_values),
	};

	return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}

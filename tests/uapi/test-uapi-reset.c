// SPDX-License-Identifier: MIT
/*
 * What resets do, without the library: VFIO_DEVICE_RESET and VFIO_DEVICE_PCI_HOT_RESET keep the
 * eventfds of interrupts, COMMAND and low power, and wake the device as each ioctl does.
 */
#include <errno.h>
#include <unistd.h>

#include "host.h"
#include "lib/uapi.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

#define MSIX	2
#define COMMAND 4

static int hot_reset(const struct raw *raw, uint32_t count, int fd, int other)
{
	struct vfiopm__hot_reset request = {
		.argsz = 12 + 4 * count,
		.count = count,
		.group_fds = { fd, other },
	};

	return raw_ioctl(raw->device, VFIO_DEVICE_PCI_HOT_RESET, &request);
}

static void expect_interrupt(const struct raw *raw, int event)
{
	testbed_fire(raw, MSIX, 1);
	testbed_let_arrive();
	assert_int_equal(raw_take(event), 1);
	testbed_clear(raw);
}

static void check_reset(bool hot)
{
	int event = raw_eventfd();
	uint8_t command = 0;
	struct raw raw;

	raw_open(&raw);
	expect_ok(raw_set_irqs_eventfd(raw.device, MSIX, 1, event));
	expect_interrupt(&raw, event);
	expect_ok(raw_write_config(raw.device, COMMAND, 6));
	if (hot)
		expect_ok(hot_reset(&raw, 1, raw.group, -1));
	else
		expect_ok(raw_ioctl(raw.device, VFIO_DEVICE_RESET, NULL));
	assert_int_equal(raw_take(event), 0);
	expect_ok(raw_read_config(raw.device, COMMAND, &command));
	assert_int_equal(command & 6, 6);
	expect_interrupt(&raw, event);
	close(event);
	raw_close(&raw);
}

static void a_reset_keeps_interrupts_and_command(void **state)
{
	(void)state;
	check_reset(false);
}

static void a_hot_reset_keeps_interrupts_and_command(void **state)
{
	(void)state;
	if (!testbed_has_hot_reset())
		skip_because("the bus cannot be reset");
	check_reset(true);
}

static void a_reset_leads_to_d0(void **state)
{
	uint8_t pmcsr = 0;
	struct raw raw;

	(void)state;
	raw_open(&raw);
	expect_ok(raw_write_config(raw.device, raw_pm_capability(raw.device) + 4, 3));
	expect_ok(raw_read_config(raw.device, raw_pm_capability(raw.device) + 4, &pmcsr));
	assert_int_equal(pmcsr & 3, 3);
	expect_ok(raw_ioctl(raw.device, VFIO_DEVICE_RESET, NULL));
	expect_ok(raw_read_config(raw.device, raw_pm_capability(raw.device) + 4, &pmcsr));
	assert_int_equal(pmcsr & 3, 0);
	raw_close(&raw);
}

/* The ioctl resumes the device first. After an entry with wakeup that ends low power. */
static void a_reset_wakes_the_device(void **state)
{
	int wakeup = raw_eventfd();
	struct raw raw;

	(void)state;
	testbed_need_low_power();
	raw_open(&raw);
	for (int hot = 0; hot < 1 + testbed_has_hot_reset(); hot++) {
		expect_ok(raw_enter_wakeup(raw.device, wakeup));
		host_wait_suspended();
		if (hot)
			expect_ok(hot_reset(&raw, 1, raw.group, -1));
		else
			expect_ok(raw_ioctl(raw.device, VFIO_DEVICE_RESET, NULL));
		assert_int_equal(raw_take(wakeup), 1);
		host_stays_awake();
		/* A plain entry lasts. */
		expect_ok(raw_enter(raw.device));
		host_wait_suspended();
		if (hot)
			expect_ok(hot_reset(&raw, 1, raw.group, -1));
		else
			expect_ok(raw_ioctl(raw.device, VFIO_DEVICE_RESET, NULL));
		host_wait_suspended();
		expect_ok(raw_exit(raw.device));
	}
	close(wakeup);
	raw_close(&raw);
}

static void the_devices_of_a_hot_reset(void **state)
{
	struct vfiopm__hot_reset_info info = { .argsz = 12 };
	struct raw raw;

	(void)state;
	raw_open(&raw);
	assert_int_equal(raw_ioctl(raw.device, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &info), -ENOSPC);
	assert_int_equal(info.count, 1);
	info = (struct vfiopm__hot_reset_info){ .argsz = sizeof(info) };
	expect_ok(raw_ioctl(raw.device, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &info));
	assert_int_equal(info.count, 1);
	assert_int_equal(info.flags, 0);
	assert_int_equal(info.devices[0].segment, 0);
	assert_int_equal(info.devices[0].bus, 1);
	assert_int_equal(info.devices[0].devfn, 0);
	info.argsz = 11;
	assert_int_equal(raw_ioctl(raw.device, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &info), -EINVAL);
	raw_close(&raw);
}

static void wrong_hot_resets_are_refused(void **state)
{
	int event = raw_eventfd();
	struct raw raw;

	(void)state;
	raw_open(&raw);
	assert_int_equal(hot_reset(&raw, 0, -1, -1), -EINVAL);
	assert_int_equal(hot_reset(&raw, 2, raw.group, raw.group), -EINVAL);
	assert_int_equal(hot_reset(&raw, 1, raw_closed_fd(), -1), -EBADF);
	assert_int_equal(hot_reset(&raw, 1, raw.iommu, -1), -EINVAL);
	assert_int_equal(hot_reset(&raw, 1, event, -1), -EINVAL);
	close(event);
	raw_close(&raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(a_reset_keeps_interrupts_and_command),
		ON_TESTBED(a_hot_reset_keeps_interrupts_and_command),
		ON_TESTBED(a_reset_leads_to_d0),
		ON_TESTBED(a_reset_wakes_the_device),
		ON_TESTBED(the_devices_of_a_hot_reset),
		ON_TESTBED(wrong_hot_resets_are_refused),
	};

	return cmocka_run_group_tests_name("uapi-reset", tests, NULL, NULL);
}

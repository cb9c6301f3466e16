// SPDX-License-Identifier: MIT
/*
 * Resets by the library: of the device, and of its bus. Interrupts, low power and mapped memory
 * work afterwards, and no reset is reported as a wake.
 */
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/vfio.h>
#include <vfiopm/vfiopm.h>

#include "host.h"
#include "irq-fixture.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

static int reset(const struct irq_fixture *fixture, bool hot)
{
	return hot ? vfiopm_hot_reset(fixture->dev, &fixture->raw.group, 1)
		   : vfiopm_reset(fixture->dev);
}

static void interrupts_work_after_a_reset(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open(&fixture);
	expect_ok(vfiopm_irq_set_signaling_range(fixture.dev, VFIOPM_IRQ_MSIX, 0, VECTORS,
						 fixture.events));
	for (int hot = 0; hot < 1 + testbed_has_hot_reset(); hot++) {
		irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 1, fixture.events[1]);
		testbed_clear(&fixture.raw);
		expect_issues(&fixture, 0, reset(&fixture, hot));
		irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 1, fixture.events[1]);
		testbed_clear(&fixture.raw);
		irq_fires_into(&fixture, VFIOPM_IRQ_MSIX, 3, fixture.events[3]);
		testbed_clear(&fixture.raw);
		/* The library knows that the kernel has the eventfds. */
		expect_issues(&fixture, 0, irq_set(&fixture, 1, fixture.events[1]));
		assert_int_equal(vfiopm_irq_is_enabled(fixture.dev, VFIOPM_IRQ_MSIX), 1);
	}
	expect_ok(vfiopm_irq_disable(fixture.dev, VFIOPM_IRQ_MSIX));
	irq_fixture_close(&fixture);
}

static void a_sleeping_device_sleeps_after_a_reset(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	testbed_need_low_power();
	irq_fixture_open(&fixture);
	for (int hot = 0; hot < 1 + testbed_has_hot_reset(); hot++) {
		expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.events[0]));
		host_wait_suspended();
		expect_ok(reset(&fixture, hot));
		assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
		assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
		host_sees_deep_sleep();
		host_wake();
		assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
		/* A reset of an active device enters nothing. */
		expect_ok(reset(&fixture, hot));
		assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_WOKEN);
		host_stays_awake();

		expect_ok(vfiopm_enter(fixture.dev));
		host_wait_suspended();
		expect_ok(reset(&fixture, hot));
		assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER);
		host_sees_deep_sleep();
		expect_ok(vfiopm_exit(fixture.dev));
	}
	irq_fixture_close(&fixture);
}

/* Since 5.19 no access reaches a BAR in D3hot (vfio_pci_config.c, __vfio_pci_memory_enabled()). */
static void mapped_memory_works_after_a_reset(void **state)
{
	struct vfiopm_region *bar, *config;
	const uint8_t on = 2, d3hot = 3;
	struct irq_fixture fixture;
	uint32_t value;

	(void)state;
	irq_fixture_open(&fixture);
	expect_ok(vfiopm_region_new(fixture.dev, VFIOPM_REGION_BAR0, &bar));
	expect_ok(vfiopm_region_new(fixture.dev, VFIOPM_REGION_CONFIG, &config));
	expect_ok(vfiopm_region_map(bar));
	expect_ok(vfiopm_region_write(config, 4, 1, 0, &on));
	for (int hot = 0; hot < 1 + testbed_has_hot_reset(); hot++) {
		expect_ok(vfiopm_region_read(bar, 0, 4, 0, &value));
		expect_ok(vfiopm_region_write(config, raw_pm_capability(fixture.fd) + 4, 1, 0,
					      &d3hot));
		if (testbed_has_low_power())
			assert_int_equal(vfiopm_region_read(bar, 0, 4, 0, &value), -EIO);
		/* The reset leads to D0, so the memory works again. */
		expect_ok(reset(&fixture, hot));
		expect_ok(vfiopm_region_read(bar, 0, 4, 0, &value));
	}
	/* Another fd leads to D3hot, and the caller notes it. An access to the mapping would now
	 * raise SIGBUS. */
	expect_ok(raw_write_config(fixture.fd, raw_pm_capability(fixture.fd) + 4, d3hot));
	expect_ok(vfiopm_note_reset(fixture.dev));
	if (testbed_has_low_power())
		assert_int_equal(vfiopm_region_read(bar, 0, 4, 0, &value), -EIO);
	expect_ok(raw_ioctl(fixture.fd, VFIO_DEVICE_RESET, NULL));
	expect_ok(vfiopm_note_reset(fixture.dev));
	expect_ok(vfiopm_region_read(bar, 0, 4, 0, &value));
	vfiopm_region_free(bar);
	vfiopm_region_free(config);
	irq_fixture_close(&fixture);
}

/* The library has the group, or the iommufd. */
static void a_device_that_the_library_opened_is_reset_with_its_bus(void **state)
{
	struct vfiopm_device *dev;

	(void)state;
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	expect_ok(vfiopm_reset(dev));
	if (testbed_has_hot_reset())
		expect_ok(vfiopm_hot_reset(dev, NULL, 0));
	vfiopm_device_free(dev);
}

static void the_caller_must_own_the_bus(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	irq_fixture_open(&fixture);
	expect_errno(EPERM, vfiopm_hot_reset(fixture.dev, NULL, 0));
	irq_fixture_close(&fixture);
}

/* A reset beside the library resumes the device, which the library reports as a wake. */
static void a_reset_beside_the_library_is_a_wake(void **state)
{
	struct irq_fixture fixture;

	(void)state;
	testbed_need_low_power();
	irq_fixture_open(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.events[0]));
	host_wait_suspended();
	expect_ok(raw_ioctl(fixture.fd, VFIO_DEVICE_RESET, NULL));
	expect_ok(vfiopm_note_reset(fixture.dev));
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_WOKEN);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.events[0]));
	host_sees_deep_sleep();
	/* Noting a reset does not wake the device. */
	expect_ok(vfiopm_note_reset(fixture.dev));
	assert_true(host_shows("power/runtime_status", "suspended"));
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	expect_ok(vfiopm_exit(fixture.dev));
	irq_fixture_close(&fixture);
}

static void wrong_arguments_are_refused(void **state)
{
	struct irq_fixture fixture;
	int many[256];

	(void)state;
	irq_fixture_open(&fixture);
	for (int i = 0; i < 256; i++)
		many[i] = fixture.raw.group;
	expect_errno(EINVAL, vfiopm_reset(NULL));
	expect_errno(EINVAL, vfiopm_note_reset(NULL));
	expect_errno(EINVAL, vfiopm_hot_reset(NULL, many, 1));
	expect_errno(EINVAL, vfiopm_hot_reset(fixture.dev, NULL, 1));
	expect_errno(EINVAL, vfiopm_hot_reset(fixture.dev, many, 256));
	expect_errno(EINVAL, vfiopm_hot_reset(fixture.dev, many, UINT32_MAX));
	expect_errno(EINVAL, vfiopm_hot_reset(fixture.dev, many, 2));
	expect_errno(EINVAL, vfiopm_hot_reset(fixture.dev, &fixture.events[0], 1));
	many[0] = raw_closed_fd();
	expect_errno(EBADF, vfiopm_hot_reset(fixture.dev, many, 1));
	irq_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(interrupts_work_after_a_reset),
		ON_TESTBED(a_sleeping_device_sleeps_after_a_reset),
		ON_TESTBED(mapped_memory_works_after_a_reset),
		ON_TESTBED(a_device_that_the_library_opened_is_reset_with_its_bus),
		ON_TESTBED(the_caller_must_own_the_bus),
		ON_TESTBED(a_reset_beside_the_library_is_a_wake),
		ON_TESTBED(wrong_arguments_are_refused),
	};

	return cmocka_run_group_tests_name("reset", tests, NULL, NULL);
}

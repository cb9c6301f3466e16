// SPDX-License-Identifier: MIT
/*
 * Low-power residency on a real kernel while a guest reads the configuration space and the PBA of
 * its sleeping device 100 times per second. The test compares the shadow with the method of other
 * VMMs, which pass each read to the device.
 */
#include "host.h"
#include "test.h"
#include "testbed.h"
#include "vmm-fixture.h"

static void read_as_a_guest(void *data)
{
	struct vmm_fixture *fixture = data;
	uint32_t value;

	for (uint32_t offset = 0; offset < 64; offset += 4)
		assert_int_equal(vfiopm_guest_config_read(fixture->guest, offset, 4, &value), 1);
	assert_int_equal(vfiopm_guest_config_read(fixture->guest, fixture->pm + 4, 2, &value), 1);
	vmm_pba_read(fixture);
	vmm_dispatch(fixture);
}

static void read_from_the_device(void *data)
{
	const struct vmm_fixture *fixture = data;
	uint8_t byte;

	expect_ok(raw_read_config(fixture->irq.fd, 0, &byte));
}

static double share_asleep(struct vmm_fixture *fixture, void (*call)(void *data))
{
	double share;

	expect_ok(vfiopm_guest_power_off(fixture->guest));
	host_sees_deep_sleep();
	share = host_share_asleep(10, call, fixture);
	expect_ok(vfiopm_guest_power_on(fixture->guest));
	return share;
}

static void reads_of_the_guest_leave_the_device_asleep(void **state)
{
	struct vfiopm_guest_ops ops = vmm_ops;
	double idle, shadow, passed;
	struct vmm_fixture fixture = { 0 };

	(void)state;
	testbed_need_low_power();
	/* Without wake() the entry is plain, so that the device sleeps again after each read that
	 * is passed to it. */
	ops.wake = NULL;
	irq_fixture_open(&fixture.irq);
	vmm_fixture_start(&fixture, &ops);
	idle = share_asleep(&fixture, NULL);
	shadow = share_asleep(&fixture, read_as_a_guest);
	passed = share_asleep(&fixture, read_from_the_device);
	vmm_fixture_close(&fixture);

	/* With wakeup, one wake would end the sleep. */
	vmm_fixture_open(&fixture);
	vmm_config_write(&fixture, fixture.pm + 4, 2, 0x0100);
	assert_true(share_asleep(&fixture, read_as_a_guest) > 99.5);
	assert_int_equal(fixture.woken, 0);
	vmm_fixture_close(&fixture);

	print_message("# share of 10 s that the device is suspended, 100 reads per second, %s, "
		      "Linux %s:\n"
		      "#   no read                            %6.2f %%\n"
		      "#   served from the shadow             %6.2f %%\n"
		      "#   passed to the device               %6.2f %%\n",
		      testbed_has_d3cold() ? "D3cold" : "D3hot", testbed_kernel(), idle, shadow,
		      passed);
	assert_true(idle > 99.5);
	assert_true(shadow > 99.5);
	/* The kernel counts the time of a resume from D3cold as suspended. */
	assert_true(passed < 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = { ON_TESTBED(
		reads_of_the_guest_leave_the_device_asleep) };

	return cmocka_run_group_tests_name("guest-residency", tests, NULL, NULL);
}

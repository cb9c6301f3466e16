// SPDX-License-Identifier: MIT
/*
 * Tests of the power and of the configuration space of a guest's function, by public calls: the
 * story of a guest that turns its device off and on, on the simulator and on real kernels.
 * test-guest-pm.c and test-guest-config.c have what only the simulator can show.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "test.h"
#include "testbed.h"
#include "vmm-fixture.h"

#define D0	    UINT32_C(0)
#define D3HOT	    UINT32_C(3)
#define PME_ENABLE  UINT32_C(0x0100)
#define PME_STATUS  UINT32_C(0x8000)
#define CONFIG_SIZE 4096
#define CONFIG_AT   (INT64_C(7) << 40)

static void fixture_open(struct vmm_fixture *fixture)
{
	testbed_need_low_power();
	vmm_fixture_open(fixture);
	raw_enable_memory(fixture->irq.fd);
}

static uint32_t pmcsr(struct vmm_fixture *fixture)
{
	return vmm_config_read(fixture, fixture->pm + 4, 2);
}

static void write_pmcsr(struct vmm_fixture *fixture, uint32_t value)
{
	vmm_config_write(fixture, fixture->pm + 4, 2, value);
}

/* Read as the guest does, while the device is off. */
static uint32_t read_off(struct vmm_fixture *fixture, uint32_t offset, uint32_t width)
{
	uint32_t value;

	assert_int_equal(vfiopm_guest_config_read(fixture->guest, offset, width, &value), 1);
	return value;
}

/* Dispatch until the callback wake() has run. Fail after 5 s. */
static void wait_for_wake(struct vmm_fixture *fixture, unsigned woken)
{
	struct pollfd pollfd = { .fd = vfiopm_guest_get_fd(fixture->guest), .events = POLLIN };

	while (fixture->woken < woken) {
		assert_int_equal(poll(&pollfd, 1, 5000), 1);
		assert_true(vfiopm_guest_dispatch(fixture->guest) >= 0);
	}
	assert_int_equal(fixture->woken, woken);
}

static void expect_off(struct vmm_fixture *fixture)
{
	assert_int_equal(vfiopm_guest_is_powered(fixture->guest), 0);
	assert_int_equal(fixture->unmapped, fixture->mapped + 1);
	host_sees_deep_sleep();
}

/* The host sees the device on, and the guest's memory works: the BAR is where it was. */
static void expect_on(struct vmm_fixture *fixture)
{
	volatile uint32_t *map;

	assert_int_equal(vfiopm_guest_is_powered(fixture->guest), 1);
	assert_int_equal(fixture->unmapped, fixture->mapped);
	assert_true(host_shows("power/runtime_status", "active"));
	map = raw_map(fixture->irq.fd);
	assert_false(raw_faults(map));
	/* The memory of a device whose COMMAND register is lost reads as all ones. */
	assert_int_not_equal(map[2], UINT32_MAX);
	raw_unmap(map);
}

/* ---- arguments ---- */

static void errors(void **state)
{
	struct vmm_fixture fixture;
	uint32_t value;

	(void)state;
	vmm_fixture_open(&fixture);
	expect_errno(EINVAL, vfiopm_guest_power_off(NULL));
	expect_errno(EINVAL, vfiopm_guest_power_on(NULL));
	expect_errno(EINVAL, vfiopm_guest_is_powered(NULL));
	expect_errno(EINVAL, vfiopm_guest_begin_power(NULL, 1));
	expect_errno(EINVAL, vfiopm_guest_begin_power(fixture.guest, 2));
	expect_errno(EINVAL, vfiopm_guest_begin_power(fixture.guest, -1));
	expect_errno(EINVAL, vfiopm_guest_config_read(NULL, 0, 4, &value));
	expect_errno(EINVAL, vfiopm_guest_config_read(fixture.guest, 0, 4, NULL));
	expect_errno(EINVAL, vfiopm_guest_config_read(fixture.guest, 0, 8, &value));
	expect_errno(EINVAL, vfiopm_guest_config_write(NULL, 0, 4, 0));
	expect_errno(EINVAL, vfiopm_guest_config_write(fixture.guest, 0, 3, 0));
	vmm_fixture_close(&fixture);
}

static void kernel_without_low_power(void **state)
{
	struct vmm_fixture fixture;

	(void)state;
	if (testbed_has_low_power())
		skip_because("this kernel has the low-power feature");
	vmm_fixture_open(&fixture);
	expect_errno(ENOTTY, vfiopm_guest_power_off(fixture.guest));
	/* The guest has its device and its memory. Nothing can wake it. */
	assert_int_equal(vfiopm_guest_is_powered(fixture.guest), 1);
	assert_int_equal(fixture.unmapped, fixture.mapped);
	assert_int_equal(vmm_config_read(&fixture, fixture.pm + 2, 2) & 0xf800, 0);
	vmm_fixture_close(&fixture);
}

/* ---- the power resource ---- */

static void read_device(const struct vmm_fixture *fixture, uint8_t *bytes)
{
	assert_int_equal(pread(fixture->irq.fd, bytes, CONFIG_SIZE, CONFIG_AT), CONFIG_SIZE);
}

/* vfio-pci keeps the guest's view of the registers, and the PCI core restores the device at the
 * resume. */
static void registers_survive_without_power(void **state)
{
	static uint8_t before[CONFIG_SIZE], after[CONFIG_SIZE];
	struct vmm_fixture fixture;

	(void)state;
	fixture_open(&fixture);
	/* COMMAND, and the cache line size, which the kernel does not emulate. */
	assert_int_equal(raw_write_config(fixture.irq.fd, 4, 6), 0);
	read_device(&fixture, before);
	for (int i = 0; i < 3; i++) {
		expect_ok(vfiopm_guest_power_off(fixture.guest));
		expect_off(&fixture);
		expect_ok(vfiopm_guest_power_on(fixture.guest));
		expect_on(&fixture);
		read_device(&fixture, after);
		assert_memory_equal(before, after, CONFIG_SIZE);
		assert_int_equal(pmcsr(&fixture), D0);
	}
	vmm_fixture_close(&fixture);
}

static void interrupts_work_after_power_on(void **state)
{
	struct vmm_fixture fixture;

	(void)state;
	fixture_open(&fixture);
	vmm_program(&fixture, 0);
	vmm_set_mask(&fixture, 0, false);
	vmm_msix_control(&fixture, VMM_MSIX_ENABLE);
	for (unsigned i = 1; i <= 3; i++) {
		vmm_fire(&fixture, VFIOPM_IRQ_MSIX, 0);
		vmm_guest_has(&fixture, 0, i);
		expect_ok(vfiopm_guest_power_off(fixture.guest));
		expect_off(&fixture);
		expect_ok(vfiopm_guest_power_on(fixture.guest));
	}
	vmm_fire(&fixture, VFIOPM_IRQ_MSIX, 0);
	vmm_guest_has(&fixture, 0, 4);
	vmm_fixture_close(&fixture);
}

/* The guest reads all of the configuration space, the table and the PBA, and writes. The device
 * stays asleep. */
static void accesses_leave_the_device_asleep(void **state)
{
	static uint8_t before[CONFIG_SIZE];
	struct vmm_fixture fixture;
	uint32_t command;

	(void)state;
	fixture_open(&fixture);
	vmm_program(&fixture, 0);
	read_device(&fixture, before);
	expect_ok(vfiopm_guest_power_off(fixture.guest));
	expect_off(&fixture);
	for (uint32_t offset = 0; offset < CONFIG_SIZE; offset++) {
		bool is_emulated = (offset >= fixture.pm && offset < fixture.pm + 8) ||
				   (offset >= fixture.msi && offset < fixture.msi + 24) ||
				   (offset >= fixture.msix && offset < fixture.msix + 12);
		uint32_t value = read_off(&fixture, offset, 1);

		if (!is_emulated)
			assert_int_equal(value, before[offset]);
	}
	assert_int_equal(read_off(&fixture, 0, 4), before[0] | (uint32_t)before[1] << 8 |
							   (uint32_t)before[2] << 16 |
							   (uint32_t)before[3] << 24);
	assert_int_equal(pmcsr(&fixture), D0);
	command = read_off(&fixture, 4, 2);
	vmm_config_write(&fixture, 4, 2, 0);
	vmm_config_write(&fixture, 0x10, 4, UINT32_MAX);
	assert_int_equal(read_off(&fixture, 4, 2), command);
	assert_int_equal(vmm_table_read(&fixture, 8, 4), VMM_MESSAGE(0));
	assert_int_equal(vmm_pba_read(&fixture), 0);
	assert_true(host_shows("power/runtime_status", "suspended"));
	assert_int_equal(vfiopm_take_wake(fixture.irq.dev), 0);
	expect_ok(vfiopm_guest_power_on(fixture.guest));
	expect_on(&fixture);
	assert_int_equal(vmm_config_read(&fixture, 4, 2), command);
	vmm_fixture_close(&fixture);
}

static void dispatch_makes_a_begun_change(void **state)
{
	struct vmm_fixture fixture;

	(void)state;
	fixture_open(&fixture);
	for (int i = 0; i < 3; i++) {
		fixture.powered = fixture.powered_error = -1;
		expect_ok(vfiopm_guest_begin_power(fixture.guest, 0));
		assert_int_equal(vfiopm_guest_is_powered(fixture.guest), 1);
		vmm_dispatch(&fixture);
		assert_int_equal(fixture.powered, 0);
		assert_int_equal(fixture.powered_error, 0);
		expect_off(&fixture);
		expect_ok(vfiopm_guest_begin_power(fixture.guest, 1));
		assert_int_equal(vfiopm_guest_is_powered(fixture.guest), 0);
		vmm_dispatch(&fixture);
		assert_int_equal(fixture.powered, 1);
		assert_int_equal(fixture.powered_error, 0);
		expect_on(&fixture);
	}
	vmm_fixture_close(&fixture);
}

/* The VMM has closed the device. The power resource keeps its state, and says so. */
static void check_closed_device(bool was_on)
{
	struct vmm_fixture fixture = { 0 };
	int fd;

	irq_fixture_open_raw(&fixture.irq);
	/* No other fd gets this number. The device itself stays open. */
	fd = fcntl(fixture.irq.fd, F_DUPFD_CLOEXEC, 300);
	expect_ok(vfiopm_device_new_from_fd(fd, &fixture.irq.dev));
	vmm_fixture_start(&fixture, &vmm_ops);
	if (!was_on)
		expect_ok(vfiopm_guest_power_off(fixture.guest));
	close(fd);
	if (was_on)
		expect_errno(EBADF, vfiopm_guest_power_off(fixture.guest));
	else
		expect_errno(EBADF, vfiopm_guest_power_on(fixture.guest));
	assert_int_equal(vfiopm_guest_is_powered(fixture.guest), was_on);
	assert_int_equal(fixture.unmapped - fixture.mapped, !was_on);
	assert_int_equal(fixture.call ? fixture.error : 0, -EBADF);
	vmm_fixture_close(&fixture);
}

static void closed_device(void **state)
{
	(void)state;
	testbed_need_low_power();
	check_closed_device(true);
	check_closed_device(false);
}

/* ---- PME ---- */

static void host_wake_becomes_a_pme(void **state)
{
	struct vmm_fixture fixture;

	(void)state;
	fixture_open(&fixture);
	assert_int_equal(vmm_config_read(&fixture, fixture.pm + 2, 2) & 0xf800, 0xc000);
	for (unsigned i = 1; i <= 3; i++) {
		write_pmcsr(&fixture, D3HOT | PME_ENABLE);
		expect_ok(vfiopm_guest_power_off(fixture.guest));
		expect_off(&fixture);
		if (testbed_has_d3cold())
			host_read_config();
		else
			host_wake();
		wait_for_wake(&fixture, i);
		assert_int_equal(pmcsr(&fixture), D3HOT | PME_ENABLE | PME_STATUS);
		/* The device stays on for the guest. */
		host_stays_awake();
		assert_int_equal(vfiopm_guest_is_powered(fixture.guest), 0);
		expect_ok(vfiopm_guest_power_on(fixture.guest));
		expect_on(&fixture);
		write_pmcsr(&fixture, D0 | PME_STATUS);
		assert_int_equal(pmcsr(&fixture), D0);
	}
	vmm_dispatch(&fixture);
	assert_int_equal(fixture.woken, 3);
	vmm_fixture_close(&fixture);
}

struct dispatcher {
	struct vmm_fixture *fixture;
	atomic_bool stop;
};

static void *dispatch(void *data)
{
	struct dispatcher *dispatcher = data;
	struct vfiopm_guest *guest = dispatcher->fixture->guest;
	struct pollfd pollfd = { .fd = vfiopm_guest_get_fd(guest), .events = POLLIN };

	while (!dispatcher->stop) {
		if (poll(&pollfd, 1, 1) == 1)
			vfiopm_guest_dispatch(guest);
	}
	return NULL;
}

/* An exit resumes the device, and the kernel signals the wakeup eventfd. A thread that polls can see
 * the count before the exit returns. */
static void own_exits_are_no_wakes(void **state)
{
	struct vmm_fixture fixture;
	struct dispatcher dispatcher = { &fixture, false };
	pthread_t thread;

	(void)state;
	fixture_open(&fixture);
	write_pmcsr(&fixture, PME_ENABLE);
	assert_int_equal(pthread_create(&thread, NULL, dispatch, &dispatcher), 0);
	for (int i = 0; i < 20; i++) {
		expect_ok(vfiopm_guest_power_off(fixture.guest));
		host_wait_suspended();
		expect_ok(vfiopm_guest_power_on(fixture.guest));
	}
	dispatcher.stop = true;
	assert_int_equal(pthread_join(thread, NULL), 0);
	vmm_dispatch(&fixture);
	assert_int_equal(fixture.woken, 0);
	assert_int_equal(pmcsr(&fixture), PME_ENABLE);
	vmm_fixture_close(&fixture);
}

/* A guest without a power resource. */
static void d3hot_with_pme_sleeps_and_wakes(void **state)
{
	struct vmm_fixture fixture;

	(void)state;
	fixture_open(&fixture);
	write_pmcsr(&fixture, D3HOT | PME_ENABLE);
	assert_int_equal(pmcsr(&fixture), D3HOT | PME_ENABLE);
	host_sees_deep_sleep();
	assert_int_equal(vfiopm_guest_is_powered(fixture.guest), 1);
	assert_int_equal(fixture.unmapped, 1);
	host_wake();
	wait_for_wake(&fixture, 1);
	write_pmcsr(&fixture, D0 | PME_STATUS);
	assert_int_equal(pmcsr(&fixture), D0);
	expect_on(&fixture);
	vmm_fixture_close(&fixture);
}

static void d3hot_without_pme_is_the_devices_own(void **state)
{
	struct vmm_fixture fixture;

	(void)state;
	fixture_open(&fixture);
	write_pmcsr(&fixture, D3HOT);
	assert_int_equal(pmcsr(&fixture), D3HOT);
	assert_int_equal(fixture.unmapped, 1);
	host_stays_awake();
	/* A BAR of a device in D3hot cannot be read. */
	assert_true(raw_read_region(fixture.irq.fd, 0, 0) < 0);
	write_pmcsr(&fixture, D0);
	assert_int_equal(pmcsr(&fixture), D0);
	assert_int_equal(raw_read_region(fixture.irq.fd, 0, 0), 0);
	expect_on(&fixture);
	vmm_fixture_close(&fixture);
}

/* A host that reads the configuration space wakes the device of a guest that wants no PME. */
static void device_sleeps_again_without_pme(void **state)
{
	struct vmm_fixture fixture;
	struct pollfd pollfd = { .events = POLLIN };

	(void)state;
	fixture_open(&fixture);
	pollfd.fd = vfiopm_guest_get_fd(fixture.guest);
	expect_ok(vfiopm_guest_power_off(fixture.guest));
	for (int i = 0; i < 2; i++) {
		expect_off(&fixture);
		host_wake();
		host_stays_awake();
		while (host_shows("power/runtime_status", "active")) {
			assert_true(poll(&pollfd, 1, 5000) >= 0);
			assert_true(vfiopm_guest_dispatch(fixture.guest) >= 0);
			testbed_let_suspend();
		}
	}
	expect_off(&fixture);
	assert_int_equal(fixture.woken, 0);
	assert_int_equal(fixture.unmapped, 1);
	expect_ok(vfiopm_guest_power_on(fixture.guest));
	expect_on(&fixture);
	assert_int_equal(pmcsr(&fixture), PME_STATUS);
	vmm_fixture_close(&fixture);
}

/* ---- memory slots ---- */

static struct vfiopm_region *bar3;
static unsigned slots;

/* As a VMM that keeps no list of its slots. */
static int set_slots(void *data, int on)
{
	uint64_t offset, length;
	void *address;

	(void)data;
	slots = 0;
	while (on && vfiopm_region_get_guest_area(bar3, slots, &offset, &length) == 0) {
		expect_ok(vfiopm_region_get_address(bar3, offset, length, &address));
		slots++;
	}
	return 0;
}

static void callback_reads_the_areas_of_a_bar(void **state)
{
	struct vfiopm_guest_ops ops = vmm_ops;
	struct vmm_fixture fixture = { 0 };
	uint64_t value;

	(void)state;
	testbed_need_low_power();
	ops.mappings = set_slots;
	irq_fixture_open(&fixture.irq);
	vmm_fixture_start(&fixture, &ops);
	expect_ok(vfiopm_region_new(fixture.irq.dev, VFIOPM_REGION_BAR3, &bar3));
	expect_ok(vfiopm_region_map(bar3));
	expect_ok(vfiopm_region_get_guest_area(bar3, 0, &value, &value));
	expect_ok(vfiopm_guest_power_off(fixture.guest));
	host_sees_deep_sleep();
	assert_int_equal(slots, 0);
	expect_ok(vfiopm_guest_power_on(fixture.guest));
	assert_int_equal(slots, 2);
	assert_null(vfiopm_region_free(bar3));
	vmm_fixture_close(&fixture);
}

/* ---- reset ---- */

static void reset_of_a_sleeping_device(void **state)
{
	struct vmm_fixture fixture;

	(void)state;
	fixture_open(&fixture);
	write_pmcsr(&fixture, D3HOT | PME_ENABLE);
	expect_ok(vfiopm_guest_power_off(fixture.guest));
	expect_off(&fixture);
	expect_ok(vfiopm_guest_reset(fixture.guest));
	expect_on(&fixture);
	assert_int_equal(pmcsr(&fixture), D0);
	vmm_fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(errors),
		ON_TESTBED(kernel_without_low_power),
		ON_TESTBED(registers_survive_without_power),
		ON_TESTBED(interrupts_work_after_power_on),
		ON_TESTBED(accesses_leave_the_device_asleep),
		ON_TESTBED(dispatch_makes_a_begun_change),
		ON_TESTBED(closed_device),
		ON_TESTBED(host_wake_becomes_a_pme),
		ON_TESTBED(own_exits_are_no_wakes),
		ON_TESTBED(d3hot_with_pme_sleeps_and_wakes),
		ON_TESTBED(d3hot_without_pme_is_the_devices_own),
		ON_TESTBED(device_sleeps_again_without_pme),
		ON_TESTBED(callback_reads_the_areas_of_a_bar),
		ON_TESTBED(reset_of_a_sleeping_device),
	};

	return cmocka_run_group_tests_name("guest-power", tests, NULL, NULL);
}

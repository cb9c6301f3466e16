// SPDX-License-Identifier: MIT
/*
 * Tests of regions: their properties, mapped memory, and reads and writes in each power state. No
 * access raises SIGBUS, and none wakes the device without VFIOPM_REGION_WAKE.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

#include "host.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

#define BAR_SIZE     UINT64_C(0x20000)
#define COMMAND	     4
#define MSIX_TABLE   0	    /* of BAR 3 */
#define SCRATCH	     0x2800 /* RDBAL of the e1000e, which nothing but its receiver uses */
#define SCRATCH_MASK UINT32_C(0xfffffff0)

struct fixture {
	struct raw raw;
	struct vfiopm_device *dev;
	struct vfiopm_region *bar, *config;
	int wakeup;
};

static void fixture_open(struct fixture *fixture)
{
	*fixture = (struct fixture){ .wakeup = raw_eventfd() };
	raw_open(&fixture->raw);
	expect_ok(vfiopm_device_new_from_fd(fixture->raw.device, &fixture->dev));
	expect_ok(vfiopm_device_set_address(fixture->dev, testbed_device()));
	expect_ok(vfiopm_region_new(fixture->dev, VFIOPM_REGION_BAR0, &fixture->bar));
	expect_ok(vfiopm_region_new(fixture->dev, VFIOPM_REGION_CONFIG, &fixture->config));
}

static void fixture_close(struct fixture *fixture)
{
	assert_null(vfiopm_region_free(fixture->bar));
	assert_null(vfiopm_region_free(fixture->config));
	vfiopm_device_free(fixture->dev);
	close(fixture->wakeup);
	raw_close(&fixture->raw);
}

static uint32_t read32(struct vfiopm_region *region, uint64_t offset)
{
	uint32_t value = 0;

	expect_ok(vfiopm_region_read(region, offset, sizeof(value), 0, &value));
	return value;
}

static void write32(struct vfiopm_region *region, uint64_t offset, uint32_t value)
{
	expect_ok(vfiopm_region_write(region, offset, sizeof(value), 0, &value));
}

static int write_byte(struct vfiopm_region *region, uint64_t offset, uint8_t byte)
{
	return vfiopm_region_write(region, offset, 1, 0, &byte);
}

/* ---- properties ---- */

static void properties(void **state)
{
	struct vfiopm_region *region = NULL;
	uint64_t value, length;
	uint32_t flags, type;
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_region_get_size(fixture.bar, &value));
	assert_true(value == BAR_SIZE);
	expect_ok(vfiopm_region_get_flags(fixture.bar, &flags));
	assert_int_equal(flags, VFIOPM_REGION_FLAG_READ | VFIOPM_REGION_FLAG_WRITE |
					VFIOPM_REGION_FLAG_MMAP);
	expect_ok(vfiopm_region_get_offset(fixture.config, &value));
	assert_true(value == UINT64_C(7) << 40);
	expect_ok(vfiopm_region_get_flags(fixture.config, &flags));
	assert_int_equal(flags, VFIOPM_REGION_FLAG_READ | VFIOPM_REGION_FLAG_WRITE);
	expect_errno(ENOENT, vfiopm_region_get_type(fixture.bar, &type, &type));
	expect_ok(vfiopm_region_get_area(fixture.bar, 0, &value, &length));
	assert_true(value == 0 && length == BAR_SIZE);
	expect_errno(ENOENT, vfiopm_region_get_area(fixture.bar, 1, &value, &length));
	expect_errno(ENOENT, vfiopm_region_get_area(fixture.config, 0, &value, &length));

	expect_ok(vfiopm_region_new(fixture.dev, VFIOPM_REGION_BAR3, &region));
	expect_ok(vfiopm_region_get_flags(region, &flags));
	assert_int_equal(flags, VFIOPM_REGION_FLAG_READ | VFIOPM_REGION_FLAG_WRITE |
					VFIOPM_REGION_FLAG_MMAP | VFIOPM_REGION_FLAG_MSIX_MAPPABLE);
	region = vfiopm_region_free(region);
	/* A BAR that the device does not have. */
	expect_ok(vfiopm_region_new(fixture.dev, VFIOPM_REGION_BAR4, &region));
	expect_ok(vfiopm_region_get_size(region, &value));
	assert_true(value == 0);
	expect_errno(EINVAL, vfiopm_region_read(region, 0, 1, 0, &flags));
	expect_errno(ENOENT, vfiopm_region_map(region));
	region = vfiopm_region_free(region);
	expect_errno(EINVAL, vfiopm_region_new(fixture.dev, VFIOPM_REGION_VGA, &region));
	expect_errno(EINVAL, vfiopm_region_new(fixture.dev, 1000, &region));
	assert_null(region);
	fixture_close(&fixture);
}

static void null_arguments(void **state)
{
	struct vfiopm_region *region;
	struct fixture fixture;
	uint64_t value;
	uint32_t flags;
	void *address;

	(void)state;
	fixture_open(&fixture);
	expect_errno(EINVAL, vfiopm_region_new(NULL, 0, &region));
	expect_errno(EINVAL, vfiopm_region_new(fixture.dev, 0, NULL));
	assert_null(vfiopm_region_free(NULL));
	expect_errno(EINVAL, vfiopm_region_get_size(NULL, &value));
	expect_errno(EINVAL, vfiopm_region_get_size(fixture.bar, NULL));
	expect_errno(EINVAL, vfiopm_region_get_flags(NULL, &flags));
	expect_errno(EINVAL, vfiopm_region_get_flags(fixture.bar, NULL));
	expect_errno(EINVAL, vfiopm_region_get_offset(NULL, &value));
	expect_errno(EINVAL, vfiopm_region_get_offset(fixture.bar, NULL));
	expect_errno(EINVAL, vfiopm_region_get_type(NULL, &flags, &flags));
	expect_errno(EINVAL, vfiopm_region_get_type(fixture.bar, NULL, &flags));
	expect_errno(EINVAL, vfiopm_region_get_type(fixture.bar, &flags, NULL));
	expect_errno(EINVAL, vfiopm_region_get_area(NULL, 0, &value, &value));
	expect_errno(EINVAL, vfiopm_region_get_area(fixture.bar, 0, NULL, &value));
	expect_errno(EINVAL, vfiopm_region_get_area(fixture.bar, 0, &value, NULL));
	expect_errno(EINVAL, vfiopm_region_get_guest_area(NULL, 0, &value, &value));
	expect_errno(EINVAL, vfiopm_region_get_guest_area(fixture.bar, 0, NULL, &value));
	expect_errno(EINVAL, vfiopm_region_get_guest_area(fixture.bar, 0, &value, NULL));
	expect_errno(EINVAL, vfiopm_region_map(NULL));
	expect_errno(EINVAL, vfiopm_region_unmap(NULL));
	expect_errno(EINVAL, vfiopm_region_get_address(NULL, 0, 1, &address));
	expect_errno(EINVAL, vfiopm_region_get_address(fixture.bar, 0, 0, &address));
	expect_errno(EINVAL, vfiopm_region_get_address(fixture.bar, 0, 1, NULL));
	expect_errno(EINVAL, vfiopm_region_read(NULL, 0, 4, 0, &flags));
	expect_errno(EINVAL, vfiopm_region_read(fixture.bar, 0, 4, 0, NULL));
	expect_errno(EINVAL, vfiopm_region_write(NULL, 0, 4, 0, &flags));
	expect_errno(EINVAL, vfiopm_region_write(fixture.bar, 0, 4, 0, NULL));
	expect_errno(EINVAL, vfiopm_region_read(fixture.bar, 0, 4, 2, &flags));
	assert_int_equal(flags, UINT32_MAX);
	expect_errno(EINVAL, vfiopm_region_write(fixture.bar, 0, 4, 3, &flags));
	fixture_close(&fixture);
}

/* Numbers of a guest. The buffer has the guest's length only where the range could be valid. */
static void hostile_ranges(void **state)
{
	static const struct {
		uint64_t offset;
		size_t length;
		bool stores; /* the read stores all ones */
	} cases[] = {
		{ 0, 0, false },
		{ BAR_SIZE, 0, false },
		{ BAR_SIZE, 1, true },
		{ BAR_SIZE - 1, 2, true },
		{ BAR_SIZE - 4, 8, true },
		{ BAR_SIZE - 7, 8, true },
		{ UINT64_MAX, 1, true },
		{ UINT64_MAX, 8, true },
		{ UINT64_MAX - 7, 8, true },
		{ INT64_MAX, 8, true },
		{ UINT64_C(1) << 40, 4, true }, /* the next region, on the device fd */
		{ UINT64_C(7) << 40, 4, true },
		{ 0, SIZE_MAX, false },
		{ 1, SIZE_MAX, false },
		{ 4, SIZE_MAX - 3, false },
		{ UINT64_MAX, SIZE_MAX, false },
		{ 0, BAR_SIZE + 1, false },
	};
	struct fixture fixture;
	uint8_t bytes[16];

	(void)state;
	fixture_open(&fixture);
	for (int mapped = 0; mapped < 2; mapped++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			memset(bytes, 0x55, sizeof(bytes));
			assert_int_equal(vfiopm_region_write(fixture.bar, cases[i].offset,
							     cases[i].length, 0, bytes),
					 -EINVAL);
			assert_int_equal(vfiopm_region_read(fixture.bar, cases[i].offset,
							    cases[i].length, 0, bytes),
					 -EINVAL);
			for (size_t at = 0; at < sizeof(bytes); at++) {
				bool ones = cases[i].stores && at < cases[i].length;

				assert_int_equal(bytes[at], ones ? 0xff : 0x55);
			}
		}
		if (!mapped)
			expect_ok(vfiopm_region_map(fixture.bar));
	}
	/* The last bytes. */
	expect_ok(vfiopm_region_read(fixture.bar, BAR_SIZE - 8, 8, 0, bytes));
	expect_ok(vfiopm_region_read(fixture.config, 4095, 1, 0, bytes));
	expect_errno(EINVAL, vfiopm_region_read(fixture.config, 4095, 2, 0, bytes));
	fixture_close(&fixture);
}

/* ---- active ---- */

static void configuration_space(void **state)
{
	uint8_t whole[256], part[7];
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_region_read(fixture.config, 0, sizeof(whole), 0, whole));
	assert_int_equal(whole[0] | whole[1] << 8, 0x8086);
	assert_int_equal(whole[2] | whole[3] << 8, 0x10d3);
	for (size_t length = 1; length <= sizeof(part); length++) {
		for (uint64_t at = 0; at < 16; at++) {
			expect_ok(vfiopm_region_read(fixture.config, at, length, 0, part));
			assert_memory_equal(part, whole + at, length);
		}
	}
	fixture_close(&fixture);
}

/* Reads and writes of all widths through the fd and through memory see the same. */
static void memory_and_fd_agree(void **state)
{
	static const uint32_t value = UINT32_C(0x87654320);
	struct fixture fixture;
	uint32_t seen;
	void *address;

	(void)state;
	fixture_open(&fixture);
	write32(fixture.bar, SCRATCH, value);
	assert_int_equal(read32(fixture.bar, SCRATCH) & SCRATCH_MASK, value);
	expect_ok(vfiopm_region_map(fixture.bar));
	assert_int_equal(read32(fixture.bar, SCRATCH) & SCRATCH_MASK, value);
	write32(fixture.bar, SCRATCH, ~value);
	assert_int_equal(read32(fixture.bar, SCRATCH) & SCRATCH_MASK, ~value & SCRATCH_MASK);
	expect_ok(vfiopm_region_get_address(fixture.bar, SCRATCH, 4, &address));
	seen = *(volatile uint32_t *)address;
	assert_int_equal(seen & SCRATCH_MASK, ~value & SCRATCH_MASK);
	expect_ok(vfiopm_region_unmap(fixture.bar));
	assert_int_equal(read32(fixture.bar, SCRATCH) & SCRATCH_MASK, ~value & SCRATCH_MASK);
	fixture_close(&fixture);
}

/* msync(2) fails with ENOMEM if no memory is mapped there. */
static bool is_mapped(void *address)
{
	return msync(address, 0x1000, MS_ASYNC) == 0;
}

static void map_and_unmap(void **state)
{
	void *address = NULL, *again;
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	expect_errno(ENOENT, vfiopm_region_get_address(fixture.bar, 0, 1, &address));
	expect_ok(vfiopm_region_unmap(fixture.bar));
	for (int i = 0; i < 3; i++) {
		expect_ok(vfiopm_region_map(fixture.bar));
		expect_ok(vfiopm_region_get_address(fixture.bar, 0, BAR_SIZE, &address));
		expect_ok(vfiopm_region_map(fixture.bar));
		expect_ok(vfiopm_region_get_address(fixture.bar, 0x1001, 1, &again));
		assert_ptr_equal(again, (char *)address + 0x1001);
		expect_errno(ENOENT, vfiopm_region_get_address(fixture.bar, 1, BAR_SIZE, &again));
		expect_errno(ENOENT, vfiopm_region_get_address(fixture.bar, UINT64_MAX, 8, &again));
		expect_errno(ENOENT, vfiopm_region_get_address(fixture.bar, 8, UINT64_MAX, &again));
		assert_true(is_mapped(address));
		expect_ok(vfiopm_region_unmap(fixture.bar));
		assert_false(is_mapped(address));
		expect_errno(ENOENT, vfiopm_region_get_address(fixture.bar, 0, 1, &again));
	}
	expect_ok(vfiopm_region_map(fixture.bar));
	expect_ok(vfiopm_region_get_address(fixture.bar, 0, 1, &address));
	fixture.bar = vfiopm_region_free(fixture.bar);
	assert_false(is_mapped(address));
	expect_errno(ENOENT, vfiopm_region_map(fixture.config));
	fixture_close(&fixture);
}

/* The host needs the MSI-X table for its own messages. */
static void msix_table_is_left_alone(void **state)
{
	const uint64_t zeroes[2] = { 0 };
	struct vfiopm_region *region;
	struct fixture fixture;
	uint64_t entry[2], *table;
	uint8_t last;
	void *address;

	(void)state;
	fixture_open(&fixture);
	expect_ok(vfiopm_region_new(fixture.dev, VFIOPM_REGION_BAR3, &region));
	expect_ok(vfiopm_region_map(region));
	expect_ok(vfiopm_region_get_address(region, MSIX_TABLE, 80, &address));
	table = address;
	memcpy(entry, table, sizeof(entry));
	for (uint64_t at = 0; at < 80; at += 16) {
		expect_ok(vfiopm_region_write(region, MSIX_TABLE + at, 16, 0, zeroes));
		expect_ok(vfiopm_region_read(region, MSIX_TABLE + at, 16, 0, entry));
		assert_true(entry[0] == UINT64_MAX && entry[1] == UINT64_MAX);
	}
	expect_ok(vfiopm_region_read(region, MSIX_TABLE + 79, 1, 0, &last));
	assert_int_equal(last, 0xff);
	/* The byte after the table, and the PBA, are memory. */
	expect_ok(vfiopm_region_read(region, MSIX_TABLE + 80, 1, 0, &last));
	assert_int_equal(last, 0);
	expect_ok(vfiopm_region_read(region, 0x2000, 8, 0, entry));
	assert_true(entry[0] != UINT64_MAX);
	vfiopm_region_free(region);
	fixture_close(&fixture);
}

static void expect_guest_area(struct vfiopm_region *region, uint32_t n, uint64_t offset,
			      uint64_t length)
{
	uint64_t its_offset = 0, its_length = 0;

	expect_ok(vfiopm_region_get_guest_area(region, n, &its_offset, &its_length));
	assert_int_equal(its_offset, offset);
	assert_int_equal(its_length, length);
}

/* The e1000e has 4 pages in BAR 3: the table is in the first one, the PBA in the third one. BAR 2
 * has ports, and the device has no BAR 5. */
static void guest_gets_no_page_of_msix(void **state)
{
	struct vfiopm_region *region;
	struct fixture fixture;
	uint64_t value;

	(void)state;
	fixture_open(&fixture);
	expect_guest_area(fixture.bar, 0, 0, BAR_SIZE);
	expect_errno(ENOENT, vfiopm_region_get_guest_area(fixture.bar, 1, &value, &value));
	expect_errno(ENOENT, vfiopm_region_get_guest_area(fixture.config, 0, &value, &value));
	expect_ok(vfiopm_region_new(fixture.dev, VFIOPM_REGION_BAR3, &region));
	expect_guest_area(region, 0, 0x1000, 0x1000);
	expect_guest_area(region, 1, 0x3000, 0x1000);
	expect_errno(ENOENT, vfiopm_region_get_guest_area(region, 2, &value, &value));
	vfiopm_region_free(region);
	for (uint32_t bar = VFIOPM_REGION_BAR2; bar < VFIOPM_REGION_ROM; bar += 3) {
		expect_ok(vfiopm_region_new(fixture.dev, bar, &region));
		expect_errno(ENOENT, vfiopm_region_get_guest_area(region, 0, &value, &value));
		vfiopm_region_free(region);
	}
	fixture_close(&fixture);
}

/* ---- memory off, D3hot ---- */

static void expect_unclaimed(struct fixture *fixture, uint32_t how)
{
	uint64_t value = 0;

	expect_errno(EIO, vfiopm_region_read(fixture->bar, 8, sizeof(value), how, &value));
	assert_true(value == UINT64_MAX);
	expect_errno(EIO, vfiopm_region_write(fixture->bar, SCRATCH, 4, how, &value));
}

static void memory_that_is_off_raises_no_sigbus(void **state)
{
	struct fixture fixture;
	unsigned pmcsr;

	(void)state;
	fixture_open(&fixture);
	pmcsr = raw_pm_capability(fixture.raw.device) + 4;
	for (int mapped = 0; mapped < 2; mapped++) {
		read32(fixture.bar, 8);
		expect_ok(write_byte(fixture.config, COMMAND, 0));
		expect_unclaimed(&fixture, 0);
		expect_unclaimed(&fixture, VFIOPM_REGION_WAKE);
		expect_ok(write_byte(fixture.config, COMMAND, 2));
		read32(fixture.bar, 8);
		expect_ok(write_byte(fixture.config, pmcsr, 3));
		/* Before 5.19 the kernel lets an access to D3hot through. */
		if (testbed_kernel_is_at_least(5, 19)) {
			expect_unclaimed(&fixture, 0);
			expect_unclaimed(&fixture, VFIOPM_REGION_WAKE);
		}
		expect_ok(write_byte(fixture.config, pmcsr, 0));
		read32(fixture.bar, 8);
		/* One write over both bytes of COMMAND, and one that begins before it. */
		expect_ok(vfiopm_region_write(fixture.config, COMMAND, 2, 0, "\0\0"));
		expect_unclaimed(&fixture, 0);
		expect_ok(vfiopm_region_write(fixture.config, COMMAND - 2, 4, 0, "\0\0\2\0"));
		read32(fixture.bar, 8);
		expect_ok(vfiopm_region_map(fixture.bar));
	}
	fixture_close(&fixture);
}

/* The library does not know what was written before the device object existed. */
static void memory_that_was_off_raises_no_sigbus(void **state)
{
	struct fixture fixture;
	struct raw raw;

	(void)state;
	raw_open(&raw);
	assert_int_equal(raw_write_config(raw.device, COMMAND, 0), 0);
	fixture = (struct fixture){ .raw = raw, .wakeup = raw_eventfd() };
	expect_ok(vfiopm_device_new_from_fd(raw.device, &fixture.dev));
	expect_ok(vfiopm_region_new(fixture.dev, VFIOPM_REGION_BAR0, &fixture.bar));
	expect_ok(vfiopm_region_map(fixture.bar));
	expect_unclaimed(&fixture, 0);
	fixture_close(&fixture);
}

/* ---- low power ---- */

/* The accesses fail, and the device sleeps on. */
static void expect_asleep(struct fixture *fixture)
{
	uint64_t value = 0;

	expect_errno(EAGAIN, vfiopm_region_read(fixture->bar, 8, sizeof(value), 0, &value));
	assert_true(value == UINT64_MAX);
	expect_errno(EAGAIN, vfiopm_region_write(fixture->bar, SCRATCH, 4, 0, &value));
	expect_errno(EAGAIN, vfiopm_region_read(fixture->config, 0, 4, 0, &value));
	expect_errno(EAGAIN, vfiopm_region_write(fixture->config, COMMAND, 1, 0, "\2"));
	expect_errno(EINVAL, vfiopm_region_read(fixture->config, 4096, 4, 0, &value));
	assert_true(host_shows("power/runtime_status", "suspended"));
	assert_false(raw_readable(fixture->wakeup));
}

static void no_access_wakes_silently(void **state)
{
	struct fixture fixture;
	void *address;

	(void)state;
	testbed_need_low_power();
	fixture_open(&fixture);
	for (int mapped = 0; mapped < 2; mapped++) {
		expect_ok(vfiopm_enter(fixture.dev));
		host_sees_deep_sleep();
		for (int i = 0; i < 100; i++)
			expect_asleep(&fixture);
		expect_ok(vfiopm_exit(fixture.dev));
		expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
		host_sees_deep_sleep();
		for (int i = 0; i < 100; i++)
			expect_asleep(&fixture);
		/* A map wakes nothing either. */
		expect_ok(vfiopm_region_map(fixture.bar));
		expect_ok(vfiopm_region_get_address(fixture.bar, 0, 4, &address));
		expect_asleep(&fixture);
		expect_ok(vfiopm_exit(fixture.dev));
		read32(fixture.bar, 8);
	}
	fixture_close(&fixture);
}

/* Before the suspend, mapped memory already raises SIGBUS. */
static void entry_without_a_suspend_raises_no_sigbus(void **state)
{
	struct fixture fixture;
	uint32_t value;

	(void)state;
	testbed_need_low_power();
	fixture_open(&fixture);
	expect_ok(vfiopm_region_map(fixture.bar));
	read32(fixture.bar, 8);
	host_write("power/control", "on");
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	expect_errno(EAGAIN, vfiopm_region_read(fixture.bar, 8, 4, 0, &value));
	expect_ok(vfiopm_region_read(fixture.bar, 8, 4, VFIOPM_REGION_WAKE, &value));
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	assert_false(raw_readable(fixture.wakeup));
	expect_ok(vfiopm_exit(fixture.dev));
	host_write("power/control", "auto");
	read32(fixture.bar, 8);
	fixture_close(&fixture);
}

static void allowed_access_enters_low_power_again(void **state)
{
	struct fixture fixture;
	uint32_t value;

	(void)state;
	testbed_need_low_power();
	fixture_open(&fixture);
	expect_ok(vfiopm_region_map(fixture.bar));
	for (int plain = 0; plain < 2; plain++) {
		if (plain)
			expect_ok(vfiopm_enter(fixture.dev));
		else
			expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
		for (int i = 0; i < 6; i++) {
			host_sees_deep_sleep();
			if (i % 3 == 0)
				expect_ok(vfiopm_region_read(fixture.config, 0, 4,
							     VFIOPM_REGION_WAKE, &value));
			else if (i % 3 == 1)
				expect_ok(vfiopm_region_read(fixture.bar, 8, 4, VFIOPM_REGION_WAKE,
							     &value));
			else
				expect_ok(vfiopm_region_write(fixture.config, COMMAND, 1,
							      VFIOPM_REGION_WAKE, "\2"));
			assert_int_equal(vfiopm_get_state(fixture.dev),
					 plain ? VFIOPM_STATE_LOW_POWER
					       : VFIOPM_STATE_LOW_POWER_WAKEUP);
			assert_false(raw_readable(fixture.wakeup));
			assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
		}
		host_sees_deep_sleep();
		expect_asleep(&fixture);
		expect_ok(vfiopm_exit(fixture.dev));
		assert_false(raw_readable(fixture.wakeup));
	}
	fixture_close(&fixture);
}

/* An access that the kernel refuses wakes the device too. */
static void failed_access_is_no_wake(void **state)
{
	struct fixture fixture;

	(void)state;
	testbed_need_low_power();
	fixture_open(&fixture);
	expect_ok(write_byte(fixture.config, COMMAND, 0));
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	expect_unclaimed(&fixture, VFIOPM_REGION_WAKE);
	host_sees_deep_sleep();
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	assert_false(raw_readable(fixture.wakeup));
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	expect_ok(vfiopm_exit(fixture.dev));
	fixture_close(&fixture);
}

static void creation_in_low_power_is_no_wake(void **state)
{
	struct vfiopm_region *region = NULL;
	struct fixture fixture;

	(void)state;
	testbed_need_low_power();
	fixture_open(&fixture);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	expect_ok(vfiopm_region_new(fixture.dev, VFIOPM_REGION_BAR3, &region));
	host_sees_deep_sleep();
	expect_errno(EINVAL, vfiopm_region_new(fixture.dev, VFIOPM_REGION_VGA, &region));
	host_sees_deep_sleep();
	/* The first call reads the configuration space. */
	expect_guest_area(region, 0, 0x1000, 0x1000);
	host_sees_deep_sleep();
	expect_guest_area(region, 1, 0x3000, 0x1000);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	assert_int_equal(vfiopm_get_state(fixture.dev), VFIOPM_STATE_LOW_POWER_WAKEUP);
	vfiopm_region_free(region);
	fixture_close(&fixture);
}

static void woken_device_can_be_accessed(void **state)
{
	struct fixture fixture;

	(void)state;
	testbed_need_low_power();
	fixture_open(&fixture);
	expect_ok(vfiopm_region_map(fixture.bar));
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	host_wake();
	read32(fixture.bar, 8);
	assert_int_equal(read32(fixture.config, 0), 0x10d38086);
	write32(fixture.bar, SCRATCH, 0x1230);
	assert_int_equal(read32(fixture.bar, SCRATCH), 0x1230);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 1);
	assert_int_equal(vfiopm_take_wake(fixture.dev), 0);
	assert_int_equal(read32(fixture.bar, SCRATCH), 0x1230);
	fixture_close(&fixture);
}

/* The suspend ends the D3hot of the user (vfio_pci_core_runtime_suspend()). */
static void low_power_from_d3hot(void **state)
{
	struct fixture fixture;
	unsigned pmcsr;

	(void)state;
	testbed_need_low_power();
	fixture_open(&fixture);
	expect_ok(vfiopm_region_map(fixture.bar));
	pmcsr = raw_pm_capability(fixture.raw.device) + 4;
	expect_ok(write_byte(fixture.config, pmcsr, 3));
	expect_unclaimed(&fixture, 0);
	expect_ok(vfiopm_enter_wakeup(fixture.dev, fixture.wakeup));
	host_sees_deep_sleep();
	expect_asleep(&fixture);
	expect_ok(vfiopm_exit(fixture.dev));
	assert_int_equal(read32(fixture.config, pmcsr) & 3, 0);
	read32(fixture.bar, 8);
	fixture_close(&fixture);
}

static void closed_device_fd(void **state)
{
	struct vfiopm_region *region, *other;
	struct vfiopm_device *dev;
	struct fixture fixture;
	uint32_t value = 0;
	uint64_t size;
	int fd;

	(void)state;
	fixture_open(&fixture);
	fd = fcntl(fixture.raw.device, F_DUPFD_CLOEXEC, 300);
	assert_true(fd >= 300);
	expect_ok(vfiopm_device_new_from_fd(fd, &dev));
	expect_ok(vfiopm_region_new(dev, VFIOPM_REGION_BAR0, &region));
	close(fd);
	expect_errno(EBADF, vfiopm_region_new(dev, VFIOPM_REGION_BAR0, &other));
	expect_errno(EBADF, vfiopm_region_map(region));
	expect_errno(EBADF, vfiopm_region_get_guest_area(region, 0, &size, &size));
	expect_errno(EBADF, vfiopm_region_read(region, 8, 4, 0, &value));
	assert_int_equal(value, UINT32_MAX);
	expect_errno(EBADF, vfiopm_region_write(region, SCRATCH, 4, 0, &value));
	vfiopm_region_free(region);
	vfiopm_device_free(dev);
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(properties),
		ON_TESTBED(null_arguments),
		ON_TESTBED(hostile_ranges),
		ON_TESTBED(configuration_space),
		ON_TESTBED(memory_and_fd_agree),
		ON_TESTBED(map_and_unmap),
		ON_TESTBED(msix_table_is_left_alone),
		ON_TESTBED(guest_gets_no_page_of_msix),
		ON_TESTBED(memory_that_is_off_raises_no_sigbus),
		ON_TESTBED(memory_that_was_off_raises_no_sigbus),
		ON_TESTBED(no_access_wakes_silently),
		ON_TESTBED(entry_without_a_suspend_raises_no_sigbus),
		ON_TESTBED(allowed_access_enters_low_power_again),
		ON_TESTBED(failed_access_is_no_wake),
		ON_TESTBED(creation_in_low_power_is_no_wake),
		ON_TESTBED(woken_device_can_be_accessed),
		ON_TESTBED(low_power_from_d3hot),
		ON_TESTBED(closed_device_fd),
	};

	return cmocka_run_group_tests_name("region", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * Conformance of regions, without the library: the capabilities of GET_REGION_INFO, mmap of a
 * BAR, and reads and writes of the BAR with the MSI-X table.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/uapi.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

/* BAR 3 of the e1000e contains its MSI-X table. */
#define MSIX_BAR VFIO_PCI_BAR3_REGION_INDEX

struct answer {
	struct vfio_region_info info;
	uint8_t capabilities[64];
};

static struct answer region_info(const struct raw *raw, uint32_t index, uint32_t argsz)
{
	struct answer answer = { .info = { .argsz = argsz, .index = index } };

	expect_ok(raw_ioctl(raw->device, VFIO_DEVICE_GET_REGION_INFO, &answer));
	return answer;
}

static void capability_of_the_msix_bar(void **state)
{
	struct vfio_info_cap_header header;
	struct answer answer;
	struct raw raw;

	(void)state;
	raw_open(&raw);
	answer = region_info(&raw, MSIX_BAR, sizeof(answer));
	assert_int_equal(answer.info.size, 0x4000);
	assert_int_equal(answer.info.flags, 15); /* read, write, mmap, capabilities */
	assert_int_equal(answer.info.argsz, sizeof(answer));
	assert_int_equal(answer.info.cap_offset, sizeof(answer.info));
	memcpy(&header, answer.capabilities, sizeof(header));
	assert_int_equal(header.id, VFIO_REGION_INFO_CAP_MSIX_MAPPABLE);
	assert_int_equal(header.version, 1);
	assert_int_equal(header.next, 0);
	raw_close(&raw);
}

/* A buffer without space for the capabilities receives the size that is needed. */
static void small_buffer_gets_the_size(void **state)
{
	struct answer answer;
	struct raw raw;

	(void)state;
	raw_open(&raw);
	answer = region_info(&raw, MSIX_BAR, sizeof(answer.info));
	assert_int_equal(answer.info.flags, 15);
	assert_int_equal(answer.info.cap_offset, 0);
	assert_int_equal(answer.info.argsz,
			 sizeof(answer.info) + sizeof(struct vfio_info_cap_header));
	/* BAR 0 has no capabilities. */
	answer = region_info(&raw, VFIO_PCI_BAR0_REGION_INDEX, sizeof(answer.info));
	assert_int_equal(answer.info.flags, 7);
	assert_int_equal(answer.info.argsz, sizeof(answer.info));
	assert_int_equal(answer.info.cap_offset, 0);
	raw_close(&raw);
}

static void *map(const struct raw *raw, uint32_t index, uint64_t offset, size_t length, int flags)
{
	return mmap(NULL, length, PROT_READ | PROT_WRITE, flags, raw->device,
		    (off_t)((uint64_t)index << 40 | offset));
}

static void only_bars_can_be_mapped(void **state)
{
	static const struct {
		uint32_t index;
		uint64_t offset;
		size_t length;
		int flags;
		bool works;
	} cases[] = {
		{ VFIO_PCI_BAR0_REGION_INDEX, 0, 0x20000, MAP_SHARED, true },
		{ VFIO_PCI_BAR0_REGION_INDEX, 0x1f000, 0x1000, MAP_SHARED, true },
		{ VFIO_PCI_BAR0_REGION_INDEX, 0x1f000, 0x2000, MAP_SHARED, false },
		{ VFIO_PCI_BAR0_REGION_INDEX, 0x20000, 0x1000, MAP_SHARED, false },
		{ VFIO_PCI_BAR0_REGION_INDEX, 0, 0x1000, MAP_PRIVATE, false },
		{ MSIX_BAR, 0, 0x4000, MAP_SHARED, true },
		{ VFIO_PCI_BAR4_REGION_INDEX, 0, 0x1000, MAP_SHARED, false },
		{ VFIO_PCI_ROM_REGION_INDEX, 0, 0x1000, MAP_SHARED, false },
		{ VFIO_PCI_CONFIG_REGION_INDEX, 0, 0x1000, MAP_SHARED, false },
		{ 100, 0, 0x1000, MAP_SHARED, false },
	};
	struct raw raw;

	(void)state;
	raw_open(&raw);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		void *address =
			map(&raw, cases[i].index, cases[i].offset, cases[i].length, cases[i].flags);
		int error = errno;

		if ((address != MAP_FAILED) != cases[i].works)
			fail_msg("case %zu", i);
		if (address == MAP_FAILED)
			assert_int_equal(error, EINVAL);
		else
			munmap(address, cases[i].length);
	}
	raw_close(&raw);
}

/* vfio_pci_bar_rw() leaves out the MSI-X table. */
static void msix_table_reads_as_ones(void **state)
{
	const off_t table = (off_t)((uint64_t)MSIX_BAR << 40);
	uint8_t bytes[128];
	struct raw raw;

	(void)state;
	raw_open(&raw);
	raw_enable_memory(raw.device);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(pwrite(raw.device, bytes, sizeof(bytes), table), sizeof(bytes));
	assert_int_equal(pread(raw.device, bytes, sizeof(bytes), table), sizeof(bytes));
	/* Five vectors of 16 bytes. */
	for (size_t i = 0; i < 80; i++)
		assert_int_equal(bytes[i], 0xff);
	assert_int_equal(bytes[80], 0);
	assert_int_equal(pread(raw.device, bytes, 8, table + 0x3ffc), 4);
	raw_close(&raw);
}

/* The library finds PMCSR and the MSI-X table in this list. */
static void list_of_capabilities(void **state)
{
	static const uint8_t expected[][2] = {
		{ 0xc8, 0x01 }, { 0xd0, 0x05 }, { 0xe0, 0x10 }, { 0xa0, 0x11 }
	};
	uint8_t byte, next;
	struct raw raw;

	(void)state;
	raw_open(&raw);
	expect_ok(raw_read_config(raw.device, 6, &byte));
	assert_true(byte & 0x10); /* PCI_STATUS_CAP_LIST */
	expect_ok(raw_read_config(raw.device, 0x34, &next));
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(next, expected[i][0]);
		expect_ok(raw_read_config(raw.device, next, &byte));
		assert_int_equal(byte, expected[i][1]);
		expect_ok(raw_read_config(raw.device, next + 1u, &next));
	}
	assert_int_equal(next, 0);
	/* PMC: no PME. PMCSR: D0. */
	expect_ok(raw_read_config(raw.device, 0xc8 + 3, &byte));
	assert_int_equal(byte, 0);
	expect_ok(raw_read_config(raw.device, 0xc8 + 4, &byte));
	assert_int_equal(byte & 3, 0);
	/* MSI: one vector, 64 bits. MSI-X: five vectors, the table in BAR 3, the PBA behind it. */
	expect_ok(raw_read_config(raw.device, 0xd0 + 2, &byte));
	assert_int_equal(byte, 0x80);
	expect_ok(raw_read_config(raw.device, 0xa0 + 2, &byte));
	assert_int_equal(byte, 4);
	expect_ok(raw_read_config(raw.device, 0xa0 + 4, &byte));
	assert_int_equal(byte, 3);
	expect_ok(raw_read_config(raw.device, 0xa0 + 8, &byte));
	assert_int_equal(byte, 3);
	expect_ok(raw_read_config(raw.device, 0xa0 + 9, &byte));
	assert_int_equal(byte, 0x20);
	raw_close(&raw);
}

/* A mapping faults while the memory is off, and works again after that. Since 5.19 it faults in
 * D3hot too (vfio_pci_config.c, __vfio_pci_memory_enabled()). */
static void mapping_follows_memory_and_power(void **state)
{
	volatile uint32_t *memory;
	unsigned pmcsr;
	struct raw raw;

	(void)state;
	raw_open(&raw);
	pmcsr = raw_pm_capability(raw.device) + 4;
	raw_enable_memory(raw.device);
	memory = raw_map(raw.device);
	assert_false(raw_faults(memory));
	expect_ok(raw_write_config(raw.device, 4, 0));
	assert_true(raw_faults(memory));
	raw_enable_memory(raw.device);
	assert_false(raw_faults(memory));
	expect_ok(raw_write_config(raw.device, pmcsr, 3));
	assert_int_equal(raw_faults(memory), testbed_kernel_is_at_least(5, 19));
	assert_int_equal(raw_read_region(raw.device, VFIO_PCI_BAR0_REGION_INDEX, 8),
			 testbed_kernel_is_at_least(5, 19) ? -EIO : 0);
	expect_ok(raw_write_config(raw.device, pmcsr, 0));
	assert_false(raw_faults(memory));
	raw_unmap(memory);
	raw_close(&raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(capability_of_the_msix_bar),
		ON_TESTBED(small_buffer_gets_the_size),
		ON_TESTBED(only_bars_can_be_mapped),
		ON_TESTBED(msix_table_reads_as_ones),
		ON_TESTBED(list_of_capabilities),
		ON_TESTBED(mapping_follows_memory_and_power),
	};

	return cmocka_run_group_tests_name("uapi-region", tests, NULL, NULL);
}

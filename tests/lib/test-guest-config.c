// SPDX-License-Identifier: MIT
/*
 * Tests of the configuration space of a guest's function (lib/guest/config.c), on the simulator:
 * lists of capabilities that a hostile device can have, and the shadow.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "guest-parts.h"
#include "host.h"
#include "lib/uapi.h"
#include "sim-fixture.h"

#define ID_VENDOR 0x09

struct device {
	struct sim_device *sim;
	struct vfiopm_device *dev;
	int fd;
	struct vfiopm_guest_ops ops;
	struct vfiopm__guest_host host;
	uint8_t bytes[256];
};

static void device_open(struct device *device, const struct sim_machine *machine)
{
	*device = (struct device){ .bytes = { [6] = 0x10 } };
	device->sim = sim_add(machine);
	device->fd = sim_open_device(device->sim);
	expect_ok(vfiopm_device_new_from_fd(device->fd, &device->dev));
	expect_ok(vfiopm__guest_host_init(&device->host, device->dev, &device->ops, NULL));
}

static void device_close(struct device *device)
{
	vfiopm__guest_host_end(&device->host);
	vfiopm_device_free(device->dev);
	close(device->fd);
	sim_reset();
}

static void add(struct device *device, unsigned offset, uint8_t id, unsigned next)
{
	device->bytes[offset] = id;
	device->bytes[offset + 1] = (uint8_t)next;
}

/* Create the object from these bytes. Returns the result. */
static int create(struct device *device, struct vfiopm__guest_config **ret_config)
{
	sim_set_config(device->sim, 0, device->bytes, sizeof(device->bytes));
	return vfiopm__guest_config_new(&device->host, ret_config);
}

static void expect_malformed(struct device *device)
{
	struct vfiopm__guest_config *config;

	assert_int_equal(create(device, &config), -EPROTO);
	device_close(device);
}

static void capabilities_are_found(void **state)
{
	struct vfiopm__guest_config *config;
	struct device device;

	(void)state;
	device_open(&device, NULL);
	device.bytes[0x34] = 0xc8 | 3; /* the two low bits are reserved */
	add(&device, 0xc8, VFIOPM__CAPABILITY_PM, 0xd0);
	add(&device, 0xd0, VFIOPM__CAPABILITY_MSI, 0xa1);
	device.bytes[0xd2] = 0x80;
	add(&device, 0xa0, VFIOPM__CAPABILITY_MSIX, 0xe0);
	add(&device, 0xe0, VFIOPM__CAPABILITY_EXPRESS, 0xfc);
	add(&device, 0xfc, ID_VENDOR, 0x40);
	add(&device, 0x40, ID_VENDOR, 0);
	expect_ok(create(&device, &config));
	assert_int_equal(vfiopm__guest_config_find(config, VFIOPM__CAPABILITY_PM), 0xc8);
	assert_int_equal(vfiopm__guest_config_find(config, VFIOPM__CAPABILITY_MSI), 0xd0);
	assert_int_equal(vfiopm__guest_config_find(config, VFIOPM__CAPABILITY_MSIX), 0xa0);
	/* As pci_find_capability() does, the object uses the first of two. */
	assert_int_equal(vfiopm__guest_config_find(config, ID_VENDOR), 0xfc);
	assert_int_equal(vfiopm__guest_config_find(config, 0x05 + 0x80), 0);
	assert_int_equal(vfiopm__guest_config_bytes(config, 0xd0)[2], 0x80);
	vfiopm__guest_config_free(config);
	device_close(&device);
}

/* The status register says that there is no list, so the pointer means nothing. */
static void device_without_capabilities(void **state)
{
	struct vfiopm__guest_config *config;
	struct device device;

	(void)state;
	device_open(&device, NULL);
	device.bytes[6] = 0;
	device.bytes[0x34] = 0x40;
	add(&device, 0x40, VFIOPM__CAPABILITY_PM, 0x40);
	expect_ok(create(&device, &config));
	assert_int_equal(vfiopm__guest_config_find(config, VFIOPM__CAPABILITY_PM), 0);
	vfiopm__guest_config_free(config);
	device_close(&device);
}

static void empty_list(void **state)
{
	struct vfiopm__guest_config *config;
	struct device device;

	(void)state;
	device_open(&device, NULL);
	expect_ok(create(&device, &config));
	vfiopm__guest_config_free(config);
	device_close(&device);
}

static void list_that_loops(void **state)
{
	struct device device;

	(void)state;
	device_open(&device, NULL);
	device.bytes[0x34] = 0x40;
	add(&device, 0x40, ID_VENDOR, 0x50);
	add(&device, 0x50, ID_VENDOR, 0x60);
	add(&device, 0x60, ID_VENDOR, 0x50);
	expect_malformed(&device);
	device_open(&device, NULL);
	device.bytes[0x34] = 0x40;
	add(&device, 0x40, ID_VENDOR, 0x40);
	expect_malformed(&device);
}

/* A device that is gone reads as all ones. */
static void device_that_is_gone(void **state)
{
	struct device device;

	(void)state;
	device_open(&device, NULL);
	memset(device.bytes, 0xff, sizeof(device.bytes));
	expect_malformed(&device);
}

static void pointer_into_the_header(void **state)
{
	struct device device;

	(void)state;
	for (unsigned pointer = 4; pointer < 0x40; pointer += 4) {
		device_open(&device, NULL);
		device.bytes[0x34] = 0x40;
		add(&device, 0x40, ID_VENDOR, pointer);
		expect_malformed(&device);
	}
}

static void capability_past_the_end(void **state)
{
	/* The lengths of PM, of MSI in its four forms, and of the rest. */
	static const struct {
		uint8_t id, flags[2];
		unsigned length;
	} capabilities[] = {
		{ VFIOPM__CAPABILITY_PM, { 0, 0 }, 8 },
		{ VFIOPM__CAPABILITY_MSI, { 0, 0 }, 10 },
		{ VFIOPM__CAPABILITY_MSI, { 0x80, 0 }, 14 },
		{ VFIOPM__CAPABILITY_MSI, { 0, 1 }, 20 },
		{ VFIOPM__CAPABILITY_MSI, { 0x80, 1 }, 24 },
		{ VFIOPM__CAPABILITY_MSIX, { 0, 0 }, 12 },
		{ VFIOPM__CAPABILITY_EXPRESS, { 0, 0 }, 10 },
		{ VFIOPM__CAPABILITY_AF, { 0, 0 }, 5 },
	};
	struct vfiopm__guest_config *config;
	struct device device;

	(void)state;
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
		for (unsigned offset = 0xe0; offset < 0x100; offset += 4) {
			device_open(&device, NULL);
			device.bytes[0x34] = (uint8_t)offset;
			add(&device, offset, capabilities[i].id, 0);
			device.bytes[offset + 2] = capabilities[i].flags[0];
			if (offset + 3 < 0x100)
				device.bytes[offset + 3] = capabilities[i].flags[1];
			if (offset + capabilities[i].length > 0x100) {
				expect_malformed(&device);
				continue;
			}
			expect_ok(create(&device, &config));
			vfiopm__guest_config_free(config);
			device_close(&device);
		}
	}
}

static void capabilities_that_overlap(void **state)
{
	struct vfiopm__guest_config *config;
	struct device device;

	(void)state;
	device_open(&device, NULL);
	device.bytes[0x34] = 0x40;
	add(&device, 0x40, VFIOPM__CAPABILITY_PM, 0x44);
	add(&device, 0x44, ID_VENDOR, 0);
	expect_malformed(&device);
	/* In the other order of the list. */
	device_open(&device, NULL);
	device.bytes[0x34] = 0x44;
	add(&device, 0x44, ID_VENDOR, 0x40);
	add(&device, 0x40, VFIOPM__CAPABILITY_PM, 0);
	expect_malformed(&device);
	/* Neighbours do not overlap. */
	device_open(&device, NULL);
	device.bytes[0x34] = 0x40;
	add(&device, 0x40, VFIOPM__CAPABILITY_PM, 0x48);
	add(&device, 0x48, VFIOPM__CAPABILITY_MSIX, 0);
	expect_ok(create(&device, &config));
	vfiopm__guest_config_free(config);
	device_close(&device);
}

/* Random bytes never lead to a loop or to a capability outside of the configuration space. */
static void random_bytes(void **state)
{
	struct vfiopm__guest_config *config;
	unsigned well_formed = 0;
	struct device device;

	(void)state;
	device_open(&device, NULL);
	for (int round = 0; round < 20000; round++) {
		for (unsigned i = 0; i < sizeof(device.bytes); i++)
			device.bytes[i] = (uint8_t)sim_fixture_random(256);
		device.bytes[PMCSR] = 0; /* the simulator's own */
		/* Make the end of the list likely. */
		for (unsigned i = 0x41; i < sizeof(device.bytes); i += 4) {
			if (sim_fixture_random(2) == 0)
				device.bytes[i] = 0;
		}
		if (create(&device, &config) < 0)
			continue;
		for (unsigned id = 0; id < 256; id++) {
			uint32_t offset = vfiopm__guest_config_find(config, (uint8_t)id);

			if (offset != 0) {
				assert_in_range(offset, 0x40, 0xfc);
				assert_int_equal(device.bytes[offset], id);
			}
		}
		well_formed++;
		vfiopm__guest_config_free(config);
	}
	assert_in_range(well_formed, 1000, 19000);
	device_close(&device);
}

/* ---- function level resets ---- */

#define EXPRESS 0x40
#define AF	0x60

/* A device with these bytes of its capabilities: Device Capabilities 31:24, and AF Capabilities. */
static struct vfiopm__guest_config *create_with_resets(struct device *device, uint8_t express,
						       uint8_t af)
{
	struct vfiopm__guest_config *config;

	device_open(device, NULL);
	device->bytes[0x34] = EXPRESS;
	add(device, EXPRESS, VFIOPM__CAPABILITY_EXPRESS, AF);
	device->bytes[EXPRESS + 7] = express;
	add(device, AF, VFIOPM__CAPABILITY_AF, 0);
	device->bytes[AF + 3] = af;
	expect_ok(create(device, &config));
	return config;
}

static void writes_that_reset(void **state)
{
	static const struct {
		uint32_t offset, width, value;
		bool resets;
	} writes[] = {
		/* Bit 15 of Device Control, alone and with other bits, in each width. */
		{ EXPRESS + 8, 2, 0x8000, true },
		{ EXPRESS + 8, 2, 0xa810, true },
		{ EXPRESS + 8, 4, 0x8000, true },
		{ EXPRESS + 9, 1, 0x80, true },
		{ EXPRESS + 8, 2, 0x7fff, false },
		{ EXPRESS + 8, 4, 0xffff7fff, false },
		{ EXPRESS + 8, 1, 0x80, false },
		{ EXPRESS + 10, 2, 0x8000, false },
		{ EXPRESS + 4, 4, UINT32_MAX, false },
		{ EXPRESS + 12, 4, UINT32_MAX, false },
		/* Bit 0 of AF Control. */
		{ AF + 4, 1, 1, true },
		{ AF + 4, 2, 0x0101, true },
		{ AF + 4, 4, UINT32_MAX, true },
		{ AF + 4, 4, UINT32_MAX - 1, false },
		{ AF + 5, 1, 1, false },
		{ AF, 4, UINT32_MAX, false },
		{ 0, 4, UINT32_MAX, false },
	};
	/* AF needs both of its bits. */
	static const struct {
		uint8_t express, af;
		bool has_express, has_af;
	} devices[] = { { 0x10, 3, true, true },
			{ 0, 0, false, false },
			{ 0xef, 1, false, false },
			{ 0xff, 2, true, false },
			{ 0, 0xff, false, true } };
	struct vfiopm__guest_config *config;
	struct device device;

	(void)state;
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		config = create_with_resets(&device, devices[i].express, devices[i].af);
		for (size_t k = 0; k < sizeof(writes) / sizeof(writes[0]); k++) {
			bool has =
				writes[k].offset < AF ? devices[i].has_express : devices[i].has_af;

			assert_int_equal(vfiopm__guest_config_resets(config, writes[k].offset,
								     writes[k].width,
								     writes[k].value),
					 has && writes[k].resets);
		}
		vfiopm__guest_config_free(config);
		device_close(&device);
	}
	/* Without the capabilities, the byte 0 is none of theirs. */
	device_open(&device, NULL);
	expect_ok(create(&device, &config));
	assert_false(vfiopm__guest_config_resets(config, 0, 4, UINT32_MAX));
	vfiopm__guest_config_free(config);
	device_close(&device);
}

/* ---- the shadow ---- */

static uint32_t expected(const uint8_t *bytes, size_t size, uint32_t offset, uint32_t width)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < width; i++) {
		uint64_t at = (uint64_t)offset + i;

		value |= (uint32_t)(at < size ? bytes[at] : 0xff) << 8 * i;
	}
	return value;
}

static void check_shadow(bool extended)
{
	struct sim_machine machine = { .no_extended_config = !extended };
	static uint8_t bytes[4096];
	size_t size = extended ? sizeof(bytes) : 256;
	struct guest_parts parts;
	uint32_t value, calls;

	guest_parts_open(&parts, &machine, 0);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)sim_fixture_random(256);
	memset(bytes + PMCSR, 0, 1);
	bytes[0xa0 + 3] &= 0x7f; /* MSI-X Enable, which is the simulator's own */
	sim_set_config(parts.sim, 0, bytes, sizeof(bytes));
	/* While the device is awake, each access is the VMM's. */
	assert_int_equal(vfiopm__guest_config_read(parts.config, 0, 4, &value), 0);
	assert_int_equal(vfiopm__guest_config_write(parts.config, 4, 2, 7), 0);

	/* The shadow is what the device has at the entry, read by one call. */
	sim_calls_begin();
	expect_ok(vfiopm__guest_pm_power(parts.pm, false));
	sim_calls_end();
	assert_int_equal(sim_calls_named("pread"), 1);
	assert_true(sim_is_suspended(parts.sim));
	calls = sim_ioctls(parts.sim);
	for (uint32_t width = 1; width <= 4; width++) {
		for (uint32_t offset = 0; offset < 4200; offset++) {
			assert_int_equal(
				vfiopm__guest_config_read(parts.config, offset, width, &value), 1);
			assert_int_equal(value, expected(bytes, size, offset, width));
		}
		assert_int_equal(vfiopm__guest_config_read(parts.config, UINT32_MAX, width, &value),
				 1);
		assert_int_equal(value, expected(bytes, size, UINT32_MAX, width));
	}
	/* A device without power takes no write. */
	value = 0;
	assert_int_equal(vfiopm__guest_config_write(parts.config, 4, 2, 7), 1);
	assert_int_equal(vfiopm__guest_config_read(parts.config, 4, 2, &value), 1);
	assert_int_equal(value, expected(bytes, size, 4, 2));
	assert_true(sim_is_suspended(parts.sim));
	assert_int_equal(sim_ioctls(parts.sim), calls);

	expect_ok(vfiopm__guest_pm_power(parts.pm, true));
	assert_int_equal(vfiopm__guest_config_read(parts.config, 0, 4, &value), 0);
	assert_int_equal(vfiopm__guest_config_write(parts.config, 4, 2, 7), 0);
	guest_parts_close(&parts);
}

static void shadow_serves_a_sleeping_guest(void **state)
{
	(void)state;
	check_shadow(true);
	check_shadow(false);
}

/* A device that is not PCI has no such region, or one for another purpose. */
static void device_without_configuration_space(void **state)
{
	static const struct sim_machine platform = { .platform_irqs = "L" };
	const struct vfio_region_info info = { .argsz = sizeof(info),
					       .flags = VFIO_REGION_INFO_FLAG_READ,
					       .index = VFIO_PCI_CONFIG_REGION_INDEX,
					       .size = 128 };
	struct vfiopm__guest_config *config;
	struct device device;

	(void)state;
	device_open(&device, &platform);
	assert_int_equal(vfiopm__guest_config_new(&device.host, &config), -EINVAL);
	device_close(&device);
	device_open(&device, NULL);
	sim_set_region_answer(device.sim, VFIO_PCI_CONFIG_REGION_INDEX, &info, sizeof(info));
	assert_int_equal(vfiopm__guest_config_new(&device.host, &config), -EINVAL);
	device_close(&device);
}

static void configuration_space_that_cannot_be_read(void **state)
{
	struct vfiopm__guest_config *config;
	unsigned calls;
	struct device device;

	(void)state;
	device_open(&device, NULL);
	sim_calls_begin();
	expect_ok(vfiopm__guest_config_new(&device.host, &config));
	calls = sim_calls_end();
	vfiopm__guest_config_free(config);
	for (unsigned i = 0; i < calls; i++) {
		int error = strcmp(sim_call_name(i), "calloc") == 0 ? ENOMEM : EIO;

		sim_calls_fail(i, error);
		assert_int_equal(vfiopm__guest_config_new(&device.host, &config), -error);
		sim_calls_end();
	}
	/* calloc(), the region with its ioctl, and pread(). */
	assert_int_equal(calls, 5);
	device_close(&device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities_are_found),
		cmocka_unit_test(device_without_capabilities),
		cmocka_unit_test(empty_list),
		cmocka_unit_test(list_that_loops),
		cmocka_unit_test(device_that_is_gone),
		cmocka_unit_test(pointer_into_the_header),
		cmocka_unit_test(capability_past_the_end),
		cmocka_unit_test(capabilities_that_overlap),
		cmocka_unit_test(random_bytes),
		cmocka_unit_test(writes_that_reset),
		cmocka_unit_test(shadow_serves_a_sleeping_guest),
		cmocka_unit_test(device_without_configuration_space),
		cmocka_unit_test(configuration_space_that_cannot_be_read),
	};

	return cmocka_run_group_tests_name("guest-config", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * Conformance of the other VFIO calls that the library or the simulator relies on, without the
 * library: groups and containers, GET_INFO, GET_REGION_INFO, and reads and writes of regions.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/uapi.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

static void bad_region_accesses_fail(void **state)
{
	struct raw raw;
	uint8_t byte;

	(void)state;
	raw_open(&raw);
	/* The open enables the device and its memory (vfio_pci_core_enable()). */
	assert_int_equal(raw_read_region(raw.device, VFIO_PCI_BAR0_REGION_INDEX, 8), 0);
	assert_int_equal(raw_write_config(raw.device, 4, 0), 0);
	assert_int_equal(raw_read_region(raw.device, VFIO_PCI_BAR0_REGION_INDEX, 8), -EIO);
	raw_enable_memory(raw.device);
	assert_int_equal(raw_read_region(raw.device, VFIO_PCI_BAR0_REGION_INDEX, 8), 0);
	assert_int_equal(raw_read_region(raw.device, VFIO_PCI_BAR0_REGION_INDEX, 0x20000), -EINVAL);
	assert_int_equal(raw_read_config(raw.device, 4096, &byte), -EFAULT);
	assert_int_equal(raw_write_region(raw.device, VFIO_PCI_ROM_REGION_INDEX, 0), -EINVAL);
	assert_int_equal(raw_read_region(raw.device, 100, 0), -EINVAL);
	raw_close(&raw);
}

static void get_region_info(void **state)
{
	struct vfio_region_info info = { .argsz = sizeof(info) };
	struct raw raw;

	(void)state;
	raw_open(&raw);
	assert_int_equal(raw_ioctl(raw.device, VFIO_DEVICE_GET_REGION_INFO, &info), 0);
	assert_int_equal(info.size, 0x20000);
	assert_int_equal(info.flags & 7, 7); /* read, write, mmap */
	info.index = VFIO_PCI_CONFIG_REGION_INDEX;
	assert_int_equal(raw_ioctl(raw.device, VFIO_DEVICE_GET_REGION_INFO, &info), 0);
	assert_int_equal(info.flags, 3);
	assert_true(info.offset == UINT64_C(7) << 40);
	info.index = VFIO_PCI_BAR4_REGION_INDEX; /* absent */
	assert_int_equal(raw_ioctl(raw.device, VFIO_DEVICE_GET_REGION_INFO, &info), 0);
	assert_int_equal(info.size, 0);
	assert_int_equal(info.flags, 0);
	info.index = VFIO_PCI_VGA_REGION_INDEX;
	assert_int_equal(raw_ioctl(raw.device, VFIO_DEVICE_GET_REGION_INFO, &info), -EINVAL);
	info.index = 1000;
	assert_int_equal(raw_ioctl(raw.device, VFIO_DEVICE_GET_REGION_INFO, &info), -EINVAL);
	info.argsz = 31;
	assert_int_equal(raw_ioctl(raw.device, VFIO_DEVICE_GET_REGION_INFO, &info), -EINVAL);
	assert_int_equal(raw_ioctl(raw.device, VFIO_DEVICE_GET_REGION_INFO, NULL), -EFAULT);
	raw_close(&raw);
}

static void get_info(void **state)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct raw raw;

	(void)state;
	raw_open(&raw);
	assert_int_equal(raw_ioctl(raw.device, VFIO_DEVICE_GET_INFO, &info), 0);
	assert_int_equal(info.flags & VFIO_DEVICE_FLAGS_PCI, VFIO_DEVICE_FLAGS_PCI);
	assert_int_equal(info.flags & VFIO_DEVICE_FLAGS_RESET, VFIO_DEVICE_FLAGS_RESET);
	assert_true(info.num_regions >= VFIO_PCI_NUM_REGIONS);
	assert_int_equal(info.num_irqs, VFIO_PCI_NUM_IRQS);
	info.argsz = 15;
	assert_int_equal(raw_ioctl(raw.device, VFIO_DEVICE_GET_INFO, &info), -EINVAL);
	assert_int_equal(raw_ioctl(raw.device, VFIO_DEVICE_GET_INFO, NULL), -EFAULT);
	raw_close(&raw);
}

/* The ioctl of the v2 patches had the number that VFIO_DEVICE_BIND_IOMMUFD has today. */
static void ioctl_118_is_bind_iommufd(void **state)
{
	uint32_t padded[4] = { 8, 0 };
	struct raw raw;

	(void)state;
	raw_open(&raw);
	assert_int_equal(raw_ioctl(raw.device, VFIO_DEVICE_BIND_IOMMUFD, padded),
			 testbed_has_cdev() ? -EINVAL : -ENOTTY);
	raw_close(&raw);
}

static void groups_and_containers(void **state)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int file = open("/dev/null", O_RDWR), other;
	char address[] = "0000:7f:1f.7", path[64], target[128] = "";
	struct raw raw;

	(void)state;
	raw_open(&raw);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", testbed_device());
	assert_true(readlink(path, target, sizeof(target) - 1) > 0);
	snprintf(path, sizeof(path), "/dev/vfio%s", strrchr(target, '/'));

	assert_int_equal(raw_ioctl(raw.iommu, VFIO_GET_API_VERSION, NULL), 0);
	assert_int_equal(raw_ioctl(raw.group, VFIO_GROUP_GET_STATUS, &status), 0);
	assert_int_equal(status.flags, VFIO_GROUP_FLAGS_VIABLE | VFIO_GROUP_FLAGS_CONTAINER_SET);
	assert_int_equal(raw_ioctl(raw.group, VFIO_GROUP_GET_DEVICE_FD, address), -ENODEV);
	assert_int_equal(open(path, O_RDWR), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(open("/dev/vfio/12345", O_RDWR), -1);
	assert_int_equal(errno, ENOENT);
	raw_close(&raw);

	raw.group = open(path, O_RDWR);
	assert_true(raw.group >= 0);
	assert_int_equal(raw_ioctl(raw.group, VFIO_GROUP_SET_CONTAINER, &file),
			 testbed_kernel_is_at_least(6, 12) ? -EBADFD : -EINVAL);
	other = -1;
	assert_int_equal(raw_ioctl(raw.group, VFIO_GROUP_SET_CONTAINER, &other),
			 testbed_kernel_is_at_least(6, 1) ? -EBADF : -EINVAL);
	/* The kernel looks for the device first, then for the container. Before 6.1 it did so in
	 * the opposite order. */
	assert_int_equal(raw_ioctl(raw.group, VFIO_GROUP_GET_DEVICE_FD, address),
			 testbed_kernel_is_at_least(6, 1) ? -ENODEV : -EINVAL);
	snprintf(address, sizeof(address), "%s", testbed_device());
	assert_int_equal(raw_ioctl(raw.group, VFIO_GROUP_GET_DEVICE_FD, address), -EINVAL);
	close(raw.group);
	close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(bad_region_accesses_fail),
		ON_TESTBED(get_region_info),
		ON_TESTBED(get_info),
		ON_TESTBED(ioctl_118_is_bind_iommufd),
		ON_TESTBED(groups_and_containers),
	};

	return cmocka_run_group_tests_name("uapi-device", tests, NULL, NULL);
}

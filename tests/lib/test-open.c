// SPDX-License-Identifier: MIT
/*
 * Opening with options, and DMA. The caller maps DMA on the container or the iommufd of a device
 * that the library has opened. A DMA library that owns the container opens the device itself, and
 * its caller passes the device fd to the library. In both cases the device writes to memory.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/vfio.h>
#include <vfiopm/vfiopm.h>

#include "host.h"
#include "raw.h"
#include "test.h"
#include "testbed.h"

#define PAGE 4096
#define IOVA UINT64_C(0x10000000)

/* include/uapi/linux/iommufd.h, which Debian 12 does not ship. */
#define IOMMU_IOAS_MAP	 _IO(';', 0x85)
#define IOMMU_IOAS_UNMAP _IO(';', 0x86)
#define READ_WRITE_FIXED 7
struct ioas_map {
	uint32_t size, flags, ioas_id, reserved;
	uint64_t user_va, length, iova;
};
struct ioas_unmap {
	uint32_t size, ioas_id;
	uint64_t iova, length;
};

static struct vfiopm_device *const untouched = (struct vfiopm_device *)(uintptr_t)1;

static uint8_t *new_page(void)
{
	uint8_t *page =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(page != MAP_FAILED);
	return page;
}

static int map_container(int container, uint8_t *page)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)page,
		.iova = IOVA,
		.size = PAGE,
	};

	return raw_ioctl(container, VFIO_IOMMU_MAP_DMA, &map);
}

/* Returns the number of bytes that were mapped. */
static uint64_t unmap_container(int container)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = IOVA,
		.size = PAGE,
	};

	expect_ok(raw_ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap));
	return unmap.size;
}

static int map_ioas(int iommufd, uint32_t ioas, uint8_t *page)
{
	struct ioas_map map = {
		.size = sizeof(map),
		.flags = READ_WRITE_FIXED,
		.ioas_id = ioas,
		.user_va = (uintptr_t)page,
		.length = PAGE,
		.iova = IOVA,
	};

	return raw_ioctl(iommufd, IOMMU_IOAS_MAP, &map);
}

static int unmap_ioas(int iommufd, uint32_t ioas)
{
	struct ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = ioas,
		.iova = IOVA,
		.length = PAGE,
	};

	return raw_ioctl(iommufd, IOMMU_IOAS_UNMAP, &unmap);
}

/* ---- the library has opened the device ---- */

/* The fd is the library's container or iommufd, whichever the kernel has. */
static int map(const struct vfiopm_device *dev, uint8_t *page)
{
	uint32_t ioas = 0;
	int fd = -1;

	if (!testbed_has_cdev()) {
		expect_errno(ENOENT, vfiopm_device_get_iommufd(dev, &fd, &ioas));
		assert_int_equal(fd, -1);
		expect_ok(vfiopm_device_get_container(dev, &fd));
		return map_container(fd, page);
	}
	expect_errno(ENOENT, vfiopm_device_get_container(dev, &fd));
	assert_int_equal(fd, -1);
	expect_ok(vfiopm_device_get_iommufd(dev, &fd, &ioas));
	return map_ioas(fd, ioas, page);
}

static bool unmap(const struct vfiopm_device *dev)
{
	uint32_t ioas;
	int fd;

	if (vfiopm_device_get_container(dev, &fd) == 0)
		return unmap_container(fd) == PAGE;
	expect_ok(vfiopm_device_get_iommufd(dev, &fd, &ioas));
	return unmap_ioas(fd, ioas) == 0;
}

static void the_device_reaches_mapped_memory(void **state)
{
	struct vfiopm_device *dev;
	uint8_t *page = new_page();
	unsigned fds = host_open_fds();

	(void)state;
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	expect_ok(map(dev, page));
	assert_int_equal(map(dev, page), -EEXIST);
	assert_true(testbed_dma(vfiopm_device_get_fd(dev), page, IOVA));
	assert_true(unmap(dev));
	assert_false(unmap(dev));
	expect_ok(map(dev, page));
	assert_true(testbed_dma(vfiopm_device_get_fd(dev), page, IOVA));
	/* The last close ends the mapping. */
	vfiopm_device_free(dev);
	assert_int_equal(host_open_fds(), fds);
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	assert_false(unmap(dev));
	vfiopm_device_free(dev);
	munmap(page, PAGE);
}

/* Mapping and unmapping does not wake the device, and a mapping survives low power. */
static void a_sleeping_device_stays_asleep(void **state)
{
	struct vfiopm_device *dev;
	uint8_t *page = new_page(), *other = new_page();

	(void)state;
	testbed_need_low_power();
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	expect_ok(vfiopm_enter(dev));
	host_sees_deep_sleep();
	expect_ok(map(dev, other));
	assert_true(unmap(dev));
	expect_ok(map(dev, page));
	assert_true(host_shows("power/runtime_status", "suspended"));
	expect_ok(vfiopm_exit(dev));
	assert_true(testbed_dma(vfiopm_device_get_fd(dev), page, IOVA));
	vfiopm_device_free(dev);
	munmap(page, PAGE);
	munmap(other, PAGE);
}

/* ---- a DMA library has opened the device ---- */

static void a_dma_library_can_own_the_container(void **state)
{
	struct raw dma_library;
	struct vfiopm_device *dev;
	uint8_t *page = new_page();
	uint32_t ioas;
	int fd = -1;

	(void)state;
	raw_open(&dma_library);
	expect_ok(map_container(dma_library.iommu, page));
	expect_ok(vfiopm_device_new_from_fd(dma_library.device, &dev));
	expect_errno(ENOENT, vfiopm_device_get_container(dev, &fd));
	expect_errno(ENOENT, vfiopm_device_get_iommufd(dev, &fd, &ioas));
	assert_int_equal(fd, -1);
	assert_true(testbed_dma(dma_library.device, page, IOVA));
	if (testbed_has_low_power()) {
		expect_ok(vfiopm_enter(dev));
		host_sees_deep_sleep();
		expect_ok(vfiopm_exit(dev));
		assert_true(testbed_dma(dma_library.device, page, IOVA));
	}
	vfiopm_device_free(dev);
	/* The object owned nothing: the mapping and the device fd work. */
	assert_true(testbed_dma(dma_library.device, page, IOVA));
	assert_int_equal(unmap_container(dma_library.iommu), PAGE);
	raw_close(&dma_library);
	munmap(page, PAGE);
}

/* ---- options ---- */

#define UUID "12345678-9abc-def0-1234-56789abcdef0"

static void wrong_options_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"12345678-9abc-def0-1234-56789abcdef",	 /* one digit too few */
		"12345678-9abc-def0-1234-56789abcdef01", /* one digit too many */
		"12345678-9abc-def0-1234-56789abcdefg",	 /* not a digit */
		"1234567g-9abc-def0-1234-56789abcdef0",	 /* not a digit */
		"123456789abcdef0123456789abcdef0",	 /* without dashes */
		"12345678-9abc-def0-1234+56789abcdef0",
		"12345678-9abc-def0-1234-56789abcdef0 vf_token=" UUID,
	};
	const struct vfiopm_open_options none = { 0 };
	struct {
		struct vfiopm_open_options known;
		int unknown;
	} newer = { .unknown = 1 };
	struct vfiopm_device *dev = untouched;
	unsigned fds = host_open_fds();

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct vfiopm_open_options options = { .vf_token = texts[i] };

		expect_errno(EINVAL, vfiopm_device_open_with(testbed_device(), &options,
							     sizeof(options), &dev));
	}
	for (int wrong = -1; wrong <= 2; wrong += 3) {
		const struct vfiopm_open_options options = { .allow_noiommu = wrong };

		expect_errno(EINVAL, vfiopm_device_open_with(testbed_device(), &options,
							     sizeof(options), &dev));
	}
	expect_errno(EINVAL,
		     vfiopm_device_open_with(testbed_device(), &newer.known, sizeof(newer), &dev));
	expect_errno(EINVAL, vfiopm_device_open_with(NULL, &none, sizeof(none), &dev));
	expect_errno(EINVAL, vfiopm_device_open_with("0000:01:00", &none, sizeof(none), &dev));
	expect_errno(EINVAL, vfiopm_device_open_with(testbed_device(), NULL, 0, &dev));
	expect_errno(EINVAL, vfiopm_device_open_with(testbed_device(), &none, sizeof(none), NULL));
	expect_errno(ENXIO, vfiopm_device_open_with("0000:7f:1f.7", &none, sizeof(none), &dev));
	assert_ptr_equal(dev, untouched);
	assert_int_equal(host_open_fds(), fds);
}

/* The device is neither a VF nor a PF, so the kernel refuses a token. */
static void a_device_without_a_token_takes_none(void **state)
{
	const struct vfiopm_open_options options = { .vf_token = UUID };
	struct vfiopm_device *dev = untouched;
	unsigned fds = host_open_fds();

	(void)state;
	expect_errno(EINVAL,
		     vfiopm_device_open_with(testbed_device(), &options, sizeof(options), &dev));
	assert_ptr_equal(dev, untouched);
	assert_int_equal(host_open_fds(), fds);
}

/* A caller that was built with an older header has fewer members. */
static void options_may_be_shorter(void **state)
{
	const struct vfiopm_open_options options = { .allow_noiommu = 2 };
	struct vfiopm_device *dev;

	(void)state;
	expect_ok(vfiopm_device_open_with(testbed_device(), &options,
					  offsetof(struct vfiopm_open_options, allow_noiommu),
					  &dev));
	vfiopm_device_free(dev);
	expect_ok(vfiopm_device_open_with(testbed_device(), &options, 0, &dev));
	vfiopm_device_free(dev);
}

/* An IOMMU is used where there is one. */
static void allow_noiommu_changes_nothing_with_an_iommu(void **state)
{
	const struct vfiopm_open_options options = { .allow_noiommu = 1 };
	struct vfiopm_device *dev;
	uint8_t *page = new_page();

	(void)state;
	expect_ok(vfiopm_device_open_with(testbed_device(), &options, sizeof(options), &dev));
	expect_ok(map(dev, page));
	assert_true(unmap(dev));
	vfiopm_device_free(dev);
	munmap(page, PAGE);
}

static void null_arguments_are_refused(void **state)
{
	struct vfiopm_device *dev;
	uint32_t ioas;
	int fd;

	(void)state;
	expect_ok(vfiopm_device_open(testbed_device(), &dev));
	expect_errno(EINVAL, vfiopm_device_get_container(NULL, &fd));
	expect_errno(EINVAL, vfiopm_device_get_container(dev, NULL));
	expect_errno(EINVAL, vfiopm_device_get_iommufd(NULL, &fd, &ioas));
	expect_errno(EINVAL, vfiopm_device_get_iommufd(dev, NULL, &ioas));
	expect_errno(EINVAL, vfiopm_device_get_iommufd(dev, &fd, NULL));
	vfiopm_device_free(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TESTBED(the_device_reaches_mapped_memory),
		ON_TESTBED(a_sleeping_device_stays_asleep),
		ON_TESTBED(a_dma_library_can_own_the_container),
		ON_TESTBED(wrong_options_are_refused),
		ON_TESTBED(a_device_without_a_token_takes_none),
		ON_TESTBED(options_may_be_shorter),
		ON_TESTBED(allow_noiommu_changes_nothing_with_an_iommu),
		ON_TESTBED(null_arguments_are_refused),
	};

	return cmocka_run_group_tests_name("open", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/* VFIO calls without the library. */
#include "raw.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/uapi.h"
#include "test.h"
#include "testbed.h"

int raw_ioctl(int fd, unsigned long request, void *arg)
{
	int r = ioctl(fd, request, arg);

	return r < 0 ? -errno : r;
}

/* ---- opening ---- */

static int open_node(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	return fd;
}

void raw_open(struct raw *ret_raw)
{
	char path[128], target[128] = "";

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", testbed_device());
	assert_true(readlink(path, target, sizeof(target) - 1) > 0);
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(target, '/') + 1);

	ret_raw->iommu = open_node("/dev/vfio/vfio");
	ret_raw->group = open_node(path);
	expect_ok(raw_ioctl(ret_raw->group, VFIO_GROUP_SET_CONTAINER, &ret_raw->iommu));
	expect_ok(raw_ioctl(ret_raw->iommu, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU));
	ret_raw->device = raw_open_again(ret_raw);
}

int raw_open_again(const struct raw *raw)
{
	char address[32];
	int fd;

	snprintf(address, sizeof(address), "%s", testbed_device());
	fd = raw_ioctl(raw->group, VFIO_GROUP_GET_DEVICE_FD, address);
	assert_true(fd >= 0);
	return fd;
}

void raw_close(struct raw *raw)
{
	close(raw->device);
	close(raw->group);
	close(raw->iommu);
}

/* ---- power ---- */

int raw_feature(int fd, uint32_t argsz, uint32_t flags)
{
	struct vfiopm__feature feature = { .argsz = argsz, .flags = flags, .wakeup_eventfd = -1 };

	return raw_ioctl(fd, VFIO_DEVICE_FEATURE, &feature);
}

int raw_probe(int fd, uint32_t feature)
{
	return raw_feature(fd, 8, feature | VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET);
}

int raw_enter(int fd)
{
	return raw_feature(fd, 8, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY | VFIO_DEVICE_FEATURE_SET);
}

int raw_enter_wakeup(int fd, int32_t wakeup_fd)
{
	struct vfiopm__feature feature = {
		.argsz = 16,
		.flags = VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP | VFIO_DEVICE_FEATURE_SET,
		.wakeup_eventfd = wakeup_fd,
	};

	return raw_ioctl(fd, VFIO_DEVICE_FEATURE, &feature);
}

int raw_exit(int fd)
{
	return raw_feature(fd, 8, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT | VFIO_DEVICE_FEATURE_SET);
}

int raw_info(int fd)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	return raw_ioctl(fd, VFIO_DEVICE_GET_INFO, &info);
}

/* ---- interrupts ---- */

static size_t size_of_data(uint32_t flags)
{
	if (flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return sizeof(int32_t);
	return flags & VFIO_IRQ_SET_DATA_BOOL ? sizeof(uint8_t) : 0;
}

int raw_set_irqs(int fd, uint32_t index, uint32_t flags, uint32_t start, uint32_t count,
		 const void *data)
{
	size_t size = count * size_of_data(flags);
	struct vfio_irq_set *set = malloc(sizeof(*set) + size);
	int r;

	assert_non_null(set);
	*set = (struct vfio_irq_set){ .argsz = (uint32_t)(sizeof(*set) + size),
				      .flags = flags,
				      .index = index,
				      .start = start,
				      .count = count };
	if (size)
		memcpy(set->data, data, size);
	r = raw_ioctl(fd, VFIO_DEVICE_SET_IRQS, set);
	free(set);
	return r;
}

int raw_set_irqs_eventfd(int fd, uint32_t index, uint32_t vector, int32_t eventfd)
{
	return raw_set_irqs(fd, index, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			    vector, 1, &eventfd);
}

int raw_set_unmask_eventfd(int fd, int32_t eventfd)
{
	return raw_set_irqs(fd, VFIO_PCI_INTX_IRQ_INDEX,
			    VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK, 0, 1, &eventfd);
}

/* ---- regions ---- */

static off_t region_offset(unsigned index, uint64_t offset)
{
	return (off_t)((uint64_t)index << 40 | offset);
}

static int transferred(ssize_t length)
{
	return length < 0 ? -errno : (int)length - 1;
}

int raw_read_config(int fd, unsigned offset, uint8_t *ret_byte)
{
	return transferred(
		pread(fd, ret_byte, 1, region_offset(VFIO_PCI_CONFIG_REGION_INDEX, offset)));
}

int raw_write_config(int fd, unsigned offset, uint8_t byte)
{
	return transferred(
		pwrite(fd, &byte, 1, region_offset(VFIO_PCI_CONFIG_REGION_INDEX, offset)));
}

int raw_read_region(int fd, unsigned index, uint64_t offset)
{
	uint8_t byte;

	return transferred(pread(fd, &byte, 1, region_offset(index, offset)));
}

int raw_write_region(int fd, unsigned index, uint64_t offset)
{
	return transferred(pwrite(fd, "", 1, region_offset(index, offset)));
}

void raw_enable_memory(int fd)
{
	expect_ok(raw_write_config(fd, 4, 2)); /* PCI_COMMAND_MEMORY */
}

volatile uint32_t *raw_map(int fd)
{
	void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	assert_ptr_not_equal(map, MAP_FAILED);
	return map;
}

void raw_unmap(volatile uint32_t *map)
{
	munmap((void *)(uintptr_t)map, 4096);
}

static sigjmp_buf after_fault;

static void on_sigbus(int signal)
{
	(void)signal;
	siglongjmp(after_fault, 1);
}

int raw_faults(volatile uint32_t *map)
{
	struct sigaction action = { .sa_handler = on_sigbus }, old;
	volatile int faults = 1;

	sigaction(SIGBUS, &action, &old);
	if (sigsetjmp(after_fault, 1) == 0) {
		(void)map[2]; /* STATUS of the e1000e: a read has no side effect */
		faults = 0;
	}
	sigaction(SIGBUS, &old, NULL);
	return faults;
}

unsigned raw_pm_capability(int fd)
{
	uint8_t at, id;

	expect_ok(raw_read_config(fd, 0x34, &at));
	while (at) {
		expect_ok(raw_read_config(fd, at, &id));
		if (id == 1) /* PCI_CAP_ID_PM */
			return at;
		expect_ok(raw_read_config(fd, at + 1u, &at));
	}
	fail_msg("the device has no power management capability");
	return 0;
}

/* ---- memory ---- */

void *raw_at_end_of_memory(size_t size, char **ret_pages)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	*ret_pages =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(*ret_pages, MAP_FAILED);
	assert_int_equal(mprotect(*ret_pages + page, page, PROT_NONE), 0);
	return *ret_pages + page - size;
}

void raw_free_memory(char *pages)
{
	munmap(pages, 2 * (size_t)sysconf(_SC_PAGESIZE));
}

/* ---- eventfds ---- */

int raw_closed_fd(void)
{
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 500);

	assert_true(fd >= 500);
	close(fd);
	return fd;
}

int raw_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_true(fd >= 0);
	return fd;
}

void raw_add(int eventfd, uint64_t count)
{
	assert_int_equal(write(eventfd, &count, sizeof(count)), sizeof(count));
}

uint64_t raw_take(int eventfd)
{
	uint64_t count;

	return read(eventfd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

int raw_readable(int eventfd)
{
	struct pollfd pollfd = { .fd = eventfd, .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1;
}

// SPDX-License-Identifier: MIT
/*
 * The verbs that are calls of the uAPI.
 *
 *   FEATURE FD WORD..      an ioctl, whose argument are these 32-bit words. An inaccessible page
 *                          follows them, so that a call that reads more fails with EFAULT.
 *   SET_IOMMU FD VALUE     an ioctl, whose argument is this value
 *   IOCTL FD NUMBER WORD.. the ioctl with this number after VFIO_BASE
 *   show NUMBER..          the words of the argument of the last ioctl
 *   GET_DEVICE_FD NEW GROUP ADDRESS    open the device; "self" is its address
 *   reopen                 open the container, the group and dev, as at the begin of a row
 *   open NEW PATH          "container", "group", "cdev" and "iommu" are names of paths
 *   close FD, dup NEW FD, eventfd NEW COUNT FLAGS
 *
 * On dev:
 *   enter, wakeup FD, exit             low power
 *   set INDEX START FD..               SET_IRQS, EVENTFD|TRIGGER
 *   none ACTION INDEX START COUNT      SET_IRQS, NONE
 *   bool ACTION INDEX START BYTE..     SET_IRQS, BOOL
 *   unmask-by FD                       SET_IRQS, EVENTFD|UNMASK of INTx
 *   read REGION OFFSET [COUNT], write REGION OFFSET [COUNT]    the bytes, of value 0
 *   peek REGION OFFSET, poke REGION OFFSET VALUE               read or write 32 bits
 *   mmap REGION OFFSET LENGTH [private]                        and unmap it again
 *   config OFFSET [VALUE]              read or write a byte of configuration space
 *   pmcsr [VALUE]                      the power state in the power management capability
 *   map, unmap                         the first page of BAR 0
 *   poll                               poll() for POLLIN without waiting
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/uapi.h"
#include "steps.h"
#include "test.h"
#include "testbed.h"

/* ---- ioctls ---- */

static const struct {
	const char *name;
	unsigned long request;
	bool by_value;
} requests[] = {
	{ "GET_API_VERSION", VFIO_GET_API_VERSION, true },
	{ "CHECK_EXTENSION", VFIO_CHECK_EXTENSION, true },
	{ "SET_IOMMU", VFIO_SET_IOMMU, true },
	{ "GET_STATUS", VFIO_GROUP_GET_STATUS, false },
	{ "SET_CONTAINER", VFIO_GROUP_SET_CONTAINER, false },
	{ "UNSET_CONTAINER", VFIO_GROUP_UNSET_CONTAINER, true },
	{ "GET_INFO", VFIO_DEVICE_GET_INFO, false },
	{ "GET_REGION_INFO", VFIO_DEVICE_GET_REGION_INFO, false },
	{ "GET_IRQ_INFO", VFIO_DEVICE_GET_IRQ_INFO, false },
	{ "SET_IRQS", VFIO_DEVICE_SET_IRQS, false },
	{ "RESET", VFIO_DEVICE_RESET, true },
	{ "HOT_RESET_INFO", VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, false },
	{ "HOT_RESET", VFIO_DEVICE_PCI_HOT_RESET, false },
	{ "IOEVENTFD", VFIO_DEVICE_IOEVENTFD, false },
	{ "FEATURE", VFIO_DEVICE_FEATURE, false },
	{ "BIND", VFIO_DEVICE_BIND_IOMMUFD, false },
	{ "ATTACH", VFIO_DEVICE_ATTACH_IOMMUFD_PT, false },
	{ "DETACH", VFIO_DEVICE_ATTACH_IOMMUFD_PT + 1, false },
	{ "IOAS_ALLOC", IOMMU_IOAS_ALLOC, false },
};

/* Place the words from this one on directly before the inaccessible page. */
static void *place_words(struct steps *steps, int first)
{
	size_t count = steps->count > first ? (size_t)(steps->count - first) : 0;
	uint32_t *end = (uint32_t *)(void *)(steps->pages + sysconf(_SC_PAGESIZE));

	steps->memory = end - count;
	for (size_t i = 0; i < count; i++)
		steps->memory[i] = steps_value(steps, first + (int)i);
	return steps->memory;
}

static int call_ioctl(struct steps *steps)
{
	size_t i = 0;
	void *arg;

	while (strcmp(requests[i].name, steps->words[0]) != 0)
		i++;
	if (!requests[i].by_value)
		arg = place_words(steps, 2);
	else
		arg = steps->count > 2 ? (void *)(uintptr_t)steps_value(steps, 2) : NULL;
	return raw_ioctl((int)steps_value(steps, 1), requests[i].request, arg);
}

static int call_numbered_ioctl(struct steps *steps)
{
	void *arg = place_words(steps, 3);

	return raw_ioctl((int)steps_value(steps, 1),
			 _IO(VFIO_TYPE, VFIO_BASE + steps_value(steps, 2)), arg);
}

static int call_show(struct steps *steps)
{
	size_t length = 0;

	for (int i = 1; i < steps->count; i++) {
		length += (size_t)snprintf(steps->result + length, sizeof(steps->result) - length,
					   "%s%#x", i > 1 ? " " : "",
					   steps->memory[steps_value(steps, i)]);
	}
	return 0;
}

/* ---- files ---- */

/* The result of a call that returns an fd. */
static int keep_fd(struct steps *steps, int fd)
{
	if (fd < 0)
		return fd;
	*steps_fd(steps, 1) = fd;
	snprintf(steps->result, sizeof(steps->result), "fd");
	return 0;
}

static int call_get_device_fd(struct steps *steps)
{
	char address[32];

	steps_fd(steps, 1);
	snprintf(address, sizeof(address), "%s",
		 strcmp(steps->words[3], "self") == 0 ? testbed_device() : steps->words[3]);
	return keep_fd(steps,
		       raw_ioctl((int)steps_value(steps, 2), VFIO_GROUP_GET_DEVICE_FD, address));
}

static const struct {
	const char *name, *path;
} paths[] = {
	{ "container", "/dev/vfio/vfio" },
	{ "iommu", "/dev/iommu" },
	{ "cdev", "/dev/vfio/devices/vfio0" },
};

static int call_open(struct steps *steps)
{
	char path[128], link[64], target[128] = "";
	int fd;

	steps_fd(steps, 1);
	snprintf(path, sizeof(path), "%s", steps->words[2]);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (strcmp(path, paths[i].name) == 0)
			snprintf(path, sizeof(path), "%s", paths[i].path);
	}
	if (strcmp(path, "group") == 0) {
		snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/iommu_group",
			 testbed_device());
		assert_true(readlink(link, target, sizeof(target) - 1) > 0);
		snprintf(path, sizeof(path), "/dev/vfio%s", strrchr(target, '/'));
	}
	fd = open(path, O_RDWR | O_CLOEXEC);
	return keep_fd(steps, fd < 0 ? -errno : fd);
}

static int call_reopen(struct steps *steps)
{
	steps_open(steps);
	return 0;
}

static int call_close(struct steps *steps)
{
	int *fd = steps_fd(steps, 1);
	int r = close(*fd);

	*fd = -1;
	return r < 0 ? -errno : r;
}

static int call_dup(struct steps *steps)
{
	return keep_fd(steps, dup((int)steps_value(steps, 2)));
}

static int call_eventfd(struct steps *steps)
{
	return keep_fd(steps, eventfd(steps_value(steps, 2), (int)steps_value(steps, 3)));
}

/* ---- calls on the device ---- */

static int call_enter(struct steps *steps)
{
	return raw_enter(steps->fds[FD_DEV]);
}

static int call_wakeup(struct steps *steps)
{
	return raw_enter_wakeup(steps->fds[FD_DEV], (int)steps_value(steps, 1));
}

static int call_exit(struct steps *steps)
{
	return raw_exit(steps->fds[FD_DEV]);
}

static int call_set(struct steps *steps)
{
	int fds[STEP_WORDS], count = 0;

	for (int i = 3; i < steps->count; i++)
		fds[count++] = (int)steps_value(steps, i);
	return raw_set_irqs(steps->fds[FD_DEV], steps_value(steps, 1),
			    VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			    steps_value(steps, 2), (uint32_t)count, fds);
}

static int call_none(struct steps *steps)
{
	return raw_set_irqs(steps->fds[FD_DEV], steps_value(steps, 2),
			    VFIO_IRQ_SET_DATA_NONE | steps_value(steps, 1), steps_value(steps, 3),
			    steps_value(steps, 4), "");
}

static int call_bool(struct steps *steps)
{
	uint8_t bytes[STEP_WORDS];
	uint32_t count = 0;

	for (int i = 4; i < steps->count; i++)
		bytes[count++] = (uint8_t)steps_value(steps, i);
	return raw_set_irqs(steps->fds[FD_DEV], steps_value(steps, 2),
			    VFIO_IRQ_SET_DATA_BOOL | steps_value(steps, 1), steps_value(steps, 3),
			    count, bytes);
}

static int call_unmask_by(struct steps *steps)
{
	return raw_set_unmask_eventfd(steps->fds[FD_DEV], (int)steps_value(steps, 1));
}

/* ---- regions ---- */

static int transfer(struct steps *steps, bool writes)
{
	static char bytes[8192];
	size_t count = steps->count > 3 ? steps_value(steps, 3) : 1;
	off_t at = (off_t)((uint64_t)steps_value(steps, 1) << 40 | steps_value(steps, 2));
	ssize_t length;

	assert_true(count <= sizeof(bytes));
	memset(bytes, 0, sizeof(bytes));
	length = writes ? pwrite(steps->fds[FD_DEV], bytes, count, at)
			: pread(steps->fds[FD_DEV], bytes, count, at);
	return length < 0 ? -errno : (int)length;
}

static int call_read(struct steps *steps)
{
	return transfer(steps, false);
}

static int call_write(struct steps *steps)
{
	return transfer(steps, true);
}

static int call_peek(struct steps *steps)
{
	off_t at = (off_t)((uint64_t)steps_value(steps, 1) << 40 | steps_value(steps, 2));
	bool writes = steps->count > 3;
	uint32_t word = writes ? steps_value(steps, 3) : 0;
	ssize_t length = writes ? pwrite(steps->fds[FD_DEV], &word, sizeof(word), at)
				: pread(steps->fds[FD_DEV], &word, sizeof(word), at);

	if (length < 0)
		return -errno;
	if (length < (ssize_t)sizeof(word))
		return (int)length;
	if (!writes)
		snprintf(steps->result, sizeof(steps->result), "%#x", word);
	return 0;
}

static int call_mmap(struct steps *steps)
{
	off_t at = (off_t)((uint64_t)steps_value(steps, 1) << 40 | steps_value(steps, 2));
	int flags = steps->count > 4 ? MAP_PRIVATE : MAP_SHARED;
	void *map = mmap(NULL, steps_value(steps, 3), PROT_READ | PROT_WRITE, flags,
			 steps->fds[FD_DEV], at);

	if (map == MAP_FAILED)
		return -errno;
	munmap(map, steps_value(steps, 3));
	return 0;
}

static int call_config(struct steps *steps)
{
	unsigned offset = steps_value(steps, 1);
	uint8_t byte;
	int r;

	if (steps->count > 2)
		return raw_write_config(steps->fds[FD_DEV], offset, (uint8_t)steps_value(steps, 2));
	r = raw_read_config(steps->fds[FD_DEV], offset, &byte);
	if (r == 0)
		snprintf(steps->result, sizeof(steps->result), "%#x", byte);
	return r;
}

static int call_pmcsr(struct steps *steps)
{
	unsigned offset = raw_pm_capability(steps->fds[FD_DEV]) + PCI_PM_CTRL;
	uint8_t byte;
	int r;

	if (steps->count > 1)
		return raw_write_config(steps->fds[FD_DEV], offset, (uint8_t)steps_value(steps, 1));
	r = raw_read_config(steps->fds[FD_DEV], offset, &byte);
	return r < 0 ? r : byte & PCI_PM_CTRL_STATE_MASK;
}

static int call_map(struct steps *steps)
{
	void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, steps->fds[FD_DEV], 0);

	if (map == MAP_FAILED)
		return -errno;
	if (steps->map)
		raw_unmap(steps->map);
	steps->map = map;
	return 0;
}

static int call_unmap(struct steps *steps)
{
	raw_unmap(steps->map);
	steps->map = NULL;
	return 0;
}

static int call_poll(struct steps *steps)
{
	struct pollfd pollfd = { .fd = steps->fds[FD_DEV], .events = POLLIN };
	int r = poll(&pollfd, 1, 0);

	return r < 0 ? -errno : r;
}

const struct verb step_calls[] = {
	{ "GET_API_VERSION", call_ioctl },
	{ "CHECK_EXTENSION", call_ioctl },
	{ "SET_IOMMU", call_ioctl },
	{ "GET_STATUS", call_ioctl },
	{ "SET_CONTAINER", call_ioctl },
	{ "UNSET_CONTAINER", call_ioctl },
	{ "GET_INFO", call_ioctl },
	{ "GET_REGION_INFO", call_ioctl },
	{ "GET_IRQ_INFO", call_ioctl },
	{ "SET_IRQS", call_ioctl },
	{ "RESET", call_ioctl },
	{ "HOT_RESET_INFO", call_ioctl },
	{ "HOT_RESET", call_ioctl },
	{ "IOEVENTFD", call_ioctl },
	{ "FEATURE", call_ioctl },
	{ "BIND", call_ioctl },
	{ "ATTACH", call_ioctl },
	{ "DETACH", call_ioctl },
	{ "IOAS_ALLOC", call_ioctl },
	{ "IOCTL", call_numbered_ioctl },
	{ "show", call_show },
	{ "GET_DEVICE_FD", call_get_device_fd },
	{ "open", call_open },
	{ "reopen", call_reopen },
	{ "close", call_close },
	{ "dup", call_dup },
	{ "eventfd", call_eventfd },
	{ "enter", call_enter },
	{ "wakeup", call_wakeup },
	{ "exit", call_exit },
	{ "set", call_set },
	{ "none", call_none },
	{ "bool", call_bool },
	{ "unmask-by", call_unmask_by },
	{ "read", call_read },
	{ "write", call_write },
	{ "peek", call_peek },
	{ "poke", call_peek },
	{ "mmap", call_mmap },
	{ "config", call_config },
	{ "pmcsr", call_pmcsr },
	{ "map", call_map },
	{ "unmap", call_unmap },
	{ "poll", call_poll },
	{ NULL, NULL },
};

// SPDX-License-Identifier: MIT
/*
 * A program that uses VFIO as a VMM does, by the kernel's header alone. It reads commands from
 * standard input and prints one line for each: a number, or a negative errno. test.sh tests it
 * without a device:
 *
 *   cc -pthread -o vmm vmm.c
 *   vfiopm-sim -- ./test.sh ./vmm
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vfio.h>

/* Linux 6.1. */
#define LOW_POWER_ENTRY		    3
#define LOW_POWER_ENTRY_WITH_WAKEUP 4
#define LOW_POWER_EXIT		    5

#define VECTORS			    2048

static int container = -1, group = -1, device = -1, wakeup = -1;
static int eventfds[VECTORS];
static volatile uint8_t *bar;
static size_t bar_size;

static long result(long r)
{
	return r < 0 ? -errno : r;
}

/* ---- opening ---- */

static long find_group(const char *address)
{
	char path[128], target[128];
	ssize_t length;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", address);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';
	return atol(strrchr(target, '/') + 1);
}

static long open_device(const char *address)
{
	long number = find_group(address);
	struct stat status;
	char path[32];

	if (number < 0)
		return number;
	container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (container < 0)
		return -errno;
	if (ioctl(container, VFIO_GET_API_VERSION) != VFIO_API_VERSION)
		return -EPROTO;
	snprintf(path, sizeof(path), "/dev/vfio/%ld", number);
	if (stat(path, &status) < 0 || !S_ISCHR(status.st_mode))
		return -ENODEV;
	group = open(path, O_RDWR | O_CLOEXEC);
	if (group < 0)
		return -errno;
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) < 0 ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) < 0)
		return -errno;
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, address);
	return device < 0 ? -errno : 0;
}

static long close_all(void)
{
	close(device);
	close(group);
	close(container);
	device = group = container = -1;
	return 0;
}

/* ---- low power ---- */

static long low_power(uint32_t feature)
{
	/* struct vfio_device_feature, and the payload of an entry with wakeup. */
	struct {
		uint32_t argsz, flags;
		int32_t eventfd;
		uint32_t reserved;
	} request = {
		.argsz = sizeof(request),
		.flags = VFIO_DEVICE_FEATURE_SET | feature,
		.eventfd = wakeup,
	};

	return result(ioctl(device, VFIO_DEVICE_FEATURE, &request));
}

static long enter_with_wakeup(void)
{
	if (wakeup < 0)
		wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return low_power(LOW_POWER_ENTRY_WITH_WAKEUP);
}

/* ---- interrupts ---- */

static long set_irqs(uint32_t start, uint32_t count, const int32_t *fds)
{
	size_t size = sizeof(struct vfio_irq_set) + count * sizeof(*fds);
	struct vfio_irq_set *set = calloc(1, size);
	long r;

	if (!set)
		return -ENOMEM;
	set->argsz = (uint32_t)size;
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = VFIO_PCI_MSIX_IRQ_INDEX;
	set->start = start;
	set->count = count;
	if (count > 0)
		memcpy(set->data, fds, count * sizeof(*fds));
	r = result(ioctl(device, VFIO_DEVICE_SET_IRQS, set));
	free(set);
	return r;
}

static long enable(uint32_t count)
{
	if (count > VECTORS)
		return -EINVAL;
	for (uint32_t i = 0; i < count; i++)
		eventfds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return set_irqs(0, count, eventfds);
}

static long mask(uint32_t vector)
{
	int32_t none = -1;

	return set_irqs(vector, 1, &none);
}

/* Attach another eventfd than before. */
static long unmask(uint32_t vector)
{
	close(eventfds[vector]);
	eventfds[vector] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return set_irqs(vector, 1, &eventfds[vector]);
}

/* The fd in the middle is no eventfd. */
static long set_bad_block(void)
{
	int32_t fds[] = { eventfds[0], 9999, eventfds[2] };

	return set_irqs(0, 3, fds);
}

static long take(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) < 0 ? 0 : (long)count;
}

/* ---- memory ---- */

static sigjmp_buf fault;

static void on_fault(int signal)
{
	siglongjmp(fault, signal);
}

static long map(void)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = 0 };

	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info) < 0)
		return -errno;
	bar_size = info.size;
	bar = mmap(NULL, bar_size, PROT_READ | PROT_WRITE, MAP_SHARED, device, (off_t)info.offset);
	return bar == MAP_FAILED ? -errno : 0;
}

static long unmap(void)
{
	return result(munmap((void *)(uintptr_t)bar, bar_size));
}

/* Write a byte to BAR 0 and read it back. Returns -SIGBUS while the BAR is zapped. */
static long touch(uint8_t byte)
{
	int number = sigsetjmp(fault, 1);

	if (number)
		return -number;
	bar[64] = byte;
	return bar[64];
}

/* ---- processes and threads ---- */

static long get_info(void)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	return ioctl(device, VFIO_DEVICE_GET_INFO, &info) < 0 ? -errno : (long)info.num_irqs;
}

static long get_info_in_child(void)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(get_info() == VFIO_PCI_NUM_IRQS ? 0 : 1);
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void *get_info_often(void *failures)
{
	for (int i = 0; i < 100; i++) {
		if (get_info() != VFIO_PCI_NUM_IRQS)
			__atomic_add_fetch((long *)failures, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static long get_info_in_threads(void)
{
	pthread_t threads[4];
	long failures = 0;

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, get_info_often, &failures);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	return failures;
}

/* ---- commands ---- */

static long run(const char *command, const char *word)
{
	uint32_t number = (uint32_t)atoi(word);

	if (strcmp(command, "open") == 0)
		return open_device(word);
	if (strcmp(command, "close") == 0)
		return close_all();
	if (strcmp(command, "info") == 0)
		return get_info();
	if (strcmp(command, "enter") == 0)
		return low_power(LOW_POWER_ENTRY);
	if (strcmp(command, "enter-with-wakeup") == 0)
		return enter_with_wakeup();
	if (strcmp(command, "exit") == 0)
		return low_power(LOW_POWER_EXIT);
	if (strcmp(command, "wakes") == 0)
		return take(wakeup);
	if (strcmp(command, "irqs") == 0)
		return enable(number);
	if (strcmp(command, "mask") == 0)
		return mask(number);
	if (strcmp(command, "unmask") == 0)
		return unmask(number);
	if (strcmp(command, "bad-block") == 0)
		return set_bad_block();
	if (strcmp(command, "count") == 0)
		return take(eventfds[number]);
	if (strcmp(command, "map") == 0)
		return map();
	if (strcmp(command, "unmap") == 0)
		return unmap();
	if (strcmp(command, "touch") == 0)
		return touch((uint8_t)number);
	if (strcmp(command, "fork") == 0)
		return get_info_in_child();
	if (strcmp(command, "threads") == 0)
		return get_info_in_threads();
	return -ENOSYS;
}

int main(void)
{
	char line[128], command[64], word[64];

	signal(SIGBUS, on_fault);
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		word[0] = '\0';
		if (sscanf(line, "%63s %63s", command, word) >= 1)
			printf("%ld\n", run(command, word));
	}
	return 0;
}

// SPDX-License-Identifier: MIT
/*
 * The time of calls under vfiopm-sim. The calls on files that vfiopm-sim does not serve also run
 * without it, for a comparison. Each time is the best of many batches.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/vfio.h>

#define BATCHES 50

static int device = -1, zero;

static void get_info(void)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	ioctl(device, VFIO_DEVICE_GET_INFO, &info);
}

static void disable_msix(void)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSIX_IRQ_INDEX,
	};

	ioctl(device, VFIO_DEVICE_SET_IRQS, &set);
}

static void read_config(void)
{
	uint32_t word;
	ssize_t length =
		pread(device, &word, sizeof(word), (off_t)VFIO_PCI_CONFIG_REGION_INDEX << 40);

	(void)length;
}

static void read_zero(void)
{
	uint32_t word;
	ssize_t length = read(zero, &word, sizeof(word));

	(void)length;
}

static void open_absolute(void)
{
	close(open("/dev/zero", O_RDONLY | O_CLOEXEC));
}

static void open_relative(void)
{
	close(open(".", O_RDONLY | O_CLOEXEC));
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void measure(const char *what, void (*call)(void), int count)
{
	double best = 1e9;

	for (int batch = 0; batch < BATCHES; batch++) {
		double start = now_us(), each;

		for (int i = 0; i < count; i++)
			call();
		each = (now_us() - start) / count;
		if (each < best)
			best = each;
	}
	printf("%8.2f us  %s\n", best, what);
}

int main(void)
{
	int container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	int group = open("/dev/vfio/7", O_RDWR | O_CLOEXEC);

	zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	if (container >= 0 && group >= 0 && !ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) &&
	    !ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, "0000:01:00.0");
	if (device >= 0) {
		measure("VFIO_DEVICE_GET_INFO", get_info, 200);
		measure("VFIO_DEVICE_SET_IRQS without an effect", disable_msix, 200);
		measure("pread of configuration space", read_config, 200);
	}
	measure("read of another file", read_zero, 2000);
	measure("open by an absolute path, and close", open_absolute, 2000);
	measure("open by a relative path, and close", open_relative, 2000);
	return 0;
}

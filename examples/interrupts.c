// SPDX-License-Identifier: MIT
/*
 * Interrupts, step by step: set an eventfd for every MSI-X vector of a device in one ioctl, signal
 * each vector by loopback, set the same eventfds again without any ioctl, and change eventfds
 * while the device sleeps without waking it.
 *
 * Usage: interrupts [PCI-ADDRESS]
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vfiopm/vfiopm.h>

static void check(const char *what, int result)
{
	if (result < 0) {
		fprintf(stderr, "%s: %s\n", what, strerror(-result));
		exit(1);
	}
}

static void print_stats(const struct vfiopm_device *dev)
{
	uint64_t issued, saved;

	check("getting the statistics", vfiopm_irq_get_stats(dev, &issued, &saved));
	printf("   SET_IRQS: %" PRIu64 " issued, %" PRIu64 " saved.\n", issued, saved);
}

/* A batch makes all changes in one ioctl. */
static void enable_all(struct vfiopm_device *dev, const int *eventfds, uint32_t count)
{
	check("beginning a batch", vfiopm_irq_begin(dev));
	for (uint32_t i = 0; i < count; i++)
		check("setting an eventfd",
		      vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_MSIX, i, eventfds[i]));
	check("committing the batch", vfiopm_irq_commit(dev));
}

static void signal_all(struct vfiopm_device *dev, const int *eventfds, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t hits = 0;

		check("signalling a vector", vfiopm_irq_trigger(dev, VFIOPM_IRQ_MSIX, i));
		if (read(eventfds[i], &hits, sizeof(hits)) != sizeof(hits) || hits != 1) {
			fprintf(stderr, "vector %" PRIu32 " was not signalled once\n", i);
			exit(1);
		}
	}
}

/*
 * A batch that stays open over low power: a change would wake the device, so the changes wait for
 * the commit, which comes after the exit. The caller of the commit gets the errors.
 */
static void exchange_asleep(struct vfiopm_device *dev, int *eventfds, uint32_t count)
{
	uint32_t features;
	int first;

	check("getting the features", vfiopm_get_features(dev, &features));
	if (!(features & VFIOPM_FEATURE_ENTER) || count < 2) {
		printf("   Skipped: the device has no low-power feature, or only one vector.\n");
		return;
	}
	check("entering low power", vfiopm_enter(dev));
	check("beginning a batch", vfiopm_irq_begin(dev));
	first = eventfds[0];
	eventfds[0] = eventfds[1];
	eventfds[1] = first;
	for (uint32_t i = 0; i < 2; i++)
		check("setting an eventfd",
		      vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_MSIX, i, eventfds[i]));
	printf("   In low power, with two changes in the batch:\n");
	print_stats(dev);

	check("leaving low power", vfiopm_exit(dev));
	check("committing the batch", vfiopm_irq_commit(dev));
	signal_all(dev, eventfds, count);
	printf("   After the exit and the commit, and a loopback of each vector:\n");
}

int main(int argc, char **argv)
{
	const char *address = argc > 1 ? argv[1] : "0000:01:00.0";
	struct vfiopm_device *dev;
	uint32_t count;
	int *eventfds;

	check(address, vfiopm_device_open(address, &dev));
	check("counting vectors", vfiopm_irq_get_count(dev, VFIOPM_IRQ_MSIX, &count));
	printf("1. %s has %" PRIu32 " MSI-X vectors.\n", address, count);
	eventfds = calloc(count, sizeof(*eventfds));
	if (!eventfds)
		check("allocating memory", -ENOMEM);
	for (uint32_t i = 0; i < count; i++)
		check("creating an eventfd", vfiopm_irq_new_eventfd(dev, &eventfds[i]));

	printf("2. Set an eventfd of the library for each vector, in one batch.\n");
	enable_all(dev, eventfds, count);
	print_stats(dev);

	printf("3. Signal each vector by loopback: every eventfd gets one count.\n");
	signal_all(dev, eventfds, count);
	print_stats(dev);

	printf("4. Set the same eventfds a thousand times: nothing changes, so no ioctl is "
	       "issued.\n");
	for (int i = 0; i < 1000; i++) {
		for (uint32_t j = 0; j < count; j++)
			check("setting an eventfd again",
			      vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_MSIX, j, eventfds[j]));
	}
	print_stats(dev);

	printf("5. Exchange the eventfds of two vectors while the device sleeps.\n");
	exchange_asleep(dev, eventfds, count);
	print_stats(dev);

	printf("6. Disable MSI-X.\n");
	check("disabling", vfiopm_irq_disable(dev, VFIOPM_IRQ_MSIX));
	print_stats(dev);

	vfiopm_device_free(dev);
	free(eventfds);
	return 0;
}

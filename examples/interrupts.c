// SPDX-License-Identifier: MIT
/*
 * Interrupts told step by step: every MSI-X vector of a device gets an eventfd in one
 * ioctl, is signalled by loopback, and is set again and again for nothing.
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

static void tell_stats(const struct vfiopm_device *dev)
{
	uint64_t issued, saved;

	check("asking for statistics", vfiopm_irq_get_stats(dev, &issued, &saved));
	printf("   So far %" PRIu64 " SET_IRQS were issued, and %" PRIu64 " were saved.\n", issued,
	       saved);
}

/* In a batch, so that the kernel is asked once. */
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
		check("memory", -ENOMEM);
	for (uint32_t i = 0; i < count; i++)
		check("making an eventfd", vfiopm_irq_new_eventfd(dev, &eventfds[i]));

	printf("2. Give each an eventfd of the library's own.\n");
	enable_all(dev, eventfds, count);
	tell_stats(dev);

	printf("3. Signal each by loopback: every eventfd gets one count.\n");
	signal_all(dev, eventfds, count);
	tell_stats(dev);

	printf("4. Set each a thousand times more, as a guest that masks and unmasks makes us.\n");
	for (int i = 0; i < 1000; i++) {
		for (uint32_t j = 0; j < count; j++)
			check("setting an eventfd again",
			      vfiopm_irq_set_signaling(dev, VFIOPM_IRQ_MSIX, j, eventfds[j]));
	}
	tell_stats(dev);

	printf("5. Disable them.\n");
	check("disabling", vfiopm_irq_disable(dev, VFIOPM_IRQ_MSIX));
	tell_stats(dev);

	vfiopm_device_free(dev);
	free(eventfds);
	return 0;
}

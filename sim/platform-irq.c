// SPDX-License-Identifier: MIT
/*
 * Interrupts of a simulated platform device (drivers/vfio/platform/vfio_platform_irq.c, 5.10, 6.1
 * and 6.12). Each IRQ index is one interrupt, and the indexes are independent of each other.
 *
 * An interrupt has an eventfd that it signals, a mask, and two eventfds that change the mask. Only
 * a level interrupt can be masked. Its handler masks it before it signals. A change of the eventfd
 * changes neither the mask nor the two other eventfds.
 *
 * Before 6.9 the kernel requests the interrupt for each new eventfd, and releases it before. Since
 * 6.9 it requests the interrupt when the device is opened. If that fails, every SET_IRQS on the
 * index returns the errno.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "lib/uapi.h"

uint32_t sim_platform_count(const struct sim_device *device)
{
	return (uint32_t)strlen(device->machine.platform_irqs);
}

static bool is_level(const struct sim_device *device, uint32_t index)
{
	return device->machine.platform_irqs[index] == 'L';
}

uint32_t sim_platform_flags(const struct sim_device *device, uint32_t index)
{
	return VFIO_IRQ_INFO_EVENTFD |
	       (is_level(device, index) ? VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED : 0);
}

/* ---- masks and delivery ---- */

/* vfio_automasked_irq_handler() and vfio_irq_handler(). A loopback calls them without an eventfd
 * too. Before 6.9 that dereferences NULL. */
static void handler(struct sim_device *device, uint32_t index)
{
	struct sim_platform_irq *irq = &device->irqs.platform[index];

	if (is_level(device, index)) {
		if (irq->masked)
			return;
		irq->masked = true;
	}
	if (!irq->trigger && !device->kernel->requests_once) {
		fprintf(stderr, "simulator: the kernel dereferences NULL\n");
		abort();
	}
	sim_irq_signal(irq->trigger);
}

/* The interrupt is enabled while it has an eventfd and is not masked. */
static bool deliver(struct sim_device *device, uint32_t index)
{
	const struct sim_platform_irq *irq = &device->irqs.platform[index];

	if (!irq->trigger || irq->masked)
		return false;
	handler(device, index);
	return true;
}

static void mask(struct sim_device *device, uint32_t index)
{
	device->irqs.platform[index].masked = true;
}

static void unmask(struct sim_device *device, uint32_t index)
{
	struct sim_platform_irq *irq = &device->irqs.platform[index];

	irq->masked = false;
	if (irq->raised)
		deliver(device, index);
}

/* ---- SET_IRQS ---- */

/* The failure that the test has requested for this index. */
static int request_irq(struct sim_irqs *irqs, uint32_t index)
{
	if (irqs->fail_times == 0 || irqs->fail_vector != index)
		return 0;
	irqs->fail_times--;
	return -irqs->fail_errno;
}

/* vfio_set_trigger() drops the old eventfd before it checks the new fd. */
static int set_trigger(struct sim_device *device, uint32_t index, int fd)
{
	struct sim_platform_irq *irq = &device->irqs.platform[index];
	int eventfd, r;

	sim_irq_drop(&irq->trigger);
	if (fd < 0)
		return 0;
	eventfd = sim_eventfd(fd);
	if (eventfd < 0)
		return eventfd;
	r = device->kernel->requests_once ? 0 : request_irq(&device->irqs, index);
	if (r == 0) /* of sim_fail_set_irqs() */
		r = -device->irqs.last_vector_error;
	if (r < 0) {
		sim_real_close(eventfd);
		return r;
	}
	irq->trigger = eventfd + 1;
	if (irq->raised)
		deliver(device, index);
	return 0;
}

/* vfio_platform_set_irq_trigger() */
static int trigger(struct sim_device *device, const struct sim_irq_request *request)
{
	if (request->count == 0 && request->data == VFIO_IRQ_SET_DATA_NONE)
		return set_trigger(device, request->index, -1);
	if (request->start != 0 || request->count != 1)
		return -EINVAL;
	if (request->data == VFIO_IRQ_SET_DATA_EVENTFD)
		return set_trigger(device, request->index, request->fds[0]);
	if (request->data == VFIO_IRQ_SET_DATA_NONE || request->bools[0])
		handler(device, request->index);
	return 0;
}

/* vfio_platform_set_irq_mask() and vfio_platform_set_irq_unmask() */
static int change_mask(struct sim_device *device, const struct sim_irq_request *request,
		       struct sim_virqfd *virqfd,
		       void (*change)(struct sim_device *device, uint32_t index))
{
	if (request->start != 0 || request->count != 1 || !is_level(device, request->index))
		return -EINVAL;
	if (request->data == VFIO_IRQ_SET_DATA_EVENTFD) {
		if (request->fds[0] >= 0)
			return sim_virqfd_enable(virqfd, device, request->index, change,
						 request->fds[0]);
		sim_virqfd_disable(virqfd);
		return 0;
	}
	if (request->data == VFIO_IRQ_SET_DATA_NONE || request->bools[0])
		change(device, request->index);
	return 0;
}

/* vfio_platform_set_irqs_ioctl() */
int sim_platform_set_irqs(struct sim_device *device, const struct sim_irq_request *request)
{
	struct sim_platform_irq *irq = &device->irqs.platform[request->index];

	if (device->kernel->requests_once) {
		int r = request_irq(&device->irqs, request->index);

		if (r < 0)
			return r;
	}
	switch (request->action) {
	case VFIO_IRQ_SET_ACTION_TRIGGER:
		return trigger(device, request);
	case VFIO_IRQ_SET_ACTION_MASK:
		return change_mask(device, request, &irq->mask, mask);
	case VFIO_IRQ_SET_ACTION_UNMASK:
		return change_mask(device, request, &irq->unmask, unmask);
	default:
		return -ENOTTY;
	}
}

/* vfio_platform_irq_cleanup() */
void sim_platform_release(struct sim_device *device)
{
	for (uint32_t i = 0; i < SIM_PLATFORM_IRQS; i++) {
		struct sim_platform_irq *irq = &device->irqs.platform[i];

		sim_virqfd_disable(&irq->mask);
		sim_virqfd_disable(&irq->unmask);
		sim_irq_drop(&irq->trigger);
		irq->masked = irq->raised = false;
	}
}

/* ---- the API for tests ---- */

bool sim_platform_raise(struct sim_device *device, uint32_t index)
{
	device->irqs.platform[index].raised = is_level(device, index);
	return deliver(device, index);
}

void sim_clear_platform(struct sim_device *device, uint32_t index)
{
	sim_lock();
	sim_virqfds_handle_signals();
	device->irqs.platform[index].raised = false;
	sim_unlock();
}

// SPDX-License-Identifier: MIT
/*
 * Eventfds whose signal masks or unmasks an interrupt, or writes to a BAR (drivers/vfio/virqfd.c, 6.1 and 6.12). The
 * kernel calls the handler during the signal, the simulator at the next wrapped call.
 */
#include <errno.h>

#include "internal.h"

static struct sim_virqfd *first;

static void drop(struct sim_virqfd *virqfd)
{
	struct sim_virqfd **link = &first;

	while (*link != virqfd)
		link = &(*link)->next;
	*link = virqfd->next;
	sim_unwatch(sim_irq_fd(virqfd->eventfd));
	sim_irq_drop(&virqfd->eventfd);
}

/* The kernel checks the new eventfd before it checks whether one is already set. A count that is
 * already in the eventfd calls the handler. The count stays in the eventfd. */
int sim_virqfd_enable(struct sim_virqfd *virqfd, struct sim_device *device, uint32_t index,
		      void (*handler)(struct sim_device *device, uint32_t index), int fd)
{
	int eventfd = sim_eventfd(fd);

	if (eventfd < 0)
		return eventfd;
	if (virqfd->eventfd) {
		sim_real_close(eventfd);
		return -EBUSY;
	}
	*virqfd = (struct sim_virqfd){
		.eventfd = eventfd + 1,
		.handled = sim_eventfd_count(eventfd),
		.device = device,
		.index = index,
		.handler = handler,
		.next = first,
	};
	first = virqfd;
	sim_watch(eventfd);
	if (virqfd->handled)
		handler(device, index);
	return 0;
}

/* virqfd_shutdown() reads the count. */
void sim_virqfd_disable(struct sim_virqfd *virqfd)
{
	uint64_t count;

	if (!virqfd->eventfd)
		return;
	sim_real_take(sim_irq_fd(virqfd->eventfd), &count);
	drop(virqfd);
}

/* virqfd_wakeup() reads the count and calls the handler. */
static void wake_up(struct sim_virqfd *virqfd)
{
	int eventfd = sim_irq_fd(virqfd->eventfd);
	uint64_t count;

	if (!virqfd->device->kernel->leaves_count) {
		sim_real_take(eventfd, &count);
		/* One read empties an eventfd, but takes only 1 from a semaphore. */
		virqfd->handled = sim_eventfd_count(eventfd);
	}
	virqfd->handler(virqfd->device, virqfd->index);
}

/* A signal wakes all that wait for the eventfd, so all counts are compared before one is read. */
void sim_virqfds_handle_signals(void)
{
	for (struct sim_virqfd *virqfd = first; virqfd; virqfd = virqfd->next) {
		uint64_t count = sim_eventfd_count(sim_irq_fd(virqfd->eventfd));

		/* The count is smaller if the user has read the eventfd. */
		virqfd->signaled = count > virqfd->handled;
		virqfd->handled = count;
	}
	for (struct sim_virqfd *virqfd = first; virqfd; virqfd = virqfd->next) {
		if (virqfd->signaled)
			wake_up(virqfd);
	}
}

bool sim_virqfds_have(int fd)
{
	for (const struct sim_virqfd *virqfd = first; virqfd; virqfd = virqfd->next) {
		if (sim_is_same_file(fd, sim_irq_fd(virqfd->eventfd)))
			return true;
	}
	return false;
}

bool sim_virqfds_are_duplicate(int fd)
{
	for (const struct sim_virqfd *virqfd = first; virqfd; virqfd = virqfd->next) {
		if (fd == sim_irq_fd(virqfd->eventfd))
			return true;
	}
	return false;
}

/* virqfd_wakeup(), EPOLLHUP: the close of the last fd removes the eventfd. The reference of the
 * kernel does not keep the file open. */
void sim_virqfds_handle_close(void)
{
	struct sim_virqfd *next;

	for (struct sim_virqfd *virqfd = first; virqfd; virqfd = next) {
		next = virqfd->next;
		if (!sim_is_open(sim_irq_fd(virqfd->eventfd)))
			drop(virqfd);
	}
}

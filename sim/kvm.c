// SPDX-License-Identifier: MIT
/*
 * The irqfds of KVM (virt/kvm/eventfd.c): /dev/kvm, a virtual machine with an interrupt
 * controller, and a count of how often each GSI was asserted. There is no guest.
 */
#include <errno.h>
#include <string.h>

#include <linux/kvm.h>

#include "internal.h"

#define IRQFDS 64
#define GSIS   4096

struct irqfd {
	int vm;	     /* 0: none */
	int eventfd; /* a duplicate, as the kernel's eventfd_ctx */
	uint32_t gsi;
	uint64_t handled; /* the part of the count that is injected but still in the eventfd */
};

static struct irqfd irqfds[IRQFDS];
static unsigned asserted[GSIS];
static bool has_controller;
static unsigned calls;

/* irqfd_wakeup() injects each signal. Since 5.11 it also reads the whole count. */
static void handle_signals(struct irqfd *irqfd)
{
	uint64_t count = sim_eventfd_count(irqfd->eventfd);

	if (count > irqfd->handled) {
		asserted[irqfd->gsi]++;
		if (!sim_find_kernel(NULL)->leaves_count) {
			sim_real_take(irqfd->eventfd, &count);
			count = 0;
		}
	}
	irqfd->handled = count;
}

void sim_kvm_handle_signals(void)
{
	for (int i = 0; i < IRQFDS; i++) {
		if (irqfds[i].vm)
			handle_signals(&irqfds[i]);
	}
}

bool sim_kvm_is_duplicate(int fd)
{
	for (int i = 0; i < IRQFDS; i++) {
		if (irqfds[i].vm && irqfds[i].eventfd == fd)
			return true;
	}
	return false;
}

/* irqfd_shutdown(): eventfd_ctx_remove_wait_queue() reads the count. */
static void detach(struct irqfd *irqfd)
{
	uint64_t count;

	sim_real_take(irqfd->eventfd, &count);
	sim_real_close(irqfd->eventfd);
	*irqfd = (struct irqfd){ 0 };
}

bool sim_kvm_is_irqfd(int fd)
{
	for (int i = 0; i < IRQFDS; i++) {
		if (irqfds[i].vm && sim_is_same_file(fd, irqfds[i].eventfd))
			return true;
	}
	return false;
}

/* irqfd_wakeup(), EPOLLHUP: the close of the last fd removes the irqfd. */
void sim_kvm_handle_close(void)
{
	for (int i = 0; i < IRQFDS; i++) {
		if (irqfds[i].vm && !sim_is_open(irqfds[i].eventfd))
			detach(&irqfds[i]);
	}
}

/* kvm_irqfd_assign() */
static int assign(int vm, const struct kvm_irqfd *request)
{
	struct irqfd *free = NULL;
	int eventfd;

	if (!has_controller || request->gsi >= GSIS)
		return -EINVAL;
	eventfd = sim_eventfd((int)request->fd);
	if (eventfd < 0)
		return eventfd;
	for (int i = 0; i < IRQFDS; i++) {
		if (!irqfds[i].vm) {
			free = &irqfds[i];
		} else if (irqfds[i].vm == vm && sim_is_same_file(eventfd, irqfds[i].eventfd)) {
			sim_real_close(eventfd);
			return -EBUSY;
		}
	}
	if (!free) {
		sim_real_close(eventfd);
		return -ENOMEM;
	}
	*free = (struct irqfd){ .vm = vm, .eventfd = eventfd, .gsi = request->gsi };
	free->handled = sim_eventfd_count(eventfd);
	if (free->handled > 0)
		asserted[free->gsi]++;
	return 0;
}

/* kvm_irqfd_deassign() */
static int deassign(int vm, const struct kvm_irqfd *request)
{
	int eventfd = sim_eventfd((int)request->fd);

	if (eventfd < 0)
		return eventfd;
	for (int i = 0; i < IRQFDS; i++) {
		if (irqfds[i].vm == vm && irqfds[i].gsi == request->gsi &&
		    sim_is_same_file(eventfd, irqfds[i].eventfd))
			detach(&irqfds[i]);
	}
	sim_real_close(eventfd);
	return 0;
}

static int irqfd_ioctl(int vm, const void *arg)
{
	struct kvm_irqfd request;

	calls++;
	if (sim_from_user(&request, arg, sizeof(request)) < 0)
		return -EFAULT;
	if (request.flags & ~(uint32_t)(KVM_IRQFD_FLAG_DEASSIGN | KVM_IRQFD_FLAG_RESAMPLE))
		return -EINVAL;
	return request.flags & KVM_IRQFD_FLAG_DEASSIGN ? deassign(vm, &request)
						       : assign(vm, &request);
}

int sim_vm_ioctl(int vm, unsigned long request, void *arg)
{
	switch (request) {
	case KVM_CREATE_IRQCHIP:
		has_controller = true;
		return 0;
	case KVM_IRQFD:
		return irqfd_ioctl(vm, arg);
	default:
		return -ENOTTY;
	}
}

int sim_kvm_ioctl(unsigned long request)
{
	return request == KVM_CREATE_VM ? sim_file_new(SIM_VM, NULL) : -ENOTTY;
}

void sim_vm_closed(int vm)
{
	for (int i = 0; i < IRQFDS; i++) {
		if (irqfds[i].vm == vm)
			detach(&irqfds[i]);
	}
	memset(asserted, 0, sizeof(asserted));
	has_controller = false;
}

unsigned sim_asserted(uint32_t gsi)
{
	unsigned count;

	sim_lock();
	count = gsi < GSIS ? asserted[gsi] : 0;
	sim_unlock();
	return count;
}

unsigned sim_irqfd_calls(void)
{
	unsigned count;

	sim_lock();
	count = calls;
	sim_unlock();
	return count;
}

// SPDX-License-Identifier: MIT
/*
 * Interrupts of a simulated device: VFIO_DEVICE_GET_IRQ_INFO and VFIO_DEVICE_SET_IRQS
 * in the kernel's order of checks (drivers/vfio/vfio_main.c,
 * vfio_set_irqs_validate_and_prepare(); drivers/vfio/pci/vfio_pci_intrs.c), and the
 * device that raises them. The kernel holds eventfds, not fds: so do we, as duplicates.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "lib/uapi.h"

/* In the tables 0 is none, so that a device of zeroes has no interrupts. */
static int fd_of(int entry)
{
	return entry - 1;
}

static void drop(int *entry)
{
	if (*entry)
		sim_real_close(fd_of(*entry));
	*entry = 0;
}

static void signal_entry(int entry)
{
	uint64_t one = 1;

	if (entry && sim_real_write(fd_of(entry), &one, sizeof(one)) != sizeof(one))
		abort();
}

/* ---- what there is ---- */

static uint32_t vectors_of(const struct sim_device *device, uint32_t index)
{
	switch (index) {
	case VFIO_PCI_MSI_IRQ_INDEX:
		return device->machine.msi_vectors ? device->machine.msi_vectors : 1;
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return device->machine.msix_vectors ? device->machine.msix_vectors : 5;
	default:
		return 1;
	}
}

static uint32_t flags_of(const struct sim_device *device, uint32_t index)
{
	if (index == VFIO_PCI_INTX_IRQ_INDEX)
		return VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
	if (index == VFIO_PCI_MSIX_IRQ_INDEX && device->kernel->dynamic_msix)
		return VFIO_IRQ_INFO_EVENTFD;
	return VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE;
}

int sim_get_irq_info(const struct sim_device *device, void *arg)
{
	struct vfio_irq_info info;

	if (sim_from_user(&info, arg, sizeof(info)) < 0)
		return -EFAULT;
	if (info.argsz < sizeof(info) || info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info.flags = flags_of(device, info.index);
	info.count = vectors_of(device, info.index);
	return sim_to_user(arg, &info, sizeof(info));
}

/* ---- INTx ---- */

static bool is(const struct sim_device *device, int type)
{
	return device->irqs.type == type;
}

/* vfio_intx_handler(): masks, then signals. */
static bool intx_raise(struct sim_irqs *irqs)
{
	if (!irqs->intx_level || irqs->intx_masked || irqs->type != SIM_INTX)
		return false;
	irqs->intx_masked = true;
	signal_entry(irqs->triggers[0]);
	return irqs->triggers[0];
}

static void intx_unmask(struct sim_irqs *irqs)
{
	irqs->intx_masked = false;
	intx_raise(irqs);
}

/* The kernel's handler runs when the eventfd is signalled, and takes its count
 * (virqfd.c, virqfd_wakeup()); ours when we look. A count from before does not run it. */
static void check_unmask_eventfd(struct sim_irqs *irqs)
{
	uint64_t count;

	if (!irqs->unmask || sim_real_take(fd_of(irqs->unmask), &count) < 0)
		return;
	if (count > irqs->unmask_count_before) {
		irqs->unmask_count_before = 0;
		intx_unmask(irqs);
	} else if (sim_real_write(fd_of(irqs->unmask), &count, sizeof(count)) != sizeof(count)) {
		abort();
	}
}

static void intx_disable(struct sim_irqs *irqs)
{
	drop(&irqs->unmask);
	drop(&irqs->triggers[0]);
	irqs->type = SIM_NO_TYPE;
	irqs->intx_masked = false;
}

void sim_irqs_suspend(struct sim_device *device)
{
	device->irqs.pm_intx_masked = is(device, SIM_INTX) && !device->irqs.intx_masked;
	if (device->irqs.pm_intx_masked)
		device->irqs.intx_masked = true;
}

void sim_irqs_resume(struct sim_device *device)
{
	if (device->irqs.pm_intx_masked)
		intx_unmask(&device->irqs);
	device->irqs.pm_intx_masked = false;
}

static int set_unmask_eventfd(struct sim_irqs *irqs, int fd)
{
	int eventfd;

	if (fd < 0) {
		drop(&irqs->unmask);
		return 0;
	}
	eventfd = sim_eventfd(fd);
	if (eventfd < 0)
		return eventfd;
	if (irqs->unmask) {
		sim_real_close(eventfd);
		return -EBUSY;
	}
	irqs->unmask = eventfd + 1;
	irqs->unmask_count_before = 0;
	/* vfio_virqfd_enable(): one that is signalled already unmasks, and keeps its count. */
	if (sim_real_take(eventfd, &irqs->unmask_count_before) == 0) {
		if (sim_real_write(eventfd, &irqs->unmask_count_before, sizeof(uint64_t)) < 0)
			abort();
		intx_unmask(irqs);
	}
	return 0;
}

/* What a SET_IRQS asks for, checked as far as it is the same for all. */
struct request {
	uint32_t data, action, index, start, count;
	const uint8_t *bools;
	const int32_t *fds;
};

static int intx_mask_or_unmask(struct sim_device *device, const struct request *request)
{
	bool unmasks = request->action == VFIO_IRQ_SET_ACTION_UNMASK;

	if (!is(device, SIM_INTX) || request->start != 0 || request->count != 1)
		return -EINVAL;
	if (request->data == VFIO_IRQ_SET_DATA_EVENTFD)
		return unmasks ? set_unmask_eventfd(&device->irqs, request->fds[0]) : -ENOTTY;
	if (request->data == VFIO_IRQ_SET_DATA_BOOL && !request->bools[0])
		return 0;
	if (unmasks)
		intx_unmask(&device->irqs);
	else
		device->irqs.intx_masked = true;
	return 0;
}

/* vfio_intx_set_signal(): a bad fd leaves the old eventfd where it is. */
static int intx_set_signal(struct sim_irqs *irqs, int fd)
{
	int eventfd = -1;

	if (fd >= 0) {
		eventfd = sim_eventfd(fd);
		if (eventfd < 0)
			return eventfd;
	}
	drop(&irqs->triggers[0]);
	irqs->triggers[0] = eventfd + 1;
	return 0;
}

static int intx_trigger(struct sim_device *device, const struct request *request)
{
	struct sim_irqs *irqs = &device->irqs;
	bool active = is(device, SIM_INTX);
	int r;

	if (active && request->count == 0 && request->data == VFIO_IRQ_SET_DATA_NONE) {
		intx_disable(irqs);
		return 0;
	}
	if (!(active || is(device, SIM_NO_TYPE)) || request->start != 0 || request->count != 1)
		return -EINVAL;
	if (request->data == VFIO_IRQ_SET_DATA_EVENTFD) {
		r = intx_set_signal(irqs, request->fds[0]);
		if (r == 0 && !active) {
			irqs->type = SIM_INTX;
			irqs->allocated = 1;
			intx_raise(irqs);
		}
		return r;
	}
	if (!active)
		return -EINVAL;
	if (request->data == VFIO_IRQ_SET_DATA_NONE || request->bools[0])
		signal_entry(irqs->triggers[0]);
	return 0;
}

/* ---- MSI and MSI-X ---- */

static void msi_disable(struct sim_irqs *irqs)
{
	for (uint32_t i = 0; i < SIM_VECTORS; i++)
		drop(&irqs->triggers[i]);
	irqs->type = SIM_NO_TYPE;
	irqs->allocated = 0;
}

/* A positive number: there are just so many, and nothing is enabled. */
static int msi_enable(struct sim_device *device, uint32_t index, uint32_t count)
{
	struct sim_irqs *irqs = &device->irqs;

	if (count == 0)
		return -ERANGE;
	if (device->power != SIM_D0)
		return -EINVAL;
	if (irqs->limit && count > irqs->limit)
		return (int)irqs->limit;
	irqs->type = (int)index;
	irqs->allocated = count;
	return 0;
}

/* vfio_msi_set_vector_signal(): what was there goes before the new one is looked at. */
static int set_vector(struct sim_device *device, uint32_t vector, int fd)
{
	struct sim_irqs *irqs = &device->irqs;
	int eventfd;

	drop(&irqs->triggers[vector]);
	if (fd < 0)
		return 0;
	if (vector >= irqs->allocated) {
		if (!is(device, SIM_MSIX) || !device->kernel->dynamic_msix)
			return -EINVAL;
		if (irqs->limit && vector >= irqs->limit)
			return -ENOSPC;
		irqs->allocated = vector + 1;
	}
	eventfd = sim_eventfd(fd);
	if (eventfd < 0)
		return eventfd;
	if (irqs->fail_times > 0 && irqs->fail_vector == vector) {
		irqs->fail_times--;
		sim_real_close(eventfd);
		return -irqs->fail_errno;
	}
	irqs->triggers[vector] = eventfd + 1;
	return 0;
}

static int set_block(struct sim_device *device, const struct request *request)
{
	uint32_t end = request->start + request->count;

	if (device->kernel->checks_range &&
	    (request->start >= device->irqs.allocated || end > device->irqs.allocated))
		return -EINVAL;
	for (uint32_t i = 0; i < request->count; i++) {
		int r = set_vector(device, request->start + i, request->fds[i]);

		if (r == 0)
			continue;
		for (uint32_t j = 0; j <= i; j++)
			drop(&device->irqs.triggers[request->start + j]);
		return r;
	}
	return 0;
}

static int msi_loopback(struct sim_device *device, const struct request *request)
{
	uint32_t end = request->start + request->count;

	if (!is(device, (int)request->index) ||
	    (device->kernel->checks_range && end > device->irqs.allocated))
		return -EINVAL;
	for (uint32_t i = 0; i < request->count; i++) {
		if (request->data == VFIO_IRQ_SET_DATA_NONE || request->bools[i])
			signal_entry(device->irqs.triggers[request->start + i]);
	}
	return 0;
}

static int msi_trigger(struct sim_device *device, const struct request *request)
{
	bool active = is(device, (int)request->index);
	int r;

	if (active && request->count == 0 && request->data == VFIO_IRQ_SET_DATA_NONE) {
		msi_disable(&device->irqs);
		return 0;
	}
	if (!active && !is(device, SIM_NO_TYPE))
		return -EINVAL;
	if (request->data != VFIO_IRQ_SET_DATA_EVENTFD)
		return msi_loopback(device, request);
	if (active)
		return set_block(device, request);
	r = msi_enable(device, request->index, request->start + request->count);
	if (r != 0)
		return r;
	r = set_block(device, request);
	if (r < 0)
		msi_disable(&device->irqs);
	return r;
}

/* ---- ERR and REQ ---- */

/* vfio_pci_set_ctx_trigger_single() */
static int alone_trigger(struct sim_device *device, const struct request *request)
{
	int *entry = &device->irqs.alone[request->index - VFIO_PCI_ERR_IRQ_INDEX];
	int eventfd;

	if (request->start != 0 || request->count > 1)
		return -EINVAL;
	if (request->data == VFIO_IRQ_SET_DATA_NONE) {
		if (!*entry)
			return -EINVAL;
		if (request->count)
			signal_entry(*entry);
		else
			drop(entry);
		return 0;
	}
	if (request->count == 0)
		return -EINVAL;
	if (request->data == VFIO_IRQ_SET_DATA_BOOL) {
		if (request->bools[0])
			signal_entry(*entry);
		return 0;
	}
	if (request->fds[0] < -1)
		return device->kernel->refuses_below_minus_one ? -EINVAL : 0;
	if (request->fds[0] == -1) {
		drop(entry);
		return 0;
	}
	eventfd = sim_eventfd(request->fds[0]);
	if (eventfd < 0)
		return eventfd;
	drop(entry);
	*entry = eventfd + 1;
	return 0;
}

/* ---- SET_IRQS ---- */

static int dispatch(struct sim_device *device, const struct request *request)
{
	bool triggers = request->action == VFIO_IRQ_SET_ACTION_TRIGGER;

	if (__builtin_popcount(request->action) != 1)
		return -ENOTTY;
	if (request->index == VFIO_PCI_INTX_IRQ_INDEX)
		return triggers ? intx_trigger(device, request)
				: intx_mask_or_unmask(device, request);
	if (!triggers)
		return -ENOTTY;
	if (request->index <= VFIO_PCI_MSIX_IRQ_INDEX)
		return msi_trigger(device, request);
	return alone_trigger(device, request);
}

static size_t size_of_data(uint32_t data)
{
	switch (data) {
	case VFIO_IRQ_SET_DATA_BOOL:
		return sizeof(uint8_t);
	case VFIO_IRQ_SET_DATA_EVENTFD:
		return sizeof(int32_t);
	default:
		return 0;
	}
}

int sim_set_irqs_ioctl(struct sim_device *device, void *arg)
{
	static int32_t data[SIM_VECTORS]; /* under the simulator's lock */
	struct vfio_irq_set set;
	struct request request;
	uint32_t vectors;
	size_t size;

	device->irqs.set_irqs++;
	check_unmask_eventfd(&device->irqs);
	if (sim_from_user(&set, arg, sizeof(set)) < 0)
		return -EFAULT;
	if (set.argsz < sizeof(set) || set.index >= VFIO_PCI_NUM_IRQS ||
	    set.count >= UINT32_MAX - set.start ||
	    set.flags & ~(uint32_t)(VFIO_IRQ_SET_DATA_TYPE_MASK | VFIO_IRQ_SET_ACTION_TYPE_MASK))
		return -EINVAL;
	vectors = vectors_of(device, set.index);
	if (set.start >= vectors || set.start + set.count > vectors)
		return -EINVAL;
	request = (struct request){
		.data = set.flags & VFIO_IRQ_SET_DATA_TYPE_MASK,
		.action = set.flags & VFIO_IRQ_SET_ACTION_TYPE_MASK,
		.index = set.index,
		.start = set.start,
		.count = set.count,
		.bools = (const uint8_t *)data,
		.fds = data,
	};
	if (__builtin_popcount(request.data) != 1)
		return -EINVAL;
	size = set.count * size_of_data(request.data);
	if (set.argsz - sizeof(set) < size)
		return -EINVAL;
	if (size && sim_from_user(data, (const char *)arg + sizeof(set), size) < 0)
		return -EFAULT;
	return dispatch(device, &request);
}

/* The last close of the device. */
void sim_irqs_release(struct sim_device *device)
{
	struct sim_irqs *irqs = &device->irqs;

	intx_disable(irqs);
	msi_disable(irqs);
	drop(&irqs->alone[0]);
	drop(&irqs->alone[1]);
	irqs->intx_level = false;
}

/* ---- the test's side ---- */

bool sim_fire(struct sim_device *device, uint32_t index, uint32_t vector)
{
	struct sim_irqs *irqs = &device->irqs;
	bool delivered = false;

	sim_lock();
	check_unmask_eventfd(irqs);
	if (index == VFIO_PCI_INTX_IRQ_INDEX) {
		irqs->intx_level = true;
		delivered = intx_raise(irqs);
	} else if (is(device, (int)index)) {
		delivered = irqs->triggers[vector];
		signal_entry(irqs->triggers[vector]);
	}
	sim_unlock();
	return delivered;
}

void sim_clear_intx(struct sim_device *device)
{
	sim_lock();
	device->irqs.intx_level = false;
	check_unmask_eventfd(&device->irqs);
	sim_unlock();
}

int sim_irq_eventfd(const struct sim_device *device, uint32_t index, uint32_t vector)
{
	int entry = 0;

	sim_lock();
	if (index >= VFIO_PCI_ERR_IRQ_INDEX)
		entry = device->irqs.alone[index - VFIO_PCI_ERR_IRQ_INDEX];
	else if (is(device, (int)index))
		entry = device->irqs.triggers[vector];
	sim_unlock();
	return fd_of(entry);
}

int sim_irq_active(const struct sim_device *device)
{
	return device->irqs.type;
}

unsigned sim_irq_allocated(const struct sim_device *device)
{
	return device->irqs.allocated;
}

unsigned sim_set_irqs(const struct sim_device *device)
{
	return device->irqs.set_irqs;
}

void sim_fail_vector(struct sim_device *device, uint32_t vector, int error, unsigned times)
{
	sim_lock();
	device->irqs.fail_vector = vector;
	device->irqs.fail_errno = error;
	device->irqs.fail_times = times;
	sim_unlock();
}

void sim_limit_vectors(struct sim_device *device, unsigned limit)
{
	sim_lock();
	device->irqs.limit = limit;
	sim_unlock();
}

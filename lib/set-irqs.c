// SPDX-License-Identifier: MIT
/*
 * Builds, issues, counts and traces VFIO_DEVICE_SET_IRQS. No other file does. The buffer is
 * allocated once, so that no later change of signalling can fail for lack of memory.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <vfiopm/device.h>

#include "access.h"
#include "set-irqs.h"
#include "sys.h"
#include "trace.h"
#include "uapi.h"

static const char call[] = "VFIO_DEVICE_SET_IRQS";

struct vfiopm__set_irqs {
	int device_fd;
	struct vfiopm__access *access;
	const struct vfiopm__trace *trace;
	_Atomic uint64_t issued, saved;
	struct vfio_irq_set *request;
};

int vfiopm__set_irqs_new(int device_fd, uint32_t count, struct vfiopm__access *access,
			 const struct vfiopm__trace *trace, struct vfiopm__set_irqs **ret_set)
{
	struct vfiopm__set_irqs *set = calloc(1, sizeof(*set));

	if (!set)
		return -ENOMEM;
	set->device_fd = device_fd;
	set->access = access;
	set->trace = trace;
	set->request = malloc(sizeof(*set->request) + count * sizeof(int32_t));
	if (!set->request) {
		free(set);
		return -ENOMEM;
	}
	*ret_set = set;
	return 0;
}

void vfiopm__set_irqs_free(struct vfiopm__set_irqs *set)
{
	if (!set)
		return;
	free(set->request);
	free(set);
}

static int issue(struct vfiopm__set_irqs *set, uint32_t flags, uint32_t index, uint32_t start,
		 uint32_t count)
{
	size_t size = flags & VFIO_IRQ_SET_DATA_EVENTFD ? count * sizeof(int32_t) : 0;
	int r;

	*set->request = (struct vfio_irq_set){
		.argsz = (uint32_t)(sizeof(*set->request) + size),
		.flags = flags,
		.index = index,
		.start = start,
		.count = count,
	};
	vfiopm__access_begin(set->access);
	r = vfiopm__sys_ioctl(set->device_fd, VFIO_DEVICE_SET_IRQS, set->request);
	vfiopm__access_end(set->access, r);
	atomic_fetch_add_explicit(&set->issued, 1, memory_order_relaxed);
	vfiopm__trace_event(set->trace, VFIOPM_TRACE_ISSUED, call, r);
	return r;
}

/* Only a first enable of MSI and MSI-X returns a positive number (vfio_pci_intrs.c,
 * vfio_msi_enable(), 6.1). */
static int issue_command(struct vfiopm__set_irqs *set, uint32_t flags, uint32_t index,
			 uint32_t start, uint32_t count)
{
	int r = issue(set, flags, index, start, count);

	return r > 0 ? -EPROTO : r;
}

int32_t *vfiopm__set_irqs_fds(struct vfiopm__set_irqs *set)
{
	return (int32_t *)(void *)set->request->data;
}

int vfiopm__set_irqs_signaling(struct vfiopm__set_irqs *set, uint32_t index, uint32_t start,
			       uint32_t count)
{
	return issue(set, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, index, start,
		     count);
}

int vfiopm__set_irqs_disable(struct vfiopm__set_irqs *set, uint32_t index)
{
	return issue_command(set, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, index, 0,
			     0);
}

int vfiopm__set_irqs_action(struct vfiopm__set_irqs *set, uint32_t action, uint32_t index,
			    uint32_t vector)
{
	return issue_command(set, VFIO_IRQ_SET_DATA_NONE | action, index, vector, 1);
}

int vfiopm__set_irqs_unmask_eventfd(struct vfiopm__set_irqs *set, uint32_t index, uint32_t vector,
				    int fd)
{
	*vfiopm__set_irqs_fds(set) = fd;
	return issue_command(set, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK, index,
			     vector, 1);
}

void vfiopm__set_irqs_saved(struct vfiopm__set_irqs *set, uint64_t calls)
{
	atomic_fetch_add_explicit(&set->saved, calls, memory_order_relaxed);
	for (uint64_t i = 0; i < calls; i++)
		vfiopm__trace_event(set->trace, VFIOPM_TRACE_SAVED, call, 0);
}

uint64_t vfiopm__set_irqs_get_issued(const struct vfiopm__set_irqs *set)
{
	return atomic_load_explicit(&set->issued, memory_order_relaxed);
}

uint64_t vfiopm__set_irqs_get_saved(const struct vfiopm__set_irqs *set)
{
	return atomic_load_explicit(&set->saved, memory_order_relaxed);
}

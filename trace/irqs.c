// SPDX-License-Identifier: MIT
/*
 * The cache of eventfds. It is the library's own: lib/irq-index.c and lib/eventfd-ref.c. The library
 * sends SET_IRQS itself; here the program has already sent it. The functions of set-irqs.h below
 * therefore return the answer that the program got.
 *
 * vfiopm-trace knows only what it has seen succeed. A vector is unknown at the begin, and again after
 * each call whose effect on the index is not certain. The library marks a vector as unknown when the
 * kernel refuses each eventfd for it, and irqs_unknown() causes that.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/irq-index.h"
#include "lib/set-irqs.h"
#include "lib/sys.h"
#include "lib/uapi.h"
#include "trace.h"

#define VECTORS 2048

/* The most vectors of the indexes of PCI: INTx, MSI, MSI-X, ERR and REQ. */
static const uint32_t counts[VFIO_PCI_NUM_IRQS] = { 1, 32, VECTORS, 1, 1 };

struct vfiopm__set_irqs {
	int answer;
	int32_t fds[VECTORS];
};

struct irqs {
	struct vfiopm__eventfds *eventfds;
	int placeholder;
	struct vfiopm__set_irqs set;
	struct vfiopm__irq_index *indexes[VFIO_PCI_NUM_IRQS]; /* NULL: all is unknown */
};

/* ---- the kernel, as lib/irq-index.c sees it ---- */

int32_t *vfiopm__set_irqs_fds(struct vfiopm__set_irqs *set)
{
	return set->fds;
}

int vfiopm__set_irqs_signaling(struct vfiopm__set_irqs *set, uint32_t index, uint32_t start,
			       uint32_t count)
{
	(void)index;
	(void)start;
	(void)count;
	return set->answer;
}

int vfiopm__set_irqs_disable(struct vfiopm__set_irqs *set, uint32_t index)
{
	(void)index;
	return set->answer;
}

int __wrap_vfiopm__sys_command(int fd, unsigned long request, void *arg);
int __wrap_vfiopm__sys_eventfd_add(int fd, uint64_t count);

/* VFIO_DEVICE_GET_IRQ_INFO would wake the device. The largest counts do as well: a SET_IRQS beyond the
 * real count fails. */
int __wrap_vfiopm__sys_command(int fd, unsigned long request, void *arg)
{
	struct vfio_irq_info *info = arg;

	(void)fd;
	(void)request;
	info->flags = VFIO_IRQ_INFO_EVENTFD;
	info->count = counts[info->index];
	return 0;
}

/* The library injects an interrupt when it restores a vector. Here nothing is restored. */
int __wrap_vfiopm__sys_eventfd_add(int fd, uint64_t count)
{
	(void)fd;
	(void)count;
	return 0;
}

/* ---- knowledge ---- */

int irqs_new(struct irqs **ret_irqs)
{
	struct irqs *irqs = calloc(1, sizeof(*irqs));
	int r;

	if (!irqs)
		return -ENOMEM;
	r = vfiopm__eventfds_new(&irqs->eventfds);
	if (r == 0)
		r = vfiopm__eventfds_create(irqs->eventfds, &irqs->placeholder);
	*ret_irqs = irqs;
	return r;
}

static void forget_index(struct irqs *irqs, uint32_t index)
{
	vfiopm__irq_index_free(irqs->indexes[index]);
	irqs->indexes[index] = NULL;
}

void irqs_forget(struct irqs *irqs)
{
	for (uint32_t i = 0; i < VFIO_PCI_NUM_IRQS; i++)
		forget_index(irqs, i);
}

/* Set all vectors to the placeholder, and let a removal fail: each vector is then unknown. */
static int irqs_unknown(struct irqs *irqs, struct vfiopm__irq_index *index)
{
	struct vfiopm__eventfd_ref ref = { .fd = irqs->placeholder, .is_own = true };
	uint32_t count = vfiopm__irq_index_count(index);

	for (uint32_t i = 0; i < count; i++)
		vfiopm__irq_index_want(index, i, ref);
	irqs->set.answer = 0;
	if (vfiopm__irq_index_apply(index, &irqs->set) < 0)
		return -EPROTO;
	for (uint32_t i = 0; i < count; i++)
		vfiopm__irq_index_want(index, i, VFIOPM__NO_EVENTFD);
	irqs->set.answer = -EIO;
	return vfiopm__irq_index_apply(index, &irqs->set) < 0 ? 0 : -EPROTO;
}

static struct vfiopm__irq_index *get_index(struct irqs *irqs, uint32_t number)
{
	struct vfiopm__irq_index *index = irqs->indexes[number];

	if (index)
		return index;
	if (vfiopm__irq_index_new(-1, true, number, irqs->eventfds, &index) < 0)
		return NULL;
	irqs->indexes[number] = index;
	if (irqs_unknown(irqs, index) < 0)
		forget_index(irqs, number);
	return irqs->indexes[number];
}

/* ---- accesses ---- */

static bool is_set_irqs(const struct access *access)
{
	return access->call.kind == TRACE_IOCTL && access->call.request == VFIO_DEVICE_SET_IRQS;
}

/* Returns true for a SET_IRQS that sets or removes eventfds that are signalled, and does nothing
 * else. */
static bool sets_eventfds(const struct access *access)
{
	const struct trace_call *call = &access->call;

	return is_set_irqs(access) && call->has_irqs && access->has_all_fds &&
	       call->flags == (VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER) &&
	       call->index < VFIO_PCI_NUM_IRQS && call->count > 0 &&
	       call->count <= counts[call->index] && access->fd_count == call->count &&
	       call->start <= counts[call->index] - call->count;
}

bool irqs_is_unchanged(struct irqs *irqs, const struct access *access)
{
	const struct vfiopm__irq_index *index;

	if (!sets_eventfds(access))
		return false;
	index = irqs->indexes[access->call.index];
	for (uint32_t i = 0; i < access->call.count; i++) {
		if (!index || !vfiopm__irq_index_has(index, access->call.start + i, access->fds[i]))
			return false;
	}
	return true;
}

static void close_fds(struct access *access)
{
	for (uint32_t i = 0; i < access->fd_count; i++)
		vfiopm__sys_close(access->fds[i]);
	access->fd_count = 0;
}

static void learn(struct irqs *irqs, struct access *access)
{
	uint32_t number = access->call.index;
	struct vfiopm__irq_index *index = get_index(irqs, number);

	if (!index) {
		close_fds(access);
		return;
	}
	for (uint32_t i = 0; i < access->fd_count; i++)
		vfiopm__irq_index_want(index, access->call.start + i,
				       (struct vfiopm__eventfd_ref){ .fd = access->fds[i] });
	access->fd_count = 0;
	irqs->set.answer = 0;
	if (vfiopm__irq_index_apply(index, &irqs->set) < 0)
		forget_index(irqs, number);
}

/* Masks, unmasks and loopback interrupts leave the eventfds as they are. */
static bool keeps_eventfds(const struct trace_call *call)
{
	uint32_t action = call->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;

	return action == VFIO_IRQ_SET_ACTION_MASK || action == VFIO_IRQ_SET_ACTION_UNMASK ||
	       (action == VFIO_IRQ_SET_ACTION_TRIGGER && call->count > 0 &&
		!(call->flags & VFIO_IRQ_SET_DATA_EVENTFD));
}

void irqs_note(struct irqs *irqs, struct access *access, int64_t result)
{
	const struct trace_call *call = &access->call;

	if (is_reset(call)) {
		irqs_forget(irqs);
	} else if (is_set_irqs(access)) {
		if (result == 0 && sets_eventfds(access))
			learn(irqs, access);
		else if (!call->has_irqs || call->index >= VFIO_PCI_NUM_IRQS)
			irqs_forget(irqs);
		else if (result != 0 || !keeps_eventfds(call))
			forget_index(irqs, call->index);
	}
	close_fds(access);
}

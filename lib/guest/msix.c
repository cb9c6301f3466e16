// SPDX-License-Identifier: MIT
/*
 * The MSI-X of a guest: its capability, its table and its PBA (PCI Express Base Specification,
 * section 7.7.2), on struct vfiopm_msix.
 *
 * The registers are in plain memory, so reads of the table issue no ioctl and work while the device
 * is asleep. sync() makes one vector what the registers state; it is called after each write.
 *
 * A vector comes into use when it can first deliver: MSI-X is enabled, and neither the function
 * mask nor the mask bit of the vector is set. A vector in use costs the host an interrupt and two
 * eventfds, and drivers leave many vectors of large tables unused. Until then the device itself
 * keeps an interrupt of the vector: the kernel has the vector masked, and the PBA of the device
 * latches it. The first read of the PBA brings the other vectors into use, because that is the only
 * way to know these bits.
 *
 * The index is enabled when the guest enables MSI-X, before a vector is in use: a device raises
 * INTx until its MSI-X is enabled. Where the index cannot be resized (VFIOPM_IRQ_FLAG_NORESIZE), all
 * vectors are reserved then, without interrupts of the host. No vector then needs a rebuild of the
 * index, which would lose interrupts.
 */
#include <errno.h>
#include <stdlib.h>

#include <vfiopm/msix.h>

#include "../sys.h"
#include "msix-table.h"
#include "parts.h"

struct vector {
	uint64_t address; /* what the GSI delivers, if routed is set */
	uint32_t message;
	uint32_t gsi;
	bool routed;
	bool used;     /* by struct vfiopm_msix */
	bool unmasked; /* in struct vfiopm_msix */
	bool carried;  /* pending, from before struct vfiopm_msix used it */
	bool attached; /* the irqfd to the GSI */
	int irqfd;     /* while struct vfiopm_msix wants it attached, else -1 */
};

struct vfiopm__guest_msix {
	struct vfiopm__guest_host *host;
	struct vfiopm_msix *msix;
	struct vfiopm__msix_table *table;
	uint32_t count;
	struct vector *vectors;
	bool on;	   /* VFIO has MSI-X enabled */
	bool undone;	   /* a vector is not what the registers state */
	bool was_reset;	   /* since the last enable: pending interrupts end */
	bool reported;	   /* a callback of struct vfiopm_msix has reported its failure */
	uint32_t reserved; /* no vector from this one on can come into use */
};

/* ---- the callbacks of struct vfiopm_msix ---- */

static int attach_to_gsi(struct vfiopm__guest_msix *msix, struct vector *vector)
{
	int r = vfiopm__guest_irqfd(msix->host, vector->gsi, vector->irqfd, -1, true);

	vector->attached = r == 0;
	msix->reported |= r < 0;
	return r;
}

static int detach_from_gsi(struct vfiopm__guest_msix *msix, struct vector *vector)
{
	int r = vfiopm__guest_irqfd(msix->host, vector->gsi, vector->irqfd, -1, false);

	vector->attached = r < 0;
	msix->reported |= r < 0;
	return r;
}

static int attach(void *data, uint32_t number, int irqfd)
{
	struct vfiopm__guest_msix *msix = data;
	struct vector *vector = &msix->vectors[number];
	int r;

	vector->irqfd = irqfd;
	r = attach_to_gsi(msix, vector);
	if (r < 0)
		vector->irqfd = -1;
	return r;
}

static int detach(void *data, uint32_t number, int irqfd)
{
	struct vfiopm__guest_msix *msix = data;
	struct vector *vector = &msix->vectors[number];
	int r = 0;

	(void)irqfd;
	if (vector->attached)
		r = detach_from_gsi(msix, vector);
	if (r == 0)
		vector->irqfd = -1;
	return r;
}

/* ---- one vector ---- */

/* Report a failed call of struct vfiopm_msix, unless its callback has reported the reason. The
 * work stays undone. */
static void fail(struct vfiopm__guest_msix *msix, const char *call, int error)
{
	if (!msix->reported)
		vfiopm__guest_broken(msix->host, call, error);
	msix->undone = true;
}

static void note_released(struct vector *vector)
{
	vector->used = vector->unmasked = vector->attached = false;
	vector->irqfd = -1;
}

static bool is_in_use(const struct vfiopm__guest_msix *msix, uint32_t number)
{
	uint32_t mode;

	return vfiopm_msix_get_mode(msix->msix, number, &mode) == 0;
}

/* Can an eventfd of the vector hold an interrupt that was not delivered? */
static bool can_hold_interrupt(const struct vfiopm__guest_msix *msix, uint32_t number)
{
	uint32_t mode = VFIOPM_MSIX_MODE_RELAY;

	vfiopm_msix_get_mode(msix->msix, number, &mode);
	return mode == VFIOPM_MSIX_MODE_RELAY || !msix->vectors[number].attached;
}

/* The guest believes that the vector is masked. If the irqfd cannot be detached, VFIO must stop
 * signalling it: the device then keeps the interrupts of the vector. KVM detaches an irqfd whose
 * eventfd is closed (virt/kvm/eventfd.c, irqfd_wakeup(), EPOLLHUP). The release drops what the
 * eventfds hold, so the vector becomes pending. */
static void mask(struct vfiopm__guest_msix *msix, uint32_t number)
{
	struct vector *vector = &msix->vectors[number];
	bool holds;
	int r;

	msix->reported = false;
	r = vfiopm_msix_mask(msix->msix, number);
	if (r == 0) {
		vector->unmasked = false;
		return;
	}
	fail(msix, "vfiopm_msix_mask", r);
	if (vfiopm__guest_is_asleep(msix->host))
		return;
	holds = can_hold_interrupt(msix, number);
	vfiopm_msix_release(msix->msix, number, 1);
	if (!is_in_use(msix, number)) {
		note_released(vector);
		vector->carried |= holds;
	}
}

static int use(struct vfiopm__guest_msix *msix, uint32_t start, uint32_t count)
{
	int r = vfiopm_msix_use(msix->msix, start, count);

	for (uint32_t i = start; r == 0 && i < start + count; i++)
		msix->vectors[i].used = true;
	return r;
}

/* Make the GSI deliver the message of the guest. An irqfd that stays attached while the GSI changes
 * is attached to the new GSI: the eventfd keeps the interrupts in between. */
static int route(struct vfiopm__guest_msix *msix, uint32_t number)
{
	struct vector *vector = &msix->vectors[number];
	uint64_t address = vfiopm__msix_table_address(msix->table, number);
	uint32_t message = vfiopm__msix_table_message(msix->table, number), gsi;
	int r;

	if (!vector->routed || vector->address != address || vector->message != message) {
		vector->routed = false;
		r = vfiopm__guest_route(msix->host, VFIOPM_IRQ_MSIX, number, address, message,
					&gsi);
		if (r == 0 && gsi != vector->gsi && vector->attached)
			r = detach_from_gsi(msix, vector);
		if (r < 0)
			return r;
		vector->address = address;
		vector->message = message;
		vector->gsi = gsi;
		vector->routed = true;
	}
	return vector->irqfd >= 0 && !vector->attached ? attach_to_gsi(msix, vector) : 0;
}

/* A carried interrupt and a later pending one are one. Signalling an attached irqfd delivers an
 * interrupt. */
static void unmask(struct vfiopm__guest_msix *msix, uint32_t number)
{
	struct vector *vector = &msix->vectors[number];
	bool carried = vector->carried && vfiopm_msix_is_pending(msix->msix, number) == 0;
	int r = vfiopm_msix_unmask(msix->msix, number);

	if (r < 0) {
		fail(msix, "vfiopm_msix_unmask", r);
		return;
	}
	vector->unmasked = true;
	vector->carried = false;
	if (carried)
		vfiopm__sys_eventfd_signal(vector->irqfd);
}

/* Make a vector that can deliver do so. */
static void start(struct vfiopm__guest_msix *msix, uint32_t number)
{
	struct vector *vector = &msix->vectors[number];
	int r;

	if (!vector->used && vfiopm__guest_is_asleep(msix->host)) {
		msix->undone = true;
		return;
	}
	if (number >= msix->reserved) {
		vfiopm__guest_broken(msix->host, "vfiopm_msix_use", -ENOSPC);
		return;
	}
	if (route(msix, number) < 0) {
		msix->undone = true;
		if (vector->unmasked)
			mask(msix, number);
		return;
	}
	msix->reported = false;
	if (!vector->used) {
		r = use(msix, number, 1);
		if (r < 0) {
			fail(msix, "vfiopm_msix_use", r);
			return;
		}
	}
	if (!vector->unmasked)
		unmask(msix, number);
}

static void sync(struct vfiopm__guest_msix *msix, uint32_t number)
{
	if (!vfiopm__msix_table_is_masked(msix->table, number))
		start(msix, number);
	else if (msix->vectors[number].unmasked)
		mask(msix, number);
}

/* ---- all vectors ---- */

static bool can_deliver(const struct vfiopm__guest_msix *msix, uint32_t number)
{
	return !vfiopm__msix_table_is_masked(msix->table, number);
}

static bool is_any(const struct vfiopm__guest_msix *msix, uint32_t number)
{
	(void)msix;
	(void)number;
	return true;
}

/* Bring the vectors that match into use, with one ioctl for each run of vectors. */
static int use_runs(struct vfiopm__guest_msix *msix,
		    bool (*matches)(const struct vfiopm__guest_msix *msix, uint32_t number))
{
	int first = 0;

	for (uint32_t begin = 0, end; begin < msix->reserved; begin = end + 1) {
		int r = 0;

		for (end = begin;
		     end < msix->reserved && !msix->vectors[end].used && matches(msix, end);)
			end++;
		if (end > begin)
			r = use(msix, begin, end - begin);
		if (first == 0)
			first = r;
	}
	return first;
}

/* A run that fails is tried again vector by vector. */
static void sync_all(struct vfiopm__guest_msix *msix)
{
	msix->undone = false;
	if (!vfiopm__guest_is_asleep(msix->host))
		use_runs(msix, can_deliver);
	for (uint32_t i = 0; i < msix->count; i++)
		sync(msix, i);
}

/* ---- the capability ---- */

uint32_t vfiopm__guest_msix_read(struct vfiopm__guest_msix *msix, uint32_t offset, uint32_t width)
{
	return vfiopm__msix_table_read_capability(msix->table, offset, width);
}

void vfiopm__guest_msix_write(struct vfiopm__guest_msix *msix, uint32_t offset, uint32_t width,
			      uint32_t value)
{
	vfiopm__msix_table_write_capability(msix->table, offset, width, value);
	/* If the write has disabled MSI-X, guest.c calls vfiopm__guest_msix_disable(). */
	if (msix->on && vfiopm__msix_table_is_enabled(msix->table))
		sync_all(msix);
}

bool vfiopm__guest_msix_is_wanted(const struct vfiopm__guest_msix *msix)
{
	return vfiopm__msix_table_is_enabled(msix->table);
}

bool vfiopm__guest_msix_is_on(const struct vfiopm__guest_msix *msix)
{
	return msix->on;
}

/* Enable the index with as many vectors as are needed later, or with those that the host has. */
static int reserve(struct vfiopm__guest_msix *msix)
{
	uint32_t flags, available;
	int r;

	vfiopm_irq_get_flags(msix->host->dev, VFIOPM_IRQ_MSIX, &flags);
	msix->reserved = msix->count;
	if (!(flags & VFIOPM_IRQ_FLAG_NORESIZE))
		return vfiopm_irq_reserve(msix->host->dev, VFIOPM_IRQ_MSIX, 1);
	r = vfiopm_irq_reserve(msix->host->dev, VFIOPM_IRQ_MSIX, msix->count);
	vfiopm_irq_get_available(msix->host->dev, VFIOPM_IRQ_MSIX, &available);
	if (r != -ENOSPC || available == 0)
		return r;
	msix->reserved = available;
	return vfiopm_irq_reserve(msix->host->dev, VFIOPM_IRQ_MSIX, available);
}

/* Each vector is pending after a late enable. */
int vfiopm__guest_msix_enable(struct vfiopm__guest_msix *msix, bool late)
{
	int r = reserve(msix);

	if (r < 0) {
		vfiopm__guest_broken(msix->host, "vfiopm_irq_reserve", r);
		return r;
	}
	for (uint32_t i = 0; late && i < msix->count; i++)
		msix->vectors[i].carried = true;
	msix->on = true;
	msix->was_reset = false;
	sync_all(msix);
	return 0;
}

static void carry_pending(struct vfiopm__guest_msix *msix)
{
	for (uint32_t i = 0; i < msix->count; i++)
		msix->vectors[i].carried |= vfiopm_msix_is_pending(msix->msix, i) == 1;
}

/* Deliver what the device has sent before the guest disabled MSI-X. In relay mode it can still be
 * in the user eventfds, of which one call handles 64. What cannot be delivered becomes pending. */
static void deliver_all(struct vfiopm__guest_msix *msix)
{
	bool fails = false;

	for (uint32_t i = 0; i < msix->count; i += 64)
		fails |= vfiopm_msix_dispatch(msix->msix) < 0;
	for (uint32_t i = 0; fails && i < msix->count; i++)
		msix->vectors[i].carried |= msix->vectors[i].used && can_hold_interrupt(msix, i);
}

int vfiopm__guest_msix_disable(struct vfiopm__guest_msix *msix)
{
	int r;

	if (!msix->was_reset) {
		deliver_all(msix);
		carry_pending(msix);
	}
	msix->reported = false;
	r = vfiopm_msix_disable(msix->msix);
	if (r < 0 && !msix->reported) {
		vfiopm__guest_broken(msix->host, "vfiopm_msix_disable", r);
		sync_all(msix);
		return r;
	}
	for (uint32_t i = 0; i < msix->count; i++)
		note_released(&msix->vectors[i]);
	msix->on = msix->undone = false;
	return 0;
}

bool vfiopm__guest_msix_has_undone_work(const struct vfiopm__guest_msix *msix)
{
	return msix->undone;
}

void vfiopm__guest_msix_reset(struct vfiopm__guest_msix *msix)
{
	vfiopm__msix_table_reset(msix->table);
	msix->was_reset = true;
	for (uint32_t i = 0; i < msix->count; i++)
		msix->vectors[i].routed = msix->vectors[i].carried = false;
}

/* ---- the table and the PBA ---- */

static uint8_t pba_byte(void *data, uint64_t at)
{
	const struct vfiopm__guest_msix *msix = data;
	uint8_t byte = 0;

	for (unsigned bit = 0; bit < 8; bit++) {
		uint64_t number = at * 8 + bit;

		if (number < msix->count &&
		    (msix->vectors[number].carried ||
		     vfiopm_msix_is_pending(msix->msix, (uint32_t)number) == 1))
			byte |= (uint8_t)(1 << bit);
	}
	return byte;
}

/* The device knows the pending bits of the vectors that are not in use. */
static void use_all(struct vfiopm__guest_msix *msix)
{
	int r;

	if (!msix->on || vfiopm__guest_is_asleep(msix->host))
		return;
	msix->reported = false;
	r = use_runs(msix, is_any);
	if (r < 0)
		fail(msix, "vfiopm_msix_use", r);
}

int vfiopm__guest_msix_read_bar(struct vfiopm__guest_msix *msix, uint32_t bar, uint64_t offset,
				size_t length, void *ret_bytes)
{
	bool reads_pba = vfiopm__msix_table_has_pba(msix->table, bar, offset, length);

	if (!reads_pba && !vfiopm__msix_table_has(msix->table, bar, offset, length))
		return 0;
	if (reads_pba)
		use_all(msix);
	vfiopm__msix_table_read(msix->table, bar, offset, length, ret_bytes, pba_byte, msix);
	return 1;
}

int vfiopm__guest_msix_write_bar(struct vfiopm__guest_msix *msix, uint32_t bar, uint64_t offset,
				 size_t length, const void *bytes)
{
	uint32_t first, count;

	if (!vfiopm__msix_table_has(msix->table, bar, offset, length))
		return vfiopm__msix_table_has_pba(msix->table, bar, offset, length);
	count = vfiopm__msix_table_write(msix->table, bar, offset, length, bytes, &first);
	for (uint32_t i = first; msix->on && i < first + count; i++)
		sync(msix, i);
	return 1;
}

/* ---- the event loop ---- */

int vfiopm__guest_msix_get_fd(const struct vfiopm__guest_msix *msix)
{
	return vfiopm_msix_get_fd(msix->msix);
}

int vfiopm__guest_msix_dispatch(struct vfiopm__guest_msix *msix)
{
	int r;

	msix->reported = false;
	r = vfiopm_msix_dispatch(msix->msix);
	if (r < 0)
		fail(msix, "vfiopm_msix_dispatch", r);
	return r < 0 ? 0 : r;
}

/* Work is undone only while MSI-X is on. A failed SET_IRQS can have torn down vectors that are what
 * the registers state; dispatch restores them. */
void vfiopm__guest_msix_retry(struct vfiopm__guest_msix *msix)
{
	sync_all(msix);
	vfiopm__guest_msix_dispatch(msix);
}

int vfiopm__guest_msix_set_policy(struct vfiopm__guest_msix *msix, uint32_t policy)
{
	return vfiopm_msix_set_policy(msix->msix, policy);
}

unsigned vfiopm__guest_msix_count_fds(const struct vfiopm__guest_msix *msix)
{
	unsigned count = 1; /* the epoll fd of struct vfiopm_msix */

	for (uint32_t i = 0; i < msix->count; i++)
		count += msix->vectors[i].used ? 2 : 0;
	return count;
}

/* ---- creation ---- */

int vfiopm__guest_msix_new(struct vfiopm__guest_host *host, const uint8_t *capability,
			   struct vfiopm__guest_msix **ret_msix)
{
	const struct vfiopm_msix_ops ops = { .attach = attach, .detach = detach };
	struct vfiopm__guest_msix *msix = calloc(1, sizeof(*msix));
	uint32_t count = 0;
	int r;

	if (!msix)
		return -ENOMEM;
	msix->host = host;
	r = vfiopm__msix_table_new(capability, &msix->table);
	if (r == 0) {
		msix->count = vfiopm__msix_table_count(msix->table);
		/* The kernel takes its number from the same register. */
		vfiopm_irq_get_count(host->dev, VFIOPM_IRQ_MSIX, &count);
		r = count == msix->count ? 0 : -EPROTO;
	}
	if (r == 0) {
		msix->vectors = calloc(msix->count, sizeof(*msix->vectors));
		r = msix->vectors ? vfiopm_msix_new(host->dev, &ops, sizeof(ops), msix, &msix->msix)
				  : -ENOMEM;
	}
	if (r < 0) {
		vfiopm__guest_msix_free(msix);
		return r;
	}
	for (uint32_t i = 0; i < msix->count; i++)
		msix->vectors[i].irqfd = -1;
	*ret_msix = msix;
	return 0;
}

struct vfiopm__guest_msix *vfiopm__guest_msix_free(struct vfiopm__guest_msix *msix)
{
	if (!msix)
		return NULL;
	vfiopm_msix_free(msix->msix);
	free(msix->vectors);
	vfiopm__msix_table_free(msix->table);
	free(msix);
	return NULL;
}

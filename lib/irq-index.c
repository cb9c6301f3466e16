// SPDX-License-Identifier: MIT
/*
 * One IRQ index, and the SET_IRQS between what the kernel has and what is wanted. The rules of
 * the kernel are in drivers/vfio/pci/vfio_pci_intrs.c, vfio_pci_set_msi_trigger() and
 * vfio_msi_set_block(), 6.1 to 7.x:
 *
 *  - The first eventfd of MSI and MSI-X allocates as many vectors as the ioctl ends at. With
 *    NORESIZE the kernel allocates no more until the index is disabled.
 *  - A block that fails at one vector tears down the vectors of the block up to that one,
 *    including live ones. The kernel does not report which vector failed. If this was the first
 *    block, the kernel disables the index.
 *
 * The indexes of a device that is not PCI are independent of each other, and the kernel tears down
 * the old eventfd before it takes a new one (drivers/vfio/platform/vfio_platform_irq.c,
 * vfio_set_trigger(), 6.1).
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <vfiopm/irq.h>

#include "irq-index.h"
#include "set-irqs.h"
#include "sys.h"
#include "uapi.h"

/* MSI-X has at most 2048 vectors, so a correct kernel never reports more than this. */
#define MAX_VECTORS 4096

/*
 * What the kernel has for a vector is one word, so that vfiopm__irq_index_has() needs no lock:
 * the fd of the reference plus 1, or 0 for none; the flags; and a generation. The generation
 * detects reuse of the fd number while a reader compares it (ABA).
 */
#define WORD_FD_MASK UINT64_C(0x7fffffff)
#define WORD_OWN     (UINT64_C(1) << 31)
#define WORD_UNKNOWN (UINT64_C(1) << 32) /* the kernel has this eventfd, or none */
#define WORD_CHANGED (UINT64_C(1) << 33) /* another eventfd is wanted */
#define WORD_SHIFT   34

struct vector {
	_Atomic uint64_t word;
	struct vfiopm__eventfd_ref wanted; /* valid with WORD_CHANGED */
};

struct vfiopm__irq_index {
	uint32_t number, count, flags;
	bool is_pci;
	_Atomic uint32_t available;
	bool enabled;
	bool wants_disabled;
	uint32_t allocated; /* vectors, while enabled */
	struct vfiopm__eventfds *eventfds;
	struct vfiopm__eventfd_ref unmask;
	bool is_masked; /* not by the kernel */
	struct vector vectors[];
};

/* ---- one vector ---- */

static struct vfiopm__eventfd_ref word_ref(uint64_t word)
{
	return (struct vfiopm__eventfd_ref){
		.fd = (int)(word & WORD_FD_MASK) - 1,
		.is_own = word & WORD_OWN,
	};
}

static int current_fd(const struct vector *vector)
{
	return word_ref(vector->word).fd;
}

static bool is_changed(const struct vector *vector)
{
	return vector->word & WORD_CHANGED;
}

static int wanted_fd(const struct vector *vector)
{
	return is_changed(vector) ? vector->wanted.fd : current_fd(vector);
}

/* The fd that a block sends for a vector in the range of changes. */
static int changed_fd(const struct vector *vector)
{
	return is_changed(vector) ? vector->wanted.fd : -1;
}

static int no_fd(const struct vector *vector)
{
	(void)vector;
	return -1;
}

static void set_word(struct vector *vector, struct vfiopm__eventfd_ref ref, uint64_t flags)
{
	uint64_t generation = (vector->word >> WORD_SHIFT) + 1;

	vector->word = generation << WORD_SHIFT | flags | (ref.is_own ? WORD_OWN : 0) |
		       (uint64_t)(ref.fd + 1);
}

static void set_flags(struct vector *vector, uint64_t flags)
{
	set_word(vector, word_ref(vector->word), flags);
}

static void set_current(struct vector *vector, struct vfiopm__eventfd_ref ref, uint64_t flags)
{
	struct vfiopm__eventfd_ref old = word_ref(vector->word);

	set_word(vector, ref, flags);
	vfiopm__eventfd_ref_drop(old);
}

/* The kernel has no eventfd for the vector. */
static void set_down(struct vector *vector)
{
	set_current(vector, VFIOPM__NO_EVENTFD, vector->word & WORD_CHANGED);
}

static void adopt_wanted(struct vector *vector)
{
	if (is_changed(vector))
		set_current(vector, vector->wanted, 0);
}

static void drop_wanted(struct vector *vector)
{
	if (!is_changed(vector))
		return;
	set_flags(vector, vector->word & WORD_UNKNOWN);
	vfiopm__eventfd_ref_drop(vector->wanted);
}

/* ---- the kernel's answers ---- */

static bool is_message_signalled(const struct vfiopm__irq_index *index)
{
	return index->is_pci &&
	       (index->number == VFIOPM_IRQ_MSI || index->number == VFIOPM_IRQ_MSIX);
}

static bool can_grow(const struct vfiopm__irq_index *index)
{
	return !(index->flags & VFIOPM_IRQ_FLAG_NORESIZE);
}

struct range {
	uint32_t start, count;
};

static uint32_t range_end(struct range range)
{
	return range.start + range.count;
}

static int send(struct vfiopm__irq_index *index, struct vfiopm__set_irqs *set, struct range range,
		int (*fd_of)(const struct vector *vector))
{
	int r;

	for (uint32_t i = 0; i < range.count; i++)
		vfiopm__set_irqs_fds(set)[i] = fd_of(&index->vectors[range.start + i]);
	r = vfiopm__set_irqs_signaling(set, index->number, range.start, range.count);
	if (r < 0)
		return r;
	if (r > 0) {
		/* The allocator of MSI and MSI-X had fewer vectors; nothing is enabled. */
		if (!is_message_signalled(index))
			return -EPROTO;
		index->available = (uint32_t)r;
		return -ENOSPC;
	}
	index->enabled = true;
	if (range_end(range) > index->allocated)
		index->allocated = range_end(range);
	return 0;
}

/* A vector of MSI or MSI-X was down for a while. Interrupts raised in the gap are unknown.
 * Inject one: a spurious interrupt is harmless, a lost one can hang the driver. INTx, ERR and REQ
 * swap a pointer without a gap. A count on ERR or REQ reports an error or a removal request, so
 * none is injected. A level interrupt of another bus stays raised; an edge can be lost, as in every
 * change of its eventfd. */
static void signal_gap(const struct vfiopm__irq_index *index, int fd)
{
	if (fd >= 0 && is_message_signalled(index))
		vfiopm__sys_eventfd_add(fd, 1);
}

static int disable(struct vfiopm__irq_index *index, struct vfiopm__set_irqs *set)
{
	int r = vfiopm__set_irqs_disable(set, index->number);

	/* EINVAL: another user of the device has disabled it. */
	if (r < 0 && r != -EINVAL)
		return r;
	index->enabled = false;
	/* vfio_pci_intrs.c, vfio_intx_disable(), 6.1. Other buses keep the unmask eventfd. */
	if (index->is_pci) {
		vfiopm__eventfd_ref_drop(index->unmask);
		index->unmask = VFIOPM__NO_EVENTFD;
		index->is_masked = false;
	}
	return 0;
}

static void set_all_down(struct vfiopm__irq_index *index)
{
	index->enabled = false;
	index->allocated = 0;
	for (uint32_t i = 0; i < index->count; i++)
		set_down(&index->vectors[i]);
}

/* ---- restoring vectors after a failure ---- */

static void set_restored(const struct vfiopm__irq_index *index, struct vector *vector)
{
	set_flags(vector, vector->word & WORD_CHANGED);
	signal_gap(index, current_fd(vector));
}

/* Restore one vector; if the kernel refuses, make sure that the vector is down. */
static void restore_one(struct vfiopm__irq_index *index, struct vfiopm__set_irqs *set,
			uint32_t number)
{
	struct vector *vector = &index->vectors[number];
	struct range range = { .start = number, .count = 1 };

	if (send(index, set, range, current_fd) == 0)
		set_restored(index, vector);
	else if (send(index, set, range, no_fd) == 0)
		set_down(vector);
	else
		set_flags(vector, (vector->word & WORD_CHANGED) | WORD_UNKNOWN);
}

/* The kernel may have torn down any vector of the range: send the eventfds of all again. */
static void restore_range(struct vfiopm__irq_index *index, struct vfiopm__set_irqs *set,
			  struct range range)
{
	if (send(index, set, range, current_fd) == 0) {
		for (uint32_t i = range.start; i < range_end(range); i++)
			set_restored(index, &index->vectors[i]);
	} else {
		for (uint32_t i = range.start; i < range_end(range); i++)
			restore_one(index, set, i);
	}
}

/* ---- changes within the allocated vectors ---- */

/*
 * The first range of changes that begins at from or later. Only a live, unchanged vector ends a
 * range: sending it again would cost free_irq() and request_irq() and can lose an edge. A
 * vector without an eventfd is bridged with -1, which the kernel ignores there
 * (vfio_pci_intrs.c, vfio_msi_set_vector_signal(), 6.1).
 */
static bool find_range(const struct vfiopm__irq_index *index, uint32_t from, uint32_t end,
		       struct range *ret_range)
{
	uint32_t first = from, last;

	while (first < end && !is_changed(&index->vectors[first]))
		first++;
	if (first >= end)
		return false;
	last = first;
	for (uint32_t i = first; i < end; i++) {
		if (is_changed(&index->vectors[i]))
			last = i;
		else if (current_fd(&index->vectors[i]) >= 0)
			break;
	}
	*ret_range = (struct range){ .start = first, .count = last - first + 1 };
	return true;
}

static void restore_ranges(struct vfiopm__irq_index *index, struct vfiopm__set_irqs *set,
			   uint32_t end)
{
	struct range range = { 0 };

	while (find_range(index, range_end(range), end, &range))
		restore_range(index, set, range);
}

static int apply_ranges(struct vfiopm__irq_index *index, struct vfiopm__set_irqs *set)
{
	bool was_enabled = index->enabled;
	struct range range = { 0 };

	while (find_range(index, range_end(range), index->count, &range)) {
		int r = send(index, set, range, changed_fd);

		if (r < 0) {
			/* The first enable is one range. If it fails, nothing has changed. */
			if (was_enabled)
				restore_ranges(index, set, range_end(range));
			return r;
		}
	}
	return 0;
}

/* ---- growth of an index that cannot be resized ---- */

/* Enable the disabled index with size vectors. */
static int enable(struct vfiopm__irq_index *index, struct vfiopm__set_irqs *set, uint32_t size,
		  int (*fd_of)(const struct vector *vector))
{
	return send(index, set, (struct range){ .start = 0, .count = size }, fd_of);
}

/* Every vector that was live was down while the index was disabled. */
static void signal_all_gaps(const struct vfiopm__irq_index *index,
			    int (*fd_of)(const struct vector *vector))
{
	for (uint32_t i = 0; i < index->count; i++) {
		if (current_fd(&index->vectors[i]) >= 0)
			signal_gap(index, fd_of(&index->vectors[i]));
	}
}

/* Disable the index and enable it with preferred vectors, or with need if the host has fewer. */
static int rebuild(struct vfiopm__irq_index *index, struct vfiopm__set_irqs *set, uint32_t need,
		   uint32_t preferred, int (*fd_of)(const struct vector *vector))
{
	uint32_t old = index->allocated;
	int r = disable(index, set);

	if (r < 0)
		return r;
	r = enable(index, set, preferred, fd_of);
	if (r == -ENOSPC && need < preferred)
		r = enable(index, set, need, fd_of);
	if (r == 0)
		signal_all_gaps(index, fd_of);
	else if (enable(index, set, old, current_fd) == 0)
		signal_all_gaps(index, current_fd);
	else
		set_all_down(index);
	return r;
}

/* ---- current state ---- */

/* The number of vectors that the current, or the wanted, eventfds need. */
static uint32_t count_needed(const struct vfiopm__irq_index *index,
			     int (*fd_of)(const struct vector *vector))
{
	uint32_t need = index->count;

	while (need > 0 && fd_of(&index->vectors[need - 1]) < 0)
		need--;
	return need;
}

bool vfiopm__irq_index_has(const struct vfiopm__irq_index *index, uint32_t vector, int fd)
{
	const _Atomic uint64_t *current_word = &index->vectors[vector].word;
	uint64_t word = atomic_load_explicit(current_word, memory_order_acquire);

	if (word & (WORD_UNKNOWN | WORD_CHANGED))
		return false;
	if (!vfiopm__eventfd_ref_is(index->eventfds, word_ref(word), fd))
		return false;
	/* Another thread can have dropped the reference during the comparison. */
	return word == atomic_load_explicit(current_word, memory_order_acquire);
}

bool vfiopm__irq_index_is_live(const struct vfiopm__irq_index *index, uint32_t vector)
{
	uint64_t word = index->vectors[vector].word;

	return word_ref(word).fd >= 0 && !(word & WORD_UNKNOWN);
}

bool vfiopm__irq_index_has_eventfd(const struct vfiopm__irq_index *index, uint32_t vector)
{
	return current_fd(&index->vectors[vector]) >= 0;
}

bool vfiopm__irq_index_uses(const struct vfiopm__irq_index *index, int own_fd)
{
	if (index->unmask.fd == own_fd)
		return true;
	for (uint32_t i = 0; i < index->count; i++) {
		if (current_fd(&index->vectors[i]) == own_fd ||
		    wanted_fd(&index->vectors[i]) == own_fd)
			return true;
	}
	return false;
}

bool vfiopm__irq_index_is_enabled(const struct vfiopm__irq_index *index)
{
	/* ERR, REQ and the indexes of other buses are enabled exactly while they have an eventfd. */
	return vfiopm__irq_index_is_exclusive(index) ? index->enabled
						     : count_needed(index, current_fd) > 0;
}

bool vfiopm__irq_index_is_exclusive(const struct vfiopm__irq_index *index)
{
	return index->is_pci && index->number <= VFIOPM_IRQ_MSIX;
}

bool vfiopm__irq_index_will_be_enabled(const struct vfiopm__irq_index *index)
{
	return count_needed(index, wanted_fd) > 0 || (index->enabled && !index->wants_disabled);
}

bool vfiopm__irq_index_wants_disabled(const struct vfiopm__irq_index *index)
{
	return index->wants_disabled;
}

bool vfiopm__irq_index_has_vectors(const struct vfiopm__irq_index *index, uint32_t count)
{
	return !vfiopm__irq_index_is_exclusive(index) ||
	       (index->enabled && (can_grow(index) || index->allocated >= count));
}

bool vfiopm__irq_index_has_range(const struct vfiopm__irq_index *index, uint32_t start,
				 uint32_t count)
{
	return count > 0 && count <= index->count && start <= index->count - count;
}

uint32_t vfiopm__irq_index_count(const struct vfiopm__irq_index *index)
{
	return index->count;
}

uint32_t vfiopm__irq_index_flags(const struct vfiopm__irq_index *index)
{
	return index->flags;
}

uint32_t vfiopm__irq_index_available(const struct vfiopm__irq_index *index)
{
	return index->available;
}

struct vfiopm__eventfd_ref *vfiopm__irq_index_unmask(struct vfiopm__irq_index *index)
{
	return &index->unmask;
}

bool *vfiopm__irq_index_is_masked(struct vfiopm__irq_index *index)
{
	return &index->is_masked;
}

/* ---- what is wanted ---- */

void vfiopm__irq_index_want(struct vfiopm__irq_index *index, uint32_t number,
			    struct vfiopm__eventfd_ref ref)
{
	struct vector *vector = &index->vectors[number];

	drop_wanted(vector);
	if (!(vector->word & WORD_UNKNOWN) &&
	    vfiopm__eventfd_ref_is(index->eventfds, word_ref(vector->word), ref.fd)) {
		vfiopm__eventfd_ref_drop(ref);
		return;
	}
	vector->wanted = ref;
	set_flags(vector, (vector->word & WORD_UNKNOWN) | WORD_CHANGED);
}

void vfiopm__irq_index_want_disabled(struct vfiopm__irq_index *index)
{
	for (uint32_t i = 0; i < index->count; i++)
		vfiopm__irq_index_want(index, i, VFIOPM__NO_EVENTFD);
	index->wants_disabled = vfiopm__irq_index_is_enabled(index);
}

/* ---- changes ---- */

static int apply(struct vfiopm__irq_index *index, struct vfiopm__set_irqs *set)
{
	uint32_t need = count_needed(index, wanted_fd);

	if (need == 0 && index->wants_disabled) {
		int r = disable(index, set);

		if (r == 0)
			set_all_down(index);
		return r;
	}
	/* A disabled index has no eventfds to remove, and -1 would enable INTx. */
	if (need == 0 && !index->enabled)
		return 0;
	if (index->enabled && !can_grow(index) && need > index->allocated) {
		/* Double the size, so that growth one by one is rare. */
		uint32_t twice =
			index->allocated > index->count / 2 ? index->count : 2 * index->allocated;

		return rebuild(index, set, need, need > twice ? need : twice, wanted_fd);
	}
	return apply_ranges(index, set);
}

int vfiopm__irq_index_apply(struct vfiopm__irq_index *index, struct vfiopm__set_irqs *set)
{
	int r = apply(index, set);

	for (uint32_t i = 0; i < index->count; i++) {
		if (r == 0)
			adopt_wanted(&index->vectors[i]);
		else
			drop_wanted(&index->vectors[i]);
	}
	index->wants_disabled = false;
	return r;
}

int vfiopm__irq_index_reserve(struct vfiopm__irq_index *index, struct vfiopm__set_irqs *set,
			      uint32_t count)
{
	if (index->enabled)
		return rebuild(index, set, count, count, current_fd);
	/* -1 allocates a vector without a handler. (count 0 with start N does the same, except
	 * on 6.1.) No vector of a disabled index has an eventfd. */
	return enable(index, set, count, current_fd);
}

/* ---- creation ---- */

/* The kernel answers EINVAL for an index that the device does not have (vfio_pci_core.c,
 * vfio_pci_ioctl_get_irq_info(), for ERR without PCIe). Such an index has no vectors. */
static int get_info(int device_fd, uint32_t number, struct vfio_irq_info *ret_info)
{
	int r;

	*ret_info = (struct vfio_irq_info){ .argsz = sizeof(*ret_info), .index = number };
	r = vfiopm__sys_command(device_fd, VFIO_DEVICE_GET_IRQ_INFO, ret_info);
	if (r == -EINVAL || r == -ENOTTY) {
		ret_info->flags = ret_info->count = 0;
		return 0;
	}
	return r == 0 && ret_info->count > MAX_VECTORS ? -EPROTO : r;
}

int vfiopm__irq_index_new(int device_fd, bool is_pci, uint32_t number,
			  struct vfiopm__eventfds *eventfds, struct vfiopm__irq_index **ret_index)
{
	struct vfiopm__irq_index *index;
	struct vfio_irq_info info;
	int r = get_info(device_fd, number, &info);

	if (r < 0)
		return r;
	index = calloc(1, sizeof(*index) + info.count * sizeof(index->vectors[0]));
	if (!index)
		return -ENOMEM;
	index->is_pci = is_pci;
	index->number = number;
	index->count = info.count;
	index->flags = info.flags;
	index->eventfds = eventfds;
	index->unmask = VFIOPM__NO_EVENTFD;
	*ret_index = index;
	return 0;
}

void vfiopm__irq_index_free(struct vfiopm__irq_index *index)
{
	if (!index)
		return;
	for (uint32_t i = 0; i < index->count; i++) {
		drop_wanted(&index->vectors[i]);
		vfiopm__eventfd_ref_drop(word_ref(index->vectors[i].word));
	}
	vfiopm__eventfd_ref_drop(index->unmask);
	free(index);
}

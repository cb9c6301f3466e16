// SPDX-License-Identifier: MIT
/*
 * The signalling of one IRQ index: a table of what the kernel has for each vector, what
 * is wanted, and the SET_IRQS between the two. It rests on drivers/vfio/pci/
 * vfio_pci_intrs.c, vfio_pci_set_msi_trigger() and vfio_msi_set_block(), 6.1 to 7.x:
 *
 *  - the first eventfd of MSI and MSI-X allocates as many vectors as the ioctl ends at;
 *    with NORESIZE there are no more until the index is disabled;
 *  - a block that fails in the middle tears down all of it up to the vector that failed,
 *    live ones among them, and does not say which that was. If it was the first, the
 *    whole index is disabled.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "private.h"
#include "uapi.h"

/* More than any index can have: MSI-X has 2048 vectors at most. */
#define MAX_VECTORS 4096

/*
 * What the kernel has for a vector, in one word, so that vfiopm__table_has() needs no
 * lock: the fd of the reference and 1, or 0 for none; the flags; and a generation, by
 * which a word that has changed meanwhile is told even if its fd has come back.
 */
#define WORD_FD_MASK UINT64_C(0x7fffffff)
#define WORD_OWN     (UINT64_C(1) << 31)
#define WORD_UNKNOWN (UINT64_C(1) << 32) /* the kernel may have it, or nothing */
#define WORD_PENDING (UINT64_C(1) << 33) /* something else is wanted */
#define WORD_SHIFT   34

struct slot {
	_Atomic uint64_t word;
	struct vfiopm__ref wanted; /* if WORD_PENDING */
};

struct vfiopm__table {
	uint32_t index, count, flags;
	uint32_t offered;	    /* by the kernel, when it had too few vectors */
	_Atomic uint32_t available; /* that, when it made a call fail */
	bool enabled;
	bool wants_disabled;
	uint32_t allocated; /* vectors, while enabled */
	struct vfiopm__eventfds *eventfds;
	/* Room for one call, so that none has to allocate. */
	uint8_t *vectors;
	struct vfio_irq_set *set;
	int32_t *fds; /* of set */
	struct slot slots[];
};

/* ---- the kernel's side ---- */

/* ERR and REQ have no other: they are enabled by having an eventfd. */
static bool stands_alone(const struct vfiopm__table *table)
{
	return table->index == VFIOPM_IRQ_ERR || table->index == VFIOPM_IRQ_REQ;
}

static bool is_message_signalled(const struct vfiopm__table *table)
{
	return table->index == VFIOPM_IRQ_MSI || table->index == VFIOPM_IRQ_MSIX;
}

static int issue(struct vfiopm__table *table, const struct vfiopm_device *dev, uint32_t data,
		 uint32_t start, uint32_t count)
{
	size_t size = data == VFIO_IRQ_SET_DATA_EVENTFD ? count * sizeof(int32_t) : 0;

	*table->set = (struct vfio_irq_set){
		.argsz = (uint32_t)(sizeof(*table->set) + size),
		.flags = data | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = table->index,
		.start = start,
		.count = count,
	};
	return vfiopm__irq_issue(dev, table->set);
}

/* Sends the eventfds of table->fds, one for each vector of the run. */
static int send(struct vfiopm__table *table, const struct vfiopm_device *dev,
		struct vfiopm__run run)
{
	int r = issue(table, dev, VFIO_IRQ_SET_DATA_EVENTFD, run.start, run.count);

	table->offered = r > 0 ? (uint32_t)r : 0;
	/* The allocator of MSI and MSI-X had fewer, and nothing is enabled. */
	if (r > 0)
		return is_message_signalled(table) ? -ENOSPC : -EPROTO;
	if (r == 0 && !table->enabled) {
		table->enabled = true;
		table->allocated = 0;
	}
	if (r == 0 && run.start + run.count > table->allocated)
		table->allocated = run.start + run.count;
	return r;
}

static void note_available(struct vfiopm__table *table, int result)
{
	if (result == -ENOSPC)
		atomic_store(&table->available, table->offered);
}

/* ---- slots ---- */

static struct vfiopm__ref word_ref(uint64_t word)
{
	return (struct vfiopm__ref){ .fd = (int)(word & WORD_FD_MASK) - 1, .own = word & WORD_OWN };
}

static struct vfiopm__ref slot_ref(const struct slot *slot)
{
	return word_ref(slot->word);
}

static bool is_pending(const struct slot *slot)
{
	return slot->word & WORD_PENDING;
}

static bool is_live(const struct slot *slot)
{
	return slot_ref(slot).fd >= 0;
}

static void set_word(struct slot *slot, struct vfiopm__ref ref, uint64_t flags)
{
	uint64_t generation = (slot->word >> WORD_SHIFT) + 1;

	slot->word = generation << WORD_SHIFT | flags | (ref.own ? WORD_OWN : 0) |
		     (uint64_t)(ref.fd + 1);
}

static void set_flags(struct slot *slot, uint64_t flags)
{
	set_word(slot, slot_ref(slot), flags);
}

/* The kernel has this now. */
static void settle(struct slot *slot, struct vfiopm__ref ref)
{
	struct vfiopm__ref old = slot_ref(slot);

	set_word(slot, ref, slot->word & WORD_PENDING);
	vfiopm__ref_drop(old);
}

static const struct vfiopm__ref none = { .fd = -1 };

/* What was wanted is done. */
static void adopt(struct slot *slot)
{
	if (!is_pending(slot))
		return;
	settle(slot, slot->wanted);
	set_flags(slot, 0);
}

/* What was wanted is wanted no more. */
static void give_up(struct slot *slot)
{
	if (!is_pending(slot))
		return;
	set_flags(slot, slot->word & WORD_UNKNOWN);
	vfiopm__ref_drop(slot->wanted);
}

static int wanted_fd(const struct slot *slot)
{
	return is_pending(slot) ? slot->wanted.fd : slot_ref(slot).fd;
}

/* One count for an eventfd whose vector was down for a while: an interrupt too many
 * is nothing to a driver, one too few may be its end. The other indexes swap a pointer,
 * and a count of ERR or REQ says more than that something may have happened. */
static void signal_once(const struct vfiopm__table *table, int fd)
{
	if (is_message_signalled(table))
		vfiopm__sys_eventfd_add(fd, 1);
}

/* ---- putting back ---- */

/* Alone, and if it is refused even so, at least known to be down. */
static void put_back_one(struct vfiopm__table *table, const struct vfiopm_device *dev,
			 uint32_t vector)
{
	struct vfiopm__run run = { .start = vector, .count = 1 };
	struct slot *slot = &table->slots[vector];

	table->fds[0] = slot_ref(slot).fd;
	if (send(table, dev, run) == 0) {
		if (is_live(slot))
			signal_once(table, slot_ref(slot).fd);
		set_flags(slot, slot->word & WORD_PENDING);
		return;
	}
	table->fds[0] = -1;
	if (send(table, dev, run) == 0)
		settle(slot, none);
	else
		set_flags(slot, (slot->word & WORD_PENDING) | WORD_UNKNOWN);
}

/* After a run that failed, or is to be undone: which of its vectors the kernel still
 * has is not known, so it gets again all that it had. */
static void put_back(struct vfiopm__table *table, const struct vfiopm_device *dev,
		     struct vfiopm__run run)
{
	for (uint32_t i = 0; i < run.count; i++)
		table->fds[i] = slot_ref(&table->slots[run.start + i]).fd;
	if (send(table, dev, run) != 0) {
		for (uint32_t i = 0; i < run.count; i++)
			put_back_one(table, dev, run.start + i);
		return;
	}
	for (uint32_t i = 0; i < run.count; i++) {
		struct slot *slot = &table->slots[run.start + i];

		if (is_live(slot))
			signal_once(table, slot_ref(slot).fd);
		set_flags(slot, slot->word & WORD_PENDING);
	}
}

/* ---- changes that the allocated vectors are enough for ---- */

static uint8_t vector_is(const struct slot *slot)
{
	if (is_pending(slot))
		return VFIOPM__VECTOR_CHANGED;
	return is_live(slot) ? VFIOPM__VECTOR_KEPT : VFIOPM__VECTOR_UNSET;
}

static void undo_runs(struct vfiopm__table *table, const struct vfiopm_device *dev, uint32_t end)
{
	struct vfiopm__run run = { 0 };

	while (vfiopm__runs_next(table->vectors, end, run.start + run.count, &run))
		put_back(table, dev, run);
}

static int apply_runs(struct vfiopm__table *table, const struct vfiopm_device *dev)
{
	struct vfiopm__run run = { 0 };
	bool was_enabled = table->enabled;
	int r;

	for (uint32_t i = 0; i < table->count; i++)
		table->vectors[i] = vector_is(&table->slots[i]);

	while (vfiopm__runs_next(table->vectors, table->count, run.start + run.count, &run)) {
		for (uint32_t i = 0; i < run.count; i++) {
			const struct slot *slot = &table->slots[run.start + i];

			table->fds[i] = is_pending(slot) ? slot->wanted.fd : -1;
		}
		r = send(table, dev, run);
		note_available(table, r);
		if (r < 0) {
			/* The first enable is all or nothing, and has but one run. */
			if (was_enabled)
				undo_runs(table, dev, run.start + run.count);
			return r;
		}
	}
	return 0;
}

/* ---- growth of an index that cannot be resized ---- */

static void all_are_down(struct vfiopm__table *table)
{
	table->enabled = false;
	table->allocated = 0;
	for (uint32_t i = 0; i < table->count; i++)
		settle(&table->slots[i], none);
}

static int disable(struct vfiopm__table *table, const struct vfiopm_device *dev)
{
	int r = issue(table, dev, VFIO_IRQ_SET_DATA_NONE, 0, 0);

	/* It is disabled: another has done it. */
	if (r == -EINVAL)
		r = 0;
	if (r == 0) {
		table->enabled = false;
		table->allocated = 0;
	}
	return r > 0 ? -EPROTO : r;
}

/* Enables a disabled index with as many vectors as it is to have. */
static int enable(struct vfiopm__table *table, const struct vfiopm_device *dev, uint32_t size,
		  bool wanted)
{
	struct vfiopm__run run = { .start = 0, .count = size };

	for (uint32_t i = 0; i < size; i++) {
		const struct slot *slot = &table->slots[i];

		table->fds[i] = wanted ? wanted_fd(slot) : slot_ref(slot).fd;
	}
	return send(table, dev, run);
}

/* An interrupt of the gap is lost, whichever eventfd it was for. */
static void signal_survivors(struct vfiopm__table *table, bool wanted)
{
	for (uint32_t i = 0; i < table->count; i++) {
		const struct slot *slot = &table->slots[i];
		int fd = wanted ? wanted_fd(slot) : slot_ref(slot).fd;

		if (is_live(slot) && fd >= 0)
			signal_once(table, fd);
	}
}

/* Room for at least need vectors, and like if they are to be had. */
static int rebuild(struct vfiopm__table *table, const struct vfiopm_device *dev, uint32_t need,
		   uint32_t like, bool wanted)
{
	uint32_t old = table->allocated;
	int r;

	r = disable(table, dev);
	if (r < 0)
		return r;
	r = enable(table, dev, like, wanted);
	if (r == -ENOSPC && like > need)
		r = enable(table, dev, need, wanted);
	if (r == 0) {
		signal_survivors(table, wanted);
		return 0;
	}
	note_available(table, r);
	if (enable(table, dev, old, false) == 0)
		signal_survivors(table, false);
	else
		all_are_down(table);
	return r;
}

/* The vectors that what is wanted needs. */
static uint32_t needed(const struct vfiopm__table *table)
{
	for (uint32_t i = table->count; i > 0; i--) {
		if (wanted_fd(&table->slots[i - 1]) >= 0)
			return i;
	}
	return 0;
}

static bool can_grow(const struct vfiopm__table *table)
{
	return !(table->flags & VFIO_IRQ_INFO_NORESIZE);
}

/* ---- what irq.c does with a table ---- */

bool vfiopm__table_wants_anything(const struct vfiopm__table *table)
{
	if (table->wants_disabled)
		return true;
	for (uint32_t i = 0; i < table->count; i++) {
		if (is_pending(&table->slots[i]))
			return true;
	}
	return false;
}

int vfiopm__table_disable(struct vfiopm__table *table, const struct vfiopm_device *dev)
{
	int r = disable(table, dev);

	if (r == 0)
		all_are_down(table);
	return r;
}

static int apply(struct vfiopm__table *table, const struct vfiopm_device *dev)
{
	uint32_t need = needed(table);

	if (table->wants_disabled && need == 0)
		return vfiopm__table_disable(table, dev);
	if (table->enabled && !can_grow(table) && need > table->allocated) {
		/* Twice as many: so growth one by one disables it seldom. */
		uint32_t twice =
			table->allocated > table->count / 2 ? table->count : 2 * table->allocated;

		return rebuild(table, dev, need, need > twice ? need : twice, true);
	}
	return apply_runs(table, dev);
}

int vfiopm__table_apply(struct vfiopm__table *table, const struct vfiopm_device *dev)
{
	int r = 0;

	if (vfiopm__table_wants_anything(table))
		r = apply(table, dev);
	for (uint32_t i = 0; i < table->count; i++) {
		if (r == 0)
			adopt(&table->slots[i]);
		else
			give_up(&table->slots[i]);
	}
	table->wants_disabled = false;
	return r;
}

int vfiopm__table_reserve(struct vfiopm__table *table, const struct vfiopm_device *dev,
			  uint32_t count)
{
	struct vfiopm__run run = { .start = 0, .count = count };
	int r;

	/* -1 for each: vectors without handlers. (count=0 and start=N does the same,
	 * but not on 6.1.) */
	if (!table->enabled) {
		for (uint32_t i = 0; i < count; i++)
			table->fds[i] = -1;
		r = send(table, dev, run);
		note_available(table, r);
		return r;
	}
	return rebuild(table, dev, count, count, false);
}

void vfiopm__table_want(struct vfiopm__table *table, uint32_t vector, struct vfiopm__ref ref)
{
	struct slot *slot = &table->slots[vector];

	give_up(slot);
	if (!(slot->word & WORD_UNKNOWN) &&
	    vfiopm__ref_is(table->eventfds, slot_ref(slot), ref.fd)) {
		vfiopm__ref_drop(ref);
		return;
	}
	slot->wanted = ref;
	set_flags(slot, slot->word & WORD_UNKNOWN);
	slot->word |= WORD_PENDING;
}

void vfiopm__table_want_disabled(struct vfiopm__table *table)
{
	for (uint32_t i = 0; i < table->count; i++)
		vfiopm__table_want(table, i, none);
	table->wants_disabled = vfiopm__table_is_enabled(table);
}

/* ---- what can be asked ---- */

bool vfiopm__table_has(const struct vfiopm__table *table, uint32_t vector, int fd)
{
	uint64_t word = atomic_load_explicit(&table->slots[vector].word, memory_order_acquire);

	if (word & (WORD_UNKNOWN | WORD_PENDING))
		return false;
	if (!vfiopm__ref_is(table->eventfds, word_ref(word), fd))
		return false;
	/* While that was found out, the reference may have gone. */
	return word == atomic_load_explicit(&table->slots[vector].word, memory_order_acquire);
}

bool vfiopm__table_has_eventfd(const struct vfiopm__table *table, uint32_t vector)
{
	return is_live(&table->slots[vector]);
}

bool vfiopm__table_uses(const struct vfiopm__table *table, int own_fd)
{
	for (uint32_t i = 0; i < table->count; i++) {
		const struct slot *slot = &table->slots[i];

		if (slot_ref(slot).fd == own_fd || (is_pending(slot) && slot->wanted.fd == own_fd))
			return true;
	}
	return false;
}

bool vfiopm__table_is_enabled(const struct vfiopm__table *table)
{
	return stands_alone(table) ? table->count > 0 && is_live(&table->slots[0]) : table->enabled;
}

bool vfiopm__table_will_be_enabled(const struct vfiopm__table *table)
{
	return needed(table) > 0 || (table->enabled && !table->wants_disabled);
}

bool vfiopm__table_wants_disabled(const struct vfiopm__table *table)
{
	return table->wants_disabled;
}

bool vfiopm__table_has_room(const struct vfiopm__table *table, uint32_t count)
{
	return stands_alone(table) ||
	       (table->enabled && (can_grow(table) || table->allocated >= count));
}

uint32_t vfiopm__table_count(const struct vfiopm__table *table)
{
	return table->count;
}

uint32_t vfiopm__table_flags(const struct vfiopm__table *table)
{
	return table->flags;
}

uint32_t vfiopm__table_available(const struct vfiopm__table *table)
{
	return table->available;
}

/* ---- its life ---- */

/* An index that the device has not is one without vectors: that answer is EINVAL
 * (vfio_pci_core.c, vfio_pci_ioctl_get_irq_info(), for ERR on what is not PCIe). */
static int ask(int device_fd, uint32_t index, struct vfio_irq_info *ret_info)
{
	int r;

	*ret_info = (struct vfio_irq_info){ .argsz = sizeof(*ret_info), .index = index };
	r = vfiopm__sys_command(device_fd, VFIO_DEVICE_GET_IRQ_INFO, ret_info);
	if (r == -EINVAL || r == -ENOTTY) {
		ret_info->flags = ret_info->count = 0;
		return 0;
	}
	return r == 0 && ret_info->count > MAX_VECTORS ? -EPROTO : r;
}

int vfiopm__table_new(int device_fd, uint32_t index, struct vfiopm__eventfds *eventfds,
		      struct vfiopm__table **ret_table)
{
	struct vfiopm__table *table;
	struct vfio_irq_info info;
	int r;

	r = ask(device_fd, index, &info);
	if (r < 0)
		return r;
	table = calloc(1, sizeof(*table) + info.count * sizeof(table->slots[0]));
	if (!table)
		return -ENOMEM;
	table->index = index;
	table->count = info.count;
	table->flags = info.flags;
	table->eventfds = eventfds;
	table->vectors = malloc(info.count + 1);
	table->set = malloc(sizeof(*table->set) + info.count * sizeof(int32_t));
	if (!table->vectors || !table->set) {
		vfiopm__table_free(table);
		return -ENOMEM;
	}
	table->fds = (int32_t *)(void *)table->set->data;
	*ret_table = table;
	return 0;
}

void vfiopm__table_free(struct vfiopm__table *table)
{
	if (!table)
		return;
	for (uint32_t i = 0; i < table->count; i++) {
		give_up(&table->slots[i]);
		vfiopm__ref_drop(slot_ref(&table->slots[i]));
	}
	free(table->vectors);
	free(table->set);
	free(table);
}

// SPDX-License-Identifier: MIT
/*
 * The low-power state, and the wakes of armed entries.
 *
 * The kernel does not report the state: an entry's EINVAL depends on an asynchronous suspend,
 * and every query wakes the device. So the state is kept in one word, which entries and exits
 * publish and readers read without a lock.
 *
 * An entry with wakeup is an "arming". The kernel signals its eventfd once, at the first resume
 * of the suspended device, and ends low power (drivers/vfio/pci/vfio_pci_core.c,
 * vfio_pci_core_runtime_resume(), 6.1). Any ioctl causes that resume, including the next entry
 * and the exit. A thread that polls the eventfd can see the count of such an ioctl before the
 * ioctl returns. So a reader does not look at the eventfd during an ioctl of this object, and
 * taking a wake waits for the ioctl.
 */
#include <assert.h>
#include <stdatomic.h>

#include <vfiopm/readout.h>

#include "device.h"
#include "sys.h"
#include "wakeup.h"

/* The word holds a generation, which vfiopm__wakeup_begin() increments, the state, and flags. */
#define WORD_STATE_MASK UINT64_C(3)
#define WORD_STALE	(UINT64_C(1) << 2) /* the eventfd holds counts that prove no wake */
#define WORD_NOTED	(UINT64_C(1) << 3) /* the wake of this arming is in untaken */
#define WORD_BUSY	(UINT64_C(1) << 4) /* an ioctl of this object is in progress */
#define WORD_GENERATION (UINT64_C(1) << 5)

#define SLEPT_UNKNOWN	UINT64_MAX

/* A limit on the reads of one eventfd, in case somebody signals it all the time. */
#define READS_MOST 64

static int word_state(uint64_t word)
{
	return (int)(word & WORD_STATE_MASK);
}

void vfiopm__wakeup_init(struct vfiopm__wakeup *wakeup, const struct vfiopm_device *dev)
{
	*wakeup = (struct vfiopm__wakeup){ .dev = dev, .fd = -1 };
}

void vfiopm__wakeup_destroy(struct vfiopm__wakeup *wakeup)
{
	vfiopm__sys_close(wakeup->fd);
}

/* ---- observation ---- */

static uint64_t slept_until_now(const struct vfiopm_device *dev)
{
	uint64_t ms;

	return vfiopm_readout_get_suspended_time(dev, &ms) == 0 ? ms : SLEPT_UNKNOWN;
}

/* An armed device that has slept since the arming and is active was resumed, so the kernel has
 * signalled its eventfd. */
static bool slept_and_resumed(const struct vfiopm__wakeup *wakeup)
{
	uint64_t slept = wakeup->slept;
	uint64_t ms = slept == SLEPT_UNKNOWN ? SLEPT_UNKNOWN : slept_until_now(wakeup->dev);
	uint32_t status;

	return ms != SLEPT_UNKNOWN && ms > slept &&
	       vfiopm_readout_get_runtime_status(wakeup->dev, &status) == 0 &&
	       status == VFIOPM_RUNTIME_ACTIVE;
}

static_assert((VFIOPM_STATE_LOW_POWER_WAKEUP | VFIOPM_STATE_WOKEN) == VFIOPM_STATE_WOKEN,
	      "an armed word becomes a woken one by setting bits");

/* Add to the word of an armed device what the eventfd and sysfs show. */
static uint64_t refine(struct vfiopm__wakeup *wakeup, uint64_t word)
{
	bool readable = vfiopm__sys_eventfd_readable(wakeup->fd);

	if (!readable)
		word &= ~WORD_STALE; /* the caller has taken the old counts */
	if ((readable && !(word & WORD_STALE)) || slept_and_resumed(wakeup))
		word |= VFIOPM_STATE_WOKEN;
	return word;
}

int vfiopm__wakeup_get_state(struct vfiopm__wakeup *wakeup)
{
	uint64_t word = wakeup->word, seen;

	do {
		if (word_state(word) != VFIOPM_STATE_LOW_POWER_WAKEUP || (word & WORD_BUSY))
			return word_state(word);
		seen = refine(wakeup, word);
		/* An entry or exit in between makes this fail and loads the new word. */
	} while (!atomic_compare_exchange_strong(&wakeup->word, &word, seen));
	return word_state(seen);
}

/* ---- counts ---- */

/* An eventfd with EFD_SEMAPHORE gives one count at each read. */
static uint64_t take_all(int fd)
{
	uint64_t sum = 0, count;

	for (int i = 0; i < READS_MOST && vfiopm__sys_eventfd_take(fd, &count) == 0; i++)
		sum += count;
	return sum;
}

static void put(int fd, uint64_t count)
{
	if (count > 0)
		vfiopm__sys_eventfd_add(fd, count);
}

uint64_t vfiopm__wakeup_count(int fd)
{
	uint64_t count = fd < 0 ? 0 : take_all(fd);

	put(fd, count);
	return count;
}

/* Take all counts out of the eventfd, and note whether the armed device was woken since the last
 * look. Whoever reads the count of a wake has taken it. */
static void take_and_note(struct vfiopm__wakeup *wakeup)
{
	uint64_t count = take_all(wakeup->fd), word = wakeup->word;

	if (count == 0)
		wakeup->untaken = 0;
	if (!(word & WORD_STALE))
		wakeup->accounted = 0;
	if (word_state(word) == VFIOPM_STATE_LOW_POWER_WAKEUP && count <= wakeup->accounted &&
	    slept_and_resumed(wakeup)) {
		word |= VFIOPM_STATE_WOKEN;
		/* The wake can have come after the first look. The kernel signals the eventfd
		 * before the device is active, so a second look finds the count. */
		count += take_all(wakeup->fd);
	}
	if (word_state(word) == VFIOPM_STATE_LOW_POWER_WAKEUP && count > wakeup->accounted)
		word |= VFIOPM_STATE_WOKEN;
	if (word_state(word) == VFIOPM_STATE_WOKEN && !(word & WORD_NOTED)) {
		/* v4 signals no eventfd, so add the count that a kernel would add. */
		if (count <= wakeup->accounted && wakeup->dev->dialect == VFIOPM_DIALECT_V4)
			count++;
		if (count > 0) {
			wakeup->generations[wakeup->noted++ % VFIOPM__WAKES_KNOWN] =
				wakeup->entries;
			wakeup->untaken++;
		}
		word |= WORD_NOTED;
	}
	wakeup->word = word;
	wakeup->accounted = count;
}

/* ---- calls under the lock ---- */

/* The generation makes a reader discard what it sees while counts are taken and put back, also if
 * nothing changes. */
static void begin(struct vfiopm__wakeup *wakeup)
{
	atomic_fetch_add(&wakeup->word, WORD_GENERATION | WORD_BUSY);
}

int vfiopm__wakeup_begin(struct vfiopm__wakeup *wakeup)
{
	begin(wakeup);
	if (wakeup->fd >= 0) {
		take_and_note(wakeup);
		put(wakeup->fd, wakeup->accounted);
	}
	return word_state(wakeup->word);
}

/* WORD_STALE shows readers that the counts in the eventfd prove no wake. */
void vfiopm__wakeup_end(struct vfiopm__wakeup *wakeup)
{
	uint64_t word = wakeup->word & ~(WORD_BUSY | WORD_STALE);

	wakeup->word = word | (wakeup->accounted > 0 ? WORD_STALE : 0);
}

bool vfiopm__wakeup_take_own(struct vfiopm__wakeup *wakeup)
{
	uint64_t count = take_all(wakeup->fd);
	bool is_own = count > wakeup->accounted;

	put(wakeup->fd, count - is_own);
	return is_own;
}

void vfiopm__wakeup_publish(struct vfiopm__wakeup *wakeup, int state, int fd, uint64_t count)
{
	wakeup->slept = fd < 0 ? SLEPT_UNKNOWN : slept_until_now(wakeup->dev);
	/* The eventfd of a wake that is not taken outlives its arming. */
	if (fd >= 0 || wakeup->untaken == 0) {
		if (fd != wakeup->fd)
			vfiopm__sys_close(wakeup->fd);
		wakeup->fd = fd;
		wakeup->accounted = count;
	}
	wakeup->word = (wakeup->word & -WORD_GENERATION) | WORD_BUSY | (uint64_t)state;
	vfiopm__wakeup_end(wakeup);
}

static struct vfiopm__wake oldest_wake(const struct vfiopm__wakeup *wakeup)
{
	uint64_t first = wakeup->noted - wakeup->untaken;
	struct vfiopm__wake wake = { 0 };

	if (wakeup->untaken <= VFIOPM__WAKES_KNOWN)
		wake.generation = wakeup->generations[first % VFIOPM__WAKES_KNOWN];
	wake.is_last = wake.generation == wakeup->entries &&
		       word_state(wakeup->word) == VFIOPM_STATE_WOKEN;
	return wake;
}

int vfiopm__wakeup_take(struct vfiopm__wakeup *wakeup, struct vfiopm__wake *ret_wake)
{
	bool is_wake;

	begin(wakeup);
	/* One look takes what it notes. A wake between two looks would be taken unnoted. */
	if (wakeup->fd >= 0)
		take_and_note(wakeup);
	is_wake = wakeup->untaken > 0;
	if (is_wake)
		*ret_wake = oldest_wake(wakeup);
	wakeup->untaken -= is_wake;
	/* A wake of an earlier arming keeps the eventfd readable. */
	wakeup->accounted = wakeup->untaken > 0;
	put(wakeup->fd, wakeup->accounted);
	vfiopm__wakeup_end(wakeup);
	return is_wake;
}

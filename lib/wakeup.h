/* SPDX-License-Identifier: MIT */
/*
 * The low-power state of one device, and the wakes of its armed entries. Readers take no lock.
 * The calls between vfiopm__wakeup_begin() and _publish() or _end(), and _take(), are
 * serialized by the lock of struct vfiopm__access.
 */
#ifndef VFIOPM_WAKEUP_H
#define VFIOPM_WAKEUP_H

#include <stdbool.h>
#include <stdint.h>

#include <vfiopm/power.h>

/* The wakes whose generation is known. */
#define VFIOPM__WAKES_KNOWN 64

static inline bool vfiopm__is_low_power(int state)
{
	return state == VFIOPM_STATE_LOW_POWER || state == VFIOPM_STATE_LOW_POWER_WAKEUP;
}

/* A wake that is taken. */
struct vfiopm__wake {
	uint64_t generation; /* of the entry that it ended; 0 if too many wakes waited */
	bool is_last;	     /* no later entry or exit has followed */
};

struct vfiopm__wakeup {
	const struct vfiopm_device *dev;
	/* A writer changes the word before it changes the two members that follow. A reader
	 * discards what it read if the word has changed. */
	_Atomic uint64_t word;
	/* A duplicate of the eventfd of the last arming; -1 if nothing is left to take. */
	_Atomic int fd;
	_Atomic uint64_t slept;	  /* runtime_suspended_time in ms at the last arming */
	_Atomic uint64_t entries; /* the generation of the last entry, with or without wakeup */

	/* Under the lock. */
	uint64_t accounted; /* counts in fd that prove no further wake */
	unsigned untaken;   /* wakes that nobody has taken, with their counts in fd */
	uint64_t noted;	    /* all wakes so far, the untaken ones last */
	uint64_t generations[VFIOPM__WAKES_KNOWN]; /* of the last wakes; see noted */
};

void vfiopm__wakeup_init(struct vfiopm__wakeup *wakeup, const struct vfiopm_device *dev);
void vfiopm__wakeup_destroy(struct vfiopm__wakeup *wakeup);

/* VFIOPM_STATE_*, from memory, from the eventfd (which keeps its count) and from sysfs. */
int vfiopm__wakeup_get_state(struct vfiopm__wakeup *wakeup);
/* 1 if a wake is taken, else 0. */
int vfiopm__wakeup_take(struct vfiopm__wakeup *wakeup, struct vfiopm__wake *ret_wake);

/* An ioctl of this object follows: a count that it adds is not a wake. Returns the state. */
int vfiopm__wakeup_begin(struct vfiopm__wakeup *wakeup);
/* After the ioctl: take back the count that it caused on the eventfd, if any. */
bool vfiopm__wakeup_take_own(struct vfiopm__wakeup *wakeup);
/* The number of counts in an eventfd; they stay there. */
uint64_t vfiopm__wakeup_count(int fd);
/* The ioctl has led to a new state. Takes fd over, which held count counts before the ioctl. */
void vfiopm__wakeup_publish(struct vfiopm__wakeup *wakeup, int state, int fd, uint64_t count);
/* The ioctl has changed nothing: let readers use the eventfd again. */
void vfiopm__wakeup_end(struct vfiopm__wakeup *wakeup);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The quiesce hooks of one device. All calls but _init() and _destroy() need the lock of struct
 * vfiopm__hooks, which sleep.c holds during an entry, an exit, and the taking of a wake.
 */
#ifndef VFIOPM_PRIVATE_QUIESCE_H
#define VFIOPM_PRIVATE_QUIESCE_H

#include <pthread.h>

struct vfiopm_quiesce;

struct vfiopm__hooks {
	pthread_mutex_t lock;
	struct vfiopm_quiesce *oldest, *newest;
};

void vfiopm__hooks_init(struct vfiopm__hooks *hooks);
void vfiopm__hooks_destroy(struct vfiopm__hooks *hooks);

/* Quiesce all hooks that are not quiesced, newest first. If one fails, restore those that the call
 * has quiesced. */
int vfiopm__hooks_quiesce(struct vfiopm__hooks *hooks);
/* Restore the hooks that the last vfiopm__hooks_quiesce() has quiesced. */
void vfiopm__hooks_roll_back(struct vfiopm__hooks *hooks);
/* Restore all quiesced hooks, oldest first. Returns the first error, after all were tried. */
int vfiopm__hooks_restore(struct vfiopm__hooks *hooks);

#endif

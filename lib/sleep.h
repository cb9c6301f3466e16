/* SPDX-License-Identifier: MIT */
/* Entries and wakes, for the objects that follow them. */
#ifndef VFIOPM_SLEEP_H
#define VFIOPM_SLEEP_H

#include <stdint.h>

struct vfiopm_device;
struct vfiopm__wake;

/* vfiopm_take_wake(), and which wake it was. */
int vfiopm__take_wake(struct vfiopm_device *dev, struct vfiopm__wake *ret_wake);
/* vfiopm_enter_wakeup(), if the entry of the generation woken is the last one, has been woken, and
 * no exit has followed; else -ECANCELED without an ioctl. 0 allows each state. */
int vfiopm__enter_again(struct vfiopm_device *dev, int wakeup_fd, uint64_t woken);

#endif

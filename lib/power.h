/* SPDX-License-Identifier: MIT */
/* The low-power state of one device. */
#ifndef VFIOPM_PRIVATE_POWER_H
#define VFIOPM_PRIVATE_POWER_H

#include <vfiopm/power.h>

struct vfiopm__power;

/* Detects the dialect and the features, which wakes the device. The fds of dev must be set. */
int vfiopm__power_new(struct vfiopm_device *dev, struct vfiopm__power **ret_power);
/* NULL is accepted. */
void vfiopm__power_free(struct vfiopm__power *power);

/* The entries and the exit, without what sleep.c does around them. wakeup_fd is -1 for an entry
 * without wakeup. The entry takes it over on success only. */
int vfiopm__power_enter(const struct vfiopm_device *dev, int wakeup_fd);
int vfiopm__power_exit(struct vfiopm_device *dev);
/* The device is woken: make its mapped memory work where the kernel has not done so. */
int vfiopm__power_end_wake(const struct vfiopm_device *dev);

#endif

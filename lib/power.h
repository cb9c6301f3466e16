/* SPDX-License-Identifier: MIT */
/* The low-power state of one device. */
#ifndef VFIOPM_PRIVATE_POWER_H
#define VFIOPM_PRIVATE_POWER_H

#include <vfiopm/power.h>

struct vfiopm__power;

/* Probes the features, which wakes the device. The fds of dev must be set. */
int vfiopm__power_new(const struct vfiopm_device *dev, struct vfiopm__power **ret_power);
/* NULL is accepted. */
void vfiopm__power_free(struct vfiopm__power *power);

/* The entries and the exit, without what sleep.c does around them. */
int vfiopm__power_enter(const struct vfiopm_device *dev);
/* Takes wakeup_fd over on success only. */
int vfiopm__power_enter_wakeup(const struct vfiopm_device *dev, int wakeup_fd);
int vfiopm__power_exit(const struct vfiopm_device *dev);

#endif

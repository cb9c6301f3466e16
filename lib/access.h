/* SPDX-License-Identifier: MIT */
/*
 * Accesses of the library to a device that can sleep: ioctls, reads and writes on the device fd.
 * Each of them resumes the device (vfio_main.c, vfio_device_fops_unl_ioctl(); vfio_pci_core.c,
 * vfio_pci_rw(), 6.1). Accesses run one after the other, so that each wake has one cause.
 */
#ifndef VFIOPM_ACCESS_H
#define VFIOPM_ACCESS_H

#include <stdint.h>

struct vfiopm__access;
struct vfiopm__wake;
struct vfiopm_device;

/* The fds of dev must be set. */
int vfiopm__access_new(struct vfiopm_device *dev, struct vfiopm__access **ret_access);
void vfiopm__access_free(struct vfiopm__access *access);

/* Begin an access and return VFIOPM_STATE_*. The caller then makes the access, and ends it with
 * one of the two calls that follow. Between the two no other thread begins one. */
int vfiopm__access_begin(struct vfiopm__access *access);
/* The access, which returned result, has not changed the state. If it has ended low power, low
 * power is entered again with the same eventfd, and the wake is not reported. result is -EIO if
 * the device could not be resumed. */
void vfiopm__access_end(struct vfiopm__access *access, int result);
/* The access has succeeded and has led to a state. Takes fd over, which held count counts before
 * the access, or is -1. */
void vfiopm__access_end_in_state(struct vfiopm__access *access, int state, int fd, uint64_t count);
/* No access was made, or it cannot have changed anything that the state depends on. */
void vfiopm__access_abandon(struct vfiopm__access *access);

/* Take the lock of accesses without an access, and return VFIOPM_STATE_*: no entry can begin until
 * the unlock. Or begin an access, which then releases the lock. */
int vfiopm__access_lock(struct vfiopm__access *access);
void vfiopm__access_unlock(struct vfiopm__access *access);
int vfiopm__access_begin_locked(struct vfiopm__access *access);

/* The ioctls of low power, in the dialect of the device and in an access. wakeup_fd is -1 for an
 * entry without wakeup. */
int vfiopm__access_enter(struct vfiopm__access *access, int wakeup_fd);
int vfiopm__access_exit(struct vfiopm__access *access);

/* VFIOPM_STATE_*. The call waits for no access. */
int vfiopm__access_get_state(struct vfiopm__access *access);
/* The number of the last entry, from 1 on; 0 if there was none. The call waits for no access. */
uint64_t vfiopm__access_get_generation(const struct vfiopm__access *access);
/* Wait for the access of another thread, then take a wake. Returns 1 or 0. */
int vfiopm__access_take_wake(struct vfiopm__access *access, struct vfiopm__wake *ret_wake);

#endif

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
struct vfiopm__feature;
struct vfiopm__wake;
struct vfiopm_device;

/* The fds of dev must be set. */
int vfiopm__access_new(const struct vfiopm_device *dev, struct vfiopm__access **ret_access);
void vfiopm__access_free(struct vfiopm__access *access);

/* Begin an access and return VFIOPM_STATE_*. The caller then makes the access, and ends it with
 * one of the two calls that follow. Between the two no other thread begins one. */
int vfiopm__access_begin(struct vfiopm__access *access);
/* The access, which returned result, has not changed the state. If it has woken the device, low
 * power is entered again with the same eventfd, and the wake is not reported. result is -EIO if
 * the device could not be resumed. */
void vfiopm__access_end(struct vfiopm__access *access, int result);
/* The access has succeeded and has led to a state. Takes fd over, which held count counts before
 * the access, or is -1. */
void vfiopm__access_end_in_state(struct vfiopm__access *access, int state, int fd, uint64_t count);

/* Take the lock of accesses without an access, and return VFIOPM_STATE_*: no entry can begin until
 * the unlock. Or begin an access, which then releases the lock. */
int vfiopm__access_lock(struct vfiopm__access *access);
void vfiopm__access_unlock(struct vfiopm__access *access);
int vfiopm__access_begin_locked(struct vfiopm__access *access);

/* Issue and trace an ioctl that returns 0 or fails, in an access. */
#define VFIOPM__ISSUE(access, request, arg) vfiopm__access_ioctl(access, request, #request, arg)
int vfiopm__access_ioctl(const struct vfiopm__access *access, unsigned long request,
			 const char *call, void *arg);
/* The same for VFIO_DEVICE_FEATURE. call is the name of the feature. */
int vfiopm__access_issue(const struct vfiopm__access *access, const char *call,
			 struct vfiopm__feature *request);

/* VFIOPM_STATE_*. The call waits for no access. */
int vfiopm__access_get_state(struct vfiopm__access *access);
/* The number of the last entry, from 1 on; 0 if there was none. The call waits for no access. */
uint64_t vfiopm__access_get_generation(const struct vfiopm__access *access);
/* Wait for the access of another thread, then take a wake. Returns 1 or 0. */
int vfiopm__access_take_wake(struct vfiopm__access *access, struct vfiopm__wake *ret_wake);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Power: VFIO's low-power features (Linux 6.1). See vfiopm_power(3).
 *
 * Every call may be made from any thread, also on the same device; entries and
 * exits of one device are done one after the other.
 */
#ifndef VFIOPM_POWER_H
#define VFIOPM_POWER_H

#include <stdint.h>

#include <vfiopm/device.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VFIOPM_FEATURE_ENTER	      (UINT32_C(1) << 0)
#define VFIOPM_FEATURE_ENTER_WAKEUP   (UINT32_C(1) << 1)
#define VFIOPM_FEATURE_EXIT	      (UINT32_C(1) << 2)

#define VFIOPM_STATE_ACTIVE	      0 /* in no low power that this object entered */
#define VFIOPM_STATE_LOW_POWER	      1 /* entered; wakes and falls asleep again by itself */
#define VFIOPM_STATE_LOW_POWER_WAKEUP 2 /* entered with wakeup, and not woken */
#define VFIOPM_STATE_WOKEN	      3 /* was entered with wakeup, and woken since */

/*
 * Which low-power features the device has, as probed when it was made: a mask
 * of VFIOPM_FEATURE_*, 0 for none. Does not wake the device.
 *
 * 0, or -EINVAL (a NULL).
 */
int vfiopm_get_features(const struct vfiopm_device *dev, uint32_t *ret_features);

/*
 * Let the device sleep (VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY). From here on an
 * access to a mapped region raises SIGBUS, and any ioctl, read or write on the
 * device wakes it for as long as that takes. The sleep itself comes later, or
 * never: see vfiopm_readout_get_runtime_status(). One ioctl.
 *
 * 0, or:
 *   -EALREADY  it has been entered already, without wakeup; nothing was issued.
 *              This is from memory: if another fd has left low power since, exit
 *              and enter
 *   -EINVAL    dev is NULL; or the kernel: entered already, by another fd, or
 *              with wakeup and not yet asleep
 *   -ENOTTY    the device has no such feature (a driver without any gave
 *              -EINVAL before 6.18)
 *   -EBADF     the caller has closed the device fd
 *   -EIO       the device could not be resumed; nothing has changed
 *   -EPROTO    the kernel gave an answer that this feature does not give
 */
int vfiopm_enter(struct vfiopm_device *dev);

/*
 * The same, and be told of a wake (.._LOW_POWER_ENTRY_WITH_WAKEUP): the first
 * time that anything else than vfiopm_exit() or an entry of this object wakes
 * the device, the kernel adds 1 to the eventfd, once, and low power is over:
 * mappings work, the device stays on until it is entered again. (Linux 7 gives
 * exported DMA-bufs back only at an exit.)
 *
 * wakeup_fd stays the caller's; the library keeps a duplicate until the next
 * entry, the exit or the free, and so may the caller close his own. The eventfd
 * should hold no count when it is given, and serve nothing else: see
 * vfiopm_get_state(). One ioctl.
 *
 * Entered with wakeup already: the kernel is asked all the same, as the caller
 * may have taken the wake from the eventfd himself. Where this call itself wakes
 * the device, the count it causes on the earlier eventfd is taken back, and
 * where it then fails, the earlier entry is made again, with a second ioctl.
 *
 * 0, or as vfiopm_enter() and:
 *   -EINVAL    also: wakeup_fd is negative (nothing was issued) or no eventfd
 *   -EBADF     also: wakeup_fd is not open (nothing was issued)
 *   -EMFILE, -ENOMEM  no duplicate could be made (nothing was issued)
 */
int vfiopm_enter_wakeup(struct vfiopm_device *dev, int wakeup_fd);

/*
 * Leave low power (.._LOW_POWER_EXIT): the device is resumed, mappings work.
 * It may be called in any state, and the kernel is always asked: the state is the
 * device's, and another fd may have entered it. The count that this call causes
 * on the wakeup eventfd of a sleeping device is taken back. One ioctl, and those of the
 * interrupts that were deferred: see vfiopm_irq_set_deferred().
 *
 * 0, or:
 *   -EINVAL  dev is NULL
 *   -ENOTTY  the device has no such feature (a driver without any gave
 *            -EINVAL before 6.18)
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the device could not be resumed: it is in low power still
 *   -EPROTO  the kernel gave an answer that this feature does not give
 */
int vfiopm_exit(struct vfiopm_device *dev);

/*
 * Take one wake of the device: 1 once for each wake of an armed entry that somebody else caused,
 * whichever thread polls the eventfd and whichever thread calls this. 0 if there is none: the
 * object's own entries and exits are never wakes, and neither is a count that the eventfd held
 * when it was armed. Takes the count of the wakeup eventfd, so that the eventfd is readable again
 * only for a further wake. Never wakes the device. May wait for an entry or exit that another
 * thread makes, because that call alone decides whose count it is.
 *
 * A caller that reads the eventfd itself has taken the wake. Use one eventfd for all entries of a
 * device; a wake whose count is in another eventfd is not found here.
 *
 * 1 or 0, or -EINVAL (dev is NULL).
 */
int vfiopm_take_wake(struct vfiopm_device *dev);

/*
 * The state that this object has brought the device to: one of VFIOPM_STATE_*.
 * It comes from memory, from the wakeup eventfd (polled, not read) and, where
 * the device's address is known, from sysfs. Never wakes the device, and never
 * waits for another thread's call.
 *
 * A wake is noticed as long as its count is in the eventfd; once noticed it is
 * remembered until the next entry or exit. So ask before reading the eventfd.
 * Where the count is gone, or the eventfd held one when it was given, sysfs
 * alone tells: a device that has slept since the entry and is active was woken.
 *
 * A state, or -EINVAL (dev is NULL).
 */
int vfiopm_get_state(const struct vfiopm_device *dev);

#ifdef __cplusplus
}
#endif

#endif

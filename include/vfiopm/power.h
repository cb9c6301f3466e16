/* SPDX-License-Identifier: MIT */
/*
 * Power: the low-power features of VFIO (Linux 6.1). See vfiopm_power(3), vfiopm_wake(3), and
 * vfiopm_dialect(3) for kernels with an earlier version of these features.
 *
 * Entries and exits of one device run one after the other. The hooks of vfiopm_quiesce(3) run around
 * them.
 */
#ifndef VFIOPM_POWER_H
#define VFIOPM_POWER_H

#include <stdint.h>

#include <vfiopm/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The device supports vfiopm_enter(), vfiopm_enter_wakeup() and vfiopm_exit(). */
#define VFIOPM_FEATURE_ENTER	    (UINT32_C(1) << 0)
#define VFIOPM_FEATURE_ENTER_WAKEUP (UINT32_C(1) << 1)
#define VFIOPM_FEATURE_EXIT	    (UINT32_C(1) << 2)
/* vfiopm_enter_wakeup() works, but the kernel does not signal the eventfd. See vfiopm_dialect(3). */
#define VFIOPM_FEATURE_ENTER_ONCE (UINT32_C(1) << 3)

/* The dialects: the interfaces for low power of different kernels. See vfiopm_dialect(3). */
#define VFIOPM_DIALECT_NONE	      0 /* no low power, or not known */
#define VFIOPM_DIALECT_MAINLINE	      1 /* Linux 6.1 and later */
#define VFIOPM_DIALECT_V2	      2 /* the patches v2, January 2022 */
#define VFIOPM_DIALECT_V3	      3 /* the patches v3, April 2022 */
#define VFIOPM_DIALECT_V4	      4 /* the patches v4, July 2022 */

#define VFIOPM_STATE_ACTIVE	      0 /* this object has not entered low power, or has left it */
#define VFIOPM_STATE_LOW_POWER	      1 /* entered; the device wakes and sleeps again by itself */
#define VFIOPM_STATE_LOW_POWER_WAKEUP 2 /* entered with wakeup, and not woken */
#define VFIOPM_STATE_WOKEN	      3 /* entered with wakeup, and woken since */

/*
 * Get the low-power features of a device, a mask of VFIOPM_FEATURE_*. The mask is 0 if the device
 * has none. The library probes the features when it creates the device.
 *
 * Returns 0, or:
 *   -EINVAL  dev or ret_features is NULL
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_get_features(const struct vfiopm_device *dev, uint32_t *ret_features);

/*
 * Return the dialect of the device, one of VFIOPM_DIALECT_*. The library detects mainline, v3 and v4
 * when it creates the device. The detection changes nothing. It cannot tell v3 from v4 while another
 * fd has entered low power, and then finds VFIOPM_DIALECT_NONE.
 *
 * Returns a dialect, or -EINVAL if dev is NULL.
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_get_dialect(const struct vfiopm_device *dev);

/*
 * Find out whether the kernel has the patches v2, and use them for this device from now on. No
 * kernel that is not patched has the ioctl of v2, so make this call only for a kernel that is
 * expected to have it. The library never makes the call itself. The ioctl exits low power, also if
 * another fd has entered it.
 *
 * Returns 0, or:
 *   -EINVAL    dev is NULL
 *   -EALREADY  the device has low-power features, or the kernel has another dialect
 *   -ENOTTY    the kernel does not have the ioctl, the device is a cdev, where the number of the
 *              ioctl has another meaning, or /proc cannot be read, which shows what the device is
 *   -EBADF     the caller has closed the device fd
 *   -EIO       the kernel could not resume the device
 *   -EPROTO    the kernel returned a value that this ioctl does not return
 *
 * Wakes the device: yes, except with -EALREADY if it has features. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_device_try_v2(struct vfiopm_device *dev);

/*
 * Enter low power (VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY). The kernel suspends the device when the
 * device is idle: some time after the entry, or never. vfiopm_readout_get_runtime_status()
 * reports the suspend.
 *
 * From the entry on, an access to a mapped region raises SIGBUS. An ioctl, a read or a write on
 * the device fd wakes the device for as long as the call takes. Low power lasts until
 * vfiopm_exit().
 *
 * If this object has entered low power with wakeup, this call replaces that entry; see
 * vfiopm_enter_wakeup(). The call issues one ioctl, or none with -EALREADY.
 *
 * Returns 0, the errno of a quiesce hook, or:
 *   -EALREADY  this object has entered low power, without wakeup. The library answers from
 *              memory. If another fd has exited low power since, call vfiopm_exit() first
 *   -EINVAL    dev is NULL. Or the kernel: another fd has entered low power, or this object has
 *              entered with wakeup and the device does not sleep yet
 *   -ENOTTY    the device does not have the feature, or its dialect is not known
 *   -EBADF     the caller has closed the device fd
 *   -EIO       the kernel could not resume the device. Nothing has changed
 *   -EPROTO    the kernel returned a value that this feature does not return
 *
 * Wakes the device: yes, except with -EALREADY. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_enter(struct vfiopm_device *dev);

/*
 * Enter low power with wakeup (VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP). The call does
 * what vfiopm_enter() does, and the kernel reports the wake. When something resumes the suspended
 * device, the kernel adds 1 to the eventfd, once, and low power ends: mapped regions work, and
 * the device stays on until the next entry (vfio_pci_core.c, vfio_pci_core_runtime_resume(),
 * Linux 6.1). vfiopm_exit(), the entries and the interrupt changes of this object also resume the
 * device; the library takes the count that they cause out of the eventfd again. After an interrupt
 * change, the library enters low power again with the same eventfd; if the kernel refuses that
 * entry, the device stays on and the eventfd reports a wake. Linux 7.2 restores exported DMA-bufs
 * only at an exit.
 *
 * The caller keeps wakeup_fd and may close it. The library keeps a duplicate until the next entry
 * or the exit, or until vfiopm_take_wake() has taken the wake. The eventfd should hold no count
 * when it is passed, and should serve no other purpose: another count looks like a wake.
 *
 * If this object has already entered low power with wakeup, the library issues the ioctl, because
 * the caller can have read the eventfd itself. If the device sleeps, the kernel wakes it and the
 * new entry replaces the old entry. If that ioctl fails after it has woken the device, the library
 * issues a second ioctl that makes the old entry again.
 *
 * Returns 0, or as vfiopm_enter() and:
 *   -EINVAL    also: wakeup_fd is negative (no ioctl was issued), or is not an eventfd
 *   -EBADF     also: wakeup_fd is not open (no ioctl was issued)
 *   -EMFILE, -ENOMEM  wakeup_fd could not be duplicated (no ioctl was issued)
 *
 * Wakes the device: yes, except with -EALREADY. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_enter_wakeup(struct vfiopm_device *dev, int wakeup_fd);

/*
 * Exit low power (VFIO_DEVICE_FEATURE_LOW_POWER_EXIT). When the call returns 0, the device is on
 * and mapped regions work. The call takes as long as the device takes to resume.
 *
 * The call may be made in any state, and always issues one ioctl: the power state belongs to the
 * device, and another fd can have entered low power. If the device sleeps with a wakeup eventfd,
 * the library takes back the count that this call causes. The call commits no batch of
 * vfiopm_irq_begin().
 *
 * If INTx is enabled and has an unmask eventfd, the library then masks and unmasks INTx. A signal of
 * this eventfd during the suspend would otherwise leave INTx masked in the device. A mask of
 * vfiopm_irq_mask() stays.
 *
 * A failure after the exit is reported, but does not undo the exit: vfiopm_get_state() returns
 * VFIOPM_STATE_ACTIVE. The next exit retries what has failed.
 *
 * Returns 0, the errno of a quiesce hook, or:
 *   -EINVAL  dev is NULL
 *   -ENOTTY  the device does not have the feature, or its dialect is not known
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the kernel could not resume the device. The device is still in low power
 *   -EPROTO  the kernel returned a value that this feature, or SET_IRQS, does not return
 *
 * Wakes the device: yes. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_exit(struct vfiopm_device *dev);

/*
 * Take one wake of the device. A wake is a resume of the suspended device, after an entry with
 * wakeup, that somebody else caused. The entries, exits and interrupt changes of this object are
 * never wakes. A count that the eventfd held when it was passed is not a wake.
 *
 * The call takes the count of the wakeup eventfd, so the eventfd is readable again only for a
 * further wake. The library reports each wake once, also if one thread polls the eventfd and
 * another thread makes this call. The call waits for an ioctl of another thread on this object,
 * because only the end of that ioctl shows whether it has caused a count itself.
 *
 * If the device is awake, a taken wake also restores the quiesce hooks and INTx, as vfiopm_exit()
 * does. The call returns 1 even if that fails; vfiopm_exit() then retries it and reports the error.
 *
 * A caller that reads the eventfd has taken the wake itself. Use one eventfd for all entries of a
 * device: the call does not find a wake whose count is in another eventfd.
 *
 * Returns 1 if there was a wake, 0 if there was none, or -EINVAL if dev is NULL.
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_take_wake(struct vfiopm_device *dev);

/*
 * Return the state that the calls on this object have produced, one of VFIOPM_STATE_*. The call
 * uses memory, polls the wakeup eventfd without reading it, and reads sysfs if the device's
 * directory is known. The call never waits for another thread. The call does not see what other
 * fds of the device do.
 *
 * The library notices a wake while the count of the kernel is in the eventfd, and remembers it
 * until the next entry or exit. Call this function before you read the eventfd yourself. If the
 * count is gone, or if the eventfd held a count when it was passed, only sysfs shows the wake: the
 * device has slept since the entry and is active.
 *
 * Returns a state, or -EINVAL if dev is NULL.
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_get_state(const struct vfiopm_device *dev);

#ifdef __cplusplus
}
#endif

#endif

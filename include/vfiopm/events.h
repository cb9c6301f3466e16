/* SPDX-License-Identifier: MIT */
/*
 * Events: one fd to poll per device, and one call that handles all that has happened. See
 * vfiopm_events(3).
 *
 * The object has a wakeup eventfd of its own. Make the entries with wakeup by vfiopm_events_enter()
 * while the object exists, and do not call vfiopm_take_wake(): it would take a wake that woken()
 * must report.
 */
#ifndef VFIOPM_EVENTS_H
#define VFIOPM_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include <vfiopm/device.h>
#include <vfiopm/msix.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfiopm_events;

/* The causes of a wake. In both cases somebody other than the library has resumed the device. */
#define VFIOPM_WAKE_HOST	  UINT32_C(1) /* the last entry has ended, and the device is on */
#define VFIOPM_WAKE_EARLIER	  UINT32_C(2) /* a later entry or exit has followed the wake */

#define VFIOPM_REENTRY_NONE	  UINT32_C(0)
#define VFIOPM_REENTRY_AFTER_WAKE UINT32_C(1) /* enter again after a wake by the host */

/*
 * The callbacks. Each of them can be NULL; the object then does not touch that source. data is the
 * pointer that was passed to vfiopm_events_new().
 *
 * A callback runs in the thread that dispatches, and holds no lock of the library. It may make any
 * call, also vfiopm_events_dispatch() and vfiopm_events_free() on this object. Several threads can
 * dispatch, and run callbacks, at the same time.
 */
struct vfiopm_events_ops {
	/*
	 * The device has been woken. generation is the number of the entry that the wake has ended,
	 * see vfiopm_events_get_generation(), or 0 if more than 64 wakes were waiting. cause is one
	 * of VFIOPM_WAKE_*. Each wake is reported once.
	 */
	void (*woken)(void *data, uint64_t generation, uint32_t cause);
	/* The kernel reports an error of the device (VFIOPM_IRQ_ERR). */
	void (*error)(void *data);
	/* The host wants the device back (VFIOPM_IRQ_REQ). The kernel repeats the request until the
	 * device is closed. */
	void (*release)(void *data);
	/* The device has not been suspended in the ms milliseconds since the entry. The callback
	 * runs once for an entry, and needs the device's directory in sysfs, see
	 * vfiopm_device_set_address(). */
	void (*awake)(void *data, uint64_t ms);
};

/*
 * Create an events object for a device. ops_size is sizeof(struct vfiopm_events_ops). A device that
 * is not PCI, or that lacks the index, has no source for error or release; these callbacks then
 * never run.
 *
 * The returned object must be freed by the caller using vfiopm_events_free(), before the device.
 *
 * Returns 0, or:
 *   -EINVAL  dev, ops or ret_events is NULL, or ops has a non-zero member that the library does not
 *            know
 *   -EBUSY   error or release is set, and the index of it already has an eventfd
 *   -EMFILE, -ENFILE, -ENOMEM  no more fds, or no memory
 *   -ENOSPC  the user can watch no more fds (/proc/sys/fs/epoll/max_user_watches)
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the kernel could not resume the device
 *   -EPROTO  the kernel returned a value that VFIO_DEVICE_SET_IRQS does not return
 *
 * Wakes the device: only if error or release is set. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_events_new(struct vfiopm_device *dev, const struct vfiopm_events_ops *ops,
		      size_t ops_size, void *data, struct vfiopm_events **ret_events);

/*
 * Free an events object. NULL is accepted. This must be the last call on the object. In a callback
 * of the object, no further callback runs, and the dispatch returns.
 *
 * The device stays in its power state. ERR and REQ lose the eventfds of the object.
 *
 * Returns NULL.
 *
 * Wakes the device: only if error or release is set. Thread-safe: no. Since: 0.1.
 */
struct vfiopm_events *vfiopm_events_free(struct vfiopm_events *events);

/*
 * Return an fd that is readable while vfiopm_events_dispatch() has work to do. The fd belongs to
 * the object: the caller may only poll it.
 *
 * Returns the fd, or -EINVAL if events is NULL.
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_events_get_fd(const struct vfiopm_events *events);

/*
 * Handle what has happened, and run the callbacks. The call does not wait for events. It waits for
 * an ioctl of another thread on the device, and for a re-entry that it makes itself.
 *
 * Returns the number of events: the callbacks that were run, the re-entries that were made, and the
 * vectors that had an interrupt. Or the first errno, after everything else was handled:
 *   -EINVAL  events is NULL. Or a re-entry, as vfiopm_enter_wakeup()
 *   -EBADF, -EIO, -EMFILE, -ENOMEM, -ENOTTY, -EPROTO  a re-entry has failed, as
 *            vfiopm_enter_wakeup(). The library tries it again after the back-off
 * An errno of vfiopm_msix_dispatch() is returned too.
 *
 * Wakes the device: only by vfiopm_msix_dispatch(). Thread-safe: yes. Since: 0.1.
 */
int vfiopm_events_dispatch(struct vfiopm_events *events);

/*
 * Add the MSI-X object of the device: vfiopm_events_dispatch() calls vfiopm_msix_dispatch() when
 * the fd of msix is readable. Free the events object before msix.
 *
 * Returns 0, or:
 *   -EINVAL    events or msix is NULL
 *   -EALREADY  an MSI-X object was added
 *   -ENOMEM    no memory in the kernel
 *   -ENOSPC    the user can watch no more fds (/proc/sys/fs/epoll/max_user_watches)
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_events_add_msix(struct vfiopm_events *events, struct vfiopm_msix *msix);

/*
 * Enter low power, with wakeup if woken is set, else without. The call does what
 * vfiopm_enter_wakeup() or vfiopm_enter() does, with the eventfd of the object.
 *
 * Returns 0, or:
 *   -EALREADY  the device has entered low power without wakeup
 *   -EINVAL    events is NULL. Or the kernel: another fd has entered low power, or the device was
 *              not suspended since the last entry
 *   -ENOTTY    the device does not have the feature, or ops has woken() and the kernel does not
 *              signal an eventfd; see vfiopm_dialect(3)
 *   -EBADF     the caller has closed the device fd
 *   -EMFILE, -ENOMEM  the eventfd could not be duplicated (no ioctl was issued)
 *   -EIO       the kernel could not resume the device. Nothing has changed
 *   -EPROTO    the kernel returned a value that this feature does not return
 *
 * Wakes the device: yes, except with -EALREADY. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_events_enter(struct vfiopm_events *events);

/*
 * Get the generation of the last entry of the device. Entries are counted from 1, with and without
 * wakeup, of this object and of vfiopm_enter() and vfiopm_enter_wakeup(). The generation is 0 if
 * there was no entry.
 *
 * Returns 0, or:
 *   -EINVAL  events or ret_generation is NULL
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_events_get_generation(const struct vfiopm_events *events, uint64_t *ret_generation);

/*
 * Set whether the library enters low power again after a wake. The default is VFIOPM_REENTRY_NONE.
 * The policy applies to later wakes, and VFIOPM_REENTRY_NONE also cancels a pending re-entry.
 *
 * With VFIOPM_REENTRY_AFTER_WAKE, a dispatch enters low power with wakeup again min_ms after a wake
 * with the cause VFIOPM_WAKE_HOST. The delay doubles with each wake up to max_ms. It is min_ms
 * again after the device has been in low power for max_ms. No re-entry is made if another entry or
 * an exit has followed the wake, or if release() has run since vfiopm_events_enter(). Use this policy only
 * for a device whose owner does not use the device between a wake and an exit.
 *
 * Returns 0, or:
 *   -EINVAL  events is NULL, or there is no such policy. For VFIOPM_REENTRY_AFTER_WAKE also: woken
 *            is not set, min_ms is 0, or max_ms is below min_ms
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_events_set_reentry(struct vfiopm_events *events, uint32_t policy, uint32_t min_ms,
			      uint32_t max_ms);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Interrupts: which eventfd the kernel signals for which vector (VFIO_DEVICE_SET_IRQS). See
 * vfiopm_irq(3).
 *
 * The library caches which eventfds the kernel has. A call that changes nothing issues no ioctl,
 * loses no edge and does not wake the device. A call that issues an ioctl wakes a sleeping device
 * (vfio_main.c, vfio_device_fops_unl_ioctl(), Linux 6.1). The device then sleeps again: after an
 * entry with wakeup, the library enters low power again with the same eventfd, and does not report
 * the wake.
 *
 * A call that sets the eventfd that is already set waits for no other call. Calls that change
 * something are serialized per device.
 *
 * On a PCI device, index is one of VFIOPM_IRQ_*. On another device the indexes count from 0, and
 * vfiopm_irq_get_count() fails with EINVAL for the first number that is too large. These indexes do
 * not exclude one another. Vectors count from 0. Numbers can come from a guest: a wrong number
 * results in an errno and changes nothing.
 *
 * The caller keeps its eventfds and may close them. The library keeps a duplicate of each eventfd
 * of the caller that is set, until the eventfd is replaced or its index is disabled. Eventfds are
 * compared by open file description; reuse of a closed fd number is detected.
 *
 * The cache belongs to one device object. Use one object for the interrupts of a device, and issue
 * no VFIO_DEVICE_SET_IRQS beside it. Interrupts stay enabled when the object is freed, until the
 * last close of the device.
 */
#ifndef VFIOPM_IRQ_H
#define VFIOPM_IRQ_H

#include <stdint.h>

#include <vfiopm/device.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VFIOPM_IRQ_INTX UINT32_C(0)
#define VFIOPM_IRQ_MSI	UINT32_C(1)
#define VFIOPM_IRQ_MSIX UINT32_C(2)
#define VFIOPM_IRQ_ERR	UINT32_C(3)
#define VFIOPM_IRQ_REQ	UINT32_C(4)

/* The flags of an index, as the kernel reports them. Other bits can be set. */
#define VFIOPM_IRQ_FLAG_EVENTFD	   (UINT32_C(1) << 0)
#define VFIOPM_IRQ_FLAG_MASKABLE   (UINT32_C(1) << 1)
#define VFIOPM_IRQ_FLAG_AUTOMASKED (UINT32_C(1) << 2)
#define VFIOPM_IRQ_FLAG_NORESIZE   (UINT32_C(1) << 3)

/* ---- information, which the library reads when it creates the device ---- */

/*
 * Get the number of vectors of an index, or its flags, VFIOPM_IRQ_FLAG_*. Both are 0 if the device
 * does not have the index.
 *
 * Returns 0, or:
 *   -EINVAL  dev or the output is NULL, or there is no such index
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_irq_get_count(const struct vfiopm_device *dev, uint32_t index, uint32_t *ret_count);
int vfiopm_irq_get_flags(const struct vfiopm_device *dev, uint32_t index, uint32_t *ret_flags);

/* ---- signalling ---- */

/*
 * Set the eventfd that the kernel signals for a vector. fd -1 removes the eventfd.
 *
 * The first eventfd enables the index. INTx, MSI and MSI-X then stay enabled, also without an
 * eventfd, until vfiopm_irq_disable(). Only one of them can be enabled at a time. ERR, REQ and the
 * indexes of a device that is not PCI are enabled while they have an eventfd.
 *
 * If the eventfd is already set, the call issues no ioctl. A change takes one ioctl. A change takes
 * two or three if the index needs more vectors and cannot be resized (VFIOPM_IRQ_FLAG_NORESIZE):
 * the library disables the index and enables it with twice as many vectors, or with just enough if
 * the host has fewer. The vectors that were live are restored. Interrupts raised in the gap are
 * unknown, so each of these eventfds gets one count.
 *
 * Returns 0, or an errno, with everything as it was before:
 *   -EINVAL  dev is NULL, there is no such index or vector, or fd is below -1 or not an eventfd.
 *            Or the kernel: another fd has enabled an index, or the device is not in D0
 *   -EBADF   fd is not open, or the caller has closed the device fd
 *   -EBUSY   another of INTx, MSI and MSI-X is enabled (no ioctl was issued). Or the kernel: the
 *            line of INTx is shared and the device cannot mask it
 *   -ENOSPC  the host has too few vectors; see vfiopm_irq_get_available()
 *   -EMFILE, -ENOMEM  fd could not be duplicated, or no memory in the kernel
 *   -ENODEV  INTx has no interrupt line
 *   -EIO     the kernel could not resume the device
 *   -EPROTO  the kernel returned a value that VFIO_DEVICE_SET_IRQS does not return
 * An interrupt controller that does not support the vectors results in ENOTSUPP (524) since Linux
 * 6.12. No header of userspace has a name for it.
 *
 * A failed ioctl can tear down live vectors. The library restores them. If the kernel refuses
 * that too, these vectors are down; setting their eventfds again issues an ioctl.
 *
 * Wakes the device: only if it issues an ioctl. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_irq_set_signaling(struct vfiopm_device *dev, uint32_t index, uint32_t vector, int fd);

/*
 * Set the eventfds of count vectors, at least one, beginning with start. fds has count elements;
 * each is an eventfd, or -1. The call issues one ioctl for each run of changes. Only a live vector
 * that does not change separates two runs.
 *
 * Returns 0, or as vfiopm_irq_set_signaling() and:
 *   -EINVAL  also: fds is NULL, count is 0, or the range exceeds the index
 *
 * Wakes the device: only if it issues an ioctl. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_irq_set_signaling_range(struct vfiopm_device *dev, uint32_t index, uint32_t start,
				   uint32_t count, const int *fds);

/*
 * Allocate count vectors without eventfds, and enable the index. Setting an eventfd of these
 * vectors later takes one ioctl and never disables the index.
 *
 * The call issues one ioctl. It issues two or three if the index is enabled with fewer vectors and
 * cannot be resized; each live eventfd then gets one count, as in vfiopm_irq_set_signaling(). It
 * issues none if the index has enough vectors, if an enabled index can be resized, and for ERR,
 * REQ and the indexes of a device that is not PCI.
 *
 * Returns 0, or an errno, with everything as it was before:
 *   -EINVAL  dev is NULL, there is no such index, or count is 0 or exceeds the index. Or the
 *            kernel: another fd has enabled an index, or the device is not in D0
 *   -EBUSY   another of INTx, MSI and MSI-X is enabled (no ioctl was issued). Or the kernel: the
 *            line of INTx is shared and the device cannot mask it
 *   -ENOSPC  the host has too few vectors; see vfiopm_irq_get_available()
 *   -EBADF   the caller has closed the device fd
 *   -ENODEV  INTx has no interrupt line
 *   -ENOMEM  no memory in the kernel
 *   -EIO     the kernel could not resume the device
 *   -EPROTO  the kernel returned a value that VFIO_DEVICE_SET_IRQS does not return
 *
 * Wakes the device: only if it issues an ioctl. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_irq_reserve(struct vfiopm_device *dev, uint32_t index, uint32_t count);

/*
 * Disable an index. The kernel signals none of its vectors and frees its interrupts, and another of
 * INTx, MSI and MSI-X can be enabled. The call issues one ioctl, or none if the index is disabled.
 *
 * Returns 0, or an errno, with the index still enabled and its eventfds still set:
 *   -EINVAL  dev is NULL, or there is no such index
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the kernel could not resume the device
 *   -EPROTO  the kernel returned a value that VFIO_DEVICE_SET_IRQS does not return
 *
 * Wakes the device: only if it issues an ioctl. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_irq_disable(struct vfiopm_device *dev, uint32_t index);

/*
 * Return whether the kernel has an index enabled. INTx, MSI and MSI-X are enabled from the first
 * eventfd or reservation until a disable. ERR, REQ and the indexes of a device that is not PCI are
 * enabled while they have an eventfd. The changes of an open batch count when they are committed.
 *
 * After a failed call this function reports what the call has left. A disable or a release that
 * failed leaves the index enabled. A growth that failed can leave the index disabled, with all its
 * vectors down. If even the removal of an eventfd failed, the index may have it, and the function
 * returns 1.
 *
 * The library answers from memory. The call waits for a change that another thread makes.
 *
 * Returns 1 or 0, or:
 *   -EINVAL  dev is NULL, or there is no such index
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_irq_is_enabled(const struct vfiopm_device *dev, uint32_t index);

/*
 * Signal the eventfd of a vector, as an interrupt of the device does (loopback). The call issues
 * one ioctl. If the vector has no eventfd, the call issues none and returns 0. On a device that is
 * not PCI, the loopback masks a level interrupt, and does nothing while the interrupt is masked.
 *
 * Returns 0, or:
 *   -EINVAL  dev is NULL, there is no such index or vector, or the index is not enabled
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the kernel could not resume the device
 *   -EPROTO  the kernel returned a value that VFIO_DEVICE_SET_IRQS does not return
 *
 * Wakes the device: only if it issues an ioctl. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_irq_trigger(struct vfiopm_device *dev, uint32_t index, uint32_t vector);

/* ---- masks: INTx, and the level interrupts of a device that is not PCI ---- */

/*
 * Mask or unmask a vector in the device. The kernel masks the vector by itself when it signals the
 * eventfd, so the library cannot cache the mask: each call issues one ioctl. Disabling INTx ends
 * its mask. An index of another bus stays masked when it is disabled.
 *
 * Returns 0, or:
 *   -EINVAL  dev is NULL, there is no such index or vector, or the index is not enabled
 *   -ENOTTY  the index cannot be masked (VFIOPM_IRQ_FLAG_MASKABLE)
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the kernel could not resume the device
 *   -EPROTO  the kernel returned a value that VFIO_DEVICE_SET_IRQS does not return
 *
 * Wakes the device: yes. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_irq_mask(struct vfiopm_device *dev, uint32_t index, uint32_t vector);
int vfiopm_irq_unmask(struct vfiopm_device *dev, uint32_t index, uint32_t vector);

/*
 * Set the eventfd whose signal unmasks the index in the kernel, such as KVM's resample eventfd.
 * fd -1 removes the eventfd. Each index has an unmask eventfd of its own.
 *
 * If the eventfd is already set, the call issues no ioctl. The kernel cannot replace the eventfd
 * (virqfd.c, vfio_virqfd_enable()), so the library removes the old one first; a replacement takes
 * two ioctls. An eventfd that holds a count unmasks the index at once, and keeps the count until
 * its next signal. Disabling INTx removes the eventfd, unless the same batch enables INTx again. An
 * index of another bus keeps the eventfd, which can be removed while the index is disabled.
 *
 * Returns 0, or as vfiopm_irq_mask() and:
 *   -EINVAL  also: fd is below -1 or not an eventfd
 *   -EBADF   also: fd is not open
 *   -EBUSY   another fd of the device has set an unmask eventfd
 *   -EMFILE, -ENOMEM  fd could not be duplicated, or no memory in the kernel
 *
 * Wakes the device: only if it issues an ioctl. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_irq_set_unmask_eventfd(struct vfiopm_device *dev, uint32_t index, uint32_t vector,
				  int fd);

/* ---- batches ---- */

/*
 * Begin a batch. The library collects changes of signalling until vfiopm_irq_commit(), which makes
 * them in as few ioctls as one call would. vfiopm_irq_disable() is such a change. Reserving,
 * masking, unmasking, triggering and unmask eventfds are not collected: they take effect at once.
 *
 * Batches can be nested; only the outermost commit makes the changes. The batch belongs to the
 * device: it also collects the changes of other threads.
 *
 * A batch can stay open while the device is in low power, so that no change wakes the device. Until
 * the commit, interrupts go to the eventfds that the kernel has.
 *
 * Returns 0, or:
 *   -EINVAL  dev is NULL
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_irq_begin(struct vfiopm_device *dev);

/*
 * Commit the batch. Without an open batch the call does nothing. The call that has a wrong
 * argument reports it; the commit reports the errors of the kernel. An index for which the kernel
 * refuses a change stays as it was before the batch, and its changes are dropped. The library
 * makes the changes of the other indexes and returns the first error.
 *
 * Returns 0, or:
 *   -EINVAL  dev is NULL. Or the kernel: another fd has enabled an index, the device is not in D0,
 *            or an fd is not an eventfd and only the kernel could check it
 *   -EBUSY   the line of INTx is shared and the device cannot mask it
 *   -ENOSPC  the host has too few vectors; see vfiopm_irq_get_available()
 *   -EBADF   the caller has closed the device fd
 *   -ENODEV  INTx has no interrupt line
 *   -ENOMEM  no memory in the kernel
 *   -EIO     the kernel could not resume the device
 *   -EPROTO  the kernel returned a value that VFIO_DEVICE_SET_IRQS does not return
 *
 * Wakes the device: only if it issues an ioctl. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_irq_commit(struct vfiopm_device *dev);

/* ---- the library's own eventfds ---- */

/*
 * Create an eventfd that the library owns, without a count, with EFD_CLOEXEC and EFD_NONBLOCK. The
 * caller may use it like any other eventfd, but must not close it. Its fd number cannot become
 * another file, so setting it where it is already set takes no system call. It lives until
 * vfiopm_irq_free_eventfd() or vfiopm_device_free().
 *
 * Returns 0, or:
 *   -EINVAL  dev or ret_fd is NULL
 *   -EMFILE, -ENFILE, -ENOMEM  no more fds, or no memory
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_irq_new_eventfd(struct vfiopm_device *dev, int *ret_fd);

/*
 * Close an eventfd of vfiopm_irq_new_eventfd().
 *
 * Returns 0, or:
 *   -EINVAL  dev is NULL, or fd is not an eventfd that the library created for this device
 *   -EBUSY   fd is set for a vector or as an unmask eventfd, or an open batch sets it
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_irq_free_eventfd(struct vfiopm_device *dev, int fd);

/* ---- observation ---- */

/*
 * Get the number of vectors that the host had when an ioctl of this index last failed because the
 * host had too few. The number is 0 if no ioctl failed for that reason, or if the kernel did not
 * report the number.
 *
 * Returns 0, or:
 *   -EINVAL  dev or ret_count is NULL, or there is no such index
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_irq_get_available(const struct vfiopm_device *dev, uint32_t index, uint32_t *ret_count);

/*
 * Get two counts since the device was created: the VFIO_DEVICE_SET_IRQS that the library has
 * issued, and those that a caller without a cache would have issued in addition.
 *
 * Returns 0, or:
 *   -EINVAL  dev or an output is NULL
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_irq_get_stats(const struct vfiopm_device *dev, uint64_t *ret_issued,
			 uint64_t *ret_saved);

#ifdef __cplusplus
}
#endif

#endif

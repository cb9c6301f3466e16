/* SPDX-License-Identifier: MIT */
/*
 * Interrupts: which eventfd the kernel signals for which vector (VFIO_DEVICE_SET_IRQS), with the
 * fewest possible ioctls. See vfiopm_irq(3).
 *
 * The library caches what the kernel has. A call that changes nothing issues no ioctl, loses no
 * edge and does not wake the device. A call that issues an ioctl wakes a device in low power
 * (vfio_pci_core.c, 6.1).
 *
 * Every call may be made from any thread. A call that sets what is already set waits for no
 * other call; the others are serialized per device.
 *
 * index is one of VFIOPM_IRQ_*. Vectors count from 0. Numbers can come from a guest: a wrong
 * number gives an errno and changes nothing.
 *
 * Eventfds stay the caller's. The library keeps a duplicate of each eventfd that is set, until it
 * is replaced, so the caller may close its fd. Eventfds are compared by open file description;
 * reuse of a closed fd number is detected.
 *
 * The cache belongs to this object. Use one object for the interrupts of a device, and issue no
 * SET_IRQS beside it. Interrupts stay enabled when the object is freed, until the last close of
 * the device.
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

/* The flags of an index, as the kernel reported them. Other bits can be set. */
#define VFIOPM_IRQ_FLAG_EVENTFD	   (UINT32_C(1) << 0)
#define VFIOPM_IRQ_FLAG_MASKABLE   (UINT32_C(1) << 1)
#define VFIOPM_IRQ_FLAG_AUTOMASKED (UINT32_C(1) << 2)
#define VFIOPM_IRQ_FLAG_NORESIZE   (UINT32_C(1) << 3)

/* ---- information; read once when the device was created ---- */

/*
 * Get the number of vectors of an index, 0 if the device does not have the index; or its flags,
 * VFIOPM_IRQ_FLAG_*. Does not wake the device. Since 0.1.
 *
 * 0, or -EINVAL (a NULL, or no such index).
 */
int vfiopm_irq_get_count(const struct vfiopm_device *dev, uint32_t index, uint32_t *ret_count);
int vfiopm_irq_get_flags(const struct vfiopm_device *dev, uint32_t index, uint32_t *ret_flags);

/* ---- signalling ---- */

/*
 * Set the eventfd that the kernel signals for a vector; fd is -1 for none. Issues an ioctl only
 * if the eventfd changes.
 *
 * The first eventfd enables the index. The index stays enabled without eventfds until
 * vfiopm_irq_disable(); ERR and REQ are enabled by their eventfd only. Only one of INTx, MSI and
 * MSI-X can be enabled.
 *
 * A change takes one ioctl. It takes two or three if the index must grow and cannot be resized
 * (VFIOPM_IRQ_FLAG_NORESIZE): the index is disabled, then enabled with twice as many vectors, or
 * with just enough if the host has fewer. Vectors that were live are restored, and each of their
 * eventfds gets one count, because interrupts raised in the gap are unknown. Since 0.1.
 *
 * 0, or, with everything as it was before:
 *   -EINVAL  dev is NULL, there is no such index or vector, or fd is below -1 or no eventfd; or
 *            the kernel: the index is enabled by another fd, or the device is not in D0
 *   -EBADF   fd is not open, or the caller has closed the device fd
 *   -EBUSY   another of INTx, MSI and MSI-X is enabled (no ioctl was issued); or the kernel: the
 *            line of INTx is shared and the device cannot mask it
 *   -ENOSPC  the host has too few vectors: see vfiopm_irq_get_available()
 *   -EMFILE, -ENOMEM  fd could not be duplicated, no memory in the kernel
 *   -ENODEV  INTx has no interrupt line
 *   -EIO     the device could not be resumed
 *   -EPROTO  the kernel gave an answer that it never gives
 * Vectors that the kernel tore down before it failed are restored. If the kernel refuses that
 * too, they are down, and the cache says so. An interrupt controller without support for the
 * vectors gives ENOTSUPP (524) since 6.12, for which no header has a name.
 */
int vfiopm_irq_set_signaling(struct vfiopm_device *dev, uint32_t index, uint32_t vector, int fd);

/*
 * Set the eventfds of count vectors from start, at least one. fds holds count values, each an
 * eventfd or -1. Issues one ioctl for each run of changes. Only a live vector that does not
 * change separates two runs. Since 0.1.
 *
 * 0, or as vfiopm_irq_set_signaling() and:
 *   -EINVAL  also: fds is NULL, count is 0, or the range exceeds the index
 */
int vfiopm_irq_set_signaling_range(struct vfiopm_device *dev, uint32_t index, uint32_t start,
				   uint32_t count, const int *fds);

/*
 * Allocate count vectors without eventfds and enable the index. Setting an eventfd of one of
 * them later takes one ioctl and never disables the index. Issues one ioctl; two or three if the
 * index is enabled with fewer vectors and cannot be resized, and then vectors that were live get
 * one count, as above; none if the index has enough vectors or can be resized, and none for ERR
 * and REQ. Since 0.1.
 *
 * 0, or, with everything as it was before:
 *   -EINVAL  dev is NULL, there is no such index, count is 0 or more than the index has; or the
 *            kernel: the index is enabled by another fd, or the device is not in D0
 *   -EBUSY   another of INTx, MSI and MSI-X is enabled (no ioctl was issued); or the kernel: the
 *            line of INTx is shared and the device cannot mask it
 *   -ENOSPC  the host has too few vectors: see vfiopm_irq_get_available()
 *   -EBADF   the caller has closed the device fd
 *   -ENODEV  INTx has no interrupt line
 *   -ENOMEM  no memory in the kernel
 *   -EIO     the device could not be resumed
 *   -EPROTO  the kernel gave an answer that it never gives
 */
int vfiopm_irq_reserve(struct vfiopm_device *dev, uint32_t index, uint32_t count);

/*
 * Disable an index: the kernel signals none of its vectors and frees its interrupts, and another
 * of INTx, MSI and MSI-X can be enabled. Issues one ioctl, or none if the index is disabled.
 * Since 0.1.
 *
 * 0, or:
 *   -EINVAL  dev is NULL, or there is no such index
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the device could not be resumed
 *   -EPROTO  the kernel gave an answer that it never gives
 */
int vfiopm_irq_disable(struct vfiopm_device *dev, uint32_t index);

/*
 * Signal a vector's eventfd as its interrupt would (loopback). Issues one ioctl; none, with 0,
 * for a vector without an eventfd. Since 0.1.
 *
 * 0, or:
 *   -EINVAL  dev is NULL, there is no such index or vector, or the index is not enabled
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the device could not be resumed
 *   -EPROTO  the kernel gave an answer that it never gives
 */
int vfiopm_irq_trigger(struct vfiopm_device *dev, uint32_t index, uint32_t vector);

/* ---- INTx ---- */

/*
 * Mask or unmask a vector in the device. Only INTx can be masked. The kernel itself masks INTx
 * when it signals, so each call issues one ioctl. Since 0.1.
 *
 * 0, or:
 *   -EINVAL  dev is NULL, there is no such index or vector, or INTx is not enabled
 *   -ENOTTY  the index cannot be masked (VFIOPM_IRQ_FLAG_MASKABLE)
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the device could not be resumed
 *   -EPROTO  the kernel gave an answer that it never gives
 */
int vfiopm_irq_mask(struct vfiopm_device *dev, uint32_t index, uint32_t vector);
int vfiopm_irq_unmask(struct vfiopm_device *dev, uint32_t index, uint32_t vector);

/*
 * Set the eventfd whose signal unmasks INTx in the kernel, such as KVM's resample eventfd; fd is
 * -1 for none. The kernel cannot replace it, so the library removes the old one first; a change
 * takes two ioctls. An eventfd that holds a count unmasks at once and keeps the count until its
 * next signal. Disabling INTx removes the eventfd, unless the same batch enables INTx again.
 * Since 0.1.
 *
 * 0, or as vfiopm_irq_mask() and:
 *   -EINVAL  also: fd is below -1 or no eventfd
 *   -EBADF   also: fd is not open
 *   -EBUSY   the kernel has an eventfd of another fd
 *   -EMFILE, -ENOMEM  fd could not be duplicated, no memory in the kernel
 */
int vfiopm_irq_set_unmask_eventfd(struct vfiopm_device *dev, uint32_t index, uint32_t vector,
				  int fd);

/* ---- batches ---- */

/*
 * Begin a batch. Until its commit, changes of signalling are collected; the commit makes them in
 * as few ioctls as one call would. vfiopm_irq_disable() is such a change. Reserving, masking and
 * triggering are not, and are made at once. Batches can be nested: only the outermost commit
 * counts. The batch belongs to the device: changes by other threads join it too. Does not wake
 * the device.
 *
 * A batch can stay open while the device is in low power, so that no change wakes it. Until the
 * commit, interrupts go to the eventfds that the kernel has. Since 0.1.
 *
 * 0, or -EINVAL (dev is NULL).
 */
int vfiopm_irq_begin(struct vfiopm_device *dev);

/*
 * Commit the batch. Without an open batch this does nothing. Invalid arguments were reported by
 * the call that had them; the kernel's errors are returned here. An index that fails stays as
 * it was before the batch and its changes are dropped; changes of the other indexes are made.
 * The first error is returned. Since 0.1.
 *
 * 0, or:
 *   -EINVAL  dev is NULL; or the kernel: an index is enabled by another fd, or the device is not
 *            in D0
 *   -EBUSY   the line of INTx is shared and the device cannot mask it
 *   -ENOSPC  the host has too few vectors: see vfiopm_irq_get_available()
 *   -EBADF   the caller has closed the device fd
 *   -ENODEV  INTx has no interrupt line
 *   -ENOMEM  no memory in the kernel
 *   -EIO     the device could not be resumed
 *   -EPROTO  the kernel gave an answer that it never gives
 */
int vfiopm_irq_commit(struct vfiopm_device *dev);

/* ---- the library's own eventfds ---- */

/*
 * Create an empty eventfd that the library owns, with O_CLOEXEC and O_NONBLOCK. The caller may
 * use it like any other eventfd, but must not close it. Because its number cannot become another
 * file, setting it where it is already set takes no system call. It lives until
 * vfiopm_irq_free_eventfd() or vfiopm_device_free(). Does not wake the device. Since 0.1.
 *
 * 0, or -EINVAL (a NULL), -EMFILE, -ENFILE, -ENOMEM.
 */
int vfiopm_irq_new_eventfd(struct vfiopm_device *dev, int *ret_fd);

/*
 * Close an eventfd of vfiopm_irq_new_eventfd(). Does not wake the device. Since 0.1.
 *
 * 0, or -EINVAL (dev is NULL, or the device did not create fd), -EBUSY (fd is set).
 */
int vfiopm_irq_free_eventfd(struct vfiopm_device *dev, int fd);

/* ---- observation ---- */

/*
 * Get the number of vectors that the host had when it last had fewer than an ioctl of this index
 * asked for; 0 if it never had fewer, or the kernel did not report the number. Does not wake the
 * device. Since 0.1.
 *
 * 0, or -EINVAL (a NULL, or no such index).
 */
int vfiopm_irq_get_available(const struct vfiopm_device *dev, uint32_t index, uint32_t *ret_count);

/*
 * Get the number of SET_IRQS ioctls that were issued, and of those that a caller without a cache
 * would have issued in addition. Does not wake the device. Since 0.1.
 *
 * 0, or -EINVAL (a NULL).
 */
int vfiopm_irq_get_stats(const struct vfiopm_device *dev, uint64_t *ret_issued,
			 uint64_t *ret_saved);

#ifdef __cplusplus
}
#endif

#endif

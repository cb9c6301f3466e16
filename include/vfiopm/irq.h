/* SPDX-License-Identifier: MIT */
/*
 * Interrupts: which eventfd the kernel signals for which vector
 * (VFIO_DEVICE_SET_IRQS), with the least ioctls that bring it about. See
 * vfiopm_irq(3).
 *
 * The library remembers what the kernel has. A call that changes nothing issues
 * nothing: it costs no ioctl, loses no edge and does not wake the device. Every call
 * may be made from any thread; setting what is set waits for no other call. A call
 * that issues an ioctl wakes a device in low power (vfio_pci_core.c, 6.1).
 *
 * index is one of VFIOPM_IRQ_*, a vector counts from 0. Numbers may come from a
 * guest: whatever they are, a wrong one gives its errno and changes nothing.
 *
 * The caller's eventfds stay his; the library keeps a duplicate of each that is set,
 * until it is replaced, so he may close his own. An fd's number is not its identity:
 * an eventfd that comes back under the number of a closed one is told from it.
 *
 * What the library remembers is of this object: use one for the interrupts of a device,
 * and nothing beside it. They stay as they are when it is freed, until the last close of
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

/* The flags of an index, as the kernel gave them. Others may be set. */
#define VFIOPM_IRQ_FLAG_EVENTFD	   (UINT32_C(1) << 0)
#define VFIOPM_IRQ_FLAG_MASKABLE   (UINT32_C(1) << 1)
#define VFIOPM_IRQ_FLAG_AUTOMASKED (UINT32_C(1) << 2)
#define VFIOPM_IRQ_FLAG_NORESIZE   (UINT32_C(1) << 3)

/*
 * How many vectors an index has, 0 for none, and its flags: read once, when the
 * device was made. Does not wake the device.
 *
 * 0, or -EINVAL (a NULL, or no such index).
 */
int vfiopm_irq_get_count(const struct vfiopm_device *dev, uint32_t index, uint32_t *ret_count);
int vfiopm_irq_get_flags(const struct vfiopm_device *dev, uint32_t index, uint32_t *ret_flags);

/*
 * Have an eventfd signalled for a vector, or none if fd is -1. Issues an ioctl only
 * if the eventfd really changes: at most one, and two where the index has to grow and
 * cannot be resized (VFIOPM_IRQ_FLAG_NORESIZE): it is then disabled, and enabled with
 * room for as many vectors again (with just what it needs, by a third, if the host has not
 * so many); the vectors that were live are live again, and their eventfds get one count,
 * so that no interrupt of the gap is lost.
 *
 * The first eventfd enables the index. Without any it stays enabled, until
 * vfiopm_irq_disable(), but ERR and REQ, which an eventfd enables and nothing else. Of
 * INTx, MSI and MSI-X only one can be enabled.
 *
 * 0, or, with all as it was before:
 *   -EINVAL  dev is NULL, no such index or vector, fd is below -1 or no eventfd; or
 *            the kernel: enabled by another fd, or the device is not in D0
 *   -EBADF   fd is not open; or the caller has closed the device fd
 *   -EBUSY   another of INTx, MSI and MSI-X is enabled (no ioctl was issued); or the
 *            kernel: the line of INTx is shared and the device cannot mask it
 *   -ENOSPC  the host has not as many vectors: see vfiopm_irq_get_available()
 *   -EMFILE, -ENOMEM  no duplicate of fd could be made, no memory in the kernel
 *   -ENODEV  INTx has no interrupt line
 *   -EIO     the device could not be resumed
 *   -EPROTO  the kernel gave an answer that it never gives
 * Where the kernel has torn down vectors in failing, they are put back; where it
 * refuses even that they are down, and the library knows. (An interrupt controller that
 * cannot have the vectors gives ENOTSUPP, 524, since 6.12; no header has a name for it.)
 */
int vfiopm_irq_set_signaling(struct vfiopm_device *dev, uint32_t index, uint32_t vector, int fd);

/*
 * The same for count vectors from start, at least one: fds holds as many, each an
 * eventfd or -1. As many ioctls as there are runs of changes: two runs are apart only
 * where a vector between them is live and does not change.
 *
 * 0, or as vfiopm_irq_set_signaling() and:
 *   -EINVAL  also: fds is NULL, count is 0, or the range has no such vectors
 */
int vfiopm_irq_set_signaling_range(struct vfiopm_device *dev, uint32_t index, uint32_t start,
				   uint32_t count, const int *fds);

/*
 * Allocate vectors ahead, without eventfds: setting up to count vectors then costs one
 * ioctl each and never disables the index, also if it cannot be resized. Enables the
 * index. One ioctl; two if it was enabled with fewer and cannot be resized; none if it was
 * enabled and has as many, or can be resized: it then allocates when it has to; and none
 * for ERR and REQ. Vectors that were live get a count, as above.
 *
 * 0, or, with all as it was before:
 *   -EINVAL  dev is NULL, no such index, count is 0 or more than the index has; or the
 *            kernel: enabled by another fd, or the device is not in D0
 *   -EBUSY   another of INTx, MSI and MSI-X is enabled (no ioctl was issued); or the
 *            kernel: the line of INTx is shared and the device cannot mask it
 *   -ENOSPC  the host has not as many vectors: see vfiopm_irq_get_available()
 *   -EBADF   the caller has closed the device fd
 *   -ENODEV  INTx has no interrupt line
 *   -ENOMEM  no memory in the kernel
 *   -EIO     the device could not be resumed
 *   -EPROTO  the kernel gave an answer that it never gives
 */
int vfiopm_irq_reserve(struct vfiopm_device *dev, uint32_t index, uint32_t count);

/*
 * Disable an index: none of its vectors is signalled, its interrupts are free for the
 * host, and another of INTx, MSI and MSI-X can be enabled. One ioctl, none if it is
 * disabled.
 *
 * 0, or:
 *   -EINVAL  dev is NULL, or no such index
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the device could not be resumed
 *   -EPROTO  the kernel gave an answer that it never gives
 */
int vfiopm_irq_disable(struct vfiopm_device *dev, uint32_t index);

/*
 * Mask and unmask a vector in the device; only INTx can. The kernel masks INTx itself
 * when it signals, so these are always issued. One ioctl.
 *
 * 0, or:
 *   -EINVAL  dev is NULL, no such index or vector, or INTx is not enabled
 *   -ENOTTY  the index cannot be masked (VFIOPM_IRQ_FLAG_MASKABLE)
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the device could not be resumed
 *   -EPROTO  the kernel gave an answer that it never gives
 */
int vfiopm_irq_mask(struct vfiopm_device *dev, uint32_t index, uint32_t vector);
int vfiopm_irq_unmask(struct vfiopm_device *dev, uint32_t index, uint32_t vector);

/*
 * Have an eventfd unmask a vector: the kernel unmasks it when the eventfd is signalled
 * (KVM's resample eventfd). -1: none. Only INTx can. The kernel cannot replace one, so a
 * change takes two ioctls; the library removes the old one. An eventfd with a count
 * unmasks at once, and keeps it until it is signalled again. Disabling INTx removes it,
 * unless the batch that does so enables it again.
 *
 * 0, or as vfiopm_irq_mask() and:
 *   -EINVAL  also: fd is below -1 or no eventfd
 *   -EBADF   also: fd is not open
 *   -EBUSY   the kernel has one of another fd
 *   -EMFILE, -ENOMEM  no duplicate of fd could be made, no memory in the kernel
 */
int vfiopm_irq_set_unmask_eventfd(struct vfiopm_device *dev, uint32_t index, uint32_t vector,
				  int fd);

/*
 * Signal a vector's eventfd as its interrupt would (loopback). One ioctl; none, and 0,
 * for a vector without eventfd.
 *
 * 0, or:
 *   -EINVAL  dev is NULL, no such index or vector, or the index is not enabled
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the device could not be resumed
 *   -EPROTO  the kernel gave an answer that it never gives
 */
int vfiopm_irq_trigger(struct vfiopm_device *dev, uint32_t index, uint32_t vector);

/*
 * Begin a batch: until it is committed, changes of signalling are collected, and then made
 * in as few ioctls as if they were one. vfiopm_irq_disable() is such a change; reserving,
 * masking and triggering are not, and are done at once. Batches may be nested: the
 * outermost commit counts. The batch is the device's: what other threads set meanwhile is
 * in it too. Does not wake the device.
 *
 * 0, or -EINVAL (dev is NULL).
 */
int vfiopm_irq_begin(struct vfiopm_device *dev);

/*
 * Commit the batch, and what was deferred; or tell what came of that earlier. Without any
 * of these it does nothing. Errors in an argument came from the call that
 * had it; those of the kernel come from here. An index that fails is as it was before the
 * batch, and its changes are forgotten; the others are done. The first error counts.
 *
 * 0, or:
 *   -EINVAL  dev is NULL; or the kernel: an index is enabled by another fd, or the device
 *            is not in D0
 *   -EBUSY   the line of INTx is shared and the device cannot mask it
 *   -ENOSPC  the host has not as many vectors: see vfiopm_irq_get_available()
 *   -EBADF   the caller has closed the device fd
 *   -ENODEV  INTx has no interrupt line
 *   -ENOMEM  no memory in the kernel
 *   -EIO     the device could not be resumed
 *   -EPROTO  the kernel gave an answer that it never gives
 */
int vfiopm_irq_commit(struct vfiopm_device *dev);

/*
 * While the device is in low power, collect changes as in a batch (deferred is 1), or
 * issue them, which wakes it (0, as it is at first). What was collected is committed by
 * vfiopm_exit(), by the first change after a wake that ended low power or after deferral
 * was turned off, or by vfiopm_irq_commit(). Of the first two the next vfiopm_irq_commit()
 * tells the error. Until then an interrupt goes to the eventfd that the kernel has: a
 * sleeping device raises none, but one that was just woken may. Does not wake the device.
 *
 * 0, or -EINVAL (dev is NULL, or deferred is neither).
 */
int vfiopm_irq_set_deferred(struct vfiopm_device *dev, int deferred);

/*
 * An eventfd of the library's own, empty, O_CLOEXEC and O_NONBLOCK. It may be used like
 * any other, but must not be closed. As it cannot become another, setting it where it is
 * set takes no system call. It lives until vfiopm_irq_free_eventfd() or the device goes.
 * Does not wake the device.
 *
 * 0, or -EINVAL (a NULL), -EMFILE, -ENFILE, -ENOMEM.
 */
int vfiopm_irq_new_eventfd(struct vfiopm_device *dev, int *ret_fd);

/*
 * Close it. Does not wake the device.
 *
 * 0, or -EINVAL (dev is NULL, or fd is none of the device's own), -EBUSY (it is set).
 */
int vfiopm_irq_free_eventfd(struct vfiopm_device *dev, int fd);

/*
 * How many vectors the host had when a call last failed for an index as it had too few
 * (ENOSPC); 0 if none did, or the kernel did not say. Does not wake the device.
 *
 * 0, or -EINVAL (a NULL, or no such index).
 */
int vfiopm_irq_get_available(const struct vfiopm_device *dev, uint32_t index, uint32_t *ret_count);

/*
 * The SET_IRQS ioctls that were issued, and those that a caller without a cache would
 * have issued besides. Does not wake the device.
 *
 * 0, or -EINVAL (a NULL).
 */
int vfiopm_irq_get_stats(const struct vfiopm_device *dev, uint64_t *ret_issued,
			 uint64_t *ret_saved);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * MSI-X of a guest: which vectors are masked, which are pending, and how interrupts reach the
 * guest. See vfiopm_msix(3).
 *
 * Each vector in use has two eventfds. KVM turns signals of the irqfd into interrupts of the
 * guest; the user eventfd is for the VMM's event loop. A vector is in one of two modes:
 *   hold   VFIO signals the irqfd. To mask, the library detaches the irqfd from KVM; the irqfd's
 *          count then is the pending bit. No VFIO ioctl is issued, and a sleeping device stays
 *          asleep.
 *   relay  VFIO signals the user eventfd, and vfiopm_msix_dispatch() delivers each interrupt.
 *          To mask and to unmask is a write to memory.
 * The library chooses the mode of each vector by how often it is masked. In both modes no
 * interrupt is lost, delivered twice, or delivered while masked; struct vfiopm_msix_ops and
 * vfiopm_msix_use() state the limits.
 *
 * The object owns the MSI-X of its device: do not call vfiopm_irq_*() on VFIOPM_IRQ_MSIX beside
 * it. Create one object per device. Its calls do not join a batch of vfiopm_irq_begin(): each
 * change is made when its call returns. The device must outlive the object.
 *
 * Every call may be made from any thread, except vfiopm_msix_free(), which must be the last. A
 * call on one vector waits for other calls on that vector and for a change of PBA interception,
 * and for nothing else. Locking in vfiopm(7) states which locks of the VMM may be held.
 *
 * Numbers can come from a guest. A wrong number gives an errno and changes nothing.
 */
#ifndef VFIOPM_MSIX_H
#define VFIOPM_MSIX_H

#include <stddef.h>
#include <stdint.h>

#include <vfiopm/device.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfiopm_msix;

/*
 * The VMM's callbacks. data is the pointer that was given to vfiopm_msix_new(). A later version
 * can append members; a callback that is NULL is not called.
 *
 * Every callback runs in the thread of the call that causes it, while the library holds the lock
 * of that vector. A callback must not call the library on the same object, and must not take a
 * lock that another thread holds while it calls the library on the same object. No callback may
 * wake the device.
 */
struct vfiopm_msix_ops {
	/*
	 * Attach an irqfd to the hypervisor: from now on each signal of the eventfd is an
	 * interrupt of the guest. A count that the eventfd already holds is one interrupt.
	 * Return 0 or a negative errno, which the library returns to its caller.
	 * vfiopm_kvm_attach() does this. Set attach and detach both or neither.
	 */
	int (*attach)(void *data, uint32_t vector, int irqfd);

	/*
	 * Detach the irqfd. When this returns, no interrupt is delivered any more, and the
	 * eventfd counts only what was not delivered. KVM can deliver from a work item that
	 * only a detach waits for: in relay mode an interrupt that was signalled right before a
	 * mask can arrive right after it. Return 0 or a negative errno. vfiopm_kvm_detach()
	 * does this.
	 */
	int (*detach)(void *data, uint32_t vector, int irqfd);

	/*
	 * Deliver one interrupt without an irqfd: for a VMM that has no irqfds, and for a vector
	 * whose irqfd cannot be attached, which then stays in relay mode until it is released.
	 * Return 0 or a negative errno. After a failure the interrupt stays pending until the
	 * next interrupt or the next call on the vector.
	 */
	int (*deliver)(void *data, uint32_t vector);

	/*
	 * Switch PBA interception: with on 1 the guest's reads of the PBA must come to
	 * vfiopm_msix_read_pba(), with on 0 they may go to the device, as at first. It is called
	 * before a vector is masked and after it is unmasked, and never in two threads at once.
	 */
	void (*intercept_pba)(void *data, int on);
};

/*
 * Create the MSI-X object of a device. No vector is in use yet. The library copies ops;
 * ops_size is sizeof(struct vfiopm_msix_ops). data is the caller's and must outlive the object.
 * The returned object must be freed by the caller using vfiopm_msix_free(). Does not wake the
 * device. Since 0.1.
 *
 * 0, or:
 *   -EINVAL  dev, ops or ret_msix is NULL; the device has no MSI-X; only one of attach and
 *            detach is set, or neither attach nor deliver; or ops has a non-zero member that
 *            this version does not know
 *   -EMFILE, -ENFILE, -ENOMEM  no more fds, no memory
 */
int vfiopm_msix_new(struct vfiopm_device *dev, const struct vfiopm_msix_ops *ops, size_t ops_size,
		    void *data, struct vfiopm_msix **ret_msix);

/*
 * Release all vectors, as vfiopm_msix_release() does, and free the object. Wakes the device if a
 * vector is in use. Always returns NULL. NULL is accepted. Since 0.1.
 */
struct vfiopm_msix *vfiopm_msix_free(struct vfiopm_msix *msix);

/* ---- vectors ---- */

/*
 * Begin to use count vectors from start, at least one: the guest has enabled MSI-X. All of them
 * are masked, as they are after a reset; interrupts that they raise are pending. Issues one
 * ioctl, or two if the index must grow and cannot be resized (VFIOPM_IRQ_FLAG_NORESIZE). In that
 * case each vector already in use gets one interrupt, because those raised in the gap are
 * unknown. Wakes the device. Since 0.1.
 *
 * 0, or, with everything as it was before (see vfiopm_msix_mask()):
 *   -EINVAL    msix is NULL, count is 0, or there are no such vectors; or the kernel: the
 *              device is not in D0
 *   -EALREADY  one of the vectors is in use
 *   -EBUSY     INTx or MSI is enabled
 *   -ENOSPC    the host has too few vectors, see vfiopm_irq_get_available(); or the user can
 *              watch no more fds (/proc/sys/fs/epoll/max_user_watches)
 *   -EEXIST    two vectors were given the same user eventfd
 *   -EBADF     the caller has closed an eventfd of its own, or the device fd
 *   -EMFILE, -ENFILE, -ENOMEM  no more fds, no memory
 *   -EIO       the device could not be resumed
 *   -EPROTO    the kernel gave an answer that it never gives
 */
int vfiopm_msix_use(struct vfiopm_msix *msix, uint32_t start, uint32_t count);

/*
 * End the use of those of count vectors from start that are in use. Their interrupts are
 * dropped, pending ones are forgotten, their irqfds are detached, and the library's eventfds are
 * closed. Issues one ioctl. Wakes the device. Since 0.1.
 *
 * 0, or, with everything as it was before:
 *   -EINVAL  msix is NULL, count is 0, or there are no such vectors
 *   -EBADF   the caller has closed the device fd
 *   -ENOMEM  no memory in the kernel
 *   -EIO     the device could not be resumed
 * An error of detach is returned after everything else is done.
 */
int vfiopm_msix_release(struct vfiopm_msix *msix, uint32_t start, uint32_t count);

/*
 * Release all vectors and disable MSI-X, so that INTx or MSI can be enabled: the guest has
 * disabled MSI-X. Issues one ioctl, or none if MSI-X is disabled. Wakes the device. Since 0.1.
 *
 * 0, or, with everything as it was before:
 *   -EINVAL  msix is NULL
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the device could not be resumed
 *   -EPROTO  the kernel gave an answer that it never gives
 * An error of detach is returned after everything else is done.
 */
int vfiopm_msix_disable(struct vfiopm_msix *msix);

/*
 * Mask or unmask a vector, as its mask bit in the guest's table says. Repeating the current
 * state only retries work that failed earlier.
 *
 * After mask returns, no interrupt is delivered. Unmask delivers one interrupt if any was
 * raised since the mask; what has just arrived at the user eventfd is delivered by the next
 * vfiopm_msix_dispatch(). The VMM must set the route of the irqfd before the unmask.
 *
 * Does not wake the device, with two exceptions: attach fails, so that the vector changes to
 * relay mode; or an earlier SET_IRQS failed and is retried. Since 0.1.
 *
 * 0, or, with everything as it was before:
 *   -EINVAL  msix is NULL, there is no such vector, or it is not in use
 *   -EBADF   the caller has closed an eventfd of its own, or the device fd
 *   -ENOSPC  the host has too few vectors
 *   -EMFILE, -ENOMEM  an eventfd could not be duplicated, no memory in the kernel
 *   -EIO     the device could not be resumed
 *   -EPROTO  the kernel gave an answer that it never gives
 * or the errno of attach or detach. A failed SET_IRQS can leave a vector without a signal from
 * VFIO, and a failed roll-back can leave it masked. Each later call on the object retries; the one
 * that succeeds delivers one interrupt.
 */
int vfiopm_msix_mask(struct vfiopm_msix *msix, uint32_t vector);
int vfiopm_msix_unmask(struct vfiopm_msix *msix, uint32_t vector);

/*
 * Mask all vectors regardless of their own mask bits (masked is 1), or let those bits decide
 * again (0, as at first): the Function Mask bit of the MSI-X capability. Since 0.1.
 *
 * 0, or as vfiopm_msix_mask() and:
 *   -EINVAL  also: masked is neither 0 nor 1
 */
int vfiopm_msix_set_function_mask(struct vfiopm_msix *msix, int masked);

/*
 * Query whether a vector is pending: masked, and raised since. Changes nothing. Does not wake
 * the device. Since 0.1.
 *
 * 1 or 0; 0 for a vector that is not in use; or -EINVAL (msix is NULL, or no such vector).
 */
int vfiopm_msix_is_pending(struct vfiopm_msix *msix, uint32_t vector);

/*
 * Read length bytes of the guest's PBA, beginning offset bytes after its start. The PBA has 8
 * bytes for each 64 vectors or part of them. Does not wake the device. Since 0.1.
 *
 * 0, or -EINVAL (a NULL, or a range outside the PBA).
 */
int vfiopm_msix_read_pba(struct vfiopm_msix *msix, uint64_t offset, size_t length, void *ret_bytes);

/* ---- the event loop ---- */

/*
 * Return an fd that is readable while vfiopm_msix_dispatch() has work to do. The fd belongs to
 * the object: the caller may only poll it. -EINVAL if msix is NULL. Since 0.1.
 */
int vfiopm_msix_get_fd(const struct vfiopm_msix *msix);

/*
 * Take the interrupts that have arrived at the user eventfds. Deliver each, or keep it pending
 * if its vector is masked. One call handles at most 64 vectors; the fd stays readable while
 * more wait. Never blocks. Wakes the device only where a vector changes its mode, which the
 * library does not do in low power. Since 0.1.
 *
 * The number of vectors that had an interrupt; or -EINVAL (msix is NULL), or the first error of
 * deliver.
 */
int vfiopm_msix_dispatch(struct vfiopm_msix *msix);

/* ---- policy ---- */

#define VFIOPM_MSIX_MODE_HOLD	 UINT32_C(0)
#define VFIOPM_MSIX_MODE_RELAY	 UINT32_C(1)

#define VFIOPM_MSIX_POLICY_AUTO	 UINT32_C(0) /* hold or relay, by how each vector is used */
#define VFIOPM_MSIX_POLICY_HOLD	 UINT32_C(1) /* hold, except for a vector without an irqfd */
#define VFIOPM_MSIX_POLICY_RELAY UINT32_C(2) /* relay */

/*
 * Set how the library chooses the mode of a vector. The default is AUTO, which suits nearly all
 * VMMs. A vector in use changes at its next mask, or at its next relayed interrupt, but not
 * while the device is in low power, because the change wakes the device. Does not wake the
 * device itself. Since 0.1.
 *
 * 0, or -EINVAL (msix is NULL, or no such policy).
 */
int vfiopm_msix_set_policy(struct vfiopm_msix *msix, uint32_t policy);

#define VFIOPM_MSIX_PBA_AUTO   UINT32_C(0) /* while a vector is masked, with few switches */
#define VFIOPM_MSIX_PBA_ALWAYS UINT32_C(1) /* while a vector is in use */
#define VFIOPM_MSIX_PBA_NEVER  UINT32_C(2)

/*
 * Set when the PBA is intercepted. The default is AUTO. May call intercept_pba. Does not wake
 * the device. Since 0.1.
 *
 * 0, or -EINVAL (msix is NULL, or no such policy).
 */
int vfiopm_msix_set_pba_policy(struct vfiopm_msix *msix, uint32_t policy);

/*
 * Give a vector eventfds of the caller's in the place of the library's. vfiopm_msix_use() drops
 * the counts that they hold. -1 stands for the
 * library's own, which is the default. The fds stay the caller's, who must keep them open while
 * the vector is in use. Do not share an eventfd between vectors; do not use EFD_SEMAPHORE. Does
 * not wake the device. Since 0.1.
 *
 * 0, or:
 *   -EINVAL  msix is NULL, there is no such vector, an fd is below -1 or no eventfd, or both
 *            are the same
 *   -EBADF   an fd is not open
 *   -EBUSY   a vector is in use
 */
int vfiopm_msix_set_eventfds(struct vfiopm_msix *msix, uint32_t vector, int irqfd, int user_fd);

/* ---- observation ---- */

/*
 * Get the mode of a vector in use, VFIOPM_MSIX_MODE_*. The trace of the device
 * (vfiopm_device_set_trace()) reports each change. Does not wake the device. Since 0.1.
 *
 * 0, or -EINVAL (a NULL, no such vector, or it is not in use).
 */
int vfiopm_msix_get_mode(struct vfiopm_msix *msix, uint32_t vector, uint32_t *ret_mode);

/* Counts since the object was created. A later version can append members. */
struct vfiopm_msix_stats {
	uint64_t masks;		/* changes from unmasked to masked */
	uint64_t unmasks;	/* changes from masked to unmasked */
	uint64_t attaches;	/* calls of attach */
	uint64_t detaches;	/* calls of detach */
	uint64_t triggers;	/* changes of the eventfd that VFIO signals */
	uint64_t relayed;	/* interrupts that dispatch took */
	uint64_t delivered;	/* interrupts that the library delivered */
	uint64_t mode_changes;	/* changes between hold and relay */
	uint64_t interceptions; /* calls of intercept_pba; 0 for a single vector */
};

/* All vectors: a sum in the place of one vector's counts. */
#define VFIOPM_MSIX_ALL UINT32_MAX

/*
 * Fill the first size bytes of a struct vfiopm_msix_stats; size is its sizeof. Bytes beyond what
 * this version knows become 0. Does not wake the device. Since 0.1.
 *
 * 0, or -EINVAL (a NULL, or no such vector).
 */
int vfiopm_msix_get_stats(struct vfiopm_msix *msix, uint32_t vector, size_t size,
			  struct vfiopm_msix_stats *ret_stats);

#ifdef __cplusplus
}
#endif

#endif

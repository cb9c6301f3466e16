/* SPDX-License-Identifier: MIT */
/*
 * MSI-X of a guest: which vectors are masked, which are pending, and how interrupts reach the
 * guest. See vfiopm_msix(3).
 *
 * Each vector in use has two eventfds. KVM turns a signal of the irqfd into an interrupt of the
 * guest. The user eventfd is for the VMM's event loop. A vector is in one of two modes:
 *   hold   VFIO signals the irqfd. To mask the vector, the library detaches the irqfd from KVM. The
 *          count of the irqfd is then the pending bit. A mask and an unmask issue no ioctl on the
 *          device, so a sleeping device stays asleep.
 *   relay  VFIO signals the user eventfd, and vfiopm_msix_dispatch() delivers each interrupt. A
 *          mask and an unmask write to memory only.
 * The library chooses the mode of each vector by how often the vector is masked. In both modes no
 * interrupt is lost, delivered twice, or delivered while it is masked. struct vfiopm_msix_ops and
 * vfiopm_msix_use() state the limits.
 *
 * The object owns the MSI-X of its device: do not call vfiopm_irq_*() on VFIOPM_IRQ_MSIX beside
 * it. Create one object per device. The device must outlive the object. The calls do not join a
 * batch of vfiopm_irq_begin(): each change is made when its call returns.
 *
 * A call on one vector waits for other calls on that vector, for a change of PBA interception, and
 * for an ioctl on the device if it issues one itself. A call that retries work that failed earlier
 * also waits for calls on the other vectors. vfiopm-locking(7) states which locks of the VMM may be
 * held.
 *
 * Numbers can come from a guest. A wrong number results in an errno and changes nothing.
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
 * The callbacks of the VMM. data is the pointer that was passed to vfiopm_msix_new(). A later
 * version can append members. A callback that is NULL is not called. See vfiopm_msix_ops(3).
 *
 * A callback runs in the thread of the call that causes it. attach, detach and deliver run while
 * the library holds the lock of the vector; intercept_pba runs while the library holds the lock of
 * the PBA, and in most calls also the lock of a vector. A callback must not call the library on
 * the same object, must not take a lock that another thread holds while that thread calls the
 * library on the same object, and must not wake the device.
 */
struct vfiopm_msix_ops {
	/*
	 * Attach an irqfd to the hypervisor. From then on each signal of the eventfd is an interrupt
	 * of the guest. A count that the eventfd already holds is one interrupt. Return 0 or a
	 * negative errno, which the library returns to its caller. vfiopm_kvm_attach() does this.
	 * Set attach and detach both, or neither.
	 */
	int (*attach)(void *data, uint32_t vector, int irqfd);

	/*
	 * Detach the irqfd. When the callback returns, the hypervisor delivers no more interrupts,
	 * and the eventfd counts only interrupts that were not delivered. Return 0 or a negative
	 * errno. vfiopm_kvm_detach() does this.
	 *
	 * KVM can deliver an interrupt later than it is signalled, from a work item, and only a
	 * detach waits for that (virt/kvm/eventfd.c, irqfd_inject()). In relay mode an interrupt
	 * that was signalled right before a mask can therefore arrive right after it.
	 */
	int (*detach)(void *data, uint32_t vector, int irqfd);

	/*
	 * Deliver one interrupt without an irqfd. A VMM without irqfds needs this callback. It also
	 * serves a vector whose irqfd cannot be attached; that vector then stays in relay mode
	 * until it is released. Return 0 or a negative errno. After a failure the interrupt stays
	 * pending until the next interrupt of the vector or the next call on it.
	 */
	int (*deliver)(void *data, uint32_t vector);

	/*
	 * Switch PBA interception. If on is 1, the guest's reads of the PBA must come to
	 * vfiopm_msix_read_pba(). If on is 0, as at first, they may go to the device. The library
	 * turns interception on before it masks a vector, turns it off after it has unmasked the
	 * vector, and never runs this callback in two threads at once.
	 */
	void (*intercept_pba)(void *data, int on);
};

/*
 * Create the MSI-X object of a device. No vector is in use at first.
 *
 * The library copies ops. ops_size is sizeof(struct vfiopm_msix_ops). The caller keeps data, which
 * must be valid until vfiopm_msix_free() has returned.
 * The returned object must be freed by the caller using vfiopm_msix_free().
 *
 * Returns 0, or:
 *   -EINVAL  dev, ops or ret_msix is NULL; the device is not PCI or has no MSI-X; only one of
 *            attach and detach is set; neither attach nor deliver is set; or ops has a non-zero
 *            member that this version does not know
 *   -EMFILE, -ENFILE, -ENOMEM  no more fds, or no memory
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_msix_new(struct vfiopm_device *dev, const struct vfiopm_msix_ops *ops, size_t ops_size,
		    void *data, struct vfiopm_msix **ret_msix);

/*
 * Release all vectors, as vfiopm_msix_release() does, and free the object. NULL is accepted. This
 * must be the last call on the object.
 *
 * Returns NULL.
 *
 * Wakes the device: if a vector is in use. Thread-safe: no. Since: 0.1.
 */
struct vfiopm_msix *vfiopm_msix_free(struct vfiopm_msix *msix);

/* ---- vectors ---- */

/*
 * Begin to use count vectors, at least one, beginning with start. A VMM makes this call when the
 * guest enables MSI-X. All of these vectors are masked, as they are after a reset. Interrupts that
 * they raise are pending.
 *
 * The call issues one ioctl. It issues two or three if the index must grow and cannot be resized
 * (VFIOPM_IRQ_FLAG_NORESIZE). Each vector that was already in use then gets one interrupt, because
 * interrupts raised in the gap are unknown.
 *
 * Returns 0, or an errno, with everything as it was before (see vfiopm_msix_mask()):
 *   -EINVAL    msix is NULL, count is 0, or the range exceeds the vectors of the device. Or the
 *              kernel: the device is not in D0
 *   -EALREADY  one of the vectors is in use
 *   -EBUSY     INTx or MSI is enabled
 *   -ENOSPC    the host has too few vectors, see vfiopm_irq_get_available(). Or the user can watch
 *              no more fds (/proc/sys/fs/epoll/max_user_watches)
 *   -EEXIST    two vectors were given the same user eventfd
 *   -EBADF     the caller has closed an eventfd of its own, or the device fd
 *   -EMFILE, -ENFILE, -ENOMEM  no more fds, or no memory
 *   -EIO       the kernel could not resume the device
 *   -EPROTO    the kernel returned a value that VFIO_DEVICE_SET_IRQS does not return
 *
 * Wakes the device: yes. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_msix_use(struct vfiopm_msix *msix, uint32_t start, uint32_t count);

/*
 * End the use of count vectors, beginning with start. Vectors of the range that are not in use are
 * ignored. VFIO stops signalling the vectors, pending interrupts are dropped, the irqfds are
 * detached, and the library closes its eventfds. The call issues one ioctl, or none if no vector of
 * the range is in use.
 *
 * Returns 0, or an errno, with everything as it was before:
 *   -EINVAL  msix is NULL, count is 0, or the range exceeds the vectors of the device
 *   -EBADF   the caller has closed the device fd
 *   -ENOMEM  no memory in the kernel
 *   -EIO     the kernel could not resume the device
 * An errno of detach is returned too, after the release is complete. MSI-X stays enabled in each
 * case.
 *
 * Wakes the device: if a vector of the range is in use. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_msix_release(struct vfiopm_msix *msix, uint32_t start, uint32_t count);

/*
 * Release all vectors and disable MSI-X, so that INTx or MSI can be enabled. A VMM makes this call
 * when the guest disables MSI-X. The call issues one ioctl, or none if MSI-X is disabled.
 *
 * Returns 0, or an errno, with everything as it was before:
 *   -EINVAL  msix is NULL
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the kernel could not resume the device
 *   -EPROTO  the kernel returned a value that VFIO_DEVICE_SET_IRQS does not return
 * An errno of detach is returned too, after everything else is done. vfiopm_irq_is_enabled() reports
 * whether MSI-X is still enabled.
 *
 * Wakes the device: only if it issues an ioctl. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_msix_disable(struct vfiopm_msix *msix);

/*
 * Mask or unmask a vector. A VMM makes this call when the guest writes the mask bit of the vector's
 * table entry. The VMM must set the route of the irqfd before the unmask. Repeating the current
 * state only retries work that failed earlier.
 *
 * After a mask returns, no interrupt is delivered. An unmask delivers one interrupt if any was
 * raised since the mask. An interrupt that has just arrived at the user eventfd is delivered by the
 * next vfiopm_msix_dispatch().
 *
 * Returns 0, the errno of attach, detach or deliver, or one of these, with everything as it was
 * before:
 *   -EINVAL  msix is NULL, there is no such vector, or it is not in use
 *   -EBADF   the caller has closed an eventfd of its own, or the device fd
 *   -ENOSPC  the host has too few vectors
 *   -EMFILE, -ENOMEM  an eventfd could not be duplicated, or no memory in the kernel
 *   -EIO     the kernel could not resume the device
 *   -EPROTO  the kernel or a callback returned a value that it must not return
 * A failed VFIO_DEVICE_SET_IRQS can leave a vector without a signal from VFIO, and a failed
 * roll-back can leave a vector masked. Each later mask, unmask and dispatch on the object retries.
 * The call that restores the signal delivers one interrupt.
 *
 * The call wakes a sleeping device in two cases only: attach fails, so that the vector changes to
 * relay mode; or the call retries a VFIO_DEVICE_SET_IRQS that failed earlier.
 *
 * Wakes the device: in these cases. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_msix_mask(struct vfiopm_msix *msix, uint32_t vector);
int vfiopm_msix_unmask(struct vfiopm_msix *msix, uint32_t vector);

/*
 * Set the Function Mask bit of the MSI-X capability. If masked is 1, all vectors are masked. If
 * masked is 0, as at first, each vector has its own mask bit.
 *
 * Returns 0, or as vfiopm_msix_mask() and:
 *   -EINVAL  also: masked is neither 0 nor 1
 * If one vector fails, all vectors stay as they were.
 *
 * Wakes the device: as vfiopm_msix_mask() does. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_msix_set_function_mask(struct vfiopm_msix *msix, int masked);

/*
 * Return whether a vector is pending: it is masked, and has raised an interrupt since. The call
 * changes nothing.
 *
 * Returns 1 or 0, or -EINVAL if msix is NULL or there is no such vector. A vector that is not in
 * use is not pending.
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_msix_is_pending(struct vfiopm_msix *msix, uint32_t vector);

/*
 * Read length bytes of the guest's PBA, beginning with offset. offset counts from the start of the
 * PBA, not of its BAR. The PBA has 8 bytes for each 64 vectors, or part of them. The call can run
 * intercept_pba.
 *
 * Returns 0, or:
 *   -EINVAL  msix or ret_bytes is NULL, or the range exceeds the PBA
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_msix_read_pba(struct vfiopm_msix *msix, uint64_t offset, size_t length, void *ret_bytes);

/* ---- the event loop ---- */

/*
 * Return an fd that is readable while vfiopm_msix_dispatch() has work to do. The fd belongs to the
 * object: the caller may only poll it.
 *
 * Returns the fd, or -EINVAL if msix is NULL.
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_msix_get_fd(const struct vfiopm_msix *msix);

/*
 * Take the interrupts that have arrived at the user eventfds. The library delivers each of them,
 * or keeps it pending if its vector is masked. One call handles at most 64 vectors; the fd stays
 * readable while others wait. The call does not wait for interrupts.
 *
 * Returns the number of vectors that had an interrupt, or -EINVAL if msix is NULL, or the first
 * errno of a callback or of a retried VFIO_DEVICE_SET_IRQS. The interrupts of the other vectors are
 * handled also in that case.
 *
 * Wakes the device: only by a retry. Thread-safe: yes. Since: 0.1.
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
 * VMMs. A vector in use changes at its next mask, or at its next relayed interrupt. The library
 * does not change the mode while the device is in low power, because the change wakes the device.
 *
 * Returns 0, or:
 *   -EINVAL  msix is NULL, or there is no such policy
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_msix_set_policy(struct vfiopm_msix *msix, uint32_t policy);

#define VFIOPM_MSIX_PBA_AUTO   UINT32_C(0) /* while a vector is masked, with few switches */
#define VFIOPM_MSIX_PBA_ALWAYS UINT32_C(1) /* while a vector is in use */
#define VFIOPM_MSIX_PBA_NEVER  UINT32_C(2)

/*
 * Set when the PBA is intercepted. The default is AUTO. The call can run intercept_pba.
 *
 * Returns 0, or:
 *   -EINVAL  msix is NULL, or there is no such policy
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_msix_set_pba_policy(struct vfiopm_msix *msix, uint32_t policy);

/*
 * Set eventfds of the caller for a vector, in the place of the library's. -1 stands for an eventfd
 * of the library, which is the default. The caller keeps the eventfds and must keep them open while
 * the vector is in use. vfiopm_msix_use() drops the counts that they hold. Do not share an eventfd
 * between vectors; do not use EFD_SEMAPHORE.
 *
 * Returns 0, or:
 *   -EINVAL  msix is NULL, there is no such vector, an fd is below -1 or not an eventfd, or both
 *            fds are the same
 *   -EBADF   an fd is not open
 *   -EBUSY   a vector is in use
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_msix_set_eventfds(struct vfiopm_msix *msix, uint32_t vector, int irqfd, int user_fd);

/* ---- observation ---- */

/*
 * Get the mode of a vector in use, VFIOPM_MSIX_MODE_*. The trace of the device
 * (vfiopm_device_set_trace()) reports each change of a mode.
 *
 * Returns 0, or:
 *   -EINVAL  msix or ret_mode is NULL, there is no such vector, or it is not in use
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_msix_get_mode(struct vfiopm_msix *msix, uint32_t vector, uint32_t *ret_mode);

/* Counts since the object was created. A later version can append members. */
struct vfiopm_msix_stats {
	uint64_t masks;		/* changes from unmasked to masked */
	uint64_t unmasks;	/* changes from masked to unmasked */
	uint64_t attaches;	/* calls of attach */
	uint64_t detaches;	/* calls of detach */
	uint64_t triggers;	/* changes of the eventfd that VFIO signals, failed ones too */
	uint64_t relayed;	/* interrupts that vfiopm_msix_dispatch() took */
	uint64_t delivered;	/* interrupts that the library delivered */
	uint64_t mode_changes;	/* changes between hold and relay */
	uint64_t interceptions; /* calls of intercept_pba; only for VFIOPM_MSIX_ALL */
};

/* All vectors: vfiopm_msix_get_stats() returns the sums of their counts. */
#define VFIOPM_MSIX_ALL UINT32_MAX

/*
 * Get the counts of a vector, or of all vectors if vector is VFIOPM_MSIX_ALL. size is
 * sizeof(struct vfiopm_msix_stats). The call writes size bytes; bytes that this version does not
 * know become 0.
 *
 * Returns 0, or:
 *   -EINVAL  msix or ret_stats is NULL, or there is no such vector
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_msix_get_stats(struct vfiopm_msix *msix, uint32_t vector, size_t size,
			  struct vfiopm_msix_stats *ret_stats);

#ifdef __cplusplus
}
#endif

#endif

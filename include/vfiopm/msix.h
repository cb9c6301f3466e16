/* SPDX-License-Identifier: MIT */
/*
 * MSI-X for a guest: which of its vectors are masked, what is pending, and the interrupts
 * themselves, by KVM past the VMM or through it, whichever is less work. See vfiopm_msix(3).
 *
 * Each vector has two eventfds: its irqfd, which KVM turns into interrupts of the guest, and
 * one for userspace. Three ways there are to mask it:
 *   hold   the irqfd is detached from KVM and its own count is the pending bit: no VFIO ioctl,
 *          and a sleeping device sleeps on
 *   relay  VFIO signals the one for userspace, and the library passes interrupts on: to mask
 *          and to unmask is to write memory, but each interrupt takes a turn of the event loop
 *   swap   VFIO is given the one for userspace, and at the unmask the irqfd again: two ioctls
 *          on the device
 * None loses an interrupt, delivers one while it is masked, or one twice; but see
 * vfiopm_msix_set_irqfd(), vfiopm_msix_use(). The library chooses between the first two, for
 * each vector.
 *
 * The object has the MSI-X of its device to itself: use no vfiopm_irq_*() on VFIOPM_IRQ_MSIX
 * beside it. It neither joins a batch nor is deferred: what it does is done when it returns.
 * The device must outlive it. One for a device.
 *
 * Every call may be made from any thread, except vfiopm_msix_free(), which must be the last.
 * One that works on a vector waits for those that do so on the same vector, and for a trap that
 * is being switched, not for others.
 *
 * Numbers may come from a guest: whatever they are, a wrong one gives its errno and changes
 * nothing.
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
 * The MSI-X of a device; nothing of it is in use yet. Does not wake the device.
 *
 * 0, or:
 *   -EINVAL  a NULL, or the device has no MSI-X
 *   -EMFILE, -ENFILE, -ENOMEM  no more fds, no memory
 */
int vfiopm_msix_new(struct vfiopm_device *dev, struct vfiopm_msix **ret_msix);

/*
 * Release all vectors, as vfiopm_msix_release() does, which wakes the device if any is in
 * use; and free the object. Always returns NULL. NULL is accepted.
 */
struct vfiopm_msix *vfiopm_msix_free(struct vfiopm_msix *msix);

/* ---- what the VMM gives, before any vector is in use ---- */

/*
 * How an irqfd gets into the hypervisor and out of it; vfiopm_kvm_attach() and
 * vfiopm_kvm_detach() are such functions. Each gives 0 or a negative errno, which is then
 * that of the call that needed it, and must do what KVM does:
 *   attach  from now on each signal of the eventfd is an interrupt of the guest, and its
 *           count with it; a count that it has already is one interrupt
 *   detach  when it returns no more will be delivered, and the eventfd counts only what was
 *           not
 * KVM may deliver from a work of its own, which only detach waits for: by relay and by swap what
 * was signalled right before a mask may come right after it.
 * They are called with the vector locked: they must not call the library on this object, nor
 * wait for a thread that does. data is the caller's. Does not wake the device.
 *
 * 0, or -EINVAL (a NULL, but for data), -EBUSY (a vector is in use).
 */
int vfiopm_msix_set_irqfd(struct vfiopm_msix *msix,
			  int (*attach)(void *data, uint32_t vector, int irqfd),
			  int (*detach)(void *data, uint32_t vector, int irqfd), void *data);

/*
 * How one interrupt is delivered without an irqfd: for a VMM that gives none, or for a vector
 * whose irqfd cannot be attached, which is then relayed until it is released. As above
 * otherwise; one that fails is pending still, for the next interrupt or call on the vector. Does
 * not wake the device.
 *
 * 0, or -EINVAL (msix or deliver is NULL), -EBUSY (a vector is in use).
 */
int vfiopm_msix_set_deliver(struct vfiopm_msix *msix, int (*deliver)(void *data, uint32_t vector),
			    void *data);

/*
 * Have a function told whether the guest's reads of the PBA must come to
 * vfiopm_msix_read_pba() (on is 1) or may go to the device (0, as it is at first). It runs
 * before a vector is masked and after it is unmasked, in the thread of that call, never in two
 * at once; locks are as above. Does not wake the device.
 *
 * 0, or -EINVAL (msix or trap is NULL), -EBUSY (a vector is in use).
 */
int vfiopm_msix_set_trap(struct vfiopm_msix *msix, void (*trap)(void *data, int on), void *data);

/*
 * Eventfds of the caller's for a vector, in the place of the library's own; -1: the library's
 * own, as it is at first. They stay the caller's, who keeps them open while the vector is in
 * use; each is of one vector only, and no semaphore. Does not wake the device.
 *
 * 0, or:
 *   -EINVAL  msix is NULL, no such vector, an fd is below -1 or no eventfd, or both are one
 *   -EBADF   an fd is not open
 *   -EBUSY   a vector is in use
 */
int vfiopm_msix_set_eventfds(struct vfiopm_msix *msix, uint32_t vector, int irqfd, int user_fd);

/* ---- how it chooses ---- */

#define VFIOPM_MSIX_WAY_HOLD	       UINT32_C(0)
#define VFIOPM_MSIX_WAY_RELAY	       UINT32_C(1)
#define VFIOPM_MSIX_WAY_SWAP	       UINT32_C(2)

#define VFIOPM_MSIX_POLICY_AUTO	       UINT32_C(0) /* hold or relay, by what is seen of each vector */
#define VFIOPM_MSIX_POLICY_BYPASS      UINT32_C(1) /* always past the VMM: hold */
#define VFIOPM_MSIX_POLICY_BYPASS_SWAP UINT32_C(2) /* the same, by swap */
#define VFIOPM_MSIX_POLICY_NO_BYPASS   UINT32_C(3) /* never: relay */

/*
 * Choose how a way is chosen; AUTO, as it is at first, is right for nearly all. For a vector in
 * use it counts from its next mask, or interrupt that is relayed, on; and not while the device
 * is in low power, as to change the way wakes it. Does not wake the device itself.
 *
 * 0, or -EINVAL (msix is NULL, or no such policy).
 */
int vfiopm_msix_set_policy(struct vfiopm_msix *msix, uint32_t policy);

#define VFIOPM_MSIX_TRAP_AUTO                                                                      \
	UINT32_C(0) /* while a vector is masked, and less often switched than that */
#define VFIOPM_MSIX_TRAP_ALWAYS UINT32_C(1) /* while a vector is in use */
#define VFIOPM_MSIX_TRAP_NEVER	UINT32_C(2)

/*
 * Choose when the PBA is trapped; AUTO, as it is at first. May call the function of
 * vfiopm_msix_set_trap(). Does not wake the device.
 *
 * 0, or -EINVAL (msix is NULL, or no such policy).
 */
int vfiopm_msix_set_trap_policy(struct vfiopm_msix *msix, uint32_t policy);

/* ---- vectors ---- */

/*
 * Begin to use count vectors from start, at least one: the guest has enabled MSI-X, or this
 * part of it. All are masked, as they are after a reset, and what they raise is pending. One
 * ioctl for all of them; two where the index has to grow and cannot be resized, and then those in
 * use already are signalled once, for what they may have raised meanwhile. Wakes the device.
 *
 * 0, or, with all as it was before (see vfiopm_msix_mask()):
 *   -EINVAL    msix is NULL, count is 0, no such vectors, or neither vfiopm_msix_set_irqfd() nor
 *              vfiopm_msix_set_deliver() was called; or the kernel: the device is not in D0
 *   -EALREADY  one of them is in use
 *   -EBUSY     INTx or MSI is enabled
 *   -ENOSPC    the host has not as many vectors: see vfiopm_irq_get_available(); or the user may
 *              have epoll watch no more (/proc/sys/fs/epoll/max_user_watches)
 *   -EEXIST    two vectors were given one eventfd for userspace
 *   -EBADF     the caller has closed an eventfd of his, or the device fd
 *   -EMFILE, -ENFILE, -ENOMEM  no more fds, no memory
 *   -EIO       the device could not be resumed
 *   -EPROTO    the kernel gave an answer that it never gives
 */
int vfiopm_msix_use(struct vfiopm_msix *msix, uint32_t start, uint32_t count);

/*
 * End it, for those of count vectors from start that are in use: their interrupts go nowhere,
 * what is pending is forgotten, their irqfds are detached and the library's own eventfds are
 * closed. One ioctl for all of them. Wakes the device.
 *
 * 0, or, with all as it was before:
 *   -EINVAL  msix is NULL, count is 0, or no such vectors
 *   -EBADF   the caller has closed the device fd
 *   -ENOMEM  no memory in the kernel
 *   -EIO     the device could not be resumed
 * An error of detach is told after all else was done.
 */
int vfiopm_msix_release(struct vfiopm_msix *msix, uint32_t start, uint32_t count);

/*
 * The same for all vectors, and disable MSI-X, so that INTx or MSI can be enabled: the guest
 * has done so. One ioctl, none if it is disabled. Wakes the device.
 *
 * 0, or, with all as it was before:
 *   -EINVAL  msix is NULL
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the device could not be resumed
 *   -EPROTO  the kernel gave an answer that it never gives
 * An error of detach is told after all else was done.
 */
int vfiopm_msix_disable(struct vfiopm_msix *msix);

/*
 * Mask and unmask a vector, as its mask bit in the guest's table says; what it is already does
 * nothing, but what an earlier call has left undone. When mask returns nothing more is delivered;
 * what was pending is delivered by the unmask, once, however often it was raised; what has just
 * arrived for userspace, by the dispatch that follows. Does not wake the device, but by swap, or
 * where attach fails and the vector is relayed from then on. The route of the irqfd must be set
 * before the unmask.
 *
 * 0, or, with all as it was before (where the kernel does not even take back what it had, VFIO
 * signals the vector no more; each later call on it tries again, and the one that succeeds
 * delivers one interrupt):
 *   -EINVAL  msix is NULL, no such vector, or it is not in use
 * and, by swap or what attach and detach give:
 *   -EBADF   the caller has closed an eventfd of his, or the device fd
 *   -ENOSPC  the host has not as many vectors
 *   -EMFILE, -ENOMEM  no duplicate of an eventfd of his could be made, no memory in the kernel
 *   -EIO     the device could not be resumed
 *   -EPROTO  the kernel gave an answer that it never gives
 */
int vfiopm_msix_mask(struct vfiopm_msix *msix, uint32_t vector);
int vfiopm_msix_unmask(struct vfiopm_msix *msix, uint32_t vector);

/*
 * Mask all vectors (masked is 1) whatever their own bits are, or let these count again (0, as
 * it is at first): the Function Mask bit of the MSI-X capability.
 *
 * 0, or as vfiopm_msix_mask() and:
 *   -EINVAL  also: masked is neither
 */
int vfiopm_msix_set_function_mask(struct vfiopm_msix *msix, int masked);

/*
 * Is the vector pending: masked, and raised since? Looks, and takes nothing. Does not wake the
 * device.
 *
 * 1 or 0, or -EINVAL (msix is NULL, or no such vector). One that is not in use is not pending.
 */
int vfiopm_msix_is_pending(struct vfiopm_msix *msix, uint32_t vector);

/*
 * What a guest reads of the PBA: length bytes from offset, which counts from the PBA's own
 * beginning. It has 8 bytes for each 64 vectors or part of them. Does not wake the device.
 *
 * 0, or -EINVAL (a NULL, or the PBA has no such bytes).
 */
int vfiopm_msix_read_pba(struct vfiopm_msix *msix, uint64_t offset, size_t length, void *ret_bytes);

/* ---- the event loop ---- */

/*
 * An fd that is readable when vfiopm_msix_dispatch() has something to do. It is the object's:
 * poll it, and do nothing else with it. -EINVAL if msix is NULL.
 */
int vfiopm_msix_get_fd(const struct vfiopm_msix *msix);

/*
 * Take what has arrived for userspace and deliver it, or keep it as pending where it is masked.
 * At most 64 vectors at a time: what is left keeps the fd readable. Never waits for an
 * interrupt. Does not wake the device, but where the way of a vector changes, which it does
 * not in low power.
 *
 * The number of vectors that had an interrupt; or -EINVAL (msix is NULL), or the first error
 * that deliver gave.
 */
int vfiopm_msix_dispatch(struct vfiopm_msix *msix);

/* ---- what can be observed; nothing here wakes the device ---- */

/*
 * The way of a vector now: VFIOPM_MSIX_WAY_*. The trace of the device
 * (vfiopm_device_set_trace()) is told when it changes.
 *
 * 0, or -EINVAL (a NULL, no such vector, or it is not in use).
 */
int vfiopm_msix_get_way(struct vfiopm_msix *msix, uint32_t vector, uint32_t *ret_way);

/* The sum over all vectors, in the place of one. */
#define VFIOPM_MSIX_ALL		   UINT32_MAX

#define VFIOPM_MSIX_STAT_MASKS	   UINT32_C(0) /* it became masked */
#define VFIOPM_MSIX_STAT_UNMASKS   UINT32_C(1)
#define VFIOPM_MSIX_STAT_ATTACHES  UINT32_C(2) /* calls of attach */
#define VFIOPM_MSIX_STAT_DETACHES  UINT32_C(3)
#define VFIOPM_MSIX_STAT_TRIGGERS  UINT32_C(4) /* VFIO was given the other eventfd */
#define VFIOPM_MSIX_STAT_RELAYED   UINT32_C(5) /* dispatch found an interrupt */
#define VFIOPM_MSIX_STAT_DELIVERED UINT32_C(6) /* the library delivered one */
#define VFIOPM_MSIX_STAT_CHANGES   UINT32_C(7) /* the way changed */
#define VFIOPM_MSIX_STAT_TRAPS	   UINT32_C(8) /* calls of trap; of VFIOPM_MSIX_ALL alone */

/*
 * How often something was done since the object was made.
 *
 * 0, or -EINVAL (a NULL, no such vector or stat).
 */
int vfiopm_msix_get_stat(struct vfiopm_msix *msix, uint32_t vector, uint32_t stat,
			 uint64_t *ret_value);

#ifdef __cplusplus
}
#endif

#endif

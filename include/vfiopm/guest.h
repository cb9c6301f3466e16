/* SPDX-License-Identifier: MIT */
/*
 * A PCI function that is passed through to a guest: what the guest sees of its interrupts and of
 * its power. See vfiopm_guest(3).
 *
 * The VMM forwards the guest's accesses to the configuration space, to the MSI-X table and to the
 * PBA. The object emulates the MSI, MSI-X and PM capabilities, and keeps one of INTx, MSI and MSI-X
 * enabled, as the guest's driver wants. The VMM keeps its memory map and its interrupt controller,
 * which it connects with the callbacks of struct vfiopm_guest_ops.
 *
 * The VMM makes an access of the guest in this order:
 * 1. It answers the registers that it emulates itself, such as the BARs.
 * 2. It calls vfiopm_guest_config_read() or _write() for the configuration space, and
 *    vfiopm_guest_msix_read() or _write() for a BAR. The object serves the MSI-X table and the PBA,
 *    which the device has only for the host.
 * 3. If the call has returned 0, it makes the access to the device, with vfiopm_region_read() or
 *    vfiopm_region_write().
 * The guest can access the other pages of a BAR without the VMM: vfiopm_region_get_guest_area().
 *
 * A guest's access cannot fail. If the kernel or a callback refuses what the access requires, the
 * guest's registers take their new values, the callback broken() reports the failure, and each
 * later access and vfiopm_guest_dispatch() retry. The fd of the object becomes readable for a retry.
 *
 * The object owns the interrupts and the power of its device: do not call vfiopm_irq_*() on INTx,
 * MSI and MSI-X, vfiopm_msix_*() or vfiopm_enter_wakeup() beside it. Create one object per
 * device. The device must outlive the object.
 *
 * vfiopm-locking(7) states which locks of the VMM may be held.
 */
#ifndef VFIOPM_GUEST_H
#define VFIOPM_GUEST_H

#include <stddef.h>
#include <stdint.h>

#include <vfiopm/device.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfiopm_guest;

/*
 * The callbacks of the VMM. data is the pointer that was passed to vfiopm_guest_new(). A later
 * version can append members. route and irqfd must be set. Each of the others may be NULL.
 *
 * A callback runs in the thread of the call that causes it, while the library holds locks of the
 * object. A callback must not call the library on the same object, must not take a lock that
 * another thread holds while that thread calls the library on the same object, and must not wake
 * the device. It may call vfiopm_region_get_*() on the regions of the device, except the first
 * vfiopm_region_get_guest_area(), which wakes the device. wake and powered run without these locks,
 * in vfiopm_guest_dispatch().
 */
struct vfiopm_guest_ops {
	/*
	 * Make a GSI deliver a message of the guest, and return the GSI, or a negative errno. index
	 * is VFIOPM_IRQ_INTX, VFIOPM_IRQ_MSI or VFIOPM_IRQ_MSIX. address and message are what the
	 * guest has written for the vector; both are 0 for INTx. The library calls route before the
	 * vector can deliver, and again before it delivers with another message. The VMM keeps one
	 * GSI for each index and vector, and may return another one than before.
	 */
	int (*route)(void *data, uint32_t index, uint32_t vector, uint64_t address,
		     uint32_t message);

	/*
	 * Attach (on is 1) or detach (on is 0) an irqfd and a GSI. resample_fd is -1, except for
	 * INTx: the hypervisor then deasserts the GSI and signals resample_fd when the guest ends
	 * the interrupt. After a detach the hypervisor delivers no more interrupts of the irqfd,
	 * and the eventfd counts only interrupts that were not delivered. Return 0 or a negative
	 * errno. KVM_IRQFD does this.
	 */
	int (*irqfd)(void *data, uint32_t gsi, int fd, int resample_fd, int on);

	/*
	 * Remove the guest's memory slots of the BARs (on is 0) or set them again (on is 1). The
	 * library removes them before the device enters low power, and sets them after it has left
	 * low power. vfiopm_region_get_guest_area() and vfiopm_region_get_address() describe a slot.
	 * Return 0 or a negative errno.
	 */
	int (*mappings)(void *data, int on);

	/*
	 * The host woke the device, and the guest has enabled PME. The VMM signals the guest, for
	 * example with an ACPI GPE. If this callback is NULL, the PM capability shows the guest no
	 * PME.
	 */
	void (*wake)(void *data);

	/*
	 * A call of the library or a callback has failed: its name, and a negative errno. The object
	 * goes on trying. The same call with the same errno is reported once, until nothing is left
	 * to retry.
	 */
	void (*broken)(void *data, const char *call, int error);

	/*
	 * A power change of vfiopm_guest_begin_power() has ended. on is the wanted power, error is 0
	 * or a negative errno: -ECANCELED if a later change has replaced it.
	 */
	void (*powered)(void *data, int on, int error);
};

/*
 * Create the guest's view of a device. The call reads the configuration space. No interrupt is
 * enabled, until the first access of the guest or vfiopm_guest_reset() enables INTx.
 *
 * The library copies ops. ops_size is sizeof(struct vfiopm_guest_ops). The caller keeps data, which
 * must be valid until vfiopm_guest_free() has returned.
 * The returned object must be freed by the caller using vfiopm_guest_free().
 *
 * Returns 0, or:
 *   -EINVAL  dev, ops, route, irqfd or ret_guest is NULL; the device is not PCI; or ops has a
 *            non-zero member that this version does not know
 *   -EIO     the kernel could not resume the device, or the configuration space could not be read
 *   -EPROTO  the list of capabilities is malformed, or the kernel reports another number of MSI-X
 *            vectors than the capability
 *   -EBADF   the caller has closed the device fd
 *   -EMFILE, -ENFILE, -ENOMEM  no more fds, or no memory
 *
 * Wakes the device: yes. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_guest_new(struct vfiopm_device *dev, const struct vfiopm_guest_ops *ops, size_t ops_size,
		     void *data, struct vfiopm_guest **ret_guest);

/*
 * Disable the interrupts, detach all irqfds, and free the object. NULL is accepted. The power state
 * of the device stays. This must be the last call on the object.
 *
 * Returns NULL.
 *
 * Wakes the device: if an interrupt is enabled. Thread-safe: no. Since: 0.1.
 */
struct vfiopm_guest *vfiopm_guest_free(struct vfiopm_guest *guest);

/* ---- the guest's accesses ---- */

/*
 * Read or write the guest's configuration space. width is 1, 2 or 4, and the access is within one
 * aligned group of 4 bytes, as on the bus. The object handles the MSI, MSI-X and PM capabilities,
 * and reads of the rest while the device is in low power. Values are in the byte order of the host.
 *
 * A write that sets Initiate Function Level Reset, in the PCI Express or in the Advanced Features
 * capability, makes the object do what vfiopm_guest_reset() does, if the device has this reset.
 * Failures go to broken().
 *
 * Returns 1 if the object has handled the access, 0 if the VMM must make it, or:
 *   -EINVAL  guest or ret_value is NULL, or there is no such access
 *
 * Wakes the device: only a write of PMCSR that changes the power. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_guest_config_read(struct vfiopm_guest *guest, uint32_t offset, uint32_t width,
			     uint32_t *ret_value);
int vfiopm_guest_config_write(struct vfiopm_guest *guest, uint32_t offset, uint32_t width,
			      uint32_t value);

/*
 * Read or write length bytes of a BAR, beginning with offset, if one of them is in the MSI-X table
 * or in the PBA. Any width and alignment is allowed. See vfiopm_guest_msix(3).
 *
 * Returns 1 if the object has handled the access, 0 if no byte is in the table or in the PBA, or:
 *   -EINVAL  guest or the bytes are NULL, or length is 0
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_guest_msix_read(struct vfiopm_guest *guest, uint32_t bar, uint64_t offset, size_t length,
			   void *ret_bytes);
int vfiopm_guest_msix_write(struct vfiopm_guest *guest, uint32_t bar, uint64_t offset,
			    size_t length, const void *bytes);

/* ---- power and reset ---- */

/*
 * Turn the virtual power resource of the device off, as the guest's firmware does with _OFF: remove
 * the memory slots, read the shadow of the configuration space, and enter low power. If the power is
 * off, the call only retries what is undone. A call of another thread on the power ends first.
 *
 * If a step fails, the library undoes the earlier steps in reverse order. The power is then on.
 *
 * Returns 0, an errno of mappings(), another errno of vfiopm_enter_wakeup() or vfiopm_enter(), or:
 *   -EINVAL  guest is NULL
 *   -ENOTTY  the device does not have the low-power feature
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the configuration space cannot be read
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_guest_power_off(struct vfiopm_guest *guest);

/*
 * Turn the virtual power resource of the device on, as the guest's firmware does with _ON: exit low
 * power, and set the memory slots again. If the power is on, the call only retries what is undone.
 * The call takes as long as the device takes to resume. A call of another thread on the power ends
 * first.
 *
 * If a step fails, the library undoes the earlier steps in reverse order. The power is then off.
 *
 * Returns 0, an errno of mappings(), another errno of vfiopm_exit(), or:
 *   -EINVAL  guest is NULL
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the kernel could not resume the device
 *
 * Wakes the device: yes. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_guest_power_on(struct vfiopm_guest *guest);

/*
 * Begin a power change: on is 1 or 0. The next vfiopm_guest_dispatch() makes it, outside the thread
 * of the vCPU, and reports it with powered(). A later call of this function, of
 * vfiopm_guest_power_on() or of vfiopm_guest_power_off() replaces a change that dispatch has not
 * begun. Dispatch then reports the replaced change with ECANCELED, negated.
 *
 * Returns 0, or:
 *   -EINVAL  guest is NULL, or on is neither 0 nor 1
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_guest_begin_power(struct vfiopm_guest *guest, int on);

/*
 * Return whether the virtual power resource is on. The call never waits for a power change.
 *
 * Returns 1 or 0, or -EINVAL if guest is NULL.
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_guest_is_powered(struct vfiopm_guest *guest);

/*
 * Do what a reboot of the guest does: wake the device and reset it (vfiopm_reset()), and reset what
 * the guest sees. MSI and MSI-X are disabled with all vectors masked, nothing is pending, and INTx is
 * enabled.
 *
 * If a step fails, the later steps are made nevertheless. The object retries the step, except the
 * reset of the device.
 *
 * Returns 0, an errno of a callback, another errno of vfiopm_exit(), vfiopm_reset() or vfiopm_irq_*(),
 * or:
 *   -EINVAL  guest is NULL, or the device cannot be reset
 *   -EIO     the kernel could not resume the device
 *
 * Wakes the device: yes. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_guest_reset(struct vfiopm_guest *guest);

/* ---- the event loop ---- */

/*
 * Return an fd that is readable while vfiopm_guest_dispatch() has work to do. The fd belongs to the
 * object: the caller may only poll it.
 *
 * Returns the fd, or -EINVAL if guest is NULL.
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_guest_get_fd(const struct vfiopm_guest *guest);

/*
 * Handle wakes, interrupts to relay, and power changes that have begun, and retry what failed
 * earlier. The call does not wait for events.
 *
 * Returns the number of events that were handled, or -EINVAL if guest is NULL. Failures go to
 * broken().
 *
 * Wakes the device: if it makes a power change, or a retry does. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_guest_dispatch(struct vfiopm_guest *guest);

/*
 * Return the number of fds that the object has open.
 *
 * Returns a count, or -EINVAL if guest is NULL.
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_guest_count_fds(struct vfiopm_guest *guest);

/*
 * Set how MSI-X vectors reach the guest, VFIOPM_MSIX_POLICY_*. With VFIOPM_MSIX_POLICY_HOLD no
 * interrupt needs vfiopm_guest_dispatch(). The default is AUTO.
 *
 * Returns 0, or:
 *   -EINVAL  guest is NULL, or there is no such policy
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_guest_set_policy(struct vfiopm_guest *guest, uint32_t policy);

#ifdef __cplusplus
}
#endif

#endif

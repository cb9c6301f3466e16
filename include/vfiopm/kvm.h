/* SPDX-License-Identifier: MIT */
/*
 * Irqfds of a KVM virtual machine (KVM_IRQFD), for a VMM that uses vfiopm_msix(3) with KVM. The
 * umbrella header does not include this header, because a VMM without KVM does not need it. A
 * static program that does not call these functions does not contain them.
 *
 * The VMM keeps the interrupt routes: KVM has one table of routes for all devices of a VM. When
 * the guest has written a vector's table entry, the VMM sets the route of the vector's GSI
 * (KVM_SET_GSI_ROUTING) and then unmasks the vector. The VMM may change a route at any time.
 */
#ifndef VFIOPM_KVM_H
#define VFIOPM_KVM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfiopm_kvm;

/*
 * Create the irqfd object of one device with count vectors, for a KVM VM.
 *
 * The caller keeps vm_fd and must keep it open until vfiopm_kvm_free() has returned. The library
 * never closes vm_fd. The call does not check vm_fd; the first attach does.
 * The returned object must be freed by the caller using vfiopm_kvm_free().
 *
 * Returns 0, or:
 *   -EINVAL  ret_kvm is NULL, or count is 0 or greater than 2048
 *   -ENOMEM  no memory
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_kvm_new(int vm_fd, uint32_t count, struct vfiopm_kvm **ret_kvm);

/*
 * Free an irqfd object. NULL is accepted. Free the struct vfiopm_msix that uses the object first.
 * This must be the last call on the object. The call does not detach any irqfd.
 *
 * Returns NULL.
 *
 * Wakes the device: no. Thread-safe: no. Since: 0.1.
 */
struct vfiopm_kvm *vfiopm_kvm_free(struct vfiopm_kvm *kvm);

/*
 * Set the GSI of a vector. The VMM chooses the GSI and sets its route. The call must precede the
 * first unmask of the vector.
 *
 * Returns 0, or:
 *   -EINVAL  kvm is NULL, or the vector does not exist
 *   -EBUSY   the irqfd of the vector is attached
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_kvm_set_gsi(struct vfiopm_kvm *kvm, uint32_t vector, uint32_t gsi);

/*
 * Attach an irqfd to the GSI of a vector. The VMM calls this function from its own attach
 * callback, with the vector and the irqfd that the callback received, and returns the result.
 *
 * If the irqfd already has a count, KVM injects one interrupt (virt/kvm/eventfd.c,
 * kvm_irqfd_assign()). The call issues one ioctl on the VM and no ioctl on the device. KVM keeps
 * a reference to the eventfd; the owner of irqfd does not change.
 *
 * Returns 0, or:
 *   -EINVAL  kvm is NULL, the vector does not exist or has no GSI, irqfd is not an eventfd, or
 *            the VM has no interrupt controller in the kernel
 *   -EBADF   irqfd is not open, or the caller has closed vm_fd
 *   -ENOTTY  vm_fd is not a VM
 *   -EBUSY   irqfd is already attached to this VM
 *   -ENOMEM  no memory in the kernel
 *   -EPROTO  the kernel returned a value that KVM_IRQFD does not return
 *
 * Wakes the device: no. Thread-safe: yes, for different vectors. Since: 0.1.
 */
int vfiopm_kvm_attach(struct vfiopm_kvm *kvm, uint32_t vector, int irqfd);

/*
 * Detach an irqfd from the GSI of a vector. The VMM calls this function from its own detach
 * callback, with the vector and the irqfd that the callback received, and returns the result.
 *
 * When the call returns, KVM injects no more interrupts for the irqfd, and KVM has taken the
 * count of each interrupt that it injected (virt/kvm/eventfd.c, kvm_irqfd_deassign() and
 * irqfd_shutdown()). The call issues one ioctl on the VM and no ioctl on the device.
 *
 * Returns 0, or:
 *   -EINVAL  kvm is NULL, the vector does not exist or has no GSI, or irqfd is not an eventfd
 *   -EBADF   irqfd is not open, or the caller has closed vm_fd
 *   -ENOTTY  vm_fd is not a VM
 *   -EPROTO  the kernel returned a value that KVM_IRQFD does not return
 *
 * Wakes the device: no. Thread-safe: yes, for different vectors. Since: 0.1.
 */
int vfiopm_kvm_detach(struct vfiopm_kvm *kvm, uint32_t vector, int irqfd);

#ifdef __cplusplus
}
#endif

#endif

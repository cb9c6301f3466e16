/* SPDX-License-Identifier: MIT */
/*
 * Irqfds of a KVM virtual machine (KVM_IRQFD), as vfiopm_msix_set_irqfd() takes them. Not
 * part of the umbrella header: a VMM without KVM needs none of it. See vfiopm_msix(3).
 *
 * The routes are the VMM's, as it has one table of them for all devices: it sets the route of a
 * GSI (KVM_SET_GSI_ROUTING) from what the guest has written to the vector's entry, then unmasks
 * the vector. A route may be changed at any time.
 */
#ifndef VFIOPM_KVM_H
#define VFIOPM_KVM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfiopm_kvm;

/*
 * The irqfds of one device with count vectors, in the machine of a KVM VM fd. vm_fd is
 * borrowed, and stays open until vfiopm_kvm_free(). It is not looked at before an irqfd is
 * attached.
 *
 * 0, or -EINVAL (ret_kvm is NULL, or count is 0 or more than 2048), -ENOMEM.
 */
int vfiopm_kvm_new(int vm_fd, uint32_t count, struct vfiopm_kvm **ret_kvm);

/*
 * Free it, after the struct vfiopm_msix that uses it. Always returns NULL. NULL is accepted.
 */
struct vfiopm_kvm *vfiopm_kvm_free(struct vfiopm_kvm *kvm);

/*
 * The GSI of a vector: the VMM's own number, by which it sets the route. To be said before
 * the vector is unmasked for the first time, and not changed while it is attached.
 *
 * 0, or -EINVAL (kvm is NULL, or no such vector), -EBUSY (its irqfd is attached).
 */
int vfiopm_kvm_set_gsi(struct vfiopm_kvm *kvm, uint32_t vector, uint32_t gsi);

/*
 * For vfiopm_msix_set_irqfd(), with the struct vfiopm_kvm as data: attach an irqfd to the GSI of
 * its vector. A count that it has is delivered (virt/kvm/eventfd.c, kvm_irqfd_assign()). One
 * ioctl on the VM, none on the device, which is not woken.
 *
 * 0, or:
 *   -EINVAL  kvm is NULL, no such vector, or it has no GSI; or the kernel: irqfd is no eventfd,
 *            or the machine has no interrupt controller in the kernel
 *   -EBADF   irqfd is not open, or the caller has closed vm_fd
 *   -ENOTTY  vm_fd is no VM
 *   -EBUSY   irqfd is attached to this machine already
 *   -ENOMEM  no memory in the kernel
 *   -EPROTO  the kernel gave an answer that it never gives
 */
int vfiopm_kvm_attach(struct vfiopm_kvm *kvm, uint32_t vector, int irqfd);

/*
 * The other one: detach it. Nothing more is delivered when it returns, and the count of what was
 * is taken (kvm_irqfd_deassign(), irqfd_shutdown()). One ioctl on the VM, none on the device,
 * which is not woken.
 *
 * 0, or:
 *   -EINVAL  kvm is NULL, no such vector, or it has no GSI; or the kernel: irqfd is no eventfd
 *   -EBADF   irqfd is not open, or the caller has closed vm_fd
 *   -ENOTTY  vm_fd is no VM
 *   -EPROTO  the kernel gave an answer that it never gives
 */
int vfiopm_kvm_detach(struct vfiopm_kvm *kvm, uint32_t vector, int irqfd);

#ifdef __cplusplus
}
#endif

#endif

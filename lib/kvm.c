// SPDX-License-Identifier: MIT
/*
 * The irqfds of one device in a KVM virtual machine: the GSI of each vector, and KVM_IRQFD. The
 * object is independent of struct vfiopm_msix, whose callbacks in the VMM call it.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <vfiopm/kvm.h>

#include "export.h"
#include "sys.h"
#include "uapi.h"

/* The largest number of vectors that MSI-X can have. */
#define MAX_VECTORS 2048

struct line {
	_Atomic uint32_t gsi;
	atomic_bool has_gsi;
	atomic_bool attached; /* KVM detaches by fd and GSI, so the GSI must not change */
};

struct vfiopm_kvm {
	int vm_fd;
	uint32_t count;
	struct line lines[];
};

static struct line *find_line(struct vfiopm_kvm *kvm, uint32_t vector)
{
	return kvm && vector < kvm->count ? &kvm->lines[vector] : NULL;
}

VFIOPM__PUBLIC int vfiopm_kvm_new(int vm_fd, uint32_t count, struct vfiopm_kvm **ret_kvm)
{
	struct vfiopm_kvm *kvm;

	if (!ret_kvm || count == 0 || count > MAX_VECTORS)
		return -EINVAL;
	kvm = calloc(1, sizeof(*kvm) + count * sizeof(kvm->lines[0]));
	if (!kvm)
		return -ENOMEM;
	kvm->vm_fd = vm_fd;
	kvm->count = count;
	*ret_kvm = kvm;
	return 0;
}

VFIOPM__PUBLIC struct vfiopm_kvm *vfiopm_kvm_free(struct vfiopm_kvm *kvm)
{
	free(kvm);
	return NULL;
}

VFIOPM__PUBLIC int vfiopm_kvm_set_gsi(struct vfiopm_kvm *kvm, uint32_t vector, uint32_t gsi)
{
	struct line *line = find_line(kvm, vector);

	if (!line)
		return -EINVAL;
	if (line->attached)
		return -EBUSY;
	line->gsi = gsi;
	line->has_gsi = true;
	return 0;
}

static int change(struct vfiopm_kvm *kvm, uint32_t vector, int irqfd, bool attach)
{
	struct line *line = find_line(kvm, vector);
	struct vfiopm__kvm_irqfd request;
	int r;

	if (!line || !line->has_gsi)
		return -EINVAL;
	request = (struct vfiopm__kvm_irqfd){
		.fd = (uint32_t)irqfd,
		.gsi = line->gsi,
		.flags = attach ? 0 : VFIOPM__KVM_IRQFD_DEASSIGN,
	};
	r = vfiopm__sys_command(kvm->vm_fd, VFIOPM__KVM_IRQFD, &request);
	if (r == 0)
		line->attached = attach;
	return r;
}

VFIOPM__PUBLIC int vfiopm_kvm_attach(struct vfiopm_kvm *kvm, uint32_t vector, int irqfd)
{
	return change(kvm, vector, irqfd, true);
}

VFIOPM__PUBLIC int vfiopm_kvm_detach(struct vfiopm_kvm *kvm, uint32_t vector, int irqfd)
{
	return change(kvm, vector, irqfd, false);
}

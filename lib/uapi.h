/* SPDX-License-Identifier: MIT */
/*
 * The kernel's uAPI, as the library's own files see it: <linux/vfio.h>, with
 * what headers older than the kernels we run on do not have yet. The numbers
 * are ABI; the assertions hold our fallbacks against the real header wherever
 * it has them.
 */
#ifndef VFIOPM_UAPI_H
#define VFIOPM_UAPI_H

#include <assert.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/kcmp.h>
#include <linux/vfio.h>

/* Linux 6.1: include/uapi/linux/vfio.h, the low-power features. */
#ifndef VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY
#define VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY		3
#define VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP 4
#define VFIO_DEVICE_FEATURE_LOW_POWER_EXIT		5
#endif

/* Linux 6.10: include/uapi/linux/fcntl.h. */
#ifndef F_DUPFD_QUERY
#define F_DUPFD_QUERY 1027
#endif

/* Linux 6.6: the device cdev. The structs have names of our own, as a header
 * may or may not have the kernel's. */
#ifndef VFIO_DEVICE_BIND_IOMMUFD
#define VFIO_DEVICE_BIND_IOMMUFD      _IO(VFIO_TYPE, VFIO_BASE + 18)
#define VFIO_DEVICE_ATTACH_IOMMUFD_PT _IO(VFIO_TYPE, VFIO_BASE + 19)
#endif

/* Linux 6.2: include/uapi/linux/iommufd.h, which Debian 12 does not ship. */
#ifndef IOMMU_IOAS_ALLOC
#define IOMMU_IOAS_ALLOC _IO(';', 0x81)
#endif

struct vfiopm__bind_iommufd {
	uint32_t argsz;
	uint32_t flags;
	int32_t iommufd;
	uint32_t out_devid;
};

struct vfiopm__attach_iommufd_pt {
	uint32_t argsz;
	uint32_t flags;
	uint32_t pt_id;
};

struct vfiopm__ioas_alloc {
	uint32_t size;
	uint32_t flags;
	uint32_t out_ioas_id;
};

/* Linux 2.6.32: include/uapi/linux/kvm.h, which includes a header that a machine without KVM
 * does not have. */
struct vfiopm__kvm_irqfd {
	uint32_t fd;
	uint32_t gsi;
	uint32_t flags;
	uint32_t resamplefd;
	uint8_t pad[16];
};

#define VFIOPM__KVM_IRQFD	   _IOW(0xAE, 0x76, struct vfiopm__kvm_irqfd)
#define VFIOPM__KVM_IRQFD_DEASSIGN (UINT32_C(1) << 0)

/*
 * struct vfio_device_feature with room for the one payload that the power
 * features have, struct vfio_device_low_power_entry_with_wakeup.
 */
struct vfiopm__feature {
	uint32_t argsz;
	uint32_t flags;
	int32_t wakeup_eventfd;
	uint32_t reserved;
};

#if __has_include(<asm/kvm.h>)
#include <linux/kvm.h>
static_assert(VFIOPM__KVM_IRQFD == KVM_IRQFD, "KVM_IRQFD");
static_assert(VFIOPM__KVM_IRQFD_DEASSIGN == KVM_IRQFD_FLAG_DEASSIGN, "KVM_IRQFD_FLAG_DEASSIGN");
static_assert(offsetof(struct vfiopm__kvm_irqfd, gsi) == offsetof(struct kvm_irqfd, gsi), "gsi");
#endif
static_assert(F_DUPFD_QUERY == 1027, "F_DUPFD_QUERY");
static_assert(VFIO_DEVICE_GET_INFO == 0x3b6b, "VFIO_DEVICE_GET_INFO");
static_assert(VFIO_DEVICE_GET_IRQ_INFO == 0x3b6d, "VFIO_DEVICE_GET_IRQ_INFO");
static_assert(VFIO_DEVICE_SET_IRQS == 0x3b6e, "VFIO_DEVICE_SET_IRQS");
static_assert(VFIO_DEVICE_FEATURE == 0x3b75, "VFIO_DEVICE_FEATURE");
static_assert(VFIO_DEVICE_BIND_IOMMUFD == 0x3b76, "VFIO_DEVICE_BIND_IOMMUFD");
static_assert(VFIO_DEVICE_ATTACH_IOMMUFD_PT == 0x3b77, "VFIO_DEVICE_ATTACH_IOMMUFD_PT");
static_assert(IOMMU_IOAS_ALLOC == 0x3b81, "IOMMU_IOAS_ALLOC");
static_assert(VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY == 3, "LOW_POWER_ENTRY");
static_assert(VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP == 4, "LOW_POWER_ENTRY_WITH_WAKEUP");
static_assert(VFIO_DEVICE_FEATURE_LOW_POWER_EXIT == 5, "LOW_POWER_EXIT");
static_assert(offsetof(struct vfiopm__feature, wakeup_eventfd) ==
		      sizeof(struct vfio_device_feature),
	      "the payload follows the header");
static_assert(sizeof(struct vfiopm__feature) == 16, "an entry with wakeup is 16 bytes");

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The kernel's uAPI: <linux/vfio.h>, and fallbacks for headers that are older than the kernels on
 * which the library runs. The numbers are ABI. The assertions compare the fallbacks with the real
 * header where it has them.
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

/* Linux 6.6: the device cdev. The structs have other names than the kernel's, which a header may
 * or may not have. */
#ifndef VFIO_DEVICE_BIND_IOMMUFD
#define VFIO_DEVICE_BIND_IOMMUFD      _IO(VFIO_TYPE, VFIO_BASE + 18)
#define VFIO_DEVICE_ATTACH_IOMMUFD_PT _IO(VFIO_TYPE, VFIO_BASE + 19)
#endif

/* Linux 6.2: include/uapi/linux/iommufd.h, which Debian 12 does not ship. */
#ifndef IOMMU_IOAS_ALLOC
#define IOMMU_IOAS_ALLOC _IO(';', 0x81)
#endif

/* The last member, and the flag that announces it, are new in Linux 6.17. */
struct vfiopm__bind_iommufd {
	uint32_t argsz;
	uint32_t flags;
	int32_t iommufd;
	uint32_t out_devid;
	uint64_t token_uuid_ptr;
};

#define VFIOPM__BIND_FLAG_TOKEN (UINT32_C(1) << 0)
#define VFIOPM__BIND_SIZE	offsetof(struct vfiopm__bind_iommufd, token_uuid_ptr)

/* Linux 6.6: the flags of struct vfio_pci_hot_reset_info. */
#define VFIOPM__HOT_RESET_DEV_ID       (UINT32_C(1) << 0)
#define VFIOPM__HOT_RESET_DEV_ID_OWNED (UINT32_C(1) << 1)

/* struct vfio_pci_hot_reset_info and struct vfio_pci_hot_reset with the most devices of a bus. */
#define VFIOPM__BUS_DEVICES 256

struct vfiopm__hot_reset_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t count;
	struct vfio_pci_dependent_device devices[VFIOPM__BUS_DEVICES];
};

struct vfiopm__hot_reset {
	uint32_t argsz;
	uint32_t flags;
	uint32_t count;
	int32_t group_fds[VFIOPM__BUS_DEVICES];
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

/* Linux 2.6.32: include/uapi/linux/kvm.h. It includes a header that an architecture without KVM
 * lacks. */
struct vfiopm__kvm_irqfd {
	uint32_t fd;
	uint32_t gsi;
	uint32_t flags;
	uint32_t resamplefd;
	uint8_t pad[16];
};

#define VFIOPM__KVM_IRQFD	   _IOW(0xAE, 0x76, struct vfiopm__kvm_irqfd)
#define VFIOPM__KVM_IRQFD_DEASSIGN (UINT32_C(1) << 0)

/* The interfaces of the low-power patches before v5, which no header has. v3 and v4 have the number
 * of VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, v2 that of VFIO_DEVICE_BIND_IOMMUFD. */
#define VFIOPM__FEATURE_POWER_MANAGEMENT      3
#define VFIOPM__DEVICE_POWER_MANAGEMENT	      _IO(VFIO_TYPE, VFIO_BASE + 18)
#define VFIOPM__PM_LOW_POWER_ENTER	      (UINT32_C(1) << 0)
#define VFIOPM__PM_LOW_POWER_EXIT	      (UINT32_C(1) << 1)
#define VFIOPM__PM_LOW_POWER_REENTERY_DISABLE (UINT32_C(1) << 2)

/* struct vfio_device_feature, followed by the payload of a low-power feature: struct
 * vfio_device_low_power_entry_with_wakeup, the state of v3, or the flags of v4. */
struct vfiopm__feature {
	uint32_t argsz;
	uint32_t flags;
	union {
		struct {
			int32_t wakeup_eventfd;
			uint32_t reserved;
		};
		uint64_t state;
		uint32_t pm_flags;
	};
};

#if __has_include(<asm/kvm.h>)
#include <linux/kvm.h>
static_assert(VFIOPM__KVM_IRQFD == KVM_IRQFD, "KVM_IRQFD");
static_assert(VFIOPM__KVM_IRQFD_DEASSIGN == KVM_IRQFD_FLAG_DEASSIGN, "KVM_IRQFD_FLAG_DEASSIGN");
static_assert(offsetof(struct vfiopm__kvm_irqfd, gsi) == offsetof(struct kvm_irqfd, gsi), "gsi");
#endif
static_assert(VFIOPM__BIND_SIZE == 16, "the size of a bind without a token");
static_assert(VFIO_DEVICE_BIND_IOMMUFD == 0x3b76, "VFIO_DEVICE_BIND_IOMMUFD");
static_assert(VFIO_DEVICE_ATTACH_IOMMUFD_PT == 0x3b77, "VFIO_DEVICE_ATTACH_IOMMUFD_PT");
static_assert(IOMMU_IOAS_ALLOC == 0x3b81, "IOMMU_IOAS_ALLOC");
static_assert(offsetof(struct vfiopm__hot_reset_info, devices) ==
		      sizeof(struct vfio_pci_hot_reset_info),
	      "the devices follow the header");
static_assert(offsetof(struct vfiopm__hot_reset, group_fds) == sizeof(struct vfio_pci_hot_reset),
	      "the fds follow the header");
static_assert(VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY == 3, "LOW_POWER_ENTRY");
static_assert(VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP == 4, "LOW_POWER_ENTRY_WITH_WAKEUP");
static_assert(VFIO_DEVICE_FEATURE_LOW_POWER_EXIT == 5, "LOW_POWER_EXIT");
static_assert(offsetof(struct vfiopm__feature, wakeup_eventfd) ==
		      sizeof(struct vfio_device_feature),
	      "the payload follows the header");
static_assert(sizeof(struct vfiopm__feature) == 16, "an entry with wakeup is 16 bytes");

#endif

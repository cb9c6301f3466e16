// SPDX-License-Identifier: MIT
/*
 * Opening a device by its group (drivers/vfio/group.c, container.c, vfio_iommu_type1.c; before 6.2
 * vfio_main.c), and by its cdev (device_cdev.c, iommufd.c; 6.6).
 */
#include "rows.h"

#define CONTAINER "open container container"
#define GROUP	  "open group group"
#define ATTACHED  CONTAINER "; " GROUP "; SET_CONTAINER group container"
#define READY	  ATTACHED "; SET_IOMMU container 3"
#define OPENED	  READY "; GET_DEVICE_FD dev group self"
#define CDEV	  "open dev cdev"
#define BOUND	  CDEV "; open b iommu; BIND dev 16 0 b 0"

static const struct row rows[] = {
	/* ---- the container ---- */
	{ "new container", CONTAINER,
	  "GET_API_VERSION container; CHECK_EXTENSION container 1; "
	  "CHECK_EXTENSION container 3; CHECK_EXTENSION container 99",
	  ALL("0, 1, 1, 0") },
	{ "other ioctls on a new container", CONTAINER,
	  "FEATURE container 8 0; IOCTL container 99; IOCTL container 13",
	  ALL("EINVAL, EINVAL, EINVAL") },
	{ "SET_IOMMU without a group", CONTAINER, "SET_IOMMU container 3; SET_IOMMU container 1",
	  ALL("EINVAL, EINVAL") },
	{ "SET_IOMMU, unknown type", ATTACHED, "SET_IOMMU container 99; SET_IOMMU container 0",
	  ALL("ENODEV, ENODEV") },
	{ "SET_IOMMU without an IOMMU", ATTACHED, "SET_IOMMU container 8", ALL("ENODEV") },
	{ "SET_IOMMU, type 1", ATTACHED, "SET_IOMMU container 1", ALL("0") },
	{ "SET_IOMMU, type 1 version 2", ATTACHED, "SET_IOMMU container 3", ALL("0") },
	/* The number of HOT_RESET_INFO is that of VFIO_IOMMU_GET_INFO. */
	{ "IOMMU_GET_INFO without an IOMMU", ATTACHED, "HOT_RESET_INFO container 16 0 0 0",
	  ALL("EINVAL") },
	{ "IOMMU_GET_INFO", READY,
	  "HOT_RESET_INFO container 16 0 0 0; HOT_RESET_INFO container 15 0 0 0; "
	  "HOT_RESET_INFO container 16 0",
	  ALL("0, EINVAL, EFAULT") },
	{ "SET_IOMMU twice", READY, "SET_IOMMU container 3; SET_IOMMU container 1",
	  ALL("EINVAL, EINVAL") },
	{ "CHECK_EXTENSION with an IOMMU", READY,
	  "CHECK_EXTENSION container 1; CHECK_EXTENSION container 3; CHECK_EXTENSION container 99",
	  ALL("1, 1, 0") },
	{ "other ioctls with an IOMMU", READY, "IOCTL container 99; FEATURE container 8 0",
	  ALL("ENOTTY, EINVAL") },
	{ "SET_IOMMU again after the last group",
	  READY "; close group; " GROUP "; SET_CONTAINER group container",
	  "SET_IOMMU container 3; GET_DEVICE_FD dev group self", ALL("0, fd") },

	/* ---- the group ---- */
	{ "group that does not exist", "", "open a /dev/vfio/12345", ALL("ENOENT") },
	{ "group is opened once", GROUP, "open a group; close group; open a group",
	  ALL("EBUSY, 0, fd") },
	{ "GET_STATUS of a new group", GROUP, "GET_STATUS group 8 ~0; show 0 1",
	  ALL("0, 0x8 0x1") },
	{ "GET_STATUS with a container", ATTACHED, "GET_STATUS group 8 0; show 1", ALL("0, 0x3") },
	{ "GET_STATUS with an open device", OPENED, "GET_STATUS group 8 0; show 1", ALL("0, 0x3") },
	{ "GET_STATUS, argsz 7", GROUP, "GET_STATUS group 7 0", ALL("EINVAL") },
	{ "GET_STATUS, 4 bytes readable", GROUP, "GET_STATUS group 8", ALL("EFAULT") },
	{ "unknown ioctl on a group", GROUP,
	  "IOCTL group 99; FEATURE group 8 0; GET_INFO group 16 0 0 0",
	  ALL("ENOTTY, ENOTTY, ENOTTY") },
	{ "SET_CONTAINER", CONTAINER "; " GROUP, "SET_CONTAINER group container", ALL("0") },
	{ "SET_CONTAINER, unreadable", GROUP, "SET_CONTAINER group", ALL("EFAULT") },
	{ "SET_CONTAINER, fd -1", GROUP, "SET_CONTAINER group -1", CHANGED_6_1("EINVAL", "EBADF") },
	{ "SET_CONTAINER, closed fd", GROUP, "SET_CONTAINER group closed", ALL("EBADF") },
	{ "SET_CONTAINER, fd of a file", GROUP, "SET_CONTAINER group null",
	  CHANGED_6_5("EINVAL", "EBADFD") },
	{ "SET_CONTAINER, fd of an eventfd", GROUP, "SET_CONTAINER group e0",
	  CHANGED_6_5("EINVAL", "EBADFD") },
	{ "SET_CONTAINER, fd of the group", GROUP, "SET_CONTAINER group group",
	  CHANGED_6_5("EINVAL", "EBADFD") },
	{ "SET_CONTAINER twice", ATTACHED,
	  "SET_CONTAINER group container; SET_CONTAINER group closed; SET_CONTAINER group null",
	  CHANGED_6_1("EINVAL, EINVAL, EINVAL", "EINVAL, EBADF, EINVAL") },
	{ "UNSET_CONTAINER of a new group", GROUP, "UNSET_CONTAINER group", ALL("EINVAL") },
	{ "UNSET_CONTAINER", READY,
	  "UNSET_CONTAINER group; GET_STATUS group 8 0; show 1; "
	  "SET_CONTAINER group container",
	  ALL("0, 0, 0x1, 0") },
	{ "UNSET_CONTAINER with an open device", OPENED, "UNSET_CONTAINER group", ALL("EBUSY") },

	/* ---- the device ---- */
	{ "GET_DEVICE_FD", READY, "GET_DEVICE_FD dev group self; GET_INFO dev 16 0 0 0",
	  ALL("fd, 0") },
	{ "GET_DEVICE_FD without a container", GROUP, "GET_DEVICE_FD dev group self",
	  ALL("EINVAL") },
	{ "GET_DEVICE_FD without an IOMMU", ATTACHED, "GET_DEVICE_FD dev group self",
	  ALL("EINVAL") },
	/* Since 5.19 the kernel looks for the device before the container. */
	{ "another address without a container", GROUP, "GET_DEVICE_FD dev group 0000:7f:1f.7",
	  CHANGED_6_1("EINVAL", "ENODEV") },
	{ "another address without an IOMMU", ATTACHED, "GET_DEVICE_FD dev group 0000:7f:1f.7",
	  CHANGED_6_1("EINVAL", "ENODEV") },
	{ "another address", READY, "GET_DEVICE_FD dev group 0000:7f:1f.7", ALL("ENODEV") },
	{ "part of the address", READY, "GET_DEVICE_FD dev group 0000:01:00", ALL("ENODEV") },
	{ "longer address", READY, "GET_DEVICE_FD dev group 0000:01:00.00", ALL("ENODEV") },
	{ "no address", READY, "GET_DEVICE_FD dev group x", ALL("ENODEV") },
	{ "unreadable address", READY, "IOCTL group 6", ALL("EFAULT") },
	{ "repeated GET_DEVICE_FD", OPENED,
	  "GET_DEVICE_FD a group self; enter; FEATURE a 8 EXIT|SET",
	  CHANGED_6_1("fd, ENOTTY, ENOTTY", "fd, 0, 0") },
	{ "device without its group fd", OPENED "; close group",
	  "GET_INFO dev 16 0 0 0; open a group", ALL("0, EBUSY") },
	{ "device without its container fd", OPENED "; close container", "GET_INFO dev 16 0 0 0",
	  ALL("0") },
	{ "group after the last close", OPENED "; close group; close dev", "open a group",
	  ALL("fd") },
	{ "device and dup", OPENED "; dup a dev; close dev", "GET_INFO a 16 0 0 0; close a",
	  ALL("0, 0") },
	{ "dup in low power", OPENED "; dup a dev; enter; asleep; close dev",
	  "settle; close a; close group; close container; reopen; enter; exit",
	  SINCE_6_1("asleep, 0, 0, 0, 0, 0, 0") },

	/* ---- 118 was the ioctl of the v2 patches, and is VFIO_DEVICE_BIND_IOMMUFD since 6.6 ---- */
	{ "118 on a device", OPENED, "BIND dev 8 0 0 0; BIND dev 8 1 0 0; BIND dev 16 0 0 0",
	  EACH("ENOTTY, ENOTTY, ENOTTY", "ENOTTY, ENOTTY, ENOTTY", "ENOTTY, ENOTTY, ENOTTY",
	       "EINVAL, EINVAL, EINVAL", "ENOTTY, ENOTTY, ENOTTY") },
	{ "118 in S2b", OPENED "; map; wakeup w; asleep", "BIND dev 8 0 0 0; state",
	  EACH(NULL, "ENOTTY, w=1 S0", "ENOTTY, S2 w=1", "EINVAL, S2 w=1", "ENOTTY, S2 w=1") },
	{ "118 in S1b", OPENED "; map; enter; asleep", "BIND dev 8 1 0 0; state",
	  EACH(NULL, "ENOTTY, S1", "ENOTTY, S1", "EINVAL, S1", "ENOTTY, S1") },
	{ "ATTACH on a device opened by its group", OPENED, "ATTACH dev 12 0 1; DETACH dev 8 0",
	  ALL("ENOTTY, ENOTTY") },

	/* ---- a cdev that is not bound ---- */
	{ "open of the cdev", "", "open a cdev; open b iommu",
	  EACH("ENOENT, ENOENT", "ENOENT, ENOENT", "ENOENT, ENOENT", "fd, fd", "ENOENT, ENOENT") },
	{ "FEATURE on an unbound cdev", CDEV,
	  "FEATURE dev 8 ENTRY|PROBE; FEATURE dev; FEATURE dev 8 0xfff0",
	  ONLY_CDEV("EINVAL, EINVAL, EINVAL") },
	{ "ioctls on an unbound cdev", CDEV,
	  "GET_INFO dev 16 0 0 0; GET_IRQ_INFO dev 16 0 0 0; SET_IRQS dev; RESET dev; IOCTL dev "
	  "99; "
	  "ATTACH dev 12 0 1",
	  ONLY_CDEV("EINVAL, EINVAL, EINVAL, EINVAL, EINVAL, EINVAL") },
	{ "accesses to an unbound cdev", CDEV,
	  "read CONFIG 0; write CONFIG 0; mmap BAR0 0 0x1000; read BAR0 8 0",
	  ONLY_CDEV("EINVAL, EINVAL, EINVAL, EINVAL") },
	{ "unbound cdev is opened twice", CDEV, "open a cdev", ONLY_CDEV("fd") },
	{ "unbound cdev beside a group", CDEV, GROUP, ONLY_CDEV("fd") },

	/* ---- BIND ---- */
	{ "BIND, nothing readable", CDEV, "BIND dev", ONLY_CDEV("EFAULT") },
	{ "BIND, 12 bytes readable", CDEV, "BIND dev 16 0 0", ONLY_CDEV("EFAULT") },
	{ "BIND, argsz 15", CDEV "; open b iommu", "BIND dev 15 0 b 0", ONLY_CDEV("EINVAL") },
	{ "BIND, argsz 8", CDEV, "BIND dev 8 0 0 0; BIND dev 8 1 0 0",
	  ONLY_CDEV("EINVAL, EINVAL") },
	{ "BIND, a flag", CDEV "; open b iommu", "BIND dev 16 1 b 0", ONLY_CDEV("EINVAL") },
	{ "BIND, fd -1", CDEV, "BIND dev 16 0 -1 0", ONLY_CDEV("EINVAL") },
	{ "BIND, closed fd", CDEV, "BIND dev 16 0 closed 0", ONLY_CDEV("EBADF") },
	{ "BIND, fd of a file", CDEV,
	  "BIND dev 16 0 null 0; BIND dev 16 0 e0 0; BIND dev 16 0 dev 0",
	  ONLY_CDEV("EBADFD, EBADFD, EBADFD") },
	{ "BIND, fd of a container", CDEV "; " CONTAINER, "BIND dev 16 0 container 0",
	  ONLY_CDEV("EBADFD") },
	{ "BIND", CDEV "; open b iommu", "BIND dev 16 0 b 0; show 0 1 3; GET_INFO dev 16 0 0 0",
	  ONLY_CDEV("0, 0x10 0 0x1, 0") },
	{ "BIND, argsz 4096", CDEV "; open b iommu", "BIND dev 4096 0 b 0", ONLY_CDEV("0") },
	{ "BIND while the group is open", CDEV "; open b iommu; " GROUP,
	  "BIND dev 16 0 b 0; close group; BIND dev 16 0 b 0", ONLY_CDEV("EBUSY, 0, 0") },
	{ "BIND after a failed BIND", CDEV "; open b iommu",
	  "BIND dev 16 0 null 0; BIND dev 16 0 b 0", ONLY_CDEV("EBADFD, 0") },
	{ "BIND twice", BOUND, "BIND dev 16 0 b 0; BIND dev", ONLY_CDEV("EINVAL, EFAULT") },
	{ "BIND of another fd", BOUND "; open a cdev",
	  "BIND a 16 0 b 0; GET_INFO a 16 0 0 0; close dev; BIND a 16 0 b 0",
	  ONLY_CDEV("EINVAL, EINVAL, 0, 0") },
	{ "group of a bound device", BOUND, "open a group; close dev; open a group",
	  ONLY_CDEV("EBUSY, 0, fd") },
	{ "iommufd that is closed after the BIND", BOUND "; close b", "GET_INFO dev 16 0 0 0",
	  ONLY_CDEV("0") },
	{ "BIND, nothing readable, in S2b", BOUND "; map; wakeup w; asleep", "BIND dev; state",
	  ONLY_CDEV("EFAULT, S2 w=1") },

	/* ---- ATTACH ---- */
	{ "ATTACH", BOUND "; IOAS_ALLOC b 12 0 0",
	  "ATTACH dev 12 0 2; ATTACH dev 12 0 2; DETACH dev 8 0", ONLY_CDEV("0, 0, 0") },
	{ "ATTACH, nothing readable", BOUND, "ATTACH dev; ATTACH dev 12 0",
	  ONLY_CDEV("EFAULT, EFAULT") },
	{ "ATTACH, argsz 11", BOUND, "ATTACH dev 11 0 2", ONLY_CDEV("EINVAL") },
	{ "ATTACH, a flag", BOUND, "ATTACH dev 12 1 2", ONLY_CDEV("EINVAL") },
	{ "ATTACH, unknown id", BOUND, "ATTACH dev 12 0 999", ONLY_CDEV("ENOENT") },
	{ "DETACH", BOUND, "DETACH dev 8 0; DETACH dev 7 0; DETACH dev 8 1; DETACH dev",
	  ONLY_CDEV("0, EINVAL, EINVAL, EFAULT") },
	{ "ATTACH in S2b", BOUND "; map; wakeup w; asleep", "ATTACH dev 12 0 999; state",
	  ONLY_CDEV("ENOENT, w=1 S0") },

	/* ---- a device opened by its cdev ---- */
	{ "FEATURE on a bound cdev", BOUND,
	  "FEATURE dev 8 ENTRY|PROBE; FEATURE dev 8 0xfff0|SET; FEATURE b 8 0",
	  ONLY_CDEV("0, ENOTTY, ENOTTY") },
	{ "low power by the cdev", BOUND "; map; wakeup w; asleep", "exit; state",
	  ONLY_CDEV("0, w=1 S0") },
	{ "low power by the cdev, last close", BOUND "; map; wakeup w; asleep; unmap; close dev",
	  "take w; reopen; map; state", ONLY_CDEV("0, 0, 0, S0") },
	{ "dup of a bound cdev", BOUND "; dup a dev; close dev", "GET_INFO a 16 0 0 0",
	  ONLY_CDEV("0") },
	{ "MSI-X by the cdev", BOUND, "set MSIX 0 e0 e1; vectors 2", ONLY_CDEV("0, e0=1 e1=1") },
	{ "accesses by the cdev", BOUND, "read CONFIG 0; read BAR0 8 4; map; touch",
	  ONLY_CDEV("1, 4, 0, mapped") },
};

const struct table open_table = {
	.name = "open", .rows = rows, .count = COUNT_OF(rows), .starts_closed = true
};

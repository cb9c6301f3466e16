// SPDX-License-Identifier: MIT
/*
 * VFIO_DEVICE_RESET, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO and VFIO_DEVICE_PCI_HOT_RESET
 * (drivers/vfio/pci/vfio_pci_core.c). The device is alone on its bus. rows-power.c has what the
 * calls do in each state of low power.
 */
#include "rows.h"

#define HOT "HOT_RESET dev 16 0 1 group"
#define BOUND                                                                                      \
	"close dev; close group; close container; open dev cdev; open b iommu; BIND dev 16 0 b 0"

static const struct row rows[] = {
	/* ---- RESET ---- */
	{ "RESET", "", "RESET dev; RESET dev", ALL("0, 0") },
	{ "RESET on a group", "", "RESET group; RESET container", ALL("ENOTTY, ENOTTY") },
	{ "RESET keeps the memory on", "map", "RESET dev; touch; read BAR0 8 4",
	  ALL("0, mapped, 4") },
	{ "RESET keeps the memory off", "map; config 4 0", "RESET dev; touch; config 4",
	  ALL("0, SIGBUS, 0") },
	{ "RESET keeps COMMAND", "config 4 6; config 5 4", "RESET dev; config 4; config 5",
	  ALL("0, 0x6, 0x4") },
	{ "RESET keeps BARs", "poke CONFIG 0x10 0x12345678", "RESET dev; peek CONFIG 0x10",
	  ALL("0, 0x12340000") },
	{ "RESET leads to D0", "pmcsr 3", "RESET dev; pmcsr", ALL("0, 0") },
	{ "RESET keeps a pending vector", "set MSIX 0 -1; fire MSIX 0; clear",
	  "RESET dev; set MSIX 0 e0; await e0", ALL("0, 0, e0=1") },
	{ "RESET keeps raised INTx", "set INTX 0 e0; none MASK INTX 0 1; fire INTX 0",
	  "RESET dev; none UNMASK INTX 0 1; await e0", ALL("0, 0, e0=1") },
	{ "vector after RESET", "set MSIX 1 e1; RESET dev", "fire MSIX 1; await e1; clear",
	  ALL("0, e1=1, 0") },

	/* ---- the devices of a hot reset: argsz, flags, count, {group, segment bus devfn} ---- */
	{ "info", "", "HOT_RESET_INFO dev 20 ~0 ~0 0 0; show 0 1 2 4",
	  ALL("0, 0x14 0 0x1 0x10000") },
	{ "info, argsz 12", "", "HOT_RESET_INFO dev 12 ~0 ~0 7; show 0 1 2 3",
	  ALL("ENOSPC, 0xc 0 0x1 0x7") },
	{ "info, argsz 19", "", "HOT_RESET_INFO dev 19 0 0 7 7; show 2 3", ALL("ENOSPC, 0x1 0x7") },
	{ "info, argsz 4096", "", "HOT_RESET_INFO dev 4096 0 0 0 0; show 0 2 4",
	  ALL("0, 0x1000 0x1 0x10000") },
	{ "info, argsz 11", "", "HOT_RESET_INFO dev 11 0 0 0 0", ALL("EINVAL") },
	{ "info, nothing readable", "", "HOT_RESET_INFO dev", ALL("EFAULT") },
	{ "info, 8 bytes readable", "", "HOT_RESET_INFO dev 20 0", ALL("EFAULT") },
	{ "info, unwritable devices", "", "HOT_RESET_INFO dev 20 0 0", ALL("EFAULT") },
	{ "info on a group", "", "HOT_RESET_INFO group 20 0 0 0 0", ALL("ENOTTY") },

	/* ---- the hot reset: argsz, flags, count, fds ---- */
	{ "hot reset, argsz 11", "", "HOT_RESET dev 11 0 1 group", ALL("EINVAL") },
	{ "hot reset, a flag", "", "HOT_RESET dev 16 1 1 group", ALL("EINVAL") },
	{ "hot reset, nothing readable", "", "HOT_RESET dev", ALL("EFAULT") },
	{ "hot reset, 8 bytes readable", "", "HOT_RESET dev 16 0", ALL("EFAULT") },
	{ "hot reset, unreadable fd", "", "HOT_RESET dev 16 0 1", ALL("EFAULT") },
	{ "hot reset, count 0", "", "HOT_RESET dev 12 0 0", ALL("EINVAL") },
	{ "hot reset, count 2", "", "HOT_RESET dev 20 0 2 group group", ALL("EINVAL") },
	{ "hot reset, count -1", "", "HOT_RESET dev 16 0 -1 group", ALL("EINVAL") },
	{ "hot reset, closed fd", "", "HOT_RESET dev 16 0 1 closed", ALL("EBADF") },
	{ "hot reset, fd -1", "", "HOT_RESET dev 16 0 1 -1", ALL("EBADF") },
	{ "hot reset, fd of a file", "", "HOT_RESET dev 16 0 1 null; HOT_RESET dev 16 0 1 e0",
	  ALL("EINVAL, EINVAL") },
	{ "hot reset, fd of the container", "", "HOT_RESET dev 16 0 1 container", ALL("EINVAL") },
	{ "hot reset, fd of the device", "", "HOT_RESET dev 16 0 1 dev", ALL("EINVAL") },
	{ "hot reset on a group", "", "HOT_RESET group 16 0 1 group", ALL("ENOTTY") },

	/* ---- of a device that is opened by its cdev ---- */
	{ "info by the cdev", BOUND, "HOT_RESET_INFO dev 20 0 0 0 0; show 1 2 3 4",
	  ONLY_CDEV("0, 0x3 0x1 0x1 0x10000") },
	{ "hot reset by the cdev with an fd", BOUND,
	  "HOT_RESET dev 16 0 1 b; HOT_RESET dev 16 0 1 closed", ONLY_CDEV("EINVAL, EINVAL") },
	{ "RESET by the cdev", BOUND, "RESET dev", ONLY_CDEV("0") },
};

/* Where the device reaches only D3hot, QEMU's root port does not report an active link, and the kernel
 * gives the bus up (testbed_has_hot_reset()). */
static const struct row hot_rows[] = {
	{ "twice", "", HOT "; " HOT, ALL("0, 0") },
	{ "argsz 12", "", "HOT_RESET dev 12 0 1 group", ALL("0") },
	{ "keeps MSI-X", "set MSIX 0 e0 e1", HOT "; vectors 2", ALL("0, e0=1 e1=1") },
	{ "keeps INTx", "set INTX 0 e0; unmask-by e1", HOT "; unmask-by e2; loop INTX 0",
	  ALL("0, EBUSY, e0=1") },
	{ "keeps ERR and REQ", "set ERR 0 e0; set REQ 0 e1", HOT "; loop ERR 0; loop REQ 0",
	  ALL("0, e0=1, e1=1") },
	{ "keeps COMMAND", "config 4 6; config 5 4", HOT "; config 4; config 5",
	  ALL("0, 0x6, 0x4") },
	{ "keeps the memory on", "map", HOT "; touch; read BAR0 8 4", ALL("0, mapped, 4") },
	{ "leads to D0", "pmcsr 3", HOT "; pmcsr", ALL("0, 0") },
	{ "vector after a hot reset", "set MSIX 1 e1; " HOT, "fire MSIX 1; await e1; clear",
	  ALL("0, e1=1, 0") },
	{ "drops a pending vector", "set MSIX 0 -1; fire MSIX 0; clear",
	  HOT "; set MSIX 0 e0; counts", ALL("0, 0, -") },
	{ "S1b", "map; enter; asleep", HOT "; state", SINCE_6_1("0, S1") },
	{ "S2b", "map; wakeup w; asleep", HOT "; state", SINCE_6_1("0, w=1 S0") },
	{ "S2a", "map; host power/control on; wakeup w", HOT "; state", SINCE_6_1("0, S2a w=1") },
	{ "drops raised INTx", "set INTX 0 e0; none MASK INTX 0 1; fire INTX 0",
	  HOT "; none UNMASK INTX 0 1; counts", ALL("0, 0, -") },
	{ "by the cdev", BOUND, "HOT_RESET dev 12 0 0", ONLY_CDEV("0") },
};

const struct table reset_table = { .name = "reset", .rows = rows, .count = COUNT_OF(rows) };
const struct table hot_reset_table = {
	.name = "hot-reset", .rows = hot_rows, .count = COUNT_OF(hot_rows), .needs_d3cold = true
};

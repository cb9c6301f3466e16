// SPDX-License-Identifier: MIT
/*
 * VFIO_DEVICE_GET_IRQ_INFO, and the checks of VFIO_DEVICE_SET_IRQS before the function of an index,
 * of which the first that fails decides (drivers/vfio/vfio_main.c,
 * vfio_set_irqs_validate_and_prepare(); drivers/vfio/pci/vfio_pci_intrs.c,
 * vfio_pci_set_irqs_ioctl()).
 */
#include "rows.h"

static const struct row rows[] = {
	/* ---- GET_IRQ_INFO: argsz, flags, index, count ---- */
	{ "info of INTx", "", "GET_IRQ_INFO dev 16 ~0 INTX ~0; show 0 1 2 3",
	  ALL("0, 0x10 0x7 0 0x1") },
	{ "info of MSI", "", "GET_IRQ_INFO dev 16 ~0 MSI ~0; show 0 1 2 3",
	  ALL("0, 0x10 0x9 0x1 0x1") },
	{ "info of MSI-X", "", "GET_IRQ_INFO dev 16 ~0 MSIX ~0; show 0 1 2 3",
	  CHANGED_6_5("0, 0x10 0x9 0x2 0x5", "0, 0x10 0x1 0x2 0x5") },
	{ "info of ERR", "", "GET_IRQ_INFO dev 16 ~0 ERR ~0; show 0 1 2 3",
	  ALL("0, 0x10 0x9 0x3 0x1") },
	{ "info of REQ", "", "GET_IRQ_INFO dev 16 ~0 REQ ~0; show 0 1 2 3",
	  ALL("0, 0x10 0x9 0x4 0x1") },
	{ "info of an enabled index", "set MSIX 0 e0", "GET_IRQ_INFO dev 16 0 MSIX 0; show 2 3",
	  ALL("0, 0x2 0x5") },
	{ "info of index 5", "", "GET_IRQ_INFO dev 16 0 5 7; show 0 1 2 3",
	  ALL("EINVAL, 0x10 0 0x5 0x7") },
	{ "info of index 10", "", "GET_IRQ_INFO dev 16 0 10 0", ALL("EINVAL") },
	{ "info of index 0x100", "", "GET_IRQ_INFO dev 16 0 0x100 0", ALL("EINVAL") },
	{ "info of index 0x10002", "", "GET_IRQ_INFO dev 16 0 0x10002 0", ALL("EINVAL") },
	{ "info of index 0xa0000000", "", "GET_IRQ_INFO dev 16 0 0xa0000000 0", ALL("EINVAL") },
	{ "info of index -1", "", "GET_IRQ_INFO dev 16 0 -1 0", ALL("EINVAL") },
	{ "info, argsz 0", "", "GET_IRQ_INFO dev 0 0 MSIX 0", ALL("EINVAL") },
	{ "info, argsz 15", "", "GET_IRQ_INFO dev 15 0 MSIX 0", ALL("EINVAL") },
	{ "info, argsz 17", "", "GET_IRQ_INFO dev 17 0 MSIX 0; show 0 3", ALL("0, 0x11 0x5") },
	{ "info, argsz 4096", "", "GET_IRQ_INFO dev 4096 0 MSIX 0; show 0 3",
	  ALL("0, 0x1000 0x5") },
	{ "info, nothing readable", "", "GET_IRQ_INFO dev", ALL("EFAULT") },
	{ "info, 12 bytes readable", "", "GET_IRQ_INFO dev 16 0 MSIX", ALL("EFAULT") },
	{ "info, 12 bytes readable, argsz 0", "", "GET_IRQ_INFO dev 0 0 MSIX", ALL("EFAULT") },

	/* ---- 1. the header ---- */
	{ "nothing readable", "", "SET_IRQS dev", ALL("EFAULT") },
	{ "16 bytes readable", "", "SET_IRQS dev 24 EVENTFD|TRIGGER MSIX 0", ALL("EFAULT") },
	{ "16 bytes readable, all zero", "", "SET_IRQS dev 0 0 0 0", ALL("EFAULT") },

	/* ---- 2. argsz, index, count, flags ---- */
	{ "argsz 0", "", "SET_IRQS dev 0 EVENTFD|TRIGGER MSIX 0 1 e0", ALL("EINVAL") },
	{ "argsz 19", "", "SET_IRQS dev 19 EVENTFD|TRIGGER MSIX 0 1 e0", ALL("EINVAL") },
	{ "argsz 19 without data", "", "SET_IRQS dev 19 NONE|TRIGGER REQ 0 1", ALL("EINVAL") },
	{ "index 5", "", "none TRIGGER 5 0 1", ALL("EINVAL") },
	{ "index -1", "", "none TRIGGER -1 0 1", ALL("EINVAL") },
	{ "index 5 without an action", "", "none 0 5 0 1", ALL("EINVAL") },
	{ "count -1", "", "none TRIGGER MSIX 0 -1", ALL("EINVAL") },
	{ "start + count = 2^32 - 1", "", "none TRIGGER MSIX 1 0xfffffffe", ALL("EINVAL") },
	{ "start + count = 2^32", "", "none TRIGGER MSIX 2 0xfffffffe", ALL("EINVAL") },
	{ "start -1", "", "none TRIGGER MSIX -1 0", ALL("EINVAL") },
	{ "flag 6", "", "none TRIGGER|bit6 MSIX 0 1", ALL("EINVAL") },
	{ "flag 7", "", "none TRIGGER|bit7 MSIX 0 1", ALL("EINVAL") },
	{ "flag 8", "", "none TRIGGER|bit8 MSIX 0 1", ALL("EINVAL") },
	{ "flag 16", "", "none TRIGGER|bit16 MSIX 0 1", ALL("EINVAL") },
	{ "flag 31", "", "none TRIGGER|bit31 MSIX 0 1", ALL("EINVAL") },

	/* ---- 3. start and count ---- */
	{ "start beyond MSI-X", "", "none TRIGGER MSIX 5 0", ALL("EINVAL") },
	{ "start beyond MSI-X, an eventfd", "", "set MSIX 5 e0", ALL("EINVAL") },
	{ "count beyond MSI-X", "", "none TRIGGER MSIX 0 6", ALL("EINVAL") },
	{ "start and count beyond MSI-X", "", "none TRIGGER MSIX 4 2", ALL("EINVAL") },
	{ "eventfds beyond MSI-X", "", "set MSIX 3 e0 e1 e2", ALL("EINVAL") },
	{ "start beyond MSI", "", "none TRIGGER MSI 1 0", ALL("EINVAL") },
	{ "count beyond MSI", "", "set MSI 0 e0 e1", ALL("EINVAL") },
	{ "start beyond INTx", "", "none TRIGGER INTX 1 0", ALL("EINVAL") },
	{ "count beyond INTx", "", "set INTX 0 e0 e1", ALL("EINVAL") },
	{ "start beyond ERR", "set ERR 0 e0", "none TRIGGER ERR 1 0", ALL("EINVAL") },
	{ "count beyond ERR", "set ERR 0 e0", "none TRIGGER ERR 0 2", ALL("EINVAL") },
	{ "start beyond REQ", "set REQ 0 e0", "none TRIGGER REQ 1 0", ALL("EINVAL") },
	{ "count beyond REQ", "set REQ 0 e0", "none TRIGGER REQ 0 2", ALL("EINVAL") },

	/* ---- 4. exactly one kind of data ---- */
	{ "no data", "", "SET_IRQS dev 20 TRIGGER MSIX 0 1", ALL("EINVAL") },
	{ "no data and no action", "", "SET_IRQS dev 20 0 MSIX 0 1", ALL("EINVAL") },
	{ "NONE and BOOL", "", "none TRIGGER|BOOL MSIX 0 1", ALL("EINVAL") },
	{ "NONE and EVENTFD", "", "SET_IRQS dev 24 NONE|EVENTFD|TRIGGER MSIX 0 1 e0",
	  ALL("EINVAL") },
	{ "BOOL and EVENTFD", "", "SET_IRQS dev 25 BOOL|EVENTFD|TRIGGER MSIX 0 1 e0 0",
	  ALL("EINVAL") },
	{ "all data", "", "SET_IRQS dev 25 NONE|BOOL|EVENTFD|TRIGGER MSIX 0 1 e0 0",
	  ALL("EINVAL") },

	/* ---- 5. the size of the data ---- */
	{ "argsz 20, an eventfd", "", "SET_IRQS dev 20 EVENTFD|TRIGGER MSIX 0 1 e0",
	  ALL("EINVAL") },
	{ "argsz 23, an eventfd", "", "SET_IRQS dev 23 EVENTFD|TRIGGER MSIX 0 1 e0",
	  ALL("EINVAL") },
	{ "argsz 27, two eventfds", "", "SET_IRQS dev 27 EVENTFD|TRIGGER MSIX 0 2 e0 e1",
	  ALL("EINVAL") },
	{ "argsz 28, two eventfds", "", "SET_IRQS dev 28 EVENTFD|TRIGGER MSIX 0 2 e0 e1; vectors 2",
	  ALL("0, e0=1 e1=1") },
	{ "argsz 4096, an eventfd", "", "SET_IRQS dev 4096 EVENTFD|TRIGGER MSIX 0 1 e0; vectors 1",
	  ALL("0, e0=1") },
	{ "argsz 20, a bool", "set REQ 0 e0", "SET_IRQS dev 20 BOOL|TRIGGER REQ 0 1 1",
	  ALL("EINVAL") },
	{ "argsz 21, a bool", "set REQ 0 e0", "SET_IRQS dev 21 BOOL|TRIGGER REQ 0 1 1; take e0",
	  ALL("0, 1") },
	{ "argsz 23, four bools", "set MSIX 0 e0 e1 e2 e3",
	  "SET_IRQS dev 23 BOOL|TRIGGER MSIX 0 4 0x01010101", ALL("EINVAL") },
	{ "argsz 24, four bools", "set MSIX 0 e0 e1 e2 e3",
	  "SET_IRQS dev 24 BOOL|TRIGGER MSIX 0 4 0x01010101; counts",
	  ALL("0, e0=1 e1=1 e2=1 e3=1") },
	{ "argsz 24, five bools", "", "SET_IRQS dev 24 BOOL|MASK MSIX 0 5", ALL("EINVAL") },

	/* ---- 6. the data ---- */
	{ "unreadable eventfd", "", "SET_IRQS dev 24 EVENTFD|TRIGGER MSIX 0 1", ALL("EFAULT") },
	{ "unreadable second eventfd", "", "SET_IRQS dev 28 EVENTFD|TRIGGER MSIX 0 2 e0",
	  ALL("EFAULT") },
	{ "unreadable bool", "", "SET_IRQS dev 21 BOOL|TRIGGER MSIX 0 1", ALL("EFAULT") },
	{ "unreadable eventfd to mask", "", "SET_IRQS dev 24 EVENTFD|MASK MSIX 0 1",
	  ALL("EFAULT") },
	{ "unreadable eventfd without an action", "", "SET_IRQS dev 24 EVENTFD MSIX 0 1",
	  ALL("EFAULT") },
	{ "no eventfds to read", "", "SET_IRQS dev 20 EVENTFD|TRIGGER MSIX 0 0", ALL("ERANGE") },
	{ "no eventfds to read, argsz 4096", "", "SET_IRQS dev 4096 EVENTFD|TRIGGER MSIX 0 0",
	  ALL("ERANGE") },

	/* The checks above precede the read of the data. */
	{ "argsz 19, unreadable", "", "SET_IRQS dev 19 EVENTFD|TRIGGER MSIX 0 1", ALL("EINVAL") },
	{ "index 5, unreadable", "", "SET_IRQS dev 24 EVENTFD|TRIGGER 5 0 1", ALL("EINVAL") },
	{ "flag 6, unreadable", "", "SET_IRQS dev 24 EVENTFD|TRIGGER|bit6 MSIX 0 1",
	  ALL("EINVAL") },
	{ "start beyond, unreadable", "", "SET_IRQS dev 24 EVENTFD|TRIGGER MSIX 5 1",
	  ALL("EINVAL") },
	{ "BOOL and EVENTFD, unreadable", "", "SET_IRQS dev 24 EVENTFD|BOOL|TRIGGER MSIX 0 1",
	  ALL("EINVAL") },
	{ "argsz 23, unreadable", "", "SET_IRQS dev 23 EVENTFD|TRIGGER MSIX 0 1", ALL("EINVAL") },

	/* ---- 7. exactly one action, which the index supports ---- */
	{ "no action on INTx", "", "none 0 INTX 0 1", ALL("ENOTTY") },
	{ "no action on MSI", "", "none 0 MSI 0 1", ALL("ENOTTY") },
	{ "no action on MSI-X", "", "none 0 MSIX 0 1", ALL("ENOTTY") },
	{ "no action on ERR", "", "none 0 ERR 0 1", ALL("ENOTTY") },
	{ "no action on REQ", "", "none 0 REQ 0 1", ALL("ENOTTY") },
	{ "MASK and UNMASK", "", "none MASK|UNMASK INTX 0 1", ALL("ENOTTY") },
	{ "MASK and TRIGGER", "", "none MASK|TRIGGER INTX 0 1", ALL("ENOTTY") },
	{ "UNMASK and TRIGGER", "", "none UNMASK|TRIGGER REQ 0 1", ALL("ENOTTY") },
	{ "all actions", "", "none MASK|UNMASK|TRIGGER MSIX 0 1", ALL("ENOTTY") },
	{ "MASK of MSI", "", "none MASK MSI 0 1", ALL("ENOTTY") },
	{ "MASK of MSI-X", "", "none MASK MSIX 0 1", ALL("ENOTTY") },
	{ "MASK of ERR", "", "none MASK ERR 0 1", ALL("ENOTTY") },
	{ "MASK of REQ", "", "none MASK REQ 0 1", ALL("ENOTTY") },
	{ "UNMASK of MSI", "", "none UNMASK MSI 0 1", ALL("ENOTTY") },
	{ "UNMASK of MSI-X", "", "none UNMASK MSIX 0 1", ALL("ENOTTY") },
	{ "UNMASK of ERR", "", "none UNMASK ERR 0 1", ALL("ENOTTY") },
	{ "UNMASK of REQ", "", "none UNMASK REQ 0 1", ALL("ENOTTY") },
	{ "MASK of enabled MSI", "set MSI 0 e0", "none MASK MSI 0 1", ALL("ENOTTY") },
	{ "MASK of enabled MSI-X", "set MSIX 0 e0", "none MASK MSIX 0 1", ALL("ENOTTY") },
	{ "MASK of MSI-X, a bool", "set MSIX 0 e0", "bool MASK MSIX 0 1", ALL("ENOTTY") },
	{ "UNMASK of MSI-X, a bool", "set MSIX 0 e0", "bool UNMASK MSIX 0 1", ALL("ENOTTY") },
	{ "UNMASK of MSI-X, an eventfd", "set MSIX 0 e0",
	  "SET_IRQS dev 24 EVENTFD|UNMASK MSIX 0 1 e1", ALL("ENOTTY") },
	{ "MASK of REQ, a closed eventfd", "", "SET_IRQS dev 24 EVENTFD|MASK REQ 0 1 closed",
	  ALL("ENOTTY") },
	{ "MASK of MSI-X, count 0", "", "none MASK MSIX 0 0", ALL("ENOTTY") },
	{ "MASK of MSI-X, start beyond", "", "none MASK MSIX 5 1", ALL("EINVAL") },
	{ "MASK of MSI-X without data", "", "SET_IRQS dev 24 MASK MSIX 0 1", ALL("EINVAL") },
	{ "MASK of MSI-X, short eventfd", "", "SET_IRQS dev 23 EVENTFD|MASK MSIX 0 1",
	  ALL("EINVAL") },
	{ "no action, argsz 4096", "", "SET_IRQS dev 4096 NONE MSIX 0 1", ALL("ENOTTY") },
	{ "MASK of disabled INTx, argsz 4096", "", "SET_IRQS dev 4096 NONE|MASK INTX 0 1",
	  ALL("EINVAL") },

	/* ---- other files, and fds of the same device ---- */
	{ "SET_IRQS on a group", "", "SET_IRQS group 20 NONE|TRIGGER REQ 0 1", ALL("ENOTTY") },
	{ "SET_IRQS on a container", "", "SET_IRQS container 20 NONE|TRIGGER REQ 0 1",
	  ALL("ENOTTY") },
	{ "GET_IRQ_INFO on a group", "", "GET_IRQ_INFO group 16 0 MSIX 0", ALL("ENOTTY") },
	{ "all fds share the eventfds", "GET_DEVICE_FD b group self",
	  "SET_IRQS b 24 EVENTFD|TRIGGER MSIX 0 1 e0; SET_IRQS b 24 EVENTFD|TRIGGER REQ 0 1 e1; "
	  "set INTX 0 e2; close b; vectors 1; loop REQ 0; none TRIGGER MSIX 0 0",
	  ALL("0, 0, EINVAL, 0, e0=1, e1=1, 0") },

/* ---- one of INTx, MSI and MSI-X at a time ---- */
#define WHILE(enabled, other)                                                                      \
	{ "set of " other " while " enabled " is enabled", "set " enabled " 0 e0",                 \
	  "set " other " 0 e1; set " other " 0 -1; loop " enabled " 0",                            \
	  ALL("EINVAL, EINVAL, e0=1") },                                                           \
	{                                                                                          \
		"disable of " other " while " enabled " is enabled", "set " enabled " 0 e0",       \
			"none TRIGGER " other " 0 0; none TRIGGER " other                          \
			" 0 1; bool TRIGGER " other " 0 1; loop " enabled " 0",                    \
			ALL("EINVAL, EINVAL, EINVAL, e0=1")                                        \
	}
	WHILE("INTX", "MSI"),
	WHILE("INTX", "MSIX"),
	WHILE("MSI", "INTX"),
	WHILE("MSI", "MSIX"),
	WHILE("MSIX", "INTX"),
	WHILE("MSIX", "MSI"),
	{ "empty set of MSI while MSI-X is enabled", "set MSIX 0 e0", "set MSI 0; loop MSIX 0",
	  ALL("EINVAL, e0=1") },
	{ "MASK of INTx while MSI is enabled", "set MSI 0 e0",
	  "none MASK INTX 0 1; none UNMASK INTX 0 1; unmask-by e1; unmask-by -1",
	  ALL("EINVAL, EINVAL, EINVAL, EINVAL") },
	{ "MASK of INTx while MSI-X is enabled", "set MSIX 0 e0",
	  "none MASK INTX 0 1; none UNMASK INTX 0 1; unmask-by e1; unmask-by -1",
	  ALL("EINVAL, EINVAL, EINVAL, EINVAL") },
	{ "from INTx to MSI-X to MSI", "set INTX 0 e0",
	  "none TRIGGER INTX 0 0; set MSIX 0 e1; none TRIGGER MSIX 0 0; set MSI 0 e2; loop MSI 0",
	  ALL("0, 0, 0, 0, e2=1") },
};

const struct table irq_table = { "irq", rows, COUNT_OF(rows), false };

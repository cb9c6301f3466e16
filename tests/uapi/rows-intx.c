// SPDX-License-Identifier: MIT
/*
 * SET_IRQS on INTx (drivers/vfio/pci/vfio_pci_intrs.c, vfio_pci_set_intx_trigger(),
 * vfio_pci_set_intx_mask(), vfio_pci_set_intx_unmask()). rows-fire.c has the delivery.
 */
#include "rows.h"

#define ON "set INTX 0 e0"

static const struct row rows[] = {
	/* ---- INTx, not enabled ---- */
	{ "MASK of disabled INTx", "", "none MASK INTX 0 1", ALL("EINVAL") },
	{ "UNMASK of disabled INTx", "", "none UNMASK INTX 0 1", ALL("EINVAL") },
	{ "NONE on disabled INTx", "", "none TRIGGER INTX 0 1", ALL("EINVAL") },
	{ "disable of disabled INTx", "", "none TRIGGER INTX 0 0", ALL("EINVAL") },
	{ "BOOL on disabled INTx", "", "bool TRIGGER INTX 0 1", ALL("EINVAL") },
	{ "BOOL 0 on disabled INTx", "", "bool TRIGGER INTX 0 0", ALL("EINVAL") },
	{ "empty set of disabled INTx", "", "set INTX 0", ALL("EINVAL") },
	{ "empty BOOL on disabled INTx", "", "bool TRIGGER INTX 0", ALL("EINVAL") },
	{ "closed fd does not enable INTx", "", "set INTX 0 closed; none TRIGGER INTX 0 1",
	  ALL("EBADF, EINVAL") },
	{ "fd of a file does not enable INTx", "", "set INTX 0 null; none TRIGGER INTX 0 1",
	  ALL("EINVAL, EINVAL") },
	{ "set of disabled INTx's unmask eventfd", "", "unmask-by e1; unmask-by -1",
	  ALL("EINVAL, EINVAL") },
	/* The check for an enabled INTx precedes that of the data. */
	{ "MASK of disabled INTx by an eventfd", "", "SET_IRQS dev 24 EVENTFD|MASK INTX 0 1 e0",
	  ALL("EINVAL") },

	/* ---- INTx, TRIGGER ---- */
	{ "enable", "", "set INTX 0 e0; loop INTX 0", ALL("0, e0=1") },
	{ "enable with fd -1", "", "set INTX 0 -1; none TRIGGER INTX 0 1; set MSIX 0 e0",
	  ALL("0, 0, EINVAL") },
	{ "enable with fd -5", "", "set INTX 0 -5; set INTX 0 e0; loop INTX 0", ALL("0, 0, e0=1") },
	{ "replacement", ON, "set INTX 0 e1; loop INTX 0", ALL("0, e1=1") },
	{ "replacement by the same eventfd", ON, "set INTX 0 e0; loop INTX 0", ALL("0, e0=1") },
	{ "closed fd keeps the eventfd", ON, "set INTX 0 closed; loop INTX 0", ALL("EBADF, e0=1") },
	{ "fd of a file keeps the eventfd", ON, "set INTX 0 null; loop INTX 0",
	  ALL("EINVAL, e0=1") },
	{ "fd -1 detaches", ON, "set INTX 0 -1; loop INTX 0; none MASK INTX 0 1", ALL("0, -, 0") },
	{ "fd -7 detaches", ON, "set INTX 0 -7; set INTX 0 -1; loop INTX 0", ALL("0, 0, -") },
	{ "empty set", ON, "set INTX 0; loop INTX 0", ALL("EINVAL, e0=1") },
	{ "empty BOOL", ON, "bool TRIGGER INTX 0; loop INTX 0", ALL("EINVAL, e0=1") },
	{ "BOOL", ON, "bool TRIGGER INTX 0 1; counts; bool TRIGGER INTX 0 0; counts",
	  ALL("0, e0=1, 0, -") },
	{ "disable", ON, "none TRIGGER INTX 0 0; none TRIGGER INTX 0 0", ALL("0, EINVAL") },
	{ "enable after a disable", ON "; none TRIGGER INTX 0 0", "set INTX 0 e1; loop INTX 0",
	  ALL("0, e1=1") },
	{ "MSI-X after a disable", ON "; none TRIGGER INTX 0 0", "set MSIX 0 e1; vectors 1",
	  ALL("0, e1=1") },
	{ "closed eventfd", ON "; dup a e0; close e0", "none TRIGGER INTX 0 1; take a",
	  ALL("0, 1") },

	/* ---- INTx, MASK and UNMASK ---- */
	{ "MASK", ON, "none MASK INTX 0 1; none MASK INTX 0 1", ALL("0, 0") },
	{ "UNMASK", ON, "none UNMASK INTX 0 1; none UNMASK INTX 0 1", ALL("0, 0") },
	{ "MASK, count 0", ON, "none MASK INTX 0 0", ALL("EINVAL") },
	{ "UNMASK, count 0", ON, "none UNMASK INTX 0 0", ALL("EINVAL") },
	{ "MASK, BOOL", ON, "bool MASK INTX 0 1; bool MASK INTX 0 0", ALL("0, 0") },
	{ "UNMASK, BOOL", ON, "bool UNMASK INTX 0 1; bool UNMASK INTX 0 0", ALL("0, 0") },
	{ "MASK, empty BOOL", ON, "bool MASK INTX 0", ALL("EINVAL") },
	{ "MASK, an eventfd", ON, "SET_IRQS dev 24 EVENTFD|MASK INTX 0 1 e1", ALL("ENOTTY") },
	{ "MASK, fd -1", ON, "SET_IRQS dev 24 EVENTFD|MASK INTX 0 1 -1", ALL("ENOTTY") },
	{ "MASK, no eventfds", ON, "SET_IRQS dev 20 EVENTFD|MASK INTX 0 0", ALL("EINVAL") },
	{ "UNMASK, no eventfds", ON, "SET_IRQS dev 20 EVENTFD|UNMASK INTX 0 0", ALL("EINVAL") },
	{ "loopback of masked INTx", ON "; none MASK INTX 0 1", "loop INTX 0", ALL("e0=1") },

	/* ---- INTx, the eventfd that unmasks ---- */
	{ "unmask eventfd", ON, "unmask-by e1", ALL("0") },
	{ "unmask fd -1", ON, "unmask-by -1; unmask-by -1", ALL("0, 0") },
	{ "unmask fd -7", ON, "unmask-by -7", ALL("0") },
	{ "closed unmask fd", ON, "unmask-by closed", ALL("EBADF") },
	{ "unmask fd of a file", ON, "unmask-by null", ALL("EINVAL") },
	{ "unmask fd of a group", ON, "unmask-by group", ALL("EINVAL") },
	{ "second unmask eventfd", ON "; unmask-by e1", "unmask-by e2", ALL("EBUSY") },
	{ "same unmask eventfd again", ON "; unmask-by e1", "unmask-by e1", ALL("EBUSY") },
	{ "closed unmask fd beside one", ON "; unmask-by e1", "unmask-by closed", ALL("EBADF") },
	{ "unmask eventfd after a removal", ON "; unmask-by e1; unmask-by -1", "unmask-by e2",
	  ALL("0") },
	{ "unmask eventfd after fd -7", ON "; unmask-by e1; unmask-by -7", "unmask-by e2",
	  ALL("0") },
	{ "unmask eventfd after a disable", ON "; unmask-by e1; none TRIGGER INTX 0 0",
	  "set INTX 0 e0; unmask-by e2", ALL("0, 0") },
	{ "unmask eventfd after its last close", ON "; unmask-by e1; close e1", "unmask-by e2",
	  ALL("0") },
	{ "unmask eventfd after a close that is not the last",
	  ON "; unmask-by e1; dup a e1; close e1", "unmask-by e2; close a; unmask-by e2",
	  ALL("EBUSY, 0, 0") },
	/* A trigger keeps the eventfd_ctx, but not the file. */
	{ "unmask eventfd of REQ after its last close", ON "; unmask-by e1; set REQ 0 e1; close e1",
	  "unmask-by e2", ALL("0") },
	{ "removal of the unmask eventfd reads its count", ON "; add e1 3; unmask-by e1",
	  "unmask-by -1; take e1", ALL("0, 0") },
	{ "disable reads the count of the unmask eventfd", ON "; add e1 3; unmask-by e1",
	  "none TRIGGER INTX 0 0; take e1", ALL("0, 0") },
	{ "old count stays in the unmask eventfd", ON "; add e1 3; unmask-by e1", "take e1",
	  ALL("3") },
	/* Since 5.11 the kernel reads the count of a signal (virqfd.c, virqfd_wakeup()). */
	{ "count of the unmask eventfd", ON "; unmask-by e1; add e1 2", "counts",
	  CHANGED_6_1("e1=2", "-") },
	{ "count of the unmask eventfd, added to an old one",
	  ON "; add e1 3; unmask-by e1; add e1 1", "counts", CHANGED_6_1("e1=4", "-") },
	{ "unmask eventfd is a trigger, too", ON "; unmask-by e0", "loop INTX 0",
	  CHANGED_6_1("e0=1", "-") },

	/* ---- INTx, what keeps and what ends the setup ---- */
	{ "reset keeps INTx", ON, "RESET dev; loop INTX 0", ALL("0, e0=1") },
	{ "reset keeps the unmask eventfd", ON "; unmask-by e1", "RESET dev; unmask-by e2",
	  ALL("0, EBUSY") },
	{ "suspend keeps INTx", ON "; unmask-by e1; enter; asleep; exit",
	  "unmask-by e2; loop INTX 0", SINCE_6_1("EBUSY, e0=1") },
	{ "last close disables INTx",
	  ON "; unmask-by e1; none MASK INTX 0 1; close dev; close group; close container",
	  "reopen; none TRIGGER INTX 0 1; set INTX 0 e0; unmask-by e2; loop INTX 0",
	  ALL("0, EINVAL, 0, 0, e0=1") },
	{ "MASK in low power with wakeup", ON "; wakeup w; asleep",
	  "none MASK INTX 0 1; take w; settle", SINCE_6_1("0, 1, awake") },

	/* ---- INTx, DisINTx of the command register, which is virtual ---- */
	{ "DisINTx", ON, "config 5 4; config 5", ALL("0, 0x4") },
	{ "loopback with DisINTx", ON "; config 5 4",
	  "none TRIGGER INTX 0 1; counts; config 5 0; loop INTX 0", ALL("0, -, 0, e0=1") },
	{ "UNMASK with DisINTx", ON "; config 5 4", "none UNMASK INTX 0 1; none MASK INTX 0 1",
	  ALL("0, 0") },
	{ "DisINTx with MSI-X", "set MSIX 0 e0; config 5 4", "vectors 1; config 5",
	  ALL("e0=1, 0x4") },
	{ "DisINTx after a reset", "config 5 4", "RESET dev; config 5", ALL("0, 0x4") },
};

const struct table intx_table = { .name = "intx", .rows = rows, .count = COUNT_OF(rows) };

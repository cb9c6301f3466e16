// SPDX-License-Identifier: MIT
/*
 * Interrupts that the device raises: when they are delivered, when they become pending, and when
 * they are lost. Between two interrupts of a vector stands "clear".
 */
#include "rows.h"

#define ON     "set INTX 0 e0"
#define FIRE   "fire INTX 0"
#define UNMASK "none UNMASK INTX 0 1"

static const struct row rows[] = {
	/* ---- MSI, which is edge-triggered ---- */
	/* No row raises MSI without an eventfd: MSI has no mask, so the e1000e writes its message to
	 * address 0, which the IOMMU refuses and the kernel reports. */
	{ "MSI", "set MSI 0 e0", "fire MSI 0; await e0; counts", ALL("0, e0=1, -") },
	{ "MSI after a replacement", "set MSI 0 e0; set MSI 0 e1", "fire MSI 0; await e1",
	  ALL("0, e1=1") },
	{ "MSI after an enable without eventfd", "set MSI 0 -1; set MSI 0 e1",
	  "fire MSI 0; await e1", ALL("0, e1=1") },
	{ "MSI after a disable", "set MSI 0 e0; none TRIGGER MSI 0 0; set MSI 0 e1",
	  "fire MSI 0; await e1", ALL("0, e1=1") },
	{ "MSI twice", "set MSI 0 e0", "fire MSI 0; await e0; clear; fire MSI 0; await e0",
	  ALL("0, e0=1, 0, 0, e0=1") },

	/* ---- MSI-X ---- */
	{ "vector 0", "set MSIX 0 e0 e1 e2 e3 e4", "fire MSIX 0; await e0", ALL("0, e0=1") },
	{ "vector 1", "set MSIX 0 e0 e1 e2 e3 e4", "fire MSIX 1; await e1", ALL("0, e1=1") },
	{ "vector 2", "set MSIX 0 e0 e1 e2 e3 e4", "fire MSIX 2; await e2", ALL("0, e2=1") },
	{ "vector 3", "set MSIX 0 e0 e1 e2 e3 e4", "fire MSIX 3; await e3", ALL("0, e3=1") },
	{ "vector 4", "set MSIX 0 e0 e1 e2 e3 e4", "fire MSIX 4; await e4", ALL("0, e4=1") },
	{ "replaced vector", "set MSIX 0 e0; set MSIX 0 e1", "fire MSIX 0; await e1",
	  ALL("0, e1=1") },
	{ "same eventfd again", "set MSIX 0 e0; set MSIX 0 e0", "fire MSIX 0; await e0",
	  ALL("0, e0=1") },
	{ "count stays in the replaced eventfd", "set MSIX 2 e0; fire MSIX 2; arrive; clear",
	  "set MSIX 2 e1; take e0; fire MSIX 2; await e1", ALL("0, 1, 0, e1=1") },
	{ "one eventfd for two vectors", "set MSIX 0 e0 e0",
	  "fire MSIX 0; await e0; clear; fire MSIX 1; await e0", ALL("0, e0=1, 0, 0, e0=1") },
	{ "eventfd that the user has closed", "set MSIX 0 e0; dup a e0; close e0",
	  "fire MSIX 0; await a; take a", ALL("0, -, 1") },
	/* A vector without a handler is masked in the device. The PBA keeps its interrupt. */
	{ "vector without eventfd", "set MSIX 0 e0; set MSIX 0 -1; fire MSIX 0",
	  "counts; set MSIX 0 e1; await e1; counts", ALL("-, 0, e1=1, -") },
	{ "loopback of a pending vector", "set MSIX 0 e0; set MSIX 0 -1; fire MSIX 0",
	  "none TRIGGER MSIX 0 1; counts", ALL("0, -") },
	{ "pending interrupt arrives once",
	  "set MSIX 0 -1; fire MSIX 0; clear; set MSIX 0 e0; await e0",
	  "set MSIX 0 e1; counts; set MSIX 0 -1; set MSIX 0 e2; counts", ALL("0, -, 0, 0, -") },
	{ "several pending interrupts",
	  "set MSIX 0 -1; fire MSIX 0; clear; fire MSIX 0; clear; fire MSIX 0; clear",
	  "set MSIX 0 e0; await e0; counts", ALL("0, e0=1, -") },
	{ "vector without eventfd since the enable", "set MSIX 0 -1 -1; fire MSIX 1; arrive; clear",
	  "set MSIX 1 e1; await e1", ALL("0, e1=1") },
	{ "vector that is not allocated", "set MSIX 0 e0; fire MSIX 3; arrive; clear",
	  "set MSIX 3 e1; await e1", SINCE_6_5("0, e1=1") },
	{ "vector after a bad fd", "set MSIX 1 e0",
	  "set MSIX 1 closed; fire MSIX 1; counts; clear; set MSIX 1 e0; await e0",
	  ALL("EBADF, 0, -, 0, 0, e0=1") },
	{ "reset keeps the delivery", "set MSIX 0 e0; RESET dev", "fire MSIX 0; await e0",
	  ALL("0, e0=1") },
	{ "suspend keeps the delivery", "set MSIX 0 e0; enter; asleep; exit",
	  "fire MSIX 0; await e0", SINCE_6_1("0, e0=1") },
	{ "delivery after a wake", "set MSIX 0 e0; wakeup w; asleep; wake",
	  "take w; fire MSIX 0; await e0", SINCE_6_1("1, 0, e0=1") },
	{ "replacement in D3hot by the user",
	  "set MSIX 0 -1 e0; pmcsr 3; set MSIX 1 e1; set MSIX 0 e2; pmcsr 0",
	  "fire MSIX 1; await e1; clear; fire MSIX 0; await e2", ALL("0, e1=1, 0, 0, e2=1") },
	{ "eventfd set by an fd that is closed",
	  "GET_DEVICE_FD b group self; SET_IRQS b 24 EVENTFD|TRIGGER MSIX 0 1 e0; close b",
	  "fire MSIX 0; await e0", ALL("0, e0=1") },
	{ "INTx after MSI-X and the last close",
	  "set MSIX 0 e0; close dev; close group; close container; reopen; set INTX 0 e2", "counts",
	  ALL("-") },

	/* ---- INTx is a level, which the kernel masks when it signals ---- */
	{ "INTx", ON, FIRE "; await e0; counts", ALL("0, e0=1, -") },
	{ "UNMASK of raised INTx", ON,
	  FIRE "; await e0; " UNMASK "; await e0; " UNMASK "; await e0",
	  ALL("0, e0=1, 0, e0=1, 0, e0=1") },
	{ "UNMASK of cleared INTx", ON "; " FIRE "; arrive; clear", UNMASK "; counts",
	  ALL("0, e0=1") },
	{ "INTx again without UNMASK", ON "; " FIRE "; arrive; clear",
	  "take e0; " FIRE "; counts; " UNMASK "; await e0", ALL("1, 0, -, 0, e0=1") },
	{ "UNMASK, BOOL 0", ON "; " FIRE "; arrive", "take e0; bool UNMASK INTX 0 0; counts",
	  ALL("1, 0, -") },
	{ "UNMASK, BOOL 1", ON "; " FIRE "; arrive", "take e0; bool UNMASK INTX 0 1; await e0",
	  ALL("1, 0, e0=1") },
	{ "MASK before INTx", ON "; none MASK INTX 0 1", FIRE "; counts; " UNMASK "; await e0",
	  ALL("0, -, 0, e0=1") },
	{ "MASK, BOOL 1", ON "; bool MASK INTX 0 1", FIRE "; counts", ALL("0, -") },
	{ "MASK, BOOL 0", ON "; bool MASK INTX 0 0", FIRE "; await e0", ALL("0, e0=1") },
	{ "two UNMASK for two MASK", ON "; none MASK INTX 0 1; none MASK INTX 0 1; " UNMASK,
	  FIRE "; await e0", ALL("0, e0=1") },
	{ "replacement does not unmask", ON "; none MASK INTX 0 1; " FIRE,
	  "set INTX 0 e1; counts; " UNMASK "; await e1", ALL("0, -, 0, e1=1") },
	/* Without an eventfd an interrupt signals nothing, but it masks INTx. */
	{ "INTx without eventfd", "set INTX 0 -1; " FIRE "; arrive",
	  "set INTX 0 e0; counts; set INTX 0 e1; " UNMASK "; await e1", ALL("0, -, 0, 0, e1=1") },
	{ "INTx after a detach", ON "; set INTX 0 -1; " FIRE "; arrive",
	  "set INTX 0 e2; counts; " UNMASK "; await e2", ALL("0, -, 0, e2=1") },
	/* No row covers an interrupt that is raised while INTx is disabled: QEMU's IOAPIC loses it
	 * while the pin is masked. */
	{ "disable and enable unmask", ON "; " FIRE "; arrive; clear; none TRIGGER INTX 0 0",
	  "take e0; set INTX 0 e1; " FIRE "; await e1", ALL("1, 0, 0, e1=1") },
	{ "disable and enable after a MASK", ON "; none MASK INTX 0 1; none TRIGGER INTX 0 0",
	  "set INTX 0 e1; " FIRE "; await e1", ALL("0, 0, e1=1") },
	{ "reset keeps INTx masked", ON "; " FIRE "; arrive; clear",
	  "take e0; RESET dev; " FIRE "; counts; " UNMASK "; await e0",
	  ALL("1, 0, 0, -, 0, e0=1") },
	{ "reset keeps MASK", ON "; unmask-by e1; none MASK INTX 0 1; RESET dev",
	  FIRE "; counts; " UNMASK "; await e0", ALL("0, -, 0, e0=1") },
	{ "INTx after MSI-X", "set MSIX 0 e1; none TRIGGER MSIX 0 0; " ON, FIRE "; await e0",
	  ALL("0, e0=1") },

	/* ---- DisINTx: the kernel masks and unmasks INTx for it ---- */
	{ "INTx with DisINTx", ON "; config 5 4", FIRE "; counts; config 5 0; await e0",
	  ALL("0, -, 0, e0=1") },
	{ "UNMASK with DisINTx", ON "; config 5 4; " FIRE,
	  UNMASK "; none TRIGGER INTX 0 1; counts; config 5 0; await e0", ALL("0, 0, -, 0, e0=1") },
	{ "clearing DisINTx also removes MASK", ON "; none MASK INTX 0 1; config 5 4; config 5 0",
	  FIRE "; await e0", ALL("0, e0=1") },
	{ "enable with DisINTx", "config 5 4; set INTX 0 e1", FIRE "; counts; config 5 0; await e1",
	  ALL("0, -, 0, e1=1") },

	/* ---- suspend ---- */
	{ "suspend keeps MASK", ON "; none MASK INTX 0 1; enter; asleep; exit",
	  FIRE "; counts; " UNMASK "; await e0", SINCE_6_1("0, -, 0, e0=1") },
	{ "suspend keeps the kernel's mask", ON "; " FIRE "; arrive; clear; enter; asleep; exit",
	  "take e0; " FIRE "; counts", SINCE_6_1("1, 0, -") },
	{ "suspend keeps INTx unmasked", ON "; enter; asleep; exit", FIRE "; await e0",
	  SINCE_6_1("0, e0=1") },
	{ "MASK in low power", ON "; enter; asleep; none MASK INTX 0 1; asleep; exit",
	  FIRE "; counts; " UNMASK "; await e0", SINCE_6_1("0, -, 0, e0=1") },

	/* ---- the eventfd that unmasks INTx ---- */
	{ "unmask eventfd", ON "; unmask-by e1; " FIRE "; arrive", "take e0; add e1 1; await e0",
	  CHANGED_6_1("1, 0, e0=1 e1=1", "1, 0, e0=1") },
	{ "unmask eventfd, count 3", ON "; unmask-by e1; " FIRE "; arrive",
	  "take e0; add e1 3; await e0", CHANGED_6_1("1, 0, e0=1 e1=3", "1, 0, e0=1") },
	{ "unmask eventfd of cleared INTx", ON "; unmask-by e1; " FIRE "; arrive; clear",
	  "take e0; add e1 1; counts; " FIRE "; await e0",
	  CHANGED_6_1("1, 0, e1=1, 0, e0=1", "1, 0, -, 0, e0=1") },
	{ "UNMASK beside the unmask eventfd", ON "; unmask-by e1; " FIRE "; arrive",
	  "take e0; " UNMASK "; await e0", ALL("1, 0, e0=1") },
	{ "old count unmasks once", ON "; " FIRE "; arrive; add e1 3",
	  "take e0; unmask-by e1; await e0; counts", ALL("1, 0, e0=1 e1=3, -") },
	{ "old count unmasks, and stays", ON "; " FIRE "; arrive; add e1 3",
	  "take e0; unmask-by e1; arrive; take e0; pending e1; take e1", ALL("1, 0, 0, 1, 1, 3") },
	{ "removed unmask eventfd", ON "; unmask-by e1; unmask-by -1; " FIRE "; arrive",
	  "take e0; add e1 1; counts", ALL("1, 0, e1=1") },
	{ "unmask eventfd by another fd", ON "; unmask-by e1; dup a e1; close e1; " FIRE "; arrive",
	  "take e0; add a 1; await e0", ALL("1, 0, e0=1") },
/*
	 * A signal of the unmask eventfd does not resume a suspended device. The handler clears the
	 * DisINTx of the device and sets the kernel's state to unmasked. The resume restores
	 * configuration space, which sets DisINTx again. INTx is then dead: UNMASK does nothing,
	 * because the kernel's state is already unmasked. MASK followed by UNMASK repairs this.
	 * (vfio_pci_intrs.c, vfio_pci_intx_unmask_handler(); pci-driver.c, pci_pm_runtime_resume().)
	 */
#define DEAD                                                                                       \
	"add e1 1; counts; settle; exit; " FIRE "; " UNMASK                                        \
	"; add e1 1; counts; none MASK INTX 0 1; " UNMASK "; await e0"
	{ "unmask eventfd in low power", ON "; unmask-by e1; enter; asleep", DEAD,
	  SINCE_6_1("0, -, asleep, 0, 0, 0, 0, -, 0, 0, e0=1") },
	{ "unmask eventfd in low power after MASK",
	  ON "; unmask-by e1; none MASK INTX 0 1; enter; asleep", DEAD,
	  SINCE_6_1("0, -, asleep, 0, 0, 0, 0, -, 0, 0, e0=1") },
	{ "unmask eventfd leaves low power with wakeup", ON "; unmask-by e1; wakeup w; asleep",
	  "add e1 1; settle; take w; wake; take w", SINCE_6_1("0, asleep, 0, 0, 1") },
};

const struct table fire_table = { .name = "fire", .rows = rows, .count = COUNT_OF(rows) };

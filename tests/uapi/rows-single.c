// SPDX-License-Identifier: MIT
/*
 * SET_IRQS on ERR and REQ, which are equal: $ is one of them (drivers/vfio/pci/vfio_pci_intrs.c,
 * vfio_pci_set_ctx_trigger_single()).
 */
#include "rows.h"

/* Late 6.12.y and 7.x refuse an fd below -1; earlier kernels ignore it. */
#define BELOW_MINUS_ONE(rest)                                                                      \
	{                                                                                          \
		"0" rest, "0" rest, "EINVAL" rest, "EINVAL" rest, "EINVAL" rest                    \
	}

static const struct row rows[] = {
	{ "NONE on $ without eventfd", "", "none TRIGGER $ 0 1", ALL("EINVAL") },
	{ "removal of no eventfd of $ by NONE", "", "none TRIGGER $ 0 0", ALL("EINVAL") },
	{ "BOOL on $ without eventfd", "", "bool TRIGGER $ 0 1; bool TRIGGER $ 0 0", ALL("0, 0") },
	{ "empty BOOL on $", "", "bool TRIGGER $ 0", ALL("EINVAL") },
	{ "empty set of $", "", "set $ 0", ALL("EINVAL") },
	{ "fd -1 for $ without eventfd", "", "set $ 0 -1", ALL("0") },
	{ "set of $", "", "set $ 0 e0; loop $ 0", ALL("0, e0=1") },
	{ "closed fd for $", "", "set $ 0 closed; none TRIGGER $ 0 1", ALL("EBADF, EINVAL") },
	{ "fd of a file for $", "", "set $ 0 null", ALL("EINVAL") },
	{ "replacement of $", "set $ 0 e0", "set $ 0 e1; loop $ 0", ALL("0, e1=1") },
	{ "same eventfd for $", "set $ 0 e0", "set $ 0 e0; loop $ 0", ALL("0, e0=1") },
	{ "closed fd keeps the eventfd of $", "set $ 0 e0", "set $ 0 closed; loop $ 0",
	  ALL("EBADF, e0=1") },
	{ "fd of a file keeps the eventfd of $", "set $ 0 e0", "set $ 0 null; loop $ 0",
	  ALL("EINVAL, e0=1") },
	{ "fd -1 removes the eventfd of $", "set $ 0 e0", "set $ 0 -1; loop $ 0; set $ 0 -1",
	  ALL("0, EINVAL, 0") },
	{ "NONE removes the eventfd of $", "set $ 0 e0", "none TRIGGER $ 0 0; loop $ 0",
	  ALL("0, EINVAL") },
	{ "BOOL on $", "set $ 0 e0", "bool TRIGGER $ 0 1; counts; bool TRIGGER $ 0 0; counts",
	  ALL("0, e0=1, 0, -") },
	{ "empty set of $ with eventfd", "set $ 0 e0", "set $ 0; bool TRIGGER $ 0; loop $ 0",
	  ALL("EINVAL, EINVAL, e0=1") },
	{ "fd -2 for $", "", "set $ 0 -2", BELOW_MINUS_ONE("") },
	{ "fd -2 keeps the eventfd of $", "set $ 0 e0", "set $ 0 -2; loop $ 0",
	  BELOW_MINUS_ONE(", e0=1") },
	{ "lowest fd keeps the eventfd of $", "set $ 0 e0", "set $ 0 0x80000000; loop $ 0",
	  BELOW_MINUS_ONE(", e0=1") },
	{ "$ beside INTx", "set INTX 0 e0; set $ 0 e1; none TRIGGER INTX 0 0", "loop $ 0",
	  ALL("e1=1") },
	{ "$ beside MSI", "set MSI 0 e0; set $ 0 e1; none TRIGGER MSI 0 0", "loop $ 0",
	  ALL("e1=1") },
	{ "$ beside MSI-X", "set MSIX 0 e0; set $ 0 e1; none TRIGGER MSIX 0 0", "loop $ 0",
	  ALL("e1=1") },
	{ "closed eventfd of $", "set $ 0 e0; dup a e0; close e0", "none TRIGGER $ 0 1; take a",
	  ALL("0, 1") },
	{ "reset keeps $", "set $ 0 e0", "RESET dev; loop $ 0", ALL("0, e0=1") },
	{ "suspend keeps $", "set $ 0 e0; enter; asleep; exit", "loop $ 0", SINCE_6_1("e0=1") },
	{ "last close removes $", "set $ 0 e0; close dev; close group; close container",
	  "reopen; none TRIGGER $ 0 1", ALL("0, EINVAL") },
};

const struct table single_table = {
	.name = "single", .rows = rows, .count = COUNT_OF(rows), .instances = { "ERR", "REQ" }
};

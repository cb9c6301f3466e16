// SPDX-License-Identifier: MIT
/*
 * The state machine of low power (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_pm_entry(),
 * vfio_pci_core_pm_exit(), vfio_pci_core_runtime_suspend() and _resume()).
 */
#include "rows.h"

/*
 * S0: not in low power. S1: after an entry. S2: after an entry with wakeup by w. In S1a and S2a the
 * host keeps the device active. In S1b and S2b it is suspended. A call that resumes the device
 * leaves S1b as it is, since the device suspends again, but it ends S2b and signals w.
 *
 * The results of a call in each of the five states. "state" is its last step.
 */
/* clang-format off */
#define HELD "host power/control on; "
#define IN_EACH_STATE(name, before, call, s0, s1a, s1b, s2a, s2b)                                  \
	{ "S0: " name, "map" before, call "; state", SINCE_6_1(s0) },                              \
	{ "S1a: " name, "map" before "; " HELD "enter", call "; state", SINCE_6_1(s1a) },          \
	{ "S1b: " name, "map" before "; enter; asleep", call "; state", SINCE_6_1(s1b) },          \
	{ "S2a: " name, "map" before "; " HELD "wakeup w", call "; state", SINCE_6_1(s2a) },       \
	{ "S2b: " name, "map" before "; wakeup w; asleep", call "; state", SINCE_6_1(s2b) }
/* A call with this result that resumes a suspended device, and one that does not. */
#define RESUMES(name, before, call, result)                                                        \
	IN_EACH_STATE(name, before, call, result ", S0", result ", S1a", result ", S1",            \
		      result ", S2a w=1", result ", w=1 S0")
#define LEAVES(name, before, call, result)                                                         \
	IN_EACH_STATE(name, before, call, result ", S0", result ", S1a", result ", S1",            \
		      result ", S2a w=1", result ", S2 w=1")

static const struct row rows[] = {
	IN_EACH_STATE("entry", "", "enter",
		      "0, S1", "EINVAL, S1a", "EINVAL, S1", "EINVAL, S2a w=1", "0, w=1 S1"),
	IN_EACH_STATE("entry with another wakeup", "", "wakeup e1",
		      "0, S2 e1=1", "EINVAL, S1a", "EINVAL, S1", "EINVAL, S2a w=1",
		      "0, w=1 S2 e1=1"),
	IN_EACH_STATE("entry with the same wakeup", "", "wakeup w",
		      "0, S2 w=1", "EINVAL, S1a", "EINVAL, S1", "EINVAL, S2a w=1",
		      "0, w=1 S2 w=1"),
	IN_EACH_STATE("exit", "", "exit",
		      "0, S0", "0, S0", "0, S0", "0, S0", "0, w=1 S0"),
	IN_EACH_STATE("exit by another fd", "; GET_DEVICE_FD b group self", "FEATURE b 8 EXIT|SET",
		      "0, S0", "0, S0", "0, S0", "0, S0", "0, w=1 S0"),
	IN_EACH_STATE("exit with a larger argsz", "", "FEATURE dev 64 EXIT|SET",
		      "0, S0", "0, S0", "0, S0", "0, S0", "0, w=1 S0"),
	IN_EACH_STATE("exit twice", "", "exit; exit",
		      "0, 0, S0", "0, 0, S0", "0, 0, S0", "0, 0, S0", "0, 0, w=1 S0"),
	/* The host then no longer keeps the device active. */
	IN_EACH_STATE("resume by the host", "", "wake",
		      "0, S0", "0, S1", "0, S1", "0, S2 w=1", "0, w=1 S0"),
	/* clang-format on */

	RESUMES("GET_INFO", "", "GET_INFO dev 16 0 0 0", "0"),
	RESUMES("GET_INFO that fails", "", "GET_INFO dev", "EFAULT"),
	RESUMES("GET_REGION_INFO", "", "GET_REGION_INFO dev 32 0 CONFIG 0 0 0 0 0", "0"),
	RESUMES("GET_IRQ_INFO", "", "GET_IRQ_INFO dev 16 0 MSIX 0", "0"),
	RESUMES("SET_IRQS that fails", "", "none TRIGGER MSIX 0 1", "EINVAL"),
	RESUMES("SET_IRQS", "", "set REQ 0 e0", "0"),
	RESUMES("RESET", "", "RESET dev", "0"),
	RESUMES("hot reset that fails", "", "HOT_RESET dev 16 0 1 null", "EINVAL"),
	RESUMES("info of a hot reset", "", "HOT_RESET_INFO dev 20 0 0 0 0", "0"),
	RESUMES("probe", "", "FEATURE dev 8 ENTRY|PROBE|SET", "0"),
	RESUMES("GET of a feature", "", "FEATURE dev 8 ENTRY|GET", "EINVAL"),
	RESUMES("unknown feature", "", "FEATURE dev 8 0xfff0|SET", "ENOTTY"),
	RESUMES("unreadable feature", "", "FEATURE dev", "EFAULT"),
	RESUMES("entry with a bad wakeup fd", "", "wakeup -1", "EINVAL"),
	RESUMES("unknown ioctl", "", "IOCTL dev 99", "ENOTTY"),
	RESUMES("unknown ioctl by another fd", "; GET_DEVICE_FD b group self", "IOCTL b 99",
		"ENOTTY"),
	RESUMES("read of config", "", "read CONFIG 0", "1"),
	RESUMES("write of config", "", "config 4 2", "0"),
	RESUMES("read of BAR 0", "", "read BAR0 8 4", "4"),
	RESUMES("read beyond config", "", "read CONFIG 4096", "EFAULT"),
	RESUMES("write of the ROM", "", "write ROM 0", "EINVAL"),
	RESUMES("write of d3cold_allowed", "", "host d3cold_allowed 1", "0"),

	LEAVES("mmap", "", "map", "0"),
	LEAVES("munmap and mmap", "", "unmap; map", "0, 0"),
	LEAVES("poll", "", "poll", "1"),
	LEAVES("open of another fd", "", "GET_DEVICE_FD b group self", "fd"),
	LEAVES("close that is not the last", "; GET_DEVICE_FD b group self", "close b", "0"),
	LEAVES("read of 0 bytes", "", "read BAR0 8 0", "0"),
	LEAVES("write of 0 bytes", "", "write BAR0 8 0", "0"),
	LEAVES("read of a bad region", "", "read 100 0", "EINVAL"),
	LEAVES("write of a bad region", "", "write 100 0", "EINVAL"),
	LEAVES("close of the wakeup eventfd", "", "dup a w; close a", "fd, 0"),
	LEAVES("read of d3cold_allowed", "", "host d3cold_allowed", "1"),
	LEAVES("read of the suspended time", "", "reads power/runtime_suspended_time", "text"),
	LEAVES("call on the group", "", "GET_STATUS group 8 0", "0"),
	/* ---- what the host does, and what it sees ---- */
	{ "power_state after an entry", "enter", "asleep; host power_state",
	  HOT_COLD("asleep, D3hot", "asleep, D3cold") },
	{ "power_state after an exit", "enter; asleep; exit",
	  "host power_state; host power/runtime_status", SINCE_6_1("D0, active") },
	{ "power_state after a wake", "wakeup w; asleep; wake",
	  "host power_state; host power/runtime_status; take w", SINCE_6_1("D0, active, 1") },
	{ "power_state with the host's control", "host power/control on; enter",
	  "settle; host power_state", SINCE_6_1("awake, D0") },
	{ "read of config by the host", "map; wakeup w; asleep", "lspci; settle; counts",
	  HOT_COLD("0, asleep, -", "0, awake, w=1") },
	{ "D3cold forbidden by the host", "host d3cold_allowed 0; enter",
	  "asleep D3hot; exit; host d3cold_allowed 1", SINCE_6_1("D3hot, 0, 0") },
	{ "reset by the host", "map; wakeup w; asleep", "host reset 1; state",
	  SINCE_6_1("0, w=1 S0") },
	{ "reset by the host, plain entry", "map; enter; asleep", "host reset 1; state",
	  SINCE_6_1("0, S1") },

	{ "power/control of the host", "",
	  "host power/control; host power/control on; host power/control", ALL("auto, 0, on") },
	{ "bad power/control of the host", "", "host power/control off; host power/control",
	  ALL("EINVAL, auto") },
	{ "power/control twice", "map; wakeup w; asleep; host power/control on",
	  "host power/control on; state", SINCE_6_1("0, w=1 S0") },
	{ "power/control auto in S1b", "map; enter; asleep",
	  "host power/control auto; settle; state", SINCE_6_1("0, asleep, S1") },
	{ "power/control auto in S2b", "map; wakeup w; asleep",
	  "host power/control auto; settle; state", SINCE_6_1("0, asleep, S2 w=1") },
	{ "bad power/control in S2b", "map; wakeup w; asleep",
	  "host power/control x; settle; state", SINCE_6_1("EINVAL, asleep, S2 w=1") },
	{ "bad reset by the host", "map; wakeup w; asleep",
	  "host reset 0; host reset x; settle; state",
	  SINCE_6_1("EINVAL, EINVAL, asleep, S2 w=1") },
	{ "bad d3cold_allowed", "map; wakeup w; asleep", "host d3cold_allowed x; settle; state",
	  SINCE_6_1("EINVAL, asleep, S2 w=1") },
	{ "d3cold_allowed 2", "", "host d3cold_allowed 2; host d3cold_allowed", ALL("0, 1") },
	{ "write of power_state", "", "host power_state D0",
	  EACH("ENOENT", "EACCES", "EACCES", "EACCES", "EACCES") },
	{ "write of runtime_status", "", "host power/runtime_status active", ALL("EACCES") },
	{ "read of runtime_status", "", "host power/runtime_status", ALL("active") },
	{ "read of reset", "", "reads reset", ALL("absent") },
	{ "power_state of an open device", "", "host power_state",
	  EACH("absent", "D0", "D0", "D0", "D0") },
	{ "fdinfo", "", "fdinfo", EACH("no path", "no path", "no path", "no path", "path") },
	{ "fdinfo in S2b", "map; wakeup w; asleep", "fdinfo; state",
	  EACH(NULL, "no path, S2 w=1", "no path, S2 w=1", "no path, S2 w=1", "path, S2 w=1") },

	/* ---- the signal ---- */
	{ "entry after a wake", "map; wakeup w; asleep; wake", "enter; state",
	  SINCE_6_1("0, w=1 S1") },
	{ "exit after a wake", "map; wakeup w; asleep; wake", "exit; state",
	  SINCE_6_1("0, w=1 S0") },
	{ "second wake", "map; wakeup w; asleep; wake", "wake; counts; state",
	  SINCE_6_1("0, w=1, S0") },
	{ "one signal for each entry", "wakeup w; asleep; wake; wakeup w; asleep; wake", "counts",
	  SINCE_6_1("w=2") },
	{ "mapping after a wake", "map; wakeup w; asleep; wake", "touch; take w",
	  SINCE_6_1("mapped, 1") },
	{ "signal of a closed eventfd", "dup a w; wakeup w; close w; asleep; wake",
	  "take a; settle", SINCE_6_1("1, awake") },
	{ "signal of an eventfd that is not in use", "wakeup w; close w; asleep; wake", "settle",
	  SINCE_6_1("awake") },
	{ "signal of a semaphore", "eventfd a 1 0x801; wakeup a; asleep; wake",
	  "take a; take a; take a", SINCE_6_1("1, 1, 0") },
	{ "signal of a blocking eventfd", "eventfd a 5 0; wakeup a; asleep; wake", "take a",
	  SINCE_6_1("6") },
	{ "signal precedes the ioctl", "set REQ 0 w; wakeup w; asleep",
	  "none TRIGGER REQ 0 1; take w", SINCE_6_1("0, 2") },
	{ "ioctl on a device that is suspended again", "enter; asleep",
	  "GET_INFO dev 16 0 0 0; asleep; read CONFIG 0; asleep",
	  SINCE_6_1("0, asleep, 1, asleep") },

	/* ---- mappings ---- */
	{ "mapping in S0", "map", "touch", ALL("mapped") },
	{ "mapping after an entry", "map; host power/control on; enter", "touch; touch",
	  SINCE_6_1("SIGBUS, SIGBUS") },
	{ "mapping after an exit", "map; host power/control on; enter; exit", "touch",
	  SINCE_6_1("mapped") },
	{ "mapping after suspend and exit", "map; enter; asleep; exit", "touch",
	  SINCE_6_1("mapped") },
	{ "mapping that is made in low power", "host power/control on; enter",
	  "map; touch; exit; touch", SINCE_6_1("0, SIGBUS, 0, mapped") },
	{ "mapping without memory", "map", "touch; config 4 0; touch; config 4 2; touch",
	  ALL("mapped, 0, SIGBUS, 0, mapped") },
	{ "read of BAR 0 in low power", "map; host power/control on; enter",
	  "read BAR0 8 4; touch; write BAR0 8 4; touch", SINCE_6_1("4, SIGBUS, 4, SIGBUS") },

/* ---- the last close ends low power without a signal ---- */
#define LAST_CLOSE "close dev; close group; close container"
	{ "last close in S1a", "host power/control on; enter", LAST_CLOSE "; reopen; enter; exit",
	  SINCE_6_1("0, 0, 0, 0, 0, 0") },
	{ "last close in S1b", "enter; asleep", LAST_CLOSE "; reopen; map; state",
	  SINCE_6_1("0, 0, 0, 0, 0, S0") },
	{ "last close in S2a", "host power/control on; wakeup w",
	  LAST_CLOSE "; reopen; enter; exit", SINCE_6_1("0, 0, 0, 0, 0, 0") },
	{ "last close in S2b", "wakeup w; asleep", LAST_CLOSE "; reopen; map; state",
	  SINCE_6_1("0, 0, 0, 0, 0, S0") },
	/* 5.19, vfio_pci_core_disable() */
	{ "closed device", LAST_CLOSE, "settle", CHANGED_6_1("awake", "asleep") },
	{ "mapping keeps the device open", "map; wakeup w; asleep; close dev",
	  "settle; unmap; settle", SINCE_6_1("asleep, 0, asleep") },

	/* ---- the power state that the user sets by PMCSR, independently of the feature ---- */
	{ "D3hot by the user", "map", "pmcsr 3; pmcsr; touch; read BAR0 8 4",
	  CHANGED_6_1("0, 3, mapped, 4", "0, 3, SIGBUS, EIO") },
	{ "D0 by the user", "map; pmcsr 3", "pmcsr 0; pmcsr; touch; read BAR0 8 4",
	  ALL("0, 0, mapped, 4") },
	{ "D1 by the user", "map", "pmcsr 1; pmcsr; touch", ALL("0, 0, mapped") },
	{ "D2 by the user", "map", "pmcsr 2; pmcsr; touch", ALL("0, 0, mapped") },
	{ "D3hot by the user in sysfs", "pmcsr 3", "host power_state; host power/runtime_status",
	  SINCE_6_1("D3hot, active") },
	{ "write of BAR 0 in D3hot by the user", "pmcsr 3", "write BAR0 8 4",
	  CHANGED_6_1("4", "EIO") },
	{ "suspend ends D3hot by the user", "map; pmcsr 3; enter; asleep; exit", "pmcsr; touch",
	  SINCE_6_1("0, mapped") },
	{ "entry in D3hot by the user", "map; pmcsr 3; host power/control on",
	  "enter; pmcsr; touch; exit; touch", SINCE_6_1("0, 3, SIGBUS, 0, SIGBUS") },
	{ "reset ends D3hot by the user", "map; pmcsr 3", "RESET dev; pmcsr; touch",
	  ALL("0, 0, mapped") },
	{ "reset keeps low power", "map; host power/control on; pmcsr 3; enter",
	  "RESET dev; pmcsr; enter; touch", SINCE_6_1("0, 0, EINVAL, SIGBUS") },
};

const struct table power_table = { .name = "power", .rows = rows, .count = COUNT_OF(rows) };

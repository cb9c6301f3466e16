/* SPDX-License-Identifier: MIT */
/*
 * The facts that doctor needs: about a device, each bridge above it, the processes that have it
 * open, and the machine. They come from sysfs and procfs. Reading them does not resume a
 * device: the kernel returns values that it holds in memory (drivers/base/power/sysfs.c,
 * drivers/pci/pci-sysfs.c, drivers/acpi/device_sysfs.c). These attributes must never be read:
 * config, rom, vpd, resource*, current_link_*, max_link_*, secondary_bus_number,
 * subordinate_bus_number, and the power of a slot. They access the device or the port, and
 * wake both (seen on 6.1 and 6.12).
 */
#ifndef FACTS_H
#define FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/sysfs.h"

#define FACT_TEXT    64
#define FACT_NODES   16 /* a device and its bridges; no PCIe tree is as deep */
#define FACT_OTHERS  32
#define FACT_HOLDERS 16

/* A device or a bridge. A text is "" if the attribute does not exist or cannot be read. */
struct node_facts {
	char address[FACT_TEXT];
	char path[VFIOPM__PATH_SIZE]; /* in /sys/devices */
	char driver[FACT_TEXT], class[FACT_TEXT];
	char control[FACT_TEXT], status[FACT_TEXT], state[FACT_TEXT], d3cold_allowed[FACT_TEXT];
	char latency[FACT_TEXT];     /* power/pm_qos_resume_latency_us */
	char real_state[FACT_TEXT];  /* firmware_node/real_power_state */
	char vfs[FACT_TEXT];	     /* sriov_numvfs */
	char usage[FACT_TEXT];	     /* power/runtime_usage, with CONFIG_PM_ADVANCED_DEBUG */
	char active_kids[FACT_TEXT]; /* power/runtime_active_kids, with the same option */
	char enable[FACT_TEXT];	     /* "1": a driver has enabled it; a VFIO driver does at open */
	char wakeup[FACT_TEXT];	     /* power/wakeup */
	char physfn[FACT_TEXT];	     /* of a virtual function: the address of the physical one */
	bool has_platform_power;     /* _PR3: the platform can switch it off */
	bool may_suspend;	     /* of a bridge: the kernel lets it go to D3 */
	bool is_hotplugged_by_firmware;	  /* of a bridge: the device in its slot */
	bool is_behind_port, is_in_group; /* of another device: it shares the port, the group */
};

/* A process that has the device open. */
struct holder {
	int pid;
	char name[FACT_TEXT]; /* printable ASCII; other bytes are replaced */
};

struct device_facts {
	struct node_facts nodes[FACT_NODES]; /* the device, then each bridge up to the root port */
	unsigned count;
	/* Other devices that are behind the same ports or in the same IOMMU group, each once. */
	struct node_facts others[FACT_OTHERS];
	unsigned other_count, others_left_out; /* left out: the array is full */
	struct holder holders[FACT_HOLDERS];
	unsigned holder_count, hidden_processes; /* hidden: no permission to inspect them */
	bool has_processes;			 /* /proc could be read */
	char kernel[FACT_TEXT];			 /* its release */
	unsigned kernel_major, kernel_minor;
	bool has_acpi;
	char disable_idle_d3[FACT_TEXT]; /* of the module vfio-pci */
	char cmdline[4097];		 /* the longest command line of any architecture */
	char bios_date[FACT_TEXT];	 /* 04/01/2014 */
};

/* Whether the device has power, as the platform reports it. */
enum supply {
	SUPPLY_UNKNOWN,
	SUPPLY_ON,
	SUPPLY_OFF,
};

/* 0, or -errno: -ENXIO if the device does not exist. */
int facts_read(struct device_facts *ret_facts, const char *address, const char *group_node,
	       const char *cdev_node);

/* The kernel's power_state alone is not enough: it is D3cold too if another device, for example
 * a port, keeps the power resource on (seen on 6.12). */
enum supply facts_get_supply(const struct device_facts *facts);
/* The real_power_state of the device, or of the nearest port that has one; else "". */
const char *facts_get_platform_state(const struct device_facts *facts);
/* The power state is D3cold, and the platform does not report that the power is on. */
bool facts_is_in_d3cold(const struct device_facts *facts);

#endif

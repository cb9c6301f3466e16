/* SPDX-License-Identifier: MIT */
/*
 * The facts that doctor judges by: of a device, of each bridge above it, and of who has it
 * open. They are read from sysfs and /proc, and no reading of them resumes a device: each
 * attribute here is answered from the kernel's memory (drivers/base/power/sysfs.c,
 * drivers/pci/pci-sysfs.c, drivers/acpi/device_sysfs.c). Never read: config, rom, vpd, resource*,
 * current_link_*, max_link_*, secondary_bus_number, subordinate_bus_number and a slot's power,
 * which ask the device or the port, and wake both (seen on 6.1 and 6.12).
 */
#ifndef FACTS_H
#define FACTS_H

#include <stdbool.h>
#include <stdint.h>

#define FACT_TEXT    64
#define FACT_NODES   16 /* a device and its bridges: a PCIe tree is not as deep */
#define FACT_OTHERS  32
#define FACT_HOLDERS 16

/* A device or a bridge. A text is "" where the attribute is not there, or may not be read. */
struct fact_node {
	char address[FACT_TEXT];
	char path[256]; /* in /sys/devices */
	char driver[FACT_TEXT], class[FACT_TEXT];
	char control[FACT_TEXT], status[FACT_TEXT], state[FACT_TEXT], d3cold_allowed[FACT_TEXT];
	char latency[FACT_TEXT];    /* power/pm_qos_resume_latency_us */
	char real_state[FACT_TEXT]; /* firmware_node/real_power_state */
	char vfs[FACT_TEXT];	    /* sriov_numvfs */
	char usage[FACT_TEXT],
		kids[FACT_TEXT]; /* power/runtime_usage, _active_kids, where built in */
	char enable[FACT_TEXT];	 /* "1": a driver has enabled it; a VFIO driver, that it is open */
	char wakeup[FACT_TEXT];	 /* power/wakeup */
	char physfn[FACT_TEXT];	 /* of a virtual function: the address of its physical one */
	bool has_platform_power; /* _PR3: the platform can switch it off */
	bool may_suspend;	 /* of a bridge: the kernel lets it go to D3 */
	bool is_hotplugged_by_firmware;	  /* of a bridge: what is in its slot */
	bool is_behind_port, is_in_group; /* of another device: the same port, the same group */
};

struct fact_holder {
	int pid;
	char name[FACT_TEXT]; /* in ASCII: a program calls itself what it likes */
};

struct facts {
	struct fact_node nodes[FACT_NODES]; /* the device, then up to the root port */
	unsigned count;
	/* Other devices behind the same ports, and of the same IOMMU group, none of them twice. */
	struct fact_node others[FACT_OTHERS];
	unsigned other_count, others_left_out; /* left out: there was no room */
	struct fact_holder holders[FACT_HOLDERS];
	unsigned holder_count, hidden_processes; /* hidden: may not be looked into */
	bool has_processes;			 /* /proc could be read */
	char kernel[FACT_TEXT];			 /* its release */
	unsigned kernel_major, kernel_minor;
	bool has_acpi;
	char disable_idle_d3[FACT_TEXT]; /* of vfio-pci's module */
	char cmdline[1024];
	char bios_date[FACT_TEXT]; /* 04/01/2014 */
};

/* Whether the device has power, as the platform says. */
enum fact_power {
	FACT_POWER_UNKNOWN,
	FACT_POWER_ON,
	FACT_POWER_OFF,
};

/* 0, or a negative errno. */
int facts_read(struct facts *ret_facts, const char *address, const char *group_node,
	       const char *cdev_node);

/* What the platform says of the power. The kernel's power_state is D3cold too where a switch was
 * to be thrown that another device, a port for example, keeps on (seen on 6.12). */
enum fact_power facts_power(const struct facts *facts);
/* The real_power_state of the device, or of the nearest port that has one; "" if none has. */
const char *facts_platform_state(const struct facts *facts);
/* Is the device in D3cold, and not by name alone? */
bool facts_is_cold(const struct facts *facts);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The parts of tinyvmm: the VMM (tinyvmm.c), its guest (tinyvmm-guest.S), and the host
 * (tinyvmm-host.c). The VMM and the guest share the numbers.
 */
#ifndef TINYVMM_H
#define TINYVMM_H

/* The layout of the guest's memory. Nothing is mapped above GUEST_MEMORY except BARs. */
#define GUEST_CODE   0x1000
#define GUEST_IDT    0x8000
#define GUEST_COUNTS 0x9000 /* handled interrupts: 32 bits for each MSI-X vector, and the wake */
#define GUEST_STACK  0x10000
#define GUEST_MEMORY 0x10000

/* The device is function 0 of the PCI slot 1. This is its value in CONFIG_ADDRESS. */
#define GUEST_DEVICE 0x80000800

/* The e1000e has five MSI-X vectors. Their interrupt vectors in the guest begin here. */
#define GUEST_VECTORS	   5
#define GUEST_FIRST_VECTOR 0x30
#define GUEST_WAKE_VECTOR  0x40

/* The I/O ports. */
#define PORT_CONSOLE 0xe9 /* write a character of the guest's log */
#define PORT_STORY   0xea /* write one of STORY_*, with 32 bits */
#define PORT_POWER   0xeb /* the power resource: write 0 (_OFF) or 1 (_ON), read POWER_* */
#define PORT_SLEEP   0xec /* write the microseconds to sleep, with 32 bits */
#define PORT_END     0xed /* write 0 at the end, or the line of the source that failed */

#define POWER_ON     1 /* the device has power */
#define POWER_BUSY   2 /* a change of the power has not ended */

/* The steps that the guest announces. */
#define STORY_READ     1 /* the guest begins to read a register */
#define STORY_HAS_READ 2 /* the guest has read it */
#define STORY_FIRED    3 /* the guest has handled all interrupts that it raised */
#define STORY_OFF      4 /* the guest has turned the power off */
#define STORY_ASLEEP   5 /* the guest has touched the device, which must still sleep */
#define STORY_WAIT     6 /* the guest waits for the wake interrupt */

#ifndef __ASSEMBLER__

/* The code of the guest. */
extern const char guest_begin[], guest_end[];

/* Read the configuration space of a device in sysfs. Returns 0 or a negative errno. */
int host_read_config(const char *address);
/* The interrupts of the MSI-X vectors of a device. The kernel counts from 0 when it sets a vector up,
 * and the call adds what the kernel has counted since the call before. Returns 0 or a negative
 * errno. */
struct host_counts {
	unsigned total[GUEST_VECTORS], last[GUEST_VECTORS];
};
int host_count_interrupts(const char *address, struct host_counts *counts);

#endif

#endif

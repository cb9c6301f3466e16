/* SPDX-License-Identifier: MIT */
/*
 * The fixture of the tests of lib/guest/config.c and lib/guest/pm.c alone, on the simulator: a
 * simulated device, and a VMM that records its callbacks.
 */
#ifndef GUEST_PARTS_H
#define GUEST_PARTS_H

#include <vfiopm/vfiopm.h>

#include "lib/guest/host.h"
#include "sim.h"
#include "test.h"

/* Offsets in configuration space: the PM capability of the simulated device, and PMCSR. */
#define PM    0xc8
#define PMCSR (PM + 4)

/* The bits of PMCSR. */
#define D0	   0
#define D3HOT	   3
#define PME_ENABLE 0x0100
#define PME_STATUS 0x8000

struct guest_parts {
	struct sim_device *sim;
	struct vfiopm_device *dev;
	int fd;
	struct vfiopm_guest_ops ops;
	struct vfiopm__guest_host host;
	struct vfiopm__guest_config *config;
	struct vfiopm__guest_pm *pm;

	/* What the VMM sees. */
	bool mapped;
	unsigned maps, unmaps, wakes, reports, powered;
	int mappings_fail[2]; /* the errno that unmapping and mapping return from now on */
	const char *broken_call;
	int broken_error;
	int powered_on[4], powered_error[4];
};

/* An address allows the readout. Without the callback wake() the guest sees no PME. */
#define WITH_ADDRESS 1
#define WITH_WAKE    2

/* NULL means the device of the lab. */
void guest_parts_open(struct guest_parts *parts, const struct sim_machine *machine, int how);
/* The same with both, and the guest has turned the device off. The delay of the next entry begins
 * with this number of milliseconds. */
void guest_parts_open_off(struct guest_parts *parts, uint32_t delay_ms);
void guest_parts_close(struct guest_parts *parts);

/* A 2-byte access of the guest to PMCSR. */
uint16_t guest_pmcsr(const struct guest_parts *parts);
void guest_write_pmcsr(const struct guest_parts *parts, uint16_t value);

/* The state that the device's own PMCSR has. This resumes a suspended device. */
unsigned guest_device_state(const struct guest_parts *parts);

bool guest_is_readable(const struct guest_parts *parts);
/* Dispatch until nothing is left. Returns the number of handled events. */
int guest_dispatch_all(const struct guest_parts *parts);
/* Wait until the object's timer is due, for at most 5 s, and dispatch it. */
void guest_dispatch_timer(const struct guest_parts *parts);

void guest_expect_asleep(const struct guest_parts *parts);
void guest_expect_on(const struct guest_parts *parts);

#endif

/* SPDX-License-Identifier: MIT */
/* The fixture of the tests of one part of struct vfiopm_guest on the simulator: a device, a virtual
 * machine, and the callbacks of a VMM that can fail. */
#ifndef PART_FIXTURE_H
#define PART_FIXTURE_H

#include <stdbool.h>

#include <vfiopm/vfiopm.h>

#include "guest.h"
#include "lib/guest/parts.h"
#include "sim.h"
#include "test.h"

#define PART_VECTORS 32
/* The GSIs of a vector: the VMM can return another one for each route. */
#define PART_GSIS 2

struct part_fixture {
	struct sim_device *sim;
	struct vfiopm_device *dev;
	int fd;
	struct guest *guest;
	struct vfiopm_guest_ops ops;
	struct vfiopm__guest_host host;

	/* The VMM. */
	bool other_gsi;					/* return another GSI for each route */
	int route_result, attach_result, detach_result; /* 0 or -errno */
	uint32_t failing_vector;			/* for route_result */
	unsigned routes, attaches;
	unsigned early_detaches; /* while VFIO signals the type */
	struct {
		uint64_t address;
		uint32_t message;
	} route[PART_GSIS * PART_VECTORS + 1];
	int attached_fd[PART_GSIS * PART_VECTORS + 1]; /* -1: detached */
	int resample_fd;			       /* -1: detached */
	unsigned reports;
	const char *reported_call;
	int reported_error;
};

/* kernel NULL: as the testbed. vectors: of MSI. */
void part_fixture_open(struct part_fixture *fixture, const char *kernel, unsigned vectors);
void part_fixture_close(struct part_fixture *fixture);

/* The number of interrupts that the guest has received from a vector of MSI, and from INTx. */
unsigned part_interrupts(uint32_t vector);
unsigned part_intx(void);
/* The GSI to which the vector is attached, or -1. */
int part_attached(const struct part_fixture *fixture, uint32_t vector);
/* The last failure that the library reported was this one, and it was reported since the last
 * call. */
void part_expect_report(struct part_fixture *fixture, const char *call, int error);
uint64_t part_issued(const struct part_fixture *fixture);
/* Raise an interrupt of an awake device. */
void part_fire(const struct part_fixture *fixture, uint32_t index, uint32_t vector);

#endif

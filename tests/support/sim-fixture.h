/* SPDX-License-Identifier: MIT */
/* The fixture of the interrupt tests that need the simulator: a simulated device, and the eventfd
 * that the test expects on each of its vectors. */
#ifndef SIM_FIXTURE_H
#define SIM_FIXTURE_H

#include <vfiopm/vfiopm.h>

#include "sim.h"
#include "test.h"

#define VECTORS 6
#define EVENTS	4

struct sim_fixture {
	struct sim_device *sim;
	struct vfiopm_device *dev;
	int fd;
	int events[EVENTS];    /* 0 and 2 are the caller's, 1 and 3 the library's */
	int expected[VECTORS]; /* the eventfds that the kernel must hold, or -1 */
	bool enabled;
};

void sim_fixture_open(struct sim_fixture *fixture, const char *kernel, unsigned vectors);
void sim_fixture_close(struct sim_fixture *fixture);
/* The eventfd that the simulator holds for an MSI-X vector, or -1. */
int sim_fixture_eventfd(const struct sim_fixture *fixture, uint32_t vector);
/* True if both fds refer to the same eventfd, or if both are negative. */
bool sim_fixture_same(int a, int b);
/* Fail the test if the simulator holds other eventfds than the test expects. */
void sim_fixture_check(const struct sim_fixture *fixture);

/* A pseudo-random number below `end`. The sequence is the same in every run. */
uint32_t sim_fixture_random(uint32_t end);

#endif

/* SPDX-License-Identifier: MIT */
/* What the tests of interrupts share that need the simulator: a simulated device, and what
 * is believed of its vectors. */
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
	int events[EVENTS]; /* two of the caller's, two of the library's */
	int believed[VECTORS];
	bool enabled;
};

void sim_fixture_open(struct sim_fixture *fixture, const char *kernel, unsigned vectors);
void sim_fixture_close(struct sim_fixture *fixture);
/* The eventfd that the simulator has for a vector of MSI-X, -1 for none. */
int sim_fixture_eventfd(const struct sim_fixture *fixture, uint32_t vector);
/* Are two fds of one eventfd, or both none? */
bool sim_fixture_same(int a, int b);
/* Is what is believed what the simulator has? */
void sim_fixture_check(const struct sim_fixture *fixture);

/* The same numbers in every run. */
uint32_t sim_fixture_random(uint32_t end);

#endif

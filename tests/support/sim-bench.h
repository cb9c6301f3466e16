/* SPDX-License-Identifier: MIT */
/* What the tests of interrupts share that need the simulator: a simulated device, and what
 * is believed of its vectors. */
#ifndef SIM_BENCH_H
#define SIM_BENCH_H

#include <vfiopm/vfiopm.h>

#include "sim.h"
#include "test.h"

#define VECTORS 6
#define EVENTS	4

struct sim_bench {
	struct sim_device *sim;
	struct vfiopm_device *dev;
	int fd;
	int events[EVENTS]; /* two of the caller's, two of the library's */
	int believed[VECTORS];
	bool enabled;
};

void sim_bench_open(struct sim_bench *bench, const char *kernel, unsigned vectors);
void sim_bench_close(struct sim_bench *bench);
/* The eventfd that the simulator has for a vector of MSI-X, -1 for none. */
int sim_bench_eventfd(const struct sim_bench *bench, uint32_t vector);
/* Are two fds of one eventfd, or both none? */
bool sim_bench_same(int a, int b);
/* Is what is believed what the simulator has? */
void sim_bench_check(const struct sim_bench *bench);

/* The same numbers in every run. */
uint32_t sim_bench_random(uint32_t end);

#endif

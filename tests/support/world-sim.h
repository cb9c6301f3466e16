/* SPDX-License-Identifier: MIT */
/* The simulator's world, for tests that run in no other. */
#ifndef WORLD_SIM_H
#define WORLD_SIM_H

#include "sim.h"

/* The device of this test. */
struct sim_device *world_sim_device(void);

#endif

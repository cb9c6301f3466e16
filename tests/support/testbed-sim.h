/* SPDX-License-Identifier: MIT */
/* The simulator's world, for tests that run in no other. */
#ifndef TESTBED_SIM_H
#define TESTBED_SIM_H

#include "sim.h"

/* The device of this test. */
struct sim_device *testbed_sim_device(void);

#endif

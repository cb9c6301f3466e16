/* SPDX-License-Identifier: MIT */
/* The simulated device of the testbed, for tests that run only on the simulator. */
#ifndef TESTBED_SIM_H
#define TESTBED_SIM_H

#include "sim.h"

/* The device of the current test. */
struct sim_device *testbed_sim_device(void);

#endif

// SPDX-License-Identifier: MIT
/* For programs without code for the simulator: a constructor adds one device, which reaches
 * D3cold, before main(). */
#include "sim.h"

__attribute__((constructor)) static void add_device(void)
{
	struct sim_machine machine = { .target = SIM_D3COLD };

	sim_add(&machine);
}

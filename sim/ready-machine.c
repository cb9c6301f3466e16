// SPDX-License-Identifier: MIT
/* For programs that know nothing of the simulator: a machine with one device, which
 * reaches D3cold, is there before main(). */
#include "sim.h"

__attribute__((constructor)) static void add_device(void)
{
	struct sim_machine machine = { .target = SIM_D3COLD };

	sim_add(&machine);
}

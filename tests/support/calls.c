// SPDX-License-Identifier: MIT
/* The system calls and allocations that the simulator has recorded. */
#include "calls.h"

#include <string.h>

#include "sim.h"
#include "test.h"

unsigned calls_find(unsigned count, const char *name, unsigned nth)
{
	unsigned found = 0;

	for (unsigned i = 0; i < count; i++) {
		if (strcmp(sim_call_name(i), name) == 0 && found++ == nth)
			return i;
	}
	fail_msg("%s() is called %u times only", name, found);
	return 0;
}

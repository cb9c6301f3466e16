// SPDX-License-Identifier: MIT
/* The version of the library that runs, which can be newer than the headers of the program. */
#include <vfiopm/version.h>

#include "export.h"

VFIOPM__PUBLIC uint32_t vfiopm_get_version(void)
{
	return VFIOPM_VERSION;
}

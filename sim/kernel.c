// SPDX-License-Identifier: MIT
/* The table of the kernels that the simulator models. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static const struct sim_kernel kernels[] = {
	{ .name = "5.10",
	  .dialect = SIM_NO_LOW_POWER,
	  .checks_range = true,
	  .leaves_count = true,
	  .old_groups = true,
	  .d3hot_keeps_memory = true,
	  .wrong_container = EINVAL },
	{ .name = "v2",
	  .dialect = SIM_V2,
	  .runtime_pm = true,
	  .power_state = true,
	  .checks_range = true,
	  .wrong_container = EINVAL },
	{ .name = "v3",
	  .dialect = SIM_V3,
	  .runtime_pm = true,
	  .power_state = true,
	  .checks_range = true,
	  .wrong_container = EINVAL },
	{ .name = "v4",
	  .dialect = SIM_V4,
	  .runtime_pm = true,
	  .power_state = true,
	  .checks_range = true,
	  .wrong_container = EINVAL },
	{ .name = "6.1",
	  .dialect = SIM_MAINLINE,
	  .ioeventfd_64 = true,
	  .runtime_pm = true,
	  .power_state = true,
	  .checks_range = true,
	  .wrong_container = EINVAL },
	{ .name = "6.12",
	  .dialect = SIM_MAINLINE,
	  .ioeventfd_64 = true,
	  .runtime_pm = true,
	  .bind_ioctl = true,
	  .power_state = true,
	  .wrong_container = EBADFD,
	  .dynamic_msix = true,
	  .requests_once = true,
	  .refuses_below_minus_one = true },
	{ .name = "6.12-iommufd",
	  .dialect = SIM_MAINLINE,
	  .ioeventfd_64 = true,
	  .runtime_pm = true,
	  .bind_ioctl = true,
	  .cdev = true,
	  .power_state = true,
	  .wrong_container = EBADFD,
	  .dynamic_msix = true,
	  .requests_once = true,
	  .refuses_below_minus_one = true },
	{ .name = "7-iommufd",
	  .dialect = SIM_MAINLINE,
	  .dma_buf = true,
	  .runtime_pm = true,
	  .bind_ioctl = true,
	  .cdev = true,
	  .bind_token = true,
	  .power_state = true,
	  .fdinfo_path = true,
	  .wrong_container = EBADFD,
	  .dynamic_msix = true,
	  .requests_once = true,
	  .refuses_below_minus_one = true },
	{ .name = "7",
	  .dialect = SIM_MAINLINE,
	  .dma_buf = true,
	  .runtime_pm = true,
	  .bind_ioctl = true,
	  .power_state = true,
	  .fdinfo_path = true,
	  .wrong_container = EBADFD,
	  .dynamic_msix = true,
	  .requests_once = true,
	  .refuses_below_minus_one = true },
};

const struct sim_kernel *sim_find_kernel(const char *name)
{
	if (!name)
		name = getenv("VFIOPM_SIM_KERNEL");
	if (!name)
		name = "6.12";
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		if (strcmp(kernels[i].name, name) == 0)
			return &kernels[i];
	}
	fprintf(stderr, "simulator: there is no kernel \"%s\"\n", name);
	exit(99);
}

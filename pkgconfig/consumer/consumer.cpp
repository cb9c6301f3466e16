// SPDX-License-Identifier: MIT
/*
 * The same as consumer.c in C++: the headers give the functions C linkage.
 */
#include <cerrno>
#include <cstring>
#include <iostream>

#include <vfiopm/vfiopm.h>

int main()
{
	struct vfiopm_device *dev;
	uint32_t status;

	if (vfiopm_device_open("no address", &dev) != -EINVAL ||
	    vfiopm_device_new_from_fd(-1, &dev) != -EBADF)
		return 1;
	if (vfiopm_enter_wakeup(NULL, 0) != -EINVAL || vfiopm_get_state(NULL) != -EINVAL)
		return 2;
	if (vfiopm_readout_get_runtime_status(NULL, &status) != -EINVAL ||
	    std::strcmp(vfiopm_readout_runtime_status_name(VFIOPM_RUNTIME_SUSPENDED),
			"suspended") != 0)
		return 3;
	if (vfiopm_device_free(NULL))
		return 4;

	std::cout << "ok" << std::endl;
	return 0;
}

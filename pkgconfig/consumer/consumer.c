/* SPDX-License-Identifier: MIT */
/*
 * A program that uses the installed library. It shows that the headers, the link line and the
 * library at run time match. All calls have wrong arguments, so that it needs no device.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <vfiopm/vfiopm.h>

#if VFIOPM_VERSION < VFIOPM_MAKE_VERSION(0, 1, 0)
#error "VFIOPM_VERSION is older than 0.1.0"
#endif

int main(void)
{
	struct vfiopm_device *dev;
	uint32_t features, state;

	if (vfiopm_device_open(NULL, &dev) != -EINVAL ||
	    vfiopm_device_open("no address", &dev) != -EINVAL ||
	    vfiopm_device_new_from_fd(-1, NULL) != -EINVAL ||
	    vfiopm_device_new_from_fd(-1, &dev) != -EBADF)
		return 1;
	if (vfiopm_get_features(NULL, &features) != -EINVAL || vfiopm_enter(NULL) != -EINVAL ||
	    vfiopm_exit(NULL) != -EINVAL || vfiopm_get_state(NULL) != -EINVAL)
		return 2;
	if (vfiopm_readout_get_power_state(NULL, &state) != -EINVAL ||
	    strcmp(vfiopm_readout_power_state_name(VFIOPM_POWER_STATE_D3COLD), "D3cold") != 0)
		return 3;
	if (vfiopm_device_free(NULL))
		return 4;
	if (vfiopm_get_version() != VFIOPM_VERSION)
		return 5;

	puts("ok");
	return 0;
}

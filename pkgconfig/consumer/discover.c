/* SPDX-License-Identifier: MIT */
/*
 * The same as consumer.c for libvfiopm-udev, in C and in C++. With BOTH it also uses the
 * core library. The names of <vfiopm/readout.h> come from either library.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <vfiopm/discover.h>
#ifdef BOTH
#include <vfiopm/vfiopm.h>
#endif

int main(void)
{
	struct vfiopm_discover_device *device;
	struct vfiopm_discover_list *list;
	uint32_t count;

	if (vfiopm_discover_device_new(NULL, &device) != -EINVAL ||
	    vfiopm_discover_device_new("no address", &device) != -EINVAL ||
	    vfiopm_discover_list_new(VFIOPM_DISCOVER_ALL, NULL) != -EINVAL ||
	    vfiopm_discover_monitor_new(VFIOPM_DISCOVER_SOURCE_AUTO, NULL) != -EINVAL)
		return 1;
	if (vfiopm_discover_list_new(VFIOPM_DISCOVER_ALL, &list) == 0) {
		if (vfiopm_discover_list_get_count(list, &count) != 0)
			return 2;
		vfiopm_discover_list_free(list);
	}
	if (vfiopm_discover_device_free(NULL) || vfiopm_discover_monitor_free(NULL))
		return 3;
	if (strcmp(vfiopm_readout_power_state_name(VFIOPM_POWER_STATE_D3COLD), "D3cold") != 0 ||
	    strcmp(vfiopm_readout_runtime_status_name(VFIOPM_RUNTIME_SUSPENDED), "suspended") !=
		    0 ||
	    strcmp(vfiopm_readout_control_name(VFIOPM_CONTROL_AUTO), "auto") != 0)
		return 4;
#ifdef BOTH
	if (vfiopm_device_free(NULL))
		return 5;
#endif

	puts("ok");
	return 0;
}

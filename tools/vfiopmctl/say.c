// SPDX-License-Identifier: MIT
/* Messages, and what a failure means: in plain words, and what to do. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

void ctl_say(const char *format, ...)
{
	va_list args;

	fputs("vfiopmctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int ctl_fail_lookup(const char *address, int error)
{
	switch (error) {
	case -EINVAL:
		ctl_say("'%s' is no PCI address. One looks like 0000:01:00.0; see: vfiopmctl list --all",
			address);
		return CTL_USAGE;
	case -ENXIO:
		ctl_say("there is no PCI device at %s. See: vfiopmctl list --all", address);
		return CTL_NO_DEVICE;
	case -EACCES:
		ctl_say("no permission to read what sysfs has of %s", address);
		return CTL_NO_PERMISSION;
	default:
		ctl_say("%s: %s", address, strerror(-error));
		return CTL_FAILED;
	}
}

/* Of one that VFIO has not: has it an IOMMU at all? */
static int fail_not_vfio(const char *address)
{
	struct vfiopm_discover_device *device;
	uint32_t group;
	int r = vfiopm_discover_device_new(address, &device);

	if (r < 0)
		return ctl_fail_lookup(address, r);
	r = vfiopm_discover_device_get_group(device, &group);
	vfiopm_discover_device_free(device);
	if (r < 0) {
		ctl_say("%s is in no IOMMU group: the machine's IOMMU is off. Switch it on in the firmware, and "
			"boot with intel_iommu=on or amd_iommu=on", address);
		return CTL_NO_IOMMU;
	}
	ctl_say("%s is not bound to a VFIO driver, or vfio-pci or vfio_iommu_type1 is not loaded. To bind it:\n"
		"  modprobe vfio-pci\n"
		"  echo vfio-pci > /sys/bus/pci/devices/%s/driver_override\n"
		"  echo %s > /sys/bus/pci/drivers_probe", address, address, address);
	return CTL_NOT_VFIO;
}

/* The errnos of vfiopm_device_open(). */
int ctl_fail_open(const char *address, int error)
{
	switch (error) {
	case -ENXIO:
		return ctl_fail_lookup(address, error);
	case -ENOENT:
	case -ENODEV:
		return fail_not_vfio(address);
	case -EACCES:
		ctl_say("no permission to open the VFIO node of %s. Be root, or let udev give you the node",
			address);
		return CTL_NO_PERMISSION;
	case -EPERM:
		ctl_say("%s shares its IOMMU group with a device that a host driver has. See: "
			"vfiopmctl show %s", address, address);
		return CTL_NO_PERMISSION;
	case -EBUSY:
		ctl_say("%s is in use: its VFIO group is open in another process. See: "
			"vfiopmctl doctor %s", address, address);
		return CTL_BUSY;
	case -EAGAIN:
		ctl_say("%s is being reset or removed: try again", address);
		return CTL_BUSY;
	case -EIO:
		ctl_say("%s could not be resumed; the kernel's log has more", address);
		return CTL_FAILED;
	default:
		ctl_say("%s could not be opened: %s", address, strerror(-error));
		return CTL_FAILED;
	}
}

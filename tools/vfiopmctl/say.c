// SPDX-License-Identifier: MIT
/* Messages, and what a failure means: in plain words, and what to do. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

#define CLASS_PCI_BRIDGE 0x0604 /* PCI_CLASS_BRIDGE_PCI */

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
		ctl_say("'%s' is no PCI address. One looks like 0000:01:00.0; see: vfiopmctl list "
			"--all",
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
static int say_not_vfio(const struct vfiopm_discover_device *device, const char *address)
{
	const char *driver = NULL;
	uint32_t group, class = 0;

	vfiopm_discover_device_get_class(device, &class);
	if (class >> 8 == CLASS_PCI_BRIDGE) {
		ctl_say("%s is a PCI bridge, which VFIO gives to nobody: name a device behind it",
			address);
		return CTL_NOT_VFIO;
	}
	if (vfiopm_discover_device_get_group(device, &group) < 0) {
		ctl_say("%s is in no IOMMU group: the machine's IOMMU is off. Switch it on in the "
			"firmware, and "
			"boot with intel_iommu=on or amd_iommu=on",
			address);
		return CTL_NO_IOMMU;
	}
	vfiopm_discover_device_get_driver(device, &driver);
	ctl_say("%s is not bound to a VFIO driver, or vfio-pci or vfio_iommu_type1 is not loaded. "
		"To bind it:\n"
		"  modprobe vfio-pci\n"
		"  echo vfio-pci > /sys/bus/pci/devices/%s/driver_override",
		address, address);
	if (driver)
		fprintf(stderr, "  echo %s > /sys/bus/pci/devices/%s/driver/unbind\n", address,
			address);
	fprintf(stderr, "  echo %s > /sys/bus/pci/drivers_probe\n", address);
	return CTL_NOT_VFIO;
}

static int fail_not_vfio(const char *address)
{
	struct vfiopm_discover_device *device;
	int r = vfiopm_discover_device_new(address, &device);

	if (r < 0)
		return ctl_fail_lookup(address, r);
	r = say_not_vfio(device, address);
	vfiopm_discover_device_free(device);
	return r;
}

/* Of EINVAL: no address; or another has opened the device by its own node, or its IOMMU is not
 * one that vfiopm_device_open() knows. */
static int fail_invalid(const char *address)
{
	struct vfiopm_discover_device *device;
	int r = vfiopm_discover_device_new(address, &device);

	if (r == -EINVAL)
		return ctl_fail_lookup(address, r);
	if (r == 0)
		vfiopm_discover_device_free(device);
	ctl_say("%s is in use by another process, or its IOMMU is none of those that can be used "
		"here. See: "
		"vfiopmctl doctor %s",
		address, address);
	return CTL_BUSY;
}

/* The errnos of vfiopm_device_open(). */
int ctl_fail_open(const char *address, int error)
{
	switch (error) {
	case -EINVAL:
		return fail_invalid(address);
	case -ENXIO:
		return ctl_fail_lookup(address, error);
	case -ENOENT:
	case -ENODEV:
		return fail_not_vfio(address);
	case -EACCES:
		ctl_say("no permission to open %s. Be root, or let udev give you its VFIO node. A "
			"virtual function "
			"whose physical one is VFIO's wants a token that vfiopmctl does not have",
			address);
		return CTL_NO_PERMISSION;
	case -EPERM:
		ctl_say("%s shares its IOMMU group with a device that a host driver has. See: "
			"vfiopmctl show %s",
			address, address);
		return CTL_NO_PERMISSION;
	case -EBUSY:
		ctl_say("%s is in use: its VFIO group is open in another process. See: "
			"vfiopmctl doctor %s",
			address, address);
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

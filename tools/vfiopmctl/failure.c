// SPDX-License-Identifier: MIT
/* What a failure means, and what the user can do about it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "lib/sysfs.h"

#define SYSFS_DEVICES "/sys/bus/pci/devices"

/* ---- sysfs ---- */

/* CTL_OK if sysfs has the PCI devices. Without this check, a missing sysfs could not be
 * distinguished from a machine without devices. */
static int check_sysfs(void)
{
	struct vfiopm__sysfs_names names;
	int r = vfiopm__sysfs_list(SYSFS_DEVICES, &names);

	switch (r) {
	case 0:
		vfiopm__sysfs_free_names(&names);
		return CTL_OK;
	case -ENOENT:
		ctl_say(SYSFS_DEVICES " does not exist: sysfs is not mounted, or this kernel has "
				      "no PCI support");
		return CTL_NO_SYSFS;
	case -EACCES:
		ctl_say("no permission to read " SYSFS_DEVICES);
		return CTL_NO_PERMISSION;
	default:
		ctl_say(SYSFS_DEVICES ": %s", strerror(-r));
		return CTL_FAILED;
	}
}

int ctl_report_no_devices(bool all)
{
	int status = check_sysfs();

	if (status != CTL_OK)
		return status;
	ctl_say(all ? "this machine has no PCI device"
		    : "no device is bound to a VFIO driver; --all selects all PCI devices");
	return CTL_OK;
}

int ctl_fail_list(int error)
{
	if (error == -EACCES) {
		ctl_say("no permission to list the PCI devices in sysfs");
		return CTL_NO_PERMISSION;
	}
	ctl_say("the PCI devices could not be listed: %s", strerror(-error));
	return CTL_FAILED;
}

int ctl_fail_lookup(const char *address, int error)
{
	int status;

	switch (error) {
	case -EINVAL:
		ctl_say("%s is not a PCI address like 0000:01:00.0; see: vfiopmctl list --all",
			ctl_quote(address));
		return CTL_USAGE;
	case -ENXIO:
		status = check_sysfs();
		if (status != CTL_OK)
			return status;
		ctl_say("there is no PCI device at %s; see: vfiopmctl list --all", address);
		return CTL_NO_DEVICE;
	case -EACCES:
		ctl_say("no permission to read the attributes of %s in sysfs", address);
		return CTL_NO_PERMISSION;
	default:
		ctl_say("%s: %s", address, strerror(-error));
		return CTL_FAILED;
	}
}

/* ---- opening a device ---- */

/* Why a device should not be bound to a VFIO driver, or NULL; class has 24 bits. */
static const char *bridge_problem(uint32_t class)
{
	switch (class >> 8) {
	case 0x0600:
		return "is the host bridge, which must stay with the host; name another device";
	case 0x0601:
		return "is the ISA bridge, which must stay with the host; name another device";
	case 0x0604:
		return "is a PCI bridge, which VFIO does not give to userspace; name a device "
		       "behind it";
	default:
		return NULL;
	}
}

static void print_how_to_bind(const struct vfiopm_discover_device *device, const char *address)
{
	const char *driver;

	ctl_say("%s is not bound to a VFIO driver, or the module vfio-pci or vfio_iommu_type1 is "
		"not loaded. To bind the device:\n"
		"  modprobe vfio-pci\n"
		"  echo vfio-pci > /sys/bus/pci/devices/%s/driver_override",
		address, address);
	if (vfiopm_discover_device_get_driver(device, &driver) == 0)
		fprintf(stderr, "  echo %s > /sys/bus/pci/devices/%s/driver/unbind\n", address,
			address);
	fprintf(stderr, "  echo %s > /sys/bus/pci/drivers_probe\n", address);
}

static int explain_not_vfio(const struct vfiopm_discover_device *device, const char *address)
{
	uint32_t group, class = 0;

	vfiopm_discover_device_get_class(device, &class);
	if (bridge_problem(class)) {
		ctl_say("%s %s", address, bridge_problem(class));
		return CTL_NOT_VFIO;
	}
	if (vfiopm_discover_device_get_group(device, &group) < 0) {
		ctl_say("%s is not in an IOMMU group: the IOMMU is off. Enable it in the firmware "
			"setup, and boot with intel_iommu=on or amd_iommu=on",
			address);
		return CTL_NO_IOMMU;
	}
	print_how_to_bind(device, address);
	return CTL_NOT_VFIO;
}

static int fail_not_vfio(const char *address)
{
	struct vfiopm_discover_device *device;
	int r = vfiopm_discover_device_new(address, &device);

	if (r < 0)
		return ctl_fail_lookup(address, r);
	r = explain_not_vfio(device, address);
	vfiopm_discover_device_free(device);
	return r;
}

/* vfiopm_device_open() returns EINVAL if the address is malformed, if another process has opened
 * the device by its own node, and if it does not support the type of the IOMMU. */
static int fail_invalid(const char *address)
{
	struct vfiopm_discover_device *device;
	int r = vfiopm_discover_device_new(address, &device);

	if (r == -EINVAL)
		return ctl_fail_lookup(address, r);
	if (r == 0)
		vfiopm_discover_device_free(device);
	ctl_say("%s is in use by another process, or vfiopmctl does not support its IOMMU; see: "
		"vfiopmctl doctor %s",
		address, address);
	return CTL_BUSY;
}

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
		ctl_say("no permission to open %s. Run vfiopmctl as root, or let udev give you "
			"access to the VFIO node. If the device is a virtual function and VFIO has "
			"its physical function, a token is needed, which vfiopmctl does not have",
			address);
		return CTL_NO_PERMISSION;
	case -EPERM:
		ctl_say("%s shares its IOMMU group with a device that is bound to a host driver; "
			"see: vfiopmctl show %s",
			address, address);
		return CTL_NO_PERMISSION;
	case -EBUSY:
		ctl_say("%s is in use: another process has its VFIO group open; see: vfiopmctl "
			"doctor %s",
			address, address);
		return CTL_BUSY;
	case -EAGAIN:
		ctl_say("%s is being reset or removed; try again", address);
		return CTL_BUSY;
	case -EIO:
		ctl_say("%s could not be resumed; see the kernel log", address);
		return CTL_FAILED;
	default:
		ctl_say("%s could not be opened: %s", address, strerror(-error));
		return CTL_FAILED;
	}
}

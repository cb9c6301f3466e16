/* SPDX-License-Identifier: MIT */
/*
 * The device: one VFIO device that the caller owns. It is what every other
 * call of the library works on. See vfiopm_device(3).
 *
 * Every call may be made from any thread, also on the same device, except
 * vfiopm_device_free(), which must be the last.
 */
#ifndef VFIOPM_DEVICE_H
#define VFIOPM_DEVICE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfiopm_device;

/*
 * Make a device of a VFIO device fd that the caller has opened: of a group, or
 * of a device cdev that is bound to an iommufd. PCI or not.
 *
 * device_fd is borrowed: the library uses it, never closes it, and the caller
 * keeps it open until vfiopm_device_free().
 *
 * Wakes the device: VFIO_DEVICE_GET_INFO and the probes of the low-power
 * features resume it (vfio_pci_core.c, vfio_main.c; since 6.1). They are
 * issued here, once, and never again.
 *
 * 0, or:
 *   -EINVAL  ret_dev is NULL; or a device cdev that is not bound, or a
 *            container without an IOMMU
 *   -EBADF   device_fd is not open
 *   -ENOTTY  device_fd is not a VFIO device: a file, a group fd, an iommufd,
 *            a container with its IOMMU
 *   -EIO     the device could not be resumed
 *   -ENOMEM  no memory
 *   -EPROTO  the kernel gave an answer that no VFIO device gives
 */
int vfiopm_device_new_from_fd(int device_fd, struct vfiopm_device **ret_dev);

/*
 * Open the PCI device at an address ("0000:01:00.0": domain, bus, device and
 * function, in hexadecimal digits) that is bound to a VFIO driver. Nothing but
 * a whole address is accepted. Uses the device cdev and iommufd where both
 * exist (Linux 6.6), else the IOMMU group and a container of its own.
 *
 * The library owns every fd it opens here; all are O_CLOEXEC and are closed by
 * vfiopm_device_free().
 *
 * Wakes the device, as vfiopm_device_new_from_fd() does.
 *
 * 0, or the errno of the step that failed, with nothing left open:
 *   -EINVAL  ret_dev or pci_address is NULL, or not an address; or the kernel
 *            cannot give the group an IOMMU; or the device is open by its cdev
 *   -ENXIO   no PCI device has this address
 *   -ENOENT  the device is in no IOMMU group, or no VFIO driver is bound to
 *            any device of its group, or vfio is not loaded
 *   -ENODEV  this device is not bound to a VFIO driver, another of its group is;
 *            or there is no IOMMU of type 1 (vfio_iommu_type1 is not loaded)
 *   -EACCES  no permission for the node in /dev, or a VF that needs a token
 *   -EPERM   another device of the group is bound to a host driver, or the
 *            machine's interrupts cannot be isolated
 *   -EBUSY   the device's group is in use
 *   -EAGAIN  the device is being reset or removed: try again
 *   -EIO     the device could not be resumed
 *   -EMFILE, -ENFILE, -ENOMEM  no more fds, no memory
 *   -EPROTO  the kernel gave an answer that VFIO does not give
 */
int vfiopm_device_open(const char *pci_address, struct vfiopm_device **ret_dev);

/*
 * Free the device and close what the library opened for it. A borrowed fd
 * stays open, and its device stays in the power state it is in. The last close
 * of a device ends its low power without a signal on the wakeup eventfd
 * (vfio_pci_core.c, vfio_pci_core_disable(), 6.1).
 *
 * Always returns NULL. NULL is accepted.
 */
struct vfiopm_device *vfiopm_device_free(struct vfiopm_device *dev);

/*
 * The device's VFIO fd; it stays its owner's. Any ioctl, read or write on it
 * wakes the device. -EINVAL if dev is NULL.
 */
int vfiopm_device_get_fd(const struct vfiopm_device *dev);

/*
 * Say where the device is, for vfiopm_readout_*(). Needed only where the
 * kernel does not say it itself (it does since 6.18, in fdinfo) and the device
 * was not opened by address. The address is set once and cannot be changed; it
 * is the caller's word and is not compared with the fd. Opens the attributes
 * in sysfs, which the library then owns. Does not wake the device.
 *
 * 0, also if this very address is known already, or:
 *   -EINVAL    dev or pci_address is NULL, or not an address
 *   -EALREADY  another address, or place in sysfs, is known already
 *   -ENXIO     no PCI device has this address
 *   -EACCES, -EMFILE, -ENFILE, -ENOMEM  sysfs could not be opened
 */
int vfiopm_device_set_address(struct vfiopm_device *dev, const char *pci_address);

/*
 * The device's PCI address in the kernel's spelling, lower case. The string is
 * the device's and lives as long as it. Does not wake the device.
 *
 * 0, or -EINVAL (a NULL), -ENXIO (no address is known).
 */
int vfiopm_device_get_address(const struct vfiopm_device *dev, const char **ret_address);

/* The events of a trace. */
#define VFIOPM_TRACE_ISSUED                                                                        \
	UINT32_C(0) /* an ioctl was issued: result is its return value or -errno */
#define VFIOPM_TRACE_SAVED UINT32_C(1) /* an ioctl was not needed: result is what the caller gets */
#define VFIOPM_TRACE_CHOSE UINT32_C(2) /* the library chose among its ways, see vfiopm_msix(3) */

/*
 * Have a function called for each ioctl that the library issues on the device
 * from now on, for each that it saved, and for each choice. call names the ioctl
 * as <linux/vfio.h> does, or what was chosen as <vfiopm/msix.h> does. The function
 * runs in the thread of the call, may run in several threads at once and must not
 * call the library on the same device.
 * data is the caller's and must live as long as the device. A trace is set once
 * and stays. Does not wake the device.
 *
 * 0, or -EINVAL (dev or trace is NULL), -EALREADY (a trace is set).
 */
int vfiopm_device_set_trace(struct vfiopm_device *dev,
			    void (*trace)(void *data, uint32_t event, const char *call, int result),
			    void *data);

#ifdef __cplusplus
}
#endif

#endif

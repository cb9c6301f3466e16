/* SPDX-License-Identifier: MIT */
/*
 * Resets of a device. See vfiopm_reset(3).
 *
 * A reset ends what the device does: its registers, its DMA and the interrupts that it has raised.
 * VFIO keeps the eventfds of the interrupts and low power, and restores the configuration space
 * (vfio_pci_core.c, vfio_pci_ioctl_reset(); drivers/pci/pci.c, pci_dev_restore(), Linux 6.1).
 */
#ifndef VFIOPM_RESET_H
#define VFIOPM_RESET_H

#include <stdint.h>

#include <vfiopm/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Reset the device (VFIO_DEVICE_RESET). The device is in D0 afterwards. Its interrupts keep their
 * eventfds and masks; an interrupt that was raised and not delivered is gone.
 *
 * A device in low power is woken for the reset, and then sleeps again: after an entry with wakeup,
 * the library enters low power again with the same eventfd, and does not report the wake. If the
 * kernel refuses that entry, the device stays on and the eventfd reports a wake.
 *
 * Returns 0, or:
 *   -EINVAL  dev is NULL, or the device cannot be reset
 *   -ENOTTY  the VFIO driver has no reset, or the device did not answer after the reset
 *   -EAGAIN  the host uses the device at the moment. Try again
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the kernel could not resume the device
 *   -EPROTO  the kernel returned a value that this ioctl does not return
 *
 * Wakes the device: yes. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_reset(struct vfiopm_device *dev);

/*
 * Reset all devices of the bus or slot of a PCI device (VFIO_DEVICE_PCI_HOT_RESET). The caller must
 * own all of them, and all must be bound to a VFIO driver.
 *
 * group_fds has the fds of count IOMMU groups, except that of a group that the library has opened
 * for dev: the library adds it. For a device that was opened by its cdev, count is 0: the iommufd
 * proves the ownership.
 *
 * The reset does to dev what vfiopm_reset() does. Each other device of the bus that is in low power
 * is woken, and its object reports a wake by the host. Call vfiopm_note_reset() for each of them.
 *
 * Returns 0, or:
 *   -EINVAL  dev is NULL, count is not 0 and group_fds is NULL, count is too large, or an fd is not
 *            that of a group. Or the kernel: a device of the bus is not bound to a VFIO driver, or
 *            the caller does not own it
 *   -EPERM   the caller does not own all devices of the bus, so the library has issued no reset
 *   -ENODEV  the bus cannot be reset
 *   -EBUSY   a mapping of one of the devices is in use at the moment. Try again
 *   -EBADF   a group fd is not open, or the caller has closed the device fd
 *   -ENOTTY  the device is not PCI, or does not answer after the reset
 *   -EAGAIN  the host uses a device at the moment. Try again
 *   -ENOMEM  no memory in the kernel
 *   -EIO     the kernel could not resume a device
 *   -EPROTO  the kernel returned a value that these ioctls do not return
 *
 * Wakes the device: yes. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_hot_reset(struct vfiopm_device *dev, const int *group_fds, uint32_t count);

/*
 * Note that somebody has reset the device beside the library: by an ioctl on another fd, by a hot
 * reset of another device of its bus, or by the attribute reset in sysfs. The library forgets what
 * it knows of the configuration space of the device, and reads it again when it needs it. Until
 * then, do not access mapped memory by the library.
 *
 * Such a reset resumes a device in low power, as each call beside the library does: after an entry
 * with wakeup the wake is reported, and low power has ended. Interrupts keep their eventfds.
 *
 * Returns 0, or:
 *   -EINVAL  dev is NULL
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_note_reset(struct vfiopm_device *dev);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The readout: the power state of a device as the kernel reports it in sysfs. A readout never
 * wakes the device. See vfiopm_readout(3).
 *
 * The readout works if the library knows the device's directory in sysfs: the device was opened
 * by vfiopm_device_open(), or vfiopm_device_set_address() was called, or the kernel reports the
 * directory in fdinfo (Linux 6.18). The library opens the attributes then and owns their fds. A
 * readout is one pread(2).
 *
 * The kernel answers from its memory and does not resume the device (drivers/pci/pci-sysfs.c and
 * drivers/base/power/sysfs.c, Linux 6.1).
 *
 * The functions that return int return 0, or:
 *   -EINVAL  dev or the output is NULL
 *   -ENXIO   the device's directory in sysfs is not known
 *   -ENOENT  the kernel does not have the attribute for this device
 *   -ENODEV  the device was removed
 *   -EPROTO  the attribute has a value that the library does not know
 *
 * For all functions of this header:
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
#ifndef VFIOPM_READOUT_H
#define VFIOPM_READOUT_H

#include <stdint.h>

#include <vfiopm/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/* PCI power states. */
#define VFIOPM_POWER_STATE_D0	   UINT32_C(0)
#define VFIOPM_POWER_STATE_D1	   UINT32_C(1)
#define VFIOPM_POWER_STATE_D2	   UINT32_C(2)
#define VFIOPM_POWER_STATE_D3HOT   UINT32_C(3)
#define VFIOPM_POWER_STATE_D3COLD  UINT32_C(4)
#define VFIOPM_POWER_STATE_UNKNOWN UINT32_C(5)
#define VFIOPM_POWER_STATE_ERROR   UINT32_C(6)

/* Runtime PM statuses. */
#define VFIOPM_RUNTIME_ACTIVE	   UINT32_C(0)
#define VFIOPM_RUNTIME_SUSPENDING  UINT32_C(1)
#define VFIOPM_RUNTIME_SUSPENDED   UINT32_C(2)
#define VFIOPM_RUNTIME_RESUMING	   UINT32_C(3)
#define VFIOPM_RUNTIME_ERROR	   UINT32_C(4)
#define VFIOPM_RUNTIME_UNSUPPORTED UINT32_C(5)

#define VFIOPM_CONTROL_AUTO	   UINT32_C(0) /* runtime PM may suspend the device */
#define VFIOPM_CONTROL_ON	   UINT32_C(1) /* the administrator keeps the device on */

/*
 * Get the PCI power state, VFIOPM_POWER_STATE_*, from power_state (Linux 5.11). D3cold is the
 * state that the kernel requested from the platform (drivers/pci/pci-acpi.c,
 * acpi_pci_get_power_state()). The power is still on if another device needs the same supply.
 */
int vfiopm_readout_get_power_state(const struct vfiopm_device *dev, uint32_t *ret_state);

/*
 * Get the runtime PM status, VFIOPM_RUNTIME_*, from power/runtime_status. A suspended device is
 * not necessarily in D3.
 */
int vfiopm_readout_get_runtime_status(const struct vfiopm_device *dev, uint32_t *ret_status);

/*
 * Get the time that the device has spent suspended, in milliseconds since the kernel found the
 * device, from power/runtime_suspended_time. The time of the current sleep is included. If the
 * time grew, the device slept.
 */
int vfiopm_readout_get_suspended_time(const struct vfiopm_device *dev, uint64_t *ret_ms);

/* Get whether runtime PM may suspend the device, VFIOPM_CONTROL_*, from power/control. */
int vfiopm_readout_get_control(const struct vfiopm_device *dev, uint32_t *ret_control);

/*
 * Get whether the device may enter D3cold, 1 or 0, from d3cold_allowed. Writing this attribute
 * wakes the device (pci-sysfs.c, d3cold_allowed_store()). The library never writes it.
 */
int vfiopm_readout_get_d3cold_allowed(const struct vfiopm_device *dev, uint32_t *ret_allowed);

/*
 * Return the kernel's name of a value above: "D3cold", "suspended", "auto". The string is
 * constant and must not be freed. Returns NULL for any other value. libvfiopm and libvfiopm-udev
 * both have these functions.
 */
const char *vfiopm_readout_power_state_name(uint32_t state);
const char *vfiopm_readout_runtime_status_name(uint32_t status);
const char *vfiopm_readout_control_name(uint32_t control);

#ifdef __cplusplus
}
#endif

#endif

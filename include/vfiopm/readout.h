/* SPDX-License-Identifier: MIT */
/*
 * The readout: what the kernel says in sysfs of the device's power. Reading it
 * never wakes the device. See vfiopm_readout(3).
 *
 * It works for a device whose place in sysfs is known: opened by address, or
 * with vfiopm_device_set_address(), or on a kernel that says it in fdinfo
 * (6.18). The attributes are opened then; a call here is one pread(2).
 *
 * Every call may be made from any thread. 0, or:
 *   -EINVAL  a NULL
 *   -ENXIO   the device's place in sysfs is not known
 *   -ENOENT  this kernel, or this device, does not have the attribute
 *   -ENODEV  the device is gone
 *   -EPROTO  the attribute holds a value that the library does not know
 */
#ifndef VFIOPM_READOUT_H
#define VFIOPM_READOUT_H

#include <stdint.h>

#include <vfiopm/device.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VFIOPM_POWER_STATE_D0	   UINT32_C(0)
#define VFIOPM_POWER_STATE_D1	   UINT32_C(1)
#define VFIOPM_POWER_STATE_D2	   UINT32_C(2)
#define VFIOPM_POWER_STATE_D3HOT   UINT32_C(3)
#define VFIOPM_POWER_STATE_D3COLD  UINT32_C(4)
#define VFIOPM_POWER_STATE_UNKNOWN UINT32_C(5)
#define VFIOPM_POWER_STATE_ERROR   UINT32_C(6)

#define VFIOPM_RUNTIME_ACTIVE	   UINT32_C(0)
#define VFIOPM_RUNTIME_SUSPENDING  UINT32_C(1)
#define VFIOPM_RUNTIME_SUSPENDED   UINT32_C(2)
#define VFIOPM_RUNTIME_RESUMING	   UINT32_C(3)
#define VFIOPM_RUNTIME_ERROR	   UINT32_C(4)
#define VFIOPM_RUNTIME_UNSUPPORTED UINT32_C(5)

#define VFIOPM_CONTROL_AUTO	   UINT32_C(0) /* the device may be suspended at run time */
#define VFIOPM_CONTROL_ON	   UINT32_C(1) /* the administrator keeps it on */

/*
 * power_state: the PCI power state, VFIOPM_POWER_STATE_* (Linux 5.11). D3cold is what the
 * kernel asked the platform for: the supply is on still where another device needs it.
 */
int vfiopm_readout_get_power_state(const struct vfiopm_device *dev, uint32_t *ret_state);

/* power/runtime_status: VFIOPM_RUNTIME_*. Suspended does not mean D3. */
int vfiopm_readout_get_runtime_status(const struct vfiopm_device *dev, uint32_t *ret_status);

/*
 * power/runtime_suspended_time: milliseconds spent suspended since the device
 * was found, the present sleep included. The best proof that it really slept.
 */
int vfiopm_readout_get_suspended_time(const struct vfiopm_device *dev, uint64_t *ret_ms);

/* power/control: VFIOPM_CONTROL_*. */
int vfiopm_readout_get_control(const struct vfiopm_device *dev, uint32_t *ret_control);

/* d3cold_allowed: 1 or 0. (Writing it wakes the device; the library never does.) */
int vfiopm_readout_get_d3cold_allowed(const struct vfiopm_device *dev, uint32_t *ret_allowed);

/*
 * The kernel's word for a value above ("D3cold", "suspended", "auto"), for
 * people to read. A constant string; NULL for a value that is none of them.
 */
const char *vfiopm_readout_power_state_name(uint32_t state);
const char *vfiopm_readout_runtime_status_name(uint32_t status);
const char *vfiopm_readout_control_name(uint32_t control);

#ifdef __cplusplus
}
#endif

#endif

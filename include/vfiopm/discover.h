/* SPDX-License-Identifier: MIT */
/*
 * Discovery: the PCI devices of the machine, which of them are bound to VFIO drivers, and when
 * that changes. Discovery is a library of its own, libvfiopm-udev. It needs libudev and does not
 * need libvfiopm. See vfiopm_discover(3).
 *
 * Discovery never wakes a device. It opens no VFIO node. In sysfs it reads only attributes that
 * the kernel answers from memory (drivers/pci/pci-sysfs.c and drivers/base/power/sysfs.c, Linux
 * 6.1). It never reads config, rom or resource*.
 *
 * The functions that return int return 0 on success unless stated otherwise.
 *
 * Each call states whether it can wake a device, whether several threads may make it at the same
 * time on one object, and the version of libvfiopm-udev that introduced it.
 */
#ifndef VFIOPM_DISCOVER_H
#define VFIOPM_DISCOVER_H

#include <stdint.h>

#include <vfiopm/readout.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfiopm_discover_device;
struct vfiopm_discover_list;
struct vfiopm_discover_monitor;

/* ---- one device ---- */

/*
 * Look up the PCI device at an address. An address is written as for vfiopm_device_open(). The
 * device may be bound to any driver or to none.
 *
 * The object is a snapshot: the properties below are those of this moment and never change. Only
 * the power attributes are read at each call. Strings that the functions below return belong to
 * the object and are valid until the object is freed.
 * The returned object must be freed by the caller using vfiopm_discover_device_free().
 *
 * Returns 0, or:
 *   -EINVAL  pci_address or ret_device is NULL, or pci_address is not an address
 *   -ENXIO   no PCI device has this address
 *   -EACCES, -EMFILE, -ENFILE, -ENOMEM  sysfs could not be read
 *   -EPROTO  sysfs has a value that the library does not know
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_discover_device_new(const char *pci_address, struct vfiopm_discover_device **ret_device);

/*
 * Free a device that vfiopm_discover_device_new() returned. NULL is accepted. This must be the
 * last call on the object. A device of a list must not be freed.
 *
 * Returns NULL.
 *
 * Wakes the device: no. Thread-safe: no. Since: 0.1.
 */
struct vfiopm_discover_device *vfiopm_discover_device_free(struct vfiopm_discover_device *device);

/*
 * Get the PCI address as the kernel writes it, in lower case.
 *
 * Returns 0, or:
 *   -EINVAL  device or ret_address is NULL
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_discover_device_get_address(const struct vfiopm_discover_device *device,
				       const char **ret_address);

/*
 * Get the vendor ID (16 bits), the device ID (16 bits) and the class code (24 bits). Class
 * 0x030000 is a VGA controller. The classes 0x0604xx are PCI bridges.
 *
 * Returns 0, or:
 *   -EINVAL  device or the output is NULL
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_discover_device_get_vendor_id(const struct vfiopm_discover_device *device,
					 uint32_t *ret_id);
int vfiopm_discover_device_get_device_id(const struct vfiopm_discover_device *device,
					 uint32_t *ret_id);
int vfiopm_discover_device_get_class(const struct vfiopm_discover_device *device,
				     uint32_t *ret_class);

/*
 * Get the name of the vendor or of the device from udev's hardware database (hwdb).
 *
 * Returns 0, or:
 *   -EINVAL  device or ret_name is NULL
 *   -ENOENT  the hwdb has no name, or there is no hwdb
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_discover_device_get_vendor_name(const struct vfiopm_discover_device *device,
					   const char **ret_name);
int vfiopm_discover_device_get_device_name(const struct vfiopm_discover_device *device,
					   const char **ret_name);

/*
 * Get the name of the driver that the device is bound to.
 *
 * Returns 0, or:
 *   -EINVAL  device or ret_driver is NULL
 *   -ENOENT  the device is not bound to a driver
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_discover_device_get_driver(const struct vfiopm_discover_device *device,
				      const char **ret_driver);

/*
 * Test whether the device is bound to a VFIO driver: vfio-pci or a variant driver of any name.
 * VFIO creates vfio-dev/vfioN in the sysfs directory of each device that a VFIO driver registers
 * (vfio_main.c, vfio_register_group_dev(), Linux 6.1). On older kernels the function tests whether
 * the driver's name ends in vfio-pci or vfio_pci.
 *
 * Returns 1 or 0, or:
 *   -EINVAL  device is NULL
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_discover_device_is_vfio(const struct vfiopm_discover_device *device);

/*
 * Get the number of the device's IOMMU group.
 *
 * Returns 0, or:
 *   -EINVAL  device or ret_group is NULL
 *   -ENOENT  the device is in no IOMMU group
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_discover_device_get_group(const struct vfiopm_discover_device *device,
				     uint32_t *ret_group);

/*
 * Get the number of other members of the IOMMU group, and the name of one of them. The count is 0
 * if the device is in no group. Indexes start at 0. The name of a PCI device is its address. The
 * name of any other device is its name in sysfs.
 *
 * VFIO lets a program use the group only if each member is bound to a VFIO driver, is bound to no
 * driver, or is a bridge.
 *
 * Returns 0, or:
 *   -EINVAL  device or the output is NULL, or there is no member with this index
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_discover_device_get_member_count(const struct vfiopm_discover_device *device,
					    uint32_t *ret_count);
int vfiopm_discover_device_get_member(const struct vfiopm_discover_device *device, uint32_t index,
				      const char **ret_name);

/*
 * Get the path of the IOMMU group's node ("/dev/vfio/7") or of the device cdev
 * ("/dev/vfio/devices/vfio0"). The group's node exists while any device of the group is bound to
 * a VFIO driver. The device cdev exists since Linux 6.6, if the kernel is built with
 * CONFIG_VFIO_DEVICE_CDEV (drivers/vfio/device_cdev.c). The functions do not check whether the
 * caller may open the node.
 *
 * Returns 0, or:
 *   -EINVAL  device or ret_path is NULL
 *   -ENOENT  the node does not exist
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_discover_device_get_group_node(const struct vfiopm_discover_device *device,
					  const char **ret_path);
int vfiopm_discover_device_get_cdev_node(const struct vfiopm_discover_device *device,
					 const char **ret_path);

/*
 * Read a power attribute now. The values are those of vfiopm_readout_get_power_state() and so on.
 * The functions identify the device by its address. If another device has the address now, they
 * report that device.
 *
 * Returns 0, or:
 *   -EINVAL  device or the output is NULL
 *   -ENOENT  the kernel does not have the attribute for this device
 *   -ENODEV  the device was removed
 *   -EPROTO  the attribute has a value that the library does not know
 *   -EACCES, -EMFILE, -ENFILE, -ENOMEM  sysfs could not be read
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_discover_device_get_power_state(const struct vfiopm_discover_device *device,
					   uint32_t *ret_state);
int vfiopm_discover_device_get_runtime_status(const struct vfiopm_discover_device *device,
					      uint32_t *ret_status);
int vfiopm_discover_device_get_suspended_time(const struct vfiopm_discover_device *device,
					      uint64_t *ret_ms);
int vfiopm_discover_device_get_control(const struct vfiopm_discover_device *device,
				       uint32_t *ret_control);
int vfiopm_discover_device_get_d3cold_allowed(const struct vfiopm_discover_device *device,
					      uint32_t *ret_allowed);

/* ---- all devices ---- */

#define VFIOPM_DISCOVER_VFIO UINT32_C(0) /* the PCI devices that are bound to VFIO drivers */
#define VFIOPM_DISCOVER_ALL  UINT32_C(1) /* all PCI devices */

/*
 * List the PCI devices, in the order of their addresses. which is VFIOPM_DISCOVER_VFIO or
 * VFIOPM_DISCOVER_ALL. The list is a snapshot. A device that is removed during the call is not in
 * the list.
 * The returned object must be freed by the caller using vfiopm_discover_list_free().
 *
 * Returns 0, or:
 *   -EINVAL  which is neither of the two values, or ret_list is NULL
 *   -EACCES, -EMFILE, -ENFILE, -ENOMEM  sysfs could not be read
 *   -EPROTO  sysfs has a value that the library does not know
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_discover_list_new(uint32_t which, struct vfiopm_discover_list **ret_list);

/*
 * Free a list and its devices. NULL is accepted. This must be the last call on the list and on
 * its devices.
 *
 * Returns NULL.
 *
 * Wakes the device: no. Thread-safe: no. Since: 0.1.
 */
struct vfiopm_discover_list *vfiopm_discover_list_free(struct vfiopm_discover_list *list);

/*
 * Get the number of devices in a list.
 *
 * Returns 0, or:
 *   -EINVAL  list or ret_count is NULL
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_discover_list_get_count(const struct vfiopm_discover_list *list, uint32_t *ret_count);

/*
 * Get a device of a list. Indexes start at 0. The device belongs to the list. The caller must not
 * free it. It is valid until the list is freed.
 *
 * Returns 0, or:
 *   -EINVAL  list or ret_device is NULL, or there is no device with this index
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_discover_list_get_device(const struct vfiopm_discover_list *list, uint32_t index,
				    const struct vfiopm_discover_device **ret_device);

/* ---- changes ---- */

/* The sources of events. */
#define VFIOPM_DISCOVER_SOURCE_AUTO   UINT32_C(0) /* udevd if it runs now, else the kernel */
#define VFIOPM_DISCOVER_SOURCE_UDEV   UINT32_C(1) /* udevd, after it has applied its rules */
#define VFIOPM_DISCOVER_SOURCE_KERNEL UINT32_C(2) /* the kernel, immediately */

/* The events. The kernel reports bindings to VFIO drivers since Linux 6.1. */
#define VFIOPM_DISCOVER_ADDED	UINT32_C(0) /* a PCI device was added */
#define VFIOPM_DISCOVER_REMOVED UINT32_C(1) /* a PCI device was removed */
#define VFIOPM_DISCOVER_BOUND	UINT32_C(2) /* a device was bound to a VFIO driver */
#define VFIOPM_DISCOVER_UNBOUND UINT32_C(3) /* a device was unbound from a VFIO driver */

/*
 * Create a monitor. The monitor receives the events that occur from now on. A caller that must
 * not miss a device creates the monitor first and the list second.
 * The returned object must be freed by the caller using vfiopm_discover_monitor_free().
 *
 * Returns 0, or:
 *   -EINVAL  source is not one of the values above, or ret_monitor is NULL
 *   -EACCES, -EPERM  a security policy of the system refuses the socket
 *   -EAFNOSUPPORT  the kernel has no netlink sockets
 *   -EMFILE, -ENFILE, -ENOMEM  no fds or no memory
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_discover_monitor_new(uint32_t source, struct vfiopm_discover_monitor **ret_monitor);

/*
 * Free a monitor and close its fd. NULL is accepted. This must be the last call on the object.
 *
 * Returns NULL.
 *
 * Wakes the device: no. Thread-safe: no. Since: 0.1.
 */
struct vfiopm_discover_monitor *vfiopm_discover_monitor_free(
	struct vfiopm_discover_monitor *monitor);

/*
 * Return the fd of a monitor. Poll the fd for POLLIN, then call vfiopm_discover_monitor_next().
 * The fd belongs to the monitor. The caller must not read it, change it or close it. The fd has
 * O_CLOEXEC.
 *
 * Returns the fd, or -EINVAL if monitor is NULL.
 *
 * Wakes the device: no. Thread-safe: no. Since: 0.1.
 */
int vfiopm_discover_monitor_get_fd(const struct vfiopm_discover_monitor *monitor);

/*
 * Take the next event of a monitor. *ret_event is one of the events above. *ret_address is the
 * PCI address of the device. The string belongs to the monitor and is valid until the next call
 * of this function or until the monitor is freed.
 *
 * The call never waits. The fd can become readable without an event.
 *
 * Returns 0, or:
 *   -EINVAL   an argument is NULL
 *   -EAGAIN   there is no event. Poll the fd
 *   -ENOBUFS  events were lost. Create a new list. The monitor continues to work
 *   -ENOMEM   no memory. The event is lost
 *
 * Wakes the device: no. Thread-safe: no. Since: 0.1.
 */
int vfiopm_discover_monitor_next(struct vfiopm_discover_monitor *monitor, uint32_t *ret_event,
				 const char **ret_address);

#ifdef __cplusplus
}
#endif

#endif

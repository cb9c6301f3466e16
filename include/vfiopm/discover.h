/* SPDX-License-Identifier: MIT */
/*
 * Discovery: which PCI devices there are, which of them are bound to VFIO
 * drivers, and when that changes. It is a library of its own, libvfiopm-udev,
 * which needs libudev and not libvfiopm. See vfiopm_discover(3).
 *
 * Nothing here wakes a device: no VFIO node is opened, and of sysfs only
 * attributes are read that the kernel answers from memory, never config, rom
 * or resource*.
 *
 * A device and a list say what was when they were made, but for the power,
 * which is read at each call. They never change, so every call on them may be
 * made from any thread, also at the same time, except the one that frees them.
 * A monitor is used by one thread at a time. Strings belong to the object that
 * gives them and live as long as it.
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
 * Look up the PCI device at an address, as vfiopm_device_open() takes it,
 * whatever driver it is bound to.
 *
 * 0, or:
 *   -EINVAL  pci_address or ret_device is NULL, or not an address
 *   -ENXIO   no PCI device has this address
 *   -EACCES, -EMFILE, -ENFILE, -ENOMEM  sysfs could not be read
 *   -EPROTO  sysfs says what the library does not understand
 */
int vfiopm_discover_device_new(const char *pci_address, struct vfiopm_discover_device **ret_device);

/* Free a device of vfiopm_discover_device_new(). Returns NULL; NULL is accepted. */
struct vfiopm_discover_device *vfiopm_discover_device_free(struct vfiopm_discover_device *device);

/* Its address in the kernel's spelling, lower case. 0, or -EINVAL (a NULL). */
int vfiopm_discover_device_get_address(const struct vfiopm_discover_device *device,
				       const char **ret_address);

/*
 * The vendor's and the device's number, 16 bits each, and the class, 24 bits:
 * 0x030000 is a VGA controller, 0x0604xx a bridge. 0, or -EINVAL (a NULL).
 */
int vfiopm_discover_device_get_vendor_id(const struct vfiopm_discover_device *device,
					 uint32_t *ret_id);
int vfiopm_discover_device_get_device_id(const struct vfiopm_discover_device *device,
					 uint32_t *ret_id);
int vfiopm_discover_device_get_class(const struct vfiopm_discover_device *device,
				     uint32_t *ret_class);

/*
 * The vendor's and the device's name, for people to read, from udev's hwdb.
 * 0, or -EINVAL (a NULL), -ENOENT (the hwdb has none, or there is no hwdb).
 */
int vfiopm_discover_device_get_vendor_name(const struct vfiopm_discover_device *device,
					   const char **ret_name);
int vfiopm_discover_device_get_device_name(const struct vfiopm_discover_device *device,
					   const char **ret_name);

/* The driver that it is bound to. 0, or -EINVAL (a NULL), -ENOENT (none). */
int vfiopm_discover_device_get_driver(const struct vfiopm_discover_device *device,
				      const char **ret_driver);

/*
 * Is it bound to a VFIO driver: vfio-pci or a variant of it, of whatever name?
 * 1 or 0, or -EINVAL (device is NULL).
 */
int vfiopm_discover_device_is_vfio(const struct vfiopm_discover_device *device);

/* The number of its IOMMU group. 0, or -EINVAL (a NULL), -ENOENT (it is in none). */
int vfiopm_discover_device_get_group(const struct vfiopm_discover_device *device,
				     uint32_t *ret_group);

/*
 * The other members of its IOMMU group, and how many they are: 0 if it is in
 * none. A member is named as in sysfs: a PCI device by its address. All of
 * them, bridges aside, must be bound to VFIO drivers, or to none, before the
 * group can be used. 0, or -EINVAL (a NULL, or there is no such index).
 */
int vfiopm_discover_device_get_member_count(const struct vfiopm_discover_device *device,
					    uint32_t *ret_count);
int vfiopm_discover_device_get_member(const struct vfiopm_discover_device *device, uint32_t index,
				      const char **ret_name);

/*
 * The node in /dev of its IOMMU group ("/dev/vfio/7"), which is there once any
 * device of the group is bound to a VFIO driver; and the node of the device
 * itself ("/dev/vfio/devices/vfio0"), Linux 6.6, if the kernel has such nodes.
 * 0, or -EINVAL (a NULL), -ENOENT (there is none).
 */
int vfiopm_discover_device_get_group_node(const struct vfiopm_discover_device *device,
					  const char **ret_path);
int vfiopm_discover_device_get_cdev_node(const struct vfiopm_discover_device *device,
					 const char **ret_path);

/*
 * Its power, read now, of the device that now has its address: as
 * vfiopm_readout_get_power_state() and so on say it of a device that the
 * caller owns, and with the same values.
 *
 * 0, or:
 *   -EINVAL  a NULL
 *   -ENOENT  this kernel, or this device, does not have the attribute
 *   -ENODEV  the device is gone
 *   -EPROTO  the attribute holds a value that the library does not know
 *   -EACCES, -EMFILE, -ENFILE, -ENOMEM  sysfs could not be read
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

#define VFIOPM_DISCOVER_VFIO UINT32_C(0) /* those that are bound to VFIO drivers */
#define VFIOPM_DISCOVER_ALL  UINT32_C(1) /* all PCI devices */

/*
 * List the PCI devices there are now, in the order of their addresses.
 *
 * 0, or:
 *   -EINVAL  which is neither of those above, or ret_list is NULL
 *   -EACCES, -EMFILE, -ENFILE, -ENOMEM  sysfs could not be read
 *   -EPROTO  sysfs says what the library does not understand
 */
int vfiopm_discover_list_new(uint32_t which, struct vfiopm_discover_list **ret_list);

/* Free a list and its devices. Always returns NULL. NULL is accepted. */
struct vfiopm_discover_list *vfiopm_discover_list_free(struct vfiopm_discover_list *list);

/* How many devices there are. 0, or -EINVAL (a NULL). */
int vfiopm_discover_list_get_count(const struct vfiopm_discover_list *list, uint32_t *ret_count);

/*
 * A device of the list, which it belongs to: it is not freed, and lives as
 * long as the list. 0, or -EINVAL (a NULL, or there is no such index).
 */
int vfiopm_discover_list_get_device(const struct vfiopm_discover_list *list, uint32_t index,
				    const struct vfiopm_discover_device **ret_device);

/* ---- changes ---- */

/* Whose word to take: */
#define VFIOPM_DISCOVER_SOURCE_AUTO   UINT32_C(0) /* udevd's if it runs now, else the kernel's */
#define VFIOPM_DISCOVER_SOURCE_UDEV   UINT32_C(1) /* udevd's, once its rules are done */
#define VFIOPM_DISCOVER_SOURCE_KERNEL UINT32_C(2) /* the kernel's, at once */

/* What has happened to a PCI device: */
#define VFIOPM_DISCOVER_ADDED	UINT32_C(0) /* it is there */
#define VFIOPM_DISCOVER_REMOVED UINT32_C(1) /* it is gone */
#define VFIOPM_DISCOVER_BOUND	UINT32_C(2) /* to a VFIO driver (Linux 6.1) */
#define VFIOPM_DISCOVER_UNBOUND UINT32_C(3) /* from a VFIO driver (Linux 6.1) */

/*
 * Be told of changes from now on. To miss none, make the monitor before the list.
 *
 * 0, or:
 *   -EINVAL  source is none of those above, or ret_monitor is NULL
 *   -EACCES, -EPERM  a policy of the system forbids it
 *   -EAFNOSUPPORT  there are no netlink sockets here
 *   -EMFILE, -ENFILE, -ENOMEM  no more fds, no memory
 */
int vfiopm_discover_monitor_new(uint32_t source, struct vfiopm_discover_monitor **ret_monitor);

/* Free a monitor and close its fd. Always returns NULL. NULL is accepted. */
struct vfiopm_discover_monitor *vfiopm_discover_monitor_free(
	struct vfiopm_discover_monitor *monitor);

/*
 * The monitor's fd, which is O_CLOEXEC and stays the monitor's: poll it for
 * POLLIN and do nothing else with it. -EINVAL if monitor is NULL.
 */
int vfiopm_discover_monitor_get_fd(const struct vfiopm_discover_monitor *monitor);

/*
 * Take the next event: what has happened, and the device's address, a string
 * that lives until the next call on the monitor. Never waits. The fd may have
 * been readable for nothing.
 *
 * 0, or:
 *   -EINVAL   a NULL
 *   -EAGAIN   there is none: poll the fd
 *   -ENOBUFS  some were lost: make a new list; the monitor goes on
 *   -ENOMEM   no memory: the event is lost
 */
int vfiopm_discover_monitor_next(struct vfiopm_discover_monitor *monitor, uint32_t *ret_event,
				 const char **ret_address);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The device object. It stands for one VFIO device. The other objects of the library are created
 * from it. See vfiopm_device(3), vfiopm_open(3) and vfiopm_trace(3).
 *
 * Each call states whether it can wake a sleeping device, whether several threads may make it at
 * the same time on one device, and the version of the library that introduced it.
 */
#ifndef VFIOPM_DEVICE_H
#define VFIOPM_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfiopm_device;

/*
 * Create a device object for a VFIO device fd that the caller has opened. The fd comes from an
 * IOMMU group, or it is a device cdev that is bound to an iommufd. The device may be on any bus.
 *
 * The caller keeps device_fd. The library uses device_fd and never closes it. The caller must
 * keep device_fd open until vfiopm_device_free() has returned.
 * The returned object must be freed by the caller using vfiopm_device_free().
 *
 * The call reads the device's properties with VFIO_DEVICE_GET_INFO, VFIO_DEVICE_GET_IRQ_INFO and
 * probes of VFIO_DEVICE_FEATURE. Each of these ioctls resumes the device (vfio_main.c,
 * vfio_device_fops_unl_ioctl(), Linux 6.1). The library issues them only when it creates a device.
 *
 * Returns 0, or:
 *   -EINVAL  ret_dev is NULL, device_fd is a device cdev that is not bound to an iommufd, or
 *            device_fd is a container without an IOMMU
 *   -EBADF   device_fd is not open
 *   -ENOTTY  device_fd is not a VFIO device. It is an ordinary file, a group fd, an iommufd, or
 *            a container with an IOMMU
 *   -EIO     the kernel could not resume the device
 *   -ENOMEM  no memory
 *   -EPROTO  the kernel returned a value that no VFIO device returns, or the device is not PCI and
 *            has more than 256 IRQ indexes
 *
 * Wakes the device: yes. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_device_new_from_fd(int device_fd, struct vfiopm_device **ret_dev);

/*
 * Open the PCI device at an address and create a device object for it. The device must be bound
 * to a VFIO driver. An address is domain, bus, device and function in hexadecimal digits:
 * "0000:01:00.0". An incomplete address is refused.
 *
 * The call uses the device cdev and an iommufd where the kernel has both (Linux 6.6). Otherwise
 * the call uses the IOMMU group and a container.
 *
 * The library owns every fd that it opens here. Each of them has O_CLOEXEC. The library closes
 * them in vfiopm_device_free().
 * The returned object must be freed by the caller using vfiopm_device_free().
 *
 * Returns 0, or the errno of the step that failed. After a failure nothing stays open.
 *   -EINVAL  ret_dev or pci_address is NULL, pci_address is not an address, the kernel cannot
 *            give the group a type 1 IOMMU, or the device is already open by its cdev
 *   -ENXIO   no PCI device has this address
 *   -ENOENT  the device is in no IOMMU group, no device of its group is bound to a VFIO driver,
 *            or the vfio module is not loaded
 *   -ENODEV  the device is not bound to a VFIO driver but another device of its group is, or
 *            vfio_iommu_type1 is not loaded
 *   -EACCES  no permission for a node in /dev, or the device is a VF that requires a token, see
 *            vfiopm_device_open_with()
 *   -EPERM   another device of the group is bound to a host driver, or the platform cannot
 *            isolate interrupts
 *   -EBUSY   the device's group is in use
 *   -EAGAIN  the device is being reset or removed. Try again
 *   -EIO     the kernel could not resume the device
 *   -EMFILE, -ENFILE, -ENOMEM  no fds or no memory
 *   -EPROTO  the kernel returned a value that VFIO does not return
 *
 * Wakes the device: yes. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_device_open(const char *pci_address, struct vfiopm_device **ret_dev);

struct vfiopm_open_options {
	/* The VF token of the PF's owner, a UUID as text, or NULL. */
	const char *vf_token;
	/* 1: open the device also if it has no IOMMU. 0: refuse such a device. */
	int allow_noiommu;
};

/*
 * Open the PCI device at an address as vfiopm_device_open() does, with options. size is
 * sizeof(struct vfiopm_open_options). Members that are all 0 do what vfiopm_device_open() does.
 *
 * vf_token: vfio-pci requires the token of a VF whose PF is bound to vfio-pci too, and takes the
 * token of such a PF from the first opener that passes one. Linux before 6.17 takes the token only
 * through the group. The library then uses the group although the kernel has the cdev.
 *
 * allow_noiommu: a device without an IOMMU can reach all memory of the host. The kernel offers it
 * only with the parameter enable_unsafe_noiommu_mode of the module vfio, and only to a process with
 * CAP_SYS_RAWIO. The container of such a device maps no DMA.
 *
 * Returns 0, or as vfiopm_device_open() and:
 *   -EINVAL  also: options is NULL, vf_token is not a UUID, allow_noiommu is neither 0 nor 1, a
 *            member that the library does not know is not 0, or the device takes no token
 *   -ENOENT  also: the device has no IOMMU, and allow_noiommu is 0
 *   -EACCES  also: the token is wrong
 *   -EPERM   also: the device has no IOMMU, and the process has no CAP_SYS_RAWIO
 *
 * Wakes the device: yes. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_device_open_with(const char *pci_address, const struct vfiopm_open_options *options,
			    size_t size, struct vfiopm_device **ret_dev);

/*
 * Get the container of a device that the library has opened by its group, to map DMA with
 * VFIO_IOMMU_MAP_DMA. The IOMMU of the container is VFIO_TYPE1v2_IOMMU. The fd belongs to the
 * library and is valid until vfiopm_device_free(), which ends all its mappings. An ioctl on the
 * container does not wake the device.
 *
 * Returns 0, or:
 *   -EINVAL  dev or ret_fd is NULL
 *   -ENOENT  the device was created from an fd, or was opened by its cdev
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_device_get_container(const struct vfiopm_device *dev, int *ret_fd);

/*
 * Get the iommufd of a device that the library has opened by its cdev, and the id of the address
 * space (IOAS) to which the device is attached, to map DMA with IOMMU_IOAS_MAP. The fd belongs to
 * the library and is valid until vfiopm_device_free(), which ends all its mappings. An ioctl on the
 * iommufd does not wake the device.
 *
 * Returns 0, or:
 *   -EINVAL  dev or an output is NULL
 *   -ENOENT  the device was created from an fd, or was opened by its group
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_device_get_iommufd(const struct vfiopm_device *dev, int *ret_fd, uint32_t *ret_ioas_id);

/*
 * Free a device object and close every fd that the library opened or duplicated for it. NULL is
 * accepted. This must be the last call on the object.
 *
 * A device fd of the caller stays open, and its device stays in its power state.
 * If the library closes the last fd of a device, the kernel ends low power, resumes and resets
 * the device, and does not signal the wakeup eventfd (vfio_pci_core.c, vfio_pci_core_disable(),
 * Linux 6.1).
 *
 * Returns NULL.
 *
 * Wakes the device: only by closing its last fd. Thread-safe: no. Since: 0.1.
 */
struct vfiopm_device *vfiopm_device_free(struct vfiopm_device *dev);

/*
 * Return the VFIO device fd of an object. The owner of the fd does not change: the caller after
 * vfiopm_device_new_from_fd(), the library after vfiopm_device_open(). An ioctl, a read or a
 * write on the fd wakes the device.
 *
 * Returns the fd, or -EINVAL if dev is NULL.
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_device_get_fd(const struct vfiopm_device *dev);

/*
 * Set the PCI address of a device, so that the library finds the device in sysfs. The functions
 * vfiopm_readout_*() need it. The call is necessary if the device was created from an fd and the
 * kernel does not report the address (Linux reports it in fdinfo since 6.18, vfio_main.c,
 * vfio_device_show_fdinfo()).
 *
 * The library copies pci_address and does not compare it with the fd. An address cannot be
 * changed. The library opens the attributes in sysfs and owns their fds.
 *
 * Returns 0, also if the same address is already set, or:
 *   -EINVAL    dev or pci_address is NULL, or pci_address is not an address
 *   -EALREADY  another address, or another directory in sysfs, is already set
 *   -ENXIO     no PCI device has this address
 *   -EACCES, -EMFILE, -ENFILE, -ENOMEM  the attributes in sysfs could not be opened
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_device_set_address(struct vfiopm_device *dev, const char *pci_address);

/*
 * Get the PCI address of a device as the kernel writes it, in lower case. The string belongs to
 * the device and is valid until vfiopm_device_free().
 *
 * Returns 0, or:
 *   -EINVAL  dev or ret_address is NULL
 *   -ENXIO   the address is not known, or the device is not a PCI device
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_device_get_address(const struct vfiopm_device *dev, const char **ret_address);

/*
 * The events of a trace:
 * ISSUED  the library issued an ioctl. The result is its return value or a negative errno.
 * SAVED   an ioctl was not necessary. The result is the return value of the library's call.
 * CHOSE   the library made a choice. See vfiopm_msix_stats(3) for the name and the result.
 */
#define VFIOPM_TRACE_ISSUED UINT32_C(0)
#define VFIOPM_TRACE_SAVED  UINT32_C(1)
#define VFIOPM_TRACE_CHOSE  UINT32_C(2)

/*
 * Set the trace callback of a device. The library calls trace for each ioctl that it issues on
 * the device from now on, for each ioctl that it saves, and for each choice. A trace can be set
 * once and cannot be removed.
 *
 * call is a constant string: the name of the ioctl in <linux/vfio.h>, or the name of a choice in
 * <vfiopm/msix.h>. data belongs to the caller and must be valid until vfiopm_device_free().
 * trace runs in the thread that makes the library's call. Several threads may run it at the same
 * time. trace must not call the library on the same device.
 *
 * Returns 0, or:
 *   -EINVAL    dev or trace is NULL
 *   -EALREADY  a trace is already set
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_device_set_trace(struct vfiopm_device *dev,
			    void (*trace)(void *data, uint32_t event, const char *call, int result),
			    void *data);

#ifdef __cplusplus
}
#endif

#endif

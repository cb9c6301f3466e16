/* SPDX-License-Identifier: MIT */
/*
 * Regions: the BARs, the configuration space and other memory of a device. See vfiopm_region(3).
 *
 * The library reads and writes a region through the device fd or through mapped memory. A read or
 * a write on the device fd wakes a sleeping device, and mapped memory raises SIGBUS in low power.
 * These functions do neither, unless the caller allows a wake with VFIOPM_REGION_WAKE.
 *
 * A read or write uses mapped memory only if the library knows that the memory works: this object
 * has not entered low power, the memory bit of the COMMAND register is on, and the function is in
 * D0. Therefore:
 * - Enter and exit low power only through this device object.
 * - Write COMMAND and PMCSR only through vfiopm_region_write().
 */
#ifndef VFIOPM_REGION_H
#define VFIOPM_REGION_H

#include <stddef.h>
#include <stdint.h>

#include <vfiopm/device.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfiopm_region;

/* The regions of a PCI device. Other devices, and vendor drivers, have further numbers. */
#define VFIOPM_REGION_BAR0		 UINT32_C(0)
#define VFIOPM_REGION_BAR1		 UINT32_C(1)
#define VFIOPM_REGION_BAR2		 UINT32_C(2)
#define VFIOPM_REGION_BAR3		 UINT32_C(3)
#define VFIOPM_REGION_BAR4		 UINT32_C(4)
#define VFIOPM_REGION_BAR5		 UINT32_C(5)
#define VFIOPM_REGION_ROM		 UINT32_C(6)
#define VFIOPM_REGION_CONFIG		 UINT32_C(7) /* configuration space */
#define VFIOPM_REGION_VGA		 UINT32_C(8)

#define VFIOPM_REGION_FLAG_READ		 (UINT32_C(1) << 0) /* the region can be read */
#define VFIOPM_REGION_FLAG_WRITE	 (UINT32_C(1) << 1) /* the region can be written */
#define VFIOPM_REGION_FLAG_MMAP		 (UINT32_C(1) << 2) /* areas of it can be mapped */
#define VFIOPM_REGION_FLAG_MSIX_MAPPABLE (UINT32_C(1) << 3) /* so can its MSI-X table */

/*
 * Create an object for a region of a device. The call reads the properties of the region with
 * VFIO_DEVICE_GET_REGION_INFO. No later call reads them again. If the device is in low power with
 * wakeup, the library enters low power again after the ioctl, and reports no wake.
 *
 * A BAR that the device does not have is a region of size 0.
 *
 * The device must outlive the object.
 * The returned object must be freed by the caller using vfiopm_region_free().
 *
 * Returns 0, or:
 *   -EINVAL  dev or ret_region is NULL, or there is no such region
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the kernel could not resume the device
 *   -ENOMEM  no memory
 *   -EPROTO  the kernel returned a malformed answer, such as a chain of capabilities that goes
 *            backwards
 *
 * Wakes the device: yes. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_region_new(struct vfiopm_device *dev, uint32_t index, struct vfiopm_region **ret_region);

/*
 * Unmap a region and free its object. NULL is accepted. This must be the last call on the object,
 * and no memory slot of a VMM may refer to the mapped memory.
 *
 * Returns NULL.
 *
 * Wakes the device: no. Thread-safe: no. Since: 0.1.
 */
struct vfiopm_region *vfiopm_region_free(struct vfiopm_region *region);

/*
 * Get a property of a region: its size in bytes, its VFIOPM_REGION_FLAG_*, or its offset on the
 * device fd.
 *
 * Returns 0, or:
 *   -EINVAL  region or the output is NULL
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_region_get_size(const struct vfiopm_region *region, uint64_t *ret_size);
int vfiopm_region_get_flags(const struct vfiopm_region *region, uint32_t *ret_flags);
int vfiopm_region_get_offset(const struct vfiopm_region *region, uint64_t *ret_offset);

/*
 * Get the type of a region that a vendor driver has added (VFIO_REGION_INFO_CAP_TYPE).
 *
 * Returns 0, or:
 *   -EINVAL  region or an output is NULL
 *   -ENOENT  the region has no type, as the regions of VFIOPM_REGION_*
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_region_get_type(const struct vfiopm_region *region, uint32_t *ret_type,
			   uint32_t *ret_subtype);

/*
 * Get the area number n of a region that can be mapped: its offset in the region and its length.
 * The kernel lists such areas if only parts of the region can be mapped
 * (VFIO_REGION_INFO_CAP_SPARSE_MMAP). Otherwise the only area is the region.
 *
 * Returns 0, or:
 *   -EINVAL  region or an output is NULL
 *   -ENOENT  the region has at most n areas
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_region_get_area(const struct vfiopm_region *region, uint32_t n, uint64_t *ret_offset,
			   uint64_t *ret_length);

/*
 * Get the area number n of a region that a VMM can map into a guest: pages of the areas that can be
 * mapped, without the pages that have a byte of the MSI-X table or of the PBA. A guest's access to
 * the table or to the PBA must reach the VMM, even if the kernel lets the table be mapped
 * (VFIOPM_REGION_FLAG_MSIX_MAPPABLE). An area consists of whole pages of the host, as a memory slot
 * of KVM does. A BAR that is smaller than a page has no area.
 *
 * The first call on a device reads its configuration space, unless an access to mapped memory has
 * read it. If the device is in low power with wakeup, the library enters low power again after that,
 * and reports no wake.
 *
 * Returns 0, or:
 *   -EINVAL  region or an output is NULL
 *   -ENOENT  the region has at most n such areas
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the kernel could not resume the device, or could not read the configuration space
 *   -EPROTO  the kernel transferred too few bytes
 *
 * Wakes the device: the first call on a device. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_region_get_guest_area(const struct vfiopm_region *region, uint32_t n,
				 uint64_t *ret_offset, uint64_t *ret_length);

/*
 * Map all areas of a region, shared, for reading and writing as its flags allow. Either all areas
 * are mapped or none. If the region is mapped, the call does nothing. The call works in low power
 * too.
 *
 * Returns 0, or:
 *   -EINVAL  region is NULL. Or the kernel cannot map an area
 *   -ENOENT  no area of the region can be mapped
 *   -EBADF   the caller has closed the device fd
 *   -EBUSY   the BAR belongs to another driver of the host
 *   -ENOMEM  no memory
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_region_map(struct vfiopm_region *region);

/*
 * Unmap all areas of a region. If the region is not mapped, the call does nothing. Before the call,
 * remove each memory slot of the VMM that refers to the mapped memory.
 *
 * Returns 0, or:
 *   -EINVAL  region is NULL
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_region_unmap(struct vfiopm_region *region);

/*
 * Get the address of mapped memory, for a memory slot of the VMM. The memory is valid until the
 * unmap. In low power, and while the memory of the device is off, an access raises SIGBUS: give
 * the memory to a guest only, and remove it before an entry; see vfiopm_quiesce(3).
 *
 * Returns 0, or:
 *   -EINVAL  region or ret_address is NULL, or length is 0
 *   -ENOENT  the range is not inside one mapped area
 *
 * Wakes the device: no. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_region_get_address(const struct vfiopm_region *region, uint64_t offset, uint64_t length,
			      void **ret_address);

/* Allow an access to wake a sleeping device. The library enters low power again after it. */
#define VFIOPM_REGION_WAKE (UINT32_C(1) << 0)

/*
 * Read from a region, or write to it. how is 0 or VFIOPM_REGION_WAKE. offset and length can come
 * from a guest. An access of 1, 2, 4 or 8 bytes that is aligned to its length is one access to the
 * device if the region is mapped.
 *
 * In low power the call fails without VFIOPM_REGION_WAKE, and makes no system call on the device.
 * With it, the access wakes the device. The access is not a wake for vfiopm_take_wake(). After an
 * entry with wakeup the library then enters low power again, with the same wakeup eventfd. If that
 * fails, the library signals the eventfd.
 *
 * A read that fails stores all ones, as a read does that no device answers. It stores nothing if a
 * pointer is NULL or if length is 0 or larger than the region.
 *
 * Returns 0, or:
 *   -EINVAL  region or bytes is NULL, length is 0, the range is not inside the region, how has an
 *            unknown bit, or the region cannot be read or written
 *   -EAGAIN  the device is in low power, and how is 0
 *   -EBADF   the caller has closed the device fd
 *   -EIO     the memory of the device is off, the function is in D3hot, or the kernel could not
 *            resume the device
 *   -EBUSY   the BAR belongs to another driver of the host
 *   -ENOMEM  no memory in the kernel
 *   -EPROTO  the kernel transferred too few bytes
 *
 * Wakes the device: only with VFIOPM_REGION_WAKE. Thread-safe: yes. Since: 0.1.
 */
int vfiopm_region_read(struct vfiopm_region *region, uint64_t offset, size_t length, uint32_t how,
		       void *ret_bytes);
int vfiopm_region_write(struct vfiopm_region *region, uint64_t offset, size_t length, uint32_t how,
			const void *bytes);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The registers of a guest's MSI-X: the capability, the table, and where the PBA is (PCI Express
 * Base Specification, section 7.7.2). Plain memory: no system call, no lock.
 */
#ifndef VFIOPM_GUEST_MSIX_TABLE_H
#define VFIOPM_GUEST_MSIX_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VFIOPM__MSIX_CAPABILITY_SIZE 12

struct vfiopm__msix_table;

/* capability has the bytes of the device's capability. */
int vfiopm__msix_table_new(const uint8_t *capability, struct vfiopm__msix_table **ret_table);
void vfiopm__msix_table_free(struct vfiopm__msix_table *table);
/* Disabled, all vectors masked, all messages 0. */
void vfiopm__msix_table_reset(struct vfiopm__msix_table *table);
/* The number of vectors. */
uint32_t vfiopm__msix_table_count(const struct vfiopm__msix_table *table);

uint32_t vfiopm__msix_table_read_capability(const struct vfiopm__msix_table *table, uint32_t offset,
					    uint32_t width);
void vfiopm__msix_table_write_capability(struct vfiopm__msix_table *table, uint32_t offset,
					 uint32_t width, uint32_t value);

bool vfiopm__msix_table_is_enabled(const struct vfiopm__msix_table *table);
/* By the mask bit of the vector, by the function mask, or because MSI-X is disabled. */
bool vfiopm__msix_table_is_masked(const struct vfiopm__msix_table *table, uint32_t vector);
uint64_t vfiopm__msix_table_address(const struct vfiopm__msix_table *table, uint32_t vector);
uint32_t vfiopm__msix_table_message(const struct vfiopm__msix_table *table, uint32_t vector);

/* Is a byte of the range in the table, or in the PBA? */
bool vfiopm__msix_table_has(const struct vfiopm__msix_table *table, uint32_t bar, uint64_t offset,
			    size_t length);
bool vfiopm__msix_table_has_pba(const struct vfiopm__msix_table *table, uint32_t bar,
				uint64_t offset, size_t length);
/* Read the bytes of the range. A byte outside the table and the PBA is 0. pba_byte() returns a byte
 * of the PBA, counted from its start. */
void vfiopm__msix_table_read(const struct vfiopm__msix_table *table, uint32_t bar, uint64_t offset,
			     size_t length, uint8_t *ret_bytes,
			     uint8_t (*pba_byte)(void *data, uint64_t at), void *data);
/* Write the bytes of the range that are in the table, at least one. Returns the number of the
 * vectors that have a byte in the range, and the first of them. */
uint32_t vfiopm__msix_table_write(struct vfiopm__msix_table *table, uint32_t bar, uint64_t offset,
				  size_t length, const uint8_t *bytes, uint32_t *ret_first);

#endif

// SPDX-License-Identifier: MIT
/*
 * The registers of a guest's MSI-X. The specification requires accesses of 4 or 8 aligned bytes and
 * leaves the others undefined. Each access is served byte by byte, so any width and alignment works,
 * and an access that crosses the end of the table changes only what is in it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "msix-table.h"

#define CONTROL	       2 /* offsets in the capability */
#define CONTROL_HIGH   3
#define TABLE	       4
#define PBA	       8
#define CONTROL_ENABLE 0x80 /* bits of the byte at CONTROL_HIGH */
#define CONTROL_MASK   0x40
#define CONTROL_COUNT  0x7ff /* bits of the word at CONTROL */
#define BIR	       UINT32_C(7)

#define ENTRY_SIZE     16
#define ENTRY_MESSAGE  8 /* offsets in an entry of the table */
#define ENTRY_CONTROL  12
#define ENTRY_MASKED   1

struct region {
	uint32_t bar;
	uint64_t start, size;
};

struct vfiopm__msix_table {
	uint32_t count;
	struct region entries, pba;
	uint8_t capability[VFIOPM__MSIX_CAPABILITY_SIZE];
	uint8_t bytes[];
};

static uint64_t get(const uint8_t *bytes, size_t width)
{
	uint64_t value = 0;

	for (size_t i = 0; i < width; i++)
		value |= (uint64_t)bytes[i] << 8 * i;
	return value;
}

/* ---- the capability ---- */

uint32_t vfiopm__msix_table_read_capability(const struct vfiopm__msix_table *table, uint32_t offset,
					    uint32_t width)
{
	return (uint32_t)get(&table->capability[offset], width);
}

void vfiopm__msix_table_write_capability(struct vfiopm__msix_table *table, uint32_t offset,
					 uint32_t width, uint32_t value)
{
	const uint8_t writable = CONTROL_ENABLE | CONTROL_MASK;
	uint8_t *control = &table->capability[CONTROL_HIGH];

	if (offset > CONTROL_HIGH || offset + width <= CONTROL_HIGH)
		return;
	value >>= 8 * (CONTROL_HIGH - offset);
	*control = (uint8_t)((*control & ~writable) | (value & writable));
}

bool vfiopm__msix_table_is_enabled(const struct vfiopm__msix_table *table)
{
	return table->capability[CONTROL_HIGH] & CONTROL_ENABLE;
}

/* ---- entries ---- */

uint32_t vfiopm__msix_table_count(const struct vfiopm__msix_table *table)
{
	return table->count;
}

bool vfiopm__msix_table_is_masked(const struct vfiopm__msix_table *table, uint32_t vector)
{
	return !vfiopm__msix_table_is_enabled(table) ||
	       table->capability[CONTROL_HIGH] & CONTROL_MASK ||
	       table->bytes[vector * ENTRY_SIZE + ENTRY_CONTROL] & ENTRY_MASKED;
}

uint64_t vfiopm__msix_table_address(const struct vfiopm__msix_table *table, uint32_t vector)
{
	return get(&table->bytes[vector * ENTRY_SIZE], sizeof(uint64_t));
}

uint32_t vfiopm__msix_table_message(const struct vfiopm__msix_table *table, uint32_t vector)
{
	return (uint32_t)get(&table->bytes[vector * ENTRY_SIZE + ENTRY_MESSAGE], sizeof(uint32_t));
}

/* ---- accesses ---- */

static bool contains(const struct region *region, uint32_t bar, uint64_t offset)
{
	return bar == region->bar && offset >= region->start &&
	       offset - region->start < region->size;
}

static bool overlaps(const struct region *region, uint32_t bar, uint64_t offset, size_t length)
{
	return contains(region, bar, offset) ||
	       (bar == region->bar && offset < region->start && length > region->start - offset);
}

bool vfiopm__msix_table_has(const struct vfiopm__msix_table *table, uint32_t bar, uint64_t offset,
			    size_t length)
{
	return overlaps(&table->entries, bar, offset, length);
}

bool vfiopm__msix_table_has_pba(const struct vfiopm__msix_table *table, uint32_t bar,
				uint64_t offset, size_t length)
{
	return overlaps(&table->pba, bar, offset, length);
}

void vfiopm__msix_table_read(const struct vfiopm__msix_table *table, uint32_t bar, uint64_t offset,
			     size_t length, uint8_t *ret_bytes,
			     uint8_t (*pba_byte)(void *data, uint64_t at), void *data)
{
	for (size_t i = 0; i < length; i++) {
		uint64_t at = offset + i;

		if (contains(&table->entries, bar, at))
			ret_bytes[i] = table->bytes[at - table->entries.start];
		else if (contains(&table->pba, bar, at))
			ret_bytes[i] = pba_byte(data, at - table->pba.start);
		else
			ret_bytes[i] = 0;
	}
}

uint32_t vfiopm__msix_table_write(struct vfiopm__msix_table *table, uint32_t bar, uint64_t offset,
				  size_t length, const uint8_t *bytes, uint32_t *ret_first)
{
	/* The other bits are reserved, or the lowest bits of the address, which are 0. */
	static const uint8_t writable[ENTRY_SIZE] = {
		0xfc, 0xff, 0xff, 0xff, 0xff,	      0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, ENTRY_MASKED, 0,    0,	  0,
	};
	uint32_t first = table->count, last = 0;

	for (size_t i = 0; i < length; i++) {
		uint64_t at = offset + i - table->entries.start;

		if (!contains(&table->entries, bar, offset + i))
			continue;
		table->bytes[at] = bytes[i] & writable[at % ENTRY_SIZE];
		last = (uint32_t)(at / ENTRY_SIZE);
		if (first > last)
			first = last;
	}
	*ret_first = first;
	return last - first + 1;
}

/* ---- creation ---- */

void vfiopm__msix_table_reset(struct vfiopm__msix_table *table)
{
	table->capability[CONTROL_HIGH] &= (uint8_t) ~(CONTROL_ENABLE | CONTROL_MASK);
	memset(table->bytes, 0, (size_t)table->count * ENTRY_SIZE);
	for (uint32_t i = 0; i < table->count; i++)
		table->bytes[i * ENTRY_SIZE + ENTRY_CONTROL] = ENTRY_MASKED;
}

static struct region region_at(const uint8_t *capability, unsigned offset, uint64_t size)
{
	uint32_t value = (uint32_t)get(&capability[offset], sizeof(value));

	return (struct region){ .bar = value & BIR, .start = value & ~BIR, .size = size };
}

int vfiopm__msix_table_new(const uint8_t *capability, struct vfiopm__msix_table **ret_table)
{
	uint32_t count = (uint32_t)(get(&capability[CONTROL], 2) & CONTROL_COUNT) + 1;
	struct vfiopm__msix_table *table = malloc(sizeof(*table) + (size_t)count * ENTRY_SIZE);

	if (!table)
		return -ENOMEM;
	table->count = count;
	/* The PBA has 8 bytes for each 64 vectors, or part of them. */
	table->entries = region_at(capability, TABLE, (uint64_t)count * ENTRY_SIZE);
	table->pba = region_at(capability, PBA, ((uint64_t)count + 63) / 64 * 8);
	memcpy(table->capability, capability, VFIOPM__MSIX_CAPABILITY_SIZE);
	vfiopm__msix_table_reset(table);
	*ret_table = table;
	return 0;
}

void vfiopm__msix_table_free(struct vfiopm__msix_table *table)
{
	free(table);
}

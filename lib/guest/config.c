// SPDX-License-Identifier: MIT
/*
 * The configuration space of a guest's function: the list of capabilities, which is read once, and
 * the shadow, which serves the guest while the device sleeps.
 *
 * Each read of the configuration space by the device fd resumes the device (vfio_pci_core.c,
 * vfio_pci_rw(), 6.1). A guest reads it at any time: a monitor in the guest would keep the device
 * awake, and an armed device would report each read as a wake.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <vfiopm/region.h>

#include "../lock.h"
#include "parts.h"

/* include/uapi/linux/pci_regs.h */
#define SIZE_CONVENTIONAL   256
#define SIZE_EXTENDED	    4096
#define STATUS		    0x06
#define STATUS_CAPABILITIES 0x10
#define FIRST_CAPABILITY    0x34
#define HEADER_END	    0x40
#define MSI_64BIT	    0x80 /* of the low byte of Message Control */
#define MSI_MASKS	    0x01 /* of the high byte: Per-Vector Masking */
#define EXPRESS_FLR_BYTE    7	 /* of Device Capabilities: Function Level Reset Capability */
#define EXPRESS_FLR	    0x10
#define EXPRESS_CONTROL	    9 /* the high byte of Device Control */
#define EXPRESS_INITIATE    0x80
#define AF_CAPABILITIES	    3
#define AF_FLR		    0x03 /* Transactions Pending and Function Level Reset */
#define AF_CONTROL	    4
#define AF_INITIATE	    0x01

/* The parts parse a capability without a look at its end. */
#define CAPABILITY_BYTES 64

struct vfiopm__guest_config {
	struct vfiopm_region *region;
	uint32_t size;
	uint8_t offsets[256]; /* of the first capability with each id; 0 for none */
	/* The bytes with the bit that initiates a reset; 0 if the function cannot reset itself. */
	uint32_t express_control, af_control;

	pthread_mutex_t lock; /* protects the members below */
	bool asleep;
	/* The shadow, or what was read at the creation. */
	uint8_t bytes[SIZE_EXTENDED + CAPABILITY_BYTES];
};

/* ---- the list of capabilities ---- */

/* The number of bytes that a part uses, from the capability's offset. */
static uint32_t length_of(const uint8_t *capability)
{
	switch (capability[0]) {
	case VFIOPM__CAPABILITY_PM:
		return 8;
	case VFIOPM__CAPABILITY_MSI:
		return 10u + (capability[2] & MSI_64BIT ? 4 : 0) +
		       (capability[3] & MSI_MASKS ? 10 : 0);
	case VFIOPM__CAPABILITY_MSIX:
		return 12;
	case VFIOPM__CAPABILITY_EXPRESS:
		return EXPRESS_CONTROL + 1;
	case VFIOPM__CAPABILITY_AF:
		return AF_CONTROL + 1;
	default:
		return 2;
	}
}

/* Two capabilities that share bytes would make one write change both. */
static bool is_claimed(bool claimed[SIZE_CONVENTIONAL], uint32_t offset, uint32_t length)
{
	bool was = false;

	for (uint32_t i = offset; i < offset + length; i++) {
		was |= claimed[i];
		claimed[i] = true;
	}
	return was;
}

/* The device provides the bytes, so they can be anything. A list that returns to a capability
 * claims its bytes twice, which ends the walk. */
static int find_capabilities(struct vfiopm__guest_config *config)
{
	bool claimed[SIZE_CONVENTIONAL] = { false };
	const uint8_t *bytes = config->bytes;
	uint32_t offset;

	if (!(bytes[STATUS] & STATUS_CAPABILITIES))
		return 0;
	/* PCI Local Bus Specification 3.0, 6.7: the two low bits of a pointer are reserved. */
	for (offset = bytes[FIRST_CAPABILITY] & ~3u; offset != 0;
	     offset = bytes[offset + 1] & ~3u) {
		uint32_t length = length_of(bytes + offset);

		if (offset < HEADER_END || length > SIZE_CONVENTIONAL - offset ||
		    is_claimed(claimed, offset, length))
			return -EPROTO;
		/* As pci_find_capability() does, use the first of several. */
		if (config->offsets[bytes[offset]] == 0)
			config->offsets[bytes[offset]] = (uint8_t)offset;
	}
	return 0;
}

static void find_resets(struct vfiopm__guest_config *config)
{
	uint32_t express = config->offsets[VFIOPM__CAPABILITY_EXPRESS];
	uint32_t af = config->offsets[VFIOPM__CAPABILITY_AF];

	if (express != 0 && (config->bytes[express + EXPRESS_FLR_BYTE] & EXPRESS_FLR))
		config->express_control = express + EXPRESS_CONTROL;
	if (af != 0 && (config->bytes[af + AF_CAPABILITIES] & AF_FLR) == AF_FLR)
		config->af_control = af + AF_CONTROL;
}

/* ---- the object ---- */

/* A device that is not PCI has no configuration space, or something else in this region. */
static int open_region(struct vfiopm__guest_config *config, struct vfiopm_device *dev)
{
	uint64_t size;
	int r = vfiopm_region_new(dev, VFIOPM_REGION_CONFIG, &config->region);

	if (r < 0)
		return r;
	vfiopm_region_get_size(config->region, &size);
	if (size != SIZE_CONVENTIONAL && size != SIZE_EXTENDED)
		return -EINVAL;
	config->size = (uint32_t)size;
	return vfiopm_region_read(config->region, 0, size, VFIOPM_REGION_WAKE, config->bytes);
}

int vfiopm__guest_config_new(struct vfiopm__guest_host *host,
			     struct vfiopm__guest_config **ret_config)
{
	struct vfiopm__guest_config *config;
	int r;

	config = calloc(1, sizeof(*config));
	if (!config)
		return -ENOMEM;
	pthread_mutex_init(&config->lock, NULL);
	r = open_region(config, host->dev);
	if (r == 0)
		r = find_capabilities(config);
	if (r < 0) {
		vfiopm__guest_config_free(config);
		return r;
	}
	find_resets(config);
	*ret_config = config;
	return 0;
}

struct vfiopm__guest_config *vfiopm__guest_config_free(struct vfiopm__guest_config *config)
{
	if (!config)
		return NULL;
	vfiopm_region_free(config->region);
	pthread_mutex_destroy(&config->lock);
	free(config);
	return NULL;
}

uint32_t vfiopm__guest_config_find(const struct vfiopm__guest_config *config, uint8_t id)
{
	return config->offsets[id];
}

const uint8_t *vfiopm__guest_config_bytes(const struct vfiopm__guest_config *config,
					  uint32_t offset)
{
	return config->bytes + offset;
}

/* ---- the shadow ---- */

int vfiopm__guest_config_write_device(struct vfiopm__guest_config *config, uint32_t offset,
				      uint16_t value)
{
	uint8_t bytes[2] = { (uint8_t)value, (uint8_t)(value >> 8) };

	return vfiopm_region_write(config->region, offset, sizeof(bytes), 0, bytes);
}

int vfiopm__guest_config_sleep(struct vfiopm__guest_config *config)
{
	uint8_t bytes[SIZE_EXTENDED]; /* a read that fails changes them too */
	int r;

	r = vfiopm_region_read(config->region, 0, config->size, 0, bytes);
	/* EAGAIN: the VMM has entered low power before it created the object. The shadow has what
	 * the creation has read. */
	if (r < 0 && r != -EAGAIN)
		return r;
	VFIOPM__HOLD(&config->lock);
	if (r == 0)
		memcpy(config->bytes, bytes, config->size);
	config->asleep = true;
	return 0;
}

void vfiopm__guest_config_wake(struct vfiopm__guest_config *config)
{
	VFIOPM__HOLD(&config->lock);
	config->asleep = false;
}

int vfiopm__guest_config_read(struct vfiopm__guest_config *config, uint32_t offset, uint32_t width,
			      uint32_t *ret_value)
{
	uint32_t value = 0;

	VFIOPM__HOLD(&config->lock);
	if (!config->asleep)
		return 0;
	for (uint32_t i = 0; i < width; i++) {
		/* No register: all ones, as a bus answers. The sum cannot wrap: an offset near its
		 * end is not below size, and is not incremented past it either. */
		uint32_t byte = offset < config->size && i < config->size - offset
					? config->bytes[offset + i]
					: 0xff;

		value |= byte << 8 * i;
	}
	*ret_value = value;
	return 1;
}

int vfiopm__guest_config_write(struct vfiopm__guest_config *config, uint32_t offset, uint32_t width,
			       uint32_t value)
{
	/* A function without power takes no writes (PCI Bus Power Management Interface 1.2, 5.4.4).
	 * The guest restores its registers after it has turned the power on. */
	(void)offset;
	(void)width;
	(void)value;
	VFIOPM__HOLD(&config->lock);
	return config->asleep;
}

/* Does the access set a bit of this byte? A difference below 0 becomes a large number. */
static bool sets(uint32_t byte, uint32_t bit, uint32_t offset, uint32_t width, uint32_t value)
{
	return byte != 0 && byte - offset < width && (value >> 8 * (byte - offset) & bit);
}

bool vfiopm__guest_config_resets(const struct vfiopm__guest_config *config, uint32_t offset,
				 uint32_t width, uint32_t value)
{
	return sets(config->express_control, EXPRESS_INITIATE, offset, width, value) ||
	       sets(config->af_control, AF_INITIATE, offset, width, value);
}

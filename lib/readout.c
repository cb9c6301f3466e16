// SPDX-License-Identifier: MIT
/*
 * The readout: the sysfs attributes that describe the power of a device. Each attribute is
 * opened once, and each read starts at its beginning, so that a sandboxed process needs no
 * path. Reading these attributes does not resume the device: the kernel returns values that
 * it holds in memory (drivers/pci/pci-sysfs.c, power_state_show() and
 * d3cold_allowed_show(); drivers/base/power/sysfs.c; 6.1).
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "device.h"
#include "readout.h"
#include "sys.h"
#include "sysfs.h"
#include "text.h"

enum attribute { POWER_STATE, RUNTIME_STATUS, SUSPENDED_TIME, CONTROL, D3COLD_ALLOWED, ATTRIBUTES };

static const char *const files[ATTRIBUTES] = {
	[POWER_STATE] = "power_state",
	[RUNTIME_STATUS] = "power/runtime_status",
	[SUSPENDED_TIME] = "power/runtime_suspended_time",
	[CONTROL] = "power/control",
	[D3COLD_ALLOWED] = "d3cold_allowed",
};

struct vfiopm__readout {
	int fds[ATTRIBUTES]; /* -ENOENT for an attribute that this kernel does not have */
};

static int open_attributes(struct vfiopm__readout *readout, int directory_fd)
{
	for (int i = 0; i < ATTRIBUTES; i++)
		readout->fds[i] = -ENOENT;
	for (int i = 0; i < ATTRIBUTES; i++) {
		readout->fds[i] = vfiopm__sysfs_open_attribute(directory_fd, files[i]);
		if (readout->fds[i] < 0 && readout->fds[i] != -ENOENT)
			return readout->fds[i];
	}
	return 0;
}

int vfiopm__readout_new(const char *directory, struct vfiopm__readout **ret_readout)
{
	struct vfiopm__readout *readout;
	int directory_fd, r;

	directory_fd = vfiopm__sysfs_open_directory(directory);
	if (directory_fd < 0)
		return directory_fd == -ENOENT ? -ENXIO : directory_fd;

	readout = malloc(sizeof(*readout));
	r = readout ? open_attributes(readout, directory_fd) : -ENOMEM;
	vfiopm__sys_close(directory_fd);

	if (r < 0) {
		vfiopm__readout_free(readout);
		return r;
	}
	*ret_readout = readout;
	return 0;
}

void vfiopm__readout_free(struct vfiopm__readout *readout)
{
	if (!readout)
		return;
	for (int i = 0; i < ATTRIBUTES; i++)
		vfiopm__sys_close(readout->fds[i]);
	free(readout);
}

static int read_text(const struct vfiopm_device *dev, enum attribute attribute,
		     char text[VFIOPM__VALUE_SIZE])
{
	const struct vfiopm__readout *readout = atomic_load(&dev->readout);

	if (!readout)
		return -ENXIO;
	if (readout->fds[attribute] < 0)
		return readout->fds[attribute];
	return vfiopm__sysfs_read_attribute(readout->fds[attribute], text, VFIOPM__VALUE_SIZE);
}

static int read_value(const struct vfiopm_device *dev, enum attribute attribute,
		      int (*parse)(const char *text, uint32_t *ret_value), uint32_t *ret_value)
{
	char text[VFIOPM__VALUE_SIZE];
	int r = dev && ret_value ? read_text(dev, attribute, text) : -EINVAL;

	return r < 0 ? r : parse(text, ret_value);
}

VFIOPM__PUBLIC int vfiopm_readout_get_power_state(const struct vfiopm_device *dev,
						  uint32_t *ret_state)
{
	return read_value(dev, POWER_STATE, vfiopm__text_parse_power_state, ret_state);
}

VFIOPM__PUBLIC int vfiopm_readout_get_runtime_status(const struct vfiopm_device *dev,
						     uint32_t *ret_status)
{
	return read_value(dev, RUNTIME_STATUS, vfiopm__text_parse_runtime_status, ret_status);
}

VFIOPM__PUBLIC int vfiopm_readout_get_suspended_time(const struct vfiopm_device *dev,
						     uint64_t *ret_ms)
{
	char text[VFIOPM__VALUE_SIZE];
	int r = dev && ret_ms ? read_text(dev, SUSPENDED_TIME, text) : -EINVAL;

	return r < 0 ? r : vfiopm__text_parse_number(text, ret_ms);
}

VFIOPM__PUBLIC int vfiopm_readout_get_control(const struct vfiopm_device *dev,
					      uint32_t *ret_control)
{
	return read_value(dev, CONTROL, vfiopm__text_parse_control, ret_control);
}

VFIOPM__PUBLIC int vfiopm_readout_get_d3cold_allowed(const struct vfiopm_device *dev,
						     uint32_t *ret_allowed)
{
	return read_value(dev, D3COLD_ALLOWED, vfiopm__text_parse_flag, ret_allowed);
}

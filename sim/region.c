// SPDX-License-Identifier: MIT
/*
 * Reads and writes on a device fd: configuration space and BAR 0
 * (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_rw(); vfio_pci_config.c; vfio_pci_rdwr.c).
 */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "lib/uapi.h"

#define COMMAND	     4
#define DISABLE_INTX 4 /* in the byte after COMMAND */
#define PMCSR	     (SIM_PM_CAPABILITY + 4)

/* vfio_pm_config_write() ignores D1 and D2, which the e1000e does not support. */
static void write_pmcsr(struct sim_device *device, uint8_t value)
{
	if ((value & 3) == SIM_D0 || (value & 3) == SIM_D3HOT)
		sim_set_power(device, (enum sim_power)(value & 3));
}

static ssize_t config_rw(struct sim_device *device, uint8_t *buffer, size_t count, size_t at,
			 bool write)
{
	if (at >= SIM_CONFIG_SIZE || count > SIM_CONFIG_SIZE - at)
		return -EFAULT;
	device->config[PMCSR] = (uint8_t)device->power;
	if (!write) {
		memcpy(buffer, device->config + at, count);
		return (ssize_t)count;
	}
	for (size_t i = 0; i < count; i++) {
		/* Power and interrupts depend on no other byte. */
		if (at + i == COMMAND)
			device->config[COMMAND] = buffer[i] & 7;
		if (at + i == COMMAND + 1) {
			device->config[COMMAND + 1] = buffer[i] & DISABLE_INTX;
			sim_irqs_config(device, buffer[i] & DISABLE_INTX);
		}
		if (at + i == PMCSR)
			write_pmcsr(device, buffer[i]);
	}
	sim_update_mapping(device);
	return (ssize_t)count;
}

static ssize_t bar_rw(struct sim_device *device, void *buffer, size_t count, size_t at, bool write)
{
	if (at >= SIM_BAR0_SIZE)
		return -EINVAL;
	if (count > SIM_BAR0_SIZE - at)
		count = SIM_BAR0_SIZE - at;
	/* Low power does not make this fail: this call has resumed the device or keeps it
	 * awake. */
	if (!sim_memory_enabled(device))
		return -EIO;
	if (device->mapped)
		return write ? sim_real_pwrite(device->memory, buffer, count, (off_t)at)
			     : sim_real_pread(device->memory, buffer, count, (off_t)at);
	if (write)
		memcpy(device->bar + at, buffer, count);
	else
		memcpy(buffer, device->bar + at, count);
	return (ssize_t)count;
}

static ssize_t rw(struct sim_device *device, void *buffer, size_t count, off_t offset, bool write)
{
	size_t at = (size_t)(offset & ((INT64_C(1) << 40) - 1));

	switch (offset >> 40) {
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return config_rw(device, buffer, count, at, write);
	case VFIO_PCI_BAR0_REGION_INDEX:
		return bar_rw(device, buffer, count, at, write);
	default: /* the other BARs, the ROM and VGA, which the device does not have */
		return -EINVAL;
	}
}

ssize_t sim_region_rw(struct sim_device *device, void *buffer, size_t count, off_t offset,
		      bool write)
{
	ssize_t r;

	if (count == 0)
		return 0;
	if (offset < 0 || offset >> 40 >= sim_regions(device))
		return -EINVAL;
	if (sim_pm_get(device) < 0)
		return -EIO;
	r = rw(device, buffer, count, offset, write);
	sim_pm_put(device);
	return r;
}

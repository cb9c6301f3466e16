// SPDX-License-Identifier: MIT
/*
 * Regions of a device: reads and writes on its fd, its mapped memory, and GET_REGION_INFO
 * (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_rw(); vfio_pci_config.c; vfio_pci_rdwr.c).
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "internal.h"
#include "lib/uapi.h"

/* ---- configuration space ---- */

#define COMMAND	       4
#define COMMAND_MEMORY 2
#define DISABLE_INTX   4 /* in the byte after COMMAND */
#define SERR	       1
#define BAR_OF(n)      (0x10 + 4 * (n))
#define ROM	       0x30
#define LINE	       0x3c
#define MSIX_CONTROL   (SIM_MSIX_CAPABILITY + 3)
#define MSIX_ENABLE    0x80
#define MSI_CONTROL    (SIM_MSI_CAPABILITY + 2)
#define MSI_ENABLE     0x01
#define MSI_QUEUE_SIZE 0x70u

/* vfio_pm_config_write() ignores D1 and D2, which the e1000e does not support. */
static void write_pmcsr(struct sim_device *device, uint8_t value)
{
	if ((value & 3) == SIM_D0 || (value & 3) == SIM_D3HOT)
		sim_set_power_by_vfio(device, (enum sim_power)(value & 3));
}

/* ---- BARs ---- */

static const struct sim_bar *find_bar(const struct sim_device *device, uint64_t index)
{
	return index < SIM_BARS && device->bar[index].size > 0 ? &device->bar[index] : NULL;
}

#define TABLE_ENTRY 16

/* Where the MSI-X table is in this BAR. Returns its size. */
static size_t find_table(const struct sim_device *device, const struct sim_bar *bar, size_t *ret_at)
{
	unsigned vectors = device->machine.msix_vectors ? device->machine.msix_vectors : 5;
	size_t size = (size_t)vectors * TABLE_ENTRY;

	*ret_at = device->machine.table_offset;
	if (bar != &device->bar[device->machine.table_bar] || device->machine.no_msix)
		return 0;
	return size < bar->size - *ret_at ? size : bar->size - *ret_at;
}

static void memory_rw(struct sim_device *device, uint8_t *buffer, size_t count, size_t at,
		      bool write)
{
	if (device->mapped && write)
		sim_real_pwrite(device->memory, buffer, count, (off_t)at);
	else if (device->mapped)
		sim_real_pread(device->memory, buffer, count, (off_t)at);
	else if (write)
		sim_write_unmapped(device, buffer, count, at);
	else
		memcpy(buffer, device->bars + at, count);
}

/* The part of [at, at + count) that is before `end`. */
static size_t before(size_t at, size_t count, size_t end)
{
	return at >= end ? 0 : count < end - at ? count : end - at;
}

/* vfio_pci_bar_rw(): a read of the MSI-X table returns ones, a write has no effect. */
static ssize_t bar_rw(struct sim_device *device, const struct sim_bar *bar, uint8_t *buffer,
		      size_t count, size_t at, bool write)
{
	size_t table, size = find_table(device, bar, &table), first, second;

	if (at >= bar->size)
		return -EINVAL;
	if (count > bar->size - at)
		count = bar->size - at;
	first = before(at, count, table);
	memory_rw(device, buffer, first, bar->at + at, write);
	second = first + before(at + first, count - first, table + size);
	/* The MSI-X table is not accessed. Low power does not make this fail: this call has resumed
	 * the device or keeps it awake. */
	if (first + count - second > 0 && !bar->has_ports && !sim_memory_enabled(device))
		return -EIO;
	if (!write)
		memset(buffer + first, 0xff, second - first);
	memory_rw(device, buffer + second, count - second, bar->at + at + second, write);
	return (ssize_t)count;
}

bool sim_is_in_bar(const struct sim_device *device, uint64_t offset, size_t count)
{
	const struct sim_bar *bar = find_bar(device, offset >> 40);
	uint64_t at = offset & ((UINT64_C(1) << 40) - 1);
	size_t table, size;

	if (!bar || at + count > bar->size)
		return false;
	size = find_table(device, bar, &table);
	return at + count <= table || at >= table + size;
}

void sim_bar_write(struct sim_device *device, uint64_t offset, const void *bytes, size_t count)
{
	const struct sim_bar *bar = find_bar(device, offset >> 40);
	size_t at = (size_t)(offset & ((UINT64_C(1) << 40) - 1));

	bar_rw(device, bar, (void *)(uintptr_t)bytes, count, at, true);
}

/* The kernel does not write the ROM. pci_map_rom() finds no signature while the memory is off. */
static ssize_t rom_rw(const struct sim_device *device, uint8_t *buffer, size_t count, size_t at,
		      bool write)
{
	size_t size = device->machine.rom_size;

	if (write || at >= size)
		return -EINVAL;
	if (!(device->config[COMMAND] & COMMAND_MEMORY))
		return -ENOMEM;
	if (!sim_memory_enabled(device))
		return -EIO;
	if (count > size - at)
		count = size - at;
	memset(buffer, 0, count);
	return (ssize_t)count;
}

/* ---- configuration space ---- */

static void set_register(struct sim_device *device, size_t at, uint32_t mask, uint32_t flags)
{
	uint32_t value;

	memcpy(&value, device->config + at, sizeof(value));
	value = (value & mask) | flags;
	memcpy(device->config + at, &value, sizeof(value));
}

/* vfio_bar_fixup(): a BAR keeps the bits of an address. */
static void fix_bars(struct sim_device *device)
{
	for (unsigned i = 0; i < SIM_BARS; i++) {
		const struct sim_bar *bar = find_bar(device, i);

		set_register(device, BAR_OF(i), bar ? ~(uint32_t)(bar->size - 1) : 0,
			     bar && bar->has_ports);
	}
	if (device->machine.rom_size > 0)
		set_register(device, ROM, ~(device->machine.rom_size - 1) | 1, 0);
	else
		set_register(device, ROM, 0, 0);
}

static bool is_in(size_t at, size_t begin, size_t size)
{
	return at >= begin && at < begin + size;
}

/* vfio_msi_config_write(): MSI is enabled by SET_IRQS, and the user can choose as many vectors as it
 * enabled. */
static uint8_t msi_control(const struct sim_device *device, uint8_t value)
{
	if (!sim_irq_type_is(device, SIM_MSI))
		value &= (uint8_t)~MSI_ENABLE;
	if ((value & MSI_QUEUE_SIZE) >> 4 > device->irqs.msi_queue_size)
		value = (uint8_t)((value & ~MSI_QUEUE_SIZE) | device->irqs.msi_queue_size << 4);
	return value;
}

/* The other bytes cannot be written, or have no effect. */
static void write_config(struct sim_device *device, size_t at, uint8_t value)
{
	if (at == COMMAND) {
		device->config[COMMAND] = value & 7;
		device->memory_on = value & COMMAND_MEMORY;
	}
	if (at == COMMAND + 1) {
		device->config[COMMAND + 1] = value & (DISABLE_INTX | SERR);
		sim_irqs_config(device, value & DISABLE_INTX);
	}
	if (at == SIM_PMCSR && !device->machine.no_pm)
		write_pmcsr(device, value);
	if (at == MSI_CONTROL)
		device->config[at] = msi_control(device, value);
	/* vfio_init_pci_cap_pm_perm() hides PME since 5.19. */
	if (at == SIM_PMCSR + 1 && !device->kernel->runtime_pm)
		device->config[at] = value & 1;
	if (is_in(at, BAR_OF(0), 24) || is_in(at, ROM, 4) || at == LINE)
		device->config[at] = value;
}

static size_t config_size(const struct sim_device *device)
{
	return device->machine.no_extended_config ? SIM_CONFIG_SIZE_PCI : SIM_CONFIG_SIZE;
}

static ssize_t config_rw(struct sim_device *device, uint8_t *buffer, size_t count, size_t at,
			 bool write)
{
	size_t size = config_size(device);

	if (at >= size || count > size - at)
		return -EFAULT;
	if (!device->machine.no_pm)
		device->config[SIM_PMCSR] = (uint8_t)device->power;
	/* The kernel's own setup. The enable bit of MSI is that of the user. */
	if (!device->machine.no_msix)
		device->config[MSIX_CONTROL] =
			(uint8_t)((device->config[MSIX_CONTROL] & ~MSIX_ENABLE) |
				  (sim_irq_type_is(device, SIM_MSIX) ? MSIX_ENABLE : 0));
	if (!write) {
		memcpy(buffer, device->config + at, count);
		return (ssize_t)count;
	}
	for (size_t i = 0; i < count; i++)
		write_config(device, at + i, buffer[i]);
	fix_bars(device);
	sim_update_mapping(device);
	return (ssize_t)count;
}

static ssize_t rw(struct sim_device *device, void *buffer, size_t count, off_t offset, bool write)
{
	size_t at = (size_t)(offset & ((INT64_C(1) << 40) - 1));
	const struct sim_bar *bar = find_bar(device, (uint64_t)offset >> 40);

	if (offset >> 40 == VFIO_PCI_CONFIG_REGION_INDEX)
		return config_rw(device, buffer, count, at, write);
	if (offset >> 40 == VFIO_PCI_ROM_REGION_INDEX)
		return rom_rw(device, buffer, count, at, write);
	/* The device has no other BARs and no VGA. */
	return bar ? bar_rw(device, bar, buffer, count, at, write) : -EINVAL;
}

ssize_t sim_region_rw(struct sim_device *device, void *buffer, size_t count, off_t offset,
		      bool write)
{
	ssize_t r;

	if (count == 0)
		return 0;
	if (offset < 0 || offset >> 40 >= sim_regions(device))
		return -EINVAL;
	/* In the patches v2 and v3 only accesses to configuration space resume the device. */
	if (offset >> 40 != VFIO_PCI_CONFIG_REGION_INDEX &&
	    (device->kernel->dialect == SIM_V2 || device->kernel->dialect == SIM_V3))
		return rw(device, buffer, count, offset, write);
	if (sim_pm_get(device) < 0)
		return -EIO;
	r = rw(device, buffer, count, offset, write);
	sim_pm_put(device);
	return r;
}

/* ---- mmap(2) ---- */

/* vfio_pci_core_mmap(), 6.1. It does not resume the device. */
off_t sim_region_mmap(const struct sim_device *device, size_t length, int flags, off_t offset)
{
	uint64_t at = (uint64_t)offset & ((UINT64_C(1) << 40) - 1);
	const struct sim_bar *bar = find_bar(device, (uint64_t)offset >> 40);
	bool exists = sim_is_pci(device) || device->region_answers[0].size > 0;

	if (!exists || !bar || bar->has_ports || !(flags & MAP_SHARED) || at > bar->size ||
	    length > bar->size - at)
		return -EINVAL;
	return (off_t)(bar->at + at);
}

/* ---- GET_REGION_INFO ---- */

void sim_set_region_answer(struct sim_device *device, unsigned index, const void *bytes,
			   size_t size)
{
	sim_lock();
	device->region_answers[index].bytes = bytes;
	device->region_answers[index].size = size;
	sim_unlock();
}

/* vfio_pci_ioctl_get_region_info(), 6.1. A buffer that is too small for the capabilities receives
 * none of them, and the size that is needed. */
int sim_get_region_info(const struct sim_device *device, void *arg)
{
	struct {
		struct vfio_region_info info;
		struct vfio_info_cap_header capability;
	} answer = { .capability = { .id = VFIO_REGION_INFO_CAP_MSIX_MAPPABLE, .version = 1 } };
	struct vfio_region_info *info = &answer.info;
	size_t size = sizeof(*info), replaced, table;
	const struct sim_bar *bar;

	if (sim_from_user(info, arg, sizeof(*info)) < 0)
		return -EFAULT;
	if (info->argsz < sizeof(*info) || info->index >= VFIO_PCI_VGA_REGION_INDEX)
		return -EINVAL;
	replaced = device->region_answers[info->index].size;
	if (replaced == 0 && !sim_is_pci(device))
		return -EINVAL;
	if (replaced > 0)
		return sim_to_user(arg, device->region_answers[info->index].bytes,
				   replaced < info->argsz ? replaced : info->argsz);
	info->offset = (uint64_t)info->index << 40;
	info->size = 0;
	info->flags = 0;
	bar = find_bar(device, info->index);
	if (bar) {
		info->size = bar->size;
		info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
		if (!bar->has_ports)
			info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
	} else if (info->index == VFIO_PCI_ROM_REGION_INDEX && device->machine.rom_size > 0) {
		info->size = device->machine.rom_size;
		info->flags = VFIO_REGION_INFO_FLAG_READ;
	} else if (info->index == VFIO_PCI_CONFIG_REGION_INDEX) {
		info->size = config_size(device);
		info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	}
	if (bar && find_table(device, bar, &table) > 0) {
		info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
		if (info->argsz < sizeof(answer)) {
			info->argsz = sizeof(answer);
			info->cap_offset = 0;
		} else {
			info->cap_offset = sizeof(*info);
			size = sizeof(answer);
		}
	}
	/* The capability is written before the header. */
	if (size == sizeof(answer) &&
	    sim_to_user_at_once((char *)arg + sizeof(*info), &answer.capability,
				sizeof(answer.capability)) < 0)
		return -EFAULT;
	return sim_to_user(arg, info, sizeof(*info));
}

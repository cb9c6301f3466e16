// SPDX-License-Identifier: MIT
/*
 * A simulated device: the runtime PM of the driver core and the low power of vfio-pci, as in
 * drivers/vfio/pci/vfio_pci_core.c (6.1 to 7.x):
 *
 *   open: usage = 1
 *   every ioctl, read, write: usage++, resume if suspended; body; usage--
 *   entry: zap the BARs; EINVAL if engaged; engaged = true, keep the eventfd, usage--
 *   exit: if engaged: engaged = false, usage++, drop the eventfd
 *   resume callback: if there is an eventfd: signal it, then do the same as exit
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

static struct sim_device devices[SIM_DEVICES];

/* ---- configuration space ---- */

#define COMMAND		    0x04
#define COMMAND_IO	    0x01
#define COMMAND_MEMORY	    0x02
#define COMMAND_SERR	    0x01 /* in the byte after COMMAND; the firmware of the lab sets it */
#define STATUS_CAPABILITIES 0x10
#define HEADER_TYPE	    0x0e
#define MULTIFUNCTION	    0x80

/* The header of the e1000e as vfio-pci shows it after the device was opened, and its list of
 * capabilities: PM, MSI, PCI Express, MSI-X (QEMU 7.2, hw/net/e1000e.c). vfio_init_pci_cap_pm_perm()
 * hides the PME bits. */
static void fill_config(struct sim_device *device)
{
	static const uint8_t header[] = {
		0x86, 0x80, 0xd3, 0x10, 0, COMMAND_SERR, STATUS_CAPABILITIES, 0, 0, 0, 0, 2
	};
	static const uint8_t pm[] = { 0x01, 0, 0x22, 0 };
	static const uint8_t express[] = { 0x10, 0, 0x01, 0 };
	const struct sim_machine *machine = &device->machine;
	uint8_t *config = device->config, *last = &config[0x34];
	unsigned vectors = machine->msix_vectors ? machine->msix_vectors - 1 : 4;
	/* The PBA follows the table: after 8 KiB as in the e1000e, or after 32 KiB. */
	uint32_t table = machine->table_offset | machine->table_bar;
	uint32_t pba = table + (vectors * 16 < 0x2000 ? 0x2000 : 0x8000);
	uint8_t msix[12] = { 0x11, 0, (uint8_t)vectors, (uint8_t)(vectors >> 8 & 7) };
	uint8_t msi[] = { 0x05, 0, 0x80, 0 };

	memcpy(msix + 4, &table, sizeof(table));
	memcpy(msix + 8, &pba, sizeof(pba));
	for (unsigned i = machine->msi_vectors; i > 1; i /= 2)
		msi[2] = (uint8_t)(msi[2] + 2);
	memcpy(config, header, sizeof(header));
	for (int i = 0; i < SIM_BARS; i++)
		config[0x10 + 4 * i] = device->bar[i].has_ports;
	config[0x2c] = 0x86;
	config[0x2d] = 0x80;
	config[0x3c] = 10;		  /* the line that the firmware of the lab assigns */
	config[0x3d] = !machine->no_intx; /* INTA */
	if (!machine->no_pm) {
		memcpy(config + SIM_PM_CAPABILITY, pm, sizeof(pm));
		*last = SIM_PM_CAPABILITY;
		last = &config[SIM_PM_CAPABILITY + 1];
	}
	memcpy(config + SIM_MSI_CAPABILITY, msi, sizeof(msi));
	*last = SIM_MSI_CAPABILITY;
	memcpy(config + SIM_EXPRESS_CAPABILITY, express, sizeof(express));
	config[SIM_MSI_CAPABILITY + 1] = SIM_EXPRESS_CAPABILITY;
	if (!machine->no_msix) {
		memcpy(config + SIM_MSIX_CAPABILITY, msix, sizeof(msix));
		config[SIM_EXPRESS_CAPABILITY + 1] = SIM_MSIX_CAPABILITY;
	}
}

static void mark_multifunction(struct sim_device *device, const struct sim_device *other)
{
	size_t last = strlen(device->address) - 1;

	if (device != other && device->address[last] == '0' &&
	    strncmp(device->address, other->address, last) == 0) {
		device->config[HEADER_TYPE] |= MULTIFUNCTION;
		device->first_config[HEADER_TYPE] |= MULTIFUNCTION;
	}
}

/* Function 0 has the multi-function bit if the device has another function, as in QEMU (hw/pci/pci.c,
 * pci_init_multifunction()). */
static void find_functions(struct sim_device *added)
{
	for (int i = 0; i < SIM_DEVICES; i++) {
		if (!devices[i].used || !sim_is_pci(&devices[i]))
			continue;
		mark_multifunction(&devices[i], added);
		mark_multifunction(added, &devices[i]);
	}
}

/* ---- the BARs ---- */

/* BAR 0 with its registers, BAR 1, a flash memory, BAR 2, with ports, and BAR 3, with the MSI-X
 * table. */
static void describe_e1000e(struct sim_machine *machine)
{
	static const uint32_t sizes[SIM_BARS] = { 0x20000, 0x20000, 0x20, 0x4000 };

	memcpy(machine->bar_sizes, sizes, sizeof(sizes));
	machine->rom_size = 0x40000;
	machine->table_bar = 3;
	machine->table_offset = 0;
}

#define PAGE 4096

static void add_bars(struct sim_device *device)
{
	struct sim_machine *machine = &device->machine;
	uint32_t most = 0;

	for (int i = 0; i < SIM_BARS; i++)
		most |= machine->bar_sizes[i];
	if (most == 0)
		describe_e1000e(machine);
	for (int i = 0; i < SIM_BARS; i++) {
		size_t size = machine->bar_sizes[i];

		/* Only ports are smaller than a page. */
		device->bar[i] = (struct sim_bar){
			.has_ports = size > 0 && size < PAGE,
			.size = size,
			.at = device->memory_size,
		};
		device->memory_size += (size + PAGE - 1) / PAGE * PAGE;
	}
	device->bars = calloc(1, device->memory_size);
	device->page_is_used = calloc(device->memory_size / PAGE, sizeof(bool));
	if (!device->bars || !device->page_is_used)
		abort();
}

/* drivers/vfio/pci/vfio_pci_config.c, __vfio_pci_memory_enabled(), without its check for low
 * power: low power affects mappings, but no reads and writes. */
bool sim_memory_enabled(const struct sim_device *device)
{
	bool in_d3 = device->kernel->dialect == SIM_V3 ? device->in_d3 : device->power >= SIM_D3HOT;

	return (!in_d3 || device->kernel->d3hot_keeps_memory) && device->memory_on;
}

void sim_write_unmapped(struct sim_device *device, const void *bytes, size_t count, size_t at)
{
	memcpy(device->bars + at, bytes, count);
	for (size_t page = at / PAGE; count > 0 && page <= (at + count - 1) / PAGE; page++)
		device->page_is_used[page] = true;
}

/* Copy the pages that the memfd has. */
static int save_pages(struct sim_device *device)
{
	off_t begin = 0, end;

	while ((begin = lseek(device->memory, begin, SEEK_DATA)) >= 0) {
		size_t at = (size_t)begin, size;

		end = lseek(device->memory, begin, SEEK_HOLE);
		size = (size_t)(end - begin);
		if (sim_real_pread(device->memory, device->bars + at, size, begin) != (ssize_t)size)
			return -1;
		for (size_t page = at / PAGE; page < (size_t)end / PAGE; page++)
			device->page_is_used[page] = true;
		begin = end;
	}
	return 0;
}

static int restore_pages(const struct sim_device *device)
{
	for (size_t at = 0; at < device->memory_size; at += PAGE) {
		if (device->page_is_used[at / PAGE] &&
		    sim_real_pwrite(device->memory, device->bars + at, PAGE, (off_t)at) != PAGE)
			return -1;
	}
	return 0;
}

/* A zapped mapping faults with SIGBUS. A mapping beyond the end of a file does the same, so the
 * memfd is truncated to 0. */
void sim_update_mapping(struct sim_device *device)
{
	bool mapped = !device->engaged && sim_memory_enabled(device);
	int r = 0;

	if (mapped == device->mapped)
		return;
	if (mapped) {
		r = ftruncate(device->memory, (off_t)device->memory_size);
		r |= restore_pages(device);
	} else {
		r = save_pages(device);
		r |= ftruncate(device->memory, 0);
	}
	if (r != 0)
		abort();
	device->mapped = mapped;
}

void sim_set_power(struct sim_device *device, enum sim_power power)
{
	/* drivers/pci/pci.c, pci_raw_set_power_state(), 5.10: D0 after D3hot clears all of PMCSR. */
	if (device->power >= SIM_D3HOT && power == SIM_D0)
		device->config[SIM_PMCSR + 1] = 0;
	device->power = power;
	if (!device->engaged)
		device->in_d3 = power >= SIM_D3HOT;
	sim_update_mapping(device);
}

/* vfio_pci_core.c, vfio_pci_set_power_state(): the e1000e has no NoSoftRst bit. Therefore the kernel
 * saves COMMAND before D3hot, and restores it in D0, over what the user has written in between. The
 * kernel's own copy of the memory bit stays. */
void sim_set_power_by_vfio(struct sim_device *device, enum sim_power power)
{
	bool enters = device->power < SIM_D3HOT && power >= SIM_D3HOT;
	bool leaves = device->power >= SIM_D3HOT && power == SIM_D0;
	uint8_t *command = &device->config[COMMAND];

	sim_set_power(device, power);
	if (enters) {
		memcpy(device->saved_command, command, sizeof(device->saved_command));
		device->irqs.d3_intx_off = device->irqs.intx_off_in_device;
	} else if (leaves) {
		command[0] = device->saved_command[0];
		command[1] = (uint8_t)((command[1] & ~COMMAND_SERR) |
				       (device->saved_command[1] & COMMAND_SERR));
		device->irqs.intx_off_in_device = device->irqs.d3_intx_off;
	}
}

/* ---- runtime PM ---- */

static uint64_t stopped_at_ns; /* 0: the clock runs */

uint64_t sim_now_ns(void)
{
	struct timespec now;

	if (stopped_at_ns)
		return stopped_at_ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t sim_suspended_ns(const struct sim_device *device)
{
	return device->suspended_ns +
	       (device->suspended ? sim_now_ns() - device->suspended_since_ns : 0);
}

static bool suspend(struct sim_device *device)
{
	enum sim_power target = device->machine.target;

	if (device->suspended || device->usage > 0 || !device->kernel->runtime_pm)
		return false;
	if (target == SIM_D3COLD && !device->d3cold_allowed)
		target = SIM_D3HOT;
	sim_irqs_suspend(device);
	device->suspended = true;
	device->suspended_since_ns = sim_now_ns();
	/* Runtime suspend goes through D0 and loses the power state that the user had set. */
	sim_set_power_by_vfio(device, SIM_D0);
	sim_set_power(device, target);
	return true;
}

static void drop_wake(struct sim_device *device)
{
	if (device->wake >= 0)
		sim_real_close(device->wake);
	device->wake = -1;
}

/* The resume callbacks of the patches v2 and v4. */
static void end_single_shot(struct sim_device *device)
{
	if (!device->engaged)
		return;
	if (device->kernel->dialect == SIM_V2)
		sim_low_power_exit(device);
	if (device->kernel->dialect == SIM_V4 && device->reentry_disabled) {
		device->usage++;
		device->resumed = true;
	}
}

int sim_resume(struct sim_device *device)
{
	if (!device->suspended)
		return 0;
	if (device->resume_fails)
		return -EIO;
	device->suspended_ns = sim_suspended_ns(device);
	device->suspended = false;
	sim_set_power(device, SIM_D0);
	if (device->wake >= 0) {
		sim_signal(device->wake);
		sim_low_power_exit(device);
	}
	end_single_shot(device);
	sim_irqs_resume(device);
	return 0;
}

int sim_pm_get(struct sim_device *device)
{
	int r;

	device->usage++;
	r = sim_resume(device);
	if (r < 0)
		device->usage--;
	return r;
}

void sim_pm_put(struct sim_device *device)
{
	if (--device->usage == 0 && device->suspend_when == SIM_SUSPEND_AT_ONCE)
		suspend(device);
}

/* ---- low power ---- */

int sim_low_power_entry(struct sim_device *device, int wake)
{
	if (device->engaged)
		return -EINVAL;
	device->engaged = true;
	device->reentry_disabled = device->resumed = false;
	device->wake = wake;
	device->usage--; /* the use by the calling ioctl keeps the device active until it returns */
	sim_update_mapping(device);
	return 0;
}

void sim_low_power_exit(struct sim_device *device)
{
	if (!device->engaged)
		return;
	device->engaged = device->in_d3 = false;
	device->usage += !device->resumed;
	device->resumed = false;
	drop_wake(device);
	sim_update_mapping(device);
}

/* ---- open and close ---- */

int sim_device_opened(struct sim_device *device)
{
	int r;

	if (device->opens++ == 0) {
		r = sim_pm_get(device);
		if (r < 0) {
			device->opens--;
			return r;
		}
		/* vfio_pci_core_enable(): vfio_config_init() copies what the device has, and
		 * pci_enable_device() enables both. */
		memcpy(device->config, device->first_config, sizeof(device->config));
		device->config[COMMAND] = COMMAND_IO | COMMAND_MEMORY;
		device->config[COMMAND + 1] = COMMAND_SERR;
		device->memory_on = true;
		sim_update_mapping(device);
	}
	return 0;
}

/* vfio_pci_core_disable() drops the eventfd without a signal, then resumes the device. */
void sim_device_closed(struct sim_device *device)
{
	if (--device->opens > 0)
		return;
	device->bound_by_cdev = false;
	sim_low_power_exit(device);
	sim_resume(device);
	sim_irqs_release(device);
	sim_ioeventfds_release(device);
	sim_set_power(device, SIM_D0);
	sim_pm_put(device);
}

/* ---- the API for tests ---- */

struct sim_device *sim_device_at(int index)
{
	return devices[index].used ? &devices[index] : NULL;
}

struct sim_device *sim_next_in_group(unsigned group, const struct sim_device *before)
{
	for (struct sim_device *next = devices + (before ? before - devices + 1 : 0);
	     next < devices + SIM_DEVICES; next++) {
		if (next->used && sim_is_pci(next) && next->group == group)
			return next;
	}
	return NULL;
}

struct sim_device *sim_device_by_address(const char *address)
{
	for (int i = 0; i < SIM_DEVICES; i++) {
		if (devices[i].used && sim_is_pci(&devices[i]) &&
		    strcmp(devices[i].address, address) == 0)
			return &devices[i];
	}
	return NULL;
}

void sim_stop_clock(void)
{
	stopped_at_ns = sim_now_ns();
}

void sim_reset(void)
{
	sim_lock();
	stopped_at_ns = 0;
	for (int i = 0; i < SIM_DEVICES; i++) {
		if (!devices[i].used)
			continue;
		drop_wake(&devices[i]);
		sim_irqs_release(&devices[i]);
		sim_ioeventfds_release(&devices[i]);
		sim_real_close(devices[i].memory);
		free(devices[i].bars);
		free(devices[i].page_is_used);
		memset(&devices[i], 0, sizeof(devices[i]));
	}
	sim_unlock();
	sim_calls_end();
}

struct sim_device *sim_add(const struct sim_machine *machine)
{
	static const struct sim_machine lab_machine = { 0 };
	static unsigned serial;
	struct sim_device *device = devices;

	if (!machine)
		machine = &lab_machine;
	while (device->used)
		device++;
	*device = (struct sim_device){
		.used = true,
		.serial = ++serial,
		.group = 7 + (unsigned)(device - devices),
		.machine = *machine,
		.kernel = sim_find_kernel(machine->kernel),
		.d3cold_allowed = true,
		.begin_ns = sim_now_ns(),
		.wake = -1,
		.irqs.type = SIM_NO_TYPE,
		.memory = memfd_create("simulated BARs", MFD_CLOEXEC),
	};
	if (machine->shares_group)
		device->group = device[-1].group;
	if (!machine->no_pm && machine->target == SIM_D0)
		device->machine.target = SIM_D3HOT;
	snprintf(device->address, sizeof(device->address), "%s",
		 machine->address ? machine->address : "0000:01:00.0");
	if (!sim_is_pci(device) && sim_platform_count(device) > SIM_PLATFORM_IRQS)
		abort();
	add_bars(device);
	fill_config(device);
	memcpy(device->first_config, device->config, sizeof(device->config));
	if (sim_is_pci(device))
		find_functions(device);
	/* vfio-pci lets an unused device suspend. */
	suspend(device);
	return device;
}

int sim_open_device(struct sim_device *device)
{
	int fd;

	sim_lock();
	fd = sim_device_file_new(device, 0);
	sim_unlock();
	return fd;
}

void sim_set_suspend(struct sim_device *device, enum sim_suspend when)
{
	sim_lock();
	device->suspend_when = when;
	sim_unlock();
}

bool sim_suspend(struct sim_device *device)
{
	bool done;

	sim_lock();
	done = suspend(device);
	sim_unlock();
	return done;
}

void sim_fail_resume(struct sim_device *device, bool fails)
{
	sim_lock();
	device->resume_fails = fails;
	sim_unlock();
}

void sim_hold_ioctls(struct sim_device *device, bool hold)
{
	sim_lock();
	device->holds_ioctls = hold;
	sim_changed();
	sim_unlock();
}

unsigned sim_held_ioctls(const struct sim_device *device)
{
	unsigned count;

	sim_lock();
	count = device->held_ioctls;
	sim_unlock();
	return count;
}

void sim_hold_awake(struct sim_device *device, bool hold)
{
	sim_lock();
	if (!hold)
		sim_pm_put(device);
	else if (sim_pm_get(device) < 0)
		abort();
	sim_unlock();
}

bool sim_is_suspended(const struct sim_device *device)
{
	bool is;

	sim_lock();
	is = device->suspended;
	sim_unlock();
	return is;
}

bool sim_is_engaged(const struct sim_device *device)
{
	bool is;

	sim_lock();
	is = device->engaged;
	sim_unlock();
	return is;
}

void sim_set_config(struct sim_device *device, unsigned offset, const void *bytes, size_t size)
{
	sim_lock();
	memcpy(device->config + offset, bytes, size);
	memcpy(device->first_config + offset, bytes, size);
	device->memory_on = device->config[COMMAND] & COMMAND_MEMORY;
	sim_unlock();
}

unsigned sim_ioctls(const struct sim_device *device)
{
	unsigned count;

	sim_lock();
	count = device->ioctls;
	sim_unlock();
	return count;
}

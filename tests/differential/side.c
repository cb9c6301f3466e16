// SPDX-License-Identifier: MIT
/* A side: its files, and the state that the host shows of its device. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "differential.h"
#include "lib/uapi.h"
#include "sim.h"

/* No call of the test opens an fd with such a number. */
#define CLOSED_FD 900

ssize_t __real_readlink(const char *path, char *target, size_t size);

static void fail(const struct side *side, const char *what, int r)
{
	printf("Bail out! %s on the side of the %s: %s\n", what,
	       side->is_model ? "simulator" : "kernel", strerror(-r));
	exit(99);
}

/* ---- the host ---- */

static int open_attribute(const struct side *side, const char *attribute, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", side->device->address,
		 attribute);
	return side_open(side, path, flags);
}

int side_host_write(const struct side *side, const char *attribute, const char *text)
{
	int fd = open_attribute(side, attribute, O_WRONLY);
	ssize_t r;

	if (fd < 0)
		return fd;
	r = side_write(side, fd, text, strlen(text));
	side_close(side, fd);
	return r < 0 ? (int)r : 0;
}

int side_host_read(const struct side *side, const char *attribute, void *buffer, size_t size)
{
	int fd = open_attribute(side, attribute, O_RDONLY);
	ssize_t r;

	if (fd < 0)
		return fd;
	r = side_pread(side, fd, buffer, size, 0);
	side_close(side, fd);
	return (int)r;
}

static void read_text(const struct side *side, int fd, char *text, size_t size)
{
	ssize_t length = fd < 0 ? 0 : side_pread(side, fd, text, size - 1, 0);

	text[length < 0 ? 0 : length] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

void side_observe(struct side *side, struct state *state, const struct state *expected)
{
	*state = (struct state){ 0 };
	for (unsigned i = 0; i < side->device_count; i++) {
		struct device_state *seen = &state->devices[i];

		read_text(side, side->devices[i].status, seen->status, sizeof(seen->status));
		if (expected && strcmp(expected->devices[i].status, seen->status) != 0)
			return;
	}
	for (unsigned i = 0; i < side->device_count; i++) {
		const struct device *device = &side->devices[i];
		struct device_state *seen = &state->devices[i];

		seen->faults = device->map ? side_faults(device->map) : -1;
		read_text(side, device->power_state, seen->power_state, sizeof(seen->power_state));
	}
	/* The kernel handles the signal of an eventfd during the signal. */
	if (side->is_model)
		sim_handle_signals();
	eventfd_counts(&side->fds[SLOT_E0], side->fdinfos, state->counts);
}

/* ---- files ---- */

void side_begin(struct side *side, bool is_model)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	*side = (struct side){ .is_model = is_model, .device = &side->devices[0] };
	for (int i = 0; i < SLOTS; i++)
		side->fds[i] = -1;
	side->fds[SLOT_CLOSED] = CLOSED_FD;
	side->fds[SLOT_NULL] = side_open(side, "/dev/null", O_RDWR);
	side->pages =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(side->pages + page, page, PROT_NONE);
}

void side_add_device(struct side *side, struct sim_device *sim, const char *address)
{
	struct device *device = &side->devices[side->device_count];
	static unsigned models;

	*device = (struct device){ .sim = sim, .cdev = sim ? models++ : side->device_count };
	side->device_count++;
	snprintf(device->address, sizeof(device->address), "%s", address);
	sscanf(address, "%*x:%x", &side->bus);
	side_select(side, side->device_count - 1);
	device->status = open_attribute(side, "power/runtime_status", O_RDONLY);
	device->power_state = open_attribute(side, "power_state", O_RDONLY);
	if (device->status < 0)
		fail(side, "power/runtime_status", device->status);
}

void side_select(struct side *side, unsigned number)
{
	struct device *device = &side->devices[number];
	int fd = side->fds[SLOT_DEV];

	if (number >= side->device_count || side->device == device)
		return;
	side->device = device;
	side->fds[SLOT_DEV] = side->fds[SLOT_OTHER];
	side->fds[SLOT_OTHER] = fd;
}

static void close_slot(struct side *side, enum slot slot)
{
	if (side->fds[slot] >= 0)
		side_close(side, side->fds[slot]);
	side->fds[slot] = -1;
}

void side_close_all(struct side *side)
{
	for (unsigned i = 0; i < side->device_count; i++) {
		struct device *device = &side->devices[i];

		if (device->map)
			side_munmap(side, (void *)(uintptr_t)device->map, 4096);
		device->map = NULL;
	}
	close_slot(side, SLOT_A);
	close_slot(side, SLOT_B);
	close_slot(side, SLOT_DEV);
	close_slot(side, SLOT_OTHER);
	close_slot(side, SLOT_GROUP);
	close_slot(side, SLOT_CONTAINER);
}

static void close_fdinfo(struct side *side, enum slot slot)
{
	int *fdinfo = &side->fdinfos[slot - SLOT_E0];

	if (*fdinfo > 0)
		side_close(side, *fdinfo);
}

void side_new_eventfds(struct side *side)
{
	for (enum slot slot = SLOT_E0; slot <= SLOT_S; slot++) {
		close_slot(side, slot);
		side->fds[slot] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK |
						     (slot == SLOT_S ? EFD_SEMAPHORE : 0));
		if (side->fds[slot] < 0)
			fail(side, "eventfd", -errno);
		close_fdinfo(side, slot);
		side->fdinfos[slot - SLOT_E0] = open_fdinfo(side->fds[slot]);
	}
}

static int open_group(const struct side *side)
{
	char path[128], link[64], target[128] = "";
	ssize_t length;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/iommu_group", side->device->address);
	length = side->is_model ? readlink(link, target, sizeof(target) - 1)
				: __real_readlink(link, target, sizeof(target) - 1);
	if (length <= 0)
		fail(side, link, -errno);
	snprintf(path, sizeof(path), "/dev/vfio%s", strrchr(target, '/'));
	return side_open(side, path, O_RDWR);
}

/* The address and the data of MSI, in the configuration space of the e1000e. */
#define MSI_MESSAGE 0xd4

/* The firmware has chosen the addresses of the BARs and of the ROM, and the host the message of an MSI
 * that was enabled before (vfio_pci_config.c, vfio_config_init() copies what the device has). */
static void clear_addresses(const struct side *side)
{
	static const uint8_t zeroes[24];
	const off_t config = (off_t)VFIO_PCI_CONFIG_REGION_INDEX << 40;

	side_pwrite(side, side->fds[SLOT_DEV], zeroes, 24, config + PCI_BASE_ADDRESS_0);
	side_pwrite(side, side->fds[SLOT_DEV], zeroes, 4, config + PCI_ROM_ADDRESS);
	side_pwrite(side, side->fds[SLOT_DEV], zeroes, 10, config + MSI_MESSAGE);
}

static void open_device(struct side *side)
{
	char address[sizeof(side->device->address)];
	int r;

	snprintf(address, sizeof(address), "%s", side->device->address);
	r = side_ioctl(side, side->fds[SLOT_GROUP], VFIO_GROUP_GET_DEVICE_FD, address);
	if (r < 0)
		fail(side, "GET_DEVICE_FD", r);
	side->fds[SLOT_DEV] = r;
	clear_addresses(side);
}

static void open_cdev(struct side *side)
{
	struct vfiopm__bind_iommufd bind = { .argsz = VFIOPM__BIND_SIZE,
					     .iommufd = side->fds[SLOT_CONTAINER] };
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/dev/vfio/devices/vfio%u", side->device->cdev);
	r = side_open(side, path, O_RDWR);
	if (r < 0)
		fail(side, path, r);
	side->fds[SLOT_DEV] = r;
	r = side_ioctl(side, r, VFIO_DEVICE_BIND_IOMMUFD, &bind);
	if (r < 0)
		fail(side, "BIND_IOMMUFD", r);
	clear_addresses(side);
}

static void open_container(struct side *side)
{
	int r;

	side->fds[SLOT_CONTAINER] = side_open(side, "/dev/vfio/vfio", O_RDWR);
	side->fds[SLOT_GROUP] = open_group(side);
	r = side_ioctl(side, side->fds[SLOT_GROUP], VFIO_GROUP_SET_CONTAINER,
		       &side->fds[SLOT_CONTAINER]);
	if (r < 0)
		fail(side, "SET_CONTAINER", r);
	r = side_ioctl(side, side->fds[SLOT_CONTAINER], VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU);
	if (r < 0)
		fail(side, "SET_IOMMU", r);
}

void side_reopen(struct side *side, bool by_cdev)
{
	unsigned current = (unsigned)(side->device - side->devices);

	side_close_all(side);
	if (by_cdev)
		side->fds[SLOT_CONTAINER] = side_open(side, "/dev/iommu", O_RDWR);
	else
		open_container(side);
	for (unsigned i = 0; i < side->device_count; i++) {
		side_select(side, i);
		if (by_cdev)
			open_cdev(side);
		else
			open_device(side);
	}
	side_select(side, current);
}

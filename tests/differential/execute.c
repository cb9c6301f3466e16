// SPDX-License-Identifier: MIT
/* The execution of a step on one side. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "differential.h"
#include "lib/uapi.h"

static uint32_t value(const struct side *side, const struct step *step, unsigned word)
{
	uint64_t w = word < step->count ? step->words[word] : 0;

	return IS_FD(w) ? (uint32_t)side->fds[SLOT_OF(w)] : (uint32_t)w;
}

/* ---- ioctls ---- */

static const unsigned long requests[] = {
	[FEATURE] = VFIO_DEVICE_FEATURE,
	[GET_INFO] = VFIO_DEVICE_GET_INFO,
	[GET_REGION_INFO] = VFIO_DEVICE_GET_REGION_INFO,
	[GET_IRQ_INFO] = VFIO_DEVICE_GET_IRQ_INFO,
	[SET_IRQS] = VFIO_DEVICE_SET_IRQS,
	[RESET] = VFIO_DEVICE_RESET,
	[HOT_RESET_INFO] = VFIO_DEVICE_GET_PCI_HOT_RESET_INFO,
	[HOT_RESET] = VFIO_DEVICE_PCI_HOT_RESET,
	[IOEVENTFD] = VFIO_DEVICE_IOEVENTFD,
	[GET_STATUS] = VFIO_GROUP_GET_STATUS,
};

/* The words of HOT_RESET_INFO behind its header are the group of a device or its id in the iommufd, whose
 * numbers differ between machines, and the address of the device. The ids 0 and -1 have a meaning. */
static uint64_t changed_word(const struct side *side, enum verb verb, unsigned index, uint32_t word)
{
	if (verb != HOT_RESET_INFO || index < 3)
		return word;
	if (index % 2 == 0)
		return word - ((uint32_t)side->bus << 16);
	return word == 0 || word == UINT32_MAX ? word : UNCHANGED;
}

/* The argument ends directly before an inaccessible page: a call that reads or writes too much
 * fails with EFAULT. */
static long run_ioctl(struct side *side, const struct step *step, unsigned long request,
		      unsigned first, struct outcome *outcome)
{
	unsigned count = step->count > first ? step->count - first : 0;
	uint32_t *memory = (uint32_t *)(void *)(side->pages + sysconf(_SC_PAGESIZE)) - count;
	long r;

	for (unsigned i = 0; i < count; i++)
		memory[i] = value(side, step, first + i);
	r = side_ioctl(side, (int)value(side, step, 0), request, memory);
	for (unsigned i = 0; i < count; i++) {
		bool changed = memory[i] != value(side, step, first + i);

		outcome->words[i] =
			changed ? changed_word(side, step->verb, i, memory[i]) : UNCHANGED;
	}
	return r;
}

/* ---- files ---- */

static long keep_fd(struct side *side, const struct step *step, int fd)
{
	int *slot = &side->fds[SLOT_OF(step->words[0])];

	if (fd < 0)
		return fd;
	if (*slot >= 0)
		side_close(side, *slot);
	*slot = fd;
	return 0;
}

static long get_device_fd(struct side *side, const struct step *step)
{
	char address[sizeof(side->device->address)];

	snprintf(address, sizeof(address), "%s", side->device->address);
	return keep_fd(
		side, step,
		side_ioctl(side, (int)value(side, step, 1), VFIO_GROUP_GET_DEVICE_FD, address));
}

static long close_fd(struct side *side, const struct step *step)
{
	enum slot slot = SLOT_OF(step->words[0]);
	long r = side_close(side, side->fds[slot]);

	if (slot != SLOT_CLOSED)
		side->fds[slot] = -1;
	return r;
}

/* ---- regions ---- */

static off_t place(const struct side *side, const struct step *step)
{
	return (off_t)((uint64_t)value(side, step, 0) << 40 | value(side, step, 1));
}

/* The content of the other regions is that of the device. The table of MSI-X is hidden. */
static bool has_known_content(const struct side *side, const struct step *step)
{
	uint32_t region = value(side, step, 0), at = value(side, step, 1);

	return region == VFIO_PCI_CONFIG_REGION_INDEX ||
	       (region == VFIO_PCI_BAR3_REGION_INDEX && at < 80);
}

static long read_region(struct side *side, const struct step *step, size_t count,
			struct outcome *outcome)
{
	static uint8_t bytes[8192];
	ssize_t r;

	if (count > sizeof(bytes))
		count = sizeof(bytes);
	memset(bytes, 0, sizeof(bytes));
	r = side_pread(side, side->fds[SLOT_DEV], bytes, count, place(side, step));
	if (r > 0 && has_known_content(side, step)) {
		outcome->byte_count = r < BYTES_MAX ? (unsigned)r : BYTES_MAX;
		memcpy(outcome->bytes, bytes, outcome->byte_count);
	}
	return r;
}

static long write_region(struct side *side, const struct step *step, const void *bytes,
			 size_t count)
{
	return side_pwrite(side, side->fds[SLOT_DEV], bytes, count, place(side, step));
}

static long write_zeroes(struct side *side, const struct step *step)
{
	static const uint8_t zeroes[8192];
	size_t count = step->count > 2 ? value(side, step, 2) : 1;

	return write_region(side, step, zeroes, count < sizeof(zeroes) ? count : sizeof(zeroes));
}

static long access_config(struct side *side, const struct step *step, struct outcome *outcome)
{
	struct step region = { .count = 2,
			       .words = { VFIO_PCI_CONFIG_REGION_INDEX, step->words[0] } };
	uint8_t byte = (uint8_t)value(side, step, 1);

	return step->count > 1 ? write_region(side, &region, &byte, 1)
			       : read_region(side, &region, 1, outcome);
}

static long map_and_unmap(struct side *side, const struct step *step)
{
	int error, flags = step->count > 3 ? MAP_PRIVATE : MAP_SHARED;
	size_t length = value(side, step, 2);
	void *map = side_mmap(side, length, flags, side->fds[SLOT_DEV], place(side, step), &error);

	if (map)
		side_munmap(side, map, length);
	return error;
}

static long unmap(struct side *side)
{
	if (side->device->map)
		side_munmap(side, (void *)(uintptr_t)side->device->map, 4096);
	side->device->map = NULL;
	return 0;
}

static long map(struct side *side)
{
	int error;
	void *map = side_mmap(side, 4096, MAP_SHARED, side->fds[SLOT_DEV], 0, &error);

	if (map) {
		unmap(side);
		side->device->map = map;
	}
	return error;
}

/* ---- eventfds ---- */

static long add(struct side *side, const struct step *step)
{
	uint64_t count = value(side, step, 1);
	ssize_t r = side_write(side, (int)value(side, step, 0), &count, sizeof(count));

	return r < 0 ? r : 0;
}

static long take(struct side *side, const struct step *step)
{
	uint64_t count = 0;
	ssize_t r = side_read(side, (int)value(side, step, 0), &count, sizeof(count));

	return r < 0 ? r : (long)count;
}

/* ---- the host ---- */

static long read_config_by_host(struct side *side)
{
	uint8_t byte;
	int r = side_host_read(side, "config", &byte, sizeof(byte));

	return r < 0 ? r : 0;
}

static long run(struct side *side, const struct step *step, struct outcome *outcome)
{
	uint32_t word = value(side, step, 2);

	switch (step->verb) {
	case IOCTL:
		return run_ioctl(side, step, _IO(VFIO_TYPE, VFIO_BASE + value(side, step, 1)), 2,
				 outcome);
	case GET_DEVICE_FD:
		return get_device_fd(side, step);
	case DUP:
		return keep_fd(side, step, side_dup(side, (int)value(side, step, 1)));
	case CLOSE:
		return close_fd(side, step);
	case REOPEN:
		side_reopen(side, step->count > 0);
		return 0;
	case READ:
		return read_region(side, step, step->count > 2 ? word : 1, outcome);
	case WRITE:
		return write_zeroes(side, step);
	case PEEK:
		return read_region(side, step, sizeof(word), outcome);
	case POKE:
		return write_region(side, step, &word, sizeof(word));
	case CONFIG:
		return access_config(side, step, outcome);
	case MMAP:
		return map_and_unmap(side, step);
	case MAP:
		return map(side);
	case UNMAP:
		return unmap(side);
	case ADD:
		return add(side, step);
	case TAKE:
		return take(side, step);
	case CONTROL:
		return side_host_write(side, "power/control", value(side, step, 0) ? "on" : "auto");
	case D3COLD_ALLOWED:
		return side_host_write(side, "d3cold_allowed", value(side, step, 0) ? "1" : "0");
	case HOST_RESET:
		return side_host_write(side, "reset", "1");
	case LSPCI:
		return read_config_by_host(side);
	case FIRE:
		side_fire(side, value(side, step, 0), value(side, step, 1));
		return 0;
	case SWITCH:
		side_select(side, side->device == &side->devices[0]);
		return 0;
	default:
		return run_ioctl(side, step, requests[step->verb], 1, outcome);
	}
}

void side_execute(struct side *side, const struct step *step, struct outcome *outcome)
{
	*outcome = (struct outcome){ 0 };
	for (int i = 0; i < WORDS_MAX; i++)
		outcome->words[i] = UNCHANGED;
	outcome->result = run(side, step, outcome);
}

// SPDX-License-Identifier: MIT
/*
 * The files that programs have. For each simulated file this process has a handle, and the program
 * has an fd of its own open file of the same inode. The program can duplicate its fd, inherit it and
 * pass it on. Nobody reports that: the kernel knows.
 *
 * The kernel also reports the last close. The open file of the program has a shared flock(2), which
 * ends with the open file. An exclusive flock() of the handle then succeeds. A mapping of the memory
 * of a device keeps an open file in the same way, so the device stays open until munmap(2), as in
 * the kernel.
 *
 * An attribute that a program opened only for writing is a pipe: this process then also receives
 * what the program writes without write(2), for example by the buffers of the C library.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server.h"

#define HANDLES 1024 /* as in sim/file.c */

static struct open_file {
	uint64_t device, inode;
	enum { UNUSED, MEMORY_FILE, PIPE } type;
	int flags;
	int writer; /* PIPE: the end for the program, until files_export() */
} open_files[HANDLES];

static int open_flags;

void files_set_flags(int flags)
{
	open_flags = flags;
}

static void add(int handle, struct open_file file)
{
	struct stat status;

	if (fstat(handle, &status) < 0)
		die("fstat: %m");
	file.device = status.st_dev;
	file.inode = status.st_ino;
	file.flags = open_flags;
	open_files[handle] = file;
}

static int new_pipe(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	if (ends[0] >= HANDLES) {
		close(ends[0]);
		close(ends[1]);
		return -EMFILE;
	}
	event.data.fd = ends[0];
	epoll_ctl(real_epoll(), EPOLL_CTL_ADD, ends[0], &event);
	add(ends[0], (struct open_file){ .type = PIPE, .writer = ends[1] });
	return ends[0];
}

/* /proc/PID/fd shows the name. The preloaded object finds the node of the file by it. */
static void name_file(enum sim_kind kind, const struct sim_device *device, char *ret, size_t size)
{
	int number = 0;

	switch (kind) {
	case SIM_CDEV:
		while (sim_device_at(number) != device)
			number++;
		snprintf(ret, size, "/dev/vfio/devices/vfio%d", number);
		return;
	case SIM_GROUP:
		snprintf(ret, size, "/dev/vfio/%u", device->group);
		return;
	case SIM_CONTAINER:
		snprintf(ret, size, "/dev/vfio/vfio");
		return;
	case SIM_IOMMUFD:
		snprintf(ret, size, "/dev/iommu");
		return;
	default:
		snprintf(ret, size, "%s", kind == SIM_DEVICE ? "vfio-device" : "vfio-file");
	}
}

int sim_new_fd(enum sim_kind kind, const struct sim_device *device, int lowest)
{
	char name[40];
	int handle;

	(void)lowest;
	if (kind == SIM_ATTRIBUTE && (open_flags & O_ACCMODE) == O_WRONLY)
		return new_pipe();
	name_file(kind, device, name, sizeof(name));
	handle = memfd_create(name, MFD_CLOEXEC);
	if (handle < 0)
		return -errno;
	if (handle >= HANDLES) {
		close(handle);
		return -EMFILE;
	}
	add(handle, (struct open_file){ .type = MEMORY_FILE });
	return handle;
}

/* ---- for the program ---- */

/* A new open file of a memfd. */
static int reopen(int fd, int flags)
{
	char path[32];
	int copy;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy = open(path, flags | O_CLOEXEC);
	if (copy >= 0 && flock(copy, LOCK_SH) < 0)
		die("flock: %m");
	return copy < 0 ? -errno : copy;
}

static enum sim_mark mark_of(const struct sim_file *file, int flags)
{
	switch (file->kind) {
	case SIM_DEVICE:
		return SIM_MARK_DEVICE;
	case SIM_ATTRIBUTE:
	case SIM_FDINFO:
		return (flags & O_ACCMODE) == O_RDONLY ? SIM_MARK_READABLE : SIM_MARK_WRITABLE;
	default:
		return SIM_MARK_NODE;
	}
}

/* The C library reads streams without read(2), so the memfd contains the text. A read of the
 * configuration space can resume the device, and has to be a read of the program. Of a stream it is
 * the open. */
static void fill(int handle, struct sim_file *file, bool for_stream)
{
	char text[SIM_CONFIG_SIZE];
	ssize_t length;

	if (file->kind != SIM_FDINFO && file->kind != SIM_ATTRIBUTE)
		return;
	if (file->kind == SIM_ATTRIBUTE && sim_is_config(file) && !for_stream)
		return;
	length = sim_file_read(file, text, sizeof(text), 0);
	if (length > 0 && pwrite(handle, text, (size_t)length, 0) != length)
		die("pwrite: %m");
}

int files_export(int handle, bool for_stream)
{
	struct open_file *entry = &open_files[handle];
	struct sim_file *file = sim_file(handle);
	int flags = file->kind == SIM_DEVICE ? O_RDWR : entry->flags & O_ACCMODE, copy;

	if (entry->type == PIPE) {
		copy = entry->writer;
		entry->writer = -1;
	} else {
		fill(handle, file, for_stream);
		copy = reopen(handle, flags);
	}
	/* The last step: the permissions of the mark do not allow to open the file again. */
	if (copy >= 0 && fchmod(handle, SIM_MODE(mark_of(file, flags))) < 0)
		die("fchmod: %m");
	return copy;
}

int files_memory(struct sim_device *device)
{
	return reopen(device->memory, O_RDWR);
}

int files_flags(int handle)
{
	return open_files[handle].flags;
}

int files_find(uint64_t device, uint64_t inode)
{
	for (int i = 0; i < HANDLES; i++) {
		if (open_files[i].type != UNUSED && open_files[i].inode == inode &&
		    open_files[i].device == device)
			return i;
	}
	return -1;
}

/* ---- what programs do without a call ---- */

/* Returns false if no program has the other end. */
static bool drain(int handle)
{
	struct pollfd end = { .fd = handle, .events = POLLIN };
	char text[64];

	while (poll(&end, 1, 0) == 1 && (end.revents & POLLIN)) {
		ssize_t length = read(handle, text, sizeof(text));

		if (length <= 0)
			return false;
		sim_file_write(sim_file(handle), text, (size_t)length, 0);
	}
	return !(end.revents & POLLHUP);
}

static bool is_locked(int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return true;
	flock(fd, LOCK_UN);
	return false;
}

static bool is_in_use(int handle)
{
	const struct sim_file *file = sim_file(handle);

	if (open_files[handle].type == PIPE)
		return drain(handle);
	return is_locked(handle) || (file->kind == SIM_DEVICE && is_locked(file->device->memory));
}

void files_update(void)
{
	for (int i = 0; i < HANDLES; i++) {
		if (open_files[i].type == UNUSED || is_in_use(i))
			continue;
		open_files[i] = (struct open_file){ .type = UNUSED };
		sim_file_close(i);
	}
}

bool files_are_open(void)
{
	for (int i = 0; i < HANDLES; i++) {
		if (open_files[i].type != UNUSED)
			return true;
	}
	return false;
}

// SPDX-License-Identifier: MIT
/* The calls of programs. Each call is complete before the next one begins. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/uapi.h"
#include "server.h"

/* No region is larger. A longer access ends at the end of its region. */
#define MOST_BYTES (256 << 20)

/* ---- opening ---- */

static int open_simulated(const char *path, int flags)
{
	int handle;

	files_set_flags(flags);
	if (strncmp(path, "/dev/", 5) == 0)
		handle = sim_open_node(path);
	else
		handle = sim_open_sysfs(path, flags);
	return handle;
}

/* A directory, or a constant attribute: the program opens the file below the root. */
static int open_real(bool is_directory, int flags)
{
	if ((flags & O_ACCMODE) == O_RDONLY)
		return 0;
	return is_directory ? -EISDIR : -EACCES;
}

static void serve_open(const struct sim_call *call)
{
	int flags = (int)call->flags, handle, fd;
	bool is_directory, real = false;
	char path[SIM_BYTES];

	if (!tree_resolve(call->bytes, path, sizeof(path))) {
		user_reply(SIM_DONE, -ENOENT, -1);
		return;
	}
	is_directory = tree_is_directory(path);
	handle = -control_failure("open", "open");
	if (handle == 0) {
		handle = is_directory ? -ENOENT : open_simulated(path, flags);
		real = handle == -ENOENT && (is_directory || strncmp(path, "/sys/", 5) == 0);
	}
	if (real)
		handle = open_real(is_directory, flags);
	control_log("open %s = %d", path, handle < 0 ? handle : 0);
	if (handle < 0 || real) {
		user_reply(handle < 0 ? SIM_DONE : SIM_NOT_SIMULATED, handle, -1);
		return;
	}
	fd = files_export(handle, call->request);
	user_reply(SIM_DONE, fd < 0 ? fd : 0, fd);
	if (fd >= 0)
		close(fd);
}

static void serve_fdinfo(int file)
{
	char path[40];
	int handle, fd;

	files_set_flags(O_RDONLY);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", file);
	handle = sim_open_fdinfo(path);
	if (handle < 0) {
		user_reply(SIM_NOT_SIMULATED, 0, -1);
		return;
	}
	fd = files_export(handle, true);
	user_reply(SIM_DONE, fd < 0 ? fd : 0, fd);
	if (fd >= 0)
		close(fd);
}

/* ---- calls on an open file ---- */

#define NAME(name)                                                                                 \
	{                                                                                          \
		name, #name                                                                        \
	}

struct request {
	uint64_t number;
	const char *name;
};

/* Some requests of a container have the numbers of requests of a device. */
static const struct request of_containers[] = {
	NAME(VFIO_IOMMU_GET_INFO),
	NAME(VFIO_IOMMU_MAP_DMA),
	NAME(VFIO_IOMMU_UNMAP_DMA),
	NAME(VFIO_IOMMU_DIRTY_PAGES),
};

static const struct request requests[] = {
	NAME(VFIO_DEVICE_GET_INFO),
	NAME(VFIO_DEVICE_GET_REGION_INFO),
	NAME(VFIO_DEVICE_GET_IRQ_INFO),
	NAME(VFIO_DEVICE_SET_IRQS),
	NAME(VFIO_DEVICE_RESET),
	NAME(VFIO_DEVICE_GET_PCI_HOT_RESET_INFO),
	NAME(VFIO_DEVICE_PCI_HOT_RESET),
	NAME(VFIO_DEVICE_FEATURE),
	NAME(VFIO_DEVICE_IOEVENTFD),
	NAME(VFIO_DEVICE_BIND_IOMMUFD),
	NAME(VFIO_DEVICE_ATTACH_IOMMUFD_PT),
	NAME(VFIO_GET_API_VERSION),
	NAME(VFIO_CHECK_EXTENSION),
	NAME(VFIO_SET_IOMMU),
	NAME(VFIO_GROUP_GET_STATUS),
	NAME(VFIO_GROUP_SET_CONTAINER),
	NAME(VFIO_GROUP_UNSET_CONTAINER),
	NAME(VFIO_GROUP_GET_DEVICE_FD),
	NAME(IOMMU_IOAS_ALLOC),
	{ VFIO_DEVICE_ATTACH_IOMMUFD_PT + 1, "VFIO_DEVICE_DETACH_IOMMUFD_PT" },
	{ SIM_IOMMU_IOAS_MAP, "IOMMU_IOAS_MAP" },
	{ SIM_IOMMU_IOAS_UNMAP, "IOMMU_IOAS_UNMAP" },
};

#undef NAME
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *find_request(const struct request *table, size_t count, uint64_t number)
{
	for (size_t i = 0; i < count; i++) {
		if (table[i].number == number)
			return table[i].name;
	}
	return NULL;
}

static const char *name_of_request(const struct sim_file *file, uint64_t number)
{
	const char *name = NULL;

	if (file->kind == SIM_CONTAINER)
		name = find_request(of_containers, COUNT(of_containers), number);
	if (!name)
		name = find_request(requests, COUNT(requests), number);
	return name ? name : "ioctl";
}

bool serve_has_kind(const char *kind)
{
	static const char *const calls[] = { "open", "ioctl", "read", "write", "mmap" };
	bool found = false;

	for (size_t i = 0; i < COUNT(calls); i++)
		found |= strcmp(calls[i], kind) == 0;
	for (size_t i = 0; i < COUNT(of_containers); i++)
		found |= strcmp(of_containers[i].name, kind) == 0;
	for (size_t i = 0; i < COUNT(requests); i++)
		found |= strcmp(requests[i].name, kind) == 0;
	return found;
}

static void serve_ioctl(const struct sim_call *call, int handle)
{
	const struct sim_file *file = sim_file(handle);
	const char *name = name_of_request(file, call->request);
	int r = -control_failure("ioctl", name), fd = -1;

	/* A container and an unbound cdev have other requests with the same numbers. */
	if (file->kind == SIM_DEVICE)
		control_count(file->device, name);
	/* The kernel removes an eventfd that unmasks INTx at its last close. Only this ioctl shows
	 * whether the kernel has done so. */
	if (call->request == VFIO_DEVICE_SET_IRQS)
		sim_virqfds_handle_close();
	files_set_flags(O_RDWR);
	if (r == 0)
		r = sim_file_ioctl(handle, call->request, (void *)(uintptr_t)call->address);
	control_log("%s = %d", name, r);
	if (r >= 0 && file->kind == SIM_GROUP && call->request == VFIO_GROUP_GET_DEVICE_FD) {
		fd = files_export(r, false);
		r = fd < 0 ? fd : 0;
	}
	user_reply(SIM_DONE, r, fd);
	if (fd >= 0)
		close(fd);
}

static ssize_t transfer(const struct sim_call *call, int handle, bool writes)
{
	size_t size = call->size < MOST_BYTES ? call->size : MOST_BYTES;
	int access = files_flags(handle) & O_ACCMODE;
	void *address = (void *)(uintptr_t)call->address;
	char *buffer;
	ssize_t r;

	if (access == (writes ? O_RDONLY : O_WRONLY))
		return -EBADF;
	buffer = malloc(size + 1);
	if (!buffer)
		die("no memory for an access to %zu bytes", size);
	r = writes ? sim_from_user(buffer, address, size) : 0;
	if (r == 0 && writes)
		r = sim_file_write(sim_file(handle), buffer, size, call->offset);
	else if (r == 0)
		r = sim_file_read(sim_file(handle), buffer, size, call->offset);
	if (r > 0 && !writes && sim_to_user(address, buffer, (size_t)r) < 0)
		r = -EFAULT;
	free(buffer);
	return r;
}

static void serve_transfer(const struct sim_call *call, int handle, bool writes)
{
	const char *name = writes ? "write" : "read";
	const struct sim_file *file = sim_file(handle);
	ssize_t r = -control_failure(name, name);

	if (file->kind == SIM_DEVICE)
		control_count(file->device, name);
	if (r == 0)
		r = transfer(call, handle, writes);
	control_log("%s %llu bytes at %#llx = %zd", name, (unsigned long long)call->size,
		    (unsigned long long)call->offset, r);
	user_reply(SIM_DONE, r, -1);
}

static void serve_mmap(const struct sim_call *call, int handle)
{
	struct sim_file *file = sim_file(handle);
	int r = -control_failure("mmap", "mmap"), fd = -1;
	off_t at = -ENODEV;

	if (file->kind == SIM_CDEV)
		at = -EINVAL;
	else if (file->kind == SIM_DEVICE)
		at = sim_region_mmap(file->device, call->size, (int)call->flags, call->offset);
	if (r == 0 && at >= 0) {
		fd = files_memory(file->device);
		r = fd < 0 ? fd : 0;
	}
	control_log("mmap %llu bytes at %#llx = %d", (unsigned long long)call->size,
		    (unsigned long long)call->offset,
		    r < 0    ? r
		    : at < 0 ? (int)at
			     : 0);
	user_reply(SIM_DONE, r < 0 ? r : at, fd);
	if (fd >= 0)
		close(fd);
}

/* ---- one call ---- */

static void dispatch(const struct sim_call *call)
{
	int handle;

	if (call->kind == SIM_CALL_OPEN) {
		serve_open(call);
		return;
	}
	handle = files_find(call->device, call->inode);
	if (handle < 0) {
		user_reply(SIM_NOT_SIMULATED, 0, -1);
		return;
	}
	switch (call->kind) {
	case SIM_CALL_FDINFO:
		serve_fdinfo(handle);
		return;
	case SIM_CALL_IOCTL:
		serve_ioctl(call, handle);
		return;
	case SIM_CALL_READ:
		serve_transfer(call, handle, false);
		return;
	case SIM_CALL_WRITE:
		serve_transfer(call, handle, true);
		return;
	case SIM_CALL_MMAP:
		serve_mmap(call, handle);
		return;
	default:
		user_reply(SIM_DONE, -ENOSYS, -1);
	}
}

void serve(int connection)
{
	static struct sim_call call;
	ssize_t length = recv(connection, &call, sizeof(call), 0);
	size_t bytes;

	if (length < (ssize_t)offsetof(struct sim_call, bytes))
		return;
	bytes = (size_t)length - offsetof(struct sim_call, bytes);
	call.bytes[bytes < SIM_BYTES ? bytes : SIM_BYTES - 1] = '\0';
	files_update();
	sim_virqfds_handle_signals();
	user_begin(connection, &call, bytes);
	dispatch(&call);
	user_end();
}

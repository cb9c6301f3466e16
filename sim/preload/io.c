// SPDX-License-Identifier: MIT
/* Calls on an open file: ioctl(2), read(2), write(2) and mmap(2). */
#include "preload.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The size of the arguments that are fetched before vfiopm-sim requests them. */
#define ARGUMENT_SIZE 256

/* fs/ioctl.c, do_vfs_ioctl(): the kernel serves these on each file. */
static bool is_of_every_file(unsigned long request)
{
	return request == FIOCLEX || request == FIONCLEX || request == FIONBIO;
}

int door_ioctl(int fd, unsigned long request, void *arg, const void *caller)
{
	struct sim_call call = { .kind = SIM_CALL_IOCTL, .request = request };
	struct stat file;
	int64_t result;
	int new_fd;

	(void)caller;
	if (is_of_every_file(request) || !call_is_simulated(fd, &file))
		return REAL(ioctl)(fd, request, arg);
	call.address = (uintptr_t)arg;
	result = call_on_file(&call, &file, ARGUMENT_SIZE, &new_fd);
	if (result == -ENOSYS)
		return REAL(ioctl)(fd, request, arg);
	return new_fd >= 0 ? new_fd : (int)call_result(result);
}

/* ---- read and write ---- */

static ssize_t transfer_at(enum sim_call_kind kind, const struct stat *file,
			   const struct iovec *vector, off_t offset)
{
	struct sim_call call = { .kind = kind,
				 .address = (uintptr_t)vector->iov_base,
				 .size = vector->iov_len,
				 .offset = offset };

	return call_on_file(&call, file, kind == SIM_CALL_WRITE ? vector->iov_len : 0, NULL);
}

/* The open file of the program has the position. A pipe has none. */
static ssize_t transfer_at_position(enum sim_call_kind kind, int fd, const struct stat *file,
				    const struct iovec *vector)
{
	bool seeks = S_ISREG(file->st_mode);
	off_t position = seeks ? syscall(SYS_lseek, fd, 0, SEEK_CUR) : 0;
	ssize_t r = transfer_at(kind, file, vector, position);

	if (r > 0 && seeks)
		syscall(SYS_lseek, fd, position + r, SEEK_SET);
	return r;
}

static ssize_t transfer_vectors(int fd, const struct stat *file, const struct transfer *transfer)
{
	enum sim_call_kind kind = transfer->writes ? SIM_CALL_WRITE : SIM_CALL_READ;
	ssize_t done = 0;

	for (int i = 0; i < transfer->count; i++) {
		const struct iovec *vector = &transfer->vectors[i];
		ssize_t r = transfer->has_offset
				    ? transfer_at(kind, file, vector, transfer->offset + done)
				    : transfer_at_position(kind, fd, file, vector);

		if (r < 0)
			return done > 0 ? done : r;
		done += r;
		if ((size_t)r < vector->iov_len)
			break;
	}
	return done;
}

ssize_t door_transfer(int fd, const struct transfer *transfer)
{
	struct stat file;
	ssize_t r;

	if (!call_is_simulated(fd, &file) ||
	    (transfer->is_vectored && transfer->has_offset && transfer->offset < 0))
		return real_transfer(fd, transfer);
	r = transfer_vectors(fd, &file, transfer);
	return r == -ENOSYS ? real_transfer(fd, transfer) : call_result(r);
}

/* ---- memory ---- */

/* vfiopm-sim passes the memory of the device. It makes that memory end while the BARs are zapped, so
 * that an access raises SIGBUS. */
static void *map_device(void *address, size_t length, int protection, int flags,
			const struct stat *file, off_t offset)
{
	struct sim_call call = {
		.kind = SIM_CALL_MMAP, .flags = (uint32_t)flags, .size = length, .offset = offset
	};
	int fd, saved_errno;
	int64_t at = call_on_file(&call, file, 0, &fd);
	void *memory;

	if (at < 0) {
		call_result(at);
		return MAP_FAILED;
	}
	memory = REAL(mmap)(address, length, protection, flags, fd, at);
	saved_errno = errno;
	syscall(SYS_close, fd);
	errno = saved_errno;
	return memory;
}

EXPORT void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	struct stat file;

	if (!(flags & MAP_ANONYMOUS) && call_is_simulated(fd, &file))
		return map_device(address, length, protection, flags, &file, offset);
	return REAL(mmap)(address, length, protection, flags, fd, offset);
}

EXPORT void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t offset)
{
	return mmap(address, length, protection, flags, fd, offset);
}

/* ---- the position ---- */

/* A VFIO file has no llseek(). An attribute is a real file with a position. */
EXPORT off_t lseek(int fd, off_t offset, int whence)
{
	struct stat file;

	if (call_is_simulated(fd, &file) && (SIM_MARK_OF(file.st_mode) == SIM_MARK_NODE ||
					     SIM_MARK_OF(file.st_mode) == SIM_MARK_DEVICE))
		return (off_t)call_result(-ESPIPE);
	return REAL(lseek)(fd, offset, whence);
}

EXPORT off64_t lseek64(int fd, off64_t offset, int whence)
{
	return lseek(fd, offset, whence);
}

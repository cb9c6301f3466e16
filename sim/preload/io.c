// SPDX-License-Identifier: MIT
/* Calls on an open file: ioctl(2), read(2), write(2), mmap(2) and their other names. */
#include "preload.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* The size of the arguments that are fetched before vfiopm-sim requests them. */
#define ARGUMENT_SIZE 256

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	struct sim_call call = { .kind = SIM_CALL_IOCTL, .request = request };
	struct stat file;
	int64_t result;
	int new_fd;
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (!call_is_simulated(fd, &file))
		return REAL(ioctl)(fd, request, arg);
	call.address = (uintptr_t)arg;
	result = call_on_file(&call, &file, ARGUMENT_SIZE, &new_fd);
	if (result == -ENOSYS)
		return REAL(ioctl)(fd, request, arg);
	return new_fd >= 0 ? new_fd : (int)call_result(result);
}

/* ---- read and write ---- */

static ssize_t transfer(enum sim_call_kind kind, const struct stat *file, const void *buffer,
			size_t count, off_t offset)
{
	struct sim_call call = {
		.kind = kind, .address = (uintptr_t)buffer, .size = count, .offset = offset
	};

	return call_on_file(&call, file, kind == SIM_CALL_WRITE ? count : 0, NULL);
}

/* The open file of the program has the position. A pipe has none. */
static ssize_t transfer_at_position(enum sim_call_kind kind, int fd, const struct stat *file,
				    const void *buffer, size_t count)
{
	bool seeks = S_ISREG(file->st_mode);
	off_t position = seeks ? syscall(SYS_lseek, fd, 0, SEEK_CUR) : 0;
	ssize_t r = transfer(kind, file, buffer, count, position);

	if (r > 0 && seeks)
		syscall(SYS_lseek, fd, position + r, SEEK_SET);
	return r;
}

EXPORT ssize_t read(int fd, void *buffer, size_t count)
{
	struct stat file;
	ssize_t r = -ENOSYS;

	if (call_is_simulated(fd, &file))
		r = transfer_at_position(SIM_CALL_READ, fd, &file, buffer, count);
	return r == -ENOSYS ? REAL(read)(fd, buffer, count) : call_result(r);
}

EXPORT ssize_t write(int fd, const void *buffer, size_t count)
{
	struct stat file;
	ssize_t r = -ENOSYS;

	if (call_is_simulated(fd, &file))
		r = transfer_at_position(SIM_CALL_WRITE, fd, &file, buffer, count);
	return r == -ENOSYS ? REAL(write)(fd, buffer, count) : call_result(r);
}

EXPORT ssize_t pread(int fd, void *buffer, size_t count, off_t offset)
{
	struct stat file;
	ssize_t r = -ENOSYS;

	if (call_is_simulated(fd, &file))
		r = transfer(SIM_CALL_READ, &file, buffer, count, offset);
	return r == -ENOSYS ? REAL(pread)(fd, buffer, count, offset) : call_result(r);
}

EXPORT ssize_t pwrite(int fd, const void *buffer, size_t count, off_t offset)
{
	struct stat file;
	ssize_t r = -ENOSYS;

	if (call_is_simulated(fd, &file))
		r = transfer(SIM_CALL_WRITE, &file, buffer, count, offset);
	return r == -ENOSYS ? REAL(pwrite)(fd, buffer, count, offset) : call_result(r);
}

EXPORT ssize_t pread64(int fd, void *buffer, size_t count, off64_t offset)
{
	return pread(fd, buffer, count, offset);
}

EXPORT ssize_t pwrite64(int fd, const void *buffer, size_t count, off64_t offset)
{
	return pwrite(fd, buffer, count, offset);
}

/* The names that _FORTIFY_SOURCE makes. A buffer that is too small ends the program. */
EXPORT ssize_t __read_chk(int fd, void *buffer, size_t count, size_t size);
EXPORT ssize_t __pread_chk(int fd, void *buffer, size_t count, off_t offset, size_t size);
EXPORT ssize_t __pread64_chk(int fd, void *buffer, size_t count, off_t offset, size_t size);
void __chk_fail(void) __attribute__((noreturn));

ssize_t __read_chk(int fd, void *buffer, size_t count, size_t size)
{
	if (count > size)
		__chk_fail();
	return read(fd, buffer, count);
}

ssize_t __pread_chk(int fd, void *buffer, size_t count, off_t offset, size_t size)
{
	if (count > size)
		__chk_fail();
	return pread(fd, buffer, count, offset);
}

ssize_t __pread64_chk(int fd, void *buffer, size_t count, off_t offset, size_t size)
{
	return __pread_chk(fd, buffer, count, offset, size);
}

/* ---- vectors ---- */

static ssize_t transfer_vectors(enum sim_call_kind kind, int fd, const struct stat *file,
				const struct iovec *vectors, int count, off_t offset)
{
	ssize_t done = 0;

	for (int i = 0; i < count; i++) {
		const struct iovec *vector = &vectors[i];
		ssize_t r = offset < 0 ? transfer_at_position(kind, fd, file, vector->iov_base,
							      vector->iov_len)
				       : transfer(kind, file, vector->iov_base, vector->iov_len,
						  offset + done);

		if (r < 0)
			return done > 0 ? done : r;
		done += r;
		if ((size_t)r < vector->iov_len)
			break;
	}
	return done;
}

EXPORT ssize_t readv(int fd, const struct iovec *vectors, int count)
{
	struct stat file;

	if (!call_is_simulated(fd, &file))
		return REAL(readv)(fd, vectors, count);
	return call_result(transfer_vectors(SIM_CALL_READ, fd, &file, vectors, count, -1));
}

EXPORT ssize_t writev(int fd, const struct iovec *vectors, int count)
{
	struct stat file;

	if (!call_is_simulated(fd, &file))
		return REAL(writev)(fd, vectors, count);
	return call_result(transfer_vectors(SIM_CALL_WRITE, fd, &file, vectors, count, -1));
}

EXPORT ssize_t preadv(int fd, const struct iovec *vectors, int count, off_t offset)
{
	struct stat file;

	if (!call_is_simulated(fd, &file) || offset < 0)
		return REAL(preadv)(fd, vectors, count, offset);
	return call_result(transfer_vectors(SIM_CALL_READ, fd, &file, vectors, count, offset));
}

EXPORT ssize_t pwritev(int fd, const struct iovec *vectors, int count, off_t offset)
{
	struct stat file;

	if (!call_is_simulated(fd, &file) || offset < 0)
		return REAL(pwritev)(fd, vectors, count, offset);
	return call_result(transfer_vectors(SIM_CALL_WRITE, fd, &file, vectors, count, offset));
}

EXPORT ssize_t preadv64(int fd, const struct iovec *vectors, int count, off64_t offset)
{
	return preadv(fd, vectors, count, offset);
}

EXPORT ssize_t pwritev64(int fd, const struct iovec *vectors, int count, off64_t offset)
{
	return pwritev(fd, vectors, count, offset);
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

// SPDX-License-Identifier: MIT
/* The names of ioctl(2), read(2) and write(2) in the C library. */
#include "object.h"

#include <stdarg.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CALLER __builtin_return_address(0)

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	return door_ioctl(fd, request, arg, CALLER);
}

/* ---- one buffer ---- */

static ssize_t transfer_one(bool writes, int fd, const void *buffer, size_t count,
			    const off_t *offset, const void *caller)
{
	const struct iovec vector = { (void *)(uintptr_t)buffer, count };
	const struct transfer transfer = {
		.writes = writes,
		.has_offset = offset,
		.vectors = &vector,
		.count = 1,
		.offset = offset ? *offset : 0,
		.caller = caller,
	};

	return door_transfer(fd, &transfer);
}

EXPORT ssize_t read(int fd, void *buffer, size_t count)
{
	return transfer_one(false, fd, buffer, count, NULL, CALLER);
}

EXPORT ssize_t write(int fd, const void *buffer, size_t count)
{
	return transfer_one(true, fd, buffer, count, NULL, CALLER);
}

EXPORT ssize_t pread(int fd, void *buffer, size_t count, off_t offset)
{
	return transfer_one(false, fd, buffer, count, &offset, CALLER);
}

EXPORT ssize_t pwrite(int fd, const void *buffer, size_t count, off_t offset)
{
	return transfer_one(true, fd, buffer, count, &offset, CALLER);
}

EXPORT ssize_t pread64(int fd, void *buffer, size_t count, off64_t offset)
{
	return transfer_one(false, fd, buffer, count, &offset, CALLER);
}

EXPORT ssize_t pwrite64(int fd, const void *buffer, size_t count, off64_t offset)
{
	return transfer_one(true, fd, buffer, count, &offset, CALLER);
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
	return transfer_one(false, fd, buffer, count, NULL, CALLER);
}

ssize_t __pread_chk(int fd, void *buffer, size_t count, off_t offset, size_t size)
{
	if (count > size)
		__chk_fail();
	return transfer_one(false, fd, buffer, count, &offset, CALLER);
}

ssize_t __pread64_chk(int fd, void *buffer, size_t count, off_t offset, size_t size)
{
	if (count > size)
		__chk_fail();
	return transfer_one(false, fd, buffer, count, &offset, CALLER);
}

/* ---- vectors ---- */

static ssize_t transfer_vectors(bool writes, int fd, const struct iovec *vectors, int count,
				const off_t *offset, const void *caller)
{
	const struct transfer transfer = {
		.writes = writes,
		.is_vectored = true,
		.has_offset = offset,
		.vectors = vectors,
		.count = count,
		.offset = offset ? *offset : 0,
		.caller = caller,
	};

	return door_transfer(fd, &transfer);
}

EXPORT ssize_t readv(int fd, const struct iovec *vectors, int count)
{
	return transfer_vectors(false, fd, vectors, count, NULL, CALLER);
}

EXPORT ssize_t writev(int fd, const struct iovec *vectors, int count)
{
	return transfer_vectors(true, fd, vectors, count, NULL, CALLER);
}

EXPORT ssize_t preadv(int fd, const struct iovec *vectors, int count, off_t offset)
{
	return transfer_vectors(false, fd, vectors, count, &offset, CALLER);
}

EXPORT ssize_t pwritev(int fd, const struct iovec *vectors, int count, off_t offset)
{
	return transfer_vectors(true, fd, vectors, count, &offset, CALLER);
}

EXPORT ssize_t preadv64(int fd, const struct iovec *vectors, int count, off64_t offset)
{
	return transfer_vectors(false, fd, vectors, count, &offset, CALLER);
}

EXPORT ssize_t pwritev64(int fd, const struct iovec *vectors, int count, off64_t offset)
{
	return transfer_vectors(true, fd, vectors, count, &offset, CALLER);
}

/* ---- the C library's functions ---- */

static ssize_t real_vectors(int fd, const struct transfer *transfer)
{
	const struct iovec *vectors = transfer->vectors;
	int count = transfer->count;

	if (!transfer->has_offset)
		return transfer->writes ? REAL(writev)(fd, vectors, count)
					: REAL(readv)(fd, vectors, count);
	return transfer->writes ? REAL(pwritev)(fd, vectors, count, transfer->offset)
				: REAL(preadv)(fd, vectors, count, transfer->offset);
}

ssize_t real_transfer(int fd, const struct transfer *transfer)
{
	void *buffer;
	size_t size;

	if (transfer->is_vectored)
		return real_vectors(fd, transfer);
	buffer = transfer->vectors[0].iov_base;
	size = transfer->vectors[0].iov_len;
	if (!transfer->has_offset)
		return transfer->writes ? REAL(write)(fd, buffer, size)
					: REAL(read)(fd, buffer, size);
	return transfer->writes ? REAL(pwrite)(fd, buffer, size, transfer->offset)
				: REAL(pread)(fd, buffer, size, transfer->offset);
}

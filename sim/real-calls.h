/* SPDX-License-Identifier: MIT */
/*
 * The definitions of the real calls of internal.h that are alike in a test program and in
 * vfiopm-sim. The including file defines REAL_CALL(): ld's --wrap gives the functions of libc other
 * names in a test program.
 */
#ifndef SIM_REAL_CALLS_H
#define SIM_REAL_CALLS_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include "internal.h"

int sim_real_open_null(void)
{
	return REAL_CALL(open)("/dev/null", O_RDWR | O_CLOEXEC);
}

int sim_real_close(int fd)
{
	return REAL_CALL(close)(fd);
}

ssize_t sim_real_pread(int fd, void *buffer, size_t count, off_t offset)
{
	return REAL_CALL(pread)(fd, buffer, count, offset);
}

ssize_t sim_real_write(int fd, const void *buffer, size_t count)
{
	return REAL_CALL(write)(fd, buffer, count);
}

ssize_t sim_real_pwrite(int fd, const void *buffer, size_t count, off_t offset)
{
	return REAL_CALL(pwrite)(fd, buffer, count, offset);
}

ssize_t sim_real_readlink(const char *path, char *buffer, size_t size)
{
	return REAL_CALL(readlink)(path, buffer, size);
}

int sim_real_take(int fd, uint64_t *ret_count)
{
	struct iovec vector = { ret_count, sizeof(*ret_count) };

	return REAL_CALL(preadv2)(fd, &vector, 1, -1, RWF_NOWAIT) < 0 ? -errno : 0;
}

bool sim_real_poll(int fd, short events)
{
	struct pollfd pollfd = { .fd = fd, .events = events };

	return REAL_CALL(poll)(&pollfd, 1, 0) == 1 && (pollfd.revents & events);
}

int sim_real_read_file(const char *path, char *text, size_t size)
{
	int fd = REAL_CALL(open)(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -errno;
	length = REAL_CALL(read)(fd, text, size - 1);
	REAL_CALL(close)(fd);
	if (length < 0)
		return -EIO;
	text[length] = '\0';
	return 0;
}

#endif

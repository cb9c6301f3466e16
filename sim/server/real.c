// SPDX-License-Identifier: MIT
/*
 * The calls that the model makes, in the process of vfiopm-sim. This process has one thread, so the
 * model needs no lock.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include "server.h"

void sim_lock(void)
{
}

void sim_unlock(void)
{
}

/* Only a test makes an ioctl wait (sim_hold_ioctls()). */
void sim_wait(void)
{
	abort();
}

void sim_changed(void)
{
}

/* ---- signals of eventfds that programs make ---- */

int real_epoll(void)
{
	static int epoll = -1;

	if (epoll < 0)
		epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		die("epoll_create1: %m");
	return epoll;
}

/* Edge-triggered: on Linux 5.10 the count stays in the eventfd. */
void sim_watch(int eventfd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	if (epoll_ctl(real_epoll(), EPOLL_CTL_ADD, eventfd, &event) < 0)
		die("epoll_ctl: %m");
}

void sim_unwatch(int eventfd)
{
	epoll_ctl(real_epoll(), EPOLL_CTL_DEL, eventfd, NULL);
}

/* ---- calls on real files ---- */

static int lowest;

void real_set_lowest(int fd)
{
	lowest = fd;
}

int sim_real_open_null(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

int sim_real_close(int fd)
{
	return close(fd);
}

ssize_t sim_real_pread(int fd, void *buffer, size_t count, off_t offset)
{
	return pread(fd, buffer, count, offset);
}

ssize_t sim_real_write(int fd, const void *buffer, size_t count)
{
	return write(fd, buffer, count);
}

ssize_t sim_real_pwrite(int fd, const void *buffer, size_t count, off_t offset)
{
	return pwrite(fd, buffer, count, offset);
}

ssize_t sim_real_readlink(const char *path, char *buffer, size_t size)
{
	return readlink(path, buffer, size);
}

/* The eventfds of 2048 vectors must not use the low numbers, which file.c needs for handles. */
int sim_real_fcntl(int fd, int command, int arg)
{
	if (command == F_DUPFD_CLOEXEC && arg < lowest)
		arg = lowest;
	return fcntl(fd, command, arg);
}

int sim_real_take(int fd, uint64_t *ret_count)
{
	struct iovec vector = { ret_count, sizeof(*ret_count) };

	return preadv2(fd, &vector, 1, -1, RWF_NOWAIT) < 0 ? -errno : 0;
}

bool sim_real_poll(int fd, short events)
{
	struct pollfd pollfd = { .fd = fd, .events = events };

	return poll(&pollfd, 1, 0) == 1 && (pollfd.revents & events);
}

int sim_real_read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -errno;
	length = read(fd, text, size - 1);
	close(fd);
	if (length < 0)
		return -EIO;
	text[length] = '\0';
	return 0;
}

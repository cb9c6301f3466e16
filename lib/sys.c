// SPDX-License-Identifier: MIT
/*
 * The only system calls of the library, each under a name that says what for.
 * Tests put the simulator under these calls; a check proves that no other file
 * makes one. (The locks of device.c and power.c may call futex(2).)
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "private.h"
#include "uapi.h"

static int result(int value)
{
	return value < 0 ? -errno : value;
}

int vfiopm__sys_ioctl(int fd, unsigned long request, void *arg)
{
	return result(ioctl(fd, request, arg));
}

int vfiopm__sys_command(int fd, unsigned long request, void *arg)
{
	int r = vfiopm__sys_ioctl(fd, request, arg);

	return r > 0 ? -EPROTO : r;
}

int vfiopm__sys_open_node(const char *path)
{
	return result(open(path, O_RDWR | O_CLOEXEC));
}

int vfiopm__sys_open_directory(const char *path)
{
	return result(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

int vfiopm__sys_open_text(int directory_fd, const char *path)
{
	return result(openat(directory_fd, path, O_RDONLY | O_CLOEXEC));
}

void vfiopm__sys_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

int vfiopm__sys_duplicate(int fd)
{
	return result(fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

int vfiopm__sys_read_link(const char *path, char *ret_target, size_t size)
{
	ssize_t length = readlink(path, ret_target, size - 1);

	if (length < 0)
		return -errno;
	ret_target[length] = '\0';
	return 0;
}

int vfiopm__sys_find_entry(const char *path, const char *prefix, char *ret_name, size_t size)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int r = -ENOENT;

	if (!directory)
		return -errno;

	while (errno = 0, (entry = readdir(directory)) != NULL) {
		size_t length = strlen(entry->d_name);

		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 && length < size) {
			memcpy(ret_name, entry->d_name, length + 1);
			r = 0;
			break;
		}
	}
	if (!entry && errno != 0)
		r = -errno;

	closedir(directory);
	return r;
}

int vfiopm__sys_read_text(int fd, char *ret_text, size_t size)
{
	ssize_t length = pread(fd, ret_text, size, 0);

	if (length < 0)
		return -errno;
	if ((size_t)length >= size)
		return -EPROTO;
	ret_text[length] = '\0';
	return 0;
}

bool vfiopm__sys_is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

bool vfiopm__sys_eventfd_readable(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1 && (pollfd.revents & POLLIN);
}

int vfiopm__sys_eventfd_take(int fd, uint64_t *ret_count)
{
	struct iovec iovec = { .iov_base = ret_count, .iov_len = sizeof(*ret_count) };

	/* Another reader may be faster than we, and the eventfd may be a blocking
	 * one: RWF_NOWAIT never waits (fs/eventfd.c, eventfd_read(), 5.8). */
	return preadv2(fd, &iovec, 1, -1, RWF_NOWAIT) < 0 ? -errno : 0;
}

int vfiopm__sys_eventfd_add(int fd, uint64_t count)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLOUT };

	if (poll(&pollfd, 1, 0) != 1)
		return -EAGAIN;
	return write(fd, &count, sizeof(count)) < 0 ? -errno : 0;
}

int vfiopm__sys_eventfd_signal(int fd)
{
	uint64_t one = 1;

	return write(fd, &one, sizeof(one)) < 0 ? -errno : 0;
}

int vfiopm__sys_eventfd_new(void)
{
	return result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

int vfiopm__sys_epoll_new(void)
{
	return result(epoll_create1(EPOLL_CLOEXEC));
}

int vfiopm__sys_epoll_add(int epoll, int fd, uint32_t number)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = number };

	/* What cannot be polled is no eventfd: EPERM (fs/eventpoll.c, do_epoll_ctl()). */
	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0
	       : errno == EPERM					? -EINVAL
								: -errno;
}

void vfiopm__sys_epoll_remove(int epoll, int fd)
{
	epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
}

int vfiopm__sys_epoll_look(int epoll, uint32_t ret_numbers[VFIOPM__EPOLL_MOST])
{
	struct epoll_event events[VFIOPM__EPOLL_MOST];
	int count = result(epoll_wait(epoll, events, VFIOPM__EPOLL_MOST, 0));

	for (int i = 0; i < count; i++)
		ret_numbers[i] = events[i].data.u32;
	return count;
}

int vfiopm__sys_is_eventfd(int fd)
{
	char path[64], target[64];
	int r;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = vfiopm__sys_read_link(path, target, sizeof(target));
	return r < 0 ? r : strcmp(target, "anon_inode:[eventfd]") == 0;
}

/* fs/fcntl.c, f_dupfd_query(), 6.10: 1 or 0; EBADF, in later ones, if other is closed. */
int vfiopm__sys_same_by_query(int fd, int other)
{
	int r = result(fcntl(fd, F_DUPFD_QUERY, other));

	return r == -EBADF ? 0 : r;
}

/* kernel/kcmp.c: 0 if they are the same, 1 to 3 if not. */
int vfiopm__sys_same_by_kcmp(int fd, int other)
{
	pid_t self = getpid();
	int r = result((int)syscall(SYS_kcmp, self, self, KCMP_FILE, fd, other));

	if (r == -EBADF)
		return 0;
	return r < 0 ? r : r == 0;
}

// SPDX-License-Identifier: MIT
/*
 * The system calls of the library that do not read sysfs, each behind a function that names
 * its purpose. The tests put the simulator under these calls, and a check proves that no
 * file but this and sysfs.c makes one. (A mutex may call futex(2).)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "sys.h"
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

void vfiopm__sys_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

int vfiopm__sys_duplicate(int fd)
{
	return result(fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

bool vfiopm__sys_is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

int64_t vfiopm__sys_pread(int fd, void *bytes, size_t count, uint64_t offset)
{
	ssize_t length = pread(fd, bytes, count, (off_t)offset);

	return length < 0 ? -errno : length;
}

int64_t vfiopm__sys_pwrite(int fd, const void *bytes, size_t count, uint64_t offset)
{
	ssize_t length = pwrite(fd, bytes, count, (off_t)offset);

	return length < 0 ? -errno : length;
}

int vfiopm__sys_map(int fd, uint64_t offset, size_t length, bool reads, bool writes,
		    uint8_t **ret_address)
{
	int protection = (reads ? PROT_READ : 0) | (writes ? PROT_WRITE : 0);
	void *address = mmap(NULL, length, protection, MAP_SHARED, fd, (off_t)offset);

	if (address == MAP_FAILED)
		return -errno;
	*ret_address = address;
	return 0;
}

uint64_t vfiopm__sys_page_size(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

void vfiopm__sys_unmap(uint8_t *address, size_t length)
{
	munmap(address, length);
}

bool vfiopm__sys_eventfd_readable(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1 && (pollfd.revents & POLLIN);
}

int vfiopm__sys_eventfd_take(int fd, uint64_t *ret_count)
{
	struct iovec iovec = { .iov_base = ret_count, .iov_len = sizeof(*ret_count) };

	/* Another reader can take the count first, and the eventfd can be a blocking
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

static int epoll_add(int epoll, int fd, uint32_t number, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.u32 = number };

	/* EPERM: the file cannot be polled, so it is no eventfd (fs/eventpoll.c, do_epoll_ctl()). */
	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0
	       : errno == EPERM					? -EINVAL
								: -errno;
}

int vfiopm__sys_epoll_add(int epoll, int fd, uint32_t number)
{
	return epoll_add(epoll, fd, number, EPOLLIN);
}

int vfiopm__sys_epoll_add_edge(int epoll, int fd, uint32_t number)
{
	return epoll_add(epoll, fd, number, EPOLLIN | EPOLLET);
}

void vfiopm__sys_epoll_remove(int epoll, int fd)
{
	epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
}

int vfiopm__sys_epoll_poll(int epoll, uint32_t ret_numbers[VFIOPM__EPOLL_MOST])
{
	struct epoll_event events[VFIOPM__EPOLL_MOST];
	int count = result(epoll_wait(epoll, events, VFIOPM__EPOLL_MOST, 0));

	for (int i = 0; i < count; i++)
		ret_numbers[i] = events[i].data.u32;
	return count;
}

uint64_t vfiopm__sys_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int vfiopm__sys_timer_new(void)
{
	return result(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
}

/* No time fails, and each call clears the expirations (fs/timerfd.c, do_timerfd_settime()), so
 * nobody has to read them. */
static void set_timer(int timer, int flags, uint64_t ms)
{
	const struct itimerspec time = {
		.it_value = { .tv_sec = (time_t)(ms / 1000),
			      .tv_nsec = (long)(ms % 1000) * 1000000 },
	};

	timerfd_settime(timer, flags, &time, NULL);
}

void vfiopm__sys_timer_set(int timer, uint64_t at_ms)
{
	set_timer(timer, TFD_TIMER_ABSTIME, at_ms);
}

void vfiopm__sys_timer_start(int timer, uint64_t ms)
{
	set_timer(timer, 0, ms);
}

int vfiopm__sys_is_anonymous(int fd, const char *name)
{
	char path[64], target[64];
	size_t expected = strlen(name);
	int length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = result((int)readlink(path, target, sizeof(target)));
	if (length < 0)
		return length;
	return (size_t)length == expected && memcmp(target, name, expected) == 0;
}

int vfiopm__sys_is_eventfd(int fd)
{
	return vfiopm__sys_is_anonymous(fd, "anon_inode:[eventfd]");
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

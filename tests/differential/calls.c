// SPDX-License-Identifier: MIT
/*
 * The calls of both sides. The model's calls are those that the simulator replaces (ld's --wrap). The
 * kernel's calls have the names that --wrap gives to the functions of the C library. Under
 * vfiopm-sim(1), its object replaces the latter, and the "kernel" is then the model of that process.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "differential.h"

int __real_ioctl(int fd, unsigned long request, ...);
int __real_open(const char *path, int flags, ...);
int __real_close(int fd);
int __real_dup(int fd);
ssize_t __real_pread(int fd, void *buffer, size_t count, off_t offset);
ssize_t __real_pwrite(int fd, const void *buffer, size_t count, off_t offset);
ssize_t __real_read(int fd, void *buffer, size_t count);
ssize_t __real_write(int fd, const void *buffer, size_t count);
void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *address, size_t length);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);

#define RESULT(is_model, name, ...)                                                                \
	__extension__({                                                                            \
		__typeof__(name(__VA_ARGS__)) result_ =                                            \
			(is_model) ? name(__VA_ARGS__) : __real_##name(__VA_ARGS__);               \
		result_ < 0 ? -errno : result_;                                                    \
	})

int side_ioctl(const struct side *side, int fd, unsigned long request, void *arg)
{
	return RESULT(side->is_model, ioctl, fd, request, arg);
}

int side_open(const struct side *side, const char *path, int flags)
{
	return RESULT(side->is_model, open, path, flags | O_CLOEXEC);
}

int side_close(const struct side *side, int fd)
{
	return RESULT(side->is_model, close, fd);
}

int side_dup(const struct side *side, int fd)
{
	return RESULT(side->is_model, dup, fd);
}

ssize_t side_pread(const struct side *side, int fd, void *buffer, size_t count, off_t offset)
{
	return RESULT(side->is_model, pread, fd, buffer, count, offset);
}

ssize_t side_pwrite(const struct side *side, int fd, const void *buffer, size_t count, off_t offset)
{
	return RESULT(side->is_model, pwrite, fd, buffer, count, offset);
}

ssize_t side_read(const struct side *side, int fd, void *buffer, size_t count)
{
	return RESULT(side->is_model, read, fd, buffer, count);
}

ssize_t side_write(const struct side *side, int fd, const void *buffer, size_t count)
{
	return RESULT(side->is_model, write, fd, buffer, count);
}

void *side_mmap(const struct side *side, size_t length, int flags, int fd, off_t offset,
		int *ret_error)
{
	const int access = PROT_READ | PROT_WRITE;
	void *map = side->is_model ? mmap(NULL, length, access, flags, fd, offset)
				   : __real_mmap(NULL, length, access, flags, fd, offset);

	*ret_error = map == MAP_FAILED ? -errno : 0;
	return map == MAP_FAILED ? NULL : map;
}

void side_munmap(const struct side *side, void *map, size_t length)
{
	if (side->is_model)
		munmap(map, length);
	else
		__real_munmap(map, length);
}

/* ---- a fault ---- */

static sigjmp_buf after_fault;

static void on_sigbus(int signal)
{
	(void)signal;
	siglongjmp(after_fault, 1);
}

void catch_faults(void)
{
	struct sigaction action = { .sa_handler = on_sigbus, .sa_flags = SA_NODEFER };

	sigaction(SIGBUS, &action, NULL);
}

/* The handler blocks no signals, so the mask need not be saved. */
bool side_faults(const volatile uint32_t *map)
{
	if (sigsetjmp(after_fault, 0) != 0)
		return true;
	(void)map[2]; /* STATUS of the e1000e: a read has no side effect */
	return false;
}

/* ---- eventfds ---- */

int open_fdinfo(int eventfd)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", eventfd);
	return __real_open(path, O_RDONLY | O_CLOEXEC);
}

static uint64_t read_count(int fdinfo)
{
	static const char key[] = "eventfd-count:";
	const char *line;
	char text[512];
	ssize_t length = __real_pread(fdinfo, text, sizeof(text) - 1, 0);

	text[length < 0 ? 0 : length] = '\0';
	line = strstr(text, key);
	if (!line)
		abort();
	return strtoull(line + sizeof(key) - 1, NULL, 16);
}

void eventfd_counts(const int *fds, const int *fdinfos, uint64_t *ret_counts)
{
	struct pollfd pollfds[EVENTS];

	for (int i = 0; i < EVENTS; i++)
		pollfds[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	__real_poll(pollfds, EVENTS, 0);
	for (int i = 0; i < EVENTS; i++)
		ret_counts[i] = pollfds[i].revents & POLLIN ? read_count(fdinfos[i]) : 0;
}

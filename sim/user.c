// SPDX-License-Identifier: MIT
/* The user is this process: its memory and its fds. server/user.c is for a user in another
 * process. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "internal.h"

/* ---- memory ---- */

static int copy(ssize_t (*transfer)(pid_t, const struct iovec *, unsigned long,
				    const struct iovec *, unsigned long, unsigned long),
		void *buffer, void *users, size_t size)
{
	struct iovec local = { buffer, size }, remote = { users, size };

	return transfer(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)size ? 0 : -EFAULT;
}

/* For a kernel without CONFIG_CROSS_MEMORY_ATTACH: a pipe, whose system calls also return EFAULT. */
static int copy_by_pipe(void *to, void *from, size_t size)
{
	struct iovec source = { from, size }, target = { to, size };
	int r = -EFAULT, fds[2];

	if (size == 0)
		return 0;
	if (pipe2(fds, O_CLOEXEC) < 0)
		abort();
	if (writev(fds[1], &source, 1) == (ssize_t)size &&
	    readv(fds[0], &target, 1) == (ssize_t)size)
		r = 0;
	sim_real_close(fds[0]);
	sim_real_close(fds[1]);
	return r;
}

static int copy_or_pipe(ssize_t (*transfer)(pid_t, const struct iovec *, unsigned long,
					    const struct iovec *, unsigned long, unsigned long),
			void *buffer, void *users, size_t size, void *to, void *from)
{
	static bool has_no_transfer;

	if (!has_no_transfer) {
		errno = 0;
		if (copy(transfer, buffer, users, size) == 0)
			return 0;
		if (errno != ENOSYS)
			return -EFAULT;
		has_no_transfer = true;
	}
	return copy_by_pipe(to, from, size);
}

int sim_from_user(void *to, const void *from, size_t size)
{
	void *users = (void *)(uintptr_t)from;

	return copy_or_pipe(process_vm_readv, to, users, size, to, users);
}

int sim_to_user(void *to, const void *from, size_t size)
{
	void *buffer = (void *)(uintptr_t)from;

	return copy_or_pipe(process_vm_writev, buffer, to, size, to, buffer);
}

int sim_to_user_at_once(void *to, const void *from, size_t size)
{
	return sim_to_user(to, from, size);
}

/* ---- fds ---- */

int sim_user_fd(int fd)
{
	return sim_real_fcntl(fd, F_GETFD, 0) < 0 ? -EBADF : fd;
}

static bool is_users_fd(int fd, int eventfd)
{
	return sim_is_same_file(fd, eventfd) && !sim_has_fd(fd);
}

bool sim_is_open(int eventfd)
{
	return sim_real_any_fd(is_users_fd, eventfd);
}

/* The fd of a device can be mapped, so it duplicates the memfd of the device. */
int sim_new_fd(enum sim_kind kind, const struct sim_device *device, int lowest)
{
	int fd = kind == SIM_DEVICE || kind == SIM_CDEV
			 ? sim_real_fcntl(device->memory, F_DUPFD_CLOEXEC, lowest)
			 : sim_real_open_null();

	return fd < 0 ? -errno : fd;
}

/* wrap.c handles signals at each call. */
void sim_watch(int eventfd)
{
	(void)eventfd;
}

void sim_unwatch(int eventfd)
{
	(void)eventfd;
}

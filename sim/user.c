// SPDX-License-Identifier: MIT
/* The user is this process: its memory and its fds. server/user.c is for a user in another
 * process. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
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

int sim_from_user(void *to, const void *from, size_t size)
{
	return copy(process_vm_readv, to, (void *)(uintptr_t)from, size);
}

int sim_to_user(void *to, const void *from, size_t size)
{
	return copy(process_vm_writev, (void *)(uintptr_t)from, to, size);
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

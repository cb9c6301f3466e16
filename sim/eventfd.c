// SPDX-License-Identifier: MIT
/*
 * Operations on eventfds. The kernel holds the eventfd and not the user's fd (fs/eventfd.c,
 * include/linux/eventfd.h), so the simulator holds a duplicate. A user program can do all that
 * the kernel does to an eventfd, except to exceed the largest count that write(2) allows.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kcmp.h>

#include "internal.h"

int sim_eventfd(int fd)
{
	char path[32], target[32] = "";

	fd = sim_user_fd(fd);
	if (fd < 0)
		return fd;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (sim_real_readlink(path, target, sizeof(target) - 1) < 0)
		return -EBADF;
	if (strcmp(target, "anon_inode:[eventfd]") != 0)
		return -EINVAL;
	fd = sim_real_fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

/* eventfd_signal() never blocks. A full eventfd stays full here at UINT64_MAX - 1, the largest
 * count that write(2) allows. In the kernel a signal can reach UINT64_MAX. */
void sim_signal(int fd)
{
	uint64_t one = 1;

	if (sim_real_poll(fd, POLLOUT) && sim_real_write(fd, &one, sizeof(one)) != sizeof(one))
		abort();
	sim_kvm_handle_signals();
}

/* fdinfo shows the count without reading it (fs/eventfd.c, eventfd_show_fdinfo()). */
uint64_t sim_eventfd_count(int fd)
{
	static const char key[] = "eventfd-count:";
	char path[40], text[512];
	uint64_t count = 0;
	const char *line;

	if (!sim_real_poll(fd, POLLIN))
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (sim_real_read_file(path, text, sizeof(text)) < 0)
		abort();
	line = strstr(text, key);
	if (!line || sscanf(line + sizeof(key) - 1, "%" SCNx64, &count) != 1)
		abort();
	return count;
}

bool sim_is_same_file(int fd, int other)
{
	return syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, fd, other) == 0;
}

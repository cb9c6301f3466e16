// SPDX-License-Identifier: MIT
/*
 * One call to vfiopm-sim. Each call has a connection of its own: there is no state that fork(2),
 * exec(2), a thread or a program that closes all its fds can break.
 */
#include "preload.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *call_directory(void)
{
	static const char *cache;

	return preload_directory(&cache, SIM_VARIABLE, SIM_PATH_MAX);
}

bool call_is_simulated(int fd, struct stat *ret)
{
	int saved_errno = errno;
	bool is;

	/* The permissions are the mark. Only a memfd and a pipe have it. */
	is = fd >= 0 && call_directory() && syscall(SYS_fstat, fd, ret) == 0 &&
	     (S_ISREG(ret->st_mode) || S_ISFIFO(ret->st_mode)) && SIM_HAS_MARK(ret->st_mode);
	errno = saved_errno;
	return is;
}

/* ---- what the simulator needs ---- */

static int64_t fill(const struct sim_reply *reply)
{
	return memory_write(reply->bytes, reply->address, reply->size) == (long)reply->size
		       ? 0
		       : -EFAULT;
}

static bool give(int connection, const struct sim_reply *reply)
{
	struct sim_given given = { 0 };
	size_t bytes = 0;
	int fd = -1;

	switch (reply->kind) {
	case SIM_NEEDS_MEMORY:
		if (memory_read(given.bytes, reply->address, reply->size) != (long)reply->size)
			given.result = -EFAULT;
		else
			bytes = reply->size;
		break;
	case SIM_FILLS_MEMORY:
		given.result = fill(reply);
		break;
	default: /* SIM_NEEDS_FD */
		fd = (int)reply->address;
		if (fd < 0 || syscall(SYS_fcntl, fd, F_GETFD) < 0) {
			given.result = -EBADF;
			fd = -1;
		}
	}
	return message_send(connection, &given, offsetof(struct sim_given, bytes) + bytes, &fd,
			    fd >= 0);
}

/* ---- calls ---- */

static bool receive(int connection, struct sim_reply *reply, int *ret_fd)
{
	int fd;
	long length = message_receive(connection, reply, sizeof(*reply), &fd);

	if (length < (long)offsetof(struct sim_reply, bytes))
		return false;
	if (fd >= 0)
		*ret_fd = fd;
	else if (reply->has_fd)
		reply->result = -EMFILE; /* the kernel had no number for the fd */
	return true;
}

static int64_t exchange(int connection, const struct sim_call *call, size_t bytes, int *ret_fd)
{
	struct sim_reply reply;

	if (!message_send(connection, call, offsetof(struct sim_call, bytes) + bytes, NULL, 0))
		return -ENODEV;
	for (;;) {
		if (!receive(connection, &reply, ret_fd))
			return -ENODEV;
		if (reply.kind == SIM_DONE && reply.size > 0 && fill(&reply) < 0)
			return -EFAULT;
		if (reply.kind == SIM_DONE)
			return reply.result;
		if (reply.kind == SIM_NOT_SIMULATED)
			return -ENOSYS;
		if (!give(connection, &reply))
			return -ENODEV;
	}
}

int64_t call_make(struct sim_call *call, size_t bytes, int *ret_fd)
{
	struct message_state state;
	int connection, fd = -1;
	int64_t result = -ENODEV;

	message_begin(&state);
	connection = message_connect(call_directory(), SIM_SOCKET);
	if (connection >= 0) {
		result = exchange(connection, call, bytes, &fd);
		message_close(connection);
	}
	if (ret_fd)
		*ret_fd = fd;
	message_end(&state);
	return result;
}

int64_t call_on_file(struct sim_call *call, const struct stat *file, size_t size, int *ret_fd)
{
	/* Not beyond the end of a page: the next one may not exist. */
	size_t page = 4096 - (call->address & 4095);
	int saved_errno = errno;
	long bytes;

	call->device = file->st_dev;
	call->inode = file->st_ino;
	if (size > page)
		size = page;
	if (size > SIM_BYTES)
		size = SIM_BYTES;
	/* The argument of some ioctls is a number, which is no address. */
	bytes = size > 0 ? memory_read(call->bytes, call->address, size) : 0;
	errno = saved_errno;
	return call_make(call, bytes > 0 ? (size_t)bytes : 0, ret_fd);
}

int64_t call_result(int64_t result)
{
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

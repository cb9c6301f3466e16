// SPDX-License-Identifier: MIT
/*
 * One call to vfiopm-sim. Each call has a connection of its own: there is no state that fork(2),
 * exec(2), a thread or a program that closes all its fds can break.
 *
 * The functions here use syscall(2), because the C library's functions are cancellation points and
 * can be replaced by other objects. They block all signals, so that no handler interrupts a call
 * and makes another one.
 */
#include "preload.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

const char *call_directory(void)
{
	static const char *directory;
	const char *found = __atomic_load_n(&directory, __ATOMIC_ACQUIRE);

	/* A program can change its environment. */
	if (!found) {
		found = getenv(SIM_VARIABLE);
		found = found && strlen(found) < SIM_PATH_MAX ? strdup(found) : "";
		if (!found)
			abort();
		__atomic_store_n(&directory, found, __ATOMIC_RELEASE);
	}
	return *found ? found : NULL;
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

/* ---- messages ---- */

union control_buffer {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static int connect_to_simulator(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = (int)syscall(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	strcpy(address.sun_path, call_directory());
	strcat(address.sun_path, SIM_SOCKET);
	if (syscall(SYS_connect, fd, &address, sizeof(address)) == 0)
		return fd;
	syscall(SYS_close, fd);
	return -1;
}

static bool send_bytes(int connection, const void *bytes, size_t size, int fd)
{
	struct iovec vector = { (void *)(uintptr_t)bytes, size };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
	union control_buffer control;

	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	return syscall(SYS_sendmsg, connection, &message, MSG_NOSIGNAL) >= 0;
}

static bool receive(int connection, struct sim_reply *reply, int *ret_fd)
{
	struct iovec vector = { reply, sizeof(*reply) };
	union control_buffer control;
	struct msghdr message = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	long length = syscall(SYS_recvmsg, connection, &message, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header;

	if (length < (long)offsetof(struct sim_reply, bytes))
		return false;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(header), sizeof(*ret_fd));
	else if (reply->has_fd)
		reply->result = -EMFILE; /* the kernel had no number for the fd */
	return true;
}

/* ---- what the simulator needs ---- */

/* A bad address fails, and does not raise a signal. Returns the number of bytes. */
static long copy_memory(long number, void *here, uint64_t address, size_t size)
{
	struct iovec local = { here, size }, remote = { (void *)(uintptr_t)address, size };

	return syscall(number, getpid(), &local, 1, &remote, 1, 0);
}

static int64_t fill(const struct sim_reply *reply)
{
	return copy_memory(SYS_process_vm_writev, (void *)(uintptr_t)reply->bytes, reply->address,
			   reply->size) == (long)reply->size
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
		if (copy_memory(SYS_process_vm_readv, given.bytes, reply->address, reply->size) !=
		    (long)reply->size)
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
	return send_bytes(connection, &given, offsetof(struct sim_given, bytes) + bytes, fd);
}

/* ---- calls ---- */

static int64_t exchange(int connection, const struct sim_call *call, size_t bytes, int *ret_fd)
{
	struct sim_reply reply;

	if (!send_bytes(connection, call, offsetof(struct sim_call, bytes) + bytes, -1))
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
	int saved_errno = errno, connection, fd = -1;
	uint64_t all = UINT64_MAX, old;
	int64_t result = -ENODEV;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(old));
	connection = connect_to_simulator();
	if (connection >= 0) {
		result = exchange(connection, call, bytes, &fd);
		syscall(SYS_close, connection);
	}
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old));
	if (ret_fd)
		*ret_fd = fd;
	errno = saved_errno;
	return result;
}

int64_t call_on_file(struct sim_call *call, const struct stat *file, size_t size, int *ret_fd)
{
	/* Not beyond the end of a page: the next one may not exist. */
	size_t page = 4096 - (call->address & 4095);
	long bytes;

	call->device = file->st_dev;
	call->inode = file->st_ino;
	if (size > page)
		size = page;
	if (size > SIM_BYTES)
		size = SIM_BYTES;
	bytes = size > 0 ? copy_memory(SYS_process_vm_readv, call->bytes, call->address, size) : 0;
	return call_make(call, bytes > 0 ? (size_t)bytes : 0, ret_fd);
}

int64_t call_result(int64_t result)
{
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

// SPDX-License-Identifier: MIT
/* Messages between an object and its command, and the memory of the program. */
#include "object.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

void message_begin(struct message_state *state)
{
	uint64_t all = UINT64_MAX;

	state->error = errno;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &state->signals, sizeof(state->signals));
}

void message_end(const struct message_state *state)
{
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &state->signals, NULL, sizeof(state->signals));
	errno = state->error;
}

int message_connect(const char *directory, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = (int)syscall(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	strcpy(address.sun_path, directory);
	strcat(address.sun_path, name);
	if (syscall(SYS_connect, fd, &address, sizeof(address)) == 0)
		return fd;
	syscall(SYS_close, fd);
	return -1;
}

void message_close(int connection)
{
	syscall(SYS_close, connection);
}

union control_buffer {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(MESSAGE_FDS * sizeof(int))];
};

bool message_send(int connection, const void *bytes, size_t size, const int *fds, int count)
{
	struct iovec vector = { (void *)(uintptr_t)bytes, size };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
	size_t fds_size = (size_t)count * sizeof(int);
	union control_buffer control;

	if (count > 0) {
		memset(&control, 0, CMSG_SPACE(fds_size));
		control.header.cmsg_len = CMSG_LEN(fds_size);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&control.header), fds, fds_size);
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(fds_size);
	}
	return syscall(SYS_sendmsg, connection, &message, MSG_NOSIGNAL) >= 0;
}

long message_receive(int connection, void *bytes, size_t size, int *ret_fd)
{
	struct iovec vector = { bytes, size };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	long length = syscall(SYS_recvmsg, connection, &message, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header;

	*ret_fd = -1;
	header = length < 0 ? NULL : CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(header), sizeof(*ret_fd));
	return length;
}

/* ---- memory ---- */

static long copy(long number, void *here, uint64_t address, size_t size)
{
	struct iovec local = { here, size }, remote = { (void *)(uintptr_t)address, size };

	return syscall(number, getpid(), &local, 1, &remote, 1, 0);
}

/* A kernel without CONFIG_CROSS_MEMORY_ATTACH copies nothing. A bad address then raises a signal. */
long memory_read(void *to, uint64_t address, size_t size)
{
	long length = copy(SYS_process_vm_readv, to, address, size);

	if (length >= 0 || errno != ENOSYS || !address)
		return length;
	memcpy(to, (const void *)(uintptr_t)address, size);
	return (long)size;
}

long memory_write(const void *from, uint64_t address, size_t size)
{
	return copy(SYS_process_vm_writev, (void *)(uintptr_t)from, address, size);
}

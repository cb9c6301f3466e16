// SPDX-License-Identifier: MIT
/* The user is a program under vfiopm-sim. This process reaches the memory and the fds of the program
 * through the connection of the call that it serves. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "server.h"

static struct {
	int connection;
	uint64_t address; /* the memory that came with the call */
	size_t size;
	const char *bytes;
	int fd; /* the last fd that the program passed, or -1 */
	/* What the program writes to its memory when it receives the reply. */
	struct sim_reply last;
} user = { .connection = -1, .fd = -1 };

void user_begin(int connection, const struct sim_call *call, size_t bytes)
{
	user.connection = connection;
	user.address = call->address;
	user.size = bytes;
	user.bytes = call->bytes;
	user.last.size = 0;
}

static void keep_fd(int fd)
{
	if (user.fd >= 0)
		close(user.fd);
	user.fd = fd;
}

void user_end(void)
{
	keep_fd(-1);
	user.connection = -1;
}

/* ---- messages ---- */

union control_buffer {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

/* A program that was killed receives nothing. */
static void send_reply(struct sim_reply *reply, size_t bytes, int fd)
{
	struct iovec vector = { reply, offsetof(struct sim_reply, bytes) + bytes };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
	union control_buffer control = { .header = {
						 .cmsg_len = CMSG_LEN(sizeof(int)),
						 .cmsg_level = SOL_SOCKET,
						 .cmsg_type = SCM_RIGHTS,
					 } };

	if (fd >= 0) {
		reply->has_fd = 1;
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	sendmsg(user.connection, &message, MSG_NOSIGNAL);
}

void user_reply(enum sim_reply_kind kind, int64_t result, int fd)
{
	/* A signal of this call can mask or unmask an interrupt (virqfd_wakeup()), which the kernel
	 * does before the call returns. */
	sim_virqfds_handle_signals();
	user.last.kind = kind;
	user.last.result = result;
	user.last.has_fd = 0;
	send_reply(&user.last, user.last.size, fd);
}

/* Returns the result of the program, -EFAULT if the program has ended. *ret_fd is -1 without an
 * fd. */
static int64_t receive(struct sim_given *given, size_t *ret_bytes, int *ret_fd)
{
	struct iovec vector = { given, sizeof(*given) };
	union control_buffer control;
	struct msghdr message = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t length = recvmsg(user.connection, &message, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header;

	*ret_fd = -1;
	if (length < (ssize_t)offsetof(struct sim_given, bytes))
		return -EFAULT;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(header), sizeof(*ret_fd));
	*ret_bytes = (size_t)length - offsetof(struct sim_given, bytes);
	return given->result;
}

/* ---- memory ---- */

static bool came_with_call(uint64_t address, size_t size)
{
	return address >= user.address && address - user.address <= user.size &&
	       size <= user.size - (address - user.address);
}

int sim_from_user(void *to, const void *from, size_t size)
{
	struct sim_given given;
	char *bytes = to;
	int fd;

	if (came_with_call((uintptr_t)from, size)) {
		memcpy(to, user.bytes + ((uintptr_t)from - user.address), size);
		return 0;
	}
	for (size_t done = 0, part; done < size; done += part) {
		struct sim_reply reply = {
			.kind = SIM_NEEDS_MEMORY,
			.address = (uintptr_t)from + done,
			.size = size - done < SIM_BYTES ? size - done : SIM_BYTES,
		};

		send_reply(&reply, 0, -1);
		if (receive(&given, &part, &fd) < 0 || part != reply.size)
			return -EFAULT;
		memcpy(bytes + done, given.bytes, part);
	}
	return 0;
}

/* The program fills its memory when it receives the reply, and then reports -EFAULT itself. The
 * model does nothing after that. */
static bool fill_at_end(void *to, const void *from, size_t size)
{
	if (size > SIM_BYTES || user.last.size > 0)
		return false;
	user.last.address = (uintptr_t)to;
	user.last.size = size;
	memcpy(user.last.bytes, from, size);
	return true;
}

int sim_to_user(void *to, const void *from, size_t size)
{
	return fill_at_end(to, from, size) ? 0 : sim_to_user_at_once(to, from, size);
}

int sim_to_user_at_once(void *to, const void *from, size_t size)
{
	const char *bytes = from;
	struct sim_given given;
	size_t none;
	int fd;

	for (size_t done = 0, part; done < size; done += part) {
		struct sim_reply reply = { .kind = SIM_FILLS_MEMORY,
					   .address = (uintptr_t)to + done };

		part = size - done < SIM_BYTES ? size - done : SIM_BYTES;
		reply.size = part;
		memcpy(reply.bytes, bytes + done, part);
		send_reply(&reply, part, -1);
		if (receive(&given, &none, &fd) < 0)
			return -EFAULT;
	}
	return 0;
}

/* ---- fds ---- */

/* The program passes its fd. The handle of a simulated file replaces the fd. */
int sim_user_fd(int fd)
{
	struct sim_reply reply = { .kind = SIM_NEEDS_FD, .address = (uint64_t)fd };
	struct sim_given given;
	struct stat status;
	int handle, passed;
	size_t none;

	send_reply(&reply, 0, -1);
	if (receive(&given, &none, &passed) < 0 || passed < 0)
		return -EBADF;
	if (fstat(passed, &status) < 0)
		die("fstat: %m");
	handle = files_find(status.st_dev, status.st_ino);
	keep_fd(passed);
	return handle >= 0 ? handle : passed;
}

/* ---- the eventfds of programs ---- */

/* The number of an eventfd (fs/eventfd.c, eventfd_show_fdinfo()), or -1 for another file. */
static int eventfd_id(const char *process, const char *fd)
{
	static const char key[] = "eventfd-id:";
	char path[300], text[512];
	const char *line;

	snprintf(path, sizeof(path), "/proc/%s/fdinfo/%s", process, fd);
	if (sim_real_read_file(path, text, sizeof(text)) < 0)
		return -1;
	line = strstr(text, key);
	return line ? atoi(line + sizeof(key) - 1) : -1;
}

static bool process_has(const char *process, int id)
{
	char path[300];
	struct dirent *entry;
	bool found = false;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%s/fd", process);
	fds = opendir(path);
	if (!fds)
		return false;
	while (!found && (entry = readdir(fds)) != NULL)
		found = entry->d_name[0] != '.' && eventfd_id(process, entry->d_name) == id;
	closedir(fds);
	return found;
}

/* The processes are searched: the kernel does not say whether only this process still has the
 * eventfd. */
bool sim_is_open(int eventfd)
{
	char number[16];
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	bool found = false;
	int id;

	if (!processes)
		die("/proc: %m");
	snprintf(number, sizeof(number), "%d", eventfd);
	id = eventfd_id("self", number);
	while (!found && (entry = readdir(processes)) != NULL)
		found = isdigit((unsigned char)entry->d_name[0]) &&
			atoi(entry->d_name) != getpid() && process_has(entry->d_name, id);
	closedir(processes);
	return found;
}

// SPDX-License-Identifier: MIT
/*
 * The object that vfiopm-trace preloads into a program. It passes each call to the kernel, and reports
 * the calls on device fds to vfiopm-trace. There is no state that fork(2), exec(2), a thread or a
 * program that closes all its fds can break.
 */
#include "preload/object.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/uapi.h"
#include "trace/protocol.h"

static const char *directory(void)
{
	static const char *cache;

	return preload_directory(&cache, TRACE_VARIABLE, TRACE_PATH_MAX);
}

/* ---- device fds ---- */

static bool link_of(int fd, char *ret, size_t size)
{
	char path[40];
	long length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = syscall(SYS_readlinkat, AT_FDCWD, path, ret, size - 1);
	if (length < 0)
		return false;
	ret[length] = '\0';
	return true;
}

/* The number of the device of an fd, or -1. Another file can have such a signal, too, so the file's
 * name must be one of VFIO. */
static int device_of(int fd)
{
	int saved_errno = errno, device = -1;
	char link[PATH_MAX];
	long number;

	if (fd >= 0 && directory()) {
		number = syscall(SYS_fcntl, fd, F_GETSIG);
		if (number >= TRACE_SIGNAL(0) && number < TRACE_SIGNAL(TRACE_DEVICES) &&
		    link_of(fd, link, sizeof(link)) && strstr(link, "vfio"))
			device = (int)number - TRACE_SIGNAL(0);
	}
	errno = saved_errno;
	return device;
}

/* ---- one access ---- */

struct exchange {
	struct message_state state;
	int cancel_state;
	int connection; /* -1: vfiopm-trace does not answer */
	struct trace_reply reply;
};

static void exchange_begin(struct exchange *exchange)
{
	/* A cancelled thread would never end the access. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &exchange->cancel_state);
	message_begin(&exchange->state);
	exchange->reply = (struct trace_reply){ .verdict = TRACE_GO };
	exchange->connection = message_connect(directory(), TRACE_SOCKET);
}

static void exchange_end(struct exchange *exchange)
{
	message_close(exchange->connection);
	message_end(&exchange->state);
	pthread_setcancelstate(exchange->cancel_state, &exchange->cancel_state);
}

static void fail(struct exchange *exchange)
{
	message_close(exchange->connection);
	exchange->connection = -1;
	exchange->reply = (struct trace_reply){ .verdict = TRACE_GO };
}

static void send_call(struct exchange *exchange, const struct trace_call *call)
{
	if (exchange->connection >= 0 &&
	    !message_send(exchange->connection, call, sizeof(*call), NULL, 0))
		fail(exchange);
}

static void receive_reply(struct exchange *exchange)
{
	int fd;

	if (exchange->connection >= 0 &&
	    message_receive(exchange->connection, &exchange->reply, sizeof(exchange->reply), &fd) !=
		    sizeof(exchange->reply))
		fail(exchange);
}

/* Returns false if a number is neither an open fd nor -1. */
static bool send_some_vectors(struct exchange *exchange, const int32_t *numbers, uint32_t count)
{
	struct trace_vectors vectors = { .count = count };
	int fds[MESSAGE_FDS], fd_count = 0;
	bool is_good = true;

	for (uint32_t i = 0; i < count; i++) {
		if (numbers[i] == -1)
			continue;
		if (numbers[i] < 0 || syscall(SYS_fcntl, numbers[i], F_GETFD) < 0)
			is_good = false;
		vectors.has_fd[i] = true;
		fds[fd_count++] = numbers[i];
	}
	if (!message_send(exchange->connection, &vectors, sizeof(vectors), fds,
			  is_good ? fd_count : 0))
		fail(exchange);
	return is_good;
}

static void send_vectors(struct exchange *exchange, const struct trace_call *call, uint64_t address)
{
	int32_t numbers[MESSAGE_FDS];
	bool is_good = true;

	for (uint32_t done = 0; done < call->vectors && is_good && exchange->connection >= 0;) {
		uint32_t count = call->vectors - done;

		if (count > MESSAGE_FDS)
			count = MESSAGE_FDS;
		/* -2 is no fd. */
		if (memory_read(numbers, address + done * sizeof(int32_t),
				count * sizeof(int32_t)) != (long)(count * sizeof(int32_t)))
			numbers[0] = -2;
		is_good = send_some_vectors(exchange, numbers, count);
		done += count;
	}
}

static void read_irqs(struct trace_call *call, uint64_t address)
{
	struct vfio_irq_set header;

	if (memory_read(&header, address, sizeof(header)) != sizeof(header))
		return;
	call->has_irqs = true;
	call->argsz = header.argsz;
	call->flags = header.flags;
	call->index = header.index;
	call->start = header.start;
	call->count = header.count;
	if ((header.flags & VFIO_IRQ_SET_DATA_EVENTFD) &&
	    header.count <= (UINT32_MAX - sizeof(header)) / sizeof(int32_t) &&
	    header.argsz >= sizeof(header) + header.count * sizeof(int32_t))
		call->vectors = header.count;
}

/* The eventfd of an entry with wakeup goes with the call, as that of a vector does. */
static void read_feature(struct trace_call *call, uint64_t address)
{
	struct vfio_device_feature header;

	if (memory_read(&header, address, sizeof(header)) != sizeof(header))
		return;
	call->feature = header.flags;
	call->vectors = header.flags ==
			(VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP);
}

/* The object and the offset of the call, and its symbol if the object exports it. */
static void describe_caller(const void *caller, char ret[TRACE_TEXT])
{
	const char *slash;
	Dl_info info;

	if (!dladdr(caller, &info) || !info.dli_fname) {
		snprintf(ret, TRACE_TEXT, "%p", caller);
		return;
	}
	slash = strrchr(info.dli_fname, '/');
	snprintf(ret, TRACE_TEXT, "%.60s+0x%zx", slash ? slash + 1 : info.dli_fname,
		 (size_t)((const char *)caller - (const char *)info.dli_fbase));
	if (info.dli_sname)
		snprintf(ret + strlen(ret), TRACE_TEXT - strlen(ret), " (%.40s+0x%zx)",
			 info.dli_sname,
			 (size_t)((const char *)caller - (const char *)info.dli_saddr));
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* A call, as the kernel gets it. */
struct real_call {
	int fd;
	unsigned long request;
	void *arg;
	const struct transfer *transfer; /* NULL for an ioctl */
	const void *caller;
};

static ssize_t make(const struct real_call *real)
{
	return real->transfer ? real_transfer(real->fd, real->transfer)
			      : REAL(ioctl)(real->fd, real->request, real->arg);
}

static ssize_t make_and_report(struct exchange *exchange, const struct real_call *real)
{
	struct trace_end end = { 0 };
	uint64_t begin = now();
	ssize_t r = make(real);

	end.ns = now() - begin;
	end.result = r < 0 ? -errno : r;
	if (r < 0)
		exchange->state.error = errno;
	if (exchange->reply.needs_caller)
		describe_caller(real->caller, end.caller);
	if (exchange->connection >= 0)
		message_send(exchange->connection, &end, sizeof(end), NULL, 0);
	receive_reply(exchange);
	return r;
}

static ssize_t access_device(struct trace_call *call, const struct real_call *real)
{
	uint64_t vectors =
		(uintptr_t)real->arg +
		(call->has_irqs ? sizeof(struct vfio_irq_set) : sizeof(struct vfio_device_feature));
	struct exchange exchange;
	ssize_t r = 0;

	exchange_begin(&exchange);
	send_call(&exchange, call);
	send_vectors(&exchange, call, vectors);
	receive_reply(&exchange);
	/* vfiopm-trace would not know the new eventfds, and would elide a later SET_IRQS wrongly. Without
	 * the mark it does not see that one. */
	if (exchange.connection < 0 && call->request == VFIO_DEVICE_SET_IRQS)
		syscall(SYS_fcntl, real->fd, F_SETSIG, 0);
	if (exchange.reply.verdict != TRACE_ELIDED)
		r = make_and_report(&exchange, real);
	exchange_end(&exchange);
	return r;
}

/* ---- new device fds ---- */

static void register_device(int fd, const char *name)
{
	struct trace_call call = { .kind = TRACE_REGISTER };
	struct exchange exchange;

	/* A VF token can follow the address. */
	snprintf(call.text, sizeof(call.text), "%.*s", (int)strcspn(name, " "), name);
	exchange_begin(&exchange);
	send_call(&exchange, &call);
	receive_reply(&exchange);
	if (exchange.connection >= 0 && exchange.reply.mark)
		syscall(SYS_fcntl, fd, F_SETSIG, exchange.reply.mark);
	exchange_end(&exchange);
}

/* A call on another file has succeeded: it can have opened a device. Other drivers have ioctls with the
 * same numbers. */
static void find_new_device(int fd, uint32_t request, const void *arg, int result)
{
	int saved_errno = errno;
	char link[PATH_MAX], name[TRACE_TEXT] = "", *number;

	if (request == VFIO_GROUP_GET_DEVICE_FD && result >= 0 &&
	    link_of(result, link, sizeof(link)) && strstr(link, "vfio-device")) {
		/* The kernel has read the name. */
		snprintf(name, sizeof(name), "%s", (const char *)arg);
		register_device(result, name);
	} else if (request == VFIO_DEVICE_BIND_IOMMUFD && result == 0 &&
		   link_of(fd, link, sizeof(link))) {
		number = strstr(link, "/vfio/devices/");
		if (number && sscanf(number, "/vfio/devices/%40[a-z0-9]", name) == 1)
			register_device(fd, name);
	}
	errno = saved_errno;
}

/* ---- the calls of the program ---- */

int door_ioctl(int fd, unsigned long request, void *arg, const void *caller)
{
	const struct real_call real = {
		.fd = fd, .request = request, .arg = arg, .caller = caller
	};
	struct trace_call call = { .kind = TRACE_IOCTL, .request = (uint32_t)request };
	int device = device_of(fd), r;

	if (device < 0) {
		r = REAL(ioctl)(fd, request, arg);
		if (r >= 0 && directory())
			find_new_device(fd, (uint32_t)request, arg, r);
		return r;
	}
	call.device = (uint32_t)device;
	if (call.request == VFIO_DEVICE_SET_IRQS)
		read_irqs(&call, (uintptr_t)arg);
	else if (call.request == VFIO_DEVICE_FEATURE)
		read_feature(&call, (uintptr_t)arg);
	return (int)access_device(&call, &real);
}

ssize_t door_transfer(int fd, const struct transfer *transfer)
{
	const struct real_call real = { .fd = fd,
					.transfer = transfer,
					.caller = transfer->caller };
	struct trace_call call = { .kind = transfer->writes ? TRACE_WRITE : TRACE_READ };
	int device = device_of(fd);

	if (device < 0)
		return real_transfer(fd, transfer);
	call.device = (uint32_t)device;
	call.offset = transfer->offset;
	for (int i = 0; i < transfer->count; i++)
		call.size += transfer->vectors[i].iov_len;
	return access_device(&call, &real);
}

/* ---- close ---- */

struct entry {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

static bool has_other_fd(int fd, int device)
{
	char buffer[2048] __attribute__((aligned(8)));
	long list =
		syscall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool found = false;
	long length;

	while (list >= 0 && !found &&
	       (length = syscall(SYS_getdents64, list, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < length && !found;) {
			const struct entry *entry = (const void *)(buffer + at);
			int other = atoi(entry->name);

			found = entry->name[0] != '.' && other != fd && other != list &&
				device_of(other) == device;
			at += entry->length;
		}
	}
	if (list >= 0)
		syscall(SYS_close, list);
	return found;
}

EXPORT int close(int fd);

int close(int fd)
{
	struct trace_call call = { .kind = TRACE_CLOSE };
	int device = device_of(fd);
	struct exchange exchange;

	if (device >= 0) {
		exchange_begin(&exchange);
		call.device = (uint32_t)device;
		call.is_last = !has_other_fd(fd, device);
		send_call(&exchange, &call);
		receive_reply(&exchange);
		exchange_end(&exchange);
	}
	return REAL(close)(fd);
}

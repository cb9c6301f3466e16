// SPDX-License-Identifier: MIT
/*
 * The connections of programs. One access to a device is in progress at a time; the others wait in the
 * order in which they came.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/uapi.h"
#include "trace.h"

/* What epoll reports. */
struct source {
	enum { LISTENER, CONNECTION, PROCESS } type;
	int fd;
};

struct connection {
	struct source source;
	enum { WANTS_CALL, WANTS_VECTORS, WAITS, RUNS } state;
	struct access access;
	struct connection *next; /* of those that wait for the same device, or run */
};

/* A process that has devices. Its pidfd becomes readable when it ends. */
struct process {
	struct source source;
	pid_t id;
	uint32_t devices; /* one bit each */
	struct process *next;
};

static int epoll;
static bool elides;
static FILE *live;
static struct source listener = { .type = LISTENER };
static struct process *processes;
/* The access in progress, and after it those that wait. */
static struct connection *queues[TRACE_DEVICES];

static void watch(struct source *source)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = source };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, source->fd, &event) < 0)
		die("epoll_ctl: %m");
}

static void reply(const struct connection *connection, struct trace_reply reply)
{
	/* The program can have ended. */
	send(connection->source.fd, &reply, sizeof(reply), MSG_NOSIGNAL);
}

/* ---- processes ---- */

static void add_process(pid_t id, int device)
{
	struct process *process = processes;

	while (process && process->id != id)
		process = process->next;
	if (!process) {
		process = calloc(1, sizeof(*process));
		if (!process)
			die("no memory");
		process->source.type = PROCESS;
		process->source.fd = (int)syscall(SYS_pidfd_open, id, 0);
		process->id = id;
		process->next = processes;
		processes = process;
		if (process->source.fd >= 0)
			watch(&process->source);
	}
	if (process->devices & (UINT32_C(1) << device))
		return;
	process->devices |= UINT32_C(1) << device;
	device_use(&devices[device]);
}

static void remove_device(struct process *process, int device)
{
	if (!(process->devices & (UINT32_C(1) << device)))
		return;
	process->devices &= ~(UINT32_C(1) << device);
	device_unuse(&devices[device]);
}

static void free_connection(struct connection *connection);
static void start_next(int device);

/* The accesses of a process that was killed. A child can have their connections open. */
static void end_accesses(pid_t id, int device)
{
	struct connection *running = queues[device];

	for (struct connection **link = running ? &running->next : NULL; link && *link;) {
		struct connection *waiting = *link;

		if (waiting->access.process == id) {
			*link = waiting->next;
			free_connection(waiting);
		} else {
			link = &waiting->next;
		}
	}
	if (running && running->access.process == id) {
		irqs_forget(devices[device].irqs);
		start_next(device);
	}
}

static void end_process(struct process *process)
{
	struct process **link = &processes;

	for (int i = 0; i < device_count; i++) {
		end_accesses(process->id, i);
		remove_device(process, i);
	}
	while (*link != process)
		link = &(*link)->next;
	*link = process->next;
	close(process->source.fd);
	free(process);
}

/* ---- connections ---- */

static void free_connection(struct connection *connection)
{
	for (uint32_t i = 0; i < connection->access.fd_count; i++) {
		if (connection->access.fds[i] >= 0)
			close(connection->access.fds[i]);
	}
	free(connection->access.fds);
	close(connection->source.fd);
	free(connection);
}

static struct device *device_of(const struct connection *connection)
{
	return &devices[connection->access.call.device];
}

/* ---- accesses ---- */

static void show(const struct access *access, const char *what, const char *caller)
{
	char name[64];

	if (!live)
		return;
	name_call(&access->call, name);
	fprintf(live, "vfiopm-trace: %s: process %d: %s%s %s%s%s\n",
		devices[access->call.device].name, (int)access->process, name,
		access->is_unchanged ? " (unchanged)" : "", what, *caller ? ", from " : "", caller);
	fflush(live);
}

/* Returns false if the access is over. */
static bool start(struct connection *connection)
{
	struct access *access = &connection->access;
	struct device *device = device_of(connection);

	add_process(access->process, (int)access->call.device);
	device_begin(device, access);
	if (elides && access->is_unchanged) {
		device_elide(device, access);
		show(access,
		     access->was_asleep ? "was not sent, and the device sleeps" : "was not sent",
		     "");
		reply(connection, (struct trace_reply){ .verdict = TRACE_ELIDED });
		return false;
	}
	connection->state = RUNS;
	reply(connection,
	      (struct trace_reply){ .verdict = TRACE_GO,
				    .needs_caller = device->is_engaged || access->was_asleep ||
						    access->is_unchanged });
	return true;
}

/* End the access in progress, and begin those that wait. */
static void start_next(int device)
{
	struct connection *connection = queues[device];

	do {
		queues[device] = connection->next;
		free_connection(connection);
		connection = queues[device];
	} while (connection && !start(connection));
}

static void enqueue(struct connection *connection)
{
	int device = (int)connection->access.call.device;
	struct connection **link = &queues[device];

	connection->state = WAITS;
	while (*link)
		link = &(*link)->next;
	*link = connection;
	if (connection == queues[device] && !start(connection))
		start_next(device);
}

/* The caller ends the connection. */
static void dequeue(struct connection *connection)
{
	struct connection **link = &queues[connection->access.call.device];

	while (*link != connection)
		link = &(*link)->next;
	*link = connection->next;
}

static void finish(struct connection *connection)
{
	struct access *access = &connection->access;
	int device = (int)access->call.device;
	struct trace_end end;
	ssize_t length = recv(connection->source.fd, &end, sizeof(end), MSG_DONTWAIT);

	if (length < 0 && errno == EAGAIN)
		return;
	if (length != sizeof(end)) {
		/* The process has ended during its call. */
		irqs_forget(devices[device].irqs);
	} else {
		end.caller[TRACE_TEXT - 1] = '\0';
		device_end(&devices[device], access, &end);
		reply(connection, (struct trace_reply){ .verdict = TRACE_NOTED });
		if (access->was_asleep)
			show(access, "woke the device", end.caller);
		else if (access->is_unchanged)
			show(access, "changed nothing", end.caller);
		/* The devices of a bus or a slot are reset together. */
		for (int i = 0; i < device_count && access->call.kind == TRACE_IOCTL &&
				access->call.request == VFIO_DEVICE_PCI_HOT_RESET;
		     i++)
			irqs_forget(devices[i].irqs);
	}
	start_next(device);
}

/* ---- messages ---- */

static void register_device(struct connection *connection)
{
	struct trace_call *call = &connection->access.call;
	int number;

	call->text[TRACE_TEXT - 1] = '\0';
	number = device_find(call->text);
	if (number >= 0) {
		/* The kernel can have closed the device in the meantime. */
		irqs_forget(devices[number].irqs);
		add_process(connection->access.process, number);
	} else {
		fprintf(stderr, "vfiopm-trace: %s is not traced: there can be %d devices\n",
			call->text, TRACE_DEVICES);
	}
	reply(connection,
	      (struct trace_reply){ .verdict = TRACE_MARKED,
				    .mark = number < 0 ? 0 : (uint32_t)TRACE_SIGNAL(number) });
}

static void note_close(const struct connection *connection)
{
	const struct access *access = &connection->access;
	struct process *process = processes;

	while (process && process->id != access->process)
		process = process->next;
	if (process && access->call.is_last)
		remove_device(process, (int)access->call.device);
	reply(connection, (struct trace_reply){ .verdict = TRACE_NOTED });
}

/* Returns false at the end of the connection. */
static bool receive_call(struct connection *connection)
{
	struct access *access = &connection->access;
	ssize_t length = recv(connection->source.fd, &access->call, sizeof(access->call), 0);

	if (length != sizeof(access->call))
		return false;
	if (access->call.kind == TRACE_REGISTER) {
		register_device(connection);
		return false;
	}
	if (access->call.kind > TRACE_CLOSE || access->call.device >= (uint32_t)device_count)
		return false;
	if (access->call.kind == TRACE_CLOSE) {
		note_close(connection);
		return false;
	}
	access->has_all_fds = access->call.vectors > 0;
	if (access->call.vectors > 0)
		connection->state = WANTS_VECTORS;
	else
		enqueue(connection);
	return true;
}

/* Put the fds of a message in the places of their vectors. */
static void add_vectors(struct access *access, const struct trace_vectors *vectors, const int *fds,
			uint32_t count)
{
	uint32_t used = 0;
	int *grown =
		realloc(access->fds, (access->fd_count + vectors->count) * sizeof(access->fds[0]));

	if (!grown)
		die("no memory");
	access->fds = grown;
	for (uint32_t i = 0; i < vectors->count; i++) {
		int fd = -1;

		if (vectors->has_fd[i] && used < count)
			fd = fds[used++];
		else if (vectors->has_fd[i])
			access->has_all_fds = false; /* no open fd, or the limit on open files */
		access->fds[access->fd_count++] = fd;
	}
	while (used < count)
		close(fds[used++]);
}

static bool receive_vectors(struct connection *connection)
{
	struct access *access = &connection->access;
	struct trace_vectors vectors;
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(MESSAGE_FDS * sizeof(int))];
	} control;
	struct iovec vector = { &vectors, sizeof(vectors) };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t length = recvmsg(connection->source.fd, &message, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header = length < 0 ? NULL : CMSG_FIRSTHDR(&message);
	int fds[MESSAGE_FDS];
	uint32_t count = 0;

	if (header && header->cmsg_type == SCM_RIGHTS) {
		count = (uint32_t)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(header), count * sizeof(int));
	}
	if (length != sizeof(vectors) || vectors.count > MESSAGE_FDS)
		vectors.count = 0;
	add_vectors(access, &vectors, fds, count);
	if (vectors.count == 0)
		return false;
	if (!access->has_all_fds || access->fd_count >= access->call.vectors)
		enqueue(connection);
	return true;
}

static void accept_connection(void)
{
	int fd = accept4(listener.fd, NULL, NULL, SOCK_CLOEXEC);
	struct connection *connection;
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (fd < 0)
		return;
	connection = calloc(1, sizeof(*connection));
	if (!connection || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		die("accept: %m");
	connection->source = (struct source){ .type = CONNECTION, .fd = fd };
	connection->access.process = peer.pid;
	watch(&connection->source);
}

static void handle_connection(struct connection *connection)
{
	bool is_open = true;

	switch (connection->state) {
	case WANTS_CALL:
		is_open = receive_call(connection);
		break;
	case WANTS_VECTORS:
		is_open = receive_vectors(connection);
		break;
	case WAITS:
		/* The process has ended. */
		dequeue(connection);
		is_open = false;
		break;
	case RUNS:
		finish(connection);
	}
	if (!is_open)
		free_connection(connection);
}

void calls_handle(void *pointer)
{
	struct source *source = pointer;

	switch (source->type) {
	case LISTENER:
		accept_connection();
		break;
	case CONNECTION:
		handle_connection(pointer);
		break;
	default:
		end_process(pointer);
	}
}

void calls_begin(int the_epoll, const char *directory, bool it_elides, FILE *to)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	epoll = the_epoll;
	elides = it_elides;
	live = to;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s" TRACE_SOCKET, directory);
	listener.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener.fd < 0 ||
	    bind(listener.fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener.fd, 128) < 0)
		die("%s: %m", address.sun_path);
	watch(&listener);
}

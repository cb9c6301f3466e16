// SPDX-License-Identifier: MIT
/*
 * The calls that the simulator replaces by ld's --wrap. The model handles a simulated file, the
 * real call any other file. sim/meson.build lists the names, and the first test of
 * tests/sim/test-sim.c shows that the replacement works.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "internal.h"

/* -D_FILE_OFFSET_BITS=64, which meson passes, makes a program call open64() instead of open().
 * On 64-bit machines both are the same function, so the wrapper needs an alias. */
#define LARGE_FILE_ALIAS(name, large)                                                              \
	extern __typeof(__wrap_##name) __wrap_##large __attribute__((alias("__wrap_" #name)))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void sim_lock(void)
{
	pthread_mutex_lock(&lock);
}

void sim_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

static pthread_cond_t change = PTHREAD_COND_INITIALIZER;

void sim_wait(void)
{
	pthread_cond_wait(&change, &lock);
}

void sim_changed(void)
{
	pthread_cond_broadcast(&change);
}

/* Convert a result of the model to that of a system call. Call it with the lock, which it
 * releases. */
static ssize_t answer(ssize_t result)
{
	sim_unlock();
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

/* Record the call, and make it fail if the test requested that. Takes the lock on success. First
 * it does what the kernel would have done at the last signal of an eventfd. */
#define ENTER_CALL(name, failure)                                                                  \
	do {                                                                                       \
		sim_lock();                                                                        \
		sim_virqfds_handle_signals();                                                      \
		if (sim_call_fails(name)) {                                                        \
			sim_unlock();                                                              \
			return failure;                                                            \
		}                                                                                  \
	} while (0)

/* Release the lock and make the real call. */
#define REAL(call) (sim_unlock(), (call))

/* ---- ioctl ---- */

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);

	ENTER_CALL("ioctl", sim_call_answer());
	if (!sim_file(fd))
		return REAL(__real_ioctl(fd, request, arg));
	return (int)answer(sim_file_ioctl(fd, request, arg));
}

/* ---- open and close ---- */

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_openat(int directory_fd, const char *path, int flags, ...);
int __wrap_openat(int directory_fd, const char *path, int flags, ...);
int __real_close(int fd);
int __wrap_close(int fd);

/* Returns -ENODATA if the path is not simulated. */
static int open_path(const char *path, int flags)
{
	int fd;

	if (sim_is_sysfs(path))
		return sim_open_sysfs(path, flags);
	if (strncmp(path, "/dev/vfio", 9) == 0 || strcmp(path, "/dev/iommu") == 0 ||
	    strcmp(path, "/dev/kvm") == 0)
		return sim_open_node(path);
	fd = sim_open_fdinfo(path);
	return fd == -ENOENT ? -ENODATA : fd;
}

int __wrap_open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;
	int fd;

	va_start(args, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);

	ENTER_CALL("open", -1);
	fd = open_path(path, flags);
	return fd == -ENODATA ? REAL(__real_open(path, flags, mode)) : (int)answer(fd);
}
LARGE_FILE_ALIAS(open, open64);

int __wrap_openat(int directory_fd, const char *path, int flags, ...)
{
	struct sim_file *directory;
	va_list args;
	mode_t mode;
	int fd;

	va_start(args, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);

	ENTER_CALL("openat", -1);
	directory = path[0] == '/' ? NULL : sim_file(directory_fd);
	fd = directory ? sim_open_attribute(directory->device, path, flags)
		       : open_path(path, flags);
	return fd == -ENODATA ? REAL(__real_openat(directory_fd, path, flags, mode))
			      : (int)answer(fd);
}
LARGE_FILE_ALIAS(openat, openat64);

int __wrap_close(int fd)
{
	int r;

	sim_lock();
	if (sim_file(fd))
		return (int)answer(sim_file_close(fd));
	if (!sim_virqfds_have(fd) && !sim_kvm_is_irqfd(fd))
		return REAL(__real_close(fd));
	sim_virqfds_handle_signals();
	r = __real_close(fd);
	sim_virqfds_handle_close();
	sim_kvm_handle_close();
	return (int)answer(r);
}

/* ---- read and write ---- */

ssize_t __real_read(int fd, void *buffer, size_t count);
ssize_t __wrap_read(int fd, void *buffer, size_t count);
ssize_t __real_pread(int fd, void *buffer, size_t count, off_t offset);
ssize_t __wrap_pread(int fd, void *buffer, size_t count, off_t offset);
ssize_t __real_write(int fd, const void *buffer, size_t count);
ssize_t __wrap_write(int fd, const void *buffer, size_t count);
ssize_t __real_pwrite(int fd, const void *buffer, size_t count, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *buffer, size_t count, off_t offset);

ssize_t __wrap_read(int fd, void *buffer, size_t count)
{
	struct sim_file *file;
	ssize_t length;

	ENTER_CALL("read", -1);
	file = sim_file(fd);
	if (!file)
		return REAL(__real_read(fd, buffer, count));
	length = sim_file_read(file, buffer, count, file->position);
	if (length > 0)
		file->position += length;
	return answer(length);
}

ssize_t __wrap_pread(int fd, void *buffer, size_t count, off_t offset)
{
	struct sim_file *file;

	ENTER_CALL("pread", sim_call_answer());
	file = sim_file(fd);
	if (!file)
		return REAL(__real_pread(fd, buffer, count, offset));
	return answer(sim_file_read(file, buffer, count, offset));
}
LARGE_FILE_ALIAS(pread, pread64);

ssize_t __wrap_write(int fd, const void *buffer, size_t count)
{
	struct sim_file *file;
	ssize_t length;
	int saved_errno;

	ENTER_CALL("write", -1);
	file = sim_file(fd);
	if (file)
		return answer(sim_file_write(file, buffer, count, 0));
	length = REAL(__real_write(fd, buffer, count));
	saved_errno = errno;
	sim_handle_signals();
	errno = saved_errno;
	return length;
}

ssize_t __wrap_pwrite(int fd, const void *buffer, size_t count, off_t offset)
{
	struct sim_file *file;

	ENTER_CALL("pwrite", sim_call_answer());
	file = sim_file(fd);
	if (!file)
		return REAL(__real_pwrite(fd, buffer, count, offset));
	return answer(sim_file_write(file, buffer, count, offset));
}
LARGE_FILE_ALIAS(pwrite, pwrite64);

/* ---- mapped memory ---- */

void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);

int __real_munmap(void *address, size_t length);
int __wrap_munmap(void *address, size_t length);

/* A mapping holds the file of the device, which therefore stays open until munmap(2). */
#define MAPPINGS 64

static struct {
	void *address;
	size_t length; /* 0: unused */
	struct sim_device *device;
	unsigned serial; /* of the device: a test can unmap after sim_reset() */
} mappings[MAPPINGS];

static void add_mapping(void *address, size_t length, struct sim_device *device)
{
	size_t i = 0;

	while (mappings[i].length && i < MAPPINGS - 1)
		i++;
	if (mappings[i].length || sim_device_opened(device) < 0)
		abort();
	mappings[i].address = address;
	mappings[i].length = length;
	mappings[i].device = device;
	mappings[i].serial = device->serial;
}

static void remove_mapping(size_t i)
{
	struct sim_device *device = mappings[i].device;

	mappings[i].length = 0;
	if (device->serial == mappings[i].serial)
		sim_device_closed(device);
}

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	struct sim_file *file;

	ENTER_CALL("mmap", MAP_FAILED);
	file = sim_file(fd);
	if (file && (file->kind == SIM_DEVICE || file->kind == SIM_CDEV)) {
		offset = file->kind == SIM_CDEV
				 ? -EINVAL
				 : sim_region_mmap(file->device, length, flags, offset);
		if (offset < 0) {
			answer(offset);
			return MAP_FAILED;
		}
	}
	if (!file || file->kind != SIM_DEVICE)
		return REAL(__real_mmap(address, length, protection, flags, fd, offset));
	address = __real_mmap(address, length, protection, flags, fd, offset);
	if (address != MAP_FAILED)
		add_mapping(address, length, file->device);
	sim_unlock();
	return address;
}
LARGE_FILE_ALIAS(mmap, mmap64);

int __wrap_munmap(void *address, size_t length)
{
	int r = __real_munmap(address, length);

	sim_lock();
	for (size_t i = 0; r == 0 && i < MAPPINGS; i++) {
		if (mappings[i].length == length && mappings[i].address == address)
			remove_mapping(i);
	}
	sim_unlock();
	return r;
}

/* ---- links and directories ---- */

ssize_t __real_readlink(const char *path, char *target, size_t size);
ssize_t __wrap_readlink(const char *path, char *target, size_t size);
int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode);

void *__real_calloc(size_t count, size_t size);

typedef int (*entry_filter)(const struct dirent *entry);
typedef int (*entry_order)(const struct dirent **one, const struct dirent **other);

int __real_scandir(const char *path, struct dirent ***entries, entry_filter is_wanted,
		   entry_order compare);
int __wrap_scandir(const char *path, struct dirent ***entries, entry_filter is_wanted,
		   entry_order compare);

ssize_t __wrap_readlink(const char *path, char *target, size_t size)
{
	int length;

	ENTER_CALL("readlink", -1);
	length = sim_read_fd_link(path, target, size);
	if (length >= 0)
		return answer(length);
	if (!sim_is_sysfs(path))
		return REAL(__real_readlink(path, target, size));
	return answer(sim_read_link(path, target, size));
}

int __wrap_access(const char *path, int mode)
{
	ENTER_CALL("access", -1);
	if (!sim_is_sysfs(path))
		return REAL(__real_access(path, mode));
	return (int)answer(sim_check_sysfs(path));
}

/* A directory has "." as its first entry, which the caller has to filter. */
int __wrap_scandir(const char *path, struct dirent ***entries, entry_filter is_wanted,
		   entry_order compare)
{
	char names[1 + SIM_DEVICES][32] = { "." };
	int found = 1, r = 1, count = 0;

	ENTER_CALL("scandir", -1);
	if (!sim_is_sysfs(path))
		return REAL(__real_scandir(path, entries, is_wanted, compare));
	while (r > 0 && found <= SIM_DEVICES) {
		r = sim_directory_entry(path, found - 1, names[found], sizeof(names[found]));
		found += r > 0;
	}
	if (answer(r) < 0)
		return -1;
	*entries = __real_calloc((size_t)found, sizeof(**entries));
	for (int i = 0; i < found; i++) {
		struct dirent *entry = __real_calloc(1, sizeof(*entry));

		memcpy(entry->d_name, names[i], sizeof(names[i]));
		if (is_wanted(entry))
			(*entries)[count++] = entry;
		else
			free(entry);
	}
	return count;
}
LARGE_FILE_ALIAS(scandir, scandir64);

/* ---- calls that are recorded, then made ---- */

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __real_dup(int fd);
int __wrap_dup(int fd);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_dup(int fd)
{
	struct sim_file *file;

	ENTER_CALL("dup", -1);
	file = sim_file(fd);
	if (file && file->kind == SIM_DEVICE)
		return (int)answer(sim_device_file_new(file->device, 0));
	return REAL(__real_dup(fd));
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
ssize_t __real_preadv2(int fd, const struct iovec *vectors, int count, off_t offset, int flags);
ssize_t __wrap_preadv2(int fd, const struct iovec *vectors, int count, off_t offset, int flags);
int __real_eventfd(unsigned count, int flags);
int __wrap_eventfd(unsigned count, int flags);
int __real_timerfd_create(int clock, int flags);
int __wrap_timerfd_create(int clock, int flags);
int __real_epoll_create1(int flags);
int __wrap_epoll_create1(int flags);
int __real_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event);
int __real_epoll_wait(int epoll, struct epoll_event *events, int most, int timeout);
int __wrap_epoll_wait(int epoll, struct epoll_event *events, int most, int timeout);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

int __wrap_fcntl(int fd, int command, ...)
{
	struct sim_file *file;
	va_list args;
	int arg;

	va_start(args, command);
	arg = va_arg(args, int);
	va_end(args);
	ENTER_CALL("fcntl", -1);
	file = sim_file(fd);
	if (file && file->kind == SIM_DEVICE && (command == F_DUPFD || command == F_DUPFD_CLOEXEC))
		return (int)answer(sim_device_file_new(file->device, arg));
	return REAL(__real_fcntl(fd, command, arg));
}
LARGE_FILE_ALIAS(fcntl, fcntl64);

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	ENTER_CALL("poll", -1);
	return REAL(__real_poll(fds, count, timeout));
}

ssize_t __wrap_preadv2(int fd, const struct iovec *vectors, int count, off_t offset, int flags)
{
	ENTER_CALL("preadv2", -1);
	return REAL(__real_preadv2(fd, vectors, count, offset, flags));
}
LARGE_FILE_ALIAS(preadv2, preadv64v2);

int __wrap_eventfd(unsigned count, int flags)
{
	ENTER_CALL("eventfd", -1);
	return REAL(__real_eventfd(count, flags));
}

int __wrap_timerfd_create(int clock, int flags)
{
	ENTER_CALL("timerfd_create", -1);
	return REAL(__real_timerfd_create(clock, flags));
}

int __wrap_epoll_create1(int flags)
{
	ENTER_CALL("epoll_create1", -1);
	return REAL(__real_epoll_create1(flags));
}

int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	ENTER_CALL("epoll_ctl", -1);
	return REAL(__real_epoll_ctl(epoll, operation, fd, event));
}

int __wrap_epoll_wait(int epoll, struct epoll_event *events, int most, int timeout)
{
	ENTER_CALL("epoll_wait", -1);
	return REAL(__real_epoll_wait(epoll, events, most, timeout));
}

void *__wrap_malloc(size_t size)
{
	ENTER_CALL("malloc", NULL);
	return REAL(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	ENTER_CALL("calloc", NULL);
	return REAL(__real_calloc(count, size));
}

/* ---- the real calls, for the simulator's own code ---- */

#define REAL_CALL(name) __real_##name
#include "real-calls.h"

int sim_real_fcntl(int fd, int command, int arg)
{
	return __real_fcntl(fd, command, arg);
}

bool sim_real_any_fd(bool (*matches)(int fd, int arg), int arg)
{
	DIR *fds = opendir("/proc/self/fd");
	struct dirent *entry;
	bool found = false;

	if (!fds)
		abort();
	while (!found && (entry = readdir(fds)) != NULL)
		found = entry->d_name[0] != '.' && matches(atoi(entry->d_name), arg);
	closedir(fds);
	return found;
}
